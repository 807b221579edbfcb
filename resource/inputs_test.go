package resource_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/resource/resourcetest"
)

// rangesOf is a ranges resource of the given intervals.
func rangesOf(t *testing.T, name string, rs ...resource.Range) resource.Resource {
	t.Helper()
	r, err := resource.NewRanges(rs...)
	require.NoError(t, err)
	return resource.Resource{Name: name, Kind: resource.KindRanges, Ranges: r}
}

// members is a set resource.
func members(t *testing.T, name string, items ...string) resource.Resource {
	t.Helper()
	s, err := resource.NewSet(items...)
	require.NoError(t, err)
	return resource.Resource{Name: name, Kind: resource.KindSet, Set: s}
}

// What JSON cannot carry does not get into a collection, or it would be read back as something else.
// docs/resource-model.md §2.3
// docs/resource-model.md §3.6
func TestSetMembersAreUTF8(t *testing.T) {
	bad := members(t, "zones", "a", "\xff")
	require.ErrorIs(t, bad.Validate(), resource.ErrSyntax)
	_, err := resource.New(bad)
	require.ErrorIs(t, err, resource.ErrSyntax)
	_, err = resource.Build([]resource.Option{resource.ForeignNames()}, bad)
	require.ErrorIs(t, err, resource.ErrSyntax)
	require.False(t, collect(t, members(t, "zones", "a")).ContainsResource(bad))
}

// enormous holds sums beyond what may be stated at once: of a scalar, of ranges, and a set beside them.
func enormous(t *testing.T) resource.Resources {
	low := collect(t, rangesOf(t, "x", resource.Range{Begin: 0, End: 4_000_000_000_000}))
	high := collect(t, rangesOf(t, "x", resource.Range{Begin: 5_000_000_000_000, End: 9_000_000_000_000}))
	return resource.MustParse("mem:4398046511103;mem:4398046511103;zones:{a,b,c}").Add(low).Add(high)
}

// docs/resource-model.md §1.1
// docs/resource-model.md §1.2
// docs/resource-model.md §4.2
func TestSumsBeyondTheBoundOnInputs(t *testing.T) {
	all := enormous(t)
	var again resource.Resources
	for e := range all.All() {
		require.True(t, all.ContainsResource(e), "%s", e)
		if e.Name != "zones" {
			_, err := resource.New(e)
			require.ErrorIs(t, err, resource.ErrTooLarge, "%s", e)
		}
	}
	for i := range all.Items() {
		again = again.Add(i.Resources())
	}
	require.Equal(t, all, again)
	wrong := scalar("mem", 1)
	wrong.Scalar = -1
	require.False(t, all.ContainsResource(wrong), "only the upper bound is left out")
}

// docs/resource-model.md §4.1
func TestItemResourcesKeepsTheEntry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := resourcetest.Resources().Draw(t, "r")
		var all resource.Resources
		for i := range r.Items() {
			one := i.Resources()
			require.Equal(t, i.Count(), one.Item(0).Count())
			all = all.Add(one)
		}
		require.Equal(t, r, all)
	})
}

// docs/resource-model.md §1.2
func TestItemFirst(t *testing.T) {
	r := resource.MustParse("cpus:4;ports:[1-3,10-11,20-20];zones:{a,b,c}")
	first := func(n uint64) string {
		var all resource.Resources
		for i := range r.Items() {
			all = all.Add(i.First(n))
		}
		return all.String()
	}
	for n, want := range map[uint64]string{
		0: "{}", 1: "ports:[1-1]; zones:{a}", 3: "ports:[1-3]; zones:{a, b, c}", 4: "ports:[1-3, 10-10]; zones:{a, b, c}",
		5: "ports:[1-3, 10-11]; zones:{a, b, c}", 6: "ports:[1-3, 10-11, 20-20]; zones:{a, b, c}", math.MaxUint64: "ports:[1-3, 10-11, 20-20]; zones:{a, b, c}",
	} {
		require.Equal(t, want, first(n), "%d", n)
	}
	mount := rangesOf(t, "disk", resource.Range{Begin: 1, End: 3})
	mount.Disk = &resource.Disk{Source: &resource.DiskSource{Type: resource.SourceMount, Root: "/m"}}
	whole, err := resource.Build([]resource.Option{resource.ForeignNames()}, mount)
	require.NoError(t, err)
	require.True(t, whole.Item(0).First(2).IsEmpty(), "all or nothing")
	require.Equal(t, whole, whole.Item(0).First(3))
	require.Equal(t, uint64(3), whole.Item(0).Members())
	require.Zero(t, r.Item(0).Members())

	all := enormous(t)
	require.Equal(t, "x:[0-4000000000000, 5000000000000-8999999999999]", all.Item(1).First(8_000_000_000_001).String())
	require.Equal(t, "x:[0-65535]", all.Item(1).First(1<<16).String())
	require.True(t, all.Item(1).First(1<<16).Equal(collect(t, rangesOf(t, "x", resource.Range{Begin: 0, End: 1<<16 - 1}))))
}

// docs/resource-model.md §1.2
func TestRangesAreBoundedOnEveryWayIn(t *testing.T) {
	full, err := resource.NewRanges(resource.Range{Begin: 0, End: 4_398_046_511_102})
	require.NoError(t, err)
	one, err := resource.NewRanges(resource.Range{Begin: 4_398_046_511_103, End: 4_398_046_511_103})
	require.NoError(t, err)
	r := resource.Resource{Name: "x", Kind: resource.KindRanges, Ranges: full}
	a := resource.Attribute{Name: "x", Kind: resource.KindRanges, Ranges: full}
	require.NoError(t, r.Validate())
	_, err = resource.NewAttributes(a)
	require.NoError(t, err)

	r.Ranges, a.Ranges = full.Add(one), full.Add(one)
	require.ErrorIs(t, r.Validate(), resource.ErrTooLarge)
	_, err = resource.New(r)
	require.ErrorIs(t, err, resource.ErrTooLarge)
	_, err = resource.NewAttributes(a)
	require.ErrorIs(t, err, resource.ErrTooLarge)
	b, err := json.Marshal(r)
	require.NoError(t, err)
	require.ErrorIs(t, json.Unmarshal(b, &r), resource.ErrTooLarge)
}
