package scenario_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/scenario"
	"github.com/proffer-go/proffer/resource"
)

// own plays steps by this library's rules.
func own(t testing.TB, steps ...string) []string {
	t.Helper()
	return play(t, scenario.Default(1), caseOf(t, "", steps...))
}

const give = `{"op":"recover","framework":"F","role":"r","agent":"A","resources":`

// docs/allocation.md §0: offers stay out until they are answered or their lifetime is over.
func TestOwnOffersAreTakenBack(t *testing.T) {
	got := own(t, addF, addA, `{"op":"advance","seconds":59}`, tick)
	require.Contains(t, got[1], whole)
	require.NotContains(t, got[2], "F/r/A")
	require.Contains(t, got[3], whole)
	require.Contains(t, got[3], "-F/r/A timeout")
	got = own(t, addF, addA, `{"op":"remove_agent","agent":"A"}`, `{"op":"decline_all"}`)
	require.Contains(t, got[2], "-F/r/A agent")
	late := `{"op":"atomic","ops":[{"op":"deactivate_agent","agent":"A"},{"op":"decline_all"},` + give + `"cpus:4;mem:1024"}]}`
	require.Contains(t, own(t, addF, addA, late)[2], "-F/r/A agent", "an answer that comes too late")
	got = own(t, addF, addA, `{"op":"deactivate_framework","framework":"F"}`, `{"op":"decline_all"}`, `{"op":"activate_framework","framework":"F"}`)
	require.Equal(t, "1 "+whole, last(got), "taken back silently")
}

// docs/allocation.md §0: what became a task is not taken back.
func TestOwnTransition(t *testing.T) {
	task := `{"op":"transition_to_allocated","framework":"F","role":"r","agent":"A","resources":"cpus:1;mem:24"}`
	got := own(t, addF, addA, task, `{"op":"advance","seconds":60}`, give+`"cpus:1;mem:32"}`)
	require.NotContains(t, got[3], "timeout")
	require.Contains(t, got[4], "F/r/A{cpus:1; mem:32}", "given back, and offered again at once")
}

// docs/allocation.md §3.1: a decline is a refusal of all of it, an answer to a part of the rest only.
func TestOwnAnswers(t *testing.T) {
	got := own(t, addF, addA, give+`"cpus:4;mem:1024","refuse_seconds":2}`, tick, tick)
	require.NotContains(t, got[2], "F/r/A")
	require.NotContains(t, got[3], "F/r/A")
	require.Contains(t, got[4], whole)
	got = own(t, addF, addA, give+`"cpus:1;mem:32","refuse_seconds":2}`, tick, tick)
	require.NotContains(t, got[3], "F/r/A")
	require.Contains(t, got[4], "F/r/A{cpus:1; mem:32}", "the other part is used")
	got = own(t, addF, addA, `{"op":"decline_all","refuse_seconds":1}`, tick)
	require.Contains(t, got[3], whole)
	got = own(t, addF, addA, give+`"cpus:9;mem:1024","refuse_seconds":1}`, tick)
	require.Contains(t, got[3], whole, "more than there is: what there is")
}

// docs/allocation.md §4: operations answer the outstanding offer; what they make is used.
func TestOwnUpdateAllocation(t *testing.T) {
	update := `{"op":"update_allocation","framework":"F","role":"r","agent":"A","offered":"cpus:4;mem:1024","operations":[` + reserve + `]}`
	for _, before := range [][]string{{addF, addA}, {addF, addA, `{"op":"transition_to_allocated","framework":"F","role":"r","agent":"A","resources":"cpus:4;mem:1024"}`}} {
		got := own(t, append(before, update)...)
		require.Contains(t, last(got), "={cpus(reservations: [(DYNAMIC,r,ops)]):1; cpus:3; mem:1024}")
	}
	require.Contains(t, last(own(t, addF, update)), "refused", "nothing is offered")
	// One cpu is used and three are offered; a reservation of all four takes both, and nothing is left to decline.
	four := strings.Replace(strings.Replace(update, "cpus:4;mem:1024", "cpus:4", 1), `"value":1`, `"value":4`, 1)
	got := own(t, addF, strings.Replace(addA, `"op"`, `"used":{"F":{"role":"r","resources":"cpus:1"}},"op"`, 1), four, `{"op":"decline_all"}`)
	require.Contains(t, got[2], "={cpus(reservations: [(DYNAMIC,r,ops)]):4}")
	require.Equal(t, "0", got[3])
}

