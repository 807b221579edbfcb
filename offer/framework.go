package offer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/proffer-go/proffer/role"
)

// AddFramework makes a framework known, listed for its roles unless they are suppressed or it is inactive.
// It fails with ErrFrameworkExists, ErrSpec, ErrNotSubscribed, ErrTooMany, ErrConstraint or an error of package role.
func (a *Allocator) AddFramework(now Time, s FrameworkSpec) error {
	if err := a.checkFramework(&s); err != nil {
		return fmt.Errorf("add framework %q: %w", s.ID, err)
	}
	if _, ok := a.framework(s.ID); ok {
		return fmt.Errorf("add framework %q: %w", s.ID, ErrFrameworkExists)
	}
	if _, reported := a.fwAt[s.ID]; !reported && len(a.fwAt) >= a.bounds.Frameworks {
		return fmt.Errorf("add framework %q: %d frameworks: %w", s.ID, len(a.fwAt), ErrTooMany)
	}
	if err := a.roomForRoles(append(a.lateRoles(s.ID), s.Roles...)...); err != nil {
		return fmt.Errorf("add framework %q: %w", s.ID, err)
	}
	constraints, err := a.constrain(&s)
	if err != nil {
		return fmt.Errorf("add framework %q: %w", s.ID, err)
	}
	a.advance(now)
	f := a.ensureFramework(s.ID)
	f.known = true
	a.subscribe(f, &s)
	f.setConstraints(constraints)
	a.setFrameworkActive(f, !s.Inactive)
	a.chargeLate(f)
	if f.active {
		a.requestFor(f.clients...)
	}
	return nil
}

// UpdateFramework replaces roles, suppressed roles, capabilities, minimums and constraints at once; s.Inactive is not read.
// Offers for roles that it gives up are rescinded, those for roles now suppressed are not (docs/allocation.md §4).
func (a *Allocator) UpdateFramework(now Time, s FrameworkSpec) error {
	if err := a.checkFramework(&s); err != nil {
		return fmt.Errorf("update framework %q: %w", s.ID, err)
	}
	f, ok := a.framework(s.ID)
	if !ok {
		return fmt.Errorf("update framework %q: %w", s.ID, ErrUnknownFramework)
	}
	constraints, err := a.constrain(&s)
	if err != nil {
		return fmt.Errorf("update framework %q: %w", s.ID, err)
	}
	a.advance(now)
	a.subscribe(f, &s)
	f.setConstraints(constraints)
	for _, c := range f.clients {
		a.reconsider(c)
	}
	a.unfilterFramework(f)
	if a.rules.Triggers == OnChange {
		a.requestFor(f.clients...)
	}
	return nil
}

// checkFramework normalises s and reports what is wrong with it.
func (a *Allocator) checkFramework(s *FrameworkSpec) error {
	if s.ID == "" {
		return fmt.Errorf("no id: %w", ErrSpec)
	}
	if err := a.bounds.PerRole.CheckList(s.Roles); err != nil {
		return err
	}
	s.Roles = slices.Clone(s.Roles)
	slices.Sort(s.Roles)
	for _, n := range s.Suppressed {
		if _, ok := slices.BinarySearch(s.Roles, n); !ok {
			return fmt.Errorf("suppressed role %q: %w", n, ErrNotSubscribed)
		}
	}
	if err := a.checkMinimums(s); err != nil {
		return err
	}
	return a.roomForRoles(s.Roles...)
}

// checkMinimums holds the minimums of s, whose roles are sorted, against them and the bound.
func (a *Allocator) checkMinimums(s *FrameworkSpec) error {
	for _, n := range slices.Sorted(maps.Keys(s.MinAllocatable)) {
		if _, ok := slices.BinarySearch(s.Roles, n); !ok {
			return fmt.Errorf("minimum for role %q: %w", n, ErrNotSubscribed)
		}
		if count := len(s.MinAllocatable[n]); count > a.bounds.Minimums {
			return fmt.Errorf("minimum for role %q: %d alternatives, at most %d: %w", n, count, a.bounds.Minimums, ErrTooMany)
		}
	}
	return nil
}

// subscribe makes f's clients agree with s. Roles are entered before others are left, so that a role above both keeps its
// place among ties (docs/allocation.md §4).
func (a *Allocator) subscribe(f *framework, s *FrameworkSpec) {
	f.caps = s.Capabilities
	old := slices.Clone(f.clients)
	for _, n := range s.Roles {
		c := a.ensureClient(f, n)
		suppressed := slices.Contains(s.Suppressed, n)
		if c.suppressed && !suppressed {
			a.forgive(c)
		}
		a.set(c, func() { c.subscribed, c.suppressed = true, suppressed })
		min, own := s.MinAllocatable[n]
		a.setMinimum(c, own, min)
	}
	for _, c := range old {
		if _, kept := slices.BinarySearch(s.Roles, c.role.name); !kept && c.subscribed {
			a.leave(c)
		}
	}
}

// leave takes a client out of its role; what it uses stays charged to it.
func (a *Allocator) leave(c *client) {
	a.set(c, func() { c.subscribed, c.suppressed = false, false })
	a.forgive(c)
	a.setHint(c, nil)
	if a.rules.Rescind {
		for _, o := range byID(c.offers) {
			a.rescind(o, RescindRole)
		}
	}
	a.dropClient(c)
}

