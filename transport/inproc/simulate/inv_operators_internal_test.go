package simulate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/host"
)

// still begins a cluster of three agents without work or faults, and lets it come to rest.
func still(t *testing.T) *world {
	t.Helper()
	w := newWorld(NewPlan(Config{Seed: 1, Work: -1, Faults: -1}), Options{})
	t.Cleanup(w.c.Close)
	w.begin()
	w.c.Advance(time.Minute)
	require.NoError(t, w.c.Err())
	return w
}

// says has an invariant observe something.
func says(x observer, n msg.Node, what host.What) error {
	return x.observe(host.Observation{Node: n, What: what})
}

// A change of an operator that is lost is noticed, in the master and in the registry.
//
// docs/protocol.md §5
func TestOrdersBroken(t *testing.T) {
	v := broken(t, func(w *world) {
		find[*orders](w).said[fact{factWeight, "nowhere"}] = &order{value: "7", sure: true}
	})
	require.Equal(t, "operator's word forgotten", v.Invariant)
	require.Contains(t, v.Text, `weight of nowhere is "7", and for the master it is ""`)
	v = broken(t, func(w *world) {
		w.c.After(w.plan.Duration+w.plan.Quiet-time.Second, func() {
			op, err := registry.Put(registry.Weight{Weight: role.Weight{Role: "nowhere", Weight: 7}})
			require.NoError(t, err)
			w.store.data[op.Key] = op.Value
		})
	})
	require.Equal(t, "operator's word forgotten", v.Invariant)
	require.Contains(t, v.Text, "and the master remembers")
}

// A call that is answered before it is written down is noticed, whatever it is; one that nobody is sure of is not held against
// anybody.
//
// docs/protocol.md §5, §16
func TestOrdersBrokenByHaste(t *testing.T) {
	w := still(t)
	x, id := w.orders, w.agentID("agent-1")
	machine := []msg.MachineID{{Hostname: "agent-1"}}
	for i, call := range []msg.OperatorCall{
		msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: 2}}}, msg.DeactivateAgent{Agent: id},
		msg.DrainAgent{Agent: id, MarkGone: true}, msg.MarkAgentGone{Agent: id},
		msg.UpdateMaintenance{Windows: []msg.MaintenanceWindow{{Machines: machine, Window: offer.Window{Start: 1}}}},
		msg.StartMaintenance{Machines: machine},
	} {
		x.asked(i, call)
		require.ErrorContains(t, x.answered(i, call, nil), "and what is written down is", "%T", call)
		x.asked(i+100, call)
		require.NoError(t, x.answered(i, call, nil), "another one like it is under way")
		require.NoError(t, x.answered(i+100, call, master.ErrResigned), "it may hold or not")
	}
	require.NoError(t, x.quiet())
	require.True(t, w.operate(msg.DeactivateAgent{Agent: id}), "the real one holds")
	off, sure := x.is(factOff, string(id))
	require.Equal(t, "yes", off)
	require.True(t, sure)
	require.NoError(t, x.quiet())
}

// An offer of what operators took out of use is noticed.
//
// docs/protocol.md §16
func TestIdleBroken(t *testing.T) {
	for f, text := range map[fact]string{{factOff, ""}: "is deactivated or drains", {factDown, "agent-2"}: "machine agent-2 is down",
		{factWindow, "agent-2"}: `says window ""`} {
		v := broken(t, func(w *world) {
			w.c.After(30*time.Second, func() {
				for _, a := range w.plan.Agents {
					f := f
					if f.about == "" {
						f.about = string(w.agentID(a.Node))
					}
					w.orders.said[f] = &order{value: "yes", sure: true, last: 1 << 30}
				}
			})
		})
		require.Equal(t, "offered in spite of operators", v.Invariant)
		require.Contains(t, v.Text, text)
	}
}

// A task that a draining agent gives to its executor is noticed.
//
// docs/protocol.md §16
func TestIdleBrokenByALaunch(t *testing.T) {
	x := newIdle(still(t))
	event := func(k agent.EventKind) error {
		return says(x, "agent-1", host.AgentEvent{Event: agent.Event{Kind: k, Task: "t"}})
	}
	require.NoError(t, event(agent.EventTaskDelivered))
	require.NoError(t, event(agent.EventDraining))
	require.ErrorContains(t, event(agent.EventTaskDelivered), "gives task t to its executor")
	require.NoError(t, event(agent.EventDrainEnded))
	require.NoError(t, event(agent.EventTaskDelivered))
}

