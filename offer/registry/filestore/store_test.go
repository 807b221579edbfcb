package filestore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/offer/registry/filestore"
	"github.com/proffer-go/proffer/offer/registry/registrytest"
)

func open(t registrytest.TB, dir string, opts ...filestore.Option) *filestore.Store {
	t.Helper()
	s, err := filestore.Open(dir, opts...)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// tempDir is a directory that goes with the test.
func tempDir(t registrytest.TB) string {
	dir, err := os.MkdirTemp("", "filestore")
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// stores opens stores and knows where they are.
type stores struct {
	opts []filestore.Option
	dirs map[registry.Store]string
}

func (o *stores) harness() registrytest.Harness {
	o.dirs = map[registry.Store]string{}
	at := func(t registrytest.TB, dir string) registry.Store {
		s := open(t, dir, o.opts...)
		o.dirs[s] = dir
		return s
	}
	return registrytest.Harness{
		Open: func(t registrytest.TB) registry.Store { return at(t, tempDir(t)) },
		Reopen: func(t registrytest.TB, s registry.Store) registry.Store {
			if err := s.(*filestore.Store).Close(); err != nil {
				t.Fatalf("close: %v", err)
			}
			return at(t, o.dirs[s])
		},
	}
}

// docs/protocol.md §5: the promises of every store, without snapshots and with one every few commits.
func TestPromises(t *testing.T) {
	registrytest.Run(t, (&stores{}).harness())
	t.Run("compacting", func(t *testing.T) {
		registrytest.Run(t, (&stores{opts: []filestore.Option{filestore.CompactAt(200)}}).harness())
	})
}

func put(key, value string) registry.Op { return registry.Op{Key: key, Value: []byte(value)} }

// fill makes a registry with n commits and returns what it holds after each, from none on.
func fill(t *testing.T, dir string, n int, opts ...filestore.Option) (after []string) {
	t.Helper()
	s := open(t, dir, opts...)
	defer s.Close()
	at := registry.Revision(0)
	after = append(after, contents(t, s))
	for i := range n {
		next, err := s.Commit(context.Background(), at, []registry.Op{
			put("master", fmt.Sprint("m", i)), put(fmt.Sprint("agents/", i), strings.Repeat("v", i*7)), registry.Delete(fmt.Sprint("agents/", i-2)),
		})
		require.NoError(t, err)
		at = next
		after = append(after, contents(t, s))
	}
	return after
}

// contents writes out what a store holds.
func contents(t require.TestingT, s registry.Store) string {
	var b strings.Builder
	at, err := s.Load(context.Background(), func(o registry.Op) error {
		fmt.Fprintf(&b, "%s=%s;", o.Key, o.Value)
		return nil
	})
	require.NoError(t, err)
	return fmt.Sprint(at, ":", b.String())
}

func read(t require.TestingT, name string) []byte {
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	return b
}

func write(t require.TestingT, name string, b []byte) {
	require.NoError(t, os.WriteFile(name, b, 0o644))
}

// docs/protocol.md §5: a torn tail is cut: whatever a crash leaves of the log gives a prefix of the commits, and the store
// goes on from there.
func TestTruncatedLogs(t *testing.T) {
	dir := t.TempDir()
	after := fill(t, dir, 4)
	log := read(t, filepath.Join(dir, "log"))
	for _, zeros := range []int{0, 8, 2000} {
		whole := 0
		for n := filestore.LogHead; n <= len(log); n++ {
			torn := t.TempDir()
			write(t, filepath.Join(torn, "log"), append(log[:n:n], make([]byte, zeros)...))
			s := open(t, torn)
			got := contents(t, s)
			if got == after[min(whole+1, 4)] {
				whole++
			}
			require.Equal(t, after[whole], got, "%d of %d bytes, %d zeros", n, len(log), zeros)
			_, err := s.Commit(context.Background(), registry.Revision(whole), []registry.Op{put("more", "x")})
			require.NoError(t, err)
			went := contents(t, s)
			require.NoError(t, s.Close())
			require.Equal(t, went, contents(t, open(t, torn)), "what follows a cut is kept")
		}
		require.Equal(t, 4, whole, "a commit is there when its last byte is")
	}
	for n := range filestore.LogHead {
		torn := t.TempDir()
		write(t, filepath.Join(torn, "log"), log[:n])
		_, err := filestore.Open(torn)
		require.ErrorIs(t, err, registry.ErrCorrupt, "the head was durable before the log was there")
	}
}

// docs/protocol.md §5: a snapshot is renamed when it is complete, so a part of one is corrupt.
func TestTruncatedSnapshots(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, 6, filestore.CompactAt(0))
	name := filepath.Join(dir, "snapshot")
	snapshot := read(t, name)
	for n := range snapshot {
		write(t, name, snapshot[:n])
		_, err := filestore.Open(dir)
		require.ErrorIs(t, err, registry.ErrCorrupt)
		require.ErrorContains(t, err, name+": byte ")
	}
	write(t, name, append(snapshot, 0))
	_, err := filestore.Open(dir)
	require.ErrorIs(t, err, registry.ErrCorrupt)
}

// docs/protocol.md §5: a corrupt record is an error that names it: no flipped byte goes unnoticed, nothing is cut for one,
// and nothing is changed on the disk.
func TestFlippedBytes(t *testing.T) {
	for _, name := range []string{"log", "snapshot"} {
		dir := t.TempDir()
		fill(t, dir, 6, filestore.CompactAt(300))
		require.Greater(t, len(read(t, filepath.Join(dir, "log"))), filestore.LogHead)
		file := filepath.Join(dir, name)
		good := read(t, file)
		rapid.Check(t, func(t *rapid.T) {
			b := append([]byte(nil), good...)
			i := rapid.IntRange(0, len(b)-1).Draw(t, "byte")
			b[i] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
			write(t, file, b)
			_, err := filestore.Open(dir)
			require.ErrorIs(t, err, registry.ErrCorrupt)
			require.ErrorContains(t, err, file+": byte ")
			require.Equal(t, b, read(t, file))
		})
		write(t, file, good)
		open(t, dir)
	}
}

// docs/protocol.md §5: of a last record that reached the disk in part, sectors that were not written read as zeros.
func TestTornSectors(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := s.Commit(context.Background(), 0, []registry.Op{put("a", "1")})
	require.NoError(t, err)
	_, err = s.Commit(context.Background(), 1, []registry.Op{put("b", strings.Repeat("x", 4*filestore.Sector))})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	file := filepath.Join(dir, "log")
	good := read(t, file)
	for at := filestore.Sector; at+filestore.Sector <= len(good); at += filestore.Sector {
		b := append([]byte(nil), good...)
		clear(b[at : at+filestore.Sector])
		write(t, file, b)
		s := open(t, dir)
		require.Equal(t, "1:a=1;", contents(t, s))
		require.NoError(t, s.Close())
	}
}

// docs/protocol.md §5: records that are whole and do not follow each other are corrupt.
func TestFilesOfDifferentStores(t *testing.T) {
	one, other := t.TempDir(), t.TempDir()
	fill(t, one, 20, filestore.CompactAt(500))
	fill(t, other, 3)
	for _, swap := range []struct {
		name string
		do   func(dir string)
		says string
	}{
		{"no snapshot", func(dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "snapshot"))) }, "log: byte 23: the log stands on revision"},
		{"no log", func(dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "log"))) }, "log: byte 0: there is a snapshot and no log"},
		{"an older log", func(dir string) { write(t, filepath.Join(dir, "log"), read(t, filepath.Join(other, "log"))) }, "the log ends at revision 3, before the snapshot's"},
		{"a snapshot as log", func(dir string) { write(t, filepath.Join(dir, "log"), read(t, filepath.Join(dir, "snapshot"))) }, "it does not begin with"},
		{"a record left out", func(dir string) {
			log := read(t, filepath.Join(other, "log"))
			first := int(log[filestore.LogHead]) + 4 + 4 + 4 + 8
			write(t, filepath.Join(dir, "log"), append(log[:filestore.LogHead:filestore.LogHead], log[filestore.LogHead+first:]...))
		}, "the record is of revision 2, after 0"},
	} {
		dir := t.TempDir()
		for _, f := range []string{"log", "snapshot"} {
			write(t, filepath.Join(dir, f), read(t, filepath.Join(one, f)))
		}
		swap.do(dir)
		_, err := filestore.Open(dir)
		require.ErrorIs(t, err, registry.ErrCorrupt, swap.name)
		require.ErrorContains(t, err, swap.says, swap.name)
	}
}

