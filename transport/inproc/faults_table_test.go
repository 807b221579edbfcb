package inproc_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/inproc"
)

// The table of faults of docs/protocol.md §19, row by row: what is guaranteed is asserted, what is not is not relied on. Books
// are checked after every step. Rows whose tests are elsewhere name them there.

// executor is the node of the one executor that runs, "" if there is none.
func executor(c *inproc.Cluster) msg.Node {
	for _, n := range c.Nodes() {
		if strings.HasPrefix(string(n), "agent-1/") {
			return n
		}
	}
	return ""
}

// hold lets a scheduler keep the next offer, and returns it.
func hold(t *testing.T, c *inproc.Cluster, s *recorder) (held msg.Offer) {
	t.Helper()
	s.onOffer = func(_ framework.Driver, o msg.Offer) bool {
		s.onOffer, held = nil, o
		return true
	}
	c.Advance(7 * time.Second) // a refusal lasts 5
	require.NotEmpty(t, held.ID)
	return held
}

// lose drops what one node says to another while do runs, and their link with it.
func lose(c *inproc.Cluster, from, to msg.Node, do func()) {
	c.Network().Mute(from, to)
	do()
	c.Settle()
	c.Network().Break(from, to)
	c.Network().Unmute(from, to)
}

// state is the newest state of a task in the master's books, and whether it is there.
func state(c *inproc.Cluster, id msg.TaskID) (msg.TaskState, bool) {
	for _, t := range c.Master().Tasks() {
		if t.ID == id {
			return t.State, true
		}
	}
	return 0, false
}

// docs/protocol.md §19 row "scheduler dies, new instance within failover_timeout": same id, all tasks keep running, un-acked updates are
// delivered again.
func TestFaultSchedulerDies(t *testing.T) {
	c, _ := newCluster(t, 1)
	s, _ := running(t, c, lasting())
	old := hold(t, c, s)
	c.Kill("scheduler-1")
	require.NoError(t, s.worker.d.SendStatus(msg.TaskStatus{Task: "task-1", State: msg.TaskRunning, Message: "healthy"}))
	c.Advance(59 * time.Minute)
	next, f := &recorder{}, lasting()
	f.ID = s.id
	d := c.AddScheduler(f, next)
	c.Settle()
	require.Equal(t, "registered; task-1 TASK_RUNNING ", next.heard())
	require.Equal(t, s.id, next.id)
	require.Equal(t, "healthy", next.status[0].Message)
	is, there := state(c, "task-1")
	require.True(t, there)
	require.Equal(t, msg.TaskRunning, is)
	x := task("task-2", "worker")
	x.Agent = old.Agent
	require.NoError(t, d.Launch([]msg.OfferID{old.ID}, msg.Filters{}, x))
	c.Settle()
	require.Equal(t, "task-2 TASK_DROPPED INVALID_OFFERS", next.heard(), "old offers are not kept")
}

// docs/protocol.md §19 row "scheduler dies, time-out passes": all its tasks and executors are shut down, on reachable agents then, on
// others when they return.
func TestFaultSchedulerStaysAway(t *testing.T) {
	for _, away := range []bool{false, true} {
		c, _ := newCluster(t, 1)
		s, _ := running(t, c, lasting())
		c.Kill("scheduler-1")
		if away {
			c.Network().Cut("agent-1", "master")
		}
		c.Advance(59 * time.Minute)
		require.NotEmpty(t, executor(c))
		c.Advance(2 * time.Minute)
		require.Equal(t, away, executor(c) != "")
		require.Empty(t, c.Master().Frameworks())
		c.Network().Heal("agent-1", "master")
		c.Advance(2 * time.Minute)
		require.Empty(t, executor(c))
		require.Empty(t, c.Master().Tasks())
		next, f := &recorder{}, lasting()
		f.ID = s.id
		c.AddScheduler(f, next)
		c.Settle()
		require.Contains(t, next.heard(), "error ")
	}
}

// docs/protocol.md §19 row "two schedulers with one id": the last SUBSCRIBE wins, the other gets ERROR and stops.
func TestFaultTwoSchedulers(t *testing.T) {
	c, _ := newCluster(t, 1)
	s, d := running(t, c, lasting())
	next, f := &recorder{}, lasting()
	f.ID = s.id
	c.AddScheduler(f, next)
	c.Advance(time.Minute)
	require.Equal(t, "error Framework failed over", s.heard())
	require.Equal(t, "registered", next.heard())
	require.Error(t, d.Reconcile())
	require.NotContains(t, c.Nodes(), msg.Node("scheduler-1"))
	require.NoError(t, s.worker.d.SendStatus(msg.TaskStatus{Task: "task-1", State: msg.TaskFinished}))
	c.Settle()
	require.Equal(t, "task-1 TASK_FINISHED ", next.heard())
	require.Empty(t, s.heard())
}

