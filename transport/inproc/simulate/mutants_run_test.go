//go:build mutants

package simulate_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience bounds the soak of one mutant; a mutant may never come to an end.
const patience = time.Minute

// Every fault of testdata/mutants is noticed: proffer soak, built with it, finds a seed among a few that breaks an invariant.
// Without any it finds none.
//
// docs/protocol.md §19
func TestMutants(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		out, status := soak(t, "", nil)
		require.Zero(t, status, out)
	})
	for _, path := range mutants(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".patch"), func(t *testing.T) {
			t.Parallel() // most of the time goes into building
			text, changed := mutate(t, path)
			out, status := soak(t, text, changed)
			require.Equal(t, 1, status, "this mutant survives:\n%s", out)
			require.Contains(t, out, "invariant \"", out)
			t.Log(strings.SplitN(out, "\n", 2)[0])
		})
	}
}

// soak builds the command with changed files in place of those of the module, and runs its soak: with the flags of the line
// of text that begins with flags:, if it has one.
func soak(t *testing.T, text string, changed map[string]string) (out string, status int) {
	t.Helper()
	temp := t.TempDir()
	top, err := filepath.Abs(root)
	require.NoError(t, err)
	replace := map[string]string{}
	for name, content := range changed {
		to := filepath.Join(temp, strings.ReplaceAll(name, "/", "-"))
		require.NoError(t, os.WriteFile(to, []byte(content), 0o600))
		replace[filepath.Join(top, filepath.FromSlash(name))] = to
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(temp, "overlay.json"), overlay, 0o600))
	binary := filepath.Join(temp, "proffer")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-overlay", filepath.Join(temp, "overlay.json"), "-o", binary, "./cmd/proffer")
	build.Dir = top
	built, err := build.CombinedOutput()
	require.NoError(t, err, "building: %s", built)

	args := []string{"soak", "--first", "--no-shrink", "--seeds", "40", "--duration", "50s"}
	if changed == nil {
		args = []string{"soak", "--seeds", "4"}
	}
	for _, line := range strings.Split(text, "\n") {
		if flags, ok := strings.CutPrefix(line, "flags: "); ok {
			args = append(args, strings.Fields(flags)...)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	run := exec.CommandContext(ctx, binary, args...)
	told, _ := run.Output() // a status above 0 is what a mutant should get
	return string(told), run.ProcessState.ExitCode()
}
