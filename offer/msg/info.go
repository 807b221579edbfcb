package msg

import (
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// MasterInfo tells who leads.
type MasterInfo struct {
	ID      MasterID
	Node    Node
	Version string
}

// FrameworkInfo describes a framework (docs/protocol.md §3). ID is "" until a master gave one.
type FrameworkInfo struct {
	ID              offer.FrameworkID
	Name            string
	User            string
	Principal       string // "" none
	Roles           []role.Name
	Capabilities    Capabilities
	FailoverTimeout time.Duration // how long a master waits for a lost scheduler before it removes the framework
	Checkpoint      bool          // tasks and executors outlive the agent process
	Hostname        string
	WebUIURL        string
	Labels          []resource.Label
	// MinAllocatable overrides, per role, the least an offer must hold; an empty list means anything
	// (docs/allocation.md §2.7).
	MinAllocatable map[role.Name][]resource.Quantities
	// Constraints restricts, per role, the agents that offers are of; a role that is not named sees every agent
	// (docs/allocation.md §3.4). New ones act on future offers only.
	Constraints offer.Constraints
}

// Capabilities are what a framework can handle (docs/protocol.md §3.3). Every framework holds several roles and sees
// offers with their role: MULTI_ROLE is a matter of the wire.
type Capabilities struct {
	PartitionAware        bool // gets the states UNREACHABLE, DROPPED, GONE, GONE_BY_OPERATOR, UNKNOWN instead of LOST
	TaskKillingState      bool // built-in executors may send KILLING
	GPUResources          bool
	RevocableResources    bool
	SharedResources       bool
	ReservationRefinement bool
	RegionAware           bool
}

// Offer gives the part of c that decides what is offered.
func (c Capabilities) Offer() offer.Capability {
	var o offer.Capability
	for _, x := range []struct {
		on  bool
		bit offer.Capability
	}{
		{c.GPUResources, offer.GPUResources},
		{c.RevocableResources, offer.RevocableResources},
		{c.SharedResources, offer.SharedResources},
		{c.ReservationRefinement, offer.ReservationRefinement},
		{c.RegionAware, offer.RegionAware},
	} {
		if x.on {
			o |= x.bit
		}
	}
	return o
}

// AgentInfo describes an agent (docs/protocol.md §4). ID is "" until a master gave one. Resources is the whole machine
// as stated or detected, static reservations included. Hostname and IP name its machine (MachineID).
type AgentInfo struct {
	ID         offer.AgentID
	Hostname   string
	IP         string // address of the machine; "" not told
	Domain     Domain // where it stands; zero: where the master does
	Resources  resource.Resources
	Attributes resource.Attributes
}

// Domain is a place whose machines may fail together: a region, and a zone within it. Frameworks that are not RegionAware see
// agents of the master's own region only (docs/allocation.md §2.2).
type Domain struct{ Region, Zone string }

// CommandInfo says what to run; what that means is the host program's business (docs/protocol.md §11).
type CommandInfo struct {
	Value     string // a shell line, or with Arguments the program
	Shell     bool
	Arguments []string
	Env       []EnvVar
	User      string
}

// EnvVar is one variable of a process's environment.
type EnvVar struct{ Name, Value string }

// ExecutorType says who supplies an executor's program.
type ExecutorType uint8

const (
	// ExecutorCustom is the framework's own program, named by Command.
	ExecutorCustom ExecutorType = iota
	// ExecutorDefault is the host's built-in one; it has no Command.
	ExecutorDefault
)

// ExecutorInfo describes an executor. Framework may be left empty; the master fills it in.
type ExecutorInfo struct {
	ID            ExecutorID
	Framework     offer.FrameworkID
	Type          ExecutorType
	Name          string
	Command       *CommandInfo
	Resources     resource.Resources // no allocation role needed: it is the offers'
	Data          []byte
	ShutdownGrace time.Duration // 0: the agent's default
	Labels        []resource.Label
}

// KillPolicy says how gently a task is killed; Grace 0 leaves it to the executor.
type KillPolicy struct{ Grace time.Duration }

// TaskInfo describes a task to launch. Just one of Command and Executor is set. What a master can see to be wrong with it
// is TASK_ERROR (docs/protocol.md §7); what is to be done with the rest is up to the executor that gets it.
type TaskInfo struct {
	ID        TaskID
	Name      string
	Agent     offer.AgentID
	Resources resource.Resources // no allocation role needed: it is the offers'
	// Limits is the most that the task may use at times, of cpus and mem, at least what Resources has of them; of a name that
	// it does not hold that is what was requested. Unlimited are those of cpus and mem without such an end. They are charged to
	// nobody. An agent that cannot handle them is refused, and so are limits in a group: its tasks share what they have
	// (docs/resource-model.md §6.6).
	Limits    resource.Limits
	Unlimited []string
	Executor  *ExecutorInfo
	Command   *CommandInfo
	Kill      KillPolicy
	// MaxCompletion is how long the task may take; then its executor kills it, and says TASK_FAILED with
	// ReasonMaxCompletionTimeReached. 0: as long as it wants.
	MaxCompletion time.Duration
	Check         *CheckInfo       // nil: none
	HealthCheck   *HealthCheckInfo // nil: none
	Data          []byte
	Labels        []resource.Label
}

// Offer is an offer as a scheduler sees it (docs/allocation.md §2.7). Resources carry no allocation role: it is Role.
type Offer struct {
	ID         OfferID
	Framework  offer.FrameworkID
	Role       role.Name
	Agent      offer.AgentID
	Hostname   string
	Domain     Domain // the agent's; zero: the master's own
	Resources  resource.Resources
	Attributes resource.Attributes
	Executors  []ExecutorID // of this framework, already running there
	Window     offer.Window // in which the agent will not be there; zero: nothing is planned
}

// InverseOffer asks a framework to leave an agent with everything it holds there before Window begins (docs/protocol.md
// §16). Nothing is enforced. It has an id of the same kind as an offer.
type InverseOffer struct {
	ID        OfferID
	Framework offer.FrameworkID
	Agent     offer.AgentID
	Hostname  string
	Window    offer.Window
}
