package offer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/role"
)

// Figure is one figure with what it is about; fields that do not apply are empty.
type Figure struct {
	Name      string // what is counted, such as "runs" or "quota/limit"
	Counter   bool   // never falls; else it is a gauge
	Framework FrameworkID
	Role      role.Name
	Resource  string
	Gate      Gate
	Value     float64 // quantities in whole units, times in seconds
}

// Key joins the parts into a path like the reference's keys: roles/eng/quota/limit/cpus.
func (f Figure) Key() string {
	var b strings.Builder
	part := func(kind, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s/%s/", kind, value)
		}
	}
	part("roles", string(f.Role))
	part("frameworks", string(f.Framework))
	b.WriteString(f.Name)
	if f.Resource != "" {
		b.WriteString("/" + f.Resource)
	}
	if f.Gate != 0 {
		b.WriteString("/" + gateText(f.Gate))
	}
	return b.String()
}

var gateTexts = [gateCount]string{
	GateNotListed: "not_listed", GateConstraints: "constraints", GateNothingFree: "nothing_free", GateTooLittle: "too_little",
	GateScarce: "scarce", GateRegion: "region", GateStripped: "stripped", GateStage: "stage", GateCutTooSmall: "cut_too_small",
	GateRefused: "refused", GateCap: "cap", 12: "hint", 13: "kept_whole", GateBackoff: "backoff", GateHeadroom: "headroom",
	GateLimit: "limit", GateTurn: "turn",
}

func gateText(g Gate) string {
	if int(g) < len(gateTexts) && gateTexts[g] != "" {
		return gateTexts[g]
	}
	return fmt.Sprintf("gate_%d", g)
}

// Meter receives figures: the seam to whatever keeps metrics. It must not call the allocator.
type Meter interface {
	Figure(f Figure)
}

// Measure gives m every figure, always in the same order: those of the allocator, by name of a resource, by role and by
// framework within its roles. Why-not counters that are 0 are left out. Each figure costs one step.
func (a *Allocator) Measure(m Meter) {
	a.measureAll(m)
	names := slices.Sorted(slices.Values(a.names.list))
	for _, name := range names {
		x, _ := a.NameMetrics(name)
		put := func(what string, value float64) { m.Figure(Figure{Name: what, Resource: name, Value: value}) }
		put("resources/total", x.Total.Float())
		put("resources/offered_or_allocated", x.OfferedOrAllocated.Float())
		put("resources/held_back", x.HeldBack.Float())
		put("resources/held_back_agents", float64(x.HeldBackAgents))
	}
	var roles []*node
	for _, n := range a.roles {
		if n != nil {
			roles = append(roles, n)
		}
	}
	slices.SortFunc(roles, func(x, y *node) int { return cmp.Compare(x.name, y.name) })
	for _, n := range roles {
		a.measureRole(m, n, names)
	}
}

func (a *Allocator) measureAll(m Meter) {
	x := a.Metrics()
	for _, f := range []struct {
		name    string
		counter bool
		value   float64
	}{
		{"runs", true, float64(x.Runs)},
		{"run_requests", true, float64(x.Requested)},
		{"run_latency_seconds", true, x.Waited.Seconds()},
		{"agents/visited", true, float64(x.Visits)},
		{"agents/skipped", true, float64(x.Skips)},
		{"agents/known", false, float64(x.Agents)},
		{"frameworks/known", false, float64(x.Known)},
		{"roles/known", false, float64(x.Roles)},
		{"grants", true, float64(x.Grants)},
		{"offers/emitted", true, float64(x.Offers)},
		{"offers/accepted", true, float64(x.Accepted)},
		{"offers/declined", true, float64(x.Declined)},
		{"offers/expired", true, float64(x.Expired)},
		{"offers/rescinded", true, float64(x.Rescinds)},
		{"offers/outstanding", false, float64(x.Outstanding)},
		{"offer_filters/active", false, float64(x.Filters)},
		{"quota/unmet_guarantees", false, float64(x.Unmet)},
		{"clients/at_limit", false, float64(x.AtLimit)},
		{"order/rekeys", true, float64(x.Rekeys)},
		{"order/totals_changed", true, float64(x.Totals)},
	} {
		m.Figure(Figure{Name: f.name, Counter: f.counter, Value: f.value})
	}
	if w := x.Longest; w.Framework != "" {
		m.Figure(Figure{Name: "longest_wait_since", Framework: w.Framework, Role: w.Role, Value: seconds(w.Since)})
	}
	measureGates(m, Figure{}, &x.WhyNot)
}

func (a *Allocator) measureRole(m Meter, n *node, names []string) {
	put := func(what, resource string, value float64) {
		m.Figure(Figure{Name: what, Role: n.name, Resource: resource, Value: value})
	}
	x, _ := a.RoleMetrics(n.name)
	put("shares/dominant", "", x.LeafShare)
	put("shares/dominant_subtree", "", x.TreeShare)
	put("offer_filters/active", "", float64(x.Filters))
	put("clients/listed", "", float64(x.Listed))
	put("clients/at_limit", "", float64(x.AtLimit))
	for _, name := range names {
		q, _ := a.QuotaMetrics(n.name, name)
		if !n.hasQuota {
			break
		}
		if q.Guarantee > 0 {
			put("quota/guarantee", name, q.Guarantee.Float())
			put("quota/held_back", name, q.HeldBack.Float())
		}
		if q.Limited {
			put("quota/limit", name, q.Limit.Float())
		}
		put("quota/consumed", name, q.Consumed.Float())
		put("quota/offered_or_allocated", name, q.OfferedOrAllocated.Float())
	}
	var clients []*client
	for _, c := range n.clients {
		if c != nil && c.framework.known {
			clients = append(clients, c)
		}
	}
	slices.SortFunc(clients, func(x, y *client) int { return cmp.Compare(x.framework.id, y.framework.id) })
	for _, c := range clients {
		a.measureClient(m, c)
	}
}

func (a *Allocator) measureClient(m Meter, c *client) {
	x := a.clientMetrics(c)
	at := Figure{Framework: c.framework.id, Role: c.role.name}
	put := func(what string, counter bool, value float64) {
		f := at
		f.Name, f.Counter, f.Value = what, counter, value
		m.Figure(f)
	}
	put("suppressed", false, oneIf(x.Suppressed))
	put("listed", false, oneIf(x.Listed))
	put("at_limit", false, oneIf(x.AtLimit))
	put("share", false, x.Share)
	put("offers/emitted", true, float64(x.Offers))
	put("offers/outstanding", false, float64(x.Outstanding))
	put("offer_filters/active", false, float64(x.Filters))
	if x.Offers > 0 {
		put("last_offer", false, seconds(x.LastOffer))
	}
	measureGates(m, at, &x.WhyNot)
}

func measureGates(m Meter, at Figure, counts *[gateCount]uint64) {
	for g, count := range counts {
		if count > 0 {
			at.Name, at.Counter, at.Gate, at.Value = "why_not", true, Gate(g), float64(count)
			m.Figure(at)
		}
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func seconds(t Time) float64 { return float64(t) / 1e9 }
