package master_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// wild draws inputs of every kind: sensible ones, malformed ones, ones of strangers, out of order.
type wild struct {
	*rig
	rt      *rapid.T
	cfg     master.Config
	leaders byte
	tally   map[string]int
}

// succeed lets another master lead with what the store holds. Of the former one the last commit may be durable, unheard of.
func (w *wild) succeed() {
	w.t.Helper()
	former := w.rig
	for _, c := range former.commits {
		if w.coin() {
			_, _ = w.store.Commit(context.Background(), c.At, c.Ops)
		}
	}
	w.leaders++
	w.cfg.Entropy[0] = w.leaders
	w.rig = newRigAt(w.t, former.now, w.store, w.cfg, w.tally)
	require.True(w.t, w.m.Leading())
	if former.resigned == nil { // it does not know yet; its next word to the store is its last
		former.commits, former.holding = nil, false
		_ = former.m.Step(former.now, msg.Operate{Call: msg.UpdateWeights{Weights: []role.Weight{{Role: "w", Weight: 2}}}})
		at := w.store.Revision()
		for former.m.Ready(&former.rd) {
			for _, c := range former.rd.Commits {
				_, err := w.store.Commit(context.Background(), c.At, c.Ops)
				require.ErrorIs(w.t, err, registry.ErrStale)
				_ = former.m.Step(former.now, c.Answer(0, err))
			}
		}
		require.Equal(w.t, at, w.store.Revision())
	}
}

func pick[T any](w *wild, what string, from ...T) T {
	return from[rapid.IntRange(0, len(from)-1).Draw(w.rt, what)]
}

func (w *wild) coin() bool { return rapid.Bool().Draw(w.rt, "coin") }

func (w *wild) framework() frameworkID {
	ids := []frameworkID{"", "stranger", "a/b"}
	for _, f := range append(w.m.Frameworks(), w.m.CompletedFrameworks()...) {
		ids = append(ids, f.Info.ID)
	}
	return pick(w, "framework", ids...)
}

func (w *wild) agentID() agentID {
	ids := append([]agentID{"", "stranger"}, w.m.UnreachableAgents()...)
	for _, a := range w.m.Agents() {
		ids = append(ids, a.Info.ID)
	}
	for _, a := range w.m.RecoveredAgents() {
		ids = append(ids, a.ID)
	}
	ids = append(ids, w.m.GoneAgents()...)
	return pick(w, "agent", ids...)
}

func (w *wild) taskID() msg.TaskID {
	return pick[msg.TaskID](w, "task", "t1", "t2", "t3", "t4", "", "a/b")
}

func (w *wild) executorID() msg.ExecutorID {
	return pick[msg.ExecutorID](w, "executor", "x1", "x2", "t1", "")
}

func (w *wild) role() role.Name {
	return pick[role.Name](w, "role", "web", "web/front", "db", "*", "a//b")
}

func (w *wild) uuid() msg.UUID { return msg.UUID{byte(rapid.IntRange(0, 3).Draw(w.rt, "uuid"))} }

func (w *wild) state() msg.TaskState { return msg.TaskState(rapid.IntRange(0, 14).Draw(w.rt, "state")) }

func (w *wild) resources() resource.Resources {
	list := []resource.Resources{
		resource.MustParse("cpus:1;mem:32"), resource.MustParse("cpus:0.1;mem:32"), resource.MustParse("cpus:2;mem:512;disk:10"),
		resource.MustParse("ports:[1-3]").Add(resource.MustParse("cpus:0.5")), resource.MustParse("cpus:100"), {},
		dynamic("cpus:1", "web"), dynamic("disk:50", "web"), dynamic("disk:50", "db"),
		volume("v", 20, "web", false), volume("sv", 20, "web", true).Add(resource.MustParse("cpus:0.5;mem:32")),
		volume("sv", 20, "web", true), resource.MustParse("cpus:1;mem:32").Allocate("web"),
	}
	return pick(w, "resources", list...)
}

func (w *wild) op() reservation.Op {
	switch rapid.IntRange(0, 6).Draw(w.rt, "op") {
	case 0:
		return reservation.Reserve{Resources: w.resources()}
	case 1:
		return reservation.Unreserve{Resources: w.resources()}
	case 2, 3:
		return reservation.Create{Volumes: w.resources()}
	case 4:
		return reservation.Destroy{Volumes: w.resources()}
	case 5:
		var v resource.Resource
		for e := range w.resources().All() {
			v = e
		}
		return reservation.Resize{Volume: v, Grow: w.resources(), Shrink: resource.Scalar(rapid.IntRange(0, 3).Draw(w.rt, "shrink") * 1000)}
	}
	return nil
}

