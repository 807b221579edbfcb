package offertest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// judge holds new offers against what the books say, and enters them. It states P2 to P6.
func (r *run) judge(offers []offer.Offer) error {
	b := r.b
	before := b.limits()
	var faults []error
	for i, o := range offers {
		faults = append(faults, b.reservation(o), b.shape(o), b.shownOnce(o, offers[:i]))
		b.offers = append(b.offers, o)
	}
	faults = append(faults, b.stillWithin(before, offers))
	for _, err := range faults {
		if err = r.suite.except(err); err != nil {
			return err
		}
	}
	return nil
}

// reservation is P3.
func (b *books) reservation(o offer.Offer) error {
	if !o.Resources.Equal(o.Resources.AllocatableTo(o.Role)) {
		return breaks(Reservations, "%s is reserved for others in part", show(o))
	}
	f := b.frameworks[o.Framework]
	for e := range o.Resources.All() {
		if len(e.Reservations) > 1 && f != nil && f.Capabilities&offer.ReservationRefinement == 0 {
			return breaks(Reservations, "%s has a reservation of %d levels that %s cannot handle", show(o), len(e.Reservations), o.Framework)
		}
	}
	return nil
}

// shape is P4 for one offer that is not in the books yet.
func (b *books) shape(o offer.Offer) error {
	g := b.agents[o.Agent]
	bad := func(why string) error { return breaks(Shape, "%s: %s", show(o), why) }
	switch {
	case g == nil:
		return bad("there is no such agent")
	case !b.offerable(g):
		return bad("the agent is not to be offered")
	case !b.listed(o.Framework, o.Role):
		return bad("the client is unknown, inactive, not subscribed or suppressed")
	case o.Resources.IsEmpty():
		return bad("it is empty")
	case !b.isFree(g, o.Resources):
		return bad(fmt.Sprintf("only %s is free", b.free(g)))
	case !b.enough(o, g):
		return bad("it is below the minimum")
	case b.refused(of(o), o.Resources):
		return bad("it was refused")
	case !b.inUnits(g, o.Resources):
		return bad("it has a part of a unit of an integral name")
	case !b.wanted(o, g):
		return bad("the constraints exclude the agent")
	}
	if why := b.incapable(o, g); why != "" {
		return bad(why)
	}
	return nil
}

// isFree reports whether an agent has r free, pieces that cannot be divided whole. A shared volume is there for any number of copies; who may be shown it how
// often is for shownOnce to say.
func (b *books) isFree(g *agentRow, r resource.Resources) bool {
	free := b.free(g)
	if !free.NonShared().Contains(r.NonShared()) {
		return false
	}
	for e := range r.Shared().All() {
		if !free.ContainsResource(e) {
			return false
		}
	}
	return true
}

// inUnits reports whether integral names come in whole units where they are free in whole units.
func (b *books) inUnits(g *agentRow, r resource.Resources) bool {
	return !slices.ContainsFunc(b.rules.Integral, func(name string) bool {
		free, _ := b.free(g).Filter(rationed).Scalar(name)
		got, _ := r.Filter(rationed).Scalar(name)
		return free%1000 == 0 && got%1000 != 0
	})
}

// enough reports whether an offer contains the minimum.
func (b *books) enough(o offer.Offer, g *agentRow) bool {
	if own, ok := b.frameworks[o.Framework].MinAllocatable[o.Role]; ok {
		return len(own) == 0 || slices.ContainsFunc(own, o.Resources.ContainsQuantities)
	}
	if len(b.rules.MinAllocatable) == 0 || b.rules.MinimumWaived && !o.Resources.Reserved().IsEmpty() {
		return true
	}
	return slices.ContainsFunc(b.rules.MinAllocatable, func(set resource.Quantities) bool {
		for name, q := range set.All() {
			has, _ := g.Total.Scalar(name)
			got, _ := o.Resources.Scalar(name)
			if got < q && (has > 0 || !b.rules.MinimumAsHad) {
				return false
			}
		}
		return true
	})
}

// wanted reports whether the framework's constraints let it have the agent: those of this package ask for a rack.
func (b *books) wanted(o offer.Offer, g *agentRow) bool {
	for _, group := range b.frameworks[o.Framework].Constraints[o.Role] {
		for _, c := range group.Attributes {
			if at, _ := g.Attributes.First(c.Name); at.Text != c.Value {
				return false
			}
		}
	}
	return true
}

