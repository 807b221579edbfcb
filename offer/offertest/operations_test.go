package offertest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/offertest"
	"github.com/proffer-go/proffer/resource"
)

// hoarder reserves what it is told to with each offer, and acknowledges how that ended when it is told to.
type hoarder struct {
	framework.NopScheduler
	todo   []msg.Operation
	unread []msg.OperationStatus
}

func (h *hoarder) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	if len(h.todo) == 0 {
		return
	}
	_ = d.Accept([]msg.OfferID{offers[0].ID}, h.todo, msg.Filters{Refuse: time.Second})
	h.todo = nil
}

func (h *hoarder) OperationUpdate(_ framework.Driver, s msg.OperationStatus) {
	h.unread = append(h.unread, s)
}

// acknowledge does so with all that has a uuid.
func (h *hoarder) acknowledge(t *testing.T, d framework.Driver) {
	t.Helper()
	for _, s := range h.unread {
		if !s.UUID.IsZero() {
			require.NoError(t, d.AcknowledgeOperation(s))
		}
	}
	h.unread = nil
}

// reserve is an operation with an id.
func reserve(id msg.OperationID, text string) msg.Operation {
	r, err := resource.MustParse(text).PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "web"})
	if err != nil {
		panic(err)
	}
	op := msg.Reserve(r)
	op.ID = id
	return op
}

// hoarding starts a cluster with a scheduler that acknowledges by itself.
func hoarding(t *testing.T, start startFunc) (c *offertest.Cluster, h *hoarder, d framework.Driver) {
	t.Helper()
	c, h = start(t, offertest.WithAgents(1, "cpus:4;mem:1024")), &hoarder{}
	i := web()
	i.FailoverTimeout, i.Capabilities.ReservationRefinement = time.Hour, true
	d = c.SchedulerOf(framework.SchedulerConfig{Framework: i, ExplicitAck: true}, h)
	h.todo = []msg.Operation{reserve("op-1", "cpus:1"), reserve("op-2", "cpus:9")}
	return c, h, d
}

// An operation is where its framework was told it is: also when that is acknowledged, and when it was refused.
// docs/protocol.md §14
func TestCheckOperation(t *testing.T) {
	bothWays(t, func(t *testing.T, start startFunc) {
		c, h, d := hoarding(t, start)
		c.Settle()
		c.CheckOperation("op-1", msg.OperationFinished)
		c.CheckOperation("op-2", msg.OperationError)
		s := c.Snapshot()
		require.Len(t, s.Master.Operations, 1)
		require.True(t, s.Master.Operations[0].Unacknowledged)
		require.Len(t, s.DoneOperations, 1)
		require.Contains(t, s.String(), "operation  op-1 of ")
		h.acknowledge(t, d)
		c.CheckOperation("op-1", msg.OperationFinished)
		s = c.Snapshot()
		require.Empty(t, s.Master.Operations)
		require.Len(t, s.DoneOperations, 2)
		require.False(t, s.DoneOperations[1].Unacknowledged)
	})
}

// An operation that an agent never heard of is pending, and unreachable with the agent; when that is back without it, too.
// docs/protocol.md §12, §14, §19
func TestOperationOfALostAgent(t *testing.T) {
	c, _, _ := hoarding(t, offertest.New)
	resume := c.Stall("master", "agent-1")
	c.Settle()
	c.CheckOperation("op-1", msg.OperationPending)
	heal := c.Partition("agent-1", "master")
	c.Advance(20 * time.Minute)
	c.CheckOperation("op-1", msg.OperationUnreachable)
	require.Len(t, c.Snapshot().Master.Unreachable, 1)
	require.Contains(t, c.Snapshot().String(), "out of contact")
	resume()
	heal()
	c.Advance(5 * time.Minute)
	c.CheckOperation("op-1", msg.OperationUnreachable)
	require.Empty(t, c.Snapshot().Master.Unreachable)
	c.CheckBooks()
}

// What an agent has done and nobody has acknowledged is in the books again when the agent is back.
// docs/protocol.md §14, §19
func TestOperationComesBack(t *testing.T) {
	c, h, d := hoarding(t, offertest.New)
	c.Settle()
	heal := c.Partition("agent-1", "master")
	c.Advance(20 * time.Minute)
	require.Empty(t, c.Snapshot().Master.Operations)
	c.CheckOperation("op-1", msg.OperationFinished)
	heal()
	c.Advance(5 * time.Minute)
	require.True(t, c.Snapshot().Master.Operations[0].Unacknowledged)
	h.acknowledge(t, d)
	c.CheckOperation("op-1", msg.OperationFinished)
	require.Empty(t, c.Snapshot().Master.Operations)
}

// A check of an operation that is not so, or that nobody has heard of, fails and says what is.
// docs/protocol.md §14
func TestCheckOperationFails(t *testing.T) {
	r := &fakeTest{}
	defer r.end()
	c := offertest.New(r)
	h := &hoarder{todo: []msg.Operation{reserve("op-1", "cpus:1"), reserve("op-2", "cpus:99")}}
	i := web()
	i.Capabilities.ReservationRefinement = true
	c.Scheduler(i, h)
	c.CheckOperation("op-1", msg.OperationFinished)
	c.CheckOperation("op-2", msg.OperationError)
	require.Empty(t, r.said)
	c.CheckOperation("op-1", msg.OperationFailed)
	require.Equal(t, []string{"offertest: operation op-1 is OPERATION_FINISHED, not OPERATION_FAILED"}, r.said)
	c.CheckOperation("op-2", msg.OperationFinished)
	require.Contains(t, r.said[1], "operation op-2 is OPERATION_ERROR, not OPERATION_FINISHED: RESERVE: needs cpus:99")
	c.CheckOperation("op-9", msg.OperationFinished)
	require.Equal(t, "offertest: the master knows no operation op-9", r.said[2])
	require.False(t, r.fatal)
	c.KillLeader()
	c.CheckOperation("op-1", msg.OperationFinished)
	require.True(t, r.fatal)
}

// An agent that waits for a new master to see it again is shown, and one that was given up.
// docs/protocol.md §5, §16.1
func TestSnapshotOfAbsentAgents(t *testing.T) {
	c, _ := running(t, offertest.New, offertest.WithAgents(2, "cpus:2;mem:512"))
	c.KillAgent("agent-2")
	c.KillLeader()
	c.StartMaster()
	c.Advance(30 * time.Second)
	s := c.Snapshot().Master
	require.Len(t, s.Recovered, 1)
	id := s.Recovered[0].Info.ID
	require.Contains(t, c.Snapshot().String(), "to come back")
	require.NoError(t, c.Operate(msg.MarkAgentGone{Agent: id}))
	s = c.Snapshot().Master
	require.Empty(t, s.Recovered)
	require.Equal(t, []master.GoneRow{{ID: id, Since: c.Now()}}, s.Gone)
	require.Contains(t, c.Snapshot().String(), " gone\n")
}
