package master

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// An Event tells one change: what an operator's timeline shows. The set is sealed. Together the events are the complete
// delta of Snapshot: the rows they carry are whole, so a follower replaces a row or drops it (Snapshot.Apply).
// String gives one line for people.
type Event interface {
	fmt.Stringer
	isEvent()
}

// OfferEnd says how an offer ended.
type OfferEnd uint8

// The ends of an offer (docs/protocol.md §6).
const (
	OfferAccepted  OfferEnd = iota + 1
	OfferDeclined           // by the framework
	OfferRescinded          // taken back by the master, the framework is told
	OfferDiscarded          // the framework is gone, or named the offer in an invalid list: nobody is told
)

// String gives the word for e.
func (e OfferEnd) String() string {
	switch e {
	case OfferAccepted:
		return "accepted"
	case OfferDeclined:
		return "declined"
	case OfferRescinded:
		return "rescinded"
	case OfferDiscarded:
		return "discarded"
	}
	return fmt.Sprintf("OfferEnd(%d)", uint8(e))
}

type (
	// AgentAdded: an agent was admitted or came back. It is recovered, or unreachable, no longer.
	AgentAdded struct{ Agent AgentReport }
	// AgentUpdated: a row of an agent changed: its link, its total, its activity.
	AgentUpdated struct{ Agent AgentReport }
	// AgentRemoved: an agent left the registered ones, its tasks, executors and operations before it; Why says how. If it is
	// unreachable or gone now, AgentUnreachable or AgentGone follows.
	AgentRemoved struct {
		Agent offer.AgentID
		Why   string
	}
	// AgentsInherited: this master began to lead, and these are all agents that its registry knows.
	AgentsInherited struct {
		Recovered   []RecoveredRow
		Unreachable []UnreachableRow
		Gone        []GoneRow
	}
	// AgentRecovered: an agent is awaited that is known from the registry only, or what operators want of such a one changed.
	// It is unreachable no longer.
	AgentRecovered struct{ Agent RecoveredRow }
	// AgentUnreachable: an agent is out of contact, or what operators want of such a one changed. It is recovered no longer.
	AgentUnreachable struct{ Agent UnreachableRow }
	// AgentGone: an agent was given up. It is recovered, or unreachable, no longer.
	AgentGone struct{ Agent GoneRow }
	// AgentForgotten: an agent that was unreachable or gone is remembered no longer, for its age or for the bound.
	AgentForgotten struct{ Agent offer.AgentID }
	// FrameworkAdded: a framework subscribed for the first time, or is known from an agent.
	FrameworkAdded struct{ Framework FrameworkReport }
	// FrameworkUpdated: a row of a framework changed: its state or its info.
	FrameworkUpdated struct{ Framework FrameworkReport }
	// FrameworkRemoved: a framework ended, with all its tasks and executors.
	FrameworkRemoved struct {
		Framework offer.FrameworkID
		Why       string
	}
	// ExecutorAdded: the first task of an executor was launched, or an agent reported it.
	ExecutorAdded struct{ Executor ExecutorReport }
	// ExecutorRemoved: it ended, or its agent was lost.
	ExecutorRemoved struct{ Executor msg.ExecutorRef }
	// TaskAdded: a task was launched, or an agent reported it. Rows of tasks are shared: nobody may write to them.
	TaskAdded struct{ Task *TaskReport }
	// TaskUpdated: a row of a task changed.
	TaskUpdated struct{ Task *TaskReport }
	// TaskRemoved: a task left the books; Task is its last row.
	TaskRemoved struct{ Task *TaskReport }
	// TaskRefused: a launch did not get into the books; Status is what the framework was told.
	TaskRefused struct {
		Framework offer.FrameworkID
		Status    msg.TaskStatus
	}
	// OfferMade: an offer went out.
	OfferMade struct{ Offer msg.Offer }
	// OfferEnded: an offer is out no longer. Why is set for OfferRescinded.
	OfferEnded struct {
		Offer     msg.OfferID
		Framework offer.FrameworkID
		How       OfferEnd
		Why       offer.RescindReason
	}
	// OperationAdded: an operation counts in the master's books and was sent to its agent, or an agent reported it.
	OperationAdded struct{ Operation OperationReport }
	// OperationUpdated: a row of an operation changed: its agent told how it stands.
	OperationUpdated struct{ Operation OperationReport }
	// OperationRemoved: an operation left the books: it ended and nobody has to acknowledge that any more, or its agent left or
	// came back on another link. Operation is its last row.
	OperationRemoved struct{ Operation OperationReport }
	// OperationRefused: an operation of an Accept was dropped; Why says what broke which rule.
	OperationRefused struct {
		Agent     offer.AgentID
		Framework offer.FrameworkID
		ID        msg.OperationID // "" its framework was not told
		Op        reservation.Op
		Why       string
	}
	// InverseOfferMade: a framework was asked to leave an agent.
	InverseOfferMade struct{ Offer msg.InverseOffer }
	// InverseOfferEnded: it is not asked any more; if it answered, the agent's row follows.
	InverseOfferEnded struct {
		Offer     msg.OfferID
		Framework offer.FrameworkID
		Agent     offer.AgentID
		How       OfferEnd
	}
	// MachineUpdated: a machine is in another mode, or has another window; UP: it left the schedule.
	MachineUpdated struct{ Machine MachineReport }
	// ScheduleChanged: the whole maintenance schedule, as it is now.
	ScheduleChanged struct{ Windows []msg.MaintenanceWindow }
	// WeightsChanged: an operator set weights.
	WeightsChanged struct{ Weights []role.Weight }
	// QuotaChanged: an operator set quota.
	QuotaChanged struct{ Configs []quota.Config }
)

