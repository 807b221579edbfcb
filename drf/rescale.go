package drf

import "fmt"

// scaled is what an internal node counts as holding WithRescaling. It is replaced, never written to.
type scaled struct {
	held  Vec
	takes bool   // a leaf below can still take something
	epoch uint64 // of the totals it was computed with
	stale bool
}

// SetBlocked tells that a client cannot take anything at present: it is at a limit, or declines all it is shown.
// WithRescaling leaves blocked clients out of the smallest share, so that one that only declines does not lift its
// greedy siblings over everyone else (docs/allocation.md §1.6). Without that option it changes nothing.
func (s *Sorter) SetBlocked(c Client, on bool) error {
	id, ok := s.clients[c]
	if !ok {
		return fmt.Errorf("set client %d blocked: %w", c, ErrUnknown)
	}
	if s.nodes[id].blocked != on {
		s.mut(id).blocked = on
		s.unsettle(id)
	}
	return nil
}

// unsettle notes that the scaled vectors above a node are out of date.
func (s *Sorter) unsettle(id int32) {
	if !s.rescale {
		return
	}
	for ; id != none; id = s.nodes[id].parent {
		if n := s.nodes[id]; n.scaled != nil && !n.scaled.stale {
			s.mut(id).scaled = &scaled{held: n.scaled.held, takes: n.scaled.takes, stale: true}
		}
	}
}

// settle recomputes the scaled vectors that are out of date, from the leaves up.
func (s *Sorter) settle(id int32) {
	if !s.rescale {
		return
	}
	n := s.nodes[id]
	if n.leaf() || n.scaled != nil && !n.scaled.stale && n.scaled.epoch == s.epoch {
		return
	}
	for _, k := range n.kids {
		s.settle(k)
	}
	n = s.mut(id)
	if id == 0 {
		n.scaled = &scaled{epoch: s.epoch} // the root has no share
		return
	}
	n.scaled = s.rescaled(n)
	s.rekeyLater(id)
}

// rescaled sums the children of a node, each scaled down to the smallest share among those that can take something.
func (s *Sorter) rescaled(n *node) *scaled {
	sum := &scaled{epoch: s.epoch}
	least := 0.0
	for _, k := range n.kids {
		if kid := s.nodes[k]; kid.takes() {
			if share := s.share(kid); !sum.takes || share < least {
				sum.takes, least = true, share
			}
		}
	}
	for _, k := range n.kids {
		kid := s.nodes[k]
		ratio := 1.0
		if share := s.share(kid); sum.takes && share > least {
			ratio = least / share
		}
		held := kid.counts()
		sum.add(&held, ratio)
	}
	return sum
}

// add rounds to whole thousandths, so that the sum does not depend on the order of the children.
func (m *scaled) add(v *Vec, ratio float64) {
	for i := range v.Len() {
		if q := v.Get(i); q != 0 {
			m.held.Set(i, m.held.Get(i)+int64(float64(q)*ratio))
		}
	}
}

// takes reports whether the node can still take something: a leaf that is active and not blocked is below.
func (n *node) takes() bool {
	if n.scaled != nil {
		return n.scaled.takes
	}
	return n.leaf() && n.active && !n.blocked
}

// counts is the vector that the node's share comes from, to be read only.
func (n *node) counts() Vec {
	if n.scaled != nil {
		return n.scaled.held
	}
	return n.held.View()
}
