package offer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

func expiring(rules offer.Rules) offer.Rules {
	rules.HeadroomExpiry, rules.OfferLifetime = 10*time.Second, 0
	if rules.Triggers == offer.OnChange {
		rules.Coalesce, rules.Interval = 0, 0
	}
	return rules
}

// A guarantee that nobody takes holds capacity back for the set time and then no longer.
//
// docs/allocation.md §8
func TestHeadroomOfAGuaranteeNotTakenExpires(t *testing.T) {
	for name, rules := range bothRules() {
		t.Run(name, func(t *testing.T) {
			require.Zero(t, rules.HeadroomExpiry, "a guarantee is a guarantee: off by default")
			l := newLoop(t, offer.Config{Rules: expiring(rules), AgentOrder: offer.OrderByName})
			quotas(t, l, "q", "cpus:8;mem:800", "")
			l.framework("Fn", "n")
			l.agents(1, 4, "cpus:4;mem:400")
			require.Len(t, l.wait(9*time.Second), 1, "surplus is one agent")
			q, _ := l.a.QuotaMetrics("q", "cpus")
			require.Equal(t, resource.Whole(8), q.HeldBack)
			require.Len(t, l.wait(2*time.Second), 2, "the guarantee expired at 10 s")
			q, _ = l.a.QuotaMetrics("q", "cpus")
			require.Zero(t, q.HeldBack)
			require.Equal(t, 1, l.a.Metrics().Unmet, "it is still not met")
		})
	}
}

// picky is a framework that no offer is large enough for.
func picky(roles ...role.Name) offer.FrameworkSpec {
	s := offer.FrameworkSpec{ID: "Fq", Roles: roles, MinAllocatable: make(map[role.Name][]resource.Quantities)}
	for _, r := range roles {
		s.MinAllocatable[r] = []resource.Quantities{resource.MustParse("cpus:99").Quantities()}
	}
	return s
}

// Without the rule it never does.
//
// docs/allocation.md §8
func TestHeadroomStaysByDefault(t *testing.T) {
	for name, rules := range bothRules() {
		t.Run(name, func(t *testing.T) {
			rules.OfferLifetime = 0
			l := newLoop(t, offer.Config{Rules: rules, AgentOrder: offer.OrderByName})
			quotas(t, l, "q", "cpus:8;mem:800", "")
			l.framework("Fn", "n")
			l.agents(1, 4, "cpus:4;mem:400")
			require.Len(t, l.wait(time.Minute), 1)
		})
	}
}

// Every sign of life of the role, or of one below it, starts the time anew, and what expired holds again from then on.
//
// docs/allocation.md §8
func TestSignsOfLifeKeepHeadroom(t *testing.T) {
	al := offer.Allocation{Framework: "Fq", Role: "q/sub", Agent: "A03"}
	signs := map[string]func(l *loop) error{
		"quota set": func(l *loop) error {
			c, err := quota.Parse("q", "cpus:8;mem:800", "")
			if err != nil {
				return err
			}
			return l.a.SetQuota(l.now, []quota.Config{c}, true)
		},
		"used":    func(l *loop) error { return l.a.Charge(l.now, al, resource.MustParse("cpus:1")) },
		"revived": func(l *loop) error { return l.a.Revive(l.now, "Fq") },
		"reserved": func(l *loop) error {
			return l.a.UpdateAgent(l.now, "A03", resource.MustParse("cpus:3;mem:400;cpus(q):1"))
		},
		"listed": func(l *loop) error {
			return l.a.UpdateFramework(l.now, picky("q", "q/sub"))
		},
	}
	for name, sign := range signs {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, offer.Config{Rules: expiring(offer.DefaultRules(offer.V1)), AgentOrder: offer.OrderByName})
			quotas(t, l, "q", "cpus:8;mem:800", "")
			require.NoError(t, l.a.AddFramework(0, picky("q/sub")))
			l.agents(1, 4, "cpus:4;mem:400")
			held := func() bool {
				q, ok := l.a.QuotaMetrics("q", "mem")
				require.True(t, ok)
				return q.HeldBack > 0
			}
			l.wait(9 * time.Second)
			require.NoError(t, sign(l))
			l.wait(9 * time.Second)
			require.True(t, held(), "18 s after it was set, 9 s after the sign")
			l.wait(2 * time.Second)
			require.False(t, held())
			require.NoError(t, l.a.Revive(l.now, "Fq"))
			require.True(t, held(), "a sign after it expired")
		})
	}
}

