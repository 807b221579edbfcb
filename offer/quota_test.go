package offer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role/quota"
)

// A name that a limit leaves out is not limited, a limit of 0 is one; a name that a guarantee leaves out is not guaranteed.
//
// docs/allocation.md §2.4
func TestMissingNamesAndZero(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q", "mem:64", "cpus:0;mem:64")
		s.frameworkMin("F", "q")
		s.agent("A1", "cpus:4;mem:128;disk:7")
		s.expect("A1 -> F/q: disk:7; mem:64")
		s.gate(offer.GateLimit, "F", "q", "A1")
	})
}

// What is reserved for a role or below it counts as consumed, in use or not, on a deactivated agent too.
//
// docs/allocation.md §2.4
func TestReservationsAreConsumed(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q", "", "cpus:6")
		s.framework("F", "q")
		s.agent("A1", "cpus(q/x):3;cpus(q):1", "inactive")
		s.agent("A2", "cpus:8")
		s.expect("A2 -> F/q: cpus:2") // 6 − 3 − 1
	})
}

// Reserving what one holds leaves consumed as it is; so does giving the reservation back unused.
//
// docs/allocation.md §2.4
func TestReservingKeepsConsumed(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q", "cpus:4", "cpus:4")
		s.framework("F", "q")
		s.agent("A1", "cpus:8")
		s.expect("A1 -> F/q: cpus:4")
		reserved, err := resource.MustParse("cpus:3").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "q"})
		require.NoError(t, err)
		_, err = s.a.Accept(s.now, s.offers("F", "A1"), []reservation.Op{reservation.Reserve{Resources: reserved}},
			resource.MustParse("cpus:1").Add(reserved), offer.Filter{})
		s.ok(err)
		s.after(time.Second) // 4 are consumed: 3 reserved and 1 used
		s.ok(s.a.Release(s.now, offer.Allocation{Framework: "F", Role: "q", Agent: "A1"}, reserved))
		s.after(time.Second, "A1 -> F/q: "+reserved.String())
		s.release("F", "q", "A1", "cpus:1")
		s.after(time.Second, "A1 -> F/q: cpus:1") // and not 4
	})
}

// Revocable use is free of quota.
//
// docs/allocation.md §2.4
func TestRevocableIsFreeOfQuota(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q", "", "cpus:2")
		s.framework("F", "q:rev")
		s.agent("A1", list(scalarText("cpus", 4), revocableText("cpus", 10)))
		s.expect("A1 -> F/q: cpus:2; cpus{REV}:10")
	})
}

// Free revocable resources are no headroom: 4 cpus are free and needed.
//
// docs/allocation.md §2.4
func TestRevocableIsNoHeadroom(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q", "cpus:4", "")
		s.framework("F", "n")
		s.agent("A1", list(scalarText("cpus", 4), revocableText("cpus", 10)))
		s.after(time.Second)
		s.gate(offer.GateHeadroom, "F", "n", "A1")
	})
}

// What operators see as consumed leaves offers out; the cycle counts them.
//
// docs/allocation.md §2.4
func TestConsumedOfOperators(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "q")
		s.agent("A1", "cpus:4;mem:512")
		s.expect("A1 -> F/q: cpus:4; mem:512")
		s.accept("F", "A1", "cpus:1;mem:64", aDay)
		s.after(time.Second)
		s.ok(s.a.Revive(s.now, "F"))
		s.expect("A1 -> F/q: cpus:3; mem:448") // 1 is used, 3 are offered
		set := func(limit string) error {
			c, err := quota.Parse("q", "", limit)
			require.NoError(t, err)
			return s.a.SetQuota(s.now, []quota.Config{c}, false)
		}
		require.ErrorIs(t, set("cpus:0.5"), quota.ErrLimitBelowUse)
		s.ok(set("cpus:1"))
		s.play(0)
		s.agent("A2", "cpus:1")
		s.after(time.Second)
		s.gate(offer.GateLimit, "F", "q", "A2")
	})
}

// Guarantees add up to no more than their parent's, and, unless forced, to what there is that is not revocable; a
// guarantee is no more than its limit.
//
// docs/allocation.md §2.4
func TestQuotaIsValidated(t *testing.T) {
	s := ours(t)
	s.agent("A1", list(scalarText("cpus", 4), revocableText("cpus", 10)), "inactive")
	set := func(r, guarantee, limit string, force bool) error {
		c, err := quota.Parse(r, guarantee, limit)
		if err != nil {
			return err
		}
		return s.a.SetQuota(s.now, []quota.Config{c}, force)
	}
	s.ok(set("a", "cpus:4", "", false))
	s.ok(set("a/b", "cpus:3", "", false))
	require.ErrorIs(t, set("a/c", "cpus:2", "", true), quota.ErrTree)
	require.ErrorIs(t, set("d", "cpus:2", "cpus:1", true), quota.ErrLimitBelowGuarantee)
	require.ErrorIs(t, set("d", "cpus:1", "", false), quota.ErrOvercommit)
	s.ok(set("d", "cpus:1", "", true))
	require.Equal(t, "cpus:1", s.of("d").Guarantee.String())
}

