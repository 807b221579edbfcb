package master

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// answerCommits finds every commit good.
func (m *Machine) answerCommits(t *testing.T) {
	for len(m.out.Commits) > 0 {
		c := m.out.Commits[0]
		m.out.Commits = m.out.Commits[1:]
		require.NoError(t, m.Step(m.now, c.Answer(c.At+1, nil)))
	}
}

// busy makes a machine with something in each of its books: agent a with task t under executor x, framework s with an
// offer of agent b.
func busy(t *testing.T) *Machine {
	t.Helper()
	m, err := New(Config{Entropy: [16]byte{1}})
	require.NoError(t, err)
	var now offer.Time
	step := func(in msg.Input) {
		t.Helper()
		require.NoError(t, m.Step(now, in))
		m.answerCommits(t)
	}
	step(msg.Loaded{})
	say := func(l msg.Link, b msg.Message) { t.Helper(); step(msg.Envelope{Link: l, Body: b}) }
	total := resource.MustParse("cpus:4;mem:1024")
	step(msg.LinkUp{Link: 1, Peer: "a"})
	say(1, msg.RegisterAgent{Info: msg.AgentInfo{Hostname: "a"}, Total: total})
	step(msg.LinkUp{Link: 2, Peer: "s"})
	say(2, msg.Subscribe{Framework: msg.FrameworkInfo{Roles: []role.Name{"web"}, FailoverTimeout: time.Minute, Checkpoint: true}})
	now = now.Add(time.Second)
	step(msg.Tick{})
	a, f := m.onlyAgent("a"), m.onlyFramework()
	ids := sortedValues(f.offers, func(a, b offer.OfferID) int { return int(a) - int(b) })
	require.Len(t, ids, 1)
	x := msg.ExecutorInfo{ID: "x", Resources: resource.MustParse("cpus:1")}
	say(2, msg.Accept{Offers: []msg.OfferID{ids[0].ID}, Filters: msg.Filters{Refuse: time.Hour}, Operations: []msg.Operation{
		msg.Launch(msg.TaskInfo{ID: "t", Agent: a.info.ID, Resources: resource.MustParse("cpus:1"), Executor: &x})}})
	step(msg.LinkUp{Link: 3, Peer: "b"})
	say(3, msg.RegisterAgent{Info: msg.AgentInfo{Hostname: "b"}, Total: total})
	now = now.Add(time.Second)
	step(msg.Tick{})
	require.Len(t, f.offers, 1)
	require.Len(t, a.tasks, 1)
	require.NoError(t, m.Check())
	return m
}

func (m *Machine) onlyAgent(hostname string) *agent {
	for _, a := range sortedAgents(m.agents) {
		if a.info.Hostname == hostname {
			return a
		}
	}
	return nil
}

func (m *Machine) onlyFramework() *framework { return m.sortedFrameworks()[0] }