func (w *wild) executor() msg.ExecutorInfo {
	return msg.ExecutorInfo{ID: w.executorID(), Type: pick[msg.ExecutorType](w, "type", 0, 0, 0, 1, 2), Resources: w.resources()}
}

func (w *wild) task() msg.TaskInfo {
	t := msg.TaskInfo{ID: w.taskID(), Agent: w.agentID(), Resources: w.resources()}
	switch rapid.IntRange(0, 4).Draw(w.rt, "runs") {
	case 0, 1:
		t.Command = &msg.CommandInfo{Value: "x"}
	case 2, 3:
		e := w.executor()
		t.Executor = &e
	}
	switch rapid.IntRange(0, 9).Draw(w.rt, "carries") {
	case 0:
		t.Unlimited = []string{pick(w, "without end", "cpus", "mem", "disk")}
	case 1:
		t.MaxCompletion = time.Duration(rapid.IntRange(-1, 1).Draw(w.rt, "completion"))
	case 2:
		t.Check = &msg.CheckInfo{TCP: &msg.TCPCheck{Port: rapid.IntRange(0, 1).Draw(w.rt, "port")}}
	case 3:
		t.HealthCheck = &msg.HealthCheckInfo{CheckInfo: msg.CheckInfo{HTTP: pick(w, "http", nil, &msg.HTTPCheck{Port: 80})}}
	}
	return t
}

func (w *wild) tasks() []msg.TaskInfo {
	var out []msg.TaskInfo
	for range rapid.IntRange(0, 3).Draw(w.rt, "tasks") {
		out = append(out, w.task())
	}
	return out
}

func (w *wild) operation() msg.Operation {
	o := msg.Operation{ID: pick[msg.OperationID](w, "operation", "", "", "", "op1", "op2")}
	switch rapid.IntRange(0, 5).Draw(w.rt, "action") {
	case 0:
		o.Do = msg.LaunchGroup{Executor: w.executor(), Tasks: w.tasks()}
	case 1, 2:
		o.Do = msg.LaunchTasks{Tasks: w.tasks()}
	case 3, 4:
		o.Do = msg.Change{Op: w.op()}
	}
	return o
}

func (w *wild) offerIDs() []msg.OfferID {
	ids := []msg.OfferID{"", "x", msg.OfferID(w.m.Info().ID) + "-O1"}
	for _, o := range w.m.Snapshot().Offers {
		ids = append(ids, o.ID, o.ID, o.ID)
	}
	var out []msg.OfferID
	for range rapid.IntRange(0, 2).Draw(w.rt, "offers") {
		out = append(out, pick(w, "offer", ids...))
	}
	return out
}

func (w *wild) filters() msg.Filters {
	return msg.Filters{Refuse: pick[time.Duration](w, "refuse", 0, -1, time.Second, 1<<62), None: w.coin()}
}

func (w *wild) info() msg.FrameworkInfo {
	i := msg.FrameworkInfo{ID: w.framework(), Checkpoint: w.coin(), FailoverTimeout: pick[time.Duration](w, "failover", 0, time.Minute, time.Minute, -1)}
	for range rapid.IntRange(0, 2).Draw(w.rt, "roles") {
		i.Roles = append(i.Roles, w.role())
	}
	i.Capabilities = msg.Capabilities{PartitionAware: w.coin(), SharedResources: w.coin(), ReservationRefinement: w.coin()}
	if rapid.IntRange(0, 5).Draw(w.rt, "minimum") == 0 {
		i.MinAllocatable = minimum(w.role())
	}
	return i
}

func (w *wild) roles() []role.Name {
	var out []role.Name
	for range rapid.IntRange(0, 2).Draw(w.rt, "roles") {
		out = append(out, w.role())
	}
	return out
}

func (w *wild) refs() msg.ExecutorRef {
	return msg.ExecutorRef{Framework: w.framework(), Agent: w.agentID(), Executor: w.executorID()}
}

