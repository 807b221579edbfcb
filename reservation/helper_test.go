package reservation_test

import (
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// The notation of the tests: parse("cpus:4;disk(eng):10") as an operator writes it, dyn to push a DYNAMIC reservation,
// volume to make disk persistent.

func parse(text string) resource.Resources { return resource.MustParse(text) }

// dyn pushes a DYNAMIC reservation to each entry; an empty principal is none.
func dyn(r resource.Resources, to role.Name, principal string) resource.Resources {
	v := resource.Reservation{Type: resource.Dynamic, Role: to}
	if principal != "" {
		v.Principal = &principal
	}
	r, err := r.PushReservation(v)
	if err != nil {
		panic(err)
	}
	return r
}

// edit changes a copy of every entry.
func edit(r resource.Resources, f func(*resource.Resource)) resource.Resources {
	var out []resource.Resource
	for e, count := range r.All() {
		for range count {
			c := e.Clone()
			f(&c)
			out = append(out, c)
		}
	}
	made, err := resource.Build([]resource.Option{resource.ForeignNames()}, out...)
	if err != nil {
		panic(err)
	}
	return made
}

func setDisk(r *resource.Resource, f func(*resource.Disk)) {
	if r.Disk == nil {
		r.Disk = &resource.Disk{}
	}
	f(r.Disk)
}

// volume makes each entry a volume with this id, mounted at "data" for writing.
func volume(r resource.Resources, id string) resource.Resources {
	return edit(r, func(e *resource.Resource) {
		setDisk(e, func(d *resource.Disk) {
			d.Persistence = &resource.Persistence{ID: id}
			d.Volume = &resource.Volume{ContainerPath: "data", Mode: resource.ReadWrite}
		})
	})
}

func withPrincipal(r resource.Resources, p string) resource.Resources {
	return edit(r, func(e *resource.Resource) { e.Disk.Persistence.Principal = &p })
}

func shared(r resource.Resources) resource.Resources {
	return edit(r, func(e *resource.Resource) { e.Shared = true })
}

func revocable(r resource.Resources) resource.Resources {
	return edit(r, func(e *resource.Resource) { e.Revocable = true })
}

func provider(r resource.Resources, id string) resource.Resources {
	return edit(r, func(e *resource.Resource) { e.ProviderID = id })
}

func mounted(r resource.Resources, f func(*resource.Volume)) resource.Resources {
	return edit(r, func(e *resource.Resource) { f(e.Disk.Volume) })
}

// on puts each entry on a disk of this type.
func on(r resource.Resources, s resource.SourceType, root string) resource.Resources {
	return edit(r, func(e *resource.Resource) {
		setDisk(e, func(d *resource.Disk) { d.Source = &resource.DiskSource{Type: s, Root: root} })
	})
}

func sum(rs ...resource.Resources) resource.Resources {
	var all resource.Resources
	for _, r := range rs {
		all = all.Add(r)
	}
	return all
}

// only is the single entry of r; a test that gives another number of them is wrong itself.
func only(r resource.Resources) (single resource.Resource) {
	if r.Len() != 1 {
		panic("a test wants a single entry of " + r.String())
	}
	for e := range r.All() {
		single = e
	}
	return single
}

// framework is the context of a framework in one role.
func framework(n role.Name) reservation.Context {
	return reservation.Context{Roles: []role.Name{n}, Role: n, SharedCapable: true}
}

func operator() reservation.Context { return reservation.Context{Operator: true} }

func by(c reservation.Context, principal string) reservation.Context {
	c.Principal = &principal
	return c
}

func busy(c reservation.Context, ids ...string) reservation.Context {
	c.InUse = func(owner role.Name, id string) bool { return slices.Contains(ids, string(owner)+":"+id) }
	return c
}

// requireEqual compares as collections are compared, and shows them as they print.
func requireEqual(t require.TestingT, want, got resource.Resources, msg ...any) {
	if !want.Equal(got) {
		require.Equal(t, lines(want), lines(got), msg...)
		require.Fail(t, "print alike, yet differ", msg...)
	}
}

func lines(r resource.Resources) string { return strings.ReplaceAll(r.String(), "; ", "\n") }

// applied requires that op is accepted.
func applied(t require.TestingT, total resource.Resources, op reservation.Op, c reservation.Context) resource.Resources {
	after, err := reservation.Apply(total, op, c)
	require.NoError(t, err)
	return after
}

// refused requires that op is refused for this reason and that total stays.
func refused(t require.TestingT, want error, total resource.Resources, op reservation.Op, c reservation.Context, msg ...any) {
	after, err := reservation.Apply(total, op, c)
	require.ErrorIs(t, err, want, msg...)
	requireEqual(t, total, after, msg...)
}
