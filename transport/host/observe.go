package host

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
)

// An Observer is told what happens at a node, as it happens.
type Observer func(Observation)

// Observation is one thing that happened at a node. What is what: one of the types below.
type Observation struct {
	Time offer.Time
	Node msg.Node
	What What
}

// What happened: Sent, Lost, Delivered, LinkUp, LinkDown, Refused, MasterEvent, AgentEvent, Callback, ExecutorCallback, Unrecorded.
type What interface {
	fmt.Stringer
	isWhat()
}

type (
	// Sent is a message that the transport took.
	Sent struct {
		To   msg.Node
		Link msg.Link
		Body msg.Message
	}
	// Lost is a message that the transport refused; Err wraps transport.ErrFull, ErrNoLink or ErrClosed.
	Lost struct {
		To   msg.Node
		Link msg.Link
		Body msg.Message
		Err  error
	}
	// Delivered is a message that the machine is stepped with.
	Delivered struct {
		From msg.Node
		Link msg.Link
		Body msg.Message
	}
	// LinkUp is a new link.
	LinkUp struct {
		Peer      msg.Node
		Link      msg.Link
		Principal string
	}
	// LinkDown is a link that ended, or with Link 0 a dial that failed.
	LinkDown struct {
		Peer  msg.Node
		Link  msg.Link
		Cause string
	}
	// Refused is an input that the machine refused, without effect.
	Refused struct {
		Input msg.Input
		Err   error
	}
	// Unrecorded tells that the recording of the node has failed, and ended; it is told once.
	Unrecorded struct{ Err error }
	// MasterEvent is an event of the master's machine.
	MasterEvent struct{ Event master.Event }
	// AgentEvent is an event of an agent's machine.
	AgentEvent struct{ Event agent.Event }
	// Callback is a call on a scheduler that is about to be made.
	Callback struct{ Call framework.Callback }
	// ExecutorCallback is a call on an executor that is about to be made.
	ExecutorCallback struct{ Call framework.ExecutorCallback }
)

func (Sent) isWhat()             {}
func (Lost) isWhat()             {}
func (Delivered) isWhat()        {}
func (LinkUp) isWhat()           {}
func (LinkDown) isWhat()         {}
func (Refused) isWhat()          {}
func (Unrecorded) isWhat()       {}
func (MasterEvent) isWhat()      {}
func (AgentEvent) isWhat()       {}
func (Callback) isWhat()         {}
func (ExecutorCallback) isWhat() {}

// String gives one line.
func (w Sent) String() string { return fmt.Sprintf("sends %s to %s", kind(w.Body), w.To) }

// String gives one line.
func (w Lost) String() string { return fmt.Sprintf("loses %s to %s: %v", kind(w.Body), w.To, w.Err) }

// String gives one line.
func (w Delivered) String() string { return fmt.Sprintf("gets %s from %s", kind(w.Body), w.From) }

// String gives one line.
func (w LinkUp) String() string { return fmt.Sprintf("is linked with %s", w.Peer) }

// String gives one line.
func (w LinkDown) String() string { return fmt.Sprintf("lost its link with %s: %s", w.Peer, w.Cause) }

// String gives one line.
func (w Refused) String() string { return fmt.Sprintf("refuses %s: %v", kind(w.Input), w.Err) }

// String gives one line.
func (w Unrecorded) String() string { return fmt.Sprintf("is recorded no longer: %v", w.Err) }

// String gives one line.
func (w MasterEvent) String() string { return fmt.Sprint(w.Event) }

// String gives one line.
func (w AgentEvent) String() string { return w.Event.String() }

// String gives one line.
func (w Callback) String() string { return "callback " + kind(w.Call) }

// String gives one line.
func (w ExecutorCallback) String() string { return "callback " + kind(w.Call) }

// String gives one line with time and node.
func (o Observation) String() string {
	return fmt.Sprintf("%9.3fs %s: %s", float64(o.Time)/1e9, o.Node, o.What)
}

// kind names a value's type without its package.
func kind(v any) string {
	if e, ok := v.(msg.Envelope); ok {
		return kind(e.Body)
	}
	name := fmt.Sprintf("%T", v)
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '.' {
			return name[i+1:]
		}
	}
	return name
}
