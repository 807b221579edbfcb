package master_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// docs/protocol.md §1 ids count from the master's, which comes from the entropy; zero entropy is refused.
func TestIdsComeFromEntropy(t *testing.T) {
	_, err := master.New(master.Config{})
	require.ErrorIs(t, err, master.ErrConfig)

	r := newRig(t)
	id := string(r.m.Info().ID)
	require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, id)
	require.EqualValues(t, id+"-S0", r.agent("a0", "cpus:1;mem:64"))
	require.EqualValues(t, id+"-S1", r.agent("a1", "cpus:1;mem:64"))
	require.EqualValues(t, id+"-0000", r.scheduler("s", info("web")))
	require.Regexp(t, `^`+id+`-O[0-9]+$`, r.offers(r.m.Frameworks()[0].Info.ID)[0].ID)

	other := newRig(t, func(c *master.Config) { c.Entropy[0]++ })
	require.NotEqual(t, id, string(other.m.Info().ID))
}

// docs/protocol.md §1 ids that others brought along, of this master's form, are nobody else's: an agent's whether it is here or
// on its way, a framework's also when it has ended.
func TestIdsThatWereBroughtAlong(t *testing.T) {
	r := newRig(t)
	id := string(r.m.Info().ID)
	bring := func(name, agent string) {
		r.up(name)
		info := registration(name, "cpus:1").Info
		info.ID = offer.AgentID(agent)
		r.say(name, msg.ReregisterAgent{Info: info, Total: info.Resources})
	}
	bring("b0", id+"-S0")
	r.hold()
	bring("b1", id+"-S1")
	r.up("a")
	r.say("a", registration("a", "cpus:1"))
	r.releaseAll()
	require.EqualValues(t, id+"-S2", last[msg.AgentRegistered](r, "a").Agent)

	for _, f := range []offer.FrameworkID{"-0000", "-0001"} {
		i := info("web")
		i.ID = offer.FrameworkID(id) + f
		r.scheduler(string(f), i)
	}
	r.say("-0001", msg.Teardown{})
	require.EqualValues(t, id+"-0002", r.scheduler("s", info("web")))
}

// docs/protocol.md §4.3 a duplicate request from the same connected agent gets the same answer again, same id.
func TestRegisterTwiceIsTheSameAgent(t *testing.T) {
	r := newRig(t)
	id := r.agent("a", "cpus:1;mem:64")
	r.took("a")
	r.say("a", registration("a", "cpus:1;mem:64"))
	require.Equal(t, []msg.Message{msg.AgentRegistered{Agent: id, PingTimeout: 75 * time.Second}}, r.took("a"))
	require.Len(t, r.m.Agents(), 1)
}

// docs/protocol.md §4.3 same address but the earlier record is disconnected: the old record is removed, new id given.
func TestRegisterAtAnOldAddressReplaces(t *testing.T) {
	r := newRig(t)
	old := r.agent("a", "cpus:4;mem:1024")
	f := r.scheduler("s", info("web"))
	r.launch("s", r.offer(f), task("t", old, "cpus:1;mem:32"))
	r.down("a")
	r.took("s")

	id := r.agent("a", "cpus:4;mem:1024")
	require.NotEqual(t, old, id)
	require.Len(t, r.m.Agents(), 1)
	u := last[msg.Update](r, "s").Status
	require.Equal(t, msg.TaskLost, u.State) // for good, so even for a partition-aware framework
	require.Equal(t, msg.ReasonAgentRemoved, u.Reason)
	require.Equal(t, old, last[msg.Failure](r, "s").Agent)
}

// docs/protocol.md §18.1 over the bound on agents registration is refused and nothing else is disturbed.
func TestAgentsAreBounded(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.Agents = 1 })
	r.agent("a", "cpus:1;mem:64")
	r.up("b")
	require.ErrorIs(t, r.try("b", registration("b", "cpus:1;mem:64")), master.ErrBound)
	require.Len(t, r.m.Agents(), 1)
	require.Empty(t, r.took("b"))
	r.agent("a", "cpus:2;mem:64") // a new process in the place of the old one
	require.Len(t, r.m.Agents(), 1)
}

