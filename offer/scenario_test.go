package offer_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// A scenario is one recorded run of the reference's allocator without a master: what happened, and after every step what
// was offered. Nothing is rescinded, and every offer counts as taken until a step gives it back.
type scenario struct {
	Name    string
	Options struct {
		Interval        *float64 `json:"allocation_interval"`
		FairnessExclude []string `json:"fairness_exclude"`
		MinAllocatable  []string `json:"min_allocatable"`
		NoMinimum       bool     `json:"no_min_allocatable"`
	}
	Steps []step
	Final struct {
		Agents map[string]struct {
			Total, Available string
			Held             map[string]map[string]string `json:"offered_or_allocated"`
		}
		RoleSort      []string            `json:"role_sort"`
		FrameworkSort map[string][]string `json:"framework_sort"`
	}
}

type step struct {
	Op             string
	Agent          string
	Framework      string
	Role           string
	Roles          []role.Name
	Suppressed     []role.Name `json:"suppressed_roles"`
	Capabilities   *[]string
	Active         *bool
	Resources      flexible
	Used           map[string]usedBy
	MinAllocatable map[role.Name][]string `json:"min_allocatable"`
	Hostname       string
	Refuse         *float64 `json:"refuse_seconds"`
	DefaultFilter  bool     `json:"default_filter"`
	Expanded       []step
	Operations     []operation
	Result         string
	Weights        map[role.Name]float64
	Guarantees     string
	Limits         string
	Hosts          *[]string
	Expected       int `json:"expected_agents"`
	Quotas         map[role.Name]struct{ Guarantees, Limits string }
	Seconds        float64
	Ops            []step

	Runs   uint64 `json:"allocation_runs"`
	Offers map[string]map[string]map[string]struct {
		Text string
		JSON flexible
	}
}

type usedBy struct {
	Role      role.Name
	Resources flexible
}

type operation struct {
	Type      string
	Resources flexible
}

// flexible reads resources from their text or their JSON form.
type flexible struct{ resource.Resources }

func (f *flexible) UnmarshalJSON(b []byte) (err error) {
	if bytes.HasPrefix(b, []byte(`"`)) {
		var text string
		if err = json.Unmarshal(b, &text); err == nil {
			f.Resources, err = resource.Parse(text)
		}
		return err
	}
	return json.Unmarshal(b, &f.Resources)
}

// player plays one scenario against an allocator of its own.
type player struct {
	a     *offer.Allocator
	now   offer.Time
	batch offer.Batch
}