// docs/protocol.md §5: a crash anywhere in a compaction loses nothing: before the snapshot is renamed there is a part to
// remove, after it an old log whose commits it holds.
func TestCrashesInACompaction(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, filestore.CompactAt(1<<20))
	var at registry.Revision
	for i := range 5 {
		next, err := s.Commit(context.Background(), at, []registry.Op{put("a", fmt.Sprint(i)), put(fmt.Sprint("k", i), "v")})
		require.NoError(t, err)
		at = next
	}
	want := contents(t, s)
	require.NoError(t, s.Close())
	oldLog := read(t, filepath.Join(dir, "log"))

	s = open(t, dir, filestore.CompactAt(0)) // one commit compacts
	next, err := s.Commit(context.Background(), at, []registry.Op{put("a", "last")})
	require.NoError(t, err)
	compacted := contents(t, s)
	require.NoError(t, s.Close())
	snapshot, newLog := read(t, filepath.Join(dir, "snapshot")), read(t, filepath.Join(dir, "log"))
	require.Len(t, newLog, filestore.LogHead)

	parted := t.TempDir()
	write(t, filepath.Join(parted, "log"), oldLog)
	write(t, filepath.Join(parted, "snapshot.part"), snapshot[:len(snapshot)/2])
	write(t, filepath.Join(parted, "log.part"), newLog[:3])
	require.Equal(t, want, contents(t, open(t, parted)))
	require.NoFileExists(t, filepath.Join(parted, "snapshot.part"))
	require.NoFileExists(t, filepath.Join(parted, "log.part"))

	// The log as it was just before it was replaced: with the last commit, which the snapshot holds.
	between := t.TempDir()
	write(t, filepath.Join(between, "log"), oldLog)
	s = open(t, between, filestore.CompactAt(1<<20))
	_, err = s.Commit(context.Background(), at, []registry.Op{put("a", "last")})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	write(t, filepath.Join(between, "snapshot"), snapshot)
	s = open(t, between, filestore.CompactAt(1<<20))
	require.Equal(t, compacted, contents(t, s))
	_, err = s.Commit(context.Background(), next, []registry.Op{put("a", "after")})
	require.NoError(t, err)
	went := contents(t, s)
	require.NoError(t, s.Close())
	require.Equal(t, went, contents(t, open(t, between)))
}

