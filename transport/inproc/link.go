package inproc

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
)

// endState is the life of one end of a link.
type endState uint8

const (
	endPending endState = iota // its Up is on the way
	endUp
	endClosing // its Down is on the way; nothing is sent or delivered any more
	endEnded
)

// end is one side of a link. Its fields are the network's, under its lock; port, peer and number never change.
type end struct {
	port   *port
	number msg.Link
	other  *end
	dialer bool
	state  endState
	upped  bool
	onWay  int        // messages to this end that have not arrived
	last   offer.Time // when the latest of them arrives: the next does not overtake it
}

// kind says what an event does at its end.
type kind uint8

const (
	kindUp kind = iota
	kindMessage
	kindDown
)

// event is something on the way to an end.
type event struct {
	due   offer.Time
	seq   uint64
	kind  kind
	to    *end
	body  msg.Message
	cause error
}

// arrive changes the end as ev says and reports whether the inbox is to hear of it; the network's lock is held.
func (ev *event) arrive() bool {
	e := ev.to
	switch ev.kind {
	case kindUp:
		if e.state != endPending {
			return false
		}
		e.state, e.upped = endUp, true
		return true
	case kindMessage:
		e.onWay--
		return e.state == endUp
	default:
		if e.state == endEnded {
			return false
		}
		e.state = endEnded
		delete(e.port.ends, e.number)
		return e.upped || e.dialer
	}
}

// deliver calls the inbox; the lock is not held.
func (ev *event) deliver() {
	e, in := ev.to, ev.to.port.in
	switch ev.kind {
	case kindUp:
		peer := e.other.port.self
		in.Up(e.number, peer, e.port.net.cfg.Principals[peer])
	case kindMessage:
		in.Deliver(msg.Envelope{Link: e.number, Body: ev.body})
	default:
		in.Down(e.number, ev.cause)
	}
}

// connect makes the two ends of a link and sends their Ups on the way; the lock is held.
func (n *Network) connect(from, to *port) *end {
	d, a := n.newEnd(from), n.newEnd(to)
	d.dialer, d.other, a.other = true, a, d
	n.send(a, event{kind: kindUp})
	d.last = a.last // the answer travels back
	n.send(d, event{kind: kindUp})
	return d
}

// newEnd numbers an end at p; the lock is held.
func (n *Network) newEnd(p *port) *end {
	n.links++
	e := &end{port: p, number: n.links}
	p.ends[e.number] = e
	return e
}

// send puts ev on the way to e, behind everything that is on it already; the lock is held.
func (n *Network) send(e *end, ev event) {
	ev.to = e
	if n.hold(ev) {
		return
	}
	e.last = max(e.last, n.clock()) // a message sent now starts now
	at := n.clock().Add(n.way(e))
	if ev.kind == kindUp && e.dialer {
		at = e.last.Add(n.way(e))
	}
	e.last = max(e.last, at)
	n.post(e.last, ev)
}

// hang ends the link of e: its own Down at once, the other end's after what was sent to it; the lock is held.
func (n *Network) hang(e *end, cause error) {
	if e.state != endPending && e.state != endUp {
		return
	}
	e.state = endClosing
	n.post(n.clock(), event{kind: kindDown, to: e, cause: fmt.Errorf("%w by %q", cause, e.port.self)})
	n.farewell(e, cause)
}

// farewell lets the other end of e know that e is over; the lock is held.
func (n *Network) farewell(e *end, cause error) {
	if o := e.other; o.state == endPending || o.state == endUp {
		n.send(o, event{kind: kindDown, cause: fmt.Errorf("%w by %q", cause, e.port.self)})
	}
}

// sever ends the link of e on both sides at once; what is on the way is lost; the lock is held.
func (n *Network) sever(e *end, cause error) {
	for _, x := range [...]*end{e, e.other} {
		if x.state == endPending || x.state == endUp {
			x.state = endClosing
			n.post(n.clock(), event{kind: kindDown, to: x, cause: cause})
		}
	}
}

// put takes a message from e to its other end; the lock is held.
func (n *Network) put(e *end, body msg.Message) error {
	o := e.other
	switch {
	case e.state != endUp:
		return fmt.Errorf("inproc: send on link %d of %q: %w", e.number, e.port.self, transport.ErrNoLink)
	case o.state != endPending && o.state != endUp:
		return nil // lost with its link: the Down is on the way
	case o.onWay >= n.room(o):
		return fmt.Errorf("inproc: send on link %d of %q to %q: %w: %d messages", e.number, e.port.self, o.port.self, transport.ErrFull, o.onWay)
	}
	o.onWay++
	n.send(o, event{kind: kindMessage, body: body})
	return nil
}
