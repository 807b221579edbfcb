package resource

import (
	"errors"
	"slices"
	"strings"

	"github.com/proffer-go/proffer/role"
)

// Parse reads what an operator states, as text (docs/resource-model.md §2.2) or as a JSON array (§2.3), under the
// rules of §2.4 and §2.5. Every error is a *ParseError with the item, the byte offset and the
// reason; then nothing is built. A file:/// source is the business of ParseSource.
func Parse(text string, opts ...Option) (Resources, error) {
	items, err := parseItems(text, gather(opts))
	if err != nil {
		return Resources{}, err
	}
	return Resources{e: canon(slices.DeleteFunc(items, func(e entry) bool { return e.isEmpty() }))}, nil
}

// MustParse is Parse for tests and examples: it panics on an error.
func MustParse(text string, opts ...Option) Resources {
	r, err := Parse(text, opts...)
	if err != nil {
		panic("resource.MustParse(" + excerpt(text) + "): " + err.Error())
	}
	return r
}

// ParseItems reads like Parse and gives the items one by one as stated, empty ones too and
// nothing merged: an item that states zero still says that its name is not to be detected
// (docs/resource-model.md §2.7).
func ParseItems(text string, opts ...Option) ([]Resource, error) {
	items, err := parseItems(text, gather(opts))
	if err != nil {
		return nil, err
	}
	out := make([]Resource, len(items))
	for i := range items {
		out[i] = items[i].resource()
	}
	return out, nil
}

