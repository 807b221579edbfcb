package master_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// script runs the conversations in testdata/scripts. Every command prints what the machine sent, "to a: …", and the
// lines of the operator's timeline, "  * …"; ids are printed without the master's. The books are checked after each.
//
//	agent a total=cpus:4;mem:1024              a comes up and registers
//	    [feedback]                             its operations may have ids
//	scheduler s roles=(web,db) failover=1m     s comes up and subscribes; none of these may be left out but
//	    [old] [forgetful] [id=0000]            not PARTITION_AWARE; checkpoint=false; resume that framework
//	up a | down a                              a link comes up, or breaks
//	reregister a [lose=(t,x)]                  a re-registers with all that the books say it runs but those
//	    [ops=(o:PENDING,p:FINISHED:1)]         and with these operations: the uuid of its status behind an end
//	    [without=o]                            and without what operation o, a reservation, was to make
//	settle | advance 15s [pongs]               time passes, through every deadline on the way; agents answer pings
//	accept s offer=O1 [refuse=1h]              s accepts; one operation per line below:
//	    launch t cpus:1;mem:32 [x cpus:1]      a task with a command, or under executor x
//	    reserve web disk:10 [id=o]             reserve for a role; likewise unreserve; with an id
//	    create web v 10 [shared]               a volume of 10 MB; likewise destroy
//	decline s offer=O1 refuse=10s              s declines
//	revive s | suppress s | teardown s
//	update a s t RUNNING uuid=1 [latest=…]     a tells of task t of s
//	ack s t uuid=1                             s acknowledges
//	operation a o FINISHED uuid=1 [why=text]   a tells of operation o; without a uuid: once
//	ack-operation s a o uuid=1                 s acknowledges what a told
//	reconcile-operations s [o …] [agent=a]     s asks for states of operations
//	operations                                 the rows of all operations
//	kill s t                                   s asks to kill
//	reconcile s [t …]                          s asks for states
//	exited a s x status=1                      a tells that executor x of s ended
//	operator weight web 2                      an operator's call: weight, reserve AGENT ROLE RESOURCES, deactivate AGENT,
//	                                           reactivate AGENT, gone AGENT, teardown SCHEDULER, drain AGENT GRACE [gone],
//	                                           maintain AT FOR AGENT…, take-down AGENT…, bring-up AGENT…, status
//	leave s offer=O1 | stay s offer=O1         s accepts or declines an inverse offer
//	hold                                       from now on commits wait
//	commit [fail]                              the first that waits is written, or fails
//	registry                                   what is durable
//	leader                                     another master takes over what is durable; nobody is linked with it yet, and
//	                                           its own ids begin with m2/, m3/, …
//	explain s web a                            why s gets nothing of a for a role
//	tasks                                      the rows of all tasks
//	verbose                                    from now on pings and heartbeats as well
type script struct {
	*rig
	agents     map[string]agentID
	frameworks map[string]frameworkID
	out        strings.Builder
	verbose    bool
	told       int // events that were printed
	words      int // of the command
	masters    []msg.MasterID
	kept       map[string]msg.ReregisterAgent // what agents ran under the master before
	totals     map[string]resource.Resources  // what agents had when they were last seen
	sentOps    map[msg.OperationID]msg.ApplyOperation
}

func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		s := &script{agents: map[string]agentID{}, frameworks: map[string]frameworkID{}, sentOps: map[msg.OperationID]msg.ApplyOperation{}, totals: map[string]resource.Resources{}}
		s.lead(newRig(t))
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.out.Reset()
			s.run(d)
			for _, e := range s.events[s.told:] {
				fmt.Fprintf(&s.out, "  * %s\n", e)
			}
			s.told = len(s.events)
			if s.out.Len() == 0 {
				return "nothing\n"
			}
			out := strings.ReplaceAll(s.out.String(), string(s.masters[0])+"-", "")
			for i, id := range s.masters {
				out = strings.ReplaceAll(strings.ReplaceAll(out, string(id)+"-", fmt.Sprintf("m%d/", i+1)), string(id), fmt.Sprintf("m%d", i+1))
			}
			return out
		})
	})
}

// lead begins the time of a master.
func (s *script) lead(r *rig) {
	s.rig, s.told = r, 0
	s.masters = append(s.masters, r.m.Info().ID)
	r.sent = func(to string, b msg.Message) {
		if op, ok := b.(msg.ApplyOperation); ok && op.ID != "" {
			s.sentOps[op.ID] = op
		}
		if line := s.describe(b); line != "" {
			fmt.Fprintf(&s.out, "to %s: %s\n", to, line)
		}
	}
}

