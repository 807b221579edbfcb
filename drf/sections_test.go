package drf_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/drf"
)

// Names of the worked examples.
const (
	cpus = iota
	mem
	gpus
	disk
)

// units makes whole units of cpus, mem, gpus and disk into a vector.
func units(q ...int64) *drf.Vec {
	var v drf.Vec
	for i, n := range q {
		v.Set(i, n*1000)
	}
	return &v
}

// A world is an orderer with readable clients.
type world struct {
	t     testing.TB
	o     *drf.Sorter
	ids   map[string]drf.Client
	paths []string
	runs  uint64
}

func newWorld(t testing.TB, totals *drf.Vec, opts ...drf.Option) *world {
	w := &world{t: t, o: drf.New(opts...), ids: map[string]drf.Client{}}
	w.totals(totals)
	return w
}

func (w *world) totals(v *drf.Vec) {
	w.runs++
	require.NoError(w.t, w.o.SetTotals(v, w.runs))
}

func (w *world) add(paths ...string) *world {
	for _, path := range paths {
		id, ok := w.ids[path]
		if !ok {
			id = drf.Client(len(w.paths))
			w.ids[path], w.paths = id, append(w.paths, path)
		}
		require.NoError(w.t, w.o.Add(id, path, true))
	}
	return w
}

func (w *world) remove(path string)          { require.NoError(w.t, w.o.Remove(w.ids[path])) }
func (w *world) active(path string, on bool) { require.NoError(w.t, w.o.SetActive(w.ids[path], on)) }
func (w *world) weight(path string, weight float64) {
	require.NoError(w.t, w.o.SetWeight(path, weight))
}
func (w *world) grant(path string, q ...int64)    { w.grantVec(path, units(q...)) }
func (w *world) grantVec(path string, d *drf.Vec) { require.NoError(w.t, w.o.Grant(w.ids[path], d)) }
func (w *world) release(path string, q ...int64) {
	require.NoError(w.t, w.o.Release(w.ids[path], units(q...)))
}
func (w *world) update(path string, old, new *drf.Vec) {
	require.NoError(w.t, w.o.Update(w.ids[path], old, new))
}

func (w *world) order() []string {
	require.NoError(w.t, w.o.Check())
	list := []string{}
	w.o.Ascend(func(c drf.Client) bool {
		list = append(list, w.paths[c])
		return true
	})
	return list
}

func (w *world) first() string { return w.order()[0] }

func (w *world) wantOrder(want ...string) {
	w.t.Helper()
	require.Equal(w.t, want, w.order())
}

// wantShare takes the expected share as a fraction and allows the two roundings.
func (w *world) wantShare(path string, num, den int64) {
	w.t.Helper()
	exact, _ := big.NewRat(num, den).Float64()
	require.InEpsilon(w.t, 1+exact, 1+w.o.Share(w.ids[path]), 1e-15, path)
}

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
