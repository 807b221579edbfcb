package offertest

import (
	"errors"
	"fmt"
	"time"

	"github.com/proffer-go/proffer/offer"
)

// Property is one of the properties that policies are held against (docs/allocation.md §6).
type Property string

// The properties. The allocator itself sees to P1 to P6 and P13, whatever the policy does; the others are the policy's own
// doing.
const (
	Conservation  Property = "P1 conservation"      // offered, used and free make up what there is, for agents and for roles
	Limits        Property = "P2 limit"             // nothing is granted beyond the limit of a role or of one above it
	Reservations  Property = "P3 reservation"       // what is reserved goes to its role or below
	Shape         Property = "P4 offer shape"       // free, whole, enough, wanted, not refused, to somebody who is listed
	Headroom      Property = "P5 headroom"          // nothing is granted that a guarantee lacks
	Hierarchy     Property = "P6 hierarchy"         // a role keeps room for what the guarantees below it lack
	Guarantees    Property = "P7 guarantees"        // a guarantee is met in one cycle where there is enough
	Conserving    Property = "P8 work conservation" // nothing stays free that somebody would get
	Turns         Property = "P10 turn"             // under the turn rule N-1 refusals by others come before one's turn, at most
	Deterministic Property = "P12 determinism"      // equal seeds and calls give equal offers
	Inverse       Property = "P13 inverse"          // an offer taken back leaves the books as they were
	Fair          Property = "bounded unfairness"   // equal clients get a quarter of an equal part each, at least
	Settled       Property = "rest"                 // after some runs there is nothing left to do at the same moment
)

// Properties lists all of them, in the order of the specification.
func Properties() []Property {
	return []Property{
		Conservation, Limits, Reservations, Shape, Headroom, Hierarchy, Guarantees, Conserving, Turns, Deterministic, Inverse,
		Fair, Settled,
	}
}

// violation says which property does not hold, and where.
type violation struct {
	property Property
	text     string
}

func (v *violation) Error() string { return string(v.property) + ": " + v.text }

func breaks(p Property, format string, args ...any) error {
	return &violation{p, fmt.Sprintf(format, args...)}
}

// run is one allocator under a script, with the books beside it.
type run struct {
	suite  *suite
	a      *offer.Allocator
	b      *books
	batch  offer.Batch
	trace  []string // of offers and rescinds
	paused bool
	tick   offer.Time // of the timer's next run
}

func (s *suite) start() (*run, error) {
	cfg := s.newConfig()
	cfg.Rules = s.rules(cfg)
	a, err := offer.New(cfg)
	if err != nil {
		return nil, err
	}
	return &run{suite: s, a: a, b: newBooks(cfg.Rules), tick: offer.Time(cfg.Rules.Interval)}, nil
}

// play runs a script; it returns the first violation, or an error if there is no allocator to be had.
func (s *suite) play(script Script) (trace []string, err error) {
	r, err := s.start()
	if err != nil {
		return nil, err
	}
	for i, c := range script {
		if err := r.do(c); err != nil {
			return r.trace, fmt.Errorf("call %d, %s: %w", i+1, c, err)
		}
	}
	return r.trace, nil
}

// do is one call, the runs that it brings about, and what must hold then.
func (r *run) do(c Call) error {
	verb, ok := verbs[c.Do]
	if !ok {
		return fmt.Errorf("no verb %q: %w", c.Do, ErrScript)
	}
	var broken *violation
	if err := verb(r, c); errors.As(err, &broken) {
		return err // of the time that passed; what the allocator refuses has changed nothing
	}
	if err := r.settle(); err != nil {
		return err
	}
	if r.b.rules.Triggers == offer.OnChange {
		return r.conserving()
	}
	return nil
}

// advance lets time pass from deadline to deadline.
func (r *run) advance(d time.Duration) error {
	end := r.b.now.Add(max(d, 0))
	for {
		next, ok := r.a.NextDeadline()
		if !ok || next > end || next <= r.b.now {
			break
		}
		r.b.now = next
		ticked := next >= r.tick
		if err := r.settle(); err != nil {
			return err
		}
		if ticked && r.b.rules.Triggers == offer.OnRequest && r.tick > end {
			if err := r.conserving(); err != nil {
				return err
			}
		}
	}
	r.b.now = end
	return nil
}

// settle polls until nothing is due.
func (r *run) settle() error {
	for range 50 {
		if err := r.poll(); err != nil {
			return err
		}
		if next, ok := r.a.NextDeadline(); !ok || next > r.b.now {
			return nil
		}
	}
	if r.paused {
		return nil
	}
	return breaks(Settled, "50 runs in a row, and there is another one due at the same moment")
}

// poll takes what is due and judges it.
func (r *run) poll() error {
	before := r.a.Fork()
	r.batch.Reset()
	r.a.Poll(r.b.now, &r.batch)
	if r.b.now >= r.tick {
		r.tick = r.b.now.Add(r.b.rules.Interval)
	}
	for _, x := range r.batch.Rescinded {
		r.b.take(x.Offer)
		r.trace = append(r.trace, fmt.Sprintf("rescinded %d", x.Offer))
	}
	for _, o := range r.batch.Offers {
		r.trace = append(r.trace, show(o))
	}
	if err := r.suite.except(r.judge(r.batch.Offers)); err != nil {
		return err
	}
	if err := r.suite.except(r.conserved()); err != nil {
		return err
	}
	if len(r.batch.Offers) > 0 && len(r.batch.Rescinded) == 0 {
		return r.suite.except(r.inverse(before))
	}
	return nil
}

func show(o offer.Offer) string {
	return fmt.Sprintf("offer %d of %s to %s/%s: %s", o.ID, o.Agent, o.Framework, o.Role, o.Resources)
}

// except is err, unless it is about a property that is not asked for.
func (s *suite) except(err error) error {
	var v *violation
	if errors.As(err, &v) && s.excepted[v.property] {
		return nil
	}
	return err
}
