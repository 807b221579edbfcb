package resource

import (
	"slices"

	"github.com/proffer-go/proffer/role"
)

// Resource is one entry as a plain struct: how callers build entries and what iteration yields.
//
// Of Scalar, Ranges and Set only the one that Kind names may be set. What iteration yields
// shares its slices and pointers with the collection: read them, or Clone first.
type Resource struct {
	Name           string
	Kind           Kind
	Scalar         Scalar
	Ranges         Ranges
	Set            Set
	Reservations   []Reservation // last = current owner; empty = unreserved
	AllocationRole role.Name     // "" = not allocated
	Disk           *Disk
	Revocable      bool
	Shared         bool
	ProviderID     string // "" = the agent itself
}

// Owner is the role of the last reservation, "" if unreserved (docs/resource-model.md §3.2).
func (r Resource) Owner() role.Name {
	if n := len(r.Reservations); n > 0 {
		return r.Reservations[n-1].Role
	}
	return ""
}

// IsReserved reports whether the reservation stack has entries.
func (r Resource) IsReserved() bool { return len(r.Reservations) > 0 }

// IsDynamicallyReserved reports whether the last reservation is DYNAMIC (docs/resource-model.md §3.2).
func (r Resource) IsDynamicallyReserved() bool {
	n := len(r.Reservations)
	return n > 0 && r.Reservations[n-1].Type == Dynamic
}

// IsPersistentVolume reports whether r is disk with persistence.
func (r Resource) IsPersistentVolume() bool { return r.Disk != nil && r.Disk.Persistence != nil }

// IsDivisible reports whether parts of r can be taken and merged (docs/resource-model.md §3.4):
// MOUNT, BLOCK, RAW with an id and persistent volumes are taken whole, and so is all that is shared.
func (r Resource) IsDivisible() bool { return !r.Shared && !r.Disk.indivisible() }

// IsEmpty reports whether r holds nothing: scalar 0, no ranges, no members.
func (r Resource) IsEmpty() bool {
	switch r.Kind {
	case KindScalar:
		return r.Scalar == 0
	case KindRanges:
		return r.Ranges.IsEmpty()
	}
	return r.Set.IsEmpty()
}

// Quantity is how much r holds, in thousandths: the scalar, or the number of integers or
// members (docs/resource-model.md §4.5).
func (r Resource) Quantity() Scalar {
	switch r.Kind {
	case KindScalar:
		return r.Scalar
	case KindRanges:
		return count(r.Ranges.Size())
	}
	return count(uint64(r.Set.Len()))
}

// count is n whole units, at most what an int64 holds.
func count(n uint64) Scalar {
	const most = uint64(1<<63-1) / 1000
	if n > most {
		return 1<<63 - 1
	}
	return Scalar(n * 1000)
}

// Equal reports whether both have the same metadata key and the same value. A disk's volume
// and a persistence's principal do not count (docs/resource-model.md §3.5).
func (r Resource) Equal(s Resource) bool {
	return compareMeta(metaOf(&r, r.Disk.Clone()), metaOf(&s, s.Disk.Clone())) == 0 && r.Scalar == s.Scalar &&
		r.Ranges.Equal(s.Ranges) && r.Set.Equal(s.Set)
}

// Clone is a copy that shares nothing with r that can be changed.
func (r Resource) Clone() Resource {
	r.Reservations = normalStack(r.Reservations)
	r.Disk = r.Disk.Clone()
	return r
}

// String is the diagnostic form (docs/resource-model.md §4.6).
func (r Resource) String() string {
	for i := range r.Reservations {
		if len(r.Reservations[i].Labels) > 1 { // built by hand, perhaps: print the normal form
			r.Reservations = normalStack(r.Reservations)
			break
		}
	}
	return string(appendResource(nil, &r))
}

// WithReservations is a copy of r with another stack.
func (r Resource) WithReservations(stack ...Reservation) Resource {
	r.Reservations = normalStack(stack)
	return r
}

func normalStack(stack []Reservation) []Reservation {
	if len(stack) == 0 {
		return nil
	}
	out := slices.Clone(stack)
	for i := range out {
		out[i] = out[i].normal()
	}
	return out
}
