package dirstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/agent/checkpointtest"
	"github.com/proffer-go/proffer/offer/agent/dirstore"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/offer/registry/filestore"
)

// harness opens stores and knows where they are.
func harness(opts ...dirstore.Option) checkpointtest.Harness {
	dirs := map[agent.Store]string{}
	at := func(t checkpointtest.TB, dir string) agent.Store {
		s, err := dirstore.Open(dir, opts...)
		if err != nil {
			t.Fatalf("open: %v", err)
		}
		t.Cleanup(func() { s.Close() })
		dirs[s] = dir
		return s
	}
	return checkpointtest.Harness{
		Open: func(t checkpointtest.TB) agent.Store {
			dir, err := os.MkdirTemp("", "dirstore")
			if err != nil {
				t.Fatalf("%v", err)
			}
			t.Cleanup(func() { os.RemoveAll(dir) })
			return at(t, dir)
		},
		Reopen: func(t checkpointtest.TB, s agent.Store) agent.Store {
			if err := s.(*dirstore.Store).Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			return at(t, dirs[s])
		},
	}
}

// docs/protocol.md §9: the promises of every store, without snapshots and with one every few records.
func TestPromises(t *testing.T) {
	checkpointtest.Run(t, harness())
	t.Run("compacting", func(t *testing.T) { checkpointtest.Run(t, harness(dirstore.CompactAt(200))) })
}

func record(key, value string) agent.Record { return agent.Record{Key: key, Value: []byte(value)} }

// contents reads all that a directory holds.
func contents(t *testing.T, dir string) (out []string) {
	s, err := dirstore.Open(dir)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Load(t.Context(), func(k string, v []byte) error {
		out = append(out, fmt.Sprintf("%s=%s", k, v))
		return nil
	}))
	return out
}

// Wherever a crash cuts the log, what was answered before is there, and what was not is there as far as its first records go.
// docs/protocol.md §9
func TestTornLog(t *testing.T) {
	dir := t.TempDir()
	s, err := dirstore.Open(dir)
	require.NoError(t, err)
	sizes := []int{}
	for i := range 4 {
		require.NoError(t, s.Save(t.Context(), []agent.Record{record(fmt.Sprint("k", i), "v"), record("n", fmt.Sprint(i))}))
		info, err := os.Stat(filepath.Join(dir, "log"))
		require.NoError(t, err)
		sizes = append(sizes, int(info.Size()))
	}
	require.NoError(t, s.Close())
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	require.NoError(t, err)
	for cut := sizes[1]; cut < len(log); cut++ {
		copied := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(copied, "log"), log[:cut], 0o644))
		want := []string{"k0=v", "k1=v", "n=1"}
		if cut >= sizes[2] {
			want = []string{"k0=v", "k1=v", "k2=v", "n=2"}
		}
		require.Equal(t, want, contents(t, copied), "cut at byte %d", cut)
	}
}

// docs/protocol.md §4.1: a corrupt record is an error that names the file and the byte; nothing is cut.
func TestCorruptRecordIsNamed(t *testing.T) {
	dir := t.TempDir()
	s, err := dirstore.Open(dir)
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, s.Save(t.Context(), []agent.Record{record("agent", "value")}))
	}
	require.NoError(t, s.Close())
	name := filepath.Join(dir, "log")
	log, err := os.ReadFile(name)
	require.NoError(t, err)
	at := len("proffer checkpoint log 1\n") + 8 + 4 + 10
	log[at] ^= 1
	require.NoError(t, os.WriteFile(name, log, 0o644))
	_, err = dirstore.Open(dir)
	require.ErrorIs(t, err, agent.ErrStoreCorrupt)
	require.ErrorContains(t, err, name+": byte 37")
	after, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, log, after)
}

// Two agents cannot have one checkpoint, and a master's registry is none.
// docs/protocol.md §4.1
func TestDirectoryHasOneOwner(t *testing.T) {
	dir := t.TempDir()
	s, err := dirstore.Open(dir)
	require.NoError(t, err)
	_, err = dirstore.Open(dir)
	require.ErrorIs(t, err, dirstore.ErrLocked)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Save(t.Context(), []agent.Record{record("a", "b")}), agent.ErrStoreClosed)
	require.ErrorIs(t, s.Load(t.Context(), func(string, []byte) error { return nil }), agent.ErrStoreClosed)

	_, err = filestore.Open(dir)
	require.ErrorIs(t, err, registry.ErrCorrupt)
	other := t.TempDir()
	f, err := filestore.Open(other)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	_, err = dirstore.Open(other)
	require.ErrorIs(t, err, agent.ErrStoreCorrupt)
	_, err = dirstore.Open(filepath.Join(dir, "log"))
	require.Error(t, err, "a file is no directory")
}

// More records than one commit of the files takes are several, in order.
// docs/protocol.md §18.1
func TestLargeSave(t *testing.T) {
	dir := t.TempDir()
	s, err := dirstore.Open(dir)
	require.NoError(t, err)
	var records []agent.Record
	for i := range 25_000 {
		records = append(records, record(fmt.Sprintf("k%05d", i%21_000), fmt.Sprint(i)))
	}
	for i := range 6 {
		records = append(records, agent.Record{Key: fmt.Sprint("large", i), Value: make([]byte, agent.MaxValue)})
	}
	require.NoError(t, s.Save(t.Context(), records))
	n := 0
	require.NoError(t, s.Load(t.Context(), func(k string, v []byte) error {
		if n++; k == "k03999" {
			require.Equal(t, "24999", string(v))
		}
		return nil
	}))
	require.Equal(t, 21_006, n)
	require.NoError(t, s.Close())
}

// What was saved is there when the directory is opened again.
func ExampleOpen() {
	dir, err := os.MkdirTemp("", "checkpoint")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	store, err := dirstore.Open(dir)
	if err != nil {
		panic(err)
	}
	err = store.Save(ctx, []agent.Record{{Key: "agent", Value: []byte("M-S0")}, {Key: "task/F/t1", Value: []byte("running")}, {Key: "task/F/t1", Delete: true}})
	fmt.Println(err)
	_, err = dirstore.Open(dir)
	fmt.Println("locked:", errors.Is(err, dirstore.ErrLocked))
	store.Close()

	store, err = dirstore.Open(dir)
	if err != nil {
		panic(err)
	}
	defer store.Close()
	_ = store.Load(ctx, func(key string, value []byte) error {
		fmt.Printf("%s: %s\n", key, value)
		return nil
	})
	// Output:
	// <nil>
	// locked: true
	// agent: M-S0
}
