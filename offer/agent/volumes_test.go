package agent_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// docs/resource-model.md §3.4: where volumes lie, by their disk's source; the role's slashes become spaces.
func TestVolumePaths(t *testing.T) {
	for _, c := range []struct {
		source *resource.DiskSource
		path   string
		mount  bool
	}{
		{nil, "/w/volumes/roles/eng etl/v1", false},
		{&resource.DiskSource{Type: resource.SourcePath, Root: "/d1"}, "/d1/volumes/roles/eng etl/v1", false},
		{&resource.DiskSource{Type: resource.SourceMount, Root: "/mnt/d2"}, "/mnt/d2", true},
	} {
		disk := resource.Resource{
			Name: "disk", Scalar: resource.Whole(10),
			Reservations: []resource.Reservation{{Type: resource.Static, Role: "eng/etl"}},
		}
		if c.source != nil {
			disk.Disk = &resource.Disk{Source: c.source}
		}
		base, err := resource.New(disk)
		require.NoError(t, err)
		disk.Disk = &resource.Disk{
			Source:      c.source,
			Persistence: &resource.Persistence{ID: "v1"},
			Volume:      &resource.Volume{ContainerPath: "data", Mode: resource.ReadWrite},
		}
		v, err := resource.New(disk)
		require.NoError(t, err)
		r := registered(t, func(cfg *agent.Config) { cfg.Info.Resources = base.Add(resource.MustParse("cpus:1")) })
		r.apply(1, reservation.Create{Volumes: v})
		require.Equal(t, []agent.Volume{{Seq: 1, Kind: agent.VolumeCreate, Path: c.path, Mount: c.mount}}, r.last.Volumes)
		r.volumeDone(1, "")
		b := run(true, "t1")
		b.Tasks[0].Resources = v
		r.master(b)
		require.Equal(t, c.path, r.last.Volumes[0].Target)
		r.volumeDone(2, "")
		r.step(msg.Exited{Container: r.starts["e1"].Container})
		r.apply(2, reservation.Destroy{Volumes: v})
		require.Equal(t, []agent.Volume{{Seq: 3, Kind: agent.VolumeRemove, Path: c.path, Mount: c.mount}}, r.last.Volumes)
		r.volumeDone(3, "")
		require.True(t, r.sent(msg.OperationUpdate{UUID: uuid(2)}))
		require.True(t, r.m.Total().Equal(base.Add(resource.MustParse("cpus:1"))))
	}
}

// docs/protocol.md §16.2: a volume counts only after its directory's result; then the operation is answered.
func TestOperationCountsAfterItsWork(t *testing.T) {
	r := registered(t)
	before := r.m.Total()
	v := volume("v1", "data", 10)
	r.apply(1, reservation.Create{Volumes: v})
	require.Empty(t, r.last.Sends)
	require.True(t, r.m.Total().Equal(before))
	r.volumeDone(1, "")
	require.True(t, r.sent(msg.OperationUpdate{UUID: uuid(1)}))
	require.True(t, r.m.Total().Contains(v))
	require.ErrorIs(t, r.try(msg.VolumeDone{Seq: 1}), agent.ErrInput, "an answer comes once")
}

// docs/protocol.md §16.2: operations run one at a time in order; those without volumes wait for those with.
func TestOperationsInOrder(t *testing.T) {
	r := registered(t)
	r.apply(1, reservation.Create{Volumes: volume("v1", "data", 10)})
	r.apply(2, reserve("cpus:1", "cpus(etl):1"))
	r.apply(3, reserve("cpus:9", "cpus(etl):9"))
	require.Empty(t, r.lines())
	r.volumeDone(1, "")
	require.Len(t, r.last.Sends, 3)
	require.True(t, r.sent(msg.OperationUpdate{UUID: uuid(1)}))
	require.True(t, r.sent(msg.OperationUpdate{UUID: uuid(2)}))
	require.NotEmpty(t, r.last.Sends[2].Body.(msg.OperationUpdate).Error, "there are no 9 cpus")
}

