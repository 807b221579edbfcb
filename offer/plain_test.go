package offer_test

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// plain is the slow allocator that the real one is held against: lists and maps, no sums, every question answered from the
// ledgers. Under DefaultRules every run is over everything, and it runs when the real one does; plain_strict_test.go is what
// it does under StrictDRF. It follows the real one's rescinds.
type plain struct {
	rules   offer.Rules
	now     offer.Time
	agents  map[offer.AgentID]*plainAgent
	fws     map[offer.FrameworkID]*plainFramework
	offers  []offer.Offer
	uses    []plainUse
	refused []plainRefusal
	weights role.Weights
	quota   quota.Tree
	hosts   []string // nil: all
	lastID  offer.OfferID
	turns   turns                           // of roles
	inner   map[role.Name]map[string]uint64 // of the frameworks of each role: when served last
	clock   uint64
	turn    map[offer.AgentID]*plainTurn
	streaks map[offer.AgentID]map[key]*plainStreak
	born    map[key]uint64
	seq     uint64
	hints   map[key]*offer.Hint
	hinted  []key // in the order in which they got their hint
	kept    []plainKept
	keepNot map[key]offer.Time
	most    int                  // agents kept at once; 0: a tenth
	expired func(role.Name) bool // whether a guarantee holds nothing back any more; nil: they all do
	pending []plainUse           // charged by this command, counted as served once the membership is settled

	reference plainReference
}

type plainAgent struct {
	offer.AgentSpec
	active bool
}

type plainFramework struct {
	offer.FrameworkSpec
	active bool
}

type plainUse struct {
	key
	agent offer.AgentID
	res   resource.Resources
}

type plainRefusal struct {
	key
	agent offer.AgentID
	res   resource.Resources
	until offer.Time
	armed uint64 // when, in the count of timers
}

// plainTurn is who refused just what is free on an agent.
type plainTurn struct {
	free  resource.Resources
	who   map[key]bool
	since uint64
}

type plainStreak struct {
	res   resource.Resources
	until offer.Time
	times int
}

// key is a client.
type key struct {
	f offer.FrameworkID
	r role.Name
}

func newPlain(rules offer.Rules) *plain {
	return &plain{
		rules: rules, agents: make(map[offer.AgentID]*plainAgent), fws: make(map[offer.FrameworkID]*plainFramework),
		turns: turns{node: make(map[string]uint64), virtual: make(map[string]uint64)},
		inner: make(map[role.Name]map[string]uint64),
		turn:  make(map[offer.AgentID]*plainTurn), streaks: make(map[offer.AgentID]map[key]*plainStreak),
		born: make(map[key]uint64), hints: make(map[key]*offer.Hint), keepNot: make(map[key]offer.Time),
		reference: newPlainReference(rules),
	}
}

// ---- ledgers

func (p *plain) held(g offer.AgentID, only func(key) bool) (sum resource.Resources) {
	for _, o := range p.offers {
		if o.Agent == g && only(key{o.Framework, o.Role}) {
			sum = sum.Add(o.Resources)
		}
	}
	for _, u := range p.uses {
		if u.agent == g && only(u.key) {
			sum = sum.Add(u.res)
		}
	}
	return sum
}

func anyone(key) bool { return true }

func (p *plain) free(g *plainAgent) resource.Resources {
	held := p.held(g.ID, anyone).NonShared()
	return g.Total.NonShared().SubSaturating(held).Add(g.Total.Shared())
}

func (p *plain) offerable(g *plainAgent) bool {
	return g.active && (p.hosts == nil || slices.Contains(p.hosts, g.Hostname))
}

func (p *plain) agentIDs() []offer.AgentID { return slices.Sorted(maps.Keys(p.agents)) }

