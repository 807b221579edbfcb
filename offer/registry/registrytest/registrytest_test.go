package registrytest_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/offer/registry/registrytest"
)

// recorder is a TB that notes failures instead of failing.
type recorder struct{ errors []string }

func (r *recorder) Helper()             {}
func (r *recorder) Logf(string, ...any) {}
func (r *recorder) Errorf(f string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(f, args...))
}
func (r *recorder) Fatalf(f string, args ...any) { r.Errorf(f, args...); runtime.Goexit() }
func (r *recorder) Failed() bool                 { return len(r.errors) > 0 }
func (r *recorder) Cleanup(func())               {}
func record(c registrytest.Check, h registrytest.Harness) []string {
	r, done := &recorder{}, make(chan struct{})
	go func() {
		defer close(done)
		c.Run(r, h)
	}()
	<-done
	return r.errors
}

// broken is a store in memory that breaks one promise.
type broken struct {
	fault string
	at    registry.Revision
	data  map[string][]byte
	ops   []registry.Op // kept of the first commit
}

func (b *broken) Load(ctx context.Context, each func(registry.Op) error) (registry.Revision, error) {
	if err := ctx.Err(); err != nil && b.fault != "loads after the end" {
		return 0, err
	}
	var ops []registry.Op
	for k, v := range b.data {
		ops = append(ops, registry.Op{Key: k, Value: v})
	}
	if b.fault == "keeps the slice" {
		kept := map[string][]byte{}
		registry.Apply(kept, b.ops)
		ops = nil
		for k, v := range kept {
			ops = append(ops, registry.Op{Key: k, Value: v})
		}
	}
	slices.SortFunc(ops, func(x, y registry.Op) int {
		if x.Key < y.Key == (b.fault != "wrong order") {
			return -1
		}
		return 1
	})
	if b.fault == "yields a key twice" && len(ops) > 0 {
		ops = append(ops, ops[len(ops)-1])
	}
	if b.fault == "loses a key" && len(ops) > 2 {
		ops = ops[1:]
	}
	for _, o := range ops {
		if err := each(o); err != nil {
			if b.fault == "swallows errors" {
				break
			}
			if b.fault != "goes on" {
				return 0, err
			}
		}
	}
	switch b.fault {
	case "revision 1 when empty":
		return b.at + 1, nil
	case "load knows no revision":
		return 0, nil
	}
	return b.at, nil
}

func (b *broken) Commit(ctx context.Context, at registry.Revision, ops []registry.Op) (registry.Revision, error) {
	if err := ctx.Err(); err != nil {
		if b.fault == "writes after the end" {
			registry.Apply(b.data, ops)
		}
		return 0, err
	}
	if err := registry.Check(ops); err != nil {
		switch b.fault {
		case "takes anything":
			err = nil
		case "half of bad ones":
			registry.Apply(b.data, ops[:1])
		}
		if err != nil {
			return 0, err
		}
	}
	if b.fault == "small bounds" && len(ops) > 1000 {
		return 0, registry.ErrBound
	}
	if at != b.at {
		switch {
		case b.fault == "no fence", b.fault == "only newer is stale" && at < b.at, b.fault == "only older is stale" && at > b.at:
		case b.fault == "stale ones write":
			registry.Apply(b.data, ops)
			return 0, registry.Stale(at, b.at)
		case b.fault == "empty ones pass" && len(ops) == 0:
			return b.at, nil
		default:
			return 0, registry.Stale(at, b.at)
		}
	}
	b.write(ops)
	return b.at, nil
}

func (b *broken) write(ops []registry.Op) {
	if b.ops == nil {
		b.ops = ops
	}
	for _, o := range ops {
		_, there := b.data[o.Key]
		switch {
		case b.fault == "no replace" && there && !o.Delete, b.fault == "no delete" && o.Delete:
			continue
		case b.fault == "text only" && !o.Delete:
			o.Value = []byte(fmt.Sprintf("%q", o.Value))
		case b.fault == "rare loss" && len(o.Value) == 33:
			continue
		}
		registry.Apply(b.data, []registry.Op{o})
	}
	if (b.fault != "empty is none" || len(ops) > 0) && (b.fault != "revision stands" || b.at == 0) {
		b.at++
	}
}

// Every check fails a store that breaks just its promise.
// docs/protocol.md §5
func TestEveryCheckFailsABrokenStore(t *testing.T) {
	faults := map[string][]string{
		"Empty":           {"revision 1 when empty"},
		"LoadAfterCommit": {"wrong order", "yields a key twice", "loses a key"},
		"PutReplaces":     {"no replace"},
		"Delete":          {"no delete"},
		"Values":          {"text only"},
		"EmptyCommit":     {"empty is none", "empty ones pass"},
		"RevisionGrows":   {"revision stands", "load knows no revision"},
		"Stale":           {"no fence", "stale ones write", "only newer is stale", "only older is stale"},
		"Fence":           {"no fence", "stale ones write"},
		"Malformed":       {"takes anything", "half of bad ones"},
		"Bounds":          {"takes anything", "half of bad ones", "small bounds"},
		"Ended":           {"writes after the end", "loads after the end"},
		"EachError":       {"swallows errors", "goes on"},
		"Keeps":           {"keeps the slice"},
		"Durable":         {"forgets", "forgets the last", "forgets its revision"},
		"Random":          {"rare loss"},
	}
	for _, c := range registrytest.Checks() {
		require.NotEmpty(t, faults[c.Name], "check %s has no store that breaks it", c.Name)
		require.NotEmpty(t, c.Promise)
		for _, fault := range faults[c.Name] {
			h := registrytest.Harness{
				Open: func(registrytest.TB) registry.Store { return &broken{fault: fault, data: map[string][]byte{}} },
				Reopen: func(_ registrytest.TB, s registry.Store) registry.Store {
					b := s.(*broken)
					switch b.fault {
					case "forgets":
						clear(b.data)
					case "forgets the last":
						delete(b.data, "a")
					case "forgets its revision":
						b.at--
					}
					return b
				},
			}
			require.NotEmpty(t, record(c, h), "the check lets a store pass that breaks %q: %s", fault, c.Promise)
		}
	}
}

// docs/protocol.md §5: a store that breaks nothing passes.
func TestMemoryKeepsEveryPromise(t *testing.T) {
	registrytest.Run(t, registrytest.Harness{
		Open:   func(registrytest.TB) registry.Store { return registry.NewMemory() },
		Reopen: func(_ registrytest.TB, s registry.Store) registry.Store { return s },
	})
	registrytest.Run(t, registrytest.Harness{Open: func(registrytest.TB) registry.Store { return &broken{data: map[string][]byte{}} }})
	require.Equal(t, []string{"registrytest: Harness.Open is nil; give it a func that makes an empty store"},
		record(registrytest.Checks()[0], registrytest.Harness{}))
}