// succeed lets another master take over.
func (s *script) succeed() {
	s.kept = map[string]msg.ReregisterAgent{}
	for _, name := range slices.Sorted(maps.Keys(s.agents)) {
		s.kept[name] = s.report(s.agents[name])
	}
	s.lead(s.successor(func(c *master.Config) { c.Entropy[0] = byte(len(s.masters) + 9) }))
}

// commit writes the first commit that waits, or lets it fail.
func (s *script) commit(fail bool) {
	s.answer = nil
	var keys []string
	for _, o := range s.commits[0].Ops {
		word, _, _ := strings.Cut(o.String(), " (")
		keys = append(keys, word)
	}
	if fail {
		fmt.Fprintf(&s.out, "%s: fails\n", strings.Join(keys, ", "))
		require.NoError(s.t, s.step(s.commits[0].Answer(0, errors.New("disk full"))))
		fmt.Fprintln(&s.out, "resigns:", s.resigned)
	} else {
		fmt.Fprintf(&s.out, "%s\n", strings.Join(keys, ", "))
		s.release()
	}
	for _, a := range s.answer {
		if a.Err == nil {
			a.Err = errors.New("done")
		}
		fmt.Fprintln(&s.out, "to the operator:", a.Err)
	}
}

// durable draws the registry.
func (s *script) durable() {
	_, err := s.store.Load(context.Background(), func(o registry.Op) error {
		_, err := fmt.Fprintf(&s.out, "%s %s\n", o.Key, o.Value)
		return err
	})
	require.NoError(s.t, err)
}

// run carries out one command.
func (s *script) run(d *datadriven.TestData) {
	var args []string
	for _, a := range d.CmdArgs {
		if len(a.Vals) == 0 {
			args = append(args, a.Key)
		}
	}
	s.words = len(args)
	arg := func(i int) string {
		require.Less(s.t, i, len(args), "%s: too few words", d.Pos)
		return args[i]
	}
	val := func(key, otherwise string) string {
		if a, ok := d.Arg(key); ok && len(a.Vals) > 0 {
			return strings.Join(a.Vals, ",")
		}
		return otherwise
	}
	switch d.Cmd {
	case "agent":
		if s.holding {
			s.up(arg(0))
			s.say(arg(0), registration(arg(0), val("total", "")))
			return
		}
		s.up(arg(0))
		b := registration(arg(0), val("total", ""))
		b.Capabilities = msg.AgentCapabilities{ResourceProvider: d.HasArg("feedback"), OperationFeedback: d.HasArg("feedback")}
		s.say(arg(0), b)
		s.agents[arg(0)] = last[msg.AgentRegistered](s.rig, arg(0)).Agent
	case "scheduler":
		s.subscribe(arg(0), d, val)
	case "up":
		s.up(arg(0))
	case "down":
		s.down(arg(0))
	case "reregister":
		s.reregister(arg(0), strings.Split(val("lose", ""), ","), s.listed(val("ops", "")), msg.OperationID(val("without", "")))
	case "settle":
		s.settle()
	case "advance":
		s.remember()
		s.pass(s.duration(arg(0)), len(args) > 1)
	case "tasks":
		for _, t := range s.m.Tasks() {
			fmt.Fprintln(&s.out, t)
		}
	case "operations":
		s.rows()
	case "explain":
		fmt.Fprintln(&s.out, s.m.Explain(s.frameworks[arg(0)], role.Name(arg(1)), s.agents[arg(2)]))
	case "verbose":
		s.verbose = true
	case "hold":
		s.hold()
	case "commit":
		s.commit(len(args) > 0 && args[0] == "fail")
	case "registry":
		s.durable()
	case "leader":
		s.succeed()
	case "operator":
		if arg(0) == "status" {
			s.status()
			return
		}
		if s.holding {
			require.NoError(s.t, s.step(msg.Operate{Call: s.operatorCall(arg)}))
			return
		}
		if err := s.operate(s.operatorCall(arg)); err != nil {
			fmt.Fprintln(&s.out, "refused:", err)
		}
	default:
		if err := s.try(arg(0), s.message(d, arg, val)); err != nil {
			fmt.Fprintln(&s.out, "refused:", err)
		}
	}
}

