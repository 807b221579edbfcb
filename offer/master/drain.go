package master

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
)

// drainAgent has an agent emptied, wherever it is kept: one that is not here is told when it returns (docs/protocol.md §16).
// Asked again, the latest word counts.
func (m *Machine) drainAgent(c msg.DrainAgent) (waits bool, err error) {
	if c.MaxGrace < 0 {
		return false, fmt.Errorf("%w: a grace of at most %v for agent %q; it cannot be negative", ErrInvalid, c.MaxGrace, c.Agent)
	}
	if err := m.busy(c.Agent); err != nil {
		return false, err
	}
	is, known := m.ordersFor(c.Agent)
	if !known {
		return false, fmt.Errorf("%w: %q", ErrNoAgent, c.Agent)
	}
	if x := m.machineOf(m.infoOf(c.Agent)); x != nil {
		return false, fmt.Errorf("%w: agent %s is on machine %s, which is %s; take that out of the schedule first", ErrMaintenance, c.Agent, x.id, x.mode)
	}
	want := registry.Drain{MaxGrace: c.MaxGrace, MarkGone: c.MarkGone}
	if d := is.drain; d != nil && d.MaxGrace == want.MaxGrace && d.MarkGone == want.MarkGone {
		return false, nil
	}
	ops, then, err := m.order(c.Agent, orders{deactivated: true, drain: &want})
	if err != nil {
		return false, err
	}
	m.move(c.Agent, ops, m.inTurn(then))
	return true, nil
}

// infoOf is how an agent described itself, as far as this master knows: of an unreachable one it does not.
func (m *Machine) infoOf(id offer.AgentID) msg.AgentInfo {
	if a := m.agents[id]; a != nil {
		return a.info
	}
	return m.recovered[id].Info
}

// tellDrain tells a registered agent what it has to do about draining, if that is not what it was told before.
func (m *Machine) tellDrain(a *agent, before *registry.Drain) {
	switch {
	case a.drain != nil && (before == nil || before.MaxGrace != a.drain.MaxGrace || before.MarkGone != a.drain.MarkGone):
		m.toAgent(a, msg.Drain{MaxGrace: a.drain.MaxGrace, MarkGone: a.drain.MarkGone})
	case a.drain == nil && before != nil:
		m.toAgent(a, msg.EndDrain{})
	}
}

// perhapsDrained has a draining agent looked at when the step ends: something of it has left the books.
func (m *Machine) perhapsDrained(a *agent) {
	if a.isDraining() {
		m.draining[a.info.ID] = true
	}
}

// isDraining reports whether an agent still has to become empty, or then gone.
func (a *agent) isDraining() bool { return a.drain != nil && (!a.drain.Drained || a.drain.MarkGone) }

// isEmpty reports whether an agent that is here has no tasks, acknowledged ones aside, and no operations, those as well that nobody has acknowledged.
func (a *agent) isEmpty() bool { return a.link != nil && len(a.tasks)+len(a.pending)+len(a.ops) == 0 }

// settleDrains follows the last task's end: what is empty is written down as drained, and then, if that was asked for, as gone
// (docs/protocol.md §16). One that is busy is looked at when it is not.
func (m *Machine) settleDrains() {
	if len(m.draining) == 0 {
		return
	}
	for _, id := range sortedKeys(m.draining) {
		delete(m.draining, id)
		a := m.agents[id]
		switch {
		case a == nil || m.moving[id] || !a.isDraining() || !a.isEmpty():
		case a.drain.Drained:
			ops, then := m.goneChange(id)
			m.move(id, ops, then)
		default:
			d := *a.drain
			d.Drained = true
			ops, then, err := m.order(id, orders{deactivated: true, drain: &d})
			m.must(err)
			m.move(id, ops, then)
		}
	}
}
