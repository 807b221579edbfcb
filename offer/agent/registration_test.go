package agent_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
)

// docs/protocol.md §1: entropy has no default, and zero is refused; so is what an agent cannot be.
func TestConfigIsChecked(t *testing.T) {
	for name, change := range map[string]func(*agent.Config){
		"entropy": func(c *agent.Config) { c.Entropy = [16]byte{} },
		"node":    func(c *agent.Config) { c.Node = "" },
		"id":      func(c *agent.Config) { c.Info.ID = "S1" },
		"timeout": func(c *agent.Config) { c.Timeouts.UpdateRetry = -1 },
		"bound":   func(c *agent.Config) { c.Bounds.Tasks = -1 },
	} {
		cfg := config()
		change(&cfg)
		_, err := agent.New(cfg)
		require.ErrorIs(t, err, agent.ErrConfig, name)
	}
}

// docs/protocol.md §18: the defaults.
func TestDefaultTimes(t *testing.T) {
	require.Equal(t, agent.Timeouts{
		RegistrationBackoff: time.Second, RegistrationBackoffCap: time.Minute, ExecutorRegistration: time.Minute,
		ExecutorShutdownGrace: 5 * time.Second, ExecutorRecovery: 15 * time.Minute, ExecutorHeartbeat: 30 * time.Minute,
		UpdateRetry: 10 * time.Second, UpdateRetryCap: 10 * time.Minute,
		Record: 20 * time.Second, ExecutorReregistration: 2 * time.Second,
	}, agent.DefaultTimeouts())
}

// docs/protocol.md §4.3: the first request comes within 1 s, the n-th wait is at most 1 s * 2^n and at most 1 min.
func TestRegistrationIsRetriedWithBackoff(t *testing.T) {
	r := newRig(t)
	r.dial()
	bound, last, longest := time.Second, r.now, time.Duration(0)
	for range 40 {
		at, on := r.m.NextDeadline()
		require.True(t, on)
		require.LessOrEqual(t, at.Sub(last), bound)
		longest = max(longest, at.Sub(last))
		r.now, last = at, at
		r.step(msg.Tick{})
		require.Len(t, r.last.Sends, 1)
		require.IsType(t, msg.RegisterAgent{}, r.last.Sends[0].Body)
		bound = min(2*bound, time.Minute)
	}
	require.Greater(t, longest, 30*time.Second)
}

// docs/protocol.md §4.3: a changed leader restarts the registration, at once and with the first bound.
func TestChangedLeaderRestartsRegistration(t *testing.T) {
	r := newRig(t)
	r.dial()
	r.advance(time.Hour) // in vain
	r.step(msg.Leader{Master: "m2"})
	require.Equal(t, agent.Disconnected, r.m.State())
	require.Equal(t, []string{"dial m2", "close 1"}, r.lines())
	r.step(msg.LinkUp{Link: 2, Peer: "m2"})
	at, _ := r.m.NextDeadline()
	require.LessOrEqual(t, at.Sub(r.now), time.Second)
}

// docs/protocol.md §2.1: each dial is answered. A link to a leader that has changed meanwhile is closed when it comes up, and
// is nobody's; one to a leader that is back is used.
func TestLateAnswersToDials(t *testing.T) {
	r := newRig(t)
	up := func(l msg.Link, n msg.Node) string {
		r.step(msg.LinkUp{Link: l, Peer: n})
		return r.text()
	}
	r.step(msg.Leader{Master: "m1"})
	r.step(msg.Leader{Master: "m2"})
	require.Equal(t, "close 1", up(1, "m1"))
	require.ErrorIs(t, r.try(msg.Envelope{Link: 1, Body: msg.Ping{}}), agent.ErrInput)
	r.step(msg.Leader{Master: "m1"})
	r.step(msg.LinkDown{Peer: "m2"}) // of the dial to m2
	require.Empty(t, up(2, "m1"))

	r.step(msg.Leader{Master: "m3"})
	r.step(msg.Leader{Master: "m1"})
	r.step(msg.Leader{Master: "m3"})
	r.step(msg.LinkDown{Peer: "m3"})
	require.Empty(t, up(3, "m3"), "the second dial to m3 is answered")
	require.Equal(t, "close 4", up(4, "m1"))
	require.Empty(t, up(5, "m1"), "nobody dialed: a stranger")
	r.advance(time.Minute)
	require.Contains(t, r.text(), "send 3 REGISTER")
}

// docs/protocol.md §4.3: another id than the agent's own stops it with an error.
func TestAnotherAgentIDStopsTheAgent(t *testing.T) {
	r := registered(t)
	r.step(msg.LinkDown{Link: 1, Peer: "m1"})
	r.advance(time.Second)
	r.connect()
	r.advance(2 * time.Second)
	r.master(msg.AgentReregistered{Agent: "S2"})
	require.True(t, r.exit)
	require.ErrorIs(t, r.err, agent.ErrAgentID)
	require.ErrorIs(t, r.try(msg.Tick{}), agent.ErrStopped)
}

