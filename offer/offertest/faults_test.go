package offertest_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/offertest"
	"github.com/proffer-go/proffer/transport/host"
)

// startFunc is New or Live.
type startFunc = func(offertest.TB, ...offertest.Option) *offertest.Cluster

// running starts a cluster in which task-1 of web runs.
func running(t *testing.T, start startFunc, opts ...offertest.Option) (*offertest.Cluster, *runner) {
	t.Helper()
	c := start(t, opts...)
	s := &runner{todo: []msg.TaskInfo{task("task-1")}}
	c.Scheduler(web(), s)
	c.Settle()
	require.Equal(t, []string{"registered", "task-1 TASK_RUNNING"}, s.heard())
	return c, s
}

// A machine that is lost, and one that takes its place.
// docs/protocol.md §19 machine destroyed
func TestKillAndReplaceAgent(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c, s := running(t, start)
		c.KillAgent("agent-1")
		c.Advance(20 * time.Minute)
		c.CheckTask("task-1", msg.TaskUnreachable)
		c.CheckAllocated("web", "web", "")
		require.Equal(t, []string{"task-1 TASK_UNREACHABLE", "agent lost"}, s.heard())
		require.False(t, c.Snapshot().Agents[0].Runs)
		c.ReplaceAgent("agent-1")
		c.Advance(2 * time.Second)
		c.CheckBooks()
		snap := c.Snapshot()
		require.True(t, snap.Agents[0].Runs)
		require.Len(t, snap.Master.Agents, 1)
		require.Len(t, snap.Master.Unreachable, 1)
		require.NotEqual(t, snap.Master.Unreachable[0].ID, snap.Master.Agents[0].Info.ID, "a new agent")

		c.ReplaceAgent("agent-1") // one that runs: its former self is given up as soon as it is back
		c.Advance(2 * time.Second)
		require.Len(t, c.Snapshot().Master.Agents, 1)
		require.NotEqual(t, snap.Master.Agents[0].Info.ID, c.Snapshot().Master.Agents[0].Info.ID)
		require.Equal(t, snap.Master.Unreachable, c.Snapshot().Master.Unreachable)
	})
}

// checkpointed is running for a framework that checkpoints, with a task of an executor that outlives its agent.
func checkpointed(t *testing.T, start startFunc) (*offertest.Cluster, *runner) {
	require.True(t, web().Checkpoint)
	return running(t, start)
}

// The agent's process is restarted: the framework hears nothing of it, and what happened meanwhile is told.
// docs/protocol.md §19 agent process restarts, checkpoint on
func TestRestartAgent(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c, s := checkpointed(t, start)
		id := c.Snapshot().Master.Agents[0].Info.ID
		c.RestartAgent("agent-1")
		c.Advance(4 * time.Second)
		require.Equal(t, id, c.Snapshot().Master.Agents[0].Info.ID)
		c.CheckTask("task-1", msg.TaskRunning)
		require.Empty(t, s.heard())
		c.CheckBooks()

		c.CrashAgent("agent-1")
		require.False(t, c.Snapshot().Agents[0].Runs)
		c.Advance(time.Minute)
		c.Finish("task-1")
		c.CheckTask("task-1", msg.TaskRunning)
		c.RestartAgent("agent-1")
		c.Advance(4 * time.Second)
		require.Equal(t, []string{"task-1 TASK_FINISHED"}, s.heard())
		c.CheckBooks()
	})
}

// Without a checkpoint the tasks are lost with the agent's process; the agent keeps its id.
// docs/protocol.md §19 agent process restarts, checkpoint off
func TestRestartAgentWithoutCheckpoint(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c := start(t)
		info := web()
		info.Checkpoint = false
		s := &runner{todo: []msg.TaskInfo{task("task-1")}}
		c.Scheduler(info, s)
		c.Settle()
		require.Equal(t, []string{"registered", "task-1 TASK_RUNNING"}, s.heard())
		id := c.Snapshot().Master.Agents[0].Info.ID
		c.RestartAgent("agent-1")
		c.Advance(4 * time.Second)
		require.Equal(t, []string{"task-1 TASK_LOST"}, s.heard())
		require.Equal(t, id, c.Snapshot().Master.Agents[0].Info.ID)
		c.CheckAllocated("web", "web", "")
		c.CheckBooks()
	})
}

