package master_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// successor leads with what another master's store holds; nobody is linked with it yet.
func (r *rig) successor(change ...func(*master.Config)) *rig {
	r.t.Helper()
	cfg := master.Config{Entropy: [16]byte{9}, Node: "standby"}
	for _, c := range change {
		c(&cfg)
	}
	return newRigAt(r.t, r.now, r.store, cfg, nil)
}

// stored is what the store holds.
func (r *rig) stored() (c registry.Contents) {
	r.t.Helper()
	_, err := r.store.Load(context.Background(), c.Add)
	require.NoError(r.t, err)
	return c
}

// silent checks that nobody was sent anything, and nothing was told of.
func (r *rig) silent() {
	r.t.Helper()
	require.Empty(r.t, r.inbox)
	require.Empty(r.t, r.events)
}

// forget drops what was sent and told so far.
func (r *rig) forget() { clear(r.inbox); r.events = nil }

// seed makes a store that holds records.
func seed(t tb, records ...registry.Record) *registry.Memory {
	t.Helper()
	var ops []registry.Op
	for _, r := range records {
		op, err := registry.Put(r)
		require.NoError(t, err)
		ops = append(ops, op)
	}
	s := registry.NewMemory()
	_, err := s.Commit(context.Background(), 0, ops)
	require.NoError(t, err)
	return s
}

// docs/protocol.md §5 order rule: an admission is durable before the agent, the allocator or anybody else knows of it.
func TestAdmissionIsNotAnnouncedBeforeItIsDurable(t *testing.T) {
	r := newRig(t)
	f := r.scheduler("s", info("web"))
	r.up("a")
	r.forget()
	r.hold()
	r.say("a", registration("a", "cpus:4;mem:1024"))
	r.silent()
	require.Empty(t, r.m.Agents())
	require.Empty(t, r.offers(f))
	require.Empty(t, r.stored().Agents)
	require.Len(t, r.commits, 1)

	r.took("s") // heartbeats
	r.release()
	id := last[msg.AgentRegistered](r, "a").Agent
	require.Equal(t, id, r.stored().Agents[0].Info.ID)
	require.Len(t, r.offers(f), 1)
}

// docs/protocol.md §5 order rule, §4.5: nobody hears that an agent is unreachable before that is durable. Until then it is as
// it was.
func TestUnreachableOnlyAfterTheCommit(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	r.launch("s", o, task("t", a, "cpus:1;mem:128"))
	r.say("a", status(f, "t", msg.TaskRunning, 1))
	r.hold()
	r.forget()
	r.advance(76 * time.Second)
	require.Len(t, r.commits, 1)
	require.Empty(t, r.states("s"))
	require.Empty(t, all[msg.Failure](r, "s"))
	require.Empty(t, r.m.UnreachableAgents())
	require.Len(t, r.m.Agents(), 1)
	since := offer.Time(75 * time.Second) // as the 5th ping went unanswered
	r.advance(10 * time.Second)           // the disk is slow
	r.release()
	require.Equal(t, []string{"t TASK_UNREACHABLE AGENT_REMOVED"}, r.states("s"))
	require.Equal(t, since, last[msg.Update](r, "s").Status.UnreachableTime, "when it was lost, not when that was written")
	require.Equal(t, a, last[msg.Failure](r, "s").Agent)
	require.Equal(t, []registry.Unreachable{{ID: a, Since: since}}, r.stored().Unreachable)
	require.Empty(t, r.stored().Agents)
}

// docs/protocol.md §4.2, §4.4: a re-registration while the agent is being marked unreachable is dropped; its retry brings it
// back.
func TestReregistrationWhileMarkingUnreachable(t *testing.T) {
	r, a, _, _ := cluster(t, "cpus:4;mem:1024", info("web"))
	back := r.report(a)
	r.down("a")
	r.hold()
	r.advance(76 * time.Second)
	require.Len(t, r.commits, 1)
	r.up("a")
	require.ErrorIs(t, r.try("a", back), master.ErrBusy)
	require.ErrorIs(t, r.try("a", registration("a", "cpus:1")), master.ErrBusy, "as a new one at that address: no better")
	require.Empty(t, r.took("a"))
	r.releaseAll()
	require.Equal(t, []agentID{a}, r.m.UnreachableAgents())
	r.say("a", back)
	require.Equal(t, a, last[msg.AgentReregistered](r, "a").Agent)
	require.Empty(t, r.m.UnreachableAgents())
	require.Empty(t, r.stored().Unreachable)
	require.Len(t, r.stored().Agents, 1)
}

// docs/protocol.md §4.3: what follows a registration on its link meets the agent, and a retry gets the same id; the end of the
// link comes last.
func TestWhatFollowsARegistrationWaits(t *testing.T) {
	r := newRig(t)
	r.up("a")
	r.hold()
	r.say("a", registration("a", "cpus:4"))
	r.say("a", registration("a", "cpus:4"))
	r.say("a", msg.UpdateAgent{Total: resource.MustParse("cpus:3")})
	r.release()
	ids := all[msg.AgentRegistered](r, "a")
	require.Len(t, ids, 2)
	require.Equal(t, ids[0], ids[1])
	require.Equal(t, res("cpus:3"), r.m.Agents()[0].Total.String())

	r.up("b")
	r.say("b", registration("b", "cpus:4"))
	r.down("b")
	require.Len(t, r.m.Agents(), 1)
	r.releaseAll()
	require.Len(t, r.m.Agents(), 2)
	for _, a := range r.m.Agents() {
		require.Equal(t, a.Node == "a", a.Connected, a.Node)
	}
	require.Empty(t, r.took("b"))
}

// docs/protocol.md §4.3: two registrations from one address do not cross: the second is dropped, and tried again.
func TestOneArrivalPerAddress(t *testing.T) {
	r := newRig(t)
	r.hold()
	r.up("a")
	r.say("a", registration("a", "cpus:4"))
	r.up("a")
	require.ErrorIs(t, r.try("a", registration("a", "cpus:4")), master.ErrBusy)
	r.releaseAll()
	r.say("a", registration("a", "cpus:4"))
	require.Len(t, r.m.Agents(), 1, "a new process at the address takes the place of the old one")
	require.Len(t, r.stored().Agents, 1)
	require.Equal(t, r.m.Agents()[0].Info.ID, r.stored().Agents[0].Info.ID)
}

