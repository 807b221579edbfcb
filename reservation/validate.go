package reservation

import (
	"fmt"
	"path"
	"strings"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// validate holds op, its allocation roles filled in, against the rules of its kind and then against the use-time rules of
// docs/resource-model.md §3.6.
func validate(total resource.Resources, op Op, c Context) error {
	if err := validateKind(total, op, c); err != nil {
		return err
	}
	all, err := parts(op)
	if err != nil {
		return err
	}
	return resource.ValidateUse(all)
}

func validateKind(total resource.Resources, op Op, c Context) error {
	switch op := op.(type) {
	case Reserve:
		return validateReserve(op, c)
	case Unreserve:
		return validateUnreserve(op)
	case Create:
		return validateCreate(total, op, c)
	case Destroy:
		return validateDestroy(op, c)
	case Resize:
		return validateResize(op, c)
	}
	return ErrUnknownOp
}

// validateReserve: docs/resource-model.md §6.2.
func validateReserve(op Reserve, c Context) error {
	for r := range op.Resources.All() {
		if err := validateReserved(r, c); err != nil {
			return fmt.Errorf("%w: %s", err, cite(r))
		}
	}
	if op.Source.IsEmpty() {
		return nil
	}
	return validateSource(op)
}

func validateReserved(r resource.Resource, c Context) error {
	if !r.IsDynamicallyReserved() {
		return ErrNotDynamic
	}
	top := r.Reservations[len(r.Reservations)-1]
	switch {
	case !c.principalIs(top.Principal):
		return ErrPrincipal
	case !c.Operator && r.AllocationRole != top.Role:
		return fmt.Errorf("%w: allocated to %s, reserved to %s", ErrRole, r.AllocationRole, top.Role)
	case r.Revocable:
		return ErrRevocable
	case r.IsPersistentVolume():
		return ErrVolume
	}
	return nil
}

// principalIs accepts the caller's principal, and anything from an unknown caller.
func (c Context) principalIs(p *string) bool {
	return c.Principal == nil || p != nil && *p == *c.Principal
}

// validateSource: source and resources have one stack each, differ in nothing else, and above what the stacks have in common there
// are only DYNAMIC reservations.
func validateSource(op Reserve) error {
	common, err := resource.ReservationAncestor(op.Source, op.Resources)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSource, err)
	}
	for _, part := range []resource.Resources{op.Source, op.Resources} {
		for r := range part.All() {
			for _, v := range r.Reservations[len(common):] {
				if v.Type != resource.Dynamic {
					return fmt.Errorf("%w: the one to %s cannot be exchanged: %s", ErrNotDynamic, v.Role, cite(r))
				}
			}
		}
	}
	return nil
}

// validateUnreserve: docs/resource-model.md §6.3.
func validateUnreserve(op Unreserve) error {
	for r := range op.Resources.All() {
		switch {
		case !r.IsReserved():
			return fmt.Errorf("%w: %s", ErrNotReserved, cite(r))
		case !r.IsDynamicallyReserved():
			return fmt.Errorf("%w: %s", ErrNotDynamic, cite(r))
		case r.IsPersistentVolume():
			return fmt.Errorf("%w: destroy it first: %s", ErrVolume, cite(r))
		}
	}
	return nil
}

// validateCreate: docs/resource-model.md §6.4.
func validateCreate(total resource.Resources, op Create, c Context) error {
	taken := volumeIDs(total, c.Volumes)
	for r, count := range op.Volumes.All() {
		if err := validateNewVolume(r, c); err != nil {
			return fmt.Errorf("%w: %s", err, cite(r))
		}
		// One by one: two identical shared volumes are one entry of the collection.
		id := keyOf(r)
		if count > 1 || taken[id] {
			return fmt.Errorf("%w: %q of role %s: %s", ErrDuplicateID, id.id, id.owner, cite(r))
		}
		taken[id] = true
	}
	return nil
}

