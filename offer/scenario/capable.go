package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// The reference hides agents that lack an old capability from clients that need it. The allocator has no such gate any
// more, so a replay by the reference's rules refuses these agents on behalf of these clients, again before every run.

// setCapabilities notes what an agent can do; nil: everything. It reports whether that is a change.
func (r *Replay) setCapabilities(id offer.AgentID, caps map[string]bool) bool {
	if !r.cfg.Reference {
		return false
	}
	old := r.lacking[id]
	if caps == nil || caps[multiRole] && caps[hierarchicalRole] && len(caps) == len(agentCapabilities) {
		delete(r.lacking, id)
		caps = nil
	} else {
		r.lacking[id] = caps
	}
	if old != nil && (!old[multiRole] || !old[hierarchicalRole]) && !maps.Equal(old, caps) {
		r.void(id)
	}
	return !maps.Equal(old, caps)
}

// void ends all refusals on an agent: what stood for a capability it has again, and with it, as a simplification, those
// of the frameworks themselves.
func (r *Replay) void(id offer.AgentID) {
	r.regained++
	at := slices.Collect(r.attributes[id].All())
	at = append(at, resource.Attribute{Name: "regained", Kind: resource.KindScalar, Scalar: resource.Whole(int64(r.regained))})
	if at, err := resource.NewAttributes(at...); err == nil {
		_ = r.a.SetAttributes(r.now, id, at) // the agent is known
	}
}

// shun refuses agents for the clients that they are not capable of.
func (r *Replay) shun() error {
	for _, id := range slices.Sorted(maps.Keys(r.lacking)) {
		caps := r.lacking[id]
		b, _ := r.a.Agent(id)
		for _, f := range slices.Sorted(maps.Keys(r.roles)) {
			for _, n := range r.roles[f] {
				if caps[multiRole] && (caps[hierarchicalRole] || !isNested(n)) {
					continue
				}
				al := offer.Allocation{Framework: f, Role: n, Agent: id}
				if err := r.a.Refuse(r.now, al, b.Total, offer.Filter{Refuse: longest}); err != nil {
					return fmt.Errorf("capabilities: %w", err)
				}
			}
		}
	}
	return nil
}

const longest = 365 * 24 * time.Hour

func isNested(n role.Name) bool { return strings.Contains(string(n), "/") }
