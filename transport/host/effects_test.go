package host_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// remote is a Launcher whose executors run on nodes that it opens with RunExecutor, as another process would.
type remote struct {
	tr    transport.Transport
	mu    sync.Mutex
	stops map[msg.ContainerID]context.CancelFunc
	wg    sync.WaitGroup
	tasks *sync.WaitGroup
	ends  []error
}

func (r *remote) Start(s agent.Start, exited func(host.Exit)) error {
	if s.Executor.Name == "refused" {
		return errors.New("remote: no room")
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.mu.Lock()
	r.stops[s.Container] = cancel
	r.mu.Unlock()
	cfg := framework.ExecutorConfig{Agent: s.Agent, Framework: s.Framework.ID, Executor: s.Executor.ID, Container: s.Container}
	r.wg.Go(func() {
		err := host.RunExecutor(ctx, r.tr, cfg, sleeper{running: r.tasks})
		r.mu.Lock()
		r.ends = append(r.ends, err)
		r.mu.Unlock()
		exited(host.Exit{})
	})
	return nil
}

func (r *remote) Stop(c msg.ContainerID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if stop := r.stops[c]; stop != nil {
		stop()
	}
}

func (r *remote) Close() error {
	r.mu.Lock()
	for _, stop := range r.stops {
		stop()
	}
	r.mu.Unlock()
	r.wg.Wait()
	return nil
}

// statuses gathers every status and stops the driver at the first terminal one.
type statuses struct {
	framework.NopScheduler
	task msg.TaskInfo
	got  []msg.TaskStatus
}

func (s *statuses) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	s.task.Agent = offers[0].Agent
	_ = d.Launch([]msg.OfferID{offers[0].ID}, msg.Filters{}, s.task)
}

func (s *statuses) StatusUpdate(d framework.Driver, x msg.TaskStatus) {
	s.got = append(s.got, x)
	if x.State.Terminal() {
		d.Stop(false)
	}
}

// one runs a task on one agent, which is opened with opts, in a bubble of its own.
func one(t *testing.T, task msg.TaskInfo, adjust func(*agent.Config), ex host.Executors, opts func(tr transport.Transport) []host.Option) []msg.TaskStatus {
	tr := inproc.NewLive(inproc.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	var servers crew
	servers.run(func() error { return host.RunMaster(ctx, tr, master.Config{}) })
	cfg := agentConfig("agent-1")
	if adjust != nil {
		adjust(&cfg)
	}
	servers.run(func() error { return host.RunAgent(ctx, tr, cfg, ex, opts(tr)...) })
	synctest.Wait()
	s := &statuses{task: task}
	require.NoError(t, host.RunScheduler(ctx, tr, msg.FrameworkInfo{Name: "x", Roles: []role.Name{"x"}}, s))
	cancel()
	servers.wait(t)
	return s.got
}

func simple(executor msg.ExecutorInfo) msg.TaskInfo {
	return msg.TaskInfo{ID: "t", Resources: resource.MustParse("cpus:1;mem:32"), Executor: &executor}
}

// An executor on a node of its own, started by the program's Launcher, runs tasks as a function would; it ends when its
// framework does.
// docs/protocol.md §11
func TestLauncher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tasks sync.WaitGroup
		var r *remote
		got := one(t, simple(msg.ExecutorInfo{ID: "e"}), nil, nil, func(tr transport.Transport) []host.Option {
			r = &remote{tr: tr, stops: map[msg.ContainerID]context.CancelFunc{}, tasks: &tasks}
			return []host.Option{host.WithLauncher(r)}
		})
		tasks.Wait()
		require.Len(t, got, 2)
		require.Equal(t, msg.TaskRunning, got[0].State)
		require.Equal(t, msg.TaskFinished, got[1].State)
		require.Equal(t, []error{nil}, r.ends)
	})
}

// A Launcher that refuses fails the task with what it said.
// docs/protocol.md §16.2
func TestLauncherRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := one(t, simple(msg.ExecutorInfo{ID: "e", Name: "refused"}), nil, nil, func(tr transport.Transport) []host.Option {
			return []host.Option{host.WithLauncher(&remote{tr: tr, stops: map[msg.ContainerID]context.CancelFunc{}})}
		})
		require.Len(t, got, 1)
		require.Equal(t, msg.TaskFailed, got[0].State)
		require.Equal(t, msg.ReasonContainerLaunchFailed, got[0].Reason)
		require.Contains(t, got[0].Message, "no room")
	})
}

// noRoom is a disk on which nothing can be made.
type noRoom struct{ host.NoVolumes }

func (noRoom) Sandbox(string) error { return errors.New("disk is full") }

// A sandbox that cannot be made fails the start.
// docs/protocol.md §16.2
func TestSandboxFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tasks sync.WaitGroup
		got := one(t, simple(msg.ExecutorInfo{ID: "sleeper"}), nil, sleepers(&tasks), func(transport.Transport) []host.Option {
			return []host.Option{host.WithVolumes(noRoom{})}
		})
		require.Len(t, got, 1)
		require.Equal(t, msg.TaskFailed, got[0].State)
		require.Contains(t, got[0].Message, "disk is full")
	})
}

