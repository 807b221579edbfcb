package host

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/proffer-go/proffer/offer/msg"
)

const (
	sandboxAge    = 7 * 24 * time.Hour // by default (docs/protocol.md §18)
	firstSweep    = time.Minute        // after the node began to run: by then it knows which executors it took over
	sweepInterval = time.Hour
)

// sandboxes removes the directories of executors' runs that ended long ago, live and beside the node's goroutine. Which runs
// live the node knows; when another one ended is told by the time of its directory, which every sweep renews for those that
// live. So it outlasts restarts, and costs nobody a record.
type sandboxes struct {
	n    *AgentNode
	root string // the agent's WorkDir
	age  time.Duration
}

// sweepSandboxes begins to, unless somebody else keeps the agent's files.
func (n *AgentNode) sweepSandboxes() {
	age := cmp.Or(n.opts.sandboxAge, sandboxAge)
	if _, ours := n.volumes.(Directories); ours && n.workDir != "" && age > 0 {
		n.beside((&sandboxes{n, n.workDir, age}).watch)
	}
}

// watch sweeps from time to time, until the node has ended.
func (s *sandboxes) watch() {
	for wait := firstSweep; ; wait = max(firstSweep, min(sweepInterval, s.age)) {
		select {
		case <-s.n.gone:
			return
		case <-time.After(wait):
		}
		live := make(chan map[msg.ContainerID]bool, 1)
		if s.n.do(context.Background(), func() { live <- s.n.exits.live() }) != nil {
			return
		}
		empty := s.sweep(<-live, time.Now())
		_ = s.n.do(context.Background(), func() { removeEmpty(empty) }) // there, where nobody makes a sandbox meanwhile
	}
}

// sweep renews the time of directories whose run lives, and removes those that have not lived for too long. It returns the
// directories around them, inner ones first, which may be empty now. What cannot be read or removed is left for the next time.
func (s *sandboxes) sweep(live map[msg.ContainerID]bool, now time.Time) (around []string) {
	runs, _ := fs.Glob(os.DirFS(s.root), "frameworks/*/executors/*/runs/*")
	for _, run := range runs {
		dir := filepath.Join(s.root, filepath.FromSlash(run))
		info, err := os.Lstat(dir)
		switch {
		case s.n.isEnded():
			return nil
		case err != nil || !info.IsDir():
		case live[msg.ContainerID(path.Base(run))]:
			_ = os.Chtimes(dir, now, now)
		case now.Sub(info.ModTime()) >= s.age && removeAll(dir) == nil:
			for at := path.Dir(run); at != "frameworks"; at = path.Dir(at) {
				around = append(around, filepath.Join(s.root, filepath.FromSlash(at)))
			}
		}
	}
	return around
}

// removeAll is os.RemoveAll of a directory whose owner may have made what is in it read-only.
func removeAll(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(at, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// removeEmpty removes the directories that hold nothing.
func removeEmpty(dirs []string) {
	for _, dir := range dirs {
		_ = os.Remove(dir) // an error: something is in it
	}
}
