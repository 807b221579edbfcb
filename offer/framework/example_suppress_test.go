package framework_test

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/inproc"
)

// idle declines everything for a day.
type idle struct{ framework.NopScheduler }

func (idle) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		fmt.Println("offered", o.Resources)
		d.Decline(msg.Filters{Refuse: 24 * time.Hour}, o.ID)
	}
}

// A scheduler without work suppresses its offers, so that nothing waits for its answer; when there is work it revives them,
// which clears what it refused as well.
func ExampleDriver_Suppress() {
	c := inproc.NewCluster(1)
	defer c.Close()
	c.AddMaster(master.Config{})
	d := c.AddScheduler(msg.FrameworkInfo{Name: "idle", Roles: []role.Name{"batch"}}, idle{})
	c.AddAgent("agent-1", msg.AgentInfo{Resources: resource.MustParse("cpus:4")}, nil)
	c.Advance(time.Minute) // declined once

	d.Suppress() // all its roles
	c.AddAgent("agent-2", msg.AgentInfo{Resources: resource.MustParse("cpus:8")}, nil)
	c.Advance(time.Hour)

	fmt.Println("work arrives")
	d.Revive()
	c.Advance(time.Minute)
	// Output:
	// offered cpus:4
	// work arrives
	// offered cpus:4
	// offered cpus:8
}
