// Package quota turns what an operator promises to roles into a checked tree of guarantees and limits; equal input gives equal answers.
//
// A guarantee is what a role can count on, a limit what it can never pass; both hold for the role and everything below it.
// Amounts are thousandths of a unit, as everywhere (resource.Scalar). A guarantee a role does not name is 0, a limit it
// does not name is none; a limit of 0 is a limit.
//
// The package knows no agents and no frameworks: what is consumed and what there is are passed in (Facts).
// Everything here is an immutable value or a pure function and may be used by any number of goroutines at once.
// Lists passed in are read and never kept; lists handed out belong to the caller.
package quota

import (
	"errors"
	"fmt"
	"strings"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// The errors of this package, each wrapped with the role and the amounts it is about. A bad role is role.ErrInvalid.
var (
	// ErrCeiling: an amount above what quota can express (docs/resource-model.md §5.4).
	ErrCeiling = errors.New("quota above the ceiling")
	// ErrNotScalar: quota on a name whose resources are no scalars (docs/resource-model.md §5.4).
	ErrNotScalar = errors.New("quota is for scalars only")
	// ErrLimitBelowGuarantee: the limit of a name is less than what is guaranteed of it (docs/resource-model.md §5.4).
	ErrLimitBelowGuarantee = errors.New("limit below guarantee")
	// ErrDuplicate: one update names a role twice (docs/resource-model.md §5.4).
	ErrDuplicate = errors.New("role given two quotas")
	// ErrLimitBelowUse: the role already holds more than the new limit; force overrides (docs/resource-model.md §5.4).
	ErrLimitBelowUse = errors.New("limit below present consumption")
	// ErrTree: the children of a role are guaranteed more than the role itself (docs/resource-model.md §5.4).
	ErrTree = errors.New("guarantee above the parent's")
	// ErrOvercommit: the roles of the top level are guaranteed more than there is; force overrides (docs/resource-model.md §5.4).
	ErrOvercommit = errors.New("guarantees above the capacity of the cluster")
	// ErrMalformed: JSON that is not a quota configuration.
	ErrMalformed = errors.New("malformed quota")
)

// The most that one quota may say of a name (docs/resource-model.md §5.4).
const (
	CeilingBytes resource.Scalar = (1 << 40) * 1000         // of mem and disk: 2^40 MiB
	CeilingOther resource.Scalar = 1_000_000_000_000 * 1000 // of any other name
)

// portsName is the predefined name whose resources are no scalars (docs/resource-model.md §2.5).
const portsName = "ports"

// A Config is the quota of one role. The zero value of both maps together is no quota.
type Config struct {
	Role       role.Name
	Guarantees resource.Quantities // absent: 0
	Limits     resource.Limits     // absent: no limit
}

// Parse builds a Config from text, each map as "cpus:1;mem:1024", and validates it (docs/resource-model.md §5.4).
func Parse(name, guarantees, limits string) (Config, error) {
	g, err := resource.ParseQuantities(guarantees)
	if err != nil {
		return Config{}, fmt.Errorf("guarantees of role %.80q: %w", name, err)
	}
	l, err := resource.ParseLimits(limits)
	if err != nil {
		return Config{}, fmt.Errorf("limits of role %.80q: %w", name, err)
	}
	c := Config{Role: role.Name(name), Guarantees: g, Limits: l}
	if err := c.Validate(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// IsDefault reports whether c promises and forbids nothing. An update with it takes the role's quota away.
func (c Config) IsDefault() bool { return c.Guarantees.IsEmpty() && c.Limits.IsEmpty() }

// Equal reports whether c and d say the same of the same role.
func (c Config) Equal(d Config) bool {
	return c.Role == d.Role && c.Guarantees.Equal(d.Guarantees) && c.Limits.Equal(d.Limits)
}

// String prints c as "eng: guarantees cpus:1, limits {}".
func (c Config) String() string {
	return fmt.Sprintf("%s: guarantees %s, limits %s", c.Role, c.Guarantees, c.Limits)
}

// Validate checks c on its own, in this order: role, names, ceilings, scalars only, no limit below a guarantee (docs/resource-model.md §5.4).
// That amounts are finite and not negative is seen to when Quantities and Limits are built.
func (c Config) Validate() error {
	if err := c.Role.Validate(); err != nil {
		return fmt.Errorf("quota: %w", err)
	}
	for name, amount := range c.Guarantees.All() {
		if err := checkAmount(name, amount); err != nil {
			return fmt.Errorf("guarantee of role %s: %w", c.Role, err)
		}
	}
	for name, amount := range c.Limits.All() {
		if err := checkAmount(name, amount); err != nil {
			return fmt.Errorf("limit of role %s: %w", c.Role, err)
		}
	}
	if !c.Limits.ContainsQuantities(c.Guarantees) {
		return fmt.Errorf("quota of role %s: %w: limits %s, guarantees %s", c.Role, ErrLimitBelowGuarantee, c.Limits, c.Guarantees)
	}
	return nil
}

func checkAmount(name string, amount resource.Scalar) error {
	if strings.ContainsAny(name, "()") {
		return fmt.Errorf("%w: %.80q has parentheses, which no name in a quota has", resource.ErrName, name)
	}
	if most := ceiling(name); amount > most {
		return fmt.Errorf("%w: %s of %s, at most %s", ErrCeiling, amount, name, most)
	}
	if name == portsName {
		return fmt.Errorf("%w: %s are handed out by number, leave them out", ErrNotScalar, name)
	}
	return nil
}

func ceiling(name string) resource.Scalar {
	if name == "mem" || name == "disk" {
		return CeilingBytes
	}
	return CeilingOther
}
