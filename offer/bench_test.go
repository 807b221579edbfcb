package offer_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
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
	{1000, 1}, {1000, 50}, {1000, 200}, {1000, 1000},
	{5000, 200},
	{10000, 1}, {10000, 200}, {10000, 1000},
	{50000, 1}, {50000, 200}, {50000, 1000},
	{1_000_000, 1}, {1_000_000, 200}, {1_000_000, 1000},
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

// benchRules are those of the reference, to be set beside its figures, or this library's own where PROFFER_RULES says V1.
func benchRules() offer.Rules {
	if os.Getenv("PROFFER_RULES") == "V1" {
		return ownRules()
	}
	return offer.StrictDRF()
}

// targetRules are this library's own, for which docs/allocation.md §7.3 sets targets, unless PROFFER_RULES says strict.
func targetRules() offer.Rules {
	if os.Getenv("PROFFER_RULES") == "strict" {
		return offer.StrictDRF()
	}
	return ownRules()
}

// ownRules run as soon as something changes and leave offers out.
func ownRules() offer.Rules {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce, rules.OfferLifetime = 0, 0
	return rules
}

type bench struct {
	a     *offer.Allocator
	rules offer.Rules
	now   offer.Time
	batch offer.Batch
}

func newBench(b testing.TB) *bench { return newBenchWith(b, benchRules()) }

func newBenchWith(b testing.TB, rules offer.Rules) *bench {
	a, err := offer.New(offer.Config{Rules: rules, Bounds: offer.Bounds{Agents: 2_000_000, Offers: 2_000_000, Filters: 100_000_000}})
	require.NoError(b, err)
	return &bench{a: a, rules: rules}
}

// full is a cluster that no run has looked at yet.
func full(b testing.TB, agents, frameworks int) *bench {
	return fullWith(b, benchRules(), agents, frameworks)
}

func fullWith(b testing.TB, rules offer.Rules, agents, frameworks int) *bench {
	s := newBenchWith(b, rules)
	s.frameworks(b, frameworks)
	s.agents(b, 0, agents)
	return s
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

// next is the next run: at once where rules run on changes, by the timer where they do not.
func (s *bench) next() {
	if s.rules.Triggers == offer.OnRequest {
		s.now = s.now.Add(s.rules.Interval)
	}
	s.poll()
}

func (s *bench) declineAll(b testing.TB, f offer.Filter) {
	for i := range s.batch.Offers {
		if err := s.a.Decline(s.now, f, s.batch.Offers[i].ID); err != nil {
			b.Fatal(err)
		}
	}
}

// forLong is a refusal that outlives every benchmark.
var forLong = offer.Filter{Refuse: 1000 * time.Hour}

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
		s := newBench(b)
		s.agents(b, 0, agents)
		s.poll()
		s.a.Pause(s.now)
		for b.Loop() {
			s.frameworks(b, frameworks)
			b.StopTimer()
			for i := range frameworks {
				require.NoError(b, s.a.RemoveFramework(s.now, offer.FrameworkID(fmt.Sprintf("framework-%05d", i))))
			}
			b.StartTimer()
		}
	})
}

