package quota

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// wireConfig is {"role":"eng","guarantees":{"cpus":{"value":10}},"limits":{}} (docs/http-v1.md §9.2).
type wireConfig struct {
	Role       *role.Name          `json:"role"`
	Guarantees map[string]wireUnit `json:"guarantees,omitempty"`
	Limits     map[string]wireUnit `json:"limits,omitempty"`
}

type wireUnit struct {
	Value json.RawMessage `json:"value"`
}

// MarshalJSON writes {"role":"eng","guarantees":{"cpus":{"value":10}}}; empty maps are left out, names are sorted.
func (c Config) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireConfig{Role: &c.Role, Guarantees: toWire(c.Guarantees.All()), Limits: toWire(c.Limits.All())})
}

func toWire(amounts iter.Seq2[string, resource.Scalar]) map[string]wireUnit {
	units := map[string]wireUnit{}
	for name, amount := range amounts {
		units[name] = wireUnit{Value: json.RawMessage(amount.String())}
	}
	return units
}

// UnmarshalJSON reads what MarshalJSON writes, and numbers in strings. Unknown fields are ignored; role and each value are required.
// The amounts must be finite and not negative and not round to 0 unless they are (ErrMalformed); the rest is Validate's business.
// On an error c keeps its value.
func (c *Config) UnmarshalJSON(b []byte) error {
	var w wireConfig
	if err := json.Unmarshal(b, &w); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if w.Role == nil {
		return fmt.Errorf("%w: no role given", ErrMalformed)
	}
	guarantees, err := fromWire(w.Guarantees)
	if err != nil {
		return fmt.Errorf("guarantee of role %.80q: %w", *w.Role, err)
	}
	limits, err := fromWire(w.Limits)
	if err != nil {
		return fmt.Errorf("limit of role %.80q: %w", *w.Role, err)
	}
	g, err := resource.NewQuantities(guarantees...)
	if err != nil {
		return fmt.Errorf("guarantees of role %.80q: %w", *w.Role, err)
	}
	l, err := resource.NewLimits(limits...)
	if err != nil {
		return fmt.Errorf("limits of role %.80q: %w", *w.Role, err)
	}
	*c = Config{Role: *w.Role, Guarantees: g, Limits: l}
	return nil
}

// fromWire reads the amounts of one map in the order of their names, so that the same input gives the same error.
func fromWire(units map[string]wireUnit) ([]resource.Quantity, error) {
	var qs []resource.Quantity
	for _, name := range slices.Sorted(maps.Keys(units)) {
		amount, err := parseAmount(units[name].Value)
		if err != nil {
			return nil, fmt.Errorf("%.80q: %w", name, err)
		}
		qs = append(qs, resource.Quantity{Name: name, Amount: amount})
	}
	return qs, nil
}

// parseAmount reads a JSON number, or a string that holds one (docs/resource-model.md §1.1, §2.3).
// What is not zero must not become zero: a limit of 0.0004 would forbid everything.
func parseAmount(raw json.RawMessage) (resource.Scalar, error) {
	text := string(raw)
	if len(raw) > 0 && raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return 0, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
	}
	amount, err := resource.ParseScalar(text)
	if err != nil {
		return 0, fmt.Errorf("%w: value: %w", ErrMalformed, err)
	}
	if v, err := strconv.ParseFloat(text, 64); amount == 0 && (err != nil || v != 0) {
		return 0, fmt.Errorf("%w: value %s rounds to 0; the least amount is 0.001", ErrMalformed, text)
	}
	return amount, nil
}

// ParseUpdate reads the list of an update: [{"role":"eng","guarantees":{…},"limits":{…}},…], each as Config.UnmarshalJSON does.
func ParseUpdate(b []byte) ([]Config, error) {
	var list []Config
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return list, nil
}

// MarshalJSON writes the list of all quota, sorted by role.
func (t Tree) MarshalJSON() ([]byte, error) {
	if len(t.c) == 0 {
		return []byte("[]"), nil
	}
	return json.Marshal(t.c)
}

// UnmarshalJSON reads what MarshalJSON writes. Each Config and the tree are checked as by a forced Update: what was once accepted
// must be readable on a smaller cluster. On an error t keeps its value.
func (t *Tree) UnmarshalJSON(b []byte) error {
	list, err := ParseUpdate(b)
	if err != nil {
		return err
	}
	fresh, err := Tree{}.Update(list, Facts{Force: true})
	if err != nil {
		return err
	}
	*t = fresh
	return nil
}
