// Package role turns text into role names and answers questions about their hierarchy and weights.
package role

// A Name is a role: "*" or a path such as "eng/web". The zero value is no role.
type Name string

// Default is the role "*": nothing can be reserved to it, everybody may subscribe to it.
const Default Name = "*"

// Parse checks s against the rules for names (docs/resource-model.md §5.1).
func Parse(s string) (Name, error) { return Name(s), Name(s).Validate() }

// ParseList reads a comma-separated list of role names (§5.1).
func ParseList(s string) ([]Name, error) { panic("todo") }

// Validate reports why n is not a legal role name (ErrInvalid).
func (n Name) Validate() error { return nil }

// IsStrictSubroleOf reports whether n lies below r.
func (n Name) IsStrictSubroleOf(r Name) bool {
	return len(n) > len(r) && n[:len(r)] == r && n[len(r)] == '/'
}

// Ancestors lists the roles above n, nearest first.
func (n Name) Ancestors() []Name { panic("todo") }

// Parent returns the role directly above n.
func (n Name) Parent() (Name, bool) { panic("todo") }

// Top returns the first component of n.
func (n Name) Top() Name { panic("todo") }

// Depth counts the components of n; that of "*" is 1.
func (n Name) Depth() int { panic("todo") }
