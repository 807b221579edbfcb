package offer_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// busyStand is a stand without a timer where F, in r, uses a cpu of A1, holds an offer of the rest, and refused A2; A3 is
// deactivated, and G, in s, suppressed.
func busyStand(t *testing.T, make func(*testing.T, ...func(*offer.Rules)) *stand) *stand {
	s := make(t, noTimer, noMinimum, func(r *offer.Rules) { r.BackoffCap = 0 })
	s.framework("F", "r,r2")
	s.ok(s.a.Suppress(s.now, "F", "r2"))
	s.agent("A1", "cpus:4", "used=F/r/cpus:1", "attrs=rack:1")
	s.expect("A1 -> F/r: cpus:3")
	s.agent("A2", "cpus:2", "attrs=rack:1")
	s.expect("A2 -> F/r: cpus:2")
	s.decline("F", "A2", aDay)
	s.agent("A3", "cpus:2", "inactive")
	g := spec("G", "s")
	g.Suppressed = g.Roles
	s.ok(s.a.AddFramework(s.now, g))
	s.play(0)
	return s
}

// What starts a run: the reference knows a short list and everything else waits for the timer; ours runs on whatever may
// lead to an offer.
//
// docs/allocation.md §2.1
func TestWhatStartsARun(t *testing.T) {
	use := offer.Allocation{Framework: "F", Role: "r", Agent: "A1"}
	config, err := quota.Parse("s", "", "cpus:3")
	require.NoError(t, err)
	rack := func(n int) resource.Attributes {
		at, err := resource.ParseAttributes(fmt.Sprintf("rack:%d", n))
		require.NoError(t, err)
		return at
	}
	reserve, err := resource.MustParse("cpus:1").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "s"})
	require.NoError(t, err)
	for _, test := range []struct {
		event        string
		strict, ours bool
		do           func(s *stand) error
	}{
		{"framework added", true, true, func(s *stand) error { return s.a.AddFramework(s.now, spec("H", "h")) }},
		{"framework added, all roles suppressed", true, true, func(s *stand) error {
			f := spec("H", "h")
			f.Suppressed = f.Roles
			return s.a.AddFramework(s.now, f)
		}},
		{"framework added inactive", false, false, func(s *stand) error {
			f := spec("H", "h")
			f.Inactive = true
			return s.a.AddFramework(s.now, f)
		}},
		{"framework activated", true, true, func(s *stand) error { return s.a.SetFrameworkActive(s.now, "G", true) }},
		{"revive", true, true, func(s *stand) error { return s.a.Revive(s.now, "G") }},
		{"agent added", true, true, func(s *stand) error {
			return s.a.AddAgent(s.now, offer.AgentSpec{ID: "A9", Total: resource.MustParse("cpus:1")})
		}},
		{"total changed", true, true, func(s *stand) error { return s.a.UpdateAgent(s.now, "A2", resource.MustParse("cpus:3")) }},
		{"the same total", false, false, func(s *stand) error { return s.a.UpdateAgent(s.now, "A2", resource.MustParse("cpus:2")) }},
		{"attributes changed", true, true, func(s *stand) error { return s.a.SetAttributes(s.now, "A2", rack(2)) }},
		{"the same attributes", false, false, func(s *stand) error { return s.a.SetAttributes(s.now, "A2", rack(1)) }},

		{"decline", false, true, func(s *stand) error { return s.a.Decline(s.now, offer.Filter{}, s.offers("F", "A1")...) }},
		{"task end", false, true, func(s *stand) error { return s.a.Release(s.now, use, resource.MustParse("cpus:1")) }},
		{"agent activated", false, true, func(s *stand) error { return s.a.SetAgentActive(s.now, "A3", true) }},
		{"whitelist", false, true, func(s *stand) error { return s.a.Whitelist(s.now, []string{"h"}) }},
		{"quota", false, true, func(s *stand) error { return s.a.SetQuota(s.now, []quota.Config{config}, true) }},
		{"framework update", false, true, func(s *stand) error { return s.a.UpdateFramework(s.now, spec("G", "s,s2")) }},
		{"framework removed", false, true, func(s *stand) error { return s.a.RemoveFramework(s.now, "F") }},
		{"framework deactivated", false, false, func(s *stand) error { return s.a.SetFrameworkActive(s.now, "G", false) }},
		{"agent removed", false, false, func(s *stand) error { return s.a.RemoveAgent(s.now, "A2") }},
		{"suppress", false, false, func(s *stand) error { return s.a.Suppress(s.now, "F") }},
		{"weights", false, false, func(s *stand) error { return s.a.SetWeights(s.now, []role.Weight{{Role: "s", Weight: 2}}) }},
		{"operation on what is free", false, true, func(s *stand) error {
			return s.a.Operate(s.now, "A2", reservation.Reserve{Resources: reserve}, nil)
		}},
		{"pause and resume", false, false, func(s *stand) error { s.a.Pause(s.now); s.a.Resume(s.now); return nil }},
	} {
		for name, want := range map[string]bool{"strict": test.strict, "ours": test.ours} {
			t.Run(test.event+"/"+name, func(t *testing.T) {
				s := busyStand(t, map[string]func(*testing.T, ...func(*offer.Rules)) *stand{"strict": strict, "ours": ours}[name])
				runs := s.a.Stats().Runs
				s.ok(test.do(s))
				s.play(time.Minute - 1)
				if want {
					require.Greater(t, s.a.Stats().Runs, runs)
				} else {
					require.Equal(t, runs, s.a.Stats().Runs)
				}
			})
		}
	}
}

