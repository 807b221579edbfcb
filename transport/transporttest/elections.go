package transporttest

import (
	"context"
	"testing"
	"time"

	"github.com/proffer-go/proffer/transport"
)

// Elections says how to reach the elections under test: every transport.Contender and transport.Detector runs this suite in its
// own tests (docs/protocol.md §5).
//
//	func TestElections(t *testing.T) {
//		transporttest.RunElections(t, transporttest.Elections{Open: func() transporttest.Election { return mine.New() }})
//	}
type Elections struct {
	// Open makes a fresh election in which nobody stands.
	Open func() Election
	// Quiet is how long silence lasts before it is believed; 0: 30 ms. Give more than a lease takes to end by itself.
	Quiet time.Duration
	// Patience is how long something that must happen may take; 0: 10 s.
	Patience time.Duration
}

// Election is what the suite needs of an election.
type Election interface {
	transport.Contender
	transport.Detector
	// Depose ends the lead of whoever leads, as when its lease is taken from it; it reports whether anybody led.
	Depose() bool
}

// ElectionCheck is one promise of package transport about elections.
type ElectionCheck struct {
	Name    string // for t.Run
	Promise string // one sentence
	run     func(*poll)
}

// Run checks the promise and fails t if it is broken.
func (c ElectionCheck) Run(t TB, e Elections) {
	t.Helper()
	if e.Open == nil {
		t.Fatalf("transporttest: Elections.Open is nil; give it a func that makes a fresh election")
	}
	if e.Quiet <= 0 {
		e.Quiet = 30 * time.Millisecond
	}
	if e.Patience <= 0 {
		e.Patience = 10 * time.Second
	}
	p := &poll{TB: t, Elections: e, e: e.Open(), leading: map[*voter]bool{}}
	t.Cleanup(p.end)
	c.run(p)
	for _, h := range p.hearers() {
		h.report(p)
	}
}

// RunElections runs every check as a subtest.
func RunElections(t *testing.T, e Elections) {
	for _, c := range ElectionChecks() {
		t.Run(c.Name, func(t *testing.T) { c.Run(t, e) })
	}
}

// ElectionChecks lists the suite in a fixed order. Whatever a check is about, each also sees that every candidate hears of an
// outcome once, that nobody hears two calls at a time, and that no two lead at one time.
func ElectionChecks() []ElectionCheck {
	return []ElectionCheck{
		{"OneLeads", "of those that stand one is elected", oneLeads},
		{"Succession", "whoever stands is elected once those before have withdrawn", succession},
		{"Deposed", "a leader that is deposed hears so, with a cause, before anybody else is elected", deposed},
		{"OutcomeOnce", "Elected and Lost are called once at most, and nothing after Lost", outcomeOnce},
		{"WithdrawEnds", "whoever withdrew hears nothing more, and is not elected", withdrawEnds},
		{"WithdrawAgain", "withdraw may be called more than once, and ends nobody else's lead", withdrawAgain},
		{"WithdrawFromElected", "withdraw may be called from within Elected", withdrawFromElected},
		{"WithdrawFromLost", "withdraw may be called from within Lost", withdrawFromLost},
		{"ContendContext", "the context bounds the start of a candidacy only", contendContext},
		{"CandidateAlone", "a candidate hears one call at a time", candidateAlone},
		{"DetectLeader", "whoever asks is told who leads", detectLeader},
		{"DetectChanges", "whoever asks is told of every new leader, and that there is none", detectChanges},
		{"DetectContext", "the context bounds the start of asking only", detectContext},
		{"DetectAlone", "whoever asks hears one call at a time", detectAlone},
		{"StopEnds", "after stop nothing is told any more", stopEnds},
		{"StopAgain", "stop may be called more than once, and ends nobody else's asking", stopAgain},
		{"StopFromFound", "stop may be called from within found", stopFromFound},
		{"AnyGoroutine", "all of it may be called from any goroutine", anyGoroutine},
	}
}

