package master_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// running is a cluster with one task t under executor x.
func running(t tb, i msg.FrameworkInfo, change ...func(*master.Config)) (*rig, agentID, frameworkID) {
	t.Helper()
	r, a, f, o := cluster(t, "cpus:4;mem:1024", i, change...)
	r.launch("s", o, custom("t", a, "cpus:1;mem:32", "x", "cpus:1;mem:32"))
	r.took("a")
	return r, a, f
}

// docs/protocol.md §9 the master records the state, adds nothing, forwards; the acknowledgement goes to the agent; that of
// a terminal update ends the task in the books, its resources were free from the update on.
func TestLifeOfATask(t *testing.T) {
	r, a, f := running(t, info("web"))
	for i, s := range []msg.TaskState{msg.TaskStarting, msg.TaskRunning, msg.TaskRunning, msg.TaskFinished} {
		u := status(f, "t", s, byte(i+1))
		u.Status.Data, u.Status.Message = []byte("data"), "text"
		r.say("a", u)
		want := u.Status
		want.Agent = a
		require.Equal(t, []msg.Message{msg.Update{Status: want}}, r.took("s"))
		row, _ := r.task(f, "t")
		require.Equal(t, s, row.State)
		require.Nil(t, row.Forwarded.Data) // not kept
		require.Equal(t, s.Terminal(), r.used(a) == res("cpus:1;mem:32"))
		r.say("s", msg.Acknowledge{Agent: a, Task: "t", UUID: msg.UUID{byte(i + 1)}})
		require.Equal(t, msg.StatusAck{Framework: f, Task: "t", UUID: msg.UUID{byte(i + 1)}}, last[msg.StatusAck](r, "a"))
	}
	require.Empty(t, r.m.Tasks())
	done := r.m.CompletedTasks(f)
	require.Len(t, done, 1)
	require.Equal(t, msg.TaskFinished, done[0].State)
}

// docs/protocol.md §8 `state` is the newest: it frees resources although the scheduler still hears of an older one.
func TestNewestStateFreesResources(t *testing.T) {
	r, a, f := running(t, info("web"))
	u := status(f, "t", msg.TaskRunning, 1)
	u.Latest = msg.TaskFailed
	r.say("a", u)
	require.Equal(t, msg.TaskRunning, last[msg.Update](r, "s").Status.State)
	require.Equal(t, res("cpus:1;mem:32"), r.used(a)) // the executor's
	r.say("s", msg.Reconcile{Tasks: []msg.TaskRef{{Task: "t"}}})
	require.Equal(t, msg.TaskRunning, last[msg.Update](r, "s").Status.State) // the last forwarded

	// A late update is forwarded and never changes the master's state.
	r.say("a", status(f, "t", msg.TaskFailed, 2))
	late := status(f, "t", msg.TaskRunning, 3)
	r.say("a", late)
	row, _ := r.task(f, "t")
	require.Equal(t, msg.TaskFailed, row.State)
}

// docs/protocol.md §9 an update is repeated until acknowledged: each time it is forwarded, in the books it counts once.
func TestRepeatedUpdate(t *testing.T) {
	r, _, f := running(t, info("web"))
	u := status(f, "t", msg.TaskRunning, 1)
	r.say("a", u)
	events := len(r.events)
	r.say("a", u)
	require.Len(t, all[msg.Update](r, "s"), 2)
	require.Len(t, r.events, events)
	u.Status.State = msg.TaskStarting // not what it said under that uuid before
	r.say("a", u)
	row, _ := r.task(f, "t")
	require.Equal(t, msg.TaskRunning, row.Forwarded.State)
}

// docs/protocol.md §8 KILLING -> RUNNING is forwarded and changes nothing else.
func TestRunningAfterKilling(t *testing.T) {
	r, _, f := running(t, info("web"))
	r.say("a", status(f, "t", msg.TaskKilling, 1))
	r.say("a", status(f, "t", msg.TaskRunning, 2))
	require.Equal(t, msg.TaskRunning, last[msg.Update](r, "s").Status.State)
	row, _ := r.task(f, "t")
	require.Equal(t, msg.TaskKilling, row.State)
}

