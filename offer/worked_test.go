package offer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// The worked examples of docs/allocation.md, each under the reference's rules and under ours. GB of the tables are 1024 MB.

// E8: what is reserved and offered weighs on its role, so that the other role gets both new agents.
//
// docs/allocation.md §1.5
func TestE8Reserved(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F1", "r1")
		s.agent("A1", "cpus:1;cpus(r1):100")
		s.expect("A1 -> F1/r1: cpus:1; cpus(reservations: [(STATIC,r1)]):100")
		s.framework("F2", "r2")
		s.agent("A2", "cpus:2") // r1 101/103, r2 0
		s.expect("A2 -> F2/r2: cpus:2")
		require.InDelta(t, 101.0/103, s.of("r1").Share, 1e-12)
		s.agent("A3", "cpus:2") // r1 101/105, r2 2/105
		s.expect("A3 -> F2/r2: cpus:2")
		require.InDelta(t, 101.0/105, s.of("r1").Share, 1e-12)
		require.InDelta(t, 4.0/105, s.of("r2").Share, 1e-12)
	})
}

// H1: n2 counts as big as its cpu-only child, so that freed gpus go back to n1 for ever. Neither set of rules rescales.
//
// docs/allocation.md §1.6
func TestH1NestedStarvation(t *testing.T) {
	for name, s := range map[string]*stand{"strict": strict(t, noMinimum), "ours": ours(t, noMinimum)} {
		t.Run(name, func(t *testing.T) {
			s.framework("Fn1", "n1:gpu")
			s.framework("Fc", "n2/c:gpu")
			s.framework("Fg", "n2/g:gpu")
			s.agent("A1", "cpus:10;gpus:10", "used=Fc/n2/c/cpus:10", "used=Fn1/n1/gpus:10")
			s.after(time.Second)
			for _, freed := range []string{"gpus:1", "gpus:1", "gpus:5"} {
				s.release("Fn1", "n1", "A1", freed) // n1 below 1, n2 at 1
				s.after(time.Second, "A1 -> Fn1/n1: "+freed)
				s.accept("Fn1", "A1", "", 0)
			}
		})
	}
}

// Q0: need flows down the tree, and every limit keeps room for the guarantees under it. The reference has no quota below
// the top level.
//
// docs/allocation.md §2.8
func TestQ0NeedFlowsDown(t *testing.T) {
	s := ours(t)
	s.quota("a", "cpus:10", "cpus:14")
	s.quota("a/b", "cpus:4", "")
	s.quota("a/c", "cpus:3", "")
	s.framework("Fd", "a/d")
	s.agent("A1", "cpus:3") // u(d) = max(0, 10 − 4 − 3) = 3
	s.expect("A1 -> Fd/a/d: cpus:3")
	s.agent("A2", "cpus:100") // u(d) = 0, room of d = 14 − 3 − 7 = 4
	s.expect("A2 -> Fd/a/d: cpus:4")
	s.gate(offer.GateLimit, "Fd", "a/d", "A2")
	s.framework("Fb", "a/b")
	s.expect("A2 -> Fb/a/b: cpus:4")
	s.framework("Fc", "a/c")
	s.expect("A2 -> Fc/a/c: cpus:3")
	require.Equal(t, "cpus:14", s.of("a").Offered.String())
	s.gate(offer.GateLimit, "Fb", "a/b", "A2")

	s = ours(t)
	s.quota("a", "cpus:10", "cpus:14")
	s.quota("a/b", "cpus:4", "")
	s.quota("a/c", "cpus:3", "")
	s.framework("Fa", "a")
	s.agent("A1", "cpus:10")
	s.expect("A1 -> Fa/a: cpus:3") // u(a) − 4 − 3; there is no surplus

	c, err := quota.Parse("a/b", "cpus:1", "")
	require.NoError(t, err)
	require.ErrorIs(t, strict(t).a.SetQuota(0, []quota.Config{c}, true), offer.ErrNestedQuota)
}

