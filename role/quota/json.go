package quota

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// wireConfig is {"role":"eng","guarantees":{"cpus":{"value":10}},"limits":{}} (docs/http-v1.md §9.2).
type wireConfig[G, L any] struct {
	Role       *role.Name `json:"role"`
	Guarantees G          `json:"guarantees,omitzero"`
	Limits     L          `json:"limits,omitzero"`
}

// MarshalJSON writes {"role":"eng","guarantees":{"cpus":{"value":10}}}; empty maps are left out, names are sorted.
func (c Config) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireConfig[resource.Quantities, resource.Limits]{Role: &c.Role, Guarantees: c.Guarantees, Limits: c.Limits})
}

// UnmarshalJSON reads what MarshalJSON writes, and numbers in strings. Unknown fields are ignored; role and each value are required.
// The amounts must be finite and not negative and not round to 0 unless they are (ErrMalformed); the rest is Validate's business.
// On an error c keeps its value.
func (c *Config) UnmarshalJSON(b []byte) error {
	var w wireConfig[json.RawMessage, json.RawMessage]
	if err := json.Unmarshal(b, &w); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if w.Role == nil {
		return fmt.Errorf("%w: no role given", ErrMalformed)
	}
	guarantees, err := amounts(w.Guarantees)
	if err != nil {
		return fmt.Errorf("guarantees of role %.80q: %w", *w.Role, err)
	}
	limits, err := amounts(w.Limits)
	if err != nil {
		return fmt.Errorf("limits of role %.80q: %w", *w.Role, err)
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

// amounts reads one map as Limits do, guarantees too: what is not zero must not become zero (docs/resource-model.md §4.5).
// Each amount must be an object: a plain number is none of this API.
func amounts(raw json.RawMessage) ([]resource.Quantity, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var objects map[string]*struct{}
	if err := json.Unmarshal(raw, &objects); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		if objects[name] == nil {
			return nil, fmt.Errorf("%w: %.80q is null, give it a value or leave it out", ErrMalformed, name)
		}
	}
	var l resource.Limits
	if err := l.UnmarshalJSON(raw); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	qs := make([]resource.Quantity, 0, l.Len())
	for name, amount := range l.All() {
		qs = append(qs, resource.Quantity{Name: name, Amount: amount})
	}
	return qs, nil
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
