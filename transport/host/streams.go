package host

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
)

// DefaultStreamQueue is how many events and heartbeats a stream keeps for its reader, unless told.
const DefaultStreamQueue = 1_000

// How a stream ends, beside the end of its context. One whose node ends wraps ErrEnded and why the node ended, such as
// master.ErrResigned and master.ErrDeposed: what follows is told by the master that leads then, in a snapshot of its own.
var (
	// ErrSlowReader: the reader let its queue fill up. Subscribe again, with a longer queue or a faster reader.
	ErrSlowReader = errors.New("host: the reader of the event stream is too slow; subscribe again, and read faster or with a longer queue")
	// ErrStreamReplaced: the master has master.Bounds.Streams of them, and this was the oldest. Subscribe again.
	ErrStreamReplaced = errors.New("host: the event stream was the oldest of too many; subscribe again, or raise master.Bounds.Streams")
	// ErrStreamClosed: Close was called.
	ErrStreamClosed = errors.New("host: the event stream was closed by its reader")
)

// Told is one item of a stream: an event with its number, or a heartbeat, whose Event is nil and whose Number is 0.
type Told struct {
	Number uint64
	Event  master.Event // shared by all readers: nobody changes it
}

// EventStream is one operator's view of a master as it changes (docs/http-v1.md §9.3): a snapshot, and each event after it,
// without a gap. What was queued before the stream ended can still be read. One goroutine reads; Close may be called from
// anywhere.
type EventStream struct {
	// EventsResult has the snapshot, the number of the last event in it, and the heartbeat's interval.
	master.EventsResult

	node  *MasterNode
	bound int
	wake  chan struct{} // something is queued, or the stream has ended

	mu      sync.Mutex
	queue   []Told
	err     error       // why it ended; nil: open
	unwatch func() bool // stops watching the context; may be nil
}

// Subscribe opens a stream on a live master, and waits for its snapshot. The stream ends with ctx, also one that is opened
// only after Subscribe gave up. queue bounds what waits for the reader, 0 says DefaultStreamQueue. The error is the master's
// (master.ErrNotLeading, …), ErrEnded or the context's.
func (n *MasterNode) Subscribe(ctx context.Context, principal string, queue int) (*EventStream, error) {
	type result struct {
		s   *EventStream
		err error
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	opened := make(chan result, 1)
	n.SubmitSubscribe(principal, queue, func(s *EventStream, err error) {
		if s != nil {
			s.watch(ctx)
		}
		opened <- result{s, err}
	})
	select {
	case r := <-opened:
		return r.s, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// SubmitSubscribe queues the opening of a stream; opened is called with it, or with an error, on the node's goroutine. It is
// for nodes run by hand, whose reader uses Poll.
func (n *MasterNode) SubmitSubscribe(principal string, queue int, opened func(*EventStream, error)) {
	if queue <= 0 {
		queue = DefaultStreamQueue
	}
	n.SubmitAsk(principal, msg.SubscribeEvents{}, func(a master.Answer) {
		r, ok := a.Result.(master.EventsResult)
		if a.Err != nil || !ok {
			opened(nil, a.Err)
			return
		}
		s := &EventStream{EventsResult: r, node: n, bound: queue, wake: make(chan struct{}, 1)}
		n.follows(s)
		opened(s, nil)
	})
}

// Next waits for the next item. Its error is the end of the stream, or ctx's.
func (s *EventStream) Next(ctx context.Context) (Told, error) {
	for {
		if x, ok, err := s.Poll(); ok || err != nil {
			return x, err
		}
		select {
		case <-s.wake:
		case <-ctx.Done():
			return Told{}, context.Cause(ctx)
		}
	}
}

// Poll returns the next item if there is one, without waiting. The error, why the stream ended, comes after the last item.
func (s *EventStream) Poll() (Told, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return Told{}, false, s.err
	}
	x := s.queue[0]
	s.queue[0] = Told{}
	s.queue = s.queue[1:]
	return x, true, nil
}

// Close ends the stream. It is the reader's, and may be called again.
func (s *EventStream) Close() { s.leave(ErrStreamClosed) }

// watch ends the stream with ctx.
func (s *EventStream) watch(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { s.leave(context.Cause(ctx)) })
	s.mu.Lock()
	s.unwatch = stop
	ended := s.err != nil
	s.mu.Unlock()
	if ended {
		stop()
	}
}

// put queues x for the reader and reports whether there was room.
func (s *EventStream) put(x Told) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return true
	}
	if len(s.queue) >= s.bound {
		return false
	}
	s.queue = append(s.queue, x)
	s.signal()
	return true
}

// end notes why the stream ended and reports whether it was open.
func (s *EventStream) end(err error) bool {
	s.mu.Lock()
	first, unwatch := s.err == nil, s.unwatch
	if first {
		s.err = err
		s.signal()
	}
	s.mu.Unlock()
	if first && unwatch != nil {
		unwatch()
	}
	return first
}

func (s *EventStream) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// leave ends the stream from the reader's side: the machine hears of it.
func (s *EventStream) leave(err error) {
	if !s.end(err) {
		return
	}
	s.node.forget(s.Stream)
	s.node.SubmitAsk("", msg.UnsubscribeEvents{Stream: s.Stream}, func(master.Answer) {})
}

// follows adds s to those that are told; a node that has ended tells nobody.
func (n *MasterNode) follows(s *EventStream) {
	n.mu.Lock()
	late := n.released
	if !late {
		n.streams[s.Stream] = s
	}
	n.mu.Unlock()
	if late {
		s.end(n.streamsEnd())
	}
}

// streamsEnd is why the streams of a node that has ended are over.
func (n *MasterNode) streamsEnd() error {
	_, why := n.Ended()
	if why == nil {
		return fmt.Errorf("%w; subscribe at the master that leads now", ErrEnded)
	}
	return fmt.Errorf("%w: %w; subscribe at the master that leads now", ErrEnded, why)
}

// forget takes a stream from those that are told, and returns it; nil if it is not there any more.
func (n *MasterNode) forget(stream uint64) *EventStream {
	n.mu.Lock()
	defer n.mu.Unlock()
	s := n.streams[stream]
	delete(n.streams, stream)
	return s
}

// following lists the streams in the order of their numbers.
func (n *MasterNode) following() []*EventStream {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.streams) == 0 {
		return nil
	}
	var list []*EventStream
	for _, k := range slices.Sorted(maps.Keys(n.streams)) {
		list = append(list, n.streams[k])
	}
	return list
}

// stream passes the Ready's events, heartbeats and ends on to the readers; streams that it opens are there already.
func (n *MasterNode) stream() {
	rd := &n.rd
	if len(rd.Events)+len(rd.Beats)+len(rd.Ended) == 0 {
		return
	}
	for _, s := range n.following() {
		if !s.take(rd) {
			s.leave(fmt.Errorf("%w: %d wait", ErrSlowReader, s.bound))
		}
	}
	for _, k := range rd.Ended {
		if s := n.forget(k); s != nil {
			s.end(ErrStreamReplaced)
		}
	}
}

// take queues what rd has for the stream, and reports whether there was room for all of it.
func (s *EventStream) take(rd *master.Ready) bool {
	for i, e := range rd.Events {
		if k := rd.FirstEvent + uint64(i); k > s.After && !s.put(Told{Number: k, Event: e}) {
			return false
		}
	}
	return !slices.Contains(rd.Beats, s.Stream) || s.put(Told{})
}
