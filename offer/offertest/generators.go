package offertest

import (
	"time"

	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// The tiny cluster (docs/allocation.md §6).
var (
	agentIDs     = []offer.AgentID{"a1", "a2", "a3", "a4", "a5", "a6"}
	frameworkIDs = []offer.FrameworkID{"f1", "f2", "f3", "f4", "f5", "f6"}
	roleNames    = []role.Name{"a", "a/b", "a/b/c", "a/d", "x", "x/y"}
	racks        = []string{"", "r1", "r2"}
)

// Roles makes the names of 6 roles in two trees, of depth 3 at most.
func Roles() *rapid.Generator[role.Name] { return rapid.SampledFrom(roleNames) }

// Resources makes what an agent of the tiny cluster has: one to four pieces in whole quantities, among them reservations of
// one and of two levels, revocable cpus, ports, a mounted disk, gpus and one shared volume.
func Resources() *rapid.Generator[resource.Resources] {
	return rapid.Custom(func(t *rapid.T) resource.Resources {
		var sum resource.Resources
		for range rapid.IntRange(1, 4).Draw(t, "pieces") {
			e := piece(t)
			if e.Shared && sum.ContainsResource(e) {
				continue
			}
			one, err := resource.New(e)
			if err != nil {
				t.Fatalf("offertest: %v", err)
			}
			sum = sum.Add(one)
		}
		return sum
	})
}

func piece(t *rapid.T) resource.Resource {
	scalar := func(name string, most int64, rs ...role.Name) resource.Resource {
		e := resource.Resource{Name: name, Kind: resource.KindScalar}
		e.Scalar = resource.Whole(rapid.Int64Range(1, most).Draw(t, name))
		for i, r := range rs {
			v := resource.Reservation{Type: resource.Dynamic, Role: r}
			if i == 0 {
				v.Type = resource.Static
			}
			e.Reservations = append(e.Reservations, v)
		}
		return e
	}
	switch rapid.IntRange(0, 13).Draw(t, "piece") {
	case 0, 1, 2:
		return scalar("cpus", 6)
	case 3, 4:
		return scalar("mem", 80)
	case 5:
		return scalar("cpus", 4, "a")
	case 6:
		return scalar("mem", 40, "a", "a/b")
	case 7:
		return scalar("cpus", 3, "x/y")
	case 8:
		e := scalar("cpus", 3)
		e.Revocable = true
		return e
	case 9:
		end := rapid.Uint64Range(0, 9).Draw(t, "ports")
		ports, err := resource.NewRanges(resource.Range{End: end})
		if err != nil {
			t.Fatalf("offertest: %v", err)
		}
		return resource.Resource{Name: "ports", Kind: resource.KindRanges, Ranges: ports}
	case 10:
		e := scalar("disk", 9)
		e.Disk = &resource.Disk{Source: &resource.DiskSource{Type: resource.SourceMount, Root: "/m"}}
		return e
	case 11:
		e := scalar("disk", 1, "a")
		e.Disk = &resource.Disk{
			Persistence: &resource.Persistence{ID: some(t, "volume", []string{"v", "w"})},
			Volume:      &resource.Volume{ContainerPath: "v", Mode: resource.ReadWrite},
		}
		e.Shared = true
		return e
	case 12:
		return scalar("disk", 4, "a", "a/b")
	}
	return scalar("gpus", 3)
}

// Agents makes one of 6 agents, each with a hostname of its own: "h" and its id.
func Agents() *rapid.Generator[offer.AgentSpec] {
	return rapid.Custom(func(t *rapid.T) offer.AgentSpec { return agentCall(t).agentSpec() })
}

// Frameworks makes one of 6 frameworks in some of the roles, some of them suppressed, with any capabilities that matter in
// one region, and now and then with a minimum or a constraint.
func Frameworks() *rapid.Generator[offer.FrameworkSpec] {
	return rapid.Custom(func(t *rapid.T) offer.FrameworkSpec { return frameworkCall(t).frameworkSpec() })
}

var (
	guaranteeTexts = []string{"", "", "cpus:1", "cpus:3", "mem:20", "cpus:2;mem:40", "cpus:6", "gpus:1"}
	unitTexts      = []string{"", "cpus:1", "cpus:1;gpus:1", "cpus:1;gpus:0.5", "cpus:2;mem:10", "ports:1"}
	limitTexts     = append([]string{"cpus:0;mem:0", "mem:0"}, guaranteeTexts...)
)

// Quotas makes a guarantee, a limit, both or none for one of the roles.
func Quotas() *rapid.Generator[quota.Config] {
	return rapid.Custom(func(t *rapid.T) quota.Config {
		c := quotaCall(t)
		q, err := quota.Parse(string(c.Role), c.Guarantee, c.Limit)
		if err != nil {
			t.Fatalf("offertest: %v", err)
		}
		return q
	})
}

// Calls makes scripts of up to 40 calls that begin with two agents and two frameworks.
func Calls() *rapid.Generator[Script] {
	call := rapid.Custom(anyCall)
	return rapid.Custom(func(t *rapid.T) Script {
		s := Script{agentCall(t), frameworkCall(t), agentCall(t), frameworkCall(t)}
		return append(s, rapid.SliceOfN(call, 0, 36).Draw(t, "calls")...)
	})
}

// some draws one of list.
func some[T any](t *rapid.T, label string, list []T) T { return rapid.SampledFrom(list).Draw(t, label) }

// seldom is true once in n draws.
func seldom(t *rapid.T, label string, n int) bool {
	return rapid.IntRange(0, n-1).Draw(t, label) == n-1
}

// calls lists the kinds of call to draw from; those that keep a cluster going come up more often.
var calls = []string{
	"add-agent", "add-agent", "add-agent", "add-framework", "add-framework", "add-framework",
	"update-agent", "remove-agent", "set-agent", "attributes", "update-framework", "remove-framework", "set-framework",
	"suppress", "revive", "weight", "hint", "quota", "quota", "whitelist", "accept", "accept", "accept", "decline", "decline",
	"withdraw", "release", "release", "charge", "operate", "pause", "resume", "resume", "advance", "advance", "advance",
}

func anyCall(t *rapid.T) Call {
	c := Call{Do: some(t, "call", calls)}
	switch c.Do {
	case "add-agent":
		return agentCall(t)
	case "add-framework":
		return frameworkCall(t)
	case "update-framework":
		c = frameworkCall(t)
		c.Do, c.Off = "update-framework", false
	case "quota":
		return quotaCall(t)
	case "weight":
		c.Role, c.N = Roles().Draw(t, "role"), rapid.IntRange(1, 3).Draw(t, "weight")
	case "update-agent", "remove-agent", "set-agent", "attributes", "operate":
		fillAgentCall(t, &c)
	case "remove-framework", "set-framework", "suppress", "revive", "charge", "hint":
		fillFrameworkCall(t, &c)
	case "whitelist":
		for _, id := range agentIDs {
			if rapid.Bool().Draw(t, "host") {
				c.Hosts = append(c.Hosts, hostname(id))
			}
		}
	case "accept", "decline", "withdraw", "release":
		c.N = rapid.IntRange(0, 7).Draw(t, "which")
		if c.Do == "accept" && seldom(t, "with operations", 3) {
			c.Op = some(t, "op", opNames)
		}
		if (c.Do == "accept" || c.Do == "release") && rapid.Bool().Draw(t, "in part") {
			c.Mask = rapid.Byte().Draw(t, "mask")
		}
		if c.Do == "accept" || c.Do == "decline" {
			c.For = time.Duration(rapid.IntRange(0, 6).Draw(t, "refuse")) * 400 * time.Millisecond
		}
	case "advance":
		c.For = time.Duration(rapid.IntRange(1, 2000).Draw(t, "ms")) * time.Millisecond
	}
	return c
}

func fillAgentCall(t *rapid.T, c *Call) {
	c.Agent = some(t, "agent", agentIDs)
	switch c.Do {
	case "update-agent":
		c.Resources = Resources().Draw(t, "resources")
	case "set-agent":
		c.Off = rapid.Bool().Draw(t, "off")
	case "attributes":
		c.Rack = some(t, "rack", racks)
	case "operate":
		c.Role, c.Mask, c.Op = Roles().Draw(t, "role"), rapid.Byte().Draw(t, "mask"), some(t, "op", opNames)
	}
}

func fillFrameworkCall(t *rapid.T, c *Call) {
	c.Framework = some(t, "framework", frameworkIDs)
	switch c.Do {
	case "set-framework":
		c.Off = rapid.Bool().Draw(t, "off")
	case "hint":
		c.Role, c.Unit = Roles().Draw(t, "role"), some(t, "unit", unitTexts)
		c.N = rapid.IntRange(0, 2).Draw(t, "count")
	case "charge":
		c.Agent, c.Role, c.Resources = some(t, "agent", agentIDs), Roles().Draw(t, "role"), Resources().Draw(t, "resources")
	}
}

func agentCall(t *rapid.T) Call {
	return Call{
		Do: "add-agent", Agent: some(t, "agent", agentIDs), Resources: Resources().Draw(t, "resources"),
		Rack: some(t, "rack", racks), Off: seldom(t, "off", 6),
	}
}

func frameworkCall(t *rapid.T) Call {
	c := Call{Do: "add-framework", Framework: some(t, "framework", frameworkIDs)}
	for _, r := range roleNames {
		if !seldom(t, "in "+string(r), 3) {
			continue
		}
		c.Roles = append(c.Roles, r)
		if seldom(t, "suppressed", 5) {
			c.Suppressed = append(c.Suppressed, r)
		}
	}
	c.Caps = offer.Capability(rapid.IntRange(0, 15).Draw(t, "caps"))
	c.Least = some(t, "least", []string{"", "", "", "", "none", "cpus:2"})
	if seldom(t, "picky", 6) {
		c.Rack = some(t, "rack", racks[1:])
	}
	c.Off = seldom(t, "off", 6)
	return c
}

func quotaCall(t *rapid.T) Call {
	c := Call{Do: "quota", Role: Roles().Draw(t, "role")}
	c.Guarantee, c.Limit = some(t, "guarantee", guaranteeTexts), some(t, "limit", limitTexts)
	if q, err := quota.Parse(string(c.Role), c.Guarantee, c.Limit); err != nil || q.Validate() != nil {
		c.Limit = "" // it was below the guarantee
	}
	return c
}

func hostname(id offer.AgentID) string { return "h" + string(id) }

// agentSpec is what the call says of an agent.
func (c Call) agentSpec() offer.AgentSpec {
	return offer.AgentSpec{
		ID: c.Agent, Hostname: hostname(c.Agent), Total: c.Resources, Attributes: c.attributes(), Inactive: c.Off,
	}
}

func (c Call) attributes() resource.Attributes {
	if c.Rack == "" {
		return resource.Attributes{}
	}
	at, err := resource.NewAttributes(resource.Attribute{Name: "rack", Kind: resource.KindText, Text: c.Rack})
	if err != nil {
		return resource.Attributes{} // ParseScript refuses such a rack
	}
	return at
}

// frameworkSpec is what the call says of a framework.
func (c Call) frameworkSpec() offer.FrameworkSpec {
	s := offer.FrameworkSpec{
		ID: c.Framework, Roles: c.Roles, Suppressed: c.Suppressed, Capabilities: c.Caps, Inactive: c.Off,
	}
	for _, r := range c.Roles {
		if c.Least != "" {
			if s.MinAllocatable == nil {
				s.MinAllocatable = make(map[role.Name][]resource.Quantities)
			}
			s.MinAllocatable[r] = c.least()
		}
		if c.Rack != "" {
			if s.Constraints == nil {
				s.Constraints = make(map[role.Name][]offer.ConstraintGroup)
			}
			s.Constraints[r] = []offer.ConstraintGroup{{
				Attributes: []offer.Constraint{{Name: "rack", Is: offer.Equals, Value: c.Rack}},
			}}
		}
	}
	return s
}

func (c Call) least() []resource.Quantities {
	q, err := resource.ParseQuantities(c.Least)
	if err != nil || c.Least == "none" {
		return []resource.Quantities{}
	}
	return []resource.Quantities{q}
}
