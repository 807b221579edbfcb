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
func (f *wireFields) readers() map[string]func() error {
	p, r := f.p, &f.w.Resource
	return map[string]func() error{
		"name":         p.strTo(&f.name),
		"type":         p.strTo(&f.kind),
		"scalar":       func() (err error) { f.has[KindScalar] = true; r.Scalar, err = p.scalar(true); return },
		"ranges":       func() (err error) { f.has[KindRanges] = true; r.Ranges, err = p.ranges(); return },
		"set":          func() (err error) { f.has[KindSet] = true; r.Set, err = p.set(); return },
		"role":         p.strTo(&f.w.Role),
		"reservation":  func() (err error) { f.st.reservation = p.i; f.w.Reservation, err = p.oldReservation(); return },
		"reservations": func() (err error) { r.Reservations, err = p.stack(); return },
		"disk":         func() (err error) { r.Disk, f.st.volume, err = p.disk(); return },
		"revocable":    func() error { f.st.revocable, r.Revocable = p.i, true; return p.fields(nil) },
		"shared":       func() error { f.st.shared, r.Shared = p.i, true; return p.fields(nil) },
		"provider_id": func() (err error) {
			f.st.provider = p.i
			r.ProviderID, err = p.required("provider_id", "value")
			return
		},
		"allocation_info": func() error {
			f.st.allocation = p.i
			var s *string
			err := p.fields(map[string]func() error{"role": p.strTo(&s)})
			if s != nil {
				r.AllocationRole = role.Name(*s)
			}
			return err
		},
	}
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

// strTo reads a string into *to.
func (p *scanner) strTo(to **string) func() error {
	return func() error {
		s, err := p.str()
		if err == nil {
			*to = &s
		}
		return err
	}
}

// required reads an object with one required string.
func (p *scanner) required(what, key string) (string, error) {
	p.ws()
	start := p.i
	var s *string
	if err := p.fields(map[string]func() error{key: p.strTo(&s)}); err != nil {
		return "", err
	}
	if s == nil {
		return "", at(start, why(ErrSyntax, "the field %s.%s is missing", what, key))
	}
	return *s, nil
}
