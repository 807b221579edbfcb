package offer_test

import (
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// This file is the plain allocator under the reference's rules. It decides by itself when to run and over which agents,
// from what the commands asked for and from the times of its timer and its refusals.

// plainReference is what only the reference's rules need.
type plainReference struct {
	paused bool
	wanted bool                   // a run is asked for
	all    bool                   // over every agent
	list   map[offer.AgentID]bool // over these
	tick   plainTimer             // of the next run over every agent
	needed int                    // agents that a pause waits for; 0: it is none that does
	until  offer.Time             // it waits until then
	armed  uint64                 // timers so far
	runs   uint64

	weights map[string]*plainWeight // of the paths that there are

	available, required resource.Quantities // of the run in progress
	spent               map[role.Name]resource.Quantities
}

// plainTimer goes off at a time; among equals the one that was armed first does.
type plainTimer struct {
	at    offer.Time
	armed uint64
}

func (x plainTimer) before(y plainTimer) bool {
	return x.at < y.at || x.at == y.at && x.armed < y.armed
}

// plainWeight is the weight that a path is ordered by, and whether an order was read with it.
type plainWeight struct {
	weight float64
	used   bool
}

func newPlainReference(rules offer.Rules) plainReference {
	return plainReference{
		list: make(map[offer.AgentID]bool), weights: make(map[string]*plainWeight),
		tick: plainTimer{at: offer.Time(rules.Interval)},
	}
}

// ---- when it runs (docs/allocation.md §2.1)

// ask asks for a run over the agents named, of none named over all.
func (p *plain) ask(ids ...offer.AgentID) {
	x := &p.reference
	if x.paused {
		return
	}
	x.wanted = true
	x.all = x.all || len(ids) == 0
	for _, id := range ids {
		x.list[id] = true
	}
}

// hold pauses until most of the expected agents are back, if there is quota.
func (p *plain) hold(expected int) {
	needed := int(p.rules.HoldFraction * float64(expected))
	if p.quota.Len() > 0 && needed > 0 {
		x := &p.reference
		x.paused, x.needed, x.until = true, needed, p.now.Add(p.rules.HoldTime)
	}
}

// back is an agent more, which may end a hold.
func (p *plain) back() {
	if x := &p.reference; x.needed > 0 && len(p.agents) >= x.needed {
		p.pause(false)
	}
}

// pause begins a pause, or ends one, a hold too.
func (p *plain) pause(on bool) {
	x := &p.reference
	if x.paused = on; !on {
		x.needed = 0
	}
}

func (p *plain) arm(at offer.Time) plainTimer {
	p.reference.armed++
	return plainTimer{at, p.reference.armed}
}

// poll does what is due: the run that was asked for, then what the timers bring.
func (p *plain) poll() (made []offer.Offer) {
	x := &p.reference
	missed := false // the timer went off while the hold stood
	if x.needed > 0 && x.until <= p.now {
		missed = x.tick.at < x.until
		p.pause(false)
	}
	if x.wanted && !x.paused {
		over := p.agentIDs()
		if !x.all {
			over = slices.Sorted(maps.Keys(x.list))
		}
		made = append(made, p.runOver(over)...)
	}
	x.wanted = false
	if p.rules.Interval > 0 && x.tick.at <= p.now {
		p.endRefusals(x.tick)
		if !x.paused && !missed {
			made = append(made, p.runOver(p.agentIDs())...)
		}
		x.tick = p.arm(p.now.Add(p.rules.Interval))
	}
	p.endRefusals(plainTimer{p.now + 1, 0})
	return made
}

// endRefusals drops those whose timer goes off before t.
func (p *plain) endRefusals(t plainTimer) {
	p.refused = slices.DeleteFunc(p.refused, func(r plainRefusal) bool { return plainTimer{r.until, r.armed}.before(t) })
}

// nextDeadline is when there is something to do without a further command; false: never.
func (p *plain) nextDeadline() (at offer.Time, any bool) {
	x := &p.reference
	switch ticks := p.rules.Interval > 0; {
	case x.needed == 0:
		return x.tick.at, ticks
	case !ticks:
		return x.until, true
	default:
		return min(x.tick.at, x.until), true
	}
}

// ---- weights of paths (docs/allocation.md §1.4)

// settlePaths forgets the paths that are gone and lets new ones read the weights set.
func (p *plain) settlePaths() {
	now := make(map[string]bool)
	for r := range p.inner {
		for up, ok := r, true; ok; up, ok = up.Parent() {
			now[string(up)] = true
		}
	}
	all := p.reference.weights
	maps.DeleteFunc(all, func(path string, _ *plainWeight) bool { return !now[path] })
	for path := range now {
		if all[path] == nil {
			all[path] = &plainWeight{weight: p.weights.Of(role.Name(path))}
		}
	}
}

// reweigh is a new weight of a role, which is lost where the path is no role's own and the old one was used.
func (p *plain) reweigh(w role.Weight) {
	n := p.reference.weights[string(w.Role)]
	if n == nil {
		return
	}
	if _, own := p.inner[w.Role]; own {
		n.weight, n.used = w.Weight, true
	} else if !n.used {
		n.weight = w.Weight
	}
}

func (p *plain) weightOf(path string) float64 {
	if p.rules.LateWeightLost {
		return p.reference.weights[path].weight
	}
	return p.weights.Of(role.Name(path))
}

// ---- a run

// runOver is one run over the agents named.
func (p *plain) runOver(ids []offer.AgentID) (made []offer.Offer) {
	x := &p.reference
	x.runs++
	clear(x.list)
	x.all = false
	ids = slices.DeleteFunc(ids, func(id offer.AgentID) bool { return p.agents[id] == nil || !p.offerable(p.agents[id]) })
	if len(ids) == 0 {
		return nil
	}
	for _, n := range x.weights {
		n.used = true
	}
	p.takeSums()
	for _, first := range []bool{true, false} {
		for _, id := range ids {
			p.visitAsReference(p.agents[id], first, &made)
		}
	}
	return made
}

// takeSums adds up what the quota of this run goes by (docs/allocation.md §2.4).
func (p *plain) takeSums() {
	x := &p.reference
	x.required, x.spent = resource.Quantities{}, make(map[role.Name]resource.Quantities)
	for c := range p.quota.All() {
		var spent resource.Quantities
		for _, id := range p.agentIDs() {
			reserved := p.agents[id].Total.ReservedToSubtree(c.Role)
			spent = spent.Add(reserved.ScalarQuantities()).Add(p.takenOn(id, c.Role, isRationed))
		}
		x.spent[c.Role] = spent
		x.required = x.required.Add(c.Guarantees.Sub(spent))
	}
	var taken, reserved, inUse, revocable resource.Quantities
	for _, id := range p.agentIDs() {
		g := p.agents[id]
		taken = taken.Add(p.takenOn(id, "", func(resource.Resource) bool { return true }))
		inUse = inUse.Add(p.takenOn(id, "", func(e resource.Resource) bool { return len(e.Reservations) > 0 }))
		reserved = reserved.Add(g.Total.Reserved().ScalarQuantities())
		revocable = revocable.Add(p.free(g).Revocable().ScalarQuantities())
	}
	x.available = p.totals().Sub(taken).Sub(reserved.Sub(inUse)).Sub(revocable)
}

// takenOn sums the scalars of some kind that are offered or used on an agent by top, "" being everybody, and the roles
// below it; of a shared volume once per role.
func (p *plain) takenOn(id offer.AgentID, top role.Name, kind func(resource.Resource) bool) (sum resource.Quantities) {
	var roles []role.Name
	for _, k := range p.members() {
		if (top == "" || k.r.IsWithin(top)) && !slices.Contains(roles, k.r) {
			roles = append(roles, k.r)
		}
	}
	for _, r := range roles {
		held := p.held(id, func(k key) bool { return k.r == r && p.charged(k) })
		sum = sum.Add(held.Filter(kind).ScalarQuantities())
	}
	return sum
}

// visitAsReference offers what is free on g in one stage; books is what was out before the run.
func (p *plain) visitAsReference(g *plainAgent, first bool, made *[]offer.Offer) {
	books := slices.DeleteFunc(slices.Clone(p.offers), func(o offer.Offer) bool {
		return slices.ContainsFunc(*made, func(m offer.Offer) bool { return m.ID == o.ID })
	})
	totals := p.totals()
	var order []key
	for _, r := range p.roleOrder(totals) {
		order = append(order, p.clientOrder(r, totals)...)
	}
	var served []key
	for _, k := range order {
		got, sure, extra := p.lookAsReference(k, g, first)
		if got.IsEmpty() {
			continue
		}
		served = append(served, k)
		p.book(k, g, got, made)
		p.offers = append(slices.Clone(books), *made...)
		x := &p.reference
		x.available = x.available.Sub(sure).Sub(extra)
		x.required = x.required.Sub(sure)
		if spent, own := x.spent[k.r]; own {
			x.spent[k.r] = spent.Add(sure).Add(extra)
		}
	}
	for _, k := range served {
		p.serve(k)
	}
}

// lookAsReference is every gate in turn. sure and extra are what is charged to the quota of what is to be offered: the part
// that a guarantee asks for, and the rest.
func (p *plain) lookAsReference(k key, g *plainAgent, first bool) (got resource.Resources, sure, extra resource.Quantities) {
	x, none := &p.reference, resource.Resources{}
	r := p.free(g).AllocatableTo(k.r)
	if !p.enough(k, g, r) || p.hidden(k, g) {
		return none, sure, extra
	}
	r = p.usable(k, r)
	c, _ := p.quota.Get(k.r)
	ration := r.Filter(isRationed)
	if first {
		part := shrinkTo(ration, c.Guarantees.Sub(x.spent[k.r]))
		if part.IsEmpty() {
			return none, sure, extra
		}
		sure = part.ScalarQuantities()
		ration = ration.SubSaturating(part)
		got = part.Add(r.Filter(func(e resource.Resource) bool {
			return e.Kind != resource.KindScalar || e.Revocable || e.Owner() == k.r
		}))
	} else {
		got = r.Filter(func(e resource.Resource) bool { return !isRationed(e) })
	}
	if c.Limits.Len() > 0 {
		gone := x.spent[k.r].Add(sure)
		var room []resource.Quantity
		for name, q := range ration.ScalarQuantities().All() {
			if most, limited := c.Limits.Get(name); limited {
				q = max(min(q, most-gone.Get(name)), 0)
			}
			room = append(room, resource.Quantity{Name: name, Amount: q})
		}
		ration = shrink(ration, room)
	}
	if !x.required.IsEmpty() {
		ration = shrinkTo(ration, x.available.Sub(x.required))
	}
	got, extra = got.Add(ration), ration.ScalarQuantities()
	if !p.enough(k, g, got) || p.stillRefuses(k, g, got) {
		return none, sure, extra
	}
	return got, sure, extra
}

func shrinkTo(r resource.Resources, q resource.Quantities) resource.Resources {
	var list []resource.Quantity
	for name, amount := range q.All() {
		list = append(list, resource.Quantity{Name: name, Amount: amount})
	}
	return shrink(r, list)
}

// stillRefuses reports whether one refusal that has not been dropped yet holds all of r, whatever the time.
func (p *plain) stillRefuses(k key, g *plainAgent, r resource.Resources) bool {
	return slices.ContainsFunc(p.refused, func(x plainRefusal) bool {
		return x.key == k && x.agent == g.ID && x.res.Contains(r)
	})
}