// Our headroom rests on agents that can be offered, the reference's on all that are known.
//
// docs/allocation.md §2.4
func TestHeadroomOfAgentsThatCannotBeOffered(t *testing.T) {
	for name, hide := range map[string]func(s *stand){
		"deactivated":     func(s *stand) { s.ok(s.a.SetAgentActive(s.now, "A1", false)) },
		"not whitelisted": func(s *stand) { s.ok(s.a.Whitelist(s.now, []string{"h2"})) },
	} {
		setUp := func(s *stand) {
			s.quota("q", "cpus:4", "")
			s.agent("A1", "cpus:4", "host=h1")
			hide(s)
			s.framework("Fn", "n")
			s.agent("A2", "cpus:4", "host=h2")
		}
		t.Run(name+"/strict", func(t *testing.T) {
			s := strict(t)
			setUp(s)
			s.expect("A2 -> Fn/n: cpus:4") // 8 − 4
		})
		t.Run(name+"/ours", func(t *testing.T) {
			s := ours(t)
			setUp(s)
			s.after(time.Second)
			s.gate(offer.GateHeadroom, "Fn", "n", "A2") // 4 − 4
		})
	}
}

// The first stage takes along, uncut, what is no unreserved scalar: the role's reservations, ports and revocable resources,
// and names without a guarantee. Ours takes ports and names in proportion, ρ = 2/8.
//
// docs/allocation.md §2.5
func TestFirstStageTakesAlong(t *testing.T) {
	setUp := func(s *stand) {
		s.quota("q", "cpus:2", "cpus:2")
		s.together(func() {
			s.framework("Fq", "q:rev")
			s.framework("Fn", "n:rev")
			s.agent("A1", "["+scalarText("cpus", 8)+","+revocableText("cpus", 3)+","+scalarText("mem", 512, "q")+","+scalarText("disk", 40)+
				`,{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":1,"end":8}]}}]`)
		})
	}
	s := strict(t)
	setUp(s)
	s.after(time.Second,
		"A1 -> Fq/q: cpus:2; cpus{REV}:3; disk:40; mem(reservations: [(STATIC,q)]):512; ports:[1-8]",
		"A1 -> Fn/n: cpus:6")
	s = ours(t, noMinimum)
	setUp(s)
	s.after(time.Second,
		"A1 -> Fq/q: cpus:2; disk:10; mem(reservations: [(STATIC,q)]):512; ports:[1-2]",
		"A1 -> Fn/n: cpus:6; cpus{REV}:3; disk:30; ports:[3-8]")
}

// A cpu-only guarantee brings memory, unless the surplus leaves none: the offer goes out without.
//
// docs/allocation.md §2.5
func TestRidersNeedSurplus(t *testing.T) {
	setUp := func(s *stand) {
		s.quota("q", "cpus:2", "")
		s.quota("q2", "mem:512", "")
		s.framework("Fq", "q")
		s.agent("A1", "cpus:4;mem:512;disk:10")
	}
	s := strict(t)
	setUp(s)
	s.expect("A1 -> Fq/q: cpus:4; disk:10")
	s = ours(t, func(r *offer.Rules) { r.MinAllocatable = strictMinimum })
	setUp(s)
	s.expect("A1 -> Fq/q: cpus:4; disk:10")
	s = ours(t) // where an offer needs memory too, there is none
	setUp(s)
	s.after(time.Second)
	s.gate(offer.GateHeadroom, "Fq", "q", "A1")
}

var strictMinimum = offer.StrictDRF().MinAllocatable

// A guarantee is granted whatever the headroom, a burst only within it.
//
// docs/allocation.md §2.5
func TestGuaranteeIgnoresHeadroom(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q1", "cpus:6", "")
		s.quota("q2", "cpus:6", "")
		s.framework("F1", "q1")
		s.agent("A1", "cpus:8") // 12 are required, 8 there
		s.expect("A1 -> F1/q1: cpus:6")
		s.after(time.Second)
		s.gate(offer.GateHeadroom, "F1", "q1", "A1")
	})
}

// The first stage goes in the order of shares.
//
// docs/allocation.md §2.5
func TestFirstStageInOrderOfShares(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q1", "cpus:4", "cpus:4")
		s.quota("q2", "cpus:4", "cpus:4")
		s.together(func() {
			s.framework("F1", "q1")
			s.framework("F2", "q2")
			s.agent("A0", "cpus:1", "used=F1/q1/cpus:1")
			s.agent("A1", "cpus:4")
			s.agent("A2", "cpus:3")
		})
		s.after(time.Second, "A1 -> F2/q2: cpus:4", "A2 -> F1/q1: cpus:3") // q1 1/8, q2 0
	})
}

