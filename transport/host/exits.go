package host

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// lastWords is how long an agent waits, after an executor exited, for the end of the executor's link.
const lastWords = time.Second

// exits keeps an executor's exit from overtaking its last messages: they come by its link, the exit does not. So the exit
// is stepped after the Down of the link that the container subscribed on last, and lastWords after it came at the latest
// (docs/protocol.md §16.2). It lives on the agent's goroutine.
type exits struct {
	node *node
	runs map[msg.ContainerID]msg.Link // started containers, with the link of their latest subscription, 0 none
	held map[msg.ContainerID]heldExit
}

// heldExit is an exit that waits for the end of a link.
type heldExit struct {
	exit  msg.Exited
	link  msg.Link
	until offer.Time
}

// live are the runs that have not ended, for all that the machine was told.
func (x *exits) live() map[msg.ContainerID]bool {
	all := map[msg.ContainerID]bool{}
	for c := range x.runs {
		all[c] = true
	}
	for c := range x.held {
		all[c] = true
	}
	return all
}

// sent looks at a message that the machine sends: only ExecutorSubscribed says that it took a subscription.
func (x *exits) sent(e msg.Envelope) {
	if s, ok := e.Body.(msg.ExecutorSubscribed); ok {
		if _, started := x.runs[s.Container]; started {
			x.runs[s.Container] = e.Link
		}
	}
}

// after looks at an input that was stepped.
func (x *exits) after(in msg.Input) {
	if down, ok := in.(msg.LinkDown); ok {
		x.release(func(h heldExit) bool { return h.link == down.Link })
	}
}

// exited steps an exit, or holds it until the executor's link is down.
func (x *exits) exited(e msg.Exited) {
	l := x.runs[e.Container]
	delete(x.runs, e.Container)
	if !x.node.isUp(l) {
		x.node.step(x.node.now, e)
		return
	}
	x.held[e.Container] = heldExit{exit: e, link: l, until: x.node.now.Add(lastWords)}
}

// next tells when the first exit has waited long enough.
func (x *exits) next() (first offer.Time, any bool) {
	for _, h := range x.held {
		if !any || h.until < first {
			first, any = h.until, true
		}
	}
	return first, any
}

// expire steps what has waited long enough at now; it reports whether there was anything.
func (x *exits) expire(now offer.Time) bool {
	return x.release(func(h heldExit) bool { return h.until <= now })
}

// release steps the held exits that ready names, in order of their containers; it reports whether there was one.
func (x *exits) release(ready func(heldExit) bool) (any bool) {
	for _, c := range slices.Sorted(maps.Keys(x.held)) {
		if h, ok := x.held[c]; ok && ready(h) {
			delete(x.held, c)
			x.node.step(x.node.now, h.exit)
			any = true
		}
	}
	return any
}

// running holds back the report of an exit until the start was reported.
type running struct {
	mu     sync.Mutex
	known  bool // the start was reported
	over   bool
	exit   Exit
	report func(Exit)
}

func (r *running) started() {
	r.mu.Lock()
	r.known = true
	over, exit := r.over, r.exit
	r.mu.Unlock()
	if over {
		r.report(exit)
	}
}

// exited is what a Launcher calls; only its first call counts.
func (r *running) exited(exit Exit) {
	r.mu.Lock()
	first, known := !r.over, r.known
	r.over, r.exit = true, exit
	r.mu.Unlock()
	if first && known {
		r.report(exit)
	}
}
