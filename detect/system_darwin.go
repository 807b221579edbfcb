package detect

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"
)

// System measures this host: processors and memory through sysctl, filesystems through statfs. GPUs and control groups are ErrUnsupported.
func System() Prober { return darwin{} }

type darwin struct{}

var (
	_ Prober       = darwin{}
	_ CgroupProber = darwin{}
	_ FactProber   = darwin{}
)

func (darwin) CPUs(context.Context) (int, error) {
	n, err := unix.SysctlUint32("hw.activecpu")
	if err != nil {
		return 0, fmt.Errorf("cpus: hw.activecpu: %w", err)
	}
	return int(n), nil
}

func (darwin) MemoryBytes(context.Context) (uint64, error) {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0, fmt.Errorf("mem: hw.memsize: %w", err)
	}
	return n, nil
}

func (darwin) DiskBytes(_ context.Context, path string) (uint64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return 0, fmt.Errorf("disk: statfs %q: %w", path, err)
	}
	return st.Blocks * uint64(st.Bsize), nil
}

func (darwin) GPUs(context.Context) (int, error) { return 0, unsupported(ProbeGPUs) }

func (darwin) CgroupLimits(context.Context) (CgroupLimits, error) {
	return CgroupLimits{}, unsupported(ProbeCgroup)
}

func (darwin) Facts(context.Context) []Fact {
	return hostFacts(func() (string, error) { return unix.Sysctl("kern.osrelease") })
}
