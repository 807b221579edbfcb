package proffer_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadmeTestIsTheOneThatRuns holds the README's test of a scheduler, word for word, against the one that runs in
// offer/offertest: only the package clause differs.
func TestReadmeTestIsTheOneThatRuns(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	source, err := os.ReadFile("offer/offertest/first_test.go")
	require.NoError(t, err)
	code := strings.Replace(string(source), "package offertest_test", "package web_test", 1)
	require.Contains(t, string(readme), "## Test your scheduler\n")
	require.Contains(t, string(readme), "```go\n"+code+"```\n")
}
