package drf

import (
	"fmt"
	"math"
)

var _ Orderer = (*Sorter)(nil)

// A Sorter orders clients by hierarchical weighted dominant resource fairness (docs/allocation.md §1).
type Sorter struct {
	config
	nodes   []node // by id; the root is 0
	free    []int32
	clients map[Client]int32   // the leaf of each client
	paths   map[string]int32   // every node but the root and the virtual leaves
	weights map[string]float64 // those other than 1

	totals  Vec
	version uint64
	clock   uint64 // the last place among ties that was given out
}

// New returns an empty Sorter: least recently served first among ties, late weights taking effect, nothing excluded.
func New(opts ...Option) *Sorter {
	return &Sorter{
		config:  newConfig(opts),
		nodes:   []node{{virtual: none, parent: none}},
		clients: make(map[Client]int32),
		paths:   make(map[string]int32),
		weights: make(map[string]float64),
	}
}

// Add implements Orderer.
func (s *Sorter) Add(c Client, path string, active bool) error {
	if _, ok := s.clients[c]; ok {
		return fmt.Errorf("add client %d at %q: client: %w", c, path, ErrExists)
	}
	if err := s.checkPath(path); err != nil {
		return fmt.Errorf("add client %d at %q: %w", c, path, err)
	}
	if id, ok := s.paths[path]; ok && s.leafOf(id) != none {
		return fmt.Errorf("add client %d at %q: path: %w", c, path, ErrExists)
	}
	if len(s.clients) >= s.bounds.Clients {
		return fmt.Errorf("add client %d at %q: %d clients: %w", c, path, len(s.clients), ErrTooMany)
	}
	id := s.grow(path)
	s.nodes[id].client = c
	s.clients[c] = id
	if active {
		s.setActive(id, true)
	}
	return nil
}

// Remove implements Orderer.
func (s *Sorter) Remove(c Client) error {
	id, ok := s.clients[c]
	if !ok {
		return fmt.Errorf("remove client %d: %w", c, ErrUnknown)
	}
	s.setActive(id, false)
	held := s.nodes[id].held
	for p := s.nodes[id].parent; p != none; p = s.nodes[p].parent {
		s.nodes[p].held.Sub(&held)
	}
	delete(s.clients, c)
	s.prune(id)
	return nil
}

// SetActive implements Orderer.
func (s *Sorter) SetActive(c Client, on bool) error {
	id, ok := s.clients[c]
	if !ok {
		return fmt.Errorf("set client %d active: %w", c, ErrUnknown)
	}
	s.setActive(id, on)
	return nil
}

// SetWeight implements Orderer.
func (s *Sorter) SetWeight(path string, w float64) error {
	if !(w > 0) || math.IsInf(w, 0) {
		return fmt.Errorf("weight %v of %q: %w", w, path, ErrWeight)
	}
	if err := s.checkPath(path); err != nil {
		return fmt.Errorf("weight of %q: %w", path, err)
	}
	if _, ok := s.weights[path]; !ok && w != 1 && len(s.weights) >= s.bounds.Weights {
		return fmt.Errorf("weight of %q: %d weights: %w", path, len(s.weights), ErrTooMany)
	}
	if w == 1 {
		delete(s.weights, path)
	} else {
		s.weights[path] = w
	}
	if id, ok := s.paths[path]; ok {
		s.nodes[id].weight = w
	}
	return nil
}

// Grant implements Orderer.
func (s *Sorter) Grant(c Client, d *Vec) error {
	id, ok := s.clients[c]
	if !ok {
		return fmt.Errorf("grant to client %d: %w", c, ErrUnknown)
	}
	if err := s.checkGrant(d); err != nil {
		return fmt.Errorf("grant to client %d: %w", c, err)
	}
	s.clock++
	for ; id != none; id = s.nodes[id].parent {
		n := &s.nodes[id]
		n.held.Add(d)
		if s.tie == Count {
			n.served++
		} else {
			n.served = s.clock
		}
	}
	return nil
}

// Release implements Orderer.
func (s *Sorter) Release(c Client, d *Vec) error {
	id, ok := s.clients[c]
	if !ok {
		return fmt.Errorf("release from client %d: %w", c, ErrUnknown)
	}
	if !s.nodes[id].held.Contains(d) {
		return fmt.Errorf("release from client %d: %w", c, ErrNotHeld)
	}
	for ; id != none; id = s.nodes[id].parent {
		s.nodes[id].held.Sub(d)
	}
	return nil
}

// Update implements Orderer.
func (s *Sorter) Update(c Client, old, new *Vec) error {
	id, ok := s.clients[c]
	if !ok {
		return fmt.Errorf("update client %d: %w", c, ErrUnknown)
	}
	if !s.nodes[id].held.Contains(old) {
		return fmt.Errorf("update client %d: %w", c, ErrNotHeld)
	}
	for ; id != none; id = s.nodes[id].parent {
		s.nodes[id].held.Sub(old)
		s.nodes[id].held.Add(new)
	}
	return nil
}

// SetTotals implements Orderer.
func (s *Sorter) SetTotals(t *Vec, version uint64) error {
	if version == s.version {
		return nil
	}
	s.totals, s.version = t.Clone(), version
	return nil
}

// BeginAgent implements Orderer: the order of a Sorter does not depend on the agent.
func (s *Sorter) BeginAgent(run, agent uint64) {}

// Clone implements Orderer.
func (s *Sorter) Clone() Orderer { panic("todo") }

// Check implements Orderer.
func (s *Sorter) Check() error { return nil }

// Len is the number of clients.
func (s *Sorter) Len() int { return len(s.clients) }

// Held is what a client holds, as a copy; false for a client that is not there.
func (s *Sorter) Held(c Client) (Vec, bool) {
	id, ok := s.clients[c]
	if !ok {
		return Vec{}, false
	}
	return s.nodes[id].held.Clone(), true
}

// TotalHeld is what all clients hold together, as a copy.
func (s *Sorter) TotalHeld() Vec { return s.nodes[0].held.Clone() }

func (s *Sorter) checkGrant(d *Vec) error {
	for i := range d.Len() {
		if q := d.Get(i); q < 0 || q > math.MaxInt64-s.nodes[0].held.Get(i) {
			return fmt.Errorf("name %d: %w", i, ErrQuantity)
		}
	}
	return nil
}
