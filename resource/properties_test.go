package resource_test

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/resource/resourcetest"
	"github.com/proffer-go/proffer/role"
)

func equal(t *rapid.T, want, got resource.Resources) {
	t.Helper()
	if !want.Equal(got) || !got.Equal(want) {
		t.Fatalf("want %s\ngot  %s", want, got)
	}
	canonical(t, got)
}

// canonical is property 7: no entry is empty, invalid or could merge with another, and the order is that of §4.1.
func canonical(t *rapid.T, r resource.Resources) {
	t.Helper()
	var before resource.Resource
	var all []resource.Resource
	for e, n := range r.All() {
		require.NoError(t, e.Validate(resource.ForeignNames()))
		require.False(t, e.IsEmpty())
		require.GreaterOrEqual(t, n, 1)
		for _, f := range all {
			keysEqual := sameKey(e, f)
			require.False(t, keysEqual && e.IsDivisible(), "%s and %s could merge", e, f)
			require.False(t, e.Shared && e.Equal(f), "%s and %s could merge", e, f)
		}
		if len(all) > 0 {
			require.LessOrEqual(t, before.Name, e.Name)
			if before.Name == e.Name {
				require.LessOrEqual(t, before.Owner(), e.Owner())
			}
			if before.Name == e.Name && before.Owner() == e.Owner() {
				require.LessOrEqual(t, before.Kind, e.Kind)
			}
			if before.Name == e.Name && before.Owner() == e.Owner() && before.Kind == e.Kind {
				require.LessOrEqual(t, keyText(before), keyText(e))
			}
		}
		before, all = e, append(all, e)
	}
	var again []resource.Resource
	for e, n := range r.All() {
		for range n {
			again = append([]resource.Resource{e}, again...)
		}
	}
	rebuilt, err := resource.Build([]resource.Option{resource.ForeignNames()}, again...)
	require.NoError(t, err)
	require.Equal(t, r, rebuilt)
}

// keyText is the diagnostic form of a resource without its value and the fields that do not count.
func keyText(r resource.Resource) string {
	r.Scalar, r.Ranges, r.Set = 0, resource.Ranges{}, resource.Set{}
	if r.Disk == nil {
		return r.String()
	}
	r.Disk = r.Disk.Clone()
	r.Disk.Volume = &resource.Volume{}
	return strings.Replace(r.String(), ":]", "]", 1)
}

func sameKey(a, b resource.Resource) bool {
	a.Scalar, a.Ranges, a.Set = b.Scalar, b.Ranges, b.Set
	return a.Kind == b.Kind && a.Equal(b)
}

// docs/resource-model.md §8
func TestProperty01AddIsCommutativeAndAssociative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := resourcetest.Pair().Draw(t, "pair")
		a, b, c := p[0], p[1], resourcetest.Resources().Draw(t, "c")
		equal(t, a.Add(b), b.Add(a))
		equal(t, a.Add(b).Add(c), a.Add(b.Add(c)))
		equal(t, a, a.Add(resource.Resources{}))
		equal(t, a, resource.Resources{}.Add(a))
	})
}

// docs/resource-model.md §8
func TestProperty02AddThenSub(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := resourcetest.Pair().Draw(t, "pair")
		a, b := p[0], withoutAtomsOf(p[0], p[1])
		got, err := a.Add(b).Sub(b)
		require.NoError(t, err)
		equal(t, a, got)
	})
}

// withoutAtomsOf keeps of b the scalars, and the ports and members that a does not have at all.
func withoutAtomsOf(a, b resource.Resources) resource.Resources {
	return b.Filter(func(r resource.Resource) bool {
		if r.Kind == resource.KindScalar {
			return true
		}
		ports, _ := a.Ranges(r.Name)
		set, _ := a.Set(r.Name)
		return ports.Intersect(r.Ranges).IsEmpty() && set.Intersect(r.Set).IsEmpty()
	})
}

// docs/resource-model.md §8
func TestProperty03SubThenAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := resourcetest.Resources().Draw(t, "a")
		b := resourcetest.Part(a).Draw(t, "b")
		require.True(t, a.Contains(b))
		rest, err := a.Sub(b)
		require.NoError(t, err)
		equal(t, a, rest.Add(b))
	})
}

// docs/resource-model.md §8
func TestProperty04ContainsIsAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := resourcetest.Pair().Draw(t, "pair")
		a, b := p[0], p[1]
		sum := a.Add(b)
		require.True(t, sum.Contains(a))
		require.True(t, sum.Contains(b))
		require.True(t, a.Contains(a))
		require.Equal(t, a.Contains(b) && b.Contains(a), a.Equal(b))
		c := resourcetest.Part(b).Draw(t, "part of b")
		if a.Contains(b) {
			require.True(t, a.Contains(c))
		}
	})
}

