package offer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// keepingAgents returns an allocator in which agent A is kept for F, and no agent is large enough for G.
func keepingAgents(t *testing.T) *Allocator {
	t.Helper()
	rules := DefaultRules(V1)
	rules.Coalesce, rules.KeepWhole = 0, time.Minute
	a, err := New(Config{Rules: rules, AgentOrder: OrderByName, Bounds: Bounds{KeptWhole: 2}})
	require.NoError(t, err)
	four := resource.MustParse("cpus:4;mem:64")
	for _, id := range []AgentID{"A", "B"} {
		require.NoError(t, a.AddAgent(0, AgentSpec{ID: id, Total: four, Used: []Use{{Framework: "X", Role: "x", Resources: four}}}))
	}
	for id, unit := range map[FrameworkID]string{"F": "cpus:4", "G": "cpus:5"} {
		require.NoError(t, a.AddFramework(0, FrameworkSpec{ID: id, Roles: []role.Name{"r"}}))
		q, err := resource.ParseQuantities(unit)
		require.NoError(t, err)
		require.NoError(t, a.SetHint(0, id, "r", &Hint{Unit: q, Count: 1}))
	}
	a.Poll(0, new(Batch))
	require.NotNil(t, a.agents[a.agentAt["A"]].keptFor)
	require.NoError(t, a.Check())
	return a
}

// Check names what is wrong with the records of kept agents.
//
// docs/allocation.md §6
func TestCheckNamesWhatIsWrongWithKeptAgents(t *testing.T) {
	at := func(a *Allocator, id AgentID) *agent { return a.agents[a.agentAt[id]] }
	client := func(a *Allocator, f FrameworkID) *client { return a.fws[a.fwAt[f]].clients[0] }
	for _, test := range []struct {
		named   string
		corrupt func(a *Allocator)
	}{
		{"is kept for framework", func(a *Allocator) { at(a, "B").keptFor = client(a, "F") }},
		{"is kept for framework", func(a *Allocator) { client(a, "F").keep.agent = nil }},
		{"is kept for framework", func(a *Allocator) { client(a, "F").suppressed = true; a.kept = a.kept[:0] }},
		{"kept: ", func(a *Allocator) { at(a, "A").keptFor = nil }},
		{"out of the order", func(a *Allocator) { a.kept = append(a.kept, client(a, "G")); a.kept[0].keep.since = 1 }},
		{"hinted of framework", func(a *Allocator) { a.hinted = a.hinted[:1] }},
		{"small of framework", func(a *Allocator) { client(a, "F").keep.small = a.shapes }},
	} {
		t.Run(test.named, func(t *testing.T) {
			a := keepingAgents(t)
			test.corrupt(a)
			err := newChecker(a).keeps()
			require.ErrorContains(t, err, test.named)
			require.ErrorIs(t, a.Check(), ErrInconsistent)
		})
	}
}
