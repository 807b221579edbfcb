package offer

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// busy returns an allocator in which every counter that Check recomputes is set.
func busy(t *testing.T) *Allocator {
	t.Helper()
	rules := DefaultRules(V1)
	rules.Coalesce = 0
	a, err := New(Config{Rules: rules, AgentOrder: OrderByName})
	require.NoError(t, err)
	var batch Batch
	poll := func() { a.Poll(0, &batch) }
	config, err := quota.Parse("a", "cpus:2", "cpus:20")
	require.NoError(t, err)
	require.NoError(t, a.SetQuota(0, []quota.Config{config}, true))
	require.NoError(t, a.SetWeights(0, []role.Weight{{Role: "b", Weight: 2}}))
	require.NoError(t, a.AddFramework(0, FrameworkSpec{ID: "F", Roles: []role.Name{"a", "a/x"}}))
	require.NoError(t, a.AddFramework(0, FrameworkSpec{ID: "G", Roles: []role.Name{"b"}}))
	require.NoError(t, a.AddAgent(0, AgentSpec{
		ID: "A1", Total: resource.MustParse("cpus:4;mem:400;cpus(a):1"),
		Used: []Use{{Framework: "F", Role: "a", Resources: resource.MustParse("cpus:1;cpus(a):0.5")}},
	}))
	poll()
	require.NoError(t, a.AddAgent(0, AgentSpec{ID: "A2", Total: resource.MustParse("cpus:4;mem:400")}))
	poll()
	require.NotEmpty(t, batch.Offers)
	last := batch.Offers[len(batch.Offers)-1]
	require.NoError(t, a.Decline(0, DefaultFilter, last.ID))
	require.NoError(t, a.AddFramework(0, FrameworkSpec{ID: "H", Roles: []role.Name{"a"}, Inactive: true}))
	require.NoError(t, a.Check())
	return a
}

// notedBy is an agent that somebody is noted to have refused.
func notedBy(a *Allocator) *agent {
	for _, g := range a.agents {
		if g.noted.of == g.free && g.noted.count > 0 {
			return g
		}
	}
	return nil
}

// Check names each counter that does not agree with the ledgers.
//
// docs/allocation.md §6
func TestCheckNamesTheCounterThatIsWrong(t *testing.T) {
	agentA2 := func(a *Allocator) *agent { return a.agents[a.agentAt["A2"]] }
	roleA := func(a *Allocator) *node { return a.roles[a.roleAt["a"]] }
	refuser := func(a *Allocator) *client {
		for _, g := range a.agents {
			for _, r := range g.refusals {
				return a.clients[r.client]
			}
		}
		return nil
	}
	one := vec{N: [8]int64{1}}
	tests := []struct {
		named   string
		corrupt func(a *Allocator)
	}{
		{"totals", func(a *Allocator) { a.totals.Add(&one) }},
		{"capacity", func(a *Allocator) { a.capacity.Add(&one) }},
		{"allocated", func(a *Allocator) { a.allocated.Add(&one) }},
		{"copies", func(a *Allocator) { a.copies.Add(&one) }},
		{"late", func(a *Allocator) { a.late.Add(&one) }},
		{"revFree", func(a *Allocator) { a.revFree.Add(&one) }},
		{"placeable", func(a *Allocator) { a.placeable.Add(&one) }},
		{"free is", func(a *Allocator) { g := agentA2(a); g.free = a.bundle(g.free.res.Add(resource.MustParse("cpus:1"))) }},
		{"free scalars", func(a *Allocator) { b := *agentA2(a).free; b.all.Add(&one); agentA2(a).free = &b }},
		{"free unreserved scalars", func(a *Allocator) { b := *agentA2(a).free; b.unres.Add(&one); agentA2(a).free = &b }},
		{"total scalars", func(a *Allocator) { b := *agentA2(a).total; b.all.Add(&one); agentA2(a).total = &b }},
		{"over", func(a *Allocator) { agentA2(a).over = true }},
		{"held of framework", func(a *Allocator) { a.clients[0].held.Add(&one) }},
		{"openRoles", func(a *Allocator) { a.openRoles++ }},
		{"blocked of role", func(a *Allocator) { roleA(a).blocked = true }},
		{"offered to framework", func(a *Allocator) { a.clients[0].offered.Add(&one) }},
		{"eager of framework", func(a *Allocator) { a.eager[0] = nil }},
		{"its total gives", func(a *Allocator) { g := a.agents[a.agentAt["A1"]]; g.scarce = !g.scarce }},
		{"listedSet has framework", func(a *Allocator) { a.listedSet.drop(0) }},
		{"listedCount is", func(a *Allocator) { a.listedCount++ }},
		{"ownMinimums is", func(a *Allocator) { a.ownMinimums++ }},
		{"counts", func(a *Allocator) { notedBy(a).noted.count++ }},
		{"which does not refuse it", func(a *Allocator) { notedBy(a).refusals[0].b = a.nothing }},
		{"capped of framework", func(a *Allocator) { a.clients[0].capped = true }},
		{"eager of framework", func(a *Allocator) { a.clients[0].eager = 99 }},
		{"held of role", func(a *Allocator) { roleA(a).held.Add(&one) }},
		{"reserved of role", func(a *Allocator) { roleA(a).reserved.add(&one, 1) }},
		{"unres of role", func(a *Allocator) { roleA(a).unres.Add(&one) }},
		{"used of role", func(a *Allocator) { roleA(a).used.add(&one, 1) }},
		{"taken of role", func(a *Allocator) { roleA(a).taken.add(&one, 1) }},
		{"members of role", func(a *Allocator) { roleA(a).members++ }},
		{"listed of role", func(a *Allocator) { roleA(a).listed++ }},
		{"holding of role", func(a *Allocator) { roleA(a).holding++ }},
		{"weight of role", func(a *Allocator) { roleA(a).weight = 3 }},
		{"need of role", func(a *Allocator) { roleA(a).need.add(&one, 1) }},
		{"childNeed of role", func(a *Allocator) { a.root.childNeed.add(&one, 1) }},
		{"hasQuota of role", func(a *Allocator) { roleA(a).hasQuota = false }},
		{"out of framework", func(a *Allocator) { a.fws[0].out++ }},
		{"not the one of that id", func(a *Allocator) { a.offers.remove(a.firstOut.id) }},
		{"offers:", func(a *Allocator) { a.offers.count++ }},
		{"not in the offers of agent", func(a *Allocator) { a.firstOut.inAgent++ }},
		{"not in the offers of framework", func(a *Allocator) { a.firstOut.inClient++ }},
		{"misplaced", func(a *Allocator) { a.agents[a.agentAt["A1"]].uses[0].in++ }},
		{"share of all", func(a *Allocator) { a.pool.SetTotals(&one) }},
		{"share of framework", func(a *Allocator) { must(roleA(a).order.Grant(0, &one)) }},
		{"share of role", func(a *Allocator) { must(a.order.Grant(roleA(a).slot(), &vec{N: [8]int64{1000}})) }},
		{"ends of agent", func(a *Allocator) { a.expiries.list[0].ends++ }},
		{"refused of framework", func(a *Allocator) { refuser(a).refused++ }},
		{"refused of framework", func(a *Allocator) { refuser(a).framework.refused++ }},
	}
	for _, test := range tests {
		t.Run(test.named, func(t *testing.T) {
			a := busy(t)
			test.corrupt(a)
			err := a.Check()
			require.ErrorIs(t, err, ErrInconsistent)
			require.ErrorContains(t, err, test.named)
		})
	}
}
