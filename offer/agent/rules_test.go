package agent_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

func reserve(from, to string) reservation.Op {
	_ = from // a reservation names what it makes; the text of both is for the reader
	r := resource.MustParse(to)
	var out []resource.Resource
	for e := range r.All() {
		e.Reservations[0].Type = resource.Dynamic
		out = append(out, e)
	}
	rs, err := resource.New(out...)
	if err != nil {
		panic(err)
	}
	return reservation.Reserve{Resources: rs}
}

// docs/protocol.md §9: never more than one un-acked update per task is in flight; the ack of the head sends the next.
func TestOneUpdateInFlight(t *testing.T) {
	r := running(t)
	r.update(execLink, "t1", msg.TaskRunning, 2)
	require.Len(t, r.updates(), 1)
	r.update(execLink, "t1", msg.TaskFinished, 3)
	require.Empty(t, r.updates())
	r.ack("t1", 3)
	require.Empty(t, r.updates(), "3 is not the head")
	r.ack("t1", 2)
	require.Len(t, r.updates(), 1)
	require.Equal(t, msg.TaskFinished, r.updates()[0].Status.State)
	r.ack("t1", 3)
	require.Empty(t, r.m.Tasks())
}

// docs/protocol.md §9: an update is resent after 10 s, then double, up to 10 min, for ever.
func TestResendDoublesToTenMinutes(t *testing.T) {
	r := running(t)
	r.update(execLink, "t1", msg.TaskRunning, 2)
	wait := 10 * time.Second
	for range 12 {
		require.Empty(t, grep(r.advance(wait-1), "UPDATE"))
		require.Len(t, grep(r.advance(1), "UPDATE"), 1)
		wait = min(2*wait, 10*time.Minute)
		r.master(msg.Ping{Connected: true})
	}
	require.Equal(t, 10*time.Minute, wait)
}

func grep(lines []string, s string) (out []string) {
	for _, l := range lines {
		if strings.Contains(l, s) {
			out = append(out, l)
		}
	}
	return out
}

// docs/protocol.md §9: a duplicate uuid, pending or acknowledged, is acknowledged to the executor and not kept again.
func TestDuplicateUpdatesAreAcknowledgedOnly(t *testing.T) {
	r := running(t)
	r.update(execLink, "t1", msg.TaskRunning, 1) // acknowledged before
	require.Equal(t, "send 100 ACKNOWLEDGED t1 1", r.text())
	r.update(execLink, "t1", msg.TaskRunning, 2)
	r.update(execLink, "t1", msg.TaskRunning, 2) // pending
	require.Equal(t, "send 100 ACKNOWLEDGED t1 2", r.text())
	r.update(execLink, "t1", msg.TaskFinished, 3)
	r.ack("t1", 2)
	r.ack("t1", 3)
	r.update(execLink, "t1", msg.TaskFinished, 3) // of a forgotten task
	require.Equal(t, "send 100 ACKNOWLEDGED t1 3", r.text())
}

// docs/protocol.md §9: the first terminal update wins; a later one is acknowledged and dropped.
func TestTerminalFirstWins(t *testing.T) {
	r := running(t)
	r.update(execLink, "t1", msg.TaskFailed, 2)
	r.update(execLink, "t1", msg.TaskFinished, 3)
	require.Equal(t, "send 100 ACKNOWLEDGED t1 3", r.text())
	require.Equal(t, msg.TaskFailed, r.m.Tasks()[0].State)
	r.ack("t1", 2)
	require.Empty(t, r.m.Tasks())
}

