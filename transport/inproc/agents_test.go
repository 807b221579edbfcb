package inproc_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/agent/dirstore"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// playing is a cluster on whose one agent the executor of r's framework runs t1.
func playing(t *testing.T, checkpoint bool, store agent.Store) (*inproc.Cluster, *recorder, offer.AgentID) {
	c := inproc.NewCluster(1)
	t.Cleanup(c.Close)
	r := &recorder{}
	executors := host.Executors{"worker": func(host.StartInfo) framework.Executor {
		r.worker = &worker{}
		return r.worker
	}}
	c.AddMaster(master.Config{})
	c.AddAgentOn(store, "agent-1", machine(), executors)
	c.Advance(2 * time.Second)
	f := info("web")
	f.Checkpoint, f.FailoverTimeout = checkpoint, time.Hour
	r.launch(task("t1", "worker"))
	c.AddScheduler(f, r)
	c.Advance(2 * time.Second)
	require.Equal(t, "registered; t1 TASK_RUNNING ", r.heard())
	return c, r, c.Agent("agent-1").ID()
}

// docs/protocol.md §19 agent process restarts, checkpoint on: same id, executors reconnect, nobody hears of it.
func TestRestartAgent(t *testing.T) {
	store, err := dirstore.Open(t.TempDir())
	require.NoError(t, err)
	defer store.Close()
	c, r, id := playing(t, true, store)
	require.Same(t, store, c.Checkpoint("agent-1"))
	executor := c.Nodes()[1]
	c.Kill("agent-1")
	require.Nil(t, c.Agent("agent-1"))
	c.Advance(time.Minute)
	require.Contains(t, c.Nodes(), executor, "it looks for its agent")
	c.RestartAgent("agent-1")
	require.Equal(t, agent.Recovering, c.Agent("agent-1").State())
	c.Advance(4 * time.Second)
	require.Equal(t, agent.Running, c.Agent("agent-1").State())
	require.Equal(t, id, c.Agent("agent-1").ID())
	require.Contains(t, c.Nodes(), executor)
	require.Len(t, c.Master().Tasks(), 1)
	require.Empty(t, r.heard())
	require.NoError(t, c.Check())
}

// docs/protocol.md §19 agent process restarts, checkpoint off: tasks lost and reported; what lingers is ended.
func TestRestartAgentOfOthers(t *testing.T) {
	c, r, id := playing(t, false, agent.NewMemory())
	executor := c.Nodes()[1]
	c.RestartAgent("agent-1")
	c.Advance(4 * time.Second)
	require.Contains(t, r.heard(), "t1 TASK_LOST AGENT_DISCONNECTED")
	require.Equal(t, id, c.Agent("agent-1").ID(), "it is the same agent all the same")
	require.NotContains(t, c.Nodes(), executor)
	require.NoError(t, c.Check())
}

// An agent without a store knows nothing after a restart.
// docs/protocol.md §4.3
func TestRestartWithoutStore(t *testing.T) {
	c, _, id := playing(t, true, nil)
	require.Nil(t, c.Checkpoint("agent-1"))
	c.RestartAgent("agent-1")
	c.Advance(4 * time.Second)
	require.NotEqual(t, id, c.Agent("agent-1").ID())
	require.NoError(t, c.Check())
}

// docs/protocol.md §4.1: executors that do not come back in time are killed, their tasks GONE or LOST.
func TestExecutorsThatMissTheirTime(t *testing.T) {
	c, r, _ := playing(t, true, agent.NewMemory())
	executor := c.Nodes()[1]
	c.Network().Cut(executor, "agent-1")
	c.RestartAgent("agent-1")
	c.Advance(10 * time.Second)
	require.Contains(t, r.heard(), "TASK_GONE EXECUTOR_REREGISTRATION_TIMEOUT")
	require.NotContains(t, c.Nodes(), executor)
	require.Empty(t, c.Agent("agent-1").Executors())
	require.NoError(t, c.Check())
}

// What an agent learned while the master was away is told to the next one, a restart in between.
// docs/protocol.md §9, §19 leader dies
func TestRestartWhileTheMasterIsAway(t *testing.T) {
	c, r, id := playing(t, true, agent.NewMemory())
	c.Kill("master")
	require.NoError(t, r.worker.d.SendStatus(msg.TaskStatus{Task: "t1", State: msg.TaskFinished}))
	c.Settle()
	c.RestartAgent("agent-1")
	c.Advance(time.Minute)
	c.AddMaster(master.Config{})
	c.Advance(2 * time.Minute)
	require.Equal(t, id, c.Agent("agent-1").ID())
	require.Contains(t, r.heard(), "t1 TASK_FINISHED")
	require.Empty(t, c.Master().Tasks())
	require.NoError(t, c.Check())
}

// docs/protocol.md §15: reservations are the agent's to remember.
func TestReservationsOutliveTheProcess(t *testing.T) {
	c, _, id := playing(t, true, agent.NewMemory())
	r, err := resource.New(resource.Resource{Name: "mem", Scalar: resource.Whole(64), Reservations: []resource.Reservation{{Type: resource.Dynamic, Role: "web"}}})
	require.NoError(t, err)
	require.NoError(t, c.Operate(msg.ChangeAgent{Agent: id, Op: reservation.Reserve{Resources: r}}))
	before := c.Agent("agent-1").Total()
	require.True(t, before.Contains(r))
	c.RestartAgent("agent-1")
	c.Advance(4 * time.Second)
	require.True(t, before.Equal(c.Agent("agent-1").Total()))
	require.True(t, before.Equal(c.Master().Agents()[0].Total))
}

// docs/protocol.md §4.1: an incompatible change of agent info on restart is refused, and can be taken back.
func TestIncompatibleRestart(t *testing.T) {
	c, r, id := playing(t, true, agent.NewMemory())
	n := c.RestartAgent("agent-1", func(cfg *agent.Config) { cfg.Info.Hostname = "other" })
	c.Settle()
	ended, err := n.Ended()
	require.True(t, ended)
	require.ErrorIs(t, err, agent.ErrIncompatible)
	require.NoError(t, c.Err(), "the cluster goes on")
	c.RestartAgent("agent-1", func(cfg *agent.Config) { cfg.Info.Hostname = "agent-1" })
	c.Advance(4 * time.Second)
	require.Equal(t, id, c.Agent("agent-1").ID())
	require.Empty(t, r.heard())
}

// A disk that fails ends the agent; what it could not write was told to nobody.
// docs/protocol.md §19
func TestAgentWhoseDiskFails(t *testing.T) {
	c, r, _ := playing(t, true, agent.NewMemory())
	c.FailRecords(func(name msg.Node, _ int) host.StoreFault {
		require.EqualValues(t, "agent-1", name)
		return host.StoreFault{Lost: true, Err: errors.New("full")}
	})
	require.NoError(t, r.worker.d.SendStatus(msg.TaskStatus{Task: "t1", State: msg.TaskFinished}))
	c.Settle()
	require.Nil(t, c.Agent("agent-1"))
	require.Empty(t, r.heard())
	c.FailRecords(nil)
	c.RestartAgent("agent-1")
	c.Advance(4 * time.Second)
	require.Equal(t, "t1 TASK_FINISHED ", r.heard())
}

// Restarting what never was is an error of the caller's.
// docs/protocol.md §4.1
func TestRestartOfNobody(t *testing.T) {
	c := inproc.NewCluster(1)
	defer c.Close()
	require.Nil(t, c.RestartAgent("agent-7"))
	require.ErrorIs(t, c.Err(), inproc.ErrNoAgent)
	require.Nil(t, c.Checkpoint("agent-7"))
}
