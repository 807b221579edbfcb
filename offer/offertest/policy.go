package offertest

import (
	"errors"
	"fmt"
	"strings"

	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
)

// CheckPolicy holds a policy against the properties of docs/allocation.md §6, all but those in except: by random scripts and
// by fixed ones, under DefaultRules(V1) without delay and under StrictDRF with quota over the tree of roles, which policies
// need. Every property that fails is reported once, by name, with the shortest script that was found.
//
// newPolicy is called for every allocator; it returns a policy of equal behaviour each time. A nil policy stands for the
// allocator's own, which is held against StrictDRF as it is.
//
// The flags of rapid apply: -rapid.checks for how many scripts, -rapid.seed and -rapid.failfile to see one again.
func CheckPolicy(t TB, newPolicy func() offer.Policy, except ...Property) {
	t.Helper()
	CheckConfig(t, func() offer.Config { return offer.Config{Policy: newPolicy()} }, except...)
}

// CheckConfig is CheckPolicy for a whole configuration, so also for an order of one's own (offer.Config.NewOrderer). Its
// Rules are not read.
func CheckConfig(t TB, newConfig func() offer.Config, except ...Property) {
	t.Helper()
	for _, s := range suites(newConfig, except) {
		s.checkAll(t)
	}
}

// ReplayPolicy runs a script, as CheckPolicy prints it, and fails as CheckPolicy would.
func ReplayPolicy(t TB, newPolicy func() offer.Policy, script string, except ...Property) {
	t.Helper()
	parsed, err := ParseScript(script)
	if err != nil {
		t.Fatalf("%v", err)
		return
	}
	for _, s := range suites(func() offer.Config { return offer.Config{Policy: newPolicy()} }, except) {
		if err := s.run(parsed); err != nil {
			s.report(t, err, parsed, "")
		}
	}
}

// suite is one set of rules for what is to be checked.
type suite struct {
	name      string
	newConfig func() offer.Config
	rules     func(offer.Config) offer.Rules
	excepted  map[Property]bool
}

func suites(newConfig func() offer.Config, except []Property) []*suite {
	v1 := func(offer.Config) offer.Rules {
		r := offer.DefaultRules(offer.V1)
		r.Coalesce = 0
		return r
	}
	strict := func(cfg offer.Config) offer.Rules {
		r := offer.StrictDRF()
		if cfg.Policy != nil {
			r.Quota = offer.QuotaTree
		}
		return r
	}
	list := []*suite{{name: "DefaultRules(V1)", rules: v1}, {name: "StrictDRF", rules: strict}}
	for _, s := range list {
		s.newConfig, s.excepted = newConfig, make(map[Property]bool)
		for _, p := range except {
			s.excepted[p] = true
		}
	}
	return list
}

// checkAll reports each property that fails.
func (s *suite) checkAll(t TB) {
	t.Helper()
	for range Properties() {
		f := s.find(t.Name())
		if f == nil {
			break
		}
		s.report(t, f.err, f.script, f.repeat)
		var v *violation
		if !errors.As(f.err, &v) {
			return
		}
		s.excepted[v.property] = true
	}
	for _, check := range []func() error{s.guarantees, s.turns, s.fairWhenTaking, s.fairWhenRefusing} {
		var v *violation
		if err := check(); err != nil && (!errors.As(err, &v) || !s.excepted[v.property]) {
			s.report(t, err, nil, "")
			if v != nil {
				s.excepted[v.property] = true
			}
		}
	}
}

// finding is the shortest script that breaks a property.
type finding struct {
	err    error
	script Script
	repeat string // the flags of rapid that lead there again
}

// find looks for a script that breaks any property, and sticks to the first one while rapid makes the script shorter.
func (s *suite) find(name string) *finding {
	var found *finding
	var first *violation
	said, ok := listen(name, func(t *rapid.T) {
		script := Calls().Draw(t, "script")
		err := s.run(script)
		var v *violation
		if err == nil || first != nil && (!errors.As(err, &v) || v.property != first.property) {
			return
		}
		if first == nil && errors.As(err, &v) {
			first = v
		}
		found = &finding{err: err, script: script}
		t.Fatalf("%v", err)
	})
	switch {
	case ok:
		return nil
	case found == nil:
		return &finding{err: errors.New(strings.TrimSpace(said))}
	}
	if _, flags, ok := strings.Cut(said, "To reproduce, specify "); ok {
		found.repeat, _, _ = strings.Cut(flags, "\n")
	}
	return found
}

// run plays a script twice, on two allocators: P12 is that they agree.
func (s *suite) run(script Script) error {
	once, err := s.play(script)
	if err != nil {
		return err
	}
	again, err := s.play(script)
	if err != nil {
		again = append(again, err.Error())
	}
	for i := range max(len(once), len(again)) {
		if x, y := line(once, i), line(again, i); x != y {
			return s.except(breaks(Deterministic, "the same calls gave first %q and then %q", x, y))
		}
	}
	return nil
}

func line(trace []string, i int) string {
	if i < len(trace) {
		return trace[i]
	}
	return "nothing"
}

// report tells what was found.
func (s *suite) report(t TB, err error, script Script, repeat string) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "under %s: %v", s.name, err)
	if len(script) > 0 {
		fmt.Fprintf(&b, "\nThe calls, for ReplayPolicy:\n%s", script)
	}
	if repeat != "" {
		fmt.Fprintf(&b, "Or specify %s", repeat)
	}
	t.Errorf("%s", strings.TrimSpace(b.String()))
}