// docs/protocol.md §18.1: whoever floods a link that waits loses it, and the agent is disconnected once it is admitted.
func TestHeldMessagesAreBounded(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.Held = 3 })
	l := r.up("a")
	r.hold()
	r.say("a", registration("a", "cpus:4"))
	for range 3 {
		r.say("a", msg.Pong{})
	}
	require.ErrorIs(t, r.m.Step(r.now, msg.Envelope{Link: l, Body: msg.Pong{}}), master.ErrBound)
	var rd master.Ready
	require.True(t, r.m.Ready(&rd))
	require.Equal(t, []msg.Link{l}, rd.Closes)
	r.releaseAll()
	require.False(t, r.m.Agents()[0].Connected)
	require.NoError(t, r.step(msg.LinkDown{Link: l}))
	require.Empty(t, r.took("a"))
}

// docs/protocol.md §4.3 same address on a new link: a recovered agent that returns, described as before, takes the place of
// whoever registered there meanwhile.
func TestRecoveredAgentTakesItsPlace(t *testing.T) {
	r := newRig(t)
	old := r.agent("a", "cpus:4;mem:1024")
	back := r.report(old)
	next := r.successor()
	require.NotEqual(t, old, next.agent("a", "cpus:1;mem:64"))
	next.up("a")
	next.say("a", back)
	require.Len(t, next.m.Agents(), 1)
	require.Equal(t, old, next.m.Agents()[0].Info.ID)
	require.Len(t, next.stored().Agents, 1)
}

// docs/protocol.md §5 what comes while a commit is under way goes into the next one, up to 4,000 keys or 8 MiB; the rest waits again.
func TestCommitsAreBounded(t *testing.T) {
	for name, c := range map[string]struct {
		agents int
		host   string
	}{"keys": {4_500, "h"}, "bytes": {150, strings.Repeat("h", 60_000)}} {
		t.Run(name, func(t *testing.T) {
			m, err := master.New(master.Config{Entropy: [16]byte{1}})
			require.NoError(t, err)
			var commits []registry.Commit
			step := func(in msg.Input) {
				require.NoError(t, m.Step(0, in))
				var rd master.Ready
				m.Ready(&rd)
				commits = append(commits, rd.Commits...)
			}
			answer := func() registry.Commit {
				last := commits[len(commits)-1]
				step(last.Answer(last.At+1, nil))
				return commits[len(commits)-1]
			}
			step(msg.Loaded{})
			answer()
			for i := range c.agents + 1 {
				l := msg.Link(i + 1)
				step(msg.LinkUp{Link: l, Peer: msg.Node(fmt.Sprint(i))})
				b := registration("a", "cpus:1")
				b.Info.Hostname = c.host
				step(msg.Envelope{Link: l, Body: b})
			}
			require.Len(t, commits, 2, "one at a time")
			require.Len(t, commits[1].Ops, 2, "the first agent and the master's own")
			size := 0
			full := answer()
			for _, o := range full.Ops[1:] {
				size += len(o.Key) + len(o.Value)
			}
			require.LessOrEqual(t, size, 8<<20)
			require.LessOrEqual(t, len(full.Ops)-1, 4_000)
			require.Len(t, answer().Ops[1:], c.agents-(len(full.Ops)-1))
		})
	}
}

