package agent_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// keepRun is run for a framework that checkpoints.
func keepRun(launch bool, ids ...msg.TaskID) msg.RunTasks {
	b := run(launch, ids...)
	b.Framework.Checkpoint = true
	return b
}

// kept is a registered rig with a checkpoint, on which a checkpointing framework's executor e1 runs t1, whose first update
// is acknowledged.
func kept(t testing.TB, change ...func(*agent.Config)) *rig {
	r := registered(t, append([]func(*agent.Config){checkpointing}, change...)...)
	r.master(keepRun(true, "t1"))
	r.step(msg.Started{Container: r.starts["e1"].Container})
	r.subscribe(execLink, "e1")
	r.update(execLink, "t1", msg.TaskRunning, 1)
	r.ack("t1", 1)
	return r
}

// back lets e1 subscribe again, on a new link.
func (r *rig) back(l msg.Link, tasks []msg.TaskInfo, updates ...msg.TaskStatus) {
	r.t.Helper()
	r.step(msg.LinkUp{Link: l, Peer: "x"})
	r.exec(l, msg.SubscribeExecutor{Framework: "F1", Executor: "e1", Container: r.starts["e1"].Container, Tasks: tasks, Updates: updates})
}

// reregister lets the agent dial, and returns what it reports.
func (r *rig) reregister() msg.ReregisterAgent {
	r.t.Helper()
	r.step(msg.Leader{Master: "m1"})
	if r.m.State() == agent.Disconnected {
		require.Equal(r.t, []msg.Node{"m1"}, r.last.Dials)
	}
	return r.request()
}

// request brings the link up that the agent has dialed, and returns its report.
func (r *rig) request() msg.ReregisterAgent {
	r.t.Helper()
	r.connect()
	at, on := r.m.NextDeadline()
	require.True(r.t, on)
	r.now = at
	r.step(msg.Tick{})
	for _, e := range r.last.Sends {
		if b, ok := e.Body.(msg.ReregisterAgent); ok {
			return b
		}
	}
	r.t.Fatalf("no request among %v", r.lines())
	return msg.ReregisterAgent{}
}

// Whoever learns of an update learns of one that is on disk: neither the executor nor the master hears of it before.
// docs/protocol.md §9
func TestUpdateIsAcknowledgedOnceItIsDurable(t *testing.T) {
	r := kept(t)
	r.slow = true
	r.update(execLink, "t1", msg.TaskFinished, 2)
	require.Empty(t, r.lines())
	require.Len(t, r.last.Records, 1)
	require.Equal(t, "update/F1/t1/00000000000000000002", r.last.Records[0].Key)
	r.last = agent.Ready{}
	r.save(1)
	require.Equal(t, []string{"send 1 UPDATE t1 TASK_FINISHED by executor", "send 100 ACKNOWLEDGED t1 2"}, r.lines())
}

// Effects wait in their order, also those that have no record of their own, and go out as far as their records are durable.
// docs/protocol.md §16.2
func TestEffectsWaitForRecordsInOrder(t *testing.T) {
	r := kept(t)
	r.slow = true
	r.update(execLink, "t1", msg.TaskRunning, 2)
	r.master(msg.Ping{Connected: true})
	r.update(execLink, "t1", msg.TaskRunning, 3)
	r.master(msg.Ping{Connected: true})
	require.Empty(t, r.lines())
	r.save(1)
	require.Equal(t, []string{"send 1 UPDATE t1 TASK_RUNNING by executor", "send 100 ACKNOWLEDGED t1 2", "send 1 Pong{}"}, r.lines())
	r.last = agent.Ready{}
	r.save(1)
	require.Equal(t, []string{"send 100 ACKNOWLEDGED t1 3", "send 1 Pong{}"}, r.lines())
}

// What a non-checkpointing framework does waits for nothing and is not written.
// docs/protocol.md §9
func TestWithoutCheckpointStreamsAreInMemory(t *testing.T) {
	r := running(t, checkpointing)
	r.update(execLink, "t1", msg.TaskFinished, 2)
	require.Equal(t, []string{"agent"}, r.keys())
	require.Empty(t, r.last.Records)
}

