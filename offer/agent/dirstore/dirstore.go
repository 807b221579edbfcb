// Package dirstore keeps an agent's checkpoint in a directory: records go in, and once they are answered they are there
// after any crash. It is an agent.Store (docs/protocol.md §4.1, §9).
//
// The directory has the three files of package filestore, which does the work: a log that is appended and fsynced, a
// snapshot that replaces it when it has grown, and a lock. A record at the end of the log that was not written as a whole
// was never answered, and is cut off on opening; anything else that does not add up is agent.ErrStoreCorrupt and names the
// file and the byte, and nothing is changed. Remove the directory to begin as a new agent.
//
// A Store is for one caller at a time, but Close may be called whenever.
package dirstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/offer/registry/filestore"
)

// ErrLocked: the directory is open already, here or in another process; two agents cannot have one checkpoint.
var ErrLocked = errors.New("dirstore: the checkpoint is open elsewhere")

// An Option changes how a directory is opened.
type Option func(*Store)

// CompactAt sets the size in bytes below which a log is never replaced by a snapshot: filestore.DefaultCompactAt unless told.
func CompactAt(size int64) Option {
	return func(s *Store) { s.opts = append(s.opts, filestore.CompactAt(size)) }
}

// Store is a checkpoint in a directory. See the package comment.
type Store struct {
	opts  []filestore.Option
	files *filestore.Store
	at    registry.Revision
}

var _ agent.Store = (*Store)(nil)

// Open opens the checkpoint in dir, and makes both if they are not there. The error wraps ErrLocked, agent.ErrStoreCorrupt, or
// comes from the system.
func Open(dir string, opts ...Option) (*Store, error) {
	s := &Store{opts: []filestore.Option{filestore.Kind("checkpoint")}}
	for _, o := range opts {
		o(s)
	}
	files, err := filestore.Open(dir, s.opts...)
	if err != nil {
		return nil, wrap(err)
	}
	s.files = files
	s.at, err = files.Load(context.Background(), func(registry.Op) error { return nil })
	if err != nil {
		files.Close()
		return nil, wrap(err)
	}
	return s, nil
}

// wrap says in the words of an agent.Store what went wrong.
func wrap(err error) error {
	for _, x := range []struct{ is, as error }{
		{filestore.ErrLocked, ErrLocked}, {registry.ErrCorrupt, agent.ErrStoreCorrupt}, {registry.ErrClosed, agent.ErrStoreClosed},
	} {
		if errors.Is(err, x.is) {
			return fmt.Errorf("%w: %w", x.as, err)
		}
	}
	return err
}

// Load yields everything from memory.
func (s *Store) Load(ctx context.Context, each func(key string, value []byte) error) error {
	var mine error
	_, err := s.files.Load(ctx, func(o registry.Op) error {
		mine = each(o.Key, o.Value)
		return mine
	})
	if mine != nil {
		return mine
	}
	return wrap(err)
}

// Save appends records to the log and waits for the disk. If ctx ends before that, it returns the context's error; the store
// takes nothing more then: open the directory anew.
func (s *Store) Save(ctx context.Context, records []agent.Record) error {
	if err := agent.CheckRecords(records); err != nil {
		return err
	}
	for len(records) > 0 {
		n, ops := commit(records)
		at, err := s.files.Commit(ctx, s.at, ops)
		if err != nil {
			return wrap(err)
		}
		s.at, records = at, records[n:]
	}
	return ctx.Err()
}

// commit makes one commit of the first n records: as many as fit. Of a key that is written more than once the last counts.
func commit(records []agent.Record) (n int, ops []registry.Op) {
	size, place := 0, map[string]int{}
	for _, r := range records {
		size += len(r.Key) + len(r.Value)
		if n > 0 && (size > registry.MaxCommit || len(ops) == registry.MaxOps) {
			break
		}
		n++
		op := registry.Op{Key: r.Key, Value: r.Value, Delete: r.Delete}
		if i, again := place[r.Key]; again {
			ops[i] = op
			continue
		}
		place[r.Key] = len(ops)
		ops = append(ops, op)
	}
	return n, ops
}

// Close waits for what the disk does, and lets the directory go. Calls after it answer agent.ErrStoreClosed.
func (s *Store) Close() error { return s.files.Close() }
