package resource

import (
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
		e, err := entryOfWire(w, o.foreign)
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
func entryOfWire(w Wire, foreign bool) (entry, error) {
	if err := w.Check(); err != nil {
		return entry{}, err
	}
	u := Upgrade(w)
	if err := u.Resource.check(foreign); err != nil {
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
	e, err := entryOfWire(w, false)
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

// parseJSONItems reads operator JSON: strict, and under the rules of docs/resource-model.md §2.4.
func parseJSONItems(text string, o options) ([]item, error) {
	p := &scanner{s: text, strict: true}
	var items []item
	var seen kindTable
	err := p.resources(func(n, off int, w Wire, st stated) error {
		if w.Role == nil && len(w.Resource.Reservations) == 0 && o.defaultRole != role.Default {
			r := string(o.defaultRole)
			w.Role = &r
			if _, err := roleText(r); err != nil {
				return at(off, why(err, "default role"))
			}
		}
		if err := checkStated(&w, st, off); err != nil {
			return err
		}
		e, err := entryOfWire(w, o.foreign)
		if err != nil {
			return at(off, err)
		}
		if !seen.agrees(e.m.name, e.m.kind) {
			return at(off, why(ErrMixedKinds, "%s is given as %s, and before as another kind", excerpt(e.m.name), e.m.kind))
		}
		items = append(items, item{e})
		return nil
	})
	return items, err
}

// stated tells where an item states what an operator must not; 0: not at all.
type stated struct{ reservation, allocation, provider, revocable, shared, volume int }

// checkStated holds one item, as written, against docs/resource-model.md §2.4.
func checkStated(w *Wire, st stated, off int) error {
	for _, f := range [...]struct {
		off  int
		what string
	}{
		{st.revocable, "revocable"}, {st.shared, "shared"}, {st.allocation, "allocation_info"},
		{st.provider, "provider_id"}, {st.volume, "disk.volume"},
	} {
		if f.off > 0 {
			return at(f.off, why(ErrOperator, "%s", f.what))
		}
	}
	if w.Resource.IsPersistentVolume() {
		return at(off, why(ErrOperator, "a persistent volume"))
	}
	if st.reservation > 0 {
		return at(st.reservation, why(ErrOperator, "a DYNAMIC reservation"))
	}
	if w.Resource.IsDynamicallyReserved() {
		return at(off, why(ErrOperator, "a DYNAMIC reservation"))
	}
	if d := w.Resource.Disk; d != nil && d.Source != nil && d.Source.Type != SourcePath && d.Source.Type != SourceMount {
		return at(off, why(ErrOperator, "a disk source of type %s", d.Source.Type))
	}
	return nil
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
	var w Wire
	var st stated
	var name, kind *string
	r := &w.Resource
	var has [3]bool
	err := p.fields(map[string]func() error{
		"name":   p.strTo(&name),
		"type":   p.strTo(&kind),
		"scalar": func() (err error) { has[0] = true; r.Scalar, err = p.scalar(true); return },
		"ranges": func() (err error) { has[1] = true; r.Ranges, err = p.ranges(); return },
		"set":    func() (err error) { has[2] = true; r.Set, err = p.set(); return },
		"role":   p.strTo(&w.Role),
		"reservation": func() (err error) {
			st.reservation = p.i
			w.Reservation, err = p.oldReservation()
			return
		},
		"reservations": func() (err error) { r.Reservations, err = p.stack(); return },
		"disk":         func() (err error) { r.Disk, st.volume, err = p.disk(); return },
		"revocable":    func() error { st.revocable, r.Revocable = p.i, true; return p.fields(nil) },
		"shared":       func() error { st.shared, r.Shared = p.i, true; return p.fields(nil) },
		"allocation_info": func() (err error) {
			st.allocation = p.i
			var s *string
			if err = p.fields(map[string]func() error{"role": p.strTo(&s)}); s != nil {
				r.AllocationRole = role.Name(*s)
			}
			return
		},
		"provider_id": func() (err error) {
			st.provider = p.i
			r.ProviderID, err = p.required("provider_id", "value")
			return
		},
	})
	if err != nil {
		return w, st, err
	}
	switch {
	case name == nil:
		return w, st, at(start, why(ErrSyntax, "the field name is missing"))
	case kind == nil:
		return w, st, at(start, why(ErrSyntax, "the field type of %s is missing", excerpt(*name)))
	}
	r.Name = *name
	if r.Kind, err = kindNamed(*kind); err != nil {
		return w, st, at(start, err)
	}
	for k, there := range has {
		if there != (Kind(k) == r.Kind) {
			return w, st, at(start, why(ErrKind, "%s of type %s must have the field %s and no other value",
				excerpt(r.Name), *kind, strings.ToLower(r.Kind.String())))
		}
	}
	return w, st, nil
}

func kindNamed(s string) (Kind, error) {
	for k, n := range kindNames {
		if n == s && Kind(k) != KindText {
			return Kind(k), nil
		}
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

// scalar reads {"value": number}. resource: nonzero amounts must not round to zero.
func (p *scanner) scalar(resource bool) (Scalar, error) {
	p.ws()
	start := p.i
	var out *Scalar
	err := p.fields(map[string]func() error{"value": func() error {
		s, err := p.amount(resource)
		out = &s
		return err
	}})
	if err == nil && out == nil {
		err = at(start, why(ErrSyntax, "the field scalar.value is missing"))
	}
	if err != nil {
		return 0, err
	}
	return *out, nil
}

// amount reads a number or a string that holds one (docs/resource-model.md §2.3).
func (p *scanner) amount(resource bool) (Scalar, error) {
	p.ws()
	off := p.i
	text, _, err := p.number()
	if err != nil {
		return 0, err
	}
	n, err := parseNumber(text)
	if err == nil && n.tiny && resource {
		err = ErrTooSmall
	}
	if err != nil {
		return 0, at(off, why(err, "%s", excerpt(text)))
	}
	return n.s, nil
}

// ranges reads {"range": [{"begin": n, "end": n}]}: overlap is refused, adjacency merged.
func (p *scanner) ranges() (Ranges, error) {
	p.ws()
	start := p.i
	var rs []span[uint64]
	err := p.fields(map[string]func() error{"range": func() error {
		rs = nil
		return p.array(func(int, int) error {
			x, err := p.oneRange()
			rs = append(rs, span[uint64](x))
			return err
		})
	}})
	if err != nil {
		return Ranges{}, err
	}
	if a, b, bad := overlapping(rs); bad {
		return Ranges{}, at(start, why(ErrOverlap, "%d-%d and %d-%d", a.Begin, a.End, b.Begin, b.End))
	}
	c, err := rangesOf(rs)
	if err != nil {
		return Ranges{}, at(start, err)
	}
	return c, nil
}

func (p *scanner) oneRange() (Range, error) {
	start := p.i
	var x Range
	var begin, end bool
	err := p.fields(map[string]func() error{
		"begin": func() (err error) { begin = true; x.Begin, err = p.integer(); return },
		"end":   func() (err error) { end = true; x.End, err = p.integer(); return },
	})
	switch {
	case err != nil:
		return x, err
	case !begin || !end:
		return x, at(start, why(ErrSyntax, "a range needs the fields begin and end"))
	case x.Begin > x.End:
		return x, at(start, why(ErrInverted, "range %d-%d", x.Begin, x.End))
	}
	return x, nil
}

// integer reads an integer from 0 to 2^64−1, exactly: a number such as 5, 5.0 or 5e3, or a string of digits.
func (p *scanner) integer() (uint64, error) {
	p.ws()
	off := p.i
	text, quoted, err := p.number()
	if err != nil {
		return 0, err
	}
	if quoted {
		n, i, err := parseDigits(text, 0, len(text))
		if err != nil || i < len(text) || isSpace(text[len(text)-1]) {
			return 0, at(off, why(ErrNotNumber, "%s: only digits are allowed in a string", excerpt(text)))
		}
		return n, nil
	}
	n, ok := exactInteger(text)
	if !ok {
		return 0, at(off, why(ErrNotNumber, "%s: an integer from 0 to 18446744073709551615 expected", excerpt(text)))
	}
	return n, nil
}

// exactInteger reads a JSON number that is an integer below 2^64, whatever its notation.
func exactInteger(text string) (uint64, bool) {
	minus := strings.HasPrefix(text, "-")
	mantissa, exponent, _ := strings.Cut(strings.Map(lower, strings.TrimPrefix(text, "-")), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	point := len(fraction) // digits behind the point
	if digits == "" {
		return 0, true
	}
	if minus {
		return 0, false
	}
	point -= smallExponent(exponent)
	for point > 0 && strings.HasSuffix(digits, "0") {
		digits, point = digits[:len(digits)-1], point-1
	}
	if point > 0 || len(digits)-point > 20 {
		return 0, false
	}
	n, i, err := parseDigits(digits+strings.Repeat("0", -point), 0, len(digits)-point)
	return n, err == nil && i == len(digits)-point
}

func lower(r rune) rune {
	if r == 'E' {
		return 'e'
	}
	return r
}

// smallExponent reads an exponent and stays at ±10^6 beyond: there the outcome is the same.
func smallExponent(s string) int {
	const most = 1_000_000
	minus := strings.HasPrefix(s, "-")
	n := 0
	for _, c := range strings.TrimLeft(s, "+-") {
		if n = n*10 + int(c-'0'); n > most {
			n = most
		}
	}
	if minus {
		return -n
	}
	return n
}

func (p *scanner) set() (Set, error) {
	p.ws()
	start := p.i
	var items []string
	err := p.fields(map[string]func() error{"item": func() error {
		items = nil
		return p.array(func(int, int) error {
			s, err := p.str()
			items = append(items, s)
			return err
		})
	}})
	if err != nil {
		return Set{}, err
	}
	c, err := canonSet(items)
	if err != nil {
		return Set{}, at(start, err)
	}
	return Set{s: c}, nil
}

func (p *scanner) stack() ([]Reservation, error) {
	var out []Reservation
	err := p.array(func(n, off int) error {
		if n >= MaxStack {
			return at(off, why(ErrTooMany, "more than %d reservations in one stack", MaxStack))
		}
		v, err := p.oldReservation()
		if err == nil {
			w := Reservation{Type: v.Type, Principal: v.Principal, Labels: v.Labels}
			if v.Role != nil {
				w.Role = role.Name(*v.Role)
			}
			out = append(out, w)
		}
		return err
	})
	return out, err
}

func (p *scanner) oldReservation() (*OldReservation, error) {
	v := &OldReservation{}
	var typ *string
	err := p.fields(map[string]func() error{
		"type":      p.strTo(&typ),
		"role":      p.strTo(&v.Role),
		"principal": p.strTo(&v.Principal),
		"labels":    func() (err error) { v.Labels, err = p.labels(); return },
	})
	if err != nil {
		return nil, err
	}
	if typ != nil {
		switch *typ {
		case "STATIC":
			v.Type = Static
		case "DYNAMIC":
			v.Type = Dynamic
		default:
			return nil, at(p.i, why(ErrReservation, "type %s: STATIC or DYNAMIC expected", excerpt(*typ)))
		}
	}
	return v, nil
}

func (p *scanner) labels() ([]Label, error) {
	var out []Label
	err := p.fields(map[string]func() error{"labels": func() error {
		out = nil
		return p.array(func(n, off int) error {
			if n >= MaxLabels {
				return at(off, why(ErrTooMany, "more than %d labels", MaxLabels))
			}
			var key, val *string
			err := p.fields(map[string]func() error{"key": p.strTo(&key), "value": p.strTo(&val)})
			if err == nil && key == nil {
				err = at(off, why(ErrSyntax, "a label needs the field key"))
			}
			if err == nil {
				out = append(out, Label{*key, val})
			}
			return err
		})
	}})
	return out, err
}

// disk reads disk information and tells where a volume is stated.
func (p *scanner) disk() (*Disk, int, error) {
	d := &Disk{}
	volume := 0
	err := p.fields(map[string]func() error{
		"persistence": func() error {
			off := p.i
			d.Persistence = &Persistence{}
			var id *string
			err := p.fields(map[string]func() error{"id": p.strTo(&id), "principal": p.strTo(&d.Persistence.Principal)})
			if err == nil && id == nil {
				err = at(off, why(ErrSyntax, "the field persistence.id is missing"))
			}
			if err == nil {
				d.Persistence.ID = *id
			}
			return err
		},
		"volume": func() (err error) { volume = p.i; d.Volume, err = p.volume(); return },
		"source": func() (err error) { d.Source, err = p.source(); return },
	})
	return d, volume, err
}

func (p *scanner) volume() (*Volume, error) {
	p.ws()
	start := p.i
	var container, host, mode *string
	err := p.fields(map[string]func() error{
		"container_path": p.strTo(&container), "host_path": p.strTo(&host), "mode": p.strTo(&mode),
	})
	if err != nil {
		return nil, err
	}
	if container == nil || mode == nil {
		return nil, at(start, why(ErrSyntax, "a volume needs the fields container_path and mode"))
	}
	v := &Volume{ContainerPath: *container}
	if host != nil {
		v.HostPath = *host
	}
	switch *mode {
	case "RW":
		v.Mode = ReadWrite
	case "RO":
		v.Mode = ReadOnly
	default:
		return nil, at(start, why(ErrDisk, "mode %s: RW or RO expected", excerpt(*mode)))
	}
	return v, nil
}

func (p *scanner) source() (*DiskSource, error) {
	p.ws()
	start := p.i
	s := &DiskSource{}
	var typ, id, profile, vendor *string
	var roots [2]*string
	root := func(k int) func() error {
		return func() error {
			empty := ""
			roots[k] = &empty
			return p.fields(map[string]func() error{"root": p.strTo(&roots[k])})
		}
	}
	err := p.fields(map[string]func() error{
		"type": p.strTo(&typ), "path": root(0), "mount": root(1),
		"id": p.strTo(&id), "profile": p.strTo(&profile), "vendor": p.strTo(&vendor),
		"metadata": func() (err error) { s.Metadata, err = p.labels(); return },
	})
	if err != nil {
		return nil, err
	}
	for _, f := range [...]struct {
		from *string
		to   *string
	}{{id, &s.ID}, {profile, &s.Profile}, {vendor, &s.Vendor}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if typ == nil {
		return nil, at(start, why(ErrSyntax, "the field source.type is missing"))
	}
	for t, n := range sourceNames {
		if n == *typ {
			s.Type = SourceType(t)
		}
	}
	for k, t := range [...]SourceType{SourcePath, SourceMount} {
		if roots[k] == nil {
			continue
		}
		if s.Type != t {
			return nil, at(start, why(ErrDisk, "a disk source of type %s must not have the field %s", excerpt(*typ), rootKey(t)))
		}
		s.Root = *roots[k]
	}
	return s, nil
}
