package offer_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// most is as much of a name as resources can say.
const most = "cpus:4398046511103"

// bounded is an allocator under the reference's rules, which charge use by unknown frameworks late.
func bounded(t *testing.T, b offer.Bounds) *offer.Allocator {
	t.Helper()
	a, err := offer.New(offer.Config{Rules: offer.StrictDRF(), Bounds: b})
	require.NoError(t, err)
	return a
}

// reporting is a small agent on which f uses text in role r.
func reporting(id int, f offer.FrameworkID, r role.Name, text string) offer.AgentSpec {
	return offer.AgentSpec{
		ID: offer.AgentID(fmt.Sprintf("g%d", id)), Total: resource.MustParse("cpus:1"),
		Used: []offer.Use{{Framework: f, Role: r, Resources: resource.MustParse(text)}},
	}
}

// Agents report so much use by a framework that is not known yet that its sum would wrap: the agent that goes too far is
// refused, and the framework can be added.
//
// docs/resource-model.md §1.1
func TestLateUseIsBounded(t *testing.T) {
	a := bounded(t, offer.Bounds{})
	var err error
	taken := 0
	for ; err == nil; taken++ {
		require.Less(t, taken, 2200)
		err = a.AddAgent(0, reporting(taken, "f", "r", most))
	}
	require.ErrorIs(t, err, offer.ErrClusterTotal)
	require.NoError(t, a.Check())
	require.NoError(t, a.RemoveAgent(0, "g0"))
	require.NoError(t, a.AddAgent(0, reporting(taken, "f", "r", most)), "there is room again")
	require.NoError(t, a.AddFramework(0, offer.FrameworkSpec{ID: "f", Roles: []role.Name{"r"}}))
	require.NoError(t, a.Check())
}

// The uses that one agent reports count together, and those of a shared volume each.
//
// docs/resource-model.md §1.1
func TestUseOfOneAgentIsBounded(t *testing.T) {
	volume := sharedVolume(t, "v", "r")
	for e := range volume.All() {
		e.Scalar = resource.MustParse(most).ScalarQuantities().Get("cpus")
		var err error
		volume, err = resource.New(e)
		require.NoError(t, err)
	}
	for _, used := range []resource.Resources{resource.MustParse(most), volume} {
		a, err := offer.New(offer.Config{})
		require.NoError(t, err)
		s := reporting(0, "f", "r", "cpus:1")
		for i := range 300 {
			s.Used = append(s.Used, offer.Use{Framework: offer.FrameworkID(fmt.Sprintf("f%d", i)), Role: "r", Resources: used})
		}
		require.ErrorIs(t, a.AddAgent(0, s), offer.ErrClusterTotal)
		require.Empty(t, a.Agents())
		require.Empty(t, a.Roles())

		require.NoError(t, a.AddAgent(0, reporting(1, "f", "r", "cpus:1")))
		for i := 0; err == nil; i++ {
			require.Less(t, i, 300)
			f := offer.FrameworkID(fmt.Sprintf("f%d", i))
			require.NoError(t, a.AddFramework(0, offer.FrameworkSpec{ID: f, Roles: []role.Name{"r"}}))
			err = a.Charge(0, offer.Allocation{Framework: f, Role: "r", Agent: "g1"}, used)
		}
		require.ErrorIs(t, err, offer.ErrClusterTotal)
		require.NoError(t, a.Check())
	}
}

// A framework brings the roles in which agents reported use by it; what they reported counts as a framework already.
//
// docs/protocol.md §18.1
func TestLateRolesAndFrameworksAreBounded(t *testing.T) {
	a := bounded(t, offer.Bounds{Roles: 2, Frameworks: 1})
	require.NoError(t, a.AddAgent(0, reporting(0, "f", "a", "cpus:1")))
	require.NoError(t, a.AddAgent(0, reporting(1, "f", "b", "cpus:1")))
	require.ErrorIs(t, a.AddFramework(0, offer.FrameworkSpec{ID: "g", Roles: []role.Name{"a"}}), offer.ErrTooMany)
	require.ErrorIs(t, a.AddFramework(0, offer.FrameworkSpec{ID: "f", Roles: []role.Name{"c"}}), offer.ErrTooMany)
	require.Empty(t, a.Roles())
	require.NoError(t, a.AddFramework(0, offer.FrameworkSpec{ID: "f", Roles: []role.Name{"a"}}))
	require.Len(t, a.Roles(), 2)
	require.NoError(t, a.Check())
}

