package detect

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
)

// mounted is a host with the given mount points.
func mounted(points ...string) procFS {
	var b strings.Builder
	for _, p := range points {
		b.WriteString("/dev/x " + strings.ReplaceAll(p, " ", `\040`) + " ext4 rw 0 0\n")
	}
	return procFS{fstest.MapFS{"proc/mounts": {Data: []byte(b.String())}}}
}

func disks(t *testing.T, sources ...resource.DiskSource) resource.Resources {
	all := resource.MustParse("cpus:1;disk:5") // neither has a source
	for _, s := range sources {
		r, err := resource.New(resource.Resource{Name: "disk", Kind: resource.KindScalar, Scalar: 1000, Disk: &resource.Disk{Source: &s}})
		require.NoError(t, err)
		all = all.Add(r)
	}
	return all
}

// realDir is a directory without symbolic links in its path.
func realDir(t *testing.T) string {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	return dir
}

// docs/resource-model.md §2.7: the root of a PATH source is created if it is missing, parents too.
func TestPathRootIsCreated(t *testing.T) {
	root := filepath.Join(realDir(t), "a", "b")
	r := disks(t, resource.DiskSource{Type: resource.SourcePath, Root: root})
	for range 2 { // and is left alone once it is there
		require.NoError(t, checkSources(r, mounted()))
		require.DirExists(t, root)
	}
}

// docs/resource-model.md §2.7: a root is required; ours must be absolute, and a directory where it exists.
func TestSourceRoots(t *testing.T) {
	file := filepath.Join(realDir(t), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, s := range []resource.DiskSource{
		{Type: resource.SourcePath},
		{Type: resource.SourceMount},
		{Type: resource.SourcePath, Root: "relative"},
		{Type: resource.SourceMount, Root: "relative"},
		{Type: resource.SourcePath, Root: file},
	} {
		err := checkSources(disks(t, s), mounted())
		require.ErrorIs(t, err, ErrSourceRoot, "%+v", s)
		require.ErrorContains(t, err, "disk", "the entry is named")
	}
	require.Error(t, checkSources(disks(t, resource.DiskSource{Type: resource.SourcePath, Root: filepath.Join(file, "below")}), mounted()))
}

// docs/resource-model.md §2.7: the real path of a MOUNT root must be a mount point in /proc/mounts.
func TestMountRoot(t *testing.T) {
	dir := realDir(t)
	mount, plain, link := filepath.Join(dir, "two words"), filepath.Join(dir, "plain"), filepath.Join(dir, "link")
	require.NoError(t, os.Mkdir(mount, 0o700))
	require.NoError(t, os.Mkdir(plain, 0o700))
	require.NoError(t, os.Symlink(mount, link))
	check := func(root string) error {
		return checkSources(disks(t, resource.DiskSource{Type: resource.SourceMount, Root: root}), mounted("/", mount))
	}
	require.NoError(t, check(mount))
	require.NoError(t, check(link))
	require.NoError(t, check(mount+string(filepath.Separator)))
	require.ErrorIs(t, check(plain), ErrNotMountPoint)
	require.ErrorIs(t, check(filepath.Join(dir, "none")), os.ErrNotExist)
	require.NoDirExists(t, filepath.Join(dir, "none"))
}

// docs/resource-model.md §2.7: BLOCK and RAW sources are refused.
func TestBlockAndRawAreRefused(t *testing.T) {
	for _, kind := range []resource.SourceType{resource.SourceBlock, resource.SourceRaw} {
		require.ErrorIs(t, checkSources(disks(t, resource.DiskSource{Type: kind, ID: "x"}), mounted()), ErrSourceKind)
	}
}

// docs/resource-model.md §2.7: a refused set of sources leaves no directory behind.
func TestNothingIsCreatedForRefusedSources(t *testing.T) {
	dir := realDir(t)
	roots := []string{filepath.Join(dir, "a"), filepath.Join(dir, "z")}
	err := checkSources(disks(t,
		resource.DiskSource{Type: resource.SourcePath, Root: roots[0]},
		resource.DiskSource{Type: resource.SourceMount, Root: dir},
		resource.DiskSource{Type: resource.SourcePath, Root: roots[1]},
	), mounted("/"))
	require.ErrorIs(t, err, ErrNotMountPoint)
	for _, root := range roots {
		require.NoDirExists(t, root)
	}
}