// docs/protocol.md §4.5 agent link breaks: so it does where this master hangs up on a registered agent, one that floods the link on
// which it describes itself anew, or one that then says it is on a machine that is down.
func TestHungUpAgentIsDisconnected(t *testing.T) {
	elsewhere := func(b *msg.ReregisterAgent) { b.Info.Hostname = "h2.example" }
	for name, annoy := range map[string]func(r *rig, a agentID){
		"floods": func(r *rig, a agentID) {
			r.hold()
			r.say("a", r.report(a, elsewhere))
			for range 2 {
				r.say("a", msg.Pong{})
			}
			require.ErrorIs(t, r.try("a", msg.Pong{}), master.ErrBound)
			require.False(t, r.m.Agents()[0].Connected)
			r.releaseAll()
		},
		"is down": func(r *rig, a agentID) {
			require.NoError(t, r.operate(plan("h2")))
			require.NoError(t, r.operate(down("h2")))
			r.say("a", r.report(a, elsewhere))
			require.Equal(t, msg.ShutdownAgent{Message: "its machine is down for maintenance"}, last[msg.ShutdownAgent](r, "a"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, a, f := running(t, info("web"), func(c *master.Config) { c.Bounds.Held = 2 })
			annoy(r, a)
			require.Equal(t, []string{"a"}, r.closed)
			require.False(t, r.m.Agents()[0].Connected)
			require.Empty(t, r.offers(f))
			r.advance(75 * time.Second)
			require.Equal(t, []string{"t TASK_UNREACHABLE AGENT_REMOVED"}, r.states("s"))
		})
	}
}

// docs/protocol.md §5: pending changes go into one commit, each with a result of its own.
func TestPendingChangesGoTogether(t *testing.T) {
	r := newRig(t)
	r.hold()
	for i := range 10 {
		name := fmt.Sprint("a", i)
		r.up(name)
		r.say(name, registration(name, "cpus:4"))
	}
	require.Len(t, r.commits, 1, "one commit at a time")
	require.Len(t, r.commits[0].Ops, 2)
	r.release()
	require.Len(t, r.m.Agents(), 1)
	require.Len(t, r.commits, 1)
	require.Len(t, r.commits[0].Ops, 1+9)
	r.release()
	require.Len(t, r.m.Agents(), 10)
	for i := range 10 {
		require.NotEmpty(t, last[msg.AgentRegistered](r, fmt.Sprint("a", i)).Agent)
	}
}

// docs/protocol.md §5: every commit asserts who leads.
func TestEveryCommitNamesTheMaster(t *testing.T) {
	r := newRig(t)
	r.hold()
	r.up("a")
	r.say("a", registration("a", "cpus:4"))
	require.Equal(t, "master", r.commits[0].Ops[0].Key)
	require.Equal(t, r.m.Info(), r.stored().Master, "the first commit of a lead is nothing else")
}

// docs/protocol.md §5, §19 registry write fails: nothing was announced, and the leader stops.
func TestAFailedCommitEndsTheLead(t *testing.T) {
	for name, err := range map[string]error{"stale": registry.Stale(1, 2), "disk": errors.New("no space left"), "late": nil} {
		r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
		r.launch("s", o, task("t", a, "cpus:1;mem:128"))
		r.hold()
		r.up("b")
		r.say("b", registration("b", "cpus:4"))
		r.forget()
		answer := r.commits[0].Answer(0, err)
		if err != nil {
			require.NoError(t, r.step(answer))
			require.ErrorIs(t, r.resigned, err)
		} else {
			r.now = r.now.Add(20 * time.Second)
			require.ErrorIs(t, r.step(msg.Tick{}), master.ErrResigned)
			require.ErrorContains(t, r.resigned, "not answered in 20s")
		}
		require.ErrorIs(t, r.resigned, master.ErrResigned, name)
		require.Empty(t, r.inbox, "it says nothing more")
		require.False(t, r.m.Leading())
		_, any := r.m.NextDeadline()
		require.False(t, any)
		for _, in := range []msg.Input{msg.Tick{}, answer, msg.LinkUp{Link: 99, Peer: "x"}, msg.Loaded{},
			msg.Envelope{Link: r.links["s"], Body: msg.Kill{Task: "t"}}, msg.Envelope{Link: r.links["a"], Body: status(f, "t", msg.TaskRunning, 1)}} {
			require.ErrorIs(t, r.step(in), master.ErrResigned, name)
		}
		r.answer = nil
		require.ErrorIs(t, r.step(msg.Operate{Seq: 3, Call: msg.DeactivateAgent{Agent: a}}), master.ErrResigned)
		require.ErrorIs(t, r.answer[0].Err, master.ErrResigned)
		r.silent()
	}
}

// docs/protocol.md §5, 1; §19 old leader isolated but alive: the new leader's first commit fences it, so it can neither admit
// nor remove.
func TestAStaleLeaderIsFenced(t *testing.T) {
	old, a, _, _ := cluster(t, "cpus:4;mem:1024", info("web"))
	heir := old.successor()
	old.up("b")
	old.say("b", registration("b", "cpus:4"))
	require.ErrorIs(t, old.resigned, registry.ErrStale)
	require.Empty(t, old.took("b"))
	require.Equal(t, heir.m.Info(), heir.stored().Master)
	require.Len(t, heir.stored().Agents, 1)
	require.Equal(t, a, heir.m.RecoveredAgents()[0].ID)

	other, id, _, _ := cluster(t, "cpus:4;mem:1024", info("web"))
	other.successor()
	other.forget()
	other.now = other.now.Add(200 * time.Second)
	for range 10 { // pings go unanswered
		_ = other.step(msg.Tick{})
		other.now = other.now.Add(15 * time.Second)
	}
	require.ErrorIs(t, other.resigned, registry.ErrStale)
	require.Empty(t, all[msg.Failure](other, "s"), "it removes nobody")
	require.Equal(t, id, other.stored().Agents[0].Info.ID)
}

// docs/protocol.md §5, §19 leader dies: killed between a change and its commit, nobody has heard of it, and the new leader
// knows nothing of it; killed between the commit and its answer, nobody has heard of it either, but the new leader knows.
func TestKilledAroundACommit(t *testing.T) {
	for _, durable := range []bool{false, true} {
		r := newRig(t)
		r.hold()
		r.up("a")
		r.say("a", registration("a", "cpus:4"))
		c := r.commits[0]
		if durable {
			_, err := r.store.Commit(context.Background(), c.At, c.Ops)
			require.NoError(t, err)
		}
		r.silent()
		heir := r.successor()
		require.Len(t, heir.m.RecoveredAgents(), map[bool]int{false: 0, true: 1}[durable])
		heir.up("a")
		heir.say("a", registration("a", "cpus:4")) // it never got an id
		require.Len(t, heir.m.Agents(), 1)
		for range 45 {
			heir.advance(14 * time.Second)
			heir.say("a", msg.Pong{})
		}
		require.Len(t, heir.m.UnreachableAgents(), map[bool]int{false: 0, true: 1}[durable], "nobody has that id")
	}
}

// docs/protocol.md §5, 2: until its first commit is durable a master takes no call, and drops what agents say.
func TestBeforeItLeads(t *testing.T) {
	m, err := master.New(master.Config{Entropy: [16]byte{1}})
	require.NoError(t, err)
	var rd master.Ready
	ask := func() {
		t.Helper()
		require.NoError(t, m.Step(0, msg.Operate{Seq: 1, Call: msg.UpdateWeights{}}))
		require.True(t, m.Ready(&rd))
		require.ErrorIs(t, rd.Answers[0].Err, master.ErrNotLeading)
		for _, body := range []msg.Message{registration("a", "cpus:4"), msg.Subscribe{Framework: info("web")}, msg.ReregisterAgent{}} {
			require.ErrorIs(t, m.Step(0, msg.Envelope{Link: 1, Body: body}), master.ErrNotLeading)
		}
		require.False(t, m.Ready(&rd))
		require.False(t, m.Leading())
	}
	require.NoError(t, m.Step(0, msg.LinkUp{Link: 1, Peer: "a"}))
	ask()
	require.NoError(t, m.Step(0, msg.Loaded{Revision: 7}))
	require.True(t, m.Ready(&rd))
	c := rd.Commits[0]
	require.Equal(t, registry.Revision(7), c.At)
	require.ErrorIs(t, m.Step(0, msg.Loaded{}), master.ErrInput)
	ask()
	require.ErrorIs(t, m.Step(0, msg.Committed{Seq: c.Seq + 1, Revision: 8}), master.ErrInput)
	require.NoError(t, m.Step(0, c.Answer(8, nil)))
	require.True(t, m.Leading())
	require.NoError(t, m.Step(0, msg.Envelope{Link: 1, Body: registration("a", "cpus:4")}))
	require.ErrorIs(t, m.Step(0, c.Answer(9, nil)), master.ErrInput, "answered already")
}

// docs/protocol.md §5: what cannot be read, or not understood, is not led.
func TestWhatIsNotLed(t *testing.T) {
	newer, err := registry.Put(registry.Capability{Name: "TIME_TRAVEL"})
	require.NoError(t, err)
	agent, err := registry.Put(registry.Agent{Info: msg.AgentInfo{ID: "a"}})
	require.NoError(t, err)
	gone, err := registry.Put(registry.Gone{ID: "a"})
	require.NoError(t, err)
	entry := func(o registry.Op) msg.Entry { return msg.Entry{Key: o.Key, Value: o.Value} }
	disk := errors.New("no such device")
	for _, c := range []struct {
		in   msg.Loaded
		want error
	}{
		{msg.Loaded{Err: disk}, disk},
		{msg.Loaded{Entries: []msg.Entry{entry(newer)}}, registry.ErrCapability},
		{msg.Loaded{Entries: []msg.Entry{{Key: "agents/a", Value: []byte("{")}}}, registry.ErrCorrupt},
		{msg.Loaded{Entries: []msg.Entry{entry(agent), entry(gone)}}, registry.ErrCorrupt},
	} {
		m, err := master.New(master.Config{Entropy: [16]byte{1}})
		require.NoError(t, err)
		require.NoError(t, m.Step(0, c.in))
		var rd master.Ready
		require.True(t, m.Ready(&rd))
		require.ErrorIs(t, rd.Resign, c.want)
		require.Empty(t, rd.Commits, "it does not even write its name")
		require.False(t, m.Ready(&rd), "told once")
		require.ErrorIs(t, rd.Resign, c.want, "and it stays")
	}
}

// docs/protocol.md §5, 3; §19 leader dies: agents, deactivation, weights, quota, unreachable and gone ones are kept.
func TestASuccessorKnowsWhatWasWritten(t *testing.T) {
	r := newRig(t)
	here, off, lost, given := r.agent("here", "cpus:4"), r.agent("off", "cpus:4"), r.agent("lost", "cpus:4"), r.agent("given", "cpus:4")
	require.NoError(t, r.operate(msg.DeactivateAgent{Agent: off}))
	require.NoError(t, r.operate(msg.MarkAgentGone{Agent: given}))
	require.NoError(t, r.operate(msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: 2}, {Role: "db", Weight: 3}}}))
	require.NoError(t, r.operate(msg.UpdateWeights{Weights: []role.Weight{{Role: "db", Weight: 1}}}))
	c, err := quota.Parse("web", "cpus:2", "cpus:3")
	require.NoError(t, err)
	require.NoError(t, r.operate(msg.UpdateQuota{Configs: []quota.Config{c}}))
	for range 7 {
		r.say("here", msg.Pong{})
		r.say("off", msg.Pong{})
		r.advance(14 * time.Second)
	}
	require.Equal(t, []agentID{lost}, r.m.UnreachableAgents())
	require.Equal(t, []string{registry.CapabilityDraining, registry.CapabilityQuota}, r.stored().Capabilities)

	heir := r.successor()
	require.Equal(t, []agentID{lost}, heir.m.UnreachableAgents())
	require.Equal(t, []agentID{given}, heir.m.GoneAgents())
	var ids []agentID
	for _, a := range heir.m.RecoveredAgents() {
		ids = append(ids, a.ID)
	}
	require.ElementsMatch(t, []agentID{here, off}, ids)
	for _, row := range heir.m.Roles() {
		if row.Role == "web" {
			require.Equal(t, 2.0, row.Weight)
			require.True(t, row.Guarantee.Equal(c.Guarantees) && row.Limit.Equal(c.Limits))
		}
	}
	heir.up("off")
	heir.say("off", r.report(off))
	require.True(t, heir.m.Agents()[0].Deactivated)
	require.Equal(t, fmt.Sprint(r.stored()), fmt.Sprint(heir.stored()), "an agent that returns as it was is not written")
}

