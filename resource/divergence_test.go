package resource_test

import (
	"encoding/json"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
)

// parseDivergence is a deliberate difference from the recorded answers to resource texts: which inputs
// it is about, and what ours must then be. The samples are inputs that the document names.
type parseDivergence struct {
	name, section, reason string
	on                    func(input string) bool
	check                 func(t *testing.T, input string, got resource.Resources, err error, opts []resource.Option)
	samples               []string
}

// refused: our answer is an error of that kind.
func refused(sentinel error) func(*testing.T, string, resource.Resources, error, []resource.Option) {
	return func(t *testing.T, input string, _ resource.Resources, err error, _ []resource.Option) {
		t.Helper()
		require.ErrorIs(t, err, sentinel, "%q", input)
	}
}

// readAs: our answer is that to the input as changed.
func readAs(change func(string) string) func(*testing.T, string, resource.Resources, error, []resource.Option) {
	return func(t *testing.T, input string, got resource.Resources, err error, opts []resource.Option) {
		t.Helper()
		require.NoError(t, err, "%q", input)
		want, err := resource.Parse(change(input), opts...)
		require.NoError(t, err, "%q", input)
		require.Equal(t, want, got, "%q", input)
	}
}

// parseDivergences: the first that applies decides.
var parseDivergences = []parseDivergence{
	{
		"no falling back", "§2.2", "a text that begins with [ is JSON and nothing else, and one with { nothing at all",
		func(s string) bool {
			return isArrayText(s) && !json.Valid([]byte(s)) || strings.HasPrefix(strings.TrimLeft(s, " \t\r\n"), "{")
		},
		refused(resource.ErrSyntax), []string{"[x]:5", "{a}:5"},
	},
	{
		"unknown keys", "§2.3", "in an operator's text they are typos",
		inJSON(func(o map[string]any) bool { return unknownKey(o, knownKeys) }),
		refused(resource.ErrUnknownKey),
		[]string{`[{"name":"cpus","type":"SCALAR","scalar":{"value":4},"bogus":1}]`, `[{"name":"cpus","type":"SCALAR","scalar":{"value":4,"item":1}}]`},
	},
	{
		"duplicate keys", "§8.1", "in an operator's text they are typos",
		func(s string) bool { return isArrayText(s) && hasDuplicateKey(s) },
		refused(resource.ErrDuplicateKey),
		[]string{`[{"name":"cpus","name":"mem","type":"SCALAR","scalar":{"value":4}}]`},
	},
	{
		"lone values and nulls", "§2.3", "nothing is skipped or wrapped",
		inJSON(func(o map[string]any) bool {
			return badList(o["set"], "item") || badList(o["ranges"], "range") || o["reservations"] != nil && badList(o, "reservations")
		}),
		refused(resource.ErrSyntax),
		[]string{
			`[{"name":"z","type":"SET","set":{"item":[null,"a"]}}]`, `[{"name":"z","type":"SET","set":{"item":"a"}}]`,
			`[{"name":"z","type":"RANGES","ranges":{"range":{"begin":1,"end":2}}}]`,
		},
	},
	{
		"quoted numbers", "§2.3", "they follow the syntax of §2.1",
		inJSON(func(o map[string]any) bool {
			v, _ := o["scalar"].(map[string]any)
			s, quoted := v["value"].(string)
			return quoted && !decimal.MatchString(s)
		}),
		refused(resource.ErrNotNumber),
		[]string{
			`[{"name":"cpus","type":"SCALAR","scalar":{"value":" 2 "}}]`, `[{"name":"cpus","type":"SCALAR","scalar":{"value":"0x10"}}]`,
		},
	},
	{
		"integers", "§2.3", "a fraction, a sign or a space makes no port number",
		inJSON(func(o map[string]any) bool { return badInteger(o) }),
		refused(resource.ErrNotNumber),
		[]string{
			`[{"name":"z","type":"RANGES","ranges":{"range":[{"begin":1.9,"end":5}]}}]`,
			`[{"name":"z","type":"RANGES","ranges":{"range":[{"begin":-1,"end":5}]}}]`,
			`[{"name":"z","type":"RANGES","ranges":{"range":[{"begin":" 1","end":5}]}}]`,
			`[{"name":"z","type":"RANGES","ranges":{"range":[{"begin":15e-1,"end":5}]}}]`,
			`[{"name":"z","type":"RANGES","ranges":{"range":[{"begin":1,"end":1e20}]}}]`,
		},
	},
	{
		"root of another type", "§3.4", "a PATH source has no mount, a MOUNT source no path",
		inJSON(func(o map[string]any) bool {
			d, _ := o["disk"].(map[string]any)
			src, _ := d["source"].(map[string]any)
			return src["type"] == "PATH" && src["mount"] != nil || src["type"] == "MOUNT" && src["path"] != nil
		}),
		refused(resource.ErrDisk),
		[]string{`[{"name":"disk","type":"SCALAR","scalar":{"value":4},"disk":{"source":{"type":"PATH","mount":{"root":"/m"}}}}]`},
	},
	{
		"any overlap", "§1.2", "the order of the ranges does not matter",
		inJSON(func(o map[string]any) bool { return overlap(jsonRanges(o)) }),
		refused(resource.ErrOverlap),
		[]string{`[{"name":"z","type":"RANGES","ranges":{"range":[{"begin":9,"end":10},{"begin":6,"end":10}]}}]`},
	},
	{
		"colons", "§2.2", "an empty token between colons is a typo",
		inItems(func(item string) bool { return strings.Count(item, ":") > 1 }),
		refused(resource.ErrSyntax), []string{"cpus::1", ":cpus:1", "cpus:1:"},
	},
	{
		"parentheses", "§2.2", "what stands outside of name(role) must not be lost",
		inItems(func(item string) bool {
			key, _, _ := strings.Cut(item, ":")
			return !goodKey.MatchString(strings.Trim(key, " \t\r\n"))
		}),
		refused(resource.ErrSyntax), []string{"cpus(r)x:1", "cpus(a)(b):1", "cpus(a(b)):1", "cpusr):1"},
	},
	{
		"names", "§8.1", "no control bytes and, in JSON, no spaces at the ends",
		func(s string) bool {
			return inItems(func(item string) bool { return control.MatchString(nameOf(item)) })(s) || inJSON(func(o map[string]any) bool {
				n, _ := o["name"].(string)
				return n != strings.Trim(n, " ") || control.MatchString(n)
			})(s)
		},
		refused(resource.ErrName),
		[]string{"a\x01b:1", `[{"name":" cpus","type":"SCALAR","scalar":{"value":4}}]`},
	},
	{
		"role bytes", "§5.1", "no control bytes in a role",
		func(s string) bool {
			return inItems(func(item string) bool { return control.MatchString(item) })(s) ||
				inJSON(func(o map[string]any) bool { r, _ := o["role"].(string); return control.MatchString(r) })(s)
		},
		refused(resource.ErrReservation), nil,
	},
	{
		"spaced numbers", "§2.1", "a lost separator must not make another number",
		inItems(func(item string) bool {
			v := valueOf(item)
			return strings.Contains(v, " ") && decimal.MatchString(strings.ReplaceAll(v, " ", ""))
		}),
		refused(resource.ErrKind), []string{"cpus:1 0", "cpus:1 000", "cpus:+ 5"},
	},
	{
		"ranges grammar", "§2.1", "one typo otherwise yields other ports",
		inItems(func(item string) bool {
			return strings.HasPrefix(valueOf(item), "[") && !goodRanges.MatchString(valueOf(item))
		}),
		refused(resource.ErrSyntax),
		[]string{
			"z:[1-2-3-4]", "z:[-1-5]", "z:[1-5\n7-9]", "z:[[1-2],[4-5]]", "z:[1-2][4-5]", "z:[1-2,]", "z:[1--2]",
			"z:[+1-+5]", "z:[0x10-0x20]", "z:[ 1 0 - 2 0 ]",
		},
	},
	{
		"inverted before merging", "§1.2", "each pair is checked before merging",
		func(s string) bool { return hasRange(s, func(b, e uint64) bool { return b > e }) },
		refused(resource.ErrInverted), []string{"z:[5-1,1-9]"},
	},
	{
		"set grammar", "§2.1", "one typo otherwise yields other members",
		inItems(func(item string) bool {
			return strings.HasPrefix(valueOf(item), "{") && !goodSet.MatchString(valueOf(item))
		}),
		refused(resource.ErrSyntax), []string{"z:{{a}}", "z:{a}b", "z:{a}{b}", "z:{a,,b}", "z:{a\nb}", "z:{a b}"},
	},
	{
		"range size", "§1.2", "the number of integers must be a legal amount",
		func(s string) bool { return hasRange(s, func(b, e uint64) bool { return e-b >= 4398046511103 }) },
		refused(resource.ErrTooLarge), []string{"z:[0-18446744073709551615]", "ports:[0-18446744073709551615]", "z:[0-18446744073709551615,5-10]"},
	},
	{
		"runtime facts", "§2.4", "an operator cannot state them",
		inJSON(func(o map[string]any) bool {
			d, _ := o["disk"].(map[string]any)
			src, _ := d["source"].(map[string]any)
			typ, _ := src["type"].(string)
			return o["allocation_info"] != nil || o["provider_id"] != nil || d["volume"] != nil || typ == "BLOCK" || typ == "RAW"
		}),
		refused(resource.ErrOperator),
		[]string{
			`[{"name":"cpus","type":"SCALAR","scalar":{"value":4},"allocation_info":{"role":"r"}}]`,
			`[{"name":"cpus","type":"SCALAR","scalar":{"value":4},"provider_id":{"value":"p"}}]`,
			`[{"name":"disk","type":"SCALAR","scalar":{"value":4},"disk":{"source":{"type":"RAW"}}}]`,
			`[{"name":"disk","type":"SCALAR","scalar":{"value":4},"disk":{"volume":{"container_path":"a","mode":"RW"}}}]`,
		},
	},
	{
		"contradicting forms", "§2.3", "role is not dropped silently",
		inJSON(func(o map[string]any) bool {
			stack, _ := o["reservations"].([]any)
			if len(stack) == 0 || o["role"] == nil {
				return false
			}
			first, _ := stack[0].(map[string]any)
			return len(stack) > 1 || first["role"] != o["role"]
		}),
		refused(resource.ErrForm),
		[]string{
			`[{"name":"cpus","type":"SCALAR","scalar":{"value":4},"role":"x","reservations":[{"type":"STATIC","role":"r"}]}]`,
			`[{"name":"cpus","type":"SCALAR","scalar":{"value":4},"role":"*","reservations":[{"type":"STATIC","role":"r"}]}]`,
		},
	},
	{
		"too large", "§1.1", "amounts have a bound",
		func(s string) bool {
			return inItems(func(item string) bool { return tooLarge(valueOf(item)) })(s) || inJSON(func(o map[string]any) bool {
				v, _ := o["scalar"].(map[string]any)
				n, _ := v["value"].(json.Number)
				text, _ := v["value"].(string)
				return tooLarge(string(n) + text)
			})(s)
		},
		refused(resource.ErrTooLarge), []string{"cpus:4398046511104", "mem:9000000000000000"},
	},
	{
		"predefined", "§2.5", "predefined names have one kind, gpus are whole and ports end at 65535", breaksPredefined,
		refused(resource.ErrPredefined),
		[]string{
			"gpus:1.5", "gpus:0.5;gpus:0.5", "ports:5", "cpus:{a}", "ports:[70000-70001]", "gpus(r):1.5",
			`[{"name":"gpus","type":"SCALAR","scalar":{"value":1.5}}]`, `[{"name":"mem","type":"RANGES","ranges":{}}]`,
		},
	},
	{
		"64-bit edge", "§1.2", "the last integer is one like the others",
		func(s string) bool { return hasRange(s, func(_, e uint64) bool { return e == 1<<64-1 }) },
		func(t *testing.T, input string, got resource.Resources, err error, _ []resource.Option) {
			require.NoError(t, err, "%q", input)
			require.Equal(t, 1, got.Len())
			r, ok := got.Ranges(got.Names()[0])
			require.True(t, ok)
			require.Equal(t, plainRanges(rangesIn(input)), slices.Collect(r.All()), "%q", input)
		},
		[]string{
			"z:[18446744073709551615-18446744073709551615, 18446744073709551613-18446744073709551614]",
			`[{"name":"z","type":"RANGES","ranges":{"range":[{"begin":18446744073709551614,"end":18446744073709551615}]}}]`,
		},
	},
	{
		"mixed kinds", "§2.4", "items are judged as written, zero or not",
		func(s string) bool { return len(kindsOfNames(s)) > 0 },
		refused(resource.ErrMixedKinds), []string{"foo:0;foo:[1-2]"},
	},
	{
		"blank items", "§2.2", "an item or a text of white space alone is harmless",
		func(s string) bool {
			return !isArrayText(s) && slices.ContainsFunc(strings.Split(s, ";"), func(i string) bool { return i != "" && strings.Trim(i, " \t\r\n") == "" })
		},
		readAs(func(s string) string {
			return strings.Join(slices.DeleteFunc(strings.Split(s, ";"), func(i string) bool { return strings.Trim(i, " \t\r\n") == "" }), ";")
		}),
		[]string{" ", "\n", "; ;cpus:1"},
	},
	{
		"line ends", "§2.2", "white space around tokens is harmless",
		func(s string) bool { return !isArrayText(s) && spaced.Replace(s) != s },
		readAs(func(s string) string { return spaced.Replace(s) }),
		[]string{"cpus:1\n", "cpus:\t1"},
	},
}