// docs/protocol.md §9: an update is refused from an executor that does not have the task, and with a state that only
// masters give; agent, executor and a missing time are filled in.
func TestUpdateChecks(t *testing.T) {
	r := running(t)
	say := func(s msg.TaskStatus) error {
		return r.try(msg.Envelope{Link: execLink, Body: msg.ExecutorUpdate{Status: s}})
	}
	require.ErrorIs(t, say(msg.TaskStatus{Task: "t9", State: msg.TaskRunning, UUID: uuid(2)}), agent.ErrNoTask)
	require.ErrorIs(t, say(msg.TaskStatus{Task: "t1", State: msg.TaskRunning}), agent.ErrMalformed)
	for _, s := range []msg.TaskState{msg.TaskStaging, msg.TaskUnreachable, msg.TaskUnknown, msg.TaskGoneByOperator, 77} {
		require.ErrorIs(t, say(msg.TaskStatus{Task: "t1", State: s, UUID: uuid(2)}), agent.ErrMalformed)
	}
	require.ErrorIs(t, say(msg.TaskStatus{Task: "t1", UUID: uuid(2), Data: make([]byte, 1<<20+1)}), agent.ErrBound)
	long := string(make([]byte, 64<<10+1))
	require.ErrorIs(t, say(msg.TaskStatus{Task: "t1", UUID: uuid(2), Message: long}), agent.ErrBound)
	require.ErrorIs(t, say(msg.TaskStatus{Task: "t1", UUID: uuid(2), Labels: make([]resource.Label, 257)}), agent.ErrBound)
	require.ErrorIs(t, say(msg.TaskStatus{Task: "t1", UUID: uuid(2), Labels: []resource.Label{{Key: "k", Value: &long}}}), agent.ErrBound)
	require.NoError(t, say(msg.TaskStatus{Task: "t1", State: msg.TaskRunning, UUID: uuid(2), Agent: "other"}))
	u := r.updates()[0].Status
	require.Equal(t, r.m.ID(), u.Agent)
	require.Equal(t, msg.ExecutorID("e1"), u.Executor)
	require.Equal(t, r.starts["e1"].Container, u.Container)
	require.Equal(t, r.now, u.Time)
	require.Equal(t, msg.SourceExecutor, u.Source)
}

// docs/protocol.md §9: a new framework instance gets the heads of its streams at once.
func TestFrameworkUpdateResendsHeads(t *testing.T) {
	r := running(t)
	r.update(execLink, "t1", msg.TaskRunning, 2)
	r.master(msg.FrameworkUpdated{Framework: frameworkInfo()})
	require.Len(t, r.updates(), 1)
	r.master(msg.FrameworkUpdated{Framework: msg.FrameworkInfo{ID: "F9"}})
	require.Empty(t, r.lines())
}

// docs/protocol.md §9: a shut down framework's streams end with its last executor.
func TestFrameworkShutdownTakesUpdatesAlong(t *testing.T) {
	r := running(t)
	r.update(execLink, "t1", msg.TaskRunning, 2)
	r.master(msg.ShutdownFramework{Framework: "F1"})
	require.Equal(t, "send 100 ExecutorShutdown{}", r.text())
	r.update(execLink, "t1", msg.TaskKilled, 3)
	require.Equal(t, "send 100 ACKNOWLEDGED t1 3", r.text())
	r.step(msg.Exited{Container: r.starts["e1"].Container})
	require.Equal(t, []string{"close 100"}, r.lines())
	require.Equal(t, agent.EventFrameworkRemoved, r.events[len(r.events)-1].Kind)
}

// docs/protocol.md §7 no new work for a framework that ends here: it came again under its id, and hears that its tasks, and the
// executor that the master has in its books for them, are not here. So does a master that asks for them.
func TestRunForAnEndingFramework(t *testing.T) {
	r := running(t)
	r.master(msg.ShutdownFramework{Framework: "F1"})
	r.update(execLink, "t1", msg.TaskKilled, 9)
	require.Equal(t, "send 100 ACKNOWLEDGED t1 9", r.text(), "nobody hears of the old ones")
	r.master(run(true, "t2"))
	require.Equal(t, []string{"send 1 UPDATE t2 TASK_DROPPED by agent EXECUTOR_TERMINATED: the framework is being shut down here",
		"send 1 ExitedExecutor{Framework:F1 Executor:e1 Status:-1}"}, r.lines())
	r.step(msg.LinkDown{Link: r.link})
	r.advance(2 * time.Second)
	r.connect()
	r.advance(2 * time.Second)
	r.master(msg.AgentReregistered{Agent: "S1", Reconcile: []msg.RunningTask{{Framework: "F1", Task: "t3"}}})
	require.Equal(t, "send 2 UPDATE t3 TASK_LOST by agent RECONCILIATION: unknown to the agent", r.lines()[0])
}