// docs/protocol.md §5, 3: the registry's weights win over configured ones, which are written where it has none.
func TestTheRegistryWinsOverConfiguredWeights(t *testing.T) {
	weights := func(ws ...role.Weight) func(*master.Config) { return func(c *master.Config) { c.Weights = ws } }
	r := newRig(t, weights(role.Weight{Role: "web", Weight: 5}))
	require.Equal(t, []role.Weight{{Role: "web", Weight: 5}}, r.stored().Weights)
	require.NoError(t, r.operate(msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: 7}}}))
	heir := r.successor(weights(role.Weight{Role: "web", Weight: 9}, role.Weight{Role: "db", Weight: 9}))
	require.Equal(t, []role.Weight{{Role: "web", Weight: 7}}, heir.stored().Weights)
	require.Equal(t, []role.Weight{{Role: "web", Weight: 7}}, heir.m.Remembered().Weights)
}

// docs/protocol.md §5, 3: with any quota the allocator waits for 80 % of the agents, or 10 minutes.
func TestQuotaWaitsForAgents(t *testing.T) {
	r := newRig(t)
	var ids []agentID
	for i := range 5 {
		ids = append(ids, r.agent(fmt.Sprint("a", i), "cpus:4;mem:1024"))
	}
	c, err := quota.Parse("web", "cpus:2", "")
	require.NoError(t, err)
	require.NoError(t, r.operate(msg.UpdateQuota{Configs: []quota.Config{c}}))
	heir := r.successor()
	f := heir.scheduler("s", info("other"))
	for i, id := range ids[:4] {
		require.Empty(t, heir.offers(f), "%d of 5 are back", i)
		name := fmt.Sprint("a", i)
		heir.up(name)
		heir.say(name, r.report(id))
	}
	require.NotEmpty(t, heir.offers(f))

	alone := r.successor()
	f = alone.scheduler("s", info("web"))
	alone.up("a0")
	alone.say("a0", r.report(ids[0]))
	for range 59 {
		require.Empty(t, alone.offers(f))
		alone.say("a0", msg.Pong{})
		alone.advance(9 * time.Second)
	}
	alone.say("a0", msg.Pong{})
	alone.advance(11 * time.Second)
	require.NotEmpty(t, alone.offers(f))
}

// docs/protocol.md §5, 4; §4.4 case 2; §19 leader dies: a recovered agent's report rebuilds tasks and frameworks, and no task
// is killed.
func TestARecoveredAgentReturns(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	r.launch("s", o, task("t", a, "cpus:1;mem:128"))
	r.say("a", status(f, "t", msg.TaskRunning, 1))
	heir := r.successor()
	early := info("web")
	early.ID = f
	heir.scheduler("s", early)
	heir.up("a")
	heir.say("a", r.report(a))
	require.Empty(t, heir.states("s"), "it has missed nothing")

	heir = r.successor(func(c *master.Config) { c.Entropy[0] = 8 })
	heir.up("a")
	heir.say("a", r.report(a))
	require.Empty(t, heir.m.RecoveredAgents())
	require.Equal(t, []string{"AgentReregistered", "Ping"}, kinds(heir.took("a")))
	row, ok := heir.task(f, "t")
	require.True(t, ok)
	require.Equal(t, msg.TaskRunning, row.State)
	require.Equal(t, res("cpus:1;mem:128"), heir.used(a))
	require.Equal(t, master.FrameworkRecovered, heir.m.Frameworks()[0].State)
	i := info("web")
	i.ID = f
	require.Equal(t, f, heir.scheduler("s", i))
	require.Len(t, heir.m.Frameworks(), 1)
}

