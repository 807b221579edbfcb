package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Final is the books and the orders at the end of a case, in the shape that records have.
type Final struct {
	Agents        map[offer.AgentID]Books           `json:"agents"`
	RoleSort      []role.Name                       `json:"role_sort"`      // roles with a framework, first the one to be served first
	FrameworkSort map[role.Name][]offer.FrameworkID `json:"framework_sort"` // by role, those that are listed
	RoleTree      *Node                             `json:"role_tree,omitempty"`
}

// Books are those of an agent, in the diagnostic form of Text.
type Books struct {
	Total     string                                     `json:"total"`
	Available string                                     `json:"available"`
	Held      map[offer.FrameworkID]map[role.Name]string `json:"offered_or_allocated"`
}

// Node is a role and what is below it; amounts are in units, of the whole subtree. The root has no name.
type Node struct {
	Role       role.Name           `json:"role"`
	Basename   string              `json:"basename"`
	Weight     float64             `json:"weight"`
	Frameworks []offer.FrameworkID `json:"frameworks"` // subscribed to just this role, or holding something in it
	Guarantees Amounts             `json:"guarantees"`
	Limits     Amounts             `json:"limits"`
	Reserved   Amounts             `json:"reservation_quantities"` // in use or not
	Taken      Amounts             `json:"offered_or_allocated_reserved_quantities"`
	Unreserved Amounts             `json:"offered_or_allocated_unreserved_nonrevocable_quantities"`
	Children   []*Node             `json:"children"`
}

// Amounts are quantities by name, in units.
type Amounts map[string]float64

func amounts(q resource.Quantities) Amounts {
	m := Amounts{}
	for name, n := range q.All() {
		m[name] = n.Float()
	}
	return m
}

// Final returns the books and the orders as they are now.
func (r *Replay) Final() (Final, error) {
	f := Final{
		Agents: make(map[offer.AgentID]Books), RoleSort: []role.Name{},
		FrameworkSort: make(map[role.Name][]offer.FrameworkID),
	}
	for _, id := range r.a.Agents() {
		b, _ := r.a.Agent(id)
		f.Agents[id] = Books{Total: Text(b.Total), Available: Text(b.Free), Held: make(map[offer.FrameworkID]map[role.Name]string)}
	}
	for _, p := range r.places() {
		byRole := f.Agents[p.agent].Held
		if byRole[p.framework] == nil {
			byRole[p.framework] = make(map[role.Name]string)
		}
		byRole[p.framework][p.role] = Text(r.ledger[p].held())
	}
	var err error
	if f.RoleSort, err = r.roleOrder(); err != nil {
		return f, err
	}
	for _, n := range f.RoleSort {
		f.FrameworkSort[n] = append([]offer.FrameworkID{}, r.a.FrameworkOrder(n)...)
	}
	f.RoleTree = r.roleTree()
	return f, nil
}

// roleOrder lists all roles with a framework in the order of the roles, suppressed ones, those of inactive frameworks and
// those that a framework only holds something in too: it asks a fork in which everybody is listed.
func (r *Replay) roleOrder() ([]role.Name, error) {
	fork := r.a.Fork()
	held := make(map[offer.FrameworkID][]role.Name)
	for _, p := range r.places() {
		held[p.framework] = append(held[p.framework], p.role)
	}
	for _, f := range slices.Sorted(maps.Keys(r.roles)) {
		roles := slices.Concat(r.roles[f], held[f])
		slices.Sort(roles)
		if err := fork.SetFrameworkActive(r.now, f, true); err != nil {
			return nil, err
		}
		if err := fork.UpdateFramework(r.now, offer.FrameworkSpec{ID: f, Roles: slices.Compact(roles)}); err != nil {
			return nil, err
		}
	}
	return append([]role.Name{}, fork.RoleOrder()...), nil
}

// share is where a shared volume counts once, however many frameworks hold it (docs/allocation.md §1.1).
type share struct {
	role  role.Name
	agent offer.AgentID
}

