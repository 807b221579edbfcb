package master_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// The machine does nothing by itself: a host steps messages in, carries out what Ready gives, and comes back at the
// deadline. Here the host is this function, and links 1 and 2 are an agent's and a scheduler's.
func Example() {
	m, err := master.New(master.Config{Entropy: [16]byte{1}, Node: "master"})
	if err != nil {
		panic(err)
	}
	var now offer.Time
	var rd master.Ready
	step := func(in msg.Input) {
		if err := m.Step(now, in); err != nil {
			panic(err)
		}
		for m.Ready(&rd) {
			for _, e := range rd.Sends {
				if o, ok := e.Body.(msg.Offers); ok {
					fmt.Println("offered:", o.Offers[0].Resources)
				}
			}
			for _, c := range rd.Commits { // nobody keeps them here
				if err := m.Step(now, c.Answer(c.At+1, nil)); err != nil {
					panic(err)
				}
			}
			for _, e := range rd.Events {
				fmt.Println(strings.ReplaceAll(e.String(), string(m.Info().ID)+"-", ""))
			}
		}
	}

	total := resource.MustParse("cpus:4;mem:1024")
	step(msg.Loaded{}) // an empty registry
	step(msg.LinkUp{Link: 1, Peer: "agent"})
	step(msg.Envelope{Link: 1, Body: msg.RegisterAgent{Info: msg.AgentInfo{Hostname: "h1"}, Total: total}})
	step(msg.LinkUp{Link: 2, Peer: "scheduler"})
	step(msg.Envelope{Link: 2, Body: msg.Subscribe{Framework: msg.FrameworkInfo{Name: "demo", Roles: []role.Name{"web"}}}})
	now, _ = m.NextDeadline()
	step(msg.Tick{})
	fmt.Println(time.Duration(now))
	// Output:
	// agent S0 (h1) added
	// framework 0000 (demo) connected added
	// offered: cpus:4; mem:1024
	// offer O1 made to 0000 for web: cpus:4; mem:1024 on S0
	// 10ms
}

// A program says who may do what: here only the principal "ops" may run frameworks in role "web". Who may not is told why.
func ExampleRequest() {
	m, err := master.New(master.Config{Entropy: [16]byte{1}, Node: "master", Authorize: func(r master.Request) error {
		if r.Action == master.RegisterFramework && r.Role == "web" && r.Principal != "ops" {
			return errors.New("role web belongs to ops")
		}
		return nil
	}})
	if err != nil {
		panic(err)
	}
	_ = m.Step(0, msg.Loaded{})
	var rd master.Ready
	m.Ready(&rd)
	for _, c := range rd.Commits {
		_ = m.Step(0, c.Answer(c.At+1, nil))
	}
	for i, principal := range []string{"eve", "ops"} {
		link := msg.Link(i + 1)
		_ = m.Step(0, msg.LinkUp{Link: link, Peer: "scheduler", Principal: principal}) // as the transport authenticated it
		info := msg.FrameworkInfo{Name: "demo", Roles: []role.Name{"web"}, Principal: principal}
		fmt.Println(m.Step(0, msg.Envelope{Link: link, Body: msg.Subscribe{Framework: info}}))
	}
	// Output:
	// master: not authorized: REGISTER_FRAMEWORK by principal "eve": role web belongs to ops
	// <nil>
}
