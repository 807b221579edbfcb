package offer_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// drive makes random calls on an allocator and has each look at it now and then.
func drive(t *rapid.T, rules offer.Rules, each func(*rapid.T, *machine)) {
	rules.Coalesce = 0
	a, err := offer.New(offer.Config{Rules: rules, AgentOrder: offer.OrderByName, PieceOrder: offer.OrderByName})
	require.NoError(t, err)
	m := &machine{a: a, p: newPlain(rules), rules: rules, unfair: true}
	m.p.expired = func(r role.Name) bool { return m.a.Expired(r) }
	for range 2 {
		m.addAgent(t)
		m.addFramework(t)
	}
	t.Repeat(map[string]func(*rapid.T){
		"":             func(t *rapid.T) { require.NoError(t, m.a.Check()) },
		"look":         func(t *rapid.T) { each(t, m) },
		"lookAgain":    func(t *rapid.T) { each(t, m) },
		"addAgent":     m.addAgent,
		"updateAgent":  m.updateAgent,
		"removeAgent":  m.removeAgent,
		"setAgent":     m.setAgentActive,
		"addFramework": m.addFramework,
		"update":       m.updateFramework,
		"setFramework": m.setFrameworkActive,
		"remove":       m.removeFramework,
		"suppress":     m.suppress,
		"revive":       m.revive,
		"weights":      m.weights,
		"quota":        m.quota,
		"accept":       m.accept,
		"decline":      m.decline,
		"release":      m.release,
		"charge":       m.charge,
		"operate":      m.operate,
		"advance":      m.advance,
		"fork":         m.fork,
	})
}

type lines []string

func (l *lines) Figure(f offer.Figure) { *l = append(*l, fmt.Sprintf("%s %v", f.Key(), f.Value)) }

func figuresOf(a *offer.Allocator) []string {
	var l lines
	a.Measure(&l)
	return l
}

// Every figure of the present state is what a count over the reports gives, and no key is given twice.
//
// docs/allocation.md §5
func TestFiguresEqualARecount(t *testing.T) {
	for name, rules := range bothRules() {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { drive(t, rules, recount) })
		})
	}
}

func recount(t *rapid.T, m *machine) {
	a, all := m.a, m.a.Metrics()
	var whyNot [18]uint64
	filters, outstanding, limited := 0, 0, 0
	var longest offer.Waiting
	for _, id := range slices.Sorted(maps.Keys(m.p.fws)) {
		f := m.p.fws[id]
		for _, r := range f.Roles {
			c, ok := a.ClientMetrics(id, r)
			require.True(t, ok)
			require.Equal(t, slices.Contains(f.Suppressed, r), c.Suppressed)
			require.Equal(t, m.p.listed(key{id, r}), c.Listed)
			require.Equal(t, c.Outstanding, countIn(m.p.offers, key{id, r}))
			filters += c.Filters
			outstanding += c.Outstanding
			for g, n := range c.WhyNot {
				whyNot[g] += n
			}
			if c.Listed && (longest.Framework == "" || c.Since < longest.Since) {
				longest = offer.Waiting{Framework: id, Role: r, Since: c.Since}
			}
			if c.Listed && c.AtLimit {
				limited++
			}
			if c.Offers > 0 && c.Listed {
				require.GreaterOrEqual(t, c.Since, c.LastOffer)
			}
		}
	}
	require.Equal(t, filters, all.Filters)
	require.Equal(t, limited, all.AtLimit)
	require.Equal(t, longest.Since, all.Longest.Since)
	require.Equal(t, len(m.p.agents), all.Agents)
	for g, n := range whyNot {
		require.LessOrEqual(t, n, all.WhyNot[g], "gate %d", g)
	}
	require.LessOrEqual(t, all.Offers, all.Grants)
	require.GreaterOrEqual(t, all.Outstanding, outstanding)

	byRole, unmet := 0, 0
	for _, row := range a.Roles() {
		x, ok := a.RoleMetrics(row.Role)
		require.True(t, ok)
		byRole += x.Filters
		if x.Unmet {
			unmet++
		}
		require.InDelta(t, row.Share/row.Weight, x.TreeShare, 1e-12, "role %s", row.Role)
		for _, name := range []string{"cpus", "mem", "disk", "gpus"} {
			q, ok := a.QuotaMetrics(row.Role, name)
			require.True(t, ok)
			require.Equal(t, row.Guarantee.Get(name), q.Guarantee)
			most, limited := row.Limit.Get(name)
			require.Equal(t, limited, q.Limited)
			require.Equal(t, most, q.Limit)
			require.Equal(t, m.p.consumed(row.Role, name), q.Charged, "role %s, %s", row.Role, name)
		}
	}
	require.Equal(t, filters, byRole)
	require.Equal(t, unmet, all.Unmet)
	for name, total := range m.p.totals().All() {
		x, ok := a.NameMetrics(name)
		require.True(t, ok)
		require.Equal(t, total, x.Total)
		if m.rules.Quota == offer.QuotaTree {
			free, required := m.p.headroom(name)
			require.Equal(t, max(min(free, required), 0), x.HeldBack, name)
		}
		require.LessOrEqual(t, x.HeldBackAgents, all.Agents)
	}
	keys := make(map[string]bool)
	for _, line := range figuresOf(a) {
		k, _, _ := strings.Cut(line, " ")
		require.False(t, keys[k], "%s", line)
		keys[k] = true
	}
}

