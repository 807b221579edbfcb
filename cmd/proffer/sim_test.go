package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/internal/golden"
)

// sim runs proffer sim on stdin.
func sim(stdin string, args ...string) (status int, stdout, stderr string) {
	var out, told bytes.Buffer
	status = run(append([]string{"sim"}, args...), strings.NewReader(stdin), &out, &told)
	return status, out.String(), progressed.ReplaceAllString(told.String(), "")
}

// progressed is the progress that a command tells of once a second, which says how fast the machine is.
var progressed = regexp.MustCompile(`(?m)^proffer (sim|replay): .*: (case \d+ of \d+, step \d+ of \d+|step \d+, byte \d+)\n`)

// docs/allocation.md §0: transcripts of what is printed. Each sim directive has the flags as arguments and a file as input;
// rewrite them with go test ./cmd/proffer -run TestSimTranscripts -rewrite, and read what changed.
func TestSimTranscripts(t *testing.T) {
	datadriven.Walk(t, filepath.Join("testdata", "sim"), func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			require.Equal(t, "sim", d.Cmd, d.Pos)
			var args []string
			for _, a := range d.CmdArgs {
				args = append(args, strings.ReplaceAll(a.String(), "=", " "))
			}
			status, stdout, stderr := sim(d.Input, append(strings.Fields(strings.Join(args, " ")), "-")...)
			if stderr != "" {
				stdout += "stderr: " + stderr
			}
			return fmt.Sprintf("%sstatus %d\n", stdout, status)
		})
	})
}

// docs/allocation.md §0: every recorded scenario passes, compressed, plain and from standard input, with one object per step
// and one at the end of each case.
func TestSimChecksTheRecords(t *testing.T) {
	records := filepath.Join("..", "..", "offer", "testdata")
	for _, name := range []string{"allocator_examples.json", "allocator.json", "allocator_random_more.json"} {
		golden.Run(t, records, name, nil, func(path string, _ []byte) (int, map[string]int) {
			status, stdout, stderr := sim("", "--strict", "--check", path)
			require.Equal(t, exitOK, status, stderr)
			return strings.Count(stdout, `,"final":{`), nil
		})
	}
	packed := filepath.Join(records, "allocator_examples.json.gz")
	text, err := golden.Read(packed)
	require.NoError(t, err)
	plain := filepath.Join(t.TempDir(), "plain.json")
	require.NoError(t, os.WriteFile(plain, text, 0o600))
	_, want, _ := sim("", "--strict", packed)
	_, got, _ := sim("", "--strict", plain)
	require.Equal(t, want, got)
	_, got, _ = sim(string(text), "--strict", "-")
	require.Equal(t, want, got)
}

const pauses = `{"cases":[{"name":"c","steps":[{"op":"pause"}]}]}`

// docs/allocation.md §0: flags may stand anywhere; bad ones, and files that cannot be read, are status 2 and one line.
func TestSimUsage(t *testing.T) {
	status, stdout, _ := sim("", "-h")
	require.Equal(t, exitOK, status)
	require.Contains(t, stdout, "--explain FRAMEWORK AGENT")
	require.Contains(t, stdout, "-strict")
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "no file named"},
		{[]string{"--dance", "-"}, "flag provided but not defined"},
		{[]string{"--seed", "x", "-"}, "invalid value"},
		{[]string{"-", "--explain", "F"}, "--explain takes a framework and an agent"},
		{[]string{"--explain", "F", "A", "--explain", "F", "A", "-"}, "stands once"},
		{[]string{"testdata/nothing"}, "testdata/nothing: no such file or directory"},
		{[]string{"testdata"}, "testdata: is a directory"},
	} {
		status, stdout, stderr := sim(pauses, c.args...)
		require.Equal(t, exitUsage, status, c.args)
		require.Empty(t, stdout)
		require.Contains(t, stderr, "proffer sim: ")
		require.Contains(t, stderr, c.want)
		require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	}
	for _, args := range [][]string{{"-", "--table", "--strict"}, {"--table", "-", "--strict"}, {"--strict", "--table", "-"}} {
		status, stdout, stderr := sim(pauses, args...)
		require.Equal(t, exitOK, status, stderr)
		require.Contains(t, stdout, "case c\n")
	}
	broken := "\x1f\x8bnot gzip"
	status, _, stderr := sim(broken, "-")
	require.Equal(t, exitUsage, status)
	require.Contains(t, stderr, "proffer sim: -: gzip")
}

// docs/allocation.md §2.2: the seed of the case holds unless another one is given.
func TestSimSeed(t *testing.T) {
	const file = `{"cases":[{"name":"c","seed":3,"steps":[{"op":"add_framework","framework":"F","roles":["r"]},{"op":"add_framework","framework":"G","roles":["s"]},
{"op":"atomic","ops":[{"op":"add_agent","agent":"a","resources":"cpus:1;mem:64"},{"op":"add_agent","agent":"b","resources":"cpus:2;mem:64"},
{"op":"add_agent","agent":"c","resources":"cpus:3;mem:64"},{"op":"add_agent","agent":"d","resources":"cpus:4;mem:64"}]}]}]}`
	_, its, _ := sim(file, "-")
	_, three, _ := sim(file, "--seed", "3", "-")
	require.Equal(t, its, three)
	seen := map[string]bool{}
	for seed := range 8 {
		_, out, _ := sim(file, "-", "--seed", fmt.Sprint(seed))
		seen[out] = true
	}
	require.Greater(t, len(seen), 1)
}

// docs/allocation.md §0: what cannot be written is status 1.
func TestSimTellsOfFailedWrites(t *testing.T) {
	var told bytes.Buffer
	status := run([]string{"sim", "-"}, strings.NewReader(pauses), full{}, &told)
	require.Equal(t, exitFail, status)
	require.Equal(t, "proffer sim: -: no space\n", told.String())
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

// docs/allocation.md §0: a replay that takes long tells where it is once a second, and a short one nothing.
func TestSimProgress(t *testing.T) {
	var told bytes.Buffer
	now := time.Unix(0, 0)
	p := progress{out: &told, now: func() time.Time { return now }, last: now, where: func(step int) string { return fmt.Sprint("step ", step) }}
	for step := range 25 {
		p.tell(step)
		now = now.Add(100 * time.Millisecond)
	}
	require.Equal(t, "proffer sim: step 10\nproffer sim: step 20\n", told.String())
}

// What progress says does not get into what tests compare.
//
// docs/allocation.md §0
func TestProgressIsNotCompared(t *testing.T) {
	told := "proffer sim: -: case 1 of 1, step 1 of 5\nproffer replay: /tmp/a b.tape: step 7, byte 1000\nproffer sim: a.json: no such file\n"
	require.Equal(t, "proffer sim: a.json: no such file\n", progressed.ReplaceAllString(told, ""))
}
