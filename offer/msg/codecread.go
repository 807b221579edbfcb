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

// members calls each for every member of an object, in order, until an error.
func members(b []byte, each func(name string, value []byte) error) error {
	if b[0] != '{' {
		return fault("an object is expected, not %.40s", b)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.Token() // the brace; the text is known to be JSON
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return fault("%w", err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return fault("%w", err)
		}
		if err := each(name.(string), bytes.TrimSpace(value)); err != nil {
			return err
		}
	}
	return nil
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
	t := v.Type()
	seen := make([]bool, t.NumField())
	return members(b, func(name string, value []byte) error {
		if slices.Contains(skip, name) {
			return nil
		}
		for i := range seen {
			if fieldName(t.Field(i).Name) != name {
				continue
			}
			if seen[i] {
				return fault("field %q is there twice", name)
			}
			seen[i] = true
			return within(name, r.value(value, v.Field(i)))
		}
		return fault("field %.80q is not known", name)
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

func readText(b []byte) (string, error) {
	if b[0] != '"' {
		return "", fault("text is expected, not %.40s", b)
	}
	var s string
	err := json.Unmarshal(b, &s)
	return s, err
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
	if err := once(b); err != nil {
		return err
	}
	if err := v.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(b); err != nil {
		return fault("%w", err)
	}
	return nil
}

// once refuses JSON with a field that is there twice, at any depth.
func once(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	var open []map[string]bool // of each object or list that is open; nil for a list
	name := false              // a field's name is next
	for d.InputOffset() < int64(len(b)) {
		token, err := d.Token()
		if err != nil {
			return fault("%w", err)
		}
		switch x := token.(type) {
		case json.Delim:
			switch x {
			case '{':
				open = append(open, map[string]bool{})
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
		case string:
			if name {
				fields := open[len(open)-1]
				if fields[x] {
					return fault("field %.80q is there twice", x)
				}
				fields[x], name = true, false
				continue
			}
		}
		if len(open) > maxDepth {
			return fmt.Errorf("%w: values nest deeper than %d", ErrMessageBound, maxDepth)
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
	return nil
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
	if b[0] != '[' {
		return fault("a list is expected, not %.40s", b)
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	d := json.NewDecoder(bytes.NewReader(b))
	d.Token() // the bracket
	for i := 0; d.More(); i++ {
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return fault("%w", err)
		}
		if err := r.count(); err != nil {
			return err
		}
		x := reflect.New(v.Type().Elem()).Elem()
		if err := r.value(bytes.TrimSpace(value), x); err != nil {
			return within(strconv.Itoa(i), err)
		}
		v.Set(reflect.Append(v, x))
	}
	return nil
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
