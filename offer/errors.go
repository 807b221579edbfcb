package offer

import "errors"

// Errors, each wrapped with what and where it happened. A command that returns an error has changed nothing.
var (
	ErrRules            = errors.New("offer: bad rules: start from DefaultRules or StrictDRF")
	ErrAgentExists      = errors.New("offer: agent is already there: update or remove it")
	ErrUnknownAgent     = errors.New("offer: no such agent: add it first")
	ErrFrameworkExists  = errors.New("offer: framework is already there: update or remove it")
	ErrUnknownFramework = errors.New("offer: no such framework: add it first")
	ErrNotSubscribed    = errors.New("offer: the framework is not in that role")
	ErrSpec             = errors.New("offer: bad description")
	ErrUnknownOffer     = errors.New("offer: no such offer is out: it was answered, rescinded or never made")
	ErrMixedOffers      = errors.New("offer: offers answered together must be of one framework, role and agent, each once")
	ErrNotOffered       = errors.New("offer: more used than was offered")
	ErrNotHeld          = errors.New("offer: more given back than is held there")
	ErrNotUnused        = errors.New("offer: the agent's unused resources do not suffice")
	ErrVolumeInUse      = errors.New("offer: the volume is in use")
	ErrClusterTotal     = errors.New("offer: the cluster's total of a name would exceed 2^53 thousandths")
	ErrTooMany          = errors.New("offer: bound reached: raise it in Bounds or remove what is no longer used")
	ErrNestedQuota      = errors.New("offer: these rules know quota of top-level roles only")
	ErrInconsistent     = errors.New("offer: counters do not agree with the ledgers")
)
