package resource_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/resource/resourcetest"
)

// docs/resource-model.md §2.6
func TestAttributeTexts(t *testing.T) {
	for text, want := range map[string]string{
		"rack:abc;zone:west;os:centos5;level:10;keys:[1000-1500]": "TEXT abc,TEXT west,TEXT centos5,SCALAR 10,RANGES [1000-1500]",
		"a:b:c": "TEXT b:c", "attr2:baz:qux:": "TEXT baz:qux:", "ip:10.0.0.1": "TEXT 10.0.0.1", "n:-5": "TEXT -5", "rack:r1,r2": "TEXT r1,r2",
		"desc:hello world": "TEXT hello world", "n:1 0": "TEXT 1 0", "id:007": "SCALAR 7", "build:1e5": "SCALAR 100000",
		"id:99999999999999999999": "TEXT 99999999999999999999", " k :v": "TEXT v", "k:\tv": "TEXT v", "k:0.0001": "SCALAR 0",
		"": "", ";;": "", " ; \n": "", "a:b\nc:d": "TEXT b,TEXT d", "a:(x)": "TEXT (x)", "a:inf": "TEXT inf", "a:[]": "RANGES []",
	} {
		a, err := resource.ParseAttributes(text)
		require.NoError(t, err, "%q", text)
		var got []string
		for x := range a.All() {
			_, v, _ := strings.Cut(x.String(), "=")
			got = append(got, x.Kind.String()+" "+v)
		}
		require.Equal(t, want, strings.Join(got, ","), "%q", text)
	}
	for text, want := range map[string]error{
		"k:{a,b}": resource.ErrKind, "k:": resource.ErrSyntax, ":v": resource.ErrName, "k": resource.ErrSyntax, "k:foo)": resource.ErrSyntax,
		"k:x[1]": resource.ErrSyntax, "k:\t": resource.ErrSyntax, "k:4.9e-324": resource.ErrSubnormal, "a:b;k:[5-1]": resource.ErrInverted,
	} {
		_, err := resource.ParseAttributes(text)
		require.ErrorIs(t, err, want, "%q", text)
		requireParseError(t, text, err)
	}
}

// docs/resource-model.md §2.6
func TestAttributeRawIsLossless(t *testing.T) {
	a, err := resource.ParseAttributes("id:007;build:1e5;k:[1-2,3-4]; t: x y ")
	require.NoError(t, err)
	var raw []string
	for x := range a.All() {
		raw = append(raw, x.Raw())
	}
	require.Equal(t, []string{"007", "1e5", "[1-2,3-4]", "x y"}, raw)
	require.Equal(t, "id=7;build=100000;k=[1-4];t=x y", a.String())
	text, err := a.FlagText()
	require.NoError(t, err)
	require.Equal(t, "id:007;build:1e5;k:[1-2,3-4];t:x y", text)
	require.Equal(t, "1.5", resource.Attribute{Kind: resource.KindScalar, Scalar: 1500}.Raw())
}

// What a caller made of a parsed attribute is not what was written.
// docs/resource-model.md §2.6
func TestAttributeRawFollowsChanges(t *testing.T) {
	parsed, err := resource.ParseAttributes("id:007;t:x;k:[1-2,3-4]")
	require.NoError(t, err)
	list := slices.Collect(parsed.All())
	same, err := resource.NewAttributes(list...)
	require.NoError(t, err)
	require.Equal(t, parsed, same)
	list[0].Scalar = 8000
	list[1].Text = "y"
	list[2].Name = "l"
	changed, err := resource.NewAttributes(list...)
	require.NoError(t, err)
	text, err := changed.FlagText()
	require.NoError(t, err)
	require.Equal(t, "id:8;t:y;l:[1-2,3-4]", text)
	list[0] = resource.Attribute{}
	require.Equal(t, "id=8;t=y;l=[1-4]", changed.String(), "the list is copied")
}

