package filestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/proffer-go/proffer/offer/registry"
)

// ErrLocked: the directory is open already, here or in another process.
var ErrLocked = errors.New("filestore: the registry is open elsewhere")

// ErrBroken: an earlier commit failed or was given up, so what the disk holds is not known. Open the directory anew.
var ErrBroken = errors.New("filestore: an earlier commit failed")

// The files of a directory.
const (
	logName      = "log"
	snapshotName = "snapshot"
	lockName     = "lock"
	partSuffix   = ".part" // a file that is being written; removed on opening
)

// DefaultCompactAt is the least size of a log that is replaced by a snapshot.
const DefaultCompactAt = 4 << 20

// An Option changes how a directory is opened.
type Option func(*Store)

// CompactAt sets the size in bytes below which a log is never replaced by a snapshot; else it is when it is larger than
// the snapshot.
func CompactAt(size int64) Option { return func(s *Store) { s.compactAt = size } }

// Kind names what a store holds other than a registry, in the first line of its files: a directory is opened as what it is.
func Kind(word string) Option { return func(s *Store) { s.kind = word } }

// file is what a Store needs of its open log.
type file interface {
	io.Writer
	Sync() error
	Close() error
}

// Store is a registry in a directory. See the package comment.
type Store struct {
	dir       string
	kind      string
	compactAt int64

	mu       sync.Mutex // held while the disk is written, also by a commit that its caller gave up
	lock     io.Closer
	log      file
	logSize  int64
	snapSize int64
	at       registry.Revision
	data     map[string][]byte
	err      error // why nothing more is written

	given sync.Mutex // guards lost
	lost  error      // a commit was given up
}

var _ registry.Store = (*Store)(nil)

// Open opens the registry in dir, and makes both if they are not there. A commit that was not answered before a crash may
// be there or not. The error wraps ErrLocked, registry.ErrCorrupt with file and byte, or comes from the system.
func Open(dir string, opts ...Option) (*Store, error) {
	s := &Store{dir: dir, kind: registryKind, compactAt: DefaultCompactAt}
	for _, o := range opts {
		o(s)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("filestore: %w", err)
	}
	lock, err := lockFile(s.path(lockName))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrLocked, s.path(lockName), err)
	}
	s.lock = lock
	if err := s.recover(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }

