package simulate

import (
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
)

// feedback: an operation with an id is applied once at most; what its agent says of it goes to its scheduler until that is
// acknowledged, and never again after that; a status is of one operation and says one thing; and FINISHED is said of none that
// was not applied (docs/protocol.md §14). When everything came to rest, every scheduler has heard how its operations ended, or
// that nobody knows them, and nothing is pending.
//
// It keeps an account of its own of what each agent tells.
type feedback struct {
	nothing
	w       *world
	told    map[msg.Node]map[msg.UUID]msg.UUID // status by operation, that is not acknowledged, by agent
	acked   lately[ackedAt]
	applied lately[ackedAt]      // operations, by agent
	stands  lately[saidOf]       // what uuids stand for
	uuids   lately[msg.UUID]     // the same
	ends    lately[endOf]        // that schedulers heard with a uuid
	heardOf lately[operationKey] // the same
}

// saidOf is what a status's uuid stands for.
type saidOf struct {
	status    msg.UUID
	operation msg.UUID
	state     msg.OperationState
}

// endOf is how an operation ended.
type endOf struct {
	operationKey
	state msg.OperationState
}

// operationKey names an operation among those of all frameworks.
type operationKey struct {
	framework offer.FrameworkID
	operation msg.OperationID
}

func newFeedback(w *world) *feedback {
	return &feedback{w: w, told: map[msg.Node]map[msg.UUID]msg.UUID{}, acked: newLately[ackedAt](remembered), applied: newLately[ackedAt](remembered),
		stands: newLately[saidOf](remembered), uuids: newLately[msg.UUID](remembered), ends: newLately[endOf](remembered), heardOf: newLately[operationKey](remembered)}
}

func (*feedback) name() string { return "operations" }

func (x *feedback) observe(o host.Observation) error {
	switch e := o.What.(type) {
	case host.AgentEvent:
		if e.Event.Kind == agent.EventOperationApplied && !e.Event.Operation.IsZero() {
			return x.apply(o.Node, e.Event.Operation)
		}
	case host.Sent:
		switch b := e.Body.(type) {
		case msg.OperationUpdate:
			return x.update(o.Node, b.UUID, b.Status)
		case msg.ReregisterAgent:
			for _, r := range b.Operations {
				if err := x.update(o.Node, r.UUID, r.Status); err != nil {
					return err
				}
			}
		}
	case host.Delivered:
		switch b := e.Body.(type) {
		case msg.AckOperation:
			x.ack(o.Node, b)
		case msg.AgentRegistered:
			delete(x.told, o.Node) // another agent now
		}
	case host.Callback:
		if on, ok := e.Call.(framework.OnOperation); ok {
			return x.heard(o.Node, on.Status)
		}
	}
	return nil
}

func (x *feedback) apply(n msg.Node, operation msg.UUID) error {
	at := ackedAt{n, operation}
	if x.applied.has(at) {
		return fmt.Errorf("%s applies operation %v, which it has applied before", n, operation)
	}
	x.applied.add(at, x.w.c.Now())
	return nil
}

// update judges what an agent says of an operation.
func (x *feedback) update(n msg.Node, operation msg.UUID, s msg.OperationStatus) error {
	if s.UUID.IsZero() {
		return nil // said once, or under way
	}
	said := saidOf{s.UUID, operation, s.State}
	if x.uuids.has(s.UUID) && !x.stands.has(said) {
		return fmt.Errorf("uuid %v, now %s of %v, stood for something else before", s.UUID, s.State, operation)
	}
	x.uuids.add(s.UUID, x.w.c.Now())
	x.stands.add(said, x.w.c.Now())
	if x.told[n] == nil {
		x.told[n] = map[msg.UUID]msg.UUID{}
	}
	if x.w.isShaky(n) { // it may remember more, or less, than it told
		x.told[n][operation] = s.UUID
		return nil
	}
	if x.acked.has(ackedAt{n, s.UUID}) {
		return fmt.Errorf("%s says again that %s is %s, which was acknowledged (%v)", n, s.Operation, s.State, s.UUID)
	}
	if before, known := x.told[n][operation]; known && before != s.UUID {
		return fmt.Errorf("%s says %s of %s (%v), and what it said before (%v) is not acknowledged", n, s.State, s.Operation, s.UUID, before)
	} else if !known && s.State == msg.OperationFinished && !x.applied.has(ackedAt{n, operation}) {
		return fmt.Errorf("%s says that %s is %s, and did not apply it", n, s.Operation, s.State)
	}
	x.told[n][operation] = s.UUID
	return nil
}

// ack: an agent takes acknowledgements while it is registered.
func (x *feedback) ack(n msg.Node, a msg.AckOperation) {
	m := x.w.c.Agent(n)
	if m == nil || m.State() != agent.Running && m.State() != agent.Terminating || x.told[n][a.UUID] != a.Status {
		return
	}
	delete(x.told[n], a.UUID)
	x.acked.add(ackedAt{n, a.Status}, x.w.c.Now())
}

// heard judges what a scheduler is told.
func (x *feedback) heard(n msg.Node, s msg.OperationStatus) error {
	t := x.w.tenant(string(n))
	if t == nil || s.UUID.IsZero() {
		return nil
	}
	k := operationKey{t.id, s.Operation}
	end := endOf{k, s.State}
	if x.heardOf.has(k) && !x.ends.has(end) {
		return fmt.Errorf("%s is told that %s is %s, and was told otherwise", n, s.Operation, s.State)
	}
	x.heardOf.add(k, x.w.c.Now())
	x.ends.add(end, x.w.c.Now())
	return nil
}

func (x *feedback) died(n msg.Node) {
	if x.w.isShaky(n) {
		delete(x.told, n)
		x.acked.forget(func(a ackedAt) bool { return a.agent == n })
	}
}

func (x *feedback) wiped(n msg.Node) { delete(x.told, n) }

func (x *feedback) quiet() error {
	for _, t := range x.w.tenants {
		if t.ended || t.id == "" {
			continue
		}
		for _, id := range slices.Sorted(maps.Keys(t.ops)) {
			if o := t.ops[id]; o.state != msg.OperationUnreachable || x.w.nodeOf(o.agent) != "" {
				return fmt.Errorf("%s has not heard what became of %s at agent %s; it is %s", t.spec.Name, id, o.agent, o.state)
			}
		}
	}
	for _, a := range x.w.plan.Agents {
		m := x.w.c.Agent(a.Node)
		if m == nil {
			continue
		}
		for _, o := range m.Operations() {
			if t := x.w.tenant(string(o.Framework)); t != nil && !t.ended && t.id == o.Framework {
				return fmt.Errorf("%s of %s is pending at %s after everything came to rest: %s", o.Status.Operation, t.spec.Name, a.Node, o.Status.State)
			}
		}
	}
	return nil
}
