package msg

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"
)

// maxDepth is how deep values with a form of their own may nest; none that is written comes near.
const maxDepth = 64

// reader reads one message.
type reader struct {
	bounds  CodecBounds
	members int
}

func unmarshal[I any](s set, b []byte, bounds []CodecBounds) (I, error) {
	var none I
	r := reader{bounds: boundsOf(bounds)}
	if err := r.check(b); err != nil {
		return none, err
	}
	text := bytes.TrimSpace(b)
	version, err := member(text, "v")
	if err != nil {
		return none, err
	}
	if string(version) != strconv.Itoa(CodecVersion) {
		return none, fmt.Errorf("%w: \"v\" is %.20q, version %d is read here", ErrVersion, version, CodecVersion)
	}
	v, err := r.tagged(s, text, true)
	if err != nil {
		return none, err
	}
	return v.Interface().(I), nil
}

// check looks at the text as a whole.
func (r *reader) check(b []byte) error {
	if len(b) > r.bounds.Bytes {
		return fmt.Errorf("%w: %d bytes; %d are allowed", ErrMessageBound, len(b), r.bounds.Bytes)
	}
	if !utf8.Valid(b) {
		return fault("the text is not UTF-8")
	}
	if json.Valid(b) {
		return nil
	}
	var whole json.RawMessage
	err := json.Unmarshal(b, &whole)
	if at, ok := err.(*json.SyntaxError); ok {
		return fault("byte %d: %w", at.Offset, err)
	}
	return fault("%w", err)
}

// member is the value of that name, nil if there is none; it is there once at most.
func member(b []byte, name string) ([]byte, error) {
	var found []byte
	err := members(b, func(n string, value []byte) error {
		if n == name && found != nil {
			return fault("field %q is there twice", name)
		}
		if n == name {
			found = value
		}
		return nil
	})
	return found, err
}

// tagged reads what is in an interface; the outermost object has the version as well.
func (r *reader) tagged(s set, b []byte, outermost bool) (reflect.Value, error) {
	tag, err := member(b, "type")
	if err != nil {
		return reflect.Value{}, err
	}
	var name string
	if tag == nil || json.Unmarshal(tag, &name) != nil || s[name] == nil {
		return reflect.Value{}, fmt.Errorf("%w: \"type\" is %.80q", ErrType, tag)
	}
	v := reflect.New(s[name]).Elem()
	skip := []string{"type"}
	if outermost {
		skip = append(skip, "v")
	}
	return v, within(name, r.fields(b, v, skip...))
}

// fields reads the fields of a struct.
func (r *reader) fields(b []byte, v reflect.Value, skip ...string) error {
	known := fieldNames[v.Type()]
	var seen uint64
	return members(b, func(name string, value []byte) error {
		if slices.Contains(skip, name) {
			return nil
		}
		i := slices.Index(known, name)
		switch {
		case i < 0:
			return fault("field %.80q is not known", name)
		case seen&(1<<i) != 0:
			return fault("field %q is there twice", name)
		}
		seen |= 1 << i
		return within(name, r.value(value, v.Field(i)))
	})
}

func (r *reader) value(b []byte, v reflect.Value) error {
	t := v.Type()
	switch {
	case t == uuidType:
		return readUUID(b, v)
	case ownForm[t]:
		return readOwn(b, v)
	case names[t] != nil:
		return readName(b, v)
	}
	switch t.Kind() {
	case reflect.Struct:
		return r.fields(b, v)
	case reflect.Slice:
		return r.list(b, v)
	case reflect.Map:
		return r.table(b, v)
	case reflect.Pointer, reflect.Interface:
		return r.inner(b, v)
	}
	return readPlain(b, v)
}

// readPlain reads a text, a number or a truth value.
func readPlain(b []byte, v reflect.Value) error {
	var err error
	switch v.Kind() {
	case reflect.Bool:
		if s := string(b); s != "true" && s != "false" {
			return fault("true or false is expected, not %.40s", b)
		}
		v.SetBool(b[0] == 't')
	case reflect.Int, reflect.Int64:
		var n int64
		n, err = strconv.ParseInt(string(b), 10, v.Type().Bits())
		v.SetInt(n)
	case reflect.Uint8, reflect.Uint64:
		var n uint64
		n, err = strconv.ParseUint(string(b), 10, v.Type().Bits())
		v.SetUint(n)
	case reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(string(b), 64)
		if err == nil && (math.IsInf(f, 0) || math.IsNaN(f)) {
			return fault("%.40s is no number", b)
		}
		v.SetFloat(f)
	case reflect.String:
		var s string
		s, err = readText(b)
		v.SetString(s)
	default:
		return fault("a value of Go type %v has no form", v.Type())
	}
	if err != nil {
		return fault("%.40s: a %v is expected", b, v.Kind())
	}
	return nil
}

