package offer

import (
	"github.com/proffer-go/proffer/resource"
)

// Gate numbers the gates of docs/allocation.md §2.3 that stand between an agent and a client; 0: nothing refuses.
type Gate uint8

// The gates that there are.
const (
	GateNotListed   Gate = 1  // unknown, inactive, not subscribed or suppressed
	GateConstraints Gate = 2  // the framework's constraints for the role exclude the agent or what is offerable of it
	GateNothingFree Gate = 3  // nothing free that the role may have, or the agent cannot be offered
	GateTooLittle   Gate = 4  // below the minimum
	GateScarce      Gate = 5  // the agent has a scarce name that the framework cannot handle
	GateRegion      Gate = 6  // another region
	GateStripped    Gate = 7  // nothing left of what it can handle
	GateStage       Gate = 8  // no guarantee left to fill (first stage)
	GateCutTooSmall Gate = 9  // below the minimum once cut
	GateRefused     Gate = 10 // it refused as much
	GateCap         Gate = 11 // too many offers are out
	GateHint        Gate = 12 // it says that it has no use for as little, or for no more
	GateKept        Gate = 13 // the agent is kept whole for somebody else
	GateBackoff     Gate = 14 // it refused as much so often that the refusal is held longer
	GateHeadroom    Gate = 15 // held back for guarantees of others
	GateLimit       Gate = 16 // the limit of the role or of one above it
	GateTurn        Gate = 17 // somebody who has not refused it yet comes first
)

// verdict is what a client would get of an agent in a stage, or the first gate that refused.
type verdict struct {
	gate  Gate
	b     *bundle
	sure  vec  // the guaranteed part of what is unreserved
	extra vec  // the rest of it (QuotaReference)
	cutBy Gate // what cut it, if anything: GateLimit or GateHeadroom
	stop  bool // nobody else in the role could do better
	left  bool // what the client's constraints left may be for another group of them
}

// look takes one client and one agent through the gates.
func (a *Allocator) look(c *client, g *agent, s stage) verdict {
	if c.constraints != nil && !c.constraints.allow(g) {
		return verdict{gate: GateConstraints}
	}
	b := a.ofRole(c.role, g)
	if b.empty() {
		return verdict{gate: GateNothingFree, stop: true}
	}
	if a.rules.SharedOnce && b.is(hasShared) {
		if b = a.withoutShown(c, g, b); b.empty() {
			return verdict{gate: GateNothingFree}
		}
	}
	if !a.passesMinimum(c, g, b) {
		return verdict{gate: GateTooLittle}
	}
	if gate := a.hidden(c, g); gate != 0 {
		return verdict{gate: gate}
	}
	if b = a.strip(b, c.framework.caps); b.empty() {
		return verdict{gate: GateStripped}
	}
	if c.constraints != nil && c.constraints.narrows {
		return a.lookNarrowed(c, g, b, s)
	}
	return a.lookOn(c, g, b, s)
}

// hidden is gates 5 and 6, which withhold the whole agent.
func (a *Allocator) hidden(c *client, g *agent) Gate {
	caps := c.framework.caps
	if g.scarce && caps&GPUResources == 0 {
		return GateScarce
	}
	if region := g.tagged().region; region != "" && region != a.cfg.Region && caps&RegionAware == 0 {
		return GateRegion
	}
	return 0
}

// lookOn is look behind gate 7; b is what the client can handle.
func (a *Allocator) lookOn(c *client, g *agent, b *bundle, s stage) verdict {
	v := a.stageRules(c.role, b, s)
	if v.gate != 0 {
		return v
	}
	if !a.passesMinimum(c, g, v.b) {
		v.gate = GateCutTooSmall
		return v
	}
	if g.keptFor != nil && g.keptFor != c {
		if a.leaveKept(c, g, &v); v.gate != 0 {
			return v
		}
	}
	if c.hint != nil {
		if a.fitHint(c, g, &v); v.gate != 0 {
			return v
		}
	}
	if len(g.refusals) > 0 {
		if a.dropRefused(c, g, &v); v.gate != 0 {
			return v
		}
	}
	if a.overCap(c, &v) {
		v.gate = GateCap
	}
	return v
}

