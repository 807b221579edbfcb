package reservation_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// What the properties run on: an agent as stated, and operations that mostly fit what there is.

var owners = []role.Name{"a", "a/b", "a/b/c", "a/d", "e"}

// base draws what an operator states of an agent: unreserved and static entries, every kind of disk.
func base() *rapid.Generator[resource.Resources] {
	return rapid.Custom(func(t *rapid.T) resource.Resources {
		n := func(what string) int { return rapid.IntRange(1, 9).Draw(t, what) }
		total := parse(fmt.Sprintf("cpus:%d;disk:%d;ports:[1-%d];zones:{a,b,c}", n("cpus"), n("disk"), n("ports")))
		if rapid.Bool().Draw(t, "static") {
			total = total.Add(parse(fmt.Sprintf("cpus(a):%d;disk(a):%d;disk(e):%d", n("cpus(a)"), n("disk(a)"), n("disk(e)"))))
		}
		if rapid.Bool().Draw(t, "sources") {
			total = total.Add(on(parse("disk:5"), resource.SourcePath, "/p"))
			total = total.Add(on(parse("disk(a):7"), resource.SourceMount, "/m"))
			total = total.Add(on(parse("disk:7"), resource.SourceMount, "/n"))
		}
		if rapid.Bool().Draw(t, "revocable") {
			total = total.Add(revocable(parse("cpus:3")))
		}
		return total
	})
}

// part draws some of one entry of r; of those that suit, unless there are none, or now and then any.
func part(t *rapid.T, r resource.Resources, suits func(resource.Resource) bool) resource.Resource {
	chosen := r.Filter(suits)
	if chosen.IsEmpty() || rapid.IntRange(0, 9).Draw(t, "any") == 9 {
		chosen = r
	}
	var all []resource.Resource
	for e := range chosen.All() {
		all = append(all, e.Clone())
	}
	e := rapid.SampledFrom(all).Draw(t, "entry")
	if !e.IsDivisible() && rapid.IntRange(0, 9).Draw(t, "a part of it") < 9 {
		return e
	}
	switch e.Kind {
	case resource.KindScalar:
		e.Scalar = resource.Scalar(rapid.Int64Range(1, int64(e.Scalar)+2).Draw(t, "amount"))
	case resource.KindRanges:
		n := rapid.Uint64Range(1, 9).Draw(t, "port")
		e.Ranges, _ = resource.NewRanges(resource.Range{Begin: n, End: n + 1})
	case resource.KindSet:
		e.Set, _ = resource.NewSet(rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "member"))
	}
	return e
}

func collection(t *rapid.T, e resource.Resource) resource.Resources {
	r, err := resource.New(e)
	require.NoError(t, err)
	return r
}

// operation draws an operation on some of total. Now and then it does not make sense.
func operation(t *rapid.T, total resource.Resources) reservation.Op {
	switch rapid.SampledFrom([]string{"reserve", "source", "unreserve", "create", "create", "destroy", "shrink", "grow"}).Draw(t, "operation") {
	case "unreserve":
		return reservation.Unreserve{Resources: collection(t, part(t, total, isDynamic))}
	case "source":
		return reserveWithSource(t, part(t, total, isDynamic))
	case "create":
		if e := part(t, total, isReservedDisk); e.Name == "disk" {
			return reservation.Create{Volumes: newVolume(t, e)}
		}
	case "destroy":
		return reservation.Destroy{Volumes: collection(t, part(t, total, resource.Resource.IsPersistentVolume))}
	case "shrink":
		return reservation.Resize{Volume: part(t, total, isOwnVolume), Shrink: resource.Scalar(rapid.Int64Range(1, 4000).Draw(t, "shrink"))}
	case "grow":
		if e := part(t, total, isOwnVolume); e.Name == "disk" {
			return reservation.Resize{Volume: e, Grow: addition(t, e)}
		}
	}
	some := collection(t, part(t, total, isPlain))
	r, err := some.PushReservation(resource.Reservation{Type: resource.Dynamic, Role: rapid.SampledFrom(owners).Draw(t, "to")})
	if err != nil {
		return reservation.Reserve{Resources: some}
	}
	return reservation.Reserve{Resources: r}
}

func isDynamic(e resource.Resource) bool {
	return e.IsDynamicallyReserved() && !e.IsPersistentVolume()
}

func isReservedDisk(e resource.Resource) bool {
	return e.Name == "disk" && e.IsReserved() && !e.IsPersistentVolume()
}

func isOwnVolume(e resource.Resource) bool { return e.IsPersistentVolume() && !e.Shared }

func isPlain(e resource.Resource) bool { return !e.IsPersistentVolume() && !e.Revocable }

