package simulate

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

// census counts what is in every map, slice and channel that can be reached from something, whoever it belongs to: where a type
// gets another one tomorrow, it is counted too. Bytes are not counted, and what this package holds is not entered.
type census struct {
	counts map[string]int // by the type that has it, and the field
	seen   map[visit]bool
	named  map[reflect.Type][]string // what fields of a type are counted as
	all    bool                      // this package's types too
}

type visit struct {
	at uintptr
	t  reflect.Type
}

// own is where this package's types are.
var own = reflect.TypeFor[census]().PkgPath()

// countAll counts all that can be reached from roots, which are pointers.
func countAll(roots ...any) census {
	c := census{counts: map[string]int{}, seen: map[visit]bool{}}
	for _, x := range roots {
		c.add(x)
	}
	return c
}

func (c *census) add(root any) { c.enter(reflect.ValueOf(root), "") }

// enter looks into v, which the field called name holds.
func (c *census) enter(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && !c.was(v.Pointer(), v.Type()) {
			c.enter(v.Elem(), name)
		}
	case reflect.Interface:
		if !v.IsNil() {
			c.enter(v.Elem(), name)
		}
	case reflect.Struct:
		c.fields(v, name)
	case reflect.Map:
		if v.IsNil() || c.was(v.Pointer(), v.Type()) {
			return
		}
		c.counts[name] += v.Len()
		if holds(v.Type().Elem()) || holds(v.Type().Key()) {
			for it := v.MapRange(); it.Next(); {
				c.enter(it.Key(), name)
				c.enter(it.Value(), name)
			}
		}
	case reflect.Chan:
		c.counts[name] += v.Len()
	case reflect.Slice, reflect.Array:
		c.list(v, name)
	}
}

func (c *census) list(v reflect.Value, name string) {
	if v.Kind() == reflect.Slice {
		if v.Len() == 0 || v.Type().Elem().Kind() == reflect.Uint8 || c.was(v.Pointer(), v.Type()) {
			return
		}
		c.counts[name] += v.Len()
	}
	if !holds(v.Type().Elem()) {
		return
	}
	for i := range v.Len() {
		c.enter(v.Index(i), name)
	}
}

func (c *census) fields(v reflect.Value, name string) {
	t := v.Type()
	if t.PkgPath() == own && !c.all {
		return
	}
	if t.Name() == "" {
		for i := range t.NumField() {
			c.enter(v.Field(i), name)
		}
		return
	}
	for i, in := range c.names(t) {
		c.enter(v.Field(i), in)
	}
}

// names is what the fields of a type that has a name are counted as.
func (c *census) names(t reflect.Type) []string {
	names, known := c.named[t]
	if !known {
		for i := range t.NumField() {
			names = append(names, plainName(t)+"."+t.Field(i).Name)
		}
		if c.named == nil {
			c.named = map[reflect.Type][]string{}
		}
		c.named[t] = names
	}
	return names
}

// plainName is a type's name without its type arguments.
func plainName(t reflect.Type) string {
	name, _, _ := strings.Cut(t.String(), "[")
	return name
}

// was reports whether something was counted before: a pointer may lead back.
func (c *census) was(at uintptr, t reflect.Type) bool {
	v := visit{at, t}
	if c.seen[v] {
		return true
	}
	c.seen[v] = true
	return false
}

// holds reports whether values of a type may hold others.
func holds(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice, reflect.Chan:
		return true
	case reflect.Array:
		return holds(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if holds(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}

// largest lists the fields with their counts, the largest first.
func (c *census) largest() []string {
	names := make([]string, 0, len(c.counts))
	for n := range c.counts {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(c.counts[b], c.counts[a]), cmp.Compare(a, b))
	})
	return names
}
