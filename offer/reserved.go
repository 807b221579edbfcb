package offer

import (
	"github.com/proffer-go/proffer/resource"
)

// This file is Rules.CountReservations (docs/allocation.md §8, row 9): in the order of roles a reservation weighs on the
// role that it is made for, in use or not and once; what is in use of it weighs on nobody besides.

// charged is what the order of roles is charged when a role holds forRole, that is b, more or less.
func (a *Allocator) charged(b *bundle, forRole *vec) *vec {
	if !a.rules.CountReservations || !b.is(hasReserved) {
		return forRole
	}
	if b.revocable == nil {
		return &b.unres
	}
	v := b.unres.Clone()
	v.Add(b.revocable)
	return &v
}

// enter puts n, which has just got its first framework or counting reservation, into the order of roles. Without a
// framework it weighs on the roles above it and is never next.
func (a *Allocator) enter(n *node, framework bool) {
	switch {
	case !n.ordered:
		n.ordered = true
		must(a.order.Add(n.slot(), string(n.name), framework))
	case framework:
		must(a.order.SetActive(n.slot(), true))
	}
}

// leaveOrder takes n, which has no framework any more, out of the order of roles unless a reservation counts there.
func (a *Allocator) leaveOrder(n *node) {
	if a.rules.CountReservations && n.holding > 0 {
		must(a.order.SetActive(n.slot(), false))
		return
	}
	n.ordered = false
	must(a.order.Remove(n.slot()))
}

// weigh charges the roles of r's reservations with them; they are in every other sum already.
func (a *Allocator) weigh(r resource.Resources) {
	if !a.rules.CountReservations {
		return
	}
	for e := range r.All() {
		n, ok := a.role(e.Owner())
		if !ok {
			continue
		}
		a.enter(n, n.members > 0)
		if e.Kind == resource.KindScalar {
			var v vec
			v.Set(a.names.of(e.Name), int64(e.Scalar))
			must(a.order.Update(n.slot(), &vec{}, &v))
		}
	}
}

// unweigh takes sum, reservations that n has no longer, from what its place in the order is charged.
func (a *Allocator) unweigh(n *node, sum *vec) {
	if !a.rules.CountReservations {
		return
	}
	must(a.order.Update(n.slot(), sum, &vec{}))
	if n.holding == 0 && n.members == 0 {
		a.leaveOrder(n)
	}
}
