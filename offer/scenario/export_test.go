package scenario

import (
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
)

// HeldOn sums what the ledger has on an agent.
func (r *Replay) HeldOn(id offer.AgentID) (all resource.Resources) {
	for _, p := range r.places() {
		if p.agent == id {
			all = all.Add(r.ledger[p].held())
		}
	}
	return all
}

// NewOffers sorts and merges.
var NewOffers = newOffers
