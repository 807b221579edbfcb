package inproc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/offer/replay"
	"github.com/proffer-go/proffer/transport/host"
)

// Begin is the time at which a cluster begins: not zero, which means never in many a report.
const Begin = offer.Time(time.Second)

// Errors of a cluster.
var (
	// ErrUnsettled: the nodes keep each other busy without time passing.
	ErrUnsettled = errors.New("inproc: the cluster does not settle")
	// ErrNoAgent: there never was such an agent.
	ErrNoAgent = errors.New("inproc: the cluster had no agent")
	// ErrNoMaster: there is no master, or it ended.
	ErrNoMaster = errors.New("inproc: the cluster has no master; use AddMaster")
)

// maxRounds bounds the rounds of one Settle.
const maxRounds = 1_000_000

// Cluster is a master, agents and schedulers on one network, run by hand: nothing happens but in Settle and Advance, on
// the caller's goroutine, and time moves only by Advance. Equal seeds and equal calls give equal runs, to the byte.
//
// The first thing that fails is kept: Err and Check return it, and nothing moves after it. A Cluster is for one
// goroutine; none of its methods but Now and After may be called from within callbacks.
type Cluster struct {
	net       *Network
	rng       *rand.Rand
	seed      uint64
	now       offer.Time
	roster    roster
	master    *host.MasterNode // the latest
	masters   map[msg.Node]*host.MasterNode
	election  *Election // nil: none is held
	store     registry.Store
	faults    func(commit int) host.StoreFault
	agents    map[msg.Node]*host.AgentNode
	machines  map[msg.Node]*agentMachine // of all agents ever
	records   func(agent msg.Node, save int) host.StoreFault
	observers []host.Observer
	hooks     []func()
	mourners  []func(msg.Node)
	timers    []timer // in order of their time, then of their setting
	clients   int
	tapes     func(h *replay.Header) (io.WriteCloser, error)
	ahead     map[msg.Node]time.Duration // of nodes whose clock is not right
	polled    node                       // whose turn it is
	err       error
}

// timer is a function to call.
type timer struct {
	at offer.Time
	f  func()
}

// node is what the cluster polls.
type node interface {
	Node() msg.Node
	Poll(now offer.Time) bool
	NextDeadline() (offer.Time, bool)
	Ended() (bool, error)
	Close() error
}

// NewCluster makes an empty cluster whose messages arrive at once. All its randomness comes from seed.
func NewCluster(seed uint64) *Cluster { return NewClusterOn(Config{Seed: seed}) }

// NewClusterOn makes an empty cluster on a network of cfg; all its randomness comes from cfg.Seed.
func NewClusterOn(cfg Config) *Cluster {
	return &Cluster{net: New(cfg), rng: rand.New(rand.NewPCG(cfg.Seed, 1)), seed: cfg.Seed, now: Begin, store: registry.NewMemory(),
		roster: newRoster(), masters: map[msg.Node]*host.MasterNode{}, agents: map[msg.Node]*host.AgentNode{}, machines: map[msg.Node]*agentMachine{}}
}

// AddMaster adds the master, as host.DefaultMaster unless cfg names a node. Entropy and the allocator's seed come from
// the cluster's seed where they are zero. All masters of a cluster have one registry: one that is added when another was
// killed takes over what that one had to remember, and one that is added beside another fences it: that one ends at its next
// commit. It returns nil where it fails.
func (c *Cluster) AddMaster(cfg master.Config) *host.MasterNode {
	if cfg.Allocator.Seed == 0 {
		cfg.Allocator.Seed = c.seed
	}
	opts := append(c.options(), host.WithStore(c.store), host.WithStoreFaults(c.storeFault))
	if c.election != nil {
		opts = append(opts, host.WithContender(c.election))
	}
	n, err := host.OpenMaster(context.Background(), c.net, cfg, opts...)
	if c.fail("add master", err) {
		return nil
	}
	c.master, c.masters[n.Node()] = n, n
	c.roster.add(n)
	return n
}

// SetStore sets the registry of the masters that are added from now on, in place of one in memory.
func (c *Cluster) SetStore(s registry.Store) { c.store = s }

