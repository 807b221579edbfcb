package offer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// keeping is a stand where agents are kept whole for a minute.
func keeping(t *testing.T, change ...func(*offer.Rules)) *stand {
	return ours(t, append([]func(*offer.Rules){func(r *offer.Rules) {
		r.KeepWhole, r.Interval, r.OfferLifetime, r.CapOffers = time.Minute, 0, 0, false
	}}, change...)...)
}

func neverKept(r *offer.Rules) { r.KeepWhole = 0 }

// hint says that f could use count times unit in role r.
func (s *stand) hint(f offer.FrameworkID, r role.Name, count int, unit string) {
	s.t.Helper()
	q, err := resource.ParseQuantities(unit)
	s.ok(err)
	s.ok(s.a.SetHint(s.now, f, r, &offer.Hint{Unit: q, Count: count}))
}

// ofSmallTasks is a stand with one agent of 4 cpus, on which four tasks of S run; L has a task of 4 cpus.
func ofSmallTasks(s *stand) {
	s.agent("A1", "cpus:4", "used=S/s/cpus:4")
	s.framework("S", "s")
	s.framework("L", "l")
	s.hint("L", "l", 1, "cpus:4")
	s.expect()
}

// Small tasks that end one by one make room for the next small task, and the large one starves.
//
// docs/allocation.md §8
func TestLargeTaskStarvesWithoutKeeping(t *testing.T) {
	s := keeping(t, neverKept)
	ofSmallTasks(s)
	for range 8 {
		s.release("S", "s", "A1", "cpus:1")
		s.expect("A1 -> S/s: cpus:1")
		s.accept("S", "A1", "", 0)
	}
	s.gate(offer.GateNothingFree, "L", "l", "A1")
}

// With the agent kept whole what ends gathers, until the large task fits; then the agent is everybody's again.
//
// docs/allocation.md §8
func TestLargeTaskRunsOnAKeptAgent(t *testing.T) {
	s := keeping(t)
	ofSmallTasks(s)
	for range 3 {
		s.release("S", "s", "A1", "cpus:1")
		s.expect()
		s.gate(offer.GateKept, "S", "s", "A1")
		s.gate(offer.GateHint, "L", "l", "A1")
	}
	why, _ := s.a.ClientMetrics("S", "s")
	require.EqualValues(t, 3, why.WhyNot[offer.GateKept])
	s.release("S", "s", "A1", "cpus:1")
	s.expect("A1 -> L/l: cpus:4")
	s.accept("L", "A1", "", 0)
	s.hint("L", "l", 0, "cpus:4")
	s.release("L", "l", "A1", "cpus:4")
	s.expect("A1 -> S/s: cpus:4")
}

// A minute is the most that an agent waits; then none is kept for that client for as long again.
//
// docs/allocation.md §8
func TestKeptAgentIsLetGoInTime(t *testing.T) {
	s := keeping(t)
	ofSmallTasks(s)
	s.release("S", "s", "A1", "cpus:1")
	s.after(time.Minute-1, []string(nil)...)
	s.gate(offer.GateKept, "S", "s", "A1")
	s.after(1, "A1 -> S/s: cpus:1")
	again := func() {
		s.accept("S", "A1", "", 0)
		s.release("S", "s", "A1", "cpus:1")
	}
	s.hint("L", "l", 1, "cpus:4") // a renewed hint does not help
	again()
	s.expect("A1 -> S/s: cpus:1")
	again()
	s.after(time.Minute-1, "A1 -> S/s: cpus:1")
	again()
	s.expect("A1 -> S/s: cpus:1")
	again()
	s.after(1, "A1 -> S/s: cpus:1")
	again()
	s.expect("A1 -> S/s: cpus:1") // and this run, at the end of the second minute, keeps it again
	again()
	s.expect()
	s.gate(offer.GateKept, "S", "s", "A1")
}

// What a guarantee lacks is offered on a kept agent, too; what is left once it is filled is not.
//
// docs/allocation.md §8
func TestGuaranteesWinOverKeptAgents(t *testing.T) {
	s := keeping(t)
	ofSmallTasks(s)
	s.framework("Q", "q")
	s.release("S", "s", "A1", "cpus:3")
	s.expect()
	s.gate(offer.GateKept, "Q", "q", "A1")
	s.quota("q", "cpus:2", "")
	s.expect("A1 -> Q/q: cpus:2")
	s.gate(offer.GateKept, "Q", "q", "A1")
	s.gate(offer.GateKept, "S", "s", "A1")
}

