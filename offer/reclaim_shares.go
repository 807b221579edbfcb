package offer

import (
	"fmt"
	"slices"
	"sort"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Wish says that a role would take up to Count times Unit more, such as Count tasks.
type Wish struct {
	Role  role.Name
	Unit  resource.Quantities
	Count int
}

// mostWished bounds the units that one ReclaimShares goes through.
const mostWished = 10_000

// ReclaimShares computes what must be given back so that the roles of wishes get as much of them as fair shares allow:
// after weights changed, or a role came when everything was taken. Units go one by one to the wishing role that is first
// in the order of shares, out of what is free beyond the guarantees, and for the rest from the role that is last in that
// order. A unit is taken only where everybody who gives still has a weighted share at least as large as everybody who gets,
// level by level of the tree; nobody gives what a guarantee would need back.
//
// What is listed is minimal: of each name exactly what the units that fit lack (whole units of Rules.Integral names are
// rounded up). Short is what of the wishes cannot be had so. It looks at every use for every unit: it is for operators. ErrSpec for a role that is not known or named twice, an empty
// unit or a count below 0; ErrTooMany for more than 10,000 units.
func (a *Allocator) ReclaimShares(wishes ...Wish) (Reclaim, error) {
	f := a.Fork()
	p := &plan{a: f, uses: f.reclaimable(), taken: make(map[*use]*vec)}
	var open []*wish
	units := 0
	for _, w := range wishes {
		n, ok := f.role(w.Role)
		if !ok || w.Unit.IsEmpty() || w.Count < 0 || slices.ContainsFunc(open, func(o *wish) bool { return o.role == n }) {
			return Reclaim{}, fmt.Errorf("reclaim shares: %d × %s for role %q: %w", w.Count, w.Unit, w.Role, ErrSpec)
		}
		if units += w.Count; units > mostWished || w.Count > mostWished {
			return Reclaim{}, fmt.Errorf("reclaim shares: %d units: %w", units, ErrTooMany)
		}
		for name := range w.Unit.All() {
			if f.names.isNew(name) > 0 {
				return Reclaim{}, fmt.Errorf("reclaim shares: %q for role %q: %w", name, w.Role, ErrSpec)
			}
		}
		open = append(open, &wish{role: n, unit: f.names.vec(w.Unit), left: w.Count})
	}
	s := &sharing{plan: p, wishes: open}
	return p.result(s.share()), nil
}

type wish struct {
	role *node
	unit vec
	left int
	got  bool // at least one unit
	done bool // no more of it fits
}

// sharing gives units to wishes.
type sharing struct {
	*plan
	wishes []*wish
	givers []*node
}

// share hands out units until no wish gets any further; it returns what is left of the wishes.
func (s *sharing) share() *vec {
	for w := s.next(); w != nil; w = s.next() {
		if !s.serve(w) {
			w.done = true
		}
	}
	var short vec
	for _, w := range s.wishes {
		for range w.left {
			short.Add(&w.unit)
		}
	}
	return &short
}

// next is the open wish of the role that is first in the order of shares.
func (s *sharing) next() *wish {
	var first *wish
	for _, w := range s.wishes {
		if w.left > 0 && !w.done && (first == nil || s.before(w.role, first.role)) {
			first = w
		}
	}
	return first
}

func (s *sharing) before(x, y *node) bool {
	sx, sy := s.shares(x, y)
	return sx < sy || sx == sy && x.name < y.name
}

// shares are the weighted shares of x and y where their ways down the tree part.
func (s *sharing) shares(x, y *node) (ofX, ofY float64) {
	wx, wy := s.way(x), s.way(y)
	i := 0
	for i < len(wx) && i < len(wy) && wx[i] == wy[i] {
		i++
	}
	at := func(way []*node, n *node) float64 {
		if i < len(way) {
			return s.a.treeShareOf(way[i])
		}
		return s.a.dominantOf(&n.held) // it competes with roles below it as a leaf of weight 1
	}
	return at(wx, x), at(wy, y)
}

// way lists n and the roles above it, the topmost first.
func (s *sharing) way(n *node) (list []*node) {
	for ; n != s.a.root; n = n.parent {
		list = append(list, n)
	}
	slices.Reverse(list)
	return list
}

// serve gives one unit to w, or changes nothing and reports false.
func (s *sharing) serve(w *wish) bool {
	type step struct {
		u *use
		i int
		q int64
	}
	var steps []step
	gave, had := len(s.givers), w.got
	undo := func() bool {
		for _, x := range slices.Backward(steps) {
			t := s.taken[x.u]
			t.Set(x.i, t.Get(x.i)-x.q)
			s.move(x.u.client.role, x.i, x.q)
		}
		s.givers = s.givers[:gave]
		s.take1(w, -1)
		w.got = had
		return false
	}
	pool := make([]int64, s.a.names.len())
	for i := range pool {
		pool[i] = s.a.surplus(i)
		if q := w.unit.Get(i); q > 0 && !s.roomFor(w.role, i, q) {
			return false
		}
	}
	s.take1(w, 1)
	w.got = true
	if !s.fair() {
		return undo()
	}
	for i := range pool {
		lack := w.unit.Get(i) - pool[i]
		for lack > 0 {
			u, q := s.giver(i, lack)
			if u == nil {
				return undo()
			}
			if n := u.client.role; !slices.Contains(s.givers, n) {
				s.givers = append(s.givers, n)
			}
			s.give(u, i, q)
			steps = append(steps, step{u, i, q})
			lack -= q
		}
	}
	w.left--
	return true
}

// take1 lets w hold sign units more.
func (s *sharing) take1(w *wish, sign int64) {
	for i := range s.a.names.len() {
		if q := w.unit.Get(i); q > 0 {
			s.move(w.role, i, sign*q)
		}
	}
}

func (s *sharing) roomFor(n *node, i int, q int64) bool {
	for ; n != s.a.root; n = n.parent {
		if n.room(i) < q {
			return false
		}
	}
	return true
}

// giver finds who gives how much of name i, at most q: the role that is last in the order of shares, its uses in order. It
// gives until the next role is last, but an eighth of q or a whole unit at least.
func (s *sharing) giver(i int, q int64) (best *use, much int64) {
	var second *use
	for _, u := range s.uses {
		if best != nil && !s.before(best.client.role, u.client.role) &&
			(u.client.role == best.client.role || second != nil && !s.before(second.client.role, u.client.role)) {
			continue
		}
		if s.wishing(u.client.role) {
			continue
		}
		got := s.mayGive(u, i, q)
		switch {
		case got == 0:
		case best == nil || s.before(best.client.role, u.client.role):
			best, second, much = u, best, got
		default:
			second = u
		}
	}
	if second == nil || best.client.role == second.client.role {
		return best, much
	}
	n := best.client.role
	level := sort.Search(int(much), func(q int) bool {
		s.move(n, i, -int64(q)-1)
		defer s.move(n, i, int64(q)+1)
		return s.before(n, second.client.role)
	})
	return best, min(much, s.whole(i, max(int64(level), 1000, q/8), much))
}

// wishing reports whether n has a wish of its own: it gives nothing.
func (s *sharing) wishing(n *node) bool {
	return slices.ContainsFunc(s.wishes, func(w *wish) bool { return w.role == n })
}

// mayGive is how much of name i a use can give, at most q, so that shares stay fair.
func (s *sharing) mayGive(u *use, i int, q int64) int64 {
	spare := s.spare(u, s.a.root, i)
	most := min(q, spare)
	n := u.client.role
	givers := s.givers
	s.givers = append(s.givers, n)
	fairAt := func(q int64) bool {
		s.move(n, i, -q)
		ok := s.fair()
		s.move(n, i, q)
		return ok
	}
	if !fairAt(most) {
		most = int64(sort.Search(int(most), func(q int) bool { return !fairAt(int64(q) + 1) }))
	}
	s.givers = givers
	return s.whole(i, most, spare)
}

// fair reports whether everybody who gives has a share at least as large as everybody who gets.
func (s *sharing) fair() bool {
	for _, w := range s.wishes {
		if !w.got {
			continue
		}
		for _, g := range s.givers {
			if gives, gets := s.shares(g, w.role); gives < gets*(1-1e-12) { // quotients of equal fractions may differ in a bit
				return false
			}
		}
	}
	return true
}
