package detect

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/resource"
)

// docs/resource-model.md §2.6: facts of the host become attributes behind the stated ones, which replace their namesakes.
func TestFacts(t *testing.T) {
	p := machine
	p.Known = []Fact{
		{Name: "os", Text: "linux"},
		{Name: "arch", Text: "arm64"},
		{Name: "cpu_model", Text: "Small(R) One; rev [2]"},
		{Name: "hostname", Text: "007"},
	}
	res, err := Host(t.Context(), Options{Attributes: "rack:b;os:centos5", Prober: p})
	require.NoError(t, err)
	want, err := resource.ParseAttributes("rack:b;os:centos5;arch:arm64;cpu_model:Small(R) One rev 2;hostname:007")
	require.NoError(t, err)
	require.Equal(t, slices.Collect(want.All()), slices.Collect(res.Attributes.All()))
	require.Empty(t, res.Failed)

	number, ok := res.Attributes.First("hostname")
	require.True(t, ok)
	require.Equal(t, resource.KindScalar, number.Kind)
	require.Equal(t, "007", number.Raw())
}

// docs/resource-model.md §2.6: only what is stated, if the operator wants it so or the prober knows nothing.
func TestStatedAttributesOnly(t *testing.T) {
	p := machine
	p.Known = []Fact{{Name: "os", Text: "linux"}}
	for _, opts := range []Options{
		{Attributes: "rack:b", Prober: p, StatedAttributesOnly: true},
		{Attributes: "rack:b", Prober: onlyProber{p}},
	} {
		res, err := Host(t.Context(), opts)
		require.NoError(t, err)
		require.Equal(t, 1, res.Attributes.Len())
	}
}

// docs/resource-model.md §2.7: a fact that is not known is named, no text stands in for it.
func TestFailedFactsAreNamed(t *testing.T) {
	cause := errors.New("no such file")
	p := machine
	p.Known = []Fact{
		{Name: "kernel", Text: "ignored", Err: cause},
		{Name: "cpu_model", Text: " \t"},
		{Name: "cpu_features", Err: unsupported("cpu_features")},
		{Name: "arch", Text: "amd64"},
	}
	res, err := Host(t.Context(), Options{Prober: p})
	require.NoError(t, err)
	require.Equal(t, 1, res.Attributes.Len())
	require.Len(t, res.Failed, 3)
	for i, want := range []error{cause, errNoText, ErrUnsupported} {
		require.Equal(t, p.Known[i].Name, res.Failed[i].Probe)
		require.ErrorIs(t, res.Failed[i].Err, want)
		require.ErrorContains(t, res.Failed[i].Err, map[bool]string{true: p.Known[i].Name}[i > 0])
		require.Zero(t, res.Failed[i].Used)
	}
}

// docs/resource-model.md §2.6: whatever a host says of itself is read back by the grammar as it was written.
func TestAttributeTextSurvivesTheGrammar(t *testing.T) {
	for text, want := range map[string]string{
		"Small(R) Core(TM) i5 @ 2.30GHz": "Small(R) Core(TM) i5 @ 2.30GHz",
		"a;b\nc\x00d":                    "a b c d",
		":)":                             ":",
		")(":                             "",
		"[x]{y}":                         "x y",
		"  much   space ":                "much space",
		"bad \xff bytes":                 "bad bytes",
		"a:b:c":                          "a:b:c",
	} {
		require.Equal(t, want, attributeText(text), "%q", text)
	}
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~\n\t;:()\[\]{}]*`), rapid.StringMatching(`[-+0-9.eE]{1,25}`)).Draw(t, "text")
		text := attributeText(raw)
		require.Equal(t, text, attributeText(text))
		found, err := attribute(Fact{Name: "k", Text: raw})
		if text == "" {
			require.ErrorIs(t, err, errNoText)
			return
		}
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, text, found[0].Raw())
		list, err := resource.NewAttributes(found...)
		require.NoError(t, err)
		again, err := resource.ParseAttributes("k:" + found[0].Raw())
		require.NoError(t, err)
		require.True(t, list.Equal(again))
	})
}

// docs/resource-model.md §2.6: the text of a set of features depends on the set alone.
func TestFeatureText(t *testing.T) {
	require.Equal(t, "AVX2,SSE,SSE2", featureText([]string{"SSE2", "SSE", "AVX2", "SSE"}))
	require.Empty(t, featureText(nil))
	require.ErrorIs(t, textOrUnsupported("cpu_features", "").Err, ErrUnsupported)
}

// docs/resource-model.md §2.6: what this very host says can all be attributes, in a fixed order and the same twice.
func TestHostFacts(t *testing.T) {
	facts := System().(FactProber).Facts(t.Context())
	names := []string{}
	for _, f := range facts {
		names = append(names, f.Name)
		if f.Err == nil {
			_, err := attribute(f)
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, f.Err, ErrUnsupported, f.Name)
		}
	}
	require.Equal(t, []string{FactArch, FactOS, FactKernel, FactHostname, FactModel, FactFeatures}, names)
	again := System().(FactProber).Facts(t.Context())
	require.Equal(t, texts(facts), texts(again))
}

func texts(facts []Fact) string {
	var b strings.Builder
	for _, f := range facts {
		b.WriteString(f.Name + "=" + f.Text + "\n")
	}
	return b.String()
}
