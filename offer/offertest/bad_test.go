package offertest_test

import (
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/offertest"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// recorder is a test that only takes notes.
type recorder struct {
	reports []string
	cleanup []func()
}

func (r *recorder) Helper()             {}
func (r *recorder) Name() string        { return "recorder" }
func (r *recorder) Logf(string, ...any) {}
func (r *recorder) Errorf(f string, args ...any) {
	r.reports = append(r.reports, fmt.Sprintf(f, args...))
}
func (r *recorder) Fatalf(f string, args ...any) { r.Errorf(f, args...); runtime.Goexit() }
func (r *recorder) Failed() bool                 { return len(r.reports) > 0 }
func (r *recorder) Cleanup(f func())             { r.cleanup = append(r.cleanup, f) }
func (r *recorder) said(p offertest.Property) int {
	return strings.Count(strings.Join(r.reports, "\n"), string(p)+": ")
}

// failures are the properties that the reports name.
func (r *recorder) failures() []offertest.Property {
	return slices.DeleteFunc(offertest.Properties(), func(p offertest.Property) bool { return r.said(p) == 0 })
}

// planner is a policy made of a function.
type planner func(c *offer.Cycle)

func (p planner) Plan(c *offer.Cycle) { p(c) }

// each returns new policies that do what plan does.
func each(plan planner) func() offer.Policy { return func() offer.Policy { return plan } }

// failuresOf checks a policy that is bad on purpose, with the same scripts each time.
func failuresOf(t *testing.T, newPolicy func() offer.Policy, except ...offertest.Property) *recorder {
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.checks": "100"} {
		old := flag.Lookup(name).Value.String()
		require.NoError(t, flag.Set(name, value))
		defer func() { require.NoError(t, flag.Set(name, old)) }()
	}
	r := &recorder{}
	done := make(chan struct{})
	go func() { // Fatalf ends the goroutine
		defer close(done)
		offertest.CheckPolicy(r, newPolicy, except...)
	}()
	<-done
	t.Log(strings.Join(r.reports, "\n\n"))
	return r
}

// favourite gives all it can to the framework that comes first by name, and the rest to the others.
func favourite(c *offer.Cycle) {
	for g := range c.Agents() {
		clients := slices.SortedFunc(c.Clients(g), func(x, y offer.Client) int {
			return strings.Compare(string(x.Framework())+string(x.Role()), string(y.Framework())+string(y.Role()))
		})
		for _, cl := range clients {
			c.Grant(g, cl, offer.Want{Whole: true})
		}
	}
}

// A policy with a favourite is safe and wastes nothing, but it is unfair, and that is what is reported: under either set of
// rules, and under our own that a client that refused comes first again.
//
// docs/allocation.md §6
func TestUnfairPolicyIsReported(t *testing.T) {
	r := failuresOf(t, each(favourite))
	require.Equal(t, []offertest.Property{offertest.Turns, offertest.Fair}, r.failures())
	require.Contains(t, r.reports[0], "under DefaultRules(V1): P10 turn: 2 clients that refuse one agent: f2 has not seen it")
	require.Equal(t, 1, r.said(offertest.Turns), "StrictDRF has no turn rule")
	require.Equal(t, 1, r.said(offertest.Fair), "our own rules cap what the favourite may have out")
	require.Contains(t, strings.Join(r.reports, "\n"), "under StrictDRF: bounded unfairness: 4 clients that take whatever they get for two seconds: f")
	require.Empty(t, failuresOf(t, each(favourite), offertest.Turns, offertest.Fair).reports, "nothing else is wrong with it")
}

// A policy that leaves an agent free as soon as one client cannot use it does not conserve work.
//
// docs/allocation.md §2.3
func TestPolicyThatStopsAtAFailedGateIsReported(t *testing.T) {
	r := failuresOf(t, each(func(c *offer.Cycle) {
		for g := range c.Agents() {
			for cl := range c.Clients(g) {
				if c.Grant(g, cl, offer.Want{Whole: true}).Gate != 0 {
					break
				}
			}
		}
	}))
	require.Contains(t, r.failures(), offertest.Conserving)
	report := r.reports[slices.IndexFunc(r.reports, func(s string) bool { return strings.Contains(s, string(offertest.Conserving)) })]
	require.Contains(t, report, "though no gate refuses")
	require.Contains(t, report, "\nadd-agent agent=a", "the script that leads there")
}

