package drf

import (
	"cmp"
	"slices"

	"github.com/google/btree"
)

// degree of the btrees: 63 keys to a page.
const degree = 32

// A key is what a node had when it was put into the btree of its level. It changes only while the node is outside, or
// together with all the others where that keeps their order.
type key struct {
	share  float64
	served uint64
}

// A level is the order of the children of one internal node that have an active leaf: by share, then the place among
// ties, then the name (docs/allocation.md §1.3).
type level struct {
	tree  *btree.BTreeG[*node]
	epoch uint64  // of the totals that the keys come from
	late  []int32 // children whose keys wait for the next order to be read; some may have gone
}

func before(a, b *node) bool {
	switch {
	case a.key.share != b.key.share:
		return a.key.share < b.key.share
	case a.key.served != b.key.served:
		return a.key.served < b.key.served
	}
	return a.name < b.name
}

func compareNodes(a, b *node) int { return compareKeys(a.key, b.key, a.name, b.name) }

func compareKeys(a, b key, nameA, nameB string) int {
	switch {
	case a.share < b.share:
		return -1
	case a.share > b.share:
		return 1
	case a.served < b.served:
		return -1
	case a.served > b.served:
		return 1
	default:
		return cmp.Compare(nameA, nameB)
	}
}

func (s *Sorter) newLevel() int32 {
	if k := len(s.freeLevels); k > 0 {
		id := s.freeLevels[k-1]
		s.freeLevels = s.freeLevels[:k-1]
		return id
	}
	s.levels = append(s.levels, level{tree: btree.NewWithFreeListG(degree, before, s.freeNodes)})
	return int32(len(s.levels) - 1)
}

func (s *Sorter) freeLevel(id int32) {
	l := &s.levels[id]
	l.late = l.late[:0]
	s.freeLevels = append(s.freeLevels, id)
}

// above returns the level that orders n among its siblings.
func (s *Sorter) above(n *node) *level { return &s.levels[s.nodes[n.parent].level] }

// share is the weighted dominant share of a node's summed vector.
func (s *Sorter) share(n *node) float64 {
	if n.scaled != nil {
		return s.pool.Share(&n.scaled.held, n.weight)
	}
	return s.pool.SlimShare(&n.held, n.weight)
}

func (s *Sorter) keyOf(n *node) key { return key{s.share(n), n.served} }

// list gives a node with an active leaf its key, unless it has one.
func (s *Sorter) list(id int32) {
	if id == 0 || s.nodes[id].listed || s.nodes[id].live == 0 || s.lottery != nil {
		return
	}
	n := s.mut(id)
	l := s.above(n)
	if l.tree.Len() == 0 {
		l.epoch = s.epoch
	}
	n.key, n.listed = s.keyOf(n), true
	l.tree.ReplaceOrInsert(n)
}

// delist takes the key of a node away.
func (s *Sorter) delist(id int32) {
	if n := s.nodes[id]; n.listed {
		n = s.mut(id)
		s.above(n).tree.Delete(n)
		n.listed = false
	}
}

// rekeyLater has the next order bring the key of a node up to date: however often it changes between two orders, it is
// moved once. A level of older totals is left for rekey.
func (s *Sorter) rekeyLater(id int32) {
	n := s.nodes[id]
	if !n.listed || n.late {
		return
	}
	at := s.nodes[n.parent].level
	l := &s.levels[at]
	if l.epoch != s.epoch {
		return
	}
	n = s.mut(id)
	if l.tree.Len() == 1 { // the order of one does not change
		n.key = s.keyOf(n)
		return
	}
	n.late = true
	l.late = append(l.late, id)
	if len(l.late) > 2*l.tree.Len()+16 { // most of them have gone
		s.catchUp(at)
	}
}

// catchUp brings the keys of a level up to date that rekeyLater put off.
func (s *Sorter) catchUp(at int32) {
	l := &s.levels[at]
	for _, id := range l.late {
		n := s.nodes[id]
		if n == nil || !n.late || s.nodes[n.parent].level != at {
			continue // another node by now
		}
		n = s.mut(id)
		n.late = false
		if k := s.keyOf(n); n.listed && k != n.key {
			l.moveOne(n, k)
		}
	}
	l.late = l.late[:0]
}