// The machine lost its power: executors are gone when the agent comes back.
// docs/protocol.md §11
func TestRestartAfterAPowerCut(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c, s := checkpointed(t, start)
		id := c.Snapshot().Master.Agents[0].Info.ID
		c.KillAgent("agent-1")
		c.Advance(time.Minute)
		c.RestartAgent("agent-1")
		c.Advance(4 * time.Second)
		require.Equal(t, []string{"task-1 TASK_FAILED"}, s.heard())
		require.Equal(t, id, c.Snapshot().Master.Agents[0].Info.ID)
		c.CheckBooks()
	})
}

// An agent that is shut down says goodbye, and ends its tasks before.
// docs/protocol.md §4
func TestStopAgent(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c, s := running(t, start)
		c.StopAgent("agent-1")
		c.Advance(10 * time.Second)
		require.Contains(t, s.heard(), "agent lost")
		require.Empty(t, c.Snapshot().Master.Agents)
		require.False(t, c.Snapshot().Agents[0].Runs)
		c.CheckBooks()
	})
}

// The leader dies, another one takes over: no task is killed.
// docs/protocol.md §19 leader dies
func TestKillLeader(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c, s := running(t, start)
		c.KillLeader()
		c.Advance(time.Minute)
		require.Equal(t, []string{"disconnected"}, s.heard())
		c.CheckBooks() // of whoever is there
		require.False(t, c.Snapshot().HasMaster)
		c.StartMaster()
		c.Advance(2 * time.Minute)
		require.Equal(t, []string{"reregistered"}, s.heard())
		c.CheckTask("task-1", msg.TaskRunning)
		c.CheckAllocated("web", "web", "cpus:1;mem:128")
		c.CheckBooks()
		c.Finish("task-1")
		c.CheckTask("task-1", msg.TaskFinished)
	})
}

// A partition below the pings is not noticed by tasks; a longer one makes them unreachable until it heals.
// docs/protocol.md §19 partition
func TestPartition(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c, s := running(t, start)
		heal := c.Partition("agent-1", "master")
		c.Advance(20 * time.Second)
		require.Equal(t, []string{"agent-1 is cut from master"}, c.Snapshot().Faults)
		require.NotContains(t, c.Snapshot().Links, [2]msg.Node{"master", "agent-1"})
		heal()
		heal() // once is enough
		c.Advance(time.Minute)
		require.Empty(t, c.Snapshot().Faults)
		require.Contains(t, c.Snapshot().Links, [2]msg.Node{"master", "agent-1"})
		require.Empty(t, s.heard())

		heal = c.Partition("master", "agent-1")
		c.Advance(20 * time.Minute)
		c.CheckTask("task-1", msg.TaskUnreachable)
		c.CheckBooks()
		heal()
		c.Advance(2 * time.Minute)
		c.CheckTask("task-1", msg.TaskRunning)
		c.CheckBooks()
		require.Equal(t, []string{"task-1 TASK_UNREACHABLE", "agent lost", "task-1 TASK_RUNNING"}, s.heard())
	})
}

// A silent partition is noticed by pings alone.
// docs/protocol.md §4.5
func TestStall(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c, s := running(t, start)
		resume := c.Stall("agent-1", "master")
		c.Finish("task-1")
		c.CheckTask("task-1", msg.TaskRunning)
		c.CheckBooks() // what is on the way is not counted
		c.Advance(5 * time.Second)
		require.Equal(t, []string{"agent-1 and master are stalled"}, c.Snapshot().Faults)
		require.Empty(t, s.heard())
		resume()
		c.CheckTask("task-1", msg.TaskFinished)
		require.Equal(t, []string{"task-1 TASK_FINISHED"}, s.heard())
		c.CheckBooks()
	})
}

// A link that breaks is dialed again; a scheduler hears of it.
// docs/protocol.md §19 stream breaks, scheduler alive
func TestLoseLink(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c, s := running(t, start)
		c.LoseLink(c.SchedulerNode("web"), "master")
		c.Settle()
		require.Equal(t, []string{"disconnected"}, s.heard())
		c.Advance(time.Minute)
		require.Equal(t, []string{"reregistered"}, s.heard())
	})
}

