package resource_test

import (
	"math/big"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
)

// Plain, slow versions of what the package does cleverly.

// plainFind serves target by target, stage by stage, entry by entry, on lists of resources.
func plainFind(t tester, have, target resource.Resources) (resource.Resources, bool) {
	t.Helper()
	var left, found []resource.Resource
	for e, n := range have.All() {
		for range n {
			left = append(left, e.Clone())
		}
	}
	for want, n := range target.All() {
		for range n {
			if !plainFindOne(left, want.Clone(), &found) {
				return resource.Resources{}, false
			}
		}
	}
	return foreignOf(t, found), true
}

func plainFindOne(left []resource.Resource, want resource.Resource, found *[]resource.Resource) bool {
	owner := want.Owner()
	stages := []func(resource.Resource) bool{
		func(r resource.Resource) bool { return owner != "" && r.Owner() == owner },
		func(r resource.Resource) bool { return r.Owner() == "" },
		func(resource.Resource) bool { return true },
	}
	for _, stage := range stages {
		for i := range left {
			if want.IsEmpty() {
				return true
			}
			if !stage(left[i]) || !sameKeyWithoutStack(left[i], want) {
				continue
			}
			if got := plainTake(&left[i], &want); !got.IsEmpty() {
				*found = append(*found, got)
			}
		}
	}
	return want.IsEmpty()
}

func sameKeyWithoutStack(a, b resource.Resource) bool {
	for _, r := range []*resource.Resource{&a, &b} {
		r.Reservations, r.Scalar, r.Ranges, r.Set = nil, 0, resource.Ranges{}, resource.Set{}
	}
	return a.Equal(b)
}

// plainTake moves what from can give of want.
func plainTake(from, want *resource.Resource) resource.Resource {
	got := *from
	got.Scalar = min(from.Scalar, want.Scalar)
	got.Ranges = from.Ranges.Intersect(want.Ranges)
	got.Set = from.Set.Intersect(want.Set)
	if !from.IsDivisible() && (from.Scalar != want.Scalar || !from.Ranges.Equal(want.Ranges) || !from.Set.Equal(want.Set)) {
		got.Scalar, got.Ranges, got.Set = 0, resource.Ranges{}, resource.Set{}
	}
	for _, r := range []*resource.Resource{from, want} {
		r.Scalar -= got.Scalar
		r.Ranges = r.Ranges.Sub(got.Ranges)
		r.Set = r.Set.Sub(got.Set)
	}
	return got
}

// tester is a test or one round of a property.
type tester interface {
	require.TestingT
	Helper()
}

// foreignOf builds a collection without the checks on predefined names.
func foreignOf(t tester, list []resource.Resource) resource.Resources {
	t.Helper()
	r, err := resource.Build([]resource.Option{resource.ForeignNames()}, list...)
	require.NoError(t, err)
	return r
}

// plainRanges merges intervals with big integers, one pair at a time.
func plainRanges(rs []resource.Range) []resource.Range {
	var out []resource.Range
	s := slices.Clone(rs)
	slices.SortFunc(s, func(a, b resource.Range) int {
		return new(big.Int).SetUint64(a.Begin).Cmp(new(big.Int).SetUint64(b.Begin))
	})
	for _, x := range s {
		if k := len(out) - 1; k >= 0 {
			next := new(big.Int).Add(new(big.Int).SetUint64(out[k].End), big.NewInt(1))
			if new(big.Int).SetUint64(x.Begin).Cmp(next) <= 0 {
				out[k].End = max(out[k].End, x.End)
				continue
			}
		}
		out = append(out, x)
	}
	return out
}