// members lists the clients: subscribed or holding something.
func (p *plain) members() []key {
	set := make(map[key]bool)
	for id, f := range p.fws {
		for _, r := range f.Roles {
			set[key{id, r}] = true
		}
	}
	for _, o := range p.offers {
		set[key{o.Framework, o.Role}] = true
	}
	for _, u := range p.uses {
		if p.charged(u.key) {
			set[u.key] = true
		}
	}
	return slices.SortedFunc(maps.Keys(set), func(x, y key) int { return cmp.Or(cmp.Compare(x.r, y.r), cmp.Compare(x.f, y.f)) })
}

// charged reports whether what k uses counts as its own.
func (p *plain) charged(k key) bool { return !p.rules.ChargeUnknownLate || p.fws[k.f] != nil }

func (p *plain) listed(k key) bool {
	f := p.fws[k.f]
	return f != nil && f.active && slices.Contains(f.Roles, k.r) && !slices.Contains(f.Suppressed, k.r)
}

// ---- order

// turns remembers when the nodes of the tree of roles were served last.
type turns struct{ node, virtual map[string]uint64 }

// settle brings the turns in step with who is a member, leavers last.
func (p *plain) settle() {
	now := p.members()
	roles := make(map[string]bool)
	for _, k := range now {
		roles[string(k.r)] = true
	}
	for _, r := range p.counted() {
		if p.inner[r] == nil {
			p.turns.join(string(r), p.inner)
			p.inner[r] = make(map[string]uint64)
		}
	}
	for _, k := range now {
		if p.inner[k.r] == nil {
			p.turns.join(string(k.r), p.inner)
			p.inner[k.r] = make(map[string]uint64)
		}
		if _, ok := p.inner[k.r][string(k.f)]; !ok {
			p.inner[k.r][string(k.f)] = 0
			p.seq++
			p.born[k] = p.seq
		}
	}
	p.settlePaths()
	for _, r := range slices.Sorted(maps.Keys(p.inner)) {
		for _, f := range slices.Sorted(maps.Keys(p.inner[r])) {
			if !slices.Contains(now, key{offer.FrameworkID(f), r}) {
				delete(p.inner[r], f)
				p.endStreaks(func(k key) bool { return k == key{offer.FrameworkID(f), r} })
			}
		}
		if len(p.inner[r]) == 0 && !slices.Contains(p.counted(), r) {
			delete(p.inner, r)
			p.turns.leave(string(r), p.inner)
		}
	}
	p.settlePaths()
	for _, u := range p.pending {
		p.serve(u.key)
	}
	p.pending = nil
}

func below(top string, clients map[role.Name]map[string]uint64) bool {
	for r := range clients {
		if strings.HasPrefix(string(r), top+"/") {
			return true
		}
	}
	return false
}

func (t *turns) join(path string, clients map[role.Name]map[string]uint64) {
	for i := range path {
		if path[i] != '/' {
			continue
		}
		up := path[:i]
		if _, client := clients[role.Name(up)]; client && !below(up, clients) {
			t.virtual[up] = t.node[up]
		}
		if _, ok := t.node[up]; !ok {
			t.node[up] = 0
		}
	}
	if below(path, clients) {
		t.virtual[path] = 0
		return
	}
	t.node[path] = 0
}

func (t *turns) leave(path string, clients map[role.Name]map[string]uint64) {
	delete(t.virtual, path)
	for {
		if below(path, clients) {
			return
		}
		if _, client := clients[role.Name(path)]; client {
			delete(t.virtual, path) // only the leaf is left: it takes the node's place
			return
		}
		delete(t.node, path)
		i := strings.LastIndexByte(path, '/')
		if i < 0 {
			return
		}
		path = path[:i]
	}
}

func (p *plain) serve(k key) {
	p.clock++
	now := func(last uint64) uint64 {
		if p.rules.CountTies {
			return last + 1
		}
		return p.clock
	}
	path := string(k.r)
	if below(path, p.inner) {
		p.turns.virtual[path] = now(p.turns.virtual[path])
	}
	for {
		p.turns.node[path] = now(p.turns.node[path])
		i := strings.LastIndexByte(path, '/')
		if i < 0 {
			break
		}
		path = path[:i]
	}
	p.inner[k.r][string(k.f)] = now(p.inner[k.r][string(k.f)])
}

