package msg

import (
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// Operate steps an operator's call into a master (docs/protocol.md §16.1). Its Answer carries the same Seq.
type Operate struct {
	Seq       uint64
	Principal string // "" nobody
	Call      OperatorCall
}

func (Operate) isInput() {}

// Answer is the result of an operator's call; Err nil means done.
type Answer struct {
	Seq uint64
	Err error
}

// An OperatorCall is one of the calls below. The set is sealed.
type OperatorCall interface{ isOperatorCall() }

type (
	// UpdateWeights sets weights of roles, all or none.
	UpdateWeights struct{ Weights []role.Weight }
	// UpdateQuota sets quota of roles, all or none; Force skips the checks that docs/resource-model.md §5.4 marks.
	UpdateQuota struct {
		Configs []quota.Config
		Force   bool
	}
	// ChangeAgent reserves, unreserves, creates or destroys on the unused resources of an agent.
	ChangeAgent struct {
		Agent offer.AgentID
		Op    reservation.Op
	}
	// TeardownFramework ends a framework and its tasks.
	TeardownFramework struct{ Framework offer.FrameworkID }
	// DeactivateAgent stops offering an agent; its tasks run on.
	DeactivateAgent struct{ Agent offer.AgentID }
	// ReactivateAgent offers it again.
	ReactivateAgent struct{ Agent offer.AgentID }
	// MarkAgentGone gives an agent up for good: its tasks count as ended, and it is never taken in again.
	MarkAgentGone struct{ Agent offer.AgentID }
)

func (UpdateWeights) isOperatorCall()     {}
func (UpdateQuota) isOperatorCall()       {}
func (ChangeAgent) isOperatorCall()       {}
func (TeardownFramework) isOperatorCall() {}
func (DeactivateAgent) isOperatorCall()   {}
func (ReactivateAgent) isOperatorCall()   {}
func (MarkAgentGone) isOperatorCall()     {}
