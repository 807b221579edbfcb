package agent

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// busy is a machine with a master, an executor, a queued task, a delivered one with an update, and an operation.
func busy(t *testing.T) *Machine {
	m, err := New(Config{Entropy: [16]byte{1}, Node: "a", Info: msg.AgentInfo{Resources: resource.MustParse("cpus:4;disk(r):10")}})
	require.NoError(t, err)
	now := m.now
	step := func(in msg.Input) {
		require.NoError(t, m.Step(now, in))
		require.NoError(t, m.Check())
	}
	say := func(l msg.Link, b msg.Message) { step(msg.Envelope{Link: l, Body: b}) }
	step(msg.Leader{Master: "m"})
	step(msg.LinkUp{Link: 1, Peer: "m"})
	now, _ = m.NextDeadline()
	step(msg.Tick{})
	say(1, msg.AgentRegistered{Agent: "S1"})
	run := msg.RunTasks{
		Framework: msg.FrameworkInfo{ID: "F1"}, Role: "r", Executor: msg.ExecutorInfo{ID: "e1"}, LaunchExecutor: true,
		Tasks: []msg.TaskInfo{{ID: "t1"}},
	}
	say(1, run)
	e := m.frameworks["F1"].executors["e1"]
	step(msg.LinkUp{Link: 2, Peer: "x"})
	say(2, msg.SubscribeExecutor{Framework: "F1", Executor: "e1", Container: e.container})
	say(2, msg.ExecutorUpdate{Status: msg.TaskStatus{Task: "t1", State: msg.TaskRunning, UUID: msg.UUID{1}}})
	v, err := resource.New(resource.Resource{
		Name: "disk", Scalar: 1000, Reservations: []resource.Reservation{{Type: resource.Static, Role: "r"}},
		Disk: &resource.Disk{Persistence: &resource.Persistence{ID: "v"}, Volume: &resource.Volume{ContainerPath: "d", Mode: resource.ReadWrite}},
	})
	require.NoError(t, err)
	say(1, msg.ApplyOperation{UUID: msg.UUID{1}, Op: reservation.Create{Volumes: v}})
	run.LaunchExecutor, run.Tasks[0] = false, msg.TaskInfo{ID: "t2"}
	say(1, run)
	return m
}

// docs/protocol.md §20: Check recounts, and names the counter or index that was falsified.
func TestCheckNamesWhatIsCorrupt(t *testing.T) {
	require.NoError(t, busy(t).Check())
	for name, spoil := range map[string]func(m *Machine, e *executor){
		"tasks: counted":              func(m *Machine, _ *executor) { m.tasks++ },
		"updates: counted":            func(m *Machine, _ *executor) { m.updates-- },
		"executors: 2 containers":     func(m *Machine, e *executor) { m.containers["x"] = e },
		"filed under":                 func(m *Machine, _ *executor) { m.frameworks["F1"].info.ID = "F2" },
		"has nothing here":            func(m *Machine, _ *executor) { m.frameworks["F2"] = &framework{info: msg.FrameworkInfo{ID: "F2"}} },
		"not one of its live ones":    func(m *Machine, e *executor) { e.live["t1"].state = msg.TaskFailed },
		"queued and not waiting":      func(m *Machine, e *executor) { e.live["t2"].launch = nil },
		"more tasks queued":           func(m *Machine, e *executor) { e.queue = nil },
		"filed wrongly":               func(m *Machine, e *executor) { e.container = "x" },
		"link 9 is not its own":       func(m *Machine, e *executor) { e.link = 9 },
		"out of reach without a time": func(m *Machine, e *executor) { m.links[2].exec = nil; e.link = 0 },
		"registration timer":          func(m *Machine, e *executor) { e.state = execRegistering },
		"without a time to be stopped": func(m *Machine, e *executor) {
			e.state = execTerminating
		},
		"stopping, and still a time":     func(m *Machine, e *executor) { e.stopping = true; m.timers.set(e.patience, 9) },
		"while its framework ends":       func(m *Machine, e *executor) { m.frameworks["F1"].ending = true },
		"counts 1 users, has 0":          func(m *Machine, e *executor) { e.mounts["/x"] = &mount{users: 1} },
		"is of another framework":        func(m *Machine, e *executor) { e.live["t1"].framework = &framework{} },
		"without an executor":            func(m *Machine, e *executor) { delete(e.live, "t1") },
		"is kept twice":                  func(m *Machine, e *executor) { e.live["t1"].stream.recent = []msg.UUID{{1}} },
		"retry timer":                    func(m *Machine, e *executor) { m.timers.stop(e.live["t1"].stream.retry) },
		"newest update":                  func(m *Machine, e *executor) { e.live["t1"].state = msg.TaskKilling },
		"acknowledged uuids":             func(m *Machine, e *executor) { e.live["t2"].stream.recent = make([]msg.UUID, 2000) },
		"the master's and an executor's": func(m *Machine, e *executor) { m.links[1] = &peer{} },
		"executor e1 has link 2":         func(m *Machine, e *executor) { m.links[3] = &peer{exec: e} },
		"links; 1 are allowed":           func(m *Machine, e *executor) { m.cfg.Bounds.Links = 1; m.links[3] = &peer{} },
		"operations: 2 came":             func(m *Machine, _ *executor) { m.opsIn++ },
		"not under way":                  func(m *Machine, _ *executor) { m.work[9] = &work{op: &operation{}} },
		"waits for 2":                    func(m *Machine, _ *executor) { m.ops[0].waiting++ },
		"dialing a master":               func(m *Machine, _ *executor) { m.master.dialing = true },
		"registered without a link":      func(m *Machine, _ *executor) { m.master.link = 0 },
		"registered without an id":       func(m *Machine, _ *executor) { m.id = "" },
		"silence timer":                  func(m *Machine, _ *executor) { m.timers.stop(m.master.silence) },
		"while the agent drains":         func(m *Machine, e *executor) { m.drain = &msg.Drain{} },
		"told to end by a drain":         func(m *Machine, e *executor) { e.live["t1"].drained = true },
		"retry timer true with leader":   func(m *Machine, _ *executor) { m.timers.set(m.master.retry, 1) },
	} {
		m := busy(t)
		spoil(m, m.frameworks["F1"].executors["e1"])
		require.ErrorIs(t, m.Check(), ErrBroken, name)
		require.ErrorContains(t, m.Check(), name)
	}
}

