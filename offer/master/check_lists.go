package master

import (
	"cmp"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/role"
)

// checker is one Check: a machine, and lists of what is in its books, made once for all that goes through them. The lists'
// memory is used again by the next Check.
type checker struct {
	*Machine
	ordered    bool // the lists are in the order of their keys, else as maps give them
	registered []agentBooks
	tenants    []frameworkBooks
	up         []entry[msg.Link, *link]
	open       []entry[uint64, *stream]
	absent     []entry[offer.AgentID, registry.Agent] // recovered
	roleCount  map[role.Name]int

	agentsByID     []entry[offer.AgentID, *agent]
	frameworksByID []entry[offer.FrameworkID, *framework]
}

// agentBooks are the books of a registered agent: ours and the allocator's.
type agentBooks struct {
	id        offer.AgentID
	a         *agent
	tasks     []entry[taskKey, *task]
	executors []entry[executorKey, *executor]
	ops       []entry[msg.UUID, *operation]
	owners    []*framework // of the tasks, then of the executors; checkAgentTasks finds them
	offered   resources    // by frameworks' offers
	known     bool         // to the allocator
	report    offer.AgentReport
	upkeep    offer.UnavailabilityReport
}

// frameworkBooks are the books of a framework.
type frameworkBooks struct {
	id     offer.FrameworkID
	f      *framework
	tasks  []entry[msg.TaskID, *task]
	offers []entry[offer.OfferID, msg.Offer]
	asks   []entry[offer.OfferID, msg.InverseOffer]
	here   int // of its tasks and executors on the agent at hand
	named  int // of its operations, at all agents
}

// list lists everything anew.
func (m *checker) list(ordered bool) {
	m.ordered = ordered
	m.up = entries(m.up, m.links, ordered, cmp.Compare[msg.Link])
	m.open = entries(m.open, m.streams, ordered, cmp.Compare[uint64])
	m.absent = entries(m.absent, m.recovered, ordered, cmp.Compare[offer.AgentID])
	m.agentsByID = entries(m.agentsByID, m.agents, ordered, cmp.Compare[offer.AgentID])
	m.registered = sized(m.registered, len(m.agentsByID))
	for i, e := range m.agentsByID {
		e.value.row = i
		m.listAgent(&m.registered[i], e.key, e.value)
	}
	m.frameworksByID = entries(m.frameworksByID, m.frameworks, ordered, cmp.Compare[offer.FrameworkID])
	m.tenants = sized(m.tenants, len(m.frameworksByID))
	for i, e := range m.frameworksByID {
		e.value.row = i
		m.listFramework(&m.tenants[i], e.key, e.value)
	}
}

func (m *checker) listAgent(b *agentBooks, id offer.AgentID, a *agent) {
	b.id, b.a, b.owners, b.offered = id, a, b.owners[:0], resources{}
	b.tasks = entries(b.tasks, a.tasks, m.ordered, taskKey.compare)
	b.executors = entries(b.executors, a.executors, m.ordered, executorKey.compare)
	b.ops = entries(b.ops, a.ops, m.ordered, compareUUIDs)
	b.report, b.known = m.alloc.Agent(id)
	b.upkeep, _ = m.alloc.Unavailability(id)
}

func (m *checker) listFramework(b *frameworkBooks, id offer.FrameworkID, f *framework) {
	b.id, b.f, b.here, b.named = id, f, 0, 0
	b.tasks = entries(b.tasks, f.tasks, m.ordered, cmp.Compare[msg.TaskID])
	b.offers = entries(b.offers, f.offers, m.ordered, cmp.Compare[offer.OfferID])
	b.asks = entries(b.asks, f.asks, m.ordered, cmp.Compare[offer.OfferID])
	for i := range b.offers {
		o := &b.offers[i].value
		if a := m.agents[o.Agent]; a != nil {
			sum := &m.registered[a.row].offered
			*sum = sum.Add(o.Resources)
		}
	}
}

// entry is what a map has under a key.
type entry[K, V any] struct {
	key   K
	value V
}

// entries lists what is in a map, in place of what list held: in the order of the keys, or as it comes.
func entries[K comparable, V any](list []entry[K, V], m map[K]V, ordered bool, compare func(a, b K) int) []entry[K, V] {
	before := list
	list = list[:0]
	if len(m) > 0 {
		maps.All(m)(func(key K, value V) bool {
			list = append(list, entry[K, V]{key, value})
			return true
		})
	}
	if len(list) < len(before) {
		clear(before[len(list):])
	}
	if ordered {
		slices.SortFunc(list, func(a, b entry[K, V]) int { return compare(a.key, b.key) })
	}
	return list
}

// sized is list with n elements; those that it had before are still there, for their memory.
func sized[T any](list []T, n int) []T {
	if n > cap(list) {
		list = append(list[:cap(list)], make([]T, n-cap(list))...)
	}
	return list[:n]
}
