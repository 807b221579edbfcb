package offer_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// machine drives a real allocator and the plain one with the same calls over a tiny cluster.
type machine struct {
	a     *offer.Allocator
	p     *plain
	rules offer.Rules
	same  bool // the plain allocator knows these rules: offers must be equal
	quiet bool // commands are not followed by a Poll
	calls int  // commands and steps of time so far
	now   offer.Time
	batch offer.Batch

	paused bool
	unfair bool // runs leave what could be offered: P8 does not hold
}

var (
	someAgents     = []offer.AgentID{"a1", "a2", "a3", "a4", "a5", "a6"}
	someFrameworks = []offer.FrameworkID{"f1", "f2", "f3", "f4", "f5"}
	someRoles      = []role.Name{"a", "a/b", "a/b/c", "a/d", "x", "x/y"}
)

// docs/allocation.md §6
func TestProperty11SameAsThePlainAllocator(t *testing.T) {
	calls := 0
	rapid.Check(t, func(t *rapid.T) { calls += runMachine(t, offer.DefaultRules(offer.V1), true) })
	t.Logf("%d random calls", calls)
}

// A guarantee may expire soon.
//
// docs/allocation.md §8
func TestProperty5And11WithHeadroomThatExpires(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := offer.DefaultRules(offer.V1)
		rules.HeadroomExpiry = time.Duration(rapid.IntRange(1, 3).Draw(t, "expiry")) * time.Second
		rules.GuaranteeFirst = rapid.Bool().Draw(t, "guarantees first")
		runMachine(t, rules, rules.GuaranteeFirst)
	})
}

// Agents are kept whole for clients whose hint fits nowhere.
//
// docs/allocation.md §8
func TestProperty8And11WithAgentsKeptWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := offer.DefaultRules(offer.V1)
		rules.KeepWhole = time.Duration(rapid.IntRange(1, 4).Draw(t, "kept for")) * time.Second
		runMachineWith(t, offer.Config{Rules: rules, Bounds: offer.Bounds{KeptWhole: rapid.IntRange(0, 2).Draw(t, "kept")}}, true, nil)
	})
}

// docs/allocation.md §6
func TestPropertiesUnderTheReferencesRules(t *testing.T) {
	calls := 0
	rapid.Check(t, func(t *rapid.T) { calls += runMachine(t, offer.StrictDRF(), true) })
	t.Logf("%d random calls", calls)
}

func runMachine(t *rapid.T, rules offer.Rules, same bool) (calls int) {
	return runMachineWith(t, offer.Config{Rules: rules}, same, nil)
}

// runMachineWith runs without the commands named in not. It returns how many calls it made, each of which was compared.
func runMachineWith(t *rapid.T, cfg offer.Config, same bool, not []string) (calls int) {
	rules := cfg.Rules
	if rapid.Bool().Draw(t, "at once") {
		rules.Coalesce = 0
	}
	if rapid.IntRange(0, 3).Draw(t, "no timer") == 0 {
		rules.Interval = 0
	}
	if rules.Triggers == offer.OnRequest {
		rules.HoldTime = 2500 * time.Millisecond // or no random run would see its end
	}
	cfg.Rules, cfg.AgentOrder, cfg.PieceOrder = rules, offer.OrderByName, offer.OrderByName
	a, err := offer.New(cfg)
	require.NoError(t, err)
	_, fair := cfg.Policy.(inOrder)
	m := &machine{a: a, p: newPlain(rules), rules: rules, same: same, unfair: cfg.Policy != nil && !fair}
	m.p.most = cfg.Bounds.KeptWhole
	m.p.expired = func(r role.Name) bool { return m.a.Expired(r) }
	if rules.Triggers == offer.OnRequest && rapid.IntRange(0, 4).Draw(t, "recovered") == 0 {
		m.recover(t)
	}
	for range 2 {
		m.addAgent(t)
		m.addFramework(t)
	}
	actions := map[string]func(*rapid.T){
		"":               m.check,
		"addAgent":       m.addAgent,
		"addAgent2":      m.addAgent,
		"updateAgent":    m.updateAgent,
		"removeAgent":    m.removeAgent,
		"setAgent":       m.setAgentActive,
		"attributes":     m.attributes,
		"hostname":       m.hostname,
		"domain":         m.domain,
		"addFramework":   m.addFramework,
		"addFramework2":  m.addFramework,
		"update":         m.updateFramework,
		"setFramework":   m.setFrameworkActive,
		"remove":         m.removeFramework,
		"suppress":       m.suppress,
		"revive":         m.revive,
		"weights":        m.weights,
		"hint":           m.hint,
		"quota":          m.quota,
		"hosts":          m.hosts,
		"accept":         m.accept,
		"accept2":        m.accept,
		"decline":        m.decline,
		"decline2":       m.decline,
		"withdraw":       m.withdraw,
		"release":        m.release,
		"charge":         m.charge,
		"operate":        m.operate,
		"pause":          m.pause,
		"advance":        m.advance,
		"advance2":       m.advance,
		"replaceByAFork": m.fork,
	}
	if rules.Triggers == offer.OnRequest {
		actions["pending"] = m.pending
		actions["weights2"], actions["weights3"], actions["quota2"], actions["decline3"] = m.weights, m.weights, m.quota, m.decline
		actions["tick"], actions["jump"] = m.tick, m.jump
		for range 2 { // the runs that a new agent asks for look at that agent alone
			m.addFramework(t)
			m.quota(t)
		}
		m.addAgent(t)
	}
	for _, name := range not {
		delete(actions, name)
	}
	t.Repeat(actions)
	return m.calls
}

