package scenario_test

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/scenario"
)

var goldenFiles = []string{"allocator_examples.json", "allocator.json", "allocator_random_more.json"}

// goldenPaths are the copies kept by package offer and, where it is there, the file of the same name in PROFFER_CASES.
func goldenPaths(name string) []string {
	paths := []string{filepath.Join("..", "testdata", name+".gz")}
	if dir := os.Getenv("PROFFER_CASES"); dir != "" {
		more := filepath.Join(dir, name)
		if _, err := os.Stat(more); err == nil {
			paths = append(paths, more)
		}
	}
	return paths
}

func readFile(t testing.TB, path string) scenario.File {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		in, err = gzip.NewReader(f)
		require.NoError(t, err)
	}
	data, err := io.ReadAll(in)
	require.NoError(t, err)
	parsed, err := scenario.Parse(data, scenario.Bounds{})
	require.NoError(t, err, path)
	return parsed
}

// check plays a case and compares every step and the end with the record; the allocator's books hold after every step.
func check(c *scenario.Case, cfg scenario.Config) (steps int, err error) {
	r, err := scenario.New(c, cfg)
	if err != nil {
		return 0, err
	}
	for r.More() {
		s := r.Step()
		res, err := r.Next()
		if err == nil {
			err = res.Compare(s)
		}
		if err := errors.Join(err, r.Allocator().Check()); err != nil {
			return steps, err
		}
		steps++
	}
	f, err := r.Final()
	if err == nil && c.Final != nil {
		err = f.Compare(c.Final)
	}
	return steps, err
}

// docs/allocation.md §0: under the reference's rules every recorded step has one right answer.
func TestGoldenScenarios(t *testing.T) {
	for _, name := range goldenFiles {
		for _, path := range goldenPaths(name) {
			f := readFile(t, path)
			compared, steps := 0, 0
			for i := range f.Cases {
				n, err := check(&f.Cases[i], scenario.Strict())
				if err != nil {
					t.Errorf("%s: %s: %v", path, f.Cases[i].Name, err)
					continue
				}
				compared++
				steps += n
			}
			t.Logf("golden %s: %d cases", name, compared)
			require.NotZero(t, steps, path)
		}
	}
}