// docs/protocol.md §16.2: a creation that fails in part removes what it made, then has failed.
func TestCreationIsAllOrNothing(t *testing.T) {
	r := registered(t)
	before := r.m.Total()
	r.apply(1, reservation.Create{Volumes: volume("v1", "a", 10).Add(volume("v2", "b", 10))})
	require.Len(t, r.last.Volumes, 2)
	r.volumeDone(2, "disk full")
	r.volumeDone(1, "")
	require.Equal(t, []agent.Volume{{Seq: 3, Kind: agent.VolumeRemove, Path: "/w/volumes/roles/etl/v1"}}, r.last.Volumes)
	require.Empty(t, r.last.Sends)
	r.volumeDone(3, "")
	require.True(t, r.sent(msg.OperationUpdate{UUID: uuid(1), Error: "disk full"}))
	require.True(t, r.m.Total().Equal(before))
}

// docs/resource-model.md §6.4: a volume in use is not destroyed, whatever the master thinks.
func TestVolumeInUseIsNotDestroyed(t *testing.T) {
	r := registered(t)
	v := volume("v1", "data", 10)
	r.apply(1, reservation.Create{Volumes: v})
	r.volumeDone(1, "")
	b := run(true, "t1")
	b.Executor.Resources = v
	r.master(b)
	r.apply(2, reservation.Destroy{Volumes: v})
	require.True(t, r.sent(msg.OperationUpdate{UUID: uuid(2), Error: "volume v1 is in use"}))
	require.True(t, r.m.Total().Contains(v))
}

// docs/protocol.md §16.2: an executor is started after its own volumes are linked, and not if that fails.
func TestExecutorWaitsForItsVolumes(t *testing.T) {
	for _, failure := range []string{"", "no such directory"} {
		r := registered(t)
		v := volume("v1", "data", 10)
		r.apply(1, reservation.Create{Volumes: v})
		r.volumeDone(1, "")
		b := run(true, "t1")
		b.Executor.Resources = v
		r.master(b)
		require.Empty(t, r.last.Starts)
		r.volumeDone(2, failure)
		if failure == "" {
			require.Len(t, r.last.Starts, 1)
			continue
		}
		require.Empty(t, r.last.Starts)
		require.Equal(t, msg.ReasonContainerLaunchFailed, r.updates()[0].Status.Reason)
		require.True(t, r.sent(msg.ExitedExecutor{Framework: "F1", Executor: "e1", Status: -1}))
	}
}

// docs/protocol.md §16.2: a task is delivered after its volumes are linked; tasks behind it keep their place.
func TestTaskWaitsForItsVolumes(t *testing.T) {
	r := running(t)
	v := volume("v1", "data", 10)
	r.apply(1, reservation.Create{Volumes: v})
	r.volumeDone(1, "")
	b := run(false, "t2")
	b.Tasks[0].Resources = v
	r.master(b)
	r.master(run(false, "t3"))
	require.Empty(t, r.lines())
	early := msg.TaskStatus{Task: "t3", State: msg.TaskFinished, UUID: uuid(9)} // the executor was not given it yet
	require.ErrorIs(t, r.try(msg.Envelope{Link: execLink, Body: msg.ExecutorUpdate{Status: early}}), agent.ErrNoTask)
	r.volumeDone(2, "")
	require.Equal(t, []string{"send 100 LAUNCH t2", "send 100 LAUNCH t3"}, r.lines())
	b.Tasks[0].ID = "t4"
	r.master(b)
	require.Equal(t, "send 100 LAUNCH t4", r.text(), "the link is there already")
}

