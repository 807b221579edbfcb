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
)

// docs/protocol.md §7 LAUNCH: task STAGING at the master, resources in use, RunTask to the agent, no event for it.
// docs/protocol.md §8 (new): STAGING
func TestLaunch(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	require.Equal(t, "a.example", o.Hostname)
	require.Equal(t, res("cpus:4;mem:1024"), o.Resources.String())
	r.launch("s", o, task("t", a, "cpus:1;mem:32"))
	run := last[msg.RunTasks](r, "a")
	require.Equal(t, f, run.Framework.ID)
	require.Equal(t, role.Name("web"), run.Role)
	require.True(t, run.LaunchExecutor)
	require.EqualValues(t, "t", run.Executor.ID)
	require.Empty(t, r.took("s"))
	row, _ := r.task(f, "t")
	require.Equal(t, msg.TaskStaging, row.State)
	require.Equal(t, res("cpus:1;mem:32"), r.used(a))
}

// docs/protocol.md §7 the offer list: not empty, no duplicate, all outstanding, all of this framework. One failure voids
// the list: tasks PA: TASK_DROPPED / TASK_LOST, INVALID_OFFERS, source master, no uuid; the offers go back without filter.
func TestAcceptOfAnInvalidList(t *testing.T) {
	for name, list := range map[string]func(o msg.OfferID) []msg.OfferID{
		"empty":   func(o msg.OfferID) []msg.OfferID { return nil },
		"twice":   func(o msg.OfferID) []msg.OfferID { return []msg.OfferID{o, o} },
		"unknown": func(o msg.OfferID) []msg.OfferID { return []msg.OfferID{o, "x"} },
		"padded": func(o msg.OfferID) []msg.OfferID {
			return []msg.OfferID{msg.OfferID(strings.Replace(string(o), "-O", "-O0", 1))}
		},
	} {
		for _, aware := range []bool{true, false} {
			t.Run(fmt.Sprint(name, aware), func(t *testing.T) {
				i := info("web")
				i.Capabilities.PartitionAware = aware
				r, a, f, o := cluster(t, "cpus:4;mem:1024", i)
				r.say("s", msg.Accept{Offers: list(o.ID), Operations: []msg.Operation{msg.Launch(task("t", a, "cpus:1;mem:32"))}})
				u := last[msg.Update](r, "s").Status
				require.Equal(t, msg.TaskDropped.For(i.Capabilities), u.State)
				require.Equal(t, msg.ReasonInvalidOffers, u.Reason)
				require.Equal(t, msg.SourceMaster, u.Source)
				require.True(t, u.UUID.IsZero())
				require.Empty(t, all[msg.RunTasks](r, "a"))
				require.Empty(t, r.m.Tasks())
				require.Len(t, r.offers(f), 1)
				require.Empty(t, all[msg.Rescind](r, "s"))
			})
		}
	}
}

// docs/protocol.md §7 only the caller's own offers are discarded.
func TestAcceptOfAnothersOffer(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	r.scheduler("eve", info("web"))
	r.say("eve", accept([]msg.Operation{msg.Launch(task("t", a, "cpus:1;mem:32"))}, o))
	require.Equal(t, []string{"t TASK_DROPPED INVALID_OFFERS"}, r.states("eve"))
	require.Equal(t, o.ID, r.offer(f).ID)
}

// docs/protocol.md §7 offers accepted together are of one role and one agent.
func TestAcceptOfMixedOffers(t *testing.T) {
	r := newRig(t)
	a := r.agent("a", "cpus:4;mem:1024")
	r.agent("b", "cpus:4;mem:1024")
	f := r.scheduler("s", info("web"))
	both := r.offers(f)
	require.Len(t, both, 2)
	r.say("s", accept([]msg.Operation{msg.Launch(task("t", a, "cpus:1;mem:32"))}, both...))
	require.Equal(t, []string{"t TASK_DROPPED INVALID_OFFERS"}, r.states("s"))
	for _, o := range r.offers(f) {
		require.NotContains(t, []msg.OfferID{both[0].ID, both[1].ID}, o.ID)
	}
}

