package master

import (
	"container/heap"
	"time"

	"github.com/proffer-go/proffer/offer"
)

// alarm is one timer of an agent or a framework. Its owner holds it for life; it is set, moved and stopped in place, so
// that there are never more alarms than owners have.
type alarm struct {
	at   offer.Time
	seq  uint64 // of equal times the one set first comes first
	slot int    // its place in the heap plus one; 0: not set
	ring func()
}

func (a *alarm) isSet() bool { return a.slot > 0 }

// alarms is a heap by time.
type alarms struct {
	heap []*alarm
	seq  uint64
}

func (as *alarms) Len() int { return len(as.heap) }
func (as *alarms) Less(i, j int) bool {
	a, b := as.heap[i], as.heap[j]
	if a.at != b.at {
		return a.at < b.at
	}
	return a.seq < b.seq
}
func (as *alarms) Swap(i, j int) {
	as.heap[i], as.heap[j] = as.heap[j], as.heap[i]
	as.heap[i].slot, as.heap[j].slot = i+1, j+1
}
func (as *alarms) Push(x any) {
	a := x.(*alarm)
	as.heap = append(as.heap, a)
	a.slot = len(as.heap)
}
func (as *alarms) Pop() any {
	last := len(as.heap) - 1
	a := as.heap[last]
	as.heap[last] = nil
	as.heap = as.heap[:last]
	a.slot = 0
	return a
}

func (as *alarms) set(a *alarm, at offer.Time) {
	as.seq++
	a.at, a.seq = at, as.seq
	if a.isSet() {
		heap.Fix(as, a.slot-1)
		return
	}
	heap.Push(as, a)
}

func (as *alarms) stop(a *alarm) {
	if a.isSet() {
		heap.Remove(as, a.slot-1)
	}
}

// clear stops all of them.
func (as *alarms) clear() {
	for _, a := range as.heap {
		a.slot = 0
	}
	as.heap = nil
}

func (as *alarms) next() (offer.Time, bool) {
	if len(as.heap) == 0 {
		return 0, false
	}
	return as.heap[0].at, true
}

// ringAfter sets a to ring in d.
func (m *Machine) ringAfter(a *alarm, d time.Duration) {
	if m.phase != phaseResigned {
		m.alarms.set(a, m.now.Add(d))
	}
}

// runAlarms rings everything due, in order of time. What an alarm sets while it rings is rung as well if it is due.
func (m *Machine) runAlarms() {
	for {
		at, ok := m.alarms.next()
		if !ok || at > m.now {
			return
		}
		a := heap.Pop(&m.alarms).(*alarm)
		a.ring()
	}
}
