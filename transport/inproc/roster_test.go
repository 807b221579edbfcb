package inproc_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// stormy is an hour of a small cluster under the faults of a seed; it returns its timeline. With all set, every node is
// polled after every step of any.
func stormy(t require.TestingT, seed uint64, all bool) string {
	c, timeline := inproc.NewCluster(seed), &strings.Builder{}
	defer c.Close()
	c.Observe(func(o host.Observation) { timeline.WriteString(o.String() + "\n") })
	if all {
		c.AfterStep(c.WakeAll)
	}
	master := func() { c.AddMaster(master.Config{}) }
	master()
	agents := []msg.Node{"agent-1", "agent-2", "agent-3"}
	for _, name := range agents {
		c.AddAgent(name, machine(), workers)
	}
	roles := map[msg.Node]role.Name{"scheduler-a": "web", "scheduler-b": "batch"}
	scheduler := func(n msg.Node) {
		s := &recorder{}
		s.launch(task("a", "worker"), task("b", "worker"))
		c.AddSchedulerAs(n, info(roles[n]), s)
	}
	schedulers := slices.Sorted(maps.Keys(roles))
	for _, n := range schedulers {
		scheduler(n)
	}
	targets := inproc.Targets{Masters: []msg.Node{host.DefaultMaster}, Agents: agents, Schedulers: schedulers, Over: 40 * time.Minute}
	player := c.Play(inproc.RandomSchedule(seed, 40, targets), func(f inproc.Fault) {
		switch n := f.A; {
		case n == host.DefaultMaster:
			master()
		case roles[n] != "":
			scheduler(n)
		default:
			c.RestartAgent(n)
		}
	}, nil)
	c.Advance(40 * time.Minute)
	player.Heal()
	c.Advance(20 * time.Minute)
	require.NoError(t, c.Check())
	return timeline.String()
}

// A node that nothing happened to has nothing to do: polling all of them all the time gives the same run, to the byte.
// docs/protocol.md §20
func TestPropertyOnlyNodesThatSomethingHappenedToArePolled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		few := stormy(t, seed, false)
		require.Equal(t, stormy(t, seed, true), few)
		require.Greater(t, len(few), 10_000)
	})
}
