package msg_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// docs/protocol.md §7 LAUNCH and LAUNCH_GROUP launch tasks, all else none.
func TestTasksOfAnOperation(t *testing.T) {
	tasks := []msg.TaskInfo{{ID: "1"}, {ID: "2"}}
	require.Equal(t, tasks, msg.Launch(tasks...).Tasks())
	require.Equal(t, tasks, msg.Operation{Do: msg.LaunchGroup{Tasks: tasks}}.Tasks())
	require.Empty(t, msg.Reserve(resource.MustParse("cpus:1")).Tasks())
	require.Empty(t, msg.Operation{}.Tasks())
}

// docs/protocol.md §1 a persistent volume is named by its role and its id.
func TestHoldsVolume(t *testing.T) {
	v, err := resource.New(resource.Resource{Name: "disk", Scalar: resource.Whole(1),
		Reservations: []resource.Reservation{{Type: resource.Static, Role: "web"}},
		Disk: &resource.Disk{Persistence: &resource.Persistence{ID: "v"},
			Volume: &resource.Volume{ContainerPath: "data", Mode: resource.ReadWrite}}})
	require.NoError(t, err)
	r := v.Add(resource.MustParse("cpus:1;disk:5"))
	require.True(t, msg.HoldsVolume(r, "web", "v"))
	require.False(t, msg.HoldsVolume(r, "web", "w"))
	require.False(t, msg.HoldsVolume(r, "db", "v"))
	require.False(t, msg.HoldsVolume(resource.MustParse("disk:5"), "", ""))
}

// docs/protocol.md §8 the states that an executor may tell; the others are the master's or the agent's, or no states.
func TestStatesOfExecutors(t *testing.T) {
	var may []string
	for s := range msg.TaskState(20) {
		if s.FromExecutor() {
			may = append(may, s.String())
		}
	}
	require.Equal(t, []string{"TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_LOST", "TASK_ERROR",
		"TASK_KILLING", "TASK_DROPPED", "TASK_GONE"}, may)
}
