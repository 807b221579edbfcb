package offer

import (
	"cmp"
	"slices"

	"github.com/proffer-go/proffer/drf"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// RoleReport is a row of the operator's table; quantities are scalars of the role's subtree.
type RoleReport struct {
	Role       role.Name
	Weight     float64
	Guarantee  resource.Quantities
	Limit      resource.Limits
	Offered    resource.Quantities
	Allocated  resource.Quantities
	Reserved   resource.Quantities // in use or not
	Share      float64             // dominant share of the subtree as the rules count it, before the weight: RoleMetrics.TreeShare is after it
	Frameworks []FrameworkID       // subscribed to just this role, sorted
}

// Roles lists all known roles, sorted. The list is the caller's.
func (a *Allocator) Roles() []RoleReport {
	var rows []RoleReport
	for _, top := range a.root.children {
		rows, _, _ = a.reportRole(rows, top)
	}
	slices.SortFunc(rows, func(x, y RoleReport) int { return cmp.Compare(x.Role, y.Role) })
	return rows
}

// reportRole appends the rows of n and its descendants; it returns what n's subtree was offered and allocated.
func (a *Allocator) reportRole(rows []RoleReport, n *node) (out []RoleReport, offered, allocated vec) {
	row := RoleReport{Role: n.name, Weight: n.weight, Reserved: a.names.quantities(n.reserved.vec())}
	config, _ := a.quota.Get(n.name)
	row.Guarantee, row.Limit = config.Guarantees, config.Limits
	for _, c := range n.clients {
		if c == nil {
			continue
		}
		if c.subscribed {
			row.Frameworks = append(row.Frameworks, c.framework.id)
		}
		for _, o := range c.offers {
			offered.Add(&o.b.all)
		}
		for _, u := range c.usesByAgent() {
			allocated.Add(&u.b.all)
		}
	}
	at := len(rows)
	rows = append(rows, RoleReport{})
	for _, child := range n.children {
		var o, u vec
		rows, o, u = a.reportRole(rows, child)
		offered.Add(&o)
		allocated.Add(&u)
	}
	slices.Sort(row.Frameworks)
	row.Offered, row.Allocated = a.names.quantities(&offered), a.names.quantities(&allocated)
	weighs := n.weighs(&a.rules)
	row.Share = a.dominant(&weighs)
	rows[at] = row
	return rows, offered, allocated
}

// dominant is the largest fraction of the cluster that v is of any name that counts.
func (a *Allocator) dominant(v *vec) float64 { return a.pool.Share(v, role.DefaultWeight) }

func (a *Allocator) dominantOf(s *drf.Slim) float64 { return a.pool.SlimShare(s, role.DefaultWeight) }

// AgentReport tells an agent's books. A shared volume stays in Free while it is offered or allocated.
type AgentReport struct {
	ID                              AgentID
	Active                          bool
	Total, Free, Offered, Allocated resource.Resources
}

// Agent reports one agent.
func (a *Allocator) Agent(id AgentID) (AgentReport, bool) {
	g, ok := a.agent(id)
	if !ok {
		return AgentReport{}, false
	}
	r := AgentReport{ID: id, Active: g.active, Total: g.total.res, Free: g.free.res}
	for _, o := range g.offers {
		r.Offered = r.Offered.Add(o.b.res)
	}
	for _, u := range g.uses {
		r.Allocated = r.Allocated.Add(u.b.res)
	}
	for _, u := range g.rare().late {
		r.Allocated = r.Allocated.Add(u.Resources)
	}
	return r, true
}

// AgentCount is how many agents are known.
func (a *Allocator) AgentCount() int { return len(a.agentAt) }

// Agents lists the known agents, sorted. The list is the caller's.
func (a *Allocator) Agents() []AgentID {
	ids := make([]AgentID, 0, len(a.agentAt))
	for _, g := range a.agents {
		if g != nil {
			ids = append(ids, g.id)
		}
	}
	slices.Sort(ids)
	return ids
}

// RoleOrder lists the roles that have a listed framework, first the one to be served first.
func (a *Allocator) RoleOrder() []role.Name {
	var list []role.Name
	a.order.Ascend(func(slot drf.Client) bool {
		if n := a.roles[slot]; n.listed > 0 {
			list = append(list, n.name)
		}
		return true
	})
	return list
}

// FrameworkOrder lists the listed frameworks of role r, first the one to be served first.
func (a *Allocator) FrameworkOrder(r role.Name) []FrameworkID {
	n, ok := a.role(r)
	if !ok {
		return nil
	}
	var list []FrameworkID
	a.members(n, &agent{}, func(slot drf.Client) bool {
		list = append(list, n.clients[slot].framework.id)
		return true
	})
	return list
}
