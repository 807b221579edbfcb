package offer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// atOnce are both sets of rules with runs at once and no minimum.
func atOnce(change ...func(*offer.Rules)) map[string]offer.Rules {
	all := bothRules()
	for name, rules := range all {
		rules.Coalesce, rules.MinAllocatable = 0, nil
		for _, c := range change {
			c(&rules)
		}
		all[name] = rules
	}
	return all
}

func byName(rules offer.Rules) offer.Config {
	return offer.Config{Rules: rules, AgentOrder: offer.OrderByName, PieceOrder: offer.OrderByName, Region: "eu"}
}

func attributes(t require.TestingT, text string) resource.Attributes {
	at, err := resource.ParseAttributes(text)
	require.NoError(t, err)
	return at
}

// wanting is a framework in role r with these groups of constraints, in the notation of the scripts.
func wanting(t require.TestingT, id offer.FrameworkID, text string, roles ...role.Name) offer.FrameworkSpec {
	spec := offer.FrameworkSpec{ID: id, Roles: roles, Capabilities: offer.RevocableResources | offer.RegionAware}
	require.NoError(t, constrain(&spec, text))
	return spec
}

// shownTo tells, for an agent alone in the cluster, whether a framework that wants text is offered it, and requires that
// Explain agrees.
func shownTo(t *testing.T, rules offer.Rules, g offer.AgentSpec, text string) bool {
	l := newLoop(t, byName(rules))
	require.NoError(t, l.a.AddFramework(0, wanting(t, "F", text, "r")))
	g.ID = "A"
	if g.Total.IsEmpty() {
		g.Total = resource.MustParse("cpus:4;mem:1024;ports:[1-4]")
	}
	require.NoError(t, l.a.AddAgent(0, g))
	v := l.a.Explain("F", "r", "A")
	got := l.wait(3 * time.Second)
	if len(got) == 0 {
		require.Equal(t, offer.GateConstraints, v.Gate, "%s", v)
		require.Contains(t, v.Reason, "constraints")
		return false
	}
	require.Zero(t, v.Gate, "%s", v)
	require.Equal(t, v.Offer.String(), got[0].Resources.String())
	return true
}

// The table of predicates: what each says of a missing fact, of a text, and of an attribute that is not text.
//
// docs/allocation.md §3.4
func TestConstraintPredicates(t *testing.T) {
	tests := []struct {
		want                      string
		missing, v, other, number bool
	}{
		{want: "k", missing: false, v: true, other: true, number: true},
		{want: "!k", missing: true, v: false, other: false, number: false},
		{want: "k==v", missing: false, v: true, other: false, number: true},
		{want: "k!=v", missing: true, v: false, other: true, number: true},
		{want: "k~v", missing: false, v: true, other: false, number: true},
		{want: "k!~v", missing: true, v: false, other: true, number: true},
		{want: "k~.*", missing: false, v: true, other: true, number: true},
		{want: "k!~.*", missing: true, v: false, other: false, number: true},
	}
	for name, rules := range atOnce() {
		for _, test := range tests {
			t.Run(name+" "+test.want, func(t *testing.T) {
				for attrs, want := range map[string]bool{
					"": test.missing, "k2:v": test.missing, "k:v": test.v, "k:w": test.other,
					"k:1": test.number, "k:[1-2]": test.number,
				} {
					got := shownTo(t, rules, offer.AgentSpec{Attributes: attributes(t, attrs)}, test.want)
					require.Equal(t, want, got, "attributes %q", attrs)
				}
			})
		}
	}
}

// A named selector takes the first attribute of its name, of whatever kind.
//
// docs/allocation.md §3.4
func TestConstraintTakesTheFirstOfAName(t *testing.T) {
	rules := atOnce()["v1"]
	require.True(t, shownTo(t, rules, offer.AgentSpec{Attributes: attributes(t, "k:v;k:w")}, "k==v"))
	require.False(t, shownTo(t, rules, offer.AgentSpec{Attributes: attributes(t, "k:w;k:v")}, "k==v"))
	require.True(t, shownTo(t, rules, offer.AgentSpec{Attributes: attributes(t, "k:7;k:w")}, "k==v"), "a number comes first")
}