// docs/protocol.md §9 an update is dropped if the framework is not connected, the state is kept all the same.
func TestUpdateWithoutAScheduler(t *testing.T) {
	r, _, f := running(t, info("web"))
	r.down("s")
	r.say("a", status(f, "t", msg.TaskRunning, 1))
	require.Empty(t, r.took("s"))
	row, _ := r.task(f, "t")
	require.Equal(t, msg.TaskRunning, row.State)
}

// docs/protocol.md §9 an acknowledgement is dropped if the agent is not connected; one without uuid is no acknowledgement;
// only the one of the last update ends a task.
func TestAcknowledgements(t *testing.T) {
	r, a, f := running(t, info("web"))
	r.say("a", status(f, "t", msg.TaskFinished, 1))
	require.ErrorIs(t, r.try("s", msg.Acknowledge{Agent: a, Task: "t"}), master.ErrInvalid)
	r.say("s", msg.Acknowledge{Agent: a, Task: "t", UUID: msg.UUID{9}})
	r.say("s", msg.Acknowledge{Agent: "gone", Task: "t", UUID: msg.UUID{1}})
	require.Len(t, r.m.Tasks(), 1)
	require.Len(t, all[msg.StatusAck](r, "a"), 1)
	r.down("a")
	r.say("s", msg.Acknowledge{Agent: a, Task: "t", UUID: msg.UUID{1}})
	require.Len(t, r.m.Tasks(), 1)
}

// docs/protocol.md §9 an update that needs no acknowledgement ends a task at once if it is terminal.
func TestTerminalUpdateWithoutUUID(t *testing.T) {
	r, _, f := running(t, info("web"))
	r.say("a", status(f, "t", msg.TaskLost, 0))
	require.Empty(t, r.m.Tasks())
	require.Len(t, r.m.CompletedTasks(f), 1)
}

// docs/protocol.md §8 what an agent cannot know or say is refused.
func TestBadUpdates(t *testing.T) {
	r, _, f := running(t, info("web"))
	for name, change := range map[string]func(*msg.StatusUpdate){
		"unreachable":   func(u *msg.StatusUpdate) { u.Status.State = msg.TaskUnreachable },
		"unknown":       func(u *msg.StatusUpdate) { u.Latest = msg.TaskUnknown },
		"no state":      func(u *msg.StatusUpdate) { u.Status.State = 99 },
		"another agent": func(u *msg.StatusUpdate) { u.Status.Agent = "x" },
		"task id":       func(u *msg.StatusUpdate) { u.Status.Task = "" },
		"data":          func(u *msg.StatusUpdate) { u.Status.Data = make([]byte, 1<<20+1) },
		"framework":     func(u *msg.StatusUpdate) { u.Framework = "x" },
	} {
		u := status(f, "t", msg.TaskRunning, 1)
		change(&u)
		require.Error(t, r.try("a", u), name)
	}
	require.Empty(t, r.took("s"))
	r.say("a", status(f, "not-in-the-books", msg.TaskRunning, 1)) // forwarded all the same
	require.Len(t, r.took("s"), 1)
}

// docs/protocol.md §10 KILL: forwarded, repeated; agent given and wrong: ignored; task unknown: explicit reconciliation.
func TestKill(t *testing.T) {
	r, a, f := running(t, info("web"))
	r.say("s", msg.Kill{Task: "t", Agent: "wrong"})
	require.Empty(t, r.took("a"))
	k := msg.KillTask{Framework: f, Task: "t", Policy: msg.KillPolicy{Grace: time.Second}}
	r.say("s", msg.Kill{Task: "t", Agent: a, Policy: k.Policy})
	r.say("s", msg.Kill{Task: "t", Policy: k.Policy})
	require.Equal(t, []msg.Message{k, k}, r.took("a"))
	require.ErrorIs(t, r.try("s", msg.Kill{Task: "t", Policy: msg.KillPolicy{Grace: -1}}), master.ErrInvalid)
	require.Empty(t, r.took("s"))
	r.say("s", msg.Kill{Task: "u", Agent: a})
	require.Equal(t, []string{"u TASK_GONE RECONCILIATION"}, r.states("s"))
}

