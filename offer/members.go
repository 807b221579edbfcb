package offer

import (
	"github.com/proffer-go/proffer/drf"
)

// This file keeps the order of the frameworks of a role. Most roles have one framework, which needs no order: one is made
// when a second joins, and is told then what the first holds and how often it was served.

// join makes c, not listed yet, a member of its role.
func (a *Allocator) join(c *client) {
	n := c.role
	if n.members++; n.members == 1 {
		a.enter(n, true)
	}
	switch {
	case n.order != nil:
	case a.cfg.NewOrderer != nil: // it may keep what we do not know of
		n.order = a.newOrderer(true)
	case n.members == 1:
		return
	default:
		a.makeOrder(n, c)
	}
	must(n.order.Add(c.slot(), string(c.framework.id), false))
}

// makeOrder makes the order of n from the member that is there besides last.
func (a *Allocator) makeOrder(n *node, last *client) {
	order := a.newSorter(true)
	for _, c := range n.clients {
		if c != nil && c != last {
			must(order.Add(c.slot(), string(c.framework.id), c.listed()))
			held := c.held.View()
			must(order.Restore(c.slot(), &held, c.services))
		}
	}
	n.order, n.version = order, 0
}

// part ends the membership of c.
func (a *Allocator) part(c *client) {
	n := c.role
	if n.order != nil {
		must(n.order.Remove(c.slot()))
	}
	n.clients[c.place] = nil
	n.spare = append(n.spare, c.place)
	if n.members--; n.members == 0 {
		a.leaveOrder(n)
		n.clients, n.spare = nil, nil
		if a.cfg.NewOrderer == nil {
			n.order = nil
		}
	}
}

// relist lists c in its role's order, or no longer.
func (a *Allocator) relist(c *client, on bool) {
	n := c.role
	if n.order != nil {
		must(n.order.SetActive(c.slot(), on))
	}
	if on {
		a.countListed(n, 1)
		a.listedSet.add(c.index)
		a.listedCount++
	} else {
		a.countListed(n, -1)
		a.listedSet.drop(c.index)
		a.listedCount--
	}
	a.relisted(c, on)
}

// grant tells the orders that c was served.
func (a *Allocator) grant(c *client, forClient, forRole *vec) {
	a.figures.rekeys += 2
	c.services++
	if c.role.order != nil {
		must(c.role.order.Grant(c.slot(), forClient))
	}
	must(a.order.Grant(c.role.slot(), forRole))
}

// exchanged tells the orders that c holds other things now, without having been served.
func (a *Allocator) exchanged(c *client, oldClient, newClient, oldRole, newRole *vec) {
	a.figures.rekeys += 2
	if c.role.order != nil {
		must(c.role.order.Update(c.slot(), oldClient, newClient))
	}
	must(a.order.Update(c.role.slot(), oldRole, newRole))
}

// gaveBack tells the orders that c gave something back.
func (a *Allocator) gaveBack(c *client, forClient, forRole *vec) {
	a.figures.rekeys += 2
	if c.role.order != nil {
		must(c.role.order.Release(c.slot(), forClient))
	}
	must(a.order.Release(c.role.slot(), forRole))
}

// members calls yield for the listed clients of n in their order on g, until it returns false.
func (a *Allocator) members(n *node, g *agent, yield func(drf.Client) bool) {
	if n.order == nil {
		for _, c := range n.clients {
			if c != nil && c.listed() {
				yield(c.slot())
			}
		}
		return
	}
	a.refreshTotals(n)
	n.order.BeginAgent(a.stats.Runs, g.hash)
	n.order.Ascend(yield)
}

// shareOfClient is the dominant share of c.
func (a *Allocator) shareOfClient(c *client) float64 {
	if c.role.order == nil {
		return a.pool.SlimShare(&c.held, 1)
	}
	a.refreshTotals(c.role)
	return c.role.order.Share(c.slot())
}

// refreshTotals tells the order of n's frameworks what the cluster has.
func (a *Allocator) refreshTotals(n *node) {
	if n.version != a.version {
		n.version = a.version
		must(n.order.SetTotals(&a.totals, a.version))
	}
}
