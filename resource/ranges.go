package resource

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"strconv"
)

// Range is a closed interval of integers: both ends belong to it.
type Range struct{ Begin, End uint64 }

// Ranges is an immutable set of uint64, kept as intervals that are sorted and at least one
// integer apart (docs/resource-model.md §1.2). The zero value is empty. Reading is safe
// from any goroutine.
type Ranges struct {
	_ [0]func()
	// One of both, nil if unused: p if every integer fits into 16 bits, as ports do, else w.
	p []span[uint16]
	w []span[uint64]
}

// NewRanges makes a set of rs, given in any order, overlapping or not. An interval with
// Begin above End is ErrInverted; more integers in all than MaxScalar has units, ErrTooLarge
// (docs/resource-model.md §1.2). rs is copied.
func NewRanges(rs ...Range) (Ranges, error) {
	s := make([]span[uint64], len(rs))
	for i, x := range rs {
		if x.Begin > x.End {
			return Ranges{}, why(ErrInverted, "range %d-%d", x.Begin, x.End)
		}
		s[i] = span[uint64](x)
	}
	return rangesOf(s)
}

// rangesOf canonicalises s, which it owns; every interval must be well-formed.
func rangesOf(s []span[uint64]) (Ranges, error) {
	r := pack(canonical(s))
	if err := checkSize(&r); err != nil {
		return Ranges{}, err
	}
	return r, nil
}

// checkSize is the bound on inputs of docs/resource-model.md §1.2; unions of several inputs may pass it.
func checkSize(r *Ranges) error {
	if n := r.Size(); n > maxIntegers {
		return why(ErrTooLarge, "ranges of %d integers", n)
	}
	return nil
}

// pack puts canonical intervals where they belong.
func pack(s []span[uint64]) Ranges {
	if len(s) == 0 {
		return Ranges{}
	}
	if s[len(s)-1].End > math.MaxUint16 {
		return Ranges{w: s}
	}
	p := make([]span[uint16], len(s))
	for i, x := range s {
		p[i] = span[uint16]{uint16(x.Begin), uint16(x.End)}
	}
	return Ranges{p: p}
}

// wide is r with 64 bits per end.
func (r Ranges) wide() []span[uint64] {
	if len(r.p) == 0 {
		return r.w
	}
	s := make([]span[uint64], len(r.p))
	for i, x := range r.p {
		s[i] = span[uint64]{uint64(x.Begin), uint64(x.End)}
	}
	return s
}

// ParseRanges reads [1-5, 7-9] (docs/resource-model.md §2.2). Errors are *ParseError.
func ParseRanges(text string) (Ranges, error) {
	lo, hi := trim(text, 0, len(text))
	if lo == hi || text[lo] != '[' {
		return Ranges{}, at(lo, why(ErrSyntax, "%s: ranges are written [1-5, 7-9]", excerpt(text[lo:hi])))
	}
	return parseRanges(text, lo, hi)
}

// All yields the intervals in ascending order.
func (r Ranges) All() iter.Seq[Range] {
	return func(yield func(Range) bool) {
		for _, x := range r.p {
			if !yield(Range{uint64(x.Begin), uint64(x.End)}) {
				return
			}
		}
		for _, x := range r.w {
			if !yield(Range(x)) {
				return
			}
		}
	}
}

// Len is the number of intervals.
func (r Ranges) Len() int { return len(r.p) + len(r.w) }

// Size is the number of integers; a union beyond 2^64−1 of them stays there.
func (r Ranges) Size() uint64 {
	if len(r.w) > 0 {
		return sizeOf(r.w)
	}
	return sizeOf(r.p)
}

// Last is the largest integer, 0 if there is none.
func (r Ranges) Last() uint64 {
	switch {
	case len(r.w) > 0:
		return r.w[len(r.w)-1].End
	case len(r.p) > 0:
		return uint64(r.p[len(r.p)-1].End)
	}
	return 0
}

