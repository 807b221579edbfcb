package offer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Outstanding returns an offer that is still out.
func (a *Allocator) Outstanding(id OfferID) (Offer, bool) {
	o := a.offers.get(id)
	if o == nil {
		return Offer{}, false
	}
	return o.public(), true
}

// Accept consumes offers of one framework, role and agent: it applies ops in order to their resources and to the agent's
// total, charges used to the framework and frees the rest. What ops made of the resources comes back without a refusal,
// what they left as it was and nobody used under f. All or nothing: ErrUnknownOffer, ErrMixedOffers, ErrNotOffered,
// ErrVolumeInUse, ErrTooMany, or the error of package reservation.
//
// ops were validated by the caller (reservation.Apply); here they are only made to fit. Of a shared volume that is
// offered, used may hold any number of copies.
func (a *Allocator) Accept(now Time, ids []OfferID, ops []reservation.Op, used resource.Resources, f Filter) (Allocation, error) {
	offers, err := a.together(ids)
	if err != nil {
		return Allocation{}, fmt.Errorf("accept: %w", err)
	}
	c, g := offers[0].client, offers[0].agent
	var pool resource.Resources
	for _, o := range offers {
		pool = pool.Add(o.b.res)
	}
	t, err := a.convert(g, nil, pool, ops)
	if err != nil {
		return Allocation{}, fmt.Errorf("accept offers of agent %q: %w", g.id, err)
	}
	used = used.Unallocate()
	if err := mayUse(t.pool, used); err != nil {
		return Allocation{}, fmt.Errorf("accept offers of agent %q: %w", g.id, err)
	}
	a.advance(now)
	a.stats.Accepted += uint64(len(ids))
	for _, o := range t.doomed {
		if !slices.Contains(offers, o) {
			a.rescind(o, RescindVolume)
		}
	}
	b := offers[0].b
	if len(offers) > 1 || !used.Equal(b.res) {
		b = a.bundle(used)
	}
	a.exchange(c, g, offers, b)
	if len(ops) > 0 {
		a.setTotal(g, t.total)
	}
	a.refill(g)
	if !b.empty() {
		a.endStreak(c, g)
	}
	a.refuse(c, g, a.bundle(untouched(pool, t.pool, used)), f)
	a.changed(g)
	al := Allocation{Framework: c.framework.id, Role: c.role.name, Agent: g.id}
	a.dropClient(c)
	return al, nil
}

// exchange turns offers into the use b, without counting it as being served once more.
func (a *Allocator) exchange(c *client, g *agent, offers []*offer, b *bundle) {
	var oldClient, oldRole vec
	for _, o := range offers {
		a.unlink(o)
		forClient, forRole := a.unbook(c, g, o.b)
		oldClient.Add(forClient)
		oldRole.Add(forRole)
		a.recycle(o)
	}
	newClient, newRole := a.book(c, g, b)
	a.exchanged(c, &oldClient, newClient, &oldRole, newRole)
	if !b.empty() {
		a.giveUse(c, g, b)
	}
}

// together returns the offers of ids, which must be of one framework, role and agent.
func (a *Allocator) together(ids []OfferID) ([]*offer, error) {
	offers, err := a.each(ids)
	if err != nil {
		return nil, err
	}
	if len(offers) == 0 {
		return nil, fmt.Errorf("no offer named: %w", ErrUnknownOffer)
	}
	for _, o := range offers[1:] {
		if o.client != offers[0].client || o.agent != offers[0].agent {
			return nil, fmt.Errorf("offers %d and %d: %w", offers[0].id, o.id, ErrMixedOffers)
		}
	}
	return offers, nil
}

// each returns the offers of ids, none of them twice.
func (a *Allocator) each(ids []OfferID) ([]*offer, error) {
	offers := make([]*offer, 0, len(ids))
	for _, id := range ids {
		o := a.offers.get(id)
		if o == nil {
			return nil, fmt.Errorf("offer %d: %w", id, ErrUnknownOffer)
		}
		offers = append(offers, o)
	}
	if len(ids) > 1 {
		sorted := slices.Sorted(slices.Values(ids))
		if len(slices.Compact(sorted)) < len(ids) {
			return nil, fmt.Errorf("an offer named twice: %w", ErrMixedOffers)
		}
	}
	return offers, nil
}

