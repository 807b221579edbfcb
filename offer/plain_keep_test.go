package offer_test

import (
	"cmp"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
)

// This file is Rules.KeepWhole of the plain allocator (docs/allocation.md §8, row 14).

// plainKept is an agent that is kept for a client.
type plainKept struct {
	key
	agent offer.AgentID
	since offer.Time
}

// keptFor tells for whom an agent is kept.
func (p *plain) keptFor(id offer.AgentID) (key, bool) {
	for _, x := range p.kept {
		if x.agent == id {
			return x.key, true
		}
	}
	return key{}, false
}

// usable is what k may have of r and can handle.
func (p *plain) usable(k key, r resource.Resources) resource.Resources {
	caps := p.fws[k.f].Capabilities
	return r.AllocatableTo(k.r).Filter(func(e resource.Resource) bool {
		return (!e.Shared || caps&offer.SharedResources != 0) && (!e.Revocable || caps&offer.RevocableResources != 0) &&
			(len(e.Reservations) < 2 || caps&offer.ReservationRefinement != 0)
	})
}

// leaveKept is gate 13.
func (p *plain) leaveKept(k key, g *plainAgent, r resource.Resources) resource.Resources {
	owner, kept := p.keptFor(g.ID)
	if !kept || owner == k {
		return r
	}
	for name, q := range r.Filter(isRationed).ScalarQuantities().All() {
		if sure, _ := p.split(k.r, name, q); sure > 0 {
			return r
		}
	}
	return r.SubSaturating(p.usable(owner, r))
}

// couldServe reports whether a unit fits into all that g has.
func (p *plain) couldServe(k key, g *plainAgent) bool {
	return p.offerable(g) && !p.hidden(k, g) && p.usable(k, g.Total).ContainsQuantities(p.hints[k].Unit)
}

func (p *plain) anyRefusal(k key, g *plainAgent) bool {
	return slices.ContainsFunc(p.refused, func(x plainRefusal) bool { return x.key == k && x.agent == g.ID && x.until > p.now })
}

// waits counts units that are not offered.
func (p *plain) waits(k key) int {
	n := p.hints[k].Count
	for _, o := range p.offers {
		if o.Framework == k.f && o.Role == k.r {
			n -= unitsOf(o.Resources, p.hints[k].Unit)
		}
	}
	return n
}

func unitsOf(r resource.Resources, unit resource.Quantities) int {
	for n := 1; ; n++ {
		for name, q := range unit.All() {
			if r.Quantities().Get(name) < q*resource.Scalar(n) {
				return n - 1
			}
		}
	}
}

// review drops what is kept for no reason any more, and hints that are gone.
func (p *plain) review() {
	p.hinted = slices.DeleteFunc(p.hinted, func(k key) bool { return p.hints[k] == nil })
	maps.DeleteFunc(p.keepNot, func(k key, _ offer.Time) bool { return !slices.Contains(p.members(), k) })
	p.kept = slices.DeleteFunc(p.kept, func(x plainKept) bool {
		g := p.agents[x.agent]
		if g != nil && p.hints[x.key] != nil && p.listed(x.key) && p.couldServe(x.key, g) && !p.anyRefusal(x.key, g) &&
			p.waits(x.key) > 0 && x.since.Add(p.rules.KeepWhole) > p.now {
			return false
		}
		p.keepNot[x.key] = p.now.Add(p.now.Sub(x.since))
		return true
	})
}

// keepWhole ends a run that made these offers.
func (p *plain) keepWhole(made []offer.Offer) {
	if p.rules.KeepWhole == 0 {
		return
	}
	p.kept = slices.DeleteFunc(p.kept, func(x plainKept) bool {
		return p.waits(x.key) <= 0 || slices.ContainsFunc(made, func(o offer.Offer) bool {
			return o.Framework == x.f && o.Role == x.r && o.Agent == x.agent
		})
	})
	for _, k := range p.hinted {
		if slices.ContainsFunc(p.kept, func(x plainKept) bool { return x.key == k }) || !p.listed(k) || p.keepNot[k] > p.now ||
			p.waits(k) <= 0 || len(p.kept) >= cmp.Or(p.most, max(len(p.agents)/10, 1)) {
			continue
		}
		if g := p.starves(k); g != "" {
			p.kept = append(p.kept, plainKept{k, g, p.now})
		}
	}
}

// starves names the agent to keep for k, if it is not for lack of anything else that it gets none.
func (p *plain) starves(k key) (best offer.AgentID) {
	unit := p.hints[k].Unit
	for name, q := range unit.All() {
		for r, ok := k.r, true; ok; r, ok = r.Parent() {
			if p.room(r, name) < q {
				return ""
			}
		}
	}
	least := 2.0
	for _, id := range p.agentIDs() {
		g := p.agents[id]
		if _, kept := p.keptFor(id); kept || !p.couldServe(k, g) {
			continue
		}
		free := p.usable(k, p.free(g))
		if free.ContainsQuantities(unit) {
			return ""
		}
		lack := 0.0
		for name, q := range unit.All() {
			lack = max(lack, float64(q-min(free.Quantity(name), q))/float64(q))
		}
		if lack < least && !p.anyRefusal(k, g) {
			best, least = id, lack
		}
	}
	return best
}
