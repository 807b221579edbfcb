// Package role turns text into role names and answers questions about their hierarchy and weights; equal text gives equal answers.
//
// A role is who resources are for. Names form a tree by their slashes: "eng/web" lies below "eng".
// Everything here is a value or a pure function, so all of it may be used by any number of goroutines at once.
// Lists passed in are read and never kept; lists handed out belong to the caller.
package role

import "strings"

// A Name is a role: "*" or a path such as "eng/web". The zero value is no role.
//
// Names compare with == and sort in byte order. Only Parse and Validate look at the rules for
// legal names; the other methods are total and read any other text as components between slashes.
type Name string

// Default is the role "*": nothing can be reserved to it, everybody may subscribe to it.
const Default Name = "*"

// separator stands between the components of a name.
const separator = "/"

// IsDefault reports whether n is "*".
func (n Name) IsDefault() bool { return n == Default }

// IsStrictSubroleOf reports whether n lies below r, at any distance (docs/resource-model.md §5.2).
// No role is below itself, and nothing is below "*".
func (n Name) IsStrictSubroleOf(r Name) bool {
	if r == "" || r == Default {
		return false
	}
	return len(n) > len(r) && n[:len(r)] == r && n[len(r)] == '/'
}

// IsWithin reports whether n is r or lies below it.
func (n Name) IsWithin(r Name) bool { return n == r || n.IsStrictSubroleOf(r) }

// Parent returns the role directly above n; false for a role of the top level and for "*" (docs/resource-model.md §5.2).
func (n Name) Parent() (Name, bool) {
	i := strings.LastIndex(string(n), separator)
	if i < 0 {
		return "", false
	}
	return n[:i], true
}

// Ancestors lists the roles above n, nearest first (docs/resource-model.md §5.2).
// It is nil for a role of the top level and for "*".
func (n Name) Ancestors() []Name {
	count := strings.Count(string(n), separator)
	if count == 0 {
		return nil
	}
	above := make([]Name, 0, count)
	for p, ok := n.Parent(); ok; p, ok = p.Parent() {
		above = append(above, p)
	}
	return above
}

// Top returns the first component of n: the role of the top level that n belongs to, "*" for "*".
func (n Name) Top() Name {
	top, _, _ := strings.Cut(string(n), separator)
	return Name(top)
}

// Depth counts the components of n; that of "*" is 1, that of no role 0.
func (n Name) Depth() int {
	if n == "" {
		return 0
	}
	return strings.Count(string(n), separator) + 1
}
