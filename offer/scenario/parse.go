package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
)

// Parse reads a scenario file. It reads all or nothing: an Error names the case and the step. Data is not kept.
//
// Options, operations and fields of steps that are not known are refused, since they may change what happens; further
// fields of the file and of a case are not looked at.
func Parse(data []byte, b Bounds) (File, error) {
	r := reader{bounds: b.withDefaults()}
	f, err := r.file(data)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) {
			err = &Error{Step: NoStep, Err: err}
		}
		return File{}, err
	}
	return f, nil
}

// reader carries the bounds and what was used up of them.
type reader struct {
	bounds Bounds
	steps  int // of the case at hand
}

func (r *reader) file(data []byte) (File, error) {
	if len(data) > r.bounds.Bytes {
		return File{}, fmt.Errorf("more than %d bytes: %w", r.bounds.Bytes, ErrBound)
	}
	var raw struct{ Cases *[]json.RawMessage }
	if err := json.Unmarshal(data, &raw); err != nil {
		return File{}, malformed(err)
	}
	if raw.Cases == nil {
		return File{}, fmt.Errorf(`"cases": %w`, ErrMissing)
	}
	if len(*raw.Cases) > r.bounds.Cases {
		return File{}, fmt.Errorf("%d cases, at most %d: %w", len(*raw.Cases), r.bounds.Cases, ErrBound)
	}
	f := File{Cases: make([]Case, 0, len(*raw.Cases))}
	for i, c := range *raw.Cases {
		parsed, err := r.scenario(c)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				err = fmt.Errorf("case number %d: %w", i, err)
			}
			return File{}, err
		}
		f.Cases = append(f.Cases, parsed)
	}
	return f, nil
}

// malformed makes an error of package json one of this package.
func malformed(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("byte %d: %w: %w", syntax.Offset, err, ErrFormat)
	}
	return fmt.Errorf("%w: %w", err, ErrFormat)
}

func (r *reader) scenario(data []byte) (Case, error) {
	var raw struct {
		Name    string
		Seed    uint64
		Options json.RawMessage
		Steps   []json.RawMessage
		Final   *Final
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		if raw.Name == "" {
			return Case{}, malformed(err)
		}
		return Case{}, at(raw.Name, NoStep, "", malformed(err))
	}
	if raw.Name == "" {
		return Case{}, fmt.Errorf(`"name": %w`, ErrMissing)
	}
	if raw.Steps == nil {
		return Case{}, at(raw.Name, NoStep, "", fmt.Errorf(`"steps": %w`, ErrMissing))
	}
	c := Case{Name: raw.Name, Seed: raw.Seed, Final: raw.Final}
	var err error
	if c.Options, err = r.options(raw.Options); err != nil {
		return Case{}, at(c.Name, NoStep, "", fmt.Errorf("options: %w", err))
	}
	r.steps = 0
	for i, s := range raw.Steps {
		step, err := r.step(s, 0)
		if err != nil {
			return Case{}, at(c.Name, i, step.Op, err)
		}
		c.Steps = append(c.Steps, step)
	}
	return c, nil
}

// table reads a JSON object of at most Items fields.
func (r *reader) table(data []byte) (map[string]json.RawMessage, error) {
	m, err := object(data)
	if err != nil {
		return nil, err
	}
	return m, r.items(len(m))
}

// object reads a JSON object, fields that are null left out.
func object(data []byte) (map[string]json.RawMessage, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, malformed(err)
	}
	maps.DeleteFunc(m, func(_ string, v json.RawMessage) bool { return bytes.Equal(v, []byte("null")) })
	return m, nil
}

func (r *reader) options(data []byte) (Options, error) {
	var o Options
	if len(data) == 0 {
		return o, nil
	}
	m, err := object(data)
	if err != nil {
		return o, err
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if err := r.option(&o, key, m[key]); err != nil {
			return o, fmt.Errorf("%q: %w", key, err)
		}
	}
	return o, nil
}

func (r *reader) option(o *Options, key string, v json.RawMessage) error {
	switch key {
	case "allocation_interval":
		d, err := seconds(v)
		if err == nil && d < 0 {
			err = fmt.Errorf("%v is negative: %w", d, ErrFormat)
		}
		o.Interval = &d
		return err
	case "fairness_exclude":
		return r.list(v, &o.Excluded)
	case "min_allocatable":
		sets, err := r.quantitySets(v)
		o.MinAllocatable = &sets
		return err
	case "no_min_allocatable":
		var on bool
		if err := decode(v, &on); err != nil {
			return err
		}
		if on && o.MinAllocatable == nil {
			o.MinAllocatable = &[]resource.Quantities{}
		}
		return nil
	}
	return ErrUnknownField
}

const maxNesting = 8 // of atomic in atomic

// step reads one step; on an error it returns the step with its Op, if that could be read.
func (r *reader) step(data []byte, depth int) (Step, error) {
	var s Step
	if r.steps++; r.steps > r.bounds.Steps {
		return s, fmt.Errorf("more than %d steps: %w", r.bounds.Steps, ErrBound)
	}
	if depth > maxNesting {
		return s, fmt.Errorf("steps inside steps, %d deep: %w", depth, ErrBound)
	}
	m, err := object(data)
	if err != nil {
		return s, err
	}
	if err := decode(m["op"], &s.Op); err != nil {
		return s, fmt.Errorf(`"op": %w`, err)
	}
	sh, ok := shapes[s.Op]
	if !ok {
		return s, fmt.Errorf("%.80q: %w", s.Op, ErrUnknownOp)
	}
	for _, key := range sh.need {
		if _, ok := m[key]; !ok {
			return s, fmt.Errorf("%q: %w", key, ErrMissing)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(everywhere, key) && !slices.Contains(sh.need, key) && !slices.Contains(sh.may, key) {
			return s, fmt.Errorf("%.80q: %w", key, ErrUnknownField)
		}
		if err := r.field(&s, key, m[key], depth); err != nil {
			return s, fmt.Errorf("%q: %w", key, err)
		}
	}
	return s, r.finish(&s, m)
}

// finish fills in what hangs on several fields.
func (r *reader) finish(s *Step, m map[string]json.RawMessage) (err error) {
	switch s.Op {
	case "add_framework", "update_framework":
		if m["capabilities"] == nil {
			s.Capabilities = offer.ReservationRefinement
		}
	case "recover", "decline_all":
		if on := false; m["default_filter"] != nil {
			if err = decode(m["default_filter"], &on); on {
				s.Refuse = offer.Filter{Refuse: -1}
			}
		}
	case "update_quota":
		s.Quota, err = r.quotaOf(s.Role, m["guarantees"], m["limits"])
	}
	for i := range s.Used {
		if s.Op == "add_framework" {
			s.Used[i].Framework = s.Framework
		} else {
			s.Used[i].Agent = s.Agent
		}
	}
	return err
}
