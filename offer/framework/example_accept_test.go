package framework_test

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

// database makes a volume of its first offer, and launches a server on it, in one call.
type database struct {
	framework.NopScheduler
	volume resource.Resources
}

func (s *database) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		if !s.volume.IsEmpty() {
			fmt.Println("offered", o.Resources)
			d.Decline(msg.Filters{Refuse: time.Hour}, o.ID)
			continue
		}
		reserved, err := resource.MustParse("disk:100").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "db"})
		if err != nil {
			fmt.Println(err)
			return
		}
		for r := range reserved.All() {
			r.Disk = &resource.Disk{
				Persistence: &resource.Persistence{ID: "data"},
				Volume:      &resource.Volume{ContainerPath: "data", Mode: resource.ReadWrite},
			}
			if s.volume, err = resource.New(r); err != nil {
				fmt.Println(err)
				return
			}
		}
		server := msg.TaskInfo{ID: "server", Agent: o.Agent, Executor: &msg.ExecutorInfo{ID: "servers"},
			Resources: resource.MustParse("cpus:1").Add(s.volume)}
		if err := d.Accept([]msg.OfferID{o.ID},
			[]msg.Operation{msg.Reserve(reserved), msg.Create(s.volume), msg.Launch(server)},
			msg.Filters{}, // the rest may be offered again soon
		); err != nil {
			fmt.Println(err)
		}
	}
}

func (s *database) StatusUpdate(_ framework.Driver, t msg.TaskStatus) { fmt.Println(t.Task, t.State) }

// server is an executor whose tasks run until the end.
type server struct{ framework.NopExecutor }

func (server) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning})
}

// The operations of an Accept run in order, each on what those before it made: disk is reserved, becomes a volume, and a task
// starts on that. What is left over is offered again.
func ExampleDriver_Accept() {
	c := inproc.NewCluster(1)
	defer c.Close()
	c.AddMaster(master.Config{})
	c.AddAgent("agent-1", msg.AgentInfo{Resources: resource.MustParse("cpus:2;disk:500")},
		host.Executors{"servers": func(host.StartInfo) framework.Executor { return server{} }})
	info := msg.FrameworkInfo{Name: "db", Roles: []role.Name{"db"}, Capabilities: msg.Capabilities{ReservationRefinement: true}}
	c.AddScheduler(info, &database{})
	c.Advance(10 * time.Second)
	// Output:
	// server TASK_RUNNING
	// offered cpus:1; disk:400
}
