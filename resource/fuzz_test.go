package resource_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
)

type failer interface {
	require.TestingT
	Helper()
}

// reprint gives text to every parser: none panics, and what one accepts prints to an equal value. An error
// is one line that knows item and byte.
func reprint(t failer, text string) {
	t.Helper()
	reprintResources(t, text)
	reprintJSON(t, []byte(text))
	reprintAttributes(t, text)
	reprintQuantities(t, text)
	reprintLimits(t, text)
	if s, err := resource.ParseScalar(text); err == nil {
		again, err := resource.ParseScalar(s.String())
		require.NoError(t, err)
		require.Equal(t, s, again)
	}
	if r, err := resource.ParseRanges(text); err == nil {
		again, err := resource.ParseRanges(r.String())
		require.NoError(t, err)
		require.Equal(t, r, again)
	}
	if s, err := resource.ParseSet(text); err == nil {
		again, err := resource.ParseSet(s.String())
		require.NoError(t, err)
		require.Equal(t, s, again)
	}
}

func requireParseError(t failer, text string, err error) {
	t.Helper()
	var pe *resource.ParseError
	require.True(t, errors.As(err, &pe), "%v", err)
	require.GreaterOrEqual(t, pe.Offset, 0)
	require.LessOrEqual(t, pe.Offset, len(text))
	require.GreaterOrEqual(t, pe.Item, -1)
	require.NotContains(t, err.Error(), "\n")
}

func reprintResources(t failer, text string) {
	t.Helper()
	for _, opts := range [][]resource.Option{nil, {resource.WithDefaultRole("d/e")}, {resource.ForeignNames()}} {
		r, err := resource.Parse(text, opts...)
		if err != nil {
			requireParseError(t, text, err)
			continue
		}
		reprintJSONOf(t, r)
		flag, err := r.FlagText()
		if err != nil {
			require.ErrorIs(t, err, resource.ErrNotFlagText)
			continue
		}
		again, err := resource.Parse(flag, resource.ForeignNames())
		require.NoError(t, err, "%q", flag)
		require.Equal(t, r, again)
	}
}

func reprintJSONOf(t failer, r resource.Resources) {
	t.Helper()
	for _, form := range []resource.Form{resource.PostRefinement, resource.Endpoint} {
		b, err := r.AppendJSON(nil, form)
		require.NoError(t, err)
		require.True(t, json.Valid(b), "%s", b)
		again, err := resource.DecodeJSON(b, resource.ForeignNames())
		require.NoError(t, err, "%s", b)
		require.Equal(t, r, again)
	}
}

func reprintJSON(t failer, b []byte) {
	t.Helper()
	r, err := resource.DecodeJSON(b, resource.ForeignNames())
	if err != nil {
		requireParseError(t, string(b), err)
	} else {
		require.True(t, json.Valid(b), "%q", b)
		reprintJSONOf(t, r)
	}
	var w resource.Wire
	if err := w.UnmarshalJSON(b); err != nil {
		requireParseError(t, string(b), err)
		return
	}
	c, err := json.Marshal(w)
	require.NoError(t, err)
	var again resource.Wire
	require.NoError(t, json.Unmarshal(c, &again), "%s", c)
	require.Equal(t, resource.Upgrade(w).Resource.String(), resource.Upgrade(again).Resource.String())
	require.Equal(t, w.Role, again.Role)
	require.Equal(t, w.Reservation, again.Reservation)
}

func reprintAttributes(t failer, text string) {
	t.Helper()
	a, err := resource.ParseAttributes(text)
	if err != nil {
		requireParseError(t, text, err)
	} else {
		flag, err := a.FlagText()
		require.NoError(t, err, "%q", text)
		again, err := resource.ParseAttributes(flag)
		require.NoError(t, err, "%q", flag)
		require.Equal(t, a, again)
		b, err := json.Marshal(a)
		require.NoError(t, err)
		var wire resource.Attributes
		require.NoError(t, json.Unmarshal(b, &wire), "%s", b)
		require.True(t, wire.Equal(a))
	}
	var wire resource.Attributes
	if err := wire.UnmarshalJSON([]byte(text)); err != nil {
		requireParseError(t, text, err)
	}
}

func reprintQuantities(t failer, text string) {
	t.Helper()
	q, err := resource.ParseQuantities(text)
	if err != nil {
		requireParseError(t, text, err)
	} else if !q.IsEmpty() {
		again, err := resource.ParseQuantities(q.String())
		if err == nil {
			require.Equal(t, q, again)
		} else {
			require.ErrorIs(t, err, resource.ErrTooLarge) // a sum of several
		}
	}
	var wire resource.Quantities
	if err := wire.UnmarshalJSON([]byte(text)); err != nil {
		requireParseError(t, text, err)
		return
	}
	b, err := json.Marshal(wire)
	require.NoError(t, err)
	var again resource.Quantities
	require.NoError(t, json.Unmarshal(b, &again))
	require.Equal(t, wire, again)
}

func reprintLimits(t failer, text string) {
	t.Helper()
	l, err := resource.ParseLimits(text)
	if err != nil {
		requireParseError(t, text, err)
	} else if !l.IsEmpty() {
		again, err := resource.ParseLimits(l.String())
		require.NoError(t, err)
		require.Equal(t, l, again)
	}
	var wire resource.Limits
	if err := wire.UnmarshalJSON([]byte(text)); err != nil {
		requireParseError(t, text, err)
		return
	}
	b, err := json.Marshal(wire)
	require.NoError(t, err)
	var again resource.Limits
	require.NoError(t, json.Unmarshal(b, &again))
	require.Equal(t, wire, again)
}

