package reservation

import (
	"fmt"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// A Pool is one accept under way: what its offers hold, and what operations and launches in order make of it
// (docs/resource-model.md §6.6, §6.7). A step that is refused leaves the pool as it was. A Pool has one owner and is not
// safe for concurrent use; what it hands out is immutable.
type Pool struct {
	c         Context
	tag       bool               // entries carry allocation roles
	remaining resource.Resources // for later steps
	resized   resource.Resources // made by a Resize: out of reach of later steps
	used      resource.Resources // by launches, each copy of a shared volume counted
	extra     resource.Resources // copies of shared volumes that launches made
	shared    resource.Resources // the shared volumes of the accept; they never run out
}

// NewPool starts an accept of total by the framework that c describes. As with Apply, every entry of total or none carries the
// offers' allocation role, and everything the Pool returns is like it.
func NewPool(total resource.Resources, c Context) *Pool {
	return &Pool{c: c, tag: tagged(total), remaining: total, shared: total.Shared()}
}

// Remaining is what no step has taken.
func (p *Pool) Remaining() resource.Resources { return p.remaining }

// Used is what the launches took together; a shared volume counts once for each of them.
func (p *Pool) Used() resource.Resources { return p.used }

// Extra holds the copies of shared volumes by which Used exceeds what was offered. They are added to the framework's allocation
// and never to the agent's total (docs/resource-model.md §7).
func (p *Pool) Extra() resource.Resources { return p.extra }

// Total is what the accepted resources have become, used and unused, without the extra copies.
func (p *Pool) Total() resource.Resources {
	return p.remaining.Add(p.resized).Add(p.used).SubSaturating(p.extra)
}

// Apply is the package's Apply on what remains. What a Resize makes does not remain: it counts in Total only (docs/resource-model.md §6.5).
func (p *Pool) Apply(op Op) error {
	c := p.context()
	ready, err := prepare(p.remaining, op, c, p.tag)
	if err != nil {
		return fmt.Errorf("%s: %w", Name(op), err)
	}
	after, err := Convert(p.remaining, ready)
	if err != nil {
		return err
	}
	switch ready := ready.(type) {
	case Resize:
		return p.setAside(ready)
	case Create:
		p.shared = p.shared.Add(ready.Volumes.Shared())
	case Destroy:
		gone := volumeIDs(ready.Volumes)
		p.c.Volumes = without(p.c.Volumes, gone)
		p.shared = without(p.shared, gone)
	}
	p.remaining = after
	return nil
}

// setAside takes what op consumes out of the pool and keeps what it makes out of reach.
func (p *Pool) setAside(op Resize) error {
	steps, err := resizeSteps(op)
	if err != nil {
		return err
	}
	for _, s := range steps {
		p.remaining = p.remaining.SubSaturating(s.consumed)
		p.resized = p.resized.Add(s.converted)
	}
	return nil
}

// context is the accept's own context with what its earlier steps took out of the pool: volumes set aside by a Resize or used by
// a launch still exist, and the latter are in use.
func (p *Pool) context() Context {
	c := p.c
	c.Volumes = c.Volumes.Add(p.resized.PersistentVolumes()).Add(p.used.PersistentVolumes())
	if inUse := volumeIDs(p.used); len(inUse) > 0 {
		before := p.c.InUse
		c.InUse = func(owner role.Name, id string) bool {
			return inUse[volumeKey{owner, id}] || before != nil && before(owner, id)
		}
	}
	return c
}

// take books needed as used, making copies of shared volumes where too few remain.
func (p *Pool) take(needed resource.Resources) {
	shared := needed.Shared()
	p.extra = p.extra.Add(Extra(shared, p.remaining.Shared()))
	p.remaining = p.remaining.SubSaturating(needed)
	p.used = p.used.Add(needed)
}

// without leaves out the volumes of gone.
func without(r resource.Resources, gone map[volumeKey]bool) resource.Resources {
	return r.Filter(func(e resource.Resource) bool { return !e.IsPersistentVolume() || !gone[keyOf(e)] })
}
