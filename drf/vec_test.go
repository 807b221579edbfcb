package drf_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/drf"
)

// docs/allocation.md §7.3: a vector is a map from index to quantity, however it is laid out.
func TestVecIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawVec(t, nil), drawVec(t, nil)
		sum, rest := a.Clone(), a.Clone()
		sum.Add(&b)
		rest.Sub(&b)
		contains, zero, equal := true, true, true
		for i := range 12 {
			require.Equal(t, a.Get(i)+b.Get(i), sum.Get(i))
			require.Equal(t, a.Get(i)-b.Get(i), rest.Get(i))
			contains = contains && a.Get(i) >= b.Get(i)
			zero = zero && a.Get(i) == 0
			equal = equal && a.Get(i) == b.Get(i)
		}
		require.Equal(t, contains, a.Contains(&b))
		require.Equal(t, zero, a.IsZero())
		require.Equal(t, equal, a.Equal(&b))
		require.Equal(t, equal, b.Equal(&a))
		sum.Sub(&b)
		require.True(t, sum.Equal(&a))
		sum.Reset()
		require.True(t, sum.IsZero())
	})
}

// docs/allocation.md §7.3: a clone shares nothing, not even the spill.
func TestVecClone(t *testing.T) {
	var a drf.Vec
	a.Set(9, 5)
	b := a.Clone()
	b.Set(9, 6)
	b.Set(0, 1)
	require.EqualValues(t, 5, a.Get(9))
	require.Zero(t, a.Get(0))
	require.Equal(t, 10, a.Len())
	require.Zero(t, a.Get(1_000))
}

// A pool takes new totals and keeps its options: 2 of 4 and 3 of 4 are 1/2, the excluded name left out, and then 2 of 8 are 1/4.
// The zero value takes totals, too.
//
// docs/allocation.md §1.1
func TestPoolTakesNewTotals(t *testing.T) {
	held := drf.Vec{N: [8]int64{2000, 3000}}
	pool := drf.NewPool(&drf.Vec{N: [8]int64{4000, 4000}}, drf.Exclude(1), drf.WithStrictShare())
	require.Equal(t, .5, pool.Share(&held, 1))
	wide := drf.Vec{N: [8]int64{8000, 4000}}
	pool.SetTotals(&wide)
	require.Equal(t, .25, pool.Share(&held, 1))
	require.Zero(t, testing.AllocsPerRun(10, func() { pool.SetTotals(&wide) }))
	var empty drf.Pool
	require.Zero(t, empty.Share(&held, 1))
	empty.SetTotals(&wide)
	require.Equal(t, .75, empty.Share(&held, 1))
}
