package master_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// ends tells how an offer ended by the events, "" if it did not, and how often.
func (r *rig) ends(id msg.OfferID) (how []master.OfferEnd) {
	for _, e := range r.events {
		if e, ok := e.(master.OfferEnded); ok && e.Offer == id {
			how = append(how, e.How)
		}
	}
	return how
}

// docs/protocol.md §6 the table of offers: each event ends an offer once and in its way, tells the framework of it only where the
// row says so, and what was offered can be offered again.
// docs/protocol.md §6 OUTSTANDING: ACCEPT, list valid
// docs/protocol.md §6 OUTSTANDING: ACCEPT, list invalid
// docs/protocol.md §6 OUTSTANDING: DECLINE
// docs/protocol.md §6 OUTSTANDING: agent lost / disconnected / deactivated
// docs/protocol.md §6 OUTSTANDING: framework disconnects or fails over
// docs/protocol.md §6 any final: ACCEPT
func TestOfferTable(t *testing.T) {
	hour := msg.Filters{Refuse: time.Hour}
	for _, c := range []struct {
		event   string
		do      func(r *rig, a agentID, o msg.Offer)
		how     master.OfferEnd
		rescind bool // the framework is told
		again   bool // it is offered the rest at once
	}{
		{"ACCEPT, list valid", func(r *rig, a agentID, o msg.Offer) {
			r.launch("s", o, task("t", a, "cpus:1;mem:32"))
		}, master.OfferAccepted, false, false},
		{"ACCEPT, list invalid", func(r *rig, a agentID, o msg.Offer) {
			r.say("s", msg.Accept{Offers: []msg.OfferID{o.ID, "unknown"}, Filters: hour})
		}, master.OfferDiscarded, false, true},
		{"DECLINE", func(r *rig, a agentID, o msg.Offer) {
			r.say("s", msg.Decline{Offers: []msg.OfferID{o.ID}, Filters: hour})
		}, master.OfferDeclined, false, false},
		{"DECLINE without filter", func(r *rig, a agentID, o msg.Offer) {
			r.say("s", msg.Decline{Offers: []msg.OfferID{o.ID}, Filters: msg.Filters{None: true}})
		}, master.OfferDeclined, false, true},
		{"agent disconnected", func(r *rig, a agentID, o msg.Offer) { r.down("a") }, master.OfferRescinded, true, false},
		{"agent lost", func(r *rig, a agentID, o msg.Offer) { r.say("a", msg.UnregisterAgent{Agent: a}) }, master.OfferRescinded, true, false},
		{"agent deactivated", func(r *rig, a agentID, o msg.Offer) {
			require.NoError(r.t, r.operate(msg.DeactivateAgent{Agent: a}))
		}, master.OfferRescinded, true, false},
		{"agent gone", func(r *rig, a agentID, o msg.Offer) {
			require.NoError(r.t, r.operate(msg.MarkAgentGone{Agent: a}))
		}, master.OfferRescinded, true, false},
		{"reservation by operator", func(r *rig, a agentID, o msg.Offer) {
			require.NoError(r.t, r.operate(msg.ChangeAgent{Agent: a, Op: reservation.Reserve{Resources: operators("cpus:1", "db")}}))
		}, master.OfferRescinded, true, true},
		{"role given up", func(r *rig, a agentID, o msg.Offer) {
			i := info("other")
			i.ID = o.Framework
			r.say("s", msg.UpdateFramework{Framework: i})
		}, master.OfferRescinded, true, true},
		{"framework disconnects", func(r *rig, a agentID, o msg.Offer) { r.down("s") }, master.OfferDiscarded, false, false},
		{"framework fails over", func(r *rig, a agentID, o msg.Offer) {
			i := info("web")
			i.ID = o.Framework
			r.scheduler("next", i)
		}, master.OfferDiscarded, false, true},
	} {
		t.Run(c.event, func(t *testing.T) {
			r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
			c.do(r, a, o)
			require.Equal(t, []master.OfferEnd{c.how}, r.ends(o.ID))
			rescinds := all[msg.Rescind](r, "s")
			if c.rescind {
				require.Equal(t, []msg.Rescind{{Offer: o.ID}}, rescinds)
			} else {
				require.Empty(t, rescinds)
			}
			// OUTSTANDING is left for good: what names it later is void, or ignored.
			r.advance(2 * time.Second)
			require.Equal(t, []master.OfferEnd{c.how}, r.ends(o.ID))
			again := r.offers(f)
			if c.again {
				require.Len(t, again, 1)
			} else {
				require.Empty(t, again)
			}
			if r.links["s"] == 0 {
				return
			}
			r.took("s")
			r.undisturbed(func() { r.say("s", msg.Decline{Offers: []msg.OfferID{o.ID}, Filters: hour}) })
			r.undisturbed(func() { r.say("s", accept([]msg.Operation{msg.Launch(task("late", a, "cpus:1;mem:32"))}, o)) })
			if c.event != "framework fails over" { // its old stream is closed
				require.Equal(t, []string{"late TASK_DROPPED INVALID_OFFERS"}, r.states("s"))
			}
		})
	}
}