// docs/resource-model.md §2.2
// docs/resource-model.md §2.3
// Each rule of the table applies to the inputs that the document names for it, and ours is the answer it says.
func TestDivergenceSamples(t *testing.T) {
	for _, d := range parseDivergences {
		for _, s := range d.samples {
			i := slices.IndexFunc(parseDivergences, func(d parseDivergence) bool { return d.on(s) })
			require.GreaterOrEqual(t, i, 0, "%s: %q", d.name, s)
			require.Equal(t, d.name, parseDivergences[i].name, "%q", s)
			got, err := resource.Parse(s)
			d.check(t, s, got, err, nil)
		}
	}
	for _, d := range attributeDivergences {
		for _, s := range d.samples {
			require.True(t, d.on(s), "%s: %q", d.name, s)
			got, err := resource.ParseAttributes(s)
			d.check(t, s, got, err)
		}
	}
}

type attributeDivergence struct {
	name, section, reason string
	on                    func(input string) bool
	check                 func(t *testing.T, input string, got resource.Attributes, err error)
	samples               []string
}

func refusedAttributes(sentinel error) func(*testing.T, string, resource.Attributes, error) {
	return func(t *testing.T, input string, _ resource.Attributes, err error) {
		t.Helper()
		require.ErrorIs(t, err, sentinel, "%q", input)
	}
}

