package offer_test

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// watch runs the random machine under both rules and lets each look at it after every Poll: m.batch is what came out of it,
// m.p the books of the plain allocator afterwards.
func watch(t *testing.T, each func(t *rapid.T, m *machine)) {
	t.Run("ours", func(t *testing.T) { watchOurs(t, each) })
	t.Run("strict", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) { watchMachine(t, offer.StrictDRF(), true, each) })
	})
}

func watchOurs(t *testing.T, each func(t *rapid.T, m *machine)) {
	rapid.Check(t, func(t *rapid.T) { watchMachine(t, offer.DefaultRules(offer.V1), true, each) })
}

func watchMachine(t *rapid.T, rules offer.Rules, same bool, each func(t *rapid.T, m *machine)) {
	if rapid.Bool().Draw(t, "at once") {
		rules.Coalesce = 0
	}
	a, err := offer.New(offer.Config{Rules: rules, AgentOrder: offer.OrderByName, PieceOrder: offer.OrderByName})
	require.NoError(t, err)
	m := &machine{a: a, p: newPlain(rules), rules: rules, same: same}
	polled := func(do func(*rapid.T)) func(*rapid.T) {
		return func(t *rapid.T) {
			m.batch.Reset()
			do(t)
			each(t, m)
		}
	}
	for range 2 {
		m.addAgent(t)
		m.addFramework(t)
	}
	t.Repeat(map[string]func(*rapid.T){
		"addAgent":     polled(m.addAgent),
		"updateAgent":  polled(m.updateAgent),
		"removeAgent":  polled(m.removeAgent),
		"setAgent":     polled(m.setAgentActive),
		"attributes":   polled(m.attributes),
		"addFramework": polled(m.addFramework),
		"update":       polled(m.updateFramework),
		"setFramework": polled(m.setFrameworkActive),
		"remove":       polled(m.removeFramework),
		"suppress":     polled(m.suppress),
		"revive":       polled(m.revive),
		"weights":      polled(m.weights),
		"quota":        polled(m.quota),
		"quota2":       polled(m.quota),
		"hosts":        polled(m.hosts),
		"accept":       polled(m.accept),
		"accept2":      polled(m.accept),
		"decline":      polled(m.decline),
		"decline2":     polled(m.decline),
		"withdraw":     polled(m.withdraw),
		"release":      polled(m.release),
		"charge":       polled(m.charge),
		"operate":      polled(m.operate),
		"pause":        polled(m.pause),
		"tick": func(t *rapid.T) {
			for range 3 {
				next, ok := m.a.NextDeadline()
				if !ok {
					return
				}
				m.now = max(m.now, next)
				polled(m.poll)(t)
			}
		},
	})
}

// unmade takes what the last Poll offered out of the plain allocator's books, lets f look, and puts it back one by one,
// letting f look again each time.
func (m *machine) unmade(f func(made *offer.Offer)) {
	all := m.p.offers
	defer func() { m.p.offers = all }()
	m.p.offers = slices.DeleteFunc(slices.Clone(all), func(o offer.Offer) bool {
		return slices.ContainsFunc(m.batch.Offers, func(n offer.Offer) bool { return n.ID == o.ID })
	})
	f(nil)
	for i := range m.batch.Offers {
		m.p.offers = append(m.p.offers, m.batch.Offers[i])
		f(&m.batch.Offers[i])
	}
}

// before looks at the books as they were before the last Poll offered anything.
func (m *machine) before(f func()) {
	done := false
	m.unmade(func(*offer.Offer) {
		if !done {
			done = true
			f()
		}
	})
}

var rationedNames = []string{"cpus", "mem", "disk", "gpus"}

