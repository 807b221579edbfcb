package resource_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
)

type quantitiesAlgebra struct {
	X, Y       string
	LimitsX    map[string]float64 `json:"limits_x"`
	LMinusQ    map[string]float64 `json:"lx_minus_qy"`
	QMinusQ    map[string]float64 `json:"qx_minus_qy"`
	QPlusQ     map[string]float64 `json:"qx_plus_qy"`
	LContainsL bool               `json:"lx_contains_ly"`
	LContainsQ bool               `json:"lx_contains_qy"`
	LEqualsL   bool               `json:"lx_equals_ly"`
	QContainsQ bool               `json:"qx_contains_qy"`
	QEqualsQ   bool               `json:"qx_equals_qy"`
}

type quantitiesParse struct {
	Input          string
	Limits         map[string]float64
	Quantities     map[string]float64
	LimitsText     string  `json:"limits_text"`
	QuantitiesText string  `json:"quantities_text"`
	LimitsErr      *string `json:"limits_error"`
	QuantitiesErr  *string `json:"quantities_error"`
}

// docs/resource-model.md §4.5
func TestGoldenQuantities(t *testing.T) {
	compareGolden(t, "extras.json", map[string]int{}, func(t *testing.T, data []byte) (int, map[string]int) {
		var file struct {
			Algebra []quantitiesAlgebra `json:"quantities_algebra"`
			Parse   []quantitiesParse   `json:"quantities_parse"`
		}
		decode(t, data, &file)
		applied := map[string]int{}
		for _, c := range file.Algebra {
			c.check(t)
		}
		for _, c := range file.Parse {
			c.check(t, applied)
		}
		return len(file.Algebra) + len(file.Parse), applied
	})
}

func (c quantitiesAlgebra) check(t *testing.T) {
	t.Helper()
	what := c.X + " against " + c.Y
	qx, qy := mustQuantities(t, c.X), mustQuantities(t, c.Y)
	lx, ly := mustLimits(t, c.X), mustLimits(t, c.Y)
	requireLimits(t, c.LimitsX, lx, what)
	requireLimits(t, c.LMinusQ, lx.Sub(qy), what)
	require.True(t, sameAmounts(qx.Sub(qy), c.QMinusQ), what)
	require.True(t, sameAmounts(qx.Add(qy), c.QPlusQ), what)
	require.Equal(t, c.LContainsL, lx.Contains(ly), what)
	require.Equal(t, c.LContainsQ, lx.ContainsQuantities(qy), what)
	require.Equal(t, c.LEqualsL, lx.Equal(ly), what)
	require.Equal(t, c.QContainsQ, qx.Contains(qy), what)
	require.Equal(t, c.QEqualsQ, qx.Equal(qy), what)
}

// quantityDivergences: what ours refuses in a text, of limits or of both, and what it reads although the reference does not.
var quantityDivergences = []struct {
	name, section, reason string
	on                    func(input string) bool
	limits, quantities    error // nil: read as cleaned
}{
	{
		"colons", "§2.2", "an empty token between colons is a typo",
		inItems(func(i string) bool { return strings.Count(i, ":") > 1 }), resource.ErrSyntax, resource.ErrSyntax,
	},
	{
		"parentheses", "§4.5", "quantities have no roles",
		inItems(func(i string) bool { return strings.ContainsAny(nameOf(i)+i, "()") }), resource.ErrName, resource.ErrName,
	},
	{
		"empty name", "§4.5", "an amount needs a name",
		inItems(func(i string) bool { return nameOf(i) == "" }), resource.ErrName, resource.ErrName,
	},
	{
		"spaced numbers", "§2.1", "a lost separator must not make another number",
		inItems(func(i string) bool { return strings.Contains(valueOf(i), " ") }), resource.ErrNotNumber, resource.ErrNotNumber,
	},
	{
		"too large", "§1.1", "amounts have a bound",
		inItems(func(i string) bool { return tooLarge(valueOf(i)) }), resource.ErrTooLarge, resource.ErrTooLarge,
	},
	{
		"tiny limits", "§4.5", "a limit does not become zero by rounding",
		inItems(func(i string) bool {
			v := valueOf(i)
			return decimal.MatchString(v) && strings.ContainsAny(v, "123456789") && resourceScalar(v) == 0
		}), resource.ErrTooSmall, nil,
	},
	{
		"white space", "§2.2", "blank items, and white space around tokens, are harmless",
		func(s string) bool { return strings.ContainsAny(s, " \t\r\n") }, nil, nil,
	},
}

func resourceScalar(v string) resource.Scalar {
	s, err := resource.ParseScalar(v)
	if err != nil {
		return -1
	}
	return s
}

func (c quantitiesParse) check(t *testing.T, applied map[string]int) {
	t.Helper()
	q, qErr := resource.ParseQuantities(c.Input)
	l, lErr := resource.ParseLimits(c.Input)
	qSame := (qErr != nil) == (c.QuantitiesErr != nil) && (qErr != nil || sameAmounts(q, c.Quantities) && q.String() == c.QuantitiesText)
	lSame := (lErr != nil) == (c.LimitsErr != nil) && (lErr != nil || l.String() == c.LimitsText)
	if qSame && lSame {
		if lErr == nil {
			requireLimits(t, c.Limits, l, c.Input)
		}
		return
	}
	for _, d := range quantityDivergences {
		if !d.on(c.Input) {
			continue
		}
		applied[d.name]++
		if !qSame {
			require.ErrorIs(t, qErr, d.quantities, "%q", c.Input)
		}
		if !lSame {
			require.ErrorIs(t, lErr, d.limits, "%q", c.Input)
		}
		return
	}
	t.Errorf("%q: recorded %q %q, ours %q %v, %q %v", c.Input, c.QuantitiesText, c.LimitsText, q, qErr, l, lErr)
}

func mustQuantities(t *testing.T, text string) resource.Quantities {
	t.Helper()
	q, err := resource.ParseQuantities(text)
	require.NoError(t, err, "%q", text)
	return q
}

func mustLimits(t *testing.T, text string) resource.Limits {
	t.Helper()
	l, err := resource.ParseLimits(text)
	require.NoError(t, err, "%q", text)
	return l
}

// requireLimits compares with recorded ceilings, zeros included.
func requireLimits(t *testing.T, want map[string]float64, got resource.Limits, what string) {
	t.Helper()
	require.Equal(t, len(want), got.Len(), what)
	for name, v := range want {
		s, err := resource.ScalarFromFloat(v)
		require.NoError(t, err)
		have, ok := got.Get(name)
		require.True(t, ok, what)
		require.Equal(t, s, have, "%s: %s", what, name)
	}
}