func newPlayer(s *scenario) (*player, error) {
	rules := offer.StrictDRF()
	rules.Rescind = false
	if s.Options.Interval != nil {
		rules.Interval = seconds(*s.Options.Interval)
	}
	rules.Excluded = s.Options.FairnessExclude
	if s.Options.NoMinimum {
		rules.MinAllocatable = nil
	}
	if s.Options.MinAllocatable != nil {
		sets, err := minimum(s.Options.MinAllocatable)
		if err != nil {
			return nil, err
		}
		rules.MinAllocatable = sets
	}
	a, err := offer.New(offer.Config{Rules: rules, AgentOrder: offer.OrderByName, PieceOrder: offer.OrderByName})
	return &player{a: a}, err
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func minimum(texts []string) ([]resource.Quantities, error) {
	sets := []resource.Quantities{}
	for _, text := range texts {
		q, err := resource.ParseQuantities(text)
		if err != nil {
			return nil, err
		}
		sets = append(sets, q)
	}
	return sets, nil
}

// play does every step and compares what it gives; it returns the first difference.
func (p *player) play(s *scenario) error {
	for i := range s.Steps {
		st := &s.Steps[i]
		runs := p.a.Stats().Runs
		if err := p.do(st); err != nil {
			return fmt.Errorf("step %d (%s): %w", i, st.Op, err)
		}
		p.batch.Reset()
		p.a.Poll(p.now, &p.batch)
		if err := p.compare(st, p.a.Stats().Runs-runs); err != nil {
			return fmt.Errorf("step %d (%s): %w", i, st.Op, err)
		}
		if err := p.a.Check(); err != nil {
			return fmt.Errorf("step %d (%s): %w", i, st.Op, err)
		}
	}
	return p.compareFinal(s)
}

// compare holds the offers of a step against the recorded ones and takes them all.
func (p *player) compare(st *step, runs uint64) error {
	want := make(map[string]resource.Resources)
	for f, roles := range st.Offers {
		for r, agents := range roles {
			for g, o := range agents {
				want[f+" "+r+" "+g] = o.JSON.Resources
			}
		}
	}
	got := make(map[string]resource.Resources)
	for _, o := range p.batch.Offers {
		key := fmt.Sprintf("%s %s %s", o.Framework, o.Role, o.Agent)
		got[key] = got[key].Add(o.Resources)
		if _, err := p.a.Accept(p.now, []offer.OfferID{o.ID}, nil, o.Resources, offer.Filter{}); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got[key]; !ok || !sameButCopies(got[key], want[key]) {
			return fmt.Errorf("offer %s: want %s, got %s (all: %v)", key, want[key], got[key], got)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			return fmt.Errorf("offer %s: want none, got %s (want: %v)", key, got[key], want)
		}
	}
	if runs != st.Runs {
		return fmt.Errorf("%d runs, want %d", runs, st.Runs)
	}
	return nil
}

// sameButCopies compares a and b; the copies of shared volumes, which the recorded JSON loses, are not counted.
func sameButCopies(a, b resource.Resources) bool {
	return a.NonShared().Equal(b.NonShared()) && a.Shared().Quantities().Equal(b.Shared().Quantities())
}

func (p *player) compareFinal(s *scenario) error {
	for id, want := range s.Final.Agents {
		got, ok := p.a.Agent(offer.AgentID(id))
		if !ok {
			return fmt.Errorf("final: agent %s is not there", id)
		}
		if t := pieces(got.Total.String()); t != pieces(want.Total) {
			return fmt.Errorf("final: total of %s: want %s, got %s", id, want.Total, got.Total)
		}
		if t := pieces(got.Free.String()); t != pieces(want.Available) {
			return fmt.Errorf("final: available of %s: want %s, got %s", id, want.Available, got.Free)
		}
	}
	roles := p.a.RoleOrder()
	var order []string
	for _, r := range s.Final.RoleSort {
		if slices.Contains(roles, role.Name(r)) { // the reference lists roles whose frameworks are all suppressed too
			order = append(order, r)
		}
	}
	if fmt.Sprint(order) != fmt.Sprint(roles) {
		return fmt.Errorf("final: order of roles: want %v, got %v", s.Final.RoleSort, roles)
	}
	for r, want := range s.Final.FrameworkSort {
		if got := p.a.FrameworkOrder(role.Name(r)); fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("final: order of frameworks of %s: want %v, got %v", r, want, got)
		}
	}
	return nil
}

var copies = regexp.MustCompile(`(<SHARED>:[0-9.]+)<1>`)

// pieces sorts the entries of a printed collection: the recorded order depends on history. A single copy of a shared
// volume is printed without its count there.
func pieces(text string) string {
	if text == "{}" {
		text = ""
	}
	text = copies.ReplaceAllString(text, "$1")
	list := strings.Split(text, "; ")
	slices.Sort(list)
	return strings.Join(list, "; ")
}

var errUnsupported = errors.New("not supported by the runner")