// docs/protocol.md §4.4 the list leaves out a framework that is being shut down: a new master that heard of it would wait
// without end for its tasks and executors, of whose end nothing is said.
func TestReportWithoutAnEndingFramework(t *testing.T) {
	r := running(t)
	r.master(msg.ShutdownFramework{Framework: "F1"})
	require.Empty(t, r.m.Frameworks())
	require.Empty(t, r.m.Executors())
	require.Empty(t, r.m.Tasks())
}

// docs/protocol.md §18.1: an executor over the bound of un-acknowledged updates is disconnected and keeps its updates.
// docs/protocol.md §18.1 un-acknowledged updates per task; per agent
func TestBoundOfUpdates(t *testing.T) {
	for name, change := range map[string]func(*agent.Config){
		"per task":  func(c *agent.Config) { c.Bounds.UpdatesPerTask = 3 },
		"per agent": func(c *agent.Config) { c.Bounds.Updates = 3 },
	} {
		r := running(t, change)
		for n := range byte(3) {
			r.update(execLink, "t1", msg.TaskRunning, n+2)
		}
		r.update(execLink, "t1", msg.TaskRunning, 9)
		require.Equal(t, "close 100", r.text(), name)
		r.update(execLink, "t1", msg.TaskRunning, 10)
		require.Empty(t, r.lines(), "what still comes on the link is dropped")
		r.ack("t1", 2)
		r.step(msg.LinkDown{Link: execLink})
		r.step(msg.LinkUp{Link: 101, Peer: "x"})
		r.exec(101, msg.SubscribeExecutor{Framework: "F1", Executor: "e1", Container: r.starts["e1"].Container,
			Updates: []msg.TaskStatus{{Task: "t1", State: msg.TaskRunning, UUID: uuid(9)}}})
		require.Contains(t, r.text(), "send 101 ACKNOWLEDGED t1 9", name)
	}
}

// docs/protocol.md §18.1: links, frameworks, tasks, operations and data have bounds. Tasks and operations beyond are answered,
// so that the master does not wait for them for ever.
// docs/protocol.md §18.1 the agent's own bounds: tasks, operations
func TestOtherBounds(t *testing.T) {
	r := running(t, func(c *agent.Config) {
		c.Bounds = agent.Bounds{Links: 2, Frameworks: 1, Tasks: 2, Operations: 1, DataBytes: 10}
	})
	r.step(msg.LinkUp{Link: 50, Peer: "x"})
	r.step(msg.LinkUp{Link: 51, Peer: "x"})
	require.Equal(t, "close 51", r.text())
	other := run(true, "t2")
	other.Framework.ID = "F2"
	to := func(b msg.Message) error { return r.try(msg.Envelope{Link: r.link, Body: b}) }
	dropped := func(id msg.TaskID) {
		t.Helper()
		require.Contains(t, r.text(), string(id)+" TASK_DROPPED by agent TASK_INVALID")
	}
	r.master(other)
	dropped("t2")
	require.True(t, r.sent(msg.ExitedExecutor{Framework: "F2", Executor: "e1", Status: -1}), r.text())
	r.master(run(false, "t2", "t3"))
	dropped("t2")
	dropped("t3")
	require.Len(t, r.last.Sends, 2, "the executor is there, and stays")
	command := run(true, "t2", "t3")
	for i := range command.Tasks {
		command.Tasks[i].Executor, command.Tasks[i].Command = nil, &msg.CommandInfo{Value: "x"}
	}
	command.Framework.Capabilities = msg.Capabilities{}
	r.master(command)
	require.Equal(t, []string{"t2", "t3"}, []string{string(r.updates()[0].Status.Executor), string(r.updates()[1].Status.Executor)})
	require.Equal(t, msg.TaskLost, r.updates()[0].Status.State)
	require.Len(t, r.last.Sends, 2)
	require.Len(t, r.m.Tasks(), 1)
	big := msg.ToExecutor{Executor: msg.ExecutorRef{Framework: "F1", Executor: "e1"}, Data: make([]byte, 11)}
	require.ErrorIs(t, to(big), agent.ErrBound)
	require.ErrorIs(t, r.try(msg.Envelope{Link: execLink, Body: msg.ExecutorMessage{Data: big.Data}}), agent.ErrBound)
	r.apply(1, reservation.Create{Volumes: volume("v1", "d", 1)})
	r.apply(2, reservation.Create{Volumes: volume("v2", "d", 1)})
	require.Contains(t, r.text(), "OPERATION 2 "+agent.ErrBound.Error())
	require.Empty(t, r.last.Volumes)
}