// docs/protocol.md §4.4 case 1: an agent that describes itself anew is written first, also after an election.
func TestChangedInfoIsWrittenFirst(t *testing.T) {
	r, a, _, _ := cluster(t, "cpus:4;mem:1024", info("web"))
	changed := func(from *rig, host string) msg.ReregisterAgent {
		return from.report(a, func(b *msg.ReregisterAgent) { b.Info.Hostname = host })
	}
	r.hold()
	r.say("a", changed(r, "new"))
	require.Empty(t, r.took("a"))
	require.Equal(t, "a.example", r.m.Agents()[0].Info.Hostname)
	r.releaseAll()
	require.Equal(t, []string{"AgentReregistered", "Ping"}, kinds(r.took("a")))
	require.Equal(t, "new", r.m.Agents()[0].Info.Hostname)
	require.Equal(t, "new", r.stored().Agents[0].Info.Hostname)

	heir := r.successor()
	heir.hold()
	heir.up("a")
	heir.say("a", changed(r, "newer"))
	require.Empty(t, heir.m.Agents())
	heir.releaseAll()
	require.Equal(t, "newer", heir.stored().Agents[0].Info.Hostname)
	require.Len(t, heir.m.Agents(), 1)
}

// docs/protocol.md §5, 5; §4.5 last row: recovered agents that stay away are unreachable ReregisterTimeout after the election,
// with a FAILURE each and no task events, since nobody knows their tasks.
func TestRecoveredAgentsThatStayAway(t *testing.T) {
	r := newRig(t)
	a, b := r.agent("a", "cpus:4"), r.agent("b", "cpus:4")
	heir := r.successor()
	heir.scheduler("s", info("web"))
	heir.up("a")
	heir.say("a", r.report(a))
	for range 40 {
		heir.advance(14 * time.Second)
		heir.say("a", msg.Pong{})
	}
	require.Empty(t, heir.m.UnreachableAgents())
	heir.took("s")
	heir.hold()
	for range 3 {
		heir.advance(14 * time.Second)
		heir.say("a", msg.Pong{})
	}
	require.Len(t, heir.commits, 1)
	require.Empty(t, all[msg.Failure](heir, "s"), "not before it is durable")
	heir.releaseAll()
	require.Equal(t, []agentID{b}, heir.m.UnreachableAgents())
	require.Equal(t, []msg.Failure{{Agent: b}}, all[msg.Failure](heir, "s"))
	require.Empty(t, heir.states("s"))
	require.Empty(t, heir.m.RecoveredAgents())
	heir.up("b")
	heir.say("b", r.report(b))
	require.Len(t, heir.m.Agents(), 2, "and it may still come back")
}

// docs/protocol.md §4.5 recovery_agent_removal_limit: where more agents are missing than it allows, the master stops and
// removes none.
func TestTooManyMissingAgents(t *testing.T) {
	for _, c := range []struct {
		limit int
		stops bool
	}{{0, false}, {49, true}, {50, false}, {100, false}} {
		r := newRig(t)
		a := r.agent("a", "cpus:4")
		r.agent("b", "cpus:4")
		heir := r.successor(func(cfg *master.Config) { cfg.RecoveryRemovalLimit, cfg.MaxPings = c.limit, 1000 })
		heir.up("a")
		heir.say("a", r.report(a))
		heir.now = heir.now.Add(10 * time.Minute)
		err := heir.step(msg.Tick{})
		require.Equal(t, c.stops, errors.Is(err, master.ErrResigned), "limit %d: %v", c.limit, err)
		require.Len(t, heir.stored().Agents, map[bool]int{true: 2, false: 1}[c.stops])
	}
	_, err := master.New(master.Config{Entropy: [16]byte{1}, RecoveryRemovalLimit: -1})
	require.ErrorIs(t, err, master.ErrConfig)
}

// docs/protocol.md §12 rows 2 and 5: of tasks that may run on a recovered agent nothing is said; those of a gone agent are gone
// by the operator.
// docs/protocol.md §12 unknown task and its agent is *recovered*
func TestReconciliationAfterAnElection(t *testing.T) {
	r := newRig(t)
	a, b := r.agent("a", "cpus:4"), r.agent("b", "cpus:4")
	heir := r.successor()
	heir.scheduler("s", info("web"))
	ask := func(agents ...agentID) []string {
		for _, id := range agents {
			heir.say("s", msg.Reconcile{Tasks: []msg.TaskRef{{Task: "t", Agent: id}}})
		}
		out := heir.states("s")
		heir.took("s")
		return out
	}
	require.Empty(t, ask(a, b, ""))
	require.NoError(t, heir.operate(msg.MarkAgentGone{Agent: a}))
	require.Equal(t, []msg.Failure{{Agent: a}}, all[msg.Failure](heir, "s"), "§4.5: no task events, its tasks are not known")
	require.Equal(t, []string{"t TASK_GONE_BY_OPERATOR RECONCILIATION"}, ask(a, b, ""))
	heir.up("b")
	heir.say("b", r.report(b))
	require.Equal(t, []string{"t TASK_GONE_BY_OPERATOR RECONCILIATION", "t TASK_GONE RECONCILIATION", "t TASK_UNKNOWN RECONCILIATION"}, ask(a, b, ""))
}