// Hostname, region and zone are selected like attributes; a region or zone that is not named is missing. An attribute of
// the same name is something else.
//
// docs/allocation.md §3.4
func TestConstraintPseudoAttributes(t *testing.T) {
	rules := atOnce()["v1"]
	here := offer.AgentSpec{Hostname: "h1.eu", Region: "eu", Zone: "z1"}
	bare := offer.AgentSpec{Attributes: attributes(t, "hostname:h1.eu;region:eu;zone:z1")}
	for want, shown := range map[string][2]bool{
		"@host":         {true, true},
		"@host==h1.eu":  {true, false},
		"@host~h1":      {false, false},
		"@host~h1[.].*": {true, false},
		"@region":       {true, false},
		"!@region":      {false, true},
		"@region!=eu":   {false, true},
		"@zone==z1":     {true, false},
		"!@zone":        {false, true},
		"@zone!~z.":     {false, true},
		"zone==z1":      {false, true},
	} {
		require.Equal(t, shown[0], shownTo(t, rules, here, want), want)
		require.Equal(t, shown[1], shownTo(t, rules, bare, want), want)
	}
}

// A regular expression is held against the whole text, alternatives and flags of its own included.
//
// docs/allocation.md §3.4
func TestConstraintMatchesTheWholeText(t *testing.T) {
	rules := atOnce()["v1"]
	match := func(pattern, value string) bool {
		return shownToGroups(t, rules, value, []offer.ConstraintGroup{{Attributes: []offer.Constraint{
			{Name: "k", Is: offer.Matches, Value: pattern},
		}}})
	}
	for _, test := range []struct {
		pattern, value string
		want           bool
	}{
		{"a|bc", "bc", true}, {"a|bc", "abc", false}, {"a|bc", "ac", false}, {"b", "abc", false}, {".*b.*", "abc", true},
		{"(?i)RACK-[0-9]+", "rack-12", true}, {"rack-[0-9]+", "rack-", false}, {"", "a", false},
		{"(?m)^a$", "a\nb", false}, {"a.b", "a\nb", false}, {"(?s)a.b", "a\nb", true},
	} {
		require.Equal(t, test.want, match(test.pattern, test.value), "%q on %q", test.pattern, test.value)
	}
}

func shownToGroups(t *testing.T, rules offer.Rules, value string, groups []offer.ConstraintGroup) bool {
	l := newLoop(t, byName(rules))
	require.NoError(t, l.a.AddFramework(0, offer.FrameworkSpec{
		ID: "F", Roles: []role.Name{"r"}, Constraints: map[role.Name][]offer.ConstraintGroup{"r": groups},
	}))
	at, err := resource.NewAttributes(resource.Attribute{Name: "k", Kind: resource.KindText, Text: value})
	require.NoError(t, err)
	require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "A", Total: resource.MustParse("cpus:4;mem:1024"), Attributes: at}))
	return len(l.wait(time.Second)) > 0
}

// Groups are alternatives, what is in a group holds together, and no constraints at all mean every agent.
//
// docs/allocation.md §3.4
func TestConstraintGroups(t *testing.T) {
	rules := atOnce()["v1"]
	want := "rack==r1&ssd|@host~big.*"
	for _, test := range []struct {
		attrs, host string
		shown       bool
	}{
		{"rack:r1;ssd:yes", "h", true}, {"rack:r1", "h", false}, {"ssd:yes", "h", false}, {"", "big1", true}, {"rack:r1", "big", true},
	} {
		g := offer.AgentSpec{Attributes: attributes(t, test.attrs), Hostname: test.host}
		require.Equal(t, test.shown, shownTo(t, rules, g, want), "%v", test)
		require.True(t, shownTo(t, rules, g, ""))
	}
}

