package framework_test

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/inproc"
)

// notes is what a scheduler writes down before it acts, so that its next instance can ask what became of it.
type notes struct {
	framework    offer.FrameworkID
	reservations []msg.OperationRef
}

// careful notes each operation before it sends it.
type careful struct {
	framework.NopScheduler
	notes *notes
}

func (s careful) Registered(d framework.Driver, id offer.FrameworkID, _ msg.MasterInfo) {
	s.notes.framework = id
	if len(s.notes.reservations) > 0 { // those of an instance before this one
		d.ReconcileOperations(s.notes.reservations...)
	}
}

func (s careful) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	if len(s.notes.reservations) > 0 {
		return
	}
	o := offers[0]
	disk, err := resource.MustParse("disk:100").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "db"})
	if err != nil {
		panic(err)
	}
	op := msg.Reserve(disk)
	op.ID = "first"
	s.notes.reservations = []msg.OperationRef{{Operation: "first", Agent: o.Agent}, {Operation: "second", Agent: o.Agent}}
	d.Accept([]msg.OfferID{o.ID}, []msg.Operation{op}, msg.Filters{}) // and dies before it sends the second
}

func (s careful) OperationUpdate(_ framework.Driver, x msg.OperationStatus) {
	fmt.Println(x.Operation, x.State, "to be acknowledged:", !x.UUID.IsZero())
}

// A scheduler dies between two operations, both of which it had noted. The next instance asks, and learns that the first
// was done, and that the master knows nothing of the second. The end of the first, which nobody acknowledged, comes as well.
func ExampleDriver_ReconcileOperations() {
	c := inproc.NewClusterOn(inproc.Config{Seed: 1, Latency: 10 * time.Millisecond})
	defer c.Close()
	c.AddMaster(master.Config{})
	c.AddAgent("agent-1", msg.AgentInfo{Resources: resource.MustParse("cpus:2;disk:500")}, nil)

	info := msg.FrameworkInfo{Name: "db", Roles: []role.Name{"db"}, FailoverTimeout: time.Hour,
		Capabilities: msg.Capabilities{ReservationRefinement: true}}
	s := careful{notes: &notes{}}
	c.AddSchedulerAs("db-1", info, s)
	for len(s.notes.reservations) == 0 {
		c.Advance(time.Millisecond)
	}
	c.Advance(15 * time.Millisecond) // the operation got there, its end is not back yet
	c.Kill("db-1")
	c.Advance(time.Second)

	info.ID = s.notes.framework
	c.AddSchedulerAs("db-2", info, s)
	c.Advance(time.Minute)
	// Output:
	// first OPERATION_FINISHED to be acknowledged: true
	// first OPERATION_FINISHED to be acknowledged: false
	// second OPERATION_UNKNOWN to be acknowledged: false
}
