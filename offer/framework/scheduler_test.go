package framework_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// docs/protocol.md §17: the ten callbacks and what triggers them.
func TestSchedulerCallbacks(t *testing.T) {
	r := subscribed(t)
	for _, c := range []struct {
		event msg.Message
		want  []string
	}{
		{msg.Offers{Offers: []msg.Offer{{ID: "O1"}, {ID: "O2"}}}, []string{"ResourceOffers O1", "ResourceOffers O2"}},
		{msg.Rescind{Offer: "O1"}, []string{"OfferRescinded O1"}},
		{msg.Update{Status: msg.TaskStatus{Task: "t1", State: msg.TaskRunning}}, []string{"StatusUpdate t1 TASK_RUNNING "}},
		{msg.FromExecutor{Executor: msg.ExecutorRef{Agent: "S1", Executor: "e1"}, Data: []byte("hi")}, []string{"FrameworkMessage S1/e1 hi"}},
		{msg.Failure{Agent: "S1"}, []string{"AgentLost S1"}},
		{msg.Failure{Agent: "S1", Executor: "e1", Status: 9}, []string{"ExecutorLost F1/S1/e1 9"}},
		{msg.Heartbeat{}, nil},
		{msg.Error{Message: "sorry"}, []string{"Error sorry"}},
	} {
		r.master(c.event)
		require.Equal(t, c.want, r.calls)
	}
}

// docs/protocol.md §17: registered at the first SUBSCRIBED, also with a given id; reregistered at every later one.
func TestRegisteredAndReregistered(t *testing.T) {
	r := subscribed(t, func(c *framework.SchedulerConfig) { c.Framework.ID = "F1" })
	for range 3 {
		r.step(msg.LinkDown{Link: r.link, Peer: "m1"})
		require.Equal(t, []string{"Disconnected"}, r.calls)
		r.tick()
		require.Equal(t, []msg.Node{"m1"}, r.last.Dials)
		r.up()
		require.Equal(t, "F1", string(r.sent()[0].(msg.Subscribe).Framework.ID))
		r.master(msg.Subscribed{Framework: "F1", Master: masterInfo})
		require.Equal(t, []string{"Reregistered M"}, r.calls)
	}
}

// docs/protocol.md §17: disconnected comes once per connection, whatever ends it.
func TestDisconnectedOncePerConnection(t *testing.T) {
	r := subscribed(t)
	r.step(msg.Leader{})
	require.Equal(t, []string{"Disconnected"}, r.calls)
	require.Equal(t, []msg.Link{1}, r.last.Closes)
	r.step(msg.LinkDown{Link: 1, Peer: "m1"})
	r.step(msg.Leader{Master: "m2"})
	require.Empty(t, r.calls)
	require.Equal(t, []msg.Node{"m2"}, r.last.Dials)
	r.step(msg.LinkDown{Peer: "m2", Cause: "refused"})
	require.Empty(t, r.calls)
	r.tick()
	require.Equal(t, []msg.Node{"m2"}, r.last.Dials)
}

// docs/protocol.md §17: a master that hardly ever sends a heartbeat is not lost at once.
func TestEndlessHeartbeat(t *testing.T) {
	r := newRig(t)
	r.step(msg.Leader{Master: "m1"})
	r.up()
	r.master(msg.Subscribed{Framework: "F1", HeartbeatInterval: math.MaxInt64 / 2, Master: masterInfo})
	r.step(msg.Tick{})
	require.True(t, r.s.Connected())
}

// docs/protocol.md §17: 5 missed heartbeats end a connection; any event counts as one.
func TestMissedHeartbeats(t *testing.T) {
	r := subscribed(t)
	r.now = r.now.Add(70 * time.Second)
	r.master(msg.Heartbeat{})
	require.Equal(t, 75*time.Second, r.tick())
	require.Equal(t, []string{"Disconnected"}, r.calls)
	require.Equal(t, []msg.Link{1}, r.last.Closes)
	require.Equal(t, []msg.Node{"m1"}, r.last.Dials)
}