func (AgentAdded) isEvent()        {}
func (AgentUpdated) isEvent()      {}
func (AgentRemoved) isEvent()      {}
func (FrameworkAdded) isEvent()    {}
func (FrameworkUpdated) isEvent()  {}
func (FrameworkRemoved) isEvent()  {}
func (ExecutorAdded) isEvent()     {}
func (ExecutorRemoved) isEvent()   {}
func (TaskAdded) isEvent()         {}
func (TaskUpdated) isEvent()       {}
func (TaskRemoved) isEvent()       {}
func (TaskRefused) isEvent()       {}
func (OfferMade) isEvent()         {}
func (OfferEnded) isEvent()        {}
func (AgentsInherited) isEvent()   {}
func (AgentRecovered) isEvent()    {}
func (AgentUnreachable) isEvent()  {}
func (AgentGone) isEvent()         {}
func (AgentForgotten) isEvent()    {}
func (OperationAdded) isEvent()    {}
func (OperationUpdated) isEvent()  {}
func (OperationRemoved) isEvent()  {}
func (OperationRefused) isEvent()  {}
func (WeightsChanged) isEvent()    {}
func (InverseOfferMade) isEvent()  {}
func (InverseOfferEnded) isEvent() {}
func (MachineUpdated) isEvent()    {}
func (ScheduleChanged) isEvent()   {}
func (QuotaChanged) isEvent()      {}

// String gives one line for a timeline.
func (e AgentAdded) String() string { return "agent " + e.Agent.String() + " added" }

// String gives one line for a timeline.
func (e AgentUpdated) String() string { return "agent " + e.Agent.String() + " updated" }

// String gives one line for a timeline.
func (e AgentRemoved) String() string { return fmt.Sprintf("agent %s removed: %s", e.Agent, e.Why) }

// String gives one line for a timeline.
func (e AgentsInherited) String() string {
	return fmt.Sprintf("agents of the registry: %d to come back, %d out of contact, %d gone", len(e.Recovered), len(e.Unreachable), len(e.Gone))
}

// String gives one line for a timeline.
func (e AgentRecovered) String() string { return "agent " + e.Agent.String() }

// String gives one line for a timeline.
func (e AgentUnreachable) String() string { return "agent " + e.Agent.String() }

// String gives one line for a timeline.
func (e AgentGone) String() string { return "agent " + e.Agent.String() }

// String gives one line for a timeline.
func (e AgentForgotten) String() string { return fmt.Sprintf("agent %s forgotten", e.Agent) }

// String gives one line for a timeline.
func (e FrameworkAdded) String() string { return "framework " + e.Framework.String() + " added" }

// String gives one line for a timeline.
func (e FrameworkUpdated) String() string { return "framework " + e.Framework.String() + " updated" }

// String gives one line for a timeline.
func (e FrameworkRemoved) String() string {
	return fmt.Sprintf("framework %s removed: %s", e.Framework, e.Why)
}

// String gives one line for a timeline.
func (e ExecutorAdded) String() string { return "executor " + e.Executor.String() + " added" }

