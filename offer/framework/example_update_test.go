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

// roles tells for which roles it is offered what.
type roles struct{ framework.NopScheduler }

func (roles) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		fmt.Println(o.Role, "is offered", o.Resources)
		d.Decline(msg.Filters{Refuse: time.Hour}, o.ID)
	}
}

// A framework takes on another role while it runs, without a new subscription: what it holds stays.
func ExampleDriver_UpdateFramework() {
	c := inproc.NewCluster(1)
	defer c.Close()
	c.AddMaster(master.Config{})
	c.AddAgent("agent-1", msg.AgentInfo{Resources: resource.MustParse("cpus:4;mem:1024")}, nil)
	info := msg.FrameworkInfo{Name: "shop", Roles: []role.Name{"web"}}
	d := c.AddScheduler(info, roles{})
	c.Advance(10 * time.Second)

	info.Roles = append(info.Roles, "batch")
	if err := d.UpdateFramework(info); err != nil {
		fmt.Println(err)
	}
	c.Advance(10 * time.Second)
	// Output:
	// web is offered cpus:4; mem:1024
	// batch is offered cpus:4; mem:1024
}
