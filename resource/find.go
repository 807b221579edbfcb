package resource

import (
	"slices"
	"strings"

	"github.com/proffer-go/proffer/role"
)

// Find looks for target without regard to reservations and returns what it found with its own
// ones; false: there is not enough, all or nothing (docs/resource-model.md §4.4).
//
// Each target entry is served first from entries owned by its role, then from unreserved ones, then
// from all others, in the order of §4.1, and only from what earlier targets left. It costs the
// number of targets times that of entries with their name.
func (r Resources) Find(target Resources) (Resources, bool) {
	left := slices.Clone(r.e)
	var found []entry
	for _, want := range target.e {
		owner := want.m.owner
		want.m = want.m.restacked(nil, want.m.alloc)
		lo, hi := r.window(want.m.name)
		for stage := 0; stage < 3 && want.m != nil; stage++ {
			for i := lo; i < hi; i++ {
				e := &left[i]
				if e.m == nil || !atStage(stage, e.m, &want, owner) {
					continue
				}
				got, ok := take(e, &want)
				if ok {
					found = append(found, got)
				}
				if want.m == nil {
					break
				}
			}
		}
		if want.m != nil {
			return Resources{}, false
		}
	}
	return Resources{e: canon(found)}, true
}

// window is where the entries of one name lie.
func (r Resources) window(name string) (lo, hi int) {
	byName := func(e entry, name string) int { return strings.Compare(e.m.name, name) }
	lo, _ = slices.BinarySearchFunc(r.e, name, byName)
	for hi = lo; hi < len(r.e) && r.e[hi].m.name == name; hi++ {
	}
	return lo, hi
}

// atStage: 0 the target's own role, 1 unreserved, 2 anything.
func atStage(stage int, m *meta, want *entry, owner role.Name) bool {
	switch stage {
	case 0:
		if owner == "" || m.owner != owner {
			return false
		}
	case 1:
		if m.owner != "" {
			return false
		}
	}
	return sameButStack(m, want.m)
}

// sameButStack compares two keys without their reservations.
func sameButStack(a, b *meta) bool {
	return a.name == b.name && a.kind == b.kind && a.alloc == b.alloc && a.revocable == b.revocable &&
		a.shared == b.shared && a.disk == b.disk && a.persists == b.persists && a.volumeID == b.volumeID &&
		a.provider == b.provider && compareSource(a.source, b.source) == 0
}

// take moves what e can give of want. An entry that is used up gets no key.
func take(e, want *entry) (entry, bool) {
	if e.m.class != divisible {
		return takeWhole(e, want)
	}
	got := *e
	switch e.m.kind {
	case KindScalar:
		got.n = min(e.n, want.n)
	case KindRanges:
		got.x = &body{r: e.x.r.Intersect(want.x.r), disk: e.x.disk}
	case KindSet:
		got.x = &body{s: pickSet(e.x.s, want.x.s, true), disk: e.x.disk}
	}
	if got.isEmpty() {
		return entry{}, false
	}
	spend(e, &got)
	spend(want, &got)
	return got, true
}

func spend(e, got *entry) {
	if *e = e.minus(got); e.isEmpty() {
		*e = entry{}
	}
}

// takeWhole: indivisible and shared entries give only what equals the target's value.
func takeWhole(e, want *entry) (entry, bool) {
	if !e.sameValue(want) {
		return entry{}, false
	}
	got := *e
	if !e.m.shared {
		*e, *want = entry{}, entry{}
		return got, true
	}
	n := min(e.x.count, want.x.count)
	got = e.counted(n)
	spendCount(e, n)
	spendCount(want, n)
	return got, true
}

func spendCount(e *entry, n int) {
	if e.x.count == n {
		*e = entry{}
		return
	}
	*e = e.counted(e.x.count - n)
}
