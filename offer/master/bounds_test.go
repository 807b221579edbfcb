package master_test

import (
	"fmt"
	"strings"
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

// Each test below reaches a bound, which is allowed, and passes it, which is refused. The rig holds the books against Check
// after every step. Bounds that other tests reach and pass: agents, frameworks, known roles (subscribe_test.go), tasks and
// operations per accept, tasks per agent (accept_test.go), operations under way (operations_test.go), statuses
// (updates_test.go).

// undisturbed asserts that what do does changes nothing that a reader sees.
func (r *rig) undisturbed(do func()) {
	r.t.Helper()
	before := plain(r.m.Snapshot())
	do()
	require.Equal(r.t, before, plain(r.m.Snapshot()))
}

// refusedStream asserts that a SUBSCRIBE is answered by one ERROR, that its stream is closed, and that nothing else changed.
func (r *rig) refusedStream(name string, i msg.FrameworkInfo) {
	r.t.Helper()
	r.up(name)
	r.undisturbed(func() { require.Error(r.t, r.try(name, msg.Subscribe{Framework: i})) })
	require.Equal(r.t, []string{"Error"}, kinds(r.took(name)))
	require.Equal(r.t, name, r.closed[len(r.closed)-1])
}

// docs/protocol.md §18.1 roles of a framework, their depth and length: over a bound the answer is ERROR, and an update is
// refused.
// docs/protocol.md §18.1 roles per framework; depth of a role; length of a role
func TestBoundRolesOfAFramework(t *testing.T) {
	tight := func(c *master.Config) { c.Bounds.Names = role.Bounds{Roles: 2, Depth: 3, Length: 8} }
	for name, c := range map[string]struct{ reach, pass []role.Name }{
		"roles":  {[]role.Name{"a", "b"}, []role.Name{"a", "b", "c"}},
		"depth":  {[]role.Name{"a/b/c"}, []role.Name{"a/b/c/d"}},
		"length": {[]role.Name{"eightchr"}, []role.Name{"ninechars"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, tight)
			f := r.scheduler("s", info(c.reach...))
			r.refusedStream("other", info(c.pass...))
			more := info(c.pass...)
			more.ID = f
			r.undisturbed(func() { require.ErrorIs(t, r.try("s", msg.UpdateFramework{Framework: more}), master.ErrInvalid) })
			require.Equal(t, c.reach, r.m.Frameworks()[0].Info.Roles)
		})
	}
}

// docs/protocol.md §18.1 known roles: over the bound a SUBSCRIBE gets ERROR, and an operator's weight or quota is refused.
func TestBoundKnownRoles(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.Roles = 2; c.Allocator.Bounds.Roles = 2 })
	r.scheduler("s", info("a", "b"))
	r.refusedStream("other", info("c"))
	more := info("a", "b", "c")
	more.ID = r.m.Frameworks()[0].Info.ID
	r.undisturbed(func() { require.ErrorIs(t, r.try("s", msg.UpdateFramework{Framework: more}), master.ErrBound) })
	weight := func(n role.Name) error {
		return r.operate(msg.UpdateWeights{Weights: []role.Weight{{Role: n, Weight: 2}}})
	}
	require.NoError(t, weight("a"))
	r.undisturbed(func() { require.ErrorIs(t, weight("c"), offer.ErrTooMany) })
}

// docs/protocol.md §18.1 operations and tasks per accept: at the bound an accept counts, over it the offers go back.
// docs/protocol.md §18.1 tasks per accept; operations per accept
func TestBoundOperationsAndTasksOfAnAccept(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"), func(c *master.Config) {
		c.Bounds.OperationsPerAccept, c.Bounds.TasksPerAccept = 2, 3
	})
	one := func(id msg.TaskID) msg.TaskInfo { return task(id, a, "cpus:0.1;mem:32") }
	r.say("s", accept([]msg.Operation{msg.Launch(one("1")), msg.Launch(one("2"), one("3"))}, o))
	require.Empty(t, r.states("s"))
	require.Len(t, r.m.Tasks(), 3)
	r.say("s", msg.Revive{})
	o = r.offer(f)
	r.say("s", accept([]msg.Operation{msg.Launch(one("4"), one("5")), msg.Launch(one("6"), one("7"))}, o))
	require.Len(t, r.states("s"), 4)
	require.Len(t, r.m.Tasks(), 3)
	require.NotEqual(t, o.ID, r.offer(f).ID, "what the void accept named is offered again")
}

