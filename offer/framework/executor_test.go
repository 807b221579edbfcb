package framework_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// execRig plays agent and host against one executor session, as rig does for schedulers.
type execRig struct {
	t     testing.TB
	s     *framework.ExecutorSession
	d     framework.ExecutorDriver
	now   offer.Time
	link  msg.Link
	last  framework.ExecutorReady
	calls []string
	queue []msg.Input
	on    func(name string)
	done  bool
}

func executorConfig() framework.ExecutorConfig {
	return framework.ExecutorConfig{Entropy: [16]byte{1}, Agent: "a1", Framework: "F1", Executor: "e1", Container: "c1"}
}

func newExecRig(t testing.TB, change ...func(*framework.ExecutorConfig)) *execRig {
	cfg := executorConfig()
	for _, c := range change {
		c(&cfg)
	}
	s, err := framework.NewExecutor(cfg)
	require.NoError(t, err)
	r := &execRig{t: t, s: s}
	r.d = framework.NewExecutorDriver(func(in msg.Input) error {
		if st := s.Status(); st != msg.DriverRunning {
			return &framework.StatusError{Status: st}
		}
		r.queue = append(r.queue, in)
		return nil
	})
	return r
}

func (r *execRig) try(in msg.Input) error {
	r.t.Helper()
	r.last, r.calls = framework.ExecutorReady{}, nil
	err := r.one(in)
	for len(r.queue) > 0 {
		next := r.queue[0]
		r.queue = r.queue[1:]
		require.NoError(r.t, r.one(next))
	}
	return err
}

func (r *execRig) one(in msg.Input) error {
	r.t.Helper()
	err := r.s.Step(r.now, in)
	require.NoError(r.t, r.s.Check(), "after %T", in)
	var rd framework.ExecutorReady
	r.s.Ready(&rd)
	r.last.Dials = append(r.last.Dials, rd.Dials...)
	r.last.Sends = append(r.last.Sends, rd.Sends...)
	r.last.Closes = append(r.last.Closes, rd.Closes...)
	r.done = r.done || rd.Done
	for _, c := range rd.Callbacks {
		c.Invoke(execRecorder{r}, r.d)
	}
	return err
}

func (r *execRig) step(in msg.Input) {
	r.t.Helper()
	require.NoError(r.t, r.try(in))
}

func (r *execRig) agent(b msg.Message) {
	r.t.Helper()
	r.step(msg.Envelope{Link: r.link, Body: b})
}

func (r *execRig) up() msg.SubscribeExecutor {
	r.t.Helper()
	r.link++
	r.step(msg.LinkUp{Link: r.link, Peer: "a1"})
	return r.last.Sends[0].Body.(msg.SubscribeExecutor)
}

func (r *execRig) subscribe() {
	r.t.Helper()
	r.up()
	r.agent(msg.ExecutorSubscribed{
		Executor: msg.ExecutorInfo{ID: "e1"}, Framework: msg.FrameworkInfo{ID: "F1"}, Agent: msg.AgentInfo{ID: "S1"}, Container: "c1",
	})
}

func subscribedExecutor(t testing.TB, change ...func(*framework.ExecutorConfig)) *execRig {
	r := newExecRig(t, change...)
	at, on := r.s.NextDeadline()
	require.True(t, on, "the host is asked for a first Tick")
	require.Equal(t, r.now, at)
	r.step(msg.Tick{})
	require.Equal(t, []msg.Node{"a1"}, r.last.Dials)
	r.subscribe()
	require.Equal(t, []string{"Registered e1 F1 S1"}, r.calls)
	return r
}

func (r *execRig) tick() time.Duration {
	r.t.Helper()
	at, on := r.s.NextDeadline()
	require.True(r.t, on)
	waited := at.Sub(r.now)
	r.now = at
	r.step(msg.Tick{})
	return waited
}

