package inproc_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// running puts task-1 of a framework on agent-1 and lets it run.
func running(t *testing.T, c *inproc.Cluster, f msg.FrameworkInfo) (*recorder, framework.Driver) {
	t.Helper()
	s := &recorder{}
	c.AddAgent("agent-1", machine(), host.Executors{"worker": func(i host.StartInfo) framework.Executor {
		s.worker = &worker{info: i}
		return s.worker
	}})
	s.launch(task("task-1", "worker"))
	d := c.AddScheduler(f, s)
	c.Advance(2 * time.Second)
	require.Equal(t, "registered; task-1 TASK_RUNNING ", s.heard())
	return s, d
}

// lasting describes a framework whose tasks survive what can be survived.
func lasting() msg.FrameworkInfo {
	f := info("web")
	f.FailoverTimeout, f.Checkpoint = time.Hour, true
	return f
}

// The link between agent and master breaks: the task runs on, and what it reports meanwhile arrives afterwards.
// docs/protocol.md §19
func TestAgentLinkLoss(t *testing.T) {
	c, timeline := newCluster(t, 1)
	s, d := running(t, c, lasting())
	c.Network().Cut("agent-1", "master")
	c.Advance(20 * time.Second)
	require.Empty(t, s.heard())
	c.Network().Heal("agent-1", "master")
	c.Advance(time.Minute)
	require.Empty(t, s.heard())
	inOrder(t, timeline.String(), "agent-1: disconnected", "agent-1: sends ReregisterAgent", "agent-1: reregistered")
	require.NoError(t, d.Message(msg.ExecutorRef{Agent: s.agents[0], Executor: "worker"}, []byte("end task-1")))
	c.Settle()
	require.Contains(t, s.heard(), "task-1 TASK_FINISHED")
}

// A partition that outlasts the pings makes the agent unreachable; when it heals the task is back.
// docs/protocol.md §19
func TestPartitionLongerThanThePings(t *testing.T) {
	c, _ := newCluster(t, 1)
	s, _ := running(t, c, lasting())
	c.Network().Cut("agent-1", "master")
	c.Advance(11 * time.Minute)
	require.Equal(t, "task-1 TASK_UNREACHABLE AGENT_REMOVED; agent lost", s.heard())
	c.Network().Heal("agent-1", "master")
	c.Advance(2 * time.Minute)
	require.Equal(t, "task-1 TASK_RUNNING AGENT_REREGISTERED", s.heard())
}

// A partition that nobody notices: below 75 s nothing changes; above, the pings tell.
// docs/protocol.md §4.5
func TestSilentPartition(t *testing.T) {
	c, timeline := newCluster(t, 1)
	s, _ := running(t, c, lasting())
	c.Network().Stall("agent-1", "master")
	c.Advance(55 * time.Second)
	c.Network().Resume("agent-1", "master")
	c.Advance(time.Minute)
	require.Empty(t, s.heard())
	require.NotContains(t, timeline.String(), "lost its link")
	c.Network().Stall("master", "agent-1")
	c.Advance(3 * time.Minute)
	require.Equal(t, "task-1 TASK_UNREACHABLE AGENT_REMOVED; agent lost", s.heard())
	c.Network().Resume("agent-1", "master")
	c.Advance(2 * time.Minute)
	require.Equal(t, "task-1 TASK_RUNNING AGENT_REREGISTERED", s.heard())
}

// The stream of a scheduler breaks: it subscribes again under the same id, and misses no update.
// docs/protocol.md §19
func TestSchedulerLinkLoss(t *testing.T) {
	c, _ := newCluster(t, 1)
	s, _ := running(t, c, lasting())
	c.Network().Cut("scheduler-1", "master")
	require.NoError(t, s.worker.d.SendStatus(msg.TaskStatus{Task: "task-1", State: msg.TaskFinished}))
	c.Advance(30 * time.Second)
	require.Equal(t, "disconnected", s.heard())
	c.Network().Heal("scheduler-1", "master")
	c.Advance(2 * time.Minute)
	require.Equal(t, "reregistered; task-1 TASK_FINISHED ", s.heard())
}

