package master

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// adoptOrphans is how long operations wait for the framework that they are of (docs/protocol.md §14, §18).
const adoptOrphans = 10 * time.Minute

// operation is an operation with an id at a registered agent, until its end is acknowledged (docs/protocol.md §14). Its
// report is what the framework was told last. An agent that leaves the registered ones takes its operations along: where it
// is then answers for them (§12), and it lists them when it returns.
type operation struct {
	msg.OperationReport
	named bool  // its framework finds it by its id; not, if that has given the id to another one
	alone alarm // set while its framework is not in the books; when it rings, this master adopts it
	ours  bool  // adopted: this master acknowledges it
}

func (o *operation) row() OperationReport {
	s := o.Status
	return OperationReport{UUID: o.UUID, Agent: s.Agent, Framework: o.Framework, Op: o.Op, ID: s.Operation, State: s.State,
		Message: s.Message, Unacknowledged: !s.UUID.IsZero()}
}

// track puts an operation with an id into an agent's books, as one of its framework if that is known.
func (m *Machine) track(a *agent, r msg.OperationReport) {
	r.Status.Agent = a.info.ID
	o := &operation{OperationReport: r}
	o.alone.ring = func() { m.adoptOperation(a, o) }
	a.ops[r.UUID] = o
	m.emit(OperationAdded{o.row()})
	if f := m.frameworks[r.Framework]; f != nil {
		m.nameOperation(f, o)
		return
	}
	m.orphanOperation(o)
}

func (m *Machine) nameOperation(f *framework, o *operation) {
	if f.ops[o.Status.Operation] == nil {
		f.ops[o.Status.Operation], o.named = o, true
	}
}

// orphanOperation lets an operation wait for its framework.
func (m *Machine) orphanOperation(o *operation) {
	o.named = false
	m.orphans[o.Framework]++
	m.ringAfter(&o.alone, adoptOrphans)
}

// adoptOperation takes an operation whose framework did not come: its end is acknowledged, now or when it is told.
func (m *Machine) adoptOperation(a *agent, o *operation) {
	m.notAlone(o)
	o.ours = true
	m.ackOurs(a, o)
}

// notAlone ends an operation's wait for its framework.
func (m *Machine) notAlone(o *operation) {
	m.alarms.stop(&o.alone)
	if m.orphans[o.Framework]--; m.orphans[o.Framework] == 0 {
		delete(m.orphans, o.Framework)
	}
}

func (m *Machine) ackOurs(a *agent, o *operation) {
	if a.link == nil || !o.Status.State.Terminal() {
		return // the agent will tell it again
	}
	if !o.Status.UUID.IsZero() {
		m.toAgent(a, msg.AckOperation{UUID: o.UUID, Status: o.Status.UUID})
	}
	m.untrack(a, o)
}

// untrack takes an operation out of the books.
func (m *Machine) untrack(a *agent, o *operation) {
	delete(a.ops, o.UUID)
	m.emit(OperationRemoved{o.row()})
	m.perhapsDrained(a)
	switch {
	case o.named:
		m.unname(o)
	case m.frameworks[o.Framework] == nil && !o.ours:
		m.notAlone(o)
	}
}

// unname takes an operation's id from its framework: it is free again.
func (m *Machine) unname(o *operation) {
	o.named = false
	delete(m.frameworks[o.Framework].ops, o.Status.Operation)
}

// claimOperations gives a framework that came into the books what agents have of it.
func (m *Machine) claimOperations(f *framework) {
	if m.orphans[f.info.ID] == 0 {
		return
	}
	for _, a := range sortedAgents(m.agents) {
		for _, o := range a.sortedOps() {
			if o.Framework == f.info.ID && o.alone.isSet() {
				m.notAlone(o)
				m.nameOperation(f, o)
			}
		}
	}
}

// leaveOperations makes orphans of what agents have of a framework that leaves the books.
func (m *Machine) leaveOperations(a *agent, f *framework) {
	for _, o := range a.sortedOps() {
		if o.Framework == f.info.ID {
			m.orphanOperation(o)
		}
	}
}

// dropOperations takes all operations of an agent that leaves the registered ones out of the books, and tells frameworks
// of those that are not over.
func (m *Machine) dropOperations(a *agent, s msg.OperationState, why string) {
	m.dropPending(a)
	for _, o := range a.sortedOps() {
		if !o.Status.State.Terminal() {
			o.Status = msg.OperationStatus{Operation: o.Status.Operation, State: s, Message: why, Agent: a.info.ID}
			if f := m.frameworks[o.Framework]; f != nil {
				m.tellOperation(f, o.Status)
			}
		}
		m.untrack(a, o)
	}
}

// tellOperation sends a status.
func (m *Machine) tellOperation(f *framework, s msg.OperationStatus) {
	m.toFramework(f, msg.UpdateOperation{Status: s})
}

