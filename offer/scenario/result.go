package scenario

import (
	"encoding/json"
	"fmt"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Result is what followed a step. In JSON it is one object, {"case":…,"step":…,"op":…,"runs":…,"offers":…}, with result,
// error, resulting and rescinded where the step has them.
type Result struct {
	Case      string
	Step      int // from 0
	Op        string
	Runs      uint64
	Offers    Offers
	Rescinded []Rescinded
	OK        *bool               // of update_available; false where Err is set
	Err       error               // why an update_available or update_allocation was refused; it changed nothing. Of atomic: all of them
	Resulting *resource.Resources // of update_allocation
	Ops       []Result            // of atomic, one per step inside; runs and offers are those of the whole. Not in JSON
}

// Rescinded is an offer that the allocator took back.
type Rescinded struct {
	Framework offer.FrameworkID `json:"framework"`
	Role      role.Name         `json:"role"`
	Agent     offer.AgentID     `json:"agent"`
	Reason    string            `json:"reason"`
}

// fail notes that the step was refused.
func (r *Result) fail(err error) {
	ok := false
	r.OK, r.Err = &ok, err
}

// MarshalJSON writes the object. Equal results give equal bytes.
func (r Result) MarshalJSON() ([]byte, error) {
	out := struct {
		Case      string          `json:"case"`
		Step      int             `json:"step"`
		Op        string          `json:"op"`
		Runs      uint64          `json:"runs"`
		Offers    Offers          `json:"offers"`
		Rescinded []Rescinded     `json:"rescinded,omitempty"`
		Result    string          `json:"result,omitempty"`
		Error     string          `json:"error,omitempty"`
		Resulting json.RawMessage `json:"resulting,omitempty"`
	}{Case: r.Case, Step: r.Step, Op: r.Op, Runs: r.Runs, Offers: r.Offers, Rescinded: r.Rescinded}
	if r.OK != nil {
		out.Result = map[bool]string{true: "ok", false: "error"}[*r.OK]
	}
	if r.Err != nil {
		out.Error = r.Err.Error()
	}
	if r.Resulting != nil {
		list, err := Entries(*r.Resulting)
		if err != nil {
			return nil, err
		}
		out.Resulting = list
	}
	return plainJSON(out)
}

// Compare holds r against what is recorded of s, as far as something is, and returns the first difference as an Error of
// ErrDiffers: runs, offers (as a set), result, resulting; and the first of each step inside an atomic.
func (r Result) Compare(s *Step) error {
	return at(r.Case, r.Step, r.Op, r.compare(s))
}

func (r *Result) compare(s *Step) error {
	err := r.compareRecorded(&s.Recorded)
	for i := range min(len(r.Ops), len(s.Ops)) {
		if e := r.Ops[i].compare(&s.Ops[i]); e != nil {
			err = join(err, within(i, s.Ops[i].Op, e))
		}
	}
	return err
}

func (r *Result) compareRecorded(want *Recorded) error {
	if want.Offers != nil {
		if err := compareOffers(*want.Offers, r.Offers); err != nil {
			return err
		}
	}
	if want.Runs != nil && *want.Runs != r.Runs {
		return fmt.Errorf("%d runs, recorded %d: %w", r.Runs, *want.Runs, ErrDiffers)
	}
	if want.OK != nil && (r.OK == nil || *r.OK != *want.OK) {
		return fmt.Errorf("result ok: %v, recorded %v (%v): %w", !*want.OK, *want.OK, r.Err, ErrDiffers)
	}
	if want.Resulting == nil {
		return nil
	}
	if r.Resulting == nil {
		return fmt.Errorf("resulting: none (%v), recorded %s: %w", r.Err, *want.Resulting, ErrDiffers)
	}
	if !sameButCopies(*r.Resulting, *want.Resulting) {
		return fmt.Errorf("resulting: %s, recorded %s: %w", *r.Resulting, *want.Resulting, ErrDiffers)
	}
	return nil
}

// compareOffers walks both sorted lists.
func compareOffers(want, got Offers) error {
	for len(want) > 0 || len(got) > 0 {
		switch {
		case len(got) == 0 || len(want) > 0 && compareOffered(want[0], got[0]) < 0:
			return fmt.Errorf("%s: none, recorded %s: %w", want[0].name(), want[0].Resources, ErrDiffers)
		case len(want) == 0 || compareOffered(want[0], got[0]) > 0:
			return fmt.Errorf("%s: %s, recorded none: %w", got[0].name(), got[0].Resources, ErrDiffers)
		case !sameButCopies(want[0].Resources, got[0].Resources):
			return fmt.Errorf("%s: %s, recorded %s: %w", got[0].name(), got[0].Resources, want[0].Resources, ErrDiffers)
		}
		want, got = want[1:], got[1:]
	}
	return nil
}

func (o Offered) name() string {
	return fmt.Sprintf("offer of agent %q to framework %q, role %q", o.Agent, o.Framework, o.Role)
}

// sameButCopies compares a and b; how many copies there are of a shared volume is not recorded.
func sameButCopies(a, b resource.Resources) bool { return once(a).Equal(once(b)) }

// once is r with one copy of each shared volume.
func once(r resource.Resources) resource.Resources {
	var list []resource.Resource
	for e := range r.All() {
		list = append(list, e)
	}
	one, err := resource.New(list...)
	if err != nil {
		return r // entries of a collection make one
	}
	return one
}
