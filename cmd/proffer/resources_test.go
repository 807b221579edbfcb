package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The article's two flag texts (docs/resource-model.md §2.2).
const (
	articleAgent    = "cpus:24;gpus:2;mem:24576;disk:409600;ports:[21000-24000,30000-34000];bugs(debug_role):{a,b,c}"
	articleReserved = "cpus:4;mem:2048;cpus(tuyucheng):8;mem(tuyucheng):4096"
)

// line is one object that proffer resources prints.
type line struct {
	In         string
	OK         *bool
	Resources  []map[string]any
	Attributes []map[string]any
	Text       *string
	Error      string
	Item       *int
	Offset     *int
}

func resourcesCommand(t *testing.T, stdin string, args ...string) []line {
	t.Helper()
	var out, errs bytes.Buffer
	status := run(append([]string{"resources"}, args...), strings.NewReader(stdin), &out, &errs)
	require.Equal(t, exitOK, status, errs.String())
	require.Empty(t, errs.String())
	var lines []line
	for _, text := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
		var l line
		require.NoError(t, json.Unmarshal([]byte(text), &l), text)
		require.NotNil(t, l.OK, text)
		lines = append(lines, l)
	}
	return lines
}

// docs/resource-model.md §2.2: the article's texts give exactly six and four entries.
func TestResourcesOfTheArticle(t *testing.T) {
	lines := resourcesCommand(t, articleAgent+"\n"+articleReserved+"\n")
	require.Len(t, lines, 2)
	require.True(t, *lines[0].OK)
	require.Len(t, lines[0].Resources, 6)
	require.Equal(t, "bugs(reservations: [(STATIC,debug_role)]):{a, b, c}; cpus:24; disk:409600; gpus:2; mem:24576; ports:[21000-24000, 30000-34000]", *lines[0].Text)
	require.True(t, *lines[1].OK)
	require.Len(t, lines[1].Resources, 4)
}

// docs/resource-model.md §2.2: a refused text says which item, where and why, and the next line is read all the same.
func TestResourcesRefused(t *testing.T) {
	for _, c := range []struct {
		text         string
		item, offset int
		why          string
	}{
		{"cpus:-1", 0, 5, "negative"},
		{"mem:1;ports:[5-1]", 1, 13, "begin is above end"},
		{"cpus(a//b):1", 0, 5, "a//b"},
		{"x", 0, 1, "':'"},
	} {
		lines := resourcesCommand(t, c.text+"\n\n")
		require.Len(t, lines, 2)
		require.False(t, *lines[0].OK, c.text)
		require.Contains(t, lines[0].Error, c.why)
		require.Equal(t, c.item, *lines[0].Item, c.text)
		require.Equal(t, c.offset, *lines[0].Offset, c.text)
		require.True(t, *lines[1].OK, "an empty text is an empty collection")
		require.NotNil(t, lines[1].Text)
	}
}

// docs/resource-model.md §2.6: attributes keep their order and kinds.
func TestResourcesAttributes(t *testing.T) {
	lines := resourcesCommand(t, "rack:abc;level:10;keys:[1000-1500]\nk:{a,b}\n", "--attributes")
	require.Len(t, lines, 2)
	require.Len(t, lines[0].Attributes, 3)
	require.Equal(t, "SCALAR", lines[0].Attributes[1]["type"])
	require.False(t, *lines[1].OK)
	require.Equal(t, 0, *lines[1].Item)
}

// docs/resource-model.md §3.3: all three wire forms are read, one array a line, and the post-refinement form is printed.
func TestResourcesJSON(t *testing.T) {
	pre := `[{"name":"cpus","type":"SCALAR","scalar":{"value":1.5},"role":"eng"}]`
	post := `[{"name":"cpus","type":"SCALAR","scalar":{"value":1.5},"reservations":[{"type":"STATIC","role":"eng"}]}]`
	both := `[{"name":"cpus","type":"SCALAR","scalar":{"value":1.5},"role":"eng","reservations":[{"type":"STATIC","role":"eng"}]}]`
	lines := resourcesCommand(t, strings.Join([]string{pre, post, both, "cpus:1", "[{}]"}, "\n")+"\n", "--json")
	require.Len(t, lines, 5)
	for _, l := range lines[:3] {
		require.True(t, *l.OK, "%s: %s", l.In, l.Error)
		require.Equal(t, "cpus(reservations: [(STATIC,eng)]):1.5", *l.Text)
		require.Len(t, l.Resources[0]["reservations"], 1)
		require.NotContains(t, l.Resources[0], "role")
	}
	require.False(t, *lines[3].OK)
	require.False(t, *lines[4].OK)
}

func TestUsageErrors(t *testing.T) {
	for _, args := range [][]string{nil, {"nonsense"}, {"resources", "cpus:1"}, {"resources", "--json", "--attributes"}, {"resources", "--nonsense"}} {
		var out, errs bytes.Buffer
		require.Equal(t, exitUsage, run(args, strings.NewReader(""), &out, &errs), args)
		require.NotEmpty(t, errs.String())
		require.Empty(t, out.String())
	}
	var out, errs bytes.Buffer
	require.Equal(t, exitOK, run([]string{"help"}, strings.NewReader(""), &out, &errs))
	require.Contains(t, out.String(), "demo")
}