// docs/protocol.md §17: ERROR aborts the driver before the call, and nothing follows.
func TestErrorAborts(t *testing.T) {
	r := subscribed(t)
	r.on = func(string) { require.Equal(t, msg.DriverAborted, r.s.Status()) }
	r.master(msg.Error{Message: "removed"})
	require.Equal(t, []string{"Error removed"}, r.calls)
	require.True(t, r.done)
	r.master(msg.Offers{Offers: []msg.Offer{{ID: "O1"}}})
	require.Empty(t, r.calls)
	require.Equal(t, msg.DriverAborted, r.d.Stop(false))
	_, on := r.s.NextDeadline()
	require.False(t, on)
}

// docs/protocol.md §17: without ExplicitAck an update with a uuid is acknowledged after the callback returned, behind
// what it queued.
func TestImplicitAcknowledgement(t *testing.T) {
	for _, explicit := range []bool{false, true} {
		r := subscribed(t, func(c *framework.SchedulerConfig) { c.ExplicitAck = explicit })
		r.on = func(string) { require.NoError(t, r.d.Revive()) }
		st := msg.TaskStatus{Task: "t1", Agent: "S1", UUID: msg.UUID{7}}
		r.master(msg.Update{Status: st})
		ack := msg.Acknowledge{Agent: "S1", Task: "t1", UUID: msg.UUID{7}}
		if explicit {
			require.Equal(t, []msg.Message{msg.Revive{}}, r.sent())
			r.drive(r.d.Acknowledge(st))
			require.Equal(t, []msg.Message{ack}, r.sent())
			continue
		}
		require.Equal(t, []msg.Message{msg.Revive{}, ack}, r.sent())
		r.master(msg.Update{Status: msg.TaskStatus{Task: "t1"}})
		require.Equal(t, []msg.Message{msg.Revive{}}, r.sent(), "no uuid, nothing to acknowledge")
	}
}

// docs/protocol.md §17: no implicit acknowledgement from a driver that was stopped in the callback.
func TestNoAcknowledgementAfterStop(t *testing.T) {
	r := subscribed(t)
	stopped := false
	d := framework.NewDriver(func(in msg.Input) error {
		if stopped {
			return &framework.StatusError{Status: msg.DriverStopped}
		}
		_, stopped = in.(msg.StopDriver)
		return r.s.Step(r.now, in)
	})
	framework.OnStatus{Status: msg.TaskStatus{Task: "t1", UUID: msg.UUID{7}}, Ack: true}.Invoke(stopper{}, d)
	var rd framework.SchedulerReady
	r.s.Ready(&rd)
	require.Equal(t, []msg.Envelope{{Link: 1, Body: msg.Teardown{}}}, rd.Sends)
}

type stopper struct{ framework.NopScheduler }

func (stopper) StatusUpdate(d framework.Driver, _ msg.TaskStatus) { d.Stop(false) }

// docs/protocol.md §17: SUBSCRIBE is retried, at first within 2 s, doubled up to 1 min.
func TestSubscribeBackoff(t *testing.T) {
	r := newRig(t)
	r.step(msg.Leader{Master: "m1"})
	bound, longest := 2*time.Second, time.Duration(0)
	for range 30 {
		r.up()
		require.Len(t, r.sent(), 1)
		waited := r.tick()
		require.LessOrEqual(t, waited, bound)
		require.GreaterOrEqual(t, waited, bound/2, "an answer gets half of the bound at least")
		require.Equal(t, []msg.Link{r.link}, r.last.Closes)
		require.Equal(t, []msg.Node{"m1"}, r.last.Dials)
		longest = max(longest, waited)
		bound = min(2*bound, time.Minute)
	}
	require.Greater(t, longest, 30*time.Second)
}

// docs/protocol.md §17: the back-off is never above a tenth of the failover timeout.
func TestBackoffStaysBelowFailoverTimeout(t *testing.T) {
	r := newRig(t, func(c *framework.SchedulerConfig) { c.Framework.FailoverTimeout = 30 * time.Second })
	r.step(msg.Leader{Master: "m1"})
	for range 10 {
		r.up()
		require.LessOrEqual(t, r.tick(), 3*time.Second)
	}
}

