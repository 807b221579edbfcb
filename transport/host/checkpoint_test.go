package host_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/agent/dirstore"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/master"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/resource"
	"github.com/proffer-go/proffer/role"
	"github.com/proffer-go/proffer/transport/host"
	"github.com/proffer-go/proffer/transport/inproc"
)

// patient runs tasks until it is told otherwise, by its driver.
type patient struct {
	framework.NopExecutor
	mu sync.Mutex
	d  framework.ExecutorDriver
}

func (p *patient) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	p.mu.Lock()
	p.d = d
	p.mu.Unlock()
	_ = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning})
}

func (p *patient) finish(t *testing.T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	require.NoError(t, p.d.SendStatus(msg.TaskStatus{Task: "t1", State: msg.TaskFinished}))
}

// oneTask launches one task and notes all that it hears.
type oneTask struct {
	framework.NopScheduler
	mu   sync.Mutex
	done bool
	got  []msg.TaskState
}

func (o *oneTask) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	if o.done {
		return
	}
	o.done = true
	_ = d.Launch([]msg.OfferID{offers[0].ID}, msg.Filters{}, msg.TaskInfo{ID: "t1", Agent: offers[0].Agent,
		Resources: resource.MustParse("cpus:1;mem:32"), Executor: &msg.ExecutorInfo{ID: "patient"}})
}

func (o *oneTask) StatusUpdate(_ framework.Driver, s msg.TaskStatus) {
	o.mu.Lock()
	o.got = append(o.got, s.State)
	o.mu.Unlock()
}

func (o *oneTask) heard() []msg.TaskState {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.got)
}

// cell is a live master with a scheduler whose task runs on one agent.
type cell struct {
	t       *testing.T
	ctx     context.Context
	nw      *inproc.Network
	m       *host.MasterNode
	sched   *oneTask
	servers crew
}

func newCell(t *testing.T, ctx context.Context, checkpoint bool) *cell {
	c := &cell{t: t, ctx: ctx, nw: inproc.NewLive(inproc.Config{}), sched: &oneTask{}}
	m, err := host.OpenMaster(ctx, c.nw, master.Config{})
	require.NoError(t, err)
	c.m = m
	c.servers.run(func() error { return m.Run(ctx) })
	info := msg.FrameworkInfo{Name: "f", Roles: []role.Name{"r"}, Checkpoint: checkpoint}
	c.servers.run(func() error { return host.RunScheduler(ctx, c.nw, info, c.sched) })
	return c
}

// agent runs agent-1; its result comes by the channel.
func (c *cell) agent(executors host.Executors, opts ...host.Option) (*host.AgentNode, chan error) {
	c.t.Helper()
	n, err := host.OpenAgent(c.ctx, c.nw, agentConfig("agent-1"), executors, opts...)
	require.NoError(c.t, err)
	done := make(chan error, 1)
	go func() { done <- n.Run(c.ctx) }()
	return n, done
}

func (c *cell) id(n *host.AgentNode) (id offer.AgentID) {
	require.NoError(c.t, n.Do(c.ctx, func(m *agent.Machine) { id = m.ID() }))
	return id
}

// An agent that is closed and opened again on the same directory has its id, its executors and their tasks.
// docs/protocol.md §4.1, §19 agent process restarts, checkpoint on
func TestLiveAgentComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := newCell(t, ctx, true)
		p, dir := &patient{}, t.TempDir()
		l := host.NewLocal(c.nw, host.Executors{"patient": func(host.StartInfo) framework.Executor { return p }})
		defer l.Close()

		store, err := dirstore.Open(dir)
		require.NoError(t, err)
		n, done := c.agent(nil, host.WithLauncher(l), host.WithCheckpoint(store))
		time.Sleep(3 * time.Second)
		require.Equal(t, []msg.TaskState{msg.TaskRunning}, c.sched.heard())
		id := c.id(n)
		require.NoError(t, n.Close())
		require.NoError(t, <-done)
		require.NoError(t, store.Close())
		time.Sleep(time.Minute)
		p.finish(t) // nobody is there to take it
		require.Equal(t, []msg.TaskState{msg.TaskRunning}, c.sched.heard())

		store, err = dirstore.Open(dir)
		require.NoError(t, err)
		defer store.Close()
		n, done = c.agent(nil, host.WithLauncher(l), host.WithCheckpoint(store))
		time.Sleep(4 * time.Second)
		require.Equal(t, []msg.TaskState{msg.TaskRunning, msg.TaskFinished}, c.sched.heard())
		require.Equal(t, id, c.id(n))
		cancel()
		require.NoError(t, <-done)
		c.servers.wait(t)
	})
}