// P1: what is offered, what is used and what is free make up the agent, tag by tag, and sums of roles are what the ledger
// gives.
//
// docs/allocation.md §6
func TestProperty01Conservation(t *testing.T) {
	plain, others := 0, 0
	watch(t, func(t *rapid.T, m *machine) {
		require.NoError(t, m.a.Check())
		p, o, err := m.a.BothAccounts()
		require.NoError(t, err, "Check's short account of an agent is not its long one")
		plain, others = plain+p, others+o
		for _, id := range m.p.agentIDs() {
			r, ok := m.a.Agent(id)
			require.True(t, ok)
			held := m.p.held(id, anyone).NonShared()
			require.True(t, r.Offered.Add(r.Allocated).NonShared().Equal(held))
			require.True(t, r.Free.Add(held).NonShared().Equal(largest(r.Total.NonShared(), held)), "%s: %v", id, r)
			require.True(t, r.Free.Shared().Equal(r.Total.Shared()))
		}
		totals := m.p.totals()
		for _, row := range m.a.Roles() {
			within := func(k key) bool { return k.r.IsWithin(row.Role) && (!m.rules.ChargeUnknownLate || m.p.fws[k.f] != nil) }
			for _, name := range []string{"cpus", "mem", "gpus"} {
				var offered, used, reserved resource.Scalar
				for _, o := range m.p.offers {
					if within(key{o.Framework, o.Role}) {
						offered += o.Resources.Quantity(name)
					}
				}
				for _, u := range m.p.uses {
					if within(u.key) {
						used += u.res.Quantity(name)
					}
				}
				for _, id := range m.p.agentIDs() {
					reserved += m.p.agents[id].Total.ReservedToSubtree(row.Role).Quantity(name)
				}
				require.Equal(t, offered, row.Offered.Get(name), "offered %s of %s", name, row.Role)
				require.Equal(t, used, row.Allocated.Get(name), "allocated %s of %s", name, row.Role)
				require.Equal(t, reserved, row.Reserved.Get(name), "reserved %s of %s", name, row.Role)
			}
			var roles []role.Name
			for _, r := range someRoles {
				if r.IsWithin(row.Role) {
					roles = append(roles, r)
				}
			}
			share := m.p.share(totals, roles, within)
			if m.rules.CountReservations {
				share = m.p.roleShare(totals, roles)
			}
			require.InDelta(t, share, row.Share, 1e-12, "share of %s", row.Role)
		}
	})
	require.Positive(t, plain)
	require.Positive(t, others)
}

// largest is x or y, whichever is more, piece by piece.
func largest(x, y resource.Resources) resource.Resources { return x.SubSaturating(y).Add(y) }

// P2: no grant leaves a role, or one above it, beyond its limit for what it granted. Under the reference's rules only the
// named role counts, and what roles below it got in the same run does not.
//
// docs/allocation.md §6
func TestProperty02Limit(t *testing.T) {
	watch(t, func(t *rapid.T, m *machine) {
		var late []offer.Offer // of nested roles, in the same run
		m.unmade(func(o *offer.Offer) {
			if o == nil {
				return
			}
			if _, nested := o.Role.Parent(); nested && m.rules.Quota == offer.QuotaReference {
				late = append(late, *o)
				m.p.offers = m.p.offers[:len(m.p.offers)-1]
				return
			}
			for name, q := range o.Resources.Filter(isRationed).ScalarQuantities().All() {
				for r, ok := o.Role, true; ok && q > 0; r, ok = r.Parent() {
					require.GreaterOrEqual(t, int64(m.p.room(r, name)), int64(0), "%s of %s after %s", name, r, show(m.batch.Offers))
				}
			}
		})
	})
}

// P3: what is reserved goes to its role or one below, a refined reservation to those who can handle it.
//
// docs/allocation.md §6
func TestProperty03Reservation(t *testing.T) {
	watch(t, func(t *rapid.T, m *machine) {
		for _, o := range m.batch.Offers {
			for e := range o.Resources.All() {
				if owner := e.Owner(); owner != "" {
					require.True(t, o.Role.IsWithin(owner), "%v", o)
				}
				if len(e.Reservations) > 1 {
					require.NotZero(t, m.p.fws[o.Framework].Capabilities&offer.ReservationRefinement, "%v", o)
				}
			}
		}
	})
}

