package master_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// tracked is a cluster whose agent gives feedback, with an operation "op" under way there. It returns what the agent was sent.
func tracked(t *testing.T) (r *rig, a agentID, f frameworkID, sent msg.ApplyOperation) {
	r = newRig(t)
	r.up("a")
	b := registration("a", "cpus:4;mem:1024")
	b.Capabilities = msg.AgentCapabilities{ResourceProvider: true, OperationFeedback: true}
	r.say("a", b)
	a = last[msg.AgentRegistered](r, "a").Agent
	f = r.scheduler("s", info("web"))
	op := msg.Reserve(dynamic("cpus:1", "web"))
	op.ID = "op"
	r.say("s", accept([]msg.Operation{op}, r.offer(f)))
	sent = last[msg.ApplyOperation](r, "a")
	r.took("s")
	return r, a, f, sent
}

// answers are the states that a scheduler was told of operations; each is the master's answer: once, and not to be acknowledged.
func (r *rig) answers(name string) (out []string) {
	for _, u := range all[msg.UpdateOperation](r, name) {
		require.True(r.t, u.Status.UUID.IsZero())
		out = append(out, string(u.Status.Operation)+" "+u.Status.State.String())
	}
	r.took(name)
	return out
}

// docs/protocol.md §12 explicit reconciliation of operations: one that is known is told as it was last; of another the answer
// depends on where its agent is. It is not repeated.
func TestReconciliationOfOperations(t *testing.T) {
	for _, c := range []struct {
		row   string
		agent func(a agentID) agentID
		do    func(r *rig, a agentID)
		want  string
	}{
		{"agent registered", func(a agentID) agentID { return a }, func(*rig, agentID) {}, "OPERATION_UNKNOWN"},
		{"agent disconnected", func(a agentID) agentID { return a }, func(r *rig, _ agentID) { r.down("a") }, "OPERATION_UNKNOWN"},
		{"agent unreachable", func(a agentID) agentID { return a }, func(r *rig, _ agentID) { r.advance(75 * time.Second) }, "OPERATION_UNREACHABLE"},
		{"agent gone", func(a agentID) agentID { return a }, func(r *rig, a agentID) {
			require.NoError(r.t, r.operate(msg.MarkAgentGone{Agent: a}))
		}, "OPERATION_GONE_BY_OPERATOR"},
		{"no agent named", func(agentID) agentID { return "" }, func(*rig, agentID) {}, "OPERATION_UNKNOWN"},
		{"agent never seen", func(agentID) agentID { return "else" }, func(*rig, agentID) {}, "OPERATION_UNKNOWN"},
	} {
		t.Run(c.row, func(t *testing.T) {
			r, a, _, _ := tracked(t)
			c.do(r, a)
			r.took("s")
			r.undisturbed(func() {
				r.say("s", msg.ReconcileOperations{Operations: []msg.OperationRef{{Operation: "other", Agent: c.agent(a)}}})
			})
			require.Equal(t, []string{"other " + c.want}, r.answers("s"))
			r.advance(time.Minute)
			require.Empty(t, r.answers("s"))
		})
	}
}

// docs/protocol.md §12 an operation in the books is told as it was last, named or not, whatever agent the call names.
func TestReconciliationOfKnownOperations(t *testing.T) {
	r, a, _, sent := tracked(t)
	for range 2 {
		for _, refs := range [][]msg.OperationRef{nil, {{Operation: "op"}}, {{Operation: "op", Agent: "else"}}} {
			r.say("s", msg.ReconcileOperations{Operations: refs})
			require.Equal(t, []string{"op OPERATION_PENDING"}, r.answers("s"))
		}
	}
	done := msg.OperationStatus{Operation: "op", State: msg.OperationFinished, UUID: msg.UUID{7}, Agent: a}
	r.say("a", msg.OperationUpdate{UUID: sent.UUID, Status: done})
	require.Equal(t, msg.UUID{7}, last[msg.UpdateOperation](r, "s").Status.UUID, "this one is the agent's")
	r.took("s")
	r.say("s", msg.ReconcileOperations{})
	require.Equal(t, []string{"op OPERATION_FINISHED"}, r.answers("s"))
	r.say("s", msg.AcknowledgeOperation{Operation: "op", Agent: a, UUID: msg.UUID{7}})
	r.say("s", msg.ReconcileOperations{})
	require.Empty(t, r.answers("s"), "it is out of the books")
	r.say("s", msg.ReconcileOperations{Operations: []msg.OperationRef{{Operation: "op", Agent: a}}})
	require.Equal(t, []string{"op OPERATION_UNKNOWN"}, r.answers("s"))
}

// docs/protocol.md §12, §14 an operation of an agent that is lost, or given up, is told as that once, and out of the books then.
func TestOperationsOfLostAgents(t *testing.T) {
	for want, lose := range map[string]func(r *rig, a agentID){
		"op OPERATION_UNREACHABLE":      func(r *rig, a agentID) { r.advance(75 * time.Second) },
		"op OPERATION_GONE_BY_OPERATOR": func(r *rig, a agentID) { require.NoError(r.t, r.operate(msg.MarkAgentGone{Agent: a})) },
	} {
		r, a, _, _ := tracked(t)
		lose(r, a)
		require.Equal(t, []string{want}, r.answers("s"))
		r.say("s", msg.ReconcileOperations{})
		require.Empty(t, r.answers("s"))
		r.say("s", msg.ReconcileOperations{Operations: []msg.OperationRef{{Operation: "op", Agent: a}}})
		require.Equal(t, []string{want}, r.answers("s"))
	}
}

