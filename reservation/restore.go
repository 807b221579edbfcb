package reservation

import (
	"fmt"

	"github.com/proffer-go/proffer/resource"
)

// Saved is the part of an agent's resources that must outlive a restart: what operations made of what was stated, volumes and
// dynamic reservations, other providers' left out (docs/resource-model.md §6.7). A shared volume is in it once.
func Saved(total resource.Resources) resource.Resources {
	return once(total.Filter(isSaved))
}

func isSaved(r resource.Resource) bool {
	return r.ProviderID == "" && (r.IsDynamicallyReserved() || r.IsPersistentVolume())
}

// Restore applies what Saved kept to the resources that the agent states afresh (docs/resource-model.md §6.7): each saved entry
// is put in the place of what it was made of. Of saved, entries that Saved would have left out are ignored.
// ErrIncompatible: the agent no longer has that, and stated is returned as it was.
func Restore(stated, saved resource.Resources) (resource.Resources, error) {
	total := stated
	for r := range saved.All() {
		if !isSaved(r) {
			continue
		}
		made, err := collect(r)
		if err != nil {
			return stated, fmt.Errorf("restore: %w", err)
		}
		base, err := collect(baseOf(r))
		if err != nil {
			return stated, fmt.Errorf("restore: %w", err)
		}
		rest, err := total.Sub(base)
		if err != nil {
			return stated, fmt.Errorf("restore: %w: %s was made of %s, which is not there; state it again or remove what was saved",
				ErrIncompatible, cite(r), cite(base))
		}
		total = rest.Add(made)
	}
	return total, nil
}

// baseOf is what an operator must have stated for r to be made of: no dynamic reservation, no volume.
func baseOf(r resource.Resource) resource.Resource {
	base := plainDisk(r)
	base.Reservations = nil
	if len(r.Reservations) > 0 && r.Reservations[0].Type == resource.Static {
		base.Reservations = r.Reservations[:1]
	}
	return base
}
