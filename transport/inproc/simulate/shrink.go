package simulate

import (
	"context"
	"slices"

	"github.com/proffer-go/proffer/transport/inproc"
)

// Shrink leaves out of p whatever its failure does not need: faults, work, frameworks, agents. It returns the smallest plan
// that it found whose run breaks the same invariant as v, and that run's report. It runs plans until nothing more can be
// left out, or ctx ends; then what it has by then is the result.
func (p Plan) Shrink(ctx context.Context, o Options, v *Violation) (Plan, Report) {
	s := &shrinker{ctx: ctx, o: o, want: v.Invariant, best: p}
	s.o.Trace = nil
	s.best.Work, s.best.Faults = slices.Clone(p.Work), slices.Clone(p.Faults)
	for s.changed = true; s.changed && ctx.Err() == nil; {
		s.changed = false
		s.best.Faults = smaller(s, s.best.Faults, func(q *Plan, l []inproc.Fault) { q.Faults = l })
		s.best.Work = smaller(s, s.best.Work, func(q *Plan, l []Work) { q.Work = l })
		s.best.Frameworks = smaller(s, s.best.Frameworks, func(q *Plan, l []Framework) { q.Frameworks = l })
		s.best.Agents = smaller(s, s.best.Agents, func(q *Plan, l []Agent) { q.Agents = l })
		s.shorter()
	}
	if s.report.Violation == nil {
		s.report = s.best.Run(context.WithoutCancel(ctx), s.o)
	}
	return s.best, s.report
}

type shrinker struct {
	ctx     context.Context
	o       Options
	want    string
	best    Plan
	report  Report // of best
	changed bool
}

// fails runs a plan and reports whether it breaks the invariant; then it is the best so far.
func (s *shrinker) fails(p Plan) bool {
	if s.ctx.Err() != nil {
		return false
	}
	r := p.Run(s.ctx, s.o)
	if r.Violation == nil || r.Violation.Invariant != s.want {
		return false
	}
	s.best, s.report, s.changed = p, r, true
	return true
}

// smaller leaves out parts of a list, half of it at first and single elements in the end.
func smaller[T any](s *shrinker, list []T, set func(*Plan, []T)) []T {
	for size := (len(list) + 1) / 2; size > 0; size /= 2 {
		for at := 0; at < len(list); {
			rest := slices.Concat(list[:at], list[min(at+size, len(list)):])
			p := s.best
			if set(&p, rest); s.fails(p) {
				list = rest
			} else {
				at += size
			}
		}
	}
	return list
}

// shorter ends the work as soon as the last of it has begun.
func (s *shrinker) shorter() {
	p := s.best
	p.Duration = 0
	for _, w := range p.Work {
		p.Duration = max(p.Duration, w.At)
	}
	for _, f := range p.Faults {
		p.Duration = max(p.Duration, f.At)
	}
	if p.Duration < s.best.Duration {
		s.fails(p)
	}
}
