package resource

import "slices"

// Add is the sum: equal keys merge, shared counts add (docs/resource-model.md §4.2). Where ignored
// fields differ, r's stay. Amounts beyond int64 stay at its end, counts at that of int.
func (r Resources) Add(s Resources) Resources {
	if len(s.e) == 0 {
		return r
	}
	if len(r.e) == 0 {
		return s
	}
	if aligned(r.e, s.e) {
		return Resources{e: addAligned(r.e, s.e)}
	}
	return Resources{e: add(nil, r.e, s.e)}
}

// Sub takes s from r, which must contain it: ErrNotContained otherwise (docs/resource-model.md §4.2).
func (r Resources) Sub(s Resources) (Resources, error) {
	if !contains(r.e, s.e) {
		return Resources{}, why(ErrNotContained, "%s does not hold %s", brief(r), brief(s))
	}
	return r.SubSaturating(s), nil
}

// SubSaturating takes from r what it has of s: amounts end at nothing, and what r does not have
// is passed over (docs/resource-model.md §4.2). Accounting should use Sub.
func (r Resources) SubSaturating(s Resources) Resources {
	if len(r.e) == 0 || len(s.e) == 0 {
		return r
	}
	return Resources{e: sub(nil, r.e, s.e)}
}

// Contains reports whether the entries of s can be taken from r one after the other
// (docs/resource-model.md §4.2).
func (r Resources) Contains(s Resources) bool { return contains(r.e, s.e) }

// ContainsResource is Contains for one resource: false if it is not valid, true if it is empty. The bounds on inputs
// do not count, so that a collection contains what its iterators yield (docs/resource-model.md §1.1, §4.2).
func (r Resources) ContainsResource(s Resource) bool {
	if s.check(&options{foreign: true, summed: true}) != nil {
		return false
	}
	e := entryOf(&s)
	return e.isEmpty() || contains(r.e, []entry{e})
}

// run is the end of the entries of one key that start at i.
func run(es []entry, i int) int {
	m := es[i].m
	if m.class == divisible {
		return i + 1
	}
	j := i + 1
	for j < len(es) && (es[j].m == m || compareMeta(es[j].m, m) == 0) {
		j++
	}
	return j
}

// add appends a + b to out, which must not share memory with them.
func add(out, a, b []entry) []entry {
	if out == nil {
		out = make([]entry, 0, len(a)+len(b))
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		c := 0
		if a[i].m != b[j].m {
			c = compareMeta(a[i].m, b[j].m)
		}
		switch {
		case c < 0:
			out = append(out, a[i])
			i++
		case c > 0:
			out = append(out, b[j])
			j++
		case a[i].m.class == divisible:
			out = append(out, a[i].plus(&b[j]))
			i, j = i+1, j+1
		default:
			i2, j2 := run(a, i), run(b, j)
			out = append(out, group(slices.Concat(a[i:i2], b[j:j2]))...)
			i, j = i2, j2
		}
	}
	out = append(out, a[i:]...)
	return append(out, b[j:]...)
}

// aligned reports whether a and b have the very same divisible keys, as the usual operands do.
func aligned(a, b []entry) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].m != b[i].m || a[i].m.class != divisible {
			return false
		}
	}
	return true
}

// addAligned is a + b entry by entry.
func addAligned(a, b []entry) []entry {
	out := make([]entry, len(a))
	for i := range a {
		x, y := &a[i], &b[i]
		if n := x.n + y.n; x.m.kind == KindScalar && n >= 0 {
			out[i] = entry{x.m, n, x.x}
			continue
		}
		out[i] = x.plus(y)
	}
	return out
}

// sub appends a − b to out, saturating; nil if nothing is left and out was nil. out must not share memory with a and b.
func sub(out, a, b []entry) []entry {
	fresh := out == nil
	if fresh {
		out = make([]entry, 0, len(a))
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		c := 0
		if a[i].m != b[j].m {
			c = compareMeta(a[i].m, b[j].m)
		}
		switch {
		case c < 0:
			out = append(out, a[i])
			i++
		case c > 0:
			j++
		case a[i].m.class == divisible:
			if e := a[i].minus(&b[j]); !e.isEmpty() {
				out = append(out, e)
			}
			i, j = i+1, j+1
		default:
			i2, j2 := run(a, i), run(b, j)
			out = subGroup(out, a[i:i2], b[j:j2])
			i, j = i2, j2
		}
	}
	out = append(out, a[i:]...)
	if fresh && len(out) == 0 {
		return nil
	}
	return out
}

// subGroup takes from indivisible or shared entries of one key those of b with an equal value; both
// are ordered by value.
func subGroup(out, a, b []entry) []entry {
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		c := a[i].compareBare(&b[j])
		switch {
		case c < 0:
			out = append(out, a[i])
			i++
		case c > 0:
			j++
		default:
			if left := a[i].count() - b[j].count(); left > 0 {
				out = append(out, a[i].counted(left))
			}
			i, j = i+1, j+1
		}
	}
	return append(out, a[i:]...)
}

// contains reports a ⊇ b.
func contains(a, b []entry) bool {
	i := 0
	for j := 0; j < len(b); {
		for i < len(a) && a[i].m != b[j].m {
			c := compareMeta(a[i].m, b[j].m)
			if c > 0 {
				return false
			}
			if c == 0 {
				break
			}
			i++
		}
		if i == len(a) {
			return false
		}
		if a[i].m.class == divisible {
			if !a[i].holds(&b[j]) {
				return false
			}
			i, j = i+1, j+1
			continue
		}
		i2, j2 := run(a, i), run(b, j)
		if !holdsGroup(a[i:i2], b[j:j2]) {
			return false
		}
		i, j = i2, j2
	}
	return true
}

// holdsGroup is contains for indivisible or shared entries of one key, both ordered by value.
func holdsGroup(a, b []entry) bool {
	i := 0
	for j := range b {
		for i < len(a) && !a[i].sameValue(&b[j]) {
			i++
		}
		if i == len(a) || a[i].count() < b[j].count() {
			return false
		}
		i++
	}
	return true
}
