package resource

import (
	"slices"
	"strings"

	"github.com/proffer-go/proffer/role"
)

// UnmarshalJSON reads a JSON array of resources in any of the wire forms, by the rules of the wire:
// unknown keys are ignored, of duplicate ones the last wins, and the operator rules of
// docs/resource-model.md §2.4 do not apply. On an error, which is a *ParseError, r stays as it was.
func (r *Resources) UnmarshalJSON(b []byte) error {
	v, err := DecodeJSON(b)
	if err == nil {
		*r = v
	}
	return err
}

// DecodeJSON is UnmarshalJSON with options. null is an empty collection.
func DecodeJSON(b []byte, opts ...Option) (Resources, error) {
	o := gather(opts)
	p := &scanner{s: string(b)}
	if p.null() {
		return Resources{}, p.end()
	}
	var es []entry
	err := p.resources(func(n, off int, w Wire, _ stated) error {
		e, err := entryOfWire(w, &o)
		if err != nil {
			return at(off, err)
		}
		if !e.isEmpty() {
			es = append(es, e)
		}
		return nil
	})
	if err != nil {
		return Resources{}, err
	}
	return Resources{e: canon(es)}, nil
}

// entryOfWire checks and upgrades w.
func entryOfWire(w Wire, o *options) (entry, error) {
	if err := w.Check(); err != nil {
		return entry{}, err
	}
	u := Upgrade(w)
	if err := u.Resource.check(o); err != nil {
		return entry{}, err
	}
	return entryOf(&u.Resource), nil
}

// UnmarshalJSON reads one resource by the rules of the wire and checks it (docs/resource-model.md §3.3, §3.6).
func (r *Resource) UnmarshalJSON(b []byte) error {
	var w Wire
	if err := w.UnmarshalJSON(b); err != nil {
		return err
	}
	e, err := entryOfWire(w, &options{})
	if err == nil {
		*r = e.resource()
	}
	return err
}

// UnmarshalJSON reads one resource as it is written, without checking or upgrading it.
func (w *Wire) UnmarshalJSON(b []byte) error {
	p := &scanner{s: string(b)}
	v, _, err := p.wire()
	if err == nil {
		err = p.end()
	}
	if err == nil {
		*w = v
	}
	return err
}

// resources reads an array and calls each for every element; errors get the element's index.
func (p *scanner) resources(each func(n, off int, w Wire, st stated) error) error {
	item := -1
	err := p.array(func(n, off int) error {
		item = n
		if n >= MaxItems {
			return at(off, why(ErrTooMany, "more than %d items", MaxItems))
		}
		w, st, err := p.wire()
		if err == nil {
			err = each(n, off, w, st)
		}
		if err == nil {
			item = -1
		}
		return err
	})
	if err == nil {
		return p.end()
	}
	if item >= 0 {
		return inItem(item, err)
	}
	return err
}

// wire reads one resource object; the value must match the type.
func (p *scanner) wire() (Wire, stated, error) {
	p.ws()
	start := p.i
	f := wireFields{p: p}
	if err := p.fields(f.readers()); err != nil {
		return f.w, f.st, err
	}
	if err := f.finish(); err != nil {
		return f.w, f.st, at(start, err)
	}
	return f.w, f.st, nil
}

// wireFields collects the fields of one resource.
type wireFields struct {
	p          *scanner
	w          Wire
	st         stated
	name, kind *string
	has        [KindSet + 1]bool // the value fields
}

// readers says how to read each field.
func (f *wireFields) readers() map[string]reader {
	p, r, st := f.p, &f.w.Resource, &f.st
	return map[string]reader{
		"name":            p.strTo(&f.name),
		"type":            p.strTo(&f.kind),
		"scalar":          f.value(KindScalar, into(&r.Scalar, func() (Scalar, error) { return p.scalar(true) })),
		"ranges":          f.value(KindRanges, into(&r.Ranges, p.ranges)),
		"set":             f.value(KindSet, into(&r.Set, p.set)),
		"role":            p.strTo(&f.w.Role),
		"reservation":     p.noting(&st.reservation, into(&f.w.Reservation, p.oldReservation)),
		"reservations":    into(&r.Reservations, p.stack),
		"disk":            f.disk,
		"revocable":       p.noting(&st.revocable, into(&r.Revocable, p.mark)),
		"shared":          p.noting(&st.shared, into(&r.Shared, p.mark)),
		"provider_id":     p.noting(&st.provider, into(&r.ProviderID, p.providerID)),
		"allocation_info": p.noting(&st.allocation, into(&r.AllocationRole, p.allocation)),
	}
}

// value remembers which value fields are there.
func (f *wireFields) value(k Kind, read reader) reader {
	return func(null bool) error {
		f.has[k] = !null
		return read(null)
	}
}

// noting remembers where a field is stated.
func (p *scanner) noting(off *int, read reader) reader {
	return func(null bool) error {
		*off = 0
		if !null {
			*off = p.i
		}
		return read(null)
	}
}

func (f *wireFields) disk(null bool) (err error) {
	f.w.Resource.Disk, f.st.volume = nil, 0
	if !null {
		f.w.Resource.Disk, f.st.volume, err = f.p.disk()
	}
	return err
}

// mark reads an empty message, whose presence is all it says.
func (p *scanner) mark() (bool, error) { return true, p.fields(nil) }

func (p *scanner) providerID() (string, error) { return p.required("provider_id", "value") }

// allocation reads {"role": string}; without a role it says nothing.
func (p *scanner) allocation() (role.Name, error) {
	var s *string
	err := p.fields(map[string]reader{"role": p.strTo(&s)})
	if err != nil || s == nil {
		return "", err
	}
	return role.Name(*s), nil
}

// finish checks that name and type are there, and the value that matches the type alone.
func (f *wireFields) finish() (err error) {
	if f.name == nil {
		return why(ErrSyntax, "the field name is missing")
	}
	if f.kind == nil {
		return why(ErrSyntax, "the field type of %s is missing", excerpt(*f.name))
	}
	r := &f.w.Resource
	r.Name = *f.name
	if r.Kind, err = kindNamed(*f.kind); err != nil {
		return err
	}
	for k, there := range f.has {
		if there != (Kind(k) == r.Kind) {
			return why(ErrKind, "%s of type %s must have the field %s and no other value",
				excerpt(r.Name), *f.kind, strings.ToLower(r.Kind.String()))
		}
	}
	return nil
}

func kindNamed(s string) (Kind, error) {
	if k := slices.Index(kindNames[:KindText], s); k >= 0 {
		return Kind(k), nil
	}
	return 0, why(ErrKind, "type %s: SCALAR, RANGES or SET expected", excerpt(s))
}

// required reads an object with one required string.
func (p *scanner) required(what, key string) (string, error) {
	p.ws()
	start := p.i
	var s *string
	if err := p.fields(map[string]reader{key: p.strTo(&s)}); err != nil {
		return "", err
	}
	if s == nil {
		return "", at(start, why(ErrSyntax, "the field %s.%s is missing", what, key))
	}
	return *s, nil
}
