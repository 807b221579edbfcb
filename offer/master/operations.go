package master

import (
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/role"
)

// pendingOp is an operation that holds in our books and that its agent has not answered (docs/protocol.md §14).
type pendingOp struct {
	uuid      msg.UUID
	op        reservation.Op
	framework offer.FrameworkID // "" an operator's
}

func (p pendingOp) row(a *agent) OperationReport {
	return OperationReport{UUID: p.uuid, Agent: a.info.ID, Framework: p.framework, Op: p.op, State: msg.OperationPending}
}

// dropPending forgets what an agent has not answered: its link ended, and it tells its total anew. Operations with an id are
// asked for.
func (m *Machine) dropPending(a *agent) {
	for _, p := range a.pending {
		if a.ops[p.uuid] == nil {
			row := p.row(a)
			row.Message = "not answered before the agent's link ended"
			m.emit(OperationRemoved{row})
		}
	}
}

// endPending tells how an operation without an id ended.
func (m *Machine) endPending(a *agent, p pendingOp, why string) {
	row := p.row(a)
	row.State, row.Message = outcome(why), why
	m.emit(OperationRemoved{row})
}

// outcome is the state of an operation that an agent answered with an error, or with none.
func outcome(why string) msg.OperationState {
	if why != "" {
		return msg.OperationFailed
	}
	return msg.OperationFinished
}

// applyAt tells an agent of an operation that holds in our books. With an id its framework is told how it ends.
func (m *Machine) applyAt(a *agent, f offer.FrameworkID, op reservation.Op, id msg.OperationID) {
	p := pendingOp{m.newUUID(), op, f}
	a.pending = append(a.pending, p)
	if id != "" {
		m.track(a, msg.OperationReport{UUID: p.uuid, Framework: f, Op: op,
			Status: msg.OperationStatus{Operation: id, State: msg.OperationPending}})
	} else {
		m.emit(OperationAdded{p.row(a)})
	}
	m.toAgent(a, msg.ApplyOperation{UUID: p.uuid, Framework: f, Op: op, ID: id})
}

// operationUpdate learns how an operation ended. Agents answer in the order sent, so mostly it is the oldest one and went
// well: then the total that counts here has it already, and the answer costs the same however many are under way. Anything
// else, such as one that failed and is taken out of the books again, makes the total anew.
func (m *Machine) operationUpdate(a *agent, b msg.OperationUpdate) error {
	i := slices.IndexFunc(a.pending, func(p pendingOp) bool { return p.uuid == b.UUID })
	if i < 0 && !b.Status.UUID.IsZero() { // it was answered, or its link ended: what it did to the total is known
		m.feedback(a, b)
		return nil
	}
	if i < 0 {
		return fmt.Errorf("%w: agent %s answers operation %s, which is not under way there", ErrInvalid, a.info.ID, b.UUID)
	}
	b.Error = msg.CutText(b.Error, m.cfg.Bounds.Text)
	p, base, err := a.pending[i], a.base, error(nil)
	if b.Error == "" {
		base, err = reservation.Convert(base, p.op) // unchanged if it cannot be: the agent will tell its total
	}
	if i == 0 && b.Error == "" && err == nil {
		a.base = base
		a.pending[0] = pendingOp{}
		a.pending = a.pending[1:]
	} else if err := m.rebase(a, base, slices.Delete(slices.Clone(a.pending), i, i+1)); err != nil {
		return err
	}
	if a.ops[p.uuid] == nil {
		m.endPending(a, p, b.Error)
	}
	m.feedback(a, b)
	m.perhapsDrained(a)
	return nil
}

// updateAgent takes over the agent's own total. Operations that are on their way to it are not in that total yet.
func (m *Machine) updateAgent(a *agent, b msg.UpdateAgent) error {
	if err := m.validTotal(b.Total); err != nil {
		return err
	}
	if b.Total.Equal(a.base) {
		return nil
	}
	return m.rebase(a, b.Total, a.pending)
}

// rebase makes an agent's total what it confirmed with the pending operations applied. One that does not fit any more will
// fail at the agent as well.
func (m *Machine) rebase(a *agent, base resources, pending []pendingOp) error {
	total := withPending(base, pending)
	if !total.Equal(a.total) {
		if err := m.alloc.UpdateAgent(m.now, a.info.ID, total); err != nil {
			return fmt.Errorf("agent %s: %w", a.info.ID, err)
		}
	}
	changed := !total.Equal(a.total)
	a.base, a.total, a.pending = base, total, pending
	if changed {
		m.emit(AgentUpdated{a.report()})
	}
	return nil
}

// withPending is base with operations applied, as far as they fit.
func withPending(base resources, pending []pendingOp) resources {
	for _, p := range pending {
		if next, err := reservation.Convert(base, p.op); err == nil {
			base = next
		}
	}
	return base
}

// boundPending bounds the operations that an agent has not answered, with one more after the planned ones.
func (m *Machine) boundPending(a *agent, planned int) error {
	if n := max(len(a.pending), len(a.ops)) + planned; n >= m.cfg.Bounds.PendingOperations {
		return fmt.Errorf("%w: %d operations are under way to agent %s or not acknowledged; wait for its answers, or raise Bounds.PendingOperations",
			ErrBound, n, a.info.ID)
	}
	return nil
}

// volumeInUse reports whether a task or executor in the books uses a volume.
func (a *agent) volumeInUse(owner role.Name, id string) bool {
	for _, t := range a.sortedTasks() {
		if t.holds() && msg.HoldsVolume(t.Resources, owner, id) {
			return true
		}
	}
	for _, e := range a.sortedExecutors() {
		if msg.HoldsVolume(e.Info.Resources, owner, id) {
			return true
		}
	}
	return false
}
