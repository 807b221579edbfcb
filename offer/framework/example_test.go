package framework_test

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// hello launches one task on the first offer and stops when it has finished.
type hello struct {
	framework.NopScheduler
	launched bool
}

func (h *hello) Registered(_ framework.Driver, id offer.FrameworkID, _ msg.MasterInfo) {
	fmt.Println("registered as", id)
}

func (h *hello) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		var tasks []msg.TaskInfo
		if !h.launched {
			h.launched = true
			tasks = append(tasks, msg.TaskInfo{
				ID: "hello", Agent: o.Agent, Resources: resource.MustParse("cpus:1"), Command: &msg.CommandInfo{Value: "echo hello"},
			})
		}
		if err := d.Launch([]msg.OfferID{o.ID}, msg.Filters{}, tasks...); err != nil {
			fmt.Println(err)
		}
	}
}

func (h *hello) StatusUpdate(d framework.Driver, s msg.TaskStatus) {
	fmt.Println(s.Task, s.State)
	if s.State == msg.TaskFinished {
		d.Stop(false)
	}
}

// A session is stepped by hand: the master's events go in, callbacks and the driver's calls come out. A host does this
// for you; see transport/host.
func ExampleSchedulerSession() {
	s, err := framework.NewScheduler(framework.SchedulerConfig{
		Entropy:   [16]byte{1},
		Framework: msg.FrameworkInfo{Name: "hello", User: "me", Roles: []role.Name{"web"}},
	})
	if err != nil {
		panic(err)
	}
	var queue []msg.Input
	driver := framework.NewDriver(func(in msg.Input) error { queue = append(queue, in); return nil })
	scheduler := &hello{}
	for _, in := range []msg.Input{
		msg.Leader{Master: "master"},
		msg.LinkUp{Link: 1, Peer: "master"},
		msg.Envelope{Link: 1, Body: msg.Subscribed{Framework: "M-0000", Master: msg.MasterInfo{ID: "M"}}},
		msg.Envelope{Link: 1, Body: msg.Offers{Offers: []msg.Offer{{ID: "M-O0", Agent: "M-S0", Resources: resource.MustParse("cpus:4")}}}},
		msg.Envelope{Link: 1, Body: msg.Update{Status: msg.TaskStatus{Task: "hello", State: msg.TaskFinished, UUID: msg.UUID{1}}}},
	} {
		for queue = append(queue, in); len(queue) > 0; {
			next := queue[0]
			queue = queue[1:]
			if err := s.Step(0, next); err != nil {
				fmt.Println(err) // the acknowledgement comes too late: the driver was stopped
			}
			var rd framework.SchedulerReady
			s.Ready(&rd)
			for _, e := range rd.Sends {
				fmt.Printf("-> %T\n", e.Body)
			}
			for _, c := range rd.Callbacks {
				c.Invoke(scheduler, driver)
			}
		}
	}
	// Output:
	// -> msg.Subscribe
	// registered as M-0000
	// -> msg.Accept
	// hello TASK_FINISHED
	// -> msg.Teardown
	// framework: driver is stopped; the call did nothing
}

// sleeper runs each task for no time at all.
type sleeper struct{ framework.NopExecutor }

func (sleeper) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	for _, s := range []msg.TaskState{msg.TaskRunning, msg.TaskFinished} {
		if err := d.SendStatus(msg.TaskStatus{Task: t.ID, State: s}); err != nil {
			fmt.Println(err)
		}
	}
}

// An executor reports its tasks by the driver, which fills in uuid and time and keeps each status until the agent has it.
func ExampleExecutor() {
	d := framework.NewExecutorDriver(func(in msg.Input) error {
		fmt.Println(in.(msg.Call).Body.(msg.ExecutorUpdate).Status.State)
		return nil
	})
	framework.OnLaunch{Task: msg.TaskInfo{ID: "t1"}}.Invoke(sleeper{}, d)
	fmt.Println(d.SendStatus(msg.TaskStatus{Task: "t1", State: msg.TaskUnknown}))
	// Output:
	// TASK_RUNNING
	// TASK_FINISHED
	// framework: an executor may not report this state: TASK_UNKNOWN
}
