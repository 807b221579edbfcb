package master

import (
	"fmt"
	"strings"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// AgentReport is the row of a registered agent. What is free, offered and allocated is the allocator's: see
// Machine.Books.
type AgentReport struct {
	Info        msg.AgentInfo
	Node        msg.Node
	Total       resource.Resources // Info.Resources with reservations and volumes applied
	Connected   bool               // a link stands
	Deactivated bool               // by an operator: not offered
	Registered  offer.Time         // when this master first took it in
	// Reregistered is when it re-registered last; 0 never.
	Reregistered offer.Time
	Capabilities msg.AgentCapabilities
	Drain        *registry.Drain // nil: not draining. Nobody changes it
	DrainSince   offer.Time      // when this master was asked to drain it, or found it draining; 0 not draining
	Window       offer.Window    // in which its machine will not be there; zero: nothing is planned
	Answers      []InverseAnswer // of frameworks that were asked to leave before Window, by framework
}

// String names the agent with its state.
func (a AgentReport) String() string {
	return fmt.Sprintf("%s (%s)%s", a.Info.ID, a.Info.Hostname, flags(flag{!a.Connected, "disconnected"}, flag{a.Deactivated, "deactivated"},
		flag{a.Drain != nil, a.Drain.String()}, flag{!a.Window.IsZero(), "to be maintained"}))
}

// MachineReport is the row of a machine of the maintenance schedule. One that is UP has none.
type MachineReport struct {
	ID     msg.MachineID // host name in lower case
	Mode   registry.Mode
	Window offer.Window
}

// String names the machine with its mode.
func (x MachineReport) String() string { return fmt.Sprintf("%s %s", x.ID, x.Mode) }

// OperationReport is the row of an operation at a registered agent that has not answered it, or whose answer is not
// acknowledged (docs/protocol.md §14).
type OperationReport struct {
	UUID      msg.UUID // its name between master and agent
	Agent     offer.AgentID
	Framework offer.FrameworkID // "" an operator's
	Op        reservation.Op
	ID        msg.OperationID    // its framework's name for it; "" it did not ask how it ends
	State     msg.OperationState // the newest known: PENDING until the agent answers
	Message   string             // what went wrong
	// Unacknowledged: the agent tells State again and again until its framework acknowledges it, or, where that has not come
	// back, the master.
	Unacknowledged bool
}

// String names the operation with what it does, and how it stands once its agent has answered.
func (o OperationReport) String() string {
	var b strings.Builder
	if o.ID != "" {
		fmt.Fprintf(&b, "%s ", o.ID)
	}
	fmt.Fprintf(&b, "of %s on %s: %s", who(o.Framework), o.Agent, opText(o.Op))
	if o.State != msg.OperationPending {
		fmt.Fprintf(&b, ": %s", o.State)
	}
	if o.Message != "" {
		fmt.Fprintf(&b, ": %s", o.Message)
	}
	return b.String() + flags(flag{o.Unacknowledged, "to be acknowledged"})
}

// FrameworkState is the master's view of a framework (docs/protocol.md §3).
type FrameworkState uint8

// The states of a framework.
const (
	FrameworkConnected    FrameworkState = iota + 1 // its stream stands
	FrameworkDisconnected                           // its fail-over timer runs
	FrameworkRecovered                              // known from an agent only
	FrameworkCompleted                              // removed, remembered for a while
)

// String gives the word for s.
func (s FrameworkState) String() string {
	switch s {
	case FrameworkConnected:
		return "connected"
	case FrameworkDisconnected:
		return "disconnected"
	case FrameworkRecovered:
		return "recovered"
	case FrameworkCompleted:
		return "completed"
	}
	return fmt.Sprintf("FrameworkState(%d)", uint8(s))
}

// FrameworkReport is the row of a framework.
type FrameworkReport struct {
	Info       msg.FrameworkInfo
	Node       msg.Node // of its scheduler, the last known; "" none yet
	State      FrameworkState
	Registered offer.Time // when this master first heard of it
	Subscribed offer.Time // its latest subscription; 0 none
	Removed    offer.Time // 0 unless completed
}

// String names the framework with its state.
func (f FrameworkReport) String() string {
	return fmt.Sprintf("%s (%s) %s", f.Info.ID, f.Info.Name, f.State)
}

// ExecutorReport is the row of an executor. Executors of command tasks have none.
type ExecutorReport struct {
	Agent offer.AgentID
	Info  msg.ExecutorInfo // Framework is set
	Role  role.Name        // its resources are allocated to
}

// Ref names the executor.
func (e ExecutorReport) Ref() msg.ExecutorRef {
	return msg.ExecutorRef{Framework: e.Info.Framework, Agent: e.Agent, Executor: e.Info.ID}
}

// String names the executor and where it runs.
func (e ExecutorReport) String() string {
	return fmt.Sprintf("%s of %s on %s", e.Info.ID, e.Info.Framework, e.Agent)
}

// TaskReport is the row of a task: live, or out of contact with its agent.
type TaskReport struct {
	Framework   offer.FrameworkID
	Agent       offer.AgentID
	ID          msg.TaskID
	Name        string
	Role        role.Name
	Executor    msg.ExecutorID // "" a command task
	Resources   resource.Resources
	Labels      []resource.Label
	State       msg.TaskState  // the newest known
	Forwarded   msg.TaskStatus // the last update that was passed on; Task "" none
	Launched    offer.Time     // when this master first heard of it
	Killing     bool           // its framework asked to kill it
	Unreachable offer.Time     // when its agent was lost; 0 otherwise
}

// key orders rows of tasks.
func (t TaskReport) key() taskRow { return taskRow{t.Framework, t.ID, t.Agent} }

type taskRow struct {
	framework offer.FrameworkID
	task      msg.TaskID
	agent     offer.AgentID
}

func (a taskRow) compare(b taskRow) int {
	if c := strings.Compare(string(a.framework), string(b.framework)); c != 0 {
		return c
	}
	if c := strings.Compare(string(a.task), string(b.task)); c != 0 {
		return c
	}
	return strings.Compare(string(a.agent), string(b.agent))
}

// String names the task with its state.
func (t TaskReport) String() string {
	return fmt.Sprintf("%s of %s on %s %s%s", t.ID, t.Framework, t.Agent, t.State,
		flags(flag{t.Killing, "kill asked"}, flag{t.Unreachable != 0, "unreachable"}))
}

type flag struct {
	on   bool
	word string
}

func flags(fs ...flag) string {
	var b strings.Builder
	for _, f := range fs {
		if f.on {
			b.WriteString(", " + f.word)
		}
	}
	return b.String()
}
