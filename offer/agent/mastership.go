package agent

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// mastership is the agent's side of its registration (docs/protocol.md §4.3).
//
// Without a link retry is when to dial again, with one when to ask for admission again; registered it is off and
// silence tells when the master has been quiet for too long.
type mastership struct {
	leader     msg.Node
	link       msg.Link
	dialing    bool
	dials      map[msg.Node]int // not answered yet, those to former leaders too
	asked      bool             // for admission, on this link
	registered bool
	served     bool // was registered by this link at some time
	tries      int  // since the last success: the bound of the next wait doubles with each
	retry      *timer
	silence    *timer
	patience   time.Duration      // without a ping for this the master is looked for again
	told       resource.Resources // the total in the last request for admission, or told since
	opsAsked   uint64             // operations that had arrived at that request
}

// follow turns to another leader, or with "" waits for one. Executors run on.
func (m *Machine) follow(leader msg.Node) {
	if leader == m.master.leader {
		return
	}
	m.unlink("the leader changed")
	m.master.leader, m.master.tries = leader, 0
	m.dial()
}

// unlink lets go of the master's link.
func (m *Machine) unlink(why string) {
	if m.master.link != 0 {
		m.out.Closes = append(m.out.Closes, m.master.link)
	}
	m.lost(why)
}

// lost forgets the master's link, and holds back updates until the next registration.
func (m *Machine) lost(why string) {
	m.unregistered(why)
	m.master.link, m.master.dialing, m.master.asked, m.master.served = 0, false, false, false
	m.timers.stop(m.master.retry)
}

func (m *Machine) unregistered(why string) {
	if !m.master.registered {
		return
	}
	m.master.registered = false
	m.timers.stop(m.master.silence)
	m.pauseUpdates()
	m.event(Event{Kind: EventDisconnected, Text: why})
}

func (m *Machine) dial() {
	if m.master.leader == "" || m.gone || m.recovering {
		return
	}
	m.master.dialing = true
	m.master.dials[m.master.leader]++
	m.out.Dials = append(m.out.Dials, m.master.leader)
}

// later sets the next attempt: a random wait, its bound doubling up to the cap.
func (m *Machine) later() {
	limit := m.cfg.Timeouts.RegistrationBackoff
	top := m.cfg.Timeouts.RegistrationBackoffCap
	for i := 0; i < m.master.tries && limit < top; i++ {
		limit = msg.Times(limit, 2)
	}
	m.master.tries++
	m.counters.waits++
	wait := msg.DeriveWait(m.cfg.Entropy, "registration", m.counters.waits, min(limit, top))
	m.timers.set(m.master.retry, m.now.Add(max(wait, time.Millisecond)))
}

// seek is the next attempt: to dial, or on a link to be admitted.
func (m *Machine) seek() {
	if m.master.link == 0 {
		m.dial()
		return
	}
	m.register()
	m.later()
}

// forsaken looks for the master again after its pings stopped.
func (m *Machine) forsaken() {
	m.unlink("no ping came for " + m.master.patience.String())
	m.later()
}

// register asks for admission, and with an id reports everything that runs here (docs/protocol.md §4.4).
func (m *Machine) register() {
	m.master.asked = true
	m.master.told, m.master.opsAsked = m.total, m.opsIn
	if m.id == "" {
		m.send(m.master.link, msg.RegisterAgent{Info: m.info(), Total: m.total, Capabilities: capabilities()})
		return
	}
	m.send(m.master.link, msg.ReregisterAgent{
		Info:       m.info(),
		Total:      m.total,
		Frameworks: m.Frameworks(),
		Executors:  m.Executors(),
		Tasks:      m.Tasks(),
		Operations: m.Operations(), Capabilities: capabilities(),
	})
}

func (m *Machine) info() msg.AgentInfo {
	i := m.cfg.Info
	i.ID = m.id
	return i
}

// admitted takes the master's yes. Another id than the agent's own ends it: two masters' books would mix.
func (m *Machine) admitted(id offer.AgentID, patience time.Duration, again bool) error {
	if err := msg.ValidateID("agent", string(id)); err != nil {
		return fmt.Errorf("%w: registration: %w", ErrMalformed, err)
	}
	if err := m.writable(msg.KeptAgent{Info: msg.AgentInfo{ID: id}}); err != nil {
		return fmt.Errorf("registration: %w", err)
	}
	if !m.master.asked {
		return fmt.Errorf("%w: registration: the agent has not asked for it", ErrInput)
	}
	if m.id != "" && m.id != id {
		m.end(fmt.Errorf("%w: %s instead of %s", ErrAgentID, id, m.id))
		return nil
	}
	if m.master.registered {
		return nil // the same answer once more
	}
	if m.id == "" {
		m.id = id
		m.keepAgent()
	}
	m.master.registered, m.master.served, m.master.tries = true, true, 0
	m.master.patience = patience
	if patience <= 0 {
		m.master.patience = defaultPatience
	}
	m.timers.stop(m.master.retry)
	m.timers.set(m.master.silence, m.now.Add(m.master.patience))
	kind := EventRegistered
	if again {
		kind = EventReregistered
	}
	m.event(Event{Kind: kind})
	m.tellTotal()
	m.resumeUpdates("")
	return nil
}

// defaultPatience is 5 pings of 15 seconds (docs/protocol.md §18).
const defaultPatience = 75 * time.Second

// tellTotal sends the total if an operation from before the request for admission changed it since: the master does not
// wait for that answer any more.
func (m *Machine) tellTotal() {
	if !m.total.Equal(m.master.told) {
		m.master.told = m.total
		m.send(m.master.link, msg.UpdateAgent{Total: m.total})
	}
}

// pinged answers. A master that takes the agent for lost is asked for admission again (docs/protocol.md §4.5).
func (m *Machine) pinged(p msg.Ping) {
	m.send(m.master.link, msg.Pong{})
	if !m.master.registered {
		return
	}
	if p.Connected {
		m.timers.set(m.master.silence, m.now.Add(m.master.patience))
		return
	}
	m.unregistered("the master takes the agent for lost")
	m.later()
}

// toMaster sends b if the master has admitted the agent; else b is lost.
func (m *Machine) toMaster(b msg.Message) {
	if m.master.registered {
		m.send(m.master.link, b)
	}
}
