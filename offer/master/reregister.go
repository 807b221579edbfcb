package master

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// reregisterAgent takes an agent back that has an id, with everything it runs (docs/protocol.md §4.4).
func (m *Machine) reregisterAgent(l *link, b msg.ReregisterAgent) error {
	id := b.Info.ID
	switch {
	case l.framework != nil:
		return fmt.Errorf("%w: link %d carries framework %s; register on a link of its own", ErrTaken, l.id, l.framework.info.ID)
	case l.agent != nil && l.agent.info.ID != id:
		return fmt.Errorf("%w: link %d carries agent %s; %s needs its own", ErrTaken, l.id, l.agent.info.ID, id)
	}
	if err := msg.ValidateID("agent", string(id)); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if err := m.validAgent(b.Info, b.Total); err != nil {
		return err
	}
	r, err := m.readReport(b)
	if err != nil {
		return fmt.Errorf("report of agent %s: %w", id, err)
	}
	if err := m.mayArrive(l.peer, id); err != nil {
		return err
	}
	a := m.agents[id]
	switch {
	case m.gone.has(id):
		return m.turnAway(l, fmt.Sprintf("agent %s was given up by an operator", id))
	case m.isDown(b.Info):
		return m.turnAway(l, downText)
	}
	if err := m.allow(Request{Action: RegisterAgent, Principal: l.principal, Agent: id}); err != nil {
		return err
	}
	switch {
	case a == nil:
		return m.returnAgent(l, b, r)
	case a.node != l.peer:
		return m.turnAway(l, fmt.Sprintf("agent id %s is registered from %s", id, a.node))
	}
	return m.reviseAgent(l, a, b, r)
}

// turnAway tells an agent to end.
func (m *Machine) turnAway(l *link, why string) error {
	m.send(l.id, msg.ShutdownAgent{Message: why})
	m.cutOff(l)
	return nil
}

// returnAgent takes in an agent that was recovered or unreachable or is unknown: in the registry first, unless that has it
// as it is.
func (m *Machine) returnAgent(l *link, b msg.ReregisterAgent, r *agentReport) error {
	id := r.info.ID
	known, recovered := m.recovered[id]
	want := m.remembersOf(id).orders.record(r.info)
	if err := m.roomForAgent(l, m.specOf(r, want.Deactivated)); err != nil {
		return err
	}
	ops, err := returnOps(want)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if recovered && sameAgent(known.Info, r.info) && m.nodes[l.peer] == nil {
		return m.takeBack(l, r)
	}
	old, more := m.oust(l.peer)
	m.arrive(l, id, append(ops, more...), func() {
		old.finish(m)
		r, err := m.readReport(b) // again: what it names may have ended meanwhile
		if err == nil {
			err = m.takeBack(l, r)
		}
		if err != nil {
			m.unreachable.remove(id)
			m.keepForLater(want)
		}
	})
	return nil
}

func (m *Machine) specOf(r *agentReport, deactivated bool) offer.AgentSpec {
	s := specOf(r.info, r.total)
	s.Used, s.Inactive = r.uses(), deactivated
	return s
}

// takeBack makes an agent that the registry holds one of the registered ones: whatever it runs is taken over.
func (m *Machine) takeBack(l *link, r *agentReport) error {
	was := m.remembersOf(r.info.ID)
	recovered, err := m.recoverFrameworks(r)
	if err != nil {
		return err
	}
	if err := m.alloc.AddAgent(m.now, m.specOf(r, was.deactivated)); err != nil {
		for _, f := range recovered {
			m.undoFramework(f)
		}
		return fmt.Errorf("agent %s at %q: %w", r.info.ID, l.peer, err)
	}
	_, expected := m.recovered[r.info.ID]
	delete(m.recovered, r.info.ID)
	m.unreachable.remove(r.info.ID)
	m.announceRecovered(recovered)
	a := &agent{info: r.info, total: r.total, orders: was.orders, capabilities: r.capabilities, returned: m.now}
	m.addAgent(l, a)
	m.matchOperations(a, r)
	for _, e := range r.sortedExecutors() {
		m.addExecutor(a, e)
	}
	m.toAgent(a, msg.AgentReregistered{Agent: a.info.ID, PingTimeout: m.pingPatience()})
	for _, t := range r.sortedTasks() {
		m.adoptTask(a, t, !expected)
	}
	m.endParked(a, was.tasks)
	m.afterReturn(a, r)
	return nil
}

// sameAgent compares what the registry holds of two descriptions.
func sameAgent(a, b msg.AgentInfo) bool {
	return a.Hostname == b.Hostname && a.IP == b.IP && a.Domain == b.Domain && a.Resources.Equal(b.Resources) && a.Attributes.Equal(b.Attributes)
}

