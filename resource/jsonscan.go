package resource

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// scanner pulls JSON apart without building a tree, so that every error knows its byte offset,
// and no input costs more memory than its result.
type scanner struct {
	s     string
	i     int
	depth int
	// strict is the reading of operator text: unknown and duplicate keys are errors
	// (docs/resource-model.md §2.3, §8.1).
	strict bool
}

func (p *scanner) ws() {
	for p.i < len(p.s) && isSpace(p.s[p.i]) {
		p.i++
	}
}

// peek is the first byte of the next token, 0 at the end.
func (p *scanner) peek() byte {
	p.ws()
	if p.i == len(p.s) {
		return 0
	}
	return p.s[p.i]
}

func (p *scanner) expected(what string) error {
	p.ws()
	if p.i == len(p.s) {
		return at(p.i, why(ErrSyntax, "JSON: %s expected, but the text ends", what))
	}
	return at(p.i, why(ErrSyntax, "JSON: %s expected, not %s", what, excerpt(p.s[p.i:min(p.i+12, len(p.s))])))
}

// end: nothing but white space may follow.
func (p *scanner) end() error {
	if p.peek() != 0 || p.i < len(p.s) {
		return p.expected("the end")
	}
	return nil
}

// null consumes null if it is next.
func (p *scanner) null() bool {
	p.ws()
	if strings.HasPrefix(p.s[p.i:], "null") {
		p.i += len("null")
		return true
	}
	return false
}

// object calls field for each key that is not null, with the key's offset; field must consume the value.
func (p *scanner) object(field func(key string, off int) error) error {
	if p.peek() != '{' {
		return p.expected("an object")
	}
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	if p.peek() == '}' {
		p.i++
		return nil
	}
	for {
		p.ws()
		off := p.i
		key, err := p.str()
		if err != nil {
			return err
		}
		if p.peek() != ':' {
			return p.expected("':'")
		}
		p.i++
		if err := field(key, off); err != nil {
			return err
		}
		switch p.peek() {
		case ',':
			p.i++
		case '}':
			p.i++
			return nil
		default:
			return p.expected("',' or '}'")
		}
	}
}

// array calls item for each element, with its offset; item must consume it.
func (p *scanner) array(item func(n, off int) error) error {
	if p.peek() != '[' {
		return p.expected("an array")
	}
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	if p.peek() == ']' {
		p.i++
		return nil
	}
	for n := 0; ; n++ {
		p.ws()
		if err := item(n, p.i); err != nil {
			return err
		}
		switch p.peek() {
		case ',':
			p.i++
		case ']':
			p.i++
			return nil
		default:
			return p.expected("',' or ']'")
		}
	}
}

func (p *scanner) enter() error {
	if p.depth++; p.depth > maxDepth {
		return at(p.i, why(ErrTooMany, "JSON nested deeper than %d", maxDepth))
	}
	p.i++
	return nil
}

func (p *scanner) leave() { p.depth-- }

// str reads a string. What it returns does not keep the text in memory.
func (p *scanner) str() (string, error) {
	if p.peek() != '"' {
		return "", p.expected("a string")
	}
	start := p.i
	plain := true
	for i := start + 1; i < len(p.s); i++ {
		switch c := p.s[i]; {
		case c == '"':
			p.i = i + 1
			return p.unquote(start, p.i, plain)
		case c == '\\':
			plain = false
			i++
		case c < 0x20:
			return "", at(i, why(ErrSyntax, "JSON: control byte in a string"))
		}
	}
	return "", at(start, why(ErrSyntax, "JSON: the string does not end"))
}

func (p *scanner) unquote(start, end int, plain bool) (string, error) {
	quoted := p.s[start:end]
	if !utf8.ValidString(quoted) {
		return "", at(start, why(ErrSyntax, "JSON: a string is not UTF-8"))
	}
	if plain {
		return strings.Clone(quoted[1 : len(quoted)-1]), nil
	}
	var s string
	if err := json.Unmarshal([]byte(quoted), &s); err != nil {
		return "", at(start, why(ErrSyntax, "JSON: bad escape in a string"))
	}
	return s, nil
}

// number reads a number's text, from a number or from a string; quoted tells which.
func (p *scanner) number() (text string, quoted bool, err error) {
	if p.peek() == '"' {
		text, err = p.str()
		return text, true, err
	}
	start := p.i
	for p.i < len(p.s) && strings.IndexByte("+-.eE0123456789", p.s[p.i]) >= 0 {
		p.i++
	}
	text = p.s[start:p.i]
	if !isJSONNumber(text) {
		p.i = start
		return "", false, p.expected("a number")
	}
	return text, false, nil
}

// isJSONNumber: a decimal without plus sign, leading zeros and bare dots.
func isJSONNumber(s string) bool {
	if !isDecimal(s) || s[0] == '+' {
		return false
	}
	s = strings.TrimPrefix(s, "-")
	dot := strings.IndexByte(s, '.')
	return s[0]-'0' <= 9 && !(s[0] == '0' && len(s) > 1 && s[1]-'0' <= 9) &&
		(dot < 0 || dot+1 < len(s) && s[dot+1]-'0' <= 9)
}

// skip passes over any value.
func (p *scanner) skip() error {
	switch c := p.peek(); {
	case c == '{':
		return p.object(func(string, int) error { return p.skip() })
	case c == '[':
		return p.array(func(int, int) error { return p.skip() })
	case c == '"':
		_, err := p.str()
		return err
	case c == '-' || c-'0' <= 9:
		_, _, err := p.number()
		return err
	}
	for _, w := range [...]string{"null", "true", "false"} {
		if strings.HasPrefix(p.s[p.i:], w) {
			p.i += len(w)
			return nil
		}
	}
	return p.expected("a value")
}

// fields dispatches the keys of an object. A null field is absent; an unknown key is skipped,
// or an error if strict, as is a key given twice (else the last wins, null included).
func (p *scanner) fields(known map[string]reader) error {
	var seen map[string]bool
	return p.object(func(key string, off int) error {
		read, ok := known[key]
		if !ok && p.strict {
			return at(off, why(ErrUnknownKey, "%s", excerpt(key)))
		}
		if p.strict {
			if seen[key] {
				return at(off, why(ErrDuplicateKey, "%s", excerpt(key)))
			}
			if seen == nil {
				seen = map[string]bool{}
			}
			seen[key] = true
		}
		if ok {
			return read(p.null())
		}
		return p.skip()
	})
}

// reader reads the value of one key, or forgets what an earlier value left if it is null, which is consumed already.
type reader func(null bool) error

// into is a reader that sets *to, to zero if null.
func into[T any](to *T, read func() (T, error)) reader {
	return func(null bool) (err error) {
		var v T
		if !null {
			v, err = read()
		}
		*to = v
		return err
	}
}

// strTo reads a string into *to.
func (p *scanner) strTo(to **string) reader {
	return into(to, func() (*string, error) {
		s, err := p.str()
		return &s, err
	})
}
