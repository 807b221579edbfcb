package master

import (
	"cmp"
	"maps"
	"reflect"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// framework is a framework that is not completed (docs/protocol.md §3).
type framework struct {
	info       msg.FrameworkInfo // ID is set
	node       msg.Node
	link       *link // nil unless connected
	state      FrameworkState
	registered offer.Time
	subscribed offer.Time

	ops         map[msg.OperationID]*operation     // those that agents have in their books, by their ids
	hinted      bool                               // its scheduler gave hints
	tasks       map[msg.TaskID]*task               // live, and terminal ones until acknowledged
	offers      map[offer.OfferID]msg.Offer        // outstanding, as it was shown them
	asks        map[offer.OfferID]msg.InverseOffer // likewise
	placed      map[offer.AgentID]int              // how many of its tasks and executors are in an agent's books
	unreachable fifo[msg.TaskID, *task]            // parked until their agent returns
	history     fifo[uint64, *TaskReport]          // completed, by a counter
	ended       uint64                             // that counter

	heartbeat alarm // set while connected
	failover  alarm // set while disconnected
	row       int   // in the lists of the last Check
}

// completedFramework is what is remembered of a removed one.
type completedFramework struct {
	report FrameworkReport
	tasks  []*TaskReport // oldest first
}

func (f *framework) report() FrameworkReport {
	return FrameworkReport{Info: f.info, Node: f.node, State: f.state, Registered: f.registered, Subscribed: f.subscribed}
}

func (f *framework) sortedTasks() []*task { return sortedValues(f.tasks, cmp.Compare[msg.TaskID]) }

func (m *Machine) sortedFrameworks() []*framework {
	return sortedValues(m.frameworks, cmp.Compare[offer.FrameworkID])
}

// toFramework sends to f, or nowhere if it is not connected.
func (m *Machine) toFramework(f *framework, body msg.Message) {
	if f.link != nil {
		m.send(f.link.id, body)
	}
}

// spec is what the allocator has to know of a framework.
func (m *Machine) spec(info msg.FrameworkInfo, suppressed []role.Name, active bool) offer.FrameworkSpec {
	return offer.FrameworkSpec{
		ID: info.ID, Roles: info.Roles, Suppressed: suppressed, Capabilities: info.Capabilities.Offer(),
		MinAllocatable: info.MinAllocatable, Constraints: info.Constraints, Inactive: !active,
	}
}

// createFramework brings a framework that is not connected yet to the allocator and into the books.
func (m *Machine) createFramework(info msg.FrameworkInfo, suppressed []role.Name) (*framework, error) {
	if err := m.alloc.AddFramework(m.now, m.spec(info, suppressed, false)); err != nil {
		return nil, err
	}
	f := &framework{info: info, state: FrameworkRecovered, registered: m.now, tasks: map[msg.TaskID]*task{}, ops: map[msg.OperationID]*operation{}, offers: map[offer.OfferID]msg.Offer{},
		asks:   map[offer.OfferID]msg.InverseOffer{},
		placed: map[offer.AgentID]int{}}
	f.heartbeat.ring = func() { m.startHeartbeats(f) }
	f.failover.ring = func() { m.teardown(f, "its scheduler did not come back in time") }
	m.frameworks[info.ID] = f
	m.countRoles(nil, info.Roles)
	return f, nil
}

// undoFramework takes back createFramework.
func (m *Machine) undoFramework(f *framework) {
	m.must(m.alloc.RemoveFramework(m.now, f.info.ID))
	m.countRoles(f.info.Roles, nil)
	delete(m.frameworks, f.info.ID)
}

// countRoles keeps the number of subscribers per role.
func (m *Machine) countRoles(before, after []role.Name) {
	for _, r := range before {
		if m.roles[r]--; m.roles[r] == 0 {
			delete(m.roles, r)
		}
	}
	for _, r := range after {
		m.roles[r]++
	}
}

// rolesAfter tells how many roles would be subscribed to.
func (m *Machine) rolesAfter(before, after []role.Name) int {
	n := len(m.roles)
	for _, r := range after {
		if m.roles[r] == 0 {
			n++
		}
	}
	for _, r := range before {
		if m.roles[r] == 1 && !slices.Contains(after, r) {
			n--
		}
	}
	return n
}

// disconnectFramework follows the loss of a framework's stream (docs/protocol.md §3.2). It runs once per stream: one
// that was replaced carries no framework any more, so its late end changes nothing, and no generation is counted.
func (m *Machine) disconnectFramework(f *framework) {
	f.link, f.state = nil, FrameworkDisconnected
	m.alarms.stop(&f.heartbeat)
	m.dropOffers(f)
	if f.info.FailoverTimeout == 0 {
		m.teardown(f, "its scheduler left and has no failover timeout")
		return
	}
	m.ringAfter(&f.failover, f.info.FailoverTimeout)
	m.emit(FrameworkUpdated{f.report()})
}

// dropOffers takes all offers of a framework back without a word to it.
func (m *Machine) dropOffers(f *framework) {
	m.must(m.alloc.SetFrameworkActive(m.now, f.info.ID, false))
	m.forgetOffers(f)
}

func (m *Machine) forgetOffers(f *framework) {
	for _, id := range slices.Sorted(maps.Keys(f.offers)) {
		m.endOffer(f, id, OfferDiscarded, 0)
	}
	m.forgetAsks(f)
}

// teardown removes a framework with all it has (docs/protocol.md §3.2). Its tasks are killed in the records only: nobody
// is there to read an event.
func (m *Machine) teardown(f *framework, why string) {
	for _, a := range sortedAgents(m.agents) {
		m.toAgent(a, msg.ShutdownFramework{Framework: f.info.ID})
		if f.placed[a.info.ID] > 0 {
			m.dropFrameworkFrom(a, f)
		}
		m.leaveOperations(a, f)
		m.forgetAnswers(a, f.info.ID)
	}
	f.unreachable.all(func(_ msg.TaskID, t *task) bool {
		m.recordKilled(f, t)
		return true
	})
	m.forgetOffers(f)
	m.must(m.alloc.RemoveFramework(m.now, f.info.ID))
	m.alarms.stop(&f.heartbeat)
	m.alarms.stop(&f.failover)
	m.countRoles(f.info.Roles, nil)
	delete(m.frameworks, f.info.ID)
	if f.link != nil {
		m.hangUp(f.link)
		f.link = nil
	}
	m.remember(f)
	m.emit(FrameworkRemoved{Framework: f.info.ID, Why: why})
}

// dropFrameworkFrom takes a framework's tasks and executors on an agent out of the books. The allocator frees what they
// held when the framework is removed there.
func (m *Machine) dropFrameworkFrom(a *agent, f *framework) {
	for _, t := range a.sortedTasks() {
		if t.Framework == f.info.ID {
			delete(a.tasks, t.agentKey())
			m.perhapsDrained(a)
			m.recordKilled(f, t)
		}
	}
	for _, e := range a.sortedExecutors() {
		if e.Info.Framework == f.info.ID {
			delete(a.executors, executorKey{e.Info.Framework, e.Info.ID})
			m.emit(ExecutorRemoved{e.Ref()})
		}
	}
}

// place counts n more tasks and executors of a framework in an agent's books.
func (f *framework) place(a offer.AgentID, n int) {
	if f.placed[a] += n; f.placed[a] == 0 {
		delete(f.placed, a)
	}
}

// recordKilled is the end of a removed framework's task.
func (m *Machine) recordKilled(f *framework, t *task) {
	if !t.State.Terminal() || t.Unreachable != 0 {
		row := t.edit()
		row.State = msg.TaskKilled
		row.Forwarded = msg.TaskStatus{Task: t.ID, Agent: t.Agent, Executor: t.Executor, State: msg.TaskKilled, Source: msg.SourceMaster,
			Reason: msg.ReasonFrameworkRemoved, Time: m.now}
	}
	m.remove(f, t)
}

func (m *Machine) remember(f *framework) {
	c := &completedFramework{report: f.report()}
	c.report.State, c.report.Removed = FrameworkCompleted, m.now
	f.history.all(func(_ uint64, t *TaskReport) bool {
		c.tasks = append(c.tasks, t)
		return true
	})
	m.completed.add(f.info.ID, c, m.cfg.Bounds.CompletedFrameworks)
}

// applyInfo changes what of a framework may change, tells every agent, and remembers it. What the allocator has to know
// it knows already.
func (m *Machine) applyInfo(f *framework, info msg.FrameworkInfo) {
	m.countRoles(f.info.Roles, info.Roles)
	f.info = info
	for _, a := range sortedAgents(m.agents) {
		m.toAgent(a, msg.FrameworkUpdated{Framework: info})
	}
	m.emit(FrameworkUpdated{f.report()})
}

// sameInfo compares two descriptions of a framework.
func sameInfo(a, b msg.FrameworkInfo) bool { return reflect.DeepEqual(a, b) }
