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
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// steady keeps one task running. It knows by memory alone what runs, so a new instance has to ask.
type steady struct {
	framework.NopScheduler
	id      offer.FrameworkID
	running bool
}

func (s *steady) Registered(d framework.Driver, id offer.FrameworkID, _ msg.MasterInfo) {
	s.id = id
	d.Reconcile() // all there is
}

func (s *steady) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		if s.running {
			d.Decline(msg.Filters{Refuse: time.Hour}, o.ID)
			continue
		}
		s.running = true
		d.Launch([]msg.OfferID{o.ID}, msg.Filters{Refuse: time.Hour}, msg.TaskInfo{ID: "job", Agent: o.Agent,
			Resources: resource.MustParse("cpus:1"), Executor: &msg.ExecutorInfo{ID: "jobs"}})
	}
}

func (s *steady) StatusUpdate(_ framework.Driver, t msg.TaskStatus) {
	fmt.Println(t.Task, t.State, t.Source)
	s.running = !t.State.Terminal()
}

// jobs runs tasks until the end.
type jobs struct{ framework.NopExecutor }

func (jobs) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning})
}

// A scheduler stops for an upgrade: with Stop(true) its framework and tasks live on for the failover timeout, in which the
// next version takes over by the framework's id. It learns what runs by Reconcile. Stop(false) ends everything.
func ExampleDriver_Stop() {
	c := inproc.NewCluster(1)
	defer c.Close()
	c.AddMaster(master.Config{})
	c.AddAgent("agent-1", msg.AgentInfo{Resources: resource.MustParse("cpus:4;mem:1024")},
		host.Executors{"jobs": func(host.StartInfo) framework.Executor { return jobs{} }})
	info := msg.FrameworkInfo{Name: "steady", Roles: []role.Name{"batch"}, FailoverTimeout: time.Hour}
	first := &steady{}
	d := c.AddScheduler(info, first)
	c.Advance(10 * time.Second)
	d.Stop(true)
	c.Advance(10 * time.Minute)
	fmt.Println("the next version")

	info.ID = first.id
	d = c.AddScheduler(info, &steady{})
	c.Advance(10 * time.Second)
	fmt.Println("tasks:", len(c.Master().Tasks()))
	d.Stop(false)
	c.Advance(10 * time.Second)
	fmt.Println("tasks:", len(c.Master().Tasks()))
	fmt.Println(d.Revive())
	// Output:
	// job TASK_RUNNING SOURCE_EXECUTOR
	// the next version
	// job TASK_RUNNING SOURCE_MASTER
	// tasks: 1
	// tasks: 0
	// framework: driver is stopped; the call did nothing
}