// Constraints are of one role of one framework: another role, and another framework, sees the agent.
//
// docs/allocation.md §3.4
func TestConstraintsArePerFrameworkAndRole(t *testing.T) {
	for name, rules := range atOnce() {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, byName(rules))
			spec := wanting(t, "F", "rack==r1", "a", "b")
			delete(spec.Constraints, "b")
			require.NoError(t, l.a.AddFramework(0, spec))
			require.NoError(t, l.a.AddFramework(0, wanting(t, "G", "", "a")))
			l.agents(0, 1, "cpus:4;mem:1024")
			require.Equal(t, offer.GateConstraints, l.a.Explain("F", "a", "A00").Gate)
			require.Zero(t, l.a.Explain("F", "b", "A00").Gate)
			require.Zero(t, l.a.Explain("G", "a", "A00").Gate)
			got := l.wait(time.Second)
			require.Len(t, got, 1)
			require.Equal(t, offer.FrameworkID("G"), got[0].Framework, "F comes first by name, and is passed over")
		})
	}
}

// Constraints are the second gate: they are named before anything about the agent's resources is.
//
// docs/allocation.md §2.3
func TestConstraintsAreGate2(t *testing.T) {
	rules := atOnce()["v1"]
	l := newLoop(t, byName(rules))
	require.NoError(t, l.a.AddFramework(0, wanting(t, "F", "rack==r1", "r")))
	require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "A", Region: "us"}))
	require.Equal(t, offer.GateConstraints, l.a.Explain("F", "r", "A").Gate, "it has nothing at all")
	require.NoError(t, l.a.Suppress(0, "F"))
	require.Equal(t, offer.GateNotListed, l.a.Explain("F", "r", "A").Gate, "the first gate comes before")
	require.NoError(t, l.a.Revive(0, "F"))
	require.NoError(t, l.a.SetAttributes(0, "A", attributes(t, "rack:r1")))
	require.Equal(t, offer.GateNothingFree, l.a.Explain("F", "r", "A").Gate)
}

// New constraints act on future offers: what is out stays, and what the old ones hid is shown without another event under
// our rules, by the timer under the reference's.
//
// docs/allocation.md §3.4
func TestNewConstraintsActOnFutureOffers(t *testing.T) {
	for name, rules := range atOnce() {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, byName(rules))
			require.NoError(t, l.a.AddFramework(0, wanting(t, "F", "rack==r1", "r")))
			for i, rack := range []string{"r1", "r2"} {
				require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{
					ID: offer.AgentID(fmt.Sprint("A", i+1)), Attributes: attributes(t, "rack:"+rack), Total: resource.MustParse("cpus:1;mem:64"),
				}))
			}
			first := l.wait(time.Second)
			require.Len(t, first, 1)
			require.Equal(t, offer.AgentID("A1"), first[0].Agent)
			require.NoError(t, l.a.UpdateFramework(l.now, wanting(t, "F", "rack==r2", "r")))
			second := l.wait(time.Second)
			require.Len(t, second, 1)
			require.Equal(t, offer.AgentID("A2"), second[0].Agent)
			_, out := l.a.Outstanding(first[0].ID)
			require.True(t, out, "the offer of A1 stays")
			require.NoError(t, l.a.Decline(l.now, offer.Filter{}, first[0].ID))
			require.Empty(t, l.wait(2*time.Second), "A1 is not offered again")
			require.NoError(t, l.a.UpdateFramework(l.now, wanting(t, "F", "", "r")))
			require.Len(t, l.wait(time.Second), 1, "no constraints, no limits")
		})
	}
}

// What was judged once is judged again when attributes change, also when only their order does.
//
// docs/allocation.md §3.4
func TestConstraintsFollowAttributes(t *testing.T) {
	for name, rules := range atOnce() {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, byName(rules))
			require.NoError(t, l.a.AddFramework(0, wanting(t, "F", "rack==r1", "r")))
			require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{
				ID: "A", Attributes: attributes(t, "rack:r2;rack:r1"), Total: resource.MustParse("cpus:1;mem:64"),
			}))
			require.Empty(t, l.wait(2*time.Second))
			require.NoError(t, l.a.SetAttributes(l.now, "A", attributes(t, "rack:r1;rack:r2")))
			got := l.wait(2 * time.Second)
			require.Len(t, got, 1)
			require.NoError(t, l.a.Decline(l.now, offer.Filter{}, got[0].ID))
			require.NoError(t, l.a.SetAttributes(l.now, "A", attributes(t, "rack:r3")))
			require.Empty(t, l.wait(2*time.Second))
			require.NoError(t, l.a.RemoveAgent(l.now, "A"))
			require.NoError(t, l.a.AddAgent(l.now, offer.AgentSpec{
				ID: "B", Attributes: attributes(t, "rack:r1"), Total: resource.MustParse("cpus:1;mem:64"),
			}))
			require.Len(t, l.wait(time.Second), 1, "nothing is left of what was thought of A")
		})
	}
}

