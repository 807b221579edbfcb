package replay_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/replay"
	"github.com/proffer-go/proffer/role"
)

// A scheduler's session is recorded while it is stepped, then played again, and asked what a step changed. A host records its
// node by itself: see transport/host.Recording.
func Example() {
	cfg := framework.SchedulerConfig{Entropy: [16]byte{1}, Framework: msg.FrameworkInfo{Name: "shop", Roles: []role.Name{"web"}}}
	session, err := framework.NewScheduler(cfg)
	if err != nil {
		panic(err)
	}
	var tape bytes.Buffer
	w, err := replay.NewWriter(&tape, replay.Header{Node: "shop-1", Scheduler: &cfg})
	if err != nil {
		panic(err)
	}
	var rd framework.SchedulerReady
	step := func(now offer.Time, in msg.Input) {
		w.Step(now, in)
		err := session.Step(now, in)
		at, any := session.NextDeadline()
		w.Outcome(err, at, any)
		for session.Ready(&rd) {
			w.Effects(&rd)
		}
		w.Settled()
	}
	step(0, msg.Leader{Master: "m1"})
	step(1e9, msg.LinkUp{Link: 1, Peer: "m1"})
	step(2e9, msg.StopDriver{})
	if err := w.Close(); err != nil {
		panic(err)
	}

	r, err := replay.NewReader(&tape)
	if err != nil {
		panic(err)
	}
	p, err := replay.NewPlayer(r, replay.Known{})
	if err != nil {
		panic(err)
	}
	if err := p.To(context.Background(), 2, nil); err != nil {
		panic(err)
	}
	before := p.Machine().State()
	if err := p.To(context.Background(), replay.End, nil); err != nil {
		panic(err) // *replay.Difference, where the machine does not do what it did
	}
	fmt.Println(r.Header().Machine(), r.Header().Node, "has", p.Step(), "steps; the last:")
	for _, c := range replay.Diff(before, p.Machine().State()) {
		fmt.Println(c)
	}

	// Output:
	// scheduler shop-1 has 3 steps; the last:
	// - next deadline = 2740432812
	// ~ peer link = 1 -> 0
	// ~ session status = running -> stopped
}