// docs/resource-model.md §3.4: a container path that leads out of the sandbox, or over another volume, fails the task.
func TestContainerPaths(t *testing.T) {
	for _, at := range []string{"/abs", "..", "../x", "a/../../x", "."} {
		r := running(t)
		r.apply(1, reservation.Create{Volumes: volume("v1", "data", 10)})
		r.volumeDone(1, "")
		b := run(false, "t2")
		b.Tasks[0].Resources = volume("v1", at, 10)
		r.master(b)
		require.Empty(t, r.last.Volumes, at)
		require.Len(t, r.updates(), 1, at)
		require.Equal(t, msg.TaskFailed, r.updates()[0].Status.State, at)
	}
	r := running(t)
	r.apply(1, reservation.Create{Volumes: volume("v1", "a", 10).Add(volume("v2", "b", 10))})
	r.volumeDone(1, "")
	r.volumeDone(2, "")
	for i, c := range []struct {
		id, at string
		ok     bool
	}{{"v1", "data", true}, {"v2", "data", false}, {"v2", "data/x", false}, {"v2", "./other/", true}} {
		b := run(false, msg.TaskID("u"+string(rune('0'+i))))
		b.Tasks[0].Resources = volume(c.id, c.at, 10)
		r.master(b)
		require.Len(t, r.last.Volumes, map[bool]int{true: 1}[c.ok], c.at)
	}
}

// docs/resource-model.md §7: readers of a shared volume say so; two tasks of one executor share the link.
func TestSharedVolumeIsLinkedOnce(t *testing.T) {
	shared := func(m resource.VolumeMode) resource.Resources {
		rs, err := resource.New(resource.Resource{
			Name: "disk", Scalar: resource.Whole(10), Shared: true,
			Reservations: []resource.Reservation{{Type: resource.Static, Role: "etl"}},
			Disk: &resource.Disk{
				Persistence: &resource.Persistence{ID: "v1"},
				Volume:      &resource.Volume{ContainerPath: "data", Mode: m},
			},
		})
		require.NoError(t, err)
		return rs
	}
	r := running(t)
	r.apply(1, reservation.Create{Volumes: shared(resource.ReadWrite)})
	r.volumeDone(1, "")
	b := run(false, "t2", "t3")
	b.Group = true
	for i := range b.Tasks {
		b.Tasks[i].Resources = shared(resource.ReadOnly)
	}
	r.master(b)
	require.Len(t, r.last.Volumes, 1)
	require.True(t, r.last.Volumes[0].ReadOnly)
	r.volumeDone(2, "")
	require.Equal(t, "send 100 LAUNCH t2 t3", r.text())
}

// docs/resource-model.md §6.1: an agent's total has no allocation role; one on an operation's resources is taken off.
func TestAllocationRolesAreTakenOff(t *testing.T) {
	v, w := volume("v1", "data", 10), volume("v1", "data", 15)
	var one resource.Resource
	for e := range v.Allocate("etl").All() {
		one = e
	}
	made := reserve("cpus:1", "cpus(etl):1").(reservation.Reserve).Resources
	r := registered(t)
	before := r.m.Total()
	for n, c := range []struct {
		op   reservation.Op
		has  resource.Resources
		work bool
	}{
		{reservation.Reserve{Resources: made.Allocate("etl")}, made, false},
		{reservation.Create{Volumes: v.Allocate("etl")}, v, true},
		{reservation.Resize{Volume: one, Grow: resource.MustParse("disk(etl):5").Allocate("etl")}, w, false},
		{reservation.Destroy{Volumes: w.Allocate("etl")}, resource.MustParse("disk(etl):1000"), true},
		{reservation.Unreserve{Resources: made.Allocate("etl")}, before, false},
	} {
		r.apply(byte(n), c.op)
		if c.work {
			r.volumeDone(r.last.Volumes[0].Seq, "")
		}
		require.True(t, r.sent(msg.OperationUpdate{UUID: uuid(byte(n))}), "%T %s", c.op, r.text())
		require.True(t, r.m.Total().Contains(c.has), "%T %v", c.op, r.m.Total())
	}
	require.True(t, r.m.Total().Equal(before))
}

// docs/resource-model.md §6.5: a volume in use is not resized.
func TestVolumeInUseIsNotResized(t *testing.T) {
	r := running(t)
	v := volume("v1", "data", 10)
	r.apply(1, reservation.Create{Volumes: v})
	r.volumeDone(1, "")
	b := run(false, "t2")
	b.Tasks[0].Resources = v
	r.master(b)
	for e := range v.All() {
		r.apply(2, reservation.Resize{Volume: e, Shrink: resource.Whole(1)})
	}
	require.True(t, r.sent(msg.OperationUpdate{UUID: uuid(2), Error: "volume v1 is in use"}))
}
