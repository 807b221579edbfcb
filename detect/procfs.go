package detect

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// procFS reads the files under /proc and /sys of a Linux host from any tree of the same shape.
type procFS struct{ tree fs.FS }

const (
	maxProcBytes = 4 << 20 // no file read here comes near it
	maxCPUs      = 1 << 20
)

var errMalformed = errors.New("detect: malformed file")

func (p procFS) read(name string) (string, error) {
	f, err := p.tree.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := readBounded(f, maxProcBytes)
	if err != nil {
		return "", fmt.Errorf("/%s: %w", name, err)
	}
	return string(b), nil
}

// onlineCPUs counts as sysconf(_SC_NPROCESSORS_ONLN) does: the kernel's list, or else the lines of /proc/stat.
func (p procFS) onlineCPUs() (int, error) {
	const list = "sys/devices/system/cpu/online"
	text, err := p.read(list)
	if errors.Is(err, fs.ErrNotExist) {
		return p.statCPUs()
	}
	if err != nil {
		return 0, err
	}
	n, err := countCPUList(text)
	if err == nil && n == 0 {
		err = fmt.Errorf("%w: no processor is listed", errMalformed)
	}
	if err != nil {
		return 0, fmt.Errorf("/%s: %w", list, err)
	}
	return n, nil
}

func (p procFS) statCPUs() (int, error) {
	text, err := p.read("proc/stat")
	if err != nil {
		return 0, err
	}
	n := 0
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "cpu"); ok && rest != "" && '0' <= rest[0] && rest[0] <= '9' {
			n++
		}
	}
	if n == 0 {
		return 0, fmt.Errorf("/proc/stat: %w: no processor is listed", errMalformed)
	}
	return n, nil
}

// countCPUList counts a kernel list such as "0-3,8": ascending, without overlap. An empty one counts 0.
func countCPUList(text string) (int, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return 0, nil
	}
	n, next := 0, uint64(0)
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		b, errB := strconv.ParseUint(first, 10, 32)
		e, errE := strconv.ParseUint(last, 10, 32)
		if errB != nil || errE != nil || b < next || e < b || e >= maxCPUs {
			return 0, fmt.Errorf("%w: processor list %q", errMalformed, text)
		}
		n, next = n+int(e-b)+1, e+1
	}
	return n, nil
}

// nvidiaGPUs counts the devices the NVIDIA driver knows. Without the driver nobody can tell.
func (p procFS) nvidiaGPUs() (int, error) {
	devices, err := fs.ReadDir(p.tree, "proc/driver/nvidia/gpus")
	if err != nil {
		return 0, fmt.Errorf("gpus: no NVIDIA driver answers: %w", err)
	}
	return len(devices), nil
}

func (p procFS) kernelRelease() (string, error) {
	text, err := p.read("proc/sys/kernel/osrelease")
	return strings.TrimSpace(text), err
}

// mountPoints lists where something is mounted, from /proc/mounts.
func (p procFS) mountPoints() (map[string]bool, error) {
	text, err := p.read("proc/mounts")
	if err != nil {
		return nil, err
	}
	points := map[string]bool{}
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) >= 2 {
			points[unescapeMount(fields[1])] = true
		}
	}
	return points, nil
}

// unescapeMount undoes the kernel's writing of space, tab, newline and backslash as \ooo.
func unescapeMount(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
