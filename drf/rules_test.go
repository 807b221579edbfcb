package drf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/drf"
)

// The rules of docs/allocation.md §1.1 to §1.4, one by one.

// docs/allocation.md §1.1: what is excluded or has no total is skipped; if nothing is left the share is 0.
func TestShareSkipsWhatDoesNotCount(t *testing.T) {
	w := newWorld(t, units(10, 0, 10), drf.Exclude(gpus, 11)).add("a")
	w.grant("a", 0, 5, 9)
	w.wantShare("a", 0, 1)
	w.o.Grant(0, &drf.Vec{More: []int64{0, 1, 0, 7}})
	w.wantShare("a", 0, 1)
	w.grant("a", 1)
	w.wantShare("a", 1, 10)
}

// docs/allocation.md §1.1: a weight may be set before its node exists.
func TestWeightBeforeTheNode(t *testing.T) {
	w := newWorld(t, units(10))
	w.weight("b", 2)
	w.weight("x/y", 4)
	w.add("a", "b", "x/y", "x/z")
	w.grant("a", 2)
	w.grant("b", 2)
	w.grant("x/y", 4)
	w.wantShare("b", 1, 10)
	w.wantShare("x/y", 1, 10)
	w.weight("b", 1)
	w.wantShare("b", 2, 10)
}

// docs/allocation.md §1.1: names beyond the eighth count like the first ones.
func TestShareOfCustomNames(t *testing.T) {
	total, held := drf.Vec{}, drf.Vec{}
	total.Set(0, 100)
	total.Set(11, 10)
	held.Set(0, 10)
	held.Set(11, 5)
	w := newWorld(t, &total).add("a")
	w.grantVec("a", &held)
	w.wantShare("a", 1, 2)
}

// docs/allocation.md §1.2: a client below a leaf turns it into a node with a virtual leaf, which inherits all it had.
func TestAddBelowALeaf(t *testing.T) {
	w := newWorld(t, units(100), drf.WithTieBreak(drf.Count)).add("a", "b")
	w.grant("a", 5)
	w.grant("a", 5)
	w.add("a/x", "a/y")
	w.grant("a/x", 10) // count 1, a/. has 2
	w.grant("a/y", 4)
	w.wantShare("a", 10, 100)
	w.wantOrder("b", "a/y", "a/x", "a")
	w.active("a", false)
	w.add("a/x/1") // below a/x, and a/. is inactive
	w.wantOrder("b", "a/y", "a/x/1", "a/x")
}

// docs/allocation.md §1.2: the last child's removal gives the client its node back, with the count of the node.
func TestCollapseTakesTheCountOfTheNode(t *testing.T) {
	w := newWorld(t, units(100), drf.WithTieBreak(drf.Count)).add("a", "a/x", "b")
	w.grant("a/x", 1)
	w.grant("a/x", 1)
	w.grant("b", 1)
	w.grant("a", 1) // a/. 1, a/x 2, a 3, b 1
	w.remove("a/x")
	w.wantOrder("b", "a") // .01 each: 1 against 3
	w.grant("b")
	w.grant("b")
	w.wantOrder("a", "b") // 3 against 3
}

// docs/allocation.md §1.2: what an inactive leaf holds still weighs on its ancestors.
func TestInactiveWeighsOnAncestors(t *testing.T) {
	w := newWorld(t, units(100)).add("r/a", "r/b", "s")
	w.grant("r/a", 50)
	w.grant("s", 10)
	w.active("r/a", false)
	w.wantOrder("s", "r/b")
	w.active("r/b", false)
	w.wantOrder("s")
	w.active("r/a", true)
	w.wantOrder("s", "r/a")
}

// docs/allocation.md §1.2: nodes that are no longer needed go with the last client below them.
func TestRemoveDeletesEmptyNodes(t *testing.T) {
	w := newWorld(t, units(100)).add("a/b/c/d", "a/b/e")
	w.grant("a/b/c/d", 7)
	w.remove("a/b/c/d")
	w.wantOrder("a/b/e")
	w.remove("a/b/e")
	require.Empty(t, w.order())
	held := w.o.TotalHeld()
	require.True(t, held.IsZero())
	w.add("a", "a/b")
	w.wantOrder("a", "a/b") // a/. before a/b
}

// docs/allocation.md §1.3: siblings are compared by name, so a/x comes before a-b since node a does, and the virtual
// leaf before letters and digits.
func TestPathOrder(t *testing.T) {
	w := newWorld(t, units(100)).add("a-b", "a/x", "a", "a/1", "a/-", "B", "a/x-y")
	w.wantOrder("B", "a/-", "a", "a/1", "a/x", "a/x-y", "a-b")
}

// docs/allocation.md §1.3: a client that joins late does not win every tie until it has caught up.
func TestLeastRecentlyServedAlternates(t *testing.T) {
	late := func(tie drf.TieBreak) (served string) {
		w := newWorld(t, units(100), drf.WithTieBreak(tie)).add("a")
		for range 5 {
			w.grant("a")
		}
		w.add("b")
		for range 8 {
			next := w.first()
			w.grant(next)
			served += next
		}
		return served
	}
	require.Equal(t, "babababa", late(drf.LeastRecentlyServed))
	require.Equal(t, "bbbbbaba", late(drf.Count))
}

// docs/allocation.md §1.3: two equal frameworks get five of ten rounds each under both rules.
func TestTwoEqualFrameworks(t *testing.T) {
	for _, tie := range []drf.TieBreak{drf.LeastRecentlyServed, drf.Count} {
		w := newWorld(t, units(100), drf.WithTieBreak(tie)).add("f1", "f2")
		rounds := map[string]int{}
		for range 10 {
			next := w.first()
			rounds[next]++
			w.grant(next, 1)
			w.release(next, 1)
		}
		require.Equal(t, map[string]int{"f1": 5, "f2": 5}, rounds)
	}
}

