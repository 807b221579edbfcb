package inproc_test

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/inproc"
)

// watcher tells of offers, declines them, and tells of lost agents.
type watcher struct {
	framework.NopScheduler
	c *inproc.Cluster
}

func (w watcher) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		fmt.Println("offered", o.Resources, "on", o.Hostname)
		d.Decline(msg.Filters{Refuse: time.Hour}, o.ID)
	}
}

func (w watcher) OfferRescinded(framework.Driver, msg.OfferID) { fmt.Println("rescinded") }

func (w watcher) AgentLost(framework.Driver, offer.AgentID) {
	fmt.Println("agent lost after", w.c.Now().Sub(inproc.Begin).Round(time.Minute))
}

// A test of what a scheduler does when an agent falls silent: the network is cut, time is moved by hand, and the network
// heals. The smallest program is the Example at the top of the module.
func ExampleCluster() {
	c := inproc.NewCluster(1)
	defer c.Close()
	c.AddMaster(master.Config{})
	c.AddAgent("agent-1", msg.AgentInfo{Resources: resource.MustParse("cpus:4;mem:1024")}, nil)
	c.AddScheduler(msg.FrameworkInfo{Name: "watcher", Roles: []role.Name{"web"}}, watcher{c: c})
	c.Advance(time.Minute)

	c.Network().Cut("master", "agent-1")
	c.Advance(20 * time.Minute)
	fmt.Println("agents:", len(c.Master().Agents()))

	c.Network().Heal("master", "agent-1")
	c.Advance(2 * time.Minute)
	fmt.Println("agents:", len(c.Master().Agents()))
	fmt.Println("books balance:", c.Check() == nil)
	// Output:
	// offered cpus:4; mem:1024 on agent-1
	// agent lost after 2m0s
	// agents: 0
	// offered cpus:4; mem:1024 on agent-1
	// agents: 1
	// books balance: true
}