// docs/protocol.md §18.1 what an agent says of itself is bounded, and so are links.
func TestRegistrationIsBounded(t *testing.T) {
	r := newRig(t, func(c *master.Config) {
		c.Bounds.Attributes, c.Bounds.Resources, c.Bounds.Text, c.Bounds.Links = 1, 2, 20, 2
	})
	r.up("a")
	for name, change := range map[string]func(*msg.RegisterAgent){
		"attributes": func(b *msg.RegisterAgent) {
			at, err := resource.ParseAttributes("rack:1;zone:2")
			require.NoError(t, err)
			b.Info.Attributes = at
		},
		"resources": func(b *msg.RegisterAgent) { b.Info.Resources = resource.MustParse("cpus:1;mem:1;disk:1") },
		"total":     func(b *msg.RegisterAgent) { b.Total = resource.MustParse("cpus:1;mem:1;disk:1") },
		"hostname":  func(b *msg.RegisterAgent) { b.Info.Hostname = "a-name-of-more-than-twenty-bytes" },
	} {
		b := registration("a", "cpus:1;mem:64")
		change(&b)
		require.ErrorIs(t, r.try("a", b), master.ErrBound, name)
	}
	require.Empty(t, r.m.Agents())
	r.up("b")
	var over master.Ready
	require.ErrorIs(t, r.m.Step(r.now, msg.LinkUp{Link: 77, Peer: "c"}), master.ErrBound)
	require.True(t, r.m.Ready(&over))
	require.Equal(t, []msg.Link{77}, over.Closes)
	require.ErrorIs(t, r.step(msg.Envelope{Link: 77, Body: msg.Pong{}}), master.ErrLink)
}

// docs/protocol.md §2 messages of agents that are not registered are dropped.
func TestStrangersAreRefused(t *testing.T) {
	r := newRig(t)
	r.up("x")
	require.ErrorIs(t, r.try("x", msg.Pong{}), master.ErrNotRegistered)
	require.ErrorIs(t, r.try("x", msg.Revive{}), master.ErrNotSubscribed)
	require.ErrorIs(t, r.try("x", msg.AgentRegistered{}), master.ErrInput)
	require.ErrorIs(t, r.step(msg.Envelope{Link: 99, Body: msg.Pong{}}), master.ErrLink)
	require.ErrorIs(t, r.step(msg.LinkUp{Link: 1, Peer: "y"}), master.ErrLink)
	require.ErrorIs(t, r.step(msg.LinkUp{Link: 98}), master.ErrLink, "the zero address is nobody")
	require.ErrorIs(t, r.step(msg.LinkDown{Link: 99}), master.ErrLink)
	require.ErrorIs(t, r.step(msg.StopAgent{}), master.ErrInput)
	require.ErrorIs(t, r.step(nil), master.ErrInput)
}

// docs/protocol.md §4.5 an unanswered ping, five times at 15 s, makes an agent unreachable; a pong begins the count anew.
func TestPings(t *testing.T) {
	r := newRig(t)
	id := r.agent("a", "cpus:1;mem:64")
	require.Equal(t, msg.Ping{Connected: true}, last[msg.Ping](r, "a"))
	r.advance(74 * time.Second)
	require.Len(t, all[msg.Ping](r, "a"), 5)
	r.say("a", msg.Pong{})
	r.advance(75 * time.Second) // at 75, 90, 105, 120, 135 s one more is out
	require.Len(t, r.m.Agents(), 1)
	r.advance(time.Second)
	require.Empty(t, r.m.Agents())
	require.Equal(t, id, r.m.UnreachableAgents()[0])
	require.Equal(t, []string{"a"}, r.closed)
}