// refuseOperation answers an operation with an id that did not get into the books.
func (m *Machine) refuseOperation(f *framework, a offer.AgentID, id msg.OperationID, why error) {
	if id != "" {
		m.tellOperation(f, msg.OperationStatus{Operation: id, State: msg.OperationError, Message: why.Error(), Agent: a})
	}
}

// feedback takes what an agent tells of an operation with an id, and passes it on. One that is not in the books was
// acknowledged, and the acknowledgement is on its way.
func (m *Machine) feedback(a *agent, b msg.OperationUpdate) {
	o := a.ops[b.UUID]
	if o == nil {
		return
	}
	s := b.Status
	if s.UUID.IsZero() { // said once: the agent keeps nothing of it
		s.State = outcome(b.Error)
	}
	s.Operation, s.Agent, s.Message = o.Status.Operation, a.info.ID, msg.CutText(cmp.Or(s.Message, b.Error), m.cfg.Bounds.Text)
	changed := o.Status != s
	o.Status = s
	if changed {
		m.emit(OperationUpdated{o.row()})
	}
	if f := m.frameworks[o.Framework]; f != nil && !o.ours {
		m.tellOperation(f, s)
	}
	switch {
	case o.ours:
		m.ackOurs(a, o)
	case s.UUID.IsZero():
		m.untrack(a, o)
	}
}

// acknowledgeOperation passes an acknowledgement on to the agent; the operation leaves the books with it. Where the agent
// cannot hear it, it will tell the status again.
func (m *Machine) acknowledgeOperation(f *framework, b msg.AcknowledgeOperation) error {
	if b.UUID.IsZero() {
		return fmt.Errorf("%w: acknowledgement of operation %q without a uuid; such a status is not acknowledged", ErrInvalid, b.Operation)
	}
	a := m.agents[b.Agent]
	if a == nil || a.link == nil {
		return nil
	}
	o := a.operationOf(f, b.Operation, b.UUID)
	if o == nil {
		return nil
	}
	m.toAgent(a, msg.AckOperation{UUID: o.UUID, Status: b.UUID})
	m.untrack(a, o)
	return nil
}

// operationOf finds the operation of f that this status is of; only one whose id was given away takes a search.
func (a *agent) operationOf(f *framework, id msg.OperationID, status msg.UUID) *operation {
	is := func(o *operation) bool {
		return o.Framework == f.info.ID && o.Status.Operation == id && o.Status.UUID == status && a.ops[o.UUID] == o
	}
	if o := f.ops[id]; o != nil && is(o) {
		return o
	}
	for _, o := range a.sortedOps() {
		if is(o) {
			return o
		}
	}
	return nil
}

func (a *agent) sortedOps() []*operation { return sortedValues(a.ops, compareUUIDs) }

func compareUUIDs(a, b msg.UUID) int { return slices.Compare(a[:], b[:]) }

