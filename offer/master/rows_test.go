package master_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/reservation"
)

// orderly draws what agents, schedulers and operators that know the protocol do: other than wild it gets far.
type orderly struct {
	*wild
	agents, schedulers []string
	ids                map[string]agentID     // as the agents know them
	frameworks         map[string]frameworkID // as the schedulers know them
}

// act does one thing and learns what the parties were told meanwhile.
func (o *orderly) act(name string, b msg.Message) {
	o.put(msg.Envelope{Link: o.linkOf(name), Body: b})
	o.learn()
}

func (o *orderly) learn() {
	for _, name := range o.agents {
		for _, b := range o.inbox[name] {
			switch b := b.(type) {
			case msg.AgentRegistered:
				o.ids[name] = b.Agent
			case msg.ShutdownAgent:
				delete(o.ids, name)
			}
		}
	}
	for _, name := range o.schedulers {
		for _, b := range o.inbox[name] {
			switch b := b.(type) {
			case msg.Subscribed:
				o.frameworks[name] = b.Framework
			case msg.Error:
				delete(o.frameworks, name)
			}
		}
	}
}

// arrive has an agent register, or come back with what it runs and has done.
func (o *orderly) arrive(name string) {
	b := registration(name, "cpus:4;mem:1024")
	b.Capabilities = msg.AgentCapabilities{ResourceProvider: true, OperationFeedback: true}
	id := o.ids[name]
	if id == "" {
		o.act(name, b)
		return
	}
	o.act(name, o.report(id, func(r *msg.ReregisterAgent) {
		r.Info.Hostname, r.Capabilities, r.Operations = b.Info.Hostname, b.Capabilities, o.doneAt(id)
	}))
}

func (o *orderly) subscribe(name string) {
	i := info("web")
	i.ID = o.frameworks[name]
	o.act(name, msg.Subscribe{Framework: i})
}

// use has a scheduler accept an offer: it reserves something, and launches a task.
func (o *orderly) use(name string) {
	for _, x := range o.m.Snapshot().Offers {
		if x.Framework == o.frameworks[name] && o.links[name] != 0 {
			op := msg.Reserve(dynamic(pick(o.wild, "reserved", "mem:32", "mem:32", "mem:9999"), "web"))
			op.ID = pick[msg.OperationID](o.wild, "operation", "", "op1", "op2", "op3")
			a := accept([]msg.Operation{op, msg.Launch(task(o.taskID(), x.Agent, "cpus:0.1;mem:32"))}, x)
			a.Filters = msg.Filters{Refuse: time.Second}
			o.act(name, a)
			return
		}
	}
	o.pass(time.Second)
}

func (o *orderly) pass(d time.Duration) {
	o.releaseAll()
	o.advance(d)
	o.learn()
}

func (o *orderly) order() msg.OperatorCall {
	var here []agentID
	for _, a := range o.m.Agents() {
		here = append(here, a.Info.ID)
	}
	for _, a := range o.m.RecoveredAgents() {
		here = append(here, a.ID, a.ID)
	}
	a := pick(o.wild, "agent", append(here, o.agentID())...)
	switch rapid.IntRange(0, 7).Draw(o.rt, "order") {
	case 0, 1:
		return msg.DrainAgent{Agent: a, MarkGone: o.coin()}
	case 2:
		return msg.DeactivateAgent{Agent: a}
	case 3:
		return msg.ReactivateAgent{Agent: a}
	case 4, 7:
		return msg.MarkAgentGone{Agent: a}
	case 5:
		return msg.TeardownFramework{Framework: o.framework()}
	}
	return msg.ChangeAgent{Agent: a, Op: reservation.Reserve{Resources: operators("mem:32", "web")}}
}

// plan is an order about the machine of a1.
func (o *orderly) plan() msg.OperatorCall {
	return pick[msg.OperatorCall](o.wild, "plan", plan("a1"), plan("a1"), down("a1"), msg.UpdateMaintenance{}, msg.StopMaintenance{Machines: down("a1").Machines})
}