// An event of one agent makes that agent the only candidate.
//
// docs/allocation.md §2.1
func TestRunOfOneAgent(t *testing.T) {
	s := strict(t, noTimer)
	s.framework("F", "r")
	s.ok(s.a.Suppress(s.now, "F"))
	s.agent("A1", "cpus:1")
	s.expect()
	f := spec("F", "r") // an update triggers nothing
	s.ok(s.a.UpdateFramework(s.now, f))
	s.agent("A2", "cpus:1")
	s.expect("A2 -> F/r: cpus:1")
	s.framework("G", "g") // all agents are candidates
	s.expect("A1 -> G/g: cpus:1")
}

// Requests are one run over the union of their candidates, and the union is cleared.
//
// docs/allocation.md §2.1
func TestRequestsCoalesce(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r")
		s.expect()
		runs := s.a.Stats().Runs
		s.agent("A2", "cpus:1")
		s.agent("A1", "cpus:1")
		s.expect("A1 -> F/r: cpus:1", "A2 -> F/r: cpus:1")
		require.Equal(t, runs+1, s.a.Stats().Runs)
		s.agent("A3", "cpus:1")
		visits := s.a.Stats().Visits
		s.expect("A3 -> F/r: cpus:1")
		require.Equal(t, visits+1, s.a.Stats().Visits)
	})
}

// The reference drops what is requested while paused and keeps only the candidates of a run that was pending already;
// ours remembers.
//
// docs/allocation.md §2.1
func TestPausedRequests(t *testing.T) {
	s := strict(t, noTimer)
	s.framework("F", "r")
	s.agent("A1", "cpus:4")
	s.a.Pause(s.now)
	s.expect()
	s.a.Resume(s.now)
	s.expect()
	s.agent("A2", "cpus:1")
	s.expect("A1 -> F/r: cpus:4", "A2 -> F/r: cpus:1")
	s.a.Pause(s.now)
	s.agent("A3", "cpus:1")
	s.expect()
	s.a.Resume(s.now)
	s.agent("A4", "cpus:1")
	s.expect("A4 -> F/r: cpus:1") // A3 was dropped

	s = ours(t, noTimer)
	s.framework("F", "r")
	s.a.Pause(s.now)
	s.agent("A1", "cpus:4")
	s.after(time.Minute)
	s.a.Resume(s.now)
	s.expect("A1 -> F/r: cpus:4")
}

