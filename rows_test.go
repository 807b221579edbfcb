package proffer_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rowSections are the sections of docs/protocol.md whose tables are held row by row: each has a test that names it.
var rowSections = []string{"3.1", "4.5", "6", "7", "8", "12", "17", "18.1", "19"}

// notTested are rows of those tables that nothing can bring about yet. A row leaves with its test.
var notTested = map[string][]string{
	"7": {"CREATE_DISK, DESTROY_DISK"}, // an operation that Go has no value for
}

// TestEveryRowIsNamed reads docs/protocol.md and the tests: for every row of those tables some test has a comment line
//
//	// docs/protocol.md §<section> … <row> …
//
// where <row> is how the row begins: its first cell, or the first two as "one: two" where the first alone says too little.
// Forty bytes of it are enough. Of a row of §18.1 each thing that it bounds is named.
func TestEveryRowIsNamed(t *testing.T) {
	text, err := os.ReadFile("docs/protocol.md")
	require.NoError(t, err)
	named := citingLines(t)
	for _, section := range rowSections {
		rows := tableRows(string(text), section)
		require.NotEmpty(t, rows, "§%s has no table", section)
		missing := 0
		for _, row := range rows {
			if !strings.Contains(named[section], row) {
				missing++
				if !contains(notTested[section], row) {
					t.Errorf("docs/protocol.md §%s: no test names the row %q", section, row)
				}
			} else if contains(notTested[section], row) {
				t.Errorf("docs/protocol.md §%s: %q is in notTested, and a test names it", section, row)
			}
		}
		t.Logf("§%s: %d of %d rows are named by a test", section, len(rows)-missing, len(rows))
	}
}

func contains(list []string, row string) bool {
	for _, s := range list {
		if strings.HasPrefix(s, row) {
			return true
		}
	}
	return false
}

var parenthesis = regexp.MustCompile(`\([^)]*\)`)

var sectionOf = regexp.MustCompile(`(?m)^#{2,4} (\d+(?:\.\d+)*)\.? .*$`)

// sectionText is what stands between the heading of a section and the next heading.
func sectionText(text, section string) string {
	found := sectionOf.FindAllStringSubmatchIndex(text, -1)
	for i, m := range found {
		if text[m[2]:m[3]] != section {
			continue
		}
		if i+1 < len(found) {
			return text[m[1]:found[i+1][0]]
		}
		return text[m[1]:]
	}
	return ""
}

// tableRows lists how each row of a section's tables is named.
func tableRows(text, section string) (rows []string) {
	body := false
	for _, line := range strings.Split(sectionText(text, section), "\n") {
		switch {
		case !strings.HasPrefix(line, "|"):
			body = false
		case strings.HasPrefix(line, "|---"):
			body = true
		case body:
			rows = append(rows, rowNames(section, line)...)
		}
	}
	return rows
}

func rowNames(section, line string) (names []string) {
	cells := strings.Split(strings.Trim(line, "|"), " | ")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	switch name := cells[0]; {
	case section == "18.1":
		names = strings.Split(name, "; ")
	case section == "6", section == "8" && !strings.HasPrefix(name, "TASK_") && !strings.HasSuffix(name, ")"), section == "8" && name == "(new)":
		names = []string{name + ": " + cells[1]}
	case section == "12":
		names = []string{cells[1]}
	case section == "17":
		name = parenthesis.ReplaceAllString(name, "")
		for _, n := range strings.FieldsFunc(name, func(c rune) bool { return c == ',' || c == '/' }) {
			names = append(names, strings.TrimSpace(n))
		}
	default:
		names = []string{name}
	}
	for i, n := range names {
		names[i] = n[:min(len(n), 40)]
	}
	return names
}

// citingLines gathers, by section of docs/protocol.md, the comment lines of tests that cite it.
func citingLines(t *testing.T) map[string]string {
	t.Helper()
	lines := map[string]string{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") || name == "rows_test.go" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, line := range strings.Split(string(text), "\n") {
			if _, comment, is := strings.Cut(line, "// docs/protocol.md "); is {
				for _, n := range number.FindAllStringSubmatch(comment, -1) {
					lines[n[1]] += comment + "\n"
				}
			}
		}
		return nil
	})
	require.NoError(t, err)
	return lines
}
