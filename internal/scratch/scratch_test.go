package scratch_test

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/internal/scratch"
)

// A list holds just what its map does, whatever its memory held before; ordered ones are in the order of their keys.
func TestEntriesAreThoseOfTheMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []scratch.Entry[int, string]
		for range 5 {
			m := rapid.MapOf(rapid.IntRange(0, 30), rapid.StringN(0, 2, -1)).Draw(t, "map")
			ordered := rapid.Bool().Draw(t, "ordered")
			list = scratch.Entries(list, m, ordered, cmp.Compare[int])
			got := map[int]string{}
			for _, e := range list {
				got[e.Key] = e.Value
			}
			require.Len(t, list, len(m))
			require.Equal(t, m, got)
			if ordered {
				require.True(t, slices.IsSortedFunc(list, func(a, b scratch.Entry[int, string]) int { return a.Key - b.Key }))
			}
		}
	})
}

// What a list does not hold any more is let go of.
func TestEntriesForgets(t *testing.T) {
	one := 1
	list := scratch.Entries(nil, map[int]*int{1: &one, 2: &one, 3: &one}, true, cmp.Compare[int])
	short := scratch.Entries(list, map[int]*int{4: &one}, true, cmp.Compare[int])
	require.Len(t, short, 1)
	for _, e := range short[1:len(list)] {
		require.Nil(t, e.Value)
	}
}

// No list is made where there is room in the last one.
func TestNothingIsAllocatedAgain(t *testing.T) {
	m := maps.Collect(slices.All(make([]int, 20)))
	list := scratch.Entries(nil, m, false, cmp.Compare[int])
	row := scratch.Sized([]int(nil), 20)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		list = scratch.Entries(list, m, false, cmp.Compare[int])
		row = scratch.Zeroed(row, 20)
	}))
}

// Sized keeps what is there, Zeroed does not.
func TestSizedAndZeroed(t *testing.T) {
	list := append(make([]int, 0, 4), 1, 2, 3)
	require.Equal(t, []int{1, 2}, scratch.Sized(list, 2))
	require.Equal(t, []int{1, 2, 3}, scratch.Sized(list[:1], 3))
	require.Equal(t, []int{1, 2, 3, 0, 0}, scratch.Sized(list, 5))
	require.Equal(t, []int{0, 0, 0, 0}, scratch.Zeroed(list, 4))
}
