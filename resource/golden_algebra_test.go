package resource_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// printed is a recorded collection.
type printed struct {
	Text string
	JSON json.RawMessage
}

type algebraCase struct {
	ID, Kind             string
	AList                json.RawMessage `json:"a_list"`
	BList                json.RawMessage `json:"b_list"`
	A, B                 printed
	APlusB               printed `json:"a_plus_b"`
	AMinusB              printed `json:"a_minus_b"`
	BMinusA              printed `json:"b_minus_a"`
	AContainsB           bool    `json:"a_contains_b"`
	BContainsA           bool    `json:"b_contains_a"`
	AEqualsB             bool    `json:"a_equals_b"`
	SumContainsA         bool    `json:"a_plus_b_contains_a"`
	SumMinusBEqualsA     bool    `json:"a_plus_b_minus_b_equals_a"`
	AContainsQuantitiesB bool    `json:"a_contains_q_b"`

	Reserved, Unreserved, Revocable, NonRevocable, Shared, NonShared, PersistentVolumes, Scalars, ToUnreserved printed

	Strip         printed            `json:"createStrippedScalarQuantity"`
	Allocated     printed            `json:"allocated_team_x"`
	Pushed        printed            `json:"pushReservation_x_of_unreserved"`
	Popped        printed            `json:"popReservation_of_reserved_nonShared"`
	AllocatableTo map[string]printed `json:"allocatableTo"`
	ReservedTo    map[string]printed `json:"reserved_role"`
	Subtree       map[string]printed `json:"reservedToRoleSubtree"`
	Reservations  map[string]printed
	Allocations   map[string]json.RawMessage `json:"allocations_a"` // or skipped: true
	Found         *printed                   `json:"find_toUnreserved_nonShared_b"`
	Quantities    map[string]float64         `json:"quantities_a"`
	ScalarsA      map[string]float64         `json:"scalar_quantities_a"`
	ScalarsB      map[string]float64         `json:"scalar_quantities_b"`
	QPlus         map[string]float64         `json:"q_a_plus_b"`
	QMinus        map[string]float64         `json:"q_a_minus_b"`
	QContains     bool                       `json:"q_a_contains_b"`
	CPUs          *float64                   `json:"cpus"`
	GPUs          *float64                   `json:"gpus"`
	MemBytes      *int64                     `json:"mem_bytes"`
	DiskBytes     *int64                     `json:"disk_bytes"`
	Ports         *string                    `json:"ports"`
}

// algebra compares one case, operation by operation.
type algebra struct {
	t       *testing.T
	c       algebraCase
	a, b    resource.Resources
	applied map[string]int
}

// docs/resource-model.md §4.2
// docs/resource-model.md §4.3
// docs/resource-model.md §4.4
func TestGoldenResourcesAlgebra(t *testing.T) {
	want := map[string]int{"merge on allocate": 3, "find on": 7, "thousandths": 3}
	compareGolden(t, "resources_algebra.json", want, func(t *testing.T, data []byte) (int, map[string]int) {
		var file struct{ Cases []algebraCase }
		decode(t, data, &file)
		applied := map[string]int{}
		for _, c := range file.Cases {
			m := &algebra{t: t, c: c, applied: applied}
			m.a, m.b = foreign(t, c.AList), foreign(t, c.BList)
			m.compare()
		}
		return len(file.Cases), applied
	})
}

func foreign(t *testing.T, b []byte) resource.Resources {
	t.Helper()
	r, err := resource.DecodeJSON(b, resource.ForeignNames())
	require.NoError(t, err)
	return r
}

