package offer_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// stand is a small cluster for worked examples: agents are visited by id and offers are made at once. What is expected of
// a step is written as one line per offer, "A1 -> F/role: cpus:4", in the order in which they come, and one line per offer
// taken back, "A1 x F/role: agent", before them.
type stand struct {
	t   *testing.T
	a   *offer.Allocator
	now offer.Time
	out offer.Batch
}

// strict is a stand under the reference's rules without its master: nothing is rescinded.
func strict(t *testing.T, change ...func(*offer.Rules)) *stand {
	rules := offer.StrictDRF()
	rules.Rescind = false
	return newStand(t, rules, offer.OrderByName, change)
}

// ours is a stand under the default rules.
func ours(t *testing.T, change ...func(*offer.Rules)) *stand {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce = 0
	return newStand(t, rules, offer.OrderDefault, change)
}

// under runs f on a fresh stand of either kind.
func under(t *testing.T, f func(t *testing.T, s *stand)) {
	t.Run("strict", func(t *testing.T) { f(t, strict(t)) })
	t.Run("ours", func(t *testing.T) { f(t, ours(t)) })
}

func newStand(t *testing.T, rules offer.Rules, pieces offer.Order, change []func(*offer.Rules)) *stand {
	t.Helper()
	for _, c := range change {
		c(&rules)
	}
	a, err := offer.New(offer.Config{Rules: rules, AgentOrder: offer.OrderByName, PieceOrder: pieces, Region: "eu"})
	require.NoError(t, err)
	return &stand{t: t, a: a}
}

// noMinimum lets everything be offered.
func noMinimum(r *offer.Rules) { r.MinAllocatable = nil }

// noTimer leaves only what happens to start runs.
func noTimer(r *offer.Rules) { r.Interval = 0 }

// agent adds an agent; options: host=, region=, attrs=, used=framework/role/resources, inactive.
func (s *stand) agent(id offer.AgentID, total string, options ...string) {
	s.t.Helper()
	spec := offer.AgentSpec{ID: id, Total: resources(total)}
	for _, o := range options {
		key, value, _ := strings.Cut(o, "=")
		switch key {
		case "host":
			spec.Hostname = value
		case "region":
			spec.Region = value
		case "inactive":
			spec.Inactive = true
		case "attrs":
			at, err := resource.ParseAttributes(value)
			require.NoError(s.t, err)
			spec.Attributes = at
		case "used":
			f, rest, _ := strings.Cut(value, "/")
			at := strings.LastIndex(rest, "/")
			spec.Used = append(spec.Used, offer.Use{
				Framework: offer.FrameworkID(f), Role: role.Name(rest[:at]), Resources: resources(rest[at+1:]),
			})
		default:
			s.t.Fatalf("option %q", o)
		}
	}
	s.ok(s.a.AddAgent(s.now, spec))
}

// spec reads roles and, after a colon, capabilities: "a,b:gpu,rev".
func spec(id offer.FrameworkID, text string) offer.FrameworkSpec {
	roles, caps, _ := strings.Cut(text, ":")
	f := offer.FrameworkSpec{ID: id, Roles: roleList(roles)}
	for _, c := range strings.Split(caps, ",") {
		f.Capabilities |= shortCaps[c]
	}
	return f
}

func (s *stand) framework(id offer.FrameworkID, text string) {
	s.t.Helper()
	s.ok(s.a.AddFramework(s.now, spec(id, text)))
}

// frameworkMin adds a framework whose minimum for its roles is one of sets; none: anything will do.
func (s *stand) frameworkMin(id offer.FrameworkID, text string, sets ...string) {
	s.t.Helper()
	f := spec(id, text)
	f.MinAllocatable = minimums(s.t, f.Roles, sets...)
	s.ok(s.a.AddFramework(s.now, f))
}

func minimums(t *testing.T, roles []role.Name, sets ...string) map[role.Name][]resource.Quantities {
	t.Helper()
	m := make(map[role.Name][]resource.Quantities)
	for _, r := range roles {
		m[r] = []resource.Quantities{}
		for _, text := range sets {
			q, err := resource.ParseQuantities(text)
			require.NoError(t, err)
			m[r] = append(m[r], q)
		}
	}
	return m
}

func (s *stand) quota(r, guarantee, limit string) {
	s.t.Helper()
	c, err := quota.Parse(r, guarantee, limit)
	require.NoError(s.t, err)
	s.ok(s.a.SetQuota(s.now, []quota.Config{c}, true))
}

// weights sets "role=weight".
func (s *stand) weights(list ...string) {
	s.t.Helper()
	for _, text := range list {
		r, number, _ := strings.Cut(text, "=")
		w, err := strconv.ParseFloat(number, 64)
		require.NoError(s.t, err)
		s.ok(s.a.SetWeights(s.now, []role.Weight{{Role: role.Name(r), Weight: w}}))
	}
}

// together makes all that f does one event: the run comes with the next tick.
func (s *stand) together(f func()) {
	s.a.Pause(s.now)
	f()
	s.a.Resume(s.now)
}

// decline gives back every offer of a framework on an agent; an empty id stands for all.
func (s *stand) decline(f offer.FrameworkID, g offer.AgentID, refuse time.Duration) {
	s.t.Helper()
	s.ok(s.a.Decline(s.now, offer.Filter{Refuse: refuse}, s.offers(f, g)...))
}

