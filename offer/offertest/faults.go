package offertest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
)

// KillAgent ends an agent's machine at once, with all executors on it, as a power cut would: nobody says goodbye, links
// break. The master waits for it (docs/protocol.md §4.5). Its disk is as it was: see RestartAgent, and ReplaceAgent.
func (c *Cluster) KillAgent(name msg.Node) {
	c.t.Helper()
	if c.knownAgent(name) {
		c.note("kills " + string(name))
		c.engine.kill(name)
		c.forget(name)
	}
}

// CrashAgent ends the process of an agent at once. Executors of frameworks that checkpoint run on and look for it, for 15
// minutes; others end (docs/protocol.md §11).
func (c *Cluster) CrashAgent(name msg.Node) {
	c.t.Helper()
	if c.knownAgent(name) {
		c.note("crashes " + string(name))
		c.engine.crash(name)
	}
}

// RestartAgent starts the process of an agent again that was killed, crashed or stopped, or crashes it first. It goes on from
// what it has on disk (docs/protocol.md §4.1): with the same id, unless it was stopped, with its reservations and volumes, and
// with the executors that still run, if their frameworks checkpoint; they have 2 seconds to come back. Then it registers, within
// another second or so.
func (c *Cluster) RestartAgent(name msg.Node) {
	c.t.Helper()
	if !c.knownAgent(name) {
		return
	}
	if c.engine.runs(name) {
		c.CrashAgent(name)
	}
	c.note("starts " + string(name))
	if err := c.engine.restartAgent(name); err != nil {
		c.t.Fatalf("offertest: restart agent %s: %v", name, err)
	}
}

// ReplaceAgent puts a new machine in the place of an agent's, with an empty disk: it registers as a new agent, and its former
// self, if the master still waits for it, is removed. A machine that runs is killed first.
func (c *Cluster) ReplaceAgent(name msg.Node) {
	c.t.Helper()
	if !c.knownAgent(name) {
		return
	}
	if c.engine.runs(name) {
		c.KillAgent(name)
	}
	c.note("replaces " + string(name))
	i := slices.IndexFunc(c.agents, func(a agentSpec) bool { return a.name == name })
	c.startAgent(c.agents[i])
}

// StopAgent lets an agent end its executors, say goodbye and end, as it does when it is shut down for maintenance.
func (c *Cluster) StopAgent(name msg.Node) {
	c.t.Helper()
	if c.knownAgent(name) {
		c.note("stops " + string(name))
		c.engine.stopAgent(name)
	}
}

func (c *Cluster) knownAgent(name msg.Node) bool {
	c.t.Helper()
	if slices.ContainsFunc(c.agents, func(a agentSpec) bool { return a.name == name }) {
		return true
	}
	c.t.Fatalf("offertest: there is no agent %q", name)
	return false
}

// Leader is the node of the master that leads, "" if there is none.
func (c *Cluster) Leader() msg.Node { return c.engine.leader() }

// KillLeader ends the master that leads at once. Tasks run on; agents and schedulers look for another one: a standby, see
// WithStandbys, or what StartMaster starts.
func (c *Cluster) KillLeader() {
	c.t.Helper()
	leader := c.Leader()
	if leader == "" {
		c.t.Fatalf("offertest: there is no master to kill")
		return
	}
	c.note("kills " + string(leader))
	c.engine.kill(leader)
}

// DeposeLeader ends the lead of a master that is alive, as when it loses contact with whoever keeps the leases: it says nothing
// more and ends, and a standby is elected (docs/protocol.md §5). It needs WithStandbys.
func (c *Cluster) DeposeLeader() {
	c.t.Helper()
	e, leader := c.engine.elections(), c.Leader()
	if e == nil || leader == "" {
		c.t.Fatalf("offertest: nobody was elected; use WithStandbys, and StartMaster if all have ended")
		return
	}
	c.note("deposes " + string(leader))
	e.Depose()
}

// FailCommits lets every commit to the masters' registry fail from now on, until HealCommits: the leader resigns with its next
// one, and announces nothing of it (docs/protocol.md §5).
func (c *Cluster) FailCommits() {
	c.note("the registry fails")
	c.engine.failCommits(func() host.StoreFault { return host.StoreFault{Lost: true, Err: errRegistry} })
}

// SlowCommits lets every commit to the masters' registry take d longer from now on, until HealCommits. From 20 seconds on
// the leader resigns.
func (c *Cluster) SlowCommits(d time.Duration) {
	c.note(fmt.Sprintf("the registry takes %v", d))
	c.engine.failCommits(func() host.StoreFault { return host.StoreFault{Delay: d} })
}

// HealCommits ends FailCommits and SlowCommits.
func (c *Cluster) HealCommits() {
	c.note("the registry is well")
	c.engine.failCommits(nil)
}

