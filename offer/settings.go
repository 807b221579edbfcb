package offer

import (
	"fmt"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// SetWeights sets the weights of roles, all or none; a role that is not named keeps its weight, 1 takes it back. What is
// offered already stays, unless the rules rescind it.
func (a *Allocator) SetWeights(now Time, ws []role.Weight) error {
	next, err := a.weightsAfter(ws)
	if err != nil {
		return fmt.Errorf("set weights: %w", err)
	}
	a.advance(now)
	a.weights = next
	defer a.sharesMoved()
	served := false
	for _, w := range ws {
		n := a.track(w.Role)
		served = served || n.anyMember()
		n.weight = w.Weight
		must(a.order.SetWeight(string(w.Role), w.Weight))
		a.forget(n)
	}
	if served && a.rules.Rescind && a.rules.RescindOnWeights {
		for a.firstOut != nil {
			a.rescind(a.firstOut, RescindWeights)
		}
	}
	return nil
}

// weightsAfter checks an update and returns what it makes of the weights.
func (a *Allocator) weightsAfter(ws []role.Weight) (role.Weights, error) {
	next, err := a.weights.Update(ws)
	if err != nil {
		return role.Weights{}, err
	}
	var roles []role.Name
	for _, w := range ws {
		if err := a.bounds.PerRole.Check(w.Role); err != nil {
			return role.Weights{}, err
		}
		roles = append(roles, w.Role)
	}
	return next, a.roomForRoles(roles...)
}

// anyMember reports whether a framework is in n.
func (n *node) anyMember() bool { return n.members > 0 }

// SetQuota sets the quota of roles, all or none; an empty Config takes a role's quota away. Unless forced, a limit below
// present use and guarantees beyond the cluster's capacity are refused. Offers of a role above its new limit are rescinded,
// and so are offers of others, the latest first, as far as new guarantees need them.
func (a *Allocator) SetQuota(now Time, cs []quota.Config, force bool) error {
	next, err := a.quotaAfter(cs, force)
	if err != nil {
		return fmt.Errorf("set quota: %w", err)
	}
	a.advance(now)
	had := a.quota.Len() > 0
	a.quota = next
	for _, c := range cs {
		n := a.track(c.Role)
		n.hasQuota = !c.IsDefault()
		n.guarantee.put(a.names.vec(c.Guarantees))
		n.limit = a.names.ceiling(c.Limits)
		a.renewNeed(n)
		a.alive(n)
	}
	if a.rules.Rescind {
		for _, c := range cs {
			a.enforceLimit(c.Role)
		}
		a.makeRoom(cs)
	}
	for _, c := range cs {
		if n, ok := a.role(c.Role); ok {
			a.forget(n)
		}
	}
	if had || next.Len() > 0 {
		a.changed(everyAgent)
	}
	return nil
}

// quotaAfter checks an update and returns what it makes of the quota.
func (a *Allocator) quotaAfter(cs []quota.Config, force bool) (quota.Tree, error) {
	if err := a.checkQuota(cs); err != nil {
		return quota.Tree{}, err
	}
	return a.quota.Update(cs, quota.Facts{Consumed: a.consumedBy, Capacity: a.names.quantities(&a.capacity), Force: force})
}

func (a *Allocator) checkQuota(cs []quota.Config) error {
	var roles []role.Name
	var names []amounts
	for _, c := range cs {
		if err := a.bounds.PerRole.Check(c.Role); err != nil {
			return err
		}
		if _, nested := c.Role.Parent(); nested && a.rules.Quota == QuotaReference {
			return fmt.Errorf("role %q: %w", c.Role, ErrNestedQuota)
		}
		roles, names = append(roles, c.Role), append(names, c.Guarantees.All(), c.Limits.All())
	}
	if err := a.roomForRoles(roles...); err != nil {
		return err
	}
	return a.roomForNames(names...)
}

// consumedBy is what an operator's new limit is measured against: reservations and unreserved use, offers left out.
func (a *Allocator) consumedBy(r role.Name) resource.Quantities {
	n, ok := a.role(r)
	if !ok {
		return resource.Quantities{}
	}
	v := n.reserved.vec().Clone()
	v.Add(n.used.vec())
	return a.names.quantities(&v)
}

// enforceLimit rescinds the latest offers of r's subtree until it is within its limit.
func (a *Allocator) enforceLimit(r role.Name) {
	n, ok := a.role(r)
	if !ok || len(n.limit) == 0 {
		return
	}
	for o := a.lastOut; o != nil && n.isOver(); {
		prev := o.prev
		if o.client.role.within(n) && n.helps(o) {
			a.rescind(o, RescindQuota)
		}
		o = prev
	}
}

// isOver reports whether a name is above its limit.
func (n *node) isOver() bool {
	for _, l := range n.limit {
		if n.consumed(l.name) > l.most {
			return true
		}
	}
	return false
}

// helps reports whether taking o back lowers a name that is above its limit.
func (n *node) helps(o *offer) bool {
	for _, l := range n.limit {
		if n.consumed(l.name) > l.most && o.b.unres.Get(l.name) > 0 {
			return true
		}
	}
	return false
}

func (n *node) within(top *node) bool {
	for ; n != nil; n = n.parent {
		if n == top {
			return true
		}
	}
	return false
}

// makeRoom rescinds the latest offers of others as far as the guarantees of cs lack headroom.
func (a *Allocator) makeRoom(cs []quota.Config) {
	lacking := func(i int) bool { return a.required().Get(i) > a.placeable.Get(i) }
	for _, c := range cs {
		n, ok := a.role(c.Role)
		if !ok || c.Guarantees.IsEmpty() {
			continue
		}
		for o := a.lastOut; o != nil; {
			prev := o.prev
			if !o.client.role.within(n) && a.offerable(o.agent) {
				for i := range o.b.unres.Len() {
					if o.b.unres.Get(i) > 0 && n.need.Get(i) > 0 && lacking(i) && !a.within(o.client.role, i) {
						a.rescind(o, RescindQuota)
						break
					}
				}
			}
			o = prev
		}
	}
}

// within reports whether name i of what n holds fills a guarantee, so that taking it back would raise a need as much.
func (a *Allocator) within(n *node, i int) bool {
	for ; n != a.root; n = n.parent {
		if g := n.guarantee.Get(i); g > 0 && n.consumed(i) <= g {
			return true
		}
	}
	return false
}
