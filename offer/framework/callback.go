package framework

import (
	"errors"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// A Callback is one call on a Scheduler, as data: one of the On… structs. A host invokes callbacks one at a time, in
// order, never from within Step, and none once StopDriver or AbortDriver was queued.
type Callback interface {
	// Invoke makes the call.
	Invoke(s Scheduler, d Driver)
	isCallback()
}

// The callbacks of a Scheduler.
type (
	// OnRegistered calls Registered.
	OnRegistered struct {
		Framework offer.FrameworkID
		Master    msg.MasterInfo
	}
	// OnReregistered calls Reregistered.
	OnReregistered struct{ Master msg.MasterInfo }
	// OnDisconnected calls Disconnected.
	OnDisconnected struct{}
	// OnOffers calls ResourceOffers.
	OnOffers struct{ Offers []msg.Offer }
	// OnRescinded calls OfferRescinded.
	OnRescinded struct{ Offer msg.OfferID }
	// OnStatus calls StatusUpdate, and with Ack acknowledges by the driver when that has returned: the queue then holds
	// the acknowledgement behind whatever the callback queued, and a session stopped meanwhile drops it.
	OnStatus struct {
		Status msg.TaskStatus
		Ack    bool
	}
	// OnMessage calls FrameworkMessage.
	OnMessage struct {
		From msg.ExecutorRef
		Data []byte
	}
	// OnAgentLost calls AgentLost.
	OnAgentLost struct{ Agent offer.AgentID }
	// OnExecutorLost calls ExecutorLost.
	OnExecutorLost struct {
		Executor msg.ExecutorRef
		Status   int
	}
	// OnOperation calls OperationUpdate of an OperationHandler. With Ack it is acknowledged as a task's status is; also where
	// the scheduler is no OperationHandler, so that nobody waits for it.
	OnOperation struct {
		Status msg.OperationStatus
		Ack    bool
	}
	// OnInverseOffers calls InverseOffers of an InverseOfferHandler.
	OnInverseOffers struct{ Offers []msg.InverseOffer }
	// OnInverseRescinded calls InverseOfferRescinded of an InverseOfferHandler.
	OnInverseRescinded struct{ Offer msg.OfferID }
	// OnError calls Error.
	OnError struct{ Message string }
)

// Invoke calls Registered.
func (c OnRegistered) Invoke(s Scheduler, d Driver) { s.Registered(d, c.Framework, c.Master) }

// Invoke calls Reregistered.
func (c OnReregistered) Invoke(s Scheduler, d Driver) { s.Reregistered(d, c.Master) }

// Invoke calls Disconnected.
func (c OnDisconnected) Invoke(s Scheduler, d Driver) { s.Disconnected(d) }

// Invoke calls ResourceOffers.
func (c OnOffers) Invoke(s Scheduler, d Driver) { s.ResourceOffers(d, c.Offers) }

// Invoke calls OfferRescinded.
func (c OnRescinded) Invoke(s Scheduler, d Driver) { s.OfferRescinded(d, c.Offer) }

// Invoke calls StatusUpdate, then acknowledges if it is to.
func (c OnStatus) Invoke(s Scheduler, d Driver) {
	s.StatusUpdate(d, c.Status)
	if c.Ack {
		_ = d.Acknowledge(c.Status) // an ended driver owes no acknowledgement
	}
}

// Invoke calls FrameworkMessage.
func (c OnMessage) Invoke(s Scheduler, d Driver) { s.FrameworkMessage(d, c.From, c.Data) }

// Invoke calls AgentLost.
func (c OnAgentLost) Invoke(s Scheduler, d Driver) { s.AgentLost(d, c.Agent) }

// Invoke calls ExecutorLost.
func (c OnExecutorLost) Invoke(s Scheduler, d Driver) { s.ExecutorLost(d, c.Executor, c.Status) }

// Invoke calls OperationUpdate, if s has it, then acknowledges if it is to.
func (c OnOperation) Invoke(s Scheduler, d Driver) {
	h, ok := s.(OperationHandler)
	if ok {
		h.OperationUpdate(d, c.Status)
	}
	if c.Ack || !ok && !c.Status.UUID.IsZero() {
		_ = d.AcknowledgeOperation(c.Status) // an ended driver owes no acknowledgement
	}
}

// Invoke calls InverseOffers, if s has it.
func (c OnInverseOffers) Invoke(s Scheduler, d Driver) {
	if h, ok := s.(InverseOfferHandler); ok {
		h.InverseOffers(d, c.Offers)
	}
}

// Invoke calls InverseOfferRescinded, if s has it.
func (c OnInverseRescinded) Invoke(s Scheduler, d Driver) {
	if h, ok := s.(InverseOfferHandler); ok {
		h.InverseOfferRescinded(d, c.Offer)
	}
}

// Invoke calls Error.
func (c OnError) Invoke(s Scheduler, d Driver) { s.Error(d, errors.New(c.Message)) }

func (OnRegistered) isCallback()       {}
func (OnReregistered) isCallback()     {}
func (OnDisconnected) isCallback()     {}
func (OnOffers) isCallback()           {}
func (OnRescinded) isCallback()        {}
func (OnStatus) isCallback()           {}
func (OnMessage) isCallback()          {}
func (OnAgentLost) isCallback()        {}
func (OnExecutorLost) isCallback()     {}
func (OnError) isCallback()            {}
func (OnOperation) isCallback()        {}
func (OnInverseOffers) isCallback()    {}
func (OnInverseRescinded) isCallback() {}

// An ExecutorCallback is one call on an Executor, as data; the rules are those of Callback.
type ExecutorCallback interface {
	// Invoke makes the call.
	Invoke(e Executor, d ExecutorDriver)
	isExecutorCallback()
}

// The callbacks of an Executor.
type (
	// OnExecutorRegistered calls Registered.
	OnExecutorRegistered struct {
		Executor  msg.ExecutorInfo
		Framework msg.FrameworkInfo
		Agent     msg.AgentInfo
	}
	// OnExecutorReregistered calls Reregistered.
	OnExecutorReregistered struct{ Agent msg.AgentInfo }
	// OnExecutorDisconnected calls Disconnected.
	OnExecutorDisconnected struct{}
	// OnLaunch calls LaunchTask.
	OnLaunch struct{ Task msg.TaskInfo }
	// OnKill calls KillTask.
	OnKill struct {
		Task   msg.TaskID
		Policy msg.KillPolicy
	}
	// OnExecutorMessage calls FrameworkMessage.
	OnExecutorMessage struct{ Data []byte }
	// OnShutdown calls Shutdown, then aborts by the driver: what Shutdown sent still goes out.
	OnShutdown struct{}
	// OnExecutorError calls Error.
	OnExecutorError struct{ Message string }
)

// Invoke calls Registered.
func (c OnExecutorRegistered) Invoke(e Executor, d ExecutorDriver) {
	e.Registered(d, c.Executor, c.Framework, c.Agent)
}

// Invoke calls Reregistered.
func (c OnExecutorReregistered) Invoke(e Executor, d ExecutorDriver) { e.Reregistered(d, c.Agent) }

// Invoke calls Disconnected.
func (c OnExecutorDisconnected) Invoke(e Executor, d ExecutorDriver) { e.Disconnected(d) }

// Invoke calls LaunchTask.
func (c OnLaunch) Invoke(e Executor, d ExecutorDriver) { e.LaunchTask(d, c.Task) }

// Invoke calls KillTask.
func (c OnKill) Invoke(e Executor, d ExecutorDriver) { e.KillTask(d, c.Task, c.Policy) }

// Invoke calls FrameworkMessage.
func (c OnExecutorMessage) Invoke(e Executor, d ExecutorDriver) { e.FrameworkMessage(d, c.Data) }

// Invoke calls Shutdown, then aborts.
func (c OnShutdown) Invoke(e Executor, d ExecutorDriver) {
	e.Shutdown(d)
	d.Abort()
}

// Invoke calls Error.
func (c OnExecutorError) Invoke(e Executor, d ExecutorDriver) { e.Error(d, errors.New(c.Message)) }

func (OnExecutorRegistered) isExecutorCallback()   {}
func (OnExecutorReregistered) isExecutorCallback() {}
func (OnExecutorDisconnected) isExecutorCallback() {}
func (OnLaunch) isExecutorCallback()               {}
func (OnKill) isExecutorCallback()                 {}
func (OnExecutorMessage) isExecutorCallback()      {}
func (OnShutdown) isExecutorCallback()             {}
func (OnExecutorError) isExecutorCallback()        {}
