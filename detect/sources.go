package detect

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/proffer-go/proffer/resource"
)

// Errors of CheckSources.
var (
	// ErrSourceKind says that a disk source is neither PATH nor MOUNT.
	ErrSourceKind = errors.New("detect: an agent can only use disk sources of type PATH or MOUNT")
	// ErrSourceRoot says that the root of a disk source is absent, relative or not a directory.
	ErrSourceRoot = errors.New("detect: a disk source needs an absolute path of a directory as root")
	// ErrNotMountPoint says that nothing is mounted at the root of a MOUNT source.
	ErrNotMountPoint = errors.New("detect: nothing is mounted there")
)

// CheckSources holds the disk sources of r against this host before an agent states them (docs/resource-model.md §2.7).
// The root of a MOUNT source must be a mount point, symbolic links resolved. The root of a PATH source is created,
// with its parents, if it is missing: only once every source has passed, so that a refused r leaves no trace.
// Errors name the entry: ErrSourceKind, ErrSourceRoot, ErrNotMountPoint, ErrUnsupported (MOUNT where there is no
// /proc/mounts) or those of the file system.
func CheckSources(r resource.Resources) error { return checkSources(r, procFS{os.DirFS("/")}) }

func checkSources(r resource.Resources, p procFS) error {
	var create []string
	for e := range r.All() {
		if e.Disk == nil || e.Disk.Source == nil {
			continue
		}
		path, err := checkSource(e.Disk.Source, p)
		if err != nil {
			return fmt.Errorf("%w: %v", err, e)
		}
		if path != "" {
			create = append(create, path)
		}
	}
	for _, path := range create {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return fmt.Errorf("detect: creating the root of a PATH source: %w", err)
		}
	}
	return nil
}

// checkSource answers the directory to create, if any.
func checkSource(s *resource.DiskSource, p procFS) (string, error) {
	if s.Type != resource.SourcePath && s.Type != resource.SourceMount {
		return "", ErrSourceKind
	}
	if !filepath.IsAbs(s.Root) {
		return "", fmt.Errorf("%w: root %q", ErrSourceRoot, s.Root)
	}
	if s.Type == resource.SourceMount {
		return "", checkMount(s.Root, p)
	}
	info, err := os.Stat(s.Root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.Root, nil
	case err != nil:
		return "", fmt.Errorf("detect: root of a PATH source: %w", err)
	case !info.IsDir():
		return "", fmt.Errorf("%w: %q is no directory", ErrSourceRoot, s.Root)
	}
	return "", nil
}

func checkMount(root string, p procFS) error {
	points, err := p.mountPoints()
	if errors.Is(err, fs.ErrNotExist) && runtime.GOOS != "linux" {
		return unsupported("mount points")
	}
	if err != nil {
		return err
	}
	resolved, err := filepath.EvalSymlinks(root)
	if err != nil {
		return fmt.Errorf("detect: root of a MOUNT source: %w", err)
	}
	if !points[resolved] {
		return fmt.Errorf("%w: %q", ErrNotMountPoint, root)
	}
	return nil
}
