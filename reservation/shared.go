package reservation

import (
	"fmt"
	"maps"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Available is what an agent can still offer (docs/resource-model.md §7): what is not shared and not allocated, and every shared
// volume, in use or not. Total holds each shared volume once; allocation roles do not count. Where more is allocated than there is,
// nothing is available of it.
func Available(total, allocated resource.Resources) resource.Resources {
	free := total.NonShared().SubSaturating(allocated.NonShared().Unallocate())
	return free.Add(total.Shared())
}

// Extra is what of consumed exceeds remaining, copies of shared volumes counted: {} → Extra is added to the allocation when
// a launch uses more copies than were offered, and never to the agent's total (docs/resource-model.md §7).
// Only what is shared is looked at.
func Extra(consumed, remaining resource.Resources) resource.Resources {
	return consumed.Shared().SubSaturating(remaining.Shared())
}

// once is r with every shared entry counted once.
func once(r resource.Resources) resource.Resources {
	twice := false
	for _, count := range r.All() {
		twice = twice || count > 1
	}
	if !twice {
		return r
	}
	var entries []resource.Resource
	for e := range r.All() {
		entries = append(entries, e)
	}
	single, err := collect(entries...)
	if err != nil {
		return r // cannot be: r holds these very entries
	}
	return single
}

// A UseTracker knows who uses which volumes of one agent, so that whether a volume is in use takes no search
// (docs/resource-model.md §7). A volume is known by the role that owns it and its id; a user U by anything that compares, such as a
// framework or task id. A user may hold a volume several times. The zero value tracks nothing yet.
//
// A UseTracker has one owner and is not safe for concurrent use. It grows with what is acquired and shrinks with what is released:
// whoever bounds tasks bounds it.
type UseTracker[U comparable] struct {
	total map[volumeKey]int
	uses  map[use[U]]int
}

type use[U comparable] struct {
	volume volumeKey
	user   U
}

// Acquire counts one more use of vol by user. ErrNotVolume: vol is no persistent volume, and nothing is counted.
func (t *UseTracker[U]) Acquire(vol resource.Resource, user U) error {
	if !vol.IsPersistentVolume() {
		return fmt.Errorf("acquire: %w: %s", ErrNotVolume, cite(vol))
	}
	if t.total == nil {
		t.total, t.uses = map[volumeKey]int{}, map[use[U]]int{}
	}
	key := keyOf(vol)
	t.total[key]++
	t.uses[use[U]{key, user}]++
	return nil
}

// Release takes back one use of vol by user. ErrNotVolume, or ErrNotInUse if user holds none: nothing changes then.
func (t *UseTracker[U]) Release(vol resource.Resource, user U) error {
	if !vol.IsPersistentVolume() {
		return fmt.Errorf("release: %w: %s", ErrNotVolume, cite(vol))
	}
	key := keyOf(vol)
	u := use[U]{key, user}
	if t.uses[u] == 0 {
		return fmt.Errorf("release: %w by that user: %s", ErrNotInUse, cite(vol))
	}
	decrease(t.uses, u)
	decrease(t.total, key)
	return nil
}

func decrease[K comparable](m map[K]int, k K) {
	if m[k]--; m[k] == 0 {
		delete(m, k)
	}
}

// InUse reports whether anybody uses the volume id of role owner. It fits Context.InUse.
func (t *UseTracker[U]) InUse(owner role.Name, id string) bool { return t.Count(owner, id) > 0 }

// Count is how many uses the volume has, of all users together.
func (t *UseTracker[U]) Count(owner role.Name, id string) int { return t.total[volumeKey{owner, id}] }

// CountOf is how many uses of the volume are user's.
func (t *UseTracker[U]) CountOf(owner role.Name, id string, user U) int {
	return t.uses[use[U]{volumeKey{owner, id}, user}]
}

// Len is the number of volumes in use.
func (t *UseTracker[U]) Len() int { return len(t.total) }

// Clone returns an independent copy.
func (t *UseTracker[U]) Clone() *UseTracker[U] {
	return &UseTracker[U]{total: maps.Clone(t.total), uses: maps.Clone(t.uses)}
}
