package offer_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// asResources makes plain resources of quantities.
func asResources(q resource.Quantities) (sum resource.Resources) {
	for name, amount := range q.All() {
		one, err := resource.New(resource.Resource{Name: name, Kind: resource.KindScalar, Scalar: amount})
		if err != nil {
			panic(err)
		}
		sum = sum.Add(one)
	}
	return sum
}

func giveBacks(r offer.Reclaim) (list []string) {
	for _, g := range r.Give {
		list = append(list, fmt.Sprintf("%s/%s on %s: %s", g.Framework, g.Role, g.Agent, asResources(g.Resources)))
	}
	return list
}

// A guarantee that is set when the cluster is full takes effect once what Reclaim lists is given back, and not before.
//
// docs/allocation.md §8
func TestReclaimMakesRoomForALateGuarantee(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce, rules.MinAllocatable = 0, nil
	l := newLoop(t, offer.Config{Rules: rules, AgentOrder: offer.OrderByName})
	l.framework("F", "big")
	l.framework("G", "small")
	require.NoError(t, l.a.SetWeights(0, []role.Weight{{Role: "big", Weight: 4}}))
	l.agents(1, 5, "cpus:4;mem:400")
	l.use(l.wait(time.Second))
	l.use(l.wait(time.Second))
	require.Empty(t, l.a.ReclaimGuarantees().Give, "no guarantee, nothing to do")

	quotas(t, l, "q", "cpus:6;mem:100", "")
	l.framework("Fq", "q")
	require.Empty(t, l.wait(time.Second))
	r := l.a.ReclaimGuarantees()
	require.True(t, r.Short.IsEmpty())
	require.Equal(t, []string{ // of small, which has 4/16 by weight 1, only what big, 12/16 by weight 4, cannot give
		"G/small on A02: cpus:4; mem:100", "F/big on A01: cpus:2",
	}, sortedByRole(giveBacks(r)))
	for _, g := range r.Give {
		require.NoError(t, l.a.Release(l.now, g.Allocation, asResources(g.Resources)))
	}
	var got resource.Resources
	for _, o := range l.wait(time.Second) {
		if o.Framework == "Fq" {
			got = got.Add(o.Resources)
		}
	}
	require.True(t, got.Equal(resource.MustParse("cpus:6;mem:100")), "%s", got)
	require.Empty(t, l.a.ReclaimGuarantees().Give)
}

func sortedByRole(list []string) []string {
	slices.Sort(list)
	slices.Reverse(list)
	return list
}

// What another guarantee covers is never taken, and what cannot be had is told.
//
// docs/allocation.md §8
func TestReclaimSparesWhatIsGuaranteed(t *testing.T) {
	l := newLoop(t, offer.Config{AgentOrder: offer.OrderByName})
	require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "A", Total: resource.MustParse("cpus:10;mem:100"), Used: []offer.Use{
		{Framework: "F", Role: "safe", Resources: resource.MustParse("cpus:7")},
		{Framework: "G", Role: "open", Resources: resource.MustParse("cpus:3")},
	}}))
	quotas(t, l, "safe", "cpus:6", "")
	quotas(t, l, "q", "cpus:9", "")
	r := l.a.ReclaimGuarantees()
	require.Equal(t, []string{"F/safe on A: cpus:1", "G/open on A: cpus:3"}, giveBacks(r))
	require.Equal(t, resource.Whole(5), r.Short.Get("cpus"))
}

// A guarantee below a role that is at its limit is made room for inside that role.
//
// docs/allocation.md §8
func TestReclaimMakesRoomUnderALimit(t *testing.T) {
	l := newLoop(t, offer.Config{AgentOrder: offer.OrderByName})
	quotas(t, l, "a", "", "cpus:4")
	require.NoError(t, l.a.AddAgent(0, offer.AgentSpec{ID: "A", Total: resource.MustParse("cpus:20;mem:100"), Used: []offer.Use{
		{Framework: "F", Role: "a/b", Resources: resource.MustParse("cpus:4")},
		{Framework: "G", Role: "x", Resources: resource.MustParse("cpus:8")},
	}}))
	quotas(t, l, "a", "cpus:3", "cpus:4")
	quotas(t, l, "a/c", "cpus:3", "")
	r := l.a.ReclaimGuarantees()
	require.Equal(t, []string{"F/a/b on A: cpus:3"}, giveBacks(r), "x has more and does not help")
	require.True(t, r.Short.IsEmpty())
}