// dropRefused is gate 10. Where the rules hold refusals against the regular and the revocable part one by one, the part
// that was refused goes and the other may be offered alone.
func (a *Allocator) dropRefused(c *client, g *agent, v *verdict) {
	if !a.rules.SplitRevocable || !v.b.is(hasRevocable) {
		if a.refused(c, g, v.b) {
			v.gate = GateRefused
		}
		return
	}
	regular, revocable := a.bundle(v.b.res.NonRevocable()), a.bundle(v.b.res.Revocable())
	noRegular := regular.empty() || a.refused(c, g, regular)
	noRevocable := revocable.empty() || a.refused(c, g, revocable)
	switch {
	case noRegular && noRevocable:
		v.gate = GateRefused
	case noRegular && !regular.empty():
		v.b, v.sure, v.extra = revocable, vec{}, vec{}
	case noRevocable && !revocable.empty():
		v.b = regular
	}
	if v.gate == 0 && !a.passesMinimum(c, g, v.b) {
		v.gate = GateRefused
	}
}

// view remembers the last parts that ofRole and strip computed: the next client of the role mostly wants the same.
type view struct {
	free, ofRole, stripped *bundle
	role                   *node
	caps                   Capability
	of                     *bundle
}

// ofRole is gate 3: what is free on g and unreserved or reserved for n or a role above it.
func (a *Allocator) ofRole(n *node, g *agent) *bundle {
	b := g.free
	if !b.is(hasReserved) {
		return b
	}
	seen := &a.cycle.seen
	if seen.free != b || seen.role != n {
		seen.free, seen.role = b, n
		seen.ofRole = a.bundle(b.res.AllocatableTo(n.name))
	}
	return seen.ofRole
}

// withoutShown takes out the shared volumes that this run showed to somebody already, and those that c has an open offer of.
func (a *Allocator) withoutShown(c *client, g *agent, b *bundle) *bundle {
	withheld := false
	shown := func(e resource.Resource) bool {
		for _, o := range g.offers {
			thisRun := a.cycle.running && o.run == a.stats.Runs
			if (o.client == c || thisRun) && o.b.is(hasShared) && o.b.res.ContainsResource(e) {
				withheld = withheld || o.client != c
				return true
			}
		}
		return false
	}
	kept := a.bundle(b.res.Filter(func(e resource.Resource) bool { return !e.Shared || !shown(e) }))
	if withheld && c.framework.caps&SharedResources != 0 {
		a.cycle.again = append(a.cycle.again, g)
	}
	return kept
}

// strip is gate 7: b without what a framework of these capabilities cannot handle.
func (a *Allocator) strip(b *bundle, caps Capability) *bundle {
	shared := b.is(hasShared) && caps&SharedResources == 0
	revocable := b.is(hasRevocable) && caps&RevocableResources == 0
	refined := b.is(hasRefined) && caps&ReservationRefinement == 0
	if !shared && !revocable && !refined {
		return b
	}
	seen := &a.cycle.seen
	if seen.of != b || seen.caps != caps {
		seen.of, seen.caps = b, caps
		seen.stripped = a.bundle(b.res.Filter(func(e resource.Resource) bool { return handles(caps, e) }))
	}
	return seen.stripped
}

// handles reports whether a framework of these capabilities can handle e.
func handles(caps Capability, e resource.Resource) bool {
	return !(e.Shared && caps&SharedResources == 0 || e.Revocable && caps&RevocableResources == 0 ||
		len(e.Reservations) > 1 && caps&ReservationRefinement == 0)
}

// passesMinimum is gates 4 and 9 (docs/allocation.md §2.7).
func (a *Allocator) passesMinimum(c *client, g *agent, b *bundle) bool {
	switch {
	case b.empty():
		return false
	case c.minimum != nil:
		return len(*c.minimum) == 0 || containsAny(b.res, *c.minimum)
	case b.enough, a.rules.MinimumWaived && b.is(hasReserved):
		return true
	}
	w := g.total.whole
	return w.own && containsAny(b.res, w.minimum)
}

func containsAny(r resource.Resources, sets []resource.Quantities) bool {
	for _, q := range sets {
		if r.ContainsQuantities(q) {
			return true
		}
	}
	return false
}

// stageRules is gate 8: what of b the stage and the quota let the role have.
func (a *Allocator) stageRules(n *node, b *bundle, s stage) verdict {
	switch {
	case a.quota.Len() == 0:
		return verdict{b: b}
	case a.rules.Quota == QuotaReference && s == guarantees:
		return a.referenceGuarantee(n, b)
	case a.rules.Quota == QuotaReference:
		return a.referenceShare(n, b)
	case s == guarantees:
		return a.treeGuarantee(n, b)
	}
	return a.treeShare(n, b)
}

// wantsGuarantee reports whether the first stage has anything for n.
func (a *Allocator) wantsGuarantee(n *node) bool {
	if a.rules.Quota == QuotaReference {
		return n.hasQuota && !n.spent.vec().Contains(n.guarantee.vec())
	}
	for up := n; up != a.root; up = up.parent {
		if !up.need.IsZero() {
			return true
		}
	}
	return false
}
