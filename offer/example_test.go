package offer_test

import (
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Two frameworks share three agents; the second role weighs twice as much.
func Example() {
	a, err := offer.New(offer.Config{AgentOrder: offer.OrderByName})
	if err != nil {
		fmt.Println(err)
		return
	}
	must := func(err error) {
		if err != nil {
			fmt.Println(err)
		}
	}
	must(a.SetWeights(0, []role.Weight{{Role: "web", Weight: 2}}))
	must(a.AddFramework(0, offer.FrameworkSpec{ID: "batch", Roles: []role.Name{"night"}}))
	must(a.AddFramework(0, offer.FrameworkSpec{ID: "site", Roles: []role.Name{"web"}}))
	for _, id := range []offer.AgentID{"a1", "a2", "a3"} {
		must(a.AddAgent(0, offer.AgentSpec{ID: id, Total: resource.MustParse("cpus:4;mem:1024")}))
	}
	due, _ := a.NextDeadline()
	var batch offer.Batch
	a.Poll(due, &batch)
	for _, o := range batch.Offers {
		fmt.Printf("%s offered to %s in role %s: %s\n", o.Agent, o.Framework, o.Role, o.Resources)
	}
	// Output:
	// a1 offered to batch in role night: cpus:4; mem:1024
	// a2 offered to site in role web: cpus:4; mem:1024
	// a3 offered to site in role web: cpus:4; mem:1024
}

// A framework takes a part of an offer and refuses the rest for five seconds; Explain says why it sees nothing.
func ExampleAllocator_Accept() {
	a, _ := offer.New(offer.Config{})
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "batch", Roles: []role.Name{"night"}})
	_ = a.AddAgent(0, offer.AgentSpec{ID: "a1", Total: resource.MustParse("cpus:4;mem:1024")})
	due, _ := a.NextDeadline()
	var batch offer.Batch
	a.Poll(due, &batch)

	task := resource.MustParse("cpus:1;mem:128")
	al, err := a.Accept(due, []offer.OfferID{batch.Offers[0].ID}, nil, task, offer.DefaultFilter)
	fmt.Println(al, err)
	fmt.Println(a.Explain("batch", "night", "a1"))

	err = a.Release(due, al, task) // the task is over: all of a1 is free, more than was refused
	fmt.Println(err, a.Explain("batch", "night", "a1"))
	// Output:
	// {batch night a1} <nil>
	// framework "batch" refused as much of agent "a1"
	// <nil> it would be offered cpus:4; mem:1024
}
