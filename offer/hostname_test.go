package offer_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// A changed hostname asks for a run of that agent, the same again does not.
//
// docs/allocation.md §2.1
func TestHostnameAsksForARun(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.agent("A", "cpus:4", "host=h")
		s.expect()
		runs := func() uint64 { s.play(0); return s.a.Stats().Runs }
		before := runs()
		s.ok(s.a.SetHostname(s.now, "A", "h"))
		s.ok(s.a.SetDomain(s.now, "A", "", ""))
		require.Equal(t, before, runs())
		s.ok(s.a.SetHostname(s.now, "A", "i"))
		require.Equal(t, before+1, runs())
		s.ok(s.a.SetDomain(s.now, "A", "eu", "z"))
		require.Equal(t, before+2, runs())
		require.ErrorIs(t, s.a.SetHostname(s.now, "B", "i"), offer.ErrUnknownAgent)
		require.ErrorIs(t, s.a.SetDomain(s.now, "B", "", ""), offer.ErrUnknownAgent)
	})
}

// An agent is on the whitelist by the hostname that it has now; what is offered already stays.
//
// docs/allocation.md §2.2
func TestHostnameIsWhitelistedAnew(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r")
		s.ok(s.a.Whitelist(s.now, []string{"h"}))
		s.agent("A", "cpus:4", "host=i")
		s.agent("B", "cpus:2", "host=h")
		s.expect("B -> F/r: cpus:2")
		s.gate(offer.GateNothingFree, "F", "r", "A")
		s.ok(s.a.SetHostname(s.now, "A", "h"))
		s.expect("A -> F/r: cpus:4")
		s.ok(s.a.SetHostname(s.now, "A", "i"))
		s.expect()
		s.decline("F", "A", 0)
		s.after(time.Second)
		s.gate(offer.GateNothingFree, "F", "r", "A")
	})
}

// Refusals outlast a change of hostname.
//
// docs/allocation.md §3.2
func TestHostnameKeepsRefusals(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r")
		s.agent("A", "cpus:4", "host=h")
		s.expect("A -> F/r: cpus:4")
		s.decline("F", "A", aDay)
		s.after(time.Second)
		s.ok(s.a.SetHostname(s.now, "A", "i"))
		s.ok(s.a.SetDomain(s.now, "A", "eu", "z1"))
		s.after(time.Second)
		s.gate(offer.GateRefused, "F", "r", "A")
	})
}

// Constraints judge the hostname, the region and the zone that an agent has now.
//
// docs/allocation.md §3.4
func TestHostnameIsJudgedAnew(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		for id, by := range map[offer.FrameworkID]offer.Selector{"H": offer.ByHostname, "R": offer.ByRegion, "Z": offer.ByZone} {
			f := spec(id, "r:region")
			f.Constraints = map[role.Name][]offer.ConstraintGroup{"r": {{Attributes: []offer.Constraint{{By: by, Is: offer.Equals, Value: "x"}}}}}
			s.ok(s.a.AddFramework(s.now, f))
		}
		s.agent("A", "cpus:4", "host=h")
		s.expect()
		for _, f := range []offer.FrameworkID{"H", "R", "Z"} {
			s.gate(offer.GateConstraints, f, "r", "A")
		}
		s.ok(s.a.SetHostname(s.now, "A", "x"))
		s.expect("A -> H/r: cpus:4")
		s.ok(s.a.SetHostname(s.now, "A", "y"))
		s.ok(s.a.SetDomain(s.now, "A", "x", "y"))
		s.expect()
		s.decline("H", "A", 0)
		s.after(time.Second, "A -> R/r: cpus:4")
		s.ok(s.a.SetDomain(s.now, "A", "y", "x"))
		s.decline("R", "A", 0)
		s.after(time.Second, "A -> Z/r: cpus:4")
	})
}

// An agent of another region is hidden from those who know no regions, gate 6.
//
// docs/allocation.md §2.3
func TestDomainHidesAnew(t *testing.T) {
	under(t, func(t *testing.T, s *stand) {
		s.framework("F", "r")
		s.agent("A", "cpus:4", "region=us")
		s.expect()
		s.gate(offer.GateRegion, "F", "r", "A")
		s.ok(s.a.SetDomain(s.now, "A", "eu", ""))
		s.expect("A -> F/r: cpus:4")
	})
}

// A machine is renamed into the part of the cluster that may be offered.
func ExampleAllocator_SetHostname() {
	a, _ := offer.New(offer.Config{})
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "f", Roles: []role.Name{"r"}})
	_ = a.AddAgent(0, offer.AgentSpec{ID: "a1", Hostname: "spare-1", Total: resource.MustParse("cpus:4;mem:1024")})
	_ = a.Whitelist(0, []string{"node-1", "node-2"})
	fmt.Println(a.Explain("f", "r", "a1"))
	_ = a.SetHostname(0, "a1", "node-1")
	fmt.Println(a.Explain("f", "r", "a1"))
	// Output:
	// the host of agent "a1" is not on the whitelist
	// it would be offered cpus:4; mem:1024
}