func (p *player) do(st *step) error {
	g, f := offer.AgentID(st.Agent), offer.FrameworkID(st.Framework)
	switch st.Op {
	case "atomic":
		return p.doAll(st.Ops)
	case "decline_all":
		return p.doAll(st.Expanded)
	case "advance":
		p.now = p.now.Add(seconds(st.Seconds))
		return nil
	case "add_agent":
		spec := offer.AgentSpec{ID: g, Hostname: cmp.Or(st.Hostname, st.Agent), Total: st.Resources.Resources}
		for _, id := range slices.Sorted(maps.Keys(st.Used)) {
			u := st.Used[id]
			spec.Used = append(spec.Used, offer.Use{Framework: offer.FrameworkID(id), Role: u.Role, Resources: u.Resources.Resources})
		}
		return p.a.AddAgent(p.now, spec)
	case "update_agent":
		return p.a.UpdateAgent(p.now, g, st.Resources.Resources)
	case "remove_agent":
		return p.a.RemoveAgent(p.now, g)
	case "activate_agent", "deactivate_agent":
		return p.a.SetAgentActive(p.now, g, st.Op == "activate_agent")
	case "add_framework", "update_framework":
		spec, err := frameworkSpec(st)
		if err != nil {
			return err
		}
		if st.Op == "add_framework" {
			return p.a.AddFramework(p.now, spec)
		}
		return p.a.UpdateFramework(p.now, spec)
	case "remove_framework":
		return p.a.RemoveFramework(p.now, f)
	case "activate_framework", "deactivate_framework":
		return p.a.SetFrameworkActive(p.now, f, st.Op == "activate_framework")
	case "recover":
		return p.recover(st)
	case "transition_to_allocated":
		return nil
	case "update_allocation":
		ops, err := operations(st.Operations)
		if err != nil {
			return err
		}
		return p.a.Convert(p.now, offer.Allocation{Framework: f, Role: role.Name(st.Role), Agent: g}, ops...)
	case "update_available":
		return p.updateAvailable(st)
	case "suppress":
		return p.a.Suppress(p.now, f, st.Roles...)
	case "revive":
		return p.a.Revive(p.now, f, st.Roles...)
	case "update_weights":
		var list []role.Weight
		for _, r := range slices.Sorted(maps.Keys(st.Weights)) {
			list = append(list, role.Weight{Role: r, Weight: st.Weights[r]})
		}
		return p.a.SetWeights(p.now, list)
	case "update_quota":
		c, err := quota.Parse(st.Role, st.Guarantees, st.Limits)
		if err != nil {
			return err
		}
		return p.a.SetQuota(p.now, []quota.Config{c}, true)
	case "whitelist":
		if st.Hosts == nil {
			return p.a.Whitelist(p.now, nil)
		}
		return p.a.Whitelist(p.now, append([]string{}, *st.Hosts...))
	case "pause":
		p.a.Pause(p.now)
		return nil
	case "resume":
		p.a.Resume(p.now)
		return nil
	case "recover_state":
		var list []quota.Config
		for _, r := range slices.Sorted(maps.Keys(st.Quotas)) {
			c, err := quota.Parse(string(r), st.Quotas[r].Guarantees, st.Quotas[r].Limits)
			if err != nil {
				return err
			}
			list = append(list, c)
		}
		return p.a.Recover(p.now, st.Expected, list)
	}
	return errUnsupported
}

func (p *player) doAll(steps []step) error {
	for i := range steps {
		if err := p.do(&steps[i]); err != nil {
			return fmt.Errorf("%d (%s): %w", i, steps[i].Op, err)
		}
	}
	return nil
}

var capabilities = map[string]offer.Capability{
	"GPU_RESOURCES": offer.GPUResources, "REVOCABLE_RESOURCES": offer.RevocableResources,
	"SHARED_RESOURCES": offer.SharedResources, "RESERVATION_REFINEMENT": offer.ReservationRefinement,
	"REGION_AWARE": offer.RegionAware,
}