// status sends a status by the driver, and gives it as it went out, nil if it did not.
func (r *execRig) status(id msg.TaskID, s msg.TaskState) *msg.TaskStatus {
	r.t.Helper()
	require.NoError(r.t, r.d.SendStatus(msg.TaskStatus{Task: id, State: s}))
	in := r.queue[0]
	r.queue = r.queue[1:]
	r.step(in)
	if len(r.last.Sends) == 0 {
		return nil
	}
	return &[]msg.TaskStatus{r.last.Sends[0].Body.(msg.ExecutorUpdate).Status}[0]
}

type execRecorder struct{ r *execRig }

var _ framework.Executor = execRecorder{}

func (c execRecorder) say(name, format string, args ...any) {
	line := name
	if format != "" {
		line += " " + fmt.Sprintf(format, args...)
	}
	c.r.calls = append(c.r.calls, line)
	if c.r.on != nil {
		c.r.on(name)
	}
}

func (c execRecorder) Registered(_ framework.ExecutorDriver, e msg.ExecutorInfo, f msg.FrameworkInfo, a msg.AgentInfo) {
	c.say("Registered", "%s %s %s", e.ID, f.ID, a.ID)
}
func (c execRecorder) Reregistered(_ framework.ExecutorDriver, a msg.AgentInfo) {
	c.say("Reregistered", "%s", a.ID)
}
func (c execRecorder) Disconnected(framework.ExecutorDriver) { c.say("Disconnected", "") }
func (c execRecorder) LaunchTask(_ framework.ExecutorDriver, t msg.TaskInfo) {
	c.say("LaunchTask", "%s", t.ID)
}
func (c execRecorder) KillTask(_ framework.ExecutorDriver, id msg.TaskID, p msg.KillPolicy) {
	c.say("KillTask", "%s %v", id, p.Grace)
}
func (c execRecorder) FrameworkMessage(_ framework.ExecutorDriver, data []byte) {
	c.say("FrameworkMessage", "%s", data)
}
func (c execRecorder) Shutdown(framework.ExecutorDriver)           { c.say("Shutdown", "") }
func (c execRecorder) Error(_ framework.ExecutorDriver, err error) { c.say("Error", "%v", err) }

// docs/protocol.md §17: the eight callbacks and what triggers them; a group is one call per task.
func TestExecutorCallbacks(t *testing.T) {
	r := subscribedExecutor(t)
	for _, c := range []struct {
		event msg.Message
		want  []string
	}{
		{msg.LaunchOnExecutor{Tasks: []msg.TaskInfo{{ID: "t1"}, {ID: "t2"}}}, []string{"LaunchTask t1", "LaunchTask t2"}},
		{msg.KillOnExecutor{Task: "t1", Policy: msg.KillPolicy{Grace: time.Second}}, []string{"KillTask t1 1s"}},
		{msg.ExecutorMessage{Data: []byte("hi")}, []string{"FrameworkMessage hi"}},
		{msg.Heartbeat{}, nil},
		{msg.Error{Message: "sorry"}, []string{"Error sorry"}},
	} {
		r.agent(c.event)
		require.Equal(t, c.want, r.calls)
	}
	require.Equal(t, msg.DriverAborted, r.s.Status())
	require.True(t, r.done)
}

// docs/protocol.md §17: uuid and time are added to updates; no two share a uuid, in one run or in two of one executor.
func TestUpdatesGetUUIDs(t *testing.T) {
	seen := map[msg.UUID]bool{}
	for _, change := range []func(*framework.ExecutorConfig){
		func(c *framework.ExecutorConfig) {},
		func(c *framework.ExecutorConfig) { c.Container = "c2" },
		func(c *framework.ExecutorConfig) { c.Entropy = [16]byte{2} },
	} {
		r := newExecRig(t, change)
		r.step(msg.Tick{})
		r.up()
		r.agent(msg.ExecutorSubscribed{})
		r.now = 77
		for range 20 {
			u := r.status("t1", msg.TaskRunning)
			require.False(t, u.UUID.IsZero())
			require.False(t, seen[u.UUID])
			seen[u.UUID] = true
			require.Equal(t, offer.Time(77), u.Time)
			require.Equal(t, msg.SourceExecutor, u.Source)
			require.Equal(t, msg.ExecutorID("e1"), u.Executor)
		}
	}
}

