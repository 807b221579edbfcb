package inproc_test

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

// hello launches one task on the first offer and prints what becomes of it.
type hello struct {
	framework.NopScheduler
	launched bool
}

func (h *hello) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		if h.launched {
			d.Decline(msg.Filters{}, o.ID)
			continue
		}
		h.launched = true
		fmt.Println("offered", o.Resources)
		d.Launch([]msg.OfferID{o.ID}, msg.Filters{}, msg.TaskInfo{ID: "task-1", Agent: o.Agent,
			Resources: resource.MustParse("cpus:1;mem:128"), Executor: &msg.ExecutorInfo{ID: "greeter"}})
	}
}

func (h *hello) StatusUpdate(_ framework.Driver, s msg.TaskStatus) { fmt.Println(s.Task, s.State) }

// greeter runs tasks: here they are over as soon as they run.
type greeter struct{ framework.NopExecutor }

func (greeter) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning})
	d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskFinished})
}

// A cluster of one agent, and a framework that runs one task on it.
func Example() {
	c := inproc.NewCluster(1)
	defer c.Close()
	c.AddMaster(master.Config{})
	c.AddAgent("agent-1", msg.AgentInfo{Resources: resource.MustParse("cpus:4;mem:1024")},
		host.Executors{"greeter": func(host.StartInfo) framework.Executor { return greeter{} }})
	c.AddScheduler(msg.FrameworkInfo{Name: "hello", Roles: []role.Name{"web"}}, &hello{})
	c.Advance(5 * time.Second)
	fmt.Println("books:", c.Check())
	// Output:
	// offered cpus:4; mem:1024
	// task-1 TASK_RUNNING
	// task-1 TASK_FINISHED
	// books: <nil>
}
