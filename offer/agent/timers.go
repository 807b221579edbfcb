package agent

import (
	"container/heap"

	"github.com/proffer-go/proffer/offer"
)

// timer runs do once, when its time has come. It is made off.
type timer struct {
	at    offer.Time
	order uint64 // of setting: breaks ties
	slot  int    // in the heap, -1 off
	do    func()
}

// timers holds those that are set, the earliest first.
type timers struct {
	heap timerHeap
	sets uint64
}

func (ts *timers) timer(do func()) *timer { return &timer{slot: -1, do: do} }

func (t *timer) on() bool { return t.slot >= 0 }

func (ts *timers) set(t *timer, at offer.Time) {
	ts.stop(t)
	ts.sets++
	t.at, t.order = at, ts.sets
	heap.Push(&ts.heap, t)
}

func (ts *timers) stop(t *timer) {
	if t.on() {
		heap.Remove(&ts.heap, t.slot)
	}
}

// clear stops all.
func (ts *timers) clear() {
	for len(ts.heap) > 0 {
		ts.stop(ts.heap[len(ts.heap)-1])
	}
}

// fire runs what is due at now. What is set meanwhile for now or earlier runs too.
func (ts *timers) fire(now offer.Time) {
	for len(ts.heap) > 0 && ts.heap[0].at <= now {
		heap.Pop(&ts.heap).(*timer).do()
	}
}

func (ts *timers) next() (offer.Time, bool) {
	if len(ts.heap) == 0 {
		return 0, false
	}
	return ts.heap[0].at, true
}

type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	return h[i].order < h[j].order
}
func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].slot, h[j].slot = i, j
}
func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.slot = len(*h)
	*h = append(*h, t)
}
func (h *timerHeap) Pop() any {
	last := len(*h) - 1
	t := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	t.slot = -1
	return t
}
