package msg_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/resource/resourcetest"
	"github.com/proffer-go/proffer/role"
)

// docs/protocol.md §2: every message has a form. The syntax of the package says which types there are.
func TestCodecKnowsEveryType(t *testing.T) {
	declared := map[string][]string{}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil {
				if recv, ok := fn.Recv.List[0].Type.(*ast.Ident); ok {
					declared[fn.Name.Name] = append(declared[fn.Name.Name], recv.Name)
				}
			}
		}
	}
	for marker, set := range msg.Sets() {
		slices.Sort(declared[marker])
		require.Equal(t, declared[marker], slices.Sorted(maps.Keys(set)), "types with the method %s: add the one that is missing to its set in codec.go", marker)
	}
}

// docs/protocol.md §21: an operation that has no form could not be recorded. The syntax of package reservation says which there are.
func TestCodecKnowsEveryReservationOperation(t *testing.T) {
	files, err := filepath.Glob("../../reservation/*.go")
	require.NoError(t, err)
	var declared, known []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil && fn.Name.Name == "isOp" {
				declared = append(declared, fn.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
	for name, typ := range msg.Operations() {
		require.Equal(t, name, typ.Name())
		known = append(known, name)
	}
	slices.Sort(declared)
	slices.Sort(known)
	require.NotEmpty(t, declared)
	require.Equal(t, declared, known, "add the operation that is missing to operations in codec.go")
}

// filler makes a random value of any type of a message.
type filler struct {
	t    *rapid.T
	full bool // nothing is zero
}

func (g filler) yes() bool { return g.full || rapid.Bool().Draw(g.t, "set") }

var interfaces = map[reflect.Type][]reflect.Type{
	reflect.TypeFor[msg.Message]():      typesOf("isMessage"),
	reflect.TypeFor[msg.Action]():       typesOf("isAction"),
	reflect.TypeFor[msg.OperatorCall](): typesOf("isOperatorCall"),
	reflect.TypeFor[reservation.Op](): {reflect.TypeFor[reservation.Reserve](), reflect.TypeFor[reservation.Unreserve](),
		reflect.TypeFor[reservation.Create](), reflect.TypeFor[reservation.Destroy](), reflect.TypeFor[reservation.Resize]()},
}

func typesOf(marker string) []reflect.Type {
	set := msg.Sets()[marker]
	var list []reflect.Type
	for _, name := range slices.Sorted(maps.Keys(set)) {
		list = append(list, set[name])
	}
	return list
}

func (g filler) fill(v reflect.Value) {
	if !g.yes() {
		return
	}
	switch p := v.Addr().Interface().(type) {
	case *resource.Resources:
		*p = resourcetest.Resources().Draw(g.t, "resources")
		return
	case *resource.Resource:
		for r := range resourcetest.Resources().Filter(func(r resource.Resources) bool { return !r.IsEmpty() }).Draw(g.t, "resource").All() {
			*p = r
		}
		return
	case *resource.Quantities:
		*p = resourcetest.Quantities().Draw(g.t, "quantities")
		return
	case *resource.Limits:
		*p = resourcetest.Limits().Draw(g.t, "limits")
		return
	case *resource.Attributes:
		a, err := resource.ParseAttributes(rapid.SampledFrom([]string{"", "rack:r1;zone:b", "ports:[1-5]"}).Draw(g.t, "attributes"))
		require.NoError(g.t, err)
		b, err := a.MarshalJSON() // how text was once written is not on the wire
		require.NoError(g.t, err)
		require.NoError(g.t, p.UnmarshalJSON(b))
		return
	case *offer.Constraints:
		*p = offer.Constraints{"eng": {{Attributes: []offer.Constraint{{By: offer.ByAttribute, Name: "rack", Is: offer.Exists}}, ReservedOnly: true}}}
		return
	case *error:
		*p = errors.New(rapid.String().Draw(g.t, "error"))
		return
	case *float64:
		*p = rapid.Float64Range(-1e300, 1e300).Draw(g.t, "float")
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{math.MinInt64, math.MaxInt64})).Draw(g.t, "int"))
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(rapid.Uint64Range(0, 1<<v.Type().Bits()-1).Draw(g.t, "uint"))
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"\ufffd", "\u2028<&>\"\\\x00", "*"})).Draw(g.t, "text"))
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(rapid.Byte().Draw(g.t, "byte")))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			g.fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		for range g.length() {
			x := reflect.New(v.Type().Elem()).Elem()
			g.fill(x)
			v.Set(reflect.Append(v, x))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range g.length() {
			k, x := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			g.fill(k)
			g.fill(x)
			v.SetMapIndex(k, x)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		g.fill(v.Elem())
	case reflect.Interface:
		list := interfaces[v.Type()]
		require.NotEmpty(g.t, list, "%v", v.Type())
		x := reflect.New(rapid.SampledFrom(list).Draw(g.t, "type")).Elem()
		g.fill(x)
		v.Set(x)
	default:
		g.t.Fatalf("no generator for %v", v.Type())
	}
}

