package offer_test

import (
	"testing"
	"time"

	"github.com/proffer-go/proffer/offer"
)

// A decline refuses all, an accept what it leaves unused; it covers just that part.
//
// docs/allocation.md §3.1
func TestAcceptRefusesTheRest(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r")
		s.agent("A1", "cpus:4;mem:1024")
		s.expect("A1 -> F/r: cpus:4; mem:1024")
		s.accept("F", "A1", "cpus:1;mem:256", aDay)
		s.after(2 * time.Second)
		s.gate(offer.GateRefused, "F", "r", "A1") // cpus:3; mem:768
		s.release("F", "r", "A1", "cpus:1;mem:256")
		s.after(time.Second, "A1 -> F/r: cpus:4; mem:1024") // not contained in what was refused
	})
}

// A task's end, a rescind and an offer's timeout set no filter.
//
// docs/allocation.md §3.1
func TestWhatSetsNoFilter(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r")
		s.agent("A1", "cpus:4")
		s.expect("A1 -> F/r: cpus:4")
		s.accept("F", "A1", "", aDay)
		s.release("F", "r", "A1", "cpus:4")
		s.after(time.Second, "A1 -> F/r: cpus:4")
	})
	s := ours(t)
	s.framework("F", "r")
	s.agent("A1", "cpus:4")
	s.expect("A1 -> F/r: cpus:4")
	s.after(time.Minute, "A1 x F/r: timeout", "A1 -> F/r: cpus:4")
	s.ok(s.a.SetAgentActive(s.now, "A1", false))
	s.ok(s.a.SetAgentActive(s.now, "A1", true))
	s.expect("A1 x F/r: agent", "A1 -> F/r: cpus:4")
}

// How long a filter lasts: 0 sets none, negative means 5 s; the reference raises others to the interval,
// ours does not.
//
// docs/allocation.md §3.1
func TestHowLongAFilterLasts(t *testing.T) {
	for name, c := range map[string]struct{ refuse, strict, ours time.Duration }{
		"none":     {0, 10 * time.Second, 0}, // strict: the next run
		"negative": {-time.Hour, 20 * time.Second, 5 * time.Second},
		"short":    {200 * time.Millisecond, 20 * time.Second, 200 * time.Millisecond},
		"between":  {13 * time.Second, 20 * time.Second, 13 * time.Second},
	} {
		long := func(r *offer.Rules) { r.Interval, r.OfferLifetime = 10*time.Second, 0 }
		for rules, s := range map[string]*stand{"strict": strict(t, long), "ours": ours(t, long)} {
			t.Run(name+"/"+rules, func(t *testing.T) {
				s.framework("F", "r")
				s.agent("A1", "cpus:4")
				s.expect("A1 -> F/r: cpus:4")
				if rules == "strict" { // declined just after a run by the timer
					s.after(10 * time.Second)
				}
				s.decline("F", "A1", c.refuse)
				want := c.ours
				if rules == "strict" {
					want = c.strict
				}
				if want > 0 {
					s.after(want - 1)
					s.after(1, "A1 -> F/r: cpus:4")
					return
				}
				s.expect("A1 -> F/r: cpus:4")
			})
		}
	}
}

// Filters are kept per framework, role and agent, and two never add up.
//
// docs/allocation.md §3.1
func TestFiltersDoNotAddUp(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r")
		s.agent("A1", "cpus:2;mem:64")
		s.expect("A1 -> F/r: cpus:2; mem:64")
		s.decline("F", "A1", aDay)
		s.total("A1", "cpus:1;mem:128")
		s.expect("A1 -> F/r: cpus:1; mem:128")
		s.decline("F", "A1", aDay)
		s.after(time.Second)
		s.total("A1", "cpus:2;mem:128") // in neither
		s.expect("A1 -> F/r: cpus:2; mem:128")
		s.decline("F", "A1", 0)
		s.total("A1", "cpus:1;mem:100") // in the second
		s.after(time.Second)
		s.gate(offer.GateRefused, "F", "r", "A1")
	})
}

// What was refused in one role or by one framework is refused by nobody else.
//
// docs/allocation.md §3.1
func TestFilterIsOfAClient(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "a,b")
		s.framework("G", "a")
		s.ok(s.a.Suppress(s.now, "F", "b"))
		s.ok(s.a.Suppress(s.now, "G"))
		s.agent("A1", "cpus:4")
		s.expect("A1 -> F/a: cpus:4")
		s.decline("F", "A1", aDay)
		s.after(time.Second)
		s.ok(s.a.Revive(s.now, "G"))
		s.expect("A1 -> G/a: cpus:4")
		s.decline("G", "A1", aDay)
		s.ok(s.a.Revive(s.now, "F", "b"))
		s.expect("A1 -> F/b: cpus:4")
	})
}

// Every tag must be equal: a refusal of plain cpus covers no reserved ones, and the other way round.
//
// docs/allocation.md §3.1
func TestFilterMatchesTags(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r")
		s.agent("A1", "cpus(r):4")
		s.expect("A1 -> F/r: cpus(reservations: [(STATIC,r)]):4")
		s.decline("F", "A1", aDay)
		s.total("A1", "cpus:2")
		s.expect("A1 -> F/r: cpus:2")
		s.decline("F", "A1", aDay)
		s.total("A1", "cpus(r):3")
		s.after(time.Second)
		s.gate(offer.GateRefused, "F", "r", "A1")
	})
}
