package agent_test

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// An agent is stepped by hand: inputs and the time go in, effects come out.
func Example() {
	m, err := agent.New(agent.Config{
		Entropy: [16]byte{1},
		Node:    "agent-1",
		WorkDir: "/var/lib/proffer",
		Info:    msg.AgentInfo{Hostname: "host1", Resources: resource.MustParse("cpus:4;mem:2048")},
	})
	if err != nil {
		panic(err)
	}
	var (
		now offer.Time
		rd  agent.Ready
	)
	step := func(in msg.Input) {
		if err := m.Step(now, in); err != nil {
			panic(err)
		}
		m.Ready(&rd)
		for _, n := range rd.Dials {
			fmt.Println("dial", n)
		}
		for _, e := range rd.Sends {
			fmt.Printf("send %T\n", e.Body)
		}
		for _, s := range rd.Starts {
			fmt.Println("start", s.Executor.ID)
		}
		for _, e := range rd.Events {
			fmt.Println("event:", e)
		}
	}
	step(msg.Leader{Master: "master"})
	step(msg.LinkUp{Link: 1, Peer: "master"})
	now, _ = m.NextDeadline() // a random wait, so that not all agents call at once
	step(msg.Tick{})
	step(msg.Envelope{Link: 1, Body: msg.AgentRegistered{Agent: "M-S0", PingTimeout: 75 * time.Second}})
	step(msg.Envelope{Link: 1, Body: msg.RunTasks{
		Framework:      msg.FrameworkInfo{ID: "M-0000"},
		Role:           "web",
		Executor:       msg.ExecutorInfo{ID: "shell"},
		Tasks:          []msg.TaskInfo{{ID: "hello", Resources: resource.MustParse("cpus:1")}},
		LaunchExecutor: true,
	}})
	// Output:
	// dial master
	// send msg.RegisterAgent
	// event: registered
	// start shell
	// event: task received framework=M-0000 executor=shell task=hello
	// event: executor started framework=M-0000 executor=shell
}
