package master_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
)

// docs/protocol.md §3.1 the cases of SUBSCRIBE: what the old stream hears, that the new one is answered by SUBSCRIBED and a heartbeat at
// once and every 15 s, that the framework is active, and that offers of the old stream go without a word.
// docs/protocol.md §3.1 no id; id of a known framework, old stream alive; id of a known framework, disconnected
// docs/protocol.md §3.1 id of a recovered framework; id unknown to this master
func TestSubscribeTable(t *testing.T) {
	known := func(r *rig) offer.FrameworkID {
		f := r.scheduler("old", info("web"))
		r.offer(f)
		return f
	}
	for name, c := range map[string]struct {
		before func(r *rig) offer.FrameworkID
		old    []string
		closed bool
	}{
		"no id": {func(r *rig) offer.FrameworkID { return "" }, nil, false},
		"id of a known framework, old stream alive": {func(r *rig) offer.FrameworkID {
			f := known(r)
			r.took("old")
			return f
		}, []string{"Error"}, true},
		"id of a known framework, disconnected": {func(r *rig) offer.FrameworkID {
			f := known(r)
			r.down("old")
			r.took("old")
			return f
		}, nil, false},
		"id of a recovered framework": {func(r *rig) offer.FrameworkID {
			i := info("web")
			i.ID = "F"
			r.up("b")
			r.say("b", msg.ReregisterAgent{Info: msg.AgentInfo{ID: "S"}, Total: resource.MustParse("cpus:1"), Frameworks: []msg.FrameworkInfo{i}})
			require.Equal(r.t, master.FrameworkRecovered, r.m.Frameworks()[0].State)
			return "F"
		}, nil, false},
		"id unknown to this master": {func(r *rig) offer.FrameworkID { return "of-another-time" }, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.agent("a", "cpus:4;mem:1024")
			i := info("web")
			i.ID = c.before(r)
			r.took("a")
			held := len(r.m.Snapshot().Offers)
			r.up("new")
			r.say("new", msg.Subscribe{Framework: i})
			require.Equal(t, []string{"Subscribed", "Heartbeat"}, kinds(r.inbox["new"]))
			hello := last[msg.Subscribed](r, "new")
			if i.ID != "" {
				require.Equal(t, i.ID, hello.Framework)
			}
			require.Equal(t, r.m.Info(), hello.Master)
			require.Equal(t, 15*time.Second, hello.HeartbeatInterval)
			require.Equal(t, c.old, kinds(r.took("old")))
			require.Equal(t, c.closed, len(r.closed) > 0)
			require.Len(t, r.m.Frameworks(), 1)
			require.Equal(t, master.FrameworkConnected, r.m.Frameworks()[0].State)
			if held > 0 {
				require.Empty(t, all[msg.Rescind](r, "old"))
			}
			r.took("new")
			require.NotEmpty(t, r.offers(hello.Framework), "it is active")
			require.NotEmpty(t, all[msg.Offers](r, "new"))
			r.took("new")
			r.advance(15 * time.Second)
			require.Len(t, all[msg.Heartbeat](r, "new"), 1)
		})
	}
}

