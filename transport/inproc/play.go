package inproc

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
)

// ErrFaulty is the answer of a registry or a checkpoint that a schedule lets fail.
var ErrFaulty = errors.New("inproc: the schedule lets this write fail")

// Player carries out a schedule on a cluster; see Cluster.Play.
type Player struct {
	c        *Cluster
	restart  func(Fault)
	told     func(Fault, bool)
	lasting  []*lasting
	down     []Fault // that killed somebody who is not started again
	injected map[Kind]int
}

// lasting is a fault that is in force.
type lasting struct {
	Fault
	pairs []direction // whom it hits
	said  int         // to the B of a Snip so far
}

// Play carries out s from now on, as time moves: the times of s count from now. restart is called where the node A that
// a fault killed is to start again, on the goroutine that advances time: it may add a master, an agent or a scheduler of that
// name, or call RestartAgent, and must not settle or advance. told, unless nil, hears of every fault that hits
// something when it begins, and when it ends.
//
// A fault that finds nobody to hit does nothing. Faults may overlap: a node pair stays cut, stalled or muted until the last
// fault that says so has ended, and of several delays, bounds or leaps the latest that is in force counts. Play takes the
// place of FailCommits and FailRecords.
func (c *Cluster) Play(s Schedule, restart func(f Fault), told func(f Fault, begins bool)) *Player {
	if told == nil {
		told = func(Fault, bool) {}
	}
	p := &Player{c: c, restart: restart, told: told, injected: map[Kind]int{}}
	c.FailCommits(p.commitFault)
	c.FailRecords(p.recordFault)
	if slices.ContainsFunc(s, func(f Fault) bool { return f.Kind == Snip }) {
		c.Observe(p.overhear)
	}
	for _, f := range s {
		c.After(f.At, func() { p.begin(f) })
	}
	return p
}

// Injected counts the faults that hit something so far, by kind.
func (p *Player) Injected() map[Kind]int { return maps.Clone(p.injected) }

// Down reports whether a node was killed and will be started again.
func (p *Player) Down(n msg.Node) bool { return p.downAt(n) >= 0 }

func (p *Player) downAt(n msg.Node) int {
	return slices.IndexFunc(p.down, func(f Fault) bool { return f.A == n })
}

// Heal ends every fault that lasts and starts what is down.
func (p *Player) Heal() {
	for len(p.lasting) > 0 {
		p.end(p.lasting[0])
	}
	for len(p.down) > 0 {
		p.start(p.down[0].A)
	}
}

func (p *Player) begin(f Fault) {
	l := &lasting{Fault: f}
	u := uses[f.Kind]
	if u.nodes == 2 {
		for _, a := range p.named(f.A) {
			for _, b := range p.named(f.B) {
				if a != b {
					l.pairs = append(l.pairs, direction{a, b})
				}
			}
		}
	}
	if !p.hit(l) {
		return
	}
	p.injected[f.Kind]++
	p.told(f, true)
	switch {
	case f.Kind == Kill || f.Kind == Destroy:
		p.c.After(f.For, func() { p.start(f.A) })
	case u.lasts:
		p.lasting = append(p.lasting, l)
		p.apply(l)
		p.c.After(f.For, func() { p.end(l) })
	}
}

// named lists the nodes that a name of a fault stands for: those that run, and one that does not but is named in full.
func (p *Player) named(name msg.Node) []msg.Node {
	prefix, many := strings.CutSuffix(string(name), "*")
	if !many {
		return []msg.Node{name}
	}
	return slices.DeleteFunc(p.c.Nodes(), func(n msg.Node) bool { return !strings.HasPrefix(string(n), prefix) })
}

// hit does what happens at once, and reports whether there was anybody to hit.
func (p *Player) hit(l *lasting) bool {
	switch l.Kind {
	case Break:
		any := false
		for _, d := range l.pairs {
			any = p.c.net.Linked(d.from, d.to) || any
			p.c.net.Break(d.from, d.to)
		}
		return any
	case Kill, Destroy:
		return p.kill(l.Fault)
	case KillExecutor:
		all := p.named(l.A + "/*")
		if len(all) == 0 {
			return false
		}
		p.c.Kill(all[l.Number%len(all)])
		return true
	case Clock:
		return p.leap(l.Fault)
	case Depose, Isolate, Blind:
		return p.elect(l)
	case RecordLost, RecordRefused, RecordUnsure, RecordSlow, RecordLate:
		return p.c.Checkpoint(l.A) != nil
	}
	return uses[l.Kind].nodes == 0 || l.Kind == Snip || len(l.pairs) > 0
}

// overhear counts what is said between those that a Snip is for. Links break in the next round, before anything arrives.
func (p *Player) overhear(o host.Observation) {
	sent, ok := o.What.(host.Sent)
	if !ok || isHeartbeat(sent.Body) {
		return
	}
	for _, l := range p.lasting {
		if l.Kind != Snip || !stands(l.A, o.Node) || !stands(l.B, sent.To) {
			continue
		}
		if l.said++; l.said == max(l.Number, 1) {
			p.c.After(0, func() { p.c.net.Break(o.Node, sent.To); p.end(l) })
		}
	}
}

