package drf

import (
	"fmt"
	"math"

	"github.com/google/btree"
)

var _ Orderer = (*Sorter)(nil)

// A Sorter keeps the tree of clients (docs/allocation.md §1.2) and gives one of two orders over it:
// by weighted dominant share (New, §1.3) or by lot (NewRandom, §1.7).
//
// A change costs one key per level of the path. New totals change every share, so keys are then recomputed level by
// level when Ascend comes by, and only those that have to move are moved.
type Sorter struct {
	config
	owner   *owner
	nodes   []*node            // by id; the root is 0
	free    []int32            // ids to use again
	clients map[Client]int32   // the leaf of each client
	paths   map[string]int32   // every node but the root and the virtual leaves
	weights map[string]float64 // those other than 1

	// A clone has the same nodes, or the same four tables below them: copy before writing.
	sharedNodes, sharedTables bool

	levels     []level
	freeLevels []int32
	freeNodes  *btree.FreeListG[*node]

	pool    Pool
	version uint64 // the caller's version of the totals
	epoch   uint64 // counts changes of the totals; 0 before the first
	clock   uint64 // the last place among ties that was given out

	reads  uint64 // orders read that used a weight for the first time, see look
	unread bool   // there are weights that no order has used

	lottery *lottery // of NewRandom
	scratch scratch
}

// New returns an empty Sorter by weighted dominant share. Unless told otherwise the least recently served comes first
// among equals, late weights take effect and nothing is excluded.
func New(opts ...Option) *Sorter {
	s := &Sorter{
		config:    newConfig(opts),
		owner:     new(owner),
		clients:   make(map[Client]int32),
		paths:     make(map[string]int32),
		weights:   make(map[string]float64),
		freeNodes: btree.NewFreeListG[*node](btree.DefaultFreeListSize),
	}
	s.nodes = []*node{{owner: s.owner, parent: none, virtual: none, level: s.newLevel()}}
	return s
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
	s.own()
	id := s.grow(path)
	s.mut(id).client = c
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
	s.own()
	s.setActive(id, false)
	n := s.nodes[id]
	held := n.held.View()
	s.charge(n.parent, &nothing, &held, false)
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

// SetWeight implements Orderer. The weight of a client that has descendants is that of its whole subtree against its
// siblings; inside the subtree the client itself counts 1 (docs/allocation.md §1.2).
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
	s.own()
	if w == 1 {
		delete(s.weights, path)
	} else {
		s.weights[path] = w
	}
	if id, ok := s.paths[path]; ok {
		s.setWeight(id, w)
	}
	return nil
}

// Grant implements Orderer.
func (s *Sorter) Grant(c Client, d *Vec) error {
	id, ok := s.clients[c]
	if !ok {
		return fmt.Errorf("grant to client %d: %w", c, ErrUnknown)
	}
	if err := checkRoom(d, &s.nodes[0].held, &nothing); err != nil {
		return fmt.Errorf("grant to client %d: %w", c, err)
	}
	s.charge(id, d, &nothing, true)
	return nil
}

// Release implements Orderer.
func (s *Sorter) Release(c Client, d *Vec) error {
	id, ok := s.clients[c]
	if !ok {
		return fmt.Errorf("release from client %d: %w", c, ErrUnknown)
	}
	if err := checkHeld(d, &s.nodes[id].held); err != nil {
		return fmt.Errorf("release from client %d: %w", c, err)
	}
	s.charge(id, &nothing, d, false)
	return nil
}

// Restore tells what a client that was just added held and how often it was served before: for an order that is made when
// it is first needed. ErrUnknown, ErrQuantity.
func (s *Sorter) Restore(c Client, held *Vec, services uint64) error {
	if err := s.Update(c, &nothing, held); err != nil {
		return err
	}
	if services == 0 {
		return nil
	}
	if s.tie == Count {
		s.serve(s.clients[c], services)
	} else {
		s.clock++
		s.serve(s.clients[c], s.clock)
	}
	return nil
}

// Update implements Orderer.
func (s *Sorter) Update(c Client, from, to *Vec) error {
	id, ok := s.clients[c]
	if !ok {
		return fmt.Errorf("update client %d: %w", c, ErrUnknown)
	}
	err := checkHeld(from, &s.nodes[id].held)
	if err == nil {
		err = checkRoom(to, &s.nodes[0].held, from)
	}
	if err != nil {
		return fmt.Errorf("update client %d: %w", c, err)
	}
	if !from.Equal(to) {
		s.charge(id, to, from, false)
	}
	return nil
}

// SetTotals implements Orderer. Quotients are exact up to totals of 2^53 thousandths.
func (s *Sorter) SetTotals(t *Vec, version uint64) error {
	if version == s.version && s.epoch > 0 {
		return nil
	}
	for i := range t.Len() {
		if t.Get(i) < 0 {
			return fmt.Errorf("totals: name %d: %w", i, ErrQuantity)
		}
	}
	s.version = version
	if s.epoch == 0 || !s.pool.totals.Equal(t) {
		s.epoch++
		s.pool.set(t, &s.config)
	}
	return nil
}

// BeginAgent implements Orderer. It names the draw of NewRandom; New gives every agent the same order.
func (s *Sorter) BeginAgent(run, agent uint64) {
	if s.lottery != nil {
		s.lottery.run, s.lottery.agent = run, agent
	}
}

// Ascend implements Orderer. It allocates nothing.
func (s *Sorter) Ascend(yield func(Client) bool) {
	if s.unread {
		s.reads++
		s.unread = false
	}
	if s.lottery != nil {
		s.draw(yield)
		return
	}
	s.settle(0)
	s.walk(0, yield)
}

// Share implements Orderer.
func (s *Sorter) Share(c Client) float64 {
	id, ok := s.clients[c]
	if !ok {
		return 0
	}
	return s.share(s.nodes[id])
}

// Len is the number of clients.
func (s *Sorter) Len() int { return len(s.clients) }

// Held is what a client holds, as a copy; false for a client that is not there.
func (s *Sorter) Held(c Client) (Vec, bool) {
	id, ok := s.clients[c]
	if !ok {
		return Vec{}, false
	}
	return s.nodes[id].held.Vec(), true
}

// TotalHeld is what all clients hold together, as a copy.
func (s *Sorter) TotalHeld() Vec { return s.nodes[0].held.Vec() }

var nothing Vec

// checkRoom refuses to add d to the sum of everything less what is given back for it. No node holds more than the root,
// so nothing wraps where the root does not.
func checkRoom(d *Vec, sum *Slim, back *Vec) error {
	for i := range d.Len() {
		if q := d.Get(i); q < 0 || q > math.MaxInt64-(sum.Get(i)-back.Get(i)) {
			return fmt.Errorf("name %d: %w", i, ErrQuantity)
		}
	}
	return nil
}

func checkHeld(d *Vec, held *Slim) error {
	for i := range d.Len() {
		switch q := d.Get(i); {
		case q < 0:
			return fmt.Errorf("name %d: %w", i, ErrQuantity)
		case q > held.Get(i):
			return fmt.Errorf("name %d: %d of %d: %w", i, q, held.Get(i), ErrNotHeld)
		}
	}
	return nil
}
