// Package quota turns guarantees and limits of roles into a checked configuration.
package quota

import (
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Config is the quota of one role; both empty removes it.
type Config struct {
	Role       role.Name
	Guarantees resource.Quantities
	Limits     resource.Limits
}
