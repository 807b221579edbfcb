package inproc_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

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

// lawyer is an Inbox that holds a node to docs/protocol.md §2.1. Messages carry the sender's link and a count on it.
type lawyer struct {
	t      require.TestingT
	node   msg.Node
	port   transport.Port
	closed bool
	dials  map[msg.Link]bool   // not answered
	up     map[msg.Link]uint64 // stands; how many messages arrived
	sent   map[msg.Link]uint64
	over   map[msg.Link]bool
	from   map[msg.Link]uint64 // the sender's link, from its first message
}

func (l *lawyer) Up(k msg.Link, peer msg.Node, _ string) {
	require.False(l.t, l.closed || l.over[k], "Up of %d after its end", k)
	_, again := l.up[k]
	require.False(l.t, again, "second Up of %d", k)
	require.NotEqual(l.t, msg.Node(""), peer)
	l.up[k] = 0
	delete(l.dials, k)
}

func (l *lawyer) Deliver(e msg.Envelope) {
	require.False(l.t, l.closed)
	n, stands := l.up[e.Link]
	require.True(l.t, stands, "message on %d, which does not stand", e.Link)
	var link, count uint64
	_, err := fmt.Sscan(string(e.Body.(msg.ExecutorMessage).Data), &link, &count)
	require.NoError(l.t, err)
	require.Equal(l.t, n, count, "in order, none missing, none twice")
	if n == 0 {
		l.from[e.Link] = link
	}
	require.Equal(l.t, l.from[e.Link], link)
	l.up[e.Link]++
}

func (l *lawyer) Down(k msg.Link, cause error) {
	require.False(l.t, l.closed || l.over[k], "Down of %d after its end", k)
	_, stood := l.up[k]
	require.True(l.t, stood != l.dials[k], "Down of %d, which neither stood nor was dialed", k)
	require.Error(l.t, cause)
	delete(l.up, k)
	delete(l.dials, k)
	l.over[k] = true
}

// lawfulNetwork is a network under random calls.
type lawfulNetwork struct {
	net   *inproc.Network
	nodes map[msg.Node]*lawyer
	now   offer.Time
}

var lawNodes = []msg.Node{"a", "b", "c"}

// drawOpen draws an open node, nil if it draws a closed one.
func (s *lawfulNetwork) draw(t *rapid.T) (msg.Node, *lawyer) {
	n := rapid.SampledFrom(lawNodes).Draw(t, "node")
	return n, s.nodes[n]
}

// drawLink draws a link of l: one that stands, is dialed or is over, or any number.
func (l *lawyer) drawLink(t *rapid.T) msg.Link {
	return msg.Link(rapid.Uint64Range(0, 40).Draw(t, "link"))
}

func (s *lawfulNetwork) Open(t *rapid.T) {
	name, _ := s.draw(t)
	s.open(t, name)
}

func (s *lawfulNetwork) open(t *rapid.T, name msg.Node) {
	old := s.nodes[name]
	l := &lawyer{t: t, node: name, dials: map[msg.Link]bool{}, up: map[msg.Link]uint64{}, sent: map[msg.Link]uint64{},
		over: map[msg.Link]bool{}, from: map[msg.Link]uint64{}}
	port, err := s.net.Open(context.Background(), name, l)
	if old != nil {
		require.ErrorIs(t, err, transport.ErrInUse)
		return
	}
	require.NoError(t, err)
	l.port = port
	s.nodes[name] = l
}

func (s *lawfulNetwork) Close(t *rapid.T) {
	name, l := s.draw(t)
	if l == nil {
		return
	}
	require.NoError(t, l.port.Close())
	require.ErrorIs(t, l.port.Send(say(1, "x")), transport.ErrClosed)
	l.closed = true
	delete(s.nodes, name)
}

func (s *lawfulNetwork) Dial(t *rapid.T) {
	_, l := s.draw(t)
	if l == nil {
		return
	}
	k, err := l.port.Dial(rapid.SampledFrom(lawNodes).Draw(t, "peer"))
	require.NoError(t, err)
	require.False(t, l.dials[k] || l.over[k])
	l.dials[k] = true
}

func (s *lawfulNetwork) Send(t *rapid.T) {
	_, l := s.draw(t)
	if l == nil {
		return
	}
	k := l.drawLink(t)
	for range rapid.IntRange(1, 3).Draw(t, "messages") {
		s.sendOne(t, l, k)
	}
}

func (s *lawfulNetwork) sendOne(t *rapid.T, l *lawyer, k msg.Link) {
	err := l.port.Send(say(k, fmt.Sprintf("%d %d", k, l.sent[k])))
	if _, stands := l.up[k]; !stands {
		require.ErrorIs(t, err, transport.ErrNoLink)
		return
	}
	if err == nil {
		l.sent[k]++
	}
}

func (s *lawfulNetwork) Hang(t *rapid.T) {
	if _, l := s.draw(t); l != nil {
		l.port.Hang(l.drawLink(t))
	}
}

