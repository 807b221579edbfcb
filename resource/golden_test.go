package resource_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/internal/golden"
)

// compareGolden compares one recorded file; want pins how often each rule of divergence applies to the copy in testdata.
func compareGolden(t *testing.T, name string, want map[string]int, run func(t *testing.T, data []byte) (int, map[string]int)) {
	t.Helper()
	golden.Run(t, "testdata", name, want, func(_ string, data []byte) (int, map[string]int) { return run(t, data) })
}

func decode(t *testing.T, data []byte, to any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(data, to))
}