// docs/resource-model.md §8
func TestProperty05ContainsIffSubSucceeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := resourcetest.Pair().Draw(t, "pair")
		a, b := p[0], p[1]
		got, err := a.Sub(b)
		require.Equal(t, a.Contains(b), err == nil)
		loose := a.SubSaturating(b)
		canonical(t, loose)
		require.True(t, a.Contains(loose))
		if err == nil {
			equal(t, loose, got)
			return
		}
		require.ErrorIs(t, err, resource.ErrNotContained)
		require.True(t, got.IsEmpty())
	})
}

// bitmap holds what lies in 0…200, around 65535 and, mirrored, in 2^64−201…2^64−1.
type bitmap [603]bool

func bitmapOf(rs []resource.Range) (m bitmap) {
	for i := range 201 {
		low, high, port := uint64(i), math.MaxUint64-uint64(i), uint64(i)+math.MaxUint16-100
		for _, r := range rs {
			m[i] = m[i] || r.Begin <= low && low <= r.End
			m[201+i] = m[201+i] || r.Begin <= high && high <= r.End
			m[402+i] = m[402+i] || r.Begin <= port && port <= r.End
		}
	}
	return m
}

// docs/resource-model.md §8
func TestProperty06RangesAgreeWithABitmap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, y := resourcetest.Intervals().Draw(t, "x"), resourcetest.Intervals().Draw(t, "y")
		a, err := resource.NewRanges(x...)
		require.NoError(t, err)
		b, err := resource.NewRanges(y...)
		require.NoError(t, err)
		for _, r := range []resource.Ranges{a, b, a.Add(b), a.Sub(b), b.Sub(a), a.Intersect(b)} {
			list := slices.Collect(r.All())
			require.Equal(t, plainRanges(list), list, "canonical")
			again, err := resource.NewRanges(list...)
			require.NoError(t, err)
			require.Equal(t, r, again)
		}
		ma, mb := bitmapOf(x), bitmapOf(y)
		require.Equal(t, ma, bitmapOf(slices.Collect(a.All())))
		var union, diff, both bitmap
		subset, size := true, uint64(0)
		for i := range ma {
			union[i], diff[i], both[i] = ma[i] || mb[i], ma[i] && !mb[i], ma[i] && mb[i]
			subset = subset && (ma[i] || !mb[i])
			if ma[i] {
				size++
			}
		}
		require.Equal(t, union, bitmapOf(slices.Collect(a.Add(b).All())))
		require.Equal(t, diff, bitmapOf(slices.Collect(a.Sub(b).All())))
		require.Equal(t, both, bitmapOf(slices.Collect(a.Intersect(b).All())))
		require.Equal(t, subset, a.Contains(b))
		require.Equal(t, size, a.Size())
		require.Equal(t, ma == mb, a.Equal(b))
	})
}

// docs/resource-model.md §8
func TestProperty07ResultsAreCanonical(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := resourcetest.Pair().Draw(t, "pair")
		a, b := p[0], p[1]
		found, _ := a.Find(b.ToUnreserved())
		popped, _ := a.Reserved().PopReservation()
		q := resourcetest.Quantities().Draw(t, "q")
		l := resourcetest.Limits().Draw(t, "l")
		for _, r := range []resource.Resources{
			a, b, a.Add(b), a.SubSaturating(b), b.SubSaturating(a), a.ToUnreserved(), a.Allocate("a"), a.Unallocate(), a.Strip(),
			a.Reserved(), a.AllocatableTo("a/b"), a.ShrinkTo(q, nil), a.ShrinkToLimits(l, nil), found, popped,
		} {
			canonical(t, r)
		}
	})
}

// docs/resource-model.md §8
func TestProperty08OrderAndTextDependOnlyOnTheValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := resourcetest.List().Draw(t, "list")
		for i := range list { // the fields that do not count are not part of the value
			list[i] = list[i].Clone()
			if d := list[i].Disk; d != nil {
				d.Volume = &resource.Volume{ContainerPath: "data", Mode: resource.ReadWrite}
				if d.Persistence != nil {
					d.Persistence.Principal = nil
				}
			}
		}
		a, err := resource.New(list...)
		require.NoError(t, err)
		b, err := resource.New(rapid.Permutation(list).Draw(t, "order")...)
		require.NoError(t, err)
		var c resource.Resources
		for _, r := range list {
			one, err := resource.New(r)
			require.NoError(t, err)
			c = one.Add(c)
		}
		for _, o := range []resource.Resources{b, c} {
			require.Equal(t, a.String(), o.String())
			require.True(t, reflect.DeepEqual(a, o), "%s", a)
			x, err := json.Marshal(a)
			require.NoError(t, err)
			y, err := json.Marshal(o)
			require.NoError(t, err)
			require.Equal(t, string(x), string(y))
		}
	})
}