// The second stage cuts to limit and surplus per agent, so that the first in order takes the surplus.
//
// docs/allocation.md §2.6
func TestFirstInOrderTakesTheSurplus(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q", "cpus:4", "")
		s.together(func() {
			s.framework("Fa", "a")
			s.framework("Fb", "b")
			s.agent("A1", "cpus:3")
			s.agent("A2", "cpus:4")
		})
		s.after(time.Second, "A1 -> Fa/a: cpus:3") // surplus 7 − 4, and none is left for b
		s.gate(offer.GateHeadroom, "Fb", "b", "A2")
	})
}

// The reference binds nobody below to the limit of a role, and charges it from the next run on; ours counts at once.
//
// docs/allocation.md §2.6
func TestLimitOfAParent(t *testing.T) {
	setUp := func(s *stand) {
		s.quota("a", "", "cpus:2")
		s.framework("F1", "a/b")
		s.framework("F2", "a")
		s.together(func() { s.agent("A1", "cpus:4"); s.agent("A2", "cpus:1") })
	}
	s := strict(t)
	setUp(s)
	s.after(time.Second, "A1 -> F2/a: cpus:2", "A1 -> F1/a/b: cpus:2", "A2 -> F1/a/b: cpus:1")
	s.gate(offer.GateNothingFree, "F1", "a/b", "A1")
	s = ours(t)
	setUp(s)
	s.after(time.Second, "A1 -> F2/a: cpus:2")
	s.gate(offer.GateLimit, "F1", "a/b", "A1")
}

// A guarantee as big as the cluster, and the only framework in a role below it: nothing is ever offered under the
// reference's rules, all of it under ours.
//
// docs/allocation.md §2.6
func TestGuaranteeOfAParent(t *testing.T) {
	setUp := func(s *stand) {
		s.quota("a", "cpus:4", "cpus:4")
		s.framework("F1", "a/b")
		s.agent("A1", "cpus:4")
	}
	s := strict(t)
	setUp(s)
	s.after(10 * time.Second)
	s.gate(offer.GateHeadroom, "F1", "a/b", "A1")
	s = ours(t)
	setUp(s)
	s.expect("A1 -> F1/a/b: cpus:4")
}

// A burst in the first stage takes the only agent that a later guaranteed role can use. Guarantee first keeps the place free:
// the burst waits.
//
// docs/allocation.md §2.6
func TestBurstDoesNotTakeThePlace(t *testing.T) {
	setUp := func(s *stand) {
		s.quota("q1", "cpus:1", "")
		s.quota("q2", "cpus:1;gpus:1", "")
		s.together(func() {
			s.framework("F1", "q1:gpu")
			s.framework("F2", "q2:gpu")
			s.agent("A1", "cpus:4;gpus:1") // the only one for q2
			s.agent("A2", "cpus:4")
		})
	}
	s := strict(t)
	setUp(s)
	s.after(time.Second, "A1 -> F1/q1: cpus:4", "A2 -> F2/q2: cpus:4") // the gpu alone is below the minimum
	s = ours(t)
	setUp(s)
	s.after(time.Second,
		"A1 -> F1/q1: cpus:3", "A1 -> F2/q2: cpus:1; gpus:1", // 1 each; then q2 has a share of 1, and q1 bursts
		"A2 -> F1/q1: cpus:4")
}

// Room for a burst at each role on the way up is what its limit leaves beside the needs under it.
//
// docs/allocation.md §2.8
func TestLimitKeepsRoomForGuaranteesUnderIt(t *testing.T) {
	s := ours(t)
	s.quota("a", "cpus:5", "cpus:10")
	s.quota("a/b", "", "cpus:6")
	s.quota("a/c", "cpus:5", "")
	s.framework("Fb", "a/b")
	s.agent("A1", "cpus:100")
	s.expect("A1 -> Fb/a/b: cpus:5") // min(6, 10 − 5)
	s.framework("Fc", "a/c")
	s.expect("A1 -> Fc/a/c: cpus:5")
}

// The capacity that guarantees are held against is a sum: it may be beyond what one agent may have, and of names that
// quantities as text cannot say.
//
// docs/allocation.md §2.4
func TestCapacityBeyondOneInput(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	a, err := offer.New(offer.Config{Rules: rules})
	require.NoError(t, err)
	odd, err := resource.New(resource.Resource{Name: "a(b)", Kind: resource.KindScalar, Scalar: 1000})
	require.NoError(t, err)
	most, err := resource.New(resource.Resource{Name: "mem", Kind: resource.KindScalar, Scalar: resource.MaxScalar})
	require.NoError(t, err)
	for _, id := range []offer.AgentID{"A", "B"} {
		require.NoError(t, a.AddAgent(0, offer.AgentSpec{ID: id, Total: most.Add(odd)}))
	}
	c, err := quota.Parse("q", "mem:64", "")
	require.NoError(t, err)
	require.NoError(t, a.SetQuota(0, []quota.Config{c}, false))
}