// docs/protocol.md §4.5 MARK_AGENT_GONE: registry first; then its tasks end, it is told to shut down, and never taken in again.
func TestMarkAgentGone(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	r.launch("s", o, task("t", a, "cpus:1;mem:128"))
	r.say("a", status(f, "t", msg.TaskRunning, 1))
	back := r.report(a)
	r.forget()
	r.hold()
	require.NoError(t, r.step(msg.Operate{Seq: 1, Call: msg.MarkAgentGone{Agent: a}}))
	r.silent()
	require.Empty(t, r.answer)
	require.NoError(t, r.step(msg.Operate{Seq: 2, Call: msg.DeactivateAgent{Agent: a}}), "calls take their turn")
	r.releaseAll()
	require.NoError(t, r.answer[0].Err)
	require.ErrorIs(t, r.answer[1].Err, master.ErrNoAgent)
	require.Equal(t, []string{"t TASK_GONE_BY_OPERATOR AGENT_REMOVED_BY_OPERATOR"}, r.states("s"))
	require.Equal(t, a, last[msg.Failure](r, "s").Agent)
	require.Equal(t, []string{"ShutdownAgent"}, kinds(r.took("a")))
	require.Empty(t, r.m.Agents())
	require.Equal(t, a, r.stored().Gone[0].ID)
	require.NoError(t, r.operate(msg.MarkAgentGone{Agent: a}), "once more changes nothing")
	require.ErrorIs(t, r.operate(msg.MarkAgentGone{Agent: "nobody"}), master.ErrNoAgent)

	r.up("a")
	r.say("a", back)
	require.Equal(t, []string{"ShutdownAgent"}, kinds(r.took("a")))
	require.Empty(t, r.m.Agents())

	lost, id, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	lost.launch("s", o, task("t", id, "cpus:1;mem:128"))
	lost.advance(76 * time.Second)
	require.Equal(t, []agentID{id}, lost.m.UnreachableAgents())
	lost.took("s")
	require.NoError(t, lost.operate(msg.MarkAgentGone{Agent: id}))
	require.Equal(t, []string{"t TASK_GONE_BY_OPERATOR AGENT_REMOVED_BY_OPERATOR"}, lost.states("s"), "unreachable tasks as well")
	require.Empty(t, lost.m.UnreachableAgents())
	require.Empty(t, lost.m.Tasks())
	require.Equal(t, msg.TaskGoneByOperator, lost.m.CompletedTasks(f)[0].State)
	require.Empty(t, lost.stored().Unreachable)
}

// docs/protocol.md §16 deactivation is in the registry before it holds; of an agent in transition it is refused.
func TestDeactivationIsWrittenFirst(t *testing.T) {
	r, a, f, _ := cluster(t, "cpus:4;mem:1024", info("web"))
	r.hold()
	require.NoError(t, r.step(msg.Operate{Seq: 1, Call: msg.DeactivateAgent{Agent: a}}))
	require.Len(t, r.offers(f), 1)
	require.Empty(t, r.answer)
	require.ErrorIs(t, r.try("a", r.report(a)), master.ErrBusy)
	require.ErrorIs(t, r.try("a", msg.UnregisterAgent{Agent: a}), master.ErrBusy)
	r.releaseAll()
	require.NoError(t, r.answer[0].Err)
	require.Empty(t, r.offers(f))
	require.True(t, r.stored().Agents[0].Deactivated)

	heir := r.successor()
	require.NoError(t, heir.operate(msg.ReactivateAgent{Agent: a}), "recovered, and not back")
	require.False(t, heir.stored().Agents[0].Deactivated)
	require.NoError(t, heir.operate(msg.DeactivateAgent{Agent: a}))
	heir.advance(10*time.Minute + time.Second)
	require.True(t, heir.stored().Unreachable[0].Deactivated)
	require.NoError(t, heir.operate(msg.ReactivateAgent{Agent: a}), "unreachable")
	require.False(t, heir.stored().Unreachable[0].Deactivated)
	require.NoError(t, heir.operate(msg.DeactivateAgent{Agent: a}))
	heir.up("a")
	heir.say("a", r.report(a))
	require.True(t, heir.m.Agents()[0].Deactivated)
}

// docs/protocol.md §5 order rule: weights and quota are durable before they count; operators' calls take their turn, and each
// is checked against what the ones before have made.
func TestOperatorsTakeTheirTurn(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.OperatorCalls = 3 })
	r.agent("a", "cpus:4;mem:1024")
	q := func(guarantee string) msg.UpdateQuota {
		c, err := quota.Parse("web", guarantee, "")
		require.NoError(t, err)
		return msg.UpdateQuota{Configs: []quota.Config{c}}
	}
	r.hold()
	for i, call := range []msg.OperatorCall{msg.UpdateWeights{Weights: []role.Weight{{Role: "web", Weight: 2}}}, q("cpus:3"), q("cpus:100"), q("cpus:1")} {
		require.NoError(t, r.step(msg.Operate{Seq: uint64(i), Call: call}))
	}
	require.Len(t, r.answer, 1)
	require.ErrorIs(t, r.answer[0].Err, master.ErrBound, "the fourth does not get in")
	require.Empty(t, r.m.Remembered().Weights)
	r.release()
	require.Len(t, r.answer, 2)
	require.Equal(t, 2.0, r.m.Remembered().Weights[0].Weight)
	require.Empty(t, r.m.Remembered().Quota)
	r.releaseAll()
	require.Len(t, r.answer, 4)
	require.NoError(t, r.answer[2].Err)
	require.Error(t, r.answer[3].Err, "more than the cluster has")
	require.Len(t, r.m.Remembered().Quota, 1)

	r.hold()
	r.answer = nil
	require.NoError(t, r.step(msg.Operate{Seq: 8, Call: q("cpus:1")}))
	require.NoError(t, r.step(msg.Operate{Seq: 9, Call: q("cpus:2")}))
	require.NoError(t, r.step(r.commits[0].Answer(0, errors.New("disk"))))
	require.Len(t, r.answer, 2, "nobody waits for a master that resigned")
	for _, a := range r.answer {
		require.ErrorIs(t, a.Err, master.ErrResigned)
	}
}

// docs/protocol.md §5 registry gc: entries of lost agents are dropped when they are too old, or too many, the oldest first.
func TestRegistryGC(t *testing.T) {
	day := offer.Time(24 * time.Hour)
	store := seed(t, registry.Unreachable{ID: "u0", Since: 0}, registry.Unreachable{ID: "u9", Since: 9 * day}, registry.Unreachable{ID: "u5", Since: 5 * day},
		registry.Gone{ID: "g1", Since: day}, registry.Gone{ID: "g6", Since: 6 * day})
	r := newRigOn(t, store, master.Config{Entropy: [16]byte{1}})
	require.Len(t, r.stored().Unreachable, 3)
	r.now = 14*day - offer.Time(time.Minute)
	r.advance(2 * time.Minute)
	require.Len(t, r.stored().Unreachable, 3, "not yet time to look")
	r.advance(15 * time.Minute)
	require.Equal(t, []agentID{"u5", "u9"}, r.m.UnreachableAgents())
	require.Len(t, r.stored().Unreachable, 2)
	require.Len(t, r.stored().Gone, 2)
	for range 2 {
		r.now += 11 * day
		require.NoError(t, r.step(msg.Tick{}))
	}
	require.Empty(t, r.stored().Gone)
	require.Empty(t, r.stored().Unreachable)
	at := r.store.Revision()
	r.advance(time.Hour)
	require.Equal(t, at, r.store.Revision(), "there is nothing to look after")

	few := newRigOn(t, seed(t, registry.Unreachable{ID: "u5", Since: 5}, registry.Unreachable{ID: "a9", Since: 9}, registry.Unreachable{ID: "z0", Since: 0},
		registry.Gone{ID: "g1", Since: 2}, registry.Gone{ID: "g0", Since: 1}),
		master.Config{Entropy: [16]byte{1}, Bounds: master.Bounds{UnreachableAgents: 2, GoneAgents: 1}})
	require.Equal(t, []agentID{"a9", "u5"}, few.m.UnreachableAgents())
	require.Len(t, few.stored().Unreachable, 2)
	require.Equal(t, []agentID{"g1"}, few.m.GoneAgents())
	require.Len(t, few.stored().Gone, 1)
}

