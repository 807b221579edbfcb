package offer

import (
	"github.com/proffer-go/proffer/drf"
	"github.com/proffer-go/proffer/resource"
)

// vec is one quantity per interned name, in thousandths.
type vec = drf.Vec

// names interns the names of resources: the index of a name never changes.
type names struct {
	index map[string]int
	list  []string
}

// of returns the index of name, giving it one if it is new.
func (n *names) of(name string) int {
	i, ok := n.index[name]
	if !ok {
		i = len(n.list)
		n.index[name] = i
		n.list = append(n.list, name)
	}
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

// newIn counts the names of r that are not interned yet.
func (n *names) newIn(r resource.Resources) int {
	count := 0
	for _, name := range r.Names() {
		count += n.isNew(name)
	}
	return count
}

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
	q, err := resource.NewQuantities(list...)
	if err != nil {
		return resource.Quantities{}
	}
	return q
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
