package inproc_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// standing is a Candidate that writes down what it hears.
type standing struct {
	log  *[]string
	name string
}

func (s standing) Elected()         { *s.log = append(*s.log, s.name+" elected") }
func (s standing) Lost(cause error) { *s.log = append(*s.log, s.name+" lost") }

// Whoever stands longest leads; who leads no longer hears of it before the next is elected, and everybody who asks hears
// after that.
// docs/protocol.md §5
func TestElection(t *testing.T) {
	e, log := inproc.NewElection(), []string{}
	heard := func() string {
		s := strings.Join(log, "; ")
		log = nil
		return s
	}
	ask := func(name string) (stop func()) {
		stop, err := e.Detect(t.Context(), msg.Node(name), func(leader msg.Node) { log = append(log, fmt.Sprintf("%s sees %q", name, leader)) })
		require.NoError(t, err)
		return stop
	}
	stand := func(name string) (withdraw func()) {
		withdraw, err := e.Contend(t.Context(), msg.Node(name), standing{&log, name})
		require.NoError(t, err)
		return withdraw
	}
	stop := ask("z")
	require.Equal(t, `z sees ""`, heard())
	one := stand("one")
	require.Equal(t, `one elected; z sees "one"`, heard())
	two, three := stand("two"), stand("three")
	require.Empty(t, heard(), "nothing changed for anybody")
	_, err := e.Contend(t.Context(), "two", standing{&log, "two"})
	require.ErrorIs(t, err, inproc.ErrStands)
	ask("a")
	require.Equal(t, `a sees "one"`, heard())

	require.True(t, e.Depose())
	require.Equal(t, `one lost; two elected; a sees "two"; z sees "two"`, heard())
	one()
	three()
	require.Empty(t, heard(), "neither led")
	require.True(t, e.Blind("a"))
	two()
	two()
	require.Equal(t, `z sees ""`, heard(), "a leader that withdraws hears nothing; a is blind")
	require.Empty(t, e.Leader())
	require.False(t, e.Depose())
	stand("four")
	stand("five")
	require.Equal(t, `four elected; z sees "four"`, heard())
	stop()
	require.True(t, e.DeposeUnnoticed())
	require.Equal(t, `five elected`, heard(), "four does not know, z does not ask any more")
	require.True(t, e.See("a"))
	require.Equal(t, `a sees "five"`, heard())
	e.Notice()
	e.Notice()
	require.Equal(t, "four lost", heard())
	require.False(t, e.See("z"))
}

// elected is a cluster of n masters, of which master-1 leads.
func elected(t *testing.T, seed uint64, n int) (*inproc.Cluster, *inproc.Election, *strings.Builder) {
	c, timeline := inproc.NewCluster(seed), &strings.Builder{}
	t.Cleanup(func() {
		c.Close()
		if t.Failed() && timeline.Len() < 1e6 {
			t.Log(timeline.String())
		}
	})
	c.Observe(func(o host.Observation) { fmt.Fprintln(timeline, o) })
	e := c.HoldElections()
	for i := range n {
		require.NotNil(t, c.AddMaster(master.Config{Node: msg.Node(fmt.Sprint("master-", i+1))}))
	}
	return c, e, timeline
}

