package framework_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/proffer-go/proffer/offer/framework"
	"github.com/proffer-go/proffer/offer/msg"
	"github.com/proffer-go/proffer/role"
)

// schedulerEvents are all events of a stream but SUBSCRIBED, with the callbacks that each triggers.
var schedulerEvents = []struct {
	event msg.Message
	want  []string
}{
	{msg.Offers{Offers: []msg.Offer{{ID: "O1"}}}, []string{"ResourceOffers O1"}},
	{msg.Rescind{Offer: "O1"}, []string{"OfferRescinded O1"}},
	{msg.Update{Status: msg.TaskStatus{Task: "t1", State: msg.TaskLost}}, []string{"StatusUpdate t1 TASK_LOST "}},
	{msg.FromExecutor{Executor: msg.ExecutorRef{Agent: "S1", Executor: "e1"}, Data: []byte("hi")}, []string{"FrameworkMessage S1/e1 hi"}},
	{msg.Failure{Agent: "S1"}, []string{"AgentLost S1"}},
	{msg.Failure{Agent: "S1", Executor: "e1", Status: -1}, []string{"ExecutorLost F1/S1/e1 -1"}},
	{msg.Heartbeat{}, nil},
}

// driverCalls are all calls of a scheduler's driver that report an error, with the messages that each sends.
func driverCalls(r *rig) map[string]func() error {
	e := msg.ExecutorRef{Agent: "S1", Executor: "e1"}
	return map[string]func() error{
		"Accept":          func() error { return r.d.Accept([]msg.OfferID{"O1"}, nil, msg.Filters{}) },
		"Launch":          func() error { return r.d.Launch([]msg.OfferID{"O1"}, msg.Filters{}, msg.TaskInfo{ID: "t1"}) },
		"Decline":         func() error { return r.d.Decline(msg.Filters{}, "O1") },
		"Kill":            func() error { return r.d.Kill("t1", "", msg.KillPolicy{}) },
		"Shutdown":        func() error { return r.d.Shutdown(e) },
		"Acknowledge":     func() error { return r.d.Acknowledge(msg.TaskStatus{Task: "t1", UUID: msg.UUID{1}}) },
		"Reconcile":       func() error { return r.d.Reconcile() },
		"Suppress":        func() error { return r.d.Suppress("a") },
		"Revive":          func() error { return r.d.Revive("a") },
		"Message":         func() error { return r.d.Message(e, nil) },
		"UpdateFramework": func() error { return r.d.UpdateFramework(r.s.Framework()) },
	}
}

// docs/protocol.md §17 disconnected: leader lost or changed, stream closed, or 5 heartbeats missed, once per connection; then
// nothing until the next SUBSCRIBED, which is reregistered, once.
// docs/protocol.md §17 resourceOffers, offerRescinded, statusUpdate, frameworkMessage; agentLost, executorLost
func TestEachEndOfAConnection(t *testing.T) {
	for name, end := range map[string]func(*rig){
		"leader lost":      func(r *rig) { r.step(msg.Leader{}) },
		"leader changed":   func(r *rig) { r.step(msg.Leader{Master: "m1-next"}) },
		"stream closed":    func(r *rig) { r.step(msg.LinkDown{Link: r.link, Peer: "m1"}) },
		"heartbeats cease": func(r *rig) { require.Equal(r.t, 75*time.Second, r.tick()) },
	} {
		t.Run(name, func(t *testing.T) {
			r := subscribed(t)
			old := r.link
			for range 3 {
				end(r)
				require.Equal(t, []string{"Disconnected"}, r.calls)
				require.False(t, r.s.Connected())
				for _, e := range schedulerEvents {
					r.step(msg.Envelope{Link: old, Body: e.event})
					require.Empty(t, r.calls, "of the old stream")
				}
				r.step(msg.LinkDown{Link: old, Peer: "m1"})
				require.Empty(t, r.calls, "it ended before")
				r.step(msg.Leader{Master: "m1"})
				for len(r.last.Dials) == 0 {
					if _, waits := r.s.NextDeadline(); !waits {
						break // it dials already
					}
					r.tick()
				}
				r.up()
				for _, e := range schedulerEvents {
					r.master(e.event)
					require.Empty(t, r.calls, "before SUBSCRIBED")
				}
				r.master(msg.Subscribed{Framework: "F1", HeartbeatInterval: 15 * time.Second, Master: masterInfo})
				require.Equal(t, []string{"Reregistered M"}, r.calls)
				for _, e := range schedulerEvents {
					r.master(e.event)
					require.Equal(t, e.want, r.calls)
				}
				old = r.link
			}
		})
	}
}

// docs/protocol.md §17 before registered there is no disconnected: attempts that fail are nobody's business.
func TestNoCallbackBeforeRegistered(t *testing.T) {
	r := newRig(t)
	r.step(msg.Leader{Master: "m1"})
	for range 3 {
		r.up()
		r.step(msg.LinkDown{Link: r.link, Peer: "m1"})
		require.Empty(t, r.calls)
		r.tick()
		r.step(msg.LinkDown{Peer: "m1", Cause: "refused"})
		require.Empty(t, r.calls)
		r.tick()
	}
	r.step(msg.Leader{})
	require.Empty(t, r.calls)
}

