package offer_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// bond is what a framework and an agent have between them, as a plain model sees it.
type bond struct {
	f offer.FrameworkID
	g offer.AgentID
}

// maintained drives an allocator whose agents come, go and are to be unavailable. The model is a handful of maps.
type maintained struct {
	l       *loop
	rules   offer.Rules
	windows map[offer.AgentID]offer.Window // of every agent there is
	attrs   map[offer.AgentID]resource.Attributes
	active  map[offer.FrameworkID]bool // of every framework there is
	uses    map[bond]resource.Resources
	offers  map[offer.OfferID]offer.Offer
	open    map[bond]offer.InverseOffer
	until   map[bond]offer.Time
	settled map[bond]bool // accepted since the window was set
	old     []offer.InverseOffer
}

// Whoever is asked holds something on an agent with a window, is active, is not being asked already, has no filter there
// and, where that settles it, has not accepted; and a second later whoever fits is being asked. What is taken back was
// open.
//
// docs/allocation.md §3.3, §4
func TestPropertyInverseOffers(t *testing.T) {
	for name, rules := range atOnce(func(r *offer.Rules) { r.OfferLifetime = 3 * time.Second }) {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				if rapid.Bool().Draw(rt, "no lifetime") {
					rules.OfferLifetime = 0
				}
				a, err := offer.New(byName(rules))
				require.NoError(rt, err)
				m := &maintained{
					l: &loop{t: t, a: a}, rules: rules, windows: make(map[offer.AgentID]offer.Window),
					attrs:  make(map[offer.AgentID]resource.Attributes),
					active: make(map[offer.FrameworkID]bool), uses: make(map[bond]resource.Resources),
					offers: make(map[offer.OfferID]offer.Offer), open: make(map[bond]offer.InverseOffer),
					until: make(map[bond]offer.Time), settled: make(map[bond]bool),
				}
				rt.Repeat(map[string]func(*rapid.T){
					"": m.check, "agent": m.agent, "framework": m.framework, "window": m.window, "window2": m.window,
					"answer": m.answer, "answer2": m.answer, "late": m.late, "charge": m.charge, "release": m.release,
					"decline": m.decline, "active": m.setActive, "revive": m.revive, "update": m.update,
					"attributes": m.attributes, "removeAgent": m.removeAgent, "removeFramework": m.removeFramework,
					"advance": m.advance, "second": m.second, "fork": m.fork,
				})
			})
		})
	}
}

func (m *maintained) drop(gone func(bond) bool) {
	maps.DeleteFunc(m.open, func(b bond, _ offer.InverseOffer) bool { return gone(b) })
	maps.DeleteFunc(m.until, func(b bond, _ offer.Time) bool { return gone(b) })
	maps.DeleteFunc(m.settled, func(b bond, _ bool) bool { return gone(b) })
}

func (m *maintained) unfilter(gone func(bond) bool) {
	maps.DeleteFunc(m.until, func(b bond, _ offer.Time) bool { return gone(b) })
}

func (m *maintained) someAgent(t *rapid.T) (offer.AgentID, bool) {
	return pick(t, "agent", slices.Sorted(maps.Keys(m.windows)))
}

func (m *maintained) someFramework(t *rapid.T) (offer.FrameworkID, bool) {
	return pick(t, "framework", slices.Sorted(maps.Keys(m.active)))
}

func someWindow(t *rapid.T) offer.Window {
	return rapid.SampledFrom([]offer.Window{{}, noon, noon, {Start: 1, Duration: offer.Endless}}).Draw(t, "window")
}

func (m *maintained) agent(t *rapid.T) {
	id := rapid.SampledFrom(someAgents[:4]).Draw(t, "agent")
	if _, ok := m.windows[id]; ok {
		return
	}
	m.windows[id] = someWindow(t)
	spec := offer.AgentSpec{
		ID: id, Total: resource.MustParse("cpus:4"), Window: m.windows[id], Inactive: rapid.IntRange(0, 3).Draw(t, "inactive") == 0,
	}
	if rapid.Bool().Draw(t, "used") {
		b := bond{rapid.SampledFrom(someFrameworks[:3]).Draw(t, "by"), id}
		m.uses[b] = resource.MustParse("cpus:1")
		spec.Used = []offer.Use{{Framework: b.f, Role: "r", Resources: m.uses[b]}}
	}
	require.NoError(t, m.l.a.AddAgent(m.l.now, spec))
	m.poll(t)
}

func (m *maintained) framework(t *rapid.T) {
	id := rapid.SampledFrom(someFrameworks[:3]).Draw(t, "framework")
	if _, ok := m.active[id]; ok {
		return
	}
	m.active[id] = rapid.IntRange(0, 3).Draw(t, "active") > 0
	require.NoError(t, m.l.a.AddFramework(m.l.now, offer.FrameworkSpec{
		ID: id, Roles: []role.Name{"r"}, Inactive: !m.active[id],
	}))
	m.poll(t)
}

