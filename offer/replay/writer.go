package replay

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// flushAt is how many bytes a Writer gathers before it writes them.
const flushAt = 64 << 10

// Writer records the steps of one machine. Around every Step of it call
//
//	w.Step(now, in)
//	err := m.Step(now, in)
//	at, ok := m.NextDeadline()
//	w.Outcome(err, at, ok)
//
// then w.Effects(&rd) for every Ready that gave something, and w.Settled() when Ready has given nothing more. The first thing
// that fails is kept: Err returns it, and nothing is written after it. A machine works the same whether it is recorded or not.
type Writer struct {
	out     io.Writer
	bounds  Bounds
	buf     []byte
	payload []byte
	steps   uint64
	last    offer.Time
	open    bool // a step has an outcome that is not written
	taken   bool // its effects were taken
	d       digest
	err     error
}

// NewWriter begins a tape: the header is gathered, to be written with what follows or by Flush. out gets few large pieces; it
// is not closed. Errors: ErrUnrecordable, ErrUnnamed, ErrBound.
func NewWriter(out io.Writer, h Header, bounds ...Bounds) (*Writer, error) {
	text, err := marshalHeader(h)
	if err != nil {
		return nil, err
	}
	w := &Writer{out: out, bounds: boundsOf(bounds)}
	if len(text)+1 > w.bounds.Record {
		return nil, fmt.Errorf("%w: a header of %d bytes; %d are allowed", ErrBound, len(text)+1, w.bounds.Record)
	}
	w.buf = appendFrame(append(w.buf, magic...), append([]byte{recordHeader}, text...))
	return w, nil
}

// Step records an input that the machine is about to be stepped with. An input that has no form, such as one with text that is
// not UTF-8, ends the recording: the tape says so, and Err wraps ErrUnrecordable.
func (w *Writer) Step(now offer.Time, in msg.Input) {
	if w.err != nil {
		return
	}
	w.finish()
	w.steps++
	text, err := msg.MarshalInput(in, w.bounds.codec())
	if err != nil {
		w.stop(fmt.Errorf("%w: step %d (%s): %w", ErrUnrecordable, w.steps, Kind(in), err))
		return
	}
	w.payload = binary.AppendVarint(append(w.payload[:0], recordStep), int64(now-w.last))
	w.last = now
	w.record(append(w.payload, text...))
}

// Outcome notes what the step returned, and the deadline that the machine tells after it.
func (w *Writer) Outcome(err error, at offer.Time, any bool) {
	if w.err != nil {
		return
	}
	w.open, w.taken = true, false
	w.d.reset()
	w.d.outcome(err, at, any)
}

// Effects notes a Ready of the machine, by pointer; it is read only.
func (w *Writer) Effects(rd any) {
	if w.err != nil || !w.open {
		return
	}
	w.taken = true
	w.d.effects(rd)
}

// Settled notes that Ready gave nothing more.
func (w *Writer) Settled() {
	if w.err == nil && w.open {
		w.taken = true
		w.finish()
	}
}

// finish writes the outcome of the latest step.
func (w *Writer) finish() {
	if !w.open {
		return
	}
	w.open = false
	taken := byte(0)
	if w.taken {
		taken = 1
	}
	w.record(binary.LittleEndian.AppendUint64(append(w.payload[:0], recordOutcome, taken), w.d.sum))
}

// stop ends the tape with a reason.
func (w *Writer) stop(err error) {
	reason := err.Error()
	w.record(append(append(w.payload[:0], recordEnd), reason[:min(len(reason), 1000)]...))
	_ = w.Flush()
	if w.err == nil {
		w.err = err
	}
}

func (w *Writer) record(payload []byte) {
	w.payload = payload
	w.buf = appendFrame(w.buf, payload)
	if cap(w.payload) > flushAt {
		w.payload = nil
	}
	if len(w.buf) >= flushAt {
		_ = w.Flush() // kept
	}
}

// Flush writes what was gathered, the outcome of the latest step only if that has settled. It returns Err.
func (w *Writer) Flush() error {
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	if n, err := w.out.Write(w.buf); err != nil || n < len(w.buf) {
		if err == nil {
			err = io.ErrShortWrite
		}
		w.err = fmt.Errorf("replay: write after step %d: %w", w.steps, err)
	}
	if w.buf = w.buf[:0]; cap(w.buf) > 4*flushAt {
		w.buf = nil
	}
	return w.err
}

// Close settles the latest step if its effects were taken, and flushes. It returns Err; the writer below stays open.
func (w *Writer) Close() error {
	if w.err == nil && w.taken {
		w.finish()
	}
	w.open = false
	return w.Flush()
}

// Steps is how many inputs were recorded.
func (w *Writer) Steps() uint64 { return w.steps }

// Err is what failed first, nil if nothing did.
func (w *Writer) Err() error { return w.err }
