package drf

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/allocation.md §6: P1, sums equal the recomputed ones. Each breach must be found, and named.
func TestCheckFindsEveryBreach(t *testing.T) {
	at := func(s *Sorter, path string) *node { return s.nodes[s.paths[path]] }
	for name, c := range map[string]struct {
		harm func(s *Sorter)
		says string
	}{
		"sum of a node":      {func(s *Sorter) { at(s, "r").held.n[1]++ }, `"r" holds`},
		"sum of the root":    {func(s *Sorter) { s.nodes[0].held.Set(9, 1) }, `"" holds`},
		"leaf":               {func(s *Sorter) { at(s, "s").held.n[0]-- }, `"" holds`},
		"active leaves":      {func(s *Sorter) { at(s, "r").live++ }, `"r" counts 4 active leaves`},
		"active leaf":        {func(s *Sorter) { at(s, "s").live = 0 }, `leaf "s" counts 0`},
		"place in parent":    {func(s *Sorter) { at(s, "r/a").at = 7 }, `"r/a" is not where`},
		"parent":             {func(s *Sorter) { at(s, "r/a").parent = 0 }, `"r/a" is not where`},
		"client":             {func(s *Sorter) { s.clients[0] = s.clients[1] }, `leaf "r/a" is not that`},
		"client without":     {func(s *Sorter) { s.clients[9] = s.clients[1] }, `client 9 has no leaf`},
		"path":               {func(s *Sorter) { s.paths["s"] = s.paths["r"] }, `path "s" leads`},
		"node too many":      {func(s *Sorter) { s.free = append(s.free, 99) }, `nodes for`},
		"children of a leaf": {func(s *Sorter) { at(s, "s").kids = []int32{1} }, `leaf "s" has children`},
		"empty node": {func(s *Sorter) {
			n := at(s, "t/u")
			_ = s.Release(n.client, &Vec{N: n.held.View().N})
			n.level = s.newLevel()
			n.active, n.live = false, 0
			delete(s.clients, n.client)
			at(s, "t").live--
		}, `"t/u" is internal and has no children`},
		"share":           {func(s *Sorter) { at(s, "s").key.share *= 1.0000001 }, `"s" has key`},
		"late unknown":    {func(s *Sorter) { at(s, "s").late = true }, `"s" waits for a key`},
		"place in ties":   {func(s *Sorter) { at(s, "s").served++ }, `"s" has key`},
		"order":           {func(s *Sorter) { at(s, "s").key.share = 7; s.epoch++ }, `comes after "s"`},
		"not listed":      {func(s *Sorter) { at(s, "s").listed = false }, `orders 3 children of 2`},
		"listed in error": {func(s *Sorter) { at(s, "q").listed = true }, `orders 3 children of 4`},
		"key missing": {func(s *Sorter) {
			s.delist(s.paths["s"])
		}, `"s" is ordered: false`},
		"outdated node": {func(s *Sorter) {
			n := *at(s, "s")
			s.nodes[n.id] = &n
		}, `outdated`},
	} {
		t.Run(name, func(t *testing.T) {
			s := New()
			require.NoError(t, s.SetTotals(&Vec{N: [8]int64{100, 100}}, 1))
			for i, path := range []string{"r/a", "r/b", "r", "s", "t/u"} {
				require.NoError(t, s.Add(Client(i), path, true))
				require.NoError(t, s.Grant(Client(i), &Vec{N: [8]int64{1, int64(1 + i)}}))
			}
			require.NoError(t, s.Add(8, "q", false))
			require.NoError(t, s.Check())
			s.Ascend(func(Client) bool { return true })
			c.harm(s)
			err := s.Check()
			require.ErrorIs(t, err, ErrInconsistent)
			require.ErrorContains(t, err, c.says)
		})
	}
}
