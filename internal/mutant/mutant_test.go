package mutant_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/internal/mutant"
)

// A fault that no longer applies, or changes nothing, is an error.
//
// docs/allocation.md §6
func TestMutantsThatDoNotApply(t *testing.T) {
	read := func(string) ([]byte, error) { return []byte("one\ntwo\ntwo\nthree\n"), nil }
	fault := func(before, after string) string {
		return "A fault.\n-- f.go --\n<<<< before\n" + before + "\n==== after\n" + after + "\n>>>>\n"
	}
	changed, err := mutant.Apply(fault("two\nthree", "four"), read)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"f.go": "one\ntwo\nfour\n"}, changed)
	for _, text := range []string{fault("five", "six"), fault("two", "six"), fault("one", "one"), "A fault.\n"} {
		_, err := mutant.Apply(text, read)
		require.Error(t, err)
	}
}
