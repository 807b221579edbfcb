package drf

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// whole is the weight that all active leaves share out among them.
const whole = 1 << 60

// A lottery orders the active leaves by a draw without replacement. All its arithmetic is on integers, so a draw has
// the same outcome on every platform.
type lottery struct {
	seed, run, agent uint64
	stale            bool // the tickets are out of date

	tickets []ticket // of the active leaves in the order of their paths
	sums    []uint64 // Fenwick tree over the tickets' parts
	left    []uint64 // sums less what has been drawn
	total   uint64   // of all parts: whole, but for rounding
	kin     []kin
}

// A ticket is the part of whole that a leaf has.
type ticket struct {
	client Client
	part   uint64
}

type kin struct {
	n    *node
	part uint64
}

// NewRandom returns an empty Sorter that draws its order by lot: a weighted lottery in which an active leaf has the
// part of its weight among its active siblings, times that of every node above it (docs/allocation.md §1.7).
// What a client holds has no effect on its chance. Each Ascend is a function of the seed, of the run and agent named by
// BeginAgent and of the active clients and weights: the same four give the same order, whatever the calls before.
func NewRandom(seed uint64, opts ...Option) *Sorter {
	s := New(opts...)
	s.lottery = &lottery{seed: seed, stale: true}
	return s
}

// redraw notes that the tickets are out of date.
func (s *Sorter) redraw() {
	if s.lottery != nil {
		s.lottery.stale = true
	}
}

// draw emits the active leaves, drawing one after the other.
func (s *Sorter) draw(yield func(Client) bool) {
	l := s.lottery
	if l.stale {
		s.deal()
	}
	l.left = append(l.left[:0], l.sums...)
	rest := l.total
	state := mix64(l.seed ^ mix64(l.run^mix64(l.agent^golden)))
	for range l.tickets {
		state += golden
		at, _ := bits.Mul64(mix64(state), rest)
		t := l.tickets[l.take(at)]
		rest -= t.part
		if !yield(t.client) {
			return
		}
	}
}

// deal gives every active leaf its ticket.
func (s *Sorter) deal() {
	l := s.lottery
	l.tickets, l.kin = l.tickets[:0], l.kin[:0]
	s.dealBelow(0, whole)
	l.sums, l.total = append(l.sums[:0], 0), 0
	for _, t := range l.tickets {
		l.sums = append(l.sums, t.part)
		l.total += t.part
	}
	for i := 1; i < len(l.sums); i++ {
		if up := i + i&-i; up < len(l.sums) {
			l.sums[up] += l.sums[i]
		}
	}
	l.stale = false
}

// dealBelow shares a part out among the children that have an active leaf, by weight. Nobody's part rounds to nothing.
func (s *Sorter) dealBelow(id int32, part uint64) {
	l := s.lottery
	from := len(l.kin)
	largest := 0.0
	for _, k := range s.nodes[id].kids {
		if n := s.nodes[k]; n.live > 0 {
			l.kin = append(l.kin, kin{n: n})
			largest = max(largest, n.weight)
		}
	}
	to := len(l.kin)
	slices.SortFunc(l.kin[from:], func(a, b kin) int { return cmp.Compare(a.n.name, b.n.name) })
	sum := uint64(0)
	for i := from; i < to; i++ {
		l.kin[i].part = wholeWeight(l.kin[i].n.weight, largest)
		sum += l.kin[i].part
	}
	for i := from; i < to; i++ {
		n := l.kin[i].n
		hi, lo := bits.Mul64(part, l.kin[i].part)
		own, _ := bits.Div64(hi, lo, sum)
		own = max(own, 1)
		if n.leaf() {
			l.tickets = append(l.tickets, ticket{n.client, own})
		} else {
			s.dealBelow(n.id, own)
		}
	}
	clear(l.kin[from:to])
	l.kin = l.kin[:from]
}

// wholeWeight scales a weight to an integer below 2^32 such that the largest of its siblings has its full 32 bits.
func wholeWeight(w, largest float64) uint64 {
	_, exp := math.Frexp(largest)
	return max(1, uint64(math.Ldexp(w, 32-exp)))
}

// take finds the ticket that position at falls on and draws it: O(log n).
func (l *lottery) take(at uint64) int {
	n := len(l.left) - 1
	found := 0
	for step := 1 << (bits.Len(uint(n)) - 1); step > 0; step >>= 1 {
		if next := found + step; next <= n && l.left[next] <= at {
			found = next
			at -= l.left[next]
		}
	}
	for i := found + 1; i <= n; i += i & -i {
		l.left[i] -= l.tickets[found].part
	}
	return found
}

// golden spaces the inputs of mix64: 2^64 divided by the golden ratio.
const golden = 0x9e3779b97f4a7c15

// mix64 spreads x over all 64 bits (the finalizer of the splitmix64 generator).
func mix64(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}
