package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/transport/inproc"
	"github.com/proffer-go/proffer/transport/inproc/simulate"
)

// soaked runs proffer soak.
func soaked(ctx context.Context, args ...string) (status int, out, errs string) {
	var stdout, stderr bytes.Buffer
	status = soakUntil(ctx, args, &stdout, &stderr)
	return status, stdout.String(), stderr.String()
}

// A soak ends with one line of figures, alike for equal seeds whatever runs beside.
//
// docs/protocol.md §19
func TestSoakFigures(t *testing.T) {
	args := []string{"--seed", "3", "--seeds", "2", "--simulated", "3m", "--jobs"}
	status, one, _ := soaked(t.Context(), append(args, "1")...)
	require.Equal(t, exitOK, status)
	require.Regexp(t, `^soak: seeds 2 from 3, steps \d+, simulated 44m0s, faults \d+ \(.*\), tasks \d+ finished of \d+, operations \d+ ended of \d+, orders \d+ done of \d+, invariants checked \d+, violations 0\n$`, one)
	_, two, _ := soaked(t.Context(), append(args, "2")...)
	require.Equal(t, one, two)
}

// A trace has the plan, and everything that happens in the order of time.
//
// docs/protocol.md §19
func TestSoakTrace(t *testing.T) {
	_, out, _ := soaked(t.Context(), "--seed", "3", "--seeds", "1", "--simulated", "2m", "--trace", "--agents", "1", "--frameworks", "1")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Contains(t, lines[0], "seed 3: 2m0s, then 16m0s of quiet; 3 masters, 1 agents, 1 frameworks")
	require.Contains(t, out, "faults heal; quiet begins")
	require.Contains(t, out, "agent-1: sends RegisterAgent to master-1")
	require.Contains(t, lines[len(lines)-1], "soak: seeds 1 from 3")
}

// With --first nothing is begun after a seed that failed.
//
// docs/protocol.md §19
func TestSoakFirst(t *testing.T) {
	s := &soak{soakOptions: soakOptions{first: true}}
	s.sum.Faults = map[inproc.Kind]int{}
	_, more := s.draw(t.Context())
	require.True(t, more)
	s.add(simulate.Report{Violation: &simulate.Violation{}}, true)
	_, more = s.draw(t.Context())
	require.False(t, more)
}

// An interrupt ends a soak with its figures.
//
// docs/protocol.md §19
func TestSoakInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	status, out, _ := soaked(ctx)
	require.Equal(t, exitOK, status)
	require.Contains(t, out, "soak: seeds 0 from 1, steps 0, simulated 0s, faults 0, tasks 0 finished of 0")
	status, out, _ = soaked(t.Context(), "--duration", "50ms")
	require.Equal(t, exitOK, status)
	require.Contains(t, out, "violations 0")
}

// Bad flags get one line and status 2.
//
// docs/protocol.md §19
func TestSoakFlags(t *testing.T) {
	for args, what := range map[string]string{
		"--trace":          "--trace is for one seed",
		"--jobs 0":         "are 1 at least",
		"--seeds -1":       "not below 0",
		"--kinds melt":     `no kind "melt"`,
		"--sed 1":          "flag provided but not defined",
		"more":             `"more" is too much`,
		"--simulated -1m":  "not below 0",
		"--seed -3":        "invalid value",
		"--check-every 0":  "are 1 at least",
		"--duration never": "invalid value",
	} {
		status, out, errs := soaked(t.Context(), strings.Fields(args)...)
		require.Equal(t, exitUsage, status, args)
		require.Empty(t, out)
		require.Contains(t, errs, what)
		require.Equal(t, 1, strings.Count(errs, "\n"), errs)
	}
	status, out, errs := soaked(t.Context(), "-h")
	require.Equal(t, exitOK, status)
	require.Contains(t, out, "usage: proffer soak")
	require.Empty(t, errs)
}

// The command that repeats a seed names what decides its plan, and nothing else.
//
// docs/protocol.md §19
func TestSoakRepeat(t *testing.T) {
	o, err := soakFlags([]string{"--seed", "9", "--agents", "5", "--kinds", "cut,stall", "--jobs", "1", "--faults", "-1"}, nil)
	require.NoError(t, err)
	require.Equal(t, " --agents 5 --faults -1 --kinds cut,stall", (&soak{soakOptions: o}).repeat())
}
