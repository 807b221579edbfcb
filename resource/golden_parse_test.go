package resource_test

import (
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

type parseCase struct {
	ID          string  `json:"id"`
	Input       string  `json:"input"`
	DefaultRole *string `json:"default_role"`
	Result      struct {
		Outcome    string             `json:"outcome"`
		Text       string             `json:"text"`
		Resources  []recorded         `json:"resources"`
		Scalars    map[string]float64 `json:"scalar_quantities"`
		Quantities map[string]float64 `json:"quantities"`
		Attributes []recorded         `json:"attributes"`
	} `json:"result"`
}

type recorded struct {
	Name, Type, Role, Text string
	Proto                  json.RawMessage
}

// docs/resource-model.md §2.2
// docs/resource-model.md §2.3
// docs/resource-model.md §2.4
func TestGoldenResourcesParse(t *testing.T) {
	want := map[string]int{
		"blank items": 2, "colons": 1, "parentheses": 2, "spaced numbers": 2, "line ends": 1, "ranges grammar": 6,
		"set grammar": 3, "predefined": 4, "runtime facts": 2, "integers": 1,
		"attribute inverted": 1, "attribute range size": 1,
	}
	compareGolden(t, "resources_parse.json", want, func(t *testing.T, data []byte) (int, map[string]int) {
		var file struct{ Resources, Attributes []parseCase }
		decode(t, data, &file)
		applied := map[string]int{}
		for _, c := range file.Resources {
			checkParseCase(t, c, applied)
		}
		for _, c := range file.Attributes {
			checkAttributeCase(t, c, applied)
		}
		return len(file.Resources) + len(file.Attributes), applied
	})
}

func checkParseCase(t *testing.T, c parseCase, applied map[string]int) {
	t.Helper()
	var opts []resource.Option
	if c.DefaultRole != nil {
		opts = append(opts, resource.WithDefaultRole(role.Name(*c.DefaultRole)))
	}
	got, err := resource.Parse(c.Input, opts...)
	if agrees(t, c, got, err) {
		return
	}
	for _, d := range parseDivergences {
		if d.on(c.Input) {
			applied[d.name]++
			d.check(t, c.Input, got, err, opts)
			return
		}
	}
	t.Errorf("%s %q: recorded %s %q, ours %q, %v", c.ID, c.Input, c.Result.Outcome, c.Result.Text, got, err)
}

// agrees reports whether ours is the recorded answer.
func agrees(t *testing.T, c parseCase, got resource.Resources, err error) bool {
	t.Helper()
	if c.Result.Outcome != "ok" {
		var pe *resource.ParseError
		return err != nil && errors.As(err, &pe)
	}
	if err != nil {
		return false
	}
	var texts []string
	var list []json.RawMessage
	for _, r := range c.Result.Resources {
		texts = append(texts, canonText(t, r.Text))
		list = append(list, r.Proto)
	}
	b, err := json.Marshal(list)
	require.NoError(t, err)
	want, err := resource.DecodeJSON(b, resource.ForeignNames())
	return err == nil && want.Equal(got) && slices.Equal(sortedTexts(texts), sortedTexts(entryTexts(got))) &&
		sameAmounts(got.Quantities(), c.Result.Quantities) && sameAmounts(got.ScalarQuantities(), c.Result.Scalars)
}

// entryTexts prints the entries one by one.
func entryTexts(r resource.Resources) []string {
	if r.IsEmpty() {
		return nil
	}
	return strings.Split(r.String(), "; ")
}

func sortedTexts(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

var valuePattern = regexp.MustCompile(`:(\[[^\]]*\]|\{[^}]*\})$`)

// canonText writes the recorded form of one entry with sorted sets and merged ranges.
func canonText(t *testing.T, text string) string {
	t.Helper()
	return valuePattern.ReplaceAllStringFunc(text, func(v string) string {
		if v[1] == '{' {
			items := strings.Split(v[2:len(v)-1], ", ")
			slices.Sort(items)
			return ":{" + strings.Join(items, ", ") + "}"
		}
		r, err := resource.ParseRanges(v[1:])
		require.NoError(t, err)
		return ":" + r.String()
	})
}

func sameAmounts(q resource.Quantities, want map[string]float64) bool {
	n := 0
	for name, v := range want {
		s, err := resource.ScalarFromFloat(v)
		if err != nil || q.Get(name) != s {
			return false
		}
		if s > 0 {
			n++
		}
	}
	return q.Len() == n
}

func checkAttributeCase(t *testing.T, c parseCase, applied map[string]int) {
	t.Helper()
	got, err := resource.ParseAttributes(c.Input)
	if attributesAgree(c, got, err) {
		return
	}
	for _, d := range attributeDivergences {
		if d.on(c.Input) {
			applied[d.name]++
			d.check(t, c.Input, got, err)
			return
		}
	}
	t.Errorf("%s %q: recorded %s %q, ours %q, %v", c.ID, c.Input, c.Result.Outcome, c.Result.Text, got, err)
}

func attributesAgree(c parseCase, got resource.Attributes, err error) bool {
	if c.Result.Outcome != "ok" {
		return err != nil
	}
	if err != nil || got.Len() != len(c.Result.Attributes) || got.String() != c.Result.Text {
		return false
	}
	i := 0
	for a := range got.All() {
		if w := c.Result.Attributes[i]; a.Name != w.Name || a.Kind.String() != w.Type || a.String() != w.Text {
			return false
		}
		i++
	}
	return true
}
