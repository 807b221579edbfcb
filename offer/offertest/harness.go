package offertest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/host"
)

// Cluster is a master, agents and schedulers for one test. Its methods are for the test's goroutine, none of them for
// callbacks; a Task's are for any. It ends with the test, and tells then what it was like if the test failed.
//
// Frameworks are named by their FrameworkInfo.Name, or by their id where names are not enough; agents by their node;
// resources as in docs/resource-model.md §2.2.
type Cluster struct {
	t       TB
	cfg     config
	engine  engine
	begin   offer.Time
	masters []msg.Node // ever started
	agents  []agentSpec
	clients []client
	events  *events
	cuts    []string // what is partitioned or stalled now
	told    bool     // that the engine failed, or books were wrong

	mu     sync.Mutex
	played map[taskKey]*Task
}

// client is a scheduler.
type client struct {
	node   msg.Node
	name   string
	driver framework.Driver
}

// New makes a cluster that is moved by hand: it runs on the test's goroutine in Settle and Advance only, in virtual time,
// and equal runs are equal to the byte. It has one agent, with DefaultAgent, and offers as Mesos does, unless opts say
// otherwise. All agents are registered when it returns. The books of all machines are checked after every step.
func New(t TB, opts ...Option) *Cluster {
	t.Helper()
	return start(t, opts, func(cfg config, e *events) engine { return newByHand(cfg, e.add) })
}

// Live makes the same cluster of goroutines, all within the caller's testing/synctest bubble, for schedulers with goroutines
// and sleeps of their own: time is the bubble's, an hour's sleep takes no time. t must be the one that synctest.Test hands
// out. Settle waits until all other goroutines of the bubble, the test's own included, wait for time to pass; Advance sleeps.
// After both, and after every check, the test may read and write what its callbacks do, up to its next sleep. When the test
// ends, no goroutine of the cluster is left.
func Live(t TB, opts ...Option) *Cluster {
	t.Helper()
	return start(t, opts, func(cfg config, e *events) engine { return newLive(cfg, e.add, e.touch) })
}

func start(t TB, opts []Option, run func(config, *events) engine) *Cluster {
	t.Helper()
	cfg := collect(opts)
	c := &Cluster{t: t, cfg: cfg, events: newEvents(), played: map[taskKey]*Task{}}
	if len(cfg.errs) > 0 {
		t.Fatalf("offertest: %v", errors.Join(cfg.errs...))
		return c
	}
	c.engine = run(cfg, c.events)
	if err := c.engine.settle(); err != nil {
		t.Fatalf("%v", err)
		return c
	}
	c.begin = c.engine.now()
	c.events.begin = c.begin
	t.Cleanup(c.end)
	for range 1 + cfg.standbys {
		c.StartMaster()
	}
	for _, a := range cfg.agents {
		c.startAgent(a)
	}
	c.awaitAgents()
	return c
}

// end says what the cluster was like if the test failed, and ends it.
func (c *Cluster) end() {
	c.t.Helper()
	c.Settle()
	if c.t.Failed() {
		c.t.Logf("%s", c.Dump())
	}
	c.engine.close()
}

// registration is how long agents may take to register.
const registration = 2 * time.Minute

// awaitAgents lets time pass until all agents are registered: each waits a random moment first (docs/protocol.md §4.3).
func (c *Cluster) awaitAgents() {
	c.t.Helper()
	for waited := time.Duration(0); waited < registration; waited += time.Second {
		c.Advance(time.Second)
		n := -1
		c.engine.master(func(m *master.Machine) { n = len(m.Agents()) })
		if n == len(c.agents) {
			return
		}
	}
	c.t.Fatalf("offertest: not all of %d agents registered within %v", len(c.agents), registration)
}

// startAgent starts an agent that c knows, or is to know.
func (c *Cluster) startAgent(s agentSpec) {
	c.t.Helper()
	executors := host.Executors{"": func(i host.StartInfo) framework.Executor { return &player{c: c, info: i} }}
	maps.Copy(executors, c.cfg.executors)
	if err := c.engine.startAgent(s, executors); err != nil {
		c.t.Fatalf("offertest: start agent %s: %v", s.name, err)
		return
	}
	if !slices.ContainsFunc(c.agents, func(a agentSpec) bool { return a.name == s.name }) {
		c.agents = append(c.agents, s)
	}
}

