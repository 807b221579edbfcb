package simulate_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/transport/inproc/simulate"
)

// Everything holds under the work and the faults of these seeds.
//
// docs/protocol.md §19
func TestSeeds(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := simulate.Run(context.Background(), simulate.Config{Seed: seed, Duration: 10 * time.Minute})
			require.Nil(t, r.Violation)
			require.NotZero(t, r.Steps)
			require.NotZero(t, r.Finished)
			require.NotZero(t, r.Orders.Ended)
			require.NotEmpty(t, r.Faults)
			require.Greater(t, r.Simulated, 26*time.Minute)
		})
	}
}

// Plans have work of every kind, standbys, frameworks that answer in every way, and bunches of faults: a change of leader while
// disks and registries fail.
//
// docs/protocol.md §14, §16, §19
func TestWhatPlansHave(t *testing.T) {
	all := ""
	bunches := 0
	for seed := range uint64(40) {
		p := simulate.NewPlan(simulate.Config{Seed: seed})
		require.Equal(t, 3, p.Masters)
		all += p.String()
		for i, f := range p.Faults {
			if i+4 <= len(p.Faults) && p.Faults[i+3].At-f.At <= 5*time.Second {
				bunches++
			}
		}
	}
	for _, word := range []string{"launch", "kill", "reconcile", "message", "suppress", "teardown", "update", "shutdown", "reserve", "volume", "weight",
		"quota", "own-reserve", "deactivate", "gone", "stop", "use", "reconcile-op", "own-volume", "drain", "drain-gone", "maintain"} {
		require.Contains(t, all, " "+word+" ")
	}
	for _, word := range []string{"feedback", "forgetful", "shares", "accepts", "refuses", "silent"} {
		require.Contains(t, all, " "+word)
	}
	require.GreaterOrEqual(t, bunches, 20)
}

// A seed is all there is: equal seeds give equal plans, equal traces and equal reports.
//
// docs/protocol.md §1
func TestRunsAreEqual(t *testing.T) {
	run := func() (string, simulate.Report) {
		var trace strings.Builder
		p := simulate.NewPlan(simulate.Config{Seed: 5, Duration: 8 * time.Minute})
		trace.WriteString(p.String())
		return trace.String(), p.Run(context.Background(), simulate.Options{Trace: func(l string) { trace.WriteString(l + "\n") }})
	}
	trace, report := run()
	again, second := run()
	require.Equal(t, report, second)
	require.True(t, trace == again, "the traces differ")
	other := simulate.NewPlan(simulate.Config{Seed: 6, Duration: 8 * time.Minute})
	require.NotEqual(t, strings.SplitN(trace, "\n", 2)[1], strings.SplitN(other.String(), "\n", 2)[1])
}

// A context that ends stops a run, and the report tells what was done.
//
// docs/protocol.md §19
func TestRunStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p := simulate.NewPlan(simulate.Config{Seed: 1})
	lines := 0
	r := p.Run(ctx, simulate.Options{Trace: func(string) {
		if lines++; lines == 1000 {
			cancel()
		}
	}})
	require.Nil(t, r.Violation)
	require.NotZero(t, r.Steps)
	require.Less(t, r.Simulated, 20*time.Minute)
}
