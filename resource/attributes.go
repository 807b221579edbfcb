package resource

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// Attribute is one fact about an agent (docs/resource-model.md §2.6).
// Of Scalar, Ranges and Text the one that Kind names counts.
type Attribute struct {
	Name   string
	Kind   Kind // KindScalar, KindRanges, KindText
	Scalar Scalar
	Ranges Ranges
	Text   string

	raw string
}

// Raw is the value as it was written, for those who need 007 rather than 7; of an attribute that
// was not parsed, the printed value. Who changes the fields passes the attribute through NewAttributes, which forgets
// what was written if it says something else now.
func (a Attribute) Raw() string {
	if a.raw != "" {
		return a.raw
	}
	return a.value()
}

func (a Attribute) value() string {
	switch a.Kind {
	case KindScalar:
		return a.Scalar.String()
	case KindRanges:
		return a.Ranges.String()
	}
	return a.Text
}

// String prints name=value.
func (a Attribute) String() string { return a.Name + "=" + a.value() }

// Equal compares name, kind and value, but not how the value was written.
func (a Attribute) Equal(b Attribute) bool {
	return a.Name == b.Name && a.Kind == b.Kind && a.Scalar == b.Scalar && a.Text == b.Text && a.Ranges.Equal(b.Ranges)
}

// check holds an attribute that was not parsed against the rules.
func (a *Attribute) check() error {
	switch {
	case a.Name == "":
		return why(ErrName, "the attribute's name is empty")
	case a.Kind != KindScalar && a.Kind != KindRanges && a.Kind != KindText:
		return why(ErrKind, "attribute %s: %s is not allowed, only SCALAR, RANGES and TEXT", excerpt(a.Name), a.Kind)
	case a.Kind != KindScalar && a.Scalar != 0 || a.Kind != KindRanges && !a.Ranges.IsEmpty() || a.Kind != KindText && a.Text != "":
		return why(ErrKind, "attribute %s has a value of another kind", excerpt(a.Name))
	case a.Scalar < 0:
		return why(ErrNegative, "attribute %s", excerpt(a.Name))
	case a.Scalar > MaxScalar:
		return why(ErrTooLarge, "attribute %s", excerpt(a.Name))
	}
	if err := checkSize(&a.Ranges); err != nil {
		return why(err, "attribute %s", excerpt(a.Name))
	}
	if err := checkText("attribute name", a.Name); err != nil {
		return err
	}
	return checkText("attribute text", a.Text)
}

// Attributes is an immutable list in the order given; names may repeat. The zero value is empty.
type Attributes struct {
	_ [0]func()
	a []Attribute // nil iff empty
}

// NewAttributes makes a list of as, which is copied. An attribute that was parsed and then changed loses its Raw value.
func NewAttributes(as ...Attribute) (Attributes, error) {
	if len(as) == 0 {
		return Attributes{}, nil
	}
	if len(as) > MaxItems {
		return Attributes{}, why(ErrTooMany, "%d attributes, at most %d", len(as), MaxItems)
	}
	for i := range as {
		if err := as[i].check(); err != nil {
			return Attributes{}, err
		}
	}
	out := slices.Clone(as)
	for i := range out {
		out[i].forget()
	}
	return Attributes{a: out}, nil
}

// forget drops what was written if it is not this value.
func (a *Attribute) forget() {
	if a.raw == "" {
		return
	}
	if b, err := attributeOf(a.Name, a.raw, 0, len(a.raw)); err != nil || !b.Equal(*a) {
		a.raw = ""
	}
}

// ParseAttributes reads name:value;… with ; or a new line between attributes and everything
// after the first colon as the value (docs/resource-model.md §2.6). Errors are *ParseError.
func ParseAttributes(text string) (Attributes, error) {
	var out []Attribute
	for n, i := 0, 0; i <= len(text); n++ {
		j := len(text)
		if k := strings.IndexAny(text[i:], ";\n"); k >= 0 {
			j = i + k
		}
		lo, hi := trim(text, i, j)
		i = j + 1
		if lo == hi {
			continue
		}
		if len(out) == MaxItems {
			return Attributes{}, &ParseError{n, lo, why(ErrTooMany, "more than %d attributes", MaxItems)}
		}
		a, err := parseAttribute(text, lo, hi)
		if err != nil {
			return Attributes{}, inItem(n, err)
		}
		out = append(out, a)
	}
	return Attributes{a: out}, nil
}

