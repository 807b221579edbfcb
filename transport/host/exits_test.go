package host_test

import (
	"context"
	"errors"
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

// stranger is a port that a test speaks through; it keeps its link for good.
type stranger struct {
	port transport.Port
	down []msg.Link
}

func (*stranger) Up(msg.Link, msg.Node, string)  {}
func (*stranger) Deliver(msg.Envelope)           {}
func (s *stranger) Down(l msg.Link, cause error) { s.down = append(s.down, l) }

func openStranger(t *testing.T, tr transport.Transport, self msg.Node) *stranger {
	t.Helper()
	s := &stranger{}
	port, err := tr.Open(context.Background(), self, s)
	require.NoError(t, err)
	s.port = port
	return s
}

// pairOf launches one task under each of two executors, and notes how they end and when.
type pairOf struct {
	framework.NopScheduler
	now   func() offer.Time
	id    offer.FrameworkID
	began bool
	ends  map[msg.TaskID]offer.Time
}

func (p *pairOf) Registered(_ framework.Driver, id offer.FrameworkID, _ msg.MasterInfo) { p.id = id }

func (p *pairOf) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	if p.began {
		return
	}
	p.began = true
	var tasks []msg.TaskInfo
	for _, id := range []string{"1", "2"} {
		tasks = append(tasks, msg.TaskInfo{ID: msg.TaskID("t" + id), Agent: offers[0].Agent, Resources: resource.MustParse("cpus:1;mem:32"),
			Executor: &msg.ExecutorInfo{ID: msg.ExecutorID("e" + id)}})
	}
	_ = d.Launch([]msg.OfferID{offers[0].ID}, msg.Filters{}, tasks...)
}

func (p *pairOf) StatusUpdate(_ framework.Driver, s msg.TaskStatus) {
	if s.State.Terminal() {
		p.ends[s.Task] = p.now()
	}
}

// runner keeps its tasks running.
type runner struct{ framework.NopExecutor }

func (runner) LaunchTask(d framework.ExecutorDriver, t msg.TaskInfo) {
	_ = d.SendStatus(msg.TaskStatus{Task: t.ID, State: msg.TaskRunning})
}

// twoExecutors is a cluster with tasks t1 and t2 under executors e1 and e2, and the containers of these.
func twoExecutors(t *testing.T) (*inproc.Cluster, *pairOf, map[msg.ExecutorID]msg.ContainerID) {
	c := inproc.NewCluster(1)
	t.Cleanup(c.Close)
	containers := map[msg.ExecutorID]msg.ContainerID{}
	e := func(s host.StartInfo) framework.Executor {
		containers[s.Executor.ID] = s.Container
		return runner{}
	}
	require.NotNil(t, c.AddMaster(master.Config{}))
	require.NotNil(t, c.AddAgent("agent-1", agentConfig("agent-1").Info, host.Executors{"e1": e, "e2": e}))
	s := &pairOf{now: c.Now, ends: map[msg.TaskID]offer.Time{}}
	c.AddScheduler(msg.FrameworkInfo{Name: "x", Roles: []role.Name{"x"}}, s)
	c.Advance(5 * time.Second)
	require.Len(t, containers, 2)
	require.NoError(t, c.Check())
	return c, s, containers
}

// A subscription that the agent refuses holds nobody's exit; an exit that waits for a link which never ends is given a
// second later, and several that wait for one link do not stand in each other's way.
// docs/protocol.md §16.2
func TestRefusedSubscriptionHoldsNoExit(t *testing.T) {
	c, s, containers := twoExecutors(t)
	x := openStranger(t, c.Network(), "stranger")
	l, err := x.port.Dial("agent-1")
	require.NoError(t, err)
	c.Settle()
	for _, e := range []msg.ExecutorID{"e1", "e2"} {
		require.NoError(t, x.port.Send(msg.Envelope{Link: l, Body: msg.SubscribeExecutor{Framework: s.id, Executor: e, Container: containers[e]}}))
	}
	c.Settle() // e1's own link is closed, and so it ends; the second subscription is refused
	began := c.Now()
	c.Kill("agent-1/" + msg.Node(containers["e2"]))
	c.Settle()
	require.Empty(t, x.down)
	require.Equal(t, map[msg.TaskID]offer.Time{"t2": began}, s.ends)
	c.Advance(time.Second)
	require.Equal(t, map[msg.TaskID]offer.Time{"t1": began.Add(time.Second), "t2": began}, s.ends)
	require.NoError(t, c.Check())
}

