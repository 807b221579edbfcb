package offer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// The benchmarks have the shapes of docs/allocation.md §7.1: equal agents, every framework in a role of its own.

var shapes = []struct{ agents, frameworks int }{
	{1000, 1}, {1000, 50}, {1000, 200}, {5000, 200}, {10000, 200}, {10000, 1000}, {50000, 200},
}

func eachShape(b *testing.B, run func(b *testing.B, agents, frameworks int)) {
	for _, s := range shapes {
		b.Run(fmt.Sprintf("agents=%d/frameworks=%d", s.agents, s.frameworks), func(b *testing.B) {
			b.ReportAllocs()
			run(b, s.agents, s.frameworks)
		})
	}
}

var benchTotal = resource.MustParse("cpus:24;mem:49152;disk:819200;ports:[31000-32000]")

type bench struct {
	a     *offer.Allocator
	now   offer.Time
	batch offer.Batch
}

func newBench(b testing.TB) *bench { return newBenchWith(b, func(*offer.Rules) {}) }

func newBenchWith(b testing.TB, change func(*offer.Rules)) *bench {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce, rules.Interval, rules.OfferLifetime = 0, 0, 0
	change(&rules)
	a, err := offer.New(offer.Config{Rules: rules})
	require.NoError(b, err)
	return &bench{a: a}
}

func (s *bench) agents(b testing.TB, from, to int) {
	for i := from; i < to; i++ {
		if err := s.a.AddAgent(s.now, offer.AgentSpec{ID: offer.AgentID(fmt.Sprintf("agent-%06d", i)), Total: benchTotal}); err != nil {
			b.Fatal(err)
		}
	}
}

