package offer

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Endless is the duration of a Window whose end is not known.
const Endless time.Duration = -1

// Window is a time in which an agent will not be there, as for maintenance. The zero Window is none.
type Window struct {
	Start    Time          `json:"start_ns"`
	Duration time.Duration `json:"duration_ns"` // Endless, 0 or more
}

// IsZero reports whether nothing is planned.
func (w Window) IsZero() bool { return w == Window{} }

func (w Window) check() error {
	if w.Duration < Endless {
		return fmt.Errorf("a window of %v: %w", w.Duration, ErrSpec)
	}
	return nil
}

// InverseOffer asks a framework to leave an agent, with everything it holds there, before the agent's window begins
// (docs/allocation.md §4). Nothing is enforced.
type InverseOffer struct {
	ID        OfferID     `json:"id"` // counted together with offers
	Framework FrameworkID `json:"framework"`
	Agent     AgentID     `json:"agent"`
	Window    Window      `json:"window"`
	Deadline  Time        `json:"deadline_ns,omitempty"` // when it is taken back unanswered; 0: never
}

// Answer is what a framework said to an inverse offer.
type Answer uint8

// The answers. NoAnswer: not asked, not answered yet, or not in time.
const (
	NoAnswer Answer = iota
	Accepted
	Declined
)

var answerNames = [...]string{"none", "accepted", "declined"}

// String names the answer in one word.
func (w Answer) String() string {
	if int(w) < len(answerNames) {
		return answerNames[w]
	}
	return "unknown"
}

// inverse is what the allocator keeps for inverse offers beyond the agents' own records.
type inverse struct {
	kept    []*agent // that have an upkeep
	unasked []InverseOffer
	next    Time // when the next ask or filter ends; 0: none does
	stale   bool // next is to be computed anew
}

// upkeep is what an agent has while a window is set, or while a framework wants not to be asked about it.
type upkeep struct {
	window Window
	pairs  []pair // by index of the framework
	place  int    // in inverse.kept
}

// pair is what a framework and an agent have between them. One without anything is dropped.
type pair struct {
	framework int32
	ask       OfferID // the open one; 0: none
	deadline  Time    // of ask; 0: none
	until     Time    // it wants not to be asked before; 0: it never said so
	answer    Answer  // the last one that counted
	answered  Time
}

// SetUnavailability says when an agent will not be there; the zero Window takes the plan back. Offers of the agent carry the
// window, and every active framework that holds something there is asked to leave. Each call starts over, even one that
// sets the same window: open inverse offers are taken back, answers and inverse filters are void. Where the window differs,
// the agent's offers are rescinded, to be made again with the new one. ErrUnknownAgent, ErrSpec.
func (a *Allocator) SetUnavailability(now Time, id AgentID, w Window) error {
	g, ok := a.agent(id)
	if !ok {
		return fmt.Errorf("set unavailability of agent %q: %w", id, ErrUnknownAgent)
	}
	if err := w.check(); err != nil {
		return fmt.Errorf("set unavailability of agent %q: %w", id, err)
	}
	a.advance(now)
	differs := w != g.window()
	if g.upkeep != nil {
		a.forgetPairs(g, a.rules.Rescind)
	}
	a.setWindow(g, w)
	if differs && a.rules.Rescind {
		for _, o := range byID(g.offers) {
			a.rescind(o, RescindAgent)
		}
	}
	a.request(g)
	return nil
}

// AnswerInverse takes a framework's answer to an inverse offer, of which ID, Framework and Agent are read. It counts if the
// offer is still open. Its filter holds in any case: the framework is not asked about the agent before it is over
// (docs/allocation.md §3.3); without one, the next run that looks at the agent asks again, unless the answer was to accept
// and the rules let that settle it. ErrUnknownFramework, ErrUnknownAgent.
func (a *Allocator) AnswerInverse(now Time, o InverseOffer, accept bool, f Filter) (counted bool, err error) {
	fw, ok := a.framework(o.Framework)
	if !ok {
		return false, fmt.Errorf("answer inverse offer %d: framework %q: %w", o.ID, o.Framework, ErrUnknownFramework)
	}
	g, ok := a.agent(o.Agent)
	if !ok {
		return false, fmt.Errorf("answer inverse offer %d: agent %q: %w", o.ID, o.Agent, ErrUnknownAgent)
	}
	a.advance(now)
	p := a.ensurePair(g, fw)
	if counted = p.ask != 0 && p.ask == o.ID; counted {
		a.closeAsk(p)
		p.answer, p.answered = Declined, a.now
		if accept {
			p.answer = Accepted
		}
	}
	if d := f.time(); d > 0 && a.now.Add(d) > p.until {
		a.inverse.ends(p.until)
		p.until = a.now.Add(d)
		a.inverse.wakeAt(p.until)
	}
	a.tidy(g)
	return counted, nil
}

