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
	if !v.sure.IsZero() || !a.isSated(c) {
		return false
	}
	a.holdBack(c)
	return true
}

// isSated reports whether the cap keeps everything from c that is not guaranteed to it.
func (a *Allocator) isSated(c *client) bool {
	if !a.rules.CapOffers || len(c.offers) == 0 {
		return false
	}
	fair := a.fairShare(c)
	if fair >= 1 { // nobody else wants anything
		return false
	}
	offered, used := c.offered.View(), c.held.Vec()
	used.Sub(&offered)
	return a.dominant(&offered) >= fair-a.dominant(&used)
}

// fewEager reports whether at most one client is left that the cap leaves anything, and which: then nobody need be put in
// order. It looks closer where there are only a few.
func (a *Allocator) fewEager() (c *client, few bool) {
	if !a.rules.CapOffers || a.rules.LateWeightLost || a.quota.Len() > 0 {
		return nil, false
	}
	if n := len(a.eager); n > 1 && n <= 4 {
		for i := n - 1; i >= 0; i-- {
			if a.isSated(a.eager[i]) {
				a.holdBack(a.eager[i])
			}
		}
	}
	switch len(a.eager) {
	case 0:
		return nil, true
	case 1:
		return a.eager[0], true
	}
	return nil, false
}

// holdBack notes that c gets nothing, wherever, until it holds less or fair shares move.
func (a *Allocator) holdBack(c *client) {
	if !c.capped && a.cycle.running {
		c.capped = true
		a.capped = append(a.capped, c)
		a.renewEager(c)
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
		a.renewEager(c)
		a.capped[i] = nil
	}
	a.capped = a.capped[:0]
}

// uncap lets c be looked at again: it holds less than when it was refused.
func (a *Allocator) uncap(c *client) {
	if c.capped {
		c.capped = false
		a.renewEager(c)
		a.capped = slices.DeleteFunc(a.capped, func(other *client) bool { return other == c })
		a.requestFor(c)
	}
}

// renewEager keeps the list of the clients that are listed and not capped: with everything offered there are few, however
// many wait.
func (a *Allocator) renewEager(c *client) {
	switch eager := c.listed() && !c.capped; {
	case eager && c.eager < 0:
		c.eager = int32(len(a.eager))
		a.eager = append(a.eager, c)
	case !eager && c.eager >= 0:
		a.eager = dropAt(a.eager, int(c.eager), func(last *client) { last.eager = c.eager })
		c.eager = -1
	}
}
