package host_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
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

// batch launches n tasks, as many as fit each offer, and stops its driver when all have finished.
type batch struct {
	framework.NopScheduler
	left, running int
	id            offer.FrameworkID
	failover      bool
}

func (b *batch) Registered(_ framework.Driver, id offer.FrameworkID, _ msg.MasterInfo) { b.id = id }

func (b *batch) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	need := resource.MustParse("cpus:1;mem:32")
	for _, o := range offers {
		var tasks []msg.TaskInfo
		for free := o.Resources; b.left > 0 && free.Contains(need); b.left-- {
			free = free.SubSaturating(need)
			tasks = append(tasks, msg.TaskInfo{ID: msg.TaskID(fmt.Sprintf("task-%d", b.left)), Agent: o.Agent, Resources: need,
				Executor: &msg.ExecutorInfo{ID: "sleeper"}})
		}
		b.running += len(tasks)
		_ = d.Launch([]msg.OfferID{o.ID}, msg.Filters{None: true}, tasks...)
	}
}

func (b *batch) StatusUpdate(d framework.Driver, s msg.TaskStatus) {
	if !s.State.Terminal() {
		return
	}
	if b.running--; b.running == 0 && b.left == 0 {
		_ = d.Acknowledge(s)
		d.Stop(b.failover)
	}
}

// sleeper runs each task on a goroutine of its own for a moment.
type sleeper struct {
	framework.NopExecutor
	running *sync.WaitGroup
}

func (s sleeper) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	s.running.Go(func() {
		_ = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning})
		time.Sleep(5 * time.Millisecond)
		_ = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskFinished})
	})
}

func sleepers(wg *sync.WaitGroup) host.Executors {
	return host.Executors{"sleeper": func(host.StartInfo) framework.Executor { return sleeper{running: wg} }}
}

// fast are an agent's times for tests in real time.
var fast = agent.Timeouts{RegistrationBackoff: 10 * time.Millisecond, ExecutorShutdownGrace: 50 * time.Millisecond}

func agentConfig(name msg.Node) agent.Config {
	return agent.Config{Node: name, Timeouts: fast, Info: msg.AgentInfo{Hostname: string(name), Resources: resource.MustParse("cpus:2;mem:512")}}
}

// crew runs nodes on goroutines and gathers what they return.
type crew struct {
	wg     sync.WaitGroup
	mu     sync.Mutex
	errors []error
}

func (c *crew) run(f func() error) {
	c.wg.Go(func() {
		if err := f(); err != nil {
			c.mu.Lock()
			c.errors = append(c.errors, err)
			c.mu.Unlock()
		}
	})
}

// wait waits for all and requires that each ended well.
func (c *crew) wait(t *testing.T) {
	t.Helper()
	c.wg.Wait()
	require.NoError(t, errors.Join(c.errors...))
}

// live runs a master, two agents and a scheduler to the end of its batch over tr, and ends them all.
func live(t *testing.T, tr transport.Transport, b *batch) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var servers crew
	var tasks sync.WaitGroup
	m, err := host.OpenMaster(ctx, tr, master.Config{})
	require.NoError(t, err)
	servers.run(func() error { return m.Run(ctx) })
	for _, name := range []msg.Node{"agent-1", "agent-2"} {
		servers.run(func() error { return host.RunAgent(ctx, tr, agentConfig(name), sleepers(&tasks)) })
	}
	info := msg.FrameworkInfo{Name: "batch", Roles: []role.Name{"batch"}}
	require.NoError(t, host.RunScheduler(ctx, tr, info, b))
	require.NotEmpty(t, b.id)
	require.NoError(t, m.Do(ctx, func(m *master.Machine) { require.NoError(t, m.Check()) }))
	require.NoError(t, m.Operate(ctx, "ops", msg.UpdateWeights{Weights: []role.Weight{{Role: "batch", Weight: 2}}}))
	cancel()
	servers.wait(t)
	tasks.Wait()
	require.ErrorIs(t, m.Do(context.Background(), func(*master.Machine) {}), host.ErrEnded)
	require.ErrorIs(t, m.Operate(context.Background(), "", msg.TeardownFramework{}), host.ErrEnded)
}

