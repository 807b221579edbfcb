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
	"strings"
	"unicode/utf8"

	"github.com/proffer-go/proffer/resource"
)

// writer writes one message.
type writer struct {
	b       []byte
	bounds  CodecBounds
	members int
}

func (w *writer) fits() error {
	if len(w.b) > w.bounds.Bytes {
		return fmt.Errorf("%w: more than %d bytes; send less at once", ErrMessageBound, w.bounds.Bytes)
	}
	return nil
}

// member counts a member of a list or map.
func (w *writer) member() error {
	if w.members++; w.members > w.bounds.Members {
		return fmt.Errorf("%w: more than %d members of lists and maps; send less at once", ErrMessageBound, w.bounds.Members)
	}
	return w.fits()
}

// tagged writes what is in an interface, without the brace before it.
func (w *writer) tagged(s set, v reflect.Value) error {
	if !v.IsValid() {
		return fmt.Errorf("%w: nil", ErrType)
	}
	t := v.Type()
	if s[t.Name()] != t {
		return fmt.Errorf("%w: a value of Go type %v cannot be here", ErrType, t)
	}
	w.b = append(append(append(w.b, `"type":"`...), t.Name()...), '"')
	return within(t.Name(), w.fields(v, true))
}

// fields writes the fields of a struct and the brace after them.
func (w *writer) fields(v reflect.Value, comma bool) error {
	known := fieldNames[v.Type()]
	for i := range v.NumField() {
		f := v.Field(i)
		if f.IsZero() && names[f.Type()] == nil {
			continue
		}
		if comma {
			w.b = append(w.b, ',')
		}
		comma = true
		name := known[i]
		w.b = append(append(append(w.b, '"'), name...), '"', ':')
		if err := w.value(f); err != nil {
			return within(name, err)
		}
	}
	w.b = append(w.b, '}')
	return nil
}

func (w *writer) value(v reflect.Value) error {
	t := v.Type()
	switch {
	case t == uuidType:
		u := v.Interface().(UUID)
		w.b = append(hex.AppendEncode(append(w.b, '"'), u[:]), '"')
		return nil
	case ownForm[t]:
		return w.own(v)
	case names[t] != nil && v.Uint() < uint64(len(names[t])):
		return w.text(names[t][v.Uint()])
	}
	switch t.Kind() {
	case reflect.Bool:
		w.b = strconv.AppendBool(w.b, v.Bool())
	case reflect.Int, reflect.Int64:
		w.b = strconv.AppendInt(w.b, v.Int(), 10)
	case reflect.Uint8, reflect.Uint64:
		w.b = strconv.AppendUint(w.b, v.Uint(), 10)
	case reflect.Float64:
		return w.float(v.Float())
	case reflect.String:
		return w.text(v.String())
	case reflect.Struct:
		w.b = append(w.b, '{')
		return w.fields(v, false)
	case reflect.Slice:
		return w.list(v)
	case reflect.Map:
		return w.table(v)
	case reflect.Pointer, reflect.Interface:
		return w.inner(v)
	default:
		return fault("a value of Go type %v has no form", t)
	}
	return nil
}

// own writes a value by its own method. What has no text of its own would come back as something else.
func (w *writer) own(v reflect.Value) error {
	text, err := v.Interface().(json.Marshaler).MarshalJSON()
	if err != nil {
		return fault("%w", err)
	}
	mended := bytes.Contains(text, []byte("\uFFFD")) || bytes.Contains(text, []byte(`\ufffd`))
	if mended || v.Type() == reflect.TypeFor[resource.Resource]() {
		back := reflect.New(v.Type())
		if err := back.Interface().(json.Unmarshaler).UnmarshalJSON(text); err != nil {
			return fault("%w", err)
		}
		again, err := back.Interface().(json.Marshaler).MarshalJSON()
		if err != nil || !bytes.Equal(again, text) || mended && !reflect.DeepEqual(back.Elem().Interface(), v.Interface()) {
			return fault("%.200s: it holds what JSON cannot carry, such as text that is not UTF-8", text)
		}
	}
	w.b = append(w.b, text...)
	return nil
}

func (w *writer) text(s string) error {
	if !utf8.ValidString(s) {
		return fault("text %.80q is not UTF-8", s)
	}
	if isPlain(s) {
		w.b = append(append(append(w.b, '"'), s...), '"')
		return nil
	}
	text, err := json.Marshal(s)
	w.b = append(w.b, text...)
	return err
}

// isPlain reports whether JSON writes s as it is.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

func (w *writer) float(f float64) error {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return fault("%v is no number", f)
	}
	w.b = strconv.AppendFloat(w.b, f, 'g', -1, 64)
	return nil
}

func (w *writer) list(v reflect.Value) error {
	switch {
	case v.IsNil():
		w.b = append(w.b, "null"...)
		return nil
	case v.Type().Elem().Kind() == reflect.Uint8:
		text, err := json.Marshal(v.Bytes())
		w.b = append(w.b, text...)
		return err
	}
	w.b = append(w.b, '[')
	for i := range v.Len() {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		if err := w.member(); err != nil {
			return err
		}
		if err := w.value(v.Index(i)); err != nil {
			return within(strconv.Itoa(i), err)
		}
	}
	w.b = append(w.b, ']')
	return nil
}

// table writes a map with text as keys, in their order.
func (w *writer) table(v reflect.Value) error {
	if v.IsNil() {
		w.b = append(w.b, "null"...)
		return nil
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	w.b = append(w.b, '{')
	for i, k := range keys {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		if err := w.member(); err != nil {
			return err
		}
		if err := w.text(k.String()); err != nil {
			return err
		}
		w.b = append(w.b, ':')
		if err := w.value(v.MapIndex(k)); err != nil {
			return within(strconv.Quote(k.String()), err)
		}
	}
	w.b = append(w.b, '}')
	return nil
}

// inner writes what a pointer or an interface holds.
func (w *writer) inner(v reflect.Value) error {
	switch {
	case v.IsNil():
		w.b = append(w.b, "null"...)
		return nil
	case v.Type() == errorType:
		return w.text(v.Interface().(error).Error())
	case v.Kind() == reflect.Pointer:
		return w.value(v.Elem())
	}
	w.b = append(w.b, '{')
	return w.tagged(sets[v.Type()], v.Elem())
}