// docs/protocol.md §9: updates are kept until acknowledged, tasks until the first acknowledgement; both lists go into the
// next SUBSCRIBE.
func TestUnacknowledgedLists(t *testing.T) {
	r := subscribedExecutor(t, func(c *framework.ExecutorConfig) { c.Checkpoint = true })
	r.agent(msg.LaunchOnExecutor{Tasks: []msg.TaskInfo{{ID: "t1"}, {ID: "t2"}}})
	first := r.status("t1", msg.TaskRunning)
	second := r.status("t1", msg.TaskFinished)
	r.agent(msg.UpdateAcked{Task: "t1", UUID: first.UUID})
	r.step(msg.LinkDown{Link: r.link, Peer: "a1"})
	require.Nil(t, r.status("t2", msg.TaskRunning), "nobody is there to take it")
	r.tick()
	s := r.up()
	require.Equal(t, []msg.TaskInfo{{ID: "t2"}}, s.Tasks)
	require.Len(t, s.Updates, 2)
	require.Equal(t, second.UUID, s.Updates[0].UUID)
	require.Equal(t, msg.TaskID("t2"), s.Updates[1].Task)
	// An agent acknowledges them before it says SUBSCRIBED (§11).
	r.agent(msg.UpdateAcked{Task: "t1", UUID: second.UUID})
	r.agent(msg.UpdateAcked{Task: "t2", UUID: s.Updates[1].UUID})
	r.agent(msg.ExecutorSubscribed{Agent: msg.AgentInfo{ID: "S1"}})
	require.Equal(t, []string{"Reregistered S1"}, r.calls)
	tasks, updates := r.s.Unacknowledged()
	require.Zero(t, tasks+updates)
}

// docs/protocol.md §17: TASK_STAGING is rejected and aborts.
func TestStagingAborts(t *testing.T) {
	r := subscribedExecutor(t)
	require.ErrorIs(t, r.d.SendStatus(msg.TaskStatus{Task: "t1", State: msg.TaskStaging}), framework.ErrState)
	in := r.queue[0]
	r.queue = nil
	r.step(in)
	require.Equal(t, msg.DriverAborted, r.s.Status())
	require.Len(t, r.calls, 1)
	require.Contains(t, r.calls[0], "Error task t1")
	require.Equal(t, []msg.Link{1}, r.last.Closes)
}

// docs/protocol.md §17: a stream lost without checkpoint shuts down; the driver aborts after the call.
func TestLostLinkWithoutCheckpoint(t *testing.T) {
	r := subscribedExecutor(t)
	r.on = func(string) { require.Equal(t, msg.DriverRunning, r.s.Status()) }
	r.step(msg.LinkDown{Link: r.link, Peer: "a1"})
	require.Equal(t, []string{"Shutdown"}, r.calls)
	require.Equal(t, msg.DriverAborted, r.s.Status())
	require.True(t, r.done)
}

// docs/protocol.md §11: with checkpoint the agent is looked for within 2 s each time, until 15 min have passed.
func TestLostLinkWithCheckpoint(t *testing.T) {
	r := subscribedExecutor(t, func(c *framework.ExecutorConfig) { c.Checkpoint = true })
	r.step(msg.LinkDown{Link: r.link, Peer: "a1"})
	require.Equal(t, []string{"Disconnected"}, r.calls)
	lost := r.now
	for !r.done {
		require.LessOrEqual(t, r.tick(), 2*time.Second)
		if len(r.last.Dials) > 0 {
			r.step(msg.LinkDown{Peer: "a1"})
			require.Empty(t, r.calls)
		}
	}
	require.Equal(t, []string{"Shutdown"}, r.calls)
	require.Equal(t, 15*time.Minute, r.now.Sub(lost))
}

