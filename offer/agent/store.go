package agent

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// Record is one change of an agent's checkpoint: Value under Key, or with Delete Key taken away, there or not. Seq counts
// from 1 in each run of the agent.
type Record struct {
	Seq    uint64
	Key    string // not empty, at most MaxKey bytes
	Value  []byte // at most MaxValue bytes; nil with Delete. Nobody changes it afterwards
	Delete bool
}

// Bounds of what a Store takes in one record.
const (
	MaxKey   = 2 << 10
	MaxValue = 16 << 20
)

// Errors of stores.
var (
	// ErrStoreCorrupt: what a store holds cannot be read.
	ErrStoreCorrupt = errors.New("agent: checkpoint corrupt")
	// ErrStoreClosed: the store was closed.
	ErrStoreClosed = errors.New("agent: checkpoint closed")
	// ErrStoreRecord: a record has no key, a value with a deletion, or is too large. Nothing of the call was written.
	ErrStoreRecord = errors.New("agent: invalid record")
)

// Store keeps an agent's checkpoint (docs/protocol.md §4.1, §9). One caller at a time.
type Store interface {
	// Load calls each for every key that is there, in the order of their bytes. An error of each ends it and is returned.
	// Nobody changes what it yields afterwards.
	Load(ctx context.Context, each func(key string, value []byte) error) error
	// Save does records in their order; they are durable when it returns nil. A crash before that leaves the first few of
	// them, none or all: never a later one without an earlier one, nor a part of one. After an error other than
	// ErrStoreRecord it is unknown how many, and the agent ends. The store keeps no slice of records, but their values.
	Save(ctx context.Context, records []Record) error
}

// CheckRecords holds the records of one Save against the rules that all stores share. The error wraps ErrStoreRecord.
func CheckRecords(records []Record) error {
	for _, r := range records {
		switch {
		case r.Key == "":
			return fault(ErrStoreRecord, "record %d has no key", r.Seq)
		case r.Delete && r.Value != nil:
			return fault(ErrStoreRecord, "the deletion of %q has a value", r.Key)
		case len(r.Key) > MaxKey:
			return fault(ErrStoreRecord, "a key of %d bytes; %d are allowed", len(r.Key), MaxKey)
		case len(r.Value) > MaxValue:
			return fault(ErrStoreRecord, "the value of %q has %d bytes; %d are allowed", r.Key, len(r.Value), MaxValue)
		}
	}
	return nil
}

// Memory is a Store that lasts as long as its value: for tests and simulations, where an agent that is started again is
// given the Memory of its former run. The zero value is an empty one.
type Memory struct{ data map[string][]byte }

var _ Store = (*Memory)(nil)

// NewMemory makes an empty store.
func NewMemory() *Memory { return &Memory{} }

// Load yields everything.
func (s *Memory) Load(ctx context.Context, each func(key string, value []byte) error) error {
	for _, k := range slices.Sorted(maps.Keys(s.data)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := each(k, s.data[k]); err != nil {
			return err
		}
	}
	return nil
}

// Save changes all or nothing.
func (s *Memory) Save(ctx context.Context, records []Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := CheckRecords(records); err != nil {
		return err
	}
	for _, r := range records {
		switch {
		case r.Delete:
			delete(s.data, r.Key)
		case s.data == nil:
			s.data = map[string][]byte{r.Key: r.Value}
		default:
			s.data[r.Key] = r.Value
		}
	}
	return nil
}

// Len tells how many keys are there.
func (s *Memory) Len() int { return len(s.data) }