// roleTree adds up the ledger by role.
func (r *Replay) roleTree() *Node {
	t := treeBuilder{nodes: make(map[role.Name]*Node)}
	root := t.make("")
	for _, row := range r.a.Roles() {
		n := t.node(row.Role)
		n.Weight, n.Guarantees, n.Limits, n.Reserved = row.Weight, amounts(row.Guarantee), Amounts{}, amounts(row.Reserved)
		for name, most := range row.Limit.All() {
			n.Limits[name] = most.Float()
		}
		n.Frameworks = append(n.Frameworks, row.Frameworks...)
		if _, nested := row.Role.Parent(); !nested {
			root.Reserved.add(row.Reserved)
		}
	}
	shown := make(map[share]resource.Resources)
	for _, p := range r.places() {
		if _, known := r.roles[p.framework]; !known && r.cfg.Rules.ChargeUnknownLate {
			continue // charged to nobody yet
		}
		held := r.ledger[p].held()
		if volumes := held.Shared(); !volumes.IsEmpty() {
			at := share{p.role, p.agent}
			fresh := volumes.Filter(func(e resource.Resource) bool { return !shown[at].ContainsResource(e) })
			shown[at] = shown[at].Add(fresh)
			held = held.NonShared().Add(once(fresh))
		}
		n := t.node(p.role)
		if !slices.Contains(n.Frameworks, p.framework) {
			n.Frameworks = append(n.Frameworks, p.framework)
			slices.Sort(n.Frameworks)
		}
		for up, ok := p.role, true; ok; up, ok = up.Parent() {
			t.node(up).hold(held)
		}
		root.hold(held)
	}
	root.prune()
	return root
}

// prune drops the nodes below n of which there is nothing to tell: roles for which there are only ports or sets reserved.
func (n *Node) prune() {
	n.Children = slices.DeleteFunc(n.Children, func(c *Node) bool {
		c.prune()
		return c.Weight == role.DefaultWeight && len(c.Frameworks) == 0 && len(c.Guarantees) == 0 && len(c.Limits) == 0 &&
			len(c.Reserved) == 0 && len(c.Children) == 0
	})
}

func (n *Node) hold(r resource.Resources) {
	n.Taken.add(r.Reserved().ScalarQuantities())
	n.Unreserved.add(r.Unreserved().NonRevocable().ScalarQuantities())
}

func (m Amounts) add(q resource.Quantities) {
	for name, n := range q.All() {
		m[name] = float64(thousandths(m[name])+int64(n)) / 1000
	}
}

func thousandths(x float64) int64 { return int64(math.Round(x * 1000)) }

type treeBuilder struct{ nodes map[role.Name]*Node }

func (t treeBuilder) make(n role.Name) *Node {
	base := string(n)
	if i := strings.LastIndex(base, "/"); i >= 0 {
		base = base[i+1:]
	}
	made := &Node{
		Role: n, Basename: base, Weight: role.DefaultWeight, Frameworks: []offer.FrameworkID{}, Children: []*Node{},
		Guarantees: Amounts{}, Limits: Amounts{}, Reserved: Amounts{}, Taken: Amounts{}, Unreserved: Amounts{},
	}
	t.nodes[n] = made
	return made
}

// node returns the node of n, made and hung under its parent if need be.
func (t treeBuilder) node(n role.Name) *Node {
	if known, ok := t.nodes[n]; ok {
		return known
	}
	up, _ := n.Parent() // "" for a top-level role: the root
	parent := t.node(up)
	made := t.make(n)
	parent.Children = append(parent.Children, made)
	slices.SortFunc(parent.Children, func(a, b *Node) int { return strings.Compare(string(a.Role), string(b.Role)) })
	return made
}

// MarshalJSON writes the shape of records. Equal books give equal bytes.
func (f Final) MarshalJSON() ([]byte, error) {
	type plain Final
	return plainJSON(plain(f))
}

