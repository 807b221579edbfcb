package master_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/role"
)

// docs/protocol.md §16 a draining agent is drained as well when its last tasks end with their framework.
func TestTeardownDrains(t *testing.T) {
	r, a, _ := running(t, info("web"))
	require.NoError(t, r.operate(msg.DrainAgent{Agent: a}))
	require.False(t, r.m.Agents()[0].Drain.Drained)
	r.say("s", msg.Teardown{})
	require.True(t, r.m.Agents()[0].Drain.Drained)
}

func machineID(host string) msg.MachineID { return msg.MachineID{Hostname: host + ".example"} }

// plan schedules machines from a day on.
func plan(hosts ...string) msg.UpdateMaintenance {
	w := msg.MaintenanceWindow{Window: offer.Window{Start: offer.Time(24 * time.Hour), Duration: time.Hour}}
	for _, h := range hosts {
		w.Machines = append(w.Machines, machineID(h))
	}
	return msg.UpdateMaintenance{Windows: []msg.MaintenanceWindow{w}}
}

func down(hosts ...string) (c msg.StartMaintenance) {
	for _, h := range hosts {
		c.Machines = append(c.Machines, machineID(h))
	}
	return c
}

// docs/protocol.md §16 a schedule is valid or it is refused as a whole.
// docs/protocol.md §18.1 machines in the maintenance schedule: bounded.
func TestScheduleIsValidated(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.Machines = 2 })
	window := offer.Window{Start: 1, Duration: time.Hour}
	one := func(w offer.Window, ids ...msg.MachineID) msg.UpdateMaintenance {
		return msg.UpdateMaintenance{Windows: []msg.MaintenanceWindow{{Machines: ids, Window: w}}}
	}
	for _, c := range []struct {
		call msg.OperatorCall
		err  error
		says string
	}{
		{one(window), master.ErrInvalid, "names no machine"},
		{one(offer.Window{Start: 1, Duration: -2}, machineID("a")), master.ErrInvalid, "lasts -2ns"},
		{one(offer.Window{}, machineID("a")), master.ErrInvalid, "neither start nor duration"},
		{one(window, msg.MachineID{}), master.ErrInvalid, "without host name and address"},
		{one(window, machineID("a"), msg.MachineID{Hostname: "A.EXAMPLE"}), master.ErrInvalid, "scheduled twice"},
		{one(window, msg.MachineID{Hostname: "a/b"}), master.ErrInvalid, "no slash"},
		{one(window, machineID("a"), machineID("b"), machineID("c")), master.ErrBound, "Bounds.Machines"},
		{msg.StartMaintenance{}, master.ErrInvalid, "no machines named"},
		{down("a"), master.ErrMaintenance, "is UP, not DRAINING"},
		{msg.StopMaintenance{Machines: []msg.MachineID{{}}}, master.ErrInvalid, "without host name"},
	} {
		err := r.operate(c.call)
		require.ErrorIs(t, err, c.err)
		require.ErrorContains(t, err, c.says)
		require.Empty(t, r.m.Snapshot().Schedule)
	}
	require.NoError(t, r.operate(plan("a", "b")))
	require.ErrorContains(t, r.operate(down("a", "a")), "named twice")
	require.NoError(t, r.operate(down("a")))
	require.ErrorContains(t, r.operate(plan("b")), "is down and not in the schedule")
	require.NoError(t, r.operate(plan("a")), "the one that is down is still listed")
	require.Equal(t, []master.MachineReport{{ID: machineID("a"), Mode: registry.Down, Window: plan("a").Windows[0].Window}}, r.m.Snapshot().Machines)
	require.NoError(t, r.operate(msg.StopMaintenance{Machines: down("a").Machines}))
	require.Empty(t, r.m.Snapshot().Machines)
	require.Empty(t, r.stored().Schedules)
}