// ---- what there is to choose from

func pick[T any](t *rapid.T, label string, from []T) (x T, ok bool) {
	if len(from) == 0 {
		return x, false
	}
	return rapid.SampledFrom(from).Draw(t, label), true
}

func someResources(t *rapid.T) resource.Resources {
	var sum resource.Resources
	n := func(label string, most int) resource.Scalar {
		return resource.Whole(int64(rapid.IntRange(1, most).Draw(t, label)))
	}
	reserved := func(names ...role.Name) (list []resource.Reservation) {
		for i, r := range names {
			kind := resource.Dynamic
			if i == 0 {
				kind = resource.Static
			}
			list = append(list, resource.Reservation{Type: kind, Role: r})
		}
		return list
	}
	scalar := func(name string, q resource.Scalar, rs ...resource.Reservation) resource.Resource {
		return resource.Resource{Name: name, Kind: resource.KindScalar, Scalar: q, Reservations: rs}
	}
	for range rapid.IntRange(1, 4).Draw(t, "pieces") {
		var e resource.Resource
		switch rapid.IntRange(0, 12).Draw(t, "piece") {
		case 0, 1:
			e = scalar("cpus", n("cpus", 6))
		case 2:
			e = scalar("cpus", n("tenths of cpus", 60)/10)
		case 3, 4:
			e = scalar("mem", n("mem", 80))
		case 5:
			e = scalar("cpus", n("cpus", 4), reserved("a")...)
		case 6:
			e = scalar("mem", n("mem", 40), reserved("a", "a/b")...)
		case 7:
			e = scalar("cpus", n("cpus", 3), reserved("x/y")...)
		case 8:
			e = scalar("cpus", n("cpus", 3))
			e.Revocable = true
		case 9:
			ranges, _ := resource.NewRanges(resource.Range{Begin: 0, End: uint64(rapid.IntRange(0, 9).Draw(t, "ports"))})
			e = resource.Resource{Name: "ports", Kind: resource.KindRanges, Ranges: ranges}
		case 10:
			e = scalar("disk", n("disk", 9))
			e.Disk = &resource.Disk{Source: &resource.DiskSource{Type: resource.SourceMount, Root: "/m"}}
		case 11:
			e = scalar("disk", 5000, reserved("a")...)
			e.Disk = &resource.Disk{
				Persistence: &resource.Persistence{ID: "v"},
				Volume:      &resource.Volume{ContainerPath: "v", Mode: resource.ReadWrite},
			}
			e.Shared = true
			if !sum.Shared().IsEmpty() {
				continue
			}
		default:
			e = scalar("gpus", n("gpus", 3))
		}
		one, err := resource.New(e)
		require.NoError(t, err)
		sum = sum.Add(one)
	}
	return sum
}

// part draws some of r's scalars, and sometimes all of it.
func part(t *rapid.T, r resource.Resources) resource.Resources {
	if rapid.Bool().Draw(t, "all of it") {
		return r
	}
	return r.Filter(func(resource.Resource) bool { return rapid.Bool().Draw(t, "this one") })
}

func someCaps(t *rapid.T) offer.Capability {
	return offer.Capability(rapid.IntRange(0, 31).Draw(t, "caps"))
}

// ---- commands

func (m *machine) addAgent(t *rapid.T) {
	free := slices.DeleteFunc(slices.Clone(someAgents), func(id offer.AgentID) bool { return m.p.agents[id] != nil })
	id, ok := pick(t, "agent", free)
	if !ok {
		return
	}
	s := offer.AgentSpec{
		ID: id, Hostname: "h" + string(id), Total: someResources(t), Inactive: rapid.IntRange(0, 5).Draw(t, "inactive") == 0,
		Region: someRegion(t),
	}
	if rapid.IntRange(0, 2).Draw(t, "used") == 0 {
		f, r := rapid.SampledFrom(someFrameworks).Draw(t, "framework"), rapid.SampledFrom(someRoles).Draw(t, "role")
		used := s.Total.NonShared()
		if rapid.Bool().Draw(t, "more than there is") {
			used = someResources(t).NonShared()
		}
		if !used.IsEmpty() {
			s.Used = append(s.Used, offer.Use{Framework: f, Role: r, Resources: used})
		}
	}
	require.NoError(t, m.a.AddAgent(m.now, s))
	m.p.agents[id] = &plainAgent{s, !s.Inactive}
	m.p.back()
	m.p.ask(id)
	for _, u := range s.Used {
		m.p.use(plainUse{key{u.Framework, u.Role}, id, u.Resources}, true)
	}
	m.poll(t)
}

