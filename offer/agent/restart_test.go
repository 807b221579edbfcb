package agent_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
)

// mortal is a chaos whose agent keeps a checkpoint on a slow disk, and dies at any moment: what the disk has not answered
// is there as far as the first few records go.
type mortal struct {
	chaos
	runs    byte
	disk    *agent.Memory
	pending []agent.Record
	subs    map[msg.Link]msg.ExecutorRef // executors
	ending  map[offer.FrameworkID]bool   // whose updates are not kept any more
	entries map[string]msg.Kept          // what the disk holds
	queue   []msg.StatusAck              // of what was sent

	saved    map[string]bool // frameworks, containers, tasks and updates that were ever on disk
	acked    map[string]bool // updates whose acknowledgement is on disk
	launched map[string]bool // tasks that went to an executor and are not forgotten
}

func newMortal(t *rapid.T) *mortal {
	c := &mortal{disk: agent.NewMemory(), saved: map[string]bool{}, acked: map[string]bool{}, launched: map[string]bool{},
		entries: map[string]msg.Kept{}}
	c.start(t)
	return c
}

// start runs the agent, anew or again.
func (c *mortal) start(t *rapid.T) {
	c.runs++
	cfg := chaosConfig()
	cfg.Bounds.UpdatesPerTask, cfg.Bounds.Updates = 20, 40
	cfg.Entropy[15], cfg.Checkpoint = c.runs, true
	m, err := agent.New(cfg)
	require.NoError(t, err)
	c.m, c.stops, c.subs, c.pending, c.work = m, map[msg.ContainerID]bool{}, map[msg.Link]msg.ExecutorRef{}, nil, nil
	c.ending = map[offer.FrameworkID]bool{}
	c.step(t, msg.Restored{Entries: c.all(t)})
	require.NoError(t, c.rd.Err, "what an agent wrote it can read")
}

func (c *mortal) all(t require.TestingT) (out []msg.Entry) {
	require.NoError(t, c.disk.Load(context.Background(), func(k string, v []byte) error {
		out = append(out, msg.Entry{Key: k, Value: v})
		return nil
	}))
	return out
}

// save has the disk take the first n records that wait.
func (c *mortal) save(t require.TestingT, n int) {
	require.NoError(t, c.disk.Save(context.Background(), c.pending[:n]))
	for _, r := range c.pending[:n] {
		c.note(t, r)
	}
	c.pending = c.pending[n:]
}

func (c *mortal) note(t require.TestingT, r agent.Record) {
	if r.Delete {
		if k, ok := c.entries[r.Key].(msg.KeptTask); ok {
			c.forgotten(name(k.Framework, k.Info.ID))
		}
		delete(c.entries, r.Key)
		return
	}
	k, err := msg.UnmarshalKept(r.Value)
	require.NoError(t, err)
	c.entries[r.Key] = k
	switch k := k.(type) {
	case msg.KeptFramework:
		c.saved[string(k.Info.ID)] = true
	case msg.KeptExecutor:
		c.saved[string(k.Container)] = true
	case msg.KeptTask:
		c.saved[name(k.Framework, k.Info.ID)] = true
	case msg.KeptUpdate:
		u := name(k.Framework, k.Status.Task, k.Status.UUID)
		c.saved[u] = true
		if k.Acked {
			c.acked[u] = true
		}
	}
}

// forgotten lets a task's name begin anew.
func (c *mortal) forgotten(task string) {
	for _, of := range []map[string]bool{c.acked, c.launched} {
		for k := range of {
			if k == task || len(k) > len(task) && k[:len(task)+1] == task+"/" {
				delete(of, k)
			}
		}
	}
}

func name(parts ...any) string {
	s := fmt.Sprint(parts[0])
	for _, p := range parts[1:] {
		s += "/" + fmt.Sprint(p)
	}
	return s
}

// answer lets the disk answer for the first n records that wait.
func (c *mortal) answer(t require.TestingT, n int) {
	seq := c.pending[n-1].Seq
	before := map[string]bool{}
	for k := range c.acked {
		before[k] = true
	}
	c.save(t, n)
	c.steps(t, msg.Recorded{Seq: seq}, before)
}

func (c *mortal) step(t require.TestingT, in msg.Input) { c.steps(t, in, c.acked) }

// steps steps in, and holds what the agent lets out against what is on disk; acked are the updates that were acknowledged
// there before.
func (c *mortal) steps(t require.TestingT, in msg.Input, acked map[string]bool) {
	before := c.state()
	err := c.m.Step(c.now, in)
	require.NoError(t, c.m.Check(), "after %T %+v", in, in)
	any := c.m.Ready(&c.rd)
	if err != nil {
		require.Equal(t, before, c.state(), "refused %T %+v: %v", in, in, err)
		require.False(t, any, "refused %T %+v has effects", in, in)
		return
	}
	c.heard(in)
	c.pending = append(c.pending, c.rd.Records...)
	c.ended = c.ended || c.rd.Exit
	for _, v := range c.rd.Volumes {
		c.work = append(c.work, v.Seq)
	}
	for _, s := range c.rd.Starts {
		require.True(t, !s.Framework.Checkpoint || c.saved[string(s.Container)] && c.saved[string(s.Framework.ID)],
			"%s starts and is not on disk", s.Executor.ID)
		c.starts = append(c.starts, s)
	}
	for _, s := range c.rd.Stops {
		require.False(t, c.stops[s.Container], "stopped twice")
		c.stops[s.Container] = true
	}
	for _, e := range c.rd.Sends {
		c.sent(t, e, acked)
	}
	for _, e := range c.rd.Events {
		if e.Kind == agent.EventFrameworkRemoved {
			delete(c.ending, e.Framework)
		}
	}
}