// docs/protocol.md §16 a new schedule takes offers back, makes them again with the window, and asks who holds something there.
func TestScheduleAsksHolders(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	r.launch("s", o, task("t", a, "cpus:1;mem:32"))
	require.NoError(t, r.operate(plan("a")))
	r.settle()
	asked := last[msg.InverseOffers](r, "s").Offers[0]
	require.Equal(t, msg.InverseOffer{ID: asked.ID, Framework: f, Agent: a, Hostname: "a.example", Window: plan("a").Windows[0].Window}, asked)
	require.Equal(t, []msg.InverseOffer{asked}, r.m.Snapshot().InverseOffers)
	require.Equal(t, asked.Window, r.m.Agents()[0].Window)

	r.say("s", msg.AcceptInverse{Offers: []msg.OfferID{"x", asked.ID, asked.ID}, Filters: msg.Filters{Refuse: time.Hour}})
	require.Equal(t, []master.InverseAnswer{{Framework: f, Answer: offer.Accepted, At: r.now}}, r.m.Agents()[0].Answers)
	require.Empty(t, r.m.Snapshot().InverseOffers)
	_, runs := r.task(f, "t")
	require.True(t, runs, "nothing is enforced")
	r.took("s")
	require.NoError(t, r.operate(plan("a")), "set anew, answers are void and it is asked again")
	require.Empty(t, r.m.Agents()[0].Answers)
	r.settle()
	again := last[msg.InverseOffers](r, "s").Offers[0]
	require.NoError(t, r.operate(msg.UpdateMaintenance{}))
	r.settle()
	require.Equal(t, again.ID, last[msg.RescindInverse](r, "s").Offer)
	require.True(t, r.m.Agents()[0].Window.IsZero())
}

// docs/protocol.md §6: an offer of an agent with a window carries it.
func TestOffersCarryTheWindow(t *testing.T) {
	r, _, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	require.True(t, o.Window.IsZero())
	require.NoError(t, r.operate(plan("a")))
	require.Equal(t, plan("a").Windows[0].Window, r.offer(f).Window)
	require.Equal(t, o.ID, last[msg.Rescind](r, "s").Offer)
}

// docs/protocol.md §3.2: inverse offers of a framework that disconnects, or is torn down, go without a word.
func TestInverseOffersGoWithTheirFramework(t *testing.T) {
	for _, leave := range []func(*rig){func(r *rig) { r.down("s") }, func(r *rig) { r.say("s", msg.Teardown{}) }} {
		r, a, _, o := cluster(t, "cpus:4;mem:1024", info("web"))
		r.launch("s", o, task("t", a, "cpus:1;mem:32"))
		require.NoError(t, r.operate(plan("a")))
		r.settle()
		require.Len(t, r.m.Snapshot().InverseOffers, 1)
		leave(r)
		require.Empty(t, r.m.Snapshot().InverseOffers)
	}
}

// docs/protocol.md §4.3, §16: machines are known by host name, by address, or by both; agents of those that are down are turned away.
func TestMachinesByAddress(t *testing.T) {
	for _, c := range []struct {
		id, agent msg.MachineID
		is        bool
	}{
		{msg.MachineID{Hostname: "H"}, msg.MachineID{Hostname: "h", IP: "1"}, true},
		{msg.MachineID{IP: "1"}, msg.MachineID{Hostname: "h", IP: "1"}, true},
		{msg.MachineID{Hostname: "h", IP: "1"}, msg.MachineID{Hostname: "h", IP: "1"}, true},
		{msg.MachineID{Hostname: "h", IP: "1"}, msg.MachineID{Hostname: "h"}, true},
		{msg.MachineID{Hostname: "h", IP: "2"}, msg.MachineID{Hostname: "h", IP: "1"}, false},
		{msg.MachineID{IP: "1"}, msg.MachineID{Hostname: "h"}, false},
	} {
		r := newRig(t)
		call := plan("x")
		call.Windows[0].Machines = []msg.MachineID{c.id}
		require.NoError(t, r.operate(call))
		require.NoError(t, r.operate(msg.StartMaintenance{Machines: call.Windows[0].Machines}))
		b := registration("a", "cpus:1")
		b.Info.Hostname, b.Info.IP = c.agent.Hostname, c.agent.IP
		r.up("a")
		r.say("a", b)
		require.Equal(t, c.is, len(all[msg.ShutdownAgent](r, "a")) == 1, "%+v", c)
	}
}