// docs/protocol.md §4.4, §10, §18.1: where there is no room for a task that is not here, the agent says so all the same, once.
func TestAnswersForUnknownTasksWithoutRoom(t *testing.T) {
	r := running(t, func(c *agent.Config) { c.Bounds = agent.Bounds{Frameworks: 1, Tasks: 1} })
	r.master(msg.KillTask{Framework: "F1", Task: "t2"})
	require.Equal(t, "send 1 UPDATE t2 TASK_DROPPED by agent EXECUTOR_TERMINATED: no executor here runs it", r.text())
	r.step(msg.LinkDown{Link: r.link, Peer: "m1"})
	r.advance(time.Second)
	r.connect()
	r.advance(2 * time.Second)
	r.master(msg.AgentReregistered{Agent: "S1", Reconcile: []msg.RunningTask{
		{Framework: "F1", Task: "t1"}, {Framework: "F1", Task: "t2"}, {Framework: "F2", Task: "t2"},
	}})
	require.Len(t, r.updates(), 2)
	for i, u := range r.updates() {
		require.Equal(t, offer.FrameworkID(fmt.Sprint("F", i+1)), u.Framework)
		require.Equal(t, msg.TaskLost, u.Status.State, "their capabilities are not told")
		require.Equal(t, msg.ReasonReconciliation, u.Status.Reason)
	}
	require.Empty(t, r.advance(9*time.Second))
	require.Len(t, r.m.Tasks(), 1)
}

// docs/protocol.md §10: a queued task is killed where it stands, its whole group with it.
func TestKillBeforeDelivery(t *testing.T) {
	r := registered(t)
	b := run(true, "t1", "t2")
	b.Group = true
	r.master(b)
	r.master(run(false, "t3"))
	r.master(msg.KillTask{Framework: "F1", Task: "t2"})
	require.Len(t, r.updates(), 2)
	for _, u := range r.updates() {
		require.Equal(t, msg.TaskKilled, u.Status.State)
		require.Equal(t, msg.ReasonTaskKilledDuringLaunch, u.Status.Reason)
	}
	require.Empty(t, r.last.Stops, "t3 still waits for the executor")
	r.master(msg.KillTask{Framework: "F1", Task: "t3"})
	require.Len(t, r.last.Stops, 1, "it has no task and never had one")
}

// docs/protocol.md §10: a running task's kill goes to its executor with the policy, again when it is repeated.
func TestKillRunning(t *testing.T) {
	r := running(t)
	for range 2 {
		r.master(msg.KillTask{Framework: "F1", Task: "t1", Policy: msg.KillPolicy{Grace: time.Minute}})
		require.True(t, r.sent(msg.KillOnExecutor{Task: "t1", Policy: msg.KillPolicy{Grace: time.Minute}}))
	}
	r.update(execLink, "t1", msg.TaskKilled, 5)
	r.master(msg.KillTask{Framework: "F1", Task: "t1"})
	require.Empty(t, r.lines(), "it has ended")
}

// docs/protocol.md §10: a kill that comes while the executor is out of reach is passed on when it is back, and whenever it comes
// back again before the task's end: what was sent may have been lost with the link.
func TestKillWaitsForALostExecutor(t *testing.T) {
	r := running(t)
	r.step(msg.LinkDown{Link: execLink})
	r.master(msg.KillTask{Framework: "F1", Task: "t1"})
	require.Empty(t, r.lines())
	r.subscribe(101, "e1")
	require.True(t, r.sent(msg.KillOnExecutor{Task: "t1"}), r.text())
	r.step(msg.LinkDown{Link: 101})
	r.subscribe(102, "e1")
	require.True(t, r.sent(msg.KillOnExecutor{Task: "t1"}), r.text())
	r.update(102, "t1", msg.TaskKilled, 7)
	r.step(msg.LinkDown{Link: 102})
	r.subscribe(103, "e1")
	require.False(t, r.sent(msg.KillOnExecutor{Task: "t1"}), "it has ended")
}