// stacked is one cpu under that many reservations.
func stacked(t *testing.T, high int) resource.Resources {
	t.Helper()
	r := resource.MustParse("cpus:1")
	n := role.Name("web")
	for range high {
		var err error
		r, err = r.PushReservation(resource.Reservation{Type: resource.Dynamic, Role: n})
		require.NoError(t, err)
		n += "/x"
	}
	return r
}

// docs/protocol.md §18.1 resources per message, reservation stack, ranges in one value, items in one set, labels of a
// reservation: an agent that has more is refused, and so is what a task wants.
func TestBoundContentOfResources(t *testing.T) {
	labelled := func(n int) resource.Resources {
		l := make([]resource.Label, n)
		for i := range l {
			l[i].Key = fmt.Sprint(i)
		}
		r, err := resource.MustParse("cpus:1").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "web", Labels: l})
		require.NoError(t, err)
		return r
	}
	tight := func(c *master.Config) {
		b := &c.Bounds
		b.Resources, b.Stack, b.Ranges, b.SetItems, b.Labels = 3, 2, 2, 2, 2
	}
	for name, c := range map[string]struct{ reach, pass resource.Resources }{
		"resources": {resource.MustParse("cpus:1;mem:64;disk:1"), resource.MustParse("cpus:1;mem:64;disk:1;gpus:1")},
		"stack":     {stacked(t, 2), stacked(t, 3)},
		"ranges":    {resource.MustParse("cpus:1;ports:[1-2,4-5]"), resource.MustParse("cpus:1;ports:[1-2,4-5,7-8]")},
		"set":       {resource.MustParse("cpus:1;zone:{a,b}"), resource.MustParse("cpus:1;zone:{a,b,c}")},
		"labels":    {labelled(2), labelled(3)},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, tight)
			reg := registration("a", "cpus:1")
			reg.Total = c.pass
			r.up("a")
			r.undisturbed(func() { require.ErrorIs(t, r.try("a", reg), master.ErrBound) })
			reg.Total = c.reach
			r.say("a", reg)
			require.ErrorIs(t, r.try("a", msg.UpdateAgent{Total: c.pass}), master.ErrBound)
			require.True(t, c.reach.Equal(r.m.Agents()[0].Total))

			r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"), tight)
			bad := task("bad", a, "cpus:1")
			bad.Resources = c.pass
			r.launch("s", o, bad, task("good", a, "cpus:1;mem:32"))
			require.Equal(t, []string{"bad TASK_ERROR TASK_INVALID"}, r.states("s"))
			require.Contains(t, last[msg.Update](r, "s").Status.Message, master.ErrBound.Error())
			_, ok := r.task(f, "good")
			require.True(t, ok)
			op := msg.ChangeAgent{Agent: a, Op: reservation.Reserve{Resources: c.pass}}
			r.undisturbed(func() { require.ErrorIs(t, r.operate(op), master.ErrBound) })
		})
	}
}

// docs/protocol.md §18.1 distinct resource names in a cluster: an agent that would bring one more is refused.
func TestBoundResourceNames(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Allocator.Bounds.Names = 6 }) // four are always known
	a := r.agent("a", "cpus:1;mem:64;odd:1;strange:1")
	r.up("b")
	require.ErrorIs(t, r.try("b", registration("b", "cpus:1;queer:1")), offer.ErrTooMany)
	require.Len(t, r.m.Agents(), 1)
	require.Empty(t, all[msg.AgentRegistered](r, "b"))
	require.ErrorIs(t, r.try("a", msg.UpdateAgent{Total: resource.MustParse("cpus:1;odd:1;queer:1;third:1;fourth:1")}), offer.ErrTooMany)
	b, _ := r.m.Books(a)
	require.Equal(t, res("cpus:1;mem:64;odd:1;strange:1"), b.Total.String())
	r.agent("c", "cpus:1;mem:64;odd:1")
}