// fromScheduler draws a call.
func (w *wild) fromScheduler() msg.Message {
	switch rapid.IntRange(0, 15).Draw(w.rt, "call") {
	case 13:
		return w.inverse()
	case 14:
		return pick[msg.Message](w, "operation", msg.ReconcileOperations{}, msg.AcknowledgeOperation{Agent: w.agentID(), Operation: "op1", UUID: w.uuid()})
	case 0:
		return msg.Subscribe{Framework: w.info(), Suppressed: w.roles()}
	case 1:
		return pick[msg.Message](w, "teardown", msg.Revive{}, msg.Revive{}, msg.Teardown{})
	case 2, 3, 4:
		a := msg.Accept{Offers: w.offerIDs(), Filters: w.filters()}
		for range rapid.IntRange(0, 4).Draw(w.rt, "operations") {
			a.Operations = append(a.Operations, w.operation())
		}
		return a
	case 5:
		return msg.Decline{Offers: w.offerIDs(), Filters: w.filters()}
	case 6:
		return msg.Revive{Roles: w.roles()}
	case 7:
		return msg.Suppress{Roles: w.roles()}
	case 8:
		return msg.Kill{Task: w.taskID(), Agent: w.agentID()}
	case 9:
		return msg.ShutdownExecutor{Executor: w.refs()}
	case 10:
		return msg.Acknowledge{Agent: w.agentID(), Task: w.taskID(), UUID: w.uuid()}
	case 11:
		return msg.Reconcile{Tasks: []msg.TaskRef{{Task: w.taskID(), Agent: w.agentID()}}}
	case 12:
		return msg.ToExecutor{Executor: w.refs(), Data: []byte("x")}
	}
	return msg.UpdateFramework{Framework: w.info(), Suppressed: w.roles()}
}

// sensible draws an accept that launches on an offer that is out with a party, or an acknowledgement of an operation.
func (w *wild) sensible(name string) msg.Message {
	if told := all[msg.UpdateOperation](w.rig, name); len(told) > 0 && w.coin() {
		s := pick(w, "told", told...).Status
		return msg.AcknowledgeOperation{Agent: s.Agent, Operation: s.Operation, UUID: s.UUID}
	}
	for _, o := range w.m.Snapshot().Offers {
		for _, f := range w.m.Frameworks() {
			if f.Info.ID == o.Framework && string(f.Node) == name {
				t := w.task()
				t.Agent = o.Agent
				a := msg.Accept{Offers: []msg.OfferID{o.ID}, Filters: w.filters()}
				if o.Role == "web" {
					reserve := msg.Reserve(dynamic("disk:50", "web"))
					reserve.ID = pick[msg.OperationID](w, "operation", "", "op1", "op2")
					a.Operations = append(a.Operations, reserve, msg.Create(volume("sv", 20, "web", true)))
				}
				a.Operations = append(a.Operations, w.operation(), msg.Launch(t), w.good(o.Agent), w.operation())
				return a
			}
		}
	}
	return msg.Subscribe{Framework: msg.FrameworkInfo{Roles: []role.Name{"web"}, FailoverTimeout: time.Minute, Checkpoint: w.coin(),
		Capabilities: msg.Capabilities{SharedResources: true, ReservationRefinement: true, PartitionAware: w.coin()}}}
}

// good draws a launch that is valid if its ids are free and the offer is large enough.
func (w *wild) good(a agentID) msg.Operation {
	id := pick[msg.TaskID](w, "task", "t1", "t2", "t3", "t4")
	t := custom(id, a, "cpus:0.1;mem:32", pick[msg.ExecutorID](w, "executor", "x1", "x2"), "cpus:0.1;mem:32;disk:1")
	switch rapid.IntRange(0, 3).Draw(w.rt, "launch") {
	case 0:
		g := msg.LaunchGroup{Executor: *t.Executor}
		for _, t.ID = range []msg.TaskID{"t1", "t2", "t3", "t4"}[:rapid.IntRange(1, 4).Draw(w.rt, "members")] {
			t.Executor = nil
			g.Tasks = append(g.Tasks, t)
		}
		return msg.Operation{Do: g}
	case 1:
		t.Resources = t.Resources.Add(volume("sv", 20, "web", true))
	}
	return msg.Launch(t)
}

