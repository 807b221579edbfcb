package offer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
)

// Pieces that a client gets of one agent in both stages of a run are one offer.
//
// docs/allocation.md §2.7
func TestPiecesMerge(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q", "cpus:2", "cpus:3")
		s.framework("F", "q")
		s.agent("A1", "cpus:8;cpus(q):1;cpus(q/x):0.5") // consumed 1.5, needed .5, room 1.5
		s.expect("A1 -> F/q: cpus:1.5; cpus(reservations: [(STATIC,q)]):1")
	})
}

// What can be cut is offered in part, what cannot is offered whole or not at all: the limit is 60 of 100.
//
// docs/allocation.md §2.7
func TestWhatCanBeCut(t *testing.T) {
	for name, c := range map[string]struct {
		disk string
		cut  bool
	}{
		"root disk":           {scalarText("disk", 100), true},
		"PATH":                {diskText(`{"type":"PATH","path":{"root":"/p"}}`, 100), true},
		"PATH with identity":  {diskText(`{"type":"PATH","path":{"root":"/p"},"id":"i","vendor":"v"}`, 100), true},
		"RAW":                 {diskText(`{"type":"RAW"}`, 100), true},
		"RAW with profile":    {diskText(`{"type":"RAW","profile":"p","vendor":"v"}`, 100), true},
		"RAW with identity":   {diskText(`{"type":"RAW","id":"i","vendor":"v"}`, 100), false},
		"MOUNT":               {diskText(`{"type":"MOUNT","mount":{"root":"/m"}}`, 100), false},
		"BLOCK":               {diskText(`{"type":"BLOCK"}`, 100), false},
		"BLOCK with identity": {diskText(`{"type":"BLOCK","id":"i","vendor":"v"}`, 100), false},
	} {
		t.Run(name, func(t *testing.T) {
			under(t, func(t *testing.T, s *stand) {
				s.quota("q", "", "disk:60")
				s.framework("F", "q")
				s.agent("A1", list(scalarText("cpus", 1), c.disk))
				require.Len(t, s.play(0), 1)
				o, _ := s.a.Outstanding(1)
				want := resource.Scalar(0)
				if c.cut {
					want = resource.Whole(60)
				}
				require.Equal(t, want, o.Resources.Quantity("disk"))
				require.Equal(t, resource.Whole(1), o.Resources.Quantity("cpus"))
			})
		})
	}
}

// Reservations, ranges and sets are never cut by quota.
//
// docs/allocation.md §2.7
func TestWhatQuotaDoesNotCut(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.quota("q", "", "cpus:1")
		s.framework("F", "q")
		s.agent("A1", "cpus(q):4;mem:64;ports:[1-9];zones:{a,b}")
		s.expect("A1 -> F/q: cpus(reservations: [(STATIC,q)]):4; mem:64; ports:[1-9]; zones:{a, b}")
	})
}

// Ours takes the largest piece that fits first among those that cannot be cut, then cuts; the reference's order is random,
// here by text.
//
// docs/allocation.md §2.7
func TestOrderOfPieces(t *testing.T) {
	mount := func(root string, q float64) string {
		return diskText(`{"type":"MOUNT","mount":{"root":"/`+root+`"}}`, q)
	}
	total := list(scalarText("cpus", 1), scalarText("disk", 30), mount("c", 100), mount("b", 60), mount("a", 40))
	setUp := func(s *stand) {
		s.quota("q", "", "disk:150")
		s.framework("F", "q")
		s.agent("A1", total)
	}
	s := ours(t)
	setUp(s)
	s.expect("A1 -> F/q: cpus:1; disk:10; disk[MOUNT:/a]:40; disk[MOUNT:/c]:100") // 100, not 60, 40, and 10 of 30
	s = strict(t)
	setUp(s)
	s.expect("A1 -> F/q: cpus:1; disk:30; disk[MOUNT:/a]:40; disk[MOUNT:/b]:60") // 30, 40, 60, not 100
}

// Gpus are cut to whole units under our rules, like any scalar under the reference's.
//
// docs/allocation.md §2.7
func TestWholeUnits(t *testing.T) {
	setUp := func(s *stand) {
		s.quota("q", "", "cpus:1.5;gpus:1.5")
		s.framework("F", "q:gpu")
		s.agent("A1", "cpus:2;gpus:2")
	}
	s := strict(t)
	setUp(s)
	s.expect("A1 -> F/q: cpus:1.5; gpus:1.5")
	s = ours(t)
	setUp(s)
	s.expect("A1 -> F/q: cpus:1.5; gpus:1")
}

