package drf_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/drf"
)

// A Slim counts what a Vec counts, whatever is done to both; clones live on by themselves.
//
// docs/allocation.md §7.2
func TestSlimIsAVec(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var slim, kept drf.Slim
		var plain, keptPlain drf.Vec
		agree := func(s *drf.Slim, v *drf.Vec) {
			for i := range 14 {
				require.Equal(t, v.Get(i), s.Get(i), "name %d", i)
			}
			view := s.View()
			require.True(t, view.Equal(v))
			require.True(t, s.Equal(v))
			require.Equal(t, v.IsZero(), s.IsZero())
		}
		change := func(name string, do func(drf.Vec, int, int64)) func(*rapid.T) {
			return func(t *rapid.T) {
				var d drf.Vec
				for range rapid.IntRange(0, 3).Draw(t, name) {
					d.Set(rapid.IntRange(0, 13).Draw(t, "name"), rapid.Int64Range(-3, 3).Draw(t, "quantity"))
				}
				do(d, rapid.IntRange(0, 13).Draw(t, "of"), rapid.Int64Range(-2, 2).Draw(t, "to"))
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"add":  change("add", func(d drf.Vec, _ int, _ int64) { slim.Add(&d); plain.Add(&d) }),
			"sub":  change("sub", func(d drf.Vec, _ int, _ int64) { slim.Sub(&d); plain.Sub(&d) }),
			"set":  change("set", func(_ drf.Vec, i int, q int64) { slim.Set(i, q); plain.Set(i, q) }),
			"keep": func(*rapid.T) { kept, keptPlain = slim.Clone(), plain.Clone() },
			"":     func(*rapid.T) { agree(&slim, &plain); agree(&kept, &keptPlain) },
		})
	})
}

// Nothing is allocated while only the first four names are held.
func TestSlimAllocatesNothing(t *testing.T) {
	d := drf.Vec{N: [8]int64{1, 2, 3, 4}}
	var s drf.Slim
	require.Zero(t, testing.AllocsPerRun(100, func() {
		s.Add(&d)
		s.Set(9, 0)
		v := s.View()
		s.Sub(&v)
	}))
	require.True(t, s.IsZero())
}