// incapable says what of an offer the framework cannot handle.
func (b *books) incapable(o offer.Offer, g *agentRow) string {
	caps := b.frameworks[o.Framework].Capabilities
	if _, scarce := g.Total.Scalar("gpus"); scarce && caps&offer.GPUResources == 0 {
		return "the framework cannot handle agents with gpus"
	}
	for e := range o.Resources.All() {
		switch {
		case e.Shared && caps&offer.SharedResources == 0:
			return "the framework cannot handle shared volumes"
		case e.Revocable && caps&offer.RevocableResources == 0:
			return "the framework cannot handle revocable resources"
		}
	}
	return ""
}

// shownOnce is the last clause of P4: a shared volume goes to one client per agent and run, once, and to none that has an
// open offer of it.
func (b *books) shownOnce(o offer.Offer, others []offer.Offer) error {
	if !b.rules.SharedOnce {
		return nil
	}
	for e, copies := range o.Resources.Shared().All() {
		if copies > 1 {
			return breaks(Shape, "%s: it has the volume %d times", show(o), copies)
		}
		for _, x := range others {
			if x.Agent == o.Agent && x.Resources.ContainsResource(e) {
				return breaks(Shape, "%s: in this run offer %d has the volume, too", show(o), x.ID)
			}
		}
		for _, x := range b.offers {
			if of(x) == of(o) && x.Resources.ContainsResource(e) {
				return breaks(Shape, "%s: it has the volume in offer %d, too", show(o), x.ID)
			}
		}
	}
	return nil
}

// limits are the sums that P2, P5 and P6 speak of, before a run.
type limits struct {
	room, spare map[string]resource.Scalar
	kept        map[string]resource.Scalar // room beyond what those below lack
}

func (b *books) limits() (l limits) {
	if b.quota.Len() == 0 {
		return l
	}
	l = limits{make(map[string]resource.Scalar), make(map[string]resource.Scalar), make(map[string]resource.Scalar)}
	for _, name := range names {
		l.spare[name] = b.spare(name)
		for _, x := range b.limited() {
			room := b.room(x, name)
			l.room[at(x, name)] = room
			l.kept[at(x, name)] = room - b.needBelow(x, name)
		}
	}
	return l
}

func at(r role.Name, name string) string { return string(r) + " " + name }

// stillWithin is P2, P5 and P6: what held before the offers holds with them, and what did not has got no worse.
func (b *books) stillWithin(was limits, made []offer.Offer) error {
	if b.quota.Len() == 0 || len(made) == 0 {
		return nil
	}
	if b.rules.Quota == offer.QuotaReference {
		return b.stillWithinReference(was, made)
	}
	is := b.limits()
	for _, name := range names {
		if is.spare[name] < min(was.spare[name], 0) {
			return breaks(Headroom, "%s of %s are free beyond what guarantees lack, it was %s, after %s",
				is.spare[name], name, was.spare[name], showAll(made))
		}
		for _, x := range b.limited() {
			k := at(x, name)
			if is.room[k] < min(was.room[k], 0) {
				return breaks(Limits, "role %s has room for %s %s, it was %s, after %s", x, is.room[k], name, was.room[k], showAll(made))
			}
			if is.kept[k] < min(was.kept[k], 0) {
				return breaks(Hierarchy, "role %s has room for %s %s beyond what those below it lack, it was %s, after %s",
					x, is.kept[k], name, was.kept[k], showAll(made))
			}
		}
	}
	return nil
}

// stillWithinReference is P2 in the reference's form: what a role below got in the same run does not count yet.
func (b *books) stillWithinReference(was limits, made []offer.Offer) error {
	all := b.offers
	defer func() { b.offers = all }()
	b.offers = slices.DeleteFunc(slices.Clone(all), func(o offer.Offer) bool {
		_, nested := o.Role.Parent()
		return nested && slices.ContainsFunc(made, func(n offer.Offer) bool { return n.ID == o.ID })
	})
	for _, name := range names {
		for _, x := range b.limited() {
			if room := b.room(x, name); room < min(was.room[at(x, name)], 0) {
				return breaks(Limits, "role %s has room for %s %s after %s", x, room, name, showAll(made))
			}
		}
	}
	return nil
}

