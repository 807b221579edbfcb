package agent

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/proffer-go/proffer/internal/scratch"
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// outcome is how an operation with an id ended, told until that is acknowledged (docs/protocol.md §14). One operation has one
// status only, so there is no stream behind it. It is recorded, whatever the framework says of checkpoints: the total that it
// made is recorded too.
type outcome struct {
	msg.OperationReport
	wait  time.Duration // until it is told again; doubles
	retry *timer
}

func operationKey(u msg.UUID) string { return recordKey(keyOperation, u.String()) }

// capabilities are told at each registration.
func capabilities() msg.AgentCapabilities {
	return msg.AgentCapabilities{ResourceProvider: true, OperationFeedback: true, TaskResourceLimits: true}
}

// conclude makes the outcome of an operation with an id. It is not recorded yet.
func (m *Machine) conclude(r msg.OperationReport, s msg.OperationState, why string) *outcome {
	m.counters.outcomes++
	r.Status.State, r.Status.Message, r.Status.Agent = s, why, m.id
	r.Status.UUID = msg.DeriveUUID(m.cfg.Entropy, "outcome "+r.UUID.String(), m.counters.outcomes)
	return m.bookOutcome(r)
}

func (m *Machine) bookOutcome(r msg.OperationReport) *outcome {
	o := &outcome{OperationReport: r, wait: m.cfg.Timeouts.UpdateRetry}
	o.retry = m.timers.timer(func() { m.retell(o) })
	m.outcomes[r.UUID] = o
	return o
}

// keepOutcome records an outcome. Its message may have no written form: then it goes without.
func (m *Machine) keepOutcome(o *outcome) {
	if m.record(operationKey(o.UUID), msg.KeptOperation{Report: o.OperationReport}) != nil {
		o.Status.Message = ""
		m.must(operationKey(o.UUID), msg.KeptOperation{Report: o.OperationReport})
	}
}

// tell tells an outcome for the first time, or anew after a pause.
func (m *Machine) tell(o *outcome) {
	o.wait = m.cfg.Timeouts.UpdateRetry
	m.sendOutcome(o)
}

// retell repeats an outcome that nobody acknowledged, after a time that doubles.
func (m *Machine) retell(o *outcome) {
	o.wait = min(msg.Times(o.wait, 2), m.cfg.Timeouts.UpdateRetryCap)
	m.sendOutcome(o)
}

func (m *Machine) sendOutcome(o *outcome) {
	if !m.master.registered {
		return
	}
	m.send(m.master.link, o.message())
	m.timers.set(o.retry, m.now.Add(o.wait))
}

func (o *outcome) message() msg.OperationUpdate {
	u := msg.OperationUpdate{UUID: o.UUID, Status: o.Status}
	if o.Status.State != msg.OperationFinished {
		u.Error = o.Status.Message
		if u.Error == "" {
			u.Error = o.Status.State.String()
		}
	}
	return u
}

func sortedUUIDs[V any](m map[msg.UUID]V) []msg.UUID {
	return slices.SortedFunc(maps.Keys(m), compareUUIDs)
}

func compareUUIDs(a, b msg.UUID) int { return bytes.Compare(a[:], b[:]) }

func (m *Machine) sortedOutcomes() []*outcome {
	var all []*outcome
	for _, u := range sortedUUIDs(m.outcomes) {
		all = append(all, m.outcomes[u])
	}
	return all
}

// pauseOutcomes stops all repeating while there is no master to hear it.
func (m *Machine) pauseOutcomes() {
	for _, o := range m.sortedOutcomes() {
		m.timers.stop(o.retry)
	}
}

// resumeOutcomes tells all at once, or one framework's to its new scheduler.
func (m *Machine) resumeOutcomes(only offer.FrameworkID) {
	for _, o := range m.sortedOutcomes() {
		if only == "" || o.Framework == only {
			m.tell(o)
		}
	}
}

// operationAcked forgets an outcome. An agent that is not admitted ignores it: it has just reported it (docs/protocol.md §4.1).
func (m *Machine) operationAcked(a msg.AckOperation) {
	o := m.outcomes[a.UUID]
	if !m.master.registered || o == nil || o.Status.UUID != a.Status {
		return
	}
	m.timers.stop(o.retry)
	delete(m.outcomes, a.UUID)
	if m.lastOutcome == o {
		m.lastOutcome = nil
		m.keepTotal()
	}
	m.unrecord(operationKey(a.UUID))
}

