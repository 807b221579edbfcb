package offer

import (
	"fmt"
	"iter"
	"slices"

	"github.com/proffer-go/proffer/drf"
	"github.com/proffer-go/proffer/resource"
)

// vec is one quantity per interned name, in thousandths.
type vec = drf.Vec

// names interns the names of scalars. The index of a name does not change while anything of it is left.
type names struct {
	index map[string]int
	list  []string // by index, "" where free
	spare []int
}

// of returns the index of name, giving it one if it is new.
func (n *names) of(name string) int {
	i, ok := n.index[name]
	switch {
	case ok:
		return i
	case len(n.spare) > 0:
		i = n.spare[len(n.spare)-1]
		n.spare = n.spare[:len(n.spare)-1]
		n.list[i] = name
	default:
		i = len(n.list)
		n.list = append(n.list, name)
	}
	n.index[name] = i
	return i
}

// in returns the quantity of name in v; a name that is not interned has none.
func (n *names) in(v *vec, name string) int64 {
	i, ok := n.index[name]
	if !ok {
		return 0
	}
	return v.Get(i)
}

func (n *names) len() int { return len(n.list) }

// amounts are quantities by name.
type amounts = iter.Seq2[string, resource.Scalar]

// namesIn lists the scalars of each of rs.
func namesIn(rs ...resource.Resources) []amounts {
	list := make([]amounts, 0, len(rs))
	for _, r := range rs {
		list = append(list, r.ScalarQuantities().All())
	}
	return list
}

// roomForNames reports whether all names in lists together are within the bound, after forgetting those that nothing is
// left of.
func (a *Allocator) roomForNames(lists ...amounts) error {
	fresh := a.names.newIn(lists)
	if fresh > 0 && len(a.names.index)+fresh > a.bounds.Names {
		a.forgetNames()
		fresh = a.names.newIn(lists) // it may have known some that are forgotten now
	}
	if fresh > 0 && len(a.names.index)+fresh > a.bounds.Names {
		return fmt.Errorf("%d names and %d more: %w", len(a.names.index), fresh, ErrTooMany)
	}
	return nil
}

// newIn counts the names in lists that are not interned yet, each once.
func (n *names) newIn(lists []amounts) int {
	var fresh []string
	for _, list := range lists {
		for name := range list {
			if n.isNew(name) > 0 && !slices.Contains(fresh, name) {
				fresh = append(fresh, name)
			}
		}
	}
	return len(fresh)
}

// forgetNames frees the indices of names that no agent has, nobody holds and no setting mentions.
func (a *Allocator) forgetNames() {
	named := setOf(a.rules.Excluded)
	for _, name := range predefined {
		named[name] = true
	}
	for c := range a.quota.All() {
		for name := range c.Guarantees.All() {
			named[name] = true
		}
		for name := range c.Limits.All() {
			named[name] = true
		}
	}
	a.alike = likeness{}
	n := &a.names
	for i, name := range n.list {
		if name != "" && !named[name] && a.totals.Get(i) == 0 && a.allocated.Get(i) == 0 && a.late.Get(i) == 0 {
			delete(n.index, name)
			n.list[i] = ""
			n.spare = append(n.spare, i)
		}
	}
}

// predefined names are always interned.
var predefined = [...]string{"cpus", "mem", "disk", "gpus"}

// isNew is 1 for a name that is not interned yet.
func (n *names) isNew(name string) int {
	if _, ok := n.index[name]; ok {
		return 0
	}
	return 1
}

// vec turns quantities into a vector.
func (n *names) vec(q resource.Quantities) vec {
	var v vec
	for name, amount := range q.All() {
		v.Set(n.of(name), int64(amount))
	}
	return v
}

// quantities turns the positive part of a vector into quantities.
func (n *names) quantities(v *vec) resource.Quantities {
	var list []resource.Quantity
	for i, name := range n.list {
		if q := v.Get(i); q > 0 {
			list = append(list, resource.Quantity{Name: name, Amount: resource.Scalar(q)})
		}
	}
	return resource.SumQuantities(list...)
}

// lessClamped returns a − b, name by name, nowhere below 0.
func lessClamped(a, b *vec) vec {
	d := a.Clone()
	d.Sub(b)
	clampAtZero(&d)
	return d
}

func clampAtZero(v *vec) {
	for i := range v.N {
		v.N[i] = max(v.N[i], 0)
	}
	for i := range v.More {
		v.More[i] = max(v.More[i], 0)
	}
}

// lowest returns the smaller of a and b, name by name.
func lowest(a, b *vec) vec {
	d := a.Clone()
	for i := range d.N {
		d.N[i] = min(d.N[i], b.N[i])
	}
	for i := range d.More {
		d.More[i] = min(d.More[i], b.Get(len(d.N)+i))
	}
	return d
}

// ceiling holds the limited names of a role, in the order of their names. A name that is absent is unlimited.
type ceiling []struct {
	name int
	most int64
}

func (n *names) ceiling(l resource.Limits) ceiling {
	var c ceiling
	for name, amount := range l.All() {
		c = append(c, struct {
			name int
			most int64
		}{n.of(name), int64(amount)})
	}
	return c
}

// of returns the limit of name i.
func (c ceiling) of(i int) (int64, bool) {
	for _, e := range c {
		if e.name == i {
			return e.most, true
		}
	}
	return 0, false
}
