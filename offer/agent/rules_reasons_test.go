package agent_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
)

// docs/protocol.md §8 AGENT (1): the reasons that an agent gives, each with its state for frameworks that know of partitions and for
// others; the update has a uuid, so it is repeated until it is acknowledged. Draining and restarts have tests of their own.
func TestReasonsOfTheAgent(t *testing.T) {
	for _, c := range []struct {
		name         string
		reason       msg.Reason
		aware, plain msg.TaskState
		do           func(r *rig, run runFunc)
	}{
		{"no executor for it", msg.ReasonExecutorTerminated, msg.TaskDropped, msg.TaskLost, func(r *rig, run runFunc) {
			b := run(false, "t2")
			b.Executor.ID = "e2"
			r.master(b)
		}},
		{"executor died under it", msg.ReasonExecutorTerminated, msg.TaskFailed, msg.TaskFailed, func(r *rig, run runFunc) {
			r.step(msg.Exited{Container: r.starts["e1"].Container, Status: 1})
		}},
		{"executor went over a limit", msg.ReasonContainerLimitation, msg.TaskFailed, msg.TaskFailed, exits(msg.ReasonContainerLimitation)},
		{"over its disk", msg.ReasonContainerLimitationDisk, msg.TaskFailed, msg.TaskFailed, exits(msg.ReasonContainerLimitationDisk)},
		{"over its memory", msg.ReasonContainerLimitationMemory, msg.TaskFailed, msg.TaskFailed, exits(msg.ReasonContainerLimitationMemory)},
		{"executor was preempted", msg.ReasonContainerPreempted, msg.TaskGone, msg.TaskLost, exits(msg.ReasonContainerPreempted)},
		{"what it may use could not be changed", msg.ReasonContainerUpdateFailed, msg.TaskGone, msg.TaskLost, exits(msg.ReasonContainerUpdateFailed)},
		{"a reason that is not the host's", msg.ReasonExecutorTerminated, msg.TaskFailed, msg.TaskFailed, exits(msg.ReasonTaskInvalid)},
		{"killed before delivery", msg.ReasonTaskKilledDuringLaunch, msg.TaskKilled, msg.TaskKilled, func(r *rig, run runFunc) {
			r.master(other(run(true, "t2")))
			r.master(msg.KillTask{Framework: "F1", Task: "t2"})
		}},
		{"executor does not start", msg.ReasonContainerLaunchFailed, msg.TaskFailed, msg.TaskFailed, func(r *rig, run runFunc) {
			r.master(other(run(true, "t2")))
			r.step(msg.StartFailed{Container: r.starts["e2"].Container, Err: "no such program"})
		}},
		{"executor does not subscribe in time", msg.ReasonExecutorRegistrationTimeout, msg.TaskFailed, msg.TaskFailed, func(r *rig, run runFunc) {
			r.master(other(run(true, "t2")))
			c := r.starts["e2"].Container
			r.step(msg.Started{Container: c})
			r.advance(time.Minute)
			r.step(msg.Exited{Container: c, Status: 9})
		}},
		{"resources that the agent does not have", msg.ReasonResourcesUnknown, msg.TaskDropped, msg.TaskLost, func(r *rig, run runFunc) {
			b := run(false, "t2")
			b.Tasks[0].Resources = volume("v9", "data", 10)
			r.master(b)
		}},
		{"command task with the id of a live executor", msg.ReasonTaskInvalid, msg.TaskDropped, msg.TaskLost, func(r *rig, run runFunc) {
			b := run(true, "e1")
			b.Tasks[0].Executor, b.Tasks[0].Command = nil, &msg.CommandInfo{Value: "run"}
			r.master(b)
		}},
		{"lost on the way", msg.ReasonReconciliation, msg.TaskDropped, msg.TaskLost, func(r *rig, run runFunc) {
			r.step(msg.LinkDown{Link: r.link, Peer: "m1"})
			r.advance(time.Second)
			r.connect()
			r.advance(2 * time.Second)
			r.master(msg.AgentReregistered{Agent: "S1", Reconcile: []msg.RunningTask{{Framework: "F1", Task: "t2", Capabilities: run(false, "t2").Framework.Capabilities}}})
		}},
	} {
		for aware, want := range map[bool]msg.TaskState{true: c.aware, false: c.plain} {
			t.Run(fmt.Sprint(c.name, aware), func(t *testing.T) {
				of := func(launch bool, ids ...msg.TaskID) msg.RunTasks {
					b := run(launch, ids...)
					b.Framework.Capabilities.PartitionAware = aware
					return b
				}
				r := registered(t)
				r.master(of(true, "t1"))
				r.step(msg.Started{Container: r.starts["e1"].Container})
				r.subscribe(execLink, "e1")
				c.do(r, of)
				require.NotEmpty(t, r.updates(), r.text())
				u := r.updates()[len(r.updates())-1].Status
				require.Equal(t, want, u.State, u.Message)
				require.Equal(t, c.reason, u.Reason)
				require.Equal(t, msg.SourceAgent, u.Source)
				require.False(t, u.UUID.IsZero())
			})
		}
	}
}

