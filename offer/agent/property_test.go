package agent_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/reservation"
	"github.com/proffer-go/proffer/resource"
)

// chaos steps anything into a machine: right, wrong, malformed, out of order, from strangers.
type chaos struct {
	m      *agent.Machine
	now    offer.Time
	rd     agent.Ready
	stops  map[msg.ContainerID]bool
	starts []agent.Start
	work   []uint64
	uuids  []msg.UUID
	inputs []timed
	ended  bool
	trace  string
}

type timed struct {
	now offer.Time
	in  msg.Input
}

func newChaos(t require.TestingT) *chaos {
	m, err := agent.New(chaosConfig())
	require.NoError(t, err)
	return &chaos{m: m, stops: map[msg.ContainerID]bool{}}
}

func chaosConfig() agent.Config {
	cfg := config()
	cfg.Bounds = agent.Bounds{Links: 6, Frameworks: 2, Tasks: 8, Operations: 3, UpdatesPerTask: 3, Updates: 6, DataBytes: 4}
	cfg.Info.Resources = cfg.Info.Resources.Add(volume("v3", "x", 5))
	return cfg
}

func pick[T any](t *rapid.T, name string, of ...T) T { return rapid.SampledFrom(of).Draw(t, name) }

// step applies in and compares what a refusal left behind.
func (c *chaos) step(t require.TestingT, in msg.Input) {
	before := c.state()
	c.inputs = append(c.inputs, timed{c.now, in})
	err := c.m.Step(c.now, in)
	require.NoError(t, c.m.Check(), "after %T %+v", in, in)
	any := c.m.Ready(&c.rd)
	if err != nil {
		require.Equal(t, before, c.state(), "refused %T %+v: %v", in, in, err)
		require.False(t, any, "refused %T %+v has effects", in, in)
	}
	c.trace += fmt.Sprintf("%v\n", c.rd)
	c.starts = append(c.starts, c.rd.Starts...)
	for _, s := range c.rd.Stops {
		require.False(t, c.stops[s.Container], "stopped twice")
		c.stops[s.Container] = true
	}
	for _, v := range c.rd.Volumes {
		c.work = append(c.work, v.Seq)
	}
	for _, e := range c.rd.Sends {
		if u, ok := e.Body.(msg.StatusUpdate); ok {
			require.False(t, u.Status.UUID.IsZero())
			require.NotEqual(t, msg.TaskStaging, u.Status.State)
			c.uuids = append(c.uuids, u.Status.UUID)
		}
	}
	c.ended = c.ended || c.rd.Exit
}

// prelude gets most runs to where something can happen: admitted, with a subscribed executor.
func (c *chaos) prelude(t *rapid.T) {
	if pick(t, "from nothing", false, false, false, true) {
		return
	}
	c.step(t, msg.Leader{Master: "m1"})
	c.step(t, msg.LinkUp{Link: 1, Peer: "m1"})
	c.now, _ = c.m.NextDeadline()
	c.step(t, msg.Tick{})
	c.step(t, msg.Envelope{Link: 1, Body: msg.AgentRegistered{Agent: "S1", PingTimeout: time.Minute}})
	b := run(true, "t1")
	b.Framework.Checkpoint = rapid.Bool().Draw(t, "checkpoint")
	c.step(t, msg.Envelope{Link: 1, Body: b})
	c.step(t, msg.LinkUp{Link: 2, Peer: "x"})
	s := c.starts[0]
	c.step(t, msg.Envelope{Link: 2, Body: msg.SubscribeExecutor{Framework: "F1", Executor: "e1", Container: s.Container}})
}

// likely is a link that b may come by: mostly the right one.
func likely(t *rapid.T, b msg.Message) msg.Link {
	right := msg.Link(1)
	switch b.(type) {
	case msg.ExecutorUpdate, msg.ExecutorMessage:
		right = 2
	case msg.SubscribeExecutor:
		right = 3
	}
	return pick(t, "link", right, right, right, right, 1, 2, 3, 4, 0)
}

func (c *chaos) state() string {
	return fmt.Sprint(c.m.ID(), c.m.State(), c.m.Total(), c.m.Tasks(), c.m.Executors(), c.m.Frameworks())
}