// converted is what operations make of a pool and of the agent's total.
type converted struct {
	pool, total resource.Resources
	doomed      []*offer // of volumes that are destroyed
}

// convert applies ops to pool, which is held on g, and to g's total. own is the use that pool is of; nil: it is of offers.
func (a *Allocator) convert(g *agent, own *use, pool resource.Resources, ops []reservation.Op) (converted, error) {
	t := converted{pool: pool, total: g.total.res}
	if len(ops) == 0 {
		return t, nil
	}
	for i, op := range ops {
		doomed, err := g.holders(op, own)
		if err == nil {
			t.pool, err = reservation.Convert(t.pool, op)
		}
		if err == nil {
			t.total, err = reservation.Convert(t.total, op)
		}
		if err != nil {
			return t, fmt.Errorf("operation %d: %w", i, err)
		}
		for _, o := range doomed {
			if !slices.Contains(t.doomed, o) {
				t.doomed = append(t.doomed, o)
			}
		}
	}
	if err := a.checkTotal(t.total, g.total); err != nil {
		return t, err
	}
	return t, a.roomForRoles(owners(t.total)...)
}

// holders returns the offers that hold a shared volume which op destroys; a use of it other than own is an error.
func (g *agent) holders(op reservation.Op, own *use) ([]*offer, error) {
	d, ok := op.(reservation.Destroy)
	if !ok {
		return nil, nil
	}
	var list []*offer
	for v := range d.Volumes.Unallocate().Shared().All() {
		for _, u := range g.uses {
			if u != own && u.b.is(hasShared) && u.b.res.ContainsResource(v) {
				return nil, fmt.Errorf("volume %s used by framework %q: %w", v, u.client.framework.id, ErrVolumeInUse)
			}
		}
		for _, o := range byID(g.offers) {
			if o.b.is(hasShared) && o.b.res.ContainsResource(v) && !slices.Contains(list, o) {
				list = append(list, o)
			}
		}
	}
	return list, nil
}

// mayUse reports whether pool suffices for used.
func mayUse(pool, used resource.Resources) error {
	if !pool.NonShared().Contains(used.NonShared()) {
		return fmt.Errorf("%s of %s: %w", used, pool, ErrNotOffered)
	}
	for e := range used.Shared().All() {
		if !pool.ContainsResource(e) {
			return fmt.Errorf("%s of %s: %w", e, pool, ErrNotOffered)
		}
	}
	return nil
}

// untouched is what is left of pool after after, which operations made of it, lost used: only the part that was there
// before them.
func untouched(before, after, used resource.Resources) resource.Resources {
	made := after.SubSaturating(before)
	return after.SubSaturating(used).SubSaturating(made)
}

// Decline gives offers back whole, under f; they may be of several agents. All or nothing: ErrUnknownOffer, ErrMixedOffers.
func (a *Allocator) Decline(now Time, f Filter, ids ...OfferID) error {
	offers, err := a.each(ids)
	if err != nil {
		return fmt.Errorf("decline: %w", err)
	}
	a.advance(now)
	a.stats.Declined += uint64(len(ids))
	for _, o := range offers {
		c, g, b := o.client, o.agent, o.b
		a.takeBack(o)
		a.refuse(c, g, b, f)
		a.dropClient(c)
	}
	return nil
}

// Withdraw drops offers silently and without a refusal, as when an answer to them was void. All or nothing.
func (a *Allocator) Withdraw(now Time, ids ...OfferID) error {
	offers, err := a.each(ids)
	if err != nil {
		return fmt.Errorf("withdraw: %w", err)
	}
	a.advance(now)
	for _, o := range offers {
		a.withdraw(o)
	}
	return nil
}

// withdraw makes what an offer holds free again.
func (a *Allocator) withdraw(o *offer) {
	c := o.client
	a.takeBack(o)
	a.dropClient(c)
}

