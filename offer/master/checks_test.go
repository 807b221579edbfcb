package master_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

func limits(t *testing.T, text string) resource.Limits {
	t.Helper()
	l, err := resource.ParseLimits(text)
	require.NoError(t, err)
	return l
}

// limitable is cluster with an agent that can handle limits.
func limitable(t *testing.T) (r *rig, a agentID, f frameworkID, o msg.Offer) {
	t.Helper()
	r = newRig(t)
	r.up("a")
	b := registration("a", "cpus:4;mem:1024;disk:100")
	b.Capabilities.TaskResourceLimits = true
	r.say("a", b)
	a, f = last[msg.AgentRegistered](r, "a").Agent, r.scheduler("s", info("web"))
	o = r.offer(f)
	r.took("a")
	r.took("s")
	return r, a, f, o
}

// extras are what tasks may carry for their executor, by name. Each is fine.
func extras(t *testing.T) map[string]func(*msg.TaskInfo) {
	check := func(c msg.CheckInfo) func(*msg.TaskInfo) { return func(t *msg.TaskInfo) { t.Check = &c } }
	health := func(h msg.HealthCheckInfo) func(*msg.TaskInfo) { return func(t *msg.TaskInfo) { t.HealthCheck = &h } }
	return map[string]func(*msg.TaskInfo){
		"limits":         func(i *msg.TaskInfo) { i.Limits = limits(t, "cpus:1;mem:64") },
		"no end":         func(i *msg.TaskInfo) { i.Limits, i.Unlimited = limits(t, "mem:32"), []string{"cpus"} },
		"max completion": func(i *msg.TaskInfo) { i.MaxCompletion = time.Hour },
		"command check": check(msg.CheckInfo{Command: &msg.CommandInfo{Value: "look", Shell: true}, Delay: 1, Interval: 2,
			Timeout: 3}),
		"http check":      check(msg.CheckInfo{HTTP: &msg.HTTPCheck{Port: 1, Path: "/"}}),
		"http, no path":   check(msg.CheckInfo{HTTP: &msg.HTTPCheck{Port: 80}}),
		"tcp check":       check(msg.CheckInfo{TCP: &msg.TCPCheck{Port: 65535}}),
		"health by tcp":   health(msg.HealthCheckInfo{CheckInfo: msg.CheckInfo{TCP: &msg.TCPCheck{Port: 1}}, Failures: 1, Grace: 1}),
		"health by http":  health(msg.HealthCheckInfo{CheckInfo: msg.CheckInfo{HTTP: &msg.HTTPCheck{Port: 443, Scheme: "https", Statuses: []int{100, 599}}}}),
		"health, plainly": health(msg.HealthCheckInfo{CheckInfo: msg.CheckInfo{HTTP: &msg.HTTPCheck{Port: 80, Scheme: "http"}}}),
		"health, command": health(msg.HealthCheckInfo{CheckInfo: msg.CheckInfo{Command: &msg.CommandInfo{Value: "curl", Arguments: []string{"curl", "-f"}}}}),
		"both, both kinds": func(i *msg.TaskInfo) {
			i.Check, i.HealthCheck = &msg.CheckInfo{TCP: &msg.TCPCheck{Port: 1}}, &msg.HealthCheckInfo{CheckInfo: msg.CheckInfo{Command: &msg.CommandInfo{Value: "x"}}}
		},
	}
}

// docs/protocol.md §7: what a task carries for its executor reaches the agent as it is; limits are charged to nobody.
func TestWhatExecutorsSeeToReachesTheAgent(t *testing.T) {
	for name, change := range extras(t) {
		t.Run(name, func(t *testing.T) {
			r, a, _, o := limitable(t)
			good := custom("t", a, "cpus:1;mem:32", "x", "cpus:0.1;mem:32")
			change(&good)
			r.launch("s", o, good)
			require.Empty(t, r.states("s"))
			sent := last[msg.RunTasks](r, "a").Tasks[0]
			sent.Executor.Framework, sent.Executor.Resources, sent.Resources = "", good.Executor.Resources, good.Resources // which the master fills in
			require.Equal(t, good, sent)
			require.Equal(t, res("cpus:1.1;mem:64"), r.used(a))
		})
	}
}

