package detect

import (
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"path"
	"strconv"
	"strings"

	"github.com/proffer-go/proffer/resource"
)

// maxGroupDepth bounds the walk from a control group up to its mount point.
const maxGroupDepth = 256

// cgroupLimits finds the tightest limits on this process, in both versions of control groups and in hosts that mix them.
func (p procFS) cgroupLimits() (CgroupLimits, error) {
	groups, err := p.groups()
	if err != nil {
		return CgroupLimits{}, fmt.Errorf("cgroup: %w", err)
	}
	var l CgroupLimits
	for _, read := range []func(groupDirs, *CgroupLimits) error{p.cpuQuotas, p.cpuSets, p.memoryLimits} {
		if err := read(groups, &l); err != nil {
			return CgroupLimits{}, fmt.Errorf("cgroup: %w", err)
		}
	}
	return l, nil
}

// groupDirs maps a controller of version 1, or "" for version 2, to the directories of the process's group and of
// those above it, nearest first.
type groupDirs map[string][]string

// groups joins which group this process is in (/proc/self/cgroup) with where the hierarchies are mounted.
func (p procFS) groups() (groupDirs, error) {
	membership, err := p.read("proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	mountinfo, err := p.read("proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	mounts := groupMounts(mountinfo)
	dirs := groupDirs{}
	for line := range strings.Lines(membership) {
		fields := strings.SplitN(strings.TrimRight(line, "\n"), ":", 3)
		if len(fields) != 3 {
			return nil, fmt.Errorf("/proc/self/cgroup: %w: line %q", errMalformed, line)
		}
		for controller := range strings.SplitSeq(fields[1], ",") {
			if m, ok := mounts[controller]; ok {
				dirs[controller] = m.upwards(fields[2])
			}
		}
	}
	return dirs, nil
}

// groupMount is one mounted hierarchy: where, and which of its groups is seen there.
type groupMount struct{ point, root string }

// groupMounts reads the lines "id parent dev root point options … - type source super-options" of mountinfo.
// Where a hierarchy is mounted twice the first mount is taken.
func groupMounts(mountinfo string) map[string]groupMount {
	mounts := map[string]groupMount{}
	for line := range strings.Lines(mountinfo) {
		left, right, ok := strings.Cut(line, " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		if !ok || len(l) < 5 || len(r) < 3 {
			continue
		}
		m := groupMount{point: unescapeMount(l[4]), root: unescapeMount(l[3])}
		switch r[0] {
		case "cgroup2":
			addMount(mounts, "", m)
		case "cgroup":
			for option := range strings.SplitSeq(r[2], ",") {
				addMount(mounts, option, m)
			}
		}
	}
	return mounts
}

func addMount(mounts map[string]groupMount, controller string, m groupMount) {
	if _, taken := mounts[controller]; !taken {
		mounts[controller] = m
	}
}

// upwards lists the directories of group and its ancestors as far as the mount shows them, as names for an fs.FS.
// A group outside of what is mounted (seen from another namespace) leaves only the mount point.
func (m groupMount) upwards(group string) []string {
	point := strings.Trim(path.Clean(m.point), "/")
	if point == "" {
		point = "."
	}
	rel, below := strings.CutPrefix(path.Clean(group), strings.TrimSuffix(path.Clean(m.root), "/"))
	if !below || strings.HasPrefix(rel, "/..") || (rel != "" && rel[0] != '/') {
		rel = ""
	}
	dirs := []string{}
	for dir := path.Join(point, rel); len(dirs) < maxGroupDepth; dir = path.Dir(dir) {
		dirs = append(dirs, dir)
		if dir == point || dir == "." {
			break
		}
	}
	return dirs
}

// each calls use with the content of every file of that name which exists in dirs, blank ones left out.
func (p procFS) each(dirs []string, file string, use func(dir, text string) error) error {
	for _, dir := range dirs {
		text, err := p.read(path.Join(dir, file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if err := use(dir, text); err != nil {
			return fmt.Errorf("/%s/%s: %w", dir, file, err)
		}
	}
	return nil
}

func (p procFS) cpuQuotas(g groupDirs, l *CgroupLimits) error {
	err := p.each(g[""], "cpu.max", func(_, text string) error {
		fields := strings.Fields(text)
		if len(fields) != 2 {
			return fmt.Errorf("%w: %q", errMalformed, text)
		}
		return l.quota(fields[0], fields[1])
	})
	if err != nil {
		return err
	}
	return p.each(g["cpu"], "cpu.cfs_quota_us", func(dir, quota string) error {
		period, err := p.read(path.Join(dir, "cpu.cfs_period_us"))
		if err != nil {
			return err
		}
		return l.quota(quota, strings.TrimSpace(period))
	})
}

// quota takes over so many microseconds per period; "max" and "-1" are no limit.
func (l *CgroupLimits) quota(quota, period string) error {
	if quota == "max" || quota == "-1" {
		return nil
	}
	q, errQ := strconv.ParseUint(quota, 10, 64)
	p, errP := strconv.ParseUint(period, 10, 64)
	if errQ != nil || errP != nil || q == 0 || p == 0 {
		return fmt.Errorf("%w: quota %q per period %q", errMalformed, quota, period)
	}
	hi, lo := bits.Mul64(q, 1000)
	if hi >= p {
		return nil // above 2^64 thousandths: no limit on anything
	}
	thousandths, _ := bits.Div64(hi, lo, p)
	l.cpus(max(thousandths, 1))
	return nil
}

// cpuSets takes the nearest set alone: those above it hold it already.
func (p procFS) cpuSets(g groupDirs, l *CgroupLimits) error {
	for _, f := range []struct{ controller, file string }{
		{"", "cpuset.cpus.effective"}, {"cpuset", "cpuset.effective_cpus"}, {"cpuset", "cpuset.cpus"},
	} {
		err := p.each(g[f.controller], f.file, func(_, text string) error {
			n, err := countCPUList(text)
			l.cpus(uint64(n) * 1000)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p procFS) memoryLimits(g groupDirs, l *CgroupLimits) error {
	use := func(_, text string) error { return l.memory(text) }
	if err := p.each(g[""], "memory.max", use); err != nil {
		return err
	}
	return p.each(g["memory"], "memory.limit_in_bytes", use)
}

// unlimitedMemory is where version 1 begins to mean "no limit": its default is the greatest int64 less a part of a page.
const unlimitedMemory = 1 << 62

func (l *CgroupLimits) memory(text string) error {
	if text == "max" {
		return nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n == 0 {
		return fmt.Errorf("%w: limit %q", errMalformed, text)
	}
	if n < unlimitedMemory && (l.MemoryBytes == 0 || n < l.MemoryBytes) {
		l.MemoryBytes = n
	}
	return nil
}

func (l *CgroupLimits) cpus(thousandths uint64) {
	n := resource.Scalar(min(thousandths, uint64(resource.MaxScalar)))
	if n > 0 && (l.CPUs == 0 || n < l.CPUs) {
		l.CPUs = n
	}
}
