package agent

import (
	"fmt"
	"strings"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// task is one that arrived here and is not forgotten: its last update is not acknowledged yet.
type task struct {
	framework *framework
	executor  msg.ExecutorID
	exec      *executor // nil: never had one
	role      role.Name
	info      msg.TaskInfo
	state     msg.TaskState
	launch    *launch         // nil: delivered, or never to be
	kill      *msg.KillPolicy // the latest one asked for, of a task that was delivered
	mounts    []string        // of exec, that this task uses
	stream    stream
	recorded  bool // in the checkpoint
	drained   bool // told to end by a drain
}

// delivered reports whether the task was sent to its executor.
func (t *task) delivered() bool { return t.exec != nil && t.launch == nil }

// newTask books a task, for e or for no executor that is here.
func (m *Machine) newTask(f *framework, r role.Name, exec msg.ExecutorID, e *executor, i msg.TaskInfo) *task {
	t := m.bookTask(&task{framework: f, executor: exec, exec: e, role: r, info: i})
	m.keepTask(t)
	return t
}

func (m *Machine) bookTask(t *task) *task {
	t.state = msg.TaskStaging
	t.stream.first = 1
	t.stream.retry = m.timers.timer(func() { m.resend(t) })
	t.framework.tasks[t.info.ID] = t
	m.tasks++
	return t
}

// forget drops a task with all that is left of its updates.
func (m *Machine) forget(t *task) {
	m.unkeepTask(t)
	m.timers.stop(t.stream.retry)
	m.updates -= len(t.stream.pending)
	t.stream.pending = nil
	m.tasks--
	delete(t.framework.tasks, t.info.ID)
	if t.exec != nil {
		delete(t.exec.live, t.info.ID)
		t.exec.remember(t.info.ID)
	}
	m.event(Event{Kind: EventTaskForgotten, Framework: t.framework.info.ID, Executor: t.executor, Task: t.info.ID})
}

// report makes an update of the agent's own.
func (m *Machine) report(t *task, s msg.TaskState, r msg.Reason, text string) {
	if t.state.Terminal() {
		return
	}
	st := m.own(t.framework.info.Capabilities, s, r, text)
	st.Task, st.Executor = t.info.ID, t.executor
	if t.exec != nil {
		st.Container = t.exec.container
	}
	value, err := writtenUpdate(t, st)
	if err != nil {
		m.halt(fmt.Errorf("%w: %w", ErrCheckpoint, err))
		return
	}
	m.keep(t, st, value)
}

// own is a status that the agent makes.
func (m *Machine) own(c msg.Capabilities, s msg.TaskState, r msg.Reason, text string) msg.TaskStatus {
	m.counters.updates++
	text = msg.CutText(strings.ToValidUTF8(text, "?"), m.cfg.Bounds.Text)
	return msg.TaskStatus{
		State:   s.For(c),
		Source:  msg.SourceAgent,
		Reason:  r,
		Message: text,
		Agent:   m.id,
		UUID:    msg.DeriveUUID(m.cfg.Entropy, "agent's update", m.counters.updates),
		Time:    m.now,
	}
}

// refuse books a task that never reaches an executor, and says why.
func (m *Machine) refuse(f *framework, r role.Name, exec msg.ExecutorID, i msg.TaskInfo, why msg.Reason, text string) {
	m.report(m.newTask(f, r, exec, nil, i), msg.TaskDropped, why, text)
}

// sayDropped answers for a task that is not here and for which there is no room, or whose framework is being shut down here. The
// answer is not kept either: it is given once; if it is lost the master asks when the agent re-registers.
func (m *Machine) sayDropped(r msg.RunningTask, why msg.Reason, text string) {
	st := m.own(r.Capabilities, msg.TaskDropped, why, text)
	st.Task, st.Executor = r.Task, r.Executor
	m.event(Event{Kind: EventTaskRefused, Framework: r.Framework, Executor: r.Executor, Task: r.Task, State: st.State, Reason: why, Text: text})
	m.toMaster(msg.StatusUpdate{Framework: r.Framework, Status: st, Latest: st.State})
}

// kill ends a task (docs/protocol.md §10): one that was not delivered here and now, with its whole group; any other by
// its executor. It may be repeated.
func (m *Machine) kill(k msg.KillTask) error {
	f := m.frameworks[k.Framework]
	if f == nil || f.ending {
		return nil
	}
	t := f.tasks[k.Task]
	switch {
	case t == nil:
		return m.killStranger(f, k.Task)
	case t.state.Terminal():
		return nil
	case t.launch != nil:
		e := t.exec
		m.dropLaunch(e, t.launch, msg.TaskKilled, msg.ReasonTaskKilledDuringLaunch, "killed before it was delivered")
		m.advance(e)
		return nil
	}
	t.kill = &k.Policy
	if t.exec.state == execRunning && t.exec.link != 0 {
		m.send(t.exec.link, msg.KillOnExecutor{Task: k.Task, Policy: k.Policy})
	}
	return nil
}

// killStranger answers for a task that is not here.
func (m *Machine) killStranger(f *framework, id msg.TaskID) error {
	if err := validID("kill: task", string(id)); err != nil {
		return err
	}
	const text = "no executor here runs it"
	if m.room(1) != nil {
		m.sayDropped(msg.RunningTask{Framework: f.info.ID, Task: id, Capabilities: f.info.Capabilities}, msg.ReasonExecutorTerminated, text)
		return nil
	}
	m.refuse(f, "", "", msg.TaskInfo{ID: id, Agent: m.id}, msg.ReasonExecutorTerminated, text)
	return nil
}

// reconcile answers for tasks that the master has and the agent did not report (docs/protocol.md §4.4).
func (m *Machine) reconcile(ts []msg.RunningTask) error {
	if !m.master.registered {
		return nil // the answer ended the agent
	}
	for _, r := range ts {
		if validID("framework", string(r.Framework)) != nil || validID("task", string(r.Task)) != nil {
			continue
		}
		f := m.frameworks[r.Framework]
		if f != nil && !f.ending && f.tasks[r.Task] != nil {
			continue
		}
		const text = "unknown to the agent"
		if f != nil && f.ending || m.room(1) != nil || f == nil && len(m.frameworks) >= m.cfg.Bounds.Frameworks {
			m.sayDropped(r, msg.ReasonReconciliation, text)
			continue
		}
		if f == nil {
			f = m.framework(msg.FrameworkInfo{ID: r.Framework, Capabilities: r.Capabilities})
			f.bare = true
		}
		m.refuse(f, "", r.Executor, msg.TaskInfo{ID: r.Task, Agent: m.id}, msg.ReasonReconciliation, text)
	}
	return nil
}
