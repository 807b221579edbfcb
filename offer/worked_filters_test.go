package offer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
)

// refusedWhole is a stand where F, in r1, refused ⟨4, 8192⟩ of A1 for a day. Suppressed in r2, it may still ask there.
func refusedWhole(s *stand) {
	s.framework("F", "r1,r2:rev")
	s.ok(s.a.Suppress(s.now, "F", "r2"))
	s.agent("A1", "cpus:4;mem:8192")
	s.expect("A1 -> F/r1: cpus:4; mem:8192")
	s.decline("F", "A1", aDay)
	s.after(time.Second)
}

// F1: what was refused covers everything contained in it, and nothing else.
//
// docs/allocation.md §3.1
func TestF1Subset(t *testing.T) {
	for name, total := range map[string]string{
		"the same": "cpus:4;mem:8192", "fewer cpus": "cpus:2;mem:8192", "no mem": "cpus:4",
	} {
		t.Run(name+" is filtered", func(t *testing.T) {
			under(t, func(t *testing.T, s *stand) {
				refusedWhole(s)
				s.total("A1", total)
				s.after(time.Second)
				s.gate(offer.GateRefused, "F", "r1", "A1")
			})
		})
	}
	for name, total := range map[string]string{
		"more cpus": "cpus:5;mem:1024", "a port more": "cpus:4;mem:8192;ports:[1-1]",
		"a cpu reserved": "cpus:3;cpus(r1):1;mem:8192", "a revocable cpu": list(revocableText("cpus", 1)),
	} {
		t.Run(name+" is not", func(t *testing.T) {
			under(t, func(t *testing.T, s *stand) {
				refusedWhole(s)
				s.total("A1", total)
				s.expect("A1 -> F/r1: " + resources(total).String())
			})
		})
	}
	t.Run("another role is not", func(t *testing.T) {
		under(t, func(t *testing.T, s *stand) {
			refusedWhole(s)
			s.ok(s.a.Revive(s.now, "F", "r2"))
			s.expect("A1 -> F/r2: cpus:4; mem:8192")
		})
	})
	t.Run("another agent is not", func(t *testing.T) {
		under(t, func(t *testing.T, s *stand) {
			refusedWhole(s)
			s.agent("A2", "cpus:4;mem:8192")
			s.expect("A2 -> F/r1: cpus:4; mem:8192")
		})
	})
}

// F2: declined just after a run for 2 intervals, filtered in the next run and offered in the one after it.
//
// docs/allocation.md §3.1
func TestF2TwoTicks(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r")
		s.agent("A1", "cpus:4;mem:8192")
		s.expect("A1 -> F/r: cpus:4; mem:8192")
		s.decline("F", "A1", 2*time.Second)
		s.after(time.Second)     // the run at 1 s
		s.after(time.Second - 1) // and nothing before 2 s
		s.after(1, "A1 -> F/r: cpus:4; mem:8192")
	})
}

// F3: the reference raises a filter to the interval, so that a short one lasts for a run; ours is what it says, and the
// next framework sees the agent without waiting.
//
// docs/allocation.md §3.1
func TestF3ShortFilterLongInterval(t *testing.T) {
	minute := func(r *offer.Rules) { r.Interval = time.Minute }
	setUp := func(s *stand) {
		s.framework("G1", "r")
		s.framework("G2", "r")
		s.agent("A1", "cpus:1;mem:1024", "used=G1/r/cpus:1;mem:1024")
		s.agent("A2", "cpus:1;mem:1024")
		s.expect("A2 -> G2/r: cpus:1; mem:1024") // G1 has share ½, G2 0
		s.decline("G2", "A2", time.Second)
	}
	t.Run("strict", func(t *testing.T) {
		s := strict(t, minute)
		setUp(s)
		s.after(time.Minute - 1)
		s.after(1, "A2 -> G1/r: cpus:1; mem:1024") // at 60 s G2 is still skipped
		s.decline("G1", "A2", 0)
		s.after(time.Minute, "A2 -> G2/r: cpus:1; mem:1024")
	})
	t.Run("ours", func(t *testing.T) {
		s := ours(t, minute)
		setUp(s)
		s.after(0, "A2 -> G1/r: cpus:1; mem:1024")
		s.decline("G1", "A2", 0)
		s.after(time.Second-1, "A2 -> G1/r: cpus:1; mem:1024") // nobody else wants it
		s.decline("G1", "A2", 0)
		s.after(1, "A2 -> G2/r: cpus:1; mem:1024")
	})
}

