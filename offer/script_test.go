package offer_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// The scripts of testdata/scripts read like a transcript: every line of a play block is a command, and under ---- stands
// what it led to. Rewrite them with go test ./offer -run TestScripts -rewrite, and read what changed.
//
//	rules strict|v1 [seed=N] [keyed] [lifetime=1m] [interval=0s] [keep=1m] …   start anew; agents by name, runs at once, no cap
//	agent A1 cpus:4;mem:8 [host=h] [region=eu] [attrs=a:b] [used=F/role/cpus:1]…
//	total A1 cpus:8 | attributes A1 rack:2 | host A1 h2 | activate A1 | deactivate A1 | remove-agent A1
//	framework F1 roles=a,b [suppressed=a] [caps=gpu,rev,shared,refined,region] [min=cpus:1|mem:5] [min=any]
//	update F1 roles=… | on F1 | off F1 | remove F1 | suppress F1 [roles] | revive F1 [roles]
//	weight a=2 b=3 | quota a guarantee=cpus:4;mem:8 limit=cpus:4 [force]
//	hint F1 a [3 cpus:1;mem:8]
//	decline F1 [A1] [30s] | accept F1 A1 use=cpus:1 [reserve=cpus:1] [30s] | release F1 a A1 cpus:1
//	framework and update: [want=… as constrain reads it]; agent: [zone=z] [window=60s+1h]
//	window A1 60s+1h | window A1 none | answer F1 A1 accept [30s] | answer F1 A1 decline [30s] [late] | asked A1
//	hosts h1 h2 | hosts * | pause | resume | wait 1s | explain F1 a A1 | books A1 | roles | order
type script struct {
	a     *offer.Allocator
	now   offer.Time
	last  offer.OfferID // that was made
	batch offer.Batch
	out   strings.Builder
}

// docs/allocation.md §2.9
func TestScripts(t *testing.T) {
	datadriven.Walk(t, filepath.Join("testdata", "scripts"), func(t *testing.T, path string) {
		s := &script{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.out.Reset()
			for _, line := range strings.Split(strings.TrimSpace(d.Input), "\n") {
				fmt.Fprintf(&s.out, "%s\n", line)
				if err := s.do(strings.Fields(line)); err != nil {
					fmt.Fprintf(&s.out, "  error: %v\n", err)
				}
				s.poll()
				require.NoError(t, s.a.Check(), "%s: after %s", d.Pos, line)
			}
			return s.out.String()
		})
	})
}

func (s *script) poll() {
	if s.a == nil {
		return
	}
	s.batch.Reset()
	s.a.Poll(s.now, &s.batch)
	for _, r := range s.batch.Rescinded {
		fmt.Fprintf(&s.out, "  rescinded %s of %s/%s: %s\n", r.Agent, r.Framework, r.Role, r.Reason)
	}
	for _, o := range s.batch.Offers {
		fmt.Fprintf(&s.out, "  %s -> %s/%s: %s%s\n", o.Agent, o.Framework, o.Role, o.Resources, during(o.Window))
		s.last = max(s.last, o.ID)
	}
	s.pollInverse()
}

// option returns the value of key=value among args.
func option(args []string, key string) string {
	for _, a := range args {
		if v, ok := strings.CutPrefix(a, key+"="); ok {
			return v
		}
	}
	return ""
}

func roleList(text string) []role.Name {
	var list []role.Name
	for _, r := range strings.Split(text, ",") {
		if r != "" {
			list = append(list, role.Name(r))
		}
	}
	return list
}

var shortCaps = map[string]offer.Capability{
	"gpu": offer.GPUResources, "rev": offer.RevocableResources, "shared": offer.SharedResources,
	"refined": offer.ReservationRefinement, "region": offer.RegionAware,
}

func (s *script) start(args []string) error {
	rules := offer.DefaultRules(offer.V1)
	if args[0] == "strict" {
		rules = offer.StrictDRF()
	}
	rules.Coalesce = 0
	set := func(key string, d *time.Duration) error {
		text := option(args, key)
		if text == "" {
			return nil
		}
		v, err := time.ParseDuration(text)
		*d = v
		return err
	}
	for key, d := range map[string]*time.Duration{
		"lifetime": &rules.OfferLifetime, "interval": &rules.Interval, "coalesce": &rules.Coalesce,
		"keep": &rules.KeepWhole,
	} {
		if err := set(key, d); err != nil {
			return err
		}
	}
	if slices.Contains(args, "merged") {
		rules.GuaranteeFirst = false
	}
	if slices.Contains(args, "nomin") {
		rules.MinAllocatable = nil
	}
	rules.CapOffers = rules.CapOffers && slices.Contains(args, "cap")
	if slices.Contains(args, "norescind") {
		rules.Rescind = false
	}
	cfg := offer.Config{Rules: rules, AgentOrder: offer.OrderByName, PieceOrder: offer.OrderByName, Region: "eu"}
	if slices.Contains(args, "keyed") {
		cfg.AgentOrder, cfg.PieceOrder = offer.OrderDefault, offer.OrderDefault
	}
	a, err := offer.New(cfg)
	s.a, s.now, s.last = a, 0, 0
	return err
}

