package master_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// docs/protocol.md §4.4 case 1, registered: tasks that the agent did not list are sent back, it is active again, and
// nothing is lost.
func TestReregisterRegistered(t *testing.T) {
	r, a, f := running(t, info("web"))
	r.down("a")
	r.up("a")
	r.took("a")
	r.took("s")
	r.say("a", r.report(a))
	got := r.took("a")
	require.Equal(t, msg.AgentReregistered{Agent: a, PingTimeout: 75 * time.Second}, got[0])
	require.Equal(t, msg.Ping{Connected: true}, got[len(got)-1])
	require.Empty(t, r.states("s"))
	require.True(t, r.m.Agents()[0].Connected)
	r.say("s", msg.Revive{})
	require.Len(t, r.offers(f), 1)
}

// docs/protocol.md §4.4 case 1: unlisted tasks are asked about; unlisted executors leave the books.
func TestReregisterWithLosses(t *testing.T) {
	r, a, f := running(t, info("web"))
	r.down("a")
	r.up("a")
	r.say("a", r.report(a, func(b *msg.ReregisterAgent) { b.Tasks, b.Executors = nil, nil }))
	want := []msg.RunningTask{{Framework: f, Task: "t", Executor: "x", Capabilities: info("web").Capabilities}}
	require.Equal(t, want, last[msg.AgentReregistered](r, "a").Reconcile)
	require.Empty(t, r.m.Snapshot().Executors)
	require.Equal(t, res("cpus:1;mem:32"), r.used(a)) // the task's, until the agent answers
	u := status(f, "t", msg.TaskDropped, 1)
	u.Status.Reason = msg.ReasonReconciliation
	r.say("a", u)
	require.Equal(t, res(""), r.used(a))
}

// docs/protocol.md §4.4 case 1: a repeated request on the same link does not take away an executor that is about to start.
func TestReregisterCrossesALaunch(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	before := r.report(a)
	r.launch("s", o, custom("t", a, "cpus:1;mem:32", "x", "cpus:1;mem:32"))
	r.say("a", before)
	require.Len(t, last[msg.AgentReregistered](r, "a").Reconcile, 1)
	require.Len(t, r.m.Snapshot().Executors, 1)
	r.say("a", status(f, "t", msg.TaskRunning, 1))
	require.Equal(t, res("cpus:2;mem:64"), r.used(a))
}

// docs/protocol.md §4.4 a task that the master gave up (its framework does not checkpoint) and the agent still runs is
// taken back.
func TestReregisterWithAGivenUpTask(t *testing.T) {
	i := info("web")
	i.Checkpoint = false
	r, a, f := running(t, i)
	rep := r.report(a)
	r.down("a")
	require.Equal(t, []string{"t TASK_LOST AGENT_DISCONNECTED"}, r.states("s"))
	r.up("a")
	r.took("s")
	r.say("a", rep)
	require.Equal(t, []string{"t TASK_STAGING AGENT_REREGISTERED"}, r.states("s"))
	require.Equal(t, res("cpus:2;mem:64"), r.used(a))
	_, ok := r.task(f, "t")
	require.True(t, ok)
}

// docs/protocol.md §4.4 case 3, unreachable: tasks are taken back whatever the capabilities of the framework, moved to
// live, and told with the present state, AGENT_REREGISTERED, source master, no uuid.
func TestReregisterUnreachable(t *testing.T) {
	for name, aware := range map[string]bool{"partition-aware": true, "not": false} {
		t.Run(name, func(t *testing.T) {
			i := info("web")
			i.Capabilities.PartitionAware = aware
			r, a, f := running(t, i)
			r.say("a", status(f, "t", msg.TaskRunning, 1))
			rep := r.report(a)
			r.advance(75 * time.Second)
			parked, _ := r.task(f, "t")
			require.Equal(t, msg.TaskUnreachable.For(i.Capabilities), parked.State)
			r.took("s")
			r.up("a")
			r.say("a", rep)
			require.Equal(t, []string{"t TASK_RUNNING AGENT_REREGISTERED"}, r.states("s"))
			u := last[msg.Update](r, "s").Status
			require.Equal(t, msg.SourceMaster, u.Source)
			require.True(t, u.UUID.IsZero())
			back, _ := r.task(f, "t")
			require.Equal(t, msg.TaskRunning, back.State)
			require.Zero(t, back.Unreachable)
			require.Equal(t, res("cpus:2;mem:64"), r.used(a))
			require.Empty(t, r.m.UnreachableAgents())
			require.Equal(t, msg.AgentReregistered{Agent: a, PingTimeout: 75 * time.Second}, last[msg.AgentReregistered](r, "a"))
		})
	}
}

