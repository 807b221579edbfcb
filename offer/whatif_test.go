package offer_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

func quotas(t *testing.T, l *loop, r role.Name, guarantees, limits string) {
	t.Helper()
	c, err := quota.Parse(string(r), guarantees, limits)
	require.NoError(t, err)
	require.NoError(t, l.a.SetQuota(l.now, []quota.Config{c}, true))
}

// An agent more, a weight, a limit and a refusal, each asked about and not made.
//
// docs/allocation.md §5
func TestWhatIfTellsWhoWouldBeOfferedWhat(t *testing.T) {
	rules := offer.DefaultRules(offer.V1)
	rules.CapOffers = false
	l := newLoop(t, offer.Config{Rules: rules, AgentOrder: offer.OrderByName})
	l.framework("F", "a")
	l.framework("G", "b")
	l.agents(1, 4, "cpus:4;mem:400") // nobody was offered anything yet: A01 to F, A02 to G, A03 to F
	tests := []struct {
		name    string
		changes func(*offer.Allocator) error
		want    string
	}{
		{"nothing", func(*offer.Allocator) error { return nil }, ""},
		{"an agent more", func(a *offer.Allocator) error {
			return a.AddAgent(l.now, offer.AgentSpec{ID: "A04", Total: resource.MustParse("cpus:4;mem:400")})
		}, "+ G/b on A04: cpus:4; mem:400\n"},
		{"a weight", func(a *offer.Allocator) error {
			return a.SetWeights(l.now, []role.Weight{{Role: "b", Weight: 3}})
		}, "- F/a on A03: cpus:4; mem:400\n+ G/b on A03: cpus:4; mem:400\n"},
		{"a limit", func(a *offer.Allocator) error {
			c, _ := quota.Parse("a", "", "cpus:2;mem:200")
			return a.SetQuota(l.now, []quota.Config{c}, true)
		}, "~ F/a on A01: cpus:2; mem:200, was cpus:4; mem:400\n- F/a on A03: cpus:4; mem:400\n" +
			"+ G/b on A01: cpus:2; mem:200\n+ G/b on A03: cpus:4; mem:400\n"},
		{"a refusal", func(a *offer.Allocator) error {
			return a.Refuse(l.now, offer.Allocation{Framework: "F", Role: "a", Agent: "A01"},
				resource.MustParse("cpus:4;mem:400"), offer.DefaultFilter)
		}, "- F/a on A01: cpus:4; mem:400\n+ F/a on A02: cpus:4; mem:400\n- F/a on A03: cpus:4; mem:400\n" +
			"+ G/b on A01: cpus:4; mem:400\n- G/b on A02: cpus:4; mem:400\n+ G/b on A03: cpus:4; mem:400\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := l.a.WhatIf(l.now, tt.changes)
			require.NoError(t, err)
			require.Equal(t, tt.want, d.String())
			require.Equal(t, tt.want == "", d.IsEmpty())
		})
	}
	odd := errors.New("odd")
	_, err := l.a.WhatIf(l.now, func(*offer.Allocator) error { return odd })
	require.ErrorIs(t, err, odd)
	require.Equal(t, map[offer.FrameworkID]int{"F": 2, "G": 1}, byFramework(l.wait(time.Second)))

	d, err := l.a.WhatIf(l.now, func(a *offer.Allocator) error { return a.SetAgentActive(l.now, "A02", false) })
	require.NoError(t, err)
	require.Equal(t, "rescinded 2: G/b on A02 (agent)\n", d.String())
}

// Whatever is asked, the allocator and its future offers stay what they are.
//
// docs/allocation.md §5
func TestWhatIfLeavesTheAllocatorAlone(t *testing.T) {
	for name, rules := range bothRules() {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				rules.HeadroomExpiry = time.Duration(rapid.IntRange(0, 2).Draw(t, "expiry")) * time.Second
				drive(t, rules, func(t *rapid.T, m *machine) {
					a := m.a
					control := a.Fork()
					_, err := a.WhatIf(m.now, func(f *offer.Allocator) error {
						for _, id := range f.Agents() {
							if f.RemoveAgent(m.now, id) == nil {
								break
							}
						}
						_ = f.AddAgent(m.now, offer.AgentSpec{ID: "more", Total: resource.MustParse("cpus:9;mem:900;cpus(a):3")})
						_ = f.AddFramework(m.now, offer.FrameworkSpec{ID: "f9", Roles: []role.Name{"a", "x/y"}})
						_ = f.SetWeights(m.now, []role.Weight{{Role: "a", Weight: 3}})
						var batch offer.Batch
						f.Poll(m.now.Add(time.Minute), &batch)
						return f.Check()
					})
					require.NoError(t, err)
					_ = a.Hoarding(m.now)
					_ = a.ReclaimGuarantees()
					require.NoError(t, a.Check())
					require.Equal(t, control.Metrics(), a.Metrics())
					same(t, m.now, control, a.Fork())
				})
			})
		})
	}
}

// same lets two allocators run for a while and compares all that they give.
func same(t *rapid.T, now offer.Time, a, b *offer.Allocator) {
	for range 5 {
		end, ok := a.NextDeadline()
		other, ok2 := b.NextDeadline()
		require.Equal(t, ok, ok2)
		require.Equal(t, end, other)
		if !ok {
			break
		}
		now = max(now, end)
		var x, y offer.Batch
		a.Poll(now, &x)
		b.Poll(now, &y)
		require.Equal(t, show(x.Offers), show(y.Offers))
		require.Equal(t, x.Rescinded, y.Rescinded)
	}
	require.Equal(t, figuresOf(a), figuresOf(b))
	for _, id := range a.Agents() {
		x, _ := a.Agent(id)
		y, _ := b.Agent(id)
		require.Equal(t, fmt.Sprint(x), fmt.Sprint(y))
	}
}

// Before a weight is changed: who would be offered something else.
func ExampleAllocator_WhatIf() {
	a, _ := offer.New(offer.Config{AgentOrder: offer.OrderByName})
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "batch", Roles: []role.Name{"night"}})
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "site", Roles: []role.Name{"web"}})
	for _, id := range []offer.AgentID{"a1", "a2", "a3"} {
		_ = a.AddAgent(0, offer.AgentSpec{ID: id, Total: resource.MustParse("cpus:4;mem:1024")})
	}
	d, err := a.WhatIf(0, func(f *offer.Allocator) error {
		return f.SetWeights(0, []role.Weight{{Role: "web", Weight: 2}})
	})
	fmt.Print(d)
	fmt.Println(err)
	// Output:
	// - batch/night on a3: cpus:4; mem:1024
	// + site/web on a3: cpus:4; mem:1024
	// <nil>
}