func validateNewVolume(r resource.Resource, c Context) error {
	if err := checkVolume(r); err != nil {
		return err
	}
	switch {
	case r.Disk.Volume.HostPath != "":
		return fmt.Errorf("%w: a host path is given", ErrNotVolume)
	case !isInside(r.Disk.Volume.ContainerPath):
		return fmt.Errorf("%w: the container path must be relative and stay inside the sandbox", ErrNotVolume)
	case !r.IsReserved():
		return ErrNotReserved
	case r.Revocable:
		return ErrRevocable
	case !c.principalIs(r.Disk.Persistence.Principal):
		return ErrPrincipal
	case r.Shared && !c.Operator && !c.SharedCapable:
		return fmt.Errorf("%w: the framework cannot handle them", ErrShared)
	}
	return nil
}

// checkVolume accepts a persistent volume that is mounted for writing.
func checkVolume(r resource.Resource) error {
	switch {
	case !r.IsPersistentVolume():
		return fmt.Errorf("%w: no persistence", ErrNotVolume)
	case r.Disk.Volume == nil:
		return fmt.Errorf("%w: no volume, so no container path", ErrNotVolume)
	case r.Disk.Volume.Mode != resource.ReadWrite:
		return fmt.Errorf("%w: its mode must be RW", ErrNotVolume)
	}
	return nil
}

// isInside accepts container paths that stay below the directory they are relative to (docs/protocol.md §7).
func isInside(p string) bool {
	clean := path.Clean(p)
	return p != "" && !path.IsAbs(p) && clean != ".." && !strings.HasPrefix(clean, "../")
}

// validateDestroy: docs/resource-model.md §6.4. That the volume exists is for the conversion to find out.
func validateDestroy(op Destroy, c Context) error {
	for r := range op.Volumes.All() {
		if err := checkVolume(r); err != nil {
			return fmt.Errorf("%w: %s", err, cite(r))
		}
		if c.inUse(r) {
			return fmt.Errorf("%w: %s", ErrInUse, cite(r))
		}
	}
	return nil
}

// validateResize: docs/resource-model.md §6.5. There are no volumes on BLOCK and RAW disks (§3.4).
func validateResize(op Resize, c Context) error {
	v := op.Volume
	switch {
	case op.Grow.IsEmpty() && op.Shrink == 0:
		return fmt.Errorf("%w: neither grown nor shrunk: %s", ErrAmount, cite(v))
	case !op.Grow.IsEmpty() && op.Shrink != 0:
		return fmt.Errorf("%w: both grown and shrunk: %s", ErrAmount, cite(v))
	case !v.IsPersistentVolume():
		return fmt.Errorf("%w: no persistence: %s", ErrNotVolume, cite(v))
	case v.Shared:
		return fmt.Errorf("%w: %s", ErrShared, cite(v))
	case v.ProviderID != "":
		return fmt.Errorf("%w: the agent cannot resize what is another provider's: %s", ErrProvider, cite(v))
	case c.inUse(v):
		return fmt.Errorf("%w: %s", ErrInUse, cite(v))
	case !plainDisk(v).IsDivisible():
		return fmt.Errorf("%w: %s", ErrIndivisible, cite(v))
	}
	if op.Grow.IsEmpty() {
		return validateShrink(op)
	}
	return validateGrow(op)
}

func validateShrink(op Resize) error {
	if op.Shrink < 0 || op.Shrink >= op.Volume.Scalar {
		return fmt.Errorf("%w: %s to be freed must be above 0 and below %s; destroy the volume to free all of it: %s",
			ErrAmount, op.Shrink, op.Volume.Scalar, cite(op.Volume))
	}
	return nil
}

// validateGrow: the addition and the volume's own disk must be one piece.
func validateGrow(op Resize) error {
	own, err := collect(plainDisk(op.Volume))
	if err != nil {
		return err
	}
	if joined := own.Add(op.Grow); joined.Len() != 1 {
		return fmt.Errorf("%w: %s does not join the disk of %s", ErrIndivisible, cite(op.Grow), cite(op.Volume))
	}
	return nil
}

// volumeKey names a volume within one agent.
type volumeKey struct {
	owner role.Name
	id    string
}

func keyOf(r resource.Resource) volumeKey {
	return volumeKey{owner: r.Owner(), id: r.Disk.Persistence.ID}
}

// volumeIDs collects who has a volume of which id.
func volumeIDs(all ...resource.Resources) map[volumeKey]bool {
	ids := map[volumeKey]bool{}
	for _, r := range all {
		for v := range r.PersistentVolumes().All() {
			ids[keyOf(v)] = true
		}
	}
	return ids
}
