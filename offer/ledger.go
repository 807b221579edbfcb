package offer

import (
	"slices"

	"github.com/proffer-go/proffer/resource"
)

// offer is an outstanding offer. Records are reused.
type offer struct {
	id       OfferID
	client   *client
	agent    *agent
	b        *bundle
	made     Time
	deadline Time
	run      uint64 // that made it
	inAgent  int32  // its place in agent.offers
	inClient int32  // its place in client.offers

	prev, next *offer // by deadline
}

// use is all that one client uses on one agent.
type use struct {
	client *client
	agent  *agent
	b      *bundle
	in     int // its place in agent.uses
}

// hold counts the copies of a shared volume that a client holds on an agent.
type hold struct {
	client *client
	volume resource.Resource
	count  int
}

// issue books b of g's free part as an offer to c.
func (a *Allocator) issue(c *client, g *agent, b *bundle) *offer {
	a.lastOffer++
	o := a.newOffer()
	*o = offer{id: a.lastOffer, client: c, agent: g, b: b, run: a.stats.Runs, made: a.now}
	if a.rules.OfferLifetime > 0 {
		o.deadline = a.now.Add(a.rules.OfferLifetime)
	}
	a.link(o)
	a.offered(c)
	return o
}

// link enters an offer in every list; a chain of offers with one lifetime is in the order of deadlines.
func (a *Allocator) link(o *offer) {
	a.offers.put(o)
	o.inAgent, o.agent.offers = int32(len(o.agent.offers)), append(o.agent.offers, o)
	o.inClient, o.client.offers = int32(len(o.client.offers)), append(o.client.offers, o)
	o.client.framework.out++
	o.client.offered.Add(&o.b.all)
	o.prev, o.next = a.lastOut, nil
	if a.lastOut != nil {
		a.lastOut.next = o
	} else {
		a.firstOut = o
	}
	a.lastOut = o
}

// unlink takes an offer out of every list.
func (a *Allocator) unlink(o *offer) {
	a.offers.remove(o.id)
	o.agent.offers = dropAt(o.agent.offers, int(o.inAgent), func(m *offer) { m.inAgent = o.inAgent })
	o.client.offers = dropAt(o.client.offers, int(o.inClient), func(m *offer) { m.inClient = o.inClient })
	o.client.framework.out--
	o.client.offered.Sub(&o.b.all)
	if o.prev != nil {
		o.prev.next = o.next
	} else {
		a.firstOut = o.next
	}
	if o.next != nil {
		o.next.prev = o.prev
	} else {
		a.lastOut = o.prev
	}
}

// dropAt removes list[i] by moving the last element there.
func dropAt[T any](list []*T, i int, moved func(*T)) []*T {
	last := len(list) - 1
	list[i] = list[last]
	moved(list[i])
	list[last] = nil
	return list[:last]
}

// Records of offers are made in blocks, and kept for use again.
const (
	offerBlock = 64
	mostSpare  = 1 << 12
)

func (a *Allocator) newOffer() *offer {
	if n := len(a.spare); n > 0 {
		o := a.spare[n-1]
		a.spare = a.spare[:n-1]
		return o
	}
	block := make([]offer, offerBlock)
	for i := range block[1:] {
		a.spare = append(a.spare, &block[i+1])
	}
	return &block[0]
}

// recycle keeps the record of an unlinked offer for the next one, unless far more are kept than are out.
func (a *Allocator) recycle(o *offer) {
	*o = offer{}
	a.spare = append(a.spare, o)
	if len(a.spare) > mostSpare+2*a.offers.count {
		a.spare = slices.Clone(a.spare[:len(a.spare)/2])
	}
}

// book charges b of g to c in every sum but the orders; it returns what the orders of frameworks and of roles must be
// charged. The two differ from b and from each other only by shared volumes.
func (a *Allocator) book(c *client, g *agent, b *bundle) (forClient, forRole *vec) {
	forClient, forRole = a.countShared(c, g, b, 1)
	a.countCopies(b, forClient, forRole, 1)
	a.sum(c, b, forClient, forRole, 1)
	return forClient, a.charged(b, forRole)
}

// unbook is the inverse of book.
func (a *Allocator) unbook(c *client, g *agent, b *bundle) (forClient, forRole *vec) {
	forClient, forRole = a.countShared(c, g, b, -1)
	a.countCopies(b, forClient, forRole, -1)
	a.sum(c, b, forClient, forRole, -1)
	return forClient, a.charged(b, forRole)
}