// An agent is everybody's again once its client takes its hint back, waits for nothing, is not listed or refuses it, or once
// the agent is too small for the task, is not offered or no longer meets the client's constraints.
//
// docs/allocation.md §8
func TestWhatLetsAKeptAgentGo(t *testing.T) {
	for name, x := range map[string]struct {
		change func(s *stand)
		then   string
	}{
		"no hint":         {func(s *stand) { s.ok(s.a.SetHint(s.now, "L", "l", nil)) }, "A1 -> L/l: cpus:1"},
		"nothing waits":   {func(s *stand) { s.hint("L", "l", 0, "cpus:4") }, "A1 -> S/s: cpus:1"},
		"a larger task":   {func(s *stand) { s.hint("L", "l", 1, "cpus:5") }, "A1 -> S/s: cpus:1"},
		"suppressed":      {func(s *stand) { s.ok(s.a.Suppress(s.now, "L")) }, "A1 -> S/s: cpus:1"},
		"inactive":        {func(s *stand) { s.ok(s.a.SetFrameworkActive(s.now, "L", false)) }, "A1 -> S/s: cpus:1"},
		"another role":    {func(s *stand) { s.ok(s.a.UpdateFramework(s.now, spec("L", "m"))) }, "A1 -> L/m: cpus:1"},
		"removed":         {func(s *stand) { s.ok(s.a.RemoveFramework(s.now, "L")) }, "A1 -> S/s: cpus:1"},
		"a smaller agent": {func(s *stand) { s.total("A1", "cpus:3.5;cpus(x):1") }, "A1 -> S/s: cpus:0.5"},
		"not offered": {func(s *stand) {
			s.ok(s.a.SetAgentActive(s.now, "A1", false))
			s.ok(s.a.SetAgentActive(s.now, "A1", true))
		}, "A1 -> S/s: cpus:1"},
		"another host":      {func(s *stand) { s.ok(s.a.Whitelist(s.now, []string{})); s.ok(s.a.Whitelist(s.now, nil)) }, "A1 -> S/s: cpus:1"},
		"other constraints": {func(s *stand) { s.ok(s.a.UpdateFramework(s.now, racked("L"))) }, "A1 -> S/s: cpus:1"},
		"refused": {func(s *stand) {
			al := offer.Allocation{Framework: "L", Role: "l", Agent: "A1"}
			s.ok(s.a.Refuse(s.now, al, resources("cpus:9"), offer.Filter{Refuse: time.Hour}))
		}, "A1 -> S/s: cpus:1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := keeping(t)
			ofSmallTasks(s)
			s.release("S", "s", "A1", "cpus:1")
			s.expect()
			x.change(s)
			s.expect(x.then)
		})
	}
	t.Run("removed agent", func(t *testing.T) {
		s := keeping(t)
		ofSmallTasks(s)
		s.ok(s.a.RemoveAgent(s.now, "A1"))
		s.agent("A2", "cpus:3")
		s.expect("A2 -> S/s: cpus:3")
	})
}

// racked is a framework in role l that wants agents in racks.
func racked(id offer.FrameworkID) offer.FrameworkSpec {
	f := spec(id, "l")
	f.Constraints = map[role.Name][]offer.ConstraintGroup{"l": {{Attributes: []offer.Constraint{{Name: "rack", Is: offer.Exists}}}}}
	return f
}

// The agent is kept that lacks least of any name of the unit, the first by id among equals; not one that is too small or that
// the client cannot handle or has no part in.
//
// docs/allocation.md §8
func TestTheAgentThatLacksLeastIsKept(t *testing.T) {
	for name, agents := range map[string][][2]string{
		"equals": {{"A2", "used=S/s/cpus:1"}, {"A1", "used=S/s/cpus:1"}, {"A3", "used=S/s/cpus:1"}},
		"lacks":  {{"A2", "used=S/s/cpus:3"}, {"A1", "used=S/s/cpus:1;mem:64"}, {"A3", "used=S/s/mem:65"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := keeping(t)
			s.framework("L", "l")
			s.hint("L", "l", 1, "cpus:4;mem:128")
			s.together(func() {
				s.agent("A0", "cpus:3;mem:128")
				s.agent("A4", "cpus:4;mem:128;gpus:1", "used=S/s/cpus:0.1")
				s.agent("A5", "cpus(x):4;mem:128")
				s.agent("A6", list(revocableText("cpus", 4), scalarText("mem", 128)))
				for _, g := range agents {
					s.agent(offer.AgentID(g[0]), "cpus:4;mem:128", g[1])
				}
			})
			s.expect()
			s.framework("S", "s:gpu,rev")
			s.play(0)
			for _, id := range s.a.Agents() {
				if v := s.a.Explain("S", "s", id); id == "A1" {
					require.Equal(t, offer.GateKept, v.Gate, v.Reason)
				} else {
					require.NotEqual(t, offer.GateKept, v.Gate, id)
				}
			}
		})
	}
}

