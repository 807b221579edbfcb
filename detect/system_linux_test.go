package detect

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
)

// docs/resource-model.md §2.7: the real probe of processors agrees with the C library's count.
func TestRealCPUs(t *testing.T) {
	out, err := exec.Command("getconf", "_NPROCESSORS_ONLN").Output()
	require.NoError(t, err)
	want, err := strconv.Atoi(strings.TrimSpace(string(out)))
	require.NoError(t, err)
	got, err := System().CPUs(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// docs/resource-model.md §2.7: the real probe of memory agrees with what the kernel tells in /proc/meminfo.
func TestRealMemory(t *testing.T) {
	f, err := os.Open("/proc/meminfo")
	require.NoError(t, err)
	defer f.Close()
	var kib uint64
	for s := bufio.NewScanner(f); s.Scan() && kib == 0; {
		fmt.Sscanf(s.Text(), "MemTotal: %d kB", &kib)
	}
	require.NotZero(t, kib)
	got, err := System().MemoryBytes(t.Context())
	require.NoError(t, err)
	require.GreaterOrEqual(t, got, kib<<10, "a container may be shown less than the machine has")
}

// docs/resource-model.md §2.7: the real probe of the disk gives the size of the filesystem, the same anywhere in it, as df does.
func TestRealDisk(t *testing.T) {
	dir := t.TempDir()
	got, err := System().DiskBytes(t.Context(), dir)
	require.NoError(t, err)
	out, err := exec.Command("df", "-P", "-B1", dir).Output()
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Len(t, lines, 2)
	require.Equal(t, strings.Fields(lines[1])[1], strconv.FormatUint(got, 10))

	_, err = System().DiskBytes(t.Context(), dir+"/none")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "disk")
}

// docs/resource-model.md §2.7: a filesystem that reports no size (or an impossible one) is a failed probe, not a figure.
func TestSizesThatAreNone(t *testing.T) {
	_, err := System().DiskBytes(t.Context(), "/proc")
	require.ErrorIs(t, err, errNoSize)
	_, err = product(1<<40, 1<<40)
	require.ErrorIs(t, err, errNoSize)
	n, err := product(3, 4096)
	require.NoError(t, err)
	require.Equal(t, uint64(12288), n)
}

// docs/resource-model.md §2.7: the real count of GPUs is that of the driver's folder, an error without it.
func TestRealGPUs(t *testing.T) {
	entries, dirErr := os.ReadDir("/proc/driver/nvidia/gpus")
	n, err := System().GPUs(t.Context())
	require.Equal(t, dirErr == nil, err == nil)
	require.Equal(t, len(entries), n)
}

// docs/resource-model.md §2.7: the limits of the real control groups never exceed what the clamp may use.
func TestRealHost(t *testing.T) {
	plain, err := Host(t.Context(), Options{WorkDir: t.TempDir()})
	require.NoError(t, err)
	require.Empty(t, failed(plain, ProbeCPUs, ProbeMem, ProbeDisk))
	require.Equal(t, []string{"cpus", "disk", "mem", "ports"}, plain.Resources.Names())

	clamped, err := Host(t.Context(), Options{WorkDir: t.TempDir(), ClampToCgroup: true})
	require.NoError(t, err)
	for _, name := range []string{"cpus", "mem"} {
		require.LessOrEqual(t, amount(clamped, name), amount(plain, name))
	}
}

// docs/resource-model.md §2.7: on the real host the root of the file tree is a mount point, a new directory is not.
func TestRealCheckSources(t *testing.T) {
	require.NoError(t, CheckSources(disks(t, resource.DiskSource{Type: resource.SourceMount, Root: "/"})))
	require.ErrorIs(t, CheckSources(disks(t, resource.DiskSource{Type: resource.SourceMount, Root: t.TempDir()})), ErrNotMountPoint)
}

func failed(r Result, probes ...string) []ProbeFailure {
	var out []ProbeFailure
	for _, f := range r.Failed {
		for _, p := range probes {
			if f.Probe == p {
				out = append(out, f)
			}
		}
	}
	return out
}

func amount(r Result, name string) resource.Scalar {
	n, _ := r.Resources.Scalar(name)
	return n
}
