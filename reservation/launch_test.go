package reservation_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

func claim(r resource.Resources) reservation.Claim {
	return reservation.Claim{Tag: "task", Resources: r}
}

func executor(r resource.Resources) *reservation.Executor {
	return &reservation.Executor{Claim: reservation.Claim{Tag: "executor", Resources: r}}
}

func limits(t require.TestingT, text string) resource.Limits {
	l, err := resource.ParseLimits(text)
	require.NoError(t, err)
	return l
}

// launched requires that a single task fits.
func launched(t require.TestingT, p *reservation.Pool, task resource.Resources, ex *reservation.Executor) resource.Resources {
	needed, err := p.Launch(claim(task), ex)
	require.NoError(t, err)
	return needed
}

// docs/resource-model.md §6.6
func TestLaunchTakesTaskAndExecutor(t *testing.T) {
	p := reservation.NewPool(parse("cpus:4;mem:1024;ports:[1-9]"), framework("a"))
	needed := launched(t, p, parse("cpus:1;ports:[1-2]"), executor(parse("cpus:0.1;mem:32")))
	requireEqual(t, parse("cpus:1.1;mem:32;ports:[1-2]"), needed)
	requireEqual(t, parse("cpus:2.9;mem:992;ports:[3-9]"), p.Remaining())

	running := executor(parse("cpus:0.1;mem:32"))
	running.Running = true
	requireEqual(t, parse("cpus:1"), launched(t, p, parse("cpus:1"), running), "an executor that runs needs nothing more")
	requireEqual(t, parse("cpus:2.1;mem:32;ports:[1-2]"), p.Used())
	requireEqual(t, parse("cpus:4;mem:1024;ports:[1-9]"), p.Total())
	require.True(t, p.Extra().IsEmpty())
}

// docs/resource-model.md §6.6
func TestLaunchFillsInTheAllocationRole(t *testing.T) {
	p := reservation.NewPool(parse("cpus:4").Allocate("a"), framework("a"))
	requireEqual(t, parse("cpus:1").Allocate("a"), launched(t, p, parse("cpus:1"), nil))
	_, err := p.Launch(claim(sum(parse("cpus:1").Allocate("a"), parse("mem:1").Allocate("b"))), nil)
	require.ErrorIs(t, err, reservation.ErrAllocation)
	p = reservation.NewPool(parse("cpus:4"), framework("a"))
	requireEqual(t, parse("cpus:1"), launched(t, p, parse("cpus:1").Allocate("a"), nil))
}

// docs/resource-model.md §6.6
func TestLaunchRefusals(t *testing.T) {
	vol := volume(parse("disk(a):10"), "v")
	total := sum(parse("cpus:4;mem:64;ports:[1-9];zones:{a,b};disk(a):10"), vol, shared(volume(parse("disk(a):5"), "s")), revocable(parse("cpus:4;mem:64")))
	for why, c := range map[string]struct {
		task reservation.Claim
		ex   *reservation.Executor
		want error
	}{
		"nothing asked for":       {claim(resource.Resources{}), nil, reservation.ErrEmpty},
		"too much":                {claim(parse("cpus:4.001")), nil, reservation.ErrNotContained},
		"too much with executor":  {claim(parse("cpus:3")), executor(parse("cpus:2")), reservation.ErrNotContained},
		"unreserved volume":       {claim(volume(parse("disk:1"), "v")), nil, resource.ErrUse},
		"a role not its own":      {claim(parse("cpus:1").Allocate("b")), nil, reservation.ErrRole},
		"one id twice":            {claim(sum(vol, volume(parse("disk(a):10"), "v"))), nil, reservation.ErrDuplicateID},
		"one id twice, two sizes": {claim(sum(vol, volume(parse("disk(a):9"), "v"))), nil, reservation.ErrDuplicateID},
		"shared and twice":        {claim(sum(shared(vol), shared(vol))), nil, reservation.ErrDuplicateID},
		"id of the executor":      {claim(vol), executor(vol), reservation.ErrDuplicateID},
		"revocable and not":       {claim(sum(parse("cpus:1"), revocable(parse("cpus:1")))), nil, reservation.ErrMixedRevocable},
		"revocable executor":      {claim(parse("cpus:1")), executor(revocable(parse("cpus:1"))), reservation.ErrMixedRevocable},
		"ports of the executor":   {claim(parse("ports:[1-5]")), executor(parse("ports:[5-6]")), reservation.ErrOverlap},
		"members of the executor": {claim(parse("zones:{a}")), executor(parse("zones:{a,b}")), reservation.ErrOverlap},
		"shared executor":         {claim(parse("cpus:1")), executor(shared(volume(parse("disk(a):5"), "s"))), reservation.ErrShared},
	} {
		p := reservation.NewPool(total, framework("a"))
		_, err := p.Launch(c.task, c.ex)
		require.ErrorIs(t, err, c.want, why)
		requireEqual(t, total, p.Remaining(), why)
		require.True(t, p.Used().IsEmpty(), why)
	}
	half, err := resource.Build([]resource.Option{resource.ForeignNames()}, resource.Resource{Name: "gpus", Scalar: 500})
	require.NoError(t, err)
	p := reservation.NewPool(half, framework("a"))
	_, err = p.Launch(claim(half), nil)
	require.ErrorIs(t, err, resource.ErrPredefined, "half a device")

	p = reservation.NewPool(total, framework("a"))
	launched(t, p, sum(parse("mem:1"), revocable(parse("cpus:1"))), nil) // different names may differ
	launched(t, p, parse("cpus:1"), executor(parse("cpus:0.001")))       // a small executor is worth a warning, no more
	require.ErrorIs(t, reservation.CheckExecutorSize(parse("cpus:0.001;mem:32")), reservation.ErrExecutor)
}

