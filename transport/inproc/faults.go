package inproc

import (
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer/msg"
)

// Cut ends every link between a and b at once, loses what is on the way, and lets every dial between them fail until
// Heal.
func (n *Network) Cut(a, b msg.Node) {
	n.mu.Lock()
	n.cut[pairOf(a, b)] = true
	n.mu.Unlock()
	n.Break(a, b)
}

// Heal lets a and b dial each other again.
func (n *Network) Heal(a, b msg.Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.cut, pairOf(a, b))
}

// Break ends every link between a and b at once and loses what is on the way; they may dial again.
func (n *Network) Break(a, b msg.Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.ports[a]
	if p == nil {
		return
	}
	for _, l := range slices.Sorted(maps.Keys(p.ends)) {
		if e := p.ends[l]; e.other.port != nil && e.other.port.self == b {
			n.sever(e, fmt.Errorf("%w: %q from %q", ErrCut, a, b))
		}
	}
}

// Stall lets nothing pass between a and b, and nobody notice, until Resume: messages, dials and the end of links wait.
// What is on the way already arrives. The bound of a link counts what waits.
func (n *Network) Stall(a, b msg.Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, stalled := n.held[pairOf(a, b)]; !stalled {
		n.held[pairOf(a, b)] = []event{}
	}
}

// Resume ends a Stall: what waited starts on its way now, in the order in which it was sent.
func (n *Network) Resume(a, b msg.Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	waiting := n.held[pairOf(a, b)]
	delete(n.held, pairOf(a, b))
	for _, ev := range waiting {
		n.send(ev.to, ev)
	}
}
