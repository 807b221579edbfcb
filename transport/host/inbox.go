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

// Deliver queues a message. Past the bound a slow reader is disconnected: this message and all that follow on its link
// are lost with the link, so that no gap is seen (docs/protocol.md §2.1).
func (n inbox) Deliver(e msg.Envelope) {
	n.mu.Lock()
	if n.cut[e.Link] {
		n.mu.Unlock()
		return
	}
	over, port := n.waiting[e.Link] >= n.opts.inbound, n.port
	if over {
		n.cut[e.Link] = true
	} else {
		n.waiting[e.Link]++
		n.enqueue(item{in: e})
	}
	n.mu.Unlock()
	if !over {
		n.rouse()
	} else if port != nil { // else open hangs up
		port.Hang(e.Link)
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
