package offer_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// P10: of N clients that refuse an unchanged agent for no time at all, each sees it once in every N offers of it, whatever
// their shares and weights: after at most N−1 refusals by others since a round began. Between two offers to one client come
// 2(N−1) to others at most, where it was first in one round and is last in the next.
//
// docs/allocation.md §6
func TestProperty10TurnsAreBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := offer.DefaultRules(offer.V1)
		rules.Coalesce, rules.Interval, rules.OfferLifetime, rules.BackoffCap = 0, 0, 0, 0
		a, err := offer.New(offer.Config{Rules: rules, Seed: rapid.Uint64().Draw(t, "seed")})
		require.NoError(t, err)
		n := rapid.IntRange(1, 6).Draw(t, "clients")
		for i := range n {
			r, f := role.Name(fmt.Sprintf("r%d", i)), offer.FrameworkID(fmt.Sprintf("f%d", i))
			require.NoError(t, a.SetWeights(0, []role.Weight{{Role: r, Weight: float64(rapid.IntRange(1, 5).Draw(t, "weight"))}}))
			require.NoError(t, a.AddFramework(0, offer.FrameworkSpec{ID: f, Roles: []role.Name{r}}))
			used := resource.MustParse(fmt.Sprintf("cpus:%d;mem:64", rapid.IntRange(1, 9).Draw(t, "use")))
			require.NoError(t, a.AddAgent(0, offer.AgentSpec{
				ID: offer.AgentID("busy-" + string(f)), Total: used,
				Used: []offer.Use{{Framework: f, Role: r, Resources: used}},
			}))
		}
		require.NoError(t, a.AddAgent(0, offer.AgentSpec{ID: "free", Total: resource.MustParse("cpus:4;mem:64")}))
		var batch offer.Batch
		last, seen := make(map[offer.FrameworkID]int), make(map[offer.FrameworkID]bool)
		for turn := 1; turn <= 3*n; turn++ {
			batch.Reset()
			a.Poll(0, &batch)
			require.Len(t, batch.Offers, 1, "the agent is always with somebody")
			o := batch.Offers[0]
			if turn%n == 1 || n == 1 {
				clear(seen)
			}
			require.False(t, seen[o.Framework], "its second turn of a round")
			seen[o.Framework] = true
			if before, ok := last[o.Framework]; ok {
				require.LessOrEqual(t, turn-before-1, 2*(n-1))
			}
			last[o.Framework] = turn
			require.NoError(t, a.Decline(0, offer.Filter{}, o.ID))
			require.NoError(t, a.Check())
		}
	})
}

// New revocable resources do not re-open a regular part that was refused; they are offered alone.
//
// docs/allocation.md §3.5
func TestRevocablePartIsRefusedOnItsOwn(t *testing.T) {
	for name, rules := range atOnce(func(r *offer.Rules) { r.OfferLifetime, r.MinAllocatable = 0, nil }) {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, byName(rules))
			require.NoError(t, l.a.AddFramework(0, offer.FrameworkSpec{
				ID: "F", Roles: []role.Name{"r"}, Capabilities: offer.RevocableResources,
			}))
			regular := resource.MustParse("cpus:4;mem:1024")
			require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "A", Total: regular}))
			got := l.wait(1e9)
			require.Len(t, got, 1)
			require.NoError(t, l.a.Decline(l.now, offer.Filter{Refuse: day}, got[0].ID))
			spare, err := resource.New(resource.Resource{Name: "cpus", Kind: resource.KindScalar, Scalar: 2000, Revocable: true})
			require.NoError(t, err)
			require.NoError(t, l.a.UpdateAgent(l.now, "A", regular.Add(spare)))
			got = l.wait(1e9)
			require.Len(t, got, 1)
			if name == "strict" {
				require.Equal(t, regular.Add(spare).String(), got[0].Resources.String(), "the whole agent is more than was refused")
				return
			}
			require.Equal(t, spare.String(), got[0].Resources.String())
		})
	}
}