// F4: a revive voids a refusal of a day, a suppression between does not matter.
//
// docs/allocation.md §3.1
func TestF4SuppressRevive(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r")
		s.agent("A1", "cpus:4;mem:8192")
		s.expect("A1 -> F/r: cpus:4; mem:8192")
		s.decline("F", "A1", aDay)
		s.after(2 * time.Second)
		s.ok(s.a.Suppress(s.now, "F"))
		s.after(2 * time.Second)
		s.gate(offer.GateNotListed, "F", "r", "A1")
		s.ok(s.a.Revive(s.now, "F"))
		s.expect("A1 -> F/r: cpus:4; mem:8192")
	})
}

// F5: changed attributes void refusals; a larger total only outgrows them, a smaller one does not.
//
// docs/allocation.md §3.1
func TestF5Reregistered(t *testing.T) {
	refused := func(s *stand) {
		s.framework("F", "r")
		s.agent("A1", "cpus:4;mem:8192", "attrs=rack:1")
		s.expect("A1 -> F/r: cpus:4; mem:8192")
		s.decline("F", "A1", 2*time.Second)
	}
	under(t, func(t *testing.T, s *stand) {
		refused(s)
		at, err := resource.ParseAttributes("rack:2")
		require.NoError(t, err)
		s.ok(s.a.SetAttributes(s.now, "A1", at))
		s.expect("A1 -> F/r: cpus:4; mem:8192")
	})
	under(t, func(t *testing.T, s *stand) {
		refused(s)
		s.total("A1", "cpus:5;mem:8192")
		s.expect("A1 -> F/r: cpus:5; mem:8192")
	})
	under(t, func(t *testing.T, s *stand) {
		refused(s)
		s.total("A1", "cpus:3;mem:8192")
		s.after(2*time.Second - 1)
		s.after(1, "A1 -> F/r: cpus:3; mem:8192")
	})
}

// U1: an agent may be used beyond its total, and what is free is never below nothing.
//
// docs/allocation.md §4
func TestU1UsedBeyondTheTotal(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r")
		s.agent("A1", "cpus:100")
		s.expect("A1 -> F/r: cpus:100")
		s.accept("F", "A1", "", 0)
		s.total("A1", "cpus:112")
		s.expect("A1 -> F/r: cpus:12")
		s.accept("F", "A1", "", 0)
		s.total("A1", "cpus:50")
		s.after(time.Second) // max(0, 50 − 112)
		s.gate(offer.GateNothingFree, "F", "r", "A1")
		s.release("F", "r", "A1", "cpus:112")
		s.after(time.Second, "A1 -> F/r: cpus:50")
		s.total("A1", "cpus:100")
		s.expect("A1 -> F/r: cpus:50")
	})
	t.Run("by tags", func(t *testing.T) {
		under(t, func(t *testing.T, s *stand) {
			s.framework("F", "r")
			s.agent("A1", "cpus:4", "used=F/r/cpus:4")
			s.expect()
			s.total("A1", "cpus(r):4") // the 4 that are used had no reservation
			s.expect("A1 -> F/r: cpus(reservations: [(STATIC,r)]):4")
		})
	})
}

// U2: revocable resources that come and go go to frameworks that can handle them.
//
// docs/allocation.md §4
func TestU2Oversubscription(t *testing.T) {
	with := func(revocable float64) string {
		return list(scalarText("cpus", 100), revocableText("cpus", revocable))
	}
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r:rev")
		s.framework("G", "r")
		s.agent("A1", "cpus:100")
		s.expect("A1 -> F/r: cpus:100")
		s.accept("F", "A1", "", 0)
		s.total("A1", with(10))
		s.expect("A1 -> F/r: cpus{REV}:10")
		s.accept("F", "A1", "", 0)
		s.total("A1", with(12))
		s.expect("A1 -> F/r: cpus{REV}:2") // 12 − 10
		s.accept("F", "A1", "", 0)
		s.total("A1", with(5))
		s.after(time.Second) // max(0, 5 − 12)
		s.release("F", "r", "A1", list(revocableText("cpus", 12)))
		s.after(time.Second, "A1 -> F/r: cpus{REV}:5")
		s.decline("F", "A1", aDay)
		s.after(time.Second)
		s.gate(offer.GateStripped, "G", "r", "A1")
	})
}