// docs/protocol.md §7 two offers of one agent are accepted together: the pool is the union of their resources.
func TestAcceptOfTwoOffers(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	r.launch("s", o, task("t1", a, "cpus:3;mem:512"))
	r.say("s", msg.Revive{})
	r.offer(f)
	r.say("a", status(f, "t1", msg.TaskFinished, 1))
	two := r.offers(f)
	require.Len(t, two, 2)
	r.say("s", accept([]msg.Operation{msg.Launch(task("t2", a, "cpus:4;mem:1024"))}, two...))
	require.Empty(t, all[msg.Update](r, "s")[1:])
	require.Equal(t, res("cpus:4;mem:1024"), r.used(a))
}

// docs/protocol.md §7 each task is checked alone: one that fails is TASK_ERROR, TASK_INVALID, the others go on.
// docs/protocol.md §8 (new): ERROR, DROPPED/LOST
func TestTaskChecks(t *testing.T) {
	for name, change := range map[string]func(*msg.TaskInfo){
		"id syntax":            func(t *msg.TaskInfo) { t.ID = "a/b" },
		"id in use":            func(t *msg.TaskInfo) { t.ID = "good" },
		"another agent":        func(t *msg.TaskInfo) { t.Agent = "x" },
		"command and executor": func(t *msg.TaskInfo) { t.Executor = &msg.ExecutorInfo{ID: "x"} },
		"nothing to run":       func(t *msg.TaskInfo) { t.Command = nil },
		"no resources":         func(t *msg.TaskInfo) { t.Resources = resource.Resources{} },
		"too much":             func(t *msg.TaskInfo) { t.Resources = resource.MustParse("cpus:99") },
		"another role":         func(t *msg.TaskInfo) { t.Resources = t.Resources.Allocate("db") },
		"negative grace":       func(t *msg.TaskInfo) { t.Kill.Grace = -1 },
		"executor of another":  func(t *msg.TaskInfo) { t.Command, t.Executor = nil, &msg.ExecutorInfo{ID: "x", Framework: "y"} },
		"executor id":          func(t *msg.TaskInfo) { t.Command, t.Executor = nil, &msg.ExecutorInfo{ID: ""} },
		"default executor": func(t *msg.TaskInfo) {
			t.Command, t.Executor = nil, &msg.ExecutorInfo{ID: "x", Type: msg.ExecutorDefault}
		},
		"executor type":         func(t *msg.TaskInfo) { t.Command, t.Executor = nil, &msg.ExecutorInfo{ID: "x", Type: 7} },
		"executor grace":        func(t *msg.TaskInfo) { t.Command, t.Executor = nil, &msg.ExecutorInfo{ID: "x", ShutdownGrace: -1} },
		"executor beyond offer": func(t *msg.TaskInfo) { *t = custom("bad", t.Agent, "cpus:1;mem:32", "x", "cpus:99") },
		"data":                  func(t *msg.TaskInfo) { t.Data = make([]byte, 1<<20+1) },
		"labels":                func(t *msg.TaskInfo) { t.Labels = make([]resource.Label, 257) },
		"label":                 func(t *msg.TaskInfo) { t.Labels = []resource.Label{{Key: strings.Repeat("k", 4097)}} },
		"name":                  func(t *msg.TaskInfo) { t.Name = strings.Repeat("n", 65537) },
		"command":               func(t *msg.TaskInfo) { t.Command = &msg.CommandInfo{Value: strings.Repeat("c", 1<<20+1)} },
	} {
		t.Run(name, func(t *testing.T) {
			r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
			bad := task("bad", a, "cpus:1;mem:32")
			change(&bad)
			r.launch("s", o, task("good", a, "cpus:1;mem:32"), bad, task("also", a, "cpus:1;mem:32"))
			require.Equal(t, []string{fmt.Sprintf("%s TASK_ERROR TASK_INVALID", bad.ID)}, r.states("s"))
			require.Len(t, all[msg.RunTasks](r, "a"), 2)
			require.Equal(t, res("cpus:2;mem:64"), r.used(a))
			require.Len(t, r.m.Tasks(), 2)
			_, ok := r.task(f, "also")
			require.True(t, ok)
		})
	}
}