// reserveWithSource exchanges the stack of e for another one.
func reserveWithSource(t *rapid.T, e resource.Resource) reservation.Op {
	target := e.Clone()
	keep := rapid.IntRange(0, len(e.Reservations)).Draw(t, "keep")
	target.Reservations = slices.Clone(e.Reservations[:keep])
	for _, n := range owners {
		if k := len(target.Reservations); rapid.Bool().Draw(t, "push "+string(n)) && (k == 0 || n.IsStrictSubroleOf(target.Reservations[k-1].Role)) {
			target.Reservations = append(target.Reservations, resource.Reservation{Type: resource.Dynamic, Role: n})
		}
	}
	return reservation.Reserve{Source: collection(t, e), Resources: collection(t, target)}
}

func newVolume(t *rapid.T, e resource.Resource) resource.Resources {
	id := rapid.SampledFrom([]string{"v", "w", "x"}).Draw(t, "id")
	v := volume(collection(t, e), id)
	if rapid.Bool().Draw(t, "shared") {
		v = shared(v)
	}
	return v
}

func addition(t *rapid.T, e resource.Resource) resource.Resources {
	e.Shared = false
	if e.Disk != nil && e.Disk.Source != nil {
		e.Disk = &resource.Disk{Source: e.Disk.Source}
	} else {
		e.Disk = nil
	}
	e.Scalar = resource.Scalar(rapid.Int64Range(1, 3000).Draw(t, "grow"))
	return collection(t, e)
}

// atoms are the totals of every name: what no operation may change.
func atoms(r resource.Resources) string {
	ports, _ := r.Ranges("ports")
	zones, _ := r.Set("zones")
	return fmt.Sprint(r.ScalarQuantities(), ports, zones)
}

// static sums what is STATIC per role and name, by the bottom of each stack.
func static(r resource.Resources) map[string]resource.Scalar {
	sums := map[string]resource.Scalar{}
	for e := range r.All() {
		if len(e.Reservations) > 0 && e.Reservations[0].Type == resource.Static {
			sums[string(e.Reservations[0].Role)+" "+e.Name] += e.Quantity()
		}
	}
	return sums
}

func volumes(r resource.Resources) []string {
	var ids []string
	for v := range r.PersistentVolumes().All() {
		ids = append(ids, string(v.Owner())+" "+v.Disk.Persistence.ID)
	}
	slices.Sort(ids)
	return ids
}

type (
	// eachStep is called with the total before and after an operation; err is nil if it was accepted.
	eachStep func(t *rapid.T, before resource.Resources, op reservation.Op, after resource.Resources, err error)
	// atEnd is called with what was stated and what became of it.
	atEnd func(t *rapid.T, stated, total resource.Resources)
)

// walk applies drawn operations to a drawn agent, again and again, and requires that every kind was accepted at least once.
func walk(t *testing.T, each eachStep, end atEnd) {
	accepted := map[string]int{}
	rapid.Check(t, func(t *rapid.T) { walkOnce(t, accepted, each, end) })
	require.Len(t, accepted, 5, "every kind of operation was accepted at least once: %v", accepted)
}

func walkOnce(t *rapid.T, accepted map[string]int, each eachStep, end atEnd) {
	stated := base().Draw(t, "base")
	total := stated
	for range rapid.IntRange(10, 30).Draw(t, "steps") {
		op := operation(t, total)
		after, err := reservation.Apply(total, op, operator())
		if err == nil {
			accepted[fmt.Sprintf("%T", op)]++
		}
		if each != nil {
			each(t, total, op, after, err)
		}
		total = after
	}
	if end != nil {
		end(t, stated, total)
	}
}

// docs/resource-model.md §8, properties 20, 21, 22, 23, 24 and 26 at once (§6)
func FuzzOperations(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		walkOnce(t, map[string]int{}, func(t *rapid.T, before resource.Resources, op reservation.Op, after resource.Resources, err error) {
			refusedChangesNothing(t, before, op, after, err)
			undoable(t, before, op, after, err)
			volumesHold(t, before, op, after, err)
		}, func(t *rapid.T, stated, total resource.Resources) {
			require.Equal(t, atoms(stated), atoms(total))
			require.Equal(t, static(stated), static(total))
			survivesRestart(t, stated, total)
		})
	}))
}

// docs/resource-model.md §8, property 20 (§6.1)
func TestProperty20Conservation(t *testing.T) {
	walk(t, nil, func(t *rapid.T, stated, total resource.Resources) {
		require.Equal(t, atoms(stated), atoms(total))
	})
}

// docs/resource-model.md §8, property 21 (§6.1)
func TestProperty21RefusedChangesNothing(t *testing.T) {
	walk(t, refusedChangesNothing, nil)
}

