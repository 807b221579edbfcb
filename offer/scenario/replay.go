package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/role"
)

// Config says under which rules cases are replayed. Start from Strict or Default.
type Config struct {
	Rules offer.Rules
	Seed  uint64      // of every keyed order
	Order offer.Order // of agents, and of the pieces of one
	// Reference: the rules are those that records are made under. Then a decline_all does what it was expanded to, where
	// that is recorded, and capabilities of agents count as the reference counts them (docs/allocation.md §2.3, gate 10).
	Reference bool
}

// Strict is the reference's allocator without a master: StrictDRF, agents in order of id, pieces in order of their text,
// nothing rescinded (docs/allocation.md §0).
func Strict() Config {
	rules := offer.StrictDRF()
	rules.Rescind = false
	return Config{Rules: rules, Order: offer.OrderByName, Reference: true}
}

// Default is this library's own rules, with runs at once rather than coalesced.
func Default(seed uint64) Config {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce = 0
	return Config{Rules: rules, Seed: seed}
}

// Replay plays one case, one step at a time.
type Replay struct {
	c     *Case
	cfg   Config
	a     *offer.Allocator
	now   offer.Time
	next  int
	batch offer.Batch
	err   error // that ended the replay

	ledger map[place]*holding
	roles  map[offer.FrameworkID][]role.Name
	old    bool // there may be agents that lack a capability; Reference only
}

// New starts a replay of c, which is read while it lasts. It fails on options that contradict the rules.
func New(c *Case, cfg Config) (*Replay, error) {
	rules := cfg.Rules
	if o := c.Options.Interval; o != nil {
		rules.Interval = *o
	}
	if len(c.Options.Excluded) > 0 {
		rules.Excluded = c.Options.Excluded
	}
	if o := c.Options.MinAllocatable; o != nil {
		rules.MinAllocatable = *o
	}
	a, err := offer.New(offer.Config{Seed: cfg.Seed, Rules: rules, AgentOrder: cfg.Order, PieceOrder: cfg.Order})
	if err != nil {
		return nil, at(c.Name, NoStep, "", err)
	}
	return &Replay{
		c: c, cfg: cfg, a: a,
		ledger: make(map[place]*holding),
		roles:  make(map[offer.FrameworkID][]role.Name),
		old:    cfg.Reference && tellsCapabilities(c.Steps),
	}, nil
}

// Allocator returns the allocator that the case is played on, to look at between steps.
func (r *Replay) Allocator() *offer.Allocator { return r.a }

// Now returns the time of the case, in nanoseconds since its start.
func (r *Replay) Now() offer.Time { return r.now }

// More reports whether there is a step left.
func (r *Replay) More() bool { return r.err == nil && r.next < len(r.c.Steps) }

// Step returns the step that Next plays next. Call it only where More.
func (r *Replay) Step() *Step { return &r.c.Steps[r.next] }

// Next plays the next step and all work that is due after it. Call it only where More. An Error says that the step cannot
// be played; it ends the replay.
func (r *Replay) Next() (Result, error) {
	s := r.Step()
	res := Result{Case: r.c.Name, Step: r.next, Op: s.Op}
	runs := r.a.Stats().Runs
	err := r.do(s, &res)
	if err == nil {
		err = r.settle(&res)
	}
	if err != nil {
		r.err = at(res.Case, res.Step, res.Op, err)
		return res, r.err
	}
	res.Runs = r.a.Stats().Runs - runs
	r.next++
	return res, nil
}

const maxPolls = 1000 // at one moment; far more than there is ever work for

// settle does the work that is due and enters what comes out into the ledger.
func (r *Replay) settle(res *Result) error {
	var made []Offered
	for range maxPolls {
		r.batch.Reset()
		r.a.Poll(r.now, &r.batch)
		for _, x := range r.batch.Rescinded {
			res.Rescinded = append(res.Rescinded, Rescinded{x.Framework, x.Role, x.Agent, x.Reason.String()})
			p := place{x.Framework, x.Role, x.Agent}
			r.current(p)
			r.tidy(p)
		}
		for _, o := range r.batch.Offers {
			made = append(made, Offered{o.Framework, o.Role, o.Agent, o.Resources})
			if err := r.enter(o); err != nil {
				return err
			}
		}
		if next, ok := r.a.NextDeadline(); !ok || next > r.now {
			break
		}
	}
	res.Offers = newOffers(made)
	return nil
}

