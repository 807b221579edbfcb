package offer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// inRunOrder is fair share with guarantees, from the parts that policies are offered, agents in the order of the run.
type inRunOrder struct{}

func (inRunOrder) Plan(c *offer.Cycle) {
	for g := range c.Agents() {
		c.FillGuarantees(g)
	}
	for g := range c.Agents() {
		c.ShareOut(g)
	}
}

// Without quota, a policy made of FillGuarantees and ShareOut makes the same offers as the plain allocator.
//
// docs/allocation.md §6
func TestPolicyOfTheTwoStages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runMachineWith(t, offer.Config{Rules: offer.DefaultRules(offer.V1), Policy: inRunOrder{}}, true, []string{"quota"})
	})
}

// filled is a cluster of four agents of 8 cpus and 1024 MiB, in use to 1/4, 3/4, 0 and (of its memory) 1/2.
func filled(t *testing.T, p offer.Policy) *loop {
	l := newLoop(t, offer.Config{AgentOrder: offer.OrderByName, Policy: p})
	for id, used := range map[offer.AgentID]string{"a1": "cpus:2", "a2": "cpus:6", "a3": "", "a4": "cpus:1;mem:512"} {
		s := offer.AgentSpec{ID: id, Total: resource.MustParse("cpus:8;mem:1024")}
		if used != "" {
			s.Used = []offer.Use{{Framework: "other", Role: "other", Resources: resource.MustParse(used)}}
		}
		require.NoError(t, l.a.AddAgent(0, s))
	}
	return l
}

func agentsOf(offers []offer.Offer) (ids []offer.AgentID) {
	for _, o := range offers {
		ids = append(ids, o.Agent)
	}
	return ids
}

// Agents are offered in the order of the largest part of any scalar that is in use: 3/4, 1/2, 1/4, 0, or the other way.
//
// docs/allocation.md §8
func TestPackAndSpreadOrderAgents(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy offer.Policy
		want   []offer.AgentID
	}{
		{"none", nil, []offer.AgentID{"a1", "a2", "a3", "a4"}},
		{"pack", offer.Pack(), []offer.AgentID{"a2", "a4", "a1", "a3"}},
		{"spread", offer.Spread(), []offer.AgentID{"a3", "a1", "a4", "a2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := filled(t, c.policy)
			l.framework("F", "r")
			require.Equal(t, c.want, agentsOf(l.wait(20*time.Millisecond)))
			require.NoError(t, l.a.Check())
		})
	}
}

// Who is offered an agent stays a matter of shares. Of 32 cpus and 4096 MiB, pack: a2 ⟨2,1024⟩ to F1 (memory 1/4), a4
// ⟨7,512⟩ to F2 (cpus 7/32 = .22), a1 ⟨6,1024⟩ to F2 (now 13/32), a3 ⟨8,1024⟩ to F1. Spread: a3 to F1 (1/4), a1 to F2 (1/4),
// a4 to F1 by the tie, which was served longer ago, a2 to F2.
//
// docs/allocation.md §1.3
func TestPackAndSpreadShareFairly(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy offer.Policy
		want   string
	}{
		{"pack", offer.Pack(), "a2:F1 a4:F2 a1:F2 a3:F1 "},
		{"spread", offer.Spread(), "a3:F1 a1:F2 a4:F1 a2:F2 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := filled(t, c.policy)
			l.framework("F1", "one")
			l.framework("F2", "two")
			got := ""
			for _, o := range l.wait(20 * time.Millisecond) {
				got += fmt.Sprintf("%s:%s ", o.Agent, o.Framework)
			}
			require.Equal(t, c.want, got)
		})
	}
}

// Example Q10 under a policy: guarantees come first, on every agent, then shares. A1 gives 4 to F1 and 4 to F2; A2 2 to F2,
// and the other 6 to Fn, which has nothing.
//
// docs/allocation.md §2.9
func TestPackFillsGuaranteesFirst(t *testing.T) {
	for name, p := range map[string]offer.Policy{"none": nil, "pack": offer.Pack(), "spread": offer.Spread()} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, offer.Config{AgentOrder: offer.OrderByName, Policy: p})
			q1, err := quota.Parse("q1", "cpus:4", "cpus:8")
			require.NoError(t, err)
			q2, err := quota.Parse("q2", "cpus:6", "cpus:6")
			require.NoError(t, err)
			require.NoError(t, l.a.SetQuota(0, []quota.Config{q1, q2}, true))
			for _, id := range []offer.AgentID{"A1", "A2"} {
				require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: id, Total: resource.MustParse("cpus:8")}))
			}
			for f, r := range map[offer.FrameworkID]role.Name{"F1": "q1", "F2": "q2", "Fn": "n"} {
				l.framework(f, r)
			}
			got := make(map[string]string)
			for _, o := range l.wait(20 * time.Millisecond) {
				got[string(o.Agent)+" "+string(o.Framework)] = o.Resources.String()
			}
			require.Equal(t, map[string]string{"A1 F1": "cpus:4", "A1 F2": "cpus:4", "A2 F2": "cpus:2", "A2 Fn": "cpus:6"}, got)
			require.NoError(t, l.a.Check())
		})
	}
}