// A subscription that is answered with Shutdown does not count either: the exit waits for the link of the real one.
// docs/protocol.md §16.2
func TestExitWaitsForTheSubscribedLink(t *testing.T) {
	c, s, containers := twoExecutors(t)
	x := openStranger(t, c.Network(), "stranger")
	l, err := x.port.Dial("agent-1")
	require.NoError(t, err)
	c.Settle()
	executor := "agent-1/" + msg.Node(containers["e2"])
	c.Network().Stall(executor, "agent-1") // its last words are on their way
	require.NoError(t, x.port.Send(msg.Envelope{Link: l, Body: msg.SubscribeExecutor{Framework: s.id, Executor: "e1", Container: containers["e2"]}}))
	c.Settle()
	require.Equal(t, []msg.Link{l}, x.down)
	c.Kill(executor)
	began := c.Now()
	c.Advance(time.Second / 2)
	require.Empty(t, s.ends)
	c.Network().Resume(executor, "agent-1")
	c.Settle()
	require.Equal(t, map[msg.TaskID]offer.Time{"t2": began.Add(time.Second / 2)}, s.ends)
}

// mute is a Launcher whose executors subscribe, end after a while, and leave their link standing.
type mute struct {
	t  *testing.T
	tr transport.Transport
	x  *stranger
}

func (m *mute) Start(s agent.Start, exited func(host.Exit)) error {
	m.x = openStranger(m.t, m.tr, "mute")
	l, err := m.x.port.Dial(s.Agent)
	time.AfterFunc(time.Minute/2, func() {
		_ = m.x.port.Send(msg.Envelope{Link: l, Body: msg.SubscribeExecutor{Framework: s.Framework.ID, Executor: s.Executor.ID, Container: s.Container}})
	})
	time.AfterFunc(time.Minute, func() { exited(host.Exit{Status: 3}) })
	return err
}
func (*mute) Stop(msg.ContainerID) {}
func (m *mute) Close() error {
	if m.x == nil {
		return errors.New("mute: never started")
	}
	return m.x.port.Close()
}

// Live too, an exit waits a second for a link that does not end, and no longer.
// docs/protocol.md §16.2
func TestLiveExitWaitsASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told, given time.Time
		began := time.Now()
		task := simple(msg.ExecutorInfo{ID: "e"})
		task.Resources = resource.MustParse("cpus:2;mem:512") // all there is: one offer
		got := one(t, task, nil, nil, func(tr transport.Transport) []host.Option {
			return []host.Option{host.WithLauncher(&mute{t: t, tr: tr}), host.Observe(func(o host.Observation) {
				if e, ok := o.What.(host.AgentEvent); ok && e.Event.Kind == agent.EventExecutorStarted {
					told = time.Now().Add(time.Minute)
				} else if ok && e.Event.Kind == agent.EventExecutorExited {
					given = time.Now()
				}
			})}
		})
		require.Len(t, got, 1)
		require.Equal(t, msg.TaskFailed, got[0].State)
		require.Greater(t, told.Sub(began), time.Minute/2)
		require.Equal(t, time.Second, given.Sub(told))
	})
}

// reaper is a Launcher that ends what it starts a moment later, and knows why.
type reaper struct{ exit host.Exit }

func (r reaper) Start(_ agent.Start, exited func(host.Exit)) error {
	time.AfterFunc(time.Second, func() { exited(r.exit) })
	return nil
}
func (reaper) Stop(msg.ContainerID) {}
func (reaper) Close() error         { return nil }

// What a launcher knows of an executor's end is what the executor's tasks end with; a reason that is not for launchers to give
// counts as none.
// docs/protocol.md §8, §11, §16.2
func TestLauncherKnowsWhy(t *testing.T) {
	for _, c := range []struct {
		exit   host.Exit
		state  msg.TaskState
		reason msg.Reason
		text   string
	}{
		{host.Exit{Status: 137, Reason: msg.ReasonContainerLimitationMemory, Message: "512 MiB, \xff"}, msg.TaskFailed,
			msg.ReasonContainerLimitationMemory, "its executor used more memory than it may: 512 MiB, ?"},
		{host.Exit{Status: 9, Reason: msg.ReasonContainerPreempted}, msg.TaskLost, msg.ReasonContainerPreempted, "its executor was ended in favour of others"},
		{host.Exit{Status: 9, Reason: msg.ReasonTaskInvalid, Message: "killed"}, msg.TaskFailed, msg.ReasonExecutorTerminated, "its executor ended: killed"},
		{host.Exit{}, msg.TaskFailed, msg.ReasonExecutorTerminated, "its executor ended"},
	} {
		synctest.Test(t, func(t *testing.T) {
			got := one(t, simple(msg.ExecutorInfo{ID: "e"}), nil, nil, func(transport.Transport) []host.Option {
				return []host.Option{host.WithLauncher(reaper{c.exit})}
			})
			require.Len(t, got, 1)
			require.Equal(t, c.state, got[0].State)
			require.Equal(t, c.reason, got[0].Reason)
			require.Equal(t, c.text, got[0].Message)
			require.Equal(t, msg.SourceAgent, got[0].Source)
		})
	}
}