// docs/allocation.md §4: operations on more than is held, or that are refused, change nothing: what is out stays out.
func TestOwnRefusedUpdateAllocation(t *testing.T) {
	update := func(offered, op string) string {
		return `{"op":"update_allocation","framework":"F","role":"r","agent":"A","offered":` + offered + `,"operations":[` + op + `]}`
	}
	minute := `{"op":"advance","seconds":60}`
	got := own(t, addF, addA, update(`"cpus:5;mem:1024"`, reserve), minute)
	require.Equal(t, "0 refused", got[2])
	require.Contains(t, got[3], "-F/r/A timeout")
	// Part is used and part is offered, the volume to be destroyed with it, which another framework uses, too.
	shared := volume(`,"shared":{}`)
	second := strings.Replace(shared, `[{`, `[{"name":"cpus","type":"SCALAR","scalar":{"value":6}},{`, 1)
	got = own(t, `{"op":"add_framework","framework":"F","roles":["r"],"capabilities":["SHARED_RESOURCES"]}`, addA,
		`{"op":"transition_to_allocated","framework":"F","role":"r","agent":"A","resources":"cpus:4;mem:1024"}`,
		strings.Replace(`{"op":"update_agent","agent":"A","resources":`+second+`}`, `[{`, `[{"name":"mem","type":"SCALAR","scalar":{"value":1024}},{`, 1),
		`{"op":"add_framework","framework":"G","roles":["r"],"used":{"A":{"role":"r","resources":`+shared+`}}}`,
		update(strings.Replace(second, `"value":6`, `"value":5`, 1), `{"type":"DESTROY","resources":`+shared+`}`), minute)
	require.Contains(t, got[3], "F/r/A")
	require.Equal(t, "0 refused", got[5])
	require.Contains(t, got[6], "-F/r/A timeout")
}

// docs/allocation.md §2.2: a seed gives an order of agents, and another seed another one.
func TestOwnSeed(t *testing.T) {
	steps := []string{addF, `{"op":"add_framework","framework":"G","roles":["s"]}`, `{"op":"pause"}`}
	for _, id := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		steps = append(steps, addA2(id))
	}
	c := caseOf(t, "", append(steps, `{"op":"resume"}`)...)
	seen := make(map[string]bool)
	for seed := range uint64(8) {
		one := last(play(t, scenario.Default(seed), c))
		require.Equal(t, one, last(play(t, scenario.Default(seed), c)))
		seen[one] = true
	}
	require.Greater(t, len(seen), 1)
}

// docs/allocation.md §3.1: an answer that is about just one of several offers leaves the others out.
func TestOwnAnswerToOneOfTwo(t *testing.T) {
	more := `{"op":"update_agent","agent":"A","resources":"cpus:6;mem:1536"}`
	second := give + `"cpus:2;mem:512","refuse_seconds":3600}`
	got := own(t, addF, addA, more, second, `{"op":"advance","seconds":60}`)
	require.Contains(t, got[2], "F/r/A{cpus:2; mem:512}")
	require.Contains(t, got[4], "-F/r/A timeout", "the first one is still out")
	r := playedOut(t, scenario.Default(1), addF, addA, more, second)
	require.Equal(t, uint64(1), r.Allocator().Stats().Declined)
	require.Zero(t, r.Allocator().Stats().Accepted)
	require.Equal(t, 1, r.Allocator().Stats().Outstanding)
}

// docs/allocation.md §2.7: a shared volume is shown to one client per run, and all work that is due is done in one step.
func TestOwnSharedVolume(t *testing.T) {
	agent := `{"op":"add_agent","agent":"A","resources":` + volume(`,"shared":{}`) + `}`
	with := func(id string) string {
		return `{"op":"add_framework","framework":"` + id + `","roles":["r"],"capabilities":["SHARED_RESOURCES"],"min_allocatable":{"r":[]}}`
	}
	got := last(own(t, with("F"), with("G"), agent))
	require.Contains(t, got, "F/r/A")
	require.Contains(t, got, "G/r/A")
	require.Equal(t, "2", got[:1], "runs")
}

// docs/allocation.md §0: use by a framework not yet known is charged at once, and when it is added under the reference's
// rules.
func TestUseByAnUnknownFramework(t *testing.T) {
	agent := `{"op":"add_agent","agent":"A","resources":"cpus:4;mem:1024","used":{"F":{"role":"r","resources":"cpus:1"}}}`
	tree := func(cfg scenario.Config, steps ...string) scenario.Amounts {
		f, err := playedOut(t, cfg, steps...).Final()
		require.NoError(t, err)
		require.Equal(t, "cpus:1", f.Agents["A"].Held["F"]["r"])
		return f.RoleTree.Unreserved
	}
	require.Empty(t, tree(scenario.Strict(), agent))
	require.Equal(t, scenario.Amounts{"cpus": 1}, tree(scenario.Default(0), agent))
	require.Equal(t, scenario.Amounts{"cpus": 1}, tree(scenario.Strict(), agent, `{"op":"add_framework","framework":"F","roles":["s"],"active":false}`))
}

// docs/allocation.md §2.7: pieces of several runs for the same framework, role and agent are one entry.
func TestOffersAreMerged(t *testing.T) {
	one := scenario.Offered{Framework: "F", Role: "r", Agent: "A", Resources: resource.MustParse("cpus:1")}
	other := scenario.Offered{Framework: "F", Role: "r", Agent: "A", Resources: resource.MustParse("mem:1")}
	first := scenario.Offered{Framework: "E", Role: "r", Agent: "B", Resources: resource.MustParse("mem:1")}
	got := scenario.NewOffers([]scenario.Offered{one, first, other})
	require.Len(t, got, 2)
	require.Equal(t, "E", string(got[0].Framework))
	require.Equal(t, "cpus:1; mem:1", scenario.Text(got[1].Resources))
}