// A guarantee of cpus brings memory along in proportion: 2 of 8 cpus are a quarter, so 256 of 1024 MiB and 10 of 40 ports.
//
// docs/allocation.md §2.6
func TestFillGuaranteesTakesRiders(t *testing.T) {
	only := planOnly(func(c *offer.Cycle) {
		for g := range c.Agents() {
			c.FillGuarantees(g)
		}
	})
	l := newLoop(t, offer.Config{Policy: only})
	q, err := quota.Parse("q", "cpus:2", "")
	require.NoError(t, err)
	require.NoError(t, l.a.SetQuota(0, []quota.Config{q}, true))
	require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "A", Total: resource.MustParse("cpus:8;mem:1024;ports:[1-40]")}))
	l.framework("F", "q")
	l.framework("G", "n")
	got := l.wait(20 * time.Millisecond)
	require.Len(t, got, 1)
	require.Equal(t, offer.FrameworkID("F"), got[0].Framework)
	require.Equal(t, "cpus:2; mem:256; ports:[1-10]", got[0].Resources.String())
}

// What a limit cuts does not swell what rides along: of an agent of 4 cpus a guarantee and limit of 1 is a quarter, and so
// brings a quarter of memory and ports, under a policy as without. Of 2 gpus a quarter is less than one: it stays.
//
// docs/allocation.md §2.6
func TestRidersAreInProportionToTheAgent(t *testing.T) {
	for _, limit := range []string{"", "cpus:1"} {
		for name, p := range map[string]offer.Policy{"none": nil, "pack": offer.Pack(), "spread": offer.Spread()} {
			t.Run(name+" "+limit, func(t *testing.T) {
				l := newLoop(t, offer.Config{Policy: p})
				q, err := quota.Parse("q", "cpus:1", limit)
				require.NoError(t, err)
				require.NoError(t, l.a.SetQuota(0, []quota.Config{q}, true))
				for f, r := range map[offer.FrameworkID]role.Name{"F": "q", "G": "n"} {
					require.NoError(t, l.a.AddFramework(0, offer.FrameworkSpec{ID: f, Roles: []role.Name{r}, Capabilities: offer.GPUResources}))
				}
				require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "A", Total: resource.MustParse("cpus:4;mem:1024;gpus:2;ports:[1-8]")}))
				got := make(map[offer.FrameworkID]string)
				for _, o := range l.wait(20 * time.Millisecond) {
					got[o.Framework] = o.Resources.String()
				}
				require.Equal(t, map[offer.FrameworkID]string{
					"F": "cpus:1; mem:256; ports:[1-2]", "G": "cpus:3; gpus:2; mem:768; ports:[3-8]",
				}, got)
			})
		}
	}
}

// A name that has a guarantee does not ride along, even where that guarantee is met already.
//
// docs/allocation.md §2.6
func TestWhatIsGuaranteedDoesNotRide(t *testing.T) {
	for name, p := range map[string]offer.Policy{"none": nil, "pack": offer.Pack()} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, offer.Config{Policy: p})
			q, err := quota.Parse("q", "cpus:1;mem:64", "cpus:1;mem:64")
			require.NoError(t, err)
			require.NoError(t, l.a.SetQuota(0, []quota.Config{q}, true))
			l.framework("F", "q")
			use := offer.Use{Framework: "F", Role: "q", Resources: resource.MustParse("mem:64")}
			require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "B", Total: use.Resources, Used: []offer.Use{use}}))
			require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "A", Total: resource.MustParse("cpus:4;mem:1024;ports:[1-8]")}))
			require.Empty(t, l.wait(20*time.Millisecond), "1 cpu without memory is below the minimum")
			require.Equal(t, offer.GateLimit, l.a.Explain("F", "q", "A").Gate)
		})
	}
}

// What a policy asks for of an integral name is rounded down, unless it is all that is free.
//
// docs/allocation.md §2.7
func TestPolicyGrantsWholeUnits(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Integral = []string{"slots"}
	for free, want := range map[string]string{"cpus:2;slots:3": "cpus:2; slots:1", "cpus:2;slots:1.5": "cpus:2; slots:1.5"} {
		l := newLoop(t, offer.Config{Rules: rules, Policy: planOnly(func(c *offer.Cycle) {
			for g := range c.Agents() {
				for cl := range c.Clients(g) {
					c.Grant(g, cl, offer.Want{Scalars: resource.MustParse("cpus:2;slots:1.5").ScalarQuantities()})
				}
			}
		})})
		l.framework("F", "r")
		require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "A", Total: resource.MustParse(free)}))
		got := l.wait(20 * time.Millisecond)
		require.Len(t, got, 1)
		require.Equal(t, want, got[0].Resources.String())
	}
}

