package host

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
)

// machine is what all four machines share.
type machine interface {
	Step(now offer.Time, in msg.Input) error
	NextDeadline() (offer.Time, bool)
}

// item is one thing in a node's queue: an input, or a function to run on the node's goroutine.
type item struct {
	in msg.Input
	do func()
}

// node is the engine under every party: it queues what comes in, steps the machine, and has its effects carried out.
type node struct {
	opts  options
	self  msg.Node
	port  transport.Port
	m     machine
	drain func() bool // carries out what the machine's Ready holds; false: nothing
	now   offer.Time  // of the step under way

	wake chan struct{} // live: something is queued
	gone chan struct{} // closed when the node has ended

	mu      sync.Mutex
	queue   []item
	spare   []item
	peers   map[msg.Link]msg.Node // links that are up
	dialing map[msg.Link]msg.Node // dials not answered
	failed  map[msg.Link]string   // dials answered by Down before Dial returned, with the cause
	waiting map[msg.Link]int      // messages in the queue
	cut     map[msg.Link]bool     // links that went over the bound: nothing more of them is queued until their Down
	ended   bool
	err     error // why it ended

	done     bool                      // the machine has ended: the node ends when its links have
	heard    func(msg.Input)           // called after each step; may be nil
	alarm    func() (offer.Time, bool) // the host's own deadline, beside the machine's; may be nil
	ring     func(now offer.Time) bool // does what is due of it and reports whether there was anything; nil like alarm
	onEnd    func()                    // called once, when the node has ended
	busy     sync.WaitGroup            // work beside the node's goroutine: see beside
	tape     *tape                     // nil: nothing is recorded
	unfollow func()                    // ends its part in an election; nil: none
	deposed  msg.Input                 // goes before all that is queued, and nothing is sent from now on; nil: none
}

func newNode(o options, m machine) *node {
	if o.inbound <= 0 {
		o.inbound = DefaultInbound
	}
	return &node{opts: o, self: o.self, m: m, wake: make(chan struct{}, 1), gone: make(chan struct{}), peers: map[msg.Link]msg.Node{},
		dialing: map[msg.Link]msg.Node{}, failed: map[msg.Link]string{}, waiting: map[msg.Link]int{}, cut: map[msg.Link]bool{}}
}

// open opens the node's port; drain must be set.
func (n *node) open(ctx context.Context, tr transport.Transport) error {
	port, err := tr.Open(ctx, n.self, inbox{n})
	if err != nil {
		return fmt.Errorf("host: %w", err)
	}
	n.mu.Lock()
	n.port = port
	cut := slices.Sorted(maps.Keys(n.cut)) // before there was a port to hang them up
	n.mu.Unlock()
	for _, l := range cut {
		port.Hang(l)
	}
	return nil
}

// Node is the address that the node is open under.
func (n *node) Node() msg.Node { return n.self }

// push queues x; false means that the node has ended.
func (n *node) push(x item) bool {
	n.mu.Lock()
	queued := n.enqueue(x)
	n.mu.Unlock()
	n.rouse()
	return queued
}

// enqueue is push for who holds the lock, and calls rouse without it.
func (n *node) enqueue(x item) bool {
	if !n.ended {
		n.queue = append(n.queue, x)
	}
	return !n.ended
}

// rouse has the queue looked at.
func (n *node) rouse() {
	n.awake()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// awake tells who polls the node that there is a reason to.
func (n *node) awake() {
	if n.opts.woken != nil {
		n.opts.woken(n.self)
	}
}

// take returns what is queued; it is valid until the next take.
func (n *node) take() []item {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.spare)
	n.queue, n.spare = n.spare[:0], n.queue
	return n.spare
}

// maxTurns bounds the turns of one Poll: no machine needs more at one moment.
const maxTurns = 10_000

