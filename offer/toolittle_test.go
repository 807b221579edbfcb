package offer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/stretchr/testify/require"
)

// An agent that has less left than anybody takes is counted at gate 4 for whoever is listed then, and for nobody else; who
// has a minimum of its own, or comes with one, is offered the rest.
//
// docs/allocation.md §7.3
func TestAgentsWithTooLittleForAnybodyArePassedBy(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce, rules.Interval = 0, 0
	l := newLoop(t, offer.Config{Rules: rules})
	why := func(f offer.FrameworkID) uint64 {
		m, ok := l.a.ClientMetrics(f, "a")
		require.True(t, ok)
		return m.WhyNot[offer.GateTooLittle]
	}
	frameworks := func(list ...offer.FrameworkID) {
		for _, f := range list {
			require.NoError(t, l.a.AddFramework(0, offer.FrameworkSpec{ID: f, Roles: []role.Name{"a"}}))
		}
	}
	frameworks("F1", "F2")
	for i := range 3 {
		require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: offer.AgentID(fmt.Sprintf("A%d", i)), Total: resource.MustParse("cpus:4;mem:1")}))
	}
	require.Empty(t, l.wait(time.Second))
	require.EqualValues(t, 3, why("F1"))
	require.EqualValues(t, 3, why("F2"))
	require.EqualValues(t, 6, l.a.Metrics().WhyNot[offer.GateTooLittle])

	require.NoError(t, l.a.Suppress(l.now, "F2"))
	frameworks("F3")
	require.NoError(t, l.a.UpdateAgent(l.now, "A1", resource.MustParse("cpus:5;mem:1")))
	require.Empty(t, l.wait(time.Second))
	listed, suppressed := why("F1"), why("F2")
	require.Greater(t, listed, uint64(3))
	require.EqualValues(t, 3, suppressed, "it is not listed")
	require.Equal(t, listed-3, why("F3"), "since it came")

	fork := l.a.Fork()
	m, _ := fork.ClientMetrics("F1", "a")
	require.Equal(t, listed, m.WhyNot[offer.GateTooLittle])

	small, err := resource.ParseQuantities("cpus:1")
	require.NoError(t, err)
	require.NoError(t, l.a.AddFramework(l.now, offer.FrameworkSpec{
		ID: "F4", Roles: []role.Name{"a"}, MinAllocatable: map[role.Name][]resource.Quantities{"a": {small}},
	}))
	require.NotEmpty(t, l.wait(time.Second), "cpus are enough for F4")
	require.NoError(t, l.a.RemoveFramework(l.now, "F4"))
	require.Empty(t, l.wait(time.Second))
	require.NoError(t, l.a.Check())
}
