package resource

import "slices"

// MarshalJSON writes a list of v1 attributes: {"name":…,"type":"TEXT","text":{"value":…}} and so on.
// How a number was written (Raw) is not on the wire.
func (a Attributes) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i := range a.a {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONAttribute(b, &a.a[i])
	}
	return append(b, ']'), nil
}

func appendJSONAttribute(b []byte, a *Attribute) []byte {
	b = appendString(append(b, `{"name":`...), a.Name)
	b = append(append(append(b, `,"type":"`...), a.Kind.String()...), '"')
	switch a.Kind {
	case KindScalar:
		b = append(b, `,"scalar":{"value":`...)
		b = append(a.Scalar.append(b), '}')
	case KindRanges:
		b = appendJSONRanges(append(b, `,"ranges":`...), a.Ranges)
	default:
		b = append(appendString(append(b, `,"text":{"value":`...), a.Text), '}')
	}
	return append(b, '}')
}

// UnmarshalJSON reads what MarshalJSON writes; unknown keys are ignored. A set, and a scalar above
// MaxScalar, are refused (docs/resource-model.md §2.6, §8.1). Errors are *ParseError, and then
// a stays as it was.
func (a *Attributes) UnmarshalJSON(b []byte) error {
	p := &scanner{s: string(b)}
	if p.null() {
		*a = Attributes{}
		return p.end()
	}
	var out []Attribute
	item := -1
	err := p.array(func(n, off int) error {
		item = n
		if n >= MaxItems {
			return at(off, why(ErrTooMany, "more than %d attributes", MaxItems))
		}
		x, err := p.attribute()
		if err == nil {
			if err = x.check(); err != nil {
				err = at(off, err)
			}
		}
		if err == nil {
			out, item = append(out, x), -1
		}
		return err
	})
	if err == nil {
		err = p.end()
	} else if item >= 0 {
		err = inItem(item, err)
	}
	if err == nil {
		*a = Attributes{a: slices.Clip(out)}
	}
	return err
}

func (p *scanner) attribute() (Attribute, error) {
	p.ws()
	start := p.i
	var a Attribute
	var name, kind *string
	var has [4]bool
	value := func(k Kind, read reader) reader {
		return func(null bool) error {
			has[k] = !null
			return read(null)
		}
	}
	err := p.fields(map[string]reader{
		"name":   p.strTo(&name),
		"type":   p.strTo(&kind),
		"scalar": value(KindScalar, into(&a.Scalar, func() (Scalar, error) { return p.scalar(false) })),
		"ranges": value(KindRanges, into(&a.Ranges, p.ranges)),
		"set":    value(KindSet, into(new(struct{}), func() (struct{}, error) { return struct{}{}, p.skip() })),
		"text":   value(KindText, into(&a.Text, func() (string, error) { return p.required("text", "value") })),
	})
	switch {
	case err != nil:
		return a, err
	case name == nil:
		return a, at(start, why(ErrSyntax, "the field name is missing"))
	case kind == nil:
		return a, at(start, why(ErrSyntax, "the field type of %s is missing", excerpt(*name)))
	}
	k := slices.Index(kindNames[:], *kind)
	if k < 0 || Kind(k) == KindSet {
		return a, at(start, why(ErrKind, "attribute %s of type %s: SCALAR, RANGES or TEXT expected", excerpt(*name), excerpt(*kind)))
	}
	a.Name, a.Kind = *name, Kind(k)
	for i, there := range has {
		if there != (i == k) {
			return a, at(start, why(ErrKind, "attribute %s of type %s must have the value of that type and no other", excerpt(*name), *kind))
		}
	}
	return a, nil
}
