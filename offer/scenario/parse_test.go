package scenario_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/scenario"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// docs/allocation.md §0: what a file may not hold is refused with the case, the step and the operation.
func TestParseRefuses(t *testing.T) {
	step := func(s string) string { return `{"cases":[{"name":"c","steps":[{"op":"pause"},` + s + `]}]}` }
	options := func(s string) string { return `{"cases":[{"name":"c","options":` + s + `,"steps":[]}]}` }
	for text, want := range map[string]struct {
		err   error
		place string
	}{
		``:                                       {scenario.ErrFormat, ""},
		`[]`:                                     {scenario.ErrFormat, ""},
		`{}`:                                     {scenario.ErrMissing, "cases"},
		`{"cases":[]`:                            {scenario.ErrFormat, "byte 11"},
		`{"cases":[{"steps":[]}]}`:               {scenario.ErrMissing, `case number 0: "name"`},
		`{"cases":[{"name":"c"}]}`:               {scenario.ErrMissing, `case "c": "steps"`},
		`{"cases":[{"name":"c","steps":7}]}`:     {scenario.ErrFormat, ""},
		options(`{"interval":1}`):                {scenario.ErrUnknownField, `case "c": options: "interval"`},
		options(`{"allocation_interval":"1"}`):   {scenario.ErrFormat, `"allocation_interval"`},
		options(`{"allocation_interval":-1}`):    {scenario.ErrFormat, "negative"},
		options(`{"min_allocatable":["cpus"]}`):  {nil, `"min_allocatable"`},
		step(`{"agent":"A"}`):                    {scenario.ErrMissing, `case "c": step 1: "op"`},
		step(`7`):                                {scenario.ErrFormat, `case "c": step 1: `},
		step(`{"op":"dance"}`):                   {scenario.ErrUnknownOp, `case "c": step 1 (dance): "dance"`},
		step(`{"op":"add_agent","agent":"A"}`):   {scenario.ErrMissing, `step 1 (add_agent): "resources"`},
		step(`{"op":"advance"}`):                 {scenario.ErrMissing, `"seconds"`},
		step(`{"op":"advance","seconds":-1}`):    {scenario.ErrFormat, "time does not go back"},
		step(`{"op":"advance","seconds":"1"}`):   {scenario.ErrFormat, `"seconds"`},
		step(`{"op":"pause","agent":"A"}`):       {scenario.ErrUnknownField, `step 1 (pause): "agent"`},
		step(`{"op":"remove_agent","agent":""}`): {scenario.ErrFormat, "empty"},
		step(`{"op":"remove_agent","agent":"A","Agent":"B"}`):                                          {scenario.ErrUnknownField, `"Agent"`},
		step(`{"op":"add_agent","agent":"A","resources":"cpus:x"}`):                                    {nil, `step 1 (add_agent): "resources"`},
		step(`{"op":"add_agent","agent":"A","resources":{}}`):                                          {scenario.ErrFormat, "a text or a list"},
		step(`{"op":"add_agent","agent":"A","resources":[{"name":"cpus"}]}`):                           {nil, `"resources"`},
		step(`{"op":"add_agent","agent":"A","resources":"","capabilities":["X"]}`):                     {scenario.ErrFormat, `capability "X"`},
		step(`{"op":"add_agent","agent":"A","resources":"","used":{"F":{"role":"r"}}}`):                {scenario.ErrFormat, `"F"`},
		step(`{"op":"add_agent","agent":"A","resources":"","used":{"F":{"role":"/","resources":""}}}`): {role.ErrInvalid, `"F"`},
		step(`{"op":"add_agent","agent":"A","resources":"","used":{"":{"role":"r","resources":""}}}`):  {scenario.ErrFormat, "no name"},
		step(`{"op":"add_framework","framework":"F","roles":["a//b"]}`):                                {role.ErrInvalid, `"roles"`},
		step(`{"op":"add_framework","framework":"F","roles":["a"],"capabilities":["MULTI_TASK"]}`):     {scenario.ErrFormat, `"MULTI_TASK"`},
		step(`{"op":"add_framework","framework":"F","roles":["a"],"min_allocatable":{"a":["cpus"]}}`):  {nil, `role "a"`},
		step(`{"op":"update_weights","weights":{"/":1}}`):                                              {role.ErrInvalid, `"weights"`},
		step(`{"op":"update_weights","weights":{"a":"1"}}`):                                            {scenario.ErrFormat, `role "a"`},
		step(`{"op":"update_quota","role":"a","guarantees":"cpus"}`):                                   {nil, `step 1 (update_quota)`},
		step(`{"op":"recover_state","quotas":{"a":{"limits":7}}}`):                                     {scenario.ErrFormat, `role "a": "limits"`},
		step(`{"op":"update_available","agent":"A","operations":[{"type":"LAUNCH","resources":""}]}`):  {scenario.ErrUnknownOp, "operation 0"},
		step(`{"op":"update_available","agent":"A","operations":[{"type":"RESERVE"}]}`):                {scenario.ErrFormat, "operation 0"},
		step(`{"op":"atomic","ops":[{"op":"pause"},{"op":"dance"}]}`):                                  {scenario.ErrUnknownOp, `step 1 (atomic): "ops": 1 (dance)`},
		step(`{"op":"atomic","ops":[{"op":"pause","offers":{}}]}`):                                     {scenario.ErrFormat, `"ops": 0 (pause): offers and allocation_runs`},
		step(`{"op":"atomic","ops":[{"op":"resume"},{"op":"pause","allocation_runs":0}]}`):             {scenario.ErrFormat, `"ops": 1 (pause): offers and allocation_runs`},
		step(`{"op":"update_available","agent":"A","operations":[],"result":"done"}`):                  {scenario.ErrFormat, `"result": "done" is none of`},
		step(`{"op":"update_available","agent":"A","operations":[],"result":"ok: or not"}`):            {scenario.ErrFormat, `"result"`},
		step(`{"op":"update_available","agent":"A","operations":[],"result":1}`):                       {scenario.ErrFormat, `"result"`},
		step(`{"op":"update_agent","agent":"A","role":"r"}`):                                           {scenario.ErrUnknownField, `step 1 (update_agent): "role"`},
		step(`{"op":"decline_all","expanded":[{"op":"pause"}]}`):                                       {scenario.ErrFormat, "only recover"},
		step(`{"op":"pause","offers":{"F":{"r":{"A":{}}}}}`):                                           {scenario.ErrMissing, `offer of agent "A"`},
		step(strings.Repeat(`{"op":"atomic","ops":[`, 20) + strings.Repeat(`]}`, 20)):                  {scenario.ErrBound, "deep"},
	} {
		_, err := scenario.Parse([]byte(text), scenario.Bounds{})
		require.Error(t, err, text)
		require.Contains(t, err.Error(), want.place, text)
		if want.err != nil {
			require.ErrorIs(t, err, want.err, text)
		}
		var e *scenario.Error
		require.ErrorAs(t, err, &e, text)
		if strings.Contains(text, `"op":"pause"},`) && !strings.Contains(text, `"op":"pause"},{"op":"dance"`) {
			require.Equal(t, 1, e.Step, text)
			require.Equal(t, "c", e.Case, text)
		}
	}
}

