package offer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// offered plays one agent of that total against a framework in role r that wants text, and returns what it is offered first.
func offered(t *testing.T, rules offer.Rules, total, attrs, text string) string {
	l := newLoop(t, byName(rules))
	require.NoError(t, l.a.AddFramework(0, wanting(t, "F", text, "r")))
	require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{
		ID: "A", Attributes: attributes(t, attrs), Total: resource.MustParse(total),
	}))
	v := l.a.Explain("F", "r", "A")
	got := l.wait(0)
	if len(got) == 0 {
		require.NotZero(t, v.Gate)
		return ""
	}
	require.Equal(t, v.Offer.String(), got[0].Resources.String())
	return got[0].Resources.String()
}

// A framework that needs at least 4 cpus and 2 ports is offered nothing smaller.
//
// docs/allocation.md §3.4
func TestConstraintAtLeast(t *testing.T) {
	for name, rules := range atOnce() {
		t.Run(name, func(t *testing.T) {
			const want = "least(cpus:4;ports:2)"
			require.NotEmpty(t, offered(t, rules, "cpus:4;ports:[7-8]", "", want))
			require.NotEmpty(t, offered(t, rules, "cpus:3;cpus(r):1;ports:[1-1,3-3]", "", want), "reserved and unreserved together")
			require.Empty(t, offered(t, rules, "cpus:3.999;ports:[7-8]", "", want))
			require.Empty(t, offered(t, rules, "cpus:4;ports:[7-7]", "", want))
			require.Empty(t, offered(t, rules, "cpus:4", "", want))
		})
	}
}

// What counts is the offer, and not what is free: a quota that cuts it below what is needed leaves none.
//
// docs/allocation.md §3.4
func TestConstraintAtLeastIsOfTheOffer(t *testing.T) {
	for name, rules := range atOnce() {
		t.Run(name, func(t *testing.T) {
			for limit, offers := range map[string]int{"cpus:3": 0, "cpus:4": 1} {
				l := newLoop(t, byName(rules))
				c, err := quota.Parse("r", "", limit)
				require.NoError(t, err)
				require.NoError(t, l.a.SetQuota(0, []quota.Config{c}, true))
				require.NoError(t, l.a.AddFramework(0, wanting(t, "F", "least(cpus:4)", "r")))
				l.agents(0, 1, "cpus:8;mem:1024")
				require.Len(t, l.wait(time.Second), offers, limit)
				if offers == 0 {
					require.Equal(t, offer.GateConstraints, l.a.Explain("F", "r", "A00").Gate)
				}
			}
		})
	}
}

// The two stages of a run make one offer, so what the second adds to the first is judged together with it.
//
// docs/allocation.md §3.4
func TestConstraintAtLeastOverBothStages(t *testing.T) {
	rules := atOnce()["v1"]
	l := newLoop(t, byName(rules))
	c, err := quota.Parse("r", "cpus:4", "")
	require.NoError(t, err)
	require.NoError(t, l.a.SetQuota(0, []quota.Config{c}, true))
	require.NoError(t, l.a.AddFramework(0, wanting(t, "F", "least(cpus:4)", "r")))
	l.agents(0, 1, "cpus:6")
	got := l.wait(time.Second)
	require.Len(t, got, 1)
	require.Equal(t, "cpus:6", got[0].Resources.String(), "4 of the guarantee and 2 more")
}

// A framework that wants only what is reserved to its role, or to one above it, leaves the rest to others.
//
// docs/allocation.md §3.4
func TestConstraintReservedOnly(t *testing.T) {
	for name, rules := range atOnce() {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, "cpus(reservations: [(STATIC,r)]):2", offered(t, rules, "cpus:4;cpus(r):2;cpus(s):1;ports:[1-2]", "", "reserved"))
			require.Empty(t, offered(t, rules, "cpus:4;cpus(s):1", "", "reserved"))
			l := newLoop(t, byName(rules))
			require.NoError(t, l.a.AddFramework(0, wanting(t, "F", "reserved", "r/x")))
			require.NoError(t, l.a.AddFramework(0, wanting(t, "G", "", "s")))
			l.agents(0, 1, "cpus:4;cpus(r):2")
			got := l.wait(time.Second)
			require.Len(t, got, 2)
			for _, o := range got {
				want := map[offer.FrameworkID]string{"F": "cpus(reservations: [(STATIC,r)]):2", "G": "cpus:4"}[o.Framework]
				require.Equal(t, want, o.Resources.String())
			}
		})
	}
}

// A framework that wants nothing revocable gets the rest, and no agent that has only that.
//
// docs/allocation.md §3.4
func TestConstraintNoRevocable(t *testing.T) {
	revocable, err := resource.New(resource.Resource{Name: "cpus", Kind: resource.KindScalar, Scalar: 3000, Revocable: true})
	require.NoError(t, err)
	for name, rules := range atOnce() {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, byName(rules))
			require.NoError(t, l.a.AddFramework(0, wanting(t, "F", "unrevocable", "r")))
			require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "A", Total: resource.MustParse("cpus:4").Add(revocable)}))
			require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "B", Total: revocable}))
			got := l.wait(time.Second)
			require.Len(t, got, 1)
			require.Equal(t, "cpus:4", got[0].Resources.String())
			require.Equal(t, offer.GateConstraints, l.a.Explain("F", "r", "B").Gate)
		})
	}
}

