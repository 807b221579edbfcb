package drf

import "slices"

// inline is the number of quantities a Vec holds without a slice of its own.
const inline = 8

// A Vec is one quantity per resource name, in thousandths (1000 is one cpu, one MiB).
// Name i is N[i] for i below 8 and More[i-8] from there on; names beyond the end of More count 0.
// The caller interns names to indices. The zero value is "nothing of anything".
//
// A plain copy of a Vec shares More: use Clone where both copies live on.
type Vec struct {
	N    [inline]int64
	More []int64
}

// Get returns the quantity of name i, 0 where v holds none. i must not be negative.
func (v *Vec) Get(i int) int64 {
	switch {
	case i < inline:
		return v.N[i]
	case i-inline < len(v.More):
		return v.More[i-inline]
	default:
		return 0
	}
}

// Set makes q the quantity of name i, growing More where needed. i must not be negative.
func (v *Vec) Set(i int, q int64) {
	if i < inline {
		v.N[i] = q
		return
	}
	v.grow(i - inline + 1)
	v.More[i-inline] = q
}

// Add adds d to v in place. The caller sees to it that no sum wraps.
func (v *Vec) Add(d *Vec) {
	for i := range v.N {
		v.N[i] += d.N[i]
	}
	if len(d.More) == 0 {
		return
	}
	v.grow(len(d.More))
	for i, q := range d.More {
		v.More[i] += q
	}
}

// Sub takes d from v in place; what v lacks becomes negative.
func (v *Vec) Sub(d *Vec) {
	for i := range v.N {
		v.N[i] -= d.N[i]
	}
	if len(d.More) == 0 {
		return
	}
	v.grow(len(d.More))
	for i, q := range d.More {
		v.More[i] -= q
	}
}

// IsZero reports whether every quantity is 0.
func (v *Vec) IsZero() bool {
	for _, q := range v.More {
		if q != 0 {
			return false
		}
	}
	return v.N == [inline]int64{}
}

// Equal reports whether v and d hold the same quantities, however long their More is.
func (v *Vec) Equal(d *Vec) bool {
	if v.N != d.N {
		return false
	}
	for i := range max(len(v.More), len(d.More)) {
		if v.Get(inline+i) != d.Get(inline+i) {
			return false
		}
	}
	return true
}

// Contains reports whether v holds at least d of every name.
func (v *Vec) Contains(d *Vec) bool {
	for i := range v.N {
		if v.N[i] < d.N[i] {
			return false
		}
	}
	for i := range max(len(v.More), len(d.More)) {
		if v.Get(inline+i) < d.Get(inline+i) {
			return false
		}
	}
	return true
}

// Len is the number of names v has room for: every name from Len on counts 0.
func (v *Vec) Len() int { return inline + len(v.More) }

// Clone returns a copy that shares nothing with v.
func (v *Vec) Clone() Vec { return Vec{N: v.N, More: slices.Clone(v.More)} }

// Reset makes every quantity 0 and keeps the room.
func (v *Vec) Reset() {
	v.N = [inline]int64{}
	clear(v.More)
}

func (v *Vec) grow(n int) {
	for len(v.More) < n {
		v.More = append(v.More, 0)
	}
}