// totals sums the scalars of every agent.
func (p *plain) totals() (q resource.Quantities) {
	for _, id := range p.agentIDs() {
		q = q.Add(p.agents[id].Total.ScalarQuantities())
	}
	return q
}

// share is the dominant share of what clients hold; unit says what counts a shared volume once per agent.
func (p *plain) share(totals resource.Quantities, roles []role.Name, only func(key) bool) float64 {
	var held resource.Quantities
	for _, id := range p.agentIDs() {
		for _, r := range roles {
			held = held.Add(p.held(id, func(k key) bool { return k.r == r && only(k) && p.charged(k) }).ScalarQuantities())
		}
	}
	return p.dominant(held, totals)
}

func (p *plain) dominant(held, totals resource.Quantities) float64 {
	largest, unit := 0.0, 1.0
	if p.rules.DividedShares {
		unit = 1000
	}
	for name, q := range held.All() {
		if t := totals.Get(name); t > 0 {
			largest = max(largest, (float64(q)/unit)/(float64(t)/unit))
		}
	}
	return largest
}

// roleShare is the share of roles: with CountReservations all that is reserved for them and what they hold besides.
func (p *plain) roleShare(totals resource.Quantities, roles []role.Name) float64 {
	if !p.rules.CountReservations {
		return p.share(totals, roles, anyone)
	}
	var sum resource.Quantities
	for _, id := range p.agentIDs() {
		for _, r := range roles {
			held := p.held(id, func(k key) bool { return k.r == r }).Unreserved()
			reserved := p.agents[id].Total.Filter(func(e resource.Resource) bool { return e.Owner() == r })
			sum = sum.Add(held.ScalarQuantities()).Add(reserved.ScalarQuantities())
		}
	}
	return p.dominant(sum, totals)
}

// counted lists the roles in the order for a reservation's sake.
func (p *plain) counted() (list []role.Name) {
	if !p.rules.CountReservations {
		return nil
	}
	for _, id := range p.agentIDs() {
		for e := range p.agents[id].Total.All() {
			if r := e.Owner(); r != "" && !slices.Contains(list, r) {
				list = append(list, r)
			}
		}
	}
	slices.Sort(list)
	return list
}

// roleOrder lists the roles with members in the order in which they are served.
func (p *plain) roleOrder(totals resource.Quantities) []role.Name { return p.level("", totals) }

func (p *plain) level(top string, totals resource.Quantities) []role.Name {
	type sibling struct {
		path   string // in the order of names
		roles  []role.Name
		share  float64
		served uint64
		leaf   bool
	}
	var list []sibling
	prefix := top
	if top != "" {
		prefix += "/"
		if _, client := p.inner[role.Name(top)]; client {
			r := []role.Name{role.Name(top)}
			list = append(list, sibling{top + "/.", r, p.roleShare(totals, r), p.turns.virtual[top], true})
		}
	}
	seen := make(map[string]bool)
	for _, r := range slices.Sorted(maps.Keys(p.inner)) {
		rest, ok := strings.CutPrefix(string(r), prefix)
		if !ok {
			continue
		}
		first, _, _ := strings.Cut(rest, "/")
		path := prefix + first
		if seen[path] {
			continue
		}
		seen[path] = true
		s := sibling{path: path, served: p.turns.node[path], leaf: !below(path, p.inner)}
		for _, q := range slices.Sorted(maps.Keys(p.inner)) {
			if string(q) == path || strings.HasPrefix(string(q), path+"/") {
				s.roles = append(s.roles, q)
			}
		}
		s.share = p.roleShare(totals, s.roles) / p.weightOf(path)
		list = append(list, s)
	}
	slices.SortFunc(list, func(x, y sibling) int {
		return cmp.Or(cmp.Compare(x.share, y.share), cmp.Compare(x.served, y.served), cmp.Compare(x.path, y.path))
	})
	var order []role.Name
	for _, s := range list {
		if s.leaf {
			order = append(order, s.roles[0])
			continue
		}
		order = append(order, p.level(s.path, totals)...)
	}
	return order
}