// A scheduler crashes, the next instance takes its framework over; stopped without failover it is torn down.
// docs/protocol.md §3.2
func TestSchedulersEnd(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c, s := running(t, start)
		c.KillScheduler("web")
		c.Advance(time.Minute)
		require.Empty(t, s.heard(), "a dead scheduler hears nothing")
		c.CheckTask("task-1", msg.TaskRunning)

		next, info := &runner{}, web()
		info.ID = s.id
		c.Scheduler(info, next)
		c.Settle()
		require.Equal(t, []string{"registered"}, next.heard())
		require.Equal(t, s.id, next.id)
		require.Equal(t, msg.Node("scheduler-2"), c.SchedulerNode("web"))
		require.Equal(t, []msg.Node{"scheduler-2"}, c.Snapshot().Schedulers)

		require.Equal(t, msg.DriverStopped, c.StopScheduler("web", true))
		c.Advance(time.Minute)
		c.CheckTask("task-1", msg.TaskRunning)

		last := &runner{}
		c.Scheduler(info, last)
		c.Settle()
		require.Equal(t, []string{"registered"}, last.heard())
		c.StopScheduler("web", false)
		c.Advance(time.Minute)
		c.CheckTask("task-1", msg.TaskKilled)
		require.Empty(t, c.Snapshot().Master.Frameworks)
		c.CheckBooks()
	})
}

// Tasks are played as the test says, and killed when their framework asks.
// docs/protocol.md §10
func TestPlayedTasks(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c := start(t, offertest.WithAgents(3, "cpus:1;mem:128"), offertest.WithTasks(func(x *offertest.Task) {
			if x.Info.ID == "task-2" {
				x.Fail("never starts")
				return
			}
			offertest.RunFor(time.Minute)(x)
		}))
		s := &runner{todo: []msg.TaskInfo{task("task-1"), task("task-2"), command("task-3")}}
		d := c.Scheduler(web(), s)
		c.Settle()
		c.CheckTask("task-1", msg.TaskRunning)
		c.CheckTask("task-2", msg.TaskFailed)
		c.CheckTask("task-3", msg.TaskRunning)
		x := c.Task("task-3")
		require.Equal(t, s.id, x.Framework)
		require.Equal(t, "sleep 100", x.Info.Command.Value)
		require.NoError(t, d.Kill("task-3", "", msg.KillPolicy{}))
		c.CheckTask("task-3", msg.TaskKilled)
		x.Finish() // too late
		c.CheckTask("task-3", msg.TaskKilled)
		c.Advance(time.Minute - time.Millisecond)
		c.CheckTask("task-1", msg.TaskRunning)
		c.Advance(time.Millisecond)
		c.CheckTask("task-1", msg.TaskFinished)
		c.CheckBooks()
	})
}

// hearing is a scheduler that keeps messages.
type hearing struct {
	runner
	messages []string
}

func (h *hearing) FrameworkMessage(_ framework.Driver, from msg.ExecutorRef, data []byte) {
	h.messages = append(h.messages, string(from.Executor)+" says "+string(data))
}

// quitter is an executor of one's own.
type quitter struct{ framework.NopExecutor }

func (quitter) LaunchTask(d framework.ExecutorDriver, _ msg.TaskInfo) { d.Abort() }

// Executors of one's own run beside those that are played, which send messages too.
// docs/protocol.md §13
func TestExecutorsOfOnesOwn(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c := start(t, offertest.WithAgents(2, "cpus:1;mem:128"),
			offertest.WithExecutor("quitter", func(host.StartInfo) framework.Executor { return quitter{} }))
		own := task("task-2")
		own.Executor.ID = "quitter"
		s := &hearing{runner: runner{todo: []msg.TaskInfo{task("task-1"), own}}}
		c.Scheduler(web(), s)
		c.Settle()
		c.Task("task-1").Message([]byte("hello"))
		c.CheckTask("task-1", msg.TaskRunning)
		c.CheckTask("task-2", msg.TaskFailed)
		require.Equal(t, []string{"any says hello"}, s.messages)
	})
}

// sleeper is a scheduler with a goroutine of its own: it launches nothing before it has slept, and tells when it woke.
type sleeper struct {
	framework.NopScheduler
	offers chan []msg.Offer
	ended  chan struct{}
}

func (s *sleeper) ResourceOffers(_ framework.Driver, offers []msg.Offer) { s.offers <- offers }