func (m *maintained) window(t *rapid.T) {
	if id, ok := m.someAgent(t); ok {
		w := someWindow(t)
		require.NoError(t, m.l.a.SetUnavailability(m.l.now, id, w))
		m.windows[id] = w
		for b, o := range m.open {
			if b.g == id {
				m.old = append(m.old, o)
			}
		}
		before := maps.Clone(m.open)
		m.drop(func(b bond) bool { return b.g == id })
		m.pollTelling(t, before)
	}
}

func (m *maintained) answer(t *rapid.T) {
	list := slices.SortedFunc(maps.Values(m.open), func(x, y offer.InverseOffer) int { return int(x.ID) - int(y.ID) })
	if o, ok := pick(t, "open", list); ok {
		m.respond(t, o, true)
	}
}

func (m *maintained) late(t *rapid.T) {
	if o, ok := pick(t, "old", m.old); ok {
		_, agent := m.windows[o.Agent]
		_, framework := m.active[o.Framework]
		if agent && framework && m.open[bond{o.Framework, o.Agent}].ID != o.ID {
			m.respond(t, o, false)
		}
	}
}

func (m *maintained) respond(t *rapid.T, o offer.InverseOffer, counts bool) {
	b := bond{o.Framework, o.Agent}
	accept, f := rapid.Bool().Draw(t, "accept"), someRefusal(t)
	counted, err := m.l.a.AnswerInverse(m.l.now, o, accept, f)
	require.NoError(t, err)
	require.Equal(t, counts, counted)
	if counted {
		m.settled[b] = accept
		delete(m.open, b)
		m.old = append(m.old, o)
	}
	if f.Refuse > 0 {
		m.until[b] = max(m.until[b], m.l.now.Add(f.Refuse))
	}
	m.poll(t)
}

func (m *maintained) charge(t *rapid.T) {
	g, ok := m.someAgent(t)
	f, also := m.someFramework(t)
	if ok && also {
		b := bond{f, g}
		require.NoError(t, m.l.a.Charge(m.l.now, offer.Allocation{Framework: f, Role: "r", Agent: g}, resource.MustParse("cpus:1")))
		m.uses[b] = m.uses[b].Add(resource.MustParse("cpus:1"))
		m.poll(t)
	}
}

func (m *maintained) release(t *rapid.T) {
	for _, f := range someFrameworks {
		for _, g := range someAgents {
			b := bond{f, g}
			if _, known := m.active[f]; !known || m.uses[b].IsEmpty() || rapid.Bool().Draw(t, "not this") {
				continue
			}
			require.NoError(t, m.l.a.Release(m.l.now, offer.Allocation{Framework: f, Role: "r", Agent: g}, m.uses[b]))
			delete(m.uses, b)
			m.poll(t)
			return
		}
	}
}

func (m *maintained) decline(t *rapid.T) {
	if id, ok := pick(t, "offer", slices.Sorted(maps.Keys(m.offers))); ok {
		require.NoError(t, m.l.a.Decline(m.l.now, someRefusal(t), id))
		m.poll(t)
	}
}

func (m *maintained) setActive(t *rapid.T) {
	if f, ok := m.someFramework(t); ok {
		m.active[f] = !m.active[f]
		require.NoError(t, m.l.a.SetFrameworkActive(m.l.now, f, m.active[f]))
		if !m.active[f] {
			m.unfilter(func(b bond) bool { return b.f == f })
			maps.DeleteFunc(m.open, func(b bond, _ offer.InverseOffer) bool { return b.f == f })
		}
		m.poll(t)
	}
}

func (m *maintained) revive(t *rapid.T) {
	if f, ok := m.someFramework(t); ok {
		require.NoError(t, m.l.a.Revive(m.l.now, f, "r"))
		m.unfilter(func(b bond) bool { return b.f == f })
		m.poll(t)
	}
}

func (m *maintained) update(t *rapid.T) {
	if f, ok := m.someFramework(t); ok {
		require.NoError(t, m.l.a.UpdateFramework(m.l.now, offer.FrameworkSpec{ID: f, Roles: []role.Name{"r"}}))
		m.unfilter(func(b bond) bool { return b.f == f })
		m.poll(t)
	}
}

func (m *maintained) attributes(t *rapid.T) {
	if g, ok := m.someAgent(t); ok {
		at := attributes(t, rapid.SampledFrom([]string{"k:1", "k:2"}).Draw(t, "attributes"))
		require.NoError(t, m.l.a.SetAttributes(m.l.now, g, at))
		if !at.Equal(m.attrs[g]) {
			m.unfilter(func(b bond) bool { return b.g == g })
		}
		m.attrs[g] = at
		m.poll(t)
	}
}

