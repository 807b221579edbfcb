package simulate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/transport/host"
)

// broken runs a quiet plan with something broken on purpose, and returns what the run says of it.
func broken(t *testing.T, sabotage func(*world)) *Violation {
	t.Helper()
	p := NewPlan(Config{Seed: 3, Duration: 3 * time.Minute, Quiet: 4 * time.Minute, Work: 60, Faults: -1})
	require.Nil(t, p.Run(context.Background(), Options{}).Violation, "without it, all is well")
	v := p.Run(context.Background(), Options{sabotage: sabotage}).Violation
	require.NotNil(t, v, "nobody noticed")
	require.NotEmpty(t, v.Text)
	require.Contains(t, Invariants(), v.Invariant)
	return v
}

// find returns the invariant of a type.
func find[T invariant](w *world) T {
	for _, x := range w.watchers {
		if x, ok := x.(T); ok {
			return x
		}
	}
	panic("no such invariant")
}

// whenBusy calls f once, when some executor has a task that runs.
func whenBusy(w *world, f func(*player, msg.TaskInfo)) {
	w.c.After(time.Second, func() {
		for _, n := range slices.Sorted(maps.Keys(w.players)) {
			for _, id := range slices.Sorted(maps.Keys(w.players[n].running)) {
				f(w.players[n], w.players[n].running[id])
				return
			}
		}
		whenBusy(w, f)
	})
}

// A machine whose books are wrong is noticed at its next step.
//
// docs/protocol.md §19
func TestBooksBroken(t *testing.T) {
	v := broken(t, func(w *world) {
		steps := 0
		find[*books](w).check = func() error {
			if steps++; steps > 1000 {
				return errors.New("a coin is missing")
			}
			return w.c.CheckStepped()
		}
	})
	require.Equal(t, "books", v.Invariant)
	require.Equal(t, 1001, v.Step)
}

// A task that is launched twice is noticed.
//
// docs/protocol.md §7
func TestOnceBroken(t *testing.T) {
	v := broken(t, func(w *world) {
		whenBusy(w, func(p *player, i msg.TaskInfo) { p.LaunchTask(p.d, i) })
	})
	require.Equal(t, "task on two agents", v.Invariant)
}

// Resources that are used twice are noticed.
//
// docs/resource-model.md §6.6
func TestSpaceBroken(t *testing.T) {
	v := broken(t, func(w *world) {
		whenBusy(w, func(p *player, i msg.TaskInfo) {
			i.ID, i.Resources = "thief", w.hands[p.info.Agent]
			p.LaunchTask(p.d, i)
		})
	})
	require.Equal(t, "resource used twice", v.Invariant)
}

// An update that comes again after it was acknowledged is noticed.
//
// docs/protocol.md §9
func TestUpdatesBrokenByReturn(t *testing.T) {
	v := broken(t, func(w *world) {
		w.c.After(2*time.Minute, func() {
			u := find[*updates](w)
			w.c.Observe(func(o host.Observation) {
				if d, ok := o.What.(host.Delivered); ok {
					if s, ok := d.Body.(msg.StatusUpdate); ok {
						u.acked.add(ackedAt{d.From, s.Status.UUID}, w.c.Now())
					}
				}
			})
			w.c.Network().Stall("master-1", "framework-1")
			w.c.Network().Stall("master-1", "framework-2")
			w.c.Network().Stall("master-1", "framework-3")
		})
	})
	require.Equal(t, "status updates", v.Invariant)
	require.Contains(t, v.Text, "again, which was acknowledged")
}

// An update that nobody delivers is noticed in the end.
//
// docs/protocol.md §9
func TestUpdatesBrokenByLoss(t *testing.T) {
	v := broken(t, func(w *world) {
		w.c.After(w.plan.Duration+w.plan.Quiet-time.Second, func() {
			s := &stream{queue: []held{{state: msg.TaskRunning}}}
			find[*updates](w).streams["agent-1"] = map[taskKey]*stream{{w.tenants[0].id, "lost"}: s}
		})
	})
	require.Equal(t, "status updates", v.Invariant)
	require.Contains(t, v.Text, "is pending")
}

// An admission that is told before it is written down is noticed.
//
// docs/protocol.md §5
func TestDurableBroken(t *testing.T) {
	v := broken(t, func(w *world) {
		w.c.After(30*time.Second, func() {
			clear(w.store.data)
			w.c.Network().Break("agent-1", "master-1")
		})
	})
	require.Equal(t, "announced before it was durable", v.Invariant)
}

