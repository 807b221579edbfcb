package host

import (
	"sync"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
)

// lastWords is how long a live agent waits, after an executor exited, for the end of the executor's link.
const lastWords = time.Second

// exits keeps an executor's exit from overtaking its last messages: they come by its link, the exit does not. So the exit
// is stepped after the link's Down. It lives on the agent's goroutine.
type exits struct {
	node *node
	runs map[msg.ContainerID]msg.Link // started containers, with the link of their latest subscription, 0 none
	held map[msg.Link]msg.Exited
}

// after looks at an input that was stepped.
func (x *exits) after(in msg.Input) {
	switch in := in.(type) {
	case msg.Envelope:
		if s, ok := in.Body.(msg.SubscribeExecutor); ok {
			if _, started := x.runs[s.Container]; started {
				x.runs[s.Container] = in.Link
			}
		}
	case msg.LinkDown:
		x.release(in.Link)
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
	x.held[l] = e
	if x.node.opts.hand {
		return // every link of one that ended goes down
	}
	timer := time.NewTimer(lastWords)
	x.node.busy.Go(func() {
		defer timer.Stop()
		select {
		case <-timer.C:
			x.node.push(item{do: func() { x.release(l) }})
		case <-x.node.gone:
		}
	})
}

// release steps the exit that was held for l, if any.
func (x *exits) release(l msg.Link) {
	if e, ok := x.held[l]; ok {
		delete(x.held, l)
		x.node.step(x.node.now, e)
	}
}

// running holds back the report of an exit until the start was reported.
type running struct {
	mu     sync.Mutex
	known  bool // the start was reported
	over   bool
	status int
	report func(status int)
}

func (r *running) started() {
	r.mu.Lock()
	r.known = true
	over, status := r.over, r.status
	r.mu.Unlock()
	if over {
		r.report(status)
	}
}

// exited is what a Launcher calls; only its first call counts.
func (r *running) exited(status int) {
	r.mu.Lock()
	first, known := !r.over, r.known
	r.over, r.status = true, status
	r.mu.Unlock()
	if first && known {
		r.report(status)
	}
}