// stands reports whether a name of a fault stands for a node, one that starts later included.
func stands(name, n msg.Node) bool {
	prefix, many := strings.CutSuffix(string(name), "*")
	return many && strings.HasPrefix(string(n), prefix) || name == n
}

func isHeartbeat(m msg.Message) bool {
	switch m.(type) {
	case msg.Ping, msg.Pong, msg.Heartbeat:
		return true
	}
	return false
}

// leap sets a clock ahead for good: set back, it would stand still until all others have caught up.
func (p *Player) leap(f Fault) bool {
	if !p.c.roster.has(f.A) {
		return false
	}
	p.c.SetClock(f.A, p.c.ahead[f.A]+f.By)
	return true
}

// elect does what faults of elections do at once.
func (p *Player) elect(l *lasting) bool {
	e := p.c.election
	switch {
	case e == nil:
		return false
	case l.Kind == Depose:
		return e.Depose()
	case l.Kind == Isolate:
		return e.DeposeUnnoticed()
	}
	return e.Blind(l.A)
}

func (p *Player) kill(f Fault) bool {
	if !p.c.roster.has(f.A) {
		return false
	}
	p.c.Kill(f.A)
	if f.Kind == Destroy {
		for _, n := range p.named(f.A + "/*") {
			p.c.Kill(n)
		}
	}
	p.down = append(p.down, f)
	return true
}

func (p *Player) start(n msg.Node) {
	i := p.downAt(n)
	if i < 0 {
		return // Heal was faster
	}
	f := p.down[i]
	p.down = slices.Delete(p.down, i, i+1)
	if !p.c.roster.has(n) {
		p.restart(f)
	}
}

// end takes a fault out of force.
func (p *Player) end(l *lasting) {
	i := slices.Index(p.lasting, l)
	if i < 0 {
		return
	}
	p.lasting = slices.Delete(p.lasting, i, i+1)
	p.told(l.Fault, false)
	p.undo(l)
	for _, other := range p.lasting {
		if other.Kind == l.Kind {
			p.apply(other)
		}
	}
}

// apply puts a lasting fault in force. Doing it again changes nothing but the order of who counts.
func (p *Player) apply(l *lasting) {
	n := p.c.net
	for _, d := range l.pairs {
		switch l.Kind {
		case Cut:
			n.Cut(d.from, d.to)
		case Stall:
			n.Stall(d.from, d.to)
		case Mute:
			n.Mute(d.from, d.to)
		case Slow:
			n.Slow(d.from, d.to, l.By)
		case Narrow:
			n.Narrow(d.from, d.to, l.Number)
		}
	}
	if l.Kind == Blind {
		p.c.election.Blind(l.A)
	}
}

// undo takes it out of force, for all others of its kind too.
func (p *Player) undo(l *lasting) {
	n := p.c.net
	for _, d := range l.pairs {
		if p.still(l.Kind, d) {
			continue
		}
		switch l.Kind {
		case Cut:
			n.Heal(d.from, d.to)
		case Stall:
			n.Resume(d.from, d.to)
		case Mute:
			n.Unmute(d.from, d.to)
		case Slow:
			n.Slow(d.from, d.to, 0)
		case Narrow:
			n.Narrow(d.from, d.to, 0)
		}
	}
	switch l.Kind {
	case Blind:
		p.c.election.See(l.A)
	case Isolate:
		p.c.election.Notice()
	}
}

// still reports whether another fault of a kind is in force for d.
func (p *Player) still(k Kind, d direction) bool {
	return slices.ContainsFunc(p.lasting, func(l *lasting) bool {
		return l.Kind == k && slices.ContainsFunc(l.pairs, func(x direction) bool {
			return x == d || k != Mute && x.pair() == d.pair()
		})
	})
}

// writes is what each kind does to a write.
var writes = map[Kind]host.StoreFault{
	CommitLost:    {Lost: true},
	CommitRefused: {Lost: true, Err: ErrFaulty},
	CommitUnsure:  {Err: ErrFaulty},
	CommitSlow:    {},
	CommitLate:    {Late: true},
	RecordLost:    {Lost: true},
	RecordRefused: {Lost: true, Err: ErrFaulty},
	RecordUnsure:  {Err: ErrFaulty},
	RecordSlow:    {},
	RecordLate:    {Late: true},
}

// commitFault is what the latest fault that is in force does to a commit of a master, recordFault to a record of an agent.
func (p *Player) commitFault(int) host.StoreFault { return p.writeFault("") }

func (p *Player) recordFault(agent msg.Node, _ int) host.StoreFault { return p.writeFault(agent) }

func (p *Player) writeFault(agent msg.Node) (f host.StoreFault) {
	for _, l := range p.lasting {
		if w, ok := writes[l.Kind]; ok && l.A == agent {
			f = w
			f.Delay = l.By
		}
	}
	return f
}
