package drf

import (
	"cmp"
	"slices"
)

// Share implements Orderer.
func (s *Sorter) Share(c Client) float64 {
	id, ok := s.clients[c]
	if !ok {
		return 0
	}
	return s.share(&s.nodes[id])
}

// share is the weighted dominant share of a node (docs/allocation.md §1.1).
func (s *Sorter) share(n *node) float64 {
	largest := 0.0
	for i, held := range n.held.N {
		if held > 0 {
			largest = max(largest, s.part(i, held))
		}
	}
	for i, held := range n.held.More {
		if held > 0 {
			largest = max(largest, s.part(inline+i, held))
		}
	}
	return largest / n.weight
}

// part is the fraction of the cluster's name i that held is, 0 where i does not count.
func (s *Sorter) part(i int, held int64) float64 {
	total := s.totals.Get(i)
	if total <= 0 || i < len(s.excluded) && s.excluded[i] {
		return 0
	}
	if s.strictShare {
		return (float64(held) / 1000) / (float64(total) / 1000)
	}
	return float64(held) / float64(total)
}

// Ascend implements Orderer.
func (s *Sorter) Ascend(yield func(Client) bool) { s.ascend(0, yield) }

func (s *Sorter) ascend(id int32, yield func(Client) bool) bool {
	kids := slices.Clone(s.nodes[id].kids)
	slices.SortFunc(kids, func(a, b int32) int {
		x, y := &s.nodes[a], &s.nodes[b]
		return cmp.Or(cmp.Compare(s.share(x), s.share(y)), cmp.Compare(x.served, y.served), cmp.Compare(x.name, y.name))
	})
	for _, k := range kids {
		n := &s.nodes[k]
		switch {
		case n.live == 0:
		case n.leaf:
			if !yield(n.client) {
				return false
			}
		default:
			if !s.ascend(k, yield) {
				return false
			}
		}
	}
	return true
}