var attributeDivergences = []attributeDivergence{
	{
		"attribute inverted", "§1.2", "an inverted range is no value, in attributes too",
		func(s string) bool { return hasRange(s, func(b, e uint64) bool { return b > e }) },
		refusedAttributes(resource.ErrInverted), []string{"k:[5-1]"},
	},
	{
		"attribute range size", "§1.2", "the number of integers must be a legal amount",
		func(s string) bool { return hasRange(s, func(b, e uint64) bool { return e-b >= 4398046511103 }) },
		refusedAttributes(resource.ErrTooLarge), []string{"k:[0-18446744073709551615]"},
	},
	{
		"attribute ranges grammar", "§2.1", "one typo otherwise yields another value",
		inAttributes(func(v string) bool { return strings.HasPrefix(v, "[") && !goodRanges.MatchString(v) }),
		refusedAttributes(resource.ErrSyntax), []string{"k:[1,2]", "k:[1-2,]"},
	},
	{
		"attribute large number", "§2.6", "an id or a time stamp must not keep an agent from starting",
		inAttributes(tooLarge),
		func(t *testing.T, input string, got resource.Attributes, err error) {
			require.NoError(t, err)
			for a := range got.All() {
				if tooLarge(a.Raw()) {
					require.Equal(t, resource.KindText, a.Kind, "%q", input)
					require.Equal(t, a.Raw(), a.Text)
				}
			}
		},
		[]string{"id:99999999999999999999"},
	},
	{
		"attribute spaces", "§2.6", "white space is trimmed at the ends and kept inside", func(s string) bool { return strings.ContainsAny(s, " \t\r\n") },
		func(t *testing.T, input string, got resource.Attributes, err error) {
			require.NoError(t, err, "%q", input)
			i, all := 0, slices.Collect(got.All())
			for _, part := range strings.FieldsFunc(input, func(r rune) bool { return r == ';' || r == '\n' }) {
				if strings.Trim(part, " \t\r") == "" {
					continue
				}
				k, v, _ := strings.Cut(part, ":")
				require.Equal(t, strings.Trim(k, " \t\r"), all[i].Name, "%q", input)
				require.Equal(t, strings.Trim(v, " \t\r"), all[i].Raw(), "%q", input)
				i++
			}
			require.Len(t, all, i)
		},
		[]string{"desc:hello world", "n:1 0", " k :v", "k:\tv", "a:b; ;c:d"},
	},
}

