package framework

import "github.com/proffer-go/proffer/offer/msg"

// OperationHandler is an optional interface of a Scheduler: whoever gives operations of Driver.Accept an id has it
// (docs/protocol.md §14, §17). A Scheduler without it acknowledges all and hears nothing.
type OperationHandler interface {
	// OperationUpdate brings an operation's status. One with a uuid comes at least once, and again until it is acknowledged:
	// unless the session was told ExplicitAck, that is done when this returns.
	OperationUpdate(d Driver, s msg.OperationStatus)
}

// InverseOfferHandler is an optional interface of a Scheduler that may leave agents before they go down for maintenance
// (docs/protocol.md §16, §17). A Scheduler without it leaves inverse offers unanswered; nothing is enforced.
type InverseOfferHandler interface {
	// InverseOffers asks to leave agents; answer by AcceptInverseOffers or DeclineInverseOffers.
	InverseOffers(d Driver, offers []msg.InverseOffer)
	// InverseOfferRescinded tells that an inverse offer is void.
	InverseOfferRescinded(d Driver, id msg.OfferID)
}
