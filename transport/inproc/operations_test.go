package inproc_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/transport/inproc"
)

// reserver is a Scheduler that reserves cpus with operations that have ids.
type reserver struct {
	recorder
	todo  []msg.OperationID // the next ones, each for 0.1 cpus
	sent  []msg.OperationID
	acks  bool
	last  map[msg.OperationID]msg.OperationStatus
	final map[msg.OperationID]bool // heard of an end
	heard []string
	unack []msg.OperationStatus
}

func newReserver(ids ...msg.OperationID) *reserver {
	r := &reserver{todo: ids, acks: true, last: map[msg.OperationID]msg.OperationStatus{}, final: map[msg.OperationID]bool{}}
	r.onOffer = r.offered
	return r
}

func (r *reserver) offered(d framework.Driver, o msg.Offer) bool {
	if len(r.todo) == 0 {
		return false
	}
	tenth, err := resource.New(resource.Resource{Name: "cpus", Scalar: 100, Reservations: []resource.Reservation{{Type: resource.Dynamic, Role: "db"}}})
	if err != nil {
		panic(err)
	}
	var ops []msg.Operation
	for _, id := range r.todo {
		op := msg.Reserve(tenth)
		op.ID = id
		ops = append(ops, op)
	}
	r.sent, r.todo = append(r.sent, r.todo...), nil
	return d.Accept([]msg.OfferID{o.ID}, ops, msg.Filters{}) == nil
}

func (r *reserver) OperationUpdate(d framework.Driver, s msg.OperationStatus) {
	r.last[s.Operation] = s
	r.final[s.Operation] = r.final[s.Operation] || s.State.Terminal()
	r.heard = append(r.heard, fmt.Sprintf("%s %v", s.Operation, s.State))
	switch {
	case s.UUID.IsZero():
	case r.acks:
		_ = d.AcknowledgeOperation(s)
	default:
		r.unack = append(r.unack, s)
	}
}

// told returns what was heard of operations, and forgets it.
func (r *reserver) told() []string {
	h := r.heard
	r.heard = nil
	return h
}

func explicitAck(c *framework.SchedulerConfig) { c.ExplicitAck = true }

func reserving(t *testing.T, ids ...msg.OperationID) (*inproc.Cluster, *reserver, framework.Driver) {
	c, _ := newCluster(t, 1)
	c.AddAgent("agent-1", machine(), workers)
	r := newReserver(ids...)
	f := info("db")
	f.FailoverTimeout, f.Capabilities.ReservationRefinement = time.Hour, true
	return c, r, c.AddSchedulerAs("s", f, r, explicitAck)
}

// docs/protocol.md §14 an operation with an id that holds at its agent is FINISHED, once, and with its acknowledgement
// nobody knows it any more. A duplicate is an ERROR for the newer.
func TestOperationFinished(t *testing.T) {
	c, r, d := reserving(t, "op1", "op2", "op1", "bad/id")
	c.Advance(2 * time.Second)
	require.Equal(t, []string{"op1 OPERATION_ERROR", "bad/id OPERATION_ERROR", "op1 OPERATION_FINISHED", "op2 OPERATION_FINISHED"}, r.told())
	c.Advance(time.Hour)
	require.Empty(t, r.told(), "acknowledged ones never return")
	require.Empty(t, c.Agent("agent-1").Operations())
	require.NoError(t, d.ReconcileOperations())
	c.Settle()
	require.Empty(t, r.told())
	require.NoError(t, d.ReconcileOperations(msg.OperationRef{Operation: "op1", Agent: c.Agent("agent-1").ID()}, msg.OperationRef{Operation: "x"}))
	c.Settle()
	require.Equal(t, []string{"op1 OPERATION_UNKNOWN", "x OPERATION_UNKNOWN"}, r.told())
}

// docs/protocol.md §14 without an acknowledgement the status is told again after 10 s, 20 s … 10 min, to a new stream at once.
func TestOperationToldAgain(t *testing.T) {
	c, r, d := reserving(t, "op1")
	r.acks = false
	c.Advance(2 * time.Second)
	require.Len(t, r.told(), 1)
	for _, wait := range []time.Duration{10, 20, 40, 80, 160, 320, 600, 600} {
		c.Advance(wait*time.Second - 2*time.Second)
		require.Empty(t, r.told())
		c.Advance(2 * time.Second)
		require.Len(t, r.told(), 1)
	}
	c.Network().Break("s", "master")
	c.Advance(10 * time.Second)
	require.NotEmpty(t, r.told())
	require.NoError(t, d.ReconcileOperations())
	c.Settle()
	require.Equal(t, []string{"op1 OPERATION_FINISHED"}, r.told())
	require.True(t, r.last["op1"].UUID.IsZero(), "answers are not acknowledged")
	require.NoError(t, d.AcknowledgeOperation(r.unack[0]))
	c.Advance(time.Hour)
	require.Empty(t, r.told())
}

