package master

import "github.com/proffer-go/proffer/offer/msg"

// Ready is what a Machine wants done. The slices belong to the caller, who hands the same Ready in again to reuse them.
type Ready struct {
	// Sends go out per link in this order; links are independent of each other. A link that is down or full loses them.
	Sends []msg.Envelope
	// Closes are hung up after the Sends on that link; the LinkDown of each is stepped in as usual.
	Closes []msg.Link
	// Answers go to whoever stepped the Operate with the same Seq.
	Answers []msg.Answer
	// Events tell what changed: the complete delta of Snapshot, in order. They may be dropped.
	Events []Event
}

// Ready moves the pending effects into rd and reports whether there are any. rd's former content is dropped.
func (m *Machine) Ready(rd *Ready) bool {
	rd.Sends = move(rd.Sends, &m.out.Sends)
	rd.Closes = move(rd.Closes, &m.out.Closes)
	rd.Answers = move(rd.Answers, &m.out.Answers)
	rd.Events = move(rd.Events, &m.out.Events)
	return len(rd.Sends)+len(rd.Closes)+len(rd.Answers)+len(rd.Events) > 0
}

// move swaps the two slices, so that both sides keep their memory.
func move[T any](to []T, from *[]T) []T {
	clear(to)
	to, *from = *from, to[:0]
	return to
}

func (m *Machine) send(l msg.Link, body msg.Message) {
	m.out.Sends = append(m.out.Sends, msg.Envelope{Link: l, Body: body})
}

func (m *Machine) answer(seq uint64, err error) {
	m.out.Answers = append(m.out.Answers, msg.Answer{Seq: seq, Err: err})
}

func (m *Machine) emit(e Event) { m.out.Events = append(m.out.Events, e) }