// fromAgent draws a message.
func (w *wild) fromAgent() msg.Message {
	switch rapid.IntRange(0, 9).Draw(w.rt, "message") {
	case 0, 1:
		return msg.RegisterAgent{Info: msg.AgentInfo{ID: pick[agentID](w, "id", "", "", "", "x")}, Total: w.total(), Capabilities: w.abilities()}
	case 2:
		return w.report(w.agentID(), func(b *msg.ReregisterAgent) {
			if w.coin() {
				b.Tasks = nil
			}
			b.Capabilities, b.Operations = w.abilities(), w.doneAt(b.Info.ID)
			w.others(b)
		})
	case 3:
		b := w.report(w.agentID(), func(b *msg.ReregisterAgent) {
			if w.coin() {
				b.Total = w.total()
			}
			if w.coin() && len(b.Tasks) > 0 {
				b.Tasks = b.Tasks[1:]
			}
			if w.coin() {
				b.Executors = nil
			}
			if w.coin() {
				b.Capabilities, b.Operations = w.abilities(), w.doneAt(b.Info.ID)
			}
			if w.coin() {
				b.Frameworks = append(b.Frameworks, w.info())
			}
			if w.coin() {
				b.Tasks = append(b.Tasks, msg.TaskReport{Framework: w.framework(), Role: w.role(), State: w.state(), Info: w.task()})
			}
		})
		return b
	case 4:
		return msg.UpdateAgent{Total: w.total()}
	case 5:
		return pick[msg.Message](w, "bye", msg.Pong{}, msg.Pong{}, msg.UnregisterAgent{Agent: w.agentID()})
	case 6, 7:
		return msg.StatusUpdate{Framework: w.framework(), Latest: w.state(),
			Status: msg.TaskStatus{Task: w.taskID(), State: w.state(), UUID: w.uuid(), Agent: w.agentID()}}
	case 8:
		return msg.ExitedExecutor{Framework: w.framework(), Executor: w.executorID()}
	}
	return pick[msg.Message](w, "rest", msg.OperationUpdate{UUID: w.operationUUID(), Error: pick(w, "error", "", "", "failed"), Status: w.feedback()}, msg.FromExecutor{Executor: w.refs()}, nil, msg.Heartbeat{})
}

func (w *wild) abilities() msg.AgentCapabilities {
	return pick(w, "abilities", msg.AgentCapabilities{ResourceProvider: true, OperationFeedback: true, TaskResourceLimits: true}, msg.AgentCapabilities{})
}

// feedback draws a status of an operation with an id, or none.
func (w *wild) feedback() msg.OperationStatus {
	return msg.OperationStatus{State: pick(w, "state", msg.OperationFinished, msg.OperationFailed, msg.OperationDropped), UUID: w.uuid()}
}

// doneAt draws the operations that an agent reports: those of the books, under way or done, and perhaps one of a stranger.
func (w *wild) doneAt(a agentID) (out []msg.OperationReport) {
	report := func(u msg.UUID, f frameworkID, id msg.OperationID) {
		s := msg.OperationStatus{Operation: id, State: msg.OperationPending}
		if w.coin() {
			s.State, s.UUID = msg.OperationFinished, msg.UUID{9}
		}
		out = append(out, msg.OperationReport{UUID: u, Framework: f, Op: reservation.Reserve{Resources: dynamic("cpus:1", "web")}, Status: s})
	}
	for _, o := range w.m.Snapshot().Operations {
		if o.Agent == a && w.coin() {
			report(o.UUID, o.Framework, cmp.Or(o.ID, "op1"))
		}
	}
	if w.coin() {
		report(msg.UUID{8}, pick[frameworkID](w, "of", "other0", w.framework()), "op1")
	}
	return out
}

// others adds frameworks that nobody has heard of to a report, with a task each.
func (w *wild) others(b *msg.ReregisterAgent) {
	for n := range rapid.IntRange(0, 3).Draw(w.rt, "others") {
		i := msg.FrameworkInfo{ID: frameworkID(fmt.Sprint("other", n)), Roles: []role.Name{pick[role.Name](w, "role", "web", "db", "x", "y")}}
		b.Frameworks = append(b.Frameworks, i)
		b.Tasks = append(b.Tasks, msg.TaskReport{Framework: i.ID, Role: i.Roles[0], State: msg.TaskRunning,
			Info: msg.TaskInfo{ID: pick[msg.TaskID](w, "task", "t1", "t2", "t3"), Resources: resource.MustParse("cpus:0.1;mem:32")}})
	}
}

