package drf_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/drf"
)

// docs/allocation.md §6: bad input is refused with one error per condition and changes nothing.
func TestBadInput(t *testing.T) {
	vec := func(i int, q int64) *drf.Vec {
		var v drf.Vec
		v.Set(i, q)
		return &v
	}
	const a, b, stranger = 0, 1, 99
	for name, c := range map[string]struct {
		call func(o drf.Orderer) error
		want error
	}{
		"client twice":        {func(o drf.Orderer) error { return o.Add(a, "new", true) }, drf.ErrExists},
		"path twice":          {func(o drf.Orderer) error { return o.Add(stranger, "r/a", true) }, drf.ErrExists},
		"virtual path twice":  {func(o drf.Orderer) error { return o.Add(stranger, "r", true) }, drf.ErrExists},
		"empty path":          {func(o drf.Orderer) error { return o.Add(stranger, "", true) }, drf.ErrPath},
		"leading slash":       {func(o drf.Orderer) error { return o.Add(stranger, "/a", true) }, drf.ErrPath},
		"trailing slash":      {func(o drf.Orderer) error { return o.Add(stranger, "a/", true) }, drf.ErrPath},
		"double slash":        {func(o drf.Orderer) error { return o.Add(stranger, "a//b", true) }, drf.ErrPath},
		"a dot":               {func(o drf.Orderer) error { return o.Add(stranger, "a/.", true) }, drf.ErrPath},
		"too deep":            {func(o drf.Orderer) error { return o.Add(stranger, "a/b/c/d", true) }, drf.ErrTooMany},
		"too many clients":    {func(o drf.Orderer) error { return o.Add(stranger, "new", true) }, drf.ErrTooMany},
		"remove a stranger":   {func(o drf.Orderer) error { return o.Remove(stranger) }, drf.ErrUnknown},
		"activate a stranger": {func(o drf.Orderer) error { return o.SetActive(stranger, true) }, drf.ErrUnknown},
		"block a stranger":    {func(o drf.Orderer) error { return o.(*drf.Sorter).SetBlocked(stranger, true) }, drf.ErrUnknown},
		"grant to a stranger": {func(o drf.Orderer) error { return o.Grant(stranger, vec(0, 1)) }, drf.ErrUnknown},
		"release of a stranger": {
			func(o drf.Orderer) error { return o.Release(stranger, vec(0, 1)) }, drf.ErrUnknown},
		"update of a stranger": {
			func(o drf.Orderer) error { return o.Update(stranger, vec(0, 0), vec(0, 1)) }, drf.ErrUnknown},
		"negative grant":     {func(o drf.Orderer) error { return o.Grant(a, vec(9, -1)) }, drf.ErrQuantity},
		"overflowing grant":  {func(o drf.Orderer) error { return o.Grant(a, vec(0, math.MaxInt64)) }, drf.ErrQuantity},
		"negative release":   {func(o drf.Orderer) error { return o.Release(a, vec(0, -1)) }, drf.ErrQuantity},
		"release too much":   {func(o drf.Orderer) error { return o.Release(a, vec(0, 11)) }, drf.ErrNotHeld},
		"release of another": {func(o drf.Orderer) error { return o.Release(a, vec(1, 1)) }, drf.ErrNotHeld},
		"release beyond":     {func(o drf.Orderer) error { return o.Release(a, vec(9, 1)) }, drf.ErrNotHeld},
		"update from too much": {
			func(o drf.Orderer) error { return o.Update(a, vec(0, 11), vec(0, 1)) }, drf.ErrNotHeld},
		"update to negative": {
			func(o drf.Orderer) error { return o.Update(a, vec(0, 1), vec(0, -1)) }, drf.ErrQuantity},
		"update to overflow": {
			func(o drf.Orderer) error { return o.Update(a, vec(0, 10), vec(0, math.MaxInt64-19)) }, drf.ErrQuantity},
		"weight 0":            {func(o drf.Orderer) error { return o.SetWeight("r", 0) }, drf.ErrWeight},
		"weight below 0":      {func(o drf.Orderer) error { return o.SetWeight("r", -1) }, drf.ErrWeight},
		"weight not a number": {func(o drf.Orderer) error { return o.SetWeight("r", math.NaN()) }, drf.ErrWeight},
		"weight infinite":     {func(o drf.Orderer) error { return o.SetWeight("r", math.Inf(1)) }, drf.ErrWeight},
		"weight of no path":   {func(o drf.Orderer) error { return o.SetWeight("", 2) }, drf.ErrPath},
		"too many weights":    {func(o drf.Orderer) error { return o.SetWeight("y", 2) }, drf.ErrTooMany},
		"negative totals":     {func(o drf.Orderer) error { return o.SetTotals(vec(8, -1), 2) }, drf.ErrQuantity},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			s := drf.New(drf.WithBounds(drf.Bounds{Clients: 3, Weights: 1, Depth: 3}))
			require.NoError(t, s.SetTotals(vec(0, 100), 1))
			require.NoError(t, s.SetWeight("x", 2))
			require.NoError(t, s.Add(a, "r/a", true))
			require.NoError(t, s.Add(b, "s", true))
			require.NoError(t, s.Add(2, "r", false))
			require.NoError(t, s.Grant(a, vec(0, 10)))
			require.NoError(t, s.Grant(b, vec(0, 20)))
			if c.want == drf.ErrExists || c.want == drf.ErrPath || strings.HasPrefix(name, "too deep") {
				require.NoError(t, s.Remove(b)) // so that it is not the bound that refuses
			}
			before := s.String()
			require.ErrorIs(t, c.call(s), c.want)
			require.Equal(t, before, s.String())
			require.NoError(t, s.Check())
		})
	}
}

// docs/allocation.md §6: a bound is on what is there, not on what has been.
func TestBoundsAreGivenBack(t *testing.T) {
	s := drf.New(drf.WithBounds(drf.Bounds{Clients: 1, Weights: 1}))
	for range 3 {
		require.NoError(t, s.Add(1, "a/b", true))
		require.NoError(t, s.SetWeight("a", 2))
		require.NoError(t, s.SetWeight("a", 3))
		require.ErrorIs(t, s.Add(2, "c", true), drf.ErrTooMany)
		require.ErrorIs(t, s.SetWeight("c", 2), drf.ErrTooMany)
		require.NoError(t, s.SetWeight("c", 1))
		require.NoError(t, s.SetWeight("a", 1))
		require.NoError(t, s.Remove(1))
	}
	require.Zero(t, s.Len())
}

// docs/allocation.md §6: a stranger has no share and holds nothing.
func TestStranger(t *testing.T) {
	s := drf.New()
	require.Zero(t, s.Share(7))
	_, ok := s.Held(7)
	require.False(t, ok)
}