// inAttributes applies on to each value.
func inAttributes(on func(string) bool) func(string) bool {
	return func(s string) bool {
		return slices.ContainsFunc(strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == '\n' }), func(a string) bool {
			_, v, _ := strings.Cut(a, ":")
			return on(strings.Trim(v, " \t\r"))
		})
	}
}

var (
	spaced     = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")
	control    = regexp.MustCompile(`[\x00-\x08\x0e-\x1f\x7f]`)
	decimal    = regexp.MustCompile(`^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$`)
	goodKey    = regexp.MustCompile(`^[^()]*(\([^()]*\))?$`)
	goodRanges = regexp.MustCompile(`^\[\s*(\d+\s*-\s*\d+\s*(,\s*\d+\s*-\s*\d+\s*)*)?\]$`)
	goodSet    = regexp.MustCompile(`^\{\s*([^\s{}\[\],;:]+\s*(,\s*[^\s{}\[\],;:]+\s*)*)?\}$`)
	textRange  = regexp.MustCompile(`(\d+)\s*-\s*(\d+)`)
	bareRange  = regexp.MustCompile(`"begin"\s*:\s*"?(\d+)"?\s*,\s*"end"\s*:\s*"?(\d+)"?`)
)

func isArrayText(s string) bool { return strings.HasPrefix(strings.TrimLeft(s, " \t\r\n"), "[") }

