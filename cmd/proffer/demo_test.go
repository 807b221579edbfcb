package main

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
)

func demoCommand(t *testing.T, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(append([]string{"demo"}, args...), strings.NewReader(""), &o, &e)
	return status, o.String(), e.String()
}

// docs/design.md, "The life of an offer": the demo goes through all of it, and ends well only if the books balance.
func TestDemoTellsTheWholeStory(t *testing.T) {
	status, out, errs := demoCommand(t, "--no-detect")
	require.Equal(t, exitOK, status, errs)
	require.Empty(t, errs)
	for _, want := range []string{
		"agent     this-host registers: cpus:4; disk:20480; mem:8192; ports:[31000-32000]",
		"gpu-host is rack=abc;zone=west;os=centos5;level=10;keys=[1000-1500]",
		"reserved-host registers: cpus:4; cpus(static tuyucheng):8; mem:2048; mem(static tuyucheng):4096",
		"gives batch weight 2 and tuyucheng weight 1",
		"producer reserves disk(dynamic etl):64",
		"producer creates a volume: disk(dynamic etl)[exchange:exchange]:64",
		`producer-executor writes "one two three four five"`,
		`consumer-executor reads "one two three four five"`,
		"consumer destroys a volume",
		"consumer unreserves disk(dynamic etl):64",
		"hello-executor prints: Hello from task hello-1",
		`hears "Hello Framework"`,
		"hello gets nothing from gpu-host",
		"(gate 5)",
		"greedy-1 is FINISHED",
		"role        weight  guarantee                  limit   allocated",
		"batch       2 ",
		"all 12 tasks finished and the books balance",
	} {
		require.Contains(t, out, want)
	}
	for line := range strings.Lines(out) {
		if strings.Contains(line, "hello (tuyucheng) is offered") {
			require.NotContains(t, line, "gpu-host", "hello cannot handle gpus")
		}
	}
}

// docs/design.md, "The one idea": equal state and equal input give equal output, byte for byte.
func TestDemoOfOneSeedPrintsTheSameBytes(t *testing.T) {
	_, first, _ := demoCommand(t, "--seed", "7", "--no-detect")
	_, second, _ := demoCommand(t, "--seed", "7", "--no-detect")
	_, other, _ := demoCommand(t, "--seed", "8", "--no-detect")
	require.Equal(t, first, second)
	require.NotEqual(t, first, other)
}

// The demo ends well whatever the seed.
func TestDemoOfManySeeds(t *testing.T) {
	for seed := range 50 {
		status, out, errs := demoCommand(t, "--no-detect", "--seed", strconv.Itoa(seed))
		require.Equal(t, exitOK, status, "proffer demo --no-detect --seed %d\n%s%s", seed, out, errs)
	}
}

// docs/resource-model.md §2.7: without --no-detect the first agent is this host, as far as it is not stated.
func TestDemoDetectsThisHost(t *testing.T) {
	status, out, errs := demoCommand(t)
	require.Equal(t, exitOK, status, "%s%s", out, errs)
	require.Contains(t, out, "ports:[31000-32000]")

	status, out, errs = demoCommand(t, "--resources", "cpus:8;mem:4096;disk:4096;ports:[1-9]", "--attributes", "rack:r7")
	require.Equal(t, exitOK, status, "%s%s", out, errs)
	require.Contains(t, out, "this-host registers: cpus:8; disk:4096; mem:4096; ports:[1-9]")
	require.Contains(t, out, "rack=r7")
}

// docs/resource-model.md §2.2: a bad text ends the command with status 2 and one line: which item, where, why.
func TestDemoRefusesBadTexts(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"cpus:-1", "item 0, byte 5"},
		{"mem:64;ports:[5-1]", "item 1, byte 14"},
		{"cpus(a//b):1", "item 0, byte 5"},
		{"x", "item 0, byte 1"},
	} {
		for _, mode := range [][]string{{"--resources", c.text}, {"--no-detect", "--resources", c.text}} {
			status, out, errs := demoCommand(t, mode...)
			require.Equal(t, exitUsage, status)
			require.Empty(t, out)
			require.Contains(t, errs, c.want)
			require.Equal(t, 1, strings.Count(errs, "\n"), errs)
		}
	}
	for _, args := range [][]string{{"--attributes", "k"}, {"--nonsense"}, {"--seed", "x"}, {"more"}} {
		status, _, errs := demoCommand(t, args...)
		require.Equal(t, exitUsage, status, args)
		require.Equal(t, 1, strings.Count(errs, "\n"), errs)
	}
}

// A demo that cannot finish says which framework did not, with status 1.
func TestDemoThatCannotFinishFails(t *testing.T) {
	status, out, errs := demoCommand(t, "--no-detect", "--resources", "cpus:1;mem:512")
	require.Equal(t, exitFail, status, out)
	require.Contains(t, errs, "producer finished 0 of 1 tasks", "no disk, no volume")
}

func TestArticleAgents(t *testing.T) {
	require.Equal(t, articleAgent, gpuHost)
	require.Equal(t, articleReserved, reservedHost)
	require.Equal(t, 6, resource.MustParse(gpuHost).Len())
	require.Equal(t, 4, resource.MustParse(reservedHost).Len())
}
