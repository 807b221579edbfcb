package offer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// byMethod makes the call that c is by the method itself.
func byMethod(a *offer.Allocator, now offer.Time, c offer.Command) (err error) {
	switch c := c.(type) {
	case offer.AddAgent:
		return a.AddAgent(now, c.Agent)
	case offer.UpdateAgent:
		return a.UpdateAgent(now, c.Agent, c.Total)
	case offer.SetAttributes:
		return a.SetAttributes(now, c.Agent, c.Attributes)
	case offer.SetHostname:
		return a.SetHostname(now, c.Agent, c.Hostname)
	case offer.SetDomain:
		return a.SetDomain(now, c.Agent, c.Region, c.Zone)
	case offer.SetAgentActive:
		return a.SetAgentActive(now, c.Agent, c.Active)
	case offer.SetUnavailability:
		return a.SetUnavailability(now, c.Agent, c.Window)
	case offer.RemoveAgent:
		return a.RemoveAgent(now, c.Agent)
	case offer.Operate:
		return a.Operate(now, c.Agent, c.Op, c.Principal)
	case offer.Whitelist:
		return a.Whitelist(now, c.Hostnames)
	case offer.AddFramework:
		return a.AddFramework(now, c.Framework)
	case offer.UpdateFramework:
		return a.UpdateFramework(now, c.Framework)
	case offer.SetFrameworkActive:
		return a.SetFrameworkActive(now, c.Framework, c.Active)
	case offer.RemoveFramework:
		return a.RemoveFramework(now, c.Framework)
	case offer.Suppress:
		return a.Suppress(now, c.Framework, c.Roles...)
	case offer.Revive:
		return a.Revive(now, c.Framework, c.Roles...)
	case offer.SetHint:
		return a.SetHint(now, c.Framework, c.Role, c.Hint)
	case offer.Accept:
		_, err = a.Accept(now, c.Offers, c.Ops, c.Used, c.Filter)
		return err
	case offer.Decline:
		return a.Decline(now, c.Filter, c.Offers...)
	case offer.Withdraw:
		return a.Withdraw(now, c.Offers...)
	case offer.AnswerInverse:
		_, err = a.AnswerInverse(now, c.Offer, c.Accept, c.Filter)
		return err
	case offer.Charge:
		return a.Charge(now, c.Allocation, c.Resources)
	case offer.Release:
		return a.Release(now, c.Allocation, c.Resources)
	case offer.Refuse:
		return a.Refuse(now, c.Allocation, c.Resources, c.Filter)
	case offer.Convert:
		return a.Convert(now, c.Allocation, c.Ops...)
	case offer.SetWeights:
		return a.SetWeights(now, c.Weights)
	case offer.SetQuota:
		return a.SetQuota(now, c.Quota, c.Force)
	case offer.Recover:
		return a.Recover(now, c.Agents, c.Quota)
	case offer.Pause:
		a.Pause(now)
	case offer.Resume:
		a.Resume(now)
	default:
		return fmt.Errorf("no method for %T", c)
	}
	return nil
}

// commander draws commands about the few agents, frameworks and roles that there are, and the offers made so far.
type commander struct {
	first  []offer.Command // these come first
	offers []offer.Offer
	asks   []offer.InverseOffer
}

