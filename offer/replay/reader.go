package replay

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// Bounds limit a tape, written or read. A field that is 0 or less has its default.
type Bounds struct {
	Record  int // bytes of one record; 256 MiB
	Members int // of all lists and maps of one input; 16,777,216
}

func boundsOf(list []Bounds) Bounds {
	b := Bounds{Record: 256 << 20, Members: 1 << 24}
	for _, x := range list {
		if x.Record > 0 {
			b.Record = x.Record
		}
		if x.Members > 0 {
			b.Members = x.Members
		}
	}
	return b
}

func (b Bounds) codec() msg.CodecBounds {
	return msg.CodecBounds{Bytes: b.Record - 16, Members: b.Members}
}

// Step is one step of a tape.
type Step struct {
	N     uint64 // from 1
	Now   offer.Time
	Input msg.Input
	// Known tells that the tape has what became of the step. Then Digest is that, and Taken that the machine's effects were
	// taken before the next step, as they mostly are.
	Known, Taken bool
	Digest       uint64
}

// Reader reads a tape, record by record: it holds one at a time, however long the tape is.
type Reader struct {
	in      io.Reader
	bounds  Bounds
	header  Header
	buf     []byte // read and not used
	used    int    // of buf
	offset  int64  // of buf[used]
	failed  error  // of in
	records uint64
	last    offer.Time
	steps   uint64
	ahead   []byte // the payload that was read for an outcome and is none; nil none
	note    string
}

// NewReader reads the header of a tape. Errors: ErrTape, ErrVersion, ErrCorrupt, ErrBound, or what in returns.
func NewReader(in io.Reader, bounds ...Bounds) (*Reader, error) {
	r := &Reader{in: in, bounds: boundsOf(bounds)}
	if !r.fill(len(magic)) {
		return nil, r.orFailed(fmt.Errorf("%w: it has %d bytes", ErrTape, len(r.rest())))
	}
	head := r.rest()[:len(magic)]
	switch {
	case !bytes.HasPrefix(head, []byte(magicWord)):
		return nil, fmt.Errorf("%w: it begins with %.20q; a tape begins with %q", ErrTape, head, magicWord)
	case string(head) != magic:
		return nil, fmt.Errorf("%w: it begins with %.20q; version 1 is read here", ErrVersion, head)
	}
	r.use(len(magic))
	payload, err := r.record()
	switch {
	case err == io.EOF:
		return nil, r.orFailed(fmt.Errorf("%w: it ends within its header", ErrTape))
	case err != nil:
		return nil, err
	case payload[0] != recordHeader:
		return nil, r.corrupt("a header is expected, not %q", payload[0])
	}
	r.header, err = unmarshalHeader(payload[1:])
	return r, err
}

// Header says what the tape is of.
func (r *Reader) Header() Header { return r.header }

// Note tells, after io.EOF, why the tape may be shorter than the run was; "" no reason is known.
func (r *Reader) Note() string { return r.note }

// Offset is how many bytes were read and used.
func (r *Reader) Offset() int64 { return r.offset }

// Next returns the next step, io.EOF at the end of the tape. Other errors: ErrCorrupt, ErrBound, or what the reader below
// returns; after one there is nothing more.
func (r *Reader) Next() (Step, error) {
	payload, err := r.next()
	if err != nil {
		return Step{}, err
	}
	switch payload[0] {
	case recordStep:
		return r.step(payload[1:])
	case recordEnd:
		r.note = fmt.Sprintf("the recording ended after step %d: %.1000s", r.steps, payload[1:])
		return Step{}, io.EOF
	}
	return Step{}, r.corrupt("a step is expected, not %q", payload[0])
}

func (r *Reader) next() ([]byte, error) {
	if p := r.ahead; p != nil {
		r.ahead = nil
		return p, nil
	}
	if r.note != "" {
		return nil, io.EOF
	}
	return r.record()
}

func (r *Reader) step(b []byte) (Step, error) {
	d, n := binary.Varint(b)
	if n <= 0 {
		return Step{}, r.corrupt("its time cannot be read")
	}
	in, err := msg.UnmarshalInput(b[n:], r.bounds.codec())
	if err != nil {
		return Step{}, r.corrupt("%w", err)
	}
	r.steps++
	r.last += offer.Time(d)
	s := Step{N: r.steps, Now: r.last, Input: in}
	payload, err := r.record()
	switch {
	case err == io.EOF:
		if r.note == "" {
			r.note = fmt.Sprintf("what became of step %d is not on the tape", r.steps)
		}
		return s, nil
	case err != nil:
		return Step{}, err
	case payload[0] != recordOutcome:
		r.ahead = bytes.Clone(payload)
		return s, nil
	case len(payload) != 10 || payload[1] > 1:
		return Step{}, r.corrupt("an outcome of %d bytes", len(payload))
	}
	s.Known, s.Taken, s.Digest = true, payload[1] == 1, binary.LittleEndian.Uint64(payload[2:])
	return s, nil
}

// record returns the payload of the next record, good until the one after; io.EOF at the end, with a note if something is left
// over.
func (r *Reader) record() ([]byte, error) {
	r.fill(binary.MaxVarintLen64 + 1)
	b := r.rest()
	if len(b) == 0 {
		return nil, r.orFailed(io.EOF)
	}
	r.records++
	size, n := binary.Uvarint(b)
	switch {
	case n == 0 || n == len(b):
		return nil, r.torn()
	case n < 0 || sum8(b[:n]) != b[n]:
		return nil, r.corrupt("its length is damaged")
	case size > uint64(r.bounds.Record):
		return nil, fmt.Errorf("%w: record %d at byte %d has %d bytes; %d are allowed", ErrBound, r.records, r.offset, size, r.bounds.Record)
	case size == 0:
		return nil, r.corrupt("it is empty")
	}
	whole := n + 1 + int(size) + 4
	if !r.fill(whole) {
		return nil, r.torn()
	}
	b = r.rest()[:whole]
	payload := b[n+1 : whole-4]
	if sum32(payload) != binary.LittleEndian.Uint32(b[whole-4:]) {
		return nil, r.corrupt("its sum does not agree")
	}
	r.use(whole)
	return payload, nil
}

func (r *Reader) torn() error {
	if r.failed != nil {
		return r.orFailed(nil)
	}
	r.note = fmt.Sprintf("the tape is cut off in record %d, at byte %d: %d bytes are left out", r.records, r.offset, len(r.rest()))
	return io.EOF
}

func (r *Reader) corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: record %d, before or at byte %d: %w", ErrCorrupt, r.records, r.offset, fmt.Errorf(format, args...))
}

// orFailed is what the reader below failed with, else err.
func (r *Reader) orFailed(err error) error {
	if r.failed != nil {
		return fmt.Errorf("replay: read at byte %d: %w", r.offset, r.failed)
	}
	return err
}

func (r *Reader) rest() []byte { return r.buf[r.used:] }

func (r *Reader) use(n int) {
	r.used += n
	r.offset += int64(n)
}

// fill reads until n bytes are there, and reports whether they are. It never takes much more memory than was read.
func (r *Reader) fill(n int) bool {
	for len(r.rest()) < n {
		if r.used > 0 {
			r.buf = r.buf[:copy(r.buf, r.rest())]
			r.used = 0
		}
		if cap(r.buf)-len(r.buf) < 1<<15 {
			r.buf = append(make([]byte, 0, 2*cap(r.buf)+1<<16), r.buf...)
		}
		k, err := r.in.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+k]
		if err != nil {
			if !errors.Is(err, io.EOF) {
				r.failed = err
			}
			return len(r.rest()) >= n
		}
	}
	return true
}