// Executors that an agent's own launcher started end with it; the agent takes them for ended when it comes back.
// docs/protocol.md §16.2
func TestLiveAgentComesBackWithoutItsExecutors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := newCell(t, ctx, true)
		store := agent.NewMemory()
		patients := host.Executors{"patient": func(host.StartInfo) framework.Executor { return &patient{} }}
		n, done := c.agent(patients, host.WithCheckpoint(store))
		time.Sleep(3 * time.Second)
		id := c.id(n)
		require.NoError(t, n.Close())
		require.NoError(t, <-done)
		var tasks sync.WaitGroup
		bare := &remote{tr: c.nw, stops: map[msg.ContainerID]context.CancelFunc{}, tasks: &tasks} // it adopts nothing
		n, done = c.agent(nil, host.WithCheckpoint(store), host.WithLauncher(bare))
		time.Sleep(2 * time.Second)
		require.Equal(t, []msg.TaskState{msg.TaskRunning, msg.TaskFailed}, c.sched.heard())
		require.Equal(t, id, c.id(n))
		cancel()
		require.NoError(t, <-done)
		c.servers.wait(t)
	})
}

// A launcher that adopts ends what the agent does not know any more: executors of frameworks that do not checkpoint.
// docs/protocol.md §11
func TestLocalEndsStrays(t *testing.T) {
	nw := inproc.New(inproc.Config{})
	l := host.NewLocal(nw, host.Executors{"": func(host.StartInfo) framework.Executor { return &patient{} }}, host.ByHand(nil, nil))
	ended := map[msg.ContainerID]int{}
	for _, id := range []msg.ContainerID{"c1", "c2", "c3"} {
		s := agent.Start{Container: id, Framework: msg.FrameworkInfo{ID: "F"}, Executor: msg.ExecutorInfo{ID: "e"}, Agent: "agent-1"}
		require.NoError(t, l.Start(s, func(e host.Exit) { ended[id] = e.Status }))
	}
	adopted := map[msg.ContainerID]int{}
	running := l.Adopt([]msg.ContainerID{"c2", "c3", "c9"}, func(c msg.ContainerID, e host.Exit) { adopted[c] = e.Status })
	require.Equal(t, []msg.ContainerID{"c2", "c3"}, running)
	l.Stop("c2")
	require.NoError(t, l.Close())
	require.Empty(t, ended, "the former run hears nothing")
	require.Equal(t, map[msg.ContainerID]int{"c2": 9, "c3": 9}, adopted)
}

// spoiled is a checkpoint whose disk is at fault.
type spoiled struct {
	agent.Memory
	mu    sync.Mutex
	err   error
	gate  chan struct{} // not nil: a Save waits for it
	saves []int         // records of each
}

func (s *spoiled) Save(ctx context.Context, records []agent.Record) error {
	s.mu.Lock()
	err, gate := s.err, s.gate
	s.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saves = append(s.saves, len(records))
	if err != nil {
		return err
	}
	return s.Memory.Save(ctx, records)
}

func (s *spoiled) set(err error, gate chan struct{}) {
	s.mu.Lock()
	s.err, s.gate = err, gate
	s.mu.Unlock()
}

// A disk that fails ends the agent with what it says; executors of checkpointing frameworks run on, and nothing is lost.
// docs/protocol.md §19
func TestLiveDiskFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := newCell(t, ctx, true)
		p, store := &patient{}, &spoiled{}
		l := host.NewLocal(c.nw, host.Executors{"patient": func(host.StartInfo) framework.Executor { return p }})
		defer l.Close()
		_, done := c.agent(nil, host.WithLauncher(l), host.WithCheckpoint(store))
		time.Sleep(3 * time.Second)
		full := errors.New("no space left on device")
		store.set(full, nil)
		p.finish(t)
		err := <-done
		require.ErrorIs(t, err, agent.ErrCheckpoint)
		require.ErrorIs(t, err, full)
		require.Equal(t, []msg.TaskState{msg.TaskRunning}, c.sched.heard())
		store.set(nil, nil)
		_, done = c.agent(nil, host.WithLauncher(l), host.WithCheckpoint(store))
		time.Sleep(4 * time.Second)
		require.Equal(t, []msg.TaskState{msg.TaskRunning, msg.TaskFinished}, c.sched.heard())
		cancel()
		require.NoError(t, <-done)
		c.servers.wait(t)
	})
}