// docs/protocol.md §6 refuse_seconds: default 5, negative 5, 0 none; under StrictDRF never shorter than the allocation interval.
func TestRefuseSeconds(t *testing.T) {
	for name, c := range map[string]struct {
		filters msg.Filters
		hidden  time.Duration
	}{
		"default":  {msg.Filters{}, 5 * time.Second},
		"negative": {msg.Filters{Refuse: -time.Second}, 5 * time.Second},
		"none":     {msg.Filters{None: true}, 0},
		"long":     {msg.Filters{Refuse: 40 * time.Second}, 40 * time.Second}, // the agent answers no pings
	} {
		t.Run(name, func(t *testing.T) {
			r, _, _, o := cluster(t, "cpus:4;mem:1024", info("web"))
			r.say("s", msg.Decline{Offers: []msg.OfferID{o.ID}, Filters: c.filters})
			if c.hidden > 0 {
				r.advance(c.hidden - time.Millisecond)
				require.Empty(t, all[msg.Offers](r, "s"))
			}
			r.advance(2 * time.Second)
			require.Len(t, all[msg.Offers](r, "s"), 1)
		})
	}
}

// live are the states in which a task holds resources, as far as an agent reports them.
var live = []msg.TaskState{msg.TaskStaging, msg.TaskStarting, msg.TaskRunning, msg.TaskKilling}

// terminal are those in which it does not any more.
var terminal = []msg.TaskState{msg.TaskFinished, msg.TaskFailed, msg.TaskKilled, msg.TaskError, msg.TaskLost, msg.TaskDropped,
	msg.TaskGone, msg.TaskGoneByOperator}

// docs/protocol.md §8 the states: which are terminal, and their numbers.
// docs/protocol.md §8 TASK_STAGING, TASK_STARTING, TASK_RUNNING, TASK_KILLING, TASK_FINISHED, TASK_FAILED, TASK_KILLED, TASK_ERROR, TASK_LOST,
// docs/protocol.md §8 TASK_DROPPED, TASK_UNREACHABLE, TASK_GONE, TASK_GONE_BY_OPERATOR, TASK_UNKNOWN
func TestTaskStates(t *testing.T) {
	for n, s := range []msg.TaskState{msg.TaskStarting, msg.TaskRunning, msg.TaskFinished, msg.TaskFailed, msg.TaskKilled, msg.TaskLost, msg.TaskStaging,
		msg.TaskError, msg.TaskKilling, msg.TaskDropped, msg.TaskUnreachable, msg.TaskGone, msg.TaskGoneByOperator, msg.TaskUnknown} {
		require.EqualValues(t, n, s, "%s", s)
	}
	for _, s := range terminal {
		require.True(t, s.Terminal(), "%s", s)
	}
	for _, s := range append(live, msg.TaskUnreachable, msg.TaskUnknown) {
		require.False(t, s.Terminal(), "%s", s)
	}
	for _, s := range []msg.TaskState{msg.TaskUnreachable, msg.TaskDropped, msg.TaskGone, msg.TaskGoneByOperator, msg.TaskUnknown} {
		require.Equal(t, msg.TaskLost, s.For(msg.Capabilities{}), "%s without PARTITION_AWARE", s)
		require.Equal(t, s, s.For(msg.Capabilities{PartitionAware: true}))
	}
}

// inState is a task that its agent has reported in a state, staging aside.
func inState(t *testing.T, s msg.TaskState) (*rig, agentID, frameworkID) {
	r, a, f := running(t, info("web"))
	if s != msg.TaskStaging {
		r.say("a", status(f, "t", s, 1))
	}
	r.took("s")
	return r, a, f
}

