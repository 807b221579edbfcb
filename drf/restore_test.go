package drf_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/drf"
)

// An order that is made when a second client joins, and is told what the first held and how often it was served, goes on as
// one that was kept from the beginning.
//
// docs/allocation.md §1.3
func TestRestoredOrderGoesOnAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tie := rapid.SampledFrom([]drf.TieBreak{drf.LeastRecentlyServed, drf.Count}).Draw(t, "tie")
		kept := drf.New(drf.WithFlat(), drf.WithTieBreak(tie))
		totals := drf.Vec{N: [8]int64{100, 100}}
		require.NoError(t, kept.SetTotals(&totals, 1))
		require.NoError(t, kept.Add(0, "a", true))
		var held drf.Vec
		services := rapid.IntRange(0, 3).Draw(t, "services")
		for range services {
			d := drf.Vec{N: [8]int64{rapid.Int64Range(0, 3).Draw(t, "cpus")}}
			require.NoError(t, kept.Grant(0, &d))
			held.Add(&d)
		}
		if rapid.Bool().Draw(t, "release") {
			require.NoError(t, kept.Release(0, &held))
			held = drf.Vec{}
		}
		made := drf.New(drf.WithFlat(), drf.WithTieBreak(tie))
		require.NoError(t, made.SetTotals(&totals, 1))
		require.NoError(t, made.Add(0, "a", true))
		require.NoError(t, made.Restore(0, &held, uint64(services)))
		for i, path := range []string{"b", "A"} {
			for _, s := range []*drf.Sorter{kept, made} {
				require.NoError(t, s.Add(drf.Client(i+1), path, true))
			}
		}
		for range rapid.IntRange(0, 8).Draw(t, "grants") {
			require.Equal(t, orderOf(kept), orderOf(made))
			c := drf.Client(rapid.IntRange(0, 2).Draw(t, "client"))
			d := drf.Vec{N: [8]int64{rapid.Int64Range(0, 2).Draw(t, "cpus")}}
			require.NoError(t, kept.Grant(c, &d))
			require.NoError(t, made.Grant(c, &d))
			require.NoError(t, made.Check())
		}
		require.Equal(t, orderOf(kept), orderOf(made))
	})
}

func orderOf(s *drf.Sorter) (order []drf.Client) {
	s.Ascend(func(c drf.Client) bool {
		order = append(order, c)
		return true
	})
	return order
}

// Restore is for clients that are there, and for quantities that are none below 0.
//
// docs/allocation.md §1.3
func TestRestoreRefuses(t *testing.T) {
	s := drf.New()
	require.ErrorIs(t, s.Restore(7, &drf.Vec{}, 1), drf.ErrUnknown)
	require.NoError(t, s.Add(7, "a", true))
	require.ErrorIs(t, s.Restore(7, &drf.Vec{N: [8]int64{-1}}, 1), drf.ErrQuantity)
	require.NoError(t, s.Check())
}

// The order of a role's frameworks is made when a second one joins.
func ExampleSorter_Restore() {
	s := drf.New()
	_ = s.SetTotals(&drf.Vec{N: [8]int64{10_000}}, 1)
	_ = s.Add(0, "old", true)
	_ = s.Restore(0, &drf.Vec{N: [8]int64{5000}}, 3)
	_ = s.Add(1, "young", true)
	s.Ascend(func(c drf.Client) bool {
		fmt.Println(c, s.Share(c))
		return true
	})
	// Output:
	// 1 0
	// 0 0.5
}
