package framework

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// docs/protocol.md §20: Check names what was falsified in a scheduler's session.
func TestSchedulerCheckNamesWhatIsCorrupt(t *testing.T) {
	for name, spoil := range map[string]func(s *SchedulerSession){
		"subscribed without a link":       func(s *SchedulerSession) { s.link = 0 },
		"dialing with a link":             func(s *SchedulerSession) { s.dialing = true },
		"while not running":               func(s *SchedulerSession) { s.status = msg.DriverStopped },
		"a link to nobody":                func(s *SchedulerSession) { s.peer = "" },
		"silence alarm":                   func(s *SchedulerSession) { s.silence.stop() },
		"retry alarm":                     func(s *SchedulerSession) { s.retry.set(1) },
		"subscribed but never registered": func(s *SchedulerSession) { s.registered = false },
		"registered without an id":        func(s *SchedulerSession) { s.cfg.Framework.ID = "" },
		"hints out of order":              func(s *SchedulerSession) { s.hints = []msg.SetHint{{Role: "b"}} },
		"suppressed roles out of order":   func(s *SchedulerSession) { s.suppressed = []role.Name{"b", "a"} },
	} {
		s, err := NewScheduler(SchedulerConfig{Entropy: [16]byte{1}})
		require.NoError(t, err)
		for _, in := range []msg.Input{
			msg.Leader{Master: "m"}, msg.LinkUp{Link: 1, Peer: "m"}, msg.Envelope{Link: 1, Body: msg.Subscribed{Framework: "F1"}},
		} {
			require.NoError(t, s.Step(0, in))
			require.NoError(t, s.Check())
		}
		spoil(s)
		require.ErrorIs(t, s.Check(), ErrBroken, name)
		require.ErrorContains(t, s.Check(), name)
	}
}

// docs/protocol.md §20: Check names what was falsified in an executor's session.
func TestExecutorCheckNamesWhatIsCorrupt(t *testing.T) {
	for name, spoil := range map[string]func(s *ExecutorSession){
		"subscribed without a link":       func(s *ExecutorSession) { s.link = 0 },
		"dialing with a link":             func(s *ExecutorSession) { s.dialing = true },
		"while not running":               func(s *ExecutorSession) { s.status = msg.DriverStopped },
		"subscribed but never registered": func(s *ExecutorSession) { s.registered = false },
		"retry alarm":                     func(s *ExecutorSession) { s.retry.set(1) },
		"recovery alarm":                  func(s *ExecutorSession) { s.recovery.set(1) },
		"more updates than allowed":       func(s *ExecutorSession) { s.cfg.MaxUpdates = 0 },
		"more updates than were sent":     func(s *ExecutorSession) { s.sent = 0 },
		"twice or none":                   func(s *ExecutorSession) { s.updates = append(s.updates, s.updates[0]) },
	} {
		s, err := NewExecutor(ExecutorConfig{Entropy: [16]byte{1}, Agent: "a", Framework: "F1", Executor: "e1", Container: "c1"})
		require.NoError(t, err)
		for _, in := range []msg.Input{
			msg.Tick{}, msg.LinkUp{Link: 1, Peer: "a"}, msg.Envelope{Link: 1, Body: msg.ExecutorSubscribed{}},
			msg.Call{Body: msg.ExecutorUpdate{Status: msg.TaskStatus{Task: "t1", State: msg.TaskRunning}}},
		} {
			require.NoError(t, s.Step(0, in))
			require.NoError(t, s.Check())
		}
		spoil(s)
		require.ErrorIs(t, s.Check(), ErrBroken, name)
		require.ErrorContains(t, s.Check(), name)
	}
}