// Constraints that make no sense are refused whole, with their place, and change nothing.
//
// docs/allocation.md §3.4
func TestBadConstraints(t *testing.T) {
	one := func(c offer.Constraint) []offer.ConstraintGroup {
		return []offer.ConstraintGroup{{AtLeast: quantities(t, "cpus:1")}, {Attributes: []offer.Constraint{{Name: "k", Is: offer.Exists}, c}}}
	}
	tests := []struct {
		what   string
		groups []offer.ConstraintGroup
		err    error
		at     string
	}{
		{"an empty list", []offer.ConstraintGroup{}, offer.ErrConstraint, "no group"},
		{"no list", nil, offer.ErrConstraint, "no group"},
		{"an empty group", []offer.ConstraintGroup{{NoRevocable: true}, {}}, offer.ErrConstraint, "group 1 is empty"},
		{"no predicate", one(offer.Constraint{Name: "k"}), offer.ErrConstraint, "group 1, constraint 1: predicate 0"},
		{"unknown predicate", one(offer.Constraint{Name: "k", Is: offer.NotMatches + 1}), offer.ErrConstraint, "predicate 7"},
		{"unknown selector", one(offer.Constraint{By: offer.ByZone + 1, Is: offer.Exists}), offer.ErrConstraint, "selector 4"},
		{"no name", one(offer.Constraint{Is: offer.Exists}), offer.ErrConstraint, "has a name"},
		{"a name too many", one(offer.Constraint{By: offer.ByZone, Name: "k", Is: offer.Exists}), offer.ErrConstraint, "has none"},
		{"a value too many", one(offer.Constraint{Name: "k", Is: offer.NotExists, Value: "v"}), offer.ErrConstraint, "only existence"},
		{"a bad pattern", one(offer.Constraint{Name: "k", Is: offer.Matches, Value: "a(b"}), offer.ErrConstraint, "missing closing )"},
		{"two bad halves", one(offer.Constraint{Name: "k", Is: offer.NotMatches, Value: "a)|(?:b"}), offer.ErrConstraint, "unexpected )"},
		{"no RE2", one(offer.Constraint{Name: "k", Is: offer.Matches, Value: `(a)\1`}), offer.ErrConstraint, "invalid escape"},
	}
	l := newLoop(t, byName(atOnce()["v1"]))
	require.NoError(t, l.a.AddFramework(0, wanting(t, "F", "rack==r1", "r")))
	l.agents(0, 1, "cpus:1;mem:64")
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			spec := offer.FrameworkSpec{ID: "F", Roles: []role.Name{"r"}, Constraints: map[role.Name][]offer.ConstraintGroup{"r": test.groups}}
			err := l.a.UpdateFramework(0, spec)
			require.ErrorIs(t, err, test.err)
			require.ErrorContains(t, err, test.at)
			require.ErrorContains(t, err, `role "r"`)
			require.Equal(t, offer.GateConstraints, l.a.Explain("F", "r", "A00").Gate, "the old ones hold")
			spec.ID = "G"
			require.ErrorIs(t, l.a.AddFramework(0, spec), test.err)
			require.Contains(t, l.a.Explain("G", "r", "A00").Reason, "not known")
		})
	}
	spec := wanting(t, "F", "rack==r1", "r", "s")
	spec.Roles = []role.Name{"r"}
	require.ErrorIs(t, l.a.UpdateFramework(0, spec), offer.ErrNotSubscribed)
}

func quantities(t require.TestingT, text string) resource.Quantities {
	q, err := resource.ParseQuantities(text)
	require.NoError(t, err)
	return q
}

