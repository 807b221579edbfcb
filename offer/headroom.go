package offer

import "fmt"

// This file is Rules.HeadroomExpiry (docs/allocation.md §8, row 6): a guarantee that nobody takes for a set time stops
// holding capacity back from others. It stays a guarantee: its role is still served first of what is free.
//
// A guarantee is alive while its role, or one below, takes or gives back resources or reservations, is listed anew or
// revived, or has its quota set. What expired holds capacity again from the next such sign on.

// claim is what a role's guarantee holds back. Times and lists are kept only with HeadroomExpiry.
type claim struct {
	kept      book // need without the guarantees that expired
	childKept book // sum of kept over the children
	expired   bool
	linked    bool // has a guarantee that has not expired
	alive     Time // the last sign of life

	before, after *node // alive earlier and later
}

// noClaim is what a role without a claim is read as. Nobody writes to it.
var noClaim claim

// claimed is what n's guarantee holds back, to be read only.
func (n *node) claimed() *claim {
	if n.claim == nil {
		return &noClaim
	}
	return n.claim
}

// ownClaim is the same, to be written to.
func (n *node) ownClaim() *claim {
	if n.claim == nil {
		n.claim = new(claim)
	}
	return n.claim
}

// required is what headroom keeps for guarantees, over the cluster.
func (a *Allocator) required() *vec {
	if a.rules.HeadroomExpiry > 0 {
		return a.root.claimed().childKept.vec()
	}
	return a.root.childNeed.vec()
}

// keptFor is what headroom keeps for n and below.
func (a *Allocator) keptFor(n *node) *vec {
	if a.rules.HeadroomExpiry > 0 {
		return n.claimed().kept.vec()
	}
	return n.need.vec()
}

// renewKept recomputes what is kept for n, and its part of what is kept for the role above.
func (a *Allocator) renewKept(n *node) {
	if a.rules.HeadroomExpiry <= 0 {
		return
	}
	for i := range a.names.len() {
		c := n.claimed()
		kept := max(c.childKept.Get(i), 0)
		if !c.expired {
			kept = max(kept, n.guarantee.Get(i)-n.consumed(i))
		}
		if old := c.kept.Get(i); kept != old {
			n.ownClaim().kept.Set(i, kept)
			up := &n.parent.ownClaim().childKept
			up.Set(i, up.Get(i)+kept-old)
		}
	}
}

// released is by how much less of name i is required once n holds more of it.
func (a *Allocator) released(n *node, i int, more int64) (less int64) {
	for ; n != a.root; n = n.parent {
		c := n.claimed()
		kept := max(c.childKept.Get(i)-less, 0)
		if !c.expired {
			kept = max(kept, n.guarantee.Get(i)-n.consumed(i)-more)
		}
		less = c.kept.Get(i) - kept
	}
	return less
}

// alive notes a sign of life of n, and so of every role above it.
func (a *Allocator) alive(n *node) {
	if a.rules.HeadroomExpiry <= 0 {
		return
	}
	for up := n; up != a.root; up = up.parent {
		a.unclaim(up)
		if up.guarantee.IsZero() {
			if up.claim != nil {
				up.claim.expired = false
			}
			continue
		}
		a.reclaim(up)
		if up.claim.expired {
			up.claim.expired = false
			a.renewNeed(up)
		}
	}
}

// reclaim puts n last in the list of guarantees that may expire.
func (a *Allocator) reclaim(n *node) {
	c := n.ownClaim()
	c.linked, c.alive, c.before, c.after = true, a.now, a.lastClaim, nil
	if a.lastClaim != nil {
		a.lastClaim.claim.after = n
	} else {
		a.firstClaim = n
	}
	a.lastClaim = n
}

// unclaim takes n out of that list.
func (a *Allocator) unclaim(n *node) {
	c := n.claim
	if c == nil || !c.linked {
		return
	}
	if c.before != nil {
		c.before.claim.after = c.after
	} else {
		a.firstClaim = c.after
	}
	if c.after != nil {
		c.after.claim.before = c.before
	} else {
		a.lastClaim = c.before
	}
	c.linked, c.before, c.after = false, nil, nil
}

// nextClaim is when the next guarantee expires.
func (a *Allocator) nextClaim() (Time, bool) {
	if a.firstClaim == nil {
		return 0, false
	}
	return a.firstClaim.claim.alive.Add(a.rules.HeadroomExpiry), true
}

// expireClaims lets go what is held back for guarantees whose time is up.
func (a *Allocator) expireClaims() {
	for end, any := a.nextClaim(); any && end <= a.now; end, any = a.nextClaim() {
		n := a.firstClaim
		a.unclaim(n)
		n.claim.expired = true
		a.renewNeed(n)
		if n.isUnmet() {
			a.changed(everyAgent)
		}
	}
}

// claims checks what guarantees hold back, bottom up, and the list of those that may expire.
func (k *checker) claims() error {
	a := k.a
	if a.rules.HeadroomExpiry <= 0 {
		return nil
	}
	if _, err := k.kept(a.root); err != nil {
		return err
	}
	linked := 0
	var before *node
	for n := a.firstClaim; n != nil; n = n.claim.after {
		if !n.claim.linked || n.claim.before != before || before != nil && before.claim.alive > n.claim.alive {
			return fmt.Errorf("guarantee of role %q is out of the order of expiry", n.name)
		}
		before = n
		linked++
	}
	for _, n := range a.roles {
		if n == nil {
			continue
		}
		c := n.claimed()
		if c.linked == (n.guarantee.IsZero() || c.expired) {
			return fmt.Errorf("linked of role %q is %v", n.name, c.linked)
		}
		if c.linked {
			linked--
		}
	}
	if linked != 0 || a.lastClaim != before {
		return fmt.Errorf("the list of guarantees that may expire differs by %d", linked)
	}
	return nil
}

func (k *checker) kept(n *node) (vec, error) {
	var below, kept vec
	for _, child := range n.children {
		v, err := k.kept(child)
		if err != nil {
			return v, err
		}
		below.Add(&v)
	}
	switch got := n.claimed().childKept.vec(); {
	case !got.Equal(&below):
		return kept, k.differOf("childKept", n, got, &below)
	case n == k.a.root:
		return kept, nil
	}
	s := &k.byRole[n.index]
	for i := range k.a.names.len() {
		own := n.guarantee.Get(i) - s.reserved.Get(i) - s.unres.Get(i)
		if n.claimed().expired {
			own = 0
		}
		kept.Set(i, max(own, below.Get(i), 0))
	}
	if got := n.claimed().kept.vec(); !got.Equal(&kept) {
		return kept, k.differOf("kept", n, got, &kept)
	}
	return kept, nil
}
