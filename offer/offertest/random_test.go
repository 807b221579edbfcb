package offertest_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/offertest"
)

// endless is a scheduler that uses every offer for a task of a quarter of what it holds.
type endless struct {
	framework.NopScheduler
	n int
}

func (s *endless) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	for _, o := range offers {
		s.n++
		x := task(msg.TaskID(fmt.Sprintf("task-%d", s.n)))
		if s.n%3 == 0 {
			x = command(x.ID)
		}
		x.Agent = o.Agent
		_ = d.Launch([]msg.OfferID{o.ID}, msg.Filters{Refuse: time.Second}, x)
	}
}

// Whatever breaks, and whenever, the books agree: a test of the machines by the harness, and of CheckBooks, which must not
// cry wolf.
// docs/protocol.md §19
func TestBooksAgreeWhateverBreaks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		opts := []offertest.Option{offertest.WithSeed(rapid.Uint64().Draw(t, "seed")), offertest.WithAgents(2, "cpus:2;mem:512"),
			offertest.WithTasks(offertest.RunFor(rapid.SampledFrom([]time.Duration{2 * time.Minute, time.Hour}).Draw(t, "tasks")))}
		if rapid.Bool().Draw(t, "latency") {
			opts = append(opts, offertest.WithLatency(20*time.Millisecond, 30*time.Millisecond))
		}
		c := offertest.New(t, opts...)
		info := web()
		info.Checkpoint = rapid.Bool().Draw(t, "checkpoint")
		info.Capabilities.PartitionAware = rapid.Bool().Draw(t, "aware")
		c.Scheduler(info, &endless{})
		agents := rapid.SampledFrom([]msg.Node{"agent-1", "agent-2"})
		peers := rapid.SampledFrom([]msg.Node{"agent-1", "agent-2", "scheduler-1"})
		heals := map[msg.Node]func(){}
		t.Repeat(map[string]func(*rapid.T){
			"advance": func(t *rapid.T) {
				c.Advance(rapid.SampledFrom([]time.Duration{time.Millisecond, 30 * time.Millisecond, time.Second, 10 * time.Second,
					time.Minute, 11 * time.Minute}).Draw(t, "by"))
			},
			"restart agent": func(t *rapid.T) { c.RestartAgent(agents.Draw(t, "agent")) },
			"crash agent":   func(t *rapid.T) { c.CrashAgent(agents.Draw(t, "agent")) },
			"replace agent": func(t *rapid.T) { c.ReplaceAgent(agents.Draw(t, "agent")) },
			"kill agent":    func(t *rapid.T) { c.KillAgent(agents.Draw(t, "agent")) },
			"stop agent":    func(t *rapid.T) { c.StopAgent(agents.Draw(t, "agent")) },
			"lose link":     func(t *rapid.T) { c.LoseLink("master", peers.Draw(t, "peer")) },
			"restart leader": func(t *rapid.T) {
				c.KillLeader()
				c.Advance(rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute}).Draw(t, "without"))
				c.StartMaster()
			},
			"partition": func(t *rapid.T) {
				p := peers.Draw(t, "peer")
				if heal := heals[p]; heal != nil {
					heal()
					delete(heals, p)
				} else if rapid.Bool().Draw(t, "silent") {
					heals[p] = c.Stall("master", p)
				} else {
					heals[p] = c.Partition("master", p)
				}
			},
			"": func(*rapid.T) { c.CheckBooks() },
		})
	})
}
