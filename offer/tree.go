package offer

import (
	"cmp"
	"math"
	"math/bits"

	"github.com/proffer-go/proffer/resource"
)

// This file is quota over the whole tree of roles (docs/allocation.md §2.8). Quantities are thousandths of one name.

// consumed is what n's subtree takes of name i from its quota.
func (n *node) consumed(i int) int64 { return n.reserved.Get(i) + n.unres.Get(i) }

// room is how much more of name i n's own limit lets its subtree take; a negative result means that it is over.
func (n *node) room(i int) int64 {
	most, limited := n.limit.of(i)
	if !limited {
		return math.MaxInt64 / 2
	}
	return most - n.consumed(i)
}

// refreshNeed recomputes need from n up to the root after consumption, a guarantee or a child of n changed.
func (a *Allocator) refreshNeed(n *node) {
	if a.quota.Len() > 0 {
		a.renewNeed(n)
	}
}

// renewNeed is refreshNeed for when quota itself changes.
func (a *Allocator) renewNeed(n *node) {
	for ; n != a.root; n = n.parent {
		a.refreshBlocked(n)
		a.requota(n)
		a.renewKept(n)
		for i := range a.names.len() {
			need := max(n.guarantee.Get(i)-n.consumed(i), n.childNeed.Get(i), 0)
			if old := n.need.Get(i); need != old {
				n.need.Set(i, need)
				n.parent.childNeed.Set(i, n.parent.childNeed.Get(i)+need-old)
			}
		}
	}
}

// entitlement is how much of name i a client of n may take whatever the headroom: need, as it flows down from the top.
func (a *Allocator) entitlement(n *node, i int) int64 {
	sure := a.flow(n, i) - n.childNeed.Get(i)
	for up := n; up != a.root; up = up.parent {
		sure = min(sure, up.room(i)) // a guarantee may be set below a role that is at its limit already
	}
	return max(sure, 0)
}

func (a *Allocator) flow(n *node, i int) int64 {
	need := n.need.Get(i)
	if n.parent != a.root {
		others := n.parent.childNeed.Get(i) - need
		need = max(need, a.flow(n.parent, i)-others)
	}
	return max(min(need, n.room(i)), 0)
}

// ceilingOf is how much of name i, guaranteed part included, a client of n may take so that every role on the way up stays
// within its limit and keeps room for the needs beside the way.
func (a *Allocator) ceilingOf(n *node, i int) int64 {
	least, beside := int64(math.MaxInt64/2), n.childNeed.Get(i)
	for ; n != a.root; n = n.parent {
		least = min(least, n.room(i)-beside)
		beside += n.parent.childNeed.Get(i) - n.need.Get(i)
	}
	return max(least, 0)
}

// surplus is how much of name i may be taken without endangering a guarantee.
func (a *Allocator) surplus(i int) int64 {
	return max(a.placeable.Get(i)-a.required().Get(i), 0)
}

// guaranteedOf reports whether n or a role above it has a guarantee for name i.
func (a *Allocator) guaranteedOf(n *node, i int) bool {
	for ; n != a.root; n = n.parent {
		if n.guarantee.Get(i) > 0 {
			return true
		}
	}
	return false
}

// portion is what a client may have of the unreserved scalars of an agent.
type portion struct {
	target, sure vec
	cut          bool
	gate         Gate // that cut: GateLimit or GateHeadroom
}

// treePortion is the guaranteed part and, up to limits and surplus, the rest.
func (a *Allocator) treePortion(n *node, b *bundle) portion {
	var p portion
	for i := range b.unres.Len() {
		q := b.unres.Get(i)
		if q == 0 {
			continue
		}
		sure := min(q, a.entitlement(n, i))
		rest := q - sure
		if within := max(a.ceilingOf(n, i)-sure, 0); within < rest {
			rest = within
			p.cutBy(GateLimit)
		}
		if !a.required().IsZero() {
			if within := a.surplusBeside(n, i, sure); within < rest {
				rest = within
				p.cutBy(GateHeadroom)
				a.cycle.holdBack(i)
			}
		}
		p.sure.Set(i, sure)
		p.target.Set(i, sure+rest)
	}
	return p
}

// surplusBeside is the surplus of name i that is left once a client of n was handed out the guaranteed part sure. A guarantee
// that holds anything back requires as much less then, so that the surplus is the same; one that expired does not.
func (a *Allocator) surplusBeside(n *node, i int, sure int64) int64 {
	if sure == 0 || a.rules.HeadroomExpiry <= 0 {
		return a.surplus(i)
	}
	return max(a.placeable.Get(i)-sure-(a.required().Get(i)-a.released(n, i, sure)), 0)
}

// cutBy notes what cut; of several gates the first in the order of docs/allocation.md §2.3 is told.
func (p *portion) cutBy(g Gate) {
	p.cut = true
	if p.gate == 0 || g < p.gate {
		p.gate = g
	}
}

// treeShare is the second stage: reservations, ranges, sets and revocable resources whole, and the portion.
func (a *Allocator) treeShare(n *node, b *bundle) verdict {
	p := a.treePortion(n, b)
	if !p.cut {
		return verdict{b: b, sure: p.sure}
	}
	if b.kinds == 0 && p.target.IsZero() {
		return verdict{b: a.nothing, cutBy: p.gate}
	}
	cut := a.shrink(b.res.Filter(rationed), &p.target)
	got := a.bundle(b.res.Filter(func(e resource.Resource) bool { return !rationed(e) }).Add(cut))
	return verdict{b: got, sure: p.sure, cutBy: p.gate}
}

