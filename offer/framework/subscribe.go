package framework

import (
	"fmt"
	"slices"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
)

// follow turns to another leader, or with "" waits for one.
func (s *SchedulerSession) follow(leader msg.Node) {
	if leader == s.peer {
		return
	}
	if s.link != 0 {
		s.hang(s.link)
	}
	s.lose()
	s.peer, s.tries = leader, 0
	s.dial()
}

// lose forgets the connection and tells so once.
func (s *SchedulerSession) lose() {
	if s.subscribed {
		s.emit(OnDisconnected{})
	}
	s.link, s.dialing, s.subscribed = 0, false, false
	s.silence.stop()
	s.retry.stop()
}

func (s *SchedulerSession) dial() {
	if s.peer == "" {
		return
	}
	s.dialing = true
	s.out.Dials = append(s.out.Dials, s.peer)
}

func (s *SchedulerSession) up(l msg.LinkUp) {
	if !s.answers(l) {
		if l.Link != 0 && l.Link != s.link {
			s.hang(l.Link)
		}
		return
	}
	s.link, s.dialing = l.Link, false
	s.send(msg.Subscribe{Framework: s.cfg.Framework, Suppressed: slices.Clone(s.suppressed)})
	// The upper half of the bound, so that a slow answer is not cut off by an unlucky draw.
	b := s.backoff()
	s.retry.set(s.now.Add(b/2 + s.wait(b/2)))
}

func (s *SchedulerSession) down(l msg.LinkDown) {
	if (l.Link == 0 || l.Link != s.link) && !s.failed(l) {
		return
	}
	s.lose()
	s.retry.set(s.now.Add(s.wait(s.backoff())))
}

// backoff returns the bound of the next wait (docs/protocol.md §17).
func (s *SchedulerSession) backoff() time.Duration {
	limit := s.cfg.SubscribeBackoffCap
	if f := s.cfg.Framework.FailoverTimeout / 10; f > 0 {
		limit = min(limit, f)
	}
	return s.bound(s.cfg.SubscribeBackoff, limit)
}

// expire does what is due.
func (s *SchedulerSession) expire() {
	if s.silence.due(s.now) || s.retry.due(s.now) {
		if s.link != 0 {
			s.hang(s.link)
		}
		if !s.subscribed {
			s.tries++
		}
		s.lose()
		s.dial()
	}
}

// alive puts off the end of a silent connection.
func (s *SchedulerSession) alive() {
	s.silence.set(s.now.Add(msg.Times(s.heartbeat, s.cfg.MissedHeartbeats)))
}

func (s *SchedulerSession) accept(m msg.Subscribed) error {
	if s.subscribed {
		return fmt.Errorf("SUBSCRIBED: %w: this stream is subscribed already", ErrInput)
	}
	if err := msg.ValidateID("SUBSCRIBED: framework", string(m.Framework)); err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	if id := s.cfg.Framework.ID; id != "" && id != m.Framework {
		return fmt.Errorf("SUBSCRIBED: %w: for framework %s, this is %s", ErrInput, m.Framework, id)
	}
	s.subscribed, s.tries = true, 0
	s.retry.stop()
	s.cfg.Framework.ID = m.Framework
	s.heartbeat = m.HeartbeatInterval
	if s.heartbeat <= 0 {
		s.heartbeat = defaultHeartbeat
	}
	s.alive()
	for _, h := range s.hints { // a master remembers none from another's time, nor from before a lost stream
		s.send(h)
	}
	if s.registered {
		s.emit(OnReregistered{Master: m.Master})
		return nil
	}
	s.registered = true
	s.emit(OnRegistered{Framework: m.Framework, Master: m.Master})
	return nil
}
