package drf

import (
	"fmt"
	"strings"
)

// none is the id of no node and of no level.
const none int32 = -1

// virtualName names the leaf of a client that has descendants; its weight is always 1.
const virtualName = "."

// A node is one element of a path, or the virtual leaf of a client that has descendants.
type node struct {
	owner   *owner // the Sorter that may write to it
	id      int32
	parent  int32
	virtual int32   // the virtual leaf below, or none
	level   int32   // of an internal node: the order of its children; none for a leaf
	at      int32   // its index among the parent's kids
	live    int32   // active leaves in the subtree, itself included
	kids    []int32 // in no order
	name    string
	path    string
	weight  float64
	held    Slim   // the sum over the leaves of the subtree
	served  uint64 // its place among ties

	client  Client // of a leaf, like the two below
	active  bool
	blocked bool

	listed bool // it has a key in the parent's level:
	late   bool // which is not up to date
	key    key

	used  bool   // an order has used the weight, see look
	seen  bool   // the next order will
	since uint64 // reads when it was first seen

	scaled *scaled // of an internal node WithRescaling
}

func (n *node) leaf() bool { return n.level == none }

// checkPath refuses paths that the tree cannot hold. A dot would be taken for the virtual leaf.
func (s *Sorter) checkPath(path string) error {
	if path == "" {
		return ErrPath
	}
	if s.flat {
		return nil
	}
	depth := 0
	for name := range strings.SplitSeq(path, "/") {
		if name == "" || name == virtualName {
			return ErrPath
		}
		depth++
	}
	if depth > s.bounds.Depth {
		return fmt.Errorf("%d components: %w", depth, ErrTooMany)
	}
	return nil
}

// leafOf returns the leaf of the client at the path of node id: itself, its virtual leaf or none.
func (s *Sorter) leafOf(id int32) int32 {
	if s.nodes[id].leaf() {
		return id
	}
	return s.nodes[id].virtual
}

// grow makes the inactive leaf of path, and what is missing above it (docs/allocation.md §1.2).
func (s *Sorter) grow(path string) int32 {
	at := int32(0)
	for end := 0; end < len(path); {
		end = s.next(path, end)
		id, ok := s.paths[path[:end]]
		if !ok {
			s.branch(at)
			id = s.newNode(at, path[:end])
			s.paths[path[:end]] = id
		}
		at = id
	}
	if s.nodes[at].leaf() {
		return at
	}
	v := s.newNode(at, path+"/"+virtualName)
	s.mut(at).virtual = v
	return v
}

// next returns where the component of path that follows the prefix of length end ends.
func (s *Sorter) next(path string, end int) int {
	if s.flat {
		return len(path)
	}
	if end > 0 {
		end++
	}
	if i := strings.IndexByte(path[end:], '/'); i >= 0 {
		return end + i
	}
	return len(path)
}

// branch makes a leaf internal. A client that it had moves to a virtual leaf, which inherits what the client holds, its
// place among ties and whether it is active.
func (s *Sorter) branch(id int32) {
	if !s.nodes[id].leaf() {
		return
	}
	n := s.mut(id)
	n.level = s.newLevel()
	s.look(n, true)
	if at, ok := s.clients[n.client]; !ok || at != id {
		return // made on the way to a leaf further down
	}
	v := s.mut(s.newNode(id, n.path+"/"+virtualName))
	v.client, v.active, v.blocked, v.live = n.client, n.active, n.blocked, n.live
	v.held, v.served = n.held.Clone(), n.served
	n.client, n.active, n.blocked, n.virtual = 0, false, false, v.id
	s.clients[v.client] = v.id
	s.list(v.id)
}

// prune takes an inactive leaf out, with the nodes above that are no longer needed, and gives a client whose last
// descendant has gone its own node back.
func (s *Sorter) prune(id int32) {
	for id != 0 {
		n := s.nodes[id]
		up := n.parent
		switch {
		case len(n.kids) == 0:
			s.drop(id)
		case len(n.kids) == 1 && n.kids[0] == n.virtual:
			s.collapse(id)
		}
		id = up
	}
}