func (m *algebra) compare() {
	t, a, b, c := m.t, m.a, m.b, m.c
	m.same("a", c.A, a)
	m.same("b", c.B, b)
	sum := a.Add(b)
	m.same("a+b", c.APlusB, sum)
	m.same("a-b", c.AMinusB, a.SubSaturating(b))
	m.same("b-a", c.BMinusA, b.SubSaturating(a))
	m.truth("contains", c.AContainsB, a.Contains(b))
	m.truth("contains", c.BContainsA, b.Contains(a))
	m.truth("equal", c.AEqualsB, a.Equal(b))
	m.truth("contains", c.SumContainsA, sum.Contains(a))
	m.truth("equal", c.SumMinusBEqualsA, sum.SubSaturating(b).Equal(a))
	m.truth("contains quantities", c.AContainsQuantitiesB, a.ContainsQuantities(b.ScalarQuantities()))
	m.same("reserved", c.Reserved, a.Reserved())
	m.same("unreserved", c.Unreserved, a.Unreserved())
	m.same("revocable", c.Revocable, a.Revocable())
	m.same("nonRevocable", c.NonRevocable, a.NonRevocable())
	m.same("shared", c.Shared, a.Shared())
	m.same("nonShared", c.NonShared, a.NonShared())
	m.same("persistentVolumes", c.PersistentVolumes, a.PersistentVolumes())
	m.same("scalars", c.Scalars, a.Scalars())
	m.same("toUnreserved", c.ToUnreserved, a.ToUnreserved())
	m.same("strip", c.Strip, a.Strip())
	m.same("allocate", c.Allocated, a.Allocate("team/x"))
	for n, w := range c.AllocatableTo {
		m.same("allocatable to "+n, w, a.AllocatableTo(role.Name(n)))
	}
	for n, w := range c.ReservedTo {
		m.same("reserved to "+n, w, a.ReservedTo(role.Name(n)))
	}
	for n, w := range c.Subtree {
		m.same("subtree of "+n, w, a.ReservedToSubtree(role.Name(n)))
	}
	got := a.Reservations()
	require.Len(t, got, len(c.Reservations), c.ID)
	for n, w := range c.Reservations {
		m.same("reservations of "+n, w, got[role.Name(n)])
	}
	m.allocations()
	principal := "px"
	pushed, err := a.Unreserved().PushReservation(resource.Reservation{Type: resource.Dynamic, Role: "x", Principal: &principal})
	require.NoError(t, err, c.ID)
	m.same("push", c.Pushed, pushed)
	popped, err := a.Reserved().NonShared().PopReservation()
	require.NoError(t, err, c.ID)
	m.same("pop", c.Popped, popped)
	m.find()
	m.quantities()
}

func (m *algebra) allocations() {
	got, err := m.a.Allocations()
	if string(m.c.Allocations["skipped"]) == "true" {
		require.True(m.t, m.a.IsEmpty() || err != nil, m.c.ID)
		return
	}
	require.NoError(m.t, err, m.c.ID)
	require.Len(m.t, got, len(m.c.Allocations), m.c.ID)
	for n, raw := range m.c.Allocations {
		var w printed
		decode(m.t, raw, &w)
		m.same("allocations of "+n, w, got[role.Name(n)])
	}
}

func (m *algebra) find() {
	target := m.b.ToUnreserved().NonShared()
	got, ok := m.a.Find(target)
	if m.c.Found == nil {
		if ok {
			m.differs("find", got, false)
		}
		return
	}
	if !ok {
		m.differs("find", got, false)
		return
	}
	m.same("find", *m.c.Found, got)
}

func (m *algebra) quantities() {
	t, c := m.t, m.c
	qa, qb := m.a.ScalarQuantities(), m.b.ScalarQuantities()
	require.True(t, sameAmounts(m.a.Quantities(), c.Quantities), "%s: %s", c.ID, m.a.Quantities())
	require.True(t, sameAmounts(qa, c.ScalarsA), "%s: %s", c.ID, qa)
	require.True(t, sameAmounts(qb, c.ScalarsB), "%s: %s", c.ID, qb)
	require.True(t, sameAmounts(qa.Add(qb), c.QPlus), "%s: %s", c.ID, qa.Add(qb))
	require.True(t, sameAmounts(qa.Sub(qb), c.QMinus), "%s: %s", c.ID, qa.Sub(qb))
	m.truth("contains quantities", c.QContains, qa.Contains(qb))
	for name, want := range map[string]*float64{"cpus": c.CPUs, "gpus": c.GPUs} {
		got, ok := m.a.Scalar(name)
		require.Equal(t, want != nil, ok, "%s: %s", c.ID, name)
		if ok {
			s, err := resource.ScalarFromFloat(*want)
			require.NoError(t, err)
			require.Equal(t, s, got, "%s: %s", c.ID, name)
		}
	}
	for name, want := range map[string]*int64{"mem": c.MemBytes, "disk": c.DiskBytes} {
		got, ok := m.a.Scalar(name)
		require.Equal(t, want != nil, ok, "%s: %s", c.ID, name)
		if ok { // the reference truncates to whole MiB
			require.Equal(t, *want, int64(got)/1000<<20, "%s: %s", c.ID, name)
		}
	}
	got, ok := m.a.Ranges("ports")
	require.Equal(t, c.Ports != nil, ok, "%s: ports", c.ID)
	if ok {
		want, err := resource.ParseRanges(*c.Ports)
		require.NoError(t, err)
		require.Equal(t, want, got, "%s: ports", c.ID)
	}
}

// same compares with a recorded collection: as values (the recorded JSON has lost the shared counts, so those
// are taken from its text), and as printed.
func (m *algebra) same(what string, want printed, got resource.Resources) {
	m.t.Helper()
	texts := []string{}
	if want.Text != "{}" {
		for _, s := range splitEntries(want.Text) {
			texts = append(texts, canonText(m.t, s))
		}
	}
	if slices.Equal(sortedTexts(texts), sortedTexts(entryTexts(got))) && once(m.t, got).Equal(foreign(m.t, want.JSON)) {
		return
	}
	if !m.differs(what, got, false) {
		m.t.Errorf("%s %s:\n recorded %s\n ours     %s\n a %s\n b %s", m.c.ID, what, want.Text, got, m.a, m.b)
	}
	if what == "allocate" { // the record holds the same amounts, unmerged: reading it merges them
		require.Equal(m.t, once(m.t, foreign(m.t, want.JSON)), once(m.t, got), m.c.ID)
	}
}