// docs/protocol.md §8 the table of legal moves, those that come by an agent: a live task takes them, frees its resources at a terminal
// one, and its framework sees each. A terminal one takes none: a late update is forwarded and changes nothing. Killing is not
// undone.
// docs/protocol.md §8 STAGING: STARTING, RUNNING, any terminal
// docs/protocol.md §8 STAGING: KILLED, DROPPED/LOST, ERROR, FAILED, GONE/LOST
// docs/protocol.md §8 STARTING, RUNNING: RUNNING, KILLING, terminal
// docs/protocol.md §8 KILLING: KILLING, terminal
// docs/protocol.md §8 other terminal: -
func TestMovesByTheAgent(t *testing.T) {
	for _, from := range append(append([]msg.TaskState{}, live...), terminal...) {
		for _, to := range append(append([]msg.TaskState{}, live[1:]...), terminal...) {
			r, a, f := inState(t, from)
			r.say("a", status(f, "t", to, 2))
			want := to
			if from.Terminal() || from == msg.TaskKilling && to == msg.TaskRunning {
				want = from
			}
			row, ok := r.task(f, "t")
			require.True(t, ok, "until it is acknowledged")
			require.Equal(t, want, row.State, "%s to %s", from, to)
			require.Equal(t, []string{"t " + to.String() + " "}, r.states("s"), "%s to %s", from, to)
			used := res("cpus:2;mem:64") // with its executor
			if want.Terminal() {
				used = res("cpus:1;mem:32")
			}
			require.Equal(t, used, r.used(a), "%s to %s", from, to)
		}
	}
}

// docs/protocol.md §8 what only a master may say of a task is refused of an agent.
func TestMovesThatNoAgentMakes(t *testing.T) {
	for _, to := range []msg.TaskState{msg.TaskUnreachable, msg.TaskUnknown, 14, 255} {
		r, _, f := inState(t, msg.TaskRunning)
		r.undisturbed(func() { require.ErrorIs(t, r.try("a", status(f, "t", to, 2)), master.ErrInvalid) })
		require.Empty(t, r.states("s"))
	}
}

// docs/protocol.md §8 any live state to UNREACHABLE or LOST by the master when the agent is out of contact, and back to what the agent
// reports when it returns; terminal ones stay as they are.
// docs/protocol.md §8 any live: UNREACHABLE or LOST
// docs/protocol.md §8 UNREACHABLE, LOST (by partition): state reported by agent
func TestMovesByThePartition(t *testing.T) {
	for _, aware := range []bool{true, false} {
		for _, from := range append(append([]msg.TaskState{}, live...), terminal...) {
			t.Run(fmt.Sprint(aware, from), func(t *testing.T) {
				i := info("web")
				i.Capabilities.PartitionAware = aware
				r, a, f := running(t, i)
				if from != msg.TaskStaging {
					r.say("a", status(f, "t", from, 1))
				}
				rep := r.report(a)
				r.took("s")
				r.advance(75 * time.Second)
				lost := "t " + msg.TaskUnreachable.For(i.Capabilities).String() + " AGENT_REMOVED"
				if from.Terminal() {
					require.Empty(t, r.states("s"))
				} else {
					require.Equal(t, []string{lost}, r.states("s"))
					u := last[msg.Update](r, "s").Status
					require.Equal(t, msg.SourceMaster, u.Source)
					require.True(t, u.UUID.IsZero())
					require.NotZero(t, u.UnreachableTime)
				}
				r.took("s")
				r.up("a")
				r.say("a", rep)
				if from.Terminal() {
					require.Empty(t, r.states("s"), "its own update is still to be acknowledged, and comes again")
				} else {
					require.Equal(t, []string{fmt.Sprintf("t %s AGENT_REREGISTERED", from)}, r.states("s"))
				}
				row, ok := r.task(f, "t")
				require.True(t, ok)
				require.Equal(t, from, row.State)
				require.Zero(t, row.Unreachable)
			})
		}
	}
}