// A scheduler dies; another takes its framework over: same id, the task runs on, its unacknowledged update comes again.
// docs/protocol.md §3.1
func TestSchedulerFailover(t *testing.T) {
	c, _ := newCluster(t, 1)
	s, _ := running(t, c, lasting())
	c.Kill("scheduler-1")
	require.NoError(t, s.worker.d.SendStatus(msg.TaskStatus{Task: "task-1", State: msg.TaskFinished}))
	c.Advance(time.Minute)
	next := &recorder{}
	f := lasting()
	f.ID = s.id
	c.AddScheduler(f, next)
	c.Advance(time.Second)
	require.Equal(t, "registered; task-1 TASK_FINISHED ", next.heard())
	require.Equal(t, s.id, next.id)
	require.Empty(t, s.heard())
}

// Two schedulers with one id: the last to subscribe wins, the other is told and must stop.
// docs/protocol.md §19
func TestSecondSchedulerWins(t *testing.T) {
	c, _ := newCluster(t, 1)
	s, d := running(t, c, lasting())
	next := &recorder{}
	f := lasting()
	f.ID = s.id
	second := c.AddScheduler(f, next)
	c.Advance(time.Second)
	require.Equal(t, "error Framework failed over", s.heard())
	require.Equal(t, "registered", next.heard())
	var ended *framework.StatusError
	require.ErrorAs(t, d.Reconcile(), &ended)
	require.Equal(t, msg.DriverAborted, ended.Status)
	require.NoError(t, second.Reconcile())
	c.Settle()
	require.Equal(t, "task-1 TASK_RUNNING RECONCILIATION", next.heard())
}

// A scheduler that does not come back within its failover timeout loses its framework and all that ran for it.
// docs/protocol.md §3.2
func TestFailoverTimeout(t *testing.T) {
	c, timeline := newCluster(t, 1)
	_, d := running(t, c, lasting())
	require.Equal(t, msg.DriverStopped, d.Stop(true))
	c.Advance(59 * time.Minute)
	require.Len(t, c.Nodes(), 3, "agent, executor, master: %v", c.Nodes())
	c.Advance(2 * time.Minute)
	require.Equal(t, []msg.Node{"agent-1", "master"}, c.Nodes())
	require.Contains(t, timeline.String(), "removed")
}

// An agent stops cleanly: its executors end first, and it says goodbye.
// docs/protocol.md §4.5
func TestAgentStops(t *testing.T) {
	c, timeline := newCluster(t, 1)
	s, _ := running(t, c, lasting())
	c.StopAgent("agent-1")
	c.Advance(time.Minute)
	require.Equal(t, []msg.Node{"master", "scheduler-1"}, c.Nodes())
	heard := s.heard()
	require.Contains(t, heard, "agent lost")
	inOrder(t, timeline.String(), "callback OnShutdown", "agent-1: sends UnregisterAgent", "master: agent ")
}

// The machine of an agent is destroyed with all that runs on it.
// docs/protocol.md §19
func TestAgentDies(t *testing.T) {
	c, _ := newCluster(t, 1)
	s, _ := running(t, c, lasting())
	for _, n := range c.Nodes() {
		if n != "master" && n != "scheduler-1" {
			c.Kill(n)
		}
	}
	c.Advance(11 * time.Minute)
	require.Equal(t, "task-1 TASK_UNREACHABLE AGENT_REMOVED; agent lost", s.heard())
	c.AddAgent("agent-1", machine(), workers)
	s.launch(task("task-2", "worker"))
	c.Advance(time.Minute)
	require.Equal(t, "task-2 TASK_RUNNING ", s.heard())
	require.NotEqual(t, s.agents[0], s.agents[len(s.agents)-1], "a new agent has a new id")
}

// An executor that ends by itself: its task ends with it, and its framework is told.
// docs/protocol.md §11
func TestExecutorStops(t *testing.T) {
	c, _ := newCluster(t, 1)
	s, d := running(t, c, lasting())
	require.NoError(t, d.Message(msg.ExecutorRef{Agent: s.agents[0], Executor: "worker"}, []byte("stop")))
	c.Advance(time.Second)
	heard := s.heard()
	require.Contains(t, heard, "task-1 TASK_FAILED EXECUTOR_TERMINATED")
	require.Contains(t, heard, "executor worker lost 0")
}

// An executor that is killed: status 9.
// docs/protocol.md §19
func TestExecutorDies(t *testing.T) {
	c, _ := newCluster(t, 1)
	s, _ := running(t, c, lasting())
	c.Kill(c.Nodes()[1]) // agent-1/<container>
	c.Advance(time.Second)
	heard := s.heard()
	require.Contains(t, heard, "task-1 TASK_FAILED EXECUTOR_TERMINATED")
	require.Contains(t, heard, "executor worker lost 9")
}