// docs/protocol.md §10 a kill is remembered until terminal and repeated at re-registration.
func TestKillIsRepeated(t *testing.T) {
	r, a, f := running(t, info("web"))
	r.down("a")
	r.say("s", msg.Kill{Task: "t", Policy: msg.KillPolicy{Grace: time.Second}})
	r.up("a")
	r.took("a")
	r.say("a", r.report(a))
	require.Equal(t, msg.KillTask{Framework: f, Task: "t", Policy: msg.KillPolicy{Grace: time.Second}}, last[msg.KillTask](r, "a"))
}

// docs/protocol.md §10 SHUTDOWN is forwarded if the agent is connected, else dropped.
func TestShutdownExecutor(t *testing.T) {
	r, a, f := running(t, info("web"))
	ref := msg.ExecutorRef{Agent: a, Executor: "x"}
	r.say("s", msg.ShutdownExecutor{Executor: ref})
	require.Equal(t, []msg.Message{msg.StopExecutor{Framework: f, Executor: "x"}}, r.took("a"))
	ref.Framework = "other"
	require.ErrorIs(t, r.try("s", msg.ShutdownExecutor{Executor: ref}), master.ErrInvalid)
	r.say("s", msg.ShutdownExecutor{Executor: msg.ExecutorRef{Agent: "gone", Executor: "x"}})
	require.Empty(t, r.took("a"))
}

// docs/protocol.md §11 an executor that ends: FAILURE with its raw status, what it held is free.
func TestExitedExecutor(t *testing.T) {
	r, a, f := running(t, info("web"))
	r.say("a", status(f, "t", msg.TaskFailed, 1))
	r.say("a", msg.ExitedExecutor{Framework: f, Executor: "x", Status: 256})
	require.Equal(t, msg.Failure{Agent: a, Executor: "x", Status: 256}, last[msg.Failure](r, "s"))
	require.Equal(t, res(""), r.used(a))
	r.say("a", msg.ExitedExecutor{Framework: f, Executor: "x", Status: 256})
	require.Len(t, all[msg.Failure](r, "s"), 1)
}

// docs/protocol.md §13 opaque bytes both ways, at most once, dropped where the other side is not there.
func TestMessages(t *testing.T) {
	r, a, f := running(t, info("web"))
	full := msg.ExecutorRef{Framework: f, Agent: a, Executor: "x"}
	r.say("s", msg.ToExecutor{Executor: msg.ExecutorRef{Agent: a, Executor: "x"}, Data: []byte("down")})
	require.Equal(t, []msg.Message{msg.ToExecutor{Executor: full, Data: []byte("down")}}, r.took("a"))
	r.say("a", msg.FromExecutor{Executor: msg.ExecutorRef{Framework: f, Executor: "x"}, Data: []byte("up")})
	require.Equal(t, []msg.Message{msg.FromExecutor{Executor: full, Data: []byte("up")}}, r.took("s"))

	require.ErrorIs(t, r.try("s", msg.ToExecutor{Executor: full, Data: make([]byte, 1<<20+1)}), master.ErrBound)
	require.ErrorIs(t, r.try("a", msg.FromExecutor{Executor: full, Data: make([]byte, 1<<20+1)}), master.ErrBound)
	full.Agent = "else"
	require.ErrorIs(t, r.try("a", msg.FromExecutor{Executor: full}), master.ErrInvalid)
	r.say("s", msg.ToExecutor{Executor: full})
	full.Agent, full.Framework = a, "else"
	require.ErrorIs(t, r.try("a", msg.FromExecutor{Executor: full}), master.ErrNoFramework)
	require.ErrorIs(t, r.try("s", msg.ToExecutor{Executor: full}), master.ErrInvalid)
	full.Framework = f
	r.down("s")
	r.say("a", msg.FromExecutor{Executor: full})
	require.Empty(t, r.took("s"))
	require.Empty(t, r.took("a"))
}