// Everything live and in real time, from registration to the end of the last task; no goroutine is left.
// docs/protocol.md §17
func TestLive(t *testing.T) {
	before := goroutines()
	live(t, inproc.NewLive(inproc.Config{}), &batch{left: 12})
	require.Eventually(t, func() bool { return len(leftOver(before)) == 0 }, 5*time.Second, 10*time.Millisecond, "goroutines are left: %v", leftOver(before))
}

// The same with latency under the virtual time of a bubble, which fails if a goroutine is left.
// docs/protocol.md §17
func TestLiveWithLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live(t, inproc.NewLive(inproc.Config{Seed: 1, Latency: 30 * time.Millisecond, Jitter: 50 * time.Millisecond}), &batch{left: 12})
	})
}

// A context that ends stops a scheduler with failover: its framework lives on, and the next instance takes it over.
// docs/protocol.md §3.1
func TestLiveFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := inproc.NewLive(inproc.Config{})
		ctx, cancel := context.WithCancel(context.Background())
		var servers crew
		var tasks sync.WaitGroup
		m, err := host.OpenMaster(ctx, tr, master.Config{})
		require.NoError(t, err)
		servers.run(func() error { return m.Run(ctx) })
		servers.run(func() error { return host.RunAgent(ctx, tr, agentConfig("agent-1"), sleepers(&tasks)) })
		info := msg.FrameworkInfo{Name: "batch", Roles: []role.Name{"batch"}, FailoverTimeout: time.Hour}
		first, stop := context.WithTimeout(ctx, time.Second)
		b := &batch{left: 1, running: 1} // never done
		require.NoError(t, host.RunScheduler(first, tr, info, b))
		stop()
		states := func() (out []string) {
			require.NoError(t, m.Do(ctx, func(m *master.Machine) {
				for _, f := range m.Frameworks() {
					out = append(out, f.State.String())
				}
			}))
			return out
		}
		synctest.Wait()
		require.Equal(t, []string{"disconnected"}, states())
		info.ID = b.id
		next := &batch{left: 3, failover: true}
		require.NoError(t, host.RunScheduler(ctx, tr, info, next))
		require.Equal(t, b.id, next.id)
		synctest.Wait()
		require.Equal(t, []string{"disconnected"}, states())
		cancel()
		servers.wait(t)
		tasks.Wait()
	})
}

// A scheduler that the master refuses ends with what Error was told.
// docs/protocol.md §3.1
func TestLiveRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := inproc.NewLive(inproc.Config{})
		ctx, cancel := context.WithCancel(context.Background())
		var servers crew
		servers.run(func() error { return host.RunMaster(ctx, tr, master.Config{}) })
		time.Sleep(time.Millisecond)
		err := host.RunScheduler(ctx, tr, msg.FrameworkInfo{Name: "x", Roles: []role.Name{"not a role"}}, framework.NopScheduler{})
		require.ErrorIs(t, err, host.ErrAborted)
		require.ErrorContains(t, err, "not a role")
		cancel()
		servers.wait(t)
	})
}

// aborter aborts as soon as it is registered, from within the callback; it must hear nothing after.
type aborter struct {
	framework.NopScheduler
	status msg.DriverStatus
	after  int
}

func (a *aborter) Registered(d framework.Driver, _ offer.FrameworkID, _ msg.MasterInfo) {
	a.status = d.Abort()
}
func (a *aborter) ResourceOffers(framework.Driver, []msg.Offer) { a.after++ }

