package framework

import (
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// Scheduler is what a framework's author writes: the article's ten callbacks (docs/protocol.md §17). They come strictly
// one at a time and none comes after Driver.Stop or Driver.Abort. The interface never grows: what Mesos added later
// are optional interfaces, OperationHandler and InverseOfferHandler. A callback may call its driver; such calls are queued and take effect after it returned.
//
// Embed NopScheduler to write only the callbacks of interest.
type Scheduler interface {
	// Registered tells the framework's id at this driver's first subscription, also when the id was given to it.
	Registered(d Driver, id offer.FrameworkID, m msg.MasterInfo)
	// Reregistered tells of every later subscription, after a lost link or with a new master. Offers of before are void.
	Reregistered(d Driver, m msg.MasterInfo)
	// Disconnected tells, once per connection, that the master is out of reach. Tasks run on.
	Disconnected(d Driver)
	// ResourceOffers brings offers; answer each by Accept, Launch or Decline.
	ResourceOffers(d Driver, offers []msg.Offer)
	// OfferRescinded tells that an offer is void; a task launched on it meanwhile will be reported dropped or lost.
	OfferRescinded(d Driver, id msg.OfferID)
	// StatusUpdate brings a task's status, at least once each. Unless the session was told ExplicitAck, it is
	// acknowledged when this returns.
	StatusUpdate(d Driver, s msg.TaskStatus)
	// FrameworkMessage brings an executor's bytes, at most once (docs/protocol.md §13).
	FrameworkMessage(d Driver, from msg.ExecutorRef, data []byte)
	// AgentLost tells that an agent is gone or unreachable (the article's slaveLost).
	AgentLost(d Driver, id offer.AgentID)
	// ExecutorLost tells that an executor ended; status is its raw exit status, -1 unknown. It is best effort.
	ExecutorLost(d Driver, e msg.ExecutorRef, status int)
	// Error tells why the master ended the subscription. The driver is already aborted; nothing follows.
	Error(d Driver, err error)
}

// NopScheduler is a Scheduler whose callbacks do nothing. Embed it. A scheduler that leaves ResourceOffers to it keeps
// its offers until the master takes them back.
type NopScheduler struct{}

var _ Scheduler = NopScheduler{}

// Registered does nothing.
func (NopScheduler) Registered(Driver, offer.FrameworkID, msg.MasterInfo) {}

// Reregistered does nothing.
func (NopScheduler) Reregistered(Driver, msg.MasterInfo) {}

// Disconnected does nothing.
func (NopScheduler) Disconnected(Driver) {}

// ResourceOffers does nothing.
func (NopScheduler) ResourceOffers(Driver, []msg.Offer) {}

// OfferRescinded does nothing.
func (NopScheduler) OfferRescinded(Driver, msg.OfferID) {}

// StatusUpdate does nothing.
func (NopScheduler) StatusUpdate(Driver, msg.TaskStatus) {}

// FrameworkMessage does nothing.
func (NopScheduler) FrameworkMessage(Driver, msg.ExecutorRef, []byte) {}

// AgentLost does nothing.
func (NopScheduler) AgentLost(Driver, offer.AgentID) {}

// ExecutorLost does nothing.
func (NopScheduler) ExecutorLost(Driver, msg.ExecutorRef, int) {}

// Error does nothing.
func (NopScheduler) Error(Driver, error) {}
