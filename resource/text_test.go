package resource_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// docs/resource-model.md §2
func TestParseTypicalAgent(t *testing.T) {
	r, err := resource.Parse("cpus:24;gpus:2;mem:24576;disk:409600;ports:[21000-24000,30000-34000];bugs(debug_role):{a,b,c}")
	require.NoError(t, err)
	require.Equal(t, "bugs(reservations: [(STATIC,debug_role)]):{a, b, c}; cpus:24; disk:409600; gpus:2; mem:24576; ports:[21000-24000, 30000-34000]", r.String())
	require.Equal(t, 6, r.Len())
}

// parses states what each text gives: "✗" and an error, or the diagnostic form.
func parses(t *testing.T, cases map[string]any, opts ...resource.Option) {
	t.Helper()
	for text, want := range cases {
		got, err := resource.Parse(text, opts...)
		if sentinel, ok := want.(error); ok {
			require.ErrorIs(t, err, sentinel, "%q", text)
			requireParseError(t, text, err)
			require.True(t, got.IsEmpty())
			continue
		}
		require.NoError(t, err, "%q", text)
		require.Equal(t, want, got.String(), "%q", text)
	}
}

// docs/resource-model.md §2.1
func TestClassifyNumbers(t *testing.T) {
	parses(t, map[string]any{
		"x:1.": "x:1", "x:.5": "x:0.5", "x:+5": "x:5", "x:1e3": "x:1000", "x:007": "x:7", "x:-0": "{}", "x:1e-400": "{}", "x:1E+3": "x:1000",
		"x:1 0": resource.ErrKind, "x:1 000": resource.ErrKind, "x:+ 5": resource.ErrKind,
		"x:-1": resource.ErrNegative, "x:inf": resource.ErrKind, "x:NaN": resource.ErrKind, "x:0x10": resource.ErrKind, "x:1_000": resource.ErrKind,
		"x:1e400": resource.ErrKind, "x:1f": resource.ErrKind, "x:0x1p3": resource.ErrKind, "x:.": resource.ErrKind, "x:e3": resource.ErrKind, "x:1e": resource.ErrKind,
		"x:4.9e-324": resource.ErrSubnormal, "x:1.2.3": resource.ErrKind, "x:٣": resource.ErrKind,
	})
}

// docs/resource-model.md §2.1
func TestClassifyBrackets(t *testing.T) {
	parses(t, map[string]any{
		"x:[1-5": resource.ErrSyntax, "x:1-5]": resource.ErrSyntax, "x:{a": resource.ErrSyntax, "x:a}": resource.ErrSyntax, "x:(": resource.ErrSyntax,
		"x:}{": resource.ErrSyntax, "x:y[1-2]": resource.ErrSyntax, "x:y{a}": resource.ErrSyntax, "x:{[a]}": resource.ErrSyntax,
		"x:(a)": resource.ErrKind, "x:": resource.ErrSyntax, "x: ": resource.ErrSyntax, "x:{(a)}": "x:{(a)}",
	})
}

// docs/resource-model.md §2.1
func TestClassifyRangesAndSets(t *testing.T) {
	parses(t, map[string]any{
		"x:[1,2]": resource.ErrSyntax, "x:[1-2-3-4]": resource.ErrSyntax, "x:[-1-5]": resource.ErrSyntax, "x:[1-5\n7-9]": resource.ErrSyntax,
		"x:[[1-2],[4-5]]": resource.ErrSyntax, "x:[1-2][4-5]": resource.ErrSyntax, "x:[1-2,]": resource.ErrSyntax, "x:[1--2]": resource.ErrSyntax,
		"x:[+1-+5]": resource.ErrSyntax, "x:[0x10-0x20]": resource.ErrSyntax, "x:[ 1 0 - 2 0 ]": resource.ErrSyntax, "x:[1]": resource.ErrSyntax,
		"x:[1-2,3]": resource.ErrSyntax, "x:[1.5-2]": resource.ErrSyntax, "x:[a-b]": resource.ErrSyntax, "x:[1-18446744073709551616]": resource.ErrTooLarge,
		"x:[ 1 - 2 ,\n4-5 ]": "x:[1-2, 4-5]", "x:[01-010]": "x:[1-10]", "x:[ ]": "{}",
		"x:{{a}}": resource.ErrSyntax, "x:{a}b": resource.ErrSyntax, "x:{a}{b}": resource.ErrSyntax, "x:{a,,b}": resource.ErrSyntax,
		"x:{a\nb}": resource.ErrSyntax, "x:{a b}": resource.ErrSyntax, "x:{a,}": resource.ErrSyntax, "x:{ b ,\ta }": "x:{a, b}", "x:{ }": "{}",
	})
}

