package master

import (
	"fmt"
	"reflect"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// Config is what a Machine is made from. But for Entropy, zero fields take the defaults of docs/protocol.md §18.
type Config struct {
	// Entropy makes the ids of this master unlike all others: 16 bytes from crypto/rand, in simulations from the seed.
	// Zero is refused. A new run of a master needs new entropy (docs/protocol.md §1).
	Entropy [16]byte
	// Node and Version are told to everybody as part of msg.MasterInfo.
	Node    msg.Node
	Version string
	// Allocator configures who is offered what.
	Allocator offer.Config

	// HeartbeatInterval is how often each scheduler's stream gets a heartbeat; 15 s.
	HeartbeatInterval time.Duration
	// PingTimeout is how long an agent may take to answer a ping; 15 s, allowed are 1 s to 15 min.
	PingTimeout time.Duration
	// MaxPings is how many pings in a row may stay unanswered before an agent counts as unreachable; 5.
	MaxPings int
	// ReregisterTimeout is how long an agent whose link broke may take to return; 10 min.
	ReregisterTimeout time.Duration

	// Weights of roles count where the registry has none (docs/protocol.md §5): later ones are an operator's.
	Weights []role.Weight
	// StoreTimeout is how long a commit may take before this master resigns; 20 s.
	StoreTimeout time.Duration
	// RecoveryRemovalLimit is how many of 100 agents of the registry may be missing ReregisterTimeout after the election;
	// if more are, this master stops instead of giving them up. 0 stands for 100: it never stops.
	RecoveryRemovalLimit int
	// AgentRemovalRate bounds how fast agents are given up that do not answer pings, or did not come back after an election;
	// zero: not at all. It holds no agent up whose link broke and that stayed away for ReregisterTimeout.
	AgentRemovalRate Rate
	// RegistryGC is how often agents are forgotten that are unreachable or gone for longer than RegistryMaxAge; 15 min, 2
	// weeks.
	RegistryGC     time.Duration
	RegistryMaxAge time.Duration

	// Authorize is asked whether somebody may do what they want (docs/protocol.md §15); what it returns tells them why not. nil:
	// everybody may do everything. It is called within Step, has to answer at once, and by the request alone: where its rules
	// change while the master runs, a recorded run cannot be replayed.
	Authorize func(Request) error
	// RefuseRoot refuses frameworks whose user is root.
	RefuseRoot bool

	Bounds Bounds
}

// Bounds limit what strangers can make the master hold (docs/protocol.md §18, §18.1). A zero field takes its default.
type Bounds struct {
	Links               int         // links up at a time, of whatever kind; 1,100,000
	Agents              int         // registered agents; 1,000,000
	Frameworks          int         // frameworks that are not completed; 10,000
	Roles               int         // roles that frameworks subscribe to, together; 100,000
	Names               role.Bounds // roles of one framework, depth and length of a role: that package's defaults
	Tasks               int         // live tasks of one framework; 1,000,000
	TasksPerAccept      int         // 10,000
	OperationsPerAccept int         // 10,000
	PendingOperations   int         // operations that one agent has not answered; 10,000
	AgentTasks          int         // live tasks of one agent, terminal ones until acknowledged; 1,000,000
	Resources           int         // entries of one collection in a message; 10,000
	Stack               int         // reservations on top of each other in one entry; 16
	Ranges              int         // of one entry; 1,000,000
	SetItems            int         // of one entry; 100,000
	Labels              int         // of one object; 256
	LabelBytes          int         // of a key or a value; 4 KiB
	Attributes          int         // of an agent; 1,024
	TaskData            int         // bytes; 1 MiB
	MessageData         int         // bytes; 1 MiB
	Text                int         // bytes of any other text, such as a name or a URL; 64 KiB
	MinAllocatable      int         // alternatives for one role in FrameworkInfo.MinAllocatable; 1,000
	OffersPerMessage    int         // 1,000
	OfferBytes          int         // of one offers message, as estimated; 4 MiB. A larger offer goes alone

	CompletedFrameworks int // remembered; 50
	CompletedTasks      int // remembered per framework; 1,000
	UnreachableTasks    int // remembered per framework; 1,000
	UnreachableAgents   int // remembered; 102,400
	GoneAgents          int // remembered; 102,400
	Held                int // messages of one link while its agent's arrival is written down; 10,000
	OperatorCalls       int // that wait for each other; 1,000
	Machines            int // in the maintenance schedule; 3,000: a registry takes no more in one commit
	Streams             int // operators' streams of events; 1,000, the oldest is closed for one more
}

func (c Config) withDefaults() (Config, error) {
	if c.Entropy == [16]byte{} {
		return c, fmt.Errorf("%w: Entropy is zero; draw 16 bytes from crypto/rand, or from a seed", ErrConfig)
	}
	for _, d := range []struct {
		name            string
		at              *time.Duration
		otherwise       time.Duration
		atLeast, atMost time.Duration
	}{
		{"HeartbeatInterval", &c.HeartbeatInterval, 15 * time.Second, time.Millisecond, 24 * time.Hour},
		{"PingTimeout", &c.PingTimeout, 15 * time.Second, time.Second, 15 * time.Minute},
		{"ReregisterTimeout", &c.ReregisterTimeout, 10 * time.Minute, time.Second, 365 * 24 * time.Hour},
		{"StoreTimeout", &c.StoreTimeout, 20 * time.Second, time.Millisecond, time.Hour},
		{"RegistryGC", &c.RegistryGC, 15 * time.Minute, time.Second, 365 * 24 * time.Hour},
		{"RegistryMaxAge", &c.RegistryMaxAge, 14 * 24 * time.Hour, time.Second, 100 * 365 * 24 * time.Hour},
	} {
		if *d.at == 0 {
			*d.at = d.otherwise
		}
		if *d.at < d.atLeast || *d.at > d.atMost {
			return c, fmt.Errorf("%w: %s is %v; allowed are %v to %v", ErrConfig, d.name, *d.at, d.atLeast, d.atMost)
		}
	}
	if err := c.AgentRemovalRate.check(); err != nil {
		return c, err
	}
	// A zero value stands for rules that rescind.
	if rules := c.Allocator.Rules; !rules.Rescind && !reflect.ValueOf(rules).IsZero() {
		return c, fmt.Errorf("%w: Allocator.Rules.Rescind is off; a master has to take back offers of agents that are lost", ErrConfig)
	}
	b := &c.Bounds
	for _, n := range []struct {
		name      string
		at        *int
		otherwise int
	}{
		{"MaxPings", &c.MaxPings, 5},
		{"Bounds.Links", &b.Links, 1_100_000},
		{"Bounds.Agents", &b.Agents, 1_000_000},
		{"Bounds.Frameworks", &b.Frameworks, 10_000},
		{"Bounds.Roles", &b.Roles, 100_000},
		{"Bounds.Tasks", &b.Tasks, 1_000_000},
		{"Bounds.TasksPerAccept", &b.TasksPerAccept, 10_000},
		{"Bounds.OperationsPerAccept", &b.OperationsPerAccept, 10_000},
		{"Bounds.PendingOperations", &b.PendingOperations, 10_000},
		{"Bounds.AgentTasks", &b.AgentTasks, 1_000_000},
		{"Bounds.Resources", &b.Resources, 10_000},
		{"Bounds.Stack", &b.Stack, 16},
		{"Bounds.Ranges", &b.Ranges, 1_000_000},
		{"Bounds.SetItems", &b.SetItems, 100_000},
		{"Bounds.Labels", &b.Labels, 256},
		{"Bounds.LabelBytes", &b.LabelBytes, 4 << 10},
		{"Bounds.Attributes", &b.Attributes, 1_024},
		{"Bounds.TaskData", &b.TaskData, 1 << 20},
		{"Bounds.MessageData", &b.MessageData, 1 << 20},
		{"Bounds.Text", &b.Text, 64 << 10},
		{"Bounds.MinAllocatable", &b.MinAllocatable, 1_000},
		{"Bounds.OffersPerMessage", &b.OffersPerMessage, 1_000},
		{"Bounds.OfferBytes", &b.OfferBytes, 4 << 20},
		{"Bounds.CompletedFrameworks", &b.CompletedFrameworks, 50},
		{"Bounds.CompletedTasks", &b.CompletedTasks, 1_000},
		{"Bounds.UnreachableTasks", &b.UnreachableTasks, 1_000},
		{"Bounds.UnreachableAgents", &b.UnreachableAgents, 102_400},
		{"Bounds.GoneAgents", &b.GoneAgents, 102_400},
		{"Bounds.Held", &b.Held, 10_000},
		{"Bounds.OperatorCalls", &b.OperatorCalls, 1_000},
		{"Bounds.Machines", &b.Machines, 3_000},
		{"Bounds.Streams", &b.Streams, 1_000},
		{"RecoveryRemovalLimit", &c.RecoveryRemovalLimit, 100},
	} {
		if *n.at < 0 {
			return c, fmt.Errorf("%w: %s is %d; give 0 for the default or a positive number", ErrConfig, n.name, *n.at)
		}
		if *n.at == 0 {
			*n.at = n.otherwise
		}
	}
	c.boundAllocator()
	return c, nil
}

// boundAllocator lets the allocator hold what the master may: where one agent replaces another, both for a moment.
func (c *Config) boundAllocator() {
	b := &c.Allocator.Bounds
	if b.Agents == 0 {
		b.Agents = c.Bounds.Agents + 1
	}
	if b.Frameworks == 0 {
		b.Frameworks = c.Bounds.Frameworks
	}
	if b.Minimums == 0 {
		b.Minimums = c.Bounds.MinAllocatable
	}
	if b.PerRole == (role.Bounds{}) {
		b.PerRole = c.Bounds.Names
	}
}
