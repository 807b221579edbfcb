package simulate_test

import (
	"context"
	"fmt"
	"time"

	"github.com/proffer-go/proffer/transport/inproc"
	"github.com/proffer-go/proffer/transport/inproc/simulate"
)

// An hour of a cluster whose agents are cut off and killed, drawn from a seed: what comes out is what was done, and the first
// invariant that did not hold. A plan is data; one that fails is printed, made smaller by Shrink, and run again.
func ExamplePlan_Run() {
	plan := simulate.NewPlan(simulate.Config{
		Seed: 7, Duration: time.Hour, Work: 20, Faults: 10, Kinds: []inproc.Kind{inproc.Cut, inproc.Kill},
	})
	fmt.Println("faults:", len(plan.Faults))
	report := plan.Run(context.Background(), simulate.Options{})
	fmt.Println("violation:", report.Violation)
	fmt.Println("tasks were run:", report.Finished > 0)
	// Output:
	// faults: 10
	// violation: <nil>
	// tasks were run: true
}
