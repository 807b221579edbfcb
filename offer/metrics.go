package offer

import (
	"time"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Metrics are the figures of an allocator as a whole (docs/allocation.md §5). Counters start with the allocator and go on
// in a Fork.
type Metrics struct {
	Stats
	Skips     uint64            // agents that a run did not look at: unchanged, full or not to be offered
	Grants    uint64            // pieces given; two pieces of one agent may be one offer
	Rekeys    uint64            // places in the orders that were told of a change; one of the roles and one of the frameworks each
	Requested uint64            // runs that were asked for, by the timer not counted
	Waited    time.Duration     // from the first request to the run, over Requested
	WhyNot    [gateCount]uint64 // looks that ended at a gate, by Gate; what Policy or skips never looked at is not there
	Agents    int               // known
	Known     int               // frameworks
	Roles     int               // known
	Filters   int               // refusals in force
	Unmet     int               // roles whose own guarantee is not met
	AtLimit   int               // listed clients of a role that is at its limit, or below one
	Longest   Waiting           // the listed client that has waited longest for an offer
	Totals    uint64            // changes of the cluster's totals
}

// Waiting is a client and since when it has not been offered anything. The zero value: nobody waits.
type Waiting struct {
	Framework FrameworkID
	Role      role.Name
	Since     Time // the later of its last offer and when it was last listed
}

// Metrics reads all figures of the allocator as a whole; the cost does not grow with the cluster.
func (a *Allocator) Metrics() Metrics {
	f := &a.figures
	m := Metrics{
		Stats: a.Stats(), Skips: f.skips, Grants: f.grants, Rekeys: f.rekeys, Requested: f.due, Waited: f.latency,
		WhyNot: f.whyNot, Agents: len(a.agentAt), Known: len(a.fwAt), Roles: len(a.roleAt), Filters: f.filters,
		Unmet: f.unmet, AtLimit: a.root.figures.childStops, Totals: a.version,
	}
	if c := f.longest; c != nil {
		m.Longest = Waiting{c.framework.id, c.role.name, c.figures.since}
	}
	return m
}

// NameMetrics are the figures of one resource name, in thousandths.
type NameMetrics struct {
	Total              resource.Scalar // of every agent
	OfferedOrAllocated resource.Scalar // over the roles: a shared volume once per role and agent
	HeldBack           resource.Scalar // free, but kept for guarantees that are not met
	HeldBackAgents     int             // on which somebody was offered less, or nothing, for that reason when last looked at
}

// NameMetrics reads the figures of a name in one step; false for a name that no agent ever had.
func (a *Allocator) NameMetrics(name string) (NameMetrics, bool) {
	i, ok := a.names.index[name]
	if !ok {
		return NameMetrics{}, false
	}
	m := NameMetrics{
		Total:              resource.Scalar(a.totals.Get(i)),
		OfferedOrAllocated: resource.Scalar(a.allocated.Get(i)),
		HeldBack:           resource.Scalar(a.heldFor(a.required(), i)),
	}
	if i < len(a.figures.heldAgents) {
		m.HeldBackAgents = int(a.figures.heldAgents[i])
	}
	return m, true
}

// heldFor is how much of what is free of name i is kept for needs.
func (a *Allocator) heldFor(needs *vec, i int) int64 {
	return max(min(a.placeable.Get(i), needs.Get(i)), 0)
}

// RoleMetrics are the figures of one role.
type RoleMetrics struct {
	Filters   int     // refusals in force of its own frameworks
	LeafShare float64 // weighted dominant share of its own frameworks, as the order compares it; weight 1 where roles are below
	TreeShare float64 // weighted dominant share of the role with all below it
	Listed    int     // clients of the role and below that may be offered something
	AtLimit   int     // of them, those that a limit of the role or below it stops
	Unmet     bool    // its own guarantee
}

// RoleMetrics reads the figures of a role; false for one that is not known. The cost grows with the number of names only.
func (a *Allocator) RoleMetrics(r role.Name) (RoleMetrics, bool) {
	n, ok := a.role(r)
	if !ok {
		return RoleMetrics{}, false
	}
	f := &n.figures
	m := RoleMetrics{
		Filters: f.refused, TreeShare: a.treeShareOf(n), Listed: f.listedBelow, AtLimit: f.stopped,
		Unmet: f.unmet,
	}
	if n.ordered {
		m.LeafShare = a.order.Share(n.slot())
	}
	return m, true
}

// treeShareOf is the weighted dominant share of n with all below it.
func (a *Allocator) treeShareOf(n *node) float64 {
	v := n.weighs(&a.rules)
	return a.dominant(&v) / n.weight
}

// weighs is what n's subtree counts for in shares.
func (n *node) weighs(r *Rules) vec {
	v := n.unres.Vec()
	v.Add(n.figures.revocable.vec())
	if r.CountReservations {
		v.Add(n.reserved.vec())
	} else {
		v.Add(n.taken.vec())
	}
	return v
}

// QuotaRow tells how one role stands with one name, in thousandths. Sums are of the role's whole subtree.
type QuotaRow struct {
	Guarantee          resource.Scalar
	Limit              resource.Scalar
	Limited            bool            // false: Limit says nothing
	Consumed           resource.Scalar // reservations and unreserved use; offers left out: what a new limit is measured against
	Charged            resource.Scalar // Consumed with offers: what runs go by
	OfferedOrAllocated resource.Scalar // reserved and revocable included: do not compare it with Limit
	HeldBack           resource.Scalar // of what is free anywhere, kept for the guarantees of the role and below
}

// QuotaMetrics reads one row in one step; false where the role or the name is not known.
func (a *Allocator) QuotaMetrics(r role.Name, name string) (QuotaRow, bool) {
	n, ok := a.role(r)
	i, named := a.names.index[name]
	if !ok || !named {
		return QuotaRow{}, false
	}
	most, limited := n.limit.of(i)
	return QuotaRow{
		Guarantee:          resource.Scalar(n.guarantee.Get(i)),
		Limit:              resource.Scalar(most),
		Limited:            limited,
		Consumed:           resource.Scalar(n.reserved.Get(i) + n.used.Get(i)),
		Charged:            resource.Scalar(n.consumed(i)),
		OfferedOrAllocated: resource.Scalar(n.unres.Get(i) + n.taken.Get(i) + n.figures.revocable.Get(i)),
		HeldBack:           resource.Scalar(a.heldFor(a.keptFor(n), i)),
	}, true
}

// ClientMetrics are the figures of a framework in one role.
type ClientMetrics struct {
	Listed      bool // may be offered something: active, subscribed, not suppressed
	Suppressed  bool
	Outstanding int    // offers out
	Filters     int    // refusals in force
	Offers      uint64 // made so far
	LastOffer   Time   // only with Offers
	Since       Time   // the later of LastOffer and when it was last listed; only while listed
	AtLimit     bool   // its role, or one above it, is at its limit
	Share       float64
	WhyNot      [gateCount]uint64 // looks at an agent that ended at a gate, by Gate
}

// ClientMetrics reads the figures of a client; false where the framework is not in the role. The cost grows with the depth
// of the role only.
func (a *Allocator) ClientMetrics(f FrameworkID, r role.Name) (ClientMetrics, bool) {
	fw, ok := a.framework(f)
	if !ok {
		return ClientMetrics{}, false
	}
	c, ok := fw.in(r)
	if !ok {
		return ClientMetrics{}, false
	}
	return a.clientMetrics(c), true
}

func (a *Allocator) clientMetrics(c *client) ClientMetrics {
	w := &c.figures
	m := ClientMetrics{
		Listed: c.listed(), Suppressed: c.suppressed, Outstanding: len(c.offers), Filters: c.refused, Offers: w.offers,
		LastOffer: w.offered, WhyNot: c.why(&a.figures),
	}
	if m.Listed {
		m.Since = w.since
	}
	for n := c.role; n != a.root; n = n.parent {
		m.AtLimit = m.AtLimit || n.figures.full
	}
	m.Share = a.shareOfClient(c)
	return m
}