// docs/resource-model.md §6.6
func TestLaunchFailureIsTheTasksOwn(t *testing.T) {
	p := reservation.NewPool(parse("cpus:2"), framework("a"))
	launched(t, p, parse("cpus:1"), nil)
	_, err := p.Launch(claim(parse("cpus:1.5")), nil)
	require.ErrorIs(t, err, reservation.ErrNotContained)
	launched(t, p, parse("cpus:1"), nil)
	require.True(t, p.Remaining().IsEmpty())
}

// docs/resource-model.md §6.6
func TestLaunchLimits(t *testing.T) {
	task := func(request, limit string, unlimited ...string) reservation.Claim {
		return reservation.Claim{Tag: "task", Resources: parse(request), Limits: limits(t, limit), Unlimited: unlimited}
	}
	for why, c := range map[string]struct {
		task reservation.Claim
		ok   bool
	}{
		"above":              {task("cpus:1;mem:10", "cpus:2;mem:10"), true},
		"infinite":           {task("cpus:1;mem:10", "cpus:2", "mem"), true},
		"below":              {task("cpus:1", "cpus:0.999"), false},
		"zero":               {task("cpus:1", "cpus:0"), false},
		"no request":         {task("cpus:1", "mem:10"), false},
		"infinite, none":     {task("cpus:1", "", "mem"), false},
		"other name":         {task("cpus:1;gpus:1", "gpus:2"), false},
		"infinite, other":    {task("cpus:1;disk:1", "", "disk"), false},
		"infinite and not":   {task("cpus:1;mem:10", "mem:20", "mem"), false},
		"infinite twice":     {task("cpus:1;mem:10", "", "mem", "cpus", "mem"), false},
		"several requesters": {task("cpus:1;cpus(a):1", "cpus:1.5"), false},
	} {
		p := reservation.NewPool(parse("cpus:4;mem:64;gpus:1;disk:1;cpus(a):1"), framework("a"))
		_, err := p.Launch(c.task, nil)
		if c.ok {
			require.NoError(t, err, why)
		} else {
			require.ErrorIs(t, err, reservation.ErrLimit, why)
		}
	}
	p := reservation.NewPool(parse("cpus:4;mem:64;disk:9"), framework("a"))
	ex := executor(parse("cpus:0.01;mem:32;disk:1"))
	_, err := p.LaunchGroup([]reservation.Claim{task("cpus:1", "cpus:2")}, *ex, false)
	require.ErrorIs(t, err, reservation.ErrLimit, "one cgroup for all")
	_, err = p.LaunchGroup([]reservation.Claim{task("cpus:1", "cpus:2")}, *ex, true)
	require.NoError(t, err)
}

