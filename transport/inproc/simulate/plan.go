package simulate

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/inproc"
)

// Config says what to draw. A zero field takes its default, but for Seed.
type Config struct {
	Seed uint64
	// Agents, Frameworks and Masters are how many there are; 3 each. One master leads, the others stand by.
	Agents, Frameworks, Masters int
	// Duration is how long work and faults go on; 20 min of simulated time.
	Duration time.Duration
	// Quiet is how long the cluster then has to come to rest, with all faults healed; 16 min. Less than the longest back-off
	// of docs/protocol.md §18 finds faults where there are none.
	Quiet time.Duration
	// Work and Faults are how many of each are drawn: one of each in 8 s and 40 s of Duration. Negative: none. A fifth of the
	// faults come in bunches: a change of leader, a registry and a disk that fail, and a clock that leaps, at one time.
	Work, Faults int
	// Kinds are the faults that may be drawn; none stands for all.
	Kinds []inproc.Kind
}

func (c Config) withDefaults() Config {
	set := func(at *int, otherwise int) {
		switch {
		case *at == 0:
			*at = otherwise
		case *at < 0:
			*at = 0
		}
	}
	if c.Duration <= 0 {
		c.Duration = 20 * time.Minute
	}
	if c.Quiet <= 0 {
		c.Quiet = 16 * time.Minute
	}
	set(&c.Agents, 3)
	set(&c.Frameworks, 3)
	set(&c.Masters, 3)
	set(&c.Work, int(c.Duration/(8*time.Second)))
	set(&c.Faults, int(c.Duration/(40*time.Second)))
	return c
}

// Plan is a run as data. Parts of it may be left out: what is left means the same.
type Plan struct {
	Seed       uint64
	Masters    int // that stand for election; below 1 is 1
	Agents     []Agent
	Frameworks []Framework
	Work       []Work
	Faults     inproc.Schedule
	Duration   time.Duration
	Quiet      time.Duration
}

// Agent is one of a plan's agents.
type Agent struct {
	Node      msg.Node
	Resources string // docs/resource-model.md §2.2
}

// Framework is one of a plan's frameworks, and the name of its scheduler's node.
type Framework struct {
	Name           string
	Roles          []role.Name
	Checkpoint     bool
	PartitionAware bool
	Failover       time.Duration
	Explicit       bool // acknowledges by itself, a while later
	Alone          bool // an executor for each task
	Modest         bool // asks for no offers while it wants none
	Impatient      bool // asks for offers again soon, though it wants none
	Feedback       bool // its operations have ids
	Forgetful      bool // where it is Explicit: leaves every third status of an operation unacknowledged, until it comes again
	Shares         bool // knows shared volumes
	Leaves         Leave
}

// Leave says what a framework does when it is asked to leave an agent.
type Leave string

// What frameworks do with inverse offers.
const (
	Silent  Leave = "silent"  // never answers
	Accepts Leave = "accepts" // and ends its tasks there
	Refuses Leave = "refuses"
)

// NewPlan draws a plan. Equal configurations give equal plans.
func NewPlan(cfg Config) Plan {
	cfg = cfg.withDefaults()
	d := drawer{rand.New(rand.NewPCG(cfg.Seed, 0x51b0))}
	p := Plan{Seed: cfg.Seed, Masters: cfg.Masters, Duration: cfg.Duration, Quiet: cfg.Quiet}
	for i := range cfg.Agents {
		p.Agents = append(p.Agents, d.agent(i))
	}
	for i := range cfg.Frameworks {
		p.Frameworks = append(p.Frameworks, d.framework(i))
	}
	for range cfg.Work {
		p.Work = append(p.Work, d.work(&p))
	}
	sortWork(p.Work)
	p.Faults = d.faults(&p, cfg)
	return p
}

// storms are the kinds of which a bunch of faults has one each.
var storms = [][]inproc.Kind{
	{inproc.Depose, inproc.Isolate, inproc.Blind},
	{inproc.CommitLost, inproc.CommitRefused, inproc.CommitUnsure, inproc.CommitSlow, inproc.CommitLate},
	{inproc.RecordLost, inproc.RecordRefused, inproc.RecordUnsure, inproc.RecordSlow, inproc.RecordLate},
	{inproc.Clock},
}