// docs/protocol.md §12 implicit: one update for every live task, terminal ones not yet acked included, not for
// unreachable ones.
func TestReconcileImplicitly(t *testing.T) {
	r, a, f := running(t, info("web"))
	r.say("s", msg.Revive{})
	r.launch("s", r.offer(f), task("u", a, "cpus:1;mem:32"))
	r.say("a", status(f, "t", msg.TaskFinished, 1))
	r.took("s")
	r.say("s", msg.Reconcile{})
	require.Equal(t, []string{"t TASK_FINISHED RECONCILIATION", "u TASK_STAGING RECONCILIATION"}, r.states("s"))
	first := all[msg.Update](r, "s")[0].Status
	require.True(t, first.UUID.IsZero())
	require.Equal(t, msg.SourceMaster, first.Source)
	require.EqualValues(t, "x", first.Executor)
	require.Equal(t, a, first.Agent)

	r.advance(75 * time.Second)
	r.took("s")
	r.say("s", msg.Reconcile{})
	require.Empty(t, r.states("s"))
}

// docs/protocol.md §12 explicit, first match wins: live, agent registered, agent unreachable, anything else.
// docs/protocol.md §12 task in live list
func TestReconcileExplicitly(t *testing.T) {
	for _, aware := range []bool{true, false} {
		t.Run(fmt.Sprint(aware), func(t *testing.T) {
			i := info("web")
			i.Capabilities.PartitionAware = aware
			r, a, f := running(t, i)
			b := r.agent("b", "cpus:1;mem:64")
			for n := range 6 { // b answers, a does not
				r.say("b", msg.Pong{})
				if n == 1 {
					r.say("a", status(f, "t", msg.TaskRunning, 1))
					r.took("s")
					r.say("s", msg.Reconcile{Tasks: []msg.TaskRef{{Task: "t"}, {Task: "t", Agent: b}}})
					require.Equal(t, []string{"t TASK_RUNNING RECONCILIATION", "t TASK_RUNNING RECONCILIATION"}, r.states("s"))
				}
				r.advance(15 * time.Second)
			}
			require.Equal(t, []agentID{a}, r.m.UnreachableAgents())
			r.took("s")
			r.say("s", msg.Reconcile{Tasks: []msg.TaskRef{{Task: "n", Agent: b}, {Task: "t", Agent: a}, {Task: "n"}, {Task: "n", Agent: "x"}}})
			want := []string{"n TASK_GONE RECONCILIATION", "t TASK_UNREACHABLE RECONCILIATION", "n TASK_UNKNOWN RECONCILIATION", "n TASK_UNKNOWN RECONCILIATION"}
			if !aware {
				want = []string{"n TASK_LOST RECONCILIATION", "t TASK_LOST RECONCILIATION", "n TASK_LOST RECONCILIATION", "n TASK_LOST RECONCILIATION"}
			}
			require.Equal(t, want, r.states("s"))
			require.NotZero(t, all[msg.Update](r, "s")[1].Status.UnreachableTime)
			require.ErrorIs(t, r.try("s", msg.Reconcile{Tasks: []msg.TaskRef{{Task: ""}}}), master.ErrInvalid)
		})
	}
}

// docs/protocol.md §18 the rings of completed and unreachable tasks are bounded.
func TestTaskRingsAreBounded(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"), func(c *master.Config) {
		c.Bounds.CompletedTasks, c.Bounds.UnreachableTasks = 2, 1
	})
	var tasks []msg.TaskInfo
	for i := range 4 {
		tasks = append(tasks, task(msg.TaskID(fmt.Sprint(i)), a, "cpus:0.1;mem:32"))
	}
	r.launch("s", o, tasks...)
	r.say("a", status(f, "0", msg.TaskLost, 0))
	r.advance(75 * time.Second)
	require.Len(t, r.m.Tasks(), 1)
	require.Len(t, r.m.CompletedTasks(f), 2)
}