// takeBack is withdraw, leaving a client that nothing keeps.
func (a *Allocator) takeBack(o *offer) {
	c, g, b := o.client, o.agent, o.b
	a.unlink(o)
	a.recycle(o)
	a.drop(c, g, b)
	a.giveBack(g, b)
}

// rescind takes an offer back and has the next Poll tell so.
func (a *Allocator) rescind(o *offer, why RescindReason) {
	p := o.public()
	a.rescinds = append(a.rescinds, Rescind{p.ID, p.Framework, p.Role, p.Agent, why})
	a.stats.Rescinds++
	a.withdraw(o)
}

// Charge books r as used outside any offer, as for a task that a returning agent reports. It may be more than is free.
func (a *Allocator) Charge(now Time, al Allocation, r resource.Resources) error {
	g, ok := a.agent(al.Agent)
	if !ok {
		return fmt.Errorf("charge agent %q: %w", al.Agent, ErrUnknownAgent)
	}
	f, ok := a.framework(al.Framework)
	if !ok {
		return fmt.Errorf("charge framework %q: %w", al.Framework, ErrUnknownFramework)
	}
	err := a.bounds.PerRole.Check(al.Role)
	if err == nil {
		err = a.roomForRoles(al.Role)
	}
	if err == nil {
		err = a.roomForNames(r.ScalarQuantities().All())
	}
	if err == nil {
		err = a.checkCharge(r)
	}
	if err != nil {
		return fmt.Errorf("charge framework %q: %w", al.Framework, err)
	}
	a.advance(now)
	c := a.ensureClient(f, al.Role)
	a.charge(c, g, a.bundle(r.Unallocate()))
	a.refill(g)
	a.changed(g)
	a.dropClient(c)
	return nil
}

// Release gives back what a task used. ErrUnknownAgent and ErrNotHeld say that it was not there; after removals that is
// normal.
func (a *Allocator) Release(now Time, al Allocation, r resource.Resources) error {
	g, ok := a.agent(al.Agent)
	if !ok {
		return fmt.Errorf("release on agent %q: %w", al.Agent, ErrUnknownAgent)
	}
	r = r.Unallocate()
	u, ok := a.use(al, g)
	if !ok || !u.b.res.Contains(r) {
		return fmt.Errorf("release %s of framework %q, role %q on agent %q: %w", r, al.Framework, al.Role, al.Agent, ErrNotHeld)
	}
	a.advance(now)
	c, b := u.client, u.b
	if !r.Equal(b.res) {
		b = a.bundle(r)
	}
	a.takeUse(u, b)
	a.drop(c, g, b)
	a.giveBack(g, b)
	a.dropClient(c)
	return nil
}

// use returns what al uses on g.
func (a *Allocator) use(al Allocation, g *agent) (*use, bool) {
	i, ok := a.fwAt[al.Framework]
	if !ok {
		return nil, false
	}
	c, ok := a.fws[i].in(al.Role)
	if !ok {
		return nil, false
	}
	u, ok := c.uses[g.index]
	return u, ok
}

// Refuse keeps r, and whatever is contained in it, from a framework's role on an agent for as long as f says: for hosts
// that give back parts of an offer at a time. ErrUnknownAgent, ErrUnknownFramework, ErrNotSubscribed.
func (a *Allocator) Refuse(now Time, al Allocation, r resource.Resources, f Filter) error {
	g, ok := a.agent(al.Agent)
	if !ok {
		return fmt.Errorf("refuse agent %q: %w", al.Agent, ErrUnknownAgent)
	}
	clients, err := a.clientsOf(al.Framework, []role.Name{al.Role})
	if err != nil {
		return fmt.Errorf("refuse for framework %q: %w", al.Framework, err)
	}
	if err := a.roomForNames(r.ScalarQuantities().All()); err != nil {
		return fmt.Errorf("refuse for framework %q: %w", al.Framework, err)
	}
	a.advance(now)
	a.refuse(clients[0], g, a.bundle(r.Unallocate()), f)
	return nil
}