func (s *script) framework(args []string) (offer.FrameworkSpec, error) {
	spec := offer.FrameworkSpec{
		ID: offer.FrameworkID(args[0]), Roles: roleList(option(args, "roles")), Suppressed: roleList(option(args, "suppressed")),
		Inactive: slices.Contains(args, "inactive"),
	}
	for _, c := range strings.Split(option(args, "caps"), ",") {
		spec.Capabilities |= shortCaps[c]
	}
	if min := option(args, "min"); min != "" {
		sets := []resource.Quantities{}
		for _, text := range strings.Split(min, "|") {
			if text == "any" {
				continue
			}
			q, err := resource.ParseQuantities(text)
			if err != nil {
				return spec, err
			}
			sets = append(sets, q)
		}
		spec.MinAllocatable = make(map[role.Name][]resource.Quantities)
		for _, r := range spec.Roles {
			spec.MinAllocatable[r] = sets
		}
	}
	err := constrain(&spec, option(args, "want"))
	return spec, err
}

func (s *script) agent(args []string) error {
	total, err := resource.Parse(args[1])
	if err != nil {
		return err
	}
	spec := offer.AgentSpec{
		ID: offer.AgentID(args[0]), Hostname: option(args, "host"), Region: option(args, "region"), Total: total,
		Zone: option(args, "zone"),
	}
	if spec.Window, err = window(option(args, "window")); err != nil {
		return err
	}
	if spec.Attributes, err = resource.ParseAttributes(option(args, "attrs")); err != nil {
		return err
	}
	for _, a := range args {
		text, ok := strings.CutPrefix(a, "used=")
		if !ok {
			continue
		}
		f, rest, _ := strings.Cut(text, "/")
		at := strings.LastIndex(rest, "/")
		r, err := resource.Parse(rest[at+1:])
		if err != nil {
			return err
		}
		spec.Used = append(spec.Used, offer.Use{Framework: offer.FrameworkID(f), Role: role.Name(rest[:at]), Resources: r})
	}
	return s.a.AddAgent(s.now, spec)
}

// offersOf returns the outstanding offers of a framework, on one agent where one is named.
func (s *script) offersOf(args []string) (ids []offer.OfferID, refuse offer.Filter) {
	for _, a := range args[1:] {
		if d, err := time.ParseDuration(a); err == nil {
			refuse.Refuse = d
		}
	}
	for id := range s.last + 1 {
		o, ok := s.a.Outstanding(id)
		if !ok || o.Framework != offer.FrameworkID(args[0]) {
			continue
		}
		if _, known := s.a.Agent(offer.AgentID(argAt(args, 1))); known && string(o.Agent) != args[1] {
			continue
		}
		ids = append(ids, id)
	}
	return ids, refuse
}

