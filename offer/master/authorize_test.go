package master_test

import (
	"errors"
	"fmt"
	"slices"
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

var errPolicy = errors.New("not on a Sunday")

// guard notes what it is asked and refuses what deny says.
type guard struct {
	asked []string
	deny  func(master.Request) bool
}

func (g *guard) config(c *master.Config) {
	c.Authorize = func(r master.Request) error {
		g.asked = append(g.asked, fmt.Sprintf("%s %q role=%s user=%s framework=%s agent=%s", r.Action, r.Principal, r.Role, r.User, r.Framework, r.Agent))
		if g.deny != nil && g.deny(r) {
			return errPolicy
		}
		return nil
	}
}

func (g *guard) took() (asked []string) {
	asked, g.asked = g.asked, nil
	return asked
}

// docs/protocol.md §3.1 principal not allowed: the answer is one ERROR, for any role of the framework, also when it comes again
// or asks for one more.
func TestFrameworksThatMayNotSubscribe(t *testing.T) {
	var g guard
	r := newRig(t, g.config)
	i := info("web", "db")
	i.Principal = "alice"
	f := r.scheduler("s", i)
	require.Equal(t, []string{`REGISTER_FRAMEWORK "alice" role=web user= framework= agent=`, `REGISTER_FRAMEWORK "alice" role=db user= framework= agent=`}, g.took())

	g.deny = func(q master.Request) bool { return q.Role == "ops" }
	r.refusedStream("x", info("web", "ops"))
	i.ID, i.Roles = f, append(i.Roles, "ops")
	r.undisturbed(func() { require.ErrorIs(t, r.try("s", msg.UpdateFramework{Framework: i}), master.ErrUnauthorized) })
	r.refusedStream("again", i)
	err := r.tryNew("y", msg.Subscribe{Framework: info("ops")})
	require.ErrorIs(t, err, master.ErrUnauthorized)
	require.ErrorIs(t, err, errPolicy)
}

func (r *rig) tryNew(name string, m msg.Message) error {
	r.up(name)
	return r.try(name, m)
}

// docs/protocol.md §3.1 user root when forbidden.
func TestRootIsForbidden(t *testing.T) {
	root := info("web")
	root.User = "root"
	newRig(t).scheduler("s", root)
	r := newRig(t, func(c *master.Config) { c.RefuseRoot = true })
	r.refusedStream("s", root)
	r.scheduler("s", info("web"))
}

// docs/protocol.md §4.3 an agent that may not register hears nothing; one that comes back neither.
func TestAgentsThatMayNotRegister(t *testing.T) {
	var g guard
	r := newRig(t, g.config)
	id := r.agent("known", "cpus:1;mem:32")
	r.down("known")
	r.took("known")
	g.deny = func(q master.Request) bool { return q.Principal != "node" }
	r.up("known")
	r.undisturbed(func() {
		require.ErrorIs(t, r.tryNew("a", registration("a", "cpus:1")), master.ErrUnauthorized)
		require.ErrorIs(t, r.try("known", r.report(id)), master.ErrUnauthorized)
	})
	require.Empty(t, r.took("a"))
	require.Empty(t, r.took("known"))
	r.upAs("b", "node")
	r.say("b", registration("b", "cpus:1"))
	require.Contains(t, g.took(), `REGISTER_AGENT "node" role= user= framework= agent=`)
	r.upAs("known", "node")
	r.say("known", r.report(id))
	require.Equal(t, []string{fmt.Sprintf(`REGISTER_AGENT "node" role= user= framework= agent=%s`, id)}, g.took())
}

// docs/protocol.md §7 LAUNCH: that task becomes TASK_ERROR with REASON_TASK_UNAUTHORIZED, the others go on; LAUNCH_GROUP: every
// task with REASON_TASK_GROUP_UNAUTHORIZED. The user is the command's, else the executor's, else the framework's.
func TestTasksThatMayNotRun(t *testing.T) {
	var g guard
	i := info("web")
	i.User = "web"
	r, a, _, o := cluster(t, "cpus:8;mem:1024;disk:100", i, g.config)
	g.took()
	g.deny = func(q master.Request) bool { return q.User == "eve" }
	as := func(t msg.TaskInfo, user string) msg.TaskInfo {
		if t.Executor != nil {
			t.Executor.Command = &msg.CommandInfo{Value: "run", User: user}
		} else {
			t.Command.User = user
		}
		return t
	}
	grouped := task("t5", a, "cpus:1;mem:32")
	grouped.Command = nil
	r.say("s", accept([]msg.Operation{
		msg.Launch(task("t1", a, "cpus:1;mem:32"), as(task("t2", a, "cpus:1;mem:32"), "eve"), as(task("t3", a, "cpus:1;mem:32"), "bob"),
			as(custom("t4", a, "cpus:1;mem:32", "e", "cpus:1;mem:32"), "eve")),
		{Do: msg.LaunchGroup{Tasks: []msg.TaskInfo{grouped, as(task("t6", a, "cpus:1;mem:32"), "eve")},
			Executor: msg.ExecutorInfo{ID: "g", Resources: resource.MustParse("cpus:0.1;mem:32;disk:1")}}},
	}, o))
	require.Equal(t, []string{
		"t2 TASK_ERROR TASK_UNAUTHORIZED", "t4 TASK_ERROR TASK_UNAUTHORIZED",
		"t5 TASK_ERROR TASK_GROUP_UNAUTHORIZED", "t6 TASK_ERROR TASK_GROUP_UNAUTHORIZED",
	}, r.states("s"))
	var users []string
	for _, q := range g.took() {
		var user string
		_, err := fmt.Sscanf(q, `RUN_TASK "" role=web user=%s`, &user)
		require.NoError(t, err, q)
		users = append(users, user)
	}
	require.Equal(t, []string{"web", "eve", "bob", "eve", "web", "eve"}, users)
	require.Len(t, all[msg.RunTasks](r, "a"), 2)
}

// docs/protocol.md §7, §15 an operation that its framework may not make is dropped alone.
func TestOperationsThatMayNotBeMade(t *testing.T) {
	var g guard
	r, a, f, o := cluster(t, "cpus:4;mem:1024;disk:100", info("web"), g.config)
	g.took()
	g.deny = func(q master.Request) bool { return q.Action == master.CreateVolume }
	disk := dynamic("disk:50", "web")
	r.say("s", accept([]msg.Operation{msg.Reserve(disk), msg.Create(volume("v", 50, "web", false)),
		msg.Unreserve(dynamic("disk:20", "web"))}, o))
	require.Len(t, all[msg.ApplyOperation](r, "a"), 2)
	require.True(t, slices.ContainsFunc(r.events, func(e master.Event) bool {
		refused, ok := e.(master.OperationRefused)
		return ok && strings.Contains(refused.Why, errPolicy.Error())
	}))
	who := fmt.Sprintf(` "" role=web user= framework=%s agent=%s`, f, a)
	require.Equal(t, []string{"RESERVE_RESOURCES" + who, "CREATE_VOLUME" + who, "UNRESERVE_RESOURCES" + who}, g.took())
}

// docs/protocol.md §15 every call of an operator is asked for by its action, with what it is about; who may not gets
// ErrUnauthorized, and nothing happens. Health is told to everybody.
func TestOperatorsThatMayNot(t *testing.T) {
	var g guard
	r, a, f, _ := cluster(t, "cpus:4;mem:1024;disk:100", info("web"), g.config)
	v := volume("v", 50, "web", false)
	var one resource.Resource
	for e := range v.All() {
		one = e
	}
	for _, c := range []struct {
		call msg.OperatorCall
		want string
	}{
		{msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: 2}}}, `UPDATE_WEIGHT "op" role=web user= framework= agent=`},
		{msg.UpdateQuota{Configs: []quota.Config{{Role: "db"}}}, `UPDATE_QUOTA "op" role=db user= framework= agent=`},
		{msg.ChangeAgent{Agent: a, Op: reservation.Reserve{Resources: dynamic("cpus:1", "web")}}, fmt.Sprintf(`RESERVE_RESOURCES "op" role=web user= framework= agent=%s`, a)},
		{msg.ChangeAgent{Agent: a, Op: reservation.Unreserve{Resources: dynamic("cpus:1", "web")}}, fmt.Sprintf(`UNRESERVE_RESOURCES "op" role=web user= framework= agent=%s`, a)},
		{msg.ChangeAgent{Agent: a, Op: reservation.Create{Volumes: v}}, fmt.Sprintf(`CREATE_VOLUME "op" role=web user= framework= agent=%s`, a)},
		{msg.ChangeAgent{Agent: a, Op: reservation.Destroy{Volumes: v}}, fmt.Sprintf(`DESTROY_VOLUME "op" role=web user= framework= agent=%s`, a)},
		{msg.ChangeAgent{Agent: a, Op: reservation.Resize{Volume: one}}, fmt.Sprintf(`RESIZE_VOLUME "op" role=web user= framework= agent=%s`, a)},
		{msg.TeardownFramework{Framework: f}, fmt.Sprintf(`TEARDOWN_FRAMEWORK "op" role= user= framework=%s agent=`, f)},
		{msg.DeactivateAgent{Agent: a}, fmt.Sprintf(`DEACTIVATE_AGENT "op" role= user= framework= agent=%s`, a)},
		{msg.ReactivateAgent{Agent: a}, fmt.Sprintf(`REACTIVATE_AGENT "op" role= user= framework= agent=%s`, a)},
		{msg.MarkAgentGone{Agent: a}, fmt.Sprintf(`MARK_AGENT_GONE "op" role= user= framework= agent=%s`, a)},
		{msg.DrainAgent{Agent: a, MaxGrace: time.Second}, fmt.Sprintf(`DRAIN_AGENT "op" role= user= framework= agent=%s`, a)},
		{msg.UpdateMaintenance{}, `UPDATE_MAINTENANCE_SCHEDULE "op" role= user= framework= agent=`},
		{msg.StartMaintenance{}, `START_MAINTENANCE "op" role= user= framework= agent=`},
		{msg.StopMaintenance{}, `STOP_MAINTENANCE "op" role= user= framework= agent=`},
		{msg.GetState{}, `VIEW "op" role= user= framework= agent=`},
		{msg.GetFlags{}, `VIEW "op" role= user= framework= agent=`},
		{msg.SubscribeEvents{}, `VIEW "op" role= user= framework= agent=`},
	} {
		g.took()
		g.deny = func(q master.Request) bool {
			require.Equal(t, c.call, q.Call)
			return true
		}
		r.undisturbed(func() { require.ErrorIs(t, r.operate(c.call), master.ErrUnauthorized, "%T", c.call) })
		require.Equal(t, []string{c.want}, g.took())
	}
	require.NoError(t, r.operate(msg.GetHealth{}))
	require.NoError(t, r.operate(msg.UnsubscribeEvents{}))
	require.Empty(t, g.took())
	g.deny = func(q master.Request) bool { return q.Role == "db" }
	weights := []role.Weight{{Role: "web", Weight: 2}, {Role: "db", Weight: 3}}
	r.undisturbed(func() { require.ErrorIs(t, r.operate(msg.UpdateWeights{Weights: weights}), master.ErrUnauthorized) })
	require.NoError(t, r.operate(msg.UpdateWeights{Weights: weights[:1]}))
}
