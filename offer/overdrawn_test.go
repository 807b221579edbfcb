package offer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// A new total takes back the offers of what is overdrawn, the latest first, and leaves others that have nothing of it, also
// where tasks use too much of something else. An offer of a shared volume that is there no more goes, too.
//
// docs/allocation.md §4
func TestNewTotalTakesBackOnlyWhatIsOverdrawn(t *testing.T) {
	v := sharedVolume(t, "v", "r")
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce, rules.MinAllocatable = 0, nil
	l := newLoop(t, offer.Config{Rules: rules})
	quotas(t, l, "p", "", "cpus:0")
	l.framework("p", "p")
	require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{
		ID: "A", Total: resource.MustParse("cpus:4;mem:512;disk:100;ports:[1-4]").Add(v),
		Used: []offer.Use{{Framework: "u", Role: "u", Resources: resource.MustParse("disk:200;ports:[4-5]")}},
	}))
	first := l.wait(0)
	require.Len(t, first, 1)
	require.Equal(t, "mem:512; ports:[1-3]", first[0].Resources.String())
	l.framework("q", "q")
	second := l.wait(0)
	require.Len(t, second, 1)
	require.Equal(t, "cpus:4", second[0].Resources.String())
	require.NoError(t, l.a.AddFramework(l.now, offer.FrameworkSpec{ID: "r", Roles: []role.Name{"r"}, Capabilities: offer.SharedResources}))
	third := l.wait(0)
	require.Len(t, third, 1)
	require.True(t, third[0].Resources.Equal(v))

	out := func(total resource.Resources) (ids []offer.OfferID) {
		require.NoError(t, l.a.UpdateAgent(l.now, "A", total))
		for _, o := range []offer.Offer{first[0], second[0], third[0]} {
			if _, ok := l.a.Outstanding(o.ID); ok {
				ids = append(ids, o.ID)
			}
		}
		require.NoError(t, l.a.Check())
		return ids
	}
	for _, f := range []offer.FrameworkID{"p", "q", "r"} {
		require.NoError(t, l.a.Suppress(l.now, f))
	}
	require.Equal(t, []offer.OfferID{1, 2, 3}, out(resource.MustParse("cpus:8;mem:1024;disk:150;ports:[1-4]").Add(v)))
	require.Equal(t, []offer.OfferID{1, 2}, out(resource.MustParse("cpus:8;mem:1024;disk:150;ports:[1-4]")))
	require.Equal(t, []offer.OfferID{1}, out(resource.MustParse("cpus:3;mem:1024;disk:150;ports:[1-4]")))
	require.Empty(t, out(resource.MustParse("cpus:3;mem:1024;disk:150;ports:[2-4]")))
}
