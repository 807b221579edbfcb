package detect

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/proffer-go/proffer/resource"
)

// Names of the probes, as they appear in Measurement.Probe and ProbeFailure.Probe. A fact's probe bears the name of its attribute.
const (
	ProbeCPUs   = "cpus"
	ProbeMem    = "mem"
	ProbeDisk   = "disk"
	ProbeGPUs   = "gpus"
	ProbeCgroup = "cgroup"
)

// Errors of probes; both come wrapped with the name of the probe.
var (
	// ErrUnsupported says that this build has no way to measure what the probe is named after. State the figure instead.
	ErrUnsupported = errors.New("detect: no such probe on this platform")
	// ErrProbe says that a probe failed whose figure no constant can stand for (gpus).
	ErrProbe = errors.New("detect: probe failed")
)

// Prober measures one machine (docs/resource-model.md §2.7). Host calls one method at a time, each at most once.
// A method answers what it measured or an error, never a guess. The context can end a probe early if the prober looks
// at it; those of System are single system calls and do not.
type Prober interface {
	// CPUs counts the processors that are online, whatever this process may use of them.
	CPUs(ctx context.Context) (int, error)
	// MemoryBytes is the size of physical memory.
	MemoryBytes(ctx context.Context) (uint64, error)
	// DiskBytes is the size, not the free space, of the filesystem that holds path.
	DiskBytes(ctx context.Context, path string) (uint64, error)
	// GPUs counts devices; asked only where Options.GPUs.Enabled is set.
	GPUs(ctx context.Context) (int, error)
}

// CgroupProber is what a Prober also implements to serve Options.ClampToCgroup.
type CgroupProber interface {
	CgroupLimits(ctx context.Context) (CgroupLimits, error)
}

// FactProber is what a Prober also implements to give host attributes.
type FactProber interface {
	// Facts lists what is known, in the order the attributes shall have.
	Facts(ctx context.Context) []Fact
}

// CgroupLimits is the tightest limit of the process's control groups and all groups above them; 0 is no limit.
type CgroupLimits struct {
	CPUs        resource.Scalar // thousandths of a processor
	MemoryBytes uint64
}

// Fact is one attribute-to-be, or the reason why it is not known.
type Fact struct {
	Name string // of the attribute
	Text string // any bytes: what the grammar of attributes cannot hold is replaced by spaces
	Err  error  // non-nil: Text is void
}

// Fixed is a Prober that answers with its fields: for tests, and for hosts whose figures are known from elsewhere.
type Fixed struct {
	Processors int
	Memory     uint64 // bytes
	Disk       uint64 // bytes, for every path
	Devices    int
	Limits     CgroupLimits
	Known      []Fact
	Broken     map[string]error // name of a probe → its error
}

var (
	_ Prober       = Fixed{}
	_ CgroupProber = Fixed{}
	_ FactProber   = Fixed{}
)

// CPUs answers Processors.
func (f Fixed) CPUs(context.Context) (int, error) { return f.Processors, f.Broken[ProbeCPUs] }

// MemoryBytes answers Memory.
func (f Fixed) MemoryBytes(context.Context) (uint64, error) { return f.Memory, f.Broken[ProbeMem] }

// DiskBytes answers Disk.
func (f Fixed) DiskBytes(context.Context, string) (uint64, error) { return f.Disk, f.Broken[ProbeDisk] }

// GPUs answers Devices.
func (f Fixed) GPUs(context.Context) (int, error) { return f.Devices, f.Broken[ProbeGPUs] }

// CgroupLimits answers Limits.
func (f Fixed) CgroupLimits(context.Context) (CgroupLimits, error) {
	return f.Limits, f.Broken[ProbeCgroup]
}

// Facts answers Known.
func (f Fixed) Facts(context.Context) []Fact { return f.Known }

func unsupported(probe string) error {
	return fmt.Errorf("%w: %s on %s/%s", ErrUnsupported, probe, runtime.GOOS, runtime.GOARCH)
}
