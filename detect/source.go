package detect

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/proffer-go/proffer/resource"
)

// MaxSourceBytes bounds a file named by a file:/// text.
const MaxSourceBytes = 8 << 20

// ErrTooLarge says that a file is larger than its bound.
var ErrTooLarge = errors.New("detect: file too large")

// ReadSource resolves the source forms of operator text (docs/resource-model.md §2.4): file:///path gives the content of
// that file, read up to MaxSourceBytes; every other text is returned as it is. The path is taken byte for byte, without
// percent-decoding. Errors are those of resource.ReadSource, ErrTooLarge, or those of the file system.
func ReadSource(text string) (string, error) {
	content, err := resource.ReadSource(text, func(path string) ([]byte, error) {
		return readFile(localPath(path), MaxSourceBytes)
	})
	if err != nil {
		return "", fmt.Errorf("detect: reading the source: %w", err)
	}
	return content, nil
}

// localPath turns /C:/dir into C:/dir, which only Windows needs and no other system is likely to mean.
func localPath(p string) string {
	if os.PathSeparator == '\\' && len(p) >= 3 && p[2] == ':' {
		return p[1:]
	}
	return p
}

func readFile(path string, bound int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := readBounded(f, bound)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// readBounded reads all of r, or fails with ErrTooLarge having read no more than one byte above bound.
func readBounded(r io.Reader, bound int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, bound+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > bound {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, bound)
	}
	return b, nil
}