// A policy that offers nothing fails wherever something ought to come out.
//
// docs/allocation.md §6
func TestIdlePolicyIsReported(t *testing.T) {
	r := failuresOf(t, each(func(*offer.Cycle) {}))
	require.Equal(t, []offertest.Property{offertest.Guarantees, offertest.Conserving, offertest.Turns}, r.failures())
}

// A policy that remembers what other allocators did gives different offers for equal calls.
//
// docs/allocation.md §6
func TestPolicyWithHiddenStateIsReported(t *testing.T) {
	plans := 0
	r := failuresOf(t, each(func(c *offer.Cycle) {
		plans++
		for g := range c.Agents() {
			clients := slices.Collect(c.Clients(g))
			if plans%2 == 0 {
				slices.Reverse(clients)
			}
			for _, cl := range clients {
				c.Grant(g, cl, offer.Want{Whole: true})
			}
		}
	}))
	require.Contains(t, r.failures(), offertest.Deterministic)
}

// A policy that gives agents in part, and only for guarantees, leaves the guarantees met and work undone.
//
// docs/allocation.md §2.5
func TestPolicyOfGuaranteesOnlyIsReported(t *testing.T) {
	r := failuresOf(t, each(func(c *offer.Cycle) {
		for g := range c.Agents() {
			c.FillGuarantees(g)
		}
	}))
	require.Contains(t, r.failures(), offertest.Conserving)
	require.NotContains(t, r.failures(), offertest.Guarantees)
}

// grabber asks for everything for everybody, twice, out of order and for clients it met earlier; it notes what it was told.
type grabber struct {
	kept     []offer.Client
	outcomes map[offer.Gate]int
}

func (p *grabber) Plan(c *offer.Cycle) {
	for g := range c.Agents() {
		clients := append(slices.Collect(c.Clients(g)), p.kept...)
		slices.Reverse(clients)
		for _, cl := range append(clients, clients...) {
			for _, w := range []offer.Want{
				{Whole: true}, {Reserved: true, Revocable: true, Members: 1 << 20}, {Scalars: lots, Reserved: true, Members: -1},
			} {
				p.outcomes[c.Grant(g, cl, w).Gate]++
			}
		}
		p.kept = clients[:min(len(clients), 12)]
	}
	c.Grant(offer.Agent{}, offer.Client{}, offer.Want{Whole: true})
}

var lots = func() resource.Quantities {
	q, err := resource.ParseQuantities("cpus:1000;mem:1000000;disk:1000000;gpus:1000")
	if err != nil {
		panic(err)
	}
	return q
}()

// A policy that grabs whatever it can is stopped by the allocator, grant by grant, by the gates: no property of safety fails
// (P1 to P6, P13), whatever else does.
//
// docs/allocation.md §6
func TestUnsafePolicyIsStopped(t *testing.T) {
	outcomes := make(map[offer.Gate]int)
	r := failuresOf(t, func() offer.Policy { return &grabber{outcomes: outcomes} })
	t.Log(outcomes)
	for _, p := range []offertest.Property{
		offertest.Conservation, offertest.Limits, offertest.Reservations, offertest.Shape, offertest.Headroom,
		offertest.Hierarchy, offertest.Inverse,
	} {
		require.Zero(t, r.said(p), "%s", p)
	}
	for _, gate := range []offer.Gate{
		0, offer.GateNotListed, offer.GateConstraints, offer.GateNothingFree, offer.GateTooLittle, offer.GateScarce,
		offer.GateStripped, offer.GateCutTooSmall, offer.GateRefused, offer.GateCap,
	} {
		require.NotZero(t, outcomes[gate], "gate %d", gate)
	}
}