func (s *lawfulNetwork) Cut(t *rapid.T) {
	s.net.Cut(rapid.SampledFrom(lawNodes).Draw(t, "one"), rapid.SampledFrom(lawNodes).Draw(t, "other"))
}

func (s *lawfulNetwork) Heal(t *rapid.T) {
	s.net.Heal(rapid.SampledFrom(lawNodes).Draw(t, "one"), rapid.SampledFrom(lawNodes).Draw(t, "other"))
}

func (s *lawfulNetwork) Stall(t *rapid.T) {
	s.net.Stall(rapid.SampledFrom(lawNodes).Draw(t, "one"), rapid.SampledFrom(lawNodes).Draw(t, "other"))
}

func (s *lawfulNetwork) Resume(t *rapid.T) {
	s.net.Resume(rapid.SampledFrom(lawNodes).Draw(t, "one"), rapid.SampledFrom(lawNodes).Draw(t, "other"))
}

func (s *lawfulNetwork) Wait(t *rapid.T) {
	s.now = s.now.Add(time.Duration(rapid.Int64Range(0, 20).Draw(t, "ms")) * time.Millisecond)
	s.net.Poll(s.now)
}

// Rest waits until nothing is on the way or stalled: then every dial has its answer.
func (s *lawfulNetwork) Rest(t *rapid.T) {
	for _, a := range lawNodes {
		for _, b := range lawNodes {
			s.net.Resume(a, b)
		}
	}
	for at, ok := s.net.NextDeadline(); ok; at, ok = s.net.NextDeadline() {
		s.now = max(s.now, at)
		s.net.Poll(s.now)
	}
	stand := 0
	for _, l := range s.nodes {
		require.Empty(t, l.dials, "dials of %s without an answer", l.node)
		stand += len(l.up)
	}
	require.Zero(t, stand%2, "a link stands on both sides or on none")
}

func (s *lawfulNetwork) Check(*rapid.T) {}

// Whatever is called in whatever order, the promises hold.
// docs/protocol.md §2.1
func TestPromisesHoldUnderRandomCalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := inproc.Config{Seed: 1, Queue: 4}
		if rapid.Bool().Draw(t, "latency") {
			cfg.Latency, cfg.Jitter = 5*time.Millisecond, 10*time.Millisecond
		}
		s := &lawfulNetwork{net: inproc.New(cfg), nodes: map[msg.Node]*lawyer{}}
		for _, name := range lawNodes {
			s.open(t, name)
		}
		for range 3 {
			s.Dial(t)
		}
		s.Rest(t)
		actions := rapid.StateMachineActions(s)
		for i := range 8 { // most of what happens
			actions[fmt.Sprint("Send", i)] = s.Send
		}
		actions["Wait1"], actions["Wait2"] = s.Wait, s.Wait
		t.Repeat(actions)
		s.Rest(t)
		require.NoError(t, s.net.Close())
		for _, l := range s.nodes {
			l.closed = true
		}
		require.False(t, s.net.Poll(s.now.Add(time.Hour)))
	})
}

// steady keeps n tasks running: what ends or is lost is launched again under a new id.
type steady struct {
	framework.NopScheduler
	want, next int
	live       map[msg.TaskID]bool
	name       string
	done       bool // launch nothing more
}

func (s *steady) ResourceOffers(d framework.Driver, offers []msg.Offer) {
	need := resource.MustParse("cpus:1;mem:64")
	for _, o := range offers {
		var tasks []msg.TaskInfo
		for free := o.Resources; !s.done && len(s.live) < s.want && free.Contains(need); free = free.SubSaturating(need) {
			s.next++
			id := msg.TaskID(fmt.Sprintf("%s-%d", s.name, s.next))
			s.live[id] = true
			tasks = append(tasks, msg.TaskInfo{ID: id, Agent: o.Agent, Resources: need, Executor: &msg.ExecutorInfo{ID: "worker"}})
		}
		_ = d.Launch([]msg.OfferID{o.ID}, msg.Filters{}, tasks...)
	}
}

func (s *steady) StatusUpdate(_ framework.Driver, x msg.TaskStatus) {
	if x.State.Terminal() {
		delete(s.live, x.Task)
	} else {
		s.live[x.Task] = true // one that was given up may come back
	}
}

// restartEnded starts agents again whose disk failed.
func restartEnded(c *inproc.Cluster, agents []msg.Node) {
	for _, name := range agents {
		if c.Agent(name) == nil {
			c.RestartAgent(name)
		}
	}
}

