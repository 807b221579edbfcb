package drf_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/drf"
)

// newLots is a world whose order is drawn by lot.
func newLots(t testing.TB, seed uint64) *world {
	return &world{t: t, o: drf.NewRandom(seed), ids: map[string]drf.Client{}}
}

// draws counts, over many agents, how often each order begins with the clients that came, up to a length.
func (w *world) draws(n, length int) map[string]float64 {
	seen := map[string]float64{}
	for agent := range n {
		w.o.BeginAgent(7, uint64(agent))
		list := ""
		left := length
		w.o.Ascend(func(c drf.Client) bool {
			list += w.paths[c] + " "
			left--
			return left > 0
		})
		seen[list] += 1 / float64(n)
	}
	return seen
}

func (w *world) wantDraws(length int, want map[string]float64) {
	w.t.Helper()
	const n = 40_000
	got := w.draws(n, length)
	for list, p := range want {
		sigma := math.Sqrt(p * (1 - p) / n)
		require.InDelta(w.t, p, got[list], 4*sigma, "%q", list)
	}
	require.Len(w.t, got, len(want))
}

// docs/allocation.md §1.5: E12 of §1.7, the relative weight is the product along the path.
func TestE12RandomNested(t *testing.T) {
	w := newLots(t, 1).add("a", "a/b", "c/d", "c/e")
	w.weight("a/b", 2)
	w.weight("c", 2)
	w.weight("c/e", 2)
	w.wantDraws(1, map[string]float64{"a ": 1. / 9, "a/b ": 2. / 9, "c/d ": 2. / 9, "c/e ": 4. / 9})
}

// docs/allocation.md §1.7: flat weights.
func TestE12RandomFlat(t *testing.T) {
	w := newLots(t, 2).add("a", "b", "c", "d", "e")
	for i, path := range w.paths {
		w.weight(path, float64(i+1))
	}
	w.wantDraws(1, map[string]float64{"a ": 1. / 15, "b ": 2. / 15, "c ": 3. / 15, "d ": 4. / 15, "e ": 5. / 15})
}

// docs/allocation.md §1.7: a subtree without an active leaf is not counted.
func TestRandomIgnoresInactive(t *testing.T) {
	w := newLots(t, 3).add("a", "b", "c/x", "c/y")
	w.weight("c", 10)
	w.active("c/x", false)
	w.active("c/y", false)
	w.wantDraws(1, map[string]float64{"a ": .5, "b ": .5})
	w.active("c/y", true)
	w.wantDraws(1, map[string]float64{"a ": 1. / 12, "b ": 1. / 12, "c/y ": 10. / 12})
	w.remove("b")
	w.wantDraws(1, map[string]float64{"a ": 1. / 11, "c/y ": 10. / 11})
}

// docs/allocation.md §1.7: without replacement, so those that are left share the rest out by weight.
func TestRandomWithoutReplacement(t *testing.T) {
	w := newLots(t, 4).add("a", "b", "c")
	w.weight("b", 2)
	w.weight("c", 3)
	w.wantDraws(3, map[string]float64{
		"a b c ": 1. / 6 * 2 / 5, "a c b ": 1. / 6 * 3 / 5,
		"b a c ": 2. / 6 * 1 / 4, "b c a ": 2. / 6 * 3 / 4,
		"c a b ": 3. / 6 * 1 / 3, "c b a ": 3. / 6 * 2 / 3,
	})
}

// docs/allocation.md §1.7: what clients hold has no effect, and hidden ones are not listed, under any weights.
func TestRandomListsEveryActiveClientOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawScene(t)
		s := drf.NewRandom(rapid.Uint64().Draw(t, "seed"))
		var want []drf.Client
		for i, path := range c.paths {
			w := rapid.SampledFrom([]float64{1, 1e-300, 1e300, math.SmallestNonzeroFloat64, math.MaxFloat64, .1}).Draw(t, "weight")
			require.NoError(t, s.SetWeight(path, w))
			active := rapid.Bool().Draw(t, "active")
			require.NoError(t, s.Add(drf.Client(i), path, active))
			if active {
				want = append(want, drf.Client(i))
			}
		}
		s.BeginAgent(rapid.Uint64().Draw(t, "run"), rapid.Uint64().Draw(t, "agent"))
		got := ordered(s)
		require.Equal(t, got, ordered(s), "the same draw again")
		for _, g := range c.grants {
			d := drf.Vec{}
			d.Set(0, g.q[0])
			require.NoError(t, s.Grant(drf.Client(g.client), &d))
		}
		require.Equal(t, got, ordered(s.Clone()))
		require.NoError(t, s.Check())
		slices.Sort(got)
		require.Equal(t, want, got)
	})
}

// docs/allocation.md §6: P12, a draw depends on nothing but the seed, the run, the agent, active clients and weights.
func TestRandomDoesNotDependOnInsertion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawScene(t)
		build := func(add []int) *drf.Sorter {
			s := drf.NewRandom(5)
			for _, i := range add {
				require.NoError(t, s.Add(drf.Client(i), c.paths[i], true))
				require.NoError(t, s.SetWeight(c.paths[i], c.weights[i]))
			}
			s.BeginAgent(1, 2)
			return s
		}
		want := ordered(build(c.inOrder()))
		require.Equal(t, want, ordered(build(rapid.Permutation(c.inOrder()).Draw(t, "insertion"))))
	})
}

// docs/allocation.md §1.7: seed, run and agent each matter. The order is written out so that a change of the draw, or a
// platform that draws otherwise, is seen.
func TestRandomDraw(t *testing.T) {
	order := func(seed, run, agent uint64) string {
		w := newLots(t, seed).add("a", "b", "c", "d", "e", "f", "g", "h")
		w.o.BeginAgent(run, agent)
		return fmt.Sprint(w.order())
	}
	require.Equal(t, "[h b e g f c d a]", order(1, 1, 1))
	for _, other := range []string{order(2, 1, 1), order(1, 2, 1), order(1, 1, 2)} {
		require.NotEqual(t, order(1, 1, 1), other)
	}
}
