package role

import "fmt"

// The bounds of docs/protocol.md §18.1.
const (
	DefaultMaxRoles  = 256  // roles per framework
	DefaultMaxDepth  = 16   // components of a name
	DefaultMaxLength = 1024 // bytes of a name
)

// Bounds limit what a stranger may name. A name within the rules may still be too long or too deep for a
// master that keeps a tree of them, so whoever lets strangers in checks their roles with Check or CheckList.
// A field that is zero or less takes its default, so the zero value is docs/protocol.md §18.1.
type Bounds struct {
	Roles  int // roles in one list
	Depth  int // components of one name
	Length int // bytes of one name
}

// Check reports why n is no legal name (ErrInvalid) or is beyond b (ErrTooLong, ErrTooDeep).
func (b Bounds) Check(n Name) error {
	// Length first: nothing else of an oversized text is looked at.
	if most := orDefault(b.Length, DefaultMaxLength); len(n) > most {
		return fmt.Errorf("%w: %s has %d bytes, at most %d are allowed", ErrTooLong, quote(string(n)), len(n), most)
	}
	if most := orDefault(b.Depth, DefaultMaxDepth); n.Depth() > most {
		return fmt.Errorf("%w: %s has %d components, at most %d are allowed", ErrTooDeep, quote(string(n)), n.Depth(), most)
	}
	return n.Validate()
}

// CheckList is Check for each of names, and ValidateList; a list with more than b.Roles names is ErrTooMany.
func (b Bounds) CheckList(names []Name) error {
	if most := orDefault(b.Roles, DefaultMaxRoles); len(names) > most {
		return fmt.Errorf("%w: %d, at most %d are allowed", ErrTooMany, len(names), most)
	}
	for i, n := range names {
		if err := b.Check(n); err != nil {
			return fmt.Errorf("role %d of the list: %w", i, err)
		}
	}
	return ValidateList(names)
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}
