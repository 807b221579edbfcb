package offer

import (
	"slices"

	"github.com/proffer-go/proffer/resource"
)

// likeness remembers the last few totals. Machines come in a few sizes, so an agent mostly has just what one before it
// had: the two then share one bundle, and a cluster costs little more than its agents' names.
type likeness struct {
	of   [8]*bundle
	next int // to be replaced
}

// wholeAgent is what only the total of an agent needs, in addition to a bundle.
type wholeAgent struct {
	scarce  bool                  // has a scarce name
	own     bool                  // minimum differs from the rules'
	minimum []resource.Quantities // the rules', without the names that it does not have where the rules want it so
}

// equal reports whether two say the same.
func (w *wholeAgent) equal(x *wholeAgent) bool {
	return w == x || x != nil && w.scarce == x.scarce && w.own == x.own && slices.EqualFunc(w.minimum, x.minimum, resource.Quantities.Equal)
}

// like returns the bundle of r if it is one of the last few totals.
func (a *Allocator) like(r resource.Resources) (*bundle, bool) {
	for _, b := range a.alike.of {
		if b != nil && b.res.Equal(r) {
			return b, true
		}
	}
	return nil, false
}

// bundleOfTotal is bundle for what a whole agent has.
func (a *Allocator) bundleOfTotal(r resource.Resources) *bundle {
	if b, ok := a.like(r); ok {
		return b
	}
	b := a.bundle(r)
	if b.whole == nil {
		b.whole = a.wholeAgent(b)
	}
	l := &a.alike
	l.of[l.next] = b
	l.next = (l.next + 1) % len(l.of)
	return b
}

func (a *Allocator) wholeAgent(b *bundle) *wholeAgent {
	w := &wholeAgent{scarce: len(a.scarce) > 0 && slices.ContainsFunc(b.res.Names(), func(n string) bool { return a.scarce[n] })}
	if !a.rules.MinimumAsHad {
		return w
	}
	has := func(name string) bool { return a.names.in(&b.all, name) > 0 }
	for _, set := range a.rules.MinAllocatable {
		fitted := onlyNames(set, has)
		w.own = w.own || !fitted.Equal(set)
		w.minimum = append(w.minimum, fitted)
	}
	return w
}

// fitsAgain reports whether r is what a known agent has, so that nothing about it is new, and one more of it is within the
// bound on the cluster's totals.
func (a *Allocator) fitsAgain(r resource.Resources) bool {
	b, ok := a.like(r)
	if !ok || b.is(hasReserved) {
		return false
	}
	for i := range b.all.Len() {
		if b.all.Get(i) > mostOfAName-a.totals.Get(i) {
			return false
		}
	}
	return true
}
