package agent

import (
	"errors"
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer/msg"
)

// ErrBroken: the machine's state contradicts itself. It is a defect of this package.
var ErrBroken = errors.New("agent: broken invariant")

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBroken, fmt.Sprintf(format, args...))
}

// Check recounts what the machine counts and reports, wrapping ErrBroken and naming it, what does not agree.
func (m *Machine) Check() error {
	checks := []func() error{m.checkRecords, m.checkMaster, m.checkFrameworks, m.checkLinks, m.checkOperations, m.checkOutcomes, m.checkDrain}
	if m.gone {
		checks = checks[:1] // whatever ran is nobody's any more
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (m *Machine) checkRecords() error {
	j := &m.journal
	size, after, awaited := 0, j.durable, 0
	for _, c := range sortedKeys(m.containers) {
		if m.containers[c].awaited {
			awaited++
		}
	}
	for _, h := range j.held {
		size += h.effects.size()
		if h.after <= after || h.after > j.asked {
			return broken("effects wait for record %d, after %d and of %d", h.after, after, j.asked)
		}
		after = h.after
	}
	switch {
	case awaited != m.awaited && !m.gone:
		return broken("executors that may come back: counted %d, there are %d", m.awaited, awaited)
	case m.recovering && j.restored && awaited+m.ensuring == 0 && !m.gone:
		return broken("recovering, and nothing is waited for")
	case j.asked > 0 && !m.cfg.Checkpoint:
		return broken("%d records without a checkpoint", j.asked)
	case size != j.size:
		return broken("effects that wait: counted %d, there are %d", j.size, size)
	case j.late.on() != (j.durable < j.asked):
		return broken("record timer %v with %d of %d records durable", j.late.on(), j.durable, j.asked)
	}
	return nil
}

func (m *Machine) checkMaster() error {
	s := &m.master
	switch {
	case s.dialing && s.link != 0:
		return broken("dialing a master with a link to one")
	case s.dialing && s.dials[s.leader] == 0:
		return broken("dialing %s, and no answer to a dial is due", s.leader)
	case s.registered && s.link == 0:
		return broken("registered without a link")
	case s.registered && !s.served, s.served && s.link == 0:
		return broken("registered %v on link %d, which served %v", s.registered, s.link, s.served)
	case s.registered && m.id == "":
		return broken("registered without an id")
	case s.registered != s.silence.on():
		return broken("registered %v, silence timer %v", s.registered, s.silence.on())
	case s.retry.on() != (s.leader != "" && !s.registered && !s.dialing && !m.recovering):
		return broken("retry timer %v with leader %q, registered %v, dialing %v", s.retry.on(), s.leader, s.registered, s.dialing)
	}
	return nil
}

func (m *Machine) checkFrameworks() error {
	tasks, updates, executors := 0, 0, 0
	for _, fid := range sortedKeys(m.frameworks) {
		f := m.frameworks[fid]
		if f.info.ID != fid {
			return broken("framework %s is filed under %s", f.info.ID, fid)
		}
		if len(f.executors)+len(f.tasks) == 0 {
			return broken("framework %s has nothing here", fid)
		}
		for _, id := range sortedKeys(f.executors) {
			executors++
			if err := m.checkExecutor(f, f.executors[id]); err != nil {
				return err
			}
		}
		for _, id := range sortedKeys(f.tasks) {
			t := f.tasks[id]
			tasks++
			updates += len(t.stream.pending)
			if err := m.checkTask(f, t); err != nil {
				return err
			}
		}
	}
	switch {
	case tasks != m.tasks:
		return broken("tasks: counted %d, there are %d", m.tasks, tasks)
	case updates != m.updates:
		return broken("updates: counted %d, there are %d", m.updates, updates)
	case executors != len(m.containers):
		return broken("executors: %d containers, %d executors", len(m.containers), executors)
	}
	return nil
}

func (m *Machine) checkExecutor(f *framework, e *executor) error {
	users := map[string]int{}
	for _, id := range sortedKeys(e.live) {
		if t := e.live[id]; t.exec != e || f.tasks[id] != t || t.state.Terminal() {
			return broken("executor %s: task %s is not one of its live ones", e.id, id)
		}
		for _, at := range e.live[id].mounts {
			users[at]++
		}
	}
	for r := range e.setup.resources.PersistentVolumes().All() {
		if at, err := inSandbox(e.directory, r); err == nil && e.setup.begun {
			users[at]++
		}
	}
	for _, at := range sortedKeys(e.mounts) {
		if e.mounts[at].users != users[at] {
			return broken("executor %s: mount %s counts %d users, has %d", e.id, at, e.mounts[at].users, users[at])
		}
	}
	queued := 0
	for _, l := range e.queue {
		queued += len(l.tasks)
		for _, t := range l.tasks {
			if t.launch != l || e.live[t.info.ID] != t {
				return broken("executor %s: task %s is queued and not waiting", e.id, t.info.ID)
			}
		}
	}
	for _, id := range sortedKeys(e.live) {
		if e.live[id].launch != nil {
			queued--
		}
	}
	switch {
	case queued != 0:
		return broken("executor %s: %d more tasks queued than waiting", e.id, queued)
	case m.containers[e.container] != e || f.executors[e.id] != e || e.framework != f:
		return broken("executor %s is filed wrongly", e.id)
	case e.link != 0 && (m.links[e.link] == nil || m.links[e.link].exec != e):
		return broken("executor %s: link %d is not its own", e.id, e.link)
	case e.state == execRunning && e.link == 0 && !e.patience.on():
		return broken("executor %s: out of reach without a time to come back", e.id)
	case e.state == execRegistering && e.asked != e.patience.on():
		return broken("executor %s: asked for %v, registration timer %v", e.id, e.asked, e.patience.on())
	case e.state == execTerminating && !e.stopping && !e.patience.on():
		return broken("executor %s: terminating without a time to be stopped", e.id)
	case e.stopping && e.patience.on():
		return broken("executor %s: stopping, and still a time to be stopped", e.id)
	case f.ending && e.state != execTerminating:
		return broken("executor %s: %v while its framework ends", e.id, e.state)
	}
	return nil
}

func (m *Machine) checkTask(f *framework, t *task) error {
	s := &t.stream
	seen := map[msg.UUID]bool{}
	for _, u := range s.pending {
		if seen[u.UUID] || slices.Contains(s.recent, u.UUID) {
			return broken("task %s: update %v is kept twice", t.info.ID, u.UUID)
		}
		seen[u.UUID] = true
	}
	switch {
	case t.framework != f:
		return broken("task %s is of another framework", t.info.ID)
	case t.state.Terminal() && len(s.pending) == 0:
		return broken("task %s: terminal, acknowledged and not forgotten", t.info.ID)
	case !t.state.Terminal() && (t.exec == nil || t.exec.live[t.info.ID] != t):
		return broken("task %s: %v without an executor", t.info.ID, t.state)
	case s.retry.on() != (m.master.registered && len(s.pending) > 0):
		return broken("task %s: retry timer %v with %d updates, registered %v", t.info.ID, s.retry.on(), len(s.pending), m.master.registered)
	case len(s.recent) > m.cfg.Bounds.UpdatesPerTask:
		return broken("task %s: %d acknowledged uuids kept", t.info.ID, len(s.recent))
	case s.count-s.first+1 != uint64(len(s.recent)+len(s.pending)):
		return broken("task %s: updates %d to %d, %d kept", t.info.ID, s.first, s.count, len(s.recent)+len(s.pending))
	case t.recorded && !m.kept(f):
		return broken("task %s is recorded, its framework is not", t.info.ID)
	}
	if n := len(s.pending); n > 0 && s.pending[n-1].State != t.state {
		return broken("task %s: state %v, newest update %v", t.info.ID, t.state, s.pending[n-1].State)
	}
	return nil
}

func (m *Machine) checkLinks() error {
	for _, l := range sortedKeys(m.links) {
		p := m.links[l]
		if l == m.master.link {
			return broken("link %d is the master's and an executor's", l)
		}
		if p.exec != nil && p.exec.link != l {
			return broken("link %d: executor %s has link %d", l, p.exec.id, p.exec.link)
		}
	}
	if len(m.links) > m.cfg.Bounds.Links {
		return broken("%d links; %d are allowed", len(m.links), m.cfg.Bounds.Links)
	}
	return nil
}

func (m *Machine) checkOperations() error {
	if m.opsIn-m.opsDone != uint64(len(m.ops)) {
		return broken("operations: %d came, %d done, %d wait", m.opsIn, m.opsDone, len(m.ops))
	}
	waiting := 0
	for _, seq := range sortedKeys(m.work) {
		if m.work[seq].op != nil {
			waiting++
			if len(m.ops) == 0 || m.work[seq].op != m.ops[0] {
				return broken("volume work %d is of an operation that is not under way", seq)
			}
		}
	}
	if len(m.ops) > 0 && m.ops[0].waiting != waiting {
		return broken("operation %v waits for %d, %d are under way", m.ops[0].call.UUID, m.ops[0].waiting, waiting)
	}
	return nil
}
