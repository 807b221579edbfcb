package offer

import (
	"fmt"

	"github.com/proffer-go/proffer/drf"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// Config is what an Allocator is made from. The zero value is a good one.
type Config struct {
	Seed   uint64 // of every keyed order
	Rules  Rules  // zero: DefaultRules(V1)
	Bounds Bounds
	Region string // of the allocator; agents that name another one are shown to RegionAware frameworks only

	AgentOrder Order // in which agents are visited
	// Policy decides runs in place of weighted dominant-resource fairness; nil: it does not. It needs QuotaTree.
	Policy Policy
	// NewOrderer makes the order of roles, and with flat that of the frameworks of a role, whose ids are single names;
	// nil: weighted dominant-resource fairness by the rules. Two calls with equal arguments must give equal orders.
	NewOrderer func(seed uint64, flat bool) drf.Orderer

	PieceOrder Order // in which pieces of an agent are taken when it is cut
}

// Allocator decides who is offered what. See the package comment for how to drive it.
type Allocator struct {
	cfg    Config
	rules  Rules
	bounds Bounds
	scarce map[string]bool
	whole  map[string]bool // integral names
	names  names

	now     Time
	agents  []*agent // by index, nil where free
	agentAt map[AgentID]int32
	fws     []*framework // by index, nil where free
	fwAt    map[FrameworkID]int32
	clients []*client // by index, nil where free
	gens    []uint32  // by index of a client, never reset: which of its refusals hold
	// By index of a client: when its refusals were last forgiven, in the count of forgivings.
	forgiven    []uint64
	forgivings  uint64
	open        []*agent  // that have something free, or had when a run last looked
	capped      []*client // that the cap refused something since they last held less
	eager       []*client // listed and not capped
	listedSet   clientSet
	listedCount int       // of listedSet
	ownMinimums int       // clients that have their own
	checks      *checker  // the last Check; nil: there was none
	kept        []*client // that an agent is kept for, the one that it has been for longest first
	hinted      []*client // with a hint, in the order in which they got it (KeepWhole)
	shapes      uint64    // counts what changes who might ever be offered what of an agent
	openRoles   int       // with a listed framework and a limit that leaves something
	listing     uint64    // counts what moves fair shares
	roles       []*node   // by index, nil where free
	roleAt      map[role.Name]int32
	root        *node // above the top-level roles; its child need is what headroom must hold

	spareAgents, spareFws, spareClients, spareRoles []int32

	order     drf.Orderer // of the roles
	weights   role.Weights
	quota     quota.Tree
	allowed   map[string]bool // hostnames that may be offered; nil: all
	totals    vec             // of every agent
	version   uint64          // of totals
	pool      drf.Pool        // what shares of totals are
	capacity  vec             // non-revocable part of totals
	allocated vec             // offered or allocated, over the roles as clients
	copies    vec             // what clients hold of shared volumes beyond what their roles do
	late      vec             // used by frameworks not yet known, not charged to anyone (ChargeUnknownLate)
	revFree   vec             // free and revocable, over all agents
	placeable vec             // free, unreserved and not revocable, over the agents that can be offered

	offers    offerTable
	lastOffer OfferID
	firstOut  *offer // offers in the order of their deadlines
	lastOut   *offer
	spare     []*offer
	expiries  agentHeap // agents by the earliest end of a refusal there

	nothing  *bundle
	alike    likeness
	rescinds []Rescind // not yet polled
	inverse  inverse
	sched    schedule
	cycle    cycle
	stats    Stats
	figures  figures

	firstClaim, lastClaim *node // roles whose guarantee may expire, the first to do so first
}

// Stats counts what an allocator did since it was made.
type Stats struct {
	Runs        uint64 // cycles, also those that found nothing to do
	Visits      uint64 // agents looked at, once per stage
	Offers      uint64
	Rescinds    uint64
	Expired     uint64 // of Rescinds: for lack of an answer
	Accepted    uint64
	Declined    uint64
	Outstanding int // offers out now
}

// New returns an allocator without agents and frameworks. It fails with ErrRules on rules that contradict each other.
func New(cfg Config) (*Allocator, error) {
	if cfg.Rules.isZero() {
		cfg.Rules = DefaultRules(V1)
	}
	if err := cfg.Rules.check(); err != nil {
		return nil, err
	}
	if cfg.Policy != nil && cfg.Rules.Quota != QuotaTree {
		return nil, fmt.Errorf("a policy needs QuotaTree: %w", ErrRules)
	}
	a := &Allocator{
		cfg:     cfg,
		rules:   cfg.Rules,
		bounds:  cfg.Bounds.withDefaults(),
		names:   names{index: make(map[string]int)},
		agentAt: make(map[AgentID]int32),
		fwAt:    make(map[FrameworkID]int32),
		roleAt:  make(map[role.Name]int32),
		offers:  newOfferTable(),
		root:    &node{weight: role.DefaultWeight},
		nothing: &bundle{},
		scarce:  setOf(cfg.Rules.Scarce),
		whole:   setOf(cfg.Rules.Integral),
	}
	for _, name := range predefined {
		a.names.of(name)
	}
	a.order = a.newOrderer(false)
	a.pool = a.newPool(&a.totals)
	a.nothing.enough = a.containsMinimum(a.nothing.res, nil)
	a.nothing.whole = a.wholeAgent(a.nothing)
	a.listing, a.shapes = 1, 1
	a.sched.start(&a.rules)
	a.cycle.bind(a)
	return a, nil
}

// newOrderer makes the order of roles, or that of the frameworks of one role.
func (a *Allocator) newOrderer(flat bool) drf.Orderer {
	if a.cfg.NewOrderer != nil {
		return a.cfg.NewOrderer(a.cfg.Seed, flat)
	}
	return a.newSorter(flat)
}

func (a *Allocator) newSorter(flat bool) *drf.Sorter {
	opts := []drf.Option{drf.WithBounds(drf.Bounds{
		Clients: max(a.bounds.Roles, a.bounds.Frameworks), Weights: a.bounds.Roles, Depth: a.bounds.PerRole.Depth,
	})}
	if flat {
		opts = append(opts, drf.WithFlat())
	}
	if a.rules.CountTies {
		opts = append(opts, drf.WithTieBreak(drf.Count))
	}
	if a.rules.LateWeightLost {
		opts = append(opts, drf.WithLateWeightLost())
	}
	return drf.New(append(opts, a.shareRules()...)...)
}

// newPool is what shares of totals are by the rules.
func (a *Allocator) newPool(totals *vec) drf.Pool { return drf.NewPool(totals, a.shareRules()...) }

// shareRules are the rules that shares are computed by.
func (a *Allocator) shareRules() (opts []drf.Option) {
	if a.rules.DividedShares {
		opts = append(opts, drf.WithStrictShare())
	}
	for _, name := range a.rules.Excluded {
		opts = append(opts, drf.Exclude(a.names.of(name)))
	}
	return opts
}

func setOf(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, s := range list {
		set[s] = true
	}
	return set
}

// advance takes note of the time; it never goes back.
func (a *Allocator) advance(now Time) { a.now = max(a.now, now) }

// Stats returns the counts so far.
func (a *Allocator) Stats() Stats {
	s := a.stats
	s.Outstanding = a.offers.count
	return s
}