// Constraints have bounds: how many per framework and role, how long a text, how large a program. A pattern that would
// expand to millions of instructions is refused before it does.
//
// docs/protocol.md §18.1
func TestConstraintBounds(t *testing.T) {
	many := func(n int) (groups []offer.ConstraintGroup) {
		for range n / 2 {
			groups = append(groups, offer.ConstraintGroup{
				Attributes: []offer.Constraint{{Name: "k", Is: offer.Exists}}, AtLeast: quantities(t, "cpus:1"),
			})
		}
		return groups
	}
	pattern := func(text string) []offer.ConstraintGroup {
		return []offer.ConstraintGroup{{Attributes: []offer.Constraint{{Name: "k", Is: offer.Matches, Value: text}}}}
	}
	nested := strings.Repeat("(?:", 10) + "a" + strings.Repeat("{9})", 10)
	for _, test := range []struct {
		what   string
		groups []offer.ConstraintGroup
		ok     bool
	}{
		{"1,000", many(1000), true},
		{"1,002", many(1002), false},
		{"4,096 bytes", []offer.ConstraintGroup{{Attributes: []offer.Constraint{{Name: "k", Is: offer.Equals, Value: strings.Repeat("a", 4096)}}}}, true},
		{"4,097 bytes", []offer.ConstraintGroup{{Attributes: []offer.Constraint{{Name: "k", Is: offer.Equals, Value: strings.Repeat("a", 4097)}}}}, false},
		{"a name of 4,097 bytes", []offer.ConstraintGroup{{Attributes: []offer.Constraint{{Name: strings.Repeat("k", 4097), Is: offer.Exists}}}}, false},
		{"98 letters", pattern(strings.Repeat("a", 98)), true},
		{"99 letters", pattern(strings.Repeat("a", 99)), false},
		{"80 repetitions", pattern("a{80}"), true},
		{"100 repetitions", pattern("a{100}"), false},
		{"a large class", pattern(`\pL[^\pL]+\pN`), true},
		{"9 to the 10th", pattern(nested), false},
	} {
		t.Run(test.what, func(t *testing.T) {
			l := newLoop(t, byName(atOnce()["v1"]))
			err := l.a.AddFramework(0, offer.FrameworkSpec{
				ID: "F", Roles: []role.Name{"r"}, Constraints: map[role.Name][]offer.ConstraintGroup{"r": test.groups},
			})
			if test.ok {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			if !strings.Contains(test.what, "9 to") { // the syntax package has a bound of its own
				require.ErrorIs(t, err, offer.ErrTooMany)
			}
		})
	}
	cfg := byName(atOnce()["v1"])
	cfg.Bounds = offer.Bounds{Constraints: 1, ConstraintText: 5, PatternProgram: 6}
	l := newLoop(t, cfg)
	require.NoError(t, l.a.AddFramework(0, wanting(t, "F", "k~abc", "r")))
	require.ErrorIs(t, l.a.AddFramework(0, wanting(t, "G", "k&j", "r")), offer.ErrTooMany)
	require.ErrorIs(t, l.a.AddFramework(0, wanting(t, "G", "k==abcdef", "r")), offer.ErrTooMany)
	require.ErrorIs(t, l.a.AddFramework(0, wanting(t, "G", "k~abcde", "r")), offer.ErrTooMany)
}

// Slices that were passed in are not kept: changing them later changes nothing.
//
// docs/allocation.md §3.4
func TestConstraintsAreCopied(t *testing.T) {
	l := newLoop(t, byName(atOnce()["v1"]))
	spec := wanting(t, "F", "rack==r1|least(cpus:9)", "r")
	require.NoError(t, l.a.AddFramework(0, spec))
	spec.Constraints["r"][0].Attributes[0].Value = "r2"
	spec.Constraints["r"][1] = spec.Constraints["r"][0]
	delete(spec.Constraints, "r")
	require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{
		ID: "A", Attributes: attributes(t, "rack:r2"), Total: resource.MustParse("cpus:1;mem:64"),
	}))
	require.Empty(t, l.wait(time.Second))
}