// use books a use; served counts it as one grant.
func (p *plain) use(u plainUse, served bool) {
	if u.res.IsEmpty() {
		return
	}
	if served && p.charged(u.key) {
		p.pending = append(p.pending, u)
	}
	for i := range p.uses {
		if p.uses[i].key == u.key && p.uses[i].agent == u.agent {
			p.uses[i].res = p.uses[i].res.Add(u.res)
			return
		}
	}
	p.uses = append(p.uses, u)
}

func (m *machine) agent(t *rapid.T) (*plainAgent, bool) {
	id, ok := pick(t, "agent", m.p.agentIDs())
	return m.p.agents[id], ok
}

func (m *machine) framework(t *rapid.T) (*plainFramework, bool) {
	id, ok := pick(t, "framework", slices.Sorted(maps.Keys(m.p.fws)))
	return m.p.fws[id], ok
}

func (m *machine) updateAgent(t *rapid.T) {
	if g, ok := m.agent(t); ok {
		total := someResources(t)
		require.NoError(t, m.a.UpdateAgent(m.now, g.ID, total))
		if !total.Equal(g.Total) {
			m.p.ask(g.ID)
		}
		g.Total = total
		m.poll(t)
	}
}

func (m *machine) removeAgent(t *rapid.T) {
	if g, ok := m.agent(t); ok {
		require.NoError(t, m.a.RemoveAgent(m.now, g.ID))
		delete(m.p.agents, g.ID)
		delete(m.p.reference.list, g.ID)
		m.p.forget(func(_ key, id offer.AgentID) bool { return id == g.ID }, true)
		delete(m.p.turn, g.ID)
		delete(m.p.streaks, g.ID)
		m.poll(t)
	}
}

// forget drops offers, refusals and, if asked, uses.
func (p *plain) forget(gone func(key, offer.AgentID) bool, uses bool) {
	p.offers = slices.DeleteFunc(p.offers, func(o offer.Offer) bool { return gone(key{o.Framework, o.Role}, o.Agent) })
	p.refused = slices.DeleteFunc(p.refused, func(r plainRefusal) bool { return gone(r.key, r.agent) })
	if uses {
		p.uses = slices.DeleteFunc(p.uses, func(u plainUse) bool { return gone(u.key, u.agent) })
	}
}

func (p *plain) forgive(gone func(key, offer.AgentID) bool) {
	p.refused = slices.DeleteFunc(p.refused, func(r plainRefusal) bool { return gone(r.key, r.agent) })
}

func (m *machine) setAgentActive(t *rapid.T) {
	if g, ok := m.agent(t); ok {
		g.active = rapid.Bool().Draw(t, "active")
		require.NoError(t, m.a.SetAgentActive(m.now, g.ID, g.active))
		m.poll(t)
	}
}

func (m *machine) attributes(t *rapid.T) {
	if g, ok := m.agent(t); ok {
		at, err := resource.ParseAttributes(fmt.Sprintf("rack:%d", rapid.IntRange(1, 2).Draw(t, "rack")))
		require.NoError(t, err)
		require.NoError(t, m.a.SetAttributes(m.now, g.ID, at))
		if !at.Equal(g.Attributes) {
			g.Attributes = at
			m.p.ask(g.ID)
			m.p.forgive(func(_ key, id offer.AgentID) bool { return id == g.ID })
			delete(m.p.turn, g.ID)
			delete(m.p.streaks, g.ID)
		}
		m.poll(t)
	}
}

func (m *machine) hostname(t *rapid.T) {
	if g, ok := m.agent(t); ok {
		host := "h" + string(rapid.SampledFrom(someAgents).Draw(t, "host"))
		require.NoError(t, m.a.SetHostname(m.now, g.ID, host))
		if host != g.Hostname {
			m.p.ask(g.ID)
		}
		g.Hostname = host
		m.poll(t)
	}
}

func someRegion(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "", "", "", "far"}).Draw(t, "region")
}

func (m *machine) domain(t *rapid.T) {
	if g, ok := m.agent(t); ok {
		region := someRegion(t)
		require.NoError(t, m.a.SetDomain(m.now, g.ID, region, g.Zone))
		if region != g.Region {
			m.p.ask(g.ID)
		}
		g.Region = region
		m.poll(t)
	}
}