func (g filler) length() int {
	if g.full {
		return 2
	}
	return rapid.IntRange(0, 2).Draw(g.t, "length")
}

func (g filler) of(t reflect.Type) any {
	v := reflect.New(t).Elem()
	g.fill(v)
	return v.Interface()
}

// docs/protocol.md §2: decode after encode is the identity; equal messages give equal bytes.
func TestCodecRoundTrip(t *testing.T) {
	for _, typ := range typesOf("isMessage") {
		t.Run(typ.Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				m := filler{t: t}.of(typ).(msg.Message)
				b, err := msg.Marshal(m)
				require.NoError(t, err)
				back, err := msg.Unmarshal(b)
				require.NoError(t, err, "%s", b)
				require.Equal(t, m, back, "%s", b)
				again, err := msg.Marshal(back)
				require.NoError(t, err)
				require.Equal(t, string(b), string(again))
			})
		})
	}
}

// docs/protocol.md §2: inputs are recorded and replayed; errors in them keep their text.
func TestCodecRoundTripOfInputs(t *testing.T) {
	for _, typ := range typesOf("isInput") {
		t.Run(typ.Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				in := filler{t: t}.of(typ).(msg.Input)
				b, err := msg.MarshalInput(in)
				require.NoError(t, err)
				back, err := msg.UnmarshalInput(b)
				require.NoError(t, err, "%s", b)
				again, err := msg.MarshalInput(back)
				require.NoError(t, err)
				require.Equal(t, string(b), string(again))
				require.Equal(t, fmt.Sprintf("%#v", plain(in)), fmt.Sprintf("%#v", plain(back)))
			})
		})
	}
}

// plain is an input without its errors' types; of what pointers hold only the bytes above tell.
func plain(in msg.Input) any {
	text := func(err error) string {
		if err == nil {
			return "none"
		}
		return "error " + err.Error()
	}
	switch in := in.(type) {
	case msg.Loaded:
		return []any{in.Revision, in.Entries, text(in.Err)}
	case msg.Committed:
		return []any{in.Seq, in.Revision, text(in.Err)}
	case msg.Restored:
		return []any{in.Entries, text(in.Err)}
	case msg.Recorded:
		return []any{in.Seq, text(in.Err)}
	case msg.Envelope, msg.Call, msg.Operate:
		return reflect.TypeOf(in).Name()
	}
	return in
}

// docs/protocol.md §9: what an agent keeps comes back as it was.
func TestCodecRoundTripOfKept(t *testing.T) {
	for _, typ := range typesOf("isKept") {
		t.Run(typ.Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				k := filler{t: t}.of(typ).(msg.Kept)
				b, err := msg.MarshalKept(k)
				require.NoError(t, err)
				back, err := msg.UnmarshalKept(b)
				require.NoError(t, err, "%s", b)
				require.Equal(t, k, back, "%s", b)
			})
		})
	}
}

// docs/protocol.md §9: the form of version 1 stays, so that an agent of a later version reads what an earlier one kept.
func TestKeptGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/kept-v1.txt")
	require.NoError(t, err)
	seen := map[string]bool{}
	for line := range bytes.Lines(text) {
		k, err := msg.UnmarshalKept(line)
		require.NoError(t, err, "%s", line)
		got, err := msg.MarshalKept(k)
		require.NoError(t, err)
		require.Equal(t, string(bytes.TrimSpace(line)), string(got))
		seen[reflect.TypeOf(k).Name()] = true
	}
	for _, typ := range typesOf("isKept") {
		require.True(t, seen[typ.Name()], "testdata/kept-v1.txt has no line of type %s", typ.Name())
	}
	t.Logf("golden kept-v1.txt: %d cases", len(seen))
}