func (c *mortal) heard(in msg.Input) {
	if e, ok := in.(msg.Envelope); ok {
		if s, ok := e.Body.(msg.SubscribeExecutor); ok {
			c.subs[e.Link] = msg.ExecutorRef{Framework: s.Framework, Executor: s.Executor}
		}
		if s, ok := e.Body.(msg.ShutdownFramework); ok {
			c.ending[s.Framework] = true
		}
	}
}

func (c *mortal) sent(t require.TestingT, e msg.Envelope, acked map[string]bool) {
	switch b := e.Body.(type) {
	case msg.StatusUpdate:
		c.uuids = append(c.uuids, b.Status.UUID)
		c.queue = append(c.queue, msg.StatusAck{Framework: b.Framework, Task: b.Status.Task, UUID: b.Status.UUID})
		u := name(b.Framework, b.Status.Task, b.Status.UUID)
		if c.recorded(b.Framework, b.Status.Task) {
			require.True(t, c.saved[u], "%s is sent and not on disk", u)
			require.False(t, acked[u], "%s was acknowledged, and is sent again", u)
		}
	case msg.UpdateAcked:
		e := c.subs[e.Link]
		k, ok := c.entries[name("task", e.Framework, b.Task)].(msg.KeptTask)
		if ok && k.Executor == e.Executor && !c.over(k) && !c.ending[e.Framework] {
			require.True(t, c.saved[name(e.Framework, b.Task, b.UUID)], "%v of %s is acknowledged and not on disk", b.UUID, b.Task)
		}
	case msg.LaunchOnExecutor:
		for _, i := range b.Tasks {
			task := name(c.subs[e.Link].Framework, i.ID)
			if c.recorded(c.subs[e.Link].Framework, i.ID) {
				require.False(t, c.launched[task], "%s runs twice", task)
				c.launched[task] = true
			}
		}
	case msg.ReregisterAgent:
		require.Contains(t, c.entries, "agent")
	}
}

// recorded reports whether a task is on disk.
func (c *mortal) recorded(f offer.FrameworkID, id msg.TaskID) bool {
	return c.entries[name("task", f, id)] != nil
}

// over reports whether a task's end is on disk.
func (c *mortal) over(k msg.KeptTask) bool {
	us := c.updates(k)
	return len(us) > 0 && us[len(us)-1].Status.State.Terminal()
}

func (c *mortal) updates(k msg.KeptTask) (out []msg.KeptUpdate) {
	for _, e := range c.entries {
		if u, ok := e.(msg.KeptUpdate); ok && u.Framework == k.Framework && u.Status.Task == k.Info.ID {
			out = append(out, u)
		}
	}
	slices.SortFunc(out, func(a, b msg.KeptUpdate) int { return int(a.N) - int(b.N) })
	return out
}

// crash ends the agent's process, and starts it again. Of its executors some have ended meanwhile.
func (c *mortal) crash(t *rapid.T) {
	c.save(t, rapid.IntRange(0, len(c.pending)).Draw(t, "written before the crash"))
	c.start(t)
	var adopt agent.Adopt
	if len(c.pending) > 0 && rapid.Bool().Draw(t, "die again") {
		return
	}
	if c.rd.Adopt != nil {
		adopt = *c.rd.Adopt
	}
	if len(c.pending) > 0 {
		c.answer(t, len(c.pending))
		if c.rd.Adopt != nil {
			adopt = *c.rd.Adopt
		}
	}
	for _, w := range slices.Clone(c.work) {
		c.step(t, msg.VolumeDone{Seq: w})
	}
	for _, id := range adopt.Containers {
		switch rapid.IntRange(0, 3).Draw(t, "executor") {
		case 0:
			c.step(t, msg.Exited{Container: id, Status: -1})
		case 1:
			c.step(t, msg.Started{Container: id})
		case 2:
			c.resubscribe(t, id)
		}
	}
	c.register(t)
}

func (c *mortal) resubscribe(t *rapid.T, id msg.ContainerID) {
	for _, e := range c.entries {
		k, ok := e.(msg.KeptExecutor)
		if !ok || k.Container != id {
			continue
		}
		l := msg.Link(rapid.IntRange(2, 4).Draw(t, "link"))
		c.step(t, msg.LinkUp{Link: l, Peer: "x"})
		b := msg.SubscribeExecutor{Framework: k.Info.Framework, Executor: k.Info.ID, Container: id}
		if rapid.Bool().Draw(t, "with updates") {
			b.Updates, b.Tasks = []msg.TaskStatus{c.status(t), c.status(t)}, []msg.TaskInfo{{ID: "t1"}}
		}
		c.step(t, msg.Envelope{Link: l, Body: b})
		return
	}
}

