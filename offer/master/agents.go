package master

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/resource"
)

// agent is a registered agent (docs/protocol.md §4.2), connected or not.
type agent struct {
	info  msg.AgentInfo
	node  msg.Node
	link  *link              // nil: disconnected
	base  resource.Resources // its total as far as it confirmed it
	total resource.Resources // base with the pending operations applied: what counts here
	orders
	registered offer.Time
	returned   offer.Time      // when it last came back; 0 never
	drainSince offer.Time      // when this master was first asked to drain it, or found it draining
	window     offer.Window    // of its machine; zero: nothing is planned
	answers    []InverseAnswer // about that, by framework

	tasks        map[taskKey]*task // live, and terminal ones until acknowledged
	executors    map[executorKey]*executor
	capabilities msg.AgentCapabilities
	ops          map[msg.UUID]*operation // with an id, until their end is acknowledged
	pending      []pendingOp             // operations that it has not answered, in the order sent

	missed     int   // pings in a row without a pong
	ping       alarm // the next ping; set as long as the agent is registered
	reregister alarm // set while it is disconnected
	row        int   // in the lists of the last Check
}

type taskKey struct {
	framework offer.FrameworkID
	task      msg.TaskID
}

func (a taskKey) compare(b taskKey) int {
	return cmp.Or(strings.Compare(string(a.framework), string(b.framework)), strings.Compare(string(a.task), string(b.task)))
}

type executorKey struct {
	framework offer.FrameworkID
	executor  msg.ExecutorID
}

func (a executorKey) compare(b executorKey) int {
	return cmp.Or(strings.Compare(string(a.framework), string(b.framework)), strings.Compare(string(a.executor), string(b.executor)))
}

// executor is an executor that by our books runs on an agent; those of command tasks are not in the books.
type executor struct{ ExecutorReport }

func (e *executor) allocation() offer.Allocation {
	return offer.Allocation{Framework: e.Info.Framework, Role: e.Role, Agent: e.Agent}
}

func (a *agent) report() AgentReport {
	return AgentReport{Info: a.info, Node: a.node, Total: a.total, Connected: a.link != nil, Deactivated: a.deactivated, Registered: a.registered,
		Reregistered: a.returned, Capabilities: a.capabilities, Drain: a.drain, DrainSince: a.drainSince, Window: a.window, Answers: a.answers}
}

func (a *agent) sortedTasks() []*task { return sortedValues(a.tasks, taskKey.compare) }

func (a *agent) sortedExecutors() []*executor { return sortedValues(a.executors, executorKey.compare) }

// sortedValues lists a map's values in the order of their keys.
func sortedValues[K comparable, V any](m map[K]V, order func(a, b K) int) []V {
	if len(m) == 0 {
		return nil
	}
	out := make([]V, 0, len(m))
	if len(m) == 1 {
		return slices.AppendSeq(out, maps.Values(m))
	}
	for _, k := range keysInOrder(m, order) {
		out = append(out, m[k])
	}
	return out
}

// keysInOrder lists the keys of a map, most of which are small, in their order.
func keysInOrder[K comparable, V any](m map[K]V, order func(a, b K) int) []K {
	if len(m) == 0 {
		return nil
	}
	keys := slices.AppendSeq(make([]K, 0, len(m)), maps.Keys(m))
	slices.SortFunc(keys, order)
	return keys
}

func sortedAgents(m map[offer.AgentID]*agent) []*agent {
	return sortedValues(m, cmp.Compare[offer.AgentID])
}

// toAgent sends to a, or nowhere if it is disconnected.
func (m *Machine) toAgent(a *agent, body msg.Message) {
	if a.link != nil && !a.link.gone && !a.link.closing {
		m.send(a.link.id, body)
	}
}

// pingPatience is how long an agent waits for a ping before it looks for the master again.
func (m *Machine) pingPatience() time.Duration {
	return msg.Times(m.cfg.PingTimeout, m.cfg.MaxPings)
}

// registerAgent admits an agent without an id (docs/protocol.md §4.3).
func (m *Machine) registerAgent(l *link, b msg.RegisterAgent) error {
	if l.framework != nil {
		return fmt.Errorf("%w: link %d carries framework %s; register on a link of its own", ErrTaken, l.id, l.framework.info.ID)
	}
	if err := m.validAgent(b.Info, b.Total); err != nil {
		return err
	}
	if b.Info.ID != "" {
		return fmt.Errorf("%w: RegisterAgent with id %q; an agent that has one sends ReregisterAgent", ErrInvalid, b.Info.ID)
	}
	if l.agent != nil { // a retry that crossed our answer
		m.toAgent(l.agent, msg.AgentRegistered{Agent: l.agent.info.ID, PingTimeout: m.pingPatience()})
		return nil
	}
	if m.isDown(b.Info) {
		return m.turnAway(l, downText)
	}
	if err := m.allow(Request{Action: RegisterAgent, Principal: l.principal}); err != nil {
		return err
	}
	counter := m.nextAgent
	b.Info.ID = m.newAgentID()
	if err := m.admit(l, b); err != nil {
		m.nextAgent = counter
		return err
	}
	return nil
}