// Framework, executor, container and task are on disk before the executor is asked for; the task also before it is delivered.
// docs/protocol.md §3.2
func TestRecordsBeforeStart(t *testing.T) {
	r := registered(t, checkpointing)
	r.slow = true
	r.master(keepRun(true, "t1"))
	require.Empty(t, r.last.Starts)
	var keys []string
	for _, rec := range r.pending {
		keys = append(keys, rec.Key)
	}
	require.Equal(t, []string{"framework/F1", "task/F1/t1", "executor/F1/e1"}, keys)
	r.save(2)
	require.Empty(t, r.last.Starts)
	r.save(1)
	require.Len(t, r.last.Starts, 1)
	c, err := msg.UnmarshalKept(r.entries()[1].Value)
	require.NoError(t, err)
	require.Equal(t, r.last.Starts[0].Container, c.(msg.KeptExecutor).Container)
}

// docs/protocol.md §4.1: the id outlives the process, and the state is RECOVERING until the executors are back.
func TestRestartKeepsTheID(t *testing.T) {
	r := kept(t)
	c := r.starts["e1"].Container
	r.restart()
	require.Equal(t, agent.Recovering, r.m.State())
	require.Equal(t, &agent.Adopt{Containers: []msg.ContainerID{c}}, r.last.Adopt)
	r.step(msg.Leader{Master: "m1"})
	require.Empty(t, r.last.Dials, "only then it registers")
	r.back(200, nil)
	require.Equal(t, []string{"dial m1", "send 200 SUBSCRIBED e1 c1 at S1"}, r.lines())
	require.Equal(t, agent.Disconnected, r.m.State())
	b := r.request()
	require.EqualValues(t, "S1", b.Info.ID)
	require.Len(t, b.Executors, 1)
	require.Equal(t, msg.TaskRunning, b.Tasks[0].State)
	require.Equal(t, uuid(1), b.Tasks[0].Forwarded.UUID)
	require.EqualValues(t, "etl", b.Tasks[0].Role)
	require.True(t, b.Frameworks[0].Checkpoint)
}

// docs/protocol.md §4.1: an empty checkpoint begins a fresh agent; a checkpoint is read first, and once.
func TestCheckpointIsReadFirst(t *testing.T) {
	cfg := config()
	cfg.Checkpoint = true
	m, err := agent.New(cfg)
	require.NoError(t, err)
	require.Equal(t, agent.Recovering, m.State())
	require.ErrorIs(t, m.Step(0, msg.Leader{Master: "m1"}), agent.ErrInput)
	require.NoError(t, m.Step(0, msg.Restored{}))
	require.Equal(t, agent.Disconnected, m.State())
	require.ErrorIs(t, m.Step(0, msg.Restored{}), agent.ErrInput)
	require.ErrorIs(t, newRig(t).try(msg.Restored{}), agent.ErrInput)
	require.ErrorIs(t, newRig(t, checkpointing).try(msg.Recorded{Seq: 1}), agent.ErrInput)
}

// docs/protocol.md §11: an executor that does not come back within 2 s is killed; its tasks are GONE for those who know that
// state, LOST for others.
func TestMissingExecutorIsKilled(t *testing.T) {
	for _, pa := range []bool{true, false} {
		r := registered(t, checkpointing)
		b := keepRun(true, "t1")
		b.Framework.Capabilities.PartitionAware = pa
		r.master(b)
		r.subscribe(execLink, "e1")
		r.update(execLink, "t1", msg.TaskRunning, 1)
		r.ack("t1", 1)
		r.restart()
		r.step(msg.Started{Container: r.starts["e1"].Container})
		r.step(msg.Leader{Master: "m1"})
		require.Empty(t, r.advance(2*time.Second-1))
		lines := r.advance(1)
		require.Len(t, lines, 2)
		require.Contains(t, lines[0], "dial m1")
		require.Contains(t, lines[1], "stop c1")
		require.Equal(t, msg.TaskRunning, r.request().Tasks[0].State)
		r.master(msg.AgentReregistered{Agent: "S1"})
		r.step(msg.Exited{Container: r.starts["e1"].Container, Status: 9})
		want := map[bool]msg.TaskState{true: msg.TaskGone, false: msg.TaskLost}[pa]
		u := r.updates()
		require.Len(t, u, 1)
		require.Equal(t, want, u[0].Status.State)
		require.Equal(t, msg.ReasonExecutorReregistrationTimeout, u[0].Status.Reason)
	}
}