func (m *maintained) removeAgent(t *rapid.T) {
	if g, ok := m.someAgent(t); ok {
		require.NoError(t, m.l.a.RemoveAgent(m.l.now, g))
		before := maps.Clone(m.open)
		delete(m.windows, g)
		delete(m.attrs, g)
		maps.DeleteFunc(m.uses, func(b bond, _ resource.Resources) bool { return b.g == g })
		m.drop(func(b bond) bool { return b.g == g })
		m.pollTelling(t, before)
	}
}

func (m *maintained) removeFramework(t *rapid.T) {
	if f, ok := m.someFramework(t); ok {
		require.NoError(t, m.l.a.RemoveFramework(m.l.now, f))
		delete(m.active, f)
		maps.DeleteFunc(m.uses, func(b bond, _ resource.Resources) bool { return b.f == f })
		m.drop(func(b bond) bool { return b.f == f })
		m.poll(t)
	}
}

func (m *maintained) fork(*rapid.T) { m.l.a = m.l.a.Fork() }

func (m *maintained) advance(t *rapid.T) {
	m.goOn(t, time.Duration(rapid.IntRange(1, 900).Draw(t, "ms"))*time.Millisecond)
}

// second goes on to the next run by the timer, which is at a full second: then whoever fits is being asked, and nobody who holds nothing.
func (m *maintained) second(t *rapid.T) {
	m.goOn(t, time.Second-time.Duration(m.l.now)%time.Second)
	for b := range m.open {
		require.True(t, m.holds(b), "%v", b)
	}
	for f := range m.active {
		for g := range m.windows {
			if b := (bond{f, g}); m.fits(b) {
				require.Contains(t, m.open, b)
			}
		}
	}
}

func (m *maintained) goOn(t *rapid.T, d time.Duration) {
	end := m.l.now.Add(d)
	for {
		next, ok := m.l.a.NextDeadline()
		if !ok || next > end {
			break
		}
		m.l.now = max(m.l.now, next)
		m.poll(t)
	}
	m.l.now = end
	m.poll(t)
}

// holds reports whether a framework was offered or uses something.
func (m *maintained) holds(b bond) bool {
	if !m.uses[b].IsEmpty() {
		return true
	}
	for _, o := range m.offers {
		if o.Framework == b.f && o.Agent == b.g {
			return true
		}
	}
	return false
}

// fits reports whether a framework is to be asked, if it is not being asked already.
func (m *maintained) fits(b bond) bool {
	return m.active[b.f] && !m.windows[b.g].IsZero() && m.holds(b) && m.until[b] <= m.l.now &&
		!(m.rules.AcceptSettles && m.settled[b])
}

func (m *maintained) poll(t *rapid.T) { m.pollTelling(t, maps.Clone(m.open)) }

// pollTelling polls; before is what was open before the command.
func (m *maintained) pollTelling(t *rapid.T, before map[bond]offer.InverseOffer) {
	m.l.batch.Reset()
	m.l.a.Poll(m.l.now, &m.l.batch)
	for _, r := range m.l.batch.Rescinded {
		delete(m.offers, r.Offer)
	}
	for _, o := range m.l.batch.Offers {
		require.Equal(t, m.windows[o.Agent], o.Window)
		m.offers[o.ID] = o
	}
	maps.DeleteFunc(m.offers, func(id offer.OfferID, _ offer.Offer) bool {
		_, out := m.l.a.Outstanding(id)
		return !out
	})
	for _, o := range m.l.batch.Unasked {
		b := bond{o.Framework, o.Agent}
		require.Equal(t, before[b], o, "taken back without having been open")
		if m.open[b].ID == o.ID {
			require.True(t, !m.holds(b) || o.Deadline > 0 && o.Deadline <= m.l.now, "%v was taken back for no reason", o)
			delete(m.open, b)
			m.old = append(m.old, o)
		}
	}
	for _, o := range m.l.batch.Asks {
		b := bond{o.Framework, o.Agent}
		require.True(t, m.fits(b), "%v is not to be asked", o)
		require.NotContains(t, m.open, b)
		require.Equal(t, m.windows[b.g], o.Window)
		m.open[b] = o
	}
}

// check compares the reports.
func (m *maintained) check(t *rapid.T) {
	require.NoError(t, m.l.a.Check())
	for g, w := range m.windows {
		report, ok := m.l.a.Unavailability(g)
		require.True(t, ok)
		require.Equal(t, w, report.Window)
		for _, r := range report.Asked {
			b := bond{r.Framework, g}
			require.Equal(t, m.open[b].ID, r.Open)
			if r.Filtered > m.l.now || m.until[b] > m.l.now {
				require.Equal(t, m.until[b], r.Filtered)
			}
			require.Equal(t, m.settled[b], r.Answer == offer.Accepted)
		}
	}
}