// stubborn ignores Shutdown: its task's goroutine goes on, its session does not.
type stubborn struct{ framework.NopExecutor }

func (stubborn) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	_ = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning})
	d.Abort()
}

// An executor that aborts ends with status 1, and its task fails with it.
// docs/protocol.md §11
func TestExecutorAborts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := host.Executors{"e": func(host.StartInfo) framework.Executor { return stubborn{} }}
		got := one(t, simple(msg.ExecutorInfo{ID: "e"}), nil, ex, func(transport.Transport) []host.Option { return nil })
		require.Len(t, got, 2)
		require.Equal(t, msg.TaskRunning, got[0].State)
		require.Equal(t, msg.TaskFailed, got[1].State)
		require.Equal(t, msg.ReasonExecutorTerminated, got[1].Reason)
	})
}

// A function that makes no executor is told so.
// docs/protocol.md §16.2
func TestExecutorsFunctionReturnsNil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := host.Executors{"e": func(host.StartInfo) framework.Executor { return nil }}
		got := one(t, simple(msg.ExecutorInfo{ID: "e"}), nil, ex, func(transport.Transport) []host.Option { return nil })
		require.Len(t, got, 1)
		require.Contains(t, got[0].Message, `"e" made none`)
	})
}

// Close ends a live node as a crash would, and those who wait for it are told.
// docs/protocol.md §2.1
func TestCloseWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := inproc.NewLive(inproc.Config{})
		m, err := host.OpenMaster(context.Background(), tr, master.Config{})
		require.NoError(t, err)
		_, err = host.OpenMaster(context.Background(), tr, master.Config{})
		require.ErrorIs(t, err, transport.ErrInUse)
		short, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		require.ErrorIs(t, m.Do(short, func(*master.Machine) {}), context.DeadlineExceeded, "nothing runs it yet")
		var servers crew
		servers.run(func() error { return m.Run(context.Background()) })
		require.NoError(t, m.Do(context.Background(), func(*master.Machine) {}))
		require.NoError(t, m.Close())
		servers.wait(t)
		require.ErrorIs(t, m.Operate(context.Background(), "", msg.UpdateWeights{}), host.ErrEnded)
		ended, err := m.Ended()
		require.True(t, ended)
		require.NoError(t, err)
	})
}

// Bad configurations are refused before anything is opened.
// docs/protocol.md §18.1
func TestBadConfigurations(t *testing.T) {
	tr, ctx := inproc.NewLive(inproc.Config{}), context.Background()
	_, err := host.OpenAgent(ctx, tr, agent.Config{}, nil)
	require.ErrorIs(t, err, agent.ErrConfig)
	require.ErrorIs(t, host.RunMaster(ctx, tr, master.Config{PingTimeout: time.Hour}), master.ErrConfig)
	_, err = host.OpenScheduler(ctx, tr, framework.SchedulerConfig{MissedHeartbeats: -1}, framework.NopScheduler{})
	require.ErrorIs(t, err, framework.ErrConfig)
	require.ErrorIs(t, host.RunExecutor(ctx, tr, framework.ExecutorConfig{}, framework.NopExecutor{}), framework.ErrConfig)
}

// An agent that is closed takes its in-process executors along, those of checkpointing frameworks too: Run leaves nothing.
// docs/protocol.md §16.2
func TestRunLeavesNoExecutor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := inproc.NewLive(inproc.Config{})
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var servers, agents crew
		servers.run(func() error { return host.RunMaster(ctx, tr, master.Config{}) })
		starts := make(chan host.StartInfo, 1)
		n, err := host.OpenAgent(ctx, tr, agentConfig("agent-1"), host.Executors{"e": func(s host.StartInfo) framework.Executor {
			starts <- s
			return framework.NopExecutor{}
		}})
		require.NoError(t, err)
		agents.run(func() error { return n.Run(ctx) })
		s := &statuses{task: simple(msg.ExecutorInfo{ID: "e"})}
		servers.run(func() error {
			return host.RunScheduler(ctx, tr, msg.FrameworkInfo{Name: "x", Roles: []role.Name{"x"}, Checkpoint: true, FailoverTimeout: time.Hour}, s)
		})
		started := <-starts
		synctest.Wait()
		executor := started.Agent + "/" + msg.Node(started.Container)
		_, err = tr.Open(ctx, executor, nil)
		require.ErrorIs(t, err, transport.ErrInUse, "it runs")
		require.NoError(t, n.Close())
		agents.wait(t)
		port, err := tr.Open(ctx, executor, nil)
		require.NoError(t, err, "it has ended")
		require.NoError(t, port.Close())
		cancel()
		servers.wait(t)
	})
}