func someFramework(t *rapid.T, id offer.FrameworkID) offer.FrameworkSpec {
	s := offer.FrameworkSpec{ID: id, Capabilities: someCaps(t)}
	for _, r := range someRoles {
		if rapid.IntRange(0, 2).Draw(t, "in "+string(r)) > 0 {
			continue
		}
		s.Roles = append(s.Roles, r)
		if rapid.IntRange(0, 4).Draw(t, "suppressed") == 0 {
			s.Suppressed = append(s.Suppressed, r)
		}
		switch rapid.IntRange(0, 8).Draw(t, "minimum") {
		case 0:
			s.MinAllocatable = map[role.Name][]resource.Quantities{r: {}}
		case 1, 2:
			var sets []resource.Quantities
			for _, text := range []string{"cpus:2", "mem:30"}[:rapid.IntRange(1, 2).Draw(t, "sets")] {
				q, err := resource.ParseQuantities(text)
				require.NoError(t, err)
				sets = append(sets, q)
			}
			s.MinAllocatable = map[role.Name][]resource.Quantities{r: sets}
		}
	}
	return s
}

func (m *machine) addFramework(t *rapid.T) {
	free := slices.DeleteFunc(slices.Clone(someFrameworks), func(id offer.FrameworkID) bool { return m.p.fws[id] != nil })
	id, ok := pick(t, "framework", free)
	if !ok {
		return
	}
	s := someFramework(t, id)
	s.Inactive = rapid.IntRange(0, 5).Draw(t, "inactive") == 0
	require.NoError(t, m.a.AddFramework(m.now, s))
	m.p.fws[id] = &plainFramework{s, !s.Inactive}
	for _, u := range m.p.uses {
		if m.rules.ChargeUnknownLate && u.f == id {
			m.p.pending = append(m.p.pending, u)
		}
	}
	if !s.Inactive {
		m.p.ask()
	}
	m.poll(t)
}

func (m *machine) updateFramework(t *rapid.T) {
	f, ok := m.framework(t)
	if !ok {
		return
	}
	s := someFramework(t, f.ID)
	require.NoError(t, m.a.UpdateFramework(m.now, s))
	old := f.FrameworkSpec
	f.FrameworkSpec = s
	gone := func(k key, _ offer.AgentID) bool {
		return k.f == f.ID && (!slices.Contains(s.Roles, k.r) || slices.Contains(old.Suppressed, k.r) && !slices.Contains(s.Suppressed, k.r))
	}
	for _, r := range old.Roles {
		if !slices.Contains(s.Roles, r) {
			delete(m.p.hints, key{f.ID, r})
		}
	}
	m.p.forgive(gone)
	m.p.endStreaks(func(k key) bool { return gone(k, "") })
	m.poll(t)
}

func (m *machine) setFrameworkActive(t *rapid.T) {
	f, ok := m.framework(t)
	if !ok {
		return
	}
	f.active = rapid.Bool().Draw(t, "active")
	require.NoError(t, m.a.SetFrameworkActive(m.now, f.ID, f.active))
	if f.active {
		m.p.ask()
	} else {
		m.p.forget(func(k key, _ offer.AgentID) bool { return k.f == f.ID }, false)
		m.p.endStreaks(func(k key) bool { return k.f == f.ID })
	}
	m.poll(t)
}

func (m *machine) removeFramework(t *rapid.T) {
	if f, ok := m.framework(t); ok {
		require.NoError(t, m.a.RemoveFramework(m.now, f.ID))
		delete(m.p.fws, f.ID)
		maps.DeleteFunc(m.p.hints, func(k key, _ *offer.Hint) bool { return k.f == f.ID })
		m.p.forget(func(k key, _ offer.AgentID) bool { return k.f == f.ID }, true)
		m.p.endStreaks(func(k key) bool { return k.f == f.ID })
		m.poll(t)
	}
}

func (m *machine) suppress(t *rapid.T) {
	f, ok := m.framework(t)
	if !ok {
		return
	}
	if r, ok := pick(t, "role", f.Roles); ok {
		require.NoError(t, m.a.Suppress(m.now, f.ID, r))
		f.Suppressed = append(f.Suppressed, r)
	} else {
		require.NoError(t, m.a.Suppress(m.now, f.ID))
		require.ErrorIs(t, m.a.Suppress(m.now, f.ID, "a"), offer.ErrNotSubscribed)
	}
	m.poll(t)
}

func (m *machine) revive(t *rapid.T) {
	if f, ok := m.framework(t); ok {
		require.NoError(t, m.a.Revive(m.now, f.ID))
		f.Suppressed = nil
		m.p.ask()
		m.p.forgive(func(k key, _ offer.AgentID) bool { return k.f == f.ID && slices.Contains(f.Roles, k.r) })
		m.p.endStreaks(func(k key) bool { return k.f == f.ID && slices.Contains(f.Roles, k.r) })
		m.poll(t)
	}
}

