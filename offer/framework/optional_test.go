package framework_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// optional is a Scheduler with the optional interfaces.
type optional struct {
	framework.NopScheduler
	heard []string
}

func (o *optional) OperationUpdate(_ framework.Driver, s msg.OperationStatus) {
	o.heard = append(o.heard, fmt.Sprintf("%s %v", s.Operation, s.State))
}

func (o *optional) InverseOffers(_ framework.Driver, offers []msg.InverseOffer) {
	o.heard = append(o.heard, fmt.Sprintf("inverse %s", offers[0].ID))
}

func (o *optional) InverseOfferRescinded(_ framework.Driver, id msg.OfferID) {
	o.heard = append(o.heard, fmt.Sprintf("rescinded %s", id))
}

// docs/protocol.md §17 operations' statuses and inverse offers go to optional interfaces.
func TestOptionalInterfaces(t *testing.T) {
	r, o := subscribed(t), &optional{}
	for _, b := range []msg.Message{
		msg.UpdateOperation{Status: msg.OperationStatus{Operation: "op1", State: msg.OperationFinished, UUID: msg.UUID{1}, Agent: "A"}},
		msg.InverseOffers{Offers: []msg.InverseOffer{{ID: "M-O1"}}},
		msg.RescindInverse{Offer: "M-O1"},
	} {
		r.master(b)
		for _, c := range r.last.Callbacks {
			c.Invoke(o, framework.NewDriver(func(msg.Input) error { return nil }))
		}
	}
	require.Equal(t, []string{"op1 OPERATION_FINISHED", "inverse M-O1", "rescinded M-O1"}, o.heard)
}

// docs/protocol.md §14 a status with a uuid is acknowledged when the callback returns; by a scheduler that cannot hear it too,
// explicit acknowledgement or not.
func TestOperationAcknowledgement(t *testing.T) {
	for _, c := range []struct {
		explicit  bool
		scheduler framework.Scheduler
		acks      int
	}{{false, &optional{}, 1}, {true, &optional{}, 0}, {true, framework.NopScheduler{}, 1}} {
		for _, uuid := range []msg.UUID{{1}, {}} {
			r := subscribed(t, func(cfg *framework.SchedulerConfig) { cfg.ExplicitAck = c.explicit })
			r.master(msg.UpdateOperation{Status: msg.OperationStatus{Operation: "op1", State: msg.OperationFinished, UUID: uuid, Agent: "A"}})
			var acks []msg.Input
			for _, cb := range r.last.Callbacks {
				cb.Invoke(c.scheduler, framework.NewDriver(func(in msg.Input) error { acks = append(acks, in); return nil }))
			}
			if uuid.IsZero() {
				require.Empty(t, acks)
				continue
			}
			require.Len(t, acks, c.acks, "%T, explicit %v", c.scheduler, c.explicit)
			for _, a := range acks {
				require.Equal(t, msg.Call{Body: msg.AcknowledgeOperation{Agent: "A", Operation: "op1", UUID: uuid}}, a)
			}
		}
	}
}

// docs/protocol.md §17 an operation with an id that no master can get is answered here.
func TestOperationWhileDisconnected(t *testing.T) {
	r := newRig(t)
	r.step(msg.Leader{Master: "m1"})
	op := msg.Operation{ID: "op1", Do: msg.Change{Op: reservation.Reserve{Resources: resource.MustParse("cpus:1")}}}
	require.NoError(t, r.d.Accept([]msg.OfferID{"M-O1"}, []msg.Operation{op}, msg.Filters{}))
	in := r.queue[0]
	r.queue = nil
	require.NoError(t, r.s.Step(r.now, in))
	var rd framework.SchedulerReady
	r.s.Ready(&rd)
	require.Equal(t, []framework.Callback{framework.OnOperation{Status: msg.OperationStatus{Operation: "op1",
		State: msg.OperationDropped, Message: "asked for while no master was connected"}}}, rd.Callbacks)
}

