package framework

import (
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/offer/msg"
)

// receive takes an event of the agent's stream.
func (s *ExecutorSession) receive(m msg.Message) error {
	switch m := m.(type) {
	case msg.ExecutorSubscribed:
		return s.accept(m)
	case msg.Error:
		s.end(msg.DriverAborted)
		s.emit(OnExecutorError(m))
		return nil
	case msg.ExecutorShutdown:
		if !s.closing {
			s.shutdown()
		}
		return nil
	}
	if !isExecutorEvent(m) {
		return fmt.Errorf("executor session: %w: an agent sends its executor no %T", ErrInput, m)
	}
	if m, ok := m.(msg.UpdateAcked); ok {
		s.acked(m) // also before SUBSCRIBED: an agent takes the updates that came with the subscription first (§11)
		return nil
	}
	if !s.subscribed || s.closing {
		return nil // nothing is begun before SUBSCRIBED or after Shutdown
	}
	switch m := m.(type) {
	case msg.LaunchOnExecutor:
		for _, t := range m.Tasks {
			s.tasks = append(s.tasks, t)
			s.emit(OnLaunch{Task: t})
		}
	case msg.KillOnExecutor:
		s.emit(OnKill(m))
	case msg.ExecutorMessage:
		s.emit(OnExecutorMessage(m))
	}
	return nil
}

func isExecutorEvent(m msg.Message) bool {
	switch m.(type) {
	case msg.LaunchOnExecutor, msg.KillOnExecutor, msg.ExecutorMessage, msg.UpdateAcked, msg.Heartbeat:
		return true
	}
	return false
}

func (s *ExecutorSession) accept(m msg.ExecutorSubscribed) error {
	if s.subscribed {
		return fmt.Errorf("SUBSCRIBED: %w: this stream is subscribed already", ErrInput)
	}
	if m.Container != "" && m.Container != s.cfg.Container {
		return fmt.Errorf("SUBSCRIBED: %w: for container %s, this is %s", ErrInput, m.Container, s.cfg.Container)
	}
	if s.closing {
		return nil
	}
	s.subscribed = true
	s.recovery.stop()
	if s.registered {
		s.emit(OnExecutorReregistered{Agent: m.Agent})
		return nil
	}
	s.registered = true
	s.emit(OnExecutorRegistered{Executor: m.Executor, Framework: m.Framework, Agent: m.Agent})
	return nil
}

// acked drops an update that the agent holds, and its task from those that the agent may have forgotten (§9).
func (s *ExecutorSession) acked(m msg.UpdateAcked) {
	s.updates = slices.DeleteFunc(s.updates, func(u msg.TaskStatus) bool { return u.UUID == m.UUID })
	s.tasks = slices.DeleteFunc(s.tasks, func(t msg.TaskInfo) bool { return t.ID == m.Task })
}

// call takes one of the driver's calls.
func (s *ExecutorSession) call(m msg.Message) error {
	switch c := m.(type) {
	case msg.ExecutorUpdate:
		return s.update(c.Status)
	case msg.ExecutorMessage:
		if err := checkSize("message", c.Data); err != nil {
			return err
		}
		if s.subscribed {
			s.send(c)
		}
		return nil
	}
	return fmt.Errorf("executor session: %w: an executor's driver makes no %T", ErrCall, m)
}

// update keeps a status until the agent has it, and sends it if the agent is there (docs/protocol.md §9, §17).
func (s *ExecutorSession) update(u msg.TaskStatus) error {
	if u.State == msg.TaskStaging {
		s.end(msg.DriverAborted)
		s.emit(OnExecutorError{Message: fmt.Sprintf("task %s: an executor may not report %v", u.Task, u.State)})
		return nil
	}
	if err := msg.ValidateID("status: task", string(u.Task)); err != nil {
		return fmt.Errorf("%w: %w", ErrCall, err)
	}
	if err := checkState(u.State); err != nil {
		return fmt.Errorf("status of %s: %w", u.Task, err)
	}
	if err := checkStatus(u); err != nil {
		return err
	}
	if len(s.updates) >= s.cfg.MaxUpdates {
		return fmt.Errorf("status of %s: %w: %d", u.Task, ErrFull, len(s.updates))
	}
	s.sent++
	u.UUID = msg.DeriveUUID(s.cfg.Entropy, "update "+string(s.cfg.Container), s.sent)
	u.Time, u.Source = s.now, msg.SourceExecutor
	u.Executor, u.Container = s.cfg.Executor, s.cfg.Container
	s.updates = append(s.updates, u)
	if s.subscribed {
		s.send(msg.ExecutorUpdate{Status: u})
	}
	return nil
}
