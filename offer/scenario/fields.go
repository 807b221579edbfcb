package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/role/quota"
)

// field reads one field of a step.
func (r *reader) field(s *Step, key string, v json.RawMessage, depth int) (err error) {
	switch key {
	case "agent":
		return text(v, &s.Agent)
	case "framework":
		return text(v, &s.Framework)
	case "hostname":
		return text(v, &s.Hostname)
	case "role":
		return roleName(v, &s.Role)
	case "roles":
		s.Roles, err = r.roles(v)
	case "suppressed_roles":
		s.Suppressed, err = r.roles(v)
	case "resources":
		res, err := collection(v)
		s.Resources = &res
		return err
	case "offered":
		s.Offered, err = collection(v)
	case "used":
		s.Used, err = r.uses(v, s.Op)
	case "capabilities":
		return r.capabilities(s, v)
	case "active":
		on := true
		err = decode(v, &on)
		s.Inactive = !on
	case "min_allocatable":
		s.MinAllocatable, err = r.minimums(v)
	case "attributes":
		s.Attributes = new(resource.Attributes)
		return attributes(v, s.Attributes)
	case "constraints":
		if err = decode(v, &s.Constraints); err == nil {
			err = r.items(len(s.Constraints))
		}
	case "refuse_seconds":
		s.Refuse.Refuse, err = seconds(v)
	case "operations":
		s.Operations, err = r.operations(v)
	case "weights":
		s.Weights, err = r.weights(v)
	case "hosts":
		s.Hosts = []string{}
		return r.list(v, &s.Hosts)
	case "expected_agents":
		return decode(v, &s.Expected)
	case "quotas":
		s.Quota, err = r.quotas(v)
	case "seconds":
		if s.Advance, err = seconds(v); err == nil && s.Advance < 0 {
			err = fmt.Errorf("%v: time does not go back: %w", s.Advance, ErrFormat)
		}
	case "ops":
		s.Ops, err = r.inner(v, depth)
	case "expanded":
		s.Expanded, err = r.expanded(v, depth)
	case "is_allocated":
		return decode(v, new(bool))
	default:
		return s.Recorded.field(key, v)
	}
	return err
}

// field reads what is recorded of a step.
func (rec *Recorded) field(key string, v json.RawMessage) (err error) {
	switch key {
	case "allocation_runs":
		rec.Runs = new(uint64)
		return decode(v, rec.Runs)
	case "offers":
		rec.Offers = new(Offers)
		return decode(v, rec.Offers)
	case "result":
		rec.OK, err = outcome(v)
	case "resulting":
		var res resource.Resources
		res, err = collection(v)
		rec.Resulting = &res
	}
	return err
}

// outcome reads a result: ok, or error or failed, which may say why after a colon.
func outcome(v json.RawMessage) (*bool, error) {
	var s string
	if err := decode(v, &s); err != nil {
		return nil, err
	}
	word, _, _ := strings.Cut(s, ":")
	ok := s == "ok"
	if !ok && word != "error" && word != "failed" {
		return nil, fmt.Errorf("%.80q is none of ok, error and failed: %w", s, ErrFormat)
	}
	return &ok, nil
}

// decode is json.Unmarshal with this package's error.
func decode(v json.RawMessage, to any) error {
	if len(v) == 0 {
		return ErrMissing
	}
	err := json.Unmarshal(v, to)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &kind) {
		return malformed(err)
	}
	return err
}

// text reads a text that is not empty.
func text[T ~string](v json.RawMessage, to *T) error {
	if err := decode(v, to); err != nil {
		return err
	}
	if *to == "" {
		return fmt.Errorf("empty: %w", ErrFormat)
	}
	return nil
}

func roleName(v json.RawMessage, to *role.Name) error {
	if err := decode(v, to); err != nil {
		return err
	}
	return to.Validate()
}

// list reads a list of texts.
func (r *reader) list(v json.RawMessage, to *[]string) error {
	if err := decode(v, to); err != nil {
		return err
	}
	return r.items(len(*to))
}

func (r *reader) items(n int) error {
	if n > r.bounds.Items {
		return fmt.Errorf("%d entries, at most %d: %w", n, r.bounds.Items, ErrBound)
	}
	return nil
}

