package resource

import (
	"strings"

	"github.com/proffer-go/proffer/role"
)

// FlagText writes r in the text form of docs/resource-model.md §2.2, so that Parse reads an equal value. It is
// ErrNotFlagText if an entry needs more than a name, at most one bare STATIC reservation and
// a value, or the text form would not read it back. An r built with ForeignNames needs that
// option again to be parsed.
func (r Resources) FlagText() (string, error) {
	var b []byte
	for i := range r.e {
		e := &r.e[i]
		if err := e.flaggable(); err != nil {
			return "", why(err, "%s", briefEntries(r.e[i:i+1]))
		}
		if i > 0 && r.e[i-1].m.name == e.m.name && r.e[i-1].m.kind != e.m.kind {
			return "", why(ErrNotFlagText, "%s has two kinds", excerpt(e.m.name))
		}
		if i > 0 || e.m.name[0] == '[' || e.m.name[0] == '{' { // a first bracket would make it JSON
			b = append(b, ';')
		}
		b = append(b, e.m.name...)
		if e.m.owner != "" {
			b = append(append(append(b, '('), e.m.owner...), ')')
		}
		b = appendValue(append(b, ':'), e)
	}
	return string(b), nil
}

func (e *entry) flaggable() error {
	m := e.m
	if m.alloc != "" || m.disk || m.revocable || m.shared || m.provider != "" || len(m.stack) > 1 {
		return ErrNotFlagText
	}
	if len(m.stack) == 1 {
		v := m.stack[0]
		if v.Type != Static || v.Principal != nil || v.Labels != nil || strings.ContainsAny(string(v.Role), "():;") || v.Role == role.Default {
			return ErrNotFlagText
		}
	}
	if strings.ContainsAny(m.name, "():;") || e.quantity() > MaxScalar {
		return ErrNotFlagText
	}
	if m.kind == KindSet {
		for _, s := range e.x.s {
			if !isMember(s) {
				return ErrNotFlagText
			}
		}
	}
	return nil
}

// MarshalText is FlagText.
func (r Resources) MarshalText() ([]byte, error) {
	s, err := r.FlagText()
	return []byte(s), err
}

// UnmarshalText is Parse without options.
func (r *Resources) UnmarshalText(text []byte) error {
	v, err := Parse(string(text))
	if err == nil {
		*r = v
	}
	return err
}