// P4: an offer is of one agent that can be offered, for one client that is listed; it was free, is at least the minimum, has
// nothing cut that cannot be, nothing that the client cannot handle or has refused, and no shared volume that somebody else
// was shown in the same run.
//
// docs/allocation.md §6
func TestProperty04Shape(t *testing.T) {
	watch(t, func(t *rapid.T, m *machine) {
		type volume struct {
			agent offer.AgentID
			text  string
		}
		shown := make(map[volume]bool)
		given := make(map[offer.AgentID]resource.Resources)
		for _, o := range m.batch.Offers {
			k, g := key{o.Framework, o.Role}, m.p.agents[o.Agent]
			require.True(t, g != nil && m.p.offerable(g) && m.p.listed(k), "%v", o)
			caps := m.p.fws[o.Framework].Capabilities
			_, scarce := g.Total.Scalar("gpus")
			require.False(t, scarce && caps&offer.GPUResources == 0, "%v", o)
			require.True(t, m.minimum(k, g, o.Resources), "%v", o)
			for e, copies := range o.Resources.All() {
				if e.Disk != nil { // a mount disk, or a volume: whole, and one copy
					if e.Shared && !m.rules.SharedOnce {
						require.LessOrEqual(t, copies, 2, "one for each stage: %v", o) // docs/allocation.md §2.7
					} else {
						require.Equal(t, 1, copies, "%v", o)
					}
					require.True(t, g.Total.ContainsResource(e) || g.Total.Named("disk").Contains(o.Resources.Named("disk")), "%v", o)
					require.True(t, wholeIn(g.Total, e) || m.p.held(g.ID, anyone).Named("disk").Len() > 0, "%v", o)
				}
				require.False(t, e.Revocable && caps&offer.RevocableResources == 0, "%v", o)
				require.False(t, e.Shared && caps&offer.SharedResources == 0, "%v", o)
				if e.Shared && m.rules.SharedOnce {
					v := volume{o.Agent, e.String()}
					require.False(t, shown[v], "%v", o)
					shown[v] = true
				}
			}
			given[o.Agent] = given[o.Agent].Add(o.Resources.NonShared())
			parts := []resource.Resources{o.Resources}
			if m.rules.SplitRevocable {
				parts = []resource.Resources{o.Resources.NonRevocable(), o.Resources.Revocable()}
			}
			for _, part := range parts {
				if m.rules.GuaranteeFirst && m.p.quota.Len() > 0 {
					continue // of two pieces that merged each may be in a filter's way alone
				}
				require.False(t, !part.IsEmpty() && m.p.refuses(k, g, part), "%v", o)
			}
		}
		m.before(func() {
			for id, sum := range given {
				require.True(t, m.p.free(m.p.agents[id]).Contains(sum), "%s on %s", sum, id)
			}
		})
	})
}

// wholeIn reports whether total has a piece just like e.
func wholeIn(total resource.Resources, e resource.Resource) bool {
	for x := range total.All() {
		if x.Equal(e) {
			return true
		}
	}
	return false
}

// minimum reports whether r is enough for k on g, under either set of rules.
func (m *machine) minimum(k key, g *plainAgent, r resource.Resources) bool {
	if m.rules.MinimumAsHad {
		return m.p.enough(k, g, r)
	}
	sets := m.rules.MinAllocatable
	if own, ok := m.p.fws[k.f].MinAllocatable[k.r]; ok {
		sets = own
	}
	return !r.IsEmpty() && (len(sets) == 0 || slices.ContainsFunc(sets, r.ContainsQuantities))
}

// P5: what is free covers what is required, if it did before: a burst stays within the surplus, and a guaranteed part takes as
// much from the one as from the other.
//
// docs/allocation.md §6
func TestProperty05Headroom(t *testing.T) {
	watchOurs(t, func(t *rapid.T, m *machine) {
		spare := make(map[string]resource.Scalar)
		m.before(func() {
			for _, name := range rationedNames {
				available, required := m.p.headroom(name)
				spare[name] = available - required
			}
		})
		for _, name := range rationedNames {
			available, required := m.p.headroom(name)
			if before := spare[name]; before > 0 {
				require.GreaterOrEqual(t, int64(available-required), int64(0), "%s after %s", name, show(m.batch.Offers))
			} else {
				require.Equal(t, before, available-required, "%s after %s", name, show(m.batch.Offers))
			}
		}
	})
}

// P6: every limit keeps room for the guarantees under it, where it had it.
//
// docs/allocation.md §6
func TestProperty06Hierarchy(t *testing.T) {
	watchOurs(t, func(t *rapid.T, m *machine) {
		had := make(map[string]bool)
		holds := func(r role.Name, name string) bool { return m.p.room(r, name) >= m.p.needOf(m.p.children(r), name) }
		m.unmade(func(made *offer.Offer) {
			for _, r := range someRoles {
				for _, name := range rationedNames {
					at := string(r) + " " + name
					if made == nil {
						had[at] = holds(r, name)
						continue
					}
					require.True(t, !had[at] || holds(r, name), "%s after %s", at, show(m.batch.Offers))
				}
			}
		})
	})
}