// completed returns a framework's task out of the records.
func (r *rig) completed(f frameworkID, id msg.TaskID) master.TaskReport {
	r.t.Helper()
	for _, t := range r.m.CompletedTasks(f) {
		if t.ID == id {
			return t
		}
	}
	require.Fail(r.t, "no such record", "%s of %s", id, f)
	return master.TaskReport{}
}

// docs/protocol.md §8 UNREACHABLE to GONE_BY_OPERATOR by an operator, with AGENT_REMOVED_BY_OPERATOR for those who know that state.
// docs/protocol.md §8 UNREACHABLE: GONE_BY_OPERATOR, KILLED (framework removed)
func TestUnreachableToGoneByOperator(t *testing.T) {
	for _, aware := range []bool{true, false} {
		i := info("web")
		i.Capabilities.PartitionAware = aware
		r, a, f := running(t, i)
		r.advance(75 * time.Second)
		r.took("s")
		require.NoError(t, r.operate(msg.MarkAgentGone{Agent: a}))
		want := "t TASK_GONE_BY_OPERATOR AGENT_REMOVED_BY_OPERATOR"
		if !aware {
			want = "t TASK_LOST AGENT_REMOVED"
		}
		require.Equal(t, []string{want}, r.states("s"))
		require.Equal(t, msg.TaskGoneByOperator.For(i.Capabilities), r.completed(f, "t").State)
	}
}

// docs/protocol.md §4.5 MARK_AGENT_GONE of an unreachable agent: FAILURE; what was over there, and not acknowledged, stays what it was.
func TestGoneLeavesWhatIsOver(t *testing.T) {
	r, a, f := running(t, info("web"))
	r.say("a", status(f, "t", msg.TaskFinished, 1))
	r.advance(75 * time.Second)
	r.took("s")
	require.NoError(t, r.operate(msg.MarkAgentGone{Agent: a}))
	require.Empty(t, r.states("s"))
	require.Equal(t, []msg.Failure{{Agent: a}}, all[msg.Failure](r, "s"))
	require.Equal(t, msg.TaskFinished, r.completed(f, "t").State)
}

// docs/protocol.md §8, §3.2 UNREACHABLE to KILLED, with FRAMEWORK_REMOVED, in the records only.
func TestUnreachableToKilled(t *testing.T) {
	for _, aware := range []bool{true, false} { // of the others the state is LOST, and it becomes KILLED as well
		i := info("web")
		i.Capabilities.PartitionAware = aware
		r, _, f := running(t, i)
		r.advance(75 * time.Second)
		r.took("s")
		r.say("s", msg.Teardown{})
		require.Empty(t, r.states("s"))
		row := r.completed(f, "t")
		require.Equal(t, msg.TaskKilled, row.State, aware)
		require.Equal(t, msg.ReasonFrameworkRemoved, row.Forwarded.Reason)
	}
}

// docs/protocol.md §8 other terminal: a task that is over and not acknowledged stays what it was when its framework is removed.
func TestRemovedFrameworkLeavesWhatIsOver(t *testing.T) {
	r, _, f := running(t, info("web"))
	r.say("a", status(f, "t", msg.TaskFinished, 1))
	r.say("s", msg.Teardown{})
	require.Equal(t, msg.TaskFinished, r.completed(f, "t").State)
}

// docs/protocol.md §8 two values per task: the newest state frees the resources, the last update that was forwarded is what
// reconciliation tells.
func TestTwoValuesPerTask(t *testing.T) {
	r, a, f := running(t, info("web"))
	u := status(f, "t", msg.TaskRunning, 1)
	u.Latest = msg.TaskFinished
	r.say("a", u)
	row, _ := r.task(f, "t")
	require.Equal(t, msg.TaskFinished, row.State)
	require.Equal(t, res("cpus:1;mem:32"), r.used(a), "the executor's")
	r.took("s")
	r.say("s", msg.Reconcile{Tasks: []msg.TaskRef{{Task: "t"}}})
	require.Equal(t, []string{"t TASK_RUNNING RECONCILIATION"}, r.states("s"))
	r.say("s", msg.Acknowledge{Agent: a, Task: "t", UUID: msg.UUID{1}})
	_, ok := r.task(f, "t")
	require.True(t, ok, "its terminal update is still to come")
	r.say("a", status(f, "t", msg.TaskFinished, 2))
	r.say("s", msg.Acknowledge{Agent: a, Task: "t", UUID: msg.UUID{2}})
	_, ok = r.task(f, "t")
	require.False(t, ok)
	require.Equal(t, msg.TaskFinished, r.completed(f, "t").State)
}