// docs/protocol.md §17
func TestLiveAbort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := inproc.NewLive(inproc.Config{})
		ctx, cancel := context.WithCancel(context.Background())
		var servers crew
		servers.run(func() error { return host.RunMaster(ctx, tr, master.Config{}) })
		servers.run(func() error { return host.RunAgent(ctx, tr, agentConfig("agent-1"), nil) })
		time.Sleep(time.Second)
		a := &aborter{}
		n, err := host.OpenScheduler(ctx, tr, framework.SchedulerConfig{Framework: msg.FrameworkInfo{Name: "x", Roles: []role.Name{"x"}}}, a)
		require.NoError(t, err)
		require.ErrorIs(t, n.Run(ctx), host.ErrAborted)
		require.Equal(t, msg.DriverAborted, a.status)
		require.Zero(t, a.after)
		var ended *framework.StatusError
		require.ErrorAs(t, n.Driver().Revive(), &ended)
		require.Equal(t, msg.DriverAborted, ended.Status)
		require.Equal(t, msg.DriverAborted, n.Driver().Stop(false))
		cancel()
		servers.wait(t)
	})
}

// A scheduler whose callbacks take their time is not stepped meanwhile, and none of its callbacks meet.
// docs/protocol.md §17
func TestLiveCallbacksOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := inproc.NewLive(inproc.Config{})
		ctx, cancel := context.WithCancel(context.Background())
		var servers crew
		var tasks sync.WaitGroup
		servers.run(func() error { return host.RunMaster(ctx, tr, master.Config{}) })
		servers.run(func() error { return host.RunAgent(ctx, tr, agentConfig("agent-1"), sleepers(&tasks)) })
		s := &slow{batch: batch{left: 6}}
		require.NoError(t, host.RunScheduler(ctx, tr, msg.FrameworkInfo{Name: "x", Roles: []role.Name{"x"}}, s))
		require.False(t, s.met)
		cancel()
		servers.wait(t)
		tasks.Wait()
	})
}

// slow is a batch whose callbacks take a while.
type slow struct {
	batch
	inside, met bool
}

func (s *slow) enter() func() {
	s.met = s.met || s.inside
	s.inside = true
	time.Sleep(20 * time.Millisecond)
	return func() { s.inside = false }
}
func (s *slow) ResourceOffers(d framework.Driver, o []msg.Offer) {
	defer s.enter()()
	s.batch.ResourceOffers(d, o)
}
func (s *slow) StatusUpdate(d framework.Driver, x msg.TaskStatus) {
	defer s.enter()()
	s.batch.StatusUpdate(d, x)
}

// Directories makes, links and removes real directories, and touches nothing that is not a link.
// docs/resource-model.md §6.4
func TestDirectories(t *testing.T) {
	dir, v := t.TempDir(), host.Directories{}
	volume, sandbox := filepath.Join(dir, "volumes", "roles", "db", "v1"), filepath.Join(dir, "sandbox")
	at := filepath.Join(sandbox, "deep", "data")
	require.NoError(t, v.Do(agent.Volume{Kind: agent.VolumeCreate, Path: volume}))
	require.NoError(t, v.Do(agent.Volume{Kind: agent.VolumeCreate, Path: volume}))
	require.NoError(t, v.Sandbox(sandbox))
	for range 2 {
		require.NoError(t, v.Do(agent.Volume{Kind: agent.VolumeLink, Path: at, Target: volume}))
	}
	require.NoError(t, os.WriteFile(filepath.Join(at, "file"), []byte("x"), 0o600))
	require.FileExists(t, filepath.Join(volume, "file"))
	require.ErrorIs(t, v.Do(agent.Volume{Kind: agent.VolumeLink, Path: filepath.Join(at, "file"), Target: volume}), host.ErrVolume)
	require.NoError(t, v.Do(agent.Volume{Kind: agent.VolumeRemove, Path: volume, Mount: true}))
	require.DirExists(t, volume)
	require.NoFileExists(t, filepath.Join(volume, "file"))
	for range 2 {
		require.NoError(t, v.Do(agent.Volume{Kind: agent.VolumeRemove, Path: volume}))
		require.NoDirExists(t, volume)
	}
	require.NoError(t, v.Do(agent.Volume{Kind: agent.VolumeRemove, Path: volume, Mount: true}))
	require.ErrorIs(t, v.Do(agent.Volume{Path: volume}), host.ErrVolume)
}
