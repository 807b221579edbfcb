package resource

import (
	"strconv"
	"strings"
)

// String is the diagnostic form of docs/resource-model.md §4.6; it cannot be parsed.
func (r Resources) String() string {
	if len(r.e) == 0 {
		return "{}"
	}
	var b []byte
	for i := range r.e {
		b = appendEntry(b, r.e, i)
	}
	return string(b)
}

// appendEntry writes entry i of a collection and, but for the first, what separates it from the one before.
func appendEntry(b []byte, es []entry, i int) []byte {
	if i > 0 {
		b = append(b, "; "...)
	}
	e := &es[i]
	v := e.resource()
	b = appendResource(b, &v)
	if e.m.shared {
		b = append(b, '<')
		b = strconv.AppendInt(b, int64(e.x.count), 10)
		b = append(b, '>')
	}
	return b
}

// GoString makes failed assertions readable.
func (r Resources) GoString() string { return "resource.Resources(" + r.String() + ")" }

func appendResource(b []byte, r *Resource) []byte {
	b = append(b, r.Name...)
	b = appendTags(b, string(r.AllocationRole), r.Reservations)
	if r.Disk != nil && *r.Disk != (Disk{}) {
		b = append(b, '[')
		b = appendDisk(b, r.Disk)
		b = append(b, ']')
	}
	b = appendFlags(b, r.Revocable, r.Shared)
	b = append(b, ':')
	switch r.Kind {
	case KindScalar:
		return r.Scalar.append(b)
	case KindRanges:
		return appendRanges(b, r.Ranges)
	}
	return appendSet(b, r.Set.s)
}

// sortKey is the diagnostic form of m as far as it counts for equality: what stands between name and value.
func sortKey(m *meta) string {
	if len(m.stack) == 0 && m.alloc == "" && !m.disk && !m.revocable && !m.shared {
		return ":"
	}
	var buf [128]byte
	b := appendTags(buf[:0], string(m.alloc), m.stack)
	if m.disk {
		b = append(b, '[')
		b = appendSource(b, m.source)
		if m.persists {
			if m.source != nil {
				b = append(b, ',')
			}
			b = append(b, m.volumeID...)
		}
		b = append(b, ']')
	}
	return string(append(appendFlags(b, m.revocable, m.shared), ':'))
}

func appendTags(b []byte, alloc string, stack []Reservation) []byte {
	if alloc != "" {
		b = append(b, "(allocated: "...)
		b = append(b, alloc...)
		b = append(b, ')')
	}
	if len(stack) == 0 {
		return b
	}
	b = append(b, "(reservations: ["...)
	for i := range stack {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendReservation(b, &stack[i])
	}
	return append(b, "])"...)
}

func appendReservation(b []byte, v *Reservation) []byte {
	b = append(b, '(')
	b = append(b, v.Type.String()...)
	b = append(b, ',')
	b = append(b, v.Role...)
	if v.Principal != nil {
		b = append(b, ',')
		b = append(b, *v.Principal...)
	}
	if len(v.Labels) > 0 {
		b = append(b, ",{"...)
		for i, l := range v.Labels {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(b, l.Key...)
			if l.Value != nil {
				b = append(b, ": "...)
				b = append(b, *l.Value...)
			}
		}
		b = append(b, '}')
	}
	return append(b, ')')
}

func appendFlags(b []byte, revocable, shared bool) []byte {
	if revocable {
		b = append(b, "{REV}"...)
	}
	if shared {
		b = append(b, "<SHARED>"...)
	}
	return b
}

// appendDisk writes the inside of the brackets.
func appendDisk(b []byte, d *Disk) []byte {
	if d == nil {
		return b
	}
	b = appendSource(b, d.Source)
	if d.Persistence != nil {
		if d.Source != nil {
			b = append(b, ',')
		}
		b = append(b, d.Persistence.ID...)
	}
	v := d.Volume
	if v == nil {
		return b
	}
	b = append(b, ':')
	if v.HostPath != "" {
		b = append(append(b, v.HostPath...), ':')
	}
	b = append(b, v.ContainerPath...)
	if v.HostPath != "" {
		b = append(b, ':')
		b = append(b, strings.ToLower(v.Mode.String())...)
	}
	return b
}

func appendSource(b []byte, s *DiskSource) []byte {
	if s == nil {
		return b
	}
	b = append(b, s.Type.String()...)
	switch {
	case s.ID != "" || s.Profile != "":
		b = append(b, '(')
		b = append(b, s.Vendor...)
		b = append(b, ',')
		b = append(b, s.ID...)
		b = append(b, ',')
		b = append(b, s.Profile...)
		b = append(b, ')')
	case s.Root != "":
		b = append(append(b, ':'), s.Root...)
	}
	return b
}

// appendValue writes the value alone.
func appendValue(b []byte, e *entry) []byte {
	switch e.m.kind {
	case KindScalar:
		return Scalar(e.n).append(b)
	case KindRanges:
		return appendRanges(b, e.x.r)
	}
	return appendSet(b, e.x.s)
}
