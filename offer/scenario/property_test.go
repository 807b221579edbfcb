package scenario_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer/scenario"
)

// stepText draws one step, often one that cannot be played where it comes to stand.
func stepText(t *rapid.T, depth int) string {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	agent, framework := pick("agent", "A", "B", "C"), pick("framework", "F", "G", "H")
	roleOf, roles := pick("role", "r", "s", "s/t"), pick("roles", `"r"`, `"s"`, `"s/t"`, `"r","s/t"`)
	amount := pick("amount", "cpus:1", "mem:64", "cpus:1;mem:512", "cpus:4;mem:1024", "cpus:4;mem:1024;ports:[1-9]", "ports:[3-4]",
		"cpus(r):2;mem(s):64;cpus:1", "gpus:1;cpus:2;mem:64")
	refuse := pick("refuse", ``, ``, `,"refuse_seconds":2`, `,"default_filter":true`)
	where := fmt.Sprintf(`"framework":%q,"role":%q,"agent":%q`, framework, roleOf, agent)
	reserved := fmt.Sprintf(`"operations":[{"type":%q,"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":%s},"reservations":[{"type":"DYNAMIC","role":%q,"principal":"ops"}]}]}]`,
		pick("type", "RESERVE", "RESERVE", "UNRESERVE"), pick("value", "0.5", "1"), roleOf)
	caps := pick("caps", ``, ``, `,"capabilities":["GPU_RESOURCES","RESERVATION_REFINEMENT"]`)
	ops := []string{
		fmt.Sprintf(`{"op":"add_agent","agent":%q,"resources":%q}`, agent, amount),
		fmt.Sprintf(`{"op":"add_agent","agent":%q,"resources":%q,"used":{%q:{"role":%q,"resources":"cpus:1"}}}`, agent, amount, framework, roleOf),
		fmt.Sprintf(`{"op":"add_agent","agent":%q,"resources":%q,"capabilities":["MULTI_ROLE"]}`, agent, amount),
		fmt.Sprintf(`{"op":"update_agent","agent":%q,"resources":%q,"hostname":"h"}`, agent, amount),
		fmt.Sprintf(`{"op":%q,"agent":%q}`, pick("agent op", "remove_agent", "activate_agent", "deactivate_agent"), agent),
		fmt.Sprintf(`{"op":"add_framework","framework":%q,"roles":[%s]%s}`, framework, roles, caps),
		fmt.Sprintf(`{"op":"update_framework","framework":%q,"roles":[%s]%s}`, framework, roles, caps),
		fmt.Sprintf(`{"op":%q,"framework":%q}`, pick("framework op", "remove_framework", "activate_framework", "deactivate_framework",
			"suppress", "revive", "revive"), framework),
		fmt.Sprintf(`{"op":"recover",%s,"resources":%q%s}`, where, amount, refuse),
		fmt.Sprintf(`{"op":"recover",%s,"resources":%q%s}`, where, amount, refuse),
		fmt.Sprintf(`{"op":"decline_all"%s}`, refuse),
		fmt.Sprintf(`{"op":"decline_all","framework":%q%s}`, framework, refuse),
		fmt.Sprintf(`{"op":"transition_to_allocated",%s,"resources":%q}`, where, amount),
		fmt.Sprintf(`{"op":"update_allocation",%s,"offered":"cpus:1",%s}`, where, reserved),
		fmt.Sprintf(`{"op":"update_available","agent":%q,%s}`, agent, reserved),
		fmt.Sprintf(`{"op":"update_weights","weights":{%q:%s}}`, roleOf, pick("weight", "0.5", "1", "3")),
		fmt.Sprintf(`{"op":"update_quota","role":%q,"guarantees":%q,"limits":%q}`, pick("top", "r", "s", "q"), pick("guarantee", "", "cpus:2"), pick("limit", "", "cpus:3")),
		fmt.Sprintf(`{"op":"whitelist","hosts":[%s]}`, pick("hosts", ``, `"A"`, `"A","h"`)), `{"op":"whitelist"}`,
		pick("pause", `{"op":"pause"}`, `{"op":"resume"}`, `{"op":"resume"}`),
		fmt.Sprintf(`{"op":"advance","seconds":%s}`, pick("seconds", "0.5", "1", "1", "2", "61")),
	}
	if depth == 0 && rapid.IntRange(0, 9).Draw(t, "atomic") == 0 {
		return fmt.Sprintf(`{"op":"atomic","ops":[%s,%s]}`, stepText(t, 1), stepText(t, 1))
	}
	return rapid.SampledFrom(ops).Draw(t, "step")
}

// docs/allocation.md §6: whatever happens, by either set of rules, the allocator's books hold after every step, agree with
// the replay's own, and come out the same when it happens again. Steps that cannot be played are left out.
func TestBooksHoldWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var steps []string
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			steps = append(steps, stepText(t, 0))
		}
		for _, cfg := range []scenario.Config{scenario.Strict(), scenario.Default(3)} {
			kept := playable(t, cfg, steps)
			require.Equal(t, outcome(t, cfg, kept), outcome(t, cfg, kept))
		}
	})
}

// playable is steps without those that are refused.
func playable(t *rapid.T, cfg scenario.Config, steps []string) []string {
	var kept []string
	for from := 0; from < len(steps); {
		c := parsed(t, append(append([]string{}, kept...), steps[from:]...))
		r, err := scenario.New(c, cfg)
		require.NoError(t, err)
		done := 0
		for err == nil && r.More() {
			var res scenario.Result
			if res, err = r.Next(); err == nil {
				done = res.Step + 1
			}
			require.NoError(t, r.Allocator().Check())
		}
		played := done - len(kept)
		kept = append(kept, steps[from:from+played]...)
		from += played + 1
	}
	return kept
}

func parsed(t *rapid.T, steps []string) *scenario.Case {
	f, err := scenario.Parse([]byte(`{"cases":[{"name":"t","steps":[`+strings.Join(steps, ",")+`]}]}`), scenario.Bounds{})
	require.NoError(t, err)
	return &f.Cases[0]
}

// outcome plays all of steps.
func outcome(t *rapid.T, cfg scenario.Config, steps []string) (lines []string) {
	r, err := scenario.New(parsed(t, steps), cfg)
	require.NoError(t, err)
	for r.More() {
		res, err := r.Next()
		require.NoError(t, err)
		require.NoError(t, r.Allocator().Check())
		ledgersAgree(t, r)
		lines = append(lines, line(res))
	}
	return lines
}
