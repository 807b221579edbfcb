package inproc_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/offer/registry/filestore"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// contents is what a cluster's registry holds.
func contents(t *testing.T, c *inproc.Cluster) (out registry.Contents) {
	t.Helper()
	_, err := c.Store().Load(t.Context(), out.Add)
	require.NoError(t, err)
	return out
}

// The leader dies and another one takes over: agents, weights and ids are kept, no task is killed, and what happens meanwhile
// is told afterwards.
// docs/protocol.md §19 leader dies
func TestAnotherMasterTakesOver(t *testing.T) {
	for name, store := range map[string]func(*testing.T) registry.Store{
		"memory": func(*testing.T) registry.Store { return registry.NewMemory() },
		"file": func(t *testing.T) registry.Store {
			s, err := filestore.Open(t.TempDir())
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, s.Close()) })
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := newCluster(t, 1)
			c.Kill("master")
			c.SetStore(store(t))
			require.NotNil(t, c.AddMaster(master.Config{}))
			c.AddAgent("agent-1", machine(), workers)
			s := &recorder{}
			s.launch(task("task-1", "worker"))
			i := info("web")
			i.FailoverTimeout = time.Hour
			d := c.AddScheduler(i, s)
			c.Advance(5 * time.Second)
			require.Equal(t, "registered; task-1 TASK_RUNNING ", s.heard())
			require.NoError(t, c.Operate(msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: 3}}}))
			framework, agents := s.id, c.Master().Agents()
			former := c.Master().Info().ID

			c.Kill("master")
			c.Advance(time.Minute)
			require.Equal(t, "disconnected", s.heard(), "tasks run on without a master")
			require.NotNil(t, c.AddMaster(master.Config{}))
			c.Advance(2 * time.Minute)
			require.Equal(t, "reregistered", s.heard())
			require.NotEqual(t, former, c.Master().Info().ID)
			require.Equal(t, framework, s.id)
			require.Equal(t, agents[0].Info, c.Master().Agents()[0].Info)
			require.Empty(t, c.Master().RecoveredAgents())
			require.Equal(t, []role.Weight{{Role: "web", Weight: 3}}, c.Master().Remembered().Weights)
			require.Len(t, c.Master().Tasks(), 1)
			require.NoError(t, d.Message(msg.ExecutorRef{Agent: agents[0].Info.ID, Executor: "worker"}, []byte("end task-1")))
			c.Advance(time.Second)
			require.Contains(t, s.heard(), "task-1 TASK_FINISHED")
			c.Advance(time.Hour)
			require.Len(t, c.Master().Agents(), 1)
			require.Equal(t, c.Master().Info(), contents(t, c).Master)
		})
	}
}

// A commit that fails ends the master with an error that says why; what it was about to announce is known to nobody, unless
// it was durable all the same.
// docs/protocol.md §19 registry write fails
func TestFailingCommits(t *testing.T) {
	disk := errors.New("no space left")
	for name, x := range map[string]struct {
		fault   host.StoreFault
		durable bool
		after   time.Duration
	}{
		"refused":                    {host.StoreFault{Err: disk, Lost: true}, false, 0},
		"durable, and nobody knows":  {host.StoreFault{Err: disk}, true, 0},
		"never answered":             {host.StoreFault{Lost: true}, false, 20 * time.Second},
		"durable and answered late":  {host.StoreFault{Delay: 21 * time.Second}, true, 20 * time.Second},
		"not asked before too late":  {host.StoreFault{Delay: 21 * time.Second, Late: true}, false, 20 * time.Second},
		"refused after a while":      {host.StoreFault{Delay: 5 * time.Second, Err: disk, Lost: true}, false, 5 * time.Second},
		"a durable one, that failed": {host.StoreFault{Delay: 5 * time.Second, Err: disk}, true, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			c, timeline := newCluster(t, 1)
			c.FailCommits(func(n int) host.StoreFault {
				if n == 2 {
					return x.fault
				}
				return host.StoreFault{}
			})
			m := c.AddAgent("agent-1", machine(), workers)
			s := &recorder{}
			c.AddScheduler(info("web"), s)
			c.Advance(2 * time.Second) // the agent waits up to a second before it asks
			if x.after > 0 {
				require.NotNil(t, c.Master())
				require.Empty(t, c.Master().Agents())
				require.Equal(t, "registered", s.heard())
				c.Advance(x.after)
			}
			require.Nil(t, c.Master(), "it stopped")
			require.NotContains(t, timeline.String(), "sends AgentRegistered")
			require.Empty(t, m.Machine().ID())
			require.Len(t, contents(t, c).Agents, map[bool]int{true: 1}[x.durable])

			c.FailCommits(nil)
			require.NotNil(t, c.AddMaster(master.Config{}))
			c.Advance(2 * time.Minute)
			require.Len(t, c.Master().Agents(), 1)
			require.Len(t, c.Master().RecoveredAgents(), map[bool]int{true: 1}[x.durable], "an agent that never heard of its id")
		})
	}
}

