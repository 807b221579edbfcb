package inproc

import (
	"fmt"
	"maps"
	"slices"
	"time"

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

// Break ends every link between a and b at once and loses what is on the way; they may dial again. Here and in Cut,
// the order of the two decides only who hears of it first.
func (n *Network) Break(a, b msg.Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	cause := fmt.Errorf("%w: %q from %q", ErrCut, a, b)
	for _, e := range append(n.endsAt(a, b), n.endsAt(b, a)...) { // one side may have left a link that the other is still on
		n.sever(e, cause)
	}
}

// endsAt lists the ends that p has of links with peer, in order; the lock is held.
func (n *Network) endsAt(p, peer msg.Node) (list []*end) {
	if n.ports[p] == nil {
		return nil
	}
	ends := n.ports[p].ends
	for _, l := range slices.Sorted(maps.Keys(ends)) {
		if e := ends[l]; e.other.port != nil && e.other.port.self == peer {
			list = append(list, e)
		}
	}
	return list
}

// Stall lets nothing pass between a and b, and nobody notices, until Resume: messages, dials and the end of links wait.
// What is on the way already arrives. The bound of a link counts what waits.
func (n *Network) Stall(a, b msg.Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.bad.stalled[pairOf(a, b)] = true
}

// Resume ends a Stall: what waited starts on its way now, in the order in which it was sent.
func (n *Network) Resume(a, b msg.Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.bad.stalled, pairOf(a, b))
	n.release()
}

// Mute is a Stall of one direction: nothing that a says reaches b until Unmute, while a hears b as ever. A dial of either
// waits, for its question or its answer would pass here.
func (n *Network) Mute(a, b msg.Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.bad.muted[direction{a, b}] = true
}

// Unmute ends a Mute: what waited starts on its way now, in the order in which it was sent.
func (n *Network) Unmute(a, b msg.Node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.bad.muted, direction{a, b})
	n.release()
}

// Slow adds d to the way of whatever is sent between a and b from now on; 0 ends it. Links keep their order.
func (n *Network) Slow(a, b msg.Node, d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if d <= 0 {
		delete(n.bad.slow, pairOf(a, b))
		return
	}
	n.bad.slow[pairOf(a, b)] = d
}

// Narrow bounds the messages that may be on the way in one direction of a link between a and b, as for a slow reader: at
// one more the link is hung up (docs/protocol.md §2.1). 0 gives back the bound of Config.Queue.
func (n *Network) Narrow(a, b msg.Node, queue int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if queue <= 0 {
		delete(n.bad.narrow, pairOf(a, b))
		return
	}
	n.bad.narrow[pairOf(a, b)] = queue
}
