package resource_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/exp/ebnf"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/resource"
)

// grammar is the documented grammar: it makes texts, and tells which texts belong to it.
type grammar struct{ g ebnf.Grammar }

func loadGrammar(t *testing.T) grammar {
	t.Helper()
	f, err := os.Open("testdata/grammar.ebnf")
	require.NoError(t, err)
	defer f.Close()
	g, err := ebnf.Parse("grammar.ebnf", f)
	require.NoError(t, err)
	require.NoError(t, ebnf.Verify(g, "Start"))
	return grammar{g}
}

// sentence draws a text of production name.
func (g grammar) sentence(t *rapid.T, name string) string {
	var b strings.Builder
	g.write(t, &b, g.g[name].Expr)
	return b.String()
}

func (g grammar) write(t *rapid.T, b *strings.Builder, e ebnf.Expression) {
	switch e := e.(type) {
	case nil:
	case ebnf.Alternative:
		g.write(t, b, e[rapid.IntRange(0, len(e)-1).Draw(t, "alternative")])
	case ebnf.Sequence:
		for _, x := range e {
			g.write(t, b, x)
		}
	case *ebnf.Group:
		g.write(t, b, e.Body)
	case *ebnf.Option:
		if rapid.Bool().Draw(t, "option") {
			g.write(t, b, e.Body)
		}
	case *ebnf.Repetition:
		for range rapid.SampledFrom([]int{0, 0, 1, 1, 2, 3}).Draw(t, "times") {
			g.write(t, b, e.Body)
		}
	case *ebnf.Name:
		g.write(t, b, g.g[e.String].Expr)
	case *ebnf.Token:
		b.WriteString(e.String)
	case *ebnf.Range:
		lo, hi := edges(e)
		b.WriteByte(rapid.ByteRange(lo, hi).Draw(t, "letter"))
	}
}

func edges(e *ebnf.Range) (byte, byte) { return e.Begin.String[0], e.End.String[0] }

// derives reports whether text belongs to production name.
func (g grammar) derives(name, text string) bool {
	return g.ends(g.g[name].Expr, text, map[int]bool{0: true})[len(text)]
}

// ends is where e can end if it begins at one of from.
func (g grammar) ends(e ebnf.Expression, text string, from map[int]bool) map[int]bool {
	out := map[int]bool{}
	add := func(m map[int]bool) {
		for i := range m {
			out[i] = true
		}
	}
	switch e := e.(type) {
	case nil:
		return from
	case ebnf.Alternative:
		for _, x := range e {
			add(g.ends(x, text, from))
		}
	case ebnf.Sequence:
		for _, x := range e {
			from = g.ends(x, text, from)
		}
		return from
	case *ebnf.Group:
		return g.ends(e.Body, text, from)
	case *ebnf.Option:
		add(from)
		add(g.ends(e.Body, text, from))
	case *ebnf.Repetition:
		add(from)
		for n := -1; n < len(out); {
			n = len(out)
			add(g.ends(e.Body, text, out))
		}
	case *ebnf.Name:
		return g.ends(g.g[e.String].Expr, text, from)
	case *ebnf.Token:
		for i := range from {
			if strings.HasPrefix(text[i:], e.String) {
				out[i+len(e.String)] = true
			}
		}
	case *ebnf.Range:
		lo, hi := edges(e)
		for i := range from {
			if i < len(text) && lo <= text[i] && text[i] <= hi {
				out[i+1] = true
			}
		}
	}
	return out
}

// afterParsing are the reasons to refuse what the grammar allows.
var afterParsing = []error{
	resource.ErrReservation, resource.ErrNegative, resource.ErrSubnormal, resource.ErrTooSmall, resource.ErrTooLarge, resource.ErrInverted,
	resource.ErrDuplicateItem, resource.ErrMixedKinds, resource.ErrDuplicateKey,
}

