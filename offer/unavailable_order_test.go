package offer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
)

// Asks come by agent, what is taken back in the order in which it was asked, a fork tells it too; of two filters the later
// end holds.
//
// docs/allocation.md §4
func TestInverseOffersComeInOrder(t *testing.T) {
	eachRules(t, func(t *testing.T, l *loop, _ bool) {
		l.framework("F", "r")
		for _, g := range []offer.AgentID{"A3", "A1", "A2"} {
			require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: g, Window: noon, Used: []offer.Use{
				{Framework: "F", Role: "r", Resources: resource.MustParse("cpus:1")},
			}}))
		}
		asks := l.asked(0)
		require.Len(t, asks, 3)
		require.Equal(t, offer.AgentID("A1"), asks[0].Agent)
		require.Equal(t, offer.AgentID("A3"), asks[2].Agent)
		for _, g := range []offer.AgentID{"A3", "A2", "A1"} {
			l.window(g, offer.Window{})
		}
		m := &loop{t: t, a: l.a.Fork(), now: l.now}
		for _, x := range []*loop{l, m} {
			x.wait(0)
			require.Equal(t, asks, x.batch.Unasked)
		}
		for _, d := range []time.Duration{time.Hour, time.Second} {
			_, err := l.a.AnswerInverse(l.now, asks[0], true, offer.Filter{Refuse: d})
			require.NoError(t, err)
		}
		report, _ := l.a.Unavailability("A1")
		require.Equal(t, offer.Time(time.Hour), report.Asked[0].Filtered)
	})
}
