package master_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
)

func inEurope(c *master.Config) { c.Allocator.Region = "eu" }

// placed registers an agent at a place.
func (r *rig) placed(name string, d msg.Domain) offer.AgentID {
	r.t.Helper()
	m := registration(name, "cpus:1;mem:32")
	m.Info.Domain = d
	r.up(name)
	r.say(name, m)
	return last[msg.AgentRegistered](r, name).Agent
}

// docs/protocol.md §3.3 REGION_AWARE: agents of another region are offered with it, and withheld without; offers tell where their
// agent stands (docs/allocation.md §2.2). An agent that comes back from elsewhere is offered accordingly.
func TestAgentsOfOtherRegions(t *testing.T) {
	r := newRig(t, inEurope)
	far := msg.Domain{Region: "us", Zone: "us-1"}
	a, b := r.placed("far", far), r.placed("here", msg.Domain{})
	f := r.scheduler("s", info("web"))
	require.Equal(t, b, r.offer(f).Agent)

	aware := info("db")
	aware.Capabilities.RegionAware = true
	o := r.offer(r.scheduler("s2", aware))
	require.Equal(t, a, o.Agent)
	require.Equal(t, far, o.Domain)

	r.down("far")
	r.up("far")
	back := r.report(a)
	back.Info.Domain = msg.Domain{Region: "eu", Zone: "eu-1"}
	r.down("s2")
	r.say("far", back)
	require.Len(t, r.offers(f), 2)

	next := r.successor(inEurope)
	recovered := next.m.Snapshot().Recovered
	require.Len(t, recovered, 2)
	require.Equal(t, back.Info.Domain, recovered[0].Info.Domain, "the registry has it")
}

// docs/protocol.md §4.3 validate domain: an agent of a region is refused by a master that has none, and so is a zone without a region.
func TestDomainsOfAgents(t *testing.T) {
	for name, c := range map[string]struct {
		domain msg.Domain
		change []func(*master.Config)
		want   error
	}{
		"the master has no region": {msg.Domain{Region: "eu"}, nil, master.ErrInvalid},
		"no region":                {msg.Domain{Zone: "1"}, []func(*master.Config){inEurope}, master.ErrInvalid},
		"long region":              {msg.Domain{Region: strings.Repeat("r", 64<<10+1)}, []func(*master.Config){inEurope}, master.ErrBound},
		"long zone":                {msg.Domain{Region: "eu", Zone: strings.Repeat("z", 64<<10+1)}, []func(*master.Config){inEurope}, master.ErrBound},
		"region":                   {msg.Domain{Region: "us"}, []func(*master.Config){inEurope}, nil},
		"none":                     {msg.Domain{}, nil, nil},
	} {
		r := newRig(t, c.change...)
		m := registration("a", "cpus:1")
		m.Info.Domain = c.domain
		require.ErrorIs(t, r.tryNew("a", m), c.want, name)
		require.Equal(t, c.want != nil, len(r.took("a")) == 0, "who is refused hears nothing: %s", name)
	}
}
