package master

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// Each function here is one change that the registry has to hold before memory changes and anybody hears of it
// (docs/protocol.md §5: durable write, then memory, then messages).

// move changes where an agent id is kept. While it is under way the id is in transition: whoever wants something else of it
// is refused and tries again (docs/protocol.md §4.2).
func (m *Machine) move(id offer.AgentID, ops []registry.Op, then func()) {
	m.moving[id] = true
	m.durably(ops, func() {
		delete(m.moving, id)
		then()
		if a := m.agents[id]; a != nil { // what had to wait
			m.perhapsDrained(a)
			m.shutIfDown(a)
		}
	})
}

// busy refuses what would cross a change of an agent that is under way.
func (m *Machine) busy(id offer.AgentID) error {
	if m.moving[id] {
		return fmt.Errorf("%w: of agent %s; try again", ErrBusy, id)
	}
	return nil
}

// arrive has an agent's arrival by a link written down. What follows on that link, its end included, waits until the arrival
// has happened, so that it meets the agent that it was sent by. An address has one arrival at a time.
func (m *Machine) arrive(l *link, id offer.AgentID, ops []registry.Op, then func()) {
	l.waiting = true
	m.arriving[l.peer] = true
	m.move(id, ops, func() {
		delete(m.arriving, l.peer)
		l.waiting = false
		then()
		m.settle(l)
	})
}

// settle does what came by a link while it waited.
func (m *Machine) settle(l *link) {
	if a := l.agent; l.closing && a != nil { // hung up while it waited
		l.agent = nil
		m.disconnectAgent(a)
	}
	held := l.held
	l.held = nil
	for i, body := range held {
		if l.waiting {
			l.held = append(held[i:], l.held...)
			return
		}
		if l.closing {
			break
		}
		_ = m.deliverOn(l, body) // told to the host as refused no more: its step is over
	}
	if !l.waiting && l.gone {
		m.dropLink(l)
	}
}

// ousted is an agent whose address another one takes over.
type ousted struct{ a *agent }

// oust prepares the removal of the agent at an address as a part of another change, which begins now; ops go into that.
func (m *Machine) oust(n msg.Node) (o ousted, ops []registry.Op) {
	a := m.nodes[n]
	if a == nil {
		return ousted{}, nil
	}
	m.moving[a.info.ID] = true
	return ousted{a}, []registry.Op{registry.Delete(registry.AgentKey(a.info.ID))}
}

// mayArrive refuses an arrival that would cross another change: of the same id, at the same address, or of the agent that is
// there and has to go.
func (m *Machine) mayArrive(n msg.Node, id offer.AgentID) error {
	if m.arriving[n] {
		return fmt.Errorf("%w: of an agent at %q; try again", ErrBusy, n)
	}
	if old := m.nodes[n]; old != nil {
		if err := m.busy(old.info.ID); err != nil {
			return err
		}
	}
	return m.busy(id)
}

// finish removes it, if there was one.
func (o ousted) finish(m *Machine) {
	if o.a != nil {
		delete(m.moving, o.a.info.ID)
		m.endAgent(o.a, "another agent registered at its address")
	}
}

// orders are what operators want of an agent: they follow it wherever it is kept.
type orders struct {
	deactivated bool
	drain       *registry.Drain // kept for a master that drains; never changed in place
}

func ordersOf(a registry.Agent) orders { return orders{a.Deactivated, a.Drain} }

func (o orders) record(info msg.AgentInfo) registry.Agent {
	return registry.Agent{Info: info, Deactivated: o.deactivated, Drain: o.drain}
}

// record is what the registry holds of an agent.
func (a *agent) record() registry.Agent { return a.orders.record(a.info) }

// agentOps admits an agent, or changes what is written of an admitted one.
func agentOps(r registry.Agent) ([]registry.Op, error) {
	op, err := registry.Put(r)
	if err != nil {
		return nil, err
	}
	ops := []registry.Op{op}
	if r.Deactivated || r.Drain != nil {
		ops = append(ops, capability(registry.CapabilityDraining))
	}
	return ops, nil
}

// returnOps take an agent in that was unreachable, unknown or only known from the registry.
func returnOps(r registry.Agent) ([]registry.Op, error) {
	ops, err := agentOps(r)
	return append(ops, registry.Delete(registry.UnreachableKey(r.Info.ID))), err
}

// lostOps take an agent out of the admitted ones until it returns.
func (m *Machine) lostOps(l lostAgent) []registry.Op {
	op, err := registry.Put(l.record())
	m.must(err)
	return []registry.Op{registry.Delete(registry.AgentKey(l.id)), op}
}

// goneOps take an agent out for good.
func (m *Machine) goneOps(id offer.AgentID, since offer.Time) []registry.Op {
	op, err := registry.Put(registry.Gone{ID: id, Since: since})
	m.must(err)
	return []registry.Op{registry.Delete(registry.AgentKey(id)), registry.Delete(registry.UnreachableKey(id)), op}
}