// offers lists the outstanding offers, in the order in which they were made.
func (s *stand) offers(f offer.FrameworkID, g offer.AgentID) (ids []offer.OfferID) {
	s.t.Helper()
	for id := range offer.OfferID(s.a.Stats().Offers) + 1 {
		if o, ok := s.a.Outstanding(id); ok && (f == "" || o.Framework == f) && (g == "" || o.Agent == g) {
			ids = append(ids, id)
		}
	}
	require.NotEmpty(s.t, ids, "no offer to %q of %q", f, g)
	return ids
}

// accept uses part of the one offer of a framework on an agent; empty: all of it.
func (s *stand) accept(f offer.FrameworkID, g offer.AgentID, used string, refuse time.Duration) {
	s.t.Helper()
	ids := s.offers(f, g)
	o, _ := s.a.Outstanding(ids[0])
	r := o.Resources
	if used != "" {
		r = resources(used)
	}
	_, err := s.a.Accept(s.now, ids, nil, r, offer.Filter{Refuse: refuse})
	s.ok(err)
}

func (s *stand) release(f offer.FrameworkID, r role.Name, g offer.AgentID, what string) {
	s.t.Helper()
	s.ok(s.a.Release(s.now, offer.Allocation{Framework: f, Role: r, Agent: g}, resources(what)))
}

func (s *stand) total(g offer.AgentID, total string) {
	s.t.Helper()
	s.ok(s.a.UpdateAgent(s.now, g, resources(total)))
}

func (s *stand) ok(err error) {
	s.t.Helper()
	require.NoError(s.t, err)
}

// expect lets all work due now be done and compares what came out.
func (s *stand) expect(lines ...string) {
	s.t.Helper()
	s.after(0, lines...)
}

// after lets time pass, doing all work when it is due, and compares what came out.
func (s *stand) after(d time.Duration, lines ...string) {
	s.t.Helper()
	require.Equal(s.t, lines, s.play(d))
}

// play lets time pass and tells what came out.
func (s *stand) play(d time.Duration) (got []string) {
	s.t.Helper()
	end := s.now.Add(d)
	for due, ok := s.now, true; ok && due <= end; due, ok = s.a.NextDeadline() {
		s.now = max(s.now, due)
		s.out.Reset()
		s.a.Poll(s.now, &s.out)
		for _, r := range s.out.Rescinded {
			got = append(got, fmt.Sprintf("%s x %s/%s: %s", r.Agent, r.Framework, r.Role, r.Reason))
		}
		for _, o := range s.out.Offers {
			got = append(got, fmt.Sprintf("%s -> %s/%s: %s", o.Agent, o.Framework, o.Role, o.Resources))
		}
	}
	s.now = end
	require.NoError(s.t, s.a.Check())
	return got
}

// gate checks which gate is the first to refuse; 0: none.
func (s *stand) gate(want offer.Gate, f offer.FrameworkID, r role.Name, g offer.AgentID) {
	s.t.Helper()
	v := s.a.Explain(f, r, g)
	require.Equal(s.t, want, v.Gate, v.Reason)
}

// of returns the report of a role.
func (s *stand) of(r role.Name) offer.RoleReport {
	s.t.Helper()
	for _, row := range s.a.Roles() {
		if row.Role == r {
			return row
		}
	}
	s.t.Fatalf("role %q is not known", r)
	return offer.RoleReport{}
}

// resources reads the short form, or JSON of any resources.
func resources(text string) (r resource.Resources) {
	if !strings.HasPrefix(text, "[") {
		return resource.MustParse(text)
	}
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		panic(fmt.Sprintf("%s: %v", text, err))
	}
	return r
}

// JSON texts of what the short form of resources cannot say.

func revocableText(name string, q float64) string {
	return fmt.Sprintf(`{"name":%q,"type":"SCALAR","scalar":{"value":%v},"revocable":{}}`, name, q)
}

func scalarText(name string, q float64, reservedTo ...string) string {
	var stack []string
	for i, r := range reservedTo {
		kind := "DYNAMIC"
		if i == 0 {
			kind = "STATIC"
		}
		stack = append(stack, fmt.Sprintf(`{"type":%q,"role":%q}`, kind, r))
	}
	if stack == nil {
		return fmt.Sprintf(`{"name":%q,"type":"SCALAR","scalar":{"value":%v}}`, name, q)
	}
	return fmt.Sprintf(`{"name":%q,"type":"SCALAR","scalar":{"value":%v},"reservations":[%s]}`, name, q, strings.Join(stack, ","))
}

func diskText(source string, q float64) string {
	return fmt.Sprintf(`{"name":"disk","type":"SCALAR","scalar":{"value":%v},"disk":{"source":%s}}`, q, source)
}

func sharedText(r string, q float64) string {
	return fmt.Sprintf(`{"name":"disk","type":"SCALAR","scalar":{"value":%v},"reservations":[{"type":"DYNAMIC","role":%q}],`+
		`"disk":{"persistence":{"id":"v"},"volume":{"container_path":"v","mode":"RW"}},"shared":{}}`, q, r)
}

func list(pieces ...string) string { return "[" + strings.Join(pieces, ",") + "]" }
