package inproc_test

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/inproc"
)

// Faults as data: a line for each, with its time, played while the cluster goes on. The same text is what a failing
// simulation prints, so that what it found can be kept as a test.
func ExampleCluster_Play() {
	c := inproc.NewCluster(1)
	defer c.Close()
	c.AddMaster(master.Config{})
	c.AddAgent("agent-1", machine(), workers)
	c.AddScheduler(msg.FrameworkInfo{Name: "watcher", Roles: []role.Name{"web"}}, watcher{c: c})

	faults, err := inproc.ParseSchedule(`
		# at  what  whom            how long
		10s   cut   agent-1 master  for 5m0s
		20m0s kill  agent-1         for 30s
	`)
	if err != nil {
		panic(err)
	}
	c.Play(faults, func(f inproc.Fault) {
		c.RestartAgent(f.A)
		fmt.Println(f.A, "starts again")
	}, func(f inproc.Fault, begins bool) {
		fmt.Println(c.Now().Sub(inproc.Begin), f.Kind, f.A, "begins:", begins)
	})
	c.Advance(30 * time.Minute)
	fmt.Println("agents:", len(c.Master().Agents()), "books balance:", c.Check() == nil)
	// Output:
	// offered cpus:4; disk:1000; mem:1024 on agent-1
	// 10s cut agent-1 begins: true
	// agent lost after 2m0s
	// 5m10s cut agent-1 begins: false
	// offered cpus:4; disk:1000; mem:1024 on agent-1
	// 20m0s kill agent-1 begins: true
	// agent-1 starts again
	// agents: 1 books balance: true
}