// docs/protocol.md §16.1 operators' calls are answered; an error means that nothing changed.
func TestOperatorCalls(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024;disk:100", info("web"))
	require.NoError(t, r.operate(msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: 2}}}))
	require.Error(t, r.operate(msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: -2}}}))
	q, err := resource.NewQuantities(resource.Quantity{Name: "cpus", Amount: resource.Whole(1)})
	require.NoError(t, err)
	require.NoError(t, r.operate(msg.UpdateQuota{Configs: []quota.Config{{Role: "web", Guarantees: q}}}))
	require.Error(t, r.operate(msg.UpdateQuota{Configs: []quota.Config{{Role: "a//b"}}}))
	require.Equal(t, 2.0, r.m.Roles()[0].Weight)
	require.Equal(t, q.String(), r.m.Roles()[0].Guarantee.String())

	// docs/protocol.md §15 it needs unused resources: outstanding offers are rescinded.
	reserve := msg.ChangeAgent{Agent: a, Op: reservation.Reserve{Resources: operators("cpus:2", "web")}}
	require.NoError(t, r.operate(reserve))
	require.Equal(t, msg.Rescind{Offer: o.ID}, last[msg.Rescind](r, "s"))
	require.Equal(t, reserve.Op, last[msg.ApplyOperation](r, "a").Op)
	require.Error(t, r.operate(msg.ChangeAgent{Agent: a, Op: reservation.Reserve{Resources: operators("cpus:99", "web")}}))
	require.ErrorIs(t, r.operate(msg.ChangeAgent{Agent: "x", Op: reserve.Op}), master.ErrNoAgent)
	require.ErrorIs(t, r.operate(msg.ChangeAgent{Agent: a}), master.ErrInvalid)
	require.ErrorIs(t, r.operate(nil), master.ErrInput)
	require.True(t, r.offer(f).Resources.Contains(operators("cpus:2", "web")))
	r.down("a")
	require.ErrorIs(t, r.operate(reserve), master.ErrNoAgent)
}

// operators is a reservation as the operator "op" makes it.
func operators(text string, n role.Name) resource.Resources {
	op := "op"
	r, err := resource.MustParse(text).PushReservation(resource.Reservation{Type: resource.Dynamic, Role: n, Principal: &op})
	if err != nil {
		panic(err)
	}
	return r
}

// docs/protocol.md §16 DEACTIVATE_AGENT: no offers, tasks run on; REACTIVATE_AGENT undoes it. It outlives the loss of
// the agent.
func TestDeactivateAgent(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	require.NoError(t, r.operate(msg.DeactivateAgent{Agent: a}))
	require.NoError(t, r.operate(msg.DeactivateAgent{Agent: a}))
	require.Equal(t, msg.Rescind{Offer: o.ID}, last[msg.Rescind](r, "s"))
	require.Empty(t, r.offers(f))

	r.down("a")
	r.up("a")
	r.say("a", r.report(a))
	require.Empty(t, r.offers(f)) // a deactivated one stays deactivated
	r.advance(80 * time.Second)
	require.Equal(t, []agentID{a}, r.m.UnreachableAgents())
	r.up("a")
	r.say("a", r.report(a))
	require.True(t, r.m.Agents()[0].Deactivated)

	require.NoError(t, r.operate(msg.ReactivateAgent{Agent: a}))
	require.Len(t, r.offers(f), 1)
	require.ErrorIs(t, r.operate(msg.DeactivateAgent{Agent: "x"}), master.ErrNoAgent)
	r.advance(80 * time.Second)
	require.NoError(t, r.operate(msg.DeactivateAgent{Agent: a}))
	r.up("a")
	r.say("a", r.report(a))
	require.True(t, r.m.Agents()[0].Deactivated)
}

