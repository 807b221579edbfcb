package resource

import (
	"cmp"
	"math"
	"slices"
)

// span is a closed interval. Ports are by far the usual case, so sets that end at 65535 are kept in 4
// bytes per interval: operations on them move a quarter of the memory (BenchmarkResourcesAdd/frag100small).
type span[T uint16 | uint64] struct{ Begin, End T }

// The operations below take and give canonical intervals: sorted, at least one integer apart,
// nil when empty. They never change their arguments and may return one of them. Each walks
// the shorter side and gallops through the other, so that a small operand costs little
// whatever the size of the large one.

// seek is the first index from i on whose interval ends at x or later.
func seek[T uint16 | uint64](rs []span[T], i int, x T) int {
	if i >= len(rs) || rs[i].End >= x {
		return i
	}
	step, lo := 1, i // rs[lo].End < x
	for lo+step < len(rs) && rs[lo+step].End < x {
		lo += step
		step *= 2
	}
	hi := min(lo+step, len(rs)) // hi == len, or rs[hi].End >= x
	for lo+1 < hi {
		if mid := int(uint(lo+hi) / 2); rs[mid].End < x {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// covers reports whether every integer of b is in a.
func covers[T uint16 | uint64](a, b []span[T]) bool {
	i := 0
	for _, x := range b {
		i = seek(a, i, x.Begin)
		if i == len(a) || a[i].Begin > x.Begin || a[i].End < x.End {
			return false
		}
	}
	return true
}

// union is a ∪ b.
func union[T uint16 | uint64](a, b []span[T]) []span[T] {
	if len(a) < len(b) {
		a, b = b, a
	}
	if len(b) == 0 || covers(a, b) {
		return a
	}
	out := make([]span[T], 0, len(a)+len(b))
	i, j := 0, 0
	for j < len(b) {
		cur := b[j]
		j++
		k := seek(a, i, cur.Begin-min(cur.Begin, 1))
		out = append(out, a[i:k]...)
		i = k
		for { // let cur swallow what touches it, from either side
			if i < len(a) && touches(cur.End, a[i].Begin) {
				cur.Begin, cur.End = min(cur.Begin, a[i].Begin), max(cur.End, a[i].End)
				i++
			} else if j < len(b) && touches(cur.End, b[j].Begin) {
				cur.End = max(cur.End, b[j].End)
				j++
			} else {
				break
			}
		}
		out = append(out, cur)
	}
	return append(out, a[i:]...)
}

// difference is a without b.
func difference[T uint16 | uint64](a, b []span[T]) []span[T] {
	if !meet(a, b) {
		return a
	}
	out := make([]span[T], 0, len(a)+len(b))
	i, cur := 0, a[0] // cur is what is left of a[i]
	for _, x := range b {
		if k := seek(a, i, x.Begin); k > i {
			out = append(append(out, cur), a[i+1:k]...)
			if i = k; i == len(a) {
				return out
			}
			cur = a[i]
		}
		for cur.Begin <= x.End {
			if cur.Begin < x.Begin {
				out = append(out, span[T]{cur.Begin, x.Begin - 1})
			}
			if cur.End > x.End {
				cur.Begin = x.End + 1
				break
			}
			if i++; i == len(a) {
				return orNil(out)
			}
			cur = a[i]
		}
	}
	return append(append(out, cur), a[i+1:]...)
}

// meet reports whether a and b share an integer.
func meet[T uint16 | uint64](a, b []span[T]) bool {
	i := 0
	for _, x := range b {
		if i = seek(a, i, x.Begin); i == len(a) {
			return false
		}
		if a[i].Begin <= x.End {
			return true
		}
	}
	return false
}

func orNil[T uint16 | uint64](rs []span[T]) []span[T] {
	if len(rs) == 0 {
		return nil
	}
	return rs
}

// intersection is a ∩ b.
func intersection[T uint16 | uint64](a, b []span[T]) []span[T] {
	if len(a) < len(b) {
		a, b = b, a
	}
	if covers(a, b) {
		return b
	}
	var out []span[T]
	i := 0
	for _, x := range b {
		for i = seek(a, i, x.Begin); i < len(a) && a[i].Begin <= x.End; i++ {
			out = append(out, span[T]{max(a[i].Begin, x.Begin), min(a[i].End, x.End)})
			if a[i].End > x.End {
				break
			}
		}
	}
	return out
}

// first is the n least integers of rs.
func first[T uint16 | uint64](rs []span[T], n uint64) []span[T] {
	for i, x := range rs {
		if n == 0 {
			return orNil(rs[:i:i])
		}
		if uint64(x.End-x.Begin) >= n {
			return append(slices.Clone(rs[:i]), span[T]{x.Begin, x.Begin + T(n-1)})
		}
		n -= uint64(x.End-x.Begin) + 1
	}
	return rs
}

// canonical sorts and merges rs in place; every interval must be well-formed.
func canonical[T uint16 | uint64](rs []span[T]) []span[T] {
	if len(rs) == 0 {
		return nil
	}
	byBegin := func(a, b span[T]) int { return cmp.Compare(a.Begin, b.Begin) }
	if !slices.IsSortedFunc(rs, byBegin) {
		slices.SortFunc(rs, byBegin)
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
	return rs[:k+1]
}

// touches reports whether an interval beginning at begin merges with an earlier one ending at end.
// It never computes end+1, which wraps at 2^64−1.
func touches[T uint16 | uint64](end, begin T) bool { return begin == 0 || begin-1 <= end }

// sizeOf counts integers and stays at 2^64−1 beyond.
func sizeOf[T uint16 | uint64](rs []span[T]) uint64 {
	var n uint64
	for _, x := range rs {
		d := uint64(x.End - x.Begin)
		if d == math.MaxUint64 || n+d+1 < n {
			return math.MaxUint64
		}
		n += d + 1
	}
	return n
}

// identical reports whether an operation gave its argument back.
func identical[T uint16 | uint64](a, b []span[T]) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
