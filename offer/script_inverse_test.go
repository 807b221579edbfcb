package offer_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// What the scripts say about constraints, windows and inverse offers.

var (
	selectors  = map[string]offer.Selector{"@host": offer.ByHostname, "@region": offer.ByRegion, "@zone": offer.ByZone}
	comparison = []struct {
		sign string
		is   offer.Predicate
	}{{"==", offer.Equals}, {"!=", offer.NotEquals}, {"!~", offer.NotMatches}, {"~", offer.Matches}}
)

// constrain gives every role of a framework the constraints that text says: groups between |, in each what must hold
// between &. rack and !rack ask whether there is an attribute, rack==r1, rack!=r1, rack~r.* and rack!~r.* for its text;
// @host, @region and @zone stand for those. least(cpus:4;ports:2), reserved and unrevocable narrow what is offered.
func constrain(spec *offer.FrameworkSpec, text string) error {
	if text == "" {
		return nil
	}
	var groups []offer.ConstraintGroup
	for _, part := range strings.Split(text, "|") {
		var g offer.ConstraintGroup
		for _, term := range strings.Split(part, "&") {
			if err := addTerm(&g, term); err != nil {
				return err
			}
		}
		groups = append(groups, g)
	}
	spec.Constraints = make(map[role.Name][]offer.ConstraintGroup)
	for _, r := range spec.Roles {
		spec.Constraints[r] = groups
	}
	return nil
}

func addTerm(g *offer.ConstraintGroup, term string) (err error) {
	least, isLeast := strings.CutPrefix(term, "least(")
	switch {
	case isLeast:
		g.AtLeast, err = resource.ParseQuantities(strings.TrimSuffix(least, ")"))
	case term == "reserved":
		g.ReservedOnly = true
	case term == "unrevocable":
		g.NoRevocable = true
	case term != "":
		g.Attributes = append(g.Attributes, attributeTerm(term))
	}
	return err
}

func attributeTerm(term string) offer.Constraint {
	c := offer.Constraint{Is: offer.Exists}
	what := term
	if name, ok := strings.CutPrefix(term, "!"); ok {
		c.Is, what = offer.NotExists, name
	}
	for _, x := range comparison {
		if name, value, ok := strings.Cut(term, x.sign); ok {
			what, c.Is, c.Value = name, x.is, value
			break
		}
	}
	by, ok := selectors[what]
	if !ok {
		c.Name = what
	}
	c.By = by
	return c
}

// window reads 60s+1h, 60s+endless or none.
func window(text string) (w offer.Window, err error) {
	if text == "" || text == "none" {
		return w, nil
	}
	start, length, _ := strings.Cut(text, "+")
	at, err := time.ParseDuration(start)
	w.Start, w.Duration = offer.Time(at), offer.Endless
	if err == nil && length != "endless" {
		w.Duration, err = time.ParseDuration(length)
	}
	return w, err
}

func windowText(w offer.Window) string {
	switch {
	case w.IsZero():
		return "none"
	case w.Duration == offer.Endless:
		return fmt.Sprintf("%v+endless", time.Duration(w.Start))
	}
	return fmt.Sprintf("%v+%v", time.Duration(w.Start), w.Duration)
}

func during(w offer.Window) string {
	if w.IsZero() {
		return ""
	}
	return " (away " + windowText(w) + ")"
}

func (s *script) pollInverse() {
	for _, o := range s.batch.Unasked {
		fmt.Fprintf(&s.out, "  %s no longer asked to leave %s\n", o.Framework, o.Agent)
	}
	for _, o := range s.batch.Asks {
		fmt.Fprintf(&s.out, "  %s asked to leave %s%s\n", o.Framework, o.Agent, during(o.Window))
	}
}

func (s *script) doInverse(cmd string, args []string) error {
	switch cmd {
	case "window":
		w, err := window(args[1])
		if err != nil {
			return err
		}
		return s.a.SetUnavailability(s.now, offer.AgentID(args[0]), w)
	case "answer":
		return s.answer(args)
	case "asked":
		r, _ := s.a.Unavailability(offer.AgentID(args[0]))
		fmt.Fprintf(&s.out, "  window %s\n", windowText(r.Window))
		for _, a := range r.Asked {
			fmt.Fprintf(&s.out, "  %s: open %v, answer %s at %v, filtered until %v\n",
				a.Framework, a.Open != 0, a.Answer, time.Duration(a.At), time.Duration(a.Filtered))
		}
		return nil
	}
	return fmt.Errorf("no such command")
}

func (s *script) answer(args []string) error {
	o := offer.InverseOffer{Framework: offer.FrameworkID(args[0]), Agent: offer.AgentID(args[1])}
	r, _ := s.a.Unavailability(o.Agent)
	for _, a := range r.Asked {
		if a.Framework == o.Framework && !slices.Contains(args, "late") {
			o.ID = a.Open
		}
	}
	f := offer.Filter{}
	for _, arg := range args[2:] {
		if d, err := time.ParseDuration(arg); err == nil {
			f.Refuse = d
		}
	}
	counted, err := s.a.AnswerInverse(s.now, o, args[2] == "accept", f)
	if err == nil && !counted {
		fmt.Fprintf(&s.out, "  too late\n")
	}
	return err
}
