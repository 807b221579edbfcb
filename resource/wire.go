package resource

import "github.com/proffer-go/proffer/role"

// Wire is one resource in any of the three wire forms of docs/resource-model.md §3.3, as its JSON says.
// The forms differ in how they state reservations; only the post-refinement form, where
// Role and Reservation are nil, is held inside the library. For the HTTP layer.
type Wire struct {
	Resource    Resource        // Reservations is the stack of the post-refinement form, all else is the same in every form
	Role        *string         // nil: absent
	Reservation *OldReservation // nil: absent
}

// OldReservation is the reservation field of the pre-refinement form: it makes Role dynamic.
// Type and Role are illegal there; they are kept so that Check can see them.
type OldReservation struct {
	Type      ReservationType // 0: absent
	Role      *string         // nil: absent
	Principal *string
	Labels    []Label
}

// Form is one of the wire forms of docs/resource-model.md §3.3.
type Form uint8

// The forms.
const (
	PostRefinement Form = iota // reservations only; the library's own
	PreRefinement              // role and reservation only, stacks up to one
	Endpoint                   // both where possible, as HTTP endpoints print
)

// Check reports whether w's mixture of role, reservation and reservations is legal
// (docs/resource-model.md §3.3): ErrForm otherwise.
func (w Wire) Check() error {
	if v := w.Reservation; v != nil && (v.Type != 0 || v.Role != nil) {
		return why(ErrForm, "reservation must not have a type or a role")
	}
	if len(w.Resource.Reservations) == 0 {
		if w.Reservation != nil && (w.Role == nil || *w.Role == string(role.Default)) {
			return why(ErrForm, "role \"*\" with a reservation")
		}
		return nil
	}
	if w.Role == nil && w.Reservation == nil {
		return nil
	}
	if len(w.Resource.Reservations) > 1 {
		return why(ErrForm, "a refined stack allows neither role nor reservation")
	}
	top := w.Resource.Reservations[0]
	switch {
	case w.Role != nil && *w.Role != string(top.Role):
		return why(ErrForm, "role %s, but reserved to %s", excerpt(*w.Role), excerpt(string(top.Role)))
	case top.Type == Static && w.Reservation != nil:
		return why(ErrForm, "a STATIC reservation next to the field reservation")
	case top.Type == Static:
		return nil
	case (w.Role == nil) != (w.Reservation == nil):
		return why(ErrForm, "next to a DYNAMIC reservation role and reservation must be both there or both absent")
	}
	old := Reservation{Type: Dynamic, Role: top.Role, Principal: w.Reservation.Principal, Labels: w.Reservation.Labels}
	if !old.Equal(top) {
		return why(ErrForm, "reservation and the entry of reservations differ")
	}
	return nil
}

// Owner is the role that w is reserved to, whatever its form; "" if unreserved (docs/resource-model.md §3.3).
func (w Wire) Owner() role.Name { return Upgrade(w).Resource.Owner() }

// Upgrade gives w in the post-refinement form (docs/resource-model.md §3.3): a stack that is there wins over
// the old fields; role "*" is unreserved; else one entry, DYNAMIC iff reservation is there.
// It does not check, cannot fail, and upgrading twice changes nothing more.
func Upgrade(w Wire) Wire {
	out := Wire{Resource: w.Resource}
	if len(w.Resource.Reservations) > 0 || w.Role == nil || *w.Role == string(role.Default) {
		return out
	}
	v := Reservation{Type: Static, Role: role.Name(*w.Role)}
	if old := w.Reservation; old != nil {
		v.Type, v.Principal, v.Labels = Dynamic, old.Principal, old.Labels
	}
	out.Resource.Reservations = []Reservation{v}
	return out
}

// Downgrade gives w, which is upgraded first, in the pre-refinement form. A stack of more than one
// is ErrForm. Lossy: principal and labels of a STATIC entry vanish (docs/resource-model.md §3.3).
func Downgrade(w Wire) (Wire, error) {
	u := Upgrade(w)
	stack := u.Resource.Reservations
	if len(stack) > 1 {
		return w, why(ErrForm, "a refined reservation cannot be expressed in the pre-refinement form")
	}
	u.Resource.Reservations = nil
	oldFields(&u, stack)
	return u, nil
}

// ForEndpoint gives w, which is upgraded first, in the endpoint form: the old fields besides the
// stack, where they can express it.
func ForEndpoint(w Wire) Wire {
	u := Upgrade(w)
	if stack := u.Resource.Reservations; len(stack) <= 1 {
		oldFields(&u, stack)
	}
	return u
}

// oldFields sets role and reservation for a stack of at most one.
func oldFields(w *Wire, stack []Reservation) {
	r := string(role.Default)
	if len(stack) == 1 {
		v := stack[0]
		r = string(v.Role)
		if v.Type == Dynamic {
			w.Reservation = &OldReservation{Principal: v.Principal, Labels: v.Labels}
		}
	}
	w.Role = &r
}

// in gives r in form f.
func (r Resource) in(f Form) (Wire, error) {
	w := Wire{Resource: r}
	switch f {
	case PreRefinement:
		return Downgrade(w)
	case Endpoint:
		return ForEndpoint(w), nil
	}
	return w, nil
}
