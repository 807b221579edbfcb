package msg

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/proffer-go/proffer/offer"
)

// Ids of docs/protocol.md §1. Framework and agent ids are offer.FrameworkID and offer.AgentID.
type (
	// MasterID names one run of a master process; a new one per process, never reused.
	MasterID string
	// OfferID is an offer's wire id: <master>-O<n>. It never survives a change of master.
	OfferID string
	// TaskID is chosen by the framework, unique among its live and unreachable tasks.
	TaskID string
	// ExecutorID is chosen by the framework, unique per framework and agent.
	ExecutorID string
	// ContainerID names one run of an executor; made by the agent, new for every run.
	ContainerID string
	// OperationID is chosen by a framework that wants feedback; "" wants none.
	OperationID string
)

// UUID names a status update or an operation between master and agent; the zero value is none.
type UUID [16]byte

// IsZero reports whether u names nothing: such an update is neither acknowledged nor sent again.
func (u UUID) IsZero() bool { return u == UUID{} }

// String prints u in the form of RFC 4122.
func (u UUID) String() string {
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// ErrID reports an id that docs/protocol.md §1 does not allow.
var ErrID = errors.New("illegal id")

// ValidateID checks the syntax that framework, agent, executor, task and persistence ids share: 1 to 255 bytes, not
// "." or "..", no control character, no "/" or "\". what names the id in the error, which wraps ErrID.
func ValidateID(what, id string) error {
	switch {
	case id == "":
		return fmt.Errorf("%s: %w: empty; give it 1 to 255 bytes", what, ErrID)
	case len(id) > 255:
		return fmt.Errorf("%s: %w: %d bytes; 255 are allowed", what, ErrID, len(id))
	case id == "." || id == "..":
		return fmt.Errorf("%s %q: %w: it would name a directory", what, id, ErrID)
	}
	for i := range len(id) {
		if c := id[i]; c < 0x20 || c == 0x7f || c == '/' || c == '\\' {
			return fmt.Errorf("%s %q: %w: byte %d is %q", what, id, ErrID, i, c)
		}
	}
	return nil
}

// TaskRef names a task, and where it is thought to run ("" unknown).
type TaskRef struct {
	Task  TaskID
	Agent offer.AgentID
}

// ExecutorRef names an executor. A scheduler may leave Framework empty: it is its own.
type ExecutorRef struct {
	Framework offer.FrameworkID
	Agent     offer.AgentID
	Executor  ExecutorID
}
