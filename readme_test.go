package proffer_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestReadmeProgramIsTheExample holds the README's program and its output, word for word, against the Example that
// runs: only the package clause and the function's name differ.
func TestReadmeProgramIsTheExample(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	source, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	code, output, found := strings.Cut(string(source), "\t// Output:\n")
	require.True(t, found)
	code = strings.Replace(code, "package proffer_test", "package main", 1)
	code = strings.Replace(code, "func Example()", "func main()", 1) + "}\n"
	require.Contains(t, string(readme), "```go\n"+code+"```\n")
	output = strings.TrimSuffix(strings.ReplaceAll(output, "\t// ", ""), "}\n")
	require.Contains(t, string(readme), "```\n"+output+"```\n")
}

// TestReadmeCommands holds that the README names, first and second, the command that runs the main job and the one that
// passes the tests, and that the sections it points to are there.
func TestReadmeCommands(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	commands := regexp.MustCompile(`(?m)^go (?:run|test) .*$`).FindAllString(string(readme), -1)
	require.Equal(t, []string{"go run ./cmd/proffer demo", "go test ./..."}, commands)
	for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(string(readme), -1) {
		_, err := os.Stat(link[1])
		require.NoError(t, err)
	}
}
