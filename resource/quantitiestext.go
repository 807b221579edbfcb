package resource

import "strings"

// ParseQuantities reads name:number;… (docs/resource-model.md §4.5): names may repeat and are added up, zeros and
// what rounds to zero are dropped. Errors are *ParseError.
func ParseQuantities(text string) (Quantities, error) {
	qs, err := parseAmounts(text, false)
	if err != nil {
		return Quantities{}, err
	}
	return Quantities{q: tally(qs)}, nil
}

// ParseLimits reads name:number;… (docs/resource-model.md §4.5): zeros are kept; a name given twice is
// ErrDuplicateKey, and what is not zero but rounds to it ErrTooSmall. Errors are *ParseError.
func ParseLimits(text string) (Limits, error) {
	qs, err := parseAmounts(text, true)
	if err != nil {
		return Limits{}, err
	}
	s, err := sortLimits(qs)
	return Limits{q: s}, err
}

// parseAmounts reads the pairs as written. limits: neither duplicates nor tiny amounts.
func parseAmounts(text string, limits bool) ([]Quantity, error) {
	var out []Quantity
	seen := map[string]bool{}
	err := eachItem(text, func(lo, hi int) error {
		q, err := parseAmount(text, lo, hi, limits)
		if err != nil {
			return err
		}
		if limits {
			if seen[q.Name] {
				return at(lo, why(ErrDuplicateKey, "%s is limited twice", excerpt(q.Name)))
			}
			seen[q.Name] = true
		}
		out = append(out, q)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func parseAmount(text string, lo, hi int, limits bool) (Quantity, error) {
	colon, err := splitColon(text, lo, hi)
	if err != nil {
		return Quantity{}, err
	}
	a, b := trim(text, lo, colon)
	name := text[a:b]
	if err := checkQuantityName(name); err != nil {
		return Quantity{}, at(lo, err)
	}
	if a, b = trim(text, colon+1, hi); a == b {
		return Quantity{}, at(a, why(ErrSyntax, "the value is empty"))
	}
	v, err := parseNumber(text[a:b])
	if err == nil && v.tiny && limits {
		err = ErrTooSmall
	}
	if err != nil {
		return Quantity{}, at(a, why(err, "%s", excerpt(text[a:b])))
	}
	return Quantity{strings.Clone(name), v.s}, nil
}

// MarshalText writes what ParseQuantities reads; ErrNotFlagText for a name that it would not.
func (q Quantities) MarshalText() ([]byte, error) { return amountsText(q.q) }

// UnmarshalText is ParseQuantities.
func (q *Quantities) UnmarshalText(text []byte) error {
	v, err := ParseQuantities(string(text))
	if err == nil {
		*q = v
	}
	return err
}

// MarshalText writes what ParseLimits reads; ErrNotFlagText for a name that it would not.
func (l Limits) MarshalText() ([]byte, error) { return amountsText(l.q) }

// UnmarshalText is ParseLimits.
func (l *Limits) UnmarshalText(text []byte) error {
	v, err := ParseLimits(string(text))
	if err == nil {
		*l = v
	}
	return err
}

func amountsText(qs []Quantity) ([]byte, error) {
	for _, x := range qs {
		if strings.ContainsAny(x.Name, ":;()") || x.Amount > MaxScalar {
			return nil, why(ErrNotFlagText, "%s:%s", excerpt(x.Name), x.Amount)
		}
	}
	return appendQuantities(nil, qs), nil
}