// docs/protocol.md §10: a kill that was sent and lost with the link is passed on again, with the policy that was asked for last.
func TestKillLostWithItsLink(t *testing.T) {
	r := running(t)
	r.master(msg.KillTask{Framework: "F1", Task: "t1", Policy: msg.KillPolicy{Grace: time.Minute}})
	last := msg.KillOnExecutor{Task: "t1", Policy: msg.KillPolicy{Grace: time.Second}}
	r.master(msg.KillTask{Framework: "F1", Task: "t1", Policy: last.Policy})
	r.step(msg.LinkDown{Link: execLink})
	r.subscribe(101, "e1")
	require.Equal(t, []msg.KillOnExecutor{last}, sends[msg.KillOnExecutor](r))
}

// docs/protocol.md §10: a task without an executor is answered; of a framework that is not here nothing is known.
func TestKillOfStrangers(t *testing.T) {
	r := running(t)
	r.master(msg.KillTask{Framework: "F1", Task: "t9"})
	require.Equal(t, msg.TaskDropped, r.updates()[0].Status.State)
	require.Equal(t, msg.ReasonExecutorTerminated, r.updates()[0].Status.Reason)
	r.master(msg.KillTask{Framework: "F2", Task: "t9"})
	require.Empty(t, r.lines())
}

// docs/protocol.md §10: SHUTDOWN, the executor's own grace or else 5 s, then the stop; live tasks fail unless the
// executor sent better.
func TestShutdownOfAnExecutor(t *testing.T) {
	for _, grace := range []time.Duration{0, 30 * time.Second} {
		r := registered(t)
		b := run(true, "t1", "t2")
		b.Executor.ShutdownGrace = grace
		r.master(b)
		r.subscribe(execLink, "e1")
		r.master(msg.StopExecutor{Framework: "F1", Executor: "e1"})
		r.update(execLink, "t2", msg.TaskKilled, 1)
		wait := grace
		if wait == 0 {
			wait = 5 * time.Second
		}
		require.Empty(t, grep(r.advance(wait-1), "stop"))
		require.Len(t, grep(r.advance(1), "stop c1"), 1)
		r.step(msg.Exited{Container: r.starts["e1"].Container, Status: 9})
		require.Equal(t, "t1", string(r.updates()[0].Status.Task))
		require.Equal(t, msg.TaskFailed, r.updates()[0].Status.State)
		require.Len(t, r.updates(), 1)
		require.Equal(t, r.starts["e1"].Container, r.updates()[0].Status.Container)
		require.True(t, r.sent(msg.ExitedExecutor{Framework: "F1", Executor: "e1", Status: 9}))
	}
}

// docs/protocol.md §11: tasks queue until the executor has subscribed and then go in order of arrival, a group as one.
func TestQueueInOrderOfArrival(t *testing.T) {
	r := registered(t)
	r.master(run(true, "t2"))
	g := run(false, "t4", "t3")
	g.Group = true
	r.master(g)
	r.master(run(false, "t1"))
	r.subscribe(execLink, "e1")
	require.Equal(t, []string{"send 100 SUBSCRIBED e1 c1 at S1", "send 100 LAUNCH t2", "send 100 LAUNCH t4 t3", "send 100 LAUNCH t1"}, r.lines())
}

// docs/protocol.md §11: on a new stream the older is closed, the updates it brings are taken, delivered tasks that it
// has not heard of are dropped, then SUBSCRIBED.
func TestResubscribeInOrder(t *testing.T) {
	r := running(t)
	r.master(run(false, "t2", "t3"))
	r.step(msg.LinkUp{Link: 101, Peer: "x"})
	r.exec(101, msg.SubscribeExecutor{
		Framework: "F1", Executor: "e1", Container: r.starts["e1"].Container,
		Tasks:   []msg.TaskInfo{taskInfo("t2")},
		Updates: []msg.TaskStatus{{Task: "t9"}, {Task: "t1", State: msg.TaskFinished, UUID: uuid(5)}},
	})
	require.Equal(t, []string{
		"send 1 UPDATE t1 TASK_FINISHED by executor",
		"send 101 ACKNOWLEDGED t1 5",
		"send 1 UPDATE t3 TASK_DROPPED by agent AGENT_RESTARTED: it was lost on its way to the executor",
		"send 101 SUBSCRIBED e1 c1 at S1",
		"close 100",
	}, r.lines())
}