// P7: where nothing but quota stands in the way and there is enough, one cycle meets every guarantee.
//
// docs/allocation.md §6
func TestProperty07Guarantees(t *testing.T) {
	for name, rules := range bothRules() {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { meetGuarantees(t, rules) })
		})
	}
}

func meetGuarantees(t *rapid.T, rules offer.Rules) {
	rules.MinAllocatable = nil
	a, err := offer.New(offer.Config{Seed: rapid.Uint64().Draw(t, "seed"), Rules: rules})
	require.NoError(t, err)
	roles := []role.Name{"a", "b", "c"}
	if rules.Quota == offer.QuotaTree {
		roles = someRoles
	}
	most := rapid.IntRange(0, 12).Draw(t, "most")
	var kept []quota.Config
	for _, r := range roles {
		g := resource.Whole(int64(rapid.IntRange(0, most).Draw(t, "cpus of "+string(r))))
		h := resource.Whole(int64(rapid.IntRange(0, most).Draw(t, "mem of "+string(r))))
		limit := ""
		if rapid.Bool().Draw(t, "limited") {
			limit = fmt.Sprintf("cpus:%s", g+resource.Whole(int64(rapid.IntRange(0, 4).Draw(t, "burst"))))
		}
		c, err := quota.Parse(string(r), fmt.Sprintf("cpus:%s;mem:%s", g, h), limit)
		require.NoError(t, err)
		if a.SetQuota(0, []quota.Config{c}, true) == nil { // else it is more than the parent's
			kept = append(kept, c)
		}
	}
	var cpus, mem resource.Scalar
	for _, c := range kept {
		if _, nested := c.Role.Parent(); !nested {
			cpus += c.Guarantees.Get("cpus")
			mem += c.Guarantees.Get("mem")
		}
	}
	for i := 0; cpus > 0 || mem > 0; i++ {
		x := resource.Whole(int64(rapid.IntRange(1, 9).Draw(t, "cpus")))
		y := resource.Whole(int64(rapid.IntRange(1, 9).Draw(t, "mem")))
		require.NoError(t, a.AddAgent(0, offer.AgentSpec{
			ID: offer.AgentID(fmt.Sprint("a", i)), Total: resource.MustParse(fmt.Sprintf("cpus:%s;mem:%s", x, y)),
		}))
		cpus, mem = cpus-x, mem-y
	}
	for _, r := range append(slices.Clone(roles), "stranger") {
		require.NoError(t, a.AddFramework(0, offer.FrameworkSpec{ID: offer.FrameworkID("f-" + strings.ReplaceAll(string(r), "/", "-")), Roles: []role.Name{r}}))
	}
	var out offer.Batch
	a.Poll(offer.Time(rules.Coalesce), &out)
	require.NoError(t, a.Check())
	require.EqualValues(t, 1, a.Stats().Runs)
	for _, r := range a.Roles() {
		for name, q := range r.Guarantee.All() {
			require.GreaterOrEqual(t, int64(r.Offered.Get(name)), int64(q), "%s of %s: %s", name, r.Role, show(out.Offers))
		}
	}
}

// P8: after a run over everything nothing is left that somebody would get. Shared volumes, which the reference offers again
// and again, excepted.
//
// docs/allocation.md §6
func TestProperty08WorkConservation(t *testing.T) {
	watch(t, func(t *rapid.T, m *machine) {
		if m.paused {
			return
		}
		next, ok := m.a.NextDeadline()
		ours := m.rules.Triggers == offer.OnChange
		if ours && (m.rules.Coalesce > 0 || ok && next <= m.now) {
			return // a run is due
		}
		after := m.a
		if !ours { // the reference looks at everything only when its timer says so, and its sums are of a run
			if !ok || m.p.quota.Len() > 0 {
				return
			}
			var out offer.Batch
			after = m.a.Fork()
			after.Poll(next, &out)
			if tick, _ := after.NextDeadline(); tick != max(next, m.now).Add(m.rules.Interval) {
				return // that was no run by the timer
			}
		}
		for _, f := range slices.Sorted(maps.Keys(m.p.fws)) {
			for _, r := range m.p.fws[f].Roles {
				for _, id := range m.p.agentIDs() {
					k, g := key{f, r}, m.p.agents[id]
					v := after.Explain(f, r, id)
					if ours {
						require.NotZero(t, v.Gate, "%s/%s on %s: %s", f, r, id, v)
						if m.p.listed(k) && m.p.offerable(g) {
							require.Empty(t, m.p.look(k, g, false, nil).String()[2:], "%s/%s on %s", f, r, id)
						}
						continue
					}
					had := slices.ContainsFunc(m.p.refused, func(x plainRefusal) bool { return x.key == k && x.agent == id })
					require.True(t, had || v.Gate != 0 || v.Offer.NonShared().IsEmpty(), "%s/%s on %s: %s", f, r, id, v)
				}
			}
		}
	})
}

