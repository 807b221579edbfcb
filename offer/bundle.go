package offer

import (
	"github.com/proffer-go/proffer/resource"
)

// bundle is a set of resources with the sums that decisions need. It is immutable, so a free part, an offer of all of it
// and a refusal of that offer share one.
type bundle struct {
	res       resource.Resources
	all       vec  // every scalar, a shared one once
	unres     vec  // scalars neither reserved nor revocable: what quota rations
	revocable *vec // scalars that are revocable; nil: none
	kinds     kind
	enough    bool        // contains the rules' own minimum, whatever the agent
	whole     *wholeAgent // of the total of an agent
}

// kind tells what sorts of entries a bundle has.
type kind uint8

const (
	hasReserved  kind = 1 << iota
	hasRefined        // a reservation of more than one level
	hasRevocable      //
	hasShared         //
	hasOther          // ranges or sets
)

func (b *bundle) is(k kind) bool { return b.kinds&k != 0 }
func (b *bundle) empty() bool    { return b.res.IsEmpty() }

// bundle computes the sums of r once. An empty r gives the one empty bundle.
func (a *Allocator) bundle(r resource.Resources) *bundle {
	if r.IsEmpty() {
		return a.nothing
	}
	b := &bundle{res: r}
	for e := range r.All() {
		a.count(b, &e)
	}
	b.enough = a.containsMinimum(r, nil)
	return b
}

func (a *Allocator) count(b *bundle, e *resource.Resource) {
	if len(e.Reservations) > 0 {
		b.kinds |= hasReserved
	}
	if len(e.Reservations) > 1 {
		b.kinds |= hasRefined
	}
	if e.Shared {
		b.kinds |= hasShared
	}
	if e.Revocable {
		b.kinds |= hasRevocable
	}
	if e.Kind != resource.KindScalar {
		b.kinds |= hasOther
		return
	}
	i, q := a.names.of(e.Name), int64(e.Scalar)
	b.all.Set(i, b.all.Get(i)+q)
	switch {
	case e.Revocable:
		if b.revocable == nil {
			b.revocable = new(vec)
		}
		b.revocable.Set(i, b.revocable.Get(i)+q)
	case len(e.Reservations) == 0:
		b.unres.Set(i, b.unres.Get(i)+q)
	}
}

// containsMinimum reports whether r contains one of the rules' sets. Names outside asked are not asked for; nil: all are.
func (a *Allocator) containsMinimum(r resource.Resources, asked func(name string) bool) bool {
	if len(a.rules.MinAllocatable) == 0 {
		return true
	}
	for _, set := range a.rules.MinAllocatable {
		if r.ContainsQuantities(onlyNames(set, asked)) {
			return true
		}
	}
	return false
}

func onlyNames(q resource.Quantities, asked func(name string) bool) resource.Quantities {
	if asked == nil {
		return q
	}
	return q.Filter(func(name string, _ resource.Scalar) bool { return asked(name) })
}