// docs/protocol.md §11: on SHUTDOWN the last updates still go out, then the session ends; nothing new is begun.
func TestShutdownSendsLastUpdates(t *testing.T) {
	r := subscribedExecutor(t)
	r.agent(msg.LaunchOnExecutor{Tasks: []msg.TaskInfo{{ID: "t1"}}})
	r.on = func(string) { require.NoError(t, r.d.SendStatus(msg.TaskStatus{Task: "t1", State: msg.TaskKilled})) }
	r.agent(msg.ExecutorShutdown{})
	require.Equal(t, []string{"Shutdown"}, r.calls)
	require.Len(t, r.last.Sends, 1)
	require.Equal(t, msg.TaskKilled, r.last.Sends[0].Body.(msg.ExecutorUpdate).Status.State)
	require.Equal(t, []msg.Link{1}, r.last.Closes)
	require.Equal(t, msg.DriverAborted, r.s.Status())
}

// docs/protocol.md §17: stop ends the session after what was sent; later calls tell the status.
func TestExecutorStopAndAbort(t *testing.T) {
	for _, abort := range []bool{false, true} {
		r := subscribedExecutor(t)
		want := msg.DriverStopped
		if abort {
			want = msg.DriverAborted
			require.Equal(t, want, r.d.Abort())
		} else {
			require.Equal(t, want, r.d.Stop())
		}
		in := r.queue[0]
		r.queue = nil
		r.step(in)
		require.Equal(t, want, r.s.Status())
		require.True(t, r.done)
		require.Equal(t, want, r.d.Stop())
		var st *framework.StatusError
		require.ErrorAs(t, r.d.SendMessage(nil), &st)
		require.ErrorAs(t, r.try(msg.AbortDriver{}), &st)
		r.agent(msg.KillOnExecutor{Task: "t1"})
		require.Empty(t, r.calls)
	}
}

// docs/protocol.md §13: an executor's bytes go out while it is subscribed, and are dropped elsewhere.
func TestExecutorMessages(t *testing.T) {
	r := subscribedExecutor(t, func(c *framework.ExecutorConfig) { c.Checkpoint = true })
	say := func() {
		require.NoError(t, r.d.SendMessage([]byte("hi")))
		in := r.queue[0]
		r.queue = nil
		r.step(in)
	}
	say()
	require.Equal(t, []msg.Envelope{{Link: 1, Body: msg.ExecutorMessage{Data: []byte("hi")}}}, r.last.Sends)
	r.step(msg.LinkDown{Link: 1, Peer: "a1"})
	say()
	require.Empty(t, r.last.Sends)
}

// docs/protocol.md §18.1: what an executor says has bounds.
func TestExecutorBounds(t *testing.T) {
	r := subscribedExecutor(t, func(c *framework.ExecutorConfig) { c.MaxUpdates = 1 })
	big := make([]byte, 1<<20+1)
	require.ErrorIs(t, r.d.SendMessage(big), framework.ErrTooLarge)
	require.ErrorIs(t, r.d.SendStatus(msg.TaskStatus{Task: "t1", Data: big}), framework.ErrTooLarge)
	for _, s := range []msg.TaskStatus{
		{Task: "t1", Message: string(big[:64<<10+1])},
		{Task: "t1", Labels: make([]resource.Label, 257)},
		{Task: "t1", Labels: []resource.Label{{Key: string(big[:4<<10+1])}}},
	} {
		require.ErrorIs(t, r.d.SendStatus(s), framework.ErrTooLarge)
		require.ErrorIs(t, r.try(msg.Call{Body: msg.ExecutorUpdate{Status: s}}), framework.ErrTooLarge)
	}
	require.ErrorIs(t, r.d.SendStatus(msg.TaskStatus{State: msg.TaskRunning}), msg.ErrID)
	for _, s := range []msg.TaskState{msg.TaskUnreachable, msg.TaskUnknown, msg.TaskGoneByOperator, 99} {
		require.ErrorIs(t, r.d.SendStatus(msg.TaskStatus{Task: "t1", State: s}), framework.ErrState)
		require.ErrorIs(t, r.try(msg.Call{Body: msg.ExecutorUpdate{Status: msg.TaskStatus{Task: "t1", State: s}}}), framework.ErrState)
	}
	require.Empty(t, r.queue)
	r.status("t1", msg.TaskRunning)
	require.ErrorIs(t, r.try(msg.Call{Body: msg.ExecutorUpdate{Status: msg.TaskStatus{Task: "t1"}}}), framework.ErrFull)
	require.ErrorIs(t, r.try(msg.Call{Body: msg.ExecutorMessage{Data: big}}), framework.ErrTooLarge)
	require.ErrorIs(t, r.try(msg.Call{Body: msg.Revive{}}), framework.ErrCall)
	require.ErrorIs(t, r.try(msg.Call{Body: msg.ExecutorUpdate{}}), framework.ErrCall)
}

