package detect

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
)

func tree(name string) procFS { return procFS{os.DirFS(filepath.Join("testdata", name))} }

// docs/resource-model.md §2.7: cpus counts online processors, from the kernel's list or else from its statistics.
func TestOnlineCPUs(t *testing.T) {
	n, err := tree("unified").onlineCPUs() // 0-3,8
	require.NoError(t, err)
	require.Equal(t, 5, n)

	n, err = tree("legacy").onlineCPUs() // cpu0 and cpu1 in /proc/stat
	require.NoError(t, err)
	require.Equal(t, 2, n)

	_, err = tree("broken").onlineCPUs() // 0-3-5
	require.ErrorIs(t, err, errMalformed)
	require.ErrorContains(t, err, "/sys/devices/system/cpu/online")

	_, err = tree("nvidia").onlineCPUs() // neither file
	require.ErrorIs(t, err, fs.ErrNotExist)

	for name, text := range map[string]string{"sys/devices/system/cpu/online": "\n", "proc/stat": "cpu  1 2\ncpux\nintr 1\n"} {
		_, err = procFS{fstest.MapFS{name: {Data: []byte(text)}}}.onlineCPUs()
		require.ErrorIs(t, err, errMalformed, name)
	}
}

// docs/resource-model.md §2.7: the kernel's lists of processors; what is no such list counts nothing.
func TestCountCPUList(t *testing.T) {
	for text, want := range map[string]int{"0": 1, "0-1\n": 2, "0-3,8,10-11": 7, " ": 0, "1048575": 1} {
		n, err := countCPUList(text)
		require.NoError(t, err, text)
		require.Equal(t, want, n, text)
	}
	for _, text := range []string{"a", "0-", "-1", "3-1", "0,0", "0-3,2", "5,1", "0,,1", "0-4294967295", "1048576", "99999999999999999999", "0 1"} {
		_, err := countCPUList(text)
		require.ErrorIs(t, err, errMalformed, text)
	}
}

// docs/resource-model.md §2.7: gpus are the entries of the NVIDIA driver's folder; without the driver nobody can tell.
func TestNvidiaGPUs(t *testing.T) {
	n, err := tree("nvidia").nvidiaGPUs()
	require.NoError(t, err)
	require.Equal(t, 2, n)

	_, err = tree("unified").nvidiaGPUs()
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// docs/resource-model.md §2.7: mount points come from /proc/mounts, whose escapes are undone.
func TestMountPoints(t *testing.T) {
	points, err := tree("unified").mountPoints()
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"/proc": true, "/": true, "/mnt/two words": true, `/mnt/back\slash`: true}, points)

	_, err = tree("legacy").mountPoints()
	require.ErrorIs(t, err, fs.ErrNotExist)

	require.Equal(t, `a\9bc\04`, unescapeMount(`a\9bc\04`), "not an escape")
	require.Equal(t, `\777`, unescapeMount(`\777`), "no byte")
}

