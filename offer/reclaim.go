package offer

import (
	"cmp"
	"slices"

	"github.com/proffer-go/proffer/resource"
)

// Reclaim is what to take back so that others get what is theirs: pure data, which the embedder turns into inverse offers
// or kills (docs/allocation.md §8, row 5).
type Reclaim struct {
	// Give lists what to give back, sorted by framework, role and agent.
	Give []GiveBack
	// Short is what would still be missing then: nobody else is above what it is entitled to.
	Short resource.Quantities
}

// GiveBack is a part of what a framework uses on an agent: unreserved scalars that are not revocable.
type GiveBack struct {
	Allocation
	Resources resource.Quantities
}

// ReclaimGuarantees computes what must be given back so that every guarantee that is not met finds enough that is free, and
// room under every limit on its way up. It takes unreserved scalars only, only from agents that can be offered and are not
// used beyond their total, and never so much that another guarantee would need more than before. What is out in offers is
// left alone: it comes back by itself.
//
// What is listed is minimal: of each name exactly what is missing, so no entry can be left out or lowered without a
// guarantee being short again, but for names that are taken in whole units (Rules.Integral), which are rounded up. What is
// missing is taken from the roles with the largest weighted share first, there from the framework with the largest share,
// and from its largest uses first, so that few are asked. Quantities are compared over the cluster, as headroom is: where
// it comes free may not suit a framework's constraints or tasks.
func (a *Allocator) ReclaimGuarantees() Reclaim {
	f := a.Fork()
	p := &plan{a: f, uses: f.reclaimable(), taken: make(map[*use]*vec)}
	var short vec
	for i := range f.names.len() {
		for _, top := range f.root.children {
			p.makeRoom(top, i, &short)
		}
		if missing := f.root.childNeed.Get(i) - f.placeable.Get(i); missing > 0 {
			short.Set(i, short.Get(i)+p.take(f.root, i, missing))
		}
	}
	return p.result(&short)
}

// plan is a Reclaim in the making, on a fork whose books follow it.
type plan struct {
	a     *Allocator
	uses  []*use // in the order in which they are asked
	taken map[*use]*vec
}

// reclaimable lists the uses that something may be taken from, those who have most first.
func (a *Allocator) reclaimable() []*use {
	var list []*use
	for _, g := range a.agents {
		if g == nil || g.over || !a.offerable(g) {
			continue
		}
		for _, u := range g.uses {
			if !u.b.unres.IsZero() {
				list = append(list, u)
			}
		}
	}
	ofRole, ofClient := make(map[*node]float64), make(map[*client]float64)
	for _, u := range list {
		n := u.client.role
		ofRole[n] = a.treeShareOf(n)
		ofClient[u.client] = a.dominantOf(&u.client.held)
	}
	slices.SortFunc(list, func(x, y *use) int {
		return cmp.Or(
			cmp.Compare(ofRole[y.client.role], ofRole[x.client.role]), cmp.Compare(x.client.role.name, y.client.role.name),
			cmp.Compare(ofClient[y.client], ofClient[x.client]), cmp.Compare(x.client.framework.id, y.client.framework.id),
			cmp.Compare(a.dominant(&y.b.unres), a.dominant(&x.b.unres)), cmp.Compare(x.agent.id, y.agent.id),
		)
	})
	return list
}

// makeRoom takes back what stands between the needs of name i in n's subtree and the limits there, from below upwards.
func (p *plan) makeRoom(n *node, i int, short *vec) {
	for _, child := range n.children {
		p.makeRoom(child, i, short)
	}
	if missing := n.need.Get(i) - n.room(i); missing > 0 && n.need.Get(i) > 0 {
		short.Set(i, short.Get(i)+p.take(n, i, missing))
	}
}

// take takes q of name i from uses below top, as far as no role below it would need more; it returns what it did not get.
func (p *plan) take(top *node, i int, q int64) int64 {
	for _, u := range p.uses {
		if q <= 0 {
			break
		}
		if top != p.a.root && !u.client.role.within(top) {
			continue
		}
		spare := p.spare(u, top, i)
		got := p.whole(i, min(q, spare), spare)
		if got > 0 {
			p.give(u, i, got)
			q -= got
		}
	}
	return max(q, 0)
}

// spare is how much of name i a use can give back without a role between it and top needing more.
func (p *plan) spare(u *use, top *node, i int) int64 {
	spare := p.left(u, i)
	for n := u.client.role; n != top; n = n.parent {
		spare = min(spare, n.need.Get(i)-(n.guarantee.Get(i)-n.consumed(i)))
	}
	return max(spare, 0)
}

// left is what of name i the plan has left to a use.
func (p *plan) left(u *use, i int) int64 {
	q := u.b.unres.Get(i)
	if t := p.taken[u]; t != nil {
		q -= t.Get(i)
	}
	return q
}

// whole rounds q of an integral name up to a unit, or down where there is no more.
func (p *plan) whole(i int, q, most int64) int64 {
	if rest := q % 1000; rest > 0 && p.a.whole[p.a.names.list[i]] {
		if q += 1000 - rest; q > most {
			q -= 1000
		}
	}
	return q
}

// give books q of name i as given back.
func (p *plan) give(u *use, i int, q int64) {
	t := p.taken[u]
	if t == nil {
		t = new(vec)
		p.taken[u] = t
	}
	t.Set(i, t.Get(i)+q)
	p.move(u.client.role, i, -q)
}

// move lets role r hold q of name i more, in the sums that needs, rooms and shares are made of.
func (p *plan) move(r *node, i int, q int64) {
	a := p.a
	a.placeable.Set(i, a.placeable.Get(i)-q)
	r.held.Set(i, r.held.Get(i)+q)
	for n := r; n != a.root; n = n.parent {
		n.unres.Set(i, n.unres.Get(i)+q)
	}
	a.renewNeed(r)
}

// result lists what was taken.
func (p *plan) result(short *vec) Reclaim {
	r := Reclaim{Short: p.a.names.quantities(short)}
	for _, u := range p.uses {
		if t := p.taken[u]; t != nil && !t.IsZero() {
			al := Allocation{Framework: u.client.framework.id, Role: u.client.role.name, Agent: u.agent.id}
			r.Give = append(r.Give, GiveBack{al, p.a.names.quantities(t)})
		}
	}
	slices.SortFunc(r.Give, func(x, y GiveBack) int {
		return cmp.Or(cmp.Compare(x.Framework, y.Framework), cmp.Compare(x.Role, y.Role), cmp.Compare(x.Agent, y.Agent))
	})
	return r
}