// The leader dies, a standby is elected and takes over at once: no task is killed, what happened meanwhile is told, offers of
// the former leader are void.
// docs/protocol.md §19 leader dies
func TestAStandbyTakesOver(t *testing.T) {
	c, e, _ := elected(t, 1, 3)
	s, d := running(t, c, lasting())
	var held []msg.Offer
	s.onOffer = func(_ framework.Driver, o msg.Offer) bool {
		held = append(held, o)
		return true
	}
	c.Advance(10 * time.Second)
	require.NotEmpty(t, held)
	require.Equal(t, msg.Node("master-1"), e.Leader())
	s.heard()

	c.Kill("master-1")
	c.Advance(3 * time.Second)
	require.Equal(t, msg.Node("master-2"), c.Master().Info().Node)
	require.Equal(t, "disconnected; reregistered", s.heard())
	require.Len(t, c.Master().Tasks(), 1)
	void := task("task-2", "worker")
	void.Agent = held[0].Agent
	require.NoError(t, d.Launch([]msg.OfferID{held[0].ID}, msg.Filters{}, void))
	require.NoError(t, d.Message(msg.ExecutorRef{Agent: s.agents[0], Executor: "worker"}, []byte("end task-1")))
	c.Settle()
	log := s.heard()
	require.Contains(t, log, "task-2 TASK_DROPPED INVALID_OFFERS")
	require.Contains(t, log, "task-1 TASK_FINISHED")
	require.NoError(t, c.Check())
}

// A leader that is deposed says nothing more, and its node ends with an error that tells why.
// docs/protocol.md §5 losing leadership
func TestADeposedLeaderSaysNothing(t *testing.T) {
	c, e, timeline := elected(t, 1, 1)
	second := c.AddMaster(master.Config{Node: "master-2"})
	s, _ := running(t, c, lasting())
	require.True(t, e.Depose())
	at := timeline.Len()
	c.Advance(2 * time.Minute)
	require.NotContains(t, timeline.String()[at:], "master-1: sends")
	require.NotContains(t, c.Nodes(), msg.Node("master-1"))
	require.Equal(t, "disconnected; reregistered", s.heard())
	require.True(t, e.Depose())
	c.Settle()
	ended, err := second.Ended()
	require.True(t, ended)
	require.ErrorIs(t, err, master.ErrResigned)
	require.ErrorIs(t, err, master.ErrDeposed)
	require.Nil(t, c.Master())
	require.ErrorIs(t, c.Operate(msg.GetHealth{}), inproc.ErrNoMaster)
}

// A leader that was deposed and has not noticed goes on with those that have not noticed either. It cannot admit or remove an
// agent; what it launched is known to its successor once the agent has found that.
// docs/protocol.md §19 old leader isolated but alive
func TestALeaderThatHasNotNoticed(t *testing.T) {
	c, e, _ := elected(t, 1, 2)
	s, d := running(t, c, lasting())
	for _, n := range []msg.Node{"agent-1", "scheduler-1"} {
		require.True(t, e.Blind(n))
	}
	require.True(t, e.DeposeUnnoticed())
	c.Settle()
	require.True(t, c.Master().Leading())
	require.Equal(t, msg.Node("master-2"), c.Master().Info().Node)
	s.launch(task("task-2", "worker"))
	require.NoError(t, d.Revive())
	c.Advance(10 * time.Second)
	require.Contains(t, s.heard(), "task-2 TASK_RUNNING")
	require.Empty(t, c.Master().Tasks())
	require.Len(t, c.Master().RecoveredAgents(), 1)

	e.See("agent-1")
	c.Advance(10 * time.Second)
	require.Len(t, c.Master().Tasks(), 2)
	e.See("scheduler-1")
	c.Advance(10 * time.Second)
	require.Equal(t, "disconnected; reregistered", s.heard())
	require.Contains(t, c.Nodes(), msg.Node("master-1"), "it idles")
	e.Notice()
	c.Settle()
	require.NotContains(t, c.Nodes(), msg.Node("master-1"))
	require.NoError(t, c.Check())
}

// A former leader that would admit an agent learns from the registry that it is none, and ends.
// docs/protocol.md §5, 1
func TestTheRegistryFencesAFormerLeader(t *testing.T) {
	c, e, _ := elected(t, 1, 2)
	c.Settle()
	c.AddAgent("agent-1", machine(), workers)
	require.True(t, e.Blind("agent-1"))
	require.True(t, e.DeposeUnnoticed())
	c.Advance(2 * time.Second)
	require.NotContains(t, c.Nodes(), msg.Node("master-1"), "the agent asked it for an id")
	require.Empty(t, contents(t, c).Agents)
	e.See("agent-1")
	c.Advance(time.Minute)
	require.Len(t, c.Master().Agents(), 1)
}