// remembersOf is what is known of an agent that is not registered. If it was forgotten, its parked tasks are searched.
func (m *Machine) remembersOf(id offer.AgentID) lostAgent {
	was, ok := m.unreachable.get(id)
	if ok {
		return was
	}
	was.orders = ordersOf(m.recovered[id])
	for _, f := range m.sortedFrameworks() {
		f.unreachable.all(func(_ msg.TaskID, t *task) bool {
			if t.Agent == id {
				was.tasks = append(was.tasks, t.agentKey())
			}
			return true
		})
	}
	return was
}

// endParked ends tasks that waited for an agent which came back without them. Nobody is told, as nobody asked: explicit
// reconciliation says GONE from now on (docs/protocol.md §12).
func (m *Machine) endParked(a *agent, tasks []taskKey) {
	for _, k := range tasks {
		f := m.frameworks[k.framework]
		if f == nil {
			continue
		}
		if t, ok := f.unreachable.get(k.task); ok && t.Agent == a.info.ID {
			f.unreachable.remove(k.task)
			if t.Unreachable != 0 {
				t.edit().State = msg.TaskGone.For(f.info.Capabilities)
			}
			m.remembered(f, t)
		}
	}
}

// recoverFrameworks adds the frameworks that are known from the report only.
func (m *Machine) recoverFrameworks(r *agentReport) (added []*framework, err error) {
	for _, id := range m.unknownFrameworks(r) {
		f, err := m.createFramework(r.listed[id], nil)
		if err != nil {
			for _, f := range added {
				m.undoFramework(f)
			}
			return nil, fmt.Errorf("framework %s: %w", id, err)
		}
		added = append(added, f)
	}
	return added, nil
}

func (m *Machine) announceRecovered(fs []*framework) {
	for _, f := range fs {
		m.claimOperations(f)
		m.emit(FrameworkAdded{f.report()})
	}
}

// adoptTask puts a reported task into the books: it was parked, lost, or never heard of. A task whose id the framework
// has given to another one meanwhile, or for which the framework has no room any more, is killed: until it has ended, only
// the agent's books know it. news: a connected framework is told. After an election it is not (docs/protocol.md §4.4, case 2): it
// has missed nothing, unless the task was parked here too.
func (m *Machine) adoptTask(a *agent, t *task, news bool) {
	f := m.frameworks[t.Framework]
	if parked, ok := f.unreachable.get(t.ID); ok && parked.Agent == a.info.ID {
		row := t.edit()
		row.Launched, row.Killing, t.policy = parked.Launched, parked.Killing, parked.policy
		f.unreachable.remove(t.ID)
		news = true
		m.emit(TaskRemoved{parked.show()})
	} else if f.idTaken(t.ID) {
		t.stray, t.edit().Killing = true, true
	}
	if len(f.tasks) >= m.cfg.Bounds.Tasks {
		t.stray, t.edit().Killing = true, true
	}
	m.addTask(f, a, t)
	if news && !t.stray && !t.State.Terminal() {
		s := m.masterStatus(t, t.State, msg.ReasonAgentReregistered, "its agent is back")
		s.Healthy, s.Check, s.Container = t.Forwarded.Healthy, t.Forwarded.Check, t.Forwarded.Container
		m.toFramework(f, msg.Update{Status: s})
	}
}

// reviseAgent takes back an agent that is registered, in the registry first if it describes itself anew.
func (m *Machine) reviseAgent(l *link, a *agent, b msg.ReregisterAgent, r *agentReport) error {
	if sameAgent(a.info, r.info) {
		return m.resumeAgent(l, a, r)
	}
	if err := m.boundUnion(a, r); err != nil {
		return err
	}
	ops, err := agentOps(a.orders.record(r.info))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	m.arrive(l, r.info.ID, ops, func() {
		r, err := m.readReport(b)
		if err == nil {
			err = m.resumeAgent(l, a, r)
		}
		if err != nil { // it stays as it was
			ops, err := agentOps(a.record())
			m.must(err)
			m.durably(ops, nil)
		}
	})
	return nil
}

