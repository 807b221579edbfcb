package msg

import (
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/role"
)

// Calls of a scheduler to the leading master. The link says which framework calls.
type (
	// Subscribe opens the stream; with Framework.ID set it resumes that framework (docs/protocol.md §3.1).
	Subscribe struct {
		Framework  FrameworkInfo
		Suppressed []role.Name
	}
	// Teardown ends the framework: its tasks are killed.
	Teardown struct{}
	// Accept uses offers of one agent and role; no operations is a decline (docs/protocol.md §7).
	Accept struct {
		Offers     []OfferID
		Operations []Operation
		Filters    Filters
	}
	// Decline gives offers back.
	Decline struct {
		Offers  []OfferID
		Filters Filters
	}
	// Revive clears filters and un-suppresses; no roles means all.
	Revive struct{ Roles []role.Name }
	// Suppress asks for no offers; no roles means all.
	Suppress struct{ Roles []role.Name }
	// Kill asks to end a task; Agent may be "".
	Kill struct {
		Task   TaskID
		Agent  offer.AgentID
		Policy KillPolicy
	}
	// ShutdownExecutor asks an executor to end.
	ShutdownExecutor struct{ Executor ExecutorRef }
	// Acknowledge tells that an update was taken.
	Acknowledge struct {
		Agent offer.AgentID
		Task  TaskID
		UUID  UUID
	}
	// Reconcile asks for the states of tasks; none means all (docs/protocol.md §12).
	Reconcile struct{ Tasks []TaskRef }
	// ToExecutor carries bytes from a scheduler to its executor, by way of master and agent (docs/protocol.md §13).
	ToExecutor struct {
		Executor ExecutorRef
		Data     []byte
	}
	// AcceptInverse agrees to leave agents before their windows begin; Filters say how long not to be asked again
	// (docs/protocol.md §16). Inverse offers that are not out are ignored.
	AcceptInverse struct {
		Offers  []OfferID
		Filters Filters
	}
	// DeclineInverse does not agree.
	DeclineInverse struct {
		Offers  []OfferID
		Filters Filters
	}
	// UpdateFramework changes what is changeable without a new subscription.
	UpdateFramework struct {
		Framework  FrameworkInfo
		Suppressed []role.Name
	}
)

// Events of the master to a scheduler.
type (
	// Subscribed answers Subscribe.
	Subscribed struct {
		Framework         offer.FrameworkID
		HeartbeatInterval time.Duration
		Master            MasterInfo
	}
	// Offers brings offers.
	Offers struct{ Offers []Offer }
	// Rescind takes an offer back.
	Rescind struct{ Offer OfferID }
	// InverseOffers asks the framework to leave agents.
	InverseOffers struct{ Offers []InverseOffer }
	// RescindInverse takes an inverse offer back.
	RescindInverse struct{ Offer OfferID }
	// Update brings a task's status.
	Update struct{ Status TaskStatus }
	// FromExecutor carries bytes from an executor to its scheduler.
	FromExecutor struct {
		Executor ExecutorRef
		Data     []byte
	}
	// Failure tells of a lost agent, or with Executor set of an ended executor; Status is its raw exit status, -1 unknown.
	Failure struct {
		Agent    offer.AgentID
		Executor ExecutorID
		Status   int
	}
	// Error ends the subscription for good.
	Error struct{ Message string }
	// Heartbeat keeps the stream alive.
	Heartbeat struct{}
)

func (Subscribe) isMessage()        {}
func (Teardown) isMessage()         {}
func (Accept) isMessage()           {}
func (Decline) isMessage()          {}
func (Revive) isMessage()           {}
func (Suppress) isMessage()         {}
func (Kill) isMessage()             {}
func (ShutdownExecutor) isMessage() {}
func (Acknowledge) isMessage()      {}
func (Reconcile) isMessage()        {}
func (ToExecutor) isMessage()       {}
func (UpdateFramework) isMessage()  {}
func (Subscribed) isMessage()       {}
func (Offers) isMessage()           {}
func (Rescind) isMessage()          {}
func (Update) isMessage()           {}
func (FromExecutor) isMessage()     {}
func (Failure) isMessage()          {}
func (Error) isMessage()            {}
func (Heartbeat) isMessage()        {}
func (AcceptInverse) isMessage()    {}
func (DeclineInverse) isMessage()   {}
func (InverseOffers) isMessage()    {}
func (RescindInverse) isMessage()   {}
