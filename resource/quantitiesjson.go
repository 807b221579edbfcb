package resource

import "strings"

// MarshalJSON writes {"cpus":{"value":1.5},…}, sorted by name, as the v1 API writes maps of scalars.
func (q Quantities) MarshalJSON() ([]byte, error) { return appendJSONAmounts(nil, q.q), nil }

// UnmarshalJSON reads what MarshalJSON writes, and plain numbers in place of {"value": n}; of duplicate
// names the last wins, and zeros are dropped. Errors are *ParseError, and then q stays as it was.
func (q *Quantities) UnmarshalJSON(b []byte) error {
	qs, err := decodeAmounts(string(b), false)
	if err == nil {
		*q = Quantities{q: tally(qs)}
	}
	return err
}

// MarshalJSON is that of Quantities, zeros included.
func (l Limits) MarshalJSON() ([]byte, error) { return appendJSONAmounts(nil, l.q), nil }

// UnmarshalJSON is that of Quantities, but zeros are kept and what is not zero but rounds to it is
// ErrTooSmall.
func (l *Limits) UnmarshalJSON(b []byte) error {
	qs, err := decodeAmounts(string(b), true)
	if err != nil {
		return err
	}
	s, err := sortLimits(qs)
	if err == nil {
		*l = Limits{q: s}
	}
	return err
}

func appendJSONAmounts(b []byte, qs []Quantity) []byte {
	b = append(b, '{')
	for i, x := range qs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, x.Name), `:{"value":`...)
		b = append(x.Amount.append(b), '}')
	}
	return append(b, '}')
}

// decodeAmounts reads an object of amounts, each name once.
func decodeAmounts(text string, limits bool) ([]Quantity, error) {
	p := &scanner{s: text}
	if p.null() {
		return nil, p.end()
	}
	var out []Quantity
	index := map[string]int{}
	err := p.object(func(name string, off int) error {
		if p.null() {
			return nil
		}
		if len(out) == MaxItems {
			return at(off, why(ErrTooMany, "more than %d names", MaxItems))
		}
		if err := checkQuantityName(name); err != nil || strings.ContainsAny(name, ":;") {
			return at(off, why(ErrName, "%s", excerpt(name)))
		}
		read := p.amount
		if p.peek() == '{' {
			read = p.scalar
		}
		s, err := read(limits)
		if err != nil {
			return err
		}
		if i, ok := index[name]; ok {
			out[i].Amount = s
			return nil
		}
		index[name] = len(out)
		out = append(out, Quantity{name, s})
		return nil
	})
	if err == nil {
		err = p.end()
	}
	return out, err
}
