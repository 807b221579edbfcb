package master

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// statusUpdate records what an agent tells of a task and passes it on (docs/protocol.md §9). Where the framework is not
// connected the update is not passed on, and the agent will repeat it.
func (m *Machine) statusUpdate(a *agent, b msg.StatusUpdate) error {
	f := m.frameworks[b.Framework]
	if f == nil {
		return fmt.Errorf("%w: %q, of which agent %s updates task %q", ErrNoFramework, b.Framework, a.info.ID, b.Status.Task)
	}
	if err := m.validStatus(a, b.Status, b.Latest); err != nil {
		return err
	}
	b.Status = m.cut(b.Status)
	b.Status.Agent = a.info.ID
	m.toFramework(f, msg.Update{Status: b.Status})
	t := a.tasks[taskKey{b.Framework, b.Status.Task}]
	if t == nil {
		return nil
	}
	m.record(t, b)
	if t.State.Terminal() && t.Forwarded.UUID.IsZero() {
		m.endTask(t) // nobody will acknowledge it
	}
	return nil
}

// record takes an update into the books: the newest state decides who holds the resources, the update itself is what
// reconciliation tells.
func (m *Machine) record(t *task, b msg.StatusUpdate) {
	before, uuid := t.State, t.Forwarded.UUID
	newest := b.Latest
	if b.Status.State.Terminal() {
		newest = b.Status.State
	}
	// A kill under way is not undone by a task that still says it runs.
	if !(t.State == msg.TaskKilling && newest == msg.TaskRunning) {
		m.setState(t, newest)
	}
	repeat := uuid == b.Status.UUID && !uuid.IsZero()
	if !repeat {
		row := t.edit()
		row.Forwarded = b.Status
		row.Forwarded.Data = nil // not kept: it may be large
	}
	if t.State != before || !repeat {
		m.emit(TaskUpdated{t.show()})
	}
}

// acknowledge passes an acknowledgement on to the agent; that of a terminal update ends the task in the books.
func (m *Machine) acknowledge(f *framework, b msg.Acknowledge) error {
	if b.UUID.IsZero() {
		return fmt.Errorf("%w: acknowledgement of task %q without a uuid; such updates are not acknowledged", ErrInvalid, b.Task)
	}
	a := m.agents[b.Agent]
	if a == nil || a.link == nil {
		return nil // the agent will repeat the update
	}
	t := a.tasks[taskKey{f.info.ID, b.Task}]
	if t != nil && t.Forwarded.UUID == b.UUID && t.Forwarded.State.Terminal() {
		m.endTask(t)
	}
	m.toAgent(a, msg.StatusAck{Framework: f.info.ID, Task: b.Task, UUID: b.UUID})
	return nil
}

// kill asks a task's agent to end it (docs/protocol.md §10). It is repeated when the agent re-registers.
func (m *Machine) kill(f *framework, b msg.Kill) error {
	if b.Policy.Grace < 0 {
		return fmt.Errorf("%w: kill of task %q with a grace of %v; it cannot be negative", ErrInvalid, b.Task, b.Policy.Grace)
	}
	t := f.tasks[b.Task]
	if t == nil {
		ref := msg.TaskRef{Task: b.Task, Agent: b.Agent}
		if parked, ok := f.unreachable.get(b.Task); ok && ref.Agent == "" {
			ref.Agent = parked.Agent
		}
		return m.reconcile(f, msg.Reconcile{Tasks: []msg.TaskRef{ref}})
	}
	if b.Agent != "" && b.Agent != t.Agent {
		return nil
	}
	if !t.State.Terminal() {
		t.edit().Killing, t.policy = true, b.Policy
		m.emit(TaskUpdated{t.show()})
	}
	m.toAgent(m.agents[t.Agent], msg.KillTask{Framework: f.info.ID, Task: t.ID, Policy: b.Policy})
	return nil
}

// shutdownExecutor asks an executor's agent to end it, if that is connected.
func (m *Machine) shutdownExecutor(f *framework, b msg.ShutdownExecutor) error {
	if err := ownExecutor(f, b.Executor); err != nil {
		return err
	}
	if a := m.agents[b.Executor.Agent]; a != nil {
		m.toAgent(a, msg.StopExecutor{Framework: f.info.ID, Executor: b.Executor.Executor})
	}
	return nil
}

// toExecutor passes a scheduler's bytes down, at most once (docs/protocol.md §13).
func (m *Machine) toExecutor(f *framework, b msg.ToExecutor) error {
	if err := ownExecutor(f, b.Executor); err != nil {
		return err
	}
	if err := m.boundMessage(b.Data); err != nil {
		return err
	}
	b.Executor.Framework = f.info.ID
	if a := m.agents[b.Executor.Agent]; a != nil {
		m.toAgent(a, b)
	}
	return nil
}

// fromExecutor passes an executor's bytes up, at most once.
func (m *Machine) fromExecutor(a *agent, b msg.FromExecutor) error {
	if err := m.boundMessage(b.Data); err != nil {
		return err
	}
	f := m.frameworks[b.Executor.Framework]
	if f == nil {
		return fmt.Errorf("%w: %q, to which an executor on agent %s writes", ErrNoFramework, b.Executor.Framework, a.info.ID)
	}
	if b.Executor.Agent != "" && b.Executor.Agent != a.info.ID {
		return fmt.Errorf("%w: agent %s passes on a message of agent %q", ErrInvalid, a.info.ID, b.Executor.Agent)
	}
	b.Executor.Agent = a.info.ID
	m.toFramework(f, b)
	return nil
}

func (m *Machine) boundMessage(data []byte) error {
	if len(data) > m.cfg.Bounds.MessageData {
		return fmt.Errorf("%w: message of %d bytes, %d are allowed", ErrBound, len(data), m.cfg.Bounds.MessageData)
	}
	return nil
}

// ownExecutor checks that a scheduler names an executor of its own.
func ownExecutor(f *framework, r msg.ExecutorRef) error {
	if r.Framework != "" && r.Framework != f.info.ID {
		return fmt.Errorf("%w: framework %s names an executor of %s", ErrInvalid, f.info.ID, r.Framework)
	}
	return msg.ValidateID("executor", string(r.Executor))
}

// lostState is what a framework is told of a task on that agent which is not in the live list (docs/protocol.md §12). known is false where
// nothing may be said: nobody can know yet.
func (m *Machine) lostState(id offer.AgentID) (s msg.TaskState, since offer.Time, known bool) {
	if id == "" && len(m.recovered) > 0 {
		return 0, 0, false
	}
	switch m.whereIs(id) {
	case agentRecovered:
		return 0, 0, false
	case agentRegistered:
		return msg.TaskGone, 0, true
	case agentUnreachable:
		l, _ := m.unreachable.get(id)
		return msg.TaskUnreachable, l.since, true
	case agentGone:
		return msg.TaskGoneByOperator, 0, true
	}
	return msg.TaskUnknown, 0, true
}
