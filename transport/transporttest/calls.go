package transporttest

import (
	"errors"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
)

// noReentry checks docs/protocol.md §2.1, no re-entry: party.hear looks at the stack of every call.
func noReentry(t TB, h Harness) {
	tr := h.Open()
	a, b := open(t, h, tr, "a"), open(t, h, tr, "b", func(p *party) {
		p.onMessage = func(l msg.Link, n uint64) { _ = p.sendOne(l, n) }
	})
	la, lb := a.join(b)
	a.send(la, 0, 50)
	b.await("message", lb, 50)
	a.await("message", la, 50)
}

// oneCallAtATime checks docs/protocol.md §2.1, no re-entry: many senders, one receiver that takes its time.
func oneCallAtATime(t TB, h Harness) {
	const senders, each = 4, 20
	tr := h.Open()
	b := open(t, h, tr, "b", func(p *party) { p.slow = 100 * time.Microsecond })
	for _, node := range []msg.Node{"s1", "s2", "s3", "s4"} {
		s := open(t, h, tr, node)
		l, _ := s.join(b)
		go func() {
			for n := range uint64(each) {
				_ = s.sendOne(l, n)
			}
		}()
	}
	b.await("message", 0, senders*each)
}

// neverBlocks checks docs/protocol.md §2.1, never blocks: a reader that does not read fills its link; the sender hangs
// up, and the reader finds what was queued, then the Down.
func neverBlocks(t TB, h Harness) {
	hold := make(chan struct{})
	tr := h.Open()
	a := open(t, h, tr, "a")
	b := open(t, h, tr, "b", func(p *party) { p.hold = hold })
	la, lb := a.join(b)
	full := make(chan int, 1)
	go func() { full <- fill(a, la, h.Fill) }()
	var sent int
	select {
	case sent = <-full:
	case <-time.After(h.Patience):
		close(hold)
		t.Fatalf("Send did not return in %v to a reader that does not read", h.Patience)
	}
	a.port.Hang(la)
	close(hold)
	if sent < 0 {
		t.Errorf("no ErrFull after %d messages to a reader that does not read", h.Fill)
		return
	}
	a.await("down", la, 1)
	b.await("down", lb, 1)
	prefix(t, b.numbers(lb))
}

// fill sends until ErrFull and returns how many were taken; -1 if limit were, or another error came.
func fill(p *party, l msg.Link, limit int) int {
	for n := range limit {
		switch err := p.sendOne(l, uint64(n)); {
		case errors.Is(err, transport.ErrFull):
			return n
		case err != nil:
			p.t.Errorf("send message %d: %v", n, err)
			return -1
		}
	}
	return -1
}

// slowReaderAlone checks docs/protocol.md §2.1, never blocks: other links go on.
func slowReaderAlone(t TB, h Harness) {
	hold := make(chan struct{})
	tr := h.Open()
	a, c := open(t, h, tr, "a"), open(t, h, tr, "c")
	b := open(t, h, tr, "b", func(p *party) { p.hold = hold })
	t.Cleanup(func() { close(hold) }) // before b is closed
	toB, _ := a.join(b)
	toC, atC := a.join(c)
	go func() {
		for n := range uint64(100) {
			_, _ = a.sendOne(toB, n), a.sendOne(toC, n)
		}
	}()
	c.await("message", atC, 100)
}

// identity checks docs/protocol.md §2.1, identity.
func identity(t TB, h Harness) {
	tr := h.Open()
	a, b := open(t, h, tr, "a"), open(t, h, tr, "b")
	la, lb := a.join(b)
	for _, x := range []struct {
		at   *party
		link msg.Link
		peer msg.Node
	}{{a, la, "b"}, {b, lb, "a"}} {
		for _, c := range x.at.heard() {
			if c.what != "up" || c.link != x.link {
				continue
			}
			if c.peer != x.peer {
				t.Errorf("%s: Up names %q, the peer is %q", x.at.node, c.peer, x.peer)
			}
			if want := h.Principal(x.peer); c.principal != want {
				t.Errorf("%s: Up of %q names principal %q, want %q", x.at.node, x.peer, c.principal, want)
			}
		}
	}
	if n := a.count("up", la) + b.count("up", lb); n != 2 {
		t.Errorf("%d Ups that name peers, want 2", n)
	}
}
