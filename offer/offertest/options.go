package offertest

import (
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/transport/host"
)

// DefaultAgent is what the one agent of a cluster has that is told of no others.
const DefaultAgent = "cpus:4;mem:4096;disk:10240;ports:[31000-32000]"

// An Option changes how New and Live make a cluster.
type Option func(*config)

type config struct {
	seed      uint64
	agents    []agentSpec
	rules     offer.Rules
	policy    func() offer.Policy
	masters   []func(*master.Config)
	latency   time.Duration
	jitter    time.Duration
	standbys  int
	executors host.Executors
	play      func(*Task)
	shown     int
	errs      []error
}

// agentSpec is an agent that can be started again.
type agentSpec struct {
	name msg.Node
	info msg.AgentInfo
}

func collect(opts []Option) config {
	c := config{seed: 1, rules: offer.StrictDRF(), executors: host.Executors{}, play: UntilTold, shown: 50}
	for _, f := range opts {
		f(&c)
	}
	if len(c.agents) == 0 {
		WithAgents(1, DefaultAgent)(&c)
	}
	return c
}

// WithSeed sets what every random choice comes from; 1 unless told. Clusters by hand with equal seeds and equal calls do
// the same, to the byte.
func WithSeed(seed uint64) Option { return func(c *config) { c.seed = seed } }

// WithAgents adds n agents that have resources, in the form of docs/resource-model.md §2.2. They are named agent-1,
// agent-2, … behind those that options added before.
func WithAgents(n int, resources string) Option {
	return func(c *config) {
		r, err := resource.Parse(resources)
		if err != nil {
			c.errs = append(c.errs, fmt.Errorf("resources of agents: %w", err))
			return
		}
		for range n {
			WithAgent(msg.Node(fmt.Sprintf("agent-%d", len(c.agents)+1)), msg.AgentInfo{Resources: r})(c)
		}
	}
}

// WithAgent adds one agent. Its host name is name unless info has one.
func WithAgent(name msg.Node, info msg.AgentInfo) Option {
	return func(c *config) { c.agents = append(c.agents, agentSpec{name, info}) }
}

// WithRules sets by which rules is offered, in place of offer.StrictDRF, which does what Mesos does.
func WithRules(r offer.Rules) Option { return func(c *config) { c.rules = r } }

// WithPolicy lets a policy of one's own decide. newPolicy is called for every master that is started. Quota is that of the
// tree, which policies need.
func WithPolicy(newPolicy func() offer.Policy) Option {
	return func(c *config) { c.policy = newPolicy }
}

// WithMaster changes the configuration of every master that is started: timeouts, bounds, weights, the allocator.
func WithMaster(adjust func(*master.Config)) Option {
	return func(c *config) { c.masters = append(c.masters, adjust) }
}

// WithStandbys adds n masters that stand by: they share a registry with the first, and one of them is elected when the
// leader is killed or deposed. They are named standby-1, standby-2, …
func WithStandbys(n int) Option {
	return func(c *config) {
		if c.standbys = n; n < 0 {
			c.errs = append(c.errs, fmt.Errorf("%d standby masters", n))
		}
	}
}

// WithLatency lets every message travel for latency, and up to jitter longer. Without, messages arrive at once.
func WithLatency(latency, jitter time.Duration) Option {
	return func(c *config) { c.latency, c.jitter = latency, jitter }
}

// WithExecutor lets an executor of one's own run tasks whose executor has that key (see host.Executors); all others are
// played (see WithTasks).
func WithExecutor(key string, newExecutor func(host.StartInfo) framework.Executor) Option {
	return func(c *config) { c.executors[key] = newExecutor }
}

// WithTasks sets what a task does once it is launched: UntilTold unless told, RunFor(d), or a function of one's own. It is
// called by the task's executor and must not wait: use Task.After. It plays command tasks as well as tasks of executors.
func WithTasks(play func(*Task)) Option { return func(c *config) { c.play = play } }

// WithEvents sets how many of the last events a dump shows; 50 unless told.
func WithEvents(n int) Option { return func(c *config) { c.shown = max(n, 0) } }

// master is the configuration of the next master.
func (c *config) master() master.Config {
	cfg := master.Config{Allocator: offer.Config{Seed: c.seed, Rules: c.rules}}
	if c.policy != nil {
		cfg.Allocator.Policy = c.policy()
		cfg.Allocator.Rules.Quota = offer.QuotaTree
	}
	for _, f := range c.masters {
		f(&cfg)
	}
	return cfg
}
