package scenario_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/scenario"
	"github.com/proffer-go/proffer/reservation"
)

// recorded is a case with a record of everything, edited by the tests below.
const recorded = `{"cases":[{"name":"c","steps":[
 {"op":"add_framework","framework":"F","roles":["r"],"allocation_runs":1,"offers":{}},
 {"op":"add_agent","agent":"A","resources":"cpus:4;mem:1024","allocation_runs":1,"offers":{"F":{"r":{"A":{"text":"","json":[
  {"name":"mem","type":"SCALAR","scalar":{"value":1024}},{"name":"cpus","type":"SCALAR","scalar":{"value":4}}]}}}}},
 {"op":"update_available","agent":"A","operations":[],"result":"ok"},
 {"op":"update_allocation","framework":"F","role":"r","agent":"A","offered":"cpus:4","operations":[],"resulting":[
  {"name":"cpus","type":"SCALAR","scalar":{"value":4}}]}
 ],"final":{"agents":{"A":{"total":"mem:1024; cpus:4","available":"","offered_or_allocated":{"F":{"r":"cpus:4; mem:1024"}}}},
 "role_sort":["r"],"framework_sort":{"r":["F"]},"role_tree":{"role":"","weight":1,"frameworks":[],"guarantees":{},"limits":{},
  "reservation_quantities":{},"offered_or_allocated_reserved_quantities":{},
  "offered_or_allocated_unreserved_nonrevocable_quantities":{"cpus":4.0,"mem":1024},"children":[
   {"role":"r","basename":"r","weight":1,"frameworks":["F"],"guarantees":{},"limits":{},"reservation_quantities":{},
    "offered_or_allocated_reserved_quantities":{},"offered_or_allocated_unreserved_nonrevocable_quantities":{"cpus":4,"mem":1024},"children":[]}]}}}]}`

// edit sets the value at a path of the only case of recorded; nil removes it.
func edit(t *testing.T, value any, path ...any) *scenario.Case {
	t.Helper()
	var file map[string]any
	require.NoError(t, json.Unmarshal([]byte(recorded), &file))
	at := file["cases"].([]any)[0]
	for _, key := range path[:len(path)-1] {
		switch key := key.(type) {
		case int:
			at = at.([]any)[key]
		case string:
			at = at.(map[string]any)[key]
		}
	}
	if key := path[len(path)-1].(string); value == nil {
		delete(at.(map[string]any), key)
	} else {
		at.(map[string]any)[key] = value
	}
	text, err := json.Marshal(file)
	require.NoError(t, err)
	f, err := scenario.Parse(text, scenario.Bounds{})
	require.NoError(t, err)
	return &f.Cases[0]
}

// docs/allocation.md §0: a comparison looks at everything that is recorded, trees as sets, and tells where it differs.
func TestCompareFindsEachDifference(t *testing.T) {
	_, err := check(edit(t, "still c", "note"), scenario.Strict())
	require.NoError(t, err)
	offers := func(text string) any {
		var v any
		require.NoError(t, json.Unmarshal([]byte(text), &v))
		return v
	}
	one := `[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}]`
	for place, c := range map[string]*scenario.Case{
		`step 0 (add_framework): 1 runs, recorded 2`:                                                           edit(t, 2, "steps", 0, "allocation_runs"),
		`step 0 (add_framework): offer of agent "A" to framework "F", role "r": none`:                          edit(t, offers(`{"F":{"r":{"A":{"json":`+one+`}}}}`), "steps", 0, "offers"),
		`step 1 (add_agent): offer of agent "A" to framework "F", role "r": cpus:4; mem:1024, recorded none`:   edit(t, offers(`{}`), "steps", 1, "offers"),
		`step 1 (add_agent): offer of agent "A" to framework "F", role "r": cpus:4; mem:1024, recorded cpus:1`: edit(t, offers(`{"F":{"r":{"A":{"json":`+one+`}}}}`), "steps", 1, "offers"),
		`role "q": none`:                                          edit(t, offers(`{"F":{"q":{"A":{"json":`+one+`}}}}`), "steps", 1, "offers"),
		`step 2 (update_available): result`:                       edit(t, "failed: x", "steps", 2, "result"),
		`step 3 (update_allocation): resulting`:                   edit(t, offers(one), "steps", 3, "resulting"),
		`agent "A": total`:                                        edit(t, "cpus:4", "final", "agents", "A", "total"),
		`agent "A": available`:                                    edit(t, "cpus:4", "final", "agents", "A", "available"),
		`agent "A": framework "G" in role "r" holds , recorded x`: edit(t, offers(`{"r":"x"}`), "final", "agents", "A", "offered_or_allocated", "G"),
		`agent "A": framework "F" in role "r" holds cpus:4; mem:1024, recorded nothing`: edit(t, offers(`{}`), "final", "agents", "A", "offered_or_allocated"),
		`agent "B" is not there`:             edit(t, offers(`{}`), "final", "agents", "B"),
		`agent "A" is there`:                 edit(t, offers(`{}`), "final", "agents"),
		`order of roles`:                     edit(t, []string{"r", "s"}, "final", "role_sort"),
		`order of frameworks`:                edit(t, []string{"G"}, "final", "framework_sort", "r"),
		`role "r": weight 1, recorded 2`:     edit(t, 2, "final", "role_tree", "children", 0, "weight"),
		`role "r": frameworks [F]`:           edit(t, []string{}, "final", "role_tree", "children", 0, "frameworks"),
		`role "r": guarantees`:               edit(t, offers(`{"cpus":1}`), "final", "role_tree", "children", 0, "guarantees"),
		`role "r": limits`:                   edit(t, offers(`{"cpus":1}`), "final", "role_tree", "children", 0, "limits"),
		`role "r": reservations`:             edit(t, offers(`{"cpus":1}`), "final", "role_tree", "children", 0, "reservation_quantities"),
		`role "r": reserved use`:             edit(t, offers(`{"cpus":1}`), "final", "role_tree", "children", 0, "offered_or_allocated_reserved_quantities"),
		`role "": unreserved use`:            edit(t, offers(`{"cpus":1}`), "final", "role_tree", "offered_or_allocated_unreserved_nonrevocable_quantities"),
		`role "": roles below [r], recorded`: edit(t, offers(`[]`), "final", "role_tree", "children"),
	} {
		_, err := check(c, scenario.Strict())
		require.ErrorIs(t, err, scenario.ErrDiffers, place)
		require.Contains(t, err.Error(), place)
	}
}