// docs/protocol.md §18: executor_reregistration_timeout is at most 15 s.
func TestReregistrationTimeoutIsBounded(t *testing.T) {
	cfg := config()
	cfg.Timeouts.ExecutorReregistration = 15*time.Second + 1
	_, err := agent.New(cfg)
	require.ErrorIs(t, err, agent.ErrConfig)
	cfg.Timeouts.ExecutorReregistration = 15 * time.Second
	_, err = agent.New(cfg)
	require.NoError(t, err)
}

// docs/protocol.md §11: a task in STAGING that a resubscribing executor does not list was lost between the agent and it.
// docs/protocol.md §19: agent restart between receiving and delivering a task.
func TestUndeliveredTaskIsDropped(t *testing.T) {
	for _, pa := range []bool{true, false} {
		r := kept(t)
		b := keepRun(false, "t2", "t3")
		b.Framework.Capabilities.PartitionAware = pa
		r.master(b)
		r.restart()
		r.step(msg.Leader{Master: "m1"})
		r.back(200, []msg.TaskInfo{{ID: "t3"}})
		states := map[msg.TaskID]msg.TaskState{}
		for _, x := range r.request().Tasks {
			states[x.Info.ID] = x.State
		}
		dropped := map[bool]msg.TaskState{true: msg.TaskDropped, false: msg.TaskLost}[pa]
		require.Equal(t, map[msg.TaskID]msg.TaskState{"t1": msg.TaskRunning, "t2": dropped, "t3": msg.TaskStaging}, states)
		r.master(msg.AgentReregistered{Agent: "S1"})
		require.Len(t, r.updates(), 1)
		require.Equal(t, msg.ReasonAgentRestarted, r.updates()[0].Status.Reason)
	}
}

// A task whose executor was never asked for is answered for at once.
// docs/protocol.md §19 agent restart between receiving and delivering a task
func TestTaskWithoutExecutorIsDropped(t *testing.T) {
	r := registered(t, checkpointing)
	r.slow = true
	r.master(keepRun(true, "t1"))
	r.save(2) // the executor's record is not written
	r.slow = false
	r.restart()
	require.Equal(t, agent.Disconnected, r.m.State(), "there is nobody to wait for")
	require.Equal(t, msg.TaskDropped, r.m.Tasks()[0].State)
	require.Empty(t, r.last.Adopt.Containers)
}

// An executor that ended while the agent was away takes its tasks with it.
// docs/protocol.md §11
func TestExecutorThatEndedMeanwhile(t *testing.T) {
	r := kept(t)
	r.restart()
	r.step(msg.Exited{Container: r.starts["e1"].Container, Status: -1})
	require.Equal(t, agent.Disconnected, r.m.State())
	b := r.reregister()
	require.Equal(t, msg.TaskFailed, b.Tasks[0].State)
	require.Empty(t, b.Executors)
	r.master(msg.AgentReregistered{Agent: "S1"})
	require.Equal(t, msg.ReasonExecutorTerminated, r.updates()[0].Status.Reason)
}

// An executor that never got a task is shut down when it comes back without any; one that had some stays.
// docs/protocol.md §10, §11
func TestIdleExecutorAfterARestart(t *testing.T) {
	r := registered(t, checkpointing)
	r.master(keepRun(true, "t1"))
	r.restart()
	r.back(200, nil)
	require.Equal(t, []string{"send 200 SUBSCRIBED e1 c1 at S1", "send 200 ExecutorShutdown{}"}, r.lines())

	r = kept(t)
	r.update(execLink, "t1", msg.TaskFinished, 2)
	r.ack("t1", 2)
	r.restart()
	r.back(200, nil)
	require.Equal(t, []string{"send 200 SUBSCRIBED e1 c1 at S1"}, r.lines())
}