// docs/protocol.md §7 resources may name the offers' role; they are kept without it.
func TestTaskWithAllocationRole(t *testing.T) {
	r, a, _, o := cluster(t, "cpus:4;mem:1024", info("web"))
	ti := custom("t", a, "cpus:1;mem:32", "x", "cpus:1;mem:32")
	ti.Resources = ti.Resources.Allocate("web")
	ti.Executor.Resources = ti.Executor.Resources.Allocate("web")
	r.launch("s", o, ti)
	run := last[msg.RunTasks](r, "a")
	require.Equal(t, res("cpus:1;mem:32"), run.Tasks[0].Resources.String())
	require.Equal(t, res("cpus:1;mem:32"), run.Executor.Resources.String())
}

// docs/protocol.md §7 the executor's resources count once; launch_executor is true when it is not on the agent by the
// master's books; a description other than the running one is an error.
func TestExecutorIsShared(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	other := custom("t3", a, "cpus:1;mem:32", "x", "cpus:2;mem:32")
	r.launch("s", o, custom("t1", a, "cpus:1;mem:32", "x", "cpus:1;mem:32"), custom("t2", a, "cpus:1;mem:32", "x", "cpus:1;mem:32"), other)
	runs := all[msg.RunTasks](r, "a")
	require.Len(t, runs, 2)
	require.True(t, runs[0].LaunchExecutor)
	require.False(t, runs[1].LaunchExecutor)
	require.Equal(t, f, runs[1].Executor.Framework)
	require.Equal(t, f, runs[1].Tasks[0].Executor.Framework, "filled in where it was missing")
	require.Equal(t, []string{"t3 TASK_ERROR TASK_INVALID"}, r.states("s"))
	require.Equal(t, res("cpus:3;mem:96"), r.used(a))

	r.say("s", msg.Revive{})
	next := r.offer(f)
	require.Equal(t, []msg.ExecutorID{"x"}, next.Executors)
	r.launch("s", next, custom("t4", a, "cpus:1;mem:32", "x", "cpus:1;mem:32"))
	require.False(t, last[msg.RunTasks](r, "a").LaunchExecutor)
}

// docs/protocol.md §11 executors of command tasks are not in the books: no executor id in offers, no FAILURE.
func TestCommandExecutorIsNobodysBusiness(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	r.launch("s", o, task("t", a, "cpus:1;mem:32"))
	r.say("s", msg.Revive{})
	require.Empty(t, r.offer(f).Executors)
	r.say("a", msg.ExitedExecutor{Framework: f, Executor: "t", Status: 1})
	require.Empty(t, all[msg.Failure](r, "s"))
}

// group is a launch of two tasks under a default executor.
func group(a agentID) msg.LaunchGroup {
	t1, t2 := task("g1", a, "cpus:1;mem:32"), task("g2", a, "cpus:1;mem:32")
	e := msg.ExecutorInfo{ID: "pod", Type: msg.ExecutorDefault, Resources: resource.MustParse("cpus:0.1;mem:32;disk:10")}
	return msg.LaunchGroup{Executor: e, Tasks: []msg.TaskInfo{t1, t2}}
}

// docs/protocol.md §7 LAUNCH_GROUP is all or nothing: one RunTaskGroup, or every task TASK_ERROR, TASK_GROUP_INVALID.
func TestLaunchGroup(t *testing.T) {
	r, a, _, o := cluster(t, "cpus:4;mem:1024;disk:100", info("web"))
	r.say("s", accept([]msg.Operation{{Do: group(a)}}, o))
	run := last[msg.RunTasks](r, "a")
	require.True(t, run.Group)
	require.True(t, run.LaunchExecutor)
	require.Len(t, run.Tasks, 2)
	require.EqualValues(t, "pod", run.Tasks[0].Executor.ID) // copied into its tasks
	require.Equal(t, res("cpus:2.1;mem:96;disk:10"), r.used(a))
}