// docs/resource-model.md §6.6
func TestLaunchGroupIsAllOrNothing(t *testing.T) {
	total := parse("cpus:4;mem:64;disk:9;ports:[1-9]")
	ex := executor(parse("cpus:0.01;mem:32;disk:1"))
	p := reservation.NewPool(total, framework("a"))
	_, err := p.LaunchGroup([]reservation.Claim{claim(parse("cpus:2")), claim(parse("cpus:2"))}, *ex, false)
	require.ErrorIs(t, err, reservation.ErrNotContained)
	requireEqual(t, total, p.Remaining())

	needed, err := p.LaunchGroup([]reservation.Claim{claim(parse("cpus:2;ports:[1-2]")), claim(parse("cpus:1;ports:[3-3]"))}, *ex, false)
	require.NoError(t, err)
	requireEqual(t, parse("cpus:3.01;mem:32;disk:1;ports:[1-3]"), needed)
	requireEqual(t, parse("cpus:0.99;mem:32;disk:8;ports:[4-9]"), p.Remaining())
}

// docs/resource-model.md §6.6
func TestLaunchGroupRefusals(t *testing.T) {
	vol := volume(parse("disk(a):10"), "v")
	total := sum(parse("cpus:4;mem:640;disk:9;ports:[1-9]"), vol, revocable(parse("cpus:4")))
	good := executor(parse("cpus:0.01;mem:32;disk:1"))
	for why, c := range map[string]struct {
		tasks []resource.Resources
		ex    *reservation.Executor
		want  error
	}{
		"no tasks":                {nil, good, reservation.ErrEmpty},
		"an empty task":           {[]resource.Resources{parse("cpus:1"), {}}, good, reservation.ErrEmpty},
		"few cpus":                {[]resource.Resources{parse("cpus:1")}, executor(parse("cpus:0.009;mem:32;disk:1")), reservation.ErrExecutor},
		"little mem":              {[]resource.Resources{parse("cpus:1")}, executor(parse("cpus:0.01;mem:31.999;disk:1")), reservation.ErrExecutor},
		"no disk":                 {[]resource.Resources{parse("cpus:1")}, executor(parse("cpus:0.01;mem:32")), reservation.ErrExecutor},
		"an id in two tasks":      {[]resource.Resources{vol, vol}, good, reservation.ErrDuplicateID},
		"revocable in two tasks":  {[]resource.Resources{parse("cpus:1"), revocable(parse("cpus:1"))}, good, reservation.ErrMixedRevocable},
		"a port in two tasks":     {[]resource.Resources{parse("ports:[1-2]"), parse("ports:[2-3]")}, good, reservation.ErrOverlap},
		"a port in the executor":  {[]resource.Resources{parse("ports:[1-2]")}, executor(parse("cpus:0.01;mem:32;disk:1;ports:[2-2]")), reservation.ErrOverlap},
		"tasks of different role": {[]resource.Resources{parse("cpus:1").Allocate("a"), parse("cpus:1").Allocate("b")}, good, reservation.ErrRole},
	} {
		p := reservation.NewPool(total, framework("a"))
		var tasks []reservation.Claim
		for _, r := range c.tasks {
			tasks = append(tasks, claim(r))
		}
		_, err := p.LaunchGroup(tasks, *c.ex, false)
		require.ErrorIs(t, err, c.want, why)
		requireEqual(t, total, p.Remaining(), why)
	}
}

// docs/resource-model.md §6.7
func TestReserveCreateLaunchInOneAccept(t *testing.T) {
	p := reservation.NewPool(parse("cpus:4;disk:100"), framework("a"))
	require.NoError(t, p.Apply(reservation.Reserve{Resources: dyn(parse("disk:10"), "a", "")}))
	vol := volume(dyn(parse("disk:10"), "a", ""), "v")
	require.NoError(t, p.Apply(create(vol)))
	launched(t, p, sum(parse("cpus:1"), vol), nil)
	requireEqual(t, parse("cpus:3;disk:90"), p.Remaining())
	requireEqual(t, sum(parse("cpus:4;disk:90"), vol), p.Total())

	require.ErrorIs(t, p.Apply(destroy(vol)), reservation.ErrInUse, "the task has it")
	require.NoError(t, p.Apply(reservation.Reserve{Resources: dyn(parse("disk:10"), "a", "")}))
	require.ErrorIs(t, p.Apply(create(vol)), reservation.ErrDuplicateID)
}