func (c *commander) draw(t *rapid.T) offer.Command {
	if len(c.first) > 0 {
		first := c.first[0]
		c.first = c.first[1:]
		return first
	}
	agent := rapid.SampledFrom(someAgents[:3]).Draw(t, "agent")
	framework := rapid.SampledFrom(someFrameworks[:3]).Draw(t, "framework")
	r := rapid.SampledFrom(someRoles).Draw(t, "role")
	yes := rapid.Bool().Draw(t, "yes")
	al := offer.Allocation{Framework: framework, Role: r, Agent: agent}
	var o offer.Offer
	var ids []offer.OfferID
	if len(c.offers) > 0 {
		o = rapid.SampledFrom(c.offers).Draw(t, "offer")
		ids = []offer.OfferID{o.ID}
	}
	if len(c.offers) > 0 && yes {
		al = offer.Allocation{Framework: o.Framework, Role: o.Role, Agent: o.Agent}
	}
	switch rapid.IntRange(0, 31).Draw(t, "command") {
	case 0:
		s := offer.AgentSpec{ID: agent, Hostname: "h" + string(agent), Zone: "z", Total: someResources(t), Inactive: yes}
		s.Attributes, _ = resource.ParseAttributes("rack:1;size:3;p:[1-2]")
		if !yes {
			s.Used = []offer.Use{{Framework: framework, Role: r, Resources: part(t, s.Total)}}
		}
		return offer.AddAgent{Agent: s}
	case 1:
		return offer.AddAgent{Agent: offer.AgentSpec{ID: agent, Total: someResources(t), Window: offer.Window{Start: 9, Duration: time.Hour}}}
	case 2:
		return offer.UpdateAgent{Agent: agent, Total: someResources(t)}
	case 3:
		at, _ := resource.ParseAttributes("rack:2")
		return offer.SetAttributes{Agent: agent, Attributes: at}
	case 4:
		return offer.SetHostname{Agent: agent, Hostname: "h" + string(framework)}
	case 5:
		return offer.SetDomain{Agent: agent, Region: rapid.SampledFrom([]string{"", "eu"}).Draw(t, "region"), Zone: "y"}
	case 6:
		return offer.SetAgentActive{Agent: agent, Active: yes}
	case 7:
		return offer.SetUnavailability{Agent: agent, Window: offer.Window{Start: offer.Time(rapid.IntRange(0, 3).Draw(t, "start"))}}
	case 8:
		return offer.RemoveAgent{Agent: agent}
	case 9:
		c := offer.Operate{Agent: "a1", Op: someOp(t, resource.MustParse("cpus:0.5"), r)}
		if who := "ops"; yes {
			c.Principal = &who
		}
		return c
	case 10:
		if yes {
			return offer.Whitelist{}
		}
		return offer.Whitelist{Hostnames: []string{"h" + string(agent)}}
	case 11, 12:
		s := someFramework(t, framework)
		s.Inactive = yes
		return offer.AddFramework{Framework: s}
	case 13:
		s := someFramework(t, framework)
		if len(s.Roles) > 0 {
			s.Constraints = offer.Constraints{s.Roles[0]: {{Attributes: []offer.Constraint{{Name: "rack", Is: offer.Equals, Value: "1"}}}, {NoRevocable: yes, ReservedOnly: true}}}
		}
		return offer.UpdateFramework{Framework: s}
	case 14:
		return offer.SetFrameworkActive{Framework: framework, Active: yes}
	case 15:
		return offer.RemoveFramework{Framework: framework}
	case 16:
		return offer.Suppress{Framework: framework, Roles: []role.Name{r}}
	case 17:
		return offer.Revive{Framework: framework}
	case 18:
		if yes {
			return offer.SetHint{Framework: al.Framework, Role: al.Role}
		}
		q, _ := resource.ParseQuantities("cpus:0.5;ports:1")
		return offer.SetHint{Framework: al.Framework, Role: al.Role, Hint: &offer.Hint{Unit: q, Count: rapid.IntRange(-1, 3).Draw(t, "count")}}
	case 19, 20:
		used := part(t, o.Resources)
		accept := offer.Accept{Offers: ids, Used: used, Filter: someRefusal(t)}
		if target := used.Unreserved().NonRevocable(); yes && !target.IsEmpty() && al.Role != role.Default {
			op := someOp(t, target, o.Role)
			accept.Ops, accept.Used = offer.Operations{op}, resource.Resources{}
		}
		return accept
	case 21, 22:
		return offer.Decline{Offers: ids, Filter: someRefusal(t)}
	case 23:
		return offer.Withdraw{Offers: ids}
	case 24:
		ask := offer.InverseOffer{ID: 1, Framework: framework, Agent: agent}
		if len(c.asks) > 0 {
			ask = rapid.SampledFrom(c.asks).Draw(t, "ask")
		}
		return offer.AnswerInverse{Offer: ask, Accept: yes, Filter: someRefusal(t)}
	case 25:
		return offer.Charge{Allocation: al, Resources: someResources(t)}
	case 26:
		return offer.Release{Allocation: al, Resources: part(t, o.Resources)}
	case 27:
		return offer.Refuse{Allocation: al, Resources: someResources(t), Filter: someRefusal(t)}
	case 28:
		some := resource.MustParse("cpus:0.1")
		return offer.Convert{Allocation: al, Ops: offer.Operations{someOp(t, some, al.Role), someOp(t, some, al.Role)}}
	case 29:
		return offer.SetWeights{Weights: []role.Weight{{Role: r, Weight: float64(rapid.IntRange(0, 3).Draw(t, "weight")) / 3}}}
	case 30:
		config, _ := quota.Parse(string(r), "cpus:1", rapid.SampledFrom([]string{"", "cpus:3", "mem:0"}).Draw(t, "limit"))
		if yes {
			return offer.Recover{Agents: rapid.IntRange(-1, 4).Draw(t, "agents"), Quota: []quota.Config{config}}
		}
		return offer.SetQuota{Quota: []quota.Config{config}, Force: rapid.Bool().Draw(t, "force")}
	}
	if rapid.IntRange(0, 5).Draw(t, "pause") == 0 {
		return offer.Pause{}
	}
	return offer.Resume{}
}