// docs/resource-model.md §2.2
func TestTextItems(t *testing.T) {
	parses(t, map[string]any{
		"": "{}", ";": "{}", " ": "{}", "; ;cpus:1": "cpus:1", "cpus:1\n": "cpus:1", "\tcpus : 1 ;\r\nmem:\t2": "cpus:1; mem:2",
		"cpus:4;mem:2048;cpus(tuyucheng):8;mem(tuyucheng):4096": "cpus:4; cpus(reservations: [(STATIC,tuyucheng)]):8; mem:2048; mem(reservations: [(STATIC,tuyucheng)]):4096",
		"cpus:1;cpus:2": "cpus:3", "cpus:1;cpus(*):2": "cpus:3", "ports:[1-5];ports:[4-9]": "ports:[1-9]", "cpus:0;ports:[];bugs:{}": "{}",
		"cpus": resource.ErrSyntax, "cpus:": resource.ErrSyntax, ":1": resource.ErrName, "cpus:1:2": resource.ErrSyntax,
		"cpus::1": resource.ErrSyntax, ":cpus:1": resource.ErrSyntax, "cpus:1:": resource.ErrSyntax, "x": resource.ErrSyntax,
		"c pus:8": "c pus:8", "a'b:1": "a'b:1",
	})
}

// docs/resource-model.md §2.2
func TestTextRoles(t *testing.T) {
	parses(t, map[string]any{
		"cpus(r:1": resource.ErrSyntax, "cpus)(r:1": resource.ErrSyntax, "cpus(r)x:1": resource.ErrSyntax, "cpus(a)(b):1": resource.ErrSyntax,
		"cpus(a(b)):1": resource.ErrSyntax, "cpusr):1": resource.ErrSyntax, "cpus():1": resource.ErrReservation, "cpus(a/*):1": resource.ErrReservation,
		"cpus(-a):1": resource.ErrReservation, "cpus(a//b):1": resource.ErrReservation, "(r):1": resource.ErrName,
		"cpus ( a/b ) :1": "cpus(reservations: [(STATIC,a/b)]):1",
	})
}

// docs/resource-model.md §2.2
func TestTextDefaultRole(t *testing.T) {
	parses(t, map[string]any{
		"cpus:1;cpus(*):2;cpus(x):3": "cpus:2; cpus(reservations: [(STATIC,r)]):1; cpus(reservations: [(STATIC,x)]):3",
	}, resource.WithDefaultRole("r"))
	for _, bad := range []role.Name{"", " ", "-x"} {
		parses(t, map[string]any{"cpus(x):1;cpus:1": resource.ErrReservation, "cpus(*):1": "cpus:1", "": "{}"}, resource.WithDefaultRole(bad))
	}
}

// docs/resource-model.md §2.2
func TestTextNeverFallsBackFromJSON(t *testing.T) {
	parses(t, map[string]any{"[x]:5": resource.ErrSyntax, "{}": resource.ErrSyntax, `{"name":"cpus"}`: resource.ErrSyntax})
	_, err := resource.Parse("{}")
	require.ErrorContains(t, err, "expected a JSON array")
	r := resource.MustParse(";[x]:5")
	text, err := r.FlagText()
	require.NoError(t, err)
	require.Equal(t, r, resource.MustParse(text))
}

