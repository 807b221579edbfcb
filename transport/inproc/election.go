package inproc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport"
)

// ErrStands: a node of that name stands already.
var ErrStands = errors.New("inproc: stands already")

// Election elects masters within one process: whoever stands longest leads. It is both a Contender and a Detector. Nothing
// runs by itself: everybody hears of a change on the goroutine that made it, the candidates first, then those who ask, in
// the order of their names.
type Election struct {
	mu       sync.Mutex
	standing []*candidacy // the first one leads
	former   []*candidacy // deposed, and do not know it
	asking   []*question  // by name
	tell     []func()     // in order, by whoever finds nobody telling
	telling  bool
}

var (
	_ transport.Contender = (*Election)(nil)
	_ transport.Detector  = (*Election)(nil)
)

// candidacy is a candidate that stands or leads.
type candidacy struct {
	self  msg.Node
	c     transport.Candidate
	leads bool
	over  bool
}

// question is somebody who asks for the leader.
type question struct {
	self  msg.Node
	found func(msg.Node)
	told  msg.Node
	any   bool // told holds
	blind bool
	over  bool
}

// NewElection makes an election in which nobody stands.
func NewElection() *Election { return &Election{} }

// Contend lets self stand, behind all others that do. It fails with ErrStands, or the context's error.
func (e *Election) Contend(ctx context.Context, self msg.Node, c transport.Candidate) (withdraw func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("inproc: contend as %q: %w", self, err)
	}
	e.mu.Lock()
	if slices.ContainsFunc(e.standing, func(o *candidacy) bool { return o.self == self }) {
		e.mu.Unlock()
		return nil, fmt.Errorf("%w: %q; give each master a name of its own", ErrStands, self)
	}
	x := &candidacy{self: self, c: c}
	e.standing = append(e.standing, x)
	e.settle()
	return func() {
		e.mu.Lock()
		x.over = true
		e.drop(x)
		e.settle()
	}, nil
}

// Detect tells self who leads.
func (e *Election) Detect(ctx context.Context, self msg.Node, found func(leader msg.Node)) (stop func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("inproc: detect as %q: %w", self, err)
	}
	e.mu.Lock()
	q := &question{self: self, found: found}
	at, _ := slices.BinarySearchFunc(e.asking, self+"\x00", func(o *question, n msg.Node) int {
		if o.self < n {
			return -1
		}
		return 1
	})
	e.asking = slices.Insert(e.asking, at, q)
	e.settle()
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		q.over = true
		e.asking = slices.DeleteFunc(e.asking, func(o *question) bool { return o == q })
	}, nil
}

// Leader is who leads, "" nobody.
func (e *Election) Leader() msg.Node {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.leader()
}

func (e *Election) leader() msg.Node {
	if len(e.standing) == 0 {
		return ""
	}
	return e.standing[0].self
}

// Depose ends the lead of whoever leads, who hears of it, and elects the next: as when a lease ended. It reports whether there was
// a leader.
func (e *Election) Depose() bool { return e.depose(true) }

// DeposeUnnoticed is Depose of a leader that does not hear of it, as when it is cut off from whoever keeps the leases: it goes
// on as if it led until Notice, or until the registry takes no commit of it.
func (e *Election) DeposeUnnoticed() bool { return e.depose(false) }

func (e *Election) depose(noticed bool) bool {
	e.mu.Lock()
	if len(e.standing) == 0 {
		e.mu.Unlock()
		return false
	}
	x := e.standing[0]
	e.drop(x)
	if noticed {
		e.lose(x)
	} else {
		e.former = append(e.former, x)
	}
	e.settle()
	return true
}

// Notice lets all leaders that were deposed unnoticed hear of it.
func (e *Election) Notice() {
	e.mu.Lock()
	for _, x := range e.former {
		e.lose(x)
	}
	e.former = nil
	e.settle()
}

// Blind keeps what changes from self, which asks for the leader, until See; it reports whether it asks.
func (e *Election) Blind(self msg.Node) bool { return e.look(self, true) }

// See ends Blind: self hears who leads now.
func (e *Election) See(self msg.Node) bool { return e.look(self, false) }

func (e *Election) look(self msg.Node, blind bool) (asks bool) {
	e.mu.Lock()
	for _, q := range e.asking {
		if q.self == self {
			q.blind, asks = blind, true
		}
	}
	e.settle()
	return asks
}

// lose queues the end of x's lead; the lock is held.
func (e *Election) lose(x *candidacy) {
	e.later(func() bool { return !x.over }, func() { x.c.Lost(transport.ErrDeposed) })
}

// drop takes x out of those that stand; the lock is held.
func (e *Election) drop(x *candidacy) {
	e.standing = slices.DeleteFunc(e.standing, func(o *candidacy) bool { return o == x })
	e.former = slices.DeleteFunc(e.former, func(o *candidacy) bool { return o == x })
}

// settle elects who is first, tells everybody what is new to them, and gives the lock back, which is held.
func (e *Election) settle() {
	if len(e.standing) > 0 && !e.standing[0].leads {
		x := e.standing[0]
		x.leads = true
		e.later(func() bool { return !x.over }, func() { x.c.Elected() })
	}
	leader := e.leader()
	for _, q := range e.asking {
		if q.blind || q.any && q.told == leader {
			continue
		}
		q.told, q.any = leader, true
		e.later(func() bool { return !q.over }, func() { q.found(leader) })
	}
	if e.telling {
		e.mu.Unlock()
		return
	}
	e.telling = true
	for len(e.tell) > 0 {
		f := e.tell[0]
		e.tell = e.tell[1:]
		e.mu.Unlock()
		f()
		e.mu.Lock()
	}
	e.telling = false
	e.mu.Unlock()
}

// later queues a call that is made if its hearer still listens then; the lock is held.
func (e *Election) later(listens func() bool, call func()) {
	e.tell = append(e.tell, func() {
		e.mu.Lock()
		yes := listens()
		e.mu.Unlock()
		if yes {
			call()
		}
	})
}
