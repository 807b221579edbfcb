package simulate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/internal/mutant"
)

// root is the module's folder as seen from here: what the faults of testdata/mutants name files from.
var root = filepath.Join("..", "..", "..")

// mutants lists the faults of testdata/mutants.
func mutants(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "mutants", "*.patch"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(paths), 12)
	return paths
}

// mutate applies one: the files that have it, by their names from root.
func mutate(t *testing.T, path string) (text string, changed map[string]string) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	changed, err = mutant.Apply(string(data), func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(root, name)) })
	require.NoError(t, err, path)
	return string(data), changed
}

// Every fault of testdata/mutants still applies: each is a wrong version of one place of the machines. That the simulation
// notices them all is a test of its own, built with the tag mutants: it builds the command once for each.
//
// docs/protocol.md §19
func TestMutantsApply(t *testing.T) {
	for _, path := range mutants(t) {
		_, changed := mutate(t, path)
		require.NotEmpty(t, changed)
	}
}