// docs/protocol.md §9: what was not acknowledged is sent after the next registration, heads first; what was, never again.
func TestStreamsOutliveARestart(t *testing.T) {
	r := kept(t)
	r.update(execLink, "t1", msg.TaskRunning, 2)
	r.update(execLink, "t1", msg.TaskFinished, 3)
	r.ack("t1", 2)
	r.update(execLink, "t1", msg.TaskFailed, 4) // after the end
	r.restart()
	r.back(200, nil, msg.TaskStatus{Task: "t1", State: msg.TaskRunning, UUID: uuid(1)}, msg.TaskStatus{Task: "t1", State: msg.TaskRunning, UUID: uuid(2)})
	require.Contains(t, r.text(), "ACKNOWLEDGED t1 1")
	require.Contains(t, r.text(), "ACKNOWLEDGED t1 2")
	b := r.reregister()
	require.Equal(t, msg.TaskFinished, b.Tasks[0].State)
	require.Equal(t, uuid(2), b.Tasks[0].Forwarded.UUID, "the last that was acknowledged")
	r.master(msg.AgentReregistered{Agent: "S1"})
	require.Len(t, r.updates(), 1)
	require.Equal(t, uuid(3), r.updates()[0].Status.UUID)
	again := r.advance(11 * time.Second)
	require.Len(t, again, 1, "and is repeated until it is acknowledged")
	r.ack("t1", 3)
	require.Equal(t, []string{"agent", "executor/F1/e1", "framework/F1"}, r.keys())
}

// The memory of acknowledged updates has a bound, on disk too.
// docs/protocol.md §9
func TestAcknowledgedMemoryIsBoundedOnDisk(t *testing.T) {
	r := kept(t, func(c *agent.Config) { c.Bounds.UpdatesPerTask = 3 })
	for n := byte(2); n < 20; n++ {
		r.update(execLink, "t1", msg.TaskRunning, n)
		r.ack("t1", n)
	}
	count := func() int {
		return len(slices.DeleteFunc(r.keys(), func(k string) bool { return !strings.HasPrefix(k, "update/") }))
	}
	require.Equal(t, 3, count())
	r.restart()
	r.back(200, nil, msg.TaskStatus{Task: "t1", State: msg.TaskRunning, UUID: uuid(19)})
	require.Equal(t, 3, count(), "it is known")
	r.update(200, "t1", msg.TaskRunning, 20)
	require.Equal(t, 4, count())
}

// An executor's update of a task that was forgotten before the restart is acknowledged: else it would come for ever.
// docs/protocol.md §9
func TestUpdateOfATaskForgottenBeforeTheRestart(t *testing.T) {
	r := kept(t)
	r.update(execLink, "t1", msg.TaskFinished, 2)
	r.ack("t1", 2)
	r.restart()
	r.back(200, nil, msg.TaskStatus{Task: "t1", State: msg.TaskFinished, UUID: uuid(2)})
	require.Contains(t, r.text(), "ACKNOWLEDGED t1 2")
	require.Empty(t, r.m.Tasks())
}

// docs/protocol.md §11: executors of non-checkpointing frameworks are cleaned up; their tasks are the master's to report.
func TestNonCheckpointingExecutorsAreNotAdopted(t *testing.T) {
	r := running(t, checkpointing)
	r.restart()
	require.Equal(t, &agent.Adopt{}, r.last.Adopt, "whatever runs is ended")
	r.back(200, nil)
	require.Equal(t, []string{"send 200 ExecutorShutdown{}", "close 200"}, r.lines())
	require.Empty(t, r.reregister().Tasks)
	r.master(msg.AgentReregistered{Agent: "S1", Reconcile: []msg.RunningTask{{Framework: "F1", Task: "t1"}}})
	require.Equal(t, msg.ReasonReconciliation, r.updates()[0].Status.Reason)
}

