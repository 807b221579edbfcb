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
	r []Range // nil iff empty
}

// NewRanges makes a set of rs, given in any order, overlapping or not. An interval with
// Begin above End is ErrInverted; more integers in all than MaxScalar has units, ErrTooLarge
// (docs/resource-model.md §1.2). rs is copied.
func NewRanges(rs ...Range) (Ranges, error) {
	c, err := canonRanges(slices.Clone(rs))
	return Ranges{r: c}, err
}

// ParseRanges reads [1-5, 7-9] (docs/resource-model.md §2.2). Errors are *ParseError.
func ParseRanges(text string) (Ranges, error) {
	lo, hi := trim(text, 0, len(text))
	if lo == hi || text[lo] != '[' {
		return Ranges{}, at(lo, why(ErrSyntax, "%s: ranges are written [1-5, 7-9]", excerpt(text[lo:hi])))
	}
	r, perr := parseRanges(text, lo, hi)
	if perr != nil {
		return Ranges{}, perr
	}
	return Ranges{r: r}, nil
}

// All yields the intervals in ascending order.
func (r Ranges) All() iter.Seq[Range] { return slices.Values(r.r) }

// Len is the number of intervals.
func (r Ranges) Len() int { return len(r.r) }

// Size is the number of integers; a union beyond 2^64−1 of them stays there.
func (r Ranges) Size() uint64 { return sizeOf(r.r) }

// IsEmpty reports whether there is no integer in r.
func (r Ranges) IsEmpty() bool { return len(r.r) == 0 }

// Add is the union (docs/resource-model.md §1.2).
func (r Ranges) Add(s Ranges) Ranges { return Ranges{r: union(r.r, s.r)} }

// Sub is the difference; s need not be contained in r.
func (r Ranges) Sub(s Ranges) Ranges { return Ranges{r: difference(r.r, s.r)} }

// Intersect is what both hold.
func (r Ranges) Intersect(s Ranges) Ranges { return Ranges{r: intersection(r.r, s.r)} }

// Contains reports whether s is a subset of r.
func (r Ranges) Contains(s Ranges) bool { return covers(r.r, s.r) }

// Equal reports whether both hold the same integers.
func (r Ranges) Equal(s Ranges) bool { return slices.Equal(r.r, s.r) }

// String prints [1-5, 7-7], or [] (docs/resource-model.md §1.2).
func (r Ranges) String() string { return string(appendRanges(nil, r.r)) }

// MarshalText is String.
func (r Ranges) MarshalText() ([]byte, error) { return appendRanges(nil, r.r), nil }

// UnmarshalText is ParseRanges.
func (r *Ranges) UnmarshalText(text []byte) error {
	v, err := ParseRanges(string(text))
	if err == nil {
		*r = v
	}
	return err
}

func appendRanges(b []byte, rs []Range) []byte {
	b = append(b, '[')
	for i, x := range rs {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendUint(b, x.Begin, 10)
		b = append(b, '-')
		b = strconv.AppendUint(b, x.End, 10)
	}
	return append(b, ']')
}

// maxIntegers is the largest number of integers whose quantity is a legal Scalar.
const maxIntegers = uint64(MaxScalar / 1000)

// canonRanges sorts and merges rs in place.
func canonRanges(rs []Range) ([]Range, error) {
	if len(rs) == 0 {
		return nil, nil
	}
	sorted := true
	for i, x := range rs {
		if x.Begin > x.End {
			return nil, why(ErrInverted, "range %d-%d", x.Begin, x.End)
		}
		sorted = sorted && (i == 0 || rs[i-1].Begin <= x.Begin)
	}
	if !sorted {
		slices.SortFunc(rs, func(a, b Range) int { return cmp.Compare(a.Begin, b.Begin) })
	}
	k := 0
	for _, x := range rs[1:] {
		if last := &rs[k]; touches(last.End, x.Begin) {
			last.End = max(last.End, x.End)
		} else {
			k++
			rs[k] = x
		}
	}
	rs = rs[:k+1]
	if sizeOf(rs) > maxIntegers {
		return nil, why(ErrTooLarge, "ranges of %d integers", sizeOf(rs))
	}
	return rs, nil
}

// overlapping reports two intervals of rs, each well-formed, that share an integer.
func overlapping(rs []Range) (Range, Range, bool) {
	s := slices.Clone(rs)
	slices.SortFunc(s, func(a, b Range) int {
		return cmp.Or(cmp.Compare(a.Begin, b.Begin), cmp.Compare(a.End, b.End))
	})
	for i := 1; i < len(s); i++ {
		if s[i].Begin <= s[i-1].End {
			return s[i-1], s[i], true
		}
	}
	return Range{}, Range{}, false
}

// touches reports whether an interval beginning at begin merges with an earlier one ending at end.
// It never computes end+1, which wraps at 2^64−1.
func touches(end, begin uint64) bool { return begin == 0 || begin-1 <= end }

// sizeOf counts integers and stays at 2^64−1 beyond.
func sizeOf(rs []Range) uint64 {
	var n uint64
	for _, x := range rs {
		d := x.End - x.Begin
		if d == math.MaxUint64 || n+d+1 < n {
			return math.MaxUint64
		}
		n += d + 1
	}
	return n
}