func countIn(list []offer.Offer, k key) (n int) {
	for _, o := range list {
		if o.Framework == k.f && o.Role == k.r {
			n++
		}
	}
	return n
}

// Emitted, accepted, declined, expired and rescinded offers, grants, runs, visits and skips.
//
// docs/allocation.md §5
func TestCountersOfOffers(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce, rules.Interval = 0, 0
	l := newLoop(t, offer.Config{Rules: rules, AgentOrder: offer.OrderByName})
	l.framework("F", "a")
	l.agents(1, 4, "cpus:4;mem:400")
	out := l.wait(0)
	require.Len(t, out, 3)
	m := l.a.Metrics()
	require.Equal(t, []uint64{3, 3, 0, 0, 0}, []uint64{m.Offers, m.Grants, m.Accepted, m.Declined, m.Rescinds})
	_, err := l.a.Accept(l.now, []offer.OfferID{out[0].ID}, nil, out[0].Resources, offer.Filter{})
	require.NoError(t, err)
	require.NoError(t, l.a.Decline(l.now, offer.Filter{Refuse: time.Hour}, out[1].ID))
	l.wait(time.Minute)
	m = l.a.Metrics()
	require.Equal(t, []uint64{1, 1, 1, 1}, []uint64{m.Accepted, m.Declined, m.Expired, m.Rescinds})
	require.Equal(t, 1, m.Filters)
	require.Equal(t, m.Runs*3, m.Visits+m.Skips, "one stage without quota: every known agent is visited or skipped")
	require.Positive(t, m.WhyNot[offer.GateRefused])
	require.Equal(t, m.Runs, m.Requested)
	require.Zero(t, m.Waited, "no coalescing")
}

// A run that waits to coalesce counts how long.
//
// docs/allocation.md §5
func TestWaitFromRequestToRun(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Interval = 0
	l := newLoop(t, offer.Config{Rules: rules})
	l.agents(1, 2, "cpus:4;mem:400")
	l.wait(time.Second)
	m := l.a.Metrics()
	require.Equal(t, rules.Coalesce, m.Waited)
	require.Equal(t, uint64(1), m.Requested)
}

// Why nothing was offered is counted by gate and by client.
//
// docs/allocation.md §5
func TestWhyNotCountersPerGateAndClient(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce, rules.Interval = 0, 0
	tests := []struct {
		gate  offer.Gate
		agent offer.AgentSpec
		spec  offer.FrameworkSpec
	}{
		{offer.GateNothingFree, offer.AgentSpec{Total: resource.MustParse("cpus(x):4;mem(x):400")}, offer.FrameworkSpec{}},
		{offer.GateTooLittle, offer.AgentSpec{Total: resource.MustParse("cpus:4;mem:1")}, offer.FrameworkSpec{}},
		{offer.GateScarce, offer.AgentSpec{Total: resource.MustParse("cpus:4;mem:400;gpus:1")}, offer.FrameworkSpec{}},
		{offer.GateRegion, offer.AgentSpec{Total: resource.MustParse("cpus:4;mem:400"), Region: "far"}, offer.FrameworkSpec{}},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.gate), func(t *testing.T) {
			l := newLoop(t, offer.Config{Rules: rules})
			tt.agent.ID, tt.spec.ID, tt.spec.Roles = "A", "F", []role.Name{"a"}
			require.NoError(t, l.a.AddAgent(0, tt.agent))
			require.NoError(t, l.a.AddFramework(0, tt.spec))
			require.Empty(t, l.wait(time.Second))
			c, ok := l.a.ClientMetrics("F", "a")
			require.True(t, ok)
			all := l.a.Metrics()
			for g := range c.WhyNot {
				require.Equal(t, offer.Gate(g) == tt.gate, c.WhyNot[g] > 0, "gate %d", g)
				require.Equal(t, c.WhyNot[g], all.WhyNot[g])
			}
		})
	}
}

