package offer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
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
			changed, err := mutate(string(text), os.ReadFile)
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

// mutate reads a fault: a line that says what it is, then for each file "-- name --" and changes
//
//	<<<< before
//	text that stands in the file just once, whole lines or not
//	==== after
//	text in its place
//	>>>>
//
// and returns the files as they are with it.
func mutate(text string, read func(string) ([]byte, error)) (map[string]string, error) {
	changed := make(map[string]string)
	file, before, after, part := "", "", "", &strings.Builder{}
	for i, line := range strings.Split(text, "\n") {
		fail := func(format string, args ...any) error {
			return fmt.Errorf("line %d: "+format, append([]any{i + 1}, args...)...)
		}
		name, isFile := strings.CutPrefix(line, "-- ")
		switch {
		case isFile && strings.HasSuffix(name, " --"):
			file = strings.TrimSuffix(name, " --")
			if _, ok := changed[file]; !ok {
				content, err := read(file)
				if err != nil {
					return nil, fail("%w", err)
				}
				changed[file] = string(content)
			}
		case line == "<<<< before", line == "==== after":
			before = strings.TrimSuffix(part.String(), "\n")
			part = &strings.Builder{}
		case line == ">>>>":
			after = strings.TrimSuffix(part.String(), "\n")
			part = &strings.Builder{}
			if n := strings.Count(changed[file], before); n != 1 || before == "" || before == after {
				return nil, fail("it stands %d times in %s, or changes nothing: choose another place for\n%s", n, file, before)
			}
			changed[file] = strings.Replace(changed[file], before, after, 1)
			before = ""
		default:
			part.WriteString(line + "\n")
		}
	}
	if len(changed) == 0 {
		return nil, fmt.Errorf("no file is named")
	}
	return changed, nil
}

// A fault that no longer applies, or changes nothing, is an error.
//
// docs/allocation.md §6
func TestMutantsThatDoNotApply(t *testing.T) {
	read := func(string) ([]byte, error) { return []byte("one\ntwo\ntwo\nthree\n"), nil }
	fault := func(before, after string) string {
		return "A fault.\n-- f.go --\n<<<< before\n" + before + "\n==== after\n" + after + "\n>>>>\n"
	}
	changed, err := mutate(fault("two\nthree", "four"), read)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"f.go": "one\ntwo\nfour\n"}, changed)
	for _, text := range []string{fault("five", "six"), fault("two", "six"), fault("one", "one"), "A fault.\n"} {
		_, err := mutate(text, read)
		require.Error(t, err)
	}
}