// docs/protocol.md §12 a task that its agent came back without is gone: explicit reconciliation says so.
func TestReregisterUnreachableWithoutItsTask(t *testing.T) {
	r, a, f := running(t, info("web"))
	rep := r.report(a, func(b *msg.ReregisterAgent) { b.Tasks = nil })
	r.advance(75 * time.Second)
	r.up("a")
	r.took("s")
	r.say("a", rep)
	require.Empty(t, r.states("s"))
	require.Empty(t, r.m.Tasks())
	require.Equal(t, msg.TaskGone, r.m.CompletedTasks(f)[0].State)
	r.say("s", msg.Reconcile{Tasks: []msg.TaskRef{{Task: "t", Agent: a}}})
	require.Equal(t, []string{"t TASK_GONE RECONCILIATION"}, r.states("s"))
}

// docs/protocol.md §4.4 case 2 and 3, unknown agent: frameworks that have not subscribed become RECOVERED with the
// agent's FrameworkInfo, never active. §3.1 such a framework subscribes: bind, activate, SUBSCRIBED.
func TestReregisterUnknown(t *testing.T) {
	r := newRig(t)
	i := info("web")
	i.ID = "old-0000"
	x := msg.ExecutorInfo{ID: "x", Framework: i.ID, Resources: resource.MustParse("cpus:1;mem:32")}
	rep := msg.ReregisterAgent{Info: msg.AgentInfo{ID: "old-S0", Hostname: "h"}, Total: resource.MustParse("cpus:4;mem:1024"),
		Frameworks: []msg.FrameworkInfo{i}, Executors: []msg.ExecutorReport{{Info: x, Role: "web"}},
		Tasks: []msg.TaskReport{{Framework: i.ID, Role: "web", Executor: "x", State: msg.TaskRunning,
			Info: msg.TaskInfo{ID: "t", Agent: "old-S0", Resources: resource.MustParse("cpus:1;mem:32").Allocate("web")}}}}
	r.up("a")
	r.say("a", rep)
	require.Equal(t, master.FrameworkRecovered, r.m.Frameworks()[0].State)
	require.Equal(t, res("cpus:2;mem:64"), r.used("old-S0"))
	require.Empty(t, r.offers(i.ID))
	r.say("a", msg.Pong{})
	r.advance(74 * time.Second)
	require.Len(t, r.m.Frameworks(), 1) // it has no timer until it subscribes
	r.say("a", msg.Pong{})

	require.Equal(t, i.ID, r.scheduler("s", i))
	require.Equal(t, master.FrameworkConnected, r.m.Frameworks()[0].State)
	o := r.offer(i.ID)
	require.Equal(t, []msg.ExecutorID{"x"}, o.Executors)
	require.Equal(t, res("cpus:2;mem:960"), o.Resources.String())
	r.say("s", msg.Reconcile{})
	require.Equal(t, []string{"t TASK_RUNNING RECONCILIATION"}, r.states("s"))
}

// docs/protocol.md §4.4 tasks of completed frameworks: ShutdownFramework, and nothing of them is in the books.
func TestReregisterWithACompletedFramework(t *testing.T) {
	r, a, f := running(t, info("web"))
	rep := r.report(a)
	r.down("a")
	r.say("s", msg.Teardown{})
	r.up("a")
	r.say("a", rep)
	require.Equal(t, msg.ShutdownFramework{Framework: f}, last[msg.ShutdownFramework](r, "a"))
	require.Equal(t, res(""), r.used(a))
	require.Empty(t, r.m.Frameworks())
	require.Empty(t, r.m.Tasks())

	// The same where the agent was unreachable.
	r.advance(75 * time.Second)
	r.up("a")
	r.took("a")
	r.say("a", rep)
	require.Equal(t, msg.ShutdownFramework{Framework: f}, last[msg.ShutdownFramework](r, "a"))
	require.Empty(t, r.m.Tasks())
}

// docs/protocol.md §4.4 an agent id that is registered under a different address: Shutdown.
func TestReregisterFromElsewhere(t *testing.T) {
	r := newRig(t)
	a := r.agent("a", "cpus:4;mem:1024")
	r.up("b")
	r.say("b", r.report(a))
	require.Equal(t, []string{"ShutdownAgent"}, kinds(r.took("b")))
	require.Equal(t, []string{"b"}, r.closed)
	require.EqualValues(t, "a", r.m.Agents()[0].Node)
}