func (s *script) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	require.NoError(s.t, err)
	return d
}

func (s *script) subscribe(name string, d *datadriven.TestData, val func(key, otherwise string) string) {
	i := info()
	i.Name, i.FailoverTimeout = name, s.duration(val("failover", "0s"))
	for _, r := range strings.Split(val("roles", ""), ",") {
		i.Roles = append(i.Roles, role.Name(r))
	}
	i.Capabilities.PartitionAware, i.Checkpoint = !d.HasArg("old"), !d.HasArg("forgetful")
	if id := val("id", ""); id != "" {
		i.ID = frameworkID(string(s.masters[0]) + "-" + id)
	}
	s.up(name)
	if err := s.try(name, msg.Subscribe{Framework: i}); err != nil {
		fmt.Fprintln(&s.out, "refused:", err)
		return
	}
	s.frameworks[name] = last[msg.Subscribed](s.rig, name).Framework
}

func (s *script) reregister(name string, lose []string, ops []msg.OperationReport, without msg.OperationID) {
	lost := func(id string) bool {
		for _, l := range lose {
			if l == id {
				return true
			}
		}
		return false
	}
	_, known := s.m.Books(s.agents[name])
	kept, before := s.kept[name]
	if err := s.try(name, s.report(s.agents[name], func(b *msg.ReregisterAgent) {
		if before && !known {
			*b = kept
		}
		b.Operations, b.Capabilities = ops, msg.AgentCapabilities{ResourceProvider: true, OperationFeedback: true}
		if total, seen := s.totals[name]; seen && !known && !before {
			b.Total = total
		}
		b.Total = s.unmade(b.Total, without)
		tasks, executors := b.Tasks, b.Executors
		b.Tasks, b.Executors = nil, nil
		for _, t := range tasks {
			if !lost(string(t.Info.ID)) {
				b.Tasks = append(b.Tasks, t)
			}
		}
		for _, e := range executors {
			if !lost(string(e.Info.ID)) {
				b.Executors = append(b.Executors, e)
			}
		}
	})); err != nil {
		fmt.Fprintln(&s.out, "refused:", err)
	}
}

func (s *script) operatorCall(arg func(int) string) msg.OperatorCall {
	switch arg(0) {
	case "weight":
		w, err := strconv.ParseFloat(arg(2), 64)
		require.NoError(s.t, err)
		return msg.UpdateWeights{Weights: []role.Weight{{Role: role.Name(arg(1)), Weight: w}}}
	case "reserve":
		return msg.ChangeAgent{Agent: s.agents[arg(1)], Op: reservation.Reserve{Resources: operators(arg(3), role.Name(arg(2)))}}
	case "deactivate":
		return msg.DeactivateAgent{Agent: s.agents[arg(1)]}
	case "gone":
		return msg.MarkAgentGone{Agent: s.agents[arg(1)]}
	case "reactivate":
		return msg.ReactivateAgent{Agent: s.agents[arg(1)]}
	case "teardown":
		return msg.TeardownFramework{Framework: s.frameworks[arg(1)]}
	case "drain":
		return msg.DrainAgent{Agent: s.agents[arg(1)], MaxGrace: s.duration(arg(2)), MarkGone: s.words > 3}
	case "maintain":
		if s.words < 4 {
			return msg.UpdateMaintenance{}
		}
		w := offer.Window{Start: offer.Time(s.duration(arg(1))), Duration: s.duration(arg(2))}
		return msg.UpdateMaintenance{Windows: []msg.MaintenanceWindow{{Machines: s.machines(arg, 3), Window: w}}}
	case "take-down":
		return msg.StartMaintenance{Machines: s.machines(arg, 1)}
	case "bring-up":
		return msg.StopMaintenance{Machines: s.machines(arg, 1)}
	}
	return nil
}

// machines names those of agents.
func (s *script) machines(arg func(int) string, from int) (out []msg.MachineID) {
	for i := from; i < s.words; i++ {
		out = append(out, msg.MachineID{Hostname: arg(i) + ".example"})
	}
	return out
}

