package resource

import (
	"strings"
	"unicode/utf8"

	"github.com/proffer-go/proffer/role"
)

// maxPort is the largest member of ports: docs/resource-model.md §2.5.
const maxPort = 65535

// Validate holds r against the structural rules of docs/resource-model.md §3.6, in their order:
// name, kind, value, disk, reservations, shared, predefined names. An empty value is legal;
// collections drop it. The error wraps the sentinel of the first rule broken.
func (r Resource) Validate(opts ...Option) error {
	o := gather(opts)
	if err := r.check(&o); err != nil {
		return why(err, "resource %s", excerpt(r.Name))
	}
	return nil
}

func (r *Resource) check(o *options) error {
	if err := checkName(r.Name); err != nil {
		return err
	}
	if err := r.checkValue(o); err != nil {
		return err
	}
	if d := r.Disk; d != nil {
		if r.Name != "disk" {
			return why(ErrDisk, "only disk may have disk information, even an empty one")
		}
		if err := checkDisk(d, o.foreign); err != nil {
			return err
		}
	}
	if err := checkStack(r.Reservations); err != nil {
		return err
	}
	if r.Shared && (r.Name != "disk" || !r.IsPersistentVolume()) {
		return ErrShared
	}
	if err := checkText("allocation role", string(r.AllocationRole)); err != nil {
		return err
	}
	if err := checkText("provider id", r.ProviderID); err != nil {
		return err
	}
	if o.foreign {
		return nil
	}
	return r.checkPredefined()
}

// checkValue: the field that matches the kind, and nothing in the others; within the bounds on inputs unless o.summed.
func (r *Resource) checkValue(o *options) error {
	if r.Kind > KindSet {
		return why(ErrKind, "a resource is SCALAR, RANGES or SET, not %s", r.Kind)
	}
	if r.Kind != KindScalar && r.Scalar != 0 || r.Kind != KindRanges && !r.Ranges.IsEmpty() || r.Kind != KindSet && !r.Set.IsEmpty() {
		return why(ErrKind, "a %s resource has a value of another kind", r.Kind)
	}
	if r.Scalar < 0 {
		return why(ErrNegative, "%s", r.Scalar)
	}
	for _, m := range r.Set.s {
		if err := checkText("set member", m); err != nil {
			return err
		}
	}
	if o.summed {
		return nil
	}
	if r.Scalar > MaxScalar {
		return why(ErrTooLarge, "%s", r.Scalar)
	}
	return checkSize(&r.Ranges)
}

// checkPredefined holds r against docs/resource-model.md §2.5.
func (r *Resource) checkPredefined() error {
	want := KindScalar
	switch r.Name {
	case "cpus", "mem", "disk", "gpus":
	case "ports":
		want = KindRanges
	default:
		return nil
	}
	if r.Kind != want {
		return why(ErrPredefined, "%s must be %s, not %s", r.Name, want, r.Kind)
	}
	if r.Name == "gpus" && r.Scalar%1000 != 0 {
		return why(ErrPredefined, "gpus must be a whole number, not %s", r.Scalar)
	}
	if last := r.Ranges.Last(); last > maxPort {
		return why(ErrPredefined, "ports end at %d, not %d", maxPort, last)
	}
	return nil
}

// checkName: not empty, no white space at its ends, no control bytes, UTF-8.
func checkName(s string) error {
	if s == "" {
		return why(ErrName, "the name is empty")
	}
	if s[0] == ' ' || s[len(s)-1] == ' ' {
		return why(ErrName, "%s begins or ends with a space", excerpt(s))
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7f {
			return why(ErrName, "%s holds a control byte", excerpt(s))
		}
	}
	if !utf8.ValidString(s) {
		return why(ErrName, "%s is not UTF-8", excerpt(s))
	}
	return nil
}

// checkText refuses what JSON could not carry.
func checkText(what, s string) error {
	if !utf8.ValidString(s) {
		return why(ErrSyntax, "%s %s is not UTF-8", what, excerpt(s))
	}
	return nil
}

// ValidateUse holds r against the use-time rules of docs/resource-model.md §3.6, which tasks and
// operations must pass besides the structural ones. It does not check those again.
func ValidateUse(r Resources) error {
	var gpus Scalar
	for i := range r.e {
		e := &r.e[i]
		v := e.resource()
		if v.Name == "gpus" && v.Kind == KindScalar {
			gpus = gpus.plus(v.Scalar)
		}
		if err := checkUse(&v); err != nil {
			return why(err, "%s", briefEntries(r.e[i:i+1]))
		}
	}
	if gpus%1000 != 0 {
		return why(ErrUse, "gpus must be whole, not %s", gpus)
	}
	return nil
}

func checkUse(v *Resource) error {
	if v.Revocable && v.IsDynamicallyReserved() {
		return why(ErrUse, "what is dynamically reserved cannot be revocable")
	}
	d := v.Disk
	if d == nil {
		return nil
	}
	if d.Persistence == nil {
		if d.Volume != nil {
			return why(ErrUse, "a volume needs persistence")
		}
		return nil
	}
	switch {
	case !v.IsReserved():
		return why(ErrUse, "a persistent volume must be reserved")
	case v.Revocable:
		return why(ErrUse, "a persistent volume cannot be revocable")
	case d.Volume == nil:
		return why(ErrUse, "a persistent volume needs a volume with a container path")
	case d.Volume.HostPath != "":
		return why(ErrUse, "a persistent volume has no host path")
	}
	return checkVolumeID(d.Persistence.ID)
}

// roleText checks a role as written in text or JSON.
func roleText(s string) (role.Name, error) {
	n := role.Name(s)
	if err := n.Validate(); err != nil {
		return "", why(ErrReservation, "role %s: %s", excerpt(s), strings.TrimPrefix(err.Error(), "role: "))
	}
	return n, nil
}