// reconcileOperations tells the states of operations, each once and without a uuid (docs/protocol.md §12): of all that are
// in the books, or of those that the call names.
func (m *Machine) reconcileOperations(f *framework, b msg.ReconcileOperations) error {
	if n, most := len(b.Operations), m.cfg.Bounds.Tasks; n > most {
		return fmt.Errorf("%w: reconciliation of %d operations, %d are allowed", ErrBound, n, most)
	}
	for _, r := range b.Operations {
		if err := msg.ValidateID("operation", string(r.Operation)); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	refs := b.Operations
	if len(refs) == 0 {
		for _, id := range slices.Sorted(maps.Keys(f.ops)) {
			refs = append(refs, msg.OperationRef{Operation: id})
		}
	}
	for _, r := range refs {
		m.tellOperation(f, m.operationState(f, r))
	}
	return nil
}

// operationState answers for one operation.
func (m *Machine) operationState(f *framework, r msg.OperationRef) msg.OperationStatus {
	if o := f.ops[r.Operation]; o != nil {
		s := o.Status
		s.UUID = msg.UUID{}
		return s
	}
	s := msg.OperationStatus{Operation: r.Operation, State: msg.OperationUnknown, Message: "not in the master's books", Agent: r.Agent}
	switch m.whereIs(r.Agent) {
	case agentRecovered:
		s.State, s.Message = msg.OperationRecovering, "its agent is not back yet; ask again"
	case agentUnreachable:
		s.State, s.Message = msg.OperationUnreachable, "its agent is out of contact"
	case agentGone:
		s.State, s.Message = msg.OperationGoneByOperator, goneText
	}
	return s
}

// readOperations checks the operations of an agent's report.
func (m *Machine) readOperations(r *agentReport, list []msg.OperationReport) error {
	if len(list) > m.cfg.Bounds.PendingOperations {
		return fmt.Errorf("%w: %d operations; raise Bounds.PendingOperations", ErrBound, len(list))
	}
	for _, o := range list {
		if err := m.readOperation(r, o); err != nil {
			return err
		}
	}
	return nil
}

// readOperation checks one operation of an agent's report.
func (m *Machine) readOperation(r *agentReport, o msg.OperationReport) error {
	if err := errors.Join(msg.ValidateID("operation", string(o.Status.Operation)), msg.ValidateID("framework", string(o.Framework))); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	switch o.Status.State {
	case msg.OperationPending, msg.OperationFinished, msg.OperationFailed, msg.OperationDropped:
	default:
		return fmt.Errorf("%w: operation %q is %s; only masters say so", ErrInvalid, o.Status.Operation, o.Status.State)
	}
	if o.Status.State.Terminal() == o.Status.UUID.IsZero() {
		return fmt.Errorf("%w: operation %q is %s, with a uuid %t", ErrInvalid, o.Status.Operation, o.Status.State, !o.Status.UUID.IsZero())
	}
	if _, twice := r.ops[o.UUID]; twice || o.UUID.IsZero() {
		return fmt.Errorf("%w: operation %q has no name, or one that is listed twice", ErrInvalid, o.Status.Operation)
	}
	o.Status.Message = msg.CutText(o.Status.Message, m.cfg.Bounds.Text)
	r.ops[o.UUID] = o
	return nil
}

// boundOperations bounds what an agent's books will hold: the operations of its report, and those it is asked about.
func (m *Machine) boundOperations(a *agent, r *agentReport) error {
	n := len(r.ops)
	for _, o := range a.sortedOps() {
		if _, listed := r.ops[o.UUID]; !listed && !o.Status.State.Terminal() {
			n++
		}
	}
	if n > m.cfg.Bounds.PendingOperations {
		return fmt.Errorf("%w: agent %s would have %d operations; raise Bounds.PendingOperations", ErrBound, r.info.ID, n)
	}
	return nil
}

// matchOperations brings the operations of the books to those of a report. Ones that are not listed leave the books if they
// are over, for nobody will acknowledge them; the agent is asked about the others, and says DROPPED of what it does not have.
func (m *Machine) matchOperations(a *agent, r *agentReport) (missing []msg.OperationReport) {
	for _, o := range a.sortedOps() {
		switch _, listed := r.ops[o.UUID]; {
		case listed:
		case o.Status.State.Terminal():
			m.untrack(a, o)
		default:
			missing = append(missing, o.OperationReport)
		}
	}
	for _, u := range slices.SortedFunc(maps.Keys(r.ops), compareUUIDs) {
		if a.ops[u] == nil {
			m.track(a, r.ops[u])
		}
	}
	return missing
}

// keepsNames refuses a report by the link that pending operations went out on, if it gives one without an id as one that has
// one.
func (a *agent) keepsNames(r *agentReport) error {
	for _, p := range a.pending {
		if o, listed := r.ops[p.uuid]; listed && a.ops[p.uuid] == nil {
			return fmt.Errorf("%w: operation %q has the name of one without an id that is under way", ErrInvalid, o.Status.Operation)
		}
	}
	return nil
}

// mayTrack checks the id of an operation before it is applied (docs/protocol.md §14).
func (p *plan) mayTrack(id msg.OperationID) error {
	if id == "" {
		return nil
	}
	if err := msg.ValidateID("operation", string(id)); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	switch {
	case !p.a.capabilities.Feedback():
		return fmt.Errorf("%w: operation %q has an id, and agent %s gives no feedback", ErrInvalid, id, p.a.info.ID)
	case p.f.ops[id] != nil || p.ids[id]:
		return fmt.Errorf("%w: operation id %q is in use", ErrInvalid, id)
	}
	return nil
}

// setHint passes on what a framework could use in a role (docs/allocation.md §8).
func (m *Machine) setHint(f *framework, b msg.SetHint) error {
	if err := heldRoles(f, []role.Name{b.Role}); err != nil {
		return err
	}
	if b.Hint != nil && b.Hint.Unit.Len() > m.cfg.Bounds.Resources {
		return fmt.Errorf("%w: a hint of %d resources, %d are allowed", ErrBound, b.Hint.Unit.Len(), m.cfg.Bounds.Resources)
	}
	if err := m.alloc.SetHint(m.now, f.info.ID, b.Role, b.Hint); err != nil {
		return err
	}
	f.hinted = true
	return nil
}

// forgetHints takes back what an earlier scheduler of f said: the one that comes says it itself.
func (m *Machine) forgetHints(f *framework) {
	if !f.hinted {
		return
	}
	for _, r := range f.info.Roles {
		m.must(m.alloc.SetHint(m.now, f.info.ID, r, nil))
	}
	f.hinted = false
}
