package scenario_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/internal/golden"
	"github.com/proffer-go/proffer/offer/scenario"
)

// goldenFiles are the recorded scenarios; package offer holds itself against them.
var goldenFiles = []string{"allocator_examples.json", "allocator.json", "allocator_random_more.json"}

// readFile reads one of the copies that package offer keeps.
func readFile(t testing.TB, name string) scenario.File {
	t.Helper()
	path := filepath.Join("..", "testdata", name+".gz")
	data, err := golden.Read(path)
	require.NoError(t, err)
	parsed, err := scenario.Parse(data, scenario.Bounds{})
	require.NoError(t, err, path)
	return parsed
}

// check plays a case and compares every step and the end with the record; the allocator's books hold after every step.
func check(c *scenario.Case, cfg scenario.Config) (steps int, err error) {
	r, err := scenario.New(c, cfg)
	if err != nil {
		return 0, err
	}
	for r.More() {
		s := r.Step()
		res, err := r.Next()
		if err == nil {
			err = res.Compare(s)
		}
		if err := errors.Join(err, r.Allocator().Check()); err != nil {
			return steps, err
		}
		steps++
	}
	f, err := r.Final()
	if err == nil && c.Final != nil {
		err = f.Compare(c.Final)
	}
	return steps, err
}
