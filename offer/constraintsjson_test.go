package offer_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// one wraps a constraint's selector and predicate.
func one(selector, predicate string) string {
	return inGroup(`"attribute_constraints":[{"selector":` + selector + `,"predicate":` + predicate + `}]`)
}

func inGroup(fields string) string {
	return `{"role_constraints":{"r":{"groups":[{` + fields + `}]}}}`
}

// Each selector and predicate has its word, and is written as it is read.
//
// docs/allocation.md §3.4
func TestConstraintsInJSON(t *testing.T) {
	rack := `{"attribute_name":"rack"}`
	for text, want := range map[string]offer.Constraint{
		one(rack, `{"exists":{}}`):                                                  {Name: "rack", Is: offer.Exists},
		one(rack, `{"not_exists":{}}`):                                              {Name: "rack", Is: offer.NotExists},
		one(rack, `{"text_equals":{"value":"r1"}}`):                                 {Name: "rack", Is: offer.Equals, Value: "r1"},
		one(rack, `{"text_not_equals":{"value":""}}`):                               {Name: "rack", Is: offer.NotEquals},
		one(rack, `{"text_matches":{"regex":"a.*"}}`):                               {Name: "rack", Is: offer.Matches, Value: "a.*"},
		one(rack, `{"text_not_matches":{"regex":"a"}}`):                             {Name: "rack", Is: offer.NotMatches, Value: "a"},
		one(`{"pseudoattribute_type":"HOSTNAME"}`, `{"exists":{}}`):                 {By: offer.ByHostname, Is: offer.Exists},
		one(`{"pseudoattribute_type":"REGION"}`, `{"text_equals":{"value":"eu"}}`):  {By: offer.ByRegion, Is: offer.Equals, Value: "eu"},
		one(`{"pseudoattribute_type":"ZONE"}`, `{"text_not_equals":{"value":"z"}}`): {By: offer.ByZone, Is: offer.NotEquals, Value: "z"},
	} {
		var cs offer.Constraints
		require.NoError(t, json.Unmarshal([]byte(text), &cs), text)
		require.Equal(t, offer.Constraints{"r": {{Attributes: []offer.Constraint{want}}}}, cs)
		written, err := json.Marshal(cs)
		require.NoError(t, err)
		require.JSONEq(t, text, string(written))
	}
}

// What a group asks of what is offered has fields of its own.
//
// docs/allocation.md §3.4
func TestResourceConstraintsInJSON(t *testing.T) {
	text := inGroup(`"at_least":{"cpus":{"value":4},"ports":{"value":2}},"reserved_only":true,"no_revocable":true`)
	var cs, plain offer.Constraints
	require.NoError(t, json.Unmarshal([]byte(text), &cs))
	require.Equal(t, offer.Constraints{"r": {{AtLeast: quantitiesOf(t, "cpus:4;ports:2"), ReservedOnly: true, NoRevocable: true}}}, cs)
	written, err := json.Marshal(cs)
	require.NoError(t, err)
	require.JSONEq(t, text, string(written))
	require.NoError(t, json.Unmarshal([]byte(inGroup(`"at_least":{"cpus":4,"ports":2},"reserved_only":true,"no_revocable":true,"attribute_constraints":null`)), &plain))
	require.Equal(t, cs, plain)
}

// What is not known, missing or of another kind is refused with its place, and changes nothing.
//
// docs/allocation.md §3.4
func TestConstraintsThatAreNoneInJSON(t *testing.T) {
	rack, exists := `{"attribute_name":"rack"}`, `{"exists":{}}`
	for text, says := range map[string]string{
		`[]`: "", `7`: "", `{"roles":{}}`: `field "roles" is not known`,
		`{"role_constraints":{"r":null}}`:                                   `role "r": an object is missing`,
		`{"role_constraints":{"r":{"group":[]}}}`:                           `role "r": field "group" is not known`,
		`{"role_constraints":{"r":{"groups":{}}}}`:                          `role "r"`,
		`{"role_constraints":{"r":{"groups":[{},null]}}}`:                   `role "r": group 1: an object is missing`,
		inGroup(`"attributes":[]`):                                          `role "r": group 0: field "attributes" is not known`,
		inGroup(`"Reserved_Only":true`):                                     `field "Reserved_Only" is not known`,
		inGroup(`"reserved_only":1`):                                        `group 0`,
		inGroup(`"no_revocable":"yes"`):                                     `group 0`,
		inGroup(`"at_least":{"cpus":-1}`):                                   `group 0`,
		inGroup(`"attribute_constraints":[{}]`):                             `constraint 0: selector: an object is missing`,
		one(rack, `null`):                                                   `constraint 0: predicate: an object is missing`,
		one(`{}`, exists):                                                   `selector: name either`,
		one(`{"attribute_name":"a","pseudoattribute_type":"ZONE"}`, exists): `selector: name either`,
		one(`{"attribute_name":7}`, exists):                                 `selector`,
		one(`{"pseudoattribute_type":"HOST"}`, exists):                      `selector: "HOST" is none of HOSTNAME, REGION and ZONE`,
		one(`{"pseudoattribute_type":""}`, exists):                          `is none of`,
		one(rack, `{}`):                                                     `predicate: there must be one, not 0`,
		one(rack, `{"exists":{},"not_exists":{}}`):                          `predicate: there must be one, not 2`,
		one(rack, `{"":{}}`):                                                `predicate: field "" is not known`,
		one(rack, `{"equals":{"value":"a"}}`):                               `predicate: field "equals" is not known`,
		one(rack, `{"exists":{"value":"a"}}`):                               `predicate: field "value" is not known`,
		one(rack, `{"text_equals":{"regex":"a"}}`):                          `predicate: field "regex" is not known`,
		one(rack, `{"text_matches":{}}`):                                    `predicate: text_matches without regex`,
		one(rack, `{"text_equals":{"value":3}}`):                            `predicate`,
	} {
		cs := offer.Constraints{"kept": nil}
		err := json.Unmarshal([]byte(text), &cs)
		require.ErrorIs(t, err, offer.ErrConstraint, text)
		require.ErrorContains(t, err, says)
		require.Equal(t, offer.Constraints{"kept": nil}, cs)
	}
	for _, c := range []offer.Constraint{
		{}, {Name: "a", Is: 99}, {By: 99, Is: offer.Exists}, {Name: "\xff", Is: offer.Exists}, {Name: "a", Is: offer.Equals, Value: "\xff"},
	} {
		_, err := json.Marshal(offer.Constraints{"r": {{Attributes: []offer.Constraint{c}}}})
		require.ErrorIs(t, err, offer.ErrConstraint, "%v", c)
	}
}