// operationUUID draws an operation that was sent to an agent, or none.
func (w *wild) operationUUID() msg.UUID {
	ids := []msg.UUID{w.uuid()}
	for _, name := range slices.Sorted(maps.Keys(w.inbox)) {
		for _, a := range all[msg.ApplyOperation](w.rig, name) {
			ids = append(ids, a.UUID)
		}
	}
	return pick(w, "operation", ids...)
}

// reply draws what an agent would say of a task of its own.
func (w *wild) reply(name string) msg.Message {
	for _, t := range w.m.Tasks() {
		for _, a := range w.m.Agents() {
			if a.Info.ID == t.Agent && string(a.Node) == name && w.coin() {
				s := pick(w, "state", msg.TaskRunning, msg.TaskFinished, msg.TaskFailed, msg.TaskKilling)
				return status(t.Framework, t.ID, s, byte(rapid.IntRange(0, 3).Draw(w.rt, "uuid")))
			}
		}
	}
	if ops := all[msg.ApplyOperation](w.rig, name); len(ops) > 0 && w.coin() {
		op := pick(w, "operation", ops...)
		u := msg.OperationUpdate{UUID: op.UUID, Error: pick(w, "error", "", "failed")}
		if op.ID != "" && w.coin() {
			u.Status = w.feedback()
		}
		return u
	}
	b := registration(name, "cpus:4;mem:1024;disk:100;ports:[1-10]")
	b.Capabilities = msg.AgentCapabilities{ResourceProvider: true, OperationFeedback: true, TaskResourceLimits: true}
	return b
}

func (w *wild) total() resource.Resources {
	t := resource.MustParse("cpus:4;mem:1024;disk:100;ports:[1-10]")
	return pick(w, "total", t, t, resource.MustParse("cpus:1;mem:64"), resource.Resources{}, t.Add(dynamic("disk:50", "web")),
		t.Add(volume("sv", 20, "web", true)), t.Allocate("web"))
}

func (w *wild) machines() (out []msg.MachineID) {
	for range rapid.IntRange(0, 2).Draw(w.rt, "machines") {
		out = append(out, pick(w, "machine", msg.MachineID{Hostname: "a1.example"}, msg.MachineID{Hostname: "A2.example"}, msg.MachineID{Hostname: "a1.example", IP: "1"},
			msg.MachineID{IP: "1"}, msg.MachineID{}, msg.MachineID{Hostname: "a/b"}))
	}
	return out
}

func (w *wild) upkeep() msg.OperatorCall {
	switch rapid.IntRange(0, 5).Draw(w.rt, "upkeep") {
	case 0:
		return msg.DrainAgent{Agent: w.agentID(), MaxGrace: pick[time.Duration](w, "grace", 0, 0, time.Second, -1), MarkGone: w.coin()}
	case 1, 2:
		var c msg.UpdateMaintenance
		for range rapid.IntRange(0, 2).Draw(w.rt, "windows") {
			c.Windows = append(c.Windows, msg.MaintenanceWindow{Machines: w.machines(),
				Window: offer.Window{Start: offer.Time(rapid.IntRange(0, 2).Draw(w.rt, "start")), Duration: pick[time.Duration](w, "lasts", time.Hour, offer.Endless, -2)}})
		}
		return c
	case 3:
		return msg.StartMaintenance{Machines: w.machines()}
	case 4:
		return msg.StopMaintenance{Machines: w.machines()}
	}
	return pick[msg.OperatorCall](w, "read", msg.GetState{}, msg.GetMetrics{}, msg.GetMaintenanceStatus{}, msg.SubscribeEvents{}, msg.UnsubscribeEvents{})
}

// inverse draws an answer to inverse offers.
func (w *wild) inverse() msg.Message {
	ids := w.offerIDs()
	for _, o := range w.m.Snapshot().InverseOffers {
		ids = append(ids, o.ID)
	}
	if w.coin() {
		return msg.AcceptInverse{Offers: ids, Filters: w.filters()}
	}
	return msg.DeclineInverse{Offers: ids, Filters: w.filters()}
}

