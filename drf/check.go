package drf

import (
	"fmt"
	"maps"
	"slices"
)

// Check implements Orderer: it walks the whole tree, so it is for tests and for tools.
func (s *Sorter) Check() error {
	seen := census{}
	if err := s.checkNode(0, &seen); err != nil {
		return err
	}
	if seen.strays > 0 || seen.clients != len(s.clients) || seen.paths != len(s.paths) {
		if err := s.findStray(); err != nil {
			return err
		}
	}
	if got, want := len(s.nodes)-len(s.free), len(s.paths)+s.virtuals()+1; got != want {
		return fmt.Errorf("%d nodes for %d paths and virtual leaves: %w", got, want, ErrInconsistent)
	}
	return nil
}

// census counts what a walk through the tree meets. Every leaf that is met is that of its client, and every path but those
// of strays leads back: so if there are no more clients and paths than were met, each of them leads to a node of its own.
type census struct{ clients, paths, strays int }

// findStray names the first client or path that leads to no node of its own.
func (s *Sorter) findStray() error {
	for _, c := range slices.Sorted(maps.Keys(s.clients)) {
		n := s.nodes[s.clients[c]]
		if n == nil || !n.leaf() || n.client != c {
			return fmt.Errorf("client %d has no leaf: %w", c, ErrInconsistent)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(s.paths)) {
		n := s.nodes[s.paths[path]]
		if n == nil || n.path != path {
			return fmt.Errorf("path %q leads to another node: %w", path, ErrInconsistent)
		}
	}
	return nil
}

func (s *Sorter) virtuals() int {
	count := 0
	for _, n := range s.nodes {
		if n != nil && n.virtual != none {
			count++
		}
	}
	return count
}

func (s *Sorter) checkNode(id int32, seen *census) error {
	n := s.nodes[id]
	if n.leaf() {
		seen.clients++
		return s.checkLeaf(n)
	}
	var sum Vec
	live := int32(0)
	listed := 0
	for i, k := range n.kids {
		if err := s.checkNode(k, seen); err != nil {
			return err
		}
		kid := s.nodes[k]
		if k != n.virtual {
			seen.paths++
			if at, ok := s.paths[kid.path]; !ok || at != k {
				seen.strays++
			}
		}
		if kid.parent != id || int(kid.at) != i {
			return fmt.Errorf("%q is not where its parent has it: %w", kid.path, ErrInconsistent)
		}
		held := kid.held.View()
		sum.Add(&held)
		live += kid.live
		if kid.listed {
			listed++
		}
	}
	switch {
	case !n.held.Equal(&sum):
		return fmt.Errorf("%q holds %v, its children %v: %w", n.path, n.held.View(), sum, ErrInconsistent)
	case live != n.live:
		return fmt.Errorf("%q counts %d active leaves, its children %d: %w", n.path, n.live, live, ErrInconsistent)
	case id != 0 && len(n.kids) == 0:
		return fmt.Errorf("%q is internal and has no children: %w", n.path, ErrInconsistent)
	case s.levels[n.level].tree.Len() != listed:
		return fmt.Errorf("%q orders %d children of %d: %w", n.path, s.levels[n.level].tree.Len(), listed, ErrInconsistent)
	}
	return s.checkLevel(n)
}

func (s *Sorter) checkLeaf(n *node) error {
	live := int32(0)
	if n.active {
		live = 1
	}
	id, ok := s.clients[n.client]
	switch {
	case !ok || id != n.id:
		return fmt.Errorf("leaf %q is not that of client %d: %w", n.path, n.client, ErrInconsistent)
	case n.live != live:
		return fmt.Errorf("leaf %q counts %d active leaves: %w", n.path, n.live, ErrInconsistent)
	case len(n.kids) != 0:
		return fmt.Errorf("leaf %q has children: %w", n.path, ErrInconsistent)
	}
	return nil
}

// checkLevel compares membership, keys and order of the children of n.
func (s *Sorter) checkLevel(n *node) (err error) {
	l := &s.levels[n.level]
	for _, k := range n.kids {
		kid := s.nodes[k]
		if kid.late && kid.listed && !slices.Contains(l.late, k) {
			return fmt.Errorf("%q waits for a key that nobody will give it: %w", kid.path, ErrInconsistent)
		}
		if want := kid.live > 0 && s.lottery == nil; kid.listed != want {
			return fmt.Errorf("%q is ordered: %v: %w", kid.path, kid.listed, ErrInconsistent)
		}
	}
	var last *node
	l.tree.Ascend(func(k *node) bool {
		switch {
		case k != s.nodes[k.id]:
			err = fmt.Errorf("%q is ordered by an outdated node: %w", k.path, ErrInconsistent)
		case last != nil && compareNodes(last, k) >= 0:
			err = fmt.Errorf("%q comes after %q: %w", k.path, last.path, ErrInconsistent)
		case l.epoch == s.epoch && !k.late && s.settled(k) && k.key != s.keyOf(k):
			err = fmt.Errorf("%q has key %v, want %v: %w", k.path, k.key, s.keyOf(k), ErrInconsistent)
		}
		last = k
		return err == nil
	})
	return err
}

// settled reports whether the share of a node can be computed without settling it first.
func (s *Sorter) settled(n *node) bool {
	return n.scaled == nil || !n.scaled.stale && n.scaled.epoch == s.epoch
}