// collapse ends a virtual leaf that is alone. The node above it becomes the client's leaf, stays as active as that was
// and keeps its own place among ties, children that have gone included.
func (s *Sorter) collapse(id int32) {
	n := s.mut(id)
	v := s.nodes[n.virtual]
	n.client, n.active, n.blocked = v.client, v.active, v.blocked
	s.delist(v.id)
	s.drop(v.id)
	s.freeLevel(n.level)
	n.level, n.scaled = none, nil
	s.look(n, n.active)
	s.clients[n.client] = id
	s.rekeyLater(id)
}

func (s *Sorter) newNode(parent int32, path string) int32 {
	p := s.mut(parent) // which makes the list of nodes our own
	id := int32(len(s.nodes))
	if k := len(s.free); k > 0 {
		id, s.free = s.free[k-1], s.free[:k-1]
	} else {
		s.nodes = append(s.nodes, nil)
	}
	n := &node{owner: s.owner, id: id, parent: parent, virtual: none, level: none, path: path, name: path, weight: 1}
	if !s.flat {
		n.name = path[strings.LastIndexByte(path, '/')+1:]
	}
	if w, ok := s.weights[path]; ok {
		n.weight = w
	}
	n.at = int32(len(p.kids))
	p.kids = append(p.kids, id)
	s.nodes[id] = n
	return id
}

// drop takes a node without children and without a key out of the tree.
func (s *Sorter) drop(id int32) {
	n, p := s.nodes[id], s.mut(s.nodes[id].parent)
	last := len(p.kids) - 1
	if moved := p.kids[last]; moved != id {
		p.kids[n.at] = moved
		s.mut(moved).at = n.at
	}
	p.kids = p.kids[:last]
	if p.virtual == id {
		p.virtual = none
	} else {
		delete(s.paths, n.path)
	}
	if !n.leaf() {
		s.freeLevel(n.level)
	}
	s.nodes[id] = nil
	s.free = append(s.free, id)
}

// setActive lists or hides a leaf, and the nodes above that win or lose their only active leaf by it.
func (s *Sorter) setActive(id int32, on bool) {
	if s.nodes[id].active == on {
		return
	}
	n := s.mut(id)
	n.active = on
	s.look(n, on)
	s.redraw()
	s.unsettle(id)
	for ; id != none; id = s.nodes[id].parent {
		n := s.mut(id)
		switch {
		case !on:
			n.live--
		default:
			n.live++
		}
		if n.live == 0 {
			s.delist(id)
		} else {
			s.list(id)
		}
	}
}

func (s *Sorter) setWeight(id int32, w float64) {
	n := s.mut(id)
	if s.leafOf(id) != none {
		n.used = true
	} else if s.lateLost && s.weightUsed(n) {
		return
	}
	n.weight = w
	s.redraw()
	s.unsettle(id)
	s.rekeyLater(id)
}

// look notes that an order will use the weight of n from now on, or no longer. Only WithLateWeightLost asks.
func (s *Sorter) look(n *node, on bool) {
	if !s.lateLost || n.seen == on {
		return
	}
	if on {
		n.since, s.unread = s.reads, true
	} else {
		n.used = s.weightUsed(n)
	}
	n.seen = on
}

func (s *Sorter) weightUsed(n *node) bool { return n.used || n.seen && s.reads > n.since }

// charge moves what the node id and its ancestors hold, and their places among ties if the change is a service.
func (s *Sorter) charge(id int32, add, sub *Vec, service bool) {
	place := uint64(1)
	if service {
		s.clock++
		if s.tie != Count {
			place = s.clock
		}
	}
	s.unsettle(id)
	for ; id != none; id = s.nodes[id].parent {
		n := s.mut(id)
		if sub != &nothing {
			n.held.Sub(sub)
		}
		if add != &nothing {
			n.held.Add(add)
		}
		if service {
			s.servedNow(n, place)
		}
		s.rekeyLater(id)
	}
}

// serve moves the places among ties of the node id and its ancestors without a change of what they hold.
func (s *Sorter) serve(id int32, place uint64) {
	for ; id != none; id = s.nodes[id].parent {
		s.servedNow(s.mut(id), place)
		s.rekeyLater(id)
	}
}

// servedNow makes place the one of n among ties, or adds as many to its count.
func (s *Sorter) servedNow(n *node, place uint64) {
	if s.tie == Count {
		n.served += place
	} else {
		n.served = place
	}
}