func refusedChangesNothing(t *rapid.T, before resource.Resources, op reservation.Op, after resource.Resources, err error) {
	if err == nil {
		return
	}
	requireEqual(t, before, after)
	_, again := reservation.Apply(before, op, operator())
	require.EqualError(t, again, err.Error())
	both, errs := reservation.ApplyAll(before, []reservation.Op{op, op}, operator(), reservation.SkipInvalid)
	requireEqual(t, before, both)
	require.Error(t, errs[0])
	require.Error(t, errs[1])
}

// inverse is the operation that undoes op.
func inverse(op reservation.Op) reservation.Op {
	switch op := op.(type) {
	case reservation.Reserve:
		if op.Source.IsEmpty() {
			return reservation.Unreserve{Resources: op.Resources}
		}
		return reservation.Reserve{Resources: op.Source, Source: op.Resources}
	case reservation.Unreserve:
		return reservation.Reserve{Resources: op.Resources}
	case reservation.Create:
		return reservation.Destroy(op)
	case reservation.Destroy:
		return reservation.Create(op)
	case reservation.Resize:
		v := op.Volume
		if op.Grow.IsEmpty() {
			v.Scalar -= op.Shrink
			freed := v
			freed.Scalar = op.Shrink
			freed.Disk = &resource.Disk{Source: v.Disk.Source}
			r, _ := resource.New(freed)
			return reservation.Resize{Volume: v, Grow: r}
		}
		added, _ := op.Grow.Scalar("disk")
		v.Scalar += added
		return reservation.Resize{Volume: v, Shrink: added}
	}
	return nil
}

// docs/resource-model.md §8, property 22 (§6.2 to §6.5)
func TestProperty22Undo(t *testing.T) {
	walk(t, undoable, nil)
}

func undoable(t *rapid.T, before resource.Resources, op reservation.Op, after resource.Resources, err error) {
	if err != nil {
		return
	}
	if r, ok := op.(reservation.Reserve); ok && !r.Source.IsEmpty() && !only(r.Source).IsDynamicallyReserved() {
		// The inverse would have to leave no DYNAMIC top, which only UNRESERVE can.
		undone := after
		for k := len(only(r.Source).Reservations); k < len(only(r.Resources).Reservations); k++ {
			now := only(r.Resources)
			now.Reservations = now.Reservations[:len(now.Reservations)+len(only(r.Source).Reservations)-k]
			undone = applied(t, undone, reservation.Unreserve{Resources: collection(t, now)}, operator())
		}
		requireEqual(t, before, undone)
		return
	}
	requireEqual(t, before, applied(t, after, inverse(op), operator()), "%T", op)
}

// docs/resource-model.md §8, property 23 (§6.2, §6.3)
func TestProperty23StaticAmountsStay(t *testing.T) {
	walk(t, nil, func(t *rapid.T, stated, total resource.Resources) {
		require.Equal(t, static(stated), static(total))
	})
}

// docs/resource-model.md §8, property 24 (§6.4)
func TestProperty24Volumes(t *testing.T) {
	walk(t, volumesHold, nil)
}

func volumesHold(t *rapid.T, before resource.Resources, op reservation.Op, after resource.Resources, _ error) {
	ids := volumes(after)
	require.Len(t, slices.Compact(slices.Clone(ids)), len(ids), "unique per owner role")
	for v, count := range after.PersistentVolumes().All() {
		require.True(t, v.IsReserved())
		require.False(t, v.Revocable)
		require.Equal(t, 1, count)
	}
	if _, ok := op.(reservation.Destroy); !ok {
		for _, id := range volumes(before) {
			require.Contains(t, ids, id, "none is lost without DESTROY")
		}
	}
}

// docs/resource-model.md §8, property 26 (§6.7)
func TestProperty26Restart(t *testing.T) {
	walk(t, nil, survivesRestart)
}

func survivesRestart(t *rapid.T, stated, total resource.Resources) {
	after, err := reservation.Restore(stated, reservation.Saved(total))
	require.NoError(t, err)
	requireEqual(t, total, after)
}

// docs/resource-model.md §8, property 25 (§7)
func TestProperty25SharedVolumes(t *testing.T) {
	destroyed := 0
	rapid.Check(t, func(t *rapid.T) {
		a := newSharedAgent()
		t.Repeat(map[string]func(*rapid.T){
			"create": func(t *rapid.T) { a.operate(t, create(a.volume(t))) },
			"destroy": func(t *rapid.T) {
				v := a.volume(t)
				exists, held := a.total.Contains(v), a.held(v) > 0
				err := a.operate(t, destroy(v))
				require.Equal(t, exists && !held, err == nil, "exists %v, held %v: %v", exists, held, err)
				if err == nil {
					destroyed++
				}
			},
			"launch": a.launch,
			"end":    a.end,
			"":       a.check,
		})
	})
	require.NotZero(t, destroyed)
}

