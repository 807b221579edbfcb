package master

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
)

// link is a connection to a party: an agent or a framework once that has made itself known.
type link struct {
	id        msg.Link
	peer      msg.Node
	principal string
	agent     *agent
	framework *framework
	closing   bool // hung up by us; its LinkDown is still to come

	waiting bool          // the arrival of an agent by it is being written down: what follows is held
	held    []msg.Message // in order
	gone    bool          // its LinkDown came meanwhile
}

func (m *Machine) linkUp(in msg.LinkUp) error {
	switch {
	case in.Link == 0 || in.Peer == "":
		return fmt.Errorf("%w: LinkUp of link %d to %q; neither may be zero", ErrLink, in.Link, in.Peer)
	case m.links[in.Link] != nil:
		return fmt.Errorf("%w: %d is up already", ErrLink, in.Link)
	case len(m.links) >= m.cfg.Bounds.Links:
		m.out.Closes = append(m.out.Closes, in.Link)
		return fmt.Errorf("%w: %d links are up; raise Bounds.Links", ErrBound, len(m.links))
	}
	m.links[in.Link] = &link{id: in.Link, peer: in.Peer, principal: in.Principal}
	return nil
}

func (m *Machine) linkDown(in msg.LinkDown) error {
	l := m.links[in.Link]
	if l == nil {
		return fmt.Errorf("%w: %d is not up", ErrLink, in.Link)
	}
	if l.waiting {
		l.gone = true
		return nil
	}
	m.dropLink(l)
	return nil
}

// dropLink follows the end of a link.
func (m *Machine) dropLink(l *link) {
	delete(m.links, l.id)
	if a := l.agent; a != nil {
		l.agent = nil
		m.disconnectAgent(a)
	}
	if f := l.framework; f != nil {
		l.framework = nil
		m.disconnectFramework(f)
	}
}

// holdBack keeps what follows an arrival for its end. Whoever sends more than Bounds.Held loses the link.
func (m *Machine) holdBack(l *link, body msg.Message) error {
	if len(l.held) >= m.cfg.Bounds.Held {
		l.held = nil
		m.cutOff(l)
		return fmt.Errorf("%w: %d messages of %q wait for its registration; raise Bounds.Held", ErrBound, m.cfg.Bounds.Held, l.peer)
	}
	l.held = append(l.held, body)
	return nil
}

// cutOff hangs up on whoever l may carry; a registered agent is disconnected with that.
func (m *Machine) cutOff(l *link) {
	a := l.agent
	m.hangUp(l)
	if a != nil {
		m.disconnectAgent(a)
	}
}

// hangUp closes l after what was sent on it. Whoever it carried is not on it any more.
func (m *Machine) hangUp(l *link) {
	if l.closing || l.gone {
		l.agent, l.framework = nil, nil
		return
	}
	l.closing, l.agent, l.framework = true, nil, nil
	m.out.Closes = append(m.out.Closes, l.id)
}