// recover reads snapshot and log, cuts a torn tail off, and opens the log for more.
func (s *Store) recover() error {
	for _, part := range []string{logName, snapshotName} {
		if err := os.Remove(s.path(part + partSuffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("filestore: %w", err)
		}
	}
	if err := s.readSnapshot(); err != nil {
		return err
	}
	b, err := os.ReadFile(s.path(logName))
	if errors.Is(err, fs.ErrNotExist) && s.snapSize == 0 {
		return s.newLog()
	}
	if errors.Is(err, fs.ErrNotExist) {
		return s.corrupt(logName, bad(0, "there is a snapshot and no log"))
	}
	if err != nil {
		return fmt.Errorf("filestore: %w", err)
	}
	good, err := s.replay(b)
	if err != nil {
		return s.corrupt(logName, err)
	}
	return s.openLog(int64(good), good < len(b))
}

func (s *Store) corrupt(name string, err error) error {
	return fmt.Errorf("%w: %s: %w", registry.ErrCorrupt, s.path(name), err)
}

func (s *Store) readSnapshot() error {
	b, err := os.ReadFile(s.path(snapshotName))
	if errors.Is(err, fs.ErrNotExist) {
		s.data = map[string][]byte{}
		return nil
	}
	if err != nil {
		return fmt.Errorf("filestore: %w", err)
	}
	if s.at, s.data, err = readSnapshot(b, s.kind); err != nil {
		return s.corrupt(snapshotName, err)
	}
	s.snapSize = int64(len(b))
	return nil
}

// replay applies what the snapshot does not hold yet. A crash between the two renames of a compaction leaves an old log
// beside the new snapshot.
func (s *Store) replay(b []byte) (good int, err error) {
	base, commits, good, err := readLog(b, s.kind)
	switch {
	case err != nil:
		return 0, err
	case base > s.at:
		return 0, bad(len(logMagic(s.kind)), "the log stands on revision %d, the snapshot holds %d", base, s.at)
	case base+registry.Revision(len(commits)) < s.at:
		return 0, bad(good, "the log ends at revision %d, before the snapshot's %d", base+registry.Revision(len(commits)), s.at)
	}
	for _, c := range commits {
		if c.to > s.at {
			registry.Apply(s.data, c.ops)
			s.at = c.to
		}
	}
	return good, nil
}

// openLog opens the log to go on at size.
func (s *Store) openLog(size int64, cut bool) error {
	f, err := os.OpenFile(s.path(logName), os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("filestore: %w", err)
	}
	if cut {
		err = errors.Join(f.Truncate(size), f.Sync())
	}
	if _, seek := f.Seek(size, io.SeekStart); err != nil || seek != nil {
		f.Close()
		return fmt.Errorf("filestore: %w", errors.Join(err, seek))
	}
	s.log, s.logSize = f, size
	return nil
}

// newLog puts an empty log on the present revision in the place of the old one.
func (s *Store) newLog() error {
	if s.log != nil { // not every system renames over an open file
		err := s.log.Close()
		if s.log = nil; err != nil {
			return fmt.Errorf("filestore: %w", err)
		}
	}
	head := appendHead(nil, logMagic(s.kind), s.at)
	if err := s.replace(logName, head); err != nil {
		return err
	}
	return s.openLog(int64(len(head)), false)
}

// replace writes a file as a whole: beside its place, durable, then renamed over what was there, durable too.
func (s *Store) replace(name string, content []byte) error {
	part := s.path(name + partSuffix)
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return fmt.Errorf("filestore: %w", err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("filestore: %w", err)
	}
	if err := os.Rename(part, s.path(name)); err != nil {
		return fmt.Errorf("filestore: %w", err)
	}
	if err := syncDir(s.dir); err != nil {
		return fmt.Errorf("filestore: %w", err)
	}
	return nil
}

// Load yields everything from memory.
func (s *Store) Load(ctx context.Context, each func(registry.Op) error) (registry.Revision, error) {
	if err := s.gaveUp(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	data, at, err := maps.Clone(s.data), s.at, s.err
	s.mu.Unlock()
	if err != nil {
		return 0, err
	}
	for _, k := range slices.Sorted(maps.Keys(data)) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := each(registry.Op{Key: k, Value: data[k]}); err != nil {
			return 0, err
		}
	}
	return at, ctx.Err()
}

// Commit appends ops to the log and waits for the disk. If ctx ends before that, it returns the context's error; the commit
// may or may not be there then, and the store takes nothing more.
func (s *Store) Commit(ctx context.Context, at registry.Revision, ops []registry.Op) (registry.Revision, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := s.gaveUp(); err != nil {
		return 0, err
	}
	if err := registry.Check(ops); err != nil {
		return 0, err
	}
	type result struct {
		at  registry.Revision
		err error
	}
	done := make(chan result, 1)
	ops = slices.Clone(ops) // the caller may be gone before the disk is done
	s.mu.Lock()
	go func() {
		defer s.mu.Unlock()
		at, err := s.commit(at, ops)
		done <- result{at, err}
	}()
	select {
	case r := <-done:
		return r.at, r.err
	case <-ctx.Done():
		return 0, s.giveUp(ctx.Err())
	}
}

// giveUp remembers that nobody knows what the last commit did.
func (s *Store) giveUp(why error) error {
	s.given.Lock()
	defer s.given.Unlock()
	s.lost = fmt.Errorf("%w: the disk did not answer in time: %w", ErrBroken, why)
	return fmt.Errorf("filestore: the disk did not answer in time: %w", why)
}

func (s *Store) gaveUp() error {
	s.given.Lock()
	defer s.given.Unlock()
	return s.lost
}

// commit writes; the lock is held. After an error of the disk nothing more is written: what it holds is not known.
func (s *Store) commit(at registry.Revision, ops []registry.Op) (registry.Revision, error) {
	switch {
	case s.err != nil:
		return 0, s.err
	case at != s.at:
		return 0, registry.Stale(at, s.at)
	}
	record := appendCommit(nil, commit{s.at + 1, ops})
	if _, err := s.log.Write(record); err != nil {
		return 0, s.breakDown(err)
	}
	if err := s.log.Sync(); err != nil {
		return 0, s.breakDown(err)
	}
	s.at++
	s.logSize += int64(len(record))
	registry.Apply(s.data, ops)
	if s.logSize > max(s.compactAt, s.snapSize) {
		if err := s.compact(); err != nil {
			_ = s.breakDown(err) // this commit is durable; the next one is not taken
		}
	}
	return s.at, nil
}

func (s *Store) breakDown(err error) error {
	s.err = fmt.Errorf("%w: %s: %w", ErrBroken, s.dir, err)
	return fmt.Errorf("filestore: %s: %w", s.dir, err)
}

// compact writes a snapshot, then an empty log.
func (s *Store) compact() error {
	b := appendSnapshot(nil, s.kind, s.at, s.data)
	if err := s.replace(snapshotName, b); err != nil {
		return err
	}
	s.snapSize = int64(len(b))
	return s.newLog()
}

// Close waits for what the disk does, and lets the directory go. Calls after it answer registry.ErrClosed.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(s.err, registry.ErrClosed) {
		return nil
	}
	s.err = fmt.Errorf("%w: %s", registry.ErrClosed, s.dir)
	var err error
	if s.log != nil {
		err = s.log.Close()
	}
	return errors.Join(err, s.lock.Close())
}
