package agent

import (
	"errors"
	"fmt"
	"strings"

	"github.com/proffer-go/proffer/offer/msg"
)

// Errors of an agent that keeps a checkpoint; it ends with them.
var (
	// ErrCheckpoint: the checkpoint could not be read or written. Nothing that was not written has been announced. Executors
	// of checkpointing frameworks run on: start the agent again when its store works.
	ErrCheckpoint = errors.New("agent: checkpoint failed")
	// ErrIncompatible: the agent is not described as the one that wrote the checkpoint. Describe it as before, or remove the
	// checkpoint: then it is a new agent.
	ErrIncompatible = errors.New("agent: incompatible with its checkpoint")
)

func fault(is error, format string, args ...any) error {
	return fmt.Errorf("%w: %s", is, fmt.Sprintf(format, args...))
}

// journal is how an agent remembers. What a step has written goes to the host as records at once; the effects of that step,
// and of all that follow, are held until those records are durable. So whoever learns anything of an agent learns nothing
// that a crash could undo, and no part of the machine waits for its own records (docs/protocol.md §9, §16.2).
type journal struct {
	restored bool
	asked    uint64 // records so far
	durable  uint64
	held     []held
	size     int    // effects in held
	late     *timer // on while a record is not durable
}

// held are effects that wait for a record.
type held struct {
	after   uint64
	effects Ready
}

// recordKey is the key of what parts name: kinds first, then ids, which have no slash.
func recordKey(parts ...string) string { return strings.Join(parts, "/") }

// record writes k under key before any effect of this step, or of a later one, goes out. Without a checkpoint it does
// nothing. The error, which wraps ErrMalformed, says that k has no written form: nothing was recorded.
//
// Whoever adds a kind of record reads it back in restore.go, and takes care that any first few of a step's records make
// sense without the rest.
func (m *Machine) record(key string, k msg.Kept) error {
	if !m.cfg.Checkpoint {
		return nil
	}
	value, err := written(k)
	if err != nil {
		return err
	}
	m.recordValue(key, value)
	return nil
}

// written is the form of k in the checkpoint.
func written(k msg.Kept) ([]byte, error) {
	b, err := msg.MarshalKept(k)
	if err != nil {
		return nil, fmt.Errorf("%w: it cannot be written down: %w", ErrMalformed, err)
	}
	return b, nil
}

func (m *Machine) recordValue(key string, value []byte) {
	if m.cfg.Checkpoint {
		m.append(Record{Key: key, Value: value})
	}
}

// unrecord takes key away, as record writes it.
func (m *Machine) unrecord(key string) {
	if m.cfg.Checkpoint {
		m.append(Record{Key: key, Delete: true})
	}
}

func (m *Machine) append(r Record) {
	j := &m.journal
	j.asked++
	r.Seq = j.asked
	m.free.Records = append(m.free.Records, r)
	if !j.late.on() {
		m.timers.set(j.late, m.now.Add(m.cfg.Timeouts.Record))
	}
}

// seal ends a step: its effects go out, or wait for the records that were asked for until now.
func (m *Machine) seal() {
	j := &m.journal
	if m.halted {
		j.durable = j.asked
		m.timers.clear()
		m.out = Ready{Closes: m.out.Closes, Events: m.out.Events, Exit: true, Err: m.err}
	}
	if j.durable == j.asked {
		m.release(&m.out)
		return
	}
	n := m.out.size()
	if n == 0 {
		return
	}
	if j.size += n; j.size > m.cfg.Bounds.Held {
		m.halt(fault(ErrCheckpoint, "%v: %d effects wait for it; %d are allowed", ErrBound, j.size, m.cfg.Bounds.Held))
		m.seal()
		return
	}
	if last := len(j.held) - 1; last >= 0 && j.held[last].after == j.asked {
		j.held[last].effects.add(&m.out)
		m.out.reset()
		return
	}
	j.held = append(j.held, held{j.asked, m.out})
	m.out = Ready{}
}

// release gives effects to the host, and leaves none in r.
func (m *Machine) release(r *Ready) {
	if !m.free.any() {
		m.free, *r = *r, m.free
		return
	}
	m.free.add(r)
	r.reset()
}

// recorded lets go what waited for records that are durable now.
func (m *Machine) recorded(in msg.Recorded) error {
	j := &m.journal
	if in.Seq <= j.durable || in.Seq > j.asked {
		return fault(ErrInput, "an answer to record %d; %d to %d are under way", in.Seq, j.durable+1, j.asked)
	}
	if in.Err != nil {
		m.halt(fmt.Errorf("%w: %w", ErrCheckpoint, in.Err))
		return nil
	}
	j.durable = in.Seq
	for len(j.held) > 0 && j.held[0].after <= j.durable {
		j.size -= j.held[0].effects.size()
		m.release(&j.held[0].effects)
		j.held = j.held[1:]
	}
	m.timers.stop(j.late)
	if j.durable < j.asked {
		m.timers.set(j.late, m.now.Add(m.cfg.Timeouts.Record))
	}
	return nil
}

// recording reports whether an agent that has ended still takes in: until its last records are durable.
func (m *Machine) recording(in msg.Input) bool {
	switch in.(type) {
	case msg.Recorded, msg.Tick:
		return m.journal.durable < m.journal.asked
	}
	return false
}

// unanswered ends an agent whose store says nothing.
func (m *Machine) unanswered() {
	m.halt(fault(ErrCheckpoint, "record %d is not durable after %v", m.journal.durable+1, m.cfg.Timeouts.Record))
}

// halt ends the agent at once, as a crash would: executors are told nothing, and what waited for records never goes out, nor
// what the step under way still does.
func (m *Machine) halt(err error) {
	j := &m.journal
	m.out.reset()
	j.held, j.size, j.durable = nil, 0, j.asked
	m.ending, m.halted, m.err = true, true, err
	m.leave(err.Error())
}

// leave ends the machine; nothing is stepped into it any more.
func (m *Machine) leave(text string) {
	for _, l := range sortedKeys(m.links) {
		m.closeLink(l)
	}
	m.unlink(text)
	m.master.dialing = false
	m.gone = true
	m.timers.clear()
	if j := &m.journal; j.durable < j.asked {
		m.timers.set(j.late, m.now.Add(m.cfg.Timeouts.Record))
	}
	m.event(Event{Kind: EventStopped, Text: text})
	m.out.Exit, m.out.Err = true, m.err
}