// do plays one step, without the work that follows from it.
func (r *Replay) do(s *Step, res *Result) error {
	switch s.Op {
	case "atomic":
		return r.doAll(s.Ops, res)
	case "add_agent":
		return r.addAgent(s)
	case "update_agent":
		return r.updateAgent(s)
	case "remove_agent":
		return r.removeAgent(s.Agent)
	case "activate_agent", "deactivate_agent":
		return r.a.SetAgentActive(r.now, s.Agent, s.Op == "activate_agent")
	case "add_framework", "update_framework":
		return r.framework(s)
	case "remove_framework":
		return r.removeFramework(s.Framework)
	case "activate_framework":
		return r.a.SetFrameworkActive(r.now, s.Framework, true)
	case "deactivate_framework":
		return r.deactivate(s.Framework)
	case "suppress":
		return r.a.Suppress(r.now, s.Framework, s.Roles...)
	case "revive":
		return r.a.Revive(r.now, s.Framework, s.Roles...)
	case "recover":
		return r.recover(place{s.Framework, s.Role, s.Agent}, *s.Resources, s.Refuse)
	case "decline_all":
		return r.declineAll(s)
	case "transition_to_allocated":
		return r.transition(place{s.Framework, s.Role, s.Agent}, *s.Resources)
	case "update_allocation":
		return r.updateAllocation(s, res)
	case "update_available":
		r.updateAvailable(s, res)
		return nil
	}
	return r.set(s)
}

// set plays a step that changes a setting.
func (r *Replay) set(s *Step) error {
	switch s.Op {
	case "update_weights":
		return r.a.SetWeights(r.now, s.Weights)
	case "update_quota":
		return r.a.SetQuota(r.now, s.Quota, true)
	case "recover_state":
		return r.a.Recover(r.now, s.Expected, s.Quota)
	case "whitelist":
		return r.a.Whitelist(r.now, s.Hosts)
	case "pause":
		r.a.Pause(r.now)
	case "resume":
		r.a.Resume(r.now)
	case "advance":
		const most = offer.Time(1) << 62
		if offer.Time(s.Advance) > most-r.now {
			return fmt.Errorf("more than 146 years in all: %w", ErrBound)
		}
		r.now = r.now.Add(s.Advance)
	default:
		return fmt.Errorf("%.80q: %w", s.Op, ErrUnknownOp)
	}
	return nil
}

// doAll plays steps one after the other, without the work that follows. What each one comes to is in res, and so is why
// any of them was refused.
func (r *Replay) doAll(steps []Step, res *Result) error {
	for i := range steps {
		s := &steps[i]
		one := Result{Case: res.Case, Step: res.Step, Op: s.Op}
		if err := r.do(s, &one); err != nil {
			return within(i, s.Op, err)
		}
		res.Ops = append(res.Ops, one)
		if one.Err != nil {
			res.fail(join(res.Err, within(i, s.Op, one.Err)))
		}
	}
	return nil
}

func (r *Replay) addAgent(s *Step) error {
	spec := offer.AgentSpec{ID: s.Agent, Hostname: cmp.Or(s.Hostname, string(s.Agent)), Total: *s.Resources, Zone: r.lacking(s.AgentCapabilities)}
	for _, u := range s.Used {
		spec.Used = append(spec.Used, offer.Use{Framework: u.Framework, Role: u.Role, Resources: u.Resources})
	}
	if s.Attributes != nil {
		spec.Attributes = *s.Attributes
	}
	if err := r.a.AddAgent(r.now, spec); err != nil {
		return err
	}
	for _, u := range s.Used {
		h := r.holding(place{u.Framework, u.Role, s.Agent})
		h.used = h.used.Add(u.Resources.Unallocate())
	}
	return nil
}

