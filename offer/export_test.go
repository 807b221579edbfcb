package offer

import "github.com/proffer-go/proffer/role"

// Expired tells whether the guarantee of r holds nothing back any more (Rules.HeadroomExpiry).
func (a *Allocator) Expired(r role.Name) bool {
	n, ok := a.role(r)
	return ok && n.claimed().expired
}