// docs/protocol.md §5, 3; §4.3, §4.4: what the registry says of machines stays as it is, and agents on those that are down are
// turned away, new ones and old ones.
func TestMachinesOfTheRegistry(t *testing.T) {
	a, b := registry.MachineID{Hostname: "A.example"}, registry.MachineID{Hostname: "b.example", IP: "10.0.0.1"}
	known := registration("b", "cpus:4")
	known.Info.ID = "m-S0"
	r := newRigOn(t, seed(t, registry.Machine{ID: a, Mode: registry.Draining}, registry.Machine{ID: b, Mode: registry.Down},
		registry.Schedule{Machines: []registry.MachineID{a, b}}, registry.Agent{Info: known.Info}), master.Config{Entropy: [16]byte{1}})
	r.agent("a", "cpus:4")
	require.Len(t, r.stored().Machines, 2)
	require.Len(t, r.stored().Schedules, 1)
	for _, body := range []msg.Message{registration("b", "cpus:4"), msg.ReregisterAgent{Info: known.Info, Total: known.Total}} {
		r.up("b")
		r.say("b", body)
		require.Equal(t, []string{"ShutdownAgent"}, kinds(r.took("b")))
		require.Contains(t, r.closed, "b")
		r.closed = nil
	}
	require.Len(t, r.m.Agents(), 1)
}

// docs/protocol.md §4.5 agent_removal_rate_limit, §18: agents that do not answer are given up one by one at the rate, and a pong
// saves one that waits; the sweep after an election keeps to it as well.
func TestAgentRemovalRate(t *testing.T) {
	slowly := func(c *master.Config) { c.AgentRemovalRate = master.Rate{N: 2, Per: 10 * time.Minute} }
	r := newRig(t, slowly)
	var ids []agentID
	for i := range 4 {
		ids = append(ids, r.agent(fmt.Sprint("a", i), "cpus:4"))
	}
	r.advance(76 * time.Second)
	require.Equal(t, ids[:1], r.m.UnreachableAgents(), "the first has its turn at once")
	r.advance(4 * time.Minute)
	require.Len(t, r.m.UnreachableAgents(), 1)
	r.say("a1", msg.Pong{})
	r.advance(time.Minute)
	require.Equal(t, []agentID{ids[0], ids[2]}, r.m.UnreachableAgents(), "it answered after all")
	r.say("a1", msg.Pong{})
	r.advance(5 * time.Minute)
	require.NotContains(t, r.m.UnreachableAgents(), ids[1], "its turn is over")
	require.Contains(t, r.m.UnreachableAgents(), ids[3])

	r = newRig(t)
	for i := range 3 {
		r.agent(fmt.Sprint("a", i), "cpus:4")
	}
	heir := r.successor(slowly)
	heir.advance(10*time.Minute + time.Second)
	require.Len(t, heir.m.UnreachableAgents(), 1)
	last := heir.m.RecoveredAgents()[1].ID
	heir.up("a2")
	heir.say("a2", r.report(last))
	heir.advance(5 * time.Minute)
	require.Len(t, heir.m.UnreachableAgents(), 2)
	require.Empty(t, heir.m.RecoveredAgents())

	for _, rate := range []master.Rate{{N: 1}, {Per: time.Second}, {N: -1, Per: time.Second}, {N: 1, Per: -1}, {N: 2, Per: 1}} {
		_, err := master.New(master.Config{Entropy: [16]byte{1}, AgentRemovalRate: rate})
		require.ErrorIs(t, err, master.ErrConfig)
	}
}

// docs/protocol.md §16: orders of operators follow an agent wherever it is kept, its drain as well, and a later master takes them over.
func TestOrdersFollowAnAgent(t *testing.T) {
	drain := &registry.Drain{MaxGrace: time.Minute, MarkGone: true}
	described := registration("a", "cpus:4;mem:1024")
	described.Info.ID = "m-S0"
	r := newRigOn(t, seed(t, registry.Agent{Info: described.Info, Deactivated: true, Drain: drain}), master.Config{Entropy: [16]byte{1}})
	is := func(want *registry.Drain) {
		t.Helper()
		c := r.stored()
		if len(c.Unreachable) > 0 {
			require.Equal(t, want, c.Unreachable[0].Drain)
			require.True(t, c.Unreachable[0].Deactivated)
			return
		}
		require.Equal(t, want, c.Agents[0].Drain)
		require.True(t, c.Agents[0].Deactivated)
	}
	back := msg.ReregisterAgent{Info: described.Info, Total: described.Total, Frameworks: []msg.FrameworkInfo{{ID: "f", Roles: []role.Name{"web"}, Checkpoint: true}},
		Tasks: []msg.TaskReport{{Framework: "f", Role: "web", State: msg.TaskRunning, Info: task("t", "m-S0", "cpus:1")}}} // which keeps it from being drained
	r.up("a")
	back.Info.Hostname = "other"
	r.say("a", back)
	is(drain)
	back.Info.Hostname = "another"
	r.say("a", back)
	require.Equal(t, "another", r.stored().Agents[0].Info.Hostname)
	is(drain)
	require.ErrorIs(t, r.operate(msg.ReactivateAgent{Agent: "m-S0"}), master.ErrBusy)
	require.NoError(t, r.operate(msg.DeactivateAgent{Agent: "m-S0"}))
	is(drain)
	r.advance(80 * time.Second)
	require.Len(t, r.stored().Unreachable, 1)
	is(drain)
	require.ErrorIs(t, r.operate(msg.ReactivateAgent{Agent: "m-S0"}), master.ErrBusy)
	r.up("a")
	r.say("a", back)
	require.Empty(t, r.stored().Unreachable)
	is(drain)

	drained := registry.Agent{Info: described.Info, Deactivated: true, Drain: &registry.Drain{Drained: true}}
	r = newRigOn(t, seed(t, drained), master.Config{Entropy: [16]byte{1}})
	require.NoError(t, r.operate(msg.ReactivateAgent{Agent: "m-S0"}), "it also ends the drained state")
	require.Nil(t, r.stored().Agents[0].Drain)
	require.False(t, r.stored().Agents[0].Deactivated)
}