// docs/protocol.md §4.4 a new link of a registered agent takes the place of the old one.
func TestReregisterOnANewLink(t *testing.T) {
	r, a, f := running(t, info("web"))
	old := r.links["a"]
	r.up("a")
	r.say("a", r.report(a))
	require.Equal(t, []string{"a"}, r.closed)
	require.ErrorIs(t, r.step(msg.Envelope{Link: old, Body: msg.Pong{}}), master.ErrLink)
	r.say("a", status(f, "t", msg.TaskRunning, 1))
	require.Len(t, r.states("s"), 1)
}

// docs/protocol.md §8 the id of a task is unique among live and unreachable ones; should its agent return when the
// memory of unreachable tasks was too short and the id was given again, the older task is killed.
func TestReturningTaskWhoseIDIsTaken(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"), func(c *master.Config) { c.Bounds.UnreachableTasks = 1 })
	r.launch("s", o, task("t", a, "cpus:1;mem:32"), task("u", a, "cpus:1;mem:32"))
	rep := r.report(a)
	r.advance(75 * time.Second) // t is forgotten, u is parked
	b := r.agent("b", "cpus:4;mem:1024")
	r.launch("s", r.offer(f), task("t", b, "cpus:2;mem:32"), task("u", b, "cpus:2;mem:32"))
	require.Contains(t, r.states("s"), "u TASK_ERROR TASK_INVALID")
	r.took("s")

	r.up("a")
	r.say("a", rep)
	require.Equal(t, msg.KillTask{Framework: f, Task: "t"}, last[msg.KillTask](r, "a"))
	require.Equal(t, []string{"u TASK_STAGING AGENT_REREGISTERED"}, r.states("s"))
	require.Equal(t, res("cpus:2;mem:64"), r.used(a))
	r.say("a", status(f, "t", msg.TaskKilled, 1))
	r.say("s", msg.Acknowledge{Agent: a, Task: "t", UUID: msg.UUID{1}})
	require.Equal(t, res("cpus:1;mem:32"), r.used(a))
	still, ok := r.task(f, "t")
	require.True(t, ok)
	require.Equal(t, b, still.Agent)
}

// docs/protocol.md §19 operations that were lost with the link: the agent's total counts again.
func TestReregisterForgetsOperations(t *testing.T) {
	r, a, _, _ := cluster(t, "cpus:4;mem:1024", info("web"))
	rep := r.report(a)
	require.NoError(t, r.operate(msg.ChangeAgent{Agent: a, Op: reservation.Reserve{Resources: operators("cpus:2", "web")}}))
	r.down("a")
	r.up("a")
	r.say("a", rep)
	b, _ := r.m.Books(a)
	require.Equal(t, res("cpus:4;mem:1024"), b.Total.String())
	r.say("a", msg.UpdateAgent{Total: resource.MustParse("cpus:5;mem:1024")})
	b, _ = r.m.Books(a)
	require.Equal(t, res("cpus:5;mem:1024"), b.Total.String())
}

// docs/protocol.md §14 an operation that crosses a re-registration on the same link is not lost: it holds on top of the total
// that the agent told before it came, and its answer is awaited.
func TestReregisterCrossesAnOperation(t *testing.T) {
	r, a, _, _ := cluster(t, "cpus:4;mem:1024", info("web"))
	rep := r.report(a)
	reserved := resource.MustParse("cpus:2;mem:1024").Add(operators("cpus:2", "web"))
	require.NoError(t, r.operate(msg.ChangeAgent{Agent: a, Op: reservation.Reserve{Resources: operators("cpus:2", "web")}}))
	total := func() string {
		b, _ := r.m.Books(a)
		return b.Total.String()
	}
	r.say("a", rep)
	require.Equal(t, reserved.String(), total())
	r.say("a", msg.OperationUpdate{UUID: last[msg.ApplyOperation](r, "a").UUID})
	require.Equal(t, reserved.String(), total())
	r.say("a", r.report(a))
	require.Equal(t, reserved.String(), total())
}

// docs/protocol.md §3.1 an agent that was away when a framework's info changed is told when it is back.
func TestReregisterHearsOfChangedInfo(t *testing.T) {
	r, a, f := running(t, info("web"))
	rep := r.report(a)
	r.down("a")
	i := info("web")
	i.ID, i.Name = f, "renamed"
	r.say("s", msg.UpdateFramework{Framework: i})
	r.up("a")
	r.took("a")
	r.say("a", rep)
	require.Equal(t, i, last[msg.FrameworkUpdated](r, "a").Framework)
}