type planOnly func(*offer.Cycle)

func (p planOnly) Plan(c *offer.Cycle) { p(c) }

// A client that refused an agent comes after one that has not, under a policy as without.
//
// docs/allocation.md §3.5
func TestPackKeepsTurns(t *testing.T) {
	l := newLoop(t, offer.Config{Policy: offer.Pack()})
	require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "A", Total: resource.MustParse("cpus:8;mem:1024")}))
	l.framework("F1", "one")
	l.framework("F2", "two")
	first := l.wait(20 * time.Millisecond)
	require.Len(t, first, 1)
	require.NoError(t, l.a.Decline(l.now, offer.Filter{}, first[0].ID))
	second := l.wait(20 * time.Millisecond)
	require.Len(t, second, 1)
	require.NotEqual(t, first[0].Framework, second[0].Framework)
}

// The lottery follows weights, not shares: of 300 agents two thirds go to the role of weight 2 (3 standard deviations are
// 25), though it holds ever more; and of the two frameworks in a role each wins half. With the cap on what a client may
// have out it is each client's fair share again, to the agent.
//
// docs/allocation.md §1.7
func TestLottery(t *testing.T) {
	draw := func(capped bool) map[offer.FrameworkID]int {
		rules := offer.DefaultRules(offer.V1)
		rules.CapOffers = capped
		l := newLoop(t, offer.Config{Seed: 5, Rules: rules, NewOrderer: offer.Lottery})
		require.NoError(t, l.a.SetWeights(0, []role.Weight{{Role: "two", Weight: 2}}))
		l.framework("F1", "one")
		l.framework("F2", "two")
		l.framework("F3", "two")
		l.agents(0, 300, "cpus:4;mem:1024")
		return byFramework(l.wait(20 * time.Millisecond))
	}
	wins := draw(false)
	t.Log(wins)
	require.Equal(t, 300, wins["F1"]+wins["F2"]+wins["F3"])
	require.InDelta(t, 100, wins["F1"], 25)
	require.InDelta(t, 100, wins["F2"], 25)
	require.InDelta(t, 100, wins["F3"], 25)
	fair := map[offer.FrameworkID]int{"F1": 100, "F2": 100, "F3": 100}
	require.NotEqual(t, fair, wins, "by lot")
	require.Equal(t, wins, draw(false), "equal seeds, equal lots")
	require.Equal(t, fair, draw(true))
}

func ExamplePack() {
	for _, p := range []offer.Policy{offer.Pack(), offer.Spread()} {
		a, err := offer.New(offer.Config{AgentOrder: offer.OrderByName, Policy: p})
		if err != nil {
			fmt.Println(err)
			return
		}
		half := []offer.Use{{Framework: "g", Role: "b", Resources: resource.MustParse("cpus:2")}}
		_ = a.AddFramework(0, offer.FrameworkSpec{ID: "f", Roles: []role.Name{"a"}})
		_ = a.AddAgent(0, offer.AgentSpec{ID: "empty", Total: resource.MustParse("cpus:4;mem:1024")})
		_ = a.AddAgent(0, offer.AgentSpec{ID: "half", Total: resource.MustParse("cpus:4;mem:1024"), Used: half})
		due, _ := a.NextDeadline()
		var batch offer.Batch
		a.Poll(due, &batch)
		for _, o := range batch.Offers {
			fmt.Println(o.Agent)
		}
	}
	// Output:
	// half
	// empty
	// empty
	// half
}

func ExampleLottery() {
	rules := offer.DefaultRules(offer.V1)
	rules.CapOffers = false
	a, err := offer.New(offer.Config{Seed: 4, Rules: rules, NewOrderer: offer.Lottery})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = a.SetWeights(0, []role.Weight{{Role: "paid", Weight: 9}})
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "f", Roles: []role.Name{"free"}})
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "p", Roles: []role.Name{"paid"}})
	for i := range 100 {
		_ = a.AddAgent(0, offer.AgentSpec{ID: offer.AgentID(fmt.Sprint(i)), Total: resource.MustParse("cpus:4;mem:1024")})
	}
	due, _ := a.NextDeadline()
	var batch offer.Batch
	a.Poll(due, &batch)
	wins := make(map[offer.FrameworkID]int)
	for _, o := range batch.Offers {
		wins[o.Framework]++
	}
	fmt.Println(wins["f"], wins["p"])
	// Output: 11 89
}