// parseItems reads the items as stated, empty ones too, nothing merged.
func parseItems(text string, o options) ([]entry, error) {
	lo, hi := trim(text, 0, len(text))
	if lo < hi && text[lo] == '[' {
		return parseJSONItems(text, o)
	}
	if lo < hi && text[lo] == '{' {
		return nil, at(lo, why(ErrSyntax, "expected a JSON array: put the object into [ ]"))
	}
	items := make([]entry, 0, min(strings.Count(text, ";")+1, 64))
	var seen kindTable
	err := eachItem(text, func(lo, hi int) error {
		e, err := parseItem(text, lo, hi, o)
		if err != nil {
			return err
		}
		if !seen.agrees(e.m.name, e.m.kind) {
			return at(lo, why(ErrMixedKinds, "%s is given as %s, and before as another kind", excerpt(e.m.name), e.m.kind))
		}
		items = append(items, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

// eachItem gives the items between the semicolons, trimmed, as text[lo:hi]; empty ones are left out, but counted in the place
// that an error names. The first error ends it.
func eachItem(text string, do func(lo, hi int) error) error {
	given := 0
	for n, i := 0, 0; i <= len(text); n++ {
		j := len(text)
		if k := strings.IndexByte(text[i:], ';'); k >= 0 {
			j = i + k
		}
		lo, hi := trim(text, i, j)
		i = j + 1
		if lo == hi {
			continue
		}
		if given++; given > MaxItems {
			return &ParseError{n, lo, why(ErrTooMany, "more than %d items", MaxItems)}
		}
		if err := do(lo, hi); err != nil {
			return inItem(n, err)
		}
	}
	return nil
}

// inItem fills in the item of an error that knows its offset.
func inItem(n int, err error) error {
	var pe *ParseError
	if errors.As(err, &pe) {
		return &ParseError{n, pe.Offset, pe.Err}
	}
	return &ParseError{n, 0, err}
}

// parseItem reads name(role):value from text[lo:hi], which is trimmed and not empty.
func parseItem(text string, lo, hi int, o options) (entry, error) {
	colon, err := splitColon(text, lo, hi)
	if err != nil {
		return entry{}, err
	}
	name, owner, err := parseKey(text, lo, colon, o.defaultRole)
	if err != nil {
		return entry{}, err
	}
	v, err := classify(text, colon+1, hi)
	if err != nil {
		return entry{}, err
	}
	start, end := trim(text, colon+1, hi)
	switch {
	case v.kind == KindText:
		err = badText(text[start:end])
	case v.err != nil:
		err = why(v.err, "%s", excerpt(text[start:end]))
	case v.n.tiny:
		err = why(ErrTooSmall, "%s", excerpt(text[start:end]))
	case !o.foreign:
		r := Resource{Name: name, Kind: v.kind, Scalar: v.n.s, Ranges: v.r}
		err = r.checkPredefined()
	}
	if err != nil {
		return entry{}, at(start, err)
	}
	e := entry{m: statedMeta(name, v.kind, owner), n: int64(v.n.s)}
	if v.kind != KindScalar {
		e.x = &body{r: v.r, s: v.s}
	}
	return e, nil
}

// badText says why a value that is none of the kinds is refused.
func badText(s string) error {
	if _, err := parseNumber(s); err == ErrNegative {
		return why(err, "%s", excerpt(s))
	}
	return why(ErrKind, "%s is neither a number, nor ranges such as [1-5], nor a set such as {a, b}", excerpt(s))
}

// splitColon finds the one colon of text[lo:hi].
func splitColon(text string, lo, hi int) (int, error) {
	k := strings.IndexByte(text[lo:hi], ':')
	if k < 0 {
		return 0, at(hi, why(ErrSyntax, "':' and a value expected after %s", excerpt(text[lo:hi])))
	}
	colon := lo + k
	if k = strings.IndexByte(text[colon+1:hi], ':'); k >= 0 {
		return 0, at(colon+1+k, why(ErrSyntax, "only one ':' is allowed in %s", excerpt(text[lo:hi])))
	}
	return colon, nil
}

// parseKey reads name or name(role) from text[lo:hi].
func parseKey(text string, lo, hi int, owner role.Name) (string, role.Name, error) {
	lo, hi = trim(text, lo, hi)
	key := text[lo:hi]
	name, roleAt := key, -1
	if p := strings.IndexAny(key, "()"); p >= 0 {
		if key[p] == ')' {
			return "", "", at(lo+p, why(ErrSyntax, "')' without '(' in %s", excerpt(key)))
		}
		q := len(key) - 1
		if k := strings.IndexAny(key[p+1:], "()"); k < 0 {
			return "", "", at(hi, why(ErrSyntax, "')' is missing after the role in %s", excerpt(key)))
		} else if p+1+k != q || key[q] != ')' {
			return "", "", at(lo+p+1+k, why(ErrSyntax, "the first ')' must end %s", excerpt(key)))
		}
		a, b := trim(text, lo, lo+p)
		name = text[a:b]
		a, b = trim(text, lo+p+1, lo+q)
		owner, roleAt = role.Name(text[a:b]), a
	}
	if plainMeta(name, KindScalar) == nil {
		if err := checkName(name); err != nil {
			return "", "", at(lo, err)
		}
	}
	if owner == role.Default {
		return name, "", nil
	}
	if _, err := roleText(string(owner)); err != nil {
		if roleAt < 0 {
			return "", "", at(lo, why(err, "default role"))
		}
		return "", "", at(roleAt, err)
	}
	return name, owner, nil
}

// statedMeta is the key of an item: unreserved, or STATIC to owner. It does not keep the text in memory.
func statedMeta(name string, kind Kind, owner role.Name) *meta {
	p := plainMeta(name, kind)
	if p != nil && owner == "" {
		return p
	}
	m := &meta{kind: kind}
	if p != nil {
		m.name = p.name
	} else {
		m.name = strings.Clone(name)
	}
	if owner != "" {
		m.stack = []Reservation{{Type: Static, Role: role.Name(strings.Clone(string(owner)))}}
	}
	return m.finish(false)
}

// kindTable remembers the kind of each name.
type kindTable struct {
	few [8]struct {
		name string
		kind Kind
	}
	n    int
	many map[string]Kind
}

// agrees reports whether name has had no other kind, and remembers it.
func (t *kindTable) agrees(name string, kind Kind) bool {
	for i := range t.few[:t.n] {
		if t.few[i].name == name {
			return t.few[i].kind == kind
		}
	}
	if t.n < len(t.few) {
		t.few[t.n].name, t.few[t.n].kind = name, kind
		t.n++
		return true
	}
	if k, ok := t.many[name]; ok {
		return k == kind
	}
	if t.many == nil {
		t.many = map[string]Kind{}
	}
	t.many[name] = kind
	return true
}