// giveUp is about an agent that is not here.
func (o *orderly) giveUp() msg.OperatorCall {
	s := o.m.Snapshot()
	ids := []agentID{"stranger"}
	for _, a := range s.Recovered {
		ids = append(ids, a.Info.ID)
	}
	for _, a := range s.Unreachable {
		ids = append(ids, a.ID, a.ID, a.ID)
	}
	return msg.MarkAgentGone{Agent: pick(o.wild, "absent", ids...)}
}

// docs/protocol.md §16.1 snapshot + events = later snapshot, also of agents that are not here and of operations, wherever
// their agents and frameworks go. Many runs come to every event, every kind of row and every way of an agent but one, from
// unreachable to recovered, which TestAReturnThatFindsNoRoom goes.
func TestEventsAreTheDeltaOfTheSnapshot(t *testing.T) {
	runs, tally := 0, map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		c := master.Config{Entropy: [16]byte{1}, Node: "master"}
		c.Bounds.UnreachableAgents, c.Bounds.GoneAgents = 3, 1
		c.ReregisterTimeout, c.RegistryGC, c.RegistryMaxAge = time.Minute, time.Minute, 2*time.Minute // short, as every step is checked
		w := &wild{rt: rt, cfg: c, leaders: 1, tally: tally, rig: newRigAt(rt, 0, registry.NewMemory(), c, tally)}
		o := &orderly{wild: w, agents: []string{"a1", "a2", "a3"}, schedulers: []string{"s1", "s2"}, ids: map[string]agentID{},
			frameworks: map[string]frameworkID{}}
		begin := func() {
			for _, name := range o.agents {
				o.arrive(name)
			}
			for _, name := range o.schedulers {
				o.subscribe(name)
			}
			o.pass(time.Second)
		}
		begin()
		one := func(of []string) string { return pick(w, "who", of...) }
		rt.Repeat(map[string]func(*rapid.T){
			"":               func(rt *rapid.T) { w.rt, w.t = rt, rt; w.check() },
			"look":           func(*rapid.T) { w.follow = w.m.Snapshot() },
			"arrive":         func(*rapid.T) { o.arrive(one(o.agents)) },
			"all arrive":     func(*rapid.T) { begin() },
			"subscribe":      func(*rapid.T) { o.subscribe(one(o.schedulers)) },
			"use":            func(*rapid.T) { o.use(one(o.schedulers)) },
			"use more":       func(*rapid.T) { o.use(one(o.schedulers)) },
			"agent replies":  func(*rapid.T) { name := one(o.agents); o.act(name, o.reply(name)) },
			"agent answers":  func(*rapid.T) { o.answer(one(o.agents)) },
			"answers again":  func(*rapid.T) { o.answer(one(o.agents)) },
			"answers anew":   func(*rapid.T) { o.answer(one(o.agents)) },
			"scheduler acks": func(*rapid.T) { o.acknowledge(one(o.schedulers)) },
			"order":          func(*rapid.T) { o.put(msg.Operate{Seq: 1, Call: o.order()}); o.learn() },
			"order again":    func(*rapid.T) { o.put(msg.Operate{Seq: 2, Call: o.order()}); o.learn() },
			"give up":        func(*rapid.T) { o.put(msg.Operate{Seq: 4, Call: o.giveUp()}) },
			"plan":           func(*rapid.T) { o.put(msg.Operate{Seq: 5, Call: o.plan()}); o.learn() },
			"tear down":      func(*rapid.T) { o.act(one(o.schedulers), msg.Teardown{}) },
			"break": func(*rapid.T) {
				if name := one(slices.Concat(o.agents, o.schedulers)); w.links[name] != 0 {
					w.down(name)
				}
			},
			"die": func(*rapid.T) {
				if name := one(o.agents); w.links[name] != 0 {
					w.down(name)
					delete(o.ids, name)
				}
			},
			"bye": func(*rapid.T) {
				name := one(o.agents)
				o.act(name, msg.UnregisterAgent{Agent: o.ids[name]})
			},
			"hold": func(*rapid.T) { w.hold() },
			"release": func(*rapid.T) {
				if len(w.commits) > 0 {
					w.release()
				}
				o.learn()
			},
			"new leader": func(*rapid.T) {
				w.succeed()
				if w.coin() {
					o.put(msg.Operate{Seq: 3, Call: pick(w, "first", o.giveUp(), msg.OperatorCall(msg.DeactivateAgent{Agent: o.agentID()}))})
				}
			},
			"time": func(*rapid.T) { o.pass(pick(w, "time", time.Second, time.Second, 20*time.Second)) },
			"long time": func(*rapid.T) {
				o.pass(pick(w, "time", 61*time.Second, 61*time.Second, 4*time.Minute))
				if w.coin() {
					o.put(msg.Operate{Seq: 6, Call: o.giveUp()})
					return
				}
				begin()
			},
		})
	})
	checkTally(t, runs, tally)
}

