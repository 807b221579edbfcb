package resource

import (
	"iter"
	"slices"
	"strings"
)

// Quantities maps names to positive amounts; a name that is absent has 0. Immutable
// (docs/resource-model.md §4.5). The zero value is empty. Reading is safe from any goroutine.
type Quantities struct {
	_ [0]func()
	q []Quantity // sorted by name, amounts above 0, nil iff empty
}

// Quantity is one name and its amount in thousandths.
type Quantity struct {
	Name   string
	Amount Scalar
}

// NewQuantities adds up qs; names may repeat. A negative amount is ErrNegative, one above
// MaxScalar ErrTooLarge, a bad name ErrName. Zero amounts are dropped. qs is copied.
func NewQuantities(qs ...Quantity) (Quantities, error) {
	s := slices.Clone(qs)
	if err := checkQuantities(s); err != nil {
		return Quantities{}, err
	}
	return Quantities{q: tally(s)}, nil
}

// SumQuantities adds up amounts that come from resources and were checked when those were made: unlike NewQuantities it
// takes any name that a resource may have, and a sum may exceed MaxScalar, which bounds what is put in
// (docs/resource-model.md §1.1). Amounts that are not positive are dropped. qs is copied.
func SumQuantities(qs ...Quantity) Quantities { return Quantities{q: tally(slices.Clone(qs))} }

// Filter is q with only those names that keep is true for.
func (q Quantities) Filter(keep func(name string, amount Scalar) bool) Quantities {
	var kept []Quantity
	for _, x := range q.q {
		if keep(x.Name, x.Amount) {
			kept = append(kept, x)
		}
	}
	return Quantities{q: kept}
}

// tally sorts qs, adds up equal names and drops zeros, in place.
func tally(qs []Quantity) []Quantity {
	slices.SortStableFunc(qs, func(a, b Quantity) int { return strings.Compare(a.Name, b.Name) })
	out := qs[:0]
	for _, x := range qs {
		if k := len(out) - 1; k >= 0 && out[k].Name == x.Name {
			out[k].Amount = out[k].Amount.plus(x.Amount)
			continue
		}
		out = append(out, x)
	}
	out = slices.DeleteFunc(out, func(x Quantity) bool { return x.Amount <= 0 })
	if len(out) == 0 {
		return nil
	}
	return out
}

func checkQuantities(qs []Quantity) error {
	for _, x := range qs {
		switch {
		case x.Amount < 0:
			return why(ErrNegative, "%s:%s", excerpt(x.Name), x.Amount)
		case x.Amount > MaxScalar:
			return why(ErrTooLarge, "%s:%s", excerpt(x.Name), x.Amount)
		}
		if err := checkQuantityName(x.Name); err != nil {
			return err
		}
	}
	return nil
}

// checkQuantityName: a legal name without parentheses.
func checkQuantityName(name string) error {
	if strings.ContainsAny(name, "()") {
		return why(ErrName, "%s: quantities have no roles, so no parentheses", excerpt(name))
	}
	return checkName(name)
}

// Get is the amount of name, 0 if it is absent.
func (q Quantities) Get(name string) Scalar {
	if i, ok := search(q.q, name); ok {
		return q.q[i].Amount
	}
	return 0
}

// search finds name in a sorted list.
func search(qs []Quantity, name string) (int, bool) {
	return slices.BinarySearchFunc(qs, name, func(q Quantity, name string) int { return strings.Compare(q.Name, name) })
}

// All yields names and amounts, sorted by name.
func (q Quantities) All() iter.Seq2[string, Scalar] { return allOf(q.q) }

func allOf(qs []Quantity) iter.Seq2[string, Scalar] {
	return func(yield func(string, Scalar) bool) {
		for i := range qs {
			if !yield(qs[i].Name, qs[i].Amount) {
				return
			}
		}
	}
}

// Len is the number of names.
func (q Quantities) Len() int { return len(q.q) }

// IsEmpty reports whether every amount is 0.
func (q Quantities) IsEmpty() bool { return len(q.q) == 0 }

// Add is the sum, name by name.
func (q Quantities) Add(s Quantities) Quantities {
	if len(s.q) == 0 {
		return q
	}
	if len(q.q) == 0 {
		return s
	}
	out := make([]Quantity, 0, len(q.q)+len(s.q))
	i, j := 0, 0
	for i < len(q.q) && j < len(s.q) {
		a, b := &q.q[i], &s.q[j]
		switch {
		case a.Name < b.Name:
			out = append(out, *a)
			i++
		case a.Name > b.Name:
			out = append(out, *b)
			j++
		default:
			out = append(out, Quantity{a.Name, a.Amount.plus(b.Amount)})
			i, j = i+1, j+1
		}
	}
	out = append(out, q.q[i:]...)
	return Quantities{q: append(out, s.q[j:]...)}
}

// Sub takes s from q, name by name, and ends at 0; names that q lacks are passed over.
func (q Quantities) Sub(s Quantities) Quantities {
	if len(q.q) == 0 || len(s.q) == 0 {
		return q
	}
	var out []Quantity
	for i := range q.q {
		if left := q.q[i].Amount - s.Get(q.q[i].Name); left > 0 {
			if out == nil {
				out = make([]Quantity, 0, len(q.q)-i)
			}
			out = append(out, Quantity{q.q[i].Name, left})
		}
	}
	return Quantities{q: out}
}

// Contains reports whether q has at least as much as s of every name.
func (q Quantities) Contains(s Quantities) bool {
	for i := range s.q {
		if q.Get(s.q[i].Name) < s.q[i].Amount {
			return false
		}
	}
	return true
}

// Equal reports whether all amounts agree.
func (q Quantities) Equal(s Quantities) bool { return slices.Equal(q.q, s.q) }

// String prints cpus:1; mem:1024, or {} (docs/resource-model.md §4.5).
func (q Quantities) String() string { return printQuantities(q.q) }

func printQuantities(qs []Quantity) string {
	if len(qs) == 0 {
		return "{}"
	}
	return string(appendQuantities(nil, qs))
}

func appendQuantities(b []byte, qs []Quantity) []byte {
	for i, x := range qs {
		if i > 0 {
			b = append(b, "; "...)
		}
		b = append(append(b, x.Name...), ':')
		b = x.Amount.append(b)
	}
	return b
}
