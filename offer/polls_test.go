package offer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// A refusal that ended before a run was asked for does not hold for it, though no timer was due in between.
//
// docs/allocation.md §3.1
func TestRefusalEndsBetweenTwoPolls(t *testing.T) {
	a, err := offer.New(offer.Config{Rules: offer.StrictDRF()})
	require.NoError(t, err)
	require.NoError(t, a.AddFramework(0, spec("F", "r")))
	require.NoError(t, a.AddAgent(0, offer.AgentSpec{ID: "A1", Total: resource.MustParse("cpus:4")}))
	var b offer.Batch
	a.Poll(0, &b)
	require.Len(t, b.Offers, 1)
	require.NoError(t, a.Decline(0, offer.Filter{Refuse: 1500 * time.Millisecond}, b.Offers[0].ID))
	b.Reset()
	a.Poll(offer.Time(time.Second), &b)
	require.Empty(t, b.Offers)
	g := spec("G", "s")
	g.Suppressed = g.Roles
	require.NoError(t, a.AddFramework(offer.Time(1700*time.Millisecond), g))
	a.Poll(offer.Time(1700*time.Millisecond), &b)
	require.Len(t, b.Offers, 1, "1.5 s are over")
}

// watcher is an allocator and all that came out of it, with the times.
type watcher struct {
	a   *offer.Allocator
	out []offer.Offer
	saw []string
}

func (w *watcher) poll(at offer.Time) {
	var b offer.Batch
	w.a.Poll(at, &b)
	w.out = append(w.out, b.Offers...)
	w.saw = append(w.saw, fmt.Sprint(at, b.Offers, b.Rescinded, b.Asks, b.Unasked))
	if len(b.Offers)+len(b.Rescinded)+len(b.Asks)+len(b.Unasked) == 0 {
		w.saw = w.saw[:len(w.saw)-1]
	}
}

// sleep polls at the deadlines until then, and every so often besides; 0: not.
func (w *watcher) sleep(from, until offer.Time, often time.Duration) {
	for at := from; ; {
		next, any := w.a.NextDeadline()
		if often > 0 && (!any || next > at.Add(often)) {
			next, any = min(at.Add(often), until), at < until
		}
		if !any || next > until {
			return
		}
		at = max(at, next)
		w.poll(at)
	}
}

// A host that sleeps until NextDeadline misses nothing: whoever polls all the time sees the same at the same times.
//
// docs/allocation.md §2.1
func TestSleepersMissNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := offer.DefaultRules(offer.V1)
		if rapid.Bool().Draw(t, "strict") {
			rules = offer.StrictDRF()
		} else if rapid.Bool().Draw(t, "no timer") {
			rules.Interval = 0
		}
		rules.OfferLifetime = rapid.SampledFrom([]time.Duration{0, 1700 * time.Millisecond}).Draw(t, "lifetime")
		cfg := offer.Config{Rules: rules, AgentOrder: offer.OrderByName, PieceOrder: offer.OrderByName}
		var hosts [2]*watcher
		for i := range hosts {
			a, err := offer.New(cfg)
			require.NoError(t, err)
			hosts[i] = &watcher{a: a, saw: []string{}}
		}
		now := offer.Time(0)
		for range rapid.IntRange(10, 60).Draw(t, "steps") {
			if do := someCommand(t, now, hosts[0]); do != nil {
				require.Equal(t, fmt.Sprint(do(hosts[0].a)), fmt.Sprint(do(hosts[1].a)))
				continue
			}
			end := now.Add(rapid.SampledFrom([]time.Duration{0, 10, 500, 1000, 2300, 5000}).Draw(t, "ms") * time.Millisecond)
			hosts[0].sleep(now, end, 0)
			hosts[1].sleep(now, end, 37*time.Millisecond)
			now = end
			require.Equal(t, hosts[0].saw, hosts[1].saw)
		}
	})
}

// someCommand draws a command, or nil for some time to pass.
func someCommand(t *rapid.T, now offer.Time, w *watcher) func(*offer.Allocator) error {
	f := rapid.SampledFrom(someFrameworks[:4]).Draw(t, "framework")
	g := rapid.SampledFrom(someAgents[:4]).Draw(t, "agent")
	r := rapid.SampledFrom(someRoles[:3]).Draw(t, "role")
	x := rapid.IntRange(0, 7).Draw(t, "x")
	total := resource.MustParse(fmt.Sprintf("cpus:%d;mem:%d", x+1, 512-64*x))
	refuse := offer.Filter{Refuse: rapid.SampledFrom([]time.Duration{0, 300, 1000, 1500, 5000}).Draw(t, "refuse") * time.Millisecond}
	switch k := rapid.IntRange(0, 18).Draw(t, "command"); {
	case k < 2:
		return func(a *offer.Allocator) error { return a.AddFramework(now, spec(f, string(r))) }
	case k < 5:
		return func(a *offer.Allocator) error { return a.AddAgent(now, offer.AgentSpec{ID: g, Total: total}) }
	case k < 9 && len(w.out) > 0:
		id := w.out[len(w.out)-1-min(x, len(w.out)-1)].ID
		return func(a *offer.Allocator) error { return a.Decline(now, refuse, id) }
	case k == 9 && len(w.out) > 0:
		id := w.out[len(w.out)-1].ID
		return func(a *offer.Allocator) error {
			_, err := a.Accept(now, []offer.OfferID{id}, nil, resource.MustParse("cpus:1"), refuse)
			return err
		}
	case k == 10:
		return func(a *offer.Allocator) error { return a.Revive(now, f) }
	case k == 11:
		return func(a *offer.Allocator) error {
			return a.SetWeights(now, []role.Weight{{Role: r, Weight: float64(x + 1)}})
		}
	case k == 12:
		c, err := quota.Parse("a", fmt.Sprintf("cpus:%d", x), "")
		require.NoError(t, err)
		return func(a *offer.Allocator) error { return a.SetQuota(now, []quota.Config{c}, true) }
	case k == 13:
		return func(a *offer.Allocator) error { return a.UpdateAgent(now, g, total) }
	case k == 14:
		window := offer.Window{Start: now.Add(time.Hour), Duration: time.Hour}
		return func(a *offer.Allocator) error { return a.SetUnavailability(now, g, window) }
	}
	return nil
}