// The minimum: some set is contained whole. Reserved, unreserved and revocable parts add up, a range counts its values and a
// set its items.
//
// docs/allocation.md §2.7
func TestMinimumSets(t *testing.T) {
	sum := list(scalarText("cpus", 1), scalarText("cpus", 1, "r"), revocableText("cpus", 1))
	for name, c := range map[string]struct {
		total string
		sets  []string
		ok    bool
	}{
		"all of a set":         {"cpus:2;mem:64", []string{"cpus:2;mem:64"}, true},
		"a part of a set":      {"cpus:2;mem:63", []string{"cpus:2;mem:64"}, false},
		"the second set":       {"cpus:2;mem:63", []string{"cpus:3", "mem:63"}, true},
		"neither set":          {"cpus:2;mem:63", []string{"cpus:3", "mem:64"}, false},
		"the sum of the parts": {sum, []string{"cpus:3"}, true},
		"more than the sum":    {sum, []string{"cpus:3.001"}, false},
		"ports":                {"ports:[1-2,5-5]", []string{"ports:3"}, true},
		"too few ports":        {"ports:[1-2,5-5]", []string{"ports:4"}, false},
		"items":                {"zones:{a,b}", []string{"zones:2"}, true},
		"too few items":        {"zones:{a,b}", []string{"zones:3"}, false},
		"anything":             {"disk:0.001", nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			under(t, func(t *testing.T, s *stand) {
				s.frameworkMin("F", "r:rev", c.sets...)
				s.agent("A1", c.total)
				if c.ok {
					s.expect("A1 -> F/r: " + resources(c.total).String())
					return
				}
				s.expect()
				s.gate(offer.GateTooLittle, "F", "r", "A1")
			})
		})
	}
}

// The default minimum: the reference asks for cpus or mem, ours for both where the agent has both, and for neither where an
// offer holds a reservation.
//
// docs/allocation.md §2.7
func TestDefaultMinimum(t *testing.T) {
	for _, c := range []struct {
		total        string
		strict, ours bool
	}{
		{"cpus:0.01;mem:32", true, true},
		{"cpus:0.01;mem:31", true, false},
		{"cpus:0.009;mem:32", true, false},
		{"cpus:0.009;mem:31", false, false},
		{"cpus:0.01", true, true},
		{"cpus:0.009", false, false},
		{"mem:32", true, true},
		{"disk:5;ports:[1-9]", false, true},
		{"cpus:0.009;mem:31;disk(r):1", false, true},
	} {
		for name, want := range map[string]bool{"strict": c.strict, "ours": c.ours} {
			t.Run(name+"/"+c.total, func(t *testing.T) {
				s := ours(t)
				if name == "strict" {
					s = strict(t)
				}
				s.framework("F", "r")
				s.agent("A1", c.total)
				if want {
					s.expect("A1 -> F/r: " + resources(c.total).String())
					return
				}
				s.expect()
			})
		}
	}
}

// Revocable resources count in shares: B's 1 cpu and 9 revocable ones are half of all.
//
// docs/allocation.md §2.7
func TestRevocableCountsInShares(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("Fa", "a")
		s.framework("Fb", "b")
		s.agent("A1", list(scalarText("cpus", 3), revocableText("cpus", 9), scalarText("cpus", 8, "x")),
			"used=Fa/a/cpus:2", "used=Fb/b/cpus:1", "used=Fb/b/"+list(revocableText("cpus", 9)))
		s.expect()
		require.InDelta(t, .1, s.of("a").Share, 1e-12)
		require.InDelta(t, .5, s.of("b").Share, 1e-12)
		s.agent("A2", "cpus:1")
		s.expect("A2 -> Fa/a: cpus:1")
	})
}

// An offer is of one agent, role and framework, and carries them, an id, the resources and when it ends.
//
// docs/allocation.md §2.7
func TestWhatAnOfferCarries(t *testing.T) {
	s := ours(t)
	s.framework("F", "r")
	s.agent("A1", "cpus:1")
	s.after(0, "A1 -> F/r: cpus:1")
	o, ok := s.a.Outstanding(1)
	require.True(t, ok)
	require.Equal(t, offer.Offer{
		ID: 1, Framework: "F", Role: "r", Agent: "A1", Resources: resources("cpus:1"), Deadline: offer.Time(time.Minute),
	}, o)
	s = strict(t)
	s.framework("F", "r")
	s.agent("A1", "cpus:1")
	s.after(time.Hour, "A1 -> F/r: cpus:1")
	o, ok = s.a.Outstanding(1)
	require.True(t, ok)
	require.Zero(t, o.Deadline)
}
