package inproc_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// inOrder requires that the lines of a timeline hold the words, each after the one before.
func inOrder(t *testing.T, timeline string, words ...string) {
	t.Helper()
	rest := timeline
	for _, w := range words {
		_, after, found := strings.Cut(rest, w)
		require.True(t, found, "%q is not in the timeline, or not after those before", w)
		rest = after
	}
}

// The life of a task from registration to the acknowledgement of its end, message by message.
// docs/protocol.md §9
func TestLifeOfATask(t *testing.T) {
	c, timeline := newCluster(t, 1)
	c.AddAgent("agent-1", machine(), workers)
	s := &recorder{}
	s.launch(task("task-1", "worker"))
	d := c.AddScheduler(info("web"), s)
	c.Advance(2 * time.Second)
	require.Equal(t, "registered; task-1 TASK_RUNNING ", s.heard())
	require.Len(t, c.Nodes(), 4, "the executor has a node: %v", c.Nodes())
	require.NoError(t, d.Message(msg.ExecutorRef{Agent: s.agents[0], Executor: "worker"}, []byte("end task-1")))
	c.Settle()
	require.Equal(t, "message from worker: echo end task-1; task-1 TASK_FINISHED ", s.heard())
	inOrder(t, timeline.String(),
		"scheduler-1: sends Subscribe to master", "scheduler-1: gets Subscribed from master",
		"agent-1: sends RegisterAgent to master", "master: sends AgentRegistered to agent-1",
		"scheduler-1: gets Offers from master", "scheduler-1: sends Accept to master",
		"master: sends RunTasks to agent-1", "sends SubscribeExecutor to agent-1",
		"gets LaunchOnExecutor from agent-1", "agent-1: gets ExecutorUpdate",
		"agent-1: sends StatusUpdate to master", "scheduler-1: gets Update from master",
		"scheduler-1: sends Acknowledge to master", "agent-1: gets StatusAck from master",
		"agent-1: task updated", "TASK_FINISHED", "agent-1: gets StatusAck from master", "agent-1: task forgotten")
	require.NotContains(t, timeline.String(), "refuses")
	require.NotContains(t, timeline.String(), "loses")
	require.Equal(t, msg.DriverStopped, d.Stop(false))
	c.Advance(10 * time.Second)
	require.Equal(t, []msg.Node{"agent-1", "master"}, c.Nodes(), "a framework that is torn down takes its executors along")
}

// run is a day of a small cluster; it returns its timeline.
func run(t *testing.T, seed uint64, cfg inproc.Config) string {
	cfg.Seed = seed
	c, timeline := inproc.NewClusterOn(cfg), &strings.Builder{}
	defer c.Close()
	c.Observe(func(o host.Observation) { timeline.WriteString(o.String() + "\n") })
	c.AddMaster(master.Config{})
	for _, name := range []msg.Node{"agent-1", "agent-2", "agent-3"} {
		c.AddAgent(name, machine(), workers)
	}
	for _, r := range []role.Name{"web", "batch"} {
		s := &recorder{}
		s.launch(task("a", "worker"), task("b", "worker"))
		c.AddScheduler(info(r), s)
	}
	c.Advance(time.Minute)
	c.Network().Cut("agent-2", "master")
	c.Advance(5 * time.Minute)
	c.Network().Heal("agent-2", "master")
	c.Advance(5 * time.Minute)
	require.NoError(t, c.Check())
	return timeline.String()
}

// Equal seeds give equal runs, to the byte, with latency and jitter too; other seeds give other runs.
// docs/protocol.md §20
func TestRunsRepeat(t *testing.T) {
	for _, cfg := range []inproc.Config{{}, {Latency: 5 * time.Millisecond, Jitter: 20 * time.Millisecond}} {
		one := run(t, 1, cfg)
		require.Equal(t, one, run(t, 1, cfg))
		require.NotEqual(t, one, run(t, 2, cfg))
		require.Greater(t, len(one), 10_000)
	}
}

