package resource_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/resource/resourcetest"
)

// plain is a collection as an unordered list, with the relations of docs/resource-model.md §3.5 and the loops of §4.2
// written down as they stand there.
type plain []plainEntry

type plainEntry struct {
	r resource.Resource
	n int // shared count
}

func plainOf(r resource.Resources) plain {
	var out plain
	for e, n := range r.All() {
		out = append(out, plainEntry{e.Clone(), n})
	}
	return out
}

func (p plain) resources(t require.TestingT) resource.Resources {
	var list []resource.Resource
	for _, e := range p {
		for range e.n {
			list = append(list, e.r)
		}
	}
	r, err := resource.Build([]resource.Option{resource.ForeignNames()}, list...)
	require.NoError(t, err)
	return r
}

// addable: the same key and divisible, or shared with an equal value.
func addable(a, b resource.Resource) bool {
	return sameKey(a, b) && (a.IsDivisible() || a.Shared && a.Equal(b))
}

// subtractable: the same key, and an equal value unless divisible.
func subtractable(a, b resource.Resource) bool {
	return sameKey(a, b) && (a.IsDivisible() || a.Equal(b))
}

func (p plain) add(b plainEntry) plain {
	i := slices.IndexFunc(p, func(e plainEntry) bool { return addable(e.r, b.r) })
	if i < 0 {
		return append(p, b)
	}
	if p[i].r.Shared {
		p[i].n += b.n
		return p
	}
	p[i].r.Scalar += b.r.Scalar
	p[i].r.Ranges = p[i].r.Ranges.Add(b.r.Ranges)
	p[i].r.Set = p[i].r.Set.Add(b.r.Set)
	return p
}

func (p plain) sub(b plainEntry) plain {
	i := slices.IndexFunc(p, func(e plainEntry) bool { return subtractable(e.r, b.r) })
	if i < 0 {
		return p
	}
	if e := &p[i]; e.r.Shared {
		e.n -= b.n
	} else if !e.r.IsDivisible() {
		e.n = 0
	} else {
		e.r.Scalar = max(e.r.Scalar-b.r.Scalar, 0)
		e.r.Ranges = e.r.Ranges.Sub(b.r.Ranges)
		e.r.Set = e.r.Set.Sub(b.r.Set)
	}
	if p[i].n <= 0 || p[i].r.IsEmpty() {
		p = slices.Delete(p, i, i+1)
	}
	return p
}

// contains takes the entries of b one after the other from what is left of p.
func (p plain) contains(b plain) bool {
	left := slices.Clone(p)
	for _, want := range b {
		i := slices.IndexFunc(left, func(e plainEntry) bool {
			return subtractable(e.r, want.r) && e.n >= want.n &&
				e.r.Scalar >= want.r.Scalar && e.r.Ranges.Contains(want.r.Ranges) && e.r.Set.Contains(want.r.Set)
		})
		if i < 0 {
			return false
		}
		left = left.sub(want)
	}
	return true
}

// docs/resource-model.md §3.5
// docs/resource-model.md §4.2
func TestPlainAlgebraAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := resourcetest.Pair().Draw(t, "pair")
		a, b := p[0], p[1]
		sum, difference := plainOf(a), plainOf(a)
		for _, e := range plainOf(b) {
			sum, difference = sum.add(e), difference.sub(e)
		}
		equal(t, sum.resources(t), a.Add(b))
		equal(t, difference.resources(t), a.SubSaturating(b))
		require.Equal(t, plainOf(a).contains(plainOf(b)), a.Contains(b))
		require.Equal(t, plainOf(b).contains(plainOf(a)), b.Contains(a))
		require.Equal(t, plainOf(a).contains(plainOf(b)) && plainOf(b).contains(plainOf(a)), a.Equal(b))
	})
}
