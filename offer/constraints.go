package offer

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// ErrConstraint is wrapped by every error about constraints that make no sense.
var ErrConstraint = errors.New("offer: bad constraint: correct it, or leave the role out to be offered every agent")

// Selector says which fact about an agent a Constraint looks at (docs/allocation.md §3.4).
type Selector uint8

// The selectors. A region or zone that the agent does not name is missing, a hostname never is.
const (
	ByAttribute Selector = iota // the first attribute of the constraint's Name, whatever its kind
	ByHostname
	ByRegion
	ByZone
)

// Predicate says what a Constraint asks of the selected fact (docs/allocation.md §3.4).
type Predicate uint8

// The predicates. Equals, NotEquals, Matches and NotMatches judge texts only: they hold for an attribute that is a number
// or a list of ranges, which is left to the framework to judge. Of a missing fact only the three negative ones hold.
const (
	Exists     Predicate = iota + 1
	NotExists            //
	Equals               // the text is Value
	NotEquals            //
	Matches              // the whole text matches the regular expression Value, in RE2 syntax
	NotMatches           //
)

// Constraint asks one thing of one fact about an agent.
type Constraint struct {
	By    Selector
	Name  string // of the attribute, with ByAttribute only
	Is    Predicate
	Value string // none with Exists and NotExists
}

// ConstraintGroup holds for an agent where all of Attributes do. The other fields, which the reference does not have,
// narrow what is offered; they are judged by what is free and within quota at the time.
type ConstraintGroup struct {
	Attributes   []Constraint
	AtLeast      resource.Quantities // what an offer contains: scalars by amount, ranges and sets by count
	ReservedOnly bool                // only what is reserved for the role, or for one above it, is offered
	NoRevocable  bool                // nothing revocable is offered
}

// narrows reports whether g asks anything of what is offered.
func (g *ConstraintGroup) narrows() bool {
	return !g.AtLeast.IsEmpty() || g.ReservedOnly || g.NoRevocable
}

// filters reports whether g takes anything out of what is offered.
func (g *ConstraintGroup) filters() bool { return g.ReservedOnly || g.NoRevocable }

// constraints is a checked list of groups, and what is known of the agents: a bit for each.
type constraints struct {
	groups  []group
	narrows bool   // some group does
	any     judged // whether some group's attributes hold
}

type group struct {
	ConstraintGroup
	tests []test
	bits  judged // whether its attributes hold; kept where the constraints narrow
}

type test struct {
	Constraint
	pattern *regexp.Regexp
}

// constrain checks and compiles the constraints of s, whose roles are sorted.
func (a *Allocator) constrain(s *FrameworkSpec) (map[role.Name]*constraints, error) {
	if len(s.Constraints) == 0 {
		return nil, nil
	}
	compiled := make(map[role.Name]*constraints, len(s.Constraints))
	for _, n := range slices.Sorted(maps.Keys(s.Constraints)) {
		if _, ok := slices.BinarySearch(s.Roles, n); !ok {
			return nil, fmt.Errorf("constraints for role %q: %w", n, ErrNotSubscribed)
		}
		k, err := a.compile(s.Constraints[n])
		if err != nil {
			return nil, fmt.Errorf("constraints for role %q: %w", n, err)
		}
		compiled[n] = k
	}
	return compiled, nil
}

// setConstraints gives each client of f its constraints; what is offered already stays.
func (f *framework) setConstraints(compiled map[role.Name]*constraints) {
	for _, c := range f.clients {
		c.constraints = compiled[c.role.name]
	}
}

func (a *Allocator) compile(groups []ConstraintGroup) (*constraints, error) {
	if len(groups) == 0 {
		return nil, fmt.Errorf("no group: %w", ErrConstraint)
	}
	count := 0
	for i := range groups {
		count += len(groups[i].Attributes) + groups[i].AtLeast.Len()
	}
	if most := a.bounds.Constraints; max(count, len(groups)) > most {
		return nil, fmt.Errorf("%d constraints in %d groups, at most %d: %w", count, len(groups), most, ErrTooMany)
	}
	k := &constraints{}
	for i, g := range groups {
		if len(g.Attributes) == 0 && !g.narrows() {
			return nil, fmt.Errorf("group %d is empty: %w", i, ErrConstraint)
		}
		made := group{ConstraintGroup: g}
		made.Attributes = nil // the tests hold them
		for at, c := range g.Attributes {
			t, err := a.test(c)
			if err != nil {
				return nil, fmt.Errorf("group %d, constraint %d: %w", i, at, err)
			}
			made.tests = append(made.tests, t)
		}
		k.groups = append(k.groups, made)
		k.narrows = k.narrows || g.narrows()
	}
	return k, nil
}

