package framework_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer"
	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

func pick[T any](t *rapid.T, name string, of ...T) T { return rapid.SampledFrom(of).Draw(t, name) }

func randomMessage(t *rapid.T) msg.Message {
	st := msg.TaskStatus{
		Task:  pick[msg.TaskID](t, "task", "t1", "t2", ""),
		State: msg.TaskState(pick(t, "state", 0, 1, 1, 2, 2, 6, 10, 99)),
		UUID:  msg.UUID{byte(rapid.IntRange(0, 3).Draw(t, "uuid"))},
	}
	e := msg.ExecutorRef{Framework: pick[offer.FrameworkID](t, "framework", "", "F1", "F2"), Agent: "S1", Executor: "e1"}
	roles := pick(t, "roles", nil, []role.Name{"a"}, []role.Name{"b", "a"}, []role.Name{"z"})
	return pick[msg.Message](t, "message",
		msg.Subscribed{Framework: "F1", HeartbeatInterval: pick(t, "heartbeat", 0, time.Second, -1)}, msg.Subscribed{Framework: "F2"},
		msg.Subscribed{}, msg.Offers{Offers: []msg.Offer{{ID: "O1"}}}, msg.Rescind{Offer: "O1"}, msg.Update{Status: st},
		msg.FromExecutor{Executor: e}, msg.Failure{Agent: "S1"}, msg.Failure{Agent: "S1", Executor: "e1"}, msg.Heartbeat{},
		msg.Accept{Operations: []msg.Operation{msg.Launch(msg.TaskInfo{ID: "t1"}), {}}}, msg.Decline{}, msg.Kill{Task: "t1"},
		msg.ShutdownExecutor{Executor: e}, msg.Acknowledge{UUID: st.UUID}, msg.Reconcile{}, msg.ToExecutor{Executor: e},
		msg.Suppress{Roles: roles}, msg.Revive{Roles: roles}, msg.UpdateFramework{Framework: msg.FrameworkInfo{Roles: roles, User: "u"}},
		msg.ExecutorSubscribed{}, msg.LaunchOnExecutor{Tasks: []msg.TaskInfo{{ID: "t1"}, {ID: "t2"}}}, msg.KillOnExecutor{Task: "t1"},
		msg.ExecutorMessage{}, msg.UpdateAcked{Task: st.Task, UUID: st.UUID}, msg.ExecutorUpdate{Status: st},
		pick[msg.Message](t, "rare", msg.Error{Message: "x"}, msg.ExecutorShutdown{}, nil, msg.Ping{}, msg.Heartbeat{}, msg.Heartbeat{}),
	)
}

func randomInput(t *rapid.T, peer msg.Node) msg.Input {
	link := msg.Link(pick(t, "link", 1, 1, 1, 1, 2, 2, 3, 0))
	other := pick[msg.Node](t, "peer", peer, peer, peer, "m2", "")
	switch rapid.IntRange(0, 20).Draw(t, "input") {
	case 0:
		return msg.Leader{Master: pick[msg.Node](t, "leader", "p", "p", "p", "m2", "")}
	case 1, 2, 3:
		return msg.LinkUp{Link: link, Peer: other}
	case 4:
		return msg.LinkDown{Link: link, Peer: other}
	case 5, 6:
		return msg.Tick{}
	case 7:
		return pick[msg.Input](t, "end", msg.StopDriver{}, msg.StopDriver{Failover: true}, msg.AbortDriver{}, msg.Tick{}, msg.Tick{},
			msg.Tick{}, msg.StopAgent{}, nil)
	case 8, 9, 10, 11, 12:
		return msg.Call{Body: randomMessage(t)}
	}
	return msg.Envelope{Link: link, Body: randomMessage(t)}
}

func randomTime(t *rapid.T, now offer.Time, next func() (offer.Time, bool)) offer.Time {
	if at, on := next(); on && pick(t, "to the deadline", false, false, true) {
		return max(now, at)
	}
	return now.Add(time.Duration(rapid.IntRange(-100, 20_000).Draw(t, "ms")) * time.Millisecond)
}

// session is what both kinds are.
type session[Ready any] interface {
	Step(offer.Time, msg.Input) error
	Ready(*Ready) bool
	NextDeadline() (offer.Time, bool)
	Check() error
}

// twins are two sessions that are told the same.
type twins[Ready any] struct {
	a, b     session[Ready]
	done     func(*Ready) bool // looks at the effects, and reports whether the session has ended with them
	now      offer.Time
	ra, rb   Ready
	finished bool
}

