package offer

import (
	"maps"
	"slices"
)

// Fork returns an independent allocator of equal state: given equal calls, the two make equal offers. It costs a copy of
// the books; resource sets are shared, as they never change.
func (a *Allocator) Fork() *Allocator {
	b := *a
	b.totals, b.capacity, b.allocated = a.totals.Clone(), a.capacity.Clone(), a.allocated.Clone()
	b.revFree, b.placeable = a.revFree.Clone(), a.placeable.Clone()
	b.copies, b.late = a.copies.Clone(), a.late.Clone()
	b.names = names{index: maps.Clone(a.names.index), list: slices.Clone(a.names.list), spare: slices.Clone(a.names.spare)}
	b.agentAt, b.fwAt, b.roleAt = maps.Clone(a.agentAt), maps.Clone(a.fwAt), maps.Clone(a.roleAt)
	b.gens, b.forgiven = slices.Clone(a.gens), slices.Clone(a.forgiven)
	b.spareAgents, b.spareFws = slices.Clone(a.spareAgents), slices.Clone(a.spareFws)
	b.spareClients, b.spareRoles = slices.Clone(a.spareClients), slices.Clone(a.spareRoles)
	b.rescinds = slices.Clone(a.rescinds)
	b.inverse.unasked = slices.Clone(a.inverse.unasked)
	b.order = a.order.Clone()
	b.pool = b.newPool(&b.totals)
	b.spare, b.checks = nil, nil

	f := forker{from: a, to: &b}
	f.blank()
	f.roles()
	f.clients()
	f.agents()
	f.offers()
	b.sched.list = f.agentsOf(a.sched.list)
	b.inverse.kept = f.agentsOf(a.inverse.kept)
	b.sched.fresh = f.clientsOf(a.sched.fresh)
	b.listedSet = slices.Clone(a.listedSet)
	b.capped, b.eager = f.clientsOf(a.capped), f.clientsOf(a.eager)
	b.kept, b.hinted = f.clientsOf(a.kept), f.clientsOf(a.hinted)
	b.expiries.list = f.agentsOf(a.expiries.list)
	b.open = f.agentsOf(a.open)
	b.firstClaim, b.lastClaim = f.claimer(a.firstClaim), f.claimer(a.lastClaim)
	b.figures.heldAgents = slices.Clone(a.figures.heldAgents)
	b.figures.longest, b.figures.shortest = f.client(a.figures.longest), f.client(a.figures.shortest)
	b.cycle = cycle{}
	b.cycle.bind(&b)
	return &b
}

// forker copies records one by one: references between them go by index.
type forker struct{ from, to *Allocator }

// blank makes an empty record for every one there is.
func (f forker) blank() {
	f.to.agents, f.to.fws = blanks(f.from.agents), blanks(f.from.fws)
	f.to.clients, f.to.roles = blanks(f.from.clients), blanks(f.from.roles)
}

func blanks[T any](list []*T) []*T {
	made := make([]*T, len(list))
	for i, x := range list {
		if x != nil {
			made[i] = new(T)
		}
	}
	return made
}

// copied is a copy of what p points at; nil for nil.
func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

func (f forker) node(n *node) *node {
	if n == f.from.root {
		return f.to.root
	}
	return f.to.roles[n.index]
}

func (f forker) claim(c *claim) *claim {
	made := copied(c)
	if made != nil {
		made.kept, made.childKept = c.kept.clone(), c.childKept.clone()
		made.before, made.after = f.claimer(c.before), f.claimer(c.after)
	}
	return made
}

func (f forker) claimer(n *node) *node {
	if n == nil {
		return nil
	}
	return f.to.roles[n.index]
}

func (f forker) roles() {
	root := *f.from.root
	f.to.root = &root
	f.children(&root)
	root.childNeed, root.claim = root.childNeed.clone(), f.claim(root.claim)
	for i, n := range f.from.roles {
		if n == nil {
			continue
		}
		m := f.to.roles[i]
		*m = *n
		m.parent = f.node(n.parent)
		f.children(m)
		m.clients, m.spare = f.clientsOf(n.clients), slices.Clone(n.spare)
		if n.order != nil {
			m.order = n.order.Clone()
		}
		m.held, m.unres = n.held.Clone(), n.unres.Clone()
		for _, b := range m.books() {
			*b = b.clone()
		}
		m.claim = f.claim(n.claim)
	}
}

