package offer

import "fmt"

// BothAccounts makes the short account of every agent where all is plain, and the long one as well: what the two give to
// clients, roles and the cluster must agree. It tells how many agents are plain, and how many are not.
func (a *Allocator) BothAccounts() (plain, others int, err error) {
	short, long := newChecker(a), newChecker(a)
	if err := short.agents(); err != nil {
		return 0, 0, err
	}
	for _, g := range a.agents {
		if g == nil {
			continue
		}
		m := &short.counts[g.index]
		if short.countHeld(g, m) {
			plain++
		} else {
			others++
		}
		if err := long.ledger(g); err != nil {
			return 0, 0, fmt.Errorf("agent %q: %w", g.id, err)
		}
	}
	same := func(what string, x, y *vec) {
		if err == nil {
			err = short.differ(what, x, y)
		}
	}
	for i := range short.byClient {
		same(fmt.Sprint("client ", i), &short.byClient[i], &long.byClient[i])
	}
	for i := range short.byRole {
		s, l := &short.byRole[i], &long.byRole[i]
		same("held", &s.held, &l.held)
		same("unres", &s.unres, &l.unres)
		same("used", &s.used, &l.used)
		same("taken", &s.taken, &l.taken)
		same("loose", &s.loose, &l.loose)
	}
	same("allocated", &short.allocated, &long.allocated)
	same("copies", &short.copies, &long.copies)
	same("late", &short.late, &long.late)
	return plain, others, err
}