// docs/resource-model.md §6.7
func TestCreateDestroyCreateInOneAccept(t *testing.T) {
	vol := volume(parse("disk(a):10"), "v")
	c := framework("a")
	c.Volumes = vol
	p := reservation.NewPool(vol, c)
	for range 3 {
		require.NoError(t, p.Apply(destroy(vol)))
		require.NoError(t, p.Apply(create(vol)))
	}
	requireEqual(t, vol, p.Total())
}

// docs/resource-model.md §7
func TestSharedVolumeOfAnAcceptNeverRunsOut(t *testing.T) {
	vol := shared(volume(parse("disk(a):10"), "v"))
	p := reservation.NewPool(sum(parse("cpus:3"), vol), framework("a"))
	task := sum(parse("cpus:1"), vol)
	for i := range 3 {
		requireEqual(t, task, launched(t, p, task, nil), "task %d", i)
	}
	requireEqual(t, sum(parse("cpus:3"), vol, vol, vol), p.Used())
	requireEqual(t, sum(vol, vol), p.Extra(), "copies beyond the one offered")
	require.True(t, p.Remaining().IsEmpty())
	requireEqual(t, sum(parse("cpus:3"), vol), p.Total(), "the agent's total has it once")

	require.ErrorIs(t, p.Apply(destroy(vol)), reservation.ErrInUse)
	_, err := p.Launch(claim(shared(volume(parse("disk(a):10"), "w"))), nil)
	require.ErrorIs(t, err, reservation.ErrNotContained, "another one is not there")
}

// docs/resource-model.md §7
func TestOthersUseCountsBesideTheAcceptsOwn(t *testing.T) {
	v, w := shared(volume(parse("disk(a):10"), "v")), shared(volume(parse("disk(a):10"), "w"))
	p := reservation.NewPool(sum(v, w), busy(framework("a"), "a:w"))
	launched(t, p, v, nil)
	require.ErrorIs(t, p.Apply(destroy(v)), reservation.ErrInUse)
	require.ErrorIs(t, p.Apply(destroy(w)), reservation.ErrInUse)
}

// docs/resource-model.md §7
func TestSharedVolumeInAGroup(t *testing.T) {
	vol := shared(volume(parse("disk(a):10"), "v"))
	p := reservation.NewPool(sum(parse("cpus:3;mem:32;disk:1"), vol), framework("a"))
	task := claim(sum(parse("cpus:1"), vol))
	needed, err := p.LaunchGroup([]reservation.Claim{task, task}, *executor(parse("cpus:0.01;mem:32;disk:1")), false)
	require.NoError(t, err)
	requireEqual(t, sum(parse("cpus:2.01;mem:32;disk:1"), vol, vol), needed)
	requireEqual(t, vol, p.Extra())
}

// docs/resource-model.md §7
func TestSharedVolumeCreatedInTheAccept(t *testing.T) {
	vol := shared(volume(parse("disk(a):10"), "v"))
	p := reservation.NewPool(parse("disk(a):10"), framework("a"))
	require.NoError(t, p.Apply(create(vol)))
	launched(t, p, vol, nil)
	launched(t, p, mounted(vol, func(v *resource.Volume) { v.Mode = resource.ReadOnly }), nil)
	requireEqual(t, vol, p.Extra())

	p = reservation.NewPool(vol, framework("a"))
	require.NoError(t, p.Apply(destroy(vol)))
	_, err := p.Launch(claim(vol), nil)
	require.ErrorIs(t, err, reservation.ErrNotContained, "one destroyed in the accept is gone")
}

// docs/resource-model.md §7
func TestAvailableIsWhatIsFreeAndAllThatIsShared(t *testing.T) {
	vol := shared(volume(parse("disk(a):10"), "v"))
	total := sum(parse("cpus:4;ports:[1-9];disk(a):90"), vol)
	allocated := sum(parse("cpus:1;ports:[1-2]"), vol, vol).Allocate("a").Add(parse("cpus:2").Allocate("b"))
	requireEqual(t, sum(parse("cpus:1;ports:[3-9];disk(a):90"), vol), reservation.Available(total, allocated))
	requireEqual(t, vol, reservation.Available(vol, sum(parse("cpus:1"), vol)), "more allocated than there is")
}

// docs/resource-model.md §7
func TestExtraCountsOnlyCopiesBeyondThoseOffered(t *testing.T) {
	vol := shared(volume(parse("disk(a):10"), "v"))
	requireEqual(t, vol, reservation.Extra(sum(parse("cpus:9"), vol, vol, vol), sum(vol, vol)))
	require.True(t, reservation.Extra(sum(parse("cpus:9"), vol), sum(vol, vol)).IsEmpty())
}

