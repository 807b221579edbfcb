package offer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// A hint cuts integral names to whole units: what only rides along down, what the units need up.
//
// docs/allocation.md §2.7
func TestHintCutsToWholeUnits(t *testing.T) {
	for unit, want := range map[string]string{
		"cpus:1;mem:64":           "cpus:1; mem:64",
		"cpus:1;mem:64;slots:0.4": "cpus:1; mem:64; slots:1",
		"cpus:1;mem:64;slots:1.1": "cpus:1; mem:64; slots:2",
	} {
		rules := offer.DefaultRules(offer.V1)
		rules.Integral = []string{"slots"}
		l := newLoop(t, offer.Config{Rules: rules})
		l.framework("F", "r")
		quantities, err := resource.ParseQuantities(unit)
		require.NoError(t, err)
		require.NoError(t, l.a.SetHint(0, "F", "r", &offer.Hint{Unit: quantities, Count: 1}))
		require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "A", Total: resource.MustParse("cpus:4;mem:1024;slots:3")}))
		got := l.wait(20 * time.Millisecond)
		require.Len(t, got, 1)
		require.Equal(t, want, got[0].Resources.String())
	}
}

// What a hint left of an agent is offered once the client waits for more again: an offer that it had elsewhere is gone.
//
// docs/allocation.md §7.3
func TestWhatAHintLeftIsOfferedLater(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce, rules.Interval, rules.CapOffers, rules.MinAllocatable = 0, 0, false, nil
	l := newLoop(t, offer.Config{Rules: rules, AgentOrder: offer.OrderByName})
	l.framework("F", "r")
	unit, err := resource.ParseQuantities("cpus:1")
	require.NoError(t, err)
	require.NoError(t, l.a.SetHint(l.now, "F", "r", &offer.Hint{Unit: unit, Count: 2}))
	require.NoError(t, l.a.AddAgent(l.now, offer.AgentSpec{ID: "A", Total: resource.MustParse("cpus:1")}))
	require.NoError(t, l.a.AddAgent(l.now, offer.AgentSpec{ID: "B", Total: resource.MustParse("cpus:4")}))
	out := l.wait(0)
	require.Len(t, out, 2)
	require.Equal(t, "cpus:1", out[1].Resources.String(), "one of two units is on A")
	require.NoError(t, l.a.RemoveAgent(l.now, "A"))
	out = l.wait(0)
	require.Len(t, out, 1)
	require.Equal(t, "cpus:1", out[0].Resources.String())
	require.Equal(t, offer.AgentID("B"), out[0].Agent)
}

// What a hint left of an agent was less than the client's minimum: when more units wait, since another offer came back, the agent
// is looked at again.
//
// docs/allocation.md §8
func TestHintThatLeftTooLittleIsLookedAtAgain(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce, rules.Interval = 0, 0
	a, err := offer.New(offer.Config{Rules: rules, AgentOrder: offer.OrderByName})
	require.NoError(t, err)
	f := spec("F", "r")
	f.MinAllocatable = map[role.Name][]resource.Quantities{"r": {resource.MustParse("cpus:2").Quantities()}}
	require.NoError(t, a.AddFramework(0, f))
	var b offer.Batch
	offered := func() (out []string) {
		b.Reset()
		a.Poll(0, &b)
		for _, o := range b.Offers {
			out = append(out, string(o.Agent)+" "+o.Resources.String())
		}
		return out
	}
	require.NoError(t, a.AddAgent(0, offer.AgentSpec{ID: "A1", Total: resource.MustParse("cpus:2")}))
	require.Equal(t, []string{"A1 cpus:2"}, offered())
	require.NoError(t, a.AddAgent(0, offer.AgentSpec{ID: "A2", Total: resource.MustParse("cpus:2.2")}))
	require.Equal(t, []string{"A2 cpus:2.2"}, offered())
	require.NoError(t, a.SetHint(0, "F", "r", &offer.Hint{Unit: resource.MustParse("cpus:1").Quantities(), Count: 3}))
	require.Empty(t, offered())
	require.NoError(t, a.Decline(0, offer.Filter{}, 1))
	require.Empty(t, offered(), "one unit waits, and one is too little")
	require.NoError(t, a.Decline(0, offer.Filter{}, 2))
	require.Equal(t, []string{"A1 cpus:2"}, offered())
}
