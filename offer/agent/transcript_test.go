package agent_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// TestTranscripts plays the conversations of testdata. The commands:
//
//	leader node=m1                       the detector names a leader; without node none is known
//	up link=1 peer=m1                    a link stands
//	down link=1 peer=m1                  a link ended; without link a dial failed
//	registered id=S1 [again] [lost=t9]   the master admits; lost are tasks that it asks about, missing an operation
//	    [missing=o9 n=9]
//	ping [lost]                          the master pings; lost: it takes the agent for lost
//	run exec=e1 tasks=(t1,t2) [launch] [group] [volume=v1] [cpus=1]
//	run command=t1                       a command task
//	kill task=t1
//	stop-executor exec=e1
//	shutdown-framework
//	shutdown                             the master ends the agent
//	framework-updated
//	ack task=t1 n=1                      the scheduler acknowledges update n of an executor; without n what was forwarded last
//	create id=v1 size=10 n=1 [op=o1]     operations, numbered n, with or without an id
//	destroy id=v1 size=10 n=1 [op=o1]
//	ack-operation n=1 [stale]            the scheduler acknowledges what operation n came to; stale: something else
//	started exec=e1                      answers of the host
//	start-failed exec=e1
//	exited exec=e1 [status=0]
//	done seq=1 [err=text]
//	subscribe link=9 exec=e1 [tasks=t1]  an executor opens its stream, on a link that stands
//	update link=9 task=t1 state=RUNNING n=1
//	advance by=10s                       through every deadline on the way; lines show the time
//	stop                                 the agent is asked to stop
//	tasks | operations                   what a re-registration would report
//	events                               what happened since the last events
//
// And of an agent that keeps a checkpoint:
//
//	run … checkpoint                     for a framework that checkpoints
//	disk slow | fast                     records wait until they are said to be written, or not
//	written n=1                          the disk has the first n records that wait, and says so
//	restart                              the process dies and starts again with what is on disk
//	disk                                 the keys that are on disk
//
// Each prints its effects in order, "error: …" if refused, "ok" if there is nothing to do.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/transcripts", func(t *testing.T, path string) {
		s := &script{rig: newRig(t), told: map[msg.UUID]msg.UUID{}}
		datadriven.RunTest(t, path, s.command)
	})
}

// TestRestarts plays what happens to an agent that keeps a checkpoint (docs/protocol.md §4.1).
func TestRestarts(t *testing.T) {
	datadriven.Walk(t, "testdata/restarts", func(t *testing.T, path string) {
		s := &script{rig: newRig(t, checkpointing), told: map[msg.UUID]msg.UUID{}}
		datadriven.RunTest(t, path, s.command)
	})
}

type script struct {
	*rig
	seen int
	told map[msg.UUID]msg.UUID // the status that was sent of each operation
}

// apply is the master's message about an operation.
func (s *script) apply(d *datadriven.TestData, n msg.UUID, op reservation.Op) msg.Message {
	b := msg.ApplyOperation{UUID: n, Op: op, ID: msg.OperationID(s.arg(d, "op"))}
	if b.ID != "" {
		b.Framework = "F1"
	}
	return b
}

// operations draws those with an id that are under way or not acknowledged.
func (s *script) operations() (out []string) {
	for _, o := range s.m.Operations() {
		if !o.Status.UUID.IsZero() {
			s.told[o.UUID] = o.Status.UUID
		}
		out = append(out, fmt.Sprintf("%d %s %v%s", o.UUID[0], o.Status.Operation, o.Status.State, prefixed(": ", o.Status.Message)))
	}
	return out
}