// docs/resource-model.md §8
func TestProperty09JSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := resourcetest.Resources().Draw(t, "a")
		b, err := json.Marshal(a)
		require.NoError(t, err)
		require.True(t, json.Valid(b))
		var got resource.Resources
		require.NoError(t, json.Unmarshal(b, &got))
		require.Equal(t, a, got)
		for e := range a.All() {
			b, err := json.Marshal(e)
			require.NoError(t, err)
			var one resource.Resource
			require.NoError(t, json.Unmarshal(b, &one))
			require.Equal(t, e, one)
		}
	})
}

// docs/resource-model.md §8
func TestProperty10FlagTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := resourcetest.Bare().Draw(t, "a")
		text, err := a.FlagText()
		require.NoError(t, err)
		got, err := resource.Parse(text)
		require.NoError(t, err, "%q", text)
		require.Equal(t, a, got)
	})
}

// docs/resource-model.md §8
func TestProperty11ScalarRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := resourcetest.AnyScalar().Draw(t, "a"), resourcetest.AnyScalar().Draw(t, "b")
		got, err := resource.ParseScalar(a.String())
		require.NoError(t, err)
		require.Equal(t, a, got)
		got, err = resource.ScalarFromFloat(a.Float())
		require.NoError(t, err)
		require.Equal(t, a, got)
		require.Equal(t, a < b, a.Float() < b.Float())
		require.Equal(t, a == b, a.String() == b.String())
	})
}

// docs/resource-model.md §8
func TestProperty12UpgradeAndDowngrade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := resourcetest.Resource().Draw(t, "resource").Clone()
		w := resource.Wire{Resource: r}
		require.Equal(t, w, resource.Upgrade(w))
		require.Equal(t, w, resource.Upgrade(resource.ForEndpoint(w)))
		require.NoError(t, resource.ForEndpoint(w).Check())
		down, err := resource.Downgrade(w)
		require.Equal(t, len(r.Reservations) > 1, err != nil)
		if err != nil {
			require.ErrorIs(t, err, resource.ErrForm)
			return
		}
		require.NoError(t, down.Check())
		up := resource.Upgrade(down)
		require.Equal(t, up, resource.Upgrade(up))
		if len(r.Reservations) == 1 && r.Reservations[0].Type == resource.Static { // what the form loses
			r.Reservations[0].Principal, r.Reservations[0].Labels = nil, nil
		}
		require.Equal(t, r, up.Resource)
	})
}

// docs/resource-model.md §8
func TestProperty13PopUndoesPush(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := resourcetest.Resources().Draw(t, "a")
		v := resourcetest.Reservation().Draw(t, "reservation")
		pushed, err := a.PushReservation(v)
		if err != nil {
			require.ErrorIs(t, err, resource.ErrReservation)
			v.Type, v.Role = resource.Dynamic, "z/z"
			a = a.Unreserved()
			pushed, err = a.PushReservation(v)
			require.NoError(t, err)
		}
		canonical(t, pushed)
		popped, err := pushed.PopReservation()
		require.NoError(t, err)
		require.Equal(t, a, popped)
	})
}

// docs/resource-model.md §8
func TestProperty14ToUnreserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := resourcetest.Resources().Draw(t, "a")
		once := a.ToUnreserved()
		require.Equal(t, once, once.ToUnreserved())
		require.True(t, once.Reserved().IsEmpty())
		scalars := a.Scalars().NonShared()
		require.Equal(t, scalars.Quantities(), scalars.ToUnreserved().Quantities())
	})
}

// docs/resource-model.md §8
func TestProperty15FiltersDivide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := resourcetest.Resources().Draw(t, "a")
		equal(t, a, a.Unreserved().Add(a.Reserved()))
		equal(t, a, a.Revocable().Add(a.NonRevocable()))
		equal(t, a, a.Shared().Add(a.NonShared()))
		sum := a.Unreserved()
		for owner, part := range a.Reservations() {
			equal(t, a.ReservedTo(owner), part)
			sum = sum.Add(part)
		}
		equal(t, a, sum)
	})
}

// docs/resource-model.md §8
func TestProperty16UnallocateForgetsAllocate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := resourcetest.Resources().Draw(t, "a")
		r := resourcetest.Role().Draw(t, "role")
		equal(t, a.Unallocate(), a.Allocate(r).Unallocate())
		require.Equal(t, a.Allocate(r), a.Allocate(r).AllocatedToSubtree(r))
	})
}

