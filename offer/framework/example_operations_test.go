package framework_test

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/inproc"
)

// ledger reserves disk by an operation with an id, and writes its end down before it acknowledges it.
type ledger struct {
	framework.NopScheduler
	asked    bool
	diskFull bool
}

func (l *ledger) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	if l.asked {
		return
	}
	l.asked = true
	disk, err := resource.MustParse("disk:100").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "db"})
	if err != nil {
		panic(err)
	}
	op := msg.Reserve(disk)
	op.ID = "keep-disk"
	d.Accept([]msg.OfferID{offers[0].ID}, []msg.Operation{op}, msg.Filters{})
}

func (l *ledger) OperationUpdate(d framework.Driver, s msg.OperationStatus) {
	fmt.Println("told:", s.Operation, s.State)
	if l.diskFull {
		return // not written down, so not acknowledged
	}
	if err := d.AcknowledgeOperation(s); err != nil {
		fmt.Println(err)
	}
}

// An operation's end is told again, after 10 s and then ever more seldom, until it is acknowledged. With ExplicitAck the
// scheduler says when that is: here once its own disk has taken it.
func ExampleDriver_AcknowledgeOperation() {
	c := inproc.NewCluster(1)
	defer c.Close()
	c.AddMaster(master.Config{})
	c.AddAgent("agent-1", msg.AgentInfo{Resources: resource.MustParse("cpus:2;disk:500")}, nil)

	l := &ledger{diskFull: true}
	info := msg.FrameworkInfo{Name: "db", Roles: []role.Name{"db"}, Capabilities: msg.Capabilities{ReservationRefinement: true}}
	c.AddScheduler(info, l, func(cfg *framework.SchedulerConfig) { cfg.ExplicitAck = true })
	c.Advance(15 * time.Second)
	fmt.Println("the disk has room again")
	l.diskFull = false
	c.Advance(time.Hour)
	// Output:
	// told: keep-disk OPERATION_FINISHED
	// told: keep-disk OPERATION_FINISHED
	// the disk has room again
	// told: keep-disk OPERATION_FINISHED
}