func (m *machine) hint(t *rapid.T) {
	f, ok := m.framework(t)
	if !ok {
		return
	}
	r, ok := pick(t, "role", f.Roles)
	if !ok {
		return
	}
	unit, err := resource.ParseQuantities(rapid.SampledFrom([]string{"cpus:1", "cpus:2;mem:5", "ports:1", "cpus:1;gpus:0.4", "cpus:5"}).Draw(t, "unit"))
	require.NoError(t, err)
	h := &offer.Hint{Unit: unit, Count: rapid.IntRange(0, 4).Draw(t, "count")}
	if rapid.IntRange(0, 2).Draw(t, "none") == 0 {
		h = nil
	}
	require.NoError(t, m.a.SetHint(m.now, f.ID, r, h))
	if m.p.hints[key{f.ID, r}] = h; !m.rules.Hints {
		delete(m.p.hints, key{f.ID, r})
	}
	if k := (key{f.ID, r}); m.p.hints[k] != nil && !slices.Contains(m.p.hinted, k) {
		m.p.hinted = append(m.p.hinted, k)
	}
	m.poll(t)
}

func (m *machine) weights(t *rapid.T) {
	list := []role.Weight{{
		Role: rapid.SampledFrom(someRoles).Draw(t, "role"), Weight: float64(rapid.IntRange(1, 3).Draw(t, "weight")),
	}}
	require.NoError(t, m.a.SetWeights(m.now, list))
	next, err := m.p.weights.Update(list)
	require.NoError(t, err)
	m.p.weights = next
	m.p.reweigh(list[0])
	var back, told []offer.OfferID
	if m.rules.RescindOnWeights && slices.ContainsFunc(m.p.members(), func(k key) bool { return k.r == list[0].Role }) {
		for _, o := range m.p.offers {
			back = append(back, o.ID)
		}
		m.p.offers = nil
	}
	m.poll(t)
	for _, r := range m.batch.Rescinded {
		if r.Reason == offer.RescindWeights {
			told = append(told, r.Offer)
		}
	}
	require.True(t, m.quiet || slices.Equal(back, told), "rescinded %v, want %v", told, back)
}

func (m *machine) quota(t *rapid.T) {
	roles := someRoles
	if m.rules.Quota == offer.QuotaReference && rapid.IntRange(0, 5).Draw(t, "any role") > 0 {
		roles = []role.Name{"a", "x"} // the others are refused
	}
	r := rapid.SampledFrom(roles).Draw(t, "role")
	text := func(label string) string {
		return rapid.SampledFrom([]string{"", "", "cpus:1", "cpus:3", "mem:20", "cpus:2;mem:40", "cpus:6", "gpus:1"}).Draw(t, label)
	}
	c, err := quota.Parse(string(r), text("guarantee"), text("limit"))
	if err != nil {
		return
	}
	if err := m.a.SetQuota(m.now, []quota.Config{c}, true); err != nil {
		require.True(t, errors.Is(err, quota.ErrTree) || errors.Is(err, offer.ErrNestedQuota), err)
		return
	}
	next, err := m.p.quota.Update([]quota.Config{c}, quota.Facts{Force: true})
	require.NoError(t, err)
	m.p.quota = next
	m.poll(t)
}

// recover lets the allocator wait for the agents of its predecessor.
func (m *machine) recover(t *rapid.T) {
	expected := rapid.IntRange(0, 5).Draw(t, "expected")
	var list []quota.Config
	if rapid.IntRange(0, 4).Draw(t, "quota") > 0 {
		c, err := quota.Parse("a", "cpus:2", "cpus:5")
		require.NoError(t, err)
		list = append(list, c)
	}
	require.NoError(t, m.a.Recover(m.now, expected, list))
	next, err := m.p.quota.Update(list, quota.Facts{Force: true})
	require.NoError(t, err)
	m.p.quota = next
	m.p.hold(expected)
	m.poll(t)
}

func (m *machine) hosts(t *rapid.T) {
	m.p.hosts = nil
	if rapid.Bool().Draw(t, "some only") {
		m.p.hosts = []string{}
		for _, id := range someAgents {
			if rapid.IntRange(0, 3).Draw(t, "host") > 0 {
				m.p.hosts = append(m.p.hosts, "h"+string(id))
			}
		}
	}
	require.NoError(t, m.a.Whitelist(m.now, m.p.hosts))
	m.poll(t)
}

func someRefusal(t *rapid.T) offer.Filter {
	return offer.Filter{Refuse: time.Duration(rapid.IntRange(0, 6).Draw(t, "refuse")) * 400 * time.Millisecond}
}

// someAnswer is what an answer to an offer refuses; a negative duration stands for the default.
func someAnswer(t *rapid.T) offer.Filter {
	if rapid.IntRange(0, 9).Draw(t, "negative") == 9 {
		return offer.Filter{Refuse: -time.Second}
	}
	return someRefusal(t)
}

func (p *plain) take(id offer.OfferID) offer.Offer {
	i := slices.IndexFunc(p.offers, func(o offer.Offer) bool { return o.ID == id })
	o := p.offers[i]
	p.offers = slices.Delete(p.offers, i, i+1)
	return o
}