// With all masters gone tasks run on, and agents keep what they report until there is one again.
// docs/protocol.md §19 all masters down
func TestAllMastersDown(t *testing.T) {
	c, _, _ := elected(t, 1, 2)
	c.AddAgent("agent-1", machine(), workers)
	s := &recorder{}
	done := task("task-1", "worker")
	s.launch(done)
	var w *worker
	c.AddAgent("agent-2", machine(), host.Executors{"worker": func(i host.StartInfo) framework.Executor {
		w = &worker{info: i}
		return w
	}})
	c.StopAgent("agent-1")
	c.AddScheduler(lasting(), s)
	c.Advance(10 * time.Second)
	require.Equal(t, "registered; task-1 TASK_RUNNING ", s.heard())
	c.Kill("master-1")
	c.Kill("master-2")
	c.Advance(10 * time.Minute)
	require.Equal(t, "disconnected", s.heard())
	require.NoError(t, w.d.SendStatus(msg.TaskStatus{Task: "task-1", State: msg.TaskFinished}))
	c.Advance(10 * time.Minute)
	require.Empty(t, s.heard())
	require.NotNil(t, c.AddMaster(master.Config{Node: "master-3"}))
	c.Advance(2 * time.Minute)
	log := s.heard()
	require.True(t, strings.HasPrefix(log, "reregistered; task-1 TASK_FINISHED"), log)
}

// kills is how many leaders TestKilledLeaders kills.
func kills(t *testing.T) int {
	text := os.Getenv("PROFFER_KILLS")
	if text == "" {
		return 40
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, "PROFFER_KILLS")
	return n
}

// Two masters share a registry, and the leader is killed at some moment of a busy run: agents, weights, quota, the maintenance
// schedule, machines that are down, and lists of agents that are out of contact or given up are kept; every task runs on and is
// known again, what ended meanwhile is told. Then its successor is killed as well.
// docs/protocol.md §19 leader dies
func TestKilledLeaders(t *testing.T) {
	n := kills(t)
	for seed := range n {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { killLeader(t, uint64(seed)) })
	}
	t.Logf("%d leaders killed", n)
}

