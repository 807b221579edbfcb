package offer

import (
	"iter"
	"math"

	"github.com/proffer-go/proffer/drf"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// A Policy decides a whole run in place of weighted dominant-resource fairness (docs/allocation.md §6). Every grant that
// it asks for is held against gates 1 to 13, reservations, limits, guarantees and the headroom, so that a faulty policy
// loses fairness but never safety.
//
// Plan is called by Poll, on its goroutine, once per run that has something to look at. It may call nothing of the
// allocator but the methods of c, and keeps neither c nor what it got from it.
type Policy interface{ Plan(c *Cycle) }

// A Cycle is one run as a Policy sees it.
type Cycle struct{ cy *cycle }

// An Agent is one that has something free and may have changed since the last run; it is valid during Plan.
type Agent struct{ g *agent }

// ID names the agent.
func (g Agent) ID() AgentID { return g.g.id }

// Hostname of the agent.
func (g Agent) Hostname() string { return g.g.hostname }

// Total is all the agent has.
func (g Agent) Total() resource.Resources { return g.g.total.res }

// Free is what is free on the agent now.
func (g Agent) Free() resource.Resources { return g.g.free.res }

// Attributes of the agent.
func (g Agent) Attributes() resource.Attributes { return g.g.tagged().attrs }

// A Client is a framework in one role; it is valid during Plan.
type Client struct{ c *client }

// Framework of the client.
func (c Client) Framework() FrameworkID { return c.c.framework.id }

// Role of the client.
func (c Client) Role() role.Name { return c.c.role.name }

// Out counts the offers that the client has not answered.
func (c Client) Out() int { return len(c.c.offers) }

// View is what a client may have of an agent.
type View struct {
	Gate       Gate                // the first gate that refuses; the rest is empty then
	Resources  resource.Resources  // all of it, cut to limits and headroom
	Guaranteed resource.Quantities // the part of its unreserved scalars that fills a guarantee
	HadTurn    bool                // it refused the agent as it was when the run began
}

// Want says how much of what a client may have it is to be offered.
type Want struct {
	// Scalars is the most of each unreserved, non-revocable scalar; names that are absent are left out, and less than
	// there is of a name that is integral is rounded down to whole units.
	Scalars   resource.Quantities
	Reserved  bool // the reserved part as well, volumes included
	Revocable bool // the revocable part as well
	// Members is the most members of each unreserved range or set, such as ports; negative: the riders' rule, which is
	// as large a part of them as Scalars is of what is free on the agent of the scalar it takes most of.
	Members int
	Whole   bool // all of it; the other fields are not read
}

// Outcome is what became of a grant.
type Outcome struct {
	Gate    Gate               // 0: granted
	Offered resource.Resources // what was granted
}

// Agents yields the agents to look at in the order of this run. What changed before the run began is looked at;
// an agent may have nothing left when it is yielded.
func (c *Cycle) Agents() iter.Seq[Agent] {
	return func(yield func(Agent) bool) {
		for _, g := range c.cy.list {
			if !yield(Agent{g}) {
				return
			}
		}
	}
}

// Clients yields the clients that may newly take something of g, in the order of roles and of the frameworks in them as it
// is when the iteration begins. Grants during the iteration show in the order of the next, and break does not undo them.
func (c *Cycle) Clients(g Agent) iter.Seq[Client] {
	return func(yield func(Client) bool) {
		if c.cy.reading == 0 {
			c.cy.flush()
		}
		c.cy.reading++
		defer func() { c.cy.reading-- }()
		a, going := c.cy.a, true
		a.order.BeginAgent(a.stats.Runs, g.g.hash)
		a.order.Ascend(func(slot drf.Client) bool {
			n := a.roles[slot]
			if n.listed == 0 {
				return true
			}
			a.members(n, g.g, func(slot drf.Client) bool {
				if one := n.clients[slot]; !c.cy.passesOver(one, g.g) {
					going = yield(Client{one})
				}
				return going
			})
			return going
		})
	}
}

// View tells what client cl may have of g now.
func (c *Cycle) View(g Agent, cl Client) View {
	v := c.cy.lookAt(cl.c, g.g)
	if v.gate != 0 {
		return View{Gate: v.named()}
	}
	return View{
		Resources: v.b.res, Guaranteed: c.cy.a.names.quantities(&v.sure),
		HadTurn: g.g.turns.holds && g.g.turns.has(cl.c),
	}
}

// Grant offers client cl what w says of g, or tells the gate that refuses. Several grants of one agent to one client in a
// run become one offer.
func (c *Cycle) Grant(g Agent, cl Client, w Want) Outcome {
	cy, a := c.cy, c.cy.a
	v := cy.lookAt(cl.c, g.g)
	if v.gate != 0 {
		if v.gate != GateNotListed {
			a.figures.tell(cl.c, &v)
		}
		return Outcome{Gate: v.named()}
	}
	if !w.Whole {
		v.b = a.bundle(a.wanted(g.g, v.b.res, w))
		switch {
		case !a.passesMinimum(cl.c, g.g, v.b):
			return Outcome{Gate: GateCutTooSmall}
		case a.refused(cl.c, g.g, v.b):
			return Outcome{Gate: GateRefused}
		case cl.c.constraints != nil && !a.meets(cl.c, g.g, v.b):
			return Outcome{Gate: GateConstraints}
		}
	}
	g.g.turns.taken = g.g.turns.taken || !g.g.turns.has(cl.c)
	cy.give(cl.c, g.g, &v)
	return Outcome{Offered: v.b.res}
}

// named is the gate that refused: where a limit or the headroom left too little, that one.
func (v *verdict) named() Gate {
	if v.gate == GateCutTooSmall && v.cutBy != 0 {
		return v.cutBy
	}
	return v.gate
}

// wanted is the part that w says of r, which may be less than what is free on g.
func (a *Allocator) wanted(g *agent, r resource.Resources, w Want) resource.Resources {
	var target vec
	for i := range g.free.unres.Len() {
		if g.free.unres.Get(i) > 0 {
			target.Set(i, int64(w.Scalars.Get(a.names.list[i])))
		}
	}
	cut := a.shrink(r.Filter(rationed), &target)
	part, whole := int64(0), int64(1)
	if w.Members < 0 {
		part, whole = ratio(&a.bundle(cut).unres, &g.free.unres)
	}
	for e := range r.Items() {
		switch {
		case e.IsReserved() && w.Reserved, e.IsRevocable() && w.Revocable:
			cut = cut.Add(e.Resources())
		case !e.IsReserved() && !e.IsRevocable():
			cut = cut.Add(firstMembers(e, w.Members, part, whole))
		}
	}
	return cut
}

// firstMembers is the first n members of e, or the first part/whole of them if n is negative; nothing of a scalar.
func firstMembers(e resource.Item, n int, part, whole int64) resource.Resources {
	if n < 0 {
		n = int(mulDiv(int64(min(e.Members(), math.MaxInt64)), part, whole))
	}
	return e.First(uint64(n))
}

// plan lets the policy decide the run.
func (cy *cycle) plan(p Policy) {
	cy.stage = fairShare
	cy.sort()
	for _, g := range cy.list {
		g.turns.holds = cy.a.turnsHold(g)
	}
	p.Plan(&Cycle{cy})
	cy.flush()
	for _, g := range cy.list {
		cy.agent = g
		if g.turns.holds && !g.turns.taken { // all have had their turn: a new round begins
			g.newRound()
		}
		g.turns.holds, g.turns.taken = false, false
		cy.noteHeld(g, !cy.freshOnly || g.marked)
	}
}

// lookAt takes a pair through the gates; what a policy holds beyond Plan, or makes up, passes none.
func (cy *cycle) lookAt(c *client, g *agent) verdict {
	switch {
	case c == nil || g == nil || !cy.running || !isAt(cy.a.clients, c.index, c) || !isAt(cy.a.agents, g.index, g) || !c.listed():
		return verdict{gate: GateNotListed}
	case !cy.a.offerable(g) || g.free.empty():
		return verdict{gate: GateNothingFree}
	}
	return cy.a.look(c, g, fairShare)
}

// isAt reports whether x is the record of index i, and not one that was dropped or is another allocator's.
func isAt[T any](list []*T, i int32, x *T) bool { return int(i) < len(list) && list[i] == x }

// flush tells the orders of the grants so far.
func (cy *cycle) flush() {
	for i := range cy.served {
		s := &cy.served[i]
		cy.a.grant(s.client, s.forClient, s.forRole)
		*s = grantee{}
	}
	cy.served = cy.served[:0]
}

// passesOver reports whether c has no reason to look at g in this run.
func (cy *cycle) passesOver(c *client, g *agent) bool {
	return cy.freshOnly && !c.fresh && !g.marked || cy.a.hasNoted(c, g)
}