// IsEmpty reports whether there is no integer in r.
func (r Ranges) IsEmpty() bool { return len(r.p) == 0 && len(r.w) == 0 }

// narrow reports whether an operation on r and s can be done in 16 bits.
func narrow(r, s *Ranges) bool { return len(r.w) == 0 && len(s.w) == 0 }

// Add is the union (docs/resource-model.md §1.2).
func (r Ranges) Add(s Ranges) Ranges { return r.add(&s) }

func (r *Ranges) add(s *Ranges) Ranges {
	if narrow(r, s) {
		return Ranges{p: union(r.p, s.p)}
	}
	return Ranges{w: union(r.wide(), s.wide())}
}

// Sub is the difference; s need not be contained in r.
func (r Ranges) Sub(s Ranges) Ranges { return r.sub(&s) }

func (r *Ranges) sub(s *Ranges) Ranges {
	if narrow(r, s) {
		return Ranges{p: difference(r.p, s.p)}
	}
	if len(r.w) == 0 {
		return pack(difference(r.wide(), s.w))
	}
	if d := difference(r.w, s.wide()); !identical(d, r.w) {
		return pack(d)
	}
	return *r
}

// Intersect is what both hold.
func (r Ranges) Intersect(s Ranges) Ranges {
	if narrow(&r, &s) {
		return Ranges{p: intersection(r.p, s.p)}
	}
	return pack(intersection(r.wide(), s.wide()))
}

// first is the n least integers of r.
func (r *Ranges) first(n uint64) Ranges {
	if len(r.w) == 0 {
		return Ranges{p: first(r.p, n)}
	}
	return pack(first(r.w, n))
}

// Contains reports whether s is a subset of r.
func (r Ranges) Contains(s Ranges) bool { return r.covers(&s) }

func (r *Ranges) covers(s *Ranges) bool {
	if narrow(r, s) {
		return covers(r.p, s.p)
	}
	return covers(r.wide(), s.wide())
}

// Equal reports whether both hold the same integers.
func (r Ranges) Equal(s Ranges) bool { return r.equal(&s) }

func (r *Ranges) equal(s *Ranges) bool { return slices.Equal(r.p, s.p) && slices.Equal(r.w, s.w) }

// same reports whether s is r's own memory.
func (r *Ranges) same(s *Ranges) bool { return identical(r.p, s.p) && identical(r.w, s.w) }

// String prints [1-5, 7-7], or [] (docs/resource-model.md §1.2).
func (r Ranges) String() string { return string(appendRanges(nil, r)) }

// MarshalText is String.
func (r Ranges) MarshalText() ([]byte, error) { return appendRanges(nil, r), nil }

// UnmarshalText is ParseRanges.
func (r *Ranges) UnmarshalText(text []byte) error {
	v, err := ParseRanges(string(text))
	if err == nil {
		*r = v
	}
	return err
}

func appendRanges(b []byte, r Ranges) []byte {
	b = append(b, '[')
	first := true
	for x := range r.All() {
		if !first {
			b = append(b, ", "...)
		}
		first = false
		b = strconv.AppendUint(b, x.Begin, 10)
		b = append(b, '-')
		b = strconv.AppendUint(b, x.End, 10)
	}
	return append(b, ']')
}

// maxIntegers is the largest number of integers whose quantity is a legal Scalar.
const maxIntegers = uint64(MaxScalar / 1000)

// overlapping sorts rs, whose intervals must be well-formed, and reports two of them that share an integer.
func overlapping(rs []span[uint64]) (a, b span[uint64], found bool) {
	slices.SortFunc(rs, func(a, b span[uint64]) int {
		return cmp.Or(cmp.Compare(a.Begin, b.Begin), cmp.Compare(a.End, b.End))
	})
	for i := 1; i < len(rs); i++ {
		if rs[i].Begin <= rs[i-1].End {
			return rs[i-1], rs[i], true
		}
	}
	return span[uint64]{}, span[uint64]{}, false
}
