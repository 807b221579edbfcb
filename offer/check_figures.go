package offer

import (
	"fmt"

	"github.com/proffer-go/proffer/internal/scratch"
)

// figures checks what Metrics reads of the present state; what only counts events has nothing to be held against.
func (k *checker) figures() error {
	a, unmet, filters := k.a, 0, 0
	for _, c := range a.clients {
		if c != nil {
			k.byRole[c.role.index].refused += c.refused
			filters += c.refused
		}
	}
	for _, n := range a.roles {
		if n == nil {
			continue
		}
		r, listed, refused := &n.figures, n.listedIn(), k.byRole[n.index].refused
		if r.unmet {
			unmet++
		}
		switch {
		case r.refused != refused:
			return fmt.Errorf("refused of role %q is %d, its clients give %d", n.name, r.refused, refused)
		case r.unmet != n.isUnmet():
			return fmt.Errorf("unmet of role %q is %v", n.name, r.unmet)
		case r.full != n.isFull():
			return fmt.Errorf("full of role %q is %v", n.name, r.full)
		case r.listedBelow != listed:
			return fmt.Errorf("listedBelow of role %q is %d, its clients give %d", n.name, r.listedBelow, listed)
		case r.stopped != n.stoppedIn():
			return fmt.Errorf("stopped of role %q is %d, its clients give %d", n.name, r.stopped, n.stoppedIn())
		}
		held, sum := n.subtreeHeld(), n.unres.Vec()
		sum.Add(n.taken.vec())
		sum.Add(r.revocable.vec())
		if !sum.Equal(&held) {
			return k.differ(fmt.Sprintf("held below role %q", n.name), &sum, &held)
		}
	}
	stopped := 0
	for _, top := range a.root.children {
		stopped += top.stoppedIn()
	}
	switch f := &a.figures; {
	case f.filters != filters:
		return fmt.Errorf("filters is %d, the clients give %d", f.filters, filters)
	case f.unmet != unmet:
		return fmt.Errorf("unmet is %d, the roles give %d", f.unmet, unmet)
	case a.root.figures.childStops != stopped:
		return fmt.Errorf("childStops is %d, the roles give %d", a.root.figures.childStops, stopped)
	}
	if err := k.waits(); err != nil {
		return err
	}
	return k.heldBack()
}

// subtreeHeld sums what the clients of n and below hold.
func (n *node) subtreeHeld() vec {
	v := n.held.Vec()
	for _, child := range n.children {
		h := child.subtreeHeld()
		v.Add(&h)
	}
	return v
}

// listedIn counts the listed clients of n's subtree.
func (n *node) listedIn() (count int) {
	for _, c := range n.clients {
		if c != nil && c.listed() {
			count++
		}
	}
	for _, child := range n.children {
		count += child.listedIn()
	}
	return count
}

// stoppedIn counts the listed clients of n's subtree that have a full role on their way up to n.
func (n *node) stoppedIn() (count int) {
	if n.isFull() {
		return n.listedIn()
	}
	for _, child := range n.children {
		count += child.stoppedIn()
	}
	return count
}

// waits checks the list of listed clients.
func (k *checker) waits() error {
	a, count := k.a, 0
	var before *client
	for c := a.figures.longest; c != nil; c = c.figures.after {
		w := &c.figures
		switch {
		case !c.listed() || a.clients[c.index] != c:
			return fmt.Errorf("framework %q waits in role %q and is not listed", c.framework.id, c.role.name)
		case w.before != before:
			return fmt.Errorf("framework %q in role %q waits behind the wrong one", c.framework.id, c.role.name)
		case before != nil && before.figures.since > w.since:
			return fmt.Errorf("framework %q in role %q waits out of order", c.framework.id, c.role.name)
		}
		before = c
		count++
	}
	listed := 0
	for _, n := range a.roles {
		if n != nil {
			listed += int(n.listed)
		}
	}
	if count != listed || a.figures.shortest != before {
		return fmt.Errorf("waits has %d clients, %d are listed", count, listed)
	}
	return nil
}

// heldBack checks the counts of agents by name.
func (k *checker) heldBack() error {
	k.agentsBack = scratch.Zeroed(k.agentsBack, k.a.names.len())
	counts := k.agentsBack
	for _, g := range k.a.agents {
		if g == nil {
			continue
		}
		for i := range counts {
			if g.heldBack.has(i) {
				counts[i]++
				if g.free.unres.Get(i) == 0 {
					return fmt.Errorf("agent %q: heldBack has %s, nothing of it is free", g.id, k.a.names.list[i])
				}
			}
		}
	}
	for i, want := range counts {
		got := int32(0)
		if i < len(k.a.figures.heldAgents) {
			got = k.a.figures.heldAgents[i]
		}
		if got != want {
			return fmt.Errorf("heldAgents of %s is %d, the agents give %d", k.a.names.list[i], got, want)
		}
	}
	return nil
}
