package quota_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/role/quota"
)

// docs/resource-model.md §8, property 29 (§5.4)
func FuzzParse(f *testing.F) {
	f.Add("eng", "cpus:1;mem:2", "cpus:3")
	f.Add("a//b", "ports:1", "")
	f.Add("*", "", "cpus:0;gpus:1e3")
	f.Fuzz(func(t *testing.T, name, guarantees, limits string) {
		c, err := quota.Parse(name, guarantees, limits)
		if err != nil {
			require.True(t, c.IsDefault())
			return
		}
		require.NoError(t, c.Validate())
		again, err := quota.Parse(name, textOf(c.Guarantees.IsEmpty(), c.Guarantees.String()), textOf(c.Limits.IsEmpty(), c.Limits.String()))
		require.NoError(t, err)
		require.True(t, c.Equal(again))
	})
}

func textOf(empty bool, s string) string {
	if empty {
		return ""
	}
	return s
}

// docs/resource-model.md §8, property 29 (§5.4)
func FuzzTreeJSON(f *testing.F) {
	f.Add([]byte(`[{"role":"eng","guarantees":{"cpus":{"value":2}},"limits":{"mem":{"value":"1e3"}}}]`))
	f.Add([]byte(`[]`))
	f.Add([]byte(`[{"role":"a/b","guarantees":{"cpus":{"value":1}}},{"role":"a","guarantees":{"cpus":{"value":1}}}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var tree quota.Tree
		if json.Unmarshal(b, &tree) != nil {
			require.Equal(t, 0, tree.Len())
			return
		}
		out, err := json.Marshal(tree)
		require.NoError(t, err)
		var back quota.Tree
		require.NoError(t, json.Unmarshal(out, &back))
		require.True(t, tree.Equal(back))
	})
}