// docs/protocol.md §19 a clock that jumps, or a host that slept, loses no agent: only pings that were sent count.
func TestALateStepCountsOnePing(t *testing.T) {
	r := newRig(t)
	r.agent("a", "cpus:1;mem:64")
	r.now = r.now.Add(time.Hour)
	require.NoError(t, r.step(msg.Tick{}))
	require.Len(t, r.m.Agents(), 1)
	r.advance(59 * time.Second)
	require.Len(t, r.m.Agents(), 1)
	r.advance(time.Second)
	require.Empty(t, r.m.Agents())
}

// docs/protocol.md §4.5 an agent whose link breaks is disconnected: its offers are rescinded, tasks of frameworks that do
// not checkpoint are lost, also for partition-aware ones, and their executors are dropped.
func TestAgentLinkBreaks(t *testing.T) {
	r := newRig(t)
	a := r.agent("a", "cpus:4;mem:1024")
	plain := info("web")
	plain.Checkpoint = false
	f, g := r.scheduler("f", plain), r.scheduler("g", info("db"))
	r.shareOut(a, "f", f, "g", g)
	r.down("a")

	u := last[msg.Update](r, "f").Status
	require.Equal(t, msg.TaskLost, u.State)
	require.Equal(t, msg.ReasonAgentDisconnected, u.Reason)
	require.True(t, u.UUID.IsZero())
	require.Empty(t, all[msg.Update](r, "g"))
	require.Equal(t, res("cpus:1.1;mem:64"), r.used(a)) // g's task and executor
	require.False(t, r.m.Agents()[0].Connected)
	require.Empty(t, r.offers(f))
	require.Empty(t, r.offers(g))
}

// docs/protocol.md §4.5, §8 agent link breaks: a task that is over is not lost with it, whatever its framework checkpoints.
func TestAgentLinkBreaksAfterATasksEnd(t *testing.T) {
	plain := info("web")
	plain.Checkpoint = false
	r, _, f := running(t, plain)
	r.say("a", status(f, "t", msg.TaskFinished, 1))
	r.took("s")
	r.down("a")
	require.Empty(t, r.states("s"))
	require.Equal(t, msg.TaskFinished, r.completed(f, "t").State)
}

// shareOut launches a task t under an executor x for each of two frameworks on one agent.
func (r *rig) shareOut(a agentID, name1 string, f1 frameworkID, name2 string, f2 frameworkID) {
	r.t.Helper()
	for range 20 {
		r.settle()
		for _, o := range r.m.Snapshot().Offers {
			name := map[frameworkID]string{f1: name1, f2: name2}[o.Framework]
			if _, has := r.task(o.Framework, "t"); has {
				r.say(name, msg.Decline{Offers: []msg.OfferID{o.ID}, Filters: msg.Filters{Refuse: time.Second}})
				continue
			}
			r.launch(name, o, custom("t", a, "cpus:1;mem:32", "x", "cpus:0.1;mem:32"))
		}
		if len(r.m.Tasks()) == 2 {
			return
		}
	}
	require.Fail(r.t, "the two frameworks did not get a task each")
}

// docs/protocol.md §4.5 mark unreachable: tasks UNREACHABLE / LOST with AGENT_REMOVED, no uuid, resources free, FAILURE
// to every connected framework.
func TestAgentUnreachable(t *testing.T) {
	r := newRig(t)
	a := r.agent("a", "cpus:4;mem:1024")
	old := info("web")
	old.Capabilities.PartitionAware = false
	f, g := r.scheduler("f", old), r.scheduler("g", info("db"))
	r.shareOut(a, "f", f, "g", g)
	r.down("a")
	r.advance(75 * time.Second)

	lost, gone := last[msg.Update](r, "f").Status, last[msg.Update](r, "g").Status
	require.Equal(t, msg.TaskLost, lost.State)
	require.Equal(t, msg.TaskUnreachable, gone.State)
	for _, u := range []msg.TaskStatus{lost, gone} {
		require.Equal(t, msg.ReasonAgentRemoved, u.Reason)
		require.Equal(t, msg.SourceMaster, u.Source)
		require.True(t, u.UUID.IsZero())
		require.NotZero(t, u.UnreachableTime)
	}
	require.Equal(t, msg.Failure{Agent: a}, last[msg.Failure](r, "f"))
	require.Equal(t, msg.Failure{Agent: a}, last[msg.Failure](r, "g"))
	parked, ok := r.task(g, "t")
	require.True(t, ok)
	require.NotZero(t, parked.Unreachable)
}