// exits ends the executor with what its host knows of that.
func exits(why msg.Reason) func(*rig, runFunc) {
	return func(r *rig, _ runFunc) {
		r.step(msg.Exited{Container: r.starts["e1"].Container, Status: 9, Reason: why})
	}
}

// docs/protocol.md §11: what the host knows of the end wins over what the agent ended the executor for; what it says is added,
// within the bound of texts. It is told also where no task is left.
func TestHostKnowsWhyAnExecutorEnded(t *testing.T) {
	r := registered(t, func(c *agent.Config) { c.Bounds.Text = 60 })
	r.master(run(true, "t1"))
	r.step(msg.Started{Container: r.starts["e1"].Container})
	r.advance(time.Minute) // it does not subscribe, and is stopped
	r.step(msg.Exited{Container: r.starts["e1"].Container, Status: 137, Reason: msg.ReasonContainerLimitationMemory, Message: "\xff of 512 MiB, says the host"})
	u := r.updates()[0].Status
	require.Equal(t, msg.ReasonContainerLimitationMemory, u.Reason)
	require.Equal(t, "its executor used more memory than it may: ? of 512 MiB, say", u.Message)
	require.True(t, r.sent(msg.ExitedExecutor{Framework: "F1", Executor: "e1", Status: 137}))

	r = running(t)
	r.update(execLink, "t1", msg.TaskFinished, 2)
	r.step(msg.Exited{Container: r.starts["e1"].Container, Status: 9, Reason: msg.ReasonContainerPreempted, Message: "x"})
	require.Empty(t, r.updates())
	last := r.events[len(r.events)-1]
	require.Equal(t, "executor exited framework=F1 executor=e1 CONTAINER_PREEMPTED: status 9", last.String())
}

type runFunc = func(launch bool, ids ...msg.TaskID) msg.RunTasks

// other is a launch under another executor.
func other(b msg.RunTasks) msg.RunTasks {
	b.Executor.ID = "e2"
	for i := range b.Tasks {
		if b.Tasks[i].Executor != nil {
			e := *b.Tasks[i].Executor
			e.ID = "e2"
			b.Tasks[i].Executor = &e
		}
	}
	return b
}

// docs/protocol.md §8 EXECUTOR (2): the reason is the executor's free choice, and goes through as it is.
func TestReasonsOfExecutors(t *testing.T) {
	r := running(t)
	for n, reason := range []msg.Reason{"", "TASK_HEALTH_CHECK_STATUS_UPDATED", "TASK_CHECK_STATUS_UPDATED", "OF_MY_OWN"} {
		r.exec(execLink, msg.ExecutorUpdate{Status: msg.TaskStatus{Task: "t1", State: msg.TaskRunning, Reason: reason, UUID: uuid(byte(n + 2)), Source: msg.SourceExecutor}})
		require.Len(t, r.updates(), 1, r.text())
		u := r.updates()[0].Status
		require.Equal(t, reason, u.Reason)
		require.Equal(t, msg.SourceExecutor, u.Source)
		r.ack("t1", byte(n+2))
	}
}