// docs/resource-model.md §2.6: the kernel's release is one line of text.
func TestKernelRelease(t *testing.T) {
	release, err := tree("unified").kernelRelease()
	require.NoError(t, err)
	require.Equal(t, "6.12.9-small", release)
	_, err = tree("legacy").kernelRelease()
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// docs/resource-model.md §2.7: no file of the host is read without a bound.
func TestProcFilesAreBounded(t *testing.T) {
	_, err := procFS{fstest.MapFS{"proc/mounts": {Data: make([]byte, maxProcBytes+1)}}}.mountPoints()
	require.ErrorIs(t, err, ErrTooLarge)
}

// docs/resource-model.md §2.7: the clamp takes the tightest limit of the group and those above it, in both versions.
func TestCgroupLimits(t *testing.T) {
	for name, want := range map[string]CgroupLimits{
		"unified":   {CPUs: 1500, MemoryBytes: 4 * gib}, // the slice's 150000/100000 and 4 GiB, though the group has 8 GiB and 4 processors
		"legacy":    {CPUs: 2000, MemoryBytes: gib},     // two effective processors, though the quota is 250000/100000
		"unlimited": {},
	} {
		got, err := tree(name).cgroupLimits()
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
	}
	_, err := tree("broken").cgroupLimits()
	require.ErrorIs(t, err, errMalformed)
	require.ErrorContains(t, err, "/sys/fs/cgroup/cpu.max")
	_, err = tree("nvidia").cgroupLimits()
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// docs/resource-model.md §2.7: quotas in thousandths, downwards, but never to nothing.
func TestCgroupQuota(t *testing.T) {
	for _, c := range []struct {
		quota, period string
		want          resource.Scalar
	}{
		{"max", "100000", 0},
		{"-1", "100000", 0},
		{"50000", "100000", 500},
		{"100000", "30000", 3333},
		{"1", "1000000", 1},
		{"18446744073709551615", "1", 0},
		{"18446744073709551615", "1000", resource.MaxScalar},
	} {
		var l CgroupLimits
		require.NoError(t, l.quota(c.quota, c.period))
		require.Equal(t, c.want, l.CPUs, "%s/%s", c.quota, c.period)
	}
	for _, bad := range [][2]string{{"0", "1"}, {"1", "0"}, {"x", "1"}, {"1", "x"}, {"-2", "1"}} {
		require.ErrorIs(t, new(CgroupLimits).quota(bad[0], bad[1]), errMalformed)
	}
}

// docs/resource-model.md §2.7: limits of memory are bytes; "max" and version 1's default are none.
func TestCgroupMemory(t *testing.T) {
	var l CgroupLimits
	for _, text := range []string{"max", "9223372036854771712", "300", "200", "250"} {
		require.NoError(t, l.memory(text))
	}
	require.Equal(t, uint64(200), l.MemoryBytes)
	for _, text := range []string{"0", "-1", "lots", ""} {
		require.ErrorIs(t, l.memory(text), errMalformed, text)
	}
}

// docs/resource-model.md §2.7: where the directories of a group lie, given what of the hierarchy is mounted where.
func TestCgroupUpwards(t *testing.T) {
	for _, c := range []struct {
		point, root, group string
		want               []string
	}{
		{"/sys/fs/cgroup", "/", "/", []string{"sys/fs/cgroup"}},
		{"/sys/fs/cgroup", "/", "/a/b", []string{"sys/fs/cgroup/a/b", "sys/fs/cgroup/a", "sys/fs/cgroup"}},
		{"/cg", "/docker/x", "/docker/x", []string{"cg"}},
		{"/cg", "/docker/x", "/docker/x/y", []string{"cg/y", "cg"}},
		{"/cg", "/docker/x", "/docker/xy", []string{"cg"}}, // another group
		{"/cg", "/", "/../../up", []string{"cg/up", "cg"}},
		{"/", "/", "/a", []string{"a", "."}},
	} {
		require.Equal(t, c.want, groupMount{c.point, c.root}.upwards(c.group), "%v", c)
	}
}

// docs/resource-model.md §2.7: lines that are no membership are refused; mounts that are no control group are passed over.
func TestCgroupFiles(t *testing.T) {
	files := fstest.MapFS{
		"proc/self/cgroup":    {Data: []byte("nonsense\n")},
		"proc/self/mountinfo": {Data: []byte("short - cgroup2\n\n1 2 3 / /a rw - cgroup2 c rw\n9 2 3 / /b rw - cgroup2 c rw\n")},
	}
	_, err := procFS{files}.cgroupLimits()
	require.ErrorIs(t, err, errMalformed)

	files["proc/self/cgroup"].Data = []byte("0::/\n")
	files["a/memory.max"] = &fstest.MapFile{Data: []byte("77\n")}
	files["b/memory.max"] = &fstest.MapFile{Data: []byte("66\n")}
	l, err := procFS{files}.cgroupLimits()
	require.NoError(t, err)
	require.Equal(t, CgroupLimits{MemoryBytes: 77}, l, "the first mount counts")
}

// docs/resource-model.md §2.7: a limit that cannot be read is a failed probe, told with its file; never "no limit".
func TestMalformedCgroupFiles(t *testing.T) {
	const all = "3:memory:/\n2:cpuset:/\n1:cpu:/\n0::/\n"
	const mounts = "1 2 3 / /u rw - cgroup2 c rw\n1 2 3 / /m rw - cgroup c rw,memory\n1 2 3 / /s rw - cgroup c rw,cpuset\n1 2 3 / /c rw - cgroup c rw,cpu\n"
	for name, text := range map[string]string{
		"u/cpu.max":               "100000",
		"u/memory.max":            "much",
		"u/cpuset.cpus.effective": "1-0",
		"c/cpu.cfs_quota_us":      "five",
		"s/cpuset.cpus":           "all",
		"m/memory.limit_in_bytes": "-1",
	} {
		files := fstest.MapFS{
			"proc/self/cgroup":    {Data: []byte(all)},
			"proc/self/mountinfo": {Data: []byte(mounts)},
			"c/cpu.cfs_period_us": {Data: []byte("100000\n")},
			name:                  {Data: []byte(text + "\n")},
		}
		_, err := procFS{files}.cgroupLimits()
		require.ErrorIs(t, err, errMalformed, name)
		require.ErrorContains(t, err, "/"+name)

		files[name].Data = make([]byte, maxProcBytes+1)
		_, err = procFS{files}.cgroupLimits()
		require.ErrorIs(t, err, ErrTooLarge, name)
	}
	_, err := procFS{fstest.MapFS{
		"proc/self/cgroup":    {Data: []byte(all)},
		"proc/self/mountinfo": {Data: []byte(mounts)},
		"c/cpu.cfs_quota_us":  {Data: []byte("1")},
	}}.cgroupLimits()
	require.ErrorIs(t, err, fs.ErrNotExist, "a quota without its period")
	_, err = procFS{fstest.MapFS{"proc/self/cgroup": {Data: []byte(all)}}}.cgroupLimits()
	require.ErrorIs(t, err, fs.ErrNotExist, "no mounts")
}
