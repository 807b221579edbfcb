package reservation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// docs/resource-model.md §6.1
func TestOperationNeedsWhatItConsumes(t *testing.T) {
	total := parse("cpus:4")
	refused(t, reservation.ErrNotContained, total, reservation.Reserve{Resources: dyn(parse("cpus:4.001"), "a", "")}, framework("a"))
	refused(t, resource.ErrNotContained, total, reservation.Reserve{Resources: dyn(parse("mem:1"), "a", "")}, framework("a"))
	refused(t, reservation.ErrNotContained, resource.Resources{}, reservation.Unreserve{Resources: dyn(parse("mem:1"), "a", "")}, framework("a"))
}

// docs/resource-model.md §6.1
func TestConvertConservesTotalsOfEveryName(t *testing.T) {
	total := parse("cpus:4;licenses:5;ports:[1-9];zones:{a,b}")
	for why, op := range map[string]reservation.Op{
		"more":           reservation.Reserve{Source: parse("cpus:1"), Resources: dyn(parse("cpus:2"), "a", "")},
		"less":           reservation.Reserve{Source: parse("licenses:2"), Resources: dyn(parse("licenses:1"), "a", "")},
		"other ports":    reservation.Reserve{Source: parse("ports:[1-2]"), Resources: dyn(parse("ports:[11-12]"), "a", "")},
		"other members":  reservation.Reserve{Source: parse("zones:{a}"), Resources: dyn(parse("zones:{c}"), "a", "")},
		"more than disk": reservation.Resize{Volume: only(volume(parse("disk(a):1"), "v")), Grow: parse("disk(a):1;cpus:1")},
	} {
		after, err := reservation.Convert(sum(total, volume(parse("disk(a):1"), "v"), parse("disk(a):1")), op)
		require.ErrorIs(t, err, reservation.ErrNotConserved, why)
		requireEqual(t, sum(total, volume(parse("disk(a):1"), "v"), parse("disk(a):1")), after, why)
	}
}

// docs/resource-model.md §6.1
func TestConvertOfASecondCopyIsAnErrorAndNoCrash(t *testing.T) {
	v := shared(volume(parse("disk(a):10"), "v"))
	_, err := reservation.Convert(sum(parse("disk(a):10"), v), reservation.Create{Volumes: v})
	require.ErrorIs(t, err, reservation.ErrNotConserved)
}

// docs/resource-model.md §6.4
func TestConvertMakesVolumesOfVolumesOnly(t *testing.T) {
	for _, op := range []reservation.Op{create(parse("disk(a):1")), destroy(parse("disk(a):1")), create(parse("cpus(a):1"))} {
		_, err := reservation.Convert(parse("disk(a):1;cpus(a):1"), op)
		require.ErrorIs(t, err, reservation.ErrNotVolume)
	}
}

// docs/resource-model.md §6.1
func TestConvertAsksNobodyAndApplyAlwaysValidates(t *testing.T) {
	for why, c := range map[string]struct {
		total resource.Resources
		op    reservation.Op
		want  error
	}{
		"static reservation": {parse("cpus(a):1"), reservation.Unreserve{Resources: parse("cpus(a):1")}, reservation.ErrNotDynamic},
		"unreserved volume":  {parse("disk:1"), reservation.Create{Volumes: volume(parse("disk:1"), "v")}, reservation.ErrNotReserved},
		"shrink to nothing": {volume(parse("disk(a):1"), "v"),
			reservation.Resize{Volume: only(volume(parse("disk(a):1"), "v")), Shrink: 1000}, reservation.ErrAmount},
	} {
		_, err := reservation.Convert(c.total, c.op)
		require.NoError(t, err, why)
		refused(t, c.want, c.total, c.op, operator(), why)
	}
}

