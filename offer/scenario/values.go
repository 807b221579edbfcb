package scenario

import (
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// Bounds limits what a file may hold. A field that is 0 has the default.
type Bounds struct {
	Bytes int // of the uncompressed text: 256 MiB
	Cases int // 100,000
	Steps int // per case, those inside atomic and expanded counted: 1,000,000
	Items int // entries of one list or map of a step: 100,000
}

func (b Bounds) withDefaults() Bounds {
	set := func(field *int, def int) {
		if *field <= 0 {
			*field = def
		}
	}
	set(&b.Bytes, 256<<20)
	set(&b.Cases, 100_000)
	set(&b.Steps, 1_000_000)
	set(&b.Items, 100_000)
	return b
}

// MaxBytes is how much of a file a reader needs to look at: one byte more makes Parse fail.
func (b Bounds) MaxBytes() int { return b.withDefaults().Bytes }

// File is a parsed scenario file.
type File struct {
	Cases []Case
}

// Case is one scenario.
type Case struct {
	Name    string
	Seed    uint64 // that it was generated from; 0 where none is told
	Options Options
	Steps   []Step
	Final   *Final // what was recorded at the end; nil: nothing
}

// Options change the rules that a case is replayed under.
type Options struct {
	Interval       *time.Duration         // of the timer; nil: 1 s
	Excluded       []string               // names that count in no share
	MinAllocatable *[]resource.Quantities // nil: the rules' own; an empty list: anything will do
}

// Step is one event. Which fields mean something depends on Op; the others are zero.
type Step struct {
	Op        string
	Agent     offer.AgentID
	Framework offer.FrameworkID
	Role      role.Name
	Resources *resource.Resources // of the agent, or what is given back or moved

	// Of agents.
	Hostname          string               // empty: the agent's id, or unchanged
	Attributes        *resource.Attributes // nil: none, or unchanged
	AgentCapabilities map[string]bool      // nil: all of them, or unchanged

	// Of frameworks.
	Roles          []role.Name // also of suppress and revive; none: all
	Suppressed     []role.Name
	Capabilities   offer.Capability
	Inactive       bool
	MinAllocatable map[role.Name][]resource.Quantities
	Constraints    offer.Constraints

	Used []Use // of add_agent and add_framework

	Refuse     offer.Filter       // of recover and decline_all; zero: no filter
	Offered    resource.Resources // of update_allocation
	Operations []reservation.Op   // of update_allocation and update_available
	Weights    []role.Weight
	Quota      []quota.Config
	Hosts      []string // of whitelist; nil: everything
	Expected   int      // agents, of recover_state
	Advance    time.Duration
	Ops        []Step // of atomic
	Expanded   []Step // of decline_all, as recorded; nil: nothing was

	Recorded Recorded
}

// Use is what a framework uses on an agent in a role.
type Use struct {
	Agent     offer.AgentID
	Framework offer.FrameworkID
	Role      role.Name
	Resources resource.Resources
}

// Recorded is what the file says followed a step. Nil fields were not recorded and are not compared. Steps inside others
// have no Runs and no Offers.
type Recorded struct {
	Runs      *uint64
	Offers    *Offers
	OK        *bool               // of update_available: whether it was done
	Resulting *resource.Resources // of update_allocation
}