func (w *wild) operatorCall() msg.OperatorCall {
	switch rapid.IntRange(0, 6).Draw(w.rt, "operator") {
	case 0:
		return msg.UpdateWeights{Weights: []role.Weight{{Role: w.role(), Weight: float64(rapid.IntRange(0, 3).Draw(w.rt, "weight"))}}}
	case 1:
		limits, err := resource.NewLimits(resource.Quantity{Name: "cpus", Amount: resource.Whole(int64(rapid.IntRange(0, 3).Draw(w.rt, "limit")))})
		require.NoError(w.t, err)
		return msg.UpdateQuota{Configs: []quota.Config{{Role: w.role(), Limits: limits}}, Force: w.coin()}
	case 2, 3:
		return msg.ChangeAgent{Agent: w.agentID(), Op: w.op()}
	case 4:
		if rapid.IntRange(0, 3).Draw(w.rt, "tear") == 0 {
			return msg.TeardownFramework{Framework: w.framework()}
		}
		return nil
	case 5:
		if rapid.IntRange(0, 2).Draw(w.rt, "gone") == 0 {
			return msg.MarkAgentGone{Agent: w.agentID()}
		}
		return msg.DeactivateAgent{Agent: w.agentID()}
	}
	return msg.ReactivateAgent{Agent: w.agentID()}
}

// put steps an input in: whatever it is, the machine does not panic, its books agree, the events are the delta of the
// snapshot, and what it refuses changes nothing.
func (w *wild) put(in msg.Input) {
	w.t.Helper()
	require.NoError(w.t, w.step(msg.Tick{}))
	before, sent := w.m.Snapshot(), w.countSent()
	err := w.step(in)
	if e, ok := in.(msg.Envelope); ok {
		if _, subscribes := e.Body.(msg.Subscribe); subscribes {
			return // a refused one ends its stream
		}
	}
	if err != nil {
		require.True(w.t, reflect.DeepEqual(before, w.m.Snapshot()), "%T changed something, and: %v", in, err)
		require.Equal(w.t, sent, w.countSent(), "%T had effects, and: %v", in, err)
	}
}

func (w *wild) countSent() int {
	n := 0
	for _, name := range slices.Sorted(maps.Keys(w.inbox)) {
		n += len(w.inbox[name])
	}
	return n
}

// linkOf brings a party up if it is not.
func (w *wild) linkOf(name string) msg.Link {
	if w.links[name] == 0 {
		w.up(name)
	}
	return w.links[name]
}

