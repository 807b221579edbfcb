package master_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// docs/protocol.md §3.1 no id: make one, SUBSCRIBED, HEARTBEAT at once and every 15 s.
func TestSubscribeNew(t *testing.T) {
	r := newRig(t)
	id := r.scheduler("s", info("web"))
	want := msg.Subscribed{Framework: id, HeartbeatInterval: 15 * time.Second, Master: r.m.Info()}
	require.Equal(t, []msg.Message{want, msg.Heartbeat{}}, r.took("s"))
	r.advance(30 * time.Second)
	require.Equal(t, []msg.Message{msg.Heartbeat{}, msg.Heartbeat{}}, r.took("s"))
}

// docs/protocol.md §3.1 checks whose failure is answered on the stream by one ERROR event, then close.
func TestSubscribeRefused(t *testing.T) {
	for name, change := range map[string]func(*msg.Subscribe){
		"roles twice":          func(s *msg.Subscribe) { s.Framework.Roles = []role.Name{"a", "a"} },
		"role illegal":         func(s *msg.Subscribe) { s.Framework.Roles = []role.Name{"a//b"} },
		"id syntax":            func(s *msg.Subscribe) { s.Framework.ID = "a/b" },
		"timeout negative":     func(s *msg.Subscribe) { s.Framework.FailoverTimeout = -1 },
		"suppressed not held":  func(s *msg.Subscribe) { s.Suppressed = []role.Name{"x"} },
		"minimum for not held": func(s *msg.Subscribe) { s.Framework.MinAllocatable = minimum("x") },
		"constraint for not held": func(s *msg.Subscribe) {
			s.Framework.Constraints = offer.Constraints{"x": {{Attributes: []offer.Constraint{{Name: "rack", Is: offer.Exists}}}}}
		},
		"constraint without a group": func(s *msg.Subscribe) { s.Framework.Constraints = offer.Constraints{"web": {}} },
		"constraint of a bad pattern": func(s *msg.Subscribe) {
			s.Framework.Constraints = offer.Constraints{"web": {{Attributes: []offer.Constraint{{Name: "rack", Is: offer.Matches, Value: "("}}}}}
		},
		"another principal": func(s *msg.Subscribe) { s.Framework.Principal = "eve" },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.upAs("s", "alice")
			s := msg.Subscribe{Framework: info("web")}
			s.Framework.Principal = "alice"
			change(&s)
			require.Error(t, r.try("s", s))
			require.Equal(t, []string{"Error"}, kinds(r.inbox["s"]))
			require.Equal(t, []string{"s"}, r.closed)
			require.Empty(t, r.m.Frameworks())
		})
	}
}

// docs/allocation.md §3.4 a framework is offered only agents that meet its constraints for the role; an update replaces them
// for offers to come, docs/protocol.md §3.2.
func TestConstraintsOfFrameworks(t *testing.T) {
	r := newRig(t)
	for name, rack := range map[string]string{"a": "rack:one", "b": "rack:two"} {
		reg := registration(name, "cpus:4;mem:1024")
		attrs, err := resource.ParseAttributes(rack)
		require.NoError(t, err)
		reg.Info.Attributes = attrs
		r.up(name)
		r.say(name, reg)
	}
	only := func(rack string) msg.FrameworkInfo {
		i := info("web")
		i.Constraints = offer.Constraints{"web": {{Attributes: []offer.Constraint{{Name: "rack", Is: offer.Equals, Value: rack}}}}}
		return i
	}
	f := r.scheduler("s", only("one"))
	r.settle()
	held := r.offers(f)
	require.Len(t, held, 1)
	rack, _ := held[0].Attributes.First("rack")
	require.Equal(t, "one", rack.Text)

	again := only("two")
	again.ID = f
	r.say("s", msg.UpdateFramework{Framework: again})
	r.settle()
	require.Len(t, r.offers(f), 2, "what is offered stays, the other agent comes")
	bad := only("two")
	bad.ID, bad.Constraints = f, offer.Constraints{"web": nil}
	require.ErrorIs(t, r.try("s", msg.UpdateFramework{Framework: bad}), offer.ErrConstraint)
}

// docs/protocol.md §4.4 case 1: an agent that comes back under another hostname is judged by that.
func TestConstraintsKnowTheNewHostname(t *testing.T) {
	r := newRig(t)
	id := r.agent("a", "cpus:4;mem:1024")
	i := info("web")
	i.Constraints = offer.Constraints{"web": {{Attributes: []offer.Constraint{{By: offer.ByHostname, Is: offer.Equals, Value: "moved.example"}}}}}
	f := r.scheduler("s", i)
	r.settle()
	require.Empty(t, r.offers(f))
	r.down("a")
	r.up("a")
	r.say("a", r.report(id, func(b *msg.ReregisterAgent) { b.Info.Hostname = "moved.example" }))
	r.settle()
	require.Equal(t, "moved.example", r.offer(f).Hostname)
}

