package simulate

import (
	"context"

	"github.com/proffer-go/proffer/offer/registry"
)

// memory is a registry that tells what is in it.
type memory struct {
	*registry.Memory
	data map[string][]byte
}

var _ registry.Store = (*memory)(nil)

func newMemory() *memory {
	return &memory{registry.NewMemory(), map[string][]byte{}}
}

// Commit commits, and notes what is durable now.
func (s *memory) Commit(ctx context.Context, at registry.Revision, ops []registry.Op) (registry.Revision, error) {
	rev, err := s.Memory.Commit(ctx, at, ops)
	if err == nil {
		registry.Apply(s.data, ops)
	}
	return rev, err
}

// has reports whether a key is durable.
func (s *memory) has(key string) bool { _, ok := s.data[key]; return ok }
