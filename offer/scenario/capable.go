package scenario

import (
	"maps"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/role"
)

// The reference hides agents that lack an old capability from clients that need it (docs/allocation.md §2.3, gate 10). The
// allocator has no such gate any more, so a replay by the reference's rules tells it in which zone an agent is, named
// after the capabilities that it lacks, and constrains frameworks to zones that lack none they need. Files know no zones.

// lacking names the zone of an agent with these capabilities, "" where it has all; nil: all.
func (r *Replay) lacking(caps map[string]bool) string {
	if !r.cfg.Reference || caps == nil {
		return ""
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(agentCapabilities)) {
		if !caps[name] {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// The zones that a framework is not offered, by what it needs.
var (
	noMultiRole = offer.Constraint{By: offer.ByZone, Is: offer.NotMatches, Value: ".*" + multiRole + ".*"}
	noHierarchy = offer.Constraint{By: offer.ByZone, Is: offer.NotMatches, Value: ".*" + hierarchicalRole + ".*"}
)

// needing adds to the constraints of s what its roles need of agents, in a case that tells of agents that lack something.
func (r *Replay) needing(s *Step) offer.Constraints {
	if !r.old {
		return s.Constraints
	}
	all := make(offer.Constraints)
	for _, n := range s.Roles {
		groups := slices.Clone(s.Constraints[n])
		if len(groups) == 0 {
			groups = make([]offer.ConstraintGroup, 1)
		}
		for i := range groups {
			g := &groups[i]
			g.Attributes = append(slices.Clone(g.Attributes), noMultiRole)
			if isNested(n) {
				g.Attributes = append(g.Attributes, noHierarchy)
			}
		}
		all[n] = groups
	}
	for _, n := range slices.Sorted(maps.Keys(s.Constraints)) {
		if all[n] == nil {
			all[n] = s.Constraints[n] // of a role that the framework is not in, which is refused
		}
	}
	return all
}

// tellsCapabilities reports whether some step tells the capabilities of an agent.
func tellsCapabilities(steps []Step) bool {
	return slices.ContainsFunc(steps, func(s Step) bool {
		return s.AgentCapabilities != nil || tellsCapabilities(s.Ops)
	})
}

func isNested(n role.Name) bool { return strings.Contains(string(n), "/") }
