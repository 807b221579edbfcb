// Package mutant takes the text of a fault and gives the files that have it: what tests of tests are built from. Only tests
// import it.
package mutant

import (
	"fmt"
	"strings"
)

// Apply reads a fault: a line that says what it is, then for each file "-- name --" and changes
//
//	<<<< before
//	text that stands in the file just once, whole lines or not
//	==== after
//	text in its place
//	>>>>
//
// and returns the files as they are with it. read gives a file as it is. A change that does not apply is an error.
func Apply(text string, read func(string) ([]byte, error)) (map[string]string, error) {
	changed := make(map[string]string)
	file, before, after, part := "", "", "", &strings.Builder{}
	for i, line := range strings.Split(text, "\n") {
		fail := func(format string, args ...any) error {
			return fmt.Errorf("line %d: "+format, append([]any{i + 1}, args...)...)
		}
		name, isFile := strings.CutPrefix(line, "-- ")
		switch {
		case isFile && strings.HasSuffix(name, " --"):
			file = strings.TrimSuffix(name, " --")
			if _, ok := changed[file]; !ok {
				content, err := read(file)
				if err != nil {
					return nil, fail("%w", err)
				}
				changed[file] = string(content)
			}
		case line == "<<<< before", line == "==== after":
			before = strings.TrimSuffix(part.String(), "\n")
			part = &strings.Builder{}
		case line == ">>>>":
			after = strings.TrimSuffix(part.String(), "\n")
			part = &strings.Builder{}
			if n := strings.Count(changed[file], before); n != 1 || before == "" || before == after {
				return nil, fail("it stands %d times in %s, or changes nothing: choose another place for\n%s", n, file, before)
			}
			changed[file] = strings.Replace(changed[file], before, after, 1)
			before = ""
		default:
			part.WriteString(line + "\n")
		}
	}
	if len(changed) == 0 {
		return nil, fmt.Errorf("no file is named")
	}
	return changed, nil
}