// moveOne gives one child a new key.
func (l *level) moveOne(n *node, k key) {
	l.tree.Delete(n)
	n.key = k
	l.tree.ReplaceOrInsert(n)
}

// current brings all keys of a level up to date.
func (s *Sorter) current(at int32) {
	if s.levels[at].epoch != s.epoch {
		s.rekey(at)
	}
	if len(s.levels[at].late) > 0 {
		s.catchUp(at)
	}
}

// Before reports whether Ascend would emit c before d; both must be listed. It is for who has few clients to put in order
// out of many. It is not for the order of NewRandom, which is drawn as a whole.
func (s *Sorter) Before(c, d Client) bool {
	s.settle(0)
	x, y := s.clients[c], s.clients[d]
	for dx, dy := s.depth(x), s.depth(y); dx != dy; {
		if dx > dy {
			x, dx = s.nodes[x].parent, dx-1
		} else {
			y, dy = s.nodes[y].parent, dy-1
		}
	}
	for s.nodes[x].parent != s.nodes[y].parent {
		x, y = s.nodes[x].parent, s.nodes[y].parent
	}
	if x == y {
		return false
	}
	s.current(s.nodes[s.nodes[x].parent].level)
	return compareNodes(s.nodes[x], s.nodes[y]) < 0
}

func (s *Sorter) depth(id int32) (d int) {
	for ; id != 0; id = s.nodes[id].parent {
		d++
	}
	return d
}

// walk emits the active leaves below an internal node, depth first.
func (s *Sorter) walk(id int32, yield func(Client) bool) bool {
	at := s.nodes[id].level
	s.current(at)
	on := true
	s.levels[at].tree.Ascend(func(n *node) bool {
		if n.leaf() {
			on = yield(n.client)
		} else {
			on = s.walk(n.id, yield)
		}
		return on
	})
	return on
}

// scratch is memory that rekey uses again.
type scratch struct {
	kin  []*node
	keys []key
	kept []int32
	move []int32
}

// rekey brings a whole level up to new totals. Totals change all shares, but seldom much of the order: keys that stay
// in place are overwritten where they are, the others are taken out and put back (docs/allocation.md §7.3).
func (s *Sorter) rekey(at int32) {
	l, m := &s.levels[at], &s.scratch
	m.kin = m.kin[:0]
	l.tree.Ascend(func(n *node) bool {
		m.kin = append(m.kin, n)
		return true
	})
	m.keys = m.keys[:0]
	for i, n := range m.kin {
		n = s.mut(n.id)
		m.kin[i] = n
		m.keys = append(m.keys, s.keyOf(n))
	}
	m.findMoves()
	if len(m.move) > len(m.kin)/4 {
		l.rebuild(m)
	} else {
		l.move(m)
	}
	l.epoch = s.epoch
	clear(m.kin)
}

// findMoves picks the nodes whose new keys are out of order. Of each inverted pair one has to move; taking both keeps
// this to one pass and at most doubles the work.
func (m *scratch) findMoves() {
	m.kept, m.move = m.kept[:0], m.move[:0]
	for i := range m.kin {
		if k := len(m.kept) - 1; k >= 0 && m.compare(int32(i), m.kept[k]) < 0 {
			m.move = append(m.move, m.kept[k], int32(i))
			m.kept = m.kept[:k]
			continue
		}
		m.kept = append(m.kept, int32(i))
	}
}

func (m *scratch) compare(i, j int32) int {
	return compareKeys(m.keys[i], m.keys[j], m.kin[i].name, m.kin[j].name)
}

func (l *level) move(m *scratch) {
	for _, i := range m.move {
		l.tree.Delete(m.kin[i])
	}
	for i, n := range m.kin {
		n.key = m.keys[i]
	}
	for _, i := range m.move {
		l.tree.ReplaceOrInsert(m.kin[i])
	}
}

func (l *level) rebuild(m *scratch) {
	l.tree.Clear(true)
	for i, n := range m.kin {
		n.key = m.keys[i]
	}
	slices.SortFunc(m.kin, compareNodes)
	for _, n := range m.kin {
		l.tree.ReplaceOrInsert(n)
	}
}
