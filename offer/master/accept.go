package master

import (
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// accept uses offers (docs/protocol.md §7): the list is checked, the operations are planned in order on what the offers
// hold, and then the plan is carried out as a whole.
func (m *Machine) accept(f *framework, b msg.Accept) error {
	own, first, err := m.readOffers(f, b.Offers)
	if err == nil {
		err = m.boundAccept(b)
	}
	if err != nil {
		m.voidAccept(f, own, b, err)
		return nil
	}
	a := m.agents[first.Agent]
	p := m.newPlan(f, a, first.Role, own)
	for _, op := range b.Operations {
		p.add(op)
	}
	if _, err := m.alloc.Accept(m.now, own, p.ops, p.pool.Used(), b.Filters.Offer()); err != nil {
		m.voidAccept(f, own, b, err)
		return nil
	}
	for _, id := range own {
		m.endOffer(f, id, OfferAccepted, 0)
	}
	a.total = p.total
	for _, s := range p.steps {
		s.do(m, f, a)
	}
	if len(p.ops) > 0 {
		m.emit(AgentUpdated{a.report()})
	}
	return nil
}

// readOffers checks a list of offers. It returns those of f that are outstanding, also with an error, and the first of
// the list.
func (m *Machine) readOffers(f *framework, list []msg.OfferID) (own []offer.OfferID, first offer.Offer, err error) {
	note := func(e error) {
		if err == nil {
			err = e
		}
	}
	if len(list) == 0 {
		note(fmt.Errorf("%w: no offers named", ErrInvalid))
	}
	seen := map[msg.OfferID]bool{}
	for _, id := range list {
		if seen[id] {
			note(fmt.Errorf("%w: offer %s is named twice", ErrInvalid, id))
			continue
		}
		seen[id] = true
		n, ok := m.ownOffer(f, id)
		if !ok {
			note(fmt.Errorf("%w: offer %q is not out, or not with this framework", ErrInvalid, id))
			continue
		}
		o, _ := m.alloc.Outstanding(n)
		if len(own) == 0 {
			first = o
		}
		own = append(own, n)
		if o.Role != first.Role || o.Agent != first.Agent {
			note(fmt.Errorf("%w: offers %s and %s differ in role or agent", ErrInvalid, m.wireOffer(first.ID), id))
		}
	}
	return own, first, err
}

// ownOffer reads an offer id and reports whether that offer is out with f.
func (m *Machine) ownOffer(f *framework, id msg.OfferID) (offer.OfferID, bool) {
	n, ok := m.parseOffer(id)
	if !ok || !f.holds(n) {
		return 0, false
	}
	_, out := m.alloc.Outstanding(n)
	return n, out
}

func (m *Machine) boundAccept(b msg.Accept) error {
	if len(b.Operations) > m.cfg.Bounds.OperationsPerAccept {
		return fmt.Errorf("%w: %d operations in one accept, %d are allowed", ErrBound, len(b.Operations), m.cfg.Bounds.OperationsPerAccept)
	}
	tasks := 0
	for _, op := range b.Operations {
		tasks += len(op.Tasks())
	}
	if tasks > m.cfg.Bounds.TasksPerAccept {
		return fmt.Errorf("%w: %d tasks in one accept, %d are allowed", ErrBound, tasks, m.cfg.Bounds.TasksPerAccept)
	}
	return nil
}

// voidAccept answers an accept whose list is invalid: the framework's own offers of the list go back without a filter,
// its tasks are dropped.
func (m *Machine) voidAccept(f *framework, own []offer.OfferID, b msg.Accept, why error) {
	if len(own) > 0 {
		m.must(m.alloc.Withdraw(m.now, own...))
	}
	for _, id := range own {
		m.endOffer(f, id, OfferDiscarded, 0)
	}
	for _, op := range b.Operations {
		for _, t := range op.Tasks() {
			s := m.refusal(t, msg.TaskDropped.For(f.info.Capabilities), msg.ReasonInvalidOffers, why)
			m.toFramework(f, msg.Update{Status: s})
			m.emit(TaskRefused{Framework: f.info.ID, Status: s})
		}
		if c, ok := op.Do.(msg.Change); ok {
			m.refuseOperation(f, "", op.ID, why)
			m.emit(OperationRefused{Framework: f.info.ID, ID: op.ID, Op: c.Op, Why: why.Error()})
		}
	}
}

// refusal is the status of a task that does not get into the books.
func (m *Machine) refusal(t msg.TaskInfo, s msg.TaskState, reason msg.Reason, why error) msg.TaskStatus {
	return msg.TaskStatus{Task: t.ID, Agent: t.Agent, State: s, Source: msg.SourceMaster, Reason: reason, Message: why.Error(), Time: m.now}
}

// decline gives offers back; ids that are not out are ignored.
func (m *Machine) decline(f *framework, b msg.Decline) error {
	var own []offer.OfferID
	seen := map[offer.OfferID]bool{}
	for _, id := range b.Offers {
		if n, ok := m.ownOffer(f, id); ok && !seen[n] {
			seen[n] = true
			own = append(own, n)
		}
	}
	if len(own) == 0 {
		return nil
	}
	if err := m.alloc.Decline(m.now, b.Filters.Offer(), own...); err != nil {
		return err
	}
	for _, id := range own {
		m.endOffer(f, id, OfferDeclined, 0)
	}
	return nil
}

// revive clears filters and suppression (docs/protocol.md §6).
func (m *Machine) revive(f *framework, b msg.Revive) error {
	if err := heldRoles(f, b.Roles); err != nil {
		return err
	}
	return m.alloc.Revive(m.now, f.info.ID, b.Roles...)
}

// suppress asks for no offers.
func (m *Machine) suppress(f *framework, b msg.Suppress) error {
	if err := heldRoles(f, b.Roles); err != nil {
		return err
	}
	return m.alloc.Suppress(m.now, f.info.ID, b.Roles...)
}

// heldRoles voids a call that names a role which the framework does not hold.
func heldRoles(f *framework, named []role.Name) error {
	for _, r := range named {
		if !slices.Contains(f.info.Roles, r) {
			return fmt.Errorf("%w: framework %s is not subscribed to role %q", ErrInvalid, f.info.ID, r)
		}
	}
	return nil
}
