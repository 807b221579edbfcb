package offer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// This file has the other benchmarks of docs/allocation.md §7.1: what each agent has differs, clients are suppressed, many
// revive at once, three kinds of tenants share a cluster, quota is compared with none, and one agent has many pieces.

var familyShapes = []struct{ agents, frameworks int }{{1000, 50}, {1000, 200}, {5000, 200}, {10000, 200}}

func eachFamilyShape(b *testing.B, run func(b *testing.B, agents, frameworks int)) {
	for _, s := range familyShapes {
		b.Run(fmt.Sprintf("agents=%d/frameworks=%d", s.agents, s.frameworks), func(b *testing.B) {
			b.ReportAllocs()
			run(b, s.agents, s.frameworks)
		})
	}
}

// family is a cluster of one role: every agent has cpus 24, mem 4096, disk 4096 and 1,001 ports, and what more says, and
// frameworks use most of it in turn.
func family(b *testing.B, agents, frameworks int, more func(i int) resource.Resources) *bench {
	s := newBench(b)
	for i := range frameworks {
		require.NoError(b, s.a.AddFramework(s.now, offer.FrameworkSpec{
			ID: frameworkID(i), Roles: []role.Name{"r"}, Capabilities: offer.SharedResources,
		}))
	}
	total := resource.MustParse("cpus:24;mem:4096;disk:4096;ports:[31000-32000]")
	for i := range agents {
		used := resource.MustParse(fmt.Sprintf("cpus:16;mem:%d;disk:1024;ports:%s", 1024+i%1024, sixteenRanges))
		require.NoError(b, s.a.AddAgent(s.now, offer.AgentSpec{
			ID: offer.AgentID(fmt.Sprintf("agent-%06d", i)), Total: total.Add(more(i)),
			Used: []offer.Use{{Framework: frameworkID(i % frameworks), Role: "r", Resources: used}},
		}))
	}
	return s
}

func frameworkID(i int) offer.FrameworkID { return offer.FrameworkID(fmt.Sprintf("framework-%05d", i)) }

const sixteenRanges = "[31000-31001,31010-31011,31020-31021,31030-31031,31040-31041,31050-31051,31060-31061,31070-31071," +
	"31080-31081,31090-31091,31100-31101,31110-31111,31120-31121,31130-31131,31140-31141,31150-31151]"

func nothingMore(int) resource.Resources { return resource.Resources{} }

// rounds declines everything so many times and waits for the next run each time.
func (s *bench) rounds(b *testing.B, n int) {
	for range n {
		s.declineAll(b, offer.Filter{})
		s.next()
	}
}

// Agents whose resources merge with none of another: each has a reservation of its own labels.
func BenchmarkLabels(b *testing.B) {
	eachFamilyShape(b, func(b *testing.B, agents, frameworks int) {
		s := family(b, agents, frameworks, func(i int) resource.Resources {
			r, err := resource.New(resource.Resource{
				Name: "cpus", Kind: resource.KindScalar, Scalar: 1000,
				Reservations: []resource.Reservation{{Type: resource.Dynamic, Role: "r", Labels: []resource.Label{{Key: "agent", Value: new(fmt.Sprint(i))}}}},
			})
			require.NoError(b, err)
			return r
		})
		s.poll()
		for b.Loop() {
			s.rounds(b, 1)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(agents), "ns/offer")
	})
}

// Every agent has a persistent volume: of its own, shared, or one kind on every second.
func BenchmarkVolumes(b *testing.B) {
	for _, kind := range []string{"regular", "shared", "mixed"} {
		b.Run(kind, func(b *testing.B) {
			eachFamilyShape(b, func(b *testing.B, agents, frameworks int) {
				s := family(b, agents, frameworks, func(i int) resource.Resources {
					return volume(b, i, kind == "shared" || kind == "mixed" && i%2 == 0)
				})
				s.poll()
				for b.Loop() {
					s.rounds(b, 1)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(agents), "ns/offer")
			})
		})
	}
}