// restarted is a machine that was started again with an executor, whose task's update is not on disk yet.
func restarted(t *testing.T) *Machine {
	cfg := Config{Entropy: [16]byte{1}, Node: "a", Checkpoint: true, Info: msg.AgentInfo{Resources: resource.MustParse("cpus:4")}}
	var entries []msg.Entry
	add := func(key string, k msg.Kept) {
		b, err := msg.MarshalKept(k)
		require.NoError(t, err)
		entries = append(entries, msg.Entry{Key: key, Value: b})
	}
	add(keyAgent, msg.KeptAgent{Info: msg.AgentInfo{ID: "S1"}})
	for _, c := range []msg.ContainerID{"c1", "c2"} {
		e := msg.ExecutorID("e" + c[1:])
		add(executorKey("F1", e), msg.KeptExecutor{Info: msg.ExecutorInfo{ID: e, Framework: "F1"}, Container: c})
	}
	add(frameworkKey("F1"), msg.KeptFramework{Info: msg.FrameworkInfo{ID: "F1", Checkpoint: true}})
	add(taskKey("F1", "t1"), msg.KeptTask{Framework: "F1", Executor: "e1", Container: "c1", Info: msg.TaskInfo{ID: "t1"}})
	m, err := New(cfg)
	require.NoError(t, err)
	require.NoError(t, m.Step(0, msg.Restored{Entries: entries}))
	require.NoError(t, m.Step(0, msg.Recorded{Seq: m.journal.asked}))
	require.NoError(t, m.Step(0, msg.LinkUp{Link: 2, Peer: "x"}))
	require.NoError(t, m.Step(0, msg.Envelope{Link: 2, Body: msg.SubscribeExecutor{Framework: "F1", Executor: "e1", Container: "c1",
		Tasks: []msg.TaskInfo{{ID: "t1"}}, Updates: []msg.TaskStatus{{Task: "t1", State: msg.TaskRunning, UUID: msg.UUID{1}}}}}))
	return m
}

// docs/protocol.md §16.2: Check recounts what waits for the checkpoint, and who is waited for.
func TestCheckNamesWhatIsCorruptOfACheckpoint(t *testing.T) {
	require.NoError(t, restarted(t).Check())
	for name, spoil := range map[string]func(m *Machine, e *executor){
		"executors that may come back: counted": func(m *Machine, _ *executor) { m.awaited++ },
		"recovering, and nothing is waited for": func(m *Machine, _ *executor) { m.back(m.frameworks["F1"].executors["e2"]) },
		"effects that wait: counted":            func(m *Machine, _ *executor) { m.journal.size++ },
		"effects wait for record":               func(m *Machine, _ *executor) { m.journal.held[0].after = 99 },
		"record timer false":                    func(m *Machine, _ *executor) { m.timers.stop(m.journal.late) },
		"records without a checkpoint":          func(m *Machine, _ *executor) { m.cfg.Checkpoint = false },
		"updates 1 to 2, 1 kept":                func(_ *Machine, e *executor) { e.live["t1"].stream.count++ },
		"recorded, its framework is not":        func(_ *Machine, e *executor) { e.framework.info.Checkpoint = false },
	} {
		m := restarted(t)
		spoil(m, m.frameworks["F1"].executors["e1"])
		require.ErrorIs(t, m.Check(), ErrBroken, name)
		require.ErrorContains(t, m.Check(), name)
	}
}