// Groups that narrow are tried in their order, and only where their attributes hold; the first that leads to an offer
// decides what is in it.
//
// docs/allocation.md §3.4
func TestConstraintGroupsNarrowInOrder(t *testing.T) {
	for name, rules := range atOnce() {
		t.Run(name, func(t *testing.T) {
			const reserved, all = "cpus(reservations: [(STATIC,r)]):2", "cpus:4; cpus(reservations: [(STATIC,r)]):2"
			total := "cpus:4;cpus(r):2"
			require.Equal(t, reserved, offered(t, rules, total, "", "reserved|least(cpus:1)"))
			require.Equal(t, all, offered(t, rules, total, "", "least(cpus:1)|reserved"))
			require.Equal(t, all, offered(t, rules, total, "", "reserved&least(cpus:3)|least(cpus:5)"), "the first group does not suffice")
			require.Equal(t, all, offered(t, rules, total, "ssd:yes", "!ssd&reserved|ssd"))
			require.Equal(t, reserved, offered(t, rules, total, "", "!ssd&reserved|ssd"))
			require.Empty(t, offered(t, rules, total, "", "ssd|rack&reserved"))

			l := newLoop(t, byName(rules))
			require.NoError(t, l.a.AddFramework(0, wanting(t, "F", "reserved|least(cpus:1)", "r")))
			l.agents(0, 1, total)
			require.Len(t, l.wait(time.Second), 2, "what the first group leaves is for the second")
		})
	}
}

// What a narrowed offer was refused for is refused by just that much.
//
// docs/allocation.md §3.4
func TestNarrowedOffersAreRefusedLikeOthers(t *testing.T) {
	for name, rules := range atOnce() {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, byName(rules))
			require.NoError(t, l.a.AddFramework(0, wanting(t, "F", "reserved", "r")))
			l.agents(0, 1, "cpus:4;cpus(r):2")
			got := l.wait(time.Second)
			require.Len(t, got, 1)
			require.NoError(t, l.a.Decline(l.now, offer.Filter{Refuse: time.Hour}, got[0].ID))
			require.Empty(t, l.wait(time.Minute))
			require.Equal(t, offer.GateRefused, l.a.Explain("F", "r", "A00").Gate)
			require.NoError(t, l.a.UpdateFramework(l.now, wanting(t, "F", "", "r")))
			got = l.wait(30 * time.Second)
			require.Len(t, got, 1, "all of the agent is more than was refused")
		})
	}
}

// A fork has the constraints and finds out about agents for itself: neither side feels what changes on the other.
//
// docs/allocation.md §7.3
func TestForkWithConstraints(t *testing.T) {
	l := newLoop(t, byName(atOnce()["v1"]))
	require.NoError(t, l.a.AddFramework(0, wanting(t, "F", "rack==r1|rack==r2&reserved", "r")))
	require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{
		ID: "A", Attributes: attributes(t, "rack:r2"), Total: resource.MustParse("cpus:4;cpus(r):2"),
	}))
	require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "B", Total: resource.MustParse("cpus:4")}))
	require.Len(t, l.wait(time.Second), 1)
	m := &loop{t: t, a: l.a.Fork(), now: l.now}
	require.NoError(t, m.a.SetAttributes(m.now, "B", attributes(t, "rack:r1")))
	require.Len(t, m.wait(time.Second), 1)
	require.Empty(t, l.wait(time.Second))
	require.NoError(t, m.a.UpdateFramework(m.now, offer.FrameworkSpec{ID: "F", Roles: []role.Name{"r"}}))
	require.Equal(t, offer.GateConstraints, l.a.Explain("F", "r", "B").Gate)
	require.NoError(t, l.a.Check())
	require.NoError(t, m.a.Check())
}

// looker looks at every pair and grants nothing, or 1 cpu and then all there is.
type looker struct{ grant bool }

func (p looker) Plan(c *offer.Cycle) {
	for g := range c.Agents() {
		for cl := range c.Clients(g) {
			c.View(g, cl)
			if p.grant {
				q, _ := resource.ParseQuantities("cpus:1")
				c.Grant(g, cl, offer.Want{Scalars: q})
				c.Grant(g, cl, offer.Want{Whole: true})
			}
		}
	}
}

// A policy is bound by constraints, also where it grants less than there is, and looking alone makes nobody run again.
//
// docs/allocation.md §6
func TestPolicyIsBoundByConstraints(t *testing.T) {
	for _, grant := range []bool{false, true} {
		cfg := byName(atOnce()["v1"])
		cfg.Policy = looker{grant}
		l := newLoop(t, cfg)
		require.NoError(t, l.a.AddFramework(0, wanting(t, "F", "reserved&least(cpus:2)|least(cpus:3)", "r")))
		l.agents(0, 1, "cpus:4;cpus(r):2")
		got := l.wait(0)
		next, any := l.a.NextDeadline()
		require.True(t, any && next > l.now, "nothing is due at once")
		if !grant {
			require.Empty(t, got)
			continue
		}
		require.Len(t, got, 2, "not 1 cpu, but what each group asks for")
		require.Equal(t, "cpus(reservations: [(STATIC,r)]):2", got[0].Resources.String())
		require.Equal(t, "cpus:4", got[1].Resources.String())
	}
}
