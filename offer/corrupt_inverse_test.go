package offer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// maintained returns an allocator in which agent A is to be unavailable: F is asked, G declined and is not to be asked for
// a while. B has no window. F has constraints that narrow.
func maintained(t *testing.T) *Allocator {
	t.Helper()
	rules := DefaultRules(V1)
	rules.Coalesce = 0
	a, err := New(Config{Rules: rules, AgentOrder: OrderByName})
	require.NoError(t, err)
	require.NoError(t, a.AddFramework(0, FrameworkSpec{ID: "F", Roles: []role.Name{"r"}, Constraints: map[role.Name][]ConstraintGroup{
		"r": {{Attributes: []Constraint{{Name: "rack", Is: Exists}}, NoRevocable: true}},
	}}))
	require.NoError(t, a.AddFramework(0, FrameworkSpec{ID: "G", Roles: []role.Name{"r"}}))
	rack, err := resource.ParseAttributes("rack:1")
	require.NoError(t, err)
	one := resource.MustParse("cpus:1;mem:64")
	require.NoError(t, a.AddAgent(0, AgentSpec{
		ID: "A", Total: resource.MustParse("cpus:2;mem:128"), Attributes: rack, Window: Window{Start: 9},
		Used: []Use{{Framework: "F", Role: "r", Resources: one}, {Framework: "G", Role: "r", Resources: one}},
	}))
	require.NoError(t, a.AddAgent(0, AgentSpec{ID: "B", Total: one, Attributes: rack}))
	require.NoError(t, a.AddAgent(0, AgentSpec{ID: "C", Total: one}))
	var batch Batch
	a.Poll(0, &batch)
	require.Len(t, batch.Asks, 2)
	require.Equal(t, GateConstraints, a.Explain("F", "r", "C").Gate) // which judges C
	counted, err := a.AnswerInverse(0, batch.Asks[1], false, Filter{Refuse: time.Hour})
	require.NoError(t, err)
	require.True(t, counted)
	_, due := a.NextDeadline()
	require.True(t, due)
	require.NoError(t, a.Check())
	return a
}

// Check names what is wrong with the records of windows and constraints.
//
// docs/allocation.md §6
func TestCheckNamesWhatIsWrongWithUpkeep(t *testing.T) {
	at := func(a *Allocator, id AgentID) *agent { return a.agents[a.agentAt[id]] }
	pairOf := func(a *Allocator, f FrameworkID) *pair {
		u := at(a, "A").upkeep
		i, _ := u.find(a.fws[a.fwAt[f]])
		return &u.pairs[i]
	}
	constraints := func(a *Allocator) *constraints { return a.fws[a.fwAt["F"]].clients[0].constraints }
	for _, test := range []struct {
		named   string
		corrupt func(a *Allocator)
	}{
		{"misplaced", func(a *Allocator) { at(a, "A").upkeep.place = 1 }},
		{"agents are kept", func(a *Allocator) { at(a, "A").upkeep = nil }},
		{"next of inverse offers", func(a *Allocator) { a.inverse.next++ }},
		{"it is empty", func(a *Allocator) { a.keep(at(a, "B")) }},
		{"out of order", func(a *Allocator) {
			p := at(a, "A").upkeep.pairs
			p[0], p[1] = p[1], p[0]
		}},
		{"is not known", func(a *Allocator) { a.fws[a.fwAt["G"]].known = false }},
		{`the pair of framework "G" is empty`, func(a *Allocator) { *pairOf(a, "G") = pair{framework: a.fwAt["G"]} }},
		{"without a window", func(a *Allocator) { at(a, "A").upkeep.window = Window{} }},
		{"asked and inactive", func(a *Allocator) { a.fws[a.fwAt["F"]].active = false }},
		{"a deadline without", func(a *Allocator) { pairOf(a, "F").ask = 0 }},
		{"is not one", func(a *Allocator) { pairOf(a, "F").ask = a.lastOffer + 1 }},
		{"there twice", func(a *Allocator) { pairOf(a, "G").ask = pairOf(a, "F").ask }},
		{`its attributes give false`, func(a *Allocator) {
			at(a, "C").judged = true
			constraints(a).any.put(at(a, "C").index, true)
		}},
		{"group 0", func(a *Allocator) {
			constraints(a).groups[0].bits.drop(at(a, "B").index)
			constraints(a).groups[0].bits.put(at(a, "B").index, false)
		}},
		{"was not judged", func(a *Allocator) { at(a, "B").judged = false }},
		{"was not judged", func(a *Allocator) { constraints(a).any.put(99, true) }},
	} {
		t.Run(test.named, func(t *testing.T) {
			a := maintained(t)
			test.corrupt(a)
			k := newChecker(a)
			err := k.constraints()
			if err == nil {
				err = k.inverse()
			}
			require.ErrorContains(t, err, test.named)
			require.ErrorIs(t, a.Check(), ErrInconsistent)
		})
	}
}
