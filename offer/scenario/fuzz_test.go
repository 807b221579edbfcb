package scenario_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/scenario"
)

// FuzzScenario: no text makes the parser or a replay panic, by either set of rules; the allocator's books hold after every
// step, whether it could be played or not, and agree with the replay's own.
//
// docs/allocation.md §0
func FuzzScenario(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join("testdata", "seeds", "*.json"))
	require.NoError(f, err)
	require.NotEmpty(f, seeds)
	for _, path := range seeds {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := scenario.Parse(text, scenario.Bounds{Bytes: 1 << 16, Cases: 4, Steps: 200, Items: 100})
		if err != nil {
			return
		}
		for i := range file.Cases {
			for _, cfg := range []scenario.Config{scenario.Strict(), scenario.Default(1)} {
				playAll(t, &file.Cases[i], cfg)
			}
		}
	})
}

// playAll plays as far as a case can be played.
func playAll(t *testing.T, c *scenario.Case, cfg scenario.Config) {
	r, err := scenario.New(c, cfg)
	if err != nil {
		return
	}
	for r.More() {
		s := r.Step()
		res, err := r.Next()
		require.NoError(t, r.Allocator().Check(), "step %d: %s", res.Step, s)
		if err != nil {
			return
		}
		_ = res.Compare(s)
		_, err = json.Marshal(res)
		require.NoError(t, err)
		ledgersAgree(t, r)
	}
}

// ledgersAgree holds the replay's ledger of who holds what against the allocator's books of the agents.
func ledgersAgree(t require.TestingT, r *scenario.Replay) {
	f, err := r.Final()
	require.NoError(t, err)
	for id, b := range f.Agents {
		report, ok := r.Allocator().Agent(id)
		require.True(t, ok)
		require.Equal(t, scenario.Text(report.Total), b.Total)
		require.True(t, r.HeldOn(id).Equal(report.Offered.Add(report.Allocated)), "agent %q: the ledger has %s, the allocator %s and %s",
			id, r.HeldOn(id), report.Offered, report.Allocated)
	}
}
