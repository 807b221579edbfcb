package offer

import (
	"cmp"
	"slices"
)

// askHolders is the last part of a run: of each agent that it looked at and that has a window, be it offered or not, every
// active framework that holds something there is asked to leave, unless it is being asked already or wants not to be.
// Asks of frameworks that hold nothing there any more are taken back.
func (a *Allocator) askHolders(everywhere bool, out *Batch) {
	if len(a.inverse.kept) == 0 {
		return
	}
	list := a.sched.list
	if everywhere {
		list = a.inverse.kept
	}
	var planned []*agent
	for _, g := range list {
		if !g.window().IsZero() {
			planned = append(planned, g)
		}
	}
	slices.SortFunc(planned, func(g, h *agent) int { return cmp.Compare(g.id, h.id) })
	for _, g := range planned {
		holders := g.tenants()
		a.unaskOthers(g, holders)
		for _, f := range holders {
			a.ask(g, f, out)
		}
	}
}

// tenants lists the frameworks that were offered or use something on g, by id.
func (g *agent) tenants() []*framework {
	var list []*framework
	for _, o := range g.offers {
		list = append(list, o.client.framework)
	}
	for _, u := range g.uses {
		list = append(list, u.client.framework)
	}
	slices.SortFunc(list, func(f, h *framework) int { return cmp.Compare(f.id, h.id) })
	return slices.Compact(list)
}

func (a *Allocator) unaskOthers(g *agent, holders []*framework) {
	if !a.rules.Rescind {
		return
	}
	for i := range g.upkeep.pairs {
		if p := &g.upkeep.pairs[i]; p.ask != 0 && !slices.Contains(holders, a.fws[p.framework]) {
			a.unask(g, p)
		}
	}
	a.tidy(g)
}

func (a *Allocator) ask(g *agent, f *framework, out *Batch) {
	if !f.known || !f.active {
		return
	}
	if at, ok := g.upkeep.find(f); ok {
		p := &g.upkeep.pairs[at]
		if p.ask != 0 || p.until > a.now || a.rules.AcceptSettles && p.answer == Accepted {
			return
		}
	}
	p := a.ensurePair(g, f)
	a.lastOffer++
	p.ask = a.lastOffer
	if a.rules.OfferLifetime > 0 {
		p.deadline = a.now.Add(a.rules.OfferLifetime)
		a.inverse.wakeAt(p.deadline)
	}
	out.Asks = append(out.Asks, a.publicAsk(g, p))
}

// endAsks takes back the asks and ends the filters whose time is over.
func (a *Allocator) endAsks() {
	next, any := a.inverse.nextEnd()
	if !any || next > a.now {
		return
	}
	for i := len(a.inverse.kept) - 1; i >= 0; i-- { // tidying moves a later agent here
		g := a.inverse.kept[i]
		for at := range g.upkeep.pairs {
			p := &g.upkeep.pairs[at]
			if p.deadline > 0 && p.deadline <= a.now {
				a.unask(g, p)
				a.changed(g)
			}
			if p.until <= a.now {
				a.unfilter(g, p)
			}
		}
		a.tidy(g)
	}
	a.inverse.stale = true
}

// tellUnasked moves what was taken back to out, in the order in which it was asked.
func (a *Allocator) tellUnasked(out *Batch) {
	iv := &a.inverse
	if len(iv.unasked) == 0 {
		return
	}
	slices.SortFunc(iv.unasked, func(x, y InverseOffer) int { return cmp.Compare(x.ID, y.ID) })
	out.Unasked = append(out.Unasked, iv.unasked...)
	clear(iv.unasked)
	iv.unasked = iv.unasked[:0]
}

// wakeAt takes note that something ends at t.
func (iv *inverse) wakeAt(t Time) {
	if iv.next == 0 || t < iv.next {
		iv.next = t
	}
}

// ends takes note that nothing ends at t any more; 0: nothing did.
func (iv *inverse) ends(t Time) { iv.stale = iv.stale || t != 0 && t == iv.next }

// nextEnd is when the next ask or filter ends.
func (iv *inverse) nextEnd() (Time, bool) {
	if iv.stale {
		iv.next, iv.stale = iv.earliest(), false
	}
	return iv.next, iv.next != 0
}

// earliest computes next.
func (iv *inverse) earliest() (first Time) {
	for _, g := range iv.kept {
		for _, p := range g.upkeep.pairs {
			for _, t := range []Time{p.deadline, p.until} {
				if t != 0 && (first == 0 || t < first) {
					first = t
				}
			}
		}
	}
	return first
}
