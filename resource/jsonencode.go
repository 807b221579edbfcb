package resource

import (
	"strconv"
	"unicode/utf8"
)

// MarshalJSON writes the post-refinement form (docs/resource-model.md §2.3), a shared entry as often as it counts.
func (r Resources) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil, PostRefinement) }

// AppendJSON appends r to b in form f. Only PreRefinement can fail, with ErrForm at a refined
// reservation; then b comes back as it was.
func (r Resources) AppendJSON(b []byte, f Form) ([]byte, error) {
	start := len(b)
	b = append(b, '[')
	for i := range r.e {
		e := &r.e[i]
		v := e.resource()
		w, err := v.in(f)
		if err != nil {
			return b[:start], why(err, "%s", briefEntries(r.e[i:i+1]))
		}
		for range e.count() {
			if b[len(b)-1] != '[' {
				b = append(b, ',')
			}
			b = appendWire(b, &w)
		}
	}
	return append(b, ']'), nil
}

// MarshalJSON writes the post-refinement form.
func (r Resource) MarshalJSON() ([]byte, error) { return appendWire(nil, &Wire{Resource: r}), nil }

// AppendJSON appends r to b in form f, as Resources.AppendJSON.
func (r Resource) AppendJSON(b []byte, f Form) ([]byte, error) {
	w, err := r.in(f)
	if err != nil {
		return b, err
	}
	return appendWire(b, &w), nil
}

// MarshalJSON writes w as it is, without changing the form.
func (w Wire) MarshalJSON() ([]byte, error) { return appendWire(nil, &w), nil }

func appendWire(b []byte, w *Wire) []byte {
	r := &w.Resource
	b = append(b, `{"name":`...)
	b = appendString(b, r.Name)
	b = append(b, `,"type":"`...)
	b = append(append(b, r.Kind.String()...), '"')
	b = appendJSONValue(b, r)
	if w.Role != nil {
		b = appendString(append(b, `,"role":`...), *w.Role)
	}
	if w.Reservation != nil {
		b = append(b, `,"reservation":`...)
		v := w.Reservation
		b = appendJSONReservation(b, v.Type, v.Role, v.Principal, v.Labels)
	}
	if len(r.Reservations) > 0 {
		b = append(b, `,"reservations":[`...)
		for i := range r.Reservations {
			if i > 0 {
				b = append(b, ',')
			}
			v := &r.Reservations[i]
			owner := (*string)(&v.Role)
			if v.Role == "" {
				owner = nil
			}
			b = appendJSONReservation(b, v.Type, owner, v.Principal, v.Labels)
		}
		b = append(b, ']')
	}
	if r.AllocationRole != "" {
		b = appendString(append(b, `,"allocation_info":{"role":`...), string(r.AllocationRole))
		b = append(b, '}')
	}
	if r.Disk != nil && *r.Disk != (Disk{}) {
		b = appendJSONDisk(append(b, `,"disk":`...), r.Disk)
	}
	if r.ProviderID != "" {
		b = appendString(append(b, `,"provider_id":{"value":`...), r.ProviderID)
		b = append(b, '}')
	}
	if r.Revocable {
		b = append(b, `,"revocable":{}`...)
	}
	if r.Shared {
		b = append(b, `,"shared":{}`...)
	}
	return append(b, '}')
}

func appendJSONValue(b []byte, r *Resource) []byte {
	switch r.Kind {
	case KindScalar:
		b = append(b, `,"scalar":{"value":`...)
		return append(r.Scalar.append(b), '}')
	case KindRanges:
		return appendJSONRanges(append(b, `,"ranges":`...), r.Ranges)
	}
	b = append(b, `,"set":{"item":[`...)
	for i, s := range r.Set.s {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, "]}"...)
}

func appendJSONRanges(b []byte, r Ranges) []byte {
	b = append(b, `{"range":[`...)
	first := true
	for x := range r.All() {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = strconv.AppendUint(append(b, `{"begin":`...), x.Begin, 10)
		b = strconv.AppendUint(append(b, `,"end":`...), x.End, 10)
		b = append(b, '}')
	}
	return append(b, "]}"...)
}

// object writes the fields of one object.
type object struct {
	b    []byte
	open bool
}

func newObject(b []byte) *object { return &object{b: append(b, '{')} }

// key begins a field.
func (o *object) key(k string) {
	if o.open {
		o.b = append(o.b, ',')
	}
	o.open = true
	o.b = append(append(append(o.b, '"'), k...), `":`...)
}

// str writes a field unless v is empty.
func (o *object) str(k, v string) {
	if v != "" {
		o.key(k)
		o.b = appendString(o.b, v)
	}
}

// ptr writes a field unless v is nil.
func (o *object) ptr(k string, v *string) {
	if v != nil {
		o.key(k)
		o.b = appendString(o.b, *v)
	}
}

func (o *object) labels(k string, ls []Label) {
	if len(ls) == 0 {
		return
	}
	o.key(k)
	o.b = append(o.b, `{"labels":[`...)
	for i, l := range ls {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		lo := newObject(o.b)
		lo.key("key")
		lo.b = appendString(lo.b, l.Key)
		lo.ptr("value", l.Value)
		o.b = lo.end()
	}
	o.b = append(o.b, "]}"...)
}

func (o *object) end() []byte { return append(o.b, '}') }

// appendJSONReservation leaves out what an unchecked value lacks, so that it is read back as it was.
func appendJSONReservation(b []byte, typ ReservationType, owner *string, principal *string, labels []Label) []byte {
	o := newObject(b)
	if typ != 0 {
		o.str("type", typ.String())
	}
	o.ptr("role", owner)
	o.ptr("principal", principal)
	o.labels("labels", labels)
	return o.end()
}

func appendJSONDisk(b []byte, d *Disk) []byte {
	o := newObject(b)
	if p := d.Persistence; p != nil {
		o.key("persistence")
		q := newObject(o.b)
		q.ptr("id", &p.ID)
		q.ptr("principal", p.Principal)
		o.b = q.end()
	}
	if v := d.Volume; v != nil {
		o.key("volume")
		q := newObject(o.b)
		q.key("container_path")
		q.b = appendString(q.b, v.ContainerPath)
		q.str("host_path", v.HostPath)
		q.str("mode", v.Mode.String())
		o.b = q.end()
	}
	if s := d.Source; s != nil {
		o.key("source")
		q := newObject(o.b)
		q.str("type", s.Type.String())
		if s.Root != "" {
			q.key(rootKey(s.Type))
			r := newObject(q.b)
			r.str("root", s.Root)
			q.b = r.end()
		}
		q.str("id", s.ID)
		q.labels("metadata", s.Metadata)
		q.str("profile", s.Profile)
		q.str("vendor", s.Vendor)
		o.b = q.end()
	}
	return o.end()
}

func rootKey(t SourceType) string {
	if t == SourceMount {
		return "mount"
	}
	return "path"
}

// appendString quotes s as JSON; what is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20 || c == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += n
			continue
		}
		i++
	}
	return append(b, '"')
}
