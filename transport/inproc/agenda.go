package inproc

import (
	"container/heap"

	"github.com/proffer-go/proffer/offer"
)

// agenda holds events in order of their time, then of their sending.
type agenda struct {
	h     eventHeap
	spare []*event // to use again
}

// maxSpare bounds what an agenda keeps to use again.
const maxSpare = 4096

func (a *agenda) push(ev event) {
	var e *event
	if last := len(a.spare) - 1; last >= 0 {
		e, a.spare = a.spare[last], a.spare[:last]
	} else {
		e = new(event)
	}
	*e = ev
	heap.Push(&a.h, e)
}

func (a *agenda) pop() event {
	e := heap.Pop(&a.h).(*event)
	ev := *e
	if *e = (event{}); len(a.spare) < maxSpare {
		a.spare = append(a.spare, e)
	}
	return ev
}

// next tells when the first event is due.
func (a *agenda) next() (offer.Time, bool) {
	if len(a.h) == 0 {
		return 0, false
	}
	return a.h[0].due, true
}

type eventHeap []*event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	if h[i].due != h[j].due {
		return h[i].due < h[j].due
	}
	return h[i].seq < h[j].seq
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(*event)) }
func (h *eventHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