// A client that a unit has room for somewhere starves for another reason, and gets no agent kept: it refused that one, or its
// role is at its limit.
//
// docs/allocation.md §8
func TestNothingIsKeptForWhoDoesNotStarve(t *testing.T) {
	t.Run("room elsewhere", func(t *testing.T) {
		s := keeping(t)
		s.agent("A0", "cpus:4")
		s.framework("L", "l")
		s.expect("A0 -> L/l: cpus:4")
		s.decline("L", "A0", time.Hour)
		s.hint("L", "l", 1, "cpus:4")
		s.agent("A1", "cpus:4", "used=S/s/cpus:3")
		s.expect()
		s.framework("S", "s")
		s.expect("A0 -> S/s: cpus:4", "A1 -> S/s: cpus:1")
	})
	t.Run("a limit", func(t *testing.T) {
		s := keeping(t)
		s.quota("l", "", "cpus:3")
		ofSmallTasks(s)
		s.release("S", "s", "A1", "cpus:1")
		s.expect("A1 -> S/s: cpus:1")
	})
}

// One agent is kept per client, and a tenth of all, or what the bound says.
//
// docs/allocation.md §8
func TestHowManyAgentsAreKept(t *testing.T) {
	for most, want := range map[int]int{0: 2, 1: 1, 3: 3, 9: 4} {
		rules := offer.DefaultRules(offer.V1)
		rules.Coalesce, rules.KeepWhole = 0, time.Minute
		a, err := offer.New(offer.Config{Rules: rules, AgentOrder: offer.OrderByName, Bounds: offer.Bounds{KeptWhole: most}})
		require.NoError(t, err)
		s := &stand{t: t, a: a}
		for i := range 20 {
			s.agent(offer.AgentID(fmt.Sprint("A", i)), "cpus:4", "used=S/s/cpus:1")
		}
		for i := range 4 {
			f := offer.FrameworkID(fmt.Sprint("L", i))
			s.framework(f, "l")
			s.hint(f, "l", 5, "cpus:4")
		}
		s.expect()
		s.framework("S", "s")
		s.ok(s.a.SetHint(0, "S", "s", nil))
		s.play(0)
		kept := 0
		for _, id := range s.a.Agents() {
			if s.a.Explain("S", "s", id).Gate == offer.GateKept {
				kept++
			}
		}
		require.Equal(t, want, kept, "at most %d", most)
	}
}

// What the client could not use of the kept agent is offered to others: reserved for another role, or of a kind that it
// cannot handle.
//
// docs/allocation.md §8
func TestOthersGetWhatTheClientCannotUse(t *testing.T) {
	s := keeping(t)
	s.agent("A1", list(scalarText("cpus", 4), scalarText("mem", 64), scalarText("cpus", 1, "s"), revocableText("cpus", 2), revocableText("mem", 64)),
		"used=X/s/cpus:2;cpus(s):1", "used=X/s/"+list(revocableText("cpus", 2), revocableText("mem", 64)))
	s.framework("L", "l")
	s.hint("L", "l", 1, "cpus:4")
	s.expect()
	s.framework("R", "s:rev")
	s.framework("S", "s")
	s.expect()
	s.gate(offer.GateKept, "R", "s", "A1")
	s.release("X", "s", "A1", "cpus(s):1")
	s.expect("A1 -> R/s: cpus(reservations: [(STATIC,s)]):1")
	s.release("X", "s", "A1", list(revocableText("cpus", 2), revocableText("mem", 64)))
	s.expect("A1 -> R/s: cpus{REV}:2; mem{REV}:64")
	s.gate(offer.GateKept, "S", "s", "A1")
}