// docs/protocol.md §12 the table of explicit answers, row by row and for both kinds of frameworks.
// docs/protocol.md §12 unknown task, agent registered
// docs/protocol.md §12 unknown task, agent unreachable
// docs/protocol.md §12 unknown task, agent gone
func TestReconciliationTable(t *testing.T) {
	type where = func(*rig, agentID)
	for _, c := range []struct {
		row   string
		agent func(a agentID) agentID
		do    where
		aware string
		plain string
	}{
		{"agent registered", func(a agentID) agentID { return a }, func(*rig, agentID) {}, "TASK_GONE", "TASK_LOST"},
		{"agent disconnected", func(a agentID) agentID { return a }, func(r *rig, _ agentID) { r.down("a") }, "TASK_GONE", "TASK_LOST"},
		{"agent unreachable", func(a agentID) agentID { return a }, func(r *rig, _ agentID) { r.advance(75 * time.Second) }, "TASK_UNREACHABLE", "TASK_LOST"},
		{"agent gone", func(a agentID) agentID { return a }, func(r *rig, a agentID) { require.NoError(r.t, r.operate(msg.MarkAgentGone{Agent: a})) }, "TASK_GONE_BY_OPERATOR", "TASK_LOST"},
		{"agent removed", func(a agentID) agentID { return a }, func(r *rig, a agentID) { r.say("a", msg.UnregisterAgent{Agent: a}) }, "TASK_UNKNOWN", "TASK_LOST"},
		{"agent never seen", func(agentID) agentID { return "else" }, func(*rig, agentID) {}, "TASK_UNKNOWN", "TASK_LOST"},
		{"no agent named", func(agentID) agentID { return "" }, func(*rig, agentID) {}, "TASK_UNKNOWN", "TASK_LOST"},
	} {
		for aware, want := range map[bool]string{true: c.aware, false: c.plain} {
			t.Run(fmt.Sprint(c.row, aware), func(t *testing.T) {
				i := info("web")
				i.Capabilities.PartitionAware = aware
				r, a, _, _ := cluster(t, "cpus:4;mem:1024", i)
				c.do(r, a)
				r.took("s")
				r.undisturbed(func() { r.say("s", msg.Reconcile{Tasks: []msg.TaskRef{{Task: "u", Agent: c.agent(a)}}}) })
				require.Equal(t, []string{"u " + want + " RECONCILIATION"}, r.states("s"))
				u := last[msg.Update](r, "s").Status
				require.Equal(t, msg.SourceMaster, u.Source)
				require.True(t, u.UUID.IsZero())
				require.Equal(t, c.row == "agent unreachable", u.UnreachableTime != 0)
				r.took("s")
				r.advance(time.Minute)
				require.Empty(t, r.states("s"), "it is not repeated")
			})
		}
	}
}

// docs/protocol.md §10 KILL of an unreachable task that names no agent is reconciled with its agent.
func TestKillOfAnUnreachableTask(t *testing.T) {
	r, a, _ := running(t, info("web"))
	r.advance(75 * time.Second)
	r.took("s")
	r.say("s", msg.Kill{Task: "t"})
	require.Equal(t, []string{"t TASK_UNREACHABLE RECONCILIATION"}, r.states("s"))
	require.Equal(t, a, last[msg.Update](r, "s").Status.Agent)
}

// docs/protocol.md §7 task checks that need a running executor or a volume: an executor id that runs with another description, and
// a volume that is not there.
func TestTaskChecksAgainstTheBooks(t *testing.T) {
	r, a, f := running(t, info("web"))
	r.say("s", msg.Revive{})
	other := custom("other", a, "cpus:1;mem:32", "x", "cpus:1;mem:33")
	volumes := task("volumes", a, "cpus:1;mem:32")
	volumes.Resources = volumes.Resources.Add(volume("v", 10, "web", false))
	same := custom("same", a, "cpus:1;mem:32", "x", "cpus:1;mem:32")
	r.launch("s", r.offer(f), other, volumes, same)
	require.Equal(t, []string{"other TASK_ERROR TASK_INVALID", "volumes TASK_ERROR TASK_INVALID"}, r.states("s"))
	require.False(t, last[msg.RunTasks](r, "a").LaunchExecutor, "it runs there already")
	_, ok := r.task(f, "same")
	require.True(t, ok)
}