// docs/protocol.md §15: reservations and volumes are recorded before they count, and outlive a restart.
func TestReservationsOutliveARestart(t *testing.T) {
	r := registered(t, checkpointing)
	r.slow = true
	r.apply(7, reserve("etl", "cpus(etl):1"))
	require.Empty(t, r.lines())
	r.save(1)
	require.Equal(t, []string{"send 1 OPERATION 7 "}, r.lines())
	r.slow = false
	r.apply(8, reservation.Create{Volumes: volume("v1", "d", 5)})
	r.volumeDone(r.last.Volumes[0].Seq, "")
	before := r.m.Total()
	r.restart()
	require.True(t, before.Equal(r.m.Total()), "%v, was %v", r.m.Total(), before)
	require.Equal(t, []string{"volume 1 create /w/volumes/roles/etl/v1", "adopt []"}, r.lines(), "it is made sure of")
	require.Equal(t, agent.Recovering, r.m.State())
	r.volumeDone(1, "")
	require.True(t, before.Equal(r.reregister().Total))
}

// A volume that a running task uses is still linked and in use after a restart.
// docs/resource-model.md §3.4
func TestMountsOutliveARestart(t *testing.T) {
	r := registered(t, checkpointing, func(c *agent.Config) {
		c.Info.Resources = c.Info.Resources.Add(volume("v1", "d", 5)).Add(volume("v2", "d", 5))
	})
	b := keepRun(true, "t1")
	b.Tasks[0].Resources = volume("v1", "d", 5)
	r.master(b)
	r.volumeDone(r.last.Volumes[0].Seq, "")
	r.subscribe(execLink, "e1")
	r.update(execLink, "t1", msg.TaskRunning, 1)
	r.restart()
	r.back(200, nil)
	r.reregister()
	r.master(msg.AgentReregistered{Agent: "S1"})
	b = keepRun(false, "t2")
	b.Tasks[0].Resources = volume("v2", "d", 5)
	r.master(b)
	require.Contains(t, r.updates()[0].Status.Message, "another volume is at")
	r.apply(3, reservation.Destroy{Volumes: volume("v1", "d", 5)})
	require.Contains(t, r.text(), "volume v1 is in use")
}

// docs/protocol.md §4.1: an agent that is described otherwise in a way that would mislead does not start, and says what
// differs; nothing of its checkpoint is lost.
func TestIncompatibleChangeIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*agent.Config)
		says   string
	}{
		"host":           {func(c *agent.Config) { c.Info.Hostname = "host2" }, `host "host2", and was on "host1"`},
		"region":         {func(c *agent.Config) { c.Info.Domain.Region = "us" }, `region "us", zone "1", and was in "eu", "1"`},
		"attribute":      {func(c *agent.Config) { c.Info.Attributes = attributes("rack:r2") }, `"rack"`},
		"less than used": {func(c *agent.Config) { c.Info.Resources = resource.MustParse("cpus:0.5;mem:64") }, "cpus"},
		"less than reserved": {func(c *agent.Config) { c.Info.Resources = resource.MustParse("cpus:2;mem:63") },
			"mem"},
		"bound": {func(c *agent.Config) { c.Bounds.Tasks = 1 }, "2 tasks; 1 are allowed"},
	} {
		r := kept(t, func(c *agent.Config) {
			c.Info.Attributes, c.Info.Domain = attributes("rack:r1"), msg.Domain{Region: "eu", Zone: "1"}
		})
		r.apply(7, reserve("etl", "mem(etl):64"))
		r.master(keepRun(false, "t2"))
		before := r.entries()
		r.restart(c.change)
		require.True(t, r.exit, name)
		require.ErrorIs(t, r.err, agent.ErrIncompatible, name)
		require.ErrorContains(t, r.err, c.says, name)
		require.ErrorContains(t, r.err, "or remove the checkpoint", name)
		require.Equal(t, before, r.entries(), name)
		require.ErrorIs(t, r.try(msg.Tick{}), agent.ErrStopped)
	}
}

func attributes(text string) resource.Attributes {
	a, err := resource.ParseAttributes(text)
	if err != nil {
		panic(err)
	}
	return a
}