// docs/allocation.md §8 a hint is kept for every later stream until it is taken back, or its role given up.
func TestHintsAreToldAgain(t *testing.T) {
	r := subscribed(t)
	unit := resource.MustParse("cpus:1").Quantities()
	h := &offer.Hint{Unit: unit, Count: 3}
	r.drive(r.d.SetHint("b", h))
	h.Count = 9 // not kept by the driver
	want := msg.SetHint{Role: "b", Hint: &offer.Hint{Unit: unit, Count: 3}}
	require.Equal(t, []msg.Message{want}, r.sent())
	r.drive(r.d.SetHint("a", &offer.Hint{Unit: unit, Count: 0}))
	r.drive(r.d.SetHint("a", nil))
	require.Equal(t, []msg.Message{msg.SetHint{Role: "a"}}, r.sent())
	r.step(msg.LinkDown{Link: r.link, Peer: "m1"})
	r.tick()
	r.subscribe()
	require.Equal(t, []msg.Message{want}, r.sent(), "on the next stream")
	require.ErrorIs(t, r.d.SetHint("a", &offer.Hint{Count: 1}), framework.ErrCall, "an empty unit")
	require.ErrorIs(t, r.d.SetHint("a", &offer.Hint{Unit: unit, Count: -1}), framework.ErrCall)
	require.NoError(t, r.d.SetHint("c", nil))
	in := r.queue[0]
	r.queue = nil
	require.ErrorIs(t, r.try(in), framework.ErrCall, "a role that is not held")
}

// docs/protocol.md §12, §14, §16 the driver's calls about operations and inverse offers.
func TestOptionalCalls(t *testing.T) {
	r := subscribed(t)
	r.drive(r.d.ReconcileOperations(msg.OperationRef{Operation: "op1", Agent: "A"}))
	require.Equal(t, []msg.Message{msg.ReconcileOperations{Operations: []msg.OperationRef{{Operation: "op1", Agent: "A"}}}}, r.sent())
	r.drive(r.d.AcceptInverseOffers(msg.Filters{}, "M-O1"))
	require.Equal(t, []msg.Message{msg.AcceptInverse{Offers: []msg.OfferID{"M-O1"}}}, r.sent())
	r.drive(r.d.DeclineInverseOffers(msg.Filters{}, "M-O1"))
	require.Equal(t, []msg.Message{msg.DeclineInverse{Offers: []msg.OfferID{"M-O1"}}}, r.sent())
	require.ErrorIs(t, r.d.AcknowledgeOperation(msg.OperationStatus{Operation: "op1"}), framework.ErrNoUUID)
	require.ErrorIs(t, r.d.AcceptInverseOffers(msg.Filters{}), framework.ErrCall)
	require.ErrorIs(t, r.d.DeclineInverseOffers(msg.Filters{}), framework.ErrCall)
	require.ErrorIs(t, r.d.ReconcileOperations(msg.OperationRef{Operation: "a/b"}), msg.ErrID)
}

// A scheduler that wants to know how its operations ended gives them an id and is an OperationHandler.
func ExampleOperationHandler() {
	var s framework.Scheduler = &optional{}
	framework.OnOperation{Status: msg.OperationStatus{Operation: "reserve-1", State: msg.OperationFinished}}.Invoke(s, nil)
	fmt.Println(s.(*optional).heard)
	// Output: [reserve-1 OPERATION_FINISHED]
}

// A scheduler that leaves agents before their maintenance is an InverseOfferHandler.
func ExampleInverseOfferHandler() {
	var s framework.Scheduler = &optional{}
	framework.OnInverseOffers{Offers: []msg.InverseOffer{{ID: "M-O7", Agent: "M-S1"}}}.Invoke(s, nil)
	fmt.Println(s.(*optional).heard)
	// Output: [inverse M-O7]
}
