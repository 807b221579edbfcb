package agent

import (
	"fmt"
	"strings"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// EventKind says what happened.
type EventKind uint8

// The kinds of events.
const (
	// EventRegistered: the master admitted the agent.
	EventRegistered EventKind = iota + 1
	// EventReregistered: the master admitted the agent again.
	EventReregistered
	// EventDisconnected: the master is out of reach, or takes the agent for lost; Text says why.
	EventDisconnected
	// EventExecutorStarted: a start was asked for.
	EventExecutorStarted
	// EventExecutorSubscribed: an executor opened its stream.
	EventExecutorSubscribed
	// EventExecutorStopping: an executor was told to end, or is stopped; Text says why.
	EventExecutorStopping
	// EventExecutorExited: an executor ended, or never started; Text tells its status.
	EventExecutorExited
	// EventTaskReceived: a task arrived.
	EventTaskReceived
	// EventTaskDelivered: a task was sent to its executor.
	EventTaskDelivered
	// EventTaskUpdated: a task has a new status, which the agent now keeps until it is acknowledged.
	EventTaskUpdated
	// EventTaskForgotten: a task's last update was acknowledged.
	EventTaskForgotten
	// EventTaskRefused: a task was turned away, and that was said once; Text says why.
	EventTaskRefused
	// EventOperationApplied: an operation changed the total.
	EventOperationApplied
	// EventOperationFailed: an operation changed nothing; Text says why.
	EventOperationFailed
	// EventFrameworkRemoved: nothing of a framework is left here.
	EventFrameworkRemoved
	// EventRecovered: an agent that was known before goes on from its checkpoint; Text tells with what.
	EventRecovered
	// EventStopped: the agent ended; Text says why.
	EventStopped
	// EventDraining: the agent was told to drain.
	EventDraining
	// EventDrainEnded: it takes tasks again.
	EventDrainEnded
)

var eventNames = [...]string{"none", "registered", "reregistered", "disconnected", "executor started", "executor subscribed",
	"executor stopping", "executor exited", "task received", "task delivered", "task updated", "task forgotten", "task refused",
	"operation applied", "operation failed", "framework removed", "recovered", "stopped", "draining", "drain ended"}

// String names the kind.
func (k EventKind) String() string {
	if int(k) < len(eventNames) {
		return eventNames[k]
	}
	return fmt.Sprintf("EventKind(%d)", uint8(k))
}

// Event tells what happened at an agent. Only the fields that a kind has are set.
type Event struct {
	Time      offer.Time
	Kind      EventKind
	Framework offer.FrameworkID
	Executor  msg.ExecutorID
	Container msg.ContainerID
	Task      msg.TaskID
	State     msg.TaskState // EventTaskUpdated, EventTaskRefused
	Reason    msg.Reason    // EventTaskUpdated, EventTaskRefused; EventExecutorExited where the host told one
	Operation msg.UUID
	Text      string
}

// String draws the event on one line, without its time.
func (e Event) String() string {
	var b strings.Builder
	b.WriteString(e.Kind.String())
	for _, f := range []struct{ name, value string }{
		{"framework", string(e.Framework)}, {"executor", string(e.Executor)}, {"task", string(e.Task)},
	} {
		if f.value != "" {
			fmt.Fprintf(&b, " %s=%s", f.name, f.value)
		}
	}
	if e.Kind == EventTaskUpdated || e.Kind == EventTaskRefused {
		fmt.Fprintf(&b, " %v", e.State)
	}
	if e.Reason != "" {
		fmt.Fprintf(&b, " %s", e.Reason)
	}
	if e.Text != "" {
		fmt.Fprintf(&b, ": %s", e.Text)
	}
	return b.String()
}
