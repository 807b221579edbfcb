package scenario

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// place is a framework, in a role, on an agent.
type place struct {
	framework offer.FrameworkID
	role      role.Name
	agent     offer.AgentID
}

func (p place) allocation() offer.Allocation {
	return offer.Allocation{Framework: p.framework, Role: p.role, Agent: p.agent}
}

func comparePlaces(a, b place) int {
	return cmp.Or(cmp.Compare(a.framework, b.framework), cmp.Compare(a.role, b.role), cmp.Compare(a.agent, b.agent))
}

// holding is what is held at a place.
type holding struct {
	open resource.Resources // offered, not answered
	used resource.Resources
	ids  []offer.OfferID // of open; none where offers are booked as used when they are made
}

// held is all of it.
func (h *holding) held() resource.Resources { return h.open.Add(h.used) }

// holding returns what is held at p, made empty if need be.
func (r *Replay) holding(p place) *holding {
	h, ok := r.ledger[p]
	if !ok {
		h = &holding{}
		r.ledger[p] = h
	}
	return h
}

// tidy forgets a place where nothing is held.
func (r *Replay) tidy(p place) {
	if h, ok := r.ledger[p]; ok && h.open.IsEmpty() && h.used.IsEmpty() {
		delete(r.ledger, p)
	}
}

// places lists where something is held, sorted.
func (r *Replay) places() []place { return slices.SortedFunc(maps.Keys(r.ledger), comparePlaces) }

// enter books a new offer.
func (r *Replay) enter(o offer.Offer) error {
	h := r.holding(place{o.Framework, o.Role, o.Agent})
	h.open = h.open.Add(o.Resources)
	if r.cfg.Rules.Rescind {
		h.ids = append(h.ids, o.ID)
		return nil
	}
	_, err := r.a.Accept(r.now, []offer.OfferID{o.ID}, nil, o.Resources, offer.Filter{})
	return err
}

// current is holding, without the offers that the allocator took back meanwhile.
func (r *Replay) current(p place) *holding {
	h := r.holding(p)
	isOut := func(id offer.OfferID) bool {
		_, out := r.a.Outstanding(id)
		return out
	}
	if out := slices.DeleteFunc(slices.Clone(h.ids), func(id offer.OfferID) bool { return !isOut(id) }); len(out) < len(h.ids) {
		h.ids, h.open = out, r.sum(out)
	}
	return h
}

// sum adds up outstanding offers.
func (r *Replay) sum(ids []offer.OfferID) (all resource.Resources) {
	for _, id := range ids {
		if o, ok := r.a.Outstanding(id); ok {
			all = all.Add(o.Resources)
		}
	}
	return all
}

// common is what a and b both hold.
func common(a, b resource.Resources) resource.Resources { return a.SubSaturating(a.SubSaturating(b)) }

// answered returns the outstanding offers that an answer about res is to: one that is just that, or all of the place.
func (r *Replay) answered(h *holding, res resource.Resources) []offer.OfferID {
	for _, id := range h.ids {
		if o, ok := r.a.Outstanding(id); ok && o.Resources.Equal(res) {
			return []offer.OfferID{id}
		}
	}
	return slices.Clone(h.ids)
}

// use turns outstanding offers into use but for part, which is given back under f.
func (r *Replay) use(h *holding, ids []offer.OfferID, part resource.Resources, f offer.Filter) error {
	all := r.sum(ids)
	rest := all.SubSaturating(part)
	if rest.IsEmpty() {
		if err := r.a.Decline(r.now, f, ids...); err != nil {
			return err
		}
	} else if _, err := r.a.Accept(r.now, ids, nil, rest, f); err != nil {
		return err
	}
	h.ids = without(h.ids, ids)
	h.open = h.open.SubSaturating(all)
	h.used = h.used.Add(rest)
	return nil
}

// without returns a new list of the ids that are not in gone.
func without(ids, gone []offer.OfferID) []offer.OfferID {
	return slices.DeleteFunc(slices.Clone(ids), func(id offer.OfferID) bool { return slices.Contains(gone, id) })
}

// recover gives res back, of what is offered first, then of what is used; what is not held there is nobody's loss.
// The refusal covers all of res.
func (r *Replay) recover(p place, res resource.Resources, f offer.Filter) error {
	res = res.Unallocate()
	h := r.current(p)
	defer r.tidy(p)
	if part := common(res, h.open); len(h.ids) > 0 && !part.IsEmpty() {
		if err := r.use(h, r.answered(h, part), part, f); err != nil {
			return err
		}
		if res = res.SubSaturating(part); res.IsEmpty() {
			return nil
		}
	}
	if part := common(res, h.held()); !part.IsEmpty() {
		if err := r.a.Release(r.now, p.allocation(), part); err != nil {
			return err
		}
		open := common(part, h.open)
		h.open = h.open.SubSaturating(open)
		h.used = h.used.SubSaturating(part.SubSaturating(open))
	}
	if f.Refuse == 0 {
		return nil
	}
	if err := r.a.Refuse(r.now, p.allocation(), res, f); !isGone(err) {
		return err
	}
	return nil
}

// declineAll gives back the outstanding offers that the step names.
func (r *Replay) declineAll(s *Step) error {
	if r.cfg.Reference && s.Expanded != nil {
		return r.doAll(s.Expanded, &Result{}) // recovers: none is refused, they fail or not
	}
	for _, p := range r.places() {
		if s.Framework != "" && s.Framework != p.framework || s.Role != "" && s.Role != p.role || s.Agent != "" && s.Agent != p.agent {
			continue
		}
		h := r.current(p)
		r.tidy(p)
		if h.open.IsEmpty() {
			continue
		}
		if err := r.recover(p, h.open, s.Refuse); err != nil {
			return fmt.Errorf("offers of agent %q to framework %q, role %q: %w", p.agent, p.framework, p.role, err)
		}
	}
	return nil
}

// transition makes offered resources used ones. The other resources of an offer that it is part of become used as well.
func (r *Replay) transition(p place, res resource.Resources) error {
	h := r.current(p)
	defer r.tidy(p)
	part := common(res.Unallocate(), h.open)
	if part.IsEmpty() {
		return nil
	}
	if len(h.ids) > 0 {
		return r.use(h, r.answered(h, part), resource.Resources{}, offer.Filter{})
	}
	h.open = h.open.SubSaturating(part)
	h.used = h.used.Add(part)
	return nil
}