// docs/protocol.md §5: the log does not outgrow what it says.
func TestCompactionBoundsTheLog(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, filestore.CompactAt(1000))
	var at registry.Revision
	for i := range 500 {
		next, err := s.Commit(context.Background(), at, []registry.Op{put(fmt.Sprint("k", i%10), strings.Repeat("v", 50))})
		require.NoError(t, err)
		at = next
		info, err := os.Stat(filepath.Join(dir, "log"))
		require.NoError(t, err)
		require.LessOrEqual(t, info.Size(), int64(1000+200))
	}
	want := contents(t, s)
	require.NoError(t, s.Close())
	require.Equal(t, want, contents(t, open(t, dir)))
}

// docs/protocol.md §5: two openers do not meet, and a lock goes with its holder.
func TestLock(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := filestore.Open(dir)
	require.ErrorIs(t, err, filestore.ErrLocked)
	require.ErrorContains(t, err, dir)
	_, err = s.Commit(context.Background(), 0, nil)
	require.NoError(t, err, "the one that was refused took nothing away")
	require.NoError(t, s.Close())
	require.Equal(t, "1:", contents(t, open(t, dir)))
}

// docs/protocol.md §5: after a failure of the disk what it holds is not known: nothing more is taken.
func TestDiskErrors(t *testing.T) {
	full := errors.New("no space left")
	for name, broken := range map[string]func(*filestore.Disk){
		"write": func(d *filestore.Disk) { d.WriteErr = full },
		"short": func(d *filestore.Disk) { d.WriteErr, d.Short = full, 20 },
		"sync":  func(d *filestore.Disk) { d.SyncErr = full },
	} {
		dir := t.TempDir()
		s := open(t, dir)
		_, err := s.Commit(context.Background(), 0, []registry.Op{put("a", "1")})
		require.NoError(t, err)
		d := s.Intercept()
		broken(d)
		_, err = s.Commit(context.Background(), 1, []registry.Op{put("a", "2")})
		require.ErrorIs(t, err, full, name)
		require.NotErrorIs(t, err, registry.ErrStale)
		d.WriteErr, d.SyncErr = nil, nil
		for range 2 {
			_, err = s.Commit(context.Background(), 1, []registry.Op{put("a", "3")})
			require.ErrorIs(t, err, filestore.ErrBroken, name)
		}
		_, err = s.Load(context.Background(), func(registry.Op) error { return nil })
		require.ErrorIs(t, err, filestore.ErrBroken)
	}
}