func (s *script) command(t *testing.T, d *datadriven.TestData) string {
	s.t = t
	s.operations() // before they are forgotten
	switch d.Cmd {
	case "advance":
		by, err := time.ParseDuration(s.arg(d, "by"))
		require.NoError(t, err)
		return lines(s.advance(by))
	case "tasks":
		var out []string
		for _, r := range s.m.Tasks() {
			out = append(out, fmt.Sprintf("%s %v executor=%s", r.Info.ID, r.State, r.Executor))
		}
		return lines(out)
	case "operations":
		return lines(s.operations())
	case "disk":
		if d.HasArg("slow") || d.HasArg("fast") {
			s.slow = d.HasArg("slow")
			return lines(nil)
		}
		return lines(s.keys())
	case "written":
		s.last = agent.Ready{}
		s.save(s.number(d, "n"))
		return lines(append(s.lines(), s.waiting()...))
	case "restart":
		s.restart()
		return lines(append(s.lines(), s.m.State().String()))
	case "events":
		var out []string
		for _, e := range s.events[s.seen:] {
			out = append(out, fmt.Sprintf("%v %s", time.Duration(e.Time), s.short(e.String())))
		}
		s.seen = len(s.events)
		return lines(out)
	}
	if err := s.try(s.input(d)); err != nil {
		return "error: " + err.Error() + "\n"
	}
	return lines(append(s.lines(), s.waiting()...))
}

// waiting lists the records that the disk has not written.
func (s *script) waiting() (out []string) {
	for _, r := range s.pending {
		verb := "put"
		if r.Delete {
			verb = "delete"
		}
		out = append(out, fmt.Sprintf("waits: %s %s", verb, r.Key))
	}
	return out
}

func lines(ls []string) string {
	if len(ls) == 0 {
		return "ok\n"
	}
	return strings.Join(ls, "\n") + "\n"
}

func (s *script) arg(d *datadriven.TestData, key string) string {
	var v string
	if d.HasArg(key) {
		d.ScanArgs(s.t.(*testing.T), key, &v)
	}
	return v
}

func (s *script) number(d *datadriven.TestData, key string) int {
	var n int
	if d.HasArg(key) {
		d.ScanArgs(s.t.(*testing.T), key, &n)
	}
	return n
}

// list gives the values of key=(a,b).
func list(d *datadriven.TestData, key string) []string {
	for _, a := range d.CmdArgs {
		if a.Key == key {
			return a.Vals
		}
	}
	return nil
}

func (s *script) input(d *datadriven.TestData) msg.Input {
	exec := msg.ExecutorID(s.arg(d, "exec"))
	link := msg.Link(s.number(d, "link"))
	switch d.Cmd {
	case "leader":
		return msg.Leader{Master: msg.Node(s.arg(d, "node"))}
	case "up":
		if s.arg(d, "peer") == "m1" {
			s.link = link
		}
		return msg.LinkUp{Link: link, Peer: msg.Node(s.arg(d, "peer"))}
	case "down":
		return msg.LinkDown{Link: link, Peer: msg.Node(s.arg(d, "peer"))}
	case "started":
		return msg.Started{Container: s.starts[exec].Container}
	case "start-failed":
		return msg.StartFailed{Container: s.starts[exec].Container, Err: "no such program"}
	case "exited":
		return msg.Exited{Container: s.starts[exec].Container, Status: s.number(d, "status")}
	case "done":
		return msg.VolumeDone{Seq: uint64(s.number(d, "seq")), Err: s.arg(d, "err")}
	case "stop":
		return msg.StopAgent{}
	case "subscribe":
		b := msg.SubscribeExecutor{Framework: "F1", Executor: exec, Container: s.starts[exec].Container}
		for _, id := range list(d, "tasks") {
			b.Tasks = append(b.Tasks, taskInfo(msg.TaskID(id)))
		}
		return msg.Envelope{Link: link, Body: b}
	case "update":
		return msg.Envelope{Link: link, Body: msg.ExecutorUpdate{Status: msg.TaskStatus{
			Task: msg.TaskID(s.arg(d, "task")), State: state(s.arg(d, "state")), UUID: uuid(byte(s.number(d, "n"))),
		}}}
	}
	return msg.Envelope{Link: s.link, Body: s.fromMaster(d, exec)}
}