// docs/protocol.md §18.1 labels of a framework, a task and an executor, and their keys and values: reached is fine, passed is
// invalid.
// docs/protocol.md §18.1 labels per object; key or value
func TestBoundLabels(t *testing.T) {
	long := func(n int) *string { s := strings.Repeat("v", n); return &s }
	tight := func(c *master.Config) { c.Bounds.Labels, c.Bounds.LabelBytes = 2, 4 }
	reach := []resource.Label{{Key: "four", Value: long(4)}, {Key: "k"}}
	for name, pass := range map[string][]resource.Label{
		"labels": {{Key: "a"}, {Key: "b"}, {Key: "c"}},
		"key":    {{Key: "fiver"}},
		"value":  {{Key: "k", Value: long(5)}},
	} {
		t.Run(name, func(t *testing.T) {
			i := info("web")
			i.Labels = reach
			r, a, f, o := cluster(t, "cpus:4;mem:1024", i, tight)
			bad := info("web")
			bad.Labels = pass
			r.refusedStream("other", bad)
			good, worse, worst := custom("good", a, "cpus:1;mem:32", "x", "cpus:0.1;mem:32"), task("worse", a, "cpus:1;mem:32"),
				custom("worst", a, "cpus:1;mem:32", "y", "cpus:0.1;mem:32")
			good.Labels, good.Executor.Labels, worse.Labels, worst.Executor.Labels = reach, reach, pass, pass
			r.launch("s", o, worse, good, worst)
			require.Equal(t, []string{"worse TASK_ERROR TASK_INVALID", "worst TASK_ERROR TASK_INVALID"}, r.states("s"))
			row, _ := r.task(f, "good")
			require.Equal(t, reach, row.Labels)
			require.Len(t, r.m.Snapshot().Executors, 1)
		})
	}
}

// docs/protocol.md §18.1 the data of tasks, executors and statuses, the text of commands.
// docs/protocol.md §18.1 task data
func TestBoundTaskData(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"), func(c *master.Config) { c.Bounds.TaskData = 4 })
	reach, pass := []byte("four"), []byte("fiver")
	good := custom("good", a, "cpus:1;mem:32", "x", "cpus:0.1;mem:32")
	good.Data, good.Executor.Data, good.Executor.Command = reach, reach, &msg.CommandInfo{Value: "r", Arguments: []string{"u"}, Env: []msg.EnvVar{{Name: "n"}}, User: "s"}
	data, executor, command := task("data", a, "cpus:1;mem:32"), custom("executor", a, "cpus:1;mem:32", "y", "cpus:0.1;mem:32"), task("command", a, "cpus:1;mem:32")
	data.Data, executor.Executor.Data, command.Command = pass, pass, &msg.CommandInfo{Value: "run", Arguments: []string{"it"}}
	r.launch("s", o, data, good, executor, command)
	require.Equal(t, []string{"data TASK_ERROR TASK_INVALID", "executor TASK_ERROR TASK_INVALID", "command TASK_ERROR TASK_INVALID"}, r.states("s"))
	u := status(f, "good", msg.TaskRunning, 1)
	u.Status.Data = pass
	r.undisturbed(func() { require.ErrorIs(t, r.try("a", u), master.ErrBound) })
	u.Status.Data = reach
	r.say("a", u)
	require.Equal(t, reach, last[msg.Update](r, "s").Status.Data)
}

// docs/protocol.md §18.1 framework messages, both ways.
func TestBoundFrameworkMessages(t *testing.T) {
	r, a, f := running(t, info("web"), func(c *master.Config) { c.Bounds.MessageData = 4 })
	to := msg.ExecutorRef{Framework: f, Agent: a, Executor: "x"}
	reach, pass := []byte("four"), []byte("fiver")
	r.say("s", msg.ToExecutor{Executor: to, Data: reach})
	require.ErrorIs(t, r.try("s", msg.ToExecutor{Executor: to, Data: pass}), master.ErrBound)
	require.Len(t, all[msg.ToExecutor](r, "a"), 1)
	r.say("a", msg.FromExecutor{Executor: to, Data: reach})
	require.ErrorIs(t, r.try("a", msg.FromExecutor{Executor: to, Data: pass}), master.ErrBound)
	require.Len(t, all[msg.FromExecutor](r, "s"), 1)
}

// docs/protocol.md §18.1 attributes of an agent: over the bound it is refused.
// docs/protocol.md §18.1 attributes per agent
func TestBoundAttributes(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.Attributes = 2 })
	with := func(text string) msg.RegisterAgent {
		at, err := resource.ParseAttributes(text)
		require.NoError(t, err)
		reg := registration("a", "cpus:1;mem:64")
		reg.Info.Attributes = at
		return reg
	}
	r.up("a")
	r.undisturbed(func() { require.ErrorIs(t, r.try("a", with("rack:1;zone:2;row:3")), master.ErrBound) })
	r.say("a", with("rack:1;zone:2"))
	require.Len(t, r.m.Agents(), 1)
}

