package reservation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// docs/resource-model.md §6.2
func TestReserveResults(t *testing.T) {
	for why, c := range map[string]struct {
		total resource.Resources
		op    reservation.Reserve
		role  role.Name
		want  resource.Resources
	}{
		"unreserved": {
			parse("cpus:4;mem:1024"),
			reservation.Reserve{Resources: dyn(parse("cpus:2"), "role", "p")}, "role",
			sum(parse("cpus:2;mem:1024"), dyn(parse("cpus:2"), "role", "p")),
		},
		"refines a static one": {
			parse("cpus(a):4"),
			reservation.Reserve{Resources: dyn(parse("cpus(a):2"), "a/b", "")}, "a/b",
			sum(parse("cpus(a):2"), dyn(parse("cpus(a):2"), "a/b", "")),
		},
		"two levels at once, with source": {
			parse("cpus:4"),
			reservation.Reserve{Resources: dyn(dyn(parse("cpus:2"), "a", ""), "a/b", ""), Source: parse("cpus:2")}, "a/b",
			sum(parse("cpus:2"), dyn(dyn(parse("cpus:2"), "a", ""), "a/b", "")),
		},
		"from one branch to another": {
			dyn(dyn(parse("cpus:4"), "a", ""), "a/b", ""),
			reservation.Reserve{
				Resources: dyn(dyn(parse("cpus:2"), "a", ""), "a/c", ""),
				Source:    dyn(dyn(parse("cpus:2"), "a", ""), "a/b", ""),
			}, "a/c",
			sum(dyn(dyn(parse("cpus:2"), "a", ""), "a/b", ""), dyn(dyn(parse("cpus:2"), "a", ""), "a/c", "")),
		},
		"ranges": {
			parse("ports:[1-10]"),
			reservation.Reserve{Resources: dyn(parse("ports:[3-5]"), "role", "")}, "role",
			sum(parse("ports:[1-2,6-10]"), dyn(parse("ports:[3-5]"), "role", "")),
		},
		"equal stacks merge": {
			sum(parse("cpus:1"), dyn(parse("cpus:0.1"), "role", "p")),
			reservation.Reserve{Resources: dyn(parse("cpus:0.1"), "role", "p")}, "role",
			sum(parse("cpus:0.9"), dyn(parse("cpus:0.2"), "role", "p")),
		},
		"other principals keep them apart": {
			sum(parse("cpus:1"), dyn(parse("cpus:0.1"), "role", "p")),
			reservation.Reserve{Resources: dyn(parse("cpus:0.1"), "role", "q")}, "role",
			sum(parse("cpus:0.9"), dyn(parse("cpus:0.1"), "role", "p"), dyn(parse("cpus:0.1"), "role", "q")),
		},
	} {
		requireEqual(t, c.want, applied(t, c.total, c.op, framework(c.role)), "%s", why)
		requireEqual(t, c.want, applied(t, c.total, c.op, operator()), "%s, by the operator", why)
	}
}

// docs/resource-model.md §6.2
func TestReserveAddsOneLevelOnly(t *testing.T) {
	op := reservation.Reserve{Resources: dyn(dyn(parse("cpus:2"), "a", ""), "a/b", "")}
	refused(t, reservation.ErrNotContained, parse("cpus:4"), op, framework("a/b"))
}

// docs/resource-model.md §6.2
func TestReserveNeedsADynamicTop(t *testing.T) {
	refused(t, reservation.ErrNotDynamic, parse("cpus:8"), reservation.Reserve{Resources: parse("cpus(role):8")}, framework("role"))
	refused(t, reservation.ErrNotDynamic, parse("cpus:8"), reservation.Reserve{Resources: parse("cpus:8")}, framework("role"))
}

// docs/resource-model.md §6.2
func TestReserveNotToTheDefaultRole(t *testing.T) {
	_, err := parse("cpus:1").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: role.Default})
	require.ErrorIs(t, err, resource.ErrReservation, "such resources cannot be built")
}

// docs/resource-model.md §6.2
func TestReserveNamesTheCallersPrincipal(t *testing.T) {
	total := parse("cpus:4")
	reserve := func(p string) reservation.Op { return reservation.Reserve{Resources: dyn(parse("cpus:1"), "role", p)} }
	for _, c := range []reservation.Context{framework("role"), operator()} {
		applied(t, total, reserve("p1"), by(c, "p1"))
		refused(t, reservation.ErrPrincipal, total, reserve("p2"), by(c, "p1"))
		refused(t, reservation.ErrPrincipal, total, reserve(""), by(c, "p1"))
		applied(t, total, reserve("p2"), c)
		applied(t, total, reserve(""), c)
	}
	below := dyn(parse("cpus:4"), "a", "somebody")
	applied(t, below, reservation.Reserve{Resources: dyn(dyn(parse("cpus:1"), "a", "somebody"), "a/b", "p1")}, by(framework("a/b"), "p1"))
}

