package simulate

import (
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
	"github.com/proffer-go/proffer/transport/host"
)

// limits: no offer takes a role over its quota limit: what is reserved for it and below, and the unreserved part of what it
// uses and is offered (docs/allocation.md §2.4). Where it is over already, because the limit was lowered, it gets nothing more.
type limits struct {
	nothing
	w    *world
	made []master.OfferMade // since the last step
	set  map[role.Name]resource.Limits
	of   *master.Machine // whose limits they are
}

func newLimits(w *world) *limits { return &limits{w: w, set: map[role.Name]resource.Limits{}} }

func (*limits) name() string { return "quota limit passed" }

func (l *limits) observe(o host.Observation) error {
	if e, ok := o.What.(host.MasterEvent); ok && l.w.leads(o.Node) {
		switch e := e.Event.(type) {
		case master.OfferMade:
			l.made = append(l.made, e)
		case master.QuotaChanged:
			l.change(e.Configs)
		}
	}
	return nil
}

func (l *limits) change(configs []quota.Config) {
	for _, c := range configs {
		delete(l.set, c.Role)
		if !c.Limits.IsEmpty() {
			l.set[c.Role] = c.Limits
		}
	}
}

// adopt takes the limits that a new master begins with: those of the registry.
func (l *limits) adopt(m *master.Machine) {
	l.of = m
	clear(l.set)
	for _, r := range m.Roles() {
		if !r.Limit.IsEmpty() {
			l.set[r.Role] = r.Limit
		}
	}
}

func (l *limits) stepped() error {
	if len(l.made) == 0 {
		return nil
	}
	made := l.made
	l.made = l.made[:0]
	m := l.w.c.Master()
	if m == nil {
		return nil
	}
	if l.of != m {
		l.adopt(m)
	}
	if len(l.set) == 0 {
		return nil
	}
	s := m.Snapshot()
	for _, o := range made {
		plain := rationed(o.Offer.Resources)
		for _, r := range append(o.Offer.Role.Ancestors(), o.Offer.Role) {
			for name, most := range l.set[r].All() {
				if got := consumed(s, r, name); plain.Quantity(name) > 0 && got > most && slices.ContainsFunc(s.Offers, func(x msg.Offer) bool { return x.ID == o.Offer.ID }) {
					return fmt.Errorf("with offer %s of %s, role %s has %v of %s; its limit is %v", o.Offer.ID, o.Offer.Resources, r, got, name, most)
				}
			}
		}
	}
	return nil
}

// rationed is the part of r that quota counts when it is offered or used.
func rationed(r resource.Resources) resource.Resources {
	return r.Unreserved().Scalars().NonRevocable()
}

// consumed adds up what a role's subtree takes of a limit.
func consumed(s master.Snapshot, r role.Name, name string) (sum resource.Scalar) {
	for _, a := range s.Agents {
		sum += a.Total.ReservedToSubtree(r).Scalars().Quantity(name)
	}
	for _, t := range s.Tasks {
		if t.Role.IsWithin(r) && !t.State.Terminal() && t.Unreachable == 0 {
			sum += rationed(t.Resources).Quantity(name)
		}
	}
	for _, e := range s.Executors {
		if e.Role.IsWithin(r) {
			sum += rationed(e.Info.Resources).Quantity(name)
		}
	}
	for _, o := range s.Offers {
		if o.Role.IsWithin(r) {
			sum += rationed(o.Resources).Quantity(name)
		}
	}
	return sum
}
