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

// broken finds that its own state cannot be right.
type broken struct{ framework.NopScheduler }

func (broken) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	d.Abort()
	err := d.Decline(msg.Filters{}, offers[0].ID) // too late
	fmt.Println(err)
}

// Abort is for a scheduler that must not go on: no callback follows, and no call does anything. Its offers go back, its
// framework lives on for the failover timeout, as if the process had died.
func ExampleDriver_Abort() {
	c := inproc.NewCluster(1)
	defer c.Close()
	c.AddMaster(master.Config{})
	c.AddAgent("agent-1", msg.AgentInfo{Resources: resource.MustParse("cpus:4;mem:1024")}, nil)
	c.AddScheduler(msg.FrameworkInfo{Name: "broken", Roles: []role.Name{"web"}, FailoverTimeout: time.Hour}, broken{})
	c.Advance(time.Minute)
	fmt.Println("offers:", len(c.Master().Snapshot().Offers), "frameworks:", len(c.Master().Snapshot().Frameworks))
	// Output:
	// framework: driver is aborted; the call did nothing
	// offers: 0 frameworks: 1
}