func killLeader(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0x1eade5))
	c, e, _ := elected(t, seed, 2)
	c.AfterStep(func() { require.NoError(t, c.CheckStepped()) })
	steady := map[string]*ending{}
	for i := range 7 {
		name := msg.Node(fmt.Sprint("agent-", i+1))
		c.AddAgent(name, machine(), host.Executors{"worker": func(host.StartInfo) framework.Executor { return &ends{c: c, rng: rng} }},
			func(cfg *agent.Config) { cfg.Timeouts.ExecutorRecovery = time.Minute })
	}
	c.Advance(5 * time.Second)
	require.NoError(t, c.Operate(msg.MarkAgentGone{Agent: c.Agent("agent-4").ID()}))
	away := c.Agent("agent-5").ID()
	c.Network().Stall("agent-5", "master-1")
	planned := operatorsAtWork(t, c)
	c.Advance(2 * time.Minute)
	require.Equal(t, []offer.AgentID{away}, c.Master().UnreachableAgents())
	for i, r := range []role.Name{"web", "batch"} {
		f := info(r)
		f.FailoverTimeout, f.Checkpoint = time.Hour, i == 0
		s := &ending{told: map[msg.TaskID]msg.TaskState{}, name: string(r)}
		c.AddScheduler(f, s)
		steady[string(r)] = s
	}
	c.Advance(5 * time.Second)
	limits, err := quota.Parse("batch", "cpus:1", "cpus:6;mem:100000")
	require.NoError(t, err)
	require.NoError(t, c.Operate(msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: 2}}}))
	require.NoError(t, c.Operate(msg.UpdateQuota{Configs: []quota.Config{limits}}))
	c.Advance(time.Duration(rng.Int64N(int64(20 * time.Second)))) // the moment
	ids := agentIDs(c.Master())
	require.Len(t, ids, 4)
	remembered := c.Master().Remembered()
	require.Len(t, remembered.Weights, 1)
	require.Len(t, remembered.Quota, 1)
	require.Len(t, remembered.Gone, 1)
	require.Len(t, remembered.Unreachable, 1)

	masters := []msg.Node{"master-2", "master-3", "master-4"}
	for i, next := range masters[:2] {
		c.Advance(time.Duration(i) * time.Duration(rng.Int64N(int64(20*time.Second)))) // another moment
		c.Network().Stall("agent-5", next)                                             // still away
		c.Kill(e.Leader())
		require.NotNil(t, c.AddMaster(master.Config{Node: masters[i+1]}))
		c.Advance(2 * time.Minute)
		require.NoError(t, c.Err())
		require.Equal(t, next, c.Master().Info().Node)
		require.Equal(t, ids, agentIDs(c.Master()), "agents and their ids")
		sameMemory(t, remembered, c.Master().Remembered())
		planned(c.Master())
	}
	for _, s := range steady {
		s.done = true
	}
	c.Advance(3 * time.Minute) // all tasks end
	for name, s := range steady {
		for id, state := range s.told {
			require.Contains(t, []msg.TaskState{msg.TaskFinished, msg.TaskDropped}, state, "%s: task %s", name, id)
		}
		require.Empty(t, s.wrong, name)
		require.Greater(t, s.next, 3, name)
	}
	require.Empty(t, c.Master().Tasks())
	require.NoError(t, c.Check())
	var stored registry.Contents
	_, err = c.Store().Load(t.Context(), stored.Add)
	require.NoError(t, err)
	require.Equal(t, msg.Node("master-3"), stored.Master.Node)
}

// operatorsAtWork plans maintenance of two machines, takes one of them down, deactivates one agent and drains another: agents 3,
// 6 and 7. What it returns holds a later master against that.
func operatorsAtWork(t *testing.T, c *inproc.Cluster) func(*master.Machine) {
	t.Helper()
	machine := func(n msg.Node) []msg.MachineID { return []msg.MachineID{{Hostname: string(n)}} }
	windows := []msg.MaintenanceWindow{
		{Machines: machine("agent-6"), Window: offer.Window{Start: offer.Time(time.Hour), Duration: time.Hour}},
		{Machines: machine("agent-3"), Window: offer.Window{Start: offer.Time(2 * time.Hour), Duration: offer.Endless}},
	}
	drained := c.Agent("agent-7").ID()
	require.NoError(t, c.Operate(msg.UpdateMaintenance{Windows: windows}))
	require.NoError(t, c.Operate(msg.StartMaintenance{Machines: machine("agent-6")}))
	require.NoError(t, c.Operate(msg.DrainAgent{Agent: drained, MaxGrace: time.Second}))
	return func(m *master.Machine) {
		s := m.Snapshot()
		require.Equal(t, windows, s.Schedule)
		require.Equal(t, []master.MachineReport{{ID: windows[1].Machines[0], Mode: registry.Draining, Window: windows[1].Window},
			{ID: windows[0].Machines[0], Mode: registry.Down, Window: windows[0].Window}}, s.Machines)
		for _, a := range s.Agents {
			require.NotEqual(t, "agent-6", a.Info.Hostname, "it is turned away")
			require.Equal(t, a.Info.ID == drained, a.Deactivated)
			if a.Info.ID == drained {
				require.Equal(t, &registry.Drain{MaxGrace: time.Second, Drained: true}, a.Drain)
			}
			if a.Info.Hostname == "agent-3" {
				require.Equal(t, windows[1].Window, a.Window)
			}
		}
		for _, o := range s.Offers {
			require.NotEqual(t, drained, o.Agent)
		}
	}
}

