package filestore

import "io"

// The parts that tests of files need.
var (
	ReadLog                = func(b []byte) (good int, err error) { _, _, good, err = readLog(b, registryKind); return good, err }
	ReadSnapshot           = func(b []byte) error { _, _, err := readSnapshot(b, registryKind); return err }
	RewriteLog             = rewriteLog
	RewriteSnap            = rewriteSnap
	LogHead                = len(appendHead(nil, logMagic(registryKind), 0))
	Sector                 = sector
	_            io.Writer = file(nil)
)

// rewriteLog writes what readLog reads.
func rewriteLog(b []byte) ([]byte, error) {
	base, commits, _, err := readLog(b, registryKind)
	out := appendHead(nil, logMagic(registryKind), base)
	for _, c := range commits {
		out = appendCommit(out, c)
	}
	return out, err
}

// rewriteSnap writes what readSnapshot reads.
func rewriteSnap(b []byte) ([]byte, error) {
	at, data, err := readSnapshot(b, registryKind)
	return appendSnapshot(nil, registryKind, at, data), err
}

// Disk stands between a store and its log.
type Disk struct {
	file
	WriteErr, SyncErr error
	Short             int           // bytes that get through of a write that fails
	Hold              chan struct{} // Sync waits for it
	Syncs             int
}

// Write fails if it is to.
func (d *Disk) Write(b []byte) (int, error) {
	if d.WriteErr != nil {
		n, _ := d.file.Write(b[:min(d.Short, len(b))])
		return n, d.WriteErr
	}
	return d.file.Write(b)
}

// Sync fails if it is to.
func (d *Disk) Sync() error {
	if d.Hold != nil {
		<-d.Hold
	}
	d.Syncs++
	if d.SyncErr != nil {
		return d.SyncErr
	}
	return d.file.Sync()
}

// Intercept puts a Disk under a store.
func (s *Store) Intercept() *Disk {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := &Disk{file: s.log}
	s.log = d
	return d
}
