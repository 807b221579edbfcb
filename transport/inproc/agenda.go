package inproc

import (
	"container/heap"

	"github.com/proffer-go/proffer/offer"
)

// agenda holds events in order of their time, then of their sending. What is due no sooner than all that wait, as nearly
// everything is where ways are equally long, is queued; the rest goes into a heap.
type agenda struct {
	queue []event // in order
	first int     // of queue
	h     eventHeap
}

func (a *agenda) push(ev event) {
	switch {
	case a.first == len(a.queue):
		a.queue, a.first = append(a.queue[:0], ev), 0
	case !ev.before(&a.queue[len(a.queue)-1]):
		a.queue = append(a.roomy(), ev)
	default:
		heap.Push(&a.h, ev)
	}
}

// roomy returns the queue, moved to its beginning where it is full and half of it is over.
func (a *agenda) roomy() []event {
	if len(a.queue) < cap(a.queue) || a.first < len(a.queue)/2 {
		return a.queue
	}
	n := copy(a.queue, a.queue[a.first:])
	clear(a.queue[n:])
	a.queue, a.first = a.queue[:n], 0
	return a.queue
}

func (a *agenda) pop() event {
	if len(a.h) > 0 && (a.first == len(a.queue) || a.h[0].before(&a.queue[a.first])) {
		return heap.Pop(&a.h).(event)
	}
	ev := a.queue[a.first]
	a.queue[a.first] = event{} // lets go of the message
	a.first++
	return ev
}

// next tells when the first event is due.
func (a *agenda) next() (at offer.Time, any bool) {
	if a.first < len(a.queue) {
		at, any = a.queue[a.first].due, true
	}
	if len(a.h) > 0 && (!any || a.h[0].due < at) {
		at, any = a.h[0].due, true
	}
	return at, any
}

// before orders events by their time, then by their sending.
func (ev *event) before(other *event) bool {
	return ev.due < other.due || ev.due == other.due && ev.seq < other.seq
}

type eventHeap []event

func (h eventHeap) Len() int           { return len(h) }
func (h eventHeap) Less(i, j int) bool { return h[i].before(&h[j]) }
func (h eventHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)        { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = event{} // lets go of the message
	*h = old[:len(old)-1]
	return last
}
