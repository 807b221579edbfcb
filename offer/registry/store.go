package registry

import (
	"context"
	"errors"
	"fmt"

	"github.com/proffer-go/proffer/offer/msg"
)

// Errors of stores and of the codec.
var (
	// ErrStale: the store is at another revision than the commit names: somebody else leads. Nothing was written.
	ErrStale = errors.New("registry: another leader has written")
	// ErrCorrupt: what is stored cannot be read.
	ErrCorrupt = errors.New("registry: corrupt")
	// ErrCapability: the store holds what only a newer master understands.
	ErrCapability = errors.New("registry: unknown capability")
	// ErrOps: the operations of a commit are not well formed. Nothing was written.
	ErrOps = errors.New("registry: invalid operations")
	// ErrBound: a key, a value or a commit is too large. Nothing was written.
	ErrBound = errors.New("registry: bound reached")
	// ErrRecord: a record that has no stored form.
	ErrRecord = errors.New("registry: invalid record")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("registry: closed")
)

// Bounds of what a store takes.
const (
	MaxKey    = 2 << 10  // bytes of a key
	MaxValue  = 16 << 20 // bytes of a value
	MaxOps    = 10_000   // operations of one commit
	MaxCommit = 64 << 20 // bytes of keys and values of one commit
)

// Revision is a store's version. A store into which nobody has written is at 0, and every commit, an empty one as well,
// brings it to a greater one.
type Revision uint64

// Op puts Value under Key, or with Delete takes Key away; what is not there may be deleted.
type Op struct {
	Key    string
	Value  []byte // nil with Delete
	Delete bool
}

// String names the operation without its value.
func (o Op) String() string {
	if o.Delete {
		return "delete " + o.Key
	}
	return fmt.Sprintf("put %s (%d bytes)", o.Key, len(o.Value))
}

// Commit is what a master wants written before anybody hears of it. It is answered by msg.Committed with the same Seq.
type Commit struct {
	Seq uint64
	At  Revision
	Ops []Op
}

// Answer is what a store's answer to c is stepped into the master as.
func (c Commit) Answer(at Revision, err error) msg.Committed {
	return msg.Committed{Seq: c.Seq, Revision: uint64(at), Err: err}
}

// Load reads a store as the first input of a master. The error of the store is in it.
func Load(ctx context.Context, s Store) msg.Loaded {
	var in msg.Loaded
	at, err := s.Load(ctx, func(o Op) error {
		in.Entries = append(in.Entries, msg.Entry{Key: o.Key, Value: o.Value})
		return nil
	})
	in.Revision, in.Err = uint64(at), err
	return in
}

// Store keeps operations. One caller at a time.
type Store interface {
	// Load yields a put for every key that is there, in the order of their bytes, and returns the revision they stand
	// for. An error of each ends it and is returned. What it yields is not changed afterwards by anybody.
	Load(ctx context.Context, each func(Op) error) (Revision, error)
	// Commit writes all of ops if the store is at at, and returns the revision it has brought it to. They are durable
	// then. ErrStale, ErrOps and ErrBound: nothing was written. After any other error that is unknown, and the caller
	// stops leading. The store keeps no slice of ops, but its keys and values.
	Commit(ctx context.Context, at Revision, ops []Op) (Revision, error)
}

// Check holds the operations of one commit against the rules that all stores share: no empty key, no key twice, no value
// with a delete, and the bounds. The error wraps ErrOps or ErrBound.
func Check(ops []Op) error {
	if len(ops) > MaxOps {
		return fmt.Errorf("%w: %d operations in one commit, %d are allowed", ErrBound, len(ops), MaxOps)
	}
	seen, size := make(map[string]bool, len(ops)), 0
	for i, o := range ops {
		switch {
		case o.Key == "":
			return fmt.Errorf("%w: operation %d has no key", ErrOps, i)
		case seen[o.Key]:
			return fmt.Errorf("%w: key %q is there twice; one commit names a key once", ErrOps, o.Key)
		case o.Delete && o.Value != nil:
			return fmt.Errorf("%w: delete of %q has a value", ErrOps, o.Key)
		case len(o.Key) > MaxKey:
			return fmt.Errorf("%w: a key of %d bytes, %d are allowed", ErrBound, len(o.Key), MaxKey)
		case len(o.Value) > MaxValue:
			return fmt.Errorf("%w: the value of %q has %d bytes, %d are allowed", ErrBound, o.Key, len(o.Value), MaxValue)
		}
		seen[o.Key] = true
		size += len(o.Key) + len(o.Value)
	}
	if size > MaxCommit {
		return fmt.Errorf("%w: a commit of %d bytes, %d are allowed", ErrBound, size, MaxCommit)
	}
	return nil
}

// Stale is the error of a commit at another revision than the store's.
func Stale(at, is Revision) error {
	return fmt.Errorf("%w: the commit is at revision %d, the store at %d; stop leading", ErrStale, at, is)
}
