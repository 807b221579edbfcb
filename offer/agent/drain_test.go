package agent_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/proffer-go/proffer/offer/agent"
	"github.com/proffer-go/proffer/offer/msg"
)

// sends picks what of the last step went out as one type.
func sends[M msg.Message](r *rig) (out []M) {
	for _, e := range r.last.Sends {
		if b, ok := e.Body.(M); ok {
			out = append(out, b)
		}
	}
	return out
}

// docs/protocol.md §16 a draining agent kills its tasks with the lesser of their own grace and the drain's.
func TestDrainKillsWithTheLesserGrace(t *testing.T) {
	for _, c := range []struct{ own, most, want time.Duration }{
		{time.Minute, time.Second, time.Second},
		{time.Second, time.Minute, time.Second},
		{0, time.Minute, 3 * time.Second},
		{0, time.Nanosecond, time.Nanosecond},
		{time.Minute, 0, time.Minute},
	} {
		r := registered(t)
		b := run(true, "t1")
		b.Tasks[0].Kill.Grace = c.own
		r.master(b)
		r.subscribe(execLink, "e1")
		r.master(msg.Drain{MaxGrace: c.most})
		require.Equal(t, []msg.KillOnExecutor{{Task: "t1", Policy: msg.KillPolicy{Grace: c.want}}}, sends[msg.KillOnExecutor](r), "%+v", c)
		d, draining := r.m.Draining()
		require.True(t, draining)
		require.Equal(t, msg.Drain{MaxGrace: c.most}, d)
	}
}

// docs/protocol.md §16 what the drain has killed says so; with mark_gone it is gone, where the framework knows the state.
func TestDrainedUpdatesSayWhy(t *testing.T) {
	for _, c := range []struct {
		gone, aware bool
		ends, want  msg.TaskState
		why         msg.Reason
	}{
		{false, true, msg.TaskKilled, msg.TaskKilled, msg.ReasonAgentDraining},
		{true, true, msg.TaskKilled, msg.TaskGoneByOperator, msg.ReasonAgentDraining},
		{true, false, msg.TaskKilled, msg.TaskKilled, msg.ReasonAgentDraining},
		{true, true, msg.TaskFinished, msg.TaskFinished, ""},
	} {
		r := registered(t)
		b := run(true, "t1")
		b.Framework.Capabilities.PartitionAware = c.aware
		r.master(b)
		r.subscribe(execLink, "e1")
		r.master(msg.Drain{MarkGone: c.gone})
		r.update(execLink, "t1", msg.TaskKilling, 1)
		got := sends[msg.StatusUpdate](r)
		require.Len(t, got, 1)
		require.Equal(t, msg.TaskKilling, got[0].Status.State)
		require.Equal(t, msg.ReasonAgentDraining, got[0].Status.Reason)
		r.update(execLink, "t1", c.ends, 2)
		r.ack("t1", 1)
		got = sends[msg.StatusUpdate](r)
		require.Len(t, got, 1)
		require.Equal(t, c.want, got[0].Status.State, "%+v", c)
		require.Equal(t, c.why, got[0].Status.Reason, "%+v", c)
		require.Equal(t, msg.SourceExecutor, got[0].Status.Source)
	}
}

// docs/protocol.md §16 tasks that were not delivered end here and now, groups as a whole, and nothing is delivered any more.
func TestDrainEndsWhatWaits(t *testing.T) {
	r := registered(t)
	r.master(run(true, "t1"))
	g := run(false, "t2", "t3")
	g.Group = true
	r.master(g)
	r.master(msg.Drain{})
	got := map[msg.TaskID]msg.TaskState{}
	for _, u := range sends[msg.StatusUpdate](r) {
		got[u.Status.Task] = u.Status.State
		require.Equal(t, msg.ReasonAgentDraining, u.Status.Reason)
		require.Equal(t, msg.SourceAgent, u.Status.Source)
	}
	require.Equal(t, map[msg.TaskID]msg.TaskState{"t1": msg.TaskKilled, "t2": msg.TaskKilled, "t3": msg.TaskKilled}, got)
	require.Empty(t, sends[msg.LaunchOnExecutor](r))
}