func (p *plain) refuse(o offer.Offer, r resource.Resources, f offer.Filter) {
	if r.IsEmpty() {
		return
	}
	p.refusedNow(key{o.Framework, o.Role}, o.Agent)
	if f.Refuse < 0 {
		f.Refuse = 5 * time.Second
	}
	f.Refuse = p.backOff(key{o.Framework, o.Role}, o.Agent, r, f.Refuse)
	if f.Refuse > 0 {
		if p.rules.FilterFloor {
			f.Refuse = max(f.Refuse, p.rules.Interval)
		}
		timer := p.arm(p.now.Add(f.Refuse))
		p.refused = append(p.refused, plainRefusal{key{o.Framework, o.Role}, o.Agent, r, timer.at, timer.armed})
	}
}

func (m *machine) accept(t *rapid.T) {
	o, ok := pick(t, "offer", m.p.offers)
	if !ok {
		return
	}
	pool, total := o.Resources, m.p.agents[o.Agent].Total
	var ops []reservation.Op
	if target := pool.Unreserved().NonRevocable(); rapid.IntRange(0, 2).Draw(t, "reserve") == 0 && !target.IsEmpty() {
		r, err := part(t, target).PushReservation(resource.Reservation{Type: resource.Dynamic, Role: o.Role})
		require.NoError(t, err)
		if !r.IsEmpty() && o.Role != role.Default {
			op := reservation.Reserve{Resources: r}
			pool, err = reservation.Convert(pool, op)
			require.NoError(t, err)
			total, err = reservation.Convert(total, op)
			if errors.Is(err, resource.ErrNotContained) { // more is used than the agent has
				_, err = m.a.Accept(m.now, []offer.OfferID{o.ID}, []reservation.Op{op}, resource.Resources{}, offer.Filter{})
				require.ErrorIs(t, err, resource.ErrNotContained)
				return
			}
			require.NoError(t, err)
			ops = append(ops, op)
		}
	}
	used, f := part(t, pool), someAnswer(t)
	if !used.Shared().IsEmpty() && rapid.Bool().Draw(t, "a second copy") {
		used = used.Add(used.Shared())
	}
	_, err := m.a.Accept(m.now, []offer.OfferID{o.ID}, ops, used, f)
	require.NoError(t, err)
	m.p.take(o.ID)
	m.p.agents[o.Agent].Total = total
	m.p.use(plainUse{key{o.Framework, o.Role}, o.Agent, used}, false)
	rest := pool.SubSaturating(used)
	if !used.IsEmpty() {
		delete(m.p.streaks[o.Agent], key{o.Framework, o.Role})
	}
	m.p.refuse(o, rest.SubSaturating(pool.SubSaturating(o.Resources)), f)
	m.poll(t)
}

func (m *machine) decline(t *rapid.T) {
	if o, ok := pick(t, "offer", m.p.offers); ok {
		f := someAnswer(t)
		require.NoError(t, m.a.Decline(m.now, f, o.ID))
		m.p.take(o.ID)
		m.p.refuse(o, o.Resources, f)
		m.poll(t)
	}
}

func (m *machine) withdraw(t *rapid.T) {
	if o, ok := pick(t, "offer", m.p.offers); ok {
		require.NoError(t, m.a.Withdraw(m.now, o.ID))
		require.ErrorIs(t, m.a.Withdraw(m.now, o.ID), offer.ErrUnknownOffer)
		m.p.take(o.ID)
		m.poll(t)
	}
}

func (m *machine) release(t *rapid.T) {
	if len(m.p.uses) == 0 {
		return
	}
	i := rapid.IntRange(0, len(m.p.uses)-1).Draw(t, "use")
	u := &m.p.uses[i]
	al := offer.Allocation{Framework: u.f, Role: u.r, Agent: u.agent}
	r := part(t, u.res)
	err := m.a.Release(m.now, al, r)
	if m.rules.ChargeUnknownLate && m.p.fws[u.f] == nil {
		return // nobody is charged with it yet
	}
	require.NoError(t, err)
	if u.res = u.res.SubSaturating(r); u.res.IsEmpty() {
		m.p.uses = slices.Delete(m.p.uses, i, i+1)
	}
	m.poll(t)
}

func (m *machine) charge(t *rapid.T) {
	f, ok := m.framework(t)
	if !ok {
		return
	}
	g, ok := m.agent(t)
	if !ok {
		return
	}
	r, res := rapid.SampledFrom(someRoles).Draw(t, "role"), someResources(t)
	require.NoError(t, m.a.Charge(m.now, offer.Allocation{Framework: f.ID, Role: r, Agent: g.ID}, res))
	m.p.use(plainUse{key{f.ID, r}, g.ID, res}, true)
	m.poll(t)
}