// docs/protocol.md §4.5 the table of an agent's end, from a broken link to removal: where the agent is afterwards, what frameworks hear
// of a task that ran there, that offers are rescinded, and FAILURE exactly where the agent is given up.
// docs/protocol.md §4.5 ping unanswered 5 times at 15 s (75 s); agent link breaks; mark unreachable
// docs/protocol.md §4.5 UnregisterAgent, machine DOWN, new agent at same address; MARK_AGENT_GONE
func TestHealthTable(t *testing.T) {
	const kept, unreachable, removed, gone = "registered", "unreachable", "removed", "gone"
	for _, c := range []struct {
		event        string
		do           func(r *rig, a agentID)
		where        string
		aware, plain string // with checkpoint
	}{
		{"ping unanswered 5 times", func(r *rig, a agentID) { r.advance(75 * time.Second) }, unreachable, "TASK_UNREACHABLE AGENT_REMOVED", "TASK_LOST AGENT_REMOVED"},
		{"agent link breaks", func(r *rig, a agentID) { r.down("a") }, kept, "", ""},
		{"link broken for too long", func(r *rig, a agentID) { r.down("a"); r.advance(10 * time.Minute) }, unreachable, "TASK_UNREACHABLE AGENT_REMOVED", "TASK_LOST AGENT_REMOVED"},
		{"UnregisterAgent", func(r *rig, a agentID) { r.say("a", msg.UnregisterAgent{Agent: a}) }, removed, "TASK_LOST AGENT_REMOVED", "TASK_LOST AGENT_REMOVED"},
		{"new agent at same address", func(r *rig, a agentID) { r.agent("a", "cpus:4;mem:1024") }, removed, "TASK_LOST AGENT_REMOVED", "TASK_LOST AGENT_REMOVED"},
		{"MARK_AGENT_GONE", func(r *rig, a agentID) { require.NoError(r.t, r.operate(msg.MarkAgentGone{Agent: a})) }, gone,
			"TASK_GONE_BY_OPERATOR AGENT_REMOVED_BY_OPERATOR", "TASK_LOST AGENT_REMOVED"},
	} {
		for aware, want := range map[bool]string{true: c.aware, false: c.plain} {
			t.Run(fmt.Sprint(c.event, aware), func(t *testing.T) {
				i := info("web")
				i.Capabilities.PartitionAware = aware
				r, a, f := running(t, i)
				r.say("s", msg.Revive{})
				o := r.offer(f)
				r.took("s")
				c.do(r, a)
				require.Equal(t, msg.Rescind{Offer: o.ID}, all[msg.Rescind](r, "s")[0])
				for _, left := range r.m.Snapshot().Offers {
					require.NotEqual(t, a, left.Agent)
				}
				var heard []string
				if want != "" {
					heard = []string{"t " + want}
				}
				require.Equal(t, heard, r.states("s"))
				failures := all[msg.Failure](r, "s")
				if c.where == kept {
					require.Empty(t, failures)
				} else {
					require.Equal(t, []msg.Failure{{Agent: a}}, failures)
				}
				is := map[string]bool{}
				for _, x := range r.m.Agents() {
					is[kept] = is[kept] || x.Info.ID == a
				}
				for _, id := range r.m.UnreachableAgents() {
					is[unreachable] = is[unreachable] || id == a
				}
				for _, x := range r.m.Remembered().Gone {
					is[gone] = is[gone] || x.ID == a
				}
				if len(is) == 0 || !is[kept] && !is[unreachable] && !is[gone] {
					is[removed] = true
				}
				for _, where := range []string{kept, unreachable, removed, gone} {
					require.Equal(t, where == c.where, is[where], where)
				}
			})
		}
	}
}

// docs/protocol.md §4.5 recovered agent not back in `agent_reregister_timeout` after election: unreachable, FAILURE, no task events.
func TestRecoveredAgentStaysAway(t *testing.T) {
	r, a, f := running(t, info("web"))
	next := newRigOn(t, r.store, master.Config{Entropy: [16]byte{9}, Node: "next", Version: "test"})
	i := info("web")
	i.ID = f
	next.scheduler("s", i)
	next.took("s")
	next.advance(10*time.Minute - time.Second)
	require.Empty(t, all[msg.Failure](next, "s"))
	next.advance(2 * time.Second)
	require.Equal(t, []msg.Failure{{Agent: a}}, all[msg.Failure](next, "s"))
	require.Empty(t, next.states("s"))
	require.Equal(t, []agentID{a}, next.m.UnreachableAgents())
	next.say("s", msg.Reconcile{Tasks: []msg.TaskRef{{Task: "t", Agent: a}}})
	require.Equal(t, []string{"t TASK_UNREACHABLE RECONCILIATION"}, next.states("s"), "that is how its scheduler learns of it")
}