// On tiny clusters, against every way there is to give back whole cpus: what is listed suffices, nothing of it can be left
// out or lowered, nothing smaller would do, and it is short only where nothing would do.
//
// docs/allocation.md §8
func TestReclaimIsMinimal(t *testing.T) {
	for name, rules := range map[string]offer.Rules{"v1": offer.DefaultRules(offer.V1)} {
		t.Run(name, func(t *testing.T) { rapid.Check(t, func(t *rapid.T) { reclaimOnce(t, rules) }) })
	}
}

func reclaimOnce(t *rapid.T, rules offer.Rules) {
	a, err := offer.New(offer.Config{Rules: rules})
	require.NoError(t, err)
	p := newPlain(rules)
	roles := []role.Name{"a", "a/b", "a/c", "x"}
	uses := 0
	for i := range rapid.IntRange(1, 3).Draw(t, "agents") {
		s := offer.AgentSpec{ID: offer.AgentID(fmt.Sprintf("A%d", i)), Inactive: rapid.IntRange(0, 4).Draw(t, "inactive") == 0}
		total := 0
		for range rapid.IntRange(0, 2).Draw(t, "uses") {
			cpus := rapid.IntRange(1, 3).Draw(t, "cpus")
			u := offer.Use{
				Framework: rapid.SampledFrom([]offer.FrameworkID{"F", "G"}).Draw(t, "framework"),
				Role:      rapid.SampledFrom(roles).Draw(t, "role"), Resources: resource.MustParse(fmt.Sprintf("cpus:%d", cpus)),
			}
			if uses++; uses > 4 || slices.ContainsFunc(s.Used, func(o offer.Use) bool { return o.Framework == u.Framework && o.Role == u.Role }) {
				continue
			}
			total += cpus
			s.Used = append(s.Used, u)
		}
		s.Total = resource.MustParse(fmt.Sprintf("cpus:%d;mem:10", total+rapid.IntRange(0, 1).Draw(t, "free")))
		require.NoError(t, a.AddAgent(0, s))
		p.agents[s.ID] = &plainAgent{s, !s.Inactive}
		for _, u := range s.Used {
			p.uses = append(p.uses, plainUse{key{u.Framework, u.Role}, s.ID, u.Resources})
		}
	}
	for _, r := range roles {
		g := rapid.IntRange(0, 4).Draw(t, "guarantee")
		c := quota.Config{Role: r, Guarantees: resource.MustParse(fmt.Sprintf("cpus:%d;mem:1", g)).Quantities()}
		if rapid.IntRange(0, 1).Draw(t, "limited") == 0 {
			c.Limits, err = resource.NewLimits(resource.Quantity{Name: "cpus", Amount: resource.Whole(int64(g + rapid.IntRange(0, 2).Draw(t, "above")))})
			require.NoError(t, err)
		}
		if next, err := p.quota.Update([]quota.Config{c}, quota.Facts{Force: true}); err == nil {
			p.quota = next
			require.NoError(t, a.SetQuota(0, []quota.Config{c}, true))
		}
	}
	r := a.ReclaimGuarantees()
	listed := make(map[int]resource.Scalar)
	sum := resource.Scalar(0)
	for _, g := range r.Give {
		i := slices.IndexFunc(p.uses, func(u plainUse) bool { return u.f == g.Framework && u.r == g.Role && u.agent == g.Agent })
		require.GreaterOrEqual(t, i, 0)
		listed[i] = g.Resources.Get("cpus")
		sum += listed[i]
		require.True(t, p.agents[g.Agent].active)
	}
	require.Equal(t, r.Short.Get("cpus") == 0, p.metAfter(listed), "it suffices: %v", giveBacks(r))
	if r.Short.Get("cpus") == 0 {
		for _, i := range slices.Sorted(maps.Keys(listed)) {
			less := maps.Clone(listed)
			less[i] -= 1000
			require.False(t, p.metAfter(less), "%v can be lowered", giveBacks(r))
			delete(less, i)
			require.False(t, p.metAfter(less), "%v can lose one", giveBacks(r))
		}
	}
	least, any := p.leastReclaim(0, make(map[int]resource.Scalar))
	require.Equal(t, any, r.Short.Get("cpus") == 0)
	if any {
		require.Equal(t, least, sum, "%v", giveBacks(r))
	}
}