func parseAttribute(text string, lo, hi int) (Attribute, error) {
	k := strings.IndexByte(text[lo:hi], ':')
	if k < 0 {
		return Attribute{}, at(hi, why(ErrSyntax, "':' and a value expected after %s", excerpt(text[lo:hi])))
	}
	a, b := trim(text, lo, lo+k)
	if a == b {
		return Attribute{}, at(lo, why(ErrName, "the attribute's name is empty"))
	}
	name := text[a:b]
	if err := checkText("attribute name", name); err != nil {
		return Attribute{}, at(a, err)
	}
	return attributeOf(name, text, lo+k+1, hi)
}

// attributeOf reads the value in text[lo:hi]. The result does not keep text in memory.
func attributeOf(name, text string, lo, hi int) (Attribute, error) {
	v, err := classify(text, lo, hi)
	if err != nil {
		return Attribute{}, err
	}
	a, b := trim(text, lo, hi)
	out := Attribute{Name: strings.Clone(name), Kind: v.kind, raw: strings.Clone(text[a:b])}
	switch {
	case v.kind == KindSet:
		return Attribute{}, at(a, why(ErrKind, "attribute %s: a set is not allowed", excerpt(name)))
	case v.kind == KindText || v.err != nil: // a number beyond MaxScalar is an id or a time stamp
		out.Kind, out.Text = KindText, out.raw
	case v.kind == KindScalar:
		out.Scalar = v.n.s
	default:
		out.Ranges = v.r
	}
	return out, nil
}

// All yields the attributes in the order given.
func (a Attributes) All() iter.Seq[Attribute] { return slices.Values(a.a) }

// Len is the number of attributes.
func (a Attributes) Len() int { return len(a.a) }

// First is the first attribute of that name, of any kind.
func (a Attributes) First(name string) (Attribute, bool) {
	for i := range a.a {
		if a.a[i].Name == name {
			return a.a[i], true
		}
	}
	return Attribute{}, false
}

// Lookup is the first attribute of that name and kind.
func (a Attributes) Lookup(name string, k Kind) (Attribute, bool) {
	for i := range a.a {
		if a.a[i].Name == name && a.a[i].Kind == k {
			return a.a[i], true
		}
	}
	return Attribute{}, false
}

// Equal: the same length, and each attribute of either is found in the other, in any order
// (docs/resource-model.md §2.6).
func (a Attributes) Equal(b Attributes) bool {
	return len(a.a) == len(b.a) && slices.EqualFunc(a.distinct(), b.distinct(), Attribute.Equal)
}

// distinct lists the different attributes in one order.
func (a Attributes) distinct() []Attribute {
	s := slices.Clone(a.a)
	slices.SortFunc(s, func(x, y Attribute) int {
		return cmp.Or(strings.Compare(x.Name, y.Name), cmp.Compare(x.Kind, y.Kind), strings.Compare(x.value(), y.value()))
	})
	return slices.CompactFunc(s, Attribute.Equal)
}

// String prints name=value;….
func (a Attributes) String() string {
	var b strings.Builder
	for i := range a.a {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(a.a[i].String())
	}
	return b.String()
}

// FlagText writes what ParseAttributes reads back, Raw values included; ErrNotFlagText if
// something that came by JSON cannot be written so.
func (a Attributes) FlagText() (string, error) {
	var b []byte
	for i := range a.a {
		x := &a.a[i]
		if i > 0 {
			b = append(b, ';')
		}
		start := len(b)
		b = append(append(append(b, x.Name...), ':'), x.Raw()...)
		got, err := ParseAttributes(string(b[start:]))
		if err != nil || len(got.a) != 1 || !got.a[0].Equal(*x) {
			return "", why(ErrNotFlagText, "attribute %s", excerpt(x.String()))
		}
	}
	return string(b), nil
}

// MarshalText is FlagText.
func (a Attributes) MarshalText() ([]byte, error) {
	s, err := a.FlagText()
	return []byte(s), err
}

// UnmarshalText is ParseAttributes.
func (a *Attributes) UnmarshalText(text []byte) error {
	v, err := ParseAttributes(string(text))
	if err == nil {
		*a = v
	}
	return err
}