// Q1: one agent at a time: role level first, then framework level.
//
// docs/allocation.md §2.9
func TestQ1OneAtATime(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F1", "red")
		s.agent("A1", "cpus:4;mem:8192")
		s.expect("A1 -> F1/red: cpus:4; mem:8192")
		s.framework("F2", "blue")
		s.agent("A2", "cpus:2;mem:4096") // red 4/6, blue 0
		s.expect("A2 -> F2/blue: cpus:2; mem:4096")
		s.agent("A3", "cpus:6;mem:12288") // red 4/12, blue 2/12
		s.expect("A3 -> F2/blue: cpus:6; mem:12288")
		s.framework("F3", "red")
		s.agent("A4", "cpus:8;mem:16384") // red 4/20, blue 8/20; F1 .2, F3 0
		s.expect("A4 -> F3/red: cpus:8; mem:16384")
		s.framework("F4", "red")
		s.agent("A5", "cpus:2;mem:4096") // red 12/22, blue 8/22: not F4, which has nothing
		s.expect("A5 -> F2/blue: cpus:2; mem:4096")
	})
}

// Q2: weights 1, 2 and 3 share six equal agents 1, 2 and 3; weights that change move nothing that was granted.
//
// docs/allocation.md §2.9
func TestQ2Weights(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.weights("r2=2", "r3=3")
		s.together(func() {
			for _, r := range []string{"r1", "r2", "r3"} {
				s.framework(offer.FrameworkID("F"+r[1:]), r)
			}
			for _, g := range []offer.AgentID{"A1", "A2", "A3", "A4", "A5", "A6"} {
				s.agent(g, "cpus:2;mem:1024")
			}
		})
		s.after(time.Second,
			"A1 -> F1/r1: cpus:2; mem:1024", // all 0: by name
			"A2 -> F2/r2: cpus:2; mem:1024", // 1/6, 0, 0
			"A3 -> F3/r3: cpus:2; mem:1024", // 1/6, 1/12, 0
			"A4 -> F3/r3: cpus:2; mem:1024", // 1/6, 1/12, 1/18
			"A5 -> F2/r2: cpus:2; mem:1024", // 1/6, 1/12, 2/18
			"A6 -> F3/r3: cpus:2; mem:1024", // 1/6, 1/6, 2/18
		)
		for _, r := range []role.Name{"r1", "r2", "r3"} {
			require.InDelta(t, 1.0/6, s.of(r).Share/s.of(r).Weight, 1e-12)
		}
		s.weights("r1=9")
		s.after(2 * time.Second)
		require.Equal(t, 6, s.a.Stats().Outstanding)
	})
}

// Q3: a guarantee that is also the limit. The reference gives the first all disk and ports, ours in proportion:
// ρ = max(4/16, 10/64) = ¼.
//
// docs/allocation.md §2.9
func TestQ3Chop(t *testing.T) {
	setUp := func(s *stand) {
		s.quota("q", "cpus:4;mem:10240", "cpus:4;mem:10240")
		s.together(func() {
			s.framework("Fq", "q")
			s.framework("Fn", "n")
			s.agent("A1", "cpus:16;mem:65536;disk:100;ports:[31000-31099]")
		})
	}
	t.Run("strict", func(t *testing.T) {
		s := strict(t)
		setUp(s)
		s.after(time.Second,
			"A1 -> Fq/q: cpus:4; disk:100; mem:10240; ports:[31000-31099]",
			"A1 -> Fn/n: cpus:12; mem:55296")
	})
	t.Run("ours", func(t *testing.T) {
		s := ours(t)
		setUp(s)
		s.after(time.Second,
			"A1 -> Fq/q: cpus:4; disk:25; mem:10240; ports:[31000-31024]",
			"A1 -> Fn/n: cpus:12; disk:75; mem:55296; ports:[31025-31099]")
	})
}

// Q4: a guarantee without a framework holds two of three agents back.
//
// docs/allocation.md §2.9
func TestQ4Headroom(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q", "cpus:8;mem:16384", "")
		s.together(func() {
			s.framework("Fn", "n")
			for _, g := range []offer.AgentID{"A1", "A2", "A3"} {
				s.agent(g, "cpus:4;mem:8192")
			}
		})
		s.after(time.Second, "A1 -> Fn/n: cpus:4; mem:8192") // surplus 12 − 8
		s.gate(offer.GateHeadroom, "Fn", "n", "A2")
		s.gate(offer.GateHeadroom, "Fn", "n", "A3")
	})
}

