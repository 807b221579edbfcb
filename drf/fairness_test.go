package drf_test

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/drf"
)

// progressive runs the sorter on an instance until nobody's next task fits. Each grant must go to the first in order
// whose task fits (P9); the rest of the test looks at what comes out.
func progressive(t *rapid.T, in instance) (tasks []int64, free drf.Vec) {
	total := drf.Vec{}
	for r, q := range in.total {
		total.Set(r, q)
	}
	s := drf.New()
	require.NoError(t, s.SetTotals(&total, 1))
	need := make([]drf.Vec, len(in.users))
	for i, u := range in.users {
		path := fmt.Sprintf("u%d", i)
		require.NoError(t, s.Add(drf.Client(i), path, true))
		require.NoError(t, s.SetWeight(path, float64(u.weight)))
		for r, d := range u.task {
			need[i].Set(r, d)
		}
	}
	tasks, free = make([]int64, len(in.users)), total.Clone()
	for {
		next, last := -1, -1.0
		s.Ascend(func(c drf.Client) bool {
			require.GreaterOrEqual(t, s.Share(c), last, "shares ascend")
			last = s.Share(c)
			if free.Contains(&need[c]) {
				next = int(c)
			}
			return next < 0
		})
		if next < 0 {
			return tasks, free
		}
		require.NoError(t, s.Grant(drf.Client(next), &need[next]))
		free.Sub(&need[next])
		tasks[next]++
	}
}

func float(r *big.Rat) float64 {
	f, _ := r.Float64()
	return f
}

// docs/allocation.md §6: sharing incentive, envy-freeness and Pareto efficiency, to within a task.
func TestProgressiveFillingIsFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInstance(t, 0, false)
		tasks, free := progressive(t, in)
		deltas, mean := []float64{}, 0.0
		for _, u := range in.users {
			delta := float(dominant(u.task, in.total))
			deltas = append(deltas, delta)
			mean += delta / float64(len(in.users))
		}
		for i, u := range in.users {
			share := float64(tasks[i]) * deltas[i]
			require.Greater(t, share, 1/float64(len(in.users))-mean-1e-12, "sharing incentive of %d", i)
			require.False(t, fitsIn(u.task, &free), "the next task of %d fits", i)
			for j, other := range in.users {
				inOther, _ := fits(u.task, bundle(other.task, rat(tasks[j]))).Float64()
				slack := math.Ceil(deltas[j]/deltas[i] - 1e-12)
				require.LessOrEqual(t, math.Floor(inOther), float64(tasks[i])+slack, "%d envies %d", i, j)
			}
		}
	})
}

func fitsIn(task []int64, free *drf.Vec) bool {
	for r, d := range task {
		if d > free.Get(r) {
			return false
		}
	}
	return true
}

// docs/allocation.md §6: with a single name and tasks of one size the sorter is max-min fair within one task; with
// weights, nobody is ahead of anybody by more than one task of its own, weighted.
func TestProgressiveFillingSingleName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weighted := rapid.Bool().Draw(t, "weighted")
		in := drawInstance(t, 1, weighted)
		in.total = in.total[:1]
		for i := range in.users {
			in.users[i].task = []int64{1}
		}
		tasks, _ := progressive(t, in)
		exact, _ := fill(in.total, in.users, dominant)
		for i, u := range in.users {
			if !weighted {
				require.InDelta(t, float(exact[i]), float64(tasks[i]), 1)
			}
			for j, other := range in.users { // tasks/weight ≤ other's + 1/weight, without division
				require.LessOrEqual(t, tasks[i]*other.weight, tasks[j]*u.weight+other.weight, "%d is ahead of %d", i, j)
			}
		}
	})
}

// docs/allocation.md §6: while nobody has dropped out, weighted shares are never further apart than one task each, so
// small tasks come close to the divisible reference.
func TestProgressiveFillingApproachesFluid(t *testing.T) {
	const scale = 2_000
	rapid.Check(t, func(t *rapid.T) {
		in := drawInstance(t, 1, true)
		exact, _ := fill(in.total, in.users, dominant)
		for r := range in.total {
			in.total[r] *= scale
		}
		for i := range in.users { // tasks a fortieth of what they were, against the totals
			for r := range in.users[i].task {
				in.users[i].task[r] *= scale / 40
			}
		}
		tasks, _ := progressive(t, in)
		for i, u := range in.users {
			delta := float(dominant(u.task, in.total))
			want := float(exact[i]) * 40
			slack := 1.0
			for _, other := range in.users {
				most := float(dominant(other.task, in.total)) / float64(other.weight)
				slack += most * float64(u.weight) / delta
			}
			require.GreaterOrEqual(t, float64(tasks[i]), want-2*slack, "user %d", i)
		}
	})
}

// docs/allocation.md §6: P11, the share function alone: within 2 ulp of the exact value, weights like 0.1 included.
func TestShareWithinTwoUlp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var held, total drf.Vec
		for i := range rapid.IntRange(1, 11).Draw(t, "names") {
			all := rapid.Int64Range(1, 1<<53).Draw(t, "total")
			total.Set(i, all)
			held.Set(i, rapid.Int64Range(0, all).Draw(t, "held"))
		}
		w := rapid.SampledFrom([]float64{1, .1, .3, 2, 7, 1e-3, 12345.678}).Draw(t, "weight")
		exact := new(big.Rat)
		for i := range held.Len() {
			if total.Get(i) == 0 {
				continue
			}
			if part := big.NewRat(held.Get(i), total.Get(i)); part.Cmp(exact) > 0 {
				exact = part
			}
		}
		exact.Quo(exact, new(big.Rat).SetFloat64(w))
		pool := drf.NewPool(&total)
		got := pool.Share(&held, w)
		ulp := math.Nextafter(float(exact), math.Inf(1)) - float(exact)
		off := new(big.Rat).Sub(new(big.Rat).SetFloat64(got), exact)
		require.LessOrEqual(t, off.Abs(off).Cmp(new(big.Rat).SetFloat64(2*ulp)), 0, "%v for %v", got, exact)
	})
}

