package resource

import "strings"

// ReadSource gives the text that a flag states: the flag itself or, if it is file:///path, what
// read returns for /path (docs/resource-model.md §2.4). read does the I/O, so that this package need not.
func ReadSource(flag string, read func(path string) ([]byte, error)) (string, error) {
	lo, hi := trim(flag, 0, len(flag))
	path, ok := strings.CutPrefix(flag[lo:hi], "file://")
	if !ok {
		return flag, nil
	}
	if !strings.HasPrefix(path, "/") {
		return "", at(lo, why(ErrSyntax, "%s: a file is named by file:///absolute/path", excerpt(flag)))
	}
	b, err := read(path)
	return string(b), err
}

// ParseSource is Parse of ReadSource: inline text, inline JSON or a file with either. Offsets
// of errors count in the file's content.
func ParseSource(flag string, read func(path string) ([]byte, error), opts ...Option) (Resources, error) {
	text, err := ReadSource(flag, read)
	if err != nil {
		return Resources{}, err
	}
	return Parse(text, opts...)
}
