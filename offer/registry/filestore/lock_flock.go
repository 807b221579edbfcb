//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package filestore

import (
	"io"
	"os"
	"syscall"
)

// lockFile holds path until it is closed or its process ends.
func lockFile(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
