package resource

import (
	"iter"
	"slices"
)

// Resources is an immutable collection: a multiset of valid, non-empty resources, merged as far as
// possible, each shared one with a count (docs/resource-model.md §4.1).
//
// The zero value is empty. Equal values are iterated, printed and encoded alike, however they
// were built. == does not compile; reflect.DeepEqual agrees with Equal, but that it also sees
// the fields that do not count there (a disk's volume, a persistence's principal).
// Reading is safe from any goroutine, and every operation returns a new value, which may share
// memory with its operands.
type Resources struct {
	_ [0]func()
	e []entry // sorted by compareMeta, then compareValue; merged; nil iff empty
}

// New checks each resource by the structural rules (docs/resource-model.md §3.6) and merges them. Empty
// ones contribute nothing. On an error nothing is built. rs is copied.
func New(rs ...Resource) (Resources, error) { return Build(nil, rs...) }

// Build is New with options.
func Build(opts []Option, rs ...Resource) (Resources, error) {
	o := gather(opts)
	es := make([]entry, 0, len(rs))
	for i := range rs {
		if err := rs[i].check(&o); err != nil {
			return Resources{}, why(err, "resource %d %s", i, excerpt(rs[i].Name))
		}
		if e := entryOf(&rs[i]); !e.isEmpty() {
			es = append(es, e)
		}
	}
	return Resources{e: canon(es)}, nil
}

// IsEmpty reports whether r holds nothing.
func (r Resources) IsEmpty() bool { return len(r.e) == 0 }

// Len is the number of entries; a shared one counts once.
func (r Resources) Len() int { return len(r.e) }

// All yields each entry and its shared count (1 for others), in the order of
// docs/resource-model.md §4.1. The entries share memory with r: read them only.
func (r Resources) All() iter.Seq2[Resource, int] {
	return func(yield func(Resource, int) bool) {
		for i := range r.e {
			if !yield(r.e[i].resource(), r.e[i].count()) {
				return
			}
		}
	}
}

// Equal reports whether both hold equal resources, shared counts included (docs/resource-model.md §4.2).
func (r Resources) Equal(s Resources) bool {
	if len(r.e) != len(s.e) {
		return false
	}
	if len(r.e) > 0 && &r.e[0] == &s.e[0] {
		return true
	}
	for i := range r.e {
		a, b := &r.e[i], &s.e[i]
		if a.m != b.m && compareMeta(a.m, b.m) != 0 || a.count() != b.count() || !a.sameValue(b) {
			return false
		}
	}
	return true
}

// canon sorts and merges non-empty entries, in place. Of entries that merge the first keeps its ignored fields.
func canon(es []entry) []entry {
	if len(es) == 0 {
		return nil
	}
	sorted := true
	for i := 1; i < len(es) && sorted; i++ {
		sorted = compareMeta(es[i-1].m, es[i].m) < 0
	}
	if sorted {
		return es
	}
	slices.SortStableFunc(es, func(a, b entry) int { return compareMeta(a.m, b.m) })
	out := es[:0]
	for i := 0; i < len(es); {
		j := i + 1
		for j < len(es) && compareMeta(es[i].m, es[j].m) == 0 {
			j++
		}
		if es[i].m.class == divisible {
			out = append(out, sum(es[i:j]))
		} else {
			out = append(out, group(slices.Clone(es[i:j]))...)
		}
		i = j
	}
	return out
}

// sum merges divisible entries of one key.
func sum(es []entry) entry {
	if len(es) > 2 { // as a tree: near-linear for many
		return sum([]entry{sum(es[:len(es)/2]), sum(es[len(es)/2:])})
	}
	e := es[0]
	for i := 1; i < len(es); i++ {
		e = e.plus(&es[i])
	}
	return e
}

// group orders the entries of one indivisible or shared key by value and adds shared counts.
func group(es []entry) []entry {
	if es[0].m.class == whole {
		slices.SortStableFunc(es, func(a, b entry) int { return a.compareValue(&b) })
		return es
	}
	slices.SortStableFunc(es, func(a, b entry) int { return a.compareBare(&b) })
	out := es[:0]
	for _, e := range es {
		if k := len(out) - 1; k >= 0 && out[k].sameValue(&e) {
			out[k] = out[k].counted(plusCount(out[k].x.count, e.x.count))
			continue
		}
		out = append(out, e)
	}
	return out
}
