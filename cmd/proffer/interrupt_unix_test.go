//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// The first interrupt ends the context, and is the only one that is caught.
func TestInterrupts(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		ctx, stop := interrupts()
		defer stop()
		require.NoError(t, ctx.Err())
		require.NoError(t, syscall.Kill(os.Getpid(), s))
		<-ctx.Done()
	}
}

// What waits for standard input ends all the same, in one line and with status 1.
func TestInterruptedReaders(t *testing.T) {
	for name, command := range map[string]func(context.Context, []string, io.Reader, io.Writer, io.Writer) int{"sim": simUntil, "replay": replayUntil} {
		ctx, cancel := context.WithCancel(t.Context())
		silent, w := io.Pipe()
		var out, told bytes.Buffer
		status := make(chan int)
		go func() { status <- command(ctx, []string{"-"}, silent, &out, &told) }()
		cancel()
		require.Equal(t, exitFail, <-status, name)
		require.Empty(t, out.String(), name)
		require.Regexp(t, `^proffer `+name+`: -: .*interrupted\n$`, told.String())
		require.NoError(t, w.Close())
	}
}

// A simulation that is interrupted says where it was.
func TestSimInterrupted(t *testing.T) {
	file, err := filepath.Abs(filepath.Join("..", "..", "offer", "scenario", "testdata", "seeds", "E4c-alone.json"))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var out, told bytes.Buffer
	cancel()
	require.Equal(t, exitFail, simUntil(ctx, []string{file}, nil, &out, &told))
	require.Regexp(t, `^proffer sim: .*: interrupted before step 1 of \d+ of case E4c-alone\n$`, told.String())
}

// A demo that is interrupted, or that nobody reads, leaves no directory behind.
func TestDemoInterrupted(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, told bytes.Buffer
	require.Equal(t, exitFail, demoUntil(ctx, []string{"--no-detect"}, &out, &told))
	require.Regexp(t, `^proffer demo: interrupted after 2\.\ds of the cluster's time\n$`, told.String())
	require.Contains(t, out.String(), "registers", "what was printed by then stands")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)

	r, w, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, r.Close())
	defer w.Close()
	told.Reset()
	require.Equal(t, exitFail, run([]string{"demo", "--no-detect"}, strings.NewReader(""), w, &told))
	require.Regexp(t, `^proffer demo: .*broken pipe\n$`, told.String())
	left, err = os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}
