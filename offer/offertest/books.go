package offertest

import (
	"maps"
	"math"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// books are what went into an allocator and came out of it, written down call by call: lists and maps, no sums. Every
// property is stated from them.
type books struct {
	rules      offer.Rules
	now        offer.Time
	agents     map[offer.AgentID]*agentRow
	frameworks map[offer.FrameworkID]*frameworkRow
	offers     []offer.Offer
	uses       []use
	refusals   []refusal
	quota      quota.Tree
	hosts      []string // nil: every host
}

type agentRow struct {
	offer.AgentSpec
	active bool
}

type frameworkRow struct {
	offer.FrameworkSpec
	active bool
}

type use struct {
	offer.Allocation
	res resource.Resources
}

type refusal struct {
	offer.Allocation
	res   resource.Resources
	until offer.Time
}

func newBooks(rules offer.Rules) *books {
	return &books{
		rules: rules, agents: make(map[offer.AgentID]*agentRow), frameworks: make(map[offer.FrameworkID]*frameworkRow),
	}
}

// of is to whom an offer was made.
func of(o offer.Offer) offer.Allocation {
	return offer.Allocation{Framework: o.Framework, Role: o.Role, Agent: o.Agent}
}

func (b *books) agentIDs() []offer.AgentID { return slices.Sorted(maps.Keys(b.agents)) }

func (b *books) frameworkIDs() []offer.FrameworkID { return slices.Sorted(maps.Keys(b.frameworks)) }

// offered and used are what is out and what is in use, as far as only says so.
func (b *books) offered(only func(offer.Allocation) bool) (sum resource.Resources) {
	for _, o := range b.offers {
		if only(of(o)) {
			sum = sum.Add(o.Resources)
		}
	}
	return sum
}

func (b *books) used(only func(offer.Allocation) bool) (sum resource.Resources) {
	for _, u := range b.uses {
		if only(u.Allocation) {
			sum = sum.Add(u.res)
		}
	}
	return sum
}

func on(id offer.AgentID) func(offer.Allocation) bool {
	return func(al offer.Allocation) bool { return al.Agent == id }
}

// free is what an agent has beyond what is offered and used; shared volumes are always there.
func (b *books) free(g *agentRow) resource.Resources {
	held := b.offered(on(g.ID)).Add(b.used(on(g.ID)))
	return g.Total.NonShared().SubSaturating(held.NonShared()).Add(g.Total.Shared())
}

// offerable reports whether an agent may be offered at all.
func (b *books) offerable(g *agentRow) bool {
	return g.active && (b.hosts == nil || slices.Contains(b.hosts, g.Hostname))
}

// listed reports whether a framework is to be made offers for a role.
func (b *books) listed(f offer.FrameworkID, r role.Name) bool {
	row := b.frameworks[f]
	return row != nil && row.active && slices.Contains(row.Roles, r) && !slices.Contains(row.Suppressed, r)
}

// take removes an offer.
func (b *books) take(id offer.OfferID) {
	b.offers = slices.DeleteFunc(b.offers, func(o offer.Offer) bool { return o.ID == id })
}

// use books a use.
func (b *books) use(al offer.Allocation, r resource.Resources) {
	if r.IsEmpty() {
		return
	}
	for i := range b.uses {
		if b.uses[i].Allocation == al {
			b.uses[i].res = b.uses[i].res.Add(r)
			return
		}
	}
	b.uses = append(b.uses, use{al, r})
}

// drop forgets offers and refusals, and uses as well if asked.
func (b *books) drop(gone func(offer.Allocation) bool, uses bool) {
	b.offers = slices.DeleteFunc(b.offers, func(o offer.Offer) bool { return gone(of(o)) })
	b.forgive(gone)
	if uses {
		b.uses = slices.DeleteFunc(b.uses, func(u use) bool { return gone(u.Allocation) })
	}
}

func (b *books) forgive(gone func(offer.Allocation) bool) {
	b.refusals = slices.DeleteFunc(b.refusals, func(r refusal) bool { return gone(r.Allocation) })
}

// refuse notes that al will not have r for as long as f says. The rules may hold it longer, never shorter.
func (b *books) refuse(al offer.Allocation, r resource.Resources, f offer.Filter) {
	if !r.IsEmpty() && f.Refuse > 0 {
		b.refusals = append(b.refusals, refusal{al, r, b.now.Add(f.Refuse)})
	}
}

// refused reports whether a refusal holds that contains r.
func (b *books) refused(al offer.Allocation, r resource.Resources) bool {
	return slices.ContainsFunc(b.refusals, func(x refusal) bool {
		return x.Allocation == al && x.until > b.now && x.res.Contains(r)
	})
}

// endsNow reports whether a refusal of al ends at this moment: under Rules.FilterFloor it ends after the run of the moment.
func (b *books) endsNow(al offer.Allocation) bool {
	return b.rules.FilterFloor && slices.ContainsFunc(b.refusals, func(x refusal) bool {
		floor := max(x.until, x.until.Add(b.rules.Interval))
		return x.Allocation == al && x.until <= b.now && floor >= b.now
	})
}

// ---- quota (docs/allocation.md §2.4, §2.8)

// rationed reports whether quota rations e.
func rationed(e resource.Resource) bool {
	return e.Kind == resource.KindScalar && len(e.Reservations) == 0 && !e.Revocable
}

// names are the scalars of the tiny cluster.
var names = []string{"cpus", "mem", "disk", "gpus"}

// consumed is what a role's subtree takes of its quota: all that is reserved for it, and the unreserved part of what it is
// offered and uses.
func (b *books) consumed(r role.Name, name string) (sum resource.Scalar) {
	for _, id := range b.agentIDs() {
		sum += b.agents[id].Total.ReservedToSubtree(r).ScalarQuantities().Get(name)
	}
	for _, o := range b.offers {
		if o.Role.IsWithin(r) {
			sum += o.Resources.Filter(rationed).ScalarQuantities().Get(name)
		}
	}
	for _, u := range b.uses {
		if u.Role.IsWithin(r) {
			sum += u.res.Filter(rationed).ScalarQuantities().Get(name)
		}
	}
	return sum
}

// limited lists the roles with quota or with quota below them.
func (b *books) limited() []role.Name { return role.Known(b.quota.Roles()) }

// children lists those of limited that are just below r; "" asks for the top level.
func (b *books) children(r role.Name) []role.Name {
	return slices.DeleteFunc(b.limited(), func(q role.Name) bool {
		up, ok := q.Parent()
		return ok && up != r || !ok && r != ""
	})
}

// need is what the guarantees of r and below still lack.
func (b *books) need(r role.Name, name string) resource.Scalar {
	c, _ := b.quota.Get(r)
	return max(c.Guarantees.Get(name)-b.consumed(r, name), b.needBelow(r, name), 0)
}

func (b *books) needBelow(r role.Name, name string) (sum resource.Scalar) {
	for _, child := range b.children(r) {
		sum += b.need(child, name)
	}
	return sum
}

// room is how much more r may take of a name; negative where it has more than its limit.
func (b *books) room(r role.Name, name string) resource.Scalar {
	c, _ := b.quota.Get(r)
	most, ok := c.Limits.Get(name)
	if !ok {
		return math.MaxInt64 / 4
	}
	return most - b.consumed(r, name)
}

// spare is what could be offered of a name beyond what guarantees lack.
func (b *books) spare(name string) resource.Scalar {
	available := resource.Scalar(0)
	for _, id := range b.agentIDs() {
		if g := b.agents[id]; b.offerable(g) {
			available += b.free(g).Filter(rationed).ScalarQuantities().Get(name)
		}
	}
	return available - b.needBelow("", name)
}
