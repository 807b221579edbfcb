package inproc_test

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/transport/inproc"
)

// Two masters stand for election and share a registry; when the leader is killed, the other one leads.
func ExampleElection() {
	c := inproc.NewCluster(1)
	defer c.Close()
	election := c.HoldElections()
	c.AddMaster(master.Config{Node: "one"})
	c.AddMaster(master.Config{Node: "two"})
	c.AddAgent("agent-1", machine(), workers)
	c.Advance(5 * time.Second)
	fmt.Println(election.Leader(), "leads", len(c.Master().Agents()), "agent")

	c.Kill("one")
	fmt.Println(election.Leader(), "follows")
	c.Advance(5 * time.Second)
	fmt.Println(election.Leader(), "leads", len(c.Master().Agents()), "agent")
	// Output:
	// one leads 1 agent
	// two follows
	// two leads 1 agent
}
