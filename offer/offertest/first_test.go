package offertest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/offertest"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// keeper keeps one server running.
type keeper struct {
	framework.NopScheduler
	started int
	runs    bool
}

func (k *keeper) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		if k.runs {
			d.Decline(msg.Filters{}, o.ID)
			continue
		}
		k.started, k.runs = k.started+1, true
		d.Launch([]msg.OfferID{o.ID}, msg.Filters{}, msg.TaskInfo{ID: msg.TaskID(fmt.Sprintf("server-%d", k.started)),
			Agent: o.Agent, Resources: resource.MustParse("cpus:1;mem:128"), Command: &msg.CommandInfo{Value: "httpd"}})
	}
}

func (k *keeper) StatusUpdate(_ framework.Driver, s msg.TaskStatus) { k.runs = !s.State.Terminal() }

func TestKeeper(t *testing.T) {
	c := offertest.New(t, offertest.WithAgents(2, "cpus:4;mem:1024"))
	c.Scheduler(msg.FrameworkInfo{Name: "web", Roles: []role.Name{"web"}}, &keeper{})
	c.Settle()
	c.CheckTask("server-1", msg.TaskRunning)

	c.Fail("server-1", "out of memory")
	c.Advance(10 * time.Second) // of virtual time: it is offered again
	c.CheckTask("server-2", msg.TaskRunning)
	c.CheckAllocated("web", "web", "cpus:1;mem:128")
}
