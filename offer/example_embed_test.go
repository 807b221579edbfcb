package offer_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// A guarantee is kept free for its role though nobody in it asks yet, and a limit is never exceeded: the burst role is shown
// what is left, two cpus at most. Explain tells what stands in the way of more.
func ExampleAllocator_SetQuota() {
	a, err := offer.New(offer.Config{})
	if err != nil {
		panic(err)
	}
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	must(a.AddAgent(0, offer.AgentSpec{ID: "a1", Total: resource.MustParse("cpus:4;mem:1024")}))
	least, err := resource.ParseQuantities("cpus:1;mem:512")
	must(err)
	most, err := resource.ParseLimits("cpus:2")
	must(err)
	must(a.SetQuota(0, []quota.Config{{Role: "night", Guarantees: least}, {Role: "burst", Limits: most}}, false))
	must(a.AddFramework(0, offer.FrameworkSpec{ID: "games", Roles: []role.Name{"burst"}}))

	due, _ := a.NextDeadline()
	var batch offer.Batch
	a.Poll(due, &batch)
	for _, o := range batch.Offers {
		fmt.Println(o.Framework, "is offered", o.Resources)
	}
	fmt.Println(a.Explain("games", "burst", "a1"))

	tooMuch, err := resource.ParseQuantities("cpus:100")
	must(err)
	err = a.SetQuota(due, []quota.Config{{Role: "night", Guarantees: tooMuch}}, false)
	fmt.Println(err)
	// Output:
	// games is offered cpus:2; mem:512
	// what is free on agent "a1" is held back for the guarantees of other roles
	// set quota: guarantees above the capacity of the cluster: up to role night they come to cpus:100, there is cpus:4; mem:1024; force to promise it all the same
}

// A program that restarts tells its new allocator what runs: each task is charged to its framework, role and agent, and what
// is left is offered. When a task ends, what it held is released.
func ExampleAllocator_Charge() {
	a, err := offer.New(offer.Config{})
	if err != nil {
		panic(err)
	}
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	must(a.AddFramework(0, offer.FrameworkSpec{ID: "batch", Roles: []role.Name{"night"}}))
	must(a.AddAgent(0, offer.AgentSpec{ID: "a1", Total: resource.MustParse("cpus:4;mem:1024")}))
	where := offer.Allocation{Framework: "batch", Role: "night", Agent: "a1"}
	task := resource.MustParse("cpus:3;mem:512")
	must(a.Charge(0, where, task))

	// The loop of whoever embeds an allocator: sleep until the deadline or the next event, poll, hand out.
	now := offer.Time(0)
	poll := func() {
		due, ok := a.NextDeadline()
		if !ok {
			fmt.Println("nothing to do until something happens")
			return
		}
		now = max(now, due)
		var batch offer.Batch
		a.Poll(now, &batch)
		for _, o := range batch.Offers {
			fmt.Println("offered", o.Resources)
			must(a.Decline(now, offer.Filter{Refuse: time.Second}, o.ID))
		}
	}
	poll()
	must(a.Release(now, where, task)) // it ended
	poll()
	fmt.Println("released twice:", errors.Is(a.Release(now, where, task), offer.ErrNotHeld))
	// Output:
	// offered cpus:1; mem:512
	// offered cpus:4; mem:1024
	// released twice: true
}
