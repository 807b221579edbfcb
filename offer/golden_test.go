package offer_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/internal/golden"
	"github.com/proffer-go/proffer/offer/scenario"
)

// Under the reference's rules every recorded step has one right answer; the books hold after each.
//
// docs/allocation.md §0
func TestGoldenScenarios(t *testing.T) {
	for _, name := range []string{"allocator_examples.json", "allocator.json", "allocator_random_more.json"} {
		golden.Run(t, "testdata", name, nil, func(path string, data []byte) (cases int, _ map[string]int) {
			file, err := scenario.Parse(data, scenario.Bounds{})
			require.NoError(t, err, path)
			for i := range file.Cases {
				c := &file.Cases[i]
				if err := replay(c); err != nil {
					t.Errorf("%s: %s: %v", path, c.Name, err)
				}
			}
			return len(file.Cases), nil
		})
	}
}

// replay plays a case and compares every step, and the end, with the record.
func replay(c *scenario.Case) error {
	r, err := scenario.New(c, scenario.Strict())
	if err != nil {
		return err
	}
	for r.More() {
		step := r.Step()
		got, err := r.Next()
		if err == nil {
			err = got.Compare(step)
		}
		if err := errors.Join(err, r.Allocator().Check()); err != nil {
			return err
		}
	}
	final, err := r.Final()
	if err == nil && c.Final != nil {
		err = final.Compare(c.Final)
	}
	return err
}