// docs/protocol.md §17 driver status: after stop, abort or ERROR no callback, no message, no deadline; every call does nothing
// and tells the status. stop(failover=false) sends TEARDOWN, the others nothing; all let the link go.
// docs/protocol.md §17 error
func TestNothingAfterTheEnd(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(*rig)
		status msg.DriverStatus
		sends  []msg.Message
	}{
		"stop":          {func(r *rig) { r.d.Stop(false); r.flush() }, msg.DriverStopped, []msg.Message{msg.Teardown{}}},
		"stop failover": {func(r *rig) { r.d.Stop(true); r.flush() }, msg.DriverStopped, nil},
		"abort":         {func(r *rig) { r.d.Abort(); r.flush() }, msg.DriverAborted, nil},
		"error":         {func(r *rig) { r.master(msg.Error{Message: "no"}) }, msg.DriverAborted, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := subscribed(t)
			c.end(r)
			require.Equal(t, c.sends, r.sent())
			require.Equal(t, []msg.Link{r.link}, r.last.Closes)
			require.True(t, r.done)
			require.Equal(t, c.status, r.s.Status())
			for call, do := range driverCalls(r) {
				var st *framework.StatusError
				require.ErrorAs(t, do(), &st, call)
				require.Equal(t, c.status, st.Status, call)
			}
			require.Equal(t, c.status, r.d.Stop(true))
			require.Equal(t, c.status, r.d.Abort())
			require.Empty(t, r.queue)
			inputs := []msg.Input{msg.LinkDown{Link: r.link}, msg.Leader{Master: "m2"}, msg.LinkUp{Link: 50, Peer: "m2"}, msg.Tick{}}
			for _, e := range schedulerEvents {
				inputs = append(inputs, msg.Envelope{Link: r.link, Body: e.event})
			}
			for _, in := range inputs {
				r.step(in)
				require.Empty(t, r.calls, "%T", in)
				require.Empty(t, r.last.Sends, "%T", in)
				require.Empty(t, r.last.Dials, "%T", in)
			}
			_, waits := r.s.NextDeadline()
			require.False(t, waits)
		})
	}
}

// docs/protocol.md §17 NOT_STARTED: calls before the start do nothing and tell the status.
func TestEveryCallBeforeTheStart(t *testing.T) {
	r := newRig(t)
	for call, do := range driverCalls(r) {
		var st *framework.StatusError
		require.ErrorAs(t, do(), &st, call)
		require.Equal(t, msg.DriverNotStarted, st.Status, call)
	}
	require.Equal(t, msg.DriverNotStarted, r.d.Stop(false))
	require.Equal(t, msg.DriverNotStarted, r.d.Abort())
	require.Empty(t, r.queue)
}

// docs/protocol.md §17 a call made inside a callback queues an input: the machine takes it after the callback, in order, whatever
// the callback was.
func TestCallsInsideCallbacks(t *testing.T) {
	for _, e := range schedulerEvents {
		if e.want == nil {
			continue
		}
		r := subscribed(t)
		r.on = func(string) {
			require.NoError(t, r.d.Suppress("a"))
			require.NoError(t, r.d.Revive("a"))
			require.Empty(t, r.last.Sends, "nothing is sent within the callback")
		}
		r.master(e.event)
		require.Equal(t, []msg.Message{msg.Suppress{Roles: []role.Name{"a"}}, msg.Revive{Roles: []role.Name{"a"}}}, r.sent())
	}
}

// docs/protocol.md §17 stop inside a callback: what was on its way already is not delivered.
func TestStopInsideACallback(t *testing.T) {
	r := subscribed(t)
	r.on = func(string) { r.d.Stop(true) }
	r.master(schedulerEvents[0].event)
	require.Len(t, r.calls, 1)
	r.master(schedulerEvents[1].event)
	require.Empty(t, r.calls)
	require.Equal(t, msg.DriverStopped, r.s.Status())
}

// executorEvents are all events to an executor but SUBSCRIBED and those that end it.
var executorEvents = []struct {
	event msg.Message
	want  []string
}{
	{msg.LaunchOnExecutor{Tasks: []msg.TaskInfo{{ID: "t1"}}}, []string{"LaunchTask t1"}},
	{msg.LaunchOnExecutor{Tasks: []msg.TaskInfo{{ID: "t2"}, {ID: "t3"}}}, []string{"LaunchTask t2", "LaunchTask t3"}},
	{msg.KillOnExecutor{Task: "t1"}, []string{"KillTask t1 0s"}},
	{msg.ExecutorMessage{Data: []byte("hi")}, []string{"FrameworkMessage hi"}},
	{msg.UpdateAcked{Task: "t1", UUID: msg.UUID{1}}, nil},
	{msg.Heartbeat{}, nil},
}

