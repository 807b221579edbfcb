package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/detect"
	"github.com/proffer-go/proffer/resource"
)

// smallHost has 4 processors, 16 GiB of memory, 500 GiB of disk and 2 GPUs; the kernel does not tell its release.
var smallHost = detect.Fixed{
	Processors: 4, Memory: 16 << 30, Disk: 500 << 30, Devices: 2,
	Limits: detect.CgroupLimits{CPUs: 1500, MemoryBytes: 4 << 30},
	Known: []detect.Fact{
		{Name: "arch", Text: "arm64"},
		{Name: "kernel", Err: errors.New("no release")},
	},
}

func detectOn(p detect.Prober, args ...string) (status int, stdout, stderr string) {
	var out, told bytes.Buffer
	status = detectWith(p, args, &out, &told)
	return status, out.String(), told.String()
}

// docs/resource-model.md §2.7: what is printed for people, with the failed probe on stderr.
func TestDetectPlain(t *testing.T) {
	status, out, told := detectOn(smallHost, "--resources", "cpus(eng):8;ports:[]", "--attributes", "rack:b7")
	require.Equal(t, exitOK, status)
	require.Equal(t, `resources
  cpus(reservations: [(STATIC,eng)]):8
  disk:506880
  mem:15360
attributes
  rack=b7
  arch=arm64
`, out)
	require.Equal(t, "proffer detect: probe kernel failed: no release; nothing is stated instead\n", told)
}

// docs/resource-model.md §2.7: a constant is told to be one.
func TestDetectTellsOfConstants(t *testing.T) {
	p := smallHost
	p.Known, p.Broken = nil, map[string]error{detect.ProbeDisk: errors.New("no such directory")}
	status, out, told := detectOn(p)
	require.Equal(t, exitOK, status)
	require.Contains(t, out, "  disk:10240\n")
	require.Equal(t, "proffer detect: probe disk failed: no such directory; disk:10240 is stated instead\n", told)
}

// docs/resource-model.md §2.7: the flags reach the detection.
func TestDetectFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--default-role", "eng"}, "  cpus(reservations: [(STATIC,eng)]):4\n"},
		{[]string{"--cgroup"}, "  cpus:1.5\n"},
		{[]string{"--cgroup"}, "  mem:3072\n"},
		{[]string{"--gpus"}, "  gpus:2\n"},
		{[]string{"--gpus", "--resources", "gpus:1", "--gpu-devices", "1"}, "  gpus:1\n"},
		{[]string{"-resources=cpus:2.5"}, "  cpus:2.5\n"},
	} {
		status, out, _ := detectOn(smallHost, c.args...)
		require.Equal(t, exitOK, status, "%q", c.args)
		require.Contains(t, out, c.want, "%q", c.args)
	}
}

// docs/resource-model.md §2.4: resources may be stated in a file.
func TestDetectFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "resources")
	require.NoError(t, os.WriteFile(name, []byte("cpus:3\n"), 0o600))
	status, out, _ := detectOn(smallHost, "--resources", "file:///"+strings.TrimPrefix(filepath.ToSlash(name), "/"))
	require.Equal(t, exitOK, status)
	require.Contains(t, out, "  cpus:3\n")
}

// docs/resource-model.md §2.3: resources are printed in the form that can be stated again.
func TestDetectJSON(t *testing.T) {
	p := smallHost
	p.Broken = map[string]error{detect.ProbeMem: errors.New("sysinfo")}
	status, out, told := detectOn(p, "--json", "--resources", "cpus(eng):8", "--attributes", "rack:b7")
	require.Equal(t, exitOK, status)
	require.Empty(t, told, "failures are in the JSON")
	var got struct {
		Resources  json.RawMessage
		Attributes resource.Attributes
		Measured   []measuredOutput
		Failed     []failedOutput
	}
	require.NoError(t, json.Unmarshal([]byte(out), &got))
	stated, err := resource.Parse(string(got.Resources))
	require.NoError(t, err)
	require.True(t, stated.Equal(resource.MustParse("cpus(eng):8;mem:1024;disk:506880;ports:[31000-32000]")), "%v", stated)
	require.Equal(t, "rack=b7;arch=arm64", got.Attributes.String())
	require.Equal(t, []measuredOutput{{"disk", 500 << 30, "bytes"}}, got.Measured)
	used := 1024.0
	require.Equal(t, []failedOutput{{"mem", "sysinfo", &used}, {"kernel", "no release", nil}}, got.Failed)

	status, out, _ = detectOn(detect.Fixed{}, "--json", "--resources", "cpus:0;mem:0;disk:0;ports:[]")
	require.Equal(t, exitOK, status)
	for _, empty := range []string{`"resources": []`, `"measured": []`, `"failed": []`} {
		require.Contains(t, out, empty)
	}
}

