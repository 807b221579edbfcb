package reservation_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

func create(v resource.Resources) reservation.Op  { return reservation.Create{Volumes: v} }
func destroy(v resource.Resources) reservation.Op { return reservation.Destroy{Volumes: v} }

// docs/resource-model.md §6.4
func TestCreateAndDestroyResults(t *testing.T) {
	mount := on(parse("disk(role):200"), resource.SourceMount, "/m")
	pathDisk := on(parse("disk(role):500"), resource.SourcePath, "/p")
	part := on(parse("disk(role):200"), resource.SourcePath, "/p")
	for why, c := range map[string]struct{ before, volume, after resource.Resources }{
		"static":    {parse("disk(role):1000"), volume(parse("disk(role):200"), "v"), sum(parse("disk(role):800"), volume(parse("disk(role):200"), "v"))},
		"dynamic":   {dyn(parse("disk:1000"), "role", "p"), volume(dyn(parse("disk:200"), "role", "p"), "v"), sum(dyn(parse("disk:800"), "role", "p"), volume(dyn(parse("disk:200"), "role", "p"), "v"))},
		"all of it": {parse("disk(role):200"), volume(parse("disk(role):200"), "v"), volume(parse("disk(role):200"), "v")},
		"mount":     {mount, volume(mount, "v"), volume(mount, "v")},
		"path":      {pathDisk, volume(part, "v"), sum(on(parse("disk(role):300"), resource.SourcePath, "/p"), volume(part, "v"))},
		"shared":    {parse("disk(role):200"), shared(volume(parse("disk(role):50"), "v")), sum(parse("disk(role):150"), shared(volume(parse("disk(role):50"), "v")))},
	} {
		for _, ctx := range []reservation.Context{framework("role"), operator()} {
			after := applied(t, c.before, create(c.volume), ctx)
			requireEqual(t, c.after, after, why)
			requireEqual(t, c.before, applied(t, after, destroy(c.volume), ctx), "%s: destroying leaves the disk reserved", why)
		}
	}
}

// docs/resource-model.md §6.4
func TestCreateNeedsTheDisk(t *testing.T) {
	total := parse("disk(role):1000")
	refused(t, reservation.ErrNotContained, total, create(volume(parse("disk(role):2000"), "v")), framework("role"))
	refused(t, reservation.ErrNotContained, total, create(volume(dyn(parse("disk:1"), "role", ""), "v")), framework("role"), "another reservation")
	mount := on(parse("disk(role):200"), resource.SourceMount, "/m")
	refused(t, reservation.ErrNotContained, mount, create(volume(on(parse("disk(role):50"), resource.SourceMount, "/m"), "v")), framework("role"), "a part of a mount")
}

// docs/resource-model.md §6.4
func TestCreateWantsAProperVolume(t *testing.T) {
	total := parse("disk(role):1000;disk:1000;cpus(role):1")
	good := volume(parse("disk(role):10"), "v")
	mount := func(f func(*resource.Volume)) resource.Resources { return mounted(good, f) }
	for why, c := range map[string]struct {
		volumes resource.Resources
		want    error
	}{
		"no disk":        {parse("cpus(role):1"), reservation.ErrNotVolume},
		"no persistence": {parse("disk(role):10"), reservation.ErrNotVolume},
		"no volume":      {edit(good, func(r *resource.Resource) { r.Disk.Volume = nil }), reservation.ErrNotVolume},
		"read-only":      {mount(func(v *resource.Volume) { v.Mode = resource.ReadOnly }), reservation.ErrNotVolume},
		"host path":      {mount(func(v *resource.Volume) { v.HostPath = "/h" }), reservation.ErrNotVolume},
		"unreserved":     {volume(parse("disk:10"), "v"), reservation.ErrNotReserved},
		"revocable":      {revocable(good), reservation.ErrRevocable},
		"one of two":     {sum(good, parse("cpus(role):1")), reservation.ErrNotVolume},
	} {
		refused(t, c.want, total, create(c.volumes), framework("role"), why)
	}
	for _, id := range []string{"", ".", "..", "a/b", `a\b`, "a\x00"} {
		_, err := resource.New(resource.Resource{Name: "disk", Scalar: 1000, Disk: &resource.Disk{Persistence: &resource.Persistence{ID: id}}})
		require.ErrorIs(t, err, resource.ErrVolumeID, "%q cannot even be built", id)
	}
}

