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

// queue has a number of tasks that wait, each of one cpu and 128 MB. It tells how many before it is offered anything.
type queue struct {
	framework.NopScheduler
	waiting int
}

func (q *queue) Registered(d framework.Driver, _ offer.FrameworkID, _ msg.MasterInfo) { q.hint(d) }

func (q *queue) hint(d framework.Driver) {
	unit := resource.MustParse("cpus:1;mem:128").Quantities()
	if err := d.SetHint("batch", &offer.Hint{Unit: unit, Count: q.waiting}); err != nil {
		fmt.Println(err)
	}
}

func (q *queue) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		fmt.Println("offered", o.Resources)
		d.Decline(msg.Filters{}, o.ID)
	}
}

// Whoever knows what waits says so: it is shown as much of an agent as that needs instead of all of it, and nothing while
// nothing waits. The driver keeps the hint and tells it to every later master.
func ExampleDriver_SetHint() {
	c := inproc.NewCluster(1)
	defer c.Close()
	c.AddMaster(master.Config{})
	c.AddAgent("agent-1", msg.AgentInfo{Resources: resource.MustParse("cpus:16;mem:4096")}, nil)

	q := &queue{waiting: 2}
	d := c.AddScheduler(msg.FrameworkInfo{Name: "queue", Roles: []role.Name{"batch"}}, q)
	c.Advance(5 * time.Second)

	q.waiting = 0
	q.hint(d)
	c.Advance(time.Minute)
	fmt.Println("a minute later")

	d.SetHint("batch", nil) // takes it back
	c.Advance(5 * time.Second)
	// Output:
	// offered cpus:2; mem:256
	// a minute later
	// offered cpus:16; mem:4096
}
