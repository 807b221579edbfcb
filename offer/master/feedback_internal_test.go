package master

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// withOperation is a busy machine with operation op of its framework at agent a, and one of a framework that is not known.
func withOperation(t *testing.T) (*Machine, *agent, *operation) {
	m := busy(t)
	a := m.onlyAgent("a")
	m.track(a, msg.OperationReport{UUID: msg.UUID{1}, Framework: m.onlyFramework().info.ID,
		Status: msg.OperationStatus{Operation: "op", State: msg.OperationPending}})
	m.track(a, msg.OperationReport{UUID: msg.UUID{2}, Framework: "stranger",
		Status: msg.OperationStatus{Operation: "op", State: msg.OperationPending}})
	require.NoError(t, m.Check())
	return m, a, a.ops[msg.UUID{1}]
}

// docs/protocol.md §14, §18.1 every book of operations that is wrong is named by Check.
func TestCheckNamesCorruptOperations(t *testing.T) {
	for says, corrupt := range map[string]func(m *Machine, a *agent, o *operation){
		"filed wrongly":               func(_ *Machine, a *agent, o *operation) { a.ops[msg.UUID{9}] = o },
		"is filed wrongly at agent":   func(_ *Machine, _ *agent, o *operation) { o.Status.Agent = "x" },
		"adopted: false, waits: true": func(m *Machine, _ *agent, o *operation) { m.alarms.set(&o.alone, 9) },
		"waits: false":                func(m *Machine, a *agent, _ *operation) { m.alarms.stop(&a.ops[msg.UUID{2}].alone) },
		"is not among those of":       func(m *Machine, _ *agent, _ *operation) { clear(m.onlyFramework().ops) },
		"it has 1, agents have 0":     func(_ *Machine, _ *agent, o *operation) { o.named = false },
		"it has 2, agents have 1":     func(m *Machine, _ *agent, o *operation) { m.onlyFramework().ops["x"] = o },
		"orphan operations: counted":  func(m *Machine, _ *agent, _ *operation) { m.orphans["stranger"]++ },
		"operations of agent":         func(m *Machine, _ *agent, _ *operation) { m.cfg.Bounds.PendingOperations = 1 },
	} {
		m, a, o := withOperation(t)
		corrupt(m, a, o)
		require.ErrorIs(t, m.Check(), ErrCorrupt, says)
		require.ErrorContains(t, m.Check(), says)
	}
}

// docs/protocol.md §14 a framework that comes finds the operations that agents have of it.
func TestOrphansAreClaimed(t *testing.T) {
	m, a, _ := withOperation(t)
	require.NoError(t, m.Step(m.now, msg.LinkUp{Link: 9, Peer: "s2"}))
	info := m.onlyFramework().info
	info.ID = "stranger"
	require.NoError(t, m.Step(m.now, msg.Envelope{Link: 9, Body: msg.Subscribe{Framework: info}}))
	require.NoError(t, m.Check())
	require.Equal(t, a.ops[msg.UUID{2}], m.frameworks["stranger"].ops["op"])
	require.Empty(t, m.orphans)
}

// docs/protocol.md §14 an operation may have an id only at an agent that gives feedback.
func TestOperationIDNeedsCapabilities(t *testing.T) {
	m := busy(t)
	p := &plan{m: m, f: m.onlyFramework(), a: m.onlyAgent("a")}
	require.ErrorContains(t, p.mayTrack("op"), "gives no feedback")
	p.a.capabilities = msg.AgentCapabilities{ResourceProvider: true}
	require.ErrorContains(t, p.mayTrack("op"), "gives no feedback")
	p.a.capabilities.OperationFeedback = true
	require.NoError(t, p.mayTrack("op"))
	require.ErrorIs(t, p.mayTrack("a/b"), ErrInvalid)
	p.ids = map[msg.OperationID]bool{"op": true}
	require.ErrorContains(t, p.mayTrack("op"), "in use")
	require.NoError(t, p.mayTrack(""))
}

// docs/protocol.md §14, §18.1 a report with operations that are malformed, or too many, is refused whole.
func TestReadOperations(t *testing.T) {
	good := msg.OperationReport{UUID: msg.UUID{1}, Framework: "f", Status: msg.OperationStatus{Operation: "op", State: msg.OperationPending}}
	for name, spoil := range map[string]func(o *msg.OperationReport){
		"id":           func(o *msg.OperationReport) { o.Status.Operation = "" },
		"framework":    func(o *msg.OperationReport) { o.Framework = "a/b" },
		"name":         func(o *msg.OperationReport) { o.UUID = msg.UUID{} },
		"a master's":   func(o *msg.OperationReport) { o.Status.State = msg.OperationUnreachable },
		"end, no uuid": func(o *msg.OperationReport) { o.Status.State = msg.OperationFinished },
		"uuid, no end": func(o *msg.OperationReport) { o.Status.UUID = msg.UUID{1} },
	} {
		m, bad := busy(t), good
		spoil(&bad)
		r := func() *agentReport { return &agentReport{ops: map[msg.UUID]msg.OperationReport{}} }
		require.NoError(t, m.readOperations(r(), []msg.OperationReport{good}))
		require.ErrorIs(t, m.readOperations(r(), []msg.OperationReport{bad}), ErrInvalid, name)
		require.ErrorIs(t, m.readOperations(r(), []msg.OperationReport{good, good}), ErrInvalid, "twice")
		m.cfg.Bounds.PendingOperations = 0
		require.ErrorIs(t, m.readOperations(r(), []msg.OperationReport{good}), ErrBound)
	}
}

// docs/allocation.md §8 a hint is the allocator's, of a role that is held; a new stream begins without.
func TestHint(t *testing.T) {
	m := busy(t)
	f := m.onlyFramework()
	say := func(h msg.SetHint) error { return m.Step(m.now, msg.Envelope{Link: f.link.id, Body: h}) }
	unit := resource.MustParse("cpus:1").Quantities()
	require.NoError(t, say(msg.SetHint{Role: "web", Hint: &offer.Hint{Unit: unit, Count: 1}}))
	require.True(t, f.hinted)
	require.ErrorIs(t, say(msg.SetHint{Role: "other", Hint: &offer.Hint{Unit: unit, Count: 1}}), ErrInvalid)
	require.ErrorIs(t, say(msg.SetHint{Role: "web", Hint: &offer.Hint{Count: 1}}), offer.ErrSpec)
	require.NoError(t, m.Step(m.now, msg.LinkUp{Link: 9, Peer: "s2"}))
	require.NoError(t, m.Step(m.now, msg.Envelope{Link: 9, Body: msg.Subscribe{Framework: f.info}}))
	require.False(t, f.hinted)
	require.NoError(t, m.Check())
}
