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
	require.Equal(t, exitFail, run([]string{"help"}, nil, full{}, io.Discard))
	told.Reset()
	require.Equal(t, exitUsage, run([]string{"offer"}, nil, io.Discard, &told))
	require.Equal(t, "proffer: no command \"offer\"; proffer help lists them\n", told.String())
}

// Every command tells of itself on stdout when asked, in both ways, and of a flag that it does not have in one line.
func TestHelpOfCommands(t *testing.T) {
	for _, c := range commands {
		var asked, helped, told bytes.Buffer
		require.Equal(t, exitOK, run([]string{c.name, "-h"}, nil, &asked, &told))
		require.Equal(t, exitOK, run([]string{"help", c.name}, nil, &helped, &told))
		require.Equal(t, asked.String(), helped.String())
		require.True(t, strings.HasPrefix(asked.String(), "usage: proffer "+c.name), asked.String())
		require.Empty(t, told.String(), c.name)

		asked.Reset()
		require.Equal(t, exitUsage, run([]string{c.name, "--melt"}, nil, &asked, &told))
		require.Empty(t, asked.String(), c.name)
		require.Equal(t, "proffer "+c.name+": flag provided but not defined: -melt\n", told.String())
	}
	require.Equal(t, exitUsage, run([]string{"help", "melt"}, nil, io.Discard, io.Discard))
}