// docs/allocation.md §0: the words that a recorded result may be.
func TestParseResults(t *testing.T) {
	for word, ok := range map[string]bool{"ok": true, "error": false, "failed": false, "failed: no": false, "error: no": false} {
		s := caseOf(t, "", `{"op":"update_available","agent":"A","operations":[],"result":"`+word+`"}`).Steps[0]
		require.Equal(t, ok, *s.Recorded.OK, word)
	}
}

// docs/allocation.md §0: nothing that a file can hold is without a bound.
func TestParseBounds(t *testing.T) {
	text := `{"cases":[{"name":"a","steps":[{"op":"atomic","ops":[{"op":"pause"}]},{"op":"suppress","framework":"F","roles":["r","s","t"]}]},{"name":"b","steps":[]}]}`
	_, err := scenario.Parse([]byte(text), scenario.Bounds{Bytes: len(text), Cases: 2, Steps: 3, Items: 3})
	require.NoError(t, err)
	for _, many := range []string{
		`{"op":"whitelist","hosts":["a","b"]}`, `{"op":"update_weights","weights":{"a":1,"b":1}}`,
		`{"op":"update_available","agent":"A","operations":[{"type":"RESERVE","resources":""},{"type":"RESERVE","resources":""}]}`,
		`{"op":"recover_state","quotas":{"a":{},"b":{}}}`, `{"op":"add_agent","agent":"A","resources":"","capabilities":["MULTI_ROLE","MULTI_ROLE"]}`,
		`{"op":"update_agent","agent":"A","used":{"F":{"role":"r","resources":"cpus:1"},"G":{"role":"r","resources":"cpus:1"}}}`,
		`{"op":"add_agent","agent":"A","resources":"","used":{"F":[{"role":"r","resources":""},{"role":"s","resources":""}]}}`,
		`{"op":"add_framework","framework":"F","roles":["a"],"min_allocatable":{"a":["cpus:1","mem:1"]}}`,
	} {
		one := []byte(`{"cases":[{"name":"a","steps":[` + many + `]}]}`)
		_, err = scenario.Parse(one, scenario.Bounds{})
		require.NoError(t, err)
		_, err = scenario.Parse(one, scenario.Bounds{Items: 1})
		require.ErrorIs(t, err, scenario.ErrBound, many)
	}
	for _, b := range []scenario.Bounds{{Bytes: len(text) - 1}, {Cases: 1}, {Steps: 2}, {Items: 2}} {
		_, err := scenario.Parse([]byte(text), b)
		require.ErrorIs(t, err, scenario.ErrBound, b)
	}
	require.Equal(t, 5, scenario.Bounds{Bytes: 5}.MaxBytes())
}

