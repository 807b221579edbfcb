package master

import (
	"github.com/proffer-go/proffer/offer/msg"
)

// startPings begins a new count of pings with one at once (docs/protocol.md §4.5).
func (m *Machine) startPings(a *agent) {
	a.missed = -1
	m.pingAgent(a)
}

// pingAgent rings every PingTimeout: one more ping was not answered, or there was none yet. Pings go on while the agent
// is disconnected, and nobody answers them: so an agent that is dead is unreachable after MaxPings, not only after
// ReregisterTimeout. A master that was stepped too late counts one ping only, however many it should have sent: its own
// delay loses no agent.
func (m *Machine) pingAgent(a *agent) {
	a.missed++
	if a.missed >= m.cfg.MaxPings {
		m.condemn(a.info.ID)
		if m.moving[a.info.ID] || m.agents[a.info.ID] != a {
			return // given up at once
		}
	}
	m.toAgent(a, msg.Ping{Connected: a.link != nil})
	m.ringAfter(&a.ping, m.cfg.PingTimeout)
}

// pong begins the count anew; the next ping keeps its time.
func (m *Machine) pong(a *agent) error {
	a.missed = -1
	return nil
}

// startHeartbeats sends one at once and then every HeartbeatInterval.
func (m *Machine) startHeartbeats(f *framework) {
	m.toFramework(f, msg.Heartbeat{})
	m.ringAfter(&f.heartbeat, m.cfg.HeartbeatInterval)
}
