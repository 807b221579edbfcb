package offer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// This file is the table of what clears filters, a test for each row. In all of them F is in roles r and s, refused agents
// A1 and A2 whole for a day in both, uses agent B in role r, was asked to leave it, and declined for a day.

const (
	day         = 24 * time.Hour
	everyFilter = "r/A1 r/A2 s/A1 s/A2 B"
)

func eachClearing(t *testing.T, test func(t *testing.T, l *loop, strict bool)) {
	eachRules(t, func(t *testing.T, l *loop, strict bool) {
		require.NoError(t, l.a.AddFramework(0, inBoth()))
		for _, g := range []offer.AgentID{"A1", "A2"} {
			require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{
				ID: g, Total: resource.MustParse("cpus:4;mem:1024"), Attributes: attributes(t, "rack:1"),
			}))
		}
		for range 2 {
			for _, o := range l.wait(time.Second) {
				require.NoError(t, l.a.Decline(l.now, offer.Filter{Refuse: day}, o.ID))
			}
		}
		require.NoError(t, l.a.AddAgent(l.now, offer.AgentSpec{
			ID: "B", Total: resource.MustParse("cpus:1;mem:64"), Attributes: attributes(t, "rack:1"), Window: noon,
			Used: []offer.Use{{Framework: "F", Role: "r", Resources: resource.MustParse("cpus:1;mem:64")}},
		}))
		asks := l.asked(time.Second)
		require.Len(t, asks, 1)
		require.Empty(t, l.batch.Offers)
		l.answer(asks[0], false, day)
		require.Equal(t, everyFilter, inForce(l))
		test(t, l, strict)
	})
}

func inBoth(suppressed ...role.Name) offer.FrameworkSpec {
	return offer.FrameworkSpec{ID: "F", Roles: []role.Name{"r", "s"}, Suppressed: suppressed}
}

// inForce lists the refusals by role and agent that stand between F and an agent, and B if F is not to be asked about it.
func inForce(l *loop) string {
	text := ""
	for _, r := range []role.Name{"r", "s"} {
		for _, g := range []offer.AgentID{"A1", "A2"} {
			if v := l.a.Explain("F", r, g); v.Gate == offer.GateRefused {
				text += " " + string(r) + "/" + string(g)
			}
		}
	}
	if report, _ := l.a.Unavailability("B"); len(report.Asked) > 0 && report.Asked[0].Filtered > l.now {
		text += " B"
	}
	if text == "" {
		return "none"
	}
	return text[1:]
}

// Revive clears the refusals of the roles it names, of all where it names none, and every inverse filter; it unsuppresses
// the roles, and all agents are looked at again at once.
//
// docs/allocation.md §3.2
func TestReviveClears(t *testing.T) {
	eachClearing(t, func(t *testing.T, l *loop, _ bool) {
		require.NoError(t, l.a.Suppress(l.now, "F", "r"))
		require.NoError(t, l.a.Revive(l.now, "F", "r"))
		require.Equal(t, "s/A1 s/A2", inForce(l))
		got := l.wait(0)
		require.Len(t, got, 2, "both agents")
		require.Equal(t, role.Name("r"), got[0].Role)
		require.Len(t, l.batch.Asks, 1, "the filter was of the framework, whatever the role")
	})
	eachClearing(t, func(t *testing.T, l *loop, _ bool) {
		require.NoError(t, l.a.Revive(l.now, "F"))
		require.Equal(t, "none", inForce(l))
	})
	eachClearing(t, func(t *testing.T, l *loop, _ bool) {
		require.ErrorIs(t, l.a.Revive(l.now, "F", "r", "t"), offer.ErrNotSubscribed)
		require.Equal(t, everyFilter, inForce(l), "a call that is void clears nothing")
	})
}