// admit makes an agent one of the cluster, in place of whoever was at its address: what comes from there now is another one.
func (m *Machine) admit(l *link, b msg.RegisterAgent) error {
	id := b.Info.ID
	if err := m.mayArrive(l.peer, id); err != nil {
		return err
	}
	spec := specOf(b.Info, b.Total)
	if err := m.roomForAgent(l, spec); err != nil {
		return err
	}
	ops, err := agentOps(registry.Agent{Info: b.Info})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	old, more := m.oust(l.peer)
	m.arrive(l, id, append(ops, more...), func() {
		old.finish(m)
		if m.alloc.AddAgent(m.now, spec) != nil { // another one took the room meanwhile
			m.durably([]registry.Op{registry.Delete(registry.AgentKey(id))}, nil)
			return
		}
		a := &agent{info: b.Info, total: b.Total, capabilities: b.Capabilities}
		m.addAgent(l, a)
		m.toAgent(a, msg.AgentRegistered{Agent: id, PingTimeout: m.pingPatience()})
		m.startPings(a)
	})
	return nil
}

// specOf describes an agent to the allocator.
func specOf(i msg.AgentInfo, total resources) offer.AgentSpec {
	return offer.AgentSpec{ID: i.ID, Hostname: i.Hostname, Region: i.Domain.Region, Zone: i.Domain.Zone, Total: total, Attributes: i.Attributes}
}

// roomForAgent reports whether an agent may be added, before anything is written down.
func (m *Machine) roomForAgent(l *link, spec offer.AgentSpec) error {
	if n := len(m.agents) + len(m.arriving); n >= m.cfg.Bounds.Agents && m.nodes[l.peer] == nil {
		return fmt.Errorf("%w: %d agents are registered; raise Bounds.Agents", ErrBound, n)
	}
	if err := m.alloc.CheckAgent(spec); err != nil {
		return fmt.Errorf("agent %s at %q: %w", spec.ID, l.peer, err)
	}
	return nil
}

// addAgent puts an agent that the allocator knows, with nothing on it yet, into the books.
func (m *Machine) addAgent(l *link, a *agent) {
	a.node, a.base, a.registered = l.peer, a.total, m.now
	a.tasks, a.executors, a.ops = map[taskKey]*task{}, map[executorKey]*executor{}, map[msg.UUID]*operation{}
	a.ping.ring = func() { m.pingAgent(a) }
	a.reregister.ring = func() { m.loseAgent(a, &a.reregister, "it did not come back in time") }
	m.agents[a.info.ID], m.nodes[a.node] = a, a
	a.link, l.agent = l, a
	if a.drain != nil {
		a.drainSince = m.now
	}
	if m.machineOf(a.info) != nil {
		m.setWindow(a)
	}
	m.emit(AgentAdded{a.report()})
}

// unregisterAgent is a clean goodbye.
func (m *Machine) unregisterAgent(a *agent, b msg.UnregisterAgent) error {
	if b.Agent != a.info.ID {
		return fmt.Errorf("%w: agent %s says goodbye as %q", ErrInvalid, a.info.ID, b.Agent)
	}
	return m.removeAgent(a, "it said goodbye")
}

// disconnectAgent follows the loss of an agent's link (docs/protocol.md §4.5): it is offered no more, and tasks that
// would not outlive its process are lost at once, whatever their framework's capabilities.
func (m *Machine) disconnectAgent(a *agent) {
	a.link = nil
	m.must(m.alloc.SetAgentActive(m.now, a.info.ID, false))
	m.ringAfter(&a.reregister, m.cfg.ReregisterTimeout)
	m.emit(AgentUpdated{a.report()})
	for _, t := range a.sortedTasks() {
		f := m.frameworks[t.Framework]
		if f.info.Checkpoint {
			continue
		}
		if !t.State.Terminal() {
			m.announce(f, t, msg.TaskLost, msg.ReasonAgentDisconnected, "the link to its agent broke, and it is not checkpointed")
		}
		m.endTask(t)
	}
	for _, e := range a.sortedExecutors() {
		if !m.frameworks[e.Info.Framework].info.Checkpoint {
			m.dropExecutor(a, e)
		}
	}
}