// sameMemory compares what two masters remember, but for who they are.
func sameMemory(t *testing.T, one, other registry.Contents) {
	t.Helper()
	require.Equal(t, one.Weights, other.Weights)
	require.Equal(t, fmt.Sprint(one.Quota), fmt.Sprint(other.Quota))
	require.Equal(t, one.Gone, other.Gone)
	require.Equal(t, one.Unreachable, other.Unreachable)
	require.Equal(t, one.Machines, other.Machines)
	require.Equal(t, one.Schedules, other.Schedules)
	require.Equal(t, fmt.Sprint(one.Agents), fmt.Sprint(other.Agents))
}

func agentIDs(m *master.Machine) (ids []offer.AgentID) {
	for _, a := range m.Agents() {
		ids = append(ids, a.Info.ID)
	}
	slices.Sort(ids)
	return ids
}

// ending is a scheduler whose tasks end by themselves, well.
type ending struct {
	framework.NopScheduler
	name  string
	next  int
	done  bool // launches nothing more
	told  map[msg.TaskID]msg.TaskState
	wrong []string
}

func (s *ending) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		if s.done {
			_ = d.Decline(msg.Filters{Refuse: time.Hour}, o.ID)
			continue
		}
		s.next++
		x := task(msg.TaskID(fmt.Sprint(s.name, "-", s.next)), "worker")
		x.Agent = o.Agent
		s.told[x.ID] = msg.TaskStaging
		_ = d.Launch([]msg.OfferID{o.ID}, msg.Filters{}, x)
	}
}

func (s *ending) StatusUpdate(_ framework.Driver, x msg.TaskStatus) {
	switch before := s.told[x.Task]; {
	case before.Terminal() && before != x.State:
		s.wrong = append(s.wrong, fmt.Sprintf("%s: %v after %v", x.Task, x.State, before))
	case x.State == msg.TaskDropped && x.Reason != msg.ReasonInvalidOffers && x.Reason != msg.ReasonMasterDisconnected && x.Reason != msg.ReasonReconciliation:
		s.wrong = append(s.wrong, fmt.Sprintf("%s: dropped for %s", x.Task, x.Reason))
	}
	s.told[x.Task] = x.State
}

// ends is an executor whose tasks finish after a while.
type ends struct {
	framework.NopExecutor
	c   *inproc.Cluster
	rng *rand.Rand
}

func (x *ends) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	_ = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning})
	x.c.After(time.Duration(x.rng.Int64N(int64(20*time.Second))), func() {
		_ = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskFinished})
	})
}

// Live, masters stand, one leads, and a standby follows when it ends; nothing is left running.
// docs/protocol.md §5
func TestElectionsLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, net, store := inproc.NewElection(), inproc.NewLive(inproc.Config{}), registry.NewMemory()
		ended := make(chan error, 2)
		for _, name := range []msg.Node{"master-1", "master-2"} {
			go func() {
				ended <- host.RunMaster(t.Context(), net, master.Config{Node: name}, host.WithContender(e), host.WithStore(store))
			}()
			synctest.Wait()
		}
		scheduler := make(chan error, 1)
		s := &recorder{}
		d, err := host.OpenScheduler(t.Context(), net, framework.SchedulerConfig{Framework: lasting()}, s, host.WithDetector(e))
		require.NoError(t, err)
		go func() { scheduler <- d.Run(t.Context()) }()
		time.Sleep(5 * time.Second)
		require.Equal(t, msg.Node("master-1"), e.Leader())
		e.Depose()
		require.ErrorIs(t, <-ended, master.ErrDeposed)
		time.Sleep(5 * time.Second)
		require.Equal(t, msg.Node("master-2"), e.Leader())
		d.Driver().Stop(false)
		require.NoError(t, <-scheduler)
		require.Equal(t, "registered; disconnected; reregistered", s.heard())
		e.Depose()
		require.ErrorIs(t, <-ended, master.ErrDeposed)
		require.NoError(t, net.Close())
	})
}