// After a fail-over with quota the allocator waits for ⌊0.8·expected⌋ agents, or 10 minutes. Under the reference's rules
// the agent that ends the wait is the only candidate of the run that follows.
//
// docs/allocation.md §2.1
func TestHoldAfterFailover(t *testing.T) {
	config, err := quota.Parse("q", "cpus:1", "")
	require.NoError(t, err)
	recovered := func(s *stand, expected int, cs ...quota.Config) *stand {
		s.ok(s.a.Recover(s.now, expected, cs))
		s.framework("F", "r")
		return s
	}
	t.Run("enough agents, strict", func(t *testing.T) {
		s := recovered(strict(t), 3, config) // ⌊2.4⌋ = 2
		s.agent("A1", "cpus:2")
		s.expect()
		s.agent("A2", "cpus:2")
		s.expect("A2 -> F/r: cpus:2") // surplus 4 − 1
		s.after(time.Second, "A1 -> F/r: cpus:1")
	})
	t.Run("enough agents, ours", func(t *testing.T) {
		s := recovered(ours(t), 3, config)
		s.agent("A1", "cpus:2")
		s.after(time.Minute)
		s.agent("A2", "cpus:2")
		s.expect("A1 -> F/r: cpus:2", "A2 -> F/r: cpus:1")
	})
	t.Run("ten minutes", func(t *testing.T) {
		under(t, func(t *testing.T, s *stand) {
			recovered(s, 10, config)
			s.agent("A1", "cpus:2")
			s.after(10*time.Minute - 1)
			s.after(time.Second, "A1 -> F/r: cpus:1")
		})
	})
	t.Run("no quota", func(t *testing.T) {
		under(t, func(t *testing.T, s *stand) {
			recovered(s, 10)
			s.agent("A1", "cpus:2")
			s.expect("A1 -> F/r: cpus:2")
		})
	})
	t.Run("as configured", func(t *testing.T) {
		half := func(r *offer.Rules) { r.HoldFraction, r.HoldTime = .5, time.Minute }
		s := recovered(ours(t, half), 4, config) // ⌊2.0⌋ = 2
		s.agent("A1", "cpus:2")
		s.after(time.Minute - 1)
		s.after(time.Second, "A1 -> F/r: cpus:1")
		s = recovered(ours(t, half), 4, config)
		s.agent("A1", "cpus:2")
		s.expect()
		s.agent("A2", "cpus:2")
		s.expect("A1 -> F/r: cpus:2", "A2 -> F/r: cpus:1")
		for _, none := range []func(r *offer.Rules){
			func(r *offer.Rules) { r.HoldFraction = 0 }, func(r *offer.Rules) { r.HoldTime = 0 },
		} {
			s = recovered(ours(t, none), 4, config)
			s.agent("A1", "cpus:2")
			s.expect("A1 -> F/r: cpus:1")
		}
	})
	t.Run("one agent expected", func(t *testing.T) { // ⌊0.8⌋ = 0
		under(t, func(t *testing.T, s *stand) {
			recovered(s, 1, config)
			s.agent("A1", "cpus:2")
			s.expect("A1 -> F/r: cpus:1")
		})
	})
}

// The interval is measured from the end of the last run by the timer.
//
// docs/allocation.md §2.1
func TestIntervalFromTheEndOfARun(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		next, ok := s.a.NextDeadline()
		require.True(t, ok)
		require.Equal(t, offer.Time(time.Second), next)
		s.a.Poll(offer.Time(1700*time.Millisecond), &s.out) // late
		next, ok = s.a.NextDeadline()
		require.True(t, ok)
		require.Equal(t, offer.Time(2700*time.Millisecond), next)
	})
}

// Candidates are known, active and whitelisted; no whitelist lets all through, an empty one nobody.
//
// docs/allocation.md §2.2
func TestCandidates(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.ok(s.a.Whitelist(s.now, []string{}))
		s.framework("F", "r")
		s.agent("A1", "cpus:1", "host=h1")
		s.agent("A2", "cpus:1", "host=h2")
		s.agent("A3", "cpus:1", "host=h2", "inactive")
		s.after(time.Second)
		s.gate(offer.GateNothingFree, "F", "r", "A1")
		s.ok(s.a.Whitelist(s.now, []string{"h2"}))
		s.after(time.Second, "A2 -> F/r: cpus:1")
		s.ok(s.a.Whitelist(s.now, nil))
		s.after(time.Second, "A1 -> F/r: cpus:1")
		s.ok(s.a.SetAgentActive(s.now, "A3", true))
		s.after(time.Second, "A3 -> F/r: cpus:1")
	})
}