// AddAgent adds an agent to the running cluster. It registers within a second or so of the cluster's time.
func (c *Cluster) AddAgent(name msg.Node, resources string) {
	c.t.Helper()
	r, err := resource.Parse(resources)
	if err != nil {
		c.t.Fatalf("offertest: add agent %s: %v", name, err)
		return
	}
	c.startAgent(agentSpec{name, msg.AgentInfo{Resources: r}})
}

// Scheduler adds a scheduler and returns its driver, which may be called from anywhere. With info.ID set it takes over that
// framework. By hand it subscribes in the next Settle or Advance, and is offered resources then.
func (c *Cluster) Scheduler(info msg.FrameworkInfo, s framework.Scheduler) framework.Driver {
	return c.SchedulerOf(framework.SchedulerConfig{Framework: info}, s)
}

// SchedulerOf is Scheduler for those who acknowledge by themselves, begin suppressed, or need other times.
func (c *Cluster) SchedulerOf(cfg framework.SchedulerConfig, s framework.Scheduler) framework.Driver {
	c.t.Helper()
	name := msg.Node(fmt.Sprintf("scheduler-%d", len(c.clients)+1))
	d, err := c.engine.startScheduler(name, cfg, s)
	if err != nil {
		c.t.Fatalf("offertest: add scheduler %s: %v", cfg.Framework.Name, err)
		return framework.NewDriver(func(msg.Input) error { return &framework.StatusError{Status: msg.DriverNotStarted} })
	}
	c.clients = append(c.clients, client{name, cfg.Framework.Name, d})
	c.note(fmt.Sprintf("adds %s as %s", name, cfg.Framework.Name))
	return d
}

// SchedulerNode is the address of a framework's latest scheduler, for Partition and the like: scheduler-1 for the first one
// that was added, and so on.
func (c *Cluster) SchedulerNode(framework string) msg.Node {
	c.t.Helper()
	cl, _ := c.client(framework)
	return cl.node
}

// client finds the latest scheduler of a framework.
func (c *Cluster) client(framework string) (client, bool) {
	c.t.Helper()
	for i := len(c.clients) - 1; i >= 0; i-- {
		if c.clients[i].name == framework {
			return c.clients[i], true
		}
	}
	c.t.Fatalf("offertest: no scheduler of a framework named %q was added", framework)
	return client{}, false
}

// Settle lets everything happen that is due now, until nothing is; time stands still.
func (c *Cluster) Settle() {
	c.t.Helper()
	c.judge(c.engine.settle())
}

// Advance lets time pass, and everything happen that is due on the way, in order.
func (c *Cluster) Advance(d time.Duration) {
	c.t.Helper()
	c.judge(c.engine.advance(d))
}

// judge fails the test, once, if the engine failed or a machine's books went wrong.
func (c *Cluster) judge(err error) {
	c.t.Helper()
	if err == nil {
		err = c.engine.check()
	}
	if err != nil && !c.told {
		c.told = true
		c.t.Errorf("offertest: %v", err)
	}
}

// Now is the cluster's time: by hand it begins at inproc.Begin, live it is the bubble's.
func (c *Cluster) Now() offer.Time { return c.engine.now() }

// Elapsed is how long the cluster has been there, as dumps tell it.
func (c *Cluster) Elapsed() time.Duration { return c.Now().Sub(c.begin) }

// After calls f when d of the cluster's time has passed: by hand on the test's goroutine, live on one of its own. It is the
// clock of schedulers that run by hand, and may be called from callbacks.
func (c *Cluster) After(d time.Duration, f func()) { c.engine.after(d, f) }

// Operate makes an operator's call, such as msg.UpdateQuota or msg.UpdateWeights, and returns its answer.
func (c *Cluster) Operate(call msg.OperatorCall) error {
	c.t.Helper()
	c.Settle()
	return c.engine.operate(call)
}

// Explain settles and tells why a framework is offered nothing of an agent for a role, or what it would be offered. It fails
// the test if there is no such framework or agent, or no master.
func (c *Cluster) Explain(framework string, r role.Name, agent msg.Node) (v offer.Verdict) {
	c.t.Helper()
	s := c.leaderSnapshot()
	f, ok := c.framework(s, framework)
	if !ok {
		return v
	}
	for _, a := range s.Master.Agents {
		if a.Node == agent {
			c.engine.master(func(m *master.Machine) { v = m.Explain(f.Info.ID, r, a.Info.ID) })
			v.Reason = c.events.brief(v.Reason)
			return v
		}
	}
	c.t.Fatalf("offertest: the master has no agent %q; it has: %s", agent, orNone(nodes(s.Master.Agents)))
	return v
}
