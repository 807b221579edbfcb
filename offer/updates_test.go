package offer_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// books are free, offered and allocated of an agent.
func (s *stand) books(g offer.AgentID) [3]string {
	s.t.Helper()
	r, ok := s.a.Agent(g)
	require.True(s.t, ok)
	return [3]string{r.Free.String(), r.Offered.String(), r.Allocated.String()}
}

func (s *stand) known() (names []role.Name) {
	for _, r := range s.a.Roles() {
		names = append(names, r.Role)
	}
	return names
}

// An offer is charged when it is made; that it is used moves the tally only; what is given back is free.
//
// docs/allocation.md §4
func TestOfferedAllocatedFree(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r")
		s.agent("A1", "cpus:4")
		s.expect("A1 -> F/r: cpus:4")
		require.Equal(t, [3]string{"{}", "cpus:4", "{}"}, s.books("A1"))
		require.Equal(t, 1.0, s.of("r").Share)
		s.accept("F", "A1", "", 0)
		require.Equal(t, [3]string{"{}", "{}", "cpus:4"}, s.books("A1"))
		require.Equal(t, 1.0, s.of("r").Share)
		s.ok(s.a.Suppress(s.now, "F"))
		s.release("F", "r", "A1", "cpus:3")
		require.Equal(t, [3]string{"cpus:3", "{}", "cpus:1"}, s.books("A1"))
		require.Equal(t, .25, s.of("r").Share)
	})
}

// Giving back what is gone, after a removal, is an error that changes nothing.
//
// docs/allocation.md §4
func TestLateRecovery(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		al := offer.Allocation{Framework: "F", Role: "r", Agent: "A1"}
		s.framework("F", "r")
		s.agent("A1", "cpus:4", "used=F/r/cpus:4")
		s.ok(s.a.RemoveFramework(s.now, "F"))
		require.Equal(t, [3]string{"cpus:4", "{}", "{}"}, s.books("A1"))
		require.ErrorIs(t, s.a.Release(s.now, al, resources("cpus:4")), offer.ErrNotHeld)
		s.ok(s.a.RemoveAgent(s.now, "A1"))
		require.ErrorIs(t, s.a.Release(s.now, al, resources("cpus:4")), offer.ErrUnknownAgent)
		s.expect()
		require.Empty(t, s.known())
	})
}

// Operations of an accept rewrite what is held, the agent's total and the reservations; quantities stay.
//
// docs/allocation.md §4
func TestOperationsOnAnOffer(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r")
		s.agent("A1", "cpus:4")
		s.expect("A1 -> F/r: cpus:4")
		reserved, err := resource.MustParse("cpus:3").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "r"})
		require.NoError(t, err)
		op := reservation.Reserve{Resources: reserved}
		_, err = s.a.Accept(s.now, s.offers("F", ""), []reservation.Op{op}, resources("cpus:1").Add(reserved), offer.Filter{})
		s.ok(err)
		r, _ := s.a.Agent("A1")
		require.Equal(t, "cpus:1; cpus(reservations: [(DYNAMIC,r)]):3", r.Total.String())
		require.Equal(t, r.Total.String(), r.Allocated.String())
		require.Equal(t, "cpus:3", s.of("r").Reserved.String())
		require.Equal(t, 1.0, s.of("r").Share)
	})
}

// A further copy of a shared volume changes what is allocated, not the total, nor the share.
//
// docs/allocation.md §4
func TestSecondCopyOfAVolume(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r:shared")
		s.agent("A1", list(scalarText("cpus", 4), sharedText("r", 100), scalarText("disk", 100)))
		require.Len(t, s.play(0), 1)
		v := resources(list(sharedText("r", 100)))
		_, err := s.a.Accept(s.now, s.offers("F", "A1"), nil, v.Add(v), offer.Filter{Refuse: aDay})
		s.ok(err)
		r, _ := s.a.Agent("A1")
		require.Equal(t, v.Add(v).String(), r.Allocated.String())
		require.Equal(t, v.String(), r.Total.Shared().String())
		require.Equal(t, .5, s.of("r").Share)
		s.ok(s.a.Release(s.now, offer.Allocation{Framework: "F", Role: "r", Agent: "A1"}, v))
		require.Equal(t, .5, s.of("r").Share)
		s.ok(s.a.Release(s.now, offer.Allocation{Framework: "F", Role: "r", Agent: "A1"}, v))
		want := 0.0
		if strings.HasSuffix(t.Name(), "/ours") {
			want = .5 // it is reserved for r, used or not
		}
		require.Equal(t, want, s.of("r").Share)
	})
}

