package offer

import (
	"cmp"
	"math/bits"
	"slices"
)

// keyed is an agent with its place in the order of a stage.
type keyed struct {
	key   uint64
	agent *agent
}

func compareKeyed(x, y keyed) int {
	if x.key != y.key {
		return cmp.Compare(x.key, y.key)
	}
	return cmp.Compare(x.agent.id, y.agent.id)
}

// fewKeyed is how many are sorted by comparing alone.
const fewKeyed = 512

// sortKeyed sorts cy.keyed by key, then id. Keys are spread evenly, so each belongs close to where its first bits say: they
// are counted by those, put there, and what is left to do is within a handful.
func (cy *cycle) sortKeyed() {
	list := cy.keyed
	if len(list) < fewKeyed {
		slices.SortFunc(list, compareKeyed)
		return
	}
	shift := 64 - (bits.Len(uint(len(list))) - 2) // four to eight agents share their first bits
	cy.begins = append(cy.begins[:0], make([]int32, 1<<(64-shift)+1)...)
	for _, k := range list {
		cy.begins[k.key>>shift+1]++
	}
	for i := 1; i < len(cy.begins); i++ {
		cy.begins[i] += cy.begins[i-1]
	}
	sorted := slices.Grow(cy.sorted[:0], len(list))[:len(list)]
	for _, k := range list {
		at := &cy.begins[k.key>>shift]
		sorted[*at] = k
		*at++
	}
	begin := int32(0)
	for _, end := range cy.begins[:len(cy.begins)-1] {
		if end-begin > 1 {
			slices.SortFunc(sorted[begin:end], compareKeyed)
		}
		begin = end
	}
	cy.keyed, cy.sorted = sorted, list
	clear(list)
}
