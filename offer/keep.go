package offer

import (
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/resource"
)

// This file is Rules.KeepWhole (docs/allocation.md §8, row 14): an agent is kept for a client whose tasks are too large for
// what is free anywhere, so that what small tasks give back there gathers instead of going to the next small task.
//
// At the end of each run a listed client starves if a unit of its Hint fits into what is free of no agent, but into all that
// some agent has: that one of those is kept for it that lacks least, the smallest id among equals. Others are not offered
// (GateKept) what the client could use there, unless it fills a guarantee. It is let go once the client was offered it, waits
// for nothing any more or is not listed, once a unit fits into its total no longer or the client refused some of it, and
// when the time is over. A client that had an agent kept in vain gets none for as long again.

// keeping is what a client has to do with kept agents.
type keeping struct {
	agent *agent // kept for it; nil: none is
	since Time   // when it was
	not   Time   // until then none is
	// Found by the last search, so that the next one need not be made: an agent with room, and the count of changes
	// (Allocator.shapes) at which no agent was large enough.
	room  *agent
	small uint64
}

// setHint changes the hint of c. Clients with one are listed in the order in which they got it.
func (a *Allocator) setHint(c *client, h *Hint) {
	old := c.hint
	c.hint = h
	switch {
	case a.rules.KeepWhole <= 0:
	case old == nil && h != nil:
		a.hinted = append(a.hinted, c)
	case old != nil && h == nil:
		a.hinted = slices.DeleteFunc(a.hinted, func(other *client) bool { return other == c })
	}
	switch {
	case c.keep == nil && h != nil:
		c.keep = new(keeping)
	case old == nil || h == nil || !old.Unit.Equal(h.Unit): // a renewed one need not be searched for again
		a.reconsider(c)
		return
	}
	a.review(c)
}

// reconsider notes that c may be offered other agents than before.
func (a *Allocator) reconsider(c *client) {
	if c.keep != nil {
		c.keep.room, c.keep.small = nil, 0
	}
	a.review(c)
}

// reshaped notes that what g has, or whether it is offered to whom, is different now; everyAgent: any of them may be.
func (a *Allocator) reshaped(g *agent) {
	a.shapes++
	if g != everyAgent {
		a.review(g.keptFor)
		return
	}
	for _, c := range slices.Clone(a.kept) {
		a.review(c)
	}
}

// review lets the agent go that is kept for c, if there is no reason for it any more.
func (a *Allocator) review(c *client) {
	if c == nil || c.keep == nil || c.keep.agent == nil || a.mayKeep(c, c.keep.agent) && a.waits(c) > 0 {
		return
	}
	a.changed(a.letGo(c, false))
}

// letGo ends the keeping of an agent for c and returns it.
func (a *Allocator) letGo(c *client, served bool) *agent {
	g := c.keep.agent
	g.keptFor, c.keep.agent = nil, nil
	a.kept = slices.DeleteFunc(a.kept, func(other *client) bool { return other == c })
	if !served {
		c.keep.not = a.now.Add(a.now.Sub(c.keep.since))
	}
	return g
}

// nextLetGo is when the time of the agent that has been kept longest is over.
func (a *Allocator) nextLetGo() (Time, bool) {
	if len(a.kept) == 0 {
		return 0, false
	}
	return a.kept[0].keep.since.Add(a.rules.KeepWhole), true
}

// endKeeping lets agents go whose time is over.
func (a *Allocator) endKeeping() {
	for end, any := a.nextLetGo(); any && end <= a.now; end, any = a.nextLetGo() {
		a.changed(a.letGo(a.kept[0], false))
	}
}

// keepWhole ends a run: it lets agents go that served their purpose, for the next run to look at, and keeps others.
func (a *Allocator) keepWhole() {
	for _, c := range slices.Clone(a.kept) {
		if a.served(c) || a.waits(c) <= 0 {
			a.cycle.again = append(a.cycle.again, a.letGo(c, true))
		}
	}
	for _, c := range a.hinted {
		if len(a.kept) >= a.mostKept() {
			return
		}
		if c.keep.agent == nil && c.keep.not <= a.now && c.listed() {
			a.keepFor(c)
		}
	}
}

// mostKept bounds how many agents are kept at once.
func (a *Allocator) mostKept() int {
	if most := a.bounds.KeptWhole; most > 0 {
		return most
	}
	return max(len(a.agentAt)/10, 1)
}

// served reports whether this run offered c of the agent that is kept for it.
func (a *Allocator) served(c *client) bool {
	return slices.ContainsFunc(c.offers, func(o *offer) bool { return o.agent == c.keep.agent && o.run == a.stats.Runs })
}

// waits counts how many units of its hint c, which has one, is not offered.
func (a *Allocator) waits(c *client) int {
	n := c.hint.Count
	for _, o := range c.offers {
		n -= unitsIn(o.b.res, c.hint.Unit)
	}
	return n
}

// keepFor keeps an agent for c, if it starves and there is one.
func (a *Allocator) keepFor(c *client) {
	k := c.keep
	if g := k.room; g != nil && isAt(a.agents, g.index, g) && a.fitsNow(c, g) || k.small == a.shapes {
		return
	}
	if a.waits(c) <= 0 || !a.hasRoom(c) {
		return
	}
	var best *agent
	part, whole := int64(0), int64(1)
	k.room, k.small = nil, a.shapes
	for _, g := range a.agents {
		if g == nil || !a.fitsWhole(c, g) {
			continue
		}
		k.small = 0
		if g.keptFor != nil {
			continue
		}
		if a.fitsNow(c, g) {
			k.room = g
			return
		}
		if a.anyRefusal(c, g) {
			continue
		}
		p, w := a.lack(c, g)
		if best == nil || lessFraction(p, w, part, whole) || !lessFraction(part, whole, p, w) && g.id < best.id {
			best, part, whole = g, p, w
		}
	}
	if best != nil {
		k.agent, k.since, best.keptFor = best, a.now, c
		a.kept = append(a.kept, c)
	}
}