// An operator's operation takes from what is free first, and rescinds offers only if that does not do. What is used is out
// of reach: an error that changes nothing.
//
// docs/allocation.md §4
func TestOperatorsTakeWhatIsFree(t *testing.T) {
	s := ours(t)
	s.framework("F", "r")
	s.agent("A1", "cpus:4")
	s.expect("A1 -> F/r: cpus:4")
	s.accept("F", "A1", "cpus:2", aDay)
	reserve := func(q string) error {
		r, err := resource.MustParse(q).PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "x"})
		require.NoError(t, err)
		return s.a.Operate(s.now, "A1", reservation.Reserve{Resources: r}, nil)
	}
	s.ok(reserve("cpus:1"))
	s.expect()
	s.ok(s.a.Revive(s.now, "F"))
	s.expect("A1 -> F/r: cpus:1")
	require.ErrorIs(t, reserve("cpus:2"), resource.ErrNotContained)
	require.Equal(t, 1, s.a.Stats().Outstanding)
	s.ok(reserve("cpus:1"))
	s.expect("A1 x F/r: operator")
	require.Equal(t, "cpus:2", s.of("x").Reserved.String())
}

// The reference charges use by a framework not yet known when it is added, ours with the agent.
//
// docs/allocation.md §4
func TestUseByAFrameworkNotYetKnown(t *testing.T) {
	share := func(s *stand) float64 {
		s.agent("A1", "cpus:4", "used=F/r/cpus:3")
		for _, r := range s.a.Roles() {
			if r.Role == "r" {
				return r.Share
			}
		}
		return 0
	}
	s := strict(t)
	require.Equal(t, 0.0, share(s))
	s.framework("F", "r")
	require.Equal(t, .75, s.of("r").Share)
	s = ours(t)
	require.Equal(t, .75, share(s))
	s.framework("F", "r")
	require.Equal(t, .75, s.of("r").Share)
	s.expect("A1 -> F/r: cpus:1")
}

// A shrunk agent takes offers back, the latest first, as far as it must; tasks go on.
//
// docs/allocation.md §4
func TestShrunkAgent(t *testing.T) {
	s := ours(t)
	for _, r := range []string{"a", "b", "c"} {
		s.quota(r, "", "cpus:2")
		s.framework(offer.FrameworkID("F"+r), r)
	}
	s.agent("A1", "cpus:6")
	s.expect("A1 -> Fa/a: cpus:2", "A1 -> Fb/b: cpus:2", "A1 -> Fc/c: cpus:2")
	s.accept("Fc", "A1", "", 0)
	for _, f := range []offer.FrameworkID{"Fa", "Fb", "Fc"} {
		s.ok(s.a.Suppress(s.now, f))
	}
	s.total("A1", "cpus:5")
	s.expect("A1 x Fb/b: agent")
	require.Equal(t, [3]string{"cpus:1", "cpus:2", "cpus:2"}, s.books("A1"))
}

// A removed agent leaves nothing behind; a deactivated one keeps its books and its part of the totals.
//
// docs/allocation.md §4
func TestAgentGone(t *testing.T) {
	s := ours(t)
	s.framework("F", "r")
	s.framework("G", "s")
	s.agent("A1", "cpus:4", "used=F/r/cpus:1")
	s.expect("A1 -> G/s: cpus:3")
	s.agent("A2", "cpus:4", "used=F/r/cpus:4")
	s.ok(s.a.SetAgentActive(s.now, "A1", false))
	s.expect("A1 x G/s: agent")
	require.Equal(t, 5.0/8, s.of("r").Share)
	require.Equal(t, [3]string{"cpus:3", "{}", "cpus:1"}, s.books("A1"))
	s.ok(s.a.SetAgentActive(s.now, "A1", true))
	s.expect("A1 -> G/s: cpus:3") // activation starts a run
	s.ok(s.a.RemoveAgent(s.now, "A1"))
	s.expect("A1 x G/s: agent")
	require.Equal(t, 1.0, s.of("r").Share)
	require.Equal(t, 0.0, s.of("s").Share)
	require.Equal(t, []offer.AgentID{"A2"}, s.a.Agents())
}

// A framework that goes inactive loses its offers silently and its clients their places; what it uses stays charged until
// it is removed, and then is free at once.
//
// docs/allocation.md §4
func TestFrameworkGone(t *testing.T) {
	s := ours(t)
	s.framework("F", "r")
	s.framework("G", "s")
	s.agent("A1", "cpus:4", "used=F/r/cpus:2")
	s.agent("A2", "cpus:4", "used=G/s/cpus:2")
	s.expect("A1 -> F/r: cpus:2", "A2 -> G/s: cpus:2")
	s.ok(s.a.SetFrameworkActive(s.now, "F", false))
	s.expect("A1 -> G/s: cpus:2")
	require.Equal(t, []role.Name{"s"}, s.a.RoleOrder())
	require.Equal(t, .25, s.of("r").Share)
	s.ok(s.a.RemoveFramework(s.now, "F"))
	s.expect("A1 -> G/s: cpus:2")
	require.Equal(t, []role.Name{"s"}, s.known())
}

