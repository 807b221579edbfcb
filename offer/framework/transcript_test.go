package framework_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// TestTranscripts plays the conversations of testdata between a master and a scheduler's session. The commands:
//
//	leader node=m1           the detector names a leader; without node none is known
//	up link=1 [node=m2]      a link to the leader stands, m1 unless told
//	down link=1              it ended; without link a dial failed
//	subscribed               the master's events
//	offers ids=(O1,O2)
//	rescind id=O1
//	operation op=o1 state=FINISHED [n=1]
//	update task=t1 state=RUNNING [n=1]
//	failure [exec=e1]
//	error text=why
//	heartbeat
//	launch offer=O1 task=t1  the driver's calls
//	reserve offer=O1 op=o1   an operation with an id
//	acknowledge op=o1 [n=1]
//	reconcile [op=o1]        of operations
//	decline offer=O1
//	kill task=t1
//	suppress role=a
//	revive
//	stop [failover]
//	abort
//	explicit                 another session, whose scheduler acknowledges by itself
//	advance by=10s           through every deadline on the way; lines show the time
//
// Each prints its effects in order, with callbacks in brackets, "error: …" if refused, "ok" if there is nothing to do.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		r := newRig(t)
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "explicit" {
				r = newRig(t, func(cfg *framework.SchedulerConfig) { cfg.ExplicitAck = true })
				return text(nil)
			}
			return r.command(t, d)
		})
	})
}

func (r *rig) command(t *testing.T, d *datadriven.TestData) string {
	r.t = t
	if d.Cmd != "advance" {
		if err := r.script(t, d); err != nil {
			return "error: " + err.Error() + "\n"
		}
		return text(r.lines())
	}
	by, err := time.ParseDuration(arg(t, d, "by"))
	require.NoError(t, err)
	var out []string
	end := r.now.Add(by)
	for {
		at, on := r.s.NextDeadline()
		if !on || at > end {
			break
		}
		r.now = max(r.now, at)
		r.step(msg.Tick{})
		for _, l := range r.lines() {
			out = append(out, fmt.Sprintf("%v %s", time.Duration(r.now), l))
		}
	}
	r.now = end
	return text(out)
}

func text(ls []string) string {
	if len(ls) == 0 {
		return "ok\n"
	}
	return strings.Join(ls, "\n") + "\n"
}

func (r *rig) lines() (out []string) {
	for _, n := range r.last.Dials {
		out = append(out, "dial "+string(n))
	}
	for _, c := range r.calls {
		out = append(out, "["+c+"]")
	}
	for _, e := range r.last.Sends {
		out = append(out, fmt.Sprintf("send %d %s", e.Link, draw(e.Body)))
	}
	for _, l := range r.last.Closes {
		out = append(out, fmt.Sprintf("close %d", l))
	}
	if r.done {
		r.done = false
		out = append(out, "done")
	}
	return out
}

func draw(b msg.Message) string {
	switch b := b.(type) {
	case msg.Subscribe:
		return fmt.Sprintf("SUBSCRIBE id=%q suppressed=%v", b.Framework.ID, b.Suppressed)
	case msg.Accept:
		s := fmt.Sprintf("ACCEPT %v", b.Offers)
		for _, op := range b.Operations {
			for _, task := range op.Tasks() {
				s += " " + string(task.ID)
			}
			if op.ID != "" {
				s += fmt.Sprintf(" %T %s", op.Do.(msg.Change).Op, op.ID)
			}
		}
		return s
	case msg.AcknowledgeOperation:
		return fmt.Sprintf("ACKNOWLEDGE_OPERATION %s %d", b.Operation, b.UUID[0])
	case msg.ReconcileOperations:
		return fmt.Sprintf("RECONCILE_OPERATIONS %v", b.Operations)
	case msg.Acknowledge:
		return fmt.Sprintf("ACKNOWLEDGE %s %d", b.Task, b.UUID[0])
	}
	return fmt.Sprintf("%T%+v", b, b)[len("msg."):]
}

func arg(t *testing.T, d *datadriven.TestData, key string) (v string) {
	if d.HasArg(key) {
		d.ScanArgs(t, key, &v)
	}
	return v
}