// Attributes may be added, and resources that nobody needs taken away: the agent registers with what it is now.
// docs/protocol.md §4.1
func TestCompatibleChange(t *testing.T) {
	r := kept(t, func(c *agent.Config) { c.Info.Attributes = attributes("rack:r1") })
	r.restart(func(c *agent.Config) {
		c.Info.Attributes, c.Info.Domain = attributes("rack:r1;zone:b"), msg.Domain{Region: "eu"}
		c.Info.Resources = resource.MustParse("cpus:1")
	})
	require.False(t, r.exit)
	r.back(200, nil)
	require.Equal(t, 2, r.reregister().Info.Attributes.Len())
	r.restart(func(c *agent.Config) { c.Info.Attributes = attributes("rack:r1") })
	require.ErrorIs(t, r.err, agent.ErrIncompatible, "what was added has to stay")
}

// What a master gave away beyond what the agent has does not keep it from starting.
// docs/protocol.md §19 an isolated leader that still launches
func TestOverusedAgentStarts(t *testing.T) {
	r := kept(t)
	b := keepRun(false, "t2", "t3", "t4", "t5")
	r.master(b)
	r.restart()
	require.Equal(t, agent.Recovering, r.m.State())
	require.Len(t, r.m.Tasks(), 5)
}

// docs/protocol.md §19: a write that fails ends the agent with a clear error; nothing that needed it was announced, and
// executors are told nothing.
// docs/protocol.md §19 an agent's checkpoint cannot be written
func TestFailedRecordEndsTheAgent(t *testing.T) {
	full := errors.New("no space left on device")
	for name, fail := range map[string]func(r *rig){
		"answer": func(r *rig) { r.step(msg.Recorded{Seq: r.pending[0].Seq, Err: full}) },
		"silence": func(r *rig) {
			require.Empty(r.t, r.advance(20*time.Second-1))
			r.now++
			r.step(msg.Tick{})
		},
	} {
		r := kept(t)
		r.slow = true
		r.update(execLink, "t1", msg.TaskFinished, 2)
		require.Empty(t, r.lines())
		fail(r)
		require.True(t, r.exit, name)
		require.ErrorIs(t, r.err, agent.ErrCheckpoint)
		if name == "answer" {
			require.ErrorIs(t, r.err, full)
		}
		require.Empty(t, r.last.Sends, name)
		require.Empty(t, r.last.Stops, name)
		require.Equal(t, []msg.Link{execLink, r.link}, r.last.Closes)
		_, on := r.m.NextDeadline()
		require.False(t, on)
		require.ErrorIs(t, r.try(msg.Tick{}), agent.ErrStopped)
		r.slow = false
		r.restart()
		r.back(200, nil, msg.TaskStatus{Task: "t1", State: msg.TaskFinished, UUID: uuid(2)})
		require.Contains(t, r.text(), "ACKNOWLEDGED t1 2", "the executor had kept it")
	}
}