// firstRun returns the agents in the order in which the first run offers them.
func firstRun(t *testing.T, seed uint64, guarantee string, ids ...int) (order []offer.AgentID) {
	rules := offer.DefaultRules(offer.V1)
	rules.MinAllocatable, rules.CountReservations = nil, false
	a, err := offer.New(offer.Config{Seed: seed, Rules: rules})
	require.NoError(t, err)
	if guarantee != "" {
		c, err := quota.Parse("q", guarantee, "")
		require.NoError(t, err)
		require.NoError(t, a.SetQuota(0, []quota.Config{c}, true))
		require.NoError(t, a.AddFramework(0, spec("Q", "q")))
	} else {
		require.NoError(t, a.AddFramework(0, spec("F", "r")))
	}
	for _, i := range ids {
		require.NoError(t, a.AddAgent(0, offer.AgentSpec{ID: offer.AgentID(fmt.Sprintf("A%d", i)), Total: resource.MustParse("cpus:1;disk:1")}))
	}
	var out offer.Batch
	a.Poll(offer.Time(rules.Coalesce), &out)
	require.Len(t, out.Offers, len(ids))
	for _, o := range out.Offers {
		order = append(order, o.Agent)
	}
	return order
}

// Agents come in an order keyed by the seed: the order in which they were added does not matter, any part of them keeps
// its order, and other seeds give other orders.
//
// docs/allocation.md §2.2
func TestOrderOfAgents(t *testing.T) {
	all := firstRun(t, 1, "", 1, 2, 3, 4, 5, 6, 7, 8)
	require.Equal(t, all, firstRun(t, 1, "", 8, 7, 6, 5, 4, 3, 2, 1))
	some := slices.DeleteFunc(slices.Clone(all), func(id offer.AgentID) bool { return !slices.Contains([]offer.AgentID{"A2", "A3", "A5", "A7"}, id) })
	require.Equal(t, some, firstRun(t, 1, "", 5, 7, 2, 3))
	orders := make(map[string]bool)
	for seed := range uint64(20) {
		orders[fmt.Sprint(firstRun(t, seed, "", 1, 2, 3, 4))] = true
	}
	require.Greater(t, len(orders), 10) // of 24
}

// The two stages have orders of their own: what the second stage visits is not in the order of the first.
//
// docs/allocation.md §2.2
func TestOrderOfTheSecondStage(t *testing.T) {
	differ := 0
	for seed := range uint64(20) {
		// The first stage gives the guaranteed cpus of three agents; if there were one order, the other five would come
		// in the second stage as they would in the first.
		three := firstRun(t, seed, "cpus:3", 1, 2, 3, 4, 5, 6, 7, 8)
		eight := firstRun(t, seed, "cpus:8", 1, 2, 3, 4, 5, 6, 7, 8)
		require.Equal(t, eight[:3], three[:3])
		if !slices.Equal(eight[3:], three[3:]) {
			differ++
		}
	}
	require.Greater(t, differ, 15)
}

// The order of roles is read once per agent: what the first clients get of it counts for the next agent only.
//
// docs/allocation.md §2.2
func TestOrderIsReadOncePerAgent(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		for _, r := range []string{"a", "b", "c"} {
			s.quota(r, "", "cpus:2")
		}
		s.together(func() {
			s.framework("Fa", "a")
			s.framework("Fb", "b")
			s.framework("Fc", "c")
			s.agent("A1", "cpus:3")
			s.agent("A2", "cpus:3")
		})
		s.after(time.Second,
			"A1 -> Fa/a: cpus:2", "A1 -> Fb/b: cpus:1",
			"A2 -> Fc/c: cpus:2", "A2 -> Fb/b: cpus:1") // c 0, b 1/6, a 2/6
	})
}

// A run that is due when the pause comes is lost under the reference's rules, for a caller who follows NextDeadline too.
//
// docs/allocation.md §2.1
func TestPauseDropsTheRunThatIsDue(t *testing.T) {
	rules := offer.StrictDRF()
	rules.Interval = 0
	a, err := offer.New(offer.Config{Rules: rules})
	require.NoError(t, err)
	require.NoError(t, a.AddFramework(1, offer.FrameworkSpec{ID: "F", Roles: []role.Name{"r"}}))
	var out offer.Batch
	a.Poll(1, &out)
	require.NoError(t, a.AddAgent(2, offer.AgentSpec{ID: "A", Total: resource.MustParse("cpus:1")}))
	a.Pause(2)
	for next, ok := a.NextDeadline(); ok && next <= 3; next, ok = a.NextDeadline() {
		a.Poll(next, &out)
	}
	a.Resume(3)
	_, due := a.NextDeadline()
	require.False(t, due)
	a.Poll(3, &out)
	require.Empty(t, out.Offers)
	require.NoError(t, a.Check())
}