// Store is the registry of the masters.
func (c *Cluster) Store() registry.Store { return c.store }

// FailCommits asks f for every commit from now on what goes wrong with it; each master counts its own, from 1, the first
// being the one it begins to lead with. nil: nothing goes wrong.
func (c *Cluster) FailCommits(f func(commit int) host.StoreFault) { c.faults = f }

func (c *Cluster) storeFault(commit int) host.StoreFault {
	if c.faults == nil {
		return host.StoreFault{}
	}
	return c.faults(commit)
}

// WorkDir gives an agent a directory for volumes and sandboxes.
func WorkDir(dir string) func(*agent.Config) { return func(cfg *agent.Config) { cfg.WorkDir = dir } }

// AddScheduler adds a scheduler under the next of the names scheduler-1, scheduler-2, … and returns its driver. With
// info.ID set it takes over that framework. Where it fails, the driver answers every call with a *framework.StatusError.
func (c *Cluster) AddScheduler(info msg.FrameworkInfo, s framework.Scheduler, adjust ...func(*framework.SchedulerConfig)) framework.Driver {
	c.clients++
	return c.AddSchedulerAs(msg.Node(fmt.Sprintf("scheduler-%d", c.clients)), info, s, adjust...)
}

// AddSchedulerAs is AddScheduler under a name of the caller's, such as that of one that was killed.
func (c *Cluster) AddSchedulerAs(name msg.Node, info msg.FrameworkInfo, s framework.Scheduler, adjust ...func(*framework.SchedulerConfig)) framework.Driver {
	cfg := framework.SchedulerConfig{Framework: info}
	for _, f := range adjust {
		f(&cfg)
	}
	n, err := host.OpenScheduler(context.Background(), c.net, cfg, s, append(c.options(), host.As(name))...)
	if c.fail("add scheduler "+info.Name, err) {
		return framework.NewDriver(func(msg.Input) error { return &framework.StatusError{Status: msg.DriverNotStarted} })
	}
	c.roster.add(n)
	return n.Driver()
}

// HoldElections has the masters that are added from now on stand for election, and the agents and schedulers that are added ask
// who leads: call it first, and give each master a cfg.Node of its own. The election is changed by hand, too.
func (c *Cluster) HoldElections() *Election {
	c.election = NewElection()
	return c.election
}

// leading is the master that leads, or the latest where nobody is elected; nil if there is none.
func (c *Cluster) leading() *host.MasterNode {
	if c.election != nil {
		return c.masters[c.election.Leader()]
	}
	return c.master
}

// options are those of every node.
func (c *Cluster) options() []host.Option {
	opts := []host.Option{
		host.ByHand(func(n *host.ExecutorNode) { c.roster.add(n) }, c.draw),
		host.Woken(c.roster.wake),
		host.ObserveWhile(func() bool { return len(c.observers) > 0 || c.tapes != nil }, func(o host.Observation) {
			if lost, ok := o.What.(host.Unrecorded); ok {
				c.fail("record "+string(o.Node), lost.Err)
			}
			for _, f := range c.observers {
				f(o)
			}
		}),
		host.Recording(c.tape),
		host.AfterStep(func() {
			for _, f := range c.hooks {
				f()
			}
		}),
	}
	if c.election != nil {
		opts = append(opts, host.WithDetector(c.election))
	}
	return opts
}

// draw makes entropy from the seed.
func (c *Cluster) draw() (e [16]byte) {
	binary.LittleEndian.PutUint64(e[:8], c.rng.Uint64())
	binary.LittleEndian.PutUint64(e[8:], c.rng.Uint64()|1)
	return e
}

// fail keeps the first error and reports whether there is one now.
func (c *Cluster) fail(what string, err error) bool {
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("inproc: %s: %w", what, err)
	}
	return err != nil
}

// Settle lets everything happen that is due now, until nothing is.
func (c *Cluster) Settle() {
	for range maxRounds {
		if c.err != nil || !c.round() {
			return
		}
	}
	c.fail("settle", ErrUnsettled)
}