func (m *machine) operate(t *rapid.T) {
	g, ok := m.agent(t)
	if !ok {
		return
	}
	r := part(t, g.Total.Unreserved().NonRevocable())
	if r.IsEmpty() {
		return
	}
	r, err := r.PushReservation(resource.Reservation{Type: resource.Dynamic, Role: rapid.SampledFrom(someRoles).Draw(t, "role")})
	require.NoError(t, err)
	op := reservation.Reserve{Resources: r}
	if err := m.a.Operate(m.now, g.ID, op, nil); err == nil {
		g.Total, err = reservation.Convert(g.Total, op)
		require.NoError(t, err)
	}
	m.poll(t)
}

func (m *machine) pause(t *rapid.T) {
	m.paused = rapid.IntRange(0, 2).Draw(t, "pause") == 0
	if m.paused {
		m.a.Pause(m.now)
	} else {
		m.a.Resume(m.now)
	}
	m.p.pause(m.paused)
	m.poll(t)
}

// pending asks for a run and lets it wait for further commands, a pause among them.
func (m *machine) pending(t *rapid.T) {
	m.quiet = true
	for range rapid.IntRange(1, 3).Draw(t, "commands") {
		rapid.SampledFrom([]func(*rapid.T){m.addAgent, m.addFramework, m.revive, m.hostname, m.weights, m.pause}).Draw(t, "command")(t)
	}
	m.quiet = false
	m.poll(t)
}

func (m *machine) advance(t *rapid.T) {
	end := m.now.Add(time.Duration(rapid.IntRange(1, 2000).Draw(t, "ms")) * time.Millisecond)
	for range 10_000 {
		next, ok := m.a.NextDeadline()
		if !ok || next > end || m.paused && next <= m.now {
			break
		}
		m.now = max(m.now, next)
		m.poll(t)
	}
	m.now = end
	m.poll(t)
}

// tick goes on to just when something is due, so that what comes next falls on the same time.
func (m *machine) tick(t *rapid.T) {
	if next, ok := m.a.NextDeadline(); ok {
		m.now = max(m.now, next)
		m.poll(t)
	}
}

// jump lets time pass without a Poll where one was due.
func (m *machine) jump(t *rapid.T) {
	m.now = m.now.Add(time.Duration(rapid.IntRange(1, 15).Draw(t, "fifths")) * 200 * time.Millisecond)
	m.poll(t)
}

// fork goes on with a copy.
func (m *machine) fork(*rapid.T) { m.a = m.a.Fork() }

// ---- what must hold

// poll lets both allocators work and compares what they give.
func (m *machine) poll(t *rapid.T) {
	m.p.now = m.now
	m.calls++
	if m.quiet {
		m.p.settle()
		return
	}
	runs := m.a.Stats().Runs
	m.batch.Reset()
	m.a.Poll(m.now, &m.batch)
	require.NoError(t, m.a.Check())
	for _, r := range m.batch.Rescinded {
		i := slices.IndexFunc(m.p.offers, func(o offer.Offer) bool { return o.ID == r.Offer })
		if i >= 0 { // else its agent was removed
			m.p.offers = slices.Delete(m.p.offers, i, i+1)
		}
		if r.Reason == offer.RescindTimeout {
			m.p.refusedNow(key{r.Framework, r.Role}, r.Agent)
		}
	}
	if m.same {
		m.p.settle()
		m.p.review()
	}
	m.shapes(t)
	before, safe, held := m.overLimit(), m.promises(), m.heldBack()
	if m.same {
		var want []offer.Offer
		switch {
		case m.rules.Triggers == offer.OnRequest:
			want = m.p.poll()
			require.Equal(t, m.p.reference.runs, m.a.Stats().Runs)
			m.deadlines(t)
		case m.a.Stats().Runs > runs:
			want = m.p.run()
		}
		require.Equal(t, show(want), show(m.batch.Offers))
	} else {
		m.p.offers = append(m.p.offers, m.batch.Offers...)
	}
	m.limits(t, before)
	if m.rules.Quota == offer.QuotaTree {
		after := m.promises()
		for _, at := range safe {
			require.Contains(t, after, at, "P6: %v", show(m.batch.Offers))
		}
		for name, is := range m.heldBack() {
			was := held[name]
			// What an expired guarantee was given is its own, and yet the others lack it. An expired one below another may
			// come to light instead when that is filled: nothing is held back for either.
			overdue := max(was.need-is.need-(was.required-is.required), 0)
			require.True(t, was.available < was.required || is.available+overdue >= is.required, "P5: %s: %v, then %v: %v", name, was, is, show(m.batch.Offers))
		}
	}
	for _, o := range m.batch.Offers {
		got, ok := m.a.Outstanding(o.ID)
		require.True(t, ok)
		require.Equal(t, o, got)
	}
}

// deadlines compares what is due next.
func (m *machine) deadlines(t *rapid.T) {
	got, due := m.a.NextDeadline()
	want, wanted := m.p.nextDeadline()
	require.Equal(t, wanted, due)
	require.True(t, !due || got == want, "next at %d, want %d", got, want)
}

