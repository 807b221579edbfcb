package framework

import "github.com/proffer-go/proffer/offer/msg"

// SchedulerReady is what a SchedulerSession wants done. The host owns it and hands the same one in again: its slices
// are emptied and reused.
type SchedulerReady struct {
	Dials     []msg.Node     // answer each: msg.LinkUp, or msg.LinkDown with Link 0
	Sends     []msg.Envelope // per link in this order
	Closes    []msg.Link     // after Sends on that link
	Callbacks []Callback     // one at a time, in this order; see Callback
	// Done tells that the session has ended: carry out the rest, then drop it. Its status is Status().
	Done bool
}

func (r *SchedulerReady) reset() {
	r.Dials, r.Sends, r.Closes, r.Callbacks, r.Done = r.Dials[:0], r.Sends[:0], r.Closes[:0], r.Callbacks[:0], false
}

func (r *SchedulerReady) any() bool {
	return len(r.Dials)+len(r.Sends)+len(r.Closes)+len(r.Callbacks) > 0 || r.Done
}

// ExecutorReady is what an ExecutorSession wants done; the rules are those of SchedulerReady.
type ExecutorReady struct {
	Dials     []msg.Node
	Sends     []msg.Envelope
	Closes    []msg.Link
	Callbacks []ExecutorCallback
	// Done tells that the session has ended: carry out the rest, then end the executor.
	Done bool
}

func (r *ExecutorReady) reset() {
	r.Dials, r.Sends, r.Closes, r.Callbacks, r.Done = r.Dials[:0], r.Sends[:0], r.Closes[:0], r.Callbacks[:0], false
}

func (r *ExecutorReady) any() bool {
	return len(r.Dials)+len(r.Sends)+len(r.Closes)+len(r.Callbacks) > 0 || r.Done
}