// someOp is an operation on r, which need not fit.
func someOp(t *rapid.T, r resource.Resources, n role.Name) reservation.Op {
	switch rapid.IntRange(0, 4).Draw(t, "op") {
	case 0:
		return reservation.Unreserve{Resources: r.Reserved()}
	case 1:
		return reservation.Create{Volumes: r.Named("disk")}
	case 2:
		return reservation.Destroy{Volumes: r.PersistentVolumes()}
	}
	pushed, err := r.Unreserved().NonRevocable().PushReservation(resource.Reservation{Type: resource.Dynamic, Role: n})
	if err != nil {
		return reservation.Reserve{Resources: r}
	}
	return reservation.Reserve{Resources: pushed}
}

// There and back: what commands are after JSON gives what the methods give.
//
// docs/allocation.md §6
func TestCommandsDoWhatMethodsDo(t *testing.T) {
	for name, rules := range bothRules() {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				rules := rules
				if rules.Hints {
					rules.KeepWhole = time.Second
				}
				cfg := offer.Config{Seed: 7, Rules: rules}
				a, err := offer.New(cfg)
				require.NoError(t, err)
				b, err := offer.New(cfg)
				require.NoError(t, err)
				c := commander{first: []offer.Command{
					offer.AddAgent{Agent: offer.AgentSpec{ID: "a1", Total: resource.MustParse("cpus:8;mem:256;ports:[1-9]")}},
					offer.AddFramework{Framework: offer.FrameworkSpec{ID: "f1", Roles: []role.Name{"a", "x"}}},
				}}
				now := offer.Time(0)
				for range rapid.IntRange(1, 60).Draw(t, "steps") {
					command := c.draw(t)
					text, err := offer.MarshalCommand(command)
					require.NoError(t, err, "%+v", command)
					read, err := offer.UnmarshalCommand(text)
					require.NoError(t, err, "%s", text)
					again, err := offer.MarshalCommand(read)
					require.NoError(t, err)
					require.Equal(t, string(text), string(again))
					one, two := byMethod(a, now, command), b.Do(now, read)
					require.Equal(t, fmt.Sprint(one), fmt.Sprint(two), "%s", text)
					if rapid.Bool().Draw(t, "later") {
						now = now.Add(time.Duration(rapid.IntRange(0, 1500).Draw(t, "ms")) * time.Millisecond)
					}
					var x, y offer.Batch
					a.Poll(now, &x)
					b.Poll(now, &y)
					require.Equal(t, fmt.Sprintf("%+v", x), fmt.Sprintf("%+v", y))
					require.Equal(t, a.Stats(), b.Stats())
					require.NoError(t, a.Check())
					require.NoError(t, b.Check())
					c.offers, c.asks = append(c.offers, x.Offers...), append(c.asks, x.Asks...)
				}
			})
		})
	}
}

