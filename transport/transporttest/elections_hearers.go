package transporttest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
)

// poll is one check under way.
type poll struct {
	TB
	Elections
	e Election

	mu      sync.Mutex
	all     []*hearer
	leading map[*voter]bool
	ends    []func()
	over    bool // what is heard now is of no interest
}

// finally has f done when the check is over.
func (p *poll) finally(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ends = append(p.ends, f)
}

func (p *poll) end() {
	p.mu.Lock()
	p.over = true
	ends := p.ends
	p.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, f := range ends {
			f()
		}
	}()
	select { // what hangs was told of before
	case <-done:
	case <-time.After(p.Patience):
	}
}

// hearer is somebody who hears calls one at a time.
type hearer struct {
	p      *poll
	name   msg.Node
	mu     sync.Mutex
	inside int
	calls  int
	muted  bool // nothing is to come any more
	doing  func()
	wrong  []string
}

func (p *poll) hearer(name msg.Node) *hearer {
	h := &hearer{p: p, name: name}
	p.mu.Lock()
	p.all = append(p.all, h)
	p.mu.Unlock()
	return h
}

func (p *poll) hearers() []*hearer {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*hearer{}, p.all...)
}

// hear takes a call: note under the lock, then what is to be done within it.
func (h *hearer) hear(what string, slow time.Duration, note func()) {
	h.mu.Lock()
	h.calls++
	if h.inside++; h.inside > 1 {
		h.wrong = append(h.wrong, fmt.Sprintf("%s while another call of %s goes on", what, h.name))
	}
	if h.muted {
		h.wrong = append(h.wrong, fmt.Sprintf("%s to %s, which is to hear nothing more", what, h.name))
	}
	note()
	doing := h.doing
	h.doing = nil
	h.mu.Unlock()
	time.Sleep(slow)
	if doing != nil {
		doing()
	}
	h.mu.Lock()
	h.inside--
	h.mu.Unlock()
}

// during has f done within the next call.
func (h *hearer) during(f func()) { h.mu.Lock(); h.doing = f; h.mu.Unlock() }

// mute tells that nothing is to come any more, once what was on its way has had its time.
func (h *hearer) mute() {
	time.Sleep(h.p.Quiet)
	h.mu.Lock()
	h.muted = true
	h.mu.Unlock()
}

func (h *hearer) called() int { h.mu.Lock(); defer h.mu.Unlock(); return h.calls }

func (h *hearer) report(t TB) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.wrong {
		t.Errorf("%s", w)
	}
}

// voter is a candidate.
type voter struct {
	*hearer
	elected, lost         int
	why                   error
	slowElected, slowLost time.Duration
	out                   bool // it is nobody's leader any more, as far as the check knows
	gone                  bool // it has said that it withdraws
	give                  func()
}

var _ transport.Candidate = (*voter)(nil)

func (p *poll) voter(name msg.Node) *voter { return &voter{hearer: p.hearer(name)} }

// Elected notes that it leads; nobody else may.
func (v *voter) Elected() {
	v.p.leads(v, true)
	v.hear("Elected", v.slowElected, func() {
		if v.elected++; v.elected > 1 || v.lost > 0 {
			v.wrong = append(v.wrong, fmt.Sprintf("Elected to %s, which heard Elected %d times and Lost %d times before", v.name, v.elected-1, v.lost))
		}
	})
}

// Lost notes that it does not.
func (v *voter) Lost(cause error) {
	v.hear("Lost", v.slowLost, func() {
		if v.lost++; v.lost > 1 {
			v.wrong = append(v.wrong, fmt.Sprintf("Lost to %s for the second time", v.name))
		}
		v.why = cause
	})
	v.p.leads(v, false)
}

// leads keeps account of who leads: from Elected until Lost returned, or until it withdraws.
func (p *poll) leads(v *voter, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !on || v.gone || p.over {
		delete(p.leading, v)
		return
	}
	for other := range p.leading {
		p.Errorf("%s is elected while %s leads", v.name, other.name)
	}
	p.leading[v] = true
}

// withdraw gives the candidacy up. It leads no longer from when it says so: the next may be elected before this returns.
func (v *voter) withdraw() {
	v.p.mu.Lock()
	v.gone = true
	v.p.mu.Unlock()
	v.p.leads(v, false)
	v.give()
}

func (v *voter) wasElected() bool { v.mu.Lock(); defer v.mu.Unlock(); return v.elected > 0 }
func (v *voter) isLost() bool     { v.mu.Lock(); defer v.mu.Unlock(); return v.lost > 0 }
func (v *voter) cause() error     { v.mu.Lock(); defer v.mu.Unlock(); return v.why }
func (v *voter) leads() bool      { return v.wasElected() && !v.isLost() && !v.out }

// stand has somebody stand.
func (p *poll) stand(name msg.Node) *voter { return p.standWith(context.Background(), name) }

func (p *poll) standWith(ctx context.Context, name msg.Node) *voter {
	v := p.voter(name)
	p.enter(ctx, v)
	return v
}

func (p *poll) enter(ctx context.Context, v *voter) {
	give, err := p.e.Contend(ctx, v.name, v)
	if err != nil {
		p.Errorf("Contend as %s: %v", v.name, err)
		give = func() {}
	}
	v.give = give
	p.finally(give)
}

// leader waits until one of them leads.
func (p *poll) leader(of ...*voter) (leader *voter) {
	p.Helper()
	p.until("somebody is elected", func() bool {
		for _, v := range of {
			if v.leads() {
				leader = v
			}
		}
		return leader != nil
	})
	return leader
}

// question is somebody who asks who leads.
type question struct {
	*hearer
	told msg.Node
	any  bool
	slow time.Duration
	end  func()
}

func (p *poll) question(name msg.Node) *question { return &question{hearer: p.hearer(name)} }

func (q *question) found(leader msg.Node) {
	q.hear(fmt.Sprintf("found %q", leader), q.slow, func() { q.told, q.any = leader, true })
}

func (q *question) stop() { q.end() }

func (q *question) knows(leader msg.Node) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.any && q.told == leader
}

// ask has somebody ask.
func (p *poll) ask(name msg.Node) *question { return p.askWith(context.Background(), name) }

func (p *poll) askWith(ctx context.Context, name msg.Node) *question {
	q := p.question(name)
	p.begin(ctx, q)
	return q
}

func (p *poll) begin(ctx context.Context, q *question) {
	end, err := p.e.Detect(ctx, q.name, q.found)
	if err != nil {
		p.Errorf("Detect as %s: %v", q.name, err)
		end = func() {}
	}
	q.end = end
	p.finally(end)
}

// until waits for something that must happen.
func (p *poll) until(what string, is func() bool) {
	p.Helper()
	for began := time.Now(); !is(); time.Sleep(time.Millisecond) {
		if time.Since(began) > p.Patience {
			p.Fatalf("not within %v: %s", p.Patience, what)
		}
	}
}

// within runs what must not block.
func (p *poll) within(what string, f func()) {
	p.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(p.Patience):
		p.Fatalf("not within %v: %s returns", p.Patience, what)
	}
}

// silence lets what must not happen happen.
func (p *poll) silence() { time.Sleep(p.Quiet) }

func count(list ...bool) (n int) {
	for _, on := range list {
		if on {
			n++
		}
	}
	return n
}