// docs/protocol.md §11: an executor that may not run is told to end, and the link is closed.
func TestSubscribeOfStrangers(t *testing.T) {
	r := running(t)
	right := msg.SubscribeExecutor{Framework: "F1", Executor: "e1", Container: r.starts["e1"].Container}
	wrong := []msg.SubscribeExecutor{{}, right, right, right}
	wrong[1].Framework, wrong[2].Executor, wrong[3].Container = "F2", "e2", "c9"
	for i, b := range wrong {
		l := msg.Link(200 + i)
		r.step(msg.LinkUp{Link: l, Peer: "x"})
		r.exec(l, b)
		require.Len(t, r.last.Closes, 1)
		require.IsType(t, msg.ExecutorShutdown{}, r.last.Sends[0].Body)
	}
	r.master(msg.StopExecutor{Framework: "F1", Executor: "e1"})
	r.step(msg.LinkUp{Link: 300, Peer: "x"})
	r.exec(300, right)
	require.Equal(t, []string{"send 300 ExecutorShutdown{}", "close 300"}, r.lines())
}

// docs/protocol.md §11: an executor that lost its link is waited for if the framework checkpoints, else only to end.
func TestLostExecutorLink(t *testing.T) {
	for _, checkpoint := range []bool{false, true} {
		r := registered(t)
		b := run(true, "t1")
		b.Framework.Checkpoint = checkpoint
		r.master(b)
		r.subscribe(execLink, "e1")
		r.step(msg.LinkDown{Link: execLink})
		wait := map[bool]time.Duration{false: 5 * time.Second, true: 15 * time.Minute}[checkpoint]
		require.Empty(t, r.advance(wait-1))
		require.Len(t, grep(r.advance(1), "stop c1"), 1)
		require.Equal(t, "executor stopping framework=F1 executor=e1: out of reach", r.events[len(r.events)-1].String())
	}
}

// docs/protocol.md §11: a heartbeat every 30 min shows half-open links.
func TestExecutorHeartbeat(t *testing.T) {
	r := running(t, func(c *agent.Config) { c.Timeouts.ExecutorHeartbeat = 10 * time.Minute })
	require.Len(t, grep(r.advance(30*time.Minute), "send 100 Heartbeat"), 3)
}

// docs/protocol.md §11: a command task gets an executor of its own id, its grace the task's and 2 s; nobody is told of
// that executor's end.
func TestCommandTask(t *testing.T) {
	r := registered(t)
	b := run(true, "cmd")
	b.Tasks[0].Executor, b.Tasks[0].Command = nil, &msg.CommandInfo{Value: "true"}
	b.Tasks[0].Kill.Grace = 10 * time.Second
	r.master(b)
	s := r.starts["cmd"]
	require.True(t, s.Command)
	require.Equal(t, "true", s.Executor.Command.Value)
	require.Equal(t, 12*time.Second, s.Executor.ShutdownGrace)
	require.Empty(t, r.m.Executors())
	r.step(msg.Exited{Container: s.Container})
	require.Len(t, r.last.Sends, 1)
	require.Equal(t, msg.TaskFailed, r.updates()[0].Status.State)
}

// docs/protocol.md §11: the executor of a command task may use a bit more than its task, which is not charged: the task may
// have all of the agent.
func TestExtraOfCommandTask(t *testing.T) {
	r := registered(t)
	b := run(true, "cmd")
	b.Tasks[0].Executor, b.Tasks[0].Command = nil, &msg.CommandInfo{Value: "true"}
	b.Tasks[0].Resources = r.m.Total()
	r.master(b)
	extra := resource.MustParse("cpus:0.1;mem:32")
	require.True(t, extra.Equal(r.starts["cmd"].Executor.Resources))
	r.subscribe(execLink, "cmd")
	said := sends[msg.ExecutorSubscribed](r)
	require.Len(t, said, 1)
	require.True(t, extra.Equal(said[0].Executor.Resources))
	require.NoError(t, r.m.Check())
}

// docs/protocol.md §18: a command task that names no grace has 3 s, its executor 2 s more.
func TestGraceOfCommandTask(t *testing.T) {
	r := registered(t)
	b := run(true, "cmd")
	b.Tasks[0].Executor, b.Tasks[0].Command = nil, &msg.CommandInfo{Value: "true"}
	r.master(b)
	require.Equal(t, 5*time.Second, r.starts["cmd"].Executor.ShutdownGrace)
}

