package drf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/drf"
)

// The worked examples of docs/allocation.md §1.5 and §1.6; E10 and E11 are in fluid_test.go, E12 in random_test.go.

// flat is the world of E1: three tenants of different dominant resource and one that is idle.
func flat(t testing.TB, opts ...drf.Option) *world {
	w := newWorld(t, units(40, 80), append(opts, drf.WithTieBreak(drf.Count))...)
	w.add("web", "ci", "db", "idle")
	w.grant("web", 4, 4)
	w.grant("web", 4, 4) // count 2
	w.grant("ci", 8, 4)  // count 1
	w.grant("db", 1, 8)
	w.grant("db", 1, 8)
	w.grant("db", 0, 8) // count 3
	return w
}

// docs/allocation.md §1.5
func TestE1Flat(t *testing.T) {
	w := flat(t)
	w.wantShare("web", 8, 40)
	w.wantShare("ci", 8, 40)
	w.wantShare("db", 24, 80)
	w.wantShare("idle", 0, 1)
	w.wantOrder("idle", "ci", "web", "db")
}

// docs/allocation.md §1.5
func TestE2Exclusion(t *testing.T) {
	w := flat(t, drf.Exclude(mem))
	w.wantShare("db", 2, 40)
	w.wantOrder("idle", "db", "ci", "web")
}

// docs/allocation.md §1.5
func TestE3Weights(t *testing.T) {
	w := flat(t)
	w.weight("db", 2)
	w.wantShare("db", 15, 100)
	w.wantOrder("idle", "db", "ci", "web")
	w.weight("web", 4)
	w.wantShare("web", 5, 100)
	w.wantOrder("idle", "web", "db", "ci")
}

// nested is the world of E4.
func nested(t testing.TB) *world {
	w := newWorld(t, units(100)).add("eng", "eng/ml", "ops")
	w.grant("eng", 10)
	w.grant("eng/ml", 5)
	w.grant("ops", 12)
	return w
}

// docs/allocation.md §1.5
func TestE4Nested(t *testing.T) {
	w := nested(t)
	w.wantShare("eng", 10, 100)
	w.wantShare("eng/ml", 5, 100)
	w.wantOrder("ops", "eng/ml", "eng") // node eng: .15 against .12
}

// docs/allocation.md §1.5
func TestE4bWeightOfANodeActsAgainstItsSiblings(t *testing.T) {
	w := nested(t)
	w.weight("eng", 2) // node eng .075
	w.wantOrder("eng/ml", "eng", "ops")
	w.wantShare("eng", 10, 100) // the virtual leaf has weight 1
}

// docs/allocation.md §1.5
func TestE4cWeightOfALeafInsideItsParent(t *testing.T) {
	w := nested(t)
	w.weight("eng/ml", .25)
	w.wantShare("eng/ml", 20, 100)
	w.wantOrder("ops", "eng", "eng/ml")
	w.weight("eng", 2)
	w.wantOrder("eng", "eng/ml", "ops")
}

// docs/allocation.md §1.5
func TestE4dClientOfAnInternalNodeRemoved(t *testing.T) {
	w := nested(t)
	w.weight("eng", 2)
	w.remove("eng") // node eng .05 / 2
	w.wantOrder("eng/ml", "ops")
	w.grant("ops", 0)
	w.release("ops", 12)
	w.wantOrder("ops", "eng/ml")
}

// docs/allocation.md §1.5
func TestE5ShareOfAnInternalNodeIsThatOfTheSum(t *testing.T) {
	w := newWorld(t, units(100, 100)).add("x/a", "x/b", "y")
	w.grant("x/a", 10, 0)
	w.grant("x/b", 0, 10)
	w.grant("y", 12, 0)
	w.wantOrder("x/a", "x/b", "y") // x is .10, not .20
	w.grant("x/b", 3, 0)           // x is .13 now: 13 cpus
	w.wantOrder("y", "x/a", "x/b")
}

// docs/allocation.md §1.5
func TestE6RevocableCounts(t *testing.T) {
	w := newWorld(t, units(10+10, 100)).add("b", "a")
	w.grant("a", 2)
	w.grant("b", 1+9)
	w.wantShare("a", 1, 10)
	w.wantShare("b", 1, 2)
	w.wantOrder("a", "b")
}

// docs/allocation.md §1.5: the caller counts a shared volume once per client and agent, so further copies change nothing.
func TestE7Shared(t *testing.T) {
	w := newWorld(t, units(100, 0, 0, 1000), drf.WithTieBreak(drf.Count)).add("a", "b", "c")
	w.grant("a", 5, 0, 0, 100)
	w.grant("b", 6)
	w.grant("c", 1, 0, 0, 100)
	w.update("a", units(), units()) // two more copies
	w.wantShare("a", 10, 100)
	w.wantShare("b", 6, 100)
	w.wantShare("c", 10, 100)
	w.wantOrder("b", "a", "c")
	w.grant("a") // as grants, the copies count
	w.grant("a")
	w.wantOrder("b", "c", "a")
	w.release("a") // two copies dropped
	w.wantShare("a", 10, 100)
	w.release("a", 0, 0, 0, 100) // and the last
	w.wantShare("a", 5, 100)
	w.wantOrder("a", "b", "c")
}

