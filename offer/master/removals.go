package master

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
)

// Rate allows N things in each Per, evenly spread. The zero value allows any number.
type Rate struct {
	N   int
	Per time.Duration
}

// String gives it as docs/protocol.md §18 writes it, "" for none.
func (r Rate) String() string {
	if r == (Rate{}) {
		return ""
	}
	return fmt.Sprintf("%d/%s", r.N, r.Per)
}

func (r Rate) check() error {
	if r != (Rate{}) && (r.N <= 0 || r.Per <= 0 || r.every() <= 0) {
		return fmt.Errorf("%w: AgentRemovalRate is %d in %v; give two positive numbers, or none", ErrConfig, r.N, r.Per)
	}
	return nil
}

// every is the time between two.
func (r Rate) every() time.Duration { return r.Per / time.Duration(r.N) }

// removals lets agents that did not answer be given up no faster than the rate (docs/protocol.md §4.5): where many are
// missing at once, something else than the agents may be broken, and somebody has time to notice.
type removals struct {
	queue  []offer.AgentID // as they were found missing
	queued map[offer.AgentID]bool
	next   offer.Time // when the next one may be given up
	alarm  alarm      // set while somebody waits
}

// condemn has an agent given up when its turn comes. Whatever shows before that it lives saves it.
func (m *Machine) condemn(id offer.AgentID) {
	if r := &m.removals; !r.queued[id] {
		r.queued[id] = true
		r.queue = append(r.queue, id)
	}
	m.rollRemovals()
}

// rollRemovals gives up whoever may be given up now.
func (m *Machine) rollRemovals() {
	r := &m.removals
	for len(r.queue) > 0 && m.phase == phaseLeading {
		if m.cfg.AgentRemovalRate != (Rate{}) && m.now < r.next {
			if !r.alarm.isSet() {
				m.alarms.set(&r.alarm, r.next)
			}
			return
		}
		id := r.queue[0]
		r.queue = r.queue[1:]
		delete(r.queued, id)
		if m.removeMissing(id) && m.cfg.AgentRemovalRate != (Rate{}) {
			r.next = m.now.Add(m.cfg.AgentRemovalRate.every())
		}
	}
	r.queue = nil
}

// removeMissing gives an agent up if it is still missing.
func (m *Machine) removeMissing(id offer.AgentID) bool {
	if a := m.agents[id]; a != nil {
		if a.missed < m.cfg.MaxPings {
			return false
		}
		m.loseAgent(a, &a.ping, fmt.Sprintf("%d pings went unanswered", a.missed))
		return true
	}
	_, missing := m.recovered[id]
	switch {
	case !missing:
		return false
	case m.moving[id]: // on its way in, or about to be changed by an operator
		m.awaitRecovered()
		return false
	}
	m.loseRecovered(id)
	return true
}
