package quota_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

var tree3 = []role.Name{"*", "a", "a/b", "a/b/c", "a/d", "e", "e/f"}

func quantity() *rapid.Generator[resource.Quantities] {
	return rapid.Custom(func(t *rapid.T) resource.Quantities {
		var qs []resource.Quantity
		for _, name := range []string{"cpus", "mem"} {
			qs = append(qs, resource.Quantity{Name: name, Amount: resource.Whole(int64(rapid.IntRange(0, 3).Draw(t, name)))})
		}
		q, err := resource.NewQuantities(qs...)
		require.NoError(t, err)
		return q
	})
}

func update() *rapid.Generator[[]quota.Config] {
	return rapid.Custom(func(t *rapid.T) []quota.Config {
		var list []quota.Config
		for _, n := range rapid.SliceOfNDistinct(rapid.SampledFrom(tree3), 0, 5, rapid.ID).Draw(t, "roles") {
			c := quota.Config{Role: n, Guarantees: quantity().Draw(t, "guarantees")}
			if rapid.Bool().Draw(t, "limited") {
				var qs []resource.Quantity
				for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"cpus", "mem"}), 0, 2, rapid.ID).Draw(t, "limited names") {
					qs = append(qs, resource.Quantity{Name: name, Amount: resource.Whole(int64(rapid.IntRange(0, 6).Draw(t, "limit")))})
				}
				var err error
				c.Limits, err = resource.NewLimits(qs...)
				require.NoError(t, err)
			}
			list = append(list, c)
		}
		return list
	})
}

// plainTreeHolds is the tree rule in its slowest form: every role of the tree against every other.
func plainTreeHolds(t quota.Tree) bool {
	for _, parent := range role.Known(tree3) {
		own, _ := t.Get(parent)
		var sum resource.Quantities
		for c := range t.All() {
			if p, ok := c.Role.Parent(); ok && p == parent {
				sum = sum.Add(c.Guarantees)
			}
		}
		if !own.Guarantees.Contains(sum) {
			return false
		}
	}
	return true
}

func topGuarantees(t quota.Tree) resource.Quantities {
	var sum resource.Quantities
	for c := range t.All() {
		if len(c.Role.Ancestors()) == 0 {
			sum = sum.Add(c.Guarantees)
		}
	}
	return sum
}

// docs/resource-model.md §8, property 28 (§5.4)
func TestProperty28Quota(t *testing.T) {
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		use := map[role.Name]resource.Quantities{}
		for _, n := range tree3 {
			use[n] = quantity().Draw(t, "use")
		}
		capacity, err := resource.NewQuantities(
			resource.Quantity{Name: "cpus", Amount: resource.Whole(rapid.Int64Range(0, 9).Draw(t, "cpus"))},
			resource.Quantity{Name: "mem", Amount: resource.Whole(rapid.Int64Range(0, 9).Draw(t, "mem"))})
		require.NoError(t, err)
		var tree quota.Tree
		for range rapid.IntRange(1, 4).Draw(t, "updates") {
			list := update().Draw(t, "update")
			facts := quota.Facts{
				Consumed: func(n role.Name) resource.Quantities { return use[n] },
				Capacity: capacity,
				Force:    rapid.Bool().Draw(t, "force"),
			}
			next, err := tree.Update(list, facts)
			shuffled, errShuffled := tree.Update(rapid.Permutation(list).Draw(t, "order"), facts)
			require.Equal(t, err, errShuffled, "the order of the list is of no consequence")
			require.True(t, next.Equal(shuffled))
			if err != nil {
				require.True(t, next.Equal(tree), "a refused update changes nothing")
				continue
			}
			accepted++
			require.True(t, plainTreeHolds(next), "never skipped")
			if !facts.Force {
				require.True(t, capacity.Contains(topGuarantees(next)))
				for _, c := range list {
					require.True(t, c.Limits.ContainsQuantities(use[c.Role]))
				}
			}
			checkEffectiveLimits(t, next)
			tree = next
		}
	})
	require.NotZero(t, accepted)
}

// checkEffectiveLimits holds EffectiveLimit against its definition, and a guarantee against every ancestor's limit.
func checkEffectiveLimits(t *rapid.T, tree quota.Tree) {
	for _, n := range tree3 {
		chain := append([]role.Name{n}, n.Ancestors()...)
		eff := tree.EffectiveLimit(n)
		own, _ := tree.Get(n)
		require.True(t, eff.ContainsQuantities(own.Guarantees), "%s", n)
		for _, name := range []string{"cpus", "mem", "disk"} {
			var said []resource.Scalar
			for _, x := range chain {
				c, _ := tree.Get(x)
				if v, ok := c.Limits.Get(name); ok {
					said = append(said, v)
				}
			}
			got, ok := eff.Get(name)
			require.Equal(t, len(said) > 0, ok)
			if ok {
				require.Equal(t, slices.Min(said), got)
			}
		}
	}
}