// An agent that is told as lost before that is written down is noticed, and an operator's call that is answered early.
//
// docs/protocol.md §4.5
func TestDurableBrokenByNews(t *testing.T) {
	w := newWorld(NewPlan(Config{Seed: 1, Work: -1, Faults: -1}), Options{})
	defer w.c.Close()
	w.begin()
	w.c.Advance(time.Minute)
	d, id := find[*durable](w), w.agentID("agent-1")
	require.NotEmpty(t, id)
	says := func(b msg.Message) error {
		return d.observe(host.Observation{What: host.Sent{Body: b}, Node: "master-1"})
	}
	status := msg.TaskStatus{Task: "t", Agent: id, Source: msg.SourceMaster, Reason: msg.ReasonAgentRemoved}
	require.ErrorContains(t, says(msg.Failure{Agent: id}), "written down as admitted")
	require.ErrorContains(t, says(msg.Update{Status: status}), "written down as admitted")
	status.Reason = msg.ReasonAgentRemovedByOperator
	require.ErrorContains(t, says(msg.Update{Status: status}), "not written down as gone")
	require.NoError(t, says(msg.Failure{Agent: id, Executor: "e"}))
	require.ErrorContains(t, d.answered(1, msg.MarkAgentGone{Agent: id}, nil), "not written down")
}

// An offer that takes a role over its limit is noticed.
//
// docs/allocation.md §2.4
func TestLimitsBroken(t *testing.T) {
	v := broken(t, func(w *world) {
		l := find[*limits](w)
		limit, err := resource.ParseLimits("cpus:0.05")
		require.NoError(t, err)
		w.c.After(time.Minute, func() {
			for _, f := range w.plan.Frameworks {
				for _, r := range f.Roles {
					l.set[r] = limit
				}
			}
		})
	})
	require.Equal(t, "quota limit passed", v.Invariant)
}

// An offer of what is reserved for others is noticed, and a task on it.
//
// docs/resource-model.md §3
func TestReservedBroken(t *testing.T) {
	x := &reserved{}
	r := resource.MustParse("cpus(batch):1")
	says := func(e master.Event) error { return x.observe(host.Observation{What: host.MasterEvent{Event: e}}) }
	require.ErrorContains(t, says(master.OfferMade{Offer: msg.Offer{ID: "O1", Role: "web", Resources: r}}), "offer O1 of role web")
	require.ErrorContains(t, says(master.TaskAdded{Task: &master.TaskReport{ID: "t", Role: "web", Resources: r}}), "task t of role web")
	require.NoError(t, says(master.OfferMade{Offer: msg.Offer{ID: "O1", Role: "batch/night", Resources: r}}))
}

// Links that pile up are noticed, while they do and in the end.
//
// docs/protocol.md §18.1
func TestBoundedBroken(t *testing.T) {
	v := broken(t, func(w *world) {
		w.c.After(time.Minute, func() {
			b := find[*bounded](w)
			for i := range maxLinks + 1 {
				w.judge(b, b.observe(host.Observation{Node: "master-1", What: host.LinkUp{Peer: "agent-1", Link: msg.Link(1000 + i)}}))
			}
		})
	})
	require.Equal(t, "something piles up", v.Invariant)
	v = broken(t, func(w *world) {
		b := find[*bounded](w)
		_ = b.observe(host.Observation{Node: "master-1", What: host.LinkUp{Peer: "agent-1", Link: 1000}})
	})
	require.Equal(t, "something piles up", v.Invariant)
	require.Contains(t, v.Text, "after everything came to rest")
}

// What is left of frameworks that ended is noticed.
//
// docs/protocol.md §3.2
func TestBoundedBrokenByLeftovers(t *testing.T) {
	v := broken(t, func(w *world) {
		w.c.After(w.plan.Duration+w.plan.Quiet+time.Millisecond, func() {
			w.c.Network().Mute("master-1", "agent-1")
			w.c.Network().Mute("master-1", "agent-2")
			w.c.Network().Mute("master-1", "agent-3")
		})
	})
	require.Equal(t, "something piles up", v.Invariant)
}

// A scheduler that believes otherwise than its master is noticed.
//
// docs/protocol.md §12
func TestAgreementBroken(t *testing.T) {
	v := broken(t, func(w *world) {
		w.c.After(w.plan.Duration+w.plan.Quiet-time.Second, func() {
			w.tenants[0].tasks["ghost"] = msg.TaskStatus{Task: "ghost", State: msg.TaskRunning, Agent: w.agentID("agent-1")}
		})
	})
	require.Equal(t, "tasks disagree", v.Invariant)
	require.Contains(t, v.Text, "ghost")
}

// A framework that gets nothing of what lies idle is noticed.
//
// docs/allocation.md §2
func TestHungryBroken(t *testing.T) {
	v := broken(t, func(w *world) {
		w.c.After(w.plan.Duration+w.plan.Quiet*3/4+time.Second, func() {
			w.calm = true
			for _, t := range w.tenants {
				t.wants = append(t.wants, want{size: resource.MustParse("mem:1")})
			}
		})
	})
	require.Equal(t, "resources lie idle", v.Invariant)
}

// Keys are remembered for their span, and not for ever.
//
// docs/protocol.md §18.1
func TestLately(t *testing.T) {
	l := newLately[int](10)
	for i := range 100 {
		l.add(i, offer.Time(20+i))
		for j := max(0, i-9); j <= i; j++ {
			require.True(t, l.has(j), "%d at %d", j, i)
		}
	}
	require.False(t, l.has(60))
	require.LessOrEqual(t, len(l.now)+len(l.old), 30)
}