// docs/protocol.md §14 a status outlives the agent's process, the master's too; one that was acknowledged does not return.
func TestOperationOutlivesProcesses(t *testing.T) {
	c, r, _ := reserving(t, "op1")
	r.acks = false
	c.Advance(2 * time.Second)
	require.Equal(t, []string{"op1 OPERATION_FINISHED"}, r.told())
	c.RestartAgent("agent-1")
	c.Advance(10 * time.Second)
	require.Contains(t, r.told(), "op1 OPERATION_FINISHED")
	c.Kill("master")
	c.Advance(time.Second)
	c.AddMaster(master.Config{})
	r.acks = true
	c.Advance(time.Minute)
	require.Contains(t, r.told(), "op1 OPERATION_FINISHED")
	c.RestartAgent("agent-1")
	c.Advance(time.Hour)
	require.Empty(t, r.told())
	require.Empty(t, c.Agent("agent-1").Operations())
}

// docs/protocol.md §14 operations of a removed framework are acknowledged by the master after 10 min.
func TestOrphanOperations(t *testing.T) {
	c, r, d := reserving(t, "op1")
	r.acks = false
	c.Advance(2 * time.Second)
	d.Stop(false)
	c.Advance(9 * time.Minute)
	require.Len(t, c.Agent("agent-1").Operations(), 1)
	c.Advance(2 * time.Minute)
	require.Empty(t, c.Agent("agent-1").Operations())
}

// docs/protocol.md §14 an operation that never reached its agent is DROPPED when that re-registers.
// docs/protocol.md §4.5 an agent out of contact, or given up, tells it of its operations.
func TestOperationsOfLostAgents(t *testing.T) {
	for _, gone := range []bool{false, true} {
		c, r, d := reserving(t)
		c.Advance(2 * time.Second)
		c.Network().Mute("master", "agent-1")
		r.todo = []msg.OperationID{"op1"}
		require.NoError(t, d.Revive())
		c.Advance(6 * time.Second)
		require.Equal(t, []msg.OperationID{"op1"}, r.sent)
		require.Empty(t, r.told())
		agent := c.Agent("agent-1").ID()
		if gone {
			require.NoError(t, c.Operate(msg.MarkAgentGone{Agent: agent}))
			c.Settle()
			require.Equal(t, []string{"op1 OPERATION_GONE_BY_OPERATOR"}, r.told())
			continue
		}
		c.Advance(90 * time.Second)
		require.Equal(t, []string{"op1 OPERATION_UNREACHABLE"}, r.told())
		require.NoError(t, d.ReconcileOperations(msg.OperationRef{Operation: "op1", Agent: agent}))
		c.Settle()
		require.Equal(t, []string{"op1 OPERATION_UNREACHABLE"}, r.told())
	}
	c, r, d := reserving(t)
	c.Advance(2 * time.Second)
	c.Network().Stall("master", "agent-1")
	r.todo = []msg.OperationID{"op1"}
	require.NoError(t, d.Revive())
	c.Advance(6 * time.Second)
	c.Network().Break("master", "agent-1")
	c.Network().Resume("master", "agent-1")
	c.Advance(30 * time.Second)
	require.Equal(t, []string{"op1 OPERATION_DROPPED"}, r.told())
	require.Empty(t, c.Agent("agent-1").Operations())
}

// docs/protocol.md §14 whatever fails on the way, every operation with an id comes to an end that its scheduler hears, or is
// known to nobody; what was acknowledged does not return, and all books agree after every step.
func TestOperationsSurviveFaults(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := inproc.NewCluster(rapid.Uint64().Draw(rt, "seed"))
		defer c.Close()
		c.AfterStep(func() { require.NoError(rt, c.Check()) })
		c.AddMaster(master.Config{})
		c.AddAgent("agent-1", machine(), workers)
		r := newReserver()
		f := info("db")
		f.FailoverTimeout, f.Capabilities.ReservationRefinement = 1000*time.Hour, true
		d := c.AddSchedulerAs("s", f, r, explicitAck)
		c.Advance(2 * time.Second)
		n := 0
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			switch rapid.IntRange(0, 6).Draw(rt, "what") {
			case 0, 1:
				n++
				r.todo = append(r.todo, msg.OperationID(fmt.Sprintf("op%d", n)))
				_ = d.Revive()
			case 2:
				c.Network().Break("agent-1", "master")
			case 3:
				c.Network().Break("s", "master")
			case 4:
				c.RestartAgent("agent-1")
			case 5:
				c.Kill("master")
				c.AddMaster(master.Config{})
			case 6:
				r.acks = !r.acks
			}
			c.Advance(rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, time.Minute}).Draw(rt, "for"))
		}
		r.acks = true
		c.Advance(time.Hour)
		require.Empty(rt, c.Agent("agent-1").Operations())
		r.told()
		c.Advance(time.Hour)
		if len(r.todo) == 0 {
			require.Empty(rt, r.told(), "acknowledged ones never return")
		}
		var ask []msg.OperationRef
		for _, id := range r.sent {
			if !r.final[id] {
				ask = append(ask, msg.OperationRef{Operation: id, Agent: c.Agent("agent-1").ID()})
			}
		}
		if len(ask) > 0 {
			require.NoError(rt, d.ReconcileOperations(ask...))
			c.Settle()
		}
		for _, o := range ask {
			require.Equal(rt, msg.OperationUnknown, r.last[o.Operation].State, "%s", o.Operation)
		}
		require.NoError(rt, c.Err())
	})
}