// Constraints on what is offered count for whether a task would fit.
//
// docs/allocation.md §8
func TestKeptAgentMeetsConstraintsOnResources(t *testing.T) {
	for name, g := range map[string]struct {
		group offer.ConstraintGroup
		want  offer.Gate
	}{
		"reserved only":  {offer.ConstraintGroup{ReservedOnly: true}, offer.GateNothingFree},
		"too much asked": {offer.ConstraintGroup{AtLeast: quantitiesOf(t, "cpus:5")}, offer.GateNothingFree},
		"enough":         {offer.ConstraintGroup{AtLeast: quantitiesOf(t, "cpus:4"), NoRevocable: true}, offer.GateKept},
	} {
		t.Run(name, func(t *testing.T) {
			s := keeping(t)
			f := spec("L", "l")
			f.Constraints = map[role.Name][]offer.ConstraintGroup{"l": {g.group}}
			s.ok(s.a.AddFramework(s.now, f))
			s.hint("L", "l", 1, "cpus:4")
			s.agent("A1", "cpus:4", "used=S/s/cpus:3")
			s.expect()
			s.framework("S", "s")
			s.play(0)
			s.gate(g.want, "S", "s", "A1")
		})
	}
}

func quantitiesOf(t *testing.T, text string) resource.Quantities {
	t.Helper()
	q, err := resource.ParseQuantities(text)
	require.NoError(t, err)
	return q
}

// A kept agent is kept in a copy as well, and let go there on its own.
//
// docs/allocation.md §8
func TestForkKeepsAgents(t *testing.T) {
	s := keeping(t)
	ofSmallTasks(s)
	fork := &stand{t: t, a: s.a.Fork()}
	s.ok(s.a.Suppress(0, "L"))
	fork.release("S", "s", "A1", "cpus:1")
	fork.expect()
	fork.gate(offer.GateKept, "S", "s", "A1")
	fork.after(time.Minute, "A1 -> S/s: cpus:1")
	s.release("S", "s", "A1", "cpus:1")
	s.expect("A1 -> S/s: cpus:1")
}

// Agents are kept only where the rules say so, and the rules must make sense.
//
// docs/allocation.md §0
func TestKeepWholeIsAskedFor(t *testing.T) {
	require.Zero(t, offer.DefaultRules(offer.V1).KeepWhole)
	require.Zero(t, offer.StrictDRF().KeepWhole)
	for _, change := range []func(*offer.Rules){
		func(r *offer.Rules) { r.KeepWhole = -1 },
		func(r *offer.Rules) { r.KeepWhole, r.Hints = 1, false },
	} {
		rules := offer.DefaultRules(offer.V1)
		change(&rules)
		_, err := offer.New(offer.Config{Rules: rules})
		require.ErrorIs(t, err, offer.ErrRules)
	}
}

// Of two small tasks on an agent one ends. The other agent is lost to small tasks for good, but here a large task may gather
// room for up to ten minutes.
func ExampleRules_keepWhole() {
	rules := offer.DefaultRules(offer.V1)
	rules.KeepWhole = 10 * time.Minute
	a, _ := offer.New(offer.Config{Rules: rules})
	one := resource.MustParse("cpus:2;mem:512")
	small := offer.Allocation{Framework: "web", Role: "site", Agent: "a1"}
	_ = a.AddAgent(0, offer.AgentSpec{ID: "a1", Total: one.Add(one), Used: []offer.Use{
		{Framework: "web", Role: "site", Resources: one}, {Framework: "web", Role: "site", Resources: one},
	}})
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "web", Roles: []role.Name{"site"}})
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "train", Roles: []role.Name{"ml"}})
	unit, _ := resource.ParseQuantities("cpus:4;mem:1024")
	_ = a.SetHint(0, "train", "ml", &offer.Hint{Unit: unit, Count: 1})
	var batch offer.Batch
	a.Poll(offer.Time(time.Second), &batch)
	for minute := range 2 {
		now := offer.Time(minute+1) * offer.Time(time.Minute)
		_ = a.Release(now, small, one)
		a.Poll(now.Add(time.Second), &batch)
		fmt.Println(a.Explain("web", "site", "a1"))
	}
	fmt.Println(batch.Offers[0].Framework, batch.Offers[0].Resources)
	// Output:
	// agent "a1" is kept whole for framework "train" in role "ml"
	// agent "a1" has nothing free that role "site" may have
	// train cpus:4; mem:1024
}