// docs/protocol.md §4.3: a repeated answer changes nothing; one that was not asked for is refused.
func TestRepeatedAndUnaskedAnswers(t *testing.T) {
	r := registered(t)
	r.master(msg.AgentRegistered{Agent: "S1"})
	require.Empty(t, r.lines())
	q := newRig(t)
	q.dial()
	require.ErrorIs(t, q.try(msg.Envelope{Link: q.link, Body: msg.AgentRegistered{Agent: "S1"}}), agent.ErrInput)
	require.Equal(t, agent.Disconnected, q.m.State())
}

// docs/protocol.md §4.3: after success the total is told, if it changed since the request.
func TestTotalIsToldAfterRegistration(t *testing.T) {
	r := registered(t)
	r.step(msg.LinkDown{Link: 1, Peer: "m1"})
	r.advance(time.Second)
	r.connect()
	r.advance(2 * time.Second)
	r.apply(1, reserve("cpus:1", "cpus(etl):1"))
	require.Empty(t, r.lines(), "there is nobody to tell before the admission")
	r.master(msg.AgentReregistered{Agent: "S1"})
	require.True(t, r.sent(msg.UpdateAgent{Total: r.m.Total()}), r.text())
}

// docs/protocol.md §14: an operation that is done after a re-registration that left it out is followed by the total; any
// other is told by its answer alone.
func TestTotalFollowsAnOperationOfBefore(t *testing.T) {
	r := registered(t)
	r.apply(1, reservation.Create{Volumes: volume("v1", "data", 10)})
	r.step(msg.LinkDown{Link: 1, Peer: "m1"})
	r.advance(time.Second)
	r.connect()
	r.advance(2 * time.Second)
	r.master(msg.AgentReregistered{Agent: "S1"})
	require.Empty(t, r.lines())
	r.apply(2, reserve("cpus:1", "cpus(etl):1"))
	before := r.m.Total()
	r.volumeDone(1, "")
	after, err := reservation.Convert(before, reservation.Create{Volumes: volume("v1", "data", 10)})
	require.NoError(t, err)
	var sent []msg.Message
	for _, e := range r.last.Sends {
		sent = append(sent, e.Body)
	}
	require.Equal(t, []msg.Message{msg.OperationUpdate{UUID: uuid(1)}, msg.UpdateAgent{Total: after}, msg.OperationUpdate{UUID: uuid(2)}}, sent)
}

// docs/protocol.md §14: an operation that is done while the agent asks for admission anew on the link it came by is answered
// there, before the total that has it.
func TestOperationIsAnsweredWhileAskingAnew(t *testing.T) {
	r := registered(t)
	r.apply(1, reservation.Create{Volumes: volume("v1", "data", 10)})
	r.master(msg.Ping{Connected: false})
	require.Equal(t, agent.Disconnected, r.m.State())
	r.volumeDone(1, "")
	require.Equal(t, "send 1 OPERATION 1 ", r.text())
	asked := r.advance(time.Minute)
	require.Contains(t, asked[0], "REREGISTER S1 "+r.m.Total().String())
}

// docs/protocol.md §4.4: tasks that the agent does not know are answered, worded for the framework.
func TestReconciledTasks(t *testing.T) {
	r := registered(t)
	for _, pa := range []bool{true, false} {
		r.step(msg.LinkDown{Link: r.link, Peer: "m1"})
		r.advance(time.Second)
		r.connect()
		r.advance(2 * time.Second)
		id := msg.TaskID(map[bool]string{true: "a", false: "b"}[pa])
		r.master(msg.AgentReregistered{Agent: "S1", Reconcile: []msg.RunningTask{
			{Framework: offer.FrameworkID("F" + id), Task: id, Capabilities: msg.Capabilities{PartitionAware: pa}},
		}})
		us := r.updates()
		u := us[len(us)-1].Status
		require.Equal(t, map[bool]msg.TaskState{true: msg.TaskDropped, false: msg.TaskLost}[pa], u.State)
		require.Equal(t, msg.ReasonReconciliation, u.Reason)
		require.Equal(t, msg.SourceAgent, u.Source)
		require.False(t, u.UUID.IsZero(), "it is sent again until acknowledged")
	}
}

// docs/protocol.md §4.4: the report holds queued tasks as STAGING, launched ones, and terminal ones not acknowledged;
// executors, but not those of command tasks.
func TestReportOfReregistration(t *testing.T) {
	r := running(t)
	r.master(run(false, "t2", "t3"))
	r.update(execLink, "t2", msg.TaskFinished, 2)
	b := run(true, "cmd")
	b.Tasks[0].Executor, b.Tasks[0].Command = nil, &msg.CommandInfo{Value: "true"}
	r.master(b)
	var got []string
	for _, x := range r.m.Tasks() {
		got = append(got, string(x.Info.ID)+" "+x.State.String())
	}
	require.Equal(t, []string{"cmd TASK_STAGING", "t1 TASK_RUNNING", "t2 TASK_FINISHED", "t3 TASK_STAGING"}, got)
	require.Equal(t, uuid(2), r.m.Tasks()[2].Forwarded.UUID)
	require.Len(t, r.m.Executors(), 1)
	require.Equal(t, msg.ExecutorID("e1"), r.m.Executors()[0].Info.ID)
	require.Len(t, r.m.Frameworks(), 1)
}