// docs/protocol.md §7
func TestCreateContainerPathIsRelative(t *testing.T) {
	total := parse("disk(role):10")
	at := func(path string) reservation.Op {
		return create(mounted(volume(total, "v"), func(v *resource.Volume) { v.ContainerPath = path }))
	}
	for _, p := range []string{"data", "a/b", "./a", "a/../b", "..a"} {
		applied(t, total, at(p), framework("role"))
	}
	for _, p := range []string{"", "/", "/data", "..", "../x", "a/../../x"} {
		refused(t, reservation.ErrNotVolume, total, at(p), framework("role"), p)
	}
}

// docs/resource-model.md §6.4
func TestCreateNamesTheCallersPrincipal(t *testing.T) {
	total := parse("disk(role):10")
	v := volume(total, "v")
	c := by(framework("role"), "p")
	applied(t, total, create(withPrincipal(v, "p")), c)
	refused(t, reservation.ErrPrincipal, total, create(withPrincipal(v, "q")), c)
	refused(t, reservation.ErrPrincipal, total, create(v), c)
	applied(t, total, create(withPrincipal(v, "q")), framework("role"))
}

// docs/resource-model.md §6.4
func TestDestroyAsksForNoPrincipal(t *testing.T) {
	v := withPrincipal(volume(parse("disk(role):10"), "v"), "q")
	requireEqual(t, parse("disk(role):10"), applied(t, v, destroy(v), by(framework("role"), "p")))
}

// docs/resource-model.md §6.4
func TestVolumeIDsAreUniquePerOwner(t *testing.T) {
	total := parse("disk(a):100;disk(b):100;disk(a/c):100")
	v := func(text, id string) resource.Resources { return volume(parse(text), id) }
	withV := applied(t, total, create(v("disk(a):10", "v")), operator())
	refused(t, reservation.ErrDuplicateID, withV, create(v("disk(a):10", "v")), operator(), "among existing ones")
	refused(t, reservation.ErrDuplicateID, withV, create(v("disk(a):11", "v")), operator(), "whatever the size")
	refused(t, reservation.ErrDuplicateID, withV, create(shared(v("disk(a):10", "v"))), operator(), "shared or not")
	refused(t, reservation.ErrDuplicateID, total, create(sum(v("disk(a):10", "v"), v("disk(a):20", "v"))), operator(), "within the operation")
	applied(t, withV, create(sum(v("disk(b):10", "v"), v("disk(a/c):10", "v"))), operator())

	c := operator()
	c.Volumes = v("disk(a):5", "w")
	refused(t, reservation.ErrDuplicateID, total, create(v("disk(a):10", "w")), c, "elsewhere on the agent")
}

// docs/resource-model.md §6.4
func TestCreateRefusesTheSameSharedVolumeTwice(t *testing.T) {
	v := shared(volume(parse("disk(a):10"), "v"))
	refused(t, reservation.ErrDuplicateID, parse("disk(a):100"), create(sum(v, v)), operator())
}

// docs/resource-model.md §6.4
func TestCreateSharedNeedsACapableFramework(t *testing.T) {
	total := parse("disk(a):100")
	v := shared(volume(parse("disk(a):10"), "v"))
	c := framework("a")
	applied(t, total, create(v), c)
	c.SharedCapable = false
	refused(t, reservation.ErrShared, total, create(v), c)
	applied(t, total, create(v), operator())
}