// docs/protocol.md §19 whatever arrives, in whatever order, from whomever: no panic, the books agree after every step,
// and what is refused changes nothing.
func TestWildInputs(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		strict := rapid.Bool().Draw(rt, "strict")
		c := master.Config{Entropy: [16]byte{1}, Node: "master"}
		if strict {
			c.Allocator.Rules = offer.StrictDRF()
		}
		c.Bounds.Tasks, c.Bounds.UnreachableTasks, c.Bounds.CompletedTasks, c.Bounds.CompletedFrameworks = 2, 2, 2, 2
		c.Bounds.Frameworks, c.Bounds.Agents, c.Bounds.UnreachableAgents, c.Bounds.Roles = 4, 3, 2, 3
		c.Bounds.PendingOperations, c.Bounds.AgentTasks, c.Bounds.GoneAgents = 4, 2, 2
		c.Bounds.Held, c.Bounds.OperatorCalls, c.Bounds.Machines, c.Bounds.Streams = 2, 2, 2, 2
		c.RegistryGC, c.RegistryMaxAge = time.Minute, 30*time.Minute
		if rapid.Bool().Draw(rt, "slow removals") {
			c.AgentRemovalRate = master.Rate{N: 1, Per: 3 * time.Minute}
		}
		w := &wild{rt: rt, cfg: c, leaders: 1, rig: newRigOn(rt, registry.NewMemory(), c)}
		agents, schedulers := []string{"a1", "a2", "a3"}, []string{"s1", "s2", "s3"}
		anyone := append(slices.Clone(agents), schedulers...)
		envelope := func(name string, b msg.Message) { w.put(msg.Envelope{Link: w.linkOf(name), Body: b}) }
		rt.Repeat(map[string]func(*rapid.T){
			"": func(rt *rapid.T) { w.rt, w.t = rt, rt; w.check() },
			"sensible agent": func(*rapid.T) {
				name := pick(w, "who", agents...)
				envelope(name, w.reply(name))
			},
			"sensible scheduler": func(*rapid.T) {
				name := pick(w, "who", schedulers...)
				envelope(name, w.sensible(name))
			},
			"agent":     func(*rapid.T) { envelope(pick(w, "who", agents...), w.fromAgent()) },
			"scheduler": func(*rapid.T) { envelope(pick(w, "who", schedulers...), w.fromScheduler()) },
			"confused":  func(*rapid.T) { envelope(pick(w, "who", anyone...), pick(w, "what", w.fromAgent(), w.fromScheduler())) },
			"stranger":  func(*rapid.T) { w.put(msg.Envelope{Link: 12345, Body: w.fromAgent()}) },
			"operator":  func(*rapid.T) { w.put(msg.Operate{Call: w.operatorCall()}) },
			"upkeep": func(*rapid.T) {
				w.put(msg.Operate{Seq: uint64(rapid.IntRange(0, 4).Draw(w.rt, "seq")), Call: w.upkeep()})
			},
			"down": func(*rapid.T) {
				if name := pick(w, "who", anyone...); w.links[name] != 0 {
					w.down(name)
				}
			},
			"up again": func(*rapid.T) { w.up(pick(w, "who", anyone...)) },
			"odd link": func(*rapid.T) {
				w.put(pick[msg.Input](w, "link", msg.LinkUp{}, msg.LinkDown{Link: 999}, msg.LinkUp{Link: w.linkOf("a1"), Peer: "x"}, msg.StopAgent{}, nil))
			},
			"hold":   func(*rapid.T) { w.hold() },
			"let go": func(*rapid.T) { w.releaseAll() },
			"release": func(*rapid.T) {
				if len(w.commits) > 0 {
					w.release()
				}
			},
			"new leader": func(*rapid.T) { w.succeed() },
			"the store fails": func(*rapid.T) {
				if len(w.commits) > 0 {
					_ = w.m.Step(w.now, w.commits[0].Answer(0, errors.New("disk")))
					require.NoError(w.t, w.effects())
					require.ErrorIs(w.t, w.resigned, master.ErrResigned)
					w.succeed()
				}
			},
			"the store hangs": func(*rapid.T) {
				if len(w.commits) > 0 {
					w.now = w.now.Add(21 * time.Second)
					require.ErrorIs(w.t, w.step(msg.Tick{}), master.ErrResigned)
					w.succeed()
				}
			},
			"long time": func(*rapid.T) {
				w.releaseAll()
				w.advance(pick(w, "time", 11*time.Minute, time.Hour))
			},
			"time": func(*rapid.T) {
				w.releaseAll()
				w.advance(pick(w, "time", time.Millisecond, 20*time.Millisecond, time.Second, time.Second, 16*time.Second, 80*time.Second))
			},
			"time back": func(*rapid.T) {
				w.releaseAll()
				now := w.now
				w.now -= offer.Time(time.Hour)
				w.put(msg.Tick{})
				w.now = now
			},
		})
	})
}

// docs/design.md equal configurations and equal inputs give equal effects, byte for byte.
func TestEqualInputsGiveEqualEffects(t *testing.T) {
	type sent struct {
		at   offer.Time
		to   string
		body msg.Message
	}
	run := func() (log []sent, after master.Snapshot) {
		r := newRig(t)
		r.sent = func(to string, b msg.Message) { log = append(log, sent{r.now, to, b}) }
		for i := range 4 {
			r.agent(fmt.Sprint("a", i), "cpus:4;mem:1024")
		}
		fs := map[string]frameworkID{}
		for i := range 3 {
			name := fmt.Sprint("s", i)
			fs[name] = r.scheduler(name, info(role.Name(fmt.Sprint("role", i))))
		}
		for n := range 5 {
			for _, name := range slices.Sorted(maps.Keys(fs)) {
				for _, o := range r.offers(fs[name]) {
					r.launch(name, o, task(msg.TaskID(fmt.Sprint(n, o.Agent)), o.Agent, "cpus:1;mem:32"))
				}
			}
		}
		r.advance(80 * time.Second)
		return log, r.m.Snapshot()
	}
	log1, after1 := run()
	log2, after2 := run()
	require.Greater(t, len(log1), 50)
	require.True(t, reflect.DeepEqual(log1, log2))
	require.True(t, reflect.DeepEqual(after1, after2))
}