// mayKeep reports whether g may be kept for c.
func (a *Allocator) mayKeep(c *client, g *agent) bool {
	return c.listed() && c.hint != nil && a.fitsWhole(c, g) && !a.anyRefusal(c, g)
}

// hasRoom reports whether the limits of its role and of those above it let c have a unit.
func (a *Allocator) hasRoom(c *client) bool {
	for name, q := range c.hint.Unit.All() {
		i, known := a.names.index[name]
		for n := c.role; known && n != a.root; n = n.parent {
			if n.room(i) < int64(q) {
				return false
			}
		}
	}
	return true
}

// fitsWhole reports whether a unit would fit on g if nothing were used there.
func (a *Allocator) fitsWhole(c *client, g *agent) bool {
	return a.offerable(g) && (c.constraints == nil || c.constraints.allow(g)) && a.hidden(c, g) == 0 && a.fits(c, g, g.total)
}

// fitsNow reports whether a unit fits into what is free on g, which may be kept for c but for nobody else.
func (a *Allocator) fitsNow(c *client, g *agent) bool {
	return (g.keptFor == nil || g.keptFor == c) && a.fits(c, g, g.free) && a.fitsWhole(c, g)
}

// fits reports whether a unit fits into what c could have of b, a part of g.
func (a *Allocator) fits(c *client, g *agent, b *bundle) bool {
	r := a.usable(c, b)
	if c.constraints == nil || !c.constraints.narrows {
		return r.ContainsQuantities(c.hint.Unit)
	}
	return slices.ContainsFunc(c.constraints.groups, func(gr group) bool {
		if !gr.allow(g) {
			return false
		}
		n := a.narrow(&gr, a.bundle(r)).res
		return n.ContainsQuantities(c.hint.Unit) && n.ContainsQuantities(gr.AtLeast)
	})
}

// lack is the largest part of a name of the unit that is not free on g for c, as a fraction.
func (a *Allocator) lack(c *client, g *agent) (part, whole int64) {
	r := a.usable(c, g.free)
	part, whole = 0, 1
	for name, q := range c.hint.Unit.All() {
		if p := int64(q - min(r.Quantity(name), q)); lessFraction(part, whole, p, int64(q)) {
			part, whole = p, int64(q)
		}
	}
	return part, whole
}

// usable is what c may have of b and can handle.
func (a *Allocator) usable(c *client, b *bundle) resource.Resources {
	if b.kinds&^hasOther == 0 {
		return b.res
	}
	return b.res.Filter(func(e resource.Resource) bool { return c.canUse(e) })
}

// canUse reports whether c may have e and can handle it.
func (c *client) canUse(e resource.Resource) bool {
	owner := e.Owner()
	return (owner == "" || c.role.name.IsWithin(owner)) && handles(c.framework.caps, e)
}

// anyRefusal reports whether c refused some of g and that holds.
func (a *Allocator) anyRefusal(c *client, g *agent) bool {
	return g.refusers.has(c.index) && slices.ContainsFunc(g.refusals, func(r refusal) bool {
		return r.client == c.index && r.gen == a.gens[c.index] && r.until > a.sched.settled
	})
}

// leaveKept is gate 13: of an agent that is kept for somebody else only what that one cannot use is offered. An offer that
// fills a guarantee is outside it, whole.
func (a *Allocator) leaveKept(c *client, g *agent, v *verdict) {
	if !v.sure.IsZero() {
		return
	}
	v.b, v.extra = a.bundle(v.b.res.Filter(func(e resource.Resource) bool { return !g.keptFor.canUse(e) })), vec{}
	if !a.passesMinimum(c, g, v.b) {
		v.gate = GateKept
	}
}

// keeps checks which agents are kept for whom, and what searches remember.
func (k *checker) keeps() error {
	a, kept := k.a, 0
	for _, g := range a.agents {
		if g == nil || g.keptFor == nil {
			continue
		}
		kept++
		if c := g.keptFor; c.keep == nil || c.keep.agent != g || !slices.Contains(a.kept, c) || !a.mayKeep(c, g) {
			return fmt.Errorf("agent %q is kept for framework %q in role %q", g.id, c.framework.id, c.role.name)
		}
	}
	for i, c := range a.kept {
		if i > 0 && c.keep.since < a.kept[i-1].keep.since || !isAt(a.clients, c.index, c) {
			return fmt.Errorf("framework %q is out of the order of those that an agent is kept for", c.framework.id)
		}
	}
	if kept != len(a.kept) {
		return fmt.Errorf("kept: %d agents, for %d clients", kept, len(a.kept))
	}
	for _, c := range a.clients {
		if c == nil {
			continue
		}
		if want := c.hint != nil && a.rules.KeepWhole > 0; want != slices.Contains(a.hinted, c) {
			return fmt.Errorf("hinted of framework %q in role %q is %v", c.framework.id, c.role.name, !want)
		}
		if c.hint != nil && c.keep.small == a.shapes && slices.ContainsFunc(a.agents, func(g *agent) bool { return g != nil && a.fitsWhole(c, g) }) {
			return fmt.Errorf("small of framework %q in role %q: an agent is large enough", c.framework.id, c.role.name)
		}
	}
	return nil
}