// once gives every shared entry the count 1.
func once(t *testing.T, r resource.Resources) resource.Resources {
	var list []resource.Resource
	for e := range r.All() {
		list = append(list, e)
	}
	out, err := resource.Build([]resource.Option{resource.ForeignNames()}, list...)
	require.NoError(t, err)
	return out
}

func splitEntries(s string) []string { return strings.Split(s, "; ") }

func (m *algebra) truth(what string, want, got bool) {
	m.t.Helper()
	if want != got && !m.differs(what, resource.Resources{}, got) {
		m.t.Errorf("%s %s: recorded %v, ours %v\n a %s\n b %s", m.c.ID, what, want, got, m.a, m.b)
	}
}

// algebraDivergences are the deliberate differences from the recorded algebra: an operation, when the
// operands have the shape for it, and what our answer must then be.
var algebraDivergences = []struct {
	name, section, reason string
	operation             string
	on                    func(m *algebra) bool
	check                 func(m *algebra, got resource.Resources, truth bool)
}{
	{
		"merge on allocate", "§4.4", "entries that become alike merge", "allocate",
		func(m *algebra) bool { return alikeButFor(m.a, func(r *resource.Resource) { r.AllocationRole = "" }) },
		func(m *algebra, got resource.Resources, _ bool) {
			require.True(m.t, got.Unallocate().Equal(m.a.Unallocate()), m.c.ID)
		},
	},
	{
		"find on", "§4.4", "a target is served from several entries of a stage, in the order of §4.1, and only from what earlier targets left", "find",
		func(m *algebra) bool {
			return alikeButFor(m.a, func(r *resource.Resource) { r.Reservations = nil }) ||
				alikeButFor(m.b.NonShared(), func(r *resource.Resource) { r.Reservations = nil })
		},
		func(m *algebra, _ resource.Resources, _ bool) {
			target := m.b.ToUnreserved().NonShared()
			got, ok := m.a.Find(target)
			want, wantOK := plainFind(m.t, m.a, target)
			require.Equal(m.t, wantOK, ok, m.c.ID)
			require.Equal(m.t, want, got, m.c.ID)
		},
	},
	{
		"thousandths", "§4.5", "quantities compare in thousandths, not as raw doubles", "contains quantities",
		func(m *algebra) bool {
			q := m.b.ScalarQuantities()
			for name, want := range q.All() {
				if have := m.a.Quantity(name); have == want && want%1000 != 0 {
					return true
				}
			}
			return false
		},
		func(m *algebra, _ resource.Resources, truth bool) {
			require.Equal(m.t, m.a.Quantities().Contains(m.b.ScalarQuantities()), truth, m.c.ID)
			require.True(m.t, truth, m.c.ID)
		},
	},
	{
		"every match is spent", "§4.2", "one indivisible entry contains only one other", "contains",
		func(m *algebra) bool { return twins(m.a) || twins(m.b) },
		func(m *algebra, _ resource.Resources, truth bool) { require.False(m.t, truth, m.c.ID) },
	},
	{
		"equal multisets", "§4.2", "one indivisible entry equals only one other", "equal",
		func(m *algebra) bool { return twins(m.a) || twins(m.b) },
		func(m *algebra, _ resource.Resources, truth bool) { require.False(m.t, truth, m.c.ID) },
	},
}

// differs looks for the rule that allows a difference, counts it and checks our answer.
func (m *algebra) differs(what string, got resource.Resources, truth bool) bool {
	m.t.Helper()
	for _, d := range algebraDivergences {
		if d.operation == what && d.on(m) {
			m.applied[d.name]++
			d.check(m, got, truth)
			return true
		}
	}
	if what == "find" {
		m.t.Errorf("%s find: recorded %v, ours %s\n a %s\n b %s", m.c.ID, m.c.Found, got, m.a, m.b)
		return true
	}
	return false
}

// alikeButFor reports two entries that are alike once clear has changed them, whatever their values.
func alikeButFor(r resource.Resources, clear func(*resource.Resource)) bool {
	var seen []resource.Resource
	for e := range r.All() {
		e = e.Clone()
		clear(&e)
		e.Scalar, e.Ranges, e.Set = 0, resource.Ranges{}, resource.Set{}
		if slices.ContainsFunc(seen, e.Equal) {
			return true
		}
		seen = append(seen, e)
	}
	return false
}

// twins reports two equal indivisible entries that are no volumes.
func twins(r resource.Resources) bool {
	for e := range r.NonShared().All() {
		if !e.IsDivisible() && !e.IsPersistentVolume() && r.Count(e) > 1 {
			return true
		}
	}
	return false
}
