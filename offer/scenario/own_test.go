package scenario_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/scenario"
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