// A framework update that unsuppresses a role clears that role's refusals, and any update every inverse filter. Under the
// reference's rules it triggers no run.
//
// docs/allocation.md §3.2
func TestUpdateClears(t *testing.T) {
	eachClearing(t, func(t *testing.T, l *loop, strict bool) {
		require.NoError(t, l.a.UpdateFramework(l.now, inBoth("r")))
		require.Equal(t, "s/A1 s/A2", inForce(l), "r is not listed, the inverse filter is gone")
		require.Equal(t, 4, l.a.Metrics().Filters, "and yet r's are kept")
		l.wait(2 * time.Second)
		require.NoError(t, l.a.UpdateFramework(l.now, inBoth()))
		require.Equal(t, "s/A1 s/A2", inForce(l))
		if strict {
			require.Empty(t, l.wait(time.Second-1))
		}
		require.Len(t, l.wait(1), 2)
	})
	eachClearing(t, func(t *testing.T, l *loop, _ bool) {
		require.NoError(t, l.a.UpdateFramework(l.now, inBoth()))
		require.Equal(t, "r/A1 r/A2 s/A1 s/A2", inForce(l), "nothing was suppressed")
	})
}

// Suppress keeps every filter; the role is just not listed, and offers that are out stay.
//
// docs/allocation.md §3.2
func TestSuppressKeeps(t *testing.T) {
	eachClearing(t, func(t *testing.T, l *loop, _ bool) {
		require.NoError(t, l.a.AddAgent(l.now, offer.AgentSpec{ID: "A3", Total: resource.MustParse("cpus:1;mem:64")}))
		got := l.wait(0)
		require.Len(t, got, 1)
		require.NoError(t, l.a.Suppress(l.now, "F"))
		l.wait(time.Minute)
		_, out := l.a.Outstanding(got[0].ID)
		require.True(t, out)
		require.Equal(t, 4, l.a.Metrics().Filters)
		require.Equal(t, "B", inForce(l), "the refusals are not what stands first now")
		require.Equal(t, offer.GateNotListed, l.a.Explain("F", "r", "A1").Gate)
	})
}

// Deactivating a framework clears all its filters.
//
// docs/allocation.md §3.2
func TestDeactivateClears(t *testing.T) {
	eachClearing(t, func(t *testing.T, l *loop, _ bool) {
		require.NoError(t, l.a.SetFrameworkActive(l.now, "F", false))
		require.Equal(t, 0, l.a.Metrics().Filters)
		require.Equal(t, "none", inForce(l))
		require.Empty(t, l.wait(time.Second))
		require.NoError(t, l.a.SetFrameworkActive(l.now, "F", true))
		require.Len(t, l.wait(0), 2)
		require.Len(t, l.batch.Asks, 1)
	})
}

// A role that a framework drops loses its refusals. The framework stays a client there, unlisted, until the last that it
// holds in it is given back.
//
// docs/allocation.md §3.2
func TestDroppedRoleClears(t *testing.T) {
	eachClearing(t, func(t *testing.T, l *loop, _ bool) {
		update := func(roles ...role.Name) {
			require.NoError(t, l.a.UpdateFramework(l.now, offer.FrameworkSpec{ID: "F", Roles: roles}))
			l.wait(0)
		}
		known := func(r role.Name) bool {
			for _, report := range l.a.Roles() {
				if report.Role == r {
					return true
				}
			}
			return false
		}
		update("s")
		require.Equal(t, "s/A1 s/A2", inForce(l))
		require.Equal(t, 2, l.a.Metrics().Filters)
		require.True(t, known("r"), "its use of B is charged to it")
		require.NotContains(t, l.a.RoleOrder(), role.Name("r"))
		require.Equal(t, offer.GateNotListed, l.a.Explain("F", "r", "A1").Gate)
		al := offer.Allocation{Framework: "F", Role: "r", Agent: "B"}
		require.NoError(t, l.a.Release(l.now, al, resource.MustParse("cpus:1")))
		require.True(t, known("r"))
		require.NoError(t, l.a.Release(l.now, al, resource.MustParse("mem:64")))
		require.False(t, known("r"))
		update("r", "s")
		require.Equal(t, 2, l.a.Metrics().Filters, "the role begins anew")
	})
}

