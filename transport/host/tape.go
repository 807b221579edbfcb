package host

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/replay"
)

// tape is the recording of a node. A nil one records nothing. It is used by the node's goroutine, but for close.
type tape struct {
	mu     sync.Mutex
	w      *replay.Writer
	out    io.Closer
	failed func(error) // called once
	err    error
	closed bool
}

// record begins the recording, if there is to be one.
func (n *node) record(h replay.Header) error {
	if n.opts.tape == nil {
		return nil
	}
	out, err := n.opts.tape(&h)
	if err != nil {
		return fmt.Errorf("host: record %s: %w", n.self, err)
	}
	if out == nil {
		return nil
	}
	w, err := replay.NewWriter(out, h)
	if err != nil {
		_ = out.Close() // nothing was written
		return fmt.Errorf("host: record %s: %w", n.self, err)
	}
	n.tape = &tape{w: w, out: out, failed: func(err error) { tell(n, Unrecorded{err}) }}
	return nil
}

// Recorded returns what failed in the recording of the node (Recording), nil if nothing did, or nothing is recorded. Some
// of it shows only when the node has ended.
func (n *node) Recorded() error {
	if n.tape == nil {
		return nil
	}
	n.tape.mu.Lock()
	defer n.tape.mu.Unlock()
	return n.tape.err
}

// taken notes what the machine's Ready gave, and whether it gave anything, which it returns.
func (n *node) taken(any bool, rd any) bool {
	n.tape.do(func(w *replay.Writer) {
		if any {
			w.Effects(rd)
			return
		}
		w.Settled()
	})
	return any
}

// before notes an input. What it returns is called when the step has ended, however it did: after a panic the tape holds the
// input.
func (t *tape) before(now offer.Time, in msg.Input) (ended func()) {
	if t == nil {
		return nothing
	}
	t.do(func(w *replay.Writer) { w.Step(now, in) })
	return func() {
		if p := recover(); p != nil {
			t.do(func(w *replay.Writer) { _ = w.Flush() })
			panic(p)
		}
	}
}

func nothing() {}

// after notes what the step gave.
func (t *tape) after(err error, m machine) {
	if t == nil {
		return
	}
	at, any := m.NextDeadline()
	t.do(func(w *replay.Writer) { w.Outcome(err, at, any) })
}

func (t *tape) do(f func(*replay.Writer)) {
	if t == nil {
		return
	}
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return
	}
	f(t.w)
	first := t.note(t.w.Err())
	t.mu.Unlock()
	if first {
		t.failed(t.err)
	}
}

// note keeps the first error, and reports whether this is it.
func (t *tape) note(err error) bool {
	if err == nil || t.err != nil {
		return false
	}
	t.err = err
	return true
}

// close ends the recording.
func (t *tape) close() {
	if t == nil {
		return
	}
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return
	}
	t.closed = true
	first := t.note(t.w.Close())
	first = t.note(t.out.Close()) || first
	t.mu.Unlock()
	if first {
		t.failed(t.err)
	}
}

// TapesIn makes an open for Recording: a file for each node in the directory dir, which is made if it is not there. The name of
// a file is that of the node, with what a file's name may not have escaped, then .tape; the next run of a node of the same name
// has .2.tape and so on. Files that are there are not written over.
func TapesIn(dir string) func(h *replay.Header) (io.WriteCloser, error) {
	return func(h *replay.Header) (io.WriteCloser, error) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		name := filepath.Join(dir, url.PathEscape(string(h.Node)))
		for run := 1; ; run++ {
			path := name + ".tape"
			if run > 1 {
				path = fmt.Sprintf("%s.%d.tape", name, run)
			}
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
			if !os.IsExist(err) {
				return f, err
			}
		}
	}
}