// A framework update replaces everything at once: offers of dropped roles are taken back, those of suppressed ones not; new
// roles start active.
//
// docs/allocation.md §4
func TestFrameworkUpdate(t *testing.T) {
	s := ours(t)
	s.framework("F", "a,b")
	s.agent("A1", "cpus:4")
	s.agent("A2", "cpus:4")
	s.expect("A1 -> F/a: cpus:4", "A2 -> F/b: cpus:4")
	f := spec("F", "b,c")
	f.Suppressed = []role.Name{"b"}
	s.ok(s.a.UpdateFramework(s.now, f))
	s.expect("A1 x F/a: role", "A1 -> F/c: cpus:4")
	require.Equal(t, []role.Name{"b", "c"}, s.known())
	o, ok := s.a.Outstanding(2)
	require.True(t, ok)
	require.Equal(t, role.Name("b"), o.Role)
}

// Weights: the reference takes every offer back if a named role has frameworks, ours none.
//
// docs/allocation.md §4
func TestWeightsAndOffers(t *testing.T) {
	setUp := func(s *stand) {
		s.framework("F", "r")
		s.framework("G", "g")
		s.agent("A1", "cpus:4")
		s.agent("A2", "cpus:4")
		s.expect("A1 -> G/g: cpus:4", "A2 -> F/r: cpus:4") // by name
	}
	s := ours(t)
	setUp(s)
	s.weights("r=2")
	s.expect()
	s = strict(t, func(r *offer.Rules) { r.Rescind = true })
	setUp(s)
	s.weights("x=2") // nobody is in x
	s.expect()
	s.weights("r=2")
	s.expect("A1 x G/g: weights", "A2 x F/r: weights")
}

// Quota: offers of a role above its new limit are taken back, the latest first; then those of others as far as a new
// guarantee needs them. Not more than needed.
//
// docs/allocation.md §4
func TestQuotaAndOffers(t *testing.T) {
	s := ours(t)
	s.framework("F", "q")
	s.ok(s.a.Suppress(s.now, "F"))
	for _, g := range []offer.AgentID{"A1", "A2", "A3"} {
		s.agent(g, "cpus:4;mem:64")
	}
	s.ok(s.a.Revive(s.now, "F"))
	s.expect("A1 -> F/q: cpus:4; mem:64", "A2 -> F/q: cpus:4; mem:64", "A3 -> F/q: cpus:4; mem:64")
	s.ok(s.a.Suppress(s.now, "F"))
	set := func(r, guarantee, limit string) {
		c, err := quota.Parse(r, guarantee, limit)
		require.NoError(t, err)
		s.ok(s.a.SetQuota(s.now, []quota.Config{c}, false))
	}
	set("q", "", "cpus:9")
	s.expect("A3 x F/q: quota") // 12 − 4
	set("other", "cpus:4", "")
	s.expect() // A3 is free
	set("other", "cpus:5", "")
	s.expect("A2 x F/q: quota")
}

// A role is known while it has a weight, quota, a framework, a reservation, or a known role below it.
//
// docs/allocation.md §4
func TestKnownRoles(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		for name, c := range map[string]struct{ come, leave func() }{
			"weight":      {func() { s.weights("a/b=2") }, func() { s.weights("a/b=1") }},
			"reservation": {func() { s.agent("A1", "cpus(a/b):1") }, func() { s.ok(s.a.RemoveAgent(s.now, "A1")) }},
			"framework":   {func() { s.framework("F", "a/b") }, func() { s.ok(s.a.RemoveFramework(s.now, "F")) }},
		} {
			require.Empty(t, s.known(), name)
			c.come()
			require.Equal(t, []role.Name{"a", "a/b"}, s.known(), name)
			c.leave()
			require.Empty(t, s.known(), name)
		}
		s.quota("a", "cpus:1", "")
		require.Equal(t, []role.Name{"a"}, s.known())
		s.quota("a", "", "")
		require.Empty(t, s.known())
	})
}

// A framework that left a role stays charged, unlisted, until the last of it is given back.
//
// docs/allocation.md §4
func TestUseInARoleThatWasLeft(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "a,b")
		s.agent("A1", "cpus:4", "used=F/a/cpus:4")
		s.expect()
		s.ok(s.a.UpdateFramework(s.now, spec("F", "b")))
		require.Equal(t, 1.0, s.of("a").Share)
		require.Equal(t, []role.Name{"b"}, s.a.RoleOrder())
		s.release("F", "a", "A1", "cpus:4")
		s.after(time.Second, "A1 -> F/b: cpus:4")
		require.Equal(t, []role.Name{"b"}, s.known())
	})
}
