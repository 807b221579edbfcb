package offer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// A role that hoards reservations is served after one that uses a little; under the reference's rules before it.
//
// docs/allocation.md §8
func TestReservationsInNoUseWeighOnTheirRole(t *testing.T) {
	for name, rules := range bothRules() {
		t.Run(name, func(t *testing.T) {
			rules.Coalesce = 0
			l := newLoop(t, offer.Config{Rules: rules, AgentOrder: offer.OrderByName})
			l.framework("Fh", "hoard")
			require.NoError(t, l.a.Suppress(l.now, "Fh"))
			l.framework("Fu", "user")
			// hoard: 60 of 70 cpus reserved, none in use; user: 10 of 70 in use.
			require.NoError(t, l.a.AddAgent(l.now, offer.AgentSpec{
				ID: "A0", Total: resource.MustParse("cpus(hoard):60;cpus:10;mem:900"),
				Used: []offer.Use{{Framework: "Fu", Role: "user", Resources: resource.MustParse("cpus:10;mem:90")}},
			}))
			l.wait(2 * time.Second)
			want := []role.Name{"hoard", "user"}
			if rules.CountReservations {
				want = []role.Name{"user", "hoard"}
			}
			require.NoError(t, l.a.Revive(l.now, "Fh"))
			require.Equal(t, want, l.a.RoleOrder())
		})
	}
}

// What is in use of a reservation counts once, with the role that it is made for, whoever below that role uses it; and a
// role without any framework weighs on the roles above it.
//
// docs/allocation.md §8
func TestReservationCountsOnceAtItsRole(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce = 0
	l := newLoop(t, offer.Config{Rules: rules, AgentOrder: offer.OrderByName})
	l.framework("Fx", "x")
	l.framework("Fab", "a/b")
	l.framework("Fac", "a/c")
	l.agents(0, 1, "cpus:10;cpus(a/d):5") // a/d has no framework
	require.NoError(t, l.a.AddAgent(l.now, offer.AgentSpec{
		ID: "B", Total: resource.MustParse("cpus(a):20;cpus:65"),
		Used: []offer.Use{
			{Framework: "Fab", Role: "a/b", Resources: resource.MustParse("cpus(a):20")},
			{Framework: "Fx", Role: "x", Resources: resource.MustParse("cpus:20")},
		},
	}))
	require.NoError(t, l.a.Check())
	// Node a: 20 reserved for a + 5 for a/d = 25 of 100, against 20 of x. a/b's use of a's reservation is no share of its own.
	m, ok := l.a.RoleMetrics("a")
	require.True(t, ok)
	require.InDelta(t, .25, m.TreeShare, 1e-9)
	m, _ = l.a.RoleMetrics("a/b")
	require.Zero(t, m.LeafShare)
	m, _ = l.a.RoleMetrics("x")
	require.InDelta(t, .20, m.LeafShare, 1e-9)
	require.Equal(t, role.Name("x"), l.a.RoleOrder()[0])
	require.NoError(t, l.a.UpdateAgent(l.now, "A00", resource.MustParse("cpus:15")))
	require.NoError(t, l.a.Check())
	_, known := l.a.RoleMetrics("a/d")
	require.False(t, known, "nothing keeps it")
}

// A role that reserved much and uses none of it waits behind one that uses a little.
func ExampleRules_countReservations() {
	rules := offer.DefaultRules(offer.V1)
	fmt.Println(rules.CountReservations, offer.StrictDRF().CountReservations)
	for _, on := range []bool{true, false} {
		rules.CountReservations = on
		a, _ := offer.New(offer.Config{Rules: rules})
		_ = a.AddFramework(0, offer.FrameworkSpec{ID: "Fh", Roles: []role.Name{"hoard"}})
		_ = a.AddFramework(0, offer.FrameworkSpec{ID: "Fu", Roles: []role.Name{"user"}})
		_ = a.AddAgent(0, offer.AgentSpec{
			ID: "a1", Total: resource.MustParse("cpus(hoard):6;cpus:4"),
			Used: []offer.Use{{Framework: "Fu", Role: "user", Resources: resource.MustParse("cpus:1")}},
		})
		fmt.Println(a.RoleOrder())
	}
	// Output:
	// true false
	// [user hoard]
	// [hoard user]
}
