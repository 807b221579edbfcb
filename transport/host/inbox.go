package host

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
)

// inbox is the side of a node that faces its transport: it only queues.
type inbox struct{ *node }

var _ transport.Inbox = inbox{}

// Up queues a link event.
func (n inbox) Up(l msg.Link, peer msg.Node, principal string) {
	n.mu.Lock()
	delete(n.dialing, l)
	n.peers[l] = peer
	n.mu.Unlock()
	n.push(item{in: msg.LinkUp{Link: l, Peer: peer, Principal: principal}})
}

// Deliver queues a message.
func (n inbox) Deliver(e msg.Envelope) {
	n.mu.Lock()
	n.waiting[e.Link]++
	over, port := n.waiting[e.Link] > inboundBound, n.port
	n.mu.Unlock()
	if !over {
		n.push(item{in: e})
	} else if port != nil {
		port.Hang(e.Link) // a slow reader is disconnected; the rest of this link's messages is lost with it
	}
}

// Down queues a link event.
func (n inbox) Down(l msg.Link, cause error) {
	n.mu.Lock()
	in := msg.LinkDown{Cause: fmt.Sprint(cause)}
	if peer, up := n.peers[l]; up {
		in.Link, in.Peer = l, peer
	} else if peer, dialed := n.dialing[l]; dialed {
		delete(n.dialing, l)
		in.Peer = peer
	} else {
		n.failed[l] = in.Cause // Dial has not returned yet: it takes over
		n.mu.Unlock()
		return
	}
	n.mu.Unlock()
	n.push(item{in: in})
}
