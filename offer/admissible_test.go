package offer_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// docs/protocol.md §5: what is written down before it is made can be checked before, and checking changes nothing.
func TestChecksAnswerAsTheCallsDo(t *testing.T) {
	newOne := func() *offer.Allocator {
		a, err := offer.New(offer.Config{Bounds: offer.Bounds{Agents: 2}})
		require.NoError(t, err)
		require.NoError(t, a.AddAgent(0, offer.AgentSpec{ID: "a", Total: resource.MustParse("cpus:4;mem:1024")}))
		return a
	}
	same := func(check, do error) {
		t.Helper()
		require.Equal(t, fmt.Sprint(do), fmt.Sprint(check))
	}
	for _, s := range []offer.AgentSpec{
		{ID: "b", Total: resource.MustParse("cpus:4")}, {}, {ID: "a"}, {ID: "b", Total: resource.MustParse("cpus:4000000000000;mem:4")},
		{ID: "b", Used: []offer.Use{{Framework: "f", Role: "/", Resources: resource.MustParse("cpus:1")}}},
	} {
		a := newOne()
		before := fmt.Sprintf("%v %v", a.Agents(), a.Roles())
		check := a.CheckAgent(s)
		require.Equal(t, before, fmt.Sprintf("%v %v", a.Agents(), a.Roles()))
		same(check, a.AddAgent(0, s))
	}
	for _, ws := range [][]role.Weight{{{Role: "web", Weight: 2}}, {{Role: "web", Weight: -2}}, {{Role: "/", Weight: 1}}, {{Role: "w", Weight: 1}, {Role: "w", Weight: 2}}} {
		a := newOne()
		check := a.CheckWeights(ws)
		require.Empty(t, a.Roles())
		same(check, a.SetWeights(0, ws))
	}
	for _, text := range []string{"cpus:1", "cpus:100"} {
		for _, force := range []bool{false, true} {
			c, err := quota.Parse("web", text, "")
			require.NoError(t, err)
			a := newOne()
			check := a.CheckQuota([]quota.Config{c, c}[:1], force)
			require.Empty(t, a.Roles())
			same(check, a.SetQuota(0, []quota.Config{c}, force))
			same(a.CheckQuota([]quota.Config{c, c}, force), a.SetQuota(0, []quota.Config{c, c}, force))
		}
	}
}
