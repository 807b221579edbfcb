package resource

import (
	"strings"
	"unicode/utf8"
)

// value is one value text after classification (docs/resource-model.md §2.1).
type value struct {
	kind Kind
	n    number
	r    Ranges
	s    []string
	err  error // a number, but not a legal amount
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// trim narrows text[lo:hi] by the white space at its ends.
func trim(text string, lo, hi int) (int, int) {
	for lo < hi && isSpace(text[lo]) {
		lo++
	}
	for lo < hi && isSpace(text[hi-1]) {
		hi--
	}
	return lo, hi
}

// classify reads the value in text[lo:hi]; offsets of errors count from the start of text.
func classify(text string, lo, hi int) (value, error) {
	lo, hi = trim(text, lo, hi)
	if lo == hi {
		return value{}, at(lo, why(ErrSyntax, "the value is empty"))
	}
	if s, ok := parseShort(text[lo:hi]); ok {
		return value{n: number{s: s}}, nil
	}
	if err := checkBrackets(text, lo, hi); err != nil {
		return value{}, err
	}
	switch text[lo] {
	case '[':
		r, err := parseRanges(text, lo, hi)
		return value{kind: KindRanges, r: r}, err
	case '{':
		s, err := parseSet(text, lo, hi)
		return value{kind: KindSet, s: s}, err
	}
	switch n, err := parseNumber(text[lo:hi]); err {
	case nil, ErrTooLarge:
		return value{n: n, err: err}, nil
	case ErrSubnormal:
		return value{}, at(lo, why(err, "%s", excerpt(text[lo:hi])))
	}
	if !utf8.ValidString(text[lo:hi]) {
		return value{}, at(lo, why(ErrSyntax, "%s is not UTF-8", excerpt(text[lo:hi])))
	}
	return value{kind: KindText}, nil
}

// checkBrackets: each kind must balance and never close first, and [ and { may only come first.
func checkBrackets(text string, lo, hi int) error {
	const open, shut = "[{(", "]})"
	var depth [3]int
	for i := lo; i < hi; i++ {
		c := text[i]
		if k := strings.IndexByte(open, c); k >= 0 {
			depth[k]++
			if i > lo && (c == '[' || c == '{' && text[lo] != '[') {
				return at(i, why(ErrSyntax, "%q may only begin a value, not occur inside %s", c, excerpt(text[lo:hi])))
			}
		} else if k := strings.IndexByte(shut, c); k >= 0 {
			if depth[k]--; depth[k] < 0 {
				return at(i, why(ErrSyntax, "%q closes nothing in %s", c, excerpt(text[lo:hi])))
			}
		}
	}
	for k, d := range depth {
		if d > 0 {
			return at(hi, why(ErrSyntax, "%q is missing at the end of %s", shut[k], excerpt(text[lo:hi])))
		}
	}
	return nil
}

// parseRanges reads text[lo:hi], which begins with [.
func parseRanges(text string, lo, hi int) (Ranges, error) {
	i := skipSpace(text, lo+1, hi)
	if i < hi && text[i] == ']' {
		return Ranges{}, atEnd(text, i+1, hi)
	}
	rs := make([]span[uint64], 0, strings.Count(text[lo:hi], ",")+1)
	for {
		start := i
		var x span[uint64]
		var err error
		if x.Begin, i, err = parseDigits(text, i, hi); err != nil {
			return Ranges{}, err
		}
		if i == hi || text[i] != '-' {
			return Ranges{}, at(i, why(ErrSyntax, "'-' and the end of the range expected in %s: ranges are written [1-5, 7-9]", excerpt(text[lo:hi])))
		}
		if x.End, i, err = parseDigits(text, skipSpace(text, i+1, hi), hi); err != nil {
			return Ranges{}, err
		}
		if x.Begin > x.End {
			return Ranges{}, at(start, why(ErrInverted, "range %d-%d", x.Begin, x.End))
		}
		rs = append(rs, x)
		if i < hi && text[i] == ']' {
			break
		}
		if i == hi || text[i] != ',' {
			return Ranges{}, at(i, why(ErrSyntax, "',' or ']' expected in %s: ranges are written [1-5, 7-9]", excerpt(text[lo:hi])))
		}
		i = skipSpace(text, i+1, hi)
	}
	if err := atEnd(text, i+1, hi); err != nil {
		return Ranges{}, err
	}
	c, err := rangesOf(rs)
	if err != nil {
		return Ranges{}, at(lo, err)
	}
	return c, nil
}

func skipSpace(text string, i, hi int) int {
	for i < hi && isSpace(text[i]) {
		i++
	}
	return i
}

// atEnd: nothing may follow the closing bracket.
func atEnd(text string, i, hi int) error {
	if i = skipSpace(text, i, hi); i < hi {
		return at(i, why(ErrSyntax, "nothing may follow the closing bracket, but %s does", excerpt(text[i:hi])))
	}
	return nil
}

// parseDigits reads an integer and the white space after it.
func parseDigits(text string, i, hi int) (uint64, int, error) {
	start := i
	var n uint64
	for ; i < hi && text[i]-'0' <= 9; i++ {
		d := uint64(text[i] - '0')
		if n > (1<<64-1-d)/10 {
			return 0, i, at(start, why(ErrTooLarge, "%s…: not below 2^64", excerpt(text[start:i])))
		}
		n = n*10 + d
	}
	if i == start {
		return 0, i, at(i, why(ErrSyntax, "a non-negative integer expected: ranges are written [1-5, 7-9]"))
	}
	return n, skipSpace(text, i, hi), nil
}

// parseSet reads text[lo:hi], which begins with {. The members do not keep text in memory.
func parseSet(text string, lo, hi int) ([]string, error) {
	end := strings.IndexByte(text[lo:hi], '}')
	if end < 0 {
		return nil, at(hi, why(ErrSyntax, "'}' is missing at the end of %s", excerpt(text[lo:hi])))
	}
	end += lo
	if err := atEnd(text, end+1, hi); err != nil {
		return nil, err
	}
	i := lo + 1
	if a, b := trim(text, i, end); a == b {
		return nil, nil
	}
	items := make([]string, 0, strings.Count(text[i:end], ",")+1)
	for i <= end {
		j := end
		if k := strings.IndexByte(text[i:end], ','); k >= 0 {
			j = i + k
		}
		a, b := trim(text, i, j)
		if !isMember(text[a:b]) {
			return nil, at(a, why(ErrSyntax, "%s cannot be a set member: no brackets, commas, colons or white space", excerpt(text[a:b])))
		}
		items = append(items, strings.Clone(text[a:b]))
		i = j + 1
	}
	s, err := canonSet(items)
	if err != nil {
		return nil, at(lo, err)
	}
	return s, nil
}

// isMember reports whether text form can hold s as a set member.
func isMember(s string) bool {
	return s != "" && !strings.ContainsAny(s, "{}[],;: \t\r\n") && utf8.ValidString(s)
}
