package quota

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// A Tree holds the quota of every role that has one. It is an immutable value; the zero value holds none.
type Tree struct {
	_ [0]func()
	c []Config // sorted by role, none default
}

// Facts is what an update is measured against; all of it belongs to the caller and is only read.
type Facts struct {
	// Consumed returns what a role's subtree consumes now: reservations, used or not, and unreserved non-revocable
	// scalars allocated, over all agents. Offered resources do not count. It is called once per role of the update
	// that has a limit. nil: nothing is consumed. Consumption computes it for one agent.
	Consumed func(role.Name) resource.Quantities
	// Capacity is the sum of the non-revocable scalars of all registered agents, connected or not, reserved ones included.
	Capacity resource.Quantities
	// Force skips the comparisons with Consumed and Capacity. Nothing skips the others.
	Force bool
}

// Len counts the roles that have quota.
func (t Tree) Len() int { return len(t.c) }

// All yields the quota of every role that has one, sorted by role.
func (t Tree) All() iter.Seq[Config] { return slices.Values(t.c) }

// Roles lists the roles that have quota, sorted. The list is the caller's.
func (t Tree) Roles() []role.Name {
	names := make([]role.Name, 0, len(t.c))
	for _, c := range t.c {
		names = append(names, c.Role)
	}
	return names
}

// Get returns the quota of n; where there is none, the default and false.
func (t Tree) Get(n role.Name) (Config, bool) {
	i, ok := slices.BinarySearchFunc(t.c, n, func(c Config, n role.Name) int { return compareNames(c.Role, n) })
	if !ok {
		return Config{Role: n}, false
	}
	return t.c[i], true
}

// EffectiveLimit is the least that n and its ancestors are limited to, name by name (docs/resource-model.md §5.4).
func (t Tree) EffectiveLimit(n role.Name) resource.Limits {
	own, _ := t.Get(n)
	limit := own.Limits
	for p, ok := n.Parent(); ok; p, ok = p.Parent() {
		if above, found := t.Get(p); found {
			limit = least(limit, above.Limits)
		}
	}
	return limit
}

// Equal reports whether t and u hold the same quota for every role.
func (t Tree) Equal(u Tree) bool { return slices.EqualFunc(t.c, u.c, Config.Equal) }

// String prints one line per role, sorted.
func (t Tree) String() string {
	lines := make([]string, 0, len(t.c))
	for _, c := range t.c {
		lines = append(lines, c.String())
	}
	return strings.Join(lines, "\n")
}

// Update returns t with the quota of list in place; a default Config takes a role's quota away, roles that list does not name
// keep theirs (docs/resource-model.md §5.4). All or nothing: on an error t is returned as it was.
//
// Checked in this order: (1) each Config on its own, and no role twice; (2) no new limit below present consumption, unless forced;
// (3) at every role, guarantees at least those of its children together, a role without quota counting as 0;
// (4) guarantees of the top level within the capacity, unless forced. Each step goes by role name, so the order of list is
// of no consequence, not even to the error.
func (t Tree) Update(list []Config, f Facts) (Tree, error) {
	list = slices.SortedStableFunc(slices.Values(list), byRole)
	if err := checkList(list); err != nil {
		return t, err
	}
	next := Tree{c: merge(t.c, list)}
	if !f.Force {
		if err := checkUse(list, f.Consumed); err != nil {
			return t, err
		}
	}
	if err := next.checkTree(); err != nil {
		return t, err
	}
	if !f.Force {
		if err := next.checkCapacity(f.Capacity); err != nil {
			return t, err
		}
	}
	return next, nil
}

// checkList is step 1 of Update; list is sorted by role.
func checkList(list []Config) error {
	for _, c := range list {
		if err := c.Validate(); err != nil {
			return err
		}
	}
	for i := 1; i < len(list); i++ {
		if list[i].Role == list[i-1].Role {
			return fmt.Errorf("%w: %s; put everything about a role into one", ErrDuplicate, list[i].Role)
		}
	}
	return nil
}

