package offer

import (
	"math/bits"
	"slices"

	"github.com/proffer-go/proffer/drf"
)

// This file keeps a visit cheap where nearly everybody is known to refuse the agent as it is: with a thousand clients that
// declined it, the one that has not is found by the bits that differ, and not by going through the whole order
// (docs/allocation.md §7.3).

// fewClients is how many are put in order by themselves; more are found by reading the order.
const fewClients = 16

// fewWho returns the listed clients that have not refused all that is free on the agent, in their order, if they are few.
func (cy *cycle) fewWho() ([]*client, bool) {
	a, n := cy.a, &cy.agent.noted
	if n.of != cy.agent.free || a.listedCount-n.count > fewClients || a.cfg.NewOrderer != nil {
		return nil, false
	}
	a.forgiveNoted(cy.agent)
	if a.listedCount-n.count > fewClients {
		return nil, false
	}
	cy.few = cy.few[:0]
	for w, word := range a.listedSet {
		if w < len(n.bits) {
			word &^= n.bits[w]
		}
		for ; word != 0; word &= word - 1 {
			if len(cy.few) == fewClients {
				return nil, false
			}
			cy.few = append(cy.few, a.clients[w*64+bits.TrailingZeros64(word)])
		}
	}
	slices.SortFunc(cy.few, a.compareClients)
	a.figures.whyNot[GateRefused] += uint64(a.listedCount - len(cy.few))
	return cy.few, true
}

// compareClients is the order of roles, and of the frameworks in one.
func (a *Allocator) compareClients(c, d *client) int {
	order, x, y := a.order, c.role.slot(), d.role.slot()
	if c.role == d.role {
		if c == d {
			return 0
		}
		a.refreshTotals(c.role)
		order, x, y = c.role.order, c.slot(), d.slot()
	}
	if order.(*drf.Sorter).Before(x, y) {
		return -1
	}
	return 1
}

// visitFew visits clients in their order, as reading the orders would.
func (cy *cycle) visitFew(list []*client) {
	var stopped *node // nobody in it can take what is left
	for _, c := range list {
		switch {
		case cy.agent.free.empty():
			return
		case c.role == stopped || cy.stage == guarantees && !cy.a.wantsGuarantee(c.role) || cy.a.shut(c.role, cy.agent):
			continue
		}
		cy.role = c.role
		if !cy.visitClient(c.slot()) {
			stopped = c.role
		}
	}
}
