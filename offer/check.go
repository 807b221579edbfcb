package offer

import (
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/drf"
	"github.com/proffer-go/proffer/internal/scratch"
	"github.com/proffer-go/proffer/role"
)

// Check recomputes every counter from the ledgers of offers and uses, from the agents' totals and from the settings, never
// from another counter. It returns the first that differs, by name (ErrInconsistent), or nil. It costs a pass over everything,
// and keeps the memory of that for the next time.
func (a *Allocator) Check() error {
	if a.checks == nil {
		a.checks = newChecker(a)
	} else {
		a.checks.begin()
	}
	for _, step := range checkSteps {
		if err := step(a.checks); err != nil {
			return fmt.Errorf("%w: %w", ErrInconsistent, err)
		}
	}
	return nil
}

// checkSteps are what a Check consists of.
var checkSteps = [...]func(*checker) error{
	(*checker).lists, (*checker).agents, (*checker).clients, (*checker).roles, (*checker).needs, (*checker).open, (*checker).cluster,
	(*checker).orders, (*checker).refusals, (*checker).figures, (*checker).claims, (*checker).keeps, (*checker).constraints, (*checker).inverse,
}

// checker holds what the ledgers give.
type checker struct {
	a        *Allocator
	byClient []vec // held, by index
	byRole   []roleSums
	totals, capacity, allocated, copies, late,
	revFree, placeable vec
	pool    drf.Pool // of totals
	out     []int    // offers, by index of the framework
	refused []int    // by index of the client
	known   int      // agents

	counts     []recounts // of agents, by index
	names      []string   // as they were when those were made
	held, left vec        // of what is at hand
	parts      []part     // of the agent at hand
	agentsBack []int32    // by index of the name: where headroom holds some of it back
}

// roleSums are what the ledgers give of a role.
type roleSums struct {
	held, reserved, unres, used, taken, own, loose vec
	holding                                        int // agents with a reservation for just this role
	refused                                        int
}

func newChecker(a *Allocator) *checker {
	k := &checker{a: a, pool: a.newPool(&none)}
	k.begin()
	return k
}

// begin forgets what an earlier Check summed up.
func (k *checker) begin() {
	a := k.a
	k.byClient, k.byRole = scratch.Zeroed(k.byClient, len(a.clients)), scratch.Zeroed(k.byRole, len(a.roles))
	k.out, k.refused = scratch.Zeroed(k.out, len(a.fws)), scratch.Zeroed(k.refused, len(a.clients))
	for _, v := range [...]*vec{&k.totals, &k.capacity, &k.allocated, &k.copies, &k.late, &k.revFree, &k.placeable} {
		v.Reset()
	}
	k.known = 0
	if !slices.Equal(k.names, a.names.list) { // indices may mean other names now
		k.names = append(k.names[:0], a.names.list...)
		clear(k.counts[:cap(k.counts)])
	}
	k.counts = scratch.Sized(k.counts, len(a.agents))
}

// differ is an error if got is not want.
func (k *checker) differ(what string, got, want *vec) error {
	if got.Equal(want) {
		return nil
	}
	return fmt.Errorf("%s is %s, the ledger gives %s", what, k.show(got), k.show(want))
}

// differOf is differ of what is a role's.
func (k *checker) differOf(what string, n *node, got, want *vec) error {
	return k.differ(fmt.Sprintf("%s of role %q", what, n.name), got, want)
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
		k.out[o.client.framework.index]++
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
		if f != nil && f.out != k.out[f.index] {
			return fmt.Errorf("out of framework %q is %d, the ledger gives %d", f.id, f.out, k.out[f.index])
		}
	}
	return nil
}

func (k *checker) clients() error {
	listed, minimums := 0, 0
	for _, c := range k.a.clients {
		if c == nil {
			continue
		}
		if held := &k.byClient[c.index]; !c.held.Equal(held) {
			return k.differ(fmt.Sprintf("held of framework %q in role %q", c.framework.id, c.role.name), viewOf(&c.held), held)
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
		if err := k.sums(n); err != nil {
			return err
		}
		if err := k.members(n); err != nil {
			return err
		}
	}
	return nil
}

// sums checks the sums of one role.
func (k *checker) sums(n *node) error {
	s := &k.byRole[n.index]
	switch {
	case !n.held.Equal(&s.held):
		return k.differOf("held", n, viewOf(&n.held), &s.held)
	case !n.reserved.vec().Equal(&s.reserved):
		return k.differOf("reserved", n, n.reserved.vec(), &s.reserved)
	case !n.unres.Equal(&s.unres):
		return k.differOf("unres", n, viewOf(&n.unres), &s.unres)
	case !n.used.vec().Equal(&s.used):
		return k.differOf("used", n, n.used.vec(), &s.used)
	case !n.taken.vec().Equal(&s.taken):
		return k.differOf("taken", n, n.taken.vec(), &s.taken)
	}
	return nil
}

// viewOf is what s holds, to be read.
func viewOf(s *drf.Slim) *vec {
	v := s.View()
	return &v
}

func (k *checker) members(n *node) error {
	members, listed, holding := 0, 0, k.byRole[n.index].holding
	for _, c := range n.clients {
		if c != nil {
			members++
			if c.listed() {
				listed++
			}
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
		return need, k.differOf("childNeed", n, n.childNeed.vec(), &below)
	}
	if n == k.a.root {
		return need, nil
	}
	config, _ := k.a.quota.Get(n.name)
	if n.hasQuota == config.IsDefault() {
		return need, fmt.Errorf("hasQuota of role %q is %v", n.name, n.hasQuota)
	}
	guarantee, s := k.a.names.vec(config.Guarantees), &k.byRole[n.index]
	for i := range k.a.names.len() {
		need.Set(i, max(guarantee.Get(i)-s.reserved.Get(i)-s.unres.Get(i), below.Get(i), 0))
	}
	if !n.need.vec().Equal(&need) {
		return need, k.differOf("need", n, n.need.vec(), &need)
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
	k.pool.SetTotals(&k.totals)
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
			if got, want := a.shareOfClient(c), k.share(&k.byClient[c.index], role.DefaultWeight); got != want {
				return fmt.Errorf("share of framework %q in role %q is %v, the ledger gives %v", c.framework.id, n.name, got, want)
			}
		}
	}
	return nil
}

// share is the share of what a ledger gives.
func (k *checker) share(held *vec, weight float64) float64 { return k.pool.Share(held, weight) }

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
	s := &k.byRole[n.index]
	if !k.a.rules.CountReservations {
		return &s.held
	}
	k.held.Reset()
	k.held.Add(&s.own)
	k.held.Add(&s.loose)
	return &k.held
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
	a := k.a
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
				k.refused[r.client]++
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
			if c.refused != k.refused[c.index] {
				return fmt.Errorf("refused of framework %q in role %q is %d, the agents give %d", f.id, c.role.name, c.refused, k.refused[c.index])
			}
			sum += c.refused
		}
		if f.refused != sum {
			return fmt.Errorf("refused of framework %q is %d, its clients give %d", f.id, f.refused, sum)
		}
	}
	return nil
}
