package offer_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/internal/mutant"
)

// mutantSuite are the test files that mutants are held against, with a list of the others that these need: the worked
// examples, the tests of single rules, and the transcripts. The rest of the suite is left out for the sake of time.
var mutantSuite = []string{
	"stand_test.go", "worked_test.go", "worked_filters_test.go", "when_test.go", "gates_test.go", "quota_test.go",
	"granularity_test.go", "refusals_test.go", "updates_test.go", "ties_test.go", "keep_test.go",
	"script_test.go", "script_inverse_test.go",
}

// Every fault of testdata/mutants is found: each is a wrong version of one place, built by itself, that the tests of
// mutantSuite must fail with. The tests pass without it, and it must still apply.
//
// docs/allocation.md §6
func TestMutants(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "mutants", "*.patch"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(paths), 10)
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		out, err := runMutant(t, nil)
		require.NoError(t, err, "the suite fails without a mutant:\n%s", out)
	})
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".patch"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			changed, err := mutant.Apply(string(text), os.ReadFile)
			require.NoError(t, err)
			out, err := runMutant(t, changed)
			require.Error(t, err, "this mutant survives")
			require.Contains(t, out, "--- FAIL: Test", "not by a test that failed: %v\n%s", err, out)
		})
	}
}

// runMutant builds the suite with changed files in place of those of this folder, and runs it.
func runMutant(t *testing.T, changed map[string]string) (output string, err error) {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	temp := t.TempDir()
	replace := make(map[string]string)
	tests, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	for _, name := range tests {
		if !slices.Contains(mutantSuite, name) {
			replace[filepath.Join(dir, name)] = "" // not there
		}
	}
	for name, text := range changed {
		to := filepath.Join(temp, name)
		require.NoError(t, os.WriteFile(to, []byte(text), 0o600))
		replace[filepath.Join(dir, name)] = to
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(temp, "overlay.json"), overlay, 0o600))
	binary := filepath.Join(temp, "suite.test")
	build := exec.Command("go", "test", "-c", "-ldflags=-s -w", "-overlay", filepath.Join(temp, "overlay.json"), "-o", binary, ".")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "building: %s", out)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // a mutant may never come to an end
	defer cancel()
	out, err = exec.CommandContext(ctx, binary, "-test.failfast", "-test.short").CombinedOutput()
	return string(out), err
}