func BenchmarkFirstRun(b *testing.B) {
	eachShape(b, func(b *testing.B, agents, frameworks int) {
		for b.Loop() {
			b.StopTimer()
			s := full(b, agents, frameworks)
			runtime.GC() // what the set-up left is none of the run's
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
		s := full(b, agents, frameworks)
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

// Of a hundred agents, all of them offered, one comes free again: the run that offers those.
func BenchmarkOnePercent(b *testing.B) {
	eachShape(b, func(b *testing.B, agents, frameworks int) {
		s := fullWith(b, targetRules(), agents, frameworks)
		s.poll()
		out := make(map[offer.AgentID]offer.OfferID)
		s.told(out)
		i := 0
		for b.Loop() {
			b.StopTimer()
			for range agents / 100 {
				id := offer.AgentID(fmt.Sprintf("agent-%06d", i*7919%agents))
				require.NoError(b, s.a.Decline(s.now, offer.Filter{}, out[id]))
				i++
			}
			b.StartTimer()
			s.next()
			b.StopTimer()
			require.Len(b, s.batch.Offers, agents/100)
			s.told(out)
			b.StartTimer()
		}
	})
}

// Everything was refused; one framework revives, and is offered every agent again.
func BenchmarkRevive(b *testing.B) {
	eachShape(b, func(b *testing.B, agents, frameworks int) {
		s := full(b, agents, frameworks)
		for s.poll(); len(s.batch.Offers) > 0; s.next() {
			s.declineAll(b, forLong)
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
			s.declineAll(b, forLong)
			s.next()
			b.StartTimer()
		}
	})
}

// One framework that no agent is large enough for revives: it is looked at for every agent, and offered nothing. The others
// want nothing.
func BenchmarkReviveInVain(b *testing.B) {
	eachShape(b, func(b *testing.B, agents, frameworks int) {
		s := newBenchWith(b, targetRules())
		s.frameworks(b, frameworks)
		for i := range frameworks {
			require.NoError(b, s.a.Suppress(s.now, offer.FrameworkID(fmt.Sprintf("framework-%05d", i))))
		}
		s.agents(b, 0, agents)
		enough, err := resource.ParseQuantities("cpus:1000")
		require.NoError(b, err)
		require.NoError(b, s.a.AddFramework(s.now, offer.FrameworkSpec{
			ID: "large", Roles: []role.Name{"large"}, MinAllocatable: map[role.Name][]resource.Quantities{"large": {enough}},
		}))
		s.poll()
		for b.Loop() {
			if err := s.a.Revive(s.now, "large"); err != nil {
				b.Fatal(err)
			}
			s.next()
		}
		c, _ := s.a.ClientMetrics("large", "large")
		require.GreaterOrEqual(b, c.WhyNot[offer.GateTooLittle], uint64(agents)*uint64(b.N), "looks")
		require.Zero(b, c.Offers)
	})
}

// Every framework declines everything for a long time, until nothing is offered any more.
func BenchmarkDeclineLoop(b *testing.B) {
	eachShape(b, func(b *testing.B, agents, frameworks int) {
		var runs, offers int
		var rounds laps
		for b.Loop() {
			b.StopTimer()
			empty := liveHeap()
			s := full(b, agents, frameworks)
			runtime.GC()
			b.StartTimer()
			runs, offers, rounds = 0, 0, nil
			rounds.time(s.poll)
			for len(s.batch.Offers) > 0 {
				runs, offers = runs+1, offers+len(s.batch.Offers)
				rounds.time(func() {
					s.declineAll(b, forLong)
					s.next()
				})
			}
			b.StopTimer()
			b.ReportMetric(liveHeap()-empty, "live-MB")
			b.ReportMetric(rounds[len(rounds)-1]/1e3, "last-round-ms")
			runtime.KeepAlive(s)
			b.StartTimer()
		}
		b.ReportMetric(float64(runs), "runs")
		b.ReportMetric(rounds.at(50)/1e3, "round-p50-ms")
		b.ReportMetric(rounds.at(99)/1e3, "round-p99-ms")
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(max(offers, 1)), "ns/offer")
	})
}

// One offer is declined without a refusal, and the next run offers its agent again: release and one grant. Agents that grow
// by a cpu, go and come back are timed beside it: those change every share.
func BenchmarkOneEvent(b *testing.B) {
	eachShape(b, func(b *testing.B, agents, frameworks int) {
		s := fullWith(b, targetRules(), agents, frameworks)
		s.poll()
		out := make(map[offer.AgentID]offer.OfferID)
		s.told(out)
		var decline, resize, remove, add laps
		i := 0
		for b.Loop() {
			id := offer.AgentID(fmt.Sprintf("agent-%06d", i*7919%agents))
			decline.time(func() {
				require.NoError(b, s.a.Decline(s.now, offer.Filter{}, out[id]))
				s.next()
			})
			s.told(out)
			i++
		}
		b.StopTimer()
		for ; resize == nil || len(resize) < b.N/10; i++ {
			id := offer.AgentID(fmt.Sprintf("agent-%06d", i*7919%agents))
			resize.time(func() {
				require.NoError(b, s.a.UpdateAgent(s.now, id, benchTotal.Add(oneCPU)))
				s.next()
			})
			s.told(out)
			remove.time(func() {
				require.NoError(b, s.a.RemoveAgent(s.now, id))
				s.next()
			})
			add.time(func() {
				require.NoError(b, s.a.AddAgent(s.now, offer.AgentSpec{ID: id, Total: benchTotal}))
				s.next()
			})
			s.told(out)
		}
		for name, l := range map[string]laps{"decline": decline, "resize": resize, "remove": remove, "add": add} {
			b.ReportMetric(l.at(99), name+"-p99-µs")
		}
		b.ReportMetric(decline.at(50), "decline-p50-µs")
	})
}

var oneCPU = resource.MustParse("cpus:1")

// told notes which offer is out of each agent.
func (s *bench) told(out map[offer.AgentID]offer.OfferID) {
	for i := range s.batch.Offers {
		out[s.batch.Offers[i].Agent] = s.batch.Offers[i].ID
	}
}

// laps are times in microseconds.
type laps []float64

func (l *laps) time(f func()) {
	begin := time.Now()
	f()
	*l = append(*l, float64(time.Since(begin).Nanoseconds())/1e3)
}

// at is the time that so many of a hundred are within.
func (l laps) at(percent int) float64 {
	if len(l) == 0 {
		return 0
	}
	slices.Sort(l)
	return l[(len(l)-1)*percent/100]
}

// BenchmarkMemory reports the live heap of an allocator once every agent is offered.
func BenchmarkMemory(b *testing.B) {
	eachShape(b, func(b *testing.B, agents, frameworks int) {
		for b.Loop() {
			empty := liveHeap()
			s := full(b, agents, frameworks)
			s.poll()
			s.batch = offer.Batch{} // the caller's
			b.ReportMetric(liveHeap()-empty, "live-MB")
			runtime.KeepAlive(s)
		}
	})
}

// liveHeap is what a collection leaves, in MB.
func liveHeap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / 1e6
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
				s := newBenchWith(b, targetRules())
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
				s.next()
				idle += time.Since(begin)
				b.StartTimer()
			}
			b.ReportMetric(float64(idle.Nanoseconds())/float64(b.N), "ns/second-run")
		})
	}
}
