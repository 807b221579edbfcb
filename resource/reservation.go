package resource

import (
	"cmp"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/role"
)

// ReservationType says whether an operator stated a reservation or an operation made it.
type ReservationType uint8

// The types of docs/resource-model.md §3.1; zero is illegal.
const (
	Static  ReservationType = 1
	Dynamic ReservationType = 2
)

// String is the type's name on the wire.
func (t ReservationType) String() string {
	switch t {
	case Static:
		return "STATIC"
	case Dynamic:
		return "DYNAMIC"
	}
	return "UNKNOWN"
}

// A Label is a key with an optional value.
type Label struct {
	Key   string
	Value *string // nil: none, which differs from ""
}

// A Reservation is one level of a reservation stack (docs/resource-model.md §3.2).
type Reservation struct {
	Type      ReservationType
	Role      role.Name
	Principal *string // nil: none
	Labels    []Label // order and exact duplicates do not count
}

// Equal reports whether type, role, principal and labels agree (docs/resource-model.md §3.2).
func (v Reservation) Equal(w Reservation) bool {
	return compareReservation(v.normal(), w.normal()) == 0
}

// normal is v with its labels in normal form, sharing nothing with v.
func (v Reservation) normal() Reservation {
	v.Principal = clonePtr(v.Principal)
	v.Labels = normalLabels(v.Labels)
	return v
}

// normalLabels sorts labels, drops exact duplicates and makes an empty list nil. It copies.
func normalLabels(ls []Label) []Label {
	if len(ls) == 0 {
		return nil
	}
	out := make([]Label, len(ls))
	for i, l := range ls {
		out[i] = Label{l.Key, clonePtr(l.Value)}
	}
	slices.SortFunc(out, compareLabel)
	return slices.CompactFunc(out, func(a, b Label) bool { return compareLabel(a, b) == 0 })
}

// compareLabel puts a label without a value after those with one.
func compareLabel(a, b Label) int {
	c := strings.Compare(a.Key, b.Key)
	if c == 0 && (a.Value == nil || b.Value == nil) {
		return -comparePtr(a.Value, b.Value)
	}
	return cmp.Or(c, comparePtr(a.Value, b.Value))
}

// compareReservation orders reservations in normal form.
func compareReservation(a, b Reservation) int {
	return cmp.Or(
		cmp.Compare(a.Type, b.Type),
		cmp.Compare(a.Role, b.Role),
		comparePtr(a.Principal, b.Principal),
		slices.CompareFunc(a.Labels, b.Labels, compareLabel),
	)
}

// comparePtr puts nil first.
func comparePtr(a, b *string) int {
	switch {
	case a == b:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return strings.Compare(*a, *b)
}

func clonePtr(p *string) *string {
	if p == nil {
		return nil
	}
	s := *p
	return &s
}

// checkStack holds a reservation stack against docs/resource-model.md §3.2.
func checkStack(stack []Reservation) error {
	if len(stack) > MaxStack {
		return why(ErrTooMany, "%d reservations in one stack, at most %d", len(stack), MaxStack)
	}
	for i, v := range stack {
		if err := checkReservation(v); err != nil {
			return err
		}
		if i == 0 {
			continue
		}
		if v.Type != Dynamic {
			return why(ErrReservation, "reservation %d to %s is %s: above the first only DYNAMIC ones are allowed", i, excerpt(string(v.Role)), v.Type)
		}
		if !v.Role.IsStrictSubroleOf(stack[i-1].Role) {
			return why(ErrReservation, "reservation %d is to %s, which is not below %s", i, excerpt(string(v.Role)), excerpt(string(stack[i-1].Role)))
		}
	}
	return nil
}

func checkReservation(v Reservation) error {
	if v.Type != Static && v.Type != Dynamic {
		return why(ErrReservation, "a reservation must be STATIC or DYNAMIC")
	}
	if v.Role == role.Default {
		return why(ErrReservation, "nothing can be reserved to \"*\"")
	}
	if err := v.Role.Validate(); err != nil {
		return why(ErrReservation, "reserved to %s: %v", excerpt(string(v.Role)), err)
	}
	if v.Principal != nil {
		if err := checkText("principal", *v.Principal); err != nil {
			return err
		}
	}
	return checkLabels(v.Labels)
}

func checkLabels(ls []Label) error {
	if len(ls) > MaxLabels {
		return why(ErrTooMany, "%d labels, at most %d", len(ls), MaxLabels)
	}
	for _, l := range ls {
		if err := checkText("label key", l.Key); err != nil {
			return err
		}
		if l.Value != nil {
			if err := checkText("label value", *l.Value); err != nil {
				return err
			}
		}
	}
	return nil
}
