package resource

import (
	"bytes"
	"math"
	"slices"
	"strings"
)

// entry is one element of a collection: 24 bytes, of which the usual scalar needs no more.
type entry struct {
	m *meta
	n int64 // scalars: the amount in thousandths; else 0
	x *body // nil for scalars without disk information
}

// body holds what few entries have. It is immutable and shared between collections.
type body struct {
	r     Ranges   // KindRanges
	s     []string // KindSet
	disk  *Disk    // with the fields that the key ignores
	count int      // shared entries: how many, else 0
}

// entryOf makes the entry of r. It copies; an empty r gives an empty entry.
func entryOf(r *Resource) entry {
	d := r.Disk.Clone()
	e := entry{m: metaOf(r, d)}
	if r.Kind == KindScalar {
		e.n = int64(r.Scalar)
		if d == nil {
			return e
		}
	}
	e.x = &body{r: r.Ranges, s: r.Set.s, disk: d}
	if r.Shared {
		e.x.count = 1
	}
	return e
}

// resource spells e out, sharing what e points to.
func (e *entry) resource() Resource {
	m := e.m
	r := Resource{
		Name: m.name, Kind: m.kind, Scalar: Scalar(e.n), Reservations: m.stack,
		AllocationRole: m.alloc, Revocable: m.revocable, Shared: m.shared, ProviderID: m.provider,
	}
	if x := e.x; x != nil {
		r.Ranges, r.Set.s, r.Disk = x.r, x.s, x.disk
	}
	return r
}

func (e *entry) isEmpty() bool {
	return e.n == 0 && (e.x == nil || e.x.r.IsEmpty() && len(e.x.s) == 0)
}

// count is how many of a shared entry there are, 1 for others.
func (e *entry) count() int {
	if e.m.shared {
		return e.x.count
	}
	return 1
}

// quantity counts the entry once, whatever its shared count.
func (e *entry) quantity() Scalar {
	switch e.m.kind {
	case KindScalar:
		return Scalar(e.n)
	case KindRanges:
		return count(e.x.r.Size())
	}
	return count(uint64(len(e.x.s)))
}

// sameValue compares the values of entries of one key.
func (e *entry) sameValue(f *entry) bool {
	if e.n != f.n || e.x == f.x {
		return e.n == f.n
	}
	switch e.m.kind {
	case KindRanges:
		return e.x.r.equal(&f.x.r)
	case KindSet:
		return slices.Equal(e.x.s, f.x.s)
	}
	return true
}

// holds reports whether f's value is at most e's; the key is the same and divisible.
func (e *entry) holds(f *entry) bool {
	switch {
	case e.m.kind == KindScalar:
		return e.n >= f.n
	case e.x == f.x:
		return true
	case e.m.kind == KindRanges:
		return e.x.r.covers(&f.x.r)
	}
	return holdsSet(e.x.s, f.x.s)
}

// plus adds f's value to e's; the key is the same and divisible, e keeps its ignored fields.
func (e *entry) plus(f *entry) entry {
	switch e.m.kind {
	case KindScalar:
		return entry{e.m, int64(Scalar(e.n).plus(Scalar(f.n))), e.x}
	case KindRanges:
		if u := e.x.r.add(&f.x.r); !u.same(&e.x.r) {
			return entry{e.m, 0, &body{r: u, disk: e.x.disk}}
		}
	case KindSet:
		if u := unionSets(e.x.s, f.x.s); len(u) != len(e.x.s) {
			return entry{e.m, 0, &body{s: u, disk: e.x.disk}}
		}
	}
	return *e
}

// minus takes f's value from e's, ending at nothing; the key is the same and divisible.
func (e *entry) minus(f *entry) entry {
	switch e.m.kind {
	case KindScalar:
		return entry{e.m, max(e.n-f.n, 0), e.x}
	case KindRanges:
		if d := e.x.r.sub(&f.x.r); !d.same(&e.x.r) {
			return entry{e.m, 0, &body{r: d, disk: e.x.disk}}
		}
	case KindSet:
		if d := pickSet(e.x.s, f.x.s, false); len(d) != len(e.x.s) {
			return entry{e.m, 0, &body{s: d, disk: e.x.disk}}
		}
	}
	return *e
}

// counted is e with another shared count.
func (e *entry) counted(n int) entry {
	x := *e.x
	x.count = n
	return entry{e.m, e.n, &x}
}

// plusCount adds counts of shared entries and stays at the largest int.
func plusCount(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}

// compareValue orders entries of one key: by the bytes of the printed value, then by the ignored fields.
func (e *entry) compareValue(f *entry) int {
	if e.x == f.x && e.n == f.n {
		return 0
	}
	var b1, b2 [64]byte
	if c := bytes.Compare(appendValue(b1[:0], e), appendValue(b2[:0], f)); c != 0 {
		return c
	}
	return compareIgnored(e.x, f.x)
}

// compareBare orders entries of one key by value alone.
func (e *entry) compareBare(f *entry) int {
	var b1, b2 [64]byte
	return bytes.Compare(appendValue(b1[:0], e), appendValue(b2[:0], f))
}

// compareIgnored orders by the fields that do not count for equality, so that even then the
// order does not depend on how a collection was built.
func compareIgnored(a, b *body) int {
	if a == b || a == nil || b == nil {
		return 0
	}
	if c := bytes.Compare(appendDisk(nil, a.disk), appendDisk(nil, b.disk)); c != 0 {
		return c
	}
	if c := int(volumeOf(a.disk).Mode) - int(volumeOf(b.disk).Mode); c != 0 {
		return c
	}
	if c := strings.Compare(volumeOf(a.disk).HostPath, volumeOf(b.disk).HostPath); c != 0 {
		return c
	}
	return comparePtr(principalOf(a.disk), principalOf(b.disk))
}

func volumeOf(d *Disk) Volume {
	if d == nil || d.Volume == nil {
		return Volume{}
	}
	return *d.Volume
}

func principalOf(d *Disk) *string {
	if d == nil || d.Persistence == nil {
		return nil
	}
	return d.Persistence.Principal
}