func oneLeads(p *poll) {
	a, b, c := p.stand("a"), p.stand("b"), p.stand("c")
	p.until("one of three is elected", func() bool { return a.leads() || b.leads() || c.leads() })
	p.silence()
	if n := count(a.leads(), b.leads(), c.leads()); n != 1 {
		p.Errorf("%d of three lead", n)
	}
}

func succession(p *poll) {
	all := []*voter{p.stand("a"), p.stand("b"), p.stand("c")}
	for range all {
		leader := p.leader(all...)
		leader.withdraw()
		leader.out = true
	}
}

func deposed(p *poll) {
	all := []*voter{p.stand("a"), p.stand("b")}
	first := p.leader(all...)
	first.slowLost = p.Quiet / 2
	if !p.e.Depose() {
		p.Errorf("Depose says that nobody leads, and %s does", first.name)
	}
	p.until(string(first.name)+" hears that it was deposed", first.isLost)
	if first.cause() == nil {
		p.Errorf("%s lost its lead without a cause", first.name)
	}
	first.out = true
	p.leader(all...)
	if p.e.Depose(); count(all[0].isLost(), all[1].isLost()) != 2 {
		p.until("the second leader hears that it was deposed", func() bool { return all[0].isLost() && all[1].isLost() })
	}
}

func outcomeOnce(p *poll) {
	a := p.stand("a")
	p.leader(a)
	p.e.Depose()
	p.until("a hears that it was deposed", a.isLost)
	b := p.stand("b")
	p.leader(b)
	p.e.Depose()
	p.until("b hears that it was deposed", b.isLost)
	p.silence()
}

func withdrawEnds(p *poll) {
	a, b, c := p.stand("a"), p.stand("b"), p.stand("c")
	leader := p.leader(a, b, c)
	for _, v := range []*voter{a, b, c} {
		if v != leader {
			v.withdraw() // a standby
			v.out = true
			v.mute()
			break
		}
	}
	leader.withdraw()
	leader.out = true
	leader.mute()
	p.leader(a, b, c)
	p.e.Depose()
	p.silence()
}

func withdrawAgain(p *poll) {
	a, b := p.stand("a"), p.stand("b")
	first := p.leader(a, b)
	first.withdraw()
	first.out = true
	second := p.leader(a, b)
	first.withdraw()
	first.withdraw()
	p.silence()
	if second.isLost() {
		p.Errorf("%s lost its lead when %s withdrew again", second.name, first.name)
	}
}

func withdrawFromElected(p *poll) {
	a, b, c := p.stand("a"), p.stand("b"), p.stand("c")
	first := p.leader(a, b, c)
	rest := []*voter{}
	for _, v := range []*voter{a, b, c} {
		if v != first {
			v.during(v.withdraw)
			rest = append(rest, v)
		}
	}
	p.within("withdraw by the first", first.withdraw)
	p.until("both others were elected, and withdrew at once", func() bool { return rest[0].wasElected() && rest[1].wasElected() })
	p.leader(p.stand("d"))
}

func withdrawFromLost(p *poll) {
	a := p.stand("a")
	p.leader(a)
	a.during(a.withdraw)
	p.within("Depose", func() { p.e.Depose() })
	p.until("a hears that it was deposed", a.isLost)
	p.leader(p.stand("b"))
}

func contendContext(p *poll) {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	none := p.voter("none")
	if _, err := p.e.Contend(over, none.name, none); err == nil {
		p.Errorf("Contend with a context that has ended gives no error")
	}
	none.mute()
	ctx, cancel := context.WithCancel(context.Background())
	a := p.standWith(ctx, "a")
	b := p.standWith(ctx, "b")
	first := p.leader(a, b)
	cancel()
	p.silence()
	if first.isLost() {
		p.Errorf("%s lost its lead when the context of its start ended", first.name)
	}
	first.withdraw()
	first.out = true
	p.leader(a, b)
}

func candidateAlone(p *poll) {
	a := p.voter("a")
	a.slowElected = p.Quiet
	p.enter(context.Background(), a)
	p.until("a is elected", func() bool { return a.called() > 0 })
	p.e.Depose()
	p.until("a hears that it was deposed", a.isLost)
}