func (s *sleeper) StatusUpdate(_ framework.Driver, x msg.TaskStatus) {
	if x.State.Terminal() {
		close(s.ended)
	}
}

// In a bubble, real goroutines and sleeps run in virtual time, and none is left at the end: synctest.Test would fail.
// docs/design.md "package offertest"
func TestLiveRunsInVirtualTime(t *testing.T) {
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		c := offertest.Live(t, offertest.WithTasks(offertest.RunFor(10*time.Hour)), offertest.WithLatency(5*time.Millisecond, time.Millisecond))
		s := &sleeper{offers: make(chan []msg.Offer, 1), ended: make(chan struct{})}
		d := c.Scheduler(web(), s)
		start := time.Now()
		go func() {
			offers := <-s.offers
			time.Sleep(time.Hour)
			x := task("task-1")
			x.Agent = offers[0].Agent
			_ = d.Launch([]msg.OfferID{offers[0].ID}, msg.Filters{Refuse: 240 * time.Hour}, x)
		}()
		time.Sleep(2 * time.Hour)
		c.CheckTask("task-1", msg.TaskRunning)
		c.CheckBooks()
		<-s.ended
		require.InDelta(t, 11*time.Hour, time.Since(start), float64(time.Minute))
	})
	require.Less(t, time.Since(began), time.Minute, "of real time")
}

// Live names what is missing where it is called outside of a bubble.
// docs/design.md "package offertest"
func TestLiveOutsideOfABubble(t *testing.T) {
	r := &fakeTest{}
	offertest.Live(r)
	require.Equal(t, []string{"offertest: not within a testing/synctest bubble; call offertest.Live, and the cluster's methods, inside of synctest.Test"}, r.said)
	require.True(t, r.fatal)
}

// Time by hand: timers, elapsed time, and operators' calls.
// docs/protocol.md §16.1
func TestTimeAndOperators(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c, s := running(t, start, offertest.WithSeed(7))
		before, rang := c.Now(), offer.Time(0)
		elapsed := c.Elapsed()
		c.After(time.Hour, func() { rang = c.Now() })
		c.Advance(2 * time.Hour)
		require.Equal(t, before.Add(2*time.Hour), c.Now())
		require.Equal(t, before.Add(time.Hour), rang)
		require.Equal(t, elapsed+2*time.Hour, c.Elapsed())

		s.heard()
		require.NoError(t, c.Operate(msg.TeardownFramework{Framework: s.id}))
		c.CheckTask("task-1", msg.TaskKilled)
		require.Error(t, c.Operate(msg.TeardownFramework{Framework: "stranger"}))
		c.KillLeader()
		require.Error(t, c.Operate(msg.TeardownFramework{Framework: s.id}))
	})
}

// An agent may join later.
// docs/protocol.md §4.3
func TestAddAgent(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c := start(t, offertest.WithAgent("first", msg.AgentInfo{Hostname: "host"}))
		c.AddAgent("second", "cpus:2")
		c.Advance(2 * time.Second)
		agents := c.Snapshot().Agents
		require.Equal(t, []msg.Node{"first", "second"}, []msg.Node{agents[0].Name, agents[1].Name})
		names := []string{}
		for _, a := range c.Snapshot().Master.Agents {
			names = append(names, a.Info.Hostname)
		}
		slices.Sort(names)
		require.Equal(t, []string{"host", "second"}, names)
	})
}

// A framework that neither checkpoints nor knows of partitions is told that its task is lost, as soon as the link is; when the
// agent is back, so is the task.
// docs/protocol.md §4.5
func TestPlainFrameworkAndPartition(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c := start(t)
		info := web()
		info.Checkpoint, info.Capabilities.PartitionAware = false, false
		s := &runner{todo: []msg.TaskInfo{task("task-1")}}
		c.Scheduler(info, s)
		c.Settle()
		heal := c.Partition("agent-1", "master")
		c.Advance(11 * time.Minute)
		c.CheckTask("task-1", msg.TaskLost)
		heal()
		c.Advance(2 * time.Minute)
		c.CheckTask("task-1", msg.TaskRunning)
		c.CheckBooks()
		require.Equal(t, []string{"registered", "task-1 TASK_RUNNING", "task-1 TASK_LOST", "agent lost", "task-1 TASK_RUNNING"}, s.heard())
	})
}