// docs/protocol.md §17: launches while disconnected are answered locally: no uuid, source master.
func TestLaunchWhileDisconnected(t *testing.T) {
	for _, pa := range []bool{true, false} {
		r := newRig(t, func(c *framework.SchedulerConfig) { c.Framework.Capabilities.PartitionAware = pa })
		r.step(msg.Leader{Master: "m1"})
		r.drive(r.d.Accept([]msg.OfferID{"O1"}, []msg.Operation{
			msg.Launch(msg.TaskInfo{ID: "t1", Agent: "S1"}),
			{Do: msg.LaunchGroup{Tasks: []msg.TaskInfo{{ID: "t2"}}}},
		}, msg.Filters{}))
		want := map[bool]string{true: "TASK_DROPPED", false: "TASK_LOST"}[pa]
		require.Equal(t, []string{"StatusUpdate t1 " + want + " MASTER_DISCONNECTED", "StatusUpdate t2 " + want + " MASTER_DISCONNECTED"}, r.calls)
		st := r.last.Callbacks[0].(framework.OnStatus)
		require.True(t, st.Status.UUID.IsZero())
		require.False(t, st.Ack)
		require.Equal(t, msg.SourceMaster, st.Status.Source)
	}
}

// docs/protocol.md §17: suppression is remembered and goes into the next SUBSCRIBE; so does a new description. The rest
// of the calls is dropped while disconnected.
func TestCallsWhileDisconnected(t *testing.T) {
	r := subscribed(t)
	r.drive(r.d.Suppress("b"))
	require.Equal(t, []msg.Message{msg.Suppress{Roles: []role.Name{"b"}}}, r.sent())
	r.step(msg.LinkDown{Link: r.link, Peer: "m1"})
	info := r.s.Framework()
	info.Roles = []role.Name{"a", "b", "c"}
	for _, call := range []func() error{
		func() error { return r.d.Suppress("a") },
		func() error { return r.d.Revive("b") },
		func() error { return r.d.UpdateFramework(info) },
		func() error { return r.d.Decline(msg.Filters{}, "O1") },
		func() error { return r.d.Kill("t1", "", msg.KillPolicy{}) },
		func() error { return r.d.Reconcile() },
		func() error { return r.d.Message(msg.ExecutorRef{Agent: "S1", Executor: "e1"}, nil) },
	} {
		r.drive(call())
		require.Empty(t, r.sent())
		require.Empty(t, r.calls)
	}
	r.tick()
	r.up()
	require.Equal(t, []msg.Message{msg.Subscribe{Framework: info, Suppressed: []role.Name{"a"}}}, r.sent())
}

// docs/protocol.md §6: suppressing nothing in particular means all roles; a role not held voids the call.
func TestSuppressAllAndStrangers(t *testing.T) {
	r := subscribed(t)
	r.drive(r.d.Suppress())
	require.ErrorIs(t, r.try(msg.Call{Body: msg.Suppress{Roles: []role.Name{"c"}}}), framework.ErrCall)
	require.ErrorIs(t, r.try(msg.Call{Body: msg.Revive{Roles: []role.Name{"c"}}}), framework.ErrCall)
	require.Empty(t, r.last.Sends)
	r.step(msg.LinkDown{Link: r.link, Peer: "m1"})
	r.tick()
	r.up()
	require.Equal(t, []role.Name{"a", "b"}, r.sent()[0].(msg.Subscribe).Suppressed)
}

// docs/protocol.md §3.2: UPDATE_FRAMEWORK changes what may change; suppression stays for the roles that are kept.
func TestUpdateFramework(t *testing.T) {
	r := subscribed(t)
	r.drive(r.d.Suppress("b"))
	for _, change := range []func(*msg.FrameworkInfo){
		func(f *msg.FrameworkInfo) { f.ID = "F2" },
		func(f *msg.FrameworkInfo) { f.User = "root" },
		func(f *msg.FrameworkInfo) { f.Principal = "p" },
		func(f *msg.FrameworkInfo) { f.Checkpoint = true },
	} {
		f := r.s.Framework()
		change(&f)
		require.ErrorIs(t, r.try(msg.Call{Body: msg.UpdateFramework{Framework: f}}), framework.ErrCall)
		require.Empty(t, r.last.Sends)
	}
	is := r.s.Framework()
	for _, change := range []func(*msg.FrameworkInfo){ // what a master would refuse in silence, and answer by an ERROR later
		func(f *msg.FrameworkInfo) { f.Roles = []role.Name{"a/"} },
		func(f *msg.FrameworkInfo) { f.Roles = []role.Name{"b", "b"} },
		func(f *msg.FrameworkInfo) { f.FailoverTimeout = -1 },
		func(f *msg.FrameworkInfo) { f.MinAllocatable = map[role.Name][]resource.Quantities{"c": nil} },
		func(f *msg.FrameworkInfo) { f.Constraints = offer.Constraints{"c": nil} },
	} {
		f := is
		change(&f)
		require.ErrorIs(t, r.d.UpdateFramework(f), framework.ErrCall)
		require.ErrorIs(t, r.try(msg.Call{Body: msg.UpdateFramework{Framework: f}}), framework.ErrCall)
		require.Equal(t, is, r.s.Framework())
	}
	f := r.s.Framework()
	f.Roles = []role.Name{"b", "c"}
	r.drive(r.d.UpdateFramework(f))
	require.Equal(t, []msg.Message{msg.UpdateFramework{Framework: f, Suppressed: []role.Name{"b"}}}, r.sent())
}