// docs/allocation.md §0: what is recorded of the steps inside an atomic is compared too, of nested ones as well, and all
// that differs is told; a refusal there is told in the result of the whole.
func TestCompareLooksInsideAtomic(t *testing.T) {
	play := func(first, second, third string) (scenario.Result, error) {
		available := `{"op":"update_available","agent":"A","operations":[` + reserve + `]` + first + `}`
		held := `{"op":"update_allocation","framework":"F","role":"r","agent":"A","offered":"cpus:1","operations":[]` + second + `}`
		nested := `{"op":"atomic","ops":[{"op":"update_available","agent":"B","operations":[` + reserve + `]` + third + `}]}`
		c := caseOf(t, "", addF, addA, `{"op":"atomic","ops":[`+addA2("B")+`,`+available+`,`+held+`,`+nested+`]}`)
		r, err := scenario.New(c, scenario.Strict())
		require.NoError(t, err)
		var res scenario.Result
		var s *scenario.Step
		for r.More() {
			s = r.Step()
			res, err = r.Next()
			require.NoError(t, err)
		}
		return res, res.Compare(s)
	}
	one := `,"resulting":[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}]`
	res, err := play(`,"result":"failed: it is offered"`, one, `,"result":"ok"`)
	require.NoError(t, err)
	require.Len(t, res.Ops, 4)
	require.ErrorIs(t, res.Err, reservation.ErrNotContained)
	require.ErrorContains(t, res.Err, "1 (update_available): ")
	text, err := res.MarshalJSON()
	require.NoError(t, err)
	require.Contains(t, string(text), `"result":"error","error":"1 (update_available): `)
	_, err = play("", "", "")
	require.NoError(t, err)
	_, err = play(`,"result":"ok"`, strings.Replace(one, "1", "2", 1), `,"result":"error"`)
	require.ErrorIs(t, err, scenario.ErrDiffers)
	for _, want := range []string{`step 2 (atomic): 1 (update_available): result ok: false`, `; 2 (update_allocation): resulting: cpus:1`,
		`; 3 (atomic): 0 (update_available): result ok: true`} {
		require.ErrorContains(t, err, want)
	}
}

// docs/allocation.md §0: what is not recorded is not compared.
func TestCompareLeavesOutWhatIsNotRecorded(t *testing.T) {
	for _, path := range [][]any{
		{"steps", 1, "offers"}, {"steps", 1, "allocation_runs"}, {"steps", 2, "result"}, {"steps", 3, "resulting"},
		{"final"}, {"final", "agents"}, {"final", "role_sort"}, {"final", "framework_sort"}, {"final", "role_tree"},
	} {
		_, err := check(edit(t, nil, path...), scenario.Strict())
		require.NoError(t, err, path)
	}
}
