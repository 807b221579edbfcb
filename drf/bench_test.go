package drf_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/drf"
)

// The shapes of docs/allocation.md §7.1. Agents are those of the recorded figures: cpus 24, mem 49152, disk 819200.

var (
	benchAgent = drf.Vec{N: [8]int64{24_000, 49_152_000, 819_200_000}}
	benchSizes = []int{100, 1_000, 10_000}
)

func benchTotals(agents int64) *drf.Vec {
	var t drf.Vec
	for i, q := range benchAgent.N {
		t.N[i] = q * agents
	}
	return &t
}

// benchGrant differs from client to client, so that an order has few ties.
func benchGrant(i int) *drf.Vec {
	return &drf.Vec{N: [8]int64{int64(1+i%16) * 1_000, int64(1+i*7%100) * 1_024_000, int64(i*13%50) * 1_024_000}}
}

// benchSorter has n clients that hold something, flat.
func benchSorter(tb testing.TB, n int) *drf.Sorter {
	s := drf.New()
	require.NoError(tb, s.SetTotals(benchTotals(int64(n)), 1))
	for i := range n {
		require.NoError(tb, s.Add(drf.Client(i), fmt.Sprintf("role-%05d", i), true))
		require.NoError(tb, s.Grant(drf.Client(i), benchGrant(i)))
	}
	return s
}

// benchTree has one client per leaf of a tree of this height and branching.
func benchTree(tb testing.TB, height, branching int) (*drf.Sorter, int) {
	s := drf.New()
	require.NoError(tb, s.SetTotals(benchTotals(1_000), 1))
	n := 0
	var grow func(path string, left int)
	grow = func(path string, left int) {
		if left == 0 {
			require.NoError(tb, s.Add(drf.Client(n), path, true))
			require.NoError(tb, s.Grant(drf.Client(n), benchGrant(n)))
			n++
			return
		}
		for i := range branching {
			next := fmt.Sprintf("%d", i)
			if path != "" {
				next = path + "/" + next
			}
			grow(next, left-1)
		}
	}
	grow("", height-1)
	return s, n
}

func drain(drf.Client) bool   { return true }
func onlyOne(drf.Client) bool { return false }

func perSize(b *testing.B, run func(b *testing.B, n int)) {
	for _, n := range benchSizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			run(b, n)
		})
	}
}

func BenchmarkAddClients(b *testing.B) {
	perSize(b, func(b *testing.B, n int) {
		paths := make([]string, n)
		for i := range paths {
			paths[i] = fmt.Sprintf("role-%05d", i)
		}
		for b.Loop() {
			s := drf.New()
			for i, path := range paths {
				if err := s.Add(drf.Client(i), path, true); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}

// BenchmarkFirstOrder reads the order after totals that changed every share beyond recognition.
func BenchmarkFirstOrder(b *testing.B) {
	perSize(b, func(b *testing.B, n int) {
		s := benchSorter(b, n)
		cpus, mem := *benchTotals(int64(n)), *benchTotals(int64(n))
		cpus.N[1], cpus.N[2], mem.N[0], mem.N[2] = 0, 0, 0, 0
		version := uint64(1)
		for b.Loop() {
			version++
			t := &cpus
			if version%2 == 0 {
				t = &mem
			}
			_ = s.SetTotals(t, version)
			s.Ascend(drain)
		}
	})
}

// BenchmarkOrderAfterAgent reads the order after an agent was added or removed.
func BenchmarkOrderAfterAgent(b *testing.B) {
	perSize(b, func(b *testing.B, n int) {
		s := benchSorter(b, n)
		totals := benchTotals(int64(n))
		version := uint64(1)
		for b.Loop() {
			version++
			if version%2 == 0 {
				totals.Add(&benchAgent)
			} else {
				totals.Sub(&benchAgent)
			}
			_ = s.SetTotals(totals, version)
			s.Ascend(onlyOne)
		}
	})
}

// BenchmarkOrderAfterRelease reads the whole order after one client gave something back.
func BenchmarkOrderAfterRelease(b *testing.B) {
	perSize(b, func(b *testing.B, n int) {
		s := benchSorter(b, n)
		d := drf.Vec{N: [8]int64{1_000, 1_024_000}}
		i := 0
		for b.Loop() {
			c := drf.Client(i % n)
			i++
			_ = s.Release(c, &d)
			s.Ascend(drain)
			_ = s.Grant(c, &d)
		}
	})
}

// BenchmarkOrder reads the whole order, unchanged.
func BenchmarkOrder(b *testing.B) {
	perSize(b, func(b *testing.B, n int) {
		s := benchSorter(b, n)
		for b.Loop() {
			s.Ascend(drain)
		}
	})
}

// BenchmarkGrant serves the first and takes the grant back from an earlier one: what a run in a full cluster does.
func BenchmarkGrant(b *testing.B) {
	perSize(b, func(b *testing.B, n int) {
		s := benchSorter(b, n)
		d := drf.Vec{N: [8]int64{1_000, 1_024_000}}
		var first drf.Client
		take := func(c drf.Client) bool {
			first = c
			return false
		}
		for b.Loop() {
			s.Ascend(take)
			_ = s.Grant(first, &d)
		}
	})
}

func BenchmarkGrantThenClone(b *testing.B) {
	perSize(b, func(b *testing.B, n int) {
		s := benchSorter(b, n)
		d := drf.Vec{N: [8]int64{1_000, 1_024_000}}
		i := 0
		for b.Loop() {
			_ = s.Grant(drf.Client(i%n), &d)
			i++
			_ = s.Clone()
		}
	})
}

// BenchmarkTree charges and reads the reference's trees of about 1,000 clients.
func BenchmarkTree(b *testing.B) {
	for _, shape := range [][2]int{{3, 32}, {7, 3}, {10, 2}} {
		name := fmt.Sprintf("%d-%d", shape[0], shape[1])
		s, n := benchTree(b, shape[0], shape[1])
		d := drf.Vec{N: [8]int64{1_000, 1_024_000}}
		totals := *benchTotals(1_000)
		version := uint64(1)
		b.Run(name+"/grant", func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				_ = s.Grant(drf.Client(i%n), &d)
				i++
			}
		})
		b.Run(name+"/order", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Ascend(drain)
			}
		})
		b.Run(name+"/orderAfterAgent", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				version++
				totals.Add(&benchAgent)
				_ = s.SetTotals(&totals, version)
				s.Ascend(drain)
			}
		})
		b.Run(name+"/clone", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = s.Clone()
			}
		})
	}
}

func BenchmarkRandom(b *testing.B) {
	perSize(b, func(b *testing.B, n int) {
		s := drf.NewRandom(1)
		for i := range n {
			require.NoError(b, s.Add(drf.Client(i), fmt.Sprintf("role-%05d", i), true))
		}
		run := uint64(0)
		for b.Loop() {
			run++
			s.BeginAgent(run, 1)
			s.Ascend(drain)
		}
	})
}

// BenchmarkSmallSorter is a role with one framework: there is one per role.
func BenchmarkSmallSorter(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		s := drf.New(drf.WithFlat())
		_ = s.SetTotals(&benchAgent, 1)
		_ = s.Add(0, "f", true)
		_ = s.Grant(0, &benchAgent)
		s.Ascend(drain)
	}
}