// docs/allocation.md §0: texts and lists of resources, nulls as absent fields, records, and what is for people.
func TestParseReads(t *testing.T) {
	f, err := scenario.Parse([]byte(`{"seed":1,"cases":[{"name":"c","seed":7,"replays":4,"note":"x","options":null,"steps":[
		{"op":"add_agent","agent":"A","hostname":"h","resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":1.5}}],"comment":"x",
		 "allocation_runs":2,"offers":{},"nondeterministic":true,"alternatives":[]},
		{"op":"whitelist","hosts":null},{"op":"whitelist","hosts":[]},
		{"op":"update_available","agent":"A","operations":[],"result":"failed: x"},
		{"op":"recover","framework":"F","role":"r","agent":"A","resources":"cpus:1","default_filter":true},
		{"op":"recover","framework":"F","role":"r","agent":"A","resources":"cpus:1","refuse_seconds":1e300}]}]}`), scenario.Bounds{})
	require.NoError(t, err)
	c := f.Cases[0]
	require.Equal(t, uint64(7), c.Seed)
	require.Nil(t, c.Final)
	s := c.Steps[0]
	require.True(t, s.Resources.Equal(resource.MustParse("cpus:1.5")))
	require.Equal(t, "h", s.Hostname)
	require.Equal(t, uint64(2), *s.Recorded.Runs)
	require.Empty(t, *s.Recorded.Offers)
	require.Nil(t, c.Steps[1].Hosts)
	require.NotNil(t, c.Steps[2].Hosts)
	require.Nil(t, c.Steps[1].Recorded.Offers)
	require.False(t, *c.Steps[3].Recorded.OK)
	require.Equal(t, offer.Filter{Refuse: -1}, c.Steps[4].Refuse)
	require.Positive(t, c.Steps[5].Refuse.Refuse)
}

// docs/allocation.md §0: a step that the allocator refuses ends the replay and changes nothing more.
func TestReplayStopsAtAnError(t *testing.T) {
	for steps, want := range map[string]error{
		addA + `,` + addA: offer.ErrAgentExists,
		addF + `,` + addF: offer.ErrFrameworkExists,
		tick + `,{"op":"remove_agent","agent":"A"}`:                         offer.ErrUnknownAgent,
		tick + `,{"op":"update_agent","agent":"A"}`:                         offer.ErrUnknownAgent,
		tick + `,{"op":"atomic","ops":[{"op":"remove_agent","agent":"A"}]}`: offer.ErrUnknownAgent,
		tick + `,{"op":"suppress","framework":"F"}`:                         offer.ErrUnknownFramework,
		tick + `,{"op":"update_quota","role":"a/b","limits":"cpus:1"}`:      offer.ErrNestedQuota,
		`{"op":"advance","seconds":1e300},{"op":"advance","seconds":1}`:     scenario.ErrBound,
	} {
		r, err := scenario.New(caseOf(t, "", steps), scenario.Strict())
		require.NoError(t, err)
		for r.More() {
			_, err = r.Next()
		}
		require.ErrorIs(t, err, want, steps)
		var e *scenario.Error
		require.True(t, errors.As(err, &e))
		require.Equal(t, "t", e.Case)
		require.NoError(t, r.Allocator().Check())
	}
}
