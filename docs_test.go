package proffer_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// notBuilt lists the sections that no part of Proffer does yet. A section leaves the list with the test that cites it:
// the list is wrong when it names one that is cited.
var notBuilt = map[string][]string{
	"http-v1.md": {"1", "2", "3.1", "3.2", "4", "5", "7", "8", "9", "9.4", "9.5", "10", "11", "12", "13",
		"14", "15", "15.1", "15.2", "15.3"},
}

var (
	heading  = regexp.MustCompile(`(?m)^#{2,4} (\d+(?:\.\d+)*)\.? `)
	citation = regexp.MustCompile(`docs/([a-z0-9-]+\.md) ((?:§\d+(?:\.\d+)*(?:, | and )?)+)`)
	number   = regexp.MustCompile(`§(\d+(?:\.\d+)*)`)
)

// TestEverySectionIsCited reads the specifications and the sources of the tests: each numbered section is cited by a test,
// as "docs/<file> §<number>", or stands in notBuilt.
func TestEverySectionIsCited(t *testing.T) {
	sections, headings := docSections(t)
	cited := citations(t)
	for _, doc := range slices.Sorted(maps.Keys(cited)) {
		for _, n := range slices.Sorted(maps.Keys(cited[doc])) {
			if !slices.Contains(sections[doc], n) && !slices.Contains(headings[doc], n) {
				t.Errorf("%s cites docs/%s §%s, which is not there", cited[doc][n], doc, n)
			}
		}
	}
	count := 0
	for _, doc := range slices.Sorted(maps.Keys(sections)) {
		for _, n := range sections[doc] {
			count++
			listed, where := slices.Contains(notBuilt[doc], n), cited[doc][n]
			switch {
			case listed && where != "":
				t.Errorf("docs/%s §%s is in notBuilt but %s cites it: take it off the list", doc, n, where)
			case !listed && where == "":
				t.Errorf("docs/%s §%s: no test cites it", doc, n)
			}
		}
		for _, n := range notBuilt[doc] {
			if !slices.Contains(sections[doc], n) {
				t.Errorf("notBuilt names docs/%s §%s, which is not there", doc, n)
			}
		}
	}
	t.Logf("%d sections", count)
}

// docSections lists the numbered sections of each file under docs, in order: those with rules of their own, and those that
// are but a heading over their subsections.
func docSections(t *testing.T) (sections, headings map[string][]string) {
	t.Helper()
	files, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	sections, headings = map[string][]string{}, map[string][]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		doc := filepath.Base(file)
		for _, m := range heading.FindAllSubmatchIndex(text, -1) {
			n := string(text[m[2]:m[3]])
			_, body, _ := strings.Cut(string(text[m[0]:]), "\n")
			if strings.HasPrefix(strings.TrimLeft(body, "\n"), "### ") {
				headings[doc] = append(headings[doc], n)
				continue
			}
			sections[doc] = append(sections[doc], n)
		}
	}
	return sections, headings
}

// citations maps file and section to one test that cites it.
func citations(t *testing.T) map[string]map[string]string {
	t.Helper()
	cited := map[string]map[string]string{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, m := range citation.FindAllStringSubmatch(string(text), -1) {
			for _, n := range number.FindAllStringSubmatch(m[2], -1) {
				if cited[m[1]] == nil {
					cited[m[1]] = map[string]string{}
				}
				cited[m[1]][n[1]] = name
			}
		}
		return nil
	})
	require.NoError(t, err)
	return cited
}
