package host_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/agent/dirstore"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// An agent that keeps its checkpoint in a directory: its process ends without a word, and the next one is the same agent.
func ExampleWithCheckpoint() {
	dir, err := os.MkdirTemp("", "checkpoint")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	c := inproc.NewCluster(1) // for a master and a network; RunAgent does the same live
	defer c.Close()
	c.AddMaster(master.Config{})

	run := func() {
		store, err := dirstore.Open(dir)
		if err != nil {
			panic(err)
		}
		defer store.Close()
		cfg := agent.Config{Info: msg.AgentInfo{Hostname: "agent-1", Resources: resource.MustParse("cpus:4;mem:1024")}}
		n, err := host.OpenAgent(context.Background(), c.Network(), cfg, nil, host.WithCheckpoint(store), host.ByHand(nil, nil))
		if err != nil {
			panic(err)
		}
		for now := c.Now(); n.Machine().State() != agent.Running; now = c.Now() {
			n.Poll(now)
			c.Advance(100 * time.Millisecond)
		}
		fmt.Println("registered:", n.Machine().ID() == c.Master().Agents()[0].Info.ID, "agents:", len(c.Master().Agents()))
		n.Close() // as a crash would
		c.Settle()
	}
	run()
	run()

	// Output:
	// registered: true agents: 1
	// registered: true agents: 1
}
