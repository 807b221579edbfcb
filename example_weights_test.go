package proffer_test

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// The allocator alone, in a loop of one's own: a role of weight 2 gets twice the agents of a role of weight 1.
func Example_weights() {
	a, err := offer.New(offer.Config{Seed: 1})
	if err != nil {
		panic(err)
	}
	now := offer.Time(time.Second)
	check(a.SetWeights(now, []role.Weight{{Role: "batch", Weight: 2}, {Role: "web", Weight: 1}}))
	check(a.AddFramework(now, offer.FrameworkSpec{ID: "f-batch", Roles: []role.Name{"batch"}}))
	check(a.AddFramework(now, offer.FrameworkSpec{ID: "f-web", Roles: []role.Name{"web"}}))
	for i := range 12 {
		check(a.AddAgent(now, offer.AgentSpec{ID: offer.AgentID(fmt.Sprintf("agent-%02d", i)), Total: resource.MustParse("cpus:4;mem:1024")}))
	}

	agents := map[role.Name]int{}
	var batch offer.Batch
	for range 10 { // each run of the allocator may give offers; accept them whole
		now = now.Add(100 * time.Millisecond)
		batch = offer.Batch{}
		a.Poll(now, &batch)
		for _, o := range batch.Offers {
			agents[o.Role]++
			_, err := a.Accept(now, []offer.OfferID{o.ID}, nil, o.Resources, offer.DefaultFilter)
			check(err)
		}
		check(a.Check())
	}
	fmt.Println("batch", agents["batch"], "web", agents["web"])
	for _, r := range a.Roles() {
		fmt.Printf("%s: weight %g, dominant share %.2f\n", r.Role, r.Weight, r.Share)
	}
	// Output:
	// batch 8 web 4
	// batch: weight 2, dominant share 0.67
	// web: weight 1, dominant share 0.33
}

// check ends an Example that does not go as told.
func check(err error) {
	if err != nil {
		panic(err)
	}
}
