//go:build !linux && !darwin && !windows

package detect

import "context"

// System knows no probe here: each answers ErrUnsupported, so that every figure must be stated or is a named constant.
func System() Prober { return unknown{} }

type unknown struct{}

func (unknown) CPUs(context.Context) (int, error) { return 0, unsupported(ProbeCPUs) }

func (unknown) MemoryBytes(context.Context) (uint64, error) { return 0, unsupported(ProbeMem) }

func (unknown) DiskBytes(context.Context, string) (uint64, error) { return 0, unsupported(ProbeDisk) }

func (unknown) GPUs(context.Context) (int, error) { return 0, unsupported(ProbeGPUs) }

func (unknown) CgroupLimits(context.Context) (CgroupLimits, error) {
	return CgroupLimits{}, unsupported(ProbeCgroup)
}

func (unknown) Facts(context.Context) []Fact {
	return hostFacts(func() (string, error) { return "", unsupported(FactKernel) })
}
