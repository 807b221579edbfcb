package transporttest

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"time"

	"github.com/proffer-go/proffer/transport"
)

// nobody checks docs/protocol.md §2.1, identity: the zero address refuses.
func nobody(t TB, h Harness) {
	tr := h.Open()
	p, err := tr.Open(context.Background(), "", newParty(t, h, "nobody"))
	if !errors.Is(err, transport.ErrNobody) {
		t.Errorf("open of the zero node answered %v, want ErrNobody", err)
	}
	if p != nil && err == nil {
		p.Close()
	}
	a := open(t, h, tr, "a")
	if _, err := a.port.Dial(""); !errors.Is(err, transport.ErrNobody) {
		t.Errorf("dial of the zero node answered %v, want ErrNobody", err)
	}
	quiet(h, a)
	if got := a.heard(); len(got) != 0 {
		t.Errorf("a refused dial was heard of: %v", got)
	}
}

// inUse checks Transport.Open: ErrInUse while open, free after Close.
func inUse(t TB, h Harness) {
	tr := h.Open()
	a := open(t, h, tr, "a")
	again, err := tr.Open(context.Background(), "a", newParty(t, h, "a"))
	if !errors.Is(err, transport.ErrInUse) {
		t.Errorf("second open answered %v, want ErrInUse", err)
	}
	if err == nil {
		again.Close()
	}
	if err := a.port.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	second, b := open(t, h, tr, "a"), open(t, h, tr, "b")
	l, at := second.join(b)
	second.send(l, 0, 1)
	b.await("message", at, 1)
}

// noLink checks Port.Send on a link that never was and on one that ended.
func noLink(t TB, h Harness) {
	tr := h.Open()
	a, b := open(t, h, tr, "a"), open(t, h, tr, "b")
	l, _ := a.join(b)
	if err := a.sendOne(l+1_000_000, 0); !errors.Is(err, transport.ErrNoLink) {
		t.Errorf("send on a link that never was answered %v, want ErrNoLink", err)
	}
	if err := a.sendOne(0, 0); !errors.Is(err, transport.ErrNoLink) {
		t.Errorf("send on link 0 answered %v, want ErrNoLink", err)
	}
	a.port.Hang(l)
	a.await("down", l, 1)
	if err := a.sendOne(l, 0); !errors.Is(err, transport.ErrNoLink) {
		t.Errorf("send on an ended link answered %v, want ErrNoLink", err)
	}
	a.port.Hang(l + 1_000_000) // no such link: no effect
	quiet(h, a, b)
}

// openContext checks Transport.Open: the end of ctx is nothing to the port.
func openContext(t TB, h Harness) {
	tr := h.Open()
	ctx, cancel := context.WithCancel(context.Background())
	a := newParty(t, h, "a")
	port, err := tr.Open(ctx, "a", a)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	a.port = port
	t.Cleanup(func() { port.Close() })
	b := open(t, h, tr, "b")
	cancel()
	quiet(h, a, b)
	l, at := a.join(b)
	a.send(l, 0, 10)
	b.await("message", at, 10)
}

// closeEndsLinks checks docs/protocol.md §2.1, close: the peers hear one Down of each link.
func closeEndsLinks(t TB, h Harness) {
	tr := h.Open()
	a, b, c := open(t, h, tr, "a"), open(t, h, tr, "b"), open(t, h, tr, "c")
	_, atB := a.join(b)
	_, atC := a.join(c)
	_, again := a.join(b)
	if err := a.port.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	b.await("down", atB, 1)
	b.await("down", again, 1)
	c.await("down", atC, 1)
	l := b.dial("a")
	b.await("down", l, 1)
	quiet(h, b, c)
}

// closeSilence checks docs/protocol.md §2.1, close: Close waits for the call under way, and no other follows.
func closeSilence(t TB, h Harness) {
	for range 5 {
		tr := h.Open()
		a := open(t, h, tr, "a")
		b := open(t, h, tr, "b", func(p *party) { p.slow = 200 * time.Microsecond })
		la, lb := a.join(b)
		a.send(la, 0, 200)
		b.await("message", lb, 3)
		if err := b.port.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if b.busy.Load() != 0 {
			t.Errorf("Close returned while an Inbox call was under way")
		}
		b.closed.Store(true)
		a.await("down", la, 1)
		quiet(h, a, b)
		a.port.Close()
	}
}

// closeErrors checks docs/protocol.md §2.1, close.
func closeErrors(t TB, h Harness) {
	tr := h.Open()
	a, b := open(t, h, tr, "a"), open(t, h, tr, "b")
	l, _ := a.join(b)
	for range 2 {
		if err := a.port.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	if err := a.sendOne(l, 0); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("send after Close answered %v, want ErrClosed", err)
	}
	if _, err := a.port.Dial("b"); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("dial after Close answered %v, want ErrClosed", err)
	}
	a.port.Hang(l) // no effect, no panic
	quiet(h, b)
}

// closeLeavesNothing checks docs/protocol.md §2.1, close: no goroutine that the transport began is left.
func closeLeavesNothing(t TB, h Harness) {
	before := stacks()
	func() {
		tr := h.Open()
		ports := []*party{open(t, h, tr, "a"), open(t, h, tr, "b"), open(t, h, tr, "c")}
		for _, p := range ports {
			for _, q := range ports {
				if p != q {
					l, _ := p.join(q)
					p.send(l, 0, 10)
				}
			}
		}
		ports[0].dial("nobody-is-open-here")
		for _, p := range ports {
			if err := p.port.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}
	}()
	var left string
	for end := time.Now().Add(h.Patience); time.Now().Before(end); time.Sleep(h.Quiet) {
		if left = leftOver(before); left == "" {
			return
		}
	}
	t.Errorf("goroutines left after all ports were closed:\n%s", left)
}

// stacks lists all goroutines by their first line's number.
func stacks() map[string]string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	out := map[string]string{}
	for _, g := range strings.Split(string(buf), "\n\n") {
		id, _, _ := strings.Cut(strings.TrimPrefix(g, "goroutine "), " ")
		out[id] = g
	}
	return out
}

// leftOver returns the stacks of goroutines that are not in before.
func leftOver(before map[string]string) string {
	var out []string
	for id, g := range stacks() {
		if _, ok := before[id]; !ok {
			out = append(out, g)
		}
	}
	return strings.Join(out, "\n\n")
}
