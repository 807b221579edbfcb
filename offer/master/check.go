package master

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// Check recomputes what the books must agree on, from the tasks, executors and offers themselves, and reports the first
// thing that does not (ErrCorrupt, or the allocator's error): the allocator's own books, what it holds of each agent,
// the indexes, the links, the counters and the bounds. It changes nothing. Tests call it after every step. A master
// that resigned keeps no books any more but the allocator's.
func (m *Machine) Check() error {
	if m.fault != nil {
		return corrupt("the allocator refused what the books say: %v", m.fault)
	}
	if err := m.alloc.Check(); err != nil {
		return err
	}
	if m.phase == phaseResigned {
		return nil // its alarms are stopped, and nobody follows its books
	}
	c := &checker{m, sortedAgents(m.agents), m.sortedFrameworks()}
	for _, check := range []func() error{
		c.checkAgents, c.checkFrameworks, c.checkPlaces, c.checkLinks, c.checkRoles, c.checkOperations, c.checkAlarms, c.checkCompleted,
		c.checkWhereabouts, c.checkLedger, c.checkMaintenance, c.checkAsks, c.checkDrains, c.checkStreams,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checker is one Check: a machine, and what all of it goes through, in the order of their ids.
type checker struct {
	*Machine
	byID    []*agent
	tenants []*framework
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrCorrupt, fmt.Errorf(format, args...))
}

func (m *checker) checkAgents() error {
	if len(m.nodes) != len(m.agents) {
		return corrupt("nodes: %d addresses of %d agents", len(m.nodes), len(m.agents))
	}
	known := m.alloc.Agents()
	strange := func(id offer.AgentID) bool { return m.agents[id] == nil }
	if len(known) != len(m.agents) || slices.ContainsFunc(known, strange) {
		return corrupt("agents: the allocator has %v, the books have %v", known, slices.Sorted(maps.Keys(m.agents)))
	}
	offered := m.offeredByAgent()
	for id, a := range sortedPairs(m.agents) {
		if err := m.checkAgent(id, a); err != nil {
			return err
		}
		if err := m.checkBooks(a, offered[id]); err != nil {
			return err
		}
	}
	return bound("agents", len(m.agents), m.cfg.Bounds.Agents)
}

func (m *checker) checkAgent(id offer.AgentID, a *agent) error {
	switch {
	case a.info.ID != id:
		return corrupt("agents: %s is filed under %s", a.info.ID, id)
	case m.nodes[a.node] != a:
		return corrupt("nodes: %q is not that of agent %s", a.node, id)
	case a.link != nil && (a.link.agent != a || m.links[a.link.id] != a.link):
		return corrupt("link of agent %s does not carry it", id)
	case m.moving[id]: // its alarms are as they were, or stopped
	case (a.link == nil) != a.reregister.isSet():
		return corrupt("reregister alarm of agent %s: connected %t, set %t", id, a.link != nil, a.reregister.isSet())
	case !a.ping.isSet():
		return corrupt("ping alarm of agent %s is not set", id)
	}
	if err := m.checkAgentTasks(a); err != nil {
		return err
	}
	if err := boundOf("pending operations of agent", string(id), len(a.pending), m.cfg.Bounds.PendingOperations); err != nil {
		return err
	}
	return boundOf("tasks of agent", string(id), len(a.tasks), m.cfg.Bounds.AgentTasks)
}

func (m *checker) checkAgentTasks(a *agent) error {
	for k, t := range sortedPairsFunc(a.tasks, taskKey.compare) {
		f := m.frameworks[t.Framework]
		switch {
		case t.agentKey() != k || t.Agent != a.info.ID:
			return corrupt("agent tasks: %s is filed under %v at agent %s", t, k, a.info.ID)
		case f == nil:
			return corrupt("agent tasks: %s has no framework", t)
		case t.Unreachable != 0:
			return corrupt("agent tasks: %s, but agent %s is registered", t, a.info.ID)
		case !t.stray && f.tasks[t.ID] != t:
			return corrupt("framework tasks: %s is not among those of its framework", t)
		}
	}
	for k, e := range sortedPairsFunc(a.executors, executorKey.compare) {
		if (executorKey{e.Info.Framework, e.Info.ID}) != k || e.Agent != a.info.ID {
			return corrupt("executors: %s is filed under %v at agent %s", e, k, a.info.ID)
		}
		if m.frameworks[e.Info.Framework] == nil {
			return corrupt("executors: %s has no framework", e)
		}
	}
	return nil
}

// offeredByAgent adds up the offers that frameworks were told of.
func (m *checker) offeredByAgent() map[offer.AgentID]resources {
	sum := map[offer.AgentID]resources{}
	for _, f := range m.tenants {
		for _, o := range sortedPairs(f.offers) {
			sum[o.Agent] = sum[o.Agent].Add(o.Resources)
		}
	}
	return sum
}

// checkBooks compares what tasks, executors and offers hold with the allocator's ledger.
func (m *checker) checkBooks(a *agent, offered resources) error {
	books, ok := m.alloc.Agent(a.info.ID)
	if !ok {
		return corrupt("agent %s is unknown to the allocator", a.info.ID)
	}
	var used resources
	for _, t := range a.sortedTasks() {
		if t.holds() {
			used = used.Add(t.Resources)
		}
	}
	for _, e := range a.sortedExecutors() {
		used = used.Add(e.Info.Resources)
	}
	switch {
	case !books.Total.Equal(a.total):
		return corrupt("total of agent %s: the books have %s, the allocator has %s", a.info.ID, a.total, books.Total)
	case !books.Allocated.Unallocate().Equal(used):
		return corrupt("allocated on agent %s: tasks and executors hold %s, the allocator has %s", a.info.ID, used, books.Allocated)
	case !books.Offered.Unallocate().Equal(offered):
		return corrupt("offered on agent %s: offers hold %s, the allocator has %s", a.info.ID, offered, books.Offered)
	case !withPending(a.base, a.pending).Equal(a.total):
		return corrupt("total of agent %s: %s, confirmed is %s, and %d pending operations do not make up for it", a.info.ID, a.total,
			a.base, len(a.pending))
	case books.Active != m.isOffered(a):
		return corrupt("agent %s: connected %t, deactivated %t, machine down %t, offered %t", a.info.ID, a.link != nil, a.deactivated, m.isDown(a.info), books.Active)
	}
	return nil
}

func (m *checker) checkFrameworks() error {
	for id, f := range sortedPairs(m.frameworks) {
		if err := m.checkFramework(id, f); err != nil {
			return err
		}
	}
	return bound("frameworks", len(m.frameworks), m.cfg.Bounds.Frameworks)
}

func (m *checker) checkFramework(id offer.FrameworkID, f *framework) error {
	connected := f.state == FrameworkConnected
	switch {
	case f.info.ID != id:
		return corrupt("frameworks: %s is filed under %s", f.info.ID, id)
	case m.completed.has(id):
		return corrupt("framework %s is completed and not", id)
	case connected != (f.link != nil):
		return corrupt("framework %s is %s, with a link %t", id, f.state, f.link != nil)
	case connected && (f.link.framework != f || m.links[f.link.id] != f.link):
		return corrupt("link of framework %s does not carry it", id)
	case connected != f.heartbeat.isSet():
		return corrupt("heartbeat alarm of framework %s: %s, set %t", id, f.state, f.heartbeat.isSet())
	case (f.state == FrameworkDisconnected) != f.failover.isSet():
		return corrupt("failover alarm of framework %s: %s, set %t", id, f.state, f.failover.isSet())
	case !connected && len(f.offers) > 0:
		return corrupt("offers: framework %s is %s and holds %d", id, f.state, len(f.offers))
	}
	for n, o := range sortedPairs(f.offers) {
		if o.ID != m.wireOffer(n) || o.Framework != id {
			return corrupt("offers: %s of %s is filed under %d of %s", o.ID, o.Framework, n, id)
		}
		if _, out := m.alloc.Outstanding(n); !out {
			return corrupt("offers: %s is out with %s, and not by the allocator's books", o.ID, id)
		}
	}
	return m.checkFrameworkTasks(f)
}

func (m *checker) checkFrameworkTasks(f *framework) error {
	for id, t := range sortedPairs(f.tasks) {
		a := m.agents[t.Agent]
		switch {
		case t.ID != id || t.Framework != f.info.ID:
			return corrupt("framework tasks: %s is filed under %s of %s", t, id, f.info.ID)
		case a == nil || a.tasks[t.agentKey()] != t:
			return corrupt("agent tasks: %s is not among those of its agent", t)
		case f.unreachable.has(id):
			return corrupt("framework tasks: %s is live and parked", t)
		}
	}
	var err error
	f.unreachable.all(func(id msg.TaskID, t *task) bool {
		if t.ID != id || m.agents[t.Agent] != nil {
			err = corrupt("unreachable tasks: %s is parked under %s, its agent is registered: %t", t, id, m.agents[t.Agent] != nil)
		}
		return err == nil
	})
	if err != nil {
		return err
	}
	if err := boundOf("tasks of framework", string(f.info.ID), len(f.tasks), m.cfg.Bounds.Tasks); err != nil {
		return err
	}
	if err := boundOf("unreachable tasks of", string(f.info.ID), f.unreachable.len(), m.cfg.Bounds.UnreachableTasks); err != nil {
		return err
	}
	return boundOf("completed tasks of", string(f.info.ID), f.history.len(), m.cfg.Bounds.CompletedTasks)
}

// checkPlaces counts anew where frameworks have something.
func (m *checker) checkPlaces() error {
	places := 0
	here := map[offer.FrameworkID]int{}
	for _, a := range m.byID {
		clear(here)
		for _, t := range a.sortedTasks() {
			here[t.Framework]++
		}
		for _, e := range a.sortedExecutors() {
			here[e.Info.Framework]++
		}
		for id, n := range sortedPairs(here) {
			if counted := m.frameworks[id].placed[a.info.ID]; counted != n {
				return corrupt("places of framework %s: counted %d on agent %s, recomputed %d", id, counted, a.info.ID, n)
			}
		}
		places += len(here)
	}
	for _, f := range m.tenants {
		places -= len(f.placed)
	}
	if places != 0 {
		return corrupt("places of frameworks: %d more recomputed than counted", places)
	}
	return nil
}

func (m *checker) checkLinks() error {
	for id, l := range sortedPairs(m.links) {
		switch {
		case l.id != id:
			return corrupt("links: %d is filed under %d", l.id, id)
		case l.agent != nil && l.framework != nil, l.closing && (l.agent != nil || l.framework != nil):
			return corrupt("links: %d carries more than one party, or one although it is closing", id)
		case l.agent != nil && (l.agent.link != l || m.agents[l.agent.info.ID] != l.agent):
			return corrupt("links: %d carries agent %s, which is elsewhere", id, l.agent.info.ID)
		case l.framework != nil && (l.framework.link != l || m.frameworks[l.framework.info.ID] != l.framework):
			return corrupt("links: %d carries framework %s, which is elsewhere", id, l.framework.info.ID)
		}
	}
	return bound("links", len(m.links), m.cfg.Bounds.Links)
}

// checkOperations sees that every operation with an id is found by its framework, or waits for it.
func (m *checker) checkOperations() error {
	orphans, named := map[offer.FrameworkID]int{}, map[offer.FrameworkID]int{}
	for _, a := range m.byID {
		if err := bound("operations of agent "+string(a.info.ID), len(a.ops), m.cfg.Bounds.PendingOperations); err != nil {
			return err
		}
		for u, o := range sortedPairsFunc(a.ops, compareUUIDs) {
			f, id := m.frameworks[o.Framework], o.Status.Operation
			switch {
			case o.UUID != u || o.Status.Agent != a.info.ID:
				return corrupt("operations: %s is filed wrongly at agent %s", id, a.info.ID)
			case o.alone.isSet() != (f == nil && !o.ours):
				return corrupt("operations: %s of %s, which is known: %t, adopted: %t, waits: %t", id, o.Framework, f != nil, o.ours, o.alone.isSet())
			case o.named && (f == nil || f.ops[id] != o):
				return corrupt("operations: %s is not among those of %s", id, o.Framework)
			case o.alone.isSet():
				orphans[o.Framework]++
			case o.named:
				named[o.Framework]++
			}
		}
	}
	if !maps.Equal(orphans, m.orphans) {
		return corrupt("orphan operations: counted %v, recomputed %v", m.orphans, orphans)
	}
	for id, f := range sortedPairs(m.frameworks) {
		if len(f.ops) != named[id] {
			return corrupt("operations of framework %s: it has %d, agents have %d", id, len(f.ops), named[id])
		}
	}
	return nil
}

func (m *checker) checkRoles() error {
	count := map[role.Name]int{}
	for _, f := range m.tenants {
		for _, r := range f.info.Roles {
			count[r]++
		}
	}
	if !maps.Equal(count, m.roles) {
		return corrupt("roles: counted %v, recomputed %v", m.roles, count)
	}
	return bound("roles", len(m.roles), m.cfg.Bounds.Roles)
}

// checkAlarms sees that the heap holds just the alarms that are set.
func (m *checker) checkAlarms() error {
	set := 0
	for _, a := range m.byID {
		set += isSet(&a.ping) + isSet(&a.reregister)
		for _, o := range a.sortedOps() {
			set += isSet(&o.alone)
		}
	}
	for _, f := range m.tenants {
		set += isSet(&f.heartbeat) + isSet(&f.failover)
	}
	for _, s := range sortedPairs(m.streams) {
		set += isSet(&s.beat)
	}
	set += isSet(&m.ledger.alarm) + isSet(&m.sweep) + isSet(&m.gc) + isSet(&m.removals.alarm)
	if set != m.alarms.Len() {
		return corrupt("alarms: %d in the heap, %d set", m.alarms.Len(), set)
	}
	for i, a := range m.alarms.heap {
		if a.slot != i+1 {
			return corrupt("alarms: place %d holds the alarm of place %d", i, a.slot-1)
		}
	}
	return nil
}

func isSet(a *alarm) int {
	if a.isSet() {
		return 1
	}
	return 0
}

func (m *checker) checkCompleted() error {
	if err := bound("unreachable agents", m.unreachable.len(), m.cfg.Bounds.UnreachableAgents); err != nil {
		return err
	}
	return bound("completed frameworks", m.completed.len(), m.cfg.Bounds.CompletedFrameworks)
}

// checkWhereabouts sees that every agent id is at one place (docs/protocol.md §4.2).
func (m *checker) checkWhereabouts() error {
	at := map[offer.AgentID]string{}
	var err error
	put := func(id offer.AgentID, where string) bool {
		if other, twice := at[id]; twice && err == nil {
			err = corrupt("agent %s is %s and %s", id, other, where)
		}
		at[id] = where
		return err == nil
	}
	for id := range sortedPairs(m.agents) {
		put(id, "registered")
	}
	for id, a := range sortedPairs(m.recovered) {
		put(id, "recovered")
		if a.Info.ID != id && err == nil {
			err = corrupt("recovered agents: %s is filed under %s", a.Info.ID, id)
		}
	}
	m.unreachable.all(func(id offer.AgentID, _ lostAgent) bool { return put(id, "unreachable") })
	m.gone.all(func(id offer.AgentID, _ offer.Time) bool { return put(id, "gone") })
	if err != nil {
		return err
	}
	if len(m.recovered) > 0 && !m.sweep.isSet() && len(m.removals.queue)+len(m.moving) == 0 {
		return corrupt("recovered agents: %d, and nobody waits for them", len(m.recovered))
	}
	return bound("gone agents", m.gone.len(), m.cfg.Bounds.GoneAgents)
}

// checkLedger sees that whatever is in transition has a commit that ends it.
func (m *checker) checkLedger() error {
	l := &m.ledger
	if (len(l.flying) > 0) != l.alarm.isSet() {
		return corrupt("ledger: %d changes are under way, the alarm is set: %t", len(l.flying), l.alarm.isSet())
	}
	if idle := !l.alarm.isSet() && len(l.waiting) == 0; idle && len(m.moving)+len(m.arriving)+len(m.calls) > 0 {
		return corrupt("ledger: nothing is under way, and %d agents, %d addresses and %d calls wait", len(m.moving), len(m.arriving), len(m.calls))
	}
	waiting := 0
	for id, k := range sortedPairs(m.links) {
		if k.waiting {
			waiting++
		} else if len(k.held) > 0 || k.gone {
			return corrupt("links: %d waits for nothing, holds %d messages, gone %t", id, len(k.held), k.gone)
		}
	}
	if waiting != len(m.arriving) {
		return corrupt("links: %d wait for %d arrivals", waiting, len(m.arriving))
	}
	return bound("operators' calls", len(m.calls), m.cfg.Bounds.OperatorCalls)
}

func bound(what string, n, most int) error {
	if n > most {
		return corrupt("%s: %d, the bound is %d", what, n, most)
	}
	return nil
}

// boundOf is bound for one of many: the name is put together only where it is needed.
func boundOf(what, whose string, n, most int) error {
	if n > most {
		return bound(what+" "+whose, n, most)
	}
	return nil
}

// sortedPairs yields a map in the order of its keys.
func sortedPairs[K cmp.Ordered, V any](m map[K]V) func(func(K, V) bool) {
	return sortedPairsFunc(m, cmp.Compare[K])
}

func sortedPairsFunc[K comparable, V any](m map[K]V, order func(a, b K) int) func(func(K, V) bool) {
	if len(m) <= 1 {
		return maps.All(m)
	}
	return func(yield func(K, V) bool) {
		for _, k := range keysInOrder(m, order) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
