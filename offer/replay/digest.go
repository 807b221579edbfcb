package replay

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/offer"
)

var (
	marshalerType = reflect.TypeFor[json.Marshaler]()
	errorType     = reflect.TypeFor[error]()
)

// digest sums up what became of a step: FNV-1a of 64 bits over a form in which different values differ. Values with a JSON form
// of their own are that form, errors are their text, of the rest every exported field counts.
type digest struct {
	sum uint64
	b   []byte
	own map[reflect.Type]bool // has a JSON form
}

const fnvBasis, fnvPrime = 14695981039346656037, 1099511628211

func (d *digest) reset() { d.sum = fnvBasis }

// outcome adds a step's error and the next deadline.
func (d *digest) outcome(err error, at offer.Time, any bool) {
	d.b = d.b[:0]
	if err != nil {
		d.text(err.Error())
	}
	if any {
		d.number(uint64(at))
	}
	d.number(uint64(len(d.b)))
	d.mix()
}

// effects adds what a machine's Ready holds.
func (d *digest) effects(rd any) {
	d.b = d.b[:0]
	d.value(reflect.Indirect(reflect.ValueOf(rd)))
	d.mix()
}

func (d *digest) mix() {
	h := d.sum
	for _, c := range d.b {
		h = (h ^ uint64(c)) * fnvPrime
	}
	d.sum = h
}

func (d *digest) number(n uint64) { d.b = binary.AppendUvarint(d.b, n) }

func (d *digest) text(s string) {
	d.number(uint64(len(s)))
	d.b = append(d.b, s...)
}

func (d *digest) hasForm(t reflect.Type) bool {
	has, known := d.own[t]
	if !known {
		if d.own == nil {
			d.own = map[reflect.Type]bool{}
		}
		has = t.Kind() != reflect.Interface && t.Implements(marshalerType)
		d.own[t] = has
	}
	return has
}

func (d *digest) value(v reflect.Value) {
	t := v.Type()
	if d.hasForm(t) && (t.Kind() != reflect.Pointer || !v.IsNil()) {
		text, err := v.Interface().(json.Marshaler).MarshalJSON()
		if err != nil {
			text = append(text, err.Error()...)
		}
		d.number(uint64(len(text)))
		d.b = append(d.b, text...)
		return
	}
	switch t.Kind() {
	case reflect.Bool:
		if v.Bool() {
			d.number(1)
			return
		}
		d.number(0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		d.b = binary.AppendVarint(d.b, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		d.number(v.Uint())
	case reflect.Float64:
		d.number(math.Float64bits(v.Float()))
	case reflect.String:
		d.text(v.String())
	case reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).IsExported() {
				d.value(v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		d.list(v)
	case reflect.Map:
		d.table(v)
	case reflect.Pointer, reflect.Interface:
		d.inner(v)
	}
}

func (d *digest) list(v reflect.Value) {
	d.number(uint64(v.Len()))
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
		d.b = append(d.b, v.Bytes()...)
		return
	}
	for i := range v.Len() {
		d.value(v.Index(i))
	}
}

// table takes the members in the order of their keys, which are texts.
func (d *digest) table(v reflect.Value) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	d.number(uint64(len(keys)))
	for _, k := range keys {
		d.value(k)
		d.value(v.MapIndex(k))
	}
}

func (d *digest) inner(v reflect.Value) {
	switch {
	case v.IsNil():
		d.number(0)
	case v.Type() == errorType:
		d.number(1)
		d.text(v.Interface().(error).Error())
	case v.Kind() == reflect.Pointer:
		d.number(1)
		d.value(v.Elem())
	default:
		d.text(v.Elem().Type().Name())
		d.value(v.Elem())
	}
}

// name is that of a value's type, without its package.
func name(x any) string {
	if x == nil {
		return "nothing"
	}
	return reflect.TypeOf(x).Name()
}