// docs/protocol.md §11: a command task may ask for the longest grace there is; 2 s more do not make it none.
func TestEndlessGraceOfCommandTask(t *testing.T) {
	r := registered(t)
	b := run(true, "cmd")
	b.Tasks[0].Executor, b.Tasks[0].Command = nil, &msg.CommandInfo{Value: "true"}
	b.Tasks[0].Kill.Grace = math.MaxInt64
	r.master(b)
	require.Equal(t, time.Duration(math.MaxInt64), r.starts["cmd"].Executor.ShutdownGrace)
}

// docs/protocol.md §11: each run of an executor has a container id and a sandbox of its own, and its id may be reused.
func TestEachRunHasItsOwnContainer(t *testing.T) {
	r := running(t)
	first := r.starts["e1"]
	r.step(msg.Exited{Container: first.Container})
	r.master(run(true, "t2"))
	require.NotEqual(t, first.Container, r.starts["e1"].Container)
	require.NotEqual(t, first.Directory, r.starts["e1"].Directory)
	require.Equal(t, "/w/frameworks/F1/executors/e1/runs/"+string(first.Container), first.Directory)
}

// docs/protocol.md §13: bytes pass where everything on the way runs, and are dropped elsewhere.
func TestMessages(t *testing.T) {
	r := running(t)
	down := msg.ToExecutor{Executor: msg.ExecutorRef{Framework: "F1", Executor: "e1"}, Data: []byte("hi")}
	up := msg.FromExecutor{Executor: msg.ExecutorRef{Framework: "F1", Agent: "S1", Executor: "e1"}, Data: []byte("ho")}
	r.master(down)
	require.True(t, r.sent(msg.ExecutorMessage{Data: []byte("hi")}))
	r.exec(execLink, msg.ExecutorMessage{Data: []byte("ho")})
	require.True(t, r.sent(up))
	r.step(msg.LinkDown{Link: execLink})
	r.master(down)
	require.Empty(t, r.lines())
	r.subscribe(101, "e1")
	r.master(msg.Ping{Connected: false})
	r.master(down)
	require.Empty(t, r.lines(), "the agent is not RUNNING")
	r.exec(101, msg.ExecutorMessage{Data: []byte("ho")})
	require.Empty(t, r.lines())
}

// docs/protocol.md §7: launch_executor that does not fit what is here drops the tasks.
func TestLaunchExecutorDisagrees(t *testing.T) {
	r := running(t)
	r.master(run(true, "t2"))
	require.Equal(t, msg.ReasonExecutorTerminated, r.updates()[0].Status.Reason)
	b := run(false, "t3")
	b.Executor.ID = "e2"
	r.master(b)
	require.Equal(t, msg.TaskDropped, r.updates()[0].Status.State)
	require.Equal(t, msg.ReasonExecutorTerminated, r.updates()[0].Status.Reason)
}

// docs/protocol.md §8: frameworks without PARTITION_AWARE hear LOST where others hear DROPPED.
func TestDroppedIsLostForOldFrameworks(t *testing.T) {
	r := registered(t)
	b := run(false, "t1")
	b.Framework.Capabilities.PartitionAware = false
	r.master(b)
	require.Equal(t, msg.TaskLost, r.updates()[0].Status.State)
}

// docs/protocol.md §8: a task that needs what the agent does not have is dropped, RESOURCES_UNKNOWN.
func TestUnknownResources(t *testing.T) {
	r := running(t)
	b := run(false, "t2")
	b.Tasks[0].Resources = volume("v9", "data", 10)
	r.master(b)
	require.Equal(t, msg.ReasonResourcesUnknown, r.updates()[0].Status.Reason)
}

// docs/protocol.md §7: malformed launches are refused whole and change nothing.
func TestMalformedRun(t *testing.T) {
	r := running(t)
	for _, b := range []msg.RunTasks{
		{}, run(false), run(false, "a/b"), run(false, "t1"), run(false, "t2", "t2"),
		{Framework: frameworkInfo(), Tasks: []msg.TaskInfo{taskInfo("t2")}},
	} {
		require.Error(t, r.try(msg.Envelope{Link: r.link, Body: b}))
		require.Empty(t, r.lines())
	}
	require.Len(t, r.m.Tasks(), 1)
}