// docs/protocol.md §17: stop tears down, stop with failover only disconnects, abort lets go; each ends the session.
func TestStopAndAbort(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(d framework.Driver) msg.DriverStatus
		status msg.DriverStatus
		sends  []msg.Message
	}{
		"stop":     {func(d framework.Driver) msg.DriverStatus { return d.Stop(false) }, msg.DriverStopped, []msg.Message{msg.Teardown{}}},
		"failover": {func(d framework.Driver) msg.DriverStatus { return d.Stop(true) }, msg.DriverStopped, nil},
		"abort":    {func(d framework.Driver) msg.DriverStatus { return d.Abort() }, msg.DriverAborted, nil},
	} {
		r := subscribed(t)
		require.Equal(t, c.status, c.end(r.d), name)
		r.flush()
		require.Equal(t, c.sends, r.sent(), name)
		require.Equal(t, []msg.Link{1}, r.last.Closes, name)
		require.Equal(t, c.status, r.s.Status(), name)
		require.True(t, r.done, name)
		require.Empty(t, r.calls, name)
		var st *framework.StatusError
		require.ErrorAs(t, r.d.Revive(), &st, name)
		require.Equal(t, c.status, st.Status)
		require.ErrorAs(t, r.try(msg.Call{Body: msg.Revive{}}), &st, name)
		require.ErrorAs(t, r.try(msg.StopDriver{}), &st, name)
	}
}

// docs/protocol.md §17: calls before the start do nothing and tell the status.
func TestCallsBeforeTheStart(t *testing.T) {
	r := newRig(t)
	require.Equal(t, msg.DriverNotStarted, r.d.Stop(false))
	var st *framework.StatusError
	require.ErrorAs(t, r.try(msg.AbortDriver{}), &st)
	require.ErrorAs(t, r.try(msg.Call{Body: msg.Revive{}}), &st)
	require.Equal(t, msg.DriverNotStarted, st.Status)
}

// docs/protocol.md §17: events of an old stream, or before SUBSCRIBED, are dropped; links nobody asked for are closed.
func TestStrayEvents(t *testing.T) {
	r := subscribed(t)
	r.step(msg.Envelope{Link: 9, Body: msg.Rescind{Offer: "O1"}})
	require.Empty(t, r.calls)
	r.step(msg.LinkUp{Link: 9, Peer: "m1"})
	require.Equal(t, []msg.Link{9}, r.last.Closes)
	r.step(msg.LinkDown{Link: r.link, Peer: "m1"})
	r.tick()
	r.up()
	r.master(msg.Rescind{Offer: "O1"})
	require.Empty(t, r.calls)
	require.ErrorIs(t, r.try(msg.Envelope{Link: r.link, Body: msg.Subscribed{Framework: "F2"}}), framework.ErrInput)
	require.ErrorIs(t, r.try(msg.Envelope{Link: r.link, Body: msg.Subscribed{}}), framework.ErrInput)
	require.ErrorIs(t, r.try(msg.Envelope{Link: r.link, Body: msg.Ping{}}), framework.ErrInput)
	r.master(msg.Subscribed{Framework: "F1"})
	require.ErrorIs(t, r.try(msg.Envelope{Link: r.link, Body: msg.Subscribed{Framework: "F1"}}), framework.ErrInput)
}