func (p *plain) clientOrder(r role.Name, totals resource.Quantities) []key {
	shares := make(map[key]float64)
	var list []key
	for f := range p.inner[r] {
		k := key{offer.FrameworkID(f), r}
		if p.listed(k) {
			list = append(list, k)
			shares[k] = p.share(totals, []role.Name{r}, func(o key) bool { return o == k })
		}
	}
	slices.SortFunc(list, func(x, y key) int {
		return cmp.Or(cmp.Compare(shares[x], shares[y]),
			cmp.Compare(p.inner[r][string(x.f)], p.inner[r][string(y.f)]), cmp.Compare(x.f, y.f))
	})
	return list
}

// ---- quota (docs/allocation.md §2.8)

func isRationed(e resource.Resource) bool {
	return e.Kind == resource.KindScalar && len(e.Reservations) == 0 && !e.Revocable
}

func (p *plain) consumed(r role.Name, name string) (sum resource.Scalar) {
	for _, id := range p.agentIDs() {
		reserved := p.agents[id].Total.ReservedToSubtree(r)
		sum += reserved.ScalarQuantities().Get(name)
		used := p.held(id, func(k key) bool {
			return k.r.IsWithin(r) && p.charged(k)
		})
		sum += used.Filter(isRationed).ScalarQuantities().Get(name)
	}
	return sum
}

// children lists the roles with quota or with quota below them, directly under r; "" asks for the top level.
func (p *plain) children(r role.Name) (list []role.Name) {
	for _, q := range p.quota.Roles() {
		for {
			up, ok := q.Parent()
			if !ok {
				up = ""
			}
			if up == r && !slices.Contains(list, q) {
				list = append(list, q)
			}
			if !ok {
				break
			}
			q = up
		}
	}
	return list
}

func (p *plain) need(r role.Name, name string) resource.Scalar {
	c, _ := p.quota.Get(r)
	return max(c.Guarantees.Get(name)-p.consumed(r, name), p.needOf(p.children(r), name), 0)
}

func (p *plain) needOf(list []role.Name, name string) (sum resource.Scalar) {
	for _, r := range list {
		sum += p.need(r, name)
	}
	return sum
}

func (p *plain) room(r role.Name, name string) resource.Scalar {
	c, _ := p.quota.Get(r)
	most, ok := c.Limits.Get(name)
	if !ok {
		return math.MaxInt64 / 4
	}
	return most - p.consumed(r, name)
}

func (p *plain) flow(r role.Name, name string) resource.Scalar {
	need := p.need(r, name)
	if up, ok := r.Parent(); ok {
		others := slices.DeleteFunc(p.children(up), func(q role.Name) bool { return q == r })
		need = max(need, p.flow(up, name)-p.needOf(others, name))
	}
	return max(min(need, p.room(r, name)), 0)
}

func (p *plain) entitled(r role.Name, name string) resource.Scalar {
	sure := p.flow(r, name) - p.needOf(p.children(r), name)
	for up, ok := r, true; ok; up, ok = up.Parent() {
		sure = min(sure, p.room(up, name))
	}
	return max(sure, 0)
}

func (p *plain) ceiling(r role.Name, name string) resource.Scalar {
	least, beside := resource.Scalar(math.MaxInt64/4), p.needOf(p.children(r), name)
	for {
		least = min(least, p.room(r, name)-beside)
		up, ok := r.Parent()
		if !ok {
			return max(least, 0)
		}
		others := slices.DeleteFunc(p.children(up), func(q role.Name) bool { return q == r })
		beside += p.needOf(others, name)
		r = up
	}
}

func (p *plain) headroom(name string) (available, required resource.Scalar) {
	for _, id := range p.agentIDs() {
		if g := p.agents[id]; p.offerable(g) {
			available += p.free(g).Filter(isRationed).ScalarQuantities().Get(name)
		}
	}
	return available, p.required(name, "", 0)
}