func show(list []offer.Offer) (lines []string) {
	for _, o := range list {
		lines = append(lines, fmt.Sprintf("%d %s/%s on %s: %s until %d", o.ID, o.Framework, o.Role, o.Agent, o.Resources, o.Deadline))
	}
	return lines
}

// shapes is P3 and P4 for what was just offered.
func (m *machine) shapes(t *rapid.T) {
	for _, o := range m.batch.Offers {
		k, g := key{o.Framework, o.Role}, m.p.agents[o.Agent]
		require.NotNil(t, g, "%v", o)
		require.True(t, m.p.offerable(g), "%v", o)
		require.True(t, m.p.listed(k), "%v", o)
		require.False(t, o.Resources.IsEmpty())
		require.True(t, g.Total.ToUnreserved().Quantities().Contains(o.Resources.ToUnreserved().Quantities()), "%v", o)
		require.True(t, o.Resources.Equal(o.Resources.AllocatableTo(o.Role)), "P3: %v", o)
		caps := m.p.fws[o.Framework].Capabilities
		for e := range o.Resources.All() {
			require.False(t, len(e.Reservations) > 1 && caps&offer.ReservationRefinement == 0, "P3: %v", o)
			require.False(t, e.Shared && caps&offer.SharedResources == 0, "P4: %v", o)
			require.False(t, e.Revocable && caps&offer.RevocableResources == 0, "P4: %v", o)
		}
		if _, gpus := g.Total.Scalar("gpus"); gpus {
			require.NotZero(t, caps&offer.GPUResources, "gate 5: %v", o)
		}
		if g.Region != "" {
			require.NotZero(t, caps&offer.RegionAware, "gate 6: %v", o)
		}
	}
}

// overLimit lists roles and names above their limits.
func (m *machine) overLimit() map[string]bool {
	over := make(map[string]bool)
	for c := range m.p.quota.All() {
		for name := range c.Limits.All() {
			if m.p.room(c.Role, name) < 0 {
				over[string(c.Role)+" "+name] = true
			}
		}
	}
	return over
}

// heldBack is what P5 speaks of: what is available, what guarantees that have not expired require of it, and all needs.
func (m *machine) heldBack() map[string]struct{ available, required, need resource.Scalar } {
	held := make(map[string]struct{ available, required, need resource.Scalar })
	for _, name := range []string{"cpus", "mem", "gpus"} {
		x := held[name]
		x.available, x.required = m.p.headroom(name)
		x.need = m.p.needOf(m.p.children(""), name)
		held[name] = x
	}
	return held
}

// promises lists what can be kept now, P6: roles and names with room for the needs below them.
func (m *machine) promises() (list []string) {
	for _, name := range []string{"cpus", "mem", "gpus"} {
		for _, r := range someRoles {
			if m.p.room(r, name) >= m.p.needOf(m.p.children(r), name) {
				list = append(list, string(r)+" "+name)
			}
		}
	}
	return list
}

// limits is P2: nothing was granted that left a role above a limit. Under the reference's rules what a role below got in
// the same run does not count yet.
func (m *machine) limits(t *rapid.T, before map[string]bool) {
	if all := m.p.offers; m.rules.Quota == offer.QuotaReference {
		m.p.offers = slices.DeleteFunc(slices.Clone(all), func(o offer.Offer) bool {
			_, nested := o.Role.Parent()
			return nested && slices.ContainsFunc(m.batch.Offers, func(n offer.Offer) bool { return n.ID == o.ID })
		})
		defer func() { m.p.offers = all }()
	}
	for at := range m.overLimit() {
		require.True(t, before[at], "P2: %v left %s above its limit", show(m.batch.Offers), at)
	}
}

// check is P1 and, under rules that look at everything that changed, P8: what a run left is refused by some gate.
func (m *machine) check(t *rapid.T) {
	require.NoError(t, m.a.Check())
	for _, id := range m.p.agentIDs() {
		got, ok := m.a.Agent(id)
		require.True(t, ok)
		held := m.p.held(id, anyone)
		require.True(t, got.Offered.Add(got.Allocated).Equal(held), "%s: %v, want %s", id, got, held)
		total := m.p.agents[id].Total
		require.True(t, got.Total.Equal(total), "%s: %v, want %s", id, got, total)
	}
	if m.unfair || m.rules.Triggers != offer.OnChange || m.rules.Coalesce > 0 || m.paused {
		return
	}
	if next, ok := m.a.NextDeadline(); ok && next <= m.now {
		return // another run is due
	}
	for _, f := range slices.Sorted(maps.Keys(m.p.fws)) {
		for _, r := range m.p.fws[f].Roles {
			for _, g := range m.p.agentIDs() {
				v := m.a.Explain(f, r, g)
				require.NotZero(t, v.Gate, "P8: %s/%s on %s: %s", f, r, g, v)
			}
		}
	}
}