// docs/protocol.md §7 what makes a group invalid.
func TestGroupChecks(t *testing.T) {
	for name, change := range map[string]func(*msg.LaunchGroup){
		"task too big": func(g *msg.LaunchGroup) { g.Tasks[1].Resources = resource.MustParse("cpus:99") },
		"together too big": func(g *msg.LaunchGroup) {
			g.Tasks[0].Resources, g.Tasks[1].Resources = resource.MustParse("cpus:2"), resource.MustParse("cpus:2")
		},
		"id twice":           func(g *msg.LaunchGroup) { g.Tasks[1].ID = g.Tasks[0].ID },
		"another executor":   func(g *msg.LaunchGroup) { g.Tasks[0].Executor = &msg.ExecutorInfo{ID: "else"} },
		"executor no disk":   func(g *msg.LaunchGroup) { g.Executor.Resources = resource.MustParse("cpus:0.1;mem:32") },
		"executor no mem":    func(g *msg.LaunchGroup) { g.Executor.Resources = resource.MustParse("cpus:0.1;disk:10") },
		"default w. command": func(g *msg.LaunchGroup) { g.Executor.Command = &msg.CommandInfo{Value: "x"} },
	} {
		t.Run(name, func(t *testing.T) {
			r, a, _, o := cluster(t, "cpus:4;mem:1024;disk:100", info("web"))
			g := group(a)
			change(&g)
			r.say("s", accept([]msg.Operation{{Do: g}}, o))
			for _, u := range all[msg.Update](r, "s") {
				require.Equal(t, msg.TaskError, u.Status.State)
				require.Equal(t, msg.ReasonTaskGroupInvalid, u.Status.Reason)
			}
			require.Len(t, all[msg.Update](r, "s"), 2)
			require.Empty(t, all[msg.RunTasks](r, "a"))
			require.Equal(t, res(""), r.used(a))
		})
	}
}

// docs/protocol.md §7 `id` on LAUNCH or LAUNCH_GROUP is an error for each task.
func TestLaunchWithAnOperationID(t *testing.T) {
	r, a, _, o := cluster(t, "cpus:4;mem:1024;disk:100", info("web"))
	one := msg.Launch(task("t", a, "cpus:1;mem:32"))
	one.ID = "op"
	r.say("s", accept([]msg.Operation{one, {ID: "op2", Do: group(a)}}, o))
	require.Equal(t, []string{"t TASK_ERROR TASK_INVALID", "g1 TASK_ERROR TASK_GROUP_INVALID", "g2 TASK_ERROR TASK_GROUP_INVALID"}, r.states("s"))
}

func dynamic(text string, n role.Name) resource.Resources {
	r, err := resource.MustParse(text).PushReservation(resource.Reservation{Type: resource.Dynamic, Role: n})
	if err != nil {
		panic(err)
	}
	return r
}

func volume(id string, mb int64, n role.Name, shared bool) resource.Resources {
	r, err := resource.New(resource.Resource{Name: "disk", Scalar: resource.Whole(mb), Shared: shared,
		Reservations: []resource.Reservation{{Type: resource.Dynamic, Role: n}},
		Disk: &resource.Disk{Persistence: &resource.Persistence{ID: id},
			Volume: &resource.Volume{ContainerPath: "data", Mode: resource.ReadWrite}}})
	if err != nil {
		panic(err)
	}
	return r
}

// docs/protocol.md §7 operations run in order on the shrinking pool: RESERVE, CREATE and LAUNCH in one ACCEPT, each
// ApplyOperation before the RunTask that needs it.
func TestOperationsInOrder(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024;disk:100", info("web"))
	v := volume("v", 60, "web", false)
	ti := task("t", a, "cpus:1;mem:32")
	ti.Resources = ti.Resources.Add(v)
	r.say("s", accept([]msg.Operation{msg.Reserve(dynamic("disk:100", "web")), msg.Create(v), msg.Launch(ti)}, o))
	require.Empty(t, r.states("s"))
	got := kinds(r.inbox["a"])
	require.Equal(t, []string{"ApplyOperation", "ApplyOperation", "RunTasks"}, got)
	b, _ := r.m.Books(a)
	require.True(t, b.Allocated.Unallocate().Contains(v))
	require.True(t, b.Total.Contains(v))
	require.True(t, b.Total.Contains(dynamic("disk:40", "web")))

	// What changed and is not used goes back without a filter: it is offered again, the hour's refusal notwithstanding.
	again := r.offer(f)
	require.True(t, again.Resources.Contains(dynamic("disk:40", "web")))
}

