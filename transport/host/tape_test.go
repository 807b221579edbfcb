package host_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/offer/replay"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// reel keeps the tapes of live nodes in memory.
type reel struct {
	mu    sync.Mutex
	tapes []*reelTape
}

type reelTape struct {
	bytes.Buffer
	kind   string
	node   msg.Node
	closed bool
}

func (t *reelTape) Close() error {
	t.closed = true
	return nil
}

func (r *reel) open(h *replay.Header) (io.WriteCloser, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &reelTape{kind: h.Machine(), node: h.Node}
	r.tapes = append(r.tapes, t)
	return t, nil
}

// A live run, every node on goroutines of its own with latency between them, is on its nodes' tapes: each machine does again, to
// the byte, what it did at every step.
// docs/protocol.md §21
func TestLiveRunReplays(t *testing.T) {
	var r reel
	synctest.Test(t, func(t *testing.T) {
		tr := inproc.NewLive(inproc.Config{Seed: 1, Latency: 30 * time.Millisecond, Jitter: 50 * time.Millisecond})
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var servers crew
		var tasks sync.WaitGroup
		tape := host.Recording(r.open)
		servers.run(func() error { return host.RunMaster(ctx, tr, master.Config{}, tape) })
		for _, name := range []msg.Node{"agent-1", "agent-2"} {
			servers.run(func() error { return host.RunAgent(ctx, tr, agentConfig(name), sleepers(&tasks), tape) })
		}
		info := msg.FrameworkInfo{Name: "batch", Roles: []role.Name{"batch"}}
		require.NoError(t, host.RunScheduler(ctx, tr, info, &batch{left: 12}, tape))
		cancel()
		servers.wait(t)
		tasks.Wait()
	})
	kinds := map[string]int{}
	for _, tape := range r.tapes {
		require.True(t, tape.closed, tape.node)
		require.Greater(t, replayTape(t, tape), 3, "%s %s", tape.kind, tape.node)
		kinds[tape.kind]++
	}
	require.Equal(t, map[string]int{"master": 1, "agent": 2, "scheduler": 1, "executor": kinds["executor"]}, kinds)
	require.NotZero(t, kinds["executor"])
}

// replayTape plays a whole tape and returns how many steps had a digest that agreed.
func replayTape(t *testing.T, tape *reelTape) (compared int) {
	in, err := replay.NewReader(strings.NewReader(tape.String()))
	require.NoError(t, err)
	p, err := replay.NewPlayer(in, replay.Known{})
	require.NoError(t, err)
	require.NoError(t, p.To(t.Context(), replay.End, func(s replay.Step) error {
		if s.Known {
			compared++
		}
		return p.Machine().Check()
	}), "%s %s", tape.kind, tape.node)
	require.Empty(t, in.Note(), "nothing of the tape is missing")
	require.Equal(t, int64(tape.Len()), in.Offset())
	return compared
}

// refuser is a Launcher that starts nothing, and says why in a text that is not UTF-8.
type refuser struct{ reaper }

func (refuser) Start(agent.Start, func(host.Exit)) error { return errors.New("no file \xff") }

// What launchers say is on the tape, whatever their texts are made of: the end of an executor, and that one did not start.
// docs/protocol.md §16.2, §21
func TestWhatLaunchersSayReplays(t *testing.T) {
	for want, l := range map[msg.Reason]host.Launcher{
		msg.ReasonContainerLimitationDisk: reaper{host.Exit{Status: 9, Reason: msg.ReasonContainerLimitationDisk, Message: "1 GiB of \xff"}},
		msg.ReasonContainerLaunchFailed:   refuser{},
	} {
		var r reel
		synctest.Test(t, func(t *testing.T) {
			got := one(t, simple(msg.ExecutorInfo{ID: "e"}), nil, nil, func(transport.Transport) []host.Option {
				return []host.Option{host.WithLauncher(l), host.Recording(r.open)}
			})
			require.Len(t, got, 1)
			require.Equal(t, want, got[0].Reason)
		})
		require.Len(t, r.tapes, 1)
		require.Greater(t, replayTape(t, r.tapes[0]), 3)
	}
}