func grammatical(err error) bool {
	for _, e := range afterParsing {
		if errors.Is(err, e) {
			return true
		}
	}
	// beyond float64 a number is text (§2.1)
	return err == nil || errors.Is(err, resource.ErrKind) && strings.Contains(strings.ToLower(err.Error()), "e") || errors.Is(err, resource.ErrNotNumber)
}

// docs/resource-model.md §2.2
func TestGrammarResources(t *testing.T) {
	g := loadGrammar(t)
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		text := g.sentence(t, "Resources")
		if !g.derives("Resources", text) {
			t.Fatalf("%q is made by the grammar, but not in it", text)
		}
		_, err := resource.Parse(text, resource.ForeignNames())
		if !grammatical(err) {
			t.Fatalf("%q: %v", text, err)
		}
		if err == nil {
			accepted++
		}
		near := mutate(t, text)
		got, err := resource.Parse(near, resource.ForeignNames())
		switch inside := g.derives("Resources", near); {
		case inside && !grammatical(err):
			t.Fatalf("%q follows the grammar: %v", near, err)
		case !inside && err == nil:
			t.Fatalf("%q does not follow the grammar, but was read as %s", near, got)
		}
		reprintResources(t, near)
	})
	require.Positive(t, accepted, "nothing was accepted")
}

// mutate changes one or two bytes, within the characters of the grammar.
func mutate(t *rapid.T, text string) string {
	const alphabet = "aB15;:[]{}(),-+.eE/* \t\n'_"
	b := []byte(text)
	for range rapid.IntRange(1, 2).Draw(t, "changes") {
		i := rapid.IntRange(0, len(b)).Draw(t, "at")
		c := alphabet[rapid.IntRange(0, len(alphabet)-1).Draw(t, "byte")]
		switch change := rapid.IntRange(0, 2).Draw(t, "change"); {
		case change == 0 || i == len(b):
			b = append(b[:i], append([]byte{c}, b[i:]...)...)
		case change == 1:
			b = append(b[:i], b[i+1:]...)
		default:
			b[i] = c
		}
	}
	if isArrayText(string(b)) { // that is JSON
		return text
	}
	// the grammar does not say that the parentheses within a set must balance
	for _, item := range strings.Split(string(b), ";") {
		v := valueOf(item)
		if strings.HasPrefix(v, "{") && strings.ContainsAny(v, "()") {
			return text
		}
	}
	return string(b)
}

// docs/resource-model.md §2.6
func TestGrammarAttributes(t *testing.T) {
	g := loadGrammar(t)
	rapid.Check(t, func(t *rapid.T) {
		text := g.sentence(t, "Attributes")
		_, err := resource.ParseAttributes(text)
		if !grammatical(err) || errors.Is(err, resource.ErrNegative) || errors.Is(err, resource.ErrTooSmall) || errors.Is(err, resource.ErrMixedKinds) {
			t.Fatalf("%q: %v", text, err)
		}
		reprintAttributes(t, text)
		reprintAttributes(t, mutate(t, text))
	})
}

// docs/resource-model.md §4.5
func TestGrammarAmounts(t *testing.T) {
	g := loadGrammar(t)
	rapid.Check(t, func(t *rapid.T) {
		text := g.sentence(t, "Amounts")
		_, err := resource.ParseQuantities(text)
		if !grammatical(err) {
			t.Fatalf("%q: %v", text, err)
		}
		near := mutate(t, text)
		for _, parse := range []func(string) error{
			func(s string) error { _, err := resource.ParseQuantities(s); return err },
			func(s string) error { _, err := resource.ParseLimits(s); return err },
		} {
			switch err, inside := parse(near), g.derives("Amounts", near); {
			case inside && !grammatical(err):
				t.Fatalf("%q follows the grammar: %v", near, err)
			case !inside && err == nil:
				t.Fatalf("%q does not follow the grammar, but was read", near)
			}
		}
	})
}
