package resource

import "github.com/proffer-go/proffer/role"

// rekeyed gives every entry the key that to makes of its own, and merges again.
func (r Resources) rekeyed(to func(*meta) *meta) Resources {
	if len(r.e) == 0 {
		return r
	}
	out := make([]entry, len(r.e))
	for i, e := range r.e {
		if i > 0 && r.e[i-1].m == e.m {
			e.m = out[i-1].m
		} else {
			e.m = to(e.m)
		}
		out[i] = e
	}
	return Resources{e: canon(out)}
}

// PushReservation appends v to every entry's stack; counts are kept. If any stack would not be
// well-formed nothing is done: ErrReservation (docs/resource-model.md §4.4). v is copied.
func (r Resources) PushReservation(v Reservation) (Resources, error) {
	v = v.normal()
	for i := range r.e {
		stack := pushed(r.e[i].m.stack, v)
		if err := checkStack(stack); err != nil {
			return Resources{}, why(err, "%s", briefEntries(r.e[i:i+1]))
		}
	}
	return r.rekeyed(func(m *meta) *meta { return m.restacked(pushed(m.stack, v), m.alloc) }), nil
}

func pushed(stack []Reservation, v Reservation) []Reservation {
	return append(stack[:len(stack):len(stack)], v)
}

// PopReservation removes the last reservation of every entry and merges again. An unreserved
// entry is ErrNotReserved, and nothing is done.
func (r Resources) PopReservation() (Resources, error) {
	for i := range r.e {
		if r.e[i].m.owner == "" {
			return Resources{}, why(ErrNotReserved, "%s", briefEntries(r.e[i:i+1]))
		}
	}
	return r.rekeyed(func(m *meta) *meta {
		return m.restacked(m.stack[:len(m.stack)-1:len(m.stack)-1], m.alloc)
	}), nil
}

// ToUnreserved clears every stack and merges again; everything else stays.
func (r Resources) ToUnreserved() Resources {
	return r.rekeyed(func(m *meta) *meta {
		if m.owner == "" {
			return m
		}
		return m.restacked(nil, m.alloc)
	})
}

// Allocate sets the allocation role of every entry and merges again; "" is Unallocate.
func (r Resources) Allocate(n role.Name) Resources {
	return r.rekeyed(func(m *meta) *meta {
		if m.alloc == n {
			return m
		}
		return m.restacked(m.stack, n)
	})
}

// Unallocate clears the allocation role of every entry and merges again.
func (r Resources) Unallocate() Resources {
	for i := range r.e {
		if r.e[i].m.alloc != "" {
			return r.Allocate("")
		}
	}
	return r
}

// Strip keeps the scalars and of them only name and value, shared volumes once
// (docs/resource-model.md §4.4). Quantities are cheaper.
func (r Resources) Strip() Resources {
	out := make([]entry, 0, len(r.e))
	for i := range r.e {
		if m := r.e[i].m; m.kind == KindScalar {
			p := plainMeta(m.name, m.kind)
			if p == nil {
				p = &meta{name: m.name, key: ":"}
			}
			out = append(out, entry{m: p, n: r.e[i].n})
		}
	}
	return Resources{e: canon(out)}
}

// ReservationAncestor is the longest stack that a and b have in common, counted from the bottom.
// All entries of a must have one stack, and those of b; both must be equal once unreserved:
// ErrReservation otherwise (docs/resource-model.md §4.4). The result must only be read.
func ReservationAncestor(a, b Resources) ([]Reservation, error) {
	if !a.ToUnreserved().Equal(b.ToUnreserved()) {
		return nil, why(ErrReservation, "%s and %s are not the same resources", brief(a), brief(b))
	}
	common, first := []Reservation(nil), true
	for _, r := range [...]Resources{a, b} {
		for i := range r.e {
			s := r.e[i].m.stack
			if i > 0 && !sameStack(s, r.e[i-1].m.stack) {
				return nil, why(ErrReservation, "%s has several reservation stacks", brief(r))
			}
			if first {
				common, first = s, false
			}
			common = common[:commonLen(common, s)]
		}
	}
	if len(common) == 0 {
		return nil, nil
	}
	return common, nil
}

func sameStack(a, b []Reservation) bool { return len(a) == len(b) && commonLen(a, b) == len(a) }

func commonLen(a, b []Reservation) int {
	n := 0
	for n < len(a) && n < len(b) && compareReservation(a[n], b[n]) == 0 {
		n++
	}
	return n
}