func volume(b *testing.B, i int, shared bool) resource.Resources {
	r, err := resource.New(resource.Resource{
		Name: "disk", Kind: resource.KindScalar, Scalar: resource.Whole(1024), Shared: shared,
		Reservations: []resource.Reservation{{Type: resource.Dynamic, Role: "r"}},
		Disk: &resource.Disk{
			Persistence: &resource.Persistence{ID: fmt.Sprintf("volume-%d", i)}, Volume: &resource.Volume{ContainerPath: "data", Mode: resource.ReadWrite},
		},
	})
	require.NoError(b, err)
	return r
}

// Five rounds, in each of which a fifth of the frameworks more is suppressed; and five with 99 of 100 suppressed.
func BenchmarkSuppress(b *testing.B) {
	for _, kind := range []string{"growing", "extreme"} {
		b.Run(kind, func(b *testing.B) {
			eachFamilyShape(b, func(b *testing.B, agents, frameworks int) {
				s := family(b, agents, frameworks, nothingMore)
				s.poll()
				for b.Loop() {
					quiet := 0
					for round := range 5 {
						most := frameworks * (round + 1) / 6
						if kind == "extreme" {
							most = frameworks * 99 / 100
						}
						for ; quiet < most; quiet++ {
							require.NoError(b, s.a.Suppress(s.now, frameworkID(quiet)))
						}
						s.rounds(b, 1)
					}
					b.StopTimer()
					for i := range quiet {
						require.NoError(b, s.a.Revive(s.now, frameworkID(i)))
					}
					s.poll()
					s.next()
					b.StartTimer()
				}
			})
		})
	}
}

// All figures of a cluster are measured.
func BenchmarkMetrics(b *testing.B) {
	eachFamilyShape(b, func(b *testing.B, agents, frameworks int) {
		s := family(b, agents, frameworks, nothingMore)
		s.poll()
		count := 0
		for b.Loop() {
			count = 0
			s.a.Measure(counted{&count})
		}
		b.ReportMetric(float64(count), "figures")
	})
}

type counted struct{ n *int }

func (c counted) Figure(offer.Figure) { *c.n++ }

// Every framework revives while there is nothing to offer: how many runs serve them all.
func BenchmarkBacklog(b *testing.B) {
	eachFamilyShape(b, func(b *testing.B, agents, frameworks int) {
		s := family(b, agents, frameworks, nothingMore)
		s.poll()
		runs := s.a.Stats().Runs
		for b.Loop() {
			for i := range frameworks {
				require.NoError(b, s.a.Revive(s.now, frameworkID(i)))
			}
			s.poll()
		}
		b.ReportMetric(float64(s.a.Stats().Runs-runs)/float64(b.N), "runs")
	})
}

// tenants of BenchmarkMultiFramework: so many of a kind, each with so many tasks, of which an offer takes at most some.
type tenants struct {
	kind         string
	count, tasks int
	most         int
	task         resource.Resources
}

// 4 services with 4,000 tasks each, 500 build systems with 5 and 50 batch jobs with 20 share 80 agents: 19,500 tasks are
// placed. Simulated time passes by the runs' own clock; a task takes no time.
func BenchmarkMultiFramework(b *testing.B) {
	kinds := []tenants{
		{"marathon", 4, 4000, 100, resource.MustParse("cpus:0.07;mem:400")},
		{"jenkins", 500, 5, 1, resource.MustParse("cpus:0.1;mem:4000")},
		{"spark", 50, 20, 5, resource.MustParse("cpus:1;mem:1000")},
	}
	for b.Loop() {
		b.StopTimer()
		s := newBench(b)
		wait := make(map[offer.FrameworkID]int)
		of := make(map[offer.FrameworkID]*tenants)
		left := 0
		for k := range kinds {
			for i := range kinds[k].count {
				id := offer.FrameworkID(fmt.Sprintf("%s-%03d", kinds[k].kind, i))
				require.NoError(b, s.a.AddFramework(s.now, offer.FrameworkSpec{ID: id, Roles: []role.Name{"r"}}))
				of[id], wait[id] = &kinds[k], kinds[k].tasks
				left += kinds[k].tasks
			}
		}
		for i := range 80 {
			require.NoError(b, s.a.AddAgent(s.now, offer.AgentSpec{
				ID: offer.AgentID(fmt.Sprintf("agent-%02d", i)), Total: resource.MustParse("cpus:64;mem:488000"),
			}))
		}
		b.StartTimer()
		for s.poll(); left > 0; s.next() {
			if s.now > offer.Time(time.Hour) {
				b.Fatalf("%d tasks still wait", left)
			}
			for i := range s.batch.Offers {
				o := &s.batch.Offers[i]
				t := of[o.Framework]
				n := min(wait[o.Framework], t.most)
				var used resource.Resources
				placed := 0
				for ; placed < n && o.Resources.Contains(used.Add(t.task)); placed++ {
					used = used.Add(t.task)
				}
				al, err := s.a.Accept(s.now, []offer.OfferID{o.ID}, nil, used, offer.Filter{})
				require.NoError(b, err)
				if wait[o.Framework] -= placed; wait[o.Framework] == 0 {
					require.NoError(b, s.a.Suppress(s.now, o.Framework))
				}
				left -= placed
				if placed > 0 {
					require.NoError(b, s.a.Release(s.now, al, used))
				}
			}
		}
		b.ReportMetric(time.Duration(s.now).Seconds(), "simulated-s")
		b.ReportMetric(float64(s.a.Stats().Runs), "runs")
	}
}

