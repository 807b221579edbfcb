package role_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/internal/golden"
	"github.com/proffer-go/proffer/role"
)

// The recorded answers of the reference to role names. The copy in testdata is compared, and the file of the same name in
// the folder that PROFFER_CASES names.

type goldenFile struct {
	Validate []struct {
		Role      string   `json:"role"`
		OK        bool     `json:"ok"`
		Ancestors []string `json:"ancestors"`
	} `json:"roles_validate"`
	List []struct {
		Input string   `json:"input"`
		Roles []string `json:"roles"`
		Error *string  `json:"error"`
	} `json:"roles_parse_list"`
	Subrole []struct {
		Left  role.Name `json:"left"`
		Right role.Name `json:"right"`
		Want  bool      `json:"isStrictSubroleOf"`
	} `json:"roles_subrole"`
}

// A divergence is a rule by which we answer otherwise than the reference, decided on the input alone.
type divergence struct {
	section, reason string
	applies         func(input string) bool
	ok              bool // our answer
}

var divergences = []divergence{{
	section: "docs/resource-model.md §5.1",
	reason:  "control bytes do not belong in JSON keys and names of directories",
	applies: func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return r < 0x09 || r > 0x0d && r < 0x20 })
	},
	ok: false,
}}

// expected is what we must answer where the reference answered ok; n counts how often each rule was used.
func expected(input string, ok bool, n map[string]int) bool {
	for _, d := range divergences {
		if d.applies(input) {
			n[d.section+": "+d.reason]++
			return d.ok
		}
	}
	return ok
}

// docs/resource-model.md §5.1
func TestGoldenExtras(t *testing.T) {
	golden.Run(t, "testdata", "extras.json", nil, func(path string, data []byte) (int, map[string]int) {
		var g goldenFile
		require.NoError(t, json.Unmarshal(data, &g), path)
		used := map[string]int{}
		return goldenValidate(t, g, used) + goldenList(t, g, used) + goldenSubrole(t, g), used
	})
}

func goldenValidate(t *testing.T, g goldenFile, used map[string]int) int {
	for _, c := range g.Validate {
		n, err := role.Parse(c.Role)
		if !expected(c.Role, c.OK, used) {
			require.ErrorIs(t, err, role.ErrInvalid, "%q", c.Role)
			continue
		}
		require.NoError(t, err, "%q", c.Role)
		got := []string{}
		for _, a := range n.Ancestors() {
			got = append(got, string(a))
		}
		require.Equal(t, c.Ancestors, got, "%q", c.Role)
	}
	return len(g.Validate)
}

func goldenList(t *testing.T, g goldenFile, used map[string]int) int {
	for _, c := range g.List {
		list, err := role.ParseList(c.Input)
		if !expected(c.Input, c.Error == nil, used) {
			require.ErrorIs(t, err, role.ErrInvalid, "%q", c.Input)
			continue
		}
		require.NoError(t, err, "%q", c.Input)
		got := []string{}
		for _, n := range list {
			got = append(got, string(n))
		}
		require.Equal(t, c.Roles, got, "%q", c.Input)
	}
	return len(g.List)
}

func goldenSubrole(t *testing.T, g goldenFile) int {
	for _, c := range g.Subrole {
		require.Equal(t, c.Want, c.Left.IsStrictSubroleOf(c.Right), "%s below %s", c.Left, c.Right)
	}
	return len(g.Subrole)
}
