package offer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
)

// bare grants what is reserved, and of the rest nothing.
type bare struct{}

func (bare) Plan(c *offer.Cycle) {
	for g := range c.Agents() {
		for cl := range c.Clients(g) {
			c.Grant(g, cl, offer.Want{Reserved: true})
		}
	}
}

// An agent may have more of a name than one entry may state: such a sum is offered like any other.
//
// docs/resource-model.md §1.1
// docs/allocation.md §6
func TestSumsBeyondTheBoundAreOffered(t *testing.T) {
	cfg := byName(atOnce()["v1"])
	cfg.Policy = bare{}
	l := newLoop(t, cfg)
	require.NoError(t, l.a.AddFramework(0, wanting(t, "F", "", "r")))
	l.agents(0, 1, "cpus:4;mem(r):4398046511103;mem(r):4398046511103")
	got := l.wait(0)
	require.Len(t, got, 1)
	require.Equal(t, "mem(reservations: [(STATIC,r)]):8796093022206", got[0].Resources.String())
	require.NoError(t, l.a.Check())
}