// updateAgent replaces what the step tells of the agent; a changed capability asks for a run like a changed hostname or
// total (docs/allocation.md §2.1).
func (r *Replay) updateAgent(s *Step) error {
	if _, ok := r.a.Agent(s.Agent); !ok {
		return fmt.Errorf("agent %q: %w", s.Agent, offer.ErrUnknownAgent)
	}
	if s.AgentCapabilities != nil {
		if err := r.a.SetDomain(r.now, s.Agent, "", r.lacking(s.AgentCapabilities)); err != nil {
			return err
		}
	}
	if s.Hostname != "" {
		if err := r.a.SetHostname(r.now, s.Agent, s.Hostname); err != nil {
			return err
		}
	}
	if s.Attributes != nil {
		if err := r.a.SetAttributes(r.now, s.Agent, *s.Attributes); err != nil {
			return err
		}
	}
	if s.Resources == nil {
		return nil
	}
	return r.a.UpdateAgent(r.now, s.Agent, s.Resources.Unallocate())
}

func (r *Replay) removeAgent(id offer.AgentID) error {
	if err := r.a.RemoveAgent(r.now, id); err != nil {
		return err
	}
	maps.DeleteFunc(r.ledger, func(p place, _ *holding) bool { return p.agent == id })
	return nil
}

func (r *Replay) framework(s *Step) error {
	spec := offer.FrameworkSpec{
		ID: s.Framework, Roles: s.Roles, Suppressed: s.Suppressed, Capabilities: s.Capabilities,
		MinAllocatable: s.MinAllocatable, Constraints: r.needing(s), Inactive: s.Inactive,
	}
	if s.Op == "update_framework" {
		if err := r.a.UpdateFramework(r.now, spec); err != nil {
			return err
		}
		r.roles[s.Framework] = s.Roles
		return nil
	}
	if err := r.a.AddFramework(r.now, spec); err != nil {
		return err
	}
	r.roles[s.Framework] = s.Roles
	return r.chargeUsed(s)
}

// chargeUsed charges what a framework says it uses, as far as the agents did not say so before.
func (r *Replay) chargeUsed(s *Step) error {
	for _, u := range s.Used {
		p := place{u.Framework, u.Role, u.Agent}
		h := r.holding(p)
		more := u.Resources.Unallocate().SubSaturating(h.used)
		if _, known := r.a.Agent(u.Agent); !known || more.IsEmpty() {
			r.tidy(p)
			continue
		}
		if err := r.a.Charge(r.now, p.allocation(), more); err != nil {
			return err
		}
		h.used = h.used.Add(more)
	}
	return nil
}

func (r *Replay) removeFramework(id offer.FrameworkID) error {
	if err := r.a.RemoveFramework(r.now, id); err != nil {
		return err
	}
	delete(r.roles, id)
	maps.DeleteFunc(r.ledger, func(p place, _ *holding) bool { return p.framework == id })
	return nil
}

// deactivate makes a framework inactive; the allocator takes its offers back silently.
func (r *Replay) deactivate(id offer.FrameworkID) error {
	if err := r.a.SetFrameworkActive(r.now, id, false); err != nil {
		return err
	}
	for _, p := range r.places() {
		if p.framework == id {
			r.current(p)
			r.tidy(p)
		}
	}
	return nil
}

// Reason is what one role of a framework would get of an agent now, or what stands between them.
type Reason struct {
	Role   role.Name  `json:"role"`
	Gate   offer.Gate `json:"gate"` // the first gate that refused, as docs/allocation.md §2.3 numbers them; 0: none does
	Reason string     `json:"reason"`
}

// Explain says for each role of framework f, sorted, what it would get of agent g now, or which gate refuses; one entry
// without a role where f is not known.
func (r *Replay) Explain(f offer.FrameworkID, g offer.AgentID) []Reason {
	roles := slices.Sorted(slices.Values(r.roles[f]))
	if len(roles) == 0 {
		roles = []role.Name{""}
	}
	var list []Reason
	for _, n := range slices.Compact(roles) {
		v := r.a.Explain(f, n, g)
		list = append(list, Reason{Role: n, Gate: v.Gate, Reason: v.Reason})
	}
	return list
}

// isGone reports whether err says that something was removed before, which is nobody's fault.
func isGone(err error) bool {
	return errors.Is(err, offer.ErrUnknownAgent) || errors.Is(err, offer.ErrUnknownFramework) ||
		errors.Is(err, offer.ErrNotSubscribed)
}
