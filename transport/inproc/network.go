// Package inproc takes envelopes from ports within one process and hands them to others: the reference transport, by
// hand under virtual time or live with a goroutine per port, seeded, with the faults a test asks for. Cluster puts a
// master, agents and schedulers together on it in a few lines, with time moved by hand.
//
// By hand, equal calls give equal deliveries, to the byte: what is due is delivered in order of its time, then of its
// sending, and only inside Poll.
package inproc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
)

// DefaultQueue is how many messages may be on the way in one direction of a link (docs/protocol.md §18.1). Messages are
// shared values and never encoded here, so there is no bound in bytes.
const DefaultQueue = 10_000

// Causes of a Down.
var (
	// ErrHung: this side or the peer hung up.
	ErrHung = errors.New("inproc: hung up")
	// ErrGone: the peer closed its port.
	ErrGone = errors.New("inproc: peer closed its port")
	// ErrCut: the nodes were cut from each other, see Network.Cut.
	ErrCut = errors.New("inproc: cut")
	// ErrNoPeer: nobody is open under the node that was dialed.
	ErrNoPeer = errors.New("inproc: nobody is open under that node")
)

// Config is a network's. The zero value delivers at once.
type Config struct {
	// Seed feeds Jitter; equal seeds and equal calls give equal runs by hand.
	Seed uint64
	// Latency is the way of every message, and half the way of a Dial's answer.
	Latency time.Duration
	// Jitter adds up to this much to each Latency. Messages of one link keep their order.
	Jitter time.Duration
	// Queue bounds the messages on the way in one direction of a link; 0: DefaultQueue.
	Queue int
	// Principals says who each node is authenticated as; a node that is not named is nobody.
	Principals map[msg.Node]string
}

// Network is a transport within one process. All methods may be called from any goroutine; by hand, deliveries happen
// on the goroutine that calls Poll.
type Network struct {
	cfg   Config
	live  bool
	epoch time.Time // live: where now began

	mu     sync.Mutex
	now    offer.Time // by hand
	rng    *rand.Rand
	seq    uint64
	links  msg.Link
	ports  map[msg.Node]*port
	cut    map[pair]bool
	bad    weather
	agenda agenda // by hand: that of all ports
	closed bool
}

var _ transport.Transport = (*Network)(nil)

// New makes a network that is moved by hand: nothing is delivered but by Poll.
func New(cfg Config) *Network {
	if cfg.Queue <= 0 {
		cfg.Queue = DefaultQueue
	}
	cfg.Principals = maps.Clone(cfg.Principals)
	return &Network{cfg: cfg, rng: rand.New(rand.NewPCG(cfg.Seed, 0)), ports: map[msg.Node]*port{}, cut: map[pair]bool{}, bad: newWeather()}
}

// NewLive makes a network that delivers by itself: every open port has one goroutine, which ends with Port.Close.
func NewLive(cfg Config) *Network {
	n := New(cfg)
	n.live, n.epoch = true, time.Now()
	return n
}

// Open makes self reachable. It answers an error that wraps transport.ErrNobody, ErrInUse or ErrClosed, or the context's.
func (n *Network) Open(ctx context.Context, self msg.Node, in transport.Inbox) (transport.Port, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("inproc: open %q: %w", self, err)
	}
	if self == "" {
		return nil, fmt.Errorf("inproc: open: %w; name the node", transport.ErrNobody)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, fmt.Errorf("inproc: open %q: %w", self, transport.ErrClosed)
	}
	if n.ports[self] != nil {
		return nil, fmt.Errorf("inproc: open %q: %w; close the other port first", self, transport.ErrInUse)
	}
	p := newPort(n, self, in)
	n.ports[self] = p
	if n.live {
		go p.run()
	}
	return p, nil
}

// Close closes every port; later calls answer transport.ErrClosed.
func (n *Network) Close() error {
	n.mu.Lock()
	n.closed = true
	ports := slices.SortedFunc(maps.Values(n.ports), func(a, b *port) int { return cmp.Compare(a.self, b.self) })
	n.mu.Unlock()
	for _, p := range ports {
		p.Close()
	}
	return nil
}

// Poll delivers everything that is due at now, by hand; it reports whether there was anything. Time never goes back:
// an earlier now counts as the latest one given.
func (n *Network) Poll(now offer.Time) bool {
	if n.live {
		panic("inproc: Poll on a live network; use New for one that is moved by hand")
	}
	n.mu.Lock()
	n.now = max(n.now, now)
	n.mu.Unlock()
	for any := false; ; any = true {
		n.mu.Lock()
		ev, ok := n.take(&n.agenda)
		n.mu.Unlock()
		if !ok {
			return any
		}
		ev.deliver()
	}
}

// NextDeadline tells when, by hand, the next thing arrives.
func (n *Network) NextDeadline() (offer.Time, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.agenda.next()
}

// OnTheWay counts the messages between a and b that have not arrived, both ways, those of a Stall included.
func (n *Network) OnTheWay(a, b msg.Node) (messages int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range append(n.endsAt(a, b), n.endsAt(b, a)...) {
		messages += e.onWay
	}
	return messages
}

// Linked reports whether a link stands that both a and b know of.
func (n *Network) Linked(a, b msg.Node) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.ContainsFunc(n.endsAt(a, b), func(e *end) bool { return e.state == endUp && e.other.state == endUp })
}

// clock tells the network's time; the lock is held.
func (n *Network) clock() offer.Time {
	if n.live {
		return offer.Time(time.Since(n.epoch))
	}
	return n.now
}

// way draws how long something travels to e; the lock is held.
func (n *Network) way(e *end) time.Duration {
	d := n.cfg.Latency + n.bad.delay(e)
	if n.cfg.Jitter <= 0 {
		return d
	}
	return d + time.Duration(n.rng.Int64N(int64(n.cfg.Jitter)+1))
}

// post puts ev where its port finds it, not before at; the lock is held.
func (n *Network) post(at offer.Time, ev event) {
	n.seq++
	ev.due, ev.seq = at, n.seq
	if !n.live {
		n.agenda.push(ev)
		return
	}
	ev.to.port.agenda.push(ev)
	ev.to.port.ring()
}

// take removes the first event that is due and means something at its end, and makes its change of state; the lock is
// held. What arrives at an end that is over is dropped here.
func (n *Network) take(a *agenda) (event, bool) {
	for {
		at, ok := a.next()
		if !ok || at > n.clock() {
			return event{}, false
		}
		ev := a.pop()
		if ev.arrive() {
			return ev, true
		}
	}
}
