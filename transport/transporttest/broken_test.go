package transporttest_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
	"github.com/proffer-go/proffer/transport/inproc"
)

// fault names one way to break a promise.
type fault string

// broken wraps the reference transport and breaks one promise.
type broken struct {
	transport.Transport
	fault fault

	mu    sync.Mutex
	boxes map[msg.Node]*badInbox
}

func newBroken(f fault) *broken {
	cfg := inproc.Config{}
	if f == "never full" {
		cfg.Queue = 1 << 40
	}
	return &broken{Transport: inproc.NewLive(cfg), fault: f, boxes: map[msg.Node]*badInbox{}}
}

func (b *broken) Open(ctx context.Context, self msg.Node, in transport.Inbox) (transport.Port, error) {
	if self == "" && b.fault == "zero node opens" {
		self = "zero"
	}
	if b.fault == "two open" {
		b.mu.Lock()
		if b.boxes[self] != nil {
			self += "'"
		}
		b.mu.Unlock()
	}
	box := &badInbox{Inbox: in, of: b, peers: map[msg.Link]msg.Node{}}
	p, err := b.Transport.Open(ctx, self, box)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.boxes[self] = box
	b.mu.Unlock()
	bad := &badPort{Port: p, of: b, self: self, box: box, sent: map[msg.Link]int{}}
	switch b.fault {
	case "goroutine left":
		go func() { time.Sleep(5 * time.Second) }()
	case "context ends port":
		go func() {
			select {
			case <-ctx.Done():
				p.Close()
			case <-time.After(5 * time.Second):
			}
		}()
	}
	return bad, nil
}

// badInbox breaks promises of delivery.
type badInbox struct {
	transport.Inbox
	of    *broken
	mu    sync.Mutex
	peers map[msg.Link]msg.Node
	held  *msg.Envelope
	last  msg.Envelope
	n     int
}

func (b *badInbox) Up(l msg.Link, peer msg.Node, principal string) {
	b.mu.Lock()
	b.peers[l] = peer
	b.mu.Unlock()
	switch b.of.fault {
	case "wrong peer":
		peer = "somebody"
	case "wrong principal":
		principal = "root"
	case "two ups":
		b.Inbox.Up(l, peer, principal)
	case "no up":
		return
	}
	b.Inbox.Up(l, peer, principal)
}

func (b *badInbox) Deliver(e msg.Envelope) {
	b.n++
	b.last = e
	switch f := b.of.fault; {
	case f == "doubled" && b.n%50 == 7:
		b.Inbox.Deliver(e)
	case f == "gap" && b.n%50 == 7:
		return
	case f == "swapped" && b.n%50 == 7 && b.held == nil:
		b.held = &e
		return
	case f == "concurrent":
		go b.Inbox.Deliver(e)
		return
	}
	b.Inbox.Deliver(e)
	if b.held != nil && b.held.Link == e.Link {
		b.Inbox.Deliver(*b.held)
		b.held = nil
	}
}

func (b *badInbox) Down(l msg.Link, cause error) {
	_, stood := b.peers[l]
	switch f := b.of.fault; {
	case f == "no down" && stood, f == "dial unanswered" && !stood:
		return
	case f == "two downs":
		b.Inbox.Down(l, cause)
	}
	b.Inbox.Down(l, cause)
	if b.of.fault == "message after down" && stood {
		b.Inbox.Deliver(msg.Envelope{Link: l, Body: b.last.Body})
	}
}

// badPort breaks promises of calls.
type badPort struct {
	transport.Port
	of   *broken
	self msg.Node
	box  *badInbox
	mu   sync.Mutex
	sent map[msg.Link]int
	all  sync.Mutex
}

func (p *badPort) Dial(peer msg.Node) (msg.Link, error) {
	if peer == "" && p.of.fault == "zero node dialed" {
		peer = "zero"
	}
	return p.Port.Dial(peer)
}

func (p *badPort) Send(e msg.Envelope) error {
	switch p.of.fault {
	case "re-entry":
		p.box.Inbox.Deliver(e) // to whom hardly matters: it is on this stack
		return nil
	case "blocks when full":
		for {
			err := p.Port.Send(e)
			if !errors.Is(err, transport.ErrFull) {
				return err
			}
			time.Sleep(time.Millisecond)
		}
	case "reader delays all":
		p.all.Lock()
		defer p.all.Unlock()
		time.Sleep(20 * time.Millisecond)
		return p.Port.Send(e)
	case "no error after close":
		if err := p.Port.Send(e); !errors.Is(err, transport.ErrClosed) {
			return err
		}
		return nil
	case "no error without link":
		if err := p.Port.Send(e); !errors.Is(err, transport.ErrNoLink) {
			return err
		}
		return nil
	case "send in inbox refused":
		p.mu.Lock()
		defer p.mu.Unlock()
		p.sent[e.Link]++
		if p.sent[e.Link] > 3 {
			return transport.ErrNoLink
		}
	}
	return p.Port.Send(e)
}

func (p *badPort) Hang(l msg.Link) {
	if p.of.fault == "hang loses" {
		p.box.mu.Lock()
		peer := p.box.peers[l]
		p.box.mu.Unlock()
		p.of.Transport.(*inproc.Network).Break(p.self, peer)
		return
	}
	p.Port.Hang(l)
}

func (p *badPort) Close() error {
	switch p.of.fault {
	case "close keeps links":
		return nil
	case "close does not wait":
		go p.Port.Close()
		return nil
	}
	return p.Port.Close()
}
