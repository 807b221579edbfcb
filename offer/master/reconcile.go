package master

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
)

// reconcile tells the states of tasks, each once and without a uuid (docs/protocol.md §12): of all live ones, or of
// those that the call names.
func (m *Machine) reconcile(f *framework, b msg.Reconcile) error {
	if len(b.Tasks) > m.cfg.Bounds.Tasks {
		return fmt.Errorf("%w: reconciliation of %d tasks, %d are allowed", ErrBound, len(b.Tasks), m.cfg.Bounds.Tasks)
	}
	for _, r := range b.Tasks {
		if err := msg.ValidateID("task", string(r.Task)); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	if len(b.Tasks) == 0 {
		for _, t := range f.sortedTasks() {
			m.toFramework(f, msg.Update{Status: m.reconciled(t)})
		}
	}
	for _, r := range b.Tasks {
		if s, known := m.reconcileOne(f, r); known {
			m.toFramework(f, msg.Update{Status: s})
		}
	}
	return nil
}

// reconcileOne answers for one task. Of one that may run on an agent which is not back yet there is nothing to say: the
// framework asks again.
func (m *Machine) reconcileOne(f *framework, r msg.TaskRef) (s msg.TaskStatus, known bool) {
	if t := f.tasks[r.Task]; t != nil {
		return m.reconciled(t), true
	}
	state, since, known := m.lostState(r.Agent)
	return msg.TaskStatus{Task: r.Task, Agent: r.Agent, State: state.For(f.info.Capabilities), Source: msg.SourceMaster,
		Reason: msg.ReasonReconciliation, Message: "not among the live tasks", Time: m.now, UnreachableTime: since}, known
}

// reconciled is the last update that was passed on of a live task, or its state if there was none.
func (m *Machine) reconciled(t *task) msg.TaskStatus {
	s := t.Forwarded
	if s.Task == "" {
		s = msg.TaskStatus{Task: t.ID, State: t.State}
	}
	s.Agent, s.Executor = t.Agent, t.Executor
	s.Source, s.Reason, s.Message, s.UUID, s.Time = msg.SourceMaster, msg.ReasonReconciliation, "the last state passed on", msg.UUID{}, m.now
	return s
}