func weightOps(ws []role.Weight) ([]registry.Op, error) {
	var ops []registry.Op
	for _, w := range ws {
		if w.Weight == 1 {
			ops = append(ops, registry.Delete(registry.WeightKey(w.Role)))
			continue
		}
		op, err := registry.Put(registry.Weight{Weight: w})
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	return ops, registry.Check(ops)
}

func quotaOps(cs []quota.Config) ([]registry.Op, error) {
	var ops []registry.Op
	for _, c := range cs {
		if c.IsDefault() {
			ops = append(ops, registry.Delete(registry.QuotaKey(c.Role)))
			continue
		}
		op, err := registry.Put(registry.Quota{Config: c})
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
	if err := registry.Check(ops); err != nil || len(ops) == 0 {
		return ops, err
	}
	return append(ops, capability(registry.CapabilityQuota)), nil
}

// capability keeps masters from leading that do not understand what is written.
func capability(name string) registry.Op {
	op, _ := registry.Put(registry.Capability{Name: name}) // our own names are well formed
	return op
}

// lostAgent is what is remembered of an unreachable agent.
type lostAgent struct {
	id    offer.AgentID
	since offer.Time
	orders
	tasks []taskKey // parked at their frameworks, as long as those remember them
}

func (l lostAgent) record() registry.Unreachable {
	return registry.Unreachable{ID: l.id, Since: l.since, Deactivated: l.deactivated, Drain: l.drain}
}

// rememberLost remembers an unreachable agent, and tells of it.
func (m *Machine) rememberLost(l lostAgent) {
	if oldest, full := m.keepLost(l); full {
		m.emit(AgentForgotten{oldest})
	}
	m.emit(AgentUnreachable{l.row()})
}

// keepLost keeps an unreachable agent. Beyond the bound the oldest is forgotten, here and then in the registry.
func (m *Machine) keepLost(l lostAgent) (oldest offer.AgentID, full bool) {
	forgotten, full := m.unreachable.add(l.id, l, m.cfg.Bounds.UnreachableAgents)
	if full {
		m.durably([]registry.Op{registry.Delete(registry.UnreachableKey(forgotten.id))}, nil)
	}
	m.startGC()
	return forgotten.id, full
}

// rememberGone does what rememberLost does for one that was given up.
func (m *Machine) rememberGone(id offer.AgentID, since offer.Time) {
	if oldest, full := m.keepGone(id, since); full {
		m.emit(AgentForgotten{oldest})
	}
	m.emit(AgentGone{GoneRow{id, since}})
}

// keepGone does what keepLost does for one that was given up.
func (m *Machine) keepGone(id offer.AgentID, since offer.Time) (oldest offer.AgentID, full bool) {
	forgotten, full := m.gone.add(id, GoneRow{id, since}, m.cfg.Bounds.GoneAgents)
	if full {
		m.durably([]registry.Op{registry.Delete(registry.GoneKey(forgotten.ID))}, nil)
	}
	m.startGC()
	return forgotten.ID, full
}

// startGC looks after what is remembered of lost agents, as long as there are any.
func (m *Machine) startGC() {
	if !m.gc.isSet() && m.unreachable.len()+m.gone.len() > 0 {
		m.ringAfter(&m.gc, m.cfg.RegistryGC)
	}
}

// collect forgets lost agents that have not been heard of for RegistryMaxAge (docs/protocol.md §5).
func (m *Machine) collect() {
	old := func(since offer.Time) bool { return since.Add(m.cfg.RegistryMaxAge) < m.now }
	var lost, gone []offer.AgentID
	m.unreachable.all(func(id offer.AgentID, l lostAgent) bool {
		if old(l.since) && !m.moving[id] {
			lost = append(lost, id)
		}
		return old(l.since)
	})
	m.gone.all(func(id offer.AgentID, g GoneRow) bool {
		if old(g.Since) {
			gone = append(gone, id)
		}
		return old(g.Since)
	})
	for _, id := range lost {
		m.move(id, []registry.Op{registry.Delete(registry.UnreachableKey(id))}, func() { forget(m, &m.unreachable, id) })
	}
	for _, id := range gone {
		m.durably([]registry.Op{registry.Delete(registry.GoneKey(id))}, func() { forget(m, &m.gone, id) })
	}
	m.startGC()
}

// forget ends the memory of a lost agent, if the bound has not.
func forget[V any](m *Machine, list *fifo[offer.AgentID, V], id offer.AgentID) {
	if list.has(id) {
		list.remove(id)
		m.emit(AgentForgotten{id})
	}
}

// whereabouts is where a master keeps an agent id (docs/protocol.md §4.2).
type whereabouts uint8

const (
	agentUnknown whereabouts = iota
	agentRecovered
	agentRegistered
	agentUnreachable
	agentGone
)

func (m *Machine) whereIs(id offer.AgentID) whereabouts {
	_, recovered := m.recovered[id]
	switch {
	case m.agents[id] != nil:
		return agentRegistered
	case recovered:
		return agentRecovered
	case m.unreachable.has(id):
		return agentUnreachable
	case m.gone.has(id):
		return agentGone
	}
	return agentUnknown
}