// Operators' texts give one line: which item, where, why.
// docs/resource-model.md §2.2
func TestTextErrorsSayWhichItemWhereAndWhy(t *testing.T) {
	for _, c := range []struct {
		text         string
		item, offset int
		line         string
	}{
		{"cpus:-1", 0, 5, `item 0, byte 5: "-1": amounts must not be negative`},
		{"mem:1;ports:[5-1]", 1, 13, `item 1, byte 13: range 5-1: begin is above end`},
		{"mem:1; cpus(a//b):1", 1, 12, `item 1, byte 12: role "a//b": `},
		{"x", 0, 1, `item 0, byte 1: ':' and a value expected after "x": does not follow the grammar`},
		{"cpus:1;;gpus:1.5", 2, 13, `item 2, byte 13: gpus must be a whole number, not 1.5: breaks the rules for a predefined name`},
		{`[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}, {"name":"x","typ":1}]`, 1, 67, `item 1, byte 67: "typ": unknown key`},
		{`[{"name":"cpus","type":"SCALAR","scalar":{"value":-1}}]`, 0, 50, `item 0, byte 50: "-1": amounts must not be negative`},
		{`[1`, 0, 1, `item 0, byte 1: JSON: an object expected`},
		{"{}", -1, 0, "byte 0: expected a JSON array"},
		{strings.Repeat("y", 1000) + ":z\n", 0, 1001, `item 0, byte 1001: "z" is neither a number, nor ranges such as [1-5], nor a set such as {a, b}: wrong kind of value`},
	} {
		_, err := resource.Parse(c.text)
		var pe *resource.ParseError
		require.True(t, errors.As(err, &pe), "%q: %v", c.text, err)
		require.Equal(t, c.item, pe.Item, "%v", err)
		require.Equal(t, c.offset, pe.Offset, "%v", err)
		require.True(t, strings.HasPrefix(err.Error(), c.line), "%v", err)
		require.NotContains(t, err.Error(), "\n")
		require.Less(t, len(err.Error()), 300)
	}
}

// docs/resource-model.md §2.3
func TestJSONValues(t *testing.T) {
	parses(t, map[string]any{
		`[{"name":"ports","type":"RANGES","ranges":{"range":[{"begin":21000,"end":24000}]}},{"name":"bugs","type":"SET","set":{"item":["a"]},"role":"debug_role"}]`: "bugs(reservations: [(STATIC,debug_role)]):{a}; ports:[21000-24000]",
		`[]`: "{}", ` [ ] `: "{}",
		`[{"name":"x","scalar":{"value":1}}]`:                                        resource.ErrSyntax,
		`[{"type":"SCALAR","scalar":{"value":1}}]`:                                   resource.ErrSyntax,
		`[{"name":"x","type":"SCALAR"}]`:                                             resource.ErrKind,
		`[{"name":"x","type":"SCALAR","scalar":{"value":1},"ranges":{}}]`:            resource.ErrKind,
		`[{"name":"x","type":"SCALAR","scalar":{}}]`:                                 resource.ErrSyntax,
		`[{"name":"x","type":"scalar","scalar":{"value":1}}]`:                        resource.ErrKind,
		`[{"name":"x","type":"TEXT","text":{"value":"1"}}]`:                          resource.ErrUnknownKey,
		`[{"name":"x","type":0,"scalar":{"value":1}}]`:                               resource.ErrSyntax,
		`[{"name":"x","type":"SCALAR","scalar":{"value":1},"set":null,"role":null}]`: "x:1",
		`[{"name":"x","type":"SCALAR","scalar":{"value":0}}]`:                        "{}",
		`[{"name":"x","type":"SCALAR","scalar":{"value":1e400}}]`:                    resource.ErrNotNumber,
		`[{"name":" x","type":"SCALAR","scalar":{"value":1}}]`:                       resource.ErrName,
		`[{"name":"x","type":"SCALAR","scalar":{"value":1}},]`:                       resource.ErrSyntax,
		`[{"name":"x","type":"SCALAR","scalar":{"value":1}}] x`:                      resource.ErrSyntax,
	})
}

