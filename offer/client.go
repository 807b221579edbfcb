package offer

import (
	"slices"

	"github.com/proffer-go/proffer/drf"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// framework is a tenant's scheduler.
type framework struct {
	id      FrameworkID
	index   int32
	known   bool // false: only its use was reported so far
	active  bool
	caps    Capability
	clients []*client // one per role it is in or still holds something of, sorted by role
	out     int       // outstanding offers
	refused int       // refusals in force, over its clients
	late    []*agent  // that reported use by it before it was known (ChargeUnknownLate)
}

// client is a framework in one role: what offers are made to.
type client struct {
	index       int32
	place       int32 // in its role
	framework   *framework
	role        *node
	subscribed  bool
	suppressed  bool
	fresh       bool                   // is in the schedule's list
	capped      bool                   // is in Allocator.capped
	short       bool                   // its hint left too little of an agent: it may do once more units wait
	eager       int32                  // its place in Allocator.eager; -1: not listed, or capped
	born        uint64                 // in the count of forgivings
	minimum     *[]resource.Quantities // replaces the rules' one; empty: anything; nil: it has none of its own
	constraints *constraints           // nil: none

	hint     *Hint
	keep     *keeping // nil: never had a hint
	offered  drf.Slim // the part of held that is offered; a shared volume once per offer
	refused  int      // refusals in force
	held     drf.Slim // offered or used, a shared volume once per agent
	services uint64   // how often it was served
	offers   []*offer
	uses     map[int32]*use // by index of the agent

	figures clientFigures
}

func (c *client) slot() drf.Client { return drf.Client(c.place) }
func (n *node) slot() drf.Client   { return drf.Client(n.index) }

// listed reports gate 1 of docs/allocation.md §2.3.
func (c *client) listed() bool { return c.framework.active && c.subscribed && !c.suppressed }

func (c *client) idle() bool { return len(c.offers) == 0 && len(c.uses) == 0 }

// framework returns the known framework id.
func (a *Allocator) framework(id FrameworkID) (*framework, bool) {
	i, ok := a.fwAt[id]
	if !ok || !a.fws[i].known {
		return nil, false
	}
	return a.fws[i], true
}

// ensureFramework returns the record of id, known or not.
func (a *Allocator) ensureFramework(id FrameworkID) *framework {
	if i, ok := a.fwAt[id]; ok {
		return a.fws[i]
	}
	f := &framework{id: id, index: take(&a.spareFws, len(a.fws))}
	a.fws = put(a.fws, f.index, f)
	a.fwAt[id] = f.index
	return f
}

// in returns the client of f in role n.
func (f *framework) in(n role.Name) (*client, bool) {
	i, ok := slices.BinarySearchFunc(f.clients, n, compareClient)
	if !ok {
		return nil, false
	}
	return f.clients[i], true
}

func compareClient(c *client, n role.Name) int { return compareNode(c.role, n) }

// ensureClient returns the client of f in role n, unlisted when it is new.
func (a *Allocator) ensureClient(f *framework, n role.Name) *client {
	at, ok := slices.BinarySearchFunc(f.clients, n, compareClient)
	if ok {
		return f.clients[at]
	}
	r := a.track(n)
	c := &client{index: take(&a.spareClients, len(a.clients)), place: take(&r.spare, len(r.clients)), framework: f, role: r, eager: -1}
	a.clients = put(a.clients, c.index, c)
	a.forgivings++
	c.born = a.forgivings
	if int(c.index) == len(a.gens) {
		a.gens, a.forgiven = append(a.gens, 0), append(a.forgiven, 0)
	}
	r.clients = put(r.clients, c.place, c)
	f.clients = slices.Insert(f.clients, at, c)
	a.join(c)
	return c
}

// dropClient forgets a client that is in its role no more and holds nothing.
func (a *Allocator) dropClient(c *client) {
	if c.subscribed || !c.idle() || a.clients[c.index] != c {
		return
	}
	if c.capped {
		a.capped = slices.DeleteFunc(a.capped, func(other *client) bool { return other == c })
	}
	a.setHint(c, nil)
	a.setMinimum(c, false, nil)
	if c.fresh {
		a.sched.fresh = slices.DeleteFunc(a.sched.fresh, func(other *client) bool { return other == c })
	}
	r, f := c.role, c.framework
	at, _ := slices.BinarySearchFunc(f.clients, r.name, compareClient)
	f.clients = slices.Delete(f.clients, at, at+1)
	a.part(c)
	a.clients[c.index] = nil
	a.forgive(c) // also for whoever gets the index next
	a.spareClients = append(a.spareClients, c.index)
	a.forget(r)
	a.dropFramework(f)
}

// set changes the bits that list a client and keeps the order and the counts in step.
func (a *Allocator) set(c *client, change func()) {
	was := c.listed()
	change()
	if is := c.listed(); is != was {
		a.relist(c, is)
	}
}
