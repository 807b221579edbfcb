package master

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
)

// stream is one operator's subscription to events (docs/http-v1.md §9.3). All streams share Ready.Events: the machine keeps
// who has one, so that there is a bound, and when each is due a heartbeat.
type stream struct {
	n    uint64 // counts streams: the lowest is the oldest
	beat alarm
}

// openStream answers with a snapshot; what follows it are the events after the one that is counted last. Beyond the bound
// the oldest stream ends.
func (m *Machine) openStream(seq uint64) (Result, error) {
	if m.streams[seq] != nil {
		return nil, fmt.Errorf("%w: stream %d is open already; number the calls", ErrInvalid, seq)
	}
	if len(m.streams) >= m.cfg.Bounds.Streams {
		m.closeOldestStream()
	}
	m.newStreams++
	s := &stream{n: m.newStreams}
	s.beat.ring = func() {
		m.out.Beats = append(m.out.Beats, seq)
		m.ringAfter(&s.beat, m.cfg.HeartbeatInterval)
	}
	m.streams[seq] = s
	m.ringAfter(&s.beat, m.cfg.HeartbeatInterval)
	return EventsResult{Stream: seq, Snapshot: m.Snapshot(), After: m.emitted, HeartbeatInterval: m.cfg.HeartbeatInterval}, nil
}

func (m *Machine) closeOldestStream() {
	var oldest uint64
	for _, seq := range sortedKeys(m.streams) {
		if oldest == 0 || m.streams[seq].n < m.streams[oldest].n {
			oldest = seq
		}
	}
	m.dropStream(oldest)
	m.out.Ended = append(m.out.Ended, oldest)
}

func (m *Machine) dropStream(seq uint64) {
	m.alarms.stop(&m.streams[seq].beat)
	delete(m.streams, seq)
}

// closeStream follows a reader's end; one that is not open any more was closed here.
func (m *Machine) closeStream(c msg.UnsubscribeEvents) {
	if m.streams[c.Stream] != nil {
		m.dropStream(c.Stream)
	}
}