// docs/resource-model.md §2.3
func TestJSONNumbersAsStrings(t *testing.T) {
	number := func(v string) string { return `[{"name":"x","type":"SCALAR","scalar":{"value":` + v + `}}]` }
	parses(t, map[string]any{
		number(`"2"`): "x:2", number(`"1e3"`): "x:1000", number(`".5"`): "x:0.5", number(`"+5"`): "x:5",
		number(`" 2 "`): resource.ErrNotNumber, number(`"inf"`): resource.ErrNotNumber, number(`"0x10"`): resource.ErrNotNumber,
		number(`.5`): resource.ErrSyntax, number(`+5`): resource.ErrSyntax, number(`01`): resource.ErrSyntax, number(`1.`): resource.ErrSyntax, number(`-1`): resource.ErrNegative,
	})
}

// docs/resource-model.md §2.3
func TestJSONIntegersAreExact(t *testing.T) {
	begin := func(b, e string) string {
		return `[{"name":"x","type":"RANGES","ranges":{"range":[{"begin":` + b + `,"end":` + e + `}]}}]`
	}
	const most = "18446744073709551615"
	parses(t, map[string]any{
		begin("1.0", "1e3"): "x:[1-1000]", begin(`"1"`, `"007"`): "x:[1-7]", begin(most, most): "x:[" + most + "-" + most + "]",
		begin("1800e-2", "0.19e2"): "x:[18-19]", begin("0e999999999", "-0"): "x:[0-0]",
		begin("1.9", "5"): resource.ErrNotNumber, begin("-1", "5"): resource.ErrNotNumber, begin("1", "18446744073709551616"): resource.ErrNotNumber,
		begin("1", "1e999999999"): resource.ErrNotNumber, begin("1e-999999999", "1"): resource.ErrNotNumber, begin(`"1.0"`, "5"): resource.ErrNotNumber,
		begin(`" 1"`, "5"): resource.ErrNotNumber, begin(`""`, "5"): resource.ErrNotNumber, begin("5", "1"): resource.ErrInverted,
		`[{"name":"x","type":"RANGES","ranges":{"range":[{"begin":1}]}}]`: resource.ErrSyntax,
	})
}

// docs/resource-model.md §2.3
func TestJSONSkipsAndWrapsNothing(t *testing.T) {
	parses(t, map[string]any{
		`[{"name":"x","type":"SET","set":{"item":[null,"a"]}}]`: resource.ErrSyntax,
		`[{"name":"x","type":"SET","set":{"item":"a"}}]`:        resource.ErrSyntax,
		`[null]`: resource.ErrSyntax, `[1,2]`: resource.ErrSyntax, `["cpus:8"]`: resource.ErrSyntax,
	})
}

// docs/resource-model.md §2.3
func TestJSONDefaultRole(t *testing.T) {
	const scalar = `"type":"SCALAR","scalar":{"value":1}`
	parses(t, map[string]any{
		`[{"name":"a",` + scalar + `},{"name":"b",` + scalar + `,"role":"*"},{"name":"c",` + scalar + `,"role":"x"},{"name":"d",` + scalar + `,"reservations":[{"type":"STATIC","role":"y"}]}]`: "a(reservations: [(STATIC,d/e)]):1; b:1; c(reservations: [(STATIC,x)]):1; d(reservations: [(STATIC,y)]):1",
	}, resource.WithDefaultRole("d/e"))
	parses(t, map[string]any{`[{"name":"a",` + scalar + `}]`: resource.ErrReservation}, resource.WithDefaultRole("a b"))
}

// Unknown and duplicate keys are typos in operator text; the wire ignores the first and keeps the last of the second.
// docs/resource-model.md §2.3
// docs/resource-model.md §8.1
func TestJSONUnknownAndDuplicateKeys(t *testing.T) {
	const unknown = `[{"name":"x","type":"SCALAR","scalar":{"value":1,"bogus":[{"deep":null}]},"bogus":1}]`
	const twice = `[{"name":"y","name":"x","type":"SCALAR","scalar":{"value":2,"value":1}}]`
	parses(t, map[string]any{unknown: resource.ErrUnknownKey, twice: resource.ErrDuplicateKey})
	for _, text := range []string{unknown, twice} {
		r, err := resource.DecodeJSON([]byte(text))
		require.NoError(t, err)
		require.Equal(t, "x:1", r.String())
	}
}

