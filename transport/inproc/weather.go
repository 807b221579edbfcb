package inproc

import (
	"slices"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
)

// weather is what lies on the ways between nodes, beside cuts; the network's lock guards it.
type weather struct {
	stalled map[pair]bool
	muted   map[direction]bool
	slow    map[pair]time.Duration
	narrow  map[pair]int
	waiting []event // held back, in the order of their sending
}

// direction is the way from one node to another.
type direction struct{ from, to msg.Node }

func newWeather() weather {
	return weather{stalled: map[pair]bool{}, muted: map[direction]bool{}, slow: map[pair]time.Duration{}, narrow: map[pair]int{}}
}

// course is the way that what is sent to e takes; false if its dial reached nobody.
func course(e *end) (direction, bool) {
	if e.other.port == nil {
		return direction{}, false
	}
	return direction{e.other.port.self, e.port.self}, true
}

func (d direction) pair() pair { return pairOf(d.from, d.to) }

// delay is what the way to e takes beside the network's latency.
func (w *weather) delay(e *end) time.Duration {
	if len(w.slow) == 0 {
		return 0
	}
	d, _ := course(e)
	return w.slow[d.pair()]
}

// blocked reports whether ev has to wait. The answer of a dial waits for its question as well.
func (w *weather) blocked(ev event) bool {
	if len(w.stalled)+len(w.muted) == 0 {
		return false
	}
	d, ok := course(ev.to)
	if !ok {
		return false
	}
	back := direction{d.to, d.from}
	return w.stalled[d.pair()] || w.muted[d] || ev.kind == kindUp && ev.to.dialer && w.muted[back]
}

// room is how many messages may be on the way to e; the lock is held.
func (n *Network) room(e *end) int {
	if len(n.bad.narrow) > 0 {
		if d, ok := course(e); ok && n.bad.narrow[d.pair()] > 0 {
			return n.bad.narrow[d.pair()]
		}
	}
	return n.cfg.Queue
}

// hold keeps ev back if it has to wait; the lock is held.
func (n *Network) hold(ev event) bool {
	if !n.bad.blocked(ev) {
		return false
	}
	n.bad.waiting = append(n.bad.waiting, ev)
	return true
}

// release sends what no longer has to wait; the lock is held.
func (n *Network) release() {
	free := func(ev event) bool { return !n.bad.blocked(ev) }
	var ready []event
	for _, ev := range n.bad.waiting {
		if free(ev) {
			ready = append(ready, ev)
		}
	}
	n.bad.waiting = slices.DeleteFunc(n.bad.waiting, free)
	for _, ev := range ready {
		n.send(ev.to, ev)
	}
}