// What a drain or maintenance leaves undone when everything came to rest is noticed.
//
// docs/protocol.md §16
func TestIdleBrokenInTheEnd(t *testing.T) {
	w := still(t)
	x := newIdle(w)
	require.NoError(t, x.quiet())
	s := w.c.Master().Snapshot()
	a := s.Agents[0]
	window := offer.Window{Start: 5, Duration: time.Hour}

	drains := a
	drains.Drain = &registry.Drain{}
	require.ErrorContains(t, x.settled(s, drains), "believes that it drains: false; its master: draining")
	planned := a
	planned.Window = window
	require.ErrorContains(t, x.settled(s, planned), "has window")
	s.Machines = []master.MachineReport{{ID: msg.MachineID{Hostname: a.Info.Hostname}, Mode: registry.Draining, Window: window}}
	require.ErrorContains(t, x.settled(s, a), "has window")
	require.NoError(t, x.settled(s, planned))
	s.Machines[0].Mode = registry.Down
	require.ErrorContains(t, x.settled(s, planned), "is registered, and its machine agent-")

	s.Tasks = []master.TaskReport{{Framework: w.tenants[0].id, Agent: a.Info.ID, ID: "t", State: msg.TaskRunning}}
	require.ErrorContains(t, x.warned(s, planned), "was not asked to leave")
	s.InverseOffers = []msg.InverseOffer{{Framework: w.tenants[0].id, Agent: a.Info.ID}}
	require.NoError(t, x.warned(s, planned))
	s.InverseOffers = nil
	planned.Answers = []master.InverseAnswer{{Framework: w.tenants[0].id}}
	require.NoError(t, x.warned(s, planned))

	require.True(t, w.operate(msg.DrainAgent{Agent: a.Info.ID}))
	w.c.Advance(time.Second)
	now := w.c.Master().Snapshot()
	drained := now.Agents[0]
	require.NoError(t, x.settled(now, drained))
	drained.Drain = &registry.Drain{}
	require.ErrorContains(t, x.settled(now, drained), "has nothing left, and is draining")
}

// What an agent says of operations, and must not, is noticed.
//
// docs/protocol.md §14
func TestFeedbackBroken(t *testing.T) {
	id := func(b byte) msg.UUID { return msg.UUID{b} }
	applied := func(op byte) host.What {
		return host.AgentEvent{Event: agent.Event{Kind: agent.EventOperationApplied, Operation: id(op)}}
	}
	update := func(op, status byte, s msg.OperationState) host.What {
		return host.Sent{Body: msg.OperationUpdate{UUID: id(op), Status: msg.OperationStatus{Operation: "o", State: s, UUID: id(status)}}}
	}
	ack := func(op, status byte) host.What {
		return host.Delivered{Body: msg.AckOperation{UUID: id(op), Status: id(status)}}
	}
	for what, story := range map[string][]host.What{
		"applied before":         {applied(1), applied(1)},
		"did not apply it":       {update(1, 9, msg.OperationFinished)},
		"which was acknowledged": {applied(1), update(1, 9, msg.OperationFinished), ack(1, 9), update(1, 9, msg.OperationFinished)},
		"is not acknowledged":    {applied(1), update(1, 9, msg.OperationFinished), ack(1, 8), update(1, 7, msg.OperationFinished)},
		"stood for":              {update(1, 9, msg.OperationFailed), update(2, 9, msg.OperationFailed)},
		"again that o is OPERATION_FAILED": {update(1, 9, msg.OperationFailed), ack(1, 9),
			host.Sent{Body: msg.ReregisterAgent{Operations: []msg.OperationReport{{UUID: id(1), Status: msg.OperationStatus{Operation: "o", State: msg.OperationFailed, UUID: id(9)}}}}}},
		"": {applied(1), update(1, 9, msg.OperationFinished), update(1, 9, msg.OperationFinished), ack(1, 9), applied(2), update(2, 8, msg.OperationFinished)},
	} {
		x := newFeedback(still(t))
		for i, step := range story {
			err := says(x, "agent-1", step)
			if i < len(story)-1 || what == "" {
				require.NoError(t, err, "%s: %d", what, i)
				continue
			}
			require.ErrorContains(t, err, what)
		}
	}
}

