package offer

import (
	"math"
	"time"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Time is nanoseconds since the Unix epoch, or since the start of a simulation.
type Time int64

// Add returns the time d later. What would be beyond the end of time, or before its beginning, is there.
func (t Time) Add(d time.Duration) Time {
	sum := t + Time(d)
	switch {
	case d > 0 && sum < t:
		return math.MaxInt64
	case d < 0 && sum > t:
		return math.MinInt64
	}
	return sum
}

// Sub returns the time from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

type (
	// FrameworkID names a framework, for life.
	FrameworkID string
	// AgentID names an agent, for life.
	AgentID string
	// OfferID counts the offers of one allocator, from 1; a master prints <master>-O<n>.
	OfferID uint64
)

// Capability is one thing a framework can handle; without it such resources or agents are withheld from it
// (docs/allocation.md §2.3). A set of them is their union.
type Capability uint32

// The capabilities that change who is offered what.
const (
	// GPUResources: without it, agents that have gpus at all are hidden.
	GPUResources Capability = 1 << iota
	// RevocableResources: without it, revocable resources are taken out of its offers.
	RevocableResources
	// SharedResources: without it, shared volumes are taken out of its offers.
	SharedResources
	// ReservationRefinement: without it, resources whose reservation is deeper than one level are taken out.
	ReservationRefinement
	// RegionAware: without it, agents of another region than the allocator's are hidden.
	RegionAware
)

// Offer is one agent's resources put before one framework for one role.
type Offer struct {
	ID        OfferID
	Framework FrameworkID
	Role      role.Name
	Agent     AgentID
	Resources resource.Resources // no allocation role on them
	Deadline  Time               // when it is taken back unanswered; 0: never
	Window    Window             // when the agent will not be there; zero: nothing is planned
}

// RescindReason says why an offer was taken back.
type RescindReason uint8

// The reasons.
const (
	RescindTimeout  RescindReason = iota + 1 // not answered in time
	RescindAgent                             // agent removed, deactivated or shrunk, or its window changed
	RescindQuota                             // a limit was lowered or a guarantee raised
	RescindWeights                           // weights changed, under rules that rescind then
	RescindOperator                          // an operator's operation needed the resources
	RescindRole                              // the framework gave up the role
	RescindVolume                            // the volume is to be destroyed
)

var reasonNames = [...]string{"unknown", "timeout", "agent", "quota", "weights", "operator", "role", "volume"}

// String names the reason in one word.
func (r RescindReason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return reasonNames[0]
}

// Rescind tells that an offer is no longer there.
type Rescind struct {
	Offer     OfferID
	Framework FrameworkID
	Role      role.Name
	Agent     AgentID
	Reason    RescindReason
}

// Batch receives the work due; the caller owns and reuses it.
type Batch struct {
	Offers    []Offer
	Rescinded []Rescind // to be told before Offers: what is in an offer may have been in a rescinded one
	Asks      []InverseOffer
	Unasked   []InverseOffer // taken back; to be told before Asks
}

// Reset empties b and keeps its room.
func (b *Batch) Reset() {
	clear(b.Offers)
	clear(b.Asks)
	clear(b.Unasked)
	b.Offers, b.Rescinded = b.Offers[:0], b.Rescinded[:0]
	b.Asks, b.Unasked = b.Asks[:0], b.Unasked[:0]
}

// Filter says for how long what was not used is refused (docs/allocation.md §3.1).
type Filter struct {
	Refuse time.Duration `json:"refuse_ns"` // 0: no filter; negative: the default of 5 s; at most 365 days
}

// DefaultFilter refuses for 5 seconds.
var DefaultFilter = Filter{Refuse: 5 * time.Second}

// AgentSpec describes an agent that joins.
type AgentSpec struct {
	ID         AgentID             `json:"id"`
	Hostname   string              `json:"hostname,omitempty"`
	Region     string              `json:"region,omitempty"` // "" counts as the allocator's own
	Zone       string              `json:"zone,omitempty"`   // within Region
	Total      resource.Resources  `json:"total"`
	Attributes resource.Attributes `json:"attributes,omitzero"`
	Used       []Use               `json:"used,omitempty"` // by running tasks, charged at once
	Inactive   bool                `json:"inactive,omitempty"`
	Window     Window              `json:"window,omitzero"` // when it will not be there; zero: nothing is planned
}

// Use is what a framework already uses on an agent.
type Use struct {
	Framework FrameworkID        `json:"framework"`
	Role      role.Name          `json:"role"`
	Resources resource.Resources `json:"resources"`
}

// FrameworkSpec describes a framework.
type FrameworkSpec struct {
	ID           FrameworkID `json:"id"`
	Roles        []role.Name `json:"roles"`
	Suppressed   []role.Name `json:"suppressed,omitempty"` // of Roles
	Capabilities Capability  `json:"capabilities,omitempty"`
	// MinAllocatable replaces the rules' minimum for a role: an offer must contain one of the sets. An empty list
	// means that anything will do. A role that it is not in is an error.
	MinAllocatable map[role.Name][]resource.Quantities `json:"min_allocatable,omitempty"`
	// Constraints restricts the agents that it is offered for a role to those where one of the groups holds
	// (docs/allocation.md §3.4). A role that is not named is offered every agent; no group is an error.
	Constraints Constraints `json:"constraints,omitempty"`
	Inactive    bool        `json:"inactive,omitempty"` // only AddFramework reads it
}

// Allocation says to whom resources of an accepted offer went.
type Allocation struct {
	Framework FrameworkID `json:"framework"`
	Role      role.Name   `json:"role"`
	Agent     AgentID     `json:"agent"`
}