// docs/protocol.md §7 an operation that fails is dropped alone, in silence, and later ones go on.
func TestOperationFailsAlone(t *testing.T) {
	r, a, _, o := cluster(t, "cpus:4;mem:1024;disk:100", info("web"))
	r.say("s", accept([]msg.Operation{
		msg.Reserve(dynamic("cpus:99", "web")),
		msg.Reserve(dynamic("cpus:1", "db")), // not the offers' role
		msg.Unreserve(resource.MustParse("cpus:1")),
		msg.Reserve(dynamic("cpus:2", "web")),
		{Do: nil},
		msg.Launch(task("t", a, "cpus:1;mem:32")),
	}, o))
	require.Equal(t, []string{"ApplyOperation", "RunTasks"}, kinds(r.inbox["a"]))
	refused := 0
	for _, e := range r.events {
		if _, ok := e.(master.OperationRefused); ok {
			refused++
		}
	}
	require.Equal(t, 3, refused)
	require.Empty(t, r.states("s"))
}

// docs/protocol.md §7 principal equals the caller's.
func TestReserveForAnotherPrincipal(t *testing.T) {
	i := info("web")
	i.Principal = "alice"
	r, _, _, o := cluster(t, "cpus:4;mem:1024", i)
	eve, alice := "eve", "alice"
	as := func(p *string) resource.Resources {
		out, err := resource.MustParse("cpus:1").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "web", Principal: p})
		require.NoError(t, err)
		return out
	}
	r.say("s", accept([]msg.Operation{msg.Reserve(as(&eve)), msg.Reserve(as(&alice))}, o))
	require.Len(t, all[msg.ApplyOperation](r, "a"), 1)
	require.Equal(t, reservation.Reserve{Resources: as(&alice)}, last[msg.ApplyOperation](r, "a").Op)
}

// docs/protocol.md §7 GROW_VOLUME, SHRINK_VOLUME: the result cannot be used by later operations of this ACCEPT.
func TestResize(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024;disk:100", info("web"))
	v := volume("v", 60, "web", false)
	r.say("s", accept([]msg.Operation{msg.Reserve(dynamic("disk:100", "web")), msg.Create(v)}, o))
	o = r.offer(f)
	var one resource.Resource
	for e := range v.All() {
		one = e
	}
	grown := volume("v", 70, "web", false)
	ti := task("t", a, "cpus:1;mem:32")
	ti.Resources = ti.Resources.Add(grown)
	r.say("s", accept([]msg.Operation{
		{Do: msg.Change{Op: reservation.Resize{Volume: one, Grow: dynamic("disk:10", "web")}}},
		msg.Launch(ti),
	}, o))
	require.Equal(t, []string{"t TASK_ERROR TASK_INVALID"}, r.states("s"))
	b, _ := r.m.Books(a)
	require.True(t, b.Total.Contains(grown))
	r.launch("s", r.offer(f), ti)
	require.Equal(t, grown.Add(resource.MustParse("cpus:1;mem:32")).String(), r.used(a))
}

