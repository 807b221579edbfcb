package msg

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/role"
)

// OperationState is where an operation with an id stands (docs/protocol.md §14).
type OperationState uint8

// The states, numbered as on the wire.
const (
	OperationUnsupported    OperationState = iota // a state that this version does not know
	OperationPending                              // on its way to the agent, or under way there
	OperationFinished                             // holds at the agent
	OperationFailed                               // the agent tried and could not
	OperationError                                // refused: it was never sent to an agent
	OperationDropped                              // never got to the agent, or was forgotten there before it was done
	OperationUnreachable                          // its agent is out of contact
	OperationGoneByOperator                       // its agent was given up
	OperationRecovering                           // its agent is not back since the master was elected: ask again
	OperationUnknown                              // an answer only: the master knows nothing of it
)

var operationStates = [...]string{"UNSUPPORTED", "PENDING", "FINISHED", "FAILED", "ERROR", "DROPPED", "UNREACHABLE",
	"GONE_BY_OPERATOR", "RECOVERING", "UNKNOWN"}

// String prints the wire name, such as OPERATION_FINISHED.
func (s OperationState) String() string {
	if int(s) < len(operationStates) {
		return "OPERATION_" + operationStates[s]
	}
	return fmt.Sprintf("OperationState(%d)", uint8(s))
}

// Terminal reports whether nothing follows s.
func (s OperationState) Terminal() bool {
	switch s {
	case OperationFinished, OperationFailed, OperationError, OperationDropped, OperationGoneByOperator:
		return true
	}
	return false
}

// OperationStatus tells an operation's state. A scheduler acknowledges it if and only if UUID is not zero
// (docs/protocol.md §14).
type OperationStatus struct {
	Operation OperationID
	State     OperationState
	Message   string
	Agent     offer.AgentID // "" unknown
	UUID      UUID          // of the status
}

// OperationRef names an operation of a framework, and where it is thought to be ("" unknown).
type OperationRef struct {
	Operation OperationID
	Agent     offer.AgentID
}

// OperationReport is an operation with an id as master and agent tell each other of it: UUID is its name between them.
type OperationReport struct {
	UUID      UUID
	Framework offer.FrameworkID
	Op        reservation.Op
	Status    OperationStatus
}

// AgentCapabilities are what an agent can handle. An operation may have an id where it can do both of the first
// (docs/protocol.md §14), a task may have limits where it can do the third (§7).
type AgentCapabilities struct {
	ResourceProvider   bool // RESOURCE_PROVIDER
	OperationFeedback  bool // AGENT_OPERATION_FEEDBACK
	TaskResourceLimits bool // TASK_RESOURCE_LIMITS
}

// Feedback reports whether operations may have ids.
func (c AgentCapabilities) Feedback() bool { return c.ResourceProvider && c.OperationFeedback }

// Calls of a scheduler about operations and wants.
type (
	// AcknowledgeOperation tells that an operation's status was taken; UUID is that of the status.
	AcknowledgeOperation struct {
		Agent     offer.AgentID
		Operation OperationID
		UUID      UUID
	}
	// ReconcileOperations asks for the states of operations; none means all (docs/protocol.md §12).
	ReconcileOperations struct{ Operations []OperationRef }
	// SetHint tells what the framework could use in a role; nil takes it back (docs/allocation.md §8).
	SetHint struct {
		Role role.Name
		Hint *offer.Hint
	}
)

// UpdateOperation is the event that brings an operation's status to its scheduler.
type UpdateOperation struct{ Status OperationStatus }

// AckOperation passes an acknowledgement on to the agent: of the status that UUID Status names.
type AckOperation struct {
	UUID   UUID // of the operation
	Status UUID
}

func (AcknowledgeOperation) isMessage() {}
func (ReconcileOperations) isMessage()  {}
func (SetHint) isMessage()              {}
func (UpdateOperation) isMessage()      {}
func (AckOperation) isMessage()         {}
