package offer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Constraints are the constraints of a framework by role, as FrameworkSpec takes them, with the JSON form of the v1 API
// (docs/http-v1.md §7):
//
//	{"role_constraints": {"web": {"groups": [{"attribute_constraints": [
//	  {"selector": {"attribute_name": "rack"}, "predicate": {"text_matches": {"regex": "r1|r2"}}},
//	  {"selector": {"pseudoattribute_type": "HOSTNAME"}, "predicate": {"exists": {}}}
//	]}]}}}
//
// A pseudo-attribute is HOSTNAME, REGION or ZONE; a predicate is exists, not_exists, text_equals or text_not_equals with a
// value, text_matches or text_not_matches with a regex. A group may have three fields more that the reference does not have:
// at_least, a map of names to amounts, reserved_only and no_revocable.
//
// What is read has just these fields, in just this spelling; a field that is null is absent. Whether it makes sense is found
// out when the framework is added.
type Constraints map[role.Name][]ConstraintGroup

// Words of the JSON form, by value.
var (
	pseudoAttributes = [...]string{ByHostname: "HOSTNAME", ByRegion: "REGION", ByZone: "ZONE"}
	predicates       = [...]string{
		Exists: "exists", NotExists: "not_exists", Equals: "text_equals", NotEquals: "text_not_equals",
		Matches: "text_matches", NotMatches: "text_not_matches",
	}
)

type wireConstraints struct {
	Roles map[role.Name]wireGroups `json:"role_constraints"`
}

type wireGroups struct {
	Groups []ConstraintGroup `json:"groups"`
}

type wireGroup struct {
	Attributes   []Constraint        `json:"attribute_constraints,omitempty"`
	AtLeast      resource.Quantities `json:"at_least,omitzero"`
	ReservedOnly bool                `json:"reserved_only,omitempty"`
	NoRevocable  bool                `json:"no_revocable,omitempty"`
}

