package offertest_test

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/offertest"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// durable is the scheduler that is tested: it launches one task, and remembers where a new instance would read it.
type durable struct {
	framework.NopScheduler
	disk *saved
}

// saved is what survives the scheduler.
type saved struct {
	id       offer.FrameworkID
	launched bool
}

func (s durable) Registered(_ framework.Driver, id offer.FrameworkID, _ msg.MasterInfo) {
	fmt.Println("registered, as before:", id == s.disk.id)
	s.disk.id = id
}

func (s durable) Reregistered(framework.Driver, msg.MasterInfo) { fmt.Println("reregistered") }

func (s durable) Disconnected(framework.Driver) { fmt.Println("disconnected") }

func (s durable) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		if s.disk.launched {
			d.Decline(msg.Filters{Refuse: time.Hour}, o.ID)
			continue
		}
		s.disk.launched = true
		d.Launch([]msg.OfferID{o.ID}, msg.Filters{Refuse: time.Hour}, msg.TaskInfo{ID: "job", Agent: o.Agent,
			Resources: resource.MustParse("cpus:1"), Command: &msg.CommandInfo{Value: "work"}})
	}
}

func (s durable) StatusUpdate(_ framework.Driver, x msg.TaskStatus) { fmt.Println(x.Task, x.State) }

// Test failover: the master dies and another one takes over, then the scheduler dies, the task ends while nobody looks, and
// the next instance hears of it.
func ExampleCluster_KillLeader() {
	t := &printing{}
	defer t.end()

	c := offertest.New(t)
	info := msg.FrameworkInfo{Name: "batch", Roles: []role.Name{"batch"}, FailoverTimeout: time.Hour, Checkpoint: true}
	disk := &saved{}
	c.Scheduler(info, durable{disk: disk})
	c.Settle()

	c.KillLeader()
	c.Advance(time.Minute)
	c.StartMaster()
	c.Advance(2 * time.Minute)
	c.CheckTask("job", msg.TaskRunning)

	c.KillScheduler("batch")
	c.Finish("job")
	c.Advance(time.Minute)
	info.ID = disk.id
	c.Scheduler(info, durable{disk: disk})
	c.Advance(time.Minute)
	c.CheckAllocated("batch", "batch", "")
	c.CheckBooks()
	// Output:
	// registered, as before: false
	// job TASK_RUNNING
	// disconnected
	// reregistered
	// registered, as before: true
	// job TASK_FINISHED
}