// P12: equal seed and calls give equal offers, whatever GOMAXPROCS; agents, frameworks, roles and pieces may come in any order
// while no run is between them.
//
// docs/allocation.md §6
func TestProperty12Determinism(t *testing.T) {
	procs := runtime.GOMAXPROCS(0)
	for name, rules := range bothRules() {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				defer runtime.GOMAXPROCS(procs)
				rules := rules
				cfg := offer.Config{Seed: rapid.Uint64().Draw(t, "seed"), Rules: rules}
				a, err := offer.New(cfg)
				require.NoError(t, err)
				b, err := offer.New(cfg)
				require.NoError(t, err)
				joinBoth(t, a, b)
				now := offer.Time(0)
				for range rapid.IntRange(1, 6).Draw(t, "rounds") {
					now = now.Add(time.Second)
					var x, y offer.Batch
					runtime.GOMAXPROCS(procs)
					a.Poll(now, &x)
					runtime.GOMAXPROCS(1)
					b.Poll(now, &y)
					require.Equal(t, show(x.Offers), show(y.Offers))
					require.Equal(t, fmt.Sprint(x.Rescinded), fmt.Sprint(y.Rescinded))
					for _, o := range x.Offers {
						f := someRefusal(t)
						switch rapid.IntRange(0, 3).Draw(t, "answer") {
						case 0:
							require.NoError(t, a.Decline(now, f, o.ID))
							require.NoError(t, b.Decline(now, f, o.ID))
						case 1:
							used := part(t, o.Resources)
							_, err := a.Accept(now, []offer.OfferID{o.ID}, nil, used, f)
							require.NoError(t, err)
							_, err = b.Accept(now, []offer.OfferID{o.ID}, nil, used, f)
							require.NoError(t, err)
						}
					}
				}
			})
		})
	}
}

// joinBoth lets the same agents and frameworks join a and b, in different orders.
func joinBoth(t *rapid.T, a, b *offer.Allocator) {
	agents := rapid.Permutation(someAgents).Draw(t, "agents")
	for _, id := range someAgents {
		total := someResources(t)
		var mirrored resource.Resources
		var pieces []resource.Resource
		for e := range total.All() {
			pieces = append(pieces, e)
		}
		slices.Reverse(pieces)
		for _, e := range pieces {
			one, err := resource.New(e)
			require.NoError(t, err)
			mirrored = mirrored.Add(one)
		}
		defer func() {
			require.NoError(t, a.AddAgent(0, offer.AgentSpec{ID: id, Total: total}))
		}()
		i := slices.Index(agents, id)
		agents[i] = offer.AgentID(string(id))
		require.NoError(t, b.AddAgent(0, offer.AgentSpec{ID: agents[i], Total: mirrored}))
	}
	specs := make([]offer.FrameworkSpec, len(someFrameworks))
	for i, id := range someFrameworks {
		specs[i] = someFramework(t, id)
		require.NoError(t, a.AddFramework(0, specs[i]))
	}
	for _, i := range rapid.Permutation([]int{0, 1, 2, 3, 4}).Draw(t, "frameworks") {
		s := specs[i]
		s.Roles = slices.Clone(s.Roles)
		slices.Reverse(s.Roles)
		require.NoError(t, b.AddFramework(0, s))
	}
	c, err := quota.Parse("a", "cpus:2", "cpus:6")
	require.NoError(t, err)
	require.NoError(t, a.SetQuota(0, []quota.Config{c}, true))
	require.NoError(t, b.SetQuota(0, []quota.Config{c}, true))
	w := []role.Weight{{Role: "a", Weight: 2}, {Role: "x", Weight: 3}}
	require.NoError(t, a.SetWeights(0, w))
	slices.Reverse(w)
	require.NoError(t, b.SetWeights(0, w))
}

