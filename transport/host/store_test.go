package host_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/registry"
	"github.com/proffer-go/proffer/offer/registry/filestore"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// A live master that comes back with the registry of the one before has its agents under their ids.
// docs/protocol.md §5
func TestLiveMasterKeepsItsRegistry(t *testing.T) {
	before, dir, nw := goroutines(), t.TempDir(), inproc.NewLive(inproc.Config{})
	serving, leave := context.WithCancel(context.Background())
	defer leave()
	a, err := host.OpenAgent(serving, nw, agentConfig("agent-1"), nil)
	require.NoError(t, err)
	var agents crew
	agents.run(func() error { return a.Run(serving) })

	lead := func() (row master.AgentReport) {
		store, err := filestore.Open(dir)
		require.NoError(t, err)
		defer store.Close()
		ctx, stop := context.WithCancel(context.Background())
		n, err := host.OpenMaster(ctx, nw, master.Config{}, host.WithStore(store))
		require.NoError(t, err)
		var masters crew
		masters.run(func() error { return n.Run(ctx) })
		require.Eventually(t, func() bool {
			var rows []master.AgentReport
			require.NoError(t, n.Do(ctx, func(m *master.Machine) { rows = m.Agents() }))
			if len(rows) == 1 && rows[0].Connected {
				row = rows[0]
			}
			return row.Connected
		}, 20*time.Second, 5*time.Millisecond)
		stop()
		masters.wait(t)
		return row
	}
	first := lead()
	require.NotEmpty(t, first.Info.ID)
	second := lead()
	require.Equal(t, first.Info.ID, second.Info.ID)
	leave()
	agents.wait(t)
	require.Empty(t, leftOver(before))
}

// hanging is a store that does not answer, and gives up when its caller does.
type hanging struct {
	registry.Memory
	load bool
}

func (h *hanging) Load(ctx context.Context, each func(registry.Op) error) (registry.Revision, error) {
	if h.load {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return h.Memory.Load(ctx, each)
}

func (h *hanging) Commit(ctx context.Context, _ registry.Revision, _ []registry.Op) (registry.Revision, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

// A store that does not answer: until then calls are refused, after 20 s the master ends; one whose registry cannot be read in
// 60 s does not begin.
// docs/protocol.md §5, §18
func TestAStoreThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, err := host.OpenMaster(t.Context(), inproc.NewLive(inproc.Config{}), master.Config{}, host.WithStore(&hanging{}))
		require.NoError(t, err)
		begun, ended := time.Now(), make(chan error, 1)
		go func() { ended <- n.Run(t.Context()) }()
		require.ErrorIs(t, n.Operate(t.Context(), "", msg.UpdateWeights{}), master.ErrNotLeading)
		err = <-ended
		require.ErrorIs(t, err, master.ErrResigned)
		require.Equal(t, 20*time.Second, time.Since(begun))
		require.ErrorIs(t, n.Operate(t.Context(), "", msg.UpdateWeights{}), host.ErrEnded)

		begun = time.Now()
		_, err = host.OpenMaster(t.Context(), inproc.NewLive(inproc.Config{}), master.Config{}, host.WithStore(&hanging{load: true}))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 60*time.Second, time.Since(begun))
	})
}

// A node that ends does not wait for its store.
// docs/protocol.md §5
func TestClosingDuringACommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		n, err := host.OpenMaster(ctx, inproc.NewLive(inproc.Config{}), master.Config{}, host.WithStore(&hanging{}))
		require.NoError(t, err)
		begun, ended := time.Now(), make(chan error, 1)
		go func() { ended <- n.Run(ctx) }()
		synctest.Wait()
		stop()
		require.NoError(t, <-ended)
		require.Equal(t, begun, time.Now())
	})
}

// What a node was about to do beside its goroutine when it was closed is left undone: whoever closed it has the store to
// himself.
// docs/protocol.md §5
func TestNothingBeginsAfterClose(t *testing.T) {
	committing, closed := make(chan struct{}), make(chan struct{})
	store := &counting{}
	first := host.WithStoreFaults(func(int) host.StoreFault {
		close(committing)
		<-closed
		return host.StoreFault{}
	})
	n, err := host.OpenMaster(t.Context(), inproc.NewLive(inproc.Config{}), master.Config{}, host.WithStore(store), first)
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- n.Run(t.Context()) }()
	<-committing
	require.NoError(t, n.Close())
	close(closed)
	require.NoError(t, <-ended)
	require.Zero(t, store.commits.Load())
}

// counting is a store that counts what it is asked.
type counting struct {
	registry.Memory
	commits atomic.Int64
}

func (c *counting) Commit(ctx context.Context, at registry.Revision, ops []registry.Op) (registry.Revision, error) {
	c.commits.Add(1)
	return c.Memory.Commit(ctx, at, ops)
}

// Faults count for live nodes too.
// docs/protocol.md §19 registry write fails
func TestStoreFaultsLive(t *testing.T) {
	disk := errors.New("no space left")
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		faults := host.WithStoreFaults(func(n int) host.StoreFault {
			if n == 1 {
				return host.StoreFault{Delay: time.Second}
			}
			return host.StoreFault{Delay: time.Second, Late: true, Err: disk}
		})
		n, err := host.OpenMaster(t.Context(), inproc.NewLive(inproc.Config{}), master.Config{}, host.WithStore(registry.NewMemory()), faults)
		require.NoError(t, err)
		ended := make(chan error, 1)
		go func() { ended <- n.Run(t.Context()) }()
		time.Sleep(1500 * time.Millisecond)
		require.NoError(t, n.Do(t.Context(), func(m *master.Machine) { require.True(t, m.Leading()) }))
		err = n.Operate(t.Context(), "", msg.UpdateWeights{Weights: nil})
		require.ErrorIs(t, err, disk)
		require.ErrorIs(t, <-ended, disk)
		require.Equal(t, 2500*time.Millisecond, time.Since(begun))
	})
}