// UnavailabilityReport tells an agent's window and what became of asking.
type UnavailabilityReport struct {
	Window Window
	Asked  []AskReport // sorted by framework
}

// AskReport tells what a framework was asked, and answered, about an agent since its window was set.
type AskReport struct {
	Framework FrameworkID
	Open      OfferID // the inverse offer that waits for an answer; 0: none
	Answer    Answer  // the last one
	At        Time    // of Answer
	Filtered  Time    // it is not asked before; 0: it did not ask for that
}

// Unavailability reports an agent's window, the answers of frameworks and their filters.
func (a *Allocator) Unavailability(id AgentID) (UnavailabilityReport, bool) {
	g, ok := a.agent(id)
	if !ok {
		return UnavailabilityReport{}, false
	}
	r := UnavailabilityReport{Window: g.window()}
	if g.upkeep != nil {
		for _, p := range g.upkeep.pairs {
			r.Asked = append(r.Asked, AskReport{
				Framework: a.fws[p.framework].id, Open: p.ask, Answer: p.answer, At: p.answered, Filtered: p.until,
			})
		}
	}
	slices.SortFunc(r.Asked, func(x, y AskReport) int { return cmp.Compare(x.Framework, y.Framework) })
	return r, true
}

// window is when g will not be there.
func (g *agent) window() Window {
	if g.upkeep == nil {
		return Window{}
	}
	return g.upkeep.window
}

func (a *Allocator) setWindow(g *agent, w Window) {
	if w.IsZero() && g.upkeep == nil {
		return
	}
	a.keep(g).window = w
	a.tidy(g)
}

// keep gives g a record.
func (a *Allocator) keep(g *agent) *upkeep {
	if g.upkeep == nil {
		g.upkeep = &upkeep{place: len(a.inverse.kept)}
		a.inverse.kept = append(a.inverse.kept, g)
	}
	return g.upkeep
}

// tidy drops what g's record no longer needs, and the record where nothing is left.
func (a *Allocator) tidy(g *agent) {
	u := g.upkeep
	if u == nil {
		return
	}
	u.pairs = slices.DeleteFunc(u.pairs, func(p pair) bool { return p == pair{framework: p.framework} })
	if u.window.IsZero() && len(u.pairs) == 0 {
		a.inverse.kept = dropAt(a.inverse.kept, u.place, func(last *agent) { last.upkeep.place = u.place })
		g.upkeep = nil
	}
}

func (u *upkeep) find(f *framework) (at int, ok bool) {
	return slices.BinarySearchFunc(u.pairs, f.index, func(p pair, i int32) int { return int(p.framework) - int(i) })
}

// ensurePair returns the pair of f and g; it is good until the next one is made or dropped.
func (a *Allocator) ensurePair(g *agent, f *framework) *pair {
	u := a.keep(g)
	at, ok := u.find(f)
	if !ok {
		u.pairs = slices.Insert(u.pairs, at, pair{framework: f.index})
	}
	return &u.pairs[at]
}

// closeAsk ends an open ask, by whatever cause.
func (a *Allocator) closeAsk(p *pair) {
	a.inverse.ends(p.deadline)
	p.ask, p.deadline = 0, 0
}

// unask takes an open ask back and has the next Poll tell so.
func (a *Allocator) unask(g *agent, p *pair) {
	a.inverse.unasked = append(a.inverse.unasked, a.publicAsk(g, p))
	a.closeAsk(p)
}

func (a *Allocator) publicAsk(g *agent, p *pair) InverseOffer {
	return InverseOffer{
		ID: p.ask, Framework: a.fws[p.framework].id, Agent: g.id, Window: g.upkeep.window, Deadline: p.deadline,
	}
}

// unfilter ends the wish not to be asked.
func (a *Allocator) unfilter(g *agent, p *pair) {
	if p.until == 0 {
		return
	}
	a.inverse.ends(p.until)
	p.until = 0
	if !g.upkeep.window.IsZero() {
		a.changed(g)
	}
}

