package inproc

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
)

// port is a node's door. Fields below the line are the network's, under its lock.
type port struct {
	net  *Network
	self msg.Node
	in   transport.Inbox
	wake chan struct{} // live: something new on the agenda
	stop chan struct{} // live: closed by Close
	done chan struct{} // live: closed when the goroutine ended

	ends   map[msg.Link]*end
	agenda agenda // live
	closed bool
}

var _ transport.Port = (*port)(nil)

func newPort(n *Network, self msg.Node, in transport.Inbox) *port {
	return &port{net: n, self: self, in: in, ends: map[msg.Link]*end{}, wake: make(chan struct{}, 1),
		stop: make(chan struct{}), done: make(chan struct{})}
}

// Dial asks for a link to peer.
func (p *port) Dial(peer msg.Node) (msg.Link, error) {
	if peer == "" {
		return 0, fmt.Errorf("inproc: %q dials: %w; name the node", p.self, transport.ErrNobody)
	}
	n := p.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if p.closed {
		return 0, fmt.Errorf("inproc: %q dials %q: %w", p.self, peer, transport.ErrClosed)
	}
	if to := n.ports[peer]; to != nil && !n.cut[pairOf(p.self, peer)] {
		return n.connect(p, to).number, nil
	}
	cause := ErrNoPeer
	if n.cut[pairOf(p.self, peer)] {
		cause = ErrCut
	}
	e := n.newEnd(p)
	e.dialer, e.state, e.other = true, endClosing, &end{state: endEnded}
	n.send(e, event{kind: kindDown, cause: fmt.Errorf("dial %q: %w", peer, cause)})
	return e.number, nil
}

// Send puts e on the way.
func (p *port) Send(e msg.Envelope) error {
	n := p.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if p.closed {
		return fmt.Errorf("inproc: send from %q: %w", p.self, transport.ErrClosed)
	}
	x := p.ends[e.Link]
	if x == nil {
		return fmt.Errorf("inproc: send on link %d of %q: %w", e.Link, p.self, transport.ErrNoLink)
	}
	return n.put(x, e.Body)
}

// Hang ends a link after what was sent on it before.
func (p *port) Hang(l msg.Link) {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	if x := p.ends[l]; x != nil {
		p.net.hang(x, ErrHung)
	}
}

// Close ends all links and waits for an Inbox call under way.
func (p *port) Close() error {
	if p.shut() && p.net.live {
		close(p.stop)
	}
	if p.net.live {
		<-p.done
	}
	return nil
}

// shut takes p out of the network; it reports whether this call did.
func (p *port) shut() bool {
	n := p.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if p.closed {
		return false
	}
	p.closed = true
	delete(n.ports, p.self)
	for _, l := range slices.Sorted(maps.Keys(p.ends)) {
		e := p.ends[l]
		e.state = endEnded
		n.farewell(e, ErrGone)
	}
	clear(p.ends)
	p.agenda = agenda{}
	return true
}

// ring wakes the goroutine of a live port.
func (p *port) ring() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run delivers what is due until the port is closed.
func (p *port) run() {
	defer close(p.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		ev, ok, wait := p.nextEvent()
		if ok {
			ev.deliver()
		}
		if !p.pause(ok, wait, timer) {
			return
		}
	}
}

// nextEvent takes what is due, or tells how long to wait; below 0 until woken.
func (p *port) nextEvent() (event, bool, time.Duration) {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	if ev, ok := p.net.take(&p.agenda); ok {
		return ev, true, 0
	}
	if at, ok := p.agenda.next(); ok {
		return event{}, false, at.Sub(p.net.clock())
	}
	return event{}, false, -1
}

// pause waits unless there is more to do; false means closed.
func (p *port) pause(busy bool, wait time.Duration, timer *time.Timer) bool {
	if busy {
		select {
		case <-p.stop:
			return false
		default:
			return true
		}
	}
	var due <-chan time.Time
	if wait >= 0 {
		timer.Reset(wait)
		due = timer.C
	}
	select {
	case <-p.stop:
		return false
	case <-p.wake:
	case <-due:
	}
	return true
}

// pair names two nodes, the lesser first.
type pair struct{ a, b msg.Node }

func pairOf(a, b msg.Node) pair { return pair{min(a, b), max(a, b)} }
