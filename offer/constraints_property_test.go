package offer_test

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// plainFact says what a selector finds: whether there is something, and its text if it is one.
func plainFact(g offer.AgentSpec, c offer.Constraint) (there bool, text *string) {
	value := map[offer.Selector]string{offer.ByHostname: g.Hostname, offer.ByRegion: g.Region, offer.ByZone: g.Zone}
	if c.By != offer.ByAttribute {
		v := value[c.By]
		return v != "" || c.By == offer.ByHostname, &v
	}
	for at := range g.Attributes.All() {
		if at.Name == c.Name {
			if at.Kind == resource.KindText {
				return true, &at.Text
			}
			return true, nil
		}
	}
	return false, nil
}

// plainHolds is the table of docs/allocation.md §3.4, cell by cell.
func plainHolds(g offer.AgentSpec, c offer.Constraint) bool {
	there, text := plainFact(g, c)
	negative := c.Is == offer.NotExists || c.Is == offer.NotEquals || c.Is == offer.NotMatches
	if !there {
		return negative
	}
	switch c.Is {
	case offer.Exists, offer.NotExists:
		return !negative
	}
	if text == nil {
		return true
	}
	same := *text == c.Value
	if c.Is == offer.Matches || c.Is == offer.NotMatches {
		same = regexp.MustCompile(`\A(?:` + c.Value + `)\z`).MatchString(*text)
	}
	return same != negative
}

// plainGroups lists the groups whose attributes hold for g.
func plainGroups(g offer.AgentSpec, groups []offer.ConstraintGroup) (hold []offer.ConstraintGroup) {
	for _, gr := range groups {
		if !slices.ContainsFunc(gr.Attributes, func(c offer.Constraint) bool { return !plainHolds(g, c) }) {
			hold = append(hold, gr)
		}
	}
	return hold
}

// plainAllows reports whether an offer of these resources is one that the group asks for.
func plainAllows(gr offer.ConstraintGroup, r resource.Resources) bool {
	for e := range r.All() {
		if gr.NoRevocable && e.Revocable || gr.ReservedOnly && len(e.Reservations) == 0 {
			return false
		}
	}
	return r.Quantities().Contains(gr.AtLeast)
}

func someConstraint(t *rapid.T) offer.Constraint {
	c := offer.Constraint{
		By: offer.Selector(rapid.IntRange(0, 5).Draw(t, "by") % 4), Is: offer.Predicate(rapid.IntRange(1, 6).Draw(t, "is")),
	}
	if c.By == offer.ByAttribute {
		c.Name = rapid.SampledFrom([]string{"k", "j"}).Draw(t, "name")
	}
	switch {
	case c.Is >= offer.Matches:
		c.Value = rapid.SampledFrom([]string{"v.*", "v|w", "", ".*[0-9]", "(?i)V1"}).Draw(t, "pattern")
	case c.Is >= offer.Equals:
		c.Value = rapid.SampledFrom([]string{"v1", "w", ""}).Draw(t, "value")
	}
	return c
}

func someGroups(t *rapid.T) (groups []offer.ConstraintGroup) {
	for range rapid.IntRange(1, 3).Draw(t, "groups") {
		var gr offer.ConstraintGroup
		for range rapid.IntRange(0, 2).Draw(t, "attributes") {
			gr.Attributes = append(gr.Attributes, someConstraint(t))
		}
		switch rapid.IntRange(0, 5).Draw(t, "narrow") {
		case 0:
			gr.ReservedOnly = true
		case 1:
			gr.NoRevocable = true
		case 2:
			gr.AtLeast = quantities(t, rapid.SampledFrom([]string{"cpus:2", "cpus:4;mem:20", "ports:3"}).Draw(t, "least"))
		}
		if len(gr.Attributes) == 0 && gr.AtLeast.IsEmpty() && !gr.ReservedOnly && !gr.NoRevocable {
			gr.Attributes = append(gr.Attributes, someConstraint(t))
		}
		groups = append(groups, gr)
	}
	return groups
}

func someAttributes(t *rapid.T) resource.Attributes {
	return attributes(t, rapid.SampledFrom([]string{"", "k:v1", "k:w;j:v1", "j:1;k:v2", "k:[1-2]", "k:v1;k:w", "k:w;k:v1"}).Draw(t, "attributes"))
}

// constrained drives an allocator with frameworks that have constraints, and knows who may see what.
type constrained struct {
	l      *loop
	v1     bool
	agents map[offer.AgentID]offer.AgentSpec
	wants  map[offer.FrameworkID]offer.FrameworkSpec
	out    []offer.Offer
}

// Whatever is offered satisfies the framework's constraints as a plain evaluator reads them; whom the attributes exclude
// learns so from Explain, and nobody else does; and under rules that look at what changed, a run leaves nothing that it
// could offer.
//
// docs/allocation.md §3.4
func TestPropertyConstraints(t *testing.T) {
	for name, rules := range atOnce() {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				a, err := offer.New(byName(rules))
				require.NoError(rt, err)
				m := &constrained{
					l: &loop{t: t, a: a}, v1: name == "v1", agents: make(map[offer.AgentID]offer.AgentSpec),
					wants: make(map[offer.FrameworkID]offer.FrameworkSpec),
				}
				rt.Repeat(map[string]func(*rapid.T){
					"": m.check, "agent": m.agent, "framework": m.framework, "attributes": m.attributes, "remove": m.remove,
					"decline": m.decline, "withdraw": m.withdraw, "advance": m.advance, "fork": m.fork, "explain": m.explain,
				})
			})
		})
	}
}

