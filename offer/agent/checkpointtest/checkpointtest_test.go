package checkpointtest_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/agent/checkpointtest"
)

// docs/protocol.md §9: the store in memory keeps every promise.
func TestMemory(t *testing.T) {
	checkpointtest.Run(t, checkpointtest.Harness{Open: func(checkpointtest.TB) agent.Store { return agent.NewMemory() }})
}

// broken spoils a good store.
type broken struct {
	*agent.Memory
	save func(s *agent.Memory, ctx context.Context, rs []agent.Record) error
	load func(s *agent.Memory, ctx context.Context, each func(string, []byte) error) error
}

func (b broken) Save(ctx context.Context, rs []agent.Record) error {
	if b.save == nil {
		return b.Memory.Save(ctx, rs)
	}
	return b.save(b.Memory, ctx, rs)
}

func (b broken) Load(ctx context.Context, each func(string, []byte) error) error {
	if b.load == nil {
		return b.Memory.Load(ctx, each)
	}
	return b.load(b.Memory, ctx, each)
}

// spy notes failures instead of failing.
type spy struct {
	checkpointtest.TB
	failed string
}

func (s *spy) Helper()                           {}
func (s *spy) Errorf(format string, args ...any) { s.failed += fmt.Sprintf(format, args...) }
func (s *spy) Fatalf(format string, args ...any) { s.Errorf(format, args...); panic(s) }

// docs/protocol.md §9: each promise is looked at: a store that breaks it fails its check.
func TestEveryCheckFindsABrokenStore(t *testing.T) {
	bg := context.Background()
	type save = func(*agent.Memory, context.Context, []agent.Record) error
	spoil := func(f func([]agent.Record) []agent.Record) save {
		return func(s *agent.Memory, ctx context.Context, rs []agent.Record) error {
			return s.Save(ctx, f(slices.Clone(rs)))
		}
	}
	tests := map[string]broken{
		"Empty": {load: func(s *agent.Memory, _ context.Context, each func(string, []byte) error) error { return each("a", nil) }},
		"LoadAfterSave": {load: func(s *agent.Memory, ctx context.Context, each func(string, []byte) error) error {
			var keys []string
			_ = s.Load(ctx, func(k string, _ []byte) error { keys = append(keys, k); return nil })
			slices.Reverse(keys)
			for _, k := range keys {
				_ = each(k, nil)
			}
			return nil
		}},
		"InOrder": {save: spoil(func(rs []agent.Record) []agent.Record { slices.Reverse(rs); return rs })},
		"Delete": {save: spoil(func(rs []agent.Record) []agent.Record {
			return slices.DeleteFunc(rs, func(r agent.Record) bool { return r.Delete })
		})},
		"Values": {save: spoil(func(rs []agent.Record) []agent.Record {
			return slices.DeleteFunc(rs, func(r agent.Record) bool { return len(r.Value) == 0 })
		})},
		"Nothing": {save: func(s *agent.Memory, ctx context.Context, rs []agent.Record) error {
			if len(rs) == 0 {
				*s = agent.Memory{}
			}
			return s.Save(ctx, rs)
		}},
		"Malformed": {save: func(s *agent.Memory, ctx context.Context, rs []agent.Record) error {
			for _, r := range rs {
				if err := s.Save(ctx, []agent.Record{r}); err != nil {
					return err
				}
			}
			return nil
		}},
		"Bounds": {save: spoil(func(rs []agent.Record) []agent.Record {
			for i := range rs {
				rs[i].Key = rs[i].Key[:min(len(rs[i].Key), agent.MaxKey)]
			}
			return rs
		})},
		"Ended": {save: func(s *agent.Memory, _ context.Context, rs []agent.Record) error { return s.Save(bg, rs) }},
		"EachError": {load: func(s *agent.Memory, ctx context.Context, each func(string, []byte) error) error {
			return s.Load(ctx, func(k string, v []byte) error { _ = each(k, v); return nil })
		}},
		"Many": {save: spoil(func(rs []agent.Record) []agent.Record { return rs[:min(len(rs), 10_000)] })},
	}
	for _, c := range checkpointtest.Checks() {
		store, ok := tests[c.Name]
		if !ok {
			continue
		}
		require.NotEmpty(t, fails(t, c, checkpointtest.Harness{Open: func(checkpointtest.TB) agent.Store {
			store.Memory = agent.NewMemory()
			return store
		}}), c.Name)
		delete(tests, c.Name)
	}
	require.Empty(t, tests, "checks that are not there")
	keeper := &late{Memory: agent.NewMemory()}
	require.NotEmpty(t, fails(t, named("Keeps"), checkpointtest.Harness{Open: func(checkpointtest.TB) agent.Store { return keeper }}))
	forgets := checkpointtest.Harness{Open: func(checkpointtest.TB) agent.Store { return agent.NewMemory() },
		Reopen: func(checkpointtest.TB, agent.Store) agent.Store { return agent.NewMemory() }}
	require.NotEmpty(t, fails(t, named("Durable"), forgets))
	require.Contains(t, fails(t, named("Empty"), checkpointtest.Harness{}), "Harness.Open is nil")
	require.NotContains(t, fails(t, named("Empty"), forgets), "holds")
}

func named(name string) checkpointtest.Check {
	all := checkpointtest.Checks()
	return all[slices.IndexFunc(all, func(c checkpointtest.Check) bool { return c.Name == name })]
}

// late looks at the caller's slice only when it is loaded.
type late struct {
	*agent.Memory
	records []agent.Record
}

func (l *late) Save(_ context.Context, rs []agent.Record) error { l.records = rs; return nil }
func (l *late) Load(ctx context.Context, each func(string, []byte) error) error {
	_ = l.Memory.Save(ctx, l.records)
	return l.Memory.Load(ctx, each)
}

func fails(t *testing.T, c checkpointtest.Check, h checkpointtest.Harness) (said string) {
	s := &spy{TB: t}
	defer func() {
		if r := recover(); r != nil && r != any(s) {
			panic(r)
		}
		said = s.failed
	}()
	c.Run(s, h)
	return s.failed
}
