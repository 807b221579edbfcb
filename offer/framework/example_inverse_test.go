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

// store runs one server, and leaves an agent that is to be maintained once it has copied its data away.
type store struct {
	framework.NopScheduler
	launched, copied bool
}

func (s *store) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		if s.launched {
			d.Decline(msg.Filters{Refuse: time.Hour}, o.ID)
			continue
		}
		s.launched = true
		d.Launch([]msg.OfferID{o.ID}, msg.Filters{Refuse: time.Hour}, msg.TaskInfo{ID: "server", Agent: o.Agent,
			Resources: resource.MustParse("cpus:1"), Executor: &msg.ExecutorInfo{ID: "servers"}})
	}
}

func (s *store) InverseOffers(d framework.Driver, offers []msg.InverseOffer) {
	for _, o := range offers {
		if !s.copied {
			fmt.Println("asked to leave", o.Hostname, "- not before the data is copied")
			d.DeclineInverseOffers(msg.Filters{Refuse: 10 * time.Minute}, o.ID) // and do not ask for so long
			continue
		}
		fmt.Println("asked to leave", o.Hostname, "- agreed")
		d.AcceptInverseOffers(msg.Filters{Refuse: time.Hour}, o.ID)
	}
}

func (s *store) InverseOfferRescinded(framework.Driver, msg.OfferID) {}

// servers runs the server until the end.
type servers struct{ framework.NopExecutor }

func (servers) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning})
}

// An operator plans to take a machine down in an hour. Whoever uses it is asked to leave it, and asked again when the
// refusal is over; what the frameworks said is what the operator sees. Nothing is taken from anybody.
func ExampleDriver_AcceptInverseOffers() {
	c := inproc.NewCluster(1)
	defer c.Close()
	c.AddMaster(master.Config{})
	c.AddAgent("agent-1", msg.AgentInfo{Resources: resource.MustParse("cpus:4;mem:1024")},
		host.Executors{"servers": func(host.StartInfo) framework.Executor { return servers{} }})
	s := &store{}
	c.AddScheduler(msg.FrameworkInfo{Name: "store", Roles: []role.Name{"db"}}, s)
	c.Advance(10 * time.Second)

	plan := []msg.MaintenanceWindow{{
		Machines: []msg.MachineID{{Hostname: "agent-1"}},
		Window:   offer.Window{Start: c.Now().Add(time.Hour), Duration: 30 * time.Minute},
	}}
	if err := c.Operate(msg.UpdateMaintenance{Windows: plan}); err != nil {
		panic(err)
	}
	answers := func() {
		r, err := c.Ask(msg.GetMaintenanceStatus{})
		if err != nil {
			panic(err)
		}
		for _, m := range r.(master.MaintenanceStatusResult).Draining {
			for _, a := range m.Answers {
				fmt.Println("the operator sees:", a.Answer)
			}
		}
	}
	c.Advance(time.Minute)
	answers()
	s.copied = true
	c.Advance(15 * time.Minute)
	answers()
	// Output:
	// asked to leave agent-1 - not before the data is copied
	// the operator sees: declined
	// asked to leave agent-1 - agreed
	// the operator sees: accepted
}
