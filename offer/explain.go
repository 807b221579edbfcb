package offer

import (
	"fmt"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Verdict says what one client would get of one agent now, or what stands between them.
type Verdict struct {
	Gate   Gate               // the first gate that refused; 0: none does
	Reason string             // one sentence for people
	Offer  resource.Resources // what would be offered, where no gate refuses
}

// String is the reason.
func (v Verdict) String() string { return v.Reason }

// Explain answers why framework f, in role r, gets nothing from agent g: it takes the two through the gates as the next
// run would if nobody came before them (docs/allocation.md §2.3). It changes nothing.
func (a *Allocator) Explain(f FrameworkID, r role.Name, g AgentID) Verdict {
	refuse := func(gate Gate, format string, args ...any) Verdict {
		return Verdict{Gate: gate, Reason: fmt.Sprintf(format, args...)}
	}
	fw, ok := a.framework(f)
	if !ok {
		return refuse(GateNotListed, "framework %q is not known", f)
	}
	c, ok := fw.in(r)
	switch {
	case !fw.active:
		return refuse(GateNotListed, "framework %q is inactive", f)
	case !ok || !c.subscribed:
		return refuse(GateNotListed, "framework %q is not in role %q", f, r)
	case c.suppressed:
		return refuse(GateNotListed, "framework %q suppressed role %q", f, r)
	}
	ag, ok := a.agent(g)
	switch {
	case !ok:
		return refuse(GateNothingFree, "agent %q is not known", g)
	case !ag.active:
		return refuse(GateNothingFree, "agent %q is deactivated", g)
	case !a.offerable(ag):
		return refuse(GateNothingFree, "the host of agent %q is not on the whitelist", g)
	}
	v := a.lookBoth(c, ag)
	if v.gate != 0 {
		return Verdict{Gate: v.gate, Reason: a.reason(c, ag, v.gate)}
	}
	return Verdict{Reason: fmt.Sprintf("it would be offered %s", v.b.res), Offer: v.b.res}
}

// lookBoth takes the pair through the first stage, where there is one, and through the second.
func (a *Allocator) lookBoth(c *client, g *agent) verdict {
	defer func() { a.cycle.seen = view{} }()
	if a.rules.Quota == QuotaReference {
		a.startReference()
	}
	if a.quota.Len() > 0 && a.wantsGuarantee(c.role) {
		if v := a.look(c, g, guarantees); v.gate == 0 {
			return v
		}
	}
	v := a.look(c, g, fairShare)
	switch {
	case v.gate == GateCutTooSmall && v.cutBy != 0:
		v.gate = v.cutBy
	case v.gate == GateRefused && a.backingOff(c, g):
		v.gate = GateBackoff
	case v.gate == 0 && a.turnsHold(g) && g.turns.has(c) && a.othersWant(g):
		v.gate = GateTurn
	}
	return v
}

// othersWant reports whether a client that has not had its turn on g would get something of it.
func (a *Allocator) othersWant(g *agent) bool {
	for _, c := range a.clients {
		if c == nil || !c.listed() || g.turns.has(c) {
			continue
		}
		if v := a.look(c, g, fairShare); v.gate == 0 {
			return true
		}
	}
	return false
}

func (a *Allocator) reason(c *client, g *agent, gate Gate) string {
	switch gate {
	case GateConstraints:
		return fmt.Sprintf("agent %q does not meet the constraints of framework %q for role %q", g.id, c.framework.id, c.role.name)
	case GateNothingFree:
		return fmt.Sprintf("agent %q has nothing free that role %q may have", g.id, c.role.name)
	case GateTooLittle:
		return fmt.Sprintf("what is free on agent %q, %s, is below the minimum", g.id, g.free.res)
	case GateScarce:
		return fmt.Sprintf("agent %q has a scarce resource that framework %q cannot handle", g.id, c.framework.id)
	case GateRegion:
		return fmt.Sprintf("agent %q is in region %q and framework %q knows no regions", g.id, g.tagged().region, c.framework.id)
	case GateStripped:
		return fmt.Sprintf("framework %q can handle nothing of what is free on agent %q", c.framework.id, g.id)
	case GateStage:
		return fmt.Sprintf("role %q has no guarantee left to fill", c.role.name)
	case GateCutTooSmall:
		return fmt.Sprintf("what role %q may have of agent %q is below the minimum", c.role.name, g.id)
	case GateRefused:
		return fmt.Sprintf("framework %q refused as much of agent %q", c.framework.id, g.id)
	case GateCap:
		return fmt.Sprintf("framework %q has %d offers of role %q out and may have no more", c.framework.id, len(c.offers), c.role.name)
	case GateHint:
		return fmt.Sprintf("framework %q hinted that it has no use for agent %q, or for more offers", c.framework.id, g.id)
	case GateKept:
		return fmt.Sprintf("agent %q is kept whole for framework %q in role %q", g.id, g.keptFor.framework.id, g.keptFor.role.name)
	case GateBackoff:
		return fmt.Sprintf("framework %q refused as much of agent %q again and again", c.framework.id, g.id)
	case GateTurn:
		return fmt.Sprintf("framework %q refused agent %q as it is, and others have not seen it yet", c.framework.id, g.id)
	case GateHeadroom:
		return fmt.Sprintf("what is free on agent %q is held back for the guarantees of other roles", g.id)
	case GateLimit:
		return fmt.Sprintf("role %q, or one above it, is at its limit", c.role.name)
	}
	return fmt.Sprintf("gate %d refuses", gate)
}
