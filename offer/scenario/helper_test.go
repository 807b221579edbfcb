package scenario_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/scenario"
)

// caseOf parses a case made of steps, one JSON object each.
func caseOf(t testing.TB, options string, steps ...string) *scenario.Case {
	t.Helper()
	text := fmt.Sprintf(`{"cases":[{"name":"t","options":{%s},"steps":[%s]}]}`, options, strings.Join(steps, ","))
	f, err := scenario.Parse([]byte(text), scenario.Bounds{})
	require.NoError(t, err)
	return &f.Cases[0]
}

// play returns a line per step: runs, offers, what was taken back, and the outcome.
func play(t testing.TB, cfg scenario.Config, c *scenario.Case) []string {
	t.Helper()
	r, err := scenario.New(c, cfg)
	require.NoError(t, err)
	var lines []string
	for r.More() {
		res, err := r.Next()
		require.NoError(t, err)
		require.NoError(t, r.Allocator().Check(), "step %d", res.Step)
		ledgersAgree(t, r)
		lines = append(lines, line(res))
	}
	return lines
}

func line(res scenario.Result) string {
	words := []string{fmt.Sprintf("%d", res.Runs)}
	for _, o := range res.Offers {
		words = append(words, fmt.Sprintf("%s/%s/%s{%s}", o.Framework, o.Role, o.Agent, scenario.Text(o.Resources)))
	}
	for _, x := range res.Rescinded {
		words = append(words, fmt.Sprintf("-%s/%s/%s %s", x.Framework, x.Role, x.Agent, x.Reason))
	}
	switch {
	case res.OK != nil && *res.OK:
		words = append(words, "ok")
	case res.OK != nil:
		words = append(words, "refused")
	}
	if res.Resulting != nil {
		words = append(words, fmt.Sprintf("={%s}", scenario.Text(*res.Resulting)))
	}
	return strings.Join(words, " ")
}

// strictly plays steps by the reference's rules.
func strictly(t testing.TB, steps ...string) []string {
	t.Helper()
	return play(t, scenario.Strict(), caseOf(t, "", steps...))
}

// last is the last line.
func last(lines []string) string { return lines[len(lines)-1] }

// Steps that many tests begin with.
const (
	addF  = `{"op":"add_framework","framework":"F","roles":["r"]}`
	addA  = `{"op":"add_agent","agent":"A","resources":"cpus:4;mem:1024"}`
	tick  = `{"op":"advance","seconds":1}`
	whole = `F/r/A{cpus:4; mem:1024}`
)

// playedOut plays a case and returns the replay at its end.
func playedOut(t testing.TB, cfg scenario.Config, steps ...string) *scenario.Replay {
	t.Helper()
	r, err := scenario.New(caseOf(t, "", steps...), cfg)
	require.NoError(t, err)
	for r.More() {
		_, err := r.Next()
		require.NoError(t, err)
	}
	return r
}
