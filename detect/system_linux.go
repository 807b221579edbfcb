package detect

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os"

	"golang.org/x/sys/unix"
)

// System measures this host: processors, control groups and NVIDIA devices from /proc and /sys, memory and filesystems by system call.
func System() Prober { return linux{procFS{os.DirFS("/")}} }

type linux struct{ files procFS }

var (
	_ Prober       = linux{}
	_ CgroupProber = linux{}
	_ FactProber   = linux{}
)

func (l linux) CPUs(context.Context) (int, error) { return l.files.onlineCPUs() }

func (l linux) MemoryBytes(context.Context) (uint64, error) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0, fmt.Errorf("mem: sysinfo: %w", err)
	}
	total, err := product(uint64(info.Totalram), uint64(info.Unit))
	if err != nil {
		return 0, fmt.Errorf("mem: sysinfo: %w", err)
	}
	return total, nil
}

func (l linux) DiskBytes(_ context.Context, path string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, fmt.Errorf("disk: statfs %q: %w", path, err)
	}
	fragment := st.Frsize
	if fragment == 0 {
		fragment = st.Bsize // as old kernels and some filesystems have it
	}
	total, err := product(st.Blocks, uint64(fragment))
	if err != nil {
		return 0, fmt.Errorf("disk: statfs %q: %w", path, err)
	}
	return total, nil
}

func (l linux) GPUs(context.Context) (int, error) { return l.files.nvidiaGPUs() }

func (l linux) CgroupLimits(context.Context) (CgroupLimits, error) { return l.files.cgroupLimits() }

func (l linux) Facts(context.Context) []Fact { return hostFacts(l.files.kernelRelease) }

var errNoSize = errors.New("the kernel gives no usable size")

// product is the size in bytes; 0 (a pseudo filesystem) or more than 64 bits is no measurement.
func product(n, unit uint64) (uint64, error) {
	hi, lo := bits.Mul64(n, unit)
	if hi != 0 || lo == 0 {
		return 0, fmt.Errorf("%w: %d units of %d bytes", errNoSize, n, unit)
	}
	return lo, nil
}
