package drf

// A TieBreak decides between siblings of equal share (docs/allocation.md §1.3).
type TieBreak uint8

const (
	// LeastRecentlyServed puts first who was served longest ago, or never.
	LeastRecentlyServed TieBreak = iota
	// Count puts first who was served least often, as the reference does.
	Count
)

// Bounds limits what strangers can make an Orderer hold.
type Bounds struct {
	Clients int // clients at a time
	Weights int // paths with a weight other than 1
	Depth   int // components of a path
}

// DefaultBounds holds unless WithBounds says otherwise.
var DefaultBounds = Bounds{Clients: 1 << 20, Weights: 1 << 20, Depth: 64}

// An Option changes one rule of an Orderer.
type Option func(*config)

type config struct {
	excluded    []bool // by index of the name
	tie         TieBreak
	strictShare bool
	lateLost    bool
	rescale     bool
	flat        bool
	bounds      Bounds
}

// Exclude leaves the names of these indices out of every share: they are meant for scarce things such as gpus
// (docs/allocation.md §1.1).
func Exclude(names ...int) Option {
	return func(c *config) {
		for _, i := range names {
			for len(c.excluded) <= i {
				c.excluded = append(c.excluded, false)
			}
			if i >= 0 {
				c.excluded[i] = true
			}
		}
	}
}

// WithTieBreak chooses the second key of the order; the default is LeastRecentlyServed.
func WithTieBreak(t TieBreak) Option { return func(c *config) { c.tie = t } }

// WithStrictShare divides both operands of every quotient by 1000 first, as the reference's doubles are
// (docs/allocation.md §1.3).
func WithStrictShare() Option { return func(c *config) { c.strictShare = true } }

// WithLateWeightLost makes a new weight of a path that is only an internal node have no effect once its old weight
// has been used in an order, as in the reference (docs/allocation.md §1.4).
func WithLateWeightLost() Option { return func(c *config) { c.lateLost = true } }

// WithRescaling scales the vectors of siblings down to the smallest share among those that can still take something
// before they are summed, so that a blocked sibling does not starve a leaf (docs/allocation.md §1.6).
func WithRescaling() Option { return func(c *config) { c.rescale = true } }

// WithFlat takes every path as one name, slashes and all: for clients that are framework ids.
func WithFlat() Option { return func(c *config) { c.flat = true } }

// WithBounds replaces DefaultBounds. A field that is 0 or less keeps its default.
func WithBounds(b Bounds) Option {
	return func(c *config) {
		if b.Clients > 0 {
			c.bounds.Clients = b.Clients
		}
		if b.Weights > 0 {
			c.bounds.Weights = b.Weights
		}
		if b.Depth > 0 {
			c.bounds.Depth = b.Depth
		}
	}
}

// Strict is the reference's rules together: WithTieBreak(Count), WithStrictShare and WithLateWeightLost
// (docs/allocation.md §0).
func Strict() Option {
	return func(c *config) {
		c.tie, c.strictShare, c.lateLost = Count, true, true
	}
}

func newConfig(opts []Option) config {
	c := config{bounds: DefaultBounds}
	for _, o := range opts {
		o(&c)
	}
	return c
}