func (f forker) children(m *node) {
	m.children = slices.Clone(m.children)
	for i, child := range m.children {
		m.children[i] = f.to.roles[child.index]
	}
}

func (f forker) clients() {
	for i, old := range f.from.fws {
		if old == nil {
			continue
		}
		w := f.to.fws[i]
		*w = *old
		w.clients, w.late = f.clientsOf(old.clients), f.agentsOf(old.late)
	}
	for i, old := range f.from.clients {
		if old == nil {
			continue
		}
		c := f.to.clients[i]
		*c = *old
		c.framework, c.role = f.to.fws[old.framework.index], f.node(old.role)
		c.held, c.offered = old.held.Clone(), old.offered.Clone()
		c.figures.before, c.figures.after = f.client(old.figures.before), f.client(old.figures.after)
		c.figures.whyNot = copied(old.figures.whyNot)
		c.constraints = old.constraints.fork()
		if c.keep = copied(old.keep); c.keep != nil {
			c.keep.agent, c.keep.room = f.agent(old.keep.agent), nil
		}
		c.offers = make([]*offer, len(old.offers))
		if c.uses = nil; len(old.uses) > 0 {
			c.uses = make(map[int32]*use, len(old.uses))
		}
	}
}

func (f forker) client(c *client) *client {
	if c == nil {
		return nil
	}
	return f.to.clients[c.index]
}

func (f forker) agent(g *agent) *agent {
	if g == nil {
		return nil
	}
	return f.to.agents[g.index]
}

func (f forker) clientsOf(list []*client) []*client {
	made := slices.Clone(list)
	for i, c := range made {
		if c != nil {
			made[i] = f.to.clients[c.index]
		}
	}
	return made
}

func (f forker) agents() {
	for i, old := range f.from.agents {
		if old == nil {
			continue
		}
		g := f.to.agents[i]
		*g = *old
		g.judged = false
		g.keptFor = f.client(old.keptFor)
		g.upkeep = old.upkeep.fork()
		g.offers = make([]*offer, len(old.offers))
		g.uses = make([]*use, len(old.uses))
		for at, u := range old.uses {
			v := copied(u)
			v.client, v.agent = f.to.clients[u.client.index], g
			g.uses[at] = v
			v.client.uses[g.index] = v
		}
		g.refusals, g.refusers = slices.Clone(old.refusals), slices.Clone(old.refusers)
		g.heldBack = slices.Clone(old.heldBack)
		g.noted.bits = slices.Clone(old.noted.bits)
		g.turns.bits, g.streaks = slices.Clone(old.turns.bits), slices.Clone(old.streaks)
		g.seldom = f.seldom(old.seldom)
	}
}

func (f forker) seldom(s *seldom) *seldom {
	if s == nil {
		return nil
	}
	made := &seldom{late: slices.Clone(s.late), shared: slices.Clone(s.shared)}
	for i := range made.shared {
		made.shared[i].client = f.to.clients[made.shared[i].client.index]
	}
	return made
}

// agentsOf leaves out agents that were removed since they were listed.
func (f forker) agentsOf(list []*agent) []*agent {
	made := make([]*agent, 0, len(list))
	for _, g := range list {
		if f.from.agents[g.index] == g {
			made = append(made, f.to.agents[g.index])
		}
	}
	return made
}

func (f forker) offers() {
	f.to.offers = newOfferTable()
	f.to.firstOut, f.to.lastOut = nil, nil
	for old := f.from.firstOut; old != nil; old = old.next {
		o := *old
		o.client, o.agent = f.to.clients[old.client.index], f.to.agents[old.agent.index]
		o.client.offers[o.inClient], o.agent.offers[o.inAgent] = &o, &o
		o.prev, o.next = f.to.lastOut, nil
		if o.prev != nil {
			o.prev.next = &o
		} else {
			f.to.firstOut = &o
		}
		f.to.lastOut = &o
		f.to.offers.put(&o)
	}
}
