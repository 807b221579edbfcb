package offer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Change is one client on one agent that is offered something else than before.
type Change struct {
	Framework     FrameworkID
	Role          role.Name
	Agent         AgentID
	Before, After resource.Resources // either may be empty
}

// Difference tells two batches apart. Both lists are sorted: by framework, role and agent, and by offer.
type Difference struct {
	Changes   []Change
	Rescinded []Rescind // in the second batch only
}

// IsEmpty reports whether the batches gave the same to everybody.
func (d Difference) IsEmpty() bool { return len(d.Changes) == 0 && len(d.Rescinded) == 0 }

// String has a line for each change: what is offered no more, anew or differently, and what is taken back.
func (d Difference) String() string {
	var b strings.Builder
	for _, c := range d.Changes {
		at := fmt.Sprintf("%s/%s on %s", c.Framework, c.Role, c.Agent)
		switch {
		case c.Before.IsEmpty():
			fmt.Fprintf(&b, "+ %s: %s\n", at, c.After)
		case c.After.IsEmpty():
			fmt.Fprintf(&b, "- %s: %s\n", at, c.Before)
		default:
			fmt.Fprintf(&b, "~ %s: %s, was %s\n", at, c.After, c.Before)
		}
	}
	for _, r := range d.Rescinded {
		fmt.Fprintf(&b, "rescinded %d: %s/%s on %s (%s)\n", r.Offer, r.Framework, r.Role, r.Agent, r.Reason)
	}
	return b.String()
}

// Diff compares what two batches offer to each client on each agent, whatever the ids and deadlines of the offers.
func Diff(before, after Batch) Difference {
	var list []Change
	at := make(map[Allocation]int)
	entry := func(o Offer) *Change {
		k := Allocation{Framework: o.Framework, Role: o.Role, Agent: o.Agent}
		i, ok := at[k]
		if !ok {
			i = len(list)
			at[k] = i
			list = append(list, Change{Framework: o.Framework, Role: o.Role, Agent: o.Agent})
		}
		return &list[i]
	}
	for _, o := range before.Offers {
		c := entry(o)
		c.Before = c.Before.Add(o.Resources)
	}
	for _, o := range after.Offers {
		c := entry(o)
		c.After = c.After.Add(o.Resources)
	}
	var d Difference
	for _, c := range list {
		if !c.Before.Equal(c.After) {
			d.Changes = append(d.Changes, c)
		}
	}
	slices.SortFunc(d.Changes, func(x, y Change) int {
		return cmp.Or(cmp.Compare(x.Framework, y.Framework), cmp.Compare(x.Role, y.Role), cmp.Compare(x.Agent, y.Agent))
	})
	for _, r := range after.Rescinded {
		if !slices.ContainsFunc(before.Rescinded, func(s Rescind) bool { return s.Offer == r.Offer }) {
			d.Rescinded = append(d.Rescinded, r)
		}
	}
	slices.SortFunc(d.Rescinded, func(x, y Rescind) int { return cmp.Compare(x.Offer, y.Offer) })
	return d
}

// WhatIf tells what a run over every agent at now would offer differently if changes were made first: an agent more, a
// weight, a quota, a refusal. changes gets a fork, which it may call in any way and must not keep; an error of it is
// returned, wrapped. The allocator itself is as it was, and so are its future offers. A paused allocator offers nothing
// either way. It costs two Forks and two runs.
func (a *Allocator) WhatIf(now Time, changes func(*Allocator) error) (Difference, error) {
	plain, changed := a.Fork(), a.Fork()
	if err := changes(changed); err != nil {
		return Difference{}, fmt.Errorf("what if: %w", err)
	}
	var before, after Batch
	plain.ahead(now, &before)
	changed.ahead(now, &after)
	return Diff(before, after), nil
}

// ahead ends what is over at now and makes one run over everything, due or not.
func (a *Allocator) ahead(now Time, out *Batch) {
	a.advance(now)
	a.expire()
	a.expireClaims()
	a.endKeeping()
	a.settle(a.now)
	if !a.sched.paused {
		a.runAll(out)
	}
	out.Rescinded = append(out.Rescinded, a.rescinds...)
	a.rescinds = a.rescinds[:0]
}
