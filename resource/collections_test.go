package resource_test

import (
	"cmp"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// docs/resource-model.md §4
// docs/resource-model.md §4.1
func TestCollectionInvariant(t *testing.T) {
	require.Equal(t, resource.Resources{}, resource.MustParse("cpus:0;ports:[]"))
	require.Equal(t, "cpus:3", collect(t, scalar("cpus", 1), scalar("cpus", 2), scalar("mem", 0)).String())
	_, err := resource.New(scalar("cpus", 1), scalar("", 1))
	require.ErrorIs(t, err, resource.ErrName, "nothing invalid is dropped silently")
	a, b := resource.MustParse("mem:1;cpus:2;ports:[1-2,3-4]"), resource.MustParse("ports:[1-4];cpus:1;cpus:1;mem:1")
	require.True(t, reflect.DeepEqual(a, b))
	require.False(t, reflect.DeepEqual(a, a.Add(b)))
	rest, err := a.Sub(resource.MustParse("cpus:2"))
	require.NoError(t, err)
	require.Equal(t, "mem:1; ports:[1-4]", rest.String(), "order does not depend on history")
}

// docs/resource-model.md §4.1
// docs/resource-model.md §8.1
func TestOrderIsNameOwnerKindText(t *testing.T) {
	rev := scalar("cpus", 1)
	rev.Revocable = true
	alloc := scalar("cpus", 1)
	alloc.AllocationRole = "z"
	foo, err := resource.NewSet("a")
	require.NoError(t, err)
	all := collect(t, scalar("x", 1), resource.Resource{Name: "x", Kind: resource.KindSet, Set: foo}, rev, alloc,
		scalar("cpus", 1, static("b")), scalar("cpus", 1, static("a"), dynamic("a/c")), scalar("cpus", 1), mount("/m", 9), mount("/m", 10), mount("/l", 5),
		onDisk(1, resource.DiskSource{Type: resource.SourcePath}), onDisk(1, resource.DiskSource{Type: resource.SourcePath, Root: "/p"}), scalar("disk", 1))
	require.Equal(t, "cpus(allocated: z):1; cpus:1; cpus{REV}:1; cpus(reservations: [(STATIC,a),(DYNAMIC,a/c)]):1; cpus(reservations: [(STATIC,b)]):1; "+
		"disk:1; disk[MOUNT:/l]:5; disk[MOUNT:/m]:10; disk[MOUNT:/m]:9; disk[PATH:/p]:1; disk[PATH]:1; x:1; x:{a}", all.String())
	require.Equal(t, []string{"cpus", "disk", "x"}, all.Names())
	require.Equal(t, map[string]resource.Kind{"cpus": resource.KindScalar, "disk": resource.KindScalar, "x": resource.KindScalar}, all.Kinds())
}

// docs/resource-model.md §4.1
func TestIterationYieldsCounts(t *testing.T) {
	v := volume("v", 64)
	v.Shared = true
	r := collect(t, v, v, scalar("cpus", 1))
	counts := map[string]int{}
	for e, n := range r.All() {
		counts[e.Name] = n
	}
	require.Equal(t, map[string]int{"cpus": 1, "disk": 2}, counts)
	for range r.All() {
		break
	}
	var items int
	for i := range r.Items() {
		require.Equal(t, counts[i.Name()], i.Count())
		require.Equal(t, i.Name() == "disk", i.IsShared())
		require.Equal(t, i.IsShared(), i.IsPersistentVolume())
		require.Equal(t, !i.IsShared(), i.IsDivisible())
		require.Equal(t, i.Resource().Owner(), i.Owner())
		require.Equal(t, i.Owner() != "", i.IsReserved())
		require.Equal(t, i.Resource().Quantity(), i.Quantity())
		require.Equal(t, i.Resource().Kind, i.Kind())
		require.False(t, i.IsRevocable())
		require.EqualValues(t, "", i.AllocationRole())
		require.Equal(t, i.IsShared(), i.VolumeID() == "v")
		require.Len(t, i.Reservations(), len(i.Resource().Reservations))
		items++
	}
	require.Equal(t, r.Len(), items)
	require.Equal(t, "disk", r.Item(1).Name())
}

// What the caller keeps of its arguments is not the collection's.
// docs/resource-model.md §4.1
func TestCollectionsCopyTheirArguments(t *testing.T) {
	v := volume("v", 64)
	v.Reservations[0].Labels = []resource.Label{{Key: "k", Value: ptr("1")}}
	r := collect(t, v)
	before := r.String()
	v.Reservations[0].Role, *v.Reservations[0].Labels[0].Value = "changed", "changed"
	v.Disk.Volume.ContainerPath, v.Disk.Persistence.ID = "changed", "changed"
	require.Equal(t, before, r.String())
	for e := range r.All() {
		c := e.Clone()
		c.Disk.Persistence.ID, c.Reservations[0].Role = "changed", "changed"
	}
	require.Equal(t, before, r.String())
}

// docs/resource-model.md §4.2
func TestAdd(t *testing.T) {
	require.Equal(t, "cpus(reservations: [(STATIC,r1)]):6; cpus(reservations: [(STATIC,r2)]):3",
		resource.MustParse("cpus(r1):1;cpus(r2):3").Add(resource.MustParse("cpus(r1):5")).String())
	rev := scalar("cpus", 1)
	rev.Revocable = true
	require.Equal(t, 2, collect(t, rev).Add(resource.MustParse("cpus:1")).Len())
	same := resource.MustParse("ports:[1-5]")
	require.Equal(t, same, same.Add(same))
}

// docs/resource-model.md §4.2
func TestSub(t *testing.T) {
	for _, c := range [][3]string{
		{"cpus:5", "cpus:7", "{}"}, {"cpus:5", "mem:1", "cpus:5"}, {"ports:[1-10]", "ports:[5-20]", "ports:[1-4]"}, {"z:{a,b}", "z:{b,c}", "z:{a}"},
	} {
		a, b := resource.MustParse(c[0]), resource.MustParse(c[1])
		require.Equal(t, c[2], a.SubSaturating(b).String())
		got, err := a.Sub(b)
		require.ErrorIs(t, err, resource.ErrNotContained)
		require.True(t, got.IsEmpty())
	}
	got, err := resource.MustParse("cpus:5;mem:1").Sub(resource.MustParse("cpus:5"))
	require.NoError(t, err)
	require.Equal(t, "mem:1", got.String())
}

// docs/resource-model.md §4.2
func TestContainsSpendsEveryMatch(t *testing.T) {
	one := collect(t, mount("/m", 10))
	two := one.Add(one)
	require.False(t, one.Contains(two))
	require.False(t, one.Equal(two))
	require.True(t, two.Contains(one))
	require.True(t, resource.MustParse("cpus:4").Contains(resource.MustParse("cpus:1")))
	both := collect(t, mount("/m", 10), mount("/m", 20))
	require.True(t, both.Contains(collect(t, mount("/m", 20))))
	require.False(t, both.Contains(two))
	rest, err := both.Sub(collect(t, mount("/m", 20)))
	require.NoError(t, err)
	require.Equal(t, one, rest)
}

// docs/resource-model.md §4.2
func TestContainsResource(t *testing.T) {
	r := resource.MustParse("cpus:4;ports:[1-5]")
	require.True(t, r.ContainsResource(scalar("cpus", 4)))
	require.False(t, r.ContainsResource(scalar("cpus", 5)))
	require.False(t, r.ContainsResource(resource.Resource{Name: "cpus", Scalar: -1}), "an invalid one")
	require.True(t, resource.Resources{}.ContainsResource(scalar("cpus", 0)), "an empty one")
}

// docs/resource-model.md §4.2
func TestEqualCountsSharedCopies(t *testing.T) {
	v := volume("v", 64)
	v.Shared = true
	one, two := collect(t, v), collect(t, v, v)
	require.False(t, one.Equal(two))
	require.True(t, two.Contains(one))
	require.False(t, one.Contains(two))
	require.True(t, one.SubSaturating(two).IsEmpty())
	rest, err := two.Sub(one)
	require.NoError(t, err)
	require.Equal(t, one, rest)
	w := volume("v", 32)
	w.Shared = true
	require.Equal(t, 2, one.Add(collect(t, w)).Len(), "another size is another entry")
}

// docs/resource-model.md §4.3
func TestFilterByReservation(t *testing.T) {
	r := resource.MustParse("cpus:1;cpus(a):2;cpus(a/b):3;cpus(a/bx):4;cpus(a/bx/c):5")
	for n, want := range map[role.Name]resource.Scalar{
		"a/bx": 1 + 2 + 4, "*": 1, "a/bx/c": 1 + 2 + 4 + 5, "a": 1 + 2, "z": 1, "a/b": 1 + 2 + 3,
	} {
		got, _ := r.AllocatableTo(n).Scalar("cpus")
		require.Equal(t, want*1000, got, "%s", n)
	}
	require.Equal(t, resource.MustParse("cpus:1"), r.Unreserved())
	require.Equal(t, 4, r.Reserved().Len())
	require.Equal(t, resource.MustParse("cpus(a):2"), r.ReservedTo("a"))
	require.True(t, r.ReservedTo("*").IsEmpty())
	require.True(t, r.ReservedTo("").IsEmpty())
	require.Equal(t, resource.MustParse("cpus(a/bx):4;cpus(a/bx/c):5"), r.ReservedToSubtree("a/bx"))
	require.Equal(t, r.Reserved(), r.ReservedToSubtree("a"))
}

// docs/resource-model.md §4.3
func TestReservableTo(t *testing.T) {
	rev := scalar("mem", 1)
	rev.Revocable = true
	r := resource.MustParse("cpus:1;cpus(a):2;cpus(a/b):3;cpus(c):4").Add(collect(t, rev, volume("v", 8)))
	got := r.ReservableTo("a/b")
	require.Equal(t, resource.MustParse("cpus:1;cpus(a):2"), got)
	_, err := got.PushReservation(dynamic("a/b"))
	require.NoError(t, err)
	require.True(t, r.ReservableTo("*").IsEmpty())
}

// docs/resource-model.md §4.3
func TestFilterByKindAndTag(t *testing.T) {
	v := volume("v", 64)
	s := volume("s", 32)
	s.Shared = true
	rev := scalar("cpus", 2)
	rev.Revocable = true
	r := collect(t, v, s, s, rev).Add(resource.MustParse("cpus:1;ports:[1-2];z:{a}"))
	require.Equal(t, collect(t, rev), r.Revocable())
	require.Equal(t, 5, r.NonRevocable().Len())
	require.Equal(t, collect(t, s, s), r.Shared(), "counts are kept")
	require.Equal(t, 5, r.NonShared().Len())
	require.Equal(t, collect(t, v, s, s), r.PersistentVolumes())
	require.Equal(t, collect(t, v, s, s, rev, scalar("cpus", 1)), r.Scalars())
	require.Equal(t, collect(t, rev, scalar("cpus", 1)), r.Named("cpus"))
	require.Equal(t, r, r.Filter(func(resource.Resource) bool { return true }))
	require.Equal(t, r.Shared(), r.Filter(func(r resource.Resource) bool { return r.Shared }))
	require.Equal(t, resource.Resources{}, r.Filter(func(resource.Resource) bool { return false }))
}

// docs/resource-model.md §4.3
func TestReservationsAndAllocations(t *testing.T) {
	r := resource.MustParse("cpus:1;cpus(a):2;mem(a):3;mem(b):4")
	require.Equal(t, map[role.Name]resource.Resources{"a": resource.MustParse("cpus(a):2;mem(a):3"), "b": resource.MustParse("mem(b):4")}, r.Reservations())
	_, err := r.Allocations()
	require.ErrorIs(t, err, resource.ErrNotAllocated)
	x, y := r.Allocate("x"), resource.MustParse("mem:1").Allocate("y")
	got, err := x.Add(y).Allocations()
	require.NoError(t, err)
	require.Equal(t, map[role.Name]resource.Resources{"x": x, "y": y}, got)
	require.Equal(t, y, x.Add(y).AllocatedToSubtree("y"))
}

// docs/resource-model.md §4.3
// docs/resource-model.md §8.1
func TestCount(t *testing.T) {
	r := resource.MustParse("cpus:2").Add(collect(t, mount("/m", 1), mount("/m", 1)))
	require.Equal(t, 1, r.Count(scalar("cpus", 2)))
	require.Equal(t, 0, r.Count(scalar("cpus", 1)))
	require.Equal(t, 2, r.Count(mount("/m", 1)))
	v := volume("v", 64)
	v.Shared = true
	require.Equal(t, 3, collect(t, v, v, v).Count(v))
}

// docs/resource-model.md §4.3
func TestTypedTotals(t *testing.T) {
	v := volume("v", 64)
	v.Shared = true
	r := collect(t, v, v, v).Add(resource.MustParse("disk:10;cpus:1;cpus(a):2;ports:[1-2];ports(a):[2-5];z:{a};z(a):{b}"))
	n, ok := r.Scalar("disk")
	require.True(t, ok)
	require.Equal(t, resource.Whole(74), n, "shared once")
	n, _ = r.Scalar("cpus")
	require.Equal(t, resource.Whole(3), n)
	ports, ok := r.Ranges("ports")
	require.True(t, ok)
	require.Equal(t, "[1-5]", ports.String())
	zones, ok := r.Set("z")
	require.True(t, ok)
	require.Equal(t, "{a, b}", zones.String())
	_, ok = r.Scalar("mem")
	require.False(t, ok)
	_, ok = r.Scalar("ports")
	require.False(t, ok)
	_, ok = r.Ranges("cpus")
	require.False(t, ok)
	_, ok = r.Set("cpus")
	require.False(t, ok)
}

// docs/resource-model.md §4.4
func TestPushAndPop(t *testing.T) {
	r := resource.MustParse("cpus:1;cpus(a):2")
	_, err := r.PushReservation(static("b"))
	require.ErrorIs(t, err, resource.ErrReservation)
	pushed, err := r.Unreserved().PushReservation(static("b"))
	require.NoError(t, err)
	require.Equal(t, resource.MustParse("cpus(b):1"), pushed)
	refined, err := resource.MustParse("cpus(a):2").PushReservation(dynamic("a/b"))
	require.NoError(t, err)
	popped, err := refined.PopReservation()
	require.NoError(t, err)
	require.Equal(t, resource.MustParse("cpus(a):2"), popped)
	_, err = r.PopReservation()
	require.ErrorIs(t, err, resource.ErrNotReserved)
	merged, err := resource.MustParse("cpus(a):2;cpus(b):3").PopReservation()
	require.NoError(t, err)
	require.Equal(t, resource.MustParse("cpus:5"), merged)
}

// docs/resource-model.md §4.4
func TestToUnreservedKeepsTheRest(t *testing.T) {
	require.Equal(t, "cpus:3; mem:5", resource.MustParse("cpus(r1):1;cpus(r2):2;mem(r1):5").ToUnreserved().String())
	v := volume("v", 64)
	v.Shared, v.AllocationRole = true, "x"
	require.Equal(t, "disk(allocated: x)[v:data]<SHARED>:64<2>", collect(t, v, v).ToUnreserved().String())
}

// docs/resource-model.md §4.4
func TestAllocateMerges(t *testing.T) {
	r := resource.MustParse("cpus:1").Allocate("a").Add(resource.MustParse("cpus:1").Allocate("b"))
	require.Equal(t, 2, r.Len())
	require.True(t, r.Unallocate().Contains(resource.MustParse("cpus:2")))
	require.Equal(t, "cpus(allocated: c):2", r.Allocate("c").String())
	require.Equal(t, resource.MustParse("cpus:2"), r.Allocate(""))
}

// docs/resource-model.md §4.4
func TestReservationAncestor(t *testing.T) {
	b, c := collect(t, scalar("cpus", 2, static("a"), dynamic("a/b"))), collect(t, scalar("cpus", 2, static("a"), dynamic("a/c")))
	got, err := resource.ReservationAncestor(b, c)
	require.NoError(t, err)
	require.Equal(t, []resource.Reservation{static("a")}, got)
	got, err = resource.ReservationAncestor(b, resource.MustParse("cpus:2"))
	require.NoError(t, err)
	require.Nil(t, got)
	_, err = resource.ReservationAncestor(b, resource.MustParse("cpus:3"))
	require.ErrorIs(t, err, resource.ErrReservation)
	_, err = resource.ReservationAncestor(resource.MustParse("cpus(a):1;mem(b):1"), resource.MustParse("cpus:1;mem:1"))
	require.ErrorIs(t, err, resource.ErrReservation)
}

// docs/resource-model.md §4.4
func TestStrip(t *testing.T) {
	v := volume("v", 64)
	v.Shared = true
	r := collect(t, v, v).Add(resource.MustParse("cpus:1;cpus(a):2;ports:[1-2];x:3"))
	require.Equal(t, resource.MustParse("cpus:3;disk:64;x:3"), r.Strip())
}

// docs/resource-model.md §4.4
func TestFind(t *testing.T) {
	have := resource.MustParse("cpus(role1):2;mem(role1):10;cpus:4;mem:20")
	got, ok := have.Find(resource.MustParse("cpus(role1):3;mem(role1):15"))
	require.True(t, ok)
	require.Equal(t, resource.MustParse("cpus(role1):2;mem(role1):10;cpus:1;mem:5"), got)
	_, ok = have.Find(resource.MustParse("cpus:7"))
	require.False(t, ok, "more than there is")
	spread := resource.MustParse("cpus(r1):1;cpus(r2):1;cpus(r3):1")
	got, ok = spread.Find(resource.MustParse("cpus:3"))
	require.True(t, ok, "a stage goes on after one entry")
	require.Equal(t, spread, got)
	_, ok = resource.MustParse("cpus(a):2.5").Find(resource.MustParse("cpus(a):2;cpus(b):2.5"))
	require.False(t, ok, "later targets have what is left")
	got, ok = resource.MustParse("ports(a):[1-5];ports:[4-9]").Find(resource.MustParse("ports(a):[3-7]"))
	require.True(t, ok)
	require.Equal(t, resource.MustParse("ports(a):[3-5];ports:[6-7]"), got)
	_, ok = collect(t, mount("/m", 9)).Find(collect(t, mount("/m", 3)))
	require.False(t, ok, "indivisible ones only whole")
	v := volume("v", 64)
	v.Shared = true
	got, ok = collect(t, v, v, v).Find(collect(t, v, v))
	require.True(t, ok)
	require.Equal(t, collect(t, v, v), got)
	got, ok = have.Find(resource.Resources{})
	require.True(t, ok)
	require.True(t, got.IsEmpty())
}

// docs/resource-model.md §4.4
func TestShrink(t *testing.T) {
	r := resource.MustParse("cpus:4;cpus(a):2;mem:10;ports:[1-5]").Add(collect(t, mount("/m", 8), mount("/n", 5)))
	q := mustQuantities(t, "cpus:5;disk:6;ports:9")
	require.Equal(t, "cpus:4; cpus(reservations: [(STATIC,a)]):1; disk[MOUNT:/n]:5; ports:[1-5]", r.ShrinkTo(q, nil).String())
	l := mustLimits(t, "cpus:5;disk:6;ports:3")
	require.Equal(t, "cpus:4; cpus(reservations: [(STATIC,a)]):1; disk[MOUNT:/n]:5; mem:10", r.ShrinkToLimits(l, nil).String())
	require.Equal(t, resource.MustParse("cpus:3;cpus(a):2"), resource.MustParse("cpus:4;cpus(a):2").ShrinkTo(mustQuantities(t, "cpus:5"), func(a, b resource.Resource) int {
		return cmp.Compare(b.Owner(), a.Owner())
	}))
	require.True(t, r.ShrinkTo(resource.Quantities{}, nil).IsEmpty())
	require.Equal(t, r, r.ShrinkToLimits(resource.Limits{}, nil))
	require.True(t, resource.MustParse("cpus:1").ShrinkToLimits(mustLimits(t, "cpus:0"), nil).IsEmpty())
	v := volume("v", 64)
	v.Shared = true
	require.Equal(t, collect(t, v, v), collect(t, v, v).ShrinkTo(mustQuantities(t, "disk:64"), nil), "a shared volume counts once")
}

// docs/resource-model.md §4.5
func TestQuantitiesText(t *testing.T) {
	for text, want := range map[string]string{
		"": "{}", "cpus:0": "{}", "cpus:0.0004": "{}", "cpus:1;cpus:2": "cpus:3", "mem:1024 ; cpus: 1": "cpus:1; mem:1024", "c p:1": "c p:1", ";": "{}",
	} {
		require.Equal(t, want, mustQuantities(t, text).String(), "%q", text)
	}
	for text, want := range map[string]error{
		"cpus:-1": resource.ErrNegative, "cpus:x": resource.ErrNotNumber, "cpus": resource.ErrSyntax, "cpus:1:2": resource.ErrSyntax, "cpus::1": resource.ErrSyntax,
		":1": resource.ErrName, "cpus(r):1": resource.ErrName, "cpus:": resource.ErrSyntax, "cpus:1e19": resource.ErrTooLarge, "cpus:[1-2]": resource.ErrNotNumber,
	} {
		for _, parse := range []func(string) error{
			func(s string) error { _, err := resource.ParseQuantities(s); return err },
			func(s string) error { _, err := resource.ParseLimits(s); return err },
		} {
			require.ErrorIs(t, parse("mem:1;"+text), want, "%q", text)
			requireParseError(t, "mem:1;"+text, parse("mem:1;"+text))
		}
	}
}

// docs/resource-model.md §4.5
func TestLimitsText(t *testing.T) {
	require.Equal(t, "cpus:0; mem:1", mustLimits(t, "mem:1;cpus:0").String())
	_, err := resource.ParseLimits("cpus:1;cpus:1")
	require.ErrorIs(t, err, resource.ErrDuplicateKey)
	_, err = resource.ParseLimits("cpus:0.0004")
	require.ErrorIs(t, err, resource.ErrTooSmall)
	_, err = resource.NewLimits(resource.Quantity{Name: "cpus"}, resource.Quantity{Name: "cpus"})
	require.ErrorIs(t, err, resource.ErrDuplicateKey)
	_, err = resource.NewLimits(resource.Quantity{Name: "cpus", Amount: -1})
	require.ErrorIs(t, err, resource.ErrNegative)
	_, err = resource.NewQuantities(resource.Quantity{Name: "a(b)"})
	require.ErrorIs(t, err, resource.ErrName)
}

// docs/resource-model.md §4.5
func TestQuantitiesAndLimitsArithmetic(t *testing.T) {
	require.Equal(t, "cpus:0; mem:5", mustLimits(t, "cpus:2;mem:5").Sub(mustQuantities(t, "cpus:3;disk:1")).String())
	require.Equal(t, "mem:5", mustQuantities(t, "cpus:2;mem:5").Sub(mustQuantities(t, "cpus:3;disk:1")).String())
	require.True(t, resource.Limits{}.Contains(mustLimits(t, "cpus:1")))
	require.False(t, mustLimits(t, "cpus:1").Contains(mustLimits(t, "mem:1")))
	require.True(t, mustLimits(t, "cpus:1").Contains(mustLimits(t, "cpus:1;mem:1")))
	require.False(t, mustLimits(t, "cpus:1").Contains(mustLimits(t, "cpus:2")))
	require.True(t, mustLimits(t, "cpus:1").ContainsQuantities(mustQuantities(t, "mem:9")))
	require.False(t, mustLimits(t, "cpus:1").ContainsQuantities(mustQuantities(t, "cpus:1.001")))
	require.True(t, mustQuantities(t, "cpus:1").Contains(resource.Quantities{}))
	require.False(t, resource.Quantities{}.Contains(mustQuantities(t, "cpus:1")))
	n, ok := mustLimits(t, "cpus:0").Get("cpus")
	require.True(t, ok)
	require.Zero(t, n)
	_, ok = mustLimits(t, "cpus:0").Get("mem")
	require.False(t, ok)
}

// docs/resource-model.md §4.5
func TestQuantitiesOfResources(t *testing.T) {
	r := resource.MustParse("cpus:1;ports:[5000-6000];zones:{a,b}")
	require.Equal(t, "cpus:1; ports:1001; zones:2", r.Quantities().String())
	require.Equal(t, "cpus:1", r.ScalarQuantities().String())
	require.True(t, resource.MustParse("cpus(role1):2;cpus:1").ContainsQuantities(mustQuantities(t, "cpus:3")))
	require.False(t, r.ContainsQuantities(mustQuantities(t, "ports:1002")))
	require.False(t, r.ContainsQuantities(mustQuantities(t, "a:1")))
	a, b := resource.MustParse("ports:[1-5]"), resource.MustParse("ports:[5-9]")
	require.NotEqual(t, a.Quantities().Add(b.Quantities()), a.Add(b).Quantities(), "they overlap")
	exact, err := resource.Parse("x:129.15285;x(r):141.01", resource.ForeignNames())
	require.NoError(t, err)
	require.True(t, exact.ContainsQuantities(exact.Quantities()))
}

// docs/resource-model.md §4.5
func TestQuantitiesEncodings(t *testing.T) {
	q, l := mustQuantities(t, "mem:1024;cpus:1.5"), mustLimits(t, "mem:1024;cpus:0")
	b, err := json.Marshal(q)
	require.NoError(t, err)
	require.Equal(t, `{"cpus":{"value":1.5},"mem":{"value":1024}}`, string(b))
	var q2 resource.Quantities
	require.NoError(t, json.Unmarshal([]byte(`{"mem":1024,"cpus":{"value":9},"cpus":{"value":"1.5"},"disk":0,"x":null}`), &q2))
	require.Equal(t, q, q2, "the last of duplicate names wins")
	b, err = json.Marshal(l)
	require.NoError(t, err)
	require.Equal(t, `{"cpus":{"value":0},"mem":{"value":1024}}`, string(b))
	var l2 resource.Limits
	require.NoError(t, json.Unmarshal(b, &l2))
	require.Equal(t, l, l2)
	require.ErrorIs(t, l2.UnmarshalJSON([]byte(`{"cpus":0.0004}`)), resource.ErrTooSmall)
	require.ErrorIs(t, q2.UnmarshalJSON([]byte(`{"cpus":-1}`)), resource.ErrNegative)
	require.ErrorIs(t, q2.UnmarshalJSON([]byte(`{" cpus":1}`)), resource.ErrName)
	require.Equal(t, q, q2, "unchanged")
	text, err := l.MarshalText()
	require.NoError(t, err)
	require.NoError(t, l2.UnmarshalText(text))
	require.Equal(t, l, l2)
	text, err = q.MarshalText()
	require.NoError(t, err)
	require.NoError(t, q2.UnmarshalText(text))
	require.Equal(t, q, q2)
	odd, err := resource.NewQuantities(resource.Quantity{Name: "a:b", Amount: 1})
	require.NoError(t, err)
	_, err = odd.MarshalText()
	require.ErrorIs(t, err, resource.ErrNotFlagText)
	require.ErrorContains(t, q2.UnmarshalJSON([]byte(`{"":1}`)), "the name is empty")
	require.ErrorContains(t, l2.UnmarshalJSON([]byte(`{"a\u0001":1}`)), "holds a control byte")
}

// Colons and parentheses in names are in the way of the text form only.
// docs/resource-model.md §4.5
func TestQuantitiesJSONTakesWhatResourcesHave(t *testing.T) {
	for _, name := range []string{"a:b", "a;b", "a(b)", ")", "[x]", "é"} {
		q := collect(t, scalar(name, 2)).Quantities()
		b, err := json.Marshal(q)
		require.NoError(t, err)
		var back resource.Quantities
		require.NoError(t, json.Unmarshal(b, &back), name)
		require.Equal(t, q, back)
		var limits resource.Limits
		require.NoError(t, json.Unmarshal(b, &limits), name)
		ceiling, ok := limits.Get(name)
		require.True(t, ok)
		require.Equal(t, resource.Whole(2), ceiling)
		if !strings.ContainsAny(name, ":;()") {
			continue
		}
		_, err = limits.MarshalText()
		require.ErrorIs(t, err, resource.ErrNotFlagText, name)
		_, err = resource.ParseLimits(name + ":2")
		require.Error(t, err, name)
	}
}

// docs/resource-model.md §4.6
func TestDiagnosticForm(t *testing.T) {
	hdfs := dynamic("alice/refined")
	hdfs.Principal, hdfs.Labels = ptr("hdfs-p"), []resource.Label{{Key: "foo"}, {Key: "foo", Value: ptr("bar")}}
	m := mount("/mnt1", 1)
	m.Disk.Persistence, m.Disk.Volume = &resource.Persistence{ID: "hadoop"}, &resource.Volume{ContainerPath: "/data", Mode: resource.ReadWrite}
	m.AllocationRole, m.Revocable, m.Reservations = "x", true, []resource.Reservation{static("alice"), hdfs}
	require.Equal(t, "disk(allocated: x)(reservations: [(STATIC,alice),(DYNAMIC,alice/refined,hdfs-p,{foo: bar, foo})])[MOUNT:/mnt1,hadoop:/data]{REV}:1", m.String())
	v := volume("id1", 64)
	v.Shared, v.Reservations, v.Disk.Volume.ContainerPath = true, []resource.Reservation{static("role1")}, "path1"
	require.Equal(t, "disk(reservations: [(STATIC,role1)])[id1:path1]<SHARED>:64<2>", collect(t, v, v).String())
	v.Shared, v.Disk.Volume.HostPath = false, "/host"
	require.Equal(t, "disk(reservations: [(STATIC,role1)])[id1:/host:path1:rw]:64", v.String())
	csi := onDisk(1, resource.DiskSource{Type: resource.SourceRaw, Profile: "fast", Vendor: "v"})
	require.Equal(t, "disk[RAW(v,,fast)]:1", csi.String())
	require.Equal(t, "disk[BLOCK]:1", onDisk(1, resource.DiskSource{Type: resource.SourceBlock}).String())
	require.Equal(t, "{}", resource.Resources{}.String())
	require.Equal(t, "cpus:1; ports:[1-1]; z:{a, b}", resource.MustParse("z:{b,a};ports:[1-1];cpus:1").String())
	require.Equal(t, "resource.Resources(cpus:1)", resource.MustParse("cpus:1").GoString())
}

// docs/resource-model.md §4.6
func TestFlagText(t *testing.T) {
	r := resource.MustParse("cpus:1.5;ports(r):[1-2,5-6];z:{b,a}")
	text, err := r.FlagText()
	require.NoError(t, err)
	require.Equal(t, "cpus:1.5;ports(r):[1-2, 5-6];z:{a, b}", text)
	member, err := resource.NewSet("a b")
	require.NoError(t, err)
	principal := static("r")
	principal.Principal = ptr("p")
	alloc, rev, provided := scalar("cpus", 1), scalar("cpus", 1), scalar("cpus", 1)
	alloc.AllocationRole, rev.Revocable, provided.ProviderID = "a", true, "p"
	for what, r := range map[string]resource.Resource{
		"dynamic": scalar("cpus", 1, dynamic("r")), "refined": scalar("cpus", 1, static("r"), dynamic("r/s")), "principal": scalar("cpus", 1, principal),
		"allocated": alloc, "revocable": rev, "provider": provided, "disk": mount("/m", 1),
		"name": scalar("a:b", 1), "parenthesis": scalar("a(b", 1), "role": scalar("a", 1, static("a(b)")), "semicolon": scalar("a", 1, static("a;b")),
		"member": {Name: "z", Kind: resource.KindSet, Set: member},
	} {
		_, err := collect(t, r).FlagText()
		require.ErrorIs(t, err, resource.ErrNotFlagText, what)
	}
	b, err := r.MarshalText()
	require.NoError(t, err)
	var again resource.Resources
	require.NoError(t, again.UnmarshalText(b))
	require.Equal(t, r, again)
	require.Error(t, again.UnmarshalText([]byte("x")))
	require.Equal(t, r, again)
}

// docs/resource-model.md §7
func TestSharedCounts(t *testing.T) {
	v, w := volume("v", 64), volume("w", 32)
	v.Shared, w.Shared = true, true
	one, two := collect(t, v), collect(t, v, v)
	require.Equal(t, two, one.Add(one))
	rest, err := two.Sub(one)
	require.NoError(t, err)
	require.Equal(t, one, rest)
	require.True(t, one.SubSaturating(two).IsEmpty())
	r1, r2 := collect(t, v, v, v), collect(t, v, w)
	require.Equal(t, r2, r1.Add(r2).SubSaturating(r1))
	require.Equal(t, "disk:64", two.Quantities().String())
	plain := collect(t, volume("v", 64))
	require.Equal(t, 2, one.Add(plain).Len(), "a non-shared one is another entry")
}

// Twins that differ only in fields that do not count come in one order too.
// docs/resource-model.md §4.1
func TestOrderOfTwins(t *testing.T) {
	a, b, c := volume("v", 64), volume("v", 64), volume("v", 64)
	b.Disk.Volume.ContainerPath = "elsewhere"
	c.Disk.Persistence.Principal = ptr("p")
	want := collect(t, a, b, c)
	require.Equal(t, 3, want.Len())
	for _, order := range [][]resource.Resource{{a, c, b}, {b, a, c}, {b, c, a}, {c, a, b}, {c, b, a}} {
		require.Equal(t, want, collect(t, order...))
		require.Equal(t, want, collect(t, order[0]).Add(collect(t, order[1])).Add(collect(t, order[2])))
	}
}

// Whatever shares memory with what a Sum holds already, shared copies count and indivisible ones stay apart.
// docs/resource-model.md §4.2
func TestSumOfItself(t *testing.T) {
	v := volume("v", 64)
	v.Shared = true
	r := collect(t, v, mount("/m", 9)).Add(resource.MustParse("cpus:1;ports:[1-2]"))
	var sum resource.Sum
	sum.Add(r)
	sum.Add(r)
	require.Equal(t, r.Add(r), sum.Resources())
	require.ErrorIs(t, sum.Sub(r.Add(r).Add(r)), resource.ErrNotContained)
	rest := r.Add(r).SubSaturating(r)
	require.NoError(t, sum.Sub(r))
	require.Equal(t, rest, sum.Resources())
	sum.Reset()
	require.Equal(t, resource.Resources{}, sum.Resources())
	sum.Add(r)
	require.Equal(t, r, sum.View())
}

// docs/resource-model.md §4.5
func TestContainsQuantitiesToTheThousandth(t *testing.T) {
	r := resource.MustParse("cpus:2;cpus(a):0.999")
	require.True(t, r.ContainsQuantities(mustQuantities(t, "cpus:2.999")))
	require.False(t, r.ContainsQuantities(mustQuantities(t, "cpus:3")))
}

// A sum above MaxScalar cannot be stated.
// docs/resource-model.md §4.6
func TestFlagTextOfLargeSums(t *testing.T) {
	most := collect(t, resource.Resource{Name: "cpus", Scalar: resource.MaxScalar})
	_, err := most.FlagText()
	require.NoError(t, err)
	_, err = most.Add(resource.MustParse("cpus:0.001")).FlagText()
	require.ErrorIs(t, err, resource.ErrNotFlagText)
}