// String gives one line for a timeline.
func (e ExecutorRemoved) String() string {
	return fmt.Sprintf("executor %s of %s on %s removed", e.Executor.Executor, e.Executor.Framework, e.Executor.Agent)
}

// String gives one line for a timeline.
func (e TaskAdded) String() string { return "task " + e.Task.String() + " added" }

// String gives one line for a timeline.
func (e TaskUpdated) String() string { return "task " + e.Task.String() + " updated" }

// String gives one line for a timeline.
func (e TaskRemoved) String() string { return "task " + e.Task.String() + " removed" }

// String gives one line for a timeline.
func (e TaskRefused) String() string {
	return fmt.Sprintf("task %s of %s refused: %s %s: %s", e.Status.Task, e.Framework, e.Status.State, e.Status.Reason, e.Status.Message)
}

// String gives one line for a timeline.
func (e OfferMade) String() string {
	return fmt.Sprintf("offer %s made to %s for %s: %s on %s", e.Offer.ID, e.Offer.Framework, e.Offer.Role, e.Offer.Resources, e.Offer.Agent)
}

// String gives one line for a timeline.
func (e OfferEnded) String() string {
	if e.How == OfferRescinded {
		return fmt.Sprintf("offer %s to %s rescinded: %s", e.Offer, e.Framework, rescindWord(e.Why))
	}
	return fmt.Sprintf("offer %s to %s %s", e.Offer, e.Framework, e.How)
}

func rescindWord(r offer.RescindReason) string {
	switch r {
	case offer.RescindTimeout:
		return "not answered in time"
	case offer.RescindAgent:
		return "the agent left or changed"
	case offer.RescindQuota:
		return "quota changed"
	case offer.RescindWeights:
		return "weights changed"
	case offer.RescindOperator:
		return "an operator needed the resources"
	case offer.RescindRole:
		return "the framework gave up the role"
	case offer.RescindVolume:
		return "a volume in it is to be destroyed"
	}
	return fmt.Sprintf("reason %d", r)
}

// String gives one line for a timeline.
func (e OperationAdded) String() string { return "operation " + e.Operation.String() }

// String gives one line for a timeline.
func (e OperationUpdated) String() string { return "operation " + e.Operation.String() }

// String gives one line for a timeline.
func (e OperationRemoved) String() string { return "operation " + e.Operation.String() + ", over" }

// String gives one line for a timeline.
func (e OperationRefused) String() string {
	return fmt.Sprintf("operation of %s on %s refused: %s: %s", who(e.Framework), e.Agent, opText(e.Op), e.Why)
}

// String gives one line for a timeline.
func (e InverseOfferMade) String() string {
	return fmt.Sprintf("inverse offer %s made to %s: to leave %s", e.Offer.ID, e.Offer.Framework, e.Offer.Agent)
}

// String gives one line for a timeline.
func (e InverseOfferEnded) String() string {
	return fmt.Sprintf("inverse offer %s to %s %s", e.Offer, e.Framework, e.How)
}

// String gives one line for a timeline.
func (e MachineUpdated) String() string { return "machine " + e.Machine.String() }

// String gives one line for a timeline.
func (e ScheduleChanged) String() string {
	return fmt.Sprintf("maintenance schedule of %d windows", len(e.Windows))
}

// String gives one line for a timeline.
func (e WeightsChanged) String() string { return fmt.Sprintf("weights set: %v", e.Weights) }

// String gives one line for a timeline.
func (e QuotaChanged) String() string { return fmt.Sprintf("quota set for %d roles", len(e.Configs)) }

func who(f offer.FrameworkID) string {
	if f == "" {
		return "an operator"
	}
	return string(f)
}

func opText(op reservation.Op) string {
	switch o := op.(type) {
	case reservation.Reserve:
		return "reserve " + o.Resources.String()
	case reservation.Unreserve:
		return "unreserve " + o.Resources.String()
	case reservation.Create:
		return "create " + o.Volumes.String()
	case reservation.Destroy:
		return "destroy " + o.Volumes.String()
	case reservation.Resize:
		if o.Shrink > 0 {
			return fmt.Sprintf("shrink %s by %s", o.Volume, o.Shrink)
		}
		return fmt.Sprintf("grow %s by %s", o.Volume, o.Grow)
	}
	return fmt.Sprintf("%T", op)
}
