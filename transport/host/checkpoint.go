package host

import (
	"context"
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
)

// recorder carries out an agent's records: one Save at a time, of all records that have come meanwhile. It lives on the
// agent's goroutine.
type recorder struct {
	n       *AgentNode
	store   agent.Store
	timeout time.Duration
	inline  bool // on the node's goroutine: by hand, or in memory
	count   int
	queue   []agent.Record
	busy    bool // a Save is not answered
	late    *lateSave
}

// lateSave is what a fault delays.
type lateSave struct {
	at offer.Time
	do func() msg.Recorded
}

func newRecorder(n *AgentNode, timeout time.Duration) *recorder {
	r := &recorder{n: n, store: n.opts.checkpoint, timeout: timeout, inline: n.opts.hand}
	if r.store == nil {
		r.store = agent.NewMemory()
	}
	if _, memory := r.store.(*agent.Memory); memory {
		r.inline = true
	}
	return r
}

// load reads the checkpoint. It is the machine's first input, so it is queued before the port is open.
func (r *recorder) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	var in msg.Restored
	err := r.store.Load(ctx, func(key string, value []byte) error {
		in.Entries = append(in.Entries, msg.Entry{Key: key, Value: value})
		return nil
	})
	if err != nil {
		return fmt.Errorf("host: read the checkpoint: %w", err)
	}
	r.n.push(item{in: in})
	return nil
}

// record queues records, and saves them if nothing is being saved.
func (r *recorder) record(records []agent.Record) {
	r.queue = append(r.queue, records...)
	r.next()
}

// next begins a Save of all that is queued.
func (r *recorder) next() {
	for !r.busy && len(r.queue) > 0 {
		batch := r.queue
		r.queue, r.busy = nil, true
		r.save(batch)
	}
}

func (r *recorder) save(batch []agent.Record) {
	r.count++
	var fault StoreFault
	if r.n.opts.recordFaults != nil {
		fault = r.n.opts.recordFaults(r.count)
	}
	seq := batch[len(batch)-1].Seq
	switch {
	case !r.inline && fault == (StoreFault{}):
		r.n.beside(func() {
			answer := r.ask(batch)
			r.n.push(item{do: func() { r.answered(answer); r.n.drained() }})
		})
	case fault.Lost && fault.Err == nil:
	case fault.Lost:
		r.later(fault.Delay, func() msg.Recorded { return msg.Recorded{Seq: seq, Err: fault.Err} })
	case fault.Late:
		r.later(fault.Delay, func() msg.Recorded { return r.askOr(batch, fault.Err) })
	default:
		answer := r.askOr(batch, fault.Err)
		r.later(fault.Delay, func() msg.Recorded { return answer })
	}
}

func (r *recorder) askOr(batch []agent.Record, err error) msg.Recorded {
	answer := r.ask(batch)
	if err != nil {
		answer.Err = err
	}
	return answer
}

func (r *recorder) ask(batch []agent.Record) msg.Recorded {
	ctx, cancel := context.WithTimeout(context.Background(), r.timeout)
	defer cancel()
	return msg.Recorded{Seq: batch[len(batch)-1].Seq, Err: r.store.Save(ctx, batch)}
}

// later has an answer stepped in after d; without d at once.
func (r *recorder) later(d time.Duration, answer func() msg.Recorded) {
	if d <= 0 {
		r.answered(answer())
		return
	}
	r.late = &lateSave{r.n.now.Add(d), answer}
}

// answered steps an answer in; the drain under way, or the caller, carries out what follows.
func (r *recorder) answered(in msg.Recorded) {
	r.busy = false
	if r.n.isEnded() || r.n.done {
		return
	}
	r.n.put(r.n.now, in)
	if in.Err == nil { // else nothing more is written
		r.next()
	}
}

// alarm tells when the late answer is due.
func (r *recorder) alarm() (offer.Time, bool) {
	if r.late == nil {
		return 0, false
	}
	return r.late.at, true
}

// ring gives the late answer if it is due.
func (r *recorder) ring(now offer.Time) bool {
	if r.late == nil || r.late.at > now {
		return false
	}
	answer := r.late.do
	r.late = nil
	r.answered(answer())
	r.n.drained()
	return true
}
