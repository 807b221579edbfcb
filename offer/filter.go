package offer

import (
	"iter"
	"math/bits"
	"time"
)

// Refusals: the default and the longest (docs/allocation.md §3.1).
const (
	defaultRefusal = 5 * time.Second
	longestRefusal = 365 * 24 * time.Hour
)

// time is how long f refuses, as every filter does (docs/allocation.md §3.1, §3.3).
func (f Filter) time() time.Duration {
	if f.Refuse < 0 {
		return defaultRefusal
	}
	return min(f.Refuse, longestRefusal)
}

// refusal is what a client refused on an agent: it gets nothing there that is contained in b.
type refusal struct {
	b      *bundle
	until  Time
	client int32
	gen    uint32 // it holds while the client's generation is this
}

// refuse keeps b from c on g for as long as f says.
func (a *Allocator) refuse(c *client, g *agent, b *bundle, f Filter) {
	if b.empty() {
		return
	}
	a.hadTurn(c, g)
	d := a.backOff(c, g, b, f.time())
	if d == 0 || c.framework.refused >= a.bounds.Filters {
		return
	}
	if a.rules.FilterFloor {
		d = max(d, a.rules.Interval)
	}
	until := a.now.Add(d)
	if a.rules.FilterFloor && until == a.sched.tick {
		// Set after that run was: it holds for it.
		until++
	}
	if len(g.refusals) >= 2*g.swept+16 {
		a.purge(g, func(*refusal) bool { return false })
	}
	gen := a.gens[c.index]
	if g.refusers.has(c.index) {
		a.supersede(c, g, b, until)
	}
	g.refusers.add(c.index)
	g.refusals = append(roomy(g.refusals), refusal{b: b, until: until, client: c.index, gen: gen})
	c.refused++
	c.framework.refused++
	a.countFilters(c, 1)
	if b == g.free {
		a.note(c, g)
	}
	if g.inHeap < 0 || until < g.ends {
		a.expiries.set(g, until)
	}
	if g.keptFor == c {
		a.review(c)
	}
}

// supersede drops the refusals of c on g that one of b until then makes superfluous.
func (a *Allocator) supersede(c *client, g *agent, b *bundle, until Time) {
	kept := g.refusals[:0]
	for i := range g.refusals {
		r := &g.refusals[i]
		switch {
		case r.client != c.index:
		case r.gen != a.gens[c.index]:
			continue
		case r.until <= until && (r.b == b || b.res.Contains(r.b.res)):
			a.unrefuse(c)
			continue
		}
		kept = append(kept, *r)
	}
	clear(g.refusals[len(kept):])
	g.refusals = kept
}

// unrefuse counts one refusal of c less.
func (a *Allocator) unrefuse(c *client) {
	c.refused--
	c.framework.refused--
	a.countFilters(c, -1)
}

// roomy returns list with room for one more. It grows by a quarter: with every client refusing every agent, refusals are
// most of what an allocator holds.
func roomy(list []refusal) []refusal {
	if len(list) < cap(list) {
		return list
	}
	more := make([]refusal, len(list), len(list)+max(len(list)/4, 2))
	copy(more, list)
	return more
}

// clientSet is a set of clients by index.
type clientSet []uint64

func (s clientSet) has(i int32) bool {
	word := int(i) / 64
	return word < len(s) && s[word]&(1<<(i%64)) != 0
}

// all yields the members, the lowest index first.
func (s clientSet) all() iter.Seq[int32] {
	return func(yield func(int32) bool) {
		for w, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(int32(w*64 + bits.TrailingZeros64(word))) {
					return
				}
			}
		}
	}
}

func (s clientSet) drop(i int32) { s[i/64] &^= 1 << (i % 64) }

func (s *clientSet) add(i int32) {
	for word := int(i) / 64; len(*s) <= word; {
		*s = append(*s, 0)
	}
	(*s)[i/64] |= 1 << (i % 64)
}

// refused reports whether c refused at least b on g.
func (a *Allocator) refused(c *client, g *agent, b *bundle) bool {
	if !g.refusers.has(c.index) {
		return false
	}
	for i := range g.refusals {
		r := &g.refusals[i]
		if r.client != c.index || r.gen != a.gens[c.index] || r.until <= a.sched.settled {
			continue
		}
		if r.b == b || r.b.res.Contains(b.res) {
			if b == g.free {
				a.note(c, g)
			}
			return true
		}
	}
	return false
}

// noted remembers, one bit per client, who refused all that is free on an agent: it need not be looked at again until
// the free part grows, a refusal there ends or the client's refusals are forgiven.
type noted struct {
	of    *bundle // the free part refused
	since uint64  // when the bits were last cleared, in the count of forgivings
	bits  clientSet
	count int // of bits
}