// docs/allocation.md §1.5
func TestE8ReservedCountsOnceOffered(t *testing.T) {
	w := newWorld(t, units(101)).add("r1", "r2")
	w.grant("r1", 1+100)
	for _, total := range []int64{103, 105} {
		w.totals(units(total))
		w.wantShare("r1", 101, total)
		require.Equal(t, "r2", w.first())
		w.grant("r2", 2)
	}
	w.wantShare("r2", 4, 105)
}

// paperRun serves whoever is first as long as a task fits, and returns who was served.
func paperRun(w *world, total *drf.Vec, task map[string]*drf.Vec) []string {
	free := total.Clone()
	var served []string
	for {
		next := ""
		for _, path := range w.order() {
			if free.Contains(task[path]) {
				next = path
				break
			}
		}
		if next == "" {
			return served
		}
		w.grantVec(next, task[next])
		free.Sub(task[next])
		served = append(served, next)
	}
}

// docs/allocation.md §1.5: 9 CPU, 18 GB; A runs tasks of ⟨1,4⟩ and B of ⟨3,1⟩.
func TestE9Paper(t *testing.T) {
	total := units(9, 18)
	for _, order := range []struct{ a, b, want string }{{"A", "B", "ABABA"}, {"z", "B", "BzzBz"}} {
		w := newWorld(t, total).add(order.a, order.b)
		served := ""
		for _, s := range paperRun(w, total, map[string]*drf.Vec{order.a: units(1, 4), order.b: units(3, 1)}) {
			served += s
		}
		require.Equal(t, order.want, served)
		w.wantShare(order.a, 2, 3) // ⟨3,12⟩: 12 of 18 GB
		w.wantShare(order.b, 2, 3) // ⟨6,2⟩: 6 of 9 CPU
		held := w.o.TotalHeld()
		require.True(t, held.Equal(units(9, 14)), "CPU is full, 4 GB are left")
	}
}

// docs/allocation.md §1.6: H1, naive. Whatever n1 releases it gets back, and n2/g starves.
func TestH1NestedSorterStarvesALeaf(t *testing.T) {
	w := starving(t)
	for range 20 {
		w.release("n1", 0, 0, 1)
		require.Equal(t, "n1", w.order()[0]) // .9 against 1.0 because of n2/c
		w.grant("n1", 0, 0, 1)
	}
	w.wantShare("n2/g", 0, 1)
}

// docs/allocation.md §1.6: H1 with rescaling. n2/g is served until n1 and it have .5 each.
func TestH1RescalingServesTheLeaf(t *testing.T) {
	w := starving(t, drf.WithRescaling())
	for range 40 {
		w.release("n1", 0, 0, 1)
		next := ""
		for _, path := range w.order() {
			if path != "n2/c" { // no CPU is free
				next = path
				break
			}
		}
		w.grant(next, 0, 0, 1)
		if w.o.Share(w.ids["n1"]) <= .5 {
			break
		}
	}
	w.wantShare("n1", 1, 2)
	w.wantShare("n2/g", 1, 2)
	w.release("n1", 0, 0, 1)
	require.Equal(t, "n1", w.first(), "at .4 against .5 it is n1's turn again")
}

func starving(t testing.TB, opts ...drf.Option) *world {
	w := newWorld(t, units(10, 0, 10), opts...).add("n1", "n2/c", "n2/g")
	w.grant("n1", 0, 0, 10)
	w.grant("n2/c", 10)
	return w
}

// docs/allocation.md §1.6: a child that only declines would pin the smallest share at 0 and lift its greedy sibling
// over everyone else, so it is left out once it is known to be blocked.
func TestRescalingLeavesBlockedChildrenOut(t *testing.T) {
	w := newWorld(t, units(100), drf.WithRescaling()).add("n/greedy", "n/idle", "other")
	w.grant("n/greedy", 60)
	w.grant("other", 20)
	w.wantOrder("n/idle", "n/greedy", "other") // n counts 0
	require.NoError(t, w.o.SetBlocked(w.ids["n/idle"], true))
	w.wantOrder("other", "n/idle", "n/greedy") // n counts .6
	require.NoError(t, w.o.SetBlocked(w.ids["n/idle"], false))
	w.wantOrder("n/idle", "n/greedy", "other")
	w.active("n/idle", false) // and so is one that is not listed
	w.wantOrder("other", "n/greedy")
}
