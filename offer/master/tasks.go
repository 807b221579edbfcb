package master

import (
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// task is a task in the books: of an agent and of a framework, or parked at its framework while the agent is
// unreachable.
type task struct {
	*TaskReport                // what was shown of it is never written to: see edit
	shown       bool           // an event or the history has this row
	policy      msg.KillPolicy // of the latest kill asked for, if Killing
	stray       bool           // its id is another task's at the framework: known at its agent only, and being killed
}

// edit is the row of t, to be written to: a new one if the present one was shown.
func (t *task) edit() *TaskReport {
	if t.shown {
		row := *t.TaskReport
		t.TaskReport, t.shown = &row, false
	}
	return t.TaskReport
}

// show is the row of t, which from then on nobody writes to.
func (t *task) show() *TaskReport {
	t.shown = true
	return t.TaskReport
}

func (t *task) agentKey() taskKey { return taskKey{t.Framework, t.ID} }

func (t *task) allocation() offer.Allocation {
	return offer.Allocation{Framework: t.Framework, Role: t.Role, Agent: t.Agent}
}

// holds reports whether the task's resources are charged.
func (t *task) holds() bool { return !t.State.Terminal() && t.Unreachable == 0 }

// addTask puts a task that the allocator was charged for into the books.
func (m *Machine) addTask(f *framework, a *agent, t *task) {
	a.tasks[t.agentKey()] = t
	f.place(a.info.ID, 1)
	if !t.stray {
		f.tasks[t.ID] = t
	}
	m.emit(TaskAdded{t.show()})
}

// setState moves a live task and frees its resources if it is over; a terminal one stays as it is.
func (m *Machine) setState(t *task, s msg.TaskState) {
	if t.State.Terminal() {
		return
	}
	t.edit().State = s
	if s.Terminal() {
		m.release(t.allocation(), t.Resources)
	}
}

// announce moves a task by the master's own decision and tells its framework, once and without a uuid.
func (m *Machine) announce(f *framework, t *task, s msg.TaskState, why msg.Reason, text string) {
	m.setState(t, s)
	t.edit().Forwarded = m.masterStatus(t, s, why, text)
	m.emit(TaskUpdated{t.show()})
	m.toFramework(f, msg.Update{Status: t.Forwarded})
}

// masterStatus is a status of a task in the books that the master makes.
func (m *Machine) masterStatus(t *task, s msg.TaskState, why msg.Reason, text string) msg.TaskStatus {
	return msg.TaskStatus{Task: t.ID, State: s, Source: msg.SourceMaster, Reason: why, Message: text, Agent: t.Agent,
		Executor: t.Executor, Time: m.now, UnreachableTime: t.Unreachable}
}

// endTask takes a task out of its agent's books and puts it into its framework's history.
func (m *Machine) endTask(t *task) {
	if t.holds() {
		m.release(t.allocation(), t.Resources)
	}
	f := m.frameworks[t.Framework]
	delete(m.agents[t.Agent].tasks, t.agentKey())
	m.perhapsDrained(m.agents[t.Agent])
	f.place(t.Agent, -1)
	m.remove(f, t)
}

// remove takes a task out of its framework's books and remembers it there.
func (m *Machine) remove(f *framework, t *task) {
	if !t.stray {
		delete(f.tasks, t.ID)
	}
	m.remembered(f, t)
}

// remembered puts a task that left the books into its framework's history.
func (m *Machine) remembered(f *framework, t *task) {
	f.ended++
	f.history.add(f.ended, t.show(), m.cfg.Bounds.CompletedTasks)
	m.emit(TaskRemoved{t.show()})
}

// parkTask follows the loss of a task's agent: it stays with its framework until the agent returns. What was over
// already stays as it was.
func (m *Machine) parkTask(t *task, since offer.Time) {
	f := m.frameworks[t.Framework]
	if t.stray {
		m.endTask(t)
		return
	}
	if t.holds() {
		m.release(t.allocation(), t.Resources)
		row := t.edit()
		row.State, row.Unreachable = msg.TaskUnreachable.For(f.info.Capabilities), since
		row.Forwarded = m.masterStatus(t, t.State, msg.ReasonAgentRemoved, "its agent is out of contact")
		m.toFramework(f, msg.Update{Status: t.Forwarded})
	}
	m.emit(TaskUpdated{t.show()})
	delete(m.agents[t.Agent].tasks, t.agentKey())
	f.place(t.Agent, -1)
	delete(f.tasks, t.ID)
	if oldest, full := f.unreachable.add(t.ID, t, m.cfg.Bounds.UnreachableTasks); full {
		m.remembered(f, oldest)
	}
}

// idTaken reports whether a framework may not launch a task under that id now.
func (f *framework) idTaken(id msg.TaskID) bool { return f.tasks[id] != nil || f.unreachable.has(id) }