// P13: offers that are made and taken back leave the books as they were.
//
// docs/allocation.md §6
func TestProperty13Inverse(t *testing.T) {
	books := func(a *offer.Allocator) (lines []string) {
		for _, id := range a.Agents() {
			r, _ := a.Agent(id)
			lines = append(lines, fmt.Sprintf("%+v", r))
		}
		for _, r := range a.Roles() {
			lines = append(lines, fmt.Sprintf("%+v", r))
		}
		return lines
	}
	watch(t, func(t *rapid.T, m *machine) {
		f := m.a.Fork()
		for range 2 {
			next, ok := f.NextDeadline()
			if !ok {
				return
			}
			before := books(f)
			var out offer.Batch
			f.Poll(max(next, m.now), &out)
			if len(out.Rescinded) > 0 {
				return
			}
			var ids []offer.OfferID
			for _, o := range out.Offers {
				ids = append(ids, o.ID)
			}
			require.NoError(t, f.Withdraw(max(next, m.now), ids...))
			require.NoError(t, f.Check())
			require.Equal(t, before, books(f))
		}
	})
}

// P14: a name counted in another unit, weights in another unit, or a name that nobody can use change no order and no choice.
//
// docs/allocation.md §6
func TestProperty14Metamorphic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := offer.DefaultRules(offer.V1)
		rules.MinAllocatable, rules.Coalesce = nil, 0
		times := resource.Scalar(rapid.IntRange(2, 9).Draw(t, "times"))
		weightTimes := math.Ldexp(1, rapid.IntRange(-3, 3).Draw(t, "weights times 2 to the"))
		twins := []struct {
			a      *offer.Allocator
			scaled resource.Scalar
			weight float64
			more   string
		}{{nil, 1, 1, ""}, {nil, times, 1, ""}, {nil, 1, weightTimes, ""}, {nil, 1, 1, "other(nobody):5"}}
		for i := range twins {
			a, err := offer.New(offer.Config{Seed: 5, Rules: rules})
			require.NoError(t, err)
			twins[i].a = a
		}
		scale := func(r resource.Resources, q resource.Scalar) (sum resource.Resources) {
			for e := range r.All() {
				if e.Name == "cpus" {
					e.Scalar *= q
				}
				one, err := resource.New(e)
				require.NoError(t, err)
				sum = sum.Add(one)
			}
			return sum
		}
		now := offer.Time(0)
		for _, r := range someRoles {
			w := float64(rapid.IntRange(1, 3).Draw(t, "weight"))
			for _, x := range twins {
				factor := 1.0
				if _, nested := r.Parent(); !nested { // the leaf of a role among its children has no weight to multiply
					factor = x.weight
				}
				require.NoError(t, x.a.SetWeights(0, []role.Weight{{Role: r, Weight: w * factor}}))
			}
		}
		for _, id := range someFrameworks {
			s := someFramework(t, id)
			s.MinAllocatable = nil
			for _, x := range twins {
				require.NoError(t, x.a.AddFramework(0, s))
			}
		}
		for _, id := range someAgents {
			total := someResources(t).NonShared()
			for _, x := range twins {
				r := scale(total, x.scaled)
				if x.more != "" {
					r = r.Add(resource.MustParse(x.more))
				}
				require.NoError(t, x.a.AddAgent(now, offer.AgentSpec{ID: id, Total: r}))
			}
			var first []string
			var made []offer.Offer
			for i, x := range twins {
				var out offer.Batch
				x.a.Poll(now, &out)
				var who []string
				for _, o := range out.Offers {
					who = append(who, fmt.Sprint(o.ID, o.Framework, o.Role, o.Agent))
				}
				who = append(who, fmt.Sprint(x.a.RoleOrder()))
				for _, r := range someRoles {
					who = append(who, fmt.Sprint(x.a.FrameworkOrder(r)))
				}
				if i == 0 {
					first, made = who, out.Offers
				}
				require.Equal(t, first, who)
			}
			for _, o := range made {
				used := part(t, o.Resources)
				for _, x := range twins {
					_, err := x.a.Accept(now, []offer.OfferID{o.ID}, nil, scale(used, x.scaled), offer.DefaultFilter)
					require.NoError(t, err)
				}
			}
		}
	})
}
