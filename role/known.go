package role

import "slices"

// Known lists the roles a master knows: every name of the groups, and every ancestor of one, sorted, each once
// (docs/resource-model.md §5.2). The groups are who is subscribed to, reserved to, weighted, under quota.
// Empty names are left out. The result is the caller's.
func Known(groups ...[]Name) []Name {
	var all []Name
	for _, group := range groups {
		for _, n := range group {
			if n == "" {
				continue
			}
			all = append(all, n)
			all = append(all, n.Ancestors()...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