// What is no command is refused with the place.
//
// docs/allocation.md §6
func TestNoCommand(t *testing.T) {
	for text, says := range map[string]string{
		``: "", `[]`: "", `7`: "", `{}`: `"op"`, `{"op":1}`: `"op"`, `{"op":null}`: `"op" "" is not known`,
		`{"op":"poll"}`:                                                           `"op" "poll" is not known`,
		`{"op":"pause","until":1}`:                                                `pause: `,
		`{"op":"decline","offers":[-1]}`:                                          `decline: `,
		`{"op":"decline","offer":[1]}`:                                            `unknown field "offer"`,
		`{"op":"add_agent","agent":{"x":1}}`:                                      `unknown field "x"`,
		`{"op":"update_agent","agent":"A","total":[{"name":"cpus"}]}`:             `update_agent: `,
		`{"op":"add_framework","framework":{"id":"F","capabilities":["FLYING"]}}`: `capability "FLYING"`,
		`{"op":"add_framework","framework":{"id":"F","constraints":{"r":[]}}}`:    `field "r" is not known`,
		`{"op":"operate","agent":"A"}`:                                            `0 operations in place of one`,
		`{"op":"operate","agent":"A","operations":[{"type":"LAUNCH"}]}`:           `operation 0`,
		`{"op":"convert","operations":7}`:                                         `convert: `,
		`{"op":"set_quota","quota":[{"guarantees":{}}]}`:                          `set_quota: `,
	} {
		_, err := offer.UnmarshalCommand([]byte(text))
		require.ErrorIs(t, err, offer.ErrCommand, text)
		require.ErrorContains(t, err, says)
	}
	for _, c := range []offer.Command{
		nil, offer.Operate{Agent: "A"}, offer.Convert{Ops: offer.Operations{nil}},
		offer.SetWeights{Weights: []role.Weight{{Role: "r", Weight: math.NaN()}}},
		offer.AddFramework{Framework: offer.FrameworkSpec{ID: "F", Capabilities: 1 << 20}},
	} {
		_, err := offer.MarshalCommand(c)
		require.ErrorIs(t, err, offer.ErrCommand, "%+v", c)
	}
	a, err := offer.New(offer.Config{})
	require.NoError(t, err)
	require.ErrorIs(t, a.Do(0, nil), offer.ErrCommand)
	require.ErrorIs(t, a.Do(0, offer.RemoveAgent{Agent: "A"}), offer.ErrUnknownAgent, "an error of the method")
}

// Capabilities go by the names of the v1 API.
//
// docs/allocation.md §6
func TestCapabilitiesInJSON(t *testing.T) {
	all := offer.GPUResources | offer.RevocableResources | offer.SharedResources | offer.ReservationRefinement | offer.RegionAware
	text, err := json.Marshal(all)
	require.NoError(t, err)
	require.Equal(t, `["GPU_RESOURCES","REVOCABLE_RESOURCES","SHARED_RESOURCES","RESERVATION_REFINEMENT","REGION_AWARE"]`, string(text))
	var caps offer.Capability
	require.NoError(t, json.Unmarshal([]byte(`["REGION_AWARE","GPU_RESOURCES"]`), &caps))
	require.Equal(t, offer.GPUResources|offer.RegionAware, caps)
	require.ErrorIs(t, json.Unmarshal([]byte(`["X"]`), &caps), offer.ErrSpec)
	require.Error(t, json.Unmarshal([]byte(`3`), &caps))
	require.Equal(t, offer.GPUResources|offer.RegionAware, caps)
}