// docs/protocol.md §4.5: pings are answered; silence for the time that the master gave makes the agent look again, and
// no task is killed for it.
func TestPings(t *testing.T) {
	r := running(t)
	r.step(msg.LinkDown{Link: 1, Peer: "m1"})
	r.advance(time.Second)
	r.connect()
	r.advance(2 * time.Second)
	r.master(msg.AgentReregistered{Agent: "S1", PingTimeout: 75 * time.Second})
	for range 10 {
		r.advance(70 * time.Second)
		r.master(msg.Ping{Connected: true})
		require.Equal(t, "send 2 Pong{}", r.text())
	}
	require.Equal(t, agent.Running, r.m.State())
	r.advance(75 * time.Second)
	require.Equal(t, agent.Disconnected, r.m.State())
	require.Len(t, r.m.Tasks(), 1)
}

// docs/protocol.md §2: what does not come from the master on its link is refused, and changes nothing.
func TestOnlyTheMasterCommands(t *testing.T) {
	r := running(t)
	r.step(msg.LinkUp{Link: 7, Peer: "m2"})
	for _, l := range []msg.Link{execLink, 7, 8, 0} {
		require.ErrorIs(t, r.try(msg.Envelope{Link: l, Body: msg.KillTask{Framework: "F1", Task: "t1"}}), agent.ErrInput)
		require.ErrorIs(t, r.try(msg.Envelope{Link: l, Body: msg.ShutdownAgent{}}), agent.ErrInput)
		require.Empty(t, r.lines())
	}
	require.ErrorIs(t, r.try(msg.Envelope{Link: 7, Body: msg.ExecutorMessage{}}), agent.ErrInput)
	require.ErrorIs(t, r.try(msg.Envelope{Link: r.link, Body: msg.ExecutorUpdate{}}), agent.ErrInput)
}

// docs/protocol.md §2: Shutdown makes the agent kill all executors and stop for good.
func TestShutdownEndsExecutorsFirst(t *testing.T) {
	r := running(t)
	r.master(msg.ShutdownAgent{Message: "x"})
	require.Equal(t, agent.Terminating, r.m.State())
	require.Equal(t, "send 100 ExecutorShutdown{}", r.text())
	r.master(run(true, "t2"))
	require.Empty(t, r.lines(), "nothing new is begun")
	require.Contains(t, r.advance(5*time.Second), "6s stop c1")
	r.step(msg.Exited{Container: r.starts["e1"].Container})
	require.ErrorIs(t, r.err, agent.ErrShutdown)
	require.True(t, r.exit)
}

// docs/protocol.md §2: a clean stop says goodbye, after the terminal updates.
func TestStopSaysGoodbye(t *testing.T) {
	r := running(t)
	r.step(msg.StopAgent{})
	r.step(msg.Exited{Container: r.starts["e1"].Container, Status: 3})
	require.Equal(t, []string{
		"send 1 UPDATE t1 TASK_FAILED by agent EXECUTOR_TERMINATED: its executor ended",
		"send 1 ExitedExecutor{Framework:F1 Executor:e1 Status:3}",
		"send 1 UnregisterAgent{Agent:S1}",
		"close 100", "close 1", "exit <nil>",
	}, r.lines())
}

// docs/protocol.md §4.1: while DISCONNECTED the agent runs on: it takes executors' updates and the believed master's
// tasks and kills, answers pings, and drops acknowledgements and messages.
func TestDisconnectedAgentRunsOn(t *testing.T) {
	r := running(t)
	r.master(msg.Ping{Connected: false})
	require.Equal(t, agent.Disconnected, r.m.State())
	r.update(execLink, "t1", msg.TaskRunning, 2)
	require.Equal(t, "send 100 ACKNOWLEDGED t1 2", r.text())
	r.ack("t1", 2)
	require.Equal(t, msg.TaskRunning, r.m.Tasks()[0].State)
	r.master(run(false, "t2"))
	require.Equal(t, "send 100 LAUNCH t2", r.text())
	r.master(msg.KillTask{Framework: "F1", Task: "t2"})
	require.True(t, r.sent(msg.KillOnExecutor{Task: "t2"}))
	r.master(msg.Ping{Connected: true})
	require.Equal(t, "send 1 Pong{}", r.text())
	r.advance(time.Second)
	r.master(msg.AgentReregistered{Agent: "S1"})
	require.Len(t, r.updates(), 1, "the update is still to be acknowledged")
	require.Equal(t, uuid(2), r.updates()[0].Status.UUID)
}

// docs/protocol.md §3.3: what the agent reports is worded for the framework's capabilities.
func TestWordingFollowsCapabilities(t *testing.T) {
	for pa, want := range map[bool]msg.TaskState{true: msg.TaskDropped, false: msg.TaskLost} {
		r := registered(t)
		b := run(false, "t1")
		b.Framework.Capabilities.PartitionAware = pa
		r.master(b)
		require.Equal(t, want, r.updates()[0].Status.State)
	}
}