// docs/protocol.md §5: every commit waits for the disk, an empty one too.
func TestEveryCommitIsSynced(t *testing.T) {
	s := open(t, t.TempDir())
	d := s.Intercept()
	for i := range 3 {
		_, err := s.Commit(context.Background(), registry.Revision(i), nil)
		require.NoError(t, err)
		require.Equal(t, i+1, d.Syncs)
	}
	_, err := s.Commit(context.Background(), 9, nil)
	require.ErrorIs(t, err, registry.ErrStale)
	require.Equal(t, 3, d.Syncs)
}

// docs/protocol.md §5, §18: a disk that does not answer in time is given up, and nobody knows what it did.
func TestASlowDiskIsGivenUp(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	d := s.Intercept()
	d.Hold = make(chan struct{})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	_, err := s.Commit(ctx, 0, []registry.Op{put("a", "1")})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = s.Commit(context.Background(), 0, []registry.Op{put("a", "2")})
	require.ErrorIs(t, err, filestore.ErrBroken)
	_, err = s.Load(context.Background(), func(registry.Op) error { return nil })
	require.ErrorIs(t, err, filestore.ErrBroken)
	close(d.Hold)
	require.NoError(t, s.Close(), "Close waits for the disk")
	require.Equal(t, "1:a=1;", contents(t, open(t, dir)), "this time it did write")
}

// docs/protocol.md §5: a closed store takes nothing.
func TestClosed(t *testing.T) {
	s := open(t, t.TempDir())
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
	_, err := s.Commit(context.Background(), 0, nil)
	require.ErrorIs(t, err, registry.ErrClosed)
	_, err = s.Load(context.Background(), func(registry.Op) error { return nil })
	require.ErrorIs(t, err, registry.ErrClosed)
}

// FuzzLog holds that no log panics or is read as anything but what it says (docs/protocol.md §5).
func FuzzLog(f *testing.F) {
	for i := range 3 {
		f.Add(seed(f, i, "log"))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		good, err := filestore.ReadLog(b)
		if err != nil {
			return
		}
		require.LessOrEqual(t, good, len(b))
		out, err := filestore.RewriteLog(b[:good])
		require.NoError(t, err)
		again, err := filestore.RewriteLog(out)
		require.NoError(t, err)
		require.Equal(t, out, again)
	})
}

// FuzzSnapshot is the same for snapshots (docs/protocol.md §5).
func FuzzSnapshot(f *testing.F) {
	for i := range 3 {
		f.Add(seed(f, i, "snapshot"))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if filestore.ReadSnapshot(b) != nil {
			return
		}
		out, err := filestore.RewriteSnap(b)
		require.NoError(t, err)
		again, err := filestore.RewriteSnap(out)
		require.NoError(t, err)
		require.Equal(t, out, again)
	})
}

// seed is a file of a registry after some commits.
func seed(f *testing.F, commits int, name string) []byte {
	dir := f.TempDir()
	s := open(f, dir, filestore.CompactAt(0))
	for i := range commits + 1 {
		_, err := s.Commit(context.Background(), registry.Revision(i), []registry.Op{put(fmt.Sprint("k", i), "v")})
		require.NoError(f, err)
	}
	require.NoError(f, s.Close())
	if name == "log" { // the last one is empty
		s = open(f, dir)
		_, err := s.Commit(context.Background(), registry.Revision(commits+1), []registry.Op{put("a", "1"), registry.Delete("b")})
		require.NoError(f, err)
		require.NoError(f, s.Close())
	}
	return read(f, filepath.Join(dir, name))
}

func BenchmarkCommit(b *testing.B) {
	for _, ops := range []int{1, 100} {
		b.Run(fmt.Sprint("ops=", ops), func(b *testing.B) {
			s := open(b, b.TempDir())
			list := make([]registry.Op, ops)
			for i := range list {
				list[i] = put(fmt.Sprint("agents/", i), strings.Repeat("v", 400))
			}
			b.ReportAllocs()
			at := registry.Revision(0)
			for b.Loop() {
				next, err := s.Commit(context.Background(), at, list)
				if err != nil {
					b.Fatal(err)
				}
				at = next
			}
		})
	}
}

func BenchmarkOpen50000Agents(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir)
	for i := range 50 {
		list := make([]registry.Op, 1000)
		for j := range list {
			list[j] = put(fmt.Sprint("agents/", i*1000+j), strings.Repeat("v", 400))
		}
		if _, err := s.Commit(context.Background(), registry.Revision(i), list); err != nil {
			b.Fatal(err)
		}
	}
	s.Close()
	b.ReportAllocs()
	for b.Loop() {
		open(b, dir).Close()
	}
}
