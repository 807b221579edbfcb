package framework_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// billing keeps accounts of its tasks. It is told that a task ended until the account is written.
type billing struct {
	framework.NopScheduler
	launched bool
	locked   bool // the accounts cannot be written
}

func (b *billing) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		if b.launched {
			d.Decline(msg.Filters{Refuse: time.Hour}, o.ID)
			continue
		}
		b.launched = true
		d.Launch([]msg.OfferID{o.ID}, msg.Filters{}, msg.TaskInfo{ID: "report", Agent: o.Agent,
			Resources: resource.MustParse("cpus:1"), Executor: &msg.ExecutorInfo{ID: "reports"}})
	}
}

func (b *billing) StatusUpdate(d framework.Driver, s msg.TaskStatus) {
	if b.locked {
		fmt.Println(s.Task, s.State, "- not written down")
		return
	}
	fmt.Println(s.Task, s.State)
	if err := d.Acknowledge(s); err != nil && !errors.Is(err, framework.ErrNoUUID) { // some need no acknowledgement
		fmt.Println(err)
	}
}

// reports is an executor that ends with its one task.
type reports struct{ framework.NopExecutor }

func (reports) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskFinished})
	d.Stop() // after what was sent
}

// With ExplicitAck the agent keeps a status, and sends it again after 10 s and then ever more seldom, until the scheduler
// says that it has taken it.
func ExampleDriver_Acknowledge() {
	c := inproc.NewCluster(1)
	defer c.Close()
	c.AddMaster(master.Config{})
	c.AddAgent("agent-1", msg.AgentInfo{Resources: resource.MustParse("cpus:4;mem:1024")},
		host.Executors{"reports": func(host.StartInfo) framework.Executor { return reports{} }})
	b := &billing{locked: true}
	c.AddScheduler(msg.FrameworkInfo{Name: "billing", Roles: []role.Name{"batch"}}, b,
		func(cfg *framework.SchedulerConfig) { cfg.ExplicitAck = true })
	c.Advance(15 * time.Second)
	b.locked = false
	c.Advance(time.Hour)
	// Output:
	// report TASK_FINISHED - not written down
	// report TASK_FINISHED - not written down
	// report TASK_FINISHED
}