// SetFrameworkActive lists a framework's roles again, or makes it lose its offers silently and get none.
// Going inactive clears its refusals.
func (a *Allocator) SetFrameworkActive(now Time, id FrameworkID, on bool) error {
	f, ok := a.framework(id)
	if !ok {
		return fmt.Errorf("set framework %q active: %w", id, ErrUnknownFramework)
	}
	a.advance(now)
	a.setFrameworkActive(f, on)
	if on {
		a.requestFor(f.clients...)
		return nil
	}
	a.stopAsking(f)
	for _, c := range slices.Clone(f.clients) {
		a.forgive(c)
		if a.rules.Rescind {
			for _, o := range byID(c.offers) {
				a.withdraw(o)
			}
		}
	}
	return nil
}

func (a *Allocator) setFrameworkActive(f *framework, on bool) {
	was := make([]bool, len(f.clients))
	for i, c := range f.clients {
		was[i] = c.listed()
	}
	f.active = on
	for i, c := range f.clients {
		if is := c.listed(); is != was[i] {
			a.relist(c, is)
		}
	}
}

// RemoveFramework forgets a framework. Its offers vanish silently, and what it used is free at once.
func (a *Allocator) RemoveFramework(now Time, id FrameworkID) error {
	f, ok := a.framework(id)
	if !ok {
		return fmt.Errorf("remove framework %q: %w", id, ErrUnknownFramework)
	}
	a.advance(now)
	a.setFrameworkActive(f, false)
	a.forgetPairsOf(f)
	f.known = false
	for _, c := range slices.Clone(f.clients) {
		for _, o := range byID(c.offers) {
			a.withdraw(o)
		}
		for _, u := range c.usesByAgent() {
			b, g := u.b, u.agent
			a.takeUse(u, b)
			a.drop(c, g, b)
			a.giveBack(g, b)
		}
		a.set(c, func() { c.subscribed = false })
		a.dropClient(c)
	}
	a.dropFramework(f)
	return nil
}

// dropFramework forgets a framework that is not known and has nothing.
func (a *Allocator) dropFramework(f *framework) {
	if f.known || len(f.clients) > 0 || len(f.late) > 0 || a.fws[f.index] != f {
		return
	}
	delete(a.fwAt, f.id)
	a.fws[f.index] = nil
	a.spareFws = append(a.spareFws, f.index)
}

// usesByAgent returns the client's uses sorted by agent.
func (c *client) usesByAgent() []*use {
	return slices.SortedFunc(maps.Values(c.uses), func(x, y *use) int { return cmp.Compare(x.agent.id, y.agent.id) })
}

func byID(list []*offer) []*offer {
	sorted := slices.Clone(list)
	slices.SortFunc(sorted, func(x, y *offer) int { return cmp.Compare(x.id, y.id) })
	return sorted
}

// Suppress stops offers for roles, all of the framework's where none is named. Refusals and outstanding offers stay.
// A role that it is not in makes the call fail whole.
func (a *Allocator) Suppress(now Time, f FrameworkID, roles ...role.Name) error {
	clients, err := a.clientsOf(f, roles)
	if err != nil {
		return fmt.Errorf("suppress framework %q: %w", f, err)
	}
	a.advance(now)
	for _, c := range clients {
		a.set(c, func() { c.suppressed = true })
	}
	return nil
}

// Revive clears the refusals of roles, all of the framework's where none is named, lists them again and asks for a run.
// A role that it is not in makes the call fail whole.
func (a *Allocator) Revive(now Time, f FrameworkID, roles ...role.Name) error {
	clients, err := a.clientsOf(f, roles)
	if err != nil {
		return fmt.Errorf("revive framework %q: %w", f, err)
	}
	a.advance(now)
	for _, c := range clients {
		a.forgive(c)
		a.alive(c.role)
		a.set(c, func() { c.suppressed = false })
	}
	a.unfilterFramework(a.fws[a.fwAt[f]])
	a.requestFor(clients...)
	return nil
}

// clientsOf returns f's clients in roles, or in all it subscribes to.
func (a *Allocator) clientsOf(id FrameworkID, roles []role.Name) ([]*client, error) {
	f, ok := a.framework(id)
	if !ok {
		return nil, ErrUnknownFramework
	}
	var clients []*client
	if len(roles) == 0 {
		for _, c := range f.clients {
			if c.subscribed {
				clients = append(clients, c)
			}
		}
	}
	for _, n := range roles {
		c, ok := f.in(n)
		if !ok || !c.subscribed {
			return nil, fmt.Errorf("role %q: %w", n, ErrNotSubscribed)
		}
		clients = append(clients, c)
	}
	return clients, nil
}

// charge books what a client already uses, beyond any offer.
func (a *Allocator) charge(c *client, g *agent, b *bundle) {
	if b.empty() {
		return
	}
	a.hold(c, g, b, true)
	a.giveUse(c, g, b)
}

// lateRoles lists the roles in which agents reported use by id before it was known.
func (a *Allocator) lateRoles(id FrameworkID) []role.Name {
	i, ok := a.fwAt[id]
	if !ok {
		return nil
	}
	var roles []role.Name
	for _, g := range a.fws[i].late {
		for _, u := range g.rare().late {
			if u.Framework == id && !slices.Contains(roles, u.Role) {
				roles = append(roles, u.Role)
			}
		}
	}
	return roles
}

// chargeLate charges what agents reported of f before it was known.
func (a *Allocator) chargeLate(f *framework) {
	agents := f.late
	f.late = nil
	for _, g := range agents {
		for _, u := range g.rare().late {
			if u.Framework == f.id {
				a.countLate(u, -1)
				a.charge(a.ensureClient(f, u.Role), g, a.bundle(u.Resources))
			}
		}
		g.setLate(slices.DeleteFunc(g.rare().late, func(u Use) bool { return u.Framework == f.id }))
	}
}
