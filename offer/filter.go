package offer

import (
	"time"
)

// Refusals: the default and the longest (docs/allocation.md §3.1).
const (
	defaultRefusal = 5 * time.Second
	longestRefusal = 365 * 24 * time.Hour
)

// refusal is what a client refused on an agent: it gets nothing there that is contained in b.
type refusal struct {
	b      *bundle
	until  Time
	client int32
	gen    uint32 // it holds while the client's generation is this
}

// refuse keeps b from c on g for as long as f says.
func (a *Allocator) refuse(c *client, g *agent, b *bundle, f Filter) {
	d := f.Refuse
	if d < 0 {
		d = defaultRefusal
	}
	d = min(d, longestRefusal)
	if d == 0 || b.empty() || c.framework.refused >= a.bounds.Filters {
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
	a.purge(g, func(r *refusal) bool { // what the new one makes superfluous goes
		return r.client == c.index && r.until <= until && (r.b == b || b.res.Contains(r.b.res))
	})
	g.refusals = append(g.refusals, refusal{b: b, until: until, client: c.index, gen: a.gens[c.index]})
	c.refused++
	c.framework.refused++
	a.expiries.fix(g)
}

// refused reports whether c refused at least b on g.
func (a *Allocator) refused(c *client, g *agent, b *bundle) bool {
	for i := range g.refusals {
		r := &g.refusals[i]
		if r.client != c.index || r.gen != a.gens[c.index] || r.until <= a.sched.settled {
			continue
		}
		if r.b == b || r.b.res.Contains(b.res) {
			return true
		}
	}
	return false
}

// forgive makes everything that c refused void, in one step; the records go when their agents are next looked at.
func (a *Allocator) forgive(c *client) {
	a.gens[c.index]++
	c.framework.refused -= c.refused
	c.refused = 0
}

// purge drops the refusals on g that are void or for which also is true.
func (a *Allocator) purge(g *agent, also func(*refusal) bool) {
	kept := g.refusals[:0]
	for i := range g.refusals {
		r := &g.refusals[i]
		if r.gen != a.gens[r.client] {
			continue
		}
		if also(r) {
			c := a.clients[r.client]
			c.refused--
			c.framework.refused--
			continue
		}
		kept = append(kept, *r)
	}
	clear(g.refusals[len(kept):])
	g.refusals = kept
}

// forgiveAgent drops every refusal on g.
func (a *Allocator) forgiveAgent(g *agent) {
	a.purge(g, func(*refusal) bool { return true })
	a.expiries.fix(g)
}

// sweep drops the refusals on g that ended by upTo.
func (a *Allocator) sweep(g *agent, upTo Time) {
	a.purge(g, func(r *refusal) bool { return r.until <= upTo })
	a.expiries.fix(g)
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

// agentHeap holds the agents that have refusals, the one whose next refusal ends first on top.
type agentHeap struct{ list []*agent }

// fix puts g where it belongs after its refusals changed.
func (h *agentHeap) fix(g *agent) {
	end, any := g.endOfRefusals()
	switch {
	case !any && g.inHeap < 0:
		return
	case !any:
		h.remove(g)
		return
	case g.inHeap < 0:
		g.inHeap = len(h.list)
		h.list = append(h.list, g)
	case g.ends == end:
		return
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