// faults draws the faults: most by themselves, a fifth in bunches within a few seconds.
func (d drawer) faults(p *Plan, cfg Config) inproc.Schedule {
	t := p.targets(cfg)
	bunches := cfg.Faults / (5 * len(storms))
	s := inproc.RandomSchedule(cfg.Seed, cfg.Faults-bunches*len(storms), t)
	for range bunches {
		at := d.within(p.Duration)
		for _, kinds := range storms {
			one := t
			one.Over = 5 * time.Second
			if one.Kinds = slices.DeleteFunc(slices.Clone(kinds), func(k inproc.Kind) bool {
				return len(t.Kinds) > 0 && !slices.Contains(t.Kinds, k)
			}); len(one.Kinds) == 0 {
				one.Kinds = t.Kinds // of such as may be drawn
			}
			for _, f := range inproc.RandomSchedule(d.Uint64(), 1, one) {
				f.At = min(at+f.At, p.Duration)
				s = append(s, f)
			}
		}
	}
	slices.SortStableFunc(s, func(a, b inproc.Fault) int { return cmp.Compare(a.At, b.At) })
	return s
}

func (p *Plan) targets(cfg Config) inproc.Targets {
	t := inproc.Targets{Masters: p.masters(), Kinds: cfg.Kinds, Over: p.Duration}
	for _, a := range p.Agents {
		t.Agents = append(t.Agents, a.Node)
	}
	for _, f := range p.Frameworks {
		t.Schedulers = append(t.Schedulers, msg.Node(f.Name))
	}
	return t
}

// masters are the nodes of those that stand for election.
func (p *Plan) masters() (nodes []msg.Node) {
	for i := range max(p.Masters, 1) {
		nodes = append(nodes, msg.Node(fmt.Sprintf("master-%d", i+1)))
	}
	return nodes
}

// String gives a line for everything in the plan, work and faults in the order of their times.
func (p Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d: %v, then %v of quiet; %d masters, %d agents, %d frameworks, %d pieces of work, %d faults\n",
		p.Seed, p.Duration, p.Quiet, max(p.Masters, 1), len(p.Agents), len(p.Frameworks), len(p.Work), len(p.Faults))
	for _, a := range p.Agents {
		fmt.Fprintf(&b, "agent %s %s\n", a.Node, a.Resources)
	}
	for _, f := range p.Frameworks {
		fmt.Fprintln(&b, f)
	}
	faults := p.Faults
	for _, w := range p.Work {
		for len(faults) > 0 && faults[0].At <= w.At {
			fmt.Fprintln(&b, "fault", faults[0])
			faults = faults[1:]
		}
		fmt.Fprintln(&b, "work ", w)
	}
	for _, f := range faults {
		fmt.Fprintln(&b, "fault", f)
	}
	return b.String()
}

// String gives one line.
func (f Framework) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "framework %s roles %v failover %v", f.Name, f.Roles, f.Failover)
	for _, x := range []struct {
		on   bool
		word string
	}{{f.Checkpoint, "checkpoint"}, {f.PartitionAware, "partition-aware"}, {f.Explicit, "explicit"}, {f.Alone, "alone"}, {f.Modest, "modest"}, {f.Impatient, "impatient"},
		{f.Feedback, "feedback"}, {f.Forgetful, "forgetful"}, {f.Shares, "shares"}, {f.Leaves != "", string(f.Leaves)}} {
		if x.on {
			b.WriteString(" " + x.word)
		}
	}
	return b.String()
}

// drawer draws parts of plans.
type drawer struct{ *rand.Rand }

func (d drawer) agent(i int) Agent {
	a := Agent{Node: msg.Node(fmt.Sprintf("agent-%d", i+1))}
	a.Resources = fmt.Sprintf("cpus:%d;mem:%d;disk:4096", 2+d.IntN(5), 1024*(1+d.IntN(4)))
	if d.IntN(3) == 0 {
		a.Resources += ";cpus(batch):1;mem(batch):512"
	}
	return a
}

// roles are what a framework's roles are drawn from; some are below others.
var roles = []role.Name{"web", "batch", "web/blue", "etl"}

func (d drawer) framework(i int) Framework {
	f := Framework{
		Name: fmt.Sprintf("framework-%d", i+1), Roles: []role.Name{roles[d.IntN(len(roles))]},
		Checkpoint: d.IntN(2) == 0, PartitionAware: d.IntN(2) == 0, Explicit: d.IntN(4) == 0, Alone: d.IntN(3) == 0, Modest: d.IntN(3) == 0, Impatient: d.IntN(4) == 0,
		Failover: []time.Duration{0, 30 * time.Second, 10 * time.Minute, time.Hour, time.Hour}[d.IntN(5)],
	}
	f.Feedback, f.Forgetful, f.Shares = d.IntN(3) > 0, d.IntN(2) == 0, d.IntN(2) == 0
	f.Leaves = []Leave{Silent, Accepts, Refuses}[d.IntN(3)]
	if other := roles[d.IntN(len(roles))]; d.IntN(3) == 0 && other != f.Roles[0] {
		f.Roles = append(f.Roles, other)
	}
	return f
}

// within draws up to most, in milliseconds.
func (d drawer) within(most time.Duration) time.Duration {
	return time.Duration(d.Int64N(int64(most/time.Millisecond)+1)) * time.Millisecond
}
