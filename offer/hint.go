package offer

import (
	"fmt"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// A Hint is what a framework says it could use in a role: Count times Unit (docs/allocation.md §8). It is advice that
// spares both sides offers that would be declined, never a promise: without it a framework is shown whole agents. What
// agents it wants besides is said by constraints.
type Hint struct {
	Unit  resource.Quantities `json:"unit"`  // of one task; ranges and sets count their members
	Count int                 `json:"count"` // how many such tasks wait; 0: none, nothing is offered
}

// SetHint sets the hint of a framework for a role, or takes it back (nil). Frameworks renew it as they launch.
// ErrUnknownFramework, ErrNotSubscribed, or ErrSpec for an empty unit or a negative count.
func (a *Allocator) SetHint(now Time, f FrameworkID, r role.Name, h *Hint) error {
	clients, err := a.clientsOf(f, []role.Name{r})
	if err == nil && h != nil && (h.Unit.IsEmpty() || h.Count < 0) {
		err = fmt.Errorf("hint of %d times %s: %w", h.Count, h.Unit, ErrSpec)
	}
	if err != nil {
		return fmt.Errorf("set hint of framework %q: %w", f, err)
	}
	a.advance(now)
	c := clients[0]
	if h != nil {
		kept := *h
		h = &kept
	}
	a.setHint(c, h)
	a.uncap(c)
	if a.rules.Hints && a.rules.Triggers == OnChange {
		a.requestFor(c)
	}
	return nil
}

// fitHint is gate 12: an agent on which no unit fits is not offered, and of one that has room for more units than wait, less
// what is offered already, only as much as those take. What is reserved, revocable or shared is never cut by a hint.
func (a *Allocator) fitHint(c *client, g *agent, v *verdict) {
	if c.hint == nil || !a.rules.Hints {
		return
	}
	wait := c.hint.Count
	for _, o := range c.offers {
		if o.agent != g || o.run != a.stats.Runs || !a.cycle.running {
			wait -= unitsIn(o.b.res, c.hint.Unit)
		}
	}
	fit := unitsIn(v.b.res, c.hint.Unit)
	switch {
	case wait <= 0:
		v.gate = GateHint
		a.holdBack(c)
	case fit == 0:
		v.gate = GateHint
	case fit > wait && v.b.kinds&^hasOther == 0:
		a.cutToUnits(v, c.hint.Unit, wait)
		if !a.passesMinimum(c, g, v.b) {
			v.gate = GateHint
			c.short = c.short || a.cycle.running
		}
	}
}

// unitsIn counts how often unit fits into r.
func unitsIn(r resource.Resources, unit resource.Quantities) int {
	has, least := r.Quantities(), int64(-1)
	for name, q := range unit.All() {
		if n := int64(has.Get(name)) / int64(q); least < 0 || n < least {
			least = n
		}
	}
	return int(max(least, 0))
}

// cutToUnits leaves n units of v.b, and of names that the unit does not mention as large a part as of the one that it takes
// most of. Integral names are cut to whole units that suffice.
func (a *Allocator) cutToUnits(v *verdict, unit resource.Quantities, n int) {
	has := v.b.res.Quantities()
	part, whole := int64(0), int64(1)
	for name, q := range unit.All() {
		if p, all := int64(q)*int64(n), int64(has.Get(name)); lessFraction(part, whole, p, all) {
			part, whole = p, all
		}
	}
	var kept resource.Resources
	target := vec{}
	for i := range v.b.unres.Len() {
		if q := v.b.unres.Get(i); q > 0 {
			name := a.names.list[i]
			if u := int64(unit.Get(name)) * int64(n); u > 0 {
				if rest := u % 1000; rest > 0 && a.whole[name] {
					u = min(u-rest+1000, q) // rounded down, the units would not fit any more
				}
				target.Set(i, u)
			} else {
				target.Set(i, mulDiv(q, part, whole))
			}
		}
	}
	kept = a.shrink(v.b.res.Filter(rationed), &target)
	for e := range v.b.res.Items() {
		members := -1
		if u := int64(unit.Get(e.Name())); u > 0 {
			members = int(u * int64(n) / 1000)
		}
		kept = kept.Add(firstMembers(e, members, part, whole))
	}
	v.b = a.bundle(kept)
	v.sure = lowest(&v.sure, &v.b.unres)
}