// docs/protocol.md §7 DESTROY: the volume exists and no task uses it; offers that hold it are rescinded.
// docs/resource-model.md §7 a shared volume is offered while it is in use, to others as well.
func TestSharedVolume(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024;disk:100", info("etl"))
	v := volume("v", 60, "etl", true)
	writer := task("writer", a, "cpus:1;mem:32")
	writer.Resources = writer.Resources.Add(v)
	r.say("s", accept([]msg.Operation{msg.Reserve(dynamic("disk:100", "etl")), msg.Create(v), msg.Launch(writer)}, o))
	require.Empty(t, r.states("s"))

	g := r.scheduler("consumer", info("etl"))
	shown := map[frameworkID]msg.Offer{}
	for range 50 { // until both have been shown it
		r.settle()
		for _, o := range r.m.Snapshot().Offers {
			if o.Resources.Contains(v) {
				shown[o.Framework] = o
			}
			name := map[frameworkID]string{f: "s", g: "consumer"}[o.Framework]
			if o.Framework == g && o.Resources.Contains(v) {
				break
			}
			r.say(name, msg.Decline{Offers: []msg.OfferID{o.ID}, Filters: msg.Filters{Refuse: 3 * time.Second}})
		}
		if _, ok := shown[g]; ok {
			break
		}
	}
	reader := task("reader", a, "cpus:1;mem:32")
	reader.Resources = reader.Resources.Add(v)
	r.say("consumer", accept([]msg.Operation{msg.Destroy(v), msg.Launch(reader)}, shown[g]))
	require.Empty(t, r.states("consumer"))
	require.Empty(t, last[msg.RunTasks](r, "a").Tasks[1:])
	require.Len(t, all[msg.ApplyOperation](r, "a"), 2) // and no third: the writer uses the volume

	// Both end, then it can be destroyed, by an operator here.
	require.Error(t, r.operate(msg.ChangeAgent{Agent: a, Op: reservation.Destroy{Volumes: v}}))
	r.say("a", status(f, "writer", msg.TaskFinished, 1))
	require.Error(t, r.operate(msg.ChangeAgent{Agent: a, Op: reservation.Destroy{Volumes: v}}))
	r.say("a", status(g, "reader", msg.TaskFinished, 2))
	require.NoError(t, r.operate(msg.ChangeAgent{Agent: a, Op: reservation.Destroy{Volumes: v}}))
	b, _ := r.m.Books(a)
	require.False(t, b.Total.Contains(v))
}

// docs/protocol.md §6 DECLINE: recovered with filter, an id that is not out is ignored.
func TestDecline(t *testing.T) {
	r, _, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	r.say("s", msg.Decline{Offers: []msg.OfferID{"x", o.ID, o.ID}, Filters: msg.Filters{Refuse: 10 * time.Second}})
	r.advance(10*time.Second - 1)
	require.Empty(t, all[msg.Offers](r, "s"))
	r.advance(5 * time.Second)
	require.NotEqual(t, o.ID, r.offer(f).ID)
	r.say("s", msg.Decline{Offers: []msg.OfferID{o.ID}})
	require.Len(t, r.offers(f), 1)
}

// docs/protocol.md §6 an ACCEPT without operations is a decline too; refuse_seconds above 365 days count as that.
func TestAcceptOfNothingIsADecline(t *testing.T) {
	r, _, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	r.say("s", msg.Accept{Offers: []msg.OfferID{o.ID}, Filters: msg.Filters{Refuse: 1 << 62}})
	r.advance(time.Minute)
	require.Empty(t, r.offers(f))
	r.say("s", msg.Revive{})
	require.Len(t, r.offers(f), 1)
}

// docs/protocol.md §6 REVIVE and SUPPRESS: a role the framework does not hold makes the whole call void.
func TestReviveAndSuppress(t *testing.T) {
	r, _, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	require.ErrorIs(t, r.try("s", msg.Suppress{Roles: []role.Name{"web", "db"}}), master.ErrInvalid)
	require.ErrorIs(t, r.try("s", msg.Revive{Roles: []role.Name{"db"}}), master.ErrInvalid)
	r.say("s", msg.Suppress{})
	r.say("s", msg.Decline{Offers: []msg.OfferID{o.ID}, Filters: msg.Filters{None: true}})
	r.advance(time.Minute)
	require.Empty(t, r.offers(f))
	r.say("s", msg.Revive{Roles: []role.Name{"web"}})
	require.Len(t, r.offers(f), 1)
}

