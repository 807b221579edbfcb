package resource

import (
	"slices"

	"github.com/proffer-go/proffer/role"
)

// Filter keeps the entries for which keep is true, with their counts. keep is called once per
// entry, in order, and must only read. Filters never merge or change entries (docs/resource-model.md §4.3).
func (r Resources) Filter(keep func(Resource) bool) Resources {
	out := make([]entry, 0, len(r.e))
	for i := range r.e {
		if keep(r.e[i].resource()) {
			out = append(out, r.e[i])
		}
	}
	return r.kept(out)
}

// kept is r if nothing was dropped.
func (r Resources) kept(out []entry) Resources {
	switch len(out) {
	case 0:
		return Resources{}
	case len(r.e):
		return r
	}
	return Resources{e: out}
}

// pick is Filter by key; it allocates only if it keeps some but not all.
func (r Resources) pick(keep func(*meta) bool) Resources {
	n := 0
	for i := range r.e {
		if keep(r.e[i].m) {
			n++
		}
	}
	switch n {
	case 0:
		return Resources{}
	case len(r.e):
		return r
	}
	out := make([]entry, 0, n)
	for i := range r.e {
		if keep(r.e[i].m) {
			out = append(out, r.e[i])
		}
	}
	return Resources{e: out}
}

// Unreserved keeps what has no reservation.
func (r Resources) Unreserved() Resources {
	return r.pick(func(m *meta) bool { return m.owner == "" })
}

// Reserved keeps what has one.
func (r Resources) Reserved() Resources {
	return r.pick(func(m *meta) bool { return m.owner != "" })
}

// ReservedTo keeps what n owns; nothing for "*".
func (r Resources) ReservedTo(n role.Name) Resources {
	return r.pick(func(m *meta) bool { return m.owner != "" && m.owner == n })
}

// AllocatableTo keeps what may be offered to n: unreserved, or owned by n or a role above it
// (docs/resource-model.md §4.3).
func (r Resources) AllocatableTo(n role.Name) Resources {
	return r.pick(func(m *meta) bool { return allocatable(m.owner, n) })
}

func allocatable(owner, n role.Name) bool {
	return owner == "" || owner == n || n.IsStrictSubroleOf(owner)
}

// ReservableTo keeps what a DYNAMIC reservation to n may be pushed onto: non-revocable, no volume,
// and unreserved or owned by a role above n (docs/resource-model.md §4.3).
func (r Resources) ReservableTo(n role.Name) Resources {
	return r.pick(func(m *meta) bool {
		return !m.revocable && !m.persists && n != role.Default && (m.owner == "" || n.IsStrictSubroleOf(m.owner))
	})
}

// ReservedToSubtree keeps what n or a role below it owns.
func (r Resources) ReservedToSubtree(n role.Name) Resources {
	return r.pick(func(m *meta) bool { return inSubtree(m.owner, n) })
}

// AllocatedToSubtree keeps what is allocated to n or a role below it.
func (r Resources) AllocatedToSubtree(n role.Name) Resources {
	return r.pick(func(m *meta) bool { return inSubtree(m.alloc, n) })
}

func inSubtree(r, n role.Name) bool { return r != "" && (r == n || r.IsStrictSubroleOf(n)) }

// Revocable keeps what may be taken back at any time.
func (r Resources) Revocable() Resources { return r.pick(func(m *meta) bool { return m.revocable }) }

// NonRevocable keeps the rest.
func (r Resources) NonRevocable() Resources {
	return r.pick(func(m *meta) bool { return !m.revocable })
}

// Shared keeps shared volumes, with their counts.
func (r Resources) Shared() Resources { return r.pick(func(m *meta) bool { return m.shared }) }

// NonShared keeps the rest.
func (r Resources) NonShared() Resources { return r.pick(func(m *meta) bool { return !m.shared }) }

// PersistentVolumes keeps disk with persistence.
func (r Resources) PersistentVolumes() Resources {
	return r.pick(func(m *meta) bool { return m.persists })
}

// Scalars keeps entries of kind SCALAR.
func (r Resources) Scalars() Resources {
	return r.pick(func(m *meta) bool { return m.kind == KindScalar })
}

// Named keeps entries of that name.
func (r Resources) Named(name string) Resources {
	return r.pick(func(m *meta) bool { return m.name == name })
}

// Reservations maps each owner role to its entries; what is unreserved is left out.
func (r Resources) Reservations() map[role.Name]Resources {
	return r.split(func(m *meta) role.Name { return m.owner })
}

// Allocations maps each allocation role to its entries. An entry without one is ErrNotAllocated.
func (r Resources) Allocations() (map[role.Name]Resources, error) {
	for i := range r.e {
		if r.e[i].m.alloc == "" {
			return nil, why(ErrNotAllocated, "%s", briefEntries(r.e[i:i+1]))
		}
	}
	return r.split(func(m *meta) role.Name { return m.alloc }), nil
}

func (r Resources) split(by func(*meta) role.Name) map[role.Name]Resources {
	out := map[role.Name]Resources{}
	for i := range r.e {
		if n := by(r.e[i].m); n != "" {
			s := out[n]
			s.e = append(s.e, r.e[i])
			out[n] = s
		}
	}
	return out
}

// Names lists the names in ascending order.
func (r Resources) Names() []string {
	var out []string
	for i := range r.e {
		if n := r.e[i].m.name; len(out) == 0 || out[len(out)-1] != n {
			out = append(out, n)
		}
	}
	return slices.Clip(out)
}

// Kinds maps each name to its kind. A name of several kinds, which operator text cannot give,
// has the lowest of them.
func (r Resources) Kinds() map[string]Kind {
	out := map[string]Kind{}
	for i := range r.e {
		m := r.e[i].m
		if k, ok := out[m.name]; !ok || m.kind < k {
			out[m.name] = m.kind
		}
	}
	return out
}
