package host_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/transport/host"
)

// leftBehind makes a sandbox of an earlier run of the agent, of some age.
func leftBehind(t *testing.T, root, executor string, age time.Duration) (dir string) {
	dir = filepath.Join(root, "frameworks", "F", "executors", executor, "runs", "0b7e")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "sealed"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sealed", "stdout"), []byte("hello"), 0o644))
	require.NoError(t, os.Chmod(filepath.Join(dir, "sealed"), 0o500))
	require.NoError(t, os.Symlink(filepath.Join(root, "volumes", "v"), filepath.Join(dir, "data")))
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "sealed"), 0o700) }) // so that whoever we are, it can be removed
	at := time.Now().Add(-age)
	require.NoError(t, os.Chtimes(dir, at, at))
	return dir
}

// The sandbox of an executor is kept for a while after its end, and then removed with what it held and the directories around it:
// those of earlier runs too. Volumes that links lead to stay, and so does the sandbox of one that runs.
// docs/protocol.md §18 gc_delay
func TestOldSandboxesAreRemoved(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		opts       []host.Option
		age        time.Duration // of one of an earlier run
		old, ended bool          // are removed: that one, and the one whose run ends here
	}{
		"after a week":            {nil, 7 * day, true, false},
		"before a week":           {nil, 7*day - time.Hour, false, false},
		"after what was said":     {[]host.Option{host.WithSandboxAge(2 * time.Hour)}, 2 * time.Hour, true, true},
		"never, if that was said": {[]host.Option{host.WithSandboxAge(-1)}, 1000 * day, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "with [brackets]")
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				old, volume := leftBehind(t, root, "old*", c.age), filepath.Join(root, "volumes", "v")
				require.NoError(t, os.MkdirAll(volume, 0o755))

				cell := newCell(t, ctx, false)
				p := &patient{}
				cfg := agentConfig("agent-1")
				cfg.WorkDir = root
				a, err := host.OpenAgent(ctx, cell.nw, cfg, host.Executors{"patient": func(host.StartInfo) framework.Executor { return p }}, c.opts...)
				require.NoError(t, err)
				cell.servers.run(func() error { return a.Run(ctx) })
				time.Sleep(10 * time.Minute)
				require.Equal(t, c.old, !exists(old))
				require.Equal(t, c.old, !exists(filepath.Join(root, "frameworks", "F")))
				time.Sleep(5 * time.Hour)
				var f offer.FrameworkID
				require.NoError(t, cell.m.Do(ctx, func(m *master.Machine) { f = m.Frameworks()[0].Info.ID }))
				runs := filepath.Join(root, "frameworks", string(f), "executors", "patient", "runs")
				require.True(t, exists(runs), "it lives")

				require.NoError(t, cell.m.Operate(ctx, "", msg.TeardownFramework{Framework: f}))
				time.Sleep(30 * time.Minute)
				require.True(t, exists(runs))
				time.Sleep(3 * time.Hour)
				require.Equal(t, c.ended, !exists(runs))
				require.True(t, exists(volume))
				require.True(t, exists(filepath.Join(root, "frameworks")))
				stop()
				cell.servers.wg.Wait()
			})
		})
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
