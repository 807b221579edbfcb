package drf

import (
	"maps"
	"slices"
)

// An owner marks the nodes that one Sorter may write to. It has a size so that each has an address of its own.
type owner struct{ _ byte }

// Clone implements Orderer. The two share everything until one of them writes: a clone costs one small allocation per
// internal node, and a write afterwards copies the nodes on its path.
//
// Keys are brought up to date first, so that a clone made by New that nobody changes may be read by several goroutines
// at once, unless WithLateWeightLost, under which reading an order leaves a mark.
func (s *Sorter) Clone() Orderer {
	s.refresh()
	c := *s
	s.owner, c.owner = new(owner), new(owner)
	s.sharedNodes, c.sharedNodes = true, true
	s.sharedTables, c.sharedTables = true, true
	c.levels = slices.Clone(s.levels)
	for i := range c.levels {
		c.levels[i].tree = s.levels[i].tree.Clone()
		c.levels[i].late = nil
	}
	c.freeLevels = slices.Clone(s.freeLevels)
	c.pool = s.pool.clone()
	c.scratch = scratch{}
	if s.lottery != nil {
		c.lottery = &lottery{seed: s.lottery.seed, run: s.lottery.run, agent: s.lottery.agent, stale: true}
	}
	return &c
}

// refresh does what the next Ascend would have to do first.
func (s *Sorter) refresh() {
	if s.lottery != nil {
		return
	}
	s.settle(0)
	for at := range s.levels {
		if s.levels[at].epoch != s.epoch {
			s.rekey(int32(at))
		}
		s.catchUp(int32(at))
	}
}

// own makes the tables of this Sorter its own before clients come, go or get weights.
func (s *Sorter) own() {
	if !s.sharedTables {
		return
	}
	s.sharedTables = false
	s.free = slices.Clone(s.free)
	s.clients = maps.Clone(s.clients)
	s.paths = maps.Clone(s.paths)
	s.weights = maps.Clone(s.weights)
}

// ownNodes makes the list of nodes, but not the nodes, this Sorter's own.
func (s *Sorter) ownNodes() {
	if s.sharedNodes {
		s.sharedNodes = false
		s.nodes = slices.Clone(s.nodes)
	}
}

// mut returns a node to write to: itself, or a copy that takes its place if a clone may be reading it.
// What it returned before for the same id is not to be used after a Clone.
func (s *Sorter) mut(id int32) *node {
	n := s.nodes[id]
	if n.owner == s.owner {
		return n
	}
	s.ownNodes()
	c := *n
	c.owner = s.owner
	c.kids = slices.Clone(n.kids)
	c.held = n.held.Clone()
	s.nodes[id] = &c
	if c.listed {
		s.above(&c).tree.ReplaceOrInsert(&c)
	}
	return &c
}
