package master_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// The part of a script that is about operations with ids.

// operationState reads the word of a state.
func (s *script) operationState(word string) msg.OperationState {
	for n := msg.OperationState(0); n <= msg.OperationUnknown; n++ {
		if n.String() == "OPERATION_"+word {
			return n
		}
	}
	require.Fail(s.t, "unknown state", word)
	return 0
}

// operationStatus is what an agent says of an operation: its end has a uuid, one under way has none.
func (s *script) operationStatus(id, word, why string, uuid msg.UUID) msg.OperationStatus {
	return msg.OperationStatus{Operation: msg.OperationID(id), State: s.operationState(word), Message: why, UUID: uuid}
}

// operationUpdate is what an agent tells of an operation that it was sent.
func (s *script) operationUpdate(id, word, why string, uuid msg.UUID) msg.OperationUpdate {
	sent, known := s.sentOps[msg.OperationID(id)]
	require.True(s.t, known, "operation %s was never sent", id)
	if uuid.IsZero() { // said once
		return msg.OperationUpdate{UUID: sent.UUID, Error: why}
	}
	return msg.OperationUpdate{UUID: sent.UUID, Error: why, Status: s.operationStatus(id, word, why, uuid)}
}

// listed are the operations of a re-registration: ID:STATE, and :N for the uuid of an end.
func (s *script) listed(words string) (out []msg.OperationReport) {
	for _, w := range strings.Split(words, ",") {
		parts := strings.Split(w, ":")
		if len(parts) < 2 {
			continue
		}
		sent, known := s.sentOps[msg.OperationID(parts[0])]
		require.True(s.t, known, "operation %s was never sent", parts[0])
		var uuid msg.UUID
		if len(parts) > 2 {
			uuid[0] = parts[2][0] - '0'
		}
		out = append(out, msg.OperationReport{UUID: sent.UUID, Framework: sent.Framework, Op: sent.Op,
			Status: s.operationStatus(parts[0], parts[1], "", uuid)})
	}
	return out
}

// unmade is what an agent has where a reservation never happened.
func (s *script) unmade(total resource.Resources, id msg.OperationID) resource.Resources {
	if id == "" {
		return total
	}
	reserved := s.sentOps[id].Op.(reservation.Reserve).Resources
	before, err := reserved.PopReservation()
	require.NoError(s.t, err)
	rest, err := total.Sub(reserved)
	require.NoError(s.t, err)
	return rest.Add(before)
}

// remember keeps what the agents of the books have: they will report it where the master has lost them.
func (s *script) remember() {
	for _, name := range slices.Sorted(maps.Keys(s.agents)) {
		if _, known := s.m.Books(s.agents[name]); known {
			s.totals[name] = s.report(s.agents[name]).Total
		}
	}
}

// pass lets time pass, in which agents that have a link answer pings, or not.
func (s *script) pass(d time.Duration, pongs bool) {
	for ; pongs && d > 0; d -= 10 * time.Second {
		s.advance(min(d, 10*time.Second))
		for _, name := range slices.Sorted(maps.Keys(s.agents)) {
			if s.links[name] != 0 {
				s.say(name, msg.Pong{})
			}
		}
	}
	s.advance(max(d, 0))
}

// refs are the operations that a scheduler asks for.
func (s *script) refs(d *datadriven.TestData, arg func(int) string, agent string) (out []msg.OperationRef) {
	for i := 1; i < s.words; i++ {
		out = append(out, msg.OperationRef{Operation: msg.OperationID(arg(i)), Agent: s.agents[agent]})
	}
	return out
}

// rows draws the operations of the books.
func (s *script) rows() {
	for _, o := range read[master.OperationsResult](s.rig, msg.GetOperations{}).Operations {
		line := o.String()
		if o.Unacknowledged {
			line += ", not acknowledged"
		}
		fmt.Fprintln(&s.out, line)
	}
}

// describeOperation draws the messages about operations.
func describeOperation(b msg.Message) string {
	switch b := b.(type) {
	case msg.ApplyOperation:
		line := "ApplyOperation " + kindOf(b.Op)
		if b.ID != "" {
			line += ", " + string(b.ID)
		}
		return line
	case msg.UpdateOperation:
		line := fmt.Sprintf("UpdateOperation %s %s", b.Status.Operation, b.Status.State)
		if b.Status.Message != "" {
			line += ": " + b.Status.Message
		}
		if !b.Status.UUID.IsZero() {
			line += ", to be acknowledged"
		}
		return line
	case msg.AckOperation:
		return fmt.Sprintf("AckOperation of status %d", b.Status[0])
	}
	return ""
}

func kindOf(op reservation.Op) string { return fmt.Sprintf("%T", op)[len("reservation."):] }