// docs/protocol.md §4.5 a disconnected agent that answers no ping is unreachable after them; one that is not back in
// agent_reregister_timeout at the latest then.
func TestReregisterTimeout(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.ReregisterTimeout = 20 * time.Second })
	r.agent("a", "cpus:1;mem:64")
	r.down("a")
	r.advance(19 * time.Second)
	require.Len(t, r.m.Agents(), 1)
	r.advance(time.Second)
	require.Empty(t, r.m.Agents())
}

// docs/protocol.md §4.5 a clean goodbye: tasks are lost, FAILURE.
func TestUnregister(t *testing.T) {
	r := newRig(t)
	a := r.agent("a", "cpus:4;mem:1024")
	f := r.scheduler("f", info("web"))
	r.launch("f", r.offer(f), task("t", a, "cpus:1;mem:32"))
	require.ErrorIs(t, r.try("a", msg.UnregisterAgent{Agent: "else"}), master.ErrInvalid)
	r.say("a", msg.UnregisterAgent{Agent: a})
	require.Equal(t, msg.TaskLost, last[msg.Update](r, "f").Status.State)
	require.Equal(t, a, last[msg.Failure](r, "f").Agent)
	require.Empty(t, r.m.Agents())
	require.Empty(t, r.m.UnreachableAgents())
	require.Len(t, r.m.CompletedTasks(f), 1)
}

// docs/protocol.md §4.2 the agent's own total counts, after the operations that are on their way to it.
func TestUpdateAgent(t *testing.T) {
	r := newRig(t)
	a := r.agent("a", "cpus:4;mem:1024")
	r.say("a", msg.UpdateAgent{Total: resource.MustParse("cpus:8;mem:1024")})
	b, _ := r.m.Books(a)
	require.Equal(t, res("cpus:8;mem:1024"), b.Total.String())

	bad := resource.MustParse("cpus:1").Allocate("web")
	require.ErrorIs(t, r.try("a", msg.UpdateAgent{Total: bad}), master.ErrInvalid)
}

// docs/protocol.md §3.3 capabilities: without PARTITION_AWARE the newer states are LOST, without SHARED_RESOURCES and
// RESERVATION_REFINEMENT such resources are withheld.
func TestCapabilities(t *testing.T) {
	r := newRig(t)
	r.up("a")
	refined, err := dynamic("cpus:1", "web").PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "web/front"})
	require.NoError(t, err)
	plainPart := resource.MustParse("cpus:2;mem:1024")
	total := plainPart.Add(refined).Add(volume("v", 10, "web", true))
	r.say("a", msg.RegisterAgent{Info: msg.AgentInfo{Hostname: "h", Resources: plainPart}, Total: total})
	without := info("web/front")
	without.Capabilities = msg.Capabilities{}
	f := r.scheduler("f", without)
	o := r.offer(f)
	require.Equal(t, plainPart.String(), o.Resources.String())
	r.say("f", msg.Suppress{})
	r.say("f", msg.Decline{Offers: []msg.OfferID{o.ID}, Filters: msg.Filters{None: true}})
	require.Equal(t, total.String(), r.offer(r.scheduler("g", info("web/front"))).Resources.String())

	r.say("f", msg.Accept{Offers: []msg.OfferID{"x"}, Operations: []msg.Operation{msg.Launch(task("t", "a", "cpus:1"))}})
	require.Equal(t, []string{"t TASK_LOST INVALID_OFFERS"}, r.states("f"))
}

