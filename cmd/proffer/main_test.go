package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What could not be printed makes a command fail, in one line.
func TestOutputThatCannotBeWritten(t *testing.T) {
	for _, args := range []string{"demo --no-detect", "detect", "soak --seeds 1 --faults 0"} {
		var told bytes.Buffer
		args := strings.Fields(args)
		require.Equal(t, exitFail, run(args, strings.NewReader(""), full{}, &told), args)
		require.Contains(t, told.String(), "proffer "+args[0]+": ")
		require.Contains(t, told.String(), "no space\n")
	}
}

// Without a command the usage goes to stderr, when asked for to stdout; a command that is none is told in one line.
func TestUsage(t *testing.T) {
	var out, told bytes.Buffer
	require.Equal(t, exitUsage, run(nil, nil, io.Discard, &told))
	for _, help := range []string{"help", "-h", "--help"} {
		out.Reset()
		require.Equal(t, exitOK, run([]string{help}, nil, &out, io.Discard))
		require.Equal(t, told.String(), out.String())
	}
	for _, c := range commands {
		require.Contains(t, out.String(), "\n  "+c.name+" ")
	}
	told.Reset()
	require.Equal(t, exitUsage, run([]string{"offer"}, nil, io.Discard, &told))
	require.Equal(t, "proffer: no command \"offer\"; proffer help lists them\n", told.String())
}
