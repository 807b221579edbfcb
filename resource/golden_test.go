package resource_test

import (
	"compress/gzip"
	"encoding/json"
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

// golden runs one recorded file: the copy in testdata, and that of the same name in the folder PROFFER_CASES
// if it is set. run returns how many cases it compared and how often each rule of divergence applied.
// want pins those of the copy.
func golden(t *testing.T, name string, want map[string]int, run func(t *testing.T, data []byte) (int, map[string]int)) {
	t.Helper()
	one := func(path string, data []byte, pinned bool) {
		n, applied := run(t, data)
		t.Logf("golden %s: %d cases", name, n)
		require.NotZero(t, n, "%s holds no case that is known here", path)
		for _, rule := range slices.Sorted(maps.Keys(applied)) {
			k := applied[rule]
			t.Logf("  differs by rule %s: %d", rule, k)
			if pinned {
				require.LessOrEqual(t, k*10, n, "rule %s takes more than a tenth of %s", rule, path)
			}
		}
		if pinned {
			require.Equal(t, want, applied, path)
		}
	}
	path := filepath.Join("testdata", name+".gz")
	one(path, unzip(t, path), true)
	if dir := os.Getenv("PROFFER_CASES"); dir != "" {
		path := filepath.Join(dir, name)
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // the folder need not hold every file
			return
		}
		require.NoError(t, err)
		one(path, data, false)
	}
}

func unzip(t *testing.T, path string) []byte {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	data, err := io.ReadAll(z)
	require.NoError(t, err)
	return data
}

func decode(t *testing.T, data []byte, to any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(data, to))
}
