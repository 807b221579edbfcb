package host

import (
	"context"
	"time"

	"github.com/proffer-go/proffer/offer"
)

// farewell is how long an ending live node waits for its links to take what was sent.
const farewell = 5 * time.Second

// clock reads the real time, which never goes back.
type clock struct{ start time.Time }

func (c clock) now() offer.Time { return offer.Time(c.start.UnixNano()).Add(time.Since(c.start)) }

// run serves the node on this goroutine until it ends. When ctx ends, stop is called once on this goroutine; it makes the
// node end.
func (n *node) run(ctx context.Context, stop func()) error {
	c, timer, cancel := clock{time.Now()}, time.NewTimer(time.Hour), ctx.Done()
	defer timer.Stop()
	defer n.busy.Wait()
	var late <-chan time.Time
	for {
		busy := n.turn(c.now())
		if n.finish(); n.isEnded() {
			_, err := n.Ended()
			return err
		}
		if n.done && late == nil {
			late = time.After(farewell)
		}
		if busy {
			select {
			case <-cancel:
				cancel = nil
				stop()
			default:
			}
			continue
		}
		select {
		case <-n.wake:
		case <-n.due(c, timer):
		case <-n.gone:
		case <-late:
			n.end(nil)
		case <-cancel:
			cancel = nil
			stop()
		}
	}
}

// due is ready at the node's next deadline.
func (n *node) due(c clock, timer *time.Timer) <-chan time.Time {
	at, ok := n.deadline()
	if !ok {
		return nil
	}
	timer.Reset(at.Sub(c.now()))
	return timer.C
}

// do runs f on the node's goroutine, between two steps, and waits for it.
func (n *node) do(ctx context.Context, f func()) error {
	ran := make(chan struct{})
	if !n.push(item{do: func() { defer close(ran); f() }}) {
		return ErrEnded
	}
	select {
	case <-ran:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-n.gone:
		select {
		case <-ran:
			return nil
		default:
			return ErrEnded
		}
	}
}