// A child's guarantee expires on its own; what its parent's guarantee holds stays.
//
// docs/allocation.md §8
func TestHeadroomExpiresRoleByRole(t *testing.T) {
	l := newLoop(t, offer.Config{Rules: expiring(offer.DefaultRules(offer.V1)), AgentOrder: offer.OrderByName})
	quotas(t, l, "a", "cpus:4", "")
	l.wait(5 * time.Second)
	quotas(t, l, "x", "cpus:3", "")
	l.agents(1, 2, "cpus:12;mem:400")
	held := func(r role.Name) resource.Scalar {
		q, _ := l.a.QuotaMetrics(r, "cpus")
		return q.HeldBack
	}
	require.Equal(t, []resource.Scalar{4000, 3000}, []resource.Scalar{held("a"), held("x")})
	l.wait(6 * time.Second)
	require.Equal(t, []resource.Scalar{0, 3000}, []resource.Scalar{held("a"), held("x")})
	l.wait(5 * time.Second)
	require.Zero(t, held("x"))
}

// An expired guarantee is still served first of what is free.
//
// docs/allocation.md §8
func TestExpiredGuaranteeIsStillServedFirst(t *testing.T) {
	l := newLoop(t, offer.Config{Rules: expiring(offer.DefaultRules(offer.V1)), AgentOrder: offer.OrderByName})
	quotas(t, l, "q", "cpus:4;mem:400", "")
	l.framework("Fn", "n")
	l.framework("Fq", "q")
	l.wait(20 * time.Second)
	l.agents(1, 2, "cpus:4;mem:400")
	for _, o := range l.wait(time.Second) {
		require.Equal(t, offer.FrameworkID("Fq"), o.Framework)
	}
	q, _ := l.a.QuotaMetrics("q", "cpus")
	require.Equal(t, resource.Whole(4), q.Charged)
}

// An expired guarantee requires nothing, so what it is given does not make others require less: of 10 cpus its role may have
// 4 that are its own, and of the rest only what the 4 of b leave, in one offer as in two.
//
// docs/allocation.md §2.8
func TestExpiredGuaranteeBurstsWithinHeadroom(t *testing.T) {
	for _, guaranteeFirst := range []bool{true, false} {
		rules := expiring(offer.DefaultRules(offer.V1))
		rules.GuaranteeFirst = guaranteeFirst
		l := newLoop(t, offer.Config{Rules: rules, AgentOrder: offer.OrderByName})
		quotas(t, l, "a", "cpus:4", "")
		l.framework("Fa", "a")
		l.wait(9 * time.Second)
		quotas(t, l, "b", "cpus:4", "")
		l.wait(2 * time.Second)
		require.True(t, l.a.Expired("a"))
		require.False(t, l.a.Expired("b"))
		l.agents(1, 2, "cpus:10;mem:1000")
		got := l.wait(time.Second)
		require.Len(t, got, 1)
		require.Equal(t, "cpus:6; mem:1000", got[0].Resources.String())
		q, _ := l.a.QuotaMetrics("b", "cpus")
		require.Equal(t, resource.Whole(4), q.HeldBack)
	}
}

// ErrRules for a time below 0.
//
// docs/allocation.md §8
func TestHeadroomExpiryIsNotNegative(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.HeadroomExpiry = -1
	_, err := offer.New(offer.Config{Rules: rules})
	require.ErrorIs(t, err, offer.ErrRules)
}

// A guarantee that is not taken holds the cluster for ten minutes at most.
func ExampleRules_headroomExpiry() {
	rules := offer.DefaultRules(offer.V1)
	rules.HeadroomExpiry = 10 * time.Minute
	a, _ := offer.New(offer.Config{Rules: rules})
	c, _ := quota.Parse("reserve", "cpus:4;mem:1024", "")
	_ = a.AddAgent(0, offer.AgentSpec{ID: "a1", Total: resource.MustParse("cpus:4;mem:1024")})
	_ = a.SetQuota(0, []quota.Config{c}, true)
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "batch", Roles: []role.Name{"night"}})
	for _, at := range []time.Duration{time.Minute, 11 * time.Minute} {
		var batch offer.Batch
		a.Poll(offer.Time(at), &batch)
		a.Poll(offer.Time(at).Add(time.Second), &batch)
		fmt.Println(at, len(batch.Offers))
	}
	// Output:
	// 1m0s 0
	// 11m0s 1
}
