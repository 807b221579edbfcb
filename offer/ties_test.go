package offer_test

import (
	"testing"
	"time"

	"github.com/proffer-go/proffer/offer"
)

// Ties: the reference counts grants, so that a late joiner wins until it has caught up; ours serves who has waited longest.
//
// docs/allocation.md §1.3
func TestTies(t *testing.T) {
	round := func(s *stand, f offer.FrameworkID) {
		t.Helper()
		s.after(time.Second, "A1 -> "+string(f)+"/r: cpus:1")
		s.accept(f, "A1", "", 0)
		s.release(f, "r", "A1", "cpus:1")
	}
	setUp := func(s *stand) {
		s.framework("F1", "r")
		s.agent("A1", "cpus:1")
		for range 3 {
			round(s, "F1")
		}
		s.framework("F2", "r")
	}
	s := strict(t)
	setUp(s)
	for _, f := range []offer.FrameworkID{"F2", "F2", "F2", "F1", "F2", "F1"} {
		round(s, f)
	}
	s = ours(t)
	setUp(s)
	for _, f := range []offer.FrameworkID{"F2", "F1", "F2", "F1"} {
		round(s, f)
	}
}

// aDay is longer than any test.
const aDay = 24 * time.Hour