// Q5: headroom cuts an agent.
//
// docs/allocation.md §2.9
func TestQ5HeadroomCuts(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q", "cpus:8;mem:16384", "")
		s.together(func() {
			s.framework("Fn", "n")
			s.agent("A1", "cpus:6;mem:12288")
			s.agent("A2", "cpus:6;mem:12288")
		})
		s.after(time.Second, "A1 -> Fn/n: cpus:4; mem:8192") // surplus ⟨12 − 8, 24 − 16⟩
		r, _ := s.a.Agent("A1")
		require.Equal(t, "cpus:2; mem:4096", r.Free.String())
		r, _ = s.a.Agent("A2")
		require.Equal(t, "cpus:6; mem:12288", r.Free.String())
	})
}

// Q6: once mem is used up the second agent has cpus only to give: too little for our minimum, which asks for mem too.
//
// docs/allocation.md §2.9
func TestQ6Uneven(t *testing.T) {
	setUp := func(s *stand) {
		s.quota("q", "cpus:4;mem:1024", "cpus:4;mem:1024")
		s.together(func() {
			s.framework("Fq", "q")
			s.agent("A1", "cpus:2;mem:1024")
			s.agent("A2", "cpus:2;mem:1024")
		})
	}
	t.Run("strict", func(t *testing.T) {
		s := strict(t)
		setUp(s)
		s.after(time.Second, "A1 -> Fq/q: cpus:2; mem:1024", "A2 -> Fq/q: cpus:2")
	})
	t.Run("ours", func(t *testing.T) {
		s := ours(t)
		setUp(s)
		s.after(time.Second, "A1 -> Fq/q: cpus:2; mem:1024")
		s.gate(offer.GateLimit, "Fq", "q", "A2")
	})
	t.Run("ours without a minimum", func(t *testing.T) {
		s := ours(t, noMinimum)
		setUp(s)
		s.after(time.Second, "A1 -> Fq/q: cpus:2; mem:1024", "A2 -> Fq/q: cpus:2")
	})
}

// Q7: a reservation counts against the guarantee: consumed 4, still needed 2.
//
// docs/allocation.md §2.9
func TestQ7ReservationCounts(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q", "cpus:6", "cpus:6")
		s.together(func() {
			s.framework("Fq", "q")
			s.framework("Fn", "n")
			s.agent("A1", "cpus(q):4")
			s.agent("A2", "cpus:8")
		})
		s.after(time.Second,
			"A2 -> Fq/q: cpus:2",                             // first stage: 6 − 4
			"A1 -> Fq/q: cpus(reservations: [(STATIC,q)]):4", // second
			"A2 -> Fn/n: cpus:6")
	})
}

// Q8: burst up to the limit.
//
// docs/allocation.md §2.9
func TestQ8Burst(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q1", "cpus:2", "cpus:6")
		s.framework("F1", "q1")
		s.agent("A1", "cpus:8")
		s.expect("A1 -> F1/q1: cpus:6")
		s.after(time.Second)
		s.gate(offer.GateLimit, "F1", "q1", "A1")
	})
}

// Q9: burst within the headroom: surplus 8 − 5 = 3, so 2 + 3, and 3 stay for q2.
//
// docs/allocation.md §2.9
func TestQ9BurstAgainstHeadroom(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q1", "cpus:2", "cpus:6")
		s.quota("q2", "cpus:3", "")
		s.framework("F1", "q1")
		s.agent("A1", "cpus:8")
		s.expect("A1 -> F1/q1: cpus:5")
		s.gate(offer.GateHeadroom, "F1", "q1", "A1") // the limit would leave it 1 more
		s.after(time.Second)
		s.framework("F2", "q2")
		s.after(time.Second, "A1 -> F2/q2: cpus:3")
	})
}

