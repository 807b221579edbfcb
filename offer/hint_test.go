package offer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
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