// docs/protocol.md §7, §11 a task of a group may have a command; it runs under the group's executor all the same, and
// says so after its agent returned. A command task's executor is nobody's business.
func TestReportedTaskOfAGroupKeepsItsExecutor(t *testing.T) {
	r := newRig(t)
	i := info("web")
	i.ID = "F"
	x := msg.ExecutorInfo{ID: "x", Framework: "F"}
	rep := msg.ReregisterAgent{Info: msg.AgentInfo{ID: "S"}, Total: resource.MustParse("cpus:4;mem:1024"), Frameworks: []msg.FrameworkInfo{i},
		Executors: []msg.ExecutorReport{{Info: x, Role: "web"}},
		Tasks: []msg.TaskReport{
			{Framework: "F", Role: "web", Executor: "x", State: msg.TaskRunning,
				Info: msg.TaskInfo{ID: "member", Executor: &x, Command: &msg.CommandInfo{Value: "run"}}},
			{Framework: "F", Role: "web", Executor: "alone", State: msg.TaskRunning,
				Info: msg.TaskInfo{ID: "alone", Command: &msg.CommandInfo{Value: "run"}}},
		}}
	r.up("a")
	r.say("a", rep)
	member, _ := r.task("F", "member")
	require.Equal(t, msg.ExecutorID("x"), member.Executor)
	alone, _ := r.task("F", "alone")
	require.Empty(t, alone.Executor)
}

// docs/protocol.md §4.4 a report that contradicts itself is refused as a whole.
func TestBadReports(t *testing.T) {
	for name, change := range map[string]func(*msg.ReregisterAgent){
		"no id":              func(b *msg.ReregisterAgent) { b.Info.ID = "" },
		"id syntax":          func(b *msg.ReregisterAgent) { b.Info.ID = "a/b" },
		"framework unknown":  func(b *msg.ReregisterAgent) { b.Tasks[0].Framework = "x" },
		"framework twice":    func(b *msg.ReregisterAgent) { b.Frameworks = append(b.Frameworks, b.Frameworks[0]) },
		"framework no id":    func(b *msg.ReregisterAgent) { b.Frameworks[0].ID = "" },
		"framework roles":    func(b *msg.ReregisterAgent) { b.Frameworks[0].Roles = []role.Name{"a", "a"} },
		"task twice":         func(b *msg.ReregisterAgent) { b.Tasks = append(b.Tasks, b.Tasks[0]) },
		"task id":            func(b *msg.ReregisterAgent) { b.Tasks[0].Info.ID = "" },
		"task role":          func(b *msg.ReregisterAgent) { b.Tasks[0].Role = "a//b" },
		"task state":         func(b *msg.ReregisterAgent) { b.Tasks[0].State = msg.TaskUnknown },
		"task another role":  func(b *msg.ReregisterAgent) { b.Tasks[0].Info.Resources = b.Tasks[0].Info.Resources.Allocate("x") },
		"executor twice":     func(b *msg.ReregisterAgent) { b.Executors = append(b.Executors, b.Executors[0]) },
		"executor id":        func(b *msg.ReregisterAgent) { b.Executors[0].Info.ID = "" },
		"executor framework": func(b *msg.ReregisterAgent) { b.Executors[0].Info.Framework = "x" },
		"executor data":      func(b *msg.ReregisterAgent) { b.Executors[0].Info.Data = make([]byte, 1<<20+1) },
		"total allocated":    func(b *msg.ReregisterAgent) { b.Total = b.Total.Allocate("web") },
		"hostname":           func(b *msg.ReregisterAgent) { b.Info.Hostname = string(make([]byte, 1<<17)) },
	} {
		t.Run(name, func(t *testing.T) {
			r, a, _ := running(t, info("web"))
			rep := r.report(a)
			r.down("a")
			r.up("a")
			change(&rep)
			before := plain(r.m.Snapshot())
			require.Error(t, r.try("a", rep))
			require.Equal(t, before, plain(r.m.Snapshot()))
		})
	}
}

