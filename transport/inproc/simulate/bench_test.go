package simulate_test

import (
	"context"
	"fmt"
	"runtime/debug"
	"testing"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/inproc/simulate"
)

// steady is a plan of 5 agents and 3 frameworks that launch one task per agent and minute for an hour, without faults.
func steady() simulate.Plan {
	p := simulate.Plan{Seed: 1, Masters: 2, Duration: time.Hour, Quiet: time.Minute}
	for i := range 5 {
		p.Agents = append(p.Agents, simulate.Agent{Node: msg.Node(fmt.Sprintf("agent-%d", i+1)), Resources: "cpus:8;mem:8192;disk:4096"})
	}
	for i := range 3 {
		f := simulate.Framework{Name: fmt.Sprintf("framework-%d", i+1), Checkpoint: i == 0, PartitionAware: i != 1, Failover: time.Hour, Modest: true}
		f.Roles = append(f.Roles, "web")
		p.Frameworks = append(p.Frameworks, f)
	}
	for at, i := time.Duration(0), 0; at < time.Hour; at, i = at+12*time.Second, i+1 {
		p.Work = append(p.Work, simulate.Work{At: at, Do: simulate.Launch, Who: p.Frameworks[i%3].Name, Number: 1,
			Size: "cpus:0.5;mem:64", For: 45 * time.Second})
	}
	return p
}

// BenchmarkSimulation measures how much of a cluster's time passes in a minute: 5 agents, 3 frameworks, one task per agent and
// minute, times by default, every machine's Check after each of its steps. With faults: the plans of proffer soak. Both with
// the collector as it is by default, and with what proffer soak sets; on one core: -cpu 1.
func BenchmarkSimulation(b *testing.B) {
	for _, gogc := range []int{100, 400} {
		b.Run(fmt.Sprintf("steady/GOGC=%d", gogc), func(b *testing.B) {
			defer debug.SetGCPercent(debug.SetGCPercent(gogc))
			measure(b, func(int) simulate.Plan { return steady() })
		})
		b.Run(fmt.Sprintf("faults/GOGC=%d", gogc), func(b *testing.B) {
			defer debug.SetGCPercent(debug.SetGCPercent(gogc))
			measure(b, func(i int) simulate.Plan { return simulate.NewPlan(simulate.Config{Seed: uint64(i)}) })
		})
	}
}

func measure(b *testing.B, plan func(int) simulate.Plan) {
	var simulated time.Duration
	steps := 0
	for i := 0; b.Loop(); i++ {
		r := plan(i).Run(context.Background(), simulate.Options{})
		if r.Violation != nil {
			b.Fatal(r.Violation)
		}
		simulated += r.Simulated
		steps += r.Steps
	}
	b.ReportMetric(simulated.Hours()/b.Elapsed().Minutes(), "sim-hours/min")
	b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "steps/s")
}