var errRegistry = errors.New("offertest: FailCommits")

// StartMaster starts a master when there is none, as the next leader: it has the registry of the ones before, and learns the
// rest from agents and schedulers (docs/protocol.md §5). Agents are back within a minute or two of the cluster's time. With
// WithStandbys it starts one more that stands by, or leads if there is no other.
func (c *Cluster) StartMaster() {
	c.t.Helper()
	name := host.DefaultMaster
	for n := 1; c.cfg.standbys > 0 && c.engine.runs(name); n++ {
		name = msg.Node(fmt.Sprintf("standby-%d", n))
	}
	if c.engine.runs(name) {
		c.t.Fatalf("offertest: there is a master; use KillLeader first, or WithStandbys")
		return
	}
	c.note("starts " + string(name))
	cfg := c.cfg.master()
	cfg.Node = name
	id, err := c.engine.startMaster(cfg)
	if err != nil {
		c.t.Fatalf("offertest: start %s: %v", name, err)
		return
	}
	if !slices.Contains(c.masters, name) {
		c.masters = append(c.masters, name)
	}
	c.nameMaster(id)
}

// KillScheduler ends a framework's latest scheduler at once, as a crash would: its link breaks, no callback follows. The
// framework lives on for its failover timeout.
func (c *Cluster) KillScheduler(framework string) {
	c.t.Helper()
	if cl, ok := c.client(framework); ok {
		c.note("kills " + string(cl.node))
		c.engine.kill(cl.node)
	}
}

// StopScheduler stops the driver of a framework's latest scheduler: with failover the framework lives on for its failover
// timeout, else it is torn down.
func (c *Cluster) StopScheduler(framework string, failover bool) msg.DriverStatus {
	c.t.Helper()
	cl, ok := c.client(framework)
	if !ok {
		return msg.DriverNotStarted
	}
	c.note(fmt.Sprintf("stops %s, failover %v", cl.node, failover))
	return cl.driver.Stop(failover)
}

// Partition cuts two nodes from each other: links between them break, what is on the way is lost, and they cannot dial until
// heal is called. Nodes are master, agents by their names, and schedulers by SchedulerNode.
func (c *Cluster) Partition(a, b msg.Node) (heal func()) {
	c.t.Helper()
	if !c.knownPair(a, b) {
		return func() {}
	}
	n := c.engine.network()
	c.note(fmt.Sprintf("cuts %s from %s", a, b))
	n.Cut(a, b)
	return c.undo(fmt.Sprintf("%s is cut from %s", a, b), fmt.Sprintf("heals %s and %s", a, b), func() { n.Heal(a, b) })
}

// Stall is a partition that nobody notices: nothing passes between two nodes, and no link breaks, until resume is called.
// Then all that waited arrives.
func (c *Cluster) Stall(a, b msg.Node) (resume func()) {
	c.t.Helper()
	if !c.knownPair(a, b) {
		return func() {}
	}
	n := c.engine.network()
	c.note(fmt.Sprintf("stalls %s and %s", a, b))
	n.Stall(a, b)
	return c.undo(fmt.Sprintf("%s and %s are stalled", a, b), fmt.Sprintf("resumes %s and %s", a, b), func() { n.Resume(a, b) })
}

// LoseLink breaks the links between two nodes, with what is on the way; they may dial again at once.
func (c *Cluster) LoseLink(a, b msg.Node) {
	c.t.Helper()
	if c.knownPair(a, b) {
		c.note(fmt.Sprintf("breaks the links of %s and %s", a, b))
		c.engine.network().Break(a, b)
	}
}

// undo returns what ends a lasting fault, once, and keeps it in the dump until then.
func (c *Cluster) undo(state, note string, f func()) func() {
	c.cuts = append(c.cuts, state)
	done := false
	return func() {
		if done {
			return
		}
		done = true
		i := slices.Index(c.cuts, state)
		c.cuts = slices.Delete(c.cuts, i, i+1)
		c.note(note)
		f()
	}
}

// knownPair fails the test if one of two nodes never was: a fault that hits nobody is a typing error.
func (c *Cluster) knownPair(a, b msg.Node) bool {
	c.t.Helper()
	for _, n := range []msg.Node{a, b} {
		known := slices.Contains(c.masters, n) || slices.ContainsFunc(c.agents, func(x agentSpec) bool { return x.name == n }) ||
			slices.ContainsFunc(c.clients, func(x client) bool { return x.node == n })
		if !known {
			c.t.Fatalf("offertest: there is no node %q; nodes are %q, agents by name, and schedulers by SchedulerNode", n, c.masters)
			return false
		}
	}
	return true
}
