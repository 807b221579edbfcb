package offer

// This file keeps roles out of the way that can take nothing of an ordinary agent: with quota over the tree, most visits
// would end at a limit (docs/allocation.md §7.3).

// refreshBlocked recomputes whether n's own limit leaves nothing of any name that agents have.
func (a *Allocator) refreshBlocked(n *node) {
	if a.rules.Quota != QuotaTree {
		return
	}
	blocked := a.isBlocked(n)
	if blocked == n.blocked {
		return
	}
	a.countOpen(n, -1)
	n.blocked = blocked
	a.countOpen(n, 1)
}

func (a *Allocator) isBlocked(n *node) bool {
	if len(n.limit) == 0 {
		return false
	}
	for i := range a.names.len() {
		if a.totals.Get(i) > 0 && n.room(i) > 0 {
			return false
		}
	}
	return true
}

// countOpen keeps the number of roles with a listed framework whose own limit leaves something.
func (a *Allocator) countOpen(n *node, change int) {
	if n.listed > 0 && !n.blocked {
		a.openRoles += change
	}
}

// countListed counts a client of n listed, or no longer.
func (a *Allocator) countListed(n *node, change int) {
	a.countOpen(n, -1)
	n.listed += int32(change)
	a.countOpen(n, 1)
}

// namesMoved recomputes every blocked role if the cluster has a name now that it had not, or the reverse.
func (a *Allocator) namesMoved(old, total *bundle) {
	if a.quota.Len() == 0 {
		return
	}
	for i := range a.names.len() {
		now := a.totals.Get(i)
		if before := now - total.all.Get(i) + old.all.Get(i); (before > 0) != (now > 0) {
			for c := range a.quota.All() {
				if n, ok := a.role(c.Role); ok {
					a.refreshBlocked(n)
				}
			}
			return
		}
	}
}

// shut reports whether nobody in n may take anything of what is free on g, all of it rationed.
func (a *Allocator) shut(n *node, g *agent) bool {
	if g.free.kinds != 0 || a.quota.Len() == 0 {
		return false
	}
	if a.rules.Quota == QuotaReference {
		return n.hasQuota && n.spentAll(&g.free.unres)
	}
	for ; n != a.root; n = n.parent {
		if n.blocked {
			return true
		}
	}
	return false
}

// spentAll reports whether n's limit leaves nothing of any name in free, as this run counts it (QuotaReference).
func (n *node) spentAll(free *vec) bool {
	for i := range free.Len() {
		if free.Get(i) == 0 {
			continue
		}
		if most, limited := n.limit.of(i); !limited || most > n.spent.Get(i) {
			return false
		}
	}
	return true
}