func (r *rig) script(t *testing.T, d *datadriven.TestData) error {
	var n int
	if d.HasArg("n") {
		d.ScanArgs(t, "n", &n)
	}
	task, agentLink := msg.TaskID(arg(t, d, "task")), msg.Link(0)
	if d.HasArg("link") {
		var l int
		d.ScanArgs(t, "link", &l)
		agentLink = msg.Link(l)
	}
	offers := []msg.OfferID{msg.OfferID(arg(t, d, "offer"))}
	event := func(b msg.Message) error { return r.try(msg.Envelope{Link: r.link, Body: b}) }
	call := func(err error) error {
		if err != nil {
			return err
		}
		in := r.queue[0]
		r.queue = r.queue[1:]
		return r.try(in)
	}
	switch d.Cmd {
	case "leader":
		return r.try(msg.Leader{Master: msg.Node(arg(t, d, "node"))})
	case "up":
		r.link = agentLink
		return r.try(msg.LinkUp{Link: agentLink, Peer: cmp.Or(msg.Node(arg(t, d, "node")), "m1")})
	case "down":
		return r.try(msg.LinkDown{Link: agentLink, Peer: "m1"})
	case "subscribed":
		return event(msg.Subscribed{Framework: "F1", HeartbeatInterval: 15 * time.Second, Master: masterInfo})
	case "offers":
		var os []msg.Offer
		for _, a := range d.CmdArgs {
			for _, id := range a.Vals {
				os = append(os, msg.Offer{ID: msg.OfferID(id)})
			}
		}
		return event(msg.Offers{Offers: os})
	case "rescind":
		return event(msg.Rescind{Offer: msg.OfferID(arg(t, d, "id"))})
	case "update":
		s := map[string]msg.TaskState{"RUNNING": msg.TaskRunning, "FINISHED": msg.TaskFinished}[arg(t, d, "state")]
		return event(msg.Update{Status: msg.TaskStatus{Task: task, State: s, UUID: msg.UUID{byte(n)}}})
	case "operation":
		st := msg.OperationStatus{Operation: msg.OperationID(arg(t, d, "op")), Agent: "S1", State: operationState(arg(t, d, "state")), UUID: msg.UUID{byte(n)}}
		return event(msg.UpdateOperation{Status: st})
	case "reserve":
		op := msg.Reserve(resource.MustParse("cpus:1"))
		op.ID = msg.OperationID(arg(t, d, "op"))
		return call(r.d.Accept(offers, []msg.Operation{op}, msg.Filters{}))
	case "acknowledge":
		return call(r.d.AcknowledgeOperation(msg.OperationStatus{Operation: msg.OperationID(arg(t, d, "op")), Agent: "S1", UUID: msg.UUID{byte(n)}}))
	case "reconcile":
		if d.HasArg("op") {
			return call(r.d.ReconcileOperations(msg.OperationRef{Operation: msg.OperationID(arg(t, d, "op")), Agent: "S1"}))
		}
		return call(r.d.ReconcileOperations())
	case "failure":
		return event(msg.Failure{Agent: "S1", Executor: msg.ExecutorID(arg(t, d, "exec"))})
	case "error":
		return event(msg.Error{Message: arg(t, d, "text")})
	case "heartbeat":
		return event(msg.Heartbeat{})
	case "launch":
		return call(r.d.Launch(offers, msg.Filters{}, msg.TaskInfo{ID: task}))
	case "decline":
		return call(r.d.Decline(msg.Filters{}, offers...))
	case "kill":
		return call(r.d.Kill(task, "", msg.KillPolicy{}))
	case "suppress":
		return call(r.d.Suppress(role.Name(arg(t, d, "role"))))
	case "revive":
		return call(r.d.Revive())
	case "stop":
		r.d.Stop(d.HasArg("failover"))
		return call(nil)
	case "abort":
		r.d.Abort()
		return call(nil)
	}
	t.Fatalf("no command %q", d.Cmd)
	return nil
}

func operationState(word string) msg.OperationState {
	for s := range msg.OperationUnknown + 1 {
		if s.String() == "OPERATION_"+word {
			return s
		}
	}
	panic("no state " + word)
}