func (m *constrained) agent(t *rapid.T) {
	id := rapid.SampledFrom(someAgents).Draw(t, "agent")
	if _, ok := m.agents[id]; ok {
		return
	}
	g := offer.AgentSpec{
		ID: id, Attributes: someAttributes(t), Total: someResources(t),
		Hostname: rapid.SampledFrom([]string{"", "v1", "w"}).Draw(t, "host"),
		Region:   rapid.SampledFrom([]string{"", "eu", "v2"}).Draw(t, "region"),
		Zone:     rapid.SampledFrom([]string{"", "v1"}).Draw(t, "zone"),
	}
	require.NoError(t, m.l.a.AddAgent(m.l.now, g))
	m.agents[id] = g
	m.poll(t)
}

func (m *constrained) framework(t *rapid.T) {
	s := offer.FrameworkSpec{
		ID: rapid.SampledFrom(someFrameworks[:3]).Draw(t, "framework"), Roles: []role.Name{"a", "a/b"},
		Capabilities: someCaps(t) | offer.GPUResources, Constraints: map[role.Name][]offer.ConstraintGroup{},
	}
	for _, r := range s.Roles {
		if rapid.IntRange(0, 3).Draw(t, "constrained") > 0 {
			s.Constraints[r] = someGroups(t)
		}
	}
	_, known := m.wants[s.ID]
	m.wants[s.ID] = s
	if known {
		require.NoError(t, m.l.a.UpdateFramework(m.l.now, s))
	} else {
		require.NoError(t, m.l.a.AddFramework(m.l.now, s))
	}
	m.poll(t)
}

func (m *constrained) someAgent(t *rapid.T) (g offer.AgentSpec, ok bool) {
	id, ok := pick(t, "agent", m.l.a.Agents())
	return m.agents[id], ok
}

func (m *constrained) attributes(t *rapid.T) {
	if g, ok := m.someAgent(t); ok {
		g.Attributes = someAttributes(t)
		require.NoError(t, m.l.a.SetAttributes(m.l.now, g.ID, g.Attributes))
		m.agents[g.ID] = g
		m.poll(t)
	}
}

func (m *constrained) remove(t *rapid.T) {
	if g, ok := m.someAgent(t); ok {
		require.NoError(t, m.l.a.RemoveAgent(m.l.now, g.ID))
		delete(m.agents, g.ID)
		m.poll(t)
	}
}

func (m *constrained) decline(t *rapid.T) {
	if o, ok := pick(t, "offer", m.out); ok {
		require.NoError(t, m.l.a.Decline(m.l.now, someRefusal(t), o.ID))
		m.poll(t)
	}
}

func (m *constrained) withdraw(t *rapid.T) {
	if o, ok := pick(t, "offer", m.out); ok {
		require.NoError(t, m.l.a.Withdraw(m.l.now, o.ID))
		m.poll(t)
	}
}

func (m *constrained) fork(*rapid.T) { m.l.a = m.l.a.Fork() }

// explain asks about everybody between two commands: what is remembered of an agent must not outlive it.
func (m *constrained) explain(*rapid.T) {
	for f := range m.wants {
		for g := range m.agents {
			m.l.a.Explain(f, "a", g)
		}
	}
}

func (m *constrained) advance(t *rapid.T) {
	end := m.l.now.Add(time.Duration(rapid.IntRange(1, 1500).Draw(t, "ms")) * time.Millisecond)
	for {
		next, ok := m.l.a.NextDeadline()
		if !ok || next > end {
			break
		}
		m.l.now = max(m.l.now, next)
		m.poll(t)
	}
	m.l.now = end
}

// poll checks what is offered.
func (m *constrained) poll(t *rapid.T) {
	m.l.batch.Reset()
	m.l.a.Poll(m.l.now, &m.l.batch)
	for _, o := range m.l.batch.Offers {
		groups, any := m.wants[o.Framework].Constraints[o.Role]
		hold := plainGroups(m.agents[o.Agent], groups)
		require.True(t, !any || slices.ContainsFunc(hold, func(gr offer.ConstraintGroup) bool { return plainAllows(gr, o.Resources) }),
			"%v, wanted %v", o, groups)
		m.out = append(m.out, o)
	}
	m.out = slices.DeleteFunc(m.out, func(o offer.Offer) bool {
		_, out := m.l.a.Outstanding(o.ID)
		return !out
	})
}

// check compares Explain with the plain evaluator.
func (m *constrained) check(t *rapid.T) {
	require.NoError(t, m.l.a.Check())
	due, any := m.l.a.NextDeadline()
	quiet := m.v1 && (!any || due > m.l.now)
	for f, spec := range m.wants {
		for _, r := range spec.Roles {
			for id, g := range m.agents {
				v, at := m.l.a.Explain(f, r, id), fmt.Sprint(f, "/", r, " on ", id)
				groups, any := spec.Constraints[r]
				narrow := slices.ContainsFunc(groups, func(gr offer.ConstraintGroup) bool {
					return !gr.AtLeast.IsEmpty() || gr.ReservedOnly || gr.NoRevocable
				})
				if excluded := any && len(plainGroups(g, groups)) == 0; excluded {
					require.Equal(t, offer.GateConstraints, v.Gate, "%s: %s", at, v)
				} else if !narrow {
					require.NotEqual(t, offer.GateConstraints, v.Gate, "%s: %s", at, v)
				}
				require.False(t, quiet && v.Gate == 0, "%s: %s", at, v)
			}
		}
	}
}