// Q10: two guarantees. The reference bursts in the first stage, ours only in the second.
//
// docs/allocation.md §2.9
func TestQ10TwoGuarantees(t *testing.T) {
	setUp := func(s *stand) {
		s.quota("q1", "cpus:4", "cpus:8")
		s.quota("q2", "cpus:6", "cpus:6")
		s.together(func() {
			s.framework("F1", "q1")
			s.framework("F2", "q2")
			s.framework("Fn", "n")
			s.agent("A1", "cpus:8")
			s.agent("A2", "cpus:8")
		})
	}
	merged := []string{
		"A1 -> F1/q1: cpus:8", // 4 and a burst of min(4, 8 − 4, 16 − 10)
		"A2 -> F2/q2: cpus:6", "A2 -> Fn/n: cpus:2",
	}
	t.Run("strict", func(t *testing.T) {
		s := strict(t)
		setUp(s)
		s.after(time.Second, merged...)
	})
	t.Run("ours merged", func(t *testing.T) {
		s := ours(t, func(r *offer.Rules) { r.GuaranteeFirst = false })
		setUp(s)
		s.after(time.Second, merged...)
	})
	t.Run("ours", func(t *testing.T) {
		s := ours(t)
		setUp(s)
		s.after(time.Second,
			"A1 -> F1/q1: cpus:4", "A1 -> F2/q2: cpus:4", "A2 -> F2/q2: cpus:2",
			"A2 -> Fn/n: cpus:6") // Fn has share 0, the surplus is all that is left
	})
}

// Q11: guarantees beyond what there is are met as far as it goes, and nobody bursts.
//
// docs/allocation.md §2.9
func TestQ11Overcommitted(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q1", "cpus:6", "cpus:9")
		s.quota("q2", "cpus:6", "")
		s.together(func() {
			s.framework("F1", "q1")
			s.framework("F2", "q2")
			s.framework("Fn", "n")
			s.agent("A1", "cpus:8")
		})
		s.after(time.Second, "A1 -> F1/q1: cpus:6", "A1 -> F2/q2: cpus:2")
		s.agent("A2", "cpus:4") // all of it is needed: q2 lacks 4
		s.after(time.Second, "A2 -> F2/q2: cpus:4")
	})
}

// Q12: reservations beyond a guarantee do not pay for that of another role: required = 0 + 1.
//
// docs/allocation.md §2.9
func TestQ12ReservationsExceedQuota(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q1", "cpus:1", "")
		s.quota("q2", "cpus:1", "")
		s.together(func() {
			s.framework("Fn", "n")
			s.agent("A1", "cpus(q1):2")
			s.agent("A2", "cpus:1")
			s.agent("A3", "cpus:1")
		})
		s.after(time.Second, "A2 -> Fn/n: cpus:1")
		s.gate(offer.GateHeadroom, "Fn", "n", "A3")
	})
}

// Q13: reservations flow down the tree, never up.
//
// docs/allocation.md §2.9
func TestQ13Ancestors(t *testing.T) {
	const a, ab = "cpus(reservations: [(STATIC,a)]):1", "cpus(reservations: [(STATIC,a/b)]):4"
	for r, want := range map[string]string{
		"a/b/c": "cpus:2; " + a + "; " + ab, "a/b": "cpus:2; " + a + "; " + ab, "a": "cpus:2; " + a, "x": "cpus:2",
	} {
		t.Run(r, func(t *testing.T) {
			under(t, func(t *testing.T, s *stand) {
				s.framework("F", r)
				s.agent("A1", "cpus(a):1;cpus(a/b):4;cpus:2")
				s.expect("A1 -> F/" + r + ": " + want)
			})
		})
	}
}

// Q14: a mount disk is offered whole or not at all. Of the limit of 150 the first takes 100; the next 100 do not fit in the
// 50 that are left, a plain disk of 150 is cut to them.
//
// docs/allocation.md §2.9
func TestQ14Uncuttable(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		mount := list(scalarText("cpus", .5), scalarText("mem", 512), diskText(`{"type":"MOUNT","mount":{"root":"/mnt"}}`, 100))
		s.quota("q", "cpus:2;mem:2048;disk:150", "cpus:2;mem:2048;disk:150")
		s.framework("F1", "q")
		s.agent("A1", mount)
		s.expect("A1 -> F1/q: cpus:0.5; disk[MOUNT:/mnt]:100; mem:512")
		s.agent("A2", mount)
		s.expect("A2 -> F1/q: cpus:0.5; mem:512")
		s.agent("A3", "cpus:2;mem:2048;disk:150")
		s.expect("A3 -> F1/q: cpus:1; disk:50; mem:1024") // 2 − .5 − .5, 150 − 100, 2048 − 2·512
	})
}