// test checks one constraint.
func (a *Allocator) test(c Constraint) (test, error) {
	t := test{Constraint: c}
	switch most := a.bounds.ConstraintText; {
	case c.By > ByZone:
		return t, fmt.Errorf("selector %d: %w", c.By, ErrConstraint)
	case c.Is < Exists || c.Is > NotMatches:
		return t, fmt.Errorf("predicate %d: %w", c.Is, ErrConstraint)
	case (c.By == ByAttribute) == (c.Name == ""):
		return t, fmt.Errorf("an attribute has a name, a hostname, region or zone has none: %w", ErrConstraint)
	case c.Is <= NotExists && c.Value != "":
		return t, fmt.Errorf("a value where only existence is asked: %w", ErrConstraint)
	case len(c.Name) > most || len(c.Value) > most:
		return t, fmt.Errorf("a text of %d bytes, at most %d: %w", max(len(c.Name), len(c.Value)), most, ErrTooMany)
	case c.Is < Matches:
		return t, nil
	}
	if err := boundedPattern(c.Value, a.bounds.PatternProgram); err != nil {
		return t, err
	}
	var err error
	if t.pattern, err = regexp.Compile("^(?:" + c.Value + ")$"); err != nil {
		return t, fmt.Errorf("pattern: %w: %w", ErrConstraint, err)
	}
	return t, nil
}

// boundedPattern reports whether text is a regular expression that compiles to at most that many instructions.
func boundedPattern(text string, most int) error {
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return fmt.Errorf("pattern: %w: %w", ErrConstraint, err)
	}
	size := expanded(parsed)
	if size <= 100*most { // else compiling would be the harm that the bound is against
		program, err := syntax.Compile(parsed.Simplify())
		if err != nil {
			return fmt.Errorf("pattern: %w: %w", ErrConstraint, err)
		}
		size = len(program.Inst)
	}
	if size > most {
		return fmt.Errorf("a pattern of %d instructions, at most %d: %w", size, most, ErrTooMany)
	}
	return nil
}

// expanded estimates the instructions of re with its repetitions written out; it saturates.
func expanded(re *syntax.Regexp) int {
	const plenty = 1 << 30
	size := 1
	if re.Op == syntax.OpLiteral {
		size = len(re.Rune)
	}
	for _, sub := range re.Sub {
		size = min(size+expanded(sub), plenty)
	}
	if re.Op == syntax.OpRepeat {
		size = min(size*max(re.Min, re.Max, 1), plenty)
	}
	return size
}

// fact is what a selector finds.
type fact uint8

const (
	missing fact = iota
	text
	other // an attribute that is not text
)

// fact looks up what the constraint selects.
func (t *test) fact(g *agent) (string, fact) {
	value := ""
	switch t.By {
	case ByAttribute:
		at, ok := g.tagged().attrs.First(t.Name)
		switch {
		case !ok:
			return "", missing
		case at.Kind != resource.KindText:
			return "", other
		}
		return at.Text, text
	case ByHostname:
		return g.hostname, text
	case ByRegion:
		value = g.tagged().region
	case ByZone:
		value = g.tagged().zone
	}
	if value == "" {
		return "", missing
	}
	return value, text
}

// holds is the table of docs/allocation.md §3.4.
func (t *test) holds(g *agent) bool {
	value, is := t.fact(g)
	switch t.Is {
	case Exists:
		return is != missing
	case NotExists:
		return is == missing
	case Equals:
		return is == other || is == text && value == t.Value
	case NotEquals:
		return is != text || value != t.Value
	case Matches:
		return is == other || is == text && t.pattern.MatchString(value)
	}
	return is != text || !t.pattern.MatchString(value) // NotMatches
}

func (gr *group) holds(g *agent) bool {
	for i := range gr.tests {
		if !gr.tests[i].holds(g) {
			return false
		}
	}
	return true
}

// allow is gate 2: whether the attributes of some group hold for g.
func (k *constraints) allow(g *agent) bool {
	pass, known := k.any.get(g.index)
	if !known {
		g.judged = true
		pass = slices.ContainsFunc(k.groups, func(gr group) bool { return gr.holds(g) })
		k.any.put(g.index, pass)
	}
	return pass
}

// allow is whether the attributes of this group hold for g.
func (gr *group) allow(g *agent) bool {
	pass, known := gr.bits.get(g.index)
	if !known {
		g.judged = true
		pass = gr.holds(g)
		gr.bits.put(g.index, pass)
	}
	return pass
}

// lookNarrowed goes on behind gate 7 for a client that asks something of what is offered: the first of its groups, in its
// order, that leads to an offer decides. What that one left may be for another of its groups: the next run looks at it.
// b is what the client can handle.
func (a *Allocator) lookNarrowed(c *client, g *agent, b *bundle, s stage) verdict {
	v := verdict{gate: GateConstraints}
	for i := range c.constraints.groups {
		gr := &c.constraints.groups[i]
		if !gr.allow(g) {
			continue
		}
		if v = a.lookIn(gr, c, g, b, s); v.gate != 0 {
			continue
		}
		v.left = len(c.constraints.groups) > 1 && gr.filters()
		break
	}
	return v
}

// lookIn is lookNarrowed for one group.
func (a *Allocator) lookIn(gr *group, c *client, g *agent, b *bundle, s stage) verdict {
	b = a.narrow(gr, b)
	if b.empty() {
		return verdict{gate: GateConstraints}
	}
	v := a.lookOn(c, g, b, s)
	if v.gate == 0 && !gr.AtLeast.IsEmpty() && !a.withPiece(c, g, v.b).ContainsQuantities(gr.AtLeast) {
		v.gate = GateConstraints
	}
	return v
}

