package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/proffer-go/proffer/offer/agent"
)

// ErrVolume: a path of a volume holds what must not be touched.
var ErrVolume = errors.New("host: volume")

// Volumes carries out an agent's work on volumes and sandboxes (docs/protocol.md §16.2). Live, Do is called from several
// goroutines, for the same path by one at a time.
type Volumes interface {
	// Do does v and returns what kept it from being done.
	Do(v agent.Volume) error
	// Sandbox makes an executor's directory with its parents; one that is there is kept.
	Sandbox(dir string) error
}

// Directories keeps volumes as directories and links them into sandboxes as symbolic links. A read-only use is not
// enforced: that takes a container.
type Directories struct{}

var _ Volumes = Directories{}

// Do does v.
func (Directories) Do(v agent.Volume) error {
	path := filepath.FromSlash(v.Path)
	switch v.Kind {
	case agent.VolumeCreate:
		return os.MkdirAll(path, 0o755)
	case agent.VolumeRemove:
		if v.Mount {
			return empty(path)
		}
		return os.RemoveAll(path)
	case agent.VolumeLink:
		return link(path, filepath.FromSlash(v.Target))
	}
	return fmt.Errorf("%w %q: unknown work %v", ErrVolume, v.Path, v.Kind)
}

// Sandbox makes dir.
func (Directories) Sandbox(dir string) error { return os.MkdirAll(filepath.FromSlash(dir), 0o755) }

// empty removes what a directory holds, not the directory.
func empty(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// link makes path lead to target; a link that is there is replaced.
func link(path, target string) error {
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.Mode()&fs.ModeSymlink == 0:
		return fmt.Errorf("%w: %q is there already and no link; choose another container path", ErrVolume, path)
	case err == nil:
		if err := os.Remove(path); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if target, err = filepath.Abs(target); err != nil {
		return err
	}
	return os.Symlink(target, path)
}

// NoVolumes does nothing and finds it good: for agents whose executors touch no files.
type NoVolumes struct{}

var _ Volumes = NoVolumes{}

// Do does nothing.
func (NoVolumes) Do(agent.Volume) error { return nil }

// Sandbox does nothing.
func (NoVolumes) Sandbox(string) error { return nil }

// volumesFor keeps files only under a named directory.
func volumesFor(workDir string) Volumes {
	if workDir == "" {
		return NoVolumes{}
	}
	return Directories{}
}
