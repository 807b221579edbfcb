package resource

import (
	"math"
	"strconv"
)

// Kind is the kind of a value: docs/resource-model.md §1.
type Kind uint8

// The kinds. Resources use the first three, attributes scalars, ranges and text.
const (
	KindScalar Kind = iota
	KindRanges
	KindSet
	KindText // attributes only
)

var kindNames = [...]string{"SCALAR", "RANGES", "SET", "TEXT"}

// String is the kind's name on the wire.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// Scalar is a quantity in thousandths: 1/1000 core, 1/1000 MiB (docs/resource-model.md §1.1).
// It is an integer, so that sums neither drift nor need a tolerance; a bare Scalar may be negative.
type Scalar int64

// MaxScalar is the largest amount accepted as input. Every amount up to it survives a float64
// of whole units, and more than 2000 of it add up without wrapping.
const MaxScalar Scalar = 4398046511103999

// Whole is n whole units. It does not check for overflow: n is meant to be at most 2^42.
func Whole(n int64) Scalar { return Scalar(n * 1000) }

// ScalarFromFloat rounds v, in whole units, half away from zero to thousandths
// (docs/resource-model.md §1.1). Refused are values that are not finite, negative, subnormal
// or above MaxScalar: ErrNotNumber, ErrNegative, ErrSubnormal, ErrTooLarge.
func ScalarFromFloat(v float64) (Scalar, error) {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return 0, ErrNotNumber
	case v < 0:
		return 0, ErrNegative
	case v != 0 && v < 0x1p-1022:
		return 0, ErrSubnormal
	}
	m := math.Round(v * 1000)
	if m > float64(MaxScalar) {
		return 0, ErrTooLarge
	}
	return Scalar(m), nil
}

// ParseScalar reads a decimal number such as 1.5 or 2e3 (docs/resource-model.md §2.1), with
// white space allowed at both ends. Refused is what ScalarFromFloat refuses, and all that is no plain
// decimal number.
func ParseScalar(text string) (Scalar, error) {
	lo, hi := trim(text, 0, len(text))
	n, err := parseNumber(text[lo:hi])
	if err != nil {
		return 0, why(err, "scalar %s", excerpt(text))
	}
	return n.s, nil
}

// Float is the amount in whole units. ScalarFromFloat reverses it for every legal amount.
func (s Scalar) Float() float64 { return float64(s) / 1000 }

// String prints the shortest exact decimal (docs/resource-model.md §1.1): 1500 is 1.5.
func (s Scalar) String() string { return string(s.append(nil)) }

// MarshalText is String.
func (s Scalar) MarshalText() ([]byte, error) { return s.append(nil), nil }

// UnmarshalText is ParseScalar.
func (s *Scalar) UnmarshalText(text []byte) error {
	v, err := ParseScalar(string(text))
	if err == nil {
		*s = v
	}
	return err
}

func (s Scalar) append(b []byte) []byte {
	u := uint64(s)
	if s < 0 {
		b, u = append(b, '-'), -u
	}
	b = strconv.AppendUint(b, u/1000, 10)
	f := u % 1000
	if f == 0 {
		return b
	}
	b = append(b, '.', byte('0'+f/100), byte('0'+f/10%10), byte('0'+f%10))
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}

// plus adds without wrapping: a sum beyond int64 stays at its end.
func (s Scalar) plus(t Scalar) Scalar {
	sum := s + t
	if (s < 0) == (t < 0) && (sum < 0) != (s < 0) {
		if s < 0 {
			return math.MinInt64
		}
		return math.MaxInt64
	}
	return sum
}

// number is a decimal as it was read.
type number struct {
	s    Scalar
	tiny bool // not zero, but s is
}

// parseNumber reads a plain decimal number: optional sign, digits with at most one dot,
// optional exponent. ErrNotNumber: it is something else (docs/resource-model.md §2.1).
func parseNumber(text string) (number, error) {
	if s, ok := parseShort(text); ok {
		return number{s: s}, nil
	}
	if !isDecimal(text) {
		return number{}, ErrNotNumber
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return number{}, ErrNotNumber // out of float64's range
	}
	s, err := ScalarFromFloat(v)
	return number{s: s, tiny: s == 0 && v != 0}, err
}

// parseShort reads the usual case, up to 12 digits, a dot and up to 3 digits, without floats:
// for those the float64 product rounds to the very same thousandths.
func parseShort(text string) (Scalar, bool) {
	if len(text) == 0 || len(text) > 16 {
		return 0, false
	}
	var v Scalar
	i := 0
	for ; i < len(text) && text[i]-'0' <= 9; i++ {
		v = v*10 + Scalar(text[i]-'0')
	}
	if i == 0 || i > 12 {
		return 0, false
	}
	v *= 1000
	if i == len(text) {
		return v, true
	}
	if text[i] != '.' || i+1 == len(text) || len(text)-i > 4 {
		return 0, false
	}
	for scale := Scalar(100); i+1 < len(text); scale /= 10 {
		i++
		if text[i]-'0' > 9 {
			return 0, false
		}
		v += Scalar(text[i]-'0') * scale
	}
	return v, true
}

// isDecimal checks the syntax that parseNumber accepts, which is narrower than Go's.
func isDecimal(s string) bool {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	digits := 0
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		digits++
	}
	if i < len(s) && s[i] == '.' {
		for i++; i < len(s) && s[i]-'0' <= 9; i++ {
			digits++
		}
	}
	if digits == 0 {
		return false
	}
	if i == len(s) {
		return true
	}
	if s[i] != 'e' && s[i] != 'E' {
		return false
	}
	i++
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	start := i
	for i < len(s) && s[i]-'0' <= 9 {
		i++
	}
	return i > start && i == len(s)
}
