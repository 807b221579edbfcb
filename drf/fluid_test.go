package drf_test

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The divisible references: exact rational arithmetic, no packing.

// A user runs tasks that each need the same amounts.
type user struct {
	task   []int64
	weight int64
}

func rat(n int64) *big.Rat { return big.NewRat(n, 1) }

// worth is what one task adds to the quantity that a policy keeps equal.
type worth func(task, total []int64) *big.Rat

// dominant is the worth of DRF: the largest fraction of any one name.
func dominant(task, total []int64) *big.Rat {
	most := new(big.Rat)
	for r := range task {
		if part := big.NewRat(task[r], total[r]); part.Cmp(most) > 0 {
			most = part
		}
	}
	return most
}

// asset is the worth of asset fairness: the sum of the fractions.
func asset(task, total []int64) *big.Rat {
	sum := new(big.Rat)
	for r := range task {
		sum.Add(sum, big.NewRat(task[r], total[r]))
	}
	return sum
}

// fill raises the worth of all users at the rate of their weights, freezes those who need a name that is used up, and
// goes on with the others. It returns everyone's tasks and what is left of each name.
func fill(total []int64, users []user, w worth) (tasks, free []*big.Rat) {
	rates := make([]*big.Rat, len(users))
	for i, u := range users {
		rates[i] = new(big.Rat).Quo(rat(u.weight), w(u.task, total))
		tasks = append(tasks, new(big.Rat))
	}
	for _, q := range total {
		free = append(free, rat(q))
	}
	for {
		use := make([]*big.Rat, len(total))
		growing := []int{}
		for r := range total {
			use[r] = new(big.Rat)
		}
		for i, u := range users {
			if needsFull(u, free) {
				continue
			}
			growing = append(growing, i)
			for r, d := range u.task {
				use[r].Add(use[r], new(big.Rat).Mul(rat(d), rates[i]))
			}
		}
		if len(growing) == 0 {
			return tasks, free
		}
		var step *big.Rat
		for r := range total {
			if use[r].Sign() == 0 {
				continue
			}
			if until := new(big.Rat).Quo(free[r], use[r]); step == nil || until.Cmp(step) < 0 {
				step = until
			}
		}
		for _, i := range growing {
			tasks[i].Add(tasks[i], new(big.Rat).Mul(step, rates[i]))
		}
		for r := range total {
			free[r].Sub(free[r], new(big.Rat).Mul(step, use[r]))
		}
	}
}

// needsFull reports whether a user needs a name of which nothing is left.
func needsFull(u user, free []*big.Rat) bool {
	for r, d := range u.task {
		if d > 0 && free[r].Sign() == 0 {
			return true
		}
	}
	return false
}

// fits is how many tasks of this shape a bundle holds.
func fits(task []int64, bundle []*big.Rat) *big.Rat {
	var most *big.Rat
	for r, d := range task {
		if d == 0 {
			continue
		}
		if n := new(big.Rat).Quo(bundle[r], rat(d)); most == nil || n.Cmp(most) < 0 {
			most = n
		}
	}
	return most
}

func bundle(task []int64, tasks *big.Rat) []*big.Rat {
	var list []*big.Rat
	for _, d := range task {
		list = append(list, new(big.Rat).Mul(rat(d), tasks))
	}
	return list
}

// marketTasks is competitive equilibrium from equal incomes for two users and two names: the feasible point of the
// largest product, which is on an edge's middle or on the corner where both names are used up.
func marketTasks(total []int64, a, b []int64) (x, y *big.Rat) {
	type point struct{ x, y *big.Rat }
	var points []point
	for r := range total {
		points = append(points, point{big.NewRat(total[r], 2*a[r]), big.NewRat(total[r], 2*b[r])})
	}
	if det := a[0]*b[1] - a[1]*b[0]; det != 0 {
		points = append(points, point{
			big.NewRat(total[0]*b[1]-total[1]*b[0], det), big.NewRat(a[0]*total[1]-a[1]*total[0], det)})
	}
	best := new(big.Rat)
	for _, p := range points {
		feasible := p.x.Sign() >= 0 && p.y.Sign() >= 0
		for r := range total {
			use := new(big.Rat).Add(new(big.Rat).Mul(rat(a[r]), p.x), new(big.Rat).Mul(rat(b[r]), p.y))
			feasible = feasible && use.Cmp(rat(total[r])) <= 0
		}
		if product := new(big.Rat).Mul(p.x, p.y); feasible && product.Cmp(best) > 0 {
			best, x, y = product, p.x, p.y
		}
	}
	return x, y
}

func requireRat(t require.TestingT, want string, got *big.Rat) {
	require.Equal(t, want, got.FloatString(2))
}

// docs/allocation.md §1.5: the instance of E9, divisible, under three policies.
func TestE10Rivals(t *testing.T) {
	total := []int64{9, 18}
	a, b := user{[]int64{1, 4}, 1}, user{[]int64{3, 1}, 1}

	tasks, _ := fill(total, []user{a, b}, dominant)
	requireRat(t, "3.00", tasks[0])
	requireRat(t, "2.00", tasks[1])

	tasks, _ = fill(total, []user{a, b}, asset)
	requireRat(t, "2.52", tasks[0])
	requireRat(t, "2.16", tasks[1])

	x, honest := marketTasks(total, a.task, b.task)
	requireRat(t, "4.09", x)
	requireRat(t, "1.64", honest)

	lie := user{[]int64{3, 2}, 1}
	_, lying := marketTasks(total, a.task, lie.task)
	requireRat(t, "1.80", lying)
	require.Positive(t, lying.Cmp(honest), "the market rewards the lie")
	tasks, _ = fill(total, []user{a, lie}, dominant)
	require.LessOrEqual(t, fits(b.task, bundle(lie.task, tasks[1])).Cmp(rat(2)), 0, "DRF does not")
}

