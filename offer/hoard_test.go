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

// Who sits on offers is reported by the age of the oldest, with those who would take them.
//
// docs/allocation.md §8
func TestHoardingNamesWhoSitsOnWhatAndWhoMisses(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce = 0
	l := newLoop(t, offer.Config{Rules: rules, AgentOrder: offer.OrderByName})
	l.framework("slow", "a")
	l.agents(1, 3, "cpus:4;mem:400")
	require.Len(t, l.wait(0), 2)
	l.wait(7 * time.Second)
	l.framework("keen", "b")
	l.framework("picky", "c")
	require.NoError(t, l.a.UpdateFramework(l.now, offer.FrameworkSpec{
		ID: "picky", Roles: []role.Name{"c"},
		MinAllocatable: map[role.Name][]resource.Quantities{"c": {resource.MustParse("cpus:5").Quantities()}},
	}))
	l.framework("mute", "d")
	require.NoError(t, l.a.Suppress(l.now, "mute"))
	require.NoError(t, l.a.AddAgent(l.now, offer.AgentSpec{ID: "A09", Total: resource.MustParse("cpus:1;mem:100;gpus:1")}))
	require.Empty(t, l.wait(time.Second))

	rows := l.a.Hoarding(l.now)
	require.Len(t, rows, 1)
	h := rows[0]
	require.Equal(t, offer.FrameworkID("slow"), h.Framework)
	require.Equal(t, []offer.OfferID{1, 2}, h.Offers)
	require.Equal(t, 8*time.Second, h.For)
	require.True(t, h.Resources.Equal(resource.MustParse("cpus:8;mem:800")), "%s", h.Resources)
	require.Len(t, h.From, 1, "the picky one wants more, the mute one nothing")
	require.Equal(t, offer.FrameworkID("keen"), h.From[0].Framework)
	require.Equal(t, []offer.AgentID{"A01", "A02"}, h.From[0].Agents)
	require.True(t, h.From[0].Resources.Equal(resource.MustParse("cpus:8;mem:800")))
	require.NoError(t, l.a.Check())
}

// Nobody is deprived of what it could have as it is, and refusals, limits and guarantees hold for what is hoarded too.
//
// docs/allocation.md §8
func TestHoardingLooksThroughEveryGate(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce, rules.TurnRule = 0, false
	l := newLoop(t, offer.Config{Rules: rules, AgentOrder: offer.OrderByName})
	l.framework("F", "a")
	l.agents(1, 2, "cpus:4;mem:400")
	require.Len(t, l.wait(0), 1)
	l.framework("G", "b")
	require.Len(t, l.a.Hoarding(l.now)[0].From, 1)

	// G refuses as much.
	require.NoError(t, l.a.Refuse(l.now, offer.Allocation{Framework: "G", Role: "b", Agent: "A01"},
		resource.MustParse("cpus:4;mem:400"), offer.Filter{Refuse: time.Hour}))
	require.Empty(t, l.a.Hoarding(l.now)[0].From)
	require.NoError(t, l.a.Revive(l.now, "G"))
	require.Len(t, l.a.Hoarding(l.now)[0].From, 1)

	// G's limit is 0.
	quotas(t, l, "b", "", "cpus:0;mem:0")
	require.Empty(t, l.a.Hoarding(l.now)[0].From)
}

// A scheduler that never answers, and who waits for what it holds.
func ExampleAllocator_Hoarding() {
	a, _ := offer.New(offer.Config{AgentOrder: offer.OrderByName})
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "broken", Roles: []role.Name{"etl"}})
	_ = a.AddAgent(0, offer.AgentSpec{ID: "a1", Total: resource.MustParse("cpus:4;mem:1024")})
	due, _ := a.NextDeadline()
	var batch offer.Batch
	a.Poll(due, &batch)
	_ = a.AddFramework(due, offer.FrameworkSpec{ID: "site", Roles: []role.Name{"web"}})
	for _, h := range a.Hoarding(due.Add(30 * time.Second)) {
		fmt.Println(h.Framework, "holds", h.Resources, "for", h.For)
		for _, d := range h.From {
			fmt.Println("  kept from", d.Framework, "on", d.Agents)
		}
	}
	// Output:
	// broken holds cpus:4; mem:1024 for 30s
	//   kept from site on [a1]
}