// required is what guarantees that have not expired lack, once r holds more of a name.
func (p *plain) required(name string, r role.Name, more resource.Scalar) resource.Scalar {
	return p.keptOf("", name, r, more)
}

func (p *plain) keptOf(n role.Name, name string, r role.Name, more resource.Scalar) (sum resource.Scalar) {
	for _, child := range p.children(n) {
		lacks := resource.Scalar(0)
		if c, _ := p.quota.Get(child); p.expired == nil || !p.expired(child) {
			lacks = c.Guarantees.Get(name) - p.consumed(child, name)
			if more > 0 && r.IsWithin(child) {
				lacks -= more
			}
		}
		sum += max(lacks, p.keptOf(child, name, r, more), 0)
	}
	return sum
}

func (p *plain) guaranteed(r role.Name, name string) bool {
	for {
		if c, _ := p.quota.Get(r); c.Guarantees.Get(name) > 0 {
			return true
		}
		up, ok := r.Parent()
		if !ok {
			return false
		}
		r = up
	}
}

// ---- a run

func (p *plain) run() []offer.Offer {
	var made []offer.Offer
	if p.quota.Len() > 0 {
		p.pass(true, &made)
	}
	p.pass(false, &made)
	p.offers = append(p.offers, made...)
	p.keepWhole(made)
	return made
}

func (p *plain) pass(first bool, made *[]offer.Offer) {
	for _, id := range p.agentIDs() {
		g := p.agents[id]
		if !p.offerable(g) {
			continue
		}
		// The books of this agent change while it is visited, its order does not.
		saved := p.offers
		p.offers = append(slices.Clone(p.offers), *made...)
		free := p.free(g)
		if free.IsEmpty() {
			p.offers = saved
			continue
		}
		totals := p.totals()
		var order []key
		for _, r := range p.roleOrder(totals) {
			order = append(order, p.clientOrder(r, totals)...)
		}
		var served, others []key
		everybody := len(order)
		for i := 0; i < len(order); i++ {
			k := order[i]
			if i < everybody && p.hadTurn(k, id, free) {
				if others = append(others, k); !first {
					order = append(order, k)
				}
				continue
			}
			got := p.look(k, g, first, *made)
			if got.IsEmpty() {
				continue
			}
			served = append(served, k)
			p.book(k, g, got, made)
			p.offers = append(slices.Clone(saved), *made...)
		}
		if t := p.turn[id]; t != nil && t.free.Equal(free) && !first && !slices.ContainsFunc(served, func(k key) bool { return !slices.Contains(others, k) }) {
			delete(p.turn, id)
		}
		for _, k := range served {
			p.serve(k)
		}
		p.offers = saved
	}
}

func (p *plain) book(k key, g *plainAgent, got resource.Resources, made *[]offer.Offer) {
	for i := range *made {
		if o := &(*made)[i]; o.Framework == k.f && o.Role == k.r && o.Agent == g.ID {
			o.Resources = o.Resources.Add(got)
			return
		}
	}
	p.lastID++
	o := offer.Offer{ID: p.lastID, Framework: k.f, Role: k.r, Agent: g.ID, Resources: got}
	if p.rules.OfferLifetime > 0 {
		o.Deadline = p.now.Add(p.rules.OfferLifetime)
	}
	*made = append(*made, o)
}

