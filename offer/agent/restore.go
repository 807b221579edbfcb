package agent

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// restore begins the agent with what its former run recorded (docs/protocol.md §4.1). An agent that cannot go on from that
// ends at once, with the checkpoint as it was.
func (m *Machine) restore(in msg.Restored) error {
	if !m.recovering || m.journal.restored {
		return fault(ErrInput, "a checkpoint is read once, first of all, and only with Config.Checkpoint")
	}
	m.journal.restored = true
	if in.Err != nil {
		m.halt(fmt.Errorf("%w: reading it: %w", ErrCheckpoint, in.Err))
		return nil
	}
	c, err := readCheckpoint(in.Entries)
	if err != nil {
		m.halt(fmt.Errorf("%w: %w; repair its store, or remove it: then this is a new agent", ErrCheckpoint, err))
		return nil
	}
	former := c.last
	if c.agent == nil {
		c = checkpoint{saved: c.saved}
	}
	total, err := m.compatible(c)
	if err != nil {
		m.halt(fmt.Errorf("%w; describe it as before, or remove the checkpoint: then this is a new agent", err))
		return nil
	}
	if c.agent == nil {
		m.forgetFormer(in.Entries)
	}
	m.total = total
	if c.agent == nil && former != nil {
		m.keepTotal() // without the operation that made it: it was the former agent's
	}
	m.rebuild(c)
	return nil
}

// forgetFormer takes away what a former agent left that ended for good. Reservations and volumes are the machine's.
func (m *Machine) forgetFormer(entries []msg.Entry) {
	for _, e := range entries {
		if e.Key != keyTotal {
			m.unrecord(e.Key)
		}
	}
}

// rebuild makes the state of the former run, and asks the host for its executors.
func (m *Machine) rebuild(c checkpoint) {
	if c.agent != nil {
		m.id = c.agent.ID
		m.rewriteAgent(c)
	}
	for _, k := range c.frameworks {
		m.frameworks[k.Info.ID] = &framework{info: k.Info, written: c.values[frameworkKey(k.Info.ID)],
			executors: map[msg.ExecutorID]*executor{}, tasks: map[msg.TaskID]*task{}}
	}
	adopt := &Adopt{}
	for _, k := range c.executors {
		if f := m.frameworks[k.Info.Framework]; f != nil {
			adopt.Containers = append(adopt.Containers, m.restoreExecutor(f, k).container)
			continue
		}
		m.unrecord(executorKey(k.Info.Framework, k.Info.ID))
	}
	for _, k := range c.tasks {
		m.restoreTask(k, c.updates[taskKey(k.Framework, k.Info.ID)])
		delete(c.updates, taskKey(k.Framework, k.Info.ID))
	}
	for _, key := range sortedKeys(c.updates) { // of tasks that were being forgotten
		for _, u := range c.updates[key] {
			m.unrecord(updateKey(u.Framework, u.Status.Task, u.N))
		}
	}
	m.restoreOutcomes(c)
	m.remount()
	m.settleTasks()
	if m.drain = c.drain; m.drain != nil {
		m.killAll()
	}
	m.ensureVolumes(c.saved)
	m.out.Adopt = adopt
}

// rewriteAgent records a description that has changed in what may change.
func (m *Machine) rewriteAgent(c checkpoint) {
	now, err := written(msg.KeptAgent{Info: m.info()})
	if err == nil && string(now) != string(c.values[keyAgent]) {
		m.recordValue(keyAgent, now)
	}
}

// restoreExecutor books a run that may still live. It has a time to come back.
func (m *Machine) restoreExecutor(f *framework, k msg.KeptExecutor) *executor {
	e := m.bookExecutor(f, k.Role, k.Info, k.Command, k.Container)
	e.asked, e.setup.begun = true, true
	e.ever, e.recorded, e.restored, e.awaited = k.Used, true, true, true
	m.awaited++
	m.timers.set(e.patience, m.now.Add(m.cfg.Timeouts.ExecutorReregistration))
	return e
}