// step: what is refused has no effect, what has ended has none, and equal inputs have equal ones.
func (p *twins[Ready]) step(t require.TestingT, in msg.Input) {
	errA, errB := p.a.Step(p.now, in), p.b.Step(p.now, in)
	require.Equal(t, errA, errB)
	require.NoError(t, p.a.Check(), "after %T %+v", in, in)
	effects := p.a.Ready(&p.ra)
	p.b.Ready(&p.rb)
	require.Equal(t, fmt.Sprint(p.ra), fmt.Sprint(p.rb))
	require.False(t, errA != nil && effects, "refused %T has effects", in)
	require.False(t, p.finished && effects, "effects after Done")
	p.finished = p.done(&p.ra) || p.finished
}

// storm is anything, in any order.
func (p *twins[Ready]) storm(t *rapid.T) {
	for range rapid.IntRange(1, 80).Draw(t, "steps") {
		p.now = randomTime(t, p.now, p.a.NextDeadline)
		p.step(t, randomInput(t, "p"))
	}
}

// callback rules that hold in every run (docs/protocol.md §17).
type order struct{ connected, ever, closing, over bool }

func (o *order) see(t require.TestingT, line string) {
	require.False(t, o.over, "%s after the end", line)
	require.False(t, o.closing && line != "error", "%s after Shutdown", line)
	switch line {
	case "registered":
		require.False(t, o.ever)
		o.ever, o.connected = true, true
	case "reregistered":
		require.True(t, o.ever)
		require.False(t, o.connected)
		o.connected = true
	case "disconnected":
		require.True(t, o.connected, "disconnected twice")
		o.connected = false
	case "event":
		require.True(t, o.connected, "an event while disconnected")
	case "shutdown":
		o.closing = true
	case "error":
		o.over = true
	}
}

// docs/protocol.md §17: whatever comes, in whatever order, nothing panics, refused inputs have no effect, the callbacks
// keep their order, and equal inputs give equal outputs.
func TestNothingUpsetsAScheduler(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := schedulerConfig()
		cfg.ExplicitAck = rapid.Bool().Draw(t, "explicit")
		cfg.Framework.FailoverTimeout = pick(t, "failover", 0, time.Nanosecond, time.Minute)
		a, err := framework.NewScheduler(cfg)
		require.NoError(t, err)
		b, err := framework.NewScheduler(cfg)
		require.NoError(t, err)
		var o order
		p := twins[framework.SchedulerReady]{a: a, b: b, done: func(r *framework.SchedulerReady) bool {
			for _, c := range r.Callbacks {
				o.see(t, schedulerLine(c))
			}
			return r.Done
		}}
		if pick(t, "prelude", true, true, false) {
			for _, in := range []msg.Input{
				msg.Leader{Master: "p"}, msg.LinkUp{Link: 1, Peer: "p"}, msg.Envelope{Link: 1, Body: msg.Subscribed{Framework: "F1"}},
			} {
				p.step(t, in)
			}
		}
		p.storm(t)
	})
}

func schedulerLine(c framework.Callback) string {
	switch c := c.(type) {
	case framework.OnRegistered:
		return "registered"
	case framework.OnReregistered:
		return "reregistered"
	case framework.OnDisconnected:
		return "disconnected"
	case framework.OnError:
		return "error"
	case framework.OnStatus:
		if c.Status.Reason == msg.ReasonMasterDisconnected {
			return "local"
		}
	}
	return "event"
}

// docs/protocol.md §17: the same for executors.
func TestNothingUpsetsAnExecutor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := executorConfig()
		cfg.Agent, cfg.MaxUpdates = "p", 3
		cfg.Checkpoint = rapid.Bool().Draw(t, "checkpoint")
		a, err := framework.NewExecutor(cfg)
		require.NoError(t, err)
		b, err := framework.NewExecutor(cfg)
		require.NoError(t, err)
		var o order
		p := twins[framework.ExecutorReady]{a: a, b: b, done: func(r *framework.ExecutorReady) bool {
			for _, c := range r.Callbacks {
				o.see(t, executorLine(c))
			}
			return r.Done
		}}
		if pick(t, "prelude", true, true, false) {
			for _, in := range []msg.Input{
				msg.Tick{}, msg.LinkUp{Link: 1, Peer: "p"}, msg.Envelope{Link: 1, Body: msg.ExecutorSubscribed{}},
			} {
				p.step(t, in)
			}
		}
		p.storm(t)
	})
}

func executorLine(c framework.ExecutorCallback) string {
	switch c.(type) {
	case framework.OnExecutorRegistered:
		return "registered"
	case framework.OnExecutorReregistered:
		return "reregistered"
	case framework.OnExecutorDisconnected:
		return "disconnected"
	case framework.OnShutdown:
		return "shutdown"
	case framework.OnExecutorError:
		return "error"
	}
	return "event"
}
