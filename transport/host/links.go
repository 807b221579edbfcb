package host

import (
	"errors"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
)

// transmit carries out dials, sends and closes, in this order.
func (n *node) transmit(dials []msg.Node, sends []msg.Envelope, closes []msg.Link) {
	for _, peer := range dials {
		n.dial(peer)
	}
	for _, e := range sends {
		n.send(e)
	}
	for _, l := range closes {
		n.port.Hang(l)
	}
}

func (n *node) send(e msg.Envelope) {
	n.mu.Lock()
	to, deposed := n.peers[e.Link], n.deposed != nil
	n.mu.Unlock()
	if deposed {
		return
	}
	err := n.port.Send(e)
	if err == nil {
		tell(n, Sent{To: to, Link: e.Link, Body: e.Body})
		return
	}
	tell(n, Lost{To: to, Link: e.Link, Body: e.Body, Err: err})
	if errors.Is(err, transport.ErrFull) {
		n.port.Hang(e.Link)
	}
}

// dial dials; a dial that fails at once is answered like one that fails later.
func (n *node) dial(peer msg.Node) {
	l, err := n.port.Dial(peer)
	if err != nil {
		n.push(item{in: msg.LinkDown{Peer: peer, Cause: err.Error()}})
		return
	}
	n.mu.Lock()
	_, up := n.peers[l]
	cause, failed := n.failed[l]
	delete(n.failed, l)
	if !up && !failed {
		n.dialing[l] = peer
	}
	n.mu.Unlock()
	if failed {
		n.push(item{in: msg.LinkDown{Peer: peer, Cause: cause}})
	}
}

// isUp reports whether a link is up.
func (n *node) isUp(l msg.Link) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, up := n.peers[l]
	return up
}
