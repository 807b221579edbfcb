package master

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
)

// phase is how far a master has come (docs/protocol.md §5).
type phase uint8

const (
	phaseLoading  phase = iota // waits for its registry's contents
	phaseClaiming              // writes its name, which fences whoever led before
	phaseLeading
	phaseResigned
)

// String gives the word for p.
func (p phase) String() string {
	return [...]string{"loading", "claiming", "leading", "resigned"}[p]
}

// change is something that has to be durable before it happens.
type change struct {
	ops  []registry.Op
	then func() // nil: nothing happens here
}

// ledger is the machine's side of its registry: one commit at a time is under way, what comes meanwhile goes into the next
// one together. So it is bounded by who waits: a link, an agent and the operators have one change each.
type ledger struct {
	at      registry.Revision
	seq     uint64
	master  registry.Op // goes with every commit
	flying  []change    // in the commit under way
	waiting []change
	alarm   alarm // set while a commit is under way
}

// Of one commit. One change alone may be larger.
const (
	maxBatchOps   = 4_000
	maxBatchBytes = 8 << 20
)

// durably has ops written, then happens. Nothing happens if this master has to resign before.
func (m *Machine) durably(ops []registry.Op, then func()) {
	m.ledger.waiting = append(m.ledger.waiting, change{ops, then})
}

// pump begins the next commit if there is something to write and none is under way.
func (m *Machine) pump() {
	l := &m.ledger
	if m.phase == phaseResigned || l.alarm.isSet() || len(l.waiting) == 0 {
		return
	}
	n, ops, size := 0, 0, 0
	for n < len(l.waiting) {
		ops += len(l.waiting[n].ops)
		for _, o := range l.waiting[n].ops {
			size += len(o.Key) + len(o.Value)
		}
		if n > 0 && (ops > maxBatchOps || size > maxBatchBytes) {
			break
		}
		n++
	}
	l.flying, l.waiting = l.waiting[:n:n], l.waiting[n:]
	if len(l.waiting) == 0 {
		l.waiting = nil
	}
	l.seq++
	m.out.Commits = append(m.out.Commits, registry.Commit{Seq: l.seq, At: l.at, Ops: l.batch()})
	m.ringAfter(&l.alarm, m.cfg.StoreTimeout)
}

// batch is the operations of the changes under way, and the master's own first. Of a key that is written more than once the
// last one counts.
func (l *ledger) batch() []registry.Op {
	out, place := []registry.Op{l.master}, map[string]int{}
	for _, c := range l.flying {
		for _, o := range c.ops {
			if i, again := place[o.Key]; again {
				out[i] = o
				continue
			}
			place[o.Key] = len(out)
			out = append(out, o)
		}
	}
	return out
}

// committed makes happen what is durable now. Whatever went wrong, this master leads no longer: another one has written, or
// nobody knows what the store holds.
func (m *Machine) committed(in msg.Committed) error {
	l := &m.ledger
	switch {
	case !l.alarm.isSet() || in.Seq != l.seq:
		return fmt.Errorf("%w: an answer to commit %d, which is not under way", ErrInput, in.Seq)
	case in.Err == nil && registry.Revision(in.Revision) <= l.at:
		in.Err = fmt.Errorf("%w: the store answers revision %d after %d", registry.ErrCorrupt, in.Revision, l.at)
	}
	m.alarms.stop(&l.alarm)
	if in.Err != nil {
		m.resign(fmt.Errorf("registry: commit %d: %w", in.Seq, in.Err))
		return nil
	}
	l.at = registry.Revision(in.Revision)
	done := l.flying
	l.flying = nil
	for _, c := range done {
		if c.then != nil && m.phase != phaseResigned {
			c.then()
		}
	}
	return nil
}

// storeLate rings when a commit was not answered in time.
func (m *Machine) storeLate() {
	m.resign(fmt.Errorf("registry: commit %d was not answered in %v", m.ledger.seq, m.cfg.StoreTimeout))
}

// resign ends this master's lead: from here on it says nothing. Operators' calls that wait are answered; whether they took
// effect is known to the next leader.
func (m *Machine) resign(why error) {
	if m.phase == phaseResigned {
		return
	}
	m.phase, m.resigned = phaseResigned, fmt.Errorf("%w: %w", ErrResigned, why)
	m.ledger.flying, m.ledger.waiting, m.out.Commits = nil, nil, nil
	m.out.Sends = m.out.Sends[:0]
	m.out.Resign = m.resigned
	m.alarms.clear()
	for _, c := range m.calls {
		m.answer(c.Seq, m.resigned)
	}
	m.calls = nil
}
