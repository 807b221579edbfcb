// Package transport is the contract between a party's host and the wires: nodes open a port, dial each other, and
// envelopes go in and come out. It holds no implementation; transport/inproc is the reference, and a host program plugs
// in its own by implementing Transport.
//
// What every transport promises, and nothing more (docs/protocol.md §2.1):
//
//   - A link joins two nodes. Dial is answered by exactly one Up or one Down; exactly one Down follows each Up, and
//     nothing for that link after it.
//   - Per link, messages arrive in the order sent, each at most once. One may be lost, but only with its link: if a
//     later one arrives, all earlier ones did.
//   - Nothing is delivered on the sender's stack, and an Inbox sees one call at a time.
//   - Send returns at once. Past the bound of a link it answers ErrFull, and the sender's host hangs the link up.
//   - Close ends every link, delivers nothing afterwards and leaves no goroutine; later calls answer ErrClosed.
//
// Messages are shared, not copied: see package msg on who owns them.
package transport

import (
	"context"
	"errors"

	"github.com/proffer-go/proffer/offer/msg"
)

// Errors of a Port.
var (
	// ErrFull: the link's queue is full; hang the link up.
	ErrFull = errors.New("transport: link queue is full")
	// ErrNoLink: there is no such link, or it ended.
	ErrNoLink = errors.New("transport: no such link")
	// ErrClosed: the port or the transport was closed.
	ErrClosed = errors.New("transport: closed")
	// ErrNobody: the empty node is nobody; nothing opens or dials it.
	ErrNobody = errors.New("transport: the empty node is nobody")
	// ErrInUse: another port is open under that node.
	ErrInUse = errors.New("transport: node is in use")
)

// Transport opens ports. Open may be called from any goroutine.
type Transport interface {
	// Open makes self reachable. ctx bounds the opening only. in is called from then on until Port.Close returns.
	// It answers ErrInUse if self is open already, ErrNobody if self is empty and ErrClosed if the transport was closed.
	Open(ctx context.Context, self msg.Node, in Inbox) (Port, error)
}

// Port is one node's door to the others. All methods may be called from any goroutine, Close more than once; none may
// be called from within an Inbox call but Send, Dial and Hang.
type Port interface {
	// Dial asks for a link to peer; its Up or Down follows on the Inbox and names the link returned here. Nothing can be
	// sent on it before its Up.
	Dial(peer msg.Node) (msg.Link, error)
	// Send queues e on e.Link. nil is no promise of delivery.
	Send(e msg.Envelope) error
	// Hang ends a link after what was sent on it before; its Down follows on both sides.
	Hang(l msg.Link)
	// Close ends all links. The Inbox is not called after it returns.
	Close() error
}

// Inbox receives what happens on a port's links, one call at a time. Calls must return soon and must not block.
type Inbox interface {
	// Up tells that a link stands, dialed by either side. principal is who the transport authenticated, "" nobody.
	Up(l msg.Link, peer msg.Node, principal string)
	// Deliver brings a message, in order per link, at most once.
	Deliver(e msg.Envelope)
	// Down tells that a link ended or a dial failed, exactly once; cause says why.
	Down(l msg.Link, cause error)
}
