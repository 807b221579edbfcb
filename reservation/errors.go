package reservation

import (
	"errors"
	"fmt"
	"strings"

	"github.com/proffer-go/proffer/resource"
)

// The errors of this package. Each is wrapped with the operation and the resources it is about, in the diagnostic form of
// docs/resource-model.md §4.6. What is wrong with a resource on its own is an error of package resource.
var (
	// ErrNotContained: the operation needs more than there is (§6.1). It is resource.ErrNotContained.
	ErrNotContained = resource.ErrNotContained
	// ErrNotConserved: the operation would make or lose resources (§6.1).
	ErrNotConserved = errors.New("operation would change the totals")
	// ErrEmpty: the operation names no resources (§6.1).
	ErrEmpty = errors.New("operation names no resources")
	// ErrUnknownOp: nil, or no operation of this package.
	ErrUnknownOp = errors.New("unknown operation")
	// ErrProvider: resources of several providers in one operation, or of one where none may be (§6.1, §6.5).
	ErrProvider = errors.New("resources of different providers")
	// ErrAllocation: allocation roles that are missing, mixed, or stated by an operator (§6.1).
	ErrAllocation = errors.New("wrong allocation role")
	// ErrRole: a role that the framework does not have, or not the one that the resources are reserved to (§6.1, §6.2).
	ErrRole = errors.New("wrong role")
	// ErrNotDynamic: only DYNAMIC reservations can be made and taken back (§6.2, §6.3).
	ErrNotDynamic = errors.New("reservation is not dynamic")
	// ErrNotReserved: there is no reservation to take back, or to make a volume under (§6.3, §6.4). It is resource.ErrNotReserved.
	ErrNotReserved = resource.ErrNotReserved
	// ErrPrincipal: the reservation or volume does not name the caller's principal (§6.2, §6.4).
	ErrPrincipal = errors.New("principal is not the caller's")
	// ErrRevocable: what can be revoked can be neither reserved nor made a volume (§6.2, §6.4).
	ErrRevocable = errors.New("resources are revocable")
	// ErrVolume: a persistent volume where none may be; destroy it first (§6.2, §6.3).
	ErrVolume = errors.New("resource is a persistent volume")
	// ErrNotVolume: no persistent volume, or one whose mount information is not as needed (§6.4, §6.5).
	ErrNotVolume = errors.New("not a usable persistent volume")
	// ErrSource: source and resources of a RESERVE do not fit together (§6.2).
	ErrSource = errors.New("source does not match what is reserved")
	// ErrDuplicateID: the owner role has a volume of that id already (§6.4, §6.6).
	ErrDuplicateID = errors.New("volume id is taken")
	// ErrShared: a shared volume where the framework or the operation cannot handle one (§6.4, §6.5, §6.6).
	ErrShared = errors.New("shared volume not allowed")
	// ErrInUse: somebody uses the volume (§6.4, §6.5).
	ErrInUse = errors.New("volume is in use")
	// ErrAdditionalCopies: after DESTROY a copy of the shared volume would remain (§6.4).
	ErrAdditionalCopies = errors.New("more copies of the shared volume remain")
	// ErrAmount: an amount to grow or shrink by that is not possible (§6.5).
	ErrAmount = errors.New("impossible amount")
	// ErrIndivisible: disk that cannot be cut or merged (§6.5).
	ErrIndivisible = errors.New("disk cannot be resized")
	// ErrIncompatible: an agent no longer has what its saved reservations and volumes were made of (§6.7).
	ErrIncompatible = errors.New("incompatible agent resources")
	// ErrMixedRevocable: revocable and non-revocable resources of one name in one launch (§6.6).
	ErrMixedRevocable = errors.New("both revocable and non-revocable")
	// ErrOverlap: members of one launch claim the same port or item (§6.6).
	ErrOverlap = errors.New("ranges or sets overlap")
	// ErrExecutor: the executor of a group is too small (§6.6).
	ErrExecutor = errors.New("executor too small")
	// ErrLimit: a limit of a launch that is not allowed, or below the request (§6.6).
	ErrLimit = errors.New("illegal limit")
	// ErrNotInUse: a release of what was not acquired (§7).
	ErrNotInUse = errors.New("volume is not in use")
	// ErrMalformed: JSON that is not an operation.
	ErrMalformed = errors.New("malformed operation")
)

// citeMax bounds how much of a resource an error repeats, in bytes.
const citeMax = 400

// cite prints resources for an error, cut to a bearable length.
func cite(r fmt.Stringer) string {
	s := r.String()
	if len(s) <= citeMax {
		return s
	}
	return strings.ToValidUTF8(s[:citeMax], "") + "…"
}