// While a disk is busy, what comes meanwhile waits and goes in one write; one that does not answer in 20 s ends the agent.
// docs/protocol.md §16.2
func TestLiveSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c := newCell(t, ctx, true)
		p, store, gate := &patient{}, &spoiled{}, make(chan struct{})
		executors := host.Executors{"patient": func(host.StartInfo) framework.Executor { return p }}
		_, done := c.agent(executors, host.WithCheckpoint(store))
		time.Sleep(3 * time.Second)
		store.set(nil, gate)
		before := len(store.saves)
		for range 10 {
			p.mu.Lock()
			require.NoError(t, p.d.SendStatus(msg.TaskStatus{Task: "t1", State: msg.TaskRunning}))
			p.mu.Unlock()
			synctest.Wait()
		}
		time.Sleep(10 * time.Second)
		require.Equal(t, []msg.TaskState{msg.TaskRunning}, c.sched.heard(), "nobody hears of it before it is durable")
		gate <- struct{}{}
		gate <- struct{}{}
		synctest.Wait()
		require.Equal(t, []int{1, 9}, store.saves[before:])
		p.finish(t)
		begin := time.Now()
		require.ErrorIs(t, <-done, agent.ErrCheckpoint)
		require.Equal(t, 20*time.Second, time.Since(begin))
		cancel()
		c.servers.wait(t)
	})
}

// A checkpoint that cannot be read, or is another agent's, ends the agent before it says anything.
// docs/protocol.md §4.1
func TestUnreadableCheckpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := inproc.NewLive(inproc.Config{})
		bad := errors.New("bad sector")
		_, err := host.OpenAgent(t.Context(), nw, agentConfig("agent-1"), nil, host.WithCheckpoint(&unreadable{err: bad}))
		require.ErrorIs(t, err, bad)
		begin := time.Now()
		_, err = host.OpenAgent(t.Context(), nw, agentConfig("agent-1"), nil, host.WithCheckpoint(&unreadable{}))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(begin))

		store := agent.NewMemory()
		b, err := msg.MarshalKept(msg.KeptAgent{Info: msg.AgentInfo{ID: "S1", Hostname: "elsewhere"}})
		require.NoError(t, err)
		require.NoError(t, store.Save(t.Context(), []agent.Record{{Key: "agent", Value: b}}))
		err = host.RunAgent(t.Context(), nw, agentConfig("agent-1"), nil, host.WithCheckpoint(store))
		require.ErrorIs(t, err, agent.ErrIncompatible)
		require.ErrorContains(t, err, `is on host "agent-1", and was on "elsewhere"`)
	})
}

// unreadable is a store that answers a Load with err, or not at all.
type unreadable struct {
	agent.Memory
	err error
}

func (u *unreadable) Load(ctx context.Context, _ func(string, []byte) error) error {
	if u.err != nil {
		return u.err
	}
	<-ctx.Done()
	return ctx.Err()
}

// What goes wrong with a write, as data, by hand: none of it is announced before it is durable.
// docs/protocol.md §19
func TestRecordFaults(t *testing.T) {
	full := errors.New("full")
	for name, c := range map[string]struct {
		fault host.StoreFault
		kept  bool // the record is in the store in the end
		fails bool // the agent ends
	}{
		"late answer":  {host.StoreFault{Delay: time.Second}, true, false},
		"late write":   {host.StoreFault{Delay: time.Second, Late: true}, true, false},
		"lost":         {host.StoreFault{Lost: true}, false, true},
		"refused":      {host.StoreFault{Lost: true, Err: full}, false, true},
		"refused late": {host.StoreFault{Lost: true, Err: full, Delay: time.Second}, false, true},
		"unsure":       {host.StoreFault{Err: full}, true, true},
		"unsure late":  {host.StoreFault{Err: full, Delay: time.Second, Late: true}, true, true},
	} {
		store := agent.NewMemory()
		cl := inproc.NewCluster(1)
		cl.AddMaster(master.Config{})
		cl.FailRecords(func(_ msg.Node, save int) host.StoreFault {
			if save == 1 {
				return c.fault
			}
			return host.StoreFault{}
		})
		n := cl.AddAgentOn(store, "agent-1", msg.AgentInfo{Resources: resource.MustParse("cpus:2")}, nil)
		cl.Advance(time.Minute)
		require.NoError(t, cl.Check(), name)
		require.Equal(t, c.kept, store.Len() > 0, name)
		ended, err := n.Ended()
		require.Equal(t, c.fails, ended, name)
		require.Equal(t, c.fails, errors.Is(err, agent.ErrCheckpoint), name)
		cl.Close()
	}
}
