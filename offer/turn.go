package offer

import "time"

// This file is the turn rule and the back-off (docs/allocation.md §3.5).

// turns remembers, one bit per client, who has had and refused just what is free on an agent now: they come after all
// others, until nobody else wants it.
type turns struct {
	of    *bundle // the free part
	since uint64  // when the bits were last cleared, in the count of forgivings: clients that are younger have no bit
	bits  clientSet
	holds bool // when the run of a policy began
	taken bool // a policy gave something to a client whose turn was to come
}

// hadTurn notes that c refused what is free on g now.
func (a *Allocator) hadTurn(c *client, g *agent) {
	if !a.rules.TurnRule || g.free.empty() {
		return
	}
	t := &g.turns
	if !a.turnsHold(g) || t.since < c.born {
		clear(t.bits)
		t.of, t.since = g.free, a.forgivings
	}
	t.bits.add(c.index)
	g.turning = true
}

// turnsHold reports whether what is free on g is what the turns are of; only then do they count.
func (a *Allocator) turnsHold(g *agent) bool {
	t := &g.turns
	switch {
	case !g.turning:
		return false
	case t.of == g.free:
		return true
	case t.of.res.Equal(g.free.res):
		t.of = g.free
		return true
	}
	return false
}

// newRound forgets who had its turn.
func (g *agent) newRound() {
	clear(g.turns.bits)
	g.turns.of, g.turning = nil, false
}

// has reports whether c had its turn.
func (t *turns) has(c *client) bool {
	return t.bits.has(c.index) && t.since >= c.born
}

// backoffUnit is what a refusal for no time at all is taken for when it is repeated.
const backoffUnit = 10 * time.Millisecond

// streak counts how often in a row a client refused an agent that had not grown.
type streak struct {
	b      *bundle // refused last
	own    Time    // when the refusal would end but for the back-off
	until  Time    // when it ends
	client int32
	gen    uint32
	times  uint8
}

// backOff returns for how long a refusal of b for d really holds, and counts it.
func (a *Allocator) backOff(c *client, g *agent, b *bundle, d time.Duration) time.Duration {
	most := a.rules.BackoffCap
	if d >= most {
		return d
	}
	at := g.streakOf(c)
	if at < 0 {
		a.purgeStreaks(g)
		at = len(g.streaks)
		g.streaks = append(g.streaks, streak{client: c.index, gen: a.gens[c.index]})
	}
	s := &g.streaks[at]
	if s.gen == a.gens[c.index] && s.b != nil && s.until.Add(most) > a.now && (s.b == b || s.b.res.Contains(b.res)) {
		s.times = min(s.times+1, 40)
	} else {
		s.times, s.gen = 0, a.gens[c.index]
	}
	s.b, s.own = b, a.now.Add(d)
	held := d
	if s.times > 0 {
		held = max(d, backoffUnit)
		for range s.times {
			held = min(2*held, most)
		}
	}
	s.until = a.now.Add(held)
	return held
}

// endStreak forgets how often c refused g: it took something.
func (a *Allocator) endStreak(c *client, g *agent) {
	if at := g.streakOf(c); at >= 0 {
		g.streaks[at].b = nil
	}
}

func (g *agent) streakOf(c *client) int {
	for i := range g.streaks {
		if g.streaks[i].client == c.index {
			return i
		}
	}
	return -1
}

// purgeStreaks drops what cannot count any more: forgiven, or over for longer than the back-off can last.
func (a *Allocator) purgeStreaks(g *agent) {
	if len(g.streaks) < 2*g.kept+4 {
		return
	}
	kept := g.streaks[:0]
	for _, s := range g.streaks {
		if s.gen == a.gens[s.client] && s.b != nil && s.until.Add(a.rules.BackoffCap) > a.now {
			kept = append(kept, s)
		}
	}
	clear(g.streaks[len(kept):])
	g.streaks, g.kept = kept, len(kept)
}

// backingOff reports whether only the back-off still keeps g from c.
func (a *Allocator) backingOff(c *client, g *agent) bool {
	at := g.streakOf(c)
	if at < 0 {
		return false
	}
	s := &g.streaks[at]
	return s.times > 0 && s.gen == a.gens[c.index] && s.own <= a.sched.settled && s.until > a.sched.settled
}
