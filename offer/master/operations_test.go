package master_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// backAndForth reserves one cpu and gives it back, n operations in all: the total stays as small as it was.
func backAndForth(n int) []msg.Operation {
	var ops []msg.Operation
	for i := range n {
		if i%2 == 0 {
			ops = append(ops, msg.Reserve(dynamic("cpus:1", "web")))
		} else {
			ops = append(ops, msg.Unreserve(dynamic("cpus:1", "web")))
		}
	}
	return ops
}

// docs/protocol.md §14 an agent answers operations in the order sent: what an answer costs does not depend on how many are
// under way.
func TestAnswersToOperationsAreCheap(t *testing.T) {
	cost := func(n int) float64 {
		r, _, _, o := cluster(t, "cpus:4;mem:1024", info("web"))
		r.say("s", accept(backAndForth(n), o))
		sent := all[msg.ApplyOperation](r, "a")
		require.Len(t, sent, n)
		return testing.AllocsPerRun(8, func() {
			require.NoError(t, r.m.Step(r.now, msg.Envelope{Link: r.links["a"], Body: msg.OperationUpdate{UUID: sent[0].UUID}}))
			sent = sent[1:]
		})
	}
	few, many := cost(20), cost(2000)
	require.Less(t, many, 2*few, "allocations per answer: %v with 20 operations under way, %v with 2,000", few, many)
}

// docs/protocol.md §14 whatever the order of the answers, the agent's total is what it confirmed with the operations under
// way; one that failed is taken out again.
func TestAnswersToOperationsInAnyOrder(t *testing.T) {
	r, a, _, o := cluster(t, "cpus:4;mem:1024", info("web"))
	r.say("s", accept([]msg.Operation{msg.Reserve(dynamic("cpus:1", "web")), msg.Reserve(dynamic("mem:512", "web")),
		msg.Reserve(dynamic("cpus:2", "web"))}, o))
	sent := all[msg.ApplyOperation](r, "a")
	r.say("a", msg.OperationUpdate{UUID: sent[1].UUID})
	r.say("a", msg.OperationUpdate{UUID: sent[2].UUID, Error: "no room"})
	r.say("a", msg.OperationUpdate{UUID: sent[0].UUID})
	require.ErrorIs(t, r.try("a", msg.OperationUpdate{UUID: sent[0].UUID}), master.ErrInvalid, "each is answered once")
	want := resource.MustParse("cpus:3;mem:512").Add(dynamic("cpus:1;mem:512", "web"))
	require.Equal(t, want.String(), r.m.Agents()[0].Total.String())
	r.say("a", msg.UpdateAgent{Total: want})
	b, _ := r.m.Books(a)
	require.Equal(t, want.String(), b.Total.String())
}

// docs/protocol.md §18.1 operations that an agent has not answered are bounded: one of an ACCEPT is refused alone, one of an
// operator with an error; an answer makes room.
// docs/protocol.md §18.1 operations under way per agent
func TestPendingOperationsAreBounded(t *testing.T) {
	r, a, _, o := cluster(t, "cpus:4;mem:1024", info("web"), func(c *master.Config) { c.Bounds.PendingOperations = 3 })
	r.say("s", accept(append(backAndForth(5), msg.Launch(task("t", a, "cpus:1;mem:32"))), o))
	require.Equal(t, []string{"ApplyOperation", "ApplyOperation", "ApplyOperation", "RunTasks"}, kinds(r.inbox["a"]))
	reserve := msg.ChangeAgent{Agent: a, Op: reservation.Reserve{Resources: operators("cpus:1", "web")}}
	require.ErrorIs(t, r.operate(reserve), master.ErrBound)
	r.say("a", msg.OperationUpdate{UUID: all[msg.ApplyOperation](r, "a")[0].UUID})
	require.NoError(t, r.operate(reserve))
}