// checkUse is step 2 of Update.
func checkUse(list []Config, consumed func(role.Name) resource.Quantities) error {
	if consumed == nil {
		return nil
	}
	for _, c := range list {
		if c.Limits.IsEmpty() {
			continue
		}
		if used := consumed(c.Role); !c.Limits.ContainsQuantities(used) {
			return fmt.Errorf("%w: role %s consumes %s, limits %s; force to set them all the same", ErrLimitBelowUse, c.Role, used, c.Limits)
		}
	}
	return nil
}

// checkTree is step 3 of Update. It looks at the running sum after each child, so that no sum can wrap.
func (t Tree) checkTree() error {
	children := map[role.Name]resource.Quantities{}
	for _, c := range t.c {
		p, ok := c.Role.Parent()
		if !ok {
			continue
		}
		sum := children[p].Add(c.Guarantees)
		if own, _ := t.Get(p); !own.Guarantees.Contains(sum) {
			return fmt.Errorf("%w: role %s is guaranteed %s, its children up to %s together %s", ErrTree, p, own.Guarantees, c.Role, sum)
		}
		children[p] = sum
	}
	return nil
}

// checkCapacity is step 4 of Update. Only the top level is added up: the tree holds every guarantee within one of those.
func (t Tree) checkCapacity(capacity resource.Quantities) error {
	var sum resource.Quantities
	for _, c := range t.c {
		if c.Role.Depth() > 1 {
			continue
		}
		if sum = sum.Add(c.Guarantees); !capacity.Contains(sum) {
			return fmt.Errorf("%w: up to role %s they come to %s, there is %s; force to promise it all the same", ErrOvercommit, c.Role, sum, capacity)
		}
	}
	return nil
}

// merge lays list over old, both sorted by role, and leaves the default ones out.
func merge(old, list []Config) []Config {
	var merged []Config
	for len(old) > 0 || len(list) > 0 {
		var next Config
		if len(list) == 0 || (len(old) > 0 && old[0].Role < list[0].Role) {
			next, old = old[0], old[1:]
		} else {
			next, list = list[0], list[1:]
			if len(old) > 0 && old[0].Role == next.Role {
				old = old[1:]
			}
		}
		if !next.IsDefault() {
			merged = append(merged, next)
		}
	}
	return merged
}

// least limits every name to the smaller of what a and b say; a name that one of them leaves out is the other's.
func least(a, b resource.Limits) resource.Limits {
	var qs []resource.Quantity
	for name, amount := range a.All() {
		if other, ok := b.Get(name); ok {
			amount = min(amount, other)
		}
		qs = append(qs, resource.Quantity{Name: name, Amount: amount})
	}
	for name, amount := range b.All() {
		if _, ok := a.Get(name); !ok {
			qs = append(qs, resource.Quantity{Name: name, Amount: amount})
		}
	}
	l, err := resource.NewLimits(qs...)
	if err != nil {
		return a // cannot be: every name and amount comes from a valid Limits, each name once
	}
	return l
}

func byRole(a, b Config) int { return compareNames(a.Role, b.Role) }

func compareNames(a, b role.Name) int { return strings.Compare(string(a), string(b)) }

// Consumption is what n's subtree consumes of one agent: reservations for it, in use or not, and unreserved non-revocable
// scalars allocated in it (docs/resource-model.md §5.4, docs/allocation.md §2.4). Total is what the agent has; allocated is what
// is in use of it, each entry with its allocation role. Consumption over all agents is the sum. A plain function for
// checks and small callers: it walks both collections.
func Consumption(n role.Name, total, allocated resource.Resources) resource.Quantities {
	reserved := total.ReservedToSubtree(n).ScalarQuantities()
	used := allocated.Unreserved().NonRevocable().AllocatedToSubtree(n).ScalarQuantities()
	return reserved.Add(used)
}
