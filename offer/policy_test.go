package offer_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/drf"
	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// inOrder is fair share written as a policy: every agent goes to the first client in the order that may have something of
// it, those that refused it as it is last.
type inOrder struct{}

func (inOrder) Plan(c *offer.Cycle) {
	for g := range c.Agents() {
		var later []offer.Client
		for cl := range c.Clients(g) {
			if c.View(g, cl).HadTurn {
				later = append(later, cl)
				continue
			}
			c.Grant(g, cl, offer.Want{Whole: true})
		}
		for _, cl := range later {
			c.Grant(g, cl, offer.Want{Whole: true})
		}
	}
}

// Without quota the fair policy makes the same offers as the plain allocator.
//
// docs/allocation.md §6
func TestPolicyInOrderIsFairShare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runMachineWith(t, offer.Config{Rules: offer.DefaultRules(offer.V1), Policy: inOrder{}}, true, []string{"quota"})
	})
}

// whim grants anything to anybody, again and again, and keeps what it must not keep.
type whim struct {
	t    *rapid.T
	kept *offer.Cycle
	seen []offer.Client
}

func (w *whim) Plan(c *offer.Cycle) {
	if w.kept != nil && len(w.seen) > 0 {
		for g := range c.Agents() {
			c.Grant(g, w.seen[0], offer.Want{Whole: true})
		}
	}
	w.kept = c
	require.Equal(w.t, offer.GateNotListed, c.Grant(offer.Agent{}, offer.Client{}, offer.Want{Whole: true}).Gate)
	for g := range c.Agents() {
		for cl := range c.Clients(g) {
			w.seen = append(w.seen[:0], cl)
			want := offer.Want{
				Whole:    rapid.Bool().Draw(w.t, "whole"),
				Reserved: rapid.Bool().Draw(w.t, "reserved"), Revocable: rapid.Bool().Draw(w.t, "revocable"),
				Members: rapid.IntRange(-1, 4).Draw(w.t, "members"),
			}
			var err error
			want.Scalars, err = resource.ParseQuantities(rapid.SampledFrom([]string{"", "cpus:1", "cpus:2;mem:9", "disk:9"}).Draw(w.t, "scalars"))
			require.NoError(w.t, err)
			for range rapid.IntRange(0, 2).Draw(w.t, "grants") {
				view, got := c.View(g, cl), c.Grant(g, cl, want)
				require.True(w.t, view.Resources.Contains(got.Offered))
				require.Equal(w.t, got.Gate == 0, !got.Offered.IsEmpty())
			}
		}
	}
}

// A policy that does as it likes loses fairness, but no limit is passed, no reservation leaks and the books agree.
//
// docs/allocation.md §6
func TestPolicyWithoutReasonIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runMachineWith(t, offer.Config{Rules: offer.DefaultRules(offer.V1), Policy: &whim{t: t}}, false, nil)
	})
}

// Orders can be replaced: here by the weighted lottery.
//
// docs/allocation.md §1.7
func TestOrderByLot(t *testing.T) {
	lots := func(seed uint64, flat bool) drf.Orderer {
		if flat {
			return drf.NewRandom(seed, drf.WithFlat())
		}
		return drf.NewRandom(seed)
	}
	wins := make(map[offer.FrameworkID]int)
	for seed := range uint64(3) {
		l := newLoop(t, offer.Config{Seed: seed, NewOrderer: lots})
		require.NoError(t, l.a.SetWeights(0, []role.Weight{{Role: "two", Weight: 2}}))
		l.framework("F1", "one")
		l.framework("F2", "two")
		l.agents(0, 99, "cpus:4;mem:1024")
		for id, n := range byFramework(l.wait(0)) {
			wins[id] += n
		}
		for id, n := range byFramework(l.wait(20e6)) {
			wins[id] += n
		}
	}
	require.Equal(t, 297, wins["F1"]+wins["F2"])
	require.InDelta(t, 99, wins["F1"], 30, "a third")
}

// The policy fills agents up one framework at a time: whoever has offers out goes on.
type packed struct{}

func (packed) Plan(c *offer.Cycle) {
	for g := range c.Agents() {
		var most offer.Client
		for cl := range c.Clients(g) {
			if most == (offer.Client{}) || cl.Out() > most.Out() {
				most = cl
			}
		}
		c.Grant(g, most, offer.Want{Whole: true})
	}
}

func ExamplePolicy() {
	rules := offer.DefaultRules(offer.V1)
	rules.CapOffers = false // the policy wants to give everything to one framework
	a, err := offer.New(offer.Config{Rules: rules, AgentOrder: offer.OrderByName, Policy: packed{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "F1", Roles: []role.Name{"a"}})
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "F2", Roles: []role.Name{"b"}})
	for _, id := range []offer.AgentID{"a1", "a2"} {
		_ = a.AddAgent(0, offer.AgentSpec{ID: id, Total: resource.MustParse("cpus:4;mem:1024")})
	}
	due, _ := a.NextDeadline()
	var batch offer.Batch
	a.Poll(due, &batch)
	for _, o := range batch.Offers {
		fmt.Println(o.Agent, o.Framework)
	}
	// Output:
	// a1 F1
	// a2 F1
}
