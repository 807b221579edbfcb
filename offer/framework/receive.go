package framework

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
)

// receive takes an event of the stream.
func (s *SchedulerSession) receive(m msg.Message) error {
	switch m := m.(type) {
	case msg.Subscribed:
		return s.accept(m)
	case msg.Error:
		s.end(msg.DriverAborted)
		s.emit(OnError(m))
		return nil
	}
	if !isEvent(m) {
		return fmt.Errorf("scheduler session: %w: a master sends no %T", ErrInput, m)
	}
	if !s.subscribed {
		return nil // before SUBSCRIBED nothing counts
	}
	s.alive()
	switch m := m.(type) {
	case msg.Offers:
		s.emit(OnOffers(m))
	case msg.Rescind:
		s.emit(OnRescinded(m))
	case msg.Update:
		s.emit(OnStatus{Status: m.Status, Ack: !s.cfg.ExplicitAck && !m.Status.UUID.IsZero()})
	case msg.UpdateOperation:
		s.emit(OnOperation{Status: m.Status, Ack: !s.cfg.ExplicitAck && !m.Status.UUID.IsZero()})
	case msg.InverseOffers:
		s.emit(OnInverseOffers(m))
	case msg.RescindInverse:
		s.emit(OnInverseRescinded(m))
	case msg.FromExecutor:
		s.emit(OnMessage{From: m.Executor, Data: m.Data})
	case msg.Failure:
		s.fail(m)
	}
	return nil
}

func isEvent(m msg.Message) bool {
	switch m.(type) {
	case msg.Offers, msg.Rescind, msg.Update, msg.FromExecutor, msg.Failure, msg.Heartbeat,
		msg.UpdateOperation, msg.InverseOffers, msg.RescindInverse:
		return true
	}
	return false
}

func (s *SchedulerSession) fail(m msg.Failure) {
	if m.Executor == "" {
		s.emit(OnAgentLost{Agent: m.Agent})
		return
	}
	s.emit(OnExecutorLost{
		Executor: msg.ExecutorRef{Framework: s.cfg.Framework.ID, Agent: m.Agent, Executor: m.Executor},
		Status:   m.Status,
	})
}
