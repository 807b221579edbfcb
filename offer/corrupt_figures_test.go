package offer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// Check names each figure that does not agree with the ledgers.
//
// docs/allocation.md §5
func TestCheckNamesTheFigureThatIsWrong(t *testing.T) {
	roleA := func(a *Allocator) *node { return a.roles[a.roleAt["a"]] }
	tests := []struct {
		named   string
		corrupt func(a *Allocator)
	}{
		{"refused of role", func(a *Allocator) { roleA(a).figures.refused++ }},
		{"filters is", func(a *Allocator) { a.figures.filters++ }},
		{"unmet of role", func(a *Allocator) { roleA(a).figures.unmet = !roleA(a).figures.unmet }},
		{"unmet is", func(a *Allocator) { a.figures.unmet++ }},
		{"full of role", func(a *Allocator) { roleA(a).figures.full = !roleA(a).figures.full }},
		{"listedBelow of role", func(a *Allocator) { roleA(a).figures.listedBelow++ }},
		{"stopped of role", func(a *Allocator) { roleA(a).figures.stopped++ }},
		{"childStops is", func(a *Allocator) { a.root.figures.childStops++ }},
		{"held below role", func(a *Allocator) { roleA(a).figures.revocable.Set(0, 1) }},
		{"waits out of order", func(a *Allocator) { a.figures.longest.figures.since = a.now + 1 }},
		{"waits behind the wrong one", func(a *Allocator) { a.figures.shortest.figures.before = nil }},
		{"waits has", func(a *Allocator) { a.figures.longest = nil; a.figures.shortest = nil }},
		{"heldAgents of", func(a *Allocator) { a.figures.heldAgents[0]++ }},
		{"heldBack has", func(a *Allocator) {
			for _, g := range a.agents {
				g.heldBack.add(7)
			}
			a.names.of("a")
			for a.names.len() < 8 {
				a.names.of("more" + string(rune('a'+a.names.len())))
			}
		}},
		{"kept of role", func(a *Allocator) { roleA(a).ownClaim().kept.Set(0, 77) }},
		{"childKept of role", func(a *Allocator) { a.root.ownClaim().childKept.Set(0, 77) }},
		{"linked of role", func(a *Allocator) { a.unclaim(roleA(a)) }},
		{"out of the order of expiry", func(a *Allocator) { a.firstClaim.claim.linked = false }},
		{"ordered of role", func(a *Allocator) { roleA(a).ordered = false }},
	}
	for _, tt := range tests {
		t.Run(tt.named, func(t *testing.T) {
			a := busyFigures(t)
			tt.corrupt(a)
			err := a.Check()
			require.ErrorIs(t, err, ErrInconsistent)
			require.ErrorContains(t, err, tt.named)
		})
	}
}

// busyFigures returns an allocator in which every figure is set.
func busyFigures(t *testing.T) *Allocator {
	t.Helper()
	rules := DefaultRules(V1)
	rules.Coalesce, rules.HeadroomExpiry = 0, time.Hour
	a, err := New(Config{Rules: rules, AgentOrder: OrderByName})
	require.NoError(t, err)
	for _, text := range [][3]string{{"a", "cpus:5", "cpus:20"}, {"b", "", "cpus:0"}} {
		c, err := quota.Parse(text[0], text[1], text[2])
		require.NoError(t, err)
		require.NoError(t, a.SetQuota(0, []quota.Config{c}, true))
	}
	require.NoError(t, a.AddFramework(0, FrameworkSpec{ID: "N", Roles: []role.Name{"n"}}))
	require.NoError(t, a.AddFramework(0, FrameworkSpec{ID: "B", Roles: []role.Name{"b"}}))
	require.NoError(t, a.AddAgent(0, AgentSpec{ID: "A1", Total: resource.MustParse("cpus:4;mem:400;cpus(a):1")}))
	var batch Batch
	a.Poll(0, &batch)
	require.NoError(t, a.Refuse(0, Allocation{Framework: "N", Role: "n", Agent: "A1"}, resource.MustParse("cpus:1"), DefaultFilter))
	require.NoError(t, a.Check())
	require.Positive(t, a.figures.heldAgents[0])
	require.Equal(t, 1, a.root.figures.childStops)
	require.Equal(t, 1, a.figures.unmet)
	return a
}
