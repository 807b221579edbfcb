package host_test

import (
	"context"
	"fmt"
	"sync"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// once launches one task, prints what becomes of it, and stops when it is over.
type once struct {
	framework.NopScheduler
	launched bool
}

func (o *once) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, x := range offers {
		if o.launched {
			_ = d.Decline(msg.Filters{}, x.ID)
			continue
		}
		o.launched = true
		_ = d.Launch([]msg.OfferID{x.ID}, msg.Filters{}, msg.TaskInfo{ID: "task-1", Agent: x.Agent,
			Resources: resource.MustParse("cpus:1;mem:128"), Executor: &msg.ExecutorInfo{ID: "greeter"}})
	}
}

func (o *once) StatusUpdate(d framework.Driver, s msg.TaskStatus) {
	fmt.Println(s.Task, s.State)
	if s.State.Terminal() {
		d.Stop(false)
	}
}

// greeter runs tasks: here they are over as soon as they run.
type greeter struct{ framework.NopExecutor }

func (greeter) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	_ = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning})
	_ = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskFinished})
}

// A master, an agent and a scheduler of one program, live: each Run is one goroutine and ends with its context.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	net := inproc.NewLive(inproc.Config{})
	var servers sync.WaitGroup
	servers.Go(func() { _ = host.RunMaster(ctx, net, master.Config{}) })
	servers.Go(func() {
		cfg := agent.Config{Info: msg.AgentInfo{Hostname: "agent-1", Resources: resource.MustParse("cpus:4;mem:1024")}}
		_ = host.RunAgent(ctx, net, cfg, host.Executors{
			"greeter": func(host.StartInfo) framework.Executor { return greeter{} },
		})
	})
	err := host.RunScheduler(ctx, net, msg.FrameworkInfo{Name: "once", Roles: []role.Name{"web"}}, &once{})
	fmt.Println("scheduler:", err)
	cancel()
	servers.Wait()
	// Output:
	// task-1 TASK_RUNNING
	// task-1 TASK_FINISHED
	// scheduler: <nil>
}
