package resource

import (
	"iter"
	"slices"
)

// Set is an immutable set of strings, kept sorted (docs/resource-model.md §1.3). The zero
// value is empty. Reading is safe from any goroutine.
type Set struct {
	_ [0]func()
	s []string // nil iff empty
}

// NewSet makes a set of items in any order; one given twice is ErrDuplicateItem. items is copied.
func NewSet(items ...string) (Set, error) {
	c, err := canonSet(slices.Clone(items))
	return Set{s: c}, err
}

// ParseSet reads {a, b} (docs/resource-model.md §2.2). Errors are *ParseError.
func ParseSet(text string) (Set, error) {
	lo, hi := trim(text, 0, len(text))
	if lo == hi || text[lo] != '{' {
		return Set{}, at(lo, why(ErrSyntax, "%s: a set is written {a, b}", excerpt(text[lo:hi])))
	}
	s, perr := parseSet(text, lo, hi)
	if perr != nil {
		return Set{}, perr
	}
	return Set{s: s}, nil
}

// All yields the members in ascending order.
func (r Set) All() iter.Seq[string] { return slices.Values(r.s) }

// Len is the number of members.
func (r Set) Len() int { return len(r.s) }

// IsEmpty reports whether there is no member.
func (r Set) IsEmpty() bool { return len(r.s) == 0 }

// Has reports whether item is a member.
func (r Set) Has(item string) bool {
	_, ok := slices.BinarySearch(r.s, item)
	return ok
}

// Add is the union.
func (r Set) Add(s Set) Set { return Set{s: unionSets(r.s, s.s)} }

// Sub is the difference; s need not be contained in r.
func (r Set) Sub(s Set) Set { return Set{s: pickSet(r.s, s.s, false)} }

// Intersect is what both hold.
func (r Set) Intersect(s Set) Set { return Set{s: pickSet(r.s, s.s, true)} }

// Contains reports whether s is a subset of r.
func (r Set) Contains(s Set) bool { return holdsSet(r.s, s.s) }

// Equal reports whether both have the same members, whatever order they were given in.
func (r Set) Equal(s Set) bool { return slices.Equal(r.s, s.s) }

// String prints {a, b}, or {} (docs/resource-model.md §1.3).
func (r Set) String() string { return string(appendSet(nil, r.s)) }

// MarshalText is String. A member that ParseSet would not read back is ErrNotFlagText.
func (r Set) MarshalText() ([]byte, error) {
	for _, m := range r.s {
		if !isMember(m) {
			return nil, why(ErrNotFlagText, "set member %s", excerpt(m))
		}
	}
	return appendSet(nil, r.s), nil
}

// UnmarshalText is ParseSet.
func (r *Set) UnmarshalText(text []byte) error {
	v, err := ParseSet(string(text))
	if err == nil {
		*r = v
	}
	return err
}

func appendSet(b []byte, s []string) []byte {
	b = append(b, '{')
	for i, x := range s {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, x...)
	}
	return append(b, '}')
}

// canonSet sorts items in place.
func canonSet(items []string) ([]string, error) {
	if len(items) == 0 {
		return nil, nil
	}
	slices.Sort(items)
	for i := 1; i < len(items); i++ {
		if items[i] == items[i-1] {
			return nil, why(ErrDuplicateItem, "%s", excerpt(items[i]))
		}
	}
	return items, nil
}

// unionSets merges two sorted lists; it returns a itself if b adds nothing.
func unionSets(a, b []string) []string {
	if holdsSet(a, b) {
		return a
	}
	out := make([]string, 0, len(a)+len(b))
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] < b[j]:
			out = append(out, a[i])
			i++
		case a[i] > b[j]:
			out = append(out, b[j])
			j++
		default:
			out = append(out, a[i])
			i, j = i+1, j+1
		}
	}
	out = append(out, a[i:]...)
	return append(out, b[j:]...)
}

// pickSet keeps the members of a that are in b, or those that are not.
func pickSet(a, b []string, in bool) []string {
	keep := func(i int) bool {
		_, ok := slices.BinarySearch(b, a[i])
		return ok == in
	}
	n := 0
	for i := range a {
		if keep(i) {
			n++
		}
	}
	if n == len(a) {
		return a
	}
	if n == 0 {
		return nil
	}
	out := make([]string, 0, n)
	for i := range a {
		if keep(i) {
			out = append(out, a[i])
		}
	}
	return out
}

// holdsSet reports whether every member of b is in a.
func holdsSet(a, b []string) bool {
	if len(b) > len(a) {
		return false
	}
	i := 0
	for _, x := range b {
		for i < len(a) && a[i] < x {
			i++
		}
		if i == len(a) || a[i] != x {
			return false
		}
		i++
	}
	return true
}