// docs/resource-model.md §8
func TestProperty17Find(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := resourcetest.Pair().Draw(t, "pair")
		a, target := p[0], p[1]
		if rapid.Bool().Draw(t, "unreserved") {
			target = target.ToUnreserved()
		}
		found, ok := a.Find(target)
		plain, plainOK := plainFind(t, a, target)
		require.Equal(t, plainOK, ok)
		if ok {
			equal(t, plain, found)
			require.True(t, a.Contains(found))
			equal(t, target.ToUnreserved(), found.ToUnreserved())
		}
		scalars, want := a.Scalars().Filter(resource.Resource.IsDivisible), target.Scalars().Filter(resource.Resource.IsDivisible)
		_, ok = scalars.Find(want)
		require.Equal(t, scalars.ToUnreserved().Contains(want.ToUnreserved()), ok, "complete for divisible scalars")
	})
}

// docs/resource-model.md §8
func TestProperty18QuantitiesFollow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := resourcetest.Resources().Draw(t, "a")
		b := resourcetest.Part(a).Draw(t, "b")
		require.True(t, a.Quantities().Contains(b.Quantities()))
		require.True(t, a.ContainsQuantities(b.Quantities()))
		x, y := a.NonShared(), b.NonShared()
		rest, err := x.Sub(y)
		require.NoError(t, err)
		require.Equal(t, x.Quantities().Sub(y.Quantities()), rest.Quantities())
		for name, n := range a.Quantities().All() {
			require.Equal(t, n, a.Quantity(name))
		}
	})
}

// docs/resource-model.md §8
func TestProperty19QuantitiesAndLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := resourcetest.Limits().Draw(t, "l")
		q, p := resourcetest.Quantities().Draw(t, "q"), resourcetest.Quantities().Draw(t, "p")
		for _, n := range q.Sub(p).All() {
			require.Positive(t, n)
		}
		rest := l.Sub(q)
		require.Equal(t, l.Len(), rest.Len())
		for name, n := range rest.All() {
			require.GreaterOrEqual(t, n, resource.Scalar(0))
			_, ok := l.Get(name)
			require.True(t, ok)
		}
		if l.ContainsQuantities(q) && q.Contains(p) {
			require.True(t, l.ContainsQuantities(p))
		}
		require.True(t, q.Add(p).Contains(q))
		require.Equal(t, q, q.Add(p).Sub(p))
		require.Equal(t, q.Add(p), p.Add(q))
	})
}

// docs/resource-model.md §8
func TestProperty27AllocatableToGrowsTowardsTheLeaf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := resourcetest.Resources().Draw(t, "a")
		leaf := resourcetest.Role().Draw(t, "leaf")
		below := a.AllocatableTo(leaf)
		for above := range slices.Values(leaf.Ancestors()) {
			got := a.AllocatableTo(above)
			require.True(t, below.Contains(got), "%s has more than what lies below it", above)
			below = got
		}
		require.True(t, below.Contains(a.AllocatableTo(role.Default)))
		require.Equal(t, a.Unreserved(), a.AllocatableTo(role.Default))
	})
}

// docs/resource-model.md §8
func TestProperty29ParsersNeverPanicAndReprint(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(resourcetest.HostileText(), rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "text")
		reprint(t, text)
	})
}

// TestHostileResources shows that what is not valid does not get in.
// docs/resource-model.md §3.6
func TestHostileResources(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(resourcetest.HostileResource(), 1, 3).Draw(t, "list")
		var bad bool
		for _, r := range list {
			bad = bad || r.Validate() != nil
			_ = r.String()
			_ = r.Equal(list[0])
		}
		got, err := resource.New(list...)
		require.Equal(t, bad, err != nil)
		canonical(t, got)
		require.False(t, got.IsEmpty() && !bad && slices.ContainsFunc(list, func(r resource.Resource) bool { return !r.IsEmpty() }))
		b, err := json.Marshal(got)
		require.NoError(t, err)
		var again resource.Resources
		require.NoError(t, json.Unmarshal(b, &again))
		require.Equal(t, got, again)
	})
}

// TestSumAgrees compares the accumulator with the operations on values.
// docs/resource-model.md §4.2
func TestSumAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var sum resource.Sum
		var want resource.Resources
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			r := resourcetest.Resources().Draw(t, "r")
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				sum.SubSaturating(r)
				want = want.SubSaturating(r)
			case 1:
				part := resourcetest.Part(want).Draw(t, "part")
				require.NoError(t, sum.Sub(part))
				want = want.SubSaturating(part)
			default:
				kept := sum.Resources()
				sum.Add(r)
				require.Equal(t, want, kept)
				want = want.Add(r)
			}
			require.Equal(t, want, sum.Resources())
			require.Equal(t, want, sum.View())
			require.Equal(t, want.Contains(r), sum.Contains(r))
		}
	})
}
