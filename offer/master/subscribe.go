package master

import (
	"cmp"
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
)

// subscribe opens or resumes a framework's stream (docs/protocol.md §3.1). What it refuses is answered by one Error on
// the stream, which is then closed.
func (m *Machine) subscribe(l *link, b msg.Subscribe) error {
	if l.agent != nil {
		return fmt.Errorf("%w: link %d carries agent %s; subscribe on a link of its own", ErrTaken, l.id, l.agent.info.ID)
	}
	if f := l.framework; f != nil {
		if b.Framework.ID == "" {
			b.Framework.ID = f.info.ID // a retry that crossed our answer
		}
		if b.Framework.ID != f.info.ID {
			return fmt.Errorf("%w: link %d carries framework %s; %s needs its own", ErrTaken, l.id, f.info.ID, b.Framework.ID)
		}
	}
	f := m.frameworks[b.Framework.ID]
	err := m.admissible(l, b, f)
	switch {
	case err != nil:
	case f == nil:
		err = m.subscribeNew(l, b)
	default:
		err = m.resubscribe(l, f, b)
	}
	if err != nil {
		m.send(l.id, msg.Error{Message: err.Error()})
		if l.framework != nil {
			m.disconnectFramework(l.framework)
		}
		m.hangUp(l)
	}
	return err
}

// admissible holds the checks of docs/protocol.md §3.1 that need the books; f is the framework that the call names, if
// it is known.
func (m *Machine) admissible(l *link, b msg.Subscribe, f *framework) error {
	if err := m.validFramework(b.Framework, b.Suppressed); err != nil {
		return err
	}
	id := b.Framework.ID
	switch {
	case l.principal != "" && b.Framework.Principal != l.principal:
		return fmt.Errorf("%w: principal %q is not the authenticated %q", ErrInvalid, b.Framework.Principal, l.principal)
	case id != "" && m.completed.has(id):
		return fmt.Errorf("%w: Framework has been removed; subscribe without an id", ErrInvalid)
	case f == nil && len(m.frameworks) >= m.cfg.Bounds.Frameworks:
		return fmt.Errorf("%w: %d frameworks; raise Bounds.Frameworks", ErrBound, len(m.frameworks))
	case f != nil && f.info.Principal != b.Framework.Principal:
		return fmt.Errorf("%w: principal of framework %s cannot change from %q to %q", ErrInvalid, id, f.info.Principal, b.Framework.Principal)
	}
	if err := m.allowFramework(b.Framework); err != nil {
		return err
	}
	var held *msg.FrameworkInfo
	if f != nil {
		held = &f.info
	}
	return m.boundRoles(held, b.Framework)
}

// boundRoles bounds the roles that all frameworks subscribe to together.
func (m *Machine) boundRoles(before *msg.FrameworkInfo, after msg.FrameworkInfo) error {
	if before == nil {
		before = &msg.FrameworkInfo{}
	}
	if n := m.rolesAfter(before.Roles, after.Roles); n > m.cfg.Bounds.Roles && n > len(m.roles) {
		return fmt.Errorf("%w: it would make %d roles known; raise Bounds.Roles", ErrBound, n)
	}
	return nil
}

// subscribeNew adds a framework: with an id of ours, or with one that it brings from another master's time.
func (m *Machine) subscribeNew(l *link, b msg.Subscribe) error {
	counter := m.nextFramework
	if b.Framework.ID == "" {
		b.Framework.ID = m.newFrameworkID()
	}
	f, err := m.createFramework(b.Framework, b.Suppressed)
	if err != nil {
		m.nextFramework = counter
		return err
	}
	m.claimOperations(f)
	m.bindFramework(l, f)
	m.emit(FrameworkAdded{f.report()})
	m.welcome(f)
	return nil
}

// resubscribe moves a known framework to a new stream, or repeats the answer on the one it has.
func (m *Machine) resubscribe(l *link, f *framework, b msg.Subscribe) error {
	info := b.Framework
	info.User, info.Checkpoint = f.info.User, f.info.Checkpoint // they never change
	if err := m.alloc.UpdateFramework(m.now, m.spec(info, b.Suppressed, l.framework == f)); err != nil {
		return err
	}
	if l.framework == f {
		m.welcome(f)
		m.applyInfo(f, info)
		return nil
	}
	m.dropOffers(f)
	if old := f.link; old != nil {
		m.send(old.id, msg.Error{Message: "Framework failed over"})
		m.hangUp(old)
	}
	m.forgetHints(f)
	m.bindFramework(l, f)
	m.welcome(f)
	m.applyInfo(f, info)
	return nil
}

// bindFramework connects a framework to a stream.
func (m *Machine) bindFramework(l *link, f *framework) {
	m.alarms.stop(&f.failover)
	f.link, l.framework = l, f
	f.node, f.state, f.subscribed = l.peer, FrameworkConnected, m.now
	m.must(m.alloc.SetFrameworkActive(m.now, f.info.ID, true))
}

func (m *Machine) welcome(f *framework) {
	m.toFramework(f, msg.Subscribed{Framework: f.info.ID, HeartbeatInterval: m.cfg.HeartbeatInterval, Master: m.Info()})
	m.startHeartbeats(f)
}

// updateFramework changes a framework's info without a new subscription (docs/protocol.md §3.2).
func (m *Machine) updateFramework(f *framework, b msg.UpdateFramework) error {
	info := b.Framework
	if err := m.validFramework(info, b.Suppressed); err != nil {
		return err
	}
	switch {
	case info.ID != f.info.ID:
		return fmt.Errorf("%w: update of framework %q by %s", ErrInvalid, info.ID, f.info.ID)
	case info.User != f.info.User, info.Checkpoint != f.info.Checkpoint, info.Principal != f.info.Principal:
		return fmt.Errorf("%w: user, checkpoint and principal of framework %s cannot change", ErrInvalid, info.ID)
	}
	if err := cmp.Or(m.allowFramework(info), m.boundRoles(&f.info, info)); err != nil {
		return err
	}
	if err := m.alloc.UpdateFramework(m.now, m.spec(info, b.Suppressed, true)); err != nil {
		return err
	}
	m.applyInfo(f, info)
	return nil
}