// sharedAgent is one agent with shared volumes, with a plain ledger of who holds what.
type sharedAgent struct {
	total, allocated resource.Resources
	tasks            map[int]resource.Resources
	next             int
	use              reservation.UseTracker[int]
}

func newSharedAgent() *sharedAgent {
	return &sharedAgent{total: parse("cpus:100;disk(a):10;disk(e):4"), tasks: map[int]resource.Resources{}}
}

func (a *sharedAgent) volume(t *rapid.T) resource.Resources {
	text := rapid.SampledFrom([]string{"disk(a):3", "disk(a):4", "disk(e):3"}).Draw(t, "disk")
	return shared(volume(parse(text), rapid.SampledFrom([]string{"v", "w"}).Draw(t, "id")))
}

// operate applies op as an operator would: to what is available.
func (a *sharedAgent) operate(_ *rapid.T, op reservation.Op) error {
	free := reservation.Available(a.total, a.allocated)
	c := operator()
	c.Volumes, c.InUse = a.total.PersistentVolumes(), a.use.InUse
	after, err := reservation.Apply(free, op, c)
	a.total = a.total.SubSaturating(free).Add(after)
	return err
}

func (a *sharedAgent) launch(t *rapid.T) {
	p := reservation.NewPool(reservation.Available(a.total, a.allocated), framework("a"))
	for range rapid.IntRange(1, 3).Draw(t, "tasks") {
		task := parse("cpus:1")
		for v := range a.total.Shared().All() {
			if rapid.Bool().Draw(t, "use "+v.Disk.Persistence.ID) {
				task = task.Add(collection(t, v))
			}
		}
		needed, err := p.Launch(claim(task), nil)
		require.NoError(t, err)
		a.next++
		a.tasks[a.next] = needed
		a.allocated = a.allocated.Add(needed)
		for v := range needed.Shared().All() {
			require.NoError(t, a.use.Acquire(v, a.next))
		}
	}
	requireEqual(t, reservation.Extra(p.Used(), a.total), p.Extra())
}

func (a *sharedAgent) end(t *rapid.T) {
	if len(a.tasks) == 0 {
		return
	}
	id := rapid.SampledFrom(slices.Sorted(maps.Keys(a.tasks))).Draw(t, "task")
	var err error
	a.allocated, err = a.allocated.Sub(a.tasks[id])
	require.NoError(t, err)
	for v := range a.tasks[id].Shared().All() {
		require.NoError(t, a.use.Release(v, id))
	}
	delete(a.tasks, id)
}

// held counts the holders of v in the ledger.
func (a *sharedAgent) held(v resource.Resources) int {
	n := 0
	for _, task := range a.tasks {
		n += task.Count(only(v))
	}
	return n
}

func (a *sharedAgent) check(t *rapid.T) {
	for v, count := range a.total.Shared().All() {
		require.Equal(t, 1, count, "the total holds each once")
		held := a.held(collection(t, v))
		require.Equal(t, held, a.allocated.Count(v))
		require.Equal(t, held, a.use.Count(v.Owner(), v.Disk.Persistence.ID))
	}
	require.True(t, a.total.Contains(a.allocated.NonShared()))
	used, all := a.allocated.Quantities().Get("disk"), a.total.Quantities().Get("disk")
	require.LessOrEqual(t, used, all)
	require.Equal(t, resource.Whole(14), all)
}

// docs/resource-model.md §8, property 27 (§4.3): what can be allocated to a role grows along the path to the leaf.
func TestProperty27AllocatableGrowsTowardsTheLeaf(t *testing.T) {
	walk(t, nil, func(t *rapid.T, _, total resource.Resources) {
		leaf := rapid.SampledFrom(owners).Draw(t, "leaf")
		lower := total.AllocatableTo(leaf)
		for _, above := range leaf.Ancestors() {
			upper := total.AllocatableTo(above)
			require.True(t, lower.Contains(upper), "%s has all that %s has", leaf, above)
			lower = upper
		}
	})
}

// docs/resource-model.md §6.1: a total with allocation roles and one without are treated alike.
func TestAllocationRolesMakeNoDifference(t *testing.T) {
	accepted := 0
	walk(t, func(t *rapid.T, total resource.Resources, op reservation.Op, _ resource.Resources, _ error) {
		to := rapid.SampledFrom(owners).Draw(t, "role")
		plain, errPlain := reservation.Apply(total, op, framework(to))
		tagged, errTagged := reservation.Apply(total.Allocate(to), op, framework(to))
		require.Equal(t, errPlain == nil, errTagged == nil, "%v, %v", errPlain, errTagged)
		requireEqual(t, plain.Allocate(to), tagged)
		if errPlain == nil {
			accepted++
		}
	}, nil)
	require.NotZero(t, accepted)
}
