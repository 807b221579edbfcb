package simulate

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/transport/inproc"
)

// longRun is a plan whose work and faults never end up with more than before: tasks and reservations are small and short, and
// nothing happens of what masters remember for weeks (frameworks that were torn down, agents that are lost or given up).
func longRun(d time.Duration) Plan {
	kinds := slices.DeleteFunc(inproc.Kinds(), func(k inproc.Kind) bool { return k == inproc.Destroy })
	p := NewPlan(Config{Seed: 9, Duration: d, Work: int(d / (4 * time.Second)), Faults: int(d / (2 * time.Minute)), Kinds: kinds})
	for i := range p.Frameworks {
		p.Frameworks[i].Failover = 100 * time.Hour
	}
	p.Work = slices.DeleteFunc(p.Work, func(w Work) bool {
		return slices.Contains([]Task{Teardown, Update, Gone, DrainGone, StopAgent, Maintain}, w.Do)
	})
	for i, w := range p.Work {
		switch w.Do {
		case Launch, Use:
			p.Work[i].Size, p.Work[i].For = "cpus:0.1;mem:32", 20*time.Second
		case Reserve, OwnReserve:
			p.Work[i].Size = "cpus:0.1;mem:32"
		case Quota:
			p.Work[i].Size = "cpus:100;mem:100000"
		case Drain:
			p.Work[i].For = time.Minute
		}
	}
	return p
}

// sampled runs a long run and samples its live heap, in MiB; leak is called at each sample.
func sampled(t *testing.T, long time.Duration, leak func(*world)) (heap []float64, r Report) {
	const every = 20 * time.Minute
	o := Options{CheckEvery: 500, sabotage: func(w *world) {
		var sample func()
		sample = func() {
			leak(w)
			if heap = append(heap, live()); w.elapsed() < long-every {
				w.c.After(every, sample)
			}
		}
		w.c.After(every, sample)
	}}
	r = longRun(long).Run(t.Context(), o)
	require.Nil(t, r.Violation)
	return heap, r
}

// growth compares the last third of samples with the one before, the least of each: in the first what machines remember fills up.
func growth(heap []float64) (before, after float64) {
	third := len(heap) / 3
	return slices.Min(heap[third : 2*third]), slices.Min(heap[2*third:])
}

// The live heap of a whole cluster, and of those who watch it, does not grow with its time, once what machines remember of what
// ended is full: a run of 12 hours, sampled every 20 minutes after a collection.
//
// docs/protocol.md §18.1
func TestLiveHeapDoesNotGrow(t *testing.T) {
	heap, r := sampled(t, 12*time.Hour, func(*world) {})
	require.Greater(t, r.Finished, 6000)
	require.NotZero(t, r.Operations.Ended)
	before, after := growth(heap)
	t.Logf("%d tasks, %d operations; live heap in MiB: %.2f, then %.2f", r.Launched, r.Operations.Begun, before, after)
	require.Less(t, after, before*1.02+0.05, "%v", heap)
}

// A leak of 768 KiB per hour shows.
//
// docs/protocol.md §18.1
func TestLiveHeapBroken(t *testing.T) {
	var leaked [][]byte
	heap, _ := sampled(t, 4*time.Hour, func(*world) { leaked = append(leaked, make([]byte, 256<<10)) })
	before, after := growth(heap)
	require.Greater(t, after, before*1.02+0.05, "%v", heap)
	require.NotEmpty(t, leaked)
}

// live is the live heap in MiB.
func live() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}
