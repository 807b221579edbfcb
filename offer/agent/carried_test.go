package agent_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// laden is a task that carries all there is for its executor.
func laden(t *testing.T, id msg.TaskID) msg.TaskInfo {
	t.Helper()
	i := taskInfo(id)
	l, err := resource.ParseLimits("cpus:2")
	require.NoError(t, err)
	i.Resources, i.Limits, i.Unlimited = resource.MustParse("cpus:1;mem:32"), l, []string{"mem"}
	i.MaxCompletion = time.Hour
	i.Check = &msg.CheckInfo{Command: &msg.CommandInfo{Value: "look", Shell: true}, Interval: time.Minute}
	i.HealthCheck = &msg.HealthCheckInfo{CheckInfo: msg.CheckInfo{HTTP: &msg.HTTPCheck{Port: 80, Path: "/up", Scheme: "https",
		Statuses: []int{200}}}, Failures: 5, Grace: time.Second}
	return i
}

// docs/protocol.md §7: what a task carries for its executor goes to it as it came, and outlives a restart of the agent. Agents
// announce that they can handle limits.
func TestWhatTasksCarry(t *testing.T) {
	r := registered(t, checkpointing)
	b := keepRun(true)
	want := laden(t, "t1")
	b.Tasks = []msg.TaskInfo{want}
	r.master(b)
	r.step(msg.Started{Container: r.starts["e1"].Container})
	r.subscribe(execLink, "e1")
	require.Contains(t, r.last.Sends, msg.Envelope{Link: execLink, Body: msg.LaunchOnExecutor{Tasks: []msg.TaskInfo{want}}})
	r.update(execLink, "t1", msg.TaskRunning, 1)
	r.restart()
	r.back(200, nil)
	again := r.reregister()
	require.Equal(t, want, again.Tasks[0].Info)
	require.True(t, again.Capabilities.TaskResourceLimits)

	r = newRig(t)
	r.dial()
	r.now, _ = r.m.NextDeadline()
	r.step(msg.Tick{})
	require.True(t, r.last.Sends[0].Body.(msg.RegisterAgent).Capabilities.TaskResourceLimits)
}

// docs/protocol.md §7, §11: the executor of a command task gets the task with all that it carries.
func TestWhatCommandTasksCarry(t *testing.T) {
	r := registered(t)
	b := run(true)
	want := laden(t, "t1")
	want.Executor, want.Command = nil, &msg.CommandInfo{Value: "run"}
	b.Executor, b.Tasks = msg.ExecutorInfo{}, []msg.TaskInfo{want}
	r.master(b)
	r.subscribe(execLink, "t1")
	require.Contains(t, r.last.Sends, msg.Envelope{Link: execLink, Body: msg.LaunchOnExecutor{Tasks: []msg.TaskInfo{want}}})
}

// docs/protocol.md §8, §9: updates that differ only in health, or in the result of a check, go out one after the other; a restart
// keeps those that wait, and what the last acknowledged one said.
func TestHealthIsNews(t *testing.T) {
	r := kept(t)
	said := func(n byte, healthy bool, code *int) msg.TaskStatus {
		return msg.TaskStatus{Task: "t1", State: msg.TaskRunning, UUID: uuid(n), Healthy: &healthy,
			Check: &msg.CheckStatus{Kind: msg.CheckCommand, ExitCode: code}}
	}
	all := []msg.TaskStatus{said(2, false, nil), said(3, true, nil), said(4, true, new(0)), said(5, true, new(1))}
	for _, st := range all {
		r.exec(execLink, msg.ExecutorUpdate{Status: st})
	}
	same := func(want, got msg.TaskStatus) {
		t.Helper()
		require.Equal(t, want.UUID, got.UUID)
		require.Equal(t, want.Healthy, got.Healthy)
		require.Equal(t, want.Check, got.Check)
		require.Equal(t, r.starts["e1"].Container, got.Container)
	}
	r.ack("t1", 2)
	same(all[1], r.updates()[0].Status)
	r.ack("t1", 3)
	same(all[2], r.updates()[0].Status)
	r.restart()
	r.back(200, nil)
	same(all[1], r.reregister().Tasks[0].Forwarded)
	r.master(msg.AgentReregistered{Agent: "S1"})
	same(all[2], r.updates()[0].Status)
	r.ack("t1", 4)
	same(all[3], r.updates()[0].Status)
}

// docs/protocol.md §8: a result that is of no kind of check is refused, and nothing is kept of its update.
func TestResultOfNoCheck(t *testing.T) {
	r := running(t)
	st := msg.TaskStatus{Task: "t1", State: msg.TaskRunning, UUID: uuid(2), Check: &msg.CheckStatus{Kind: msg.CheckTCP, ExitCode: new(0)}}
	err := r.try(msg.Envelope{Link: execLink, Body: msg.ExecutorUpdate{Status: st}})
	require.ErrorIs(t, err, agent.ErrMalformed)
	require.ErrorIs(t, err, msg.ErrCheckStatus)
	require.Empty(t, r.lines())
	st.Check.Kind = msg.CheckCommand
	r.exec(execLink, msg.ExecutorUpdate{Status: st})
	require.Len(t, r.updates(), 1)
}
