package framework

import (
	"slices"

	"github.com/proffer-go/proffer/offer/msg"
)

func (s *ExecutorSession) start() {
	if s.status != msg.DriverNotStarted {
		return
	}
	s.status = msg.DriverRunning
	s.recovery.set(s.now.Add(s.cfg.Recovery))
	s.dial()
}

func (s *ExecutorSession) dial() {
	s.dialing = true
	s.out.Dials = append(s.out.Dials, s.peer)
}

func (s *ExecutorSession) up(l msg.LinkUp) {
	if !s.answers(l) {
		if l.Link != 0 && l.Link != s.link {
			s.hang(l.Link)
		}
		return
	}
	s.link, s.dialing = l.Link, false
	s.send(msg.SubscribeExecutor{
		Framework: s.cfg.Framework,
		Executor:  s.cfg.Executor,
		Container: s.cfg.Container,
		Tasks:     slices.Clone(s.tasks),
		Updates:   slices.Clone(s.updates),
	})
}

// down ends the executor where nobody checkpoints, else looks for the agent until recovery has passed
// (docs/protocol.md §11).
func (s *ExecutorSession) down(l msg.LinkDown) {
	if (l.Link == 0 || l.Link != s.link) && !s.failed(l) {
		return
	}
	was := s.subscribed
	s.link, s.dialing, s.subscribed = 0, false, false
	switch {
	case s.closing:
		return
	case s.registered && !s.cfg.Checkpoint:
		s.shutdown()
		return
	case was:
		s.emit(OnExecutorDisconnected{})
		s.recovery.set(s.now.Add(s.cfg.Recovery))
	}
	s.retry.set(s.now.Add(s.wait(s.bound(s.cfg.SubscribeBackoff, s.cfg.SubscribeBackoff))))
}

// shutdown calls Shutdown once; the callback's abort ends the session.
func (s *ExecutorSession) shutdown() {
	s.closing = true
	s.retry.stop()
	s.recovery.stop()
	s.emit(OnShutdown{})
}

func (s *ExecutorSession) expire() {
	if s.recovery.due(s.now) {
		if s.link != 0 {
			s.hang(s.link)
		}
		s.link, s.dialing = 0, false
		s.shutdown()
	}
	if s.retry.due(s.now) {
		s.retry.stop()
		s.dial()
	}
}