// docs/protocol.md §4.1: a checkpoint that cannot be read, or holds what no agent can have written, is not guessed at.
func TestCorruptCheckpointIsRefused(t *testing.T) {
	value := func(k msg.Kept) []byte {
		b, err := msg.MarshalKept(k)
		require.NoError(t, err)
		return b
	}
	f := msg.KeptFramework{Info: msg.FrameworkInfo{ID: "F1", Checkpoint: true}}
	u := func(n uint64, acked bool, s msg.TaskState, id byte) msg.Entry {
		return msg.Entry{Key: fmt.Sprintf("update/F1/t1/%020d", n),
			Value: value(msg.KeptUpdate{Framework: "F1", N: n, Acked: acked, Status: msg.TaskStatus{Task: "t1", State: s, UUID: uuid(id)}})}
	}
	e := func(id msg.ExecutorID, c msg.ContainerID) msg.Entry {
		return msg.Entry{Key: "executor/F1/" + string(id), Value: value(msg.KeptExecutor{Info: msg.ExecutorInfo{ID: id, Framework: "F1"}, Container: c})}
	}
	agentEntry := msg.Entry{Key: "agent", Value: value(msg.KeptAgent{Info: msg.AgentInfo{ID: "S1", Hostname: "host1"}})}
	for says, entries := range map[string][]msg.Entry{
		`"agent": malformed`:              {{Key: "agent", Value: []byte("{")}},
		`"nonsense" holds a`:              {{Key: "nonsense", Value: value(f)}},
		`is there twice`:                  {agentEntry, agentEntry},
		`unknown version`:                 {{Key: "agent", Value: []byte(`{"v":9,"type":"KeptAgent"}`)}},
		`agent: illegal id`:               {{Key: "agent", Value: value(msg.KeptAgent{})}},
		`does not checkpoint`:             {{Key: "framework/F1", Value: value(msg.KeptFramework{Info: msg.FrameworkInfo{ID: "F1"}})}},
		`container "../x": illegal id`:    {e("e1", "../x")},
		`container c1 is there twice`:     {e("e1", "c1"), e("e2", "c1")},
		`task "a/b": illegal id`:          {{Key: "task/F1/a/b", Value: value(msg.KeptTask{Framework: "F1", Info: msg.TaskInfo{ID: "a/b"}})}},
		`update 2 is missing`:             {u(1, false, msg.TaskRunning, 1), u(3, false, msg.TaskRunning, 2)},
		`update 3 is acknowledged`:        {u(2, false, msg.TaskRunning, 1), u(3, true, msg.TaskRunning, 2)},
		`update 3 has no uuid`:            {u(2, false, msg.TaskRunning, 1), u(3, false, msg.TaskRunning, 1)},
		`update 3 follows the task's end`: {u(2, false, msg.TaskFailed, 1), u(3, false, msg.TaskRunning, 2)},
		`update 18446744073709551615 is`:  {u(0, false, msg.TaskFailed, 1)},
	} {
		cfg := config()
		cfg.Checkpoint = true
		m, err := agent.New(cfg)
		require.NoError(t, err)
		require.NoError(t, m.Step(0, msg.Restored{Entries: entries}))
		var rd agent.Ready
		m.Ready(&rd)
		require.True(t, rd.Exit, says)
		require.ErrorIs(t, rd.Err, agent.ErrCheckpoint)
		require.ErrorContains(t, rd.Err, says)
		require.Empty(t, rd.Records)
	}
	m := newRig(t, checkpointing)
	m.slow = true
	cfg := config()
	cfg.Checkpoint = true
	broken, err := agent.New(cfg)
	require.NoError(t, err)
	require.NoError(t, broken.Step(0, msg.Restored{Err: errors.New("bad sector")}))
	var rd agent.Ready
	broken.Ready(&rd)
	require.ErrorContains(t, rd.Err, "bad sector")
}

// docs/protocol.md §2: an agent that said goodbye, or was told to go, is a new one when it starts again. Its reservations stay.
func TestCleanStopGivesUpTheID(t *testing.T) {
	for _, end := range []func(r *rig){
		func(r *rig) { r.step(msg.StopAgent{}) },
		func(r *rig) { r.master(msg.ShutdownAgent{Message: "gone"}) },
	} {
		r := kept(t)
		r.apply(7, reserve("etl", "mem(etl):64"))
		end(r)
		require.False(t, r.exit)
		r.slow = true
		r.step(msg.Exited{Container: r.starts["e1"].Container})
		require.False(t, r.exit, "the goodbye waits for the disk")
		r.save(len(r.pending))
		require.True(t, r.exit)
		require.NotContains(t, r.keys(), "agent")
		r.slow = false
		r.restart()
		require.EqualValues(t, "", r.m.ID())
		require.Equal(t, []string{"total"}, r.keys())
		require.Empty(t, r.m.Tasks())
		require.Contains(t, r.m.Total().String(), "etl")
	}
	// An agent that met another master's books keeps its own.
	r := kept(t)
	r.step(msg.Leader{Master: "m2"})
	r.link++
	r.step(msg.LinkUp{Link: r.link, Peer: "m2"})
	r.advance(2 * time.Second)
	r.master(msg.AgentReregistered{Agent: "S2"})
	r.step(msg.Exited{Container: r.starts["e1"].Container})
	require.ErrorIs(t, r.err, agent.ErrAgentID)
	require.Contains(t, r.keys(), "agent")
}

