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

// docs/protocol.md §14, §16.2 the total that an operation made and its status are durable together: where a crash leaves only
// the first record, or the operation is acknowledged, the next run knows it.
func TestOutcomeIsDurableWithItsTotal(t *testing.T) {
	start := func(entries []msg.Entry) *Machine {
		m, err := New(Config{Entropy: [16]byte{1}, Node: "a", Checkpoint: true})
		require.NoError(t, err)
		require.NoError(t, m.Step(0, msg.Restored{Entries: entries}))
		require.NoError(t, m.Check())
		return m
	}
	entry := func(key string, k msg.Kept) msg.Entry {
		v, err := written(k)
		require.NoError(t, err)
		return msg.Entry{Key: key, Value: v}
	}
	ended := msg.KeptOperation{Report: msg.OperationReport{UUID: msg.UUID{1}, Framework: "f",
		Status: msg.OperationStatus{Operation: "op", State: msg.OperationFinished, Agent: "A", UUID: msg.UUID{2}}}}
	who := entry(keyAgent, msg.KeptAgent{Info: msg.AgentInfo{ID: "A"}})
	total := entry(keyTotal, msg.KeptTotal{Last: &ended})
	own := entry(operationKey(msg.UUID{1}), ended)
	for _, entries := range [][]msg.Entry{{who, total}, {who, own}, {who, own, total}} {
		m := start(entries)
		require.Equal(t, []msg.OperationReport{ended.Report}, m.Operations())
	}
	require.Empty(t, start([]msg.Entry{total}).Operations(), "of an agent that ended for good")
	m := start([]msg.Entry{who, own, total})
	m.master.registered = true
	m.operationAcked(msg.AckOperation{UUID: msg.UUID{1}, Status: msg.UUID{9}})
	require.Len(t, m.Operations(), 1, "another status")
	m.free.Records = nil
	m.operationAcked(msg.AckOperation{UUID: msg.UUID{1}, Status: msg.UUID{2}})
	require.Empty(t, m.Operations())
	require.Len(t, m.free.Records, 2)
	require.Equal(t, keyTotal, m.free.Records[0].Key, "first, so that it never brings back what is acknowledged")
	require.True(t, m.free.Records[0].Delete)
	require.Equal(t, operationKey(msg.UUID{1}), m.free.Records[1].Key)
}
