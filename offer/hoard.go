package offer

import (
	"cmp"
	"slices"
	"time"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Hoard is what one client sits on: offers that it has not answered yet (docs/allocation.md §5, §8).
type Hoard struct {
	Framework FrameworkID
	Role      role.Name
	Offers    []OfferID // sorted
	Oldest    Time      // when the first of them was made
	For       time.Duration
	Resources resource.Resources
	From      []Deprived // sorted by framework and role
}

// Deprived is a client that would be offered some of those resources if they were free.
type Deprived struct {
	Framework FrameworkID
	Role      role.Name
	Agents    []AgentID          // sorted
	Resources resource.Resources // what it would be offered there, each agent as if nobody came before it
}

// Hoarding tells who sits on which offers, since when, and what that holds back from whom: the one with the oldest offer
// first. It changes nothing. It costs a Fork and, for every agent that a client has offers of, a look by every other
// client: it is for operators and not for every run.
func (a *Allocator) Hoarding(now Time) []Hoard {
	f := a.Fork()
	var rows []Hoard
	for _, c := range f.clients {
		if c != nil && len(c.offers) > 0 {
			rows = append(rows, f.hoard(now, c))
		}
	}
	slices.SortFunc(rows, func(x, y Hoard) int {
		return cmp.Or(cmp.Compare(x.Oldest, y.Oldest), cmp.Compare(x.Framework, y.Framework), cmp.Compare(x.Role, y.Role))
	})
	return rows
}

// hoard reports on c; a is a fork of the allocator that is asked.
func (a *Allocator) hoard(now Time, c *client) Hoard {
	out := byID(c.offers)
	row := Hoard{Framework: c.framework.id, Role: c.role.name, Oldest: out[0].made}
	byAgent := make(map[*agent][]*offer)
	var agents []*agent
	for _, o := range out {
		row.Offers = append(row.Offers, o.id)
		row.Oldest = min(row.Oldest, o.made)
		row.Resources = row.Resources.Add(o.b.res)
		if byAgent[o.agent] == nil {
			agents = append(agents, o.agent)
		}
		byAgent[o.agent] = append(byAgent[o.agent], o)
	}
	row.For = max(now, a.now).Sub(row.Oldest)
	slices.SortFunc(agents, func(g, h *agent) int { return cmp.Compare(g.id, h.id) })
	deprived := make(map[*client]*Deprived)
	for _, g := range agents {
		a.deprive(c, g, byAgent[g], deprived)
	}
	for _, d := range a.clients {
		if x := deprived[d]; x != nil {
			row.From = append(row.From, *x)
		}
	}
	slices.SortFunc(row.From, func(x, y Deprived) int {
		return cmp.Or(cmp.Compare(x.Framework, y.Framework), cmp.Compare(x.Role, y.Role))
	})
	return row
}

// deprive adds to found who would be offered more of g if offers of c there were free; the books are as before after it.
func (a *Allocator) deprive(c *client, g *agent, offers []*offer, found map[*client]*Deprived) {
	if !a.offerable(g) {
		return
	}
	before := make(map[*client]resource.Resources)
	for _, d := range a.clients {
		if d != nil && d != c && d.listed() {
			if v := a.lookBoth(d, g); v.gate == 0 {
				before[d] = v.b.res
			}
		}
	}
	held := make([]*bundle, len(offers))
	for i, o := range offers {
		held[i] = o.b
		a.unbook(c, g, o.b)
		o.b = a.nothing
	}
	a.refill(g)
	a.turnsHold(g)
	for _, d := range a.clients {
		if d == nil || d == c || !d.listed() {
			continue
		}
		v := a.lookBoth(d, g)
		if v.gate != 0 || before[d].Contains(v.b.res) {
			continue
		}
		x := found[d]
		if x == nil {
			x = &Deprived{Framework: d.framework.id, Role: d.role.name}
			found[d] = x
		}
		x.Agents = append(x.Agents, g.id)
		x.Resources = x.Resources.Add(v.b.res)
	}
	for i, o := range offers {
		o.b = held[i]
		a.book(c, g, o.b)
	}
	a.refill(g)
}