// docs/protocol.md §18.1 every book and counter that is wrong is named by Check.
func TestCheckNamesWhatIsCorrupt(t *testing.T) {
	a := func(m *Machine) *agent { return m.onlyAgent("a") }
	f := (*Machine).onlyFramework
	theTask := func(m *Machine) *task { return a(m).sortedTasks()[0] }
	for _, c := range []struct {
		name    string
		corrupt func(m *Machine)
		says    string
	}{
		{"address gone", func(m *Machine) { delete(m.nodes, "a") }, "nodes: 1 addresses of 2 agents"},
		{"address of another", func(m *Machine) { m.nodes["a"] = m.nodes["b"] }, "nodes: "},
		{"agent gone", func(m *Machine) { delete(m.agents, a(m).info.ID); delete(m.nodes, "a") }, "agents: the allocator has"},
		{"agent id", func(m *Machine) { a(m).info.ID = "x" }, "is filed under"},
		{"agent unreachable too", func(m *Machine) { m.unreachable.add(a(m).info.ID, lostAgent{}, 9) }, "is registered and unreachable"},
		{"agent's link", func(m *Machine) { a(m).link.agent = nil }, "link of agent"},
		{"agent's alarm", func(m *Machine) { m.alarms.set(&a(m).reregister, 9) }, "reregister alarm of agent"},
		{"agent's pings", func(m *Machine) { m.alarms.stop(&a(m).ping) }, "ping alarm of agent"},
		{"agent's total", func(m *Machine) { a(m).total = resource.MustParse("cpus:5") }, "total of agent"},
		{"agent's confirmed total", func(m *Machine) { a(m).base = resource.MustParse("cpus:5") }, "0 pending operations do not make up for it"},
		{"agent's activity", func(m *Machine) { a(m).deactivated = true }, "deactivated true"},
		{"task's resources", func(m *Machine) { theTask(m).edit().Resources = resource.MustParse("cpus:2") }, "allocated on agent"},
		{"task's state", func(m *Machine) { theTask(m).edit().State = msg.TaskFailed }, "allocated on agent"},
		{"task's agent", func(m *Machine) { theTask(m).edit().Agent = "x" }, "agent tasks: "},
		{"task's framework", func(m *Machine) { delete(f(m).tasks, "t") }, "framework tasks: "},
		{"task's place", func(m *Machine) {
			t := theTask(m)
			delete(a(m).tasks, t.agentKey())
			t.edit().Resources = resource.Resources{}
		}, "allocated on agent"},
		{"task gone at its agent", func(m *Machine) { f(m).tasks["u"] = &task{TaskReport: &TaskReport{ID: "u", Framework: f(m).info.ID}} }, "agent tasks: "},
		{"task filed wrongly", func(m *Machine) { f(m).tasks["u"] = theTask(m) }, "is filed under u"},
		{"task parked and live", func(m *Machine) { f(m).unreachable.add("t", theTask(m), 9) }, "is live and parked"},
		{"task parked at a registered agent", func(m *Machine) {
			f(m).unreachable.add("u", &task{TaskReport: &TaskReport{ID: "u", Agent: a(m).info.ID}}, 9)
		}, "unreachable tasks: "},
		{"task unreachable", func(m *Machine) { theTask(m).Unreachable = 9 }, "is registered"},
		{"executor's resources", func(m *Machine) { a(m).sortedExecutors()[0].Info.Resources = resource.Resources{} }, "allocated on agent"},
		{"executor's agent", func(m *Machine) { a(m).sortedExecutors()[0].Agent = "x" }, "executors: "},
		{"executor's framework", func(m *Machine) {
			a(m).executors[executorKey{"x", "y"}] = &executor{ExecutorReport{Agent: a(m).info.ID, Info: msg.ExecutorInfo{ID: "y", Framework: "x"}}}
		}, "executors: "},
		{"framework id", func(m *Machine) { f(m).info.ID = "x" }, "frameworks: x is filed under"},
		{"framework completed", func(m *Machine) { m.completed.add(f(m).info.ID, &completedFramework{}, 9) }, "is completed and not"},
		{"framework's link", func(m *Machine) { f(m).link.framework = nil }, "link of framework"},
		{"framework's state", func(m *Machine) { f(m).state = FrameworkDisconnected }, "with a link true"},
		{"framework's heartbeat", func(m *Machine) { m.alarms.stop(&f(m).heartbeat) }, "heartbeat alarm"},
		{"framework's timer", func(m *Machine) { m.alarms.set(&f(m).failover, 9) }, "failover alarm"},
		{"offer gone", func(m *Machine) { clear(f(m).offers) }, "offered on agent"},
		{"offer made up", func(m *Machine) {
			f(m).offers[99] = msg.Offer{ID: m.wireOffer(99), Framework: f(m).info.ID}
		}, "not by the allocator's books"},
		{"offer filed wrongly", func(m *Machine) { f(m).offers[99] = msg.Offer{} }, "offers: "},
		{"role count", func(m *Machine) { m.roles["web"]++ }, "roles: counted"},
		{"link id", func(m *Machine) { m.links[1].id = 9 }, "link"},
		{"link of two", func(m *Machine) { m.links[1].framework = f(m) }, "links: 1 carries more than one party"},
		{"link of a stranger's", func(m *Machine) { m.links[9] = &link{id: 9, agent: a(m)} }, "which is elsewhere"},
		{"link of another's", func(m *Machine) { m.links[9] = &link{id: 9, framework: f(m)} }, "which is elsewhere"},
		{"alarm lost", func(m *Machine) { m.alarms.heap = append(m.alarms.heap, &alarm{slot: len(m.alarms.heap) + 1}) }, "alarms: "},
		{"alarm misplaced", func(m *Machine) { h := m.alarms.heap; h[0], h[1] = h[1], h[0] }, "alarms: place 0"},
		{"bound on agents", func(m *Machine) { m.cfg.Bounds.Agents = 1 }, "agents: 2, the bound is 1"},
		{"bound on tasks", func(m *Machine) { m.cfg.Bounds.AgentTasks = 0 }, "tasks of agent"},
		{"bound on a framework's tasks", func(m *Machine) { m.cfg.Bounds.Tasks = 0 }, "tasks of framework"},
		{"bound on pending operations", func(m *Machine) { a(m).pending = make([]pendingOp, 1); m.cfg.Bounds.PendingOperations = 0 }, "pending operations of agent"},
		{"framework's places", func(m *Machine) { f(m).placed["x"]++ }, "places of framework"},
		{"bound on frameworks", func(m *Machine) { m.cfg.Bounds.Frameworks = 0 }, "frameworks: 1, the bound is 0"},
		{"bound on links", func(m *Machine) { m.cfg.Bounds.Links = 0 }, "links: 3, the bound is 0"},
		{"bound on roles", func(m *Machine) { m.cfg.Bounds.Roles = 0 }, "roles: 1, the bound is 0"},
		{"bound on lost agents", func(m *Machine) { m.unreachable.add("x", lostAgent{}, 9); m.cfg.Bounds.UnreachableAgents = 0 }, "unreachable agents: 1"},
		{"bound on completed frameworks", func(m *Machine) {
			m.completed.add("x", &completedFramework{}, 9)
			m.cfg.Bounds.CompletedFrameworks = 0
		}, "completed frameworks: 1"},
		{"bound on completed tasks", func(m *Machine) { f(m).history.add(1, &TaskReport{}, 9); m.cfg.Bounds.CompletedTasks = 0 }, "completed tasks of"},
		{"bound on parked tasks", func(m *Machine) {
			f(m).unreachable.add("u", &task{TaskReport: &TaskReport{ID: "u"}}, 9)
			m.cfg.Bounds.UnreachableTasks = 0
		}, "unreachable tasks of"},
		{"agent unreachable as well", func(m *Machine) { m.unreachable.add(a(m).info.ID, lostAgent{}, 9) }, "is registered and unreachable"},
		{"agent gone as well", func(m *Machine) { m.gone.add(a(m).info.ID, GoneRow{}, 9) }, "is registered and gone"},
		{"agent recovered as well", func(m *Machine) {
			m.recovered[a(m).info.ID] = registry.Agent{Info: a(m).info}
		}, "is registered and recovered"},
		{"recovered agent filed wrongly", func(m *Machine) { m.recovered["x"] = registry.Agent{} }, "recovered agents: "},
		{"recovered agent not awaited", func(m *Machine) {
			m.recovered["x"] = registry.Agent{Info: msg.AgentInfo{ID: "x"}}
		}, "nobody waits for them"},
		{"bound on gone agents", func(m *Machine) { m.gone.add("x", GoneRow{}, 9); m.cfg.Bounds.GoneAgents = 0 }, "gone agents: 1, the bound is 0"},
		{"commit without alarm", func(m *Machine) { m.ledger.flying = []change{{}} }, "ledger: 1 changes"},
		{"agent in transition", func(m *Machine) { m.moving["x"] = true }, "ledger: nothing is under way, and 1 agents"},
		{"address in transition", func(m *Machine) { m.arriving["x"] = true }, "1 addresses"},
		{"call forgotten", func(m *Machine) { m.calls = make([]msg.Operate, 1) }, "1 calls wait"},
		{"message forgotten", func(m *Machine) { m.links[1].held = []msg.Message{msg.Pong{}} }, "holds 1 messages"},
		{"link's end forgotten", func(m *Machine) { m.links[1].gone = true }, "gone true"},
		{"link in transition", func(m *Machine) { m.links[1].waiting = true }, "1 wait for 0 arrivals"},
		{"machine filed wrongly", func(m *Machine) { m.machines["x"] = machine{mode: registry.Down} }, "machines: "},
		{"machine up", func(m *Machine) { m.machines["/1"] = machine{id: msg.MachineID{IP: "1"}} }, "is UP and in the books"},
		{"machine's window", func(m *Machine) {
			m.machines["/1"] = machine{id: msg.MachineID{IP: "1"}, mode: registry.Draining}
			m.schedule = []msg.MaintenanceWindow{{Machines: []msg.MachineID{{IP: "1"}}, Window: offer.Window{Start: 1}}}
		}, "the schedule says"},
		{"machine not in the books", func(m *Machine) {
			m.schedule = []msg.MaintenanceWindow{{Machines: []msg.MachineID{{IP: "1"}}}}
		}, "schedule: machine /1 is not in the books"},
		{"host names", func(m *Machine) { m.hosts["x"] = "x" }, "machines by host name"},
		{"agent's window", func(m *Machine) { a(m).window.Start = 9 }, "its machine has"},
		{"agent's window at the allocator", func(m *Machine) {
			m.must(m.alloc.SetUnavailability(m.now, a(m).info.ID, offer.Window{Start: 9}))
		}, "the allocator has"},
		{"agent's answers", func(m *Machine) { a(m).answers = []InverseAnswer{{Framework: "f"}} }, "answers about agent"},
		{"agent of a machine that is down", func(m *Machine) {
			x := machine{id: msg.MachineID{Hostname: "a"}, mode: registry.Down}
			m.setMachines(map[string]machine{x.id.String(): x})
		}, "machine down true, offered true"},
		{"agent that stays on a machine that is down", func(m *Machine) {
			x := machine{id: msg.MachineID{Hostname: "a"}, mode: registry.Down}
			m.setMachines(map[string]machine{x.id.String(): x})
			for _, a := range sortedAgents(m.agents) {
				m.setActive(a)
			}
		}, "its machine is down"},
		{"bound on machines", func(m *Machine) {
			x := machine{id: msg.MachineID{Hostname: "x"}, mode: registry.Down}
			m.setMachines(map[string]machine{x.id.String(): x})
			m.cfg.Bounds.Machines = 0
		}, "machines: 1, the bound is 0"},
		{"inverse offer made up", func(m *Machine) {
			f(m).asks[99] = msg.InverseOffer{ID: m.wireOffer(99), Framework: f(m).info.ID}
		}, "inverse offers: 1 are out"},
		{"inverse offer filed wrongly", func(m *Machine) { f(m).asks[99] = msg.InverseOffer{} }, "is filed under 99"},
		{"inverse offer not told", func(m *Machine) {
			a(m).window = offer.Window{Start: 9}
			x := machine{msg.MachineID{Hostname: "a"}, registry.Draining, a(m).window}
			m.setMachines(map[string]machine{x.id.String(): x})
			m.must(m.alloc.SetUnavailability(m.now, a(m).info.ID, a(m).window))
			var lost offer.Batch
			m.alloc.Poll(m.now.Add(time.Second), &lost)
		}, "and nobody told it"},
		{"drain of an agent that is offered", func(m *Machine) { a(m).drain = &registry.Drain{} }, "and offered"},
		{"drain since", func(m *Machine) { a(m).drainSince = 9 }, "since 9"},
		{"drain that is over", func(m *Machine) {
			b := m.onlyAgent("b")
			m.obey(b, orders{deactivated: true, drain: &registry.Drain{}})
			m.batch.Reset()
			m.pollAllocator()
			clear(m.draining)
		}, "nobody writes that down"},
		{"drain not looked at", func(m *Machine) { m.draining["x"] = true }, "1 agents were not looked at"},
		{"stream without heartbeat", func(m *Machine) { m.streams[1] = &stream{} }, "streams: 1 has no heartbeat"},
		{"stream's number", func(m *Machine) {
			_, err := m.openStream(1)
			m.must(err)
			m.newStreams = 0
		}, "is the 1-th of 0"},
		{"bound on streams", func(m *Machine) {
			_, err := m.openStream(1)
			m.must(err)
			m.cfg.Bounds.Streams = 0
		}, "streams: 1, the bound is 0"},
		{"fault", func(m *Machine) { m.must(errors.New("no such thing")) }, "no such thing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := busy(t)
			c.corrupt(m)
			err := m.Check()
			require.ErrorIs(t, err, ErrCorrupt)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// docs/protocol.md §18.1 what the allocator and the books do not agree on is named, whichever side is wrong.
func TestCheckHoldsTheAllocator(t *testing.T) {
	m := busy(t)
	a, f := m.onlyAgent("a"), m.onlyFramework()
	al := offer.Allocation{Framework: f.info.ID, Role: "web", Agent: a.info.ID}
	require.NoError(t, m.alloc.Release(m.now, al, resource.MustParse("cpus:1")))
	require.ErrorContains(t, m.Check(), "allocated on agent")
	require.NoError(t, m.alloc.Charge(m.now, al, resource.MustParse("cpus:1")))
	require.NoError(t, m.Check())
	require.NoError(t, m.alloc.UpdateAgent(m.now, a.info.ID, resource.MustParse("cpus:9")))
	require.ErrorContains(t, m.Check(), "total of agent")
}

// docs/protocol.md §18 a bounded memory forgets the oldest, and knows what a plain list would know.
func TestFifoAgainstAPlainList(t *testing.T) {
	type pair struct{ k, v int }
	var f fifo[int, int]
	var plain []pair
	const bound = 5
	next := uint64(1)
	random := func(n int) int { next = next*6364136223846793005 + 1442695040888963407; return int(next>>33) % n }
	for i := range 5000 {
		k := random(9)
		remove := func() {
			for j, p := range plain {
				if p.k == k {
					plain = append(plain[:j:j], plain[j+1:]...)
					return
				}
			}
		}
		switch random(3) {
		case 0:
			f.remove(k)
			remove()
		case 1:
			f.replace(k, -i)
			for j := range plain {
				if plain[j].k == k {
					plain[j].v = -i
				}
			}
		default:
			forgotten, full := f.add(k, i, bound)
			remove()
			require.Equal(t, len(plain) == bound, full)
			if full {
				require.Equal(t, plain[0].v, forgotten)
				plain = plain[1:]
			}
			plain = append(plain, pair{k, i})
		}
		var got []pair
		f.all(func(k, v int) bool { got = append(got, pair{k, v}); return true })
		require.Equal(t, len(plain), f.len())
		if len(plain) > 0 {
			require.Equal(t, plain, got)
		}
		require.LessOrEqual(t, len(f.order), 2*f.len()+17)
	}
}

// docs/protocol.md §18.1 whoever has come and gone leaves nothing but what the rings remember.
func TestComingAndGoingLeavesNothing(t *testing.T) {
	m, err := New(Config{Entropy: [16]byte{1}, Bounds: Bounds{CompletedFrameworks: 3, UnreachableAgents: 3}})
	require.NoError(t, err)
	var now offer.Time
	var rd Ready
	step := func(in msg.Input) {
		require.NoError(t, m.Step(now, in))
		m.answerCommits(t)
		m.Ready(&rd)
	}
	step(msg.Loaded{})
	for i := range 500 {
		l := msg.Link(2*i + 1)
		step(msg.LinkUp{Link: l, Peer: "a"})
		step(msg.Envelope{Link: l, Body: msg.RegisterAgent{Total: resource.MustParse("cpus:4;mem:1024")}})
		step(msg.LinkUp{Link: l + 1, Peer: "s"})
		step(msg.Envelope{Link: l + 1, Body: msg.Subscribe{Framework: msg.FrameworkInfo{Roles: []role.Name{role.Name(fmt.Sprint("r", l))}}}})
		now = now.Add(time.Second)
		step(msg.Tick{})
		step(msg.LinkDown{Link: l + 1})
		step(msg.LinkDown{Link: l})
		for range 6 {
			now = now.Add(15 * time.Second)
			step(msg.Tick{})
		}
		require.NoError(t, m.Check())
	}
	require.Empty(t, m.links)
	require.Empty(t, m.agents)
	require.Empty(t, m.nodes)
	require.Empty(t, m.frameworks)
	require.Empty(t, m.roles)
	require.Equal(t, []*alarm{&m.gc}, m.alarms.heap, "it looks after the unreachable ones")
	require.Empty(t, m.moving)
	require.Empty(t, m.removals.queued)
	require.Empty(t, m.removals.queue)
	require.Empty(t, m.arriving)
	require.Empty(t, m.recovered)
	require.Empty(t, m.ledger.waiting)
	require.Equal(t, 3, m.completed.len())
	require.Equal(t, 3, m.unreachable.len())
	require.Empty(t, m.alloc.Roles())
	require.Empty(t, m.alloc.Agents())
}