// docs/protocol.md §16 nothing is offered of a machine that is down, while the removal of its agent is written down neither: what
// is free, and what becomes free as its tasks end.
func TestNothingIsOfferedOfAMachineThatIsDown(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	r.launch("s", o, task("t", a, "cpus:1;mem:32"))
	require.NoError(t, r.operate(plan("a")))
	r.say("s", msg.Revive{})
	require.NotEmpty(t, r.offers(f))
	r.hold()
	require.NoError(t, r.step(msg.Operate{Seq: 1, Call: down("a")}))
	r.release()
	require.Empty(t, r.m.Snapshot().Offers, "what was out is taken back")
	require.Len(t, r.m.Agents(), 1)
	r.say("a", status(f, "t", msg.TaskFinished, 1))
	require.Empty(t, r.offers(f))
	require.NoError(t, r.m.Check())
	r.releaseAll()
	require.Empty(t, r.m.Agents())
}

// docs/protocol.md §16 an agent whose arrival was being written down while its machine was taken down goes as well.
func TestArrivalOnAMachineThatGoesDown(t *testing.T) {
	r := newRig(t)
	require.NoError(t, r.operate(plan("a")))
	r.hold()
	r.up("a")
	r.say("a", registration("a", "cpus:1"))
	require.NoError(t, r.step(msg.Operate{Seq: 1, Call: down("a")}))
	r.releaseAll()
	require.Empty(t, r.m.Agents())
	require.Empty(t, r.stored().Agents)
	require.Equal(t, []string{"AgentRegistered", "Ping", "ShutdownAgent"}, kinds(r.took("a")))
}

// docs/protocol.md §5, §16: a later master continues a drain, whether its agent was empty already or not.
func TestDrainUnderALaterMaster(t *testing.T) {
	for _, drained := range []bool{false, true} {
		described := registration("a", "cpus:4;mem:1024")
		described.Info.ID = "m-S0"
		r := newRigOn(t, seed(t, registry.Agent{Info: described.Info, Deactivated: true,
			Drain: &registry.Drain{MaxGrace: time.Minute, MarkGone: true, Drained: drained}}), master.Config{Entropy: [16]byte{1}})
		r.up("a")
		r.say("a", msg.ReregisterAgent{Info: described.Info, Total: described.Total})
		require.Equal(t, msg.Drain{MaxGrace: time.Minute, MarkGone: true}, last[msg.Drain](r, "a"))
		require.Equal(t, []agentID{"m-S0"}, r.m.GoneAgents())
		require.Len(t, all[msg.ShutdownAgent](r, "a"), 1)
	}
}

// docs/protocol.md §16 an agent that is not here is told when it returns; a drained one is reactivated, and told so.
func TestDrainOfAnAbsentAgent(t *testing.T) {
	r := newRig(t)
	a := r.agent("a", "cpus:4;mem:1024")
	r.down("a")
	r.advance(11 * time.Minute)
	require.NoError(t, r.operate(msg.DrainAgent{Agent: a, MaxGrace: time.Second}))
	require.Equal(t, []master.UnreachableRow{{ID: a, Since: read[master.AgentsResult](r, msg.GetAgents{}).Unreachable[0].Since, Deactivated: true,
		Drain: &registry.Drain{MaxGrace: time.Second}}}, read[master.AgentsResult](r, msg.GetAgents{}).Unreachable)
	b := r.report(a)
	r.up("a")
	r.say("a", b)
	require.Equal(t, msg.Drain{MaxGrace: time.Second}, last[msg.Drain](r, "a"))
	require.Equal(t, &registry.Drain{MaxGrace: time.Second, Drained: true}, r.m.Agents()[0].Drain, "it came with nothing")
	require.NoError(t, r.operate(msg.ReactivateAgent{Agent: a}))
	require.Len(t, all[msg.EndDrain](r, "a"), 1)
	require.Nil(t, r.m.Agents()[0].Drain)
	f := r.scheduler("s", info("web"))
	require.Equal(t, a, r.offer(f).Agent)

	require.ErrorIs(t, r.operate(msg.DrainAgent{Agent: "x"}), master.ErrNoAgent)
	require.ErrorIs(t, r.operate(msg.DrainAgent{Agent: a, MaxGrace: -1}), master.ErrInvalid)
	require.NoError(t, r.operate(plan("a")))
	require.ErrorIs(t, r.operate(msg.DrainAgent{Agent: a}), master.ErrMaintenance)
}