// docs/protocol.md §17 an executor's registered comes at the first SUBSCRIBED, disconnected and reregistered once for each
// connection after it; events of an old stream, or before SUBSCRIBED, trigger nothing.
// docs/protocol.md §17 launchTask, killTask, frameworkMessage
func TestEachConnectionOfAnExecutor(t *testing.T) {
	r := subscribedExecutor(t, func(c *framework.ExecutorConfig) { c.Checkpoint = true })
	for range 3 {
		for _, e := range executorEvents {
			r.agent(e.event)
			require.Equal(t, e.want, r.calls)
		}
		old := r.link
		r.step(msg.LinkDown{Link: old, Peer: "a1"})
		require.Equal(t, []string{"Disconnected"}, r.calls)
		for _, e := range executorEvents {
			r.step(msg.Envelope{Link: old, Body: e.event})
			require.Empty(t, r.calls)
		}
		require.LessOrEqual(t, r.tick(), 2*time.Second)
		r.up()
		for _, e := range executorEvents {
			r.agent(e.event)
			require.Empty(t, r.calls)
		}
		r.agent(msg.ExecutorSubscribed{Agent: msg.AgentInfo{ID: "S1"}})
		require.Equal(t, []string{"Reregistered S1"}, r.calls)
	}
}

// docs/protocol.md §17 shutdown: SHUTDOWN, recovery time-out, or stream lost without checkpoint; once, the driver runs during the
// call and is aborted after it. ERROR aborts before the call. Nothing follows either.
func TestEachEndOfAnExecutor(t *testing.T) {
	checkpoint := func(c *framework.ExecutorConfig) { c.Checkpoint = true }
	for name, c := range map[string]struct {
		change func(*framework.ExecutorConfig)
		end    func(*execRig)
		call   string
		status msg.DriverStatus // during the call
	}{
		"SHUTDOWN":                   {checkpoint, func(r *execRig) { r.agent(msg.ExecutorShutdown{}) }, "Shutdown", msg.DriverRunning},
		"lost without checkpoint":    {func(*framework.ExecutorConfig) {}, func(r *execRig) { r.step(msg.LinkDown{Link: r.link, Peer: "a1"}) }, "Shutdown", msg.DriverRunning},
		"ERROR":                      {checkpoint, func(r *execRig) { r.agent(msg.Error{Message: "no"}) }, "Error no", msg.DriverAborted},
		"recovery takes longer than": {func(c *framework.ExecutorConfig) { c.Checkpoint, c.Recovery = true, time.Second }, recoverNever, "Shutdown", msg.DriverRunning},
	} {
		t.Run(name, func(t *testing.T) {
			r := subscribedExecutor(t, c.change)
			r.on = func(what string) {
				if what == "Shutdown" || what == "Error" {
					require.Equal(t, c.status, r.s.Status())
				}
			}
			c.end(r)
			require.Equal(t, []string{c.call}, r.calls)
			require.Equal(t, msg.DriverAborted, r.s.Status())
			require.True(t, r.done)
			for _, e := range executorEvents {
				r.agent(e.event)
				require.Empty(t, r.calls)
			}
			r.agent(msg.ExecutorShutdown{})
			require.Empty(t, r.calls)
			var st *framework.StatusError
			require.ErrorAs(t, r.d.SendStatus(msg.TaskStatus{Task: "t1", State: msg.TaskRunning}), &st)
			require.ErrorAs(t, r.d.SendMessage(nil), &st)
			require.Equal(t, msg.DriverAborted, r.d.Stop())
			_, waits := r.s.NextDeadline()
			require.False(t, waits)
		})
	}
}

// recoverNever breaks an executor's link and refuses it every other.
func recoverNever(r *execRig) {
	r.step(msg.LinkDown{Link: r.link, Peer: "a1"})
	require.Equal(r.t, []string{"Disconnected"}, r.calls)
	for !r.done {
		r.tick()
		if len(r.last.Dials) > 0 {
			r.step(msg.LinkDown{Peer: "a1"})
		}
	}
}

// docs/protocol.md §17 an executor's driver that has not started, and one that was stopped within a callback.
func TestExecutorCallsOutOfTime(t *testing.T) {
	r := newExecRig(t)
	var st *framework.StatusError
	require.ErrorAs(t, r.d.SendStatus(msg.TaskStatus{Task: "t1", State: msg.TaskRunning}), &st)
	require.Equal(t, msg.DriverNotStarted, st.Status)
	require.Equal(t, msg.DriverNotStarted, r.d.Stop())

	r = subscribedExecutor(t)
	r.on = func(string) { r.d.Stop() }
	r.agent(msg.LaunchOnExecutor{Tasks: []msg.TaskInfo{{ID: "t1"}}})
	require.Equal(t, []string{"LaunchTask t1"}, r.calls)
	require.Equal(t, []msg.Link{r.link}, r.last.Closes)
	r.agent(msg.KillOnExecutor{Task: "t1"})
	require.Empty(t, r.calls, fmt.Sprint(r.s.Status()))
}