// docs/protocol.md §6 one offers message carries at most 1,000 offers; more go in several.
func TestOffersPerMessage(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.OffersPerMessage = 2 })
	f := r.scheduler("s", info("web"))
	for i := range 5 {
		r.agent(fmt.Sprint("a", i), "cpus:1;mem:64")
	}
	require.Len(t, r.offers(f), 5)
	for _, m := range all[msg.Offers](r, "s") {
		require.LessOrEqual(t, len(m.Offers), 2)
	}
}

// docs/protocol.md §6 one offers message stays below 4 MiB encoded; an offer that is larger goes alone.
func TestBytesPerOffersMessage(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.OfferBytes = 12_000 })
	f := r.scheduler("s", info("web"))
	ports := "1-2"
	for i := 4; i < 400; i += 4 {
		ports += fmt.Sprintf(",%d-%d", i, i+1)
	}
	for i := range 4 {
		r.agent(fmt.Sprint("small", i), "cpus:1;mem:64")
		r.agent(fmt.Sprint("large", i), "cpus:1;mem:64;ports:["+ports+"]")
	}
	require.Len(t, r.offers(f), 8)
	messages := all[msg.Offers](r, "s")
	require.Greater(t, len(messages), 1)
	for _, m := range messages {
		large := 0
		for _, o := range m.Offers {
			if ports, ok := o.Resources.Ranges("ports"); ok && ports.Len() > 0 {
				large++
			}
		}
		require.LessOrEqual(t, large, 2)
	}
}

// docs/protocol.md §18.1 operations and tasks per accept are bounded: over it the accept is void. Live tasks per
// framework are: over it TASK_ERROR.
// docs/protocol.md §18.1 live tasks per framework
func TestAcceptIsBounded(t *testing.T) {
	tight := func(c *master.Config) {
		c.Bounds.OperationsPerAccept, c.Bounds.TasksPerAccept, c.Bounds.Tasks = 2, 3, 2
	}
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"), tight)
	one := func(id msg.TaskID) msg.TaskInfo { return task(id, a, "cpus:0.1;mem:32") }
	r.say("s", accept([]msg.Operation{msg.Launch(), msg.Launch(), msg.Launch(one("t"))}, o))
	require.Equal(t, []string{"t TASK_DROPPED INVALID_OFFERS"}, r.states("s"))
	r.took("s")
	r.launch("s", r.offer(f), one("1"), one("2"), one("3"), one("4"))
	require.Len(t, r.states("s"), 4)
	r.took("s")
	r.launch("s", r.offer(f), one("1"), one("2"), one("3"))
	require.Equal(t, []string{"3 TASK_ERROR TASK_INVALID"}, r.states("s"))
}

// docs/protocol.md §18.1 the tasks of one agent are bounded: single ones are refused alone, a group as a whole.
// docs/protocol.md §18.1 tasks of all kinds per agent
func TestTasksOfAnAgentAreBounded(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024;disk:100", info("web"), func(c *master.Config) { c.Bounds.AgentTasks = 3 })
	group := func(ids ...msg.TaskID) msg.Operation {
		g := msg.LaunchGroup{Executor: msg.ExecutorInfo{ID: "x", Resources: resource.MustParse("cpus:0.1;mem:32;disk:1")}}
		for _, id := range ids {
			member := task(id, a, "cpus:0.1;mem:32")
			g.Tasks = append(g.Tasks, member)
		}
		return msg.Operation{Do: g}
	}
	r.say("s", accept([]msg.Operation{msg.Launch(task("t1", a, "cpus:0.1;mem:32")), group("g1", "g2", "g3"), group("g4", "g5"),
		msg.Launch(task("t2", a, "cpus:0.1;mem:32"))}, o))
	require.Equal(t, []string{"g1 TASK_ERROR TASK_GROUP_INVALID", "g2 TASK_ERROR TASK_GROUP_INVALID", "g3 TASK_ERROR TASK_GROUP_INVALID",
		"t2 TASK_ERROR TASK_INVALID"}, r.states("s"))
	for _, id := range []msg.TaskID{"t1", "g4", "g5"} {
		_, ok := r.task(f, id)
		require.True(t, ok, id)
	}
}
