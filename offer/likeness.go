package offer

import "github.com/proffer-go/proffer/resource"

// likeness remembers the last few totals. Machines come in a few sizes, so an agent mostly has just what one before it
// had: the two then share one bundle, and a cluster costs little more than its agents' names.
type likeness struct {
	of   [8]*bundle
	next int // to be replaced
}

// bundleOfTotal is bundle for what a whole agent has.
func (a *Allocator) bundleOfTotal(r resource.Resources) *bundle {
	l := &a.alike
	for _, b := range l.of {
		if b != nil && b.res.Equal(r) {
			return b
		}
	}
	b := a.bundle(r)
	l.of[l.next] = b
	l.next = (l.next + 1) % len(l.of)
	return b
}
