package drf

import (
	"fmt"
	"slices"
	"strings"
)

// none is the id of no node.
const none int32 = -1

// virtualName names the leaf of a client that has descendants; its weight is always 1.
const virtualName = "."

// A node is one element of a path, or the virtual leaf of a client that has descendants.
type node struct {
	parent  int32
	virtual int32 // the virtual leaf below, or none
	kids    []int32
	name    string
	path    string
	client  Client // of a leaf
	leaf    bool
	active  bool  // of a leaf
	live    int32 // active leaves in the subtree, this one included
	weight  float64
	held    Vec
	served  uint64
}

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
	if s.nodes[id].leaf {
		return id
	}
	return s.nodes[id].virtual
}

// grow makes the leaf of path, and what is missing above it.
func (s *Sorter) grow(path string) int32 {
	at := int32(0)
	for end := 0; end < len(path); {
		end = s.next(path, end)
		id, ok := s.paths[path[:end]]
		if !ok {
			s.split(at)
			id = s.newNode(at, path[:end])
			s.paths[path[:end]] = id
		}
		at = id
	}
	if len(s.nodes[at].kids) > 0 {
		v := s.newNode(at, path+"/"+virtualName)
		s.nodes[at].virtual = v
		at = v
	}
	s.nodes[at].leaf = true
	return at
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

// split turns a leaf into an internal node above a virtual leaf that takes over the client.
func (s *Sorter) split(id int32) {
	if !s.nodes[id].leaf {
		return
	}
	v := s.newNode(id, s.nodes[id].path+"/"+virtualName)
	n, l := &s.nodes[id], &s.nodes[v]
	l.client, l.leaf, l.active, l.live = n.client, true, n.active, n.live
	l.held, l.served = n.held.Clone(), n.served
	n.leaf, n.active, n.virtual = false, false, v
	s.clients[l.client] = v
}

// prune takes an inactive leaf out, with the nodes above that are no longer needed, and gives a client whose
// last descendant has gone its own node back.
func (s *Sorter) prune(id int32) {
	for id != 0 {
		up := s.nodes[id].parent
		switch kids := s.nodes[id].kids; {
		case len(kids) == 0:
			s.drop(id)
		case len(kids) == 1 && kids[0] == s.nodes[id].virtual:
			s.collapse(id)
		}
		id = up
	}
}

// collapse ends a virtual leaf: the node above keeps its own place among ties.
func (s *Sorter) collapse(id int32) {
	v := s.nodes[id].virtual
	n, l := &s.nodes[id], &s.nodes[v]
	n.client, n.leaf, n.active = l.client, true, l.active
	s.clients[n.client] = id
	s.drop(v)
}

func (s *Sorter) newNode(parent int32, path string) int32 {
	n := node{parent: parent, virtual: none, path: path, weight: 1}
	n.name = path
	if !s.flat {
		n.name = path[strings.LastIndexByte(path, '/')+1:]
	}
	if w, ok := s.weights[path]; ok {
		n.weight = w
	}
	id := int32(len(s.nodes))
	if k := len(s.free); k > 0 {
		id, s.free = s.free[k-1], s.free[:k-1]
		s.nodes[id] = n
	} else {
		s.nodes = append(s.nodes, n)
	}
	s.nodes[parent].kids = append(s.nodes[parent].kids, id)
	return id
}

func (s *Sorter) drop(id int32) {
	n := &s.nodes[id]
	p := &s.nodes[n.parent]
	i := slices.Index(p.kids, id)
	p.kids = slices.Delete(p.kids, i, i+1)
	if p.virtual == id {
		p.virtual = none
	} else {
		delete(s.paths, n.path)
	}
	*n = node{}
	s.free = append(s.free, id)
}

func (s *Sorter) setActive(id int32, on bool) {
	n := &s.nodes[id]
	if n.active == on {
		return
	}
	n.active = on
	step := int32(1)
	if !on {
		step = -1
	}
	for ; id != none; id = s.nodes[id].parent {
		s.nodes[id].live += step
	}
}