// inItems applies on to each item of a text that is not JSON.
func inItems(on func(string) bool) func(string) bool {
	return func(s string) bool {
		return !isArrayText(s) && slices.ContainsFunc(strings.Split(s, ";"), func(item string) bool {
			return strings.Contains(item, ":") && on(strings.Trim(item, " \t\r\n"))
		})
	}
}

func valueOf(item string) string {
	_, v, _ := strings.Cut(item, ":")
	return strings.Trim(v, " \t\r\n")
}

func nameOf(item string) string {
	key, _, _ := strings.Cut(item, ":")
	name, _, _ := strings.Cut(key, "(")
	return strings.Trim(name, " \t\r\n")
}

// jsonItems reads a JSON array of objects, nil if it is none.
func jsonItems(s string) []map[string]any {
	if !isArrayText(s) {
		return nil
	}
	var out []map[string]any
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	if d.Decode(&out) != nil {
		return nil
	}
	return out
}

func inJSON(on func(map[string]any) bool) func(string) bool {
	return func(s string) bool { return slices.ContainsFunc(jsonItems(s), on) }
}

// knownKeys are the keys of a resource, level by level.
var knownKeys = map[string]any{
	"name": nil, "type": nil, "role": nil, "revocable": none, "shared": none,
	"scalar": map[string]any{"value": nil}, "ranges": map[string]any{"range": map[string]any{"begin": nil, "end": nil}}, "set": map[string]any{"item": nil},
	"reservation": reservationKeys, "reservations": reservationKeys,
	"allocation_info": map[string]any{"role": nil}, "provider_id": map[string]any{"value": nil},
	"disk": map[string]any{
		"persistence": map[string]any{"id": nil, "principal": nil},
		"volume":      map[string]any{"container_path": nil, "host_path": nil, "mode": nil},
		"source": map[string]any{
			"type": nil, "path": map[string]any{"root": nil}, "mount": map[string]any{"root": nil},
			"id": nil, "metadata": labelKeys, "profile": nil, "vendor": nil,
		},
	},
}

var (
	none            = map[string]any{}
	labelKeys       = map[string]any{"labels": map[string]any{"key": nil, "value": nil}}
	reservationKeys = map[string]any{"type": nil, "role": nil, "principal": nil, "labels": labelKeys}
)

// unknownKey looks for a key that is not in known, at any level; lists are seen through.
func unknownKey(v any, known map[string]any) bool {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			below, ok := known[k]
			if !ok {
				return true
			}
			if b, ok := below.(map[string]any); ok && unknownKey(x, b) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(x any) bool { return unknownKey(x, known) })
	}
	return false
}

// badInteger looks for a begin or end that is a fraction, negative, not below 2^64, or a string of something else than digits.
func badInteger(o map[string]any) bool {
	ranges, _ := o["ranges"].(map[string]any)
	list, _ := ranges["range"].([]any)
	return slices.ContainsFunc(list, func(v any) bool {
		r, _ := v.(map[string]any)
		for _, key := range []string{"begin", "end"} {
			switch n := r[key].(type) {
			case string:
				if _, err := strconv.ParseUint(n, 10, 64); err != nil {
					return true
				}
			case json.Number:
				x, ok := new(big.Rat).SetString(string(n))
				if !ok || !x.IsInt() || !x.Num().IsUint64() {
					return true
				}
			}
		}
		return false
	})
}

