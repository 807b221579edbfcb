package offer

import (
	"github.com/proffer-go/proffer/resource"
)

// offerable reports whether g is a candidate at all (docs/allocation.md §2.2).
func (a *Allocator) offerable(g *agent) bool {
	return g.active && (a.allowed == nil || a.allowed[g.hostname])
}

// place makes a change to whether g can be offered and keeps the headroom in step.
func (a *Allocator) place(g *agent, change func()) {
	a.addPlaceable(g, -1)
	change()
	a.addPlaceable(g, 1)
	a.reshaped(g)
}

func (a *Allocator) addPlaceable(g *agent, sign int) {
	if a.offerable(g) {
		addSigned(&a.placeable, &g.free.unres, sign)
	}
}

// setTotal replaces g's total in every sum of totals and reservations.
func (a *Allocator) setTotal(g *agent, total resource.Resources) {
	old := g.total
	g.total = a.bundleOfTotal(total)
	a.totals.Sub(&old.all)
	a.totals.Add(&g.total.all)
	a.addCapacity(old, -1)
	a.addCapacity(g.total, 1)
	a.namesMoved(old, g.total)
	a.version++
	a.pool.SetTotals(&a.totals)
	a.sharesMoved()
	must(a.order.SetTotals(&a.totals, a.version))
	if g.total.is(hasReserved) {
		a.reserve(g.total.res, 1)
	}
	if old.is(hasReserved) {
		a.reserve(old.res, -1)
	}
	a.weigh(g.total.res)
	g.scarce = g.total.whole.scarce
	a.reshaped(g)
}

func (a *Allocator) addCapacity(b *bundle, sign int) {
	addSigned(&a.capacity, &b.all, sign)
	if b.revocable != nil {
		addSigned(&a.capacity, b.revocable, -sign)
	}
}

// setFree replaces g's free part.
func (a *Allocator) setFree(g *agent, b *bundle) {
	a.addPlaceable(g, -1)
	if g.free.revocable != nil {
		a.revFree.Sub(g.free.revocable)
	}
	if len(g.heldBack) > 0 {
		a.unhold(g)
	}
	g.free = b
	a.list(g)
	a.addPlaceable(g, 1)
	if b.revocable != nil {
		a.revFree.Add(b.revocable)
	}
}

// list enters g among the agents with something free. Who has nothing left is struck off by the next run over all.
func (a *Allocator) list(g *agent) {
	if !g.open && !g.free.empty() {
		if len(a.open) > 2*len(a.agentAt)+1<<10 {
			a.allOpen()
		}
		g.open = true
		a.open = append(a.open, g)
	}
}

// allOpen returns the agents with something free.
func (a *Allocator) allOpen() []*agent {
	kept := a.open[:0]
	for _, g := range a.open {
		if g.open = !g.free.empty(); g.open {
			kept = append(kept, g)
		}
	}
	clear(a.open[len(kept):])
	a.open = kept
	return kept
}

// refill recomputes g's free part from its total and the ledger.
func (a *Allocator) refill(g *agent) {
	if len(g.offers)+len(g.uses)+len(g.rare().late) == 0 {
		g.over = false
		a.setFree(g, g.total)
		return
	}
	held, twice := g.held(nil)
	unshared := g.total.res.NonShared()
	g.over = twice > 0 || !unshared.Contains(held)
	a.setFree(g, a.bundle(unshared.SubSaturating(held).Add(g.total.res.Shared())))
}

// held sums what is offered, but for one offer, and used on g, shared volumes left out. twice counts the members of ranges and
// sets that are held more than once, as reported use may be: each for every time too many.
func (g *agent) held(but *offer) (sum resource.Resources, twice uint64) {
	var members uint64
	add := func(r resource.Resources) {
		r = r.NonShared()
		members += countMembers(r)
		sum = sum.Add(r)
	}
	for _, o := range g.offers {
		if o != but {
			add(o.b.res)
		}
	}
	for _, u := range g.uses {
		add(u.b.res)
	}
	for _, u := range g.rare().late {
		add(u.Resources)
	}
	return sum, members - countMembers(sum)
}

// countMembers counts the members of the ranges and sets of r.
func countMembers(r resource.Resources) (n uint64) {
	for e := range r.All() {
		switch e.Kind {
		case resource.KindRanges:
			n += e.Ranges.Size()
		case resource.KindSet:
			n += uint64(e.Set.Len())
		}
	}
	return n
}

// giveBack makes b, just taken from the ledger, free again on g.
func (a *Allocator) giveBack(g *agent, b *bundle) {
	switch {
	case g.over:
		a.refill(g)
	case g.free.empty() && !b.is(hasShared):
		a.setFree(g, b)
	case !b.is(hasShared):
		a.setFree(g, a.bundle(g.free.res.Add(b.res)))
	default:
		a.setFree(g, a.bundle(g.free.res.Add(b.res.NonShared())))
	}
	a.changed(g)
}

// takeFree takes b, which g's free part contains, out of it; shared volumes stay.
func (a *Allocator) takeFree(g *agent, b *bundle) {
	if b == g.free && !b.is(hasShared) {
		a.setFree(g, a.nothing)
		return
	}
	a.setFree(g, a.bundle(g.free.res.SubSaturating(b.res.NonShared())))
}

// hashText is FNV-1a of s, well mixed.
func hashText(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix64(h)
}

// mix64 spreads every bit of x over the result.
func mix64(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
