package transporttest

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
)

// dialUp checks docs/protocol.md §2.1, links.
func dialUp(t TB, h Harness) {
	tr := h.Open()
	a, b := open(t, h, tr, "a"), open(t, h, tr, "b")
	one, _ := a.join(b)
	two, _ := a.join(b)
	three, _ := b.join(a)
	quiet(h, a, b)
	if one == two {
		t.Errorf("two dials were given the same link %d", one)
	}
	if n := a.count("up", 0); n != 3 {
		t.Errorf("a heard %d Ups of 3 links", n)
	}
	if n := b.count("up", 0); n != 3 {
		t.Errorf("b heard %d Ups of 3 links", n)
	}
	if n := a.count("down", 0) + b.count("down", 0); n != 0 {
		t.Errorf("%d Downs of links that stand", n)
	}
	if n := b.count("up", three); n != 1 {
		t.Errorf("the link that b dialed came up %d times under its number %d", n, three)
	}
}

// dialDown checks docs/protocol.md §2.1, links.
func dialDown(t TB, h Harness) {
	a := open(t, h, h.Open(), "a")
	l := a.dial("nobody-is-open-here")
	a.await("down", l, 1)
	quiet(h, a)
	if got := a.heard(); len(got) != 1 {
		t.Errorf("one Down expected, heard %v", got)
	}
}

// downOnce checks docs/protocol.md §2.1, links: either side hangs up, both at once too.
func downOnce(t TB, h Harness) {
	tr := h.Open()
	a, b := open(t, h, tr, "a"), open(t, h, tr, "b")
	for who := range 3 {
		la, lb := a.join(b)
		b.send(lb, 0, 50) // on the way while the link ends
		if who != 1 {
			a.port.Hang(la)
		}
		if who != 0 {
			b.port.Hang(lb)
		}
		a.port.Hang(la) // a second time, or after the peer: no effect
		a.await("down", la, 1)
		b.await("down", lb, 1)
		_ = b.sendOne(lb, 1000)
		quiet(h, a, b)
		if na, nb := a.count("down", la), b.count("down", lb); na != 1 || nb != 1 {
			t.Errorf("case %d: %d and %d Downs for one link", who, na, nb)
		}
	}
}

// order checks docs/protocol.md §2.1, order: several links, both ways at once.
func order(t TB, h Harness) {
	const links, each = 3, 300
	tr := h.Open()
	a, b := open(t, h, tr, "a"), open(t, h, tr, "b")
	var la, lb [links]msg.Link
	for i := range la {
		la[i], lb[i] = a.join(b)
	}
	for n := range uint64(each) {
		for i := range la {
			a.send(la[i], n, n+1)
			b.send(lb[i], n, n+1)
		}
	}
	for i := range la {
		a.await("message", la[i], each)
		b.await("message", lb[i], each)
		ascending(t, "a", a.numbers(la[i]))
		ascending(t, "b", b.numbers(lb[i]))
	}
}

// ascending reports numbers that are not in the order sent; repeats are another check's business.
func ascending(t TB, who string, ns []uint64) {
	t.Helper()
	for i := 1; i < len(ns); i++ {
		if ns[i] < ns[i-1] {
			t.Errorf("%s: message %d arrived after %d", who, ns[i], ns[i-1])
			return
		}
	}
}

// atMostOnce checks docs/protocol.md §2.1, at most once.
func atMostOnce(t TB, h Harness) {
	const each = 300
	tr := h.Open()
	a, b := open(t, h, tr, "a"), open(t, h, tr, "b")
	la, lb := a.join(b)
	a.send(la, 0, each)
	b.await("message", lb, each)
	quiet(h, a, b)
	seen := map[uint64]bool{}
	for _, n := range b.numbers(lb) {
		if seen[n] {
			t.Errorf("message %d arrived twice", n)
		}
		if n >= each {
			t.Errorf("message %d was never sent", n)
		}
		seen[n] = true
	}
}

// lossOnlyWithLink checks docs/protocol.md §2.1, at most once: the receiver hangs up in the middle.
func lossOnlyWithLink(t TB, h Harness) {
	tr := h.Open()
	a := open(t, h, tr, "a")
	b := open(t, h, tr, "b", func(p *party) {
		p.onMessage = func(l msg.Link, n uint64) {
			if n == 100 {
				p.port.Hang(l)
			}
		}
	})
	la, lb := a.join(b)
	for n := range uint64(300) {
		if a.sendOne(la, n) != nil {
			break // the hanging up may arrive before all is sent
		}
	}
	b.await("down", lb, 1)
	a.await("down", la, 1)
	quiet(h, a, b)
	ns := b.numbers(lb)
	prefix(t, ns)
	if len(ns) < 101 {
		t.Errorf("%d messages arrived though the link stood until message 100", len(ns))
	}
}

// prefix reports a list that is not 0, 1, 2, …
func prefix(t TB, ns []uint64) {
	t.Helper()
	for i, n := range ns {
		if n != uint64(i) {
			t.Errorf("message %d arrived in place %d: an earlier one is missing or came twice", n, i)
			return
		}
	}
}

// hangAfterSends checks docs/protocol.md §2.1 and Port.Hang.
func hangAfterSends(t TB, h Harness) {
	const each = 500
	tr := h.Open()
	a, b := open(t, h, tr, "a"), open(t, h, tr, "b")
	la, lb := a.join(b)
	a.send(la, 0, each)
	a.port.Hang(la)
	a.await("down", la, 1)
	b.await("down", lb, 1)
	ns := b.numbers(lb)
	prefix(t, ns)
	if len(ns) != each {
		t.Errorf("%d of %d messages arrived that were sent before Hang", len(ns), each)
	}
}

// sendFromInbox checks what Port allows within an Inbox call.
func sendFromInbox(t TB, h Harness) {
	tr := h.Open()
	a := open(t, h, tr, "a", func(p *party) {
		p.onMessage = func(l msg.Link, n uint64) {
			if n < 20 {
				_ = p.sendOne(l, n+1)
				return
			}
			p.port.Hang(l)
			if _, err := p.port.Dial("c"); err != nil {
				p.t.Errorf("dial within Deliver: %v", err)
			}
		}
	})
	b := open(t, h, tr, "b", func(p *party) {
		p.onUp = func(l msg.Link) { _ = p.sendOne(l, 0) }
		p.onMessage = func(l msg.Link, n uint64) { _ = p.sendOne(l, n+1) }
	})
	c := open(t, h, tr, "c")
	la, lb := a.join(b)
	a.await("down", la, 1)
	b.await("down", lb, 1)
	c.await("up", 0, 1)
	a.await("up", 0, 2)
	if got := fmt.Sprint(b.numbers(lb)); got != "[1 3 5 7 9 11 13 15 17 19]" {
		t.Errorf("b heard %s of a game of catch up to 20", got)
	}
}