// docs/protocol.md §19 row "stream breaks, scheduler alive": same id, tasks run on, updates meanwhile come after it.
func TestFaultStreamBreaks(t *testing.T) {
	c, _ := newCluster(t, 1)
	s, _ := running(t, c, lasting())
	id := s.id
	c.Network().Break("scheduler-1", "master")
	require.NoError(t, s.worker.d.SendStatus(msg.TaskStatus{Task: "task-1", State: msg.TaskFinished}))
	c.Advance(time.Minute)
	require.Equal(t, "disconnected; reregistered; task-1 TASK_FINISHED ", s.heard())
	require.Equal(t, id, s.id)
	require.Len(t, c.Master().Frameworks(), 1)
}

// docs/protocol.md §19 row "leader dies, standby elected": agents, weights, gone lists kept; tasks and frameworks rebuilt, updates
// re-sent, no task killed; offers are void.
func TestFaultLeaderDies(t *testing.T) {
	c, timeline := newCluster(t, 1)
	s, d := running(t, c, lasting())
	c.AddAgent("agent-2", machine(), workers)
	c.Advance(2 * time.Second)
	var gone offer.AgentID
	for _, a := range c.Master().Agents() {
		if a.Node == "agent-2" {
			gone = a.Info.ID
		}
	}
	require.NoError(t, c.Operate(msg.MarkAgentGone{Agent: gone}))
	require.NoError(t, c.Operate(msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: 3}}}))
	old, agents := hold(t, c, s), c.Master().Agents()
	s.heard()

	c.Kill("master")
	c.Settle()
	require.NoError(t, s.worker.d.SendStatus(msg.TaskStatus{Task: "task-1", State: msg.TaskRunning, Message: "healthy"}))
	c.Advance(time.Minute)
	require.NotNil(t, c.AddMaster(master.Config{}))
	c.Advance(2 * time.Minute)
	require.Equal(t, "disconnected; reregistered; task-1 TASK_RUNNING ", s.heard())
	require.Equal(t, agents[0].Info.ID, c.Master().Agents()[0].Info.ID)
	require.Equal(t, []role.Weight{{Role: "web", Weight: 3}}, c.Master().Remembered().Weights)
	require.Equal(t, gone, c.Master().Remembered().Gone[0].ID)
	is, there := state(c, "task-1")
	require.True(t, there)
	require.Equal(t, msg.TaskRunning, is)
	require.NotContains(t, timeline.String(), "sends KillTask")
	x := task("task-2", "worker")
	x.Agent = old.Agent
	require.NoError(t, d.Launch([]msg.OfferID{old.ID}, msg.Filters{}, x))
	c.Settle()
	require.Equal(t, "task-2 TASK_DROPPED INVALID_OFFERS", s.heard())
}

// docs/protocol.md §19 row "all masters down": tasks and executors run on; agents keep updates, however long it takes.
func TestFaultAllMastersDown(t *testing.T) {
	c, _ := newCluster(t, 1)
	s, _ := running(t, c, lasting())
	c.Kill("master")
	c.Advance(time.Hour)
	require.NotEmpty(t, executor(c))
	require.NoError(t, s.worker.d.SendStatus(msg.TaskStatus{Task: "task-1", State: msg.TaskRunning, Message: "one"}))
	require.NoError(t, s.worker.d.SendStatus(msg.TaskStatus{Task: "task-1", State: msg.TaskFinished, Message: "two"}))
	c.Advance(23 * time.Hour)
	require.Equal(t, "disconnected", s.heard())
	require.NotNil(t, c.AddMaster(master.Config{}))
	c.Advance(5 * time.Minute)
	require.Equal(t, "reregistered; task-1 TASK_RUNNING ; task-1 TASK_FINISHED ", s.heard())
}

// docs/protocol.md §19 row "master-agent partition < 75 s": no state change; where the broken link is noticed, offers of that agent are
// rescinded, and tasks of frameworks that do not checkpoint may be lost at once.
func TestFaultShortPartition(t *testing.T) {
	t.Run("noticed", func(t *testing.T) {
		c, _ := newCluster(t, 1)
		s, _ := running(t, c, lasting())
		hold(t, c, s)
		c.Network().Cut("agent-1", "master")
		c.Advance(20 * time.Second) // its next attempt is at most 16 s away
		c.Network().Heal("agent-1", "master")
		c.Advance(2 * time.Minute)
		require.Equal(t, "rescinded", s.heard())
		is, _ := state(c, "task-1")
		require.Equal(t, msg.TaskRunning, is)
	})
	t.Run("silent", func(t *testing.T) {
		c, _ := newCluster(t, 1)
		s, _ := running(t, c, lasting())
		c.Network().Stall("agent-1", "master")
		c.Advance(59 * time.Second)
		c.Network().Resume("agent-1", "master")
		c.Advance(2 * time.Minute)
		require.Empty(t, s.heard())
	})
	t.Run("without checkpoint", func(t *testing.T) {
		c, _ := newCluster(t, 1)
		f := lasting()
		f.Checkpoint = false
		s, _ := running(t, c, f)
		c.Network().Cut("agent-1", "master")
		c.Settle()
		require.Contains(t, s.heard(), "task-1 TASK_LOST AGENT_DISCONNECTED")
	})
}

