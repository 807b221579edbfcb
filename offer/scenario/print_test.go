package scenario_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/scenario"
)

// rawCase is a case as the record has it, not looked into.
type rawCase struct {
	Name  string
	Steps []struct {
		Op     string
		Offers map[string]any
		Ops    []json.RawMessage
	}
	Final map[string]any
}

func rawCases(t *testing.T, name string) []rawCase {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "testdata", name+".gz"))
	require.NoError(t, err)
	defer f.Close()
	in, err := gzip.NewReader(f)
	require.NoError(t, err)
	var file struct{ Cases []rawCase }
	require.NoError(t, json.NewDecoder(in).Decode(&file))
	return file.Cases
}

// anyOf is v as JSON reads back.
func anyOf(t *testing.T, v any) map[string]any {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	var m map[string]any
	require.NoError(t, json.Unmarshal(text, &m))
	return m
}

// docs/allocation.md §0: what is printed of a step and of the end is what the record holds, to the letter: texts, and lists
// of resources in their order.
func TestPrintedLikeTheRecord(t *testing.T) {
	for _, name := range goldenFiles {
		raw := rawCases(t, name)
		f := readFile(t, name)
		require.Len(t, f.Cases, len(raw))
		for i := range f.Cases {
			r, err := scenario.New(&f.Cases[i], scenario.Strict())
			require.NoError(t, err)
			for n := 0; r.More(); n++ {
				res, err := r.Next()
				require.NoError(t, err)
				want := raw[i].Steps[n].Offers
				require.Equal(t, want, anyOf(t, res.Offers), "%s: step %d", raw[i].Name, n)
			}
			final, err := r.Final()
			require.NoError(t, err)
			got := anyOf(t, final)
			for _, key := range []string{"agents", "role_sort"} {
				require.Equal(t, raw[i].Final[key], got[key], "%s: %s", raw[i].Name, key)
			}
		}
	}
}

// docs/allocation.md §3.1: what a decline_all was expanded to is what is still out by the replay's own ledger.
func TestDeclineAllIsWhatIsOut(t *testing.T) {
	own := scenario.Strict()
	own.Reference = false
	n := 0
	for _, name := range goldenFiles {
		f := readFile(t, name)
		for i := range f.Cases {
			_, err := check(&f.Cases[i], own)
			require.NoError(t, err, f.Cases[i].Name)
			for _, s := range f.Cases[i].Steps {
				if s.Op == "decline_all" {
					n++
				}
			}
		}
	}
	require.NotZero(t, n)
}

// docs/allocation.md §0: every recorded scenario can be played under this library's own rules as well, twice alike.
func TestOwnRulesPlayEveryScenario(t *testing.T) {
	for _, name := range goldenFiles {
		f := readFile(t, name)
		for i := range f.Cases {
			c := &f.Cases[i]
			require.Equal(t, transcript(t, c, scenario.Default(7)), transcript(t, c, scenario.Default(7)), c.Name)
		}
	}
}

// transcript plays a case and prints what proffer sim would; the books hold after every step.
func transcript(t testing.TB, c *scenario.Case, cfg scenario.Config) string {
	t.Helper()
	r, err := scenario.New(c, cfg)
	require.NoError(t, err)
	var out []byte
	for r.More() {
		res, err := r.Next()
		require.NoError(t, err)
		require.NoError(t, r.Allocator().Check(), "%s: step %d", c.Name, res.Step)
		line, err := json.Marshal(res)
		require.NoError(t, err)
		out = append(append(out, line...), '\n')
	}
	f, err := r.Final()
	require.NoError(t, err)
	line, err := json.Marshal(f)
	require.NoError(t, err)
	return string(append(append(out, line...), '\n'))
}