// status draws what the operator is told of machines, drains and operations.
func (s *script) status() {
	st := read[master.MaintenanceStatusResult](s.rig, msg.GetMaintenanceStatus{})
	for _, x := range st.Draining {
		fmt.Fprintf(&s.out, "%s is to be maintained:", x.ID)
		for _, a := range x.Answers {
			fmt.Fprintf(&s.out, " %s %s", a.Framework, a.Answer)
		}
		fmt.Fprintln(&s.out)
	}
	for _, id := range st.Down {
		fmt.Fprintf(&s.out, "%s is down\n", id)
	}
	agents := read[master.AgentsResult](s.rig, msg.GetAgents{})
	for _, a := range agents.Agents {
		fmt.Fprintln(&s.out, a)
	}
	for _, a := range agents.Unreachable {
		fmt.Fprintf(&s.out, "%s is unreachable, %s\n", a.ID, a.Drain)
	}
	for _, a := range agents.Gone {
		fmt.Fprintf(&s.out, "%s is gone\n", a.ID)
	}
}

// message reads what a party says.
func (s *script) message(d *datadriven.TestData, arg func(int) string, val func(key, otherwise string) string) msg.Message {
	offers := func() []msg.OfferID {
		return []msg.OfferID{msg.OfferID(string(s.m.Info().ID) + "-" + val("offer", ""))}
	}
	filters := func() msg.Filters { return msg.Filters{Refuse: s.duration(val("refuse", "5s"))} }
	uuid := func() msg.UUID {
		n, err := strconv.Atoi(val("uuid", "0"))
		require.NoError(s.t, err)
		return msg.UUID{byte(n)}
	}
	switch d.Cmd {
	case "accept":
		return msg.Accept{Offers: offers(), Filters: filters(), Operations: s.operations(d.Input)}
	case "decline":
		return msg.Decline{Offers: offers(), Filters: filters()}
	case "leave":
		return msg.AcceptInverse{Offers: offers()}
	case "stay":
		return msg.DeclineInverse{Offers: offers()}
	case "revive":
		return msg.Revive{}
	case "suppress":
		return msg.Suppress{}
	case "teardown":
		return msg.Teardown{}
	case "update":
		u := status(s.frameworks[arg(1)], msg.TaskID(arg(2)), s.state(arg(3)), uuid()[0])
		u.Latest = s.state(val("latest", arg(3)))
		return u
	case "ack":
		t, _ := s.task(s.frameworks[arg(0)], msg.TaskID(arg(1)))
		return msg.Acknowledge{Agent: t.Agent, Task: msg.TaskID(arg(1)), UUID: uuid()}
	case "kill":
		return msg.Kill{Task: msg.TaskID(arg(1))}
	case "reconcile":
		var b msg.Reconcile
		for i := 1; i < len(d.CmdArgs); i++ {
			b.Tasks = append(b.Tasks, msg.TaskRef{Task: msg.TaskID(arg(i))})
		}
		return b
	case "operation":
		return s.operationUpdate(arg(1), arg(2), val("why", ""), uuid())
	case "ack-operation":
		return msg.AcknowledgeOperation{Agent: s.agents[arg(1)], Operation: msg.OperationID(arg(2)), UUID: uuid()}
	case "reconcile-operations":
		return msg.ReconcileOperations{Operations: s.refs(d, arg, val("agent", ""))}
	case "exited":
		n, err := strconv.Atoi(val("status", "0"))
		require.NoError(s.t, err)
		return msg.ExitedExecutor{Framework: s.frameworks[arg(1)], Executor: msg.ExecutorID(arg(2)), Status: n}
	}
	require.Fail(s.t, "unknown command", "%s: %s", d.Pos, d.Cmd)
	return nil
}

func (s *script) state(word string) msg.TaskState {
	for n := msg.TaskState(0); n <= msg.TaskUnknown; n++ {
		if n.String() == "TASK_"+word {
			return n
		}
	}
	require.Fail(s.t, "unknown state", word)
	return 0
}