// docs/protocol.md §19 row "partition > 75 s": UNREACHABLE or LOST and FAILURE; on healing the tasks come back with AGENT_REREGISTERED.
func TestFaultLongPartition(t *testing.T) {
	for _, aware := range []bool{true, false} {
		c, _ := newCluster(t, 1)
		f := lasting()
		f.Capabilities.PartitionAware = aware
		s, _ := running(t, c, f)
		c.Network().Stall("agent-1", "master")
		c.Advance(3 * time.Minute)
		lost := msg.TaskUnreachable.For(f.Capabilities)
		require.Equal(t, "task-1 "+lost.String()+" AGENT_REMOVED; agent lost", s.heard())
		c.Network().Resume("agent-1", "master")
		c.Advance(2 * time.Minute)
		require.Equal(t, "task-1 TASK_RUNNING AGENT_REREGISTERED", s.heard())
		require.NotEmpty(t, executor(c), "it never stopped")
	}
}

// docs/protocol.md §19 row "machine destroyed": UNREACHABLE or LOST; then the operator may declare it gone, and the tasks are.
func TestFaultMachineDestroyed(t *testing.T) {
	c, _ := newCluster(t, 1)
	s, _ := running(t, c, lasting())
	id := c.Master().Agents()[0].Info.ID
	c.Kill(executor(c))
	c.Kill("agent-1")
	c.Advance(24 * time.Hour)
	require.Equal(t, "task-1 TASK_UNREACHABLE AGENT_REMOVED; agent lost", s.heard(), "nothing follows by itself")
	require.NoError(t, c.Operate(msg.MarkAgentGone{Agent: id}))
	c.Settle()
	require.Contains(t, s.heard(), "task-1 TASK_GONE_BY_OPERATOR AGENT_REMOVED_BY_OPERATOR")
	require.Empty(t, c.Master().Tasks())
}

// docs/protocol.md §19 row "task message lost between master and agent": found at the next re-registration; STAGING until then.
func TestFaultTaskMessageLost(t *testing.T) {
	for _, aware := range []bool{true, false} {
		c, _ := newCluster(t, 1)
		f := lasting()
		f.Capabilities.PartitionAware = aware
		s, d := running(t, c, f)
		o := hold(t, c, s)
		x := task("task-2", "worker")
		x.Agent = o.Agent
		lose(c, "master", "agent-1", func() {
			require.NoError(t, d.Launch([]msg.OfferID{o.ID}, msg.Filters{}, x))
			c.Settle()
			is, _ := state(c, "task-2")
			require.Equal(t, msg.TaskStaging, is)
		})
		c.Advance(2 * time.Minute)
		require.Equal(t, "task-2 "+msg.TaskDropped.For(f.Capabilities).String()+" RECONCILIATION", s.heard())
		require.Equal(t, msg.SourceAgent, s.status[len(s.status)-1].Source)
		require.False(t, s.status[len(s.status)-1].UUID.IsZero(), "it is retried until it is acknowledged")
		is, _ := state(c, "task-1")
		require.Equal(t, msg.TaskRunning, is)
	}
}

// docs/protocol.md §19 row "kill lost": re-sent at agent re-registration.
func TestFaultKillLost(t *testing.T) {
	c, _ := newCluster(t, 1)
	s, d := running(t, c, lasting())
	lose(c, "master", "agent-1", func() { require.NoError(t, d.Kill("task-1", "", msg.KillPolicy{})) })
	c.Advance(2 * time.Minute)
	require.Equal(t, "task-1 TASK_KILLED ", s.heard())
}