// docs/protocol.md §4.4 case 1: and one with other attributes by those.
func TestConstraintsKnowTheNewAttributes(t *testing.T) {
	r := newRig(t)
	id := r.agent("a", "cpus:4;mem:1024")
	i := info("web")
	i.Constraints = offer.Constraints{"web": {{Attributes: []offer.Constraint{{Name: "rack", Is: offer.Equals, Value: "one"}}}}}
	f := r.scheduler("s", i)
	require.Empty(t, r.offers(f))
	r.up("a")
	r.say("a", r.report(id, func(b *msg.ReregisterAgent) { b.Info.Attributes, _ = resource.ParseAttributes("rack:one") }))
	require.Len(t, r.offers(f), 1)
}

// docs/protocol.md §3.1 id of a known framework, old stream alive: ERROR on the old stream and close it, drop its offers
// silently, bind the new one.
func TestSubscribeFailsOver(t *testing.T) {
	r := newRig(t)
	r.agent("a", "cpus:4;mem:1024")
	f := r.scheduler("s", info("web"))
	stale := r.offer(f)
	r.took("s")

	again := info("web")
	again.ID = f
	r.up("s2")
	r.say("s2", msg.Subscribe{Framework: again})
	require.Equal(t, []msg.Message{msg.Error{Message: "Framework failed over"}}, r.took("s"))
	require.Equal(t, []string{"s"}, r.closed)
	require.Equal(t, []string{"Subscribed", "Heartbeat"}, kinds(r.took("s2"))[:2])
	require.NotEqual(t, stale.ID, r.offer(f).ID)
	require.Empty(t, all[msg.Rescind](r, "s2"))
	require.Equal(t, master.FrameworkConnected, r.m.Frameworks()[0].State)
	require.Equal(t, msg.Node("s2"), r.m.Frameworks()[0].Node)
}

// docs/protocol.md §3.1 a repeat on the stream that carries the framework may be refused as well: ERROR, close, and the framework
// is disconnected with that.
func TestRefusedRepeatDisconnects(t *testing.T) {
	r := newRig(t)
	r.agent("a", "cpus:4;mem:1024")
	f := r.scheduler("s", info("web"))
	r.offer(f)
	require.ErrorIs(t, r.try("s", msg.Subscribe{Framework: info("web"), Suppressed: []role.Name{"db"}}), master.ErrInvalid)
	require.NotEmpty(t, all[msg.Error](r, "s"))
	require.Equal(t, []string{"s"}, r.closed)
	require.Equal(t, master.FrameworkDisconnected, r.m.Frameworks()[0].State)
	require.Empty(t, r.offers(f))
	r.advance(time.Minute)
	require.Empty(t, r.m.Frameworks())
}

