package reservation

import (
	"fmt"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Action is what somebody may be permitted to do.
type Action uint8

// The actions of Permission.
const (
	ReserveAction Action = iota + 1
	UnreserveAction
	CreateAction
	DestroyAction
	ResizeAction
)

var actionNames = [...]string{"unknown", "reserve", "unreserve", "create", "destroy", "resize"}

// String names the action in lower case.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return actionNames[0]
}

// A Permission is one thing that an operation does and that an authoriser may want to judge: Action on what Role owns.
// Principal is who made the reservation that is taken back, or the volume that is destroyed or resized; nil: not known, or of no meaning.
type Permission struct {
	Action    Action
	Role      role.Name
	Principal *string
}

// Permissions lists what op does, for an authoriser; this package itself permits everything that is valid (docs/resource-model.md §6.2,
// §6.3). A RESERVE with a source takes back, top first, down to what both stacks have in common, and then reserves level by level.
// Each permission is listed where it first occurs. The error is the one that Apply would give for such an op.
func Permissions(op Op) ([]Permission, error) {
	if err := checkParts(op); err != nil {
		return nil, fmt.Errorf("%s: %w", Name(op), err)
	}
	var l permissions
	switch op := op.(type) {
	case Reserve:
		if err := l.reserve(op); err != nil {
			return nil, fmt.Errorf("%s: %w", Name(op), err)
		}
	case Unreserve:
		for r := range op.Resources.All() {
			l.pop(r.Reservations, max(len(r.Reservations)-1, 0))
		}
	case Create:
		l.volumes(CreateAction, op.Volumes)
	case Destroy:
		l.volumes(DestroyAction, op.Volumes)
	case Resize:
		l.add(Permission{ResizeAction, op.Volume.Owner(), principalOf(op.Volume)})
	}
	return l, nil
}

type permissions []Permission

func (l *permissions) reserve(op Reserve) error {
	if op.Source.IsEmpty() {
		for r := range op.Resources.All() {
			l.push(r.Reservations, max(len(r.Reservations)-1, 0))
		}
		return nil
	}
	common, err := resource.ReservationAncestor(op.Source, op.Resources)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSource, err)
	}
	for r := range op.Source.All() {
		l.pop(r.Reservations, len(common))
	}
	for r := range op.Resources.All() {
		l.push(r.Reservations, len(common))
	}
	return nil
}

// pop takes stack back to its first keep entries.
func (l *permissions) pop(stack []resource.Reservation, keep int) {
	for i := len(stack) - 1; i >= keep; i-- {
		l.add(Permission{UnreserveAction, stack[i].Role, stack[i].Principal})
	}
}

// push reserves what comes after the first keep entries of stack.
func (l *permissions) push(stack []resource.Reservation, keep int) {
	for _, v := range stack[keep:] {
		l.add(Permission{Action: ReserveAction, Role: v.Role})
	}
}

func (l *permissions) volumes(a Action, r resource.Resources) {
	for v := range r.All() {
		l.add(Permission{a, v.Owner(), principalOf(v)})
	}
}

func principalOf(r resource.Resource) *string {
	if !r.IsPersistentVolume() {
		return nil
	}
	return r.Disk.Persistence.Principal
}

// add keeps the first of equal permissions.
func (l *permissions) add(p Permission) {
	for _, q := range *l {
		if q.Action == p.Action && q.Role == p.Role && samePrincipal(q.Principal, p.Principal) {
			return
		}
	}
	*l = append(*l, p)
}

func samePrincipal(a, b *string) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