// metAfter reports whether every guarantee finds enough free cpus and room after uses were lowered.
func (p *plain) metAfter(lowered map[int]resource.Scalar) bool {
	saved := p.uses
	defer func() { p.uses = saved }()
	p.uses = slices.Clone(saved)
	for _, i := range slices.Sorted(maps.Keys(lowered)) {
		less, _ := resource.NewQuantities(resource.Quantity{Name: "cpus", Amount: lowered[i]})
		p.uses[i].res = p.uses[i].res.SubSaturating(asResources(less))
	}
	if free, required := p.headroom("cpus"); free < required {
		return false
	}
	for _, r := range p.quota.Roles() {
		if p.room(r, "cpus") < max(p.need(r, "cpus"), 0) && p.need(r, "cpus") > 0 {
			return false
		}
	}
	return true
}

// leastReclaim tries every way to lower the uses from i on, on agents that can be offered.
func (p *plain) leastReclaim(i int, lowered map[int]resource.Scalar) (least resource.Scalar, any bool) {
	if i == len(p.uses) {
		sum := resource.Scalar(0)
		for _, k := range slices.Sorted(maps.Keys(lowered)) {
			sum += lowered[k]
		}
		return sum, p.metAfter(lowered)
	}
	most, _ := p.uses[i].res.Scalar("cpus")
	if !p.agents[p.uses[i].agent].active {
		most = 0
	}
	for q := resource.Scalar(0); q <= most; q += 1000 {
		lowered[i] = q
		if sum, ok := p.leastReclaim(i+1, lowered); ok && (!any || sum < least) {
			least, any = sum, true
		}
	}
	delete(lowered, i)
	return least, any
}

// After a weight changed, the role that is owed more gets agents until both weighted shares are equal, and none further.
//
// docs/allocation.md §8
func TestReclaimSharesAfterAWeightChanged(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.Coalesce, rules.CapOffers = 0, false
	l := newLoop(t, offer.Config{Rules: rules, AgentOrder: offer.OrderByName})
	l.framework("B", "batch")
	l.framework("W", "web")
	l.agents(1, 13, "cpus:4;mem:400")
	l.use(l.wait(time.Second))
	unit := resource.MustParse("cpus:4;mem:400").Quantities()
	r, err := l.a.ReclaimShares(offer.Wish{Role: "web", Unit: unit, Count: 12})
	require.NoError(t, err)
	require.Empty(t, r.Give, "6 and 6 are fair")

	require.NoError(t, l.a.SetWeights(l.now, []role.Weight{{Role: "web", Weight: 2}}))
	r, err = l.a.ReclaimShares(offer.Wish{Role: "web", Unit: unit, Count: 12})
	require.NoError(t, err)
	var sum resource.Quantities
	for _, g := range r.Give {
		require.Equal(t, offer.FrameworkID("B"), g.Framework)
		sum = sum.Add(g.Resources)
	}
	require.Equal(t, resource.Whole(8), sum.Get("cpus"), "4 and 8: %v", giveBacks(r))
	require.Equal(t, resource.Whole(800), sum.Get("mem"))
	require.Equal(t, resource.Whole(40), r.Short.Get("cpus"), "ten of the twelve are not owed")

	for _, bad := range [][]offer.Wish{
		{{Role: "nobody", Unit: unit, Count: 1}}, {{Role: "web", Count: 1}}, {{Role: "web", Unit: unit, Count: -1}},
		{{Role: "web", Unit: unit, Count: 1}, {Role: "web", Unit: unit, Count: 1}},
	} {
		_, err = l.a.ReclaimShares(bad...)
		require.ErrorIs(t, err, offer.ErrSpec)
	}
	_, err = l.a.ReclaimShares(offer.Wish{Role: "web", Unit: unit, Count: 1 << 30})
	require.ErrorIs(t, err, offer.ErrTooMany)
}

