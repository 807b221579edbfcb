package offer

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/drf"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// node is a known role: one with a framework, a weight, quota, a reservation, or a known role below it.
// Sums are of its whole subtree.
type node struct {
	name     role.Name
	index    int32
	ordered  bool // is in the order of roles
	blocked  bool // its own limit leaves nothing of any name that agents have (QuotaTree)
	hasQuota bool
	parent   *node // the root for top-level roles
	children []*node
	weight   float64

	clients []*client // by slot, nil where free
	spare   []int32
	members int32       // clients
	listed  int32       // clients that can be offered something
	order   drf.Orderer // of the clients; nil: never had one
	version uint64      // of the totals that order knows

	holding int32    // agents with a reservation for just this role
	held    drf.Slim // offered or allocated to its own clients, a shared volume once per agent

	reserved book     // reservations, in use or not
	unres    drf.Slim // unreserved, not revocable: offered or allocated
	used     book     // of unres: allocated
	taken    book     // of reserved: offered or allocated

	weighedAt uint64  // when level was summed, in the count of listings
	level     float64 // weights of those that share what the role gets

	guarantee book
	limit     ceiling
	need      book // of guarantees, its own and those below it (docs/allocation.md §2.8)
	childNeed book // sum of need over the children
	spent     book // consumed, as this run counts it (QuotaReference)

	claim   *claim // with HeadroomExpiry, and nil until it is needed
	figures roleFigures
}

// books are all books of n.
func (n *node) books() [8]*book {
	return [...]*book{&n.reserved, &n.used, &n.taken, &n.guarantee, &n.need, &n.childNeed, &n.spent, &n.figures.revocable}
}

// role returns the known role n.
func (a *Allocator) role(n role.Name) (*node, bool) {
	i, ok := a.roleAt[n]
	if !ok {
		return nil, false
	}
	return a.roles[i], true
}

// track makes n and its ancestors known.
func (a *Allocator) track(n role.Name) *node {
	if known, ok := a.role(n); ok {
		return known
	}
	parent := a.root
	if up, ok := n.Parent(); ok {
		parent = a.track(up)
	}
	made := &node{name: n, parent: parent, weight: a.weights.Of(n), index: take(&a.spareRoles, len(a.roles))}
	a.roles = put(a.roles, made.index, made)
	a.roleAt[n] = made.index
	at, _ := slices.BinarySearchFunc(parent.children, n, compareNode)
	parent.children = slices.Insert(parent.children, at, made)
	return made
}

// forget drops n and its ancestors as far as nothing keeps them known.
func (a *Allocator) forget(n *node) {
	for n != a.root && n.members == 0 && n.holding == 0 && !n.hasQuota && len(n.children) == 0 &&
		n.weight == role.DefaultWeight {
		at, _ := slices.BinarySearchFunc(n.parent.children, n.name, compareNode)
		n.parent.children = slices.Delete(n.parent.children, at, at+1)
		delete(a.roleAt, n.name)
		a.roles[n.index] = nil
		a.spareRoles = append(a.spareRoles, n.index)
		n = n.parent
	}
}

func compareNode(n *node, name role.Name) int { return cmp.Compare(n.name, name) }

// room counts the roles that tracking names would make known.
func (a *Allocator) roomForRoles(names ...role.Name) error {
	fresh := make(map[role.Name]bool)
	for _, n := range names {
		for ok := true; ok; n, ok = n.Parent() {
			if _, known := a.roleAt[n]; !known {
				fresh[n] = true
			}
		}
	}
	if len(a.roleAt)+len(fresh) > a.bounds.Roles {
		return fmt.Errorf("%d known roles and %d more: %w", len(a.roleAt), len(fresh), ErrTooMany)
	}
	return nil
}

// reserve adds sign times the reservations of r to its roles.
func (a *Allocator) reserve(r resource.Resources, sign int) {
	byRole := make(map[role.Name]*vec)
	var owners []role.Name
	for e := range r.All() {
		owner := e.Owner()
		if owner == "" {
			continue
		}
		v, ok := byRole[owner]
		if !ok {
			v = new(vec)
			byRole[owner] = v
			owners = append(owners, owner)
		}
		if e.Kind == resource.KindScalar {
			i := a.names.of(e.Name)
			v.Set(i, v.Get(i)+int64(e.Scalar))
		}
	}
	slices.Sort(owners)
	for _, owner := range owners {
		n := a.track(owner)
		n.holding += int32(sign)
		for up := n; up != a.root; up = up.parent {
			up.reserved.add(byRole[owner], sign)
		}
		a.refreshNeed(n)
		a.alive(n)
	}
	if sign < 0 {
		for _, owner := range owners {
			if n, ok := a.role(owner); ok {
				a.unweigh(n, byRole[owner])
				a.forget(n)
			}
		}
	}
}

func addSigned(v, d *vec, sign int) {
	if sign < 0 {
		v.Sub(d)
		return
	}
	v.Add(d)
}

func sumSigned(s *drf.Slim, d *vec, sign int) {
	if sign < 0 {
		s.Sub(d)
		return
	}
	s.Add(d)
}

// take returns a free index: a spare one, or the next.
func take(spare *[]int32, next int) int32 {
	if n := len(*spare); n > 0 {
		i := (*spare)[n-1]
		*spare = (*spare)[:n-1]
		return i
	}
	return int32(next)
}

// put sets list[i], which may be just beyond its end.
func put[T any](list []T, i int32, x T) []T {
	if int(i) == len(list) {
		return append(list, x)
	}
	list[i] = x
	return list
}
