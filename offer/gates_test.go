package offer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// The gates are tried in their order: F meets all of them at once, and as each is opened Explain names the next.
//
// docs/allocation.md §2.3
func TestGatesInOrder(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		f := spec("F", "r")
		f.Suppressed = f.Roles
		f.Constraints = map[role.Name][]offer.ConstraintGroup{"r": {{Attributes: []offer.Constraint{{Name: "rack", Is: offer.Exists}}}}}
		s.quota("r", "", "cpus:0;mem:0")
		s.ok(s.a.AddFramework(s.now, f))
		s.framework("G", "g")
		// G uses all of A1, which has gpus and is in another region.
		s.agent("A1", list(scalarText("cpus", 4), scalarText("mem", 512), scalarText("gpus", 1), revocableText("cpus", 2)),
			"region=us", "used=G/g/cpus:4;mem:512;gpus:1",
			"used=G/g/"+list(revocableText("cpus", 2)))
		s.expect()
		next := func(want offer.Gate) { s.gate(want, "F", "r", "A1") }

		next(offer.GateNotListed)
		s.ok(s.a.Revive(s.now, "F"))
		next(offer.GateConstraints)
		at, err := resource.ParseAttributes("rack:1")
		require.NoError(t, err)
		s.ok(s.a.SetAttributes(s.now, "A1", at))
		next(offer.GateNothingFree)
		s.release("G", "g", "A1", list(revocableText("cpus", .001)))
		next(offer.GateTooLittle)
		f.Suppressed = nil
		f.MinAllocatable = minimums(t, f.Roles)
		s.ok(s.a.UpdateFramework(s.now, f))
		next(offer.GateScarce)
		f.Capabilities = offer.GPUResources
		s.ok(s.a.UpdateFramework(s.now, f))
		next(offer.GateRegion)
		f.Capabilities |= offer.RegionAware
		s.ok(s.a.UpdateFramework(s.now, f))
		next(offer.GateStripped)
		s.release("G", "g", "A1", "cpus:4")
		next(offer.GateLimit)
		s.quota("r", "", "")
		next(0)
		s.play(time.Second)
		s.decline("F", "A1", aDay)
		next(offer.GateRefused)
	})
}

// Gate 1: a client is visited if its framework is active, is in the role and has not suppressed it.
//
// docs/allocation.md §2.3
func TestGate1Listed(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.agent("A1", "cpus:4")
		s.gate(offer.GateNotListed, "F", "r", "A1")
		f := spec("F", "r,r2")
		f.Inactive, f.Suppressed = true, []role.Name{"r"}
		s.ok(s.a.AddFramework(s.now, f))
		s.after(time.Second)
		s.gate(offer.GateNotListed, "F", "r", "A1")
		s.gate(offer.GateNotListed, "F", "r2", "A1")
		s.gate(offer.GateNotListed, "F", "r3", "A1")
		s.ok(s.a.SetFrameworkActive(s.now, "F", true))
		s.expect("A1 -> F/r2: cpus:4")
	})
}

// Gate 3 looks at what is unreserved, or reserved for the role or one above it.
//
// docs/allocation.md §2.3
func TestGate3NothingForTheRole(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "a")
		s.framework("G", "a/b/c")
		s.agent("A1", "cpus(a/b):4")
		s.gate(offer.GateNothingFree, "F", "a", "A1")
		s.expect("A1 -> G/a/b/c: cpus(reservations: [(STATIC,a/b)]):4")
		s.gate(offer.GateNothingFree, "G", "a/b/c", "A1")
	})
}

// Gate 4, the minimum, goes on to the next framework: the first one asks for more than there is.
//
// docs/allocation.md §2.3
func TestGate4GoesOn(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.frameworkMin("F1", "r", "cpus:100")
		s.framework("F2", "r")
		s.agent("A1", "cpus:4")
		s.expect("A1 -> F2/r: cpus:4")
		s.decline("F2", "A1", 0)
		s.gate(offer.GateTooLittle, "F1", "r", "A1")
	})
}

// Gate 5 looks at the agent's total: gpus in use, or reserved for somebody else, hide it too.
//
// docs/allocation.md §2.3
func TestGate5GPUsInUseOrReserved(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r")
		s.framework("G", "g:gpu")
		s.ok(s.a.Suppress(s.now, "G"))
		s.agent("A1", "cpus:4;gpus:1", "used=G/g/gpus:1")
		s.agent("A2", "cpus:4;gpus(x):1")
		s.agent("A3", "cpus:4;gpus:0")
		s.expect("A3 -> F/r: cpus:4")
		s.gate(offer.GateScarce, "F", "r", "A1")
		s.gate(offer.GateScarce, "F", "r", "A2")
	})
}