// docs/protocol.md §3 the states of a framework; a recovered one is never active.
func TestFrameworkStates(t *testing.T) {
	r := newRig(t)
	i := info("web")
	i.ID = "old"
	state := func() master.FrameworkState { return r.m.Frameworks()[0].State }
	r.up("a")
	total := resource.MustParse("cpus:4;mem:1024")
	r.say("a", msg.ReregisterAgent{Info: msg.AgentInfo{ID: "S"}, Total: total, Frameworks: []msg.FrameworkInfo{i}})
	require.Equal(t, master.FrameworkRecovered, state())
	require.Empty(t, r.offers("old"))
	require.NotEmpty(t, r.m.Explain("old", "web", "S").Reason)
	r.scheduler("s", i)
	require.Equal(t, master.FrameworkConnected, state())
	require.Len(t, r.offers("old"), 1)
	r.down("s")
	require.Equal(t, master.FrameworkDisconnected, state())
	require.NoError(t, r.operate(msg.TeardownFramework{Framework: "old"}))
	require.Equal(t, master.FrameworkCompleted, r.m.CompletedFrameworks()[0].State)
}

// docs/protocol.md §18 settings out of range are refused, and so are rules that never rescind.
func TestConfig(t *testing.T) {
	for name, change := range map[string]func(*master.Config){
		"ping below 1 s":     func(c *master.Config) { c.PingTimeout = time.Millisecond },
		"ping above 15 min":  func(c *master.Config) { c.PingTimeout = time.Hour },
		"negative heartbeat": func(c *master.Config) { c.HeartbeatInterval = -1 },
		"negative bound":     func(c *master.Config) { c.Bounds.Agents = -1 },
		"no rescinds": func(c *master.Config) {
			c.Allocator.Rules = offer.StrictDRF()
			c.Allocator.Rules.Rescind = false
		},
	} {
		c := master.Config{Entropy: [16]byte{1}}
		change(&c)
		_, err := master.New(c)
		require.ErrorIs(t, err, master.ErrConfig, name)
	}
}

// docs/protocol.md §4.5, §3.2 times that a configuration or a framework makes endless do not wrap: the agent is told to be
// patient for ever, and the framework stays.
func TestEndlessTimes(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.PingTimeout, c.MaxPings = time.Minute, math.MaxInt })
	r.now = 1
	r.up("a")
	r.say("a", registration("a", "cpus:4;mem:1024"))
	require.Equal(t, time.Duration(math.MaxInt64), last[msg.AgentRegistered](r, "a").PingTimeout)
	i := info("web")
	i.FailoverTimeout = math.MaxInt64
	r.scheduler("s", i)
	r.down("s")
	r.settle()
	require.Equal(t, master.FrameworkDisconnected, r.m.Frameworks()[0].State)
}

// docs/http-v1.md §9.1 the row of an agent tells when it registered and re-registered, and what it is capable of.
func TestRowOfAnAgent(t *testing.T) {
	r := newRig(t)
	id := r.agent("a", "cpus:1;mem:32")
	first := r.now
	row := r.m.Agents()[0]
	require.Equal(t, first, row.Registered)
	require.Zero(t, row.Reregistered)
	require.Zero(t, row.Capabilities)
	r.advance(time.Minute)
	r.down("a")
	r.up("a")
	able := msg.AgentCapabilities{ResourceProvider: true, OperationFeedback: true}
	r.say("a", r.report(id, func(b *msg.ReregisterAgent) { b.Capabilities = able }))
	row = r.m.Agents()[0]
	require.Equal(t, []offer.Time{first, r.now}, []offer.Time{row.Registered, row.Reregistered})
	require.Equal(t, able, row.Capabilities)

	next := r.successor()
	next.up("a")
	next.advance(time.Second)
	next.say("a", r.report(id))
	row = next.m.Agents()[0]
	require.Equal(t, []offer.Time{next.now, next.now}, []offer.Time{row.Registered, row.Reregistered})
}