// docs/protocol.md §3.2 a framework's end costs what it has, not what all others have: the books of agents where it has nothing
// are not looked through.
func TestTeardownOfAnIdleFrameworkIsCheap(t *testing.T) {
	cost := func(tasks int) uint64 {
		r, a, _, o := cluster(t, "cpus:4;mem:1024", info("web"))
		var list []msg.TaskInfo
		for n := range tasks {
			list = append(list, task(msg.TaskID(fmt.Sprint(n)), a, "cpus:0.001"))
		}
		r.launch("s", o, list...)
		require.Len(t, r.m.Tasks(), tasks)
		r.scheduler("idle", info("web"))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		require.NoError(t, r.m.Step(r.now, msg.Envelope{Link: r.links["idle"], Body: msg.Teardown{}}))
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	few, many := cost(10), cost(3000)
	require.Less(t, many, few+50_000, "bytes per teardown: %d beside 10 tasks, %d beside 3,000", few, many)
}

// docs/protocol.md §19 duplicate subscribe is idempotent: the same stream gets its answer again, offers stay.
func TestSubscribeTwiceOnOneStream(t *testing.T) {
	r := newRig(t)
	r.agent("a", "cpus:4;mem:1024")
	f := r.scheduler("s", info("web"))
	o := r.offer(f)
	r.took("s")
	r.say("s", msg.Subscribe{Framework: info("web")}) // it does not know its id yet
	require.Equal(t, f, last[msg.Subscribed](r, "s").Framework)
	require.Equal(t, o.ID, r.offer(f).ID)
	require.Empty(t, r.closed)

	other := info("web")
	other.ID = "someone-else"
	require.ErrorIs(t, r.try("s", msg.Subscribe{Framework: other}), master.ErrTaken)
}

// docs/protocol.md §3.1 id of a known framework, disconnected: as above without the ERROR; stops the fail-over timer.
// §3.2 stream closed: all its offers are taken back.
func TestSubscribeReconnects(t *testing.T) {
	r := newRig(t)
	r.agent("a", "cpus:4;mem:1024")
	f := r.scheduler("s", info("web"))
	r.offer(f)
	r.down("s")
	require.Equal(t, master.FrameworkDisconnected, r.m.Frameworks()[0].State)
	require.Empty(t, r.offers(f))
	r.advance(30 * time.Second)

	again := info("web")
	again.ID = f
	r.up("s")
	r.took("s")
	r.say("s", msg.Subscribe{Framework: again})
	require.Equal(t, []string{"Subscribed", "Heartbeat"}, kinds(r.took("s"))[:2])
	r.advance(10 * time.Minute)
	require.Len(t, r.m.Frameworks(), 1)
}

// docs/protocol.md §3.2 when the fail-over timer fires the framework is removed; a later SUBSCRIBE with that id gives
// ERROR. A timeout of 0 removes at once.
func TestFailoverTimeout(t *testing.T) {
	for name, timeout := range map[string]time.Duration{"none": 0, "a minute": time.Minute} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			i := info("web")
			i.FailoverTimeout = timeout
			a := r.agent("a", "cpus:4;mem:1024")
			f := r.scheduler("s", i)
			r.launch("s", r.offer(f), task("t", a, "cpus:1;mem:32"))
			r.down("s")
			if timeout > 0 {
				r.say("a", msg.Pong{})
				r.advance(timeout - 1)
				require.Len(t, r.m.Frameworks(), 1)
				r.advance(1)
			}
			require.Empty(t, r.m.Frameworks())
			require.Equal(t, msg.ShutdownFramework{Framework: f}, last[msg.ShutdownFramework](r, "a"))
			require.Equal(t, res(""), r.used(a))
			done := r.m.CompletedTasks(f)
			require.Len(t, done, 1)
			require.Equal(t, msg.TaskKilled, done[0].State)
			require.Equal(t, msg.ReasonFrameworkRemoved, done[0].Forwarded.Reason)

			i.ID = f
			r.up("s")
			require.ErrorIs(t, r.try("s", msg.Subscribe{Framework: i}), master.ErrInvalid)
			require.Contains(t, last[msg.Error](r, "s").Message, "Framework has been removed")
		})
	}
}

// docs/protocol.md §3.2 a fail-over timeout beyond the end of time is a long one.
func TestEndlessFailoverTimeout(t *testing.T) {
	r := newRig(t)
	r.now = offer.Time(1 << 62)
	i := info("web")
	i.FailoverTimeout = 1<<63 - 1
	r.scheduler("s", i)
	r.down("s")
	r.now += offer.Time(24 * time.Hour)
	require.NoError(t, r.step(msg.Tick{}))
	require.Len(t, r.m.Frameworks(), 1)
}

// docs/protocol.md §3.2 a "closed" notice of an older stream that arrives after a new SUBSCRIBE is ignored.
func TestLateEndOfAnOldStream(t *testing.T) {
	r := newRig(t)
	f := r.scheduler("s", info("web"))
	again := info("web")
	again.ID = f
	old := r.links["s"]
	r.up("s")
	// The machine hangs the old link up; its end arrives as the last thing of this step.
	r.say("s", msg.Subscribe{Framework: again})
	require.ErrorIs(t, r.step(msg.LinkDown{Link: old}), master.ErrLink)
	require.Equal(t, master.FrameworkConnected, r.m.Frameworks()[0].State)
}

// docs/protocol.md §3.1 id unknown to this master: accepted with the supplied id.
func TestSubscribeWithAForeignID(t *testing.T) {
	r := newRig(t)
	i := info("web")
	i.ID = "other-master-0003"
	require.EqualValues(t, "other-master-0003", r.scheduler("s", i))
}

// docs/protocol.md §3.1 after any re-subscription: changed info is applied, changes of user and checkpoint are ignored,
// offers of roles no longer held are rescinded, agents are told.
func TestResubscribeChangesInfo(t *testing.T) {
	r := newRig(t)
	r.agent("a", "cpus:4;mem:1024")
	f := r.scheduler("s", info("web"))
	r.offer(f)
	r.took("a")
	i := info("db")
	i.ID, i.Name, i.User, i.Checkpoint = f, "renamed", "root", false
	r.say("s", msg.Subscribe{Framework: i})
	r.settle()
	require.Len(t, all[msg.Rescind](r, "s"), 1)
	got := r.m.Frameworks()[0].Info
	require.Equal(t, "renamed", got.Name)
	require.Empty(t, got.User)
	require.True(t, got.Checkpoint)
	require.Equal(t, got, last[msg.FrameworkUpdated](r, "a").Framework)
	require.Equal(t, role.Name("db"), r.offer(f).Role)
}