// loseAgent makes an agent unreachable (docs/protocol.md §4.5): in the registry first, and nobody hears of it before. Where
// another change of it is under way, the alarm that found it lost rings again.
func (m *Machine) loseAgent(a *agent, found *alarm, why string) {
	if m.moving[a.info.ID] {
		m.ringAfter(found, m.cfg.PingTimeout)
		return
	}
	m.alarms.stop(&a.ping)
	m.alarms.stop(&a.reregister)
	lost := lostAgent{id: a.info.ID, since: m.now, orders: a.orders}
	m.move(lost.id, m.lostOps(lost), func() {
		for _, t := range a.sortedTasks() {
			lost.tasks = append(lost.tasks, t.agentKey())
			m.parkTask(t, lost.since)
		}
		m.dropOperations(a, msg.OperationUnreachable, "its agent is out of contact")
		m.dropAgent(a, "unreachable: "+why)
		m.rememberLost(lost)
	})
}

// removeAgent ends an agent for good.
func (m *Machine) removeAgent(a *agent, why string) error {
	if err := m.busy(a.info.ID); err != nil {
		return err
	}
	m.move(a.info.ID, []registry.Op{registry.Delete(registry.AgentKey(a.info.ID))}, func() { m.endAgent(a, why) })
	return nil
}

// endAgent follows the removal of an agent: its tasks are lost.
func (m *Machine) endAgent(a *agent, why string) {
	for _, t := range a.sortedTasks() {
		if !t.State.Terminal() {
			m.announce(m.frameworks[t.Framework], t, msg.TaskLost, msg.ReasonAgentRemoved, why)
		}
		m.endTask(t)
	}
	m.dropOperations(a, msg.OperationGoneByOperator, why)
	m.dropAgent(a, why)
}

// dropAgent takes an agent without tasks out of the books, hangs up, and tells every framework.
func (m *Machine) dropAgent(a *agent, why string) {
	for _, e := range a.sortedExecutors() {
		m.dropExecutor(a, e)
	}
	m.must(m.alloc.RemoveAgent(m.now, a.info.ID))
	m.alarms.stop(&a.ping)
	m.alarms.stop(&a.reregister)
	delete(m.agents, a.info.ID)
	delete(m.nodes, a.node)
	m.emit(AgentRemoved{Agent: a.info.ID, Why: why})
	m.failAgent(a.info.ID)
	if a.link != nil {
		m.hangUp(a.link)
		a.link = nil
	}
}

// failAgent tells every framework that an agent is lost.
func (m *Machine) failAgent(id offer.AgentID) {
	for _, f := range m.sortedFrameworks() {
		m.toFramework(f, msg.Failure{Agent: id})
	}
}

// dropExecutor takes an executor out of the books and frees what it held.
func (m *Machine) dropExecutor(a *agent, e *executor) {
	delete(a.executors, executorKey{e.Info.Framework, e.Info.ID})
	m.frameworks[e.Info.Framework].place(a.info.ID, -1)
	m.release(e.allocation(), e.Info.Resources)
	m.emit(ExecutorRemoved{e.Ref()})
}

func (m *Machine) addExecutor(a *agent, e *executor) {
	a.executors[executorKey{e.Info.Framework, e.Info.ID}] = e
	m.frameworks[e.Info.Framework].place(a.info.ID, 1)
	m.emit(ExecutorAdded{e.ExecutorReport})
}

// exitedExecutor frees what an executor held and tells its framework. Executors of command tasks are not in the books
// and nobody hears of them (docs/protocol.md §11).
func (m *Machine) exitedExecutor(a *agent, b msg.ExitedExecutor) error {
	e := a.executors[executorKey{b.Framework, b.Executor}]
	if e == nil {
		return nil
	}
	m.dropExecutor(a, e)
	m.toFramework(m.frameworks[b.Framework], msg.Failure{Agent: a.info.ID, Executor: b.Executor, Status: b.Status})
	return nil
}

// release gives resources back to the allocator.
func (m *Machine) release(al offer.Allocation, r resource.Resources) {
	if !r.IsEmpty() {
		m.must(m.alloc.Release(m.now, al, r))
	}
}

// must notes that the allocator refused what our books say it has to take. Nothing a stranger sends gets there; Check
// reports the first.
func (m *Machine) must(err error) {
	if err != nil && m.fault == nil {
		m.fault = err
	}
}

// sortedExecutorIDs lists the executors of f on a, as its offers show them.
func (a *agent) sortedExecutorIDs(f offer.FrameworkID) []msg.ExecutorID {
	var ids []msg.ExecutorID
	for _, e := range a.sortedExecutors() {
		if e.Info.Framework == f {
			ids = append(ids, e.Info.ID)
		}
	}
	return ids
}
