package proffer_test

import (
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

// scheduler launches one task on the first offer it gets.
type scheduler struct {
	framework.NopScheduler
	launched bool
}

func (s *scheduler) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		if s.launched {
			d.Decline(msg.Filters{}, o.ID)
			continue
		}
		s.launched = true
		fmt.Println("offered", o.Resources)
		d.Launch([]msg.OfferID{o.ID}, msg.Filters{}, msg.TaskInfo{ID: "task-1", Agent: o.Agent,
			Resources: resource.MustParse("cpus:1;mem:128"), Executor: &msg.ExecutorInfo{ID: "greeter"}})
	}
}

func (s *scheduler) StatusUpdate(_ framework.Driver, t msg.TaskStatus) { fmt.Println(t.Task, t.State) }

// greeter is the executor: it runs on the agent and does the work.
type greeter struct{ framework.NopExecutor }

func (greeter) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning})
	fmt.Println("hello from", t.ID)
	d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskFinished})
}

func Example() {
	c := inproc.NewCluster(1) // 1 is the seed: equal seeds give equal runs
	defer c.Close()
	c.AddMaster(master.Config{})
	c.AddAgent("agent-1", msg.AgentInfo{Resources: resource.MustParse("cpus:4;mem:1024")},
		host.Executors{"greeter": func(host.StartInfo) framework.Executor { return greeter{} }})
	c.AddScheduler(msg.FrameworkInfo{Name: "hello", Roles: []role.Name{"web"}}, &scheduler{})
	c.Advance(5 * time.Second) // the cluster's time moves only here
	fmt.Println("books balance:", c.Check() == nil)
	// Output:
	// offered cpus:4; mem:1024
	// hello from task-1
	// task-1 TASK_RUNNING
	// task-1 TASK_FINISHED
	// books balance: true
}