// docs/protocol.md §16 operations under way keep an agent from being drained.
func TestDrainWaitsForOperations(t *testing.T) {
	r, a, _, o := cluster(t, "cpus:4;mem:1024", info("web"))
	r.say("s", accept([]msg.Operation{msg.Reserve(dynamic("cpus:1", "web"))}, o))
	op := last[msg.ApplyOperation](r, "a")
	require.NoError(t, r.operate(msg.DrainAgent{Agent: a}))
	require.False(t, r.m.Agents()[0].Drain.Drained)
	require.Len(t, read[master.OperationsResult](r, msg.GetOperations{}).Operations, 1)
	r.say("a", msg.OperationUpdate{UUID: op.UUID})
	require.True(t, r.m.Agents()[0].Drain.Drained)
	require.Empty(t, read[master.OperationsResult](r, msg.GetOperations{}).Operations)
}

// docs/http-v1.md §9.1: every read gives what the books hold; before and after its lead a master tells of itself only.
func TestReads(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	r.launch("s", o, custom("t", a, "cpus:1;mem:32", "x", "cpus:1"))
	require.NoError(t, r.operate(msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: 3}}}))
	r.advance(time.Second)
	s := read[master.StateResult](r, msg.GetState{})
	require.Equal(t, s.Agents, read[master.AgentsResult](r, msg.GetAgents{}))
	require.Equal(t, s.Frameworks, read[master.FrameworksResult](r, msg.GetFrameworks{}))
	require.Equal(t, s.Executors, read[master.ExecutorsResult](r, msg.GetExecutors{}))
	require.Equal(t, s.Tasks, read[master.TasksResult](r, msg.GetTasks{}))
	require.Equal(t, a, s.Agents.Agents[0].Info.ID)
	require.Equal(t, res("cpus:2;mem:32"), s.Agents.Agents[0].Allocated.String())
	require.Equal(t, res("cpus:2;mem:32"), s.Frameworks.Frameworks[0].Allocated.String())
	require.Equal(t, msg.ExecutorID("x"), s.Executors.Executors[0].Info.ID)
	require.Equal(t, msg.TaskID("t"), s.Tasks.Tasks[0].ID)
	require.Equal(t, []role.Weight{{Role: "web", Weight: 3}}, read[master.WeightsResult](r, msg.GetWeights{}).Weights)
	require.Empty(t, read[master.QuotaResult](r, msg.GetQuota{}).Configs)
	roles := read[master.RolesResult](r, msg.GetRoles{}).Roles
	require.Equal(t, []frameworkID{f}, roles[0].Frameworks)
	require.Equal(t, r.m.Info(), read[master.MasterResult](r, msg.GetMaster{}).Info)
	require.True(t, read[master.HealthResult](r, msg.GetHealth{}).Healthy)
	require.Equal(t, "test", read[master.VersionResult](r, msg.GetVersion{}).Version)
	require.Contains(t, read[master.FlagsResult](r, msg.GetFlags{}).Flags, master.Flag{Name: "agent_ping_timeout", Value: "15s"})
	figures := map[string]float64{}
	for _, x := range read[master.MetricsResult](r, msg.GetMetrics{}).Metrics {
		figures[x.Name] = x.Value
	}
	for name, want := range map[string]float64{"master/elected": 1, "master/slaves_active": 1, "master/cpus_total": 4, "master/cpus_used": 2,
		"master/cpus_percent": 0.5, "master/tasks_staging": 1, "master/frameworks_connected": 1, "allocator/accepted": 1} {
		require.Equal(t, want, figures[name], name)
	}
	require.NoError(t, r.operate(plan("a")))
	require.Equal(t, plan("a").Windows, read[master.MaintenanceScheduleResult](r, msg.GetMaintenanceSchedule{}).Windows)
	require.Equal(t, machineID("a"), read[master.MaintenanceStatusResult](r, msg.GetMaintenanceStatus{}).Draining[0].ID)
	require.Equal(t, r.m.Snapshot(), read[master.EventsResult](r, msg.SubscribeEvents{}).Snapshot)

	waits, err := master.New(master.Config{Entropy: [16]byte{1}})
	require.NoError(t, err)
	require.NoError(t, waits.Step(0, msg.Operate{Seq: 1, Call: msg.GetHealth{}}))
	require.NoError(t, waits.Step(0, msg.Operate{Seq: 2, Call: msg.GetAgents{}}))
	var rd master.Ready
	require.True(t, waits.Ready(&rd))
	require.Equal(t, master.HealthResult{Healthy: true}, rd.Answers[0].Result)
	require.ErrorIs(t, rd.Answers[1].Err, master.ErrNotLeading)
}