func (c *chaos) task(t *rapid.T) msg.TaskInfo {
	i := msg.TaskInfo{ID: pick[msg.TaskID](t, "task", "t1", "t2", "t3", "t4", "../x")}
	i.Resources = pick(t, "resources", resource.Resources{}, resource.MustParse("cpus:1"), resource.MustParse("cpus:100"),
		volume("v1", "d", 5), volume("v2", "d", 5), volume("v2", "d/e", 5), volume("v3", "../up", 5), volume("v3", "x", 5))
	if pick(t, "command", false, false, true) {
		i.Command = &msg.CommandInfo{Value: "x"}
	}
	return i
}

func (c *chaos) framework(t *rapid.T) msg.FrameworkInfo {
	return msg.FrameworkInfo{
		ID:           pick[offer.FrameworkID](t, "framework", "F1", "F1", "F1", "F1", "F2", "F3", ""),
		Capabilities: msg.Capabilities{PartitionAware: rapid.Bool().Draw(t, "pa")},
		Checkpoint:   rapid.Bool().Draw(t, "checkpoint"),
	}
}

func (c *chaos) uuid(t *rapid.T) msg.UUID {
	return rapid.SampledFrom(append([]msg.UUID{{}, {1}, {2}, {3}}, c.uuids...)).Draw(t, "uuid")
}

func (c *chaos) container(t *rapid.T) (msg.ContainerID, offer.FrameworkID, msg.ExecutorID) {
	s := rapid.SampledFrom(append([]agent.Start{{}}, c.starts...)).Draw(t, "start")
	return s.Container, s.Framework.ID, s.Executor.ID
}

func (c *chaos) status(t *rapid.T) msg.TaskStatus {
	return msg.TaskStatus{
		Task:  pick[msg.TaskID](t, "task", "t1", "t1", "t2", "t3", "t4", ""),
		State: msg.TaskState(pick(t, "state", 1, 1, 1, 0, 8, 2, 3, 4, rapid.IntRange(0, 15).Draw(t, "any state"))),
		UUID:  msg.UUID{byte(rapid.IntRange(0, 9).Draw(t, "n"))},
		Data:  make([]byte, pick(t, "data", 0, 0, 5)),
	}
}

func (c *chaos) message(t *rapid.T) msg.Message {
	f, exec := c.framework(t), pick[msg.ExecutorID](t, "executor", "e1", "e1", "e1", "e2", "t1", "")
	id := pick[msg.TaskID](t, "task", "t1", "t2", "t3", "t4", "")
	switch rapid.IntRange(0, 19).Draw(t, "message") {
	case 0:
		return msg.AgentRegistered{Agent: pick[offer.AgentID](t, "agent", "S1", "S1", "S1", ""), PingTimeout: time.Minute}
	case 1:
		return msg.AgentReregistered{Agent: "S1", Reconcile: []msg.RunningTask{{Framework: f.ID, Task: id, Executor: exec}}}
	case 2:
		return msg.Ping{Connected: pick(t, "connected", true, true, false)}
	case 3, 4, 5, 6:
		b := msg.RunTasks{
			Framework: f, Role: "etl", Executor: msg.ExecutorInfo{ID: exec}, Group: rapid.Bool().Draw(t, "group"),
			LaunchExecutor: rapid.Bool().Draw(t, "launch"),
		}
		if pick(t, "executor's volume", false, false, true) {
			b.Executor.Resources = volume("v1", "mine", 5)
		}
		for range rapid.IntRange(0, 3).Draw(t, "tasks") {
			b.Tasks = append(b.Tasks, c.task(t))
		}
		return b
	case 7:
		return msg.KillTask{Framework: f.ID, Task: id}
	case 8:
		return msg.StopExecutor{Framework: f.ID, Executor: exec}
	case 9:
		return msg.FrameworkUpdated{Framework: f}
	case 10, 11:
		return msg.StatusAck{Framework: f.ID, Task: id, UUID: c.uuid(t)}
	case 12:
		v := pick(t, "volume", volume("v1", "d", 5), volume("v2", "d", 5).Add(volume("v4", "d", 6)))
		return msg.ApplyOperation{UUID: msg.UUID{1}, Op: pick[reservation.Op](t, "op",
			nil, reservation.Create{Volumes: v}, reservation.Create{Volumes: v}, reservation.Destroy{Volumes: v}, reserve("", "cpus(etl):1"))}
	case 13:
		return msg.ToExecutor{Executor: msg.ExecutorRef{Framework: f.ID, Executor: exec}, Data: make([]byte, pick(t, "data", 1, 5))}
	case 14, 15:
		cont, fid, eid := c.container(t)
		b := msg.SubscribeExecutor{Framework: fid, Executor: eid, Container: cont}
		if rapid.Bool().Draw(t, "with updates") {
			b.Updates = []msg.TaskStatus{c.status(t), c.status(t)}
			b.Tasks = []msg.TaskInfo{{ID: id}}
		}
		return b
	case 16, 17:
		return msg.ExecutorUpdate{Status: c.status(t)}
	case 18:
		return msg.ExecutorMessage{Data: make([]byte, pick(t, "data", 1, 5))}
	}
	return pick[msg.Message](t, "other", msg.ShutdownFramework{Framework: f.ID}, msg.Subscribe{}, msg.Heartbeat{}, nil)
}

