package reservation

import (
	"fmt"
	"slices"

	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
)

// Apply validates op for the caller that c describes and returns total after it (docs/resource-model.md §6).
//
// For a framework total is what its offers hold, either with the offers' allocation role on every entry or on none, and the
// result is like it. For an operator total is what of the agent nobody uses. On an error, which wraps one of the
// package's sentinels or one of package resource, total is returned unchanged.
func Apply(total resource.Resources, op Op, c Context) (resource.Resources, error) {
	ready, err := prepare(total, op, c, tagged(total))
	if err != nil {
		return total, fmt.Errorf("%s: %w", Name(op), err)
	}
	return Convert(total, ready)
}

// Mode says what ApplyAll does with an operation that is refused.
type Mode uint8

const (
	// SkipInvalid leaves the operation out and goes on, as an accept does.
	SkipInvalid Mode = iota
	// AllOrNothing stops and gives the total back as it was.
	AllOrNothing
)

// ApplyAll applies ops in order, each to what those before left (docs/resource-model.md §6.7); what a Resize made is in the result,
// but no later operation can use it (§6.5). The errors are nil if every operation was applied; else there is one per
// operation, nil where it was applied. With AllOrNothing only the first refusal is told, and nothing is applied.
func ApplyAll(total resource.Resources, ops []Op, c Context, m Mode) (resource.Resources, []error) {
	p := NewPool(total, c)
	var errs []error
	for i, op := range ops {
		err := p.Apply(op)
		if err == nil {
			continue
		}
		if errs == nil {
			errs = make([]error, len(ops))
		}
		errs[i] = fmt.Errorf("operation %d: %w", i, err)
		if m == AllOrNothing {
			return total, errs
		}
	}
	return p.Total(), errs
}

// prepare returns op as Convert needs it: validated, and with allocation roles if tag says that total has them.
func prepare(total resource.Resources, op Op, c Context, tag bool) (Op, error) {
	op, err := fillIn(op, c)
	if err != nil {
		return nil, err
	}
	if err := validate(total, op, c); err != nil {
		return nil, err
	}
	if tag {
		return op, nil
	}
	return Unallocated(op), nil
}

// fillIn checks and completes the allocation roles of op (docs/resource-model.md §6.1).
func fillIn(op Op, c Context) (Op, error) {
	if err := checkParts(op); err != nil {
		return nil, err
	}
	if c.Operator {
		return eachPart(op, untouched)
	}
	return eachPart(op, c.allocated)
}

// untouched passes what carries no allocation role, as everything of an operator must.
func untouched(r resource.Resources) (resource.Resources, error) {
	for e := range r.All() {
		if e.AllocationRole != "" {
			return r, fmt.Errorf("%w: an operator's resources have none: %s", ErrAllocation, cite(e))
		}
	}
	return r, nil
}

// allocation is the one role that r is allocated to: the one its entries name, else that of the offers; "" if r is empty.
func (c Context) allocation(r resource.Resources) (all role.Name, err error) {
	for e := range r.All() {
		n := e.AllocationRole
		if n == "" {
			n = c.Role
		}
		switch {
		case n == "":
			return "", fmt.Errorf("%w: none given for %s", ErrAllocation, cite(e))
		case all == "":
			all = n
		case all != n:
			return "", fmt.Errorf("%w: %s is not allocated to %s like the others", ErrAllocation, cite(e), all)
		}
	}
	if r.IsEmpty() {
		return "", nil
	}
	return all, c.checkRole(all)
}

// allocated gives every entry of r one allocation role.
func (c Context) allocated(r resource.Resources) (resource.Resources, error) {
	n, err := c.allocation(r)
	if err != nil {
		return r, err
	}
	return r.Allocate(n), nil
}

// checkRole accepts the role of the offers, which must be one of the framework's.
func (c Context) checkRole(n role.Name) error {
	if len(c.Roles) > 0 && !slices.Contains(c.Roles, n) {
		return fmt.Errorf("%w: the framework is not in role %s", ErrRole, n)
	}
	if c.Role != "" && n != c.Role {
		return fmt.Errorf("%w: allocated to %s, the offers are for role %s", ErrRole, n, c.Role)
	}
	return nil
}

// tagged reports whether the entries of total carry allocation roles.
func tagged(total resource.Resources) bool {
	for e := range total.All() {
		if e.AllocationRole != "" {
			return true
		}
	}
	return false
}

// eachPart is op with each of its collections replaced.
func eachPart(op Op, f func(resource.Resources) (resource.Resources, error)) (Op, error) {
	var err error
	apply := func(r resource.Resources) resource.Resources {
		if err != nil {
			return r
		}
		r, err = f(r)
		return r
	}
	switch o := op.(type) {
	case Reserve:
		op = Reserve{Resources: apply(o.Resources), Source: apply(o.Source)}
	case Unreserve:
		op = Unreserve{Resources: apply(o.Resources)}
	case Create:
		op = Create{Volumes: apply(o.Volumes)}
	case Destroy:
		op = Destroy{Volumes: apply(o.Volumes)}
	case Resize:
		volume, bad := collect(o.Volume)
		if bad != nil {
			return nil, bad
		}
		for v := range apply(volume).All() {
			o.Volume = v
		}
		o.Grow = apply(o.Grow)
		op = o
	default:
		return nil, ErrUnknownOp
	}
	return op, err
}

// checkParts holds op against what every operation must be: not empty, its resources well-formed and of one provider.
func checkParts(op Op) error {
	all, err := parts(op)
	if err != nil {
		return err
	}
	if all.IsEmpty() {
		return ErrEmpty
	}
	var first resource.Resource
	for e := range all.All() {
		if err := e.Validate(); err != nil {
			return err
		}
		if first.Name == "" {
			first = e
		}
		if e.ProviderID != first.ProviderID {
			return fmt.Errorf("%w: %s and %s", ErrProvider, cite(first), cite(e))
		}
	}
	return nil
}

// parts are all resources that op names, of RESERVE also the source.
func parts(op Op) (resource.Resources, error) {
	switch op := op.(type) {
	case Reserve:
		if op.Resources.IsEmpty() {
			return op.Resources, nil
		}
		return op.Resources.Add(op.Source), nil
	case Unreserve:
		return op.Resources, nil
	case Create:
		return op.Volumes, nil
	case Destroy:
		return op.Volumes, nil
	case Resize:
		if err := op.Volume.Validate(); err != nil {
			return resource.Resources{}, err
		}
		volume, err := collect(op.Volume)
		if err != nil || volume.IsEmpty() {
			return volume, err
		}
		return volume.Add(op.Grow), nil
	}
	return resource.Resources{}, ErrUnknownOp
}