func (s *script) fromMaster(d *datadriven.TestData, exec msg.ExecutorID) msg.Message {
	n := uuid(byte(s.number(d, "n")))
	task := msg.TaskID(s.arg(d, "task"))
	switch d.Cmd {
	case "registered":
		if !d.HasArg("again") {
			return msg.AgentRegistered{Agent: "S1", PingTimeout: 75 * time.Second}
		}
		b := msg.AgentReregistered{Agent: "S1", PingTimeout: 75 * time.Second}
		for _, id := range list(d, "lost") {
			b.Reconcile = append(b.Reconcile, msg.RunningTask{Framework: "F1", Task: msg.TaskID(id), Executor: "e1"})
		}
		if id := s.arg(d, "missing"); id != "" {
			b.Operations = []msg.OperationReport{{UUID: n, Framework: "F1", Op: reservation.Create{Volumes: volume("v9", "data", 10)},
				Status: msg.OperationStatus{Operation: msg.OperationID(id), State: msg.OperationPending, Agent: "S1"}}}
		}
		return b
	case "ping":
		return msg.Ping{Connected: !d.HasArg("lost")}
	case "run":
		return s.run(d)
	case "kill":
		return msg.KillTask{Framework: "F1", Task: task, Policy: msg.KillPolicy{Grace: time.Second}}
	case "stop-executor":
		return msg.StopExecutor{Framework: "F1", Executor: exec}
	case "shutdown-framework":
		return msg.ShutdownFramework{Framework: "F1"}
	case "shutdown":
		return msg.ShutdownAgent{Message: "machine is down"}
	case "framework-updated":
		return msg.FrameworkUpdated{Framework: frameworkInfo()}
	case "ack":
		if n.IsZero() {
			for _, r := range s.m.Tasks() {
				if r.Info.ID == task {
					n = r.Forwarded.UUID
				}
			}
		}
		return msg.StatusAck{Framework: "F1", Task: task, UUID: n}
	case "create":
		return s.apply(d, n, reservation.Create{Volumes: volume(s.arg(d, "id"), "data", int64(s.number(d, "size")))})
	case "destroy":
		return s.apply(d, n, reservation.Destroy{Volumes: volume(s.arg(d, "id"), "data", int64(s.number(d, "size")))})
	case "ack-operation":
		if d.HasArg("stale") {
			return msg.AckOperation{UUID: n, Status: uuid(99)}
		}
		return msg.AckOperation{UUID: n, Status: s.told[n]}
	}
	s.t.Fatalf("no command %q", d.Cmd)
	return nil
}

func (s *script) run(d *datadriven.TestData) msg.Message {
	if id := msg.TaskID(s.arg(d, "command")); id != "" {
		t := taskInfo(id)
		t.Executor, t.Command = nil, &msg.CommandInfo{Value: "true"}
		b := run(true)
		b.Executor = msg.ExecutorInfo{}
		b.Tasks = []msg.TaskInfo{t}
		return b
	}
	var ids []msg.TaskID
	for _, id := range list(d, "tasks") {
		ids = append(ids, msg.TaskID(id))
	}
	b := run(d.HasArg("launch"), ids...)
	b.Executor.ID = msg.ExecutorID(s.arg(d, "exec"))
	b.Group = d.HasArg("group")
	b.Framework.Checkpoint = d.HasArg("checkpoint")
	for i := range b.Tasks {
		if v := s.arg(d, "volume"); v != "" {
			b.Tasks[i].Resources = b.Tasks[i].Resources.Add(volume(v, "data", 10))
		}
		if n := s.number(d, "cpus"); n != 0 {
			b.Tasks[i].Resources = resource.MustParse(fmt.Sprintf("cpus:%d", n))
		}
	}
	return b
}

func state(name string) msg.TaskState {
	for s := range msg.TaskState(14) {
		if s.String() == "TASK_"+name {
			return s
		}
	}
	panic("no state " + name)
}