// Convert applies ops, in order, to what al uses and to the agent's total, for a host that books offers as used as soon as
// they are made. Offers of a shared volume that is destroyed are rescinded. All or nothing: ErrUnknownAgent, ErrNotHeld,
// ErrVolumeInUse where others use such a volume, ErrClusterTotal, ErrTooMany, or the error of package reservation.
func (a *Allocator) Convert(now Time, al Allocation, ops ...reservation.Op) error {
	g, ok := a.agent(al.Agent)
	if !ok {
		return fmt.Errorf("convert on agent %q: %w", al.Agent, ErrUnknownAgent)
	}
	u, ok := a.use(al, g)
	if !ok {
		return fmt.Errorf("convert for framework %q on agent %q: %w", al.Framework, al.Agent, ErrNotHeld)
	}
	t, err := a.convert(g, u, u.b.res, ops)
	if err != nil {
		return fmt.Errorf("convert for framework %q on agent %q: %w", al.Framework, al.Agent, err)
	}
	a.advance(now)
	for _, o := range t.doomed {
		a.rescind(o, RescindVolume)
	}
	c, old := u.client, u.b
	a.takeUse(u, old)
	oldClient, oldRole := a.unbook(c, g, old)
	b := a.bundle(t.pool)
	newClient, newRole := a.book(c, g, b)
	a.exchanged(c, oldClient, newClient, oldRole, newRole)
	a.giveUse(c, g, b)
	a.setTotal(g, t.total)
	a.refill(g)
	a.changed(g)
	return nil
}

// Operate applies an operator's operation to the agent's unused resources; offers that hold what it needs are rescinded,
// the earliest first, and no more of them than it takes. ErrNotUnused where that would not do, ErrVolumeInUse, or the
// error of package reservation.
func (a *Allocator) Operate(now Time, id AgentID, op reservation.Op, principal *string) error {
	g, ok := a.agent(id)
	if !ok {
		return fmt.Errorf("operate on agent %q: %w", id, ErrUnknownAgent)
	}
	ctx := reservation.Context{Operator: true, Principal: principal, Volumes: g.total.res.PersistentVolumes()}
	unused := g.free.res
	doomed, err := g.holders(op, nil)
	if err != nil {
		return fmt.Errorf("operate on agent %q: %w", id, err)
	}
	for _, o := range doomed {
		unused = unused.Add(o.b.res.NonShared())
	}
	apply := func(r resource.Resources) error {
		_, err := reservation.Apply(r, op, ctx)
		return err
	}
	var out []*offer
	if a.rules.Rescind {
		out = slices.DeleteFunc(byID(g.offers), func(o *offer) bool { return slices.Contains(doomed, o) })
	}
	more, err := needed(out, unused, apply)
	if errors.Is(err, reservation.ErrNotContained) {
		err = fmt.Errorf("%w: %w", ErrNotUnused, err)
	}
	doomed = append(doomed, more...)
	var total resource.Resources
	if err == nil {
		total, err = reservation.Convert(g.total.res, op)
	}
	if err == nil {
		err = a.checkTotal(total, g.total)
	}
	if err == nil {
		err = a.roomForRoles(owners(total)...)
	}
	if err != nil {
		return fmt.Errorf("operate on agent %q: %w", id, err)
	}
	a.advance(now)
	slices.SortFunc(doomed, func(x, y *offer) int { return cmp.Compare(x.id, y.id) })
	for _, o := range doomed {
		a.rescind(o, RescindOperator)
	}
	a.setTotal(g, total)
	a.refill(g)
	a.changed(g)
	return nil
}

// needed lists the earliest offers that, added to unused, let apply succeed, but for those that it succeeds without.
func needed(out []*offer, unused resource.Resources, apply func(resource.Resources) error) ([]*offer, error) {
	err, added := apply(unused), 0
	for ; err != nil && added < len(out); added++ {
		unused = unused.Add(out[added].b.res.NonShared())
		err = apply(unused)
	}
	if err != nil {
		return nil, err
	}
	var list []*offer
	for _, o := range out[:added] {
		if rest := unused.SubSaturating(o.b.res.NonShared()); apply(rest) == nil {
			unused = rest
		} else {
			list = append(list, o)
		}
	}
	return list, nil
}
