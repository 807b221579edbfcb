package master

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/reservation"
)

// call takes an operator's call. Calls that have to be written down take their turn, each after the one before.
func (m *Machine) call(in msg.Operate) {
	if err := m.allowCall(in); err != nil {
		m.answer(in.Seq, err)
		return
	}
	if known, err := m.read(in); known {
		if err != nil {
			m.answer(in.Seq, err)
		}
		return
	}
	switch {
	case m.phase != phaseLeading:
		m.answer(in.Seq, fmt.Errorf("%w: try again soon", ErrNotLeading))
	case len(m.calls) >= m.cfg.Bounds.OperatorCalls:
		m.answer(in.Seq, fmt.Errorf("%w: %d calls wait; try again, or raise Bounds.OperatorCalls", ErrBound, len(m.calls)))
	default:
		m.calls = append(m.calls, in)
		if len(m.calls) == 1 {
			m.nextCalls()
		}
	}
}

// nextCalls carries out calls until one has to wait for its commit.
func (m *Machine) nextCalls() {
	for len(m.calls) > 0 {
		waits, err := m.operate(m.calls[0])
		if waits && err == nil {
			return
		}
		m.endCall(err)
	}
	m.calls = nil
}

func (m *Machine) endCall(err error) {
	m.answer(m.calls[0].Seq, err)
	m.calls[0] = msg.Operate{}
	m.calls = m.calls[1:]
}

// inTurn is what happens to the call under way when it is durable: then, its answer, and the next calls.
func (m *Machine) inTurn(then func()) func() {
	return func() {
		then()
		if m.phase == phaseLeading {
			m.endCall(nil)
			m.nextCalls()
		}
	}
}

// operate carries out an operator's call (docs/protocol.md §16.1); an error means that nothing changes. waits tells that it
// is being written down: it happens, and is answered, when it is durable.
func (m *Machine) operate(in msg.Operate) (waits bool, err error) {
	switch c := in.Call.(type) {
	case msg.UpdateWeights:
		return true, m.updateWeights(c)
	case msg.UpdateQuota:
		return true, m.updateQuota(c)
	case msg.ChangeAgent:
		return false, m.changeAgent(in.Principal, c)
	case msg.TeardownFramework:
		f := m.frameworks[c.Framework]
		if f == nil {
			return false, fmt.Errorf("%w: %q", ErrNoFramework, c.Framework)
		}
		m.teardown(f, "torn down by an operator")
		return false, nil
	case msg.DeactivateAgent:
		return m.activateAgent(c.Agent, false)
	case msg.ReactivateAgent:
		return m.activateAgent(c.Agent, true)
	case msg.MarkAgentGone:
		return m.giveUp(c.Agent)
	case msg.DrainAgent:
		return m.drainAgent(c)
	case msg.UpdateMaintenance:
		return true, m.updateMaintenance(c)
	case msg.StartMaintenance:
		return true, m.startMaintenance(c)
	case msg.StopMaintenance:
		return true, m.stopMaintenance(c)
	}
	return false, fmt.Errorf("%w: a master has no operator's call %T", ErrInput, in.Call)
}

func (m *Machine) updateWeights(c msg.UpdateWeights) error {
	if err := m.alloc.CheckWeights(c.Weights); err != nil {
		return err
	}
	ops, err := weightOps(c.Weights)
	if err != nil {
		return err
	}
	m.durably(ops, m.inTurn(func() {
		if err := m.alloc.SetWeights(m.now, c.Weights); err != nil {
			m.resign(fmt.Errorf("weights that the registry holds: %w", err))
			return
		}
		m.emit(WeightsChanged{c.Weights})
	}))
	return nil
}

// updateQuota checks against the cluster as it is when the call comes. What is written down then holds whatever has changed
// meanwhile.
func (m *Machine) updateQuota(c msg.UpdateQuota) error {
	if err := m.alloc.CheckQuota(c.Configs, c.Force); err != nil {
		return err
	}
	ops, err := quotaOps(c.Configs)
	if err != nil {
		return err
	}
	m.durably(ops, m.inTurn(func() {
		if err := m.alloc.SetQuota(m.now, c.Configs, true); err != nil {
			m.resign(fmt.Errorf("quota that the registry holds: %w", err))
			return
		}
		m.emit(QuotaChanged{c.Configs})
	}))
	return nil
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
	m.applyAt(a, "", c.Op, "")
	m.emit(AgentUpdated{a.report()})
	return nil
}

// activateAgent stops or resumes offering an agent. One that is unreachable, or recovered and not back, stays as the operator
// wants it when it returns (docs/protocol.md §16).
func (m *Machine) activateAgent(id offer.AgentID, on bool) (waits bool, err error) {
	if err := m.busy(id); err != nil {
		return false, err
	}
	is, known := m.ordersFor(id)
	want := orders{deactivated: !on}
	switch {
	case !known:
		return false, fmt.Errorf("%w: %q", ErrNoAgent, id)
	case !on:
		want.drain = is.drain
	case is.drain != nil && !is.drain.Drained:
		return false, fmt.Errorf("%w: agent %s is draining; wait until it is empty", ErrBusy, id)
	}
	if is == want {
		return false, nil
	}
	ops, then, err := m.order(id, want)
	if err != nil {
		return false, err
	}
	m.move(id, ops, m.inTurn(then))
	return true, nil
}

// ordersFor finds what operators want of an agent, wherever it is.
func (m *Machine) ordersFor(id offer.AgentID) (o orders, known bool) {
	switch m.whereIs(id) {
	case agentRegistered:
		return m.agents[id].orders, true
	case agentRecovered, agentUnreachable:
		return m.remembersOf(id).orders, true
	}
	return orders{}, false
}

// order is how an agent gets new orders: what is written, and what happens then.
func (m *Machine) order(id offer.AgentID, o orders) (ops []registry.Op, then func(), err error) {
	switch m.whereIs(id) {
	case agentRegistered:
		a := m.agents[id]
		ops, err = agentOps(o.record(a.info))
		return ops, func() { m.obey(a, o) }, err
	case agentRecovered:
		next := o.record(m.recovered[id].Info)
		ops, err = agentOps(next)
		return ops, func() { m.expect(next) }, err
	}
	lost, _ := m.unreachable.get(id)
	lost.orders = o
	return m.lostOps(lost), func() { m.reorder(lost) }, nil
}

// reorder changes what operators want of an unreachable agent, unless that was forgotten meanwhile.
func (m *Machine) reorder(l lostAgent) {
	if m.unreachable.has(l.id) {
		m.unreachable.replace(l.id, l)
		m.emit(AgentUnreachable{l.row()})
	}
}

func (m *Machine) obey(a *agent, o orders) {
	was := a.drain
	a.orders = o
	switch {
	case o.drain == nil:
		a.drainSince = 0
	case was == nil:
		a.drainSince = m.now
	}
	m.tellDrain(a, was)
	m.perhapsDrained(a)
	m.setActive(a)
	m.emit(AgentUpdated{a.report()})
}

// isOffered reports whether an agent is offered: if it is here, and no operator wants it otherwise.
func (m *Machine) isOffered(a *agent) bool {
	return a.link != nil && !a.deactivated && !m.isDown(a.info)
}

func (m *Machine) setActive(a *agent) {
	m.must(m.alloc.SetAgentActive(m.now, a.info.ID, m.isOffered(a)))
}