// docs/protocol.md §17: events of an old stream, or before SUBSCRIBED, are dropped; strangers' links are closed.
func TestExecutorStrayEvents(t *testing.T) {
	r := newExecRig(t)
	require.Equal(t, msg.DriverNotStarted, r.d.Abort())
	r.step(msg.Tick{})
	r.up()
	r.agent(msg.LaunchOnExecutor{Tasks: []msg.TaskInfo{{ID: "t1"}}})
	require.Empty(t, r.calls)
	require.ErrorIs(t, r.try(msg.Envelope{Link: 1, Body: msg.ExecutorSubscribed{Container: "c9"}}), framework.ErrInput)
	r.agent(msg.ExecutorSubscribed{})
	require.ErrorIs(t, r.try(msg.Envelope{Link: 1, Body: msg.ExecutorSubscribed{}}), framework.ErrInput)
	require.ErrorIs(t, r.try(msg.Envelope{Link: 1, Body: msg.Ping{}}), framework.ErrInput)
	require.ErrorIs(t, r.try(msg.Leader{}), framework.ErrInput)
	r.step(msg.Envelope{Link: 9, Body: msg.KillOnExecutor{Task: "t1"}})
	require.Empty(t, r.calls)
	r.step(msg.LinkUp{Link: 9, Peer: "m1"})
	require.Equal(t, []msg.Link{9}, r.last.Closes)
}

// docs/protocol.md §1: entropy has no default; ids and the agent's address must be there.
func TestExecutorConfigIsChecked(t *testing.T) {
	for _, change := range []func(*framework.ExecutorConfig){
		func(c *framework.ExecutorConfig) { c.Entropy = [16]byte{} },
		func(c *framework.ExecutorConfig) { c.Agent = "" },
		func(c *framework.ExecutorConfig) { c.Framework = "" },
		func(c *framework.ExecutorConfig) { c.Executor = "a/b" },
		func(c *framework.ExecutorConfig) { c.Container = "" },
		func(c *framework.ExecutorConfig) { c.Recovery = -1 },
	} {
		cfg := executorConfig()
		change(&cfg)
		_, err := framework.NewExecutor(cfg)
		require.ErrorIs(t, err, framework.ErrConfig)
	}
}

// docs/protocol.md §17: a session that is stopped while it looks for the agent looks no more.
func TestExecutorStopWhileDisconnected(t *testing.T) {
	r := subscribedExecutor(t, func(c *framework.ExecutorConfig) { c.Checkpoint = true })
	r.step(msg.LinkDown{Link: r.link, Peer: "a1"})
	r.step(msg.StopDriver{})
	_, on := r.s.NextDeadline()
	require.False(t, on)
	require.Empty(t, r.last.Closes)
	require.True(t, r.done)
}

// docs/protocol.md §11: an agent that takes the link and never answers is waited for as long as one that is away.
func TestSilentAgent(t *testing.T) {
	r := newExecRig(t)
	r.step(msg.Tick{})
	r.up()
	require.Equal(t, 15*time.Minute, r.tick())
	require.Equal(t, []string{"Shutdown"}, r.calls)
	require.Equal(t, []msg.Link{1}, r.last.Closes, "closed once")
	require.True(t, r.done)
}
