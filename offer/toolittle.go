package offer

import (
	"slices"

	"github.com/proffer-go/proffer/resource"
)

// This file passes by agents that have something free, but less than anybody takes: on a busy cluster most agents keep
// such a rest, and every one of them would be looked at for every client (docs/allocation.md §7.3).

// setMinimum replaces the minimum of c; own: it has one that replaces the rules'.
func (a *Allocator) setMinimum(c *client, own bool, minimum []resource.Quantities) {
	if c.minimum != nil {
		a.ownMinimums--
		c.minimum = nil
	}
	if own {
		a.ownMinimums++
		kept := slices.Clone(minimum)
		c.minimum = &kept
	}
}

// tooLittle reports whether what is free on g is below the minimum of everybody: gate 4 would refuse each client that gets
// as far, and no part of it could be more. The reference reads its orders even so.
func (a *Allocator) tooLittle(g *agent) bool {
	if g.free.enough || a.ownMinimums > 0 || a.rules.LateWeightLost || a.rules.MinimumWaived && g.free.is(hasReserved) {
		return false
	}
	w := g.total.whole
	return !w.own || !containsAny(g.free.res, w.minimum)
}

// passBy is the visit of an agent that has too little for everybody. It counts as a look of every listed client.
func (cy *cycle) passBy() {
	if cy.stage != fairShare {
		return
	}
	f := &cy.a.figures
	f.whyNot[GateTooLittle] += uint64(cy.a.listedCount)
	f.passed++
	if cy.a.turnsHold(cy.agent) {
		cy.agent.newRound() // nobody took anything: a new round
	}
}

// why counts the looks at an agent that ended at a gate; those of a listed client include the agents passed by since then.
func (c *client) why(f *figures) [gateCount]uint64 {
	var why [gateCount]uint64
	if c.figures.whyNot != nil {
		why = *c.figures.whyNot
	}
	if c.listed() {
		why[GateTooLittle] += f.passed - c.figures.passed
	}
	return why
}
