package agent

import (
	"bytes"
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// Keys of the checkpoint.
const (
	keyAgent     = "agent"
	keyTotal     = "total"
	keyDrain     = "drain"
	keyFramework = "framework"
	keyExecutor  = "executor"
	keyTask      = "task"
	keyUpdate    = "update"
	keyOperation = "operation"
)

func frameworkKey(f offer.FrameworkID) string { return recordKey(keyFramework, string(f)) }

func executorKey(f offer.FrameworkID, e msg.ExecutorID) string {
	return recordKey(keyExecutor, string(f), string(e))
}

func taskKey(f offer.FrameworkID, t msg.TaskID) string {
	return recordKey(keyTask, string(f), string(t))
}

func updateKey(f offer.FrameworkID, t msg.TaskID, n uint64) string {
	return recordKey(keyUpdate, string(f), string(t), fmt.Sprintf("%020d", n))
}

// kept reports whether what belongs to f is recorded: a framework says so for good when it first comes here
// (docs/protocol.md §3.2).
func (m *Machine) kept(f *framework) bool { return m.cfg.Checkpoint && f.info.Checkpoint && !f.bare }

// must records what is known to have a written form. Were it otherwise, the agent would have to end.
func (m *Machine) must(key string, k msg.Kept) {
	if err := m.record(key, k); err != nil {
		m.halt(fmt.Errorf("%w: %s: %w", ErrCheckpoint, key, err))
	}
}

// writable checks that k can be recorded, where there is a checkpoint.
func (m *Machine) writable(k msg.Kept) error {
	if !m.cfg.Checkpoint {
		return nil
	}
	_, err := written(k)
	return err
}

// writableRun checks that all that a message launches can be recorded.
func (m *Machine) writableRun(r msg.RunTasks) error {
	if !m.cfg.Checkpoint || !r.Framework.Checkpoint {
		return nil
	}
	if err := m.writable(msg.KeptFramework{Info: r.Framework}); err != nil {
		return err
	}
	if err := m.writable(msg.KeptExecutor{Info: r.Executor, Role: r.Role}); err != nil {
		return err
	}
	for _, t := range r.Tasks {
		if err := m.writable(msg.KeptTask{Framework: r.Framework.ID, Role: r.Role, Info: t}); err != nil {
			return err
		}
	}
	return nil
}

// keepAgent records who the agent is, once it has an id.
func (m *Machine) keepAgent() { m.must(keyAgent, msg.KeptAgent{Info: m.info()}) }

// keepTotal records what operations made.
func (m *Machine) keepTotal() {
	k := msg.KeptTotal{Saved: reservation.Saved(m.total)}
	if m.lastOutcome != nil {
		k.Last = &msg.KeptOperation{Report: m.lastOutcome.OperationReport}
	}
	if !k.Saved.IsEmpty() || k.Last != nil {
		m.must(keyTotal, k)
		return
	}
	m.unrecord(keyTotal)
}

// writableTotal checks that a total can be recorded.
func (m *Machine) writableTotal(total resource.Resources) error {
	return m.writable(msg.KeptTotal{Saved: reservation.Saved(total)})
}

// keepFramework records a framework, if it is not recorded like that already.
func (m *Machine) keepFramework(f *framework) {
	if !m.kept(f) {
		return
	}
	value, err := written(msg.KeptFramework{Info: f.info})
	if err != nil || bytes.Equal(value, f.written) {
		return // an error: writableRun or the caller has refused it before
	}
	f.written = value
	m.recordValue(frameworkKey(f.info.ID), value)
}

// keepExecutor records a run before it starts, and when the first task goes to it.
func (m *Machine) keepExecutor(e *executor) {
	if !m.kept(e.framework) {
		return
	}
	e.recorded = true
	m.must(executorKey(e.framework.info.ID, e.id), msg.KeptExecutor{
		Info: e.info, Role: e.role, Container: e.container, Command: e.command, Used: e.ever,
	})
}

// keepTask records a task when it arrives. One without a written form is only answered for, and lives in memory.
func (m *Machine) keepTask(t *task) {
	if !m.kept(t.framework) {
		return
	}
	f := t.framework.info.ID
	k := msg.KeptTask{Framework: f, Role: t.role, Executor: t.executor, Info: t.info}
	if t.exec != nil {
		k.Container = t.exec.container
	}
	t.recorded = m.record(taskKey(f, t.info.ID), k) == nil
}

// unkeepTask takes all records of a task away, the task's own first: its updates mean nothing without it.
func (m *Machine) unkeepTask(t *task) {
	if !t.recorded {
		return
	}
	f := t.framework.info.ID
	m.unrecord(taskKey(f, t.info.ID))
	for n := t.stream.first; n <= t.stream.count; n++ {
		m.unrecord(updateKey(f, t.info.ID, n))
	}
}

// writtenUpdate is the record of a task's next update, nil if the task has none.
func writtenUpdate(t *task, st msg.TaskStatus) ([]byte, error) {
	if !t.recorded {
		return nil, nil
	}
	return written(msg.KeptUpdate{Framework: t.framework.info.ID, N: t.stream.count + 1, Status: st})
}

// keepAck records that the scheduler has a task's n-th update.
func (m *Machine) keepAck(t *task, n uint64, st msg.TaskStatus) {
	if !t.recorded {
		return
	}
	st.Data = nil
	f := t.framework.info.ID
	m.must(updateKey(f, t.info.ID, n), msg.KeptUpdate{Framework: f, N: n, Status: st, Acked: true})
}