// forgetPairs drops all that frameworks have with g: open asks, answers and filters.
func (a *Allocator) forgetPairs(g *agent, tell bool) {
	for i := range g.upkeep.pairs {
		if p := &g.upkeep.pairs[i]; p.ask != 0 && tell {
			a.unask(g, p)
		}
	}
	g.upkeep.pairs, a.inverse.stale = nil, true
}

// forgetUpkeep drops g's record, on its removal.
func (a *Allocator) forgetUpkeep(g *agent) {
	if g.upkeep != nil {
		a.forgetPairs(g, true)
		a.setWindow(g, Window{})
	}
}

// unfilterAgent clears every framework's inverse filter on g.
func (a *Allocator) unfilterAgent(g *agent) {
	if g.upkeep == nil {
		return
	}
	for i := range g.upkeep.pairs {
		a.unfilter(g, &g.upkeep.pairs[i])
	}
	a.tidy(g)
}

// eachPair calls do for every pair of f. The order is nobody's business.
func (a *Allocator) eachPair(f *framework, do func(*agent, *pair)) {
	for i := len(a.inverse.kept) - 1; i >= 0; i-- { // tidying moves a later agent here
		g := a.inverse.kept[i]
		if at, ok := g.upkeep.find(f); ok {
			do(g, &g.upkeep.pairs[at])
			a.tidy(g)
		}
	}
}

// unfilterFramework clears all of f's inverse filters (docs/allocation.md §3.2).
func (a *Allocator) unfilterFramework(f *framework) { a.eachPair(f, a.unfilter) }

// stopAsking clears f's inverse filters and drops its open asks without a word: it went inactive.
func (a *Allocator) stopAsking(f *framework) {
	a.eachPair(f, func(g *agent, p *pair) {
		a.closeAsk(p)
		a.unfilter(g, p)
	})
}

// forgetPairsOf drops all that f has with agents, on its removal.
func (a *Allocator) forgetPairsOf(f *framework) {
	a.eachPair(f, func(_ *agent, p *pair) {
		*p = pair{framework: p.framework}
		a.inverse.stale = true
	})
}

func (u *upkeep) fork() *upkeep {
	if u == nil {
		return nil
	}
	return &upkeep{window: u.window, pairs: slices.Clone(u.pairs), place: u.place}
}

// inverse checks the records of windows, asks and inverse filters.
func (k *checker) inverse() error {
	iv, kept := &k.a.inverse, 0
	var asks map[OfferID]bool
	for _, g := range k.a.agents {
		if g == nil || g.upkeep == nil {
			continue
		}
		if asks == nil {
			asks = make(map[OfferID]bool)
		}
		kept++
		if u := g.upkeep; u.place >= len(iv.kept) || iv.kept[u.place] != g {
			return fmt.Errorf("upkeep of agent %q is misplaced", g.id)
		}
		if err := k.upkeep(g.upkeep, asks); err != nil {
			return fmt.Errorf("upkeep of agent %q: %w", g.id, err)
		}
	}
	if kept != len(iv.kept) {
		return fmt.Errorf("upkeep: %d agents are kept, %d have one", len(iv.kept), kept)
	}
	if first := iv.earliest(); !iv.stale && iv.next != first {
		return fmt.Errorf("next of inverse offers is %d, the agents give %d", iv.next, first)
	}
	return nil
}

func (k *checker) upkeep(u *upkeep, asks map[OfferID]bool) error {
	if u.window.IsZero() && len(u.pairs) == 0 {
		return fmt.Errorf("it is empty")
	}
	for i, p := range u.pairs {
		switch f := k.a.fws[p.framework]; {
		case i > 0 && u.pairs[i-1].framework >= p.framework:
			return fmt.Errorf("pairs are out of order")
		case f == nil || !f.known:
			return fmt.Errorf("a pair of a framework that is not known")
		case p == pair{framework: p.framework}:
			return fmt.Errorf("the pair of framework %q is empty", f.id)
		case u.window.IsZero() && (p.ask != 0 || p.answer != NoAnswer):
			return fmt.Errorf("framework %q was asked without a window", f.id)
		case p.ask != 0 && !f.active:
			return fmt.Errorf("framework %q is asked and inactive", f.id)
		case p.ask == 0 && p.deadline != 0:
			return fmt.Errorf("framework %q has a deadline without being asked", f.id)
		case p.ask > k.a.lastOffer || p.ask != 0 && (asks[p.ask] || k.a.offers.get(p.ask) != nil):
			return fmt.Errorf("inverse offer %d is not one, or there twice", p.ask)
		}
		asks[p.ask] = true
	}
	return nil
}
