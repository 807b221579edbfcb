package resource

import (
	"iter"

	"github.com/proffer-go/proffer/role"
)

// Scalar is the sum over scalar entries of that name, in thousandths, a shared one counted once;
// false if there are none (docs/resource-model.md §4.3).
func (r Resources) Scalar(name string) (Scalar, bool) {
	var total Scalar
	found := false
	for i := range r.e {
		if e := &r.e[i]; e.m.name == name && e.m.kind == KindScalar {
			total, found = total.plus(Scalar(e.n)), true
		}
	}
	return total, found
}

// Ranges is the union over ranges entries of that name; false if there are none.
func (r Resources) Ranges(name string) (Ranges, bool) {
	var total Ranges
	found := false
	for i := range r.e {
		if e := &r.e[i]; e.m.name == name && e.m.kind == KindRanges {
			total, found = total.add(&e.x.r), true
		}
	}
	return total, found
}

// Set is the union over set entries of that name; false if there are none.
func (r Resources) Set(name string) (Set, bool) {
	var total []string
	found := false
	for i := range r.e {
		if e := &r.e[i]; e.m.name == name && e.m.kind == KindSet {
			total, found = unionSets(total, e.x.s), true
		}
	}
	return Set{s: total}, found
}

// Count is how many of s there are: the shared count, or the number of non-shared entries equal
// to s, which is above 1 only for indivisible ones (docs/resource-model.md §4.3, §8.1).
func (r Resources) Count(s Resource) int {
	f := entryOf(&s)
	n := 0
	for i := range r.e {
		if e := &r.e[i]; compareMeta(e.m, f.m) == 0 && e.sameValue(&f) {
			n = plusCount(n, e.count())
		}
	}
	return n
}

// Quantities sums every entry by name: scalars as they are, ranges and sets by their number of
// elements, shared volumes once (docs/resource-model.md §4.5).
func (r Resources) Quantities() Quantities { return r.quantities(true) }

// ScalarQuantities is Quantities of the scalar entries alone.
func (r Resources) ScalarQuantities() Quantities { return r.quantities(false) }

func (r Resources) quantities(all bool) Quantities {
	var out []Quantity
	for i := range r.e {
		e := &r.e[i]
		if !all && e.m.kind != KindScalar {
			continue
		}
		if k := len(out) - 1; k >= 0 && out[k].Name == e.m.name {
			out[k].Amount = out[k].Amount.plus(e.quantity())
			continue
		}
		if out == nil {
			out = make([]Quantity, 0, len(r.e)-i)
		}
		out = append(out, Quantity{e.m.name, e.quantity()})
	}
	return Quantities{q: out}
}

// Quantity is the amount of one name over all entries, in thousandths, as in Quantities; 0 if there are none.
// It does not allocate.
func (r Resources) Quantity(name string) Scalar {
	var total Scalar
	for i := range r.e {
		if e := &r.e[i]; e.m.name == name {
			total = total.plus(e.quantity())
		}
	}
	return total
}

// ContainsQuantities reports whether, name by name, all entries together amount to q at least
// (docs/resource-model.md §4.5). It does not allocate.
func (r Resources) ContainsQuantities(q Quantities) bool {
	i := 0
	for _, want := range q.q {
		for i < len(r.e) && r.e[i].m.name < want.Name {
			i++
		}
		var have Scalar
		for ; i < len(r.e) && r.e[i].m.name == want.Name; i++ {
			have = have.plus(r.e[i].quantity())
		}
		if have < want.Amount {
			return false
		}
	}
	return true
}

// Item is a handle on one entry of a collection, for loops that must not copy a Resource.
// It is valid as long as anyone wants it.
type Item struct{ e *entry }

// Items yields a handle on each entry, in the order of All, without allocating.
func (r Resources) Items() iter.Seq[Item] {
	return func(yield func(Item) bool) {
		for i := range r.e {
			if !yield(Item{&r.e[i]}) {
				return
			}
		}
	}
}

// Item is the i-th entry, 0 ≤ i < Len.
func (r Resources) Item(i int) Item { return Item{&r.e[i]} }

// Name is the entry's name.
func (i Item) Name() string { return i.e.m.name }

// Kind is the entry's kind.
func (i Item) Kind() Kind { return i.e.m.kind }

// Quantity is how much it holds, in thousandths; a shared one counts once.
func (i Item) Quantity() Scalar { return i.e.quantity() }

// Count is the shared count, 1 for others.
func (i Item) Count() int { return i.e.count() }

// Owner is the role of the last reservation, "" if unreserved.
func (i Item) Owner() role.Name { return i.e.m.owner }

// AllocationRole is the role it is allocated to, "" if none.
func (i Item) AllocationRole() role.Name { return i.e.m.alloc }

// Reservations is the stack; read it only.
func (i Item) Reservations() []Reservation { return i.e.m.stack }

// VolumeID is the id of a persistent volume, else "".
func (i Item) VolumeID() string { return i.e.m.volumeID }

// IsReserved reports whether the entry has a reservation.
func (i Item) IsReserved() bool { return i.e.m.owner != "" }

// IsRevocable reports whether the entry may be taken back at any time.
func (i Item) IsRevocable() bool { return i.e.m.revocable }

// IsShared reports whether the entry is a shared volume.
func (i Item) IsShared() bool { return i.e.m.shared }

// IsPersistentVolume reports whether the entry has persistence.
func (i Item) IsPersistentVolume() bool { return i.e.m.persists }

// IsDivisible reports whether parts of the entry can be taken.
func (i Item) IsDivisible() bool { return i.e.m.class == divisible }

// Resource spells the entry out; it shares memory with the collection.
func (i Item) Resource() Resource { return i.e.resource() }

// Resources is a collection of this entry alone, with its shared count. Unlike New it checks nothing and cannot fail:
// an entry may be a sum, and so beyond the bounds on inputs (docs/resource-model.md §1.1).
func (i Item) Resources() Resources { return Resources{e: []entry{*i.e}} }

// Members is how many integers or set members the entry has; 0 for a scalar.
func (i Item) Members() uint64 {
	switch i.e.m.kind {
	case KindRanges:
		return i.e.x.r.Size()
	case KindSet:
		return uint64(len(i.e.x.s))
	}
	return 0
}

// First is a collection of the n least members of a ranges or set entry, or of all if it has no more; an
// indivisible one gives all or nothing, a scalar nothing. Like Resources it cannot fail.
func (i Item) First(n uint64) Resources {
	switch size := i.Members(); {
	case size == 0 || n == 0:
		return Resources{}
	case n >= size:
		return i.Resources()
	case i.e.m.class != divisible:
		return Resources{}
	}
	x := *i.e.x
	if i.e.m.kind == KindRanges {
		x.r = x.r.first(n)
	} else {
		x.s = x.s[:n:n]
	}
	return Resources{e: []entry{{m: i.e.m, x: &x}}}
}