// Held back: the quantity that guarantees keep from others, and the agents where that cut somebody.
//
// docs/allocation.md §5
func TestHeldBackByNameAgentsAndRole(t *testing.T) {
	for name, rules := range bothRules() {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, offer.Config{Rules: rules, AgentOrder: offer.OrderByName})
			quotas(t, l, "q", "cpus:8;mem:800", "")
			l.framework("Fn", "n")
			l.agents(1, 4, "cpus:4;mem:400")
			require.Len(t, l.wait(2*time.Second), 1, "surplus is one agent: two are held")
			x, ok := l.a.NameMetrics("cpus")
			require.True(t, ok)
			require.Equal(t, offer.NameMetrics{
				Total: resource.Whole(12), OfferedOrAllocated: resource.Whole(4), HeldBack: resource.Whole(8), HeldBackAgents: 2,
			}, x)
			q, ok := l.a.QuotaMetrics("q", "mem")
			require.True(t, ok)
			require.Equal(t, resource.Whole(800), q.HeldBack)
			require.Equal(t, 1, l.a.Metrics().Unmet)

			l.framework("Fq", "q")
			require.Len(t, l.wait(2*time.Second), 2)
			x, _ = l.a.NameMetrics("cpus")
			require.Zero(t, x.HeldBack)
			require.Zero(t, x.HeldBackAgents)
			require.Zero(t, l.a.Metrics().Unmet)
			q, _ = l.a.QuotaMetrics("q", "cpus")
			require.Equal(t, offer.QuotaRow{Guarantee: resource.Whole(8), Charged: resource.Whole(8), OfferedOrAllocated: resource.Whole(8)}, q)
		})
	}
}

// A client is at its limit when its role, or one above it, has used up a name of its limit.
//
// docs/allocation.md §5
func TestClientsAtTheirLimit(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce = 0
	l := newLoop(t, offer.Config{Rules: rules, AgentOrder: offer.OrderByName})
	quotas(t, l, "a", "", "cpus:4")
	l.framework("F", "a/b")
	l.framework("G", "a/c", "x")
	require.Zero(t, l.a.Metrics().AtLimit)
	l.agents(1, 2, "cpus:4;mem:400")
	require.Len(t, l.wait(0), 1)
	require.Equal(t, 2, l.a.Metrics().AtLimit, "both in a, not the one in x")
	for f, at := range map[offer.FrameworkID]map[role.Name]bool{"F": {"a/b": true}, "G": {"a/c": true, "x": false}} {
		for r, want := range at {
			c, _ := l.a.ClientMetrics(f, r)
			require.Equal(t, want, c.AtLimit, "%s in %s", f, r)
		}
	}
	require.NoError(t, l.a.Suppress(l.now, "G"))
	require.Equal(t, 1, l.a.Metrics().AtLimit, "who is suppressed waits for nothing")
	quotas(t, l, "a", "", "")
	require.Zero(t, l.a.Metrics().AtLimit)
}