func (c *chaos) input(t *rapid.T) msg.Input {
	cont, _, _ := c.container(t)
	link := msg.Link(rapid.IntRange(0, 9).Draw(t, "link"))
	switch rapid.IntRange(0, 40).Draw(t, "input") {
	case 0:
		return msg.Leader{Master: pick[msg.Node](t, "leader", "m1", "m1", "m1", "m2", "")}
	case 1, 2:
		return msg.LinkUp{Link: link, Peer: pick[msg.Node](t, "peer", "m1", "m1", "x", "m2")}
	case 4:
		return msg.LinkDown{Link: link, Peer: pick[msg.Node](t, "peer", "m1", "x", "m2")}
	case 5, 6:
		return msg.Started{Container: cont}
	case 7:
		return pick[msg.Input](t, "end", msg.StartFailed{Container: cont, Err: "x"}, msg.Exited{Container: cont, Status: 1}, msg.Tick{},
			msg.Exited{Container: cont, Status: 9, Reason: pick(t, "why", msg.ReasonContainerPreempted, msg.ReasonContainerLimitation, "x"), Message: "\xff"})
	case 8, 9, 10, 11:
		return msg.VolumeDone{Seq: rapid.SampledFrom(append([]uint64{0, 99}, c.work...)).Draw(t, "seq"), Err: pick(t, "err", "", "", "bad")}
	case 12, 13:
		c.now = c.now.Add(time.Duration(rapid.IntRange(-1000, 100_000).Draw(t, "ms")) * time.Millisecond)
		return msg.Tick{}
	case 14:
		if at, on := c.m.NextDeadline(); on {
			c.now = max(c.now, at)
		}
		return msg.Tick{}
	case 15:
		return pick[msg.Input](t, "foreign", msg.Call{}, msg.Operate{}, nil)
	}
	b := c.message(t)
	return msg.Envelope{Link: likely(t, b), Body: b}
}

// docs/protocol.md §19: whatever comes, in whatever order, nothing panics, nothing is half applied, the books agree; and
// equal inputs give equal outputs.
func TestNothingUpsetsAnAgent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := newChaos(t), newChaos(t)
		a.prelude(t)
		for _, in := range a.inputs {
			b.now = in.now
			b.step(t, in.in)
		}
		n := rapid.IntRange(1, 150).Draw(t, "steps")
		for range n {
			in := a.input(t)
			b.now = a.now
			a.step(t, in)
			b.step(t, in)
			require.Equal(t, a.trace, b.trace)
			a.trace, b.trace = "", ""
		}
	})
}

// docs/protocol.md §2: whatever runs, an agent that is told to stop ends when its containers have.
func TestEveryAgentEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newChaos(t)
		c.prelude(t)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			c.step(t, c.input(t))
		}
		c.step(t, msg.StopAgent{})
		for range 100 {
			for _, s := range c.starts {
				if c.stops[s.Container] {
					c.step(t, msg.Exited{Container: s.Container})
				}
			}
			at, on := c.m.NextDeadline()
			if c.ended || !on {
				break
			}
			c.now = max(c.now, at)
			c.step(t, msg.Tick{})
		}
		require.True(t, c.ended)
		require.Equal(t, agent.Stopped, c.m.State())
	})
}