// docs/protocol.md §7 LAUNCH: max_completion_time, limits, check and health check of each task. One that fails is TASK_ERROR,
// TASK_INVALID, and nothing of it is left.
func TestWhatExecutorsSeeToIsChecked(t *testing.T) {
	check := func(c msg.CheckInfo) func(*msg.TaskInfo) { return func(t *msg.TaskInfo) { t.Check = &c } }
	health := func(h msg.HealthCheckInfo) func(*msg.TaskInfo) { return func(t *msg.TaskInfo) { t.HealthCheck = &h } }
	web := func(h msg.HTTPCheck) msg.CheckInfo { return msg.CheckInfo{HTTP: &h} }
	command, tcp := &msg.CommandInfo{Value: "x"}, &msg.TCPCheck{Port: 1}
	for name, c := range map[string]struct {
		change func(*msg.TaskInfo)
		says   string
	}{
		"negative completion":     {func(i *msg.TaskInfo) { i.MaxCompletion = -1 }, "cannot be negative"},
		"limit below the request": {func(i *msg.TaskInfo) { i.Limits = limits(t, "cpus:0.999") }, "below the 1 requested"},
		"limit of none":           {func(i *msg.TaskInfo) { i.Limits = limits(t, "cpus:0") }, "below the 1 requested"},
		"limit without a request": {func(i *msg.TaskInfo) { i.Resources, i.Limits = resource.MustParse("cpus:1"), limits(t, "mem:1") }, "not requested"},
		"limit of disk":           {func(i *msg.TaskInfo) { i.Limits = limits(t, "disk:1") }, "only cpus and mem"},
		"no end to disk":          {func(i *msg.TaskInfo) { i.Unlimited = []string{"disk"} }, "only cpus and mem"},
		"limited and without end": {func(i *msg.TaskInfo) { i.Limits, i.Unlimited = limits(t, "cpus:2"), []string{"cpus"} }, "twice"},
		"check of nothing":        {check(msg.CheckInfo{}), "just one of"},
		"check of two kinds":      {check(msg.CheckInfo{Command: command, TCP: tcp}), "just one of"},
		"check by no command":     {check(msg.CheckInfo{Command: &msg.CommandInfo{Arguments: []string{"x"}}}), "command is empty"},
		"check by a long command": {check(msg.CheckInfo{Command: &msg.CommandInfo{Value: strings.Repeat("x", 1<<20+1)}}), "1048577 bytes"},
		"negative delay":          {check(msg.CheckInfo{TCP: tcp, Delay: -1}), "negative"},
		"negative interval":       {check(msg.CheckInfo{TCP: tcp, Interval: -1}), "negative"},
		"negative timeout":        {check(msg.CheckInfo{TCP: tcp, Timeout: -1}), "negative"},
		"port 0":                  {check(msg.CheckInfo{TCP: &msg.TCPCheck{}}), "port 0"},
		"port 65536":              {check(msg.CheckInfo{TCP: &msg.TCPCheck{Port: 65536}}), "port 65536"},
		"port of http":            {check(web(msg.HTTPCheck{Port: -1})), "port -1"},
		"path":                    {check(web(msg.HTTPCheck{Port: 1, Path: "up"})), "begins with /"},
		"long path":               {check(web(msg.HTTPCheck{Port: 1, Path: "/" + strings.Repeat("x", 1<<16)})), "65537 bytes"},
		"check with a scheme":     {check(web(msg.HTTPCheck{Port: 1, Scheme: "http"})), "only a health check"},
		"check with statuses":     {check(web(msg.HTTPCheck{Port: 1, Statuses: []int{200}})), "only a health check"},
		"health of nothing":       {health(msg.HealthCheckInfo{}), "just one of"},
		"health scheme":           {health(msg.HealthCheckInfo{CheckInfo: web(msg.HTTPCheck{Port: 1, Scheme: "ftp"})}), "http and https"},
		"health status 99":        {health(msg.HealthCheckInfo{CheckInfo: web(msg.HTTPCheck{Port: 1, Statuses: []int{99}})}), "status 99"},
		"health status 600":       {health(msg.HealthCheckInfo{CheckInfo: web(msg.HTTPCheck{Port: 1, Statuses: []int{200, 600}})}), "status 600"},
		"many health statuses":    {health(msg.HealthCheckInfo{CheckInfo: web(msg.HTTPCheck{Port: 1, Statuses: make([]int, 501)})}), "501 statuses"},
		"negative failures":       {health(msg.HealthCheckInfo{CheckInfo: msg.CheckInfo{TCP: tcp}, Failures: -1}), "-1 failures"},
		"negative health grace":   {health(msg.HealthCheckInfo{CheckInfo: msg.CheckInfo{TCP: tcp}, Grace: -1}), "grace of -1ns"},
		"health delay":            {health(msg.HealthCheckInfo{CheckInfo: msg.CheckInfo{TCP: tcp, Delay: -1}}), "negative"},
	} {
		t.Run(name, func(t *testing.T) {
			r, a, _, o := limitable(t)
			bad := task("bad", a, "cpus:1;mem:32")
			c.change(&bad)
			r.launch("s", o, bad, task("good", a, "cpus:1;mem:32"))
			require.Equal(t, []string{"bad TASK_ERROR TASK_INVALID"}, r.states("s"))
			require.Contains(t, last[msg.Update](r, "s").Status.Message, c.says)
			require.Len(t, all[msg.RunTasks](r, "a"), 1)
			require.Equal(t, res("cpus:1;mem:32"), r.used(a))

			g := group(a)
			c.change(&g.Tasks[1])
			r.say("s", msg.Revive{})
			o = r.offers(o.Framework)[0]
			r.took("s")
			r.say("s", accept([]msg.Operation{{Do: g}}, o))
			require.Equal(t, []string{"g1 TASK_ERROR TASK_GROUP_INVALID", "g2 TASK_ERROR TASK_GROUP_INVALID"}, r.states("s"))
		})
	}
}