// docs/protocol.md §7 the checks of resource operations: what each row refuses is dropped alone.
// docs/protocol.md §7 RESERVE / UNRESERVE
// docs/protocol.md §7 CREATE / DESTROY
// docs/protocol.md §7 unknown type
func TestOperationChecks(t *testing.T) {
	revocable := func() resource.Resources {
		r, err := resource.New(resource.Resource{Name: "cpus", Scalar: 1000, Revocable: true, Reservations: []resource.Reservation{{Type: resource.Dynamic, Role: "web"}}})
		require.NoError(t, err)
		return r
	}
	for name, op := range map[string]msg.Operation{
		"RESERVE beyond the pool":      msg.Reserve(dynamic("cpus:5", "web")),
		"RESERVE for another role":     msg.Reserve(dynamic("cpus:1", "db")),
		"RESERVE of nothing reserved":  msg.Reserve(resource.MustParse("cpus:1")),
		"RESERVE of two levels":        msg.Reserve(stacked(t, 2)),
		"RESERVE of revocable":         msg.Reserve(revocable()),
		"UNRESERVE of unreserved":      msg.Unreserve(resource.MustParse("cpus:1")),
		"UNRESERVE of what is not":     msg.Unreserve(dynamic("cpus:1", "web")),
		"CREATE on unreserved disk":    msg.Create(volume("v", 10, "web", false)),
		"DESTROY of no volume":         msg.Destroy(volume("v", 10, "web", false)),
		"resize of no volume":          {Do: msg.Change{Op: reservation.Resize{Volume: first(volume("v", 10, "web", false)), Grow: dynamic("disk:1", "web")}}},
		"RESERVE of nothing":           msg.Reserve(resource.Resources{}),
		"an operation that is nothing": {Do: msg.Change{}},
	} {
		t.Run(name, func(t *testing.T) {
			r, a, f, o := cluster(t, "cpus:4;mem:1024;disk:100", info("web"))
			r.say("s", accept([]msg.Operation{op, msg.Launch(task("t", a, "cpus:1;mem:32"))}, o))
			require.Empty(t, all[msg.ApplyOperation](r, "a"))
			require.Len(t, all[msg.RunTasks](r, "a"), 1, "later operations go on")
			b, _ := r.m.Books(a)
			require.Equal(t, res("cpus:4;mem:1024;disk:100"), b.Total.String())
			_, ok := r.task(f, "t")
			require.True(t, ok)
		})
	}
}

// docs/protocol.md §7 CREATE: an id that a volume elsewhere on the agent has, here a task's, is not unique.
func TestCreateWithTheIDOfAVolumeInUse(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024;disk:100", info("web"))
	v, user := volume("v", 10, "web", false), task("t", a, "cpus:1;mem:32")
	user.Resources = user.Resources.Add(v)
	r.say("s", accept([]msg.Operation{msg.Reserve(dynamic("disk:20", "web")), msg.Create(v), msg.Launch(user)}, o))
	require.Len(t, all[msg.ApplyOperation](r, "a"), 2)
	require.Len(t, all[msg.RunTasks](r, "a"), 1)
	r.say("s", msg.Revive{})
	r.say("s", accept([]msg.Operation{msg.Create(v)}, r.offer(f)))
	require.Len(t, all[msg.ApplyOperation](r, "a"), 2)
}

// docs/protocol.md §3.3, §7 CREATE of a shared volume takes the capability SHARED_RESOURCES.
func TestCreateOfASharedVolume(t *testing.T) {
	for _, capable := range []bool{true, false} {
		i := info("web")
		i.Capabilities.SharedResources = capable
		r, _, _, o := cluster(t, "cpus:4;mem:1024;disk:100", i)
		r.say("s", accept([]msg.Operation{msg.Reserve(dynamic("disk:20", "web")), msg.Create(volume("v", 10, "web", true))}, o))
		want := 1
		if capable {
			want = 2
		}
		require.Len(t, all[msg.ApplyOperation](r, "a"), want)
	}
}

func first(r resource.Resources) resource.Resource {
	for e := range r.All() {
		return e
	}
	return resource.Resource{}
}

