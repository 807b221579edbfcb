package role_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/role"
)

// names draws legal names other than "*" over a tree small enough for them to be related.
func names() *rapid.Generator[role.Name] {
	return rapid.Custom(func(t *rapid.T) role.Name {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "ab", "a-b", "..."}), 1, 4).Draw(t, "components")
		return role.Name(strings.Join(parts, "/"))
	})
}

// docs/resource-model.md §8, property 27 (§5.2): the part that needs no resources.
func TestProperty27Hierarchy(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := names().Draw(t, "a"), names().Draw(t, "b"), names().Draw(t, "c")
		require.False(t, a.IsStrictSubroleOf(a), "irreflexive")
		if a.IsStrictSubroleOf(b) {
			require.False(t, b.IsStrictSubroleOf(a), "asymmetric")
			if b.IsStrictSubroleOf(c) {
				require.True(t, a.IsStrictSubroleOf(c), "transitive")
			}
		}
		require.Equal(t, plainSubrole(a, b), a.IsStrictSubroleOf(b), "agrees with the plain definition")
		above := a.Ancestors()
		require.Len(t, above, strings.Count(string(a), "/"))
		require.Equal(t, len(above)+1, a.Depth())
		for _, p := range above {
			require.NoError(t, p.Validate())
			require.True(t, a.IsStrictSubroleOf(p))
			require.Equal(t, a.Top(), p.Top())
		}
	})
}

// docs/resource-model.md §5.3: Update agrees with a plain map, and what it reports reads back.
func TestWeightsAgreeWithAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w role.Weights
		model := map[role.Name]float64{}
		for range rapid.IntRange(1, 5).Draw(t, "updates") {
			roles := rapid.SliceOfNDistinct(names(), 0, 6, rapid.ID).Draw(t, "roles")
			var list []role.Weight
			for _, n := range roles {
				list = append(list, role.Weight{Role: n, Weight: rapid.SampledFrom([]float64{0.5, 1, 2}).Draw(t, "weight")})
				model[n] = list[len(list)-1].Weight
			}
			var err error
			w, err = w.Update(list)
			require.NoError(t, err)
		}
		for n, v := range model {
			require.Equal(t, v, w.Of(n), "%s", n)
		}
		require.True(t, slices.IsSorted(w.Roles()))
		b, err := json.Marshal(w)
		require.NoError(t, err)
		var back role.Weights
		require.NoError(t, json.Unmarshal(b, &back))
		require.True(t, back.Equal(w))
	})
}
