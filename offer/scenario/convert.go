package scenario

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// convertAll applies ops in order.
func convertAll(r resource.Resources, ops []reservation.Op) (resource.Resources, error) {
	r = r.Unallocate()
	for i, op := range ops {
		var err error
		if r, err = reservation.Convert(r, op); err != nil {
			return r, fmt.Errorf("operation %d: %w", i, err)
		}
	}
	return r, nil
}

// updateAllocation applies operations to what a framework holds. One that does not fit changes nothing and is told in res.
func (r *Replay) updateAllocation(s *Step, res *Result) error {
	p := place{s.Framework, s.Role, s.Agent}
	resulting, err := convertAll(s.Offered, s.Operations)
	if err == nil {
		err = r.convert(p, s.Offered.Unallocate(), s.Operations)
	}
	if err != nil {
		res.fail(err)
		return nil
	}
	res.Resulting = &resulting
	return nil
}

// convert applies ops to what is held at p, offers of just that first. On an error nothing has changed.
func (r *Replay) convert(p place, offered resource.Resources, ops []reservation.Op) error {
	h := r.current(p)
	defer r.tidy(p)
	if len(h.ids) > 0 && h.open.Contains(offered) {
		return r.accept(h, offered, ops)
	}
	if !h.held().Contains(offered) {
		return fmt.Errorf("%s of %s: %w", offered, h.held(), offer.ErrNotHeld)
	}
	after := holding{open: h.open, used: h.used}
	if len(h.ids) > 0 {
		after = holding{used: h.held()}
	}
	if err := after.rebook(ops); err != nil {
		return err
	}
	if len(h.ids) > 0 { // two calls, of which the second may be refused
		if err := r.useAndConvert(r.a.Fork(), p, ops); err != nil {
			return err
		}
	}
	if err := r.useAndConvert(r.a, p, ops); err != nil {
		return err
	}
	*h = after
	return nil
}

// useAndConvert tells a to turn the outstanding offers of p into use, and to apply ops to all that is used there.
func (r *Replay) useAndConvert(a *offer.Allocator, p place, ops []reservation.Op) error {
	if h := r.ledger[p]; len(h.ids) > 0 {
		if _, err := a.Accept(r.now, h.ids, nil, h.open, offer.Filter{}); err != nil {
			return err
		}
	}
	return a.Convert(r.now, p.allocation(), ops...)
}

// rebook makes the ledger follow a conversion: of what is open where that has all it takes, else of what is used, else of
// both, which then counts as open.
func (h *holding) rebook(ops []reservation.Op) error {
	if open, err := convertAll(h.open, ops); err == nil {
		h.open = open
		return nil
	}
	if used, err := convertAll(h.used, ops); err == nil {
		h.used = used
		return nil
	}
	all, err := convertAll(h.held(), ops)
	if err == nil {
		h.open, h.used = all, resource.Resources{}
	}
	return err
}

// accept answers the outstanding offers of a place with ops; what comes out is used.
func (r *Replay) accept(h *holding, offered resource.Resources, ops []reservation.Op) error {
	ids := r.answered(h, offered)
	all := r.sum(ids)
	after, err := convertAll(all, ops)
	if err != nil {
		return err
	}
	if _, err := r.a.Accept(r.now, ids, ops, after, offer.Filter{}); err != nil {
		return err
	}
	h.ids = without(h.ids, ids)
	h.open = h.open.SubSaturating(all)
	h.used = h.used.Add(after)
	return nil
}

// updateAvailable applies an operator's operations to an agent's unused resources, all or none, and tells the outcome in
// res. Who the operator is does not count: any principal is right.
func (r *Replay) updateAvailable(s *Step, res *Result) {
	ok := true
	res.OK = &ok
	if len(s.Operations) > 1 {
		trial := r.a.Fork()
		for i, op := range s.Operations {
			if err := trial.Operate(r.now, s.Agent, op, nil); err != nil {
				res.fail(fmt.Errorf("operation %d: %w", i, err))
				return
			}
		}
	}
	for _, op := range s.Operations {
		if err := r.a.Operate(r.now, s.Agent, op, nil); err != nil {
			res.fail(err)
			return
		}
	}
}
