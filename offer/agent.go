package offer

import (
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// mostOfAName bounds the cluster's total of one name, in thousandths, so that quotients of totals are exact and no sum wraps.
const mostOfAName = 1 << 53

// agent is a machine with resources. What every run reads of every agent comes first, to be close together.
type agent struct {
	hash    uint64
	free    *bundle
	active  bool
	marked  bool // is in the schedule's list
	scarce  bool // its total has a scarce name
	over    bool // more is held than the total has
	judged  bool // constraints remember what they think of it
	open    bool // is in Allocator.open
	turning bool // somebody had its turn, see turns
	index   int32
	upkeep  *upkeep // nil: no window, and no inverse filter
	id      AgentID
	total   *bundle

	offers   []*offer
	first    [1]*offer // where offers begins: mostly there is one at most
	heldBack nameSet   // names that headroom held back when it was last looked at
	turns    turns
	noted    noted

	keptFor  *client // nil: nobody
	refusals []refusal
	refusers clientSet // whose they are; who has none any more may be among them
	swept    int       // how many were left when void ones were last dropped
	ends     Time      // of the next refusal, or earlier
	inHeap   int       // -1: none
	streaks  []streak
	kept     int // how many were left when streaks were last purged

	uses   []*use
	seldom *seldom // nil: nothing of it

	hostname string
	tags     *tags // nil: none
}

func (a *Allocator) agent(id AgentID) (*agent, bool) {
	i, ok := a.agentAt[id]
	if !ok {
		return nil, false
	}
	return a.agents[i], true
}

// AddAgent takes in an agent together with what is already used on it, also by frameworks not yet known.
// It fails with ErrAgentExists, ErrSpec, ErrTooMany, ErrClusterTotal or an error of package role.
func (a *Allocator) AddAgent(now Time, s AgentSpec) error {
	if err := a.checkAgent(&s); err != nil {
		return fmt.Errorf("add agent %q: %w", s.ID, err)
	}
	a.advance(now)
	g := &agent{
		id: s.ID, index: take(&a.spareAgents, len(a.agents)), hash: hashText(string(s.ID)), hostname: s.Hostname,
		active: !s.Inactive, total: a.nothing, free: a.nothing, inHeap: -1,
	}
	g.retag(tags{s.Region, s.Zone, s.Attributes})
	g.offers = g.first[:0]
	a.agents = put(a.agents, g.index, g)
	a.agentAt[g.id] = g.index
	a.setTotal(g, s.Total.Unallocate())
	for _, u := range s.Used {
		if u.Resources.IsEmpty() {
			continue
		}
		u.Resources = u.Resources.Unallocate()
		if _, known := a.framework(u.Framework); !known && a.rules.ChargeUnknownLate {
			f := a.ensureFramework(u.Framework)
			f.late = append(f.late, g)
			g.setLate(append(g.rare().late, u))
			a.countLate(u, 1)
			continue
		}
		a.charge(a.ensureClient(a.ensureFramework(u.Framework), u.Role), g, a.bundle(u.Resources))
	}
	a.refill(g)
	a.setWindow(g, s.Window)
	a.endHoldIfBack()
	a.request(g)
	return nil
}

func (a *Allocator) checkAgent(s *AgentSpec) error {
	if s.ID == "" {
		return fmt.Errorf("no id: %w", ErrSpec)
	}
	if _, ok := a.agentAt[s.ID]; ok {
		return ErrAgentExists
	}
	if len(a.agentAt) >= a.bounds.Agents {
		return fmt.Errorf("%d agents: %w", len(a.agentAt), ErrTooMany)
	}
	if err := s.Window.check(); err != nil {
		return err
	}
	if len(s.Used) == 0 && a.fitsAgain(s.Total) {
		return nil
	}
	frameworks := make(map[FrameworkID]bool)
	var roles []role.Name
	var used []resource.Resources
	for _, u := range s.Used {
		if u.Framework == "" {
			return fmt.Errorf("use of no framework: %w", ErrSpec)
		}
		if err := a.bounds.PerRole.Check(u.Role); err != nil {
			return fmt.Errorf("use by framework %q: %w", u.Framework, err)
		}
		if _, ok := a.fwAt[u.Framework]; !ok {
			frameworks[u.Framework] = true
		}
		roles = append(roles, u.Role)
		used = append(used, u.Resources)
	}
	if len(a.fwAt)+len(frameworks) > a.bounds.Frameworks {
		return fmt.Errorf("%d frameworks and %d more: %w", len(a.fwAt), len(frameworks), ErrTooMany)
	}
	if err := a.checkTotal(s.Total, a.nothing); err != nil {
		return err
	}
	if len(used) > 0 {
		if err := a.checkCharge(used...); err != nil {
			return err
		}
		if err := a.roomForNames(namesIn(append(used, s.Total)...)...); err != nil {
			return err
		}
	}
	return a.roomForRoles(append(roles, owners(s.Total)...)...)
}

// checkTotal reports whether an agent may have total instead of old.
func (a *Allocator) checkTotal(total resource.Resources, old *bundle) error {
	for _, n := range owners(total) {
		if err := a.bounds.PerRole.Check(n); err != nil {
			return fmt.Errorf("reservation: %w", err)
		}
	}
	amounts := total.ScalarQuantities().All()
	if err := a.roomForNames(amounts); err != nil {
		return err
	}
	for name, amount := range amounts {
		others := a.names.in(&a.totals, name) - a.names.in(&old.all, name)
		if int64(amount) > mostOfAName-others {
			return fmt.Errorf("%s %s: %w", name, amount, ErrClusterTotal)
		}
	}
	return nil
}

// checkCharge reports whether all of used, one by one, may be used in addition to all that is held and reported.
func (a *Allocator) checkCharge(used ...resource.Resources) error {
	const most = 1 << 60 // what is held may exceed the totals, but no sum may wrap
	sum := make(map[string]resource.Scalar)
	for _, r := range used {
		for name, amount := range r.ScalarQuantities().All() {
			held := sum[name]
			for _, v := range []*vec{&a.allocated, &a.copies, &a.late} {
				held += resource.Scalar(a.names.in(v, name))
			}
			if amount > most-held {
				return fmt.Errorf("use of %s %s on top of %s: %w", name, amount, held, ErrClusterTotal)
			}
			sum[name] += amount
		}
	}
	return nil
}

// countLate counts u in or out of what is used by frameworks not yet known.
func (a *Allocator) countLate(u Use, sign int) {
	v := a.names.vec(u.Resources.ScalarQuantities())
	addSigned(&a.late, &v, sign)
}

// owners lists the roles that r is reserved for.
func owners(r resource.Resources) []role.Name {
	var list []role.Name
	for e := range r.All() {
		if n := e.Owner(); n != "" && !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	return list
}

// UpdateAgent replaces an agent's total. Offers that the new total cannot bear are rescinded, the latest first, but none that
// holds nothing of what is overdrawn; tasks may go on using more than there is (docs/allocation.md §4).
func (a *Allocator) UpdateAgent(now Time, id AgentID, total resource.Resources) error {
	g, ok := a.agent(id)
	if !ok {
		return fmt.Errorf("update agent %q: %w", id, ErrUnknownAgent)
	}
	total = total.Unallocate()
	if err := a.checkTotal(total, g.total); err != nil {
		return fmt.Errorf("update agent %q: %w", id, err)
	}
	if err := a.roomForRoles(owners(total)...); err != nil {
		return fmt.Errorf("update agent %q: %w", id, err)
	}
	a.advance(now)
	if total.Equal(g.total.res) {
		return nil
	}
	a.setTotal(g, total)
	a.refill(g)
	if a.rules.Rescind {
		out := byID(g.offers)
		for i := len(out) - 1; i >= 0; i-- {
			if g.overdraws(out[i]) {
				a.rescind(out[i], RescindAgent)
			}
		}
	}
	a.request(g)
	return nil
}

// overdraws reports whether taking o back would lower what is held beyond the total or twice, or whether o holds a shared
// volume that is there no more.
func (g *agent) overdraws(o *offer) bool {
	if o.b.is(hasShared) {
		for e := range o.b.res.Shared().All() {
			if !g.total.res.ContainsResource(e) {
				return true
			}
		}
	}
	if !g.over {
		return false
	}
	total := g.total.res.NonShared()
	all, twice := g.held(nil)
	others, left := g.held(o)
	return left < twice || !others.SubSaturating(total).Equal(all.SubSaturating(total))
}

// SetAttributes replaces an agent's attributes; if they differ, every refusal on it is void.
func (a *Allocator) SetAttributes(now Time, id AgentID, at resource.Attributes) error {
	g, ok := a.agent(id)
	if !ok {
		return fmt.Errorf("set attributes of agent %q: %w", id, ErrUnknownAgent)
	}
	a.advance(now)
	if at.Equal(g.tagged().attrs) {
		a.reorder(g, at)
		return nil
	}
	g.setAttributes(at)
	a.unjudge(g)
	a.unfilterAgent(g)
	a.forgiveAgent(g)
	a.request(g)
	return nil
}

// SetAgentActive makes an agent one that is offered, or not. Going inactive rescinds its offers and keeps all else.
func (a *Allocator) SetAgentActive(now Time, id AgentID, on bool) error {
	g, ok := a.agent(id)
	if !ok {
		return fmt.Errorf("set agent %q active: %w", id, ErrUnknownAgent)
	}
	a.advance(now)
	if g.active == on {
		return nil
	}
	a.place(g, func() { g.active = on })
	if !on && a.rules.Rescind {
		for _, o := range byID(g.offers) {
			a.rescind(o, RescindAgent)
		}
	}
	a.changed(g)
	return nil
}

// RemoveAgent forgets an agent: its offers are rescinded, and what was used on it is charged to nobody any more.
func (a *Allocator) RemoveAgent(now Time, id AgentID) error {
	g, ok := a.agent(id)
	if !ok {
		return fmt.Errorf("remove agent %q: %w", id, ErrUnknownAgent)
	}
	a.advance(now)
	a.place(g, func() { g.active = false })
	for _, o := range byID(g.offers) {
		a.rescind(o, RescindAgent)
	}
	for len(g.uses) > 0 {
		u := g.uses[0]
		c, b := u.client, u.b
		a.takeUse(u, b)
		a.drop(c, g, b)
		a.dropClient(c)
	}
	for _, u := range g.rare().late {
		a.countLate(u, -1)
		f := a.ensureFramework(u.Framework)
		f.late = slices.DeleteFunc(f.late, func(h *agent) bool { return h == g })
		a.dropFramework(f)
	}
	a.forgiveAgent(g)
	a.unjudge(g)
	a.forgetUpkeep(g)
	a.setTotal(g, resource.Resources{})
	a.setFree(g, a.nothing)
	delete(a.agentAt, g.id)
	a.agents[g.index] = nil
	a.spareAgents = append(a.spareAgents, g.index)
	a.changedQuota()
	return nil
}

// Whitelist lets only agents of these hostnames be offered; nil lets all. What is offered already stays.
func (a *Allocator) Whitelist(now Time, hostnames []string) error {
	a.advance(now)
	var allowed map[string]bool
	if hostnames != nil {
		allowed = setOf(hostnames)
	}
	for _, g := range a.agents {
		if g != nil {
			a.addPlaceable(g, -1)
		}
	}
	a.allowed = allowed
	for _, g := range a.agents {
		if g != nil {
			a.addPlaceable(g, 1)
		}
	}
	a.reshaped(everyAgent)
	a.changed(everyAgent)
	return nil
}
