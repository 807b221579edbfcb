package simulate

import (
	"context"
	"io"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/replay"
	"github.com/proffer-go/proffer/transport/inproc"
)

// Options say how a plan is run. The zero value checks everything after every step and tells nothing.
type Options struct {
	// CheckEvery lets machines recount their books only after so many of the cluster's steps; 1.
	CheckEvery int
	// Trace gets a line for everything that happens.
	Trace func(line string)
	// Record says where what all nodes are stepped with is written down: see inproc.Cluster.Record.
	Record func(h *replay.Header) (io.WriteCloser, error)

	sabotage func(*world) // called at the beginning, by tests of the invariants
}

// askAgain is how long those wait who found no master.
const askAgain = 5 * time.Second

// Run draws a plan and runs it. A context that ends stops it; what it did until then is in the report.
func Run(ctx context.Context, cfg Config) Report { return NewPlan(cfg).Run(ctx, Options{}) }

// Run runs the plan. It stops at the first violation.
func (p Plan) Run(ctx context.Context, o Options) Report {
	w := newWorld(p, o)
	defer w.c.Close()
	w.begin()
	if o.sabotage != nil {
		o.sabotage(w)
	}
	for _, d := range p.Work {
		if !w.until(ctx, d.At) {
			return w.verdict()
		}
		w.do(d)
	}
	if w.until(ctx, p.Duration) && w.rest(ctx) {
		w.finish(ctx)
	}
	return w.verdict()
}

// slice bounds how long a context is not looked at.
const slice = time.Minute

// until lets time pass until at since the beginning; false if the run is to stop.
func (w *world) until(ctx context.Context, at time.Duration) bool {
	for now := w.elapsed(); now < at; now = w.elapsed() {
		if ctx.Err() != nil || w.c.Err() != nil {
			return false
		}
		w.c.Advance(min(at-now, slice))
	}
	return ctx.Err() == nil && w.c.Err() == nil
}

func (w *world) elapsed() time.Duration { return w.c.Now().Sub(inproc.Begin) }

// rest heals everything, lets the cluster come to rest, and looks whether all agree. Its last quarter begins without any
// task that ends, so that what is free can be used, and ends without any that is launched.
func (w *world) rest(ctx context.Context) bool {
	w.say("faults heal; quiet begins")
	w.resting = true
	w.faults.Heal()
	clear(w.away)
	quarter := w.plan.Quiet / 4
	for i := range 3 {
		w.awaken()
		if !w.until(ctx, w.elapsed()+quarter) {
			return false
		}
		w.liftAll()
		w.relent()
		for _, t := range w.tenants {
			t.reconcile(i%2 == 0)
			t.reconcileOperations(i%2 == 0)
		}
	}
	w.still = true
	if !w.until(ctx, w.elapsed()+quarter/2) || !w.all(invariant.sated) {
		return false
	}
	w.calm = true
	return w.until(ctx, w.elapsed()+quarter/2) && w.all(invariant.quiet)
}

// all asks every invariant for something, and reports whether the run goes on.
func (w *world) all(ask func(invariant) error) bool {
	for _, x := range w.watchers {
		w.judge(x, ask(x))
	}
	return w.violation == nil
}

// finish ends all frameworks and looks whether anything of theirs is left.
func (w *world) finish(ctx context.Context) {
	w.say("all frameworks end")
	w.closing, w.still = true, false
	for _, t := range w.tenants {
		t.driver.Stop(false)
	}
	if !w.until(ctx, w.elapsed()+time.Minute) {
		return
	}
	if m := w.c.Master(); m != nil {
		for _, f := range m.Frameworks() { // whose scheduler never came back: only an operator ends them
			w.operate(msg.TeardownFramework{Framework: f.Info.ID})
		}
	}
	if w.until(ctx, w.elapsed()+2*time.Minute) {
		w.all(invariant.over)
	}
}

// verdict completes the report.
func (w *world) verdict() Report {
	w.report.Simulated = w.elapsed()
	w.report.Faults = w.faults.Injected()
	if err := w.c.Err(); err != nil && w.violation == nil {
		w.violation = &Violation{Invariant: "cluster", At: w.elapsed(), Step: w.report.Steps, Text: err.Error()}
	}
	w.report.Violation = w.violation
	return w.report
}
