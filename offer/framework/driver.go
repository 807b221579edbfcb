package framework

import (
	"errors"
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// Driver is how a scheduler speaks (docs/protocol.md §17). Each method checks what needs no state, queues an input for
// the session and returns: nil is no promise of delivery. While the master is out of reach launches, and operations with
// an id, are answered by a local update, suppressions, hints and changes of the framework are kept for the next
// subscription, and the rest is dropped. After Stop or Abort every method returns a *StatusError and does nothing.
type Driver interface {
	// Accept uses offers of one agent and role for operations, which run in order; no operations is a decline.
	Accept(ids []msg.OfferID, ops []msg.Operation, f msg.Filters) error
	// Launch is Accept with the one operation that launches tasks; no tasks is a decline.
	Launch(ids []msg.OfferID, f msg.Filters, tasks ...msg.TaskInfo) error
	// Decline gives offers back and refuses what they held for the time that f says.
	Decline(f msg.Filters, ids ...msg.OfferID) error
	// Kill asks to end a task; agent may be "". Repeat it until a terminal status arrives.
	Kill(id msg.TaskID, agent offer.AgentID, p msg.KillPolicy) error
	// Shutdown asks an executor to end. e.Framework may be empty.
	Shutdown(e msg.ExecutorRef) error
	// Acknowledge tells that an update was taken; ErrNoUUID if it is not one to acknowledge.
	Acknowledge(s msg.TaskStatus) error
	// Reconcile asks for the states of tasks; none means all.
	Reconcile(tasks ...msg.TaskRef) error
	// Suppress asks for no offers for roles; none means all.
	Suppress(roles ...role.Name) error
	// Revive ends suppression and clears refusals of roles; none means all.
	Revive(roles ...role.Name) error
	// Message carries bytes to an executor, at most once. e.Framework may be empty.
	Message(e msg.ExecutorRef, data []byte) error
	// AcknowledgeOperation tells that an operation's status was taken; ErrNoUUID if it is not one to acknowledge.
	AcknowledgeOperation(s msg.OperationStatus) error
	// ReconcileOperations asks for the states of operations that have an id; none means all. The answers come to an
	// OperationHandler.
	ReconcileOperations(ops ...msg.OperationRef) error
	// AcceptInverseOffers agrees to leave agents; DeclineInverseOffers does not. f says how long not to be asked again.
	AcceptInverseOffers(f msg.Filters, ids ...msg.OfferID) error
	DeclineInverseOffers(f msg.Filters, ids ...msg.OfferID) error
	// SetHint tells what the framework could use in a role: h.Count times h.Unit; nil takes it back (docs/allocation.md
	// §8). It is advice: offers become fewer and smaller, never more than without. It is kept and told to every later
	// master as well. h is not kept.
	SetHint(r role.Name, h *offer.Hint) error
	// UpdateFramework changes the framework's description; its id, user, principal and checkpointing must stay. What is
	// suppressed stays so for the roles that are kept. Roles, minimums and constraints that no master takes are ErrCall, and so is
	// a negative failover timeout.
	UpdateFramework(f msg.FrameworkInfo) error
	// Stop ends the session: with failover the framework lives on for its failover timeout, else it is torn down. While
	// no master can be told, it lives on for that time too.
	Stop(failover bool) msg.DriverStatus
	// Abort ends the callbacks and lets the link go. The framework lives on for its failover timeout.
	Abort() msg.DriverStatus
}

// ExecutorDriver is how an executor speaks (docs/protocol.md §17); the rules are those of Driver.
type ExecutorDriver interface {
	// SendStatus reports a task's state. UUID, time, source, executor and container are filled in. It is kept and sent
	// again until the agent holds it. TASK_STAGING is ErrState and aborts the session; a result of a check that is none
	// (msg.CheckStatus) is ErrCall.
	SendStatus(s msg.TaskStatus) error
	// SendMessage carries bytes to the scheduler, at most once.
	SendMessage(data []byte) error
	// Stop ends the session after what was sent.
	Stop() msg.DriverStatus
	// Abort ends the callbacks and the session.
	Abort() msg.DriverStatus
}

// A Queue takes an input for a session, after all earlier ones. Where the session has ended it answers a *StatusError
// and drops the input. Drivers call it from the goroutine that called them, within callbacks too: it must not step the
// session then.
type Queue func(msg.Input) error

// StatusError reports a call that came before a driver's start or after its end, and did nothing.
type StatusError struct{ Status msg.DriverStatus }

// Error says so.
func (e *StatusError) Error() string {
	return fmt.Sprintf("framework: driver is %s; the call did nothing", statusText(e.Status))
}

func statusText(s msg.DriverStatus) string {
	switch s {
	case msg.DriverNotStarted:
		return "not started"
	case msg.DriverRunning:
		return "running"
	case msg.DriverAborted:
		return "aborted"
	case msg.DriverStopped:
		return "stopped"
	}
	return fmt.Sprintf("in status %d", uint8(s))
}

// Errors of driver calls and of Step.
var (
	// ErrNoUUID: the status carries no uuid, so nobody waits for its acknowledgement.
	ErrNoUUID = errors.New("framework: status has no uuid; acknowledge only those that have one")
	// ErrState: executors report no such state.
	ErrState = errors.New("framework: an executor may not report this state")
	// ErrCall: the call is malformed.
	ErrCall = errors.New("framework: malformed call")
	// ErrTooLarge: data, text or labels are over their bound of docs/protocol.md §18.1.
	ErrTooLarge = errors.New("framework: too large")
	// ErrConfig: a configuration cannot be used.
	ErrConfig = errors.New("framework: bad configuration")
	// ErrInput: an input is not for this session, or not from whom it should be.
	ErrInput = errors.New("framework: unexpected input")
	// ErrFull: the executor holds too many updates that the agent has not taken.
	ErrFull = errors.New("framework: too many unacknowledged updates")
)