// Q15: what is reserved for a role below counts upward: ⟨2, 200⟩ − ⟨1, 100⟩.
//
// docs/allocation.md §2.9
func TestQ15SubroleCountsUpward(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("a", "cpus:2;mem:200", "cpus:2;mem:200")
		s.together(func() {
			s.framework("F", "a")
			s.agent("A1", "cpus(a/b):1;mem(a/b):100")
			s.agent("A2", "cpus:10;mem:1000")
		})
		s.after(time.Second, "A2 -> F/a: cpus:1; mem:100")
	})
}

// Q16: a framework that cannot handle refined reservations comes first and does not block one that can.
//
// docs/allocation.md §2.9
func TestQ16IncapableFirst(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F1", "p/c:refined")
		s.agent("A1", "cpus:1;mem:100")
		s.expect("A1 -> F1/p/c: cpus:1; mem:100")
		s.framework("F2", "p/c")
		require.Equal(t, []offer.FrameworkID{"F2", "F1"}, s.a.FrameworkOrder("p/c"))
		s.agent("A2", list(scalarText("cpus", 4, "p", "p/c"), scalarText("mem", 400, "p", "p/c")))
		s.expect("A2 -> F1/p/c: cpus(reservations: [(STATIC,p),(DYNAMIC,p/c)]):4; mem(reservations: [(STATIC,p),(DYNAMIC,p/c)]):400")
		s.gate(offer.GateNothingFree, "F2", "p/c", "A2")
		s.decline("F1", "A2", 0)
		s.gate(offer.GateStripped, "F2", "p/c", "A2")
	})
}

// Q17: an agent with gpus is hidden, cpus and all, from frameworks that cannot handle gpus.
//
// docs/allocation.md §2.9
func TestQ17GPU(t *testing.T) {
	setUp := func(s *stand) {
		s.framework("F1", "r")
		s.framework("F2", "r:gpu")
		s.agent("A1", "cpus:8;gpus:2;mem:64")
	}
	under(t, func(t *testing.T, s *stand) {
		setUp(s)
		s.expect("A1 -> F2/r: cpus:8; gpus:2; mem:64")
	})
	off := func(r *offer.Rules) { r.Scarce = nil }
	for name, s := range map[string]*stand{"strict, gate off": strict(t, off), "ours, gate off": ours(t, off)} {
		t.Run(name, func(t *testing.T) {
			setUp(s)
			s.expect("A1 -> F1/r: cpus:8; gpus:2; mem:64")
		})
	}
}

// Q18: an agent of another region is hidden from frameworks that know no regions; one without a domain is local.
//
// docs/allocation.md §2.9
func TestQ18Region(t *testing.T) {
	under(t, func(t *testing.T, s *stand) { // the allocator is in eu
		s.framework("F1", "r")
		s.agent("A1", "cpus:4;mem:64", "region=us")
		s.agent("A2", "cpus:4;mem:64")
		s.expect("A2 -> F1/r: cpus:4; mem:64")
		s.gate(offer.GateRegion, "F1", "r", "A1")
		s.framework("F2", "r:region")
		s.expect("A1 -> F2/r: cpus:4; mem:64")
	})
}

// Q19: what one framework cannot handle goes to the next one in the same run.
//
// docs/allocation.md §2.9
func TestQ19Strip(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F1", "r")
		s.framework("F2", "r:rev")
		s.agent("A1", list(scalarText("cpus", 4), revocableText("cpus", 3)))
		s.expect("A1 -> F1/r: cpus:4", "A1 -> F2/r: cpus{REV}:3")
	})
}

