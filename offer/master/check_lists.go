package master

import (
	"cmp"

	"github.com/proffer-go/proffer/internal/scratch"
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// checker is one Check: a machine, and lists of what is in its books, made once for all that goes through them. The lists'
// memory is used again by the next Check.
type checker struct {
	*Machine
	ordered    bool // the lists are in the order of their keys, else as maps give them
	asked      int  // inverse offers that are out by the allocator's books
	registered []agentBooks
	tenants    []frameworkBooks
	up         []scratch.Entry[msg.Link, *link]
	open       []scratch.Entry[uint64, *stream]
	absent     []scratch.Entry[offer.AgentID, registry.Agent] // recovered
	roleCount  map[role.Name]int
	sum        resource.Sum // of what is at hand

	agentsByID     []scratch.Entry[offer.AgentID, *agent]
	frameworksByID []scratch.Entry[offer.FrameworkID, *framework]
}

// agentBooks are the books of a registered agent.
type agentBooks struct {
	id        offer.AgentID
	a         *agent
	tasks     []scratch.Entry[taskKey, *task]
	executors []scratch.Entry[executorKey, *executor]
	ops       []scratch.Entry[msg.UUID, *operation]
	owners    []*framework // of the tasks, then of the executors; checkAgentTasks finds them
	offered   resources    // by frameworks' offers
}

// frameworkBooks are the books of a framework.
type frameworkBooks struct {
	id     offer.FrameworkID
	f      *framework
	tasks  []scratch.Entry[msg.TaskID, *task]
	offers []scratch.Entry[offer.OfferID, msg.Offer]
	asks   []scratch.Entry[offer.OfferID, msg.InverseOffer]
	here   int // of its tasks and executors on the agent at hand
	named  int // of its operations, at all agents
}

// list lists everything anew.
func (m *checker) list(ordered bool) {
	m.ordered, m.asked = ordered, 0
	m.up = scratch.Entries(m.up, m.links, ordered, cmp.Compare[msg.Link])
	m.open = scratch.Entries(m.open, m.streams, ordered, cmp.Compare[uint64])
	m.absent = scratch.Entries(m.absent, m.recovered, ordered, cmp.Compare[offer.AgentID])
	m.agentsByID = scratch.Entries(m.agentsByID, m.agents, ordered, cmp.Compare[offer.AgentID])
	m.registered = scratch.Sized(m.registered, len(m.agentsByID))
	for i, e := range m.agentsByID {
		e.Value.row = i
		m.listAgent(&m.registered[i], e.Key, e.Value)
	}
	m.frameworksByID = scratch.Entries(m.frameworksByID, m.frameworks, ordered, cmp.Compare[offer.FrameworkID])
	m.tenants = scratch.Sized(m.tenants, len(m.frameworksByID))
	for i, e := range m.frameworksByID {
		e.Value.row = i
		m.listFramework(&m.tenants[i], e.Key, e.Value)
	}
}

func (m *checker) listAgent(b *agentBooks, id offer.AgentID, a *agent) {
	b.id, b.a, b.owners = id, a, b.owners[:0]
	if !b.offered.IsEmpty() {
		b.offered = resources{}
	}
	b.tasks = scratch.Entries(b.tasks, a.tasks, m.ordered, taskKey.compare)
	b.executors = scratch.Entries(b.executors, a.executors, m.ordered, executorKey.compare)
	b.ops = scratch.Entries(b.ops, a.ops, m.ordered, compareUUIDs)
}

func (m *checker) listFramework(b *frameworkBooks, id offer.FrameworkID, f *framework) {
	b.id, b.f, b.here, b.named = id, f, 0, 0
	b.tasks = scratch.Entries(b.tasks, f.tasks, m.ordered, cmp.Compare[msg.TaskID])
	b.offers = scratch.Entries(b.offers, f.offers, m.ordered, cmp.Compare[offer.OfferID])
	b.asks = scratch.Entries(b.asks, f.asks, m.ordered, cmp.Compare[offer.OfferID])
	for i := range b.offers {
		o := &b.offers[i].Value
		if a := m.agents[o.Agent]; a != nil {
			sum := &m.registered[a.row].offered
			*sum = sum.Add(o.Resources)
		}
	}
}

// fewTenants is how many frameworks are looked through for one of them; among more, the map finds it sooner.
const fewTenants = 6

// tenant is the framework of an id, nil if there is none.
func (m *checker) tenant(id offer.FrameworkID) *framework {
	if len(m.tenants) > fewTenants {
		return m.frameworks[id]
	}
	for i := range m.tenants {
		if m.tenants[i].id == id {
			return m.tenants[i].f
		}
	}
	return nil
}