// docs/resource-model.md §2.3
func TestJSONContradictingForms(t *testing.T) {
	form := func(s string) string { return `[{"name":"x","type":"SCALAR","scalar":{"value":1},` + s + `}]` }
	parses(t, map[string]any{
		form(`"role":"x","reservations":[{"type":"STATIC","role":"r"}]`): resource.ErrForm,
		form(`"role":"*","reservations":[{"type":"STATIC","role":"r"}]`): resource.ErrForm,
		form(`"role":"r","reservations":[{"type":"STATIC","role":"r"}]`): "x(reservations: [(STATIC,r)]):1",
		form(`"role":"r","reservations":[]`):                             "x(reservations: [(STATIC,r)]):1",
	})
}

// docs/resource-model.md §2.3
func TestJSONOutputRepeatsSharedEntries(t *testing.T) {
	v := volume("v", 64)
	v.Shared = true
	r, err := resource.New(v, v)
	require.NoError(t, err)
	require.Equal(t, "disk(reservations: [(DYNAMIC,r)])[v:data]<SHARED>:64<2>", r.String())
	b, err := r.MarshalJSON()
	require.NoError(t, err)
	one := `{"name":"disk","type":"SCALAR","scalar":{"value":64},"reservations":[{"type":"DYNAMIC","role":"r"}],"disk":{"persistence":{"id":"v"},"volume":{"container_path":"data","mode":"RW"}},"shared":{}}`
	require.Equal(t, "["+one+","+one+"]", string(b))
	var again resource.Resources
	require.NoError(t, again.UnmarshalJSON(b))
	require.Equal(t, r, again)
}

// docs/resource-model.md §2.4
func TestOperatorRules(t *testing.T) {
	with := func(name, s string) string {
		return `[{"name":"` + name + `","type":"SCALAR","scalar":{"value":1},` + s + `}]`
	}
	all := map[string]string{
		"a volume":       with("disk", `"role":"r","disk":{"persistence":{"id":"v"}}`),
		"revocable":      with("cpus", `"revocable":{}`),
		"dynamic":        with("cpus", `"reservations":[{"type":"DYNAMIC","role":"r"}]`),
		"old dynamic":    with("cpus", `"role":"r","reservation":{}`),
		"allocation":     with("cpus", `"allocation_info":{"role":"r"}`),
		"provider":       with("cpus", `"provider_id":{"value":"p"}`),
		"shared":         with("disk", `"role":"r","disk":{"persistence":{"id":"v"}},"shared":{}`),
		"a mounted disk": with("disk", `"disk":{"volume":{"container_path":"p","mode":"RW"}}`),
		"block":          with("disk", `"disk":{"source":{"type":"BLOCK"}}`),
		"raw":            with("disk", `"disk":{"source":{"type":"RAW","id":"i"}}`),
	}
	for what, text := range all {
		_, err := resource.Parse(text)
		require.ErrorIs(t, err, resource.ErrOperator, what)
		var wire resource.Resources
		require.NoError(t, wire.UnmarshalJSON([]byte(text)), "on the wire %s is legal", what)
		require.Equal(t, 1, wire.Len())
	}
	parses(t, map[string]any{
		with("disk", `"disk":{"source":{"type":"PATH","path":{"root":"/p"}}}`):   "disk[PATH:/p]:1",
		with("disk", `"disk":{"source":{"type":"MOUNT","mount":{"root":"/m"}}}`): "disk[MOUNT:/m]:1",
		"foo:0;foo:[1-2]": resource.ErrMixedKinds,
		`[{"name":"foo","type":"SCALAR","scalar":{"value":0}},{"name":"foo","type":"SET","set":{}}]`: resource.ErrMixedKinds,
	})
}

// More than a few names are remembered too.
// docs/resource-model.md §2.4
func TestOperatorMixedKindsAmongMany(t *testing.T) {
	var b strings.Builder
	for i := range 40 {
		b.WriteString("n" + strings.Repeat("x", i) + ":1;")
	}
	_, err := resource.Parse(b.String() + "n" + strings.Repeat("x", 30) + ":2")
	require.NoError(t, err)
	_, err = resource.Parse(b.String() + "n" + strings.Repeat("x", 30) + ":{a}")
	require.ErrorIs(t, err, resource.ErrMixedKinds)
}