// Q20: a shared volume. Under the reference's rules it alone fails the minimum, and with an override both get it in each
// run; ours shows it to one of them per run, and to nobody who holds an offer of it.
//
// docs/allocation.md §2.9
func TestQ20Shared(t *testing.T) {
	const v = "disk(reservations: [(DYNAMIC,r)])[v:v]<SHARED>:100<1>"
	a1 := list(scalarText("cpus", 4), sharedText("r", 100))
	t.Run("strict", func(t *testing.T) {
		s := strict(t)
		s.framework("F1", "r:shared")
		s.framework("F2", "r:shared")
		s.agent("A1", a1)
		s.expect("A1 -> F1/r: cpus:4; " + v)
		s.after(3 * time.Second)
		s.gate(offer.GateTooLittle, "F2", "r", "A1")
	})
	t.Run("strict with an override", func(t *testing.T) {
		s := strict(t)
		s.frameworkMin("F1", "r:shared", "disk:1")
		s.frameworkMin("F2", "r:shared", "disk:1")
		s.agent("A1", a1)
		s.expect("A1 -> F1/r: cpus:4; "+v, "A1 -> F2/r: "+v)
		s.after(time.Second, "A1 -> F1/r: "+v, "A1 -> F2/r: "+v) // shares 1, counts 1
	})
	for name, add := range map[string]func(s *stand, id offer.FrameworkID){
		"ours":                  func(s *stand, id offer.FrameworkID) { s.framework(id, "r:shared") },
		"ours with an override": func(s *stand, id offer.FrameworkID) { s.frameworkMin(id, "r:shared", "disk:1") },
	} {
		t.Run(name, func(t *testing.T) {
			s := ours(t)
			s.together(func() {
				add(s, "F1")
				add(s, "F2")
				s.agent("A1", a1)
			})
			s.out.Reset()
			s.a.Poll(s.now, &s.out) // one run
			require.Len(t, s.out.Offers, 1)
			require.EqualValues(t, "F1", s.out.Offers[0].Framework)
			require.Equal(t, "cpus:4; "+v, s.out.Offers[0].Resources.String())
			s.after(0, "A1 -> F2/r: "+v) // the next one
			s.after(3 * time.Second)     // both hold an offer of it
		})
	}
}

// Q21: a framework in two roles gets two offers, never a mixed one.
//
// docs/allocation.md §2.9
func TestQ21TwoRolesOneFramework(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.together(func() {
			s.framework("F", "r1,r2")
			s.agent("A1", "cpus:4;mem:64")
			s.agent("A2", "cpus:4;mem:64")
		})
		s.after(time.Second, "A1 -> F/r1: cpus:4; mem:64", "A2 -> F/r2: cpus:4; mem:64")
		_, err := s.a.Accept(s.now, s.offers("F", ""), nil, resource.Resources{}, offer.Filter{})
		require.ErrorIs(t, err, offer.ErrMixedOffers)
	})
}

// Q22: below the minimum nothing is offered, unless the framework overrides it.
//
// docs/allocation.md §2.9
func TestQ22Minimum(t *testing.T) {
	for name, sets := range map[string][]string{"cpus:.003": {"cpus:.003"}, "no set": nil} {
		t.Run(name, func(t *testing.T) {
			under(t, func(t *testing.T, s *stand) {
				s.framework("F", "r")
				s.agent("A1", "cpus:.005;mem:16;disk:128")
				s.expect()
				s.gate(offer.GateTooLittle, "F", "r", "A1")
				f := spec("F", "r")
				f.MinAllocatable = minimums(t, f.Roles, sets...)
				s.ok(s.a.UpdateFramework(s.now, f))
				s.after(time.Second, "A1 -> F/r: cpus:0.005; disk:128; mem:16")
			})
		})
	}
}

// Q23: a refusal is not a release: what is still guaranteed stays held back, and comes back when the filter ends.
//
// docs/allocation.md §2.9
func TestQ23DeclineIsNotRelease(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q", "cpus:2;mem:1024", "")
		s.framework("Fq", "q")
		s.agent("A1", "cpus:1;mem:512", "used=Fq/q/cpus:1;mem:512")
		s.framework("Fn", "n")
		s.agent("A2", "cpus:1;mem:512")
		s.expect("A2 -> Fq/q: cpus:1; mem:512")
		s.decline("Fq", "A2", 2*time.Second)
		s.after(2*time.Second - 1)
		s.gate(offer.GateHeadroom, "Fn", "n", "A2")
		s.after(1, "A2 -> Fq/q: cpus:1; mem:512")
	})
}