// docs/resource-model.md §7
func TestUseTrackerCountsPerOwnerIDAndUser(t *testing.T) {
	var use reservation.UseTracker[int]
	v, w := only(volume(parse("disk(a):10"), "v")), only(volume(parse("disk(b):10"), "v"))
	require.False(t, use.InUse("a", "v"))
	require.ErrorIs(t, use.Release(v, 1), reservation.ErrNotInUse)
	require.NoError(t, use.Acquire(v, 1))
	require.NoError(t, use.Acquire(v, 1))
	require.NoError(t, use.Acquire(v, 2))
	require.True(t, use.InUse("a", "v"))
	require.False(t, use.InUse("b", "v"), "the same id of another role is another volume")
	require.Equal(t, []int{3, 2, 1, 1}, []int{use.Count("a", "v"), use.CountOf("a", "v", 1), use.CountOf("a", "v", 2), use.Len()})
	require.ErrorIs(t, use.Release(v, 3), reservation.ErrNotInUse)
	require.ErrorIs(t, use.Release(w, 1), reservation.ErrNotInUse)

	copied := use.Clone()
	for _, user := range []int{1, 2, 1} {
		require.True(t, use.InUse("a", "v"))
		require.NoError(t, use.Release(v, user))
	}
	require.False(t, use.InUse("a", "v"))
	require.Zero(t, use.Len(), "nothing is kept of what is over")
	require.Equal(t, 3, copied.Count("a", "v"))

	plain := only(parse("disk(a):10"))
	require.ErrorIs(t, use.Acquire(plain, 1), reservation.ErrNotVolume)
	require.ErrorIs(t, use.Release(plain, 1), reservation.ErrNotVolume)
	require.Zero(t, use.Len())
}

// docs/resource-model.md §7: the walk-through of producer and consumer.
func TestProducerAndConsumer(t *testing.T) {
	var use reservation.UseTracker[string]
	total := parse("cpus:2;disk(etl):1000")
	allocated := resource.Resources{}
	vol := shared(volume(parse("disk(etl):200"), "v"))
	start := func(task string, op ...reservation.Op) {
		offered := reservation.Available(total, allocated)
		p := reservation.NewPool(offered, framework("etl"))
		for _, o := range op {
			require.NoError(t, p.Apply(o))
		}
		needed := launched(t, p, sum(parse("cpus:1"), vol), nil)
		total = total.SubSaturating(offered).Add(p.Total())
		allocated = allocated.Add(needed)
		require.NoError(t, use.Acquire(only(vol), task))
	}
	end := func(task string) {
		var err error
		allocated, err = allocated.Sub(sum(parse("cpus:1"), vol))
		require.NoError(t, err)
		require.NoError(t, use.Release(only(vol), task))
	}
	free := func() resource.Resources { return reservation.Available(total, allocated) }
	c := operator()
	c.InUse = use.InUse

	start("writer", create(vol))
	requireEqual(t, sum(parse("cpus:2;disk(etl):800"), vol), total)
	requireEqual(t, sum(parse("cpus:1;disk(etl):800"), vol), free(), "still available while written to")
	start("reader")
	require.Equal(t, 2, allocated.Count(only(vol)))
	require.Equal(t, "cpus:2; disk:200", allocated.Quantities().String(), "its size counts once")
	end("writer")
	require.Equal(t, 1, allocated.Count(only(vol)))
	refused(t, reservation.ErrInUse, free(), destroy(vol), c)
	end("reader")
	requireEqual(t, parse("cpus:2;disk(etl):1000"), applied(t, free(), destroy(vol), c))
}

func TestErrorsAreOfBearableLength(t *testing.T) {
	var labels []resource.Label
	for i := range 500 {
		labels = append(labels, resource.Label{Key: fmt.Sprint("key", i)})
	}
	r, err := parse("cpus:1").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "a", Labels: labels})
	require.NoError(t, err)
	_, err = reservation.Apply(r, reservation.Unreserve{Resources: sum(r, r)}, framework("a"))
	require.ErrorIs(t, err, reservation.ErrNotContained)
	require.Less(t, len(err.Error()), 1000)
}