// docs/protocol.md §3.1 the principal of a known framework cannot change.
func TestPrincipalStays(t *testing.T) {
	r := newRig(t)
	i := info("web")
	i.Principal = "alice"
	i.ID = r.scheduler("s", i)
	i.Principal = "eve"
	r.up("s2")
	require.ErrorIs(t, r.try("s2", msg.Subscribe{Framework: i}), master.ErrInvalid)
	require.Equal(t, "alice", r.m.Frameworks()[0].Info.Principal)
	require.Equal(t, master.FrameworkConnected, r.m.Frameworks()[0].State)
}

// docs/protocol.md §3.2 UPDATE_FRAMEWORK changes info and roles; user, checkpoint, principal and id cannot change.
func TestUpdateFramework(t *testing.T) {
	r := newRig(t)
	r.agent("a", "cpus:4;mem:1024")
	i := info("web")
	i.ID = r.scheduler("s", i)
	for name, change := range map[string]func(*msg.FrameworkInfo){
		"user":       func(i *msg.FrameworkInfo) { i.User = "x" },
		"checkpoint": func(i *msg.FrameworkInfo) { i.Checkpoint = false },
		"principal":  func(i *msg.FrameworkInfo) { i.Principal = "x" },
		"id":         func(i *msg.FrameworkInfo) { i.ID = "x" },
	} {
		bad := i
		change(&bad)
		require.ErrorIs(t, r.try("s", msg.UpdateFramework{Framework: bad}), master.ErrInvalid, name)
	}
	i.Roles = []role.Name{"db", "web"}
	r.say("s", msg.UpdateFramework{Framework: i, Suppressed: []role.Name{"db"}})
	require.Equal(t, i, last[msg.FrameworkUpdated](r, "a").Framework)
	require.Equal(t, i, r.m.Frameworks()[0].Info)
	o := r.offer(i.ID)
	require.Equal(t, role.Name("web"), o.Role)
	r.say("s", accept(nil, o))
	require.Empty(t, r.offers(i.ID))
	r.say("s", msg.UpdateFramework{Framework: i}) // without a list nothing is suppressed
	require.Equal(t, role.Name("db"), r.offer(i.ID).Role)
}

// docs/protocol.md §3.2 TEARDOWN: ShutdownFramework to all agents, tasks killed in the records only, the stream is closed.
func TestTeardown(t *testing.T) {
	for name, tear := range map[string]func(r *rig, f offer.FrameworkID){
		"scheduler": func(r *rig, _ offer.FrameworkID) { r.say("s", msg.Teardown{}) },
		"operator": func(r *rig, f offer.FrameworkID) {
			require.NoError(r.t, r.operate(msg.TeardownFramework{Framework: f}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			a := r.agent("a", "cpus:4;mem:1024")
			f := r.scheduler("s", info("web"))
			r.launch("s", r.offer(f), custom("t", a, "cpus:1;mem:32", "x", "cpus:1;mem:32"))
			r.took("s")
			tear(r, f)
			require.Empty(t, r.took("s"))
			require.Equal(t, []string{"s"}, r.closed)
			require.Equal(t, res(""), r.used(a))
			require.Empty(t, r.m.Snapshot().Executors)
			require.Equal(t, master.FrameworkCompleted, r.m.CompletedFrameworks()[0].State)
			require.Error(t, r.operate(msg.TeardownFramework{Framework: f}))
		})
	}
}

// docs/protocol.md §18 the ring of completed frameworks is bounded; what fell out may subscribe again.
func TestCompletedFrameworksAreBounded(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.CompletedFrameworks = 2 })
	var ids []offer.FrameworkID
	for range 3 {
		ids = append(ids, r.scheduler("s", info("web")))
		r.say("s", msg.Teardown{})
	}
	left := r.m.CompletedFrameworks()
	require.Len(t, left, 2)
	require.Equal(t, ids[1], left[0].Info.ID)
	i := info("web")
	i.ID = ids[0]
	require.Equal(t, ids[0], r.scheduler("s", i))
}

// docs/protocol.md §18.1 frameworks and roles are bounded; what is over the bound gets an ERROR.
func TestFrameworksAndRolesAreBounded(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.Frameworks, c.Bounds.Roles = 2, 3 })
	r.scheduler("s1", info("a", "b"))
	r.up("s2")
	require.ErrorIs(t, r.try("s2", msg.Subscribe{Framework: info("c", "d")}), master.ErrBound)
	r.scheduler("s3", info("b", "c"))
	r.up("s4")
	require.ErrorIs(t, r.try("s4", msg.Subscribe{Framework: info("a")}), master.ErrBound)
	require.Len(t, r.m.Frameworks(), 2)
}