// docs/protocol.md §14 the master's books hold an operation at once; the agent's own total counts, with what
// is on its way to it.
func TestOperationIsAnswered(t *testing.T) {
	r, a, _, _ := cluster(t, "cpus:4;mem:1024", info("web"))
	want := operators("cpus:2", "web").Add(resource.MustParse("cpus:2;mem:1024"))
	require.NoError(t, r.operate(msg.ChangeAgent{Agent: a, Op: reservation.Reserve{Resources: operators("cpus:2", "web")}}))
	total := func() string { b, _ := r.m.Books(a); return b.Total.String() }
	require.Equal(t, want.String(), total())
	r.say("a", msg.UpdateAgent{Total: resource.MustParse("cpus:4;mem:1024")}) // older than the operation
	require.Equal(t, want.String(), total())
	uuid := last[msg.ApplyOperation](r, "a").UUID
	r.say("a", msg.OperationUpdate{UUID: uuid})
	require.Equal(t, want.String(), total())
	require.ErrorIs(t, r.try("a", msg.OperationUpdate{UUID: uuid}), master.ErrInvalid)

	// One that failed is taken out of the books, those after it stay.
	require.NoError(t, r.operate(msg.ChangeAgent{Agent: a, Op: reservation.Unreserve{Resources: operators("cpus:1", "web")}}))
	failed := last[msg.ApplyOperation](r, "a").UUID
	require.NoError(t, r.operate(msg.ChangeAgent{Agent: a, Op: reservation.Reserve{Resources: operators("cpus:1", "db")}}))
	r.say("a", msg.OperationUpdate{UUID: failed, Error: "no such thing"})
	want = operators("cpus:2", "web").Add(operators("cpus:1", "db")).Add(resource.MustParse("cpus:1;mem:1024"))
	require.Equal(t, want.String(), total())
	r.say("a", msg.UpdateAgent{Total: resource.MustParse("cpus:8")}) // the second reservation is on its way
	require.Equal(t, operators("cpus:1", "db").Add(resource.MustParse("cpus:7")).String(), total())
}

// docs/protocol.md §9, §18.1 an agent repeats an update until it is acknowledged: one whose text or labels are over their
// bounds is cut, not refused, and the task goes on. The same holds for what a report tells of a task and its last update, or its
// agent could never come back, and for why an operation failed.
// docs/protocol.md §18.1 text and labels of a status
func TestLongStatusesAreCut(t *testing.T) {
	small := func(c *master.Config) { c.Bounds.Text, c.Bounds.Labels, c.Bounds.LabelBytes = 64, 1, 8 }
	long := strings.Repeat("long", 100)
	u := status("", "t", msg.TaskFinished, 1)
	u.Status.Message = long
	u.Status.Labels = []resource.Label{{Key: "k", Value: &long}, {Key: "second"}}
	fits := func(t *testing.T, s msg.TaskStatus) {
		require.Equal(t, long[:64], s.Message)
		require.Len(t, s.Labels, 1)
		require.Equal(t, long[:8], *s.Labels[0].Value)
	}
	t.Run("update", func(t *testing.T) {
		r, a, f := running(t, info("web"), small)
		u.Framework = f
		r.say("a", u)
		fits(t, last[msg.Update](r, "s").Status)
		row, _ := r.task(f, "t")
		fits(t, row.Forwarded)
		r.say("s", msg.Acknowledge{Agent: a, Task: "t", UUID: msg.UUID{1}})
		require.Empty(t, r.m.Tasks())
	})
	t.Run("report", func(t *testing.T) {
		r, a, f := running(t, info("web"), small)
		rep := r.report(a, func(b *msg.ReregisterAgent) {
			b.Tasks[0].Forwarded, b.Tasks[0].Info.Name, b.Tasks[0].Info.Labels = u.Status, long, u.Status.Labels
		})
		r.advance(75 * time.Second)
		r.up("a")
		r.say("a", rep)
		row, _ := r.task(f, "t")
		fits(t, row.Forwarded)
		require.Equal(t, long[:64], row.Name)
		require.Equal(t, row.Forwarded.Labels, row.Labels)
	})
	t.Run("operation", func(t *testing.T) {
		r, a, _, _ := cluster(t, "cpus:4;mem:1024", info("web"), small)
		require.NoError(t, r.operate(msg.ChangeAgent{Agent: a, Op: reservation.Reserve{Resources: operators("cpus:2", "web")}}))
		r.say("a", msg.OperationUpdate{UUID: last[msg.ApplyOperation](r, "a").UUID, Error: long})
		b, _ := r.m.Books(a)
		require.Equal(t, res("cpus:4;mem:1024"), b.Total.String())
		require.Contains(t, fmt.Sprint(r.events), long[:64])
		require.NotContains(t, fmt.Sprint(r.events), long[:65])
	})
}
