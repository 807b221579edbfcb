package detect

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
)

func fileURL(path string) string {
	path = filepath.ToSlash(path)
	return "file:///" + strings.TrimPrefix(path, "/")
}

// docs/resource-model.md §2.4: inline text and JSON stay as they are, file:///path gives the file's content.
func TestReadSource(t *testing.T) {
	for _, text := range []string{"", "cpus:1", ` [{"name":"file:///etc"}]`, "file:1", "file:/etc/hosts"} {
		got, err := ReadSource(text)
		require.NoError(t, err)
		require.Equal(t, text, got)
	}
	name := filepath.Join(t.TempDir(), "100% ours")
	require.NoError(t, os.WriteFile(name, []byte("cpus:1\n"), 0o600))
	got, err := ReadSource(" " + fileURL(name) + "\n")
	require.NoError(t, err)
	require.Equal(t, "cpus:1\n", got)
}

// docs/resource-model.md §2.4: a file source names an absolute path of a readable file.
func TestReadSourceErrors(t *testing.T) {
	for _, text := range []string{"file://", "file://etc/hosts"} {
		_, err := ReadSource(text)
		require.ErrorIs(t, err, resource.ErrSyntax, text)
	}
	dir := t.TempDir()
	_, err := ReadSource(fileURL(filepath.Join(dir, "none")))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = ReadSource(fileURL(dir))
	require.ErrorContains(t, err, "detect: reading the source", "a directory")
}

// docs/resource-model.md §2.4: a file is read up to a bound.
func TestReadSourceIsBounded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "large")
	require.NoError(t, os.WriteFile(name, nil, 0o600))
	require.NoError(t, os.Truncate(name, MaxSourceBytes))
	got, err := ReadSource(fileURL(name))
	require.NoError(t, err)
	require.Len(t, got, MaxSourceBytes)

	require.NoError(t, os.Truncate(name, MaxSourceBytes+1))
	_, err = ReadSource(fileURL(name))
	require.ErrorIs(t, err, ErrTooLarge)
}