// No text makes the decoder or Do panic; what is read is written and read again the same, and leaves the books right.
//
// docs/allocation.md §6
func FuzzUnmarshalCommand(f *testing.F) {
	for _, c := range []offer.Command{
		offer.AddAgent{Agent: offer.AgentSpec{ID: "A", Total: resource.MustParse("cpus:4;mem:64;ports:[1-9]"), Window: offer.Window{Start: 4}}},
		offer.AddFramework{Framework: offer.FrameworkSpec{ID: "F", Roles: []role.Name{"a"}, Capabilities: offer.GPUResources}},
		offer.Accept{Offers: []offer.OfferID{1}, Used: resource.MustParse("cpus:1"), Filter: offer.DefaultFilter},
		offer.Operate{Agent: "A", Op: reservation.Unreserve{Resources: resource.MustParse("cpus:1")}},
		offer.Charge{Allocation: offer.Allocation{Framework: "F", Role: "a", Agent: "A"}, Resources: resource.MustParse("cpus:1")},
		offer.SetHint{Framework: "F", Role: "a", Hint: &offer.Hint{Count: 1}}, offer.Whitelist{}, offer.Suppress{Framework: "F"},
		offer.SetWeights{Weights: []role.Weight{{Role: "a", Weight: 2}}}, offer.Recover{Agents: 3}, offer.Resume{},
		offer.AnswerInverse{Offer: offer.InverseOffer{ID: 3, Framework: "F", Agent: "A"}, Accept: true},
	} {
		text, err := offer.MarshalCommand(c)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := offer.UnmarshalCommand(text)
		if err != nil {
			require.ErrorIs(t, err, offer.ErrCommand)
			return
		}
		written, err := offer.MarshalCommand(c)
		require.NoError(t, err, "%+v", c)
		read, err := offer.UnmarshalCommand(written)
		require.NoError(t, err, "%s", written)
		again, err := offer.MarshalCommand(read)
		require.NoError(t, err)
		require.Equal(t, string(written), string(again))
		a, err := offer.New(offer.Config{Bounds: offer.Bounds{Names: 8}})
		require.NoError(t, err)
		require.NoError(t, a.AddFramework(0, offer.FrameworkSpec{ID: "F", Roles: []role.Name{"a"}}))
		require.NoError(t, a.AddAgent(0, offer.AgentSpec{ID: "A", Total: resource.MustParse("cpus:4;mem:64")}))
		var out offer.Batch
		a.Poll(offer.Time(time.Second), &out)
		_ = a.Do(offer.Time(time.Second), c) // whether it makes sense or not
		a.Poll(offer.Time(2*time.Second), &out)
		require.NoError(t, a.Check())
	})
}

// Commands are lines of a file: whoever replays them gives the same offers.
func ExampleAllocator_Do() {
	log := strings.Split(`{"op":"add_framework","framework":{"id":"web","roles":["site"]}}
{"op":"add_agent","agent":{"id":"a1","total":[{"name":"cpus","type":"SCALAR","scalar":{"value":4}}]}}
{"op":"decline","offers":[7],"filter":{"refuse_ns":5000000000}}`, "\n")
	a, _ := offer.New(offer.Config{})
	for _, line := range log {
		c, err := offer.UnmarshalCommand([]byte(line))
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := a.Do(0, c); errors.Is(err, offer.ErrUnknownOffer) {
			fmt.Println(err)
		}
	}
	var batch offer.Batch
	a.Poll(offer.Time(time.Second), &batch)
	text, _ := offer.MarshalCommand(offer.Decline{Offers: []offer.OfferID{batch.Offers[0].ID}, Filter: offer.DefaultFilter})
	fmt.Println(string(text))
	// Output:
	// decline: offer 7: offer: no such offer is out: it was answered, rescinded or never made
	// {"op":"decline","offers":[1],"filter":{"refuse_ns":5000000000}}
}
