package agent

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/msg"
)

// docs/protocol.md §14, §18.1 Check names what is wrong with an outcome.
func TestCheckNamesCorruptOutcomes(t *testing.T) {
	for says, corrupt := range map[string]func(m *Machine, o *outcome){
		"is filed under":              func(m *Machine, o *outcome) { m.outcomes[msg.UUID{9}] = o },
		"with a uuid false":           func(_ *Machine, o *outcome) { o.Status.UUID = msg.UUID{} },
		"OPERATION_PENDING":           func(_ *Machine, o *outcome) { o.Status.State = msg.OperationPending },
		"retry timer true":            func(m *Machine, o *outcome) { m.timers.set(o.retry, 9) },
		"is acknowledged":             func(m *Machine, o *outcome) { clear(m.outcomes); m.lastOutcome = o },
		"1 operations; 0 are allowed": func(m *Machine, _ *outcome) { m.cfg.Bounds.Operations = 0 },
	} {
		m, err := New(Config{Entropy: [16]byte{1}, Node: "a"})
		require.NoError(t, err)
		o := m.conclude(msg.OperationReport{UUID: msg.UUID{1}, Framework: "f"}, msg.OperationFinished, "")
		require.NoError(t, m.Check())
		corrupt(m, o)
		require.ErrorIs(t, m.Check(), ErrBroken, says)
		require.ErrorContains(t, m.Check(), says)
	}
}