// look is every gate in turn; what comes back is to be offered.
func (p *plain) look(k key, g *plainAgent, first bool, made []offer.Offer) (none resource.Resources) {
	r := p.free(g).AllocatableTo(k.r)
	r = r.Filter(func(e resource.Resource) bool { return !e.Shared || !p.shown(k, g, e, made) })
	if !p.enough(k, g, r) {
		return none
	}
	if p.hidden(k, g) {
		return none
	}
	r = p.usable(k, r)
	if first {
		r = p.sure(k.r, r)
	} else {
		r = p.cut(k.r, r)
	}
	if !p.enough(k, g, r) {
		return none
	}
	if r = p.leaveKept(k, g, r); !p.enough(k, g, r) {
		return none
	}
	if r = p.fitHint(k, g, r, made); !p.enough(k, g, r) {
		return none
	}
	if p.rules.SplitRevocable {
		regular, revocable := r.NonRevocable(), r.Revocable()
		if p.refuses(k, g, regular) {
			regular = none
		}
		if p.refuses(k, g, revocable) {
			revocable = none
		}
		r = regular.Add(revocable)
	} else if p.refuses(k, g, r) {
		return none
	}
	if !p.enough(k, g, r) || p.overCap(k, r, made) {
		return none
	}
	return r
}

// hidden is gates 5 and 6.
func (p *plain) hidden(k key, g *plainAgent) bool {
	_, scarce := g.Total.Scalar("gpus")
	caps := p.fws[k.f].Capabilities
	return scarce && caps&offer.GPUResources == 0 || g.Region != "" && caps&offer.RegionAware == 0
}

// overCap is gate 11.
func (p *plain) overCap(k key, r resource.Resources, made []offer.Offer) bool {
	var offered, held resource.Quantities
	for _, o := range p.offers {
		if o.Framework == k.f && o.Role == k.r {
			offered = offered.Add(o.Resources.ScalarQuantities())
		}
	}
	for _, id := range p.agentIDs() {
		held = held.Add(p.held(id, func(o key) bool { return o == k }).ScalarQuantities())
	}
	if !p.rules.CapOffers || !slices.ContainsFunc(p.offers, func(o offer.Offer) bool { return o.Framework == k.f && o.Role == k.r }) {
		return false
	}
	for name, q := range r.Filter(isRationed).ScalarQuantities().All() {
		if sure, _ := p.split(k.r, name, q); sure > 0 {
			return false
		}
	}
	totals := p.totals()
	return p.fair(k) < 1 && p.dominant(offered, totals) >= p.fair(k)-p.dominant(held.Sub(offered), totals)
}

// fair is the part of the cluster that the weights give k among the listed clients.
func (p *plain) fair(k key) float64 {
	var roles []role.Name
	own := 0
	for _, m := range p.members() {
		if p.listed(m) {
			if m.r == k.r {
				own++
			}
			if !slices.Contains(roles, m.r) {
				roles = append(roles, m.r)
			}
		}
	}
	level := func(n role.Name) (sum float64) {
		var seen []role.Name
		for _, r := range roles {
			for up, ok := r, true; ok; {
				parent, has := up.Parent()
				if parent == n && !slices.Contains(seen, up) {
					seen = append(seen, up)
				}
				up, ok = parent, has
			}
		}
		slices.Sort(seen)
		for _, child := range seen {
			sum += p.weights.Of(child)
		}
		if slices.Contains(roles, n) {
			sum++
		}
		return sum
	}
	share := 1 / float64(max(own, 1)) / level(k.r)
	for n, ok := k.r, true; ok; {
		parent, has := n.Parent()
		share *= p.weights.Of(n) / level(parent)
		n, ok = parent, has
	}
	return share
}

// fitHint is gate 12.
func (p *plain) fitHint(k key, g *plainAgent, r resource.Resources, made []offer.Offer) (none resource.Resources) {
	h := p.hints[k]
	if h == nil {
		return r
	}
	fits := func(r resource.Resources) int { return unitsOf(r, h.Unit) }
	wait := h.Count
	for _, o := range p.offers {
		mine := slices.ContainsFunc(made, func(m offer.Offer) bool { return m.ID == o.ID })
		if o.Framework == k.f && o.Role == k.r && !(mine && o.Agent == g.ID) {
			wait -= fits(o.Resources)
		}
	}
	fit := fits(r)
	if wait <= 0 || fit == 0 {
		return none
	}
	if fit <= wait || !r.Reserved().IsEmpty() || !r.Revocable().IsEmpty() {
		return r
	}
	num, den := int64(0), int64(1)
	for name, q := range h.Unit.All() {
		if n, d := int64(q)*int64(wait), int64(r.Quantities().Get(name)); n*den > num*d {
			num, den = n, d
		}
	}
	var target []resource.Quantity
	for name, q := range r.ScalarQuantities().All() {
		amount := h.Unit.Get(name) * resource.Scalar(wait)
		switch rest := amount % 1000; {
		case amount == 0:
			amount = resource.Scalar(int64(q) * num / den)
		case rest > 0 && name == "gpus":
			amount = min(amount-rest+1000, q)
		}
		target = append(target, resource.Quantity{Name: name, Amount: integral(name, amount, q)})
	}
	kept := shrink(r.Filter(isRationed), target)
	for e := range r.Named("ports").All() {
		kept = kept.Add(firstPorts(e, e.Ranges.Size()*uint64(num)/uint64(den)))
	}
	return kept
}

