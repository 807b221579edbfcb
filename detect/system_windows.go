package detect

import (
	"context"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// System measures this host: processors of all groups, physical memory, and volumes. GPUs and control groups are ErrUnsupported.
func System() Prober { return windowsHost{} }

type windowsHost struct{}

var (
	_ Prober       = windowsHost{}
	_ CgroupProber = windowsHost{}
	_ FactProber   = windowsHost{}
)

func (windowsHost) CPUs(context.Context) (int, error) {
	n := windows.GetActiveProcessorCount(windows.ALL_PROCESSOR_GROUPS)
	if n == 0 {
		return 0, fmt.Errorf("cpus: GetActiveProcessorCount answers 0")
	}
	return int(n), nil
}

// memoryStatus is MEMORYSTATUSEX of the Windows API.
type memoryStatus struct {
	length, load                                        uint32
	totalPhys, availPhys                                uint64
	totalPageFile, availPageFile                        uint64
	totalVirtual, availVirtual, availableExtendedMemory uint64
}

var globalMemoryStatusEx = windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")

func (windowsHost) MemoryBytes(context.Context) (uint64, error) {
	if err := globalMemoryStatusEx.Find(); err != nil {
		return 0, fmt.Errorf("mem: %w", err)
	}
	var m memoryStatus
	m.length = uint32(unsafe.Sizeof(m))
	if ok, _, err := globalMemoryStatusEx.Call(uintptr(unsafe.Pointer(&m))); ok == 0 {
		return 0, fmt.Errorf("mem: GlobalMemoryStatusEx: %w", err)
	}
	return m.totalPhys, nil
}

func (windowsHost) DiskBytes(_ context.Context, path string) (uint64, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, fmt.Errorf("disk: %q: %w", path, err)
	}
	var total uint64
	if err := windows.GetDiskFreeSpaceEx(name, nil, &total, nil); err != nil {
		return 0, fmt.Errorf("disk: GetDiskFreeSpaceEx %q: %w", path, err)
	}
	return total, nil
}

func (windowsHost) GPUs(context.Context) (int, error) { return 0, unsupported(ProbeGPUs) }

func (windowsHost) CgroupLimits(context.Context) (CgroupLimits, error) {
	return CgroupLimits{}, unsupported(ProbeCgroup)
}

func (windowsHost) Facts(context.Context) []Fact {
	return hostFacts(func() (string, error) {
		v := windows.RtlGetVersion()
		return fmt.Sprintf("%d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber), nil
	})
}