func frameworkSpec(st *step) (offer.FrameworkSpec, error) {
	spec := offer.FrameworkSpec{
		ID: offer.FrameworkID(st.Framework), Roles: st.Roles, Suppressed: st.Suppressed,
		Inactive: st.Active != nil && !*st.Active,
	}
	if st.Capabilities == nil {
		spec.Capabilities = offer.ReservationRefinement
	} else {
		for _, name := range *st.Capabilities {
			spec.Capabilities |= capabilities[name]
		}
	}
	for r, texts := range st.MinAllocatable {
		sets, err := minimum(texts)
		if err != nil {
			return spec, err
		}
		if spec.MinAllocatable == nil {
			spec.MinAllocatable = make(map[role.Name][]resource.Quantities)
		}
		spec.MinAllocatable[r] = sets
	}
	return spec, nil
}

// recover gives part of what was taken back; what is gone already is nobody's loss.
func (p *player) recover(st *step) error {
	al := offer.Allocation{Framework: offer.FrameworkID(st.Framework), Role: role.Name(st.Role), Agent: offer.AgentID(st.Agent)}
	err := p.a.Release(p.now, al, st.Resources.Resources)
	if err != nil && !errors.Is(err, offer.ErrUnknownAgent) {
		return err
	}
	f := offer.Filter{}
	switch {
	case st.DefaultFilter:
		f.Refuse = -1
	case st.Refuse != nil:
		f.Refuse = seconds(*st.Refuse)
	default:
		return nil
	}
	err = p.a.Refuse(p.now, al, st.Resources.Resources, f)
	if errors.Is(err, offer.ErrNotSubscribed) || errors.Is(err, offer.ErrUnknownFramework) || errors.Is(err, offer.ErrUnknownAgent) {
		return nil
	}
	return err
}

func (p *player) updateAvailable(st *step) error {
	ops, err := operations(st.Operations)
	if err != nil {
		return err
	}
	principal := "ops"
	for _, op := range ops {
		err = p.a.Operate(p.now, offer.AgentID(st.Agent), op, &principal)
		if (err == nil) != (st.Result == "ok") {
			return fmt.Errorf("want %s, got %v", st.Result, err)
		}
	}
	return nil
}

func operations(list []operation) ([]reservation.Op, error) {
	var ops []reservation.Op
	for _, o := range list {
		switch o.Type {
		case "RESERVE":
			ops = append(ops, reservation.Reserve{Resources: o.Resources.Resources})
		case "UNRESERVE":
			ops = append(ops, reservation.Unreserve{Resources: o.Resources.Resources})
		case "CREATE":
			ops = append(ops, reservation.Create{Volumes: o.Resources.Resources})
		case "DESTROY":
			ops = append(ops, reservation.Destroy{Volumes: o.Resources.Resources})
		default:
			return nil, fmt.Errorf("operation %s: %w", o.Type, errUnsupported)
		}
	}
	return ops, nil
}

// readScenarios reads a recorded file, gzip-compressed or plain.
func readScenarios(t *testing.T, path string) []scenario {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		in, err = gzip.NewReader(f)
		require.NoError(t, err)
	}
	var file struct{ Cases []json.RawMessage }
	require.NoError(t, json.NewDecoder(in).Decode(&file))
	var list []scenario
	for _, raw := range file.Cases {
		var s scenario
		require.NoError(t, json.Unmarshal(raw, &s))
		list = append(list, s)
	}
	return list
}

// docs/allocation.md §0
func TestGoldenScenarios(t *testing.T) {
	for _, name := range []string{"allocator_examples.json", "allocator.json", "allocator_random_more.json"} {
		paths := []string{filepath.Join("testdata", name+".gz")}
		if dir := os.Getenv("PROFFER_CASES"); dir != "" {
			if more := filepath.Join(dir, name); fileExists(more) {
				paths = append(paths, more)
			}
		}
		for _, path := range paths {
			list := readScenarios(t, path)
			compared := 0
			for i := range list {
				s := &list[i]
				p, err := newPlayer(s)
				require.NoError(t, err)
				compared++
				if err := p.play(s); err != nil {
					t.Errorf("%s: %s: %v", path, s.Name, err)
				}
			}
			t.Logf("golden %s: %d cases", filepath.Base(path), compared)
			require.NotZero(t, compared, path)
		}
	}
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