// docs/protocol.md §12 after an election, until the agent is back, its operations are OPERATION_RECOVERING; then they are what it
// reports.
func TestReconciliationOfRecoveringOperations(t *testing.T) {
	r, a, f, sent := tracked(t)
	next := r.successor()
	i := info("web")
	i.ID = f
	next.scheduler("s", i)
	next.took("s")
	ask := msg.ReconcileOperations{Operations: []msg.OperationRef{{Operation: "op", Agent: a}}}
	next.say("s", ask)
	require.Equal(t, []string{"op OPERATION_RECOVERING"}, next.answers("s"))
	next.say("s", msg.ReconcileOperations{})
	require.Empty(t, next.answers("s"), "no operation is known yet")
	next.up("a")
	b := r.report(a)
	b.Capabilities = msg.AgentCapabilities{ResourceProvider: true, OperationFeedback: true}
	b.Operations = []msg.OperationReport{{UUID: sent.UUID, Framework: f, Status: msg.OperationStatus{Operation: "op", State: msg.OperationPending, Agent: a}}}
	next.say("a", b)
	next.took("s")
	next.say("s", ask)
	require.Equal(t, []string{"op OPERATION_PENDING"}, next.answers("s"))
}

// docs/protocol.md §18.1 a reconciliation that names too many operations, or a malformed id, is refused and answered with nothing; as
// many as are allowed are answered.
func TestReconciliationOfOperationsIsBounded(t *testing.T) {
	r, a, _, _ := cluster(t, "cpus:4;mem:1024", info("web"), func(c *master.Config) { c.Bounds.Tasks = 3 })
	of := func(ids ...msg.OperationID) (c msg.ReconcileOperations) {
		for _, id := range ids {
			c.Operations = append(c.Operations, msg.OperationRef{Operation: id, Agent: a})
		}
		return c
	}
	r.undisturbed(func() { require.ErrorIs(t, r.try("s", of("o1", "o2", "o3", "o4")), master.ErrBound) })
	r.undisturbed(func() { require.ErrorIs(t, r.try("s", of("o1", "a/b")), master.ErrInvalid) })
	require.Empty(t, r.answers("s"))
	r.say("s", of("o1", "o2", "o3"))
	require.Len(t, r.answers("s"), 3)
}

// docs/protocol.md §14 an answer to an operation that the agent was never sent is refused; a status of one may be a repeated one of an
// operation that was acknowledged meanwhile. Neither changes anything, and no framework hears of it.
func TestAnswerToAStrayOperation(t *testing.T) {
	r, a, _, _ := tracked(t)
	before := r.m.Snapshot()
	require.ErrorIs(t, r.try("a", msg.OperationUpdate{UUID: msg.UUID{99}}), master.ErrInvalid)
	end := msg.OperationStatus{Operation: "op", State: msg.OperationFinished, UUID: msg.UUID{7}, Agent: a}
	r.say("a", msg.OperationUpdate{UUID: msg.UUID{99}, Status: end})
	require.Equal(t, before, r.m.Snapshot())
	require.Empty(t, r.answers("s"))
}

// docs/protocol.md §14 an operation that the agent could not take is told as failed, once; it is out of the books then, and its id is
// free again.
func TestOperationThatTheAgentRefuses(t *testing.T) {
	r, a, f, sent := tracked(t)
	r.say("a", msg.OperationUpdate{UUID: sent.UUID, Error: "no room"})
	require.Equal(t, []string{"op OPERATION_FAILED"}, r.answers("s"))
	require.Empty(t, r.m.Snapshot().Operations)
	r.say("s", msg.ReconcileOperations{Operations: []msg.OperationRef{{Operation: "op", Agent: a}}})
	require.Equal(t, []string{"op OPERATION_UNKNOWN"}, r.answers("s"))
	r.settle()
	again := msg.Reserve(dynamic("cpus:1", "web"))
	again.ID = "op"
	r.say("s", accept([]msg.Operation{again}, r.offer(f)))
	require.NotEqual(t, sent.UUID, last[msg.ApplyOperation](r, "a").UUID)
	require.Len(t, r.m.Snapshot().Operations, 1)
}

// docs/protocol.md §16 an operator reserves in its own name: with that of another the call is refused, and nothing changes. An
// operator without a name is not asked for one.
func TestOperatorsReserveInTheirOwnName(t *testing.T) {
	r, a, _, _ := tracked(t)
	other := "other"
	res, err := resource.MustParse("cpus:1").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "db", Principal: &other})
	require.NoError(t, err)
	call := msg.ChangeAgent{Agent: a, Op: reservation.Reserve{Resources: res}}
	before := r.m.Snapshot()
	require.ErrorIs(t, r.operate(call), reservation.ErrPrincipal)
	require.Equal(t, before, r.m.Snapshot())
	require.NoError(t, r.step(msg.Operate{Seq: 8, Call: call}))
	require.NoError(t, r.answer[len(r.answer)-1].Err)
}