// Under random faults the books of master and agents agree at every fourth step, and when the faults are over the frameworks
// have what they want again; when they end, nothing of theirs is left.
// docs/protocol.md §19
func TestClusterSurvivesRandomFaults(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := inproc.NewClusterOn(inproc.Config{Seed: rapid.Uint64().Draw(t, "seed"), Latency: time.Millisecond, Jitter: 3 * time.Millisecond})
		defer c.Close()
		steps, calm := 0, false
		c.AfterStep(func() {
			if steps++; !calm && steps%4 == 0 || steps%50 == 0 {
				require.NoError(t, c.Check())
			}
		})
		c.AddMaster(master.Config{})
		agents := []msg.Node{"agent-1", "agent-2"}
		add := func(name msg.Node) {
			c.AddAgent(name, machine(), workers, func(cfg *agent.Config) { cfg.Timeouts.ExecutorRecovery = time.Minute })
		}
		for _, name := range agents {
			add(name)
		}
		var frameworks []*steady
		var drivers []framework.Driver
		for i, r := range []role.Name{"web", "batch"} {
			s := &steady{want: 2, live: map[msg.TaskID]bool{}, name: string(r)}
			f := info(r)
			f.FailoverTimeout, f.Checkpoint = time.Hour, i == 0
			frameworks = append(frameworks, s)
			drivers = append(drivers, c.AddScheduler(f, s))
		}
		others := []msg.Node{"agent-1", "agent-2", "scheduler-1", "scheduler-2"}
		for range rapid.IntRange(0, 8).Draw(t, "faults") {
			peer := rapid.SampledFrom(others).Draw(t, "peer")
			switch rapid.SampledFrom([]string{"cut", "heal", "break", "stall", "resume", "kill", "wait", "executor", "end", "leader", "store", "restart", "restart", "disk"}).Draw(t, "fault") {
			case "cut":
				c.Network().Cut(peer, "master")
			case "heal":
				c.Network().Heal(peer, "master")
			case "break":
				c.Network().Break(peer, "master")
			case "stall":
				c.Network().Stall(peer, "master")
			case "resume":
				c.Network().Resume(peer, "master")
			case "kill": // the agent's process; its executors stay
				if name := rapid.SampledFrom(agents).Draw(t, "agent"); c.Agent(name) != nil {
					c.Kill(name)
					add(name)
				}
			case "restart": // the same, and it comes back with its checkpoint
				c.RestartAgent(rapid.SampledFrom(agents).Draw(t, "agent"))
			case "disk": // of an agent
				fault := rapid.SampledFrom([]host.StoreFault{{Lost: true}, {Err: errors.New("disk")}, {Lost: true, Err: errors.New("disk")},
					{Delay: 3 * time.Second}, {Delay: 30 * time.Second}, {Delay: 5 * time.Second, Late: true}}).Draw(t, "disk fault")
				c.FailRecords(func(msg.Node, int) (f host.StoreFault) {
					c.FailRecords(nil)
					return fault
				})
			case "leader": // another one takes over
				c.Kill("master")
			case "store":
				commit := rapid.IntRange(1, 4).Draw(t, "commit")
				fault := rapid.SampledFrom([]host.StoreFault{{Lost: true}, {Err: errors.New("disk")}, {Lost: true, Err: errors.New("disk")},
					{Delay: 3 * time.Second}, {Delay: 30 * time.Second}, {Delay: 5 * time.Second, Late: true}}).Draw(t, "store fault")
				c.FailCommits(func(n int) (f host.StoreFault) {
					if n >= commit {
						f = fault
						c.FailCommits(nil)
					}
					return f
				})
			case "executor":
				for _, n := range c.Nodes() {
					if len(n) > len("scheduler-1")+2 {
						c.Kill(n)
						break
					}
				}
			case "end":
				i := rapid.IntRange(0, 1).Draw(t, "framework")
				for _, id := range slices.Sorted(maps.Keys(frameworks[i].live)) {
					_ = drivers[i].Kill(id, "", msg.KillPolicy{})
				}
			}
			c.Advance(time.Duration(rapid.Int64Range(0, 60).Draw(t, "seconds")) * time.Second)
			if c.Master() == nil {
				c.AddMaster(master.Config{})
			}
			restartEnded(c, agents)
		}
		c.FailCommits(nil)
		c.FailRecords(nil)
		for _, peer := range others {
			c.Network().Heal(peer, "master")
			c.Network().Resume(peer, "master")
		}
		calm = true
		c.Advance(time.Minute)
		restartEnded(c, agents)
		if c.Master() == nil { // its last commit was never answered
			c.AddMaster(master.Config{})
		}
		c.Advance(12 * time.Minute)
		for _, s := range frameworks {
			require.GreaterOrEqual(t, len(s.live), s.want, "%s has what it wants again, or more: what was lost may come back", s.name)
		}
		for i, d := range drivers {
			frameworks[i].done = true
			d.Stop(false)
		}
		c.Advance(time.Minute)
		require.Equal(t, []msg.Node{"agent-1", "agent-2", "master"}, c.Nodes(), "no executor outlives its framework")
		require.NoError(t, c.Check())
		require.NoError(t, c.Err())
	})
}