func (s *bench) frameworks(b testing.TB, n int) {
	for i := range n {
		err := s.a.AddFramework(s.now, offer.FrameworkSpec{
			ID: offer.FrameworkID(fmt.Sprintf("framework-%05d", i)), Roles: []role.Name{role.Name(fmt.Sprintf("role-%05d", i))},
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func (s *bench) poll() {
	s.batch.Reset()
	s.a.Poll(s.now, &s.batch)
}

func (s *bench) declineAll(b testing.TB, f offer.Filter) {
	for i := range s.batch.Offers {
		if err := s.a.Decline(s.now, f, s.batch.Offers[i].ID); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAddAgents(b *testing.B) {
	eachShape(b, func(b *testing.B, agents, frameworks int) {
		for b.Loop() {
			b.StopTimer()
			s := newBench(b)
			s.frameworks(b, frameworks)
			s.poll()
			s.a.Pause(s.now)
			b.StartTimer()
			s.agents(b, 0, agents)
		}
	})
}

func BenchmarkAddFrameworks(b *testing.B) {
	eachShape(b, func(b *testing.B, agents, frameworks int) {
		for b.Loop() {
			b.StopTimer()
			s := newBench(b)
			s.agents(b, 0, agents)
			s.poll()
			s.a.Pause(s.now)
			b.StartTimer()
			s.frameworks(b, frameworks)
		}
	})
}

func BenchmarkFirstRun(b *testing.B) {
	eachShape(b, func(b *testing.B, agents, frameworks int) {
		for b.Loop() {
			b.StopTimer()
			s := newBench(b)
			s.frameworks(b, frameworks)
			s.agents(b, 0, agents)
			b.StartTimer()
			s.poll()
			if len(s.batch.Offers) != agents {
				b.Fatalf("%d offers", len(s.batch.Offers))
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(agents), "ns/offer")
	})
}

// Every agent is offered; a run by the timer finds nothing to give.
func BenchmarkIdleRun(b *testing.B) {
	eachShape(b, func(b *testing.B, agents, frameworks int) {
		s := newBenchWith(b, func(r *offer.Rules) { r.Interval = time.Second })
		s.frameworks(b, frameworks)
		s.agents(b, 0, agents)
		s.poll()
		runs := s.a.Stats().Runs
		for b.Loop() {
			s.now = s.now.Add(time.Second)
			s.poll()
		}
		if s.a.Stats().Runs-runs < uint64(b.N) {
			b.Fatal("no runs")
		}
	})
}

// Everything was refused; one framework revives, and is offered every agent again.
func BenchmarkRevive(b *testing.B) {
	eachShape(b, func(b *testing.B, agents, frameworks int) {
		s := newBench(b)
		s.frameworks(b, frameworks)
		s.agents(b, 0, agents)
		for s.poll(); len(s.batch.Offers) > 0; s.poll() {
			s.declineAll(b, offer.Filter{Refuse: 1000 * time.Hour})
		}
		for b.Loop() {
			if err := s.a.Revive(s.now, "framework-00000"); err != nil {
				b.Fatal(err)
			}
			s.poll()
			if len(s.batch.Offers) != agents {
				b.Fatalf("%d offers", len(s.batch.Offers))
			}
			b.StopTimer()
			s.declineAll(b, offer.Filter{Refuse: 1000 * time.Hour})
			s.poll()
			b.StartTimer()
		}
	})
}

// Every framework declines everything for a long time, until nothing is offered any more.
func BenchmarkDeclineLoop(b *testing.B) {
	eachShape(b, func(b *testing.B, agents, frameworks int) {
		var runs, offers int
		for b.Loop() {
			b.StopTimer()
			s := newBench(b)
			s.frameworks(b, frameworks)
			s.agents(b, 0, agents)
			b.StartTimer()
			runs, offers = 0, 0
			for s.poll(); len(s.batch.Offers) > 0; s.poll() {
				runs, offers = runs+1, offers+len(s.batch.Offers)
				s.declineAll(b, offer.Filter{Refuse: 1000 * time.Hour})
			}
		}
		b.ReportMetric(float64(runs), "runs")
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(max(offers, 1)), "ns/offer")
	})
}

// One offer is declined without a refusal, and the next run offers its agent again.
func BenchmarkOneEvent(b *testing.B) {
	eachShape(b, func(b *testing.B, agents, frameworks int) {
		s := newBench(b)
		s.frameworks(b, frameworks)
		s.agents(b, 0, agents)
		s.poll()
		out := append([]offer.Offer{}, s.batch.Offers...)
		i := 0
		for b.Loop() {
			if err := s.a.Decline(s.now, offer.Filter{}, out[i%agents].ID); err != nil {
				b.Fatal(err)
			}
			s.poll()
			out[i%agents] = s.batch.Offers[0]
			i++
		}
	})
}

// Half of the roles are small (half an agent guaranteed), half large (two agents), as in docs/allocation.md §7.1; then a
// run that has nothing to give.
func BenchmarkQuota(b *testing.B) {
	for _, roles := range []int{30, 300, 3000} {
		b.Run(fmt.Sprintf("agents=%d/frameworks=%d", roles, roles), func(b *testing.B) {
			b.ReportAllocs()
			var idle time.Duration
			for b.Loop() {
				b.StopTimer()
				s := newBench(b)
				var list []quota.Config
				for i := range roles {
					text := "cpus:1;mem:1024;disk:1024"
					if i%10 == 0 {
						text = "cpus:4;mem:4096;disk:4096"
					}
					c, err := quota.Parse(fmt.Sprintf("role-%05d", i), text, text)
					if err != nil {
						b.Fatal(err)
					}
					list = append(list, c)
				}
				if err := s.a.SetQuota(s.now, list, true); err != nil {
					b.Fatal(err)
				}
				s.frameworks(b, roles)
				for i := range roles {
					err := s.a.AddAgent(s.now, offer.AgentSpec{
						ID: offer.AgentID(fmt.Sprintf("agent-%06d", i)), Total: resource.MustParse("cpus:2;mem:2048;disk:2048"),
					})
					if err != nil {
						b.Fatal(err)
					}
				}
				b.StartTimer()
				s.poll()
				b.StopTimer()
				if err := s.a.Decline(s.now, offer.Filter{Refuse: time.Hour}, s.batch.Offers[0].ID); err != nil {
					b.Fatal(err)
				}
				begin := time.Now()
				s.poll()
				idle += time.Since(begin)
				b.StartTimer()
			}
			b.ReportMetric(float64(idle.Nanoseconds())/float64(b.N), "ns/second-run")
		})
	}
}