// register lets the recovery end, and the master admit the agent, if it is of that mind.
func (c *mortal) register(t *rapid.T) {
	c.now = c.now.Add(2 * time.Second)
	c.step(t, msg.Tick{})
	if len(c.pending) > 0 {
		c.answer(t, len(c.pending))
	}
	if !rapid.Bool().Draw(t, "register") {
		return
	}
	c.admit(t)
}

func (c *mortal) admit(t require.TestingT) {
	c.step(t, msg.Leader{Master: "m1"})
	c.flush(t)
	c.step(t, msg.LinkUp{Link: 1, Peer: "m1"})
	if at, on := c.m.NextDeadline(); on {
		c.now = max(c.now, at)
	}
	c.step(t, msg.Tick{})
	c.flush(t)
	c.step(t, msg.Envelope{Link: 1, Body: msg.AgentRegistered{Agent: "S1", PingTimeout: time.Minute}})
}

func (c *mortal) flush(t require.TestingT) {
	if len(c.pending) > 0 {
		c.answer(t, len(c.pending))
	}
}

func (c *mortal) life(t *rapid.T) {
	c.register(t)
	c.step(t, msg.Envelope{Link: 1, Body: keepRun(true, "t1")})
	c.flush(t)
	for _, s := range c.starts {
		c.step(t, msg.LinkUp{Link: 2, Peer: "x"})
		c.step(t, msg.Envelope{Link: 2, Body: msg.SubscribeExecutor{Framework: "F1", Executor: "e1", Container: s.Container}})
	}
	for range rapid.IntRange(1, 120).Draw(t, "steps") {
		switch {
		case len(c.pending) > 0 && rapid.IntRange(0, 2).Draw(t, "disk") == 0:
			c.answer(t, rapid.IntRange(1, len(c.pending)).Draw(t, "answers"))
		case len(c.queue) > 0 && rapid.IntRange(0, 2).Draw(t, "acknowledge") == 0:
			c.acknowledge(t)
		case c.ended || rapid.IntRange(0, 14).Draw(t, "crash") == 0:
			c.ended = false
			c.crash(t)
		default:
			c.step(t, c.input(t))
		}
	}
}

// acknowledge lets the scheduler acknowledge the update that was sent first.
func (c *mortal) acknowledge(t require.TestingT) {
	ack := c.queue[0]
	c.queue = c.queue[1:]
	c.step(t, msg.Envelope{Link: 1, Body: ack})
}

// docs/protocol.md §9, §19: an agent that dies at any moment, between a record and its answer too, and comes back: nobody
// has heard what was not on disk, what a scheduler acknowledged does not return, no task runs twice, and the books agree.
func TestAgentThatDiesAtAnyMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { newMortal(t).life(t) })
}

// docs/protocol.md §9, §19: after a last crash, with all executors gone, every update that was on disk and not acknowledged
// reaches the master, in the order of its task; when all are acknowledged nothing is left but the agent and its total.
func TestNoUpdateIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newMortal(t)
		c.life(t)
		c.save(t, rapid.IntRange(0, len(c.pending)).Draw(t, "written before the crash"))
		if c.entries["agent"] == nil {
			return // it said goodbye
		}
		want := map[string][]msg.UUID{}
		for key, e := range c.entries {
			if k, ok := e.(msg.KeptTask); ok {
				for _, u := range c.updates(k) {
					if !u.Acked {
						want[key] = append(want[key], u.Status.UUID)
					}
				}
			}
		}
		c.queue = nil
		c.start(t)
		adopt := c.rd.Adopt
		c.flush(t)
		if adopt == nil {
			adopt = c.rd.Adopt
		}
		for _, w := range slices.Clone(c.work) {
			c.step(t, msg.VolumeDone{Seq: w})
		}
		for _, id := range adopt.Containers {
			c.step(t, msg.Exited{Container: id})
			c.flush(t)
		}
		got := map[string][]msg.UUID{}
		c.admit(t)
		for range 1000 {
			sends := slices.Clone(c.rd.Sends)
			if len(c.pending) > 0 {
				c.flush(t)
				sends = append(sends, c.rd.Sends...)
			}
			for _, e := range sends {
				if u, ok := e.Body.(msg.StatusUpdate); ok {
					key := name("task", u.Framework, u.Status.Task)
					got[key] = append(got[key], u.Status.UUID)
				}
			}
			if len(c.queue) == 0 {
				break
			}
			c.acknowledge(t)
		}
		for key, uuids := range want {
			require.GreaterOrEqual(t, len(got[key]), len(uuids), key)
			require.Equal(t, uuids, got[key][:len(uuids)], key)
		}
		for key := range c.entries {
			require.Contains(t, []string{"agent", "total"}, key)
		}
	})
}
