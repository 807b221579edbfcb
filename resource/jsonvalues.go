package resource

import "strings"

// scalar reads {"value": number}. resource: nonzero amounts must not round to zero.
func (p *scanner) scalar(resource bool) (Scalar, error) {
	p.ws()
	start := p.i
	var out *Scalar
	err := p.fields(map[string]reader{"value": into(&out, func() (*Scalar, error) {
		s, err := p.amount(resource)
		return &s, err
	})})
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
	err := p.fields(map[string]reader{"range": into(&rs, p.rangeList)})
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

func (p *scanner) rangeList() ([]span[uint64], error) {
	var rs []span[uint64]
	err := p.array(func(int, int) error {
		x, err := p.oneRange()
		rs = append(rs, x)
		return err
	})
	return rs, err
}

func (p *scanner) oneRange() (span[uint64], error) {
	start := p.i
	var begin, end *uint64
	err := p.fields(map[string]reader{"begin": into(&begin, p.integer), "end": into(&end, p.integer)})
	switch {
	case err != nil:
		return span[uint64]{}, err
	case begin == nil || end == nil:
		return span[uint64]{}, at(start, why(ErrSyntax, "a range needs the fields begin and end"))
	case *begin > *end:
		return span[uint64]{}, at(start, why(ErrInverted, "range %d-%d", *begin, *end))
	}
	return span[uint64]{*begin, *end}, nil
}

// integer reads an integer from 0 to 2^64−1, exactly: a number such as 5, 5.0 or 5e3, or a string of digits.
func (p *scanner) integer() (*uint64, error) {
	p.ws()
	off := p.i
	text, quoted, err := p.number()
	if err != nil {
		return nil, err
	}
	if quoted {
		n, i, err := parseDigits(text, 0, len(text))
		if err != nil || i < len(text) || isSpace(text[len(text)-1]) {
			return nil, at(off, why(ErrNotNumber, "%s: only digits are allowed in a string", excerpt(text)))
		}
		return &n, nil
	}
	n, ok := exactInteger(text)
	if !ok {
		return nil, at(off, why(ErrNotNumber, "%s: an integer from 0 to 18446744073709551615 expected", excerpt(text)))
	}
	return &n, nil
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
	if err := p.fields(map[string]reader{"item": into(&items, p.stringList)}); err != nil {
		return Set{}, err
	}
	c, err := canonSet(items)
	if err != nil {
		return Set{}, at(start, err)
	}
	return Set{s: c}, nil
}

func (p *scanner) stringList() ([]string, error) {
	var out []string
	err := p.array(func(int, int) error {
		s, err := p.str()
		out = append(out, s)
		return err
	})
	return out, err
}
