package master

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// Check recomputes what the books must agree on, from the tasks, executors and offers themselves, and reports the first
// thing that does not (ErrCorrupt, or the allocator's error): the allocator's own books, what it holds of each agent,
// the indexes, the links, the counters and the bounds. It looks at everything every time, and changes nothing but memory
// that it keeps for the next time. Tests call it after every step. A master that resigned keeps no books any more but the
// allocator's.
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
	if m.checks == nil {
		m.checks = &checker{Machine: m, roleCount: map[role.Name]int{}}
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

// checks are what a Check consists of. None depends on the order of the lists, but for which of several faults it names.
var checks = [...]func(*checker) error{
	(*checker).checkAgents, (*checker).checkFrameworks, (*checker).checkPlaces, (*checker).checkLinks, (*checker).checkRoles,
	(*checker).checkOperations, (*checker).checkAlarms, (*checker).checkCompleted, (*checker).checkWhereabouts, (*checker).checkLedger,
	(*checker).checkMaintenance, (*checker).checkAsks, (*checker).checkDrains, (*checker).checkStreams,
}

func (m *checker) run(ordered bool) error {
	m.list(ordered)
	for _, check := range checks {
		if err := check(m); err != nil {
			return err
		}
	}
	return nil
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrCorrupt, fmt.Errorf(format, args...))
}

func (m *checker) checkAgents() error {
	if len(m.nodes) != len(m.agents) {
		return corrupt("nodes: %d addresses of %d agents", len(m.nodes), len(m.agents))
	}
	if m.alloc.AgentCount() != len(m.agents) {
		return m.strangers()
	}
	for i := range m.registered {
		b := &m.registered[i]
		if err := m.checkAgent(b); err != nil {
			return err
		}
		if err := m.checkBooks(b); err != nil {
			return err
		}
	}
	return bound("agents", len(m.agents), m.cfg.Bounds.Agents)
}

func (m *checker) strangers() error {
	return corrupt("agents: the allocator has %v, the books have %v", m.alloc.Agents(), slices.Sorted(maps.Keys(m.agents)))
}

func (m *checker) checkAgent(b *agentBooks) error {
	id, a := b.id, b.a
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
	if err := m.checkAgentTasks(b); err != nil {
		return err
	}
	if err := boundOf("pending operations of agent", string(id), len(a.pending), m.cfg.Bounds.PendingOperations); err != nil {
		return err
	}
	return boundOf("tasks of agent", string(id), len(a.tasks), m.cfg.Bounds.AgentTasks)
}

// checkAgentTasks goes through the tasks and executors in an agent's books, and notes whose they are.
func (m *checker) checkAgentTasks(b *agentBooks) error {
	id := b.a.info.ID
	for i := range b.tasks {
		k, t := &b.tasks[i].Key, b.tasks[i].Value
		f := m.tenant(t.Framework)
		switch {
		case t.agentKey() != *k || t.Agent != id:
			return corrupt("agent tasks: %s is filed under %v at agent %s", t, *k, id)
		case f == nil:
			return corrupt("agent tasks: %s has no framework", t)
		case t.Unreachable != 0:
			return corrupt("agent tasks: %s, but agent %s is registered", t, id)
		case !t.stray && f.tasks[t.ID] != t:
			return corrupt("framework tasks: %s is not among those of its framework", t)
		}
		b.owners = append(b.owners, f)
	}
	for i := range b.executors {
		k, e := &b.executors[i].Key, b.executors[i].Value
		f := m.tenant(e.Info.Framework)
		switch {
		case (executorKey{e.Info.Framework, e.Info.ID}) != *k || e.Agent != id:
			return corrupt("executors: %s is filed under %v at agent %s", e, *k, id)
		case f == nil:
			return corrupt("executors: %s has no framework", e)
		}
		b.owners = append(b.owners, f)
	}
	return nil
}