// docs/protocol.md §17: every driver call becomes its message.
func TestDriverCalls(t *testing.T) {
	r := subscribed(t)
	e := msg.ExecutorRef{Agent: "S1", Executor: "e1"}
	own := msg.ExecutorRef{Framework: "F1", Agent: "S1", Executor: "e1"}
	f := msg.Filters{Refuse: time.Minute}
	task := msg.TaskInfo{ID: "t1"}
	for _, c := range []struct {
		call func() error
		want msg.Message
	}{
		{func() error { return r.d.Launch([]msg.OfferID{"O1"}, f, task) }, msg.Accept{Offers: []msg.OfferID{"O1"}, Operations: []msg.Operation{msg.Launch(task)}, Filters: f}},
		{func() error { return r.d.Decline(f, "O1", "O2") }, msg.Decline{Offers: []msg.OfferID{"O1", "O2"}, Filters: f}},
		{func() error { return r.d.Kill("t1", "S1", msg.KillPolicy{Grace: 1}) }, msg.Kill{Task: "t1", Agent: "S1", Policy: msg.KillPolicy{Grace: 1}}},
		{func() error { return r.d.Shutdown(e) }, msg.ShutdownExecutor{Executor: own}},
		{func() error { return r.d.Message(e, []byte("x")) }, msg.ToExecutor{Executor: own, Data: []byte("x")}},
		{func() error { return r.d.Reconcile(msg.TaskRef{Task: "t1"}) }, msg.Reconcile{Tasks: []msg.TaskRef{{Task: "t1"}}}},
		{func() error { return r.d.Revive("a") }, msg.Revive{Roles: []role.Name{"a"}}},
	} {
		r.drive(c.call())
		require.Equal(t, []msg.Message{c.want}, r.sent())
	}
}

// docs/protocol.md §17: a call that can be seen to be wrong is refused at once, and not queued.
func TestDriverValidatesAtOnce(t *testing.T) {
	r := subscribed(t)
	ref := msg.ExecutorRef{Agent: "S1", Executor: "e1"}
	for name, c := range map[string]struct{ err, want error }{
		"no offers":      {r.d.Accept(nil, nil, msg.Filters{}), framework.ErrCall},
		"no action":      {r.d.Accept([]msg.OfferID{"O1"}, []msg.Operation{{}}, msg.Filters{}), framework.ErrCall},
		"decline what":   {r.d.Decline(msg.Filters{}), framework.ErrCall},
		"kill what":      {r.d.Kill("", "", msg.KillPolicy{}), msg.ErrID},
		"negative grace": {r.d.Kill("t1", "", msg.KillPolicy{Grace: -1}), framework.ErrCall},
		"no executor":    {r.d.Shutdown(msg.ExecutorRef{Agent: "S1"}), msg.ErrID},
		"no agent":       {r.d.Message(msg.ExecutorRef{Executor: "e1"}, nil), msg.ErrID},
		"too large":      {r.d.Message(ref, make([]byte, 1<<20+1)), framework.ErrTooLarge},
		"no uuid":        {r.d.Acknowledge(msg.TaskStatus{Task: "t1"}), framework.ErrNoUUID},
		"bad task":       {r.d.Reconcile(msg.TaskRef{Task: "a/b"}), msg.ErrID},
	} {
		require.ErrorIs(t, c.err, c.want, name)
	}
	require.Empty(t, r.queue)
	for _, b := range []msg.Message{
		msg.Subscribe{}, msg.Teardown{}, nil, msg.ShutdownExecutor{Executor: msg.ExecutorRef{Framework: "F2"}},
		msg.ToExecutor{Executor: msg.ExecutorRef{Framework: "F2"}},
	} {
		require.ErrorIs(t, r.try(msg.Call{Body: b}), framework.ErrCall)
	}
	require.ErrorIs(t, r.try(msg.Call{Body: msg.Acknowledge{}}), framework.ErrNoUUID)
	require.ErrorIs(t, r.try(msg.StopAgent{}), framework.ErrInput)
}

// docs/protocol.md §1: entropy has no default, and zero is refused.
func TestSchedulerConfigIsChecked(t *testing.T) {
	for _, change := range []func(*framework.SchedulerConfig){
		func(c *framework.SchedulerConfig) { c.Entropy = [16]byte{} },
		func(c *framework.SchedulerConfig) { c.SubscribeBackoff = -1 },
		func(c *framework.SchedulerConfig) { c.MissedHeartbeats = -1 },
	} {
		cfg := schedulerConfig()
		change(&cfg)
		_, err := framework.NewScheduler(cfg)
		require.ErrorIs(t, err, framework.ErrConfig)
	}
}
