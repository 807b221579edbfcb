package offer

import "slices"

// This file is the cap on outstanding offers (docs/allocation.md §8, row 3): a client that has an offer out gets no
// further one once what is offered to it makes up for what its use lacks of its fair share. What fills a guarantee is
// outside the cap, and so is a client that is alone.

// overCap is gate 11.
func (a *Allocator) overCap(c *client, v *verdict) bool {
	if c.framework.out >= a.bounds.Offers {
		return true
	}
	if !a.rules.CapOffers || len(c.offers) == 0 || !v.sure.IsZero() {
		return false
	}
	fair := a.fairShare(c)
	if fair >= 1 { // nobody else wants anything
		return false
	}
	used := c.held.Clone()
	used.Sub(&c.offered)
	if a.dominant(&c.offered) < fair-a.dominant(&used) {
		return false
	}
	a.holdBack(c)
	return true
}

// holdBack notes that c gets nothing, wherever, until it holds less or fair shares move.
func (a *Allocator) holdBack(c *client) {
	if !c.capped && a.cycle.running {
		c.capped = true
		a.capped = append(a.capped, c)
	}
}

// fairShare is what part of the cluster the weights give c among the clients that are listed.
func (a *Allocator) fairShare(c *client) float64 {
	n := c.role
	share := 1 / float64(max(n.listed, 1)) / a.levelWeight(n)
	for ; n != a.root; n = n.parent {
		share *= n.weight / a.levelWeight(n.parent)
	}
	return share
}

// levelWeight sums the weights of those that share what n gets: its children with a listed client below, and its own
// listed clients, which are one more child of weight 1.
func (a *Allocator) levelWeight(n *node) float64 {
	if n.weighedAt != a.listing {
		n.weighedAt, n.level = a.listing, 0
		for _, child := range n.children {
			if child.figures.listedBelow > 0 {
				n.level += child.weight
			}
		}
		if n != a.root && n.listed > 0 {
			n.level++
		}
	}
	return n.level
}

// sharesMoved notes that fair shares are others now: weights, who is listed or the cluster's totals changed.
func (a *Allocator) sharesMoved() {
	a.listing++
	if len(a.capped) == 0 {
		return
	}
	a.requestFor(a.capped...)
	for i, c := range a.capped {
		c.capped = false
		a.capped[i] = nil
	}
	a.capped = a.capped[:0]
}

// uncap lets c be looked at again: it holds less than when it was refused.
func (a *Allocator) uncap(c *client) {
	if c.capped {
		c.capped = false
		a.capped = slices.DeleteFunc(a.capped, func(other *client) bool { return other == c })
		a.requestFor(c)
	}
}
