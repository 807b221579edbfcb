package offertest_test

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/offertest"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// pair is the scheduler that is tested: it keeps two servers running, each on an agent of its own.
type pair struct {
	framework.NopScheduler
	started int
	on      map[string]msg.TaskID // the server of each host
}

func (p *pair) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		if len(p.on) == 2 || p.on[o.Hostname] != "" {
			d.Decline(msg.Filters{Refuse: time.Minute}, o.ID)
			continue
		}
		p.started++
		id := msg.TaskID(fmt.Sprintf("server-%d", p.started))
		p.on[o.Hostname] = id
		d.Launch([]msg.OfferID{o.ID}, msg.Filters{Refuse: time.Minute}, msg.TaskInfo{ID: id, Agent: o.Agent,
			Resources: resource.MustParse("cpus:1;mem:512"), Command: &msg.CommandInfo{Value: "httpd"}})
	}
}

func (p *pair) StatusUpdate(d framework.Driver, s msg.TaskStatus) {
	for host, id := range p.on {
		if id == s.Task && s.State.Terminal() {
			delete(p.on, host)
			d.Revive()
		}
	}
}

// Test a scheduler: three agents, a task that fails and is replaced, time moved by hand. In a test of one's own t is what it
// always is; here it prints.
func ExampleNew() {
	t := &printing{}
	defer t.end()

	c := offertest.New(t, offertest.WithAgents(3, "cpus:2;mem:1024"))
	c.Scheduler(msg.FrameworkInfo{Name: "web", Roles: []role.Name{"web"}}, &pair{on: map[string]msg.TaskID{}})
	c.Settle()
	c.CheckTask("server-1", msg.TaskRunning)
	c.CheckTask("server-2", msg.TaskRunning)
	c.CheckAllocated("web", "web", "cpus:2;mem:1024")

	c.Fail("server-1", "out of memory")
	c.Advance(time.Second) // until the next offers
	c.CheckTask("server-1", msg.TaskFailed)
	c.CheckTask("server-3", msg.TaskRunning)
	c.CheckAllocated("web", "web", "cpus:2;mem:1024")
	c.CheckBooks()
	c.CheckTask("server-2", msg.TaskFinished) // wrong
	// Output:
	// offertest: task server-2 is TASK_RUNNING, not TASK_FINISHED
}
