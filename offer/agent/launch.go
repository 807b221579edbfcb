package agent

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// launch is what goes to an executor together: one task, or a group. The executor itself has one without tasks, its
// setup. It waits for the operations that arrived before it, then for its volumes, then for its turn.
type launch struct {
	exec      *executor
	tasks     []*task
	after     uint64 // operations that must be done before
	resources resource.Resources
	begun     bool // its resources are there, its volumes asked for
	links     int  // volumes asked for and not there
	over      bool // failed or killed: answers do not matter any more
}

// ready reports whether a launch waits for nothing but its turn.
func (l *launch) ready() bool { return l.begun && l.links == 0 }

func validID(what, id string) error {
	if err := msg.ValidateID(what, id); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// room checks the bound of tasks.
func (m *Machine) room(tasks int) error {
	if m.tasks+tasks > m.cfg.Bounds.Tasks {
		return fmt.Errorf("%w: %d tasks and %d more; %d are allowed", ErrBound, m.tasks, tasks, m.cfg.Bounds.Tasks)
	}
	return nil
}

// runTasks takes tasks for an executor, new or there (docs/protocol.md §7, §11).
func (m *Machine) runTasks(r msg.RunTasks) error {
	if err := m.checkRun(r); err != nil {
		return err
	}
	if m.ending {
		return nil // its goodbye, or the end of its link, answers for them
	}
	if f := m.frameworks[r.Framework.ID]; f != nil && f.ending {
		m.turnAway(r, msg.ReasonExecutorTerminated, "the framework is being shut down here")
		return nil
	}
	if err := cmp.Or(m.boundRun(r), m.writableRun(r)); err != nil {
		m.turnAway(r, msg.ReasonTaskInvalid, err.Error())
		return nil
	}
	if m.drain != nil {
		m.refuseWhileDraining(r)
		return nil
	}
	f := m.framework(r.Framework)
	if r.Group {
		m.place(f, r, r.Executor, false, r.Tasks)
		return nil
	}
	for _, t := range r.Tasks {
		if command(r, t) {
			m.place(f, r, commandExecutor(t), true, []msg.TaskInfo{t})
			continue
		}
		had := f.executors[r.Executor.ID] != nil
		m.place(f, r, r.Executor, false, []msg.TaskInfo{t})
		if !had && f.executors[r.Executor.ID] != nil {
			r.LaunchExecutor = false // the first task of the message launched it
		}
	}
	return nil
}

// command reports whether t brings a command instead of an executor.
func command(r msg.RunTasks, t msg.TaskInfo) bool {
	return !r.Group && t.Command != nil && t.Executor == nil
}

// commandExecutor is the executor made for one command task: it has the task's id and command, and ends a little after
// the task's own grace.
func commandExecutor(t msg.TaskInfo) msg.ExecutorInfo {
	grace := t.Kill.Grace
	if grace <= 0 {
		grace = commandKillGrace
	}
	return msg.ExecutorInfo{
		ID:            msg.ExecutorID(t.ID),
		Name:          t.Name,
		Command:       t.Command,
		ShutdownGrace: msg.Sum(grace, commandExtraGrace),
		Labels:        t.Labels,
	}
}

func (m *Machine) checkRun(r msg.RunTasks) error {
	if err := validID("run: framework", string(r.Framework.ID)); err != nil {
		return err
	}
	if len(r.Tasks) == 0 {
		return fmt.Errorf("%w: run: no tasks", ErrMalformed)
	}
	f := m.frameworks[r.Framework.ID]
	seen := map[msg.TaskID]bool{}
	for _, t := range r.Tasks {
		if err := validID("run: task", string(t.ID)); err != nil {
			return err
		}
		if !command(r, t) {
			if err := validID("run: executor", string(r.Executor.ID)); err != nil {
				return err
			}
		}
		if seen[t.ID] || f != nil && f.tasks[t.ID] != nil {
			return fmt.Errorf("run: %w: %s of framework %s", ErrTaskExists, t.ID, r.Framework.ID)
		}
		seen[t.ID] = true
	}
	return nil
}

// boundRun checks the bounds of frameworks and tasks.
func (m *Machine) boundRun(r msg.RunTasks) error {
	if m.frameworks[r.Framework.ID] == nil && len(m.frameworks) >= m.cfg.Bounds.Frameworks {
		return fmt.Errorf("%w: %d frameworks", ErrBound, len(m.frameworks))
	}
	return m.room(len(r.Tasks))
}

// turnAway answers for tasks for which there is no room, or of a framework that ends here, and for the executor that is not
// started for them. The exit of one that a framework leaves behind is not told, so it does not count as here.
func (m *Machine) turnAway(r msg.RunTasks, why msg.Reason, text string) {
	executor := false
	for _, t := range r.Tasks {
		one := msg.RunningTask{Framework: r.Framework.ID, Task: t.ID, Executor: r.Executor.ID, Capabilities: r.Framework.Capabilities}
		if command(r, t) {
			one.Executor = commandExecutor(t).ID
		} else {
			here := m.executor(r.Framework.ID, r.Executor.ID)
			executor = r.LaunchExecutor && (here == nil || here.framework.ending)
		}
		m.sayDropped(one, why, text)
	}
	if executor {
		m.toMaster(msg.ExitedExecutor{Framework: r.Framework.ID, Executor: r.Executor.ID, Status: -1})
	}
}

// place queues tasks at an executor, or answers why not: by the master's books it had to be there, or had not.
func (m *Machine) place(f *framework, r msg.RunTasks, i msg.ExecutorInfo, cmd bool, tasks []msg.TaskInfo) {
	e := f.executors[i.ID]
	why, text := msg.Reason(""), ""
	switch {
	case cmd && e != nil:
		why, text = msg.ReasonTaskInvalid, "an executor of the task's id is here"
	case !cmd && r.LaunchExecutor && e != nil:
		why, text = msg.ReasonExecutorTerminated, "its executor is here already"
	case !cmd && !r.LaunchExecutor && e == nil:
		why, text = msg.ReasonExecutorTerminated, "its executor is not here any more"
	case e != nil && e.state == execTerminating:
		why, text = msg.ReasonExecutorTerminated, "its executor is ending"
	}
	if why != "" {
		for _, t := range tasks {
			m.refuse(f, r.Role, i.ID, t, why, text)
		}
		return
	}
	if e == nil {
		e = m.newExecutor(f, r.Role, i, cmd)
	}
	m.enqueue(e, r.Role, tasks)
	m.advance(e)
}

func (m *Machine) enqueue(e *executor, r role.Name, tasks []msg.TaskInfo) {
	l := &launch{exec: e, after: m.opsIn}
	for _, i := range tasks {
		t := m.newTask(e.framework, r, e.id, e, i)
		t.launch = l
		e.live[i.ID] = t
		l.tasks = append(l.tasks, t)
		m.event(Event{Kind: EventTaskReceived, Framework: e.framework.info.ID, Executor: e.id, Task: i.ID})
	}
	e.queue = append(e.queue, l)
}

// advance does for an executor what nothing holds up any more:
//
//  1. its setup begins, and when its volumes are there its start is asked for;
//  2. queued launches whose operations are done begin: their volumes are linked;
//  3. launches go to a subscribed executor in order of arrival, as far as they are ready.
func (m *Machine) advance(e *executor) {
	if e.state == execTerminating {
		return
	}
	if !e.asked {
		m.begin(e.setup)
		if e.state == execTerminating {
			return
		}
		if e.setup.ready() {
			m.start(e)
		}
	}
	var few [4]*launch
	for _, l := range append(few[:0], e.queue...) { // a copy: what begins may fail, and leave the queue
		if !l.over {
			m.begin(l)
		}
		if e.state == execTerminating {
			return
		}
	}
	for len(e.queue) > 0 && e.queue[0].ready() && e.state == execRunning && e.link != 0 {
		m.deliver(e)
	}
}

// begin checks, once the operations before it are done, that a launch's resources are here, and asks for its volumes.
func (m *Machine) begin(l *launch) {
	if l.begun || m.opsDone < l.after {
		return
	}
	l.begun = true
	if missing, ok := m.missing(l); ok {
		m.fail(l, msg.TaskDropped, msg.ReasonResourcesUnknown, "this agent does not have "+missing.String())
		return
	}
	if err := m.linkVolumes(l); err != nil {
		m.fail(l, msg.TaskFailed, msg.ReasonContainerLaunchFailed, err.Error())
	}
}

// missing finds resources of a launch that the agent's total does not have: an operation failed, or was lost.
func (m *Machine) missing(l *launch) (resource.Resources, bool) {
	lack := m.lacking(l.resources)
	for i := 0; i < len(l.tasks) && lack.IsEmpty(); i++ {
		lack = m.lacking(l.tasks[i].info.Resources)
	}
	return lack, !lack.IsEmpty()
}

// lacking is what of r the agent's total does not have.
func (m *Machine) lacking(r resource.Resources) resource.Resources {
	if r = r.Unallocate(); m.total.Contains(r) {
		return resource.Resources{}
	}
	return r.SubSaturating(m.total)
}

// fail ends a launch that cannot go on; without its setup the whole executor ends.
func (m *Machine) fail(l *launch, s msg.TaskState, why msg.Reason, text string) {
	e := l.exec
	if l != e.setup {
		m.dropLaunch(e, l, s, why, text)
		return
	}
	l.over = true
	for _, q := range slices.Clone(e.queue) {
		m.dropLaunch(e, q, s, why, text)
	}
	m.shutdown(e, text)
}

// dropLaunch ends all tasks of a launch that was not delivered. An executor that then has no task and never had one is
// shut down (docs/protocol.md §10). Launches behind it may be ready now: the caller calls advance.
func (m *Machine) dropLaunch(e *executor, l *launch, s msg.TaskState, why msg.Reason, text string) {
	l.over = true
	e.queue = slices.DeleteFunc(e.queue, func(q *launch) bool { return q == l })
	for _, t := range l.tasks {
		m.report(t, s, why, text)
	}
	if !e.ever && len(e.queue) == 0 {
		m.shutdown(e, "no task is left for it")
	}
}

// deliver sends the first launch of the queue.
func (m *Machine) deliver(e *executor) {
	l := e.queue[0]
	e.queue = slices.Delete(e.queue, 0, 1)
	m.used(e)
	out := msg.LaunchOnExecutor{}
	for _, t := range l.tasks {
		t.launch = nil
		out.Tasks = append(out.Tasks, t.info)
		m.event(Event{Kind: EventTaskDelivered, Framework: e.framework.info.ID, Executor: e.id, Task: t.info.ID})
	}
	m.send(e.link, out)
}

// used notes that tasks went to an executor.
func (m *Machine) used(e *executor) {
	if !e.ever {
		e.ever = true
		m.keepExecutor(e)
	}
}