// A persistent volume outlives the framework that wrote it: another framework of the role reads what is there.
// docs/resource-model.md §6.4
func TestVolumeGoesFromFrameworkToFramework(t *testing.T) {
	c, _ := newCluster(t, 1)
	dir := t.TempDir()
	c.AddAgent("agent-1", machine(), workers, inproc.WorkDir(dir))
	disk := resource.Resource{Name: "disk", Scalar: resource.Whole(100), Reservations: []resource.Reservation{{Type: resource.Dynamic, Role: "db"}}}
	reserved, err := resource.New(disk)
	require.NoError(t, err)
	disk.Disk = &resource.Disk{Persistence: &resource.Persistence{ID: "v1"}, Volume: &resource.Volume{ContainerPath: "store", Mode: resource.ReadWrite}}
	volume, err := resource.New(disk)
	require.NoError(t, err)
	use := func(id msg.TaskID, data string) msg.TaskInfo {
		x := task(id, "worker")
		x.Resources, x.Data = x.Resources.Add(volume), []byte(data)
		return x
	}
	writer := &recorder{}
	writer.onOffer = func(d framework.Driver, o msg.Offer) bool {
		writer.onOffer = nil
		w := use("w", "write store/file")
		w.Agent = o.Agent
		return d.Accept([]msg.OfferID{o.ID}, []msg.Operation{msg.Reserve(reserved), msg.Create(volume), msg.Launch(w)}, msg.Filters{}) == nil
	}
	d := c.AddScheduler(info("db"), writer)
	c.Advance(2 * time.Second)
	require.Equal(t, "registered; w TASK_FINISHED ", writer.heard(), "%v", writer.status)
	require.Equal(t, msg.DriverStopped, d.Stop(false))
	c.Advance(10 * time.Second)
	reader := &recorder{}
	reader.onOffer = func(d framework.Driver, o msg.Offer) bool {
		if !o.Resources.Contains(volume) {
			return false
		}
		reader.onOffer = nil
		r := use("r", "read store/file")
		r.Agent = o.Agent
		return d.Launch([]msg.OfferID{o.ID}, msg.Filters{}, r) == nil
	}
	c.AddScheduler(info("db"), reader)
	c.Advance(10 * time.Second)
	require.Equal(t, "registered; r TASK_FINISHED ", reader.heard(), "%v", reader.status)
	require.Equal(t, "written by "+string(writer.id), string(reader.status[0].Data))
	require.NotEqual(t, writer.id, reader.id)
}

// Messages go both ways while the links stand.
// docs/protocol.md §13
func TestMessagesBothWays(t *testing.T) {
	c, _ := newCluster(t, 1)
	c.AddAgent("agent-1", machine(), workers)
	s := &recorder{}
	s.launch(task("task-1", "worker"))
	d := c.AddScheduler(info("web"), s)
	c.Advance(2 * time.Second)
	s.heard()
	to := msg.ExecutorRef{Agent: s.agents[0], Executor: "worker"}
	for _, text := range []string{"one", "two", "three"} {
		require.NoError(t, d.Message(to, []byte(text)))
	}
	c.Settle()
	require.Equal(t, "message from worker: echo one; message from worker: echo two; message from worker: echo three", s.heard())
	c.Network().Break("agent-1", "master")
	require.NoError(t, d.Message(to, []byte("lost")))
	c.Settle()
	require.NotContains(t, s.heard(), "lost")
}

// An executor that is not registered, and a command, fail their task with what to do about it.
// docs/protocol.md §16.2
func TestUnknownExecutor(t *testing.T) {
	c, _ := newCluster(t, 1)
	c.AddAgent("agent-1", machine(), workers)
	s := &recorder{}
	command := task("command", "")
	command.Executor, command.Command = nil, &msg.CommandInfo{Value: "true", Shell: true}
	s.launch(task("stranger", "nobody"), command)
	c.AddScheduler(info("web"), s)
	c.Advance(5 * time.Second)
	heard := s.heard()
	require.Contains(t, heard, "stranger TASK_FAILED CONTAINER_LAUNCH_FAILED")
	require.Contains(t, heard, "command TASK_FAILED CONTAINER_LAUNCH_FAILED")
	for _, x := range s.status {
		if x.Task == "stranger" {
			require.Contains(t, x.Message, `register a function as "nobody"`)
		} else {
			require.Contains(t, x.Message, "Launcher")
		}
	}
}

// A function is found by the executor's Command, else by its name, else by its id.
// docs/protocol.md §11
func TestExecutorNames(t *testing.T) {
	c, _ := newCluster(t, 1)
	var started []string
	mark := func(as string) func(host.StartInfo) framework.Executor {
		return func(s host.StartInfo) framework.Executor {
			started = append(started, as+" for "+string(s.Executor.ID))
			return &worker{info: s}
		}
	}
	c.AddAgent("agent-1", machine(), host.Executors{"by command": mark("by command"), "by name": mark("by name"), "by-id": mark("by-id")})
	one, two, three := task("1", "x"), task("2", "by-command"), task("3", "by-id")
	one.Executor = &msg.ExecutorInfo{ID: "x", Name: "by name"}
	two.Executor = &msg.ExecutorInfo{ID: "y", Name: "by name", Command: &msg.CommandInfo{Value: "by command"}}
	s := &recorder{}
	s.launch(one, two, three)
	c.AddScheduler(info("web"), s)
	c.Advance(2 * time.Second)
	require.Equal(t, []string{"by name for x", "by command for y", "by-id for by-id"}, started)
}