func argAt(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

func (s *script) accept(args []string) error {
	ids, refuse := s.offersOf(args)
	used, err := resource.Parse(option(args, "use"))
	if err != nil {
		return err
	}
	var ops []reservation.Op
	if text := option(args, "reserve"); text != "" {
		o, ok := s.a.Outstanding(ids[0])
		if !ok {
			return offer.ErrUnknownOffer
		}
		r, err := resource.Parse(text)
		if err != nil {
			return err
		}
		if r, err = r.PushReservation(resource.Reservation{Type: resource.Dynamic, Role: o.Role}); err != nil {
			return err
		}
		ops = append(ops, reservation.Reserve{Resources: r})
	}
	_, err = s.a.Accept(s.now, ids, ops, used, refuse)
	return err
}

func (s *script) quota(args []string) error {
	c, err := quota.Parse(args[0], option(args, "guarantee"), option(args, "limit"))
	if err != nil {
		return err
	}
	return s.a.SetQuota(s.now, []quota.Config{c}, slices.Contains(args, "force"))
}

func (s *script) weights(args []string) error {
	var list []role.Weight
	for _, a := range args {
		r, text, _ := strings.Cut(a, "=")
		w := role.Weight{Role: role.Name(r)}
		if _, err := fmt.Sscan(text, &w.Weight); err != nil {
			return err
		}
		list = append(list, w)
	}
	return s.a.SetWeights(s.now, list)
}

func (s *script) books(id offer.AgentID) {
	if b, ok := s.a.Agent(id); ok {
		fmt.Fprintf(&s.out, "  total %s, free %s, offered %s, allocated %s\n", b.Total, b.Free, b.Offered, b.Allocated)
	}
}

func (s *script) roles() {
	for _, r := range s.a.Roles() {
		fmt.Fprintf(&s.out, "  %s: weight %v, share %.4f, guarantee %s, limit %s, offered %s, allocated %s, reserved %s, frameworks %v\n",
			r.Role, r.Weight, r.Share, r.Guarantee, r.Limit, r.Offered, r.Allocated, r.Reserved, r.Frameworks)
	}
}

func (s *script) do(words []string) error {
	cmd, args := words[0], words[1:]
	f, g := offer.FrameworkID(argAt(args, 0)), offer.AgentID(argAt(args, 0))
	switch cmd {
	case "rules":
		return s.start(args)
	case "agent":
		return s.agent(args)
	case "total":
		r, err := resource.Parse(args[1])
		if err != nil {
			return err
		}
		return s.a.UpdateAgent(s.now, g, r)
	case "attributes":
		at, err := resource.ParseAttributes(args[1])
		if err != nil {
			return err
		}
		return s.a.SetAttributes(s.now, g, at)
	case "host":
		return s.a.SetHostname(s.now, g, args[1])
	case "activate", "deactivate":
		return s.a.SetAgentActive(s.now, g, cmd == "activate")
	case "remove-agent":
		return s.a.RemoveAgent(s.now, g)
	case "framework", "update":
		spec, err := s.framework(args)
		if err != nil {
			return err
		}
		if cmd == "update" {
			return s.a.UpdateFramework(s.now, spec)
		}
		return s.a.AddFramework(s.now, spec)
	case "on", "off":
		return s.a.SetFrameworkActive(s.now, f, cmd == "on")
	case "remove":
		return s.a.RemoveFramework(s.now, f)
	case "suppress":
		return s.a.Suppress(s.now, f, roleList(argAt(args, 1))...)
	case "revive":
		return s.a.Revive(s.now, f, roleList(argAt(args, 1))...)
	case "weight":
		return s.weights(args)
	case "quota":
		return s.quota(args)
	case "hint":
		if len(args) == 2 {
			return s.a.SetHint(s.now, f, role.Name(args[1]), nil)
		}
		unit, err := resource.ParseQuantities(args[3])
		if err != nil {
			return err
		}
		h := offer.Hint{Unit: unit}
		if _, err := fmt.Sscan(args[2], &h.Count); err != nil {
			return err
		}
		return s.a.SetHint(s.now, f, role.Name(args[1]), &h)
	case "decline":
		ids, refuse := s.offersOf(args)
		return s.a.Decline(s.now, refuse, ids...)
	case "accept":
		return s.accept(args)
	case "release":
		r, err := resource.Parse(args[3])
		if err != nil {
			return err
		}
		return s.a.Release(s.now, offer.Allocation{Framework: f, Role: role.Name(args[1]), Agent: offer.AgentID(args[2])}, r)
	case "hosts":
		if args[0] == "*" {
			return s.a.Whitelist(s.now, nil)
		}
		return s.a.Whitelist(s.now, args)
	case "pause":
		s.a.Pause(s.now)
	case "resume":
		s.a.Resume(s.now)
	case "wait":
		return s.wait(args[0])
	case "explain":
		v := s.a.Explain(f, role.Name(args[1]), offer.AgentID(args[2]))
		fmt.Fprintf(&s.out, "  gate %d: %s\n", v.Gate, v)
	case "books":
		s.books(g)
	case "roles":
		s.roles()
	case "order":
		fmt.Fprintf(&s.out, "  %v\n", s.a.RoleOrder())
	default:
		return s.doInverse(cmd, args)
	}
	return nil
}

// wait goes from deadline to deadline until d is over.
func (s *script) wait(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	end := s.now.Add(d)
	for {
		next, ok := s.a.NextDeadline()
		if !ok || next > end {
			break
		}
		s.now = max(s.now, next)
		s.poll()
	}
	s.now = end
	return nil
}