// docs/protocol.md §4.1: kills and exits during recovery work, and an agent that is stopped then ends its executors.
func TestStopDuringRecovery(t *testing.T) {
	r := kept(t)
	r.restart()
	r.step(msg.StopAgent{})
	require.Equal(t, []string{"stop c1"}, r.lines())
	r.step(msg.Exited{Container: r.starts["e1"].Container, Status: 9})
	require.True(t, r.exit)
	require.NoError(t, r.err)
}

// docs/protocol.md §4.4: kills that the executor did not hear before the restart are sent by the master again; one that comes
// while it is still away is passed on when it subscribes.
func TestKillAfterARestart(t *testing.T) {
	r := kept(t, func(c *agent.Config) { c.Timeouts.ExecutorReregistration = 15 * time.Second })
	r.master(keepRun(true, "t2")) // refused: the executor is there
	r.restart()
	r.back(200, nil)
	r.reregister()
	r.master(msg.AgentReregistered{Agent: "S1"})
	r.master(msg.KillTask{Framework: "F1", Task: "t1"})
	require.Equal(t, []string{"send 200 KillOnExecutor{Task:t1 Policy:{Grace:0s}}"}, r.lines())
}

// docs/protocol.md §3.1: changed info of a checkpointing framework is written down; whether it checkpoints does not change.
func TestFrameworkInfoIsKept(t *testing.T) {
	r := kept(t)
	f := keepRun(false).Framework
	f.Name, f.Checkpoint = "renamed", false
	r.master(msg.FrameworkUpdated{Framework: f})
	require.Len(t, r.last.Records, 1)
	r.master(msg.FrameworkUpdated{Framework: f})
	require.Empty(t, r.last.Records, "nothing changed")
	r.restart()
	require.Equal(t, "renamed", r.m.Frameworks()[0].Name)
	require.True(t, r.m.Frameworks()[0].Checkpoint)
}

// What cannot be written down is refused at the door, and nothing is half done.
// docs/protocol.md §18.1
func TestWhatCannotBeWrittenIsRefused(t *testing.T) {
	const bad = "\xff"
	r := kept(t)
	b := keepRun(false, "t2")
	b.Tasks[0].Name = bad
	r.master(b)
	require.Equal(t, msg.ReasonTaskInvalid, r.updates()[0].Status.Reason)
	require.ErrorIs(t, r.try(msg.Envelope{Link: execLink, Body: msg.ExecutorUpdate{
		Status: msg.TaskStatus{Task: "t1", State: msg.TaskRunning, UUID: uuid(5), Message: bad}}}), agent.ErrMalformed)
	f := keepRun(false).Framework
	f.Name = bad
	require.ErrorIs(t, r.try(msg.Envelope{Link: r.link, Body: msg.FrameworkUpdated{Framework: f}}), agent.ErrMalformed)
	cfg := config()
	cfg.Checkpoint, cfg.Info.Hostname = true, bad
	_, err := agent.New(cfg)
	require.ErrorIs(t, err, agent.ErrConfig)
}

// What waits for a disk has a bound.
// docs/protocol.md §18.1
// docs/protocol.md §18.1 effects of an agent that wait for its checkpoint
func TestHeldEffectsAreBounded(t *testing.T) {
	r := kept(t, func(c *agent.Config) { c.Bounds.Held = 5 })
	r.slow = true
	r.update(execLink, "t1", msg.TaskRunning, 2) // two messages and an event
	for range 2 {
		r.master(msg.Ping{Connected: true})
	}
	require.False(t, r.exit)
	r.master(msg.Ping{Connected: true})
	require.ErrorIs(t, r.err, agent.ErrCheckpoint)
	require.ErrorContains(t, r.err, "6 effects wait for it; 5 are allowed")
}
