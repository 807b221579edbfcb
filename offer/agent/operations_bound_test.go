package agent_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
)

// docs/protocol.md §14, §18.1 operations that wait, and ends that nobody acknowledged, share one bound: one more fails, said once,
// and the agent keeps nothing of it. Room that is made is used again.
func TestOperationsOfAnAgentAreBounded(t *testing.T) {
	r := registered(t, func(c *agent.Config) { c.Bounds.Operations = 2 })
	create := func(n byte, id msg.OperationID) msg.ApplyOperation {
		name := string(rune('a' + n))
		return msg.ApplyOperation{UUID: uuid(n), Framework: "F1", ID: id, Op: reservation.Create{Volumes: volume("v-"+name, name, 1)}}
	}
	failures := func() (out []msg.OperationUpdate) {
		for _, e := range r.last.Sends {
			if u, ok := e.Body.(msg.OperationUpdate); ok && u.Error != "" {
				out = append(out, u)
			}
		}
		return out
	}
	r.master(create(1, "one")) // its volume is being made
	r.master(create(2, ""))    // waits behind it
	require.Empty(t, failures())
	r.master(create(3, "three"))
	require.Len(t, failures(), 1)
	require.Equal(t, uuid(3), failures()[0].UUID)
	require.Contains(t, failures()[0].Error, "2 operations wait or are not acknowledged")
	require.True(t, failures()[0].Status.UUID.IsZero(), "there is nothing to acknowledge")
	require.Len(t, r.m.Operations(), 1, "only the one with an id that was taken")

	r.volumeDone(1, "no disk")
	r.volumeDone(2, "no disk")
	r.master(create(4, "")) // the end of one is not acknowledged, nothing waits
	require.Empty(t, failures())
	r.master(create(5, "five"))
	require.Len(t, failures(), 1)
	r.volumeDone(3, "no disk")
	require.Len(t, r.m.Operations(), 1)
	r.master(msg.AckOperation{UUID: uuid(1), Status: r.m.Operations()[0].Status.UUID})
	require.Empty(t, r.m.Operations())
	r.master(create(6, "six"))
	require.Empty(t, failures())
}