// An agent that was removed, or whose attributes changed, is refused by nobody any more. Suppression is not touched.
//
// docs/allocation.md §3.2
func TestAgentRemovedOrWithNewAttributesClears(t *testing.T) {
	eachClearing(t, func(t *testing.T, l *loop, _ bool) {
		require.NoError(t, l.a.SetAttributes(l.now, "A2", attributes(t, "rack:1")))
		require.NoError(t, l.a.SetAttributes(l.now, "B", attributes(t, "rack:1")))
		require.Equal(t, everyFilter, inForce(l), "the same attributes")
		require.NoError(t, l.a.SetAttributes(l.now, "A2", attributes(t, "rack:2")))
		require.Equal(t, "r/A1 s/A1 B", inForce(l))
		require.NoError(t, l.a.SetAttributes(l.now, "B", attributes(t, "rack:2")))
		require.Equal(t, "r/A1 s/A1", inForce(l))
		require.Len(t, l.wait(0), 1)
		require.Len(t, l.batch.Asks, 1)
	})
	eachClearing(t, func(t *testing.T, l *loop, _ bool) {
		require.NoError(t, l.a.Suppress(l.now, "F", "s"))
		for _, g := range []offer.AgentID{"A2", "B"} {
			require.NoError(t, l.a.RemoveAgent(l.now, g))
			require.NoError(t, l.a.AddAgent(l.now, offer.AgentSpec{ID: g, Total: resource.MustParse("cpus:4;mem:1024")}))
		}
		require.Equal(t, "r/A1", inForce(l))
		require.Equal(t, 2, l.a.Metrics().Filters)
		require.Equal(t, offer.GateNotListed, l.a.Explain("F", "s", "A2").Gate)
	})
}

// A change of an agent's total keeps its filters: what is more than was refused no longer matches, what is less does.
//
// docs/allocation.md §3.2
func TestNewTotalKeeps(t *testing.T) {
	eachClearing(t, func(t *testing.T, l *loop, _ bool) {
		require.NoError(t, l.a.UpdateAgent(l.now, "A1", resource.MustParse("cpus:3;mem:1024")))
		require.NoError(t, l.a.UpdateAgent(l.now, "B", resource.MustParse("cpus:2;mem:64")))
		require.Equal(t, everyFilter, inForce(l))
		require.NoError(t, l.a.UpdateAgent(l.now, "A1", resource.MustParse("cpus:5;mem:1024")))
		require.Equal(t, "r/A2 s/A2 B", inForce(l))
		require.Equal(t, 4, l.a.Metrics().Filters, "they are there all the same")
	})
}

// A new window keeps refusals and clears the agent's inverse filters for everyone.
//
// docs/allocation.md §3.2
func TestNewWindowClearsInverseFilters(t *testing.T) {
	eachClearing(t, func(t *testing.T, l *loop, _ bool) {
		l.framework("G", "s")
		require.NoError(t, l.a.Charge(l.now, offer.Allocation{Framework: "G", Role: "s", Agent: "B"}, resource.MustParse("cpus:1")))
		asks := l.asked(time.Second)
		require.Len(t, asks, 1)
		l.answer(asks[0], false, day)
		for _, o := range l.batch.Offers {
			require.NoError(t, l.a.Decline(l.now, offer.Filter{Refuse: day}, o.ID))
		}
		l.window("A1", noon)
		require.Equal(t, everyFilter, inForce(l))
		for _, next := range []offer.Window{noon, {Start: 1}} {
			l.window("B", next)
			require.Equal(t, "r/A1 r/A2 s/A1 s/A2", inForce(l))
			again := l.asked(0)
			require.Len(t, again, 2)
			l.answer(again[0], false, day)
			l.answer(again[1], false, day)
		}
		l.window("B", offer.Window{})
		report, _ := l.a.Unavailability("B")
		require.Empty(t, report.Asked)
	})
}

// A revive of an inactive framework clears its refusals and lists it nowhere.
//
// docs/allocation.md §3.2
func TestReviveOfAnInactiveFramework(t *testing.T) {
	eachClearing(t, func(t *testing.T, l *loop, _ bool) {
		require.NoError(t, l.a.SetFrameworkActive(l.now, "F", false))
		require.NoError(t, l.a.Revive(l.now, "F"))
		spec := inBoth()
		spec.Roles = append(spec.Roles, "t")
		require.NoError(t, l.a.UpdateFramework(l.now, spec))
		require.Empty(t, l.wait(time.Minute))
		require.Empty(t, l.batch.Asks)
		require.Empty(t, l.a.RoleOrder())
	})
}
