package offer

import (
	"fmt"
	"reflect"
	"time"

	"github.com/proffer-go/proffer/resource"
)

// Version numbers a set of default rules. A new version never changes an old one.
type Version int

// V1 is the first set of default rules.
const V1 Version = 1

// Triggers says what makes the allocator run.
type Triggers uint8

const (
	// OnChange runs, Coalesce after the first change, on what changed (docs/allocation.md §7.3).
	OnChange Triggers = iota
	// OnRequest runs at once on the reference's short list of events (docs/allocation.md §2.1); everything else waits
	// for the timer.
	OnRequest
)

// QuotaRule says how guarantees and limits bind.
type QuotaRule uint8

const (
	// QuotaTree is quota over the whole tree: need flows down, the smallest limit on the way up binds, only agents that
	// can be offered count as headroom, and a client's own unmet guarantee is outside the headroom cut
	// (docs/allocation.md §2.8).
	QuotaTree QuotaRule = iota
	// QuotaReference is quota of top-level roles only, with the reference's cluster-wide sums (docs/allocation.md
	// §2.4–§2.6).
	QuotaReference
)

// Order names an order of agents or of the pieces of an agent.
type Order uint8

const (
	// OrderDefault visits agents in an order keyed by the seed, and cuts the largest piece that cannot be divided first.
	OrderDefault Order = iota
	// OrderByName visits agents by id and cuts pieces in the order of their text.
	OrderByName
)

// Rules selects, row by row of docs/allocation.md §0, how offers are decided. Start from DefaultRules or StrictDRF and
// change fields; the zero value stands for DefaultRules(V1).
type Rules struct {
	made bool // by DefaultRules or StrictDRF

	Triggers Triggers
	// Coalesce is how long a run waits for more changes (OnChange).
	Coalesce time.Duration
	// Interval is the time between the end of a run by the timer and the next one, over every agent; 0: no timer.
	Interval time.Duration
	// HoldFraction is how large a part of the agents that a new allocator is told to expect must be back before it makes
	// offers, if there is any quota; 0: it waits for none (docs/allocation.md §2.1).
	HoldFraction float64
	// HoldTime is how long it waits for them at most; 0: not at all.
	HoldTime time.Duration
	// RememberPaused keeps what was requested while paused for the first run after Resume.
	RememberPaused bool
	// FilterFloor raises every refusal to Interval and to one run by the timer at least (docs/allocation.md §3.1).
	FilterFloor bool
	// CountTies breaks ties of equal share by the number of grants, and not by who was served longest ago.
	CountTies bool
	// DividedShares divides the operands of a share by 1000 first (docs/allocation.md §1.3).
	DividedShares bool
	// LateWeightLost ignores a new weight of a role that is only an internal node and was already ordered.
	LateWeightLost bool
	// Quota says how guarantees and limits bind.
	Quota QuotaRule
	// GuaranteeFirst hands out only guaranteed parts and what rides along with them in the first stage; bursts wait for
	// the second (docs/allocation.md §2.6). QuotaTree only.
	GuaranteeFirst bool
	// MinAllocatable: an offer contains one of these sets; none: anything will do.
	MinAllocatable []resource.Quantities
	// MinimumAsHad asks of a set only the names that the agent's total has.
	MinimumAsHad bool
	// MinimumWaived lets an offer that holds a reservation go below the minimum.
	MinimumWaived bool
	// SharedOnce shows a shared volume to one client per agent and run, and to none that holds an open offer of it.
	SharedOnce bool
	// Integral lists names that are cut to whole units only.
	Integral []string
	// Scarce lists names whose presence in an agent's total hides the agent from frameworks without GPUResources.
	Scarce []string
	// Excluded lists names that count in no share.
	Excluded []string
	// ChargeUnknownLate charges use by a framework not yet known only when it is added.
	ChargeUnknownLate bool
	// AcceptSettles: a framework that accepted an inverse offer is asked again only when the agent's window changes, and
	// not when the filter that came with the answer ends.
	AcceptSettles bool
	// OfferLifetime is how long an offer may stay unanswered; 0: for ever.
	OfferLifetime time.Duration
	// TurnRule: whoever refused an agent that has not changed since comes after all others (docs/allocation.md §3.5).
	TurnRule bool
	// BackoffCap bounds how long repeated refusals of an agent that has not grown may double to; 0: they do not.
	BackoffCap time.Duration
	// SplitRevocable holds refusals against the regular and the revocable part of an agent one by one.
	SplitRevocable bool
	// CapOffers lets a client have more than one offer out only as far as its use is below its fair share
	// (docs/allocation.md §8).
	CapOffers bool
	// Hints lets frameworks say what they could use (Allocator.SetHint).
	Hints bool
	// KeepWhole is for how long at most an agent is kept whole for a client whose hint fits into what is free nowhere; 0:
	// none is. Nobody else is offered what is free there, but for guarantees: that is why it must be asked for. One agent is
	// kept per client, and Bounds.KeptWhole in all (docs/allocation.md §8). It needs Hints.
	KeepWhole time.Duration
	// Rescind lets the allocator take offers back at all: for changed agents, quota, weights, roles, operators and time.
	Rescind bool
	// HeadroomExpiry is how long a guarantee that nobody takes keeps capacity from others; 0: for ever. It is alive while
	// its role, or one below, takes or gives back resources, reserves, is listed anew or revived, or has its quota set; and
	// its role is still served first of what is free when it has expired (docs/allocation.md §8).
	HeadroomExpiry time.Duration
	// CountReservations charges a role, in the order of roles, with all that is reserved for it, in use or not: a role
	// cannot hoard reservations for nothing (docs/allocation.md §8).
	CountReservations bool
	// RescindOnWeights takes back every offer when a weight changes of a role that has frameworks.
	RescindOnWeights bool
}

