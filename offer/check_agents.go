package offer

import (
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/internal/scratch"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// This file sums up the ledgers of agents. On most agents all is plain: amounts of a name, neither reserved, revocable,
// shared nor of a special disk. There two sets of resources are equal just if their scalars are, so that sums of scalars
// do for the whole account. On any other agent, and where the short account does not come out even, the long one is made,
// with the resources themselves; it alone names what is wrong.

// recount is what a set of resources gives, counted from it anew.
type recount struct {
	res   resource.Resources
	sums  *bundle     // nil: nothing was counted yet
	plain bool        // sums.all tells all of it
	whole *wholeAgent // as the total of an agent; nil: not asked for
}

// recounts are those of an agent: its total, what is free there, and each offer and use in the order of the ledger.
type recounts struct {
	total, free  recount
	offers, uses []recount
}

// count counts r, unless it is what was counted last: resources never change.
func (k *checker) count(c *recount, r resource.Resources) {
	if c.sums != nil && c.res.Equal(r) {
		return
	}
	if c.sums == nil {
		c.sums = new(bundle)
	}
	*c.sums = bundle{res: r, enough: k.a.containsMinimum(r, nil)}
	c.res, c.plain, c.whole = r, true, nil
	for e := range r.All() {
		k.a.count(c.sums, &e)
		c.plain = c.plain && e.Kind == resource.KindScalar && len(e.Reservations) == 0 && !e.Revocable && !e.Shared &&
			e.Disk == nil && e.ProviderID == "" && e.AllocationRole == ""
	}
}

// agents checks the books of every agent and sums them up.
func (k *checker) agents() error {
	for _, g := range k.a.agents {
		if g == nil {
			continue
		}
		if i, ok := k.a.agentAt[g.id]; !ok || k.a.agents[i] != g {
			return fmt.Errorf("agent %q is not the one of that id", g.id)
		}
		k.known++
		if err := k.agent(g); err != nil {
			return fmt.Errorf("agent %q: %w", g.id, err)
		}
	}
	if k.known != len(k.a.agentAt) {
		return fmt.Errorf("agents: %d, %d by id", k.known, len(k.a.agentAt))
	}
	return nil
}

func (k *checker) agent(g *agent) error {
	m := &k.counts[g.index]
	if err := k.bundle("total", g.total, &m.total); err != nil {
		return err
	}
	if err := k.bundle("free", g.free, &m.free); err != nil {
		return err
	}
	if m.total.whole == nil {
		m.total.whole = k.a.wholeAgent(g.total)
	}
	if w := m.total.whole; g.scarce != w.scarce || !w.equal(g.total.whole) {
		return fmt.Errorf("its total gives %+v, it has %+v and scarce %v", *w, *g.total.whole, g.scarce)
	}
	if plain := k.countHeld(g, m); !plain || !k.isEven(g, m) {
		if err := k.ledger(g); err != nil {
			return err
		}
	} else {
		k.chargePlain(g, m)
	}
	total, free := m.total.sums, m.free.sums
	k.totals.Add(&total.all)
	k.capacity.Add(&total.all)
	if total.revocable != nil {
		k.capacity.Sub(total.revocable)
	}
	if free.revocable != nil {
		k.revFree.Add(free.revocable)
	}
	if k.a.offerable(g) {
		k.placeable.Add(&free.unres)
	}
	if total.is(hasReserved) {
		return k.reservations(g)
	}
	return nil
}

// bundle checks the sums that go with a set of resources.
func (k *checker) bundle(what string, b *bundle, c *recount) error {
	k.count(c, b.res)
	fresh := c.sums
	if b.kinds != fresh.kinds || b.enough != fresh.enough {
		return fmt.Errorf("%s: kinds %b, enough %v; its resources give %b, %v", what, b.kinds, b.enough, fresh.kinds, fresh.enough)
	}
	if !b.all.Equal(&fresh.all) {
		return k.differ(what+" scalars", &b.all, &fresh.all)
	}
	if !b.unres.Equal(&fresh.unres) {
		return k.differ(what+" unreserved scalars", &b.unres, &fresh.unres)
	}
	if got, want := revocableOf(b), revocableOf(fresh); !got.Equal(want) {
		return k.differ(what+" revocable scalars", got, want)
	}
	return nil
}

func revocableOf(b *bundle) *vec {
	if b.revocable == nil {
		return &none
	}
	return b.revocable
}

// countHeld counts what is held on g, and reports whether all there is plain.
func (k *checker) countHeld(g *agent, m *recounts) (plain bool) {
	plain = m.total.plain && m.free.plain && len(g.rare().late)+len(g.rare().shared) == 0
	m.offers, m.uses = scratch.Sized(m.offers, len(g.offers)), scratch.Sized(m.uses, len(g.uses))
	k.held.Reset()
	for i, o := range g.offers {
		c := &m.offers[i]
		k.count(c, o.b.res)
		plain = plain && c.plain
		k.held.Add(&c.sums.all)
	}
	for i, u := range g.uses {
		c := &m.uses[i]
		k.count(c, u.b.res)
		plain = plain && c.plain
		k.held.Add(&c.sums.all)
	}
	return plain
}

// isEven reports whether the total of g, where all is plain, is what is held and what is free.
func (k *checker) isEven(g *agent, m *recounts) bool {
	total := &m.total.sums.all
	if over := !total.Contains(&k.held); over != g.over {
		return false
	}
	k.left.Reset()
	k.left.Add(total)
	k.left.Sub(&k.held)
	if g.over {
		clampAtZero(&k.left)
	}
	return k.left.Equal(&m.free.sums.all)
}

// chargePlain charges clients and roles with what is held on g, where all is plain.
func (k *checker) chargePlain(g *agent, m *recounts) {
	for i, o := range g.offers {
		k.charge(o.client, &m.offers[i].sums.all)
	}
	for i, u := range g.uses {
		all := &m.uses[i].sums.all
		k.charge(u.client, all)
		for n := u.client.role; n != k.a.root; n = n.parent {
			k.byRole[n.index].used.Add(all)
		}
	}
}

// charge charges a client and its roles with plain amounts.
func (k *checker) charge(c *client, all *vec) {
	k.byClient[c.index].Add(all)
	s := &k.byRole[c.role.index]
	s.held.Add(all)
	s.loose.Add(all)
	k.allocated.Add(all)
	for n := c.role; n != k.a.root; n = n.parent {
		k.byRole[n.index].unres.Add(all)
	}
}

// ledger is the long account of an agent.
func (k *checker) ledger(g *agent) error {
	held, twice := k.charges(g)
	unshared := g.total.res.NonShared()
	if over := twice || !unshared.Contains(held); over != g.over {
		return fmt.Errorf("over is %v, the ledger gives %v", g.over, over)
	}
	free := unshared.SubSaturating(held)
	if got := g.free.res.NonShared(); !got.Equal(free) {
		return fmt.Errorf("free is %s, the ledger gives %s", got, free)
	}
	if got, want := g.free.res.Shared(), g.total.res.Shared(); !got.Equal(want) {
		return fmt.Errorf("free shared is %s, the total has %s", got, want)
	}
	return nil
}

// charges sums the ledger of an agent, shared volumes left out, and charges clients and roles with it.
func (k *checker) charges(g *agent) (sum resource.Resources, twice bool) {
	sum, many := g.held(nil)
	clear(k.parts)
	k.parts = k.parts[:0]
	for _, o := range g.offers {
		k.part(o.client, o.b.res)
	}
	for _, u := range g.uses {
		k.part(u.client, u.b.res)
		used := k.a.bundle(u.b.res)
		for n := u.client.role; n != k.a.root; n = n.parent {
			k.byRole[n.index].used.Add(&used.unres)
		}
	}
	for _, u := range g.rare().late {
		used := k.a.names.vec(u.Resources.ScalarQuantities())
		k.late.Add(&used)
	}
	var shown map[*node]resource.Resources // shared volumes, by the role that was charged with them
	for _, p := range k.parts {
		for i := range p.all.Items() {
			if i.Kind() != resource.KindScalar {
				continue
			}
			k.addItem(&k.byClient[p.client.index], i)
			n := p.client.role
			if i.IsShared() {
				if shown[n].ContainsResource(i.Resource()) {
					k.addItem(&k.copies, i)
					continue
				}
				if shown == nil {
					shown = make(map[*node]resource.Resources)
				}
				shown[n] = shown[n].Add(i.Resources())
			}
			k.chargeItem(n, i)
		}
	}
	return sum, many > 0
}

// part is all that one client holds on an agent.
type part struct {
	client *client
	all    resource.Resources
}

func (k *checker) part(c *client, r resource.Resources) {
	if i := slices.IndexFunc(k.parts, func(p part) bool { return p.client == c }); i >= 0 {
		k.parts[i].all = k.parts[i].all.Add(r)
		return
	}
	k.parts = append(k.parts, part{c, r})
}

// chargeItem charges n and the roles above it with a scalar.
func (k *checker) chargeItem(n *node, i resource.Item) {
	s := &k.byRole[n.index]
	k.addItem(&s.held, i)
	if !i.IsReserved() {
		k.addItem(&s.loose, i)
	}
	k.addItem(&k.allocated, i)
	for ; n != k.a.root; n = n.parent {
		switch s := &k.byRole[n.index]; {
		case i.IsReserved():
			k.addItem(&s.taken, i)
		case !i.IsRevocable():
			k.addItem(&s.unres, i)
		}
	}
}

func (k *checker) addItem(v *vec, i resource.Item) {
	at := k.a.names.of(i.Name())
	v.Set(at, v.Get(at)+int64(i.Quantity()))
}

// reservations counts the reservations of g's total.
func (k *checker) reservations(g *agent) error {
	var owners []role.Name
	for i := range g.total.res.Items() {
		owner := i.Owner()
		if owner == "" {
			continue
		}
		n, ok := k.a.role(owner)
		if ok && !slices.Contains(owners, owner) {
			owners = append(owners, owner)
			k.byRole[n.index].holding++
		}
		switch {
		case i.Kind() != resource.KindScalar:
			continue
		case !ok:
			return fmt.Errorf("role %q of a reservation is not known", owner)
		}
		k.addItem(&k.byRole[n.index].own, i)
		for ; n != k.a.root; n = n.parent {
			k.addItem(&k.byRole[n.index].reserved, i)
		}
	}
	return nil
}