// docs/protocol.md §18.1 frameworks that a report adds are bounded.
func TestReportedFrameworksAreBounded(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.Frameworks = 1 })
	i, j := info("web"), info("web")
	i.ID, j.ID = "i", "j"
	rep := msg.ReregisterAgent{Info: msg.AgentInfo{ID: "S"}, Total: resource.MustParse("cpus:1"), Frameworks: []msg.FrameworkInfo{i, j}}
	r.up("a")
	require.ErrorIs(t, r.try("a", rep), master.ErrBound)
	require.Empty(t, r.m.Frameworks())
	rep.Frameworks = rep.Frameworks[:1]
	r.say("a", rep)
	require.Len(t, r.m.Frameworks(), 1)
}

// docs/protocol.md §18.1 the roles of all frameworks that a report adds are bounded together.
func TestReportedRolesAreBounded(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.Roles = 3 })
	i, j := info("a", "b"), info("c", "d")
	i.ID, j.ID = "i", "j"
	rep := msg.ReregisterAgent{Info: msg.AgentInfo{ID: "S"}, Total: resource.MustParse("cpus:1"), Frameworks: []msg.FrameworkInfo{i, j}}
	r.up("a")
	require.ErrorIs(t, r.try("a", rep), master.ErrBound)
	require.Empty(t, r.m.Frameworks())
	rep.Frameworks[1].Roles = []role.Name{"b", "c"}
	r.say("a", rep)
	require.Len(t, r.m.Frameworks(), 2)
}

// docs/protocol.md §18.1 the tasks of an agent are bounded whatever it reports: those in the books that it did not list count
// as well, and a report that would be too much is refused before anything changes.
func TestTasksOfAReportAndOfTheBooksAreBounded(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"), func(c *master.Config) { c.Bounds.AgentTasks = 2 })
	r.launch("s", o, task("t1", a, "cpus:1;mem:32"), task("t2", a, "cpus:1;mem:32"))
	more := taskReport(master.TaskReport{Framework: f, Role: "web", ID: "t3", State: msg.TaskRunning, Resources: resource.MustParse("cpus:1;mem:32")})
	before := plain(r.m.Snapshot())
	require.ErrorIs(t, r.try("a", r.report(a, func(b *msg.ReregisterAgent) { b.Tasks = append(b.Tasks[:1], more) })), master.ErrBound)
	require.Equal(t, before, plain(r.m.Snapshot()))
	r.say("a", status(f, "t2", msg.TaskFinished, 1)) // it ended, and its agent knows no more of it
	r.say("a", r.report(a, func(b *msg.ReregisterAgent) { b.Tasks = append(b.Tasks[:1], more) }))
	_, ok := r.task(f, "t3")
	require.True(t, ok)
}

// docs/protocol.md §18.1 a framework's live tasks are bounded: one that comes back with its agent when there is no room left
// is killed, and what it holds is free when it has ended.
func TestReturningTasksAreBounded(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"), func(c *master.Config) { c.Bounds.Tasks = 1 })
	r.launch("s", o, task("t", a, "cpus:1;mem:32"))
	rep := r.report(a)
	r.advance(75 * time.Second)
	b := r.agent("b", "cpus:4;mem:1024")
	r.launch("s", r.offer(f), task("u", b, "cpus:1;mem:32"))
	r.took("s")
	r.up("a")
	r.say("a", rep)
	require.Equal(t, msg.KillTask{Framework: f, Task: "t"}, last[msg.KillTask](r, "a"))
	require.Empty(t, r.states("s"))
	require.Equal(t, res("cpus:1;mem:32"), r.used(a))
	r.say("a", status(f, "t", msg.TaskKilled, 1))
	r.say("s", msg.Acknowledge{Agent: a, Task: "t", UUID: msg.UUID{1}})
	require.Equal(t, []string{"t TASK_KILLED "}, r.states("s"))
	require.Equal(t, res(""), r.used(a))
}

// docs/protocol.md §4.3 a link carries one party: an agent cannot subscribe, a scheduler cannot register.
func TestOnePartyPerLink(t *testing.T) {
	r := newRig(t)
	a := r.agent("a", "cpus:4;mem:1024")
	r.scheduler("s", info("web"))
	require.ErrorIs(t, r.try("a", msg.Subscribe{Framework: info("web")}), master.ErrTaken)
	require.ErrorIs(t, r.try("s", registration("s", "cpus:1")), master.ErrTaken)
	require.ErrorIs(t, r.try("s", r.report(a)), master.ErrTaken)
	other := r.report(a)
	other.Info.ID = "else"
	require.ErrorIs(t, r.try("a", other), master.ErrTaken)
	named := registration("b", "cpus:1")
	named.Info.ID = "mine"
	r.up("b")
	require.ErrorIs(t, r.try("b", named), master.ErrInvalid)
}