// docs/protocol.md §7: limits need an agent that announces TASK_RESOURCE_LIMITS, now and not when it first came. A task without
// them runs anywhere.
func TestLimitsNeedTheAgentsCapability(t *testing.T) {
	for name, change := range map[string]func(*msg.TaskInfo){"limits": extras(t)["limits"], "no end": func(i *msg.TaskInfo) { i.Unlimited = []string{"mem"} }} {
		t.Run(name, func(t *testing.T) {
			r, a, f, o := limitable(t)
			r.say("a", r.report(a)) // without capabilities
			bad := task("bad", a, "cpus:1;mem:32")
			change(&bad)
			r.launch("s", o, bad, task("good", a, "cpus:1;mem:32"))
			require.Equal(t, []string{"bad TASK_ERROR TASK_INVALID"}, r.states("s"))
			require.Contains(t, last[msg.Update](r, "s").Status.Message, "TASK_RESOURCE_LIMITS")

			b := r.report(a)
			b.Capabilities.TaskResourceLimits = true
			r.say("a", b)
			r.took("a")
			r.say("s", msg.Revive{})
			o = r.offers(f)[0]
			bad.ID = "now"
			r.launch("s", o, bad)
			require.EqualValues(t, "now", last[msg.RunTasks](r, "a").Tasks[0].ID)
		})
	}
}