// One cycle with quota set for every role, and without: two agents and two frameworks for each of them.
func BenchmarkQuotaOrNone(b *testing.B) {
	for _, roles := range []int{10, 100, 1000} {
		for _, kind := range []string{"quota", "none"} {
			b.Run(fmt.Sprintf("%s/roles=%d", kind, roles), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					s := quotaOrNone(b, roles, kind == "quota")
					b.StartTimer()
					s.poll()
				}
			})
		}
	}
}

func quotaOrNone(b *testing.B, roles int, limited bool) *bench {
	s := newBench(b)
	var list []quota.Config
	for i := range roles {
		name := fmt.Sprintf("role-%05d", i)
		c, err := quota.Parse(name, "cpus:48;mem:8192;disk:8192", "cpus:48;mem:8192;disk:8192")
		require.NoError(b, err)
		list = append(list, c)
		for k := range 2 {
			require.NoError(b, s.a.AddFramework(s.now, offer.FrameworkSpec{ID: frameworkID(2*i + k), Roles: []role.Name{role.Name(name)}}))
			require.NoError(b, s.a.AddAgent(s.now, offer.AgentSpec{
				ID: offer.AgentID(fmt.Sprintf("agent-%06d", 2*i+k)), Total: resource.MustParse("cpus:24;mem:4096;disk:4096;ports:[31000-32000]"),
			}))
		}
	}
	if limited {
		require.NoError(b, s.a.SetQuota(s.now, list, true))
	}
	return s
}

// Twenty times something is reserved and taken back in an offer of an agent that has many pieces that merge with nothing.
func BenchmarkUpdateAllocation(b *testing.B) {
	for _, roles := range []int{50, 100, 200} {
		b.Run(fmt.Sprintf("objects=%d", 4*roles), func(b *testing.B) {
			b.ReportAllocs()
			s := newBench(b)
			total := resource.MustParse("cpus:64;mem:65536;disk:65536")
			for i := range roles {
				for _, name := range []string{"cpus", "mem", "disk", "gpus"} {
					total = total.Add(resource.MustParse(fmt.Sprintf("%s(role-%d):1", name, i)))
				}
			}
			require.NoError(b, s.a.AddFramework(s.now, offer.FrameworkSpec{ID: "F", Roles: []role.Name{"r"}, Capabilities: offer.GPUResources}))
			require.NoError(b, s.a.AddAgent(s.now, offer.AgentSpec{ID: "A", Total: total}))
			s.poll()
			plain := resource.MustParse("cpus:1;mem:64")
			held, err := plain.PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "r"})
			require.NoError(b, err)
			for b.Loop() {
				for range 20 {
					for _, op := range []reservation.Op{reservation.Reserve{Resources: held}, reservation.Unreserve{Resources: held}} {
						_, err := s.a.Accept(s.now, []offer.OfferID{s.batch.Offers[0].ID}, []reservation.Op{op}, resource.Resources{}, offer.Filter{})
						require.NoError(b, err)
						s.next()
					}
				}
			}
		})
	}
}