// docs/allocation.md §1.3: the place among ties is lost with the client.
func TestCountIsLostWithTheClient(t *testing.T) {
	w := newWorld(t, units(100), drf.WithTieBreak(drf.Count)).add("a", "b")
	w.grant("a")
	w.wantOrder("b", "a")
	w.remove("a")
	w.add("a")
	w.wantOrder("a", "b")
}

// docs/allocation.md §1.3: the reference divides both operands by 1000 first, which tells some equal ratios apart.
func TestStrictShareDividesOperandsFirst(t *testing.T) {
	differ := 0
	for q := int64(1); q < 100; q++ {
		held, total := drf.Vec{N: [8]int64{q}}, drf.Vec{N: [8]int64{q * 7}}
		ours, strict := drf.NewPool(&total), drf.NewPool(&total, drf.WithStrictShare())
		require.Equal(t, 1.0/7, ours.Share(&held, 1), "equal ratios give equal shares")
		require.Equal(t, (float64(q)/1000)/(float64(q*7)/1000), strict.Share(&held, 1))
		if strict.Share(&held, 1) != 1.0/7 {
			differ++
		}
	}
	require.NotZero(t, differ)
}

// docs/allocation.md §1.4: a late weight of an internal node takes effect; under WithLateWeightLost only if no order
// has used the old one.
func TestLateWeight(t *testing.T) {
	build := func(opts ...drf.Option) *world {
		w := newWorld(t, units(100), opts...).add("a/x", "a/y", "b")
		w.grant("a/x", 10)
		w.grant("b", 6)
		return w
	}
	w := build()
	w.wantOrder("b", "a/y", "a/x")
	w.weight("a", 2)
	w.wantOrder("a/y", "a/x", "b")

	w = build(drf.WithLateWeightLost())
	w.weight("a", 2) // before the first order
	w.wantOrder("a/y", "a/x", "b")
	w.weight("a", 1) // after it
	w.wantOrder("a/y", "a/x", "b")
	w.weight("b", .5) // a client's own weight always counts
	w.wantShare("b", 12, 100)
	w.remove("a/x") // a node created later reads the stored weight
	w.remove("a/y")
	w.add("a/x")
	w.grant("a/x", 10)
	w.grant("b", 6)
	w.release("b", 7) // 5 / .5 against 10 / 1
	w.wantOrder("a/x", "b")
	w.release("b", 1)
	w.wantOrder("b", "a/x")
}

// docs/allocation.md §1.4: a weight that a client's order has used stays used when only the node remains, even if the
// client was hidden in between.
func TestLateWeightOfAFormerClient(t *testing.T) {
	w := newWorld(t, units(100), drf.WithLateWeightLost()).add("a", "b")
	w.wantOrder("a", "b") // uses a's weight
	w.active("a", false)
	w.add("a/x")
	w.remove("a")
	w.weight("a", 4)
	w.grant("a/x", 10)
	w.grant("b", 5)
	w.wantOrder("b", "a/x") // lost: .10, not .025

	w = fresh(t).add("b")
	w.wantOrder("b") // does not use a's weight: it is inactive
	w.add("a/x")
	w.remove("a")
	w.weight("a", 4)
	w.grant("a/x", 10)
	w.grant("b", 5)
	w.wantOrder("a/x", "b")
}

// docs/allocation.md §1.4: while a client is hidden no order uses its weight, although its node was internal before.
func TestLateWeightOfAHiddenClient(t *testing.T) {
	w := fresh(t).add("b")
	w.add("a/x")
	w.remove("a/x") // a is an inactive leaf again
	w.wantOrder("b")
	w.add("a/x")
	w.remove("a")
	w.weight("a", 4)
	w.grant("a/x", 10)
	w.grant("b", 5)
	w.wantOrder("a/x", "b")
}

// fresh is a world with a hidden client a that no order has seen.
func fresh(t *testing.T) *world {
	w := newWorld(t, units(100), drf.WithLateWeightLost())
	require.NoError(t, w.o.Add(0, "a", false))
	w.ids["a"], w.paths = 0, []string{"a"}
	return w
}

// docs/allocation.md §1.4: only totals that differ change shares, and they replace the old ones.
func TestTotals(t *testing.T) {
	w := newWorld(t, units(10)).add("a")
	w.grant("a", 3)
	for _, total := range []int64{5, 15, 15, 5, 20} {
		w.totals(units(total))
		w.wantShare("a", 3, total)
	}
	require.NoError(t, w.o.SetTotals(units(99), w.runs))
	w.wantShare("a", 3, 20) // that version is known
}

// docs/allocation.md §1.4: updates with equal vectors change nothing, others are not counted as service.
func TestUpdateIsNotService(t *testing.T) {
	w := newWorld(t, units(100), drf.WithTieBreak(drf.Count)).add("a", "b")
	w.grant("a", 4)
	w.grant("b", 2)
	w.grant("b", 2)
	w.update("b", units(4), units(3))
	w.wantOrder("b", "a")
	w.update("b", units(3), units(4))
	w.wantOrder("a", "b") // 1 against 2 grants
}

// docs/allocation.md §1.4: with a flat tree a slash is a letter like any other.
func TestFlat(t *testing.T) {
	w := newWorld(t, units(100), drf.WithFlat()).add("f/1", "f", ".", "f/1/2", "/")
	w.grant("f", 1)
	w.wantOrder(".", "/", "f/1", "f/1/2", "f")
	w.remove("f/1")
	w.wantOrder(".", "/", "f/1/2", "f")
}
