package inproc

import (
	"container/heap"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// roster knows which nodes of a cluster have something to do now, and when the others will: a round costs what happens in
// it, however many nodes are idle.
type roster struct {
	entries map[msg.Node]*entry
	alarms  alarms   // of the nodes that wait for a time
	this    byName   // to be polled in the round under way
	next    []*entry // in the next one
	at      msg.Node // whose turn it is; only in a round
	running bool
}

// entry is a node of the cluster.
type entry struct {
	name   msg.Node
	node   node
	queued bool // is in this or next
	gone   bool // is a node no longer
	due    offer.Time
	place  int // among the alarms; -1: waits for no time
}

func newRoster() roster { return roster{entries: map[msg.Node]*entry{}} }

// add takes in a node, which is polled at once.
func (r *roster) add(n node) {
	r.remove(n.Node())
	r.entries[n.Node()] = &entry{name: n.Node(), node: n, place: -1}
	r.wake(n.Node())
}

// remove forgets a node.
func (r *roster) remove(name msg.Node) {
	e := r.entries[name]
	if e == nil {
		return
	}
	e.gone = true
	r.unset(e)
	delete(r.entries, name)
}

// wake lets a node be polled: in the round under way if its name's turn is still to come, else in the next.
func (r *roster) wake(name msg.Node) {
	e := r.entries[name]
	if e == nil || e.queued {
		return
	}
	e.queued = true
	if r.running && name > r.at {
		heap.Push(&r.this, e)
		return
	}
	r.next = append(r.next, e)
}

// begin begins a round of those that were woken, and of those whose time has come.
func (r *roster) begin(now offer.Time) {
	for len(r.alarms) > 0 && r.alarms[0].due <= now {
		e := r.alarms[0]
		r.unset(e)
		r.wake(e.name)
	}
	r.this = append(r.this[:0], r.next...)
	clear(r.next)
	r.next = r.next[:0]
	heap.Init(&r.this)
	r.running, r.at = true, ""
}

// first is when somebody has something to do: now, if one was woken.
func (r *roster) first(now offer.Time) (offer.Time, bool) {
	switch {
	case len(r.next) > 0:
		return now, true
	case len(r.alarms) > 0:
		return r.alarms[0].due, true
	}
	return 0, false
}

// has reports whether there is such a node.
func (r *roster) has(name msg.Node) bool { return r.entries[name] != nil }

// turn is the next node of the round, nil when it is over.
func (r *roster) turn() *entry {
	for len(r.this) > 0 {
		e := heap.Pop(&r.this).(*entry)
		if e.queued = false; !e.gone {
			r.at = e.name
			return e
		}
	}
	r.running = false
	return nil
}

// stop ends a round early: who had no turn has it in the next.
func (r *roster) stop() {
	r.next = append(r.next, r.this...)
	clear(r.this)
	r.this, r.running = r.this[:0], false
}

// set lets e be woken at due.
func (r *roster) set(e *entry, due offer.Time) {
	if e.gone {
		return
	}
	e.due = due
	if e.place < 0 {
		heap.Push(&r.alarms, e)
		return
	}
	heap.Fix(&r.alarms, e.place)
}

// unset lets e wait for no time.
func (r *roster) unset(e *entry) {
	if e.place >= 0 {
		heap.Remove(&r.alarms, e.place)
	}
}

// alarms is a heap by time.
type alarms []*entry

func (h alarms) Len() int           { return len(h) }
func (h alarms) Less(i, j int) bool { return h[i].due < h[j].due }
func (h alarms) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *alarms) Push(x any) {
	e := x.(*entry)
	e.place = len(*h)
	*h = append(*h, e)
}

func (h *alarms) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	e.place = -1
	return e
}

// byName is a heap by name.
type byName []*entry

func (h byName) Len() int           { return len(h) }
func (h byName) Less(i, j int) bool { return h[i].name < h[j].name }
func (h byName) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *byName) Push(x any)        { *h = append(*h, x.(*entry)) }
func (h *byName) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}