// treeGuarantee is the first stage: the guaranteed part, all reservations the role may have, and riders.
func (a *Allocator) treeGuarantee(n *node, b *bundle) verdict {
	if !a.rules.GuaranteeFirst {
		v := a.treeShare(n, b)
		if v.gate == 0 && v.sure.IsZero() {
			return verdict{gate: GateStage}
		}
		return v
	}
	p := a.treePortion(n, b)
	part, whole := ratio(&p.sure, &b.unres)
	if part == 0 {
		return verdict{gate: GateStage}
	}
	for i := range b.unres.Len() {
		q := b.unres.Get(i)
		if q == 0 {
			continue
		}
		rider := p.sure.Get(i)
		if !a.guaranteedOf(n, i) {
			rider = min(p.target.Get(i), mulDiv(q, part, whole))
		}
		p.target.Set(i, rider)
	}
	got := a.shrink(b.res.Filter(rationed), &p.target)
	got = got.Add(b.res.Filter(func(e resource.Resource) bool { return len(e.Reservations) > 0 }))
	if b.is(hasOther) {
		got = got.Add(a.prefix(b.res, part, whole))
	}
	v := verdict{b: a.bundle(got), sure: p.sure}
	if lowestGot := lowest(&p.sure, &v.b.unres); lowestGot.IsZero() {
		return verdict{gate: GateStage}
	}
	return v
}

// rationed reports whether quota rations e: an unreserved, non-revocable scalar.
func rationed(e resource.Resource) bool {
	return e.Kind == resource.KindScalar && len(e.Reservations) == 0 && !e.Revocable
}

// ratio is the largest fraction of a name of all that part holds of it.
func ratio(part, all *vec) (num, den int64) {
	num, den = 0, 1
	for i := range part.Len() {
		p, q := part.Get(i), all.Get(i)
		if p > 0 && q > 0 && lessFraction(num, den, p, q) {
			num, den = p, q
		}
	}
	return num, den
}

// lessFraction reports a/b < c/d for numbers that are not negative.
func lessFraction(a, b, c, d int64) bool {
	h1, l1 := bits.Mul64(uint64(a), uint64(d))
	h2, l2 := bits.Mul64(uint64(c), uint64(b))
	return h1 < h2 || h1 == h2 && l1 < l2
}

// mulDiv is q·part/whole, rounded down; part ≤ whole.
func mulDiv(q, part, whole int64) int64 {
	h, l := bits.Mul64(uint64(q), uint64(part))
	r, _ := bits.Div64(h, l, uint64(whole))
	return int64(r)
}

// prefix is the first part/whole of every unreserved range and set of r.
func (a *Allocator) prefix(r resource.Resources, part, whole int64) resource.Resources {
	var got resource.Resources
	for e := range r.Items() {
		if !e.IsReserved() && !e.IsRevocable() {
			got = got.Add(firstMembers(e, -1, part, whole))
		}
	}
	return got
}

// shrink cuts r to at most target, integral names to whole units, taking pieces in the configured order. Whatever is offered
// of a part of an agent's scalars goes through here.
func (a *Allocator) shrink(r resource.Resources, target *vec) resource.Resources {
	return r.ShrinkTo(a.names.quantities(a.inUnits(r, target)), a.pieceOrder())
}

// inUnits is target with integral names rounded down to whole units, but for those of which r has no more than that.
func (a *Allocator) inUnits(r resource.Resources, target *vec) *vec {
	for _, name := range a.rules.Integral {
		i, known := a.names.index[name]
		if !known || target.Get(i)%1000 == 0 {
			continue
		}
		if has, _ := r.Scalar(name); target.Get(i) < int64(has) {
			rounded := target.Clone()
			rounded.Set(i, target.Get(i)-target.Get(i)%1000)
			target = &rounded
		}
	}
	return target
}

func (a *Allocator) pieceOrder() func(x, y resource.Resource) int {
	if a.cfg.PieceOrder == OrderByName {
		return func(x, y resource.Resource) int { return cmp.Compare(x.String(), y.String()) }
	}
	return largestWholeFirst
}

// largestWholeFirst puts the pieces that cannot be divided first, the largest of them first.
func largestWholeFirst(x, y resource.Resource) int {
	switch wx, wy := indivisible(x), indivisible(y); {
	case wx && !wy:
		return -1
	case wy && !wx:
		return 1
	case wx && x.Scalar != y.Scalar:
		return cmp.Compare(y.Scalar, x.Scalar)
	}
	return 0
}

// indivisible reports whether e is offered whole or not at all (docs/resource-model.md §3.4).
func indivisible(e resource.Resource) bool {
	if e.Disk == nil {
		return false
	}
	if e.Disk.Persistence != nil {
		return true
	}
	src := e.Disk.Source
	return src != nil && (src.Type == resource.SourceMount || src.Type == resource.SourceBlock ||
		src.Type == resource.SourceRaw && src.ID != "")
}