// firstPorts is the first count ports of e.
func firstPorts(e resource.Resource, count uint64) (none resource.Resources) {
	var kept []resource.Range
	for x := range e.Ranges.All() {
		for port := x.Begin; port <= x.End && count > 0; port++ {
			kept = append(kept, resource.Range{Begin: port, End: port})
			count--
		}
	}
	if len(kept) == 0 {
		return none
	}
	var err error
	if e.Ranges, err = resource.NewRanges(kept...); err != nil {
		panic(err)
	}
	one, err := resource.New(e)
	if err != nil {
		panic(err)
	}
	return one
}

func (p *plain) refuses(k key, g *plainAgent, r resource.Resources) bool {
	for _, x := range p.refused {
		if x.key == k && x.agent == g.ID && x.until > p.now && x.res.Contains(r) {
			return true
		}
	}
	return false
}

func (p *plain) hadTurn(k key, g offer.AgentID, free resource.Resources) bool {
	t := p.turn[g]
	return t != nil && t.free.Equal(free) && t.who[k] && t.since >= p.born[k]
}

// refusedNow notes a turn.
func (p *plain) refusedNow(k key, id offer.AgentID) {
	g := p.agents[id]
	if g == nil || !p.rules.TurnRule {
		return
	}
	free := p.free(g)
	if free.IsEmpty() {
		return
	}
	t := p.turn[id]
	if t == nil || !t.free.Equal(free) || t.since < p.born[k] {
		t = &plainTurn{free: free, who: make(map[key]bool), since: p.seq}
		p.turn[id] = t
	}
	t.who[k] = true
}

func (p *plain) endStreaks(of func(key) bool) {
	for _, m := range p.streaks {
		maps.DeleteFunc(m, func(k key, _ *plainStreak) bool { return of(k) })
	}
}

// backOff is for how long a refusal holds.
func (p *plain) backOff(k key, id offer.AgentID, r resource.Resources, d time.Duration) time.Duration {
	if d >= p.rules.BackoffCap {
		return d
	}
	if p.streaks[id] == nil {
		p.streaks[id] = make(map[key]*plainStreak)
	}
	s := p.streaks[id][k]
	if s != nil && s.until.Add(p.rules.BackoffCap) > p.now && s.res.Contains(r) {
		s.times++
	} else {
		s = &plainStreak{}
		p.streaks[id][k] = s
	}
	held := d
	if s.times > 0 {
		held = max(d, 10*time.Millisecond)
		for range s.times {
			held = min(2*held, p.rules.BackoffCap)
		}
	}
	s.res, s.until = r, p.now.Add(held)
	return held
}

func (p *plain) shown(k key, g *plainAgent, e resource.Resource, made []offer.Offer) bool {
	for _, o := range made {
		if o.Agent == g.ID && o.Resources.ContainsResource(e) {
			return true
		}
	}
	for _, o := range p.offers {
		if o.Agent == g.ID && o.Framework == k.f && o.Role == k.r && o.Resources.ContainsResource(e) {
			return true
		}
	}
	return false
}

