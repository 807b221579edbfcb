package reservation

import (
	"fmt"

	"github.com/proffer-go/proffer/resource"
)

// A conversion takes consumed out of a total and puts converted in (docs/resource-model.md §6.1).
type conversion struct {
	consumed, converted resource.Resources
	// gone, if set, must not be contained afterwards.
	gone resource.Resources
}

// Convert returns total after op without asking who does it or why: only that total holds what op consumes and that no
// name's total changes (docs/resource-model.md §6.1). It is for what was validated before; Apply validates.
//
// The error wraps ErrNotContained, ErrNotConserved, ErrNotReserved, ErrNotVolume, ErrAdditionalCopies, ErrAmount, ErrUnknownOp, or what package
// resource finds wrong with the result. Total is returned unchanged then.
func Convert(total resource.Resources, op Op) (resource.Resources, error) {
	steps, err := conversions(op)
	if err != nil {
		return total, fmt.Errorf("%s: %w", Name(op), err)
	}
	after := total
	for _, s := range steps {
		if after, err = s.apply(after); err != nil {
			return total, fmt.Errorf("%s: %w", Name(op), err)
		}
	}
	if !sameTotals(total, after) {
		return total, fmt.Errorf("%s: %w: %s", Name(op), ErrNotConserved, cite(after))
	}
	return after, nil
}

func (s conversion) apply(total resource.Resources) (resource.Resources, error) {
	rest, err := total.Sub(s.consumed)
	if err != nil {
		return total, fmt.Errorf("needs %s, there is %s: %w", cite(s.consumed), cite(total), ErrNotContained)
	}
	after := rest.Add(s.converted)
	if !s.gone.IsEmpty() && after.Contains(s.gone) {
		return total, fmt.Errorf("%s: %w", cite(s.gone), ErrAdditionalCopies)
	}
	return after, nil
}

// conversions lists the steps of op, each to be applied to what the one before left.
func conversions(op Op) ([]conversion, error) {
	switch op := op.(type) {
	case Reserve:
		return reserveSteps(op)
	case Unreserve:
		return eachStep(op.Resources, unreserveStep)
	case Create:
		return eachStep(op.Volumes, createStep)
	case Destroy:
		return eachStep(op.Volumes, destroyStep)
	case Resize:
		return resizeSteps(op)
	}
	return nil, ErrUnknownOp
}

func reserveSteps(op Reserve) ([]conversion, error) {
	source := op.Source
	if source.IsEmpty() {
		var err error
		if source, err = op.Resources.PopReservation(); err != nil {
			return nil, err
		}
	}
	return []conversion{{consumed: source, converted: op.Resources}}, nil
}

// eachStep makes one step of each entry; of a shared entry, one for each copy.
func eachStep(r resource.Resources, step func(resource.Resources) (conversion, error)) ([]conversion, error) {
	var steps []conversion
	for e, count := range r.All() {
		one, err := collect(e)
		if err != nil {
			return nil, err
		}
		s, err := step(one)
		if err != nil {
			return nil, err
		}
		for range count {
			steps = append(steps, s)
		}
	}
	return steps, nil
}

func unreserveStep(one resource.Resources) (conversion, error) {
	popped, err := one.PopReservation()
	return conversion{consumed: one, converted: popped}, err
}

func createStep(one resource.Resources) (conversion, error) {
	disk, err := madeOf(one)
	return conversion{consumed: disk, converted: one}, err
}

func destroyStep(one resource.Resources) (conversion, error) {
	disk, err := madeOf(one)
	return conversion{consumed: one, converted: disk, gone: one}, err
}

func resizeSteps(op Resize) ([]conversion, error) {
	before, err := collect(op.Volume)
	if err != nil {
		return nil, err
	}
	if op.Grow.IsEmpty() {
		return shrinkSteps(op, before)
	}
	added, ok := op.Grow.Scalar("disk")
	if !ok {
		return nil, fmt.Errorf("%w: %s is no disk to grow by", ErrAmount, cite(op.Grow))
	}
	after, err := sized(op.Volume, op.Volume.Scalar+added)
	if err != nil {
		return nil, err
	}
	return []conversion{{consumed: before.Add(op.Grow), converted: after}}, nil
}

func shrinkSteps(op Resize, before resource.Resources) ([]conversion, error) {
	if op.Shrink < 0 || op.Shrink > op.Volume.Scalar {
		return nil, fmt.Errorf("%w: %s to be freed of %s", ErrAmount, op.Shrink, cite(op.Volume))
	}
	freed, err := sized(plainDisk(op.Volume), op.Shrink)
	if err != nil {
		return nil, err
	}
	after, err := sized(op.Volume, op.Volume.Scalar-op.Shrink)
	if err != nil {
		return nil, err
	}
	return []conversion{{consumed: before, converted: after.Add(freed)}}, nil
}

// sized is r with another amount.
func sized(r resource.Resource, amount resource.Scalar) (resource.Resources, error) {
	r.Scalar = amount
	return collect(r)
}

// collect makes a collection of entries. Whether predefined names are used as they should be is Apply's business:
// Convert takes what other systems have, too.
func collect(rs ...resource.Resource) (resource.Resources, error) {
	return resource.Build([]resource.Option{resource.ForeignNames()}, rs...)
}

// plainDisk is what a volume is made of: persistence, volume and shared gone, the source kept (docs/resource-model.md §6.4).
func plainDisk(r resource.Resource) resource.Resource {
	r.Shared = false
	if r.Disk == nil || r.Disk.Source == nil {
		r.Disk = nil
		return r
	}
	r.Disk = &resource.Disk{Source: r.Disk.Source}
	return r
}

// madeOf is what each volume of one is made of.
func madeOf(one resource.Resources) (resource.Resources, error) {
	var disks []resource.Resource
	for e := range one.All() {
		if !e.IsPersistentVolume() {
			return one, fmt.Errorf("%w: no persistence: %s", ErrNotVolume, cite(e))
		}
		disks = append(disks, plainDisk(e))
	}
	return collect(disks...)
}

// sameTotals compares, name by name, the sum of scalars and the union of ranges and of sets; what is shared counts once.
func sameTotals(a, b resource.Resources) bool {
	if !a.ScalarQuantities().Equal(b.ScalarQuantities()) {
		return false
	}
	for _, r := range []resource.Resources{a, b} {
		for e := range r.All() {
			if e.Kind != resource.KindScalar && !sameAtoms(a, b, e.Name) {
				return false
			}
		}
	}
	return true
}

func sameAtoms(a, b resource.Resources, name string) bool {
	ra, _ := a.Ranges(name)
	rb, _ := b.Ranges(name)
	sa, _ := a.Set(name)
	sb, _ := b.Set(name)
	return ra.Equal(rb) && sa.Equal(sb)
}
