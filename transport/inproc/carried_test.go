package inproc_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/transport/host"
)

// prober is an Executor that notes its tasks, and tells of one that it runs, then that it is not well.
type prober struct {
	framework.NopExecutor
	tasks []msg.TaskInfo
	bad   error // of a result that is none
}

func (p *prober) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	p.tasks = append(p.tasks, t)
	s := msg.TaskStatus{Task: t.ID, State: msg.TaskRunning, Healthy: new(true)}
	_ = d.SendStatus(s)
	s.Reason, s.Healthy, s.Check = msg.ReasonTaskHealthCheckStatusUpdated, new(false), &msg.CheckStatus{Kind: msg.CheckHTTP}
	p.bad = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning, Check: &msg.CheckStatus{Kind: msg.CheckHTTP, ExitCode: new(1)}})
	_ = d.SendStatus(s)
}

// docs/protocol.md §7, §8, §12: what a task carries for its executor arrives there, through scheduler, master and agent; what
// the executor sees of it comes back to the scheduler, and reconciliation answers with it.
func TestWhatExecutorsSeeTo(t *testing.T) {
	c, _ := newCluster(t, 1)
	p := &prober{}
	require.NotNil(t, c.AddAgent("agent-1", machine(), host.Executors{"prober": func(host.StartInfo) framework.Executor { return p }}))
	limits, err := resource.ParseLimits("cpus:3")
	require.NoError(t, err)
	want := task("t", "prober")
	want.Limits, want.Unlimited, want.MaxCompletion = limits, []string{"mem"}, time.Hour
	want.Check = &msg.CheckInfo{HTTP: &msg.HTTPCheck{Port: 8080, Path: "/"}, Delay: time.Second}
	want.HealthCheck = &msg.HealthCheckInfo{CheckInfo: msg.CheckInfo{TCP: &msg.TCPCheck{Port: 8080}}, Failures: 1}
	r := &recorder{}
	r.launch(want)
	d := c.AddScheduler(info("web"), r)
	c.Advance(5 * time.Second)

	require.Len(t, p.tasks, 1, r.heard())
	got := p.tasks[0]
	require.True(t, got.Limits.Equal(want.Limits))
	require.Equal(t, want.Unlimited, got.Unlimited)
	require.Equal(t, want.MaxCompletion, got.MaxCompletion)
	require.Equal(t, want.Check, got.Check)
	require.Equal(t, want.HealthCheck, got.HealthCheck)
	require.ErrorIs(t, p.bad, framework.ErrCall)

	require.Len(t, r.status, 2)
	require.Equal(t, new(true), r.status[0].Healthy)
	require.NoError(t, d.Reconcile())
	c.Settle()
	for _, s := range r.status[1:] {
		require.Equal(t, new(false), s.Healthy)
		require.Equal(t, &msg.CheckStatus{Kind: msg.CheckHTTP}, s.Check)
		require.NotEmpty(t, s.Container)
	}
	require.Len(t, r.status, 3)
	require.Equal(t, msg.ReasonReconciliation, r.status[2].Reason)
}
