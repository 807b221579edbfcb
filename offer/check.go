package offer

import (
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/drf"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Check recomputes every counter from the ledgers of offers and uses, from the agents' totals and from the settings, never
// from another counter. It returns the first that differs, by name (ErrInconsistent), or nil. It costs a pass over everything.
func (a *Allocator) Check() error {
	k := newChecker(a)
	for _, step := range []func() error{k.lists, k.agents, k.clients, k.roles, k.needs, k.open, k.cluster, k.orders, k.refusals, k.figures, k.claims, k.keeps, k.constraints, k.inverse} {
		if err := step(); err != nil {
			return fmt.Errorf("%w: %w", ErrInconsistent, err)
		}
	}
	return nil
}

// checker holds what the ledgers give.
type checker struct {
	a        *Allocator
	byClient map[*client]*vec // held
	byRole   map[*node]*roleSums
	totals, capacity, allocated, copies, late,
	revFree, placeable vec
	pool *drf.Pool // of totals
	out  map[*framework]int
	// owners are those of reservations, by agent.
	owners [][]role.Name
}

type roleSums struct{ held, reserved, unres, used, taken, own, loose vec }

func newChecker(a *Allocator) *checker {
	k := &checker{a: a, byClient: make(map[*client]*vec), byRole: make(map[*node]*roleSums), out: make(map[*framework]int)}
	for _, c := range a.clients {
		if c != nil {
			k.byClient[c] = new(vec)
		}
	}
	for _, n := range a.roles {
		if n != nil {
			k.byRole[n] = new(roleSums)
		}
	}
	return k
}

// differ is an error if got is not want.
func (k *checker) differ(what string, got, want *vec) error {
	if got.Equal(want) {
		return nil
	}
	return fmt.Errorf("%s is %s, the ledger gives %s", what, k.show(got), k.show(want))
}

func (k *checker) show(v *vec) string {
	text := "["
	for i, name := range k.a.names.list {
		if q := v.Get(i); q != 0 {
			text += fmt.Sprintf(" %s:%d", name, q)
		}
	}
	return text + " ]"
}

// lists checks that every offer and use is in the lists that must have it, once.
func (k *checker) lists() error {
	a, inChain := k.a, 0
	for o := a.firstOut; o != nil; o = o.next {
		inChain++
		switch {
		case a.offers.get(o.id) != o:
			return fmt.Errorf("offer %d is not the one of that id", o.id)
		case !isAt(o.agent.offers, o.inAgent, o):
			return fmt.Errorf("offer %d is not in the offers of agent %q", o.id, o.agent.id)
		case !isAt(o.client.offers, o.inClient, o):
			return fmt.Errorf("offer %d is not in the offers of framework %q", o.id, o.client.framework.id)
		case o.next != nil && o.next.deadline < o.deadline:
			return fmt.Errorf("offer %d is out of the order of deadlines", o.next.id)
		}
		k.out[o.client.framework]++
	}
	onAgents, ofClients, used := 0, 0, 0
	for _, g := range a.agents {
		if g == nil {
			continue
		}
		onAgents += len(g.offers)
		for i, u := range g.uses {
			if u.in != i || u.agent != g || u.client.uses[g.index] != u {
				return fmt.Errorf("use of agent %q by framework %q is misplaced", g.id, u.client.framework.id)
			}
			used++
		}
	}
	for _, c := range a.clients {
		if c != nil {
			ofClients += len(c.offers)
			used -= len(c.uses)
		}
	}
	if a.offers.count != inChain || onAgents != inChain || ofClients != inChain {
		return fmt.Errorf("offers: %d by id, %d by deadline, %d on agents, %d of clients", a.offers.count, inChain, onAgents, ofClients)
	}
	if used != 0 {
		return fmt.Errorf("uses: agents and clients differ by %d", used)
	}
	for _, f := range a.fws {
		if f != nil && f.out != k.out[f] {
			return fmt.Errorf("out of framework %q is %d, the ledger gives %d", f.id, f.out, k.out[f])
		}
	}
	return nil
}

// agents checks the books of every agent and sums them up.
func (k *checker) agents() error {
	for _, g := range k.a.agents {
		if g == nil {
			continue
		}
		if err := k.agent(g); err != nil {
			return fmt.Errorf("agent %q: %w", g.id, err)
		}
	}
	return nil
}

func (k *checker) agent(g *agent) error {
	if err := k.bundle("total", g.total); err != nil {
		return err
	}
	if err := k.bundle("free", g.free); err != nil {
		return err
	}
	held, twice := k.held(g)
	if w := k.a.wholeAgent(g.total); g.scarce != w.scarce || !w.equal(g.total.whole) {
		return fmt.Errorf("agent %q: its total gives %+v, it has %+v and scarce %v", g.id, *w, *g.total.whole, g.scarce)
	}
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
	k.owners = append(k.owners, owners(g.total.res))
	k.totals.Add(&g.total.all)
	k.capacity.Add(&g.total.all)
	if g.total.revocable != nil {
		k.capacity.Sub(g.total.revocable)
	}
	if g.free.revocable != nil {
		k.revFree.Add(g.free.revocable)
	}
	if k.a.offerable(g) {
		k.placeable.Add(&g.free.unres)
	}
	for e := range g.total.res.All() {
		if e.Owner() == "" || e.Kind != resource.KindScalar {
			continue
		}
		n, ok := k.a.role(e.Owner())
		if !ok {
			return fmt.Errorf("role %q of a reservation is not known", e.Owner())
		}
		k.addTo(&k.byRole[n].own, e)
		for ; n != k.a.root; n = n.parent {
			k.addTo(&k.byRole[n].reserved, e)
		}
	}
	return nil
}

func (k *checker) addTo(v *vec, e resource.Resource) {
	i := k.a.names.of(e.Name)
	v.Set(i, v.Get(i)+int64(e.Scalar))
}

// bundle checks the sums that go with a set of resources.
func (k *checker) bundle(what string, b *bundle) error {
	if k.a.sound.has(b) { // nobody changes a bundle
		return nil
	}
	fresh := k.a.bundle(b.res)
	if b.kinds != fresh.kinds || b.enough != fresh.enough {
		return fmt.Errorf("%s: kinds %b, enough %v; its resources give %b, %v", what, b.kinds, b.enough, fresh.kinds, fresh.enough)
	}
	if err := k.differ(what+" scalars", &b.all, &fresh.all); err != nil {
		return err
	}
	if err := k.differ(what+" unreserved scalars", &b.unres, &fresh.unres); err != nil {
		return err
	}
	k.a.sound.add(b)
	return nil
}

// recent are the last bundles that Check recomputed: with few agents it meets the same ones after every step.
type recent struct {
	of   [16]*bundle
	next int
}

func (r *recent) has(b *bundle) bool { return slices.Contains(r.of[:], b) }

func (r *recent) add(b *bundle) {
	r.of[r.next] = b
	r.next = (r.next + 1) % len(r.of)
}

// held sums the ledger of an agent, shared volumes left out, and charges clients and roles with it.
func (k *checker) held(g *agent) (sum resource.Resources, twice bool) {
	sum, many := g.held(nil)
	type pair struct {
		client *client
		all    resource.Resources
	}
	var pairs []pair
	charge := func(c *client, r resource.Resources) {
		if i := slices.IndexFunc(pairs, func(p pair) bool { return p.client == c }); i >= 0 {
			pairs[i].all = pairs[i].all.Add(r)
			return
		}
		pairs = append(pairs, pair{c, r})
	}
	for _, o := range g.offers {
		charge(o.client, o.b.res)
	}
	for _, u := range g.uses {
		charge(u.client, u.b.res)
		used := k.a.bundle(u.b.res)
		for n := u.client.role; n != k.a.root; n = n.parent {
			k.byRole[n].used.Add(&used.unres)
		}
	}
	for _, u := range g.rare().late {
		used := k.a.names.vec(u.Resources.ScalarQuantities())
		k.late.Add(&used)
	}
	shown := make(map[*node]resource.Resources)
	for _, p := range pairs {
		for i := range p.all.Items() {
			if i.Kind() != resource.KindScalar {
				continue
			}
			e := i.Resource()
			k.addTo(k.byClient[p.client], e)
			n := p.client.role
			if e.Shared {
				if shown[n].ContainsResource(e) {
					k.addTo(&k.copies, e)
					continue
				}
				shown[n] = shown[n].Add(i.Resources())
			}
			k.addTo(&k.byRole[n].held, e)
			if len(e.Reservations) == 0 {
				k.addTo(&k.byRole[n].loose, e)
			}
			k.addTo(&k.allocated, e)
			for up := n; up != k.a.root; up = up.parent {
				switch {
				case len(e.Reservations) > 0:
					k.addTo(&k.byRole[up].taken, e)
				case !e.Revocable:
					k.addTo(&k.byRole[up].unres, e)
				}
			}
		}
	}
	return sum, many > 0
}

func (k *checker) clients() error {
	listed, minimums := 0, 0
	for _, c := range k.a.clients {
		if c == nil {
			continue
		}
		if !c.held.Equal(k.byClient[c]) {
			return k.differ(fmt.Sprintf("held of framework %q in role %q", c.framework.id, c.role.name), viewOf(&c.held), k.byClient[c])
		}
		var offered vec
		for _, o := range c.offers {
			offered.Add(&o.b.all)
		}
		if !c.offered.Equal(&offered) {
			return k.differ(fmt.Sprintf("offered to framework %q in role %q", c.framework.id, c.role.name), viewOf(&c.offered), &offered)
		}
		if c.listed() {
			listed++
		}
		if c.minimum != nil {
			minimums++
		}
		if c.listed() != k.a.listedSet.has(c.index) {
			return fmt.Errorf("listedSet has framework %q in role %q: %v", c.framework.id, c.role.name, !c.listed())
		}
		if c.capped != slices.Contains(k.a.capped, c) {
			return fmt.Errorf("capped of framework %q in role %q is %v", c.framework.id, c.role.name, c.capped)
		}
		if eager := c.listed() && !c.capped; eager != (c.eager >= 0) || eager && !isAt(k.a.eager, c.eager, c) {
			return fmt.Errorf("eager of framework %q in role %q is %d", c.framework.id, c.role.name, c.eager)
		}
	}
	if listed != k.a.listedCount {
		return fmt.Errorf("listedCount is %d, %d clients are listed", k.a.listedCount, listed)
	}
	if minimums != k.a.ownMinimums {
		return fmt.Errorf("ownMinimums is %d, %d clients have their own", k.a.ownMinimums, minimums)
	}
	return nil
}

// noted checks that who is noted for an agent refuses what is free there.
func (k *checker) noted(g *agent) error {
	n, count := &g.noted, 0
	if n.of != g.free {
		return nil
	}
	for i := range n.bits.all() {
		count++
		if k.a.forgiven[i] > n.since {
			continue
		}
		if !slices.ContainsFunc(g.refusals, func(r refusal) bool {
			return r.client == i && r.gen == k.a.gens[i] && r.until > k.a.sched.settled && r.b.res.Contains(g.free.res)
		}) {
			return fmt.Errorf("noted of agent %q has client %d, which does not refuse it", g.id, i)
		}
	}
	if count != n.count {
		return fmt.Errorf("noted of agent %q counts %d clients of %d", g.id, n.count, count)
	}
	return nil
}

// roles checks the sums of every role and that every known role has a reason to be known.
func (k *checker) roles() error {
	for _, n := range k.a.roles {
		if n == nil {
			continue
		}
		s := k.byRole[n]
		for _, p := range []struct {
			what      string
			got, want *vec
		}{
			{"held", viewOf(&n.held), &s.held}, {"reserved", n.reserved.vec(), &s.reserved}, {"unres", viewOf(&n.unres), &s.unres},
			{"used", n.used.vec(), &s.used}, {"taken", n.taken.vec(), &s.taken},
		} {
			if !p.got.Equal(p.want) {
				return k.differ(fmt.Sprintf("%s of role %q", p.what, n.name), p.got, p.want)
			}
		}
		if err := k.members(n); err != nil {
			return err
		}
	}
	return nil
}

// viewOf is what s holds, to be read.
func viewOf(s *drf.Slim) *vec {
	v := s.View()
	return &v
}

func (k *checker) members(n *node) error {
	members, listed, holding := 0, 0, 0
	for _, c := range n.clients {
		if c != nil {
			members++
			if c.listed() {
				listed++
			}
		}
	}
	for _, of := range k.owners {
		if slices.Contains(of, n.name) {
			holding++
		}
	}
	switch {
	case int(n.members) != members:
		return fmt.Errorf("members of role %q is %d, its clients are %d", n.name, n.members, members)
	case int(n.listed) != listed:
		return fmt.Errorf("listed of role %q is %d, its clients give %d", n.name, n.listed, listed)
	case int(n.holding) != holding:
		return fmt.Errorf("holding of role %q is %d, the agents give %d", n.name, n.holding, holding)
	case n.ordered != (members > 0 || k.a.rules.CountReservations && holding > 0):
		return fmt.Errorf("ordered of role %q is %v", n.name, n.ordered)
	case n.weight != k.a.weights.Of(n.name):
		return fmt.Errorf("weight of role %q is %v, the settings say %v", n.name, n.weight, k.a.weights.Of(n.name))
	case members+holding+len(n.children) == 0 && !n.hasQuota && n.weight == role.DefaultWeight:
		return fmt.Errorf("role %q is known for no reason", n.name)
	}
	return nil
}

// needs checks what guarantees still need, bottom up.
func (k *checker) needs() error {
	_, err := k.need(k.a.root)
	return err
}

func (k *checker) need(n *node) (vec, error) {
	var below, need vec
	for _, child := range n.children {
		v, err := k.need(child)
		if err != nil {
			return v, err
		}
		below.Add(&v)
	}
	if !n.childNeed.vec().Equal(&below) {
		return need, k.differ(fmt.Sprintf("childNeed of role %q", n.name), n.childNeed.vec(), &below)
	}
	if n == k.a.root {
		return need, nil
	}
	config, _ := k.a.quota.Get(n.name)
	if n.hasQuota == config.IsDefault() {
		return need, fmt.Errorf("hasQuota of role %q is %v", n.name, n.hasQuota)
	}
	guarantee, s := k.a.names.vec(config.Guarantees), k.byRole[n]
	for i := range k.a.names.len() {
		need.Set(i, max(guarantee.Get(i)-s.reserved.Get(i)-s.unres.Get(i), below.Get(i), 0))
	}
	if !n.need.vec().Equal(&need) {
		return need, k.differ(fmt.Sprintf("need of role %q", n.name), n.need.vec(), &need)
	}
	return need, nil
}

// open checks which roles are blocked and how many are open.
func (k *checker) open() error {
	open := 0
	for _, n := range k.a.roles {
		if n == nil {
			continue
		}
		if blocked := k.a.rules.Quota == QuotaTree && k.a.isBlocked(n); n.blocked != blocked {
			return fmt.Errorf("blocked of role %q is %v", n.name, n.blocked)
		}
		if n.listed > 0 && !n.blocked {
			open++
		}
	}
	if open != k.a.openRoles {
		return fmt.Errorf("openRoles is %d, the roles give %d", k.a.openRoles, open)
	}
	return nil
}

// cluster checks the sums over all agents.
func (k *checker) cluster() error {
	a := k.a
	for _, p := range []struct {
		what      string
		got, want *vec
	}{
		{"totals", &a.totals, &k.totals}, {"capacity", &a.capacity, &k.capacity}, {"allocated", &a.allocated, &k.allocated},
		{"copies", &a.copies, &k.copies}, {"late", &a.late, &k.late},
		{"revFree", &a.revFree, &k.revFree}, {"placeable", &a.placeable, &k.placeable},
	} {
		if err := k.differ(p.what, p.got, p.want); err != nil {
			return err
		}
	}
	return nil
}

// orders checks that the orders agree with themselves and give every client the share that the ledger gives.
func (k *checker) orders() error {
	a := k.a
	for i, name := range a.names.list {
		var all vec
		all.Set(i, k.totals.Get(i))
		if got, want := a.dominant(&all), k.share(&all, role.DefaultWeight); got != want {
			return fmt.Errorf("share of all %s is %v, the ledger gives %v", name, got, want)
		}
	}
	if err := a.order.Check(); err != nil {
		return fmt.Errorf("order of roles: %w", err)
	}
	for _, n := range a.roles {
		if n == nil {
			continue
		}
		if err := k.shareOf(n); err != nil {
			return err
		}
		if n.order == nil && n.members < 2 {
			continue
		}
		a.refreshTotals(n)
		if err := n.order.Check(); err != nil {
			return fmt.Errorf("order of role %q: %w", n.name, err)
		}
		for _, c := range n.clients {
			if c == nil {
				continue
			}
			if a.cfg.NewOrderer != nil {
				continue
			}
			if got, want := a.shareOfClient(c), k.share(k.byClient[c], role.DefaultWeight); got != want {
				return fmt.Errorf("share of framework %q in role %q is %v, the ledger gives %v", c.framework.id, n.name, got, want)
			}
		}
	}
	return nil
}

// share is the share of what a ledger gives.
func (k *checker) share(held *vec, weight float64) float64 {
	if k.pool == nil {
		fresh := k.a.newPool(&k.totals)
		k.pool = &fresh
	}
	return k.pool.Share(held, weight)
}

// shareOf checks the place of n in the order of roles.
func (k *checker) shareOf(n *node) error {
	if !n.ordered || k.a.rules.LateWeightLost || k.a.cfg.NewOrderer != nil {
		return nil
	}
	want := k.share(k.weighed(n), n.leafWeight())
	if got := k.a.order.Share(n.slot()); got != want {
		return fmt.Errorf("share of role %q is %v, the ledger gives %v", n.name, got, want)
	}
	return nil
}

// weighed is what n's place in the order of roles is charged.
func (k *checker) weighed(n *node) *vec {
	s := k.byRole[n]
	if !k.a.rules.CountReservations {
		return &s.held
	}
	v := s.own.Clone()
	v.Add(&s.loose)
	return &v
}

// leafWeight is the weight of n as a client: 1 once other clients are below it (docs/allocation.md §1.2).
func (n *node) leafWeight() float64 {
	for _, child := range n.children {
		if child.anyBelow() {
			return role.DefaultWeight
		}
	}
	return n.weight
}

func (n *node) anyBelow() bool {
	return n.ordered || slices.ContainsFunc(n.children, (*node).anyBelow)
}

// refusals checks their counts and the order in which they end.
func (k *checker) refusals() error {
	a, counted := k.a, make(map[*client]int)
	inHeap, open := 0, 0
	for _, g := range a.agents {
		if g == nil {
			continue
		}
		if err := k.noted(g); err != nil {
			return err
		}
		if !g.open && !g.free.empty() {
			return fmt.Errorf("agent %q is not open, free is %s", g.id, g.free.res)
		}
		if g.open {
			open++
		}
		for i := range g.refusals {
			if !g.refusers.has(g.refusals[i].client) {
				return fmt.Errorf("refusers of agent %q lack client %d", g.id, g.refusals[i].client)
			}
			if r := &g.refusals[i]; r.gen == a.gens[r.client] {
				counted[a.clients[r.client]]++
			}
		}
		end, any := g.endOfRefusals()
		if !any && g.inHeap < 0 {
			continue
		}
		inHeap++
		if !any || g.inHeap < 0 || g.inHeap >= len(a.expiries.list) || a.expiries.list[g.inHeap] != g || g.ends > end {
			return fmt.Errorf("ends of agent %q is not that of its refusals", g.id)
		}
	}
	for _, g := range a.open {
		if a.agents[g.index] != g {
			continue // removed
		}
		if !g.open {
			return fmt.Errorf("open holds agent %q, which does not know", g.id)
		}
		open--
	}
	if open != 0 {
		return fmt.Errorf("open and the agents that are differ by %d", open)
	}
	if inHeap != len(a.expiries.list) {
		return fmt.Errorf("expiries hold %d agents, %d have refusals", len(a.expiries.list), inHeap)
	}
	for i := range a.expiries.list {
		if i > 0 && a.expiries.less(i, (i-1)/2) {
			return fmt.Errorf("expiries are out of order at agent %q", a.expiries.list[i].id)
		}
	}
	for _, f := range a.fws {
		if f == nil {
			continue
		}
		sum := 0
		for _, c := range f.clients {
			if c.refused != counted[c] {
				return fmt.Errorf("refused of framework %q in role %q is %d, the agents give %d", f.id, c.role.name, c.refused, counted[c])
			}
			sum += c.refused
		}
		if f.refused != sum {
			return fmt.Errorf("refused of framework %q is %d, its clients give %d", f.id, f.refused, sum)
		}
	}
	return nil
}
