package inproc_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
)

// At whatever moment of a busy run a leader is deposed, between two steps with more waiting or while it sends, it takes
// nothing more in and sends nothing more.
// docs/protocol.md §5
func TestADeposedLeaderNeverSends(t *testing.T) {
	for seed := range uint64(60) {
		deposeAtRandom(t, seed, true)
		deposeAtRandom(t, seed, false)
	}
}

// deposeAtRandom deposes master-1 after some step, or right after one of its own sends.
func deposeAtRandom(t *testing.T, seed uint64, between bool) {
	rng := rand.New(rand.NewPCG(seed, 0xdead))
	c, e, _ := elected(t, seed, 2)
	at, n, deposed := 30+rng.IntN(150), 0, false
	depose := func() {
		if n++; n == at && e.Leader() == "master-1" {
			deposed = true
			require.True(t, e.Depose())
		}
	}
	var after []string
	c.Observe(func(o host.Observation) {
		_, sent := o.What.(host.Sent)
		_, taken := o.What.(host.Delivered)
		switch {
		case o.Node != "master-1":
		case deposed && (sent || taken):
			after = append(after, fmt.Sprint(o))
		case sent && !between:
			depose()
		}
	})
	if between {
		c.AfterStep(depose)
	}
	for i := range 4 {
		c.AddAgent(msg.Node(fmt.Sprint("agent-", i+1)), machine(), host.Executors{"worker": func(host.StartInfo) framework.Executor { return &ends{c: c, rng: rng} }})
	}
	c.Advance(5 * time.Second)
	for _, name := range []string{"one", "two"} {
		f := info("web")
		f.Name, f.FailoverTimeout = name, time.Hour
		c.AddScheduler(f, &ending{told: map[msg.TaskID]msg.TaskState{}, name: name})
	}
	c.Advance(time.Minute)
	require.NoError(t, c.Err())
	require.True(t, deposed, "seed %d", seed)
	require.Empty(t, after, "seed %d", seed)
	require.NotContains(t, c.Nodes(), msg.Node("master-1"))
}
