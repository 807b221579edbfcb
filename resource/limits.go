package resource

import (
	"iter"
	"slices"
	"strings"
)

// Limits maps names to ceilings; a name that is absent is unlimited, and an explicit zero means
// none allowed. Immutable (docs/resource-model.md §4.5). The zero value limits nothing.
// Reading is safe from any goroutine.
type Limits struct {
	_ [0]func()
	q []Quantity // sorted by name, nil iff empty
}

// NewLimits makes limits of qs. A name given twice is ErrDuplicateKey; else as NewQuantities.
func NewLimits(qs ...Quantity) (Limits, error) {
	if err := checkQuantities(qs); err != nil {
		return Limits{}, err
	}
	s, err := sortLimits(slices.Clone(qs))
	return Limits{q: s}, err
}

// sortLimits sorts in place.
func sortLimits(qs []Quantity) ([]Quantity, error) {
	if len(qs) == 0 {
		return nil, nil
	}
	slices.SortFunc(qs, func(a, b Quantity) int { return strings.Compare(a.Name, b.Name) })
	for i := 1; i < len(qs); i++ {
		if qs[i].Name == qs[i-1].Name {
			return nil, why(ErrDuplicateKey, "%s is limited twice", excerpt(qs[i].Name))
		}
	}
	return qs, nil
}

// Get is the ceiling of name; false: unlimited.
func (l Limits) Get(name string) (Scalar, bool) {
	if i, ok := search(l.q, name); ok {
		return l.q[i].Amount, true
	}
	return 0, false
}

// All yields names and ceilings, sorted by name.
func (l Limits) All() iter.Seq2[string, Scalar] { return allOf(l.q) }

// Len is the number of limited names.
func (l Limits) Len() int { return len(l.q) }

// IsEmpty reports whether nothing is limited.
func (l Limits) IsEmpty() bool { return len(l.q) == 0 }

// Sub lowers each ceiling by what q has of it, down to zero; the names stay the same.
func (l Limits) Sub(q Quantities) Limits {
	if len(l.q) == 0 || len(q.q) == 0 {
		return l
	}
	out := slices.Clone(l.q)
	for i := range out {
		out[i].Amount = max(out[i].Amount-q.Get(out[i].Name), 0)
	}
	return Limits{q: out}
}

// ContainsQuantities reports whether q stays within every ceiling.
func (l Limits) ContainsQuantities(q Quantities) bool {
	for i := range l.q {
		if q.Get(l.q[i].Name) > l.q[i].Amount {
			return false
		}
	}
	return true
}

// Contains reports whether every name that l limits is limited in m, and no higher.
func (l Limits) Contains(m Limits) bool {
	for i := range l.q {
		if c, ok := m.Get(l.q[i].Name); !ok || c > l.q[i].Amount {
			return false
		}
	}
	return true
}

// Equal reports whether the same names have the same ceilings.
func (l Limits) Equal(m Limits) bool { return slices.Equal(l.q, m.q) }

// String prints cpus:1; mem:0, or {}.
func (l Limits) String() string { return printQuantities(l.q) }
