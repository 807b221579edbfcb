package golden_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/internal/golden"
)

// recorder is a test that fails without ending the one that looks on.
type recorder struct {
	testing.TB
	failed bool
	lines  []string
}

type ended struct{}

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failed = true }
func (r *recorder) FailNow()              { r.failed = true; panic(ended{}) }
func (r *recorder) Logf(format string, a ...any) {
	r.lines = append(r.lines, fmt.Sprintf(format, a...))
}

func play(t *testing.T, dir string, pinned map[string]int, cases int, diverged map[string]int) (r *recorder, seen []string) {
	r = &recorder{TB: t}
	defer func() {
		if e := recover(); e != nil {
			require.Equal(t, ended{}, e)
		}
	}()
	golden.Run(r, dir, "x.json", pinned, func(_ string, data []byte) (int, map[string]int) {
		seen = append(seen, string(data))
		return cases, diverged
	})
	return r, seen
}

func TestRun(t *testing.T) {
	dir, folder := t.TempDir(), t.TempDir()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte("copy"))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.json.gz"), packed.Bytes(), 0o600))

	t.Setenv("PROFFER_CASES", "")
	r, seen := play(t, dir, nil, 20, nil)
	require.False(t, r.failed)
	require.Equal(t, []string{"copy"}, seen)
	require.Equal(t, []string{"golden x.json: 20 cases"}, r.lines)

	t.Setenv("PROFFER_CASES", folder)
	r, seen = play(t, dir, nil, 20, nil)
	require.False(t, r.failed, "the folder need not hold every file")
	require.Len(t, seen, 1)

	require.NoError(t, os.WriteFile(filepath.Join(folder, "x.json"), []byte("more"), 0o600))
	r, seen = play(t, dir, map[string]int{"rule": 2}, 20, map[string]int{"rule": 2})
	require.False(t, r.failed)
	require.Equal(t, []string{"copy", "more"}, seen)
	require.Len(t, r.lines, 4)

	for name, c := range map[string]struct {
		pinned, diverged map[string]int
		cases            int
	}{
		"no case":                {cases: 0},
		"a rule nobody pinned":   {cases: 20, diverged: map[string]int{"rule": 1}},
		"a rule that is gone":    {cases: 20, pinned: map[string]int{"rule": 1}},
		"another count":          {cases: 20, pinned: map[string]int{"rule": 1}, diverged: map[string]int{"rule": 2}},
		"more than a tenth":      {cases: 20, pinned: map[string]int{"rule": 3}, diverged: map[string]int{"rule": 3}},
		"one rule for another's": {cases: 20, pinned: map[string]int{"a": 1}, diverged: map[string]int{"b": 1}},
	} {
		failed := false
		func() {
			defer func() { failed = recover() != nil || failed }()
			r := &recorder{TB: t}
			golden.Run(r, dir, "x.json", c.pinned, func(string, []byte) (int, map[string]int) { return c.cases, c.diverged })
			failed = r.failed
		}()
		require.True(t, failed, name)
	}
	_, err = golden.Read(filepath.Join(dir, "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