// docs/resource-model.md §2.6
func TestAttributeLookups(t *testing.T) {
	a, err := resource.ParseAttributes("k:x;k:1;k:y;k:2")
	require.NoError(t, err)
	x, ok := a.First("k")
	require.True(t, ok)
	require.Equal(t, "x", x.Text)
	x, ok = a.Lookup("k", resource.KindScalar)
	require.True(t, ok)
	require.Equal(t, resource.Whole(1), x.Scalar)
	_, ok = a.Lookup("k", resource.KindRanges)
	require.False(t, ok)
	_, ok = a.First("none")
	require.False(t, ok)
	require.Equal(t, 4, a.Len())
}

// docs/resource-model.md §2.6
func TestAttributesEqualInAnyOrder(t *testing.T) {
	parse := func(s string) resource.Attributes {
		a, err := resource.ParseAttributes(s)
		require.NoError(t, err)
		return a
	}
	require.True(t, parse("a:1;b:x").Equal(parse("b:x;a:01")))
	require.False(t, parse("a:1").Equal(parse("a:1;a:1")))
	require.False(t, parse("a:1;a:2").Equal(parse("a:1;a:1")))
	require.False(t, parse("a:1").Equal(parse("a:[1-1]")))
	rapid.Check(t, func(t *rapid.T) {
		a := resourcetest.Attributes().Draw(t, "a")
		list := slices.Collect(a.All())
		if len(list) > 1 {
			list = rapid.Permutation(list).Draw(t, "order")
		}
		b, err := resource.NewAttributes(list...)
		require.NoError(t, err)
		require.True(t, a.Equal(b))
	})
}

// On the wire sets and scalars beyond the bound are refused.
// docs/resource-model.md §2.6
// docs/resource-model.md §8.1
func TestAttributesJSON(t *testing.T) {
	a, err := resource.ParseAttributes("rack:abc;level:10;keys:[1000-1500]")
	require.NoError(t, err)
	b, err := json.Marshal(a)
	require.NoError(t, err)
	require.Equal(t, `[{"name":"rack","type":"TEXT","text":{"value":"abc"}},{"name":"level","type":"SCALAR","scalar":{"value":10}},{"name":"keys","type":"RANGES","ranges":{"range":[{"begin":1000,"end":1500}]}}]`, string(b))
	var got resource.Attributes
	require.NoError(t, json.Unmarshal(b, &got))
	require.True(t, a.Equal(got))
	for text, want := range map[string]error{
		`[{"name":"a","type":"SET","set":{"item":["x"]}}]`:                resource.ErrKind,
		`[{"name":"a","type":"SCALAR","scalar":{"value":4398046511104}}]`: resource.ErrTooLarge,
		`[{"name":"a","type":"TEXT"}]`:                                    resource.ErrKind,
		`[{"type":"TEXT","text":{"value":"x"}}]`:                          resource.ErrSyntax,
		`[{"name":"a","text":{"value":"x"}}]`:                             resource.ErrSyntax,
		`[{"name":"","type":"TEXT","text":{"value":"x"}}]`:                resource.ErrName,
		`{}`: resource.ErrSyntax,
	} {
		err := got.UnmarshalJSON([]byte(text))
		require.ErrorIs(t, err, want, text)
		require.True(t, a.Equal(got), "unchanged")
	}
	odd, err := resource.NewAttributes(resource.Attribute{Name: "a;b", Kind: resource.KindText, Text: "x"})
	require.NoError(t, err)
	_, err = odd.FlagText()
	require.ErrorIs(t, err, resource.ErrNotFlagText)
	_, err = resource.NewAttributes(resource.Attribute{Name: "a", Kind: resource.KindSet})
	require.ErrorIs(t, err, resource.ErrKind)
	_, err = resource.NewAttributes(resource.Attribute{Name: "a", Scalar: -1})
	require.ErrorIs(t, err, resource.ErrNegative)
}
