package simulate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
)

// A census counts what is in maps, lists and queues, however deep, each once.
//
// docs/protocol.md §18.1
func TestCensus(t *testing.T) {
	shared := []int{1, 2, 3}
	type (
		leaf struct{ values []int }
		tree struct {
			kids  map[string]any
			queue chan int
			bytes []byte
			pair  [2]leaf
			self  any
		}
	)
	queue := make(chan int, 5)
	queue <- 1
	root := &tree{kids: map[string]any{"a": &leaf{shared}, "b": leaf{shared}, "c": map[int][]int{1: {1, 2}}}, queue: queue,
		bytes: make([]byte, 1000), pair: [2]leaf{{[]int{4}}, {[]int{5}}}}
	root.self = root
	c := census{counts: map[string]int{}, seen: map[visit]bool{}, all: true}
	c.add(root)
	require.Equal(t, map[string]int{"simulate.tree.kids": 3 + 1 + 2, "simulate.tree.queue": 1, "simulate.leaf.values": 3 + 1 + 1}, c.counts)
	require.Equal(t, []string{"simulate.tree.kids", "simulate.leaf.values", "simulate.tree.queue"}, c.largest())

	none := countAll(root)
	require.Empty(t, none.counts, "this package's own are not entered")
	s := registry.NewMemory()
	_, err := s.Commit(t.Context(), 0, []registry.Op{{Key: "master", Value: []byte("x")}})
	require.NoError(t, err)
	some := countAll(s, &msg.ReregisterAgent{Tasks: make([]msg.TaskReport, 7)})
	require.Equal(t, 1, some.counts["registry.Memory.data"])
	require.Equal(t, 7, some.counts["msg.ReregisterAgent.Tasks"])
}

// Whatever holds more than the cluster has reason for is noticed.
//
// docs/protocol.md §18.1
func TestBoundedBrokenByACount(t *testing.T) {
	for _, name := range []string{"master.Machine.agents", "offer.Allocator.spare", "agent.timers.heap"} {
		v := broken(t, func(w *world) {
			b := find[*bounded](w)
			count := b.count
			b.count = func() census {
				c := count()
				c.counts[name] += 1000
				return c
			}
		})
		require.Equal(t, "something piles up", v.Invariant)
		require.Contains(t, v.Text, name+" holds 10")
	}
}