// docs/resource-model.md §6.1
func TestFrameworkAllocationRoleIsFilledIn(t *testing.T) {
	reserve := func(r resource.Resources) reservation.Op { return reservation.Reserve{Resources: r} }
	plain, want := dyn(parse("cpus:1"), "a", ""), sum(parse("cpus:3"), dyn(parse("cpus:1"), "a", ""))
	for _, op := range []reservation.Op{reserve(plain), reserve(plain.Allocate("a"))} {
		requireEqual(t, want, applied(t, parse("cpus:4"), op, framework("a")), "a total without roles")
		requireEqual(t, want.Allocate("a"), applied(t, parse("cpus:4").Allocate("a"), op, framework("a")), "a total with roles")
	}
	source := reservation.Reserve{Source: parse("cpus:1"), Resources: plain.Allocate("a")}
	requireEqual(t, want.Allocate("a"), applied(t, parse("cpus:4").Allocate("a"), source, framework("a")), "of the source too")
}

// docs/resource-model.md §6.1
func TestFrameworkAllocationRoleMustBeOneOfItsOwn(t *testing.T) {
	op := reservation.Unreserve{Resources: sum(dyn(parse("cpus:1"), "a", "").Allocate("a"), dyn(parse("mem:1"), "b", "").Allocate("b"))}
	c := reservation.Context{Roles: []role.Name{"a", "b"}}
	total := op.Resources
	refused(t, reservation.ErrAllocation, total, op, c, "mixed")
	refused(t, reservation.ErrAllocation, total, reservation.Unreserve{Resources: dyn(parse("cpus:1"), "a", "")}, c, "none, and none to fill in")
	refused(t, reservation.ErrRole, total, reservation.Unreserve{Resources: dyn(parse("mem:1"), "b", "").Allocate("b")}, framework("a"))
	c = framework("a")
	c.Roles = append(c.Roles, "b")
	refused(t, reservation.ErrRole, total, reservation.Unreserve{Resources: dyn(parse("mem:1"), "b", "").Allocate("b")}, c, "not the role of the offers")
	c.Roles = []role.Name{"z"}
	refused(t, reservation.ErrRole, total, reservation.Unreserve{Resources: dyn(parse("cpus:1"), "a", "")}, c, "a role it has given up")
	applied(t, total, reservation.Unreserve{Resources: dyn(parse("cpus:1"), "a", "")}, reservation.Context{Role: "a"})
}

// docs/resource-model.md §6.1
func TestOperatorStatesNoAllocationRole(t *testing.T) {
	op := reservation.Reserve{Resources: dyn(parse("cpus:1"), "a", "").Allocate("a")}
	refused(t, reservation.ErrAllocation, parse("cpus:4"), op, operator())
}

// docs/resource-model.md §6.1
func TestEmptyOperationsAreRefused(t *testing.T) {
	total := parse("cpus:4")
	for _, op := range []reservation.Op{reservation.Reserve{}, reservation.Reserve{Source: total}, reservation.Unreserve{},
		reservation.Create{}, reservation.Destroy{}} {
		refused(t, reservation.ErrEmpty, total, op, framework("a"), "%T", op)
	}
	refused(t, resource.ErrName, total, reservation.Resize{}, framework("a"))
	refused(t, reservation.ErrEmpty, total, reservation.Resize{Volume: resource.Resource{Name: "disk"}, Shrink: 1}, framework("a"))
	refused(t, reservation.ErrUnknownOp, total, nil, framework("a"))
	refused(t, reservation.ErrUnknownOp, total, &reservation.Reserve{Resources: dyn(total, "a", "")}, framework("a"), "operations are values")
	_, err := reservation.Convert(total, nil)
	require.ErrorIs(t, err, reservation.ErrUnknownOp)
}

// docs/resource-model.md §6.1
func TestOneProviderPerOperation(t *testing.T) {
	ours, theirs := parse("cpus:1"), provider(parse("cpus:1"), "p")
	total := sum(ours, theirs)
	refused(t, reservation.ErrProvider, total, reservation.Reserve{Resources: dyn(total, "a", "")}, framework("a"))
	refused(t, reservation.ErrProvider, total, reservation.Reserve{Resources: dyn(ours, "a", ""), Source: theirs}, framework("a"))
	applied(t, total, reservation.Reserve{Resources: dyn(theirs, "a", "")}, framework("a"))
}