// One grab at a time, and the gate that refuses it.
//
// docs/allocation.md §2.3
func TestUnsafeGrantsAndTheirOutcomes(t *testing.T) {
	var got []offer.Outcome
	all := offer.Want{Whole: true}
	plan := planner(func(c *offer.Cycle) {
		for g := range c.Agents() {
			for cl := range c.Clients(g) {
				got = append(got, c.Grant(g, cl, all), c.Grant(g, cl, all)) // the second time it is gone
			}
		}
	})
	cfg := offer.Config{Policy: plan, AgentOrder: offer.OrderByName}
	for _, c := range []struct {
		name     string
		total    string
		limit    string // of role r
		hold     string // guarantee of role g, which nobody is in
		first    string // what the first grant gives
		gate     offer.Gate
		nextGate offer.Gate
	}{
		{name: "all of it", total: "cpus:4;mem:64", first: "cpus:4; mem:64", nextGate: offer.GateNothingFree},
		{name: "limit", total: "cpus:4;mem:64", limit: "cpus:1", first: "cpus:1; mem:64", nextGate: offer.GateTooLittle},
		{name: "limit reached", total: "cpus:4;mem:64", limit: "cpus:0", gate: offer.GateLimit, nextGate: offer.GateLimit},
		{name: "headroom", total: "cpus:4;mem:64", hold: "cpus:3", first: "cpus:1; mem:64", nextGate: offer.GateTooLittle},
		{name: "headroom short", total: "cpus:4;mem:64", hold: "cpus:9", gate: offer.GateHeadroom, nextGate: offer.GateHeadroom},
		{name: "reserved for others", total: "cpus(z):4;mem(z):64", gate: offer.GateNothingFree, nextGate: offer.GateNothingFree},
		{name: "scarce", total: "cpus:4;mem:64;gpus:1", gate: offer.GateScarce, nextGate: offer.GateScarce},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := offer.New(cfg)
			require.NoError(t, err)
			require.NoError(t, a.AddFramework(0, offer.FrameworkSpec{ID: "f", Roles: []role.Name{"r"}}))
			limit, err := quota.Parse("r", "", c.limit)
			require.NoError(t, err)
			hold, err := quota.Parse("g", c.hold, "")
			require.NoError(t, err)
			require.NoError(t, a.SetQuota(0, []quota.Config{limit, hold}, true))
			require.NoError(t, a.AddAgent(0, offer.AgentSpec{ID: "a", Total: resource.MustParse(c.total)}))
			got = nil
			due, ok := a.NextDeadline()
			require.True(t, ok)
			var batch offer.Batch
			a.Poll(due, &batch)
			require.Len(t, got, 2)
			require.Equal(t, c.gate, got[0].Gate)
			require.True(t, got[0].Offered.Equal(resource.MustParse(c.first)), "%s", got[0].Offered)
			require.Equal(t, c.nextGate, got[1].Gate)
			require.True(t, got[1].Offered.IsEmpty())
			require.NoError(t, a.Check())
		})
	}
}

// What CheckPolicy prints is what ReplayPolicy reads: it fails again, for the same reason, and a good policy does not.
//
// docs/allocation.md §6
func TestReplayOfAReport(t *testing.T) {
	idle := each(func(*offer.Cycle) {})
	report := failuresOf(t, idle).reports[0]
	_, script, ok := strings.Cut(report, "The calls, for ReplayPolicy:\n")
	require.True(t, ok, report)
	script, _, _ = strings.Cut(script, "Or specify")
	r := &recorder{}
	offertest.ReplayPolicy(r, idle, script)
	require.Equal(t, []offertest.Property{offertest.Conserving}, r.failures())
	require.Contains(t, r.reports[0], strings.TrimSpace(script))
	offertest.ReplayPolicy(t, func() offer.Policy { return nil }, script)
}

// A configuration that gives no allocator is reported as such.
//
// docs/allocation.md §6
func TestConfigurationThatFails(t *testing.T) {
	r := &recorder{}
	offertest.CheckConfig(r, func() offer.Config { return offer.Config{Policy: offer.Pack(), Bounds: offer.Bounds{Agents: 1}} })
	require.NotEmpty(t, r.reports)
}