// meets reports whether b, a part of what lookNarrowed would offer, is something that c asks for.
func (a *Allocator) meets(c *client, g *agent, b *bundle) bool {
	if !c.constraints.narrows {
		return true
	}
	for i := range c.constraints.groups {
		gr := &c.constraints.groups[i]
		if gr.allow(g) && a.narrow(gr, b).res.Equal(b.res) && a.withPiece(c, g, b).ContainsQuantities(gr.AtLeast) {
			return true
		}
	}
	return false
}

// narrow takes out of b what the group does not want.
func (a *Allocator) narrow(gr *group, b *bundle) *bundle {
	if !gr.ReservedOnly && !(gr.NoRevocable && b.is(hasRevocable)) {
		return b
	}
	return a.bundle(b.res.Filter(func(e resource.Resource) bool {
		return !(gr.NoRevocable && e.Revocable || gr.ReservedOnly && len(e.Reservations) == 0)
	}))
}

// withPiece is b together with what c got of g in the first stage of this run: the two make one offer.
func (a *Allocator) withPiece(c *client, g *agent, b *bundle) resource.Resources {
	if a.cycle.running {
		if o := a.cycle.pieceOf(c, g); o != nil {
			return b.res.Add(o.b.res)
		}
	}
	return b.res
}

// unjudge drops what constraints know of g; its attributes changed, or its index is somebody else's next.
func (a *Allocator) unjudge(g *agent) {
	defer a.reshaped(g)
	if !g.judged {
		return
	}
	g.judged = false
	for _, c := range a.clients {
		if c == nil || c.constraints == nil {
			continue
		}
		c.constraints.any.drop(g.index)
		for i := range c.constraints.groups {
			c.constraints.groups[i].bits.drop(g.index)
		}
	}
}

// reorder takes note of attributes of which at most the order changed: the first of a name counts.
func (a *Allocator) reorder(g *agent, at resource.Attributes) {
	if slices.EqualFunc(slices.Collect(at.All()), slices.Collect(g.tagged().attrs.All()), resource.Attribute.Equal) {
		return
	}
	g.setAttributes(at)
	a.unjudge(g)
	a.changed(g)
}

// fork copies k with nothing known: a copy finds out for itself.
func (k *constraints) fork() *constraints {
	if k == nil {
		return nil
	}
	m := &constraints{groups: slices.Clone(k.groups), narrows: k.narrows}
	for i := range m.groups {
		m.groups[i].bits = judged{}
	}
	return m
}

// judged remembers an answer per agent, by its index.
type judged struct{ known, pass []uint64 }

func (j *judged) get(i int32) (pass, known bool) {
	w, bit := int(i>>6), uint64(1)<<(i&63)
	if w >= len(j.known) || j.known[w]&bit == 0 {
		return false, false
	}
	return j.pass[w]&bit != 0, true
}

func (j *judged) put(i int32, pass bool) {
	w, bit := int(i>>6), uint64(1)<<(i&63)
	for len(j.known) <= w {
		j.known, j.pass = append(j.known, 0), append(j.pass, 0)
	}
	j.known[w] |= bit
	if pass {
		j.pass[w] |= bit
	}
}

func (j *judged) drop(i int32) {
	if w, bit := int(i>>6), uint64(1)<<(i&63); w < len(j.known) {
		j.known[w] &^= bit
		j.pass[w] &^= bit
	}
}

// constraints checks every remembered answer against the agent as it is.
func (k *checker) constraints() error {
	for _, c := range k.a.clients {
		if c == nil || c.constraints == nil {
			continue
		}
		if err := k.judgements(c.constraints); err != nil {
			return fmt.Errorf("constraints of framework %q in role %q: %w", c.framework.id, c.role.name, err)
		}
	}
	return nil
}

func (k *checker) judgements(cs *constraints) error {
	for i := range 64 * len(cs.any.known) {
		if err := k.judgement(&cs.any, int32(i), func(g *agent) bool {
			return slices.ContainsFunc(cs.groups, func(gr group) bool { return gr.holds(g) })
		}); err != nil {
			return err
		}
	}
	for at := range cs.groups {
		gr := &cs.groups[at]
		for i := range 64 * len(gr.bits.known) {
			if err := k.judgement(&gr.bits, int32(i), gr.holds); err != nil {
				return fmt.Errorf("group %d: %w", at, err)
			}
		}
	}
	return nil
}

func (k *checker) judgement(j *judged, i int32, holds func(*agent) bool) error {
	pass, known := j.get(i)
	if !known {
		return nil
	}
	if int(i) >= len(k.a.agents) || k.a.agents[i] == nil || !k.a.agents[i].judged {
		return fmt.Errorf("an answer is remembered for agent %d, which was not judged", i)
	}
	g := k.a.agents[i]
	if want := holds(g); pass != want {
		return fmt.Errorf("the answer for agent %q is %v, its attributes give %v", g.id, pass, want)
	}
	return nil
}