// What a scheduler is told twice and differently is noticed, and what it is never told.
//
// docs/protocol.md §14
func TestFeedbackBrokenForSchedulers(t *testing.T) {
	w := still(t)
	x := newFeedback(w)
	told := func(s msg.OperationState, uuid byte) error {
		return says(x, "framework-1", host.Callback{Call: framework.OnOperation{Status: msg.OperationStatus{Operation: "o", State: s, UUID: msg.UUID{uuid}}}})
	}
	require.NoError(t, told(msg.OperationFinished, 1))
	require.NoError(t, told(msg.OperationFinished, 1))
	require.NoError(t, told(msg.OperationUnreachable, 0))
	require.ErrorContains(t, told(msg.OperationFailed, 2), "and was told otherwise")
	require.NoError(t, x.quiet())
	w.tenants[0].ops["o"] = operation{agent: w.agentID("agent-1"), state: msg.OperationPending}
	require.ErrorContains(t, x.quiet(), "has not heard what became of o")
	w.tenants[0].ops["o"] = operation{agent: "another", state: msg.OperationUnreachable}
	require.NoError(t, x.quiet(), "nobody can tell")
}

// An operation whose end is not acknowledged is noticed in the end.
//
// docs/protocol.md §14
func TestFeedbackBrokenByLoss(t *testing.T) {
	w := newWorld(NewPlan(Config{Seed: 1, Work: -1, Faults: -1}), Options{})
	defer w.c.Close()
	for i := range w.plan.Frameworks {
		w.plan.Frameworks[i].Feedback, w.plan.Frameworks[i].Explicit, w.plan.Frameworks[i].Modest = true, true, false
	}
	w.begin()
	for _, f := range w.tenants {
		f.holds = append(f.holds, &hold{size: resource.MustParse("cpus:0.1")})
	}
	for len(w.c.Agent("agent-1").Operations())+len(w.c.Agent("agent-2").Operations())+len(w.c.Agent("agent-3").Operations()) == 0 {
		w.c.Advance(time.Millisecond)
		require.Less(t, w.elapsed(), time.Minute)
	}
	x := find[*feedback](w)
	for _, f := range w.tenants {
		clear(f.ops) // as if they had heard
	}
	require.ErrorContains(t, x.quiet(), "is pending at agent-")
	w.c.Advance(time.Minute)
	require.NoError(t, x.quiet())
}

// A reservation that an agent does not remember is noticed, and one that only its master believes in.
//
// docs/protocol.md §4.1, §15
func TestHoldingsBroken(t *testing.T) {
	v := broken(t, func(w *world) {
		w.c.After(time.Minute, func() {
			find[*holdings](w).totals["agent-1"] = []total{{r: resource.MustParse("cpus:1")}}
			w.c.Network().Break("agent-1", "master-1")
		})
	})
	require.Equal(t, "reservation lost", v.Invariant)
	require.Contains(t, v.Text, "operations made cpus:1 of it")
	w := still(t)
	x := find[*holdings](w)
	require.NoError(t, x.quiet())
	held, err := resource.MustParse("cpus:0.1").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: batch})
	require.NoError(t, err)
	w.c.Network().Mute("master-1", "agent-1")
	require.True(t, w.operate(msg.ChangeAgent{Agent: w.agentID("agent-1"), Op: reservation.Reserve{Resources: held}}))
	require.ErrorContains(t, x.quiet(), "agent-1 has ")
	w.c.Network().Unmute("master-1", "agent-1")
	w.c.Advance(time.Second)
	require.NoError(t, x.quiet())
}

// A shared volume is used once, however many tasks use it; what is not shared twice is noticed.
//
// docs/resource-model.md §3.6
func TestSpaceCountsSharedOnce(t *testing.T) {
	disk, err := resource.MustParse("disk:10").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: batch})
	require.NoError(t, err)
	for _, shared := range []bool{true, false} {
		volume, err := asVolume(disk, "v", shared)
		require.NoError(t, err)
		s := newSpace(nil)
		s.uses["a"] = []spaceUse{{r: volume.Add(resource.MustParse("cpus:1"))}, {r: volume.Add(resource.MustParse("cpus:2"))}}
		require.Equal(t, shared, volume.Add(resource.MustParse("cpus:3")).Contains(s.used("a")), "shared %t", shared)
	}
}