// Gate 5 holds for any name declared scarce.
//
// docs/allocation.md §2.3
func TestGate5ScarceNames(t *testing.T) {
	s := ours(t, func(r *offer.Rules) { r.Scarce = []string{"tpus"} })
	s.framework("F", "r")
	s.agent("A1", "cpus:4;tpus:1")
	s.agent("A2", "cpus:4;gpus:1")
	s.expect("A2 -> F/r: cpus:4; gpus:1")
	s.gate(offer.GateScarce, "F", "r", "A1")
}

// Gate 7 takes out what the framework cannot handle, each thing by its capability.
//
// docs/allocation.md §2.3
func TestGate7Strip(t *testing.T) {
	all := list(scalarText("cpus", 1), scalarText("mem", 64), scalarText("cpus", 2, "r", "r/x"), revocableText("cpus", 3), sharedText("r", 9))
	const (
		plain   = "cpus:1"
		refined = "cpus(reservations: [(STATIC,r),(DYNAMIC,r/x)]):2"
		rev     = "cpus{REV}:3"
		shared  = "disk(reservations: [(DYNAMIC,r)])[v:v]<SHARED>:9<1>"
	)
	for caps, want := range map[string]string{
		"": plain, "rev": plain + "; " + rev, "refined": plain + "; " + refined, "shared": plain + "; " + shared,
		"rev,refined,shared": plain + "; " + rev + "; " + refined + "; " + shared,
	} {
		t.Run(caps, func(t *testing.T) {
			under(t, func(t *testing.T, s *stand) {
				s.framework("F", "r/x:"+caps)
				s.agent("A1", all)
				s.expect("A1 -> F/r/x: " + want + "; mem:64")
			})
		})
	}
}

// Gate 9 looks at what is left after the cut.
//
// docs/allocation.md §2.3
func TestGate9MinimumOfTheCut(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("r", "", "cpus:1")
		s.frameworkMin("F", "r", "cpus:2")
		s.framework("G", "r")
		s.agent("A1", "cpus:4")
		s.expect("A1 -> G/r: cpus:1")
		s.decline("G", "A1", 0)
		s.gate(offer.GateLimit, "F", "r", "A1")
	})
}

// Gate 10 goes on to the next framework.
//
// docs/allocation.md §2.3
func TestGate10GoesOn(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F1", "r")
		s.framework("F2", "r")
		s.agent("A1", "cpus:4")
		s.expect("A1 -> F1/r: cpus:4")
		s.decline("F1", "A1", aDay)
		s.after(time.Second, "A1 -> F2/r: cpus:4")
		s.decline("F2", "A1", 0)
		s.gate(offer.GateRefused, "F1", "r", "A1")
	})
}

// Gate 11: at the bound a framework gets no further offers.
//
// docs/allocation.md §2.3
func TestGate11OffersOut(t *testing.T) {
	a, err := offer.New(offer.Config{AgentOrder: offer.OrderByName, Bounds: offer.Bounds{Offers: 2}})
	require.NoError(t, err)
	s := &stand{t: t, a: a}
	s.framework("F", "r")
	for _, g := range []offer.AgentID{"A1", "A2", "A3"} {
		s.agent(g, "cpus:4")
	}
	s.after(time.Second, "A1 -> F/r: cpus:4", "A2 -> F/r: cpus:4")
	s.gate(offer.GateCap, "F", "r", "A3")
	s.accept("F", "A1", "", 0)
	s.after(time.Second, "A3 -> F/r: cpus:4")
}

// Gate 14: a refusal that is held longer than asked for, since it was repeated, has a name of its own.
//
// docs/allocation.md §2.3
func TestGate14BackOff(t *testing.T) {
	s := ours(t)
	s.framework("F", "r")
	s.agent("A1", "cpus:4")
	s.expect("A1 -> F/r: cpus:4")
	s.decline("F", "A1", time.Second)
	s.after(time.Second, "A1 -> F/r: cpus:4")
	s.decline("F", "A1", time.Second) // held for 2 s
	s.after(time.Second - 1)
	s.gate(offer.GateRefused, "F", "r", "A1")
	s.after(1)
	s.gate(offer.GateBackoff, "F", "r", "A1")
	s.after(time.Second, "A1 -> F/r: cpus:4")
}

// Gate 17: who refused an agent as it is waits until the others have seen it.
//
// docs/allocation.md §2.3
func TestGate17Turn(t *testing.T) {
	s := ours(t)
	s.framework("F1", "r")
	s.framework("F2", "r")
	s.agent("A1", "cpus:4")
	s.expect("A1 -> F1/r: cpus:4")
	s.decline("F1", "A1", 0)
	s.gate(offer.GateTurn, "F1", "r", "A1")
	s.expect("A1 -> F2/r: cpus:4")
}
