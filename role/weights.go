package role

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strings"
)

// DefaultWeight is the weight of a role that nobody weighted.
const DefaultWeight = 1.0

// A Weight is one line of an update or of a report: role has this weight among its siblings.
type Weight struct {
	Role   Name    `json:"role"`
	Weight float64 `json:"weight"`
}

// Validate reports a bad role (ErrInvalid) or a weight that is not positive and finite (ErrWeight);
// the role is taken as it stands, untrimmed (docs/resource-model.md §5.3).
func (w Weight) Validate() error {
	if err := w.Role.Validate(); err != nil {
		return err
	}
	// Written so that NaN fails as well.
	if !(w.Weight > 0) || math.IsInf(w.Weight, 0) {
		return fmt.Errorf("%w: %v for role %s; it must be a finite number above 0", ErrWeight, w.Weight, quote(string(w.Role)))
	}
	return nil
}

// Weights says which roles weigh other than 1. It is an immutable value; the zero value weighs every role 1.
//
// A client's share is divided by its role's weight, compared with its siblings only (docs/resource-model.md §5.3).
type Weights struct {
	_ [0]func()
	w []Weight // sorted by role, none of DefaultWeight
}

// Of returns the weight of n, DefaultWeight where none was set. Weights are not inherited.
func (w Weights) Of(n Name) float64 {
	if i, ok := w.find(n); ok {
		return w.w[i].Weight
	}
	return DefaultWeight
}

// Len counts the roles that weigh other than 1.
func (w Weights) Len() int { return len(w.w) }

// All yields the roles that weigh other than 1, sorted by role.
func (w Weights) All() iter.Seq2[Name, float64] {
	return func(yield func(Name, float64) bool) {
		for _, e := range w.w {
			if !yield(e.Role, e.Weight) {
				return
			}
		}
	}
}

// Roles lists the roles that weigh other than 1, sorted. The list is the caller's.
func (w Weights) Roles() []Name {
	names := make([]Name, 0, len(w.w))
	for _, e := range w.w {
		names = append(names, e.Role)
	}
	return names
}

// Equal reports whether w and v weigh every role alike.
func (w Weights) Equal(v Weights) bool { return slices.Equal(w.w, v.w) }

// Update returns w with the weights of list set; roles that list does not name keep theirs (docs/resource-model.md §5.3).
// White space around a role is trimmed. Everything is checked before anything is set: the error wraps ErrInvalid, ErrWeight
// or ErrDuplicate (a role twice in list), and w is returned as it was. A weight of 1 is the same as none and takes the role out.
func (w Weights) Update(list []Weight) (Weights, error) {
	update, err := checkUpdate(list)
	if err != nil {
		return w, err
	}
	return Weights{w: mergeWeights(w.w, update)}, nil
}

// checkUpdate returns list trimmed and sorted by role, or what is wrong with it.
func checkUpdate(list []Weight) ([]Weight, error) {
	update := make([]Weight, 0, len(list))
	seen := make(map[Name]bool, len(list))
	for i, e := range list {
		e.Role = Name(strings.Trim(string(e.Role), " \t\n\v\f\r"))
		if err := e.Validate(); err != nil {
			return nil, fmt.Errorf("weight %d of the list: %w", i, err)
		}
		if seen[e.Role] {
			return nil, fmt.Errorf("weight %d of the list: %w: %s; give it one weight", i, ErrDuplicate, quote(string(e.Role)))
		}
		seen[e.Role] = true
		update = append(update, e)
	}
	slices.SortFunc(update, byRole)
	return update, nil
}

// mergeWeights lays update over old; both are sorted by role, and so is the result.
func mergeWeights(old, update []Weight) []Weight {
	var merged []Weight
	for len(old) > 0 || len(update) > 0 {
		var next Weight
		switch {
		case len(update) == 0 || (len(old) > 0 && old[0].Role < update[0].Role):
			next, old = old[0], old[1:]
		default:
			next, update = update[0], update[1:]
			if len(old) > 0 && old[0].Role == next.Role {
				old = old[1:]
			}
		}
		if next.Weight != DefaultWeight {
			merged = append(merged, next)
		}
	}
	return merged
}

func byRole(a, b Weight) int { return strings.Compare(string(a.Role), string(b.Role)) }

func (w Weights) find(n Name) (int, bool) {
	return slices.BinarySearchFunc(w.w, n, func(e Weight, n Name) int { return strings.Compare(string(e.Role), string(n)) })
}

// String prints w as {a: 2; b/c: 0.5}.
func (w Weights) String() string {
	parts := make([]string, 0, len(w.w))
	for _, e := range w.w {
		parts = append(parts, fmt.Sprintf("%s: %v", e.Role, e.Weight))
	}
	return "{" + strings.Join(parts, "; ") + "}"
}

// MarshalJSON writes the report: [{"role":"eng","weight":2}], sorted by role.
func (w Weights) MarshalJSON() ([]byte, error) {
	if len(w.w) == 0 {
		return []byte("[]"), nil
	}
	return json.Marshal(w.w)
}

// UnmarshalJSON reads what MarshalJSON writes, under the rules of ParseWeights and Update. On an error w keeps its value.
func (w *Weights) UnmarshalJSON(b []byte) error {
	list, err := ParseWeights(b)
	if err != nil {
		return err
	}
	fresh, err := Weights{}.Update(list)
	if err != nil {
		return err
	}
	*w = fresh
	return nil
}

// ParseWeights reads an update list, [{"role":"eng","weight":2}] (docs/resource-model.md §5.3). Both fields are required and other
// fields are refused, as what an operator mistypes should be told. Whether roles and weights are legal is Update's business.
func ParseWeights(b []byte) ([]Weight, error) {
	var lines []struct {
		Role   *Name    `json:"role"`
		Weight *float64 `json:"weight"`
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&lines); err != nil {
		return nil, fmt.Errorf("weights: expected a list like [{\"role\":\"eng\",\"weight\":2}]: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("weights: %w: text after the list at byte %d", ErrWeight, d.InputOffset())
	}
	list := make([]Weight, 0, len(lines))
	for i, l := range lines {
		switch {
		case l.Role == nil:
			return nil, fmt.Errorf("weight %d of the list: %w: no role given", i, ErrInvalid)
		case l.Weight == nil:
			return nil, fmt.Errorf("weight %d of the list: %w: none given for role %s", i, ErrWeight, quote(string(*l.Role)))
		}
		list = append(list, Weight{Role: *l.Role, Weight: *l.Weight})
	}
	return list, nil
}