// answer has an agent answer an operation that it was sent, perhaps again.
func (o *orderly) answer(name string) {
	sent := all[msg.ApplyOperation](o.rig, name)
	if len(sent) == 0 {
		return
	}
	for _, x := range o.m.Snapshot().Operations { // rather one that waits for it
		i := slices.IndexFunc(sent, func(s msg.ApplyOperation) bool { return s.UUID == x.UUID })
		if i >= 0 && x.State == msg.OperationPending && o.coin() {
			sent = sent[i : i+1]
		}
	}
	op := pick(o.wild, "operation", sent...)
	b := msg.OperationUpdate{UUID: op.UUID, Error: pick(o.wild, "error", "", "", "failed")}
	if op.ID != "" {
		b.Status = o.feedback()
	}
	o.act(name, b)
}

func (o *orderly) acknowledge(name string) {
	told := all[msg.UpdateOperation](o.rig, name)
	if len(told) == 0 {
		return
	}
	s := pick(o.wild, "told", told...).Status
	o.act(name, msg.AcknowledgeOperation{Agent: s.Agent, Operation: s.Operation, UUID: s.UUID})
}

// checkTally fails if many runs never came to some event or some kind of row: then the property says nothing of it.
func checkTally(t *testing.T, runs int, tally map[string]int) {
	t.Helper()
	for _, what := range slices.Sorted(maps.Keys(tally)) {
		t.Logf("%d runs: %6d %s", runs, tally[what], what)
	}
	if runs < 100 {
		return // as told by -rapid.checks, or one that failed is repeated
	}
	for _, what := range []string{"AgentAdded", "AgentUpdated", "AgentRemoved", "AgentsInherited", "AgentRecovered", "AgentUnreachable", "AgentGone",
		"AgentForgotten", "FrameworkAdded", "FrameworkRemoved", "TaskAdded", "TaskUpdated", "TaskRemoved", "OfferMade", "OfferEnded",
		"OperationAdded", "OperationUpdated", "OperationRemoved", "MachineUpdated", "ScheduleChanged",
		"recovered", "recovered, draining", "unreachable", "unreachable, draining", "gone", "operation without an id",
		"operation with an id, pending", "operation to be acknowledged", "operation without its framework",
		"recovered to registered", "recovered to unreachable", "recovered to gone", "registered to unreachable", "registered to gone",
		"registered to forgotten", "unreachable to registered", "unreachable to gone", "unreachable to forgotten", "gone to forgotten"} {
		require.Positive(t, tally[what], "%d runs never came to %s", runs, what)
	}
}

// feeding is a cluster whose agent tells how operations with an id end, one of which is out.
func feeding(t *testing.T) (r *rig, a agentID, f frameworkID, sent msg.ApplyOperation) {
	t.Helper()
	r = newRig(t)
	r.up("a")
	b := registration("a", "cpus:4;mem:1024")
	b.Capabilities = msg.AgentCapabilities{ResourceProvider: true, OperationFeedback: true}
	r.say("a", b)
	a, f = last[msg.AgentRegistered](r, "a").Agent, r.scheduler("s", info("web"))
	op := msg.Reserve(dynamic("cpus:1", "web"))
	op.ID = "op"
	r.say("s", accept([]msg.Operation{op, msg.Reserve(dynamic("mem:32", "web"))}, r.offer(f)))
	return r, a, f, all[msg.ApplyOperation](r, "a")[0]
}

