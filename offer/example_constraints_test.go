package offer_test

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// A framework wants agents with an SSD in rack r1, or any agent of zone z2; the others are never offered to it.
func ExampleConstraint() {
	a, err := offer.New(offer.Config{AgentOrder: offer.OrderByName})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = a.AddFramework(0, offer.FrameworkSpec{
		ID: "db", Roles: []role.Name{"storage"},
		Constraints: map[role.Name][]offer.ConstraintGroup{"storage": {
			{Attributes: []offer.Constraint{
				{Name: "rack", Is: offer.Matches, Value: "r1|r1-.*"},
				{Name: "ssd", Is: offer.Exists},
			}},
			{Attributes: []offer.Constraint{{By: offer.ByZone, Is: offer.Equals, Value: "z2"}}},
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, g := range []struct {
		id          offer.AgentID
		zone, attrs string
	}{{"a1", "z1", "rack:r1-b;ssd:nvme"}, {"a2", "z1", "rack:r1"}, {"a3", "z2", ""}} {
		attributes, _ := resource.ParseAttributes(g.attrs)
		_ = a.AddAgent(0, offer.AgentSpec{
			ID: g.id, Zone: g.zone, Attributes: attributes, Total: resource.MustParse("cpus:4;mem:1024"),
		})
		fmt.Println(a.Explain("db", "storage", g.id))
	}
	// Output:
	// it would be offered cpus:4; mem:1024
	// agent "a2" does not meet the constraints of framework "db" for role "storage"
	// it would be offered cpus:4; mem:1024
}

// A framework is offered what is reserved for it on any agent, and unreserved resources only by at least 4 cpus and 2 ports.
func ExampleConstraintGroup() {
	a, _ := offer.New(offer.Config{AgentOrder: offer.OrderByName})
	need, _ := resource.ParseQuantities("cpus:4;ports:2")
	_ = a.AddFramework(0, offer.FrameworkSpec{
		ID: "f", Roles: []role.Name{"web"},
		Constraints: map[role.Name][]offer.ConstraintGroup{"web": {{AtLeast: need}, {ReservedOnly: true}}},
	})
	for id, total := range []string{"cpus:6;mem:64;ports:[80-89]", "cpus:3;cpus(web):2;mem:64"} {
		_ = a.AddAgent(0, offer.AgentSpec{ID: offer.AgentID(fmt.Sprint("a", id+1)), Total: resource.MustParse(total)})
	}
	due, _ := a.NextDeadline()
	var batch offer.Batch
	a.Poll(due, &batch)
	for _, o := range batch.Offers {
		fmt.Println(o.Agent, o.Resources)
	}
	// Output:
	// a1 cpus:6; mem:64; ports:[80-89]
	// a2 cpus(reservations: [(STATIC,web)]):2
}

// An agent goes for maintenance at noon: whoever uses it is asked to leave, and answers.
func ExampleAllocator_SetUnavailability() {
	a, _ := offer.New(offer.Config{})
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "site", Roles: []role.Name{"web"}})
	task := resource.MustParse("cpus:4;mem:1024")
	_ = a.AddAgent(0, offer.AgentSpec{
		ID: "a1", Total: task, Used: []offer.Use{{Framework: "site", Role: "web", Resources: task}},
	})
	noon := offer.Time(12 * time.Hour)
	if err := a.SetUnavailability(0, "a1", offer.Window{Start: noon, Duration: 30 * time.Minute}); err != nil {
		fmt.Println(err)
		return
	}
	due, _ := a.NextDeadline()
	var batch offer.Batch
	a.Poll(due, &batch)
	for _, ask := range batch.Asks {
		fmt.Printf("%s is asked to leave %s by %v\n", ask.Framework, ask.Agent, time.Duration(ask.Window.Start))
		counted, err := a.AnswerInverse(due, ask, true, offer.DefaultFilter)
		fmt.Println(counted, err)
	}
	report, _ := a.Unavailability("a1")
	fmt.Println(report.Asked[0].Framework, report.Asked[0].Answer)
	// Output:
	// site is asked to leave a1 by 12h0m0s
	// true <nil>
	// site accepted
}