func (r *reader) roles(v json.RawMessage) ([]role.Name, error) {
	var list []role.Name
	if err := decode(v, &list); err != nil {
		return nil, err
	}
	for _, n := range list {
		if err := n.Validate(); err != nil {
			return nil, err
		}
	}
	return list, r.items(len(list))
}

// seconds reads a number of seconds; what is beyond some 290 years is cut there.
func seconds(v json.RawMessage) (time.Duration, error) {
	var s float64
	if err := decode(v, &s); err != nil {
		return 0, err
	}
	ns := s * float64(time.Second)
	const most = float64(math.MaxInt64) / 1.01
	return time.Duration(max(-most, min(most, ns))), nil
}

// collection reads resources from their text or from a list of Resource messages.
func collection(v json.RawMessage) (resource.Resources, error) {
	if !bytes.HasPrefix(v, []byte(`"`)) {
		if !bytes.HasPrefix(v, []byte("[")) {
			return resource.Resources{}, fmt.Errorf("resources are a text or a list: %w", ErrFormat)
		}
		return resource.DecodeJSON(v)
	}
	var s string
	if err := decode(v, &s); err != nil {
		return resource.Resources{}, err
	}
	return resource.Parse(s)
}

// attributes reads name:value;… as agents are started with.
func attributes(v json.RawMessage, to *resource.Attributes) (err error) {
	var s string
	if err = decode(v, &s); err == nil {
		*to, err = resource.ParseAttributes(s)
	}
	return err
}

type rawUse struct {
	Role      role.Name
	Resources json.RawMessage
}

// uses reads {framework: {role, resources}} of an agent, or {agent: {role, resources}} of a framework; each may be a list.
func (r *reader) uses(v json.RawMessage, op string) ([]Use, error) {
	m, err := r.table(v)
	if err != nil {
		return nil, err
	}
	var list []Use
	for _, key := range slices.Sorted(maps.Keys(m)) {
		var raw []rawUse
		if bytes.HasPrefix(m[key], []byte("[")) {
			err = decode(m[key], &raw)
		} else {
			raw = make([]rawUse, 1)
			err = decode(m[key], &raw[0])
		}
		for _, u := range raw {
			use := Use{Role: u.Role}
			if op == "add_framework" || op == "update_framework" {
				use.Agent = offer.AgentID(key)
			} else {
				use.Framework = offer.FrameworkID(key)
			}
			if err == nil {
				err = u.Role.Validate()
			}
			if err == nil {
				use.Resources, err = collection(u.Resources)
			}
			list = append(list, use)
		}
		if err == nil && key == "" {
			err = fmt.Errorf("no name: %w", ErrFormat)
		}
		if err != nil {
			return nil, fmt.Errorf("%.80q: %w", key, err)
		}
	}
	return list, r.items(len(list))
}

func (r *reader) capabilities(s *Step, v json.RawMessage) error {
	var list []string
	if err := r.list(v, &list); err != nil {
		return err
	}
	if strings.HasSuffix(s.Op, "_agent") {
		s.AgentCapabilities = make(map[string]bool)
	}
	for _, name := range list {
		bit, ok := frameworkCapabilities[name]
		if s.AgentCapabilities != nil {
			ok = agentCapabilities[name]
			s.AgentCapabilities[name] = true
		}
		if !ok {
			return fmt.Errorf("capability %.80q is not known: %w", name, ErrFormat)
		}
		s.Capabilities |= bit
	}
	return nil
}

func (r *reader) quantitySets(v json.RawMessage) ([]resource.Quantities, error) {
	var texts []string
	if err := r.list(v, &texts); err != nil {
		return nil, err
	}
	sets := []resource.Quantities{}
	for _, t := range texts {
		q, err := resource.ParseQuantities(t)
		if err != nil {
			return nil, err
		}
		sets = append(sets, q)
	}
	return sets, nil
}

func (r *reader) minimums(v json.RawMessage) (map[role.Name][]resource.Quantities, error) {
	m, err := r.table(v)
	if err != nil {
		return nil, err
	}
	sets := make(map[role.Name][]resource.Quantities)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if err := role.Name(key).Validate(); err != nil {
			return nil, err
		}
		if sets[role.Name(key)], err = r.quantitySets(m[key]); err != nil {
			return nil, fmt.Errorf("role %q: %w", key, err)
		}
	}
	return sets, nil
}

