package role_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/role"
)

// docs/resource-model.md §8, property 29 (§5.1)
func FuzzParse(f *testing.F) {
	for _, s := range []string{"*", "a/b", "a//b", "-a", "a\x01", "\xff", "...", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := role.Parse(s)
		if err != nil {
			require.ErrorIs(t, err, role.ErrInvalid)
			return
		}
		require.Equal(t, s, string(n))
		for _, p := range n.Ancestors() {
			require.NoError(t, p.Validate())
		}
	})
}

// docs/resource-model.md §8, property 29 (§5.1)
func FuzzParseList(f *testing.F) {
	for _, s := range []string{"", ",a,,b/c,", "a,a", "a, b", "*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, err := role.ParseList(s)
		if err != nil {
			require.Nil(t, list)
			return
		}
		var parts []string
		for _, n := range list {
			require.NoError(t, n.Validate())
			parts = append(parts, string(n))
		}
		again, err := role.ParseList(strings.Join(parts, ","))
		require.NoError(t, err)
		require.Equal(t, list, again)
	})
}

// docs/resource-model.md §8, property 29 (§5.3)
func FuzzWeightsJSON(f *testing.F) {
	for _, s := range []string{`[{"role":"a","weight":2}]`, `[]`, `null`, `[{"role":"a/b","weight":1e-320}]`, `[{"role":"a","weight":0}]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var w role.Weights
		if json.Unmarshal(b, &w) != nil {
			require.Equal(t, 0, w.Len())
			return
		}
		out, err := json.Marshal(w)
		require.NoError(t, err)
		var back role.Weights
		require.NoError(t, json.Unmarshal(out, &back))
		require.True(t, w.Equal(back))
	})
}