// docs/protocol.md §3.3 SHARED_RESOURCES, REVOCABLE_RESOURCES, GPU_RESOURCES, RESERVATION_REFINEMENT: such resources are withheld
// without the capability.
func TestCapabilitiesOfOffers(t *testing.T) {
	refined, shared := stacked(t, 2), volume("v", 10, "web", true)
	revocable, err := resource.New(resource.Resource{Name: "cpus", Scalar: 1000, Revocable: true})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		total resource.Resources
		with  func(*msg.Capabilities)
		want  func(msg.Offer) bool
	}{
		"gpus": {resource.MustParse("cpus:1;mem:64;gpus:1"), func(c *msg.Capabilities) { c.GPUResources = true },
			func(o msg.Offer) bool { return o.Resources.Contains(resource.MustParse("gpus:1")) }},
		"refined": {resource.MustParse("cpus:3;mem:64").Add(refined), func(c *msg.Capabilities) { c.ReservationRefinement = true },
			func(o msg.Offer) bool { return o.Resources.Contains(refined) }},
		"revocable": {resource.MustParse("cpus:1;mem:64").Add(revocable), func(c *msg.Capabilities) { c.RevocableResources = true },
			func(o msg.Offer) bool { return o.Resources.Contains(revocable) }},
		"shared": {resource.MustParse("cpus:1;mem:64").Add(shared), func(c *msg.Capabilities) { c.SharedResources = true },
			func(o msg.Offer) bool { return o.Resources.Contains(shared) }},
	} {
		for _, has := range []bool{true, false} {
			t.Run(fmt.Sprint(name, has), func(t *testing.T) {
				r := newRig(t)
				reg := registration("a", "cpus:1")
				reg.Info.Resources, reg.Total = c.total, c.total
				r.up("a")
				r.say("a", reg)
				i := info("web")
				i.Roles = []role.Name{"web", "web/x"}
				i.Capabilities = msg.Capabilities{}
				if has {
					c.with(&i.Capabilities)
				}
				shown := false
				for _, o := range r.offers(r.scheduler("s", i)) {
					shown = shown || c.want(o)
				}
				require.Equal(t, has, shown)
			})
		}
	}
}

// docs/protocol.md §19 duplicate register, re-register, subscribe, kill, ack, decline: the same answer again where there is one, and
// nothing else changes.
func TestDuplicatesAreIdempotent(t *testing.T) {
	r, a, f := running(t, info("web"))
	r.say("s", msg.Revive{})
	o := r.offer(f)
	r.say("a", status(f, "t", msg.TaskRunning, 1))
	r.took("a")
	r.took("s")
	again := info("web")
	again.ID = f
	rep := r.report(a)
	ack := msg.Acknowledge{Agent: a, Task: "t", UUID: msg.UUID{1}}
	for _, d := range []struct {
		what, who string
		body      msg.Message
		answers   map[string][]string // what each time is sent to whom
	}{
		{"register", "a", registration("a", "cpus:4;mem:1024"), map[string][]string{"a": {"AgentRegistered"}}},
		{"re-register", "a", rep, map[string][]string{"a": {"AgentReregistered", "Ping"}}},
		{"subscribe", "s", msg.Subscribe{Framework: again}, map[string][]string{"s": {"Subscribed", "Heartbeat"}, "a": {"FrameworkUpdated"}}},
		{"kill", "s", msg.Kill{Task: "t"}, map[string][]string{"a": {"KillTask"}}},
		{"ack", "s", ack, map[string][]string{"a": {"StatusAck"}}},
		{"decline", "s", msg.Decline{Offers: []msg.OfferID{o.ID}, Filters: msg.Filters{Refuse: time.Minute}}, nil},
	} {
		t.Run(d.what, func(t *testing.T) {
			r.t = t
			if d.what == "kill" || d.what == "decline" {
				r.say(d.who, d.body) // the first of them does change something
				r.took("a")
				r.took("s")
			}
			for range 2 {
				r.undisturbed(func() { r.say(d.who, d.body) })
				for _, party := range []string{"a", "s"} {
					require.Equal(t, d.answers[party], kinds(r.took(party)), party)
				}
			}
		})
	}
}