func (p *plain) enough(k key, g *plainAgent, r resource.Resources) bool {
	if r.IsEmpty() {
		return false
	}
	if own, ok := p.fws[k.f].MinAllocatable[k.r]; ok {
		return len(own) == 0 || slices.ContainsFunc(own, r.ContainsQuantities)
	}
	if p.rules.MinimumWaived && !r.Reserved().IsEmpty() || len(p.rules.MinAllocatable) == 0 {
		return true
	}
	for _, set := range p.rules.MinAllocatable {
		ok := true
		for name, q := range set.All() {
			has, _ := g.Total.Scalar(name)
			got, _ := r.Scalar(name)
			ok = ok && (p.rules.MinimumAsHad && has == 0 || got >= q)
		}
		if ok {
			return true
		}
	}
	return false
}

func integral(name string, target, of resource.Scalar) resource.Scalar {
	if name == "gpus" && target < of {
		return target - target%1000
	}
	return target
}

func (p *plain) split(r role.Name, name string, q resource.Scalar) (sure, rest resource.Scalar) {
	sure = min(q, p.entitled(r, name))
	rest = max(min(q-sure, p.ceiling(r, name)-sure), 0)
	for _, n := range []string{"cpus", "mem", "disk", "gpus"} {
		if _, required := p.headroom(n); required > 0 {
			available, _ := p.headroom(name)
			rest = max(min(rest, available-sure-p.required(name, r, sure)), 0)
			break
		}
	}
	return sure, rest
}

func shrink(r resource.Resources, to []resource.Quantity) resource.Resources {
	q, err := resource.NewQuantities(to...)
	if err != nil {
		panic(err)
	}
	return r.ShrinkTo(q, func(x, y resource.Resource) int { return strings.Compare(x.String(), y.String()) })
}

func (p *plain) cut(r role.Name, all resource.Resources) resource.Resources {
	ration := all.Filter(isRationed)
	var target []resource.Quantity
	for name, q := range ration.ScalarQuantities().All() {
		sure, rest := p.split(r, name, q)
		target = append(target, resource.Quantity{Name: name, Amount: integral(name, sure+rest, q)})
	}
	return all.Filter(func(e resource.Resource) bool { return !isRationed(e) }).Add(shrink(ration, target))
}

func (p *plain) sure(r role.Name, all resource.Resources) (none resource.Resources) {
	ration := all.Filter(isRationed)
	ratio := 0.0
	num, den := int64(0), int64(1)
	for name, q := range ration.ScalarQuantities().All() {
		if sure, _ := p.split(r, name, q); float64(sure)/float64(q) > ratio {
			ratio, num, den = float64(sure)/float64(q), int64(sure), int64(q)
		}
	}
	if num == 0 {
		return none
	}
	var target []resource.Quantity
	granted := false
	for name, q := range ration.ScalarQuantities().All() {
		sure, rest := p.split(r, name, q)
		amount := sure
		if !p.guaranteed(r, name) {
			amount = min(sure+rest, resource.Scalar(int64(q)*num/den))
		}
		target = append(target, resource.Quantity{Name: name, Amount: integral(name, amount, q)})
	}
	got := shrink(ration, target)
	for name, q := range got.ScalarQuantities().All() {
		sure, _ := p.split(r, name, q)
		granted = granted || sure > 0
	}
	if !granted {
		return none
	}
	got = got.Add(all.Reserved())
	for e := range all.Unreserved().Named("ports").All() {
		count := e.Ranges.Size() * uint64(num) / uint64(den)
		var kept []resource.Range
		for x := range e.Ranges.All() {
			for port := x.Begin; port <= x.End && count > 0; port++ {
				kept = append(kept, resource.Range{Begin: port, End: port})
				count--
			}
		}
		if len(kept) == 0 {
			continue
		}
		ranges, err := resource.NewRanges(kept...)
		if err != nil {
			panic(err)
		}
		e.Ranges = ranges
		one, err := resource.New(e)
		if err != nil {
			panic(err)
		}
		got = got.Add(one)
	}
	return got
}