// turn does what is queued, or one tick if that is due; it reports whether there was anything.
func (n *node) turn(now offer.Time) bool {
	items := n.take()
	for _, x := range items {
		if x.do != nil {
			n.now = now
			x.do()
			continue
		}
		n.step(now, x.in)
	}
	if len(items) > 0 {
		return true
	}
	if n.done || n.isEnded() {
		return false
	}
	if n.ring != nil {
		if n.now = now; n.ring(now) {
			return true
		}
	}
	if at, ok := n.m.NextDeadline(); ok && at <= now {
		n.step(now, msg.Tick{})
		return true
	}
	return false
}

// Poll does everything that is due at now and reports whether there was anything. It is for nodes run by hand.
func (n *node) Poll(now offer.Time) bool {
	any := false
	for range maxTurns {
		if n.isEnded() || !n.turn(now) {
			n.finish()
			return any
		}
		any = true
	}
	n.fail(ErrStuck)
	return any
}

// NextDeadline tells when the node has something to do at the latest, if nothing arrives before.
func (n *node) NextDeadline() (offer.Time, bool) {
	n.mu.Lock()
	queued, ended, now := len(n.queue) > 0, n.ended, n.now
	n.mu.Unlock()
	switch {
	case ended:
		return 0, false
	case queued:
		return now, true
	}
	return n.deadline()
}

// deadline is the machine's or the host's, whichever comes first; none once the machine has ended.
func (n *node) deadline() (offer.Time, bool) {
	if n.done {
		return 0, false
	}
	at, any := n.m.NextDeadline()
	if n.alarm != nil {
		if t, ok := n.alarm(); ok && (!any || t < at) {
			return t, true
		}
	}
	return at, any
}

// step steps the machine with one input and has the effects carried out.
func (n *node) step(now offer.Time, in msg.Input) {
	n.mu.Lock()
	first := n.deposed
	ended := n.ended
	n.mu.Unlock()
	if ended {
		return
	}
	n.now = now
	if first != nil { // what waits is of no use any more
		in = first
	}
	n.account(in)
	n.put(now, in)
	for n.drain() {
	}
	if n.heard != nil {
		n.heard(in)
	}
	if n.opts.stepped != nil {
		n.opts.stepped()
	}
}

// put steps the machine, with what is recorded around it; its effects are carried out by the drain that follows.
func (n *node) put(now offer.Time, in msg.Input) {
	whole := n.tape.before(now, in)
	defer whole()
	err := n.m.Step(now, in)
	n.tape.after(err, n.m)
	if err != nil {
		tell(n, Refused{Input: in, Err: err})
	}
}

// account keeps the books of links and tells the observer of an input.
func (n *node) account(in msg.Input) {
	switch in := in.(type) {
	case msg.Envelope:
		n.mu.Lock()
		n.waiting[in.Link]--
		from := n.peers[in.Link]
		n.mu.Unlock()
		tell(n, Delivered{From: from, Link: in.Link, Body: in.Body})
	case msg.LinkUp:
		tell(n, LinkUp{Peer: in.Peer, Link: in.Link, Principal: in.Principal})
		if n.done {
			n.port.Hang(in.Link) // too late: the node takes leave of its links
		}
	case msg.LinkDown:
		n.mu.Lock()
		delete(n.peers, in.Link)
		delete(n.waiting, in.Link)
		delete(n.cut, in.Link)
		n.mu.Unlock()
		tell(n, LinkDown{Peer: in.Peer, Link: in.Link, Cause: in.Cause})
	}
}

// tell tells the observer, if there is one that listens.
func tell[W What](n *node, w W) {
	if n.opts.observe != nil && (n.opts.observed == nil || n.opts.observed()) {
		n.opts.observe(Observation{Time: n.now, Node: n.self, What: w})
	}
}

// SetLeader tells the machine which master leads; "" means none is known.
func (n *node) SetLeader(master msg.Node) { n.push(item{in: msg.Leader{Master: master}}) }