// A scene is a cluster that can be built again with changes.
type scene struct {
	total   []int64
	paths   []string
	weights []float64
	grants  []sceneGrant
}

type sceneGrant struct {
	client int
	q      []int64
}

func drawScene(t *rapid.T) scene {
	names := rapid.IntRange(1, 4).Draw(t, "names")
	c := scene{total: rapid.SliceOfN(rapid.Int64Range(50, 500), names, names).Draw(t, "total")}
	c.paths = rapid.SliceOfNDistinct(rapid.Custom(drawPath), 1, 8, rapid.ID).Draw(t, "paths")
	for range c.paths {
		c.weights = append(c.weights, rapid.SampledFrom([]float64{1, 1, .1, .3, 2, 5}).Draw(t, "weight"))
	}
	for range rapid.IntRange(0, 20).Draw(t, "grants") {
		c.grants = append(c.grants, sceneGrant{
			rapid.IntRange(0, len(c.paths)-1).Draw(t, "client"),
			rapid.SliceOfN(rapid.Int64Range(0, 9), names, names).Draw(t, "grant"),
		})
	}
	return c
}

// build adds the clients in the order given and grants; factor scales the quantities of each name and all weights.
func (c scene) build(t *rapid.T, add []int, factor func(name int) int64, weight float64) *drf.Sorter {
	s := drf.New()
	scaled := func(q []int64) *drf.Vec {
		var v drf.Vec
		for i, n := range q {
			v.Set(i, n*factor(i))
		}
		return &v
	}
	require.NoError(t, s.SetTotals(scaled(c.total), 1))
	for _, i := range add {
		require.NoError(t, s.SetWeight(c.paths[i], c.weights[i]*weight))
		require.NoError(t, s.Add(drf.Client(i), c.paths[i], true))
	}
	for _, g := range c.grants {
		require.NoError(t, s.Grant(drf.Client(g.client), scaled(g.q)))
	}
	require.NoError(t, s.Check())
	return s
}

func (c scene) plain(t *rapid.T) *drf.Sorter { return c.build(t, c.inOrder(), asIs, 1) }

func (c scene) inOrder() []int {
	list := make([]int, len(c.paths))
	for i := range list {
		list[i] = i
	}
	return list
}

func asIs(int) int64 { return 1 }

// docs/allocation.md §6: P12, the order does not depend on the order in which clients came.
func TestOrderDoesNotDependOnInsertion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawScene(t)
		want := ordered(c.plain(t))
		require.Equal(t, want, ordered(c.plain(t)), "the same calls again")
		add := rapid.Permutation(c.inOrder()).Draw(t, "insertion")
		require.Equal(t, want, ordered(c.build(t, add, asIs, 1)))
	})
}

// docs/allocation.md §6: P14, a name's unit does not matter.
func TestOrderDoesNotDependOnUnits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawScene(t)
		name, k := rapid.IntRange(0, len(c.total)-1).Draw(t, "name"), rapid.Int64Range(2, 1<<40).Draw(t, "factor")
		factor := func(i int) int64 {
			if i == name {
				return k
			}
			return 1
		}
		require.Equal(t, ordered(c.plain(t)), ordered(c.build(t, c.inOrder(), factor, 1)))
	})
}

// docs/allocation.md §6: P14, only the ratios of weights matter. (Powers of two, since other factors round. Every node
// gets its weight here, so the internal ones are clients too.)
func TestOrderDependsOnRatiosOfWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawScene(t)
		for _, path := range slices.Clone(c.paths) {
			for _, prefix := range prefixes(path) {
				if !slices.Contains(c.paths, prefix) {
					c.paths, c.weights = append(c.paths, prefix), append(c.weights, 1)
				}
			}
		}
		// The virtual leaf has weight 1 whatever its node has, so compare trees in which it does not compete.
		s, heavy := c.plain(t), c.build(t, c.inOrder(), asIs, math.Ldexp(1, rapid.IntRange(-20, 20).Draw(t, "exponent")))
		for i, path := range c.paths {
			if slices.ContainsFunc(c.paths, func(other string) bool { return len(other) > len(path) && other[:len(path)+1] == path+"/" }) {
				require.NoError(t, s.SetActive(drf.Client(i), false))
				require.NoError(t, heavy.SetActive(drf.Client(i), false))
			}
		}
		require.Equal(t, ordered(s), ordered(heavy))
	})
}

// docs/allocation.md §6: P14, a name that nobody uses changes nothing.
func TestOrderIgnoresUnusedNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawScene(t)
		want := ordered(c.plain(t))
		c.total = append(c.total, 7, 0, 123)
		require.Equal(t, want, ordered(c.plain(t)))
	})
}

// docs/allocation.md §6: P13, a grant that is taken back leaves nothing but the place among ties.
func TestReleaseUndoesGrant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawScene(t)
		s := c.plain(t)
		shares := func() (list []float64) {
			for i := range c.paths {
				list = append(list, s.Share(drf.Client(i)))
			}
			return list
		}
		want, held := shares(), s.TotalHeld()
		d := drawVec(t, nil)
		client := drf.Client(rapid.IntRange(0, len(c.paths)-1).Draw(t, "client"))
		require.NoError(t, s.Grant(client, &d))
		require.NoError(t, s.Release(client, &d))
		require.Equal(t, want, shares())
		after := s.TotalHeld()
		require.True(t, held.Equal(&after))
	})
}
