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
	case 4:
		return msg.MarkAgentGone{Agent: a}
	case 5:
		return msg.TeardownFramework{Framework: o.framework()}
	case 6:
		return msg.ChangeAgent{Agent: a, Op: reservation.Reserve{Resources: operators("mem:32", "web")}}
	}
	return pick[msg.OperatorCall](o.wild, "plan", plan("a1"), down("a1"), msg.UpdateMaintenance{}, msg.StopMaintenance{Machines: down("a1").Machines})
}

// docs/protocol.md §16.1 snapshot + events = later snapshot, also of agents that are not here and of operations, wherever
// their agents and frameworks go. Many runs come to every event and every kind of row.
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
					o.put(msg.Operate{Seq: 3, Call: msg.DeactivateAgent{Agent: o.agentID()}})
				}
			},
			"time":      func(*rapid.T) { o.pass(pick(w, "time", time.Second, time.Second, 20*time.Second)) },
			"long time": func(*rapid.T) { o.pass(pick(w, "time", 61*time.Second, 61*time.Second, 4*time.Minute)) },
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
		"operation with an id, pending", "operation to be acknowledged", "operation without its framework"} {
		require.Positive(t, tally[what], "%d runs never came to %s", runs, what)
	}
}