// Operations lists the operations with an id that are under way or not acknowledged.
func (m *Machine) Operations() []msg.OperationReport {
	var out []msg.OperationReport
	for _, o := range m.sortedOutcomes() {
		out = append(out, o.OperationReport)
	}
	for _, o := range m.ops {
		if o.call.ID != "" {
			out = append(out, o.report(m.id))
		}
	}
	return out
}

func (o *operation) report(a offer.AgentID) msg.OperationReport {
	return msg.OperationReport{UUID: o.call.UUID, Framework: o.call.Framework, Op: o.call.Op,
		Status: msg.OperationStatus{Operation: o.call.ID, State: msg.OperationPending, Agent: a}}
}

// reconcileOperations answers DROPPED for each operation that the master asks for and that is not here: it did not arrive, or
// ended with a former run of the agent before it was done (docs/protocol.md §14).
func (m *Machine) reconcileOperations(asked []msg.OperationReport) {
	here := map[msg.UUID]bool{}
	for _, o := range m.ops {
		here[o.call.UUID] = true
	}
	for _, r := range asked {
		if here[r.UUID] || m.outcomes[r.UUID] != nil {
			continue
		}
		o := m.conclude(r, msg.OperationDropped, "the agent does not have it")
		m.keepOutcome(o)
		m.tell(o)
	}
}

// checkAsked refuses a question that is malformed or too long, before anything is answered.
func (m *Machine) checkAsked(asked []msg.OperationReport) error {
	if n := len(asked) + len(m.ops) + len(m.outcomes); len(asked) > 0 && n > m.cfg.Bounds.Operations {
		return fmt.Errorf("%w: %d operations; %d are allowed", ErrBound, n, m.cfg.Bounds.Operations)
	}
	for _, r := range asked {
		if r.UUID.IsZero() {
			return fmt.Errorf("%w: a question about an operation without a name", ErrMalformed)
		}
		if err := m.writable(msg.KeptOperation{Report: r}); err != nil {
			return fmt.Errorf("operation %v: %w", r.UUID, err)
		}
	}
	return nil
}

// restoreOutcomes books what the former run had not heard acknowledged.
func (m *Machine) restoreOutcomes(c checkpoint) {
	for _, k := range c.operations {
		m.bookOutcome(k.Report)
	}
	last := c.last
	if last == nil {
		return
	}
	o := m.outcomes[last.Report.UUID]
	if o == nil { // the total was written, its own record was not
		o = m.bookOutcome(last.Report)
		m.keepOutcome(o)
	}
	m.lastOutcome = o
}

// checkOutcomes sees that every outcome is told while there is somebody to hear it.
func (m *checker) checkOutcomes() error {
	m.lists.outcomes = scratch.Entries(m.lists.outcomes, m.outcomes, m.ordered, compareUUIDs)
	for _, e := range m.lists.outcomes {
		u, o := e.Key, e.Value
		switch {
		case o.UUID != u || u.IsZero():
			return broken("outcome of operation %v is filed under %v", o.UUID, u)
		case o.Status.UUID.IsZero() || !o.Status.State.Terminal():
			return broken("outcome of operation %v: %v, with a uuid %v", u, o.Status.State, !o.Status.UUID.IsZero())
		case o.retry.on() != m.master.registered:
			return broken("outcome of operation %v: retry timer %v, registered %v", u, o.retry.on(), m.master.registered)
		}
	}
	for _, o := range m.ops {
		if m.outcomes[o.call.UUID] != nil {
			return broken("operation %v waits and has ended", o.call.UUID)
		}
	}
	if l := m.lastOutcome; l != nil && m.outcomes[l.UUID] != l {
		return broken("the total's operation %v is acknowledged", l.UUID)
	}
	if n := len(m.ops) + len(m.outcomes); n > m.cfg.Bounds.Operations {
		return broken("%d operations; %d are allowed", n, m.cfg.Bounds.Operations)
	}
	return nil
}
