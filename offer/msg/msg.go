// Package msg holds the values that masters, agents, schedulers and executors exchange: messages and inputs go into
// their machines as plain data, messages and effects come out of them.
//
// Memory: a value handed to a machine, a transport or a callback belongs to the receiver from then on; nobody changes
// it afterwards, nor slices, byte strings and what pointers in it lead to. So one value may go to many receivers without a
// copy.
//
// Messages are what crosses a link (docs/protocol.md §2). Inputs are everything a machine is stepped with: a delivered
// message, a link that came up or went down, an effect's result, an operator's or a driver's call.
package msg

import (
	"time"

	"github.com/proffer-go/proffer/offer"
)

// A Node is the address of one party on a transport, such as "master" or "agent-1". The zero value is nobody.
type Node string

// A Link is one connection of this party to another, numbered by its transport. It is never used again after its
// LinkDown. The zero value is no link.
type Link uint64

// An Envelope is a message on a link: outgoing it names the link to send on, incoming the link it came by.
type Envelope struct {
	Link Link
	Body Message
}

// A Message crosses a link. The set is sealed: all of it is in this package.
type Message interface{ isMessage() }

// An Input is one thing a machine is stepped with. The set is sealed: all of it is in this package.
type Input interface{ isInput() }

// LinkUp tells that a link to Peer stands; Principal is who the transport authenticated, "" nobody.
type LinkUp struct {
	Link      Link
	Peer      Node
	Principal string
}

// LinkDown tells that a link ended, or with Link 0 that a dial to Peer failed. Nothing follows for that link.
type LinkDown struct {
	Link  Link
	Peer  Node
	Cause string
}

// Tick carries nothing but the time that Step is given.
type Tick struct{}

// Leader tells an agent or a driver which master leads; Master "" means none is known.
type Leader struct{ Master Node }

func (Envelope) isInput() {}
func (LinkUp) isInput()   {}
func (LinkDown) isInput() {}
func (Tick) isInput()     {}
func (Leader) isInput()   {}

// Filters says how long the unused part of an answered offer is refused. The zero value is the default of 5 seconds
// (docs/protocol.md §6).
type Filters struct {
	// Refuse is the time; 0 means the default, negative as well.
	Refuse time.Duration
	// None sets no filter: what is not used may be offered again at once.
	None bool
}

// Offer gives the allocator's form.
func (f Filters) Offer() offer.Filter {
	if f.None {
		return offer.Filter{}
	}
	if f.Refuse <= 0 {
		return offer.DefaultFilter
	}
	return offer.Filter{Refuse: f.Refuse}
}