// docs/http-v1.md §9.3: a stream is a snapshot and the events after it, with heartbeats; beyond the bound the oldest ends.
// docs/protocol.md §18.1 operator subscribers: the oldest is closed.
func TestEventStreams(t *testing.T) {
	m, err := master.New(master.Config{Entropy: [16]byte{1}, Bounds: master.Bounds{Streams: 2}})
	require.NoError(t, err)
	var rd master.Ready
	var now offer.Time
	follows := map[uint64]*master.EventsResult{}
	step := func(in msg.Input) {
		t.Helper()
		require.NoError(t, m.Step(now, in))
		require.NoError(t, m.Check())
		m.Ready(&rd)
		for _, a := range rd.Answers {
			require.NoError(t, a.Err)
			if s, ok := a.Result.(master.EventsResult); ok {
				follows[s.Stream] = &s
			}
		}
		for i, e := range rd.Events {
			for _, s := range follows {
				if n := rd.FirstEvent + uint64(i); n > s.After {
					require.Equal(t, s.After+1, n, "none is left out")
					s.Snapshot.Apply(e)
					s.After = n
				}
			}
		}
		for _, s := range follows {
			require.Equal(t, plain(m.Snapshot()), plain(s.Snapshot), "stream %d", s.Stream)
		}
	}
	step(msg.Loaded{})
	step(msg.Committed{Seq: 1, Revision: 1})
	for seq := range uint64(2) {
		step(msg.Operate{Seq: seq + 1, Call: msg.SubscribeEvents{}})
		step(msg.LinkUp{Link: msg.Link(seq + 1), Peer: msg.Node(fmt.Sprint("s", seq))})
		step(msg.Envelope{Link: msg.Link(seq + 1), Body: msg.Subscribe{Framework: info("web")}})
	}
	now = now.Add(15 * time.Second)
	step(msg.Tick{})
	require.Equal(t, []uint64{1, 2}, rd.Beats)
	step(msg.Operate{Seq: 3, Call: msg.SubscribeEvents{}})
	require.Equal(t, []uint64{1}, rd.Ended)
	step(msg.Operate{Seq: 4, Call: msg.UnsubscribeEvents{Stream: 2}})
	step(msg.Operate{Seq: 5, Call: msg.UnsubscribeEvents{Stream: 1}})
	now = now.Add(15 * time.Second)
	step(msg.Tick{})
	require.Equal(t, []uint64{3}, rd.Beats)
	require.NoError(t, m.Step(now, msg.Operate{Seq: 3, Call: msg.SubscribeEvents{}}))
	m.Ready(&rd)
	require.ErrorIs(t, rd.Answers[0].Err, master.ErrInvalid, "its number is taken")
}