// docs/protocol.md §7 LAUNCH_GROUP: tasks of a group may have checks of any kind, and no limits.
func TestWhatTasksOfAGroupMayCarry(t *testing.T) {
	for name, change := range extras(t) {
		t.Run(name, func(t *testing.T) {
			r, a, _, o := limitable(t)
			g := group(a)
			change(&g.Tasks[1])
			want := g.Tasks[1]
			r.say("s", accept([]msg.Operation{{Do: g}}, o))
			if !want.Limits.IsEmpty() {
				require.Equal(t, []string{"g1 TASK_ERROR TASK_GROUP_INVALID", "g2 TASK_ERROR TASK_GROUP_INVALID"}, r.states("s"))
				require.Equal(t, res(""), r.used(a))
				return
			}
			require.Empty(t, r.states("s"))
			sent := last[msg.RunTasks](r, "a").Tasks[1]
			require.Equal(t, want.Check, sent.Check)
			require.Equal(t, want.HealthCheck, sent.HealthCheck)
			require.Equal(t, want.MaxCompletion, sent.MaxCompletion)
		})
	}
}

// docs/protocol.md §9, §12: an update that tells another health, or another result of a check, is news though the state stays;
// reconciliation answers with both, and with the container.
// docs/protocol.md §12 task in live list
func TestHealthAndChecks(t *testing.T) {
	r, a, f := running(t, info("web"))
	results := []*msg.CheckStatus{
		{Kind: msg.CheckHTTP},
		{Kind: msg.CheckHTTP, HTTPStatus: new(503)},
		{Kind: msg.CheckHTTP, HTTPStatus: new(200)},
	}
	for n, healthy := range []*bool{nil, new(false), new(true)} {
		u := status(f, "t", msg.TaskRunning, byte(n+1))
		u.Status.Healthy, u.Status.Check, u.Status.Container, u.Status.Executor = healthy, results[n], "c1", "x"
		events := len(r.events)
		r.say("a", u)
		want := u.Status
		want.Agent = a
		require.Equal(t, []msg.Message{msg.Update{Status: want}}, r.took("s"))
		require.Len(t, r.events, events+1)
		r.say("s", msg.Acknowledge{Agent: a, Task: "t", UUID: u.Status.UUID})

		for _, ask := range []msg.Reconcile{{}, {Tasks: []msg.TaskRef{{Task: "t"}}}} {
			r.say("s", ask)
			got := last[msg.Update](r, "s").Status
			require.Equal(t, msg.ReasonReconciliation, got.Reason)
			require.True(t, got.UUID.IsZero())
			require.Equal(t, healthy, got.Healthy)
			require.Equal(t, results[n], got.Check)
			require.EqualValues(t, "c1", got.Container)
			require.EqualValues(t, "x", got.Executor)
			r.took("s")
		}
	}
}

// docs/protocol.md §4.4: a task that comes back with its agent is told of with its health, and so is it answered for.
func TestHealthOfAReturningTask(t *testing.T) {
	r, a, f := running(t, info("web"))
	u := status(f, "t", msg.TaskRunning, 1)
	u.Status.Healthy, u.Status.Check, u.Status.Container = new(false), &msg.CheckStatus{Kind: msg.CheckTCP, Connected: new(true)}, "c1"
	r.say("a", u)
	b := r.report(a)
	require.Equal(t, u.Status.Healthy, b.Tasks[0].Forwarded.Healthy)
	r.advance(80 * time.Second)
	require.Equal(t, msg.TaskUnreachable, last[msg.Update](r, "s").Status.State)
	r.up("a")
	r.took("s")
	r.say("a", b)
	got := last[msg.Update](r, "s").Status
	require.Equal(t, msg.ReasonAgentReregistered, got.Reason)
	for range 2 {
		require.Equal(t, u.Status.Healthy, got.Healthy)
		require.Equal(t, u.Status.Check, got.Check)
		require.EqualValues(t, "c1", got.Container)
		r.say("s", msg.Reconcile{})
		got = last[msg.Update](r, "s").Status
	}
}