// note remembers that c refused all that is free on g.
func (a *Allocator) note(c *client, g *agent) {
	n := &g.noted
	if n.of != g.free || n.since < a.forgiven[c.index] {
		n.of, n.since, n.count = g.free, a.forgivings, 0
		clear(n.bits)
	}
	if !n.bits.has(c.index) {
		n.bits.add(c.index)
		n.count++
	}
}

// hasNoted reports whether c is known to have refused all that is free on g.
func (a *Allocator) hasNoted(c *client, g *agent) bool {
	n := &g.noted
	return n.of == g.free && n.bits.has(c.index) && n.since >= a.forgiven[c.index]
}

// forgiveNoted takes out of what is noted on g who was forgiven since.
func (a *Allocator) forgiveNoted(g *agent) {
	n := &g.noted
	if n.since == a.forgivings {
		return
	}
	for i := range n.bits.all() {
		if a.forgiven[i] > n.since {
			n.bits.drop(i)
			n.count--
		}
	}
	n.since = a.forgivings
}

// forgive makes everything that c refused void, in one step; the records go when their agents are next looked at.
func (a *Allocator) forgive(c *client) {
	a.gens[c.index]++
	a.forgivings++
	a.forgiven[c.index] = a.forgivings
	c.framework.refused -= c.refused
	a.countFilters(c, -c.refused)
	c.refused = 0
}

// purge drops the refusals on g that are void or for which also is true.
func (a *Allocator) purge(g *agent, also func(*refusal) bool) {
	clear(g.refusers)
	kept := g.refusals[:0]
	for i := range g.refusals {
		r := &g.refusals[i]
		if r.gen != a.gens[r.client] {
			continue
		}
		if also(r) {
			a.unrefuse(a.clients[r.client])
			g.noted.of = nil
			continue
		}
		g.refusers.add(r.client)
		kept = append(kept, *r)
	}
	clear(g.refusals[len(kept):])
	g.refusals, g.swept = kept, len(kept)
	if len(kept) == 0 {
		g.refusals = nil
	}
	a.expiries.refresh(g)
}

// forgiveAgent drops every refusal on g, and begins its turns and back-offs anew.
func (a *Allocator) forgiveAgent(g *agent) {
	a.purge(g, func(*refusal) bool { return true })
	g.newRound()
	g.streaks, g.kept = nil, 0
}

// sweep drops the refusals on g that ended by upTo.
func (a *Allocator) sweep(g *agent, upTo Time) {
	a.purge(g, func(r *refusal) bool { return r.until <= upTo })
}

// endOfRefusals returns when the next refusal on g ends.
func (g *agent) endOfRefusals() (Time, bool) {
	if len(g.refusals) == 0 {
		return 0, false
	}
	first := g.refusals[0].until
	for i := range g.refusals {
		first = min(first, g.refusals[i].until)
	}
	return first, true
}

// agentHeap holds the agents that have refusals, the one whose next refusal ends first on top. An agent's time may be
// too early, when the refusal that it is of was replaced: never too late.
type agentHeap struct{ list []*agent }

// refresh puts g where it belongs after refusals of it were dropped.
func (h *agentHeap) refresh(g *agent) {
	end, any := g.endOfRefusals()
	switch {
	case any:
		h.set(g, end)
	case g.inHeap >= 0:
		h.remove(g)
	}
}

// set makes end the time of g.
func (h *agentHeap) set(g *agent, end Time) {
	if g.inHeap < 0 {
		g.inHeap = len(h.list)
		h.list = append(h.list, g)
	}
	g.ends = end
	h.up(g.inHeap)
	h.down(g.inHeap)
}

func (h *agentHeap) remove(g *agent) {
	i, last := g.inHeap, len(h.list)-1
	h.swap(i, last)
	h.list[last] = nil
	h.list = h.list[:last]
	g.inHeap = -1
	if i < last {
		h.up(i)
		h.down(i)
	}
}

func (h *agentHeap) less(i, j int) bool {
	x, y := h.list[i], h.list[j]
	return x.ends < y.ends || x.ends == y.ends && x.id < y.id
}

func (h *agentHeap) swap(i, j int) {
	h.list[i], h.list[j] = h.list[j], h.list[i]
	h.list[i].inHeap, h.list[j].inHeap = i, j
}

func (h *agentHeap) up(i int) {
	for i > 0 {
		p := (i - 1) / 2
		if !h.less(i, p) {
			return
		}
		h.swap(i, p)
		i = p
	}
}

func (h *agentHeap) down(i int) {
	for {
		c := 2*i + 1
		if c >= len(h.list) {
			return
		}
		if c+1 < len(h.list) && h.less(c+1, c) {
			c++
		}
		if !h.less(c, i) {
			return
		}
		h.swap(i, c)
		i = c
	}
}