// docs/resource-model.md §2.4: bad flags and texts are told in one line, status 2, nothing on stdout.
func TestDetectUsageErrors(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--bogus"}, "bogus"},
		{[]string{"--json=maybe"}, "maybe"},
		{[]string{"--resources"}, "resources"},
		{[]string{"stray"}, "stray"},
		{[]string{"--resources", "cpus:1;mem:-1"}, "item 1"},
		{[]string{"--resources", "x"}, "x"},
		{[]string{"--resources", "file://relative"}, "file://relative"},
		{[]string{"--resources", "file:///no/such/file/here"}, "here"},
		{[]string{"--attributes", "k:{a}"}, "attributes"},
		{[]string{"--attributes", "k\nl:1"}, "attributes"},
		{[]string{"--default-role", ""}, "-default-role"},
		{[]string{"--default-role", "a//b"}, "-default-role"},
		{[]string{"--gpu-devices", "0"}, "device"},
		{[]string{"--gpus", "--gpu-devices", "0,x"}, `"x"`},
		{[]string{"--gpus", "--resources", "gpus:1"}, "gpus:1"},
	} {
		status, out, told := detectOn(smallHost, c.args...)
		require.Equal(t, exitUsage, status, "%q", c.args)
		require.Empty(t, out)
		require.Equal(t, 1, strings.Count(told, "\n"), "%q", told)
		require.True(t, strings.HasPrefix(told, "proffer detect: "), told)
		require.Contains(t, told, c.want)
	}
}

// docs/resource-model.md §2.7: a host that cannot serve what is asked is another matter than a bad flag.
func TestDetectHostErrors(t *testing.T) {
	broken := smallHost
	broken.Broken = map[string]error{detect.ProbeGPUs: errors.New("no driver")}
	for _, c := range []struct {
		host detect.Fixed
		args []string
	}{
		{broken, []string{"--gpus"}},
		{smallHost, []string{"--gpus", "--resources", "gpus:3", "--gpu-devices", "0,1,2"}},
	} {
		status, out, told := detectOn(c.host, c.args...)
		require.Equal(t, exitFail, status, told)
		require.Empty(t, out)
		require.Contains(t, told, "gpus")
	}
	require.Equal(t, exitFail, detectWith(smallHost, nil, brokenWriter{}, &bytes.Buffer{}))
	require.Equal(t, exitFail, detectWith(smallHost, []string{"--json"}, brokenWriter{}, &bytes.Buffer{}))
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("closed") }

// docs/resource-model.md §2.7: -h lists the flags on stdout.
func TestDetectHelp(t *testing.T) {
	status, out, told := detectOn(smallHost, "-h")
	require.Equal(t, exitOK, status)
	require.Empty(t, told)
	for _, name := range []string{"usage: proffer detect", "-json", "-resources", "-attributes", "-work-dir", "-default-role", "-gpus", "-cgroup"} {
		require.Contains(t, out, name)
	}
}

// docs/resource-model.md §2.7: the command as it is run, on this host.
func TestDetectThisHost(t *testing.T) {
	var out, told bytes.Buffer
	require.Equal(t, exitOK, runDetect([]string{"--work-dir", t.TempDir()}, &out, &told))
	require.Contains(t, out.String(), "  ports:[31000-32000]\n")
	require.Contains(t, out.String(), "  arch="+runtime.GOARCH+"\n")
}
