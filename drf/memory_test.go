package drf_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/drf"
)

// docs/allocation.md §6: Ascend allocates nothing, and §7.3: nor does a grant or a release, whatever the tree.
func TestNoAllocations(t *testing.T) {
	d := drf.Vec{N: [8]int64{1_000, 1_024_000}}
	trees := map[string]*drf.Sorter{"flat": benchSorter(t, 1_000)}
	for _, shape := range [][2]int{{3, 32}, {7, 3}, {10, 2}} {
		trees[fmt.Sprint(shape)], _ = benchTree(t, shape[0], shape[1])
	}
	lots := drf.NewRandom(1)
	for i := range 100 {
		require.NoError(t, lots.Add(drf.Client(i), fmt.Sprint(i), true))
	}
	trees["random"] = lots
	for name, s := range trees {
		n, i, run := s.Len(), 0, uint64(0)
		s.Ascend(drain)
		require.Zero(t, testing.AllocsPerRun(200, func() {
			run++
			s.BeginAgent(run, 3)
			s.Ascend(drain)
		}), "%s: Ascend", name)
		require.Zero(t, testing.AllocsPerRun(2_000, func() {
			_ = s.Grant(drf.Client(i*7%n), &d)
			s.Ascend(onlyOne)
			i++
		}), "%s: Grant", name)
		require.Zero(t, testing.AllocsPerRun(2_000, func() {
			i--
			_ = s.Release(drf.Client(i*7%n), &d)
		}), "%s: Release", name)
		require.NoError(t, s.Check())
	}
}

// docs/allocation.md §7.3: after the first time, neither do new totals.
func TestNewTotalsDoNotAllocate(t *testing.T) {
	s := benchSorter(t, 1_000)
	totals, version := benchTotals(1_000), uint64(1)
	next := func() {
		version++
		totals.Add(&benchAgent)
		_ = s.SetTotals(totals, version)
		s.Ascend(onlyOne)
	}
	for range 10 {
		next()
	}
	require.Zero(t, testing.AllocsPerRun(100, next))
}

// docs/allocation.md §7.3: readers get clones. What nobody writes to may be read by several goroutines while the
// original goes on; the race detector looks at this one.
func TestReadersOfAClone(t *testing.T) {
	s, n := benchTree(t, 3, 8)
	require.NoError(t, s.SetTotals(benchTotals(77), 2))
	snapshot := s.Clone() // with new totals that no order has been read of
	twin, _ := benchTree(t, 3, 8)
	require.NoError(t, twin.SetTotals(benchTotals(77), 2))
	want := ordered(twin)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 20 {
				if got := ordered(snapshot); len(got) != len(want) || got[0] != want[0] || got[n-1] != want[n-1] {
					t.Errorf("the order changed: %v", got)
				}
				_ = snapshot.Share(want[0])
			}
		})
	}
	writer := s.Clone()
	readers.Go(func() {
		for i := range n {
			_ = writer.Grant(drf.Client(i), &benchAgent)
		}
		_ = writer.SetTotals(benchTotals(78), 3)
		_ = ordered(writer)
	})
	require.NoError(t, s.SetTotals(benchTotals(79), 3))
	require.Len(t, ordered(s), n)
	for i := range n {
		require.NoError(t, s.Remove(drf.Client(i)))
	}
	readers.Wait()
	require.Empty(t, ordered(s))
	require.Equal(t, want, ordered(snapshot))
	require.NoError(t, snapshot.Check())
	require.NoError(t, writer.Check())
}

// docs/allocation.md §7.3: weights of paths that do not exist yet are a clone's own, too.
func TestCloneHasItsOwnWeights(t *testing.T) {
	for _, changeTheClone := range []bool{false, true} {
		s := drf.New()
		require.NoError(t, s.SetTotals(units(10), 1))
		require.NoError(t, s.SetWeight("b", 5))
		c := s.Clone().(*drf.Sorter)
		changed, kept := s, c
		if changeTheClone {
			changed, kept = c, s
		}
		require.NoError(t, changed.SetWeight("a", 2))
		for _, o := range []drf.Orderer{changed, kept} {
			require.NoError(t, o.Add(1, "a", true))
			require.NoError(t, o.Grant(1, units(4)))
		}
		require.Equal(t, .2, changed.Share(1))
		require.Equal(t, .4, kept.Share(1))
	}
}

// docs/allocation.md §7.3: ids are recycled, so what has come and gone costs nothing.
func TestComeAndGo(t *testing.T) {
	s := drf.New()
	require.NoError(t, s.Add(0, "a", true))
	cycle := func() {
		_ = s.Add(1, "a/b/c", true)
		_ = s.Grant(1, &benchAgent)
		_ = s.Remove(1)
	}
	cycle()
	few := s.Slots()
	for range 1_000 {
		cycle()
	}
	require.Equal(t, few, s.Slots())
	require.NoError(t, s.Check())
}