// docs/protocol.md §2: the form of version 1 stays. A changed line means a new version.
func TestCodecGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/codec-v1.txt")
	require.NoError(t, err)
	seen := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		b := lines.Bytes()
		var got []byte
		var typ reflect.Type
		if m, err := msg.Unmarshal(b); err == nil {
			typ = reflect.TypeOf(m)
			got, err = msg.Marshal(m)
			require.NoError(t, err)
		} else {
			in, err := msg.UnmarshalInput(b)
			require.NoError(t, err, "%s", b)
			typ = reflect.TypeOf(in)
			got, err = msg.MarshalInput(in)
			require.NoError(t, err)
		}
		require.Equal(t, string(b), string(got))
		seen[typ.Name()] = true
	}
	for _, typ := range slices.Concat(typesOf("isMessage"), typesOf("isInput")) {
		require.True(t, seen[typ.Name()], "testdata/codec-v1.txt has no line of type %s", typ.Name())
	}
	t.Logf("golden codec-v1.txt: %d cases", len(seen))
}

// docs/protocol.md §19 malformed messages: each is refused with what and where.
func TestCodecRefuses(t *testing.T) {
	for _, c := range []struct {
		text string
		err  error
		says string
	}{
		{``, msg.ErrMessage, "end of JSON"},
		{`null`, msg.ErrMessage, "object"},
		{`[]`, msg.ErrMessage, "object"},
		{`{"type":"Teardown"}`, msg.ErrVersion, `"v"`},
		{`{"v":2,"type":"Future"}`, msg.ErrVersion, "2"},
		{`{"v":1,"v":1,"type":"Teardown"}`, msg.ErrMessage, `"v" is there twice`},
		{`{"v":1}`, msg.ErrType, `"type"`},
		{`{"v":1,"type":"Future"}`, msg.ErrType, "Future"},
		{`{"v":1,"type":"Tick"}`, msg.ErrType, "Tick"},
		{`{"v":1,"type":"Teardown","type":"Teardown"}`, msg.ErrMessage, "twice"},
		{`{"v":1,"type":"Teardown","x":1}`, msg.ErrMessage, `"x" is not known`},
		{`{"v":1,"type":"Rescind","Offer":"o"}`, msg.ErrMessage, `"Offer" is not known`},
		{`{"v":1,"type":"Rescind","offer":"o","offer":"o"}`, msg.ErrMessage, "twice"},
		{`{"v":1,"type":"Rescind","offer":1}`, msg.ErrMessage, "Rescind: offer"},
		{`{"v":1,"type":"Teardown"} x`, msg.ErrMessage, "byte 27"},
		{`{"v":1,"type":"Teardown"}{}`, msg.ErrMessage, "byte 26"},
		{"{\"v\":1,\"type\":\"Error\",\"message\":\"\xff\"}", msg.ErrMessage, "UTF-8"},
		{`{"v":1,"type":"Decline","offers":["a",2]}`, msg.ErrMessage, "Decline: offers: 1"},
		{`{"v":1,"type":"Decline","filters":{"refuse":1.5}}`, msg.ErrMessage, "filters: refuse"},
		{`{"v":1,"type":"Ping","connected":null}`, msg.ErrMessage, "true or false"},
		{`{"v":1,"type":"OperationUpdate","uuid":"12"}`, msg.ErrMessage, "32 hexadecimal"},
		{`{"v":1,"type":"ExecutorMessage","data":"*"}`, msg.ErrMessage, "base64"},
		{`{"v":1,"type":"ExecutorUpdate","status":{"state":"TASK_NONE"}}`, msg.ErrMessage, "TASK_NONE"},
		{`{"v":1,"type":"ExecutorUpdate","status":{"state":1}}`, msg.ErrMessage, "TASK_RUNNING"},
		{`{"v":1,"type":"ApplyOperation","op":{"type":"Rescind"}}`, msg.ErrType, "ApplyOperation: op"},
		{`{"v":1,"type":"ApplyOperation","op":{"type":"Create","resources":[]}}`, msg.ErrMessage, "Create"},
		{`{"v":1,"type":"UpdateAgent","total":[{"name":"a","name":"b"}]}`, msg.ErrMessage, "twice"},
		{`{"v":1,"type":"UpdateAgent","total":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, msg.ErrMessageBound, "deeper"},
		{`{"v":1,"type":"Decline","offers":["a","b","c"]}`, msg.ErrMessageBound, "members"},
		{`{"v":1,"type":"Error","message":"` + strings.Repeat("x", 400) + `"}`, msg.ErrMessageBound, "bytes"},
	} {
		m, err := msg.Unmarshal([]byte(c.text), msg.CodecBounds{Bytes: 400, Members: 2})
		require.ErrorIs(t, err, c.err, c.text)
		require.ErrorContains(t, err, c.says, c.text)
		require.Nil(t, m)
	}
}

// docs/protocol.md §18.1: a whole message has at most 16 MiB; what JSON cannot carry is refused, not mended.
func TestCodecRefusesToWrite(t *testing.T) {
	for _, c := range []struct {
		m   msg.Message
		err error
	}{
		{nil, msg.ErrType},
		{&msg.Teardown{}, msg.ErrType},
		{msg.Error{Message: "\xff"}, msg.ErrMessage},
		{msg.Subscribe{Framework: msg.FrameworkInfo{MinAllocatable: map[role.Name][]resource.Quantities{"\xff": nil}}}, msg.ErrMessage},
		{msg.Subscribe{Framework: msg.FrameworkInfo{Constraints: offer.Constraints{"\xff": {{}}}}}, msg.ErrMessage},
		{msg.ApplyOperation{Op: reservation.Resize{Volume: resource.Resource{Name: "\xff"}}}, msg.ErrMessage},
		{msg.ExecutorMessage{Data: make([]byte, 16<<20)}, msg.ErrMessageBound},
		{msg.Decline{Offers: make([]msg.OfferID, 1<<19+1)}, msg.ErrMessageBound},
	} {
		_, err := msg.Marshal(c.m)
		require.ErrorIs(t, err, c.err)
	}
	_, err := msg.MarshalInput(msg.Operate{Call: msg.UpdateWeights{Weights: []role.Weight{{Role: "a", Weight: math.NaN()}}}})
	require.ErrorIs(t, err, msg.ErrMessage)
}

func FuzzUnmarshal(f *testing.F) {
	text, err := os.ReadFile("testdata/codec-v1.txt")
	require.NoError(f, err)
	for line := range bytes.Lines(text) {
		f.Add(bytes.TrimSpace(line))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := msg.Unmarshal(b); err == nil {
			again, err := msg.Marshal(m)
			require.NoError(t, err)
			back, err := msg.Unmarshal(again)
			require.NoError(t, err, "%s", again)
			twice, err := msg.Marshal(back)
			require.NoError(t, err)
			require.Equal(t, string(again), string(twice))
		}
		if in, err := msg.UnmarshalInput(b); err == nil {
			again, err := msg.MarshalInput(in)
			require.NoError(t, err)
			back, err := msg.UnmarshalInput(again)
			require.NoError(t, err, "%s", again)
			twice, err := msg.MarshalInput(back)
			require.NoError(t, err)
			require.Equal(t, string(again), string(twice))
		}
	})
}

func ExampleMarshal() {
	b, err := msg.Marshal(msg.Decline{Offers: []msg.OfferID{"m1-O7"}, Filters: msg.Filters{Refuse: 5e9}})
	fmt.Println(string(b), err)
	m, err := msg.Unmarshal(b)
	fmt.Printf("%T %v\n", m, err)
	_, err = msg.Unmarshal([]byte(`{"v":1,"type":"Decline","offer":"m1-O7"}`))
	fmt.Println(err)
	// Output:
	// {"v":1,"type":"Decline","offers":["m1-O7"],"filters":{"refuse":5000000000}} <nil>
	// msg.Decline <nil>
	// Decline: malformed message: field "offer" is not known
}
