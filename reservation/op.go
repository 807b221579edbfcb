package reservation

import (
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// An Op is one of Reserve, Unreserve, Create, Destroy, Resize; the set is sealed. An Op is a plain value; a pointer
// to one is no operation of this package (ErrUnknownOp).
type Op interface{ isOp() }

var (
	_ Op = Reserve{}
	_ Op = Unreserve{}
	_ Op = Create{}
	_ Op = Destroy{}
	_ Op = Resize{}
)

// Reserve reserves (docs/resource-model.md §6.2). Resources are as they shall be; Source as they are before. Without Source
// they are Resources without their last reservation, so that one level is added.
type Reserve struct{ Resources, Source resource.Resources }

// Unreserve takes the last reservation off Resources, which are as they are before (docs/resource-model.md §6.3).
type Unreserve struct{ Resources resource.Resources }

// Create makes persistent volumes of reserved disk; Volumes are as they shall be (docs/resource-model.md §6.4).
type Create struct{ Volumes resource.Resources }

// Destroy makes plain reserved disk of persistent volumes (docs/resource-model.md §6.4).
type Destroy struct{ Volumes resource.Resources }

// Resize grows a volume by Grow or shrinks it by Shrink; just one is set (docs/resource-model.md §6.5).
type Resize struct {
	Volume resource.Resource  // as it is before
	Grow   resource.Resources // the disk to add: one entry, reserved as the volume is
	Shrink resource.Scalar    // how much to free, in thousandths of a MiB
}

func (Reserve) isOp()   {}
func (Unreserve) isOp() {}
func (Create) isOp()    {}
func (Destroy) isOp()   {}
func (Resize) isOp()    {}

// Name is what op is called on the wire, "RESERVE" for instance; "UNKNOWN" for nil.
func Name(op Op) string {
	switch op := op.(type) {
	case Reserve:
		return "RESERVE"
	case Unreserve:
		return "UNRESERVE"
	case Create:
		return "CREATE"
	case Destroy:
		return "DESTROY"
	case Resize:
		if op.Grow.IsEmpty() {
			return "SHRINK_VOLUME"
		}
		return "GROW_VOLUME"
	}
	return "UNKNOWN"
}

// Unallocated is op with the allocation roles taken off its resources: they are the business of offers and of a master's books,
// agents know none. An op that has none, or nil, comes back as it was.
func Unallocated(op Op) Op {
	switch o := op.(type) {
	case Reserve:
		return Reserve{Resources: o.Resources.Unallocate(), Source: o.Source.Unallocate()}
	case Unreserve:
		return Unreserve{Resources: o.Resources.Unallocate()}
	case Create:
		return Create{Volumes: o.Volumes.Unallocate()}
	case Destroy:
		return Destroy{Volumes: o.Volumes.Unallocate()}
	case Resize:
		o.Volume.AllocationRole = ""
		o.Grow = o.Grow.Unallocate()
		return o
	}
	return op
}

// Context says who applies an operation, and what it must be checked against (docs/resource-model.md §6.1). It is only read.
type Context struct {
	Operator      bool        // not a framework: resources carry no allocation role
	Principal     *string     // of the caller; nil: unknown, so that any is right
	Roles         []role.Name // of the framework; empty: just Role
	Role          role.Name   // of the offers: filled in where a resource names none; "" for operators
	SharedCapable bool        // the framework can handle shared volumes
	// Volumes are volumes of the agent besides those in the total, for the uniqueness of ids.
	Volumes resource.Resources
	// InUse reports whether anybody uses the volume; UseTracker.InUse fits. nil: nothing is in use.
	InUse func(owner role.Name, id string) bool
}

func (c Context) inUse(r resource.Resource) bool {
	return c.InUse != nil && c.InUse(r.Owner(), r.Disk.Persistence.ID)
}
