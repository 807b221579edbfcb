package role_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/role"
)

func weights(t *testing.T, list ...role.Weight) role.Weights {
	t.Helper()
	w, err := role.Weights{}.Update(list)
	require.NoError(t, err)
	return w
}

// docs/resource-model.md §5.3
func TestWeightDefaultsToOne(t *testing.T) {
	require.Equal(t, 1.0, role.Weights{}.Of("anybody"))
	w := weights(t, role.Weight{Role: "a", Weight: 3})
	require.Equal(t, 3.0, w.Of("a"))
	require.Equal(t, 1.0, w.Of("a/b"), "weights are not inherited")
	require.Equal(t, 1.0, w.Of("b"))
}

// docs/resource-model.md §5.3
func TestWeightUpdateKeepsWhatItDoesNotName(t *testing.T) {
	w := weights(t, role.Weight{Role: "b", Weight: 2}, role.Weight{Role: "a", Weight: 0.5})
	v, err := w.Update([]role.Weight{{Role: "c", Weight: 7}, {Role: "b", Weight: 4}})
	require.NoError(t, err)
	require.Equal(t, "{a: 0.5; b: 4; c: 7}", v.String())
	require.Equal(t, "{a: 0.5; b: 2}", w.String(), "the old value stands")
}

// docs/resource-model.md §5.3
func TestWeightOfOneIsNone(t *testing.T) {
	w := weights(t, role.Weight{Role: "a", Weight: 2}, role.Weight{Role: "b", Weight: 1})
	v, err := w.Update([]role.Weight{{Role: "a", Weight: 1}})
	require.NoError(t, err)
	require.Equal(t, 0, v.Len())
	require.True(t, v.Equal(role.Weights{}))
}

// docs/resource-model.md §5.3
func TestWeightRoleIsTrimmed(t *testing.T) {
	require.Equal(t, 2.0, weights(t, role.Weight{Role: " a\t", Weight: 2}).Of("a"))
}

// docs/resource-model.md §5.3
func TestWeightUpdateIsCheckedWhole(t *testing.T) {
	w := weights(t, role.Weight{Role: "a", Weight: 2})
	for why, c := range map[string]struct {
		list []role.Weight
		err  error
	}{
		"zero":             {[]role.Weight{{Role: "role1", Weight: 0}}, role.ErrWeight},
		"negative":         {[]role.Weight{{Role: "role1", Weight: -1}}, role.ErrWeight},
		"not a number":     {[]role.Weight{{Role: "role1", Weight: math.NaN()}}, role.ErrWeight},
		"infinite":         {[]role.Weight{{Role: "role1", Weight: math.Inf(1)}}, role.ErrWeight},
		"no role":          {[]role.Weight{{Weight: 2}}, role.ErrInvalid},
		"bad role":         {[]role.Weight{{Role: "a//b", Weight: 2}}, role.ErrInvalid},
		"twice":            {[]role.Weight{{Role: "b", Weight: 2}, {Role: "b", Weight: 2}}, role.ErrDuplicate},
		"twice by spaces":  {[]role.Weight{{Role: "b", Weight: 2}, {Role: " b", Weight: 3}}, role.ErrDuplicate},
		"good, then a bad": {[]role.Weight{{Role: "a", Weight: 9}, {Role: "c", Weight: 0}}, role.ErrWeight},
	} {
		got, err := w.Update(c.list)
		require.ErrorIs(t, err, c.err, why)
		require.True(t, got.Equal(w), "%s: nothing is applied", why)
	}
}

// docs/resource-model.md §5.3
func TestWeightReportIsSortedByRole(t *testing.T) {
	w := weights(t, role.Weight{Role: "z", Weight: 2}, role.Weight{Role: "a/b", Weight: 3}, role.Weight{Role: "a", Weight: 4})
	require.Equal(t, []role.Name{"a", "a/b", "z"}, w.Roles())
	var roles []role.Name
	for n, v := range w.All() {
		require.Equal(t, w.Of(n), v)
		roles = append(roles, n)
	}
	require.Equal(t, w.Roles(), roles)
	for range w.All() {
		break // an early end is legal
	}
	b, err := json.Marshal(w)
	require.NoError(t, err)
	require.JSONEq(t, `[{"role":"a","weight":4},{"role":"a/b","weight":3},{"role":"z","weight":2}]`, string(b))
	b, err = json.Marshal(role.Weights{})
	require.NoError(t, err)
	require.Equal(t, `[]`, string(b))
}

// docs/resource-model.md §5.3
func TestParseWeights(t *testing.T) {
	list, err := role.ParseWeights([]byte(` [{"role":"role1","weight":2.0},{"role":" x ","weight":-1}] `))
	require.NoError(t, err)
	require.Equal(t, []role.Weight{{Role: "role1", Weight: 2}, {Role: " x ", Weight: -1}}, list)

	for text, want := range map[string]error{
		`[{"weight":2.0}]`:               role.ErrInvalid,
		`[{"role":"a"}]`:                 role.ErrWeight,
		`[{"role":"a","weight":2}] []`:   role.ErrWeight,
		`[{"role":"a","weight":2},null]`: role.ErrInvalid,
	} {
		_, err := role.ParseWeights([]byte(text))
		require.ErrorIs(t, err, want, text)
	}
	for _, text := range []string{``, `{}`, `[`, `[{"role":"a","weight":"Infinity"}]`, `[{"role":"a","weight":1e999}]`, `[{"role":"a","wieght":1}]`, `[1]`} {
		_, err := role.ParseWeights([]byte(text))
		require.Error(t, err, text)
	}
}

// docs/resource-model.md §5.3
func TestWeightsDecodeWholeOrNotAtAll(t *testing.T) {
	w := weights(t, role.Weight{Role: "a", Weight: 2})
	require.ErrorIs(t, json.Unmarshal([]byte(`[{"role":"b","weight":3},{"role":"c","weight":0}]`), &w), role.ErrWeight)
	require.Equal(t, "{a: 2}", w.String())
	require.Error(t, json.Unmarshal([]byte(`[{"role":1,"weight":3}]`), &w))
	require.Equal(t, "{a: 2}", w.String())
	require.NoError(t, json.Unmarshal([]byte(`[{"role":"b","weight":3}]`), &w))
	require.Equal(t, "{b: 3}", w.String(), "what was there before is replaced")
}
