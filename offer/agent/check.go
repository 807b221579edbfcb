package agent

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/internal/scratch"
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// ErrBroken: the machine's state contradicts itself. It is a defect of this package.
var ErrBroken = errors.New("agent: broken invariant")

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBroken, fmt.Sprintf(format, args...))
}

// Check recounts what the machine counts and reports, wrapping ErrBroken and naming it, what does not agree. It looks at
// everything every time, and changes nothing but memory that it keeps for the next time.
func (m *Machine) Check() error {
	if m.checks == nil {
		m.checks = &checker{Machine: m}
	}
	err := m.checks.run(false)
	if err == nil {
		return nil
	}
	if first := m.checks.run(true); first != nil {
		return first // of several faults equal machines name the same one, whatever order their maps have
	}
	return err
}

// checker is one Check: a machine, and memory for lists of what is in its books, each for as long as one loop goes.
type checker struct {
	*Machine
	ordered bool // lists are in the order of their keys, else as maps give them
	lists   struct {
		containers []scratch.Entry[msg.ContainerID, *executor]
		frameworks []scratch.Entry[offer.FrameworkID, *framework]
		executors  []scratch.Entry[msg.ExecutorID, *executor]
		tasks      []scratch.Entry[msg.TaskID, *task]
		live       []scratch.Entry[msg.TaskID, *task] // of an executor
		links      []scratch.Entry[msg.Link, *peer]
		work       []scratch.Entry[uint64, *work]
		outcomes   []scratch.Entry[msg.UUID, *outcome]
	}
}

// checks are what a Check consists of. None depends on the order of the lists, but for which of several faults it names.
var checks = [...]func(*checker) error{
	(*checker).checkRecords, (*checker).checkMaster, (*checker).checkFrameworks, (*checker).checkLinks, (*checker).checkOperations,
	(*checker).checkOutcomes,
}

func (m *checker) run(ordered bool) error {
	m.ordered = ordered
	checks := checks[:]
	if m.gone {
		checks = checks[:1] // whatever ran is nobody's any more
	}
	for _, check := range checks {
		if err := check(m); err != nil {
			return err
		}
	}
	return nil
}

func (m *checker) checkRecords() error {
	j := &m.journal
	size, after, awaited := 0, j.durable, 0
	m.lists.containers = scratch.Entries(m.lists.containers, m.containers, m.ordered, cmp.Compare)
	for _, e := range m.lists.containers {
		if e.Value.awaited {
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

func (m *checker) checkMaster() error {
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

func (m *checker) checkFrameworks() error {
	tasks, updates, executors := 0, 0, 0
	m.lists.frameworks = scratch.Entries(m.lists.frameworks, m.frameworks, m.ordered, cmp.Compare)
	for _, e := range m.lists.frameworks {
		fid, f := e.Key, e.Value
		if f.info.ID != fid {
			return broken("framework %s is filed under %s", f.info.ID, fid)
		}
		if len(f.executors)+len(f.tasks) == 0 {
			return broken("framework %s has nothing here", fid)
		}
		m.lists.executors = scratch.Entries(m.lists.executors, f.executors, m.ordered, cmp.Compare)
		for _, e := range m.lists.executors {
			executors++
			if err := m.checkExecutor(f, e.Value); err != nil {
				return err
			}
		}
		m.lists.tasks = scratch.Entries(m.lists.tasks, f.tasks, m.ordered, cmp.Compare)
		for _, e := range m.lists.tasks {
			t := e.Value
			tasks++
			updates += len(t.stream.pending)
			if err := m.checkTask(f, t); err != nil {
				return err
			}
			if err := m.checkDrain(f, e.Key, t); err != nil {
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

func (m *checker) checkExecutor(f *framework, e *executor) error {
	m.lists.live = scratch.Entries(m.lists.live, e.live, m.ordered, cmp.Compare)
	queued := 0
	for _, l := range m.lists.live {
		id, t := l.Key, l.Value
		if t.exec != e || f.tasks[id] != t || t.state.Terminal() {
			return broken("executor %s: task %s is not one of its live ones", e.id, id)
		}
		if t.launch != nil {
			queued--
		}
	}
	if len(e.mounts) > 0 {
		if err := m.checkMounts(e); err != nil {
			return err
		}
	}
	for _, l := range e.queue {
		queued += len(l.tasks)
		for _, t := range l.tasks {
			if t.launch != l || e.live[t.info.ID] != t {
				return broken("executor %s: task %s is queued and not waiting", e.id, t.info.ID)
			}
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

// checkMounts counts the users of an executor's mounts, whose live tasks are listed.
func (m *checker) checkMounts(e *executor) error {
	users := map[string]int{}
	for _, l := range m.lists.live {
		for _, at := range l.Value.mounts {
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
	return nil
}

func (m *checker) checkTask(f *framework, t *task) error {
	s := &t.stream
	for i, u := range s.pending { // few: Bounds.UpdatesPerTask
		if slices.Contains(s.recent, u.UUID) || slices.ContainsFunc(s.pending[:i], func(v msg.TaskStatus) bool { return v.UUID == u.UUID }) {
			return broken("task %s: update %v is kept twice", t.info.ID, u.UUID)
		}
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

func (m *checker) checkLinks() error {
	m.lists.links = scratch.Entries(m.lists.links, m.links, m.ordered, cmp.Compare)
	for _, e := range m.lists.links {
		l, p := e.Key, e.Value
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

func (m *checker) checkOperations() error {
	if m.opsIn-m.opsDone != uint64(len(m.ops)) {
		return broken("operations: %d came, %d done, %d wait", m.opsIn, m.opsDone, len(m.ops))
	}
	m.lists.work = scratch.Entries(m.lists.work, m.work, m.ordered, cmp.Compare)
	waiting := 0
	for _, e := range m.lists.work {
		if e.Value.op != nil {
			waiting++
			if len(m.ops) == 0 || e.Value.op != m.ops[0] {
				return broken("volume work %d is of an operation that is not under way", e.Key)
			}
		}
	}
	if len(m.ops) > 0 && m.ops[0].waiting != waiting {
		return broken("operation %v waits for %d, %d are under way", m.ops[0].call.UUID, m.ops[0].waiting, waiting)
	}
	return nil
}
