package detect

import (
	"path"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// FuzzHostFiles gives the probes host files of any content: they answer an error or a figure that can be, and never panic.
//
// docs/resource-model.md §2.7
func FuzzHostFiles(f *testing.F) {
	const (
		mounts = "22 27 0:21 / /proc rw - proc proc rw\n31 23 0:28 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n"
		legacy = "31 23 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n32 23 0:29 /a /sys/fs/cgroup/memory\\040x rw - cgroup cgroup rw,memory\n"
	)
	f.Add("0-3,8", "cpu 1\ncpu0 1\n", "0::/a/b\n", mounts, "150000 100000", "1073741824", "0-1")
	f.Add("", "cpu0\n", "4:cpu,cpuacct:/a\n5:memory:/\n", legacy, "max 100000", "max", "")
	f.Add("3-1", "", "x", "x", "-1", "-1", "a-b")
	f.Fuzz(func(t *testing.T, online, stat, group, mountinfo, quota, memory, cpus string) {
		tree := fstest.MapFS{}
		for name, text := range map[string]string{
			"sys/devices/system/cpu/online": online, "proc/stat": stat, "proc/self/cgroup": group, "proc/self/mountinfo": mountinfo,
			"proc/mounts": mountinfo, "proc/sys/kernel/osrelease": stat,
		} {
			tree[name] = &fstest.MapFile{Data: []byte(text)}
		}
		for _, dir := range []string{"", "a", "a/b"} {
			for name, text := range map[string]string{
				"cpu.max": quota, "memory.max": memory, "cpuset.cpus.effective": cpus,
				"cpu/cpu.cfs_quota_us": quota, "cpu/cpu.cfs_period_us": memory, "memory/memory.limit_in_bytes": memory,
			} {
				tree[path.Join("sys/fs/cgroup", path.Dir(name), dir, path.Base(name))] = &fstest.MapFile{Data: []byte(text)}
			}
		}
		p := procFS{tree}
		for _, count := range []func() (int, error){p.onlineCPUs, p.statCPUs} {
			if n, err := count(); err == nil {
				require.Positive(t, n)
			}
		}
		if l, err := p.cgroupLimits(); err == nil {
			require.GreaterOrEqual(t, int64(l.CPUs), int64(0))
		}
		_, _ = p.mountPoints()
		_, _ = p.kernelRelease()
	})
}
