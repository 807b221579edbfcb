package offertest_test

import (
	"fmt"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/offertest"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// reserver is the scheduler that is tested: it reserves disk for its role, with an operation that has an id.
type reserver struct {
	framework.NopScheduler
	asked bool
}

func (r *reserver) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	if r.asked {
		return
	}
	r.asked = true
	disk, err := resource.MustParse("disk:100").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "db"})
	if err != nil {
		panic(err)
	}
	op := msg.Reserve(disk)
	op.ID = "keep-disk"
	d.Accept([]msg.OfferID{offers[0].ID}, []msg.Operation{op}, msg.Filters{})
}

func (r *reserver) OperationUpdate(_ framework.Driver, s msg.OperationStatus) {
	fmt.Println("told:", s.Operation, s.State)
}

// Test what a scheduler reserves: an operation with an id is checked like a task, also after its end was acknowledged.
func ExampleCluster_CheckOperation() {
	t := &printing{}
	defer t.end()

	c := offertest.New(t, offertest.WithAgents(1, "cpus:2;disk:500"))
	info := msg.FrameworkInfo{Name: "db", Roles: []role.Name{"db"}, Capabilities: msg.Capabilities{ReservationRefinement: true}}
	c.Scheduler(info, &reserver{})
	c.Settle()
	c.CheckOperation("keep-disk", msg.OperationFinished)
	c.CheckOperation("keep-disk", msg.OperationFailed) // a check that does not hold
	// Output:
	// told: keep-disk OPERATION_FINISHED
	// offertest: operation keep-disk is OPERATION_FINISHED, not OPERATION_FAILED
}