// DefaultRules returns this library's own rules. There is only V1 so far; any other version gives V1.
func DefaultRules(Version) Rules {
	return Rules{
		made:           true,
		Coalesce:       10 * time.Millisecond,
		Interval:       time.Second,
		HoldFraction:   .8,
		HoldTime:       10 * time.Minute,
		RememberPaused: true,
		GuaranteeFirst: true,
		MinAllocatable: []resource.Quantities{quantities("cpus", 10, "mem", 32000)},
		MinimumAsHad:   true,
		MinimumWaived:  true,
		SharedOnce:     true,
		Integral:       []string{"gpus"},
		Scarce:         []string{"gpus"},
		AcceptSettles:  true,
		OfferLifetime:  time.Minute,
		TurnRule:       true,
		BackoffCap:     time.Minute,
		SplitRevocable: true,
		CapOffers:      true,
		Hints:          true,
		Rescind:        true,

		CountReservations: true,
	}
}

// StrictDRF returns the reference's rules.
func StrictDRF() Rules {
	return Rules{
		made:              true,
		Triggers:          OnRequest,
		Interval:          time.Second,
		HoldFraction:      .8,
		HoldTime:          10 * time.Minute,
		FilterFloor:       true,
		CountTies:         true,
		DividedShares:     true,
		LateWeightLost:    true,
		Quota:             QuotaReference,
		MinAllocatable:    []resource.Quantities{quantities("cpus", 10), quantities("mem", 32000)},
		Scarce:            []string{"gpus"},
		ChargeUnknownLate: true,
		Rescind:           true,
		RescindOnWeights:  true,
	}
}

// check reports fields that contradict each other.
func (r *Rules) check() error {
	switch {
	case !r.made:
		return fmt.Errorf("rules made by hand: %w", ErrRules)
	case r.Triggers > OnRequest, r.Quota > QuotaReference:
		return fmt.Errorf("triggers %d, quota %d: no such rule: %w", r.Triggers, r.Quota, ErrRules)
	case r.Coalesce < 0, r.Interval < 0, r.OfferLifetime < 0, r.HeadroomExpiry < 0, r.BackoffCap < 0, r.KeepWhole < 0,
		r.HoldTime < 0:
		return fmt.Errorf("a negative duration: %w", ErrRules)
	case !(r.HoldFraction >= 0 && r.HoldFraction <= 1): // nor not a number
		return fmt.Errorf("a hold until %v of the agents are back: %w", r.HoldFraction, ErrRules)
	case r.KeepWhole > 0 && !r.Hints:
		return fmt.Errorf("KeepWhole needs Hints: %w", ErrRules)
	case r.Quota == QuotaReference && r.GuaranteeFirst:
		return fmt.Errorf("GuaranteeFirst needs QuotaTree: %w", ErrRules)
	case r.FilterFloor && r.Triggers != OnRequest:
		return fmt.Errorf("FilterFloor needs OnRequest: %w", ErrRules)
	}
	return nil
}

// isZero reports whether nothing was set.
func (r *Rules) isZero() bool { return reflect.DeepEqual(*r, Rules{}) }

// quantities builds a set from names and thousandths; the constants of this file are always good.
func quantities(pairs ...any) resource.Quantities {
	var list []resource.Quantity
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, resource.Quantity{Name: pairs[i].(string), Amount: resource.Scalar(pairs[i+1].(int))})
	}
	return resource.SumQuantities(list...)
}