// round calls the timers, delivers what is due, and polls every node that something happened to, in order of their names.
func (c *Cluster) round() bool {
	busy := c.ring()
	busy = c.net.Poll(c.now) || busy
	c.roster.begin(c.now)
	for e := c.roster.turn(); e != nil; e = c.roster.turn() {
		if c.err != nil {
			c.roster.stop()
			return false
		}
		c.polled = e.node
		if e.node.Poll(c.clock(e.name)) {
			busy = true
		}
		if ended, err := e.node.Ended(); ended {
			c.drop(e.name)
			if errors.Is(err, host.ErrStuck) {
				c.fail(string(e.name), err)
			}
			continue
		}
		c.wait(e)
	}
	return busy || len(c.roster.next) > 0
}

// wait lets a node be polled when its time comes.
func (c *Cluster) wait(e *entry) {
	if at, ok := e.node.NextDeadline(); ok {
		c.roster.set(e, at.Add(-c.ahead[e.name]))
		return
	}
	c.roster.unset(e)
}

// After calls f when d has passed, on the goroutine that advances time then: the clock of executors and schedulers that
// run by hand. f may call drivers and After. Timers of the same moment are called in the order they were set.
func (c *Cluster) After(d time.Duration, f func()) {
	at := c.now.Add(max(d, 0))
	i := len(c.timers)
	for i > 0 && c.timers[i-1].at > at {
		i--
	}
	c.timers = slices.Insert(c.timers, i, timer{at, f})
}

// ring calls the timers that were due when it began.
func (c *Cluster) ring() bool {
	n := 0
	for n < len(c.timers) && c.timers[n].at <= c.now {
		n++
	}
	due := slices.Clone(c.timers[:n])
	c.timers = slices.Delete(c.timers, 0, n)
	for _, t := range due {
		t.f()
	}
	return n > 0
}

// Advance moves time on by d and stops at every deadline on the way, in order. Once something failed, time stands still.
func (c *Cluster) Advance(d time.Duration) {
	end := c.now.Add(max(d, 0))
	for c.Settle(); c.err == nil; c.Settle() {
		at, ok := c.NextDeadline()
		if !ok || at > end {
			break
		}
		c.now = max(c.now, at)
	}
	if c.err != nil {
		return
	}
	c.now = end
	c.Settle()
}

// NextDeadline tells when something happens next, at the latest, if nobody calls anything.
func (c *Cluster) NextDeadline() (offer.Time, bool) {
	first, any := c.net.NextDeadline()
	if len(c.timers) > 0 && (!any || c.timers[0].at < first) {
		first, any = c.timers[0].at, true
	}
	if at, ok := c.roster.first(c.now); ok && (!any || at < first) {
		first, any = at, true
	}
	return first, any
}

// Now is the cluster's time; it begins at Begin.
func (c *Cluster) Now() offer.Time { return c.now }

// Network is what the nodes are linked by: use it to Cut, Heal and Break.
func (c *Cluster) Network() *Network { return c.net }

// Master is the machine of the master that leads, to read and explain; nil if there is none.
func (c *Cluster) Master() *master.Machine {
	if n := c.leading(); n != nil {
		return n.Machine()
	}
	return nil
}

// Agent is an agent's machine, to read; nil if there is none of that name.
func (c *Cluster) Agent(name msg.Node) *agent.Machine {
	if n := c.agents[name]; n != nil {
		return n.Machine()
	}
	return nil
}

// Nodes lists the nodes that run, executors included, in order.
func (c *Cluster) Nodes() []msg.Node { return slices.Sorted(maps.Keys(c.roster.entries)) }

// Operate makes an operator's call, settles, and returns the call's answer. Once something failed, it returns that, and
// makes no call.
func (c *Cluster) Operate(call msg.OperatorCall) error {
	_, err := c.Ask(call)
	return err
}

// Ask is Operate for a call that reads: the result's type is named after the call, as master.AgentsResult is after
// msg.GetAgents.
func (c *Cluster) Ask(call msg.OperatorCall) (master.Result, error) {
	switch {
	case c.err != nil:
		return nil, c.err
	case c.leading() == nil:
		return nil, ErrNoMaster
	}
	answer := master.Answer{Err: host.ErrEnded}
	c.leading().SubmitAsk("", call, func(a master.Answer) { answer = a })
	if c.Settle(); c.err != nil {
		return nil, c.err
	}
	return answer.Result, answer.Err
}