// The roles and the names of one call count together; a call that is too large changes nothing.
//
// docs/protocol.md §18.1
func TestBoundsOfACall(t *testing.T) {
	a, err := offer.New(offer.Config{Bounds: offer.Bounds{Roles: 2, Names: 6}})
	require.NoError(t, err)
	var weights []role.Weight
	var configs, named []quota.Config
	for i, r := range []role.Name{"a", "b", "c"} {
		weights = append(weights, role.Weight{Role: r, Weight: 2})
		c, err := quota.Parse(string(r), "", "cpus:1")
		require.NoError(t, err)
		configs = append(configs, c)
		c, err = quota.Parse("a", fmt.Sprintf("odd%d:1", i), fmt.Sprintf("strange%d:1", i))
		require.NoError(t, err)
		named = append(named, c)
	}
	require.ErrorIs(t, a.SetWeights(0, weights), offer.ErrTooMany)
	require.ErrorIs(t, a.SetQuota(0, configs, true), offer.ErrTooMany)
	require.ErrorIs(t, a.SetQuota(0, named[:1], true), nil, "2 names more than those that are always known")
	require.ErrorIs(t, a.SetQuota(0, named[1:2], true), offer.ErrTooMany)
	none, err := quota.Parse("a", "", "")
	require.NoError(t, err)
	require.NoError(t, a.SetQuota(0, []quota.Config{none}, true))
	require.Empty(t, a.Roles())

	s := reporting(0, "f", "r", "odd:1;strange:1")
	s.Total = resource.MustParse("cpus:1;queer:1")
	require.ErrorIs(t, a.AddAgent(0, s), offer.ErrTooMany, "3 names, of the total and of the use")
	s.Total = resource.MustParse("cpus:1;odd:1")
	require.NoError(t, a.AddAgent(0, s))
	require.ErrorIs(t, a.SetWeights(0, weights[:2]), offer.ErrTooMany)
	require.NoError(t, a.SetWeights(0, weights[:1]))
	require.NoError(t, a.Check())
}

// A framework's minimums are for roles that it is in, and no more of them than the bound; else nothing is changed.
//
// docs/allocation.md §2.7
func TestMinimumsAreBounded(t *testing.T) {
	a, err := offer.New(offer.Config{Bounds: offer.Bounds{Minimums: 2}})
	require.NoError(t, err)
	spec := func(r role.Name, count int) offer.FrameworkSpec {
		one, err := resource.ParseQuantities("cpus:1")
		require.NoError(t, err)
		return offer.FrameworkSpec{ID: "f", Roles: []role.Name{"b", "a"}, MinAllocatable: map[role.Name][]resource.Quantities{
			r: slices.Repeat([]resource.Quantities{one}, count),
		}}
	}
	require.ErrorIs(t, a.AddFramework(0, spec("c", 0)), offer.ErrNotSubscribed)
	require.ErrorIs(t, a.AddFramework(0, spec("a", 3)), offer.ErrTooMany)
	require.Empty(t, a.Roles())
	require.NoError(t, a.AddFramework(0, spec("a", 2)))
	require.ErrorIs(t, a.UpdateFramework(0, spec("c", 1)), offer.ErrNotSubscribed)
	require.ErrorIs(t, a.UpdateFramework(0, spec("b", 3)), offer.ErrTooMany)
	require.NoError(t, a.UpdateFramework(0, spec("b", 0)))
}
