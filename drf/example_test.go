package drf_test

import (
	"fmt"

	"github.com/proffer-go/proffer/drf"
)

// The example of the DRF paper: 9 CPU and 18 GB, user A runs tasks of ⟨1 CPU, 4 GB⟩, user B of ⟨3 CPU, 1 GB⟩.
// Whoever is first gets a task as long as one fits.
func Example() {
	const cpus, gb = 0, 1 // the indices that the caller gave to the names
	var total drf.Vec
	total.Set(cpus, 9_000)
	total.Set(gb, 18_000)

	type user struct {
		name string
		task drf.Vec
	}
	users := []user{ // by client
		{"A", drf.Vec{N: [8]int64{1_000, 4_000}}},
		{"B", drf.Vec{N: [8]int64{3_000, 1_000}}},
	}

	sorter := drf.New()
	_ = sorter.SetTotals(&total, 1)
	for i, u := range users {
		_ = sorter.Add(drf.Client(i), u.name, true)
	}

	free := total.Clone()
	for {
		next := -1
		sorter.Ascend(func(c drf.Client) bool {
			if free.Contains(&users[c].task) {
				next = int(c)
			}
			return next < 0
		})
		if next < 0 {
			break
		}
		u := &users[next]
		_ = sorter.Grant(drf.Client(next), &u.task)
		free.Sub(&u.task)
		fmt.Printf("a task for %s, who has now %.3f\n", u.name, sorter.Share(drf.Client(next)))
	}
	fmt.Printf("left: %d CPU, %d GB\n", free.Get(cpus)/1000, free.Get(gb)/1000)

	// Output:
	// a task for A, who has now 0.222
	// a task for B, who has now 0.333
	// a task for A, who has now 0.444
	// a task for B, who has now 0.667
	// a task for A, who has now 0.667
	// left: 0 CPU, 4 GB
}

// A role of weight 2 gets twice as much, as long as both want more.
func ExampleSorter_SetWeight() {
	sorter := drf.New()
	_ = sorter.SetTotals(&drf.Vec{N: [8]int64{12_000}}, 1)
	_ = sorter.SetWeight("batch", 2) // the role may come later
	roles := []string{"batch", "web"}
	for i, role := range roles {
		_ = sorter.Add(drf.Client(i), role, true)
	}
	for range 12 {
		_ = sorter.Grant(first(sorter), &drf.Vec{N: [8]int64{1_000}})
	}
	for i, role := range roles {
		held, _ := sorter.Held(drf.Client(i))
		fmt.Printf("%s holds %d cpus\n", role, held.Get(0)/1000)
	}

	// Output:
	// batch holds 8 cpus
	// web holds 4 cpus
}

// first is who is to be served next.
func first(o drf.Orderer) (next drf.Client) {
	o.Ascend(func(c drf.Client) bool {
		next = c
		return false
	})
	return next
}

// A role that has subroles competes with them as "." inside its own node, and its weight is that of the whole node.
func ExampleSorter_String() {
	sorter := drf.New()
	_ = sorter.SetTotals(&drf.Vec{N: [8]int64{100_000}}, 1)
	for i, cpus := range []int64{10, 5, 12} {
		_ = sorter.Add(drf.Client(i), []string{"eng", "eng/ml", "ops"}[i], true)
		_ = sorter.Grant(drf.Client(i), &drf.Vec{N: [8]int64{cpus * 1000}})
	}
	fmt.Print(sorter)
	fmt.Println("with weight 2")
	_ = sorter.SetWeight("eng", 2)
	fmt.Print(sorter)

	// Output:
	// ops share 0.12, served 3
	// eng share 0.15, served 2
	//   ml share 0.05, served 2
	//   . share 0.1, served 1
	// with weight 2
	// eng share 0.075, served 2, weight 2
	//   ml share 0.05, served 2
	//   . share 0.1, served 1
	// ops share 0.12, served 3
}

// A draw is a function of the seed, the run and the agent, so a run can be repeated.
func ExampleNewRandom() {
	roles := []string{"big", "small"}
	lots := drf.NewRandom(42)
	_ = lots.SetWeight("big", 3)
	for i, role := range roles {
		_ = lots.Add(drf.Client(i), role, true)
	}
	wins := map[string]int{}
	for agent := range uint64(1_000) {
		lots.BeginAgent(1, agent)
		wins[roles[first(lots)]]++
	}
	fmt.Println("big is first for about three of four agents:", wins["big"] > 700 && wins["big"] < 800)

	// Output:
	// big is first for about three of four agents: true
}

// A clone answers "what if" without touching the original.
func ExampleSorter_Clone() {
	sorter := drf.New()
	_ = sorter.SetTotals(&drf.Vec{N: [8]int64{10_000}}, 1)
	_ = sorter.Add(0, "a", true)
	_ = sorter.Add(1, "b", true)

	trial := sorter.Clone()
	_ = trial.Grant(0, &drf.Vec{N: [8]int64{5_000}})
	fmt.Println("then", first(trial), "is next; now it is", first(sorter))

	// Output:
	// then 1 is next; now it is 0
}

// A Slim counts as a Vec does.
func ExampleSlim() {
	var held drf.Slim
	held.Add(&drf.Vec{N: [8]int64{2_000, 24_000}})
	held.Set(9, 1_000)
	view := held.View()
	fmt.Println(view.N[:2], view.Get(9))

	// Output:
	// [2000 24000] 1000
}

// Share on its own: the largest fraction of any one name, divided by the weight.
func ExamplePool() {
	pool := drf.NewPool(&drf.Vec{N: [8]int64{40_000, 80_000}})
	fmt.Println(pool.Share(&drf.Vec{N: [8]int64{2_000, 24_000}}, 2))

	// Output:
	// 0.15
}