// docs/resource-model.md §2.4
func TestSourceForms(t *testing.T) {
	files := map[string]string{"/etc/r": "cpus:1\n", "/etc/j": `[{"name":"cpus","type":"SCALAR","scalar":{"value":2}}]`}
	missing := errors.New("missing")
	read := func(path string) ([]byte, error) {
		if s, ok := files[path]; ok {
			return []byte(s), nil
		}
		return nil, missing
	}
	for flag, want := range map[string]string{"file:///etc/r": "cpus:1", " file:///etc/j\n": "cpus:2", "cpus:3": "cpus:3", files["/etc/j"]: "cpus:2"} {
		r, err := resource.ParseSource(flag, read)
		require.NoError(t, err)
		require.Equal(t, want, r.String())
	}
	_, err := resource.ParseSource("file:///nowhere", read)
	require.ErrorIs(t, err, missing)
	_, err = resource.ParseSource("file://relative", read)
	require.ErrorIs(t, err, resource.ErrSyntax)
}

// docs/resource-model.md §2.5
func TestPredefinedNames(t *testing.T) {
	refused := map[string]any{}
	for _, text := range []string{
		"gpus:1.5", "gpus:0.5;gpus:0.5", "ports:5", "cpus:{a}", "ports:[70000-70001]", "mem:[1-2]", "disk:{}", "ports:0", "ports:{}",
		`[{"name":"gpus","type":"SCALAR","scalar":{"value":0.5}}]`, `[{"name":"ports","type":"SCALAR","scalar":{"value":5}}]`,
	} {
		refused[text] = resource.ErrPredefined
	}
	parses(t, refused)
	_, err := resource.New(resource.Resource{Name: "gpus", Scalar: 1500})
	require.ErrorIs(t, err, resource.ErrPredefined)
	parses(t, map[string]any{
		"cpus:0.001": "cpus:0.001", "mem:0.5": "mem:0.5", "ports:[0-65535]": "ports:[0-65535]", "ephemeral_ports:[0-70000]": "ephemeral_ports:[0-70000]", "gpus:2.0": "gpus:2",
	})
	var wire resource.Resources
	require.ErrorIs(t, wire.UnmarshalJSON([]byte(`[{"name":"gpus","type":"SCALAR","scalar":{"value":0.5}}]`)), resource.ErrPredefined)
}

// docs/resource-model.md §2.5
func TestForeignNamesSwitchesTheChecksOff(t *testing.T) {
	parses(t, map[string]any{
		"gpus:1.5": "gpus:1.5", "ports:5": "ports:5", "cpus:{a}": "cpus:{a}", "ports:[70000-70001]": "ports:[70000-70001]", "gpus:0.0004": resource.ErrTooSmall,
	}, resource.ForeignNames())
	raw := resource.Resource{Name: "disk", Scalar: 1000, Disk: &resource.Disk{
		Source: &resource.DiskSource{Type: resource.SourceRaw}, Persistence: &resource.Persistence{ID: "v"},
	}}
	require.ErrorIs(t, raw.Validate(), resource.ErrDisk)
	require.NoError(t, raw.Validate(resource.ForeignNames()))
	_, err := resource.Build([]resource.Option{resource.ForeignNames()}, raw)
	require.NoError(t, err)
}

// docs/resource-model.md §2.7
func TestParseItemsKeepsWhatIsStated(t *testing.T) {
	items, err := resource.ParseItems("cpus:0;mem(*):0;disk:0;ports:[];x(r):{a}")
	require.NoError(t, err)
	var names []string
	for _, r := range items {
		names = append(names, r.Name)
	}
	require.Equal(t, []string{"cpus", "mem", "disk", "ports", "x"}, names)
	require.True(t, items[0].IsEmpty())
	require.EqualValues(t, "r", items[4].Owner())
	_, err = resource.ParseItems("cpus:0;y")
	require.Error(t, err)
}
