package agent

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
)

func (m *Machine) linkUp(l msg.LinkUp) error {
	if l.Link == 0 {
		return fmt.Errorf("%w: link 0 is no link", ErrInput)
	}
	if l.Link == m.master.link || m.links[l.Link] != nil {
		return fmt.Errorf("%w: link %d stands already", ErrInput, l.Link)
	}
	if m.dialed(l.Peer) {
		if m.master.dialing && l.Peer == m.master.leader {
			m.master.dialing, m.master.link = false, l.Link
			m.later()
			return nil
		}
		m.out.Closes = append(m.out.Closes, l.Link) // it came too late: the leader has changed since
		return nil
	}
	if len(m.links) >= m.cfg.Bounds.Links {
		m.out.Closes = append(m.out.Closes, l.Link)
		return nil
	}
	m.links[l.Link] = &peer{node: l.Peer}
	return nil
}

func (m *Machine) linkDown(l msg.LinkDown) {
	switch p := m.links[l.Link]; {
	case l.Link != 0 && l.Link == m.master.link:
		m.lost("the link to the master ended")
		m.later()
	case p != nil:
		delete(m.links, l.Link)
		if p.exec != nil {
			m.executorLinkLost(p.exec)
		}
	case l.Link == 0:
		m.dialFailed(l.Peer)
	}
}

// dialFailed waits and tries again, unless another dial to the leader is still to be answered.
func (m *Machine) dialFailed(n msg.Node) {
	if m.dialed(n) && m.master.dialing && n == m.master.leader && m.master.dials[n] == 0 {
		m.master.dialing = false
		m.later()
	}
}

// dialed takes the answer to a dial, and reports whether one was waited for.
func (m *Machine) dialed(n msg.Node) bool {
	if m.master.dials[n] == 0 {
		return false
	}
	if m.master.dials[n]--; m.master.dials[n] == 0 {
		delete(m.master.dials, n)
	}
	return true
}

// closeLink hangs up on an executor or a stranger; what still comes from it is dropped.
func (m *Machine) closeLink(l msg.Link) {
	if p := m.links[l]; p != nil && !p.closed {
		p.exec, p.closed = nil, true
		m.out.Closes = append(m.out.Closes, l)
	}
}
