package drf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// String draws the tree, a node a line: its name, share and place among ties, its weight if that is not 1. Children
// come in the order in which they would be served, then those without an active leaf by name.
func (s *Sorter) String() string {
	var b strings.Builder
	s.settle(0)
	s.drawBelow(&b, 0, "")
	return b.String()
}

func (s *Sorter) drawBelow(b *strings.Builder, id int32, indent string) {
	kids := make([]*node, 0, len(s.nodes[id].kids))
	for _, k := range s.nodes[id].kids {
		kids = append(kids, s.nodes[k])
	}
	slices.SortFunc(kids, func(x, y *node) int {
		return cmp.Or(cmp.Compare(min(y.live, 1), min(x.live, 1)), compareKeys(s.keyOf(x), s.keyOf(y), x.name, y.name))
	})
	for _, n := range kids {
		fmt.Fprintf(b, "%s%s share %.4g, served %d", indent, n.name, s.share(n), n.served)
		if n.weight != 1 {
			fmt.Fprintf(b, ", weight %g", n.weight)
		}
		if n.leaf() && !n.active {
			b.WriteString(", inactive")
		}
		b.WriteByte('\n')
		s.drawBelow(b, n.id, indent+"  ")
	}
}
