package simulate

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/host"
)

// reserved: what is reserved for a role is offered to that role and those below it, and used by no other
// (docs/resource-model.md §3).
type reserved struct {
	nothing
	w *world
}

func (*reserved) name() string { return "reservation ignored" }

func (x *reserved) observe(o host.Observation) error {
	e, ok := o.What.(host.MasterEvent)
	if !ok {
		return nil
	}
	switch e := e.Event.(type) {
	case master.OfferMade:
		return foreign(e.Offer.Resources, e.Offer.Role, "offer "+string(e.Offer.ID))
	case master.TaskAdded:
		return foreign(e.Task.Resources, e.Task.Role, "task "+string(e.Task.ID))
	}
	return nil
}

func foreign(r resource.Resources, to role.Name, what string) error {
	for e := range r.All() {
		if e.IsReserved() && !to.IsWithin(e.Owner()) {
			return fmt.Errorf("%s of role %s holds %s", what, to, e)
		}
	}
	return nil
}
