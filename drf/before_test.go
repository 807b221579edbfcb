package drf_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/drf"
)

// Before agrees with Ascend, whatever changed since the order was last read.
//
// docs/allocation.md §1.3
func TestBeforeIsTheOrderOfAscend(t *testing.T) {
	paths := []string{"a", "a/x", "a/y", "a/y/z", "b", "c/x", "c/x/y", "d"}
	rapid.Check(t, func(t *rapid.T) {
		s := drf.New()
		require.NoError(t, s.SetTotals(&drf.Vec{N: [8]int64{100, 100}}, 1))
		for i, path := range paths {
			require.NoError(t, s.Add(drf.Client(i), path, true))
		}
		for step := range rapid.IntRange(1, 6).Draw(t, "steps") {
			for range rapid.IntRange(0, 5).Draw(t, "grants") {
				c := drf.Client(rapid.IntRange(0, len(paths)-1).Draw(t, "client"))
				require.NoError(t, s.Grant(c, &drf.Vec{N: [8]int64{rapid.Int64Range(0, 3).Draw(t, "cpus"), 1}}))
			}
			switch rapid.IntRange(0, 2).Draw(t, "change") {
			case 0:
				require.NoError(t, s.SetTotals(&drf.Vec{N: [8]int64{rapid.Int64Range(1, 99).Draw(t, "total"), 50}}, uint64(step+2)))
			case 1:
				require.NoError(t, s.SetWeight(rapid.SampledFrom(paths).Draw(t, "path"), 2))
			}
			twin := s.Clone().(*drf.Sorter)
			order := orderOf(twin)
			for i := range order {
				for j := range order {
					require.Equal(t, i < j, s.Before(order[i], order[j]), "%v before %v in %v", order[i], order[j], order)
				}
			}
			require.NoError(t, s.Check())
		}
	})
}

// Two of many clients are compared without reading the order.
func ExampleSorter_Before() {
	s := drf.New()
	_ = s.SetTotals(&drf.Vec{N: [8]int64{10_000}}, 1)
	_ = s.Add(0, "web", true)
	_ = s.Add(1, "batch", true)
	_ = s.Grant(1, &drf.Vec{N: [8]int64{1000}})
	fmt.Println(s.Before(0, 1), s.Before(1, 0))
	// Output: true false
}