// checkBooks compares what tasks, executors and offers hold with the allocator's ledger.
func (m *checker) checkBooks(b *agentBooks) error {
	a := b.a
	books, known := m.alloc.Agent(b.id)
	if !known {
		return m.strangers()
	}
	m.sum.Reset()
	for i := range b.tasks {
		if t := b.tasks[i].Value; t.holds() {
			m.sum.Add(t.Resources)
		}
	}
	for i := range b.executors {
		m.sum.Add(b.executors[i].Value.Info.Resources)
	}
	used := m.sum.View()
	switch {
	case !books.Total.Equal(a.total):
		return corrupt("total of agent %s: the books have %s, the allocator has %s", a.info.ID, a.total, books.Total)
	case !books.Allocated.Unallocate().Equal(used):
		return corrupt("allocated on agent %s: tasks and executors hold %s, the allocator has %s", a.info.ID, used, books.Allocated)
	case !books.Offered.Unallocate().Equal(b.offered):
		return corrupt("offered on agent %s: offers hold %s, the allocator has %s", a.info.ID, b.offered, books.Offered)
	case !withPending(a.base, a.pending).Equal(a.total):
		return corrupt("total of agent %s: %s, confirmed is %s, and %d pending operations do not make up for it", a.info.ID, a.total,
			a.base, len(a.pending))
	case books.Active != m.isOffered(a):
		return corrupt("agent %s: connected %t, deactivated %t, machine down %t, offered %t", a.info.ID, a.link != nil, a.deactivated, m.isDown(a.info), books.Active)
	}
	return nil
}

func (m *checker) checkFrameworks() error {
	for i := range m.tenants {
		if err := m.checkFramework(&m.tenants[i]); err != nil {
			return err
		}
	}
	return bound("frameworks", len(m.frameworks), m.cfg.Bounds.Frameworks)
}

func (m *checker) checkFramework(b *frameworkBooks) error {
	id, f := b.id, b.f
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
	for i := range b.offers {
		n, o := b.offers[i].Key, &b.offers[i].Value
		if !m.isWireOffer(o.ID, n) || o.Framework != id {
			return corrupt("offers: %s of %s is filed under %d of %s", o.ID, o.Framework, n, id)
		}
		if _, out := m.alloc.Outstanding(n); !out {
			return corrupt("offers: %s is out with %s, and not by the allocator's books", o.ID, id)
		}
	}
	return m.checkFrameworkTasks(b)
}

// isWireOffer reports whether id is wireOffer(n).
func (m *checker) isWireOffer(id msg.OfferID, n offer.OfferID) bool {
	var digits [20]byte
	number := strconv.AppendUint(digits[:0], uint64(n), 10)
	rest, ok := strings.CutPrefix(string(id), string(m.id))
	if !ok {
		return false
	}
	rest, ok = strings.CutPrefix(rest, offerPrefix)
	return ok && rest == string(number)
}