// docs/protocol.md §5: a store that goes back, or stands still, is not to be trusted.
func TestARevisionThatDoesNotGrow(t *testing.T) {
	r := newRig(t)
	r.hold()
	r.up("a")
	r.say("a", registration("a", "cpus:4"))
	require.NoError(t, r.step(r.commits[0].Answer(r.commits[0].At, nil)))
	require.ErrorIs(t, r.resigned, registry.ErrCorrupt)
	require.Empty(t, r.took("a"))
}

// docs/protocol.md §4.2: an agent that is found lost while another change of it is under way is given up after that, as the
// change left it.
func TestLostDuringAnotherChange(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.MaxPings, c.PingTimeout = 1, time.Second })
	a := r.agent("a", "cpus:4")
	r.hold()
	require.NoError(t, r.step(msg.Operate{Seq: 1, Call: msg.DeactivateAgent{Agent: a}}))
	r.advance(5 * time.Second)
	require.Len(t, r.commits, 1)
	r.releaseAll()
	require.Len(t, r.m.Agents(), 1)
	r.advance(3 * time.Second)
	require.Equal(t, a, r.stored().Unreachable[0].ID)
	require.True(t, r.stored().Unreachable[0].Deactivated)
}

// docs/protocol.md §4.5 recovery_agent_removal_limit: an agent whose return is being written down is not missing.
func TestReturningAgentsAreNotMissing(t *testing.T) {
	r := newRig(t)
	a := r.agent("a", "cpus:4")
	r.agent("b", "cpus:4")
	heir := r.successor(func(c *master.Config) { c.RecoveryRemovalLimit = 50 })
	heir.advance(10*time.Minute - time.Second)
	heir.hold()
	heir.up("a")
	heir.say("a", r.report(a, func(b *msg.ReregisterAgent) { b.Info.Hostname = "new" }))
	heir.advance(2 * time.Second)
	require.True(t, heir.m.Leading())
	heir.releaseAll()
	require.Equal(t, a, heir.m.Agents()[0].Info.ID)
	require.Len(t, heir.m.UnreachableAgents(), 1)
}

// huge is almost half of what a cluster may have of a name: two agents fit, three do not.
const huge = "cpus:4000000000000"

// docs/protocol.md §4.3: where there is room for one of two that arrive together, the other is refused: at once if a bound of
// ours says so; if only the allocator does, it is taken out of the registry again.
func TestTwoArriveWhereOneFits(t *testing.T) {
	r := newRig(t, func(c *master.Config) { c.Bounds.Agents = 1 })
	r.hold()
	r.up("a")
	r.say("a", registration("a", "cpus:4"))
	r.up("b")
	require.ErrorIs(t, r.try("b", registration("b", "cpus:4")), master.ErrBound)
	r.releaseAll()
	require.Len(t, r.m.Agents(), 1)

	r = newRig(t)
	r.agent("a", huge)
	r.hold()
	for _, name := range []string{"b", "c"} {
		r.up(name)
		r.say(name, registration(name, huge))
	}
	r.release()
	r.release()
	require.Len(t, r.stored().Agents, 3)
	r.releaseAll()
	require.Len(t, r.stored().Agents, 2)
	require.Len(t, r.m.Agents(), 2)
	require.Empty(t, r.took("c"))
}

// docs/protocol.md §4.4: an agent that is back in the registry, and for which the allocator has no room by then, counts as
// recovered: it may try again until it is given up.
func TestAReturnThatFindsNoRoom(t *testing.T) {
	r := newRig(t)
	a := r.agent("a", huge)
	back := r.report(a)
	r.advance(76 * time.Second)
	require.Equal(t, []agentID{a}, r.m.UnreachableAgents())
	r.agent("b", huge)
	r.took("a")
	r.hold()
	r.up("c")
	r.say("c", registration("c", huge))
	r.up("a")
	r.say("a", back)
	r.releaseAll()
	require.Empty(t, r.took("a"))
	require.Equal(t, a, r.m.RecoveredAgents()[0].ID)
	require.Empty(t, r.m.UnreachableAgents())
	require.Len(t, r.stored().Agents, 3)
	r.say("c", msg.UnregisterAgent{Agent: last[msg.AgentRegistered](r, "c").Agent})
	r.say("a", back)
	require.Equal(t, a, last[msg.AgentReregistered](r, "a").Agent)
}

// docs/protocol.md §4.4: what a report names may end while the return is being written down.
func TestAFrameworkEndsDuringAReturn(t *testing.T) {
	r, a, f, o := cluster(t, "cpus:4;mem:1024", info("web"))
	r.launch("s", o, task("t", a, "cpus:1;mem:128"))
	back := r.report(a)
	r.advance(76 * time.Second)
	require.Len(t, r.m.UnreachableAgents(), 1)
	r.took("a")
	r.hold()
	r.up("a")
	r.say("a", back)
	r.say("s", msg.Teardown{})
	r.releaseAll()
	require.Equal(t, []string{"AgentReregistered", "ShutdownFramework", "Ping"}, kinds(r.took("a")))
	require.Empty(t, r.m.Frameworks())
	require.Equal(t, f, r.m.CompletedFrameworks()[0].Info.ID)
	require.Equal(t, "{}", r.used(a), "nothing is held for it")
}

// docs/protocol.md §4.4 case 1: an agent that describes itself anew and cannot be taken as it is now stays as it was, here and in
// the registry.
func TestARevisionThatIsRefused(t *testing.T) {
	r := newRig(t)
	a := r.agent("a", "cpus:4")
	r.agent("b", huge)
	r.agent("c", huge)
	r.say("a", r.report(a, func(b *msg.ReregisterAgent) { b.Info.Hostname, b.Total = "new", resource.MustParse(huge) }))
	require.Equal(t, "a.example", r.m.Agents()[0].Info.Hostname)
	require.Equal(t, "a.example", r.stored().Agents[0].Info.Hostname)
	require.Equal(t, res("cpus:4"), r.m.Agents()[0].Total.String())
}