func (a *Allocator) sum(c *client, b *bundle, forClient, forRole *vec, sign int) {
	if sign < 0 {
		a.uncap(c)
		if c.short {
			c.short = false
			a.requestFor(c)
		}
	}
	sumSigned(&c.held, forClient, sign)
	sumSigned(&c.role.held, forRole, sign)
	addSigned(&a.allocated, forRole, sign)
	var reserved vec
	if b.is(hasReserved) {
		// A reserved part is counted as the role holds it: a shared volume once.
		reserved = forRole.Clone()
		reserved.Sub(&b.unres)
		if b.revocable != nil {
			reserved.Sub(b.revocable)
		}
	}
	for n := c.role; n != a.root; n = n.parent {
		sumSigned(&n.unres, &b.unres, sign)
		if b.revocable != nil {
			n.figures.revocable.add(b.revocable, sign)
		}
		if b.is(hasReserved) {
			n.taken.add(&reserved, sign)
		}
	}
	a.refreshNeed(c.role)
}

// countShared counts copies of shared volumes up or down and returns the scalars of b with only those volumes that the
// client, or the role, did not hold there before, or holds no longer.
func (a *Allocator) countShared(c *client, g *agent, b *bundle, sign int) (forClient, forRole *vec) {
	if !b.is(hasShared) {
		return &b.all, &b.all
	}
	byClient, byRole := b.all.Clone(), b.all.Clone()
	for e, copies := range b.res.All() {
		if !e.Shared {
			continue
		}
		i, q := a.names.of(e.Name), int64(e.Scalar)
		clientHeld, roleHeld := g.copies(c, e)
		after := clientHeld + sign*copies
		if clientHeld > 0 && after > 0 {
			byClient.Set(i, byClient.Get(i)-q)
		}
		if roleHeld > 0 && roleHeld+sign*copies > 0 {
			byRole.Set(i, byRole.Get(i)-q)
		}
		g.setCopies(c, e, after)
	}
	return &byClient, &byRole
}

// countCopies counts what a client holds of shared volumes beyond what its role holds of them.
func (a *Allocator) countCopies(b *bundle, forClient, forRole *vec, sign int) {
	if b.is(hasShared) {
		addSigned(&a.copies, forClient, sign)
		addSigned(&a.copies, forRole, -sign)
	}
}

// copies counts the copies of e that c, and all clients of its role, hold on g.
func (g *agent) copies(c *client, e resource.Resource) (byClient, byRole int) {
	shared := g.rare().shared
	for i := range shared {
		h := &shared[i]
		if h.client.role != c.role || !h.volume.Equal(e) {
			continue
		}
		byRole += h.count
		if h.client == c {
			byClient += h.count
		}
	}
	return byClient, byRole
}

func (g *agent) setCopies(c *client, e resource.Resource, count int) {
	shared := g.rare().shared
	i := slices.IndexFunc(shared, func(h hold) bool { return h.client == c && h.volume.Equal(e) })
	switch {
	case i < 0 && count > 0:
		g.setShared(append(shared, hold{c, e, count}))
	case i >= 0 && count <= 0:
		g.setShared(slices.Delete(shared, i, i+1))
	case i >= 0:
		shared[i].count = count
	}
}

// hold charges b to c outside a run. With served it counts as one grant in the orders.
func (a *Allocator) hold(c *client, g *agent, b *bundle, served bool) {
	forClient, forRole := a.book(c, g, b)
	if served {
		a.grant(c, forClient, forRole)
		return
	}
	a.exchanged(c, &vec{}, forClient, &vec{}, forRole)
}

// drop takes b back from c in every sum and order.
func (a *Allocator) drop(c *client, g *agent, b *bundle) {
	forClient, forRole := a.unbook(c, g, b)
	a.gaveBack(c, forClient, forRole)
}

// giveUse adds b to what c uses on g; the orders are the caller's business.
func (a *Allocator) giveUse(c *client, g *agent, b *bundle) {
	for n := c.role; n != a.root; n = n.parent {
		n.used.add(&b.unres, 1)
	}
	a.alive(c.role)
	u, ok := c.uses[g.index]
	if !ok {
		u = &use{client: c, agent: g, b: a.nothing, in: len(g.uses)}
		g.uses = append(g.uses, u)
		if c.uses == nil {
			c.uses = make(map[int32]*use)
		}
		c.uses[g.index] = u
	}
	if u.b.empty() {
		u.b = b
		return
	}
	u.b = a.bundle(u.b.res.Add(b.res))
}

// takeUse is the inverse of giveUse; b must be contained in the use.
func (a *Allocator) takeUse(u *use, b *bundle) {
	for n := u.client.role; n != a.root; n = n.parent {
		n.used.add(&b.unres, -1)
	}
	a.alive(u.client.role)
	if u.b == b {
		u.b = a.nothing
	} else {
		u.b = a.bundle(u.b.res.SubSaturating(b.res))
	}
	if u.b.empty() {
		delete(u.client.uses, u.agent.index)
		u.agent.uses = dropAt(u.agent.uses, u.in, func(m *use) { m.in = u.in })
	}
}

// must panics where an order refuses what the ledger holds. Every command checks its bounds before it changes anything, so
// that no input reaches that: it is a fault of this package, and to go on would be to decide by wrong books.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