// docs/resource-model.md §6.2
func TestReserveToTheRoleItIsAllocatedTo(t *testing.T) {
	op := reservation.Reserve{Resources: dyn(parse("cpus:1"), "role1", "")}
	refused(t, reservation.ErrRole, parse("cpus:4"), op, framework("role2"))
	op.Resources = op.Resources.Allocate("role2")
	refused(t, reservation.ErrRole, parse("cpus:4").Allocate("role2"), op, framework("role2"))
	applied(t, parse("cpus:4"), reservation.Reserve{Resources: dyn(parse("cpus:1"), "any", "")}, operator())
}

// docs/resource-model.md §6.2
func TestReserveRefusesRevocable(t *testing.T) {
	r := revocable(dyn(parse("cpus:1"), "role", ""))
	refused(t, reservation.ErrRevocable, revocable(parse("cpus:4")), reservation.Reserve{Resources: r}, framework("role"))
}

// docs/resource-model.md §6.2
func TestReserveRefusesVolumes(t *testing.T) {
	v := volume(parse("disk(a):10"), "v1")
	refused(t, reservation.ErrVolume, v, reservation.Reserve{Resources: dyn(v, "a/b", "")}, framework("a/b"))
	refused(t, reservation.ErrVolume, v, reservation.Reserve{Resources: dyn(v, "a/b", ""), Source: v}, framework("a/b"))
}

// docs/resource-model.md §6.2
func TestReserveSourceMatches(t *testing.T) {
	to := func(text string) resource.Resources { return dyn(parse(text), "a", "") }
	for why, op := range map[string]reservation.Reserve{
		"other amount":             {Source: parse("cpus:2"), Resources: to("cpus:3")},
		"other name":               {Source: parse("cpus:2"), Resources: to("mem:2")},
		"several stacks in source": {Source: sum(parse("cpus:1"), dyn(parse("cpus:1"), "b", "")), Resources: to("cpus:2")},
		"several stacks in result": {Source: parse("cpus:1;mem:1"), Resources: sum(to("cpus:1"), dyn(parse("mem:1"), "a", "p"))},
	} {
		refused(t, reservation.ErrSource, sum(parse("cpus:4;mem:4"), dyn(parse("cpus:4"), "b", "")), op, framework("a"), why)
	}
}

// docs/resource-model.md §6.2
func TestReserveSourceMovesOnlyDynamicReservations(t *testing.T) {
	refused(t, reservation.ErrNotDynamic, parse("cpus(a):4"),
		reservation.Reserve{Source: parse("cpus(a):2"), Resources: dyn(parse("cpus:2"), "b", "")}, operator(), "a static one would be lost")
	refused(t, reservation.ErrNotDynamic, parse("cpus:4"),
		reservation.Reserve{Source: parse("cpus:2"), Resources: dyn(parse("cpus(a):2"), "a/b", "")}, operator(), "a static one would be made")
	after := applied(t, dyn(parse("cpus(a):4"), "a/b", ""),
		reservation.Reserve{Source: dyn(parse("cpus(a):4"), "a/b", ""), Resources: dyn(parse("cpus(a):4"), "a/c", "")}, operator())
	requireEqual(t, dyn(parse("cpus(a):4"), "a/c", ""), after, "the static one below both stays")
}

// docs/resource-model.md §6.3
func TestUnreserveResults(t *testing.T) {
	refined := dyn(dyn(parse("cpus:4"), "a", ""), "a/b", "")
	half := dyn(dyn(parse("cpus:2"), "a", ""), "a/b", "")
	after := applied(t, refined, reservation.Unreserve{Resources: half}, framework("a/b"))
	requireEqual(t, sum(half, dyn(parse("cpus:2"), "a", "")), after, "back to the previous owner")

	after = applied(t, dyn(parse("cpus:4;ports:[1-9]"), "a", "p"),
		reservation.Unreserve{Resources: dyn(parse("cpus:1;ports:[3-4]"), "a", "p")}, framework("a"))
	requireEqual(t, sum(parse("cpus:1;ports:[3-4]"), dyn(parse("cpus:3;ports:[1-2,5-9]"), "a", "p")), after)
}

// docs/resource-model.md §6.3
func TestUnreserveRefusals(t *testing.T) {
	refused(t, reservation.ErrNotDynamic, parse("cpus(a):4"), reservation.Unreserve{Resources: parse("cpus(a):1")}, framework("a"))
	refused(t, reservation.ErrNotReserved, parse("cpus:4"), reservation.Unreserve{Resources: parse("cpus:1")}, framework("a"))
	v := volume(dyn(parse("disk:10"), "a", ""), "v1")
	refused(t, reservation.ErrVolume, v, reservation.Unreserve{Resources: v}, framework("a"))
	_, err := reservation.Convert(parse("cpus:4"), reservation.Unreserve{Resources: parse("cpus:1")})
	require.ErrorIs(t, err, reservation.ErrNotReserved, "and no crash without validation")
}

// docs/resource-model.md §6.3
func TestUnreserveAsksForNoPrincipal(t *testing.T) {
	r := dyn(parse("cpus:1"), "a", "somebody")
	requireEqual(t, parse("cpus:1"), applied(t, r, reservation.Unreserve{Resources: r}, by(framework("a"), "me")))
}