// docs/resource-model.md §6.1
func TestOperationsPassTheUseTimeRules(t *testing.T) {
	bad := edit(dyn(parse("disk:1"), "a", ""), func(r *resource.Resource) {
		r.Disk = &resource.Disk{Volume: &resource.Volume{ContainerPath: "x", Mode: resource.ReadWrite}}
	})
	refused(t, resource.ErrUse, parse("disk:4"), reservation.Reserve{Resources: bad}, framework("a"))

	half, err := resource.Build([]resource.Option{resource.ForeignNames()}, resource.Resource{Name: "gpus", Scalar: 500})
	require.NoError(t, err)
	refused(t, resource.ErrPredefined, half, reservation.Reserve{Resources: dyn(half, "a", "")}, framework("a"))
}

// docs/resource-model.md §6.7
func TestApplyAllSkipsWhatIsInvalid(t *testing.T) {
	reserve := reservation.Reserve{Resources: dyn(parse("disk:200"), "a", "")}
	create := reservation.Create{Volumes: volume(dyn(parse("disk:200"), "a", ""), "v")}
	ops := []reservation.Op{create, reserve, nil, create}
	after, errs := reservation.ApplyAll(parse("disk:1000"), ops, framework("a"), reservation.SkipInvalid)
	requireEqual(t, sum(parse("disk:800"), create.Volumes), after, "RESERVE and CREATE build on one another")
	require.Len(t, errs, 4)
	require.ErrorIs(t, errs[0], reservation.ErrNotContained)
	require.NoError(t, errs[1])
	require.ErrorIs(t, errs[2], reservation.ErrUnknownOp)
	require.NoError(t, errs[3])
}

// docs/resource-model.md §6.7
func TestApplyAllOrNothing(t *testing.T) {
	reserve := reservation.Reserve{Resources: dyn(parse("disk:200"), "a", "")}
	create := reservation.Create{Volumes: volume(dyn(parse("disk:200"), "a", ""), "v")}
	total := parse("disk:1000")
	after, errs := reservation.ApplyAll(total, []reservation.Op{reserve, create}, framework("a"), reservation.AllOrNothing)
	require.Nil(t, errs)
	requireEqual(t, sum(parse("disk:800"), create.Volumes), after)

	after, errs = reservation.ApplyAll(total, []reservation.Op{reserve, create, create, nil}, framework("a"), reservation.AllOrNothing)
	requireEqual(t, total, after)
	require.ErrorIs(t, errs[2], reservation.ErrDuplicateID)
	require.NoError(t, errs[3], "it stopped at the first")
}

// docs/resource-model.md §6.7
func TestRestoreAfterARestart(t *testing.T) {
	saved := sum(volume(parse("disk(role):200"), "v"), dyn(parse("cpus:2"), "x", ""))
	after, err := reservation.Restore(parse("cpus:4;disk(role):1000"), saved)
	require.NoError(t, err)
	requireEqual(t, sum(parse("cpus:2;disk(role):800"), saved), after)
	requireEqual(t, saved, reservation.Saved(after))
}

