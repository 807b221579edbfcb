package framework

import (
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
)

// alarm is a deadline that may be off. The zero value is off.
type alarm struct {
	at offer.Time
	on bool
}

func (a *alarm) set(at offer.Time)      { a.at, a.on = at, true }
func (a *alarm) stop()                  { *a = alarm{} }
func (a alarm) due(now offer.Time) bool { return a.on && now >= a.at }
func earliest(as ...alarm) (offer.Time, bool) {
	var first alarm
	for _, a := range as {
		if a.on && (!first.on || a.at < first.at) {
			first = a
		}
	}
	return first.at, first.on
}

// peering is a session's link to the one party that it talks to, and the attempts to get one.
//
// At most one of link and dialing is set. retry is when to dial again, or with a link when to give it up because the
// subscription on it has not been answered.
type peering struct {
	entropy [16]byte
	peer    msg.Node
	link    msg.Link
	dialing bool
	retry   alarm
	tries   int    // attempts since the last success: the bound of the next wait doubles with each
	waits   uint64 // all waits ever, for the hash
}

// leastWait keeps sessions with a tiny failover timeout from spinning.
const leastWait = 100 * time.Millisecond

// bound returns the bound of the next wait: first, doubled at each try, at most limit.
func (p *peering) bound(first, limit time.Duration) time.Duration {
	b := first
	for i := 0; i < p.tries && b < limit; i++ {
		b = msg.Times(b, 2)
	}
	return max(min(b, limit), leastWait)
}

// wait draws from [0, bound).
func (p *peering) wait(bound time.Duration) time.Duration {
	p.waits++
	return msg.DeriveWait(p.entropy, "back-off", p.waits, bound)
}

// answers reports whether l is what a pending dial asked for.
func (p *peering) answers(l msg.LinkUp) bool {
	return p.dialing && p.link == 0 && l.Link != 0 && l.Peer == p.peer
}

// failed reports whether d ends a pending dial: it names no link. The end of an older link to the same peer is not that.
func (p *peering) failed(d msg.LinkDown) bool { return p.dialing && d.Link == 0 && d.Peer == p.peer }