// keysOf lists the keys at every level.
func keysOf(v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			out = append(append(out, k), keysOf(x)...)
		}
	case []any:
		for _, x := range v {
			out = append(out, keysOf(x)...)
		}
	}
	return out
}

// hasDuplicateKey compares how many keys are written with how many there are.
func hasDuplicateKey(s string) bool {
	written := len(regexp.MustCompile(`"([^"\\]|\\.)*"\s*:`).FindAllString(s, -1))
	n := 0
	for _, o := range jsonItems(s) {
		n += len(keysOf(o))
	}
	return n > 0 && written > n
}

// badList: the field is there, but no array or one with a null in it.
func badList(v any, key string) bool {
	o, _ := v.(map[string]any)
	if o[key] == nil {
		return false
	}
	list, ok := o[key].([]any)
	return !ok || slices.Contains(list, nil)
}

func jsonRanges(o map[string]any) []resource.Range {
	b, _ := json.Marshal(o)
	return rangesIn(string(b))
}

func overlap(rs []resource.Range) bool {
	for i, a := range rs {
		for _, b := range rs[i+1:] {
			if a.Begin <= b.End && b.Begin <= a.End {
				return true
			}
		}
	}
	return false
}

// rangesIn lists the pairs of integers that a text or JSON holds, in its order.
func rangesIn(s string) []resource.Range {
	pattern := textRange
	if strings.Contains(s, `"begin"`) {
		pattern = bareRange
	}
	var out []resource.Range
	for _, m := range pattern.FindAllStringSubmatch(s, -1) {
		b, err1 := strconv.ParseUint(m[1], 10, 64)
		e, err2 := strconv.ParseUint(m[2], 10, 64)
		if err1 == nil && err2 == nil {
			out = append(out, resource.Range{Begin: b, End: e})
		}
	}
	return out
}

func hasRange(s string, on func(b, e uint64) bool) bool {
	if !strings.Contains(s, `"begin"`) && !strings.Contains(s, "[") {
		return false
	}
	return slices.ContainsFunc(rangesIn(s), func(r resource.Range) bool { return on(r.Begin, r.End) })
}

func tooLarge(v string) bool {
	if !decimal.MatchString(v) {
		return false
	}
	f, err := strconv.ParseFloat(v, 64)
	return err == nil && f > 4398046511103.999
}

// stated lists name, kind and value of each item of text or JSON.
func stated(s string) (out [][3]string) {
	for _, o := range jsonItems(s) {
		name, _ := o["name"].(string)
		kind, _ := o["type"].(string)
		v, _ := o["scalar"].(map[string]any)
		text, _ := v["value"].(string)
		if n, ok := v["value"].(json.Number); ok {
			text = string(n)
		}
		out = append(out, [3]string{name, kind, text})
	}
	if !isArrayText(s) {
		for item := range strings.SplitSeq(s, ";") {
			if !strings.Contains(item, ":") {
				continue
			}
			v := valueOf(item)
			kind := "TEXT"
			switch {
			case strings.HasPrefix(v, "["):
				kind = "RANGES"
			case strings.HasPrefix(v, "{"):
				kind = "SET"
			case decimal.MatchString(v):
				kind = "SCALAR"
			}
			out = append(out, [3]string{nameOf(item), kind, v})
		}
	}
	return out
}

func breaksPredefined(s string) bool {
	for _, i := range stated(s) {
		switch i[0] {
		case "gpus":
			f, _ := strconv.ParseFloat(i[2], 64)
			if i[1] != "SCALAR" || f != float64(int64(f)) {
				return true
			}
		case "cpus", "mem", "disk":
			if i[1] != "SCALAR" {
				return true
			}
		case "ports":
			if i[1] != "RANGES" || hasRange(s, func(_, e uint64) bool { return e > 65535 }) {
				return true
			}
		}
	}
	return false
}

// kindsOfNames lists the names that have several kinds.
func kindsOfNames(s string) []string {
	kinds := map[string]string{}
	var out []string
	for _, i := range stated(s) {
		if k, ok := kinds[i[0]]; ok && k != i[1] {
			out = append(out, i[0])
		}
		kinds[i[0]] = i[1]
	}
	return out
}