// Submit makes an operator's call and returns at once, also from within callbacks; answered is called with the answer, which
// is ErrNoMaster, on the spot, where there is no master.
func (c *Cluster) Submit(call msg.OperatorCall, answered func(error)) {
	n := c.leading()
	if n == nil {
		answered(ErrNoMaster)
		return
	}
	n.Submit("", call, answered)
}

// Kill ends a node at once, as a crash would: its links end and it says nothing more. An agent's executors run on; see
// RestartAgent.
func (c *Cluster) Kill(name msg.Node) {
	if e := c.roster.entries[name]; e != nil {
		e.node.Close()
		c.drop(name)
	}
}

// StopAgent asks an agent to end its executors, say goodbye and end.
func (c *Cluster) StopAgent(name msg.Node) {
	if n := c.agents[name]; n != nil {
		n.Stop()
	}
}

// drop forgets a node that ended.
func (c *Cluster) drop(name msg.Node) {
	if c.master != nil && c.master.Node() == name {
		c.master = nil
	}
	delete(c.masters, name)
	delete(c.agents, name)
	c.roster.remove(name)
	for _, f := range c.mourners {
		f(name)
	}
}

// Record writes down every input of all nodes that are added from now on, executors included (docs/protocol.md §21): open says
// where to, see host.Recording and host.TapesIn. Nodes that run are recorded on, or not, as they were. A recording that fails
// is what failed of the cluster: see Err. Tapes are whole once their nodes have ended: after Close.
func (c *Cluster) Record(open func(h *replay.Header) (io.WriteCloser, error)) { c.tapes = open }

func (c *Cluster) tape(h *replay.Header) (io.WriteCloser, error) {
	if c.tapes == nil {
		return nil, nil
	}
	return c.tapes(h)
}

// Observe tells f everything that happens at all nodes from now on.
func (c *Cluster) Observe(f host.Observer) { c.observers = append(c.observers, f) }

// AfterStep calls f after every single step of every machine from now on: tests call Check there.
func (c *Cluster) AfterStep(f func()) { c.hooks = append(c.hooks, f) }

// WhenEnded calls f for every node that ends from now on, of itself or killed, once it is there no longer. f must not add nodes.
func (c *Cluster) WhenEnded(f func(node msg.Node)) { c.mourners = append(c.mourners, f) }

// Fail makes err what failed, unless something did before: nothing moves any more. It may be called from anywhere within a
// Settle or an Advance: for those who watch, and have seen enough.
func (c *Cluster) Fail(err error) { c.fail("stopped", err) }

// Err returns what failed first, nil if nothing did.
func (c *Cluster) Err() error { return c.err }

// Check recomputes the books of every master and of every agent and returns what does not agree, or what failed before.
func (c *Cluster) Check() error {
	if c.err != nil {
		return c.err
	}
	for _, name := range slices.Sorted(maps.Keys(c.masters)) {
		if err := c.masters[name].Machine().Check(); err != nil {
			return fmt.Errorf("inproc: %s: %w", name, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.agents)) {
		if err := c.agents[name].Machine().Check(); err != nil {
			return fmt.Errorf("inproc: %s: %w", name, err)
		}
	}
	return nil
}

// CheckStepped is Check of the one machine whose turn it is: what to call from AfterStep where Check costs too much.
func (c *Cluster) CheckStepped() error {
	var err error
	switch n := c.polled.(type) {
	case *host.MasterNode:
		err = n.Machine().Check()
	case *host.AgentNode:
		err = n.Machine().Check()
	case *host.SchedulerNode:
		err = n.Session().Check()
	case *host.ExecutorNode:
		err = n.Session().Check()
	}
	if err != nil {
		return fmt.Errorf("inproc: %s: %w", c.polled.Node(), err)
	}
	return nil
}

// Close ends all nodes at once, in order of their names.
func (c *Cluster) Close() {
	for _, name := range c.Nodes() {
		c.Kill(name)
	}
	c.net.Close()
}
