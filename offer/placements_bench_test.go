package offer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// BenchmarkPlacements is the whole life of tasks through an Allocator alone, under this library's own rules: a run offers
// nodes to queues, each a framework in a role of its own; a queue accepts each offer with as many of its waiting tasks as
// fit; the tasks end one by one. A placement is one task from its offer to its end.
//
// docs/allocation.md §7
func BenchmarkPlacements(b *testing.B) {
	for _, s := range []struct{ nodes, queues, tasks int }{{100, 10, 3200}, {1000, 10, 32000}, {5000, 2, 10000}} {
		b.Run(fmt.Sprintf("nodes=%d/queues=%d/tasks=%d", s.nodes, s.queues, s.tasks), func(b *testing.B) {
			b.ReportAllocs()
			p := newPlacements(b, s.nodes, s.queues, s.tasks)
			for b.Loop() {
				p.round(b)
			}
			placed := float64(b.N) * float64(s.tasks)
			b.ReportMetric(placed/b.Elapsed().Seconds(), "placements/s")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/placed, "ns/placement")
			require.NoError(b, p.Check())
		})
	}
}

// placements is a cluster whose nodes together hold just all tasks of a round.
type placements struct {
	*offer.Allocator
	now   offer.Time
	batch offer.Batch
	tasks int
	bunch []resource.Resources // n tasks together
	wait  map[offer.FrameworkID]int
	run   []running
}

type running struct {
	at    offer.Allocation
	tasks int
}

func newPlacements(b *testing.B, nodes, queues, tasks int) *placements {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce = 0
	a, err := offer.New(offer.Config{Rules: rules})
	require.NoError(b, err)
	p := &placements{Allocator: a, tasks: tasks, wait: make(map[offer.FrameworkID]int)}
	task, perNode := resource.MustParse("cpus:1;mem:2048"), tasks/nodes
	p.bunch = append(p.bunch, resource.Resources{})
	for range perNode {
		p.bunch = append(p.bunch, p.bunch[len(p.bunch)-1].Add(task))
	}
	for i := range queues {
		f := offer.FrameworkID(fmt.Sprintf("queue-%03d", i))
		p.wait[f] = 0
		require.NoError(b, a.AddFramework(0, offer.FrameworkSpec{ID: f, Roles: []role.Name{role.Name(f)}}))
	}
	for i := range nodes {
		id := offer.AgentID(fmt.Sprintf("node-%05d", i))
		require.NoError(b, a.AddAgent(0, offer.AgentSpec{ID: id, Total: p.bunch[perNode]}))
	}
	return p
}

// round places every task once and ends it.
func (p *placements) round(b *testing.B) {
	each := p.tasks / len(p.wait)
	for f := range p.wait {
		p.wait[f] = each
	}
	for left := p.tasks; left > 0; {
		p.batch.Reset()
		p.now = p.now.Add(time.Millisecond)
		p.Poll(p.now, &p.batch)
		if len(p.batch.Offers) == 0 {
			b.Fatalf("nothing is offered, %d tasks wait", left)
		}
		for i := range p.batch.Offers {
			left -= p.answer(b, &p.batch.Offers[i])
		}
	}
	one := p.bunch[1]
	for _, r := range p.run {
		for range r.tasks {
			if err := p.Release(p.now, r.at, one); err != nil {
				b.Fatal(err)
			}
		}
	}
	p.run = p.run[:0]
}

// answer accepts an offer with as many tasks as fit, or declines it where none waits.
func (p *placements) answer(b *testing.B, o *offer.Offer) int {
	n := min(p.wait[o.Framework], fits(o.Resources))
	if n == 0 {
		if err := p.Decline(p.now, offer.Filter{}, o.ID); err != nil {
			b.Fatal(err)
		}
		return 0
	}
	at, err := p.Accept(p.now, []offer.OfferID{o.ID}, nil, p.bunch[n], offer.Filter{})
	if err != nil {
		b.Fatal(err)
	}
	p.run = append(p.run, running{at, n})
	p.wait[o.Framework] -= n
	return n
}

// fits counts the tasks of one cpu that there is room for; memory is in proportion.
func fits(r resource.Resources) int {
	q := r.ScalarQuantities()
	return int(min(q.Get("cpus")/resource.Whole(1), q.Get("mem")/resource.Whole(2048)))
}
