package offer

import (
	"fmt"

	"github.com/proffer-go/proffer/role/quota"
)

// everyAgent stands for all agents where one is asked for.
var everyAgent *agent

// schedule says when the next run is and what it looks at.
type schedule struct {
	wanted  bool // a run is asked for
	due     Time // when it is
	all     bool // it looks at every agent
	list    []*agent
	fresh   []*client // it looks at every agent for these
	tick    Time      // of the timer's run
	settled Time      // refusals that end by then are over

	paused    bool
	holding   bool // paused until enough agents are back
	expected  int
	holdUntil Time
}

func (s *schedule) start(r *Rules) { s.tick = Time(r.Interval) }

// request asks for a run over g, under all rules.
func (a *Allocator) request(g *agent) {
	s := &a.sched
	if !a.want() {
		return
	}
	if a.rules.Triggers == OnChange && a.quota.Len() > 0 {
		g = everyAgent // whatever changed may have let somebody below a limit or raised the surplus
	}
	switch {
	case g == everyAgent:
		s.all = true
	case !g.marked:
		g.marked = true
		s.list = append(s.list, g)
	}
}

// want asks for a run, and reports whether it may be asked for.
func (a *Allocator) want() bool {
	s := &a.sched
	if s.paused && !a.rules.RememberPaused {
		return false
	}
	if !s.wanted {
		s.wanted = true
		s.due = a.now.Add(a.rules.Coalesce)
	}
	return true
}

// requestFor asks for a run over all agents, for clients that may newly accept something: nobody else has a reason to
// look at an agent that did not change (docs/allocation.md §7.3).
func (a *Allocator) requestFor(clients ...*client) {
	if a.rules.Triggers != OnChange {
		a.request(everyAgent)
		return
	}
	if a.want() && !a.sched.all {
		for _, c := range clients {
			if !c.fresh {
				c.fresh = true
				a.sched.fresh = append(a.sched.fresh, c)
			}
		}
	}
}

// changed asks for a run over g where the rules run on changes.
func (a *Allocator) changed(g *agent) {
	if a.rules.Triggers != OnChange {
		return
	}
	a.request(g)
}

// changedQuota asks for a run over all agents if a limit or guarantee may have been stopping somebody.
func (a *Allocator) changedQuota() {
	if a.rules.Triggers == OnChange && a.quota.Len() > 0 {
		a.request(everyAgent)
	}
}

// Pause stops runs until Resume. What is asked for meanwhile is remembered, or dropped, as the rules say.
func (a *Allocator) Pause(now Time) {
	a.advance(now)
	a.sched.paused = true
}

// Resume ends a pause, also one that Recover began.
func (a *Allocator) Resume(now Time) {
	a.advance(now)
	a.sched.paused, a.sched.holding = false, false
}

// Recover tells a new allocator how many agents its predecessor had, and the quota in force. If there is any quota it
// pauses until Rules.HoldFraction of the agents are back or Rules.HoldTime has passed, so that guarantees do not lose to
// whoever comes first (docs/allocation.md §2.1).
func (a *Allocator) Recover(now Time, expected int, cs []quota.Config) error {
	if err := a.SetQuota(now, cs, true); err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	needed := int(a.rules.HoldFraction * float64(max(expected, 0)))
	if a.quota.Len() == 0 || needed == 0 || a.rules.HoldTime == 0 {
		return nil
	}
	s := &a.sched
	s.paused, s.holding = true, true
	s.expected, s.holdUntil = needed, a.now.Add(a.rules.HoldTime)
	return nil
}

// endHoldIfBack resumes when enough agents are back.
func (a *Allocator) endHoldIfBack() {
	if s := &a.sched; s.holding && len(a.agentAt) >= s.expected {
		a.Resume(a.now)
		if a.rules.Triggers == OnChange {
			a.request(everyAgent)
		}
	}
}