// Compare holds f against what was recorded and returns the first difference as ErrDiffers. Texts of collections and the
// tree are compared as sets; what was not recorded is not compared.
func (f Final) Compare(want *Final) error {
	for _, id := range slices.Sorted(maps.Keys(want.Agents)) {
		got, ok := f.Agents[id]
		if !ok {
			return fmt.Errorf("final: agent %q is not there: %w", id, ErrDiffers)
		}
		if err := got.compare(want.Agents[id]); err != nil {
			return fmt.Errorf("final: agent %q: %w", id, err)
		}
	}
	if want.Agents != nil {
		for _, id := range slices.Sorted(maps.Keys(f.Agents)) {
			if _, ok := want.Agents[id]; !ok {
				return fmt.Errorf("final: agent %q is there, recorded it is not: %w", id, ErrDiffers)
			}
		}
	}
	if want.RoleSort != nil && !slices.Equal(f.RoleSort, want.RoleSort) {
		return fmt.Errorf("final: order of roles %v, recorded %v: %w", f.RoleSort, want.RoleSort, ErrDiffers)
	}
	for _, n := range slices.Sorted(maps.Keys(want.FrameworkSort)) {
		if !slices.Equal(f.FrameworkSort[n], want.FrameworkSort[n]) {
			return fmt.Errorf("final: order of frameworks of role %q %v, recorded %v: %w", n, f.FrameworkSort[n], want.FrameworkSort[n], ErrDiffers)
		}
	}
	if want.RoleTree == nil {
		return nil
	}
	return f.RoleTree.compare(want.RoleTree)
}

func (b Books) compare(want Books) error {
	if !sameText(b.Total, want.Total) {
		return fmt.Errorf("total %s, recorded %s: %w", b.Total, want.Total, ErrDiffers)
	}
	if !sameText(b.Available, want.Available) {
		return fmt.Errorf("available %s, recorded %s: %w", b.Available, want.Available, ErrDiffers)
	}
	got, recorded := b.flat(), want.flat()
	for _, key := range slices.Sorted(maps.Keys(recorded)) {
		if !sameText(got[key], recorded[key]) {
			return fmt.Errorf("%s holds %s, recorded %s: %w", key, got[key], recorded[key], ErrDiffers)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := recorded[key]; !ok {
			return fmt.Errorf("%s holds %s, recorded nothing: %w", key, got[key], ErrDiffers)
		}
	}
	return nil
}

// flat is what is held by framework and role.
func (b Books) flat() map[string]string {
	m := make(map[string]string)
	for _, f := range slices.Sorted(maps.Keys(b.Held)) {
		for _, r := range slices.Sorted(maps.Keys(b.Held[f])) {
			m[fmt.Sprintf("framework %q in role %q", f, r)] = b.Held[f][r]
		}
	}
	return m
}

// sameText compares printed collections as sets.
func sameText(a, b string) bool {
	split := func(s string) []string {
		list := strings.Split(s, "; ")
		slices.Sort(list)
		return list
	}
	return a == b || slices.Equal(split(a), split(b))
}

func (n *Node) compare(want *Node) error {
	if n.Weight != want.Weight {
		return n.differs("weight", n.Weight, want.Weight)
	}
	if got, recorded := sorted(n.Frameworks), sorted(want.Frameworks); !slices.Equal(got, recorded) {
		return n.differs("frameworks", got, recorded)
	}
	for _, c := range []struct {
		what      string
		got, want Amounts
	}{
		{"guarantees", n.Guarantees, want.Guarantees}, {"limits", n.Limits, want.Limits},
		{"reservations", n.Reserved, want.Reserved}, {"reserved use", n.Taken, want.Taken},
		{"unreserved use", n.Unreserved, want.Unreserved},
	} {
		if !maps.EqualFunc(c.got, c.want, func(a, b float64) bool { return thousandths(a) == thousandths(b) }) {
			return n.differs(c.what, c.got, c.want)
		}
	}
	got, recorded := sortedNodes(n.Children), sortedNodes(want.Children)
	if a, b := names(got), names(recorded); !slices.Equal(a, b) {
		return n.differs("roles below", a, b)
	}
	for i, c := range got {
		if err := c.compare(recorded[i]); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) differs(what string, got, want any) error {
	return fmt.Errorf("final: role %q: %s %v, recorded %v: %w", n.Role, what, got, want, ErrDiffers)
}

func sorted[T ~string](list []T) []T { return slices.Sorted(slices.Values(list)) }

func sortedNodes(list []*Node) []*Node {
	list = slices.DeleteFunc(slices.Clone(list), func(n *Node) bool { return n == nil })
	return slices.SortedFunc(slices.Values(list), func(a, b *Node) int { return strings.Compare(string(a.Role), string(b.Role)) })
}

func names(list []*Node) []role.Name {
	var out []role.Name
	for _, n := range list {
		out = append(out, n.Role)
	}
	return out
}

var _ json.Marshaler = Final{}