// Whoever gives keeps a weighted share at least as large as that of whoever gets; exactly what is lacking is given; and the
// allocator stays as it was.
//
// docs/allocation.md §8
func TestReclaimSharesIsFairAndExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, err := offer.New(offer.Config{})
		require.NoError(t, err)
		roles := []role.Name{"p", "q", "r"}
		weight, held := make(map[role.Name]float64), make(map[role.Name]float64)
		total, used := rapid.IntRange(10, 30).Draw(t, "total"), 0
		s := offer.AgentSpec{ID: "A", Total: resource.MustParse(fmt.Sprintf("cpus:%d", total))}
		for i, r := range roles {
			weight[r] = float64(rapid.IntRange(1, 4).Draw(t, "weight"))
			require.NoError(t, a.SetWeights(0, []role.Weight{{Role: r, Weight: weight[r]}}))
			require.NoError(t, a.AddFramework(0, offer.FrameworkSpec{ID: offer.FrameworkID("F" + string(r)), Roles: []role.Name{r}}))
			n := rapid.IntRange(0, total/len(roles)).Draw(t, "use")
			if i == 2 {
				n = total - used - rapid.IntRange(0, 2).Draw(t, "free")
			}
			if n > 0 {
				s.Used = append(s.Used, offer.Use{Framework: offer.FrameworkID("F" + string(r)), Role: r, Resources: resource.MustParse(fmt.Sprintf("cpus:%d", n))})
				held[r] = float64(n)
				used += n
			}
		}
		require.NoError(t, a.AddAgent(0, s))
		unit := rapid.IntRange(1, 3).Draw(t, "unit")
		count := rapid.IntRange(1, 5).Draw(t, "count")
		got, err := a.ReclaimShares(offer.Wish{Role: "p", Unit: resource.MustParse(fmt.Sprintf("cpus:%d", unit)).Quantities(), Count: count})
		require.NoError(t, err)
		require.NoError(t, a.Check())
		given, from := 0.0, 1e9
		for _, g := range got.Give {
			require.NotEqual(t, role.Name("p"), g.Role)
			q := got1(g)
			given += q
			from = min(from, (held[g.Role]-q)/weight[g.Role])
		}
		granted := float64(unit*count) - got.Short.Get("cpus").Float()
		free := float64(total - used)
		require.InDelta(t, max(granted-free, 0), given, 1e-9, "exactly what is lacking")
		if given > 0 {
			require.LessOrEqual(t, (held["p"]+granted)/weight["p"], from+1e-9)
		}
	})
}

func got1(g offer.GiveBack) float64 { return g.Resources.Get("cpus").Float() }

// A guarantee set on a full cluster: whom to ask for what.
func ExampleAllocator_ReclaimGuarantees() {
	a, _ := offer.New(offer.Config{})
	_ = a.AddAgent(0, offer.AgentSpec{ID: "a1", Total: resource.MustParse("cpus:8;mem:1024"), Used: []offer.Use{
		{Framework: "batch", Role: "night", Resources: resource.MustParse("cpus:8;mem:1024")},
	}})
	c, _ := quota.Parse("web", "cpus:3", "")
	_ = a.SetQuota(0, []quota.Config{c}, true)
	for _, g := range a.ReclaimGuarantees().Give {
		fmt.Printf("%s gives back on %s: cpus %s\n", g.Framework, g.Agent, g.Resources.Get("cpus"))
	}
	// Output: batch gives back on a1: cpus 3
}

// A weight changed on a full cluster: what two more tasks of the site take from whom.
func ExampleAllocator_ReclaimShares() {
	a, _ := offer.New(offer.Config{})
	_ = a.AddAgent(0, offer.AgentSpec{ID: "a1", Total: resource.MustParse("cpus:8;mem:1024"), Used: []offer.Use{
		{Framework: "batch", Role: "night", Resources: resource.MustParse("cpus:6;mem:768")},
		{Framework: "site", Role: "web", Resources: resource.MustParse("cpus:2;mem:256")},
	}})
	task := resource.MustParse("cpus:1;mem:128").Quantities()
	r, err := a.ReclaimShares(offer.Wish{Role: "web", Unit: task, Count: 2})
	for _, g := range r.Give {
		fmt.Printf("%s gives back on %s: cpus %s, mem %s\n", g.Framework, g.Agent, g.Resources.Get("cpus"), g.Resources.Get("mem"))
	}
	fmt.Println(err, r.Short.IsEmpty())
	// Output:
	// batch gives back on a1: cpus 2, mem 256
	// <nil> true
}