// Whatever constraints there are, they are what they were after JSON.
//
// docs/allocation.md §3.4
func TestConstraintsThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cs := make(offer.Constraints)
		for _, r := range rapid.SliceOfNDistinct(rapid.SampledFrom(someRoles), 0, 3, rapid.ID).Draw(t, "roles") {
			cs[r] = rapid.SliceOfN(rapid.Custom(someConstraintGroup), 0, 3).Draw(t, "groups")
		}
		text, err := json.Marshal(cs)
		require.NoError(t, err)
		var back offer.Constraints
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, cs, back)
	})
}

func someConstraintGroup(t *rapid.T) (g offer.ConstraintGroup) {
	for range rapid.IntRange(0, 3).Draw(t, "constraints") {
		c := offer.Constraint{
			By: rapid.SampledFrom([]offer.Selector{offer.ByAttribute, offer.ByHostname, offer.ByRegion, offer.ByZone}).Draw(t, "by"),
			Is: offer.Predicate(rapid.IntRange(int(offer.Exists), int(offer.NotMatches)).Draw(t, "is")),
		}
		if c.By == offer.ByAttribute {
			c.Name = rapid.String().Draw(t, "name")
		}
		if c.Is > offer.NotExists {
			c.Value = rapid.String().Draw(t, "value")
		}
		g.Attributes = append(g.Attributes, c)
	}
	var err error
	g.AtLeast, err = resource.ParseQuantities(rapid.SampledFrom([]string{"", "cpus:0.5", "ports:2;mem:3"}).Draw(t, "at least"))
	if err != nil {
		t.Fatal(err)
	}
	g.ReservedOnly, g.NoRevocable = rapid.Bool().Draw(t, "reserved only"), rapid.Bool().Draw(t, "no revocable")
	return g
}

// No text makes the decoder panic; what it reads is written and read again the same.
//
// docs/allocation.md §3.4
func FuzzConstraintsJSON(f *testing.F) {
	for _, text := range []string{
		one(`{"attribute_name":"rack"}`, `{"text_matches":{"regex":"a|b"}}`), one(`{"pseudoattribute_type":"ZONE"}`, `{"not_exists":{}}`),
		inGroup(`"at_least":{"cpus":{"value":4}},"reserved_only":true,"no_revocable":false`), `{"role_constraints":null}`, `null`, `[`, `{"a":`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var cs, again offer.Constraints
		if err := cs.UnmarshalJSON(text); err != nil {
			require.ErrorIs(t, err, offer.ErrConstraint)
			return
		}
		written, err := json.Marshal(cs)
		require.NoError(t, err, "%v", cs)
		require.NoError(t, json.Unmarshal(written, &again))
		second, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(written), string(second))
		a, err := offer.New(offer.Config{})
		require.NoError(t, err)
		spec := offer.FrameworkSpec{ID: "f", Constraints: cs}
		for r := range cs {
			if r.Validate() == nil {
				spec.Roles = append(spec.Roles, r)
			}
		}
		_ = a.AddFramework(0, spec) // whether it makes sense or not
		require.NoError(t, a.Check())
	})
}

// Constraints come as the v1 API writes them.
func ExampleConstraints() {
	var cs offer.Constraints
	err := json.Unmarshal([]byte(`{"role_constraints": {"web": {"groups": [
	  {"attribute_constraints": [{"selector": {"attribute_name": "rack"}, "predicate": {"text_matches": {"regex": "r[12]"}}}],
	   "at_least": {"cpus": 4}}
	]}}}`), &cs)
	fmt.Println(cs["web"][0].Attributes[0].Value, cs["web"][0].AtLeast, err)
	a, _ := offer.New(offer.Config{})
	_ = a.AddFramework(0, offer.FrameworkSpec{ID: "f", Roles: []role.Name{"web"}, Constraints: cs})
	err = json.Unmarshal([]byte(`{"role_constraints": {"web": {"groups": [{"anti_affinity": true}]}}}`), &cs)
	fmt.Println(err)
	// Output:
	// r[12] cpus:4 <nil>
	// role "web": group 0: field "anti_affinity" is not known: offer: bad constraint: correct it, or leave the role out to be offered every agent
}