// restoreTask books a task with its updates. Which of those not acknowledged were sent before is not known: all are sent.
func (m *Machine) restoreTask(k msg.KeptTask, updates []msg.KeptUpdate) {
	f := m.frameworks[k.Framework]
	if f == nil {
		m.unkeepTask(&task{framework: &framework{info: msg.FrameworkInfo{ID: k.Framework}}, info: k.Info, recorded: true})
		return
	}
	t := &task{framework: f, executor: k.Executor, role: k.Role, info: k.Info, recorded: true}
	if e := f.executors[k.Executor]; e != nil && e.container == k.Container {
		t.exec = e
	}
	m.bookTask(t)
	s := &t.stream
	for i, u := range updates {
		if i == 0 {
			s.first = u.N
		}
		s.count, t.state = u.N, u.Status.State
		if u.Acked {
			s.recent, s.forwarded = append(s.recent, u.Status.UUID), u.Status
			continue
		}
		s.pending = append(s.pending, u.Status)
		m.updates++
	}
	if t.exec != nil && !t.state.Terminal() {
		t.exec.live[t.info.ID] = t
	}
	if t.exec != nil && s.count > 0 {
		t.exec.ever = true
	}
	m.trimRecent(t)
}

// settleTasks ends the tasks whose executor was not started or has ended, and forgets what has nothing here.
func (m *Machine) settleTasks() {
	for _, fid := range sortedKeys(m.frameworks) {
		f := m.frameworks[fid]
		for _, id := range sortedKeys(f.tasks) {
			switch t := f.tasks[id]; {
			case t.state.Terminal() && len(t.stream.pending) == 0:
				m.forget(t)
			case t.state.Terminal() || t.exec != nil:
			case t.state == msg.TaskStaging:
				m.report(t, msg.TaskDropped, msg.ReasonAgentRestarted, "the agent was restarted before it was delivered")
			default:
				m.report(t, msg.TaskFailed, msg.ReasonExecutorTerminated, "its executor ended while the agent was away")
			}
		}
		m.sweep(f)
	}
}

// remount books the links of volumes in sandboxes: those of executors, of tasks that ran, then of tasks that may have begun.
func (m *Machine) remount() {
	for _, e := range m.allExecutors() {
		m.remountAll(e, e.info.Resources)
		for _, ran := range []bool{true, false} {
			for _, id := range sortedKeys(e.live) {
				if t := e.live[id]; (t.stream.count > 0) == ran {
					t.mounts = m.remountAll(e, t.info.Resources)
				}
			}
		}
	}
}

func (m *Machine) remountAll(e *executor, r resource.Resources) (paths []string) {
	for v := range r.PersistentVolumes().All() {
		at, err := inSandbox(e.directory, v)
		if err != nil {
			continue
		}
		target, _, err := volumePath(m.cfg.WorkDir, v)
		if err != nil {
			continue
		}
		want := mount{target: target, readOnly: v.Disk.Volume.Mode == resource.ReadOnly}
		if had := e.mounts[at]; had == nil {
			e.mounts[at] = &want
		} else if had.target != want.target || had.readOnly != want.readOnly {
			continue // it never got there
		}
		e.mounts[at].users++
		paths = append(paths, at)
	}
	return paths
}

// ensureVolumes makes the directories of all volumes that operations have made: the host may have stopped between the work of
// another operation, which destroyed one, and its record.
func (m *Machine) ensureVolumes(saved resource.Resources) {
	todo, err := m.volumeWork(VolumeCreate, saved)
	if err != nil {
		return // a volume of such a disk cannot be used either
	}
	for _, v := range todo {
		m.ensuring++
		m.ask(&work{volume: v})
	}
}

// back notes that an executor of the former run has come back, or will not.
func (m *Machine) back(e *executor) {
	if e.awaited {
		e.awaited = false
		m.awaited--
	}
}

// tooLate gives up an executor that did not come back in time (docs/protocol.md §11).
func (m *Machine) tooLate(e *executor) {
	e.verdict, e.reason = msg.TaskGone, msg.ReasonExecutorReregistrationTimeout
	e.text = fmt.Sprintf("its executor did not come back within %v of the agent's restart", m.cfg.Timeouts.ExecutorReregistration)
	m.event(e.event(EventExecutorStopping, "did not come back in time"))
}

// recoverIfBack ends the recovery when no executor is waited for, and no volume: the agent looks for its master then.
func (m *Machine) recoverIfBack() {
	if !m.recovering || !m.journal.restored || m.awaited > 0 || m.ensuring > 0 || m.gone {
		return
	}
	m.recovering = false
	if m.id != "" {
		m.event(Event{Kind: EventRecovered, Text: fmt.Sprintf("%d executors, %d tasks", len(m.containers), m.tasks)})
	}
	m.dial()
}