// docs/resource-model.md §6.4
func TestDestroyWantsAnExistingVolume(t *testing.T) {
	v := volume(parse("disk(role):200"), "v")
	total := sum(v, parse("disk(role):10"))
	refused(t, reservation.ErrNotContained, total, destroy(volume(parse("disk(role):100"), "v")), framework("role"), "a part")
	refused(t, reservation.ErrNotContained, total, destroy(volume(parse("disk(role):200"), "w")), framework("role"), "another id")
	refused(t, reservation.ErrNotContained, total, destroy(sum(v, v)), framework("role"), "twice")
	refused(t, reservation.ErrNotVolume, total, destroy(parse("disk(role):10")), framework("role"))
	refused(t, reservation.ErrNotVolume, total, destroy(mounted(v, func(m *resource.Volume) { m.Mode = resource.ReadOnly })), framework("role"))
	refused(t, reservation.ErrNotContained, shared(v), destroy(v), framework("role"), "a shared one named as not shared")
	other := mounted(v, func(m *resource.Volume) { m.ContainerPath = "elsewhere" })
	requireEqual(t, parse("disk(role):210"), applied(t, total, destroy(other), framework("role")), "where it is mounted does not count")
}

// docs/resource-model.md §6.4
func TestDestroyRefusedWhileInUse(t *testing.T) {
	v := shared(volume(parse("disk(role):200"), "v"))
	refused(t, reservation.ErrInUse, v, destroy(v), busy(operator(), "role:v"))
	applied(t, v, destroy(v), busy(operator(), "role:w", "other:v"))
}

// docs/resource-model.md §6.4
func TestDestroyRefusedWhileCopiesRemain(t *testing.T) {
	v := shared(volume(parse("disk(role):200"), "v"))
	refused(t, reservation.ErrAdditionalCopies, sum(v, v), destroy(v), operator())
	refused(t, reservation.ErrAdditionalCopies, sum(v, v), destroy(sum(v, v)), operator())
	refused(t, reservation.ErrNotContained, v, destroy(sum(v, v)), operator(), "nor is one destroyed twice")
}

func grow(v, by resource.Resources) reservation.Op {
	return reservation.Resize{Volume: only(v), Grow: by}
}

func shrink(v resource.Resources, by resource.Scalar) reservation.Op {
	return reservation.Resize{Volume: only(v), Shrink: by}
}

// docs/resource-model.md §6.5
func TestGrowAndShrinkResults(t *testing.T) {
	v := volume(parse("disk(role):200"), "v")
	total := sum(parse("disk(role):800"), v)
	bigger, smaller := volume(parse("disk(role):250"), "v"), volume(parse("disk(role):150"), "v")
	for _, c := range []reservation.Context{framework("role"), operator(), by(framework("role"), "anybody")} {
		requireEqual(t, sum(parse("disk(role):750"), bigger), applied(t, total, grow(v, parse("disk(role):50")), c))
		requireEqual(t, sum(parse("disk(role):850"), smaller), applied(t, total, shrink(v, resource.Whole(50)), c))
	}
	onPath := func(text string) resource.Resources { return on(parse(text), resource.SourcePath, "/p") }
	total = sum(onPath("disk(role):50"), volume(onPath("disk(role):200"), "v"))
	requireEqual(t, volume(onPath("disk(role):250"), "v"),
		applied(t, total, grow(volume(onPath("disk(role):200"), "v"), onPath("disk(role):50")), framework("role")))
}

