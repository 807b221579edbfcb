package offer_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// loop is the least that a caller does: it polls at every deadline and keeps what comes out.
type loop struct {
	t     *testing.T
	a     *offer.Allocator
	now   offer.Time
	batch offer.Batch
}

func newLoop(t *testing.T, cfg offer.Config) *loop {
	t.Helper()
	a, err := offer.New(cfg)
	require.NoError(t, err)
	return &loop{t: t, a: a}
}

// wait polls at every deadline until d is over and returns what was offered on the way.
func (l *loop) wait(d time.Duration) []offer.Offer {
	l.t.Helper()
	l.batch.Reset()
	for end := l.now.Add(d); ; {
		next, ok := l.a.NextDeadline()
		if !ok || next > end {
			l.now = end
			break
		}
		l.now = max(l.now, next)
		l.a.Poll(l.now, &l.batch)
	}
	require.NoError(l.t, l.a.Check())
	return append([]offer.Offer{}, l.batch.Offers...)
}

func (l *loop) agents(from, to int, total string) {
	for i := from; i < to; i++ {
		require.NoError(l.t, l.a.AddAgent(l.now, offer.AgentSpec{
			ID: offer.AgentID(fmt.Sprintf("A%02d", i)), Total: resource.MustParse(total),
		}))
	}
}

func (l *loop) framework(id offer.FrameworkID, roles ...role.Name) {
	require.NoError(l.t, l.a.AddFramework(l.now, offer.FrameworkSpec{ID: id, Roles: roles}))
}

// use accepts every offer whole.
func (l *loop) use(offers []offer.Offer) {
	for _, o := range offers {
		_, err := l.a.Accept(l.now, []offer.OfferID{o.ID}, nil, o.Resources, offer.Filter{})
		require.NoError(l.t, err)
	}
}

func byFramework(offers []offer.Offer) map[offer.FrameworkID]int {
	count := make(map[offer.FrameworkID]int)
	for _, o := range offers {
		count[o.Framework]++
	}
	return count
}

func bothRules() map[string]offer.Rules {
	return map[string]offer.Rules{"v1": offer.DefaultRules(offer.V1), "strict": offer.StrictDRF()}
}

// Weights 1 and 2 share twelve equal agents 4 to 8, and sixteen 5 to 11 or 6 to 10.
//
// docs/allocation.md §1.1
func TestWeightsShareAgents(t *testing.T) {
	for name, rules := range bothRules() {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, offer.Config{Rules: rules})
			require.NoError(t, l.a.SetWeights(0, []role.Weight{{Role: "two", Weight: 2}}))
			l.framework("F1", "one")
			l.framework("F2", "two")
			l.agents(0, 12, "cpus:4;mem:1024")
			got := l.wait(2 * time.Second)
			require.Equal(t, map[offer.FrameworkID]int{"F1": 4, "F2": 8}, byFramework(got))
			l.use(got)
			l.agents(12, 16, "cpus:4;mem:1024")
			more := l.wait(2 * time.Second)
			one := byFramework(got)["F1"] + byFramework(more)["F1"]
			require.Len(t, more, 4)
			require.Contains(t, []int{5, 6}, one)
		})
	}
}

// A guarantee is met while another role is hungry, and a limit is never passed.
//
// docs/allocation.md §2.5
func TestGuaranteeAndLimit(t *testing.T) {
	for name, rules := range bothRules() {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, offer.Config{Rules: rules})
			c, err := quota.Parse("q", "cpus:10;mem:1000", "cpus:12;mem:4096")
			require.NoError(t, err)
			require.NoError(t, l.a.SetQuota(0, []quota.Config{c}, true))
			l.framework("hungry", "n")
			l.agents(0, 3, "cpus:4;mem:1024")
			l.use(l.wait(2 * time.Second))
			l.framework("late", "q")
			l.agents(3, 8, "cpus:4;mem:1024")
			l.use(l.wait(2 * time.Second))
			held := resource.Quantities{}
			for _, r := range l.a.Roles() {
				if r.Role == "q" {
					held = r.Allocated
				}
			}
			require.GreaterOrEqual(t, int64(held.Get("cpus")), int64(10000), "the guarantee")
			require.LessOrEqual(t, int64(held.Get("cpus")), int64(12000), "the limit")
		})
	}
}