// MarshalJSON writes the form above, roles sorted. ErrConstraint for what has no JSON form.
func (cs Constraints) MarshalJSON() ([]byte, error) {
	w := wireConstraints{Roles: make(map[role.Name]wireGroups, len(cs))}
	for _, n := range slices.Sorted(maps.Keys(cs)) {
		w.Roles[n] = wireGroups{Groups: append([]ConstraintGroup{}, cs[n]...)}
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads the form above; null gives none. ErrConstraint says where and what is wrong, and leaves cs as it was.
func (cs *Constraints) UnmarshalJSON(b []byte) error {
	if isNull(b) {
		*cs = nil
		return nil
	}
	f, err := jsonObject(b, "role_constraints")
	if err != nil {
		return err
	}
	read := make(Constraints)
	var roles map[role.Name]json.RawMessage
	if err := jsonValue(f["role_constraints"], &roles); err != nil {
		return err
	}
	for _, n := range slices.Sorted(maps.Keys(roles)) {
		groups, err := jsonGroups(roles[n])
		if err != nil {
			return fmt.Errorf("role %.80q: %w", n, err)
		}
		read[n] = groups
	}
	*cs = read
	return nil
}

func jsonGroups(b []byte) ([]ConstraintGroup, error) {
	f, err := jsonObject(b, "groups")
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := jsonValue(f["groups"], &list); err != nil {
		return nil, err
	}
	groups := make([]ConstraintGroup, len(list))
	for i := range list {
		if err := groups[i].UnmarshalJSON(list[i]); err != nil {
			return nil, fmt.Errorf("group %d: %w", i, err)
		}
	}
	return groups, nil
}

// MarshalJSON writes a group as Constraints do.
func (g ConstraintGroup) MarshalJSON() ([]byte, error) { return json.Marshal(wireGroup(g)) }

// UnmarshalJSON reads a group as Constraints do.
func (g *ConstraintGroup) UnmarshalJSON(b []byte) error {
	f, err := jsonObject(b, "attribute_constraints", "at_least", "reserved_only", "no_revocable")
	if err != nil {
		return err
	}
	var read ConstraintGroup
	var list []json.RawMessage
	if err := jsonValue(f["attribute_constraints"], &list); err != nil {
		return err
	}
	if list != nil {
		read.Attributes = make([]Constraint, len(list))
	}
	for i := range list {
		if err := read.Attributes[i].UnmarshalJSON(list[i]); err != nil {
			return fmt.Errorf("constraint %d: %w", i, err)
		}
	}
	if err := jsonValue(f["at_least"], &read.AtLeast); err != nil {
		return err
	}
	if err := jsonValue(f["reserved_only"], &read.ReservedOnly); err != nil {
		return err
	}
	if err := jsonValue(f["no_revocable"], &read.NoRevocable); err != nil {
		return err
	}
	*g = read
	return nil
}

// MarshalJSON writes a constraint as Constraints do. ErrConstraint for a selector or predicate that there is not, and for
// text that is not UTF-8.
func (c Constraint) MarshalJSON() ([]byte, error) {
	if int(c.By) >= len(pseudoAttributes) || c.Is < Exists || int(c.Is) >= len(predicates) {
		return nil, fmt.Errorf("selector %d, predicate %d: %w", c.By, c.Is, ErrConstraint)
	}
	if !utf8.ValidString(c.Name) || !utf8.ValidString(c.Value) {
		return nil, fmt.Errorf("name %.80q, value %.80q: no JSON form: %w", c.Name, c.Value, ErrConstraint)
	}
	selector := map[string]string{"attribute_name": c.Name}
	if c.By != ByAttribute {
		selector = map[string]string{"pseudoattribute_type": pseudoAttributes[c.By]}
	}
	value := map[string]string{}
	if key := c.Is.valueKey(); key != "" {
		value[key] = c.Value
	}
	return json.Marshal(struct {
		Selector  map[string]string            `json:"selector"`
		Predicate map[string]map[string]string `json:"predicate"`
	}{selector, map[string]map[string]string{predicates[c.Is]: value}})
}

// valueKey is what the JSON form calls the value of a predicate; "": it has none.
func (p Predicate) valueKey() string {
	switch p {
	case Equals, NotEquals:
		return "value"
	case Matches, NotMatches:
		return "regex"
	}
	return ""
}

// UnmarshalJSON reads a constraint as Constraints do.
func (c *Constraint) UnmarshalJSON(b []byte) error {
	f, err := jsonObject(b, "selector", "predicate")
	if err != nil {
		return err
	}
	var read Constraint
	if err := read.readSelector(f["selector"]); err != nil {
		return fmt.Errorf("selector: %w", err)
	}
	if err := read.readPredicate(f["predicate"]); err != nil {
		return fmt.Errorf("predicate: %w", err)
	}
	*c = read
	return nil
}

func (c *Constraint) readSelector(b []byte) error {
	f, err := jsonObject(b, "pseudoattribute_type", "attribute_name")
	if err != nil {
		return err
	}
	if len(f) != 1 {
		return fmt.Errorf("name either a pseudoattribute_type or an attribute_name: %w", ErrConstraint)
	}
	if name, ok := f["attribute_name"]; ok {
		return jsonValue(name, &c.Name)
	}
	var word string
	if err := jsonValue(f["pseudoattribute_type"], &word); err != nil {
		return err
	}
	i := slices.Index(pseudoAttributes[:], word)
	if i < int(ByHostname) {
		return fmt.Errorf("%.80q is none of HOSTNAME, REGION and ZONE: %w", word, ErrConstraint)
	}
	c.By = Selector(i)
	return nil
}

func (c *Constraint) readPredicate(b []byte) error {
	f, err := jsonObject(b, predicates[Exists:]...)
	if err != nil {
		return err
	}
	if len(f) != 1 {
		return fmt.Errorf("there must be one, not %d: %w", len(f), ErrConstraint)
	}
	c.Is = Exists
	for f[predicates[c.Is]] == nil {
		c.Is++
	}
	key := c.Is.valueKey()
	if key == "" {
		_, err := jsonObject(f[predicates[c.Is]])
		return err
	}
	v, err := jsonObject(f[predicates[c.Is]], key)
	if err != nil {
		return err
	}
	if v[key] == nil {
		return fmt.Errorf("%s without %s: %w", predicates[c.Is], key, ErrConstraint)
	}
	return jsonValue(v[key], &c.Value)
}

// jsonObject reads an object that has known fields only, without those that are null.
func jsonObject(b []byte, known ...string) (map[string]json.RawMessage, error) {
	if len(b) == 0 || isNull(b) {
		return nil, fmt.Errorf("an object is missing: %w", ErrConstraint)
	}
	var f map[string]json.RawMessage
	if err := jsonValue(b, &f); err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(f)) {
		if !slices.Contains(known, key) {
			return nil, fmt.Errorf("field %.80q is not known: %w", key, ErrConstraint)
		}
		if isNull(f[key]) {
			delete(f, key)
		}
	}
	return f, nil
}

// jsonValue reads v, where there is one.
func jsonValue(b []byte, v any) error {
	if len(b) == 0 {
		return nil
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", err, ErrConstraint)
	}
	return nil
}

func isNull(b []byte) bool { return bytes.Equal(bytes.TrimSpace(b), []byte("null")) }
