package master

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
)

// operate carries out an operator's call (docs/protocol.md §16.1); an error means that nothing changed.
func (m *Machine) operate(in msg.Operate) error {
	switch c := in.Call.(type) {
	case msg.UpdateWeights:
		if err := m.alloc.SetWeights(m.now, c.Weights); err != nil {
			return err
		}
		m.emit(WeightsChanged{c.Weights})
		return nil
	case msg.UpdateQuota:
		if err := m.alloc.SetQuota(m.now, c.Configs, c.Force); err != nil {
			return err
		}
		m.emit(QuotaChanged{c.Configs})
		return nil
	case msg.ChangeAgent:
		return m.changeAgent(in.Principal, c)
	case msg.TeardownFramework:
		f := m.frameworks[c.Framework]
		if f == nil {
			return fmt.Errorf("%w: %q", ErrNoFramework, c.Framework)
		}
		m.teardown(f, "torn down by an operator")
		return nil
	case msg.DeactivateAgent:
		return m.activateAgent(c.Agent, false)
	case msg.ReactivateAgent:
		return m.activateAgent(c.Agent, true)
	}
	return fmt.Errorf("%w: a master has no operator's call %T", ErrInput, in.Call)
}

// changeAgent applies an operator's operation to what of an agent nobody uses; offers that hold it are taken back
// (docs/protocol.md §15).
func (m *Machine) changeAgent(principal string, c msg.ChangeAgent) error {
	a := m.agents[c.Agent]
	switch {
	case a == nil:
		return fmt.Errorf("%w: %q", ErrNoAgent, c.Agent)
	case a.link == nil:
		return fmt.Errorf("%w: %s is disconnected; try again when it is back", ErrNoAgent, c.Agent)
	case c.Op == nil:
		return fmt.Errorf("%w: no operation given", ErrInvalid)
	}
	if err := m.boundOp(c.Op); err != nil {
		return err
	}
	if err := m.boundPending(a, 0); err != nil {
		return err
	}
	total, err := reservation.Convert(a.total, c.Op)
	if err != nil {
		return err
	}
	var who *string
	if principal != "" {
		who = &principal
	}
	if err := m.alloc.Operate(m.now, c.Agent, c.Op, who); err != nil {
		return err
	}
	a.total = total
	m.applyAt(a, "", c.Op)
	m.emit(AgentUpdated{a.report()})
	return nil
}

// activateAgent stops or resumes offering an agent. One that is unreachable stays as the operator wants it when it
// returns (docs/protocol.md §16).
func (m *Machine) activateAgent(id offer.AgentID, on bool) error {
	if l, ok := m.unreachable.get(id); ok {
		l.deactivated = !on
		m.unreachable.replace(id, l)
		return nil
	}
	a := m.agents[id]
	if a == nil {
		return fmt.Errorf("%w: %q", ErrNoAgent, id)
	}
	if a.deactivated == !on {
		return nil
	}
	m.setDeactivated(a, !on, func() {
		m.must(m.alloc.SetAgentActive(m.now, id, on && a.link != nil))
		m.emit(AgentUpdated{a.report()})
	})
	return nil
}