// seeds are the inputs that the document names.
var textSeeds = []string{
	"", ";", "cpus:24;gpus:2;mem:24576;disk:409600;ports:[21000-24000,30000-34000];bugs(debug_role):{a,b,c}",
	"cpus:4;mem:2048;cpus(tuyucheng):8;mem(tuyucheng):4096", "cpus:1;cpus(*):2", "ports:[1-5];ports:[4-9]", "cpus:0;ports:[];bugs:{}",
	"cpus", "cpus:", ":1", "cpus:1:2", "cpus(r:1", "cpus)(r:1", "cpus(r)x:1", "cpus(a(b)):1", "cpus():1", "cpus(-a):1", "(r):1",
	"cpus:a", "cpus:-1", "cpus:inf", "gpus:1.5", "ports:5", "ports:[70000-70001]", "c pus:8", "[x]:5", "{}", "x",
	"a:1.", "a:.5", "a:+5", "a:1e3", "a:1e400", "a:4.9e-324", "a:0.0004", "a:0x1p3", "a:1_000", "a:18446744073709551616",
	"a:[18446744073709551615-18446744073709551615]", "a:[5-1]", "a:{a,a}", "a:{{a}}", "ports:[1-2,4-5", "a:[0-18446744073709551615]",
}

var jsonSeeds = []string{
	`[]`, `null`, `[{"name":"cpus","type":"SCALAR","scalar":{"value":8}}]`,
	`[{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":21000,"end":24000}]}},{"name":"bugs","type":"SET","set":{"item":["a"]},"role":"debug_role"}]`,
	`[{"name":"cpus","type":"SCALAR","scalar":{"value":"2"},"role":"eng","reservation":{"principal":"p","labels":{"labels":[{"key":"k","value":"v"},{"key":"l"}]}}}]`,
	`[{"name":"disk","type":"SCALAR","scalar":{"value":64},"reservations":[{"type":"STATIC","role":"r"},{"type":"DYNAMIC","role":"r/s"}],"disk":{"persistence":{"id":"v"},"volume":{"container_path":"p","mode":"RW"},"source":{"type":"MOUNT","mount":{"root":"/m"}}},"shared":{},"allocation_info":{"role":"r"},"provider_id":{"value":"x"}}]`,
	`[{"name":"x","type":"RANGES","ranges":{"range":[{"begin":1e3,"end":1000.0}]}}]`, `[{"name":"x","type":"SCALAR","scalar":{"value":1e400}}]`,
	`[null]`, `[{"type":0}]`, `{"name":"","type":"SCALAR","scalar":{"value":0},"reservations":[{}]}`,
	`{"name":"","type":"SCALAR","scalar":{"value":0},"disk":{"source":{"type":""}}}`, `{"name":"cpus"}`, `[{"name":"\u0063pus","type":"SCALAR","scalar":{"value":8},"bogus":[{"a":null}]}]`, `[`, `[{"`, `["\ud800"]`,
}

func addSeeds(f *testing.F, seeds ...[]string) {
	for _, list := range seeds {
		for _, s := range list {
			f.Add(s)
		}
	}
}

func FuzzParse(f *testing.F) {
	addSeeds(f, textSeeds, jsonSeeds)
	f.Fuzz(func(t *testing.T, text string) { reprintResources(t, text) })
}

func FuzzParseJSON(f *testing.F) {
	addSeeds(f, jsonSeeds)
	f.Fuzz(func(t *testing.T, text string) { reprintJSON(t, []byte(text)) })
}

func FuzzAttributes(f *testing.F) {
	addSeeds(f, textSeeds, []string{
		"rack:abc;zone:west;os:centos5;level:10;keys:[1000-1500]", "a:b:c", "attr2:baz:qux:", "ip:10.0.0.1", "rack:r1,r2", "k:{a,b}", "k:foo)",
		"desc:hello world", "id:007", "id:99999999999999999999", " k :v", "k:\tv", "k:0.0001", "a:b\nc:d",
		`[{"name":"a","type":"TEXT","text":{"value":"b"}},{"name":"l","type":"SCALAR","scalar":{"value":10}}]`,
	})
	f.Fuzz(func(t *testing.T, text string) { reprintAttributes(t, text) })
}

func FuzzQuantities(f *testing.F) {
	addSeeds(f, textSeeds, []string{"cpus:1;cpus:2", "cpus:0", "cpus:0.0005", "cpus(r):1", `{"cpus":{"value":1},"mem":2}`})
	f.Fuzz(func(t *testing.T, text string) { reprintQuantities(t, text) })
}

func FuzzLimits(f *testing.F) {
	addSeeds(f, textSeeds, []string{"cpus:1;cpus:2", "cpus:0", "cpus:0.0004", "cpus(r):1", `{"cpus":{"value":0},"mem":2}`})
	f.Fuzz(func(t *testing.T, text string) { reprintLimits(t, text) })
}

func FuzzValues(f *testing.F) {
	addSeeds(f, textSeeds)
	f.Fuzz(func(t *testing.T, text string) { reprint(t, strings.TrimPrefix(text, "a:")) })
}
