package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
)

func replayed(args ...string) (status int, stdout, stderr string) {
	var out, told bytes.Buffer
	status = run(append([]string{"replay"}, args...), strings.NewReader(""), &out, &told)
	return status, out.String(), progressed.ReplaceAllString(told.String(), "")
}

// docs/protocol.md §21: what proffer demo records, proffer replay plays: every node, at any step, and what changed between two.
func TestDemoReplays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tapes")
	var out, told bytes.Buffer
	require.Equal(t, exitOK, run([]string{"demo", "--no-detect", "--record", dir}, nil, &out, &told), told.String())
	files, err := filepath.Glob(filepath.Join(dir, "*.tape"))
	require.NoError(t, err)
	require.Greater(t, len(files), 8, "a master, three agents, four schedulers, executors")
	for _, file := range files {
		status, stdout, stderr := replayed("--check", file)
		require.Equal(t, exitOK, status, "%s: %s", file, stderr)
		require.Regexp(t, `^step [1-9]\d*\n`, stdout, file)
	}
	master := filepath.Join(dir, "master.tape")
	status, stdout, _ := replayed("--until", "0", master)
	require.Equal(t, exitOK, status)
	require.True(t, strings.HasPrefix(stdout, "step 0\n"))
	status, stdout, _ = replayed(master, "--diff", "0", "60")
	require.Equal(t, exitOK, status)
	require.Contains(t, stdout, "+ agent ")
	status, _, stderr := replayed("--until", "99999999", master)
	require.Equal(t, exitUsage, status)
	require.Contains(t, stderr, "no such step")

	text, err := os.ReadFile(master)
	require.NoError(t, err)
	cut := filepath.Join(dir, "cut")
	require.NoError(t, os.WriteFile(cut, text[:len(text)-3], 0o600))
	status, _, stderr = replayed(cut)
	require.Equal(t, exitOK, status)
	require.Contains(t, stderr, "cut off")
	text[len(text)/2] ^= 1
	require.NoError(t, os.WriteFile(cut, text, 0o600))
	status, _, stderr = replayed(cut)
	require.Equal(t, exitUsage, status)
	require.Contains(t, stderr, "damaged tape: record ")
}

// docs/protocol.md §21: transcripts of what is printed of the tapes of proffer demo, and of files made from one. until=N, check and
// diff=(N,M) are flags; rewrite them with go test ./cmd/proffer -run TestReplayTranscripts -rewrite, and read what changed.
func TestReplayTranscripts(t *testing.T) {
	dir := t.TempDir()
	var out, told bytes.Buffer
	require.Equal(t, exitOK, run([]string{"demo", "--no-detect", "--record", dir}, nil, &out, &told), told.String())
	tape, err := os.ReadFile(filepath.Join(dir, "scheduler-3.tape"))
	require.NoError(t, err)
	head, _, _ := bytes.Cut(tape, []byte("\n"))
	spoiled := bytes.Clone(tape)
	spoiled[len(tape)/2] ^= 1
	for name, text := range map[string][]byte{
		"empty": nil, "text": []byte("once upon a time\n"), "torn": tape[:len(tape)-2], "damaged": spoiled,
		"other-version": append(bytes.Replace(head, []byte("1"), []byte("9"), 1), tape[len(head):]...),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	datadriven.RunTest(t, filepath.Join("testdata", "replay", "demo.txt"), func(t *testing.T, d *datadriven.TestData) string {
		require.Equal(t, "replay", d.Cmd, d.Pos)
		var args []string
		for _, a := range d.CmdArgs {
			switch {
			case a.Key == "check" || len(a.Vals) > 0:
				args = append(append(args, "--"+a.Key), a.Vals...)
			default:
				args = append(args, filepath.Join(dir, a.Key))
			}
		}
		status, stdout, stderr := replayed(args...)
		if stderr != "" {
			stdout += "stderr: " + strings.ReplaceAll(stderr, dir+string(filepath.Separator), "")
		}
		return fmt.Sprintf("%sstatus %d\n", stdout, status)
	})
}

// docs/protocol.md §21: flags and files that cannot be used get one line and status 2.
func TestReplayRefuses(t *testing.T) {
	for _, args := range [][]string{{}, {"a", "b"}, {"--diff", "1"}, {"--diff", "2", "1", "f"}, {"--diff", "x", "1", "f"}, {"--nonsense"}, {"/no/such/file"}} {
		status, stdout, stderr := replayed(args...)
		require.Equal(t, exitUsage, status, args)
		require.Empty(t, stdout)
		require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	}
}