func showAll(list []offer.Offer) string {
	lines := make([]string, 0, len(list))
	for _, o := range list {
		lines = append(lines, show(o))
	}
	return strings.Join(lines, "; ")
}

// conserved is P1: the allocator's own check, and its reports against the books.
func (r *run) conserved() error {
	if err := r.a.Check(); err != nil {
		return breaks(Conservation, "%v", err)
	}
	b := r.b
	for _, id := range b.agentIDs() {
		got, ok := r.a.Agent(id)
		if !ok {
			return breaks(Conservation, "agent %s is lost", id)
		}
		for _, x := range []struct {
			what      string
			got, want resource.Resources
		}{
			{"total", got.Total, b.agents[id].Total},
			{"offered", got.Offered, b.offered(on(id))},
			{"allocated", got.Allocated, b.used(on(id))},
			{"free", got.Free, b.free(b.agents[id])},
		} {
			if !x.got.Equal(x.want) {
				return breaks(Conservation, "%s of agent %s is %s, the books say %s", x.what, id, x.got, x.want)
			}
		}
	}
	for _, row := range r.a.Roles() {
		if want := b.heldBy(row.Role); !row.Offered.Add(row.Allocated).Equal(want) {
			return breaks(Conservation, "role %s was offered %s and uses %s, the books say %s", row.Role, row.Offered, row.Allocated, want)
		}
	}
	return nil
}

// heldBy sums the scalars that a role's subtree was offered and uses; of a volume, copies in one use count once.
func (b *books) heldBy(r role.Name) (sum resource.Quantities) {
	add := func(of role.Name, x resource.Resources) {
		if of.IsWithin(r) {
			sum = sum.Add(x.ScalarQuantities())
		}
	}
	for _, o := range b.offers {
		add(o.Role, o.Resources)
	}
	for _, u := range b.uses {
		add(u.Role, u.res)
	}
	return sum
}

// inverse is P13: on a fork, what was just offered is taken back, and the books are what they were on before.
func (r *run) inverse(before *offer.Allocator) error {
	after := r.a.Fork()
	for _, o := range r.batch.Offers {
		if err := after.Withdraw(r.b.now, o.ID); err != nil {
			return breaks(Inverse, "%v", err)
		}
	}
	if err := after.Check(); err != nil {
		return breaks(Inverse, "after offers were taken back: %v", err)
	}
	if was, is := ledger(before), ledger(after); was != is {
		return breaks(Inverse, "the books were %s, and after %s were taken back %s", was, showAll(r.batch.Offers), is)
	}
	return nil
}

// ledger is all that an allocator reports of agents and roles.
func ledger(a *offer.Allocator) string {
	var b strings.Builder
	for _, id := range a.Agents() {
		row, _ := a.Agent(id)
		fmt.Fprintf(&b, "%s: %s offered, %s allocated, %s free\n", id, row.Offered, row.Allocated, row.Free)
	}
	for _, row := range a.Roles() {
		fmt.Fprintf(&b, "%s: %s offered, %s allocated, %s reserved, share %v\n", row.Role, row.Offered, row.Allocated, row.Reserved, row.Share)
	}
	return b.String()
}

// conserving is P8: whoever would be offered something was offered it. A shared volume alone is no reason.
func (r *run) conserving() error {
	b := r.b
	if r.paused || r.suite.excepted[Conserving] || b.rules.Quota == offer.QuotaReference && b.quota.Len() > 0 {
		return nil // the reference's sums of a run are not those of the next one
	}
	for _, f := range b.frameworkIDs() {
		for _, n := range b.frameworks[f].Roles {
			for _, g := range b.agentIDs() {
				v := r.a.Explain(f, n, g)
				if v.Gate != 0 || v.Offer.NonShared().IsEmpty() || b.endsNow(offer.Allocation{Framework: f, Role: n, Agent: g}) {
					continue
				}
				return breaks(Conserving, "%s/%s was not offered %s of agent %s, though no gate refuses", f, n, v.Offer, g)
			}
		}
	}
	return nil
}
