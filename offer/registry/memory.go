package registry

import (
	"context"
	"maps"
	"slices"
)

// Memory is a Store that lasts as long as its value: for tests, simulations, and clusters that may forget. One caller at a
// time. The zero value is an empty one.
type Memory struct {
	at   Revision
	data map[string][]byte
}

var _ Store = (*Memory)(nil)

// NewMemory makes an empty store.
func NewMemory() *Memory { return &Memory{} }

// Load yields everything.
func (s *Memory) Load(ctx context.Context, each func(Op) error) (Revision, error) {
	for _, k := range slices.Sorted(maps.Keys(s.data)) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if err := each(Op{Key: k, Value: s.data[k]}); err != nil {
			return 0, err
		}
	}
	return s.at, nil
}

// Commit changes all or nothing.
func (s *Memory) Commit(ctx context.Context, at Revision, ops []Op) (Revision, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := Check(ops); err != nil {
		return 0, err
	}
	if at != s.at {
		return 0, Stale(at, s.at)
	}
	if s.data == nil {
		s.data = map[string][]byte{}
	}
	Apply(s.data, ops)
	s.at++
	return s.at, nil
}

// Revision tells where the store is.
func (s *Memory) Revision() Revision { return s.at }

// Len tells how many keys are there.
func (s *Memory) Len() int { return len(s.data) }

// Apply does ops to a map of keys and values. A value that is put is in the map as it is, nil as an empty one.
func Apply(data map[string][]byte, ops []Op) {
	for _, o := range ops {
		if o.Delete {
			delete(data, o.Key)
			continue
		}
		if o.Value == nil {
			o.Value = []byte{}
		}
		data[o.Key] = o.Value
	}
}