// A commit that takes its time delays who asked for it, and nobody else.
// docs/protocol.md §5 order rule
func TestSlowCommits(t *testing.T) {
	c, _ := newCluster(t, 1)
	c.Settle() // it leads
	c.FailCommits(func(n int) host.StoreFault { return host.StoreFault{Delay: 10 * time.Second, Late: n%2 == 0} })
	c.AddAgent("agent-1", machine(), workers)
	s := &recorder{}
	c.AddScheduler(info("web"), s)
	c.Advance(5 * time.Second)
	require.Equal(t, "registered", s.heard())
	require.Empty(t, c.Master().Agents())
	c.Advance(10 * time.Second)
	require.Len(t, c.Master().Agents(), 1)
	require.NotEmpty(t, s.agents, "and it is offered")
}

// An isolated leader that is succeeded cannot write: its late commit is refused, and it stops.
// docs/protocol.md §19 old leader isolated but alive
func TestAnIsolatedLeaderIsFenced(t *testing.T) {
	c, _ := newCluster(t, 1)
	former := c.Master()
	c.Settle() // it leads
	c.FailCommits(func(int) host.StoreFault { return host.StoreFault{Delay: 15 * time.Second, Late: true} })
	c.AddAgent("agent-1", machine(), workers)
	c.Advance(2 * time.Second)
	c.FailCommits(nil)
	require.NotNil(t, c.AddMaster(master.Config{Node: "standby"}))
	c.Advance(time.Second)
	require.True(t, c.Master().Leading())
	require.True(t, former.Leading(), "it has not noticed")
	c.Advance(15 * time.Second)
	require.False(t, former.Leading())
	require.NotContains(t, c.Nodes(), msg.Node("master"))
	require.Empty(t, contents(t, c).Agents)
	require.Equal(t, msg.Node("standby"), contents(t, c).Master.Node)
}

// A registry that cannot be read, or understood, gives no master.
// docs/protocol.md §5
func TestAnUnreadableRegistry(t *testing.T) {
	c := inproc.NewCluster(1)
	defer c.Close()
	newer, err := registry.Put(registry.Capability{Name: "TIME_TRAVEL"})
	require.NoError(t, err)
	_, err = c.Store().Commit(t.Context(), 0, []registry.Op{newer})
	require.NoError(t, err)
	n := c.AddMaster(master.Config{})
	require.NotNil(t, n)
	c.Settle()
	ended, err := n.Ended()
	require.True(t, ended)
	require.ErrorIs(t, err, registry.ErrCapability)
	require.ErrorIs(t, err, master.ErrResigned)

	s, err := filestore.Open(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, s.Close())
	c.SetStore(s)
	require.Nil(t, c.AddMaster(master.Config{}))
	require.ErrorIs(t, c.Err(), registry.ErrClosed)
}