// NextDeadline says when the next Poll has something to do; false: nothing until the next command.
func (a *Allocator) NextDeadline() (Time, bool) {
	first, any := Time(0), false
	at := func(t Time) {
		if !any || t < first {
			first, any = t, true
		}
	}
	s := &a.sched
	if len(a.rescinds)+len(a.inverse.unasked) > 0 {
		at(a.now)
	}
	if t, any := a.inverse.nextEnd(); any {
		at(t)
	}
	if s.wanted && !(s.paused && a.rules.RememberPaused) {
		at(s.due) // while paused, under rules that forget, the run is lost then
	}
	if a.rules.Interval > 0 {
		at(s.tick)
	}
	if s.holding {
		at(s.holdUntil)
	}
	if end, any := a.nextClaim(); any && a.rules.Triggers == OnChange {
		at(end)
	}
	if end, any := a.nextLetGo(); any && a.rules.Triggers == OnChange {
		at(end)
	}
	if a.firstOut != nil && a.firstOut.deadline > 0 {
		at(a.firstOut.deadline)
	}
	if len(a.expiries.list) > 0 && a.rules.Triggers == OnChange {
		at(a.expiries.list[0].ends)
	}
	return first, any
}

// Poll does all work that is due at now, in this order: offers whose time is up are taken back, refusals end, runs are
// made. It appends the outcome to out, and has nothing left to do until NextDeadline or the next command.
func (a *Allocator) Poll(now Time, out *Batch) {
	a.advance(now)
	s := &a.sched
	a.expire()
	a.expireClaims()
	a.endKeeping()
	a.endAsks()
	missed := false // the timer was due while the hold still stood
	if s.holding && a.now >= s.holdUntil {
		missed = s.tick < s.holdUntil && !a.rules.RememberPaused
		a.Resume(a.now)
		a.changed(everyAgent)
	}
	ticking := a.rules.Interval > 0 && a.now >= s.tick
	if !a.rules.FilterFloor {
		a.settle(a.now)
	}
	switch {
	case !s.wanted || a.now < s.due:
	case !s.paused:
		a.settle(s.due) // what ended before the run was asked for is over, also where nobody polled meanwhile
		a.runDue(ticking && !a.rules.FilterFloor, out)
	case !a.rules.RememberPaused:
		s.wanted = false // the run is lost; its candidates stay for the next one
	}
	if ticking {
		if a.rules.FilterFloor {
			a.settle(s.tick)
		}
		if !s.paused && !missed {
			a.runAll(out)
		}
		s.tick = a.now.Add(a.rules.Interval)
	}
	if a.rules.FilterFloor {
		a.settle(a.now + 1) // what ends now ends after the run of now
	}
	out.Rescinded = append(out.Rescinded, a.rescinds...)
	a.rescinds = a.rescinds[:0]
	a.tellUnasked(out)
}

// expire takes back the offers whose deadline is over.
func (a *Allocator) expire() {
	for o := a.firstOut; o != nil && o.deadline > 0 && o.deadline <= a.now; o = a.firstOut {
		a.stats.Expired++
		c, g := o.client, o.agent
		a.rescind(o, RescindTimeout)
		a.hadTurn(c, g)
	}
}

// settle ends the refusals that last until upTo at most.
func (a *Allocator) settle(upTo Time) {
	a.sched.settled = max(a.sched.settled, upTo)
	for len(a.expiries.list) > 0 && a.expiries.list[0].ends <= upTo {
		g := a.expiries.list[0]
		a.sweep(g, upTo)
		a.changed(g)
	}
}

// runDue makes the run that was asked for.
func (a *Allocator) runDue(skip bool, out *Batch) {
	if skip {
		return // the timer's run of this moment looks at everything
	}
	s := &a.sched
	a.figures.due++
	a.figures.latency += a.now.Sub(s.due) + a.rules.Coalesce
	switch {
	case s.all || len(s.fresh) > 0:
		a.cycle.freshOnly = !s.all
		a.run(a.allOpen(), a.agents, out)
		a.cycle.freshOnly = false
	default:
		a.run(s.list, s.list, out)
	}
	a.askHolders(s.all || len(s.fresh) > 0, out)
	a.done()
}

// runAll makes the timer's run.
func (a *Allocator) runAll(out *Batch) {
	a.run(a.allOpen(), a.agents, out)
	a.askHolders(true, out)
	a.done()
}

// done ends a run and forgets what was asked for.
func (a *Allocator) done() {
	a.keepWhole()
	s := &a.sched
	for i, g := range s.list {
		g.marked = false
		s.list[i] = nil
	}
	for i, c := range s.fresh {
		c.fresh = false
		s.fresh[i] = nil
	}
	s.list, s.fresh, s.all, s.wanted = s.list[:0], s.fresh[:0], false, false
	for i, g := range a.cycle.again {
		a.changed(g)
		a.cycle.again[i] = nil
	}
	a.cycle.again = a.cycle.again[:0]
}