// docs/protocol.md §18.1 outstanding offers of a framework: at the bound it gets no further ones until one is answered.
// docs/protocol.md §18.1 outstanding offers, refusal filters per framework
func TestBoundOutstandingOffers(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Allocator.Bounds.Offers = 2 })
	for _, name := range []string{"a", "b", "c"} {
		r.agent(name, "cpus:1;mem:64")
	}
	f := r.scheduler("s", info("web"))
	out := r.offers(f)
	require.Len(t, out, 2)
	other := r.scheduler("other", info("web"))
	require.Len(t, r.offers(other), 1, "others are not disturbed")
	r.say("s", msg.Decline{Offers: []msg.OfferID{out[0].ID}, Filters: msg.Filters{Refuse: time.Hour}})
	require.Len(t, r.offers(f), 1)
	require.Len(t, r.offers(other), 2)
}

// docs/protocol.md §18.1 refusal filters of a framework: at the bound a refusal sets none, so that the offer comes again.
func TestBoundFilters(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Allocator.Bounds.Filters = 1 })
	r.agent("a", "cpus:1;mem:64")
	r.agent("b", "cpus:1;mem:64")
	f := r.scheduler("s", info("web"))
	out := r.offers(f)
	require.Len(t, out, 2)
	r.say("s", msg.Decline{Offers: []msg.OfferID{out[0].ID}, Filters: msg.Filters{Refuse: time.Hour}})
	r.say("s", msg.Decline{Offers: []msg.OfferID{out[1].ID}, Filters: msg.Filters{Refuse: time.Hour}})
	again := r.offer(f)
	require.Equal(t, out[1].Agent, again.Agent)
}

// docs/protocol.md §18.1 constraints of a framework and role: over the bound ERROR.
// docs/protocol.md §18.1 constraints per framework and role
func TestBoundConstraints(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Allocator.Bounds.Constraints = 2 })
	with := func(n int) msg.FrameworkInfo {
		i := info("web")
		var list []offer.Constraint
		for range n {
			list = append(list, offer.Constraint{By: offer.ByAttribute, Name: "rack", Is: offer.Exists})
		}
		i.Constraints = offer.Constraints{"web": {{Attributes: list}}}
		return i
	}
	r.scheduler("s", with(2))
	r.refusedStream("other", with(3))
}

// docs/protocol.md §18.1 minimums of a framework and role, and texts of a framework: over the bound ERROR.
func TestBoundMinimumsAndTexts(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.MinAllocatable, c.Bounds.Text = 1, 8 })
	i := info("web")
	i.Name, i.MinAllocatable = "eightchr", map[role.Name][]resource.Quantities{"web": make([]resource.Quantities, 1)}
	r.scheduler("s", i)
	i.MinAllocatable = map[role.Name][]resource.Quantities{"web": make([]resource.Quantities, 2)}
	r.refusedStream("minimums", i)
	for name, change := range map[string]func(*msg.FrameworkInfo){
		"name": func(i *msg.FrameworkInfo) { i.Name = "ninechars" },
		"user": func(i *msg.FrameworkInfo) { i.User = "ninechars" },
		"host": func(i *msg.FrameworkInfo) { i.Hostname = "ninechars" },
		"url":  func(i *msg.FrameworkInfo) { i.WebUIURL = "ninechars" },
	} {
		i := info("web")
		change(&i)
		r.refusedStream(name, i)
	}
}

// docs/protocol.md §18.1 a question about more tasks than a framework may have is refused; about as many it is answered.
func TestBoundReconciliation(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.Tasks = 2 })
	r.scheduler("s", info("web"))
	r.say("s", msg.Reconcile{Tasks: []msg.TaskRef{{Task: "a"}, {Task: "b"}}})
	require.Len(t, r.states("s"), 2)
	require.ErrorIs(t, r.try("s", msg.Reconcile{Tasks: []msg.TaskRef{{Task: "a"}, {Task: "b"}, {Task: "c"}}}), master.ErrBound)
	require.Len(t, r.states("s"), 2)
}
