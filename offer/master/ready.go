package master

import (
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
)

// Ready is what a Machine wants done. The slices belong to the caller, who hands the same Ready in again to reuse them. The
// fields may be carried out in any order: what has to wait for a commit is not in it before that commit was answered.
type Ready struct {
	// Sends go out per link in this order; links are independent of each other. A link that is down or full loses them.
	Sends []msg.Envelope
	// Closes are hung up after the Sends on that link; the LinkDown of each is stepped in as usual.
	Closes []msg.Link
	// Answers go to whoever stepped the Operate with the same Seq.
	Answers []Answer
	// Commits are written to the registry; each is answered by a msg.Committed of its Seq. There is one under way at a time.
	Commits []registry.Commit
	// Resign, once set, stays: this master leads no longer and sends nothing more. Its host ends every link and every operator's
	// stream.
	Resign error
	// Events tell what changed: the complete delta of Snapshot, in order, numbered from FirstEvent. They may be dropped.
	Events     []Event
	FirstEvent uint64
	// Beats are operators' streams that get a heartbeat, and Ended those that are closed because there are too many. A stream
	// gets the events after EventsResult.After.
	Beats, Ended []uint64
}

// Ready moves the pending effects into rd and reports whether there are any. rd's former content is dropped.
func (m *Machine) Ready(rd *Ready) bool {
	rd.Sends = move(rd.Sends, &m.out.Sends)
	rd.Closes = move(rd.Closes, &m.out.Closes)
	rd.Answers = move(rd.Answers, &m.out.Answers)
	rd.Events = move(rd.Events, &m.out.Events)
	rd.Commits = move(rd.Commits, &m.out.Commits)
	rd.Beats = move(rd.Beats, &m.out.Beats)
	rd.Ended = move(rd.Ended, &m.out.Ended)
	rd.FirstEvent = m.emitted - uint64(len(rd.Events)) + 1
	news := m.out.Resign != nil
	m.out.Resign, rd.Resign = nil, m.resigned
	return news || len(rd.Sends)+len(rd.Closes)+len(rd.Answers)+len(rd.Events)+len(rd.Commits)+len(rd.Beats)+len(rd.Ended) > 0
}

// move swaps the two slices, so that both sides keep their memory.
func move[T any](to []T, from *[]T) []T {
	clear(to)
	to, *from = *from, to[:0]
	return to
}

func (m *Machine) send(l msg.Link, body msg.Message) {
	if m.phase == phaseResigned {
		return
	}
	m.out.Sends = append(m.out.Sends, msg.Envelope{Link: l, Body: body})
}

func (m *Machine) answer(seq uint64, err error) {
	m.out.Answers = append(m.out.Answers, Answer{Seq: seq, Err: err})
}

func (m *Machine) emit(e Event) {
	m.emitted++
	m.out.Events = append(m.out.Events, e)
}