// docs/protocol.md §16 a draining agent refuses new tasks, and tells of the executor that it does not start for them.
func TestDrainingAgentRefusesTasks(t *testing.T) {
	r := registered(t)
	r.master(msg.Drain{})
	r.master(run(true, "t1"))
	got := sends[msg.StatusUpdate](r)
	require.Len(t, got, 1)
	require.Equal(t, msg.TaskDropped, got[0].Status.State)
	require.Equal(t, msg.ReasonAgentDraining, got[0].Status.Reason)
	require.Equal(t, []msg.ExitedExecutor{{Framework: "F1", Executor: "e1", Status: -1}}, sends[msg.ExitedExecutor](r))
	require.Empty(t, r.last.Starts)
	require.ErrorIs(t, r.try(msg.Envelope{Link: r.link, Body: msg.Drain{MaxGrace: -1}}), agent.ErrMalformed)
}

// docs/protocol.md §16 the drain ends when the master says so, or admits the agent again without repeating it.
func TestDrainEnds(t *testing.T) {
	for name, end := range map[string]func(*rig){
		"told": func(r *rig) { r.master(msg.EndDrain{}) },
		"admitted again": func(r *rig) {
			r.step(msg.LinkDown{Link: r.link, Peer: "m1"})
			r.advance(time.Second)
			r.connect()
			r.advance(time.Minute)
			r.master(msg.AgentReregistered{Agent: "S1", PingTimeout: time.Hour})
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := registered(t, checkpointing)
			r.master(msg.Drain{MaxGrace: time.Second})
			require.Contains(t, r.keys(), "drain")
			end(r)
			_, draining := r.m.Draining()
			require.False(t, draining)
			require.NotContains(t, r.keys(), "drain")
			r.master(run(true, "t1"))
			require.Len(t, r.last.Starts, 1)
		})
	}
}

// docs/protocol.md §16 what an agent was told about draining outlives its process: executors that come back are asked to kill.
func TestDrainSurvivesARestart(t *testing.T) {
	r := registered(t, checkpointing)
	b := run(true, "t1")
	b.Framework.Checkpoint = true
	r.master(b)
	r.subscribe(execLink, "e1")
	r.update(execLink, "t1", msg.TaskRunning, 1)
	r.master(msg.Drain{MaxGrace: time.Second, MarkGone: true})
	r.restart()
	d, draining := r.m.Draining()
	require.True(t, draining)
	require.Equal(t, msg.Drain{MaxGrace: time.Second, MarkGone: true}, d)
	r.subscribe(execLink+1, "e1")
	require.Equal(t, []msg.KillOnExecutor{{Task: "t1", Policy: msg.KillPolicy{Grace: time.Second}}}, sends[msg.KillOnExecutor](r))
	r.update(execLink+1, "t1", msg.TaskKilled, 2)
	require.Equal(t, msg.TaskGoneByOperator, r.m.Tasks()[0].State)
}

// docs/protocol.md §16 whatever comes in whatever order while an agent drains and does not, nobody runs on unasked: Check says.
func TestDrainAgainstTheBooks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := registered(t)
		next := 0
		id := func() msg.TaskID { return msg.TaskID("t" + string(rune('0'+rapid.IntRange(0, next).Draw(rt, "task")))) }
		started := false
		rt.Repeat(map[string]func(*rapid.T){
			"": func(*rapid.T) {
				_, draining := r.m.Draining()
				for _, x := range r.m.Tasks() {
					require.False(t, draining && !x.State.Terminal() && !started, "%s waits while the agent drains", x.Info.ID)
				}
			},
			"run": func(*rapid.T) {
				if next < 9 {
					_, there := r.starts["e1"]
					there = there && len(r.m.Executors()) > 0
					b := run(!there, id())
					_ = r.try(msg.Envelope{Link: r.link, Body: b})
					next++
				}
			},
			"subscribe": func(*rapid.T) {
				if _, ok := r.starts["e1"]; ok && !started {
					r.subscribe(execLink, "e1")
					started = true
				}
			},
			"update": func(*rapid.T) {
				s := rapid.SampledFrom([]msg.TaskState{msg.TaskRunning, msg.TaskKilling, msg.TaskKilled}).Draw(rt, "state")
				if started {
					_ = r.try(msg.Envelope{Link: execLink, Body: msg.ExecutorUpdate{Status: msg.TaskStatus{Task: id(), State: s, UUID: uuid(byte(rapid.IntRange(1, 200).Draw(rt, "uuid")))}}})
				}
			},
			"drain": func(*rapid.T) { r.master(msg.Drain{MarkGone: rapid.Bool().Draw(rt, "gone")}) },
			"end":   func(*rapid.T) { r.master(msg.EndDrain{}) },
			"kill":  func(*rapid.T) { r.master(msg.KillTask{Framework: "F1", Task: id()}) },
		})
	})
}