// docs/protocol.md §19 row "status update or ack lost": repeated by the agent, under the same uuid, until its acknowledgement arrives.
func TestFaultUpdateLost(t *testing.T) {
	for _, x := range []struct{ from, to msg.Node }{{"agent-1", "master"}, {"master", "agent-1"}, {"master", "scheduler-1"}, {"scheduler-1", "master"}} {
		t.Run(string(x.from+" to "+x.to), func(t *testing.T) {
			c, timeline := newCluster(t, 1)
			s, _ := running(t, c, lasting())
			before := len(s.status)
			lose(c, x.from, x.to, func() {
				require.NoError(t, s.worker.d.SendStatus(msg.TaskStatus{Task: "task-1", State: msg.TaskFinished}))
			})
			c.Advance(2 * time.Minute)
			got := s.status[before:]
			require.NotEmpty(t, got)
			for _, u := range got {
				require.Equal(t, msg.TaskFinished, u.State)
				require.Equal(t, got[0].UUID, u.UUID)
			}
			require.Empty(t, c.Master().Tasks(), "it is acknowledged")
			n := len(s.status)
			c.Advance(time.Hour)
			require.Len(t, s.status, n, "and not repeated any more:\n%s", timeline)
		})
	}
}

// docs/protocol.md §19 row "executor dies": a terminal update for each task, then FAILURE.
func TestFaultExecutorDies(t *testing.T) {
	c, _ := newCluster(t, 1)
	s, _ := running(t, c, lasting())
	c.Kill(executor(c))
	c.Advance(time.Second)
	heard := s.heard()
	inOrder(t, heard, "task-1 TASK_FAILED EXECUTOR_TERMINATED", "executor worker lost 9")
	require.Equal(t, msg.SourceAgent, s.status[len(s.status)-1].Source)
}

// docs/protocol.md §19 row "executor's agent link dies": with checkpoint it reconnects with its unacked lists; else it ends.
func TestFaultExecutorsLinkDies(t *testing.T) {
	c, _ := newCluster(t, 1)
	s, _ := running(t, c, lasting())
	node := executor(c)
	lose(c, node, "agent-1", func() {
		require.NoError(t, s.worker.d.SendStatus(msg.TaskStatus{Task: "task-1", State: msg.TaskFinished}))
	})
	c.Advance(5 * time.Second)
	require.Equal(t, "task-1 TASK_FINISHED ", s.heard())
	require.Equal(t, node, executor(c))

	c, _ = newCluster(t, 1)
	f := lasting()
	f.Checkpoint = false
	s, _ = running(t, c, f)
	c.Network().Break(executor(c), "agent-1")
	c.Advance(time.Minute)
	require.Empty(t, executor(c))
	require.Contains(t, s.heard(), "task-1 TASK_FAILED")
}

// docs/protocol.md §19 row "RESCIND crosses ACCEPT": DROPPED or LOST with INVALID_OFFERS, resources free again.
func TestFaultRescindCrossesAccept(t *testing.T) {
	for _, aware := range []bool{true, false} {
		c, _ := newCluster(t, 1)
		f := lasting()
		f.Capabilities.PartitionAware = aware
		s, d := running(t, c, f)
		o := hold(t, c, s)
		c.Network().Mute("master", "scheduler-1")
		require.NoError(t, c.Operate(msg.DeactivateAgent{Agent: o.Agent}))
		x := task("task-2", "worker")
		x.Agent = o.Agent
		require.NoError(t, d.Launch([]msg.OfferID{o.ID}, msg.Filters{Refuse: time.Hour}, x))
		c.Settle()
		require.Empty(t, s.heard())
		c.Network().Unmute("master", "scheduler-1")
		c.Settle()
		require.Equal(t, "rescinded; task-2 "+msg.TaskDropped.For(f.Capabilities).String()+" INVALID_OFFERS", s.heard())
		require.NoError(t, c.Operate(msg.ReactivateAgent{Agent: o.Agent}))
		require.True(t, hold(t, c, s).Resources.Equal(o.Resources))
	}
}

// docs/protocol.md §19 row "clock jump": only timers are affected; no decision compares the clocks of two hosts.
func TestFaultClockJump(t *testing.T) {
	for _, who := range []msg.Node{"master", "agent-1", "scheduler-1", "executor"} {
		for _, ahead := range []time.Duration{time.Minute, 24 * time.Hour} {
			t.Run(string(who)+" "+ahead.String(), func(t *testing.T) {
				c, _ := newCluster(t, 1)
				f := lasting()
				f.FailoverTimeout = 72 * time.Hour
				s, _ := running(t, c, f)
				id, node := c.Master().Agents()[0].Info.ID, executor(c)
				if who == "executor" {
					c.SetClock(node, ahead)
				} else {
					c.SetClock(who, ahead)
				}
				c.Advance(5 * time.Minute)
				if who != "executor" {
					c.SetClock(who, 0)
				}
				c.Advance(5 * time.Minute)
				for _, line := range strings.Split(s.heard(), "; ") {
					require.Contains(t, []string{"", "disconnected", "reregistered", "rescinded"}, line)
				}
				require.Equal(t, node, executor(c), "no task is killed")
				require.Equal(t, id, c.Master().Agents()[0].Info.ID)
				is, _ := state(c, "task-1")
				require.Equal(t, msg.TaskRunning, is)
			})
		}
	}
}