// docs/protocol.md §14, §16.1 an operation is a row until its agent has answered; with an id until that is acknowledged.
func TestRowsOfOperations(t *testing.T) {
	r, a, f, sent := feeding(t)
	rows := func() []master.OperationReport {
		return read[master.OperationsResult](r, msg.GetOperations{}).Operations
	}
	named := func() master.OperationReport {
		require.Equal(t, r.m.Snapshot().Operations, rows())
		i := slices.IndexFunc(rows(), func(o master.OperationReport) bool { return o.UUID == sent.UUID })
		require.GreaterOrEqual(t, i, 0)
		return rows()[i]
	}
	require.Len(t, rows(), 2)
	want := master.OperationReport{UUID: sent.UUID, Agent: a, Framework: f, Op: sent.Op, ID: "op", State: msg.OperationPending}
	require.Equal(t, want, named())
	r.say("a", msg.OperationUpdate{UUID: all[msg.ApplyOperation](r, "a")[1].UUID, Error: "no room"})
	require.Len(t, rows(), 1)
	over := r.events[len(r.events)-1].(master.OperationRemoved).Operation
	require.Equal(t, []any{msg.OperationFailed, "no room", msg.OperationID("")}, []any{over.State, over.Message, over.ID})

	r.say("a", msg.OperationUpdate{UUID: sent.UUID, Status: msg.OperationStatus{State: msg.OperationFinished, UUID: msg.UUID{1}}})
	want.State, want.Unacknowledged = msg.OperationFinished, true
	require.Equal(t, want, named())
	r.say("s", msg.AcknowledgeOperation{Agent: a, Operation: "op", UUID: msg.UUID{1}})
	require.Empty(t, rows())
	require.Equal(t, want, r.events[len(r.events)-1].(master.OperationRemoved).Operation)
}

// docs/protocol.md §14, §16.1 the last row of an operation whose agent is lost says so.
func TestRowsOfOperationsOfALostAgent(t *testing.T) {
	r, a, _, _ := feeding(t)
	r.advance(76 * time.Second)
	require.Empty(t, r.m.Snapshot().Operations)
	require.Equal(t, a, r.m.Snapshot().Unreachable[0].ID)
	said := map[msg.OperationID]string{}
	for _, e := range r.events {
		if e, ok := e.(master.OperationRemoved); ok {
			said[e.Operation.ID] = e.Operation.State.String() + ": " + e.Operation.Message
		}
	}
	require.Equal(t, map[msg.OperationID]string{"op": "OPERATION_UNREACHABLE: its agent is out of contact",
		"": "OPERATION_PENDING: not answered before the agent's link ended"}, said)
}

// docs/protocol.md §3.2, §14 operations of a removed framework are nobody's: after 10 min the master acknowledges them itself.
func TestOperationsOfARemovedFramework(t *testing.T) {
	r, _, _, sent := feeding(t)
	r.say("s", msg.Teardown{})
	r.say("a", msg.OperationUpdate{UUID: sent.UUID, Status: msg.OperationStatus{State: msg.OperationFinished, UUID: msg.UUID{1}}})
	for range 39 {
		r.advance(15 * time.Second)
		r.say("a", msg.Pong{})
	}
	require.Empty(t, all[msg.AckOperation](r, "a"))
	r.advance(15 * time.Second)
	require.Equal(t, []msg.AckOperation{{UUID: sent.UUID, Status: msg.UUID{1}}}, all[msg.AckOperation](r, "a"))
	for _, o := range r.m.Snapshot().Operations {
		require.NotEqual(t, sent.UUID, o.UUID)
	}
}