func readUUID(b []byte, v reflect.Value) error {
	s, err := readText(b)
	if err != nil {
		return err
	}
	u, err := hex.DecodeString(s)
	if err != nil || len(u) != len(UUID{}) {
		return fault("uuid %.80q: 32 hexadecimal digits are expected", s)
	}
	v.Set(reflect.ValueOf(UUID(u)))
	return nil
}

func readName(b []byte, v reflect.Value) error {
	known := names[v.Type()]
	if b[0] != '"' {
		err := readPlain(b, v)
		if err == nil && v.Uint() < uint64(len(known)) {
			return fault("%s is written %q", b, known[v.Uint()])
		}
		return err
	}
	s, err := readText(b)
	if err != nil {
		return err
	}
	i := slices.Index(known, s)
	if i < 0 {
		return fault("%.80q is none of %v", s, known)
	}
	v.SetUint(uint64(i))
	return nil
}

// readOwn reads a value by its own method.
func readOwn(b []byte, v reflect.Value) error {
	if err := once(b, 1); err != nil {
		return err
	}
	if err := v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(b); err != nil {
		return fault("%w", err)
	}
	return nil
}

// once refuses JSON with a field that is there twice, at any depth.
func once(b []byte, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: values nest deeper than %d", ErrMessageBound, maxDepth)
	}
	switch b[0] {
	case '[':
		return items(b, func(value []byte) error { return once(value, depth+1) })
	case '{':
		var seen nameList
		return members(b, func(name string, value []byte) error {
			if !seen.add(name) {
				return fault("field %.80q is there twice", name)
			}
			return once(value, depth+1)
		})
	}
	return nil
}

// nameList is a set of names: a list while they are few.
type nameList struct {
	few  []string
	many map[string]bool
}

const fewNames = 16

// add reports whether name is new.
func (l *nameList) add(name string) bool {
	if l.many[name] || slices.Contains(l.few, name) {
		return false
	}
	switch {
	case len(l.few) < fewNames:
		l.few = append(l.few, name)
	case l.many == nil:
		l.many = map[string]bool{name: true}
	default:
		l.many[name] = true
	}
	return true
}

func (r *reader) count() error {
	if r.members++; r.members > r.bounds.Members {
		return fmt.Errorf("%w: more than %d members of lists and maps", ErrMessageBound, r.bounds.Members)
	}
	return nil
}

func (r *reader) list(b []byte, v reflect.Value) error {
	if string(b) == "null" {
		return nil
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		if _, err := readText(b); err != nil {
			return err
		}
		if err := json.Unmarshal(b, v.Addr().Interface()); err != nil {
			return fault("base64 is expected: %w", err)
		}
		return nil
	}
	n := 0
	if err := items(b, func([]byte) error { n++; return r.count() }); err != nil {
		return err
	}
	list, i := reflect.MakeSlice(v.Type(), n, n), 0
	v.Set(list)
	return items(b, func(value []byte) error {
		err := r.value(value, list.Index(i))
		if i++; err != nil {
			return within(strconv.Itoa(i-1), err)
		}
		return nil
	})
}

// table reads a map with text as keys.
func (r *reader) table(b []byte, v reflect.Value) error {
	if string(b) == "null" {
		return nil
	}
	t := v.Type()
	v.Set(reflect.MakeMap(t))
	return members(b, func(name string, value []byte) error {
		if err := r.count(); err != nil {
			return err
		}
		k := reflect.ValueOf(name).Convert(t.Key())
		if v.MapIndex(k).IsValid() {
			return fault("%.80q is there twice", name)
		}
		x := reflect.New(t.Elem()).Elem()
		if err := r.value(value, x); err != nil {
			return within(strconv.Quote(name), err)
		}
		v.SetMapIndex(k, x)
		return nil
	})
}

// inner reads what a pointer or an interface holds.
func (r *reader) inner(b []byte, v reflect.Value) error {
	t := v.Type()
	switch {
	case string(b) == "null":
		return nil
	case t == errorType:
		s, err := readText(b)
		v.Set(reflect.ValueOf(failure(s)))
		return err
	case t.Kind() == reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		return r.value(b, v.Elem())
	}
	x, err := r.tagged(sets[t], b, false)
	if err != nil {
		return err
	}
	v.Set(x)
	return nil
}
