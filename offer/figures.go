package offer

import "time"

// This file keeps the figures that Metrics reads (docs/allocation.md §5): plain additions where things happen, so that
// every figure can be read in one step.

// gateCount is one more than the highest gate of docs/allocation.md §2.3.
const gateCount = 18

// whyNot counts refusals by gate.
type whyNot [gateCount]uint64

// figures are the counts beyond Stats.
type figures struct {
	skips   uint64
	grants  uint64
	rekeys  uint64
	due     uint64        // runs that were asked for
	latency time.Duration // their waits together
	whyNot  whyNot
	passed  uint64 // agents that had too little for anybody

	filters    int     // refusals in force
	unmet      int     // roles whose own guarantee is not met
	heldAgents []int32 // by index of a name: agents with something of it held back when last looked at

	// Listed clients, the one that has waited longest for an offer first.
	longest, shortest *client
}

// clientFigures are those of one client.
type clientFigures struct {
	whyNot  *whyNot // nil: nothing refused it
	offers  uint64
	offered Time   // when it was last offered something; only with offers
	since   Time   // the later of offered and when it was last listed
	passed  uint64 // figures.passed when it was last listed

	before, after *client // waiting longer and less long; only while listed
}

// roleFigures are those of one role.
type roleFigures struct {
	refused   int  // refusals in force, of its own clients
	revocable book // offered or allocated, of the subtree

	unmet       bool // its own guarantee
	full        bool // a limited name is used up
	listedBelow int  // listed clients of the subtree
	stopped     int  // of them, those with a full role on their way up to this one
	childStops  int  // sum of stopped over the children
}

// tell counts a gate that refused c.
func (f *figures) tell(c *client, v *verdict) {
	gate := v.gate
	if gate == GateCutTooSmall && v.cutBy != 0 {
		gate = v.cutBy
	}
	f.tellGate(c, gate)
}

// refuse counts n refusals by gate.
func (f *clientFigures) refuse(gate Gate, n uint64) {
	if n == 0 {
		return
	}
	if f.whyNot == nil {
		f.whyNot = new(whyNot)
	}
	f.whyNot[gate] += n
}

func (f *figures) tellGate(c *client, gate Gate) {
	f.whyNot[gate]++
	c.figures.refuse(gate, 1)
}

// countFilters notes that the refusals of c in force are n more.
func (a *Allocator) countFilters(c *client, n int) {
	c.role.figures.refused += n
	a.figures.filters += n
}

// offered notes that c is made an offer now.
func (a *Allocator) offered(c *client) {
	c.figures.offers++
	c.figures.offered = a.now
	if c.listed() {
		a.figures.unwait(c)
		a.figures.wait(c, a.now)
	}
}

// wait puts c behind every other listed client.
func (f *figures) wait(c *client, now Time) {
	w := &c.figures
	w.since, w.before, w.after = now, f.shortest, nil
	if f.shortest != nil {
		f.shortest.figures.after = c
	} else {
		f.longest = c
	}
	f.shortest = c
}

// unwait takes c out of the list.
func (f *figures) unwait(c *client) {
	w := &c.figures
	if w.before != nil {
		w.before.figures.after = w.after
	} else {
		f.longest = w.after
	}
	if w.after != nil {
		w.after.figures.before = w.before
	} else {
		f.shortest = w.before
	}
	w.before, w.after = nil, nil
}

// relisted notes that c is listed now, or no longer.
func (a *Allocator) relisted(c *client, is bool) {
	defer a.sharesMoved()
	a.renewEager(c)
	change := 1
	if is {
		a.figures.wait(c, a.now)
		c.figures.passed = a.figures.passed
		a.alive(c.role)
	} else {
		a.figures.unwait(c)
		c.figures.refuse(GateTooLittle, a.figures.passed-c.figures.passed)
		a.review(c)
		change = -1
	}
	for n := c.role; n != a.root; n = n.parent {
		n.figures.listedBelow += change
		a.restop(n)
	}
}

// requota notes that consumption, guarantee or limit of n may have changed.
func (a *Allocator) requota(n *node) {
	r := &n.figures
	if unmet := n.isUnmet(); unmet != r.unmet {
		r.unmet = unmet
		if unmet {
			a.figures.unmet++
		} else {
			a.figures.unmet--
		}
	}
	if full := n.isFull(); full != r.full {
		r.full = full
		for up := n; up != a.root; up = up.parent {
			a.restop(up)
		}
	}
}

// restop recomputes how many clients under n are at a limit and tells the role above.
func (a *Allocator) restop(n *node) {
	r := &n.figures
	stopped := r.childStops
	if r.full {
		stopped = r.listedBelow
	}
	n.parent.figures.childStops += stopped - r.stopped
	r.stopped = stopped
}

// isUnmet reports whether a name of n's own guarantee is not consumed.
func (n *node) isUnmet() bool {
	if !n.hasQuota {
		return false
	}
	for i := range n.guarantee.vec().Len() {
		if g := n.guarantee.Get(i); g > 0 && g > n.consumed(i) {
			return true
		}
	}
	return false
}

// isFull reports whether a name is at its limit.
func (n *node) isFull() bool {
	for _, l := range n.limit {
		if n.consumed(l.name) >= l.most {
			return true
		}
	}
	return false
}

// nameSet is a set of indices of names.
type nameSet []uint64

func (s nameSet) has(i int) bool { return i/64 < len(s) && s[i/64]&(1<<(i%64)) != 0 }

func (s *nameSet) add(i int) {
	for len(*s) <= i/64 {
		*s = append(*s, 0)
	}
	(*s)[i/64] |= 1 << (i % 64)
}

// holdBack notes that headroom cut name i on the agent that is visited.
func (cy *cycle) holdBack(i int) {
	if cy.running {
		cy.heldNames.add(i)
		cy.heldAny = true
	}
}

// noteHeld closes a visit of g: the names that headroom cut and of which something is left are held back there.
// Looking at a few clients only adds to what was known.
func (cy *cycle) noteHeld(g *agent, all bool) {
	if !cy.heldAny && (!all || len(cy.a.figures.heldAgents) == 0 || len(g.heldBack) == 0) {
		return
	}
	if all {
		cy.a.unhold(g)
	}
	f := &cy.a.figures
	for i := range 64 * len(cy.heldNames) {
		if !cy.heldNames.has(i) || g.heldBack.has(i) || g.free.unres.Get(i) == 0 {
			continue
		}
		g.heldBack.add(i)
		for len(f.heldAgents) <= i {
			f.heldAgents = append(f.heldAgents, 0)
		}
		f.heldAgents[i]++
	}
	clear(cy.heldNames)
	cy.heldAny = false
}

// unhold forgets what was held back on g: its free part changed, or it is looked at anew.
func (a *Allocator) unhold(g *agent) {
	for i := range a.figures.heldAgents {
		if g.heldBack.has(i) {
			a.figures.heldAgents[i]--
		}
	}
	g.heldBack = g.heldBack[:0]
}

// holdBackBeyond notes that headroom cut the names of which b has more than surplus (QuotaReference).
func (cy *cycle) holdBackBeyond(surplus, b *vec) {
	for i := range b.Len() {
		if b.Get(i) > surplus.Get(i) {
			cy.holdBack(i)
		}
	}
}