func (m *checker) checkFrameworkTasks(b *frameworkBooks) error {
	f := b.f
	for i := range b.tasks {
		id, t := b.tasks[i].Key, b.tasks[i].Value
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
	if err := m.checkParked(f); err != nil {
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

// checkParked sees that the tasks that wait for their agent have one that is not here.
func (m *checker) checkParked(f *framework) error {
	if f.unreachable.len() == 0 {
		return nil
	}
	for id, t := range f.unreachable.all {
		if t.ID != id || m.agents[t.Agent] != nil {
			return corrupt("unreachable tasks: %s is parked under %s, its agent is registered: %t", t, id, m.agents[t.Agent] != nil)
		}
	}
	return nil
}

// checkPlaces counts anew where frameworks have something.
func (m *checker) checkPlaces() error {
	places := 0
	for i := range m.registered {
		b := &m.registered[i]
		for _, f := range b.owners {
			m.tenants[f.row].here++
		}
		for _, f := range b.owners {
			here := &m.tenants[f.row].here
			if *here == 0 {
				continue // seen to
			}
			if counted := f.placed[b.a.info.ID]; counted != *here {
				return corrupt("places of framework %s: counted %d on agent %s, recomputed %d", f.info.ID, counted, b.a.info.ID, *here)
			}
			*here = 0
			places++
		}
	}
	for i := range m.tenants {
		places -= len(m.tenants[i].f.placed)
	}
	if places != 0 {
		return corrupt("places of frameworks: %d more recomputed than counted", places)
	}
	return nil
}

func (m *checker) checkLinks() error {
	for i := range m.up {
		id, l := m.up[i].Key, m.up[i].Value
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
	var orphans map[offer.FrameworkID]int // mostly there are none
	for i := range m.registered {
		b := &m.registered[i]
		a := b.a
		if err := boundOf("operations of agent", string(a.info.ID), len(a.ops), m.cfg.Bounds.PendingOperations); err != nil {
			return err
		}
		for _, e := range b.ops {
			o := e.Value
			f, id := m.frameworks[o.Framework], o.Status.Operation
			switch {
			case o.UUID != e.Key || o.Status.Agent != a.info.ID:
				return corrupt("operations: %s is filed wrongly at agent %s", id, a.info.ID)
			case o.alone.isSet() != (f == nil && !o.ours):
				return corrupt("operations: %s of %s, which is known: %t, adopted: %t, waits: %t", id, o.Framework, f != nil, o.ours, o.alone.isSet())
			case o.named && (f == nil || f.ops[id] != o):
				return corrupt("operations: %s is not among those of %s", id, o.Framework)
			case o.alone.isSet():
				if orphans == nil {
					orphans = map[offer.FrameworkID]int{}
				}
				orphans[o.Framework]++
			case o.named:
				m.tenants[f.row].named++
			}
		}
	}
	if !maps.Equal(orphans, m.orphans) {
		return corrupt("orphan operations: counted %v, recomputed %v", m.orphans, orphans)
	}
	for i := range m.tenants {
		if b := &m.tenants[i]; len(b.f.ops) != b.named {
			return corrupt("operations of framework %s: it has %d, agents have %d", b.id, len(b.f.ops), b.named)
		}
	}
	return nil
}

func (m *checker) checkRoles() error {
	clear(m.roleCount)
	for i := range m.tenants {
		for _, r := range m.tenants[i].f.info.Roles {
			m.roleCount[r]++
		}
	}
	if !maps.Equal(m.roleCount, m.roles) {
		return corrupt("roles: counted %v, recomputed %v", m.roles, m.roleCount)
	}
	return bound("roles", len(m.roles), m.cfg.Bounds.Roles)
}

// checkAlarms sees that the heap holds just the alarms that are set.
func (m *checker) checkAlarms() error {
	set := 0
	for i := range m.registered {
		b := &m.registered[i]
		set += isSet(&b.a.ping) + isSet(&b.a.reregister)
		for _, e := range b.ops {
			set += isSet(&e.Value.alone)
		}
	}
	for i := range m.tenants {
		f := m.tenants[i].f
		set += isSet(&f.heartbeat) + isSet(&f.failover)
	}
	for _, e := range m.open {
		set += isSet(&e.Value.beat)
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
	for i := range m.registered {
		if err := m.isOnly(m.registered[i].id, "registered", true); err != nil {
			return err
		}
	}
	for _, e := range m.absent {
		if err := m.isOnly(e.Key, "recovered", false); err != nil {
			return err
		}
		if e.Value.Info.ID != e.Key {
			return corrupt("recovered agents: %s is filed under %s", e.Value.Info.ID, e.Key)
		}
	}
	if m.unreachable.len() > 0 && m.gone.len() > 0 {
		for id := range m.unreachable.all {
			if m.gone.has(id) {
				return corrupt("agent %s is unreachable and gone", id)
			}
		}
	}
	if len(m.recovered) > 0 && !m.sweep.isSet() && len(m.removals.queue)+len(m.moving) == 0 {
		return corrupt("recovered agents: %d, and nobody waits for them", len(m.recovered))
	}
	return bound("gone agents", m.gone.len(), m.cfg.Bounds.GoneAgents)
}

// isOnly sees that an agent is not among those that are recovered, if that is asked, unreachable or gone.
func (m *checker) isOnly(id offer.AgentID, where string, recovered bool) error {
	if recovered && len(m.recovered) > 0 {
		if _, too := m.recovered[id]; too {
			return corrupt("agent %s is %s and recovered", id, where)
		}
	}
	switch {
	case m.unreachable.len() > 0 && m.unreachable.has(id):
		return corrupt("agent %s is %s and unreachable", id, where)
	case m.gone.len() > 0 && m.gone.has(id):
		return corrupt("agent %s is %s and gone", id, where)
	}
	return nil
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
	for i := range m.up {
		k := m.up[i].Value
		if k.waiting {
			waiting++
		} else if len(k.held) > 0 || k.gone {
			return corrupt("links: %d waits for nothing, holds %d messages, gone %t", m.up[i].Key, len(k.held), k.gone)
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
	if len(m) <= 1 {
		return maps.All(m)
	}
	return func(yield func(K, V) bool) {
		for _, k := range keysInOrder(m, cmp.Compare[K]) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
