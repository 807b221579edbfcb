package scenario_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/scenario"
)

func constrained(op, groups string) string {
	return `{"op":"` + op + `","framework":"F","roles":["r"],"constraints":{"role_constraints":{"r":{"groups":[` + groups + `]}}}}`
}

const inRack = `{"attribute_constraints":[{"selector":{"attribute_name":"rack"},"predicate":{"text_equals":{"value":"r1"}}}]}`

// Scenarios carry constraints, and the attributes that these ask for.
//
// docs/allocation.md §3.4
func TestConstraintsOfAScenario(t *testing.T) {
	onHost := `{"attribute_constraints":[{"selector":{"pseudoattribute_type":"HOSTNAME"},"predicate":{"text_matches":{"regex":"h[12]"}}}]}`
	agent := func(id, more string) string {
		return `{"op":"add_agent","agent":"` + id + `","resources":"cpus:4;mem:1024"` + more + `}`
	}
	update := func(more string) string { return `{"op":"update_agent","agent":"A",` + more + `}` }
	require.Equal(t, []string{"1", "1", "1 F/r/B{cpus:4; mem:1024}", "1 " + whole}, strictly(t, constrained("add_framework", inRack),
		agent("A", `,"attributes":"rack:r2"`), agent("B", `,"attributes":"rack:r1;ssd:1"`), update(`"attributes":"rack:r1"`)))
	require.Equal(t, []string{"1", "1", "1 F/r/B{cpus:4; mem:1024}", "1 " + whole}, strictly(t, constrained("add_framework", onHost),
		agent("A", `,"hostname":"h3"`), agent("B", `,"hostname":"h2"`), update(`"hostname":"h1"`)))
	require.Equal(t, "1 "+whole, last(own(t, constrained("add_framework", `{"at_least":{"cpus":5}}`), agent("A", ""),
		`{"op":"update_framework","framework":"F","roles":["r"]}`)))
	require.Equal(t, "1", last(own(t, constrained("add_framework", `{"at_least":{"cpus":5}}`), agent("A", ""),
		constrained("update_framework", inRack))))
	require.Equal(t, "1 "+whole, last(strictly(t, constrained("add_framework", inRack), agent("A", `,"attributes":"rack:r1","capabilities":[]`),
		update(`"capabilities":["MULTI_ROLE","HIERARCHICAL_ROLE"]`))), "a capability that is back leaves the attributes")
}

// Constraints that cannot be read are refused by the parser, those that make no sense by the step.
//
// docs/allocation.md §3.4
func TestConstraintsThatAreNone(t *testing.T) {
	parse := func(step string) error {
		_, err := scenario.Parse([]byte(`{"cases":[{"name":"c","steps":[`+step+`]}]}`), scenario.Bounds{})
		return err
	}
	err := parse(constrained("add_framework", `{"anti":1}`))
	require.ErrorIs(t, err, offer.ErrConstraint)
	require.ErrorContains(t, err, `"constraints": role "r": group 0: field "anti" is not known`)
	require.Error(t, parse(`{"op":"add_agent","agent":"A","resources":"cpus:1","attributes":"rack"}`))
	require.Error(t, parse(`{"op":"add_agent","agent":"A","resources":"cpus:1","attributes":1}`))
	require.ErrorIs(t, parse(`{"op":"remove_framework","framework":"F","constraints":{}}`), scenario.ErrUnknownField)
	r, err := scenario.New(caseOf(t, "", constrained("add_framework", `{}`)), scenario.Strict())
	require.NoError(t, err)
	_, err = r.Next()
	require.ErrorIs(t, err, offer.ErrConstraint)
}

// A step tells its constraints and attributes in one line.
//
// docs/allocation.md §3.4
func TestConstraintsInOneLine(t *testing.T) {
	c := caseOf(t, "", constrained("add_framework", inRack), `{"op":"update_agent","agent":"A","attributes":"rack:r1"}`)
	require.Contains(t, c.Steps[0].String(), `constraints={"role_constraints":{"r":{"groups":[`+inRack+`]}}}`)
	require.Contains(t, c.Steps[1].String(), "attributes=rack=r1")
}
