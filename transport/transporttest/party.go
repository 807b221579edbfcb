package transporttest

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
)

// heard is one call of an Inbox.
type heard struct {
	what      string // up, message, down
	link      msg.Link
	peer      msg.Node
	principal string
	number    uint64
}

// party is a node of the suite: an Inbox that writes down what it hears and notices what no Inbox may ever see.
type party struct {
	t    TB
	h    Harness
	node msg.Node
	port transport.Port

	busy   atomic.Int32
	closed atomic.Bool // Close returned
	news   chan struct{}
	slow   time.Duration // spent in each call

	mu        sync.Mutex
	log       []heard
	counts    map[tally]int
	onUp      func(l msg.Link)
	onMessage func(l msg.Link, number uint64)
	hold      chan struct{} // a message waits for it
}

// tally counts calls of a kind on a link; link 0: on all.
type tally struct {
	what string
	link msg.Link
}

// newParty makes a party that has no port yet.
func newParty(t TB, h Harness, node msg.Node) *party {
	return &party{t: t, h: h, node: node, news: make(chan struct{}, 1), counts: map[tally]int{}}
}

// open makes a party and closes it with the test.
func open(t TB, h Harness, tr transport.Transport, node msg.Node, with ...func(*party)) *party {
	t.Helper()
	p := newParty(t, h, node)
	for _, w := range with {
		w(p)
	}
	port, err := tr.Open(context.Background(), node, p)
	if err != nil {
		t.Fatalf("open %q: %v", node, err)
	}
	p.port = port
	t.Cleanup(func() { port.Close() })
	return p
}

func (p *party) Up(l msg.Link, peer msg.Node, principal string) {
	p.hear(heard{what: "up", link: l, peer: peer, principal: principal})
	if p.onUp != nil {
		p.onUp(l)
	}
	p.busy.Add(-1)
}

func (p *party) Deliver(e msg.Envelope) {
	n := numberOf(e.Body)
	p.hear(heard{what: "message", link: e.Link, number: n})
	if p.hold != nil {
		<-p.hold
	}
	if p.onMessage != nil {
		p.onMessage(e.Link, n)
	}
	p.busy.Add(-1)
}

func (p *party) Down(l msg.Link, cause error) {
	p.hear(heard{what: "down", link: l})
	if cause == nil {
		p.t.Errorf("%s: Down of link %d has no cause", p.node, l)
	}
	p.busy.Add(-1)
}

// hear notes a call and checks what holds of every call; the caller takes busy back.
func (p *party) hear(c heard) {
	if p.busy.Add(1) != 1 {
		p.t.Errorf("%s: an Inbox call began while another was under way", p.node)
	}
	if p.closed.Load() {
		p.t.Errorf("%s: Inbox called after Close returned: %v", p.node, c)
	}
	if onSendersStack() {
		p.t.Errorf("%s: %v was delivered on the sender's stack", p.node, c)
	}
	p.mu.Lock()
	p.lawful(c)
	p.log = append(p.log, c)
	p.counts[tally{c.what, c.link}]++
	p.counts[tally{c.what, 0}]++
	p.mu.Unlock()
	if p.slow > 0 {
		time.Sleep(p.slow)
	}
	select {
	case p.news <- struct{}{}:
	default:
	}
}

// lawful checks c against what was heard of its link before; the lock is held.
func (p *party) lawful(c heard) {
	if c.link == 0 {
		p.t.Errorf("%s: %v names link 0, which is no link", p.node, c)
	}
	ups, downs := p.counts[tally{"up", c.link}], p.counts[tally{"down", c.link}]
	switch {
	case downs > 0:
		p.t.Errorf("%s: %v after the Down of that link", p.node, c)
	case c.what == "up" && ups > 0:
		p.t.Errorf("%s: second Up of link %d", p.node, c.link)
	case c.what == "message" && ups == 0:
		p.t.Errorf("%s: %v before the Up of that link", p.node, c)
	}
}

// heard returns what was heard so far.
func (p *party) heard() []heard {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.log)
}

// count counts what was heard of a kind; link 0 means all links.
func (p *party) count(what string, l msg.Link) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts[tally{what, l}]
}

// numbers lists the messages heard on a link, in order.
func (p *party) numbers(l msg.Link) []uint64 {
	var out []uint64
	for _, c := range p.heard() {
		if c.what == "message" && c.link == l {
			out = append(out, c.number)
		}
	}
	return out
}

// await waits until p has heard n of a kind on a link; 0 means all links.
func (p *party) await(what string, l msg.Link, n int) {
	p.t.Helper()
	late := time.NewTimer(p.h.Patience)
	defer late.Stop()
	for p.count(what, l) < n {
		select {
		case <-p.news:
		case <-late.C:
			p.t.Fatalf("%s: %d times %q on link %d expected, %d heard in %v", p.node, n, what, l, p.count(what, l), p.h.Patience)
		}
	}
}

// quiet waits until nothing was heard by any of ps for a while.
func quiet(h Harness, ps ...*party) {
	for {
		before := total(ps)
		time.Sleep(h.Quiet)
		if total(ps) == before {
			return
		}
	}
}

// total counts what ps heard.
func total(ps []*party) (n int) {
	for _, p := range ps {
		n += p.count("up", 0) + p.count("message", 0) + p.count("down", 0)
	}
	return n
}

// join dials from p to q and returns the link's number on either side.
func (p *party) join(q *party) (mine, theirs msg.Link) {
	p.t.Helper()
	ups := q.count("up", 0)
	mine = p.dial(q.node)
	p.await("up", mine, 1)
	q.await("up", 0, ups+1)
	for _, c := range q.heard() {
		if c.what == "up" && c.peer == p.node {
			theirs = c.link // the latest
		}
	}
	return mine, theirs
}

func (p *party) dial(peer msg.Node) msg.Link {
	p.t.Helper()
	l, err := p.port.Dial(peer)
	if err != nil {
		p.t.Fatalf("%s: dial %q: %v", p.node, peer, err)
	}
	return l
}

// send sends numbers from..to-1 and fails the test if one is refused.
func (p *party) send(l msg.Link, from, to uint64) {
	p.t.Helper()
	for n := from; n < to; n++ {
		if err := p.sendOne(l, n); err != nil {
			p.t.Fatalf("%s: send message %d: %v", p.node, n, err)
		}
	}
}

// sendOne sends a number. Its frame marks the sender's stack.
//
//go:noinline
func (p *party) sendOne(l msg.Link, n uint64) error {
	return p.port.Send(msg.Envelope{Link: l, Body: message(n)})
}

// onSendersStack reports whether sendOne is below on this stack.
func onSendersStack() bool {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if strings.HasSuffix(f.Function, "(*party).sendOne") {
			return true
		}
		if !more {
			return false
		}
	}
}

func (c heard) String() string {
	switch c.what {
	case "up":
		return fmt.Sprintf("Up of link %d with %q", c.link, c.peer)
	case "down":
		return fmt.Sprintf("Down of link %d", c.link)
	}
	return fmt.Sprintf("message %d on link %d", c.number, c.link)
}

// message makes a small message that carries n.
func message(n uint64) msg.Message {
	return msg.ExecutorMessage{Data: binary.BigEndian.AppendUint64(nil, n)}
}

// numberOf reads what message wrote; anything else is the largest number, which no check sends.
func numberOf(m msg.Message) uint64 {
	if e, ok := m.(msg.ExecutorMessage); ok && len(e.Data) == 8 {
		return binary.BigEndian.Uint64(e.Data)
	}
	return ^uint64(0)
}
