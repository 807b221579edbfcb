package role

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The errors of this package. Each is wrapped with the text it is about.
var (
	// ErrInvalid: the text breaks a rule for names (docs/resource-model.md §5.1).
	ErrInvalid = errors.New("invalid role")
	// ErrDuplicate: a list names one role twice where each may stand once (docs/resource-model.md §5.1, §5.3).
	ErrDuplicate = errors.New("role listed twice")
	// ErrTooLong: the name has more bytes than the Bounds allow (docs/protocol.md §18.1).
	ErrTooLong = errors.New("role name too long")
	// ErrTooDeep: the name has more components than the Bounds allow (docs/protocol.md §18.1).
	ErrTooDeep = errors.New("role too deep")
	// ErrTooMany: the list has more roles than the Bounds allow (docs/protocol.md §18.1).
	ErrTooMany = errors.New("too many roles")
	// ErrWeight: the weight is not a positive finite number (docs/resource-model.md §5.3).
	ErrWeight = errors.New("invalid weight")
)

// quoteMax is how much of a refused text an error repeats, in bytes.
const quoteMax = 80

// Parse checks s against the rules for names and returns it as one (docs/resource-model.md §5.1).
// Nothing is trimmed. The error wraps ErrInvalid. Length and depth are not bounded here: see Bounds.
func Parse(s string) (Name, error) {
	n := Name(s)
	if err := n.Validate(); err != nil {
		return "", err
	}
	return n, nil
}

// ParseList reads a comma-separated list of role names (docs/resource-model.md §5.1).
// Items are not trimmed, empty items are dropped, duplicates are kept; the first bad item fails the list (ErrInvalid).
func ParseList(s string) ([]Name, error) {
	var names []Name
	for item := range strings.SplitSeq(s, ",") {
		if item == "" {
			continue
		}
		n, err := Parse(item)
		if err != nil {
			return nil, err
		}
		names = append(names, n)
	}
	return names, nil
}

// ValidateList checks the roles of one framework: each legal, none twice; an empty list is legal (docs/resource-model.md §5.1).
// The error wraps ErrInvalid or ErrDuplicate.
func ValidateList(names []Name) error {
	seen := make(map[Name]bool, len(names))
	for i, n := range names {
		if err := n.Validate(); err != nil {
			return fmt.Errorf("role %d of the list: %w", i, err)
		}
		if seen[n] {
			return fmt.Errorf("role %d of the list: %w: %s; name it once", i, ErrDuplicate, quote(string(n)))
		}
		seen[n] = true
	}
	return nil
}

// Validate reports why n is not a legal role name (ErrInvalid), nil for a legal one (docs/resource-model.md §5.1).
func (n Name) Validate() error {
	if n == Default {
		return nil
	}
	if fault := n.fault(); fault != "" {
		return fmt.Errorf("%w %s: %s", ErrInvalid, quote(string(n)), fault)
	}
	return nil
}

// fault says in words which rule n breaks, "" when none.
func (n Name) fault() string {
	switch {
	case n == "":
		return "it must not be empty"
	case !utf8.ValidString(string(n)):
		return "it must be valid UTF-8"
	}
	for component := range strings.SplitSeq(string(n), separator) {
		if fault := componentFault(component); fault != "" {
			return fault
		}
	}
	return ""
}

func componentFault(c string) string {
	switch {
	case c == "":
		return "a slash must stand between two components, never first, last or doubled"
	case c == "." || c == "..":
		return "a component must not be . or .."
	case c == string(Default):
		return "* stands alone, it is no component of a path"
	case c[0] == '-':
		return "a component must not start with a dash"
	case strings.ContainsFunc(c, isSpaceOrControl):
		return "a component must hold no space and no control character"
	}
	return ""
}

// isSpaceOrControl names the ASCII characters no name may hold: roles become JSON keys and names of directories.
func isSpaceOrControl(r rune) bool { return r <= ' ' || r == 0x7f }

// quote prints s for an error, cut to a bearable length.
func quote(s string) string {
	if len(s) <= quoteMax {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%q…", s[:quoteMax])
}
