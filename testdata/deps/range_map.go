// want: ranges over a map
package fixture

import (
	"maps"
	"slices"
)

type s struct{ m map[string]int }

func (x s) keys() []string { return slices.Sorted(maps.Keys(x.m)) }

func (x s) sum() (n int) {
	for _, v := range x.m {
		n += v
	}
	return n
}