// docs/resource-model.md §6.7
func TestRestoreDerivesTheBase(t *testing.T) {
	for why, c := range map[string]struct{ stated, saved resource.Resources }{
		"refined static":         {parse("cpus(a):2"), dyn(parse("cpus(a):2"), "a/b", "p")},
		"two dynamic levels":     {parse("cpus:2"), dyn(dyn(parse("cpus:2"), "a", ""), "a/b", "")},
		"volume of a path disk":  {on(parse("disk:9"), resource.SourcePath, "/p"), volume(on(dyn(parse("disk:9"), "a", ""), resource.SourcePath, "/p"), "v")},
		"volume of a mount":      {on(parse("disk(a):9"), resource.SourceMount, "/m"), volume(on(parse("disk(a):9"), resource.SourceMount, "/m"), "v")},
		"shared volume":          {parse("disk(a):9"), shared(volume(parse("disk(a):9"), "v"))},
		"reserved disk, unsaved": {parse("disk(a):9"), resource.Resources{}},
	} {
		after, err := reservation.Restore(c.stated, c.saved)
		require.NoError(t, err, why)
		if c.saved.IsEmpty() {
			requireEqual(t, c.stated, after, why)
			continue
		}
		requireEqual(t, c.saved, after, why)
	}
}

// docs/resource-model.md §6.7
func TestRestoreLeavesOutOtherProvidersAndWhatIsStated(t *testing.T) {
	theirs := provider(dyn(parse("cpus:1"), "a", ""), "p")
	require.True(t, reservation.Saved(sum(theirs, parse("cpus:1;mem(a):1"))).IsEmpty())
	after, err := reservation.Restore(parse("cpus:4"), sum(theirs, parse("mem(a):1")))
	require.NoError(t, err)
	requireEqual(t, parse("cpus:4"), after)
}

// docs/resource-model.md §6.7
func TestRestoreSavesASharedVolumeOnce(t *testing.T) {
	v := shared(volume(parse("disk(a):9"), "v"))
	requireEqual(t, v, reservation.Saved(sum(v, v)))
}

// docs/resource-model.md §6.7
func TestRestoreOfWhatIsGone(t *testing.T) {
	stated := parse("cpus:1;disk(a):5")
	for why, saved := range map[string]resource.Resources{
		"less than before":  dyn(parse("cpus:2"), "x", ""),
		"other static role": volume(parse("disk(b):1"), "v"),
		"the second":        sum(dyn(parse("cpus:1"), "x", ""), volume(parse("disk(a):6"), "v")),
	} {
		after, err := reservation.Restore(stated, saved)
		require.ErrorIs(t, err, reservation.ErrIncompatible, why)
		requireEqual(t, stated, after, why)
	}
}

// docs/resource-model.md §9
func TestErrorsWrapOneSentinelAndShowTheResource(t *testing.T) {
	total := dyn(parse("cpus:4"), "a", "p")
	v := volume(parse("disk(a):10"), "v")
	for want, c := range map[error]struct {
		op   reservation.Op
		show string
	}{
		reservation.ErrNotContained: {reservation.Unreserve{Resources: dyn(parse("cpus:5"), "a", "p")}, "cpus(reservations: [(DYNAMIC,a,p)]):5"},
		reservation.ErrNotDynamic:   {reservation.Unreserve{Resources: parse("mem(a):1")}, "mem(reservations: [(STATIC,a)]):1"},
		reservation.ErrPrincipal:    {reservation.Reserve{Resources: dyn(parse("mem:1"), "a", "q")}, "mem(reservations: [(DYNAMIC,a,q)]):1"},
		reservation.ErrInUse:        {destroy(v), "disk(reservations: [(STATIC,a)])[v:data]:10"},
		reservation.ErrDuplicateID:  {create(sum(v, v)), "disk(reservations: [(STATIC,a)])[v:data]:10"},
	} {
		c1 := by(busy(operator(), "a:v"), "p")
		if want == reservation.ErrDuplicateID {
			c1.Principal = nil
		}
		_, err := reservation.Apply(total, c.op, c1)
		require.ErrorIs(t, err, want)
		require.ErrorContains(t, err, c.show)
		require.ErrorContains(t, err, reservation.Name(c.op))
	}
	_, err := reservation.Restore(parse("cpus:1"), total)
	require.ErrorIs(t, err, reservation.ErrIncompatible)
	require.ErrorContains(t, err, "cpus(reservations: [(DYNAMIC,a,p)]):4 was made of cpus:4")
}
