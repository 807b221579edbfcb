package offer

import (
	"slices"

	"github.com/proffer-go/proffer/drf"
	"github.com/proffer-go/proffer/resource"
)

// This file is the policies that come with the library (docs/allocation.md §6). Weighted dominant-resource fairness over the
// agents in a random order needs none: it is what a Config without a Policy does.

// Lottery is a Config.NewOrderer that draws lots: the chance of a role among its siblings is that of its weight, and every
// framework of a role has the same, whatever they hold. It helps tenants that fairness by share would leave behind for
// being big (docs/allocation.md §1.7). Equal seeds draw equal lots. All else, guarantees, limits, refusals and turns, is
// as without it.
func Lottery(seed uint64, flat bool) drf.Orderer {
	if flat { // other lots than those of the roles, or whoever wins in a role would depend on how the role won
		return drf.NewRandom(mix64(seed+1), drf.WithFlat())
	}
	return drf.NewRandom(seed)
}

// Pack is a Policy that offers the fullest agents first, so that small tasks gather on few agents and large ones find room
// on the others. How full an agent is, is the largest part of any one scalar that is not free; among equals the order of
// the run stays. Who is offered an agent, and how much of it, is decided by fair share as without a policy.
//
// It keeps no state: one value may serve any number of allocators.
func Pack() Policy { return byFill{1} }

// Spread is Pack the other way round: the emptiest agents are offered first, so that load is even and one lost agent costs
// little.
func Spread() Policy { return byFill{-1} }

type byFill struct{ sign int }

// Plan orders the agents and shares each of them out.
func (p byFill) Plan(c *Cycle) {
	type filled struct {
		Agent
		part, whole int64
	}
	var list []filled
	for g := range c.Agents() {
		f := filled{Agent: g}
		f.part, f.whole = g.fill()
		list = append(list, f)
	}
	slices.SortStableFunc(list, func(x, y filled) int {
		switch {
		case lessFraction(y.part, y.whole, x.part, x.whole): // the fuller one is first
			return -p.sign
		case lessFraction(x.part, x.whole, y.part, y.whole):
			return p.sign
		}
		return 0
	})
	for _, f := range list {
		c.FillGuarantees(f.Agent)
	}
	for _, f := range list {
		c.ShareOut(f.Agent)
	}
}

// fill is the largest part of any scalar of g that is not free, as a fraction.
func (g Agent) fill() (part, whole int64) {
	part, whole = 0, 1
	total, free := &g.g.total.all, &g.g.free.all
	for i := range total.Len() {
		if t := total.Get(i); t > 0 && lessFraction(part, whole, t-min(free.Get(i), t), t) {
			part, whole = t-min(free.Get(i), t), t
		}
	}
	return part, whole
}

// FillGuarantees offers of g what the guarantees of its clients still lack, with riders in proportion and reservations: the
// first stage of a run, for policies that only order agents (docs/allocation.md §2.5). Clients that refused the agent as it
// is wait for ShareOut.
func (c *Cycle) FillGuarantees(g Agent) {
	if c.cy.a.root.childNeed.IsZero() {
		return
	}
	for cl := range c.Clients(g) {
		v := c.View(g, cl)
		if v.Gate != 0 || v.HadTurn || v.Guaranteed.IsEmpty() {
			continue
		}
		c.Grant(g, cl, Want{Scalars: v.Guaranteed.Add(c.riders(g, cl, &v)), Reserved: true, Members: -1})
	}
}

// riders is what rides along with the guaranteed part of v: of each scalar that cl has no guarantee for as large a part of
// what is free on g as the guaranteed part is of the scalar that it takes most of (docs/allocation.md §2.6). A limit that
// leaves less cuts it when it is granted.
func (c *Cycle) riders(g Agent, cl Client, v *View) resource.Quantities {
	a, free := c.cy.a, &g.g.free.unres
	sure := a.names.vec(v.Guaranteed)
	part, whole := ratio(&sure, free)
	var riders vec
	for i := range free.Len() {
		if q := free.Get(i); q > 0 && !a.guaranteedOf(cl.c.role, i) {
			riders.Set(i, mulDiv(q, part, whole))
		}
	}
	return a.names.quantities(&riders)
}

// ShareOut offers what is free on g to its clients in their order, to each all that it may have; those that refused the
// agent as it is come last. It is the second stage of a run (docs/allocation.md §2.6, §3.5).
func (c *Cycle) ShareOut(g Agent) {
	var later []Client
	for cl := range c.Clients(g) {
		if c.View(g, cl).HadTurn {
			later = append(later, cl)
			continue
		}
		c.Grant(g, cl, Want{Whole: true})
	}
	for _, cl := range later {
		c.Grant(g, cl, Want{Whole: true})
	}
}