// A killed task, an executor that stops, and one that is shut down.
// docs/protocol.md §10
func TestKillAndShutdown(t *testing.T) {
	c, _ := newCluster(t, 1)
	c.AddAgent("agent-1", machine(), workers)
	s := &recorder{}
	s.launch(task("a", "worker"), task("b", "worker"))
	d := c.AddScheduler(info("web"), s)
	c.Advance(2 * time.Second)
	require.Equal(t, "registered; a TASK_RUNNING ; b TASK_RUNNING ", s.heard())
	require.NoError(t, d.Kill("a", "", msg.KillPolicy{}))
	c.Settle()
	require.Equal(t, "a TASK_KILLED ", s.heard())
	require.NoError(t, d.Shutdown(msg.ExecutorRef{Agent: s.agents[0], Executor: "worker"}))
	c.Advance(10 * time.Second)
	heard := s.heard()
	require.Contains(t, heard, "b TASK_FAILED EXECUTOR_TERMINATED")
	require.Contains(t, heard, "executor worker lost 0")
	require.Len(t, c.Nodes(), 3)
}

// An operator's calls are answered; one that is wrong changes nothing.
// docs/protocol.md §16.1
func TestOperate(t *testing.T) {
	c, timeline := newCluster(t, 1)
	require.NoError(t, c.Operate(msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: 3}}}))
	require.Contains(t, timeline.String(), "weights set")
	require.ErrorContains(t, c.Operate(msg.TeardownFramework{Framework: "nobody"}), "nobody")
	got, err := c.Ask(msg.GetWeights{})
	require.NoError(t, err)
	require.Equal(t, master.WeightsResult{Weights: []role.Weight{{Role: "web", Weight: 3}}}, got)
	c.Kill("master")
	require.ErrorIs(t, c.Operate(msg.TeardownFramework{Framework: "nobody"}), inproc.ErrNoMaster)
}

// What cannot be added is kept as the cluster's error, and nothing moves after it.
// docs/protocol.md §2.1
func TestClusterKeepsItsFirstError(t *testing.T) {
	c := inproc.NewCluster(1)
	defer c.Close()
	require.NotNil(t, c.AddMaster(master.Config{}))
	require.Nil(t, c.AddAgent("master", machine(), workers))
	first := c.Err()
	require.ErrorContains(t, first, "in use")
	require.Nil(t, c.AddAgent("agent-1", machine(), workers, func(cfg *agent.Config) { cfg.Info.ID = "S1" }))
	require.Equal(t, first, c.Err())
	require.Equal(t, first, c.Check())
	s := &recorder{}
	c.AddScheduler(info("web"), s)
	c.Advance(time.Minute)
	require.Empty(t, s.heard())
	require.Equal(t, inproc.Begin, c.Now(), "time stands still")
	require.Equal(t, first, c.Operate(msg.UpdateWeights{}), "and no call is made")
	bad := c.AddScheduler(info("web"), s, func(cfg *framework.SchedulerConfig) { cfg.MissedHeartbeats = -1 })
	var refused *framework.StatusError
	require.ErrorAs(t, bad.Reconcile(), &refused)
}

// A failure on the way stops time where it is, and a call that is under way answers with it.
// docs/protocol.md §2.1
func TestClusterStopsAtAFailure(t *testing.T) {
	failing := func(after time.Duration) *inproc.Cluster {
		c := inproc.NewCluster(1)
		t.Cleanup(c.Close)
		var again func()
		again = func() { c.After(0, again) } // without end
		c.After(after, again)
		return c
	}
	c := failing(time.Second)
	c.Advance(time.Minute)
	require.ErrorIs(t, c.Err(), inproc.ErrUnsettled)
	require.Equal(t, inproc.Begin.Add(time.Second), c.Now())
	c = failing(0)
	require.NotNil(t, c.AddMaster(master.Config{}))
	require.ErrorIs(t, c.Operate(msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: 3}}}), inproc.ErrUnsettled)
}

// Functions are called at their time and in order; a task that takes time is one of them.
// docs/protocol.md §20
func TestAfter(t *testing.T) {
	c, _ := newCluster(t, 1)
	var log []string
	note := func(s string) func() {
		return func() { log = append(log, s+" "+c.Now().Sub(inproc.Begin).String()) }
	}
	c.After(2*time.Second, note("c"))
	c.After(time.Second, note("a"))
	c.After(time.Second, note("b"))
	c.After(2*time.Second, func() { c.After(0, note("d")); c.After(time.Hour, note("never")) })
	c.AddAgent("agent-1", machine(), host.Executors{"slow": func(host.StartInfo) framework.Executor { return slowly{after: c.After} }})
	s := &recorder{}
	s.launch(task("task-1", "slow"))
	c.AddScheduler(info("web"), s)
	c.Advance(10 * time.Second)
	require.Equal(t, []string{"a 1s", "b 1s", "c 2s", "d 2s"}, log)
	require.Equal(t, "registered; task-1 TASK_RUNNING ", s.heard())
	c.Advance(time.Minute)
	require.Equal(t, "task-1 TASK_FINISHED ", s.heard())
}

// slowly runs each task for a minute.
type slowly struct {
	framework.NopExecutor
	after func(time.Duration, func())
}

func (s slowly) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	_ = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning})
	s.after(time.Minute, func() { _ = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskFinished}) })
}