// The listed client that has waited longest, and when each was last offered something.
//
// docs/allocation.md §5
func TestLongestWaitAndLastOffer(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce, rules.Interval = 0, 0
	l := newLoop(t, offer.Config{Rules: rules})
	require.Equal(t, offer.Waiting{}, l.a.Metrics().Longest)
	l.framework("F", "a")
	l.wait(time.Second)
	l.framework("G", "b")
	require.Equal(t, offer.Waiting{Framework: "F", Role: "a"}, l.a.Metrics().Longest)
	l.wait(time.Second)
	l.agents(1, 2, "cpus:4;mem:400")
	require.Len(t, l.wait(0), 1)
	require.Equal(t, offer.Waiting{Framework: "G", Role: "b", Since: offer.Time(time.Second)}, l.a.Metrics().Longest)
	c, _ := l.a.ClientMetrics("F", "a")
	require.Equal(t, offer.Time(2*time.Second), c.LastOffer)
	require.Equal(t, uint64(1), c.Offers)
	require.NoError(t, l.a.Suppress(l.now, "G"))
	require.Equal(t, offer.FrameworkID("F"), l.a.Metrics().Longest.Framework)
	c, _ = l.a.ClientMetrics("G", "b")
	require.True(t, c.Suppressed)
	require.False(t, c.Listed)
}

// The share of the leaf is that of a role's own frameworks, with weight 1 where roles are below it; the share of the tree
// is that of all of it, by its weight.
//
// docs/allocation.md §5
func TestDominantSharesOfLeafAndSubtree(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	l := newLoop(t, offer.Config{Rules: rules})
	require.NoError(t, l.a.SetWeights(0, []role.Weight{{Role: "eng", Weight: 2}}))
	l.framework("F", "eng")
	l.framework("G", "eng/ml")
	require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "A", Total: resource.MustParse("cpus:85;mem:100"), Used: []offer.Use{
		{Framework: "F", Role: "eng", Resources: resource.MustParse("cpus:10")},
		{Framework: "G", Role: "eng/ml", Resources: resource.MustParse("cpus:5")},
	}}))
	require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "B", Total: resource.MustParse("cpus:15"), Inactive: true}))
	m, _ := l.a.RoleMetrics("eng")
	require.InDelta(t, .10, m.LeafShare, 1e-12)
	require.InDelta(t, .15/2, m.TreeShare, 1e-12)
	m, _ = l.a.RoleMetrics("eng/ml")
	require.InDelta(t, .05, m.LeafShare, 1e-12)
	require.Equal(t, m.LeafShare, m.TreeShare)
	_, ok := l.a.RoleMetrics("nobody")
	require.False(t, ok)
}

// Reading a figure allocates nothing and costs no walk: the hooks neither.
//
// docs/allocation.md §5
func TestReadingFiguresAllocatesLittle(t *testing.T) {
	l := newLoop(t, offer.Config{})
	l.framework("F", "a")
	l.agents(1, 40, "cpus:4;mem:400")
	l.wait(time.Second)
	require.Zero(t, testing.AllocsPerRun(100, func() { _ = l.a.Metrics() }))
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = l.a.NameMetrics("cpus") }))
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = l.a.QuotaMetrics("a", "cpus") }))
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = l.a.ClientMetrics("F", "a") }))
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = l.a.RoleMetrics("a") }))
}

// A meter sees every figure with its labels, in a fixed order.
func ExampleAllocator_Measure() {
	a, _ := offer.New(offer.Config{})
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "batch", Roles: []role.Name{"night"}})
	_ = a.AddAgent(0, offer.AgentSpec{ID: "a1", Total: resource.MustParse("cpus:4;mem:1024")})
	var batch offer.Batch
	due, _ := a.NextDeadline()
	a.Poll(due, &batch)
	a.Measure(only{"runs", "offers/emitted", "resources/offered_or_allocated", "shares/dominant"})
	// Output:
	// runs 1
	// offers/emitted 1
	// resources/offered_or_allocated/cpus 4
	// resources/offered_or_allocated/disk 0
	// resources/offered_or_allocated/gpus 0
	// resources/offered_or_allocated/mem 1024
	// roles/night/shares/dominant 1
	// roles/night/frameworks/batch/offers/emitted 1
}

type only []string

func (o only) Figure(f offer.Figure) {
	if slices.Contains(o, f.Name) {
		fmt.Println(f.Key(), f.Value)
	}
}

// How one role stands with its quota, and who has waited longest.
func ExampleAllocator_Metrics() {
	a, _ := offer.New(offer.Config{})
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "batch", Roles: []role.Name{"night"}})
	m := a.Metrics()
	fmt.Println(m.Runs, m.Longest.Framework, m.Longest.Role)
	// Output: 0 batch night
}
