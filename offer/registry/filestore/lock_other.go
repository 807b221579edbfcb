//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package filestore

import (
	"errors"
	"io"
	"os"
)

// made is a lock that consists in the file being there. A crash leaves it behind: whoever is sure that nobody has the
// directory open removes it.
type made string

// Close removes the file.
func (m made) Close() error { return os.Remove(string(m)) }

func lockFile(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	return made(path), errors.Join(f.Close())
}