// resumeAgent takes back an agent that is registered: the two sides' lists are brought together. Operations that it has not
// answered ended with the link they went out on. On that same link they are still on their way, or so is the answer: they hold
// on top of the total that the agent tells.
func (m *Machine) resumeAgent(l *link, a *agent, r *agentReport) error {
	if err := m.boundUnion(a, r); err != nil {
		return err
	}
	sameLink := a.link == l
	var pending []pendingOp
	if sameLink {
		pending = a.pending
		if err := a.keepsNames(r); err != nil {
			return err
		}
	}
	total := withPending(r.total, pending)
	recovered, err := m.recoverFrameworks(r)
	if err != nil {
		return err
	}
	if err := m.alloc.UpdateAgent(m.now, a.info.ID, total); err != nil {
		for _, f := range recovered {
			m.undoFramework(f)
		}
		return fmt.Errorf("agent %s: %w", a.info.ID, err)
	}
	m.must(m.alloc.SetAttributes(m.now, a.info.ID, r.info.Attributes))
	m.must(m.alloc.SetHostname(m.now, a.info.ID, r.info.Hostname))
	m.must(m.alloc.SetDomain(m.now, a.info.ID, r.info.Domain.Region, r.info.Domain.Zone))
	m.announceRecovered(recovered)
	m.rebindAgent(l, a)
	if !sameLink {
		m.dropPending(a)
	}
	was := m.machineOf(a.info)
	a.info, a.base, a.total, a.pending = r.info, r.total, total, pending
	if is := m.machineOf(a.info); (was == nil) != (is == nil) || is != nil && *is != *was {
		m.setWindow(a)
	}
	a.capabilities, a.returned = r.capabilities, m.now
	m.emit(AgentUpdated{a.report()})

	missing, ops := m.unlistedTasks(a, r), m.matchOperations(a, r)
	m.toAgent(a, msg.AgentReregistered{Agent: a.info.ID, PingTimeout: m.pingPatience(), Reconcile: missing, Operations: ops})
	m.matchExecutors(a, r, missing, sameLink)
	for _, t := range r.sortedTasks() {
		if a.tasks[t.agentKey()] != nil {
			continue
		}
		if t.holds() && !m.charge(t.allocation(), t.Resources) {
			m.toAgent(a, msg.KillTask{Framework: t.Framework, Task: t.ID})
			continue
		}
		m.adoptTask(a, t, true)
	}
	m.afterReturn(a, r)
	return nil
}

// rebindAgent connects a registered agent to a link, in place of what it had.
func (m *Machine) rebindAgent(l *link, a *agent) {
	if a.link != nil && a.link != l {
		m.hangUp(a.link)
	}
	a.link, l.agent = l, a
	m.alarms.stop(&a.reregister)
	m.setActive(a)
}

// unlistedTasks are tasks that are in the books and not in the report: the agent is asked about them. Terminal ones of
// which it knows nothing more will never be acknowledged, so they leave the books.
func (m *Machine) unlistedTasks(a *agent, r *agentReport) []msg.RunningTask {
	var missing []msg.RunningTask
	for _, t := range a.sortedTasks() {
		switch {
		case r.tasks[t.agentKey()] != nil:
		case t.State.Terminal():
			m.endTask(t)
		default:
			missing = append(missing, msg.RunningTask{Framework: t.Framework, Task: t.ID, Executor: t.Executor,
				Capabilities: m.frameworks[t.Framework].info.Capabilities})
		}
	}
	return missing
}

// matchExecutors brings the executors of the books to those of the report. One that is not listed may be about to start
// if the report came by the link that its launch went out on: then its task is missing as well, and it stays.
func (m *Machine) matchExecutors(a *agent, r *agentReport, missing []msg.RunningTask, sameLink bool) {
	for _, e := range a.sortedExecutors() {
		key := executorKey{e.Info.Framework, e.Info.ID}
		starting := sameLink && slices.ContainsFunc(missing, func(t msg.RunningTask) bool {
			return t.Framework == key.framework && t.Executor == key.executor
		})
		if r.executors[key] == nil && !starting {
			m.dropExecutor(a, e)
		}
	}
	for _, e := range r.sortedExecutors() {
		if a.executors[executorKey{e.Info.Framework, e.Info.ID}] != nil {
			continue
		}
		if !m.charge(e.allocation(), e.Info.Resources) {
			m.toAgent(a, msg.StopExecutor{Framework: e.Info.Framework, Executor: e.Info.ID})
			continue
		}
		m.addExecutor(a, e)
	}
}

// charge books what a returning agent uses. The allocator refuses what would pass its bounds: that has to end.
func (m *Machine) charge(al offer.Allocation, r resources) bool {
	return r.IsEmpty() || m.alloc.Charge(m.now, al, r) == nil
}

// afterReturn is what every returning agent is told besides: frameworks that ended, kills that are not confirmed, infos
// that changed while it was away, and first of all what still holds of a drain. Then pings begin.
func (m *Machine) afterReturn(a *agent, r *agentReport) {
	m.tellDrain(a, nil)
	m.perhapsDrained(a)
	for _, id := range slices.SortedFunc(maps.Keys(r.completed), cmp.Compare[offer.FrameworkID]) {
		m.toAgent(a, msg.ShutdownFramework{Framework: id})
	}
	for _, id := range slices.Sorted(maps.Keys(r.listed)) {
		if f := m.frameworks[id]; f != nil && f.state != FrameworkRecovered && !sameInfo(f.info, r.listed[id]) {
			m.toAgent(a, msg.FrameworkUpdated{Framework: f.info})
		}
	}
	for _, t := range a.sortedTasks() {
		if t.Killing && !t.State.Terminal() {
			m.toAgent(a, msg.KillTask{Framework: t.Framework, Task: t.ID, Policy: t.policy})
		}
	}
	m.startPings(a)
}