// docs/allocation.md §1.5: asset fairness fails sharing incentive.
func TestE11AssetFairnessFailsSharingIncentive(t *testing.T) {
	total := []int64{30, 30}
	users := []user{{[]int64{1, 3}, 1}, {[]int64{1, 1}, 1}}
	tasks, _ := fill(total, users, asset)
	requireRat(t, "6.00", tasks[0])
	requireRat(t, "12.00", tasks[1]) // less than half, 15, of both names
	tasks, _ = fill(total, users, dominant)
	requireRat(t, "5.00", tasks[0])
	requireRat(t, "15.00", tasks[1])
}

// An instance is one pool and those who want some of it.
type instance struct {
	total []int64
	users []user
}

func drawInstance(t *rapid.T, least int64, weighted bool) instance {
	names := rapid.IntRange(1, 3).Draw(t, "names")
	n := instance{total: rapid.SliceOfN(rapid.Int64Range(10, 60), names, names).Draw(t, "total")}
	for range rapid.IntRange(2, 4).Draw(t, "users") {
		u := user{task: drawTask(t, names, least), weight: 1}
		if weighted {
			u.weight = rapid.Int64Range(1, 3).Draw(t, "weight")
		}
		n.users = append(n.users, u)
	}
	return n
}

func drawTask(t *rapid.T, names int, least int64) []int64 {
	task := rapid.SliceOfN(rapid.Int64Range(least, 6), names, names).Draw(t, "task")
	if least == 0 {
		task[rapid.IntRange(0, names-1).Draw(t, "needed")] = rapid.Int64Range(1, 6).Draw(t, "need")
	}
	return task
}

// docs/allocation.md §6: sharing incentive, envy-freeness and Pareto efficiency, exact.
func TestFluidIsFair(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInstance(t, 0, false)
		tasks, free := fill(in.total, in.users, dominant)
		part := []*big.Rat{}
		for _, q := range in.total {
			part = append(part, big.NewRat(q, int64(len(in.users))))
		}
		for i, u := range in.users {
			require.True(t, needsFull(u, free), "user %d could go on", i)
			require.GreaterOrEqual(t, tasks[i].Cmp(fits(u.task, part)), 0, "user %d is better off with its part", i)
			for j, other := range in.users {
				require.LessOrEqual(t, fits(u.task, bundle(other.task, tasks[j])).Cmp(tasks[i]), 0, "%d envies %d", i, j)
			}
		}
	})
}

// docs/allocation.md §6: strategy-proofness, exact.
func TestFluidDoesNotRewardLies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInstance(t, 0, true)
		honest, _ := fill(in.total, in.users, dominant)
		truth := in.users[0].task
		in.users[0].task = drawTask(t, len(in.total), 0)
		lying, _ := fill(in.total, in.users, dominant)
		got := fits(truth, bundle(in.users[0].task, lying[0]))
		require.LessOrEqual(t, got.Cmp(honest[0]), 0, "lie %v for %v", in.users[0].task, truth)
	})
}

// docs/allocation.md §6: with a single name DRF is weighted max-min fairness: everyone the same per weight.
func TestFluidSingleName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInstance(t, 1, true)
		in.total = in.total[:1]
		weights := int64(0)
		for i := range in.users {
			in.users[i].task = in.users[i].task[:1]
			weights += in.users[i].weight
		}
		tasks, _ := fill(in.total, in.users, dominant)
		for i, u := range in.users {
			require.Zero(t, tasks[i].Cmp(big.NewRat(in.total[0]*u.weight, weights*u.task[0])))
		}
	})
}

// docs/allocation.md §6: with one name that is everyone's dominant one DRF is weighted max-min fairness on that name.
func TestFluidBottleneck(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInstance(t, 1, true)
		weights := int64(0)
		for i, u := range in.users {
			weights += u.weight
			for r := range in.total[1:] {
				in.total[r+1] = in.total[0]
				in.users[i].task[r+1] = min(u.task[r+1], u.task[0])
			}
		}
		tasks, _ := fill(in.total, in.users, dominant)
		for i, u := range in.users {
			require.Zero(t, tasks[i].Cmp(big.NewRat(in.total[0]*u.weight, weights*u.task[0])))
		}
	})
}

// docs/allocation.md §6: asset fairness is not: A has 6 of 10 cpus, B 4.
func TestAssetFairnessBreaksBottleneckFairness(t *testing.T) {
	users := []user{{[]int64{2, 0}, 1}, {[]int64{2, 1}, 1}}
	tasks, _ := fill([]int64{10, 10}, users, asset)
	requireRat(t, "3.00", tasks[0])
	requireRat(t, "2.00", tasks[1])
}

// docs/allocation.md §6: population monotonicity for strictly positive demands.
func TestFluidLeaverLowersNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawInstance(t, 1, true)
		before, _ := fill(in.total, in.users, dominant)
		after, _ := fill(in.total, in.users[1:], dominant)
		for i := range after {
			require.GreaterOrEqual(t, after[i].Cmp(before[i+1]), 0)
		}
	})
}

// docs/allocation.md §6: with demands of zero it does not hold.
func TestFluidLeaverCanLowerWithZeroDemands(t *testing.T) {
	total := []int64{10, 10}
	users := []user{{[]int64{1, 0}, 1}, {[]int64{1, 0}, 1}, {[]int64{1, 1}, 1}, {[]int64{0, 1}, 1}}
	before, _ := fill(total, users, dominant)
	after, _ := fill(total, users[1:], dominant)
	for i, want := range []string{"3.33", "3.33", "3.33", "6.67"} {
		requireRat(t, want, before[i])
	}
	for _, got := range after {
		requireRat(t, "5.00", got)
	}
}