func (r *reader) weights(v json.RawMessage) ([]role.Weight, error) {
	m, err := r.table(v)
	if err != nil {
		return nil, err
	}
	var list []role.Weight
	for _, key := range slices.Sorted(maps.Keys(m)) {
		w := role.Weight{Role: role.Name(key)}
		if err := w.Role.Validate(); err != nil {
			return nil, err
		}
		if err := decode(m[key], &w.Weight); err != nil {
			return nil, fmt.Errorf("role %q: %w", key, err)
		}
		list = append(list, w)
	}
	return list, nil
}

// quotaOf reads the quota of one role.
func (r *reader) quotaOf(n role.Name, guarantees, limits json.RawMessage) ([]quota.Config, error) {
	var g, l string
	if len(guarantees) > 0 {
		if err := decode(guarantees, &g); err != nil {
			return nil, fmt.Errorf(`"guarantees": %w`, err)
		}
	}
	if len(limits) > 0 {
		if err := decode(limits, &l); err != nil {
			return nil, fmt.Errorf(`"limits": %w`, err)
		}
	}
	c, err := quota.Parse(string(n), g, l)
	return []quota.Config{c}, err
}

func (r *reader) quotas(v json.RawMessage) ([]quota.Config, error) {
	m, err := r.table(v)
	if err != nil {
		return nil, err
	}
	var list []quota.Config
	for _, key := range slices.Sorted(maps.Keys(m)) {
		q, err := object(m[key])
		if err == nil {
			var one []quota.Config
			if one, err = r.quotaOf(role.Name(key), q["guarantees"], q["limits"]); err == nil {
				list = append(list, one...)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("role %.80q: %w", key, err)
		}
	}
	return list, nil
}

// operations reads [{type, resources}].
func (r *reader) operations(v json.RawMessage) ([]reservation.Op, error) {
	var raw []struct {
		Type      string
		Resources json.RawMessage
	}
	if err := decode(v, &raw); err != nil {
		return nil, err
	}
	if err := r.items(len(raw)); err != nil {
		return nil, err
	}
	var ops []reservation.Op
	for i, o := range raw {
		res, err := collection(o.Resources)
		if err != nil {
			return nil, fmt.Errorf("operation %d: %w", i, err)
		}
		op, err := operation(o.Type, res)
		if err != nil {
			return nil, fmt.Errorf("operation %d: %w", i, err)
		}
		ops = append(ops, op)
	}
	return ops, nil
}

func operation(kind string, r resource.Resources) (reservation.Op, error) {
	switch kind {
	case "RESERVE":
		return reservation.Reserve{Resources: r}, nil
	case "UNRESERVE":
		return reservation.Unreserve{Resources: r}, nil
	case "CREATE":
		return reservation.Create{Volumes: r}, nil
	case "DESTROY":
		return reservation.Destroy{Volumes: r}, nil
	}
	return nil, fmt.Errorf("type %.80q: %w", kind, ErrUnknownOp)
}

// inner reads the steps inside a step.
func (r *reader) inner(v json.RawMessage, depth int) ([]Step, error) {
	var raw []json.RawMessage
	if err := decode(v, &raw); err != nil {
		return nil, err
	}
	list := []Step{}
	for i, one := range raw {
		s, err := r.step(one, depth+1)
		if err == nil && (s.Recorded.Offers != nil || s.Recorded.Runs != nil) {
			err = fmt.Errorf("offers and allocation_runs are those of the whole step and stand there: %w", ErrFormat)
		}
		if err != nil {
			return nil, within(i, s.Op, err)
		}
		list = append(list, s)
	}
	return list, nil
}

// expanded reads what a decline_all was; recovers only.
func (r *reader) expanded(v json.RawMessage, depth int) ([]Step, error) {
	list, err := r.inner(v, depth)
	for _, s := range list {
		if s.Op != "recover" {
			return nil, fmt.Errorf("%q: only recover may stand here: %w", s.Op, ErrFormat)
		}
	}
	return list, err
}
