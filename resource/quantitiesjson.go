package resource

import (
	"maps"
	"slices"
)

// MarshalJSON writes {"cpus":{"value":1.5},…}, sorted by name, as the v1 API writes maps of scalars.
func (q Quantities) MarshalJSON() ([]byte, error) { return appendJSONAmounts(nil, q.q), nil }

// UnmarshalJSON reads what MarshalJSON writes, and plain numbers in place of {"value": n}; of duplicate
// names the last wins, and zeros are dropped. A name need not suit the text form: what resources may be called, quantities may. Errors are *ParseError, and then q stays as it was.
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

// decodeAmounts reads an object of amounts; of a name given twice the last counts, null included.
func decodeAmounts(text string, limits bool) ([]Quantity, error) {
	p := &scanner{s: text}
	if p.null() {
		return nil, p.end()
	}
	amounts := map[string]Scalar{}
	err := p.object(func(name string, off int) error {
		if p.null() {
			delete(amounts, name)
			return nil
		}
		if err := checkName(name); err != nil {
			return at(off, err)
		}
		if _, again := amounts[name]; !again && len(amounts) == MaxItems {
			return at(off, why(ErrTooMany, "more than %d names", MaxItems))
		}
		s, err := p.amountOrObject(limits)
		amounts[name] = s
		return err
	})
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return nil, err
	}
	out := make([]Quantity, 0, len(amounts))
	for _, name := range slices.Sorted(maps.Keys(amounts)) {
		out = append(out, Quantity{name, amounts[name]})
	}
	return out, nil
}

// amountOrObject reads n or {"value": n}.
func (p *scanner) amountOrObject(resource bool) (Scalar, error) {
	if p.peek() == '{' {
		return p.scalar(resource)
	}
	return p.amount(resource)
}