// docs/protocol.md §6 -: allocation: an OFFERS event; where the rules give offers a lifetime it ends in a RESCIND, and what was in it is
// offered again.
func TestOfferOfAnAllocation(t *testing.T) {
	patient := func(c *master.Config) { c.PingTimeout = 15 * time.Minute }
	r := newRig(t, patient)
	a := r.agent("a", "cpus:4;mem:1024")
	f := r.scheduler("s", info("web"))
	o := r.offer(f)
	require.Equal(t, []msg.Offer{o}, last[msg.Offers](r, "s").Offers)
	require.Equal(t, a, o.Agent)
	at, ok := r.m.NextDeadline()
	require.True(t, ok)
	require.Positive(t, at.Sub(r.now))
	r.took("s")
	r.advance(offer.DefaultRules(offer.V1).OfferLifetime)
	require.Equal(t, []msg.Rescind{{Offer: o.ID}}, all[msg.Rescind](r, "s"))
	require.Equal(t, []master.OfferEnd{master.OfferRescinded}, r.ends(o.ID))
	require.NotEqual(t, o.ID, r.offer(f).ID)
}

// docs/protocol.md §8 MASTER (0): the reasons that a master gives, each with its state for frameworks that know of partitions and for
// others, without a uuid.
func TestReasonsOfTheMaster(t *testing.T) {
	bad := func(id msg.TaskID, a agentID) msg.TaskInfo { return task(id, a, "cpus:99;mem:32") }
	for _, c := range []struct {
		reason       msg.Reason
		aware, plain msg.TaskState
		checkpoint   bool
		do           func(r *rig, a agentID, f frameworkID)
	}{
		{msg.ReasonTaskInvalid, msg.TaskError, msg.TaskError, true, func(r *rig, a agentID, f frameworkID) { r.launch("s", r.offer(f), bad("u", a)) }},
		{msg.ReasonTaskGroupInvalid, msg.TaskError, msg.TaskError, true, func(r *rig, a agentID, f frameworkID) {
			g := msg.LaunchGroup{Executor: msg.ExecutorInfo{ID: "y", Resources: resource.MustParse("cpus:1;mem:32;disk:1")}, Tasks: []msg.TaskInfo{bad("u", a)}}
			r.say("s", accept([]msg.Operation{{Do: g}}, r.offer(f)))
		}},
		{msg.ReasonInvalidOffers, msg.TaskDropped, msg.TaskLost, true, func(r *rig, a agentID, f frameworkID) { r.launch("s", msg.Offer{ID: "x"}, bad("u", a)) }},
		{msg.ReasonAgentRemoved, msg.TaskUnreachable, msg.TaskLost, true, func(r *rig, a agentID, f frameworkID) { r.advance(75 * time.Second) }},
		{msg.ReasonAgentRemoved, msg.TaskLost, msg.TaskLost, true, func(r *rig, a agentID, f frameworkID) { r.say("a", msg.UnregisterAgent{Agent: a}) }},
		{msg.ReasonAgentDisconnected, msg.TaskLost, msg.TaskLost, false, func(r *rig, a agentID, f frameworkID) { r.down("a") }},
		{msg.ReasonAgentReregistered, msg.TaskRunning, msg.TaskRunning, true, func(r *rig, a agentID, f frameworkID) {
			rep := r.report(a, func(b *msg.ReregisterAgent) { b.Tasks[0].State = msg.TaskRunning })
			r.advance(75 * time.Second)
			r.up("a")
			r.say("a", rep)
		}},
		{msg.ReasonReconciliation, msg.TaskStaging, msg.TaskStaging, true, func(r *rig, a agentID, f frameworkID) { r.say("s", msg.Reconcile{}) }},
	} {
		for aware, want := range map[bool]msg.TaskState{true: c.aware, false: c.plain} {
			t.Run(fmt.Sprint(c.reason, want, aware), func(t *testing.T) {
				i := info("web")
				i.Capabilities.PartitionAware, i.Checkpoint = aware, c.checkpoint
				r, a, f := running(t, i)
				r.say("s", msg.Revive{})
				r.settle()
				r.took("s")
				c.do(r, a, f)
				u := last[msg.Update](r, "s").Status
				require.Equal(t, want, u.State)
				require.Equal(t, c.reason, u.Reason)
				require.Equal(t, msg.SourceMaster, u.Source)
				require.True(t, u.UUID.IsZero())
				require.NotEmpty(t, u.Message)
			})
		}
	}
}
