// Package golden takes the name of a recorded file and a comparison, and gives a test that runs the comparison over the
// copy in testdata and over the file of that name in the folder that PROFFER_CASES names.
//
// Only tests import it.
package golden

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Run compares the copy dir/name.gz and, where PROFFER_CASES is set and its folder has one, the file of that name there.
//
// compare returns how many cases it really compared, and how often each rule applied by which we answer otherwise than
// the recording; it fails t where an answer is wrong. Run logs both. It fails where a file held no case, where a rule takes
// more than a tenth of the copy, and where the rules did not apply to the copy as often as pinned says (nil: never).
func Run(t testing.TB, dir, name string, pinned map[string]int, compare func(path string, data []byte) (cases int, diverged map[string]int)) {
	t.Helper()
	one := func(path string) (cases int, diverged map[string]int) {
		data, err := Read(path)
		require.NoError(t, err)
		cases, diverged = compare(path, data)
		t.Logf("golden %s: %d cases", name, cases)
		require.NotZero(t, cases, "%s holds no case that is known here", path)
		for _, rule := range slices.Sorted(maps.Keys(diverged)) {
			t.Logf("  differs by rule %s: %d", rule, diverged[rule])
		}
		return cases, diverged
	}
	path := filepath.Join(dir, name+".gz")
	cases, diverged := one(path)
	require.Len(t, diverged, len(pinned), "%s: rules that applied: %v", path, diverged)
	for rule, n := range diverged {
		require.Equal(t, pinned[rule], n, "%s: rule %s", path, rule)
		require.LessOrEqual(t, n*10, cases, "rule %s takes more than a tenth of %s", rule, path)
	}
	if path, ok := more(t, name); ok {
		one(path)
	}
}

// more is the file of that name in the folder that PROFFER_CASES names; the folder need not hold every file.
func more(t testing.TB, name string) (path string, ok bool) {
	dir := os.Getenv("PROFFER_CASES")
	if dir == "" {
		return "", false
	}
	path = filepath.Join(dir, name)
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false
	}
	require.NoError(t, err)
	return path, true
}

// Read reads a file, and unpacks it if it is compressed, whatever its name.
func Read(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, err
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
