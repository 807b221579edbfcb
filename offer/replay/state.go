package replay

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/offer/master"
)

// Line is one fact of a machine's state. Keys are unique and sorted: "task f1/t1 on a1 state".
type Line struct{ Key, Value string }

// String gives "key = value".
func (l Line) String() string { return l.Key + " = " + l.Value }

// State lists what the machine holds, a fact a line, the same for the same state: of a master its whole snapshot, the books of
// its agents, roles and completed frameworks; of an agent its master, frameworks, executors, tasks and operations; of a
// session its connection and what is not acknowledged. What is zero is left out.
func (m *Machine) State() []Line {
	var d dump
	m.dump(&d)
	at, any := m.m.NextDeadline()
	if any {
		d.line("next deadline", fmt.Sprint(int64(at)))
	}
	slices.SortFunc(d.lines, func(a, b Line) int { return strings.Compare(a.Key, b.Key) })
	return d.lines
}

// A Change is a line that is in one of two states, or has another value there.
type Change struct {
	Key     string
	Before  string
	After   string
	Was, Is bool // there before, there after
}

// String gives "- key = before", "+ key = after" or "~ key = before -> after".
func (c Change) String() string {
	switch {
	case !c.Is:
		return "- " + c.Key + " = " + c.Before
	case !c.Was:
		return "+ " + c.Key + " = " + c.After
	}
	return "~ " + c.Key + " = " + c.Before + " -> " + c.After
}

// Diff lists what changed from one State to another, in the order of the keys.
func Diff(before, after []Line) []Change {
	var out []Change
	for len(before)+len(after) > 0 {
		switch {
		case len(after) == 0 || len(before) > 0 && before[0].Key < after[0].Key:
			out = append(out, Change{Key: before[0].Key, Before: before[0].Value, Was: true})
			before = before[1:]
		case len(before) == 0 || after[0].Key < before[0].Key:
			out = append(out, Change{Key: after[0].Key, After: after[0].Value, Is: true})
			after = after[1:]
		default:
			if before[0].Value != after[0].Value {
				out = append(out, Change{before[0].Key, before[0].Value, after[0].Value, true, true})
			}
			before, after = before[1:], after[1:]
		}
	}
	return out
}

// dump gathers lines.
type dump struct{ lines []Line }

func (d *dump) line(key, value string) { d.lines = append(d.lines, Line{key, value}) }

func (d *dump) master(m *master.Machine) {
	s := m.Snapshot()
	d.row("master", s.Master)
	for _, a := range s.Agents {
		key := "agent " + string(a.Info.ID)
		d.row(key, a)
		if b, ok := m.Books(a.Info.ID); ok {
			d.row(key+" books", b)
		}
	}
	for _, f := range s.Frameworks {
		d.row("framework "+string(f.Info.ID), f)
	}
	for _, e := range s.Executors {
		d.row(fmt.Sprintf("executor %s/%s on %s", e.Info.Framework, e.Info.ID, e.Agent), e)
	}
	for _, t := range s.Tasks {
		d.row(fmt.Sprintf("task %s/%s on %s", t.Framework, t.ID, t.Agent), t)
	}
	for _, o := range s.Offers {
		d.row("offer "+string(o.ID), o)
	}
	for _, o := range s.InverseOffers {
		d.row("inverse offer "+string(o.ID), o)
	}
	for _, o := range s.Operations {
		d.row(fmt.Sprintf("operation %s on %s", o.UUID, o.Agent), o)
	}
	d.absent(s)
	for _, x := range s.Machines {
		d.row("machine "+x.ID.String(), x)
	}
	for i, w := range s.Schedule {
		d.row(fmt.Sprintf("window %d", i), w)
	}
	for _, r := range m.Roles() {
		d.row("role "+string(r.Role), r)
	}
	for _, f := range m.CompletedFrameworks() {
		d.row("completed framework "+string(f.Info.ID), f)
	}
}

// absent draws the agents that a master knows and that are not registered.
func (d *dump) absent(s master.Snapshot) {
	for _, a := range s.Recovered {
		d.row("recovered agent "+string(a.Info.ID), a)
	}
	for _, a := range s.Unreachable {
		d.row("unreachable agent "+string(a.ID), a)
	}
	for _, a := range s.Gone {
		d.row("gone agent "+string(a.ID), a)
	}
}

// row makes a line of every field of a struct that is not zero, and of the fields of structs in it.
func (d *dump) row(key string, row any) { d.fields(key, reflect.ValueOf(row)) }

func (d *dump) fields(key string, v reflect.Value) {
	for i := range v.NumField() {
		f, field := v.Field(i), v.Type().Field(i)
		if !field.IsExported() || f.IsZero() {
			continue
		}
		at := key + " " + strings.ToLower(field.Name)
		if f.Kind() == reflect.Struct && !hasText(f) {
			d.fields(at, f)
			continue
		}
		d.line(at, text(f))
	}
}

// hasText reports whether a value has a text or a JSON form of its own.
func hasText(v reflect.Value) bool {
	switch v.Interface().(type) {
	case fmt.Stringer, json.Marshaler:
		return true
	}
	return false
}

// text is the value's own text, else its JSON; of one that may be of several types, with the name of its type.
func text(v reflect.Value) string {
	if v.Kind() == reflect.Interface {
		return name(v.Interface()) + " " + text(v.Elem())
	}
	x := v.Interface()
	if s, ok := x.(fmt.Stringer); ok {
		return s.String()
	}
	if s, ok := x.(string); ok {
		return oneLine(s)
	}
	b, err := json.Marshal(x)
	if err != nil {
		return "unreadable: " + err.Error()
	}
	if v.Kind() == reflect.String {
		return oneLine(v.String())
	}
	return string(b)
}

func oneLine(s string) string {
	if strings.ContainsAny(s, "\n\r") {
		return fmt.Sprintf("%q", s)
	}
	return s
}