// docs/resource-model.md §6.5
func TestResizeAmounts(t *testing.T) {
	v := volume(parse("disk(role):200"), "v")
	total := sum(parse("disk(role):800"), v)
	for why, c := range map[string]struct {
		op   reservation.Op
		want error
	}{
		"shrink to nothing":     {shrink(v, resource.Whole(200)), reservation.ErrAmount},
		"shrink below nothing":  {shrink(v, resource.Whole(201)), reservation.ErrAmount},
		"shrink by a negative":  {shrink(v, -1), reservation.ErrAmount},
		"shrink by nothing":     {shrink(v, 0), reservation.ErrAmount},
		"grow by nothing":       {grow(v, parse("disk(role):0")), reservation.ErrAmount},
		"grow and shrink":       {reservation.Resize{Volume: only(v), Grow: parse("disk(role):1"), Shrink: 1}, reservation.ErrAmount},
		"grow by what is not":   {grow(v, parse("disk(role):801")), reservation.ErrNotContained},
		"resize what is not":    {shrink(volume(parse("disk(role):9"), "w"), 1), reservation.ErrNotContained},
		"resize a part of it":   {shrink(volume(parse("disk(role):100"), "v"), 1), reservation.ErrNotContained},
		"grow by another name":  {grow(v, parse("mem(role):1")), reservation.ErrIndivisible},
		"grow by several":       {grow(v, parse("disk(role):1;mem(role):1")), reservation.ErrIndivisible},
		"of another role":       {grow(v, parse("disk(other):1")), reservation.ErrIndivisible},
		"of another stack":      {grow(v, dyn(parse("disk:1"), "role", "")), reservation.ErrIndivisible},
		"of another disk":       {grow(v, on(parse("disk(role):1"), resource.SourcePath, "/p")), reservation.ErrIndivisible},
		"grow by a volume":      {grow(v, volume(parse("disk(role):1"), "w")), reservation.ErrIndivisible},
		"plain disk":            {shrink(parse("disk(role):800"), 1), reservation.ErrNotVolume},
		"the smallest is legal": {shrink(v, 1), nil},
	} {
		if c.want == nil {
			applied(t, total, c.op, framework("role"))
			continue
		}
		refused(t, c.want, total, c.op, framework("role"), why)
	}
}

// docs/resource-model.md §6.5
func TestResizeOnlyDivisibleDisk(t *testing.T) {
	for _, s := range []resource.SourceType{resource.SourceMount, resource.SourceBlock, resource.SourceRaw} {
		v := volume(on(parse("disk(role):200"), s, ""), "v")
		more := on(parse("disk(role):50"), s, "")
		want := reservation.ErrIndivisible
		if s != resource.SourceMount {
			want = resource.ErrDisk // such volumes are refused as they stand
		}
		refused(t, want, sum(v, more), shrink(v, resource.Whole(50)), framework("role"), "%s", s)
		refused(t, want, sum(v, more), grow(v, more), framework("role"), "%s", s)
	}
}

// docs/resource-model.md §6.5
func TestResizeNeverSharedInUseOrOfAnotherProvider(t *testing.T) {
	v := volume(parse("disk(role):200"), "v")
	more := parse("disk(role):50")
	s, p := shared(v), provider(v, "p")
	refused(t, reservation.ErrShared, sum(s, more), grow(s, more), framework("role"))
	refused(t, reservation.ErrShared, s, shrink(s, 1000), framework("role"))
	refused(t, reservation.ErrProvider, sum(p, provider(more, "p")), grow(p, provider(more, "p")), framework("role"))
	refused(t, reservation.ErrProvider, p, shrink(p, 1000), framework("role"))
	refused(t, reservation.ErrInUse, v, shrink(v, 1000), busy(operator(), "role:v"))
}

// docs/resource-model.md §6.5
func TestResizeResultIsOutOfReachOfLaterOperations(t *testing.T) {
	v := volume(parse("disk(role):200"), "v")
	smaller := volume(parse("disk(role):150"), "v")
	total := sum(v, parse("disk(role):10"))
	ops := []reservation.Op{
		shrink(v, resource.Whole(50)),
		shrink(smaller, resource.Whole(50)),
		create(volume(parse("disk(role):50"), "w")),
		create(volume(parse("disk(role):10"), "v")),
		destroy(smaller),
	}
	after, errs := reservation.ApplyAll(total, ops, framework("role"), reservation.SkipInvalid)
	requireEqual(t, sum(smaller, parse("disk(role):60")), after)
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], reservation.ErrNotContained)
	require.ErrorIs(t, errs[2], reservation.ErrNotContained, "nor the disk it freed")
	require.ErrorIs(t, errs[3], reservation.ErrDuplicateID, "yet the volume exists")
	require.ErrorIs(t, errs[4], reservation.ErrNotContained)
}
