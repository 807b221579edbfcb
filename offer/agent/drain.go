package agent

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
)

// startDrain has the agent emptied (docs/protocol.md §16): what it was told is recorded, no new task is taken, and all that
// are here are killed. Told again, as after a registration, it asks again; an executor that is at it already loses nothing.
func (m *Machine) startDrain(d msg.Drain) error {
	if d.MaxGrace < 0 {
		return fmt.Errorf("%w: drain with a grace of at most %v; it cannot be negative", ErrMalformed, d.MaxGrace)
	}
	if m.ending {
		return nil
	}
	m.drain = &d
	m.must(keyDrain, msg.KeptDrain{Drain: d})
	m.event(Event{Kind: EventDraining})
	m.killAll()
	return nil
}

// endDrain takes tasks again. Those that were told to end are not told otherwise.
func (m *Machine) endDrain() {
	if m.drain == nil {
		return
	}
	m.drain = nil
	m.unrecord(keyDrain)
	m.eachTask("", func(t *task) { t.drained = false })
	m.event(Event{Kind: EventDrainEnded})
}

// killAll kills every task: what was not delivered here and now, so that nothing more is delivered, then the rest by its
// executor, as soon as that is in reach.
func (m *Machine) killAll() {
	m.eachLive(func(t *task) {
		t.drained = true
		if t.launch != nil {
			m.dropLaunch(t.exec, t.launch, m.drainedState(t), msg.ReasonAgentDraining, drainText)
		}
	})
	m.eachLive(func(t *task) {
		_ = m.kill(msg.KillTask{Framework: t.framework.info.ID, Task: t.info.ID, Policy: m.drainPolicy(t)})
	})
}

// eachLive visits the tasks that have not ended, of frameworks that are not ending.
func (m *Machine) eachLive(visit func(*task)) {
	m.eachTask("", func(t *task) {
		if !t.state.Terminal() && !t.framework.ending {
			visit(t)
		}
	})
}

const drainText = "the agent is draining"

// drainedState is what a task is that the drain has ended.
func (m *Machine) drainedState(t *task) msg.TaskState {
	if m.drain.MarkGone && t.framework.info.Capabilities.PartitionAware {
		return msg.TaskGoneByOperator
	}
	return msg.TaskKilled
}

// drainPolicy is the lesser of the task's own grace and that of the drain.
func (m *Machine) drainPolicy(t *task) msg.KillPolicy {
	most := m.drain.MaxGrace
	if most == 0 {
		return t.info.Kill
	}
	own := t.info.Kill.Grace
	if own <= 0 {
		own = commandKillGrace
	}
	return msg.KillPolicy{Grace: min(own, most)}
}

// tellDrained words an executor's update of a task that the drain has killed: it says so, and with MarkGone the task is gone.
func (m *Machine) tellDrained(t *task, st msg.TaskStatus) msg.TaskStatus {
	if m.drain == nil || !t.drained {
		return st
	}
	switch st.State {
	case msg.TaskKilled:
		st.State, st.Reason = m.drainedState(t), msg.ReasonAgentDraining
	case msg.TaskKilling:
		st.Reason = msg.ReasonAgentDraining
	}
	return st
}

// refuseWhileDraining answers for tasks that come all the same, and for the executor that is not started for them.
func (m *Machine) refuseWhileDraining(r msg.RunTasks) {
	f := m.framework(r.Framework)
	executor := false
	for _, t := range r.Tasks {
		id := r.Executor.ID
		if command(r, t) {
			id = commandExecutor(t).ID
		} else {
			executor = r.LaunchExecutor && f.executors[id] == nil
		}
		m.refuse(f, r.Role, id, t, msg.ReasonAgentDraining, drainText)
	}
	if executor {
		m.toMaster(msg.ExitedExecutor{Framework: r.Framework.ID, Executor: r.Executor.ID, Status: -1})
	}
}

// Draining reports what the agent was told about draining; false: it takes tasks.
func (m *Machine) Draining() (msg.Drain, bool) {
	if m.drain == nil {
		return msg.Drain{}, false
	}
	return *m.drain, true
}

// checkDrain sees that a task that is here while the agent drains was told to end.
func (m *checker) checkDrain(f *framework, id msg.TaskID, t *task) error {
	switch {
	case m.drain == nil && t.drained:
		return broken("task %s: told to end by a drain, and there is none", id)
	case m.drain != nil && !t.drained && !t.state.Terminal() && !f.ending:
		return broken("task %s: %v while the agent drains, and not told to end", id, t.state)
	}
	return nil
}
