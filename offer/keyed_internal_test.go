package offer

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The order by counted first bits is the one by comparing, also where keys are alike.
//
// docs/allocation.md §2.2
func TestPropertyKeyedOrderIsTheOneByComparing(t *testing.T) {
	var cy cycle // its buffers are used again
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 5*fewKeyed).Draw(t, "agents")
		seed := rapid.Uint64().Draw(t, "seed")
		same := rapid.Uint64Range(1, 1<<40).Draw(t, "keys that are told apart")
		cy.keyed = cy.keyed[:0]
		for i := range n {
			key := mix64(seed+uint64(i)) % same
			if seed%2 == 0 {
				key = mix64(key) // spread as the keys of agents are
			}
			cy.keyed = append(cy.keyed, keyed{key, &agent{id: AgentID(fmt.Sprint(mix64(uint64(i))))}})
		}
		want := slices.Clone(cy.keyed)
		slices.SortFunc(want, compareKeyed)
		cy.sortKeyed()
		require.Equal(t, want, cy.keyed)
	})
}
