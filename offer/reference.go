package offer

import (
	"github.com/proffer-go/proffer/resource"
)

// This file is quota as the reference has it: of top-level roles, with sums over the whole cluster that are taken at the
// start of a run and kept up by its own rules (docs/allocation.md §2.4–§2.6).

// startReference takes the sums of this run.
func (a *Allocator) startReference() {
	if a.quota.Len() == 0 {
		return
	}
	cy := &a.cycle
	cy.required = vec{}
	for c := range a.quota.All() {
		n, ok := a.role(c.Role)
		if !ok {
			continue
		}
		spent := n.reserved.vec().Clone()
		unres := n.unres.View()
		spent.Add(&unres)
		n.spent.put(spent)
		if n.claimed().expired {
			continue
		}
		unsat := lessClamped(n.guarantee.vec(), n.spent.vec())
		cy.required.Add(&unsat)
	}
	cy.available = a.clusterHeadroom()
}

// clusterHeadroom is what is free, unreserved and not revocable, as the reference's sums have it.
func (a *Allocator) clusterHeadroom() vec {
	v := lessClamped(&a.totals, &a.allocated)
	reserved, taken := vec{}, vec{}
	for _, top := range a.root.children {
		reserved.Add(top.reserved.vec())
		taken.Add(top.taken.vec())
	}
	idle := lessClamped(&reserved, &taken)
	v = lessClamped(&v, &idle)
	return lessClamped(&v, &a.revFree)
}

// referenceGuarantee is the first stage.
func (a *Allocator) referenceGuarantee(n *node, b *bundle) verdict {
	cy := &a.cycle
	unsat := lessClamped(n.guarantee.vec(), n.spent.vec())
	if unsat.IsZero() {
		return verdict{gate: GateStage}
	}
	ration := b.res.Filter(rationed)
	sure := a.shrink(ration, &unsat)
	if sure.IsEmpty() {
		return verdict{gate: GateStage}
	}
	var v verdict
	v.sure = a.bundle(sure).unres
	extra := ration.SubSaturating(sure)
	spent := n.spent.vec().Clone()
	spent.Add(&v.sure)
	extra = a.shrinkToLimit(extra, n, &spent)
	if !cy.required.IsZero() {
		surplus := lessClamped(&cy.available, &cy.required)
		extra = a.shrink(extra, &surplus)
	}
	v.extra = a.bundle(extra).unres
	own := b.res.Filter(func(e resource.Resource) bool {
		return e.Kind != resource.KindScalar || e.Revocable || e.Owner() == n.name
	})
	v.b = a.bundle(own.Add(sure).Add(extra))
	return v
}

// referenceShare is the second stage.
func (a *Allocator) referenceShare(n *node, b *bundle) verdict {
	cy := &a.cycle
	if cy.required.IsZero() && !n.limitCuts(&b.unres) {
		return verdict{b: b, extra: b.unres}
	}
	gate := Gate(0)
	ration := b.res.Filter(rationed)
	got := a.shrinkToLimit(ration, n, n.spent.vec())
	if !got.Equal(ration) {
		gate = GateLimit
	}
	if !cy.required.IsZero() {
		surplus := lessClamped(&cy.available, &cy.required)
		if !surplus.Contains(&b.unres) {
			before := got
			if got = a.shrink(got, &surplus); !got.Equal(before) {
				gate = GateHeadroom // the first of the two in the order of the gates
			}
			cy.holdBackBeyond(&surplus, &b.unres)
		}
	}
	if gate == 0 {
		return verdict{b: b, extra: b.unres}
	}
	all := a.bundle(b.res.Filter(func(e resource.Resource) bool { return !rationed(e) }).Add(got))
	return verdict{b: all, extra: all.unres, cutBy: gate}
}

// limitCuts reports whether n's limit leaves less than free, as this run counts it.
func (n *node) limitCuts(free *vec) bool {
	for _, l := range n.limit {
		if free.Get(l.name) > max(l.most-n.spent.Get(l.name), 0) {
			return true
		}
	}
	return false
}

// shrinkToLimit cuts r to what n's limit leaves beyond spent.
func (a *Allocator) shrinkToLimit(r resource.Resources, n *node, spent *vec) resource.Resources {
	if len(n.limit) == 0 {
		return r
	}
	config, _ := a.quota.Get(n.name)
	got := r.ShrinkToLimits(config.Limits.Sub(a.names.quantities(spent)), a.pieceOrder())
	if len(a.rules.Integral) == 0 || got.Equal(r) {
		return got
	}
	target := a.names.vec(got.ScalarQuantities())
	return a.shrink(r, &target)
}

// chargeReference books a grant in the sums of this run.
func (a *Allocator) chargeReference(n *node, v *verdict, s stage) {
	if a.quota.Len() == 0 {
		return
	}
	cy := &a.cycle
	cy.available = lessClamped(&cy.available, &v.sure)
	cy.available = lessClamped(&cy.available, &v.extra)
	if s == guarantees {
		cy.required = lessClamped(&cy.required, &v.sure)
	}
	if n.hasQuota {
		n.spent.add(&v.sure, 1)
		n.spent.add(&v.extra, 1)
	}
}
