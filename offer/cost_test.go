package offer_test

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// A run allocates nothing per offer once its buffers have grown.
//
// docs/allocation.md §7.3
func TestRunsDoNotAllocatePerOffer(t *testing.T) {
	const agents = 400
	rules := ownRules()
	rules.BackoffCap = 0
	s := newBenchWith(t, rules)
	s.frameworks(t, 10)
	s.agents(t, 0, agents)
	round := func() {
		s.poll()
		if len(s.batch.Offers) < agents {
			t.Fatalf("%d offers", len(s.batch.Offers))
		}
		ids := make([]offer.OfferID, 0, agents)
		for i := range s.batch.Offers {
			ids = append(ids, s.batch.Offers[i].ID)
		}
		if err := s.a.Decline(s.now, offer.Filter{}, ids...); err != nil {
			t.Fatal(err)
		}
	}
	for range 30 {
		round()
	}
	perRound := testing.AllocsPerRun(50, round)
	require.Less(t, perRound, float64(agents)/10, "allocations in a round of %d offers", agents)
}

// After many frameworks, roles and agents have come and gone, the heap is where it began.
//
// docs/allocation.md §7.3
func TestNothingIsLeftOfWhoWent(t *testing.T) {
	s := newBenchWith(t, ownRules())
	s.agents(t, 0, 50)
	visit := func(from, to int) {
		for i := from; i < to; i++ {
			f, g := offer.FrameworkID(fmt.Sprintf("guest-%d", i)), offer.AgentID(fmt.Sprintf("passing-%d", i))
			r := role.Name(fmt.Sprintf("team-%d/x", i))
			require.NoError(t, s.a.AddAgent(s.now, offer.AgentSpec{ID: g, Total: resource.MustParse("cpus:1;mem:64")}))
			require.NoError(t, s.a.AddFramework(s.now, offer.FrameworkSpec{ID: f, Roles: []role.Name{r}}))
			s.poll()
			s.declineAll(t, offer.DefaultFilter)
			require.NoError(t, s.a.RemoveFramework(s.now, f))
			require.NoError(t, s.a.RemoveAgent(s.now, g))
			s.now = s.now.Add(6e9)
			s.poll()
		}
	}
	visit(0, 500)
	before := liveHeap()
	visit(500, 3000)
	after := liveHeap()
	require.NoError(t, s.a.Check())
	require.Empty(t, s.a.Roles())
	require.Less(t, after, before*1.25+.25, "live heap in MB")
	runtime.KeepAlive(s)
}

// With every agent offered, the live heap is at most twice what the table says: 1 MB for 1,000 agents, 6 MB for 10,000.
//
// docs/allocation.md §7.3
func TestMemoryOfTheTable(t *testing.T) {
	for _, rules := range []offer.Rules{ownRules(), offer.StrictDRF()} {
		for _, test := range []struct {
			agents, frameworks int
			table              float64
		}{{1000, 1, 1}, {1000, 1000, 1}, {10_000, 1000, 6}} {
			empty := liveHeap()
			s := fullWith(t, rules, test.agents, test.frameworks)
			s.poll()
			require.Len(t, s.batch.Offers, test.agents)
			s.batch = offer.Batch{} // the caller's
			took := liveHeap() - empty
			require.LessOrEqual(t, took, 2*test.table, "MB for %d agents and %d frameworks", test.agents, test.frameworks)
			runtime.KeepAlive(s)
		}
	}
}

// After frameworks have come and gone, each with an offer, a use and a refusal, the live heap is within 5 % of the start.
// PROFFER_GUESTS says how many of them, a million where the figure is wanted.
//
// docs/allocation.md §7.3
func TestHeapAfterManyFrameworks(t *testing.T) {
	guests := 20_000
	if text, ok := os.LookupEnv("PROFFER_GUESTS"); ok {
		n, err := strconv.Atoi(text)
		require.NoError(t, err)
		guests = n
	}
	rules := ownRules()
	rules.Interval = 0
	s := newBenchWith(t, rules)
	s.agents(t, 0, 1000)
	s.frameworks(t, 50)
	s.poll()
	visit := func(from, to int) {
		for i := from; i < to; i++ {
			id, r := offer.FrameworkID(fmt.Sprintf("guest-%d", i)), role.Name(fmt.Sprintf("guests/%d", i))
			require.NoError(t, s.a.AddFramework(s.now, offer.FrameworkSpec{ID: id, Roles: []role.Name{r}}))
			require.NoError(t, s.a.UpdateAgent(s.now, "agent-000007", benchTotal.Add(oneCPU)))
			require.NoError(t, s.a.Charge(s.now, offer.Allocation{Framework: id, Role: r, Agent: "agent-000003"}, oneCPU))
			require.NoError(t, s.a.Refuse(s.now, offer.Allocation{Framework: id, Role: r, Agent: "agent-000005"}, oneCPU, forLong))
			s.now = s.now.Add(time.Millisecond)
			s.poll()
			require.NoError(t, s.a.RemoveFramework(s.now, id))
			require.NoError(t, s.a.UpdateAgent(s.now, "agent-000007", benchTotal))
		}
	}
	visit(0, 2000)
	before := liveHeap()
	visit(2000, 2000+guests)
	after := liveHeap()
	require.NoError(t, s.a.Check())
	t.Logf("%d frameworks: live heap %.3f MB before, %.3f MB after", guests, before, after)
	require.Less(t, after, before*1.05)
	runtime.KeepAlive(s)
}

// A total that an agent had before its names were forgotten is taken up anew.
//
// docs/allocation.md §7.3
func TestForgottenNamesAreNotRemembered(t *testing.T) {
	l := newLoop(t, offer.Config{Bounds: offer.Bounds{Names: 5}})
	l.framework("F", "r")
	for i := range 9 {
		id := offer.AgentID(fmt.Sprintf("A%d", i))
		total := resource.MustParse(fmt.Sprintf("cpus:1;mem:64;odd%d:%d", i%3, i%2+1))
		require.NoError(t, l.a.AddAgent(l.now, offer.AgentSpec{ID: id, Total: total}))
		require.NoError(t, l.a.Check())
		require.Len(t, l.wait(1e9), 1)
		require.NoError(t, l.a.RemoveAgent(l.now, id))
	}
}

// Names of resources are bounded, and those that went with their agents make room for others.
//
// docs/protocol.md §18.1
func TestNamesAreBoundedAndForgotten(t *testing.T) {
	l := newLoop(t, offer.Config{Bounds: offer.Bounds{Names: 6}})
	l.framework("F", "r")
	odd := func(i int) offer.AgentSpec {
		text := fmt.Sprintf("cpus:1;mem:64;odd%d:1;strange%d:2", i, i)
		return offer.AgentSpec{ID: offer.AgentID(fmt.Sprintf("A%d", i)), Total: resource.MustParse(text)}
	}
	for i := range 20 {
		require.NoError(t, l.a.AddAgent(l.now, odd(i)))
		require.ErrorIs(t, l.a.AddAgent(l.now, odd(i+1)), offer.ErrTooMany)
		require.Len(t, l.wait(1e9), 1)
		row, ok := l.a.Agent(offer.AgentID(fmt.Sprintf("A%d", i)))
		require.True(t, ok)
		require.Equal(t, odd(i).Total.String(), row.Offered.String())
		require.NoError(t, l.a.RemoveAgent(l.now, row.ID))
	}
	require.NoError(t, l.a.Check())
}