// operations reads the lines under an accept. Tasks are for the first agent that has the offer.
func (s *script) operations(input string) []msg.Operation {
	var agent agentID
	for _, o := range s.m.Snapshot().Offers {
		agent = o.Agent
	}
	var ops []msg.Operation
	for _, line := range strings.Split(strings.TrimSpace(input), "\n") {
		w := strings.Fields(line)
		if len(w) == 0 {
			continue
		}
		id, named := strings.CutPrefix(w[len(w)-1], "id=")
		if named {
			w = w[:len(w)-1]
		}
		switch w[0] {
		case "launch":
			t := task(msg.TaskID(w[1]), agent, w[2])
			if len(w) > 4 {
				t = custom(msg.TaskID(w[1]), agent, w[2], msg.ExecutorID(w[3]), w[4])
			}
			ops = append(ops, msg.Launch(t))
		case "reserve":
			ops = append(ops, msg.Reserve(dynamic(w[2], role.Name(w[1]))))
		case "unreserve":
			ops = append(ops, msg.Unreserve(dynamic(w[2], role.Name(w[1]))))
		case "create", "destroy":
			mb, err := strconv.ParseInt(w[3], 10, 64)
			require.NoError(s.t, err)
			v := volume(w[2], mb, role.Name(w[1]), len(w) > 4)
			if w[0] == "create" {
				ops = append(ops, msg.Create(v))
			} else {
				ops = append(ops, msg.Destroy(v))
			}
		}
		if named {
			ops[len(ops)-1].ID = msg.OperationID(id)
		}
	}
	return ops
}

// describe draws a message on one line; "" leaves it out.
func (s *script) describe(b msg.Message) string {
	switch b := b.(type) {
	case msg.Ping, msg.Heartbeat:
		if !s.verbose {
			return ""
		}
	case msg.Subscribed:
		return fmt.Sprintf("Subscribed %s, heartbeats every %s", b.Framework, b.HeartbeatInterval)
	case msg.Offers:
		var parts []string
		for _, o := range b.Offers {
			until := ""
			if !o.Window.IsZero() {
				until = fmt.Sprintf(", there until %s", time.Duration(o.Window.Start))
			}
			parts = append(parts, fmt.Sprintf("%s for %s: %s on %s%s%s", o.ID, o.Role, o.Resources, o.Agent, executors(o), until))
		}
		return "Offers " + strings.Join(parts, " | ")
	case msg.Rescind:
		return "Rescind " + string(b.Offer)
	case msg.InverseOffers:
		o := b.Offers[0]
		return fmt.Sprintf("InverseOffers %s: leave %s by %s", o.ID, o.Agent, time.Duration(o.Window.Start))
	case msg.RescindInverse:
		return "RescindInverse " + string(b.Offer)
	case msg.Drain:
		return fmt.Sprintf("Drain, grace %s, gone %t", b.MaxGrace, b.MarkGone)
	case msg.ShutdownAgent:
		return "ShutdownAgent " + b.Message
	case msg.Update:
		u := b.Status
		line := fmt.Sprintf("Update %s %s by %s", u.Task, u.State, u.Source)
		if u.Reason != "" {
			line += ", " + string(u.Reason)
		}
		if u.Source == msg.SourceMaster && u.Message != "" {
			line += ": " + u.Message
		}
		if !u.UUID.IsZero() {
			line += ", to be acknowledged"
		}
		return line
	case msg.Failure:
		if b.Executor != "" {
			return fmt.Sprintf("Failure of executor %s on %s, status %d", b.Executor, b.Agent, b.Status)
		}
		return "Failure of agent " + string(b.Agent)
	case msg.Error:
		return "Error " + b.Message
	case msg.AgentRegistered:
		return fmt.Sprintf("AgentRegistered %s, pings within %s", b.Agent, b.PingTimeout)
	case msg.AgentReregistered:
		line := "AgentReregistered " + string(b.Agent)
		for _, t := range b.Reconcile {
			line += ", where is " + string(t.Task)
		}
		for _, o := range b.Operations {
			line += ", where is " + string(o.Status.Operation)
		}
		return line
	case msg.RunTasks:
		var ids []string
		for _, t := range b.Tasks {
			ids = append(ids, fmt.Sprintf("%s with %s", t.ID, t.Resources))
		}
		return fmt.Sprintf("RunTasks %s for %s under %s, launch_executor %t", strings.Join(ids, ", "), b.Role, b.Executor.ID, b.LaunchExecutor)
	case msg.ApplyOperation, msg.UpdateOperation, msg.AckOperation:
		return describeOperation(b)
	case msg.StatusAck:
		return fmt.Sprintf("StatusAck %s", b.Task)
	case msg.KillTask:
		return "KillTask " + string(b.Task)
	case msg.ShutdownFramework:
		return "ShutdownFramework " + string(b.Framework)
	case msg.FrameworkUpdated:
		return "FrameworkUpdated " + string(b.Framework.ID)
	}
	return fmt.Sprintf("%T", b)[len("msg."):]
}

func executors(o msg.Offer) string {
	if len(o.Executors) == 0 {
		return ""
	}
	return fmt.Sprintf(", running %v", o.Executors)
}