// An offer declined for some time does not come back before.
//
// docs/allocation.md §3.1
func TestDeclinedForAWhile(t *testing.T) {
	for name, rules := range bothRules() {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, offer.Config{Rules: rules})
			l.framework("F", "r")
			l.agents(0, 1, "cpus:4;mem:1024")
			got := l.wait(time.Second)
			require.Len(t, got, 1)
			declined := l.now
			require.NoError(t, l.a.Decline(l.now, offer.Filter{Refuse: 30 * time.Second}, got[0].ID))
			require.Empty(t, l.wait(30*time.Second-1))
			require.Len(t, l.wait(time.Second), 1)
			require.GreaterOrEqual(t, l.now.Sub(declined), 30*time.Second)
		})
	}
}

// Refusals are cut at a year, negative ones mean five seconds.
//
// docs/allocation.md §3.1
func TestRefusalTimes(t *testing.T) {
	for _, test := range []struct{ refuse, back time.Duration }{
		{-1, 5 * time.Second}, {100 * 365 * 24 * time.Hour, 365 * 24 * time.Hour},
	} {
		rules := offer.DefaultRules(offer.V1)
		rules.Interval, rules.Coalesce = 0, 0
		l := newLoop(t, offer.Config{Rules: rules})
		l.framework("F", "r")
		l.agents(0, 1, "cpus:4;mem:1024")
		got := l.wait(0)
		require.NoError(t, l.a.Decline(l.now, offer.Filter{Refuse: test.refuse}, got[0].ID))
		require.Empty(t, l.wait(test.back-1))
		require.Len(t, l.wait(1), 1)
	}
}

// Changes within the coalescing time make one run, and nothing is due before its end.
//
// docs/allocation.md §2.1
//
// docs/allocation.md §7.2: one run serves what came together, not one run an event.
func TestChangesCoalesce(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Interval = 0
	l := newLoop(t, offer.Config{Rules: rules})
	_, any := l.a.NextDeadline()
	require.False(t, any, "nothing is due in an allocator to which nothing happened")
	l.framework("F", "r")
	l.agents(0, 5, "cpus:4;mem:1024")
	next, any := l.a.NextDeadline()
	require.True(t, any)
	require.Equal(t, offer.Time(rules.Coalesce), next)
	require.Len(t, l.wait(time.Second), 5)
	require.EqualValues(t, 1, l.a.Stats().Runs)
}

// A fork given equal calls makes equal offers, and neither feels what is done to the other.
//
// docs/allocation.md §7.3
func TestFork(t *testing.T) {
	l := newLoop(t, offer.Config{Seed: 7})
	l.framework("F", "a", "b/c")
	l.framework("G", "b")
	l.agents(0, 10, "cpus:4;mem:1024")
	got := l.wait(time.Second)
	l.use(got[:3])
	require.NoError(t, l.a.Decline(l.now, offer.DefaultFilter, got[4].ID, got[5].ID))

	m := &loop{t: t, a: l.a.Fork(), now: l.now}
	before := l.a.Stats()
	m.agents(10, 20, "cpus:2;mem:512")
	forked := m.wait(10 * time.Second)
	require.NoError(t, l.a.Check())
	require.Equal(t, before, l.a.Stats())
	require.Len(t, l.a.Agents(), 10)
	l.agents(10, 20, "cpus:2;mem:512")
	require.Equal(t, forked, l.wait(10*time.Second))
	require.Equal(t, m.a.Roles(), l.a.Roles())
}

// Rules are taken from DefaultRules or StrictDRF, and contradictions are refused.
//
// docs/allocation.md §0
func TestRulesAreChecked(t *testing.T) {
	_, err := offer.New(offer.Config{Rules: offer.Rules{SharedOnce: true}})
	require.ErrorIs(t, err, offer.ErrRules)
	bad := offer.StrictDRF()
	bad.GuaranteeFirst = true
	_, err = offer.New(offer.Config{Rules: bad})
	require.ErrorIs(t, err, offer.ErrRules)
	bad = offer.DefaultRules(offer.V1)
	bad.FilterFloor = true
	_, err = offer.New(offer.Config{Rules: bad})
	require.ErrorIs(t, err, offer.ErrRules)
	bad = offer.DefaultRules(offer.V1)
	bad.Coalesce = -1
	_, err = offer.New(offer.Config{Rules: bad})
	require.ErrorIs(t, err, offer.ErrRules)
	for _, part := range []float64{-.1, 1.1, math.NaN()} {
		bad = offer.StrictDRF()
		bad.HoldFraction = part
		_, err = offer.New(offer.Config{Rules: bad})
		require.ErrorIs(t, err, offer.ErrRules)
	}
	bad = offer.StrictDRF()
	bad.HoldTime = -1
	_, err = offer.New(offer.Config{Rules: bad})
	require.ErrorIs(t, err, offer.ErrRules)
}