// docs/protocol.md §16.1 an agent cannot give an operation without an id, under way on its link, as one that has one.
func TestAReportKeepsNames(t *testing.T) {
	r, a, f, sent := feeding(t)
	tell := func(u msg.UUID) error {
		return r.try("a", r.report(a, func(b *msg.ReregisterAgent) {
			b.Operations = []msg.OperationReport{{UUID: u, Framework: f, Op: sent.Op, Status: msg.OperationStatus{Operation: "op", State: msg.OperationPending}}}
		}))
	}
	before := r.m.Snapshot()
	require.ErrorIs(t, tell(all[msg.ApplyOperation](r, "a")[1].UUID), master.ErrInvalid)
	require.Equal(t, before, r.m.Snapshot())
	require.NoError(t, tell(sent.UUID))
	require.Len(t, r.m.Snapshot().Operations, 2)
}

// docs/protocol.md §5, §16.1 a master begins with the agents of its registry, in one event; one that is known from there only can
// be ordered about, found missing and given up.
func TestRowsOfAbsentAgents(t *testing.T) {
	known := func(id agentID) registry.Agent {
		i := registration(string(id), "cpus:4").Info
		i.ID = id
		return registry.Agent{Info: i}
	}
	r := newRigOn(t, seed(t, known("a"), known("b"), registry.Unreachable{ID: "u", Since: 3}, registry.Gone{ID: "g", Since: 4}),
		master.Config{Entropy: [16]byte{1}, RecoveryRemovalLimit: 100})
	recovered := []master.RecoveredRow{{Info: known("a").Info}, {Info: known("b").Info}}
	require.Contains(t, r.events, master.Event(master.AgentsInherited{Recovered: recovered,
		Unreachable: []master.UnreachableRow{{ID: "u", Since: 3}}, Gone: []master.GoneRow{{ID: "g", Since: 4}}}))
	require.Equal(t, recovered, r.m.Snapshot().Recovered)

	require.NoError(t, r.operate(msg.DrainAgent{Agent: "a", MarkGone: true}))
	drain := &registry.Drain{MarkGone: true}
	require.Equal(t, master.RecoveredRow{Info: known("a").Info, Deactivated: true, Drain: drain}, r.m.Snapshot().Recovered[0])
	require.NoError(t, r.operate(msg.MarkAgentGone{Agent: "b"}))
	require.NoError(t, r.operate(msg.MarkAgentGone{Agent: "u"}))
	require.NoError(t, r.operate(msg.DeactivateAgent{Agent: "a"}), "changes nothing")
	r.advance(11 * time.Minute)
	s := r.m.Snapshot()
	require.Empty(t, s.Recovered)
	require.Len(t, s.Gone, 3)
	require.Equal(t, []master.UnreachableRow{{ID: "a", Since: s.Unreachable[0].Since, Deactivated: true, Drain: drain}}, s.Unreachable)
	got := read[master.AgentsResult](r, msg.GetAgents{})
	require.Equal(t, []any{s.Recovered, s.Unreachable, s.Gone}, []any{got.Recovered, got.Unreachable, got.Gone})
}

// docs/protocol.md §16.1, §18.1 what operators want of an agent that is forgotten before it is written down comes to nothing.
func TestAnOrderForAForgottenAgent(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.UnreachableAgents = 1 })
	a := r.agent("a", "cpus:4")
	r.advance(76 * time.Second)
	require.Equal(t, a, r.m.Snapshot().Unreachable[0].ID)
	b := r.agent("b", "cpus:4")
	r.advance(74 * time.Second)
	r.hold()
	r.advance(2 * time.Second) // the loss of b is being written down, and will push a out
	r.answer = nil
	require.NoError(t, r.step(msg.Operate{Seq: 1, Call: msg.DrainAgent{Agent: a}}))
	r.releaseAll()
	require.Len(t, r.answer, 1)
	require.NoError(t, r.answer[0].Err)
	require.Len(t, r.m.Snapshot().Unreachable, 1)
	require.Equal(t, b, r.m.Snapshot().Unreachable[0].ID)
	require.Len(t, r.stored().Unreachable, 1)
}
